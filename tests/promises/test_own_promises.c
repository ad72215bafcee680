/* SPDX-License-Identifier: MIT */
/* What experimental.h says of layers of the caller's own kind. */
#include "promises/rig.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "genlat/experimental.h"

enum { ROWS = 3, FEATURES = 2 };

/* y = w * x + s, with a trained vector w, a decayed scalar d that does nothing, and a state s that counts calls. */
static struct {
    int infers, forwards, backwards, freed;
    bool with_grad, with_dx;
    uint32_t training;
    genlat_status answer; /* of infer */
    int32_t asked;        /* which wrong question infer asks; 0: none */
} seen;

static genlat_status infer(void *user, genlat_layer_plan *plan)
{
    int64_t dims[GENLAT_MAX_DIMS] = {0};
    int32_t ndim = 0;
    ck_assert_ptr_eq(user, &seen);
    seen.infers++;
    if (seen.answer != GENLAT_OK)
        return seen.answer;
    ok(genlat_layer_plan_input(plan, 0, &ndim, dims));
    ck_assert_int_eq(ndim, 1);
    ck_assert_int_eq(dims[0], FEATURES);
    switch (seen.asked) {
    case 1:
        ndim = 77;
        REFUSED(GENLAT_E_RANGE, genlat_layer_plan_input, plan, 1, &ndim, dims);
        ck_assert_int_eq(ndim, 77);
        return genlat_layer_plan_input(plan, -1, &ndim, dims);
    case 2:
        return genlat_layer_plan_output(plan, 6, dims);
    case 3:
        return genlat_layer_plan_output(plan, 1, (int64_t[]){0});
    case 4:
        return genlat_layer_plan_param(plan, "W", GENLAT_PARAM_TRAINED, 0, NULL, "normal", 1);
    case 5:
        return genlat_layer_plan_param(plan, "w", GENLAT_PARAM_STATE | GENLAT_PARAM_DECAY, 0, NULL, "normal", 1);
    case 6:
        return genlat_layer_plan_param(plan, "w", GENLAT_PARAM_TRAINED, 0, NULL, "zeros", 1);
    case 7:
        return genlat_layer_plan_param(plan, "w", GENLAT_PARAM_TRAINED, 7, dims, "normal", 1);
    case 8:
        return genlat_layer_plan_param(plan, "w", GENLAT_PARAM_TRAINED, 1, (int64_t[]){0}, "normal", 1);
    case 9:
        return genlat_layer_plan_memory(plan, -1, 0);
    case 10:
        return GENLAT_OK; /* no output */
    case 11: {
        static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i"};
        for (int i = 0; i < 8; i++)
            ok(genlat_layer_plan_param(plan, names[i], GENLAT_PARAM_TRAINED, 0, NULL, "constant", 1));
        return genlat_layer_plan_param(plan, names[8], GENLAT_PARAM_TRAINED, 0, NULL, "constant", 1);
    }
    default:
        break;
    }
    ok(genlat_layer_plan_output(plan, 1, dims));
    dims[0] = FEATURES;
    ok(genlat_layer_plan_param(plan, "w", GENLAT_PARAM_TRAINED, 1, dims, "constant", 2));
    ok(genlat_layer_plan_param(plan, "d", GENLAT_PARAM_DECAY, 0, NULL, "constant", 5));
    ok(genlat_layer_plan_param(plan, "s", GENLAT_PARAM_STATE, 0, NULL, "constant", 1));
    dims[0] = 99; /* copied */
    return genlat_layer_plan_memory(plan, FEATURES, 1);
}

static void forward(void *user, const genlat_layer_call *call)
{
    seen.forwards++;
    seen.training = call->training;
    ck_assert_uint_eq(call->size, sizeof(genlat_layer_call));
    ck_assert_uint_eq(call->reserved, 0);
    ck_assert_int_eq(call->inputs, 1);
    ck_assert_int_eq(call->in_size[0], FEATURES);
    ck_assert_int_eq(call->out_size, FEATURES);
    ck_assert_int_eq(call->in_dims[0][0], FEATURES);
    ck_assert_int_eq(call->out_dims[0], FEATURES);
    for (int64_t i = 0; i < call->rows * FEATURES; i++) {
        call->y[i] = call->param[0][i % FEATURES] * call->x[0][i] + call->param[2][0];
        call->cache[i] = call->x[0][i];
    }
    call->scratch[call->rows - 1] = 1;
    if (call->training)
        call->param[2][0] += 1; /* states may be written */
}

static void backward(void *user, const genlat_layer_call *call)
{
    seen.backwards++;
    seen.with_grad = call->grad[0] != NULL;
    seen.with_dx = call->dx[0] != NULL;
    for (int64_t i = 0; i < call->rows * FEATURES; i++) {
        if (call->grad[0])
            call->grad[0][i % FEATURES] += call->dy[i] * call->cache[i];
        if (call->dx[0])
            call->dx[0][i] = call->dy[i] * call->param[0][i % FEATURES];
    }
}

static void count_free(void *user)
{
    seen.freed++;
}

static void tangent(void *user, const genlat_layer_call *call)
{
}

static genlat_layer_table table_of(const char *name)
{
    return (genlat_layer_table){.size = sizeof(genlat_layer_table),
                                .name = name,
                                .user = &seen,
                                .inputs = 1,
                                .infer = infer,
                                .forward = forward,
                                .backward = backward,
                                .free = count_free};
}

/* A net of the layer alone; the layer is released. */
static genlat_status build(const genlat_layer_table *table, genlat_net **net)
{
    genlat_layer *layer = NULL;
    genlat_net_builder *b = NULL;
    ok(genlat_layer_new_own(ctx, table, &layer));
    ok(genlat_net_builder_new(ctx, &b));
    genlat_net_builder_input(b, "x", 1, (int64_t[]){FEATURES});
    genlat_net_builder_layer(b, layer, "name=own");
    genlat_layer_destroy(&layer);
    return genlat_net_build(&b, net);
}

START_TEST(tables_are_checked)
{
    static const char *const names[] = {NULL, "", "Own", "a-b", "a b", "relu", "dense"};
    genlat_layer *layer = NULL;
    for (size_t i = 0; i < COUNT(names); i++) {
        const genlat_layer_table table = table_of(names[i]);
        REFUSED(GENLAT_E_INVALID, genlat_layer_new_own, ctx, &table, &layer);
    }
    genlat_layer_table table = table_of("own");
    table.inputs = 0;
    REFUSED(GENLAT_E_RANGE, genlat_layer_new_own, ctx, &table, &layer);
    table.inputs = 9;
    REFUSED(GENLAT_E_RANGE, genlat_layer_new_own, ctx, &table, &layer);
    table = table_of("own");
    table.backward = NULL;
    REFUSED(GENLAT_E_INVALID, genlat_layer_new_own, ctx, &table, &layer);
    table = table_of("own");
    table.jvp = tangent; /* alone */
    REFUSED(GENLAT_E_INVALID, genlat_layer_new_own, ctx, &table, &layer);
    refuse_memory = 1;
    table = table_of("own");
    REFUSED(GENLAT_E_MEMORY, genlat_layer_new_own, ctx, &table, &layer);
    refuse_memory = 0;
    ck_assert_int_eq(seen.freed, 0); /* user stays the caller's */
    char name[] = "own_2";
    table = table_of(name);
    table.inputs = 8;
    ok(genlat_layer_new_own(ctx, &table, &layer));
    name[0] = 'x'; /* copied */
    memset(&table, 0, sizeof table);
    char text[16];
    ok(genlat_layer_format(layer, text, sizeof text));
    ck_assert_str_eq(text, "own_2");
    genlat_layer_destroy(&layer);
    ck_assert_int_eq(seen.freed, 1);
}
END_TEST

START_TEST(wrong_answers_reach_the_builder)
{
    static const genlat_status wanted[] = {GENLAT_E_RANGE,   GENLAT_E_INVALID,   GENLAT_E_SHAPE,   GENLAT_E_INVALID,
                                           GENLAT_E_INVALID, GENLAT_E_NOT_FOUND, GENLAT_E_INVALID, GENLAT_E_SHAPE,
                                           GENLAT_E_RANGE,   GENLAT_E_CALLBACK,  GENLAT_E_RANGE};
    const genlat_layer_table table = table_of("own");
    genlat_net *net = NULL;
    for (seen.asked = 1; seen.asked <= (int32_t)COUNT(wanted); seen.asked++) {
        const genlat_status status = build(&table, &net);
        ck_assert_msg(status == wanted[seen.asked - 1], "question %d: %s: %s", (int)seen.asked,
                      genlat_status_name(status), genlat_last_error());
        ck_assert_ptr_null(net);
        ck_assert_int_eq(seen.freed, seen.asked);
    }
    seen.asked = 0;
    seen.answer = 5; /* no status of the library's functions */
    ck_assert_int_eq(build(&table, &net), GENLAT_E_CALLBACK);
    seen.answer = -99;
    ck_assert_int_eq(build(&table, &net), GENLAT_E_CALLBACK);
}
END_TEST

START_TEST(calls_are_as_the_header_says)
{
    const genlat_layer_table table = table_of("own");
    genlat_net *net = NULL;
    genlat_tensor *x = counting(2, (int64_t[]){ROWS, FEATURES}), *dy = counting(2, (int64_t[]){ROWS, FEATURES}),
                  *state = NULL;
    genlat_tensor *grad = NULL;
    const genlat_tensor *y = NULL, *dx = NULL;
    ok(build(&table, &net));
    ck_assert_int_eq(genlat_net_size(net), FEATURES + 1); /* the state is not trained */
    genlat_exec *exec = exec_of(net, ROWS, GENLAT_EXEC_TRAINING);
    ck_assert_int_gt(seen.infers, 1); /* for the net and the exec */
    ok(genlat_exec_forward(exec, GENLAT_MODE_EVAL, 1, (const genlat_tensor *[]){x}));
    ck_assert_uint_eq(seen.training, 0);
    ok(genlat_exec_forward(exec, GENLAT_MODE_TRAIN, 1, (const genlat_tensor *[]){x}));
    ck_assert_uint_eq(seen.training, 1);
    ok(genlat_exec_output(exec, 0, &y));
    ck_assert_float_eq(genlat_tensor_const_data(y)[1], 2 * 1 + 1);
    ok(genlat_net_weight(net, "own.s", &state));
    ck_assert_float_eq(genlat_tensor_data(state)[0], 2);
    ok(genlat_net_grad(net, "own.w", &grad));
    ok(genlat_exec_backward(exec, 1, (const genlat_tensor *[]){dy}));
    ck_assert_float_eq(genlat_tensor_data(grad)[0], 0 + 4 + 16);
    ok(genlat_exec_input_grad(exec, 0, &dx));
    ck_assert_float_eq(genlat_tensor_const_data(dx)[5], 10);
    ck_assert(seen.with_grad && seen.with_dx);
    genlat_exec_destroy(&exec);
    genlat_exec_opts opts;
    genlat_exec_opts_init(&opts);
    opts.input_grads = 0;
    ok(genlat_net_compile(net, ROWS, &opts, &exec));
    ok(genlat_net_freeze(net, "own.w", 1));
    ok(genlat_exec_forward(exec, GENLAT_MODE_TRAIN, 1, (const genlat_tensor *[]){x}));
    ok(genlat_exec_backward(exec, 1, (const genlat_tensor *[]){dy}));
    ck_assert(!seen.with_grad && !seen.with_dx);
    genlat_exec_destroy(&exec);
    opts.purpose = GENLAT_EXEC_PENALTY; /* no tangents, no penalties */
    opts.input_grads = 1;
    REFUSED_WITH("own", GENLAT_E_UNSUPPORTED, genlat_net_compile, net, ROWS, &opts, &exec);
    genlat_net *coupled = NULL;
    genlat_layer_table both = table;
    both.jvp = both.jvp_backward = tangent;
    ok(build(&both, &coupled));
    genlat_exec_destroy(&exec);
    ok(genlat_net_compile(coupled, ROWS, &opts, &exec));
    genlat_exec_destroy(&exec);
    genlat_net_destroy(&coupled);
    both.couples_batch = 1; /* as batch norm */
    ok(build(&both, &coupled));
    REFUSED_WITH("own", GENLAT_E_UNSUPPORTED, genlat_net_compile, coupled, ROWS, &opts, &exec);
    genlat_net_destroy(&coupled);
    seen.freed = 0;
    genlat_tensor *all[] = {x, dy, state, grad};
    for (size_t i = 0; i < COUNT(all); i++)
        genlat_tensor_destroy(&all[i]);
    ck_assert_int_eq(seen.freed, 0);
    genlat_net_destroy(&net);
    ck_assert_int_eq(seen.freed, 1); /* once, when it is used nowhere */
}
END_TEST

/* No file brings functions back: weights are read into a net built the same way. */
START_TEST(files_hold_the_weights_alone)
{
    char path[] = "/tmp/genlat-promise-XXXXXX", text[256];
    const genlat_layer_table table = table_of("own");
    genlat_net *net = NULL, *again = NULL, *loaded = NULL;
    genlat_tensor *weight = NULL;
    close(mkstemp(path));
    ok(build(&table, &net));
    ok(build(&table, &again));
    ok(genlat_net_describe(net, text, sizeof text));
    ck_assert_ptr_nonnull(strstr(text, "own"));
    ok(genlat_net_weight(net, "own.w", &weight));
    ok(genlat_tensor_fill(weight, 7));
    genlat_tensor_destroy(&weight);
    ok(genlat_net_save(net, path));
    REFUSED(GENLAT_E_NOT_FOUND, genlat_net_load, ctx, path, &loaded);
    ok(genlat_net_load_weights(again, path, NULL));
    ok(genlat_net_weight(again, "own.w", &weight));
    ck_assert_float_eq(genlat_tensor_data(weight)[1], 7);
    genlat_tensor_destroy(&weight);
    unlink(path);
    genlat_net_destroy(&net);
    genlat_net_destroy(&again);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {tables_are_checked, wrong_answers_reach_the_builder, calls_are_as_the_header_says,
                                  files_hold_the_weights_alone, NULL};
    return run_tests("promises of own layers", tests);
}
