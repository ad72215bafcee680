/* SPDX-License-Identifier: MIT */
/*
 * Restricted Boltzmann machines: free energy and its gradient, Gibbs chains, and annealed importance sampling
 * (Salakhutdinov and Murray, On the quantitative analysis of deep belief networks, 2008). See docs/derivations/rbm.md.
 */
#include "density/density.h"

enum { GRAIN = 32768 };

/* ---- memory ---------------------------------------------------------------------------------- */

genlat_status gnl_rbm_work_new(genlat_ctx *ctx, const gnl_rbm *r, int64_t rows, gnl_rbm_work *out)
{
    const size_t n = (size_t)rows, v = n * (size_t)r->visible, h = n * (size_t)r->hidden, real = sizeof(gnl_real);
    *out = (gnl_rbm_work){.compute = {ctx, gnl_kernels_of(ctx), NULL}, .rows = rows};
    out->compute.space = gnl_alloc(ctx, gnl_gemm_space(ctx), real);
    out->v = gnl_calloc(ctx, v, real);
    out->h = gnl_calloc(ctx, h, real);
    out->input = gnl_alloc(ctx, h, real);
    out->field = gnl_alloc(ctx, v, real);
    out->spare = gnl_alloc(ctx, GNL_MAX(v, h), real);
    out->rng = gnl_calloc(ctx, n, sizeof *out->rng);
    out->energy = gnl_alloc(ctx, n, sizeof(double));
    out->log_odds = gnl_alloc(ctx, n, sizeof(double));
    if (out->compute.space && out->v && out->h && out->input && out->field && out->spare && out->rng && out->energy &&
        out->log_odds)
        return GENLAT_OK;
    gnl_rbm_work_free(ctx, out);
    return GENLAT_E_MEMORY;
}

void gnl_rbm_work_free(genlat_ctx *ctx, gnl_rbm_work *work)
{
    gnl_free(ctx, work->compute.space);
    gnl_free(ctx, work->v);
    gnl_free(ctx, work->h);
    gnl_free(ctx, work->input);
    gnl_free(ctx, work->field);
    gnl_free(ctx, work->spare);
    gnl_free(ctx, work->rng);
    gnl_free(ctx, work->energy);
    gnl_free(ctx, work->log_odds);
    *work = (gnl_rbm_work){.rows = 0};
}

/* ---- units ----------------------------------------------------------------------------------- */

/* out = c + W v for each sample. */
static void hidden_inputs(const gnl_rbm *r, const gnl_compute *c, int64_t rows, const gnl_real *v, gnl_real *out)
{
    gnl_gemm(c, GNL_AS_IS, GNL_TRANSPOSED, rows, r->hidden, r->visible, 1, v, r->visible, r->weight, r->visible, 0, out,
             r->hidden);
    gnl_add_bias(c, rows, r->hidden, 1, r->hidden_bias, out);
}

/* out = b + W'h for each sample. */
static void visible_inputs(const gnl_rbm *r, const gnl_compute *c, int64_t rows, const gnl_real *h, gnl_real *out)
{
    gnl_gemm(c, GNL_AS_IS, GNL_AS_IS, rows, r->visible, r->hidden, 1, h, r->hidden, r->weight, r->visible, 0, out,
             r->visible);
    gnl_add_bias(c, rows, r->visible, 1, r->visible_bias, out);
}

void gnl_rbm_encode(const gnl_rbm *r, const gnl_rbm_work *work, int64_t rows, const gnl_real *v, gnl_real *h)
{
    hidden_inputs(r, &work->compute, rows, v, h);
    work->compute.k->act[GNL_ACT_SIGMOID](rows * r->hidden, 0, h, h);
}

void gnl_rbm_decode(const gnl_rbm *r, const gnl_rbm_work *work, int64_t rows, const gnl_real *h, gnl_real *v)
{
    visible_inputs(r, &work->compute, rows, h, v);
    work->compute.k->act[GNL_ACT_SIGMOID](rows * r->visible, 0, v, v);
}

/* ---- free energy ----------------------------------------------------------------------------- */

void gnl_rbm_energy(const gnl_rbm *r, gnl_rbm_work *work, int64_t rows, const gnl_real *v)
{
    const gnl_kernels *k = work->compute.k;
    hidden_inputs(r, &work->compute, rows, v, work->input);
    k->act[GNL_ACT_SOFTPLUS](rows * r->hidden, 0, work->input, work->spare);
    for (int64_t i = 0; i < rows; i++)
        work->energy[i] =
            -k->dot(r->visible, r->visible_bias, v + i * r->visible) - k->sum(r->hidden, work->spare + i * r->hidden);
}

void gnl_rbm_gradient(const gnl_rbm *r, gnl_rbm_work *work, int64_t rows, const gnl_real *v, double factor,
                      const gnl_rbm *grad)
{
    const gnl_kernels *k = work->compute.k;
    const gnl_real minus = (gnl_real)-factor;
    gnl_rbm_encode(r, work, rows, v, work->input);
    gnl_gemm(&work->compute, GNL_TRANSPOSED, GNL_AS_IS, r->hidden, r->visible, rows, minus, work->input, r->hidden, v,
             r->visible, 1, grad->weight, r->visible);
    for (int64_t i = 0; i < rows; i++) {
        k->axpy(r->hidden, minus, work->input + i * r->hidden, grad->hidden_bias);
        k->axpy(r->visible, minus, v + i * r->visible, grad->visible_bias);
    }
}

/* ---- Gibbs chains ---------------------------------------------------------------------------- */

/* Draws states from inputs: 1 with probability sigmoid(input). */
typedef struct coin {
    gnl_rbm_work *work;
    int64_t width;
    gnl_real *input, *state; /* inputs become probabilities */
} coin;

static void coin_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const coin *c = arg;
    const gnl_kernels *k = c->work->compute.k;
    for (int64_t i = begin; i < end; i++) {
        gnl_real *p = c->input + i * c->width, *state = c->state + i * c->width;
        k->act[GNL_ACT_SIGMOID](c->width, 0, p, p);
        k->fill_uniform(c->width, &c->work->rng[i], 0, 1, state);
        c->work->rng[i].counter += (uint64_t)((c->width + 3) / 4);
        for (int64_t j = 0; j < c->width; j++)
            state[j] = state[j] < p[j];
    }
}

static void toss(gnl_rbm_work *work, int64_t rows, int64_t width, gnl_real *input, gnl_real *state)
{
    coin c = {work, width, input, state};
    gnl_parallel(work->compute.ctx, rows, GRAIN / width + 1, coin_task, &c);
}

void gnl_rbm_walk(const gnl_rbm *r, gnl_rbm_work *work, int64_t rows, int64_t steps)
{
    for (int64_t i = 0; i < steps; i++) {
        hidden_inputs(r, &work->compute, rows, work->v, work->input);
        toss(work, rows, r->hidden, work->input, work->h);
        visible_inputs(r, &work->compute, rows, work->h, work->field);
        toss(work, rows, r->visible, work->field, work->v);
    }
}

/* ---- annealed importance sampling ------------------------------------------------------------ */

/* Adds sign times the log of the unnormalized density of work->v at the inverse temperature beta to the weights:
 * ((1 - beta) base + beta b)'v + sum over j of log(1 + e^(beta input_j)). */
static void weigh(const gnl_rbm *r, gnl_rbm_work *work, int64_t rows, const gnl_real *base, double beta, double sign)
{
    const gnl_kernels *k = work->compute.k;
    k->scale(rows * r->hidden, (gnl_real)beta, work->input, work->spare);
    k->act[GNL_ACT_SOFTPLUS](rows * r->hidden, 0, work->spare, work->spare);
    for (int64_t i = 0; i < rows; i++) {
        const gnl_real *v = work->v + i * r->visible;
        work->log_odds[i] +=
            sign * ((1 - beta) * k->dot(r->visible, base, v) + beta * k->dot(r->visible, r->visible_bias, v) +
                    k->sum(r->hidden, work->spare + i * r->hidden));
    }
}

/* Draws visible states of independent units. */
static void draw_base(const gnl_rbm *r, gnl_rbm_work *work, int64_t rows, const gnl_real *base)
{
    for (int64_t i = 0; i < rows; i++)
        memcpy(work->field + i * r->visible, base, (size_t)r->visible * sizeof *base);
    toss(work, rows, r->visible, work->field, work->v);
}

void gnl_rbm_anneal(const gnl_rbm *r, gnl_rbm_work *work, int64_t rows, const gnl_real *base, int64_t steps)
{
    const gnl_kernels *k = work->compute.k;
    draw_base(r, work, rows, base);
    memset(work->log_odds, 0, (size_t)rows * sizeof *work->log_odds);
    for (int64_t i = 0; i < steps; i++) {
        const double before = (double)i / (double)steps, beta = (double)(i + 1) / (double)steps;
        hidden_inputs(r, &work->compute, rows, work->v, work->input);
        weigh(r, work, rows, base, before, -1);
        weigh(r, work, rows, base, beta, 1);
        k->scale(rows * r->hidden, (gnl_real)beta, work->input, work->input);
        toss(work, rows, r->hidden, work->input, work->h);
        visible_inputs(r, &work->compute, rows, work->h, work->field);
        k->scale(rows * r->visible, (gnl_real)beta, work->field, work->field);
        for (int64_t j = 0; j < rows; j++)
            k->axpy(r->visible, (gnl_real)(1 - beta), base, work->field + j * r->visible);
        toss(work, rows, r->visible, work->field, work->v);
    }
}

/* Mean and standard error of weights are computed relative to the largest. */
void gnl_rbm_log_partition(const gnl_rbm *r, gnl_rbm_work *work, int64_t rows, const gnl_real *base, int64_t steps,
                           uint64_t seed, double *log_z, double *error)
{
    double largest = -INFINITY, mean = 0, square = 0, start = (double)r->hidden * log(2);
    for (int64_t i = 0; i < rows; i++)
        work->rng[i] = gnl_rng_make(seed, GNL_STREAM_EVAL, (uint64_t)i);
    gnl_rbm_anneal(r, work, rows, base, steps);
    for (int64_t i = 0; i < rows; i++)
        largest = fmax(largest, work->log_odds[i]);
    for (int64_t i = 0; i < rows; i++)
        mean += exp(work->log_odds[i] - largest) / (double)rows;
    for (int64_t i = 0; i < rows; i++)
        square += pow(exp(work->log_odds[i] - largest) - mean, 2) / (double)GNL_MAX(rows - 1, 1);
    for (int64_t j = 0; j < r->visible; j++)
        start += fmax((double)base[j], 0) + log1p(exp(-fabs((double)base[j])));
    *log_z = start + largest + log(mean);
    *error = sqrt(square / (double)rows) / mean;
}
