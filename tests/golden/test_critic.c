/* SPDX-License-Identifier: MIT */
/* Losses and gradient penalties of whole discriminators against double backward of PyTorch, stored by
 * make_critic.py. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "golden/critic_cases.h"
#include "net/exec_priv.h"

enum { ROWS = 3, FEATURES = 32, KEY = 96 };

#ifdef GNL_FLOAT64
static const double TOLERANCE = 2e-7; /* the stored numbers are float32 */
#else
static const double TOLERANCE = 1e-5;
#endif

static genlat_ctx *ctx;
static gnl_reader *stored;

typedef struct trial {
    const char *name;
    genlat_net *net;
    genlat_exec *exec;
    gnl_real x[ROWS * FEATURES]; /* must be valid until the last pass on it */
} trial;

static void load(const trial *t, const char *prefix, const char *key, const gnl_shape *shape, gnl_real *out)
{
    char full[KEY];
    snprintf(full, sizeof full, "%s/%s%s", t->name, prefix, key);
    ck_assert_msg(gnl_reader_real(stored, full, shape, out) == GENLAT_OK, "%s", genlat_last_error());
}

static void open_trial(trial *t, const critic_case *c)
{
    const char *input = "x";
    const gnl_shape shape = {3, {2, 4, 4}};
    const genlat_exec_opts opts = GNL_EXEC_OPTS(.purpose = GENLAT_EXEC_PENALTY, .input_grads = 1);
    *t = (trial){.name = c->name};
    ck_assert_msg(gnl_net_from_text(ctx, 1, &input, &shape, c->text, &t->net) == GENLAT_OK, "%s", genlat_last_error());
    ck_assert_msg(gnl_net_compile(t->net, ROWS, &opts, &t->exec) == GENLAT_OK, "%s", genlat_last_error());
}

static void close_trial(trial *t)
{
    gnl_exec_release(t->exec);
    gnl_net_release(t->net);
}

/* Adds the squared difference and the squared norm of an array and the stored one. */
static void measure(const trial *t, const char *prefix, const char *key, int64_t count, const gnl_real *found,
                    double sum[2])
{
    gnl_real *expected = gnl_alloc(ctx, (size_t)count, sizeof *expected);
    ck_assert_ptr_nonnull(expected);
    load(t, prefix, key, NULL, expected);
    for (int64_t i = 0; i < count; i++) {
        sum[0] += pow((double)found[i] - (double)expected[i], 2);
        sum[1] += pow((double)expected[i], 2);
    }
    gnl_free(ctx, expected);
}

static void check_error(const trial *t, const char *what, const double sum[2])
{
    ck_assert_double_gt(sum[1], 0);
    ck_assert_msg(sqrt(sum[0] / sum[1]) <= TOLERANCE, "%s: relative error of %s is %g", t->name, what,
                  sqrt(sum[0] / sum[1]));
}

static void expect_gradients(const trial *t, const char *prefix)
{
    double sum[2] = {0, 0};
    for (int i = 0; i < t->net->weights; i++) {
        const gnl_weight *w = &t->net->weight[i];
        if (!w->param.state)
            measure(t, prefix, w->name, w->count, t->net->grad + w->offset, sum);
    }
    check_error(t, prefix, sum);
}

/* Restores weights and states, then runs a forward pass in training mode. */
static void start(trial *t, const char *at)
{
    const gnl_real *x = t->x;
    for (int i = 0; i < t->net->weights; i++)
        load(t, "", t->net->weight[i].name, &t->net->weight[i].param.shape, gnl_net_weight_data(t->net, i));
    load(t, "x.", at, NULL, t->x);
    gnl_net_zero_grad(t->net);
    gnl_exec_forward(t->exec, GNL_TRAIN, ROWS, &x);
}

static void check_loss(trial *t)
{
    double sum[2] = {0, 0};
    start(t, "real");
    measure(t, "", "y", ROWS, gnl_exec_output(t->exec, 0), sum);
    check_error(t, "y", sum);
    for (int i = 0; i < t->net->weights; i++)
        if (strstr(t->net->weight[i].name, ".weight_u") || strstr(t->net->weight[i].name, ".weight_v")) {
            double vector[2] = {0, 0};
            measure(t, "after.", t->net->weight[i].name, t->net->weight[i].count, gnl_net_weight_data(t->net, i),
                    vector);
            check_error(t, t->net->weight[i].name, vector);
        }
    load(t, "", "dloss", NULL, gnl_exec_output_grad(t->exec, 0));
    gnl_exec_backward(t->exec, 1, GNL_GRAD_WEIGHTS);
    expect_gradients(t, "loss.");
}

static const struct penalty_case {
    const char *prefix, *at;
    gnl_penalty_kind kind;
} penalties[] = {
    {"r1.", "real", GNL_PENALTY_ZERO}, {"r2.", "fake", GNL_PENALTY_ZERO}, {"gp.", "mixed", GNL_PENALTY_ONE}};

static void check_penalty(trial *t, const struct penalty_case *now, bool general)
{
    const gnl_penalty penalty = {.kind = now->kind, .weight = 1, .general = general};
    start(t, now->at);
    (void)gnl_exec_penalty(t->exec, &penalty, NULL);
    expect_gradients(t, now->prefix);
}

START_TEST(critics_agree_with_pytorch)
{
    trial t;
    open_trial(&t, &critic_cases[_i]);
    check_loss(&t);
    for (size_t i = 0; i < GNL_COUNT(penalties); i++)
        for (int general = 0; general < 2; general++)
            check_penalty(&t, &penalties[i], general);
    close_trial(&t);
}
END_TEST

static void open_golden(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
    ck_assert_msg(gnl_reader_open(ctx, gnl_input_file(GOLDEN_CRITIC), &stored) == GENLAT_OK, "%s", genlat_last_error());
}

static void close_golden(void)
{
    gnl_reader_close(stored);
    genlat_ctx_destroy(&ctx);
}

int main(void)
{
    Suite *suite = suite_create("golden critics");
    TCase *tests = tcase_create("pytorch");
    tcase_add_checked_fixture(tests, open_golden, close_golden);
    tcase_add_loop_test(tests, critics_agree_with_pytorch, 0, (int)GNL_COUNT(critic_cases));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
