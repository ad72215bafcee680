/* SPDX-License-Identifier: MIT */
/* A source that calls functions of the program. */
#include "data/data_priv.h"

typedef struct callback_source {
    genlat_source source;
    genlat_source_table table;
} callback_source;

static genlat_status callback_fetch(const genlat_source *source, const int64_t *indices, int64_t n, uint64_t draw,
                                    gnl_real *x, gnl_real *labels)
{
    const callback_source *self = (const callback_source *)source;
    float *x_float = (float *)(void *)x, *labels_float = (float *)(void *)labels;
    const gnl_callback callback = gnl_callback_begin();
    const int32_t result = self->table.fetch(self->table.user, indices, n, draw, x_float, labels_float);
    const genlat_status own = gnl_callback_end(callback);
    if (result != 0)
        return gnl_callback_failed(own, "the source's fetch function", result);
#ifdef GNL_FLOAT64
    /* The program has written floats at the start of the array of doubles. Converting from the end overwrites none of
     * them. */
    for (int64_t i = n * gnl_shape_count(&source->sample) - 1; i >= 0; i--)
        x[i] = x_float[i];
    for (int64_t i = labels ? n * gnl_source_label_size(source) - 1 : -1; i >= 0; i--)
        labels[i] = labels_float[i];
#endif
    return GENLAT_OK;
}

static void callback_destroy(genlat_source *source)
{
    const genlat_source_table *table = &((callback_source *)source)->table;
    if (table->free)
        table->free(table->user);
}

static const gnl_source_type callback_type = {.name = "callback", .fetch = callback_fetch, .destroy = callback_destroy};

static genlat_status check_table(const genlat_source_table *table, gnl_shape *sample)
{
    GNL_CHECK(table->fetch, "table->fetch is NULL");
    GNL_CHECK(!table->classes || !table->condition, "table has both classes and condition");
    if (table->count < 1 || table->classes < 0 || table->condition < 0)
        return gnl_fail(GENLAT_E_RANGE, "count is %lld, classes is %lld, condition is %lld; must be >= 1, >= 0, >= 0",
                        (long long)table->count, (long long)table->classes, (long long)table->condition);
    if (table->ndim < 0 || table->ndim >= GENLAT_MAX_DIMS)
        return gnl_fail(GENLAT_E_RANGE, "ndim is %lld, must be from 0 to %d", (long long)table->ndim,
                        GENLAT_MAX_DIMS - 1);
    *sample = gnl_shape_of((int32_t)table->ndim, table->dims);
    GNL_TRY(gnl_shape_check(sample, NULL));
    if (gnl_shape_count(sample) < 1)
        return gnl_fail(GENLAT_E_SHAPE, "the shape of a sample has a dimension of size 0");
    return GENLAT_OK;
}

genlat_status genlat_source_callback(genlat_ctx *ctx, const genlat_source_table *table, genlat_source **out)
{
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_CHECK(ctx, "ctx is NULL");
    GNL_CHECK(table, "table is NULL");
    gnl_shape sample;
    genlat_source *source = NULL;
    genlat_source_table complete = {.size = 0};
    GNL_TRY(gnl_struct_take(table, sizeof complete, &complete, "table"));
    GNL_TRY(check_table(&complete, &sample));
    GNL_TRY(gnl_source_alloc(ctx, &callback_type, sizeof(callback_source), &source));
    ((callback_source *)source)->table = complete;
    source->sample = sample;
    source->count = complete.count;
    source->classes = complete.classes;
    source->condition = complete.condition;
    *out = source;
    return GENLAT_OK;
}
