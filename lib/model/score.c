/* SPDX-License-Identifier: MIT */
/* Scores of single rows. */
#include "model/model_priv.h"
#include "genlat/score.h"

static int count_scores(const gnl_score *scores)
{
    int count = 0;
    while (scores && scores[count].name)
        count++;
    return count;
}

static const gnl_score *scores_of(const genlat_model *model)
{
    return model->type->scores ? model->type->scores(model) : NULL;
}

const char *genlat_model_score_name(const genlat_model *model, int32_t index, const char **help)
{
    const gnl_score *scores = model ? scores_of(model) : NULL;
    if (index < 0 || index >= count_scores(scores))
        return NULL;
    if (help)
        *help = scores[index].help;
    return scores[index].name;
}

static genlat_status check(const genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels,
                           int64_t samples, int64_t first)
{
    GNL_CHECK(model, "model is NULL");
    if (!scores_of(model))
        return gnl_fail(GENLAT_E_UNSUPPORTED, "a %s gives no scores to rows", model->type->name);
    if (samples < 1 || first < 0)
        return gnl_fail(GENLAT_E_RANGE, "samples is %lld, first is %lld; must be >= 1 and >= 0", (long long)samples,
                        (long long)first);
    return gnl_model_check_batch(model, x, labels);
}

/* Computes the scores in double, then converts them. */
static genlat_status score(genlat_model *model, gnl_score_call *call, genlat_tensor *scores)
{
    const int64_t count = gnl_shape_count(&scores->shape);
    genlat_tensor *scaled = NULL;
    call->out = gnl_calloc(model->object.ctx, (size_t)count, sizeof *call->out);
    genlat_status status = call->out ? gnl_model_scale(model, &call->x, &scaled) : GENLAT_E_MEMORY;
    if (status == GENLAT_OK)
        status = gnl_model_check_support(model, call->x->shape.dim[0], call->x->data);
    if (status == GENLAT_OK)
        status = model->type->score(model, call);
    for (int64_t i = 0; i < count && status == GENLAT_OK; i++)
        scores->data[i] = (gnl_real)call->out[i];
    gnl_tensor_release(scaled);
    gnl_free(model->object.ctx, call->out);
    return status;
}

genlat_status genlat_model_score(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels,
                                 int64_t samples, uint64_t seed, int64_t first, genlat_tensor **scores)
{
    GNL_ENTER();
    GNL_CHECK(scores, "scores is NULL");
    *scores = NULL;
    GNL_TRY(check(model, x, labels, samples, first));
    gnl_score_call call = {.x = x, .labels = labels, .samples = samples, .seed = seed, .first = first};
    GNL_TRY(
        gnl_tensor_new(model->object.ctx, &(gnl_shape){2, {x->shape.dim[0], count_scores(scores_of(model))}}, scores));
    genlat_status status = score(model, &call, *scores);
    if (status != GENLAT_OK)
        genlat_tensor_destroy(scores);
    return status;
}
