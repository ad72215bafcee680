/* SPDX-License-Identifier: MIT */
/* Whole uses of the library in which the N-th allocation fails, for every N: the call says so, nothing is
 * leaked, and what existed before still works. */
#include <check.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "genlat/genlat.h"

/* Allocator of the host that counts, and fails once when told. */
typedef struct counter {
    atomic_long calls, live;
    long fail_at; /* 0: never */
} counter;

static void *counted_alloc(void *user, size_t size, size_t align)
{
    counter *c = user;
    if (atomic_fetch_add(&c->calls, 1) + 1 == c->fail_at)
        return NULL;
    void *memory = aligned_alloc(align, (size + align - 1) / align * align);
    if (memory)
        atomic_fetch_add(&c->live, 1);
    return memory;
}

static void counted_free(void *user, void *memory)
{
    counter *c = user;
    if (memory)
        atomic_fetch_sub(&c->live, 1);
    free(memory);
}

#define TRY(call)                                                                                            \
    do {                                                                                                     \
        status = call;                                                                                       \
        if (status != GENLAT_OK)                                                                             \
            goto done;                                                                                       \
    } while (0)

/* ---- uses ------------------------------------------------------------------------------------ */

static genlat_status use_tensors(genlat_ctx *ctx)
{
    genlat_tensor *a = NULL, *b = NULL, *view = NULL;
    genlat_status status;
    TRY(genlat_tensor_new(ctx, 2, (int64_t[]){4, 3}, &a));
    TRY(genlat_tensor_clone(a, &b));
    TRY(genlat_tensor_reshape(b, 1, (int64_t[]){-1}, &view));
done:
    genlat_tensor_destroy(&a);
    genlat_tensor_destroy(&b);
    genlat_tensor_destroy(&view);
    return status;
}

static genlat_status make_net(genlat_ctx *ctx, genlat_net **net)
{
    genlat_net_builder *builder = NULL;
    genlat_status status = genlat_net_builder_new(ctx, &builder);
    if (status != GENLAT_OK)
        return status;
    genlat_net_builder_input(builder, "x", 3, (int64_t[]){1, 6, 6});
    genlat_net_builder_text(builder,
                            "conv2d channels=2 kernel=3; relu; dense units=4 init=orthogonal; dense units=2");
    return genlat_net_build(&builder, net);
}

static genlat_status use_net(genlat_ctx *ctx)
{
    genlat_net *net = NULL;
    genlat_exec *exec = NULL;
    genlat_optim *optim = NULL;
    genlat_tensor *x = NULL;
    const genlat_tensor *y = NULL;
    genlat_status status;
    TRY(make_net(ctx, &net));
    TRY(genlat_net_compile(net, 4, NULL, &exec));
    TRY(genlat_adam_new(ctx, NULL, &optim));
    TRY(genlat_optim_add(optim, net, NULL, NULL));
    TRY(genlat_tensor_new(ctx, 4, (int64_t[]){4, 1, 6, 6}, &x));
    TRY(genlat_exec_forward(exec, GENLAT_MODE_TRAIN, 1, (const genlat_tensor *const[]){x}));
    TRY(genlat_exec_output(exec, 0, &y));
    TRY(genlat_exec_backward(exec, 1, (const genlat_tensor *const[]){y}));
    TRY(genlat_optim_step(optim));
done:
    genlat_tensor_destroy(&x);
    genlat_optim_destroy(&optim);
    genlat_exec_destroy(&exec);
    genlat_net_destroy(&net);
    return status;
}

static genlat_status use_files(genlat_ctx *ctx)
{
    char path[] = "/tmp/genlat-oom-XXXXXX";
    genlat_net *net = NULL, *again = NULL, *half = NULL;
    genlat_status status;
    close(mkstemp(path));
    TRY(make_net(ctx, &net));
    TRY(genlat_net_save(net, path));
    TRY(genlat_net_load(ctx, path, &again));
    TRY(genlat_net_load_weights(net, path, NULL));
    TRY(genlat_net_bfloat16(net, &half));
    TRY(genlat_net_save(half, path));
done:
    genlat_net_destroy(&net);
    genlat_net_destroy(&half);
    genlat_net_destroy(&again);
    unlink(path);
    return status;
}

static genlat_status use_data(genlat_ctx *ctx)
{
    genlat_source *ring = NULL, *part = NULL;
    genlat_batches *batches = NULL;
    genlat_tensor *x = NULL, *labels = NULL; /* borrowed */
    genlat_batches_opts opts;
    genlat_batches_opts_init(&opts);
    opts.prefetch = 0;
    genlat_status status;
    TRY(genlat_source_synthetic(ctx, "ring", 32, 1, &ring));
    TRY(genlat_source_transform(ring, NULL, &part));
    TRY(genlat_batches_new(part, &opts, &batches));
    TRY(genlat_batches_next(batches, &x, &labels));
done:
    genlat_batches_destroy(&batches);
    genlat_source_destroy(&part);
    genlat_source_destroy(&ring);
    return status;
}

/* Chains of sources, each of which keeps the one below alive. */
static genlat_status use_sources(genlat_ctx *ctx)
{
    static const uint8_t bytes[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    genlat_source *raw = NULL, *changed = NULL, *train = NULL, *valid = NULL, *some = NULL, *same = NULL;
    genlat_tensor *labels = NULL, *offset = NULL, *scale = NULL, *x = NULL, *y = NULL;
    genlat_transform_opts opts;
    genlat_transform_opts_init(&opts);
    opts.skip = 1;
    opts.scale = GENLAT_SCALE_FEATURES;
    opts.binarize = GENLAT_BINARIZE_THRESHOLD;
    opts.labels = GENLAT_LABELS_DROP;
    genlat_status status;
    TRY(genlat_tensor_new(ctx, 1, (int64_t[]){6}, &labels));
    TRY(genlat_source_bytes(ctx, 2, (int64_t[]){6, 2}, bytes, 1, labels, &raw));
    TRY(genlat_source_transform(raw, &opts, &changed));
    TRY(genlat_source_split(raw, 0.5, 1, &train, &valid));
    TRY(genlat_source_subset(train, (int64_t[]){2, 0}, 2, &some));
    opts.binarize = GENLAT_BINARIZE_NONE;
    genlat_source_destroy(&changed);
    TRY(genlat_source_transform(raw, &opts, &changed));
    TRY(genlat_source_normalization(changed, &offset, &scale));
    TRY(genlat_source_normalize(valid, offset, scale, &same));
    TRY(genlat_source_read(same, 0, 3, &x, &y));
done:
    genlat_tensor_destroy(&labels);
    genlat_tensor_destroy(&offset);
    genlat_tensor_destroy(&scale);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&y);
    genlat_source_destroy(&raw);
    genlat_source_destroy(&changed);
    genlat_source_destroy(&train);
    genlat_source_destroy(&valid);
    genlat_source_destroy(&some);
    genlat_source_destroy(&same);
    return status;
}

static genlat_status make_vae(genlat_ctx *ctx, genlat_vae **vae)
{
    genlat_vae_builder *builder = NULL;
    genlat_status status = genlat_vae_builder_new(ctx, &builder);
    if (status != GENLAT_OK)
        return status;
    genlat_vae_builder_data(builder, 1, (int64_t[]){2});
    genlat_vae_builder_latent(builder, 2);
    genlat_vae_builder_encoder(builder, "dense units=4; relu");
    genlat_vae_builder_decoder(builder, "dense units=4; relu; dense units=2");
    return genlat_vae_build(&builder, NULL, vae);
}

static genlat_status use_vae(genlat_ctx *ctx)
{
    char path[] = "/tmp/genlat-oom-XXXXXX";
    genlat_vae *vae = NULL, *again = NULL;
    genlat_tensor *x = NULL, *drawn = NULL;
    genlat_status status;
    close(mkstemp(path));
    TRY(make_vae(ctx, &vae));
    TRY(genlat_tensor_new(ctx, 2, (int64_t[]){3, 2}, &x));
    TRY(genlat_vae_step(vae, NULL, x, NULL, NULL));
    TRY(genlat_vae_sample(vae, 5, &drawn));
    TRY(genlat_vae_save(vae, path));
    TRY(genlat_vae_load(ctx, path, &again));
    TRY(genlat_vae_export(again, path));
done:
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&drawn);
    genlat_vae_destroy(&vae);
    genlat_vae_destroy(&again);
    unlink(path);
    return status;
}

static genlat_status make_gan(genlat_ctx *ctx, genlat_gan **gan)
{
    genlat_gan_builder *builder = NULL;
    genlat_status status = genlat_gan_builder_new(ctx, &builder);
    if (status != GENLAT_OK)
        return status;
    genlat_gan_builder_data(builder, 2, (int64_t[]){1, 2});
    genlat_gan_builder_generator(builder, "dense units=4; relu; dense units=2");
    genlat_gan_builder_discriminator(builder,
                                     "flatten; dense units=4; leaky_relu name=features; dense units=1");
    for (const char *const *set =
             (const char *[]){"gp", "1", "history", "1", "feature_matching", "1", "augment", "color",
                              "orthogonal", "0.1", "approx_r1", "1", NULL};
         *set; set += 2)
        genlat_gan_builder_set(builder, set[0], set[1]);
    return genlat_gan_build(&builder, NULL, gan);
}

static genlat_status use_gan(genlat_ctx *ctx)
{
    char path[] = "/tmp/genlat-oom-XXXXXX";
    genlat_gan *gan = NULL, *again = NULL;
    genlat_tensor *x = NULL, *drawn = NULL, *said = NULL;
    genlat_status status;
    close(mkstemp(path));
    TRY(make_gan(ctx, &gan));
    TRY(genlat_tensor_new(ctx, 3, (int64_t[]){3, 1, 2}, &x));
    TRY(genlat_gan_step(gan, x, NULL, NULL));
    TRY(genlat_gan_generate(gan, 5, NULL, NULL, &drawn));
    TRY(genlat_gan_discriminate(gan, x, NULL, &said));
    TRY(genlat_gan_save(gan, path));
    TRY(genlat_gan_load(ctx, path, &again));
    TRY(genlat_gan_export(again, path));
done:
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&drawn);
    genlat_tensor_destroy(&said);
    genlat_gan_destroy(&gan);
    genlat_gan_destroy(&again);
    unlink(path);
    return status;
}

static genlat_status use_predictor(genlat_ctx *ctx)
{
    char path[] = "/tmp/genlat-oom-XXXXXX";
    genlat_source *ring = NULL;
    genlat_predictor *p = NULL, *again = NULL;
    genlat_tensor *x = NULL, *labels = NULL, *y = NULL, *features = NULL;
    genlat_predictor_opts opts;
    genlat_predictor_opts_init(&opts);
    opts.net = "dense units=4; relu";
    genlat_status status;
    close(mkstemp(path));
    TRY(genlat_source_synthetic(ctx, "ring", 6, 1, &ring));
    TRY(genlat_predictor_new(ctx, ring, &opts, &p));
    TRY(genlat_source_read(ring, 0, 6, &x, &labels));
    TRY(genlat_predictor_step(p, x, labels, NULL));
    TRY(genlat_predictor_predict(p, x, &y));
    TRY(genlat_predictor_features(p, x, &features));
    TRY(genlat_predictor_save(p, path));
    TRY(genlat_predictor_load(ctx, path, &again));
    TRY(genlat_predictor_export(again, path));
done:
    genlat_source_destroy(&ring);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
    genlat_tensor_destroy(&y);
    genlat_tensor_destroy(&features);
    genlat_predictor_destroy(&p);
    genlat_predictor_destroy(&again);
    unlink(path);
    return status;
}

static genlat_status use_metrics(genlat_ctx *ctx)
{
    genlat_source *ring = NULL;
    genlat_tensor *a = NULL, *b = NULL, *centres = NULL, *share = NULL;
    genlat_neighbours near = {.size = sizeof near};
    genlat_modes modes = {.size = sizeof modes};
    const double half = 0.5;
    double value = 0, sd = 0;
    genlat_status status;
    TRY(genlat_source_synthetic(ctx, "ring", 40, 0, &ring));
    TRY(genlat_source_read(ring, 0, 20, &a, NULL));
    TRY(genlat_source_read(ring, 20, 40, &b, NULL));
    TRY(genlat_source_mixture(ring, &centres, &sd));
    TRY(genlat_metric_frechet_distance(a, b, &value));
    TRY(genlat_metric_kernel_distance(a, b, 10, 3, 0, &value, NULL));
    TRY(genlat_metric_neighbours(a, b, 3, &near));
    TRY(genlat_metric_modes(a, centres, sd, &modes));
    TRY(genlat_metric_quantiles(a, &half, 1, &value));
    TRY(genlat_tensor_new(ctx, 2, (int64_t[]){4, 1}, &share));
    TRY(genlat_tensor_fill(share, 1));
    TRY(genlat_metric_classifier_score(share, 2, &value, NULL));
done:
    genlat_source_destroy(&ring);
    genlat_tensor_destroy(&a);
    genlat_tensor_destroy(&b);
    genlat_tensor_destroy(&centres);
    genlat_tensor_destroy(&share);
    return status;
}

static const struct use {
    const char *name;
    genlat_status (*run)(genlat_ctx *ctx);
} uses[] = {
    {"tensors", use_tensors}, {"net", use_net},         {"files", use_files},
    {"data", use_data},       {"sources", use_sources}, {"vae", use_vae},
    {"gan", use_gan},         {"metrics", use_metrics}, {"predictor", use_predictor},
};
enum { USES = sizeof uses / sizeof *uses };

/* ---- the test -------------------------------------------------------------------------------- */

static genlat_status run(const struct use *use, counter *c, int64_t threads)
{
    genlat_ctx *ctx = NULL;
    genlat_ctx_opts opts;
    const genlat_allocator allocator = {sizeof allocator, c, counted_alloc, counted_free};
    genlat_ctx_opts_init(&opts);
    opts.allocator = &allocator;
    opts.threads = threads;
    genlat_status status = genlat_ctx_new(&opts, &ctx);
    if (status == GENLAT_OK)
        status = use->run(ctx);
    genlat_ctx_destroy(&ctx);
    return status;
}

START_TEST(every_allocation_may_fail)
{
    const struct use *use = &uses[_i % USES];
    int64_t threads = 1 + _i / USES;
    counter c = {0};
    ck_assert_msg(run(use, &c, threads) == GENLAT_OK, "%s: %s", use->name, genlat_last_error());
    long calls = c.calls;
    ck_assert_int_eq(c.live, 0);
    ck_assert_int_gt(calls, 2);
    for (long n = 1; n <= calls; n++) {
        c = (counter){.fail_at = n};
        genlat_status status = run(use, &c, threads);
        ck_assert_msg(status == GENLAT_E_MEMORY, "%s: allocation %ld of %ld fails: %s, %s", use->name, n,
                      calls, genlat_status_name(status), genlat_last_error());
        ck_assert_msg(strstr(genlat_last_error(), "out of memory") != NULL, "%s: %ld: '%s'", use->name, n,
                      genlat_last_error());
        ck_assert_msg(c.live == 0, "%s: allocation %ld of %ld fails: %ld blocks leaked", use->name, n, calls,
                      (long)c.live);
    }
}
END_TEST

/* A net that could not be compiled, and a file that could not be read into it, is the net it was. */
START_TEST(objects_outlive_a_failure)
{
    counter c = {0};
    genlat_ctx *ctx = NULL;
    genlat_net *net = NULL;
    genlat_exec *exec = NULL;
    genlat_ctx_opts opts;
    const genlat_allocator allocator = {sizeof allocator, &c, counted_alloc, counted_free};
    genlat_ctx_opts_init(&opts);
    opts.allocator = &allocator;
    ck_assert_int_eq(genlat_ctx_new(&opts, &ctx), GENLAT_OK);
    ck_assert_int_eq(make_net(ctx, &net), GENLAT_OK);
    for (long n = 1;; n++) {
        long live = c.live;
        c.fail_at = c.calls + n;
        genlat_status status = genlat_net_compile(net, 4, NULL, &exec);
        if (status == GENLAT_OK)
            break;
        ck_assert_int_eq(status, GENLAT_E_MEMORY);
        ck_assert_ptr_null(exec);
        ck_assert_int_ge(live + 1, c.live); /* the gradients of the net may stay */
    }
    c.fail_at = 0;
    genlat_exec_destroy(&exec);
    genlat_net_destroy(&net);
    genlat_ctx_destroy(&ctx);
    ck_assert_int_eq(c.live, 0);
}
END_TEST

/* After the first, steps allocate nothing. */
START_TEST(a_hundred_steps_allocate_nothing)
{
    counter c = {0};
    genlat_ctx *ctx = NULL;
    genlat_vae *vae = NULL;
    genlat_tensor *x = NULL;
    genlat_ctx_opts opts;
    const genlat_allocator allocator = {sizeof allocator, &c, counted_alloc, counted_free};
    genlat_ctx_opts_init(&opts);
    opts.allocator = &allocator;
    ck_assert_int_eq(genlat_ctx_new(&opts, &ctx), GENLAT_OK);
    ck_assert_int_eq(make_vae(ctx, &vae), GENLAT_OK);
    ck_assert_int_eq(genlat_tensor_new(ctx, 2, (int64_t[]){8, 2}, &x), GENLAT_OK);
    ck_assert_int_eq(genlat_vae_step(vae, NULL, x, NULL, NULL), GENLAT_OK);
    long before = c.calls;
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(genlat_vae_step(vae, NULL, x, NULL, NULL), GENLAT_OK);
    ck_assert_int_eq(c.calls, before);
    genlat_tensor_destroy(&x);
    genlat_vae_destroy(&vae);
    genlat_ctx_destroy(&ctx);
    ck_assert_int_eq(c.live, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("out of memory");
    TCase *tests = tcase_create("every allocation");
    tcase_add_loop_test(tests, every_allocation_may_fail, 0, 2 * USES);
    tcase_add_test(tests, objects_outlive_a_failure);
    tcase_add_test(tests, a_hundred_steps_allocate_nothing);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
