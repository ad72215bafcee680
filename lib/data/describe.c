/* SPDX-License-Identifier: MIT */
/* Sources with a description, and sources whose classes are numbered as those of another description. */
#include "data/data_priv.h"

/* ---- description ------------------------------------------------------------------------------------- */

static genlat_status described_fetch(const genlat_source *source, const int64_t *indices, int64_t n, uint64_t draw,
                                     gnl_real *x, gnl_real *labels)
{
    return source->inner->type->fetch(source->inner, indices, n, draw, x, labels);
}

static const gnl_source_type described_type = {.name = "described", .fetch = described_fetch, .keeps_values = true};

uint32_t gnl_source_content(const genlat_source *source)
{
    return source->about ? source->about->content : GENLAT_CONTENT_ANY;
}

genlat_status genlat_source_describe(genlat_source *source, const genlat_description *description, genlat_source **out)
{
    gnl_description *about = NULL;
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_CHECK(source, "source is NULL");
    GNL_TRY(gnl_description_take(source->object.ctx, description, source->classes, gnl_shape_count(&source->sample),
                                 &about));
    genlat_status status = gnl_source_wrap(source, &described_type, sizeof(genlat_source), out);
    if (status != GENLAT_OK) {
        gnl_description_release(about);
        return status;
    }
    gnl_description_release((*out)->about);
    (*out)->about = about;
    return GENLAT_OK;
}

genlat_status genlat_source_description(const genlat_source *source, genlat_description *out)
{
    GNL_ENTER();
    GNL_CHECK(source, "source is NULL");
    GNL_TRY(gnl_result_check(out, "out"));
    gnl_description_give(source->about, out);
    return GENLAT_OK;
}

genlat_status gnl_source_drop_names(genlat_source **source, bool columns)
{
    gnl_description *about = NULL;
    genlat_status status = gnl_description_without((*source)->about, columns, &about);
    gnl_description_release((*source)->about);
    (*source)->about = about;
    if (status != GENLAT_OK) {
        gnl_source_release(*source);
        *source = NULL;
    }
    return status;
}

/* ---- numbers of the classes -------------------------------------------------------------------------- */

typedef struct numbered_source {
    genlat_source source;
    gnl_real *number; /* [classes of inner] */
} numbered_source;

static genlat_status numbered_fetch(const genlat_source *source, const int64_t *indices, int64_t n, uint64_t draw,
                                    gnl_real *x, gnl_real *labels)
{
    const numbered_source *self = (const numbered_source *)source;
    GNL_TRY(source->inner->type->fetch(source->inner, indices, n, draw, x, labels));
    for (int64_t i = 0; labels && i < n; i++)
        if (labels[i] != GNL_UNLABELLED)
            labels[i] = self->number[(int64_t)labels[i]];
    return GENLAT_OK;
}

static void numbered_destroy(genlat_source *source)
{
    gnl_free(source->object.ctx, ((numbered_source *)source)->number);
}

static const gnl_source_type numbered_type = {
    .name = "numbered", .fetch = numbered_fetch, .destroy = numbered_destroy, .keeps_values = true};

/* Reports a class that is missing in the list, with as many names of the list as fit. */
static genlat_status unknown_class(const gnl_names *to, int64_t classes, const char *name)
{
    gnl_unknown names = {.word = name};
    if (to->count == 0)
        return gnl_fail(GENLAT_E_NOT_FOUND, "the class '%s' is not known; the classes are the numbers 0 to %lld", name,
                        (long long)classes - 1);
    for (int64_t i = 0; i < to->count; i++)
        gnl_unknown_add(&names, to->name[i]);
    return gnl_unknown_fail(&names, "the class '%.60s' is not known", name);
}

static genlat_status class_of_number(const char *name, int64_t classes, int64_t *out)
{
    if (gnl_parse_int(name, out) && *out >= 0 && *out < classes)
        return GENLAT_OK;
    return unknown_class(&(gnl_names){0, NULL}, classes, name);
}

genlat_status gnl_class_find(const gnl_description *about, int64_t classes, const char *name, int64_t *out)
{
    if (!about || about->classes.count == 0)
        return class_of_number(name, classes, out);
    for (*out = 0; *out < about->classes.count; ++*out)
        if (strcmp(about->classes.name[*out], name) == 0)
            return GENLAT_OK;
    return unknown_class(&about->classes, classes, name);
}

/* Writes the number of each class of `from`. */
static genlat_status find_numbers(genlat_ctx *ctx, const gnl_names *from, const gnl_names *to, int64_t classes,
                                  gnl_real *number)
{
    gnl_named *sorted = NULL;
    genlat_status status = to->count ? gnl_names_sort(ctx, to, &sorted) : GENLAT_OK;
    for (int64_t i = 0; i < from->count && status == GENLAT_OK; i++) {
        int64_t found = 0;
        const gnl_named *named = sorted ? gnl_named_find(sorted, to->count, from->name[i]) : NULL;
        if (named)
            found = named->index;
        else
            status =
                sorted ? unknown_class(to, classes, from->name[i]) : class_of_number(from->name[i], classes, &found);
        number[i] = (gnl_real)found;
    }
    gnl_free(ctx, sorted);
    return status;
}

static bool is_identity(const gnl_real *number, int64_t classes)
{
    for (int64_t i = 0; i < classes; i++)
        if (number[i] != (gnl_real)i)
            return false;
    return true;
}

static genlat_status number_classes(genlat_source *source, const gnl_description *to, int64_t classes,
                                    genlat_source **out)
{
    static const gnl_names none = {0, NULL};
    genlat_source *made = NULL;
    GNL_TRY(gnl_source_wrap(source, &numbered_type, sizeof(numbered_source), &made));
    numbered_source *self = (numbered_source *)made;
    self->number = gnl_alloc(source->object.ctx, (size_t)source->classes, sizeof *self->number);
    genlat_status status = self->number ? find_numbers(source->object.ctx, &source->about->classes,
                                                       to ? &to->classes : &none, classes, self->number)
                                        : GENLAT_E_MEMORY;
    if (status == GENLAT_OK && classes == source->classes && is_identity(self->number, classes)) {
        *out = gnl_object_retain(source);
        gnl_source_release(made);
        return GENLAT_OK;
    }
    gnl_description_release(made->about);
    made->about = status == GENLAT_OK ? gnl_object_retain((void *)(uintptr_t)to) : NULL;
    made->classes = classes;
    if (status == GENLAT_OK)
        *out = made;
    else
        gnl_source_release(made);
    return status;
}

genlat_status gnl_source_number(genlat_source *source, const gnl_description *to, int64_t classes, genlat_source **out)
{
    if (source->classes && source->about && source->about->classes.count)
        return number_classes(source, to, classes, out);
    if (source->classes > classes)
        return gnl_fail(GENLAT_E_SHAPE, "the source has %lld classes, at most %lld expected",
                        (long long)source->classes, (long long)classes);
    *out = gnl_object_retain(source);
    return GENLAT_OK;
}
