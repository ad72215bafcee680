/* SPDX-License-Identifier: MIT */
/* Optional losses in addition to the adversarial loss: class prediction by the discriminator (AC-GAN), and feature
 * matching. */
#include <math.h>

#include "gan/gan_priv.h"

/* ---- classes --------------------------------------------------------------------------------- */

/* Returns -log softmax of the logits at the class of a one-hot vector, and writes its derivative times scale. */
static double cross_entropy(int64_t classes, const gnl_real *logits, const gnl_real *one_hot, double scale,
                            gnl_real *dlogits)
{
    double most = (double)logits[0], total = 0, log_likelihood = 0;
    for (int64_t k = 1; k < classes; k++)
        most = GNL_MAX(most, (double)logits[k]);
    for (int64_t k = 0; k < classes; k++)
        total += exp((double)logits[k] - most);
    for (int64_t k = 0; k < classes; k++) {
        double log_p = (double)logits[k] - most - log(total);
        log_likelihood += (double)one_hot[k] * log_p;
        dlogits[k] = (gnl_real)(scale * (exp(log_p) - (double)one_hot[k]));
    }
    return -log_likelihood;
}

double gnl_gan_class_loss(const genlat_model *model, const gnl_gan_batch *b, genlat_exec *exec)
{
    const gnl_gan_config *c = gnl_gan_config_of(model);
    const int output = gnl_gan_of(model)->classes_output;
    const int64_t classes = c->base.classes;
    const double scale = c->opts.auxiliary / (double)b->rows;
    double total = 0;
    if (output < 0)
        return 0;
    const gnl_real *logits = gnl_exec_output(exec, output), *condition = gnl_gan_work_of(model)->condition;
    gnl_real *dlogits = gnl_exec_output_grad(exec, output);
    for (int64_t i = 0; i < b->rows; i++)
        total += cross_entropy(classes, logits + i * classes, condition + i * classes, scale, dlogits + i * classes);
    return scale * total;
}

/* ---- features -------------------------------------------------------------------------------- */

double gnl_gan_feature_loss(const genlat_model *model, const gnl_gan_batch *b)
{
    const gnl_gan_work *work = gnl_gan_work_of(model);
    const genlat_net *net = model->net[GNL_DISCRIMINATOR];
    const int output = gnl_gan_of(model)->features_output;
    const double weight = gnl_gan_config_of(model)->opts.feature_matching;
    double total = 0;
    if (output < 0)
        return 0;
    const int64_t n = gnl_shape_count(gnl_net_output_shape(net, output));
    const gnl_real *real = gnl_exec_output(work->side[GNL_REAL], output);
    const gnl_real *fake = gnl_exec_output(work->side[GNL_FAKE], output);
    gnl_real *dfake = gnl_exec_output_grad(work->side[GNL_FAKE], output);
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

unsigned gnl_gan_outputs(const genlat_model *model, int net)
{
    const gnl_gan *gan = gnl_gan_of(model);
    unsigned mask = 1;
    if (gan->classes_output >= 0)
        mask |= 1u << gan->classes_output;
    if (net == GNL_GENERATOR && gan->features_output >= 0)
        mask |= 1u << gan->features_output;
    return mask;
}
