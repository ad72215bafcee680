/* SPDX-License-Identifier: MIT */
/* Training steps and evaluations of a model of any family. */
#include "model/model_priv.h"

/* Adds the terms of all batches, weighted by rows. Returns E_CANCELLED if `stopped` returns true. */
static genlat_status sum_terms(genlat_model *model, genlat_batches *batches, uint64_t seed, gnl_stop_fn *stopped,
                               const void *user, double *terms, int64_t *count)
{
    double part[GENLAT_MAX_TERMS];
    for (*count = 0;;) {
        const genlat_tensor *x = NULL, *labels = NULL;
        GNL_TRY(gnl_batches_next(batches, &x, &labels));
        if (!x)
            return GENLAT_OK;
        if (stopped && stopped(user))
            return gnl_fail(GENLAT_E_CANCELLED, "the evaluation was cancelled");
        GNL_TRY(gnl_model_check_values(model, x->shape.dim[0], x->data, *count));
        GNL_TRY(model->type->evaluate(model, x, gnl_model_takes_labels(model) ? labels : NULL, seed, *count, part));
        for (int i = 0; model->terms[i]; i++)
            terms[i] += part[i] * (double)x->shape.dim[0];
        *count += x->shape.dim[0];
    }
}

genlat_status gnl_model_evaluate(genlat_model *model, genlat_batches *batches, uint64_t seed, gnl_stop_fn *stopped,
                                 const void *user, double *terms)
{
    int64_t count = 0;
    for (int i = 0; model->terms[i]; i++)
        terms[i] = 0;
    GNL_TRY(sum_terms(model, batches, seed, stopped, user, terms, &count));
    for (int i = 0; model->terms[i]; i++)
        terms[i] /= (double)count;
    return GENLAT_OK;
}

static genlat_status evaluate(genlat_model *model, genlat_source *source, int64_t batch, uint64_t seed, double *terms)
{
    genlat_batches_opts opts;
    genlat_batches *batches = NULL;
    GNL_TRY(gnl_model_check_source(model, source));
    genlat_batches_opts_init(&opts);
    opts.batch = batch;
    opts.shuffle = 0;
    genlat_source *scaled = NULL;
    GNL_TRY(gnl_model_source(model, source, &scaled));
    genlat_status status = gnl_batches_new(scaled, &opts, &batches);
    if (status == GENLAT_OK)
        status = gnl_model_evaluate(model, batches, seed, NULL, NULL, terms);
    gnl_batches_release(batches);
    gnl_source_release(scaled);
    return status;
}

genlat_status genlat_model_evaluate(genlat_model *model, genlat_source *source, int64_t batch, uint64_t seed,
                                    double *terms)
{
    GNL_ENTER();
    GNL_CHECK(model, "model is NULL");
    GNL_CHECK(source, "source is NULL");
    GNL_CHECK(terms, "terms is NULL");
    if (!model->type->evaluate)
        return gnl_fail(GENLAT_E_UNSUPPORTED,
                        "a %s has no loss that can be evaluated on data; evaluate its samples instead",
                        model->type->name);
    if (batch < 1 || batch > 1000000000)
        return gnl_fail(GENLAT_E_RANGE, "batch is %lld, 1 to 10^9 expected", (long long)batch);
    return evaluate(model, source, batch, seed, terms);
}

genlat_status genlat_model_step(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels, double *terms)
{
    double unused[GENLAT_MAX_TERMS];
    GNL_ENTER();
    GNL_CHECK(model, "model is NULL");
    GNL_TRY(gnl_model_check_batch(model, x, labels));
    GNL_TRY(gnl_model_begin_training(model));
    if (model->progress.swapped) /* the last weights of a trainer are given up */
        model->progress.swapped = model->has_best = false;
    return gnl_model_end_training(model, model->type->step(model, x, labels, terms ? terms : unused));
}
