/* SPDX-License-Identifier: MIT */
/* Kernel distance: squared maximum mean discrepancy with a polynomial kernel. */
#include "metric/metric_priv.h"

typedef struct kernel_opts {
    size_t size;
    double degree, gamma, coef;
    int64_t subset, subsets, seed;
} kernel_opts;

static const gnl_option options[] = {
    GNL_OPT_REAL(kernel_opts, degree, 3, 1, 16, "power of the kernel (gamma x.y + coef)^degree"),
    GNL_OPT_REAL(kernel_opts, gamma, 0, 0, 1e6, "factor of the products; 0: 1 / numbers in a row"),
    GNL_OPT_REAL(kernel_opts, coef, 1, 0, 1e6, "constant of the kernel"),
    GNL_OPT_INT(kernel_opts, subset, 0, 0, 1e9,
                "rows of each set in a random subset, at most those of the smaller set; 0: all rows at once"),
    GNL_OPT_INT(kernel_opts, subsets, 100, 2, 1e6, "subsets, whose estimates are averaged"),
    GNL_OPT_INT(kernel_opts, seed, 0, 0, 1e15, "seed of the subsets"),
};
static const gnl_options_table table = {"kernel", sizeof(kernel_opts), options, GNL_COUNT(options)};

static const gnl_metric_name values[] = {{"kernel", "kernel distance of samples and data; 0 is best"}, {NULL, NULL}};

static double polynomial(const gnl_rows *rows, const void *opts, const gnl_real *x, const gnl_real *y)
{
    const kernel_opts *o = opts;
    const double gamma = o->gamma > 0 ? o->gamma : 1 / (double)rows->d;
    const double base = gamma * gnl_kernels_of(rows->ctx)->dot(rows->d, x, y) + o->coef;
    return o->degree == 3 ? base * base * base : pow(base, o->degree);
}

/* Draws rows without replacement. `order` is a permutation of the row numbers. */
static void draw_rows(gnl_rng *rng, const gnl_rows *from, int64_t count, int64_t *order, gnl_real *out)
{
    for (int64_t i = 0; i < count; i++) {
        const int64_t j = i + (int64_t)gnl_rng_below(rng, (uint64_t)(from->n - i)), chosen = order[j];
        order[j] = order[i];
        order[i] = chosen;
        memcpy(out + i * from->d, gnl_row(from, chosen), (size_t)from->d * sizeof *out);
    }
}

/* Subsets share rows if there are many, so that the spread of their estimates is scaled to all rows. */
static genlat_status average_subsets(const gnl_rows sets[2], const kernel_opts *o, double *value, double *error)
{
    genlat_ctx *ctx = sets[0].ctx;
    const int64_t n = sets[0].n, m = sets[1].n, d = sets[0].d;
    int64_t *order = gnl_alloc(ctx, (size_t)(n + m), sizeof *order);
    gnl_real *rows = gnl_alloc(ctx, (size_t)(2 * o->subset * d), sizeof *rows);
    double *estimates = gnl_alloc(ctx, (size_t)o->subsets, sizeof *estimates), spread = 0, unused = 0;
    genlat_status status = order && rows && estimates ? GENLAT_OK : GENLAT_E_MEMORY;
    for (int64_t i = 0; status == GENLAT_OK && i < n + m; i++)
        order[i] = i < n ? i : i - n;
    for (int64_t s = 0; s < o->subsets && status == GENLAT_OK; s++) {
        gnl_rng rng = gnl_rng_make((uint64_t)o->seed, GNL_STREAM_EVAL, (uint64_t)s);
        draw_rows(&rng, &sets[0], o->subset, order, rows);
        draw_rows(&rng, &sets[1], o->subset, order + n, rows + o->subset * d);
        const gnl_rows chosen[2] = {{ctx, o->subset, d, rows}, {ctx, o->subset, d, rows + o->subset * d}};
        status = gnl_discrepancy(chosen, polynomial, o, &estimates[s], &unused);
    }
    if (status == GENLAT_OK) {
        gnl_mean_sd(o->subsets, estimates, value, &spread);
        *error = spread * sqrt(fmax((double)o->subset / (double)GNL_MIN(n, m), 1 / (double)o->subsets));
    }
    gnl_free(ctx, order);
    gnl_free(ctx, rows);
    gnl_free(ctx, estimates);
    return status;
}

static genlat_status compute(const gnl_metric_call *call, gnl_metric_numbers *out)
{
    const kernel_opts *o = call->opts;
    gnl_rows sets[2];
    double value = 0, error = 0;
    GNL_TRY(gnl_metric_pair(call, GNL_SAMPLES, GNL_DATA, false, sets));
    const int64_t least = GNL_MIN(sets[0].n, sets[1].n);
    if (o->subset == 1 || o->subset > least)
        return gnl_fail(GENLAT_E_RANGE, "subset is %lld, must be 0 or from 2 to %lld, the rows of the smaller set",
                        (long long)o->subset, (long long)least);
    GNL_TRY(o->subset ? average_subsets(sets, o, &value, &error)
                      : gnl_discrepancy(sets, polynomial, o, &value, &error));
    return gnl_metric_add(out, values, -1, value, error, least);
}

const gnl_metric_type gnl_metric_kernel = {
    .name = "kernel",
    .help = "unbiased squared maximum mean discrepancy, polynomial kernel; KID on Inception features; 0 is best",
    .options = &table,
    .values = values,
    .needs = GENLAT_METRIC_SAMPLES | GENLAT_METRIC_DATA,
    .least = 2,
    .compute = compute,
    .notes = "Unbiased for every sample size, and may be below 0. Standard error: jackknife over the rows; with "
             "`subset`, the standard deviation of the estimates, scaled to all rows. Source: Binkowski and others, "
             "Demystifying MMD GANs, 2018.",
};
