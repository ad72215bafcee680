/* SPDX-License-Identifier: MIT */
/* Optimizers: parameter groups, freezing, clipping, accumulation, invalid steps, moments, threads, memory. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "optim/optim.h"
#include "net/exec_priv.h"
#include "support/counted.h"

static genlat_ctx *ctx, *threaded;
static counter memory;

static void set_up(void)
{
    memory = (counter){0};
    ck_assert_int_eq(counted_ctx(&memory, 1, &ctx), GENLAT_OK);
    ck_assert_int_eq(counted_ctx(&memory, 3, &threaded), GENLAT_OK);
}

static void tear_down(void)
{
    genlat_ctx_destroy(&ctx);
    genlat_ctx_destroy(&threaded);
}

static genlat_optim *optim_of(genlat_ctx *where, const char *spec)
{
    genlat_optim *optim = NULL;
    ck_assert_msg(genlat_optim_from_text(where, spec, &optim) == GENLAT_OK, "%s", genlat_last_error());
    return optim;
}

/* Two layers, "first" and "second", with the same gradients for the same seed. */
static genlat_net *net_of(genlat_ctx *where, int inputs, uint64_t seed)
{
    static const char *const names[] = {"x"};
    genlat_net *net = NULL;
    gnl_shape shape = {1, {inputs}};
    gnl_rng rng = gnl_rng_make(seed, GNL_STREAM_USER, 0);
    ck_assert_msg(gnl_net_from_text(where, 1, names, &shape, "dense units=200 name=first\ndense units=3 name=second",
                                    &net) == GENLAT_OK,
                  "%s", genlat_last_error());
    ck_assert_int_eq(gnl_net_want_grad(net), GENLAT_OK);
    for (int i = 0; i < net->weights; i++)
        gnl_rng_fill_normal(&rng, net->grad + net->weight[i].offset, net->weight[i].count);
    return net;
}

static gnl_real *value_of(const genlat_net *net, const char *name)
{
    int weight = gnl_net_find_weight(net, name);
    ck_assert_int_ge(weight, 0);
    return gnl_net_weight_data(net, weight);
}

static gnl_real first_grad(const genlat_net *net, const char *name)
{
    return net->grad[net->weight[gnl_net_find_weight(net, name)].offset];
}

/* Norm of the gradients of the weights whose names begin with a prefix. */
static double norm_of(const genlat_net *net, const char *prefix)
{
    double square = 0;
    for (int w = 0; w < net->weights; w++)
        for (int64_t i = 0; strncmp(net->weight[w].name, prefix, strlen(prefix)) == 0 && i < net->weight[w].count; i++)
            square += pow((double)net->grad[net->weight[w].offset + i], 2);
    return sqrt(square);
}

/* ---- groups ---------------------------------------------------------------------------------- */

START_TEST(groups_have_their_own_learning_rate_and_decay)
{
    genlat_net *net = net_of(ctx, 7, 1);
    genlat_optim *optim = optim_of(ctx, "sgd lr=0.1 weight_decay=0.5");
    genlat_group_opts group;
    genlat_group_opts_init(&group);
    group.lr_scale = 0.5;
    group.weight_decay = 2;
    ck_assert_int_eq(genlat_optim_add(optim, net, "second", &group), GENLAT_OK);
    ck_assert_int_eq(genlat_optim_add(optim, net, NULL, NULL), GENLAT_OK);
    ck_assert_int_eq(genlat_optim_add(optim, net, "first", NULL), GENLAT_E_NOT_FOUND);
    double w1 = value_of(net, "first.weight")[0], b1 = value_of(net, "first.bias")[0];
    double w2 = value_of(net, "second.weight")[0], b2 = value_of(net, "second.bias")[0];
    ck_assert_int_eq(genlat_optim_step(optim), GENLAT_OK);
    w1 -= 0.1 * (first_grad(net, "first.weight") + 0.5 * w1);
    b1 -= 0.1 * first_grad(net, "first.bias");
    w2 -= 0.05 * (first_grad(net, "second.weight") + 2 * w2);
    b2 -= 0.05 * first_grad(net, "second.bias");
    ck_assert_double_eq_tol(value_of(net, "first.weight")[0], w1, 1e-6);
    ck_assert_double_eq_tol(value_of(net, "first.bias")[0], b1, 1e-6);
    ck_assert_double_eq_tol(value_of(net, "second.weight")[0], w2, 1e-6);
    ck_assert_double_eq_tol(value_of(net, "second.bias")[0], b2, 1e-6);
    ck_assert_int_eq(genlat_optim_add(optim, net, NULL, NULL), GENLAT_E_STATE);
    genlat_optim_destroy(&optim);
    genlat_net_destroy(&net);
}
END_TEST

START_TEST(biases_decay_when_asked)
{
    genlat_net *net = net_of(ctx, 7, 1);
    genlat_optim *optim = optim_of(ctx, "sgd lr=0.1 weight_decay=0.5");
    genlat_group_opts group;
    genlat_group_opts_init(&group);
    group.decay_all = 1;
    ck_assert_int_eq(genlat_optim_add(optim, net, "", &group), GENLAT_OK);
    double b = value_of(net, "first.bias")[0];
    ck_assert_int_eq(genlat_optim_step(optim), GENLAT_OK);
    ck_assert_double_eq_tol(value_of(net, "first.bias")[0], b - 0.1 * (first_grad(net, "first.bias") + 0.5 * b), 1e-6);
    genlat_optim_destroy(&optim);
    genlat_net_destroy(&net);
}
END_TEST

START_TEST(frozen_weights_and_their_moments_do_not_change)
{
    genlat_net *net = net_of(ctx, 7, 1);
    genlat_optim *optim = optim_of(ctx, "adam lr=0.1");
    ck_assert_int_eq(genlat_optim_add(optim, net, NULL, NULL), GENLAT_OK);
    ck_assert_int_eq(genlat_net_freeze(net, "first", 1), GENLAT_OK);
    int first = gnl_net_find_weight(net, "first.weight"), second = gnl_net_find_weight(net, "second.weight");
    gnl_real before = value_of(net, "first.weight")[0], other = value_of(net, "second.weight")[0];
    ck_assert_int_eq(genlat_optim_step(optim), GENLAT_OK);
    ck_assert(value_of(net, "first.weight")[0] == before && value_of(net, "second.weight")[0] != other);
    ck_assert(gnl_optim_slot_at(optim, 0).data[net->weight[first].offset] == 0);
    ck_assert(gnl_optim_slot_at(optim, 0).data[net->weight[second].offset] != 0);
    ck_assert_double_eq_tol(genlat_optim_grad_norm(optim), norm_of(net, "second"), 1e-4);
    ck_assert_int_eq(genlat_net_freeze(net, "first", 0), GENLAT_OK);
    ck_assert_int_eq(genlat_optim_step(optim), GENLAT_OK);
    ck_assert(value_of(net, "first.weight")[0] != before);
    genlat_optim_destroy(&optim);
    genlat_net_destroy(&net);
}
END_TEST

START_TEST(an_optimizer_keeps_its_net_alive)
{
    genlat_net *net = net_of(ctx, 7, 1), *borrowed = net;
    genlat_optim *optim = optim_of(ctx, "sgd");
    ck_assert_int_eq(genlat_optim_add(optim, net, NULL, NULL), GENLAT_OK);
    genlat_net_destroy(&net);
    gnl_real before = value_of(borrowed, "first.weight")[0];
    ck_assert_int_eq(genlat_optim_step(optim), GENLAT_OK);
    ck_assert(value_of(borrowed, "first.weight")[0] != before);
    genlat_optim_destroy(&optim);
}
END_TEST

/* Minimizing the loss finds the scale of data with standard deviation 2. */
START_TEST(learned_scales_of_losses_are_trained)
{
    enum { ROWS = 64, DIMS = 8 };
    genlat_loss *loss = NULL, *still = NULL;
    genlat_optim *optim = optim_of(ctx, "adam lr=0.05");
    gnl_real out[ROWS * DIMS] = {0}, target[ROWS * DIMS], dout[ROWS * DIMS];
    double nll[ROWS], sd = 0, square = 0;
    gnl_rng rng = gnl_rng_make(2, GNL_STREAM_USER, 0);
    gnl_rng_fill_normal(&rng, target, ROWS * DIMS);
    for (int i = 0; i < ROWS * DIMS; i++) {
        target[i] *= 2;
        square += (double)target[i] * (double)target[i];
    }
    ck_assert_int_eq(genlat_loss_new(ctx, "gaussian sd=learned", &loss), GENLAT_OK);
    ck_assert_int_eq(genlat_loss_new(ctx, "gaussian", &still), GENLAT_OK);
    ck_assert_int_eq(genlat_optim_add_loss(optim, still, NULL), GENLAT_OK);
    ck_assert_int_eq(genlat_optim_step(optim), GENLAT_E_STATE);
    ck_assert_int_eq(genlat_optim_add_loss(optim, loss, NULL), GENLAT_OK);
    for (int step = 0; step < 200; step++) {
        ck_assert_int_eq(genlat_optim_zero_grad(optim), GENLAT_OK);
        gnl_loss_eval(loss, &(gnl_loss_call){.compute = {ctx, gnl_kernels_of(ctx), NULL},
                                             .rows = ROWS,
                                             .dims = DIMS,
                                             .parts = 1,
                                             .out = out,
                                             .target = target,
                                             .scale = 1. / ROWS,
                                             .nll = nll,
                                             .dout = dout,
                                             .training = true});
        ck_assert_int_eq(genlat_optim_step(optim), GENLAT_OK);
    }
    ck_assert_int_eq(genlat_loss_scale(loss, &sd), GENLAT_OK);
    ck_assert_double_eq_tol(sd, sqrt(square / (ROWS * DIMS)), 0.02);
    genlat_loss_destroy(&loss);
    genlat_loss_destroy(&still);
    genlat_optim_destroy(&optim);
}
END_TEST

/* The scale of a loss has a group of its own, as weights have. It decays only by a weight decay of that group. */
START_TEST(scales_of_losses_have_their_own_learning_rate_and_decay)
{
    static const struct {
        double lr_scale, weight_decay;
        uint32_t decay_all;
    } cases[] = {{1, -1, 0}, {0.25, -1, 0}, {0, -1, 0}, {0.25, 2, 0}, {0.25, 2, 1}, {0.25, -1, 1}};
    const gnl_real value = 0.5F, grad = 3;
    for (size_t i = 0; i < GNL_COUNT(cases); i++) {
        genlat_loss *loss = NULL;
        genlat_optim *optim = optim_of(ctx, "sgd lr=0.1 weight_decay=0.5");
        genlat_group_opts group;
        genlat_group_opts_init(&group);
        group.lr_scale = cases[i].lr_scale;
        group.weight_decay = cases[i].weight_decay;
        group.decay_all = cases[i].decay_all;
        ck_assert_int_eq(genlat_loss_new(ctx, "gaussian sd=learned", &loss), GENLAT_OK);
        ck_assert_int_eq(genlat_optim_add_loss(optim, loss, &group), GENLAT_OK);
        *loss->value = value;
        *loss->grad = grad;
        ck_assert_int_eq(genlat_optim_step(optim), GENLAT_OK);
        const double decay = fmax(cases[i].weight_decay, 0);
        const double step = 0.1 * cases[i].lr_scale * ((double)grad + decay * (double)value);
        ck_assert_double_eq_tol((double)*loss->value, (double)value - step, 1e-6);
        genlat_loss_destroy(&loss);
        genlat_optim_destroy(&optim);
    }
}
END_TEST

/* ---- gradients ------------------------------------------------------------------------------- */

/* One step on a scale owned by the program; returns the decrease of the first number. */
static double step_size(const char *spec, int n, const double *grads, genlat_status expected, double *norm)
{
    gnl_real value[8] = {0}, grad[8];
    genlat_optim *optim = optim_of(ctx, spec);
    for (int i = 0; i < n; i++)
        grad[i] = (gnl_real)grads[i];
    char name[] = "numbers";
    gnl_weight weight = {.name = name, .param = {.shape = {1, {n}}}, .count = n};
    const gnl_part part = {.name = "part", .weight = &weight, .weights = 1, .value = value, .grad = grad, .values = n};
    ck_assert_int_eq(gnl_optim_add(optim, &part, NULL, NULL), GENLAT_OK);
    ck_assert_int_eq(genlat_optim_step(optim), expected);
    ck_assert_int_eq(genlat_optim_steps(optim), expected == GENLAT_OK);
    *norm = genlat_optim_grad_norm(optim);
    genlat_optim_destroy(&optim);
    return -(double)value[0];
}

START_TEST(gradients_are_clipped_and_averaged)
{
    static const double grads[] = {3, 4};
    double norm = 0;
    ck_assert_double_eq_tol(step_size("sgd lr=1", 2, grads, GENLAT_OK, &norm), 3, 1e-6);
    ck_assert_double_eq_tol(norm, 5, 1e-6);
    ck_assert_double_eq_tol(step_size("sgd lr=1 clip_norm=1", 2, grads, GENLAT_OK, &norm), 0.6, 1e-6);
    ck_assert_double_eq_tol(norm, 5, 1e-6);
    ck_assert_double_eq_tol(step_size("sgd lr=1 clip_norm=10", 2, grads, GENLAT_OK, &norm), 3, 1e-6);
    ck_assert_double_eq_tol(step_size("sgd lr=1 clip_value=2", 2, grads, GENLAT_OK, &norm), 2, 1e-6);
    ck_assert_double_eq_tol(step_size("sgd lr=1 accumulate=4", 2, grads, GENLAT_OK, &norm), 0.75, 1e-6);
    ck_assert_double_eq_tol(norm, 1.25, 1e-6);
    ck_assert_double_eq_tol(step_size("sgd lr=1 accumulate=4 clip_norm=0.5", 2, grads, GENLAT_OK, &norm), 0.3, 1e-6);
}
END_TEST

START_TEST(non_finite_gradients_change_nothing)
{
    static const char *const specs[] = {"sgd momentum=0.9", "rmsprop", "adam clip_norm=1", "adamax", "lion", "adamw"};
    static const double bad[][2] = {{1, NAN}, {INFINITY, 1}};
    double norm = 0;
    for (size_t i = 0; i < GNL_COUNT(specs) * 2; i++) {
        ck_assert_double_eq(step_size(specs[i / 2], 2, bad[i % 2], GENLAT_E_NUMERIC, &norm), 0);
        ck_assert(!isfinite(norm));
    }
}
END_TEST

START_TEST(zero_grad_clears_everything)
{
    genlat_net *net = net_of(ctx, 7, 1);
    genlat_optim *optim = optim_of(ctx, "sgd");
    ck_assert_int_eq(genlat_optim_add(optim, net, NULL, NULL), GENLAT_OK);
    ck_assert_int_eq(genlat_optim_zero_grad(optim), GENLAT_OK);
    ck_assert_int_eq(genlat_optim_step(optim), GENLAT_OK);
    ck_assert_double_eq(genlat_optim_grad_norm(optim), 0);
    genlat_optim_destroy(&optim);
    genlat_net_destroy(&net);
}
END_TEST

/* ---- moments --------------------------------------------------------------------------------- */

static void run_steps(genlat_optim *optim, const genlat_net *net, int from, int to)
{
    for (int step = from; step < to; step++) {
        gnl_rng rng = gnl_rng_make(9, GNL_STREAM_USER, (uint64_t)step);
        for (int i = 0; i < net->weights; i++)
            gnl_rng_fill_normal(&rng, net->grad + net->weight[i].offset, net->weight[i].count);
        ck_assert_int_eq(gnl_optim_step(optim), GENLAT_OK);
    }
}

/* N steps, then N steps of another optimizer with the moments of the first, equal 2N steps. */
START_TEST(moments_hold_the_complete_state)
{
    static const char *const specs[] = {
        "sgd momentum=0.9 dampening=0.5", "rmsprop centered=yes momentum=0.5", "adam", "adamax", "lion", "adamw"};
    static const int moments[] = {1, 3, 2, 2, 1, 2};
    genlat_net *straight = net_of(ctx, 7, 1), *halves = net_of(ctx, 7, 1);
    genlat_optim *a = optim_of(ctx, specs[_i]), *b = optim_of(ctx, specs[_i]), *c = optim_of(ctx, specs[_i]);
    ck_assert_int_eq(genlat_optim_add(a, straight, NULL, NULL), GENLAT_OK);
    ck_assert_int_eq(genlat_optim_add(b, halves, NULL, NULL), GENLAT_OK);
    ck_assert_int_eq(genlat_optim_add(c, halves, NULL, NULL), GENLAT_OK);
    ck_assert_int_eq(gnl_optim_slots(b), moments[_i]);
    run_steps(a, straight, 0, 6);
    run_steps(b, halves, 0, 3);
    for (int i = 0; i < gnl_optim_slots(b); i++) {
        gnl_optim_slot from = gnl_optim_slot_at(b, i), to = gnl_optim_slot_at(c, i);
        ck_assert(from.part->values == halves->values && from.part->net == halves && from.moment != NULL);
        memcpy(to.data, from.data, (size_t)from.part->values * sizeof *from.data);
    }
    gnl_optim_set_steps(c, gnl_optim_steps(b));
    run_steps(c, halves, 3, 6);
    ck_assert_mem_eq(straight->value, halves->value, (size_t)straight->values * sizeof(gnl_real));
    genlat_optim_destroy(&a);
    genlat_optim_destroy(&b);
    genlat_optim_destroy(&c);
    genlat_net_destroy(&straight);
    genlat_net_destroy(&halves);
}
END_TEST

START_TEST(bits_do_not_depend_on_threads_and_steps_do_not_allocate)
{
    genlat_net *one = net_of(ctx, 300, 1), *three = net_of(threaded, 300, 1);
    genlat_optim *a = optim_of(ctx, "adam lr=0.01 clip_norm=1"), *b = optim_of(threaded, "adam lr=0.01 clip_norm=1");
    ck_assert_int_eq(genlat_optim_add(a, one, NULL, NULL), GENLAT_OK);
    ck_assert_int_eq(genlat_optim_add(b, three, NULL, NULL), GENLAT_OK);
    const long before = memory.calls;
    run_steps(a, one, 0, 5);
    run_steps(b, three, 0, 5);
    ck_assert_int_eq(memory.calls, before);
    ck_assert_mem_eq(one->value, three->value, (size_t)one->values * sizeof(gnl_real));
    genlat_optim_destroy(&a);
    genlat_optim_destroy(&b);
    genlat_net_destroy(&one);
    genlat_net_destroy(&three);
}
END_TEST

/* ---- the handle ------------------------------------------------------------------------------ */

/* Builds a loss, an optimizer with two groups and a scale, a schedule and an average. */
static genlat_status build_everything(genlat_net *net)
{
    genlat_loss *loss = NULL;
    genlat_optim *optim = NULL;
    genlat_schedule *schedule = NULL;
    genlat_ema *ema = NULL;
    genlat_status status = genlat_loss_new(ctx, "gaussian sd=learned", &loss);
    if (status == GENLAT_OK)
        status = genlat_optim_from_text(ctx, "rmsprop centered=yes momentum=0.5", &optim);
    if (status == GENLAT_OK)
        status = genlat_optim_add(optim, net, "second", NULL);
    if (status == GENLAT_OK)
        status = genlat_optim_add(optim, net, NULL, NULL);
    if (status == GENLAT_OK)
        status = genlat_optim_add_loss(optim, loss, NULL);
    if (status == GENLAT_OK)
        status = genlat_schedule_new(ctx, "linear steps=10 then 1", &schedule);
    if (status == GENLAT_OK)
        status = genlat_ema_new(net, NULL, &ema);
    if (optim && gnl_optim_slots(optim) > 0)
        ck_assert_int_eq(genlat_optim_step(optim), GENLAT_OK);
    genlat_loss_destroy(&loss);
    genlat_optim_destroy(&optim);
    genlat_schedule_destroy(&schedule);
    genlat_ema_destroy(&ema);
    return status;
}

/* Whichever allocation fails: the failure is reported, nothing leaks, and existing objects still work. */
START_TEST(each_allocation_may_fail)
{
    genlat_net *net = net_of(ctx, 7, 1);
    genlat_status status = GENLAT_E_MEMORY;
    int failing = 0;
    for (; status == GENLAT_E_MEMORY && failing < 100; failing++) {
        memory.fail_at = memory.calls + failing + 1;
        status = build_everything(net);
        ck_assert(status == GENLAT_OK || status == GENLAT_E_MEMORY);
    }
    ck_assert_int_eq(status, GENLAT_OK);
    ck_assert_int_gt(failing, 10);
    memory.fail_at = 0;
    genlat_net_destroy(&net);
}
END_TEST

START_TEST(options_and_text_agree)
{
    genlat_adam_opts opts;
    genlat_optim *optim = NULL;
    char text[256];
    genlat_adam_opts_init(&opts);
    opts.lr = 3e-4;
    opts.clip_norm = 2;
    ck_assert_int_eq(genlat_adam_new(ctx, &opts, &optim), GENLAT_OK);
    ck_assert_int_eq(genlat_optim_format(optim, text, sizeof text), GENLAT_OK);
    ck_assert_str_eq(text, "adam lr=0.0003 clip_norm=2");
    ck_assert_double_eq(genlat_optim_lr(optim), 3e-4);
    ck_assert_int_eq(genlat_optim_set_lr(optim, 1e-5), GENLAT_OK);
    ck_assert_double_eq(genlat_optim_lr(optim), 1e-5);
    ck_assert_int_eq(genlat_optim_set_lr(optim, -1), GENLAT_E_RANGE);
    ck_assert_int_eq(genlat_optim_set_lr(optim, NAN), GENLAT_E_RANGE);
    ck_assert_int_eq(genlat_optim_format(optim, text, 6), GENLAT_E_RANGE);
    genlat_optim_destroy(&optim);
    ck_assert_ptr_null(optim);
}
END_TEST

START_TEST(bad_optimizers_are_refused)
{
    static const struct {
        const char *spec;
        genlat_status status;
        const char *word;
    } cases[] = {
        {"", GENLAT_E_INVALID, "empty"},
        {"adagrad", GENLAT_E_NOT_FOUND, "adagrad"},
        {"adam rate=1", GENLAT_E_NOT_FOUND, "beta1"},
        {"adam lr=-1", GENLAT_E_RANGE, "lr"},
        {"adam beta1=1", GENLAT_E_RANGE, "beta1"},
        {"sgd nesterov=yes", GENLAT_E_INVALID, "nesterov"},
        {"sgd nesterov=yes momentum=0.9 dampening=0.1", GENLAT_E_INVALID, "nesterov"},
        {"adam accumulate=0", GENLAT_E_RANGE, "accumulate"},
    };
    for (size_t i = 0; i < GNL_COUNT(cases); i++) {
        genlat_optim *optim = (genlat_optim *)(uintptr_t)1;
        ck_assert_msg(genlat_optim_from_text(ctx, cases[i].spec, &optim) == cases[i].status, "%s", cases[i].spec);
        ck_assert_ptr_null(optim);
        ck_assert_msg(strstr(genlat_last_error(), cases[i].word) != NULL, "%s", genlat_last_error());
    }
    genlat_sgd_opts opts;
    genlat_optim *optim = NULL;
    genlat_sgd_opts_init(&opts);
    opts.momentum = NAN;
    ck_assert_int_eq(genlat_sgd_new(ctx, &opts, &optim), GENLAT_E_RANGE);
    ck_assert_int_eq(genlat_optim_step(NULL), GENLAT_E_INVALID);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("optim");
    TCase *tests = tcase_create("optimizers");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, groups_have_their_own_learning_rate_and_decay);
    tcase_add_test(tests, biases_decay_when_asked);
    tcase_add_test(tests, frozen_weights_and_their_moments_do_not_change);
    tcase_add_test(tests, an_optimizer_keeps_its_net_alive);
    tcase_add_test(tests, learned_scales_of_losses_are_trained);
    tcase_add_test(tests, scales_of_losses_have_their_own_learning_rate_and_decay);
    tcase_add_test(tests, gradients_are_clipped_and_averaged);
    tcase_add_test(tests, non_finite_gradients_change_nothing);
    tcase_add_test(tests, zero_grad_clears_everything);
    tcase_add_loop_test(tests, moments_hold_the_complete_state, 0, 6);
    tcase_add_test(tests, bits_do_not_depend_on_threads_and_steps_do_not_allocate);
    tcase_add_test(tests, each_allocation_may_fail);
    tcase_add_test(tests, options_and_text_agree);
    tcase_add_test(tests, bad_optimizers_are_refused);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
