/* SPDX-License-Identifier: MIT */
/* Reads text files as bytes. Samples are pieces of fixed length, or lines. */
#include <stdlib.h>
#include <string.h>

#include "files_priv.h"

/* Returns the number of samples in the text. If out is not NULL, copies them to out [count,length]. */
static int64_t cut_text(const gnl_bytes *text, int64_t length, bool lines, uint8_t *out)
{
    int64_t count = 0;
    for (size_t at = 0; at < text->size;) {
        const uint8_t *from = text->data + at, *end = lines ? memchr(from, '\n', text->size - at) : NULL;
        size_t rest = text->size - at, piece = end ? (size_t)(end - from) : rest;
        size_t used = lines ? piece : (size_t)length;
        if (!lines && rest < used)
            break;
        used = GNL_FILES_MIN(used, (size_t)length);
        if (lines && used && from[used - 1] == '\r')
            used--;
        at += lines ? piece + 1 : (size_t)length;
        if (used == 0)
            continue;
        if (out)
            memcpy(out + count * length, from, used);
        count++;
    }
    return count;
}

static genlat_status text_source(genlat_ctx *ctx, const gnl_spec *spec, const gnl_bytes *text, int64_t length,
                                 genlat_source **out)
{
    const char *path = spec->path;
    GNL_FILES_TRY(gnl_content_text(path, text->data, text->size));
    int64_t count = cut_text(text, length, spec->lines, NULL);
    if (text->size == 0)
        return genlat_error_set(GENLAT_E_FORMAT, "%s: the file is empty", path);
    if (count == 0 && spec->lines)
        return genlat_error_set(GENLAT_E_FORMAT, "%s: the file has no line with text", path);
    if (count == 0)
        return genlat_error_set(GENLAT_E_FORMAT,
                                "%s: the file has %zu bytes, fewer than the %lld of one sample; set a smaller length=, "
                                "or lines=yes",
                                path, text->size, (long long)length);
    GNL_FILES_TRY(gnl_files_fit(genlat_ctx_memory_limit(ctx), path, count, length));
    uint8_t *sample = calloc((size_t)count, (size_t)length);
    if (!sample)
        return gnl_files_no_memory(path);
    cut_text(text, length, spec->lines, sample);
    const int64_t dims[] = {count, length};
    const genlat_description description = {.size = sizeof description, .content = GENLAT_CONTENT_TEXT};
    genlat_status status = genlat_source_bytes(ctx, 2, dims, sample, 1, NULL, out);
    free(sample);
    return status == GENLAT_OK ? gnl_files_describe(path, &description, out) : status;
}

genlat_status gnl_text_open(genlat_ctx *ctx, const gnl_spec *spec, genlat_source **out)
{
    gnl_bytes text;
    GNL_FILES_TRY(gnl_files_load(spec->path, &text));
    genlat_status status = text_source(ctx, spec, &text, spec->length ? spec->length : 64, out);
    free(text.data);
    return status;
}
