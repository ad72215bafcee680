/* SPDX-License-Identifier: MIT */
/* Declarations shared by batches and their prefetch thread. */
#ifndef GNL_BATCHES_PRIV_H
#define GNL_BATCHES_PRIV_H

#include "data/data_priv.h"

enum { GNL_BATCH_ERROR_TEXT = 512 };

/* Memory for one batch, and the position of that batch in the order. */
typedef struct gnl_batch_slot {
    genlat_tensor *x, *labels; /* labels is NULL if the source has none */
    int64_t epoch, position;   /* epoch -1: the slot is empty */
    genlat_status status;
    char error[GNL_BATCH_ERROR_TEXT]; /* of a failed fill; copied, since each thread has its own error text */
} gnl_batch_slot;

typedef struct gnl_prefetch gnl_prefetch;

struct genlat_batches {
    gnl_object object;
    genlat_source *source;
    genlat_batches_opts opts;
    int64_t samples; /* per epoch */
    int64_t epoch, position;
    int64_t *order;      /* [count] permutation of order_epoch; [batch] scratch if none is kept in memory */
    int64_t order_epoch; /* -1: none yet. Only the thread that fills may use order. */
    gnl_batch_slot slot[2];
    int front;              /* the slot that the caller reads */
    gnl_prefetch *prefetch; /* NULL: the calling thread fills */
};

/* Reads the batch at a position into a slot. The result is in slot->status. */
typedef void gnl_fill_fn(genlat_batches *batches, gnl_batch_slot *slot, int64_t epoch, int64_t position);

/* Creates a thread that calls `fill` on request. */
genlat_status gnl_prefetch_new(genlat_batches *batches, gnl_fill_fn *fill, gnl_prefetch **out);
/* Starts filling a slot in the background. A previous request must have been waited for. */
void gnl_prefetch_start(gnl_prefetch *prefetch, gnl_batch_slot *slot, int64_t epoch, int64_t position);
/* Waits until no slot is being filled. */
void gnl_prefetch_wait(gnl_prefetch *prefetch);
void gnl_prefetch_destroy(gnl_prefetch *prefetch);

#endif
