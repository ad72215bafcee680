/* SPDX-License-Identifier: MIT */
/*
 * data: sources of samples, transforms of sources, batches in a reproducible order.
 * Uses: base, tensor. A source is constant. All randomness of a sample is a function of its seed, its index and the
 *       draw. So any thread may read any sample at any time, always with the same result.
 * Adding: a kind of source is one file with a gnl_source_type; a synthetic one also needs a line in synthetic.c.
 * Tests: tests/unit/test_data.c, tests/unit/test_transforms.c, tests/unit/test_batches.c.
 */
#ifndef GNL_DATA_H
#define GNL_DATA_H

#include "genlat/data.h"
#include "tensor/tensor.h"

/* A kind of source. Indices are already checked. `labels` is NULL if labels are not requested. */
typedef struct gnl_source_type {
    const char *name;
    genlat_status (*fetch)(const genlat_source *source, const int64_t *indices, int64_t n, uint64_t draw, gnl_real *x,
                           gnl_real *labels);
    void (*destroy)(genlat_source *source); /* frees the members of the kind; NULL: nothing to free */

    /* For kinds that know the generating factors or the distribution of their samples. */
    const char *const *factor_names; /* terminated by NULL; NULL: none */
    void (*factors)(const genlat_source *source, int64_t index, gnl_real *out);
    int64_t modes; /* number of modes of a Gaussian mixture in the plane; 0: none */
    double mode_sd;
    void (*centre)(int64_t mode, double out[2]);

    /* For kinds that wrap another source. */
    int64_t (*map)(const genlat_source *source, int64_t index); /* index in inner; NULL: the same */
    bool keeps_values;                                          /* the values of a sample equal those in inner */
    bool many; /* inner is the first of several sources: neither factors nor modes are known */
} gnl_source_type;

/* A list of names, allocated as one block. */
typedef struct gnl_names {
    int64_t count;
    char **name;
} gnl_names;

/* What the samples of a source are. Constant, shared by sources and models. */
typedef struct gnl_description {
    gnl_object object;
    gnl_names classes, columns; /* each empty, or one name for each class or element */
    gnl_names keys;             /* empty, or the keys as one text */
    int64_t rate;
    uint32_t content;
} gnl_description;

enum { GNL_UNLABELLED = -1 }; /* label of a sample whose class is not known */

/* First member of the struct of every kind. */
struct genlat_source {
    gnl_object object;
    const gnl_source_type *type;
    gnl_shape sample;
    int64_t count;
    int64_t classes, condition; /* at most one of them is nonzero */
    bool unlabelled;            /* the class of some samples is GNL_UNLABELLED */
    genlat_source *inner;       /* retained; NULL: none */
    gnl_description *about;     /* retained; NULL: none */
};

void gnl_source_release(genlat_source *source);

/* Returns the number of values in the label of a sample: 1 for a class, 0 if there is no label. */
int64_t gnl_source_label_size(const genlat_source *source);

/* Same as genlat_source_fetch() on the caller's memory. Checks indices, but not shapes. */
genlat_status gnl_source_fetch(const genlat_source *source, const int64_t *indices, int64_t n, uint64_t draw,
                               gnl_real *x, gnl_real *labels);

/* Same as the public functions, without their checks. */
genlat_status gnl_source_read(const genlat_source *source, int64_t begin, int64_t end, genlat_tensor **x,
                              genlat_tensor **labels);
genlat_status gnl_source_normalize(genlat_source *source, const genlat_tensor *offset, const genlat_tensor *scale,
                                   genlat_source **out);
genlat_status gnl_source_normalization(const genlat_source *source, genlat_tensor **offset, genlat_tensor **scale);

/* Calls fn for the first `count` samples of a source, in order: samples first .. first+rows-1 are x [rows,...]. Stops
 * at an error, and returns it. */
typedef genlat_status gnl_rows_fn(void *user, int64_t first, int64_t rows, const gnl_real *x);
genlat_status gnl_source_scan(const genlat_source *source, int64_t count, gnl_rows_fn *fn, void *user);

/* Checks and copies a description for data of `classes` classes and `columns` elements. */
genlat_status gnl_description_take(genlat_ctx *ctx, const genlat_description *given, int64_t classes, int64_t columns,
                                   gnl_description **out);
/* Writes a description, NULL for none, to a checked struct, which borrows the names. */
void gnl_description_give(const gnl_description *about, genlat_description *out);
void gnl_description_release(gnl_description *about); /* about may be NULL */

/* A description as it is stored in files: the names are lines. NULL: none. */
typedef struct gnl_description_text {
    const char *classes, *columns, *keys;
    int64_t rate, content;
} gnl_description_text;

genlat_status gnl_description_parse(genlat_ctx *ctx, const gnl_description_text *text, gnl_description **out);
/* Creates the lines of a list. The caller frees the text. */
genlat_status gnl_names_format(genlat_ctx *ctx, const gnl_names *names, char **out);

/* Finds a class by its name, or by its number if the classes have no names. Returns E_NOT_FOUND if there is none. */
genlat_status gnl_class_find(const gnl_description *about, int64_t classes, const char *name, int64_t *out);
/* Creates a source whose classes, found by name, have the numbers of another description; the source itself if they
 * have them. Returns E_NOT_FOUND for a class that the description does not have, E_SHAPE if a source without names has
 * more than `classes` classes. */
genlat_status gnl_source_number(genlat_source *source, const gnl_description *to, int64_t classes, genlat_source **out);

/* A scaling of data, raw = x * scale + offset: both scalars, both of the shape of a sample, or both NULL: none. */
typedef struct gnl_scaling {
    genlat_tensor *offset, *scale;
} gnl_scaling;

/* Returns E_SHAPE or E_RANGE for a scaling that does not fit samples of a shape. */
genlat_status gnl_scaling_check(const gnl_scaling *scaling, const gnl_shape *sample);
bool gnl_scaling_equal(const gnl_scaling *a, const gnl_scaling *b, int64_t size); /* up to rounding */
void gnl_scaling_release(gnl_scaling *scaling);
/* Converts rows of `size` elements from raw values, and back. */
void gnl_scaling_apply(const gnl_scaling *scaling, int64_t rows, int64_t size, const gnl_real *raw, gnl_real *x);
void gnl_scaling_invert(const gnl_scaling *scaling, int64_t rows, int64_t size, gnl_real *x);
/* Converts differences, such as standard deviations, to raw units. */
void gnl_scaling_invert_differences(const gnl_scaling *scaling, int64_t rows, int64_t size, gnl_real *x);
/* Creates a source of the same raw data with the scaling `to`; the source itself if it has that scaling. */
genlat_status gnl_source_rescale(genlat_source *source, const gnl_scaling *to, genlat_source **out);

/* Statistics of each element of a sample over the whole source. NaN is a missing value, which is left out; an element
 * that is always missing has statistics of 0. */
typedef struct gnl_source_stats {
    int64_t size; /* elements of a sample */
    double *mean, *sd, *min, *max;
    double *count; /* samples in which the element is not missing */
} gnl_source_stats;

genlat_status gnl_source_stats_new(const genlat_source *source, gnl_source_stats *stats);
/* The same in pieces, for a caller that scans the source itself. */
genlat_status gnl_source_stats_alloc(const genlat_source *source, gnl_source_stats *stats);
void gnl_source_stats_add(gnl_source_stats *stats, int64_t rows, const gnl_real *x);
void gnl_source_stats_finish(gnl_source_stats *stats);
void gnl_source_stats_free(const genlat_source *source, gnl_source_stats *stats);

/* Fits the scale (GENLAT_SCALE_*, not NONE) and applies it; with statistics that are known, without reading samples. */
genlat_status gnl_source_fit(genlat_source *source, uint32_t scale, genlat_source **out);
uint32_t gnl_source_content(const genlat_source *source); /* GENLAT_CONTENT_* of its description */
/* Returns whether the samples, or those of the first source of a join, are synthetic: another seed gives others. */
bool gnl_source_is_synthetic(const genlat_source *source);
/* genlat_source_split() without checks of the arguments. */
genlat_status gnl_source_split(genlat_source *source, double valid_part, int64_t seed, genlat_source **train,
                               genlat_source **valid);
genlat_status gnl_source_fit_stats(genlat_source *source, uint32_t scale, const gnl_source_stats *stats,
                                   genlat_source **out);
const char *gnl_scale_name(uint32_t scale);

/* Reads the labels of all samples, [count,gnl_source_label_size()]. The caller frees the array. */
genlat_status gnl_source_labels(const genlat_source *source, gnl_real **out);
/* Creates a source of the samples of a list of valid indices, which are copied; an index may occur more than once. */
/* Fetches `count` samples from all over the source, each from an equal part of it. */
genlat_status gnl_source_examples(const genlat_source *source, uint64_t seed, int64_t count, gnl_real *out);
/* Creates a source in which samples with labels are repeated until they are about the given part of the samples, or
 * retains the source if all samples have labels. */
genlat_status gnl_source_repeat_labelled(genlat_source *source, double share, genlat_source **out);
genlat_status gnl_source_pick(genlat_source *inner, const int64_t *indices, int64_t n, genlat_source **out);

/* Creates batches. All options must be set and valid. */
genlat_status gnl_batches_new(genlat_source *source, const genlat_batches_opts *opts, genlat_batches **out);
/* *x and *labels must be NULL. */
genlat_status gnl_batches_next(genlat_batches *batches, const genlat_tensor **x, const genlat_tensor **labels);
genlat_status gnl_batches_seek(genlat_batches *batches, int64_t epoch, int64_t position);
void gnl_batches_release(genlat_batches *batches);

#endif
