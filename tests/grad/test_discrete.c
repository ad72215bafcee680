/* SPDX-License-Identifier: MIT */
/* Gradients of discrete posteriors by the encoder's output. That of rounding or of the nearest code is replaced: they
 * are compared with central differences of the function whose gradient is used instead. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "support/latent_rig.h"
#include "support/slopes.h"

enum { ROWS = 5, DIMS = 6, SAMPLES = 2, CODES = ROWS * DIMS };

static genlat_ctx *ctx;

static void set_up(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
}

static void tear_down(void)
{
    genlat_ctx_destroy(&ctx);
}

/* Opens a rig with random derivatives by z, the same for all posteriors. */
static void open_rig(latent_rig *r, const char *posterior, gnl_real *dz)
{
    const gnl_latent_spec spec = {posterior, "uniform", "", "elbo", DIMS};
    gnl_rng rng = gnl_rng_make(11, GNL_STREAM_USER, 0);
    ck_assert_msg(latent_rig_open(r, ctx, &spec, ROWS, SAMPLES) == GENLAT_OK, "%s", genlat_last_error());
    latent_rig_fill(r, 7);
    gnl_rng_fill_normal(&rng, dz, SAMPLES * CODES);
}

static void backward(latent_rig *r, const gnl_real *dz)
{
    gnl_bound_call call = {.latents = r->latents, .code = &r->code};
    gnl_latents_draw(r->latents, &r->code);
    memcpy(r->code.dz, dz, SAMPLES * CODES * sizeof *dz);
    gnl_latents_backward(&call);
}

static double own_loss(void *arg)
{
    latent_rig *r = arg;
    const gnl_posterior *q = r->latents->posterior;
    gnl_latents_draw(r->latents, &r->code);
    return q->type->loss(q, &r->code);
}

/* The derivative is that of the commitment, plus that by the codes of all samples. */
START_TEST(codes_of_vq_pass_derivatives_straight)
{
    static const char *const texts[] = {"vq codes=8 width=2 commitment=0.7", "vq codes=8 width=3 books=3", "vq"};
    static const gnl_real none[SAMPLES * CODES];
    gnl_real dz[SAMPLES * CODES], commitment[CODES];
    latent_rig r;
    open_rig(&r, texts[_i], dz);
    backward(&r, none);
    expect_slope("commitment", own_loss, &r, CODES, r.head[0], r.code.dhead[0]);
    memcpy(commitment, r.code.dhead[0], sizeof commitment);
    backward(&r, dz);
    for (int i = 0; i < CODES; i++)
        ck_assert_double_eq_tol((double)(r.code.dhead[0][i] - commitment[i]), (double)(dz[i] + dz[CODES + i]), 1e-12);
    latent_rig_close(&r);
}
END_TEST

/* The bounded numbers of fsq before rounding, for levels 4, 3 and 5 of three channels with two positions. */
typedef struct bounded {
    const latent_rig *rig;
    const gnl_real *dz;
} bounded;

static double bounded_value(void *arg)
{
    static const int levels[] = {4, 3, 5};
    const bounded *b = arg;
    double total = 0;
    for (int i = 0; i < CODES; i++) {
        const int l = levels[i % DIMS / 2];
        const double half = (l - 1) * 1.001 / 2, offset = l % 2 ? 0 : 0.5;
        const double x = tanh((double)b->rig->head[0][i] + atanh(offset / half)) * half - offset;
        total += (double)(b->dz[i] + b->dz[CODES + i]) * x / (double)(l / 2);
    }
    return total;
}

START_TEST(levels_of_fsq_have_the_derivative_of_the_bounded_number)
{
    gnl_real dz[SAMPLES * CODES];
    latent_rig r;
    open_rig(&r, "fsq levels=4x3x5", dz);
    bounded b = {&r, dz};
    backward(&r, dz);
    expect_slope("fsq", bounded_value, &b, CODES, r.head[0], r.code.dhead[0]);
    latent_rig_close(&r);
}
END_TEST

/* One-hot codes have the gradient of the soft codes of the same noise, which tests/grad/test_latent.c tests. */
START_TEST(hard_codes_have_the_gradient_of_soft_ones)
{
    gnl_real dz[SAMPLES * CODES];
    latent_rig hard, soft;
    open_rig(&hard, "categorical classes=3 hard=yes", dz);
    open_rig(&soft, "categorical classes=3", dz);
    backward(&hard, dz);
    backward(&soft, dz);
    ck_assert_mem_eq(hard.code.dhead[0], soft.code.dhead[0], CODES * sizeof(gnl_real));
    ck_assert_mem_eq(hard.code.index, soft.code.index, SAMPLES * ROWS * 2 * sizeof(int32_t));
    for (int i = 0; i < SAMPLES * ROWS * 2; i++)
        for (int k = 0; k < 3; k++)
            ck_assert_double_eq((double)hard.code.z[i / 2 * DIMS + k * 2 + i % 2], hard.code.index[i] == k);
    latent_rig_close(&hard);
    latent_rig_close(&soft);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("discrete");
    TCase *tests = tcase_create("surrogates");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, codes_of_vq_pass_derivatives_straight, 0, 3);
    tcase_add_test(tests, levels_of_fsq_have_the_derivative_of_the_bounded_number);
    tcase_add_test(tests, hard_codes_have_the_gradient_of_soft_ones);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
