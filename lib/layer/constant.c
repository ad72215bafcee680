/* SPDX-License-Identifier: MIT */
/* Trained tensors as the start of a generator: the same for every sample (Karras et al. 2019), or with each channel
 * scaled by one number of the input (Huang et al. 2024). */
#include "layer/layer_priv.h"

typedef struct constant_opts {
    size_t size;
    int64_t shape[GENLAT_MAX_DIMS];
    double gain;
    uint32_t init, reserved;
} constant_opts;

static const gnl_option options[] = {
    GNL_OPT_DIMS(constant_opts, shape, 1, 1 << 24, "shape of the output, such as 64x4x4"),
    GNL_OPT_REAL(constant_opts, gain, 1, 0, 1e6, "factor of the initial scale; sd for normal"),
    GNL_OPT_ENUM(constant_opts, init, GNL_INIT_NORMAL, GNL_INIT_CONSTANT, gnl_init_names, "initial weights"),
};
static const gnl_options_table constant_table = {"constant", sizeof(constant_opts), options, GNL_COUNT(options)};
static const gnl_options_table basis_table = {"basis", sizeof(constant_opts), options, GNL_COUNT(options)};

static genlat_status constant_infer(const void *opts, const gnl_layer_env *env, int inputs, const gnl_shape *in,
                                    gnl_layer_plan *plan)
{
    const constant_opts *o = opts;
    int32_t ndim = 0;
    while (ndim < GENLAT_MAX_DIMS - 1 && o->shape[ndim])
        ndim++;
    if (ndim == 0)
        return gnl_fail(GENLAT_E_SHAPE, "shape is not set, expected for example shape=64x4x4");
    plan->out = gnl_shape_of(ndim, o->shape);
    int64_t plane = gnl_shape_count_from(&plan->out, 1);
    plan->param[0] = (gnl_param){
        .name = "weight", .shape = plan->out, .init = {(gnl_init_kind)o->init, o->gain, plane, o->shape[0]}};
    plan->params = 1;
    return GENLAT_OK;
}

static void zero(int64_t n, gnl_real *out)
{
    if (out)
        memset(out, 0, (size_t)n * sizeof *out);
}

static void constant_forward(const gnl_step *s)
{
    for (int64_t i = 0; i < s->rows; i++)
        memcpy(s->y + i * s->out_size, s->param[0], (size_t)s->out_size * sizeof *s->y);
}

static void constant_backward(const gnl_step *s)
{
    zero(s->rows * s->in_size[0], s->dx[0]);
    if (s->grad[0])
        gnl_sum_bias(&s->compute, s->rows, s->out_size, 1, s->dy, s->grad[0]);
}

static void constant_jvp(const gnl_step *s)
{
    zero(s->rows * s->out_size, s->ty);
}

static void constant_jvp_backward(const gnl_step *s)
{
    zero(s->rows * s->in_size[0], s->dtx[0]);
}

/* ---- one number of x per channel ----------------------------------------------------------------------- */

static genlat_status basis_infer(const void *opts, const gnl_layer_env *env, int inputs, const gnl_shape *in,
                                 gnl_layer_plan *plan)
{
    char text[GNL_SHAPE_TEXT];
    GNL_TRY(constant_infer(opts, env, inputs, in, plan));
    if (in[0].ndim != 1 || in[0].dim[0] != plan->out.dim[0])
        return gnl_fail(GENLAT_E_SHAPE, "input is %s, expected [%lld], one number per channel",
                        gnl_shape_format(in, text), (long long)plan->out.dim[0]);
    return GENLAT_OK;
}

typedef struct job {
    const gnl_step *s;
    const gnl_real *x, *dy;
    gnl_real *y, *dx;
    int64_t plane;
} job;

static void run(const gnl_step *s, const job *j, int64_t count, gnl_task *task)
{
    job copy = *j;
    copy.s = s;
    copy.plane = gnl_shape_count_from(&s->out, 1);
    gnl_parallel(s->compute.ctx, count, GNL_MAX(GNL_CHUNK / copy.plane, 1), task, &copy);
}

static void scale_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    for (int64_t i = begin; i < end; i++)
        j->s->compute.k->scale(j->plane, j->x[i], j->s->param[0] + i % j->s->in_size[0] * j->plane,
                               j->y + i * j->plane);
}

static void dot_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    for (int64_t i = begin; i < end; i++)
        j->dx[i] = (gnl_real)j->s->compute.k->dot(j->plane, j->dy + i * j->plane,
                                                  j->s->param[0] + i % j->s->in_size[0] * j->plane);
}

/* Each channel of the gradient is computed by one thread. */
static void gradient_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    const int64_t channels = j->s->in_size[0];
    for (int64_t c = begin; c < end; c++)
        for (int64_t i = c; i < j->s->rows * channels; i += channels)
            j->s->compute.k->axpy(j->plane, j->x[i], j->dy + i * j->plane, j->s->grad[0] + c * j->plane);
}

static void basis_apply(const gnl_step *s, const gnl_real *x, gnl_real *y)
{
    run(s, &(job){.x = x, .y = y}, s->rows * s->in_size[0], scale_task);
}

static void basis_adjoint(const gnl_step *s, const gnl_real *x, const gnl_real *dy, gnl_real *dx)
{
    if (dx)
        run(s, &(job){.dy = dy, .dx = dx}, s->rows * s->in_size[0], dot_task);
    if (s->grad[0])
        run(s, &(job){.x = x, .dy = dy}, s->in_size[0], gradient_task);
}

static void basis_forward(const gnl_step *s)
{
    basis_apply(s, s->x[0], s->y);
}

static void basis_backward(const gnl_step *s)
{
    basis_adjoint(s, s->x[0], s->dy, s->dx[0]);
}

static void basis_jvp(const gnl_step *s)
{
    basis_apply(s, s->tx[0], s->ty);
}

static void basis_jvp_backward(const gnl_step *s)
{
    basis_adjoint(s, s->tx[0], s->dty, s->dtx[0]);
}

/* ---- layer types ----------------------------------------------------------------------------------- */

const gnl_layer_type gnl_constant = {
    .name = "constant",
    .options = &constant_table,
    .min_inputs = 1,
    .max_inputs = 1,
    .infer = constant_infer,
    .forward = constant_forward,
    .backward = constant_backward,
    .jvp = constant_jvp,
    .jvp_backward = constant_jvp_backward,
    .help = "a trained tensor, the same for every sample, independent of the input",
};

const gnl_layer_type gnl_basis = {
    .name = "basis",
    .options = &basis_table,
    .flags = GNL_LAYER_NEEDS_X | GNL_LAYER_FOLDS,
    .min_inputs = 1,
    .max_inputs = 1,
    .infer = basis_infer,
    .forward = basis_forward,
    .backward = basis_backward,
    .jvp = basis_jvp,
    .jvp_backward = basis_jvp_backward,
    .help = "a trained tensor, each channel multiplied by one number of the input",
};
