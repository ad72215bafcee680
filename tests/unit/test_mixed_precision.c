/* SPDX-License-Identifier: MIT */
/* Mixed precision: training with bfloat16 factors follows the loss curve of float32 and computes the same bits on
 * any number of threads. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "genlat/train.h"

enum { COUNT = 640, BATCH = 64, EPOCHS = 8 };

static genlat_status open_ctx(uint32_t gemm, int64_t threads, genlat_ctx **ctx)
{
    genlat_ctx_opts opts;
    genlat_ctx_opts_init(&opts);
    opts.gemm = gemm;
    opts.threads = threads;
    opts.seed = 3;
    return genlat_ctx_new(&opts, ctx);
}

/* Dense layers; convolutions by lowering and by transforms. */
static const struct {
    const char *encoder, *decoder;
} nets[] = {
    {"flatten | dense units=200 | relu", "dense units=200 | relu | dense units={out}"},
    {"conv2d channels=16 kernel=4 stride=2 padding=1 | silu | conv2d channels=32 kernel=4 stride=2 padding=1 | silu | "
     "flatten",
     "dense units=1568 | silu | reshape shape=32x7x7 | conv_transpose2d channels=16 kernel=4 stride=2 padding=1 | "
     "silu | "
     "conv_transpose2d channels=1 kernel=4 stride=2 padding=1"},
};

static genlat_model *make(genlat_ctx *ctx, genlat_source *source, int net)
{
    genlat_model_builder *builder = NULL;
    genlat_model *vae = NULL;
    ck_assert_int_eq(genlat_model_builder_new(ctx, "vae", &builder), GENLAT_OK);
    genlat_model_builder_set(builder, "encoder", nets[net].encoder);
    genlat_model_builder_set(builder, "decoder", nets[net].decoder);
    genlat_model_builder_set_int(builder, "latent", 8);
    genlat_model_builder_set(builder, "optimizer", "adam lr=2e-3");
    ck_assert_msg(genlat_model_build(&builder, source, &vae) == GENLAT_OK, "%s", genlat_last_error());
    return vae;
}

/* Stores the loss of every epoch. */
static void train(uint32_t gemm, int64_t threads, int net, double losses[EPOCHS])
{
    genlat_ctx *ctx = NULL;
    genlat_source *digits = NULL;
    genlat_trainer *trainer = NULL;
    genlat_train_opts opts;
    const double *loss = NULL;
    int64_t count = 0;
    ck_assert_int_eq(open_ctx(gemm, threads, &ctx), GENLAT_OK);
    ck_assert_int_eq(genlat_source_synthetic(ctx, "digits", COUNT, 1, &digits), GENLAT_OK);
    genlat_model *vae = make(ctx, digits, net);
    genlat_train_opts_init(&opts);
    opts.batch = BATCH;
    opts.epochs = EPOCHS;
    ck_assert_int_eq(genlat_trainer_new(vae, digits, NULL, &opts, &trainer), GENLAT_OK);
    ck_assert_msg(genlat_trainer_run(trainer) == GENLAT_OK, "%s", genlat_last_error());
    ck_assert_int_eq(genlat_trainer_history(trainer, "neg_elbo", &loss, &count), GENLAT_OK);
    ck_assert_int_eq(count, EPOCHS);
    memcpy(losses, loss, EPOCHS * sizeof *losses);
    genlat_trainer_destroy(&trainer);
    genlat_model_destroy(&vae);
    genlat_source_destroy(&digits);
    genlat_ctx_destroy(&ctx);
}

START_TEST(loss_follows_the_float32_curve)
{
    double full[EPOCHS], mixed[EPOCHS];
    train(GENLAT_GEMM_BUILTIN, 1, _i, full);
    train(GENLAT_GEMM_BFLOAT16, 1, _i, mixed);
    ck_assert_double_lt(mixed[EPOCHS - 1], 0.8 * mixed[0]);
    for (int i = 0; i < EPOCHS; i++) {
        ck_assert_double_eq_tol(mixed[i], full[i], 0.01 * full[i]);
        ck_assert_double_ne(mixed[i], full[i]); /* the arithmetic differs */
    }
}
END_TEST

START_TEST(bits_do_not_depend_on_threads)
{
    double one[EPOCHS], two[EPOCHS];
    train(GENLAT_GEMM_BFLOAT16, 1, _i, one);
    train(GENLAT_GEMM_BFLOAT16, 2, _i, two);
    ck_assert_mem_eq(one, two, sizeof one);
}
END_TEST

int main(void)
{
    enum { SKIPPED = 77, NETS = sizeof nets / sizeof nets[0] };
    genlat_ctx *ctx = NULL;
    if (open_ctx(GENLAT_GEMM_BFLOAT16, 1, &ctx) != GENLAT_OK) {
        printf("skipped: %s\n", genlat_last_error());
        return SKIPPED;
    }
    genlat_ctx_destroy(&ctx);
    Suite *suite = suite_create("mixed precision");
    TCase *tests = tcase_create("training");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, loss_follows_the_float32_curve, 0, NETS);
    tcase_add_loop_test(tests, bits_do_not_depend_on_threads, 0, NETS);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
