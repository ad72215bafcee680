/* SPDX-License-Identifier: MIT */
/* A context whose allocator counts, and fails once at a given call. */
#ifndef GNL_TEST_COUNTED_H
#define GNL_TEST_COUNTED_H

#include <stdatomic.h>
#include <stdlib.h>

#include "genlat/context.h"

typedef struct counter {
    atomic_long calls, live;
    long fail_at; /* 0: never */
} counter;

static inline void *counted_alloc(void *user, size_t size, size_t align)
{
    counter *c = user;
    if (atomic_fetch_add(&c->calls, 1) + 1 == c->fail_at)
        return NULL;
    void *memory = aligned_alloc(align, (size + align - 1) / align * align);
    if (memory)
        atomic_fetch_add(&c->live, 1);
    return memory;
}

static inline void counted_free(void *user, void *memory)
{
    counter *c = user;
    if (memory)
        atomic_fetch_sub(&c->live, 1);
    free(memory);
}

static inline genlat_status counted_ctx(counter *c, int64_t threads, genlat_ctx **ctx)
{
    const genlat_allocator allocator = {sizeof allocator, c, counted_alloc, counted_free};
    genlat_ctx_opts opts;
    genlat_ctx_opts_init(&opts);
    opts.allocator = &allocator;
    opts.threads = threads;
    return genlat_ctx_new(&opts, ctx);
}

#endif
