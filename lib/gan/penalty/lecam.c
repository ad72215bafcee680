/* SPDX-License-Identifier: MIT */
/* LeCam regularization: keeps the outputs of the discriminator close to the running mean of its outputs on the other
 * kind of samples (Tseng and others, Regularizing generative adversarial networks under limited data, 2021). See
 * docs/derivations/lecam.md. */
#include "gan/gan_priv.h"

typedef enum form { ONE_SIDED, SQUARE } form;

static const char *const form_names[] = {"one_sided", "square", NULL};

typedef struct lecam_opts {
    gnl_penalty_opts base;
    double decay;
    int64_t start;
    uint32_t form, reserved;
} lecam_opts;

static const gnl_option options[] = {
    GNL_OPT_PENALTY_WEIGHT(lecam_opts, 0.3, "weight of the squared distances"),
    GNL_OPT_REAL(lecam_opts, decay, 0.99, 0, 0.999999, "decay of the running means per step"),
    GNL_OPT_INT(lecam_opts, start, 1000, 0, INT64_MAX / 2,
                "first step with the penalty; the running means start at step 0"),
    GNL_OPT_ENUM(lecam_opts, form, ONE_SIDED, SQUARE, form_names,
                 "one_sided: penalize only real outputs above the mean of generated ones, and vice versa"),
};
static const gnl_options_table table = {"lecam", sizeof(lecam_opts), options, GNL_COUNT(options)};

static const lecam_opts *opts_of(const gnl_gan_penalty *p)
{
    return (const lecam_opts *)(const void *)p->opts;
}

/* Allocates the running means of both sides, a flag that they are initialized, and the means of the current step. */
static genlat_status make(gnl_gan_penalty *p, genlat_model *model)
{
    const gnl_param param[] = {
        {.name = "mean", .shape = {1, {2}}, .init = {GNL_INIT_CONSTANT, 0, 1, 1}, .state = true},
        {.name = "begun", .shape = {1, {1}}, .init = {GNL_INIT_CONSTANT, 0, 1, 1}, .state = true},
    };
    genlat_ctx *ctx = model->object.ctx;
    p->state[0] = gnl_calloc(ctx, 2, sizeof(gnl_real));
    if (!p->state[0])
        return GENLAT_E_MEMORY;
    GNL_TRY(gnl_numbers_make(ctx, param, GNL_COUNT(param), 0, 0, &p->numbers));
    gnl_part part = gnl_part_of_numbers(&p->numbers, "lecam", -1);
    part.keep = GNL_KEEP_TRAINING;
    return gnl_model_add_part(model, part);
}

/* Returns the mean squared distance of n outputs from `mean`, and adds its derivative. The one-sided form counts
 * outputs above the mean if sign is 1, those below it if sign is -1. */
static double side(const lecam_opts *o, int64_t n, double sign, double mean, const gnl_real *output, gnl_real *doutput)
{
    double total = 0;
    for (int64_t i = 0; i < n; i++) {
        double apart = sign * ((double)output[i] - mean);
        if (o->form == ONE_SIDED && apart < 0)
            apart = 0;
        total += apart * apart;
        doutput[i] += (gnl_real)(o->base.weight * 2 * sign * apart / (double)n);
    }
    return total / (double)n;
}

static double outputs(gnl_gan_penalty *p, const gnl_penalty_call *call)
{
    const lecam_opts *o = opts_of(p);
    const gnl_real *mean = gnl_numbers_data(&p->numbers, 0), *begun = gnl_numbers_data(&p->numbers, 1);
    const int64_t n = call->batch->packs;
    for (int i = GNL_REAL; i <= GNL_FAKE; i++)
        p->state[0][i] = (gnl_real)gnl_gan_mean(n, call->output[i]);
    if (*begun == 0 || call->model->progress.step < o->start)
        return 0;
    return o->base.weight * (side(o, n, 1, (double)mean[GNL_FAKE], call->output[GNL_REAL], call->doutput[GNL_REAL]) +
                             side(o, n, -1, (double)mean[GNL_REAL], call->output[GNL_FAKE], call->doutput[GNL_FAKE]));
}

static void after_step(gnl_gan_penalty *p, const gnl_penalty_call *call)
{
    gnl_real *mean = gnl_numbers_data(&p->numbers, 0), *begun = gnl_numbers_data(&p->numbers, 1);
    const gnl_real decay = *begun != 0 ? (gnl_real)opts_of(p)->decay : 0;
    for (int i = GNL_REAL; i <= GNL_FAKE; i++)
        mean[i] = decay * mean[i] + (1 - decay) * p->state[0][i];
    *begun = 1;
}

const gnl_gan_penalty_type gnl_penalty_lecam = {
    .name = "lecam",
    .options = &table,
    .help = "squared distance of the discriminator's outputs from their running mean on the other kind of samples",
    .nets = 1u << GNL_DISCRIMINATOR,
    .make = make,
    .outputs = outputs,
    .after_step = after_step,
};
