/* SPDX-License-Identifier: MIT */
/* Softmax along one axis: y_i = e^x_i / sum_j e^x_j. Its Jacobian diag(y) - y y^T is symmetric. */
#include <tgmath.h>

#include "layer/layer_priv.h"

typedef struct softmax_opts {
    size_t size;
    int64_t axis;
} softmax_opts;

static const gnl_option options[] = {
    GNL_OPT_INT(softmax_opts, axis, -1, -GENLAT_MAX_DIMS, GENLAT_MAX_DIMS - 1,
                "axis of one sample that sums to 1; 0: channels, -1: the last"),
};
static const gnl_options_table table = {"softmax", sizeof(softmax_opts), options, GNL_COUNT(options)};

static genlat_status infer(const void *opts, const gnl_layer_env *env, int inputs, const gnl_shape *in,
                           gnl_layer_plan *plan)
{
    GNL_TRY(gnl_axis_check(in, ((const softmax_opts *)opts)->axis));
    return gnl_layer_same_shape(in, plan);
}

static gnl_axis axis_of(const gnl_step *s)
{
    return gnl_axis_of(s, ((const softmax_opts *)s->opts)->axis);
}

/* One fibre along the axis is a line of n numbers, `stride` apart. */
static void softmax_line(int64_t n, int64_t stride, const gnl_real *x, gnl_real *y)
{
    gnl_real most = x[0];
    double sum = 0;
    for (int64_t i = 1; i < n; i++)
        most = x[i * stride] > most ? x[i * stride] : most;
    for (int64_t i = 0; i < n; i++) {
        y[i * stride] = exp(x[i * stride] - most);
        sum += (double)y[i * stride];
    }
    for (int64_t i = 0; i < n; i++)
        y[i * stride] = (gnl_real)((double)y[i * stride] / sum);
}

static double dot_line(int64_t n, int64_t stride, const gnl_real *a, const gnl_real *b)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += (double)a[i * stride] * (double)b[i * stride];
    return sum;
}

/* out = J v */
static void multiply_line(int64_t n, int64_t stride, const gnl_real *y, const gnl_real *v, gnl_real *out)
{
    gnl_real mean = (gnl_real)dot_line(n, stride, y, v);
    for (int64_t i = 0; i < n * stride; i += stride)
        out[i] = y[i] * (v[i] - mean);
}

/* With a = dty and b = tx, s = <a, J b> = sum y a b - <y,a> <y,b> has ds/dy = a b - a <y,b> - b <y,a> =: g,
 * and dx += J g = y (g - <y,g>), where <y,g> = <y, a b> - 2 <y,a> <y,b>. */
static void second_line(int64_t n, int64_t stride, const gnl_real *y, const gnl_real *a, const gnl_real *b,
                        gnl_real *dx)
{
    gnl_real ya = (gnl_real)dot_line(n, stride, y, a), yb = (gnl_real)dot_line(n, stride, y, b);
    double yab = 0;
    for (int64_t i = 0; i < n * stride; i += stride)
        yab += (double)y[i] * (double)a[i] * (double)b[i];
    gnl_real yg = (gnl_real)yab - 2 * ya * yb;
    for (int64_t i = 0; i < n * stride; i += stride)
        dx[i] += y[i] * (a[i] * b[i] - a[i] * yb - b[i] * ya - yg);
}

/* ---- over all fibres ------------------------------------------------------------------------------- */

typedef struct job {
    const gnl_step *step;
    gnl_axis axis;
    const gnl_real *v;
    gnl_real *out;
} job;

static void run(const gnl_step *s, gnl_task *task, const gnl_real *v, gnl_real *out)
{
    job j = {.step = s, .axis = axis_of(s), .v = v, .out = out};
    if (out && j.axis.n > 0)
        gnl_parallel(s->compute.ctx, j.axis.outer * j.axis.inner, GNL_CHUNK / GNL_MIN(j.axis.n, GNL_CHUNK),
                     task, &j);
}

/* Place of the first number of fibre f. */
static int64_t place(const gnl_axis *a, int64_t f)
{
    return f / a->inner * a->n * a->inner + f % a->inner;
}

static void forward_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    const gnl_axis *a = &j->axis;
    if (a->inner == 1) {
        j->step->compute.k->softmax(end - begin, a->n, j->v + begin * a->n, j->out + begin * a->n);
        return;
    }
    for (int64_t f = begin; f < end; f++)
        softmax_line(a->n, a->inner, j->v + place(a, f), j->out + place(a, f));
}

static void multiply_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    const gnl_axis *a = &j->axis;
    for (int64_t f = begin; f < end; f++) {
        int64_t at = place(a, f);
        multiply_line(a->n, a->inner, j->step->y + at, j->v + at, j->out + at);
    }
}

static void second_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    const gnl_axis *a = &j->axis;
    for (int64_t f = begin; f < end; f++) {
        int64_t at = place(a, f);
        second_line(a->n, a->inner, j->step->y + at, j->v + at, j->step->tx[0] + at, j->out + at);
    }
}

static void forward(const gnl_step *s)
{
    run(s, forward_task, s->x[0], s->y);
}

static void backward(const gnl_step *s)
{
    run(s, multiply_task, s->dy, s->dx[0]);
}

static void jvp(const gnl_step *s)
{
    run(s, multiply_task, s->tx[0], s->ty);
}

static void jvp_backward(const gnl_step *s)
{
    run(s, second_task, s->dty, s->dx[0]);
    run(s, multiply_task, s->dty, s->dtx[0]);
}

const gnl_layer_type gnl_softmax = {
    .name = "softmax",
    .options = &table,
    .flags = GNL_LAYER_NEEDS_Y | GNL_LAYER_INPLACE,
    .min_inputs = 1,
    .max_inputs = 1,
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .jvp = jvp,
    .jvp_backward = jvp_backward,
    .help = "positive numbers that sum to 1 along an axis",
};
