/* SPDX-License-Identifier: MIT */
/* The choice of settings by the data, and nets for data of odd sizes. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/families.h"

enum { SAMPLES = 40, BATCH = 4 };

static genlat_ctx *ctx;

static void set_up(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
}

static void tear_down(void)
{
    genlat_ctx_destroy(&ctx);
}

/* ---- data ------------------------------------------------------------------------------------ */

/* A value from the number of a sample, the element, and a number that looks random, 0 to 1. */
typedef float value_fn(int64_t sample, int64_t element, float u);

static float binary(int64_t sample, int64_t element, float u)
{
    return u < 0.5F;
}

static float drawing(int64_t sample, int64_t element, float u)
{
    return u < 0.6F ? 0 : floorf(u * 255) / 255;
}

static float levels(int64_t sample, int64_t element, float u)
{
    return (1 + floorf(u * 253)) / 255;
}

static float unit(int64_t sample, int64_t element, float u)
{
    return sample == 0 ? 0.001F : 0.001F + 0.99F * u;
}

static float bytes(int64_t sample, int64_t element, float u)
{
    return floorf(u * 255.9F);
}

static float letters(int64_t sample, int64_t element, float u)
{
    return 97 + floorf(u * 25.9F);
}

static float sound(int64_t sample, int64_t element, float u)
{
    return 0.3F * (2 * u - 1) * sinf((float)element);
}

static float table(int64_t sample, int64_t element, float u)
{
    return element == 0 ? 5 : 100 * (float)element * u;
}

static float near(int64_t sample, int64_t element, float u)
{
    return 4 * u - 2;
}

static float far(int64_t sample, int64_t element, float u)
{
    return 1000 + 400 * u;
}

static float random_unit(int64_t index)
{
    return (float)((uint64_t)(index + 1) * 2654435761U % 1000003U) / 1000003.0F;
}

typedef struct data {
    value_fn *value;
    int32_t ndim;
    int64_t dim[4];
    uint32_t content;
    int64_t count; /* 0: SAMPLES */
} data;

static genlat_source *with_content(genlat_source *source, uint32_t content)
{
    genlat_source *out = NULL;
    const genlat_description about = {.size = sizeof about, .content = content};
    ck_assert_int_eq(genlat_source_describe(source, &about, &out), GENLAT_OK);
    genlat_source_destroy(&source);
    return out;
}

/* Half of the samples have class 0, the others class 1. */
static genlat_source *source_of(const data *d)
{
    const int64_t count = d->count ? d->count : SAMPLES;
    const int64_t dims[5] = {count, d->dim[0], d->dim[1], d->dim[2], d->dim[3]};
    genlat_tensor *x = NULL, *labels = NULL;
    genlat_source *source = NULL;
    ck_assert_int_eq(genlat_tensor_new(ctx, d->ndim + 1, dims, &x), GENLAT_OK);
    ck_assert_int_eq(genlat_tensor_new(ctx, 1, dims, &labels), GENLAT_OK);
    const int64_t size = genlat_tensor_count(x) / count;
    for (int64_t i = 0; i < count * size; i++)
        genlat_tensor_data(x)[i] = d->value(i / size, i % size, random_unit(i));
    for (int64_t i = 0; i < count; i++)
        genlat_tensor_data(labels)[i] = (float)(i % 2);
    ck_assert_int_eq(genlat_source_memory(ctx, x, labels, &source), GENLAT_OK);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
    return d->content ? with_content(source, d->content) : source;
}

/* ---- choices --------------------------------------------------------------------------------- */

typedef struct chosen {
    genlat_model_builder *builder;
    genlat_source *source, *prepared;
    char text[512];
} chosen;

static void choose(const char *family, const data *d, const char *const *settings, chosen *out)
{
    *out = (chosen){.source = source_of(d)};
    ck_assert_int_eq(genlat_model_builder_new(ctx, family, &out->builder), GENLAT_OK);
    for (int i = 0; settings && settings[i]; i += 2)
        genlat_model_builder_set(out->builder, settings[i], settings[i + 1]);
    const genlat_status status =
        genlat_model_builder_auto(out->builder, out->source, &out->prepared, out->text, sizeof out->text);
    ck_assert_msg(status == GENLAT_OK, "%s", genlat_last_error());
}

static void release(chosen *c)
{
    genlat_model_builder_destroy(&c->builder);
    genlat_source_destroy(&c->prepared);
    genlat_source_destroy(&c->source);
}

static void expect_setting(const chosen *c, const char *key, const char *expected)
{
    char text[512];
    ck_assert_int_eq(genlat_model_builder_get(c->builder, key, text, sizeof text), GENLAT_OK);
    ck_assert_msg(strcmp(text, expected) == 0, "%s is '%s', expected '%s'; %s", key, text, expected, c->text);
}

static void expect_word(const chosen *c, const char *word)
{
    ck_assert_msg(strstr(c->text, word) != NULL, "'%s' is not in '%s'", word, c->text);
}

/* Checks that the samples that the model is trained on have this range. */
static void expect_range(const chosen *c, double low, double high)
{
    genlat_tensor *x = NULL;
    double min = INFINITY, max = -INFINITY;
    ck_assert_int_eq(genlat_source_read(c->prepared, 0, genlat_source_count(c->prepared), &x, NULL), GENLAT_OK);
    for (int64_t i = 0; i < genlat_tensor_count(x); i++) {
        min = fmin(min, (double)genlat_tensor_data(x)[i]);
        max = fmax(max, (double)genlat_tensor_data(x)[i]);
    }
    ck_assert_msg(fabs(min - low) < 1e-2 && fabs(max - high) < 1e-2, "%g to %g, expected %g to %g; %s", min, max, low,
                  high, c->text);
    genlat_tensor_destroy(&x);
}

/* Builds the model, takes a step, and draws samples, if the family has any. */
static void expect_sample(chosen *c, bool conditional)
{
    genlat_model *model = NULL;
    genlat_tensor *x = NULL, *labels = NULL, *y = NULL;
    double terms[GENLAT_MAX_TERMS];
    const genlat_status built = genlat_model_build(&c->builder, c->prepared, &model);
    ck_assert_msg(built == GENLAT_OK, "%s; %s", genlat_last_error(), c->text);
    ck_assert_int_eq(genlat_source_read(c->prepared, 0, BATCH, &x, &labels), GENLAT_OK);
    const bool predicts = genlat_model_latent(model) == 0;
    const genlat_status stepped = genlat_model_step(model, x, predicts || conditional ? labels : NULL, terms);
    ck_assert_msg(stepped == GENLAT_OK, "%s; %s", genlat_last_error(), c->text);
    ck_assert(isfinite(terms[0]));
    if (!predicts) {
        ck_assert_int_eq(genlat_model_sample(model, BATCH, conditional ? labels : NULL, NULL, &y), GENLAT_OK);
        ck_assert_int_eq(genlat_tensor_ndim(y), genlat_tensor_ndim(x));
        for (int32_t i = 0; i < genlat_tensor_ndim(x); i++)
            ck_assert_int_eq(genlat_tensor_dim(y, i), genlat_tensor_dim(x, i));
        for (int64_t i = 0; i < genlat_tensor_count(y); i++)
            ck_assert(isfinite(genlat_tensor_data(y)[i]));
    }
    genlat_tensor_destroy(&y);
    genlat_tensor_destroy(&labels);
    genlat_tensor_destroy(&x);
    genlat_model_destroy(&model);
}

static void expect_works(chosen *c)
{
    expect_sample(c, false);
}

static const struct choice_case {
    const char *family;
    data data;
    const char *preset, *key, *value;
    const char *scale;
} cases[] = {
    {"vae", {binary, 3, {1, 12, 12}}, "preset conv", "likelihood", "bernoulli", "scale none"},
    {"vae", {binary, 2, {12, 12}}, "preset conv", "likelihood", "bernoulli", "scale none"},
    {"vae",
     {binary, 3, {1, 64, 64}, .count = 8},
     "preset conv",
     "architecture",
     "conv widths=32x64x128x256",
     "scale none"},
    {"vae", {binary, 1, {9}}, "preset mlp", "likelihood", "bernoulli", "scale none"},
    {"vae", {drawing, 3, {1, 12, 12}}, "preset conv", "likelihood", "beta_binomial", "scale none"},
    {"vae", {drawing, 3, {1, 3, 3}}, "preset mlp", "likelihood", "beta_binomial", "scale none"},
    {"vae", {levels, 3, {3, 16, 16}}, "preset photo", "likelihood", "gaussian sd=optimal", "scale none"},
    {"vae", {unit, 3, {1, 12, 12}}, "preset photo", "likelihood", "gaussian sd=optimal", "scale none"},
    {"vae", {unit, 3, {2, 5, 5}}, "preset conv", "likelihood", "gaussian sd=optimal", "scale none"},
    {"vae", {bytes, 3, {3, 16, 16}}, "preset photo", "likelihood", "gaussian sd=optimal", "scale unit"},
    {"vae", {far, 3, {1, 2, 2}}, "preset mlp", "likelihood", "gaussian sd=optimal", "scale unit"},
    {"vae", {sound, 2, {1, 64}}, "preset signal", "likelihood", "laplace scale=learned", "scale standard"},
    {"vae", {sound, 1, {64}, GENLAT_CONTENT_SOUND}, "40 signals [64]", "latent", "32", "scale standard"},
    {"vae", {sound, 2, {20, 24}, GENLAT_CONTENT_SOUND}, "40 signals [20,24]", "latent", "32", "scale standard"},
    {"vae", {drawing, 2, {8, 40}, GENLAT_CONTENT_IMAGE}, "40 grey images [8,40]", "latent", "20", "scale none"},
    {"gan", {sound, 1, {64}, GENLAT_CONTENT_SOUND}, "40 signals [64]", "output", "tanh", "scale symmetric"},
    {"gan", {drawing, 2, {8, 40}, GENLAT_CONTENT_IMAGE}, "40 grey images [8,40]", "output", "sigmoid", "scale none"},
    {"vae", {near, 1, {2}}, "preset vector", "latent", "2", "scale features"},
    {"vae", {table, 1, {7}}, "preset vector", "latent", "16", "scale features"},
    {"vae", {letters, 1, {16}}, "preset vector", "latent", "16", "scale features"},
    {"vae", {letters, 1, {16}, GENLAT_CONTENT_TEXT}, "preset text", "decoder_inputs", "previous", "scale none"},
    {"vae", {near, 4, {2, 2, 2, 2}}, "preset mlp", "likelihood", "gaussian sd=optimal", "scale standard"},
    {"gan", {drawing, 3, {1, 12, 12}}, "few images", "augment", "translation,cutout", "scale none"},
    {"gan", {drawing, 3, {1, 8, 8}, .count = 1001}, "preset r3", "output", "sigmoid", "scale none"},
    {"gan", {bytes, 3, {3, 8, 8}, .count = 1001}, "preset r3", "output", "sigmoid", "scale unit"},
    {"gan", {sound, 2, {1, 64}}, "preset r3", "output", "tanh", "scale symmetric"},
    {"gan", {near, 1, {2}}, "preset r3", "output", "linear", "scale none"},
    {"gan", {far, 1, {2}}, "preset r3", "output", "linear", "scale features"},
    {"gan", {table, 1, {7}}, "preset r3", "output", "linear", "scale features"},
    {"gan", {binary, 1, {7}}, "preset r3", "output", "sigmoid", "scale none"},
    {"gan", {letters, 1, {16}, GENLAT_CONTENT_TEXT}, "preset r3", "output", "sigmoid", "scale unit"},
    {"predictor", {levels, 3, {1, 8, 8}}, "preset classifier", "loss", "", "scale none"},
    {"predictor", {bytes, 3, {1, 8, 8}}, "preset classifier", "loss", "", "scale standard"},
    {"predictor", {table, 1, {7}}, "preset mlp", "loss", "", "scale features"},
    {"predictor", {letters, 1, {16}, GENLAT_CONTENT_TEXT}, "preset mlp", "loss", "", "scale none"},
    {"gmm", {levels, 3, {1, 8, 8}}, "preset full", "floor", "0.001", "scale none"},
    {"gmm", {table, 1, {7}}, "preset full", "covariance", "full", "scale features"},
    {"ppca", {levels, 3, {1, 8, 8}}, "preset ppca", "latent", "0", "scale none"},
    {"ppca", {table, 1, {7}}, "preset ppca", "latent", "0", "scale features"},
};

START_TEST(data_determine_the_choice)
{
    const struct choice_case *k = &cases[_i];
    chosen c;
    choose(k->family, &k->data, NULL, &c);
    expect_word(&c, k->preset);
    expect_setting(&c, k->key, k->value);
    expect_word(&c, k->scale);
    ck_assert_ptr_null(strchr(c.text, '\n'));
    ck_assert_uint_lt(strlen(c.text), 400);
    expect_works(&c);
    release(&c);
}
END_TEST

/* The number that the report states is what the model is trained on. */
START_TEST(values_are_scaled_as_reported)
{
    const data image = {bytes, 3, {3, 8, 8}, .count = 1001}, wave = {sound, 2, {1, 64}};
    chosen c;
    choose("gan", &image, NULL, &c);
    expect_range(&c, 0, 1);
    release(&c);
    choose("gan", &wave, NULL, &c);
    expect_range(&c, -1, 1);
    release(&c);
}
END_TEST

START_TEST(the_report_describes_the_data)
{
    const data image = {drawing, 3, {1, 12, 12}}, rows = {table, 1, {7}};
    chosen c;
    choose("vae", &image, NULL, &c);
    expect_word(
        &c, "40 grey images [1,12,12], 256 levels from 0 to 0.9961: preset conv, likelihood beta_binomial, scale none");
    release(&c);
    choose("vae", &rows, NULL, &c);
    expect_word(&c, "40 vectors [7], real numbers from ");
    expect_word(&c, ", 1 constant: preset vector");
    release(&c);
}
END_TEST

/* ---- settings of the caller ------------------------------------------------------------------ */

START_TEST(settings_by_name_stay)
{
    const data rows = {table, 1, {7}};
    chosen c;
    choose("vae", &rows, (const char *const[]){"latent", "3", "epochs", "7", "batch", "5", NULL}, &c);
    expect_setting(&c, "latent", "3");
    expect_setting(&c, "epochs", "7");
    expect_setting(&c, "batch", "5");
    expect_word(&c, "7 epochs, batch 5");
    expect_word(&c, "; each column has its own scale");
    expect_works(&c);
    release(&c);
}
END_TEST

/* The scaling fits a likelihood or an output that the caller has set. */
START_TEST(the_scaling_fits_the_setting)
{
    static const struct {
        const char *family, *key, *value;
        data data;
        double low, high;
    } settings[] = {
        {"vae", "likelihood", "bernoulli", {table, 1, {7}}, 0, 1},
        {"vae", "likelihood", "bernoulli", {sound, 2, {1, 64}}, 0, 1},
        {"vae", "likelihood", "discretized_logistic range=symmetric", {levels, 3, {1, 8, 8}}, -1, 1},
        {"vae", "likelihood", "categorical classes=256", {bytes, 1, {7}}, 0, 255},
        {"gan", "output", "tanh", {levels, 3, {1, 8, 8}}, -1, 1},
        {"gan", "output", "sigmoid", {far, 1, {2}}, 0, 1},
    };
    chosen c;
    choose(settings[_i].family, &settings[_i].data, (const char *const[]){settings[_i].key, settings[_i].value, NULL},
           &c);
    expect_setting(&c, settings[_i].key, settings[_i].value);
    /* The reason of the row need not hold. */
    ck_assert_int_eq(strchr(c.text, ';') == NULL, strcmp(settings[_i].family, "gan") == 0);
    ck_assert_int_eq(strstr(c.text, "; 8 samples held out for validation") == NULL,
                     strcmp(settings[_i].family, "gan") == 0);
    expect_range(&c, settings[_i].low, settings[_i].high);
    expect_works(&c);
    release(&c);
}
END_TEST

START_TEST(a_preset_is_replaced)
{
    const data rows = {table, 1, {7}};
    chosen c = {.source = source_of(&rows)};
    ck_assert_int_eq(genlat_model_builder_new(ctx, "vae", &c.builder), GENLAT_OK);
    genlat_model_builder_preset(c.builder, "conv");
    ck_assert_int_eq(genlat_model_builder_auto(c.builder, c.source, &c.prepared, NULL, 0), GENLAT_OK);
    expect_setting(&c, "architecture", "mlp widths=128x128");
    release(&c);
}
END_TEST

START_TEST(a_scaled_source_stays)
{
    const data rows = {table, 1, {7}};
    genlat_transform_opts opts;
    genlat_transform_opts_init(&opts);
    opts.scale = GENLAT_SCALE_UNIT;
    genlat_source *raw = source_of(&rows), *scaled = NULL, *prepared = NULL;
    genlat_model_builder *b = NULL;
    char text[512];
    ck_assert_int_eq(genlat_source_transform(raw, &opts, &scaled), GENLAT_OK);
    ck_assert_int_eq(genlat_model_builder_new(ctx, "vae", &b), GENLAT_OK);
    ck_assert_int_eq(genlat_model_builder_auto(b, scaled, &prepared, text, sizeof text), GENLAT_OK);
    ck_assert_ptr_eq(prepared, scaled);
    ck_assert_msg(strstr(text, "scale of the source") != NULL, "%s", text);
    genlat_source_destroy(&prepared);
    genlat_source_destroy(&scaled);
    genlat_source_destroy(&raw);
    genlat_model_builder_destroy(&b);
}
END_TEST

/* ---- length ---------------------------------------------------------------------------------- */

START_TEST(few_samples_get_more_epochs)
{
    const data few = {table, 1, {7}, .count = 100}, many = {near, 1, {2}, .count = 20000};
    chosen c;
    choose("vae", &few, NULL, &c);
    expect_setting(&c, "batch", "16");
    expect_setting(&c, "epochs", "400"); /* 2000 steps in epochs of 5, since 20 samples are held out */
    expect_setting(&c, "beta_schedule", "linear from=0 to=1 steps=2000");
    release(&c);
    choose("vae", &few, (const char *const[]){"holdout", "0", NULL}, &c);
    expect_setting(&c, "epochs", "286"); /* 2000 steps in epochs of 7 */
    release(&c);
    choose("vae", &many, NULL, &c);
    expect_setting(&c, "batch", "128");
    expect_setting(&c, "epochs", "50");
    release(&c);
}
END_TEST

START_TEST(schedules_end_with_the_training)
{
    const data points = {near, 1, {2}, .count = 1280};
    chosen c;
    choose("gan", &points, NULL, &c);
    expect_setting(&c, "lr_schedule", "cosine from=1 to=0.02 steps=40000");
    release(&c);
    choose("gan", &points, (const char *const[]){"steps", "90", NULL}, &c);
    expect_setting(&c, "lr_schedule", "cosine from=1 to=0.02 steps=90");
    expect_setting(&c, "penalty_schedule", "cosine from=1 to=0.05 steps=90");
    release(&c);
    choose("gan", &points, (const char *const[]){"epochs", "3", "batch", "100", NULL}, &c);
    expect_setting(&c, "steps", "0");
    expect_setting(&c, "lr_schedule", "cosine from=1 to=0.02 steps=39");
    release(&c);
}
END_TEST

/* ---- reading --------------------------------------------------------------------------------- */

enum { COUNTED = 600 };

static int reads[COUNTED];

static int32_t count_reads(void *user, const int64_t *indices, int64_t n, uint64_t draw, float *x, float *labels)
{
    for (int64_t i = 0; i < n; i++) {
        reads[indices[i]]++;
        x[2 * i] = (float)indices[i];
        x[2 * i + 1] = -(float)indices[i];
    }
    return 0;
}

/* The fit of a scale needs no second pass. */
START_TEST(samples_are_read_once)
{
    const genlat_source_table counted = {
        .size = sizeof counted, .count = COUNTED, .ndim = 1, .dims = {2}, .fetch = count_reads};
    chosen c = {0};
    memset(reads, 0, sizeof reads);
    ck_assert_int_eq(genlat_source_callback(ctx, &counted, &c.source), GENLAT_OK);
    ck_assert_int_eq(genlat_model_builder_new(ctx, "vae", &c.builder), GENLAT_OK);
    ck_assert_int_eq(genlat_model_builder_auto(c.builder, c.source, &c.prepared, c.text, sizeof c.text), GENLAT_OK);
    expect_word(&c, "scale features");
    for (int i = 0; i < COUNTED; i++)
        ck_assert_int_eq(reads[i], 1);
    release(&c);
}
END_TEST

static float hole(int64_t sample, int64_t element, float u)
{
    return sample == 11 && element == 3 ? (float)NAN : u;
}

START_TEST(errors_are_reported)
{
    const data rows = {hole, 1, {7}};
    genlat_source *source = source_of(&rows), *prepared = source;
    genlat_model_builder *b = NULL;
    char text[8];
    ck_assert_int_eq(genlat_model_builder_new(ctx, "vae", &b), GENLAT_OK);
    ck_assert_int_eq(genlat_model_builder_auto(b, source, &prepared, NULL, 0), GENLAT_E_RANGE);
    expect_error("genlat_model_builder_auto", "sample 11 has nan in element 3");
    ck_assert_ptr_null(prepared);
    ck_assert_int_eq(genlat_model_builder_auto(NULL, source, &prepared, NULL, 0), GENLAT_E_INVALID);
    ck_assert_int_eq(genlat_model_builder_auto(b, NULL, &prepared, NULL, 0), GENLAT_E_INVALID);
    ck_assert_int_eq(genlat_model_builder_auto(b, source, NULL, NULL, 0), GENLAT_E_INVALID);
    ck_assert_int_eq(genlat_model_builder_auto(b, source, &prepared, text, 0), GENLAT_E_INVALID);
    genlat_model_builder_set(b, "colour", "4");
    ck_assert_int_eq(genlat_model_builder_auto(b, source, &prepared, NULL, 0), GENLAT_E_NOT_FOUND);
    expect_error("genlat_model_builder_set", "colour");
    genlat_model_builder_destroy(&b);
    genlat_source_destroy(&source);
}
END_TEST

/* An unknown likelihood is found after the preset is loaded. */
START_TEST(a_failure_changes_nothing)
{
    const data rows = {table, 1, {7}};
    chosen c = {.source = source_of(&rows)};
    ck_assert_int_eq(genlat_model_builder_new(ctx, "vae", &c.builder), GENLAT_OK);
    genlat_model_builder_preset(c.builder, "conv");
    genlat_model_builder_set(c.builder, "likelihood", "dream");
    ck_assert_int_eq(genlat_model_builder_auto(c.builder, c.source, &c.prepared, NULL, 0), GENLAT_E_NOT_FOUND);
    expect_error("genlat_model_builder_auto", "dream");
    ck_assert_ptr_null(c.prepared);
    expect_setting(&c, "architecture", "conv widths=32x64");
    expect_setting(&c, "latent", "20");
    genlat_model_builder_set(c.builder, "likelihood", "bernoulli");
    ck_assert_int_eq(genlat_model_builder_auto(c.builder, c.source, &c.prepared, NULL, 0), GENLAT_OK);
    release(&c);
}
END_TEST

START_TEST(the_report_is_shortened)
{
    const data rows = {table, 1, {7}};
    genlat_source *source = source_of(&rows), *prepared = NULL;
    genlat_model_builder *b = NULL;
    char text[8];
    ck_assert_int_eq(genlat_model_builder_new(ctx, "vae", &b), GENLAT_OK);
    ck_assert_int_eq(genlat_model_builder_auto(b, source, &prepared, text, sizeof text), GENLAT_OK);
    ck_assert_str_eq(text, "40 vect");
    genlat_source_destroy(&prepared);
    genlat_model_builder_destroy(&b);
    genlat_source_destroy(&source);
}
END_TEST

/* ---- odd sizes ------------------------------------------------------------------------------- */

static const struct {
    const char *family, *preset;
    int64_t least; /* smallest side */
} image_presets[] = {{"vae", "conv", 4},  {"vae", "photo", 8},   {"vae", "signal", 16}, {"gan", "r3", 1},
                     {"gan", "dcgan", 4}, {"gan", "wgan_gp", 1}, {"gan", "sngan", 1}};

static const data odd[] = {
    {levels, 3, {1, 30, 45}}, {levels, 3, {3, 17, 50}}, {levels, 3, {1, 7, 9}}, {levels, 3, {2, 4, 5}},
    {levels, 2, {21, 30}},    {levels, 2, {1, 45}},     {levels, 2, {2, 99}},   {levels, 3, {1, 3, 3}},
};

static int64_t least_side(const data *d)
{
    const int64_t last = d->dim[d->ndim - 1];
    return d->ndim == 3 || d->dim[0] > 2 ? GNL_MIN(last, d->dim[d->ndim - 2]) : last;
}

/* Samples have the shape of the data; images that are too small are refused with the smallest size and a preset. */
START_TEST(odd_sizes_work)
{
    const int preset = _i / (int)GNL_COUNT(odd), size = _i % (int)GNL_COUNT(odd);
    for (int conditional = 0; conditional < 2; conditional++) {
        chosen c = {.source = source_of(&odd[size]), .prepared = source_of(&odd[size])};
        genlat_model *model = NULL;
        ck_assert_int_eq(genlat_model_builder_new(ctx, image_presets[preset].family, &c.builder), GENLAT_OK);
        genlat_model_builder_preset(c.builder, image_presets[preset].preset);
        if (conditional)
            genlat_model_builder_set(c.builder, "condition", "labels");
        if (least_side(&odd[size]) >= image_presets[preset].least) {
            expect_sample(&c, conditional);
        } else {
            char number[32];
            snprintf(number, sizeof number, "sides of at least %d,", (int)image_presets[preset].least);
            ck_assert_int_eq(genlat_model_build(&c.builder, c.source, &model), GENLAT_E_SHAPE);
            expect_error("genlat_model_build", number);
            expect_error("genlat_model_build", "preset ");
        }
        release(&c);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("choice by data");
    TCase *tests = tcase_create("choice by data");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, data_determine_the_choice, 0, (int)GNL_COUNT(cases));
    tcase_add_test(tests, values_are_scaled_as_reported);
    tcase_add_test(tests, the_report_describes_the_data);
    tcase_add_test(tests, settings_by_name_stay);
    tcase_add_loop_test(tests, the_scaling_fits_the_setting, 0, 6);
    tcase_add_test(tests, a_preset_is_replaced);
    tcase_add_test(tests, a_scaled_source_stays);
    tcase_add_test(tests, few_samples_get_more_epochs);
    tcase_add_test(tests, schedules_end_with_the_training);
    tcase_add_test(tests, samples_are_read_once);
    tcase_add_test(tests, errors_are_reported);
    tcase_add_test(tests, a_failure_changes_nothing);
    tcase_add_test(tests, the_report_is_shortened);
    tcase_add_loop_test(tests, odd_sizes_work, 0, (int)(GNL_COUNT(image_presets) * GNL_COUNT(odd)));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
