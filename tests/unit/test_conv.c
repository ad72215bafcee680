/* SPDX-License-Identifier: MIT */
/* Convolutions against a loop over the definition, with unusual geometries; threads; refused geometries. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <tgmath.h>

#include "layer/layer.h"

enum { CPUS = GENLAT_CPU_NEON }; /* instruction sets to test, if the machine has them */

typedef struct geometry_case {
    /* Map size {0}: computed from the image. An image may have more positions than the map needs, as in transposed
     * convolutions with output_padding. */
    gnl_conv g;
    int64_t rows;
} geometry_case;

/* groups, image channels, map channels, image, map, kernel, stride, padding, dilation; rows */
static const geometry_case cases[] = {
    {{1, 1, 1, {1, 1}, {0}, {1, 1}, {1, 1}, {0, 0}, {1, 1}}, 1},
    {{1, 3, 5, {7, 6}, {0}, {3, 3}, {1, 1}, {1, 1}, {1, 1}}, 2},
    {{1, 2, 3, {9, 8}, {0}, {4, 4}, {2, 2}, {1, 1}, {1, 1}}, 5},
    {{2, 4, 6, {8, 11}, {0}, {3, 2}, {3, 2}, {2, 1}, {1, 2}}, 3},
    {{4, 4, 4, {6, 6}, {0}, {3, 3}, {1, 1}, {1, 1}, {1, 1}}, 4},    /* one channel per group */
    {{1, 2, 2, {5, 5}, {0}, {1, 1}, {3, 3}, {2, 2}, {1, 1}}, 3},    /* kernel smaller than the stride */
    {{1, 2, 2, {4, 4}, {0}, {2, 2}, {5, 5}, {5, 5}, {3, 3}}, 2},    /* map positions that lie in the padding only */
    {{1, 3, 2, {10, 9}, {0}, {3, 3}, {2, 1}, {4, 0}, {4, 2}}, 2},   /* dilation larger than the stride */
    {{1, 8, 16, {4, 4}, {0}, {4, 4}, {1, 1}, {0, 0}, {1, 1}}, 7},   /* equivalent to a dense layer */
    {{1, 6, 7, {9, 9}, {0}, {1, 1}, {1, 1}, {0, 0}, {1, 1}}, 3},    /* pointwise, several samples per tile */
    {{3, 6, 9, {40, 40}, {0}, {1, 1}, {1, 1}, {0, 0}, {1, 1}}, 2},  /* pointwise, tiles of rows */
    {{1, 16, 24, {7, 7}, {0}, {3, 3}, {1, 1}, {1, 1}, {1, 1}}, 37}, /* many samples per tile */
    {{1, 40, 96, {6, 6}, {0}, {4, 4}, {2, 2}, {1, 1}, {1, 1}}, 9},  /* blocks of channels */
    {{2, 40, 96, {6, 6}, {0}, {5, 5}, {1, 1}, {2, 2}, {1, 1}}, 2},
    {{1, 3, 4, {50, 61}, {0}, {3, 3}, {1, 1}, {1, 1}, {1, 1}}, 2},    /* tiles of rows */
    {{1, 2, 3, {1, 5000}, {0}, {1, 9}, {1, 2}, {0, 4}, {1, 1}}, 2},   /* tiles of a part of a row */
    {{1, 16, 24, {16, 14}, {0}, {4, 4}, {2, 2}, {1, 1}, {1, 1}}, 37}, /* by transforms */
    {{1, 19, 17, {8, 9}, {0}, {4, 4}, {2, 2}, {0, 1}, {1, 1}}, 13},
    {{1, 16, 16, {66, 36}, {0}, {4, 4}, {2, 2}, {2, 3}, {1, 1}}, 15}, /* blocks of rows of tiles */
    {{3, 9, 12, {9, 7}, {0}, {3, 3}, {1, 1}, {1, 1}, {1, 1}}, 37},    /* few channels per group */
    {{2, 22, 18, {13, 8}, {0}, {3, 5}, {2, 3}, {2, 1}, {1, 1}}, 18},
    {{4, 4, 8, {10, 11}, {0}, {3, 2}, {2, 1}, {1, 2}, {2, 3}}, 16},
    {{1, 1, 40, {70, 66}, {0}, {4, 4}, {2, 2}, {1, 1}, {1, 1}}, 20}, /* bands of rows */
    {{2, 32, 30, {40, 40}, {0}, {2, 2}, {3, 3}, {0, 1}, {1, 1}}, 8},
    {{1, 2, 3, {1, 3000}, {0}, {1, 3}, {1, 1}, {0, 700}, {1, 300}}, 1},
    {{1, 2, 3, {6, 5}, {5, 3}, {1, 1}, {1, 1}, {0, 0}, {2, 3}}, 1}, /* pointwise, with unused image positions */
    {{1, 2, 3, {6, 5}, {5, 3}, {1, 1}, {1, 1}, {0, 0}, {2, 3}}, 5},
    {{2, 4, 6, {7, 40}, {7, 38}, {1, 1}, {1, 1}, {0, 0}, {1, 3}}, 20},
    {{1, 3, 2, {12, 9}, {4, 5}, {3, 3}, {1, 1}, {0, 1}, {3, 2}}, 4},
    {{3, 9, 12, {10, 12}, {5, 7}, {3, 3}, {1, 1}, {0, 0}, {2, 2}}, 37},
    {{1, 16, 24, {17, 15}, {8, 7}, {4, 4}, {2, 2}, {1, 1}, {1, 1}}, 37},
    /* equivalent to a dense layer, with an unused row */
    {{1, 8, 16, {5, 4}, {1, 1}, {4, 4}, {2, 1}, {0, 0}, {1, 1}}, 7},
};

typedef struct operands {
    genlat_ctx *ctx;
    gnl_compute compute;
    gnl_conv g;
    int64_t rows, images, maps, weights, scratch;
    gnl_real *image, *map, *weight, *bias, *out, *expected, *work;
} operands;

static int64_t map_size(const gnl_conv *g, int i)
{
    return (g->image[i] + 2 * g->padding[i] - (g->kernel[i] - 1) * g->dilation[i] - 1) / g->stride[i] + 1;
}

static gnl_conv geometry_of(const geometry_case *c)
{
    gnl_conv g = c->g;
    for (int i = 0; i < 2 && !c->g.map[0]; i++)
        g.map[i] = map_size(&c->g, i);
    return g;
}

static gnl_real *random_numbers(operands *o, gnl_rng *rng, int64_t n)
{
    gnl_real *block = gnl_alloc(o->ctx, (size_t)n, sizeof *block);
    ck_assert_ptr_nonnull(block);
    gnl_rng_fill_normal(rng, block, n);
    return block;
}

static void operands_open(operands *o, const geometry_case *c, uint32_t cpu, int threads)
{
    genlat_ctx_opts opts;
    genlat_ctx_opts_init(&opts);
    opts.threads = threads;
    opts.cpu = cpu;
    opts.gemm = GENLAT_GEMM_BUILTIN;
    ck_assert_int_eq(genlat_ctx_new(&opts, &o->ctx), GENLAT_OK);
    gnl_rng rng = gnl_rng_make(11, GNL_STREAM_USER, 0);
    o->g = geometry_of(c);
    o->rows = c->rows;
    o->images = o->rows * o->g.image_channels * o->g.image[0] * o->g.image[1];
    o->maps = o->rows * o->g.map_channels * o->g.map[0] * o->g.map[1];
    o->weights = o->g.map_channels * o->g.image_channels / o->g.groups * o->g.kernel[0] * o->g.kernel[1];
    o->image = random_numbers(o, &rng, o->images);
    o->map = random_numbers(o, &rng, o->maps);
    o->weight = random_numbers(o, &rng, o->weights);
    o->bias = random_numbers(o, &rng, GNL_MAX(o->g.image_channels, o->g.map_channels));
    int64_t most = GNL_MAX(GNL_MAX(o->images, o->maps), o->weights);
    o->out = random_numbers(o, &rng, most);
    o->expected = random_numbers(o, &rng, most);
    o->scratch = gnl_conv_scratch(&o->g, o->rows, threads);
    o->work = random_numbers(o, &rng, o->scratch + 1);
    o->compute = (gnl_compute){o->ctx, gnl_kernels_of(o->ctx), NULL};
    o->compute.space = random_numbers(o, &rng, (int64_t)gnl_gemm_space(o->ctx));
}

static void operands_close(operands *o)
{
    gnl_real *blocks[] = {o->image, o->map, o->weight, o->bias, o->out, o->expected, o->work, o->compute.space};
    for (size_t i = 0; i < GNL_COUNT(blocks); i++)
        gnl_free(o->ctx, blocks[i]);
    genlat_ctx_destroy(&o->ctx);
}

/* ---- the definition -------------------------------------------------------------------------- */

/* Visits every product of the sum: one element of the image, one of the map, and the weight that connects them. */
typedef void visitor(operands *o, int64_t image, int64_t map, int64_t weight);

typedef struct place {
    /* row: sample; channel: of the map; inner: image channel within its group */
    int64_t row, channel, inner, y, x, ky, kx;
} place;

static void visit_place(operands *o, visitor *visit, const place *p)
{
    const gnl_conv *g = &o->g;
    int64_t inner = g->image_channels / g->groups, group = p->channel / (g->map_channels / g->groups);
    int64_t iy = p->y * g->stride[0] - g->padding[0] + p->ky * g->dilation[0];
    int64_t ix = p->x * g->stride[1] - g->padding[1] + p->kx * g->dilation[1];
    if (iy < 0 || ix < 0 || iy >= g->image[0] || ix >= g->image[1])
        return;
    int64_t plane = p->row * g->image_channels + group * inner + p->inner;
    visit(o, (plane * g->image[0] + iy) * g->image[1] + ix,
          ((p->row * g->map_channels + p->channel) * g->map[0] + p->y) * g->map[1] + p->x,
          ((p->channel * inner + p->inner) * g->kernel[0] + p->ky) * g->kernel[1] + p->kx);
}

static void visit_all(operands *o, visitor *visit)
{
    const gnl_conv *g = &o->g;
    const int64_t size[] = {o->rows,      g->map_channels, g->image_channels / g->groups, g->map[0], g->map[1],
                            g->kernel[0], g->kernel[1]};
    int64_t at[GNL_COUNT(size)] = {0};
    for (int digit = 0; digit >= 0;) {
        visit_place(o, visit, &(place){at[0], at[1], at[2], at[3], at[4], at[5], at[6]});
        for (digit = (int)GNL_COUNT(size) - 1; digit >= 0 && ++at[digit] == size[digit]; digit--)
            at[digit] = 0;
    }
}

static void add_to_map(operands *o, int64_t image, int64_t map, int64_t weight)
{
    o->expected[map] += o->image[image] * o->weight[weight];
}

static void add_to_image(operands *o, int64_t image, int64_t map, int64_t weight)
{
    o->expected[image] += o->map[map] * o->weight[weight];
}

static void add_to_weight(operands *o, int64_t image, int64_t map, int64_t weight)
{
    o->expected[weight] += o->image[image] * o->map[map];
}

static void start_with_bias(operands *o, int64_t channels, int64_t plane)
{
    for (int64_t i = 0; i < o->rows * channels * plane; i++)
        o->expected[i] = o->bias[i / plane % channels];
}

static void check_expected(const operands *o, const char *what, int64_t n)
{
    double size = 1, worst = 0;
    for (int64_t i = 0; i < n; i++) {
        double difference = fabs((double)o->out[i] - (double)o->expected[i]);
        size = fmax(size, fabs((double)o->expected[i]));
        worst = difference <= worst ? worst : difference;
    }
    ck_assert_msg(worst <= 2e-5 * size, "%s is off by %g of %g", what, worst, size);
}

START_TEST(convolutions_agree_with_the_definition)
{
    operands o;
    uint32_t cpu = GENLAT_CPU_BASELINE + (uint32_t)(_i % CPUS);
    if (cpu > gnl_cpu_detect())
        return;
    operands_open(&o, &cases[_i / CPUS], cpu, 1);
    o.work[o.scratch] = 42;
    gnl_conv_gather(&o.compute, &o.g, o.rows, o.image, o.weight, o.bias, o.out, o.work);
    start_with_bias(&o, o.g.map_channels, o.g.map[0] * o.g.map[1]);
    visit_all(&o, add_to_map);
    check_expected(&o, "gather", o.maps);
    gnl_conv_scatter(&o.compute, &o.g, o.rows, o.map, o.weight, o.bias, o.out, o.work);
    start_with_bias(&o, o.g.image_channels, o.g.image[0] * o.g.image[1]);
    visit_all(&o, add_to_image);
    check_expected(&o, "scatter", o.images);
    memset(o.expected, 0, (size_t)o.weights * sizeof *o.expected);
    memset(o.out, 0, (size_t)o.weights * sizeof *o.out);
    gnl_conv_weight(&o.compute, &o.g, o.rows, o.image, o.map, o.out, o.work);
    visit_all(&o, add_to_weight);
    check_expected(&o, "weight", o.weights);
    ck_assert_double_eq((double)o.work[o.scratch], 42);
    operands_close(&o);
}
END_TEST

/* The scratch for all rows is large enough for any smaller number of rows. */
START_TEST(scratch_is_large_enough_for_fewer_rows)
{
    operands o;
    operands_open(&o, &cases[11], GENLAT_CPU_AUTO, 1);
    int64_t all = o.rows, maps = o.maps / all;
    o.work[o.scratch] = 42;
    gnl_conv_gather(&o.compute, &o.g, all, o.image, o.weight, NULL, o.expected, o.work);
    for (int64_t rows = 1; rows < all; rows++) {
        gnl_conv_gather(&o.compute, &o.g, rows, o.image, o.weight, NULL, o.out, o.work);
        check_expected(&o, "gather of fewer rows", rows * maps);
        gnl_conv_scatter(&o.compute, &o.g, rows, o.map, o.weight, NULL, o.out, o.work);
        gnl_conv_weight(&o.compute, &o.g, rows, o.image, o.map, o.weight, o.work);
        gnl_conv_gather(&o.compute, &o.g, all, o.image, o.weight, NULL, o.expected, o.work);
        ck_assert_double_eq((double)o.work[o.scratch], 42);
    }
    operands_close(&o);
}
END_TEST

/* Some sizes divide evenly into larger tiles than more rows do. */
START_TEST(scratch_never_shrinks_with_rows)
{
    enum { MOST_ROWS = 80 };
    const gnl_conv g = geometry_of(&cases[_i]);
    for (int threads = 1; threads <= 3; threads++)
        for (int64_t rows = 1, least = 0; rows <= MOST_ROWS; rows++) {
            const int64_t size = gnl_conv_scratch(&g, rows, threads);
            ck_assert_msg(size >= least, "%lld numbers for %lld rows on %d threads, %lld for fewer", (long long)size,
                          (long long)rows, threads, (long long)least);
            least = size;
        }
}
END_TEST

static void run_all(operands *o, gnl_real *maps, gnl_real *images, gnl_real *weights)
{
    gnl_conv_gather(&o->compute, &o->g, o->rows, o->image, o->weight, o->bias, maps, o->work);
    gnl_conv_scatter(&o->compute, &o->g, o->rows, o->map, o->weight, NULL, images, o->work);
    memset(weights, 0, (size_t)o->weights * sizeof *weights);
    gnl_conv_weight(&o->compute, &o->g, o->rows, o->image, o->map, weights, o->work);
}

START_TEST(threads_give_the_same_bits)
{
    operands one, more;
    operands_open(&one, &cases[_i], GENLAT_CPU_AUTO, 1);
    operands_open(&more, &cases[_i], GENLAT_CPU_AUTO, 3);
    gnl_real *maps = gnl_alloc(more.ctx, (size_t)more.maps, sizeof *maps);
    gnl_real *images = gnl_alloc(more.ctx, (size_t)more.images, sizeof *images);
    gnl_real *weights = gnl_alloc(more.ctx, (size_t)more.weights, sizeof *weights);
    run_all(&more, maps, images, weights);
    gnl_conv_gather(&one.compute, &one.g, one.rows, one.image, one.weight, one.bias, one.out, one.work);
    ck_assert_mem_eq(maps, one.out, (size_t)one.maps * sizeof *maps);
    gnl_conv_scatter(&one.compute, &one.g, one.rows, one.map, one.weight, NULL, one.out, one.work);
    ck_assert_mem_eq(images, one.out, (size_t)one.images * sizeof *images);
    memset(one.out, 0, (size_t)one.weights * sizeof *one.out);
    gnl_conv_weight(&one.compute, &one.g, one.rows, one.image, one.map, one.out, one.work);
    ck_assert_mem_eq(weights, one.out, (size_t)one.weights * sizeof *weights);
    gnl_free(more.ctx, maps);
    gnl_free(more.ctx, images);
    gnl_free(more.ctx, weights);
    operands_close(&one);
    operands_close(&more);
}
END_TEST

/* ---- layers ---------------------------------------------------------------------------------- */

typedef struct refusal {
    const char *spec;
    gnl_shape in;
    genlat_status status;
    const char *text;
} refusal;

static const refusal refusals[] = {
    {"conv2d channels=2", {2, {3, 8}}, GENLAT_E_SHAPE, "input is [3,8], expected [channels,height,width]"},
    {"conv1d channels=2", {3, {3, 8, 8}}, GENLAT_E_SHAPE, "input is [3,8,8], expected [channels,length]"},
    {"conv2d channels=2", {3, {3, 0, 8}}, GENLAT_E_SHAPE, "input is [3,0,8], which is empty"},
    {"conv2d channels=4 groups=2",
     {3, {3, 8, 8}},
     GENLAT_E_SHAPE,
     "3 input and 4 output channels are not multiples of 2 groups"},
    {"conv2d channels=3 groups=2",
     {3, {4, 8, 8}},
     GENLAT_E_SHAPE,
     "4 input and 3 output channels are not multiples of 2 groups"},
    {"conv2d channels=2 kernel=5 padding=1",
     {3, {3, 8, 2}},
     GENLAT_E_SHAPE,
     "kernel spans 5 positions, but the padded input has only 4"},
    {"conv2d channels=2 kernel=3 dilation=4x1",
     {3, {3, 8, 8}},
     GENLAT_E_SHAPE,
     "kernel spans 9 positions, but the padded input has only 8"},
    {"conv_transpose2d channels=2 stride=2 output_padding=2",
     {3, {3, 4, 4}},
     GENLAT_E_RANGE,
     "output_padding is 2, must be less than stride 2 or dilation 1"},
    {"conv_transpose2d channels=2 kernel=1 padding=2",
     {3, {3, 4, 4}},
     GENLAT_E_SHAPE,
     "padding is 2, which makes the output empty"},
    {"conv_transpose1d channels=2 output_padding=1",
     {2, {3, 4}},
     GENLAT_E_RANGE,
     "output_padding is 1, must be less than stride 1 or dilation 1"},
    {"max_pool kernel=3 padding=2", {2, {3, 8}}, GENLAT_E_RANGE, "padding is 2, must be at most half of kernel 3"},
    {"avg_pool kernel=9", {3, {3, 8, 9}}, GENLAT_E_SHAPE, "kernel is 9, but the padded input has only 8 positions"},
    {"max_pool", {1, {8}}, GENLAT_E_SHAPE, "input is [8], expected [channels,length] or [channels,height,width]"},
    {"global_avg_pool", {1, {8}}, GENLAT_E_SHAPE, "input is [8], expected [channels,positions,...]"},
    {"max_pool", {2, {1, (1 << 24) + 1}}, GENLAT_E_SHAPE, "a channel has 16777217 positions, must be at most 16777216"},
    {"pad before=2 mode=reflect",
     {2, {1, 2}},
     GENLAT_E_SHAPE,
     "reflection needs more than 2 positions, but the input has 2"},
    {"crop before=2 after=2", {2, {1, 4}}, GENLAT_E_SHAPE, "cropping removes all 4 positions of the input"},
    {"reshape shape=3x4", {1, {10}}, GENLAT_E_SHAPE, "input [10] cannot be reshaped to [3,4]"},
    {"reshape shape=-1x4", {1, {10}}, GENLAT_E_SHAPE, "input [10] cannot be reshaped to [-1,4]"},
    {"reshape shape=-1x-1", {1, {10}}, GENLAT_E_SHAPE, "input [10] cannot be reshaped to [-1,-1]"},
    {"reshape", {1, {10}}, GENLAT_E_INVALID, "shape has no or too many sizes, expected 1 to 5 as in shape=64x7x7"},
};

START_TEST(impossible_geometry_is_refused)
{
    const refusal *r = &refusals[_i];
    genlat_ctx *ctx = NULL;
    genlat_layer *layer = NULL;
    gnl_layer_plan plan;
    gnl_layer_env env = {4, 1, true};
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
    ck_assert_msg(gnl_layer_parse(ctx, r->spec, &layer) == GENLAT_OK, "%s", genlat_last_error());
    (void)gnl_enter(""); /* the message of the layer, without a function name */
    ck_assert_int_eq(layer->type->infer(layer->opts, &env, 1, &r->in, &plan), r->status);
    ck_assert_str_eq(genlat_last_error(), r->text);
    gnl_layer_release(layer);
    genlat_ctx_destroy(&ctx);
}
END_TEST

START_TEST(inputs_of_different_shapes_are_refused)
{
    static const struct {
        const char *spec, *text;
    } tries[] = {{"add", "input 1 is [3,5], expected [3,4] as for input 0"},
                 {"multiply", "input 1 is [3,5], expected [3,4] as for input 0"},
                 {"concat", "input 1 is [3,5], expected [3,4] except for axis 0"}};
    const gnl_shape in[] = {{2, {3, 4}}, {2, {3, 5}}};
    genlat_ctx *ctx = NULL;
    gnl_layer_plan plan;
    gnl_layer_env env = {4, 1, true};
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
    (void)gnl_enter(""); /* the message of the layer, without a function name */
    for (size_t i = 0; i < GNL_COUNT(tries); i++) {
        genlat_layer *layer = NULL;
        ck_assert_int_eq(gnl_layer_parse(ctx, tries[i].spec, &layer), GENLAT_OK);
        ck_assert_int_eq(layer->type->infer(layer->opts, &env, 2, in, &plan), GENLAT_E_SHAPE);
        ck_assert_str_eq(genlat_last_error(), tries[i].text);
        gnl_layer_release(layer);
    }
    genlat_ctx_destroy(&ctx);
}
END_TEST

/* Sizes as in PyTorch: out = (in - 1) stride - 2 padding + dilation (kernel - 1) + output_padding + 1. */
START_TEST(options_are_read_and_written)
{
    const char *spec = "conv_transpose2d channels=5 kernel=3x4 stride=2 padding=1x0 output_padding=1";
    genlat_ctx *ctx = NULL;
    genlat_layer *layer = NULL;
    gnl_layer_plan plan;
    gnl_layer_env env = {1, 1, true};
    gnl_shape in = {3, {2, 7, 5}};
    char text[GNL_SHAPE_TEXT];
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
    ck_assert_int_eq(gnl_layer_parse(ctx, spec, &layer), GENLAT_OK);
    ck_assert_int_eq(genlat_layer_format(layer, text, sizeof text), GENLAT_OK);
    ck_assert_str_eq(text, spec);
    ck_assert_int_eq(layer->type->infer(layer->opts, &env, 1, &in, &plan), GENLAT_OK);
    ck_assert_str_eq(gnl_shape_format(&plan.out, text), "[5,14,13]");
    ck_assert_str_eq(gnl_shape_format(&plan.param[0].shape, text), "[2,5,3,4]");
    gnl_layer_release(layer);
    genlat_ctx_destroy(&ctx);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("conv");
    TCase *tests = tcase_create("conv");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, convolutions_agree_with_the_definition, 0, CPUS * (int)GNL_COUNT(cases));
    tcase_add_loop_test(tests, threads_give_the_same_bits, 0, (int)GNL_COUNT(cases));
    tcase_add_test(tests, scratch_is_large_enough_for_fewer_rows);
    tcase_add_loop_test(tests, scratch_never_shrinks_with_rows, 0, (int)GNL_COUNT(cases));
    tcase_add_loop_test(tests, impossible_geometry_is_refused, 0, (int)GNL_COUNT(refusals));
    tcase_add_test(tests, inputs_of_different_shapes_are_refused);
    tcase_add_test(tests, options_are_read_and_written);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
