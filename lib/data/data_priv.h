/* SPDX-License-Identifier: MIT */
/* Declarations shared by the files of data only. */
#ifndef GNL_DATA_PRIV_H
#define GNL_DATA_PRIV_H

#include "data/data.h"

/* Maximum number of samples that a wrapping source passes on at once, so that its index buffer fits on the stack. */
enum { GNL_SOURCE_CHUNK = 256 };

/* Allocates a zeroed struct of `size` bytes whose first member is the source. */
genlat_status gnl_source_alloc(genlat_ctx *ctx, const gnl_source_type *type, size_t size, genlat_source **out);

/* Same for a kind that wraps `inner`. Shape, count and labels are copied from inner, which is retained. */
genlat_status gnl_source_wrap(genlat_source *inner, const gnl_source_type *type, size_t size, genlat_source **out);

/* Creates a description without the names of classes and, if `columns`, without those of columns. Leaves *out NULL if
 * about is NULL. */
genlat_status gnl_description_without(const gnl_description *about, bool columns, gnl_description **out);
/* Replaces the description of a new source by gnl_description_without(). On failure the source is released. */
genlat_status gnl_source_drop_names(genlat_source **source, bool columns);

/* Names in byte order, to search them. The caller frees the array. */
typedef struct gnl_named {
    const char *name;
    int64_t index;
} gnl_named;
genlat_status gnl_names_sort(genlat_ctx *ctx, const gnl_names *names, gnl_named **out);
const gnl_named *gnl_named_find(const gnl_named *sorted, int64_t count, const char *name); /* NULL: none */

/* Creates the description of joined sources, which all have names of classes or none; leaves *out NULL if no source has
 * a description. Returns E_SHAPE if names of columns or rates differ. */
genlat_status gnl_description_merge(genlat_source *const *sources, int64_t n, gnl_description **out);

/* Checks labels [n] or [n,k] and sets classes or condition. The caller retains the tensor. */
genlat_status gnl_source_set_labels(genlat_source *source, const genlat_tensor *labels);
/* Copies rows of labels that gnl_source_set_labels() has checked. */
void gnl_source_copy_labels(const genlat_tensor *labels, const int64_t *indices, int64_t n, gnl_real *out);

/* Creates a source of the samples begin .. begin+count-1 of inner. */
genlat_status gnl_source_range(genlat_source *inner, int64_t begin, int64_t count, genlat_source **out);
/* y = (x - offset) / scale, with one number or one per element. The arrays are copied. */
genlat_status gnl_source_affine(genlat_source *inner, const double *offset, const double *scale, bool scalar,
                                genlat_source **out);
/* kind: GENLAT_BINARIZE_*, not NONE. */
genlat_status gnl_source_binarize(genlat_source *inner, uint32_t kind, uint64_t seed, double threshold,
                                  genlat_source **out);
/* kind: GENLAT_LABELS_*, not KEEP. */
genlat_status gnl_source_relabel(genlat_source *inner, uint32_t kind, genlat_source **out);
/* Keeps the labels of `count` samples, chosen at random, of each class equally many; up to one. The other samples have
 * the label GNL_UNLABELLED. */
genlat_status gnl_source_unlabel(genlat_source *inner, int64_t count, uint64_t seed, genlat_source **out);
/* Combines planes >= 2 random samples as channels of one sample. */
genlat_status gnl_source_stack(genlat_source *inner, int64_t planes, uint64_t seed, genlat_source **out);

int64_t gnl_source_factor_count(const genlat_source *source);
/* Writes the factors of one sample, from the innermost source. The factor count must be positive. */
void gnl_source_factors(const genlat_source *source, int64_t index, gnl_real *out);

/* ---- synthetic sources: each sample is drawn from its own stream ---------------------------------------- */

typedef struct gnl_synthetic {
    genlat_source source;
    uint64_t seed;
} gnl_synthetic;

static inline gnl_rng gnl_synthetic_rng(const genlat_source *source, int64_t index)
{
    return gnl_rng_make(((const gnl_synthetic *)source)->seed, GNL_STREAM_DATA, (uint64_t)index);
}

/* Description of a synthetic kind for synthetic.c. */
typedef struct gnl_synthetic_kind {
    const gnl_source_type *type;
    gnl_shape sample;
    int64_t classes, condition;
} gnl_synthetic_kind;

extern const gnl_synthetic_kind gnl_synthetic_digits, gnl_synthetic_shapes, gnl_synthetic_ring, gnl_synthetic_grid,
    gnl_synthetic_moons, gnl_synthetic_swissroll;

/* Offset and scale of an element; those of no scaling are 0 and 1. */
static inline double gnl_offset_at(const gnl_scaling *s, int64_t element)
{
    return s->offset ? (double)s->offset->data[s->offset->shape.ndim == 0 ? 0 : element] : 0;
}

static inline double gnl_scale_at(const gnl_scaling *s, int64_t element)
{
    return s->scale ? (double)s->scale->data[s->scale->shape.ndim == 0 ? 0 : element] : 1;
}

static inline bool gnl_scaling_is_scalar(const gnl_scaling *s)
{
    return !s->offset || s->offset->shape.ndim == 0;
}

#endif
