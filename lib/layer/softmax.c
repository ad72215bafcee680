/* SPDX-License-Identifier: MIT */
/* Softmax along one axis: y_i = e^x_i / sum_j e^x_j. Its Jacobian diag(y) - y y^T is symmetric. */
#include "layer/layer_priv.h"

typedef struct softmax_opts {
    size_t size;
    int64_t axis;
} softmax_opts;

static const gnl_option options[] = {
    GNL_OPT_INT(softmax_opts, axis, -1, -GENLAT_MAX_DIMS, GENLAT_MAX_DIMS - 1,
                "axis of one sample that sums to 1; 0: channels, -1: last axis"),
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

/* ---- stripes: `width` adjacent fibres along the axis, each of n numbers that are `stride` apart -------- */

enum { MAX_WIDTH = 64 };

typedef struct stripe {
    const gnl_kernels *k;
    int64_t n, stride, width;
} stripe;

static void softmax_stripe(const stripe *t, const gnl_real *x, gnl_real *y)
{
    gnl_real max[MAX_WIDTH];
    double sum[MAX_WIDTH] = {0};
    memcpy(max, x, (size_t)t->width * sizeof *max);
    for (int64_t at = t->stride; at < t->n * t->stride; at += t->stride)
        for (int64_t i = 0; i < t->width; i++)
            max[i] = x[at + i] > max[i] ? x[at + i] : max[i];
    for (int64_t at = 0; at < t->n * t->stride; at += t->stride) {
        for (int64_t i = 0; i < t->width; i++)
            y[at + i] = x[at + i] - max[i];
        t->k->exp(t->width, y + at, y + at);
        for (int64_t i = 0; i < t->width; i++)
            sum[i] += (double)y[at + i];
    }
    for (int64_t i = 0; i < t->width; i++)
        max[i] = (gnl_real)(1 / sum[i]);
    for (int64_t at = 0; at < t->n * t->stride; at += t->stride)
        t->k->mul(t->width, y + at, max, y + at);
}

static void dot_stripe(const stripe *t, const gnl_real *a, const gnl_real *b, gnl_real *out)
{
    double sum[MAX_WIDTH] = {0};
    for (int64_t at = 0; at < t->n * t->stride; at += t->stride)
        for (int64_t i = 0; i < t->width; i++)
            sum[i] += (double)a[at + i] * (double)b[at + i];
    for (int64_t i = 0; i < t->width; i++)
        out[i] = (gnl_real)sum[i];
}

/* out = J v */
static void multiply_stripe(const stripe *t, const gnl_real *y, const gnl_real *v, gnl_real *out)
{
    gnl_real mean[MAX_WIDTH];
    dot_stripe(t, y, v, mean);
    for (int64_t at = 0; at < t->n * t->stride; at += t->stride)
        for (int64_t i = 0; i < t->width; i++)
            out[at + i] = y[at + i] * (v[at + i] - mean[i]);
}

/* With a = dty and b = tx, s = <a, J b> = sum y a b - <y,a> <y,b> has ds/dy = a b - a <y,b> - b <y,a> =: g,
 * and dx += J g = y (g - <y,g>), where <y,g> = <y, a b> - 2 <y,a> <y,b>. */
static void second_stripe(const stripe *t, const gnl_real *y, const gnl_real *a, const gnl_real *b, gnl_real *dx)
{
    gnl_real ya[MAX_WIDTH], yb[MAX_WIDTH];
    double yab[MAX_WIDTH] = {0};
    dot_stripe(t, y, a, ya);
    dot_stripe(t, y, b, yb);
    for (int64_t at = 0; at < t->n * t->stride; at += t->stride)
        for (int64_t i = 0; i < t->width; i++)
            yab[i] += (double)y[at + i] * (double)a[at + i] * (double)b[at + i];
    for (int64_t at = 0; at < t->n * t->stride; at += t->stride)
        for (int64_t i = 0; i < t->width; i++) {
            gnl_real g = a[at + i] * b[at + i] - a[at + i] * yb[i] - b[at + i] * ya[i];
            dx[at + i] += y[at + i] * (g - ((gnl_real)yab[i] - 2 * ya[i] * yb[i]));
        }
}

/* ---- all fibres ------------------------------------------------------------------------------------ */

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
        gnl_parallel(s->compute.ctx, j.axis.outer * j.axis.inner, GNL_CHUNK / GNL_MIN(j.axis.n, GNL_CHUNK), task, &j);
}

/* Returns the index of the first number of fibre f. */
static int64_t place(const gnl_axis *a, int64_t f)
{
    return f / a->inner * a->n * a->inner + f % a->inner;
}

/* Returns the stripe that begins with fibre f and ends before `end`. */
static stripe stripe_at(const job *j, int64_t f, int64_t end)
{
    const gnl_axis *a = &j->axis;
    int64_t width = GNL_MIN(end - f, a->inner - f % a->inner);
    return (stripe){j->step->compute.k, a->n, a->inner, GNL_MIN(width, (int64_t)MAX_WIDTH)};
}

static void forward_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    const gnl_axis *a = &j->axis;
    if (a->inner == 1) {
        j->step->compute.k->softmax(end - begin, a->n, j->v + begin * a->n, j->out + begin * a->n);
        return;
    }
    for (int64_t f = begin; f < end;) {
        stripe t = stripe_at(j, f, end);
        softmax_stripe(&t, j->v + place(a, f), j->out + place(a, f));
        f += t.width;
    }
}

static void multiply_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    const gnl_axis *a = &j->axis;
    const gnl_real *y = j->step->y;
    if (a->inner == 1) {
        j->step->compute.k->softmax_backward(end - begin, a->n, y + begin * a->n, j->v + begin * a->n,
                                             j->out + begin * a->n);
        return;
    }
    for (int64_t f = begin; f < end;) {
        stripe t = stripe_at(j, f, end);
        multiply_stripe(&t, y + place(a, f), j->v + place(a, f), j->out + place(a, f));
        f += t.width;
    }
}

static void second_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    for (int64_t f = begin; f < end;) {
        stripe t = stripe_at(j, f, end);
        int64_t at = place(&j->axis, f);
        second_stripe(&t, j->step->y + at, j->v + at, j->step->tx[0] + at, j->out + at);
        f += t.width;
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
    .help = "normalised exponentials, which sum to 1 along an axis",
};
