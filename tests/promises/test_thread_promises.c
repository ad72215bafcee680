/* SPDX-License-Identifier: MIT */
/* What the headers say of threads: handles that nobody changes are shared, background threads end with their owner. */
#include "promises/rig.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

enum { THREADS = 4, TURNS = 5, ROWS = 6 };

/* Shared by all threads; nothing changes them. */
static genlat_source *source;
static genlat_tensor *x, *z;
static genlat_layer *layer;
static genlat_net *net;
static genlat_loss *loss;
static genlat_schedule *schedule;
static genlat_model *vae, *gan, *predictor;

/* What a turn of uses gives. */
typedef struct uses {
    float numbers[9][2 * ROWS];
    double score, rate, terms[GENLAT_MAX_TERMS];
} uses;

static void keep(genlat_tensor *t, float *to)
{
    ck_assert_int_ge(genlat_tensor_count(t), 2 * ROWS);
    memcpy(to, genlat_tensor_const_data(t), 2 * ROWS * sizeof *to);
    genlat_tensor_destroy(&t);
}

static void use_all(uses *out)
{
    genlat_tensor *t = NULL;
    genlat_net_builder *b = NULL;
    genlat_net *built = NULL;
    genlat_sample_opts opts;
    const genlat_tensor *y = NULL;
    genlat_sample_opts_init(&opts);
    opts.seed = 3;
    memset(out, 0, sizeof *out);
    ok(genlat_source_read(source, 0, ROWS, &t, NULL));
    keep(t, out->numbers[0]);
    ok(genlat_tensor_clone(x, &t));
    keep(t, out->numbers[1]);
    ok(genlat_net_builder_new(ctx, &b)); /* with a layer that others use too */
    genlat_net_builder_input(b, "x", 1, (int64_t[]){2});
    genlat_net_builder_layer(b, layer, NULL);
    ok(genlat_net_build(&b, &built));
    ok(genlat_net_weight(built, "0.weight", &t));
    memcpy(out->numbers[2], genlat_tensor_const_data(t), 4 * sizeof(float));
    genlat_tensor_destroy(&t);
    genlat_net_destroy(&built);
    genlat_exec *exec = exec_of(net, ROWS, GENLAT_EXEC_INFERENCE); /* one a thread */
    ok(genlat_exec_forward(exec, GENLAT_MODE_EVAL, 1, (const genlat_tensor *[]){x}));
    ok(genlat_exec_output(exec, 0, &y));
    memcpy(out->numbers[3], genlat_tensor_const_data(y), sizeof out->numbers[3]);
    genlat_exec_destroy(&exec);
    ok(genlat_tensor_clone(x, &t));
    ok(genlat_loss_mean(loss, x, t));
    keep(t, out->numbers[4]);
    ok(genlat_model_sample(vae, ROWS, NULL, &opts, &t));
    keep(t, out->numbers[5]);
    ok(genlat_model_encode(vae, x, NULL, &t));
    keep(t, out->numbers[6]);
    ok(genlat_model_decode(gan, z, NULL, &t));
    keep(t, out->numbers[7]);
    ok(genlat_model_predict(predictor, x, &t));
    keep(t, out->numbers[8]);
    ok(genlat_model_evaluate(vae, source, 8, 1, out->terms));
    ok(genlat_metric_frechet_distance(x, z, &out->score));
    out->rate = genlat_schedule_value(schedule, 7);
}

static void *work(void *wanted)
{
    for (int turn = 0; turn < TURNS; turn++) {
        uses got;
        use_all(&got);
        ck_assert_mem_eq(&got, wanted, sizeof got);
    }
    return NULL;
}

START_TEST(handles_are_shared_by_readers)
{
    pthread_t threads[THREADS];
    uses wanted;
    source = synthetic("ring", 32, 0);
    x = counting(2, (int64_t[]){ROWS, 2});
    z = counting(2, (int64_t[]){ROWS, 2});
    net = net_of(2, "dense units=2; tanh");
    vae = small_vae();
    gan = small_gan();
    predictor = small_predictor();
    ok(genlat_layer_new(ctx, "dense units=2", &layer));
    ok(genlat_loss_new(ctx, "bernoulli", &loss));
    ok(genlat_schedule_new(ctx, "cosine from=1 to=0 steps=10", &schedule));
    use_all(&wanted);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, work, &wanted), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&z);
    genlat_net_destroy(&net);
    genlat_layer_destroy(&layer);
    genlat_loss_destroy(&loss);
    genlat_schedule_destroy(&schedule);
    genlat_source_destroy(&source);
    genlat_model_destroy(&vae);
    genlat_model_destroy(&gan);
    genlat_model_destroy(&predictor);
}
END_TEST

static atomic_int inside, fetches;

static int32_t slow(void *user, const int64_t *indices, int64_t n, uint64_t draw, float *out, float *labels)
{
    atomic_store(&inside, 1);
    atomic_fetch_add(&fetches, 1);
    nanosleep(&(struct timespec){0, 30000000}, NULL);
    memset(out, 0, (size_t)n * sizeof *out);
    atomic_store(&inside, 0);
    return 0;
}

/* The thread that reads ahead has ended when the call returns. */
START_TEST(background_threads_end_before_the_call_returns)
{
    const genlat_source_table table = {.size = sizeof table, .count = 64, .fetch = slow};
    genlat_source *made = NULL;
    genlat_batches *batches = NULL;
    genlat_batches_opts opts;
    const genlat_tensor *got = NULL;
    genlat_batches_opts_init(&opts);
    opts.batch = 4;
    opts.prefetch = 1;
    ok(genlat_source_callback(ctx, &table, &made));
    ok(genlat_batches_new(made, &opts, &batches));
    ok(genlat_batches_next(batches, &got, NULL)); /* the next batch is read meanwhile */
    genlat_batches_destroy(&batches);
    const int count = atomic_load(&fetches);
    ck_assert_int_eq(atomic_load(&inside), 0);
    nanosleep(&(struct timespec){0, 60000000}, NULL);
    ck_assert_int_eq(atomic_load(&fetches), count);
    genlat_source_destroy(&made);
}
END_TEST

/* The user's stream is apart from those that the library draws from. */
START_TEST(streams_of_the_user_are_apart)
{
    genlat_model *model = small_vae();
    genlat_tensor *latents = NULL;
    genlat_rng *rng = NULL;
    genlat_sample_opts opts;
    float numbers[2 * ROWS];
    genlat_sample_opts_init(&opts);
    opts.seed = 3;
    ok(genlat_model_latents(model, ROWS, &opts, &latents));
    for (uint64_t substream = 0; substream < 4; substream++) {
        ok(genlat_rng_new(ctx, 3, substream, &rng));
        ok(genlat_rng_normal(rng, 2 * ROWS, numbers));
        for (int i = 0; i < 2 * ROWS; i++)
            for (int k = 0; k < 2 * ROWS; k++)
                ck_assert_float_ne(numbers[i], genlat_tensor_data(latents)[k]);
        genlat_rng_destroy(&rng);
    }
    genlat_tensor_destroy(&latents);
    genlat_model_destroy(&model);
}
END_TEST

/* ---- memory ----------------------------------------------------------------------------------- */

/* The working spaces are as large as the comments say, but for what alignment adds to each block. */
START_TEST(working_spaces_have_the_sizes_that_are_stated)
{
    enum { D = 40, DIMS = 50, MANY = 200, SPARE = 64 * 8 };
    genlat_tensor *a = counting(2, (int64_t[]){D, D}), *mean = NULL, *logvar = NULL;
    double value = 0;
    int64_t bytes = 0;
    genlat_net *many = net_of(4, "dense units=4; relu; dense units=4; relu; dense units=4; relu; dense units=4");
    ok(genlat_tensor_new(ctx, 2, (int64_t[]){MANY, DIMS}, &mean));
    ok(genlat_tensor_new(ctx, 2, (int64_t[]){MANY, DIMS}, &logvar));
    long before = bytes_asked;
    ok(genlat_metric_frechet_distance(a, a, &value));
    ck_assert_int_le(bytes_asked - before, 8 * (4 * D * D + 8 * D) + SPARE);
    before = bytes_asked;
    ok(genlat_kl_gauss(mean, logvar, &value, NULL, NULL, NULL));
    ck_assert_int_le(bytes_asked - before, 8 * (MANY + DIMS) + SPARE);
    before = bytes_asked;
    ok(genlat_kl_sampled(mean, mean, logvar, &value, NULL, NULL, NULL));
    ck_assert_int_le(bytes_asked - before, 8 * MANY + SPARE);
    before = bytes_asked;
    ok(genlat_net_exec_bytes(many, 100000, NULL, &bytes));
    ck_assert_int_gt(bytes, 100000 * 4);
    ck_assert_int_le(bytes_asked - before, 100000);
    genlat_tensor_destroy(&a);
    genlat_tensor_destroy(&mean);
    genlat_tensor_destroy(&logvar);
    genlat_net_destroy(&many);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {handles_are_shared_by_readers, background_threads_end_before_the_call_returns,
                                  streams_of_the_user_are_apart, working_spaces_have_the_sizes_that_are_stated, NULL};
    return run_tests("promises of threads and memory", tests);
}
