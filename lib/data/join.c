/* SPDX-License-Identifier: MIT */
/* Joins sources of the same shape, one after another. */
#include <stdio.h>

#include "data/data_priv.h"

typedef struct join_source {
    genlat_source source; /* inner is the first of the given sources */
    int64_t n;
    genlat_source **sources; /* [n] retained; their classes have the numbers of the join */
    int64_t *end;            /* [n] number of samples up to and including that source */
} join_source;

/* Returns the source that has sample `index`, and subtracts the number of samples before it. */
static const genlat_source *find_source(const join_source *self, int64_t *index)
{
    int64_t low = 0, high = self->n - 1;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (*index < self->end[middle])
            high = middle;
        else
            low = middle + 1;
    }
    *index -= low ? self->end[low - 1] : 0;
    return self->sources[low];
}

/* Successive indices in the same source are fetched together. */
static genlat_status join_fetch(const genlat_source *source, const int64_t *indices, int64_t n, uint64_t draw,
                                gnl_real *x, gnl_real *labels)
{
    const join_source *self = (const join_source *)source;
    const int64_t size = gnl_shape_count(&source->sample), width = gnl_source_label_size(source);
    int64_t own[GNL_SOURCE_CHUNK];
    for (int64_t at = 0; at < n;) {
        const genlat_source *inner = NULL, *next = NULL;
        int64_t count = 0;
        for (; count < GNL_SOURCE_CHUNK && at + count < n; count++, inner = next) {
            own[count] = indices[at + count];
            next = find_source(self, &own[count]);
            if (inner && next != inner)
                break;
        }
        GNL_TRY(inner->type->fetch(inner, own, count, draw, x + at * size, labels ? labels + at * width : NULL));
        at += count;
    }
    return GENLAT_OK;
}

static void join_destroy(genlat_source *source)
{
    join_source *self = (join_source *)source;
    for (int64_t i = 0; i < self->n; i++)
        gnl_source_release(self->sources[i]);
    gnl_free(source->object.ctx, self->sources);
    gnl_free(source->object.ctx, self->end);
}

static const gnl_source_type join_type = {
    .name = "join", .fetch = join_fetch, .destroy = join_destroy, .keeps_values = true, .many = true};

/* ---- checks ------------------------------------------------------------------------------------------ */

static const char *format_labels(const genlat_source *source, char text[GNL_SHAPE_TEXT])
{
    if (source->classes)
        snprintf(text, GNL_SHAPE_TEXT, "%lld classes", (long long)source->classes);
    else if (source->condition)
        snprintf(text, GNL_SHAPE_TEXT, "vectors of %lld numbers as labels", (long long)source->condition);
    else
        snprintf(text, GNL_SHAPE_TEXT, "no labels");
    return text;
}

static bool has_names(const genlat_source *source)
{
    return source->about && source->about->classes.count;
}

static genlat_status check_scaling(const genlat_source *first, const genlat_source *other, int64_t index)
{
    gnl_scaling a = {NULL, NULL}, b = {NULL, NULL};
    genlat_status status = gnl_source_normalization(first, &a.offset, &a.scale);
    if (status == GENLAT_OK)
        status = gnl_source_normalization(other, &b.offset, &b.scale);
    if (status == GENLAT_OK && !gnl_scaling_equal(&a, &b, gnl_shape_count(&first->sample)))
        status = gnl_fail(GENLAT_E_STATE,
                          "source %lld has another scaling than the first; join the raw sources, and scale the result",
                          (long long)index);
    gnl_scaling_release(&a);
    gnl_scaling_release(&b);
    return status;
}

static genlat_status check_source(const genlat_source *first, const genlat_source *other, int64_t index)
{
    char found[GNL_SHAPE_TEXT], expected[GNL_SHAPE_TEXT];
    if (other->object.ctx != first->object.ctx)
        return gnl_fail(GENLAT_E_INVALID, "source %lld belongs to another context than the first", (long long)index);
    if (!gnl_shape_equal(&other->sample, &first->sample))
        return gnl_fail(GENLAT_E_SHAPE, "source %lld has samples of %s, expected %s as in the first", (long long)index,
                        gnl_shape_format(&other->sample, found), gnl_shape_format(&first->sample, expected));
    if (has_names(other) != has_names(first))
        return gnl_fail(GENLAT_E_SHAPE, "source %lld has %s of classes, but the first has %s; describe both or none",
                        (long long)index, has_names(other) ? "names" : "no names", has_names(first) ? "some" : "none");
    if ((other->classes != first->classes && !has_names(first)) || other->condition != first->condition)
        return gnl_fail(GENLAT_E_SHAPE, "source %lld has %s, expected %s as in the first", (long long)index,
                        format_labels(other, found), format_labels(first, expected));
    return check_scaling(first, other, index);
}

/* ---- public ------------------------------------------------------------------------------------------ */

/* Adds a source at the end. Its classes get the numbers of the join. */
static genlat_status add_source(join_source *self, genlat_source *source)
{
    genlat_source *join = &self->source;
    if (source->count > INT64_MAX - join->count)
        return gnl_fail(GENLAT_E_RANGE, "the sources have more than 2^63 - 1 samples");
    GNL_TRY(gnl_source_number(source, join->about, join->classes, &self->sources[self->n]));
    join->count += source->count;
    self->end[self->n++] = join->count;
    return GENLAT_OK;
}

static genlat_status fill(join_source *self, genlat_source *const *sources, int64_t n)
{
    genlat_source *join = &self->source;
    self->sources = gnl_alloc(join->object.ctx, (size_t)n, sizeof(genlat_source *));
    self->end = gnl_alloc(join->object.ctx, (size_t)n, sizeof *self->end);
    if (!self->sources || !self->end)
        return GENLAT_E_MEMORY;
    gnl_description_release(join->about);
    join->about = NULL;
    join->count = 0;
    GNL_TRY(gnl_description_merge(sources, n, &join->about));
    if (has_names(join))
        join->classes = join->about->classes.count;
    for (int64_t i = 0; i < n; i++)
        GNL_TRY(add_source(self, sources[i]));
    return GENLAT_OK;
}

static genlat_status join_new(genlat_source *const *sources, int64_t n, genlat_source **out)
{
    genlat_source *join = NULL;
    GNL_TRY(gnl_source_wrap(sources[0], &join_type, sizeof(join_source), &join));
    genlat_status status = fill((join_source *)join, sources, n);
    if (status == GENLAT_OK)
        *out = join;
    else
        gnl_source_release(join);
    return status;
}

genlat_status genlat_source_join(genlat_source *const *sources, int64_t n, genlat_source **out)
{
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_CHECK(sources, "sources is NULL");
    GNL_CHECK(n >= 1, "n is less than 1");
    for (int64_t i = 0; i < n; i++)
        if (!sources[i])
            return gnl_fail(GENLAT_E_INVALID, "sources[%lld] is NULL", (long long)i);
    for (int64_t i = 1; i < n; i++)
        GNL_TRY(check_source(sources[0], sources[i], i));
    return join_new(sources, n, out);
}
