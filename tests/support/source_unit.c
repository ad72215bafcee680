/* SPDX-License-Identifier: MIT */
/* Fixtures for tests of sources. */
#include <check.h>

#include "support/source_unit.h"

genlat_ctx *ctx;

void open_ctx(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
}

void close_ctx(void)
{
    genlat_ctx_destroy(&ctx);
}

void ok(genlat_status status)
{
    ck_assert_msg(status == GENLAT_OK, "%s: %s", genlat_status_name(status), genlat_last_error());
}

genlat_tensor *tensor(int32_t ndim, const int64_t *dims, const float *data)
{
    genlat_tensor *out = NULL;
    ok(genlat_tensor_from(ctx, ndim, dims, data, &out));
    return out;
}

genlat_source *synthetic(const char *name, int64_t n, int64_t seed)
{
    genlat_source *out = NULL;
    ok(genlat_source_synthetic(ctx, name, n, seed, &out));
    return out;
}

genlat_source *transformed(genlat_source *source, const char *key, const char *value)
{
    genlat_source *out = NULL;
    genlat_transform_opts opts;
    genlat_transform_opts_init(&opts);
    ok(genlat_transform_opts_set(&opts, key, value));
    ok(genlat_source_transform(source, &opts, &out));
    genlat_source_destroy(&source);
    return out;
}

genlat_source *memory_source(void)
{
    static const float x[] = {0, 10, 1, 20, 2, 30, 3, 40}, labels[] = {2, 0, 1, 0};
    genlat_tensor *values = tensor(2, (int64_t[]){4, 2}, x), *classes = tensor(1, (int64_t[]){4}, labels);
    genlat_source *out = NULL;
    ok(genlat_source_memory(ctx, values, classes, &out));
    genlat_tensor_destroy(&values);
    genlat_tensor_destroy(&classes);
    return out;
}
