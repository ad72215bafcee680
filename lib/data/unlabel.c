/* SPDX-License-Identifier: MIT */
/* Hides the labels of all but a few samples, to learn from few labels. */
#include "data/data_priv.h"

typedef struct unlabelled_source {
    genlat_source source;
    bool *keeps; /* [count] */
} unlabelled_source;

static genlat_status unlabelled_fetch(const genlat_source *source, const int64_t *indices, int64_t n, uint64_t draw,
                                      gnl_real *x, gnl_real *labels)
{
    const unlabelled_source *self = (const unlabelled_source *)source;
    GNL_TRY(source->inner->type->fetch(source->inner, indices, n, draw, x, labels));
    for (int64_t i = 0; labels && i < n; i++)
        if (!self->keeps[indices[i]])
            labels[i] = GNL_UNLABELLED;
    return GENLAT_OK;
}

static void unlabelled_destroy(genlat_source *source)
{
    gnl_free(source->object.ctx, ((unlabelled_source *)source)->keeps);
}

static const gnl_source_type unlabelled_type = {
    .name = "unlabel", .fetch = unlabelled_fetch, .destroy = unlabelled_destroy, .keeps_values = true};

/* ---- reading labels ---------------------------------------------------------------------------------- */

static genlat_status read_labels(const genlat_source *source, gnl_real *x, gnl_real *labels)
{
    const int64_t width = gnl_source_label_size(source);
    int64_t index[GNL_SOURCE_CHUNK];
    for (int64_t first = 0; first < source->count; first += GNL_SOURCE_CHUNK) {
        const int64_t rows = GNL_MIN((int64_t)GNL_SOURCE_CHUNK, source->count - first);
        for (int64_t i = 0; i < rows; i++)
            index[i] = first + i;
        GNL_TRY(gnl_source_fetch(source, index, rows, 0, x, labels + first * width));
    }
    return GENLAT_OK;
}

genlat_status gnl_source_labels(const genlat_source *source, gnl_real **out)
{
    genlat_ctx *ctx = source->object.ctx;
    const int64_t size = gnl_shape_count(&source->sample), rows = GNL_MIN((int64_t)GNL_SOURCE_CHUNK, source->count);
    gnl_real *x = gnl_alloc(ctx, (size_t)size, (size_t)rows * sizeof *x);
    gnl_real *labels = gnl_alloc(ctx, (size_t)source->count, (size_t)gnl_source_label_size(source) * sizeof *labels);
    genlat_status status = x && labels ? read_labels(source, x, labels) : GENLAT_E_MEMORY;
    gnl_free(ctx, x);
    if (status != GENLAT_OK) {
        gnl_free(ctx, labels);
        return status;
    }
    *out = labels;
    return GENLAT_OK;
}

/* ---- choosing samples -------------------------------------------------------------------------------- */

/* Walks through the samples in random order, and keeps a label while its class has fewer than its part. That is count /
 * classes, and one more for the first classes if that leaves a rest. */
static void choose(const unlabelled_source *self, const gnl_real *labels, const int64_t *order, int64_t count,
                   int64_t *kept)
{
    const int64_t classes = self->source.classes;
    for (int64_t i = 0; i < self->source.count; i++) {
        const int64_t class = (int64_t)labels[order[i]];
        if (class == GNL_UNLABELLED || kept[class] >= count / classes + (class < count % classes))
            continue;
        self->keeps[order[i]] = true;
        kept[class]++;
    }
}

static genlat_status check_kept(const unlabelled_source *self, int64_t count, const int64_t *kept)
{
    int64_t total = 0, least = 0;
    for (int64_t c = 0; c < self->source.classes; c++) {
        total += kept[c];
        least = kept[c] < kept[least] ? c : least;
    }
    if (total == count)
        return GENLAT_OK;
    return gnl_fail(GENLAT_E_RANGE,
                    "labelled is %lld, but class %lld has only %lld samples with a label; labels are kept of equally "
                    "many samples of each of %lld classes",
                    (long long)count, (long long)least, (long long)kept[least], (long long)self->source.classes);
}

static genlat_status choose_samples(const unlabelled_source *self, int64_t count, uint64_t seed)
{
    genlat_ctx *ctx = self->source.object.ctx;
    gnl_rng rng = gnl_rng_make(seed, GNL_STREAM_ORDER, 0);
    gnl_real *labels = NULL;
    GNL_TRY(gnl_source_labels(self->source.inner, &labels));
    int64_t *order = gnl_alloc(ctx, (size_t)self->source.count, sizeof *order);
    int64_t *kept = gnl_calloc(ctx, (size_t)self->source.classes, sizeof *kept);
    genlat_status status = order && kept ? GENLAT_OK : GENLAT_E_MEMORY;
    for (int64_t i = 0; i < self->source.count && status == GENLAT_OK; i++)
        order[i] = i;
    if (status == GENLAT_OK) {
        gnl_rng_shuffle(&rng, order, self->source.count);
        choose(self, labels, order, count, kept);
        status = check_kept(self, count, kept);
    }
    gnl_free(ctx, kept);
    gnl_free(ctx, order);
    gnl_free(ctx, labels);
    return status;
}

genlat_status gnl_source_unlabel(genlat_source *inner, int64_t count, uint64_t seed, genlat_source **out)
{
    genlat_source *source = NULL;
    if (!inner->classes)
        return gnl_fail(GENLAT_E_INVALID, "labelled is %lld, but the samples have no classes", (long long)count);
    if (count < inner->classes)
        return gnl_fail(GENLAT_E_RANGE, "labelled is %lld, at least one label for each of %lld classes expected",
                        (long long)count, (long long)inner->classes);
    GNL_TRY(gnl_source_wrap(inner, &unlabelled_type, sizeof(unlabelled_source), &source));
    unlabelled_source *self = (unlabelled_source *)source;
    source->unlabelled = true;
    self->keeps = gnl_calloc(source->object.ctx, (size_t)source->count, sizeof *self->keeps);
    genlat_status status = self->keeps ? choose_samples(self, count, seed) : GENLAT_E_MEMORY;
    if (status != GENLAT_OK) {
        gnl_source_release(source);
        return status;
    }
    *out = source;
    return GENLAT_OK;
}
