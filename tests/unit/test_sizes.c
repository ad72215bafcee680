/* SPDX-License-Identifier: MIT */
/* Sizes that do not fit: sums and products that would overflow, and blocks above the memory limit of the context. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/net.h"

static genlat_ctx *ctx;

static void set_up(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
}

static void tear_down(void)
{
    genlat_ctx_destroy(&ctx);
}

static void expect_error(genlat_status found, genlat_status expected, const char *word)
{
    ck_assert_msg(found == expected, "%s, expected %s: %s", genlat_status_name(found), genlat_status_name(expected),
                  genlat_last_error());
    ck_assert_msg(strstr(genlat_last_error(), word) != NULL, "'%s' does not contain '%s'", genlat_last_error(), word);
}

static genlat_status build(int64_t width, const char *layers, genlat_net **net)
{
    genlat_net_builder *b = NULL;
    ck_assert_int_eq(genlat_net_builder_new(ctx, &b), GENLAT_OK);
    genlat_net_builder_input(b, "x", 1, &width);
    genlat_net_builder_text(b, layers);
    return genlat_net_build(&b, net);
}

/* Each weight is legal; the sum of their sizes is not, and wraps around with enough of them. */
START_TEST(sums_of_weights_are_checked)
{
    static char layers[16 * 1100];
    genlat_net *net = NULL;
    for (int count = 2; count <= 1100; count += 366) {
        layers[0] = '\0';
        for (int i = 0; i < count; i++)
            strcat(layers, "layer_norm\n");
        expect_error(build(INT64_C(1) << 52, layers, &net), GENLAT_E_RANGE, "more than 2^53 numbers");
        ck_assert_ptr_null(net);
    }
}
END_TEST

START_TEST(workspaces_are_checked)
{
    static const char *const layers[] = {"relu", "relu | dropout p=0.5"};
    genlat_net *net = NULL;
    genlat_exec *exec = NULL;
    int64_t bytes = 0;
    ck_assert_msg(build(INT64_C(1) << 40, layers[_i], &net) == GENLAT_OK, "%s", genlat_last_error());
    expect_error(genlat_net_compile(net, INT32_MAX, NULL, &exec), GENLAT_E_RANGE, "use fewer rows");
    expect_error(genlat_net_exec_bytes(net, INT32_MAX, NULL, &bytes), GENLAT_E_RANGE, "use fewer rows");
    ck_assert_ptr_null(exec);
    genlat_net_destroy(&net);
}
END_TEST

/* A block above the limit is refused before it is tried; smaller ones are not. */
START_TEST(blocks_above_the_limit_are_refused)
{
    genlat_ctx *small = NULL;
    genlat_ctx_opts opts;
    genlat_tensor *tensor = NULL;
    genlat_ctx_opts_init(&opts);
    ck_assert_int_eq(opts.memory_limit, 0);
    opts.memory_limit = 1 << 20;
    ck_assert_int_eq(genlat_ctx_new(&opts, &small), GENLAT_OK);
    ck_assert_int_eq(genlat_tensor_new(small, 1, (int64_t[]){1 << 17}, &tensor), GENLAT_OK);
    genlat_tensor_destroy(&tensor);
    expect_error(genlat_tensor_new(small, 1, (int64_t[]){(1 << 18) + 16}, &tensor), GENLAT_E_MEMORY, "memory_limit");
    ck_assert_ptr_null(tensor);
    genlat_ctx_destroy(&small);
}
END_TEST

/* By default a block may be as large as the memory of the machine. */
START_TEST(the_default_limit_is_the_memory_of_the_machine)
{
    genlat_tensor *tensor = NULL;
    const int64_t dim = INT64_C(1) << 52;
    if (sizeof(size_t) > 4)
        expect_error(genlat_tensor_new(ctx, 1, &dim, &tensor), GENLAT_E_MEMORY, "memory_limit");
    else
        expect_error(genlat_tensor_new(ctx, 1, &dim, &tensor), GENLAT_E_SHAPE, "too large");
    ck_assert_ptr_null(tensor);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sizes");
    TCase *tests = tcase_create("limits");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    if (sizeof(size_t) > 4) { /* otherwise such inputs are refused at once */
        tcase_add_test(tests, sums_of_weights_are_checked);
        tcase_add_loop_test(tests, workspaces_are_checked, 0, 2);
    }
    tcase_add_test(tests, blocks_above_the_limit_are_refused);
    tcase_add_test(tests, the_default_limit_is_the_memory_of_the_machine);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
