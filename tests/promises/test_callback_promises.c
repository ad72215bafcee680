/* SPDX-License-Identifier: MIT */
/* Functions of the program that the library calls: errors of their own, and what they may do with what calls them. */
#include "promises/rig.h"

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "genlat/experimental.h"

enum { SAMPLES = 8, OWN_STATUS = GENLAT_E_NOT_FOUND };

static const char own_text[] = "camera 3 is not connected";

/* ---- sources --------------------------------------------------------------------------------- */

/* How a fetch fails. */
typedef enum failure { PLAINLY, WITH_TEXT, WITH_STATUS_CANCELLED, AFTER_A_CALL, KEEPING_A_TEXT } failure;

static struct {
    failure how;
    atomic_int good; /* fetches before the first that fails */
} camera;

static int32_t fetch(void *user, const int64_t *indices, int64_t n, uint64_t draw, float *x, float *labels)
{
    genlat_layer *layer = NULL;
    for (int64_t i = 0; i < 2 * n; i++)
        x[i] = (float)indices[i / 2];
    if (atomic_fetch_sub(&camera.good, 1) > 0)
        return 0;
    if (camera.how == WITH_TEXT)
        (void)genlat_error_set(OWN_STATUS, "%s", own_text);
    if (camera.how == WITH_STATUS_CANCELLED)
        (void)genlat_error_set(GENLAT_E_CANCELLED, "%s", own_text);
    if (camera.how == AFTER_A_CALL || camera.how == KEEPING_A_TEXT)
        ck_assert_int_eq(genlat_layer_new(ctx, "dance", &layer), GENLAT_E_NOT_FOUND);
    if (camera.how == KEEPING_A_TEXT)
        (void)genlat_error_set(GENLAT_E_NOT_FOUND, NULL);
    return 7;
}

static genlat_source *camera_source(failure how, int good)
{
    const genlat_source_table table = {.size = sizeof table, .ndim = 1, .dims = {2}, .count = SAMPLES, .fetch = fetch};
    genlat_source *out = NULL;
    camera.how = how;
    atomic_store(&camera.good, good);
    ok(genlat_source_callback(ctx, &table, &out));
    return out;
}

/* What genlat_source_read() and batches, with and without prefetch, report. */
static void expect_error(failure how, genlat_status wanted, const char *words)
{
    for (int prefetch = 0; prefetch < 2; prefetch++) {
        genlat_source *source = camera_source(how, 0);
        genlat_tensor *x = NULL;
        const genlat_tensor *seen = NULL;
        genlat_batches *batches = NULL;
        genlat_batches_opts opts;
        REFUSED_WITH(words, wanted, genlat_source_read, source, 0, 2, &x, NULL);
        genlat_batches_opts_init(&opts);
        opts.batch = 4;
        opts.prefetch = (uint32_t)prefetch;
        ok(genlat_batches_new(source, &opts, &batches));
        REFUSED_WITH(words, wanted, genlat_batches_next, batches, &seen, NULL);
        genlat_batches_destroy(&batches);
        genlat_source_destroy(&source);
    }
}

START_TEST(sources_keep_their_errors)
{
    expect_error(PLAINLY, GENLAT_E_CALLBACK, ": the source's fetch function returned 7");
    expect_error(WITH_TEXT, OWN_STATUS, ": the source's fetch function: camera 3 is not connected");
    expect_error(AFTER_A_CALL, GENLAT_E_CALLBACK, "returned 7");
    expect_error(KEEPING_A_TEXT, GENLAT_E_NOT_FOUND, "fetch function: genlat_layer_new: unknown layer 'dance'");
}
END_TEST

/* An error that a call outside of a callback has set does not count. */
START_TEST(only_errors_of_the_callback_count)
{
    (void)genlat_error_set(OWN_STATUS, "%s", own_text);
    expect_error(PLAINLY, GENLAT_E_CALLBACK, "returned 7");
}
END_TEST

START_TEST(trainings_end_with_the_error_of_the_source)
{
    static const struct {
        failure how;
        genlat_status wanted;
    } cases[] = {{WITH_TEXT, OWN_STATUS}, {WITH_STATUS_CANCELLED, GENLAT_E_CANCELLED}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        genlat_model *model = small_vae();
        genlat_source *source = camera_source(cases[i].how, 3); /* the check of the values is the first */
        genlat_train_opts opts;
        genlat_train_opts_init(&opts);
        opts.batch = 4;
        REFUSED_WITH(own_text, cases[i].wanted, genlat_model_fit, model, source, NULL, &opts);
        genlat_source_destroy(&source);
        genlat_model_destroy(&model);
    }
}
END_TEST

/* ---- layers ---------------------------------------------------------------------------------- */

static genlat_status infer(void *user, genlat_layer_plan *plan)
{
    return user ? genlat_error_set(OWN_STATUS, "%s", own_text) : 77;
}

static void never(void *user, const genlat_layer_call *call)
{
    ck_abort();
}

static void build_own(void *user, genlat_status wanted, const char *words)
{
    const genlat_layer_table table = {.size = sizeof table,
                                      .name = "own",
                                      .user = user,
                                      .inputs = 1,
                                      .infer = infer,
                                      .forward = never,
                                      .backward = never};
    genlat_layer *layer = NULL;
    genlat_net_builder *builder = NULL;
    genlat_net *net = NULL;
    ok(genlat_layer_new_own(ctx, &table, &layer));
    ok(genlat_net_builder_new(ctx, &builder));
    genlat_net_builder_input(builder, "x", 1, (int64_t[]){2});
    genlat_net_builder_layer(builder, layer, "name=a");
    REFUSED_WITH(words, wanted, genlat_net_build, &builder, &net);
    genlat_layer_destroy(&layer);
}

START_TEST(layers_keep_their_errors)
{
    build_own(NULL, GENLAT_E_CALLBACK, "own 'a': infer returned 77");
    build_own(&camera, OWN_STATUS, "own 'a': infer: camera 3 is not connected");
}
END_TEST

/* ---- events ---------------------------------------------------------------------------------- */

/* What the receiver of events does at step 2. */
typedef struct receiver {
    enum { STOP, FAIL, RUN_AGAIN, FIT, FIT_ANOTHER, STEP, SAVE, DESTROY } act;
    genlat_trainer *trainer;
    genlat_model *model, *other;
    genlat_source *source;
    const char *path;
    int events;
} receiver;

static void step_vae(genlat_model *model)
{
    genlat_tensor *x = counting(2, (int64_t[]){4, 2});
    REFUSED(GENLAT_E_STATE, genlat_model_step, model, x, NULL, NULL);
    REFUSED(GENLAT_E_STATE, genlat_vae_step, model, NULL, x, NULL, NULL);
    REFUSED(GENLAT_E_STATE, genlat_vae_backward, model, x, NULL, NULL);
    genlat_tensor_destroy(&x);
}

static int32_t receive(void *user, const genlat_event *event)
{
    receiver *r = user;
    genlat_train_opts opts;
    genlat_train_opts_init(&opts);
    opts.steps = 2;
    opts.batch = 4;
    r->events++;
    if (event->kind != GENLAT_EVENT_STEP || event->step != 2)
        return 0;
    switch (r->act) {
    case STOP:
        return 1;
    case FAIL:
        return genlat_error_set(OWN_STATUS, "%s", own_text);
    case RUN_AGAIN:
        REFUSED(GENLAT_E_STATE, genlat_trainer_run, r->trainer);
        return 0;
    case FIT:
        REFUSED(GENLAT_E_STATE, genlat_model_fit, r->model, r->source, NULL, &opts);
        return 0;
    case FIT_ANOTHER:
        ok(genlat_model_fit(r->other, r->source, NULL, &opts));
        return 0;
    case STEP:
        step_vae(r->model);
        return 0;
    case SAVE:
        ok(genlat_model_save(r->model, r->path));
        return 0;
    case DESTROY:
        genlat_model_destroy(&r->model);
        genlat_source_destroy(&r->source);
        genlat_trainer_destroy(&r->trainer);
        ck_assert_ptr_null(r->trainer);
        return 0;
    }
    return 0;
}

static genlat_status run_with(receiver *r)
{
    genlat_train_opts opts;
    genlat_train_opts_init(&opts);
    opts.event = receive;
    opts.event_user = r;
    opts.batch = 4;
    opts.steps = 5;
    opts.restore_best = 0;
    r->model = small_vae();
    r->other = small_vae();
    r->source = synthetic("ring", SAMPLES, 1);
    ok(genlat_trainer_new(r->model, r->source, NULL, &opts, &r->trainer));
    genlat_trainer *runs = r->trainer;
    return genlat_trainer_run(runs);
}

static void end(receiver *r)
{
    genlat_trainer_destroy(&r->trainer);
    genlat_model_destroy(&r->model);
    genlat_model_destroy(&r->other);
    genlat_source_destroy(&r->source);
}

START_TEST(receivers_keep_their_errors)
{
    receiver stops = {.act = STOP}, fails = {.act = FAIL};
    ck_assert_int_eq(run_with(&stops), GENLAT_E_CANCELLED);
    end(&stops);
    ck_assert_int_eq(run_with(&fails), OWN_STATUS);
    ck_assert_str_eq(genlat_last_error(), "genlat_trainer_run: the event's receiver: camera 3 is not connected");
    ok(genlat_trainer_run(fails.trainer)); /* goes on to the end; the error is gone */
    end(&fails);
}
END_TEST

/* Every attempt to train the model within an event is refused, and the training goes on as without it. */
START_TEST(a_model_in_training_is_not_trained_again)
{
    char path[] = "/tmp/genlat-callback-XXXXXX";
    receiver plain = {.act = SAVE, .path = path};
    close(mkstemp(path));
    ok(run_with(&plain));
    unlink(path);
    genlat_tensor *z = counting(2, (int64_t[]){1, 2}), *expected = NULL, *found = NULL;
    ok(genlat_model_decode(plain.model, z, NULL, &expected));
    for (int act = RUN_AGAIN; act <= STEP; act++) {
        receiver r = {.act = act};
        ok(run_with(&r));
        ck_assert_int_eq(r.events, plain.events);
        ok(genlat_model_decode(r.model, z, NULL, &found));
        same_tensors(found, expected);
        genlat_tensor_destroy(&found);
        end(&r);
    }
    end(&plain);
    genlat_tensor_destroy(&z);
    genlat_tensor_destroy(&expected);
}
END_TEST

START_TEST(a_trainer_may_be_destroyed_in_its_event)
{
    receiver r = {.act = DESTROY};
    ok(run_with(&r));
    ck_assert_ptr_null(r.trainer);
    ck_assert_int_gt(r.events, 5); /* the run went on to its end */
    end(&r);
}
END_TEST

/* ---- threads --------------------------------------------------------------------------------- */

/* Two trainers of one model, at once: the second run is refused. The first waits for it in an event. */
typedef struct pair {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    enum { BEFORE, TRAINING, TRIED } stage;
    genlat_trainer *first;
    genlat_status status;
} pair;

static void advance(pair *p, int from, int to)
{
    pthread_mutex_lock(&p->lock);
    while ((int)p->stage < from)
        pthread_cond_wait(&p->changed, &p->lock);
    if ((int)p->stage < to)
        p->stage = to;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

static int32_t wait_for_the_other(void *user, const genlat_event *event)
{
    advance(user, BEFORE, TRAINING);
    advance(user, TRIED, TRIED);
    return 0;
}

static void *run_first(void *user)
{
    pair *p = user;
    p->status = genlat_trainer_run(p->first);
    return NULL;
}

START_TEST(one_thread_trains_a_model)
{
    pair p = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    genlat_model *model = small_vae();
    genlat_source *source = synthetic("ring", SAMPLES, 1);
    genlat_trainer *second = NULL;
    genlat_train_opts opts;
    pthread_t thread;
    genlat_train_opts_init(&opts);
    opts.steps = 8;
    opts.batch = 4;
    ok(genlat_trainer_new(model, source, NULL, &opts, &second));
    opts.steps = 4;
    opts.event = wait_for_the_other;
    opts.event_user = &p;
    ok(genlat_trainer_new(model, source, NULL, &opts, &p.first));
    ck_assert_int_eq(pthread_create(&thread, NULL, run_first, &p), 0);
    advance(&p, TRAINING, TRAINING);
    REFUSED(GENLAT_E_STATE, genlat_trainer_run, second);
    REFUSED(GENLAT_E_STATE, genlat_model_fit, model, source, NULL, NULL);
    advance(&p, TRAINING, TRIED);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ok(p.status);
    ok(genlat_trainer_run(second)); /* the model is free again */
    genlat_trainer_destroy(&p.first);
    genlat_trainer_destroy(&second);
    genlat_source_destroy(&source);
    genlat_model_destroy(&model);
}
END_TEST

int main(void)
{
    const TTest *const list[] = {sources_keep_their_errors,
                                 only_errors_of_the_callback_count,
                                 trainings_end_with_the_error_of_the_source,
                                 layers_keep_their_errors,
                                 receivers_keep_their_errors,
                                 a_model_in_training_is_not_trained_again,
                                 a_trainer_may_be_destroyed_in_its_event,
                                 one_thread_trains_a_model,
                                 NULL};
    return run_tests("promises of callbacks", list);
}
