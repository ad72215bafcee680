/* SPDX-License-Identifier: MIT */
/* The training that samplers with gradients share: standardized codes, batches in random order, steps. */
#include <math.h>

#include "model/sampler.h"

static const double PI = 3.14159265358979323846;

/* ---- standardization ------------------------------------------------------------------------- */

void gnl_sampler_moment_params(int64_t dims, gnl_param param[GNL_SAMPLER_MOMENTS])
{
    const gnl_param moment = {.shape = {1, {dims}}, .init = {GNL_INIT_CONSTANT, 0, 1, 1}, .state = true};
    param[GNL_SAMPLER_MEAN] = param[GNL_SAMPLER_SD] = moment;
    param[GNL_SAMPLER_MEAN].name = "mean";
    param[GNL_SAMPLER_SD].name = "sd";
}

static void compute_moments(gnl_sampler *s, int64_t rows, const gnl_real *codes)
{
    for (int64_t d = 0; d < s->dims; d++) {
        double sum = 0, square = 0;
        for (int64_t i = 0; i < rows; i++)
            sum += (double)codes[i * s->dims + d];
        for (int64_t i = 0; i < rows; i++) {
            const double apart = (double)codes[i * s->dims + d] - sum / (double)rows;
            square += apart * apart;
        }
        gnl_numbers_data(&s->numbers, GNL_SAMPLER_MEAN)[d] = (gnl_real)(sum / (double)rows);
        gnl_numbers_data(&s->numbers, GNL_SAMPLER_SD)[d] = (gnl_real)sqrt(square / (double)rows);
    }
}

/* Dimensions that do not vary become 0. */
static void standardize(const gnl_sampler *s, const gnl_real *code, gnl_real *x)
{
    const gnl_real *mean = gnl_numbers_data(&s->numbers, GNL_SAMPLER_MEAN);
    const gnl_real *sd = gnl_numbers_data(&s->numbers, GNL_SAMPLER_SD);
    for (int64_t d = 0; d < s->dims; d++)
        x[d] = sd[d] > 0 ? (code[d] - mean[d]) / sd[d] : 0;
}

void gnl_sampler_place(const gnl_sampler *s, int64_t rows, gnl_real *z)
{
    const gnl_real *mean = gnl_numbers_data(&s->numbers, GNL_SAMPLER_MEAN);
    const gnl_real *sd = gnl_numbers_data(&s->numbers, GNL_SAMPLER_SD);
    for (int64_t i = 0; i < rows * s->dims; i++)
        z[i] = mean[i % s->dims] + sd[i % s->dims] * z[i];
}

/* ---- steps ----------------------------------------------------------------------------------- */

/* Fills a batch with the codes that follow number `at` of an endless series of passes, each in an order of its own. */
static void fill_batch(const gnl_sampler *s, int64_t at, int64_t batch, int64_t rows, const gnl_real *codes,
                       uint64_t seed, gnl_real *x)
{
    for (int64_t i = 0; i < batch; i++) {
        const gnl_rng rng = gnl_rng_make(seed, GNL_STREAM_ORDER, (uint64_t)((at + i) / rows));
        const gnl_permutation order = gnl_permutation_make(rng, rows);
        standardize(s, codes + gnl_permutation_at(&order, (at + i) % rows) * s->dims, x + i * s->dims);
    }
}

static genlat_status run(gnl_sampler *s, const gnl_sampler_training *t, int64_t rows, const gnl_real *codes,
                         uint64_t seed, gnl_real *x)
{
    const int64_t batch = GNL_MIN(t->batch, rows);
    for (int64_t step = 0; step < t->steps; step++) {
        fill_batch(s, step * batch, batch, rows, codes, seed, x);
        gnl_optim_zero_grad(t->optim);
        gnl_optim_set_lr(t->optim, t->lr * 0.5 * (1 + cos(PI * (double)step / (double)t->steps)));
        t->backward(t->user, batch, x, gnl_rng_make(seed, GNL_STREAM_NOISE, (uint64_t)step));
        GNL_TRY_IN(s->type->name, gnl_optim_step(t->optim));
        if ((step + 1) * 10 / t->steps > step * 10 / t->steps)
            gnl_log(s->ctx, GENLAT_LOG_INFO, "sampler %s: step %lld of %lld", s->type->name, (long long)step + 1,
                    (long long)t->steps);
    }
    return GENLAT_OK;
}

genlat_status gnl_sampler_train(gnl_sampler *s, const gnl_sampler_training *t, int64_t rows, const gnl_real *codes,
                                uint64_t seed)
{
    gnl_real *x = gnl_alloc(s->ctx, (size_t)GNL_MIN(t->batch, rows) * (size_t)s->dims, sizeof *x);
    if (!x)
        return GENLAT_E_MEMORY;
    compute_moments(s, rows, codes);
    genlat_status status = run(s, t, rows, codes, seed, x);
    gnl_free(s->ctx, x);
    return status;
}
