/* SPDX-License-Identifier: MIT */
/* Shared by the unit tests of GANs. */
#include <check.h>
#include <stdlib.h>

#include "support/gan_unit.h"
#include "net/exec_priv.h"

genlat_ctx *ctx;
counter gan_memory;

void gan_open_ctx(int64_t threads)
{
    ck_assert_int_eq(counted_ctx(&gan_memory, threads, &ctx), GENLAT_OK);
}

void gan_begin(void)
{
    gan_open_ctx(1);
}

void gan_end(void)
{
    genlat_ctx_destroy(&ctx);
}

/* ---- models and batches ---------------------------------------------------------------------- */

const gnl_shape gan_vector = {1, {3}}, gan_image = {3, {2, 12, 8}}, gan_signal = {2, {2, 16}}, gan_odd = {3, {3, 5, 7}};

const pair gan_changing[] = {{"augment", "color,translation,cutout"},
                             {"augment_target", "0.6"},
                             {"augment_speed", "40"},
                             {"condition", "classes=3"},
                             {"conditioning", "auxiliary"},
                             {"feature_matching", "1"},
                             {"history", "0.1"},
                             {"orthogonal", "0.01"},
                             {"beta2_schedule", "linear from=0.9 to=0.99 steps=7"},
                             {"approx_r1", "10"},
                             {NULL, NULL}};

genlat_status gan_try(const char *preset, const gnl_shape *data, const pair *pairs, genlat_model **out)
{
    genlat_model_builder *b = NULL;
    ck_assert_int_eq(genlat_model_builder_new(ctx, "gan", &b), GENLAT_OK);
    genlat_model_builder_preset(b, preset);
    genlat_model_builder_set_int(b, "latent", GAN_LATENT);
    genlat_model_builder_data(b, data->ndim, data->dim);
    for (; pairs && pairs->key; pairs++)
        genlat_model_builder_set(b, pairs->key, pairs->value);
    return genlat_model_build(&b, NULL, out);
}

genlat_model *gan_make(const char *preset, const gnl_shape *data, const pair *pairs)
{
    genlat_model *model = NULL;
    ck_assert_msg(gan_try(preset, data, pairs, &model) == GENLAT_OK, "%s: %s", preset, genlat_last_error());
    return model;
}

genlat_tensor *gan_normal(const gnl_shape *sample, int64_t rows, uint64_t seed)
{
    genlat_tensor *x = NULL;
    const gnl_shape shape = gnl_shape_batched(sample, rows);
    gnl_rng rng = gnl_rng_make(seed, GNL_STREAM_USER, 0);
    ck_assert_int_eq(gnl_tensor_new(ctx, &shape, &x), GENLAT_OK);
    gnl_rng_fill_normal(&rng, x->data, gnl_shape_count(&shape));
    return x;
}

genlat_tensor *gan_labels(void)
{
    static const gnl_shape row = {1, {GAN_ROWS}};
    genlat_tensor *labels = NULL;
    ck_assert_int_eq(gnl_tensor_new(ctx, &row, &labels), GENLAT_OK);
    for (int i = 0; i < GAN_ROWS; i++)
        labels->data[i] = (gnl_real)(i % 3);
    return labels;
}

genlat_gan_terms gan_step(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels)
{
    genlat_gan_terms t = {.size = sizeof t};
    ck_assert_msg(genlat_gan_step(model, x, labels, &t) == GENLAT_OK, "%s", genlat_last_error());
    return t;
}

/* ---- snapshots ------------------------------------------------------------------------------- */

picture gan_picture(const genlat_model *model)
{
    const genlat_net *g = model->net[GNL_GENERATOR], *d = model->net[GNL_DISCRIMINATOR];
    genlat_ema *const *ema = gnl_gan_of(model)->ema;
    const struct {
        const gnl_real *data;
        int64_t count;
    } parts[] = {
        {g->value, g->values},
        {g->state, g->states},
        {d->value, d->values},
        {d->state, d->states},
        {ema[GNL_GENERATOR] ? gnl_ema_part(ema[GNL_GENERATOR], "").value : NULL, ema[GNL_GENERATOR] ? g->values : 0},
        {ema[GNL_DISCRIMINATOR] ? gnl_ema_part(ema[GNL_DISCRIMINATOR], "").value : NULL,
         ema[GNL_DISCRIMINATOR] ? d->values : 0}};
    picture p = {NULL, 0, model->progress.passes, model->progress.step,
                 gnl_optim_steps(model->optimizer[GNL_DISCRIMINATOR].optim)};
    for (size_t i = 0; i < GNL_COUNT(parts); i++)
        p.count += parts[i].count;
    p.numbers = malloc((size_t)p.count * sizeof(gnl_real));
    gnl_real *to = p.numbers;
    for (size_t i = 0; i < GNL_COUNT(parts); i++) {
        if (parts[i].count)
            memcpy(to, parts[i].data, (size_t)parts[i].count * sizeof(gnl_real));
        to += parts[i].count;
    }
    return p;
}

void gan_expect_numbers(const genlat_model *model, const picture *before)
{
    picture now = gan_picture(model);
    ck_assert_mem_eq(now.numbers, before->numbers, (size_t)now.count * sizeof(gnl_real));
    free(now.numbers);
}

void gan_expect_same(const genlat_model *model, picture before)
{
    picture now = gan_picture(model);
    gan_expect_numbers(model, &before);
    ck_assert_int_eq(now.passes, before.passes);
    ck_assert_int_eq(now.step, before.step);
    ck_assert_int_eq(now.steps_d, before.steps_d);
    free(now.numbers);
    free(before.numbers);
}
