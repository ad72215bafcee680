/* SPDX-License-Identifier: MIT */
/* Table of all metrics, one line each, in the order of the reference. X(name) expands for gnl_metric_name. */
#include "metric/metric.h"

#define METRICS(X)                                                                                                     \
    X(frechet)                                                                                                         \
    X(kernel)                                                                                                          \
    X(mmd)                                                                                                             \
    X(sliced_wasserstein)                                                                                              \
    X(two_sample)                                                                                                      \
    X(neighbours)                                                                                                      \
    X(copies)                                                                                                          \
    X(classifier_score)                                                                                                \
    X(columns)                                                                                                         \
    X(kolmogorov_smirnov)                                                                                              \
    X(total_variation)                                                                                                 \
    X(correlation)                                                                                                     \
    X(mse)                                                                                                             \
    X(psnr)                                                                                                            \
    X(ssim)                                                                                                            \
    X(ms_ssim)                                                                                                         \
    X(mig)                                                                                                             \
    X(sap)                                                                                                             \
    X(dci)                                                                                                             \
    X(factor_vae)                                                                                                      \
    X(auroc)                                                                                                           \
    X(average_precision)                                                                                               \
    /* end */

#define DECLARE(name) extern const gnl_metric_type gnl_metric_##name;
METRICS(DECLARE)

#define LIST(name) &gnl_metric_##name,
const gnl_metric_type *const gnl_metric_types[] = {METRICS(LIST) NULL};

const gnl_metric_alias gnl_metric_aliases[] = {
    {"fid", "frechet"},
    {"kid", "kernel"},
    {"is", "classifier_score"},
    {"inception_score", "classifier_score"},
    {"swd", "sliced_wasserstein"},
    {"c2st", "two_sample"},
    {"prdc", "neighbours"},
    {"dcr_share", "closer_to_training"},
    {"ks", "kolmogorov_smirnov"},
    {"tv", "total_variation"},
    {"roc_auc", "auroc"},
    {"auc", "auroc"},
    {"ap", "average_precision"},
    {"pr_auc", "average_precision"},
    {NULL, NULL},
};
