/* SPDX-License-Identifier: MIT */
/* Classifier score: high if a classifier is certain of each sample and predicts all classes equally often overall. */
#include <math.h>

#include "metric/metric_priv.h"

static genlat_status check_rows(const gnl_rows *rows)
{
    for (int64_t i = 0; i < rows->n; i++) {
        double sum = 0, least = 0;
        for (int64_t j = 0; j < rows->d; j++) {
            sum += (double)gnl_row(rows, i)[j];
            least = fmin(least, (double)gnl_row(rows, i)[j]);
        }
        if (least < 0 || fabs(sum - 1) > 1e-3)
            return gnl_fail(GENLAT_E_RANGE,
                            "row %lld of probabilities has sum %g and minimum %g, expected sum 1 and no negative "
                            "numbers",
                            (long long)i, sum, least);
    }
    return GENLAT_OK;
}

/* Returns exp of the mean KL(p(y|x) || p(y)) = mean sum p log p - sum m log m, for the rows begin .. end - 1. */
static double score_part(const gnl_rows *rows, int64_t begin, int64_t end, double *marginal)
{
    double n = (double)(end - begin), kl = 0;
    memset(marginal, 0, (size_t)rows->d * sizeof *marginal);
    for (int64_t i = begin; i < end; i++)
        for (int64_t j = 0; j < rows->d; j++) {
            double p = (double)gnl_row(rows, i)[j];
            marginal[j] += p / n;
            kl += p > 0 ? p * log(p) / n : 0;
        }
    for (int64_t j = 0; j < rows->d; j++)
        kl -= marginal[j] > 0 ? marginal[j] * log(marginal[j]) : 0;
    return exp(kl);
}

static genlat_status score(const gnl_rows *rows, int64_t splits, double *mean, double *sd)
{
    GNL_TRY(check_rows(rows));
    double *scores = gnl_alloc(rows->ctx, (size_t)(splits + rows->d), sizeof *scores);
    if (!scores)
        return GENLAT_E_MEMORY;
    int64_t part = rows->n / splits;
    for (int64_t s = 0; s < splits; s++)
        scores[s] = score_part(rows, s * part, (s + 1) * part, scores + splits);
    gnl_mean_sd(splits, scores, mean, sd);
    gnl_free(rows->ctx, scores);
    return GENLAT_OK;
}

genlat_status genlat_metric_classifier_score(const genlat_tensor *probabilities, int64_t splits, double *mean,
                                             double *sd)
{
    gnl_rows rows;
    GNL_ENTER();
    GNL_CHECK(mean, "mean is NULL");
    GNL_CHECK(probabilities, "probabilities is NULL");
    GNL_TRY(gnl_rows_take(probabilities, 1, "probabilities", &rows));
    if (splits < 1 || splits > rows.n)
        return gnl_fail(GENLAT_E_RANGE, "splits is %lld, must be from 1 to %lld", (long long)splits, (long long)rows.n);
    return score(&rows, splits, mean, sd);
}

/* ---- the entry of the table ------------------------------------------------------------------ */

typedef struct score_opts {
    size_t size;
    int64_t splits;
} score_opts;

static const gnl_option options[] = {
    GNL_OPT_INT(score_opts, splits, 0, 0, 1e9,
                "equal parts whose scores are averaged; 0: 10, or 1 for fewer than 1000 rows"),
};
static const gnl_options_table table = {"classifier_score", sizeof(score_opts), options, GNL_COUNT(options)};

static const gnl_metric_name values[] = {
    {"classifier_score", "classifier score, from 1 to the number of classes; higher is better"}, {NULL, NULL}};

static genlat_status compute(const gnl_metric_call *call, gnl_metric_numbers *out)
{
    const gnl_rows rows = gnl_metric_rows(call, GNL_PROBABILITIES);
    int64_t splits = ((const score_opts *)call->opts)->splits;
    double mean = 0, sd = 0;
    splits = splits ? splits : rows.n < 1000 ? 1 : 10;
    if (splits > rows.n)
        return gnl_fail(GENLAT_E_RANGE, "splits is %lld, but there are %lld rows", (long long)splits,
                        (long long)rows.n);
    GNL_TRY(score(&rows, splits, &mean, &sd));
    return gnl_metric_add(out, values, -1, mean, splits > 1 ? sd / sqrt((double)(splits - 1)) : NAN, rows.n);
}

const gnl_metric_type gnl_metric_classifier_score = {
    .name = "classifier_score",
    .help = "classifier score: exp of the mean KL divergence of p(y|x) from p(y); inception score with Inception",
    .options = &table,
    .values = values,
    .needs = GENLAT_METRIC_PROBABILITIES,
    .least = 1,
    .blocks = true,
    .compute = compute,
    .notes = "Biased downwards for parts with few rows. Standard error: of the scores of the parts; with one part, 10 "
             "blocks of the rows. Source: Salimans and others, Improved techniques for training GANs, 2016.",
};
