/* SPDX-License-Identifier: MIT */
/* Use from several threads. Parallel trainings compute the same as sequential ones. The number of workers does not
 * change results in deterministic mode. A net is shared for inference. Each thread has its own error message. */
#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "genlat/genlat.h"

enum { STEPS = 60, ROWS = 64, THREADS = 4 };

typedef struct job {
    genlat_ctx *ctx; /* shared if not NULL */
    int64_t workers, seed;
    double loss[STEPS];
    genlat_status status;
    char error[256];
} job;

static genlat_ctx *new_ctx(int64_t workers)
{
    genlat_ctx *ctx = NULL;
    genlat_ctx_opts opts;
    genlat_ctx_opts_init(&opts);
    opts.threads = workers;
    opts.deterministic = 1;
    opts.seed = 3;
    return genlat_ctx_new(&opts, &ctx) == GENLAT_OK ? ctx : NULL;
}

static genlat_status make_vae(genlat_ctx *ctx, genlat_model **vae)
{
    genlat_model_builder *builder = NULL;
    genlat_status status = genlat_model_builder_new(ctx, "vae", &builder);
    if (status != GENLAT_OK)
        return status;
    genlat_model_builder_data(builder, 1, (int64_t[]){100});
    genlat_model_builder_set_int(builder, "latent", 4);
    genlat_model_builder_set(builder, "encoder", "dense units=64; tanh");
    genlat_model_builder_set(builder, "decoder", "dense units=64; tanh; dense units=100");
    return genlat_model_build(&builder, NULL, vae);
}

static genlat_status train(genlat_ctx *ctx, job *j)
{
    genlat_model *vae = NULL;
    genlat_tensor *x = NULL;
    genlat_rng *rng = NULL;
    genlat_vae_terms terms = {.size = sizeof terms};
    genlat_status status = make_vae(ctx, &vae);
    if (!status)
        status = genlat_rng_new(ctx, (uint64_t)j->seed, 0, &rng);
    if (!status)
        status = genlat_tensor_new(ctx, 2, (int64_t[]){ROWS, 100}, &x);
    for (int step = 0; step < STEPS && !status; step++) {
        status = genlat_rng_uniform(rng, genlat_tensor_count(x), 0, 1, genlat_tensor_data(x));
        if (!status)
            status = genlat_vae_step(vae, NULL, x, NULL, &terms);
        j->loss[step] = terms.objective;
    }
    genlat_rng_destroy(&rng);
    genlat_tensor_destroy(&x);
    genlat_model_destroy(&vae);
    return status;
}

static void *run(void *arg)
{
    job *j = arg;
    genlat_ctx *own = j->ctx ? NULL : new_ctx(j->workers);
    j->status = train(j->ctx ? j->ctx : own, j);
    strncpy(j->error, genlat_last_error(), sizeof j->error - 1);
    genlat_ctx_destroy(&own);
    return NULL;
}

static void run_parallel(job *jobs, int count)
{
    pthread_t thread[THREADS];
    for (int i = 0; i < count; i++)
        ck_assert_int_eq(pthread_create(&thread[i], NULL, run, &jobs[i]), 0);
    for (int i = 0; i < count; i++)
        pthread_join(thread[i], NULL);
}

static void check_same(const job *a, const job *b)
{
    ck_assert_msg(a->status == GENLAT_OK, "%s", a->error);
    ck_assert_msg(b->status == GENLAT_OK, "%s", b->error);
    for (int i = 0; i < STEPS; i++)
        ck_assert_msg(a->loss[i] == b->loss[i], "step %d: %.17g and %.17g", i, a->loss[i], b->loss[i]);
    ck_assert(a->loss[STEPS - 1] < a->loss[0]);
}

START_TEST(parallel_trainings_compute_the_same_as_sequential_ones)
{
    static job sequential[THREADS], parallel[THREADS];
    genlat_ctx *shared = _i ? new_ctx(2) : NULL;
    for (int i = 0; i < THREADS; i++) {
        sequential[i] = parallel[i] = (job){.workers = 1, .seed = i, .ctx = shared};
        run(&sequential[i]);
    }
    run_parallel(parallel, THREADS);
    for (int i = 0; i < THREADS; i++)
        check_same(&sequential[i], &parallel[i]);
    ck_assert(sequential[0].loss[0] != sequential[1].loss[0]);
    genlat_ctx_destroy(&shared);
}
END_TEST

START_TEST(bits_do_not_depend_on_workers)
{
    static job one, other;
    one = (job){.workers = 1, .seed = 5};
    other = (job){.workers = _i, .seed = 5};
    run(&one);
    run(&other);
    check_same(&one, &other);
}
END_TEST

/* ---- one net, several execs ------------------------------------------------------------------ */

typedef struct reader {
    genlat_ctx *ctx;
    genlat_net *net;
    int failed;
    float first;
} reader;

static void *forward_often(void *arg)
{
    reader *r = arg;
    genlat_exec *exec = NULL;
    genlat_tensor *x = NULL;
    const genlat_tensor *y = NULL;
    genlat_exec_opts opts;
    genlat_exec_opts_init(&opts);
    opts.purpose = GENLAT_EXEC_INFERENCE;
    r->failed = genlat_net_compile(r->net, 8, &opts, &exec) || genlat_tensor_new(r->ctx, 2, (int64_t[]){8, 16}, &x) ||
                genlat_tensor_fill(x, 0.5f);
    for (int i = 0; i < 200 && !r->failed; i++) {
        r->failed = genlat_exec_forward(exec, GENLAT_MODE_EVAL, 1, (const genlat_tensor *const[]){x}) ||
                    genlat_exec_output(exec, 0, &y);
        float now = r->failed ? 0 : genlat_tensor_const_data(y)[0];
        r->failed = r->failed || (i > 0 && now != r->first);
        r->first = now;
    }
    genlat_exec_destroy(&exec);
    genlat_tensor_destroy(&x);
    return NULL;
}

START_TEST(a_net_can_be_shared_for_inference)
{
    genlat_ctx *ctx = new_ctx(2);
    genlat_net_builder *builder = NULL;
    genlat_net *net = NULL;
    pthread_t thread[THREADS];
    reader readers[THREADS];
    ck_assert_int_eq(genlat_net_builder_new(ctx, &builder), GENLAT_OK);
    genlat_net_builder_input(builder, "x", 1, (int64_t[]){16});
    genlat_net_builder_text(builder, "dense units=64; relu; dense units=8");
    ck_assert_int_eq(genlat_net_build(&builder, &net), GENLAT_OK);
    for (int i = 0; i < THREADS; i++) {
        readers[i] = (reader){.ctx = ctx, .net = net};
        ck_assert_int_eq(pthread_create(&thread[i], NULL, forward_often, &readers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    for (int i = 0; i < THREADS; i++)
        ck_assert(!readers[i].failed && readers[i].first == readers[0].first);
    genlat_net_destroy(&net);
    genlat_ctx_destroy(&ctx);
}
END_TEST

/* ---- one model, several decoders ---------------------------------------------------------------- */

typedef struct decoder {
    genlat_ctx *ctx;
    genlat_model *vae;
    genlat_tensor *x;
    int failed;
} decoder;

static void *decode_often(void *arg)
{
    decoder *d = arg;
    genlat_tensor *z = NULL;
    d->failed = genlat_tensor_new(d->ctx, 2, (int64_t[]){5, 4}, &z) || genlat_tensor_fill(z, 0.25f);
    for (int i = 0; i < 100 && !d->failed; i++) {
        genlat_tensor_destroy(&d->x);
        d->failed = genlat_model_decode(d->vae, z, NULL, &d->x) != GENLAT_OK;
    }
    genlat_tensor_destroy(&z);
    return NULL;
}

START_TEST(a_model_can_be_decoded_by_several_threads)
{
    genlat_ctx *ctx = new_ctx(_i);
    genlat_model *vae = NULL;
    pthread_t thread[THREADS];
    decoder decoders[THREADS];
    ck_assert_int_eq(make_vae(ctx, &vae), GENLAT_OK);
    for (int i = 0; i < THREADS; i++) {
        decoders[i] = (decoder){.ctx = ctx, .vae = vae};
        ck_assert_int_eq(pthread_create(&thread[i], NULL, decode_often, &decoders[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    for (int i = 0; i < THREADS; i++) {
        ck_assert(!decoders[i].failed && genlat_tensor_count(decoders[i].x) == 500);
        ck_assert_mem_eq(genlat_tensor_const_data(decoders[i].x), genlat_tensor_const_data(decoders[0].x),
                         500 * sizeof(float));
    }
    for (int i = 0; i < THREADS; i++)
        genlat_tensor_destroy(&decoders[i].x);
    genlat_model_destroy(&vae);
    genlat_ctx_destroy(&ctx);
}
END_TEST

static void *fail_once(void *arg)
{
    genlat_layer *layer = NULL;
    genlat_ctx *ctx = arg;
    return genlat_layer_new(ctx, "nosuch", &layer) != GENLAT_OK && strstr(genlat_last_error(), "nosuch") ? NULL : arg;
}

START_TEST(each_thread_has_its_own_error_message)
{
    genlat_ctx *ctx = new_ctx(1);
    genlat_tensor *tensor = NULL;
    pthread_t thread;
    void *failed = ctx;
    ck_assert_int_ne(genlat_tensor_new(ctx, -1, NULL, &tensor), GENLAT_OK);
    ck_assert_int_eq(pthread_create(&thread, NULL, fail_once, ctx), 0);
    pthread_join(thread, &failed);
    ck_assert_ptr_null(failed);
    ck_assert_ptr_null(strstr(genlat_last_error(), "nosuch"));
    genlat_ctx_destroy(&ctx);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("threads");
    TCase *tests = tcase_create("parallel use");
    tcase_add_loop_test(tests, parallel_trainings_compute_the_same_as_sequential_ones, 0, 2);
    tcase_add_loop_test(tests, bits_do_not_depend_on_workers, 2, 4);
    tcase_add_test(tests, a_net_can_be_shared_for_inference);
    tcase_add_loop_test(tests, a_model_can_be_decoded_by_several_threads, 1, 3);
    tcase_add_test(tests, each_thread_has_its_own_error_message);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
