/* SPDX-License-Identifier: MIT */
/* The scores of rows against their definitions, for every family that has them. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "vae/vae_priv.h"
#include "genlat/gan.h"
#include "genlat/score.h"

enum { SIZE = 6, LATENT = 4, ROWS = 600, MOST = 4 };

static genlat_ctx *ctx;
static genlat_tensor *x, *labels;

static void expect_ok(genlat_status status)
{
    ck_assert_msg(status == GENLAT_OK, "%s", genlat_last_error());
}

static void set_up(void)
{
    gnl_rng rng = gnl_rng_make(2, GNL_STREAM_USER, 0);
    expect_ok(genlat_ctx_new(NULL, &ctx));
    expect_ok(genlat_tensor_new(ctx, 2, (int64_t[]){ROWS, SIZE}, &x));
    expect_ok(genlat_tensor_new(ctx, 1, (int64_t[]){ROWS}, &labels));
    gnl_rng_fill_normal(&rng, x->data, ROWS * SIZE);
    for (int i = 0; i < ROWS; i++)
        labels->data[i] = (gnl_real)(i % 3);
}

static void tear_down(void)
{
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
    genlat_ctx_destroy(&ctx);
}

/* Key and value pairs, terminated by NULL. */
static genlat_model *make(const char *family, const char *const *pairs)
{
    genlat_model_builder *b = NULL;
    genlat_model *model = NULL;
    expect_ok(genlat_model_builder_new(ctx, family, &b));
    genlat_model_builder_data(b, 1, (int64_t[]){SIZE});
    for (; *pairs; pairs += 2)
        genlat_model_builder_set(b, pairs[0], pairs[1]);
    expect_ok(genlat_model_build(&b, NULL, &model));
    return model;
}

static genlat_tensor *score(genlat_model *model, const genlat_tensor *rows, const genlat_tensor *classes,
                            int64_t samples, int64_t first)
{
    genlat_tensor *scores = NULL;
    expect_ok(genlat_model_score(model, rows, classes, samples, 7, first, &scores));
    return scores;
}

static int find(const genlat_model *model, const char *name)
{
    for (int i = 0; i < MOST; i++)
        if (genlat_model_score_name(model, i, NULL) && strcmp(genlat_model_score_name(model, i, NULL), name) == 0)
            return i;
    ck_abort_msg("no score %s", name);
}

static double at(const genlat_tensor *scores, int64_t row, int column)
{
    return (double)scores->data[row * scores->shape.dim[1] + column];
}

static void expect_near(double found, double expected)
{
    ck_assert_double_eq_tol(found, expected, 1e-5 * fmax(1, fabs(expected)));
}

/* ---- VAE ------------------------------------------------------------------------------------- */

static const char *const vaes[][9] = {
    {"latent", "4", "architecture", "mlp widths=8", "likelihood", "gaussian value=0.7", NULL},
    {"latent", "4", "architecture", "mlp widths=8", "likelihood", "gaussian value=0.7", "condition", "classes=3", NULL},
    {"latent", "4", "architecture", "mlp widths=8", "likelihood", "gaussian value=0.7", "prior", "mixture components=3",
     NULL},
    {"latent", "4", "architecture", "mlp widths=8", "likelihood", "gaussian value=0.7", "posterior", "gaussian_full",
     NULL},
};

START_TEST(a_vae_has_its_bound_and_likelihood)
{
    genlat_model *model = make("vae", vaes[_i]);
    double total[ROWS], recon[ROWS], kl[ROWS], nll[ROWS];
    genlat_tensor *one = score(model, x, labels, 1, 0), *many = score(model, x, labels, 50, 0);
    const int i_nll = find(model, "nll"), i_bound = find(model, "neg_elbo"), i_recon = find(model, "recon"),
              i_kl = find(model, "kl");
    expect_ok(genlat_vae_elbo_rows(model, x, labels, 1, 7, total, recon, kl));
    expect_ok(genlat_vae_log_likelihood(model, x, labels, 50, 7, nll));
    ck_assert_int_eq(i_nll, 0);
    for (int i = 0; i < ROWS; i++) {
        expect_near(at(one, i, i_recon), recon[i]);
        expect_near(at(one, i, i_kl), kl[i]);
        expect_near(at(one, i, i_bound), total[i]);
        expect_near(at(many, i, i_nll), nll[i]);
        expect_near(at(many, i, i_bound), at(many, i, i_recon) + at(many, i, i_kl));
    }
    genlat_tensor_destroy(&one);
    genlat_tensor_destroy(&many);
    genlat_model_destroy(&model);
}
END_TEST

START_TEST(scores_do_not_depend_on_the_division_into_calls)
{
    genlat_model *model = make("vae", vaes[0]);
    genlat_tensor *all = score(model, x, NULL, 3, 10), *part = NULL;
    expect_ok(genlat_tensor_rows(x, 100, 160, &part));
    genlat_tensor *scores = score(model, part, NULL, 3, 110);
    for (int i = 0; i < 60; i++)
        for (int c = 0; c < MOST; c++)
            expect_near(at(scores, i, c), at(all, 100 + i, c));
    genlat_tensor_destroy(&scores);
    scores = score(model, part, NULL, 3, 0);
    ck_assert(at(scores, 0, 0) != at(all, 100, 0));
    genlat_tensor_destroy(&scores);
    genlat_tensor_destroy(&part);
    genlat_tensor_destroy(&all);
    genlat_model_destroy(&model);
}
END_TEST

START_TEST(a_vae_without_density_has_its_reconstruction)
{
    static const char *const pairs[] = {
        "latent",    "4",     "architecture", "mlp widths=8", "likelihood", "gaussian value=0.7",
        "posterior", "point", "terms",        "mmd weight=1", NULL};
    genlat_model *model = make("vae", pairs);
    genlat_tensor *scores = score(model, x, NULL, 1, 0);
    double recon[ROWS];
    ck_assert_str_eq(genlat_model_score_name(model, 0, NULL), "recon");
    ck_assert_ptr_null(genlat_model_score_name(model, 1, NULL));
    expect_ok(genlat_vae_elbo_rows(model, x, NULL, 1, 7, NULL, recon, NULL));
    for (int i = 0; i < ROWS; i++)
        expect_near(at(scores, i, 0), recon[i]);
    genlat_tensor_destroy(&scores);
    genlat_model_destroy(&model);
}
END_TEST

/* ---- other families -------------------------------------------------------------------------- */

static const char *const densities[] = {"gmm", "ppca"};

START_TEST(a_density_has_its_likelihood)
{
    static const char *const gmm[] = {"components", "2", NULL}, *const ppca[] = {"latent", "2", NULL};
    genlat_model *model = make(densities[_i], _i ? ppca : gmm);
    genlat_source *source = NULL;
    double terms[GENLAT_MAX_TERMS], sum = 0;
    expect_ok(genlat_source_memory(ctx, x, NULL, &source));
    for (int i = 0; i < 3; i++)
        expect_ok(genlat_model_step(model, x, NULL, terms));
    genlat_tensor *scores = score(model, x, NULL, 1, 0);
    expect_ok(genlat_model_evaluate(model, source, 100, 0, terms));
    for (int i = 0; i < ROWS; i++)
        sum += at(scores, i, find(model, "nll"));
    ck_assert_double_eq_tol(sum / ROWS, terms[0], 1e-4);
    ck_assert(at(scores, 0, 0) != at(scores, 1, 0));
    genlat_tensor_destroy(&scores);
    genlat_source_destroy(&source);
    genlat_model_destroy(&model);
}
END_TEST

START_TEST(a_gan_has_its_discriminator)
{
    static const char *const pairs[] = {"latent", "4", "architecture", "mlp width=8", NULL};
    static const char *const packed[] = {"latent", "4", "architecture", "mlp width=8", "packing", "2", NULL};
    genlat_model *model = make("gan", pairs), *other = make("gan", packed);
    genlat_tensor *scores = score(model, x, NULL, 1, 0), *y = NULL, *none = NULL;
    expect_ok(genlat_gan_discriminate(model, x, NULL, &y));
    for (int i = 0; i < ROWS; i++)
        ck_assert(at(scores, i, find(model, "discriminator")) == -(double)y->data[i]);
    ck_assert_int_eq(genlat_model_score(other, x, NULL, 1, 0, 0, &none), GENLAT_E_UNSUPPORTED);
    ck_assert_ptr_null(none);
    genlat_tensor_destroy(&scores);
    genlat_tensor_destroy(&y);
    genlat_model_destroy(&model);
    genlat_model_destroy(&other);
}
END_TEST

START_TEST(what_cannot_be_scored_is_refused)
{
    static const char *const rbm[] = {"hidden", "4", NULL};
    genlat_model *model = make("vae", vaes[0]), *other = make("rbm", rbm);
    genlat_tensor *scores = NULL;
    const char *help = NULL;
    ck_assert_int_eq(genlat_model_score(model, x, NULL, 0, 0, 0, &scores), GENLAT_E_RANGE);
    ck_assert_int_eq(genlat_model_score(model, x, NULL, 1, 0, -1, &scores), GENLAT_E_RANGE);
    ck_assert_int_eq(genlat_model_score(model, labels, NULL, 1, 0, 0, &scores), GENLAT_E_SHAPE);
    ck_assert_int_eq(genlat_model_score(other, x, NULL, 1, 0, 0, &scores), GENLAT_E_UNSUPPORTED);
    x->data[3] = (gnl_real)INFINITY;
    ck_assert_int_eq(genlat_model_score(model, x, NULL, 1, 0, 0, &scores), GENLAT_E_RANGE);
    ck_assert_ptr_null(scores);
    ck_assert_ptr_null(genlat_model_score_name(other, 0, NULL));
    ck_assert_ptr_null(genlat_model_score_name(model, -1, NULL));
    ck_assert_ptr_null(genlat_model_score_name(NULL, 0, NULL));
    ck_assert_str_eq(genlat_model_score_name(model, 0, &help), "nll");
    ck_assert_ptr_nonnull(help);
    genlat_model_destroy(&model);
    genlat_model_destroy(&other);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("score");
    TCase *tcase = tcase_create("score");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, a_vae_has_its_bound_and_likelihood, 0, GNL_COUNT(vaes));
    tcase_add_test(tcase, scores_do_not_depend_on_the_division_into_calls);
    tcase_add_test(tcase, a_vae_without_density_has_its_reconstruction);
    tcase_add_loop_test(tcase, a_density_has_its_likelihood, 0, GNL_COUNT(densities));
    tcase_add_test(tcase, a_gan_has_its_discriminator);
    tcase_add_test(tcase, what_cannot_be_scored_is_refused);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
