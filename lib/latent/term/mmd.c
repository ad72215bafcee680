/* SPDX-License-Identifier: MIT */
/*
 * The maximum mean discrepancy between the codes of a batch and the same number of samples of the prior (Tolstikhin and
 * others, Wasserstein auto-encoders, 2018; Zhao, Song, Ermon, InfoVAE, 2019). Computes the unbiased estimate, with
 * inverse multiquadratic or Gaussian kernels of several widths. Samples of the prior are treated as constants: the
 * prior's parameters get no gradient. See docs/derivations/mmd.md.
 */
#include <tgmath.h>

#include "latent/latent_priv.h"

typedef enum kernel_kind { IMQ, RBF } kernel_kind;

static const char *const kernel_names[] = {"imq", "rbf", NULL};

typedef struct mmd_opts {
    size_t size;
    double weight, scale;
    uint32_t kernel, reserved;
} mmd_opts;

static const gnl_option options[] = {
    GNL_OPT_REAL(mmd_opts, weight, 10, 0, 1e9, "weight of the squared discrepancy"),
    GNL_OPT_REAL(mmd_opts, scale, 1, 1e-6, 1e6, "standard deviation of the prior, which scales the kernel widths"),
    GNL_OPT_ENUM(mmd_opts, kernel, IMQ, RBF, kernel_names, "kernel: inverse multiquadratic or Gaussian"),
};
static const gnl_options_table table = {"mmd", sizeof(mmd_opts), options, GNL_COUNT(options)};

/* Kernel widths in units of the mean squared distance of two samples of the prior, as in the authors'
 * implementation. */
static const double WIDTHS[] = {0.1, 0.2, 0.5, 1, 2, 5, 10};

typedef struct work {
    double *row;     /* [rows] contribution of each row to the value */
    gnl_real *prior; /* [rows,dims] samples of the prior */
} work;

static genlat_status work_new(const gnl_kind *kind, const gnl_latents *latents, const gnl_latent_env *env, void **out)
{
    const size_t rows = (size_t)env->rows, dims = (size_t)kind->dims;
    work *w = gnl_alloc(env->ctx, 1, sizeof *w + rows * (sizeof(double) + dims * sizeof(gnl_real)));
    if (!w)
        return GENLAT_E_MEMORY;
    w->row = (double *)(void *)(w + 1);
    w->prior = (gnl_real *)(void *)(w->row + rows);
    *out = w;
    return GENLAT_OK;
}

typedef struct job {
    const gnl_code *c;
    const mmd_opts *o;
    const work *w;
    const gnl_real *z; /* [rows,dims] codes of one sample */
    double factor;
    gnl_real *dz;
} job;

/* Computes the sum of the kernels, and its derivative by the squared distance. */
static double kernel(const job *j, double distance, double *slope)
{
    double value = 0, sum = 0;
    for (size_t i = 0; i < GNL_COUNT(WIDTHS); i++) {
        const double width = 2 * (double)j->c->dims * j->o->scale * j->o->scale * WIDTHS[i];
        const double k = j->o->kernel == IMQ ? width / (width + distance) : exp(-distance / width);
        value += k;
        sum -= j->o->kernel == IMQ ? k * k / width : k / width;
    }
    *slope = sum;
    return value;
}

static double distance(int64_t dims, const gnl_real *a, const gnl_real *b)
{
    double sum = 0;
    for (int64_t d = 0; d < dims; d++)
        sum += ((double)a[d] - (double)b[d]) * ((double)a[d] - (double)b[d]);
    return sum;
}

/* Factors of pairs within codes or within samples of the prior, and of pairs between them. */
static double within(const job *j)
{
    return 1 / ((double)j->c->rows * (double)(j->c->rows - 1));
}

static double between(const job *j)
{
    return -2 / ((double)j->c->rows * (double)j->c->rows);
}

static void value_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    const int64_t dims = j->c->dims;
    for (int64_t i = begin; i < end; i++) {
        const gnl_real *z = j->z + i * dims, *prior = j->w->prior + i * dims;
        double same = 0, cross = 0, unused = 0;
        for (int64_t k = 0; k < j->c->rows; k++) {
            if (k != i)
                same += kernel(j, distance(dims, z, j->z + k * dims), &unused) +
                        kernel(j, distance(dims, prior, j->w->prior + k * dims), &unused);
            cross += kernel(j, distance(dims, z, j->w->prior + k * dims), &unused);
        }
        j->w->row[i] = within(j) * same + between(j) * cross;
    }
}

static void add_pair_gradient(const job *j, const gnl_real *z, const gnl_real *other, double factor, gnl_real *dz)
{
    double slope = 0;
    (void)kernel(j, distance(j->c->dims, z, other), &slope);
    for (int64_t d = 0; d < j->c->dims; d++)
        dz[d] += (gnl_real)(2 * factor * slope * ((double)z[d] - (double)other[d]));
}

/* A pair of codes occurs twice in the sum, hence the factor 2. */
static void back_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    const int64_t dims = j->c->dims;
    for (int64_t i = begin; i < end; i++)
        for (int64_t k = 0; k < j->c->rows; k++) {
            const gnl_real *z = j->z + i * dims;
            if (k != i)
                add_pair_gradient(j, z, j->z + k * dims, 2 * j->factor * within(j), j->dz + i * dims);
            add_pair_gradient(j, z, j->w->prior + k * dims, j->factor * between(j), j->dz + i * dims);
        }
}

static job job_of(gnl_term *t, const gnl_term_call *call, int64_t s)
{
    const gnl_code *c = call->code;
    const mmd_opts *o = gnl_kind_opts(&t->kind);
    return (job){.c = c,
                 .o = o,
                 .w = gnl_kind_work(&t->kind, c),
                 .z = gnl_code_z(c, s),
                 .factor = o->weight / (double)c->samples,
                 .dz = c->dz ? c->dz + s * c->rows * c->dims : NULL};
}

static genlat_status check(const gnl_term *t, const gnl_posterior *q, const gnl_prior *p)
{
    return p->type->sample
               ? GENLAT_OK
               : gnl_fail(GENLAT_E_UNSUPPORTED, "mmd: prior %s has no density; remove this term", p->kind.type->name);
}

static double value(gnl_term *t, const gnl_term_call *call)
{
    const gnl_prior *prior = call->latents->prior;
    const gnl_prior_draw plain = {1, 0};
    const gnl_code *c = call->code;
    const work *w = gnl_kind_work(&t->kind, c);
    gnl_rng rng = call->rng;
    double total = 0;
    if (c->rows < 2) /* no pairs */
        return 0;
    for (int64_t i = 0; i < c->rows; i++)
        prior->type->sample(prior, c, &rng, &plain, w->prior + i * c->dims);
    for (int64_t s = 0; s < c->samples; s++) {
        job j = job_of(t, call, s);
        gnl_parallel(c->compute.ctx, c->rows, gnl_latent_grain(c->rows * c->dims), value_task, &j);
        total += j.factor * gnl_latent_mean(c->rows, w->row) * (double)c->rows;
    }
    return total;
}

/* Uses the samples of the prior that value() has stored. */
static void backward_z(gnl_term *t, const gnl_term_call *call)
{
    const gnl_code *c = call->code;
    for (int64_t s = 0; c->rows > 1 && s < c->samples; s++) {
        job j = job_of(t, call, s);
        gnl_parallel(c->compute.ctx, c->rows, gnl_latent_grain(c->rows * c->dims), back_task, &j);
    }
}

const gnl_term_type gnl_term_mmd = {
    .kind = {.name = "mmd",
             .options = &table,
             .help = "maximum mean discrepancy between codes and prior",
             .work_new = work_new},
    .check = check,
    .value = value,
    .backward_z = backward_z,
};
