/* SPDX-License-Identifier: MIT */
/* Shared by the tests of the trainer. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/trainer_rig.h"

char last[64], best[64], lines[64];

genlat_ctx *ctx;
genlat_source *train, *valid;
fake_model *fake;
genlat_trainer *trainer;
genlat_train_opts opts;
rig_events seen;
rig_memory memory;

static int32_t receive(void *user, const genlat_event *event)
{
    ck_assert_ptr_eq(user, &seen);
    ck_assert_uint_eq(event->size, sizeof *event);
    ck_assert_int_lt(seen.count, EVENTS - 1);
    seen.kinds[seen.count++] = "SEVCAD"[event->kind];
    seen.event = *event;
    if (event->kind >= GENLAT_EVENT_ALARM)
        snprintf(seen.text, sizeof seen.text, "%s", event->text);
    if (event->count > 0) {
        ck_assert_str_eq(event->names[0], "loss");
        seen.value = event->values[0];
    }
    return seen.stop_at > 0 && event->kind == GENLAT_EVENT_STEP && event->step == seen.stop_at;
}

static void *counted_alloc(void *user, size_t size, size_t align)
{
    if (++memory.calls == memory.fail_at)
        return NULL;
    void *block = NULL;
    if (posix_memalign(&block, align < sizeof(void *) ? sizeof(void *) : align, size ? size : 1) != 0)
        return NULL;
    memory.live++;
    return block;
}

static void counted_free(void *user, void *block)
{
    memory.live -= block != NULL;
    free(block);
}

static genlat_source *make_source(double shift)
{
    gnl_shape shape = {2, {COUNT, FAKE_WIDTH}};
    genlat_tensor *x = NULL;
    genlat_source *source = NULL;
    ck_assert_int_eq(gnl_tensor_new(ctx, &shape, &x), GENLAT_OK);
    gnl_rng rng = gnl_rng_make(3, GNL_STREAM_DATA, 0);
    for (int i = 0; i < COUNT * FAKE_WIDTH; i++)
        x->data[i] = (gnl_real)(shift + gnl_rng_gauss(&rng));
    ck_assert_int_eq(genlat_source_memory(ctx, x, NULL, &source), GENLAT_OK);
    genlat_tensor_destroy(&x);
    return source;
}

void rig_begin(void)
{
    genlat_ctx_opts with;
    const genlat_allocator allocator = {sizeof allocator, NULL, counted_alloc, counted_free};
    memset(&memory, 0, sizeof memory);
    memset(&seen, 0, sizeof seen);
    /* The names contain the process id: test programs run in parallel in one folder. */
    snprintf(last, sizeof last, "test_trainer.%ld.last", (long)getpid());
    snprintf(best, sizeof best, "test_trainer.%ld.best", (long)getpid());
    snprintf(lines, sizeof lines, "test_trainer.%ld.jsonl", (long)getpid());
    genlat_ctx_opts_init(&with);
    with.allocator = &allocator;
    ck_assert_int_eq(genlat_ctx_new(&with, &ctx), GENLAT_OK);
    train = make_source(0);
    valid = make_source(0.25);
    fake = fake_new(ctx);
    genlat_train_opts_init(&opts);
    opts.epochs = 2;
    opts.batch = BATCH;
    opts.event = receive;
    opts.event_user = &seen;
}

void rig_end(void)
{
    genlat_trainer_destroy(&trainer);
    fake_release(fake);
    fake = NULL;
    genlat_source_destroy(&train);
    genlat_source_destroy(&valid);
    genlat_ctx_destroy(&ctx);
    ck_assert_int_eq(memory.live, 0);
    unlink(last);
    unlink(best);
    unlink(lines);
}

genlat_status rig_run(genlat_source *validation)
{
    genlat_trainer_destroy(&trainer);
    GNL_TRY(genlat_trainer_new(&fake->model, train, validation, &opts, &trainer));
    return genlat_trainer_run(trainer);
}

void rig_reload(void)
{
    genlat_trainer_destroy(&trainer);
    fake_release(fake);
    fake = fake_load(ctx, last);
    ck_assert_ptr_nonnull(fake);
}

const double *rig_curve(const char *name, int64_t expected)
{
    const double *values = NULL;
    int64_t count = -1;
    ck_assert_int_eq(genlat_trainer_history(trainer, name, &values, &count), GENLAT_OK);
    ck_assert_int_eq(count, expected);
    return values;
}

genlat_source *rig_scaled(genlat_source *source, double offset, double scale)
{
    gnl_shape one = {.ndim = 0};
    genlat_tensor *o = NULL, *s = NULL;
    genlat_source *out = NULL;
    ck_assert_int_eq(gnl_tensor_new(ctx, &one, &o), GENLAT_OK);
    ck_assert_int_eq(gnl_tensor_new(ctx, &one, &s), GENLAT_OK);
    o->data[0] = (gnl_real)offset;
    s->data[0] = (gnl_real)scale;
    ck_assert_int_eq(genlat_source_normalize(source, o, s, &out), GENLAT_OK);
    genlat_tensor_destroy(&o);
    genlat_tensor_destroy(&s);
    return out;
}
