/* SPDX-License-Identifier: MIT */
/* Distributes samples over threads. Each sample is computed by one thread, so its result does not depend on the number
 * of threads. Missing elements are left out before a likelihood sees the sample. */
#include <tgmath.h>

#include "loss/loss_priv.h"

/* Outputs per chunk. Smaller than GNL_CHUNK, since likelihoods are much more expensive than vector operations. */
enum { GRAIN = 4096 };

static int64_t grain_of(int64_t width)
{
    return GNL_MAX(1, GRAIN / GNL_MAX(width, 1));
}

int64_t gnl_loss_all_rows(const gnl_loss_call *call)
{
    return call->rows * GNL_MAX(call->draws, 1);
}

int64_t gnl_loss_observed(const gnl_loss_call *call, int64_t row)
{
    return call->observed ? call->observed[row % call->rows] : call->dims;
}

size_t gnl_loss_scratch(const genlat_ctx *ctx, int64_t parts, int64_t dims)
{
    return (size_t)gnl_threads(ctx) * (size_t)(parts + 1) * (size_t)dims;
}

double gnl_loss_factor(const gnl_loss_call *call, int64_t row)
{
    return call->weight ? call->scale * call->weight[row] : call->scale;
}

typedef struct row_job {
    const genlat_loss *loss;
    const gnl_loss_call *call;
    gnl_loss_row_fn *fn;
    const double *use;
} row_job;

/* Returns whether number j of the outputs belongs to an observed element. */
static bool is_observed(const gnl_loss_row *row, bool together, int64_t j)
{
    return !isnan(row->target[together ? j / row->parts : j % row->dims]);
}

/* Evaluates a row without its missing elements: moves the others together, and their derivatives back. Both orders of
 * the outputs stay as they are. */
static double partial_row(const gnl_loss_row *row, gnl_loss_row_fn *fn, int64_t observed, gnl_real *scratch)
{
    const gnl_loss_type *type = row->loss->type;
    const bool together = type->together && type->together(row->loss->opts);
    const int64_t outputs = row->parts * row->dims;
    gnl_real *target = scratch + outputs;
    gnl_loss_row part = *row;
    for (int64_t j = 0, k = 0; j < outputs; j++)
        if (is_observed(row, together, j))
            scratch[k++] = row->out[j];
    for (int64_t i = 0, k = 0; i < row->dims; i++)
        if (!isnan(row->target[i]))
            target[k++] = row->target[i];
    part.dims = observed;
    part.out = scratch;
    part.target = target;
    const double nll = fn(&part);
    for (int64_t j = outputs - 1, k = row->parts * observed; row->dout && j >= 0; j--)
        row->dout[j] = is_observed(row, together, j) ? row->dout[--k] : 0;
    return nll;
}

static void row_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const row_job *job = arg;
    const gnl_loss_call *call = job->call;
    int64_t width = call->parts * call->dims;
    gnl_loss_row row = {job->loss, call->compute.k, call->dims, call->parts, .use = job->use};
    for (int64_t r = begin; r < end; r++) {
        row.out = call->out + r * width;
        row.target = call->target + r % call->rows * call->dims;
        row.dout = call->dout ? call->dout + r * width : NULL;
        row.factor = gnl_loss_factor(call, r);
        const int64_t observed = gnl_loss_observed(call, r);
        call->nll[r] = observed == call->dims
                           ? job->fn(&row)
                           : partial_row(&row, job->fn, observed, call->scratch + worker * (width + call->dims));
    }
}

void gnl_loss_rows(const genlat_loss *loss, const gnl_loss_call *call, gnl_loss_row_fn *fn, const double *use)
{
    row_job job = {loss, call, fn, use};
    gnl_parallel(call->compute.ctx, gnl_loss_all_rows(call), grain_of(call->parts * call->dims), row_task, &job);
}

typedef struct decode_job {
    const genlat_loss *loss;
    const gnl_loss_decode *decode;
    gnl_loss_element_fn *fn;
} decode_job;

static void decode_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const decode_job *job = arg;
    const gnl_loss_decode *d = job->decode;
    gnl_rng rng;
    gnl_loss_element element = {job->loss, NULL, d->dims, d->parts, d->rng ? &rng : NULL};
    for (int64_t i = begin * d->dims; i < end * d->dims; i++) {
        int64_t row = i / d->dims, column = i % d->dims;
        element.out = d->out + row * d->parts * d->dims + column;
        if (d->rng) {
            rng = *d->rng;
            rng.counter += (uint64_t)i;
        }
        d->data[i] = (gnl_real)job->fn(&element);
    }
}

void gnl_loss_elements(const genlat_loss *loss, const gnl_loss_decode *decode, gnl_loss_element_fn *fn)
{
    decode_job job = {loss, decode, fn};
    gnl_parallel(decode->compute.ctx, decode->rows, grain_of(decode->parts * decode->dims), decode_task, &job);
    if (decode->rng)
        decode->rng->counter += (uint64_t)(decode->rows * decode->dims);
}
