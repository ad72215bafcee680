/* SPDX-License-Identifier: MIT */
/* Combines several random samples of a source as channels of one sample. Ten classes and three samples yield a thousand
 * known modes. */
#include "data/data_priv.h"

typedef struct stack_source {
    genlat_source source;
    int64_t planes;
    uint64_t seed;
} stack_source;

/* Returns the stream of a sample: one stream per draw, divided into parts per sample. */
static gnl_rng sample_rng(const stack_source *self, uint64_t draw, int64_t index)
{
    gnl_rng rng = gnl_rng_make(self->seed, GNL_STREAM_AUGMENT, draw & ((UINT64_C(1) << 48) - 1));
    rng.counter = (uint64_t)index * (uint64_t)self->planes;
    return rng;
}

static genlat_status fetch_one(const stack_source *self, int64_t index, uint64_t draw, gnl_real *x, gnl_real *label)
{
    const genlat_source *inner = self->source.inner;
    gnl_rng rng = sample_rng(self, draw, index);
    int64_t size = gnl_shape_count(&inner->sample), weight = 1;
    for (int64_t plane = 0; plane < self->planes; plane++, weight *= inner->classes) {
        gnl_real own = 0;
        int64_t chosen = (int64_t)gnl_rng_below(&rng, (uint64_t)inner->count);
        GNL_TRY(inner->type->fetch(inner, &chosen, 1, draw, x + plane * size, label ? &own : NULL));
        if (label)
            *label += own * (gnl_real)weight;
    }
    return GENLAT_OK;
}

static genlat_status stack_fetch(const genlat_source *source, const int64_t *indices, int64_t n, uint64_t draw,
                                 gnl_real *x, gnl_real *labels)
{
    int64_t size = gnl_shape_count(&source->sample);
    for (int64_t i = 0; i < n; i++) {
        if (labels)
            labels[i] = 0;
        GNL_TRY(fetch_one((const stack_source *)source, indices[i], draw, x + i * size, labels ? labels + i : NULL));
    }
    return GENLAT_OK;
}

static const gnl_source_type stack_type = {.name = "stack", .fetch = stack_fetch};

/* Returns the number of combined classes, or 0 if a float could not represent their numbers exactly. */
static int64_t count_classes(int64_t each, int64_t planes)
{
    int64_t classes = each > 0 ? 1 : 0;
    for (int64_t i = 0; i < planes && classes > 0; i++)
        classes = classes * each <= INT64_C(1) << 20 ? classes * each : 0;
    return classes;
}

genlat_status gnl_source_stack(genlat_source *inner, int64_t planes, uint64_t seed, genlat_source **out)
{
    gnl_shape shape = inner->sample;
    int64_t count = 0;
    if (!gnl_mul_i64(shape.dim[0], planes, &shape.dim[0]))
        return gnl_fail(GENLAT_E_RANGE, "stack is %lld, which makes the sample too large", (long long)planes);
    GNL_TRY(gnl_shape_check(&shape, &count));
    GNL_TRY(gnl_source_wrap(inner, &stack_type, sizeof(stack_source), out));
    stack_source *self = (stack_source *)*out;
    self->planes = planes;
    self->seed = seed;
    self->source.sample = shape;
    self->source.classes = count_classes(inner->classes, planes);
    self->source.condition = 0;
    return gnl_source_drop_names(out, true);
}
