/* SPDX-License-Identifier: MIT */
/* Memory through the context's allocator, with checked products. */
#include <stdlib.h>

#include "base/base_priv.h"

static genlat_status out_of_memory(size_t count, size_t size)
{
    return gnl_fail(GENLAT_E_MEMORY, "out of memory: %zu elements of %zu bytes wanted", count, size);
}

/* The C library alone knows which pages are zero already, but it has no aligned calloc(): its blocks are
 * aligned here, and the address that it wants back lies before the memory. */
static void *take_library(size_t bytes, bool zero)
{
    char *block = zero ? calloc(1, bytes + GNL_ALIGN) : malloc(bytes + GNL_ALIGN);
    if (!block)
        return NULL;
    void **memory = (void **)(void *)(block + GNL_ALIGN - (uintptr_t)block % GNL_ALIGN);
    memory[-1] = block;
    return memory;
}

static void give_library(void *memory)
{
    free(((void **)memory)[-1]);
}

static void *take(genlat_ctx *ctx, size_t bytes, bool zero)
{
    if (!ctx || !ctx->allocator.alloc)
        return take_library(bytes, zero);
    void *memory = ctx->allocator.alloc(ctx->allocator.user, bytes, GNL_ALIGN);
    return memory && zero ? memset(memory, 0, bytes) : memory;
}

static void *take_checked(genlat_ctx *ctx, size_t count, size_t size, bool zero)
{
    size_t bytes = 0;
    void *memory = NULL;
    if (!__builtin_mul_overflow(count, size, &bytes) && bytes <= SIZE_MAX / 2)
        memory = take(ctx, bytes ? (bytes + GNL_ALIGN - 1) / GNL_ALIGN * GNL_ALIGN : GNL_ALIGN, zero);
    if (!memory)
        (void)out_of_memory(count, size);
    return memory;
}

void *gnl_alloc(genlat_ctx *ctx, size_t count, size_t size)
{
    return take_checked(ctx, count, size, false);
}

void *gnl_calloc(genlat_ctx *ctx, size_t count, size_t size)
{
    return take_checked(ctx, count, size, true);
}

void gnl_free(genlat_ctx *ctx, void *memory)
{
    if (!memory)
        return;
    if (ctx && ctx->allocator.free)
        ctx->allocator.free(ctx->allocator.user, memory);
    else
        give_library(memory);
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
