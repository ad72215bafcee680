/* SPDX-License-Identifier: MIT */
/* Decoders that see the data that they predict: those that see too much are refused, the gated layers of the preset
 * have no blind spot, and decoding gives what one step after the other gives. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/net_priv.h"
#include "vae/vae_priv.h"

enum { SIDE = 8, SIZE = SIDE * SIDE, LATENT = 2, CODES = 3 };

static genlat_ctx *ctx;

static void set_up(void)
{
    genlat_ctx_opts opts;
    genlat_ctx_opts_init(&opts);
    opts.seed = 3;
    ck_assert_int_eq(genlat_ctx_new(&opts, &ctx), GENLAT_OK);
}

static void tear_down(void)
{
    genlat_ctx_destroy(&ctx);
}

static void expect_ok(genlat_status status)
{
    ck_assert_msg(status == GENLAT_OK, "%s", genlat_last_error());
}

static genlat_status build(const char *decoder, const char *inputs, const char *likelihood, gnl_shape data,
                           genlat_model **out)
{
    genlat_model_builder *b = NULL;
    expect_ok(genlat_model_builder_new(ctx, "vae", &b));
    genlat_model_builder_data(b, data.ndim, data.dim);
    genlat_model_builder_set_int(b, "latent", LATENT);
    genlat_model_builder_set(b, "architecture", "mlp widths=8");
    genlat_model_builder_set(b, "likelihood", likelihood);
    genlat_model_builder_set(b, "decoder_inputs", inputs);
    genlat_model_builder_set(b, "decoder", decoder);
    return genlat_model_build(&b, NULL, out);
}

/* ---- what a decoder may see ------------------------------------------------------------------ */

#define CODE " | dense units=16 from=z | reshape shape=1x4x4 name=d | add from=d,p"
#define LINES "reshape shape=4x4 from=previous | "
#define OF_LINES " | flatten name=p | dense units=16 from=z name=d | add from=d,p"
#define MIXTURE "logistic_mixture components=2 levels=4"

/* Data are [1,4,4]. */
static const struct {
    const char *decoder, *inputs, *likelihood;
    bool causal;
} decoders[] = {
    {"masked_conv2d from=x name=p" CODE, "x", "bernoulli", true},
    {"masked_conv2d from=x kernel=5 order=rows name=p" CODE, "x", "bernoulli", true},
    {"masked_conv2d channels=2 from=x | masked_conv2d mask=through name=p" CODE, "x", "bernoulli", true},
    {"masked_conv2d from=x | conv2d kernel=1 channels=6 name=p | dense units=96 from=z | reshape shape=6x4x4 name=d | "
     "add from=d,p",
     "x", MIXTURE, true},
    {"masked_conv2d from=x | conv2d kernel=1 channels=3 | transpose axes=1,2,0 name=p | dense units=48 from=z | "
     "reshape shape=4x4x3 name=d | add from=d,p",
     "x", "categorical classes=3 last=yes", true},
    {"masked_conv2d mask=through from=x name=p" CODE, "x", "bernoulli", false},
    {"masked_conv2d from=x | masked_conv2d mask=through order=rows name=p" CODE, "x", "bernoulli", false},
    {"masked_conv2d from=x | conv2d padding=1 name=p" CODE, "x", "bernoulli", false},
    {"masked_conv2d from=x | conv2d padding=1 gain=0 init=constant bias=no name=p" CODE, "x", "bernoulli", false},
    {"masked_conv2d channels=2 from=x | layer_norm | masked_conv2d mask=through name=p" CODE, "x", "bernoulli", false},
    {"masked_conv2d from=x | conv2d padding=1 channels=6 name=p | dense units=96 from=z | reshape shape=6x4x4 name=d | "
     "add from=d,p",
     "x", MIXTURE, false},
    {"flatten from=x | dense units=16 | reshape shape=1x4x4 name=p" CODE, "x", "bernoulli", false},
    {LINES "masked_conv1d channels=4 mask=through" OF_LINES, "previous", "bernoulli", true},
    {LINES "transpose | lstm units=4 | transpose" OF_LINES, "previous", "bernoulli", true},
    {LINES "conv1d channels=4 kernel=3 padding=1" OF_LINES, "previous", "bernoulli", false},
    {LINES "flatten | dense units=16" OF_LINES, "previous", "bernoulli", false},
};

START_TEST(decoders_that_see_what_they_predict_are_refused)
{
    genlat_model *model = NULL;
    const gnl_shape data = {3, {1, 4, 4}};
    genlat_status status = build(decoders[_i].decoder, decoders[_i].inputs, decoders[_i].likelihood, data, &model);
    if (decoders[_i].causal) {
        expect_ok(status);
    } else {
        ck_assert_int_eq(status, GENLAT_E_INVALID);
        ck_assert_ptr_nonnull(strstr(genlat_last_error(), "which they predict"));
        ck_assert_ptr_null(model);
    }
    genlat_model_destroy(&model);
}
END_TEST

START_TEST(pixels_need_images_and_the_input_x)
{
    static const gnl_shape shapes[] = {{3, {1, 8, 8}}, {2, {2, 16}}};
    genlat_model_builder *b = NULL;
    genlat_model *model = NULL;
    expect_ok(genlat_model_builder_new(ctx, "vae", &b));
    genlat_model_builder_preset(b, "pixel");
    genlat_model_builder_data(b, shapes[_i].ndim, shapes[_i].dim);
    if (_i == 0)
        genlat_model_builder_set(b, "decoder_inputs", "previous");
    ck_assert_int_eq(genlat_model_build(&b, NULL, &model), GENLAT_E_INVALID);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "decoder_inputs=x"));
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), _i ? "[2,16]" : "'previous'"));
}
END_TEST

/* ---- the preset ------------------------------------------------------------------------------ */

static genlat_model *make_preset(const char *preset, gnl_shape data)
{
    genlat_model_builder *b = NULL;
    genlat_model *model = NULL;
    expect_ok(genlat_model_builder_new(ctx, "vae", &b));
    genlat_model_builder_preset(b, preset);
    genlat_model_builder_data(b, data.ndim, data.dim);
    genlat_model_builder_set(b, "architecture", "pixel widths=4x8 layers=4 channels=4");
    genlat_model_builder_set_int(b, "latent", LATENT);
    expect_ok(genlat_model_build(&b, NULL, &model));
    return model;
}

static void draw_binary(gnl_rng *rng, int64_t n, gnl_real *out)
{
    for (int64_t i = 0; i < n; i++)
        out[i] = gnl_rng_unit(rng) < 0.5;
}

/* Row 1 + j has another pixel j. Its outputs change at some, and in the end all, pixels after j, and at no others. */
START_TEST(each_pixel_depends_on_all_before_it_and_on_no_others)
{
    genlat_model *model = make_preset("pixel", (gnl_shape){3, {1, SIDE, SIDE}});
    const genlat_exec_opts opts = GNL_EXEC_OPTS(.purpose = GENLAT_EXEC_INFERENCE);
    genlat_exec *exec = NULL;
    gnl_real *x = calloc((SIZE + 1) * SIZE, sizeof *x), *z = calloc((SIZE + 1) * LATENT, sizeof *z);
    gnl_rng rng = gnl_rng_make(1, GNL_STREAM_USER, 0);
    draw_binary(&rng, SIZE, x);
    for (int r = 1; r <= SIZE; r++) {
        memcpy(x + r * SIZE, x, SIZE * sizeof *x);
        x[r * SIZE + r - 1] += 1000; /* far pixels have small derivatives */
    }
    expect_ok(gnl_net_compile(model->net[GNL_VAE_DECODER_NET], SIZE + 1, &opts, &exec));
    gnl_exec_forward(exec, GNL_EVAL, SIZE + 1, (const gnl_real *[]){z, x});
    const gnl_real *out = gnl_exec_output(exec, 0);
    for (int j = 0; j < SIZE; j++)
        for (int i = 0; i < SIZE; i++)
            ck_assert_msg((out[(1 + j) * SIZE + i] != out[i]) == (i > j), "output %d, pixel %d", i, j);
    gnl_exec_release(exec);
    free(x);
    free(z);
    genlat_model_destroy(&model);
}
END_TEST

/* ---- decoding -------------------------------------------------------------------------------- */

static genlat_tensor *make_codes(int64_t rows)
{
    genlat_tensor *z = NULL;
    gnl_rng rng = gnl_rng_make(2, GNL_STREAM_USER, 0);
    expect_ok(genlat_tensor_new(ctx, 2, (int64_t[]){rows, LATENT}, &z));
    gnl_rng_fill_normal(&rng, z->data, rows * LATENT);
    return z;
}

/* Decodes pixel after pixel: draws all elements from the outputs on the pixels so far, and keeps those of one pixel. */
static void decode_by_hand(genlat_model *model, const genlat_tensor *z, uint64_t seed, gnl_real *x)
{
    const genlat_exec_opts opts = GNL_EXEC_OPTS(.purpose = GENLAT_EXEC_INFERENCE);
    const int64_t rows = z->shape.dim[0], numbers = rows * model->size;
    gnl_real *drawn = calloc((size_t)numbers, sizeof *drawn);
    genlat_exec *exec = NULL;
    expect_ok(gnl_net_compile(model->net[GNL_VAE_DECODER_NET], rows, &opts, &exec));
    for (int64_t pixel = 0; pixel < SIZE; pixel++) {
        gnl_rng rng = gnl_model_draws(seed);
        const gnl_loss_decode call = {.compute = *gnl_exec_compute(exec),
                                      .rows = rows,
                                      .dims = model->size,
                                      .parts = gnl_vae_of(model)->outputs,
                                      .out = gnl_exec_output(exec, 0),
                                      .data = drawn,
                                      .rng = &rng};
        gnl_exec_forward(exec, GNL_EVAL, rows, (const gnl_real *[]){z->data, x});
        gnl_loss_decode_sample(gnl_vae_of(model)->loss, &call);
        for (int64_t i = pixel; i < numbers; i += SIZE)
            x[i] = drawn[i];
    }
    gnl_exec_release(exec);
    free(drawn);
}

/* Grey and colour images; decode uses the seed of the context. The draws of a row do not depend on other rows. */
START_TEST(decoding_gives_what_pixel_after_pixel_gives)
{
    static const gnl_shape shapes[] = {{3, {1, SIDE, SIDE}}, {3, {3, SIDE, SIDE}}, {2, {SIDE, SIDE}}};
    genlat_model *model = make_preset(_i == 1 ? "pixel_levels" : "pixel", shapes[_i]);
    genlat_tensor *z = make_codes(CODES), *first = make_codes(1), *x = NULL, *again = NULL, *one = NULL;
    const int64_t numbers = CODES * model->size;
    gnl_real *expected = calloc((size_t)numbers, sizeof *expected);
    decode_by_hand(model, z, 3, expected);
    expect_ok(genlat_model_decode(model, z, NULL, &x));
    expect_ok(genlat_model_decode(model, z, NULL, &again));
    expect_ok(genlat_model_decode(model, first, NULL, &one));
    ck_assert_mem_eq(x->data, expected, (size_t)numbers * sizeof *expected);
    ck_assert_mem_eq(again->data, expected, (size_t)numbers * sizeof *expected);
    ck_assert_mem_eq(one->data, expected, (size_t)model->size * sizeof *expected);
    for (int64_t i = 0; _i != 1 && i < numbers; i++)
        ck_assert(x->data[i] == 0 || x->data[i] == 1);
    genlat_tensor_destroy(&z);
    genlat_tensor_destroy(&first);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&again);
    genlat_tensor_destroy(&one);
    free(expected);
    genlat_model_destroy(&model);
}
END_TEST

static void sample(genlat_model *model, int64_t seed, uint32_t draw, genlat_tensor **out)
{
    genlat_sample_opts opts;
    genlat_sample_opts_init(&opts);
    opts.seed = seed;
    opts.draw = draw;
    opts.temperature = 0; /* the same codes for all seeds */
    expect_ok(genlat_model_sample(model, CODES, NULL, &opts, out));
}

/* The draws depend on the seed of the call, whether draws or means are requested. */
START_TEST(samples_are_drawn_by_their_seed)
{
    genlat_model *model = make_preset("pixel", (gnl_shape){3, {1, SIDE, SIDE}});
    genlat_tensor *first = NULL, *same = NULL, *drawn = NULL, *other = NULL;
    sample(model, 5, 0, &first);
    sample(model, 5, 0, &same);
    sample(model, 5, 1, &drawn);
    sample(model, 6, 0, &other);
    const size_t bytes = CODES * SIZE * sizeof *first->data;
    ck_assert_mem_eq(first->data, same->data, bytes);
    ck_assert_mem_eq(first->data, drawn->data, bytes);
    ck_assert(memcmp(first->data, other->data, bytes) != 0);
    ck_assert(memcmp(first->data, first->data + SIZE, SIZE * sizeof *first->data) != 0);
    genlat_tensor_destroy(&first);
    genlat_tensor_destroy(&same);
    genlat_tensor_destroy(&drawn);
    genlat_tensor_destroy(&other);
    genlat_model_destroy(&model);
}
END_TEST

/* ---- steps and files ------------------------------------------------------------------------- */

static void step(genlat_model *model, int count)
{
    genlat_tensor *x = NULL;
    expect_ok(genlat_tensor_new(ctx, 4, (int64_t[]){4, 1, SIDE, SIDE}, &x));
    for (int i = 0; i < count; i++) {
        gnl_rng rng = gnl_rng_make((uint64_t)model->progress.step, GNL_STREAM_USER, 1);
        draw_binary(&rng, 4 * SIZE, x->data);
        expect_ok(genlat_vae_step(model, NULL, x, NULL, NULL));
    }
    genlat_tensor_destroy(&x);
}

/* Two steps, a file, and two steps compute the bits of four steps. */
START_TEST(a_resumed_training_computes_the_same_bits)
{
    static const char path[] = "test_pixel.model";
    const gnl_shape data = {3, {1, SIDE, SIDE}};
    genlat_model *whole = make_preset("pixel", data), *part = make_preset("pixel", data), *loaded = NULL;
    genlat_tensor *z = make_codes(CODES), *x = NULL, *y = NULL;
    step(whole, 4);
    step(part, 2);
    expect_ok(genlat_model_save(part, path));
    expect_ok(genlat_model_load(ctx, path, &loaded));
    ck_assert_int_eq(remove(path), 0);
    step(loaded, 2);
    for (int i = 0; i < 2; i++)
        ck_assert_mem_eq(whole->net[i]->value, loaded->net[i]->value, (size_t)whole->net[i]->values * sizeof(gnl_real));
    expect_ok(genlat_model_decode(whole, z, NULL, &x));
    expect_ok(genlat_model_decode(loaded, z, NULL, &y));
    ck_assert_mem_eq(x->data, y->data, CODES * SIZE * sizeof *x->data);
    genlat_tensor_destroy(&z);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&y);
    genlat_model_destroy(&whole);
    genlat_model_destroy(&part);
    genlat_model_destroy(&loaded);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pixel");
    TCase *tests = tcase_create("pixel");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, decoders_that_see_what_they_predict_are_refused, 0, (int)GNL_COUNT(decoders));
    tcase_add_loop_test(tests, pixels_need_images_and_the_input_x, 0, 2);
    tcase_add_test(tests, each_pixel_depends_on_all_before_it_and_on_no_others);
    tcase_add_loop_test(tests, decoding_gives_what_pixel_after_pixel_gives, 0, 3);
    tcase_add_test(tests, samples_are_drawn_by_their_seed);
    tcase_add_test(tests, a_resumed_training_computes_the_same_bits);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
