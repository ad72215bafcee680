/* SPDX-License-Identifier: MIT */
/* genlat_net_exec_bytes() predicts the workspace of an exec without allocating it. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "genlat/genlat.h"

/* Bytes allocated so far, and the largest block. */
typedef struct memory {
    int64_t bytes, largest;
} memory;

static void *counted_alloc(void *user, size_t bytes, size_t align)
{
    memory *m = user;
    void *block = NULL;
    m->bytes += (int64_t)bytes;
    m->largest = (int64_t)bytes > m->largest ? (int64_t)bytes : m->largest;
    return posix_memalign(&block, align < sizeof block ? sizeof block : align, bytes ? bytes : 1) == 0 ? block : NULL;
}

static void counted_free(void *user, void *block)
{
    (void)user;
    free(block);
}

static genlat_ctx *ctx;
static genlat_net *net;
static memory used;

static void setup(void)
{
    const genlat_allocator counting = {
        .size = sizeof counting, .alloc = counted_alloc, .free = counted_free, .user = &used};
    genlat_net_builder *builder = NULL;
    genlat_ctx_opts opts;
    genlat_ctx_opts_init(&opts);
    opts.allocator = &counting;
    ck_assert_int_eq(genlat_ctx_new(&opts, &ctx), GENLAT_OK);
    ck_assert_int_eq(genlat_net_builder_new(ctx, &builder), GENLAT_OK);
    genlat_net_builder_input(builder, "x", 3, (int64_t[]){3, 16, 16});
    genlat_net_builder_text(builder, "conv2d channels=8 kernel=3 padding=1; leaky_relu; conv2d channels=8 kernel=4 "
                                     "stride=2; flatten; dense units=40; tanh; dense units=1");
    ck_assert_int_eq(genlat_net_build(&builder, &net), GENLAT_OK);
}

static void teardown(void)
{
    genlat_net_destroy(&net);
    genlat_ctx_destroy(&ctx);
}

static genlat_exec_opts purpose(uint32_t what)
{
    genlat_exec_opts opts;
    genlat_exec_opts_init(&opts);
    opts.purpose = what;
    return opts;
}

static int64_t planned(int64_t rows, uint32_t what)
{
    genlat_exec_opts opts = purpose(what);
    int64_t bytes = 0;
    ck_assert_int_eq(genlat_net_exec_bytes(net, rows, &opts, &bytes), GENLAT_OK);
    return bytes;
}

START_TEST(the_predicted_size_is_allocated)
{
    genlat_exec_opts opts = purpose((uint32_t)_i);
    genlat_exec *exec = NULL;
    used = (memory){0};
    int64_t bytes = planned(64, (uint32_t)_i), other_bytes = used.bytes;
    ck_assert_int_lt(used.largest, bytes / 20);
    genlat_tensor *grad = NULL; /* gradients are owned by the net and allocated before the exec */
    ck_assert_int_eq(genlat_net_grad(net, genlat_net_weight_name(net, 0), &grad), GENLAT_OK);
    used = (memory){0};
    ck_assert_int_eq(genlat_net_compile(net, 64, &opts, &exec), GENLAT_OK);
    ck_assert_int_eq(genlat_exec_bytes(exec), bytes);
    ck_assert_int_ge(used.bytes, bytes);
    ck_assert_int_le(used.bytes, bytes + 2 * other_bytes + 10000);
    genlat_exec_destroy(&exec);
    genlat_tensor_destroy(&grad);
}
END_TEST

START_TEST(size_grows_with_rows_and_purpose)
{
    ck_assert_int_lt(planned(1, GENLAT_EXEC_TRAINING), planned(100, GENLAT_EXEC_TRAINING));
    ck_assert_int_lt(planned(100, GENLAT_EXEC_INFERENCE), planned(100, GENLAT_EXEC_TRAINING));
    ck_assert_int_lt(planned(100, GENLAT_EXEC_TRAINING), planned(100, GENLAT_EXEC_PENALTY));
    ck_assert_int_eq(genlat_exec_bytes(NULL), 0);
}
END_TEST

static void build_funnel(genlat_net **funnel)
{
    genlat_net_builder *builder = NULL;
    ck_assert_int_eq(genlat_net_builder_new(ctx, &builder), GENLAT_OK);
    genlat_net_builder_input(builder, "x", 1, (int64_t[]){8});
    genlat_net_builder_text(builder,
                            "dense units=1024; tanh; dense units=512; tanh; dense units=256; tanh; dense units=128");
    ck_assert_int_eq(genlat_net_build(&builder, funnel), GENLAT_OK);
}

/* Activations take 1920 numbers per row, the derivatives of the last two layers 1536. They reuse the memory of
 * activations. */
START_TEST(derivatives_reuse_the_memory_of_activations)
{
    enum { ROWS = 2048 };
    genlat_exec_opts opts = purpose(GENLAT_EXEC_TRAINING);
    genlat_net *funnel = NULL;
    int64_t bytes = 0;
    opts.input_grads = 0;
    opts.tile = ROWS;
    build_funnel(&funnel);
    ck_assert_int_eq(genlat_net_exec_bytes(funnel, ROWS, &opts, &bytes), GENLAT_OK);
    ck_assert_int_ge(bytes, (int64_t)(1920 * ROWS * sizeof(float)));
    ck_assert_int_le(bytes, (int64_t)(2800 * ROWS * sizeof(float)));
    genlat_net_destroy(&funnel);
}
END_TEST

/* The memory of activations is reused by derivatives: each backward pass needs a forward pass. */
START_TEST(a_second_backward_pass_needs_a_forward_pass)
{
    genlat_exec_opts opts = purpose(GENLAT_EXEC_TRAINING);
    genlat_exec *exec = NULL;
    genlat_tensor *x = NULL, *dy = NULL;
    ck_assert_int_eq(genlat_net_compile(net, 1, &opts, &exec), GENLAT_OK);
    ck_assert_int_eq(genlat_tensor_new(ctx, 4, (int64_t[]){1, 3, 16, 16}, &x), GENLAT_OK);
    ck_assert_int_eq(genlat_tensor_new(ctx, 2, (int64_t[]){1, 1}, &dy), GENLAT_OK);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(genlat_exec_forward(exec, GENLAT_MODE_TRAIN, 1, &(const genlat_tensor *){x}), GENLAT_OK);
        ck_assert_int_eq(genlat_exec_backward(exec, 1, &(const genlat_tensor *){dy}), GENLAT_OK);
        ck_assert_int_eq(genlat_exec_backward(exec, 1, &(const genlat_tensor *){dy}), GENLAT_E_STATE);
        ck_assert_ptr_nonnull(strstr(genlat_last_error(), "genlat_exec_forward"));
    }
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&dy);
    genlat_exec_destroy(&exec);
}
END_TEST

START_TEST(errors_set_the_size_to_zero)
{
    int64_t bytes = 7;
    ck_assert_int_eq(genlat_net_exec_bytes(net, 0, NULL, &bytes), GENLAT_E_RANGE);
    ck_assert_int_eq(bytes, 0);
    ck_assert_int_eq(genlat_net_exec_bytes(net, 1, NULL, NULL), GENLAT_E_INVALID);
    ck_assert_int_eq(genlat_net_exec_bytes(NULL, 1, NULL, &bytes), GENLAT_E_INVALID);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("exec_bytes");
    TCase *tests = tcase_create("workspace");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, the_predicted_size_is_allocated, GENLAT_EXEC_INFERENCE, GENLAT_EXEC_PENALTY + 1);
    tcase_add_test(tests, size_grows_with_rows_and_purpose);
    tcase_add_test(tests, derivatives_reuse_the_memory_of_activations);
    tcase_add_test(tests, a_second_backward_pass_needs_a_forward_pass);
    tcase_add_test(tests, errors_set_the_size_to_zero);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
