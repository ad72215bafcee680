/* SPDX-License-Identifier: MIT */
/* Terms of the objective against what they estimate: the total correlation of known Gaussians, the parts of the KL, the
 * norm of a Jacobian. Permutations of critics, refusals, and bits that do not depend on threads. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "latent/latent_priv.h"
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

/* The value of the last term. */
static double value_of(latent_rig *r)
{
    (void)latent_rig_objective(r, false);
    return r->call.value[r->latents->terms - 1];
}

/* ---- total correlation ----------------------------------------------------------------------- */

static const char *const samplings[] = {"tc beta=2", "tc beta=2 sampling=stratified data=600"};

/* Means and noise are Gaussian, hence so is the aggregate posterior, whose total correlation is known. */
START_TEST(total_correlation_of_gaussians_is_found)
{
    enum { ROWS = 600, DIMS = 2 };
    const double variance = 0.3, correlation = 0.9;
    latent_rig r;
    open_rig(&r, ctx, &(gnl_latent_spec){"gaussian", "normal", samplings[_i], "elbo", DIMS}, ROWS, 1);
    for (int i = 0; i < ROWS; i++) {
        gnl_real *mean = r.head[0] + i * DIMS;
        mean[1] = (gnl_real)(correlation * (double)mean[0] + sqrt(1 - correlation * correlation) * (double)mean[1]);
        r.head[1][i * DIMS] = r.head[1][i * DIMS + 1] = (gnl_real)log(variance);
    }
    const double found = value_of(&r) / 0.7, rho = correlation / (1 + variance); /* 0.7: the schedule */
    ck_assert_double_eq_tol(found, -0.5 * log(1 - rho * rho), 0.06);
    latent_rig_close(&r);
}
END_TEST

/* With equal weights the three parts are the KL, estimated from the codes. */
START_TEST(equal_weights_weigh_the_kl)
{
    static const char *const terms[] = {"tc alpha=3 beta=3 gamma=3",
                                        "tc alpha=3 beta=3 gamma=3 sampling=stratified data=90"};
    enum { ROWS = 20, DIMS = 4, SAMPLES = 2 };
    double ratio[ROWS], mean = 0;
    latent_rig r;
    open_rig(&r, ctx, &(gnl_latent_spec){"gaussian", "mixture", terms[_i], "elbo", DIMS}, ROWS, SAMPLES);
    const double found = value_of(&r);
    for (int64_t s = 0; s < SAMPLES; s++) {
        gnl_latents_ratio(r.latents, &r.code, s, ratio);
        mean += gnl_latent_mean(ROWS, ratio) / SAMPLES;
    }
    ck_assert_double_eq_tol(found, 0.7 * 2 * mean, 1e-5 * fabs(mean));
    latent_rig_close(&r);
}
END_TEST

/* Stratified sampling uses the number of samples of the data: the option, or that of the trainer. */
START_TEST(stratified_sampling_uses_the_size_of_the_data)
{
    enum { ROWS = 20, DIMS = 4 };
    static const char *const terms[] = {"tc sampling=stratified", "tc sampling=stratified data=500",
                                        "tc sampling=stratified data=20"};
    static const int64_t known[] = {500, 0, 0, 0}; /* of the trainer */
    double found[4];
    for (int i = 0; i < 4; i++) {
        latent_rig r;
        open_rig(&r, ctx, &(gnl_latent_spec){"gaussian", "normal", terms[i % 3], "elbo", DIMS}, ROWS, 1);
        (void)latent_rig_objective(&r, false);
        r.call.data_rows = known[i];
        (void)gnl_latents_objective(&r.call);
        found[i] = r.call.value[0];
        latent_rig_close(&r);
    }
    ck_assert_double_eq(found[0], found[1]);
    ck_assert_double_eq(found[2], found[3]); /* unknown: the batch */
    ck_assert_double_gt(fabs(found[0] - found[2]), 0.1);
}
END_TEST

/* Terms that compare the rows of a batch are 0 for one row. */
START_TEST(one_row_has_no_correlation)
{
    static const char *const terms[] = {"tc", "tc alpha=2 gamma=2 sampling=stratified data=10"};
    latent_rig r, bare;
    open_rig(&r, ctx, &(gnl_latent_spec){"gaussian", "normal", terms[_i], "elbo", 3}, 1, 2);
    open_rig(&bare, ctx, &(gnl_latent_spec){"gaussian", "normal", "", "elbo", 3}, 1, 2);
    ck_assert_double_eq(latent_rig_backward(&r), latent_rig_backward(&bare));
    for (int h = 0; h < 2; h++)
        ck_assert_mem_eq(r.code.dhead[h], bare.code.dhead[h], 3 * sizeof(gnl_real));
    latent_rig_close(&r);
    latent_rig_close(&bare);
}
END_TEST

/* ---- critics --------------------------------------------------------------------------------- */

static int by_size(const void *a, const void *b)
{
    gnl_real x = *(const gnl_real *)a, y = *(const gnl_real *)b;
    return (x > y) - (x < y);
}

/* The fake vectors of the term factor have the numbers of the codes in each dimension, in an order that differs from
 * dimension to dimension and from step to step. */
START_TEST(dimensions_are_permuted)
{
    enum { ROWS = 9, SAMPLES = 2, CODES = ROWS * SAMPLES, DIMS = 3 };
    latent_rig r;
    gnl_real a[CODES], b[CODES], before[CODES * DIMS];
    int moved = 0, kept = 0;
    open_rig(&r, ctx, &(gnl_latent_spec){"gaussian", "normal", "factor width=4", "elbo", DIMS}, ROWS, SAMPLES);
    (void)latent_rig_backward(&r);
    const gnl_critic *critic = r.code.work[r.latents->term[0]->kind.index];
    const gnl_real *fake = critic->pair + CODES * DIMS;
    for (int d = 0; d < DIMS; d++) {
        for (int i = 0; i < CODES; i++) {
            a[i] = r.code.z[i * DIMS + d];
            b[i] = fake[i * DIMS + d];
            moved += a[i] != b[i];
        }
        qsort(a, CODES, sizeof *a, by_size);
        qsort(b, CODES, sizeof *b, by_size);
        ck_assert_mem_eq(a, b, sizeof a);
    }
    for (int i = 0; i < CODES; i++)
        for (int k = 0; k < CODES; k++)
            kept += fake[i * DIMS] == r.code.z[k * DIMS] && fake[i * DIMS + 1] == r.code.z[k * DIMS + 1];
    ck_assert_int_gt(moved, CODES * DIMS / 2);
    ck_assert_int_lt(kept, CODES / 2); /* dimensions of one code are separated */
    memcpy(before, fake, sizeof before);
    r.call.rng = gnl_rng_make(6, GNL_STREAM_AUGMENT, 0); /* of another step */
    (void)gnl_latents_objective(&r.call);
    gnl_latents_backward(&r.call);
    ck_assert_mem_ne(fake, before, sizeof before);
    latent_rig_close(&r);
}
END_TEST

/* ---- the Jacobian ---------------------------------------------------------------------------- */

static gnl_real decoded(latent_rig *r, genlat_exec *exec, int64_t output)
{
    gnl_exec_forward(exec, GNL_EVAL, 1, &(const gnl_real *){r->code.z});
    return gnl_exec_output(exec, 0)[output];
}

/* Over many directions, the mean of the estimate is the squared norm of the Jacobian, of which central differences are
 * taken here. */
START_TEST(the_jacobian_is_estimated_without_bias)
{
    enum { DIMS = 3, OUTPUTS = 5, DRAWS = 4000 };
    const genlat_exec_opts opts = GNL_EXEC_OPTS(.purpose = GENLAT_EXEC_INFERENCE);
    genlat_exec *exec = NULL;
    double norm = 0, mean = 0;
    latent_rig r;
    open_rig(&r, ctx, &(gnl_latent_spec){"point", "normal", "gradient weight=1", "elbo", DIMS}, 1, 1);
    for (int i = 0; i < DRAWS; i++) {
        (void)latent_rig_objective(&r, false);
        r.call.rng = gnl_rng_make(5, GNL_STREAM_AUGMENT, (uint64_t)i);
        mean += r.latents->term[0]->type->value(
                    r.latents->term[0], &(gnl_term_call){.latents = r.latents, .code = &r.code, .rng = r.call.rng}) /
                DRAWS;
    }
    ck_assert_int_eq(gnl_net_compile(r.decoder, 1, &opts, &exec), GENLAT_OK);
    for (int d = 0; d < DIMS; d++)
        for (int o = 0; o < OUTPUTS; o++) {
            const gnl_real kept = r.code.z[d];
            r.code.z[d] = kept + (gnl_real)0.01;
            double slope = (double)decoded(&r, exec, o);
            r.code.z[d] = kept - (gnl_real)0.01;
            slope = (slope - (double)decoded(&r, exec, o)) / 0.02;
            r.code.z[d] = kept;
            norm += slope * slope;
        }
    ck_assert_double_eq_tol(mean / norm, 1, 0.1);
    gnl_exec_release(exec);
    latent_rig_close(&r);
}
END_TEST

/* ---- refusals and threads -------------------------------------------------------------------- */

static const struct {
    gnl_latent_spec spec;
    const char *word;
} refusals[] = {
    {{"gaussian_full", "normal", "tc", "elbo", 2}, "needs a posterior with independent dimensions, gaussian_full"},
    {{"point", "normal", "tc", "elbo", 2}, "use posterior=gaussian"},
    {{"gaussian_full", "normal", "dip", "elbo", 2}, "posterior gaussian_full has no variances"},
    {{"point", "normal", "dip kind=2", "elbo", 2}, "use kind=1"},
};

START_TEST(unsupported_posteriors_are_refused)
{
    gnl_latents *latents = NULL;
    ck_assert_int_eq(gnl_latents_new(ctx, &refusals[_i].spec, &latents), GENLAT_E_UNSUPPORTED);
    ck_assert_ptr_null(latents);
    ck_assert_msg(strstr(genlat_last_error(), refusals[_i].word) != NULL, "'%s' does not contain '%s'",
                  genlat_last_error(), refusals[_i].word);
}
END_TEST

static const char *const threaded_terms[] = {"tc alpha=2 gamma=3", "dip", "factor width=8", "adversarial width=8",
                                             "gradient weight=1",  "l2"};

START_TEST(bits_do_not_depend_on_threads)
{
    enum { ROWS = 70, DIMS = 8 };
    const gnl_latent_spec spec = {"gaussian", "normal", threaded_terms[_i], "elbo", DIMS};
    genlat_ctx *threaded = NULL;
    genlat_ctx_opts opts;
    latent_rig one, three;
    genlat_ctx_opts_init(&opts);
    opts.threads = 3;
    ck_assert_int_eq(genlat_ctx_new(&opts, &threaded), GENLAT_OK);
    open_rig(&one, ctx, &spec, ROWS, 2);
    open_rig(&three, threaded, &spec, ROWS, 2);
    ck_assert_double_eq(latent_rig_backward(&one), latent_rig_backward(&three));
    for (int h = 0; h < 2; h++)
        ck_assert_mem_eq(one.code.dhead[h], three.code.dhead[h], ROWS * DIMS * sizeof(gnl_real));
    latent_rig_close(&one);
    latent_rig_close(&three);
    genlat_ctx_destroy(&threaded);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("terms of latents");
    TCase *tests = tcase_create("terms");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, total_correlation_of_gaussians_is_found, 0, 2);
    tcase_add_loop_test(tests, equal_weights_weigh_the_kl, 0, 2);
    tcase_add_test(tests, stratified_sampling_uses_the_size_of_the_data);
    tcase_add_loop_test(tests, one_row_has_no_correlation, 0, 2);
    tcase_add_test(tests, dimensions_are_permuted);
    tcase_add_test(tests, the_jacobian_is_estimated_without_bias);
    tcase_add_loop_test(tests, unsupported_posteriors_are_refused, 0, (int)GNL_COUNT(refusals));
    tcase_add_loop_test(tests, bits_do_not_depend_on_threads, 0, (int)GNL_COUNT(threaded_terms));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
