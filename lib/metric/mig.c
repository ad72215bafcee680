/* SPDX-License-Identifier: MIT */
/* Mutual information gap between codes and known factors. */
#include <stdlib.h>

#include "metric/metric_priv.h"

typedef struct mig_opts {
    size_t size;
    int64_t bins;
} mig_opts;

static const gnl_option options[] = {
    GNL_OPT_INT(mig_opts, bins, 20, 2, 1e4, "bins of equal width over the range of each code"),
};
static const gnl_options_table table = {"mig", sizeof(mig_opts), options, GNL_COUNT(options)};

static const gnl_metric_name values[] = {{"mig", "mutual information gap of codes and factors; 1 is best"},
                                         {NULL, NULL}};

typedef struct work {
    gnl_rows codes, factors;
    int64_t bins, classes;
    int64_t *factor; /* [n] number of the value */
    int64_t *bin;    /* [n,d] of each code */
    int64_t *joint;  /* [bins,n] counts of bins and values, [bins,classes] in use */
    double *scratch; /* [n] */
} work;

/* A number is in the last bin whose lower edge is not above it. */
static void find_bins(const work *w, int64_t j)
{
    const gnl_rows *z = &w->codes;
    gnl_column(z, j, false, w->scratch);
    double low = INFINITY, high = -INFINITY;
    for (int64_t i = 0; i < z->n; i++) {
        low = fmin(low, w->scratch[i]);
        high = fmax(high, w->scratch[i]);
    }
    const double step = (high - low) / (double)w->bins;
    for (int64_t i = 0; i < z->n; i++) {
        int64_t bin = step > 0 ? GNL_MIN((int64_t)((w->scratch[i] - low) / step), w->bins - 1) : 0;
        while (bin + 1 < w->bins && step > 0 && (double)(bin + 1) * step + low <= w->scratch[i])
            bin++;
        while (bin > 0 && (double)bin * step + low > w->scratch[i])
            bin--;
        w->bin[i * z->d + j] = bin;
    }
}

static double information(const work *w, int64_t j)
{
    const int64_t n = w->codes.n, classes = w->classes;
    double sum = 0;
    memset(w->joint, 0, (size_t)(w->bins * classes) * sizeof *w->joint);
    memset(w->scratch, 0, (size_t)classes * sizeof *w->scratch);
    for (int64_t i = 0; i < n; i++) {
        w->joint[w->bin[i * w->codes.d + j] * classes + w->factor[i]]++;
        w->scratch[w->factor[i]]++;
    }
    for (int64_t b = 0; b < w->bins; b++) {
        double row = 0;
        for (int64_t c = 0; c < classes; c++)
            row += (double)w->joint[b * classes + c];
        for (int64_t c = 0; c < classes; c++) {
            const double count = (double)w->joint[b * classes + c];
            sum += count > 0 ? count * log(count * (double)n / (row * w->scratch[c])) : 0;
        }
    }
    return sum / (double)n;
}

/* Entropy of the values of the factor, which information() has counted. */
static double entropy(const work *w)
{
    double sum = 0;
    for (int64_t c = 0; c < w->classes; c++) {
        const double share = w->scratch[c] / (double)w->codes.n;
        sum -= share > 0 ? share * log(share) : 0;
    }
    return sum;
}

static genlat_status measure(work *w, double *gap)
{
    double sum = 0, counted = 0;
    for (int64_t j = 0; j < w->codes.d; j++)
        find_bins(w, j);
    for (int64_t f = 0; f < w->factors.d; f++) {
        double first = 0, second = 0;
        w->classes = gnl_distinct_values(&w->factors, f, w->scratch, w->factor);
        if (w->classes < 2)
            continue;
        for (int64_t j = 0; j < w->codes.d; j++) {
            const double found = information(w, j);
            second = fmax(second, fmin(found, first));
            first = fmax(first, found);
        }
        sum += (first - second) / entropy(w);
        counted++;
    }
    *gap = sum / counted;
    return counted > 0 ? GENLAT_OK : gnl_fail(GENLAT_E_RANGE, "every factor has one value only");
}

static genlat_status compute(const gnl_metric_call *call, gnl_metric_numbers *out)
{
    gnl_rows rows[2];
    double gap = 0;
    GNL_TRY(gnl_metric_pair(call, GNL_CODES, GNL_FACTORS, true, rows));
    const int64_t n = rows[0].n, bins = ((const mig_opts *)call->opts)->bins;
    int64_t *whole = gnl_alloc(rows[0].ctx, (size_t)(n * (1 + rows[0].d + bins)), sizeof *whole);
    double *scratch = gnl_alloc(rows[0].ctx, (size_t)n, sizeof *scratch);
    genlat_status status = whole && scratch ? GENLAT_OK : GENLAT_E_MEMORY;
    if (status == GENLAT_OK) {
        work w = {rows[0], rows[1], bins, 0, whole, whole + n, whole + n * (1 + rows[0].d), scratch};
        status = measure(&w, &gap);
    }
    gnl_free(rows[0].ctx, whole);
    gnl_free(rows[0].ctx, scratch);
    GNL_TRY(status);
    return gnl_metric_add(out, values, -1, gap, NAN, n);
}

const gnl_metric_type gnl_metric_mig = {
    .name = "mig",
    .help = "mutual information gap between the two codes that tell most of each factor; 1 is best",
    .options = &table,
    .values = values,
    .needs = GENLAT_METRIC_CODES | GENLAT_METRIC_FACTORS,
    .least = 2,
    .blocks = true,
    .compute = compute,
    .notes = "Mean over the factors that have several values. Mutual information from counts is biased upwards for few "
             "rows, nearly equally for all codes; take thousands. Standard error: 10 blocks of the rows. Conventions "
             "of disentanglement_lib. Source: Chen and others, Isolating sources of disentanglement, 2018.",
};
