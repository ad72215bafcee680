/* SPDX-License-Identifier: MIT */
/* The critics of terms, which learn by a loss of their own, against central differences in double. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "latent/latent_priv.h"
#include "support/latent_rig.h"
#include "support/slopes.h"

enum { ROWS = 5, DIMS = 6, SAMPLES = 3 };

static genlat_ctx *ctx;

static void set_up(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
}

static void tear_down(void)
{
    genlat_ctx_destroy(&ctx);
}

/* The loss of a critic on the vectors that its last step has used. */
typedef struct critic_study {
    genlat_exec *exec;
    const gnl_real *pair;
    int64_t rows; /* of the real and of the fake vectors */
    double factor;
} critic_study;

static double cross_entropy(void *arg)
{
    const critic_study *s = arg;
    double total = 0;
    gnl_exec_forward(s->exec, GNL_EVAL, 2 * s->rows, &s->pair);
    for (int64_t i = 0; i < 2 * s->rows; i++) {
        const double odds = (double)gnl_exec_output(s->exec, 0)[i];
        total += log1p(exp(i < s->rows ? -odds : odds)) / (double)s->rows;
    }
    return s->factor * total;
}

static const struct {
    const char *term;
    double factor;
    bool codes_are_real;
} critics[] = {{"factor width=4 depth=2", 0.5, true}, {"adversarial width=5 depth=1", 1, false}};

/* A critic follows the derivatives of its own loss, on the codes and other vectors. */
START_TEST(critics_follow_their_own_loss)
{
    enum { CODES = SAMPLES * ROWS };
    const genlat_exec_opts opts = GNL_EXEC_OPTS(.purpose = GENLAT_EXEC_INFERENCE);
    const gnl_latent_spec spec = {"gaussian", "mixture", critics[_i].term, "elbo", DIMS};
    latent_rig r;
    ck_assert_int_eq(latent_rig_open(&r, ctx, &spec, ROWS, SAMPLES), GENLAT_OK);
    latent_rig_fill(&r, 7);
    (void)latent_rig_backward(&r);
    genlat_net *net = r.latents->term[0]->kind.net;
    const gnl_part part = gnl_part_of_net(net, "critic", 0);
    const gnl_critic *critic = r.code.work[r.latents->term[0]->kind.index];
    critic_study s = {.pair = critic->pair, .rows = CODES, .factor = critics[_i].factor};
    ck_assert_mem_eq(s.pair + (critics[_i].codes_are_real ? 0 : CODES * DIMS), r.code.z, CODES * DIMS * sizeof *s.pair);
    ck_assert_int_eq(gnl_net_compile(net, 2 * CODES, &opts, &s.exec), GENLAT_OK);
    expect_slope(critics[_i].term, cross_entropy, &s, part.values, part.value, gnl_part_grad(&part));
    gnl_exec_release(s.exec);
    latent_rig_close(&r);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("critics");
    TCase *tests = tcase_create("slopes");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, critics_follow_their_own_loss, 0, (int)GNL_COUNT(critics));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
