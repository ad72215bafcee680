/* SPDX-License-Identifier: MIT */
/* Approximations of R1 and R2 without second derivatives: (D(x) - D(x + noise))^2 at real or at generated samples
 * (Lin and others, Diffusion adversarial post-training, 2025). */
#include "gan/gan_priv.h"

typedef struct approx_opts {
    gnl_penalty_opts base;
    double sd;
} approx_opts;

static const gnl_option options[] = {
    GNL_OPT_PENALTY_WEIGHT(approx_opts, 100, "weight of (D(x) - D(x + noise))^2"),
    GNL_OPT_REAL(approx_opts, sd, 0.01, 0, 1e6, "standard deviation of the noise"),
};
static const gnl_options_table r1_table = {"approx_r1", sizeof(approx_opts), options, GNL_COUNT(options)};
static const gnl_options_table r2_table = {"approx_r2", sizeof(approx_opts), options, GNL_COUNT(options)};

static double at_side(gnl_gan_penalty *p, const gnl_penalty_call *call, int side)
{
    const approx_opts *o = (const approx_opts *)(const void *)p->opts;
    const gnl_gan_batch *b = call->batch;
    gnl_gan_work *work = gnl_gan_work_of(call->model);
    const double weight = call->factor * o->base.weight;
    const gnl_real *in[] = {work->point, work->condition};
    gnl_gan_add_noise(call->model, b, GNL_GAN_APPROXIMATE + (gnl_use)side, o->sd, work->input[side], work->point);
    gnl_exec_set_dropout(work->plain,
                         gnl_model_stream(call->model, GNL_STREAM_DROPOUT, GNL_GAN_DISCRIMINATOR + (gnl_use)side));
    gnl_exec_forward(work->plain, GNL_TRAIN, b->packs, in);
    const gnl_real *perturbed = gnl_exec_output(work->plain, 0);
    gnl_real *dperturbed = gnl_exec_output_grad(work->plain, 0);
    double total = 0;
    for (int64_t i = 0; i < b->packs; i++) {
        double difference = (double)call->output[side][i] - (double)perturbed[i];
        double slope = 2 * weight * difference / (double)b->packs;
        total += difference * difference;
        call->doutput[side][i] += (gnl_real)slope;
        dperturbed[i] = (gnl_real)-slope;
    }
    gnl_exec_backward(work->plain, 1, GNL_GRAD_WEIGHTS);
    return weight * total / (double)b->packs;
}

static double at_real(gnl_gan_penalty *p, const gnl_penalty_call *call)
{
    return at_side(p, call, GNL_REAL);
}

static double at_fake(gnl_gan_penalty *p, const gnl_penalty_call *call)
{
    return at_side(p, call, GNL_FAKE);
}

const gnl_gan_penalty_type gnl_penalty_approx_r1 = {
    .name = "approx_r1",
    .options = &r1_table,
    .help = "squared difference of the discriminator between real samples and real samples with noise",
    .nets = 1u << GNL_DISCRIMINATOR,
    .needs = GNL_NEEDS_POINTS | GNL_NEEDS_PLAIN_EXEC,
    .lazy = true,
    .outputs = at_real,
};

const gnl_gan_penalty_type gnl_penalty_approx_r2 = {
    .name = "approx_r2",
    .options = &r2_table,
    .help = "squared difference of the discriminator between generated samples and generated samples with noise",
    .nets = 1u << GNL_DISCRIMINATOR,
    .needs = GNL_NEEDS_POINTS | GNL_NEEDS_PLAIN_EXEC,
    .lazy = true,
    .outputs = at_fake,
};
