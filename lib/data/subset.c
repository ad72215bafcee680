/* SPDX-License-Identifier: MIT */
/* Subsets of a source: a range, a list, the two parts of a split. */
#include "data/data_priv.h"

typedef struct subset_source {
    genlat_source source;
    int64_t begin;
    int64_t *indices;         /* used instead of begin; NULL: a range */
    gnl_permutation permuted; /* the range is one of this permutation; count 0: of the samples themselves */
} subset_source;

static int64_t subset_map(const genlat_source *source, int64_t index)
{
    const subset_source *self = (const subset_source *)source;
    if (self->indices)
        return self->indices[index];
    return self->permuted.count ? gnl_permutation_at(&self->permuted, self->begin + index) : self->begin + index;
}

static genlat_status subset_fetch(const genlat_source *source, const int64_t *indices, int64_t n, uint64_t draw,
                                  gnl_real *x, gnl_real *labels)
{
    int64_t mapped[GNL_SOURCE_CHUNK];
    int64_t size = gnl_shape_count(&source->sample), width = gnl_source_label_size(source);
    const genlat_source *inner = source->inner;
    for (int64_t at = 0; at < n; at += GNL_SOURCE_CHUNK) {
        int64_t count = GNL_MIN((int64_t)GNL_SOURCE_CHUNK, n - at);
        for (int64_t i = 0; i < count; i++)
            mapped[i] = subset_map(source, indices[at + i]);
        GNL_TRY(inner->type->fetch(inner, mapped, count, draw, x + at * size, labels ? labels + at * width : NULL));
    }
    return GENLAT_OK;
}

static void subset_destroy(genlat_source *source)
{
    gnl_free(source->object.ctx, ((subset_source *)source)->indices);
}

static const gnl_source_type subset_type = {
    .name = "subset", .fetch = subset_fetch, .destroy = subset_destroy, .map = subset_map, .keeps_values = true};

genlat_status gnl_source_range(genlat_source *inner, int64_t begin, int64_t count, genlat_source **out)
{
    GNL_TRY(gnl_source_wrap(inner, &subset_type, sizeof(subset_source), out));
    ((subset_source *)*out)->begin = begin;
    (*out)->count = count;
    return GENLAT_OK;
}

genlat_status gnl_source_pick(genlat_source *inner, const int64_t *indices, int64_t n, genlat_source **out)
{
    genlat_source *source = NULL;
    GNL_TRY(gnl_source_wrap(inner, &subset_type, sizeof(subset_source), &source));
    int64_t *copy = gnl_alloc(inner->object.ctx, (size_t)n, sizeof *copy);
    if (!copy) {
        gnl_source_release(source);
        return GENLAT_E_MEMORY;
    }
    memcpy(copy, indices, (size_t)n * sizeof *copy);
    ((subset_source *)source)->indices = copy;
    source->count = n;
    *out = source;
    return GENLAT_OK;
}

genlat_status genlat_source_subset(genlat_source *source, const int64_t *indices, int64_t n, genlat_source **out)
{
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_CHECK(source, "source is NULL");
    GNL_CHECK(indices, "indices is NULL");
    GNL_CHECK(n >= 1, "n is less than 1");
    for (int64_t i = 0; i < n; i++)
        if (indices[i] < 0 || indices[i] >= source->count)
            return gnl_fail(GENLAT_E_RANGE, "index %lld is out of range for %lld samples", (long long)indices[i],
                            (long long)source->count);
    return gnl_source_pick(source, indices, n, out);
}

/* ---- split ------------------------------------------------------------------------------------------- */

static genlat_status split_in_order(genlat_source *source, int64_t first, genlat_source **train, genlat_source **valid)
{
    GNL_TRY(gnl_source_range(source, 0, first, train));
    return gnl_source_range(source, first, source->count - first, valid);
}

/* Splits a permutation in memory. */
static genlat_status split_shuffled(genlat_source *source, int64_t first, gnl_rng rng, genlat_source **train,
                                    genlat_source **valid)
{
    int64_t *order = gnl_alloc(source->object.ctx, (size_t)source->count, sizeof *order);
    if (!order)
        return GENLAT_E_MEMORY;
    for (int64_t i = 0; i < source->count; i++)
        order[i] = i;
    gnl_rng_shuffle(&rng, order, source->count);
    genlat_status status = gnl_source_pick(source, order, first, train);
    if (status == GENLAT_OK)
        status = gnl_source_pick(source, order + first, source->count - first, valid);
    gnl_free(source->object.ctx, order);
    return status;
}

/* Splits a permutation by formula, which takes no memory. */
static genlat_status split_permuted(genlat_source *source, int64_t first, gnl_rng rng, genlat_source **train,
                                    genlat_source **valid)
{
    const gnl_permutation permutation = gnl_permutation_make(rng, source->count);
    GNL_TRY(split_in_order(source, first, train, valid));
    ((subset_source *)*train)->permuted = permutation;
    ((subset_source *)*valid)->permuted = permutation;
    return GENLAT_OK;
}

static genlat_status split_at_random(genlat_source *source, int64_t first, uint64_t seed, genlat_source **train,
                                     genlat_source **valid)
{
    /* A substream that no epoch reaches, so that a split and batches can share a seed. */
    const gnl_rng rng = gnl_rng_make(seed, GNL_STREAM_ORDER, (UINT64_C(1) << 48) - 1);
    return source->count <= GNL_MOST_SHUFFLED ? split_shuffled(source, first, rng, train, valid)
                                              : split_permuted(source, first, rng, train, valid);
}

static genlat_status split_sizes(const genlat_source *source, double valid_part, int64_t *first)
{
    double count = valid_part < 1 ? round(valid_part * (double)source->count) : valid_part;
    if (!(valid_part > 0) || count != floor(count) || count < 1 || count > (double)(source->count - 1))
        return gnl_fail(GENLAT_E_RANGE,
                        "valid_part is %g of %lld samples, expected a fraction or an integer that leaves at "
                        "least one sample in each part",
                        valid_part, (long long)source->count);
    *first = source->count - (int64_t)count;
    return GENLAT_OK;
}

genlat_status gnl_source_split(genlat_source *source, double valid_part, int64_t seed, genlat_source **train,
                               genlat_source **valid)
{
    int64_t first = 0;
    GNL_TRY(split_sizes(source, valid_part, &first));
    genlat_status status = seed < 0 ? split_in_order(source, first, train, valid)
                                    : split_at_random(source, first, (uint64_t)seed, train, valid);
    if (status != GENLAT_OK) {
        gnl_source_release(*train);
        *train = NULL;
    }
    return status;
}

genlat_status genlat_source_split(genlat_source *source, double valid_part, int64_t seed, genlat_source **train,
                                  genlat_source **valid)
{
    GNL_ENTER();
    if (train)
        *train = NULL;
    if (valid)
        *valid = NULL;
    GNL_CHECK(source, "source is NULL");
    GNL_CHECK(train, "train is NULL");
    GNL_CHECK(valid, "valid is NULL");
    if (seed < -1)
        return gnl_fail(GENLAT_E_RANGE, "seed is %lld, must be at least -1", (long long)seed);
    return gnl_source_split(source, valid_part, seed, train, valid);
}
