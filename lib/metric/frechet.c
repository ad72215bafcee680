/* SPDX-License-Identifier: MIT */
/* Frechet distance. With C_a = F F', the eigenvalues of C_a C_b are those of the symmetric matrix F' C_b F. So the
 * trace of the matrix square root is the sum of the square roots of these eigenvalues. */
#include <math.h>

#include "density/density.h"
#include "metric/metric_priv.h"

enum { ROWS_PER_TASK = 8 };

/* ---- moments of features ------------------------------------------------------------------------------- */

typedef struct moments {
    const gnl_rows *rows;
    double *mean, *covariance;
} moments;

static void compute_mean(const gnl_rows *rows, double *mean)
{
    memset(mean, 0, (size_t)rows->d * sizeof *mean);
    for (int64_t i = 0; i < rows->n; i++)
        for (int64_t j = 0; j < rows->d; j++)
            mean[j] += (double)gnl_row(rows, i)[j];
    for (int64_t j = 0; j < rows->d; j++)
        mean[j] /= (double)rows->n;
}

/* Computes rows begin .. end - 1 of the covariance. */
static void covariance_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const moments *m = arg;
    int64_t d = m->rows->d;
    double *out = m->covariance;
    memset(out + begin * d, 0, (size_t)((end - begin) * d) * sizeof *out);
    for (int64_t s = 0; s < m->rows->n; s++) {
        const gnl_real *x = gnl_row(m->rows, s);
        for (int64_t i = begin; i < end; i++) {
            double difference = (double)x[i] - m->mean[i];
            for (int64_t j = 0; j < d; j++)
                out[i * d + j] += difference * ((double)x[j] - m->mean[j]);
        }
    }
    for (int64_t i = begin * d; i < end * d; i++)
        out[i] /= (double)(m->rows->n - 1);
}

static void compute_moments(const gnl_rows *rows, double *mean, double *covariance)
{
    moments task = {rows, mean, covariance};
    compute_mean(rows, mean);
    gnl_parallel(rows->ctx, rows->d, ROWS_PER_TASK, covariance_task, &task);
}

/* ---- F' C F -------------------------------------------------------------------------------------------- */

typedef struct matrix_product {
    int64_t n, columns;
    bool transposed; /* the left matrix is transposed */
    const double *left, *right;
    double *out;
} matrix_product;

static void product_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const matrix_product *p = arg;
    for (int64_t i = begin; i < end; i++) {
        double *row = p->out + i * p->columns;
        memset(row, 0, (size_t)p->columns * sizeof *row);
        for (int64_t k = 0; k < p->n; k++) {
            double factor = p->transposed ? p->left[k * p->n + i] : p->left[i * p->n + k];
            const double *right = p->right + k * (p->transposed ? p->columns : p->n);
            for (int64_t j = 0; j < p->columns; j++)
                row[j] += factor * right[j];
        }
    }
}

/* ---- distance ------------------------------------------------------------------------------------------ */

typedef struct workspace {
    double *mean[2], *covariance[2];
    double *factor, *product; /* F and C_b F; F' C_b F overwrites C_a */
    double *values, *off_diagonal;
} workspace;

static double trace(int64_t n, const double *a)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += a[i * n + i];
    return sum;
}

/* Computes tr (C_a C_b)^(1/2). Returns false if the eigenvalues do not converge. */
static bool trace_of_root(genlat_ctx *ctx, int64_t n, const workspace *s, double *out)
{
    int64_t rank = gnl_psd_factor(n, s->covariance[0], s->factor, s->values);
    matrix_product right = {n, rank, false, s->covariance[1], s->factor, s->product};
    matrix_product left = {n, rank, true, s->factor, s->product, s->covariance[0]};
    gnl_parallel(ctx, n, ROWS_PER_TASK, product_task, &right);
    gnl_parallel(ctx, rank, ROWS_PER_TASK, product_task, &left);
    *out = 0;
    if (!gnl_symmetric_eigenvalues(rank, s->covariance[0], s->values, s->off_diagonal))
        return false;
    for (int64_t i = 0; i < rank; i++)
        *out += sqrt(fmax(s->values[i], 0));
    return true;
}

static genlat_status distance_in(const gnl_rows rows[2], const workspace *s, double *distance)
{
    int64_t d = rows[0].d;
    double difference = 0, sum = 0, root = 0;
    for (int i = 0; i < 2; i++) {
        compute_moments(&rows[i], s->mean[i], s->covariance[i]);
        sum += trace(d, s->covariance[i]);
    }
    for (int64_t j = 0; j < d; j++)
        difference += (s->mean[0][j] - s->mean[1][j]) * (s->mean[0][j] - s->mean[1][j]);
    if (!trace_of_root(rows[0].ctx, d, s, &root))
        return gnl_fail(GENLAT_E_NUMERIC, "the eigenvalues of the covariances did not converge");
    /* Rounding can produce a slightly negative distance for equal sets. */
    *distance = fmax(difference + sum - 2 * root, 0);
    return GENLAT_OK;
}

genlat_status gnl_frechet_distance(const genlat_tensor *a, const genlat_tensor *b, double *distance)
{
    gnl_rows rows[2];
    int64_t square = 0, numbers = 0;
    GNL_TRY(gnl_rows_take_pair(a, "a", b, "b", 2, rows));
    int64_t d = rows[0].d;
    if (!gnl_mul_i64(d, d, &square) || !gnl_mul_i64(square, 4, &numbers))
        return gnl_fail(GENLAT_E_SHAPE, "%lld features are too many", (long long)d);
    double *block = gnl_alloc(rows[0].ctx, (size_t)(numbers + 4 * d), sizeof *block);
    if (!block)
        return GENLAT_E_MEMORY;
    double *vectors = block + numbers;
    workspace s = {.mean = {vectors, vectors + d},
                   .covariance = {block, block + square},
                   .factor = block + 2 * square,
                   .product = block + 3 * square,
                   .values = vectors + 2 * d,
                   .off_diagonal = vectors + 3 * d};
    genlat_status status = distance_in(rows, &s, distance);
    gnl_free(rows[0].ctx, block);
    return status;
}

genlat_status genlat_metric_frechet_distance(const genlat_tensor *a, const genlat_tensor *b, double *distance)
{
    GNL_ENTER();
    GNL_CHECK(distance, "distance is NULL");
    GNL_CHECK(a, "a is NULL");
    GNL_CHECK(b, "b is NULL");
    return gnl_frechet_distance(a, b, distance);
}

/* ---- the entry of the table --------------------------------------------------------------------------- */

static const gnl_metric_name values[] = {
    {"frechet", "Frechet distance of samples and data, in the square of the unit of the numbers; 0 is best"},
    {NULL, NULL}};

static genlat_status compute(const gnl_metric_call *call, gnl_metric_numbers *out)
{
    const genlat_tensor *a = call->input[GNL_SAMPLES], *b = call->input[GNL_DATA];
    double value = 0;
    GNL_TRY(gnl_frechet_distance(a, b, &value));
    return gnl_metric_add(out, values, -1, value, NAN, GNL_MIN(a->shape.dim[0], b->shape.dim[0]));
}

const gnl_metric_type gnl_metric_frechet = {
    .name = "frechet",
    .help = "Frechet distance of the Gaussians with the moments of samples and data; FID on Inception features; 0 is "
            "best",
    .values = values,
    .needs = GENLAT_METRIC_SAMPLES | GENLAT_METRIC_DATA,
    .least = 2,
    .blocks = true,
    .compute = compute,
    .notes = "Biased upwards by about a constant / n; the constant grows with the number of features, so compare only "
             "numbers of equal sample sizes. Standard error: 10 blocks of the rows, too large where the bias "
             "dominates. Source: Heusel and others, GANs trained by a two time-scale update rule, 2017.",
};
