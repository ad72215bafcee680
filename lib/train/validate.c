/* SPDX-License-Identifier: MIT */
/* Means over whole sources; which validation is the best, and what is kept of it. */
#include "train/train_priv.h"

/* The trainer, when there is one, may be cancelled in between. */
static genlat_status add_up(gnl_model *model, genlat_batches *batches, uint64_t seed, const genlat_trainer *t,
                            double *terms, int64_t *count)
{
    bool conditional = model->classes || model->vector;
    double part[GNL_MAX_TERMS];
    for (*count = 0;;) {
        genlat_tensor *x = NULL, *labels = NULL;
        GNL_TRY(gnl_batches_next(batches, &x, &labels));
        if (!x)
            return GENLAT_OK;
        if (t && gnl_trainer_cancelled(t))
            return gnl_fail(GENLAT_E_CANCELLED, "genlat_trainer_run: cancelled during validation");
        GNL_TRY(model->type->evaluate(model, x, conditional ? labels : NULL, seed, *count, part));
        for (int i = 0; model->type->terms[i]; i++)
            terms[i] += part[i] * (double)x->shape.dim[0];
        *count += x->shape.dim[0];
    }
}

static genlat_status evaluate_in(gnl_model *model, genlat_batches *batches, uint64_t seed,
                                 const genlat_trainer *t, double *terms)
{
    int64_t count = 0;
    for (int i = 0; model->type->terms[i]; i++)
        terms[i] = 0;
    GNL_TRY(add_up(model, batches, seed, t, terms, &count));
    for (int i = 0; model->type->terms[i]; i++)
        terms[i] /= (double)count;
    return GENLAT_OK;
}

genlat_status gnl_evaluate(gnl_model *model, genlat_source *source, int64_t batch, uint64_t seed,
                           const char *where, double *terms)
{
    genlat_batches_opts opts;
    genlat_batches *batches = NULL;
    GNL_TRY(gnl_model_check_source(model, source, where));
    genlat_batches_opts_init(&opts);
    opts.batch = batch;
    opts.shuffle = 0;
    GNL_TRY(gnl_batches_new(source, &opts, &batches));
    genlat_status status = evaluate_in(model, batches, seed, NULL, terms);
    gnl_batches_release(batches);
    return status;
}

genlat_status gnl_trainer_validate(genlat_trainer *t, double *terms)
{
    /* The same draw and the same noise each time, so that validations differ by the model alone. */
    GNL_TRY(gnl_batches_seek(t->valid_batches, 0, 0));
    return evaluate_in(t->model, t->valid_batches, (uint64_t)t->opts.seed, t, terms);
}

genlat_status gnl_trainer_save(genlat_trainer *t, const char *path)
{
    if (!path)
        return GENLAT_OK;
    t->model->progress.seconds = t->seconds_before + gnl_trainer_now() - t->began;
    GNL_TRY(t->model->type->save(t->model, path));
    gnl_trainer_tell(t, GENLAT_EVENT_CHECKPOINT, NULL, path);
    return GENLAT_OK;
}

genlat_status gnl_trainer_judge(genlat_trainer *t, const double *valid, bool counts)
{
    gnl_progress *p = &t->model->progress;
    bool better = isfinite(valid[0]) && (p->best_epoch == 0 || valid[0] < p->best - t->opts.min_gain);
    if (!better) {
        p->waited += counts;
        return GENLAT_OK;
    }
    p->best = valid[0];
    p->best_epoch = t->epoch;
    p->waited = 0;
    t->model->has_best = false;
    if (t->opts.restore_best)
        gnl_model_keep_best(t->model);
    return gnl_trainer_save(t, t->opts.best_path);
}
