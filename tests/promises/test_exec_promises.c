/* SPDX-License-Identifier: MIT */
/* What net.h says of execs. */
#include "promises/rig.h"

#include <stdint.h>

enum { ROWS = 4 };

static genlat_net *net; /* [3] to [2], and to [1] by a second output; a third input that nothing uses */
static genlat_tensor *x, *unused, *dy;

static void set_up(void)
{
    genlat_net_builder *b = NULL;
    rig_open();
    ok(genlat_net_builder_new(ctx, &b));
    genlat_net_builder_input(b, "x", 1, (int64_t[]){3});
    genlat_net_builder_input(b, "free", 1, (int64_t[]){1});
    genlat_net_builder_text(b,
                            "dense units=2 from=x name=a; tanh name=t; dense units=1 name=end; relu from=a name=lost");
    genlat_net_builder_output(b, "end,t");
    ok(genlat_net_build(&b, &net));
    x = counting(2, (int64_t[]){ROWS, 3});
    unused = counting(2, (int64_t[]){ROWS, 1});
    dy = counting(2, (int64_t[]){ROWS, 1});
}

static void tear_down(void)
{
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&unused);
    genlat_tensor_destroy(&dy);
    genlat_net_destroy(&net);
    rig_close();
}

static genlat_exec_opts options(void)
{
    genlat_exec_opts opts;
    genlat_exec_opts_init(&opts);
    return opts;
}

static genlat_exec *compiled(genlat_exec_opts opts)
{
    genlat_exec *exec = NULL;
    ok(genlat_net_compile(net, ROWS, &opts, &exec));
    return exec;
}

static void forward(genlat_exec *exec)
{
    ok(genlat_exec_forward(exec, GENLAT_MODE_TRAIN, 2, (const genlat_tensor *[]){x, unused}));
}

START_TEST(compiling_checks_its_options)
{
    genlat_exec *exec = NULL;
    int64_t bytes = 7;
    genlat_exec_opts opts = options();
    REFUSED(GENLAT_E_RANGE, genlat_net_compile, net, 0, NULL, &exec);
    REFUSED(GENLAT_E_RANGE, genlat_net_exec_bytes, net, -1, NULL, &bytes);
    ck_assert_int_eq(bytes, 0);
    opts.purpose = 3;
    REFUSED_WITH("purpose", GENLAT_E_RANGE, genlat_net_compile, net, 1, &opts, &exec);
    opts = options();
    opts.tile = -1;
    REFUSED_WITH("tile", GENLAT_E_RANGE, genlat_net_compile, net, 1, &opts, &exec);
    opts = options();
    opts.purpose = GENLAT_EXEC_INFERENCE;
    opts.nested_bytes = 64;
    REFUSED(GENLAT_E_UNSUPPORTED, genlat_net_compile, net, 1, &opts, &exec);
    REFUSED(GENLAT_E_UNSUPPORTED, genlat_net_exec_bytes, net, 1, &opts, &bytes);
    genlat_net *coupled = net_of(3, "batch_norm name=norm; dense units=1");
    opts = options();
    opts.purpose = GENLAT_EXEC_PENALTY;
    REFUSED_WITH("norm", GENLAT_E_UNSUPPORTED, genlat_net_compile, coupled, 2, &opts, &exec);
    REFUSED_WITH("norm", GENLAT_E_UNSUPPORTED, genlat_net_exec_bytes, coupled, 2, &opts, &bytes);
    genlat_net_destroy(&coupled);
}
END_TEST

/* Gradients in a workspace are those of one exec alone. */
START_TEST(gradients_in_a_workspace_have_one_place)
{
    genlat_exec_opts opts = options();
    genlat_exec *outer = NULL, *exec = NULL;
    genlat_tensor *grad = NULL;
    genlat_net *other = net_of(3, "dense units=1");
    ok(genlat_net_exec_bytes(net, ROWS, NULL, &opts.nested_bytes));
    opts.gradients_in_workspace = 1;
    ok(genlat_net_compile(net, ROWS, &opts, &outer));
    REFUSED(GENLAT_E_STATE, genlat_net_compile, net, ROWS, NULL, &exec);
    REFUSED(GENLAT_E_STATE, genlat_exec_compile_nested, outer, net, ROWS, NULL, &exec);
    REFUSED(GENLAT_E_STATE, genlat_net_grad, net, "end.bias", &grad);
    genlat_exec_opts penalty = options();
    penalty.purpose = GENLAT_EXEC_PENALTY;
    REFUSED(GENLAT_E_UNSUPPORTED, genlat_exec_compile_nested, outer, other, ROWS, &penalty, &exec);
    REFUSED(GENLAT_E_RANGE, genlat_exec_compile_nested, outer, other, 0, NULL, &exec);
    REFUSED(GENLAT_E_RANGE, genlat_exec_compile_nested, outer, other, 1000000, NULL, &exec); /* too few bytes */
    ok(genlat_exec_compile_nested(outer, other, 1, NULL, &exec));
    genlat_exec_destroy(&outer); /* retained by the nested one */
    genlat_exec_destroy(&exec);
    genlat_net_destroy(&other);
}
END_TEST

/* What is planned is what is held; planning takes a few bytes a layer. */
START_TEST(bytes_are_known_before)
{
    for (uint32_t purpose = 0; purpose <= GENLAT_EXEC_PENALTY; purpose++) {
        genlat_exec_opts opts = options();
        int64_t bytes = 0;
        opts.purpose = purpose;
        ok(genlat_net_exec_bytes(net, ROWS, &opts, &bytes));
        genlat_exec *exec = compiled(opts);
        ck_assert_int_gt(bytes, 0);
        ck_assert_int_eq(genlat_exec_bytes(exec), bytes);
        genlat_exec_destroy(&exec);
        ck_assert_ptr_null(exec);
    }
    ck_assert_int_eq(genlat_exec_bytes(NULL), 0);
    genlat_exec_destroy(NULL);
}
END_TEST

START_TEST(execs_keep_their_net_and_take_no_memory_afterwards)
{
    genlat_exec *exec = compiled(options());
    genlat_tensor *grad = NULL;
    const genlat_tensor *y = NULL, *given = NULL;
    ok(genlat_net_grad(net, "end.bias", &grad));
    genlat_net_destroy(&net);
    const long before = allocations;
    for (int i = 1; i < 3; i++) {
        forward(exec);
        ok(genlat_exec_output(exec, 1, &y));
        ok(genlat_exec_backward(exec, 2, (const genlat_tensor *[]){dy, NULL}));
        ok(genlat_exec_input_grad(exec, 0, &given));
        ck_assert_int_eq(genlat_tensor_dim(given, 1), 3);
        ck_assert_float_eq(genlat_tensor_data(grad)[0], (float)(6 * i)); /* gradients add up */
    }
    ck_assert_int_eq(allocations, before);
    ck_assert_int_eq(genlat_tensor_dim(y, 0), ROWS);
    ck_assert_int_eq(genlat_tensor_dim(y, 1), 2);
    genlat_exec_destroy(&exec);
    genlat_tensor_destroy(&grad);
}
END_TEST

START_TEST(calls_out_of_order_are_refused)
{
    genlat_exec *exec = compiled(options());
    const genlat_tensor *out = NULL, *const given[] = {x, unused}, *const slopes[] = {dy, NULL},
                        *const wrong[] = {x, NULL};
    genlat_tensor *node = NULL, *few = counting(2, (int64_t[]){2, 1}), *many = counting(2, (int64_t[]){ROWS + 1, 3});
    genlat_tensor *with = counting(2, (int64_t[]){ROWS + 1, 1}), *none = NULL, *nothing = NULL;
    ok(genlat_tensor_new(ctx, 2, (int64_t[]){0, 3}, &none));
    ok(genlat_tensor_new(ctx, 2, (int64_t[]){0, 1}, &nothing));
    REFUSED(GENLAT_E_STATE, genlat_exec_output, exec, 0, &out);
    REFUSED(GENLAT_E_STATE, genlat_exec_backward, exec, 2, slopes);
    REFUSED(GENLAT_E_STATE, genlat_exec_input_grad, exec, 0, &out);
    REFUSED(GENLAT_E_INVALID, genlat_exec_forward, exec, 2, 2, given);
    REFUSED(GENLAT_E_INVALID, genlat_exec_forward, exec, GENLAT_MODE_EVAL, 1, given);
    REFUSED(GENLAT_E_SHAPE, genlat_exec_forward, exec, GENLAT_MODE_EVAL, 2, ((const genlat_tensor *[]){x, few}));
    REFUSED(GENLAT_E_RANGE, genlat_exec_forward, exec, GENLAT_MODE_EVAL, 2, ((const genlat_tensor *[]){many, with}));
    REFUSED(GENLAT_E_RANGE, genlat_exec_forward, exec, GENLAT_MODE_EVAL, 2, ((const genlat_tensor *[]){none, nothing}));
    forward(exec);
    REFUSED(GENLAT_E_RANGE, genlat_exec_output, exec, 2, &out);
    REFUSED(GENLAT_E_RANGE, genlat_exec_output, exec, -1, &out);
    REFUSED(GENLAT_E_STATE, genlat_exec_node, exec, "t", &node); /* keep is 0 */
    REFUSED(GENLAT_E_STATE, genlat_exec_input_grad, exec, 0, &out);
    REFUSED(GENLAT_E_SHAPE, genlat_exec_backward, exec, 2, wrong);
    REFUSED(GENLAT_E_INVALID, genlat_exec_backward, exec, 1, slopes);
    ok(genlat_exec_backward(exec, 2, slopes));
    REFUSED(GENLAT_E_STATE, genlat_exec_backward, exec, 2, slopes); /* it is used up */
    REFUSED(GENLAT_E_RANGE, genlat_exec_input_grad, exec, 2, &out);
    REFUSED_WITH("free", GENLAT_E_UNSUPPORTED, genlat_exec_input_grad, exec, 1, &out);
    ok(genlat_exec_input_grad(exec, 0, &out));
    forward(exec);
    REFUSED(GENLAT_E_STATE, genlat_exec_input_grad, exec, 0, &out);
    REFUSED(GENLAT_E_SHAPE, genlat_exec_penalty, exec, GENLAT_PENALTY_ZERO, 1, 0, NULL, NULL); /* two outputs */
    genlat_exec_destroy(&exec);
    genlat_tensor *all[] = {few, many, with, none, nothing};
    for (size_t i = 0; i < COUNT(all); i++)
        genlat_tensor_destroy(&all[i]);
}
END_TEST

START_TEST(purposes_and_switches_do_what_they_say)
{
    genlat_exec_opts opts = options();
    const genlat_tensor *out = NULL, *const slopes[] = {dy, NULL};
    genlat_tensor *node = NULL;
    opts.purpose = GENLAT_EXEC_INFERENCE;
    opts.keep = 1;
    genlat_exec *exec = compiled(opts);
    REFUSED(GENLAT_E_STATE, genlat_exec_node, exec, "t", &node);
    forward(exec);
    REFUSED(GENLAT_E_STATE, genlat_exec_backward, exec, 2, slopes);
    REFUSED(GENLAT_E_NOT_FOUND, genlat_exec_node, exec, "u", &node);
    REFUSED(GENLAT_E_UNSUPPORTED, genlat_exec_node, exec, "lost", &node);
    ok(genlat_exec_node(exec, "t", &node));
    ok(genlat_exec_output(exec, 1, &out));
    same_tensors(node, out);
    genlat_tensor_data(node)[0] = 9; /* a copy */
    ck_assert_float_ne(genlat_tensor_const_data(out)[0], 9);
    genlat_tensor_destroy(&node);
    genlat_exec_destroy(&exec);
    opts = options();
    opts.input_grads = 0;
    exec = compiled(opts);
    forward(exec);
    ok(genlat_exec_backward(exec, 2, slopes));
    REFUSED(GENLAT_E_STATE, genlat_exec_input_grad, exec, 0, &out);
    genlat_exec_destroy(&exec);
}
END_TEST

/* ---- penalties -------------------------------------------------------------------------------- */

static genlat_tensor *gradient(genlat_net *of, const char *name)
{
    genlat_tensor *grad = NULL, *copy = NULL;
    ok(genlat_net_grad(of, name, &grad));
    ok(genlat_tensor_clone(grad, &copy));
    genlat_tensor_destroy(&grad);
    ok(genlat_net_zero_grad(of));
    return copy;
}

/* Of a linear net the input gradient is the weight, whatever the input. */
START_TEST(penalties_are_those_of_the_norm)
{
    genlat_net *line = net_of(2, "dense units=1 name=l");
    genlat_exec *exec = exec_of(line, ROWS, GENLAT_EXEC_PENALTY);
    genlat_tensor *weight = NULL, *data = counting(2, (int64_t[]){ROWS, 2}),
                  *wrong = counting(1, (int64_t[]){ROWS - 1});
    double value = 9;
    ok(genlat_net_weight(line, "l.weight", &weight));
    REFUSED(GENLAT_E_STATE, genlat_exec_penalty, exec, 0, 1, 0, NULL, &value); /* no forward pass */
    static const double want[2][3] = {{12.5, 16, 16}, {0.125, 0.25, 0}};       /* norms 5 and 0.5 */
    for (int i = 0; i < 2; i++) {
        genlat_tensor_data(weight)[0] = i ? 0.3f : 3;
        genlat_tensor_data(weight)[1] = i ? 0.4f : 4;
        for (uint32_t kind = 0; kind < 3; kind++) {
            ok(genlat_exec_forward(exec, GENLAT_MODE_TRAIN, 1, (const genlat_tensor *[]){data}));
            ok(genlat_exec_penalty(exec, kind, 2, 0, NULL, &value));
            ck_assert_double_eq_tol(value, want[i][kind], 1e-5); /* without the weight */
            ok(genlat_exec_penalty(exec, kind, 0, 0, NULL, NULL));
        }
    }
    genlat_tensor *before = gradient(line, "l.weight");
    value = 9;
    REFUSED(GENLAT_E_RANGE, genlat_exec_penalty, exec, 0, -1, 0, NULL, &value);
    REFUSED(GENLAT_E_RANGE, genlat_exec_penalty, exec, 0, 2e30, 0, NULL, &value);
    REFUSED(GENLAT_E_RANGE, genlat_exec_penalty, exec, 0, NAN, 0, NULL, &value);
    REFUSED(GENLAT_E_RANGE, genlat_exec_penalty, exec, 0, 1, 1, NULL, &value);
    REFUSED(GENLAT_E_INVALID, genlat_exec_penalty, exec, 3, 1, 0, NULL, &value);
    REFUSED(GENLAT_E_SHAPE, genlat_exec_penalty, exec, 0, 1, 0, wrong, &value);
    ck_assert_double_eq(value, 9);
    genlat_tensor_data(weight)[0] = INFINITY;
    ok(genlat_exec_forward(exec, GENLAT_MODE_TRAIN, 1, (const genlat_tensor *[]){data}));
    REFUSED(GENLAT_E_NUMERIC, genlat_exec_penalty, exec, 0, 1, 0, NULL, &value);
    ck_assert_double_eq(value, 9);
    genlat_exec_opts opts = options();
    opts.purpose = GENLAT_EXEC_PENALTY;
    genlat_exec *two = compiled(opts);
    forward(two);
    REFUSED(GENLAT_E_SHAPE, genlat_exec_penalty, two, 0, 1, 0, NULL, &value); /* two outputs */
    genlat_exec_destroy(&two);
    genlat_tensor *all[] = {weight, data, wrong, before};
    for (size_t i = 0; i < COUNT(all); i++)
        genlat_tensor_destroy(&all[i]);
    genlat_exec_destroy(&exec);
    genlat_net_destroy(&line);
}
END_TEST

/* With dloss the gradients are those of a backward pass more; with this purpose a pass may be repeated. */
START_TEST(penalties_take_the_loss_along)
{
    genlat_net *bent = net_of(2, "dense units=3 name=l; tanh; dense units=1");
    genlat_exec *exec = exec_of(bent, ROWS, GENLAT_EXEC_PENALTY);
    genlat_tensor *data = counting(2, (int64_t[]){ROWS, 2}), *slope = counting(1, (int64_t[]){ROWS}), *pair = NULL;
    ok(genlat_tensor_reshape(slope, 2, (int64_t[]){ROWS, 1}, &pair));
    ok(genlat_exec_forward(exec, GENLAT_MODE_TRAIN, 1, (const genlat_tensor *[]){data}));
    ok(genlat_exec_penalty(exec, GENLAT_PENALTY_ONE, 1, 0, slope, NULL));
    genlat_tensor *both = gradient(bent, "l.weight");
    ok(genlat_exec_penalty(exec, GENLAT_PENALTY_ONE, 1, 0, NULL, NULL));
    ok(genlat_exec_backward(exec, 1, (const genlat_tensor *[]){pair}));
    genlat_tensor *apart = gradient(bent, "l.weight");
    ok(genlat_exec_backward(exec, 1, (const genlat_tensor *[]){pair}));
    genlat_tensor *once = gradient(bent, "l.weight");
    ok(genlat_exec_backward(exec, 1, (const genlat_tensor *[]){pair}));
    genlat_tensor *again = gradient(bent, "l.weight");
    same_tensors(once, again);
    for (int i = 0; i < 6; i++)
        ck_assert_float_eq_tol(genlat_tensor_data(both)[i], genlat_tensor_data(apart)[i], 1e-5);
    genlat_tensor *all[] = {data, slope, pair, both, apart, once, again};
    for (size_t i = 0; i < COUNT(all); i++)
        genlat_tensor_destroy(&all[i]);
    genlat_exec_destroy(&exec);
    genlat_net_destroy(&bent);
}
END_TEST

/* ---- the checker ------------------------------------------------------------------------------ */

START_TEST(checking_leaves_the_net_as_it_was)
{
    genlat_check_result result = {.size = sizeof result};
    genlat_net *bent = net_of(2, "dense units=3 name=l; tanh; batch_norm name=n; dense units=1");
    genlat_tensor *weight = NULL, *mean = NULL, *before = NULL, *data = counting(2, (int64_t[]){ROWS, 2}), *grad = NULL;
    ok(genlat_net_weight(bent, "l.weight", &weight));
    ok(genlat_net_weight(bent, "n.running_mean", &mean));
    ok(genlat_tensor_clone(weight, &before));
    ok(genlat_net_grad(bent, "l.weight", &grad));
    ok(genlat_net_check(bent, 1, (const genlat_tensor *[]){data}, 4, 1, &result));
    ck_assert_double_lt(result.worst, 0.05);
    ck_assert_int_gt(result.checked, 10);
    ck_assert_ptr_nonnull(result.where);
    same_tensors(weight, before);
    ck_assert_float_eq(genlat_tensor_data(mean)[0], 0);
    genlat_check_result again = {.size = sizeof again};
    ok(genlat_net_check(bent, 1, (const genlat_tensor *[]){data}, 4, 1, &again)); /* the seed decides */
    ck_assert_double_eq(result.worst, again.worst);
    REFUSED(GENLAT_E_SHAPE, genlat_net_check, bent, 1, (const genlat_tensor *[]){dy}, 4, 1, &again);
    REFUSED(GENLAT_E_INVALID, genlat_net_check, bent, 2, ((const genlat_tensor *[]){data, data}), 4, 1, &again);
    ck_assert_double_eq(result.worst, again.worst);
    genlat_tensor *all[] = {weight, mean, before, data, grad};
    for (size_t i = 0; i < COUNT(all); i++)
        genlat_tensor_destroy(&all[i]);
    genlat_net_destroy(&bent);
}
END_TEST

/* Gradients of a linear net by dy = 0, 1, 2, 3, with x and dy of these shapes. */
static void column_gradient(int32_t in_ndim, int32_t up_ndim, float out[2])
{
    const int64_t dims[] = {4, 1, 1};
    genlat_net *linear = net_of(1, "dense units=1 name=d");
    genlat_exec *exec = exec_of(linear, 4, GENLAT_EXEC_TRAINING);
    genlat_tensor *in = counting(in_ndim, dims), *up = counting(up_ndim, dims), *grad = NULL;
    ok(genlat_exec_forward(exec, GENLAT_MODE_TRAIN, 1, (const genlat_tensor *[]){in}));
    ok(genlat_exec_backward(exec, 1, (const genlat_tensor *[]){up}));
    ok(genlat_net_grad(linear, "d.weight", &grad));
    out[0] = genlat_tensor_data(grad)[0];
    genlat_tensor_destroy(&grad);
    ok(genlat_net_grad(linear, "d.bias", &grad));
    out[1] = genlat_tensor_data(grad)[0];
    genlat_tensor_destroy(&grad);
    genlat_tensor_destroy(&in);
    genlat_tensor_destroy(&up);
    genlat_exec_destroy(&exec);
    genlat_net_destroy(&linear);
}

START_TEST(a_column_is_a_vector)
{
    float grad[2];
    for (int32_t in = 1; in <= 2; in++)
        for (int32_t up = 1; up <= 3; up++) {
            column_gradient(in, up, grad);
            ck_assert_float_eq(grad[0], 0 + 1 + 4 + 9);
            ck_assert_float_eq(grad[1], 0 + 1 + 2 + 3);
        }
    genlat_net *linear = net_of(1, "dense units=1");
    genlat_exec *exec = exec_of(linear, 4, GENLAT_EXEC_TRAINING);
    genlat_tensor *in = counting(1, (int64_t[]){4}), *row = counting(2, (int64_t[]){1, 4}),
                  *wide = counting(2, (int64_t[]){4, 2}), *less = counting(1, (int64_t[]){3});
    genlat_tensor *wrong[] = {row, wide};
    for (size_t i = 0; i < COUNT(wrong); i++)
        REFUSED(GENLAT_E_SHAPE, genlat_exec_forward, exec, GENLAT_MODE_TRAIN, 1, (const genlat_tensor *[]){wrong[i]});
    ok(genlat_exec_forward(exec, GENLAT_MODE_TRAIN, 1, (const genlat_tensor *[]){in}));
    for (size_t i = 0; i < COUNT(wrong); i++)
        REFUSED(GENLAT_E_SHAPE, genlat_exec_backward, exec, 1, (const genlat_tensor *[]){wrong[i]});
    REFUSED(GENLAT_E_SHAPE, genlat_exec_backward, exec, 1, (const genlat_tensor *[]){less});
    genlat_tensor *all[] = {in, row, wide, less};
    for (size_t i = 0; i < COUNT(all); i++)
        genlat_tensor_destroy(&all[i]);
    genlat_exec_destroy(&exec);
    genlat_net_destroy(&linear);
}
END_TEST

/* Labels of one number a sample too: classes, and vectors of one number. */
START_TEST(labels_may_be_columns)
{
    static const char *const conditions[] = {"classes=4", "vector=1"};
    for (size_t i = 0; i < COUNT(conditions); i++) {
        const setting settings[] = {{"net", "dense units=4; relu"}, {"condition", conditions[i]}, {NULL, NULL}};
        genlat_tensor *data = counting(2, (int64_t[]){4, 2}), *flat = counting(1, (int64_t[]){4}),
                      *column = counting(2, (int64_t[]){4, 1});
        double terms[2][GENLAT_MAX_TERMS];
        for (int k = 0; k < 2; k++) {
            genlat_model *model = model_of("predictor", settings, NULL);
            ok(genlat_model_step(model, data, k ? column : flat, terms[k]));
            genlat_model_destroy(&model);
        }
        ck_assert_double_eq(terms[0][0], terms[1][0]);
        genlat_tensor_destroy(&data);
        genlat_tensor_destroy(&flat);
        genlat_tensor_destroy(&column);
    }
}
END_TEST

int main(void)
{
    const TTest *const *tests;
    const TTest *const list[] = {compiling_checks_its_options,
                                 gradients_in_a_workspace_have_one_place,
                                 bytes_are_known_before,
                                 execs_keep_their_net_and_take_no_memory_afterwards,
                                 calls_out_of_order_are_refused,
                                 purposes_and_switches_do_what_they_say,
                                 penalties_are_those_of_the_norm,
                                 penalties_take_the_loss_along,
                                 checking_leaves_the_net_as_it_was,
                                 a_column_is_a_vector,
                                 labels_may_be_columns,
                                 NULL};
    Suite *suite = suite_create("promises of execs");
    TCase *tcase = tcase_create("promises");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    for (tests = list; *tests; tests++)
        tcase_add_test(tcase, *tests);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
