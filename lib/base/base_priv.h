/* SPDX-License-Identifier: MIT */
/* Declarations shared by the files of base only. */
#ifndef GNL_BASE_PRIV_H
#define GNL_BASE_PRIV_H

#include "base/base.h"

typedef struct gnl_pool gnl_pool;

/* A kind of the program. The list only grows, at its head, so that it is read without a lock. */
typedef struct gnl_ctx_kind {
    struct gnl_ctx_kind *next;
    const char *name;
    void *entry;
    void (*free_entry)(genlat_ctx *ctx, void *entry);
} gnl_ctx_kind;

struct genlat_ctx {
    atomic_int references;
    genlat_ctx_opts opts;
    genlat_allocator allocator;
    size_t largest_block; /* bytes; 0: no limit */
    gnl_pool *pool;       /* NULL with one thread */
    _Atomic(gnl_ctx_kind *) kinds;
};

genlat_status gnl_pool_new(genlat_ctx *ctx, int threads, gnl_pool **out);
void gnl_pool_destroy(genlat_ctx *ctx, gnl_pool *pool);
void gnl_ctx_free_kinds(genlat_ctx *ctx);
void gnl_pool_run(gnl_pool *pool, int64_t n, int64_t grain, gnl_task *task, void *arg);

#endif
