/* SPDX-License-Identifier: MIT */
/* Runs typical programs in which the N-th allocation fails, for every N: the call reports it, nothing leaks, and
 * existing objects still work. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "oom/uses.h"
#include "support/counted.h"

/* ---- programs -------------------------------------------------------------------------------- */

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

static genlat_status use_outputs(genlat_ctx *ctx)
{
    char path[] = "/tmp/genlat-oom-XXXXXX", link[sizeof path + 5];
    genlat_output *out = NULL;
    genlat_status status;
    close(mkstemp(path));
    snprintf(link, sizeof link, "%s.link", path);
    ck_assert_int_eq(symlink(path, link), 0);
    TRY(genlat_output_open(ctx, link, &out));
    TRY(genlat_output_write(out, "text", 4));
    TRY(genlat_output_finish(out));
done:
    genlat_output_destroy(&out);
    unlink(link);
    unlink(path);
    return status;
}

static genlat_status make_net(genlat_ctx *ctx, genlat_net **net)
{
    genlat_net_builder *builder = NULL;
    genlat_status status = genlat_net_builder_new(ctx, &builder);
    if (status != GENLAT_OK)
        return status;
    genlat_net_builder_input(builder, "x", 3, (int64_t[]){1, 6, 6});
    genlat_net_builder_text(builder, "conv2d channels=2 kernel=3; relu; dense units=4 init=orthogonal; dense units=2");
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
    genlat_net *net = NULL, *loaded = NULL, *bf16 = NULL;
    genlat_status status;
    close(mkstemp(path));
    TRY(make_net(ctx, &net));
    TRY(genlat_net_save(net, path));
    TRY(genlat_net_load(ctx, path, &loaded));
    TRY(genlat_net_load_weights(net, path, NULL));
    TRY(genlat_net_bfloat16(net, &bf16));
    TRY(genlat_net_save(bf16, path));
done:
    genlat_net_destroy(&net);
    genlat_net_destroy(&bf16);
    genlat_net_destroy(&loaded);
    unlink(path);
    return status;
}

static genlat_status use_data(genlat_ctx *ctx)
{
    genlat_source *ring = NULL, *part = NULL;
    genlat_batches *batches = NULL;
    const genlat_tensor *x = NULL, *labels = NULL; /* owned by the source */
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

/* Chains of sources, each of which retains the previous one. */
static genlat_status use_sources(genlat_ctx *ctx)
{
    static const uint8_t bytes[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    genlat_source *raw = NULL, *changed = NULL, *train = NULL, *valid = NULL, *some = NULL, *same = NULL;
    genlat_source *joined = NULL;
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
    TRY(genlat_source_join((genlat_source *[]){same, same, same}, 3, &joined));
    genlat_source_destroy(&joined);
    const genlat_description named = {.size = sizeof named, .classes = 1, .class_names = (const char *[]){"one"}};
    const genlat_description other = {.size = sizeof other, .classes = 1, .class_names = (const char *[]){"two"}};
    genlat_source_destroy(&some);
    genlat_source_destroy(&changed);
    TRY(genlat_source_describe(train, &named, &some));
    TRY(genlat_source_describe(valid, &other, &changed));
    TRY(genlat_source_join((genlat_source *[]){some, changed}, 2, &joined));
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
    genlat_source_destroy(&joined);
    return status;
}

static const struct use {
    const char *name;
    genlat_status (*run)(genlat_ctx *ctx);
} uses[] = {
    {"tensors", use_tensors},   {"outputs", use_outputs},
    {"net", use_net},           {"files", use_files},
    {"data", use_data},         {"sources", use_sources},
    {"vae", use_vae},           {"autoregressive", use_autoregressive},
    {"gan", use_gan},           {"labels", use_labels},
    {"metrics", use_metrics},   {"predictor", use_predictor},
    {"builders", use_builders}, {"choice", use_choice},
    {"gmm", use_gmm},           {"ppca", use_ppca},
};
enum { USES = sizeof uses / sizeof *uses };

/* ---- the test -------------------------------------------------------------------------------- */

static genlat_status run(const struct use *use, counter *c, int64_t threads)
{
    genlat_ctx *ctx = NULL;
    genlat_status status = counted_ctx(c, threads, &ctx);
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
        ck_assert_msg(status == GENLAT_E_MEMORY, "%s: allocation %ld of %ld fails: %s, %s", use->name, n, calls,
                      genlat_status_name(status), genlat_last_error());
        ck_assert_msg(strstr(genlat_last_error(), "out of memory") != NULL, "%s: %ld: '%s'", use->name, n,
                      genlat_last_error());
        ck_assert_msg(c.live == 0, "%s: allocation %ld of %ld fails: %ld blocks leaked", use->name, n, calls,
                      (long)c.live);
    }
}
END_TEST

/* After a failed compilation or failed load the net is unchanged. */
START_TEST(objects_are_unchanged_after_a_failure)
{
    counter c = {0};
    genlat_ctx *ctx = NULL;
    genlat_net *net = NULL;
    genlat_exec *exec = NULL;
    ck_assert_int_eq(counted_ctx(&c, 1, &ctx), GENLAT_OK);
    ck_assert_int_eq(make_net(ctx, &net), GENLAT_OK);
    for (long n = 1;; n++) {
        long live = c.live;
        c.fail_at = c.calls + n;
        genlat_status status = genlat_net_compile(net, 4, NULL, &exec);
        if (status == GENLAT_OK)
            break;
        ck_assert_int_eq(status, GENLAT_E_MEMORY);
        ck_assert_ptr_null(exec);
        ck_assert_int_ge(live + 1, c.live); /* gradients of the net may remain allocated */
    }
    c.fail_at = 0;
    genlat_exec_destroy(&exec);
    genlat_net_destroy(&net);
    genlat_ctx_destroy(&ctx);
    ck_assert_int_eq(c.live, 0);
}
END_TEST

/* Only the first step allocates. The decoder of the second model is autoregressive. */
START_TEST(a_hundred_steps_allocate_nothing)
{
    counter c = {0};
    genlat_ctx *ctx = NULL;
    genlat_model *vae = NULL;
    genlat_tensor *x = NULL;
    ck_assert_int_eq(counted_ctx(&c, 1, &ctx), GENLAT_OK);
    ck_assert_int_eq(make_vae(ctx, _i, &vae), GENLAT_OK);
    ck_assert_int_eq(genlat_tensor_new(ctx, 3, (int64_t[]){8, 1, 2}, &x), GENLAT_OK);
    ck_assert_int_eq(genlat_vae_step(vae, NULL, x, NULL, NULL), GENLAT_OK);
    long before = c.calls;
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(genlat_vae_step(vae, NULL, x, NULL, NULL), GENLAT_OK);
    ck_assert_int_eq(c.calls, before);
    genlat_tensor_destroy(&x);
    genlat_model_destroy(&vae);
    genlat_ctx_destroy(&ctx);
    ck_assert_int_eq(c.live, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("out of memory");
    TCase *tests = tcase_create("every allocation");
    tcase_add_loop_test(tests, every_allocation_may_fail, 0, 2 * USES);
    tcase_add_test(tests, objects_are_unchanged_after_a_failure);
    tcase_add_loop_test(tests, a_hundred_steps_allocate_nothing, 0, 2);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
