/* SPDX-License-Identifier: MIT */
/* The preset "basic" on MNIST: ten epochs, grey targets, three seeds. The examples of PyTorch and Keras, and many
 * programs derived from them, reach 105.6 nats on the test set. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "genlat/files.h"
#include "genlat/genlat.h"

enum { EXIT_SKIP = 77 };

static const double expected = 106.5;

static genlat_source *open_part(genlat_ctx *ctx, const char *part)
{
    char spec[1024];
    genlat_source *source = NULL;
    snprintf(spec, sizeof spec, "idx:%s/mnist%s", getenv("GENLAT_DATA"), part);
    ck_assert_msg(genlat_files_open(ctx, spec, &source) == GENLAT_OK, "%s", genlat_last_error());
    return source;
}

static genlat_model *make(genlat_ctx *ctx, genlat_source *train)
{
    genlat_model_builder *builder = NULL;
    genlat_model *vae = NULL;
    ck_assert_int_eq(genlat_model_builder_new(ctx, "vae", &builder), GENLAT_OK);
    genlat_model_builder_preset(builder, "basic");
    ck_assert_msg(genlat_model_build(&builder, train, &vae) == GENLAT_OK, "%s", genlat_last_error());
    return vae;
}

static int32_t show(void *user, const genlat_event *event)
{
    if (event->kind == GENLAT_EVENT_VALID)
        printf("epoch %lld: %.2f nats, %.1f s\n", (long long)event->epoch, event->values[0], event->seconds);
    return 0;
}

START_TEST(basic_reaches_the_published_bound)
{
    genlat_ctx *ctx = NULL;
    genlat_ctx_opts with;
    genlat_ctx_opts_init(&with);
    with.threads = 2;
    with.seed = _i;
    ck_assert_int_eq(genlat_ctx_new(&with, &ctx), GENLAT_OK);
    genlat_source *train = open_part(ctx, ""), *test = open_part(ctx, "#test");
    genlat_model *vae = make(ctx, train);
    genlat_trainer *trainer = NULL;
    genlat_train_opts opts;
    genlat_train_opts_init(&opts);
    opts.event = show;
    ck_assert_int_eq(genlat_trainer_new(vae, train, test, &opts, &trainer), GENLAT_OK);
    ck_assert_msg(genlat_trainer_run(trainer) == GENLAT_OK, "%s", genlat_last_error());
    const double *loss = NULL;
    int64_t epochs = 0;
    ck_assert_int_eq(genlat_trainer_history(trainer, "valid.neg_elbo", &loss, &epochs), GENLAT_OK);
    ck_assert_int_eq(epochs, 10);
    ck_assert_double_le(loss[epochs - 1], expected);
    genlat_trainer_destroy(&trainer);
    genlat_model_destroy(&vae);
    genlat_source_destroy(&train);
    genlat_source_destroy(&test);
    genlat_ctx_destroy(&ctx);
}
END_TEST

int main(void)
{
    if (!getenv("GENLAT_DATA")) {
        puts("skipped: GENLAT_DATA is not set to the folder of the data sets");
        return EXIT_SKIP;
    }
    Suite *suite = suite_create("mnist");
    TCase *tests = tcase_create("basic");
    tcase_set_timeout(tests, 600);
    tcase_add_loop_test(tests, basic_reaches_the_published_bound, 1, 4);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
