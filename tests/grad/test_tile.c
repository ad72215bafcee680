/* SPDX-License-Identifier: MIT */
/* Execution in tiles and recomputation, in double: outputs and gradients equal those of a single pass that keeps all
 * values. */
#include <check.h>
#include <math.h>

#include "net/exec_priv.h"

enum { ROWS = 7, SIDE = 4, CHANNELS = 2, NUMBERS = CHANNELS * SIDE * SIDE, MOST = 8192 };

/* Buffers of every kind: caches, views of the input, values read by several layers, shared weights, outputs that
 * other layers read, reparametrized weights. */
static const char *const nets[] = {
    "conv2d channels=4 kernel=3 padding=1 | leaky_relu | max_pool kernel=2 | flatten | dense units=3",
    "flatten | dense units=6 name=a | tanh name=b | dense units=6 name=c | tanh | dense units=6 share=c name=d | "
    "output d",
    "flatten name=f | dense units=6 name=a | tanh name=b | dense units=6 name=c | add from=b,c name=d | output d,b",
    "conv2d channels=4 kernel=3 padding=1 name=a | group_norm groups=2 | silu name=b | conv2d channels=4 kernel=1 "
    "name=c | add from=a,c | upsample mode=bilinear | avg_pool kernel=4 | flatten | dense units=4 name=d | "
    "softmax name=e | output e,b",
    "flatten name=f | dense units=6 weight=spectral name=a | gelu | concat from=f,a | layer_norm | maxout pieces=2 | "
    "dense units=2 weight=norm name=z | output z,a",
};

static genlat_ctx *ctx;

static const gnl_shape image = {3, {CHANNELS, SIDE, SIDE}};

static gnl_real x[ROWS * NUMBERS], slope[GENLAT_MAX_OUTPUTS][ROWS * 64];

/* Results of a forward and a backward pass. */
typedef struct result {
    int64_t numbers;
    gnl_real number[MOST];
} result;

static void append(result *r, int64_t n, const gnl_real *from)
{
    ck_assert_int_le(r->numbers + n, MOST);
    memcpy(r->number + r->numbers, from, (size_t)n * sizeof *from);
    r->numbers += n;
}

static genlat_net *make(const char *text, const gnl_shape *shape)
{
    const char *name = "x";
    genlat_net *net = NULL;
    ck_assert_msg(gnl_net_from_text(ctx, 1, &name, shape, text, &net) == GENLAT_OK, "%s: %s", text,
                  genlat_last_error());
    return net;
}

static int64_t bytes_of(genlat_net *net, int64_t rows, int64_t tile, bool recompute)
{
    int64_t bytes = 0;
    genlat_exec_opts opts = GNL_EXEC_OPTS(.purpose = GENLAT_EXEC_TRAINING, .input_grads = 1);
    opts.tile = tile;
    opts.recompute = recompute;
    ck_assert_int_eq(genlat_net_exec_bytes(net, rows, &opts, &bytes), GENLAT_OK);
    return bytes;
}

/* With a capacity of more rows than are passed. */
static genlat_exec *compile(genlat_net *net, int64_t tile, bool recompute)
{
    genlat_exec *exec = NULL;
    genlat_exec_opts opts = GNL_EXEC_OPTS(.purpose = GENLAT_EXEC_TRAINING, .input_grads = 1);
    opts.tile = tile;
    opts.recompute = recompute;
    ck_assert_int_eq(gnl_net_compile(net, ROWS + 3, &opts, &exec), GENLAT_OK);
    return exec;
}

/* Two forward and backward passes, the first with the derivative of one output only. */
static void run(genlat_net *net, genlat_exec *exec, result *r)
{
    const gnl_real *in = x;
    r->numbers = 0;
    exec->held = true;
    for (int pass = 0; pass < 2; pass++) {
        gnl_net_zero_grad(net);
        gnl_exec_forward(exec, GNL_TRAIN, ROWS, &in);
        for (int i = 0; i < net->outputs; i++) {
            int64_t n = ROWS * gnl_shape_count(&net->node[net->output[i]].shape);
            append(r, n, gnl_exec_output(exec, i));
            memcpy(gnl_exec_output_grad(exec, i), slope[i], (size_t)n * sizeof slope[i][0]);
        }
        gnl_exec_backward(exec, pass == 0 ? 1 : (1u << net->outputs) - 1, GNL_GRAD_WEIGHTS | GNL_GRAD_INPUTS);
        append(r, net->values, net->grad);
        append(r, ROWS * NUMBERS, gnl_exec_input_grad(exec, 0));
        append(r, net->states, net->state);
    }
    gnl_exec_release(exec);
}

/* The last tile is not full. */
static void run_tiled(genlat_net *net, int64_t tile, bool recompute, result *r)
{
    genlat_exec *exec = compile(net, tile, recompute);
    ck_assert_int_eq(exec->tile, tile);
    ck_assert_int_eq(exec->recomputes, recompute);
    run(net, exec, r);
}

START_TEST(tiles_do_not_change_results)
{
    static result single, tiled;
    genlat_net *net = make(nets[_i], &image);
    run_tiled(net, ROWS + 3, false, &single);
    for (int64_t tile = 1; tile < ROWS; tile++) {
        run_tiled(net, tile, tile % 2, &tiled);
        ck_assert_int_eq(tiled.numbers, single.numbers);
        for (int64_t i = 0; i < single.numbers; i++)
            ck_assert_msg(fabs(tiled.number[i] - single.number[i]) < 1e-12, "%s, tile %d, number %d: %g, not %g",
                          nets[_i], (int)tile, (int)i, tiled.number[i], single.number[i]);
    }
    gnl_net_release(net);
}
END_TEST

static const char *const together[] = {
    "flatten | dense units=3 | batch_norm | dense units=1",
    "flatten | dense units=3 | dropout p=0.5 | dense units=1",
};

START_TEST(nets_that_couple_samples_use_one_tile)
{
    genlat_net *net = make(together[_i], &image);
    genlat_exec *exec = compile(net, 2, false);
    ck_assert_int_eq(exec->tile, ROWS + 3);
    gnl_exec_release(exec);
    gnl_net_release(net);
}
END_TEST

/* Nets that couple samples, with the number of layers that are recomputed. Not recomputed are outputs, random
 * layers, expensive layers, and layers with an input that is not kept otherwise. */
static const struct recomputation {
    const char *text;
    int layers;
} recomputation[] = {
    {"conv2d channels=4 kernel=3 padding=1 | batch_norm | relu | conv2d channels=4 kernel=3 | batch_norm | silu | "
     "flatten | dense units=3",
     5},
    {"conv2d channels=4 kernel=9 padding=4 | batch_norm | relu | conv2d channels=4 kernel=3 | batch_norm | silu | "
     "flatten | dense units=3",
     4},
    {"conv2d channels=4 kernel=3 padding=1 | batch_norm name=a | silu name=b | conv2d channels=4 kernel=1 name=c | "
     "add from=a,c name=d | gelu name=e | flatten | dense units=4 name=f | output f,e",
     3},
    {"flatten | dense units=6 | relu | dropout p=0.5 | dense units=6 | batch_norm | tanh | dropout p=0.5 | "
     "dense units=2",
     2},
    {"flatten | layer_norm | silu | dense units=6 | batch_norm | dense units=2", 3},
};

static int count_recomputed(const genlat_exec *exec)
{
    int count = 0;
    for (int i = 0; i < exec->runs; i++)
        count += exec->run[i].recompute > 0 && !exec->run[i].skip;
    return count;
}

START_TEST(recomputed_values_are_the_same)
{
    static result kept, recomputed;
    genlat_net *net = make(recomputation[_i].text, &image);
    run(net, compile(net, 0, false), &kept);
    ck_assert_int_eq(gnl_net_init(net, (uint64_t)gnl_ctx_opts(ctx)->seed, 0), GENLAT_OK);
    genlat_exec *exec = compile(net, 0, true);
    ck_assert_int_eq(count_recomputed(exec), recomputation[_i].layers);
    run(net, exec, &recomputed);
    ck_assert_int_eq(recomputed.numbers, kept.numbers);
    ck_assert_mem_eq(recomputed.number, kept.number, (size_t)kept.numbers * sizeof kept.number[0]);
    gnl_net_release(net);
}
END_TEST

START_TEST(recomputation_needs_less_memory)
{
    genlat_net *net =
        make("conv2d channels=8 kernel=3 padding=1 | batch_norm | relu | conv2d channels=8 kernel=3 padding=1 | "
             "batch_norm | relu | conv2d channels=8 kernel=3 padding=1 | batch_norm | relu | "
             "conv2d channels=8 kernel=3 padding=1 | batch_norm | relu | flatten | dense units=1",
             &(gnl_shape){3, {3, 16, 16}});
    ck_assert_int_lt(bytes_of(net, 256, 0, true), 4 * bytes_of(net, 256, 0, false) / 5);
    gnl_net_release(net);
}
END_TEST

/* Twice the rows need more memory for inputs and outputs only, here less than 2% of all activations. */
START_TEST(recomputed_memory_does_not_grow_with_rows)
{
    genlat_net *net = make("dense units=300 | silu | dense units=300 | tanh | dense units=1", &(gnl_shape){1, {2}});
    int64_t kept = bytes_of(net, 1024, 16, false), small = bytes_of(net, 512, 16, true),
            large = bytes_of(net, 1024, 16, true);
    ck_assert_int_lt(large - small, (kept - large) / 50);
    gnl_net_release(net);
}
END_TEST

START_TEST(large_images_use_tiles)
{
    genlat_net *net = make("conv2d channels=32 kernel=3 padding=1 | silu", &(gnl_shape){3, {3, 64, 64}});
    ck_assert_int_lt(bytes_of(net, 64, 0, false), bytes_of(net, 64, 64, false));
    gnl_net_release(net);
}
END_TEST

/* Gradients in the workspace of an exec are not overwritten when later tiles are recomputed. */
START_TEST(gradients_in_the_workspace_survive_later_tiles)
{
    genlat_net *net = make("dense units=4 name=a | pad before=1 after=1", &(gnl_shape){2, {1, 4}});
    genlat_exec_opts opts = GNL_EXEC_OPTS(.purpose = GENLAT_EXEC_TRAINING);
    genlat_exec *exec = NULL;
    const gnl_real ones[] = {1, 1, 1, 1, 1, 1, 1, 1}, *in = ones;
    opts.recompute = opts.gradients_in_workspace = opts.tile = 1;
    ck_assert_int_eq(gnl_net_compile(net, 2, &opts, &exec), GENLAT_OK);
    ck_assert(exec->recomputes);
    for (int64_t i = 0; i < net->values; i++)
        net->value[i] = 1;
    gnl_exec_forward(exec, GNL_TRAIN, 2, &in);
    for (int i = 0; i < 2 * 6; i++)
        gnl_exec_output_grad(exec, 0)[i] = 1;
    gnl_exec_backward(exec, 1, GNL_GRAD_WEIGHTS);
    for (int w = 0; w < net->weights; w++)
        for (int64_t i = 0; i < net->weight[w].count; i++)
            ck_assert_double_eq(net->grad[net->weight[w].offset + i], 2);
    gnl_exec_release(exec);
    gnl_net_release(net);
}
END_TEST

static void setup(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
    gnl_rng rng = gnl_rng_make(3, GNL_STREAM_USER, 0);
    gnl_rng_fill_normal(&rng, x, GNL_COUNT(x));
    for (int i = 0; i < GENLAT_MAX_OUTPUTS; i++)
        gnl_rng_fill_normal(&rng, slope[i], GNL_COUNT(slope[i]));
}

static void teardown(void)
{
    genlat_ctx_destroy(&ctx);
}

int main(void)
{
    Suite *suite = suite_create("tile");
    TCase *tests = tcase_create("tile");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, tiles_do_not_change_results, 0, GNL_COUNT(nets));
    tcase_add_loop_test(tests, nets_that_couple_samples_use_one_tile, 0, GNL_COUNT(together));
    tcase_add_loop_test(tests, recomputed_values_are_the_same, 0, GNL_COUNT(recomputation));
    tcase_add_test(tests, recomputation_needs_less_memory);
    tcase_add_test(tests, recomputed_memory_does_not_grow_with_rows);
    tcase_add_test(tests, large_images_use_tiles);
    tcase_add_test(tests, gradients_in_the_workspace_survive_later_tiles);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
