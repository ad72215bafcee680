/* SPDX-License-Identifier: MIT */
/*
 * Cases for every kind of loss: its text, outputs per element, elements of a sample, and the distribution of the data.
 * tests/golden/make_loss.py reads the same lines.
 */
#ifndef LOSS_CASES_H
#define LOSS_CASES_H

enum {
    DATA_UNIT,     /* grey, from [0,1] */
    DATA_BINARY,   /* 0 or 1 */
    DATA_NORMAL,   /* standard normal */
    DATA_CLASS,    /* integers from 0 to parts-1 */
    DATA_LEVEL,    /* one of 256 levels in [0,1], often the ends */
    DATA_SYMMETRIC /* one of 256 levels in [-1,1], often the ends */
};

typedef struct loss_case {
    const char *spec;
    int parts, dims, data;
} loss_case;

/* clang-format off */
static const loss_case loss_cases[] = {
    {"bernoulli", 1, 9, DATA_UNIT},
    {"bernoulli", 1, 20, DATA_BINARY},
    {"gaussian", 1, 7, DATA_NORMAL},
    {"gaussian value=0.3", 1, 7, DATA_NORMAL},
    {"gaussian sd=learned value=0.5", 1, 8, DATA_NORMAL},
    {"gaussian sd=learned value=0.5 min_log_sd=-1", 1, 8, DATA_NORMAL},
    {"gaussian sd=optimal", 1, 6, DATA_NORMAL},
    {"gaussian sd=optimal min_log_sd=0", 1, 6, DATA_NORMAL},
    {"gaussian sd=output", 2, 6, DATA_NORMAL},
    {"gaussian sd=output min_log_sd=-1", 2, 6, DATA_NORMAL},
    {"laplace value=0.7", 1, 7, DATA_NORMAL},
    {"laplace scale=learned value=0.7", 1, 7, DATA_NORMAL},
    {"categorical classes=5", 5, 6, DATA_CLASS},
    {"categorical classes=21 last=yes", 21, 4, DATA_CLASS},
    {"discretized_logistic", 2, 12, DATA_LEVEL},
    {"discretized_logistic range=symmetric min_log_scale=-2", 2, 12, DATA_SYMMETRIC},
    {"beta_binomial", 2, 12, DATA_LEVEL},
    {"logistic_mixture", 15, 6, DATA_LEVEL},
    {"logistic_mixture components=3 range=symmetric min_log_scale=-2", 9, 11, DATA_SYMMETRIC},
    {"student_t", 3, 7, DATA_NORMAL},
    {"student_t min_scale=0.1 min_df=1.5", 3, 6, DATA_NORMAL},
    {"mse", 1, 7, DATA_NORMAL},
    {"cross_entropy", 10, 1, DATA_CLASS},
    {"cross_entropy", 4, 5, DATA_CLASS},
};
/* clang-format on */

#endif
