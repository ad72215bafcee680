/* SPDX-License-Identifier: MIT */
/* Calls every exported function with every kind of invalid argument; the table is generated from the headers. */
#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "misuse/makers.h"

char text[256];
int32_t ints[8];
int64_t longs[8], dims[8] = {2, 2, 1, 1, 1, 1, 1, 1};
double doubles[64];
float floats[64];
uint8_t bytes[64];
const char *const names[8] = {"a", "b"};
const char *words;
const double *curve;
const genlat_tensor *seen;
void *block;
size_t block_size;
char garbage;

static const char *call_made = "";

/* ---- expectations ---------------------------------------------------------------------------- */

void begin(const char *what)
{
    call_made = what;
    (void)genlat_error_set(GENLAT_E_INTERNAL, "untouched");
}

static void expect_text(const char *function)
{
    const char *error = genlat_last_error();
    size_t length = strlen(function);
    /* errors of file functions may begin with the file name */
    bool file = strncmp(error, "/nonexistent/", 13) == 0;
    ck_assert_msg(file || (strncmp(error, function, length) == 0 && strchr(": (", error[length])),
                  "%s: the error is '%s'", call_made, error);
    ck_assert_msg(strchr(error, '\n') == NULL, "%s: more than one line: '%s'", call_made, error);
}

void expect(const char *function, genlat_status status, genlat_status expected)
{
    ck_assert_msg(expected == MAY_FAIL || status == expected, "%s: %s, expected %s; %s", call_made,
                  genlat_status_name(status), genlat_status_name(expected), genlat_last_error());
    ck_assert_msg(status <= 0, "%s: status %d", call_made, (int)status);
    if (status != GENLAT_OK && strcmp(function, "genlat_error_set") != 0)
        expect_text(function);
}

void expect_null_(genlat_status status, const void *out)
{
    ck_assert_msg(status == GENLAT_OK || out == NULL, "%s: *out is not NULL after an error", call_made);
}

static void expect_build_error(const char *function, genlat_status status, int must)
{
    ck_assert_msg(status != GENLAT_OK || !must, "%s: the build succeeded, expected an error", call_made);
    if (must)
        expect_text(function);
}

void expect_error_of_net_builder(const char *function, genlat_net_builder *builder, int must)
{
    genlat_net *net = NULL;
    genlat_status status = genlat_net_build(&builder, &net);
    expect_build_error(function, status, must);
    genlat_net_destroy(&net);
}

/* ---- makers ---------------------------------------------------------------------------------- */

/* Created once and kept in a static variable, where leak checkers find it. */
#define MAKE(type, name, call)                                                                                         \
    genlat_##type *make_##name(void)                                                                                   \
    {                                                                                                                  \
        static genlat_##type *made;                                                                                    \
        if (!made) {                                                                                                   \
            genlat_status status = call;                                                                               \
            ck_assert_msg(status == GENLAT_OK, "cannot make " #name ": %s", genlat_last_error());                      \
        }                                                                                                              \
        return made;                                                                                                   \
    }

static genlat_status build_net(genlat_net **out)
{
    genlat_net_builder *builder = fresh_net_builder();
    return genlat_net_build(&builder, out);
}

static genlat_status optim_of_net(genlat_optim **out)
{
    genlat_status status = genlat_adam_new(make_ctx(), NULL, out);
    return status ? status : genlat_optim_add(*out, make_net(), NULL, NULL);
}

MAKE(ctx, ctx, genlat_ctx_new(NULL, &made))
MAKE(tensor, tensor, genlat_tensor_new(make_ctx(), 2, dims, &made))
MAKE(rng, rng, genlat_rng_new(make_ctx(), 1, 1, &made))
MAKE(layer, layer, genlat_layer_new(make_ctx(), "relu", &made))
MAKE(net, net, build_net(&made))
MAKE(exec, exec, genlat_net_compile(make_net(), 4, NULL, &made))
MAKE(source, source, genlat_source_synthetic(make_ctx(), "ring", 16, 1, &made))
MAKE(batches, batches, genlat_batches_new(make_source(), NULL, &made))
MAKE(loss, loss, genlat_loss_new(make_ctx(), "bernoulli", &made))
MAKE(optim, optim, optim_of_net(&made))
MAKE(metric, metric, genlat_metric_new(make_ctx(), "frechet", &made))
MAKE(schedule, schedule, genlat_schedule_new(make_ctx(), "constant value=1", &made))
MAKE(output, output, genlat_output_open(make_ctx(), "/dev/null", &made))
MAKE(ema, ema, genlat_ema_new(make_net(), NULL, &made))

const genlat_tensor *const *make_tensors(void)
{
    static const genlat_tensor *made[8];
    made[0] = make_tensor();
    return made;
}

genlat_source *const *make_sources(void)
{
    static genlat_source *made[8];
    made[0] = make_source();
    return made;
}

genlat_net_builder *fresh_net_builder(void)
{
    genlat_net_builder *builder = NULL;
    ck_assert_int_eq(genlat_net_builder_new(make_ctx(), &builder), GENLAT_OK);
    genlat_net_builder_input(builder, "x", 1, (int64_t[]){2});
    genlat_net_builder_add(builder, "dense units=2");
    return builder;
}

/* For data [2]; settings end with NULL. */
static genlat_model_builder *fresh_builder(const char *family, const char *const *pairs)
{
    genlat_model_builder *builder = NULL;
    ck_assert_int_eq(genlat_model_builder_new(make_ctx(), family, &builder), GENLAT_OK);
    genlat_model_builder_data(builder, 1, (int64_t[]){2});
    for (; *pairs; pairs += 2)
        genlat_model_builder_set(builder, pairs[0], pairs[1]);
    return builder;
}

genlat_model_builder *fresh_vae_builder(void)
{
    static const char *const pairs[] = {
        "latent",     "2",        "encoder", "dense units=4; relu", "decoder", "dense units=4; relu; dense units=2",
        "likelihood", "gaussian", NULL};
    return fresh_builder("vae", pairs);
}

genlat_model_builder *fresh_gan_builder(void)
{
    static const char *const pairs[] = {
        "latent", "2", "generator", "dense units=2", "discriminator", "dense units=4; leaky_relu; dense units=1", NULL};
    return fresh_builder("gan", pairs);
}

genlat_model_builder *fresh_predictor_builder(void)
{
    static const char *const pairs[] = {"net", "dense units=4; relu", "condition", "classes=8", NULL};
    return fresh_builder("predictor", pairs);
}

static genlat_status build_model(genlat_model_builder *builder, genlat_model **out)
{
    return genlat_model_build(&builder, NULL, out);
}

MAKE(model, vae, build_model(fresh_vae_builder(), &made))
MAKE(model, gan, build_model(fresh_gan_builder(), &made))
MAKE(model, predictor, build_model(fresh_predictor_builder(), &made))
MAKE(trainer, trainer, genlat_trainer_new(make_vae(), make_source(), NULL, NULL, &made))

void expect_error_of_model_builder(const char *function, genlat_model_builder *builder, int must)
{
    genlat_model *model = NULL;
    genlat_status status = genlat_model_build(&builder, NULL, &model);
    expect_build_error(function, status, must);
    genlat_model_destroy(&model);
}

START_TEST(invalid_arguments_are_reported)
{
    misuse_calls[_i].run();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("misuse");
    TCase *tests = tcase_create("every function");
    tcase_add_loop_test(tests, invalid_arguments_are_reported, 0, misuse_count);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
