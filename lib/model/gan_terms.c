/* SPDX-License-Identifier: MIT */
/* What may be added to the losses of a GAN: classes that the critic tells, features that agree, weights near their history or
 * near orthogonal matrices. */
#include <math.h>

#include "model/gan_step_priv.h"

/* ---- classes --------------------------------------------------------------------------------- */

/* -log softmax at the class, whose place in the one-hot condition is 1, and its derivative times scale. */
static double cross_entropy(int64_t classes, const gnl_real *logits, const gnl_real *wanted, double scale,
                            gnl_real *dlogits)
{
    double most = (double)logits[0], total = 0, said = 0;
    for (int64_t k = 1; k < classes; k++)
        most = GNL_MAX(most, (double)logits[k]);
    for (int64_t k = 0; k < classes; k++)
        total += exp((double)logits[k] - most);
    for (int64_t k = 0; k < classes; k++) {
        double log_p = (double)logits[k] - most - log(total);
        said += (double)wanted[k] * log_p;
        dlogits[k] = (gnl_real)(scale * (exp(log_p) - (double)wanted[k]));
    }
    return -said;
}

double gnl_gan_class_loss(const genlat_gan *gan, const gnl_gan_batch *b, genlat_exec *exec)
{
    int64_t classes = gan->recipe.classes;
    double weight = gan->recipe.opts.auxiliary, scale = weight / (double)b->rows, total = 0;
    if (gan->classes_output < 0)
        return 0;
    const gnl_real *logits = gnl_exec_output(exec, gan->classes_output);
    gnl_real *dlogits = gnl_exec_output_grad(exec, gan->classes_output);
    for (int64_t i = 0; i < b->rows; i++)
        total += cross_entropy(classes, logits + i * classes, gan->work->condition + i * classes, scale,
                               dlogits + i * classes);
    return scale * total;
}

/* ---- features -------------------------------------------------------------------------------- */

double gnl_gan_feature_loss(const genlat_gan *gan, const gnl_gan_batch *b)
{
    const gnl_gan_work *work = gan->work;
    int output = gan->features_output;
    double weight = gan->recipe.opts.feature_matching, total = 0;
    if (output < 0)
        return 0;
    const genlat_net *net = gan->discriminator;
    int64_t n = gnl_shape_count(&net->node[net->output[output]].shape);
    const gnl_real *real = gnl_exec_output(work->real, output), *fake = gnl_exec_output(work->fake, output);
    gnl_real *dfake = gnl_exec_output_grad(work->fake, output);
    for (int64_t j = 0; j < n; j++) {
        double apart = 0;
        for (int64_t i = 0; i < b->packs; i++)
            apart += (double)fake[i * n + j] - (double)real[i * n + j];
        apart /= (double)b->packs;
        total += apart * apart;
        for (int64_t i = 0; i < b->packs; i++)
            dfake[i * n + j] = (gnl_real)(2 * weight * apart / (double)b->packs);
    }
    return weight * total;
}

unsigned gnl_gan_outputs(const genlat_gan *gan, bool generator)
{
    unsigned mask = 1;
    if (gan->classes_output >= 0)
        mask |= 1u << gan->classes_output;
    if (generator && gan->features_output >= 0)
        mask |= 1u << gan->features_output;
    return mask;
}

/* ---- history --------------------------------------------------------------------------------- */

typedef struct player {
    genlat_net *net;
    genlat_optim *optim;
    gnl_real *mean;
} player;

static player player_of(const genlat_gan *gan, bool generator)
{
    return generator ? (player){gan->generator, gan->optim_g, gan->history[0]}
                     : (player){gan->discriminator, gan->optim_d, gan->history[1]};
}

static double history_loss(const player *p, double weight)
{
    double total = 0;
    if (!p->mean || gnl_optim_steps(p->optim) == 0)
        return 0;
    for (int64_t i = 0; i < p->net->values; i++) {
        double apart = (double)p->net->value[i] - (double)p->mean[i];
        total += apart * apart;
        p->net->grad[i] += (gnl_real)(2 * weight * apart);
    }
    return weight * total;
}

double gnl_gan_weight_loss(genlat_gan *gan, bool generator)
{
    const genlat_gan_opts *o = &gan->recipe.opts;
    const player p = player_of(gan, generator);
    double loss = history_loss(&p, o->history);
    if (o->orthogonal > 0)
        loss += o->orthogonal *
                gnl_net_orthogonal(p.net, &gan->work->generator->compute, o->orthogonal, gan->work->space);
    return loss;
}

void gnl_gan_history_follow(genlat_gan *gan, bool generator)
{
    const player p = player_of(gan, generator);
    if (p.mean)
        gnl_kernels_of(gan->model.object.ctx)
            ->lerp(p.net->values, (gnl_real)(1 / (double)gnl_optim_steps(p.optim)), p.net->value, p.mean);
}
