/* SPDX-License-Identifier: MIT */
/* Nets with bfloat16 weights: rounding, products on every instruction set, the documented error, unsupported calls,
 * files. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "genlat/genlat.h"
#include "kernel/kernel.h"
#include "net/exec_priv.h"

static genlat_ctx *new_ctx(int64_t threads)
{
    genlat_ctx *ctx = NULL;
    genlat_ctx_opts opts;
    genlat_ctx_opts_init(&opts);
    opts.threads = threads;
    ck_assert_int_eq(genlat_ctx_new(&opts, &ctx), GENLAT_OK);
    return ctx;
}

static double to_double(uint16_t bf16)
{
    uint32_t bits = (uint32_t)bf16 << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return (double)value;
}

START_TEST(rounding_is_to_nearest_even)
{
    static const gnl_real in[] = {0, 1, -1, 1.00390625f, 1.01171875f, 3.0e38f, 1e-30f, INFINITY, 0.1f};
    static const double out[] = {0, 1, -1, 1, 1.015625, 2.9908e38, 1e-30, INFINITY, 0.10009765625};
    uint16_t bf16[GNL_COUNT(in)];
    gnl_bf16_round(GNL_COUNT(in), in, bf16);
    for (size_t i = 0; i < GNL_COUNT(in); i++)
        ck_assert_msg(to_double(bf16[i]) == out[i] || fabs(to_double(bf16[i]) / out[i] - 1) < 5e-3,
                      "%g: %g, expected %g", (double)in[i], to_double(bf16[i]), out[i]);
    ck_assert(bf16[3] == bf16[1] && to_double(bf16[4]) == 1.015625); /* ties go to even */
    gnl_bf16_round(1, &(gnl_real){NAN}, bf16);
    ck_assert(isnan(to_double(bf16[0])));
}
END_TEST

enum { MOST = 9, WIDEST = 70 };

START_TEST(products_agree_on_all_instruction_sets)
{
    const gnl_kernels *k = gnl_kernels_for((uint32_t)_i);
    gnl_real x[MOST * WIDEST], w[MOST * WIDEST], out[MOST * MOST + 1];
    uint16_t bf16[MOST * WIDEST];
    gnl_rng rng = gnl_rng_make(1, GNL_STREAM_USER, 0);
    if (!k || (uint32_t)_i > gnl_cpu_detect())
        return;
    gnl_rng_fill_normal(&rng, x, MOST * WIDEST);
    gnl_rng_fill_normal(&rng, w, MOST * WIDEST);
    gnl_bf16_round(MOST * WIDEST, w, bf16);
    for (int64_t m = 1; m <= MOST; m++)
        for (int64_t depth = 1; depth <= WIDEST; depth += m) {
            const gnl_bf16_product p = {m, MOST, depth, x, bf16, out};
            out[m * MOST] = 42;
            k->dots_bf16(&p, 0, 5);
            k->dots_bf16(&p, 5, MOST);
            ck_assert(out[m * MOST] == 42);
            for (int64_t i = 0; i < m * MOST; i++) {
                double sum = 0;
                for (int64_t d = 0; d < depth; d++)
                    sum += (double)x[i / MOST * depth + d] * to_double(bf16[i % MOST * depth + d]);
                ck_assert_msg(fabs(sum - (double)out[i]) < 1e-4, "m %d, depth %d: %g, expected %g", (int)m, (int)depth,
                              (double)out[i], sum);
            }
        }
}
END_TEST

/* ---- nets -------------------------------------------------------------------------------------- */

static genlat_net *new_net(genlat_ctx *ctx)
{
    genlat_net_builder *builder = NULL;
    genlat_net *net = NULL;
    ck_assert_int_eq(genlat_net_builder_new(ctx, &builder), GENLAT_OK);
    genlat_net_builder_input(builder, "z", 1, (int64_t[]){20});
    genlat_net_builder_text(builder,
                            "dense units=300 name=a; layer_norm; relu; dense units=18 weight=norm; relu; "
                            "reshape shape=2x3x3; conv2d channels=4 kernel=3 padding=1; flatten; dense units=777");
    ck_assert_msg(genlat_net_build(&builder, &net) == GENLAT_OK, "%s", genlat_last_error());
    return net;
}

/* Stores the output for the given rows of fixed noise. */
static void run(genlat_ctx *ctx, genlat_net *net, int64_t rows, float *y, int64_t size)
{
    genlat_exec *exec = NULL;
    genlat_exec_opts opts;
    genlat_tensor *x = NULL;
    genlat_rng *rng = NULL;
    const genlat_tensor *out = NULL;
    genlat_exec_opts_init(&opts);
    opts.purpose = GENLAT_EXEC_INFERENCE;
    ck_assert_int_eq(genlat_rng_new(ctx, 5, 0, &rng), GENLAT_OK);
    ck_assert_int_eq(genlat_tensor_new(ctx, 2, (int64_t[]){rows, 20}, &x), GENLAT_OK);
    ck_assert_int_eq(genlat_rng_normal(rng, rows * 20, genlat_tensor_data(x)), GENLAT_OK);
    ck_assert_int_eq(genlat_net_compile(net, rows, &opts, &exec), GENLAT_OK);
    ck_assert_int_eq(genlat_exec_forward(exec, GENLAT_MODE_EVAL, 1, (const genlat_tensor *const[]){x}), GENLAT_OK);
    ck_assert_int_eq(genlat_exec_output(exec, 0, &out), GENLAT_OK);
    ck_assert_int_eq(genlat_tensor_count(out), rows * size);
    memcpy(y, genlat_tensor_const_data(out), (size_t)(rows * size) * sizeof *y);
    genlat_exec_destroy(&exec);
    genlat_tensor_destroy(&x);
    genlat_rng_destroy(&rng);
}

enum { ROWS = 10, OUT = 777 };

static double relative_error(const float *a, const float *b, int64_t n)
{
    double sum = 0, size = 0;
    for (int64_t i = 0; i < n; i++) {
        sum += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
        size += (double)a[i] * (double)a[i];
    }
    return sqrt(sum / size);
}

START_TEST(a_bfloat16_copy_is_close_to_the_net)
{
    static float full[ROWS * OUT], copy[ROWS * OUT], repeated[ROWS * OUT];
    genlat_ctx *ctx = new_ctx(1), *two = new_ctx(2);
    genlat_net *net = new_net(ctx), *bf16 = NULL, *loaded = NULL, *other = NULL;
    const char *path = "test_bf16.safetensors";
    ck_assert_int_eq(genlat_net_bfloat16(net, &bf16), GENLAT_OK);
    run(ctx, net, ROWS, full, OUT);
    run(ctx, bf16, ROWS, copy, OUT);
    double error = relative_error(full, copy, ROWS * OUT);
    ck_assert_msg(error > 0 && error < 1 / 256.0, "relative error %g", error);
    for (int64_t rows = 1; rows < 7; rows++) { /* the output of a row does not depend on the others */
        run(ctx, bf16, rows, repeated, OUT);
        ck_assert_mem_eq(repeated, copy, (size_t)(rows * OUT) * sizeof *copy);
    }
    ck_assert_int_eq(genlat_net_save(bf16, path), GENLAT_OK);
    ck_assert_int_eq(genlat_net_load(two, path, &loaded), GENLAT_OK);
    run(two, loaded, ROWS, repeated, OUT);
    ck_assert(relative_error(copy, repeated, ROWS * OUT) < 1e-5);
    ck_assert_int_eq(genlat_net_bfloat16(loaded, &other), GENLAT_OK);
    run(two, other, ROWS, repeated, OUT); /* rounding is idempotent, and two threads compute the same sums as one */
    ck_assert_mem_eq(repeated, copy, sizeof copy);
    remove(path);
    genlat_net_destroy(&net);
    genlat_net_destroy(&bf16);
    genlat_net_destroy(&loaded);
    genlat_net_destroy(&other);
    genlat_ctx_destroy(&ctx);
    genlat_ctx_destroy(&two);
}
END_TEST

static void check_refused(genlat_status status)
{
    ck_assert_int_eq(status, GENLAT_E_STATE);
    ck_assert_msg(strstr(genlat_last_error(), "bfloat16") != NULL, "%s", genlat_last_error());
}

START_TEST(a_bfloat16_copy_cannot_be_trained)
{
    genlat_ctx *ctx = new_ctx(1);
    genlat_net *net = new_net(ctx), *bf16 = NULL, *other = NULL;
    genlat_exec *exec = NULL;
    genlat_ema *ema = NULL;
    genlat_tensor *tensor = NULL;
    ck_assert_int_eq(genlat_net_bfloat16(net, &bf16), GENLAT_OK);
    check_refused(genlat_net_compile(bf16, 1, NULL, &exec));
    check_refused(genlat_ema_new(bf16, NULL, &ema));
    check_refused(genlat_net_init(bf16, 1));
    ck_assert_int_eq(genlat_net_save(net, "test_bf16_float32.safetensors"), GENLAT_OK);
    check_refused(genlat_net_load_weights(bf16, "test_bf16_float32.safetensors", NULL));
    remove("test_bf16_float32.safetensors");
    check_refused(genlat_net_grad(bf16, "a.weight", &tensor));
    check_refused(genlat_net_weight(bf16, "a.weight", &tensor));
    check_refused(genlat_net_bfloat16(bf16, &other));
    ck_assert(!exec && !ema && !tensor && !other);
    ck_assert_int_eq(genlat_net_weight(bf16, "a.bias", &tensor), GENLAT_OK);
    genlat_tensor_destroy(&tensor);
    ck_assert(bf16->values < net->values / 4);
    genlat_net_destroy(&bf16);
    genlat_net_destroy(&net);
    genlat_ctx_destroy(&ctx);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("bf16");
    TCase *tests = tcase_create("bfloat16");
    tcase_add_test(tests, rounding_is_to_nearest_even);
    tcase_add_loop_test(tests, products_agree_on_all_instruction_sets, GENLAT_CPU_BASELINE, GENLAT_CPU_NEON + 1);
    tcase_add_test(tests, a_bfloat16_copy_is_close_to_the_net);
    tcase_add_test(tests, a_bfloat16_copy_cannot_be_trained);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
