/* SPDX-License-Identifier: MIT */
/* genlat selftest: tests the installation in a few seconds. Trains a tiny VAE on synthetic digits, checks its
 * gradients, saves and loads it, and compares the results. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app.h"

typedef struct selftest {
    app_state *app;
    genlat_source *source;
    genlat_model *model;
    genlat_tensor *x; /* [32,1,28,28] */
} selftest;

/* Prints the result of one test. */
static int print_test(const selftest *t, bool good, const char *what, double value)
{
    if (!t->app->opts.quiet && !t->app->opts.json)
        printf("%-4s %-44s %.4g\n", good ? "ok" : "FAIL", what, value);
    return good ? APP_OK : APP_FAILED;
}

static int test_gradients(selftest *t)
{
    genlat_check_result result = {.size = sizeof result};
    const genlat_tensor *inputs[] = {t->x};
    genlat_net *encoder = NULL;
    genlat_status status = genlat_model_net(t->model, "encoder", &encoder);
    if (status == GENLAT_OK)
        status = genlat_net_check(encoder, 1, inputs, 20, 1, &result);
    genlat_net_destroy(&encoder);
    if (status != GENLAT_OK)
        return app_fail_library(t->app);
    return print_test(t, result.worst < 0.3, "gradients and finite differences, largest error", result.worst);
}

static int test_training(selftest *t)
{
    double before[GENLAT_MAX_TERMS], after[GENLAT_MAX_TERMS];
    if (genlat_model_evaluate(t->model, t->source, 256, 1, before) != GENLAT_OK ||
        genlat_model_fit(t->model, t->source, NULL, &t->app->train) != GENLAT_OK ||
        genlat_model_evaluate(t->model, t->source, 256, 1, after) != GENLAT_OK)
        return app_fail_library(t->app);
    return print_test(t, after[0] < 0.6 * before[0], "training, final loss / initial loss", after[0] / before[0]);
}

/* Returns the largest difference between the latents of two models. */
static double difference(selftest *t, genlat_model *other)
{
    genlat_tensor *a = NULL, *b = NULL;
    double worst = INFINITY;
    if (genlat_model_encode(t->model, t->x, NULL, &a) == GENLAT_OK &&
        genlat_model_encode(other, t->x, NULL, &b) == GENLAT_OK) {
        worst = 0;
        for (int64_t i = 0; i < genlat_tensor_count(a); i++)
            worst = fmax(worst, fabs((double)genlat_tensor_const_data(a)[i] - genlat_tensor_const_data(b)[i]));
    }
    genlat_tensor_destroy(&b);
    genlat_tensor_destroy(&a);
    return worst;
}

static int test_file(selftest *t)
{
    const char *folder = getenv("TMPDIR");
    char path[512];
    genlat_model *loaded = NULL;
    snprintf(path, sizeof path, "%s/genlat-selftest-XXXXXX", folder ? folder : "/tmp");
    int file = mkstemp(path);
    if (file < 0)
        return app_fail(t->app, "%s: cannot create the file; set TMPDIR to a writable folder", path);
    close(file);
    genlat_status status = genlat_model_save(t->model, path);
    if (status == GENLAT_OK)
        status = genlat_model_load(t->app->ctx, path, &loaded);
    unlink(path);
    if (status != GENLAT_OK)
        return app_fail_library(t->app);
    double worst = difference(t, loaded);
    genlat_model_destroy(&loaded);
    return print_test(t, worst == 0, "saved and loaded model, difference", worst);
}

static int prepare(selftest *t)
{
    genlat_model_builder *builder = NULL;
    app_state *app = t->app;
    app->train.steps = 150;
    app->train.batch = 64;
    if (genlat_source_synthetic(app->ctx, "digits", 1024, 1, &t->source) != GENLAT_OK ||
        genlat_source_read(t->source, 0, 32, &t->x, NULL) != GENLAT_OK ||
        genlat_model_builder_new(app->ctx, "vae", &builder) != GENLAT_OK)
        return app_fail_library(app);
    genlat_model_builder_set_int(builder, "latent", 4);
    genlat_model_builder_set(builder, "encoder", "flatten; dense units=64; relu");
    genlat_model_builder_set(builder, "decoder", "dense units=64; relu; dense units={out}");
    return genlat_model_build(&builder, t->source, &t->model) == GENLAT_OK ? APP_OK : app_fail_library(app);
}

int cmd_selftest(app_state *app)
{
    static int (*const tests[])(selftest * t) = {test_gradients, test_training, test_file};
    selftest t = {.app = app};
    int status = prepare(&t);
    json_int_t failed = status != APP_OK;
    for (size_t i = 0; i < APP_COUNT(tests) && status == APP_OK; i++)
        failed += tests[i](&t) != APP_OK;
    genlat_tensor_destroy(&t.x);
    genlat_model_destroy(&t.model);
    genlat_source_destroy(&t.source);
    if (failed)
        status = APP_FAILED;
    int printed = output_json(app, json_pack("{s:s, s:I}", "event", "selftest", "failed", failed));
    return printed == APP_OK ? status : printed;
}
