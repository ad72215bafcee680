/* SPDX-License-Identifier: MIT */
/* Sliced Wasserstein distance: the mean over random directions of distances of the projections, which are exact. */
#include <stdlib.h>

#include "metric/metric_priv.h"

typedef struct sliced_opts {
    size_t size;
    int64_t projections, order, seed;
} sliced_opts;

static const gnl_option options[] = {
    GNL_OPT_INT(sliced_opts, projections, 256, 1, 1e6, "random directions"),
    GNL_OPT_INT(sliced_opts, order, 2, 1, 2, "p of the distance (mean |x - y|^p)^(1/p)"),
    GNL_OPT_INT(sliced_opts, seed, 0, 0, 1e15, "seed of the directions"),
};
static const gnl_options_table table = {"sliced_wasserstein", sizeof(sliced_opts), options, GNL_COUNT(options)};

static const gnl_metric_name values[] = {
    {"sliced_wasserstein", "sliced Wasserstein distance of samples and data, in the unit of the numbers; 0 is best"},
    {NULL, NULL}};

typedef struct job {
    const gnl_rows *sets;
    const sliced_opts *o;
    double *scratch; /* [threads, d + n + m] */
    double *powers;  /* [projections] distances to the power p */
} job;

static void project(const gnl_rows *rows, const double *direction, double *out)
{
    for (int64_t i = 0; i < rows->n; i++) {
        const gnl_real *x = gnl_row(rows, i);
        out[i] = 0;
        for (int64_t j = 0; j < rows->d; j++)
            out[i] += direction[j] * (double)x[j];
    }
    qsort(out, (size_t)rows->n, sizeof *out, gnl_compare_doubles);
}

/* Integrates |F^-1 - G^-1|^p over the steps of both quantile functions. Positions are in units of 1 / (n m). */
static double distance(int64_t n, const double *a, int64_t m, const double *b, int64_t order)
{
    double total = 0;
    for (int64_t i = 0, j = 0, at = 0; i < n && j < m;) {
        const int64_t next = GNL_MIN((i + 1) * m, (j + 1) * n);
        const double difference = fabs(a[i] - b[j]);
        total += (double)(next - at) * (order == 1 ? difference : difference * difference);
        i += next == (i + 1) * m;
        j += next == (j + 1) * n;
        at = next;
    }
    return total / ((double)n * (double)m);
}

static void project_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    const int64_t d = j->sets[0].d, n = j->sets[0].n, m = j->sets[1].n;
    double *direction = j->scratch + worker * (d + n + m), *a = direction + d, *b = a + n;
    for (int64_t p = begin; p < end; p++) {
        gnl_rng rng = gnl_rng_make((uint64_t)j->o->seed, GNL_STREAM_EVAL, (uint64_t)p);
        double square = 0;
        for (int64_t k = 0; k < d; k++) {
            direction[k] = gnl_rng_gauss(&rng);
            square += direction[k] * direction[k];
        }
        for (int64_t k = 0; k < d; k++)
            direction[k] /= sqrt(square);
        project(&j->sets[0], direction, a);
        project(&j->sets[1], direction, b);
        j->powers[p] = distance(n, a, m, b, j->o->order);
    }
}

static genlat_status compute(const gnl_metric_call *call, gnl_metric_numbers *out)
{
    const sliced_opts *o = call->opts;
    gnl_rows sets[2];
    GNL_TRY(gnl_metric_pair(call, GNL_SAMPLES, GNL_DATA, false, sets));
    genlat_ctx *ctx = sets[0].ctx;
    const int64_t each = sets[0].d + sets[0].n + sets[1].n;
    double *numbers = gnl_alloc(ctx, (size_t)(gnl_threads(ctx) * each + o->projections), sizeof *numbers), mean = 0;
    if (!numbers)
        return GENLAT_E_MEMORY;
    job j = {sets, o, numbers + o->projections, numbers};
    gnl_parallel(ctx, o->projections, 1, project_task, &j);
    gnl_mean_sd(o->projections, numbers, &mean, NULL);
    gnl_free(ctx, numbers);
    return gnl_metric_add(out, values, -1, o->order == 2 ? sqrt(mean) : mean, NAN, GNL_MIN(sets[0].n, sets[1].n));
}

const gnl_metric_type gnl_metric_sliced_wasserstein = {
    .name = "sliced_wasserstein",
    .help = "sliced Wasserstein distance, exact along each random direction; 0 is best",
    .options = &table,
    .values = values,
    .needs = GENLAT_METRIC_SAMPLES | GENLAT_METRIC_DATA,
    .least = 1,
    .blocks = true,
    .compute = compute,
    .notes = "Biased upwards: two samples of one distribution have a positive distance, which falls with the square "
             "root of the sample size. Standard error: 10 blocks of the rows, with the same directions; the choice of "
             "directions adds a relative error of about 1 / sqrt(2 projections). Source: Bonneel and others, Sliced "
             "and Radon Wasserstein barycenters of measures, 2015.",
};
