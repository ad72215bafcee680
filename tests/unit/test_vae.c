/* SPDX-License-Identifier: MIT */
/* VAEs: evaluation computes the objective that training minimizes; kinds of latents by options and by text;
 * contradictions are refused; the initial bias of the decoder's output matches the data. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "vae/vae_priv.h"

enum { ROWS = 24, SIZE = 5, LATENT = 3, SAMPLES = 3 };

static genlat_ctx *ctx;

static void set_up(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
}

static void tear_down(void)
{
    genlat_ctx_destroy(&ctx);
}

static void expect_ok(genlat_status status)
{
    ck_assert_msg(status == GENLAT_OK, "%s", genlat_last_error());
}

/* Settings "key=value|key=value". */
static genlat_status try_make(const char *settings, genlat_model **out)
{
    char copy[512], *rest = NULL;
    genlat_model_builder *b = NULL;
    ck_assert_uint_lt(strlen(settings), sizeof copy);
    strcpy(copy, settings);
    expect_ok(genlat_model_builder_new(ctx, "vae", &b));
    genlat_model_builder_data(b, 1, (int64_t[]){SIZE});
    genlat_model_builder_set_int(b, "latent", LATENT);
    genlat_model_builder_set(b, "architecture", "mlp widths=6");
    genlat_model_builder_set(b, "likelihood", "gaussian sd=fixed value=0.7");
    genlat_model_builder_set(b, "optimizer", "sgd lr=0.02");
    for (char *word = strtok_r(copy, "|", &rest); word; word = strtok_r(NULL, "|", &rest)) {
        char *equals = strchr(word, '=');
        *equals = '\0';
        genlat_model_builder_set(b, word, equals + 1);
    }
    return genlat_model_build(&b, NULL, out);
}

static genlat_model *make(const char *settings)
{
    genlat_model *model = NULL;
    expect_ok(try_make(settings, &model));
    return model;
}

static genlat_tensor *data(void)
{
    genlat_tensor *x = NULL;
    gnl_rng rng = gnl_rng_make(3, GNL_STREAM_USER, 0);
    expect_ok(genlat_tensor_new(ctx, 2, (int64_t[]){ROWS, SIZE}, &x));
    gnl_rng_fill_normal(&rng, x->data, ROWS * SIZE);
    return x;
}

/* ---- the objective --------------------------------------------------------------------------- */

enum { PASSES = 4000 };

/* Means and variances over many passes, each with new codes. */
typedef struct moments {
    double mean, square;
} moments;

static void add(moments *m, double value)
{
    m->mean += value / PASSES;
    m->square += value * value / PASSES;
}

/* Squared standard error. */
static double error2(const moments *m)
{
    return fmax(0, m->square - m->mean * m->mean) / PASSES;
}

static const char *const objectives[] = {
    "beta=4",
    "free_bits=0.3",
    "free_bits=0.3|free_kind=sample|beta=2",
    "free_bits=1|free_kind=whole",
    "terms=kl beta=2 free_bits=1 free=whole_sample",
    "gamma=5|capacity=2",
    "gamma=5|capacity=0.1|beta_schedule=linear from=0 to=1 steps=4",
    "beta=2|beta_schedule=linear from=0 to=1 steps=4",
    "free_bits=0.3|beta_schedule=linear from=0 to=1 steps=4",
    "samples=3|beta=0.5",
    "bound=importance|samples=3",
    "bound=importance|samples=3|beta=0.5|beta_schedule=linear from=0 to=1 steps=4",
    "bound=importance|estimator=doubly|samples=2",
    "bound=renyi alpha=0.3|samples=3",
    "samples=2|estimator=path",
    "kind=plain",
};

/* Whether the objective is the reconstruction plus a function of the heads only. That function must then agree
 * closely. */
static bool is_sum(const genlat_model *model)
{
    return strcmp(gnl_vae_of(model)->latents->bound->kind.type->name, "elbo") == 0;
}

static void compare(const genlat_model *model, const moments *train, const genlat_vae_terms *last, const moments *eval,
                    const genlat_vae_terms *found)
{
    ck_assert_double_eq(found->beta, last->beta);
    ck_assert_double_eq_tol(found->kl, last->kl, 1e-5 * fmax(1, last->kl));
    ck_assert_double_eq_tol(found->neg_elbo, found->recon + found->kl, 1e-9 * found->neg_elbo);
    if (is_sum(model))
        ck_assert_double_eq_tol(found->objective - found->recon, last->objective - last->recon,
                                1e-5 * fabs(last->objective));
    const double error = sqrt(error2(train) + error2(eval));
    ck_assert_msg(fabs(train->mean - eval->mean) < 4.5 * error + 1e-5,
                  "training minimizes %.6f, evaluation reports %.6f, +- %.6f", train->mean, eval->mean, error);
}

/* Passes on one batch that update nothing, after some steps, so that schedules have advanced. */
START_TEST(evaluation_computes_the_training_objective)
{
    genlat_model *model = make(objectives[_i]);
    genlat_tensor *x = data();
    genlat_vae_terms t = {.size = sizeof t}, e = t;
    moments train = {0, 0}, eval = {0, 0};
    for (int i = 0; i < 2; i++)
        expect_ok(genlat_vae_step(model, NULL, x, NULL, NULL));
    for (int i = 0; i < PASSES; i++) {
        expect_ok(genlat_vae_backward(model, x, NULL, &t));
        expect_ok(genlat_vae_elbo(model, x, NULL, 1, (uint64_t)i, &e));
        add(&train, t.objective);
        add(&eval, e.objective);
    }
    compare(model, &train, &t, &eval, &e);
    genlat_tensor_destroy(&x);
    genlat_model_destroy(&model);
}
END_TEST

/* The same values on a tensor, on a source, and in the validation of the trainer. */
START_TEST(all_evaluations_agree)
{
    genlat_model *model = make(objectives[_i]);
    genlat_tensor *x = data();
    genlat_source *source = NULL;
    genlat_vae_terms t = {.size = sizeof t}, more = t;
    double terms[GENLAT_MAX_TERMS];
    static const char *const names[] = {"neg_elbo", "recon", "kl", "objective", "grad_norm", "beta"};
    expect_ok(genlat_source_memory(ctx, x, NULL, &source));
    expect_ok(genlat_vae_step(model, NULL, x, NULL, NULL));
    expect_ok(genlat_vae_elbo(model, x, NULL, 1, 9, &t));
    expect_ok(genlat_model_evaluate(model, source, ROWS, 9, terms));
    const double expected[] = {t.neg_elbo, t.recon, t.kl, t.objective, 0, t.beta};
    for (size_t i = 0; i < GNL_COUNT(names); i++) {
        ck_assert_str_eq(genlat_model_term(model, (int32_t)i), names[i]);
        ck_assert_double_eq_tol(terms[i], expected[i], 1e-9 * fmax(1, fabs(expected[i])));
    }
    expect_ok(genlat_vae_elbo(model, x, NULL, 500, 9, &more));
    ck_assert_double_eq_tol(more.recon, t.recon, 0.2 * t.recon);
    /* a plain autoencoder has no noise */
    ck_assert_int_eq(fabs(more.recon - t.recon) < 1e-9, strcmp(objectives[_i], "kind=plain") == 0);
    ck_assert_int_eq(genlat_vae_elbo(model, x, NULL, 0, 9, &t), GENLAT_E_RANGE);
    genlat_tensor_destroy(&x);
    genlat_source_destroy(&source);
    genlat_model_destroy(&model);
}
END_TEST

/* ---- kinds by options and by text ------------------------------------------------------------ */

static const struct {
    const char *options, *text;
} synonyms[] = {
    {"beta=3", "terms=kl beta=3"},
    {"free_bits=0.2|free_kind=whole", "terms=kl free_bits=0.2 free=whole"},
    {"gamma=4|capacity=2", "terms=kl gamma=4 capacity=2"},
    {"bound=importance|samples=3|estimator=doubly", "bound=importance estimator=doubly|samples=3"},
    {"samples=2", "posterior=gaussian|prior=normal|terms=kl|bound=elbo|samples=2"},
    {"beta=0.7", "terms=kl beta=0.4; kl beta=0.3"},
};

/* Options and text build the same model. */
START_TEST(options_and_texts_build_the_same_model)
{
    genlat_model *a = make(synonyms[_i].options), *b = make(synonyms[_i].text);
    genlat_tensor *x = data();
    genlat_vae_terms s = {.size = sizeof s}, t = s;
    for (int i = 0; i < 3; i++) {
        expect_ok(genlat_vae_step(a, NULL, x, NULL, &s));
        expect_ok(genlat_vae_step(b, NULL, x, NULL, &t));
        ck_assert_double_eq_tol(s.objective, t.objective, 1e-5 * fabs(s.objective));
        ck_assert_double_eq_tol(s.grad_norm, t.grad_norm, 1e-4 * s.grad_norm);
        ck_assert_double_eq_tol(s.beta, t.beta, 1e-12);
    }
    genlat_tensor_destroy(&x);
    genlat_model_destroy(&a);
    genlat_model_destroy(&b);
}
END_TEST

static const struct {
    const char *settings;
    genlat_status status;
    const char *word;
} refusals[] = {
    {"terms=kl beta=2|beta=3", GENLAT_E_INVALID, "beta=3 is also set"},
    {"terms=kl|free_kind=whole", GENLAT_E_INVALID, "free=whole is also set"},
    {"posterior=gaussian|kind=plain", GENLAT_E_INVALID, "kind=plain is also set"},
    {"terms=kl|kind=plain", GENLAT_E_INVALID, "kind=plain is also set"},
    {"bound=importance estimator=total|estimator=doubly", GENLAT_E_INVALID, "estimator=doubly is also set"},
    {"posterior=nothing", GENLAT_E_NOT_FOUND, "unknown posterior 'nothing'; known: "},
    {"prior=nothing", GENLAT_E_NOT_FOUND, "unknown prior 'nothing'; known: "},
    {"terms=nothing", GENLAT_E_NOT_FOUND, "unknown term 'nothing'; known: "},
    {"bound=nothing", GENLAT_E_NOT_FOUND, "unknown bound 'nothing'; known: "},
    {"terms=kl beta=-1", GENLAT_E_RANGE, "term: beta is -1"},
    {"terms=kl color=1", GENLAT_E_NOT_FOUND, "free_bits"},
    {"posterior=point|terms=kl", GENLAT_E_UNSUPPORTED, "posterior point has no density"},
    {"kind=plain|bound=importance", GENLAT_E_UNSUPPORTED, "bound importance"},
    {"free_bits=1|bound=importance", GENLAT_E_UNSUPPORTED, "use bound=elbo"},
    {"decoder_inputs=all", GENLAT_E_INVALID, "previous"},
    {"output_bias=nothing", GENLAT_E_INVALID, "data or zero"},
    {"likelihood=cross_entropy", GENLAT_E_INVALID, "likelihood"},
    {"encoder=dense units=3|condition=classes=2", GENLAT_E_INVALID, "input x is not used"},
    {"decoder=dense units=7", GENLAT_E_SHAPE, "decoder: has 7 outputs"},
    {"architecture=conv widths=4", GENLAT_E_SHAPE, "[channels,height,width]"},
    {"architecture=mlp", GENLAT_E_INVALID, "has no widths"},
    {"architecture=forest", GENLAT_E_NOT_FOUND, "mlp, gated, maxout, conv"},
};

START_TEST(invalid_settings_are_refused)
{
    genlat_model *model = NULL;
    ck_assert_int_eq(try_make(refusals[_i].settings, &model), refusals[_i].status);
    ck_assert_ptr_null(model);
    ck_assert_msg(strstr(genlat_last_error(), refusals[_i].word) != NULL, "'%s' does not contain '%s'",
                  genlat_last_error(), refusals[_i].word);
    ck_assert_msg(strncmp(genlat_last_error(), "genlat_model_build: ", 20) == 0, "%s", genlat_last_error());
}
END_TEST

START_TEST(a_plain_autoencoder_has_no_density)
{
    genlat_model *model = make("kind=plain");
    genlat_tensor *x = data(), *z = NULL, *drawn = NULL;
    genlat_vae_terms t = {.size = sizeof t};
    double nll[ROWS];
    expect_ok(genlat_vae_step(model, NULL, x, NULL, &t));
    ck_assert_double_eq(t.kl, 0);
    ck_assert_double_eq(t.beta, 0);
    ck_assert_double_eq(t.objective, t.recon);
    ck_assert_int_eq(genlat_vae_log_likelihood(model, x, NULL, 2, 0, nll), GENLAT_E_UNSUPPORTED);
    expect_ok(genlat_model_encode(model, x, NULL, &z));
    expect_ok(genlat_vae_encode_sample(model, x, NULL, 4, &drawn));
    ck_assert_mem_eq(z->data, drawn->data, ROWS * LATENT * sizeof(gnl_real));
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&z);
    genlat_tensor_destroy(&drawn);
    genlat_model_destroy(&model);
}
END_TEST

/* ---- initial bias of the output -------------------------------------------------------------- */

/* One bias per element, or one per channel. */
START_TEST(the_initial_output_bias_matches_the_data)
{
    enum { COUNT = 50, ELEMENTS = 8 };
    genlat_tensor *x = NULL;
    genlat_source *source = NULL;
    genlat_model_builder *b = NULL;
    genlat_model *model = NULL;
    expect_ok(genlat_tensor_new(ctx, 4, (int64_t[]){COUNT, 2, 2, 2}, &x));
    for (int i = 0; i < COUNT * ELEMENTS; i++)
        x->data[i] = (gnl_real)(i * (i % ELEMENTS + 1) % 7 < 2 + i % ELEMENTS / 4);
    expect_ok(genlat_source_memory(ctx, x, NULL, &source));
    expect_ok(genlat_model_builder_new(ctx, "vae", &b));
    genlat_model_builder_set(b, "output_bias", "data");
    genlat_model_builder_set(b, "encoder", "flatten");
    genlat_model_builder_set(
        b, "decoder", _i ? "dense units=4 | reshape shape=1x2x2 | conv2d channels=2 kernel=1" : "dense units={out}");
    expect_ok(genlat_model_build(&b, source, &model));
    const genlat_net *decoder = model->net[GNL_VAE_DECODER_NET];
    const int width = _i ? ELEMENTS / 2 : 1, index = gnl_net_find_weight(decoder, _i ? "2.bias" : "0.bias");
    ck_assert_int_ge(index, 0);
    for (int k = 0; k < ELEMENTS / width; k++) {
        double mean = 0;
        for (int i = 0; i < COUNT * ELEMENTS; i++)
            mean += i % ELEMENTS / width == k ? (double)x->data[i] / (COUNT * width) : 0;
        mean = fmin(fmax(mean, 1e-3), 1 - 1e-3);
        ck_assert_double_eq_tol((double)gnl_net_weight_data(decoder, index)[k], log(mean / (1 - mean)), 1e-4);
    }
    genlat_model_destroy(&model);
    expect_ok(genlat_model_builder_new(ctx, "vae", &b));
    genlat_model_builder_set(b, "output_bias", "data");
    genlat_model_builder_set(b, "likelihood", "mse");
    ck_assert_int_eq(genlat_model_build(&b, source, &model), GENLAT_E_UNSUPPORTED);
    ck_assert_ptr_null(model);
    genlat_source_destroy(&source);
    genlat_tensor_destroy(&x);
}
END_TEST

/* Schedules follow the steps. Passes without an update do not count. */
START_TEST(schedules_count_steps)
{
    genlat_model *model = make("beta_schedule=linear from=0 to=1 steps=4");
    genlat_tensor *x = data();
    genlat_vae_terms t = {.size = sizeof t};
    for (int step = 0; step < 6; step++) {
        for (int pass = 0; pass < 2; pass++) {
            expect_ok(genlat_vae_backward(model, x, NULL, &t));
            ck_assert_double_eq(t.beta, fmin(step / 4.0, 1));
        }
        expect_ok(genlat_vae_step(model, NULL, x, NULL, &t));
        ck_assert_double_eq(t.beta, fmin(step / 4.0, 1));
    }
    genlat_tensor_destroy(&x);
    genlat_model_destroy(&model);
}
END_TEST

/* Layers of the same kind and shape in both nets start with other weights. */
START_TEST(nets_have_initial_weights_of_their_own)
{
    genlat_model *model = make("latent=5|encoder=dense units=3 name=a|decoder=dense units=3 name=a; dense units=5");
    const gnl_real *weight[2];
    for (int i = 0; i < 2; i++) {
        const int index = gnl_net_find_weight(model->net[i], "a.weight");
        ck_assert_int_ge(index, 0);
        weight[i] = gnl_net_weight_data(model->net[i], index);
    }
    ck_assert_mem_ne(weight[0], weight[1], 3 * SIZE * sizeof **weight);
    genlat_model_destroy(&model);
}
END_TEST

/* ---- steps ----------------------------------------------------------------------------------- */

/* The encoder's input is the data, with noise added and then a fraction set to 0. */
START_TEST(the_input_is_corrupted_as_set)
{
    static const struct {
        const char *settings;
        double noise, mask;
    } cases[] = {{"mask=0.4", 0, 0.4}, {"noise=0.5", 0.5, 0}, {"noise=0.5|mask=0.4", 0.5, 0.4}};
    for (size_t c = 0; c < GNL_COUNT(cases); c++) {
        genlat_model *model = make(cases[c].settings);
        genlat_tensor *x = data();
        double square = 0;
        int zeros = 0;
        expect_ok(genlat_vae_step(model, NULL, x, NULL, NULL));
        const gnl_real *input = ((const gnl_vae_work *)model->work)->input;
        for (int i = 0; i < ROWS * SIZE; i++) {
            zeros += input[i] == 0;
            square += input[i] == 0 ? 0 : pow((double)(input[i] - x->data[i]), 2);
        }
        ck_assert_double_eq_tol((double)zeros / (ROWS * SIZE), cases[c].mask, 0.15);
        ck_assert_double_eq_tol(sqrt(square / (ROWS * SIZE - zeros)), cases[c].noise, 0.2 * cases[c].noise + 1e-9);
        gnl_tensor_release(x);
        genlat_model_destroy(&model);
    }
}
END_TEST

START_TEST(the_norm_is_that_of_the_optimizer_that_was_given)
{
    genlat_model *model = make("mask=0");
    genlat_tensor *x = data();
    genlat_optim *optim = NULL;
    genlat_vae_terms t = {.size = sizeof t}, own = {.size = sizeof own};
    expect_ok(genlat_vae_step(model, NULL, x, NULL, &t));
    expect_ok(genlat_vae_optimizer(model, "sgd lr=0.1", &optim));
    expect_ok(genlat_vae_step(model, optim, x, NULL, &own));
    ck_assert_double_gt(own.grad_norm, 0);
    ck_assert_double_eq(own.grad_norm, genlat_optim_grad_norm(optim));
    ck_assert_double_ne(own.grad_norm, t.grad_norm);
    genlat_optim_destroy(&optim);
    gnl_tensor_release(x);
    genlat_model_destroy(&model);
}
END_TEST

/* The first number of each line has none before it. The input x has the data as they are. */
START_TEST(previous_numbers_are_those_of_their_line)
{
    static const gnl_shape shapes[] = {{1, {5}}, {2, {2, 3}}, {3, {2, 1, 4}}};
    gnl_real x[2 * 8], out[2 * 8];
    for (int i = 0; i < 16; i++)
        x[i] = (gnl_real)(i + 1);
    for (size_t s = 0; s < GNL_COUNT(shapes); s++) {
        const gnl_vae_config config = {.base = {.data = shapes[s]}, .decoder_inputs = "previous"};
        const gnl_vae_config whole = {.base = {.data = shapes[s]}, .decoder_inputs = "x"};
        const int64_t line = shapes[s].dim[shapes[s].ndim - 1], count = 2 * gnl_shape_count(&shapes[s]);
        gnl_vae_fill_previous(&config, 2, x, out);
        for (int64_t i = 0; i < count; i++)
            ck_assert_float_eq(out[i], i % line ? x[i - 1] : 0);
        gnl_vae_fill_previous(&whole, 2, x, out);
        ck_assert_mem_eq(out, x, (size_t)count * sizeof *x);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vae");
    TCase *tests = tcase_create("vae");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, evaluation_computes_the_training_objective, 0, (int)GNL_COUNT(objectives));
    tcase_add_loop_test(tests, all_evaluations_agree, 0, (int)GNL_COUNT(objectives));
    tcase_add_loop_test(tests, options_and_texts_build_the_same_model, 0, (int)GNL_COUNT(synonyms));
    tcase_add_loop_test(tests, invalid_settings_are_refused, 0, (int)GNL_COUNT(refusals));
    tcase_add_test(tests, a_plain_autoencoder_has_no_density);
    tcase_add_loop_test(tests, the_initial_output_bias_matches_the_data, 0, 2);
    tcase_add_test(tests, schedules_count_steps);
    tcase_add_test(tests, nets_have_initial_weights_of_their_own);
    tcase_add_test(tests, the_input_is_corrupted_as_set);
    tcase_add_test(tests, the_norm_is_that_of_the_optimizer_that_was_given);
    tcase_add_test(tests, previous_numbers_are_those_of_their_line);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
