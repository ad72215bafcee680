/* SPDX-License-Identifier: MIT */
/* Optional losses in addition to the adversarial loss: class prediction by the discriminator (AC-GAN, or a classifier
 * from few labels), and feature matching. */
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

bool gnl_gan_has_class_loss(const genlat_model *model, int side)
{
    return gnl_gan_of(model)->classes_output >= 0 &&
           (side == GNL_REAL || !gnl_gan_is_classifier(gnl_gan_config_of(model)));
}

/* An auxiliary classifier learns all rows of both sides, a classifier those with labels. */
double gnl_gan_class_loss(const genlat_model *model, const gnl_gan_batch *b, int side)
{
    const gnl_gan_config *c = gnl_gan_config_of(model);
    gnl_gan_work *work = gnl_gan_work_of(model);
    genlat_exec *exec = work->side[side];
    const int output = gnl_gan_of(model)->classes_output;
    const int64_t classes = c->base.classes, first = gnl_gan_is_classifier(c) ? b->labelled : 0;
    const int64_t end = gnl_gan_side_rows(b, side), count = end - first;
    const double scale = count ? c->opts.auxiliary / (double)count : 0;
    double total = 0, right = 0;
    if (!gnl_gan_has_class_loss(model, side))
        return 0;
    const gnl_real *logits = gnl_exec_output(exec, output), *condition = work->condition;
    gnl_real *dlogits = gnl_exec_output_grad(exec, output);
    memset(dlogits, 0, (size_t)(first * classes) * sizeof *dlogits);
    for (int64_t i = first * classes; i < end * classes; i += classes) {
        total += cross_entropy(classes, logits + i, condition + i, scale, dlogits + i);
        right += (double)condition[i + gnl_model_most_probable(logits + i, classes)];
    }
    if (side == GNL_REAL && count) {
        work->label_loss = total / (double)count;
        work->accuracy = right / (double)count;
    }
    return scale * total;
}

/* ---- samples with and without labels ------------------------------------------------------- */

/* Returns the number of rows without label. */
static int64_t count_unlabelled(const genlat_tensor *labels, int64_t rows)
{
    int64_t count = labels ? 0 : rows;
    for (int64_t i = 0; labels && i < rows; i++)
        count += labels->data[i] == GNL_UNLABELLED;
    return count;
}

/* Copies the rows without labels to the front of `sorted`, the others behind them, with their classes as vectors. */
static void sort_rows(const genlat_model *model, const gnl_real *x, const gnl_real *labels, const gnl_gan_batch *b)
{
    gnl_gan_work *work = gnl_gan_work_of(model);
    int64_t at[2] = {0, b->labelled};
    for (int64_t i = 0; i < b->all; i++) {
        const int64_t to = at[labels[i] != GNL_UNLABELLED]++;
        memcpy(work->sorted + to * model->size, x + i * model->size, (size_t)model->size * sizeof *x);
        for (int64_t c = 0; c < model->condition; c++)
            work->condition[to * model->condition + c] = (gnl_real)((double)labels[i] == (double)c);
    }
}

genlat_status gnl_gan_split(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels, gnl_gan_batch *b)
{
    const int64_t all = x->shape.dim[0], unlabelled = count_unlabelled(labels, all);
    const int64_t rows = unlabelled ? unlabelled : all;
    *b = (gnl_gan_batch){.x = x->data, .rows = rows, .packs = rows, .all = all, .labelled = unlabelled};
    if (unlabelled == all)
        return GENLAT_OK;
    if (unlabelled) {
        sort_rows(model, x->data, labels->data, b);
        b->x = gnl_gan_work_of(model)->sorted;
        return GENLAT_OK;
    }
    return gnl_model_fill_condition(model, labels, 0, all, gnl_gan_work_of(model)->condition);
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

unsigned gnl_gan_outputs(const genlat_model *model, int net, int side)
{
    const gnl_gan *gan = gnl_gan_of(model);
    unsigned mask = 1;
    if (gnl_gan_has_class_loss(model, side))
        mask |= 1u << gan->classes_output;
    if (net == GNL_GENERATOR && gan->features_output >= 0)
        mask |= 1u << gan->features_output;
    return mask;
}
