/* SPDX-License-Identifier: MIT */
/* Binarized samples: drawn once, drawn for every epoch, or compared with a threshold. */
#include "data/data_priv.h"

typedef struct binarize_source {
    genlat_source source;
    uint32_t kind;
    uint64_t seed;
    gnl_real threshold;
} binarize_source;

/* Returns the stream of a sample: one stream per draw, divided into parts per sample. Static binarization uses a draw
 * number that no epoch reaches. */
static gnl_rng sample_rng(const binarize_source *self, uint64_t draw, int64_t index)
{
    const uint64_t last = (UINT64_C(1) << 48) - 1;
    uint64_t blocks = (uint64_t)(gnl_shape_count(&self->source.sample) + 3) / 4;
    gnl_rng rng =
        gnl_rng_make(self->seed, GNL_STREAM_AUGMENT, self->kind == GENLAT_BINARIZE_STATIC ? last : draw % last);
    rng.counter = (uint64_t)index * blocks;
    return rng;
}

/* Sets x to 1 with probability x. */
static void binarize_at_random(gnl_rng *rng, gnl_real *x, int64_t size)
{
    enum { BLOCK = 64 };
    gnl_real uniform[BLOCK];
    for (int64_t at = 0; at < size; at += BLOCK) {
        int64_t n = GNL_MIN((int64_t)BLOCK, size - at);
        gnl_rng_fill_uniform(rng, uniform, n, 0, 1);
        for (int64_t j = 0; j < n; j++)
            x[at + j] = uniform[j] < x[at + j];
    }
}

static genlat_status binarize_fetch(const genlat_source *source, const int64_t *indices, int64_t n, uint64_t draw,
                                    gnl_real *x, gnl_real *labels)
{
    const binarize_source *self = (const binarize_source *)source;
    GNL_TRY(source->inner->type->fetch(source->inner, indices, n, draw, x, labels));
    int64_t size = gnl_shape_count(&source->sample);
    for (int64_t j = 0; self->kind == GENLAT_BINARIZE_THRESHOLD && j < n * size; j++)
        x[j] = x[j] >= self->threshold;
    for (int64_t i = 0; self->kind != GENLAT_BINARIZE_THRESHOLD && i < n; i++) {
        gnl_rng rng = sample_rng(self, draw, indices[i]);
        binarize_at_random(&rng, x + i * size, size);
    }
    return GENLAT_OK;
}

static const gnl_source_type binarize_type = {.name = "binarize", .fetch = binarize_fetch};

genlat_status gnl_source_binarize(genlat_source *inner, uint32_t kind, uint64_t seed, double threshold,
                                  genlat_source **out)
{
    GNL_TRY(gnl_source_wrap(inner, &binarize_type, sizeof(binarize_source), out));
    binarize_source *self = (binarize_source *)*out;
    self->kind = kind;
    self->seed = seed;
    self->threshold = (gnl_real)threshold;
    return GENLAT_OK;
}
