/* SPDX-License-Identifier: MIT */
/* What model.h, vae.h, gan.h and predictor.h say of steps, of evaluation, and of the use of models. */
#include "promises/rig.h"

#include <stdbool.h>
#include <stdint.h>

static const setting labelled[] = {{"latent", "2"},
                                   {"encoder", "concat from=x,c; dense units=4; relu"},
                                   {"decoder", "concat from=z,c; dense units=4; relu; dense units=2"},
                                   {NULL, NULL}};

static genlat_model *conditional(int64_t classes, int64_t vector)
{
    genlat_model_builder *b = builder_of("vae", labelled);
    genlat_model *model = NULL;
    genlat_model_builder_data(b, 1, (int64_t[]){2});
    genlat_model_builder_condition(b, classes, vector);
    ok(genlat_model_build(&b, NULL, &model));
    return model;
}

static void drop(genlat_tensor **tensors, size_t count)
{
    for (size_t i = 0; i < count; i++)
        genlat_tensor_destroy(&tensors[i]);
}

static genlat_sample_opts seeded(int64_t seed)
{
    genlat_sample_opts opts;
    genlat_sample_opts_init(&opts);
    opts.seed = seed;
    return opts;
}

/* ---- sampling --------------------------------------------------------------------------------- */

START_TEST(series_of_a_seed_begin_alike)
{
    genlat_model *model = small_vae();
    genlat_tensor *few = NULL, *many = NULL, *other = NULL, *z = NULL, *x = NULL;
    const genlat_sample_opts opts = seeded(3), last = seeded(INT64_MAX);
    ok(genlat_model_sample(model, 4, NULL, &opts, &few));
    ok(genlat_model_sample(model, 9, NULL, &opts, &many));
    ck_assert_mem_eq(genlat_tensor_data(few), genlat_tensor_data(many), 8 * sizeof(float));
    ok(genlat_model_latents(model, 4, &opts, &z)); /* those that it decodes */
    ok(genlat_model_decode(model, z, NULL, &x));
    same_tensors(few, x);
    ok(genlat_model_sample(model, 4, NULL, &last, &other));
    ck_assert_mem_ne(genlat_tensor_data(few), genlat_tensor_data(other), 8 * sizeof(float));
    drop((genlat_tensor *[]){few, many, other, z, x}, 5);
    genlat_model_destroy(&model);
}
END_TEST

/* Without a seed each call goes on; a call that fails changes nothing. */
START_TEST(failed_calls_leave_the_stream)
{
    genlat_model *a = conditional(3, 0), *b = conditional(3, 0);
    genlat_tensor *first = NULL, *second = NULL, *all = NULL, *wrong = counting(1, (int64_t[]){2});
    ok(genlat_model_sample(a, 3, NULL, NULL, &first));
    REFUSED(GENLAT_E_SHAPE, genlat_model_sample, a, 3, wrong, NULL, &second);
    ck_assert_ptr_null(second);
    refuse_memory = 1;
    REFUSED(GENLAT_E_MEMORY, genlat_model_latents, a, 3, NULL, &second);
    REFUSED(GENLAT_E_MEMORY, genlat_model_sample, a, 3, NULL, NULL, &second);
    refuse_memory = 0;
    ok(genlat_model_latents(a, 3, NULL, &second));
    ok(genlat_model_latents(b, 6, NULL, &all));
    ck_assert_mem_eq(genlat_tensor_data(second), genlat_tensor_data(all) + 6, 6 * sizeof(float));
    drop((genlat_tensor *[]){first, second, all, wrong}, 4);
    genlat_model_destroy(&a);
    genlat_model_destroy(&b);
}
END_TEST

START_TEST(temperature_and_truncation_bound_latents)
{
    genlat_model *model = small_vae();
    genlat_sample_opts opts = seeded(1);
    genlat_tensor *z = NULL, *warm = NULL;
    opts.truncation = 0.1;
    ok(genlat_model_latents(model, 200, &opts, &z));
    for (int i = 0; i < 400; i++)
        ck_assert_float_le(fabsf(genlat_tensor_data(z)[i]), 0.1f);
    opts.temperature = 0;
    ok(genlat_model_latents(model, 3, &opts, &warm));
    ck_assert_float_eq(genlat_tensor_data(warm)[2], 0);
    drop((genlat_tensor *[]){z, warm}, 2);
    z = NULL;
    opts.truncation = 0.05;
    REFUSED_WITH("truncation", GENLAT_E_RANGE, genlat_model_latents, model, 3, &opts, &z);
    opts.truncation = 1001;
    REFUSED_WITH("truncation", GENLAT_E_RANGE, genlat_model_latents, model, 3, &opts, &z);
    REFUSED(GENLAT_E_RANGE, genlat_model_latents, model, 0, NULL, &z);
    REFUSED(GENLAT_E_RANGE, genlat_model_sample, model, INT64_C(2147483648), NULL, NULL, &z);
    opts = seeded(1);
    opts.raw = 1;
    REFUSED_WITH("raw", GENLAT_E_UNSUPPORTED, genlat_model_sample, model, 3, NULL, &opts, &z);
    genlat_model_destroy(&model);
    model = small_gan();
    opts.raw = 0;
    opts.draw = 1;
    REFUSED_WITH("draw", GENLAT_E_UNSUPPORTED, genlat_model_sample, model, 3, NULL, &opts, &z);
    genlat_model_destroy(&model);
}
END_TEST

START_TEST(labels_are_the_classes_in_turn_or_given)
{
    genlat_model *classes = conditional(3, 0), *vectors = conditional(0, 2);
    genlat_tensor *turn = vector_of(5, (float[]){0, 1, 2, 0, 1}), *a = NULL, *b = NULL,
                  *high = vector_of(5, (float[]){0, 1, 3, 0, 1});
    genlat_tensor *pairs = counting(2, (int64_t[]){5, 2}), *z = counting(2, (int64_t[]){5, 2}), *none = NULL;
    const genlat_sample_opts opts = seeded(3);
    ok(genlat_model_sample(classes, 5, NULL, &opts, &a));
    ok(genlat_model_sample(classes, 5, turn, &opts, &b));
    same_tensors(a, b);
    REFUSED(GENLAT_E_RANGE, genlat_model_sample, classes, 5, high, &opts, &none);
    REFUSED(GENLAT_E_SHAPE, genlat_model_sample, classes, 5, pairs, &opts, &none);
    REFUSED(GENLAT_E_RANGE, genlat_model_encode, classes, z, high, &none);
    REFUSED(GENLAT_E_RANGE, genlat_model_decode, classes, z, high, &none);
    REFUSED(GENLAT_E_RANGE, genlat_model_reconstruct, classes, z, high, &none);
    REFUSED(GENLAT_E_RANGE, genlat_vae_encode, classes, z, high, &none, NULL);
    REFUSED(GENLAT_E_RANGE, genlat_vae_encode_sample, classes, z, high, 1, &none);
    genlat_vae_terms terms = {.size = sizeof terms};
    double nll[5];
    REFUSED(GENLAT_E_RANGE, genlat_vae_elbo, classes, z, high, 1, 1, &terms);
    REFUSED(GENLAT_E_RANGE, genlat_vae_elbo_rows, classes, z, high, 1, 1, nll, NULL, NULL);
    REFUSED(GENLAT_E_RANGE, genlat_vae_log_likelihood, classes, z, high, 1, 1, nll);
    REFUSED(GENLAT_E_RANGE, genlat_vae_parameter, classes, z, high, "mean", &none);
    genlat_model_builder *builder = builder_of("gan", NULL);
    genlat_model *gan = NULL;
    genlat_model_builder_data(builder, 1, (int64_t[]){2});
    genlat_model_builder_condition(builder, 3, 0);
    ok(genlat_model_build(&builder, NULL, &gan));
    REFUSED(GENLAT_E_RANGE, genlat_gan_discriminate, gan, z, high, &none);
    genlat_model_destroy(&gan);
    REFUSED(GENLAT_E_STATE, genlat_model_sample, vectors, 5, NULL, &opts, &none);
    REFUSED(GENLAT_E_STATE, genlat_model_decode, vectors, z, NULL, &none);
    REFUSED(GENLAT_E_STATE, genlat_model_interpolate, vectors, z, z, NULL, 3, GENLAT_PATH_LINE, &none);
    REFUSED(GENLAT_E_STATE, genlat_model_traverse, vectors, NULL, NULL, -1, 1, 3, &none);
    ok(genlat_model_sample(vectors, 5, pairs, &opts, &none));
    genlat_tensor_destroy(&none);
    drop((genlat_tensor *[]){turn, a, b, high, pairs, z}, 6);
    genlat_model_destroy(&classes);
    genlat_model_destroy(&vectors);
}
END_TEST

/* ---- codes and paths -------------------------------------------------------------------------- */

START_TEST(codes_and_paths_fit_together)
{
    genlat_model *model = small_vae();
    genlat_tensor *x = counting(2, (int64_t[]){4, 2}), *z = NULL, *mean = NULL, *logvar = NULL, *y = NULL,
                  *decoded = NULL;
    genlat_tensor *path = NULL, *line = NULL, *start = counting(2, (int64_t[]){1, 2}),
                  *wide = counting(2, (int64_t[]){4, 3});
    genlat_tensor *none = NULL, *two = counting(2, (int64_t[]){2, 2});
    ok(genlat_model_encode(model, x, NULL, &z));
    ok(genlat_vae_encode(model, x, NULL, &mean, &logvar));
    same_tensors(z, mean);
    ok(genlat_vae_encode(model, x, NULL, NULL, NULL));
    ok(genlat_model_reconstruct(model, x, NULL, &y));
    ok(genlat_model_decode(model, z, NULL, &decoded));
    same_tensors(y, decoded);
    ok(genlat_model_interpolate(model, z, z, NULL, 2, GENLAT_PATH_SPHERE, &path));
    ck_assert_int_eq(genlat_tensor_dim(path, 0), 8);
    for (int i = 0; i < 4; i++) /* the steps of a row, one after the other */
        for (int k = 0; k < 4; k++)
            ck_assert_float_eq_tol(genlat_tensor_data(path)[4 * i + k], genlat_tensor_data(y)[2 * i + k % 2], 1e-5);
    ok(genlat_model_traverse(model, NULL, NULL, 0, 1, 3, &line));
    ck_assert_int_eq(genlat_tensor_dim(line, 0), 6);
    ck_assert_mem_eq(genlat_tensor_data(line), genlat_tensor_data(line) + 6,
                     2 * sizeof(float)); /* both from the origin */
    REFUSED(GENLAT_E_SHAPE, genlat_model_encode, model, wide, NULL, &none);
    REFUSED(GENLAT_E_SHAPE, genlat_model_decode, model, wide, NULL, &none);
    REFUSED(GENLAT_E_SHAPE, genlat_model_reconstruct, model, wide, NULL, &none);
    REFUSED(GENLAT_E_SHAPE, genlat_model_interpolate, model, z, two, NULL, 3, GENLAT_PATH_LINE, &none);
    REFUSED(GENLAT_E_RANGE, genlat_model_interpolate, model, z, z, NULL, 1, GENLAT_PATH_LINE, &none);
    REFUSED(GENLAT_E_INVALID, genlat_model_interpolate, model, z, z, NULL, 3, 2, &none);
    REFUSED(GENLAT_E_SHAPE, genlat_model_traverse, model, z, NULL, 0, 1, 3, &none);
    REFUSED(GENLAT_E_RANGE, genlat_model_traverse, model, start, NULL, 0, NAN, 3, &none);
    REFUSED(GENLAT_E_RANGE, genlat_model_traverse, model, start, NULL, 0, 1, 1, &none);
    REFUSED(GENLAT_E_SHAPE, genlat_vae_encode, model, wide, NULL, &none, NULL);
    REFUSED(GENLAT_E_SHAPE, genlat_vae_encode_sample, model, wide, NULL, 1, &none);
    REFUSED(GENLAT_E_SHAPE, genlat_vae_elbo_rows, model, wide, NULL, 1, 1, NULL, NULL, NULL);
    REFUSED(GENLAT_E_SHAPE, genlat_vae_parameter, model, wide, NULL, "mean", &none);
    drop((genlat_tensor *[]){x, z, mean, logvar, y, decoded, path, line, start, wide, two}, 11);
    genlat_model_destroy(&model);
}
END_TEST

START_TEST(families_refuse_what_they_do_not_have)
{
    genlat_model *vae = small_vae(), *gan = small_gan(), *predictor = small_predictor();
    genlat_tensor *x = counting(2, (int64_t[]){4, 2}), *labels = counting(1, (int64_t[]){4}), *out = NULL,
                  *wide = counting(2, (int64_t[]){4, 3});
    genlat_source *source = synthetic("ring", 8, 0);
    genlat_optim *optim = NULL;
    double terms[GENLAT_MAX_TERMS], nll[4];
    int64_t active = 7;
    REFUSED(GENLAT_E_UNSUPPORTED, genlat_model_encode, gan, x, NULL, &out);
    REFUSED(GENLAT_E_UNSUPPORTED, genlat_model_reconstruct, gan, x, NULL, &out);
    REFUSED(GENLAT_E_UNSUPPORTED, genlat_model_evaluate, gan, source, 4, 1, terms);
    REFUSED(GENLAT_E_UNSUPPORTED, genlat_model_sample, predictor, 4, NULL, NULL, &out);
    REFUSED(GENLAT_E_UNSUPPORTED, genlat_model_latents, predictor, 4, NULL, &out);
    REFUSED(GENLAT_E_UNSUPPORTED, genlat_model_decode, predictor, x, NULL, &out);
    REFUSED(GENLAT_E_UNSUPPORTED, genlat_model_reconstruct, predictor, x, labels, &out);
    REFUSED(GENLAT_E_UNSUPPORTED, genlat_model_traverse, predictor, NULL, NULL, 0, 1, 2, &out);
    REFUSED(GENLAT_E_UNSUPPORTED, genlat_model_interpolate, predictor, x, x, NULL, 2, 0, &out);
    REFUSED(GENLAT_E_UNSUPPORTED, genlat_model_predict, vae, x, &out);
    REFUSED(GENLAT_E_STATE, genlat_gan_discriminate, vae, x, NULL, &out);
    REFUSED(GENLAT_E_STATE, genlat_gan_step, vae, x, NULL, NULL);
    REFUSED(GENLAT_E_STATE, genlat_vae_step, gan, NULL, x, NULL, NULL);
    REFUSED(GENLAT_E_STATE, genlat_vae_optimizer, gan, "adam", &optim);
    REFUSED(GENLAT_E_STATE, genlat_vae_log_likelihood, gan, x, NULL, 1, 1, nll);
    REFUSED(GENLAT_E_STATE, genlat_vae_elbo_rows, gan, x, NULL, 1, 1, nll, NULL, NULL);
    REFUSED(GENLAT_E_STATE, genlat_vae_parameter, gan, x, NULL, "mean", &out);
    ck_assert_ptr_null(genlat_vae_parameter_name(gan, 0, NULL));
    REFUSED(GENLAT_E_STATE, genlat_vae_active_units, predictor, source, &active, NULL, NULL);
    ck_assert_int_eq(active, 7);
    ok(genlat_model_encode(predictor, x, NULL, &out)); /* its features; labels are not read */
    ck_assert_int_eq(genlat_tensor_dim(out, 1), 4);
    genlat_tensor_destroy(&out);
    ok(genlat_model_predict(predictor, x, &out));
    double sum = 0;
    for (int i = 0; i < 8; i++)
        sum += (double)genlat_tensor_data(out)[i];
    ck_assert_double_eq_tol(sum, 1, 1e-5); /* probabilities */
    genlat_tensor_destroy(&out);
    REFUSED(GENLAT_E_SHAPE, genlat_model_predict, predictor, wide, &out);
    REFUSED(GENLAT_E_SHAPE, genlat_gan_discriminate, gan, wide, NULL, &out);
    ok(genlat_gan_discriminate(gan, x, NULL, &out));
    ck_assert_int_eq(genlat_tensor_ndim(out), 1);
    ck_assert_int_eq(genlat_tensor_dim(out, 0), 4);
    REFUSED(GENLAT_E_NOT_FOUND, genlat_vae_optimizer, vae, "nothing", &optim);
    REFUSED(GENLAT_E_RANGE, genlat_vae_optimizer, vae, "adam lr=-1", &optim);
    drop((genlat_tensor *[]){x, labels, out, wide}, 4);
    genlat_source_destroy(&source);
    genlat_model_destroy(&vae);
    genlat_model_destroy(&gan);
    genlat_model_destroy(&predictor);
}
END_TEST

/* ---- steps and evaluations -------------------------------------------------------------------- */

typedef genlat_status step(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels);

static genlat_status step_model(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels)
{
    return genlat_model_step(model, x, labels, NULL);
}

static genlat_status step_vae(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels)
{
    return genlat_vae_step(model, NULL, x, labels, NULL);
}

static genlat_status step_backward(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels)
{
    return genlat_vae_backward(model, x, labels, NULL);
}

static genlat_status step_gan(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels)
{
    return genlat_gan_step(model, x, labels, NULL);
}

static genlat_status step_d(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels)
{
    return genlat_gan_step_d(model, x, labels, NULL);
}

static genlat_status step_g(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels)
{
    return genlat_gan_step_g(model, x, labels, NULL);
}

static const struct stepper {
    const char *function;
    const char *family;
    step *make;
} steppers[] = {{"genlat_model_step", "vae", step_model}, {"genlat_model_step", "gan", step_model},
                {"genlat_vae_step", "vae", step_vae},     {"genlat_vae_backward", "vae", step_backward},
                {"genlat_gan_step", "gan", step_gan},     {"genlat_gan_step_d", "gan", step_d},
                {"genlat_gan_step_g", "gan", step_g}};

/* Refused batches, and one for which memory is short, leave the model as it was. */
START_TEST(refused_steps_change_nothing)
{
    const struct stepper *s = &steppers[_i];
    const bool gan = strcmp(s->family, "gan") == 0;
    genlat_model *a = NULL, *b = NULL;
    genlat_tensor *x = counting(2, (int64_t[]){6, 2}), *wide = counting(2, (int64_t[]){6, 3}),
                  *many = counting(2, (int64_t[]){60, 2});
    genlat_tensor *labels = vector_of(6, (float[]){0, 1, 2, 0, 1, 2}),
                  *high = vector_of(6, (float[]){0, 1, 3, 0, 1, 2}), *few = NULL;
    genlat_tensor *more = NULL, *out[2] = {NULL};
    const genlat_sample_opts opts = seeded(3);
    ok(genlat_tensor_rows(labels, 0, 5, &few));
    ok(genlat_tensor_new(ctx, 1, (int64_t[]){60}, &more));
    for (int i = 0; i < 2; i++) {
        genlat_model_builder *builder = builder_of(s->family, gan ? NULL : labelled);
        genlat_model_builder_data(builder, 1, (int64_t[]){2});
        genlat_model_builder_condition(builder, 3, 0);
        ok(genlat_model_build(&builder, NULL, i ? &b : &a));
    }
    ok(s->make(a, x, labels));
    ok(s->make(b, x, labels));
    rig_refused(s->function, s->make(a, wide, labels), GENLAT_E_SHAPE, __LINE__);
    rig_refused(s->function, s->make(a, x, few), GENLAT_E_SHAPE, __LINE__);
    rig_refused(s->function, s->make(a, x, high), GENLAT_E_RANGE, __LINE__);
    rig_refused(s->function, s->make(a, x, NULL), GENLAT_E_INVALID, __LINE__);
    refuse_memory = 1;
    rig_refused(s->function, s->make(a, many, more), GENLAT_E_MEMORY, __LINE__);
    refuse_memory = 0;
    genlat_tensor_data(x)[3] = NAN;
    if (s->make != step_g) /* whose loss need not see the data */
        rig_refused(s->function, s->make(a, x, labels), GENLAT_E_NUMERIC, __LINE__);
    genlat_tensor_data(x)[3] = 3;
    ok(s->make(a, x, labels));
    ok(s->make(b, x, labels));
    const long before = allocations;
    ok(s->make(a, x, labels));
    ok(s->make(b, x, labels));
    ck_assert_int_eq(allocations, before);
    ok(genlat_model_sample(a, 4, NULL, &opts, &out[0]));
    ok(genlat_model_sample(b, 4, NULL, &opts, &out[1]));
    same_tensors(out[0], out[1]);
    drop((genlat_tensor *[]){x, wide, many, labels, high, few, more, out[0], out[1]}, 9);
    genlat_model_destroy(&a);
    genlat_model_destroy(&b);
}
END_TEST

START_TEST(evaluations_are_means_over_the_source)
{
    genlat_model *model = small_vae();
    genlat_source *source = synthetic("ring", 30, 0), *wrong = synthetic("digits", 30, 0), *part = NULL;
    double one[GENLAT_MAX_TERMS], all[GENLAT_MAX_TERMS], other[GENLAT_MAX_TERMS], nll[2] = {7, 7}, alone[1];
    genlat_vae_terms terms = {.size = sizeof terms, .neg_elbo = 7};
    genlat_tensor *x = counting(2, (int64_t[]){2, 2}), *row = NULL, *wide = counting(2, (int64_t[]){2, 3});
    ok(genlat_model_evaluate(model, source, 1, 5, one));
    ok(genlat_model_evaluate(model, source, 1000000000, 5, all)); /* takes no more than the samples */
    ck_assert_double_eq_tol(one[0], all[0], 1e-4);
    ok(genlat_model_evaluate(model, source, 7, 6, other));
    ck_assert_double_ne(other[0], all[0]);
    all[0] = 7;
    REFUSED(GENLAT_E_RANGE, genlat_model_evaluate, model, source, 0, 1, all);
    REFUSED(GENLAT_E_RANGE, genlat_model_evaluate, model, source, 1000000001, 1, all);
    REFUSED(GENLAT_E_SHAPE, genlat_model_evaluate, model, wrong, 4, 1, all);
    ck_assert_double_eq(all[0], 7);
    REFUSED(GENLAT_E_RANGE, genlat_vae_elbo, model, x, NULL, 0, 1, &terms);
    REFUSED(GENLAT_E_SHAPE, genlat_vae_elbo, model, wide, NULL, 1, 1, &terms);
    ck_assert_double_eq(terms.neg_elbo, 7);
    REFUSED(GENLAT_E_RANGE, genlat_vae_log_likelihood, model, x, NULL, 0, 1, nll);
    REFUSED(GENLAT_E_SHAPE, genlat_vae_log_likelihood, model, wide, NULL, 1, 1, nll);
    ck_assert_double_eq(nll[0], 7);
    ok(genlat_vae_log_likelihood(model, x, NULL, 5, 1, nll));
    ok(genlat_tensor_rows(x, 0, 1, &row));
    ok(genlat_vae_log_likelihood(model, row, NULL, 5, 1, alone)); /* does not depend on other rows */
    ck_assert_double_eq_tol(alone[0], nll[0], 1e-5);
    ok(genlat_vae_active_units(model, source, NULL, NULL, NULL));
    REFUSED(GENLAT_E_SHAPE, genlat_vae_active_units, model, wrong, NULL, NULL, NULL);
    genlat_source *sources[] = {source, wrong, part};
    for (size_t i = 0; i < COUNT(sources); i++)
        genlat_source_destroy(&sources[i]);
    drop((genlat_tensor *[]){x, row, wide}, 3);
    genlat_model_destroy(&model);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("promises of use");
    TCase *tests = tcase_create("promises");
    tcase_add_checked_fixture(tests, rig_open, rig_close);
    tcase_add_test(tests, series_of_a_seed_begin_alike);
    tcase_add_test(tests, failed_calls_leave_the_stream);
    tcase_add_test(tests, temperature_and_truncation_bound_latents);
    tcase_add_test(tests, labels_are_the_classes_in_turn_or_given);
    tcase_add_test(tests, codes_and_paths_fit_together);
    tcase_add_test(tests, families_refuse_what_they_do_not_have);
    tcase_add_loop_test(tests, refused_steps_change_nothing, 0, COUNT(steppers));
    tcase_add_test(tests, evaluations_are_means_over_the_source);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
