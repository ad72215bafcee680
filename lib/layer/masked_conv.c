/* SPDX-License-Identifier: MIT */
/*
 * Masked convolution in one and two dimensions (van den Oord, Kalchbrenner and Kavukcuoglu, Pixel recurrent neural
 * networks, 2016): an output depends only on the positions before its own, or on these and its own. The sizes stay
 * those of the input. See docs/derivations/masked_conv.md.
 *
 * The used elements of a kernel are the first ones in the order of its rows. So only the rows that have some of them
 * are computed, as the kernel of an ordinary convolution.
 */
#include "layer/layer_priv.h"

enum { BEFORE, THROUGH };

static const char *const mask_names[] = {"before", "through", NULL};

enum { PIXELS, ROWS };

static const char *const order_names[] = {"pixels", "rows", NULL};

typedef struct masked_conv_opts {
    size_t size;
    int64_t channels;
    int64_t kernel[2], dilation[2];
    double gain;
    uint32_t mask, order;
    uint32_t bias, init;
} masked_conv_opts;

#define MAX_SIZE (1 << 20)
#define COMMON_OPTIONS                                                                                                 \
    GNL_OPT_INT(masked_conv_opts, channels, 1, 1, 1 << 24, "number of output channels"),                               \
        GNL_OPT_ENUM(masked_conv_opts, mask, BEFORE, THROUGH, mask_names,                                              \
                     "what an output depends on: the positions before its own, or also its own"),                      \
        GNL_OPT_REAL(masked_conv_opts, gain, 1, 0, 1e6,                                                                \
                     "factor of the initial scale; sd for normal, value for constant"),                                \
        GNL_OPT_BOOL(masked_conv_opts, bias, 1, "add a bias per channel"),                                             \
        GNL_OPT_ENUM(masked_conv_opts, init, GNL_INIT_TORCH, GNL_INIT_CONSTANT, gnl_init_names, "initial weights")
#define KERNEL_HELP "size of the kernel, odd; the input is padded so that the sizes stay"
#define DILATION_HELP "distance between kernel elements"
/* In one dimension an option is one number, the second of the pair. */
#define ONE_D(field, def, help)                                                                                        \
    {                                                                                                                  \
        .name = #field, GNL_OPTION_INT, offsetof(masked_conv_opts, field) + sizeof(int64_t), def, 1, MAX_SIZE, NULL,   \
        help                                                                                                           \
    }

static const gnl_option options_1d[] = {
    COMMON_OPTIONS,
    ONE_D(kernel, 3, KERNEL_HELP),
    ONE_D(dilation, 1, DILATION_HELP),
};
static const gnl_option options_2d[] = {
    COMMON_OPTIONS,
    GNL_OPT_PAIR(masked_conv_opts, kernel, 3, 1, MAX_SIZE, KERNEL_HELP),
    GNL_OPT_PAIR(masked_conv_opts, dilation, 1, 1, MAX_SIZE, DILATION_HELP),
    GNL_OPT_ENUM(masked_conv_opts, order, PIXELS, ROWS, order_names,
                 "order of the positions: pixels, row by row, or whole rows"),
};
static const gnl_options_table table_1d = {"masked_conv1d", sizeof(masked_conv_opts), options_1d,
                                           GNL_COUNT(options_1d)};
static const gnl_options_table table_2d = {"masked_conv2d", sizeof(masked_conv_opts), options_2d,
                                           GNL_COUNT(options_2d)};

enum { WEIGHT, BIAS };

/* ---- the mask -------------------------------------------------------------------------------- */

/* A kernel of [kernel[0],kernel[1]] elements, of which the first `used` are used. They lie in the first `lines` rows
 * and `columns` columns. */
typedef struct mask {
    int64_t kernel[2], dilation[2];
    int64_t taps, used, lines, columns;
} mask;

static mask mask_of(const masked_conv_opts *o, int dims)
{
    mask m = {.kernel = {dims == 2 ? o->kernel[0] : 1, o->kernel[1]},
              .dilation = {dims == 2 ? o->dilation[0] : 1, o->dilation[1]}};
    const int64_t row = m.kernel[0] / 2 * m.kernel[1], own = o->mask == THROUGH;
    m.taps = m.kernel[0] * m.kernel[1];
    m.used = o->order == ROWS ? row + own * m.kernel[1] : row + m.kernel[1] / 2 + own;
    m.lines = gnl_ceil_div(m.used, m.kernel[1]);
    m.columns = GNL_MIN(m.kernel[1], m.used);
    return m;
}

/* Returns the number of used elements in a row. */
static int64_t used_in(const mask *m, int64_t line)
{
    return GNL_MIN(m->columns, m->used - line * m->kernel[1]);
}

/* The convolution with the used part of the kernel. */
static gnl_conv geometry_of(const masked_conv_opts *o, const mask *m, const gnl_shape *in)
{
    const gnl_plane p = gnl_plane_of(in);
    gnl_conv g = {
        .groups = 1, .image_channels = p.channels, .map_channels = o->channels, .kernel = {m->lines, m->columns}};
    for (int i = 0; i < 2; i++) {
        g.image[i] = g.map[i] = p.size[i];
        g.stride[i] = 1;
        g.dilation[i] = m->dilation[i];
        g.padding[i] = m->kernel[i] / 2 * m->dilation[i];
    }
    return g;
}

/* ---- infer ----------------------------------------------------------------------------------- */

static genlat_status check(const masked_conv_opts *o, const mask *m, int dims, const gnl_shape *in)
{
    char text[GNL_SHAPE_TEXT];
    if (in->ndim != dims + 1 || gnl_shape_count(in) < 1)
        return gnl_fail(GENLAT_E_SHAPE, "input is %s, expected %s with at least one element",
                        gnl_shape_format(in, text), dims == 1 ? "[channels,length]" : "[channels,height,width]");
    if (m->kernel[0] % 2 == 0 || m->kernel[1] % 2 == 0)
        return gnl_fail(GENLAT_E_RANGE, "kernel is %lldx%lld, odd sizes expected", (long long)m->kernel[0],
                        (long long)m->kernel[1]);
    if (m->used == 0)
        return gnl_fail(GENLAT_E_RANGE,
                        "kernel is %lldx%lld, which has nothing before its middle; use a larger kernel or mask=through",
                        (long long)m->kernel[0], (long long)m->kernel[1]);
    return GENLAT_OK;
}

/* Size of the packed weights. The scratch of the convolution begins behind them. */
static int64_t packed_size(const gnl_conv *g)
{
    const int64_t unit = GNL_ALIGN / (int64_t)sizeof(gnl_real);
    return gnl_ceil_div(g->map_channels * g->image_channels * g->kernel[0] * g->kernel[1], unit) * unit;
}

static genlat_status infer(const masked_conv_opts *o, const gnl_layer_env *env, int dims, const gnl_shape *in,
                           gnl_layer_plan *plan)
{
    const mask m = mask_of(o, dims);
    GNL_TRY(check(o, &m, dims, in));
    const gnl_conv g = geometry_of(o, &m, in);
    const int64_t inner = g.image_channels;
    const gnl_shape weight = dims == 1 ? (gnl_shape){3, {o->channels, inner, m.taps}}
                                       : (gnl_shape){4, {o->channels, inner, m.kernel[0], m.kernel[1]}};
    plan->out = *in;
    plan->out.dim[0] = o->channels;
    plan->param[WEIGHT] = (gnl_param){.name = "weight",
                                      .shape = weight,
                                      .init = {(gnl_init_kind)o->init, o->gain, inner * m.used, o->channels * m.used},
                                      .decay = true,
                                      .period = m.taps,
                                      .used = m.used};
    plan->param[BIAS] = gnl_layer_bias(o->channels, o->init == GNL_INIT_TORCH, inner * m.used);
    plan->params = o->bias ? 2 : 1;
    plan->scratch = packed_size(&g) + gnl_conv_scratch(&g, env->rows, env->threads);
    return GENLAT_OK;
}

static genlat_status infer_1d(const void *opts, const gnl_layer_env *env, int inputs, const gnl_shape *in,
                              gnl_layer_plan *plan)
{
    return infer(opts, env, 1, in, plan);
}

static genlat_status infer_2d(const void *opts, const gnl_layer_env *env, int inputs, const gnl_shape *in,
                              gnl_layer_plan *plan)
{
    return infer(opts, env, 2, in, plan);
}

/* ---- products -------------------------------------------------------------------------------- */

/* A call: the mask, the geometry, and the two parts of the scratch. */
typedef struct call {
    mask m;
    gnl_conv g;
    gnl_real *packed, *scratch;
} call;

static call call_of(const gnl_step *s)
{
    call c = {.m = mask_of(s->opts, s->in[0].ndim - 1), .packed = s->scratch};
    c.g = geometry_of(s->opts, &c.m, &s->in[0]);
    c.scratch = s->scratch + packed_size(&c.g);
    return c;
}

/* Copies the used part of the kernels. What is not used in it becomes 0. */
static const gnl_real *pack(const call *c, const gnl_real *weight)
{
    gnl_real *to = c->packed;
    for (int64_t k = 0; k < c->g.map_channels * c->g.image_channels; k++, weight += c->m.taps)
        for (int64_t line = 0; line < c->m.lines; line++)
            for (int64_t i = 0; i < c->m.columns; i++)
                *to++ = i < used_in(&c->m, line) ? weight[line * c->m.kernel[1] + i] : 0;
    return c->packed;
}

static void add_unpacked(const call *c, gnl_real *grad)
{
    const gnl_real *from = c->packed;
    for (int64_t k = 0; k < c->g.map_channels * c->g.image_channels; k++, grad += c->m.taps)
        for (int64_t line = 0; line < c->m.lines; line++, from += c->m.columns)
            for (int64_t i = 0; i < used_in(&c->m, line); i++)
                grad[line * c->m.kernel[1] + i] += from[i];
}

static void apply(const gnl_step *s, const gnl_real *bias, const gnl_real *x, gnl_real *y)
{
    const call c = call_of(s);
    gnl_conv_gather(&s->compute, &c.g, s->rows, x, pack(&c, s->param[WEIGHT]), bias, y, c.scratch);
}

/* Adds to the gradient of the weight first, because dx may overwrite x. */
static void adjoint(const gnl_step *s, const gnl_real *x, const gnl_real *dy, gnl_real *dx)
{
    const call c = call_of(s);
    if (s->grad[WEIGHT]) {
        memset(c.packed, 0, (size_t)packed_size(&c.g) * sizeof *c.packed);
        gnl_conv_weight(&s->compute, &c.g, s->rows, x, dy, c.packed, c.scratch);
        add_unpacked(&c, s->grad[WEIGHT]);
    }
    if (dx)
        gnl_conv_scatter(&s->compute, &c.g, s->rows, dy, pack(&c, s->param[WEIGHT]), NULL, dx, c.scratch);
}

static void forward(const gnl_step *s)
{
    apply(s, s->param[BIAS], s->x[0], s->y);
}

static void backward(const gnl_step *s)
{
    const int64_t channels = s->out.dim[0];
    adjoint(s, s->x[0], s->dy, s->dx[0]);
    if (s->param[BIAS] && s->grad[BIAS])
        gnl_sum_bias(&s->compute, s->rows, channels, s->out_size / channels, s->dy, s->grad[BIAS]);
}

static void jvp(const gnl_step *s)
{
    apply(s, NULL, s->tx[0], s->ty);
}

static void jvp_backward(const gnl_step *s)
{
    adjoint(s, s->tx[0], s->dty, s->dtx[0]);
}

#define MASKED_CONV_TYPE(dims, summary)                                                                                \
    const gnl_layer_type gnl_masked_conv##dims = {                                                                     \
        .name = "masked_conv" #dims,                                                                                   \
        .options = &table_##dims,                                                                                      \
        .flags = GNL_LAYER_NEEDS_X | GNL_LAYER_X_FIRST | GNL_LAYER_FOLDS,                                              \
        .min_inputs = 1,                                                                                               \
        .max_inputs = 1,                                                                                               \
        .infer = infer_##dims,                                                                                         \
        .forward = forward,                                                                                            \
        .backward = backward,                                                                                          \
        .jvp = jvp,                                                                                                    \
        .jvp_backward = jvp_backward,                                                                                  \
        .help = summary,                                                                                               \
    }

MASKED_CONV_TYPE(1d, "convolution of [channels,length] that depends on earlier positions only");
MASKED_CONV_TYPE(2d, "convolution of [channels,height,width] that depends on earlier pixels only (PixelCNN)");
