/* SPDX-License-Identifier: MIT */
/* Gradient penalties in double: weight gradients against central differences, and the folded method against the
 * general one. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "net/exec_priv.h"

enum { ROWS = 3, MOST = 4096 };

static const struct critic {
    const char *text;
    int64_t dims[3];
    bool folds;
} critics[] = {
    {"flatten | dense units=9 | leaky_relu slope=0.2 | dense units=7 | leaky_relu slope=0.2 | dense units=1",
     {1, 4, 4},
     true},
    {"flatten | dense units=9 | silu | dense units=7 | tanh | dense units=1", {1, 4, 4}, false},
    {"flatten | dense units=9 | layer_norm | leaky_relu slope=0.2 | dense units=1", {1, 4, 4}, false},
    {"conv2d channels=4 kernel=3 padding=1 | leaky_relu slope=0.2 | conv2d channels=4 kernel=4 stride=2 "
     "padding=1 | "
     "leaky_relu slope=0.2 | flatten | dense units=1",
     {2, 4, 4},
     true},
    {"conv2d channels=4 kernel=3 padding=1 groups=2 | silu | avg_pool kernel=2 | flatten | dense units=1",
     {2, 4, 4},
     false},
    {"conv2d channels=4 kernel=1 name=a | leaky_relu slope=0.2 | conv2d channels=4 kernel=3 padding=1 "
     "groups=2 | "
     "leaky_relu slope=0.2 | conv2d channels=4 kernel=1 name=b bias=no | add from=a,b | leaky_relu slope=0.2 "
     "| "
     "avg_pool kernel=2 | flatten | dense units=1",
     {2, 4, 4},
     true},
    {"conv2d channels=4 kernel=3 padding=1 | group_norm groups=2 | softplus | max_pool kernel=2 | flatten | "
     "dense units=1",
     {2, 4, 4},
     false},
    {"conv_transpose2d channels=2 kernel=2 stride=2 | leaky_relu slope=0.3 | max_pool kernel=2 | pad "
     "before=1 after=1 | "
     "conv2d channels=2 kernel=3 | upsample scale=2 | flatten | dense units=1",
     {2, 3, 3},
     true},
    {"conv2d channels=4 kernel=3 padding=1 groups=2 weight=spectral | leaky_relu slope=0.2 | "
     "conv_transpose2d "
     "channels=4 kernel=2 stride=2 groups=2 weight=spectral | leaky_relu slope=0.2 | flatten | "
     "dense units=7 weight=spectral | leaky_relu slope=0.2 | dense units=1 init=he_normal gain=9",
     {2, 4, 4},
     true},
    {"conv2d channels=4 kernel=3 padding=1 weight=spectral bias=no | silu | conv_transpose2d channels=3 "
     "kernel=2 "
     "stride=2 weight=norm | tanh | flatten | dense units=5 weight=norm | layer_norm | dense units=1 "
     "weight=spectral",
     {2, 4, 4},
     false},
    {"resample up=2 filter=1x2x1 | conv2d channels=2 kernel=3 | leaky_relu slope=0.2 | resample down=2 | "
     "flatten | "
     "dense units=3 | basis shape=3x2x3 | leaky_relu slope=0.2 | flatten | dense units=1",
     {2, 4, 4},
     true},
    {"constant shape=2x4x4 name=k | add from=x,k | conv2d channels=2 kernel=3 | tanh | flatten | dense "
     "units=1",
     {2, 4, 4},
     false},
    {"reshape shape=2x16 | conv1d channels=4 kernel=3 weight=norm groups=2 | leaky_relu slope=0.2 | "
     "conv_transpose1d channels=4 kernel=3 weight=norm | leaky_relu slope=0.2 | flatten name=f | "
     "dense units=6 weight=norm name=a | leaky_relu slope=0.2 | dense units=6 name=b | "
     "dense units=6 weight=norm share=a from=f name=c | add from=b,c | dense units=1",
     {2, 4, 4},
     true},
};

static const gnl_penalty_kind kinds[] = {GNL_PENALTY_ZERO, GNL_PENALTY_ONE, GNL_PENALTY_ONE_SIDED};

static genlat_ctx *ctx;

typedef struct trial {
    genlat_net *net;
    genlat_exec *exec;
    gnl_real x[ROWS * 64], dloss[ROWS];
    gnl_penalty penalty;
} trial;

/* tile: rows that pass through the critic together, 0: all. Tiles are recomputed in the backward pass. */
static void open_trial(trial *t, const struct critic *now, int64_t tile, bool recompute)
{
    const char *name = "x";
    const gnl_shape shape = {3, {now->dims[0], now->dims[1], now->dims[2]}};
    genlat_exec_opts opts = GNL_EXEC_OPTS(.purpose = GENLAT_EXEC_PENALTY, .input_grads = 1);
    opts.tile = tile;
    opts.recompute = recompute;
    gnl_rng rng = gnl_rng_make(11, GNL_STREAM_USER, 0);
    ck_assert_msg(gnl_net_from_text(ctx, 1, &name, &shape, now->text, &t->net) == GENLAT_OK, "%s", genlat_last_error());
    ck_assert_msg(gnl_net_compile(t->net, ROWS, &opts, &t->exec) == GENLAT_OK, "%s", genlat_last_error());
    gnl_rng_fill_normal(&rng, t->x, ROWS * gnl_shape_count(&shape));
    gnl_rng_fill_normal(&rng, t->dloss, ROWS);
    for (int64_t i = 0; i < t->net->values; i++)
        t->net->value[i] *= 5; /* so that norms lie on both sides of 1 */
    t->exec->held = true;      /* gradients treat the vectors of spectral norms as constants, so differences must too */
}

static void close_trial(trial *t)
{
    gnl_exec_release(t->exec);
    gnl_net_release(t->net);
}

/* weight * mean f(|g|) + <dloss, D>; adds its gradient to that of the net. */
static double objective(trial *t)
{
    const gnl_real *x = t->x;
    double total = 0;
    gnl_net_zero_grad(t->net);
    gnl_exec_forward(t->exec, GNL_TRAIN, ROWS, &x);
    for (int i = 0; i < ROWS && t->penalty.dloss; i++)
        total += t->penalty.dloss[i] * gnl_exec_output(t->exec, 0)[i];
    return total + t->penalty.weight * gnl_exec_penalty(t->exec, &t->penalty, NULL);
}

/* Computes the gradient of the objective by central differences. */
static void find_differences(trial *t, double expected[MOST])
{
    ck_assert_int_lt(t->net->values, MOST);
    for (int64_t i = 0; i < t->net->values; i++) {
        gnl_real before = t->net->value[i];
        t->net->value[i] = before + 1e-6;
        double high = objective(t);
        t->net->value[i] = before - 1e-6;
        double low = objective(t);
        t->net->value[i] = before;
        expected[i] = (high - low) / 2e-6;
    }
}

/* Returns the relative error of the gradient, and the objective in *value. */
static double error_of(trial *t, const double expected[MOST], double *value)
{
    double apart = 0, size = 0;
    *value = objective(t);
    for (int64_t i = 0; i < t->net->values; i++) {
        apart += (expected[i] - t->net->grad[i]) * (expected[i] - t->net->grad[i]);
        size += expected[i] * expected[i];
    }
    ck_assert_double_gt(size, 0);
    return sqrt(apart / size);
}

/* All rows at once, in tiles that are kept, and in tiles that are computed again. */
static const struct tiling {
    int64_t tile;
    bool recompute;
} tilings[] = {{0, false}, {2, false}, {2, true}};

/* The objective is the same function however its gradient is computed, so the differences of the first exec serve all
 * of them, and each has to compute the same value. */
static void check_penalty(trial t[GNL_COUNT(tilings)], const struct critic *now, gnl_penalty penalty)
{
    static double expected[MOST];
    double value = 0, first = 0;
    t[0].penalty = penalty;
    find_differences(&t[0], expected);
    for (size_t i = 0; i < GNL_COUNT(tilings); i++)
        for (int general = 0; general < 2; general++) {
            t[i].penalty = penalty;
            t[i].penalty.general = general;
            double error = error_of(&t[i], expected, &value);
            ck_assert_msg(error < 1e-6, "%s, tiling %zu, kind %d, loss %d, general %d: error %g", now->text, i,
                          (int)penalty.kind, penalty.dloss != NULL, general, error);
            first = i || general ? first : value;
            ck_assert_double_eq_tol(value, first, 1e-12 * (1 + fabs(first)));
        }
}

START_TEST(weight_gradients_match_differences)
{
    const struct critic *now = &critics[_i];
    static trial t[GNL_COUNT(tilings)];
    for (size_t i = 0; i < GNL_COUNT(tilings); i++) {
        open_trial(&t[i], now, tilings[i].tile, tilings[i].recompute);
        ck_assert_int_eq(t[i].exec->tile, tilings[i].tile ? tilings[i].tile : ROWS);
        ck_assert_int_eq(t[i].exec->folds, now->folds);
    }
    for (size_t kind = 0; kind < GNL_COUNT(kinds); kind++)
        for (int with_loss = 0; with_loss < 2; with_loss++)
            check_penalty(t, now,
                          (gnl_penalty){.kind = kinds[kind], .weight = 0.7, .dloss = with_loss ? t[0].dloss : NULL});
    for (size_t i = 0; i < GNL_COUNT(tilings); i++)
        close_trial(&t[i]);
}
END_TEST

/* The public function computes the same as the private one, and refuses unsupported arguments. */
START_TEST(public_function_agrees)
{
    static gnl_real found[MOST];
    const gnl_shape column = {2, {ROWS, 1}};
    genlat_tensor *dloss = NULL;
    trial t = {0};
    double value = 0;
    open_trial(&t, &critics[1], 0, false);
    const gnl_real *x = t.x;
    ck_assert_int_eq(genlat_exec_penalty(t.exec, GENLAT_PENALTY_ONE, 0.7, 0, NULL, &value), GENLAT_E_STATE);
    ck_assert_int_eq(gnl_tensor_new(ctx, &column, &dloss), GENLAT_OK);
    memcpy(dloss->data, t.dloss, sizeof t.dloss);
    t.penalty = (gnl_penalty){.kind = GNL_PENALTY_ONE, .weight = 0.7};
    double expected = objective(&t) / 0.7;
    t.penalty.dloss = t.dloss;
    (void)objective(&t);
    memcpy(found, t.net->grad, (size_t)t.net->values * sizeof *found);
    gnl_net_zero_grad(t.net);
    gnl_exec_forward(t.exec, GNL_TRAIN, ROWS, &x);
    ck_assert_int_eq(genlat_exec_penalty(t.exec, GENLAT_PENALTY_ONE, 0.7, 0, dloss, &value), GENLAT_OK);
    ck_assert_double_eq_tol(value, expected, 1e-12);
    ck_assert_mem_eq(found, t.net->grad, (size_t)t.net->values * sizeof *found);
    ck_assert_int_eq(genlat_exec_penalty(t.exec, GENLAT_PENALTY_ONE, -1, 0, NULL, NULL), GENLAT_E_RANGE);
    ck_assert_int_eq(genlat_exec_penalty(t.exec, GENLAT_PENALTY_ONE, 1, 1, NULL, NULL), GENLAT_E_RANGE);
    ck_assert_int_eq(genlat_exec_penalty(t.exec, 3, 1, 0, NULL, NULL), GENLAT_E_INVALID);
    dloss->shape.dim[0] = ROWS - 1;
    ck_assert_int_eq(genlat_exec_penalty(t.exec, GENLAT_PENALTY_ONE, 1, 0, dloss, NULL), GENLAT_E_SHAPE);
    gnl_tensor_release(dloss);
    close_trial(&t);
}
END_TEST

static const char *const refused[] = {
    "dense units=3 | batch_norm name=bn | dense units=1",
    "dense units=3 | minibatch_std name=bn | dense units=1",
    "dense units=3 name=a | dense units=2 from=x name=c | cond_batch_norm from=a,c name=bn | dense units=1",
    "reshape shape=2x2 | lstm units=3 out=last name=bn | dense units=1",
};

START_TEST(coupled_samples_and_layers_without_tangents_are_refused)
{
    const char *name = "x";
    const gnl_shape shape = {1, {4}};
    const genlat_exec_opts opts = GNL_EXEC_OPTS(.purpose = GENLAT_EXEC_PENALTY, .input_grads = 1);
    genlat_net *net = NULL;
    genlat_exec *exec = NULL;
    ck_assert_int_eq(gnl_net_from_text(ctx, 1, &name, &shape, refused[_i], &net), GENLAT_OK);
    ck_assert_int_eq(genlat_net_compile(net, ROWS, &opts, &exec), GENLAT_E_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "bn"));
    ck_assert_ptr_null(exec);
    gnl_net_release(net);
}
END_TEST

/* ---- memory that is needed several times ----------------------------------------------------- */

/* A net with inputs [1,size] whose weights all equal `value`, compiled for penalties. */
static void open_plain(trial *t, int inputs, int64_t size, const char *text, gnl_real value)
{
    static const char *const names[] = {"x0", "x1"};
    const gnl_shape shapes[] = {{2, {1, size}}, {2, {1, size}}};
    const genlat_exec_opts opts = GNL_EXEC_OPTS(.purpose = GENLAT_EXEC_PENALTY, .input_grads = 1);
    ck_assert_msg(gnl_net_from_text(ctx, inputs, names, shapes, text, &t->net) == GENLAT_OK, "%s", genlat_last_error());
    ck_assert_int_eq(gnl_net_compile(t->net, 1, &opts, &t->exec), GENLAT_OK);
    for (int64_t i = 0; i < t->net->values; i++)
        t->net->value[i] = value;
}

static gnl_real *weight_of(const trial *t, const char *name, gnl_real *arena)
{
    return arena + t->net->weight[gnl_net_find_weight(t->net, name)].offset;
}

/* D = 3 (w0 x + w1 x) / 2 at w = (1, 2) and x = 1: g = 4.5, and the gradient of g^2 / 2 by each w is 4.5 * 1.5. The
 * scratch of the tangent pass must not overlap the adjoint of the first layer, which the fold reads. */
START_TEST(folding_does_not_overwrite_adjoints)
{
    trial t = {0};
    const gnl_real x = 1, *in = &x;
    double value = 0;
    open_plain(&t, 1, 1, "dense units=2 bias=no name=a | avg_pool kernel=2 | flatten | dense units=1 bias=no name=o",
               1);
    weight_of(&t, "a.weight", t.net->value)[1] = 2;
    weight_of(&t, "o.weight", t.net->value)[0] = 3;
    gnl_exec_forward(t.exec, GNL_TRAIN, 1, &in);
    ck_assert_int_eq(genlat_exec_penalty(t.exec, GENLAT_PENALTY_ZERO, 1, 0, NULL, &value), GENLAT_OK);
    ck_assert_double_eq(value, 10.125);
    for (int i = 0; i < 2; i++)
        ck_assert_double_eq(weight_of(&t, "a.weight", t.net->grad)[i], 6.75);
    close_trial(&t);
}
END_TEST

/* D = (w0 x0) (w1 x1) at w = (2, 3), x = 1: g = 6 by either input. A penalty by one input must not use the tangent
 * direction of another, neither after a new forward pass (_i 1) nor after the same one. */
START_TEST(penalties_by_several_inputs_are_independent)
{
    trial t = {0};
    const gnl_real one = 1, *in[] = {&one, &one};
    open_plain(&t, 2, 1,
               "dense units=1 bias=no name=a from=x0 | dense units=1 bias=no name=b from=x1 | multiply from=a,b", 2);
    weight_of(&t, "b.weight", t.net->value)[0] = 3;
    for (int pass = 0; pass < 4; pass++) {
        if (pass == 0 || _i)
            gnl_exec_forward(t.exec, GNL_TRAIN, 1, in);
        gnl_net_zero_grad(t.net);
        ck_assert_int_eq(genlat_exec_penalty(t.exec, GENLAT_PENALTY_ZERO, 1, pass % 2, NULL, NULL), GENLAT_OK);
        ck_assert_double_eq(weight_of(&t, "a.weight", t.net->grad)[0], 18);
        ck_assert_double_eq(weight_of(&t, "b.weight", t.net->grad)[0], 12);
    }
    close_trial(&t);
}
END_TEST

/* A penalty by an unused input: the public function reports an error with its name, the private one has gradient
 * zero. */
START_TEST(errors_name_the_unused_input)
{
    trial t = {0};
    const gnl_real one = 1, *in[] = {&one, &one}, dloss = 2;
    const genlat_tensor *grad = NULL;
    double norm2 = 1;
    open_plain(&t, 2, 1, _i ? "dense units=1 from=x0 | tanh | flatten" : "dense units=1 from=x0 | flatten", 2);
    gnl_exec_forward(t.exec, GNL_TRAIN, 1, in);
    ck_assert_int_eq(genlat_exec_penalty(t.exec, GENLAT_PENALTY_ZERO, 1, 1, NULL, NULL), GENLAT_E_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "input 'x1'"));
    const gnl_penalty penalty = {.kind = GNL_PENALTY_ONE, .weight = 1, .input = 1, .dloss = &dloss};
    ck_assert_double_eq(gnl_exec_penalty(t.exec, &penalty, &norm2), 1);
    ck_assert_double_eq(norm2, 0);
    ck_assert_double_ne(t.net->grad[0], 0); /* of the loss */
    ck_assert_int_eq(genlat_exec_input_grad(t.exec, 1, &grad), GENLAT_E_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "input 'x1'"));
    ck_assert_ptr_null(grad);
    ck_assert_int_eq(genlat_exec_input_grad(t.exec, 0, &grad), GENLAT_OK);
    close_trial(&t);
}
END_TEST

static void open_ctx(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
}

static void close_ctx(void)
{
    genlat_ctx_destroy(&ctx);
}

int main(void)
{
    Suite *suite = suite_create("penalties");
    TCase *tcase = tcase_create("penalty");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, open_ctx, close_ctx);
    tcase_add_loop_test(tcase, weight_gradients_match_differences, 0, (int)GNL_COUNT(critics));
    tcase_add_test(tcase, public_function_agrees);
    tcase_add_test(tcase, folding_does_not_overwrite_adjoints);
    tcase_add_loop_test(tcase, penalties_by_several_inputs_are_independent, 0, 2);
    tcase_add_loop_test(tcase, errors_name_the_unused_input, 0, 2);
    tcase_add_loop_test(tcase, coupled_samples_and_layers_without_tangents_are_refused, 0, (int)GNL_COUNT(refused));
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
