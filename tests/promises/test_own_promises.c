/* SPDX-License-Identifier: MIT */
/* What experimental.h says of layers of the caller's own kind. */
#include "promises/rig.h"

#include <pthread.h>
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
    atomic_int won;       /* threads that registered the name of all */
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

/* ---- registered kinds ------------------------------------------------------------------------ */

/* A context of its own, in which the kind is registered. */
static genlat_ctx *context_with_kind(void)
{
    const genlat_layer_table table = table_of("own");
    genlat_ctx *out = NULL;
    ok(genlat_ctx_new(NULL, &out));
    ok(genlat_ctx_register_layer(out, &table));
    return out;
}

START_TEST(registered_kinds_are_layers_in_every_text)
{
    const genlat_layer_table table = table_of("own");
    genlat_layer *layer = NULL;
    char text[32];
    REFUSED_WITH("unknown layer 'own'", GENLAT_E_NOT_FOUND, genlat_layer_new, ctx, "own", &layer);
    ok(genlat_ctx_register_layer(ctx, &table));
    ok(genlat_layer_new(ctx, "own", &layer));
    ok(genlat_layer_format(layer, text, sizeof text));
    ck_assert_str_eq(text, "own");
    genlat_layer_destroy(&layer);
    REFUSED_WITH("own", GENLAT_E_NOT_FOUND, genlat_layer_new, ctx, "own rate=2", &layer);
    REFUSED_WITH("known: own, add", GENLAT_E_NOT_FOUND, genlat_layer_new, ctx, "owm", &layer);
    genlat_net *net = net_of(FEATURES, "own name=a; dense units=2; own name=b"), *copy = NULL, *loaded = NULL;
    void *bytes = NULL;
    size_t size = 0;
    ok(genlat_net_clone(net, &copy));
    ok(genlat_net_save_memory(copy, &bytes, &size));
    ok(genlat_net_load_memory(ctx, bytes, size, &loaded));
    ck_assert_int_eq(genlat_net_size(loaded), genlat_net_size(net));
    genlat_ctx_free(ctx, bytes);
    genlat_net_destroy(&net);
    genlat_net_destroy(&copy);
    ck_assert_int_eq(seen.freed, 0);
    genlat_ctx_destroy(&ctx); /* the net keeps it */
    ck_assert_int_eq(seen.freed, 0);
    genlat_net_destroy(&loaded);
    ck_assert_int_eq(seen.freed, 1);
}
END_TEST

START_TEST(a_name_is_registered_once)
{
    const genlat_layer_table table = table_of("own"), dense = table_of("dense"), empty = {.size = sizeof empty};
    genlat_layer *layer = NULL;
    REFUSED(GENLAT_E_INVALID, genlat_ctx_register_layer, ctx, &empty);
    REFUSED(GENLAT_E_INVALID, genlat_ctx_register_layer, ctx, &dense);
    ok(genlat_ctx_register_layer(ctx, &table));
    REFUSED_WITH("own", GENLAT_E_INVALID, genlat_ctx_register_layer, ctx, &table);
    REFUSED_WITH("own", GENLAT_E_INVALID, genlat_layer_new_own, ctx, &table, &layer);
    ck_assert_int_eq(seen.freed, 0); /* user stays the caller's */
}
END_TEST

static genlat_model *own_vae(genlat_ctx *in, genlat_source *source)
{
    genlat_model_builder *b = NULL;
    genlat_model *model = NULL;
    ok(genlat_model_builder_new(in, "vae", &b));
    genlat_model_builder_set(b, "latent", "2");
    genlat_model_builder_set(b, "likelihood", "gaussian sd=learned");
    genlat_model_builder_set(b, "encoder", "own name=mine; dense units=6; relu; dense units=4");
    genlat_model_builder_set(b, "decoder", "dense units=6; relu; dense units=2; own");
    ok(genlat_model_build(&b, source, &model));
    return model;
}

static void fit(genlat_model *model, genlat_source *source, int64_t steps, const char *path)
{
    genlat_train_opts opts;
    genlat_train_opts_init(&opts);
    opts.steps = steps;
    opts.batch = 4;
    opts.last_path = path;
    ok(genlat_model_fit(model, source, NULL, &opts));
}

static genlat_source *scaled_ring(genlat_ctx *in)
{
    genlat_transform_opts opts;
    genlat_source *ring = NULL, *out = NULL;
    genlat_transform_opts_init(&opts);
    opts.scale = GENLAT_SCALE_STANDARD;
    ok(genlat_source_synthetic(in, "ring", 32, 1, &ring));
    ok(genlat_source_transform(ring, &opts, &out));
    genlat_source_destroy(&ring);
    return out;
}

/* Everything of a model with an own layer comes back: weights, states, learned sd, scaling, moments, progress. */
START_TEST(models_with_registered_kinds_go_on_exactly)
{
    char path[] = "/tmp/genlat-promise-XXXXXX";
    genlat_ctx *first = context_with_kind(), *second = context_with_kind();
    genlat_source *data = scaled_ring(first), *again = scaled_ring(second);
    genlat_model *whole = own_vae(first, data), *part = own_vae(first, data), *loaded = NULL;
    double expected[GENLAT_MAX_TERMS], found[GENLAT_MAX_TERMS];
    close(mkstemp(path));
    fit(whole, data, 11, NULL);
    fit(part, data, 5, path);
    REFUSED_WITH("own", GENLAT_E_NOT_FOUND, genlat_model_load, ctx, path, &loaded); /* not registered there */
    ok(genlat_model_load(second, path, &loaded));
    fit(loaded, again, 11, NULL);
    ok(genlat_model_evaluate(whole, data, 8, 1, expected));
    ok(genlat_model_evaluate(loaded, again, 8, 1, found));
    for (int i = 0; genlat_model_term(whole, i); i++)
        ck_assert_double_eq(found[i], expected[i]);
    for (int k = 0; k < 2; k++) {
        genlat_net *a = NULL, *b = NULL;
        ok(genlat_model_net(whole, genlat_model_part(whole, k), &a));
        ok(genlat_model_net(loaded, genlat_model_part(loaded, k), &b));
        for (int i = 0; i < genlat_net_weights(a); i++) {
            genlat_tensor *x = NULL, *y = NULL;
            ok(genlat_net_weight(a, genlat_net_weight_name(a, i), &x));
            ok(genlat_net_weight(b, genlat_net_weight_name(b, i), &y));
            same_tensors(x, y);
            genlat_tensor_destroy(&x);
            genlat_tensor_destroy(&y);
        }
        genlat_net_destroy(&a);
        genlat_net_destroy(&b);
    }
    unlink(path);
    genlat_model_destroy(&whole);
    genlat_model_destroy(&part);
    genlat_model_destroy(&loaded);
    genlat_source_destroy(&data);
    genlat_source_destroy(&again);
    genlat_ctx_destroy(&first);
    genlat_ctx_destroy(&second);
    ck_assert_int_eq(seen.freed, 2);
}
END_TEST

enum { THREADS = 4, NAMES = 50 };

static void *register_kinds(void *user)
{
    const int thread = *(const int *)user;
    for (int i = 0; i < NAMES; i++) {
        char name[32];
        genlat_layer *layer = NULL;
        snprintf(name, sizeof name, "own_%d_%d", thread, i);
        genlat_layer_table table = table_of(name);
        table.free = NULL;
        ok(genlat_ctx_register_layer(ctx, &table));
        ok(genlat_layer_new(ctx, name, &layer));
        genlat_layer_destroy(&layer);
        table.name = "of_all"; /* one thread wins */
        if (genlat_ctx_register_layer(ctx, &table) == GENLAT_OK)
            atomic_fetch_add(&seen.won, 1);
    }
    return NULL;
}

START_TEST(threads_register_and_find_kinds)
{
    pthread_t thread[THREADS];
    int number[THREADS];
    for (int i = 0; i < THREADS; i++) {
        number[i] = i;
        ck_assert_int_eq(pthread_create(&thread[i], NULL, register_kinds, &number[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_join(thread[i], NULL), 0);
    ck_assert_int_eq(seen.won, 1);
    for (int i = 0; i < THREADS * NAMES; i++) {
        char name[32];
        genlat_layer *layer = NULL;
        snprintf(name, sizeof name, "own_%d_%d", i % THREADS, i / THREADS);
        ok(genlat_layer_new(ctx, name, &layer));
        genlat_layer_destroy(&layer);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {tables_are_checked,
                                  wrong_answers_reach_the_builder,
                                  calls_are_as_the_header_says,
                                  files_hold_the_weights_alone,
                                  registered_kinds_are_layers_in_every_text,
                                  a_name_is_registered_once,
                                  models_with_registered_kinds_go_on_exactly,
                                  threads_register_and_find_kinds,
                                  NULL};
    return run_tests("promises of own layers", tests);
}
