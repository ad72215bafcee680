/* SPDX-License-Identifier: MIT */
/* Allocates and frees memory with the context's allocator. Checks products of sizes for overflow. */
#include <stdlib.h>

#include "base/base_priv.h"

typedef enum contents { UNINITIALIZED, ZEROED } contents;

static genlat_status out_of_memory(size_t count, size_t size)
{
    return gnl_fail(GENLAT_E_MEMORY, "out of memory: could not allocate %zu elements of %zu bytes", count, size);
}

/* calloc() can skip clearing pages that the system has already zeroed, but it does not align. Therefore the block is
 * aligned here, and the address to pass to free() is stored just before the returned memory. */
static void *library_alloc(size_t bytes, contents initial)
{
    char *block = initial == ZEROED ? calloc(1, bytes + GNL_ALIGN) : malloc(bytes + GNL_ALIGN);
    if (!block)
        return NULL;
    void **memory = (void **)(void *)(block + GNL_ALIGN - (uintptr_t)block % GNL_ALIGN);
    memory[-1] = block;
    return memory;
}

static void library_free(void *memory)
{
    free(((void **)memory)[-1]);
}

static void *raw_alloc(genlat_ctx *ctx, size_t bytes, contents initial)
{
    if (!ctx || !ctx->allocator.alloc)
        return library_alloc(bytes, initial);
    void *memory = ctx->allocator.alloc(ctx->allocator.user, bytes, GNL_ALIGN);
    return memory && initial == ZEROED ? memset(memory, 0, bytes) : memory;
}

static void *checked_alloc(genlat_ctx *ctx, size_t count, size_t size, contents initial)
{
    size_t bytes = 0;
    void *memory = NULL;
    const bool is_size = !__builtin_mul_overflow(count, size, &bytes) && bytes <= SIZE_MAX / 2;
    if (is_size && ctx && ctx->largest_block && bytes > ctx->largest_block) {
        (void)gnl_fail(GENLAT_E_MEMORY, "out of memory: a block of %zu bytes is larger than memory_limit, %zu bytes",
                       bytes, ctx->largest_block);
        return NULL;
    }
    if (is_size)
        memory = raw_alloc(ctx, bytes ? (bytes + GNL_ALIGN - 1) / GNL_ALIGN * GNL_ALIGN : GNL_ALIGN, initial);
    if (!memory)
        (void)out_of_memory(count, size);
    return memory;
}

void *gnl_alloc(genlat_ctx *ctx, size_t count, size_t size)
{
    return checked_alloc(ctx, count, size, UNINITIALIZED);
}

void *gnl_calloc(genlat_ctx *ctx, size_t count, size_t size)
{
    return checked_alloc(ctx, count, size, ZEROED);
}

void gnl_free(genlat_ctx *ctx, void *memory)
{
    if (!memory)
        return;
    if (ctx && ctx->allocator.free)
        ctx->allocator.free(ctx->allocator.user, memory);
    else
        library_free(memory);
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

bool gnl_add_count(int64_t *sum, int64_t count)
{
    if (count < 0 || count > GNL_MOST_NUMBERS - *sum)
        return false;
    *sum += count;
    return true;
}

bool gnl_mul_i64(int64_t a, int64_t b, int64_t *out)
{
    return a >= 0 && b >= 0 && !__builtin_mul_overflow(a, b, out);
}
