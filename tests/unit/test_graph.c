/* SPDX-License-Identifier: MIT */
/* Graphs with nodes and inputs that no output needs, and outputs listed twice: results and errors. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "genlat/genlat.h"

enum { ROWS = 3 };

static genlat_ctx *ctx;

static void setup(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
}

static void teardown(void)
{
    genlat_ctx_destroy(&ctx);
}

static genlat_status build(const char *text, const char *outputs, genlat_net **net)
{
    genlat_net_builder *b = NULL;
    ck_assert_int_eq(genlat_net_builder_new(ctx, &b), GENLAT_OK);
    genlat_net_builder_input(b, "x", 1, (int64_t[]){4});
    genlat_net_builder_input(b, "unused", 1, (int64_t[]){2});
    genlat_net_builder_text(b, text);
    if (outputs)
        genlat_net_builder_output(b, outputs);
    return genlat_net_build(&b, net);
}

static void check_refused(genlat_status found, genlat_status expected, const char *words)
{
    ck_assert_int_eq(found, expected);
    ck_assert_msg(strstr(genlat_last_error(), words), "%s", genlat_last_error());
}

START_TEST(duplicate_outputs_are_refused)
{
    genlat_net *net = NULL;
    const char *twice = "output 'a' is listed twice";
    check_refused(build("dense units=3 name=a from=x", "a,a", &net), GENLAT_E_INVALID, twice);
    check_refused(build("dense units=3 name=a from=x | relu name=b | output a,b,a", NULL, &net), GENLAT_E_INVALID,
                  twice);
    ck_assert_ptr_null(net);
    ck_assert_int_eq(build("dense units=3 name=a from=x | relu name=b | output a,b", "b", &net), GENLAT_OK);
    ck_assert_int_eq(genlat_net_outputs(net), 1);
    genlat_net_destroy(&net);
}
END_TEST

/* Layouts of many buffers take seconds at most. The inputs count as nodes. */
START_TEST(nets_may_be_deep_up_to_a_limit)
{
    enum { DEEP = 2000, MOST = 10000, LAYER = 7 };
    static char text[MOST * LAYER + 1];
    genlat_net *net = NULL;
    genlat_exec *exec = NULL;
    genlat_exec_opts opts;
    for (int i = 0; i < MOST; i++)
        memcpy(text + i * LAYER, "tanh | ", LAYER);
    text[DEEP * LAYER - 3] = '\0';
    ck_assert_int_eq(build(text, NULL, &net), GENLAT_OK);
    genlat_exec_opts_init(&opts);
    opts.purpose = GENLAT_EXEC_TRAINING;
    ck_assert_int_eq(genlat_net_compile(net, 2, &opts, &exec), GENLAT_OK);
    genlat_exec_destroy(&exec);
    genlat_net_destroy(&net);
    text[DEEP * LAYER - 3] = ' ';
    text[MOST * LAYER - 3] = '\0';
    check_refused(build(text, NULL, &net), GENLAT_E_RANGE, "at most 10000 nodes");
    ck_assert_ptr_null(net);
}
END_TEST

/* One branch is the output; the other is not computed, and one input is used by neither. */
typedef struct rig {
    genlat_net *net;
    genlat_exec *exec;
    genlat_tensor *x[2];
} rig;

static void open_rig(rig *r)
{
    genlat_exec_opts opts;
    genlat_exec_opts_init(&opts);
    opts.keep = 1;
    ck_assert_int_eq(build("dense units=3 name=a from=x | tanh name=y | dense units=2 name=dead from=a", "y", &r->net),
                     GENLAT_OK);
    ck_assert_int_eq(genlat_net_compile(r->net, ROWS, &opts, &r->exec), GENLAT_OK);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(genlat_tensor_new(ctx, 2, (int64_t[]){ROWS, i ? 2 : 4}, &r->x[i]), GENLAT_OK);
        for (int64_t j = 0; j < genlat_tensor_count(r->x[i]); j++)
            genlat_tensor_data(r->x[i])[j] = (float)(j % 5) / 4;
    }
}

static void close_rig(rig *r)
{
    genlat_tensor_destroy(&r->x[0]);
    genlat_tensor_destroy(&r->x[1]);
    genlat_exec_destroy(&r->exec);
    genlat_net_destroy(&r->net);
}

START_TEST(errors_name_unused_nodes_and_inputs)
{
    rig r = {0};
    genlat_tensor *node = NULL;
    const genlat_tensor *y = NULL, *grad = NULL;
    open_rig(&r);
    check_refused(genlat_exec_node(r.exec, "dead", &node), GENLAT_E_STATE, "run forward first");
    ck_assert_int_eq(genlat_exec_forward(r.exec, GENLAT_MODE_TRAIN, 2, (const genlat_tensor *const *)r.x), GENLAT_OK);
    check_refused(genlat_exec_node(r.exec, "dead", &node), GENLAT_E_UNSUPPORTED,
                  "'dead' is not computed, because no output depends");
    ck_assert_ptr_null(node);
    ck_assert_int_eq(genlat_exec_node(r.exec, "a", &node), GENLAT_OK);
    genlat_tensor_destroy(&node);
    check_refused(genlat_exec_input_grad(r.exec, 1, &grad), GENLAT_E_STATE, "run backward first");
    ck_assert_int_eq(genlat_exec_output(r.exec, 0, &y), GENLAT_OK);
    ck_assert_int_eq(genlat_exec_backward(r.exec, 1, &y), GENLAT_OK);
    check_refused(genlat_exec_input_grad(r.exec, 1, &grad), GENLAT_E_UNSUPPORTED,
                  "no output depends on input 'unused'");
    ck_assert_ptr_null(grad);
    ck_assert_int_eq(genlat_exec_input_grad(r.exec, 0, &grad), GENLAT_OK);
    close_rig(&r);
}
END_TEST

START_TEST(the_gradient_check_accepts_unused_inputs)
{
    rig r = {0};
    genlat_check_result result = {.size = sizeof result};
    open_rig(&r);
    ck_assert_int_eq(genlat_net_check(r.net, 2, (const genlat_tensor *const *)r.x, 8, 1, &result), GENLAT_OK);
    ck_assert_double_lt(result.worst, 0.02);
    close_rig(&r);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("graph");
    TCase *tests = tcase_create("parts that no output needs");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, nets_may_be_deep_up_to_a_limit);
    tcase_add_test(tests, duplicate_outputs_are_refused);
    tcase_add_test(tests, errors_name_unused_nodes_and_inputs);
    tcase_add_test(tests, the_gradient_check_accepts_unused_inputs);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
