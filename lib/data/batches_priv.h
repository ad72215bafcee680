/* SPDX-License-Identifier: MIT */
/* What batches and their background thread share. */
#ifndef GNL_BATCHES_PRIV_H
#define GNL_BATCHES_PRIV_H

#include "data/data_priv.h"

enum { GNL_BATCH_ERROR_TEXT = 512 };

/* Room for one batch, and the place in the order that it holds. */
typedef struct gnl_batch_slot {
    genlat_tensor *x, *labels; /* labels is NULL when the source has none */
    int64_t epoch, position;   /* epoch -1: it holds nothing */
    genlat_status status;
    char error[GNL_BATCH_ERROR_TEXT]; /* of a failed fill, since error texts belong to threads */
} gnl_batch_slot;

typedef struct gnl_prefetch gnl_prefetch;

struct genlat_batches {
    gnl_object object;
    genlat_source *source;
    genlat_batches_opts opts;
    int64_t samples; /* in an epoch */
    int64_t epoch, position;
    int64_t *order;      /* [count] permutation of order_epoch; without shuffle [batch] scratch */
    int64_t order_epoch; /* -1: none yet. order belongs to the thread that fills. */
    gnl_batch_slot slot[2];
    int front;              /* slot that the caller reads */
    gnl_prefetch *prefetch; /* NULL: the caller's thread fills */
};

/* Reads the batch at a place into a slot; the outcome is in slot->status. */
typedef void gnl_fill_fn(genlat_batches *batches, gnl_batch_slot *slot, int64_t epoch, int64_t position);

/* A thread that calls `fill` for what is asked of it. */
genlat_status gnl_prefetch_new(genlat_batches *batches, gnl_fill_fn *fill, gnl_prefetch **out);
/* Has a slot filled in the background; the one before must have been waited for. */
void gnl_prefetch_ask(gnl_prefetch *prefetch, gnl_batch_slot *slot, int64_t epoch, int64_t position);
/* Returns when nothing is being filled. */
void gnl_prefetch_wait(gnl_prefetch *prefetch);
void gnl_prefetch_destroy(gnl_prefetch *prefetch);

#endif
