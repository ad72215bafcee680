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

/* ---- states ---------------------------------------------------------------------------------- */

/* A loop of the program's own: a net with dropout, a likelihood with a learned scale, an optimizer of both. */
typedef struct loop {
    genlat_net *net;
    genlat_exec *exec;
    genlat_loss *loss;
    genlat_optim *optim;
} loop;

static loop loop_new(const char *rule)
{
    loop l = {.net = net_of(2, "dense units=8 name=a; tanh; dropout p=0.3; dense units=2 name=b")};
    ok(genlat_loss_new(ctx, "gaussian sd=learned", &l.loss));
    ok(genlat_optim_from_text(ctx, rule, &l.optim));
    ok(genlat_optim_add(l.optim, l.net, "a.", NULL));
    ok(genlat_optim_add(l.optim, l.net, NULL, NULL));
    ok(genlat_optim_add_loss(l.optim, l.loss, NULL));
    l.exec = exec_of(l.net, 4, GENLAT_EXEC_TRAINING);
    return l;
}

static void loop_free(loop *l)
{
    genlat_optim_destroy(&l->optim);
    genlat_exec_destroy(&l->exec);
    genlat_loss_destroy(&l->loss);
    genlat_net_destroy(&l->net);
}

static void loop_run(loop *l, int64_t steps)
{
    genlat_tensor *x = counting(2, (int64_t[]){4, 2}), *dy = counting(2, (int64_t[]){4, 2});
    for (int64_t i = 0; i < steps; i++) {
        const int64_t step = genlat_optim_steps(l->optim);
        const genlat_tensor *y = NULL;
        double value = 0;
        genlat_tensor_data(x)[0] = (float)(step % 3);
        ok(genlat_optim_set_lr(l->optim, 0.01 / (double)(step + 1)));
        ok(genlat_exec_set_seed(l->exec, 7, (uint64_t)step));
        ok(genlat_optim_zero_grad(l->optim));
        ok(genlat_exec_forward(l->exec, GENLAT_MODE_TRAIN, 1, (const genlat_tensor *[]){x}));
        ok(genlat_exec_output(l->exec, 0, &y));
        ok(genlat_loss_eval(l->loss, y, x, &value, dy));
        ok(genlat_exec_backward(l->exec, 1, (const genlat_tensor *[]){dy}));
        ok(genlat_optim_step(l->optim));
    }
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&dy);
}

static void same_loops(const loop *one, const loop *two)
{
    for (int i = 0; i < genlat_net_weights(one->net); i++) {
        genlat_tensor *x = NULL, *y = NULL;
        ok(genlat_net_weight(one->net, genlat_net_weight_name(one->net, i), &x));
        ok(genlat_net_weight(two->net, genlat_net_weight_name(two->net, i), &y));
        same_tensors(x, y);
        genlat_tensor_destroy(&x);
        genlat_tensor_destroy(&y);
    }
    ck_assert_int_eq(genlat_optim_steps(one->optim), genlat_optim_steps(two->optim));
    ck_assert_double_eq(genlat_optim_lr(one->optim), genlat_optim_lr(two->optim));
    void *p = NULL, *q = NULL; /* moments, and the scale of the loss */
    size_t m = 0, n = 0;
    ok(genlat_optim_save_memory(one->optim, &p, &m));
    ok(genlat_optim_save_memory(two->optim, &q, &n));
    ck_assert_uint_eq(m, n);
    ck_assert_mem_eq(p, q, m);
    genlat_ctx_free(ctx, p);
    genlat_ctx_free(ctx, q);
}

static const char *const rules[] = {
    "sgd lr=0.1", "sgd lr=0.1 momentum=0.9", "rmsprop centered=yes momentum=0.5", "adam", "adamw", "adamax", "lion"};

/* Five steps, a state that is saved and loaded into a new loop, and six more are eleven steps, to the bit. */
START_TEST(loops_of_the_program_go_on_exactly)
{
    for (size_t i = 0; i < COUNT(rules); i++) {
        loop whole = loop_new(rules[i]), first = loop_new(rules[i]), second = loop_new(rules[i]);
        void *net_bytes = NULL, *state = NULL;
        size_t net_size = 0, size = 0;
        loop_run(&whole, 11);
        loop_run(&first, 5);
        ok(genlat_net_save_memory(first.net, &net_bytes, &net_size));
        ok(genlat_optim_save_memory(first.optim, &state, &size));
        loop_free(&first);
        genlat_net *read = NULL;
        ok(genlat_net_load_memory(ctx, net_bytes, net_size, &read));
        for (int k = 0; k < genlat_net_weights(read); k++) {
            genlat_tensor *from = NULL, *to = NULL;
            ok(genlat_net_weight(read, genlat_net_weight_name(read, k), &from));
            ok(genlat_net_weight(second.net, genlat_net_weight_name(read, k), &to));
            ok(genlat_tensor_copy(to, from));
            genlat_tensor_destroy(&from);
            genlat_tensor_destroy(&to);
        }
        ok(genlat_optim_load_memory(second.optim, state, size));
        ck_assert_int_eq(genlat_optim_steps(second.optim), 5);
        loop_run(&second, 6);
        same_loops(&whole, &second);
        genlat_ctx_free(ctx, net_bytes);
        genlat_ctx_free(ctx, state);
        genlat_net_destroy(&read);
        loop_free(&whole);
        loop_free(&second);
    }
}
END_TEST

/* A state of another rule, of other parts or with damage is refused, and nothing has changed. */
START_TEST(states_are_taken_over_whole_or_not)
{
    loop adam = loop_new("adam"), same = loop_new("adam"), lion = loop_new("lion"), plain = loop_new("sgd"),
         momentum = loop_new("sgd momentum=0.5");
    genlat_optim *less = NULL;
    void *bytes = NULL, *net_bytes = NULL;
    size_t size = 0, net_size = 0;
    loop_run(&adam, 3);
    loop_run(&same, 3);
    ok(genlat_optim_save_memory(adam.optim, &bytes, &size));
    REFUSED_WITH("'lion'", GENLAT_E_STATE, genlat_optim_load_memory, lion.optim, bytes, size);
    ok(genlat_adam_new(ctx, NULL, &less));
    ok(genlat_optim_add(less, adam.net, NULL, NULL));
    REFUSED_WITH("same nets and losses", GENLAT_E_STATE, genlat_optim_load_memory, less, bytes, size);
    ck_assert_int_eq(genlat_optim_steps(less), 0);
    ok(genlat_optim_save_memory(plain.optim, &net_bytes, &net_size));
    REFUSED_WITH("0.momentum_buffer", GENLAT_E_NOT_FOUND, genlat_optim_load_memory, momentum.optim, net_bytes,
                 net_size);
    genlat_ctx_free(ctx, net_bytes);
    ok(genlat_net_save_memory(adam.net, &net_bytes, &net_size));
    REFUSED_WITH("state of an optimizer", GENLAT_E_FORMAT, genlat_optim_load_memory, adam.optim, net_bytes, net_size);
    loop_run(&same, 1);
    loop_run(&adam, 1);
    memset((char *)bytes + size - 4, 0xff, 4); /* the last number is NaN */
    REFUSED_WITH("finite", GENLAT_E_FORMAT, genlat_optim_load_memory, adam.optim, bytes, size);
    same_loops(&adam, &same);
    REFUSED(GENLAT_E_RANGE, genlat_exec_set_seed, adam.exec, 1, UINT64_C(1) << 48);
    genlat_ctx_free(ctx, bytes);
    genlat_ctx_free(ctx, net_bytes);
    genlat_optim_destroy(&less);
    loop *all[] = {&adam, &same, &lion, &plain, &momentum};
    for (size_t i = 0; i < COUNT(all); i++)
        loop_free(all[i]);
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
                                  loops_of_the_program_go_on_exactly,
                                  states_are_taken_over_whole_or_not,
                                  NULL};
    return run_tests("promises of optimizers", tests);
}
