/* SPDX-License-Identifier: MIT */
/* Training a small VAE on synthetic digits with the public interface: presets, loss, resuming, cancellation, early
 * stop. */
#include <check.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "genlat/train.h"
#include "support/weights.h"

enum { COUNT = 320, BATCH = 64, STEPS = 5 };
enum { NEG_ELBO, RECON, KL }; /* indices of the terms */

static const char last[] = "test_train_vae.last", best[] = "test_train_vae.best";

static genlat_ctx *ctx;
static genlat_source *digits, *train, *valid;
static genlat_train_opts opts;

static void begin(void)
{
    genlat_ctx_opts with;
    genlat_ctx_opts_init(&with);
    with.seed = 4;
    ck_assert_int_eq(genlat_ctx_new(&with, &ctx), GENLAT_OK);
    ck_assert_int_eq(genlat_source_synthetic(ctx, "digits", COUNT + 64, 1, &digits), GENLAT_OK);
    ck_assert_int_eq(genlat_source_split(digits, 64, 0, &train, &valid), GENLAT_OK);
    genlat_train_opts_init(&opts);
    opts.batch = BATCH;
}

static void end(void)
{
    genlat_source_destroy(&digits);
    genlat_source_destroy(&train);
    genlat_source_destroy(&valid);
    genlat_ctx_destroy(&ctx);
    unlink(last);
    unlink(best);
}

static genlat_model *make(int64_t classes)
{
    genlat_model_builder *builder = NULL;
    genlat_model *vae = NULL;
    ck_assert_int_eq(genlat_model_builder_new(ctx, "vae", &builder), GENLAT_OK);
    genlat_model_builder_set(builder, "encoder",
                             classes ? "flatten from=x name=flat | concat from=flat,c | dense units=32 | relu"
                                     : "flatten | dense units=32 | relu | dropout p=0.1");
    genlat_model_builder_set(builder, "decoder",
                             classes ? "concat from=z,c | dense units=32 | relu | dense units={out}"
                                     : "dense units=32 | relu | dense units={out}");
    genlat_model_builder_set_int(builder, "latent", 4);
    genlat_model_builder_condition(builder, classes, 0);
    genlat_model_builder_set(builder, "optimizer", "adam lr=3e-3");
    genlat_model_builder_set(builder, "lr_schedule", "linear from=1 to=0.5 steps=40");
    genlat_model_builder_set(builder, "beta_schedule", "linear from=0.1 to=1 steps=20");
    ck_assert_msg(genlat_model_build(&builder, train, &vae) == GENLAT_OK, "%s", genlat_last_error());
    return vae;
}

static genlat_status train_until(genlat_model *vae, int64_t steps, genlat_source *validation)
{
    opts.steps = steps;
    return genlat_model_fit(vae, train, validation, &opts);
}

static void expect_same_nets(genlat_model *a, genlat_model *b)
{
    for (int i = 0; genlat_model_part(a, i); i++) {
        genlat_net *one = NULL, *other = NULL;
        ck_assert_int_eq(genlat_model_net(a, genlat_model_part(a, i), &one), GENLAT_OK);
        ck_assert_int_eq(genlat_model_net(b, genlat_model_part(a, i), &other), GENLAT_OK);
        assert_same_weights(one, other);
        genlat_net_destroy(&one);
        genlat_net_destroy(&other);
    }
}

static genlat_status build_deep(const char *between, uint32_t recompute, genlat_model **vae)
{
    char encoder[256];
    genlat_vae_opts with = {.size = sizeof with};
    genlat_model_builder *builder = NULL;
    ck_assert_int_eq(genlat_model_builder_new(ctx, "vae", &builder), GENLAT_OK);
    ck_assert_int_eq(genlat_vae_builder_options(builder, &with), GENLAT_OK);
    with.latent = 4;
    with.recompute = recompute;
    snprintf(encoder, sizeof encoder,
             "conv2d channels=32 kernel=4 stride=2 padding=1 | silu%s | flatten | dense units=32 | relu", between);
    genlat_vae_builder_set_options(builder, &with);
    genlat_model_builder_set(builder, "encoder", encoder);
    genlat_model_builder_set(builder, "decoder", "dense units=32 | relu | dense units={out}");
    return genlat_model_build(&builder, train, vae);
}

/* Builds a model of a preset for images of the given side and takes some steps with its own optimizer. */
static void train_preset(const char *preset, int64_t side, int64_t classes)
{
    genlat_model_builder *builder = NULL;
    genlat_model *vae = NULL;
    genlat_tensor *x = NULL, *labels = NULL;
    genlat_vae_terms terms = {.size = sizeof terms};
    ck_assert_int_eq(genlat_model_builder_new(ctx, "vae", &builder), GENLAT_OK);
    genlat_model_builder_preset(builder, preset);
    genlat_model_builder_condition(builder, classes, 0);
    genlat_model_builder_data(builder, 3, (int64_t[]){1, side, side});
    ck_assert_msg(genlat_model_build(&builder, NULL, &vae) == GENLAT_OK, "%s: %s", preset, genlat_last_error());
    ck_assert_int_eq(genlat_tensor_new(ctx, 4, (int64_t[]){2, 1, side, side}, &x), GENLAT_OK);
    ck_assert_int_eq(genlat_tensor_new(ctx, 1, (int64_t[]){2}, &labels), GENLAT_OK);
    double first = 0;
    for (int step = 0; step < STEPS; step++) {
        ck_assert_msg(genlat_vae_step(vae, NULL, x, classes ? labels : NULL, &terms) == GENLAT_OK, "%s: %s", preset,
                      genlat_last_error());
        ck_assert(isfinite(terms.objective));
        if (step == 0 || step == STEPS - 1) /* with the same noise */
            ck_assert_int_eq(genlat_vae_elbo(vae, x, classes ? labels : NULL, 5, 1, &terms), GENLAT_OK);
        first = step ? first : terms.recon; /* the rest may depend on critics that learn too */
    }
    ck_assert_msg(terms.recon < first, "%s: %g, not below %g", preset, terms.recon, first);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
    genlat_model_destroy(&vae);
}

/* Each preset, first without, then with a condition. */
START_TEST(presets_train_with_and_without_condition)
{
    const char *preset = genlat_model_preset("vae", _i / 2, NULL);
    const bool conditional = _i % 2;
    const bool sequence = strcmp(preset, "text") == 0; /* for data [length] */
    const bool bare = strcmp(preset, "vamp") == 0;     /* refuses conditions */
    if (!sequence && !(bare && conditional))
        train_preset(preset, 16, conditional ? 10 : 0);
}
END_TEST

static int preset_count(void)
{
    int count = 0;
    while (genlat_model_preset("vae", count, NULL))
        count++;
    return count;
}

/* 256 rows of the first layer are two tiles, whose sums are in another order. With batch norm there are no tiles. */
START_TEST(recomputed_activations_change_nothing)
{
    double losses[2][3];
    opts.batch = 256;
    opts.epochs = 3;
    for (uint32_t recompute = 0; recompute < 2; recompute++) {
        genlat_model *vae = NULL;
        genlat_trainer *trainer = NULL;
        const double *loss = NULL;
        int64_t count = 0;
        ck_assert_int_eq(build_deep(_i ? " | batch_norm" : "", recompute, &vae), GENLAT_OK);
        ck_assert_int_eq(genlat_trainer_new(vae, train, NULL, &opts, &trainer), GENLAT_OK);
        ck_assert_msg(genlat_trainer_run(trainer) == GENLAT_OK, "%s", genlat_last_error());
        ck_assert_int_eq(genlat_trainer_history(trainer, "neg_elbo", &loss, &count), GENLAT_OK);
        memcpy(losses[recompute], loss, sizeof losses[recompute]);
        genlat_trainer_destroy(&trainer);
        genlat_model_destroy(&vae);
    }
    for (int i = 0; i < 3; i++)
        ck_assert_double_eq_tol(losses[0][i], losses[1][i], 1e-5 * losses[0][i]);
}
END_TEST

START_TEST(loss_falls_with_and_without_condition)
{
    const int64_t classes = _i ? genlat_source_classes(train) : 0;
    genlat_model *vae = make(classes);
    genlat_trainer *trainer = NULL;
    const double *loss = NULL, *other = NULL;
    int64_t count = 0;
    opts.epochs = 8;
    ck_assert_int_eq(genlat_trainer_new(vae, train, valid, &opts, &trainer), GENLAT_OK);
    ck_assert_msg(genlat_trainer_run(trainer) == GENLAT_OK, "%s", genlat_last_error());
    ck_assert_int_eq(genlat_trainer_history(trainer, "neg_elbo", &loss, &count), GENLAT_OK);
    ck_assert_int_eq(genlat_trainer_history(trainer, "valid.neg_elbo", &other, &count), GENLAT_OK);
    ck_assert_int_eq(count, 8);
    ck_assert_double_lt(loss[7], 0.6 * loss[0]);
    ck_assert_double_lt(other[7], other[0]);
    double terms[GENLAT_MAX_TERMS], reloaded[GENLAT_MAX_TERMS], one[GENLAT_MAX_TERMS];
    ck_assert_int_eq(genlat_model_evaluate(vae, valid, 7, 4, terms), GENLAT_OK);
    ck_assert_int_eq(genlat_model_evaluate(vae, valid, 64, 4, reloaded), GENLAT_OK);
    ck_assert_double_eq_tol(terms[NEG_ELBO], reloaded[NEG_ELBO], 1e-5 * reloaded[NEG_ELBO]);
    ck_assert_double_eq_tol(terms[NEG_ELBO], terms[RECON] + terms[KL], 1e-6 * terms[NEG_ELBO]);
    ck_assert_double_eq_tol(other[7], reloaded[NEG_ELBO], 1e-9 * reloaded[NEG_ELBO]); /* the seed of the context is 4 */
    ck_assert_int_eq(genlat_model_evaluate(vae, valid, 64, 5, one), GENLAT_OK);
    ck_assert_double_ne(one[RECON], reloaded[RECON]);
    genlat_trainer_destroy(&trainer);
    genlat_model_destroy(&vae);
}
END_TEST

/* Schedules, dropout, posterior noise and Adam's moments continue where they stopped. */
START_TEST(training_in_two_parts_computes_the_same_bits)
{
    const int64_t steps = 3 + 2 * _i; /* within an epoch, and at its end */
    genlat_model *unbroken = make(0), *part = make(0), *loaded = NULL;
    opts.epochs = -1;
    ck_assert_int_eq(train_until(unbroken, 2 * steps, NULL), GENLAT_OK);
    opts.last_path = last;
    ck_assert_int_eq(train_until(part, steps, NULL), GENLAT_OK);
    ck_assert_msg(genlat_model_load(ctx, last, &loaded) == GENLAT_OK, "%s", genlat_last_error());
    ck_assert_int_eq(train_until(loaded, 2 * steps, NULL), GENLAT_OK);
    expect_same_nets(unbroken, loaded);
    genlat_model_destroy(&unbroken);
    genlat_model_destroy(&part);
    genlat_model_destroy(&loaded);
}
END_TEST

static int32_t stop_at_three(void *user, const genlat_event *event)
{
    return event->kind == GENLAT_EVENT_STEP && event->step == 3;
}

START_TEST(cancelled_training_resumes_from_its_file)
{
    genlat_model *vae = make(0), *unbroken = make(0), *loaded = NULL;
    opts.event = stop_at_three;
    opts.last_path = last;
    ck_assert_int_eq(train_until(vae, 8, valid), GENLAT_E_CANCELLED);
    ck_assert_int_eq(genlat_model_load(ctx, last, &loaded), GENLAT_OK);
    ck_assert_int_eq(train_until(loaded, 8, valid), GENLAT_OK);
    opts.event = NULL;
    opts.last_path = NULL;
    ck_assert_int_eq(train_until(unbroken, 8, valid), GENLAT_OK);
    expect_same_nets(unbroken, loaded);
    genlat_model_destroy(&vae);
    genlat_model_destroy(&unbroken);
    genlat_model_destroy(&loaded);
}
END_TEST

/* No epoch after the first improves by 1000 nats. */
START_TEST(early_stop_restores_the_best_weights)
{
    genlat_model *vae = make(0), *kept = NULL;
    opts.epochs = 20;
    opts.patience = 2;
    opts.min_gain = 1000;
    opts.best_path = best;
    opts.restore_best = 1;
    ck_assert_int_eq(train_until(vae, 0, valid), GENLAT_OK);
    ck_assert_int_eq(genlat_model_load(ctx, best, &kept), GENLAT_OK);
    expect_same_nets(vae, kept);
    genlat_model_destroy(&vae);
    genlat_model_destroy(&kept);
}
END_TEST

static int32_t stop_in_the_second_epoch(void *user, const genlat_event *event)
{
    return event->kind == GENLAT_EVENT_STEP && event->step == COUNT / BATCH + 1;
}

/* The first epoch is the best. Its weights are in the checkpoint of the second one and in the file saved at the end. */
START_TEST(resumed_training_restores_the_best_weights)
{
    genlat_model *unbroken = make(0), *part = make(0), *loaded = NULL, *reloaded = NULL;
    opts.epochs = 20;
    opts.patience = 2;
    opts.min_gain = 1000;
    opts.restore_best = 1;
    ck_assert_int_eq(train_until(unbroken, 0, valid), GENLAT_OK);
    opts.event = stop_in_the_second_epoch;
    opts.last_path = last;
    ck_assert_int_eq(train_until(part, 0, valid), GENLAT_E_CANCELLED);
    ck_assert_msg(genlat_model_load(ctx, last, &loaded) == GENLAT_OK, "%s", genlat_last_error());
    opts.event = NULL;
    opts.last_path = NULL;
    ck_assert_int_eq(train_until(loaded, 0, valid), GENLAT_OK);
    expect_same_nets(unbroken, loaded);
    ck_assert_int_eq(genlat_model_save(loaded, best), GENLAT_OK);
    ck_assert_msg(genlat_model_load(ctx, best, &reloaded) == GENLAT_OK, "%s", genlat_last_error());
    opts.patience = 4;
    ck_assert_int_eq(train_until(reloaded, 0, valid), GENLAT_OK);
    expect_same_nets(unbroken, reloaded);
    genlat_model_destroy(&unbroken);
    genlat_model_destroy(&part);
    genlat_model_destroy(&loaded);
    genlat_model_destroy(&reloaded);
}
END_TEST

static bool stops;

static int32_t count_saves(void *user, const genlat_event *event)
{
    *(int *)user += event->kind == GENLAT_EVENT_CHECKPOINT;
    return stops && event->kind == GENLAT_EVENT_STEP && event->step == COUNT / BATCH + 1;
}

/* However a run ends, its file is the model that it leaves, and it is written once. With the small learning rate of the
 * other tests, later epochs are the better ones; min_gain makes the first one the best. */
START_TEST(the_file_is_the_model)
{
    genlat_model *vae = make(0), *loaded = NULL;
    int saves = 0;
    opts.epochs = 3;
    opts.min_gain = 1000;
    opts.restore_best = _i % 2;
    opts.patience = _i / 2 % 2;
    stops = _i / 4;
    opts.event = count_saves;
    opts.event_user = &saves;
    opts.last_path = last;
    ck_assert_int_eq(train_until(vae, 0, valid), stops ? GENLAT_E_CANCELLED : GENLAT_OK);
    ck_assert_int_eq(saves, 1);
    ck_assert_int_eq(genlat_model_load(ctx, last, &loaded), GENLAT_OK);
    expect_same_nets(vae, loaded);
    genlat_model_destroy(&vae);
    genlat_model_destroy(&loaded);
}
END_TEST

START_TEST(fit_trains_a_model)
{
    genlat_model *vae = make(0);
    double before[GENLAT_MAX_TERMS], after[GENLAT_MAX_TERMS];
    opts.epochs = 4;
    ck_assert_int_eq(genlat_model_evaluate(vae, train, 64, 0, before), GENLAT_OK);
    ck_assert_int_eq(genlat_model_fit(vae, train, NULL, &opts), GENLAT_OK);
    ck_assert_int_eq(genlat_model_evaluate(vae, train, 64, 0, after), GENLAT_OK);
    ck_assert_double_lt(after[NEG_ELBO], 0.7 * before[NEG_ELBO]);
    genlat_model_destroy(&vae);
}
END_TEST

START_TEST(invalid_arguments_are_refused)
{
    genlat_model *vae = make(0);
    genlat_source *ring = NULL;
    genlat_trainer *trainer = (genlat_trainer *)vae;
    double terms[GENLAT_MAX_TERMS];
    ck_assert_int_eq(genlat_source_synthetic(ctx, "ring", 10, 1, &ring), GENLAT_OK);
    ck_assert_int_eq(genlat_trainer_new(NULL, train, NULL, NULL, &trainer), GENLAT_E_INVALID);
    ck_assert_ptr_null(trainer);
    ck_assert_int_eq(genlat_trainer_new(vae, NULL, NULL, NULL, &trainer), GENLAT_E_INVALID);
    ck_assert_int_eq(genlat_trainer_new(vae, train, NULL, NULL, NULL), GENLAT_E_INVALID);
    ck_assert_int_eq(genlat_trainer_new(vae, ring, NULL, NULL, &trainer), GENLAT_E_SHAPE);
    ck_assert_int_eq(genlat_trainer_new(vae, train, ring, NULL, &trainer), GENLAT_E_SHAPE);
    opts.batch = -1;
    ck_assert_int_eq(genlat_trainer_new(vae, train, NULL, &opts, &trainer), GENLAT_E_RANGE);
    ck_assert_int_eq(genlat_model_fit(NULL, train, NULL, NULL), GENLAT_E_INVALID);
    ck_assert_int_eq(genlat_model_fit(vae, NULL, NULL, NULL), GENLAT_E_INVALID);
    ck_assert_int_eq(genlat_model_fit(vae, ring, NULL, NULL), GENLAT_E_SHAPE);
    ck_assert_int_eq(genlat_model_evaluate(NULL, train, 1, 0, terms), GENLAT_E_INVALID);
    ck_assert_int_eq(genlat_model_evaluate(vae, NULL, 1, 0, terms), GENLAT_E_INVALID);
    ck_assert_int_eq(genlat_model_evaluate(vae, train, 1, 0, NULL), GENLAT_E_INVALID);
    ck_assert_int_eq(genlat_model_evaluate(vae, train, 0, 0, terms), GENLAT_E_RANGE);
    ck_assert_int_eq(genlat_model_evaluate(vae, ring, 1, 0, terms), GENLAT_E_SHAPE);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "genlat_model_evaluate"));
    genlat_source_destroy(&ring);
    genlat_model_destroy(&vae);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("train vae");
    TCase *tests = tcase_create("digits");
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_loop_test(tests, presets_train_with_and_without_condition, 0, 2 * preset_count());
    tcase_add_loop_test(tests, recomputed_activations_change_nothing, 0, 2);
    tcase_add_loop_test(tests, loss_falls_with_and_without_condition, 0, 2);
    tcase_add_loop_test(tests, training_in_two_parts_computes_the_same_bits, 0, 2);
    tcase_add_test(tests, cancelled_training_resumes_from_its_file);
    tcase_add_test(tests, early_stop_restores_the_best_weights);
    tcase_add_test(tests, resumed_training_restores_the_best_weights);
    tcase_add_loop_test(tests, the_file_is_the_model, 0, 8);
    tcase_add_test(tests, fit_trains_a_model);
    tcase_add_test(tests, invalid_arguments_are_refused);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
