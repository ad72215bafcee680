/* SPDX-License-Identifier: MIT */
/* Valid pointers with invalid contents: shapes that do not match, values out of range, calls in the wrong state. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "genlat/genlat.h"

static genlat_ctx *ctx;
static genlat_net *net; /* [*,3] to [*,2] */
static genlat_exec *exec;
static genlat_tensor *matching, *narrow, *flat, *tall; /* [2,3] [2,2] [6] [9,3] */

static genlat_tensor *tensor(int32_t ndim, int64_t a, int64_t b)
{
    genlat_tensor *made = NULL;
    ck_assert_int_eq(genlat_tensor_new(ctx, ndim, (int64_t[]){a, b}, &made), GENLAT_OK);
    return made;
}

static void set_up(void)
{
    genlat_net_builder *builder = NULL;
    genlat_exec_opts opts;
    genlat_exec_opts_init(&opts);
    opts.purpose = GENLAT_EXEC_INFERENCE;
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
    ck_assert_int_eq(genlat_net_builder_new(ctx, &builder), GENLAT_OK);
    genlat_net_builder_input(builder, "x", 1, (int64_t[]){3});
    genlat_net_builder_add(builder, "dense units=2 name=only");
    ck_assert_int_eq(genlat_net_build(&builder, &net), GENLAT_OK);
    ck_assert_int_eq(genlat_net_compile(net, 4, &opts, &exec), GENLAT_OK);
    matching = tensor(2, 2, 3);
    narrow = tensor(2, 2, 2);
    flat = tensor(1, 6, 0);
    tall = tensor(2, 9, 3);
}

static void tear_down(void)
{
    genlat_tensor_destroy(&matching);
    genlat_tensor_destroy(&narrow);
    genlat_tensor_destroy(&flat);
    genlat_tensor_destroy(&tall);
    genlat_exec_destroy(&exec);
    genlat_net_destroy(&net);
    genlat_ctx_destroy(&ctx);
}

/* Checks that the call fails with the status and an error that begins with its name and contains the words. */
#define REFUSED(expected, words, function, ...)                                                                        \
    do {                                                                                                               \
        genlat_status status_ = function(__VA_ARGS__);                                                                 \
        ck_assert_msg(status_ == (expected), #function ": %s, expected " #expected ": %s",                             \
                      genlat_status_name(status_), genlat_last_error());                                               \
        ck_assert_msg(strncmp(genlat_last_error(), #function, strlen(#function)) == 0, "%s", genlat_last_error());     \
        ck_assert_msg(strstr(genlat_last_error(), words) != NULL, "'%s' is not in: %s", words, genlat_last_error());   \
    } while (0)

START_TEST(tensor_functions_check_shapes)
{
    genlat_tensor *out = matching;
    const int64_t huge[] = {INT64_MAX, INT64_MAX}, negative[] = {2, -3}, open[] = {-1, 4}, two_open[] = {-1, -1};
    REFUSED(GENLAT_E_INVALID, "ndim", genlat_tensor_new, ctx, 7, huge, &out);
    ck_assert_ptr_null(out);
    REFUSED(GENLAT_E_SHAPE, "genlat_tensor", genlat_tensor_new, ctx, 2, huge, &out);
    REFUSED(GENLAT_E_SHAPE, "genlat_tensor", genlat_tensor_new, ctx, 2, negative, &out);
    REFUSED(GENLAT_E_SHAPE, "6 elements", genlat_tensor_reshape, matching, 2, open, &out);
    REFUSED(GENLAT_E_SHAPE, "", genlat_tensor_reshape, matching, 2, two_open, &out);
    REFUSED(GENLAT_E_RANGE, "rows 1 to 3", genlat_tensor_rows, matching, 1, 3, &out);
    REFUSED(GENLAT_E_RANGE, "", genlat_tensor_rows, matching, 2, 1, &out);
    REFUSED(GENLAT_E_SHAPE, "source has 4 elements, expected 6", genlat_tensor_copy, matching, narrow);
    ck_assert_ptr_null(out);
}
END_TEST

START_TEST(net_functions_check_shapes)
{
    const genlat_tensor *y = NULL;
    genlat_tensor *out = NULL;
    genlat_net *loaded = NULL;
    genlat_exec *made = NULL;
    char small[4];
    const genlat_tensor *good[] = {matching}, *wrong[] = {narrow}, *line[] = {flat}, *long_one[] = {tall};
    REFUSED(GENLAT_E_STATE, "", genlat_exec_output, exec, 0, &y);
    REFUSED(GENLAT_E_SHAPE, "[2,2]", genlat_exec_forward, exec, GENLAT_MODE_EVAL, 1, wrong);
    REFUSED(GENLAT_E_SHAPE, "[6]", genlat_exec_forward, exec, GENLAT_MODE_EVAL, 1, line);
    REFUSED(GENLAT_E_RANGE, "9", genlat_exec_forward, exec, GENLAT_MODE_EVAL, 1, long_one);
    REFUSED(GENLAT_E_INVALID, "", genlat_exec_forward, exec, GENLAT_MODE_EVAL, 2, good);
    ck_assert_int_eq(genlat_exec_forward(exec, GENLAT_MODE_EVAL, 1, good), GENLAT_OK);
    REFUSED(GENLAT_E_RANGE, "", genlat_exec_output, exec, 1, &y);
    REFUSED(GENLAT_E_STATE, "", genlat_exec_backward, exec, 1, wrong);
    REFUSED(GENLAT_E_STATE, "", genlat_exec_node, exec, "only", &out);
    REFUSED(GENLAT_E_NOT_FOUND, "nothing", genlat_net_weight, net, "nothing", &out);
    REFUSED(GENLAT_E_NOT_FOUND, "nothing", genlat_net_freeze, net, "nothing", 1);
    REFUSED(GENLAT_E_RANGE, "", genlat_net_describe, net, small, sizeof small);
    REFUSED(GENLAT_E_RANGE, "", genlat_net_compile, net, 0, NULL, &made);
    REFUSED(GENLAT_E_IO, "No such file", genlat_net_load, ctx, "/nonexistent/net.safetensors", &loaded);
}
END_TEST

START_TEST(layers_and_builders_check_their_texts)
{
    genlat_layer *layer = NULL;
    genlat_net *made = NULL;
    genlat_net_builder *builder = NULL;
    REFUSED(GENLAT_E_NOT_FOUND, "dance", genlat_layer_new, ctx, "dance units=3", &layer);
    REFUSED(GENLAT_E_NOT_FOUND, "unit", genlat_layer_new, ctx, "dense unit=3", &layer);
    REFUSED(GENLAT_E_RANGE, "units", genlat_layer_new, ctx, "dense units=-3", &layer);
    ck_assert_int_eq(genlat_net_builder_new(ctx, &builder), GENLAT_OK);
    REFUSED(GENLAT_E_STATE, "no layer", genlat_net_build, &builder, &made);
    ck_assert_ptr_null(builder);
    ck_assert_int_eq(genlat_net_builder_new(ctx, &builder), GENLAT_OK);
    genlat_net_builder_add(builder, "dense units=2");
    genlat_net_builder_add(builder, "dance");
    ck_assert_int_ne(genlat_net_build(&builder, &made), GENLAT_OK);
    /* the first error, with the name of its function */
    ck_assert_msg(strncmp(genlat_last_error(), "genlat_net_builder_add: dense '0'", 33) == 0, "%s",
                  genlat_last_error());
    ck_assert_ptr_null(made);
}
END_TEST

START_TEST(contexts_check_their_options)
{
    genlat_ctx *made = ctx;
    genlat_ctx_opts opts;
    genlat_allocator incomplete = {.size = sizeof incomplete};
    genlat_ctx_opts_init(&opts);
    opts.threads = 0;
    REFUSED(GENLAT_E_RANGE, "threads is 0", genlat_ctx_new, &opts, &made);
    ck_assert_ptr_null(made);
    genlat_ctx_opts_init(&opts);
    opts.allocator = &incomplete;
    REFUSED(GENLAT_E_INVALID, "allocator", genlat_ctx_new, &opts, &made);
    opts.size = 3;
    REFUSED(GENLAT_E_INVALID, "size 3", genlat_ctx_new, &opts, &made);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("wrong shapes, values and states");
    TCase *tests = tcase_create("refused");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, tensor_functions_check_shapes);
    tcase_add_test(tests, net_functions_check_shapes);
    tcase_add_test(tests, layers_and_builders_check_their_texts);
    tcase_add_test(tests, contexts_check_their_options);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
