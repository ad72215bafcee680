/* SPDX-License-Identifier: MIT */
/* Repeats the samples with labels, where these are few, so that they are in every batch. */
#include "data/data_priv.h"

/* Returns how often each sample with a label occurs. */
static int64_t times_of(double share, int64_t labelled, int64_t count)
{
    const double wanted = share / (1 - share) * (double)(count - labelled);
    return GNL_MAX(1, (int64_t)(wanted / (double)labelled + 0.5));
}

static genlat_status repeat(genlat_source *source, const gnl_real *label, double share, genlat_source **out)
{
    genlat_ctx *ctx = source->object.ctx;
    int64_t labelled = 0, at = 0;
    for (int64_t i = 0; i < source->count; i++)
        labelled += label[i] != GNL_UNLABELLED;
    if (!labelled)
        return gnl_fail(GENLAT_E_INVALID, "no sample has a label");
    const int64_t times = times_of(share, labelled, source->count), count = source->count + (times - 1) * labelled;
    int64_t *index = gnl_alloc(ctx, (size_t)count, sizeof *index);
    if (!index)
        return GENLAT_E_MEMORY;
    for (int64_t i = 0; i < source->count; i++)
        for (int64_t t = 0; t < (label[i] == GNL_UNLABELLED ? 1 : times); t++)
            index[at++] = i;
    genlat_status status = gnl_source_pick(source, index, count, out);
    gnl_free(ctx, index);
    return status;
}

genlat_status gnl_source_repeat_labelled(genlat_source *source, double share, genlat_source **out)
{
    gnl_real *label = NULL;
    if (!source->classes)
        return gnl_fail(GENLAT_E_INVALID, "the source has no classes, which the model learns");
    if (!source->unlabelled) {
        *out = gnl_object_retain(source);
        return GENLAT_OK;
    }
    GNL_TRY(gnl_source_labels(source, &label));
    genlat_status status = repeat(source, label, share, out);
    gnl_free(source->object.ctx, label);
    return status;
}
