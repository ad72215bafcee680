/* SPDX-License-Identifier: MIT */
/* The scaling of a model's data, for every family: a training takes it over, files keep it, and functions that use a
 * model take and return raw data. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/families.h"

enum { ROWS = 12 };

/* One number, one per element; an rbm accepts numbers from 0 to 1 only. */
static uint32_t kind_of(int32_t family, int index)
{
    static const uint32_t kinds[] = {GENLAT_SCALE_SYMMETRIC, GENLAT_SCALE_FEATURES};
    static const uint32_t bounded[] = {GENLAT_SCALE_UNIT, GENLAT_SCALE_UNIT};
    return (strcmp(genlat_model_family_name(family, NULL), "rbm") == 0 ? bounded : kinds)[index];
}

static genlat_ctx *ctx;
static char path[64];
static int families;

static void set_up(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
    snprintf(path, sizeof path, "/tmp/genlat-scaling-%ld.safetensors", (long)getpid());
}

static void tear_down(void)
{
    unlink(path);
    genlat_ctx_destroy(&ctx);
}

static void expect_ok(genlat_status status)
{
    ck_assert_msg(status == GENLAT_OK, "%s", genlat_last_error());
}

static genlat_source *scaled(genlat_source *raw, uint32_t kind)
{
    genlat_source *out = NULL;
    genlat_transform_opts opts;
    genlat_transform_opts_init(&opts);
    opts.scale = kind;
    expect_ok(genlat_source_transform(raw, &opts, &out));
    return out;
}

/* A model trained for an epoch on scaled data. */
static genlat_model *train(int32_t family, genlat_source *source)
{
    genlat_train_opts opts;
    genlat_model *model = family_make(ctx, family, source);
    genlat_train_opts_init(&opts);
    opts.epochs = 1;
    opts.batch = ROWS;
    expect_ok(genlat_model_fit(model, source, NULL, &opts));
    return model;
}

/* The same model without scaling, so that its functions take and return what the nets see. */
static genlat_model *without_scaling(genlat_model *model)
{
    genlat_model *bare = NULL;
    expect_ok(genlat_model_save(model, path));
    expect_ok(genlat_model_load(ctx, path, &bare));
    expect_ok(genlat_model_set_scaling(bare, NULL, NULL));
    return bare;
}

static genlat_tensor *rows_of(genlat_source *source, genlat_tensor **labels)
{
    genlat_tensor *x = NULL;
    expect_ok(genlat_source_read(source, 0, ROWS, &x, labels));
    return x;
}

static void expect_equal(const genlat_tensor *a, const genlat_tensor *b, double tolerance)
{
    ck_assert_int_eq(genlat_tensor_count(a), genlat_tensor_count(b));
    for (int64_t i = 0; i < genlat_tensor_count(a); i++)
        ck_assert_double_eq_tol((double)genlat_tensor_const_data(a)[i], (double)genlat_tensor_const_data(b)[i],
                                tolerance);
}

/* raw = x * scale + offset */
static void unscale(genlat_tensor *x, const genlat_tensor *offset, const genlat_tensor *scale)
{
    const int64_t size = genlat_tensor_count(offset);
    for (int64_t i = 0; i < genlat_tensor_count(x); i++)
        genlat_tensor_data(x)[i] = genlat_tensor_data(x)[i] * genlat_tensor_const_data(scale)[i % size] +
                                   genlat_tensor_const_data(offset)[i % size];
}

/* ---- tests ----------------------------------------------------------------------------------- */

START_TEST(trainings_take_the_scaling_over_and_files_keep_it)
{
    genlat_source *raw = family_source(ctx), *source = scaled(raw, kind_of(_i / 2, _i % 2));
    genlat_model *model = train(_i / 2, source), *loaded = NULL;
    genlat_tensor *found[2] = {NULL}, *expected[2] = {NULL};
    expect_ok(genlat_source_normalization(source, &expected[0], &expected[1]));
    expect_ok(genlat_model_save(model, path));
    expect_ok(genlat_model_load(ctx, path, &loaded));
    expect_ok(genlat_model_scaling(loaded, &found[0], &found[1]));
    for (int i = 0; i < 2; i++) {
        expect_equal(found[i], expected[i], 1e-12);
        genlat_tensor_destroy(&found[i]);
        genlat_tensor_destroy(&expected[i]);
    }
    genlat_model_destroy(&loaded);
    genlat_model_destroy(&model);
    genlat_source_destroy(&source);
    genlat_source_destroy(&raw);
}
END_TEST

START_TEST(samples_are_raw)
{
    genlat_source *raw = family_source(ctx), *source = scaled(raw, kind_of(_i / 2, _i % 2));
    genlat_model *model = train(_i / 2, source), *bare = without_scaling(model);
    genlat_tensor *offset = NULL, *scale = NULL, *a = NULL, *b = NULL;
    genlat_sample_opts opts;
    genlat_sample_opts_init(&opts);
    opts.seed = 3;
    if (genlat_model_latent(model)) {
        expect_ok(genlat_model_scaling(model, &offset, &scale));
        expect_ok(genlat_model_sample(model, 5, NULL, &opts, &a));
        expect_ok(genlat_model_sample(bare, 5, NULL, &opts, &b));
        unscale(b, offset, scale);
        expect_equal(a, b, 1e-5);
    }
    genlat_tensor_destroy(&offset);
    genlat_tensor_destroy(&scale);
    genlat_tensor_destroy(&a);
    genlat_tensor_destroy(&b);
    genlat_model_destroy(&bare);
    genlat_model_destroy(&model);
    genlat_source_destroy(&source);
    genlat_source_destroy(&raw);
}
END_TEST

typedef genlat_status use_fn(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels,
                             genlat_tensor **out);

static genlat_status predict(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels,
                             genlat_tensor **out)
{
    return genlat_model_predict(model, x, out);
}

static genlat_status encode(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels,
                            genlat_tensor **out)
{
    return genlat_vae_encode(model, x, labels, out, NULL);
}

static genlat_status encode_sample(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels,
                                   genlat_tensor **out)
{
    return genlat_vae_encode_sample(model, x, labels, 1, out);
}

static genlat_status likelihood(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels,
                                genlat_tensor **out)
{
    double nll[ROWS];
    genlat_status status = genlat_vae_log_likelihood(model, x, labels, 2, 1, nll);
    if (status == GENLAT_OK)
        status = genlat_tensor_new(ctx, 1, (int64_t[]){ROWS}, out);
    for (int i = 0; status == GENLAT_OK && i < ROWS; i++)
        genlat_tensor_data(*out)[i] = (float)nll[i];
    return status;
}

static genlat_status elbo(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels, genlat_tensor **out)
{
    genlat_vae_terms terms = {.size = sizeof terms};
    genlat_status status = genlat_vae_elbo(model, x, labels, 1, 1, &terms);
    if (status == GENLAT_OK)
        status = genlat_tensor_new(ctx, 1, (int64_t[]){1}, out);
    if (status == GENLAT_OK)
        genlat_tensor_data(*out)[0] = (float)terms.neg_elbo;
    return status;
}

/* Functions that take data, and whether they also return data. */
static const struct {
    use_fn *use;
    bool returns_data;
} uses[] = {
    {genlat_model_encode, false},
    {genlat_model_reconstruct, true},
    {encode, false},
    {encode_sample, false},
    {genlat_gan_discriminate, false},
    {predict, false},
    {likelihood, false},
    {elbo, false},
};

/* On raw data a model computes what it computes on scaled data without its scaling. */
START_TEST(data_are_taken_raw)
{
    genlat_source *raw = family_source(ctx), *source = scaled(raw, kind_of(_i / 2, _i % 2));
    genlat_model *model = train(_i / 2, source), *bare = without_scaling(model);
    genlat_tensor *labels = NULL, *x = rows_of(raw, &labels), *y = rows_of(source, NULL);
    genlat_tensor *offset = NULL, *scale = NULL;
    int used = 0;
    expect_ok(genlat_model_scaling(model, &offset, &scale));
    for (size_t i = 0; i < sizeof uses / sizeof *uses; i++) {
        genlat_tensor *a = NULL, *b = NULL;
        genlat_status status = uses[i].use(model, x, labels, &a);
        if (status == GENLAT_OK) {
            expect_ok(uses[i].use(bare, y, labels, &b));
            if (uses[i].returns_data)
                unscale(b, offset, scale);
            expect_equal(a, b, 2e-4);
            used++;
        } else {
            ck_assert_msg(status == GENLAT_E_UNSUPPORTED || status == GENLAT_E_STATE, "%s", genlat_last_error());
        }
        genlat_tensor_destroy(&a);
        genlat_tensor_destroy(&b);
    }
    ck_assert_int_gt(used, 0);
    genlat_tensor_destroy(&offset);
    genlat_tensor_destroy(&scale);
    genlat_tensor_destroy(&labels);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&y);
    genlat_model_destroy(&bare);
    genlat_model_destroy(&model);
    genlat_source_destroy(&source);
    genlat_source_destroy(&raw);
}
END_TEST

static void expect_same_values(genlat_source *a, genlat_source *b)
{
    genlat_tensor *x = NULL, *y = NULL;
    expect_ok(genlat_source_read(a, 0, ROWS, &x, NULL));
    expect_ok(genlat_source_read(b, 0, ROWS, &y, NULL));
    for (int64_t i = 0; i < genlat_tensor_count(x); i++)
        ck_assert_float_eq_tol(genlat_tensor_data(x)[i], genlat_tensor_data(y)[i], 1e-5F);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&y);
}

/* Whatever scaling a source has: the evaluation is that of the data of the training. */
START_TEST(sources_are_converted)
{
    genlat_source *raw = family_source(ctx), *source = scaled(raw, kind_of(_i / 2, _i % 2));
    genlat_source *other = scaled(raw, GENLAT_SCALE_UNIT), *back = NULL;
    genlat_model *model = train(_i / 2, source), *bare = without_scaling(model);
    double expected[GENLAT_MAX_TERMS], found[GENLAT_MAX_TERMS];
    expect_ok(genlat_source_raw(source, &back));
    expect_same_values(raw, back);
    genlat_source *sources[] = {raw, source, other, back};
    for (int i = 0; genlat_model_evaluate(bare, source, ROWS, 1, expected) == GENLAT_OK && i < 4; i++) {
        expect_ok(genlat_model_evaluate(model, sources[i], ROWS, 1, found));
        for (int k = 0; genlat_model_term(model, k); k++)
            if (isfinite(expected[k]))
                ck_assert_msg(fabs(found[k] - expected[k]) <= 1e-3 * fmax(1, fabs(expected[k])),
                              "source %d, term %d: %g, expected %g", i, k, found[k], expected[k]);
    }
    genlat_source_destroy(&back);
    genlat_source_destroy(&other);
    genlat_model_destroy(&bare);
    genlat_model_destroy(&model);
    genlat_source_destroy(&source);
    genlat_source_destroy(&raw);
}
END_TEST

/* A training that goes on with raw data, or with data scaled otherwise, trains the same model. */
START_TEST(trainings_go_on_with_the_scaling_of_the_model)
{
    genlat_source *raw = family_source(ctx), *source = scaled(raw, kind_of(_i, 1));
    genlat_source *other = scaled(raw, GENLAT_SCALE_UNIT);
    genlat_source *sources[] = {source, raw, other};
    genlat_model *model = train(_i, source);
    float first = 0;
    genlat_train_opts opts;
    genlat_train_opts_init(&opts);
    opts.epochs = 2;
    opts.batch = ROWS;
    expect_ok(genlat_model_save(model, path));
    for (int i = 0; i < 3; i++) {
        genlat_model *again = NULL;
        expect_ok(genlat_model_load(ctx, path, &again));
        expect_ok(genlat_model_fit(again, sources[i], NULL, &opts));
        const gnl_part *part = &again->part[0];
        const float value = (float)(part->values ? part->value : part->state)[0];
        first = i ? first : value;
        ck_assert_double_eq_tol((double)value, (double)first, 1e-4);
        genlat_model_destroy(&again);
    }
    genlat_model_destroy(&model);
    genlat_source_destroy(&other);
    genlat_source_destroy(&source);
    genlat_source_destroy(&raw);
}
END_TEST

START_TEST(scalings_are_checked)
{
    genlat_source *raw = family_source(ctx);
    genlat_model *model = family_make(ctx, _i, raw);
    genlat_tensor *one = NULL, *zero = NULL, *two = NULL, *offset = NULL, *scale = NULL;
    expect_ok(genlat_tensor_from(ctx, 0, NULL, (float[]){1}, &one));
    expect_ok(genlat_tensor_from(ctx, 0, NULL, (float[]){0}, &zero));
    expect_ok(genlat_tensor_from(ctx, 1, (int64_t[]){2}, (float[]){1, 1}, &two));
    ck_assert_int_eq(genlat_model_set_scaling(model, one, NULL), GENLAT_E_INVALID);
    ck_assert_int_eq(genlat_model_set_scaling(model, NULL, one), GENLAT_E_INVALID);
    ck_assert_int_eq(genlat_model_set_scaling(model, one, zero), GENLAT_E_RANGE);
    ck_assert_int_eq(genlat_model_set_scaling(model, two, two), GENLAT_E_SHAPE);
    expect_ok(genlat_model_scaling(model, &offset, &scale));
    ck_assert_ptr_null(offset);
    ck_assert_ptr_null(scale);
    expect_ok(genlat_model_set_scaling(model, zero, one));
    expect_ok(genlat_model_scaling(model, &offset, &scale));
    expect_equal(offset, zero, 1e-12);
    expect_equal(scale, one, 1e-12);
    genlat_tensor_destroy(&offset);
    genlat_tensor_destroy(&scale);
    genlat_tensor_destroy(&one);
    genlat_tensor_destroy(&zero);
    genlat_tensor_destroy(&two);
    genlat_model_destroy(&model);
    genlat_source_destroy(&raw);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scaling of models");
    TCase *tests = tcase_create("every family");
    families = family_count();
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, trainings_take_the_scaling_over_and_files_keep_it, 0, 2 * families);
    tcase_add_loop_test(tests, samples_are_raw, 0, 2 * families);
    tcase_add_loop_test(tests, data_are_taken_raw, 0, 2 * families);
    tcase_add_loop_test(tests, sources_are_converted, 0, 2 * families);
    tcase_add_loop_test(tests, trainings_go_on_with_the_scaling_of_the_model, 0, families);
    tcase_add_loop_test(tests, scalings_are_checked, 0, families);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
