/* SPDX-License-Identifier: MIT */
/* The description of joined sources: all names of classes, in the order in which they occur first; the names of columns
 * and the rate, which must agree. */
#include <stdlib.h>

#include "data/data_priv.h"

static int by_name(const void *a, const void *b)
{
    const gnl_named *x = a, *y = b;
    const int order = strcmp(x->name, y->name);
    return order ? order : (x->index > y->index) - (x->index < y->index);
}

static int by_index(const void *a, const void *b)
{
    const gnl_named *x = a, *y = b;
    return (x->index > y->index) - (x->index < y->index);
}

/* Removes names that occur again. Returns how many are left. */
static int64_t keep_first(gnl_named *all, int64_t count)
{
    int64_t kept = 0;
    qsort(all, (size_t)count, sizeof *all, by_name);
    for (int64_t i = 0; i < count; i++)
        if (kept == 0 || strcmp(all[i].name, all[kept - 1].name) != 0)
            all[kept++] = all[i];
    qsort(all, (size_t)kept, sizeof *all, by_index);
    return kept;
}

static int64_t class_names(const genlat_source *source)
{
    return source->about ? source->about->classes.count : 0;
}

/* Describes the join by the names of classes of all sources. */
static genlat_status with_classes(genlat_source *const *sources, int64_t n, genlat_description *d,
                                  gnl_description **out)
{
    genlat_ctx *ctx = sources[0]->object.ctx;
    int64_t count = 0, at = 0;
    for (int64_t i = 0; i < n; i++)
        count += class_names(sources[i]);
    gnl_named *all = gnl_alloc(ctx, (size_t)count, sizeof *all);
    const char **names = gnl_alloc(ctx, (size_t)count, sizeof *names);
    genlat_status status = all && names ? GENLAT_OK : GENLAT_E_MEMORY;
    for (int64_t i = 0; i < n && status == GENLAT_OK; i++)
        for (int64_t j = 0; j < class_names(sources[i]); j++, at++)
            all[at] = (gnl_named){sources[i]->about->classes.name[j], at};
    if (status == GENLAT_OK) {
        d->classes = keep_first(all, count);
        for (int64_t i = 0; i < d->classes; i++)
            names[i] = all[i].name;
        d->class_names = names;
        status = gnl_description_take(ctx, d, d->classes, d->columns, out);
    }
    gnl_free(ctx, all);
    gnl_free(ctx, names);
    return status;
}

static const char *keys_of(const genlat_source *source)
{
    return source->about && source->about->keys.count ? source->about->keys.name[0] : NULL;
}

/* Returns the keys that all sources were read with; NULL if they differ. */
static const char *common_keys(genlat_source *const *sources, int64_t n)
{
    const char *keys = keys_of(sources[0]);
    for (int64_t i = 1; i < n && keys; i++)
        if (!keys_of(sources[i]) || strcmp(keys_of(sources[i]), keys) != 0)
            return NULL;
    return keys;
}

/* Adds what a source says of columns and rate. */
static genlat_status add(const gnl_description *about, int64_t index, genlat_description *d)
{
    for (int64_t i = 0; i < about->columns.count && d->columns; i++)
        if (strcmp(about->columns.name[i], d->column_names[i]) != 0)
            return gnl_fail(GENLAT_E_SHAPE, "column %lld of source %lld is '%s', expected '%s' as in the others",
                            (long long)i, (long long)index, about->columns.name[i], d->column_names[i]);
    if (about->rate && d->rate && about->rate != d->rate)
        return gnl_fail(GENLAT_E_SHAPE, "source %lld has %lld frames a second, expected %lld as in the others",
                        (long long)index, (long long)about->rate, (long long)d->rate);
    if (about->columns.count) {
        d->columns = about->columns.count;
        d->column_names = (const char *const *)about->columns.name;
    }
    d->rate = about->rate ? about->rate : d->rate;
    return GENLAT_OK;
}

genlat_status gnl_description_merge(genlat_source *const *sources, int64_t n, gnl_description **out)
{
    genlat_description d = {.size = sizeof d};
    uint32_t content = sources[0]->about ? sources[0]->about->content : GENLAT_CONTENT_ANY;
    bool any = false;
    for (int64_t i = 0; i < n; i++) {
        const gnl_description *about = sources[i]->about;
        any = any || about;
        content = about && about->content == content ? content : GENLAT_CONTENT_ANY;
        if (about)
            GNL_TRY(add(about, i, &d));
    }
    d.content = content;
    d.keys = common_keys(sources, n);
    if (class_names(sources[0]))
        return with_classes(sources, n, &d, out);
    return any ? gnl_description_take(sources[0]->object.ctx, &d, 0, d.columns, out) : GENLAT_OK;
}
