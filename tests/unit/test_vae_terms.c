/* SPDX-License-Identifier: MIT */
/* VAEs with every term: names and values of what it contributes, evaluations, files from which a training continues
 * exactly. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "genlat/train.h"
#include "vae/vae_priv.h"

enum { ROWS = 24, SIZE = 5, LATENT = 3, COMMON = 6 /* values of every VAE */ };
enum { RECON = 1, KL = 2, OBJECTIVE = 3, BETA = 5 };

static genlat_ctx *ctx;
static char path[64];

static void set_up(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
    snprintf(path, sizeof path, "/tmp/genlat-vae-terms-%ld.safetensors", (long)getpid());
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

/* Terms by the posterior, and the names of those that are listed. */
static const struct term_case {
    const char *posterior, *terms;
    const char *names[3];
} cases[] = {
    {"gaussian", "kl beta=2; mmd weight=3", {"mmd"}},
    {"gaussian", "kl; tc beta=6", {"tc"}},
    {"gaussian", "tc alpha=2 gamma=3 sampling=stratified; kl; dip", {"tc", "dip"}},
    {"gaussian", "kl; factor gamma=5 width=8", {"factor"}},
    {"gaussian", "kl; adversarial width=8; adversarial width=4 weight=2", {"adversarial", "adversarial_2"}},
    {"gaussian_full", "kl; dip kind=1; factor width=4 depth=1", {"dip", "factor"}},
    {"point", "adversarial width=8", {"adversarial"}},
    {"point", "l2; gradient weight=0.01; weights", {"l2", "gradient", "weights"}},
};

static genlat_model *make(const struct term_case *c, const char *const *more)
{
    genlat_model_builder *b = NULL;
    genlat_model *model = NULL;
    const char *const pairs[] = {"architecture", "mlp widths=6", "likelihood", "mse",       "posterior",
                                 c->posterior,   "terms",        c->terms,     "optimizer", "adam lr=0.01"};
    expect_ok(genlat_model_builder_new(ctx, "vae", &b));
    genlat_model_builder_data(b, 1, (int64_t[]){SIZE});
    genlat_model_builder_set_int(b, "latent", LATENT);
    genlat_model_builder_set_int(b, "samples", 2);
    for (size_t i = 0; i < GNL_COUNT(pairs); i += 2)
        genlat_model_builder_set(b, pairs[i], pairs[i + 1]);
    for (int i = 0; more && more[i]; i += 2)
        genlat_model_builder_set(b, more[i], more[i + 1]);
    expect_ok(genlat_model_build(&b, NULL, &model));
    return model;
}

static genlat_tensor *data(int64_t rows)
{
    genlat_tensor *x = NULL;
    gnl_rng rng = gnl_rng_make(3, GNL_STREAM_USER, 0);
    expect_ok(genlat_tensor_new(ctx, 2, (int64_t[]){rows, SIZE}, &x));
    gnl_rng_fill_normal(&rng, x->data, rows * SIZE);
    return x;
}

static double sum_of(const genlat_model *model, const double *values)
{
    double sum = values[RECON] + values[BETA] * values[KL];
    for (int i = COMMON; i < gnl_model_terms(model); i++)
        sum += values[i];
    return sum;
}

/* Steps and evaluations name what each term contributes; together with reconstruction and weighted KL it is the
 * objective. */
START_TEST(contributions_are_named)
{
    const struct term_case *c = &cases[_i];
    genlat_model *model = make(c, NULL);
    genlat_tensor *x = data(ROWS), *many = data(2 * GNL_VAE_ROWS + 7);
    genlat_source *source = NULL;
    double values[GENLAT_MAX_TERMS];
    int count = 0;
    for (; count < 3 && c->names[count]; count++)
        ck_assert_str_eq(genlat_model_term(model, COMMON + count), c->names[count]);
    ck_assert_ptr_null(genlat_model_term(model, COMMON + count));
    expect_ok(genlat_model_step(model, x, NULL, values));
    ck_assert_double_eq_tol(sum_of(model, values), values[OBJECTIVE], 1e-9 * fabs(values[OBJECTIVE]));
    for (int i = 0; i < count; i++)
        ck_assert(values[COMMON + i] != 0);
    expect_ok(genlat_source_memory(ctx, many, NULL, &source));
    expect_ok(genlat_model_evaluate(model, source, 2 * GNL_VAE_ROWS, 1, values));
    ck_assert_double_eq_tol(sum_of(model, values), values[OBJECTIVE], 1e-9 * fabs(values[OBJECTIVE]));
    for (int i = 0; i < count; i++)
        ck_assert(values[COMMON + i] != 0);
    genlat_source_destroy(&source);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&many);
    genlat_model_destroy(&model);
}
END_TEST

static void expect_same_parts(const genlat_model *a, const genlat_model *b)
{
    ck_assert_int_eq(a->parts, b->parts);
    for (int i = 0; i < a->parts; i++) {
        const gnl_part *p = &a->part[i], *q = &b->part[i];
        ck_assert_str_eq(p->name, q->name);
        if (p->value)
            ck_assert_mem_eq(p->value, q->value, (size_t)p->values * sizeof *p->value);
    }
}

/* Permutations, samples of the prior and directions are those of the step, and moments of critics are stored. */
START_TEST(files_continue_exactly)
{
    genlat_model *model = make(&cases[_i], NULL), *loaded = NULL;
    genlat_tensor *x = data(ROWS);
    model->progress.samples = 500;
    for (int i = 0; i < 3; i++)
        expect_ok(genlat_model_step(model, x, NULL, NULL));
    expect_ok(genlat_model_save(model, path));
    expect_ok(genlat_model_load(ctx, path, &loaded));
    for (int i = 0; i < 3; i++) {
        double a[GENLAT_MAX_TERMS], b[GENLAT_MAX_TERMS];
        expect_ok(genlat_model_step(model, x, NULL, a));
        expect_ok(genlat_model_step(loaded, x, NULL, b));
        for (int k = 0; k < gnl_model_terms(model); k++)
            ck_assert_double_eq(a[k], b[k]);
    }
    expect_same_parts(model, loaded);
    genlat_tensor_destroy(&x);
    genlat_model_destroy(&model);
    genlat_model_destroy(&loaded);
}
END_TEST

/* Without gradients the norm of the Jacobian is a central difference, which is close to the tangents of a step. The
 * decoder has a condition. */
START_TEST(norms_of_jacobians_agree)
{
    static const char *const more[] = {"condition", "vector=2", "optimizer", "sgd lr=0", NULL};
    const struct term_case c = {"point", "gradient weight=1", {NULL}};
    genlat_model *model = make(&c, more);
    genlat_tensor *x = data(ROWS), *condition = NULL;
    double step = 0, evaluation = 0, values[GENLAT_MAX_TERMS];
    gnl_rng rng = gnl_rng_make(4, GNL_STREAM_USER, 0);
    expect_ok(genlat_tensor_new(ctx, 2, (int64_t[]){ROWS, 2}, &condition));
    gnl_rng_fill_normal(&rng, condition->data, ROWS * 2);
    for (int i = 0; i < 200; i++) {
        expect_ok(genlat_model_step(model, x, condition, values));
        step += values[COMMON] / 200;
        expect_ok(model->type->evaluate(model, x, condition, (uint64_t)i, 0, values));
        evaluation += values[COMMON] / 200;
    }
    ck_assert_double_eq_tol(evaluation / step, 1, 0.05);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&condition);
    genlat_model_destroy(&model);
}
END_TEST

/* The weights of a critic minimize its own loss with the optimizer of terms: those of the decoder stay. */
START_TEST(critics_have_their_own_optimizer)
{
    static const char *const more[] = {"optimizer", "sgd lr=0", "term_optimizer", "adam lr=1e-2 beta1=0.5 beta2=0.9",
                                       NULL};
    genlat_model *model = make(&cases[_i], more), *same = make(&cases[_i], NULL);
    genlat_tensor *x = data(ROWS);
    for (int i = 0; i < 3; i++)
        expect_ok(genlat_model_step(model, x, NULL, NULL));
    for (int i = 0; i < model->parts; i++) {
        const gnl_part *p = &model->part[i], *q = &same->part[i];
        if (p->values)
            ck_assert_int_eq(memcmp(p->value, q->value, (size_t)p->values * sizeof *p->value) != 0,
                             p->optimizer == GNL_VAE_ADVERSARY);
    }
    genlat_tensor_destroy(&x);
    genlat_model_destroy(&model);
    genlat_model_destroy(&same);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("terms of VAEs");
    TCase *tests = tcase_create("models");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, contributions_are_named, 0, (int)GNL_COUNT(cases));
    tcase_add_loop_test(tests, files_continue_exactly, 0, (int)GNL_COUNT(cases));
    tcase_add_loop_test(tests, critics_have_their_own_optimizer, 3, 7);
    tcase_add_test(tests, norms_of_jacobians_agree);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
