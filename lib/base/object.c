/* SPDX-License-Identifier: MIT */
/* Reference counts of handles. Each handle holds a reference to its context. */
#include "base/base.h"

void *gnl_object_new(genlat_ctx *ctx, size_t size)
{
    gnl_object *object = gnl_calloc(ctx, 1, size);
    if (object) {
        object->ctx = gnl_ctx_retain(ctx);
        atomic_init(&object->references, 1);
    }
    return object;
}

void *gnl_object_retain(void *object)
{
    if (object)
        atomic_fetch_add_explicit(&((gnl_object *)object)->references, 1, memory_order_relaxed);
    return object;
}

bool gnl_object_release(void *object)
{
    /* acq_rel: the last owner must see all writes of the other owners before they released the object. */
    return object && atomic_fetch_sub_explicit(&((gnl_object *)object)->references, 1, memory_order_acq_rel) == 1;
}

void gnl_object_free(void *object)
{
    if (!object)
        return;
    genlat_ctx *ctx = ((gnl_object *)object)->ctx;
    gnl_free(ctx, object);
    gnl_ctx_release(ctx);
}
