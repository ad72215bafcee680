/* SPDX-License-Identifier: MIT */
/* Completes data with missing elements by importance sampling (Mattei and Frellsen, MIWAE, 2019): codes are drawn from
 * q(z|x observed) and weighted with p(x observed, z) / q(z|x observed). The means of p(x|z) are averaged with these
 * weights; a draw takes one code with a probability proportional to its weight, and samples from p(x|z). See
 * docs/derivations/missing.md. */
#include <tgmath.h>

#include "vae/vae_priv.h"

/* The row that is completed. */
typedef struct filling {
    genlat_model *model;
    gnl_vae_use *work;
    const gnl_completion *call;
    genlat_tensor *repeated; /* the row's label, for each code; NULL: none */
    gnl_real *data;          /* [codes,data] decoded codes */
    double *sum;             /* [data] weighted sum of means, relative to the largest weight */
    double *best;            /* [draws] key of the code that is chosen so far */
    double largest, total;   /* log of the largest weight so far, and sum of the weights relative to it */
    int64_t row, rows;
} filling;

static gnl_loss_decode decoding(const filling *f, int64_t first, int64_t rows, gnl_rng *rng)
{
    const gnl_vae *vae = gnl_vae_of(f->model);
    return (gnl_loss_decode){.compute = *gnl_exec_compute(f->work->decoder),
                             .rows = rows,
                             .dims = f->model->size,
                             .parts = vae->outputs,
                             .out = gnl_exec_output(f->work->decoder, 0) + first * vae->outputs * f->model->size,
                             .data = f->data,
                             .rng = rng};
}

/* ---- the mean -------------------------------------------------------------------------------- */

/* Makes the sums relative to a larger weight. */
static void raise_largest(filling *f, double largest)
{
    const double factor = exp(f->largest - largest);
    f->total *= factor;
    for (int64_t j = 0; j < f->model->size; j++)
        f->sum[j] *= factor;
    f->largest = largest;
}

static void add_means(filling *f, int64_t codes)
{
    const int64_t size = f->model->size;
    const gnl_loss_decode decode = decoding(f, 0, codes, NULL);
    gnl_loss_decode_mean(gnl_vae_of(f->model)->loss, &decode);
    for (int64_t i = 0; i < codes; i++) {
        if (-f->work->loss[i] > f->largest)
            raise_largest(f, -f->work->loss[i]);
        const double weight = exp(-f->work->loss[i] - f->largest);
        f->total += weight;
        for (int64_t j = 0; weight > 0 && j < size; j++)
            f->sum[j] += weight * (double)f->data[i * size + j];
    }
}

static void store_mean(const filling *f)
{
    for (int64_t j = 0; j < f->model->size; j++)
        f->call->out[f->row * f->model->size + j] = (gnl_real)(f->sum[j] / f->total);
}

/* ---- draws ----------------------------------------------------------------------------------- */

/* Samples from p(x|z) of a code. Draw d of a row has its own place in the stream. */
static void store_draw(const filling *f, int64_t draw, int64_t code)
{
    const int64_t size = f->model->size;
    gnl_rng rng = gnl_rng_make((uint64_t)f->call->opts->seed, GNL_STREAM_SAMPLE,
                               (uint64_t)f->row | UINT64_C(1) << GNL_SAMPLE_NOISE_BIT);
    rng.counter = (uint64_t)(draw * size);
    const gnl_loss_decode decode = decoding(f, code, 1, &rng);
    gnl_loss_decode_sample(gnl_vae_of(f->model)->loss, &decode);
    memcpy(f->call->out + (draw * f->rows + f->row) * size, f->data, (size_t)size * sizeof *f->data);
}

/* Of all codes, the one with the largest log-weight plus Gumbel noise has a probability proportional to its weight. */
static void choose(const filling *f, int64_t codes, gnl_rng *rng)
{
    for (int64_t d = 0; d < f->call->opts->draws; d++) {
        int64_t chosen = -1;
        for (int64_t i = 0; i < codes; i++) {
            const double key = -f->work->loss[i] - log(-log(gnl_rng_unit(rng) + 0x1p-54));
            if (key > f->best[d]) {
                f->best[d] = key;
                chosen = i;
            }
        }
        if (chosen >= 0)
            store_draw(f, d, chosen);
    }
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void begin_row(filling *f)
{
    memset(f->sum, 0, (size_t)f->model->size * sizeof *f->sum);
    f->largest = -INFINITY;
    f->total = 0;
    for (int64_t d = 0; d < f->call->opts->draws; d++)
        f->best[d] = -INFINITY;
}

static genlat_status check_row(const filling *f)
{
    const bool found = f->call->opts->draws ? f->best[0] > -INFINITY : f->total > 0;
    return found ? GENLAT_OK
                 : gnl_fail(GENLAT_E_NUMERIC, "row %lld has no finite likelihood; the model cannot complete it",
                            (long long)f->row);
}

static genlat_status fill_row(filling *f)
{
    const genlat_complete_opts *o = f->call->opts;
    const int64_t most = f->work->base.rows;
    gnl_rng noise = gnl_rng_make((uint64_t)o->seed, GNL_STREAM_EVAL, (uint64_t)f->row);
    gnl_rng choice = gnl_rng_make((uint64_t)o->seed, GNL_STREAM_SAMPLE, (uint64_t)f->row);
    begin_row(f);
    GNL_TRY(gnl_vae_use_repeat(f->model, f->work, f->call->x, f->call->labels, f->row, f->repeated));
    for (int64_t done = 0; done < o->samples; done += most) {
        const int64_t codes = GNL_MIN(most, o->samples - done);
        GNL_TRY(gnl_vae_use_weigh(f->model, f->work, codes, &noise, f->repeated));
        if (o->draws)
            choose(f, codes, &choice);
        else
            add_means(f, codes);
    }
    GNL_TRY(check_row(f));
    if (!o->draws)
        store_mean(f);
    return GENLAT_OK;
}

static bool is_partial(const gnl_real *x, int64_t size)
{
    for (int64_t j = 0; j < size; j++)
        if (isnan(x[j]))
            return true;
    return false;
}

static genlat_status fill_rows(filling *f)
{
    for (f->row = 0; f->row < f->rows; f->row++)
        if (is_partial(f->call->x->data + f->row * f->model->size, f->model->size))
            GNL_TRY(fill_row(f));
    return GENLAT_OK;
}

static genlat_status check(const genlat_model *model)
{
    const gnl_vae *vae = gnl_vae_of(model);
    const gnl_posterior *q = vae->latents->posterior;
    if (!vae->missing.type->accepts)
        return gnl_fail(GENLAT_E_STATE, "the model was not trained for missing values; train a vae with missing=fill "
                                        "or missing=condition");
    if (!gnl_posterior_has_density(q->type))
        return gnl_fail(GENLAT_E_UNSUPPORTED, "completion needs a posterior with a density, %s has none",
                        q->kind.type->name);
    return GENLAT_OK;
}

genlat_status gnl_vae_fill_in(genlat_model *model, const gnl_completion *call)
{
    filling f = {.model = model, .call = call, .rows = call->x->shape.dim[0]};
    genlat_ctx *ctx = model->object.ctx;
    const size_t size = (size_t)model->size, draws = (size_t)call->opts->draws;
    GNL_TRY(check(model));
    GNL_TRY(gnl_model_check_support(model, f.rows, call->x->data));
    GNL_TRY(gnl_vae_use_acquire(model, call->labels, call->opts->samples, &f.work, &f.repeated));
    f.data = gnl_alloc(ctx, (size_t)f.work->base.rows * size, sizeof *f.data);
    f.sum = gnl_alloc(ctx, size + draws, sizeof *f.sum);
    f.best = f.sum ? f.sum + size : NULL;
    genlat_status status = f.data && f.sum ? fill_rows(&f) : GENLAT_E_MEMORY;
    gnl_free(ctx, f.sum);
    gnl_free(ctx, f.data);
    gnl_tensor_release(f.repeated);
    gnl_pool_release(model, GNL_VAE_POOL, &f.work->base);
    return status;
}
