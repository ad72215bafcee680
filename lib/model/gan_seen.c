/* SPDX-License-Identifier: MIT */
/* What the critic of a GAN sees besides plain samples: changed ones, noise, points between and near them. */
#include <math.h>

#include "model/gan_step_priv.h"

/* Substreams of a pass in the stream of augmentation; noise on the two sides has the first two. */
enum { AT_BETWEEN = 2, AT_NEAR = 3, AT_CHANGES = 5 };

double gnl_gan_factor(const genlat_gan *gan, const genlat_schedule *schedule)
{
    return schedule ? gnl_schedule_value(schedule, gan->model.progress.step) : 1;
}

gnl_rng gnl_gan_stream(const genlat_gan *gan, gnl_stream kind, uint64_t part)
{
    uint64_t seed = (uint64_t)gnl_ctx_opts(gan->model.object.ctx)->seed;
    return gnl_rng_make(seed, kind, (uint64_t)gan->model.progress.passes << 3 | part);
}

double gnl_gan_mean(int64_t n, const gnl_real *x)
{
    double total = 0;
    for (int64_t i = 0; i < n; i++)
        total += (double)x[i];
    return total / (double)n;
}

/* ---- changes and noise ----------------------------------------------------------------------- */

/* out = x + sd times noise. */
static void add_noise(genlat_gan *gan, const gnl_gan_batch *b, uint64_t part, double sd, const gnl_real *x,
                      gnl_real *out)
{
    gnl_real *noise = gan->work->noise;
    const gnl_compute *c = &gan->work->real->compute;
    int64_t n = b->rows * gan->size;
    gnl_rng rng = gnl_gan_stream(gan, GNL_STREAM_AUGMENT, part);
    gnl_fill_normal(c, &rng, n, noise);
    c->k->scale(n, (gnl_real)sd, noise, noise);
    c->k->add(n, x, noise, out);
}

static void change(genlat_gan *gan, const gnl_gan_batch *b, int which, const gnl_real *x)
{
    gnl_gan_work *work = gan->work;
    gnl_rng rng = gnl_gan_stream(gan, GNL_STREAM_AUGMENT, AT_CHANGES + (uint64_t)which);
    gnl_augment_draw_all(&gan->augment, gan->strength, &rng, b->rows, work->changes[which]);
    gnl_augment_forward(&gan->augment, &work->real->compute, b->rows, work->changes[which], x,
                        work->seen[which]);
}

const gnl_real *gnl_gan_veil(genlat_gan *gan, const gnl_gan_batch *b, int which, const gnl_real *x)
{
    gnl_gan_work *work = gan->work;
    double sd = gan->recipe.opts.noise * gnl_gan_factor(gan, gan->noise_schedule);
    work->shown[which] = x;
    if (gan->augment.changes) {
        change(gan, b, which, x);
        work->shown[which] = work->seen[which];
    }
    if (sd > 0) {
        add_noise(gan, b, (uint64_t)which, sd, work->shown[which], work->seen[which]);
        work->shown[which] = work->seen[which];
    }
    return work->shown[which];
}

void gnl_gan_unveil(genlat_gan *gan, const gnl_gan_batch *b, const gnl_real *dshown, gnl_real *dx)
{
    gnl_gan_work *work = gan->work;
    if (gan->augment.changes)
        gnl_augment_backward(&gan->augment, &work->real->compute, b->rows, work->changes[GNL_GAN_FAKE],
                             dshown, dx);
    else
        memcpy(dx, dshown, (size_t)(b->rows * gan->size) * sizeof *dx);
}

void gnl_gan_adapt(genlat_gan *gan, const gnl_gan_batch *b)
{
    const genlat_gan_opts *o = &gan->recipe.opts;
    if (!gan->augment.changes || o->augment_target == 0)
        return;
    double move = (double)b->rows / o->augment_speed;
    gan->strength += gan->work->positive > o->augment_target ? move : -move;
    gan->strength = GNL_MAX(0, GNL_MIN(o->augment_strength, gan->strength));
}

/* ---- penalties at other points --------------------------------------------------------------- */

/* Points on the lines between real and generated samples, one place a pack. */
static void interpolate(const genlat_gan *gan, const gnl_gan_batch *b, gnl_real *point)
{
    gnl_rng rng = gnl_gan_stream(gan, GNL_STREAM_AUGMENT, AT_BETWEEN);
    int64_t n = gan->size * gan->recipe.opts.packing;
    const gnl_real *real = gan->work->shown[GNL_GAN_REAL], *fake = gan->work->shown[GNL_GAN_FAKE];
    for (int64_t i = 0; i < b->packs; i++) {
        gnl_real part = (gnl_real)gnl_rng_unit(&rng);
        for (int64_t j = i * n; j < (i + 1) * n; j++)
            point[j] = real[j] + part * (fake[j] - real[j]);
    }
}

static double spread_of(const gnl_real *x, int64_t n)
{
    double mean = gnl_gan_mean(n, x), total = 0;
    for (int64_t i = 0; i < n; i++)
        total += ((double)x[i] - mean) * ((double)x[i] - mean);
    return sqrt(total / (double)n);
}

/* Real samples moved by half the batch's standard deviation times uniform noise. */
static void perturb(const genlat_gan *gan, const gnl_gan_batch *b, gnl_real *point)
{
    gnl_rng rng = gnl_gan_stream(gan, GNL_STREAM_AUGMENT, AT_BETWEEN);
    int64_t n = b->rows * gan->size;
    const gnl_real *real = gan->work->shown[GNL_GAN_REAL];
    gnl_real *noise = gan->work->noise, half = (gnl_real)(0.5 * spread_of(real, n));
    gnl_fill_uniform(&gan->work->real->compute, &rng, n, 0, 1, noise);
    for (int64_t i = 0; i < n; i++)
        point[i] = real[i] + half * noise[i];
}

double gnl_gan_penalty_between(genlat_gan *gan, const gnl_gan_batch *b, double weight)
{
    gnl_gan_work *work = gan->work;
    const genlat_gan_opts *o = &gan->recipe.opts;
    const gnl_real *in[] = {work->point, work->condition};
    const gnl_penalty penalty = {.kind = (gnl_penalty_kind)o->gp_kind, .weight = weight};
    if (!(weight > 0))
        return 0;
    if (o->gp_place == GENLAT_GAN_PLACE_DRAGAN)
        perturb(gan, b, work->point);
    else
        interpolate(gan, b, work->point);
    work->between->dropout = gnl_gan_stream(gan, GNL_STREAM_DROPOUT, 3);
    gnl_exec_forward(work->between, true, b->packs, in);
    return weight * gnl_exec_penalty(work->between, &penalty, NULL);
}

double gnl_gan_penalty_near(genlat_gan *gan, const gnl_gan_batch *b, int which, double weight,
                            const gnl_real *said, gnl_real *dloss)
{
    gnl_gan_work *work = gan->work;
    const gnl_real *in[] = {work->point, work->condition};
    if (!(weight > 0))
        return 0;
    add_noise(gan, b, AT_NEAR + (uint64_t)which, gan->recipe.opts.approx_sd, work->shown[which], work->point);
    work->near->dropout = gnl_gan_stream(gan, GNL_STREAM_DROPOUT, 1 + (uint64_t)which);
    gnl_exec_forward(work->near, true, b->packs, in);
    const gnl_real *there = gnl_exec_output(work->near, 0);
    gnl_real *dthere = gnl_exec_output_grad(work->near, 0);
    double total = 0;
    for (int64_t i = 0; i < b->packs; i++) {
        double apart = (double)said[i] - (double)there[i], slope = 2 * weight * apart / (double)b->packs;
        total += apart * apart;
        dloss[i] += (gnl_real)slope;
        dthere[i] = (gnl_real)-slope;
    }
    gnl_exec_backward(work->near, 1, GNL_GRAD_WEIGHTS);
    return weight * total / (double)b->packs;
}

/* ---- variety --------------------------------------------------------------------------------- */

/* Sum of the distances of neighbours among the first samples of a batch. */
static double distances(const genlat_gan *gan, const gnl_gan_batch *b, const gnl_real *x)
{
    enum { MOST = 32 };
    double total = 0;
    for (int64_t i = 1; i < GNL_MIN(b->rows, (int64_t)MOST + 1); i++) {
        double square = 0;
        for (int64_t j = i * gan->size; j < (i + 1) * gan->size; j++) {
            double apart = (double)x[j] - (double)x[j - gan->size];
            square += apart * apart;
        }
        total += sqrt(square);
    }
    return total;
}

/* Neighbours have the same conditions on both sides. */
double gnl_gan_diversity(const genlat_gan *gan, const gnl_gan_batch *b, const gnl_real *made)
{
    double real = distances(gan, b, b->x);
    return real > 0 ? distances(gan, b, made) / real : 1;
}
