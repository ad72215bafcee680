/* SPDX-License-Identifier: MIT */
/*
 * Every likelihood, the KL terms and the draws of Gaussian latents against central differences in double.
 * Each entry of the table of losses must have a case.
 */
#include <check.h>
#include <stdlib.h>
#include <tgmath.h>

#include "grad/loss_cases.h"
#include "loss/loss.h"

enum { ROWS = 5, MOST = 512 };

static const double STEP = 1e-5, LIMIT = 1e-6, SMALL = 1e-2;

static genlat_ctx *ctx;
static gnl_rng rng;

static void set_up(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
    rng = gnl_rng_make(7, GNL_STREAM_USER, 0);
}

static void tear_down(void)
{
    genlat_ctx_destroy(&ctx);
}

static gnl_compute compute(void)
{
    return (gnl_compute){ctx, gnl_kernels_of(ctx), NULL};
}

static void expect_close(const char *what, int64_t n, const gnl_real *found, const gnl_real *wanted)
{
    double size = SMALL;
    for (int64_t i = 0; i < n; i++)
        size = fmax(size, fabs((double)wanted[i]));
    for (int64_t i = 0; i < n; i++)
        ck_assert_msg(fabs((double)(found[i] - wanted[i])) <= LIMIT * size,
                      "%s: [%lld] is %.12g, %.12g wanted", what, (long long)i, (double)found[i],
                      (double)wanted[i]);
}

typedef double scalar_fn(void *arg);

static void expect_slope(const char *what, scalar_fn *f, void *arg, int64_t n, gnl_real *at,
                         const gnl_real *claimed)
{
    gnl_real slope[MOST];
    ck_assert_int_le(n, MOST);
    for (int64_t i = 0; i < n; i++) {
        gnl_real kept = at[i];
        at[i] = kept + STEP;
        double above = f(arg);
        at[i] = kept - STEP;
        slope[i] = (gnl_real)((above - f(arg)) / (2 * STEP));
        at[i] = kept;
    }
    expect_close(what, n, claimed, slope);
}

/* ---- likelihoods ----------------------------------------------------------------------------- */

typedef struct loss_rig {
    genlat_loss *loss;
    gnl_loss_call call;
    gnl_real out[MOST], target[MOST], dout[MOST];
    double nll[ROWS], weight[ROWS];
} loss_rig;

static gnl_real level(void)
{
    double u = gnl_rng_unit(&rng);
    return (gnl_real)(u < 0.2 ? 0 : u > 0.8 ? 1 : floor(gnl_rng_unit(&rng) * 256) / 255);
}

static gnl_real datum(const loss_case *c)
{
    switch (c->data) {
    case DATA_UNIT:
        return (gnl_real)gnl_rng_unit(&rng);
    case DATA_BINARY:
        return gnl_rng_unit(&rng) < 0.5;
    case DATA_CLASS:
        return (gnl_real)gnl_rng_below(&rng, (uint64_t)c->parts);
    case DATA_LEVEL:
        return level();
    case DATA_SYMMETRIC:
        return 2 * level() - 1;
    default:
        return (gnl_real)gnl_rng_gauss(&rng);
    }
}

static void rig_open(loss_rig *r, const loss_case *c)
{
    ck_assert_msg(gnl_loss_parse(ctx, c->spec, &r->loss) == GENLAT_OK, "%s", genlat_last_error());
    int64_t parts = gnl_loss_parts(r->loss);
    ck_assert(parts == 0 || parts == c->parts);
    gnl_rng_fill_normal(&rng, r->out, ROWS * c->parts * c->dims);
    for (int i = 0; i < ROWS * c->dims; i++)
        r->target[i] = datum(c);
    for (int i = 0; i < ROWS; i++)
        r->weight[i] = 0.5 + gnl_rng_unit(&rng);
    r->call = (gnl_loss_call){.compute = compute(),
                              .rows = ROWS,
                              .dims = c->dims,
                              .parts = c->parts,
                              .out = r->out,
                              .target = r->target,
                              .scale = 0.3,
                              .weight = r->weight,
                              .nll = r->nll,
                              .dout = r->dout,
                              .training = true};
}

static double loss_value(void *arg)
{
    loss_rig *r = arg;
    gnl_loss_call call = r->call;
    double total = 0;
    call.dout = NULL;
    gnl_loss_eval(r->loss, &call);
    for (int i = 0; i < ROWS; i++)
        total += call.scale * r->weight[i] * r->nll[i];
    return total;
}

START_TEST(likelihoods_have_right_slopes)
{
    const loss_case *c = &loss_cases[_i];
    loss_rig r = {0};
    rig_open(&r, c);
    gnl_loss_eval(r.loss, &r.call);
    expect_slope(c->spec, loss_value, &r, ROWS * c->parts * c->dims, r.out, r.dout);
    if (gnl_loss_trains(r.loss))
        expect_slope(c->spec, loss_value, &r, r.loss->values, r.loss->value, r.loss->grad);
    gnl_loss_release(r.loss);
}
END_TEST

/* Outside training, an optimal sd is the running one and does not depend on the outputs. */
START_TEST(running_scale_has_right_slopes)
{
    static const loss_case c = {"gaussian sd=optimal", 1, 6, DATA_NORMAL};
    loss_rig r = {0};
    rig_open(&r, &c);
    gnl_loss_eval(r.loss, &r.call);
    gnl_loss_release(r.loss);
    rig_open(&r, &c);
    r.loss->value[0] = (gnl_real)0.4;
    r.call.training = false;
    gnl_loss_eval(r.loss, &r.call);
    ck_assert_double_eq_tol((double)r.loss->value[0], 0.4, 1e-12);
    expect_slope(c.spec, loss_value, &r, ROWS * c.dims, r.out, r.dout);
    gnl_loss_release(r.loss);
}
END_TEST

START_TEST(every_loss_has_a_case)
{
    for (int i = 0; gnl_loss_types[i]; i++) {
        const char *name = gnl_loss_types[i]->name;
        bool found = false;
        for (size_t j = 0; j < GNL_COUNT(loss_cases); j++)
            found = found || strncmp(loss_cases[j].spec, name, strlen(name)) == 0;
        ck_assert_msg(found, "%s has no case", name);
    }
}
END_TEST

/* ---- KL terms -------------------------------------------------------------------------------- */

enum { DIMS = 6, LATENT = ROWS * DIMS };

typedef struct latent_rig {
    gnl_latent q;
    gnl_real mean[LATENT], logvar[LATENT], z[LATENT], noise[LATENT], dz[LATENT], dmean[LATENT],
        dlogvar[LATENT];
    double kl[ROWS], per_dim[DIMS], weight[ROWS];
    gnl_kl_rule rule;
} latent_rig;

static const gnl_kl_rule rules[] = {
    {.beta = 1},
    {.beta = 0.3},
    {.beta = 2, .free_bits = 0.9},
    {.beta = 2, .free_bits = 0.9, .each_sample = true},
    {.beta = 2, .free_bits = 5, .whole = true},
    {.beta = 2, .free_bits = 50, .whole = true},
    {.beta = 2, .free_bits = 5, .whole = true, .each_sample = true},
    {.gamma = 10, .capacity = 1},
    {.gamma = 10, .capacity = 25},
};

static void latent_open(latent_rig *l)
{
    *l = (latent_rig){.q = {compute(), ROWS, DIMS, l->mean, l->logvar}};
    gnl_rng_fill_normal(&rng, l->mean, LATENT);
    gnl_rng_fill_normal(&rng, l->logvar, LATENT);
    gnl_rng_fill_normal(&rng, l->z, LATENT);
    gnl_rng_fill_normal(&rng, l->noise, LATENT);
    for (int i = 0; i < ROWS; i++)
        l->weight[i] = 0.5 + gnl_rng_unit(&rng);
}

static double term_value(void *arg)
{
    latent_rig *l = arg;
    gnl_latent_kl(&l->q, l->kl, l->per_dim);
    return 0.7 * gnl_kl_term(&l->rule, &l->q, l->kl, l->per_dim);
}

START_TEST(kl_terms_have_right_slopes)
{
    latent_rig l;
    latent_open(&l);
    l.rule = rules[_i];
    term_value(&l);
    gnl_kl_term_backward(&l.rule, &l.q, l.kl, l.per_dim, 0.7, l.dmean, l.dlogvar);
    expect_slope("term by mean", term_value, &l, LATENT, l.mean, l.dmean);
    expect_slope("term by logvar", term_value, &l, LATENT, l.logvar, l.dlogvar);
}
END_TEST

/* A rule's two ways to the same number: free bits that never bind are the plain KL. */
START_TEST(free_bits_that_never_bind_change_nothing)
{
    latent_rig l;
    latent_open(&l);
    l.rule = (gnl_kl_rule){.beta = 1};
    double plain = term_value(&l);
    for (int i = 0; i < 4; i++) {
        l.rule = (gnl_kl_rule){.beta = 1, .free_bits = 1e-12, .whole = i & 1, .each_sample = i & 2};
        ck_assert_double_eq_tol(term_value(&l), plain, 1e-9);
    }
}
END_TEST

static double sampled_value(void *arg)
{
    latent_rig *l = arg;
    double out[ROWS], total = 0;
    gnl_latent_kl_sampled(&l->q, l->z, out);
    for (int i = 0; i < ROWS; i++)
        total += 0.7 * l->weight[i] * out[i];
    return total;
}

START_TEST(sampled_kl_has_right_slopes)
{
    latent_rig l;
    latent_open(&l);
    gnl_latent_kl_sampled_backward(&l.q, l.z, 0.7, l.weight, l.dz, l.dmean, l.dlogvar);
    expect_slope("sampled by z", sampled_value, &l, LATENT, l.z, l.dz);
    expect_slope("sampled by mean", sampled_value, &l, LATENT, l.mean, l.dmean);
    expect_slope("sampled by logvar", sampled_value, &l, LATENT, l.logvar, l.dlogvar);
}
END_TEST

static double draw_value(void *arg)
{
    latent_rig *l = arg;
    gnl_real z[LATENT];
    double total = 0;
    gnl_latent_sample(&l->q, l->noise, z);
    for (int i = 0; i < LATENT; i++)
        total += (double)(l->dz[i] * z[i]);
    return total;
}

START_TEST(draws_have_right_slopes)
{
    latent_rig l;
    latent_open(&l);
    gnl_rng_fill_normal(&rng, l.dz, LATENT);
    gnl_latent_sample_backward(&l.q, l.noise, l.dz, l.dmean, l.dlogvar);
    expect_slope("draw by mean", draw_value, &l, LATENT, l.mean, l.dmean);
    expect_slope("draw by logvar", draw_value, &l, LATENT, l.logvar, l.dlogvar);
}
END_TEST

/* The sampled KL is the difference of the two densities that are computed apart. */
START_TEST(sampled_kl_is_a_difference_of_densities)
{
    latent_rig l;
    double kl[ROWS], q[ROWS], p[ROWS];
    latent_open(&l);
    gnl_latent prior = {compute(), ROWS, DIMS, NULL, NULL};
    gnl_latent_kl_sampled(&l.q, l.z, kl);
    gnl_latent_log_density(&l.q, l.z, q);
    gnl_latent_log_density(&prior, l.z, p);
    for (int i = 0; i < ROWS; i++)
        ck_assert_double_eq_tol(kl[i], q[i] - p[i], 1e-9);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("loss");
    TCase *tests = tcase_create("slopes");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, every_loss_has_a_case);
    tcase_add_loop_test(tests, likelihoods_have_right_slopes, 0, (int)GNL_COUNT(loss_cases));
    tcase_add_test(tests, running_scale_has_right_slopes);
    tcase_add_loop_test(tests, kl_terms_have_right_slopes, 0, (int)GNL_COUNT(rules));
    tcase_add_test(tests, free_bits_that_never_bind_change_nothing);
    tcase_add_test(tests, sampled_kl_has_right_slopes);
    tcase_add_test(tests, draws_have_right_slopes);
    tcase_add_test(tests, sampled_kl_is_a_difference_of_densities);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
