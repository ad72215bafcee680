/* SPDX-License-Identifier: MIT */
/* User-defined layers: a gnl_layer_type that calls the functions of a genlat_layer_table. */
#include <stdio.h>

#include "layer/layer_priv.h"
#include "genlat/experimental.h"

enum { NAME_BYTES = 64 };

typedef struct own {
    genlat_layer_table table;
    gnl_layer_type type;
    char name[NAME_BYTES];
} own;

/* Options of the handle, from which each step finds the table. */
typedef struct own_opts {
    size_t size;
    const own *own;
} own_opts;

struct genlat_layer_plan {
    gnl_layer_plan *plan;
    int64_t rows;
    int inputs;
    const gnl_shape *in;
    bool has_output;
    bool failed; /* a function of the plan has set the error text */
};

static const own *own_of(const void *opts)
{
    return ((const own_opts *)opts)->own;
}

static bool is_name(const char *text)
{
    size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return length > 0 && length < NAME_BYTES && text[length] == '\0';
}

/* ---- calls ----------------------------------------------------------------------------------------- */

typedef void call_fn(void *user, const genlat_layer_call *call);

/* The casts are between equal types: genlat_layer_new_own() fails if gnl_real is not float. */
static void call(const gnl_step *s, call_fn *function)
{
    const int64_t *in_dims[GNL_MAX_INPUTS];
    for (int i = 0; i < s->inputs; i++)
        in_dims[i] = s->in[i].dim;
    genlat_layer_call c = {
        .size = sizeof c,
        .rows = s->rows,
        .inputs = s->inputs,
        .in_size = s->in_size,
        .out_size = s->out_size,
        .in_dims = in_dims,
        .out_dims = s->out.dim,
        .training = s->training,
        .param = (float *const *)(const void *)s->param,
        .grad = (float *const *)(const void *)s->grad,
        .x = (const float *const *)(const void *)s->x,
        .y = (float *)(void *)s->y,
        .dy = (const float *)(const void *)s->dy,
        .dx = (float *const *)(const void *)s->dx,
        .tx = (const float *const *)(const void *)s->tx,
        .ty = (float *)(void *)s->ty,
        .dty = (const float *)(const void *)s->dty,
        .dtx = (float *const *)(const void *)s->dtx,
        .cache = (float *)(void *)s->cache,
        .scratch = (float *)(void *)s->scratch,
    };
    function(own_of(s->opts)->table.user, &c);
}

static void forward(const gnl_step *s)
{
    call(s, own_of(s->opts)->table.forward);
}

static void backward(const gnl_step *s)
{
    call(s, own_of(s->opts)->table.backward);
}

static void jvp(const gnl_step *s)
{
    call(s, own_of(s->opts)->table.jvp);
}

static void jvp_backward(const gnl_step *s)
{
    call(s, own_of(s->opts)->table.jvp_backward);
}

static genlat_status infer(const void *opts, const gnl_layer_env *env, int inputs, const gnl_shape *in,
                           gnl_layer_plan *plan)
{
    const own *o = own_of(opts);
    genlat_layer_plan request = {.plan = plan, .rows = env->rows, .inputs = inputs, .in = in};
    const gnl_callback callback = gnl_callback_begin();
    const genlat_status status = o->table.infer(o->table.user, &request);
    const genlat_status set = gnl_callback_end(callback);
    if (request.failed && set == GENLAT_OK && status != GENLAT_OK)
        return status;
    if (status != GENLAT_OK)
        return gnl_callback_failed(set, "infer", status);
    if (!request.has_output)
        return gnl_fail(GENLAT_E_CALLBACK, "infer did not set the output shape");
    return GENLAT_OK;
}

/* ---- handle --------------------------------------------------------------------------------------- */

static void free_own(genlat_ctx *ctx, void *self)
{
    own *o = self;
    if (o->table.free)
        o->table.free(o->table.user);
    gnl_free(ctx, o);
}

static genlat_status check_table(const genlat_ctx *ctx, const genlat_layer_table *t)
{
    if (!t->name || !is_name(t->name) || gnl_layer_type_find(t->name))
        return gnl_fail(GENLAT_E_INVALID,
                        "name is %s, expected up to %d characters of a-z, 0-9 and _, other than the kinds of "
                        "the library",
                        t->name ? t->name : "NULL", NAME_BYTES - 1);
    if (gnl_ctx_find_kind(ctx, t->name))
        return gnl_fail(GENLAT_E_INVALID, "%s is registered in the context; make it from its name, or rename this one",
                        t->name);
    if (!t->infer || !t->forward || !t->backward)
        return gnl_fail(GENLAT_E_INVALID, "%s lacks infer, forward or backward", t->name);
    if (!t->jvp != !t->jvp_backward)
        return gnl_fail(GENLAT_E_INVALID, "%s has only one of jvp and jvp_backward", t->name);
    if (t->inputs < 1 || t->inputs > GNL_MAX_INPUTS)
        return gnl_fail(GENLAT_E_RANGE, "%s has %u inputs, must be from 1 to %d", t->name, t->inputs, GNL_MAX_INPUTS);
    return GENLAT_OK;
}

static void init_own(own *o, const genlat_layer_table *table)
{
    o->table = *table;
    memcpy(o->name, table->name, strlen(table->name) + 1);
    o->table.name = o->name;
    o->type = (gnl_layer_type){
        .name = o->name,
        .flags = GNL_LAYER_NEEDS_X | GNL_LAYER_NEEDS_Y | (table->couples_batch ? GNL_LAYER_COUPLES_BATCH : 0),
        .min_inputs = (int)table->inputs,
        .max_inputs = (int)table->inputs,
        .infer = infer,
        .forward = forward,
        .backward = backward,
        .jvp = table->jvp ? jvp : NULL,
        .jvp_backward = table->jvp_backward ? jvp_backward : NULL,
        .help = "user-defined layer",
    };
}

/* Copies a caller's table into a new kind. */
static genlat_status kind_new(genlat_ctx *ctx, const genlat_layer_table *table, own **out)
{
    genlat_layer_table known = {.size = 0};
    if (sizeof(gnl_real) != sizeof(float))
        return gnl_fail(GENLAT_E_UNSUPPORTED, "user-defined layers need float, but this build computes in double");
    GNL_TRY(gnl_struct_take(table, sizeof known, &known, "table"));
    GNL_TRY(check_table(ctx, &known));
    own *o = gnl_calloc(ctx, 1, sizeof *o);
    if (!o)
        return GENLAT_E_MEMORY;
    init_own(o, &known);
    *out = o;
    return GENLAT_OK;
}

genlat_status gnl_layer_of_kind(genlat_ctx *ctx, const void *kind, genlat_layer **out)
{
    const own *o = kind;
    genlat_layer *layer = gnl_object_new(ctx, sizeof *layer);
    if (!layer)
        return GENLAT_E_MEMORY;
    layer->type = &o->type;
    memcpy(layer->opts, &(own_opts){sizeof(own_opts), o}, sizeof(own_opts));
    *out = layer;
    return GENLAT_OK;
}

genlat_status genlat_layer_new_own(genlat_ctx *ctx, const genlat_layer_table *table, genlat_layer **out)
{
    own *o = NULL;
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_CHECK(ctx, "ctx is NULL");
    GNL_CHECK(table, "table is NULL");
    GNL_TRY(kind_new(ctx, table, &o));
    const genlat_status status = gnl_layer_of_kind(ctx, o, out);
    if (status != GENLAT_OK) {
        gnl_free(ctx, o);
        return status;
    }
    (*out)->own = o;
    (*out)->free_own = free_own;
    return GENLAT_OK;
}

genlat_status genlat_ctx_register_layer(genlat_ctx *ctx, const genlat_layer_table *table)
{
    own *o = NULL;
    GNL_ENTER();
    GNL_CHECK(ctx, "ctx is NULL");
    GNL_CHECK(table, "table is NULL");
    GNL_TRY(kind_new(ctx, table, &o));
    const genlat_status status = gnl_ctx_add_kind(ctx, o->name, o, free_own);
    if (status != GENLAT_OK)
        gnl_free(ctx, o);
    return status;
}

/* ---- functions for infer -------------------------------------------------------------------------- */

static genlat_status plan_fail(genlat_layer_plan *plan, genlat_status status)
{
    plan->failed = true;
    return status;
}

genlat_status genlat_layer_plan_input(genlat_layer_plan *plan, int64_t input, int32_t *ndim, int64_t *dims)
{
    GNL_ENTER();
    GNL_CHECK(plan && ndim && dims, "plan, ndim or dims is NULL");
    if (input < 0 || input >= plan->inputs)
        return plan_fail(plan, gnl_fail(GENLAT_E_RANGE, "input is %lld, but the layer has %d inputs", (long long)input,
                                        plan->inputs));
    *ndim = plan->in[input].ndim;
    memcpy(dims, plan->in[input].dim, sizeof plan->in[input].dim);
    return GENLAT_OK;
}

static genlat_status check_shape(int32_t ndim, const int64_t *dims, int32_t most, gnl_shape *out)
{
    if (ndim < 0 || ndim > most || (ndim > 0 && !dims))
        return gnl_fail(GENLAT_E_INVALID, "ndim is %d, must be from 0 to %d, and dims must not be NULL", (int)ndim,
                        (int)most);
    *out = gnl_shape_of(ndim, dims);
    for (int32_t i = 0; i < ndim; i++)
        if (dims[i] < 1)
            return gnl_fail(GENLAT_E_SHAPE, "dimension %d is %lld, must be at least 1", (int)i, (long long)dims[i]);
    return gnl_shape_check(out, NULL);
}

genlat_status genlat_layer_plan_output(genlat_layer_plan *plan, int32_t ndim, const int64_t *dims)
{
    GNL_ENTER();
    GNL_CHECK(plan, "plan is NULL");
    genlat_status status = check_shape(ndim, dims, GENLAT_MAX_DIMS - 1, &plan->plan->out);
    if (status != GENLAT_OK)
        return plan_fail(plan, status);
    plan->has_output = true;
    return GENLAT_OK;
}

static genlat_status find_init(const char *name, gnl_init_kind *out)
{
    gnl_unknown names = {.word = name};
    for (int i = 0; gnl_init_names[i]; i++) {
        gnl_unknown_add(&names, gnl_init_names[i]);
        if (strcmp(gnl_init_names[i], name) == 0) {
            *out = (gnl_init_kind)i;
            return GENLAT_OK;
        }
    }
    return gnl_unknown_fail(&names, "unknown init '%.60s'", name);
}

static genlat_status init_param(const char *name, uint32_t kind, const gnl_shape *shape, const char *init, double gain,
                                gnl_param *out)
{
    const uint32_t known = GENLAT_PARAM_STATE | GENLAT_PARAM_DECAY;
    gnl_init weights = {.gain = gain,
                        .fan_in = gnl_shape_count_from(shape, shape->ndim > 1),
                        .fan_out = shape->ndim ? shape->dim[0] : 1};
    if (!is_name(name))
        return gnl_fail(GENLAT_E_INVALID, "name is '%s', expected characters of a-z, 0-9 and _", name);
    if (kind & ~known || kind == known || !isfinite(gain))
        return gnl_fail(GENLAT_E_INVALID,
                        "kind is %u and gain is %g for %s; kind must be one of GENLAT_PARAM_*, gain finite", kind, gain,
                        name);
    GNL_TRY(find_init(init, &weights.kind));
    *out = (gnl_param){.name = name,
                       .shape = *shape,
                       .init = weights,
                       .state = kind == GENLAT_PARAM_STATE,
                       .decay = kind == GENLAT_PARAM_DECAY};
    return GENLAT_OK;
}

genlat_status genlat_layer_plan_param(genlat_layer_plan *plan, const char *name, uint32_t kind, int32_t ndim,
                                      const int64_t *dims, const char *init, double gain)
{
    gnl_shape shape;
    GNL_ENTER();
    GNL_CHECK(plan && name && init, "plan, name or init is NULL");
    if (plan->plan->params == GNL_MAX_PARAMS)
        return plan_fail(plan, gnl_fail(GENLAT_E_RANGE, "%s exceeds the limit of %d parameters", name, GNL_MAX_PARAMS));
    genlat_status status = check_shape(ndim, dims, GENLAT_MAX_DIMS, &shape);
    if (status == GENLAT_OK)
        status = init_param(name, kind, &shape, init, gain, &plan->plan->param[plan->plan->params]);
    if (status != GENLAT_OK)
        return plan_fail(plan, status);
    plan->plan->params++;
    return GENLAT_OK;
}

genlat_status genlat_layer_plan_memory(genlat_layer_plan *plan, int64_t cache, int64_t scratch)
{
    GNL_ENTER();
    GNL_CHECK(plan, "plan is NULL");
    if (!gnl_mul_i64(cache, plan->rows, &plan->plan->cache) || !gnl_mul_i64(scratch, plan->rows, &plan->plan->scratch))
        return plan_fail(plan, gnl_fail(GENLAT_E_RANGE,
                                        "cache is %lld and scratch is %lld, negative "
                                        "or too large",
                                        (long long)cache, (long long)scratch));
    return GENLAT_OK;
}
