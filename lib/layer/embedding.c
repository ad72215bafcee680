/* SPDX-License-Identifier: MIT */
/* Embedding: maps integers 0 .. classes-1 to rows of a table. Any other number (negative, too large, fractional, NaN)
 * yields a row of NaN, so that the loss is not finite and the step fails. */
#include "layer/layer_priv.h"

typedef struct embedding_opts {
    size_t size;
    int64_t classes, units;
    double gain;
    uint32_t init, weight;
} embedding_opts;

static const gnl_option options[] = {
    GNL_OPT_INT(embedding_opts, classes, 1, 1, 1 << 24, "number of classes"),
    GNL_OPT_INT(embedding_opts, units, 1, 1, 1 << 24, "length of a row of the table"),
    GNL_OPT_REAL(embedding_opts, gain, 1, 0, 1e6, "factor of the initial scale; sd for normal"),
    GNL_OPT_ENUM(embedding_opts, init, GNL_INIT_NORMAL, GNL_INIT_CONSTANT, gnl_init_names, "initial weights"),
    GNL_OPT_WEIGHT(embedding_opts),
};
static const gnl_options_table table = {"embedding", sizeof(embedding_opts), options, GNL_COUNT(options)};

static genlat_status infer(const void *opts, const gnl_layer_env *env, int inputs, const gnl_shape *in,
                           gnl_layer_plan *plan)
{
    const embedding_opts *o = opts;
    char text[GNL_SHAPE_TEXT];
    if (in[0].ndim + 2 > GENLAT_MAX_DIMS)
        return gnl_fail(GENLAT_E_SHAPE, "input is %s, must have at most %d dimensions", gnl_shape_format(in, text),
                        GENLAT_MAX_DIMS - 2);
    plan->out = in[0];
    plan->out.dim[plan->out.ndim++] = o->units;
    plan->param[0] = (gnl_param){.name = "weight",
                                 .shape = {2, {o->classes, o->units}},
                                 .init = {(gnl_init_kind)o->init, o->gain, o->classes, o->units},
                                 .reparam = (gnl_reparam_kind)o->weight};
    plan->params = 1;
    return GENLAT_OK;
}

static int64_t class_of(const gnl_step *s, int64_t i)
{
    const gnl_real x = s->x[0][i];
    const int64_t classes = ((const embedding_opts *)s->opts)->classes;
    if (!(x >= 0 && x < (gnl_real)classes))
        return -1;
    int64_t whole = (int64_t)x;
    return (gnl_real)whole == x ? whole : -1;
}

static void look_up(void *arg, int64_t begin, int64_t end, int worker)
{
    const gnl_step *s = arg;
    const int64_t units = ((const embedding_opts *)s->opts)->units;
    for (int64_t i = begin; i < end; i++) {
        int64_t row = class_of(s, i);
        gnl_real *y = s->y + i * units;
        for (int64_t j = 0; row < 0 && j < units; j++)
            y[j] = (gnl_real)NAN;
        if (row >= 0)
            memcpy(y, s->param[0] + row * units, (size_t)units * sizeof *y);
    }
}

static void forward(const gnl_step *s)
{
    const int64_t units = ((const embedding_opts *)s->opts)->units;
    gnl_step copy = *s;
    gnl_parallel(s->compute.ctx, s->rows * s->in_size[0], GNL_MAX(GNL_CHUNK / units, 1), look_up, &copy);
}

static void zero(int64_t n, gnl_real *out)
{
    if (out)
        memset(out, 0, (size_t)n * sizeof *out);
}

/* The numbers are labels, so y has no derivative with respect to them. */
static void backward(const gnl_step *s)
{
    const int64_t units = ((const embedding_opts *)s->opts)->units;
    zero(s->rows * s->in_size[0], s->dx[0]);
    for (int64_t i = 0; s->grad[0] && i < s->rows * s->in_size[0]; i++) {
        int64_t row = class_of(s, i);
        if (row >= 0)
            s->compute.k->axpy(units, 1, s->dy + i * units, s->grad[0] + row * units);
    }
}

static void jvp(const gnl_step *s)
{
    zero(s->rows * s->out_size, s->ty);
}

static void jvp_backward(const gnl_step *s)
{
    zero(s->rows * s->in_size[0], s->dtx[0]);
}

const gnl_layer_type gnl_embedding = {
    .name = "embedding",
    .options = &table,
    .flags = GNL_LAYER_NEEDS_X,
    .min_inputs = 1,
    .max_inputs = 1,
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .jvp = jvp,
    .jvp_backward = jvp_backward,
    .help = "maps integers 0 .. classes-1 to rows of a table; any other number yields NaN",
};
