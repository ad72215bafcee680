/* SPDX-License-Identifier: MIT */
/* Estimators of the gradients of latents, and the public functions for training loops of the program. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "genlat/loss.h"
#include "support/latent_rig.h"

static genlat_ctx *ctx;

static void set_up(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
}

static void tear_down(void)
{
    genlat_ctx_destroy(&ctx);
}

static void open_rig(latent_rig *r, genlat_ctx *where, const gnl_latent_spec *spec, int64_t rows, int64_t samples)
{
    ck_assert_msg(latent_rig_open(r, where, spec, rows, samples) == GENLAT_OK, "%s", genlat_last_error());
    latent_rig_fill(r, 7);
}

/* ---- estimators ------------------------------------------------------------------------------ */

/* A decoder that ignores the code, so that the prior is the true posterior. */
static void no_likelihood(void *user, double scale, const double *weight)
{
    gnl_code *c = user;
    memset(c->nll, 0, (size_t)(c->samples * c->rows) * sizeof *c->nll);
    memset(c->dz, 0, (size_t)(c->samples * c->rows * c->dims) * sizeof *c->dz);
}

/* Returns the largest derivative by a head for a posterior that equals the prior. */
static double steepest_at_the_optimum(const char *bound)
{
    enum { ROWS = 5, DIMS = 3, SAMPLES = 2 };
    latent_rig r;
    double most = 0;
    open_rig(&r, ctx, &(gnl_latent_spec){"gaussian", "normal", "kl", bound, DIMS}, ROWS, SAMPLES);
    for (int h = 0; h < 2; h++)
        memset(r.head[h], 0, ROWS * DIMS * sizeof(gnl_real));
    gnl_bound_call call = {.latents = r.latents,
                           .code = &r.code,
                           .factor = 1,
                           .gradients = true,
                           .likelihood = no_likelihood,
                           .user = &r.code};
    gnl_latents_draw(r.latents, &r.code);
    ck_assert_double_eq_tol(gnl_latents_objective(&call), 0, 1e-6);
    gnl_latents_backward(&call);
    for (int h = 0; h < 2; h++)
        for (int i = 0; i < ROWS * DIMS; i++)
            most = fmax(most, fabs((double)r.code.dhead[h][i]));
    latent_rig_close(&r);
    return most;
}

/* Estimators that propagate only through the codes are without noise there. */
START_TEST(path_gradients_vanish_at_the_optimum)
{
    static const char *const quiet[] = {
        "elbo estimator=path",          "importance estimator=path",        "importance estimator=doubly",
        "renyi alpha=2 estimator=path", "renyi alpha=0.5 estimator=doubly", "renyi alpha=-inf estimator=path"};
    for (size_t i = 0; i < GNL_COUNT(quiet); i++)
        ck_assert_double_lt(steepest_at_the_optimum(quiet[i]), 1e-6);
    ck_assert_double_gt(steepest_at_the_optimum("importance"), 0.01);
    ck_assert_double_gt(steepest_at_the_optimum("renyi alpha=0.5"), 0.01);
}
END_TEST

/* ---- functions for training loops of the program ----------------------------------------------- */

static genlat_tensor *tensor(int32_t ndim, const int64_t *dims, const float *data)
{
    genlat_tensor *out = NULL;
    ck_assert_int_eq(genlat_tensor_from(ctx, ndim, dims, data, &out), GENLAT_OK);
    return out;
}

START_TEST(public_kl_is_the_sum_of_its_parts)
{
    static const float means[] = {1, 0, -1, 2}, zeros[4] = {0};
    static const int64_t dims[] = {2, 2}, two[] = {2};
    genlat_tensor *mean = tensor(2, dims, means), *logvar = tensor(2, dims, zeros), *dmean = tensor(2, dims, zeros);
    genlat_tensor *per_dim = tensor(1, two, zeros);
    double value = 0;
    ck_assert_int_eq(genlat_kl_gauss(mean, logvar, &value, per_dim, dmean, NULL), GENLAT_OK);
    ck_assert_double_eq_tol(value, 1.5, 1e-6);
    ck_assert_double_eq_tol((double)genlat_tensor_const_data(per_dim)[1], 1, 1e-6);
    ck_assert_double_eq_tol((double)genlat_tensor_const_data(dmean)[3], 1, 1e-6);
    ck_assert_int_eq(genlat_kl_sampled(mean, mean, logvar, &value, NULL, dmean, NULL), GENLAT_OK);
    ck_assert_double_eq_tol(value, 1.5, 1e-6);
    ck_assert_double_eq_tol((double)genlat_tensor_const_data(dmean)[3], 0, 1e-6);
    ck_assert_int_eq(genlat_kl_gauss(mean, per_dim, &value, NULL, NULL, NULL), GENLAT_E_SHAPE);
    ck_assert_int_eq(genlat_kl_gauss(mean, logvar, NULL, NULL, NULL, NULL), GENLAT_E_INVALID);
    genlat_tensor_destroy(&mean);
    genlat_tensor_destroy(&logvar);
    genlat_tensor_destroy(&dmean);
    genlat_tensor_destroy(&per_dim);
}
END_TEST

/* Codes from the prior have no discrepancy; codes elsewhere do. */
START_TEST(discrepancy_compares_codes_with_the_prior)
{
    enum { ROWS = 300, DIMS = 2 };
    double value[2];
    for (int far = 0; far < 2; far++) {
        latent_rig r;
        open_rig(&r, ctx, &(gnl_latent_spec){"gaussian", "normal", "mmd weight=1", "elbo", DIMS}, ROWS, 1);
        for (int64_t i = 0; i < ROWS * DIMS; i++)
            r.head[0][i] = r.head[1][i] = 0; /* mean and log-variance */
        for (int64_t i = 0; far && i < ROWS * DIMS; i++)
            r.head[0][i] = 2;
        value[far] = latent_rig_objective(&r, false) - r.call.recon;
        latent_rig_close(&r);
    }
    ck_assert_double_lt(fabs(value[0]), 0.05);
    ck_assert_double_gt(value[1], 0.5);
}
END_TEST

/* The logs of variances are those of the code around zero noise, to first order: a planar flow mixes the numbers of the
 * noise; a step of an inverse autoregressive flow scales each by its gate. */
START_TEST(variances_are_those_around_zero_noise)
{
    enum { DIMS = 3 };
    static const char *const posteriors[] = {"planar steps=2", "iaf steps=1 layers=1 width=4 context=2"};
    const gnl_latent_spec spec = {posteriors[_i], "normal", "kl", "elbo", DIMS};
    const double step = 0.01;
    gnl_real found[DIMS];
    double square[DIMS] = {0};
    latent_rig r;
    open_rig(&r, ctx, &spec, 1, 1);
    for (int e = 0; e < DIMS; e++) {
        gnl_real low[DIMS];
        for (int side = -1; side <= 1; side += 2) {
            memset(r.code.noise, 0, DIMS * sizeof(gnl_real));
            r.code.noise[e] = (gnl_real)(side * step);
            gnl_latents_draw(r.latents, &r.code);
            for (int d = 0; d < DIMS && side > 0; d++)
                square[d] += _i && d != e ? 0 : pow((double)(r.code.z[d] - low[d]) / (2 * step), 2);
            memcpy(low, r.code.z, sizeof low);
        }
    }
    r.latents->posterior->type->logvar(r.latents->posterior, &r.code, found);
    for (int d = 0; d < DIMS; d++)
        ck_assert_double_eq_tol((double)found[d], log(square[d]), 0.01);
    latent_rig_close(&r);
}
END_TEST

/* The divergence of a dimension is known only if that of the code is their sum; NaN says so. */
START_TEST(unknown_divergences_of_dimensions_are_nan)
{
    enum { ROWS = 4, DIMS = 3 };
    static const char *const priors[] = {"normal", "mixture components=2"};
    latent_rig r;
    open_rig(&r, ctx, &(gnl_latent_spec){"gaussian", priors[_i], "kl", "elbo", DIMS}, ROWS, 1);
    gnl_latents_draw(r.latents, &r.code);
    (void)gnl_latents_kl(r.latents, &r.code);
    for (int d = 0; d < DIMS; d++)
        ck_assert_int_eq(isnan(r.code.per_dim[d]) != 0, _i);
    latent_rig_close(&r);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("calls of latents");
    TCase *tests = tcase_create("calls");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, path_gradients_vanish_at_the_optimum);
    tcase_add_test(tests, public_kl_is_the_sum_of_its_parts);
    tcase_add_test(tests, discrepancy_compares_codes_with_the_prior);
    tcase_add_loop_test(tests, variances_are_those_around_zero_noise, 0, 2);
    tcase_add_loop_test(tests, unknown_divergences_of_dimensions_are_nan, 0, 2);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
