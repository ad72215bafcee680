/* SPDX-License-Identifier: MIT */
/* What the samples of a source are: the names of classes and columns, the sampling rate. A description is constant and
 * shared by sources and models. */
#include <stdlib.h>

#include "data/data_priv.h"

enum { MOST_RATE = 1000000, MOST_KEYS = 1000 };

/* ---- lists of names ---------------------------------------------------------------------------------- */

/* Allocates the pointers and `bytes` bytes for the texts in one block. */
static genlat_status names_new(genlat_ctx *ctx, int64_t count, size_t bytes, gnl_names *out, char **text)
{
    out->name = gnl_alloc(ctx, 1, (size_t)count * sizeof *out->name + bytes);
    if (!out->name)
        return GENLAT_E_MEMORY;
    out->count = count;
    *text = (char *)(out->name + count);
    return GENLAT_OK;
}

/* Returns the length of the UTF-8 sequence at text, or 0 if it is malformed or a control character. */
static size_t character_length(const unsigned char *text)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (*text < 0x80)
        return *text >= ' ' && *text != 0x7F;
    const size_t length = *text >= 0xF0 ? 4 : *text >= 0xE0 ? 3 : 2;
    uint32_t code = *text & (0x7Fu >> length);
    if (*text < 0xC2 || *text > 0xF4)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xC0) != 0x80)
            return 0;
        code = code << 6 | (text[i] & 0x3F);
    }
    const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    return code >= least[length] && code <= 0x10FFFF && !surrogate ? length : 0;
}

static genlat_status check_name(const char *name, const char *what, int64_t index)
{
    if (!name || !*name)
        return gnl_fail(GENLAT_E_INVALID, "the name of %s %lld is missing", what, (long long)index);
    for (const char *at = name; *at;) {
        const size_t length = character_length((const unsigned char *)at);
        if (length == 0)
            return gnl_fail(GENLAT_E_INVALID,
                            "the name of %s %lld is not UTF-8 text, or has a control character; convert it", what,
                            (long long)index);
        at += length;
    }
    return GENLAT_OK;
}

static genlat_status names_copy(genlat_ctx *ctx, int64_t count, const char *const *given, const char *what,
                                gnl_names *out)
{
    size_t bytes = 0;
    char *text = NULL;
    for (int64_t i = 0; i < count; i++) {
        GNL_TRY(check_name(given[i], what, i));
        bytes += strlen(given[i]) + 1;
    }
    if (count == 0)
        return GENLAT_OK;
    GNL_TRY(names_new(ctx, count, bytes, out, &text));
    for (int64_t i = 0; i < count; i++) {
        const size_t length = strlen(given[i]) + 1;
        out->name[i] = memcpy(text, given[i], length);
        text += length;
    }
    return GENLAT_OK;
}

/* ---- searching --------------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const gnl_named *)a)->name, ((const gnl_named *)b)->name);
}

genlat_status gnl_names_sort(genlat_ctx *ctx, const gnl_names *names, gnl_named **out)
{
    gnl_named *sorted = gnl_alloc(ctx, (size_t)names->count, sizeof *sorted);
    if (!sorted)
        return GENLAT_E_MEMORY;
    for (int64_t i = 0; i < names->count; i++)
        sorted[i] = (gnl_named){names->name[i], i};
    qsort(sorted, (size_t)names->count, sizeof *sorted, by_name);
    *out = sorted;
    return GENLAT_OK;
}

const gnl_named *gnl_named_find(const gnl_named *sorted, int64_t count, const char *name)
{
    const gnl_named wanted = {name, 0};
    return bsearch(&wanted, sorted, (size_t)count, sizeof *sorted, by_name);
}

/* Classes with the same name could not be distinguished. */
static genlat_status check_distinct(genlat_ctx *ctx, const gnl_names *names)
{
    gnl_named *sorted = NULL;
    genlat_status status = GENLAT_OK;
    GNL_TRY(gnl_names_sort(ctx, names, &sorted));
    for (int64_t i = 1; i < names->count && status == GENLAT_OK; i++)
        if (strcmp(sorted[i].name, sorted[i - 1].name) == 0)
            status = gnl_fail(GENLAT_E_INVALID, "two classes have the name '%s'", sorted[i].name);
    gnl_free(ctx, sorted);
    return status;
}

/* ---- descriptions ------------------------------------------------------------------------------------ */

void gnl_description_release(gnl_description *about)
{
    if (!gnl_object_release(about))
        return;
    gnl_free(about->object.ctx, about->classes.name);
    gnl_free(about->object.ctx, about->columns.name);
    gnl_free(about->object.ctx, about->keys.name);
    gnl_object_free(about);
}

static genlat_status check_description(const genlat_description *d)
{
    GNL_CHECK(d->class_names || !d->classes, "description->class_names is NULL");
    GNL_CHECK(d->column_names || !d->columns, "description->column_names is NULL");
    if (d->classes < 0 || d->columns < 0 || d->rate < 0 || d->rate > MOST_RATE)
        return gnl_fail(GENLAT_E_RANGE,
                        "classes is %lld, columns is %lld, rate is %lld; must be >= 0, >= 0, and from 0 to %d",
                        (long long)d->classes, (long long)d->columns, (long long)d->rate, MOST_RATE);
    if (d->content > GENLAT_CONTENT_TABLE)
        return gnl_fail(GENLAT_E_RANGE, "content is %u, expected a GENLAT_CONTENT_* constant", (unsigned)d->content);
    if (d->keys && strlen(d->keys) > MOST_KEYS)
        return gnl_fail(GENLAT_E_RANGE, "description->keys has %zu bytes, must have at most %d", strlen(d->keys),
                        MOST_KEYS);
    if (d->reserved)
        return gnl_fail(GENLAT_E_UNSUPPORTED, "description->reserved is %u, must be 0", (unsigned)d->reserved);
    return GENLAT_OK;
}

static genlat_status fill(gnl_description *about, const genlat_description *d)
{
    genlat_ctx *ctx = about->object.ctx;
    about->rate = d->rate;
    about->content = d->content;
    GNL_TRY(names_copy(ctx, d->classes, d->class_names, "class", &about->classes));
    GNL_TRY(names_copy(ctx, d->columns, d->column_names, "column", &about->columns));
    GNL_TRY(names_copy(ctx, d->keys ? 1 : 0, &d->keys, "key list", &about->keys));
    return check_distinct(ctx, &about->classes);
}

static genlat_status new_description(genlat_ctx *ctx, const genlat_description *d, gnl_description **out)
{
    gnl_description *about = gnl_object_new(ctx, sizeof *about);
    if (!about)
        return GENLAT_E_MEMORY;
    genlat_status status = fill(about, d);
    if (status == GENLAT_OK)
        *out = about;
    else
        gnl_description_release(about);
    return status;
}

genlat_status gnl_description_take(genlat_ctx *ctx, const genlat_description *given, int64_t classes, int64_t columns,
                                   gnl_description **out)
{
    genlat_description d = {.size = 0};
    GNL_CHECK(given, "description is NULL");
    GNL_TRY(gnl_struct_take(given, sizeof d, &d, "description"));
    GNL_TRY(check_description(&d));
    if (d.classes > 0 && d.classes != classes)
        return gnl_fail(GENLAT_E_SHAPE, "there are %lld class names, but %lld classes", (long long)d.classes,
                        (long long)classes);
    if (d.columns > 0 && d.columns != columns)
        return gnl_fail(GENLAT_E_SHAPE, "there are %lld column names, but a sample has %lld elements",
                        (long long)d.columns, (long long)columns);
    return new_description(ctx, &d, out);
}

void gnl_description_give(const gnl_description *about, genlat_description *out)
{
    genlat_description d = {.size = sizeof d};
    if (about)
        d = (genlat_description){.size = sizeof d,
                                 .classes = about->classes.count,
                                 .columns = about->columns.count,
                                 .rate = about->rate,
                                 .class_names = (const char *const *)about->classes.name,
                                 .column_names = (const char *const *)about->columns.name,
                                 .content = about->content,
                                 .keys = about->keys.count ? about->keys.name[0] : NULL};
    gnl_result_give(out, &d, sizeof d);
}

genlat_status gnl_description_without(const gnl_description *about, bool columns, gnl_description **out)
{
    if (!about)
        return GENLAT_OK;
    genlat_description d = {.size = sizeof d};
    gnl_description_give(about, &d);
    d.classes = 0;
    d.columns = columns ? 0 : d.columns;
    return new_description(about->object.ctx, &d, out);
}

/* ---- text of files ----------------------------------------------------------------------------------- */

genlat_status gnl_names_format(genlat_ctx *ctx, const gnl_names *names, char **out)
{
    size_t bytes = 1;
    for (int64_t i = 0; i < names->count; i++)
        bytes += strlen(names->name[i]) + 1;
    char *text = gnl_alloc(ctx, bytes, 1), *at = text;
    if (!text)
        return GENLAT_E_MEMORY;
    for (int64_t i = 0; i < names->count; i++) {
        const size_t length = strlen(names->name[i]);
        memcpy(at, names->name[i], length);
        at += length;
        *at++ = '\n';
    }
    *(at > text ? at - 1 : at) = '\0';
    *out = text;
    return GENLAT_OK;
}

/* Splits the lines of a text. */
static genlat_status names_parse(genlat_ctx *ctx, const char *lines, gnl_names *out)
{
    int64_t count = 1;
    char *text = NULL;
    const size_t bytes = strlen(lines) + 1;
    for (const char *at = lines; *at; at++)
        count += *at == '\n';
    GNL_TRY(names_new(ctx, count, bytes, out, &text));
    memcpy(text, lines, bytes);
    for (int64_t i = 0; i < count; i++) {
        out->name[i] = text;
        text += strcspn(text, "\n");
        *text++ = '\0';
    }
    return GENLAT_OK;
}

genlat_status gnl_description_parse(genlat_ctx *ctx, const gnl_description_text *text, gnl_description **out)
{
    gnl_names classes = {0, NULL}, columns = {0, NULL};
    genlat_status status = text->classes ? names_parse(ctx, text->classes, &classes) : GENLAT_OK;
    if (status == GENLAT_OK && text->columns)
        status = names_parse(ctx, text->columns, &columns);
    const genlat_description d = {.classes = classes.count,
                                  .columns = columns.count,
                                  .rate = text->rate,
                                  .class_names = (const char *const *)classes.name,
                                  .column_names = (const char *const *)columns.name,
                                  .content = (uint32_t)GNL_MIN(text->content, GENLAT_CONTENT_TABLE + 1),
                                  .keys = text->keys};
    if (status == GENLAT_OK)
        status = check_description(&d);
    if (status == GENLAT_OK)
        status = new_description(ctx, &d, out);
    gnl_free(ctx, classes.name);
    gnl_free(ctx, columns.name);
    return status;
}
