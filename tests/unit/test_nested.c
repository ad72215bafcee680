/* SPDX-License-Identifier: MIT */
/* Nested execs and gradients in the workspace: the same results with less memory, and errors on access to
 * overwritten data. */
#include <check.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "genlat/genlat.h"
#include "support/weights.h"

enum { ROWS = 64, MANY = 64 * ROWS, CODE = 16, SIZE = 48, STEPS = 3 };

static genlat_ctx *ctx;

static void setup(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
}

static void teardown(void)
{
    genlat_ctx_destroy(&ctx);
}

static genlat_net *make(int64_t inputs, const char *layers)
{
    genlat_net_builder *builder = NULL;
    genlat_net *net = NULL;
    ck_assert_int_eq(genlat_net_builder_new(ctx, &builder), GENLAT_OK);
    genlat_net_builder_input(builder, "x", 1, &inputs);
    genlat_net_builder_text(builder, layers);
    ck_assert_msg(genlat_net_build(&builder, &net) == GENLAT_OK, "%s", genlat_last_error());
    return net;
}

static genlat_exec_opts options(void)
{
    genlat_exec_opts opts;
    genlat_exec_opts_init(&opts);
    return opts;
}

static genlat_tensor *numbers(int64_t columns, uint64_t seed)
{
    genlat_tensor *x = NULL;
    genlat_rng *rng = NULL;
    ck_assert_int_eq(genlat_tensor_new(ctx, 2, (int64_t[]){ROWS, columns}, &x), GENLAT_OK);
    ck_assert_int_eq(genlat_rng_new(ctx, seed, 0, &rng), GENLAT_OK);
    ck_assert_int_eq(genlat_rng_normal(rng, ROWS * columns, genlat_tensor_data(x)), GENLAT_OK);
    genlat_rng_destroy(&rng);
    return x;
}

/* ---- a GAN ------------------------------------------------------------------------------------- */

/* With batch norm, which rules out tiles, and without. */
static const char *const generators[] = {
    "dense units=96; batch_norm; relu; dense units=80; batch_norm; leaky_relu; dense units=48; tanh",
    "dense units=96; relu; dense units=80; elu; dense units=48; tanh",
};
static const char *const discriminator_layers =
    "dense units=200; leaky_relu; dense units=64; batch_norm; leaky_relu; dense units=1";

enum { G, D };

typedef struct gan {
    genlat_net *net[2];
    genlat_exec *exec[2];
    genlat_optim *optim[2];
    genlat_tensor *z, *x, *slope;
} gan;

static void compile_apart(gan *g, genlat_exec_opts opts)
{
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(genlat_net_compile(g->net[i], ROWS, &opts, &g->exec[i]), GENLAT_OK);
}

static void compile_together(gan *g, genlat_exec_opts opts)
{
    genlat_exec_opts outer = opts;
    outer.gradients_in_workspace = 1;
    ck_assert_int_eq(genlat_net_exec_bytes(g->net[D], ROWS, &opts, &outer.nested_bytes), GENLAT_OK);
    ck_assert_int_eq(genlat_net_compile(g->net[G], ROWS, &outer, &g->exec[G]), GENLAT_OK);
    ck_assert_int_eq(genlat_exec_compile_nested(g->exec[G], g->net[D], ROWS, &opts, &g->exec[D]), GENLAT_OK);
}

static genlat_exec_opts options_of(int which)
{
    genlat_exec_opts opts = options();
    opts.recompute = which % 2;
    opts.tile = which / 2 * 24;
    return opts;
}

static void gan_open(gan *g, int index, bool together)
{
    g->net[G] = make(CODE, generators[index / 4]);
    g->net[D] = make(SIZE, discriminator_layers);
    if (together)
        compile_together(g, options_of(index % 4));
    else
        compile_apart(g, options_of(index % 4));
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(genlat_optim_from_text(ctx, "adam lr=1e-2", &g->optim[i]), GENLAT_OK);
        ck_assert_int_eq(genlat_optim_add(g->optim[i], g->net[i], NULL, NULL), GENLAT_OK);
    }
    g->z = numbers(CODE, 1);
    g->x = numbers(SIZE, 2);
    g->slope = numbers(1, 3);
}

static void gan_close(gan *g)
{
    genlat_tensor **tensors[] = {&g->z, &g->x, &g->slope};
    for (int i = 0; i < 3; i++)
        genlat_tensor_destroy(tensors[i]);
    for (int i = 1; i >= 0; i--) {
        genlat_optim_destroy(&g->optim[i]);
        genlat_exec_destroy(&g->exec[i]);
        genlat_net_destroy(&g->net[i]);
    }
}

static void run_discriminator(gan *g, const genlat_tensor *x)
{
    ck_assert_int_eq(genlat_exec_forward(g->exec[D], GENLAT_MODE_TRAIN, 1, &x), GENLAT_OK);
    ck_assert_int_eq(genlat_exec_backward(g->exec[D], 1, &(const genlat_tensor *){g->slope}), GENLAT_OK);
}

/* Any output gradient serves: the steps of both nets read all gradients. */
static void gan_step(gan *g)
{
    const genlat_tensor *generated = NULL, *back = NULL;
    ck_assert_int_eq(genlat_exec_forward(g->exec[G], GENLAT_MODE_TRAIN, 1, &(const genlat_tensor *){g->z}), GENLAT_OK);
    ck_assert_int_eq(genlat_exec_output(g->exec[G], 0, &generated), GENLAT_OK);
    ck_assert_int_eq(genlat_optim_zero_grad(g->optim[D]), GENLAT_OK);
    run_discriminator(g, g->x);
    run_discriminator(g, generated);
    ck_assert_int_eq(genlat_optim_step(g->optim[D]), GENLAT_OK);
    ck_assert_int_eq(genlat_optim_zero_grad(g->optim[G]), GENLAT_OK);
    ck_assert_int_eq(genlat_net_freeze(g->net[D], "", 1), GENLAT_OK);
    run_discriminator(g, generated);
    ck_assert_int_eq(genlat_net_freeze(g->net[D], "", 0), GENLAT_OK);
    ck_assert_int_eq(genlat_exec_input_grad(g->exec[D], 0, &back), GENLAT_OK);
    ck_assert_int_eq(genlat_exec_backward(g->exec[G], 1, &back), GENLAT_OK);
    ck_assert_int_eq(genlat_optim_step(g->optim[G]), GENLAT_OK);
}

START_TEST(nested_execs_compute_the_same_results)
{
    gan apart = {0}, together = {0};
    gan_open(&apart, _i, false);
    gan_open(&together, _i, true);
    for (int i = 0; i < STEPS; i++) {
        gan_step(&apart);
        gan_step(&together);
    }
    assert_same_weights(apart.net[G], together.net[G]);
    assert_same_weights(apart.net[D], together.net[D]);
    gan_close(&apart);
    gan_close(&together);
}
END_TEST

/* Memory that the generator uses in one pass only, and that of its gradients, is shared with the discriminator. */
START_TEST(nested_execs_take_less_memory)
{
    gan apart = {0}, together = {0};
    gan_open(&apart, 0, false);
    gan_open(&together, 0, true);
    int64_t gradients = genlat_net_size(apart.net[G]) * (int64_t)sizeof(float);
    int64_t before = genlat_exec_bytes(apart.exec[G]) + genlat_exec_bytes(apart.exec[D]) + gradients;
    ck_assert_int_lt(genlat_exec_bytes(together.exec[G]), before - gradients - 20 * ROWS * (int64_t)sizeof(float));
    gan_close(&apart);
    gan_close(&together);
}
END_TEST

/* ---- gradients of the first layer -------------------------------------------------------------- */

enum { IN = 400, WIDE = 500 };

/* One training step from the same initial weights; returns the size of the workspace in bytes. */
static int64_t train_one_step(genlat_net *net, uint32_t gradients_in_workspace)
{
    genlat_exec_opts opts = options();
    genlat_exec *exec = NULL;
    genlat_optim *optim = NULL;
    genlat_tensor *x = numbers(IN, 1);
    opts.gradients_in_workspace = gradients_in_workspace;
    ck_assert_int_eq(genlat_net_compile(net, ROWS, &opts, &exec), GENLAT_OK);
    ck_assert_int_eq(genlat_optim_from_text(ctx, "sgd lr=1e-3", &optim), GENLAT_OK);
    ck_assert_int_eq(genlat_optim_add(optim, net, NULL, NULL), GENLAT_OK);
    const genlat_tensor *y = NULL;
    ck_assert_int_eq(genlat_exec_forward(exec, GENLAT_MODE_TRAIN, 1, &(const genlat_tensor *){x}), GENLAT_OK);
    ck_assert_int_eq(genlat_exec_output(exec, 0, &y), GENLAT_OK);
    ck_assert_int_eq(genlat_exec_backward(exec, 1, &y), GENLAT_OK);
    ck_assert_int_eq(genlat_optim_step(optim), GENLAT_OK);
    int64_t bytes = genlat_exec_bytes(exec);
    genlat_optim_destroy(&optim);
    genlat_exec_destroy(&exec);
    genlat_tensor_destroy(&x);
    return bytes;
}

/* They reuse the memory of the derivatives of the last, wide layer, even if the layer is used twice. */
START_TEST(gradients_of_the_first_layer_reuse_memory)
{
    static const char *const nets[] = {
        "dense units=500; relu; dense units=16; relu; dense units=8000",
        "dense units=500 name=first; relu; dense units=400; dense units=500 share=first; dense units=16; "
        "dense units=8000",
    };
    genlat_net *plain = make(IN, nets[_i]), *in_workspace = make(IN, nets[_i]);
    int64_t others = (genlat_net_size(plain) - IN * WIDE) * (int64_t)sizeof(float);
    int64_t more_bytes = train_one_step(in_workspace, 1) - train_one_step(plain, 0);
    assert_same_weights(plain, in_workspace);
    ck_assert_int_lt(more_bytes, others + 4096);
    genlat_net_destroy(&plain);
    genlat_net_destroy(&in_workspace);
}
END_TEST

/* ---- what is refused --------------------------------------------------------------------------- */

#define REFUSED(code, words, call)                                                                                     \
    do {                                                                                                               \
        ck_assert_int_eq(call, code);                                                                                  \
        ck_assert_msg(strstr(genlat_last_error(), words), "%s", genlat_last_error());                                  \
    } while (0)

START_TEST(nested_execs_must_fit_into_nested_bytes)
{
    genlat_net *big = make(CODE, generators[0]), *small = make(SIZE, discriminator_layers);
    genlat_exec *outer = NULL, *first = NULL, *second = NULL;
    genlat_exec_opts opts = options();
    ck_assert_int_eq(genlat_net_exec_bytes(small, MANY, NULL, &opts.nested_bytes), GENLAT_OK);
    ck_assert_int_eq(genlat_net_compile(big, ROWS, &opts, &outer), GENLAT_OK);
    REFUSED(GENLAT_E_RANGE, "nested bytes", genlat_exec_compile_nested(outer, small, 2 * MANY, NULL, &first));
    ck_assert_ptr_null(first);
    ck_assert_int_eq(genlat_exec_compile_nested(outer, small, MANY, NULL, &first), GENLAT_OK);
    REFUSED(GENLAT_E_RANGE, "nested bytes", genlat_exec_compile_nested(outer, small, MANY, NULL, &second));
    genlat_exec_destroy(&first);
    ck_assert_int_eq(genlat_exec_compile_nested(outer, small, MANY, NULL, &second), GENLAT_OK);
    genlat_exec_destroy(&outer);
    genlat_exec_destroy(&second);
    genlat_net_destroy(&big);
    genlat_net_destroy(&small);
}
END_TEST

START_TEST(nested_results_are_invalid_after_an_outer_forward)
{
    gan g = {0};
    const genlat_tensor *overwritten = NULL;
    gan_open(&g, 0, true);
    gan_step(&g);
    ck_assert_int_eq(genlat_exec_forward(g.exec[D], GENLAT_MODE_TRAIN, 1, &(const genlat_tensor *){g.x}), GENLAT_OK);
    ck_assert_int_eq(genlat_exec_forward(g.exec[G], GENLAT_MODE_TRAIN, 1, &(const genlat_tensor *){g.z}), GENLAT_OK);
    REFUSED(GENLAT_E_STATE, "outer", genlat_exec_backward(g.exec[D], 1, &(const genlat_tensor *){g.slope}));
    REFUSED(GENLAT_E_STATE, "outer", genlat_exec_output(g.exec[D], 0, &overwritten));
    gan_step(&g);
    REFUSED(GENLAT_E_STATE, "outer", genlat_exec_input_grad(g.exec[D], 0, &overwritten));
    gan_close(&g);
}
END_TEST

START_TEST(gradients_are_invalid_after_a_nested_forward)
{
    gan g = {0};
    const genlat_tensor *overwritten = NULL;
    gan_open(&g, 0, true);
    REFUSED(GENLAT_E_STATE, "backward", genlat_optim_step(g.optim[G]));
    gan_step(&g);
    ck_assert_int_eq(genlat_exec_input_grad(g.exec[G], 0, &overwritten), GENLAT_OK);
    ck_assert_int_eq(genlat_optim_step(g.optim[G]), GENLAT_OK);
    run_discriminator(&g, g.x);
    REFUSED(GENLAT_E_STATE, "nested exec", genlat_optim_step(g.optim[G]));
    REFUSED(GENLAT_E_STATE, "nested exec", genlat_exec_input_grad(g.exec[G], 0, &overwritten));
    gan_step(&g);
    ck_assert_int_eq(genlat_exec_forward(g.exec[G], GENLAT_MODE_TRAIN, 1, &(const genlat_tensor *){g.z}), GENLAT_OK);
    REFUSED(GENLAT_E_STATE, "backward", genlat_optim_step(g.optim[G]));
    gan_close(&g);
}
END_TEST

START_TEST(gradients_in_the_workspace_belong_to_one_exec)
{
    genlat_net *net = make(CODE, "dense units=4"), *late = make(CODE, "dense units=4");
    genlat_exec *exec = NULL, *other = NULL;
    genlat_optim *optim = NULL;
    genlat_tensor *grad = NULL;
    genlat_exec_opts opts = options();
    opts.gradients_in_workspace = 1;
    ck_assert_int_eq(genlat_net_grad(late, "0.weight", &grad), GENLAT_OK);
    REFUSED(GENLAT_E_STATE, "gradients_in_workspace", genlat_net_compile(late, ROWS, &opts, &exec));
    genlat_tensor_destroy(&grad);
    ck_assert_int_eq(genlat_net_compile(net, ROWS, &opts, &exec), GENLAT_OK);
    REFUSED(GENLAT_E_STATE, "gradients_in_workspace", genlat_net_compile(net, ROWS, NULL, &other));
    REFUSED(GENLAT_E_STATE, "gradients_in_workspace", genlat_net_grad(net, "0.weight", &grad));
    ck_assert_int_eq(genlat_optim_from_text(ctx, "sgd lr=1", &optim), GENLAT_OK);
    ck_assert_int_eq(genlat_optim_add(optim, net, NULL, NULL), GENLAT_OK);
    genlat_exec_destroy(&exec);
    REFUSED(GENLAT_E_STATE, "destroyed", genlat_optim_step(optim));
    ck_assert_int_eq(genlat_net_compile(net, ROWS, NULL, &other), GENLAT_OK);
    ck_assert_int_eq(genlat_optim_step(optim), GENLAT_OK);
    genlat_exec_destroy(&other);
    genlat_optim_destroy(&optim);
    genlat_net_destroy(&net);
    genlat_net_destroy(&late);
}
END_TEST

START_TEST(nesting_requires_training_execs)
{
    genlat_net *net = make(CODE, "dense units=4");
    genlat_exec *exec = NULL, *nested = NULL;
    genlat_exec_opts opts = options();
    opts.nested_bytes = 1 << 20;
    ck_assert_int_eq(genlat_net_compile(net, ROWS, &opts, &exec), GENLAT_OK);
    opts.purpose = GENLAT_EXEC_INFERENCE;
    REFUSED(GENLAT_E_UNSUPPORTED, "training", genlat_net_compile(net, ROWS, &opts, &nested));
    opts.nested_bytes = 0;
    opts.gradients_in_workspace = 1;
    REFUSED(GENLAT_E_UNSUPPORTED, "training", genlat_net_compile(net, ROWS, &opts, &nested));
    opts.gradients_in_workspace = 0;
    opts.purpose = GENLAT_EXEC_PENALTY;
    REFUSED(GENLAT_E_UNSUPPORTED, "penalties", genlat_exec_compile_nested(exec, net, ROWS, &opts, &nested));
    genlat_exec_destroy(&exec);
    genlat_net_destroy(&net);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("nested");
    TCase *tests = tcase_create("nested");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, nested_execs_compute_the_same_results, 0, 8);
    tcase_add_test(tests, nested_execs_take_less_memory);
    tcase_add_loop_test(tests, gradients_of_the_first_layer_reuse_memory, 0, 2);
    tcase_add_test(tests, nested_execs_must_fit_into_nested_bytes);
    tcase_add_test(tests, nested_results_are_invalid_after_an_outer_forward);
    tcase_add_test(tests, gradients_are_invalid_after_a_nested_forward);
    tcase_add_test(tests, gradients_in_the_workspace_belong_to_one_exec);
    tcase_add_test(tests, nesting_requires_training_execs);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
