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
    GNL_TRY(check_rows(&rows));
    double *scores = gnl_alloc(rows.ctx, (size_t)(splits + rows.d), sizeof *scores);
    if (!scores)
        return GENLAT_E_MEMORY;
    int64_t part = rows.n / splits;
    for (int64_t s = 0; s < splits; s++)
        scores[s] = score_part(&rows, s * part, (s + 1) * part, scores + splits);
    gnl_mean_sd(splits, scores, mean, sd);
    gnl_free(rows.ctx, scores);
    return GENLAT_OK;
}
