/* SPDX-License-Identifier: MIT */
/* Public handle of a random stream. */
#include <stdlib.h>

#include "base/base.h"

struct genlat_rng {
    gnl_object object;
    gnl_rng rng;
};

typedef enum distribution { UNIFORM, NORMAL } distribution;

genlat_status genlat_rng_new(genlat_ctx *ctx, uint64_t seed, uint64_t substream, genlat_rng **out)
{
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_CHECK(ctx, "ctx is NULL");
    if (substream >> 48)
        return gnl_fail(GENLAT_E_RANGE, "substream is %llu, must be less than 2^48", (unsigned long long)substream);
    genlat_rng *handle = gnl_object_new(ctx, sizeof *handle);
    if (!handle)
        return GENLAT_E_MEMORY;
    handle->rng = gnl_rng_make(seed, GNL_STREAM_USER, substream);
    *out = handle;
    return GENLAT_OK;
}

gnl_rng *gnl_rng_of(genlat_rng *handle)
{
    return &handle->rng;
}

void genlat_rng_destroy(genlat_rng **rng)
{
    if (!rng)
        return;
    if (gnl_object_release(*rng))
        gnl_object_free(*rng);
    *rng = NULL;
}

/* Uniform numbers of which none is hi, although the sum may be rounded to it. */
static void uniform(gnl_rng *rng, gnl_real *out, int64_t n, float lo, float hi)
{
    const bool wide = isinf(hi - lo); /* then twice the numbers of half the range */
    gnl_rng_fill_uniform(rng, out, n, (gnl_real)(wide ? lo / 2 : lo), (gnl_real)(wide ? hi / 2 : hi));
    for (int64_t i = 0; i < n; i++) {
        out[i] *= wide ? 2 : 1;
        if ((float)out[i] >= hi && lo < hi)
            out[i] = (gnl_real)nextafterf(hi, lo);
    }
}

/* Fills in blocks, because the generator writes gnl_real, which is double in the gradient tests. */
static void fill(gnl_rng *rng, float *out, int64_t n, distribution kind, float lo, float hi)
{
    enum { BLOCK = 64 };
    gnl_real buffer[BLOCK];
    for (int64_t i = 0; i < n; i += BLOCK) {
        int64_t count = GNL_MIN(n - i, (int64_t)BLOCK);
        if (kind == NORMAL)
            gnl_rng_fill_normal(rng, buffer, count);
        else
            uniform(rng, buffer, count, lo, hi);
        for (int64_t j = 0; j < count; j++)
            out[i + j] = (float)buffer[j];
    }
}

genlat_status genlat_rng_uniform(genlat_rng *rng, int64_t n, float lo, float hi, float *out)
{
    GNL_ENTER();
    GNL_CHECK(rng, "rng is NULL");
    GNL_CHECK(n >= 0, "n is negative");
    GNL_CHECK(out || n == 0, "out is NULL");
    if (!(isfinite(lo) && isfinite(hi) && lo <= hi))
        return gnl_fail(GENLAT_E_RANGE, "lo is %g and hi is %g, expected finite numbers with lo <= hi", (double)lo,
                        (double)hi);
    fill(&rng->rng, out, n, UNIFORM, lo, hi);
    return GENLAT_OK;
}

genlat_status genlat_rng_normal(genlat_rng *rng, int64_t n, float *out)
{
    GNL_ENTER();
    GNL_CHECK(rng, "rng is NULL");
    GNL_CHECK(n >= 0, "n is negative");
    GNL_CHECK(out || n == 0, "out is NULL");
    fill(&rng->rng, out, n, NORMAL, 0, 0);
    return GENLAT_OK;
}

uint64_t genlat_rng_position(const genlat_rng *rng)
{
    return rng ? rng->rng.counter : 0;
}

void genlat_rng_seek(genlat_rng *rng, uint64_t position)
{
    if (rng)
        rng->rng.counter = position;
}
