/* SPDX-License-Identifier: MIT */
/* What net.h and io.h say of builders, nets and their files. */
#include "promises/rig.h"

#include <stdio.h>
#include <unistd.h>

static genlat_net_builder *builder_with_input(void)
{
    genlat_net_builder *builder = NULL;
    ok(genlat_net_builder_new(ctx, &builder));
    genlat_net_builder_input(builder, "x", 1, (int64_t[]){3});
    return builder;
}

/* The builder reports this at the end and is gone. */
static void reports(genlat_net_builder *builder, genlat_status wanted, const char *function, const char *word)
{
    genlat_net *net = NULL;
    const genlat_status status = genlat_net_build(&builder, &net);
    rig_refused(function, status, wanted, __LINE__);
    ck_assert_msg(strstr(genlat_last_error(), word) != NULL, "'%s' is not in '%s'", word, genlat_last_error());
    ck_assert_ptr_null(builder);
    ck_assert_ptr_null(net);
}

/* ---- builders --------------------------------------------------------------------------------- */

START_TEST(builders_keep_the_first_error)
{
    genlat_net_builder *b = builder_with_input();
    genlat_net_builder_add(b, "dense units=%d name=%s", 4, "first"); /* as of printf */
    genlat_net_builder_add(b, "dense units=4 name=first");
    genlat_net_builder_add(b, "nothing");
    reports(b, GENLAT_E_INVALID, "genlat_net_builder_add", "first");
    b = builder_with_input();
    genlat_net_builder_input(b, "y", 6, (int64_t[6]){1, 1, 1, 1, 1, 1});
    reports(b, GENLAT_E_INVALID, "genlat_net_builder_input", "5");
    b = builder_with_input();
    genlat_net_builder_input(b, "a b", 0, NULL);
    reports(b, GENLAT_E_INVALID, "genlat_net_builder_input", "a b");
    b = builder_with_input();
    genlat_net_builder_add(b, "relu");
    genlat_net_builder_input(b, "y", 0, (int64_t[]){1}); /* inputs come first */
    reports(b, GENLAT_E_STATE, "genlat_net_builder_input", "y");
    b = builder_with_input();
    genlat_net_builder_text(b, "relu; dense units=2 share=0");
    reports(b, GENLAT_E_SHAPE, "genlat_net_builder_text", "share");
    b = builder_with_input();
    genlat_net_builder_text(b, "relu from=z");
    reports(b, GENLAT_E_NOT_FOUND, "genlat_net_builder_text", "z");
    b = builder_with_input();
    genlat_net_builder_text(b, "conv2d channels=2 kernel=3");
    reports(b, GENLAT_E_SHAPE, "genlat_net_builder_text", "conv2d");
    b = builder_with_input();
    genlat_net_builder_add(b, "relu name=a");
    genlat_net_builder_output(b, "a,a"); /* each once */
    reports(b, GENLAT_E_INVALID, "genlat_net_builder_output", "twice");
    b = builder_with_input();
    genlat_net_builder_text(b, "relu; relu; relu; relu; relu; relu; relu; relu; relu");
    genlat_net_builder_output(b, "0,1,2,3,4,5,6,7,8");
    reports(b, GENLAT_E_RANGE, "genlat_net_builder_output", "8");
    b = builder_with_input();
    genlat_net_builder_destroy(&b);
    ck_assert_ptr_null(b);
    genlat_net_builder_destroy(&b);
    genlat_net_builder_destroy(NULL);
    genlat_net_builder_input(NULL, "x", 0, NULL);
    genlat_net_builder_add(NULL, "relu");
    genlat_net_builder_text(NULL, "relu");
    genlat_net_builder_layer(NULL, NULL, NULL);
    genlat_net_builder_output(NULL, "x");
}
END_TEST

START_TEST(graphs_have_the_inputs_and_outputs_that_are_named)
{
    char name[] = "x", keys[] = "name=end";
    char layers[] =
        "dense units=2 name=one | dense units=2 share=one from=x name=0 ; add from=0,one name=1\noutput one,1,x";
    int64_t dims[GENLAT_MAX_DIMS] = {2}, got[GENLAT_MAX_DIMS];
    int32_t ndim = 0;
    genlat_net_builder *b = NULL;
    genlat_net *net = NULL;
    genlat_layer *layer = NULL;
    ok(genlat_net_builder_new(ctx, &b));
    genlat_net_builder_input(b, name, 1, dims);
    name[0] = 'q';
    dims[0] = 9; /* both are copied */
    genlat_net_builder_text(b, layers);
    ok(genlat_layer_new(ctx, "relu", &layer));
    genlat_net_builder_layer(b, layer, keys);
    memset(keys, 'z', sizeof keys - 1);
    memset(layers, 'z', sizeof layers - 1);
    genlat_layer_destroy(&layer); /* retained */
    ok(genlat_net_build(&b, &net));
    ck_assert_int_eq(genlat_net_inputs(net), 1);
    ck_assert_int_eq(genlat_net_outputs(net), 3);
    ck_assert_int_eq(genlat_net_size(net), 6); /* the shared weights count once */
    ck_assert_int_eq(genlat_net_weights(net), 2);
    ok(genlat_net_input_shape(net, 0, &ndim, got));
    ck_assert_int_eq(ndim, 1);
    ck_assert_int_eq(got[0], 2);
    ok(genlat_net_output_shape(net, 2, &ndim, got));
    ck_assert_int_eq(got[0], 2);
    ndim = 77;
    REFUSED(GENLAT_E_RANGE, genlat_net_input_shape, net, 1, &ndim, got);
    REFUSED(GENLAT_E_RANGE, genlat_net_input_shape, net, -1, &ndim, got);
    REFUSED(GENLAT_E_RANGE, genlat_net_output_shape, net, 3, &ndim, got);
    ck_assert_int_eq(ndim, 77);
    genlat_net_destroy(&net);
    ck_assert_ptr_null(net);
}
END_TEST

/* ---- nets ------------------------------------------------------------------------------------- */

START_TEST(weights_have_names_and_gradients)
{
    genlat_net *net = net_of(3, "dense units=2 name=hidden; batch_norm name=n; dense units=1 bias=no");
    static const char *const names[] = {"hidden.weight", "hidden.bias", "n.weight", "n.bias"};
    genlat_tensor *weight = NULL, *grad = NULL;
    for (int32_t i = 0; i < 4; i++)
        ck_assert_str_eq(genlat_net_weight_name(net, i), names[i]);
    ck_assert_int_eq(genlat_net_size(net), 6 + 2 + 2 + 2 + 2);
    ck_assert_int_gt(genlat_net_weights(net), 5); /* with running statistics */
    ck_assert_ptr_null(genlat_net_weight_name(net, -1));
    ck_assert_ptr_null(genlat_net_weight_name(net, genlat_net_weights(net)));
    ck_assert_ptr_null(genlat_net_weight_name(NULL, 0));
    REFUSED(GENLAT_E_NOT_FOUND, genlat_net_grad, net, "hidden", &grad);
    REFUSED(GENLAT_E_STATE, genlat_net_grad, net, "n.running_mean", &grad);
    REFUSED(GENLAT_E_NOT_FOUND, genlat_net_weight, net, "weight", &weight);
    ok(genlat_net_weight(net, "hidden.weight", &weight));
    ok(genlat_net_grad(net, "hidden.weight", &grad));
    ok(genlat_tensor_fill(grad, 3));
    const long before = allocations;
    ok(genlat_net_zero_grad(net));
    ck_assert_int_eq(allocations, before);
    ck_assert_float_eq(genlat_tensor_data(grad)[5], 0);
    genlat_tensor_destroy(&grad);
    genlat_net_destroy(&net);
    ck_assert_int_eq(genlat_tensor_dim(weight, 0), 2); /* the view keeps the net alive */
    genlat_tensor_data(weight)[0] = 1;
    genlat_tensor_destroy(&weight);
    ck_assert_int_eq(genlat_net_inputs(NULL), 0);
    ck_assert_int_eq(genlat_net_outputs(NULL), 0);
    ck_assert_int_eq(genlat_net_size(NULL), 0);
    ck_assert_int_eq(genlat_net_weights(NULL), 0);
    genlat_net_destroy(NULL);
}
END_TEST

static genlat_tensor *weight_copy(genlat_net *net, const char *name)
{
    genlat_tensor *view = NULL, *copy = NULL;
    ok(genlat_net_weight(net, name, &view));
    ok(genlat_tensor_clone(view, &copy));
    genlat_tensor_destroy(&view);
    return copy;
}

START_TEST(seeds_decide_the_weights)
{
    genlat_net *a = net_of(3, "dense units=2 init=orthogonal; batch_norm name=n"),
               *b = net_of(3, "dense units=2 init=orthogonal");
    genlat_tensor *first = weight_copy(a, "0.weight"), *other = weight_copy(b, "0.weight"), *mean = NULL;
    same_tensors(first, other); /* of the context's seed */
    ok(genlat_net_weight(a, "n.running_mean", &mean));
    ok(genlat_tensor_fill(mean, 5));
    genlat_tensor_destroy(&other);
    ok(genlat_net_init(a, UINT64_MAX));
    ck_assert_float_eq(genlat_tensor_data(mean)[0], 0); /* running statistics are reset */
    other = weight_copy(a, "0.weight");
    ck_assert_mem_ne(genlat_tensor_data(first), genlat_tensor_data(other), 6 * sizeof(float));
    genlat_tensor_destroy(&first);
    ok(genlat_net_init(b, UINT64_MAX));
    first = weight_copy(b, "0.weight");
    same_tensors(first, other);
    refuse_memory = 1;
    REFUSED(GENLAT_E_MEMORY, genlat_net_init, a, 1); /* orthogonal weights need memory */
    refuse_memory = 0;
    genlat_tensor_destroy(&first);
    genlat_tensor_destroy(&other);
    genlat_tensor_destroy(&mean);
    genlat_net_destroy(&a);
    genlat_net_destroy(&b);
}
END_TEST

START_TEST(descriptions_have_a_line_a_node)
{
    char text[256], small[20];
    genlat_net *net = net_of(3, "dense units=2 name=hidden; relu");
    ok(genlat_net_describe(net, text, sizeof text));
    ck_assert_ptr_nonnull(strstr(text, "hidden"));
    ck_assert_ptr_nonnull(strstr(text, "dense units=2"));
    ck_assert_ptr_nonnull(strstr(text, "[2]"));
    ck_assert_ptr_nonnull(strstr(text, "8")); /* weights */
    memset(small, 'a', sizeof small);
    REFUSED(GENLAT_E_RANGE, genlat_net_describe, net, small, sizeof small);
    for (size_t i = 0; i < sizeof small; i++)
        ck_assert_int_eq(small[i], 'a');
    char needed[32];
    snprintf(needed, sizeof needed, "%zu", strlen(text) + 1);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), needed));
    ok(genlat_net_describe(net, text, strlen(text) + 1));
    genlat_net_destroy(&net);
}
END_TEST

START_TEST(frozen_weights_get_no_gradient)
{
    genlat_net *net = net_of(2, "dense units=2 name=a; dense units=2 name=ab");
    genlat_exec *exec = exec_of(net, 1, GENLAT_EXEC_TRAINING);
    genlat_tensor *x = counting(2, (int64_t[]){1, 2}), *dy = counting(2, (int64_t[]){1, 2}), *grads[2] = {NULL};
    ok(genlat_net_grad(net, "a.bias", &grads[0]));
    ok(genlat_net_grad(net, "ab.bias", &grads[1]));
    REFUSED(GENLAT_E_NOT_FOUND, genlat_net_freeze, net, "b", 1);
    ok(genlat_net_freeze(net, "", 1)); /* all */
    ok(genlat_net_freeze(net, "a.", 0));
    ok(genlat_exec_forward(exec, GENLAT_MODE_TRAIN, 1, (const genlat_tensor *[]){x}));
    ok(genlat_exec_backward(exec, 1, (const genlat_tensor *[]){dy}));
    ck_assert(genlat_tensor_data(grads[0])[0] != 0 || genlat_tensor_data(grads[0])[1] != 0);
    ck_assert(genlat_tensor_data(grads[1])[0] == 0 && genlat_tensor_data(grads[1])[1] == 0);
    genlat_tensor *all[] = {x, dy, grads[0], grads[1]};
    for (size_t i = 0; i < COUNT(all); i++)
        genlat_tensor_destroy(&all[i]);
    genlat_net_destroy(&net);
    genlat_exec_destroy(&exec); /* it has kept the net */
}
END_TEST

START_TEST(copies_in_bfloat16_are_for_inference)
{
    char path[] = "/tmp/genlat-promise-XXXXXX";
    genlat_net *net = net_of(3, "dense units=2; batch_norm"), *copy = NULL, *again = NULL;
    genlat_tensor *before = weight_copy(net, "0.weight"), *out = NULL, *after = NULL;
    genlat_exec *exec = NULL;
    close(mkstemp(path));
    ok(genlat_net_bfloat16(net, &copy));
    genlat_net_destroy(&net); /* may go */
    REFUSED(GENLAT_E_STATE, genlat_net_bfloat16, copy, &again);
    REFUSED(GENLAT_E_STATE, genlat_net_init, copy, 1);
    REFUSED(GENLAT_E_STATE, genlat_net_weight, copy, "0.weight", &out);
    REFUSED(GENLAT_E_STATE, genlat_net_grad, copy, "0.bias", &out);
    REFUSED(GENLAT_E_STATE, genlat_net_compile, copy, 1, NULL, &exec);
    ok(genlat_net_weight(copy, "0.bias", &out)); /* it is not rounded */
    ok(genlat_net_save(copy, path));
    REFUSED(GENLAT_E_STATE, genlat_net_load_weights, copy, path, NULL);
    ok(genlat_net_load(ctx, path, &again));
    after = weight_copy(again, "0.weight");
    for (int i = 0; i < 6; i++)
        ck_assert_float_le(fabsf(genlat_tensor_data(after)[i] - genlat_tensor_data(before)[i]),
                           0x1p-8f * fabsf(genlat_tensor_data(before)[i]));
    unlink(path);
    genlat_tensor *all[] = {before, out, after};
    for (size_t i = 0; i < COUNT(all); i++)
        genlat_tensor_destroy(&all[i]);
    genlat_net_destroy(&copy);
    genlat_net_destroy(&again);
}
END_TEST

/* ---- files ------------------------------------------------------------------------------------ */

START_TEST(files_of_nets_are_checked)
{
    char path[] = "/tmp/genlat-promise-XXXXXX";
    genlat_net *net = net_of(3, "dense units=2 name=a"), *other = net_of(3, "dense units=4 name=a"), *more = NULL,
               *out = NULL;
    genlat_tensor *before = weight_copy(other, "a.weight"), *after = NULL;
    more = net_of(3, "dense units=2 name=a; dense units=2 name=b");
    close(mkstemp(path));
    ok(genlat_net_save(net, path));
    REFUSED_WITH("No such file", GENLAT_E_IO, genlat_net_save, net, "/nonexistent/folder/net");
    REFUSED(GENLAT_E_IO, genlat_net_load_weights, net, "/nonexistent/folder/net", NULL);
    REFUSED(GENLAT_E_SHAPE, genlat_net_load_weights, other, path, NULL);
    REFUSED(GENLAT_E_NOT_FOUND, genlat_net_load_weights, more, path, NULL);
    REFUSED(GENLAT_E_NOT_FOUND, genlat_net_load_weights, net, path, "decoder.");
    after = weight_copy(other, "a.weight");
    same_tensors(before, after); /* as it was */
    ok(genlat_net_load(ctx, path, &out));
    genlat_net_destroy(&out);
    FILE *file = fopen(path, "wb");
    fputs("no such thing, but long enough to be a file of tensors", file);
    fclose(file);
    REFUSED(GENLAT_E_FORMAT, genlat_net_load, ctx, path, &out);
    REFUSED(GENLAT_E_FORMAT, genlat_net_load_weights, net, path, NULL);
    ck_assert_ptr_null(out);
    unlink(path);
    genlat_tensor_destroy(&before);
    genlat_tensor_destroy(&after);
    genlat_net_destroy(&net);
    genlat_net_destroy(&other);
    genlat_net_destroy(&more);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {builders_keep_the_first_error,
                                  graphs_have_the_inputs_and_outputs_that_are_named,
                                  weights_have_names_and_gradients,
                                  seeds_decide_the_weights,
                                  descriptions_have_a_line_a_node,
                                  frozen_weights_get_no_gradient,
                                  copies_in_bfloat16_are_for_inference,
                                  files_of_nets_are_checked,
                                  NULL};
    return run_tests("promises of nets", tests);
}
