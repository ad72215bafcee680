/* SPDX-License-Identifier: MIT */
/* Small models of every family. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/families.h"

int32_t family_count(void)
{
    int32_t count = 0;
    while (genlat_model_family_name(count, NULL))
        count++;
    return count;
}

void expect_error(const char *function, const char *word)
{
    const char *error = genlat_last_error();
    ck_assert_msg(strncmp(error, function, strlen(function)) == 0 && error[strlen(function)] == ':',
                  "'%s' is not of %s", error, function);
    ck_assert_msg(strstr(error, word) != NULL, "'%s' does not contain '%s'", error, word);
}

genlat_model_builder *family_builder(genlat_ctx *ctx, int32_t family)
{
    genlat_model_builder *b = NULL;
    const char *name = genlat_model_family_name(family, NULL);
    ck_assert_int_eq(genlat_model_builder_new(ctx, name, &b), GENLAT_OK);
    family_configure(b, name);
    return b;
}

genlat_model *family_make(genlat_ctx *ctx, int32_t family, genlat_source *source)
{
    genlat_model_builder *b = family_builder(ctx, family);
    genlat_model *model = NULL;
    ck_assert_msg(genlat_model_build(&b, source, &model) == GENLAT_OK, "%s", genlat_last_error());
    return model;
}

const genlat_tensor *family_labels(const genlat_model *model, const genlat_tensor *labels)
{
    return gnl_model_takes_labels(model) ? labels : NULL;
}

const gnl_model_type *family_type(genlat_ctx *ctx, int32_t family)
{
    genlat_source *source = family_source(ctx);
    genlat_model *model = family_make(ctx, family, source);
    const gnl_model_type *type = model->type;
    genlat_model_destroy(&model);
    genlat_source_destroy(&source);
    return type;
}

genlat_source *family_source(genlat_ctx *ctx)
{
    genlat_tensor *x = NULL, *labels = NULL;
    genlat_source *source = NULL;
    ck_assert_int_eq(genlat_tensor_new(ctx, 4, (int64_t[]){FAMILY_SAMPLES, 1, 4, 4}, &x), GENLAT_OK);
    ck_assert_int_eq(genlat_tensor_new(ctx, 1, (int64_t[]){FAMILY_SAMPLES}, &labels), GENLAT_OK);
    for (int i = 0; i < FAMILY_SAMPLES; i++) {
        int label = i % FAMILY_CLASSES;
        genlat_tensor_data(labels)[i] = (float)label;
        for (int k = 0; k < FAMILY_SIZE; k++)
            genlat_tensor_data(x)[i * FAMILY_SIZE + k] = (float)(0.5 + 0.5 * sin(0.3 * i + k * (1.0 + label)));
    }
    ck_assert_int_eq(genlat_source_memory(ctx, x, labels, &source), GENLAT_OK);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
    return source;
}

/* ---- comparisons --------------------------------------------------------------------------------- */

static void append(genlat_tensor *part, family_numbers *out)
{
    const int64_t n = genlat_tensor_count(part);
    ck_assert_int_le(out->count + n, (int64_t)(sizeof out->at / sizeof *out->at));
    memcpy(out->at + out->count, genlat_tensor_const_data(part), (size_t)n * sizeof *out->at);
    out->count += n;
    genlat_tensor_destroy(&part);
}

void family_use(genlat_model *model, genlat_source *source, family_numbers *out)
{
    genlat_tensor *x = NULL, *labels = NULL, *part = NULL;
    genlat_sample_opts opts;
    genlat_sample_opts_init(&opts);
    opts.seed = 7;
    out->count = 0;
    ck_assert_int_eq(genlat_source_read(source, 0, 12, &x, &labels), GENLAT_OK);
    if (genlat_model_sample(model, 6, NULL, &opts, &part) == GENLAT_OK)
        append(part, out);
    if (genlat_model_encode(model, x, family_labels(model, labels), &part) == GENLAT_OK)
        append(part, out);
    if (genlat_model_reconstruct(model, x, family_labels(model, labels), &part) == GENLAT_OK)
        append(part, out);
    if (genlat_gan_discriminate(model, x, labels, &part) == GENLAT_OK)
        append(part, out);
    if (genlat_model_predict(model, x, &part) == GENLAT_OK)
        append(part, out);
    ck_assert_int_gt(out->count, 0);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
}

void family_expect_same(genlat_model *a, genlat_model *b, genlat_source *source)
{
    static family_numbers one, other;
    family_use(a, source, &one);
    family_use(b, source, &other);
    ck_assert_int_eq(one.count, other.count);
    ck_assert_mem_eq(one.at, other.at, (size_t)one.count * sizeof *one.at);
}

void family_expect_same_state(const genlat_model *a, const genlat_model *b)
{
    ck_assert_int_eq(a->parts, b->parts);
    for (int i = 0; i < a->parts; i++) {
        const gnl_part *p = &a->part[i], *q = &b->part[i];
        if (p->value)
            ck_assert_mem_eq(p->value, q->value, (size_t)p->values * sizeof *p->value);
        if (p->state)
            ck_assert_mem_eq(p->state, q->state, (size_t)p->states * sizeof *p->state);
    }
    for (int i = 0; i < GNL_MAX_OPTIMIZERS && a->optimizer[i].optim; i++) {
        const genlat_optim *o = a->optimizer[i].optim, *u = b->optimizer[i].optim;
        ck_assert_int_eq(gnl_optim_steps(o), gnl_optim_steps(u));
        for (int k = 0; k < gnl_optim_slots(o); k++) {
            const gnl_optim_slot s = gnl_optim_slot_at(o, k), t = gnl_optim_slot_at(u, k);
            ck_assert_mem_eq(s.data, t.data, (size_t)s.part->values * sizeof *s.data);
        }
    }
    ck_assert_int_eq(a->progress.step, b->progress.step);
    ck_assert_int_eq(a->progress.passes, b->progress.passes);
    ck_assert_int_eq(a->progress.epoch, b->progress.epoch);
    ck_assert_int_eq(a->progress.position, b->progress.position);
}

void family_steps(genlat_model *model, genlat_source *source, int count)
{
    for (int i = 0; i < count; i++) {
        genlat_tensor *x = NULL, *labels = NULL;
        int64_t first = 12 * (i % (FAMILY_SAMPLES / 12));
        ck_assert_int_eq(genlat_source_read(source, first, first + 12, &x, &labels), GENLAT_OK);
        ck_assert_msg(genlat_model_step(model, x, family_labels(model, labels), NULL) == GENLAT_OK, "%s",
                      genlat_last_error());
        genlat_tensor_destroy(&x);
        genlat_tensor_destroy(&labels);
    }
}
