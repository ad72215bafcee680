/* SPDX-License-Identifier: MIT */
/* Steps of GANs with learning rate 0. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "support/gan_rig.h"
#include "net/exec_priv.h"

enum { PROBES = 60, WARM_UP = 2 };

/* A step at which all penalties with a start have begun; a multiple of small numbers. */
#define LATE INT64_C(360360000)

static void make(gan_rig *r, genlat_ctx *ctx, const char *preset, const char *critic, const gnl_shape *data,
                 const char *const *pairs)
{
    genlat_model_builder *b = NULL;
    ck_assert_int_eq(genlat_model_builder_new(ctx, "gan", &b), GENLAT_OK);
    genlat_model_builder_preset(b, preset);
    if (data->ndim)
        genlat_model_builder_data(b, data->ndim, data->dim);
    else
        genlat_model_builder_data(b, 1, (int64_t[]){3});
    genlat_model_builder_set(b, "generator", "dense units=6 from=z; silu; dense units={out}");
    genlat_model_builder_set(b, "discriminator", critic);
    genlat_model_builder_set(b, "optimizer_g", "sgd lr=0");
    for (; *pairs; pairs += 2)
        genlat_model_builder_set(b, pairs[0], pairs[1]);
    ck_assert_msg(genlat_model_build(&b, NULL, &r->model) == GENLAT_OK, "%s", genlat_last_error());
}

static void make_batch(gan_rig *r, genlat_ctx *ctx)
{
    static const gnl_real classes[GAN_RIG_ROWS] = {0, 1, 1, 0, 1, 0};
    const gnl_shape shape = gnl_shape_batched(&r->model->config->data, GAN_RIG_ROWS), row = {1, {GAN_RIG_ROWS}};
    gnl_rng rng = gnl_rng_make(9, GNL_STREAM_USER, 0);
    ck_assert_int_eq(gnl_tensor_new(ctx, &shape, &r->x), GENLAT_OK);
    ck_assert_int_eq(gnl_tensor_new(ctx, &row, &r->labels), GENLAT_OK);
    gnl_rng_fill_normal(&rng, r->x->data, gnl_shape_count(&shape));
    memcpy(r->labels->data, classes, sizeof classes);
    if (gnl_model_infers_labels(r->model) && r->model->condition == 2)
        r->labels->data[1] = r->labels->data[3] = r->labels->data[4] = GNL_UNLABELLED;
}

/* Copies the states of all parts, and the values of those that are not nets: averages and states of penalties. */
static int64_t copy_parts(const genlat_model *model, gnl_real *out, const gnl_real *in)
{
    int64_t at = 0;
    for (int i = 0; i < model->parts; i++) {
        const gnl_part *p = &model->part[i];
        gnl_real *const arrays[] = {p->state, i > GNL_DISCRIMINATOR ? p->value : NULL};
        const int64_t counts[] = {p->states, p->values};
        for (int k = 0; k < 2; k++) {
            if (!arrays[k])
                continue;
            if (out)
                memcpy(out + at, arrays[k], (size_t)counts[k] * sizeof *out);
            if (in)
                memcpy(arrays[k], in + at, (size_t)counts[k] * sizeof *in);
            at += counts[k];
        }
    }
    return at;
}

void gan_rig_open(gan_rig *r, genlat_ctx *ctx, const char *preset, const char *critic, const gnl_shape *data,
                  const char *const *pairs)
{
    *r = (gan_rig){.model = NULL};
    make(r, ctx, preset, critic, data, pairs);
    make_batch(r, ctx);
    r->initial = malloc((size_t)(copy_parts(r->model, NULL, NULL) + 1) * sizeof *r->initial);
    (void)copy_parts(r->model, r->initial, NULL);
    for (int i = 0; i < WARM_UP; i++) { /* initializes penalties that depend on earlier steps */
        (void)gan_rig_objective(r, GNL_DISCRIMINATOR, 0);
        (void)copy_parts(r->model, r->initial, NULL);
    }
}

void gan_rig_close(gan_rig *r)
{
    gnl_tensor_release(r->x);
    gnl_tensor_release(r->labels);
    gnl_model_release(r->model);
    free(r->initial);
}

double gan_rig_objective(gan_rig *r, int net, int64_t step)
{
    genlat_model *model = r->model;
    genlat_gan_terms t = {.size = sizeof t};
    const bool generator = net == GNL_GENERATOR;
    (void)copy_parts(model, NULL, r->initial);
    /* At this step count, averages of the weights do not move: they stay at 0, as in a new model. */
    gnl_optim_set_steps(model->optimizer[GNL_GENERATOR].optim, INT64_C(1) << 60);
    gnl_optim_set_steps(model->optimizer[GNL_DISCRIMINATOR].optim, INT64_C(1) << 60);
    gnl_gan_of(model)->last.penalty = gnl_gan_of(model)->last_lazy = 0;
    model->progress.passes = 5;
    model->progress.step = LATE + step;
    genlat_status status = (generator ? genlat_gan_step_g : genlat_gan_step_d)(model, r->x, r->labels, &t);
    ck_assert_msg(status == GENLAT_OK, "%s", genlat_last_error());
    return generator ? t.g_loss : t.d_loss + t.penalty;
}

double gan_rig_error(gan_rig *r, int index)
{
    const double h = 1e-6;
    genlat_net *net = r->model->net[index];
    double apart = 0, size = 0;
    (void)gan_rig_objective(r, index, 0);
    gnl_real *found = malloc((size_t)net->values * sizeof *found);
    memcpy(found, net->grad, (size_t)net->values * sizeof *found);
    for (int64_t i = 0; i < net->values; i += GNL_MAX(1, net->values / PROBES)) {
        gnl_real initial = net->value[i];
        net->value[i] = initial + h;
        double above = gan_rig_objective(r, index, 0);
        net->value[i] = initial - h;
        double expected = (above - gan_rig_objective(r, index, 0)) / (2 * h);
        net->value[i] = initial;
        apart += (expected - (double)found[i]) * (expected - (double)found[i]);
        size += expected * expected;
    }
    free(found);
    ck_assert_double_gt(size, 0);
    return sqrt(apart / size);
}
