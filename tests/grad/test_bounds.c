/* SPDX-License-Identifier: MIT */
/* Values of the bounds of one order after another, and gradients of terms with each bound, in double. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "latent/latent_priv.h"
#include "support/latent_kinds.h"
#include "support/latent_rig.h"
#include "support/slopes.h"
#include "support/variants.h"

enum { ROWS = 5, DIMS = 6, SAMPLES = 3, TEXT = VARIANT_TEXT };

static genlat_ctx *ctx;

static void set_up(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
}

static void tear_down(void)
{
    genlat_ctx_destroy(&ctx);
}

/* The text of one kind, with small values of options that are large by default. */
static const char *small_text(const gnl_kind_type *kind)
{
    static variants v;
    v.count = 0;
    add_variants(&v, kind->name, kind->options);
    return v.text[0];
}

static void open_rig(latent_rig *r, const char *terms, const char *bound)
{
    const gnl_latent_spec spec = {"gaussian", "normal", terms, bound, DIMS};
    ck_assert_msg(latent_rig_open(r, ctx, &spec, ROWS, SAMPLES) == GENLAT_OK, "%s", genlat_last_error());
    latent_rig_fill(r, 7);
}

/* Orders of the Renyi bound, in which it does not increase. */
static const char *const orders[] = {"-inf", "-2.5", "0", "0.5", "0.99999999", "1", "1.5", "4", "inf"};

static double value_of(const char *bound)
{
    latent_rig r;
    open_rig(&r, "kl beta=0.8", bound);
    const double value = latent_rig_objective(&r, false);
    latent_rig_close(&r);
    return value;
}

/* The order 0 is the importance-weighted bound, infinite orders are limits of finite ones, and the bound does not
 * increase with the order. */
START_TEST(renyi_bounds_are_ordered)
{
    double before = -INFINITY;
    for (size_t i = 0; i < GNL_COUNT(orders); i++) {
        char bound[TEXT];
        snprintf(bound, sizeof bound, "renyi alpha=%s", orders[i]);
        const double value = value_of(bound); /* the negative bound */
        ck_assert_msg(value > before, "alpha=%s: %.12g after %.12g", orders[i], value, before);
        before = value;
    }
    ck_assert_double_eq_tol(value_of("renyi alpha=0"), value_of("importance"), 1e-12);
    ck_assert_double_eq_tol(value_of("renyi alpha=0.9999999999"), value_of("renyi alpha=1"), 1e-7);
    ck_assert_double_eq_tol(value_of("renyi alpha=-1e9"), value_of("renyi alpha=-inf"), 1e-7);
    ck_assert_double_eq_tol(value_of("renyi alpha=1e9"), value_of("renyi alpha=inf"), 1e-7);
}
END_TEST

/* The gradient of a term does not depend on the bound or its estimator. */
START_TEST(terms_do_not_depend_on_the_bound)
{
    const variants *bounds = variants_of(gnl_bound_types);
    for (int i = 0; gnl_term_types[i]; i++)
        for (int b = 0; b < bounds->count; b++) {
            latent_rig with, without, alone;
            gnl_real expected[ROWS * DIMS];
            const char *term = small_text(&gnl_term_types[i]->kind);
            char both[2 * TEXT];
            if (gnl_term_types[i]->is_plain_kl) /* part of the bound itself */
                continue;
            snprintf(both, sizeof both, "kl; %s", term);
            open_rig(&with, both, bounds->text[b]);
            open_rig(&without, "kl", bounds->text[b]);
            open_rig(&alone, both, "elbo");
            (void)latent_rig_backward(&with);
            (void)latent_rig_backward(&without);
            (void)latent_rig_backward(&alone);
            memcpy(expected, alone.code.dhead[0], sizeof expected);
            latent_rig_close(&alone);
            open_rig(&alone, "kl", "elbo");
            (void)latent_rig_backward(&alone);
            for (int k = 0; k < ROWS * DIMS; k++)
                expected[k] += without.code.dhead[0][k] - alone.code.dhead[0][k];
            expect_close(both, ROWS * DIMS, with.code.dhead[0], expected);
            latent_rig_close(&with);
            latent_rig_close(&without);
            latent_rig_close(&alone);
        }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("bounds");
    TCase *tests = tcase_create("bounds");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, renyi_bounds_are_ordered);
    tcase_add_test(tests, terms_do_not_depend_on_the_bound);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
