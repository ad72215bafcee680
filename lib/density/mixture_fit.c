/* SPDX-License-Identifier: MIT */
/* Fits a Gaussian mixture: starts by k-means (Arthur and Vassilvitskii, k-means++: the advantages of careful seeding,
 * 2007), then iterations of EM. */
#include "density/density.h"

enum { LLOYD = 30 };

/* ---- k-means --------------------------------------------------------------------------------- */

typedef struct clusters {
    const gnl_mixture *m;
    const gnl_kernels *k;
    int64_t rows;
    const gnl_real *x;
    double *distance;  /* [rows] from the nearest centre, squared */
    int64_t *nearest;  /* [rows] */
    double *square;    /* [rows] squared lengths */
    double *sum;       /* [components,dims] */
    int64_t *count;    /* [components] */
    int64_t candidate; /* index of the last centre */
} clusters;

static void free_clusters(genlat_ctx *ctx, clusters *c)
{
    gnl_free(ctx, c->distance);
    gnl_free(ctx, c->nearest);
    gnl_free(ctx, c->square);
    gnl_free(ctx, c->sum);
    gnl_free(ctx, c->count);
}

static genlat_status make_clusters(genlat_ctx *ctx, clusters *c)
{
    const size_t rows = (size_t)c->rows, components = (size_t)c->m->components;
    c->k = gnl_kernels_of(ctx);
    c->distance = gnl_alloc(ctx, rows, sizeof *c->distance);
    c->nearest = gnl_alloc(ctx, rows, sizeof *c->nearest);
    c->square = gnl_alloc(ctx, rows, sizeof *c->square);
    c->sum = gnl_alloc(ctx, components * (size_t)c->m->dims, sizeof *c->sum);
    c->count = gnl_alloc(ctx, components, sizeof *c->count);
    if (!c->distance || !c->nearest || !c->square || !c->sum || !c->count)
        return GENLAT_E_MEMORY;
    for (int64_t i = 0; i < c->rows; i++) {
        const gnl_real *x = c->x + i * c->m->dims;
        c->square[i] = c->k->dot(c->m->dims, x, x);
        c->distance[i] = INFINITY;
    }
    return GENLAT_OK;
}

/* Updates the distances of samples by the last centre. */
static void approach_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const clusters *c = arg;
    const int64_t dims = c->m->dims;
    const gnl_real *centre = c->m->mean + c->candidate * dims;
    const double length = c->k->dot(dims, centre, centre);
    for (int64_t i = begin; i < end; i++) {
        const double d = fmax(c->square[i] + length - 2 * c->k->dot(dims, c->x + i * dims, centre), 0);
        if (d >= c->distance[i])
            continue;
        c->distance[i] = d;
        c->nearest[i] = c->candidate;
    }
}

static void approach(genlat_ctx *ctx, clusters *c, int64_t centre)
{
    c->candidate = centre;
    gnl_parallel(ctx, c->rows, 32768 / c->m->dims + 1, approach_task, c);
}

/* Chooses a sample with a probability proportional to its squared distance from the centres. */
static int64_t choose_sample(const clusters *c, gnl_rng *rng)
{
    const double uniform = gnl_rng_unit(rng);
    double total = 0, sum = 0;
    for (int64_t i = 0; i < c->rows; i++)
        total += c->distance[i];
    for (int64_t i = 0; i < c->rows && total < INFINITY && total > 0; i++) {
        sum += c->distance[i];
        if (uniform * total < sum)
            return i;
    }
    return (int64_t)gnl_rng_below(rng, (uint64_t)c->rows);
}

static void seed_centres(genlat_ctx *ctx, clusters *c, gnl_rng *rng)
{
    const int64_t dims = c->m->dims;
    for (int64_t k = 0; k < c->m->components; k++) {
        const int64_t at = choose_sample(c, rng);
        memcpy(c->m->mean + k * dims, c->x + at * dims, (size_t)dims * sizeof *c->x);
        approach(ctx, c, k);
    }
}

/* Assigns each sample to its nearest centre. */
static void assign(genlat_ctx *ctx, clusters *c)
{
    for (int64_t i = 0; i < c->rows; i++)
        c->distance[i] = INFINITY;
    for (int64_t k = 0; k < c->m->components; k++)
        approach(ctx, c, k);
}

/* Moves the centres to the means of their samples. Centres without samples stay. */
static void move(const clusters *c)
{
    const int64_t dims = c->m->dims;
    memset(c->sum, 0, (size_t)(c->m->components * dims) * sizeof *c->sum);
    memset(c->count, 0, (size_t)c->m->components * sizeof *c->count);
    for (int64_t i = 0; i < c->rows; i++) {
        double *sum = c->sum + c->nearest[i] * dims;
        c->count[c->nearest[i]]++;
        for (int64_t d = 0; d < dims; d++)
            sum[d] += (double)c->x[i * dims + d];
    }
    for (int64_t i = 0; i < c->m->components * dims; i++)
        if (c->count[i / dims])
            c->m->mean[i] = (gnl_real)(c->sum[i] / (double)c->count[i / dims]);
}

/* Returns the sum of the distances. */
static double total_of(const clusters *c)
{
    double total = 0;
    for (int64_t i = 0; i < c->rows; i++)
        total += c->distance[i];
    return total;
}

/* Runs Lloyd's iterations until the sum of distances no longer falls by a thousandth. */
static void iterate(genlat_ctx *ctx, clusters *c)
{
    double before = INFINITY;
    for (int round = 0; round < LLOYD; round++) {
        move(c);
        assign(ctx, c);
        const double total = total_of(c);
        if (!(total < before * (1 - 1e-3)))
            break;
        before = total;
    }
}

/* Sets weights and covariances to those of the clusters. */
static genlat_status take_clusters(const clusters *c, gnl_mixture_work *work, double floor,
                                   const gnl_mixture_sums *sums)
{
    const int64_t components = c->m->components;
    memset(work->share, 0, (size_t)(c->rows * components) * sizeof *work->share);
    for (int64_t i = 0; i < c->rows; i++)
        work->share[i * components + c->nearest[i]] = 1;
    gnl_mixture_add(c->m, work, c->rows, c->x, sums);
    return gnl_mixture_update(c->m, work, sums, floor);
}

/* Sets equal weights, and the mean variance within clusters as variance of all components. */
static void take_spheres(const clusters *c, double floor)
{
    const gnl_mixture *m = c->m;
    const int64_t factors = gnl_mixture_factors(m), step = factors == m->dims ? 1 : m->dims + 1;
    const double variance = total_of(c) / (double)(c->rows * m->dims) + floor;
    memset(m->factor, 0, (size_t)(m->components * factors) * sizeof *m->factor);
    for (int64_t k = 0; k < m->components; k++) {
        m->weight[k] = (gnl_real)(1 / (double)m->components);
        for (int64_t d = 0; d < m->dims; d++)
            m->factor[k * factors + d * step] = (gnl_real)(1 / sqrt(variance));
    }
}

static genlat_status check_rows(const gnl_mixture *m, int64_t rows)
{
    if (rows >= m->components)
        return GENLAT_OK;
    return gnl_fail(GENLAT_E_RANGE,
                    "there are %lld samples to start a mixture of %lld components; as many samples as components "
                    "expected",
                    (long long)rows, (long long)m->components);
}

genlat_status gnl_mixture_start(const gnl_mixture *m, gnl_mixture_work *work, int64_t rows, const gnl_real *x,
                                gnl_rng rng, double floor, const gnl_mixture_sums *sums, double *inertia)
{
    genlat_ctx *ctx = work->compute.ctx;
    clusters c = {.m = m, .rows = rows, .x = x};
    genlat_status status = make_clusters(ctx, &c);
    if (status == GENLAT_OK) {
        memset(c.nearest, 0, (size_t)rows * sizeof *c.nearest);
        seed_centres(ctx, &c, &rng);
        iterate(ctx, &c);
        if (inertia)
            *inertia = total_of(&c);
        if (sums)
            status = take_clusters(&c, work, floor, sums);
        else
            take_spheres(&c, floor);
    }
    free_clusters(ctx, &c);
    return status;
}

/* ---- EM -------------------------------------------------------------------------------------- */

/* Memory of a fit: sums, the best parameters so far, and the log-density of each sample. */
typedef struct fit {
    gnl_mixture_work work;
    gnl_mixture_sums sums;
    gnl_real *best;
    double *log_density, score;
} fit;

static int64_t parameters(const gnl_mixture *m)
{
    return m->components * (1 + m->dims + gnl_mixture_factors(m));
}

/* Copies the parameters of the mixture out, or, with `back`, into it. */
static void copy(const gnl_mixture *m, gnl_real *at, bool back)
{
    const struct {
        gnl_real *data;
        int64_t count;
    } parts[] = {{m->weight, m->components},
                 {m->mean, m->components * m->dims},
                 {m->factor, m->components * gnl_mixture_factors(m)}};
    for (size_t i = 0; i < GNL_COUNT(parts); at += parts[i++].count)
        memcpy(back ? parts[i].data : at, back ? at : parts[i].data, (size_t)parts[i].count * sizeof *at);
}

static double mean_of(int64_t n, const double *x)
{
    double total = 0;
    for (int64_t i = 0; i < n; i++)
        total += x[i];
    return total / (double)n;
}

/* Runs EM from the current parameters. Returns the mean log-likelihood of the last ones. */
static genlat_status climb(const gnl_mixture *m, fit *f, const gnl_mixture_fit_opts *o, int64_t n, const gnl_real *x,
                           double *score)
{
    double before = -INFINITY;
    for (int64_t i = 0;; i++) {
        gnl_mixture_density(m, &f->work, n, x, f->log_density);
        *score = mean_of(n, f->log_density);
        if (!isfinite(*score))
            return gnl_fail(GENLAT_E_NUMERIC, "the log-likelihood of the mixture is %g; check the samples", *score);
        if (i >= o->iterations || *score - before < o->tolerance)
            return GENLAT_OK;
        before = *score;
        gnl_mixture_add(m, &f->work, n, x, &f->sums);
        GNL_TRY(gnl_mixture_update(m, &f->work, &f->sums, o->floor));
    }
}

static genlat_status run(const gnl_mixture *m, fit *f, const gnl_mixture_fit_opts *o, int64_t n, const gnl_real *x)
{
    f->score = -INFINITY;
    for (int64_t i = 0; i < o->starts; i++) {
        const gnl_rng rng = gnl_rng_make(o->seed, GNL_STREAM_INIT, (uint64_t)i);
        double score = 0;
        GNL_TRY(gnl_mixture_start(m, &f->work, n, x, rng, o->floor, &f->sums, NULL));
        GNL_TRY(climb(m, f, o, n, x, &score));
        if (score > f->score)
            copy(m, f->best, false);
        f->score = fmax(f->score, score);
    }
    copy(m, f->best, true);
    return GENLAT_OK;
}

genlat_status gnl_mixture_fit(genlat_ctx *ctx, const gnl_mixture *m, const gnl_mixture_fit_opts *opts, int64_t n,
                              const gnl_real *x, double *score)
{
    fit f = {.score = 0};
    GNL_TRY(check_rows(m, n));
    GNL_TRY(gnl_mixture_work_new(ctx, m, n, &f.work));
    f.sums.sum = gnl_calloc(ctx, (size_t)gnl_mixture_sums_count(m), sizeof *f.sums.sum);
    f.sums.rest = gnl_calloc(ctx, (size_t)gnl_mixture_sums_count(m), sizeof *f.sums.rest);
    f.best = gnl_alloc(ctx, (size_t)parameters(m), sizeof *f.best);
    f.log_density = gnl_alloc(ctx, (size_t)n, sizeof *f.log_density);
    genlat_status status = f.sums.sum && f.sums.rest && f.best && f.log_density ? GENLAT_OK : GENLAT_E_MEMORY;
    if (status == GENLAT_OK)
        status = run(m, &f, opts, n, x);
    if (status == GENLAT_OK && score)
        *score = f.score;
    gnl_free(ctx, f.log_density);
    gnl_free(ctx, f.best);
    gnl_free(ctx, f.sums.rest);
    gnl_free(ctx, f.sums.sum);
    gnl_mixture_work_free(ctx, &f.work);
    return status;
}
