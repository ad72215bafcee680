/* SPDX-License-Identifier: MIT */
/* Historical averaging: penalizes the squared distance of all weights from their mean over all steps (Salimans and
 * others, Improved techniques for training GANs, 2016). */
#include "gan/penalty/penalty.h"

typedef struct history_opts {
    gnl_penalty_opts base;
} history_opts;

static const gnl_option options[] = {
    GNL_OPT_PENALTY_WEIGHT(history_opts, 0.01, "weight of the squared distance"),
};
static const gnl_options_table table = {"history", sizeof(history_opts), options, GNL_COUNT(options)};

static genlat_status make(gnl_gan_penalty *p, genlat_model *model)
{
    static const char *const names[] = {"history.generator", "history.discriminator"};
    for (int i = 0; i < 2; i++) {
        const gnl_part net = model->part[i];
        p->state[i] = gnl_calloc(model->object.ctx, (size_t)net.values, sizeof(gnl_real));
        if (!p->state[i])
            return GENLAT_E_MEMORY;
        gnl_part mean = gnl_part_like_net(model->net[i], names[i], p->state[i], NULL);
        mean.keep = GNL_KEEP_TRAINING;
        GNL_TRY(gnl_model_add_part(model, mean));
    }
    return GENLAT_OK;
}

static double weights(gnl_gan_penalty *p, const gnl_penalty_call *call)
{
    const gnl_part *net = &call->model->part[call->net];
    const gnl_real *mean = p->state[call->net];
    gnl_real *grad = gnl_part_grad(net);
    const double weight = gnl_penalty_weight(p);
    double total = 0;
    if (gnl_optim_steps(call->model->optimizer[call->net].optim) == 0)
        return 0;
    for (int64_t i = 0; i < net->values; i++) {
        double apart = (double)net->value[i] - (double)mean[i];
        total += apart * apart;
        grad[i] += (gnl_real)(2 * weight * apart);
    }
    return weight * total;
}

static void after_step(gnl_gan_penalty *p, const gnl_penalty_call *call)
{
    const gnl_part *net = &call->model->part[call->net];
    const double steps = (double)gnl_optim_steps(call->model->optimizer[call->net].optim);
    gnl_kernels_of(call->model->object.ctx)->lerp(net->values, (gnl_real)(1 / steps), net->value, p->state[call->net]);
}

const gnl_gan_penalty_type gnl_penalty_history = {
    .name = "history",
    .options = &table,
    .help = "squared distance of all weights from their mean over all steps",
    .nets = 1u << GNL_DISCRIMINATOR | 1u << GNL_GENERATOR,
    .make = make,
    .weights = weights,
    .after_step = after_step,
};
