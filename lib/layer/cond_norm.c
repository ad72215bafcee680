/* SPDX-License-Identifier: MIT */
/* Conditional batch norm (Dumoulin et al. 2017, de Vries et al. 2017): scale and shift of each channel are linear in a
 * second input, a one-hot label or an embedding. Both maps are initialised to 0, so the layer starts as plain batch
 * norm. */
#include "layer/layer_priv.h"
#include "layer/norm_priv.h"

typedef struct cond_opts {
    size_t size;
    double epsilon, momentum;
} cond_opts;

static const gnl_option options[] = {
    GNL_OPT_REAL(cond_opts, epsilon, 1e-5, 0, 1, "added to the variance"),
    GNL_OPT_REAL(cond_opts, momentum, 0.1, 0, 1, "weight of a batch in the running statistics"),
};
static const gnl_options_table table = {"cond_batch_norm", sizeof(cond_opts), options, GNL_COUNT(options)};

enum { SCALE, SHIFT, MEAN, VAR, PARAMS };

static gnl_norm norm_of(const void *opts, const gnl_shape *in, int64_t rows)
{
    const cond_opts *o = opts;
    return (gnl_norm){.outer = rows,
                      .channels = in->dim[0],
                      .plane = gnl_shape_count_from(in, 1),
                      .centered = true,
                      .epsilon = o->epsilon,
                      .momentum = o->momentum};
}

static genlat_status infer(const void *opts, const gnl_layer_env *env, int inputs, const gnl_shape *in,
                           gnl_layer_plan *plan)
{
    static const char *const names[] = {"scale", "shift", "running_mean", "running_var"};
    if (in[0].ndim < 1)
        return gnl_fail(GENLAT_E_SHAPE, "input is a scalar, expected [channels,...]");
    const int64_t channels = in[0].dim[0], conditions = gnl_shape_count(&in[1]);
    for (int i = 0; i < PARAMS; i++)
        plan->param[i] = (gnl_param){.name = names[i],
                                     .shape = {i < MEAN ? 2 : 1, {channels, i < MEAN ? conditions : 0}},
                                     .init = {GNL_INIT_CONSTANT, i == VAR, 1, 1},
                                     .state = i >= MEAN};
    plan->params = PARAMS;
    gnl_norm n = norm_of(opts, in, env->rows);
    plan->cache = gnl_norm_cache(&n) + env->rows * (gnl_shape_count(in) + channels);
    plan->scratch = env->rows * (gnl_shape_count(in) + 2 * channels);
    return gnl_layer_same_shape(in, plan);
}

/* Arrays of a call, for all rows. */
typedef struct work {
    gnl_norm norm;
    gnl_step inner;                 /* of the norm */
    gnl_real *h, *scale;            /* cache: normalised x, and 1 + scale of each channel */
    gnl_real *dh, *dscale, *dshift; /* scratch */
    const gnl_step *s;
} work;

static void init_work(const gnl_step *s, work *w)
{
    const int64_t channels = s->in[0].dim[0];
    *w = (work){.norm = norm_of(s->opts, &s->in[0], s->rows), .inner = *s, .s = s};
    w->norm.step = &w->inner;
    w->norm.running_mean = s->param[MEAN];
    w->norm.running_var = s->param[VAR];
    w->norm.fixed = !s->training;
    w->h = s->cache + gnl_norm_cache(&w->norm);
    w->scale = w->h + s->rows * s->out_size;
    w->dh = s->scratch;
    w->dscale = w->dh + s->rows * s->out_size;
    w->dshift = w->dscale + s->rows * channels;
}

static void over_planes(work *w, gnl_task *task)
{
    gnl_parallel(w->s->compute.ctx, w->s->rows * w->norm.channels, GNL_MAX(GNL_CHUNK / GNL_MAX(w->norm.plane, 1), 1),
                 task, w);
}

/* out [rows,channels] = c W^T */
static void map(const work *w, int param, gnl_real *out)
{
    const gnl_step *s = w->s;
    const int64_t channels = w->norm.channels, conditions = s->in_size[1];
    gnl_gemm(&s->compute, GNL_AS_IS, GNL_TRANSPOSED, s->rows, channels, conditions, 1, s->x[1], conditions,
             s->param[param], conditions, 0, out, channels);
}

/* y = (1 + scale) h + shift */
static void forward_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const work *w = arg;
    const int64_t plane = w->norm.plane;
    for (int64_t i = begin; i < end; i++) {
        const gnl_real factors[] = {1 + w->scale[i], w->dshift[i], 0, 0}, *h = w->h + i * plane;
        w->scale[i] = factors[0];
        w->s->compute.k->mix(plane, factors, h, h, GNL_SET, w->s->y + i * plane);
    }
}

static void forward(const gnl_step *s)
{
    work w;
    init_work(s, &w);
    w.inner.y = w.h;
    gnl_norm_forward(&w.norm);
    map(&w, SCALE, w.scale);
    map(&w, SHIFT, w.dshift);
    over_planes(&w, forward_task);
}

static void backward_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const work *w = arg;
    const gnl_kernels *k = w->s->compute.k;
    const int64_t plane = w->norm.plane;
    for (int64_t i = begin; i < end; i++) {
        const gnl_real *dy = w->s->dy + i * plane;
        w->dscale[i] = (gnl_real)k->dot(plane, dy, w->h + i * plane);
        w->dshift[i] = (gnl_real)k->sum(plane, dy);
        k->scale(plane, w->scale[i], dy, w->dh + i * plane);
    }
}

/* dW += d^T c and dc += d W, where d [rows,channels] is the gradient of scale or shift */
static void map_back(const work *w, int param, const gnl_real *d)
{
    const gnl_step *s = w->s;
    const int64_t channels = w->norm.channels, conditions = s->in_size[1];
    if (s->grad[param])
        gnl_gemm(&s->compute, GNL_TRANSPOSED, GNL_AS_IS, channels, conditions, s->rows, 1, d, channels, s->x[1],
                 conditions, 1, s->grad[param], conditions);
    if (s->dx[1])
        gnl_gemm(&s->compute, GNL_AS_IS, GNL_AS_IS, s->rows, conditions, channels, 1, d, channels, s->param[param],
                 conditions, param == SHIFT, s->dx[1], conditions);
}

static void backward(const gnl_step *s)
{
    work w;
    init_work(s, &w);
    over_planes(&w, backward_task);
    map_back(&w, SCALE, w.dscale);
    map_back(&w, SHIFT, w.dshift);
    w.inner.dy = w.dh;
    if (s->dx[0])
        gnl_norm_backward(&w.norm);
}

const gnl_layer_type gnl_cond_batch_norm = {
    .name = "cond_batch_norm",
    .options = &table,
    .flags = GNL_LAYER_NEEDS_X | GNL_LAYER_COUPLES_BATCH,
    .min_inputs = 2,
    .max_inputs = 2,
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .help = "batch norm whose scale and shift are linear in the second input, a one-hot label or an embedding",
};
