/* SPDX-License-Identifier: MIT */
/* The input of the discriminator: samples with augmentations and instance noise. Also measures the diversity of
 * generated samples. */
#include <math.h>

#include "gan/gan_priv.h"

double gnl_gan_mean(int64_t n, const gnl_real *x)
{
    double total = 0;
    for (int64_t i = 0; i < n; i++)
        total += (double)x[i];
    return total / (double)n;
}

/* ---- augmentation and noise ------------------------------------------------------------------ */

void gnl_gan_add_noise(genlat_model *model, const gnl_gan_batch *b, gnl_use use, double sd, const gnl_real *x,
                       gnl_real *out)
{
    gnl_gan_work *work = gnl_gan_work_of(model);
    const gnl_compute *c = gnl_exec_compute(work->side[GNL_REAL]);
    const int64_t n = b->rows * model->size;
    gnl_rng rng = gnl_model_stream(model, GNL_STREAM_AUGMENT, use);
    gnl_fill_normal(c, &rng, n, work->noise);
    c->k->scale(n, (gnl_real)sd, work->noise, work->noise);
    c->k->add(n, x, work->noise, out);
}

static void augment(genlat_model *model, const gnl_gan_batch *b, int side, const gnl_real *x)
{
    const gnl_gan *gan = gnl_gan_of(model);
    gnl_gan_work *work = gnl_gan_work_of(model);
    gnl_rng rng = gnl_model_stream(model, GNL_STREAM_AUGMENT, GNL_GAN_AUGMENT + (gnl_use)side);
    gnl_augment_draw_all(&gan->augment, gan->probability, &rng, b->rows, work->draws[side]);
    gnl_augment_forward(&gan->augment, gnl_exec_compute(work->side[GNL_REAL]), b->rows, work->draws[side], x,
                        work->transformed[side]);
}

const gnl_real *gnl_gan_discriminator_input(genlat_model *model, const gnl_gan_batch *b, int side, const gnl_real *x)
{
    gnl_gan_work *work = gnl_gan_work_of(model);
    const double sd = gnl_gan_config_of(model)->opts.noise * gnl_model_factor(model, GNL_GAN_NOISE_SCHEDULE);
    gnl_gan_batch seen = *b;
    seen.rows = gnl_gan_side_rows(b, side);
    work->input[side] = x;
    if (gnl_gan_of(model)->augment.count) {
        augment(model, &seen, side, x);
        work->input[side] = work->transformed[side];
    }
    if (sd > 0) {
        gnl_gan_add_noise(model, &seen, GNL_GAN_INSTANCE + (gnl_use)side, sd, work->input[side],
                          work->transformed[side]);
        work->input[side] = work->transformed[side];
    }
    return work->input[side];
}

void gnl_gan_discriminator_input_backward(genlat_model *model, const gnl_gan_batch *b, const gnl_real *dinput,
                                          gnl_real *dx)
{
    const gnl_gan *gan = gnl_gan_of(model);
    const gnl_gan_work *work = gnl_gan_work_of(model);
    if (gan->augment.count)
        gnl_augment_backward(&gan->augment, gnl_exec_compute(work->side[GNL_REAL]), b->rows, work->draws[GNL_FAKE],
                             dinput, dx);
    else
        memcpy(dx, dinput, (size_t)(b->rows * model->size) * sizeof *dx);
}

void gnl_gan_adapt(genlat_model *model, const gnl_gan_batch *b)
{
    gnl_gan *gan = gnl_gan_of(model);
    const genlat_gan_opts *o = &gnl_gan_config_of(model)->opts;
    if (!gan->augment.count || o->augment_target == 0)
        return;
    double move = (double)b->rows / o->augment_speed;
    gan->probability += gnl_gan_work_of(model)->positive > o->augment_target ? move : -move;
    gan->probability = GNL_MAX(0, GNL_MIN(o->augment_probability, gan->probability));
}

/* ---- diversity ------------------------------------------------------------------------------- */

/* Returns the sum of the distances of consecutive samples, over the first samples of a batch. */
static double distances(const genlat_model *model, const gnl_gan_batch *b, const gnl_real *x)
{
    enum { MOST = 32 };
    double total = 0;
    for (int64_t i = 1; i < GNL_MIN(b->rows, (int64_t)MOST + 1); i++) {
        double square = 0;
        for (int64_t j = i * model->size; j < (i + 1) * model->size; j++) {
            double apart = (double)x[j] - (double)x[j - model->size];
            square += apart * apart;
        }
        total += sqrt(square);
    }
    return total;
}

/* Comparable for conditional models too, because real and generated samples have the same conditions in the same
 * order. */
double gnl_gan_diversity(const genlat_model *model, const gnl_gan_batch *b, const gnl_real *generated)
{
    double real = distances(model, b, b->x);
    return real > 0 ? distances(model, b, generated) / real : 1;
}
