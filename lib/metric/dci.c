/* SPDX-License-Identifier: MIT */
/* Disentanglement, completeness and informativeness with lasso regression of each factor on all codes. */
#include "metric/metric_priv.h"

typedef struct dci_opts {
    size_t size;
    double alpha;
} dci_opts;

static const gnl_option options[] = {
    GNL_OPT_REAL(dci_opts, alpha, 0.02, 0, 1e6,
                 "weight of |w| in |y - Z w|^2 / (2 n) + alpha |w|, of standardized codes and factors"),
};
static const gnl_options_table table = {"dci", sizeof(dci_opts), options, GNL_COUNT(options)};

static const gnl_metric_name values[] = {
    {"disentanglement", "1 - entropy of the factors that each code serves, mean weighted by importance; 1 is best"},
    {"completeness", "1 - entropy of the codes that each factor needs, mean weighted by importance; 1 is best"},
    {"informativeness", "R^2 of the regressions of the factors, mean; 1 is best"},
    {NULL, NULL}};

typedef struct work {
    gnl_rows codes, factors;
    double *mean[2], *scale[2]; /* of codes and factors; scale 0: constant */
    double *gram;               /* [d,d] of standardized codes */
    double *moment;             /* [f,d] of standardized factors and codes */
    double *importance;         /* [f,d] */
} work;

static void standardize(const gnl_rows *rows, double *mean, double *scale)
{
    gnl_column_moments(rows, mean, scale);
    for (int64_t j = 0; j < rows->d; j++)
        scale[j] = scale[j] > 0 ? 1 / sqrt(scale[j] * (double)(rows->n - 1) / (double)rows->n) : 0;
}

/* Adds products of columns of both sets. */
static void products(const work *w, const gnl_rows *a, int of_a, double *out)
{
    const int64_t d = w->codes.d;
    for (int64_t r = 0; r < a->n; r++)
        for (int64_t i = 0; i < a->d; i++) {
            const double x = ((double)gnl_row(a, r)[i] - w->mean[of_a][i]) * w->scale[of_a][i] / (double)a->n;
            for (int64_t j = 0; j < d; j++)
                out[i * d + j] += x * ((double)gnl_row(&w->codes, r)[j] - w->mean[0][j]) * w->scale[0][j];
        }
}

/* Coordinate descent. Returns R^2. The weights replace the row of importance. */
static double lasso(const work *w, int64_t f, double alpha)
{
    const int64_t d = w->codes.d;
    const double *moment = w->moment + f * d;
    double *weight = w->importance + f * d, change = 1, explained = 0;
    for (int pass = 0; pass < 10000 && change > 1e-13; pass++) {
        change = 0;
        for (int64_t j = 0; j < d; j++) {
            double rest = moment[j];
            for (int64_t k = 0; k < d; k++)
                rest -= k != j ? w->gram[j * d + k] * weight[k] : 0;
            const double size = fmax(fabs(rest) - alpha, 0), diagonal = w->gram[j * d + j];
            const double next = diagonal > 0 ? copysign(size, rest) / diagonal : 0;
            change = fmax(change, fabs(next - weight[j]));
            weight[j] = next;
        }
    }
    for (int64_t j = 0; j < d; j++)
        for (int64_t k = 0; k <= d; k++)
            explained += k < d ? -weight[j] * w->gram[j * d + k] * weight[k] : 2 * weight[j] * moment[j];
    for (int64_t j = 0; j < d; j++)
        weight[j] = fabs(weight[j]);
    return explained;
}

/* Mean of 1 - entropy of lines of a matrix, in units of the largest entropy, weighted by their sums. Line i has the
 * numbers at i * line + k * next. */
static double concentration(const double *matrix, int64_t lines, int64_t line, int64_t count, int64_t next)
{
    double all = 0, total = 0;
    for (int64_t i = 0; i < lines; i++) {
        double sum = 0, entropy = 0;
        for (int64_t k = 0; k < count; k++)
            sum += matrix[i * line + k * next];
        for (int64_t k = 0; k < count && sum > 0; k++) {
            const double share = matrix[i * line + k * next] / sum;
            entropy -= share > 0 ? share * log(share) / log((double)count) : 0;
        }
        total += sum * (1 - (count > 1 ? entropy : 0));
        all += sum;
    }
    return all > 0 ? total / all : 0;
}

static genlat_status measure(const work *w, double alpha, gnl_metric_numbers *out)
{
    const int64_t d = w->codes.d, f = w->factors.d;
    double explained = 0;
    standardize(&w->codes, w->mean[0], w->scale[0]);
    standardize(&w->factors, w->mean[1], w->scale[1]);
    products(w, &w->codes, 0, w->gram);
    products(w, &w->factors, 1, w->moment);
    for (int64_t i = 0; i < f; i++)
        explained += lasso(w, i, alpha) / (double)f;
    GNL_TRY(gnl_metric_add(out, &values[0], -1, concentration(w->importance, d, 1, f, d), NAN, w->codes.n));
    GNL_TRY(gnl_metric_add(out, &values[1], -1, concentration(w->importance, f, d, d, 1), NAN, w->codes.n));
    return gnl_metric_add(out, &values[2], -1, explained, NAN, w->codes.n);
}

static genlat_status compute(const gnl_metric_call *call, gnl_metric_numbers *out)
{
    gnl_rows rows[2];
    int64_t square = 0;
    GNL_TRY(gnl_metric_pair(call, GNL_CODES, GNL_FACTORS, true, rows));
    const int64_t d = rows[0].d, f = rows[1].d;
    if (!gnl_mul_i64(d, d, &square))
        return gnl_fail(GENLAT_E_SHAPE, "%lld codes are too many", (long long)d);
    double *block = gnl_calloc(rows[0].ctx, (size_t)(square + 2 * f * d + 2 * (d + f)), sizeof *block);
    if (!block)
        return GENLAT_E_MEMORY;
    double *vectors = block + square + 2 * f * d;
    const work w = {rows[0], rows[1],        {vectors, vectors + d}, {vectors + d + f, vectors + 2 * d + f},
                    block,   block + square, block + square + f * d};
    genlat_status status = measure(&w, ((const dci_opts *)call->opts)->alpha, out);
    gnl_free(rows[0].ctx, block);
    return status;
}

const gnl_metric_type gnl_metric_dci = {
    .name = "dci",
    .help = "disentanglement, completeness and informativeness, by lasso regression of the factors on the codes",
    .options = &table,
    .values = values,
    .needs = GENLAT_METRIC_CODES | GENLAT_METRIC_FACTORS,
    .least = 3,
    .blocks = true,
    .compute = compute,
    .notes =
        "Importance is the absolute weight of a code in the regression, fitted to all rows. R^2 is that of the same "
        "rows: a little too high where the codes are not few compared with the rows. Other regressors, such as "
        "boosted trees, give other numbers. Standard error: 10 blocks of the rows. Source: Eastwood, Williams, A "
        "framework for the quantitative evaluation of disentangled representations, 2018.",
};
