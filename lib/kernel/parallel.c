/* SPDX-License-Identifier: MIT */
/* Memory-bound kernels on all threads, in chunks of GNL_CHUNK elements. */
#include "kernel/kernel.h"

typedef struct span {
    const gnl_kernels *k;
    gnl_act act;
    gnl_real alpha, lo, hi;
    const gnl_real *x, *y, *dy;
    gnl_real *out;
    const gnl_signs *signs;
    gnl_signs *signs_out;
    gnl_rng rng;
} span;

static void zero_task(void *arg, int64_t begin, int64_t end, int worker)
{
    memset((gnl_real *)arg + begin, 0, (size_t)(end - begin) * sizeof(gnl_real));
}

void gnl_zero(genlat_ctx *ctx, int64_t n, gnl_real *x)
{
    gnl_parallel(ctx, n, GNL_CHUNK, zero_task, x);
}

/* ---- bias ---------------------------------------------------------------------------------------------- */

typedef struct bias_job {
    const gnl_kernels *k;
    int64_t rows, channels, plane;
    const gnl_real *in;
    gnl_real *out;
} bias_job;

static void add_bias_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const bias_job *j = arg;
    j->k->add_bias(end - begin, j->channels, j->plane, j->in, j->out + begin * j->channels * j->plane);
}

void gnl_add_bias(const gnl_compute *c, int64_t rows, int64_t channels, int64_t plane, const gnl_real *bias,
                  gnl_real *y)
{
    bias_job j = {c->k, rows, channels, plane, bias, y};
    gnl_parallel(c->ctx, rows, GNL_CHUNK / GNL_MAX(channels * plane, 1), add_bias_task, &j);
}

static void sum_bias_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const bias_job *j = arg;
    for (int64_t channel = begin; channel < end; channel++) {
        double total = 0;
        for (int64_t r = 0; r < j->rows; r++)
            total += j->k->sum(j->plane, j->in + (r * j->channels + channel) * j->plane);
        j->out[channel] += (gnl_real)total;
    }
}

void gnl_sum_bias(const gnl_compute *c, int64_t rows, int64_t channels, int64_t plane, const gnl_real *dy, gnl_real *db)
{
    bias_job j = {c->k, rows, channels, plane, dy, db};
    if (plane == 1)
        c->k->sum_bias(rows, channels, plane, dy, db);
    else
        gnl_parallel(c->ctx, channels, GNL_CHUNK / GNL_MAX(rows * plane, 1), sum_bias_task, &j);
}

/* ---- activations --------------------------------------------------------------------------------------- */

static void forward_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const span *s = arg;
    s->k->act[s->act](end - begin, s->alpha, s->x + begin, s->out + begin);
    if (s->signs_out)
        s->k->signs(end - begin, s->out + begin, s->signs_out + begin / GNL_SIGNS);
}

void gnl_act_forward(const gnl_compute *c, gnl_act act, gnl_real alpha, int64_t n, const gnl_real *x, gnl_real *y,
                     gnl_signs *signs)
{
    span s = {.k = c->k, .act = act, .alpha = alpha, .x = x, .out = y, .signs_out = signs};
    gnl_parallel(c->ctx, n, GNL_CHUNK, forward_task, &s);
}

static void backward_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const span *s = arg;
    s->k->act_backward[s->act](end - begin, s->alpha, s->x + begin, s->y + begin, s->dy + begin, s->out + begin);
}

void gnl_act_backward(const gnl_compute *c, gnl_act act, gnl_real alpha, int64_t n, const gnl_real *x,
                      const gnl_real *y, const gnl_real *dy, gnl_real *dx)
{
    span s = {.k = c->k, .act = act, .alpha = alpha, .x = x, .y = y, .dy = dy, .out = dx};
    gnl_parallel(c->ctx, n, GNL_CHUNK, backward_task, &s);
}

static void rectify_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const span *s = arg;
    s->k->rectify(end - begin, s->alpha, s->signs + begin / GNL_SIGNS, s->x + begin, s->out + begin);
}

void gnl_rectify(const gnl_compute *c, gnl_real alpha, int64_t n, const gnl_signs *signs, const gnl_real *x,
                 gnl_real *y)
{
    span s = {.k = c->k, .alpha = alpha, .x = x, .out = y, .signs = signs};
    gnl_parallel(c->ctx, n, GNL_CHUNK, rectify_task, &s);
}

/* ---- random fills -------------------------------------------------------------------------------------- */

/* Returns the stream at element `begin`. The chunk size is a multiple of four, so every chunk begins with a whole block
 * of the generator. */
static gnl_rng rng_at(const span *s, int64_t begin)
{
    gnl_rng here = s->rng;
    here.counter += (uint64_t)begin / 4;
    return here;
}

static void normal_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const span *s = arg;
    gnl_rng here = rng_at(s, begin);
    s->k->fill_normal(end - begin, &here, s->out + begin);
}

static void uniform_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const span *s = arg;
    gnl_rng here = rng_at(s, begin);
    s->k->fill_uniform(end - begin, &here, s->lo, s->hi, s->out + begin);
}

static void fill(const gnl_compute *c, gnl_rng *rng, int64_t n, gnl_task *task, span *s)
{
    gnl_parallel(c->ctx, n, GNL_CHUNK, task, s);
    rng->counter += n > 0 ? ((uint64_t)n + 3) / 4 : 0;
}

void gnl_fill_normal(const gnl_compute *c, gnl_rng *rng, int64_t n, gnl_real *out)
{
    span s = {.k = c->k, .out = out, .rng = *rng};
    fill(c, rng, n, normal_task, &s);
}

void gnl_fill_uniform(const gnl_compute *c, gnl_rng *rng, int64_t n, gnl_real lo, gnl_real hi, gnl_real *out)
{
    span s = {.k = c->k, .lo = lo, .hi = hi, .out = out, .rng = *rng};
    fill(c, rng, n, uniform_task, &s);
}
