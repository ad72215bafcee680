/* SPDX-License-Identifier: MIT */
/* Reads the samples of a source in order, a block of rows at a time. */
#include "data/data_priv.h"

static genlat_status scan(const genlat_source *source, int64_t count, gnl_real *x, gnl_rows_fn *fn, void *user)
{
    int64_t index[GNL_SOURCE_CHUNK];
    for (int64_t first = 0; first < count; first += GNL_SOURCE_CHUNK) {
        const int64_t rows = GNL_MIN((int64_t)GNL_SOURCE_CHUNK, count - first);
        for (int64_t i = 0; i < rows; i++)
            index[i] = first + i;
        GNL_TRY(gnl_source_fetch(source, index, rows, 0, x, NULL));
        GNL_TRY(fn(user, first, rows, x));
    }
    return GENLAT_OK;
}

genlat_status gnl_source_scan(const genlat_source *source, int64_t count, gnl_rows_fn *fn, void *user)
{
    const int64_t size = gnl_shape_count(&source->sample), rows = GNL_MIN((int64_t)GNL_SOURCE_CHUNK, count);
    gnl_real *x = gnl_alloc(source->object.ctx, (size_t)size, (size_t)rows * sizeof *x);
    if (!x)
        return GENLAT_E_MEMORY;
    genlat_status status = scan(source, count, x, fn, user);
    gnl_free(source->object.ctx, x);
    return status;
}
