/* SPDX-License-Identifier: MIT */
/*
 * Every penalty of the discriminator or of both nets, with each of its options. Gradients match central differences in
 * double, and
 * values are proportional to the weight. Penalties apply to the steps of their nets, lazy ones to one step of several.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/gan_rig.h"
#include "support/variants.h"
#include "net/exec_priv.h"

static genlat_ctx *ctx;

static void set_up(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
}

static void tear_down(void)
{
    genlat_ctx_destroy(&ctx);
}

/* Sets exactly the penalties in the text, none for "". The generator's weights have a small effect, the
 * discriminator's a larger one. */
static void open_rig(gan_rig *r, const char *penalties, const char *every)
{
    static const gnl_shape vector = {.ndim = 0};
    const char *const pairs[] = {"penalties", penalties, "penalty_every", every, "packing", "2", NULL};
    gan_rig_open(r, ctx, "mlp", "dense units=7; tanh; dense units=5; softplus name=features; dense units=1", &vector,
                 pairs);
}

static double objective_of(const char *penalties, const char *every, int net, int64_t step)
{
    gan_rig r;
    open_rig(&r, penalties, every);
    double value = gan_rig_objective(&r, net, step);
    gan_rig_close(&r);
    return value;
}

static const gnl_gan_penalty_type *type_of(int index)
{
    return gnl_gan_penalty_types[index];
}

static const variants *variants_of(const gnl_gan_penalty_type *type)
{
    static variants v;
    v.count = 0;
    add_variants(&v, type->name, type->options);
    return &v;
}

START_TEST(gradients_match_differences)
{
    const variants *v = variants_of(type_of(_i));
    for (int i = 0; i < v->count; i++)
        for (int net = GNL_GENERATOR; net <= GNL_DISCRIMINATOR; net++) {
            gan_rig r;
            open_rig(&r, v->text[i], "1");
            double error = gan_rig_error(&r, net);
            ck_assert_msg(error < 1e-6, "%s: the gradient of the %s is off by %g", v->text[i],
                          r.model->type->nets[net].name, error);
            gan_rig_close(&r);
        }
}
END_TEST

START_TEST(values_follow_the_weight)
{
    const gnl_gan_penalty_type *type = type_of(_i);
    for (int net = GNL_GENERATOR; net <= GNL_DISCRIMINATOR; net++) {
        char once[64], thrice[64];
        snprintf(once, sizeof once, "%s weight=0.5", type->name);
        snprintf(thrice, sizeof thrice, "%s weight=1.5", type->name);
        double none = objective_of("", "1", net, 0), one = objective_of(once, "1", net, 0) - none;
        ck_assert_msg((one > 0) == (type->nets >> net & 1), "%s adds %g in a step of net %d", type->name, one, net);
        ck_assert_double_eq_tol(objective_of(thrice, "1", net, 0) - none, 3 * one, 1e-9 * fmax(1, fabs(none)));
    }
}
END_TEST

/* A lazy penalty reports its mean over the steps. The gradient is applied once for all of them. */
START_TEST(lazy_penalties_are_skipped_between)
{
    const gnl_gan_penalty_type *type = type_of(_i);
    for (int net = GNL_GENERATOR; net <= GNL_DISCRIMINATOR; net++) {
        double none = objective_of("", "3", net, 1), always = objective_of(type->name, "1", net, 0);
        ck_assert_double_eq_tol(objective_of(type->name, "3", net, 3), always, 1e-9 * fmax(1, fabs(always)));
        double between = objective_of(type->name, "3", net, 1);
        ck_assert_double_eq_tol(between, type->lazy ? none : always, 1e-9 * fmax(1, fabs(always)));
    }
}
END_TEST

/* Gradient of the penalties in a step: the difference of the gradients with and without them. */
static void gradient_of(const char *penalties, const char *every, int64_t step, gnl_real *out, int64_t most)
{
    gan_rig with, without;
    open_rig(&with, penalties, every);
    open_rig(&without, "", every);
    (void)gan_rig_objective(&with, GNL_DISCRIMINATOR, step);
    (void)gan_rig_objective(&without, GNL_DISCRIMINATOR, step);
    const genlat_net *a = with.model->net[GNL_DISCRIMINATOR], *b = without.model->net[GNL_DISCRIMINATOR];
    ck_assert_int_le(a->values, most);
    memset(out, 0, (size_t)most * sizeof *out);
    for (int64_t i = 0; i < a->values; i++)
        out[i] = a->grad[i] - b->grad[i];
    gan_rig_close(&with);
    gan_rig_close(&without);
}

START_TEST(lazy_gradients_are_scaled_by_the_interval)
{
    enum { MOST = 1024 };
    static gnl_real always[MOST], third[MOST];
    const gnl_gan_penalty_type *type = type_of(_i);
    double size = 0;
    gradient_of(type->name, "1", 0, always, MOST);
    gradient_of(type->name, "3", 3, third, MOST);
    for (int i = 0; i < MOST; i++) {
        ck_assert_double_eq_tol((double)third[i], (type->lazy ? 3 : 1) * (double)always[i], 1e-9);
        size += (double)always[i] * (double)always[i];
    }
    ck_assert_double_gt(size, 0);
}
END_TEST

/* All kinds together, in the order of the table and in reverse. */
START_TEST(all_kinds_can_be_combined)
{
    char forward[512] = "", backward[512] = "";
    gan_rig a, b;
    int count = 0;
    while (gnl_gan_penalty_types[count])
        count++;
    for (int i = 0; i < count; i++) {
        strcat(strcat(forward, i ? "; " : ""), type_of(i)->name);
        strcat(strcat(backward, i ? "; " : ""), type_of(count - 1 - i)->name);
    }
    open_rig(&a, forward, "1");
    open_rig(&b, backward, "1");
    ck_assert_int_eq(gnl_gan_of(a.model)->penalties.count, count);
    for (int net = GNL_GENERATOR; net <= GNL_DISCRIMINATOR; net++) {
        double value = gan_rig_objective(&a, net, 0);
        ck_assert_double_eq_tol(value, gan_rig_objective(&b, net, 0), 1e-9 * fmax(1, fabs(value)));
        ck_assert_double_lt(gan_rig_error(&a, net), 1e-6);
    }
    gan_rig_close(&a);
    gan_rig_close(&b);
}
END_TEST

int main(void)
{
    int kinds = 0;
    while (gnl_gan_penalty_types[kinds])
        kinds++;
    Suite *suite = suite_create("penalties");
    TCase *tests = tcase_create("double");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, gradients_match_differences, 0, kinds);
    tcase_add_loop_test(tests, values_follow_the_weight, 0, kinds);
    tcase_add_loop_test(tests, lazy_penalties_are_skipped_between, 0, kinds);
    tcase_add_loop_test(tests, lazy_gradients_are_scaled_by_the_interval, 0, kinds);
    tcase_add_test(tests, all_kinds_can_be_combined);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
