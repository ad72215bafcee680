/* SPDX-License-Identifier: MIT */
/* A source of the host's own functions. */
#include "data/data_priv.h"

typedef struct callback_source {
    genlat_source source;
    genlat_source_table table;
} callback_source;

static genlat_status callback_fetch(const genlat_source *source, const int64_t *indices, int64_t n,
                                    uint64_t draw, gnl_real *x, gnl_real *labels)
{
    const callback_source *self = (const callback_source *)source;
    float *x_host = (float *)(void *)x, *labels_host = (float *)(void *)labels;
    int32_t result = self->table.fetch(self->table.user, indices, n, draw, x_host, labels_host);
    if (result != 0)
        return gnl_fail(GENLAT_E_CALLBACK, "genlat_source_fetch: the source's fetch function returned %d",
                        result);
#ifdef GNL_FLOAT64
    /* The host writes floats at the front of the doubles; widened from the back, none is lost. */
    for (int64_t i = n * gnl_shape_count(&source->sample) - 1; i >= 0; i--)
        x[i] = x_host[i];
    for (int64_t i = labels ? n * gnl_source_label_size(source) - 1 : -1; i >= 0; i--)
        labels[i] = labels_host[i];
#endif
    return GENLAT_OK;
}

static void callback_destroy(genlat_source *source)
{
    const genlat_source_table *table = &((callback_source *)source)->table;
    if (table->free)
        table->free(table->user);
}

static const gnl_source_type callback_type = {
    .name = "callback", .fetch = callback_fetch, .destroy = callback_destroy};

static genlat_status check_table(const genlat_source_table *table, gnl_shape *sample)
{
    const char *where = "genlat_source_callback";
    GNL_REQUIRE(table->fetch, where, "table->fetch is NULL");
    GNL_REQUIRE(!table->classes || !table->condition, where, "table has both classes and condition");
    if (table->count < 1 || table->classes < 0 || table->condition < 0)
        return gnl_fail(GENLAT_E_RANGE,
                        "%s: count is %lld, classes %lld, condition %lld; >= 1, >= 0, >= 0 wanted", where,
                        (long long)table->count, (long long)table->classes, (long long)table->condition);
    if (table->ndim < 0 || table->ndim >= GENLAT_MAX_DIMS)
        return gnl_fail(GENLAT_E_RANGE, "%s: ndim is %lld, from 0 to %d wanted", where,
                        (long long)table->ndim, GENLAT_MAX_DIMS - 1);
    *sample = gnl_shape_of((int32_t)table->ndim, table->dims);
    GNL_TRY(gnl_shape_check(sample, NULL, where));
    if (gnl_shape_count(sample) < 1)
        return gnl_fail(GENLAT_E_SHAPE, "%s: a dimension of the sample is 0", where);
    return GENLAT_OK;
}

genlat_status genlat_source_callback(genlat_ctx *ctx, const genlat_source_table *table, genlat_source **out)
{
    GNL_REQUIRE(out, "genlat_source_callback", "out is NULL");
    *out = NULL;
    GNL_REQUIRE(ctx, "genlat_source_callback", "ctx is NULL");
    GNL_REQUIRE(table, "genlat_source_callback", "table is NULL");
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
