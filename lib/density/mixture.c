/* SPDX-License-Identifier: MIT */
/*
 * Gaussian mixtures: log-density and responsibilities (the E step), sums over samples and new parameters (the M step)
 * (Dempster, Laird, Rubin, Maximum likelihood from incomplete data via the EM algorithm, 1977). Products of matrices
 * are computed in blocks of samples in the precision of gnl_real, relative to the mean of the component, and added in
 * double. See docs/derivations/gaussian_mixture.md.
 */
#include "density/density.h"

enum { BLOCK = 512, GRAIN = 32768 };

static const double LOG_TWO_PI = 1.83787706640934548356;
static const double LEAST_SHARE = 1e-12; /* samples with smaller responsibilities add nothing to a component */

static bool is_full(const gnl_mixture *m)
{
    return m->covariance == GNL_COVARIANCE_FULL;
}

int64_t gnl_mixture_factors(const gnl_mixture *m)
{
    return is_full(m) ? m->dims * m->dims : m->dims;
}

int64_t gnl_mixture_sums_count(const gnl_mixture *m)
{
    return m->components * (1 + m->dims + gnl_mixture_factors(m));
}

genlat_status gnl_mixture_check(const gnl_mixture *m)
{
    int64_t factors = m->dims, all = 0;
    if ((!is_full(m) || gnl_mul_i64(m->dims, m->dims, &factors)) && factors <= GNL_MOST_NUMBERS &&
        gnl_mul_i64(m->components, 1 + m->dims + factors, &all) && all <= GNL_MOST_NUMBERS)
        return GENLAT_OK;
    return gnl_fail(GENLAT_E_RANGE, "%lld Gaussians of %lld elements have too many numbers; use fewer of them%s",
                    (long long)m->components, (long long)m->dims, is_full(m) ? ", or covariance=diag" : "");
}

/* ---- memory ---------------------------------------------------------------------------------- */

genlat_status gnl_mixture_work_new(genlat_ctx *ctx, const gnl_mixture *m, int64_t rows, gnl_mixture_work *out)
{
    const size_t k = (size_t)m->components, d = (size_t)m->dims, square = is_full(m) ? d * d : 0;
    const size_t block = (size_t)GNL_MIN(rows, BLOCK);
    *out = (gnl_mixture_work){.compute = {ctx, gnl_kernels_of(ctx), NULL}, .rows = rows};
    out->compute.space = gnl_alloc(ctx, gnl_gemm_space(ctx), sizeof(gnl_real));
    out->share = gnl_alloc(ctx, (size_t)rows * k, sizeof(double));
    out->constant = gnl_alloc(ctx, k, sizeof(double));
    out->sum = gnl_alloc(ctx, (size_t)gnl_threads(ctx) * 2 * d, sizeof(double));
    out->matrix = gnl_alloc(ctx, GNL_MAX(2 * square, 2 * d), sizeof(double));
    out->apart = gnl_alloc(ctx, block * d, sizeof(gnl_real));
    out->map = gnl_alloc(ctx, block * d, sizeof(gnl_real));
    out->product = gnl_alloc(ctx, square, sizeof(gnl_real));
    if (out->compute.space && out->share && out->constant && out->sum && out->matrix && out->apart && out->map &&
        out->product)
        return GENLAT_OK;
    gnl_mixture_work_free(ctx, out);
    return GENLAT_E_MEMORY;
}

void gnl_mixture_work_free(genlat_ctx *ctx, gnl_mixture_work *work)
{
    gnl_free(ctx, work->compute.space);
    gnl_free(ctx, work->share);
    gnl_free(ctx, work->constant);
    gnl_free(ctx, work->sum);
    gnl_free(ctx, work->matrix);
    gnl_free(ctx, work->apart);
    gnl_free(ctx, work->map);
    gnl_free(ctx, work->product);
    *work = (gnl_mixture_work){.rows = 0};
}

double gnl_mean_nll(int64_t rows, const double *log_density)
{
    double sum = 0;
    for (int64_t i = 0; i < rows; i++)
        sum -= log_density[i];
    return sum / (double)rows;
}

/* ---- E step ---------------------------------------------------------------------------------- */

/* Computes the constants: log of the weight, of the determinant of the factor, and of (2 pi)^(-dims/2). */
static void prepare(const gnl_mixture *m, double *constant)
{
    const int64_t step = is_full(m) ? m->dims + 1 : 1;
    for (int64_t k = 0; k < m->components; k++) {
        const gnl_real *factor = m->factor + k * gnl_mixture_factors(m);
        constant[k] = log(fmax((double)m->weight[k], 1e-300)) - (double)m->dims * LOG_TWO_PI / 2;
        for (int64_t d = 0; d < m->dims; d++)
            constant[k] += log((double)factor[d * step]);
    }
}

/* A block of samples and a component. */
typedef struct block {
    const gnl_mixture *m;
    gnl_mixture_work *work;
    int64_t component;
    const gnl_real *x; /* [rows,dims] */
    double *share;     /* [rows,components] */
} block;

static void difference_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const block *b = arg;
    const int64_t dims = b->m->dims;
    const gnl_real *mean = b->m->mean + b->component * dims;
    for (int64_t i = begin; i < end; i++)
        for (int64_t d = 0; d < dims; d++)
            b->work->apart[i * dims + d] = b->x[i * dims + d] - mean[d];
}

/* Computes the log of the joint density of samples and component from their distances. */
static void joint_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const block *b = arg;
    const gnl_mixture *m = b->m;
    const gnl_kernels *k = b->work->compute.k;
    for (int64_t i = begin; i < end; i++) {
        gnl_real *map = b->work->map + i * m->dims;
        if (!is_full(m))
            k->mul(m->dims, b->work->apart + i * m->dims, m->factor + b->component * m->dims, map);
        b->share[i * m->components + b->component] = b->work->constant[b->component] - k->dot(m->dims, map, map) / 2;
    }
}

static void joint_block(const block *b, int64_t rows)
{
    const gnl_mixture *m = b->m;
    const gnl_compute *c = &b->work->compute;
    block task = *b;
    gnl_parallel(c->ctx, rows, GRAIN / m->dims + 1, difference_task, &task);
    if (is_full(m))
        gnl_gemm(c, GNL_AS_IS, GNL_TRANSPOSED, rows, m->dims, m->dims, 1, b->work->apart, m->dims,
                 m->factor + b->component * gnl_mixture_factors(m), m->dims, 0, b->work->map, m->dims);
    gnl_parallel(c->ctx, rows, GRAIN / m->dims + 1, joint_task, &task);
}

/* Turns logs of joint densities into responsibilities, and returns the log of the density. */
static double normalize(int64_t n, double *share)
{
    double largest = -INFINITY, total = 0;
    for (int64_t k = 0; k < n; k++)
        largest = fmax(largest, share[k]);
    for (int64_t k = 0; k < n; k++)
        total += share[k] = exp(share[k] - largest);
    for (int64_t k = 0; k < n; k++)
        share[k] /= total;
    return largest + log(total);
}

void gnl_mixture_density(const gnl_mixture *m, gnl_mixture_work *work, int64_t rows, const gnl_real *x,
                         double *log_density)
{
    prepare(m, work->constant);
    for (int64_t first = 0; first < rows; first += BLOCK) {
        const int64_t count = GNL_MIN(rows - first, BLOCK);
        for (int64_t k = 0; k < m->components; k++) {
            const block b = {m, work, k, x + first * m->dims, work->share + first * m->components};
            joint_block(&b, count);
        }
    }
    for (int64_t i = 0; i < rows; i++)
        log_density[i] = normalize(m->components, work->share + i * m->components);
}

/* ---- sums ------------------------------------------------------------------------------------ */

static void add_pair(const gnl_mixture_sums *s, int64_t at, double value)
{
    const double sum = (double)s->sum[at] + (double)s->rest[at] + value;
    s->sum[at] = (gnl_real)sum;
    s->rest[at] = (gnl_real)(sum - (double)s->sum[at]);
}

static double pair(const gnl_mixture_sums *s, int64_t at)
{
    return (double)s->sum[at] + (double)s->rest[at];
}

/* Places of the sums of a component. */
static int64_t first_at(const gnl_mixture *m, int64_t component)
{
    return m->components + component * m->dims;
}

static int64_t second_at(const gnl_mixture *m, int64_t component)
{
    return m->components * (1 + m->dims) + component * gnl_mixture_factors(m);
}

typedef struct addition {
    const gnl_mixture *m;
    gnl_mixture_work *work;
    int64_t rows;
    const gnl_real *x;
    const gnl_mixture_sums *sums;
} addition;

/* Adds the samples to the sums of components with variances. */
static void variance_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const addition *a = arg;
    const int64_t dims = a->m->dims, components = a->m->components;
    double *first = a->work->sum + worker * 2 * dims, *second = first + dims;
    for (int64_t k = begin; k < end; k++) {
        const gnl_real *mean = a->m->mean + k * dims;
        double weight = 0;
        memset(first, 0, (size_t)(2 * dims) * sizeof *first);
        for (int64_t i = 0; i < a->rows; i++) {
            const double share = a->work->share[i * components + k];
            const gnl_real *x = a->x + i * dims;
            weight += share;
            for (int64_t d = 0; share > LEAST_SHARE && d < dims; d++) {
                const double apart = (double)x[d] - (double)mean[d];
                first[d] += share * apart;
                second[d] += share * apart * apart;
            }
        }
        add_pair(a->sums, k, weight);
        for (int64_t d = 0; d < dims; d++) {
            add_pair(a->sums, first_at(a->m, k) + d, first[d]);
            add_pair(a->sums, second_at(a->m, k) + d, second[d]);
        }
    }
}

/* Fills work->apart with the differences, times the roots of the responsibilities, of up to BLOCK samples, beginning at
 * *at. Adds the differences to `first`. Returns the number of samples. */
static int64_t gather(const addition *a, int64_t component, int64_t *at, double *first)
{
    const int64_t dims = a->m->dims, most = GNL_MIN(a->work->rows, BLOCK);
    const gnl_real *mean = a->m->mean + component * dims;
    int64_t count = 0;
    for (; *at < a->rows && count < most; ++*at) {
        const double share = a->work->share[*at * a->m->components + component], root = sqrt(share);
        const gnl_real *x = a->x + *at * dims;
        gnl_real *out = a->work->apart + count * dims;
        if (share <= LEAST_SHARE)
            continue;
        for (int64_t d = 0; d < dims; d++) {
            const double apart = (double)x[d] - (double)mean[d];
            first[d] += share * apart;
            out[d] = (gnl_real)(root * apart);
        }
        count++;
    }
    return count;
}

/* Adds the samples to the sums of a component with a full covariance. */
static void add_full(const addition *a, int64_t component)
{
    const int64_t dims = a->m->dims;
    const gnl_mixture_work *work = a->work;
    double weight = 0, *first = work->sum;
    memset(first, 0, (size_t)dims * sizeof *first);
    for (int64_t i = 0; i < a->rows; i++)
        weight += work->share[i * a->m->components + component];
    for (int64_t at = 0; at < a->rows;) {
        const int64_t count = gather(a, component, &at, first);
        if (count == 0)
            break;
        gnl_gemm(&work->compute, GNL_TRANSPOSED, GNL_AS_IS, dims, dims, count, 1, work->apart, dims, work->apart, dims,
                 0, work->product, dims);
        for (int64_t i = 0; i < dims * dims; i++)
            add_pair(a->sums, second_at(a->m, component) + i, (double)work->product[i]);
    }
    add_pair(a->sums, component, weight);
    for (int64_t d = 0; d < dims; d++)
        add_pair(a->sums, first_at(a->m, component) + d, first[d]);
}

void gnl_mixture_add(const gnl_mixture *m, gnl_mixture_work *work, int64_t rows, const gnl_real *x,
                     const gnl_mixture_sums *sums)
{
    addition a = {m, work, rows, x, sums};
    if (!is_full(m))
        gnl_parallel(work->compute.ctx, m->components, 1, variance_task, &a);
    for (int64_t k = 0; is_full(m) && k < m->components; k++)
        add_full(&a, k);
}

/* ---- M step ---------------------------------------------------------------------------------- */

void gnl_mixture_moments(const gnl_mixture *m, const gnl_mixture_sums *sums, int64_t component, double floor,
                         double *mean, double *covariance)
{
    const int64_t dims = m->dims, first = first_at(m, component), second = second_at(m, component);
    const double weight = fmax(pair(sums, component), 1e-12);
    for (int64_t d = 0; d < dims; d++) /* relative to the current mean */
        mean[d] = pair(sums, first + d) / weight;
    for (int64_t i = 0; i < dims && is_full(m); i++)
        for (int64_t j = 0; j < dims; j++)
            covariance[i * dims + j] =
                pair(sums, second + i * dims + j) / weight - mean[i] * mean[j] + (i == j ? floor : 0);
    for (int64_t d = 0; d < dims && !is_full(m); d++)
        covariance[d] = fmax(pair(sums, second + d) / weight - mean[d] * mean[d], 0) + floor;
    for (int64_t d = 0; d < dims; d++)
        mean[d] += (double)m->mean[component * dims + d];
}

/* Computes the factor of a covariance, which it overwrites. Returns false if that is not positive definite. */
static bool find_factor(const gnl_mixture *m, double *covariance, gnl_real *factor)
{
    const int64_t dims = m->dims;
    double *inverse = covariance + dims * dims;
    if (is_full(m) && !gnl_definite_inverse_factor(dims, covariance, inverse))
        return false;
    for (int64_t i = 0; is_full(m) && i < dims * dims; i++)
        factor[i] = (gnl_real)inverse[i];
    for (int64_t d = 0; !is_full(m) && d < dims; d++) {
        if (!(covariance[d] > 0 && covariance[d] < INFINITY))
            return false;
        factor[d] = (gnl_real)(1 / sqrt(covariance[d]));
    }
    return true;
}

/* Returns the sum of all responsibilities, NaN if one of the sums is not finite. */
static double total_of(const gnl_mixture *m, const gnl_mixture_sums *sums)
{
    double total = 0, all = 0;
    for (int64_t k = 0; k < m->components; k++)
        total += pair(sums, k);
    for (int64_t i = 0; i < gnl_mixture_sums_count(m); i++)
        all += (double)sums->sum[i];
    return isfinite(all) ? total : (double)NAN;
}

/* Computes mean and factor of a component. Sums that were rounded may make a covariance indefinite; its floor is then
 * raised until it is definite. */
static void update_component(const gnl_mixture *m, gnl_mixture_work *work, const gnl_mixture_sums *sums,
                             int64_t component, double floor)
{
    double *mean = work->sum;
    gnl_real *factor = m->factor + component * gnl_mixture_factors(m);
    gnl_mixture_moments(m, sums, component, floor, mean, work->matrix);
    for (double more = floor; !find_factor(m, work->matrix, factor);) {
        more = 10 * fmax(more, 1e-12);
        gnl_mixture_moments(m, sums, component, more, mean, work->matrix);
    }
    for (int64_t d = 0; d < m->dims; d++)
        m->mean[component * m->dims + d] = (gnl_real)mean[d];
}

genlat_status gnl_mixture_update(const gnl_mixture *m, gnl_mixture_work *work, const gnl_mixture_sums *sums,
                                 double floor)
{
    const double total = total_of(m, sums);
    const size_t bytes = (size_t)gnl_mixture_sums_count(m) * sizeof(gnl_real);
    if (!(total > 0))
        return gnl_fail(GENLAT_E_NUMERIC, "the sums of the mixture are not finite; check the data for invalid values");
    for (int64_t k = 0; k < m->components; k++) {
        update_component(m, work, sums, k, floor);
        m->weight[k] = (gnl_real)(pair(sums, k) / total);
    }
    memset(sums->sum, 0, bytes);
    memset(sums->rest, 0, bytes);
    return GENLAT_OK;
}

/* ---- samples --------------------------------------------------------------------------------- */

int64_t gnl_mixture_choose(const gnl_mixture *m, double uniform)
{
    double total = 0, sum = 0;
    for (int64_t k = 0; k < m->components; k++)
        total += (double)m->weight[k];
    for (int64_t k = 0; k < m->components - 1; k++) {
        sum += (double)m->weight[k];
        if (uniform * total < sum)
            return k;
    }
    return m->components - 1;
}

/* Solves L^-1 x = z for a full covariance. */
void gnl_mixture_place(const gnl_mixture *m, int64_t component, gnl_real *z)
{
    const int64_t dims = m->dims;
    const gnl_real *factor = m->factor + component * gnl_mixture_factors(m), *mean = m->mean + component * dims;
    for (int64_t i = 0; i < dims; i++) {
        double value = (double)z[i];
        for (int64_t j = 0; is_full(m) && j < i; j++)
            value -= (double)factor[i * dims + j] * (double)z[j];
        z[i] = (gnl_real)(value / (double)factor[is_full(m) ? i * dims + i : i]);
    }
    for (int64_t i = 0; i < dims; i++)
        z[i] += mean[i];
}
