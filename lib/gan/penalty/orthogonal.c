/* SPDX-License-Identifier: MIT */
/* Orthogonal regularization of the weight matrices of both nets (Brock, Donahue, Simonyan, Large scale GAN training,
 * 2019). */
#include "gan/gan_priv.h"

typedef struct orthogonal_opts {
    gnl_penalty_opts base;
} orthogonal_opts;

static const gnl_option options[] = {
    GNL_OPT_PENALTY_WEIGHT(orthogonal_opts, 1e-4, "weight of |W W^T without its diagonal|^2 / 2"),
};
static const gnl_options_table table = {"orthogonal", sizeof(orthogonal_opts), options, GNL_COUNT(options)};

static int64_t space(const gnl_gan_penalty *p, const genlat_model *model)
{
    return GNL_MAX(gnl_net_orthogonal_space(model->net[GNL_GENERATOR]),
                   gnl_net_orthogonal_space(model->net[GNL_DISCRIMINATOR]));
}

static double weights(gnl_gan_penalty *p, const gnl_penalty_call *call)
{
    gnl_gan_work *work = gnl_gan_work_of(call->model);
    const double weight = gnl_penalty_weight(p);
    return weight *
           gnl_net_orthogonal(call->model->net[call->net], gnl_exec_compute(work->generator), weight, work->space);
}

const gnl_gan_penalty_type gnl_penalty_orthogonal = {
    .name = "orthogonal",
    .options = &table,
    .help = "orthogonality of the rows of all weight matrices",
    .nets = 1u << GNL_DISCRIMINATOR | 1u << GNL_GENERATOR,
    .space = space,
    .weights = weights,
};
