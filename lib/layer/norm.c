/* SPDX-License-Identifier: MIT */
/* Normalisations: batch (Ioffe, Szegedy 2015), layer (Ba et al. 2016), instance (Ulyanov et al. 2016), group (Wu, He
 * 2018), RMS (Zhang, Sennrich 2019). They differ in their groups and channels; see layout(). */
#include "layer/layer_priv.h"
#include "layer/norm_priv.h"

typedef enum norm_kind { BATCH, LAYER, GROUP, INSTANCE, RMS } norm_kind;

/* One struct for all kinds; each kind's table lists the options that it has. */
typedef struct norm_opts {
    size_t size;
    double epsilon, momentum;
    int64_t groups;
    uint32_t affine, over;
} norm_opts;

enum { OVER_SAMPLE, OVER_LAST };
static const char *const over_names[] = {"sample", "last", NULL};

#define EPSILON(value) GNL_OPT_REAL(norm_opts, epsilon, value, 0, 1, "added to the variance")
#define AFFINE(on) GNL_OPT_BOOL(norm_opts, affine, on, "use trained weight and bias")
#define OVER                                                                                                           \
    GNL_OPT_ENUM(norm_opts, over, OVER_SAMPLE, OVER_LAST, over_names, "range of a group: the sample or its last axis")

static const gnl_option batch_options[] = {
    EPSILON(1e-5),
    GNL_OPT_REAL(norm_opts, momentum, 0.1, 0, 1, "weight of a batch in the running statistics"),
    AFFINE(1),
};
static const gnl_option layer_options[] = {EPSILON(1e-5), OVER, AFFINE(1)};
static const gnl_option group_options[] = {
    GNL_OPT_INT(norm_opts, groups, 1, 1, 1 << 24, "number of groups of channels"),
    EPSILON(1e-5),
    AFFINE(1),
};
static const gnl_option instance_options[] = {EPSILON(1e-5), AFFINE(0)};
static const gnl_option rms_options[] = {
    EPSILON(1e-6),
    OVER,
    GNL_OPT_BOOL(norm_opts, affine, 1, "use a trained weight"),
};

static const gnl_options_table batch_table = {"batch_norm", sizeof(norm_opts), batch_options, GNL_COUNT(batch_options)};
static const gnl_options_table layer_table = {"layer_norm", sizeof(norm_opts), layer_options, GNL_COUNT(layer_options)};
static const gnl_options_table group_table = {"group_norm", sizeof(norm_opts), group_options, GNL_COUNT(group_options)};
static const gnl_options_table instance_table = {"instance_norm", sizeof(norm_opts), instance_options,
                                                 GNL_COUNT(instance_options)};
static const gnl_options_table rms_table = {"rms_norm", sizeof(norm_opts), rms_options, GNL_COUNT(rms_options)};

/* ---- groups and channels --------------------------------------------------------------------------- */

/* As in PyTorch, layer and RMS norm have one weight per element of a group, the others one per channel. */
static gnl_norm layout(norm_kind kind, const norm_opts *o, const gnl_shape *in, int64_t rows)
{
    int64_t count = gnl_shape_count(in), last = in->dim[in->ndim - 1];
    gnl_norm n = {.centered = kind != RMS, .epsilon = o->epsilon, .momentum = o->momentum};
    if (kind == LAYER || kind == RMS) {
        n.group = n.channels = o->over == OVER_LAST ? last : count;
        n.outer = rows * count / GNL_MAX(n.group, 1);
        n.plane = 1;
        return n;
    }
    n.outer = rows;
    n.channels = in->dim[0];
    n.plane = gnl_shape_count_from(in, 1);
    if (kind == GROUP)
        n.group = count / o->groups;
    else if (kind == INSTANCE)
        n.group = n.plane;
    return n;
}

static genlat_status check(norm_kind kind, const norm_opts *o, const gnl_shape *in)
{
    if (in->ndim < 1)
        return gnl_fail(GENLAT_E_SHAPE, "input is a scalar, expected [channels] or [channels,...]");
    if (kind == GROUP && in->dim[0] % o->groups)
        return gnl_fail(GENLAT_E_SHAPE, "input has %lld channels, expected a multiple of groups=%lld",
                        (long long)in->dim[0], (long long)o->groups);
    return GENLAT_OK;
}

/* A group of one element has no variance: the result would be its sign, or 0 with derivatives of rounding errors. */
static genlat_status check_group(const gnl_norm *n, const gnl_shape *in)
{
    char text[GNL_SHAPE_TEXT];
    if (n->group != 1)
        return GENLAT_OK;
    return gnl_fail(GENLAT_E_SHAPE, "each group of %s has one element, expected at least two",
                    gnl_shape_format(in, text));
}

/* ---- parameters ------------------------------------------------------------------------------------ */

static gnl_shape affine_shape(norm_kind kind, const norm_opts *o, const gnl_shape *in)
{
    if (kind != LAYER && kind != RMS)
        return (gnl_shape){1, {in->dim[0]}};
    return o->over == OVER_LAST ? (gnl_shape){1, {in->dim[in->ndim - 1]}} : *in;
}

typedef enum param_kind { TRAINED, STATE } param_kind;

static void add_param(gnl_layer_plan *plan, const char *name, const gnl_shape *shape, double start, param_kind kind)
{
    plan->param[plan->params++] =
        (gnl_param){.name = name, .shape = *shape, .init = {GNL_INIT_CONSTANT, start, 1, 1}, .state = kind == STATE};
}

static genlat_status infer(norm_kind kind, const norm_opts *o, const gnl_layer_env *env, const gnl_shape *in,
                           gnl_layer_plan *plan)
{
    GNL_TRY(check(kind, o, in));
    gnl_norm n = layout(kind, o, in, env->rows);
    GNL_TRY(check_group(&n, in));
    gnl_shape shape = affine_shape(kind, o, in);
    if (o->affine)
        add_param(plan, "weight", &shape, 1, TRAINED);
    if (o->affine && kind != RMS)
        add_param(plan, "bias", &shape, 0, TRAINED);
    if (kind == BATCH) {
        add_param(plan, "running_mean", &shape, 0, STATE);
        add_param(plan, "running_var", &shape, 1, STATE);
    }
    plan->cache = gnl_norm_cache(&n);
    plan->scratch = gnl_norm_scratch(&n, o->affine, env->threads);
    return gnl_layer_same_shape(in, plan);
}

/* Assigns the parameters in the order of infer. */
static gnl_norm norm_of(const gnl_step *s, norm_kind kind)
{
    const norm_opts *o = s->opts;
    gnl_norm n = layout(kind, o, &s->in[0], s->rows);
    int next = 0;
    n.step = s;
    if (o->affine) {
        n.dweight = s->grad[next];
        n.weight = s->param[next++];
    }
    if (o->affine && kind != RMS) {
        n.dbias = s->grad[next];
        n.bias = s->param[next++];
    }
    if (kind == BATCH) {
        n.running_mean = s->param[next];
        n.running_var = s->param[next + 1];
        n.fixed = !s->training;
    }
    return n;
}

/* ---- layer types ----------------------------------------------------------------------------------- */

#define NORM(layer, kind, table, traits, text)                                                                         \
    static genlat_status layer##_infer(const void *opts, const gnl_layer_env *env, int inputs, const gnl_shape *in,    \
                                       gnl_layer_plan *plan)                                                           \
    {                                                                                                                  \
        return infer(kind, opts, env, in, plan);                                                                       \
    }                                                                                                                  \
    static void layer##_forward(const gnl_step *s)                                                                     \
    {                                                                                                                  \
        gnl_norm n = norm_of(s, kind);                                                                                 \
        gnl_norm_forward(&n);                                                                                          \
    }                                                                                                                  \
    static void layer##_backward(const gnl_step *s)                                                                    \
    {                                                                                                                  \
        gnl_norm n = norm_of(s, kind);                                                                                 \
        gnl_norm_backward(&n);                                                                                         \
    }                                                                                                                  \
    static void layer##_jvp(const gnl_step *s)                                                                         \
    {                                                                                                                  \
        gnl_norm n = norm_of(s, kind);                                                                                 \
        gnl_norm_jvp(&n);                                                                                              \
    }                                                                                                                  \
    static void layer##_jvp_backward(const gnl_step *s)                                                                \
    {                                                                                                                  \
        gnl_norm n = norm_of(s, kind);                                                                                 \
        gnl_norm_jvp_backward(&n);                                                                                     \
    }                                                                                                                  \
    const gnl_layer_type gnl_##layer = {                                                                               \
        .name = #layer,                                                                                                \
        .options = &table,                                                                                             \
        .flags = GNL_LAYER_NEEDS_X | GNL_LAYER_CHEAP | traits,                                                         \
        .min_inputs = 1,                                                                                               \
        .max_inputs = 1,                                                                                               \
        .infer = layer##_infer,                                                                                        \
        .forward = layer##_forward,                                                                                    \
        .backward = layer##_backward,                                                                                  \
        .jvp = layer##_jvp,                                                                                            \
        .jvp_backward = layer##_jvp_backward,                                                                          \
        .help = text,                                                                                                  \
    };

NORM(batch_norm, BATCH, batch_table, GNL_LAYER_COUPLES_BATCH | GNL_LAYER_DX_IS_DY,
     "normalises each channel over the batch; uses running statistics in evaluation")
NORM(layer_norm, LAYER, layer_table, 0, "normalises each sample or its last axis; one weight per element")
NORM(group_norm, GROUP, group_table, 0, "normalises groups of channels of each sample")
NORM(instance_norm, INSTANCE, instance_table, 0, "normalises each channel of each sample")
NORM(rms_norm, RMS, rms_table, 0, "divides by the root mean square of the sample or its last axis; no mean, no bias")
