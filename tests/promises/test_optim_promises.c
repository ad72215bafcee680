/* SPDX-License-Identifier: MIT */
/* What optim.h says of optimizers, schedules and averages. */
#include "promises/rig.h"

#include <stdint.h>

/* A net y = w x + b with w and b known, its gradients, and an optimizer of them. */
static genlat_net *net;
static genlat_tensor *w, *b, *dw, *db;
static genlat_optim *optim;

static void begin(genlat_optim *made)
{
    if (!net) {
        net = net_of(1, "dense units=1 name=l");
        ok(genlat_net_weight(net, "l.weight", &w));
        ok(genlat_net_weight(net, "l.bias", &b));
        ok(genlat_net_grad(net, "l.weight", &dw));
        ok(genlat_net_grad(net, "l.bias", &db));
    }
    optim = made;
    ok(genlat_tensor_fill(w, 1));
    ok(genlat_tensor_fill(b, 2));
    ok(genlat_tensor_fill(dw, 3));
    ok(genlat_tensor_fill(db, -4));
}

static float of(const genlat_tensor *t)
{
    return genlat_tensor_const_data(t)[0];
}

static void end(void)
{
    genlat_tensor **all[] = {&w, &b, &dw, &db};
    for (size_t i = 0; i < COUNT(all); i++)
        genlat_tensor_destroy(all[i]);
    genlat_optim_destroy(&optim);
    genlat_net_destroy(&net);
}

static genlat_optim *from_text(const char *text)
{
    genlat_optim *out = NULL;
    ok(genlat_optim_from_text(ctx, text, &out));
    return out;
}

/* The first step of every rule, by its formula, with g = 3 of the weight and the defaults. */
START_TEST(first_steps_follow_the_formulas)
{
    genlat_optim *made[5] = {NULL};
    ok(genlat_sgd_new(ctx, NULL, &made[0]));
    ok(genlat_rmsprop_new(ctx, NULL, &made[1]));
    ok(genlat_adam_new(ctx, NULL, &made[2]));
    ok(genlat_adamax_new(ctx, NULL, &made[3]));
    ok(genlat_lion_new(ctx, NULL, &made[4]));
    static const char *const names[] = {"sgd", "rmsprop", "adam", "adamax", "lion"};
    const double wanted[] = {1 - 0.01 * 3, 1 - 0.01 * 3 / sqrt(0.01 * 9), 1 - 0.001, 1 - 0.002, 1 - 1e-4};
    for (size_t i = 0; i < COUNT(made); i++) {
        char text[64];
        ok(genlat_optim_format(made[i], text, sizeof text));
        ck_assert_str_eq(text, names[i]); /* defaults */
        begin(made[i]);
        ck_assert_double_eq(genlat_optim_grad_norm(optim), 0);
        ok(genlat_optim_add(optim, net, NULL, NULL));
        const long before = allocations;
        ok(genlat_optim_step(optim));
        ck_assert_int_eq(allocations, before);
        ck_assert_msg(fabs((double)of(w) - wanted[i]) < 1e-6, "%s: %g, %g expected", names[i], (double)of(w),
                      wanted[i]);
        ck_assert_double_eq_tol(genlat_optim_grad_norm(optim), 5, 1e-6);
        ck_assert_int_eq(genlat_optim_steps(optim), 1);
        ck_assert_float_eq(of(dw), 3); /* the gradients stay */
        ok(genlat_optim_zero_grad(optim));
        ck_assert_float_eq(of(db), 0);
        genlat_optim_destroy(&optim);
        ck_assert_ptr_null(optim);
    }
    genlat_optim_destroy(NULL);
    end();
}
END_TEST

START_TEST(adamw_is_adam_with_decoupled_decay)
{
    char text[96];
    begin(from_text("adamw"));
    ok(genlat_optim_format(optim, text, sizeof text));
    genlat_optim *again = from_text(text), *same = from_text("adam decoupled=yes weight_decay=0.01");
    ok(genlat_optim_add(optim, net, "", NULL));
    ok(genlat_optim_step(optim));
    const float first = of(w);
    ck_assert_float_eq_tol(first, 1 - 0.001f * 0.01f - 0.001f, 1e-6); /* decay shrinks apart from the gradient */
    ck_assert_float_eq_tol(of(b), 2 + 0.001f, 1e-6);                  /* biases do not decay */
    genlat_optim_destroy(&optim);
    genlat_optim *others[] = {again, same};
    for (int i = 0; i < 2; i++) {
        begin(others[i]);
        ok(genlat_optim_add(optim, net, "", NULL));
        ok(genlat_optim_step(optim));
        ck_assert_float_eq(of(w), first);
        genlat_optim_destroy(&optim);
    }
    end();
}
END_TEST

START_TEST(gradients_are_clipped_and_accumulated)
{
    begin(from_text("sgd lr=1 clip_norm=1"));
    ok(genlat_optim_add(optim, net, NULL, NULL));
    ok(genlat_optim_step(optim));
    ck_assert_float_eq_tol(of(w), 1 - 0.6f, 1e-6); /* the norm of all together */
    ck_assert_double_eq_tol(genlat_optim_grad_norm(optim), 5, 1e-6);
    genlat_optim_destroy(&optim);
    begin(from_text("sgd lr=1 clip_value=1"));
    ok(genlat_optim_add(optim, net, NULL, NULL));
    ok(genlat_optim_step(optim));
    ck_assert_float_eq_tol(of(w), 0, 1e-6);
    ck_assert_float_eq_tol(of(b), 3, 1e-6);
    genlat_optim_destroy(&optim);
    begin(from_text("sgd lr=1 accumulate=2"));
    ok(genlat_optim_add(optim, net, NULL, NULL));
    ok(genlat_optim_step(optim));
    ck_assert_float_eq_tol(of(w), 1 - 1.5f, 1e-6); /* the mean of two backward passes */
    end();
}
END_TEST

START_TEST(groups_are_added_before_the_first_step)
{
    genlat_group_opts opts;
    genlat_loss *learned = NULL, *plain = NULL;
    genlat_group_opts_init(&opts);
    begin(from_text("sgd lr=0.1 weight_decay=1"));
    REFUSED(GENLAT_E_STATE, genlat_optim_step, optim); /* no weights */
    ok(genlat_loss_new(ctx, "gaussian sd=learned", &learned));
    ok(genlat_loss_new(ctx, "bernoulli", &plain));
    ok(genlat_optim_add_loss(optim, plain, NULL)); /* trains nothing, and is ignored */
    REFUSED(GENLAT_E_STATE, genlat_optim_step, optim);
    opts.weight_decay = -0.5;
    REFUSED(GENLAT_E_RANGE, genlat_optim_add, optim, net, "", &opts);
    REFUSED(GENLAT_E_RANGE, genlat_optim_add_loss, optim, learned, &opts);
    opts.weight_decay = 0;
    opts.lr_scale = 2;
    REFUSED(GENLAT_E_NOT_FOUND, genlat_optim_add, optim, net, "x", &opts);
    ok(genlat_optim_add(optim, net, "l.w", &opts)); /* the exception first */
    ok(genlat_optim_add(optim, net, NULL, NULL));   /* it stays in its group */
    REFUSED(GENLAT_E_NOT_FOUND, genlat_optim_add, optim, net, NULL, NULL);
    double before = 0, after = 0;
    ok(genlat_loss_scale(learned, &before));
    ok(genlat_optim_add_loss(optim, learned, NULL));
    ok(genlat_optim_step(optim));
    ck_assert_float_eq_tol(of(w), 1 - 0.2f * 3, 1e-6); /* twice the rate, no decay */
    ck_assert_float_eq_tol(of(b), 2 + 0.1f * 4, 1e-6);
    ok(genlat_loss_scale(learned, &after));
    ck_assert_double_eq(before, after); /* no gradient, and no decay with the optimizer's */
    REFUSED(GENLAT_E_STATE, genlat_optim_add, optim, net, NULL, NULL);
    REFUSED(GENLAT_E_STATE, genlat_optim_add_loss, optim, learned, NULL);
    genlat_loss_destroy(&learned); /* retained */
    genlat_loss_destroy(&plain);
    genlat_net_destroy(&net);
    ok(genlat_optim_step(optim));
    ck_assert_int_eq(genlat_optim_steps(optim), 2);
    end();
}
END_TEST

START_TEST(refused_steps_change_nothing)
{
    begin(from_text("adam lr=0.1"));
    ok(genlat_optim_add(optim, net, NULL, NULL));
    ok(genlat_optim_step(optim));
    const float before = of(w);
    ok(genlat_tensor_fill(db, NAN));
    REFUSED(GENLAT_E_NUMERIC, genlat_optim_step, optim);
    ck_assert_float_eq(of(w), before);
    ck_assert_int_eq(genlat_optim_steps(optim), 1);
    ck_assert(!isfinite(genlat_optim_grad_norm(optim)));
    ok(genlat_tensor_fill(db, 1));
    ok(genlat_net_freeze(net, "l.weight", 1));
    ok(genlat_optim_step(optim));
    ck_assert_float_eq(of(w), before); /* frozen */
    ck_assert_int_eq(genlat_optim_steps(optim), 2);
    end();
}
END_TEST

START_TEST(rates_can_be_changed)
{
    begin(from_text("sgd lr=0.5"));
    ok(genlat_optim_add(optim, net, NULL, NULL));
    ck_assert_double_eq(genlat_optim_lr(optim), 0.5);
    ok(genlat_optim_set_lr(optim, 0));
    REFUSED(GENLAT_E_RANGE, genlat_optim_set_lr, optim, -1);
    REFUSED(GENLAT_E_RANGE, genlat_optim_set_lr, optim, INFINITY);
    REFUSED(GENLAT_E_RANGE, genlat_optim_set_lr, optim, NAN);
    ok(genlat_optim_step(optim));
    ck_assert_float_eq(of(w), 1);
    ck_assert_double_eq(genlat_optim_lr(optim), 0);
    ck_assert_double_eq(genlat_optim_lr(NULL), 0);
    ck_assert_int_eq(genlat_optim_steps(NULL), 0);
    ck_assert_double_eq(genlat_optim_grad_norm(NULL), 0);
    genlat_optim *none = NULL;
    REFUSED(GENLAT_E_INVALID, genlat_optim_from_text, ctx, "sgd nesterov=yes", &none);
    end();
}
END_TEST

/* ---- schedules -------------------------------------------------------------------------------- */

static double value_of(const char *text, int64_t step)
{
    genlat_schedule *schedule = NULL;
    ok(genlat_schedule_new(ctx, text, &schedule));
    const long before = allocations;
    const double value = genlat_schedule_value(schedule, step);
    ck_assert_int_eq(allocations, before);
    ok(genlat_schedule_report(schedule, NAN)); /* only plateau listens */
    if (strncmp(text, "plateau", 7) != 0)
        ck_assert_double_eq(genlat_schedule_value(schedule, step), value);
    genlat_schedule_destroy(&schedule);
    return value;
}

START_TEST(schedules_have_the_values_of_their_kinds)
{
    static const struct {
        const char *text;
        int64_t step;
        double value;
    } rows[] = {{"1e-3", 7, 1e-3},
                {"constant value=1e-3", INT64_MAX, 1e-3},
                {"linear from=0 to=1 steps=1000", 250, 0.25},
                {"linear from=0.5 to=1 steps=1000", -3, 0.5}, /* a negative step is 0 */
                {"linear from=0 to=1 steps=1000", 5000, 1},
                {"exponential from=1e-3 factor=0.5", 2, 2.5e-4},
                {"steps from=0.1 factor=0.1 milestones=30x60x80", 29, 0.1},
                {"steps from=0.1 factor=0.1 milestones=30x60x80", 60, 0.001},
                {"cosine from=1 to=0 steps=10", 5, 0.5},
                {"plateau from=1e-3 factor=0.5 patience=10", 99, 1e-3},
                {"linear from=0 to=1 steps=10 then 3", 12, 3}};
    for (size_t i = 0; i < COUNT(rows); i++)
        ck_assert_msg(fabs(value_of(rows[i].text, rows[i].step) - rows[i].value) < 1e-12, "%s at %lld", rows[i].text,
                      (long long)rows[i].step);
    ck_assert_double_eq(genlat_schedule_value(NULL, 3), 0);
}
END_TEST

START_TEST(a_plateau_counts_reports)
{
    genlat_schedule *schedule = NULL;
    ok(genlat_schedule_new(ctx, "plateau from=1 factor=0.5 patience=2", &schedule));
    ok(genlat_schedule_report(schedule, 5));
    ok(genlat_schedule_report(schedule, NAN)); /* no progress */
    ok(genlat_schedule_report(schedule, INFINITY));
    ck_assert_double_eq(genlat_schedule_value(schedule, 0), 1);
    ok(genlat_schedule_report(schedule, 5));
    ck_assert_double_eq(genlat_schedule_value(schedule, 0), 0.5);
    genlat_schedule_destroy(&schedule);
}
END_TEST

/* ---- averages --------------------------------------------------------------------------------- */

START_TEST(averages_follow_their_half_life)
{
    genlat_ema *ema = NULL;
    genlat_ema_opts opts;
    genlat_ema_opts_init(&opts);
    opts.half_life = 100;
    begin(NULL);
    ok(genlat_ema_new(net, &opts, &ema)); /* starts at the present weights */
    ok(genlat_tensor_fill(w, 9));
    const long before = allocations;
    ok(genlat_ema_update(ema, 0));
    ok(genlat_ema_update(ema, 100));
    REFUSED(GENLAT_E_RANGE, genlat_ema_update, ema, -1);
    ok(genlat_ema_swap(ema));
    ck_assert_float_eq_tol(of(w), 5, 1e-6); /* halfway from 1 to 9 */
    REFUSED(GENLAT_E_STATE, genlat_ema_update, ema, 1);
    ck_assert_int_eq(allocations, before);
    genlat_ema_destroy(&ema); /* swaps itself out */
    ck_assert_float_eq(of(w), 9);
    ck_assert_ptr_null(ema);
    genlat_ema_destroy(NULL);
    end();
}
END_TEST

START_TEST(averages_are_copied_into_the_same_architecture)
{
    genlat_ema *ema = NULL;
    begin(NULL);
    genlat_net *same = net_of(1, "dense units=1 name=l"), *other = net_of(1, "dense units=1 name=m"),
               *wide = net_of(2, "dense units=1 name=l");
    genlat_tensor *copy = NULL;
    ok(genlat_ema_new(net, NULL, &ema));
    ok(genlat_tensor_fill(w, 9));
    ok(genlat_ema_copy(ema, same));
    ok(genlat_net_weight(same, "l.weight", &copy));
    ck_assert_float_eq(of(copy), 1);
    ok(genlat_ema_swap(ema));
    ok(genlat_tensor_fill(copy, 0));
    ok(genlat_ema_copy(ema, same)); /* the average, swapped in or not */
    ck_assert_float_eq(of(copy), 1);
    ok(genlat_ema_swap(ema));
    REFUSED(GENLAT_E_SHAPE, genlat_ema_copy, ema, other);
    REFUSED(GENLAT_E_SHAPE, genlat_ema_copy, ema, wide);
    genlat_tensor_destroy(&copy);
    genlat_net_destroy(&same);
    genlat_net_destroy(&other);
    genlat_net_destroy(&wide);
    genlat_net_destroy(&net); /* retained by the average */
    ok(genlat_ema_update(ema, 10));
    genlat_ema_destroy(&ema);
    end();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {first_steps_follow_the_formulas,
                                  adamw_is_adam_with_decoupled_decay,
                                  gradients_are_clipped_and_accumulated,
                                  groups_are_added_before_the_first_step,
                                  refused_steps_change_nothing,
                                  rates_can_be_changed,
                                  schedules_have_the_values_of_their_kinds,
                                  a_plateau_counts_reports,
                                  averages_follow_their_half_life,
                                  averages_are_copied_into_the_same_architecture,
                                  NULL};
    return run_tests("promises of optimizers", tests);
}
