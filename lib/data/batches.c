/* SPDX-License-Identifier: MIT */
/* Batches: a position (epoch, sample) in an order that is a function of seed and epoch. */
#include <stdio.h>

#include "data/batches_priv.h"

static const gnl_option options[] = {
    GNL_OPT_INT(genlat_batches_opts, batch, 128, 1, 1e9, "samples per batch"),
    GNL_OPT_INT(genlat_batches_opts, seed, 0, 0, 0x1p63, "seed of the order"),
    GNL_OPT_BOOL(genlat_batches_opts, shuffle, 1, "new random order in every epoch"),
    GNL_OPT_BOOL(genlat_batches_opts, drop_last, 0, "omit an incomplete last batch"),
    GNL_OPT_BOOL(genlat_batches_opts, prefetch, 0, "read the next batch in a background thread"),
};

static const gnl_options_table table = {
    "batches", sizeof(genlat_batches_opts), options, GNL_COUNT(options), {offsetof(genlat_batches_opts, reserved)}};

void genlat_batches_opts_init_sized(genlat_batches_opts *opts, size_t size)
{
    gnl_options_init(&table, opts, size);
}

/* ---- filling ----------------------------------------------------------------------------------------- */

/* Returns whether the order of an epoch is kept in memory: with shuffle, up to a number of samples. */
static bool keeps_order(const genlat_batches *batches)
{
    return batches->opts.shuffle && batches->source->count <= GNL_MOST_SHUFFLED;
}

/* Returns the indices of the samples at a position. */
static const int64_t *find_order(genlat_batches *batches, int64_t epoch, int64_t position, int64_t rows)
{
    int64_t *order = batches->order;
    gnl_rng rng = gnl_rng_make((uint64_t)batches->opts.seed, GNL_STREAM_ORDER, (uint64_t)epoch);
    if (!keeps_order(batches)) {
        const gnl_permutation permutation = gnl_permutation_make(rng, batches->source->count);
        for (int64_t i = 0; i < rows; i++)
            order[i] = batches->opts.shuffle ? gnl_permutation_at(&permutation, position + i) : position + i;
        return order;
    }
    if (batches->order_epoch != epoch) {
        for (int64_t i = 0; i < batches->source->count; i++)
            order[i] = i;
        gnl_rng_shuffle(&rng, order, batches->source->count);
        batches->order_epoch = epoch;
    }
    return order + position;
}

static void fill(genlat_batches *batches, gnl_batch_slot *slot, int64_t epoch, int64_t position)
{
    int64_t rows = GNL_MIN(batches->opts.batch, batches->samples - position);
    const int64_t *indices = find_order(batches, epoch, position, rows);
    gnl_real *labels = slot->labels ? slot->labels->data : NULL;
    const char *running = gnl_enter(""); /* the error text is returned by another call later */
    slot->status = gnl_source_fetch(batches->source, indices, rows, (uint64_t)epoch, slot->x->data, labels);
    slot->x->shape.dim[0] = rows;
    if (slot->labels)
        slot->labels->shape.dim[0] = rows;
    slot->epoch = epoch;
    slot->position = position;
    if (slot->status != GENLAT_OK)
        snprintf(slot->error, sizeof slot->error, "%s", genlat_last_error());
    (void)gnl_enter(running);
}

/* ---- creation and destruction ---------------------------------------------------------------------- */

static genlat_status alloc_slot(genlat_batches *batches, gnl_batch_slot *slot)
{
    const genlat_source *source = batches->source;
    gnl_shape x = gnl_shape_batched(&source->sample, batches->opts.batch);
    gnl_shape labels = {source->classes ? 1 : 2, {batches->opts.batch, source->condition}};
    slot->epoch = -1;
    GNL_TRY(gnl_tensor_new(batches->object.ctx, &x, &slot->x));
    return gnl_source_label_size(source) ? gnl_tensor_new(batches->object.ctx, &labels, &slot->labels) : GENLAT_OK;
}

static genlat_status alloc_buffers(genlat_batches *batches)
{
    bool prefetch = batches->opts.prefetch != 0;
    int64_t ordered = keeps_order(batches) ? batches->source->count : batches->opts.batch;
    batches->order_epoch = -1;
    batches->order = gnl_alloc(batches->object.ctx, (size_t)ordered, sizeof *batches->order);
    if (!batches->order)
        return GENLAT_E_MEMORY;
    GNL_TRY(alloc_slot(batches, &batches->slot[0]));
    GNL_TRY(prefetch ? alloc_slot(batches, &batches->slot[1]) : GENLAT_OK);
    return prefetch ? gnl_prefetch_new(batches, fill, &batches->prefetch) : GENLAT_OK;
}

genlat_status gnl_batches_new(genlat_source *source, const genlat_batches_opts *opts, genlat_batches **out)
{
    int64_t batch = GNL_MIN(opts->batch, source->count);
    if (opts->drop_last && opts->batch > source->count)
        return gnl_fail(GENLAT_E_RANGE, "drop_last is set, but %lld samples contain no full batch of %lld",
                        (long long)source->count, (long long)opts->batch);
    genlat_batches *batches = gnl_object_new(source->object.ctx, sizeof *batches);
    if (!batches)
        return GENLAT_E_MEMORY;
    batches->source = gnl_object_retain(source);
    batches->opts = *opts;
    batches->opts.batch = batch;
    batches->samples = opts->drop_last ? source->count / batch * batch : source->count;
    genlat_status status = alloc_buffers(batches);
    if (status != GENLAT_OK) {
        gnl_batches_release(batches);
        return status;
    }
    *out = batches;
    return GENLAT_OK;
}

void gnl_batches_release(genlat_batches *batches)
{
    if (!gnl_object_release(batches))
        return;
    gnl_prefetch_destroy(batches->prefetch);
    for (int i = 0; i < 2; i++) {
        gnl_tensor_release(batches->slot[i].x);
        gnl_tensor_release(batches->slot[i].labels);
    }
    gnl_free(batches->object.ctx, batches->order);
    gnl_source_release(batches->source);
    gnl_object_free(batches);
}

/* ---- iteration -------------------------------------------------------------------------------------- */

/* Returns the slot with the batch at the current position, filled by the prefetch thread. */
static gnl_batch_slot *take_prefetched(genlat_batches *batches)
{
    gnl_batch_slot *back = &batches->slot[1 - batches->front];
    gnl_prefetch_wait(batches->prefetch);
    if (back->epoch != batches->epoch || back->position != batches->position) {
        gnl_prefetch_start(batches->prefetch, back, batches->epoch, batches->position);
        gnl_prefetch_wait(batches->prefetch);
    }
    if (back->status == GENLAT_OK)
        batches->front = 1 - batches->front;
    return back;
}

static void prefetch_next(genlat_batches *batches)
{
    bool more = batches->position < batches->samples;
    gnl_prefetch_start(batches->prefetch, &batches->slot[1 - batches->front], batches->epoch + (more ? 0 : 1),
                       more ? batches->position : 0);
}

genlat_status gnl_batches_next(genlat_batches *batches, const genlat_tensor **x, const genlat_tensor **labels)
{
    if (batches->position >= batches->samples) {
        batches->epoch++;
        batches->position = 0;
        return GENLAT_OK;
    }
    gnl_batch_slot *slot = &batches->slot[0];
    if (batches->prefetch)
        slot = take_prefetched(batches);
    else
        fill(batches, slot, batches->epoch, batches->position);
    if (slot->status != GENLAT_OK) {
        slot->epoch = -1; /* the next call retries */
        return gnl_fail(slot->status, "%s", slot->error);
    }
    batches->position += slot->x->shape.dim[0];
    if (batches->prefetch)
        prefetch_next(batches);
    *x = slot->x;
    if (labels)
        *labels = slot->labels;
    return GENLAT_OK;
}

genlat_status gnl_batches_seek(genlat_batches *batches, int64_t epoch, int64_t position)
{
    const int64_t last = INT64_C(1) << 40;
    if (epoch < 0 || epoch > last || position < 0 || position > batches->samples)
        return gnl_fail(GENLAT_E_RANGE, "epoch is %lld and position is %lld, must be 0 to 2^40 and 0 to %lld",
                        (long long)epoch, (long long)position, (long long)batches->samples);
    batches->epoch = epoch;
    batches->position = position;
    return GENLAT_OK;
}

/* ---- public ------------------------------------------------------------------------------------------ */

genlat_status genlat_batches_new(genlat_source *source, const genlat_batches_opts *given, genlat_batches **out)
{
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_CHECK(source, "source is NULL");
    genlat_batches_opts opts;
    GNL_TRY(gnl_options_take(&table, given, &opts));
    return gnl_batches_new(source, &opts, out);
}

genlat_status genlat_batches_next(genlat_batches *batches, const genlat_tensor **x, const genlat_tensor **labels)
{
    GNL_ENTER();
    if (x)
        *x = NULL;
    if (labels)
        *labels = NULL;
    GNL_CHECK(batches, "batches is NULL");
    GNL_CHECK(x, "x is NULL");
    return gnl_batches_next(batches, x, labels);
}

genlat_status genlat_batches_seek(genlat_batches *batches, int64_t epoch, int64_t position)
{
    GNL_ENTER();
    GNL_CHECK(batches, "batches is NULL");
    return gnl_batches_seek(batches, epoch, position);
}

int64_t genlat_batches_epoch(const genlat_batches *batches)
{
    return batches ? batches->epoch : 0;
}

int64_t genlat_batches_position(const genlat_batches *batches)
{
    return batches ? batches->position : 0;
}

int64_t genlat_batches_count(const genlat_batches *batches)
{
    return batches ? (batches->samples + batches->opts.batch - 1) / batches->opts.batch : 0;
}

void genlat_batches_destroy(genlat_batches **batches)
{
    if (!batches)
        return;
    gnl_batches_release(*batches);
    *batches = NULL;
}
