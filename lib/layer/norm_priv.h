/* SPDX-License-Identifier: MIT */
/* Common core of all normalisations: normalises groups of elements to mean 0 and variance 1, then applies an affine map
 * per channel. norm.c defines the groups and channels of each kind. */
#ifndef GNL_LAYER_NORM_PRIV_H
#define GNL_LAYER_NORM_PRIV_H

#include "layer/layer.h"

typedef struct gnl_norm {
    const gnl_step *step;
    int64_t outer, channels, plane; /* shape of the data, with all rows */
    int64_t group;  /* number of contiguous elements in a group; 0: a group is a channel of the whole batch */
    bool centered;  /* the mean is subtracted */
    double epsilon; /* added to the variance */
    gnl_real *weight, *bias, *dweight, *dbias; /* [channels]; NULL: the layer has none, or no gradient is needed */
    gnl_real *running_mean, *running_var;      /* [channels] for groups over the whole batch; otherwise NULL */
    double momentum;                           /* weight of a batch in the running statistics */
    bool fixed;                                /* uses the running statistics instead of those of the batch */
} gnl_norm;

int64_t gnl_norm_cache(const gnl_norm *n);
int64_t gnl_norm_scratch(const gnl_norm *n, bool affine, int threads);
void gnl_norm_forward(const gnl_norm *n);
void gnl_norm_backward(const gnl_norm *n);
void gnl_norm_jvp(const gnl_norm *n);
void gnl_norm_jvp_backward(const gnl_norm *n);

/* ---- norm_bundle.c ------------------------------------------------------------------------------------ */

enum { GNL_NORM_WIDE = 32 }; /* maximum number of adjacent groups in a bundle */

/* A unit of work: `runs` runs of `length` elements. Either they are one group (width 1), or element i of each run
 * belongs to group first + i (width == length). The latter is used for channels of vectors, for which processing one
 * column at a time would be slow. */
typedef struct gnl_norm_bundle {
    int64_t offset, runs, length, stride, first, width;
} gnl_norm_bundle;

/* For each group of a bundle: sums of (p - a) and of (p - a)(q - b). */
typedef struct gnl_norm_sums {
    double p[GNL_NORM_WIDE], pq[GNL_NORM_WIDE];
} gnl_norm_sums;

/* For each group of a bundle: out = p p + one + x (x - mean). */
typedef struct gnl_norm_mix {
    gnl_real p[GNL_NORM_WIDE], one[GNL_NORM_WIDE], x[GNL_NORM_WIDE];
} gnl_norm_mix;

extern const gnl_real gnl_norm_zeros[GNL_NORM_WIDE];

/* Bundles of whole channels of the batch. */
int64_t gnl_norm_channel_bundles(const gnl_norm *n);
gnl_norm_bundle gnl_norm_channel_bundle(const gnl_norm *n, int64_t index);
/* Runs a task over `count` bundles that cover the data. Its argument is a copy of n. */
void gnl_norm_over(const gnl_norm *n, int64_t count, gnl_task *task);

/* Arrays of elements begin at the bundle's first element; all others have one number per group. out may be p. */
void gnl_norm_sum(const gnl_norm *n, const gnl_norm_bundle *b, const gnl_real *p, const gnl_real *q,
                  const gnl_real *shift_p, const gnl_real *shift_q, gnl_norm_sums *out);
void gnl_norm_mix_in(const gnl_norm *n, const gnl_norm_bundle *b, const gnl_norm_mix *m, const gnl_real *mean,
                     const gnl_real *p, const gnl_real *x, gnl_store store, gnl_real *out);

#endif
