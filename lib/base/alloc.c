/* SPDX-License-Identifier: MIT */
/* Memory through the context's allocator, with checked products. */
#include <stdlib.h>

#include "base/base_priv.h"

static genlat_status out_of_memory(size_t count, size_t size)
{
    return gnl_fail(GENLAT_E_MEMORY, "out of memory: %zu elements of %zu bytes wanted", count, size);
}

void *gnl_alloc(genlat_ctx *ctx, size_t count, size_t size)
{
    size_t bytes = 0;
    void *memory = NULL;
    if (!__builtin_mul_overflow(count, size, &bytes) && bytes <= SIZE_MAX / 2) {
        bytes = bytes ? (bytes + GNL_ALIGN - 1) / GNL_ALIGN * GNL_ALIGN : GNL_ALIGN;
        memory = ctx && ctx->allocator.alloc ? ctx->allocator.alloc(ctx->allocator.user, bytes, GNL_ALIGN)
                                             : aligned_alloc(GNL_ALIGN, bytes);
    }
    if (!memory)
        (void)out_of_memory(count, size);
    return memory;
}

void *gnl_calloc(genlat_ctx *ctx, size_t count, size_t size)
{
    void *memory = gnl_alloc(ctx, count, size);
    if (memory)
        memset(memory, 0, count * size);
    return memory;
}

void gnl_free(genlat_ctx *ctx, void *memory)
{
    if (!memory)
        return;
    if (ctx && ctx->allocator.free)
        ctx->allocator.free(ctx->allocator.user, memory);
    else
        free(memory);
}

char *gnl_strndup(genlat_ctx *ctx, const char *text, size_t length)
{
    char *copy = gnl_alloc(ctx, length + 1, 1);
    if (copy) {
        memcpy(copy, text, length);
        copy[length] = '\0';
    }
    return copy;
}

char *gnl_strdup(genlat_ctx *ctx, const char *text)
{
    return gnl_strndup(ctx, text, strlen(text));
}

genlat_status gnl_grow(genlat_ctx *ctx, void **array, size_t *capacity, size_t need, size_t size)
{
    if (need <= *capacity)
        return GENLAT_OK;
    size_t wider = GNL_MAX(need, *capacity + *capacity / 2 + 8);
    void *grown = gnl_alloc(ctx, wider, size);
    if (!grown)
        return GENLAT_E_MEMORY;
    if (*array)
        memcpy(grown, *array, *capacity * size);
    gnl_free(ctx, *array);
    *array = grown;
    *capacity = wider;
    return GENLAT_OK;
}

bool gnl_mul_i64(int64_t a, int64_t b, int64_t *out)
{
    return a >= 0 && b >= 0 && !__builtin_mul_overflow(a, b, out);
}
