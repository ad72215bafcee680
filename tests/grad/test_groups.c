/* SPDX-License-Identifier: MIT */
/* Codes in three groups of dimensions: the gradients by all heads and all weights of the nets of the groups against
 * central differences in double, for every posterior and bound. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/latent_rig.h"
#include "support/slopes.h"

enum { ROWS = 4, DIMS = 6, SAMPLES = 3, GROUPS = 3, TEXT = 160 };

static genlat_ctx *ctx;

static void set_up(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
}

static void tear_down(void)
{
    genlat_ctx_destroy(&ctx);
}

static void open_rig(latent_rig *r, const char *posterior, const char *terms, const char *bound)
{
    const gnl_latent_spec spec = {posterior, "chain layers=1 width=3", terms, bound, DIMS};
    ck_assert_msg(latent_rig_open(r, ctx, &spec, ROWS, SAMPLES) == GENLAT_OK, "%s", genlat_last_error());
    ck_assert_int_eq(r->latents->groups, GROUPS);
    latent_rig_fill(r, 7);
}

/* Of the function by all heads and weights; latent_rig_backward() has computed the derivatives. */
static void check_all(latent_rig *r, const char *what, scalar_fn *f, void *arg)
{
    gnl_kind *kind = NULL;
    char name[2 * TEXT];
    for (int i = 0; i < r->latents->posterior->heads; i++)
        expect_slope(what, f, arg, ROWS * r->latents->posterior->head[i].width, r->head[i], r->code.dhead[i]);
    for (int i = 0; (kind = gnl_latents_owner(r->latents, i)); i++) {
        gnl_part part[GNL_MAX_KIND_PARTS];
        const int parts = gnl_kind_parts(kind, 0, part);
        for (int k = 0; k < parts; k++)
            for (int w = 0; w < part[k].weights; w++) {
                const gnl_weight *now = &part[k].weight[w];
                snprintf(name, sizeof name, "%s, by %s of %s", what, now->name, part[k].name);
                expect_slope(name, f, arg, now->count, part[k].value + now->offset,
                             gnl_part_grad(&part[k]) + now->offset);
            }
    }
}

/* ---- every posterior and bound ----------------------------------------------------------------- */

static const char *const posteriors[] = {"ladder groups=3x2x1", "markov groups=3x2x1 layers=1 width=3",
                                         "residual groups=3x2x1"};

static const char *const objectives[][2] = {
    {"kl beta=0.8", "elbo"},
    {"kl beta=0.8 free_bits=1.5 free=whole", "elbo"},
    {"kl beta=0.8 free_bits=1.5 free=whole_sample", "elbo"},
    {"kl beta=0.8", "importance"},
    {"kl beta=0.8", "renyi alpha=2"},
};

static double objective(void *arg)
{
    return latent_rig_objective(arg, false);
}

START_TEST(objectives_have_correct_derivatives)
{
    const int count = (int)GNL_COUNT(objectives);
    const char *const *now = objectives[_i % count];
    char what[TEXT];
    latent_rig r;
    snprintf(what, sizeof what, "%s; %s; %s", posteriors[_i / count], now[0], now[1]);
    open_rig(&r, posteriors[_i / count], now[0], now[1]);
    (void)latent_rig_backward(&r);
    check_all(&r, what, objective, &r);
    latent_rig_close(&r);
}
END_TEST

/* ---- balance ----------------------------------------------------------------------------------- */

/* The gradient leaves out how the weights of the groups depend on their KL. */
typedef struct balance {
    latent_rig rig;
    double weight[GROUPS];
} balance;

static double with_fixed_weights(void *arg)
{
    balance *b = arg;
    (void)latent_rig_objective(&b->rig, false);
    double total = b->rig.call.recon;
    for (int g = 0; g < GROUPS; g++)
        total += 0.7 * b->weight[g] * b->rig.call.group_kl[g];
    return total;
}

START_TEST(balanced_groups_have_derivatives_of_fixed_weights)
{
    balance b;
    open_rig(&b.rig, posteriors[_i], "kl balance=yes", "elbo");
    const double value = latent_rig_backward(&b.rig), *kl = b.rig.call.group_kl;
    for (int g = 0; g < GROUPS; g++)
        b.weight[g] = GROUPS * (GROUPS - g) * kl[g] / (3 * kl[0] + 2 * kl[1] + kl[2]);
    ck_assert_double_eq_tol(with_fixed_weights(&b), value, 1e-10);
    check_all(&b.rig, posteriors[_i], with_fixed_weights, &b);
    latent_rig_close(&b.rig);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("groups");
    TCase *tests = tcase_create("slopes");
    tcase_set_timeout(tests, 30);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, objectives_have_correct_derivatives, 0,
                        (int)(GNL_COUNT(posteriors) * GNL_COUNT(objectives)));
    tcase_add_loop_test(tests, balanced_groups_have_derivatives_of_fixed_weights, 0, (int)GNL_COUNT(posteriors));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
