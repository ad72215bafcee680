/* SPDX-License-Identifier: MIT */
/*
 * data: sources of samples, what can be done to them, batches in a reproducible order.
 * Uses: base, tensor. A source is constant; all that is random about a sample is a function of its seed, its
 *       number and the draw, so that any thread may read any sample at any time and get the same.
 * Adding: a kind of source is one file with a gnl_source_type; a drawn one also a line in synthetic.c.
 * Tests: tests/unit/test_data.c, test_transforms.c, test_batches.c.
 */
#ifndef GNL_DATA_H
#define GNL_DATA_H

#include "genlat/data.h"
#include "tensor/tensor.h"

/* A kind of source. Indices have been checked; labels is NULL when they are not wanted. */
typedef struct gnl_source_type {
    const char *name;
    genlat_status (*fetch)(const genlat_source *source, const int64_t *indices, int64_t n, uint64_t draw,
                           gnl_real *x, gnl_real *labels);
    void (*destroy)(genlat_source *source); /* frees what the kind holds; NULL: nothing */

    /* Of kinds that know how their samples came about. */
    const char *const *factor_names; /* ends with NULL; NULL: none */
    void (*factors)(const genlat_source *source, int64_t index, gnl_real *out);
    int64_t modes; /* of a Gaussian mixture in the plane; 0: none */
    double mode_sd;
    void (*centre)(int64_t mode, double out[2]);

    /* Of kinds that wrap another source. */
    int64_t (*map)(const genlat_source *source, int64_t index); /* number in inner; NULL: the same */
    bool keeps_values; /* the numbers of a sample are those of inner */
} gnl_source_type;

/* First member of every kind's own struct. */
struct genlat_source {
    gnl_object object;
    const gnl_source_type *type;
    gnl_shape sample;
    int64_t count;
    int64_t classes, condition; /* at most one of them is not 0 */
    genlat_source *inner;       /* kept alive; NULL: none */
};

void gnl_source_release(genlat_source *source);

/* Numbers in the label of a sample: 1 for a class, 0 for none. */
int64_t gnl_source_label_size(const genlat_source *source);

/* As genlat_source_fetch() on memory of the caller, without checks of shapes; indices are checked. */
genlat_status gnl_source_fetch(const genlat_source *source, const int64_t *indices, int64_t n, uint64_t draw,
                               gnl_real *x, gnl_real *labels);

/* As the public functions, without their checks. */
genlat_status gnl_source_normalize(genlat_source *source, const genlat_tensor *offset, const genlat_tensor *scale,
                                   genlat_source **out);
genlat_status gnl_source_normalization(const genlat_source *source, genlat_tensor **offset, genlat_tensor **scale);

/* Statistics of each element of a sample over the whole source, in double. */
typedef struct gnl_source_stats {
    int64_t size; /* elements of a sample */
    double *mean, *sd, *min, *max;
} gnl_source_stats;

genlat_status gnl_source_stats_new(const genlat_source *source, gnl_source_stats *stats);
void gnl_source_stats_free(const genlat_source *source, gnl_source_stats *stats);

/* opts are complete. */
genlat_status gnl_batches_new(genlat_source *source, const genlat_batches_opts *opts, genlat_batches **out);
/* *x and *labels have been set to NULL. */
genlat_status gnl_batches_next(genlat_batches *batches, genlat_tensor **x, genlat_tensor **labels);
genlat_status gnl_batches_seek(genlat_batches *batches, int64_t epoch, int64_t position);
void gnl_batches_release(genlat_batches *batches);

#endif
