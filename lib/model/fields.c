/* SPDX-License-Identifier: MIT */
/* What the files of all models have in common: simple fields in the metadata, progress, options as text, tensors that
 * may be missing. */
#include <inttypes.h>
#include <stdio.h>

#include "model/model_priv.h"

/* Where training stands, as fields. */
static int list_progress(gnl_progress *p, gnl_field out[8])
{
    const gnl_field all[] = {
        {"genlat.train.step", GNL_FIELD_WHOLE, &p->step, 0},
        {"genlat.train.passes", GNL_FIELD_WHOLE, &p->passes, 0},
        {"genlat.train.epoch", GNL_FIELD_WHOLE, &p->epoch, 0},
        {"genlat.train.position", GNL_FIELD_WHOLE, &p->position, 0},
        {"genlat.train.best_epoch", GNL_FIELD_WHOLE, &p->best_epoch, 0},
        {"genlat.train.waited", GNL_FIELD_WHOLE, &p->waited, 0},
        {"genlat.train.best", GNL_FIELD_REAL, &p->best, 0},
        {"genlat.train.seconds", GNL_FIELD_REAL, &p->seconds, 0},
    };
    memcpy(out, all, sizeof all);
    return (int)GNL_COUNT(all);
}

static genlat_status write_field(gnl_writer *writer, const gnl_field *f)
{
    char text[64];
    switch (f->kind) {
    case GNL_FIELD_TEXT:
        return gnl_writer_meta(writer, f->key, f->at);
    case GNL_FIELD_WHOLE:
        snprintf(text, sizeof text, "%" PRId64, *(const int64_t *)f->at);
        break;
    case GNL_FIELD_REAL:
        gnl_format_real(*(const double *)f->at, text, sizeof text);
        break;
    case GNL_FIELD_FLAG:
        snprintf(text, sizeof text, "%d", *(const bool *)f->at);
        break;
    }
    return gnl_writer_meta(writer, f->key, text);
}

genlat_status gnl_field_bad(const gnl_reader *reader, const char *key, const char *found)
{
    return gnl_fail(GENLAT_E_FORMAT, "%s: metadata %s is '%.60s'", gnl_reader_path(reader), key,
                    found ? found : "missing");
}

static genlat_status read_field(const gnl_reader *reader, const gnl_field *f)
{
    const char *text = gnl_reader_meta(reader, f->key);
    bool good = text != NULL;
    int64_t flag = 0;
    if (good && f->kind == GNL_FIELD_TEXT) {
        good = strlen(text) < f->capacity;
        if (good)
            strcpy(f->at, text);
    } else if (good && f->kind == GNL_FIELD_WHOLE) {
        good = gnl_parse_int(text, f->at) && *(const int64_t *)f->at >= 0;
    } else if (good && f->kind == GNL_FIELD_REAL) {
        good = gnl_parse_real(text, f->at);
    } else if (good) {
        good = gnl_parse_int(text, &flag) && (flag == 0 || flag == 1);
        *(bool *)f->at = flag == 1;
    }
    return good ? GENLAT_OK : gnl_field_bad(reader, f->key, text);
}

genlat_status gnl_fields_write(gnl_writer *writer, const gnl_field *fields, int count)
{
    for (int i = 0; i < count; i++)
        GNL_TRY(write_field(writer, &fields[i]));
    return GENLAT_OK;
}

genlat_status gnl_fields_read(const gnl_reader *reader, const gnl_field *fields, int count)
{
    for (int i = 0; i < count; i++)
        GNL_TRY(read_field(reader, &fields[i]));
    return GENLAT_OK;
}

genlat_status gnl_fields_read_later(const gnl_reader *reader, const gnl_field *fields, int count)
{
    for (int i = 0; i < count; i++)
        if (gnl_reader_meta(reader, fields[i].key))
            GNL_TRY(read_field(reader, &fields[i]));
    return GENLAT_OK;
}

genlat_status gnl_progress_write(gnl_writer *writer, const gnl_progress *progress)
{
    gnl_progress copy = *progress;
    gnl_field fields[8];
    return gnl_fields_write(writer, fields, list_progress(&copy, fields));
}

genlat_status gnl_progress_read(const gnl_reader *reader, gnl_progress *progress)
{
    gnl_field fields[8];
    return gnl_fields_read(reader, fields, list_progress(progress, fields));
}

/* "latent=20 beta=4" */
genlat_status gnl_options_read(const gnl_reader *reader, const char *key, const gnl_options_table *table,
                               void *opts)
{
    const char *stored = gnl_reader_meta(reader, key);
    gnl_options_init(table, opts, table->size);
    return stored ? gnl_spec_pairs(table, opts, stored, table->name, gnl_reader_path(reader))
                  : gnl_field_bad(reader, key, NULL);
}

genlat_status gnl_tensor_read(genlat_ctx *ctx, const gnl_reader *reader, const char *name,
                              genlat_tensor **out)
{
    const gnl_entry *entry = gnl_reader_find(reader, name);
    if (!entry)
        return GENLAT_OK;
    GNL_TRY(gnl_tensor_new(ctx, &entry->shape, out));
    return gnl_reader_real(reader, name, NULL, (*out)->data);
}
