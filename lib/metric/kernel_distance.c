/* SPDX-License-Identifier: MIT */
/* Kernel distance: unbiased squared maximum mean discrepancy with a cubic polynomial kernel. */
#include "metric/metric_priv.h"

enum { ROWS_PER_TASK = 16 };

/* One estimate from selected samples of both sets. */
typedef struct estimate {
    const gnl_rows *sets;
    const gnl_kernels *kernels;
    const int64_t *chosen[2];
    int64_t count[2];
    double *shares; /* [count 0 + count 1] contribution of each sample to the estimate */
} estimate;

static double kernel_of(const estimate *e, const gnl_real *x, const gnl_real *y)
{
    int64_t d = e->sets[0].d;
    double base = e->kernels->dot(d, x, y) / (double)d + 1;
    return base * base * base;
}

/* Sums the kernel between a sample and the selected samples of a set, except number `except`; -1: all. */
static double kernel_sum(const estimate *e, const gnl_real *x, int set, int64_t except)
{
    double sum = 0;
    for (int64_t j = 0; j < e->count[set]; j++)
        if (j != except)
            sum += kernel_of(e, x, gnl_row(&e->sets[set], e->chosen[set][j]));
    return sum;
}

static void share_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const estimate *e = arg;
    for (int64_t i = begin; i < end; i++) {
        int set = i >= e->count[0];
        double own = (double)e->count[set], other = (double)e->count[1 - set];
        int64_t place = set ? i - e->count[0] : i;
        const gnl_real *x = gnl_row(&e->sets[set], e->chosen[set][place]);
        e->shares[i] = kernel_sum(e, x, set, place) / (own * (own - 1));
        if (set == 0)
            e->shares[i] -= 2 * kernel_sum(e, x, 1, -1) / (own * other);
    }
}

static double estimate_once(estimate *e)
{
    int64_t all = e->count[0] + e->count[1];
    double sum = 0;
    gnl_parallel(e->sets[0].ctx, all, ROWS_PER_TASK, share_task, e);
    for (int64_t i = 0; i < all; i++)
        sum += e->shares[i];
    return sum;
}

/* Moves a random selection to the front of a permutation. */
static void choose(gnl_rng *rng, int64_t n, int64_t count, int64_t *order)
{
    for (int64_t i = 0; i < count; i++) {
        int64_t j = i + (int64_t)gnl_rng_below(rng, (uint64_t)(n - i)), taken = order[j];
        order[j] = order[i];
        order[i] = taken;
    }
}

static void estimate_all(estimate *e, int64_t *order[2], int64_t subset, int64_t subsets, uint64_t seed,
                         double *results)
{
    for (int64_t s = 0; s < subsets; s++) {
        gnl_rng rng = gnl_rng_make(seed, GNL_STREAM_EVAL, (uint64_t)s);
        for (int set = 0; set < 2; set++)
            if (subset > 0)
                choose(&rng, e->sets[set].n, subset, order[set]);
        results[s] = estimate_once(e);
    }
}

static genlat_status measure(const gnl_rows rows[2], int64_t subset, int64_t subsets, uint64_t seed, double *mean,
                             double *sd)
{
    genlat_ctx *ctx = rows[0].ctx;
    int64_t all = rows[0].n + rows[1].n;
    int64_t *order = gnl_alloc(ctx, (size_t)all, sizeof *order);
    double *numbers = gnl_alloc(ctx, (size_t)(all + subsets), sizeof *numbers);
    if (order && numbers) {
        int64_t *orders[2] = {order, order + rows[0].n};
        for (int set = 0; set < 2; set++)
            for (int64_t i = 0; i < rows[set].n; i++)
                orders[set][i] = i;
        estimate e = {.sets = rows,
                      .kernels = gnl_kernels_of(ctx),
                      .chosen = {orders[0], orders[1]},
                      .count = {subset ? subset : rows[0].n, subset ? subset : rows[1].n},
                      .shares = numbers};
        estimate_all(&e, orders, subset, subsets, seed, numbers + all);
        gnl_mean_sd(subsets, numbers + all, mean, sd);
    }
    genlat_status status = order && numbers ? GENLAT_OK : GENLAT_E_MEMORY;
    gnl_free(ctx, order);
    gnl_free(ctx, numbers);
    return status;
}

genlat_status genlat_metric_kernel_distance(const genlat_tensor *a, const genlat_tensor *b, int64_t subset,
                                            int64_t subsets, uint64_t seed, double *mean, double *sd)
{
    gnl_rows rows[2];
    GNL_ENTER();
    GNL_CHECK(mean, "mean is NULL");
    GNL_CHECK(a, "a is NULL");
    GNL_CHECK(b, "b is NULL");
    GNL_TRY(gnl_rows_take_pair(a, "a", b, "b", 2, rows));
    int64_t most = GNL_MIN(rows[0].n, rows[1].n);
    if (subset != 0 && (subset < 2 || subset > most))
        return gnl_fail(GENLAT_E_RANGE, "subset is %lld, must be 0 or from 2 to %lld", (long long)subset,
                        (long long)most);
    if (subset != 0 && (subsets < 1 || subsets > 1 << 24))
        return gnl_fail(GENLAT_E_RANGE, "subsets is %lld, must be from 1 to 2^24", (long long)subsets);
    return measure(rows, subset, subset ? subsets : 1, seed, mean, sd);
}
