/* SPDX-License-Identifier: MIT */
/* The core that all normalisations share: groups of elements brought to mean 0 and variance 1, then an affine
 * map by channel. norm.c says what the groups and channels are. */
#ifndef GNL_LAYER_NORM_PRIV_H
#define GNL_LAYER_NORM_PRIV_H

#include "layer/layer.h"

typedef struct gnl_norm {
    const gnl_step *step;
    int64_t outer, channels, plane; /* the data, all rows */
    int64_t group;  /* elements of a group, which lie together; 0: a group is a channel of the whole batch */
    bool centered;  /* the mean is taken off */
    double epsilon; /* added to the variance */
    gnl_real *weight, *bias, *dweight, *dbias; /* [channels]; NULL: not there, not wanted */
    gnl_real *running_mean, *running_var;      /* [channels] of whole-batch groups; NULL: not kept */
    double momentum;                           /* share of a batch in the running statistics */
    bool fixed;                                /* the running statistics are used, not the batch's */
} gnl_norm;

int64_t gnl_norm_cache(const gnl_norm *n);
int64_t gnl_norm_scratch(const gnl_norm *n, bool affine, int threads);
void gnl_norm_forward(const gnl_norm *n);
void gnl_norm_backward(const gnl_norm *n);
void gnl_norm_jvp(const gnl_norm *n);
void gnl_norm_jvp_backward(const gnl_norm *n);

#endif
