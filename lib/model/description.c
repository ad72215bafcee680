/* SPDX-License-Identifier: MIT */
/* The description of a model's data: taken over from the data, stored in files, used to find classes by name. */
#include <inttypes.h>
#include <stdio.h>

#include "model/model_priv.h"

#define CLASSES "genlat.data.classes"
#define COLUMNS "genlat.data.columns"
#define RATE "genlat.data.rate"
#define CONTENT "genlat.data.content"
#define KEYS "genlat.data.keys"

void gnl_model_set_about(genlat_model *model, gnl_description *about)
{
    gnl_description *before = model->about;
    model->about = gnl_object_retain(about);
    gnl_description_release(before);
}

gnl_description *gnl_model_about(const genlat_model *model, const genlat_source *source)
{
    const int64_t classes = model->config->classes;
    const bool is_new = model->progress.epoch == 0 && model->progress.position == 0;
    if (model->about || !is_new)
        return model->about;
    return source->about && (classes == 0 || source->about->classes.count <= classes) ? source->about : NULL;
}

genlat_status gnl_model_number(const genlat_model *model, const gnl_description *about, genlat_source *source,
                               genlat_source **out)
{
    if (model->config->classes)
        return gnl_source_number(source, about, model->config->classes, out);
    *out = gnl_object_retain(source);
    return GENLAT_OK;
}

/* ---- files ----------------------------------------------------------------------------------- */

static genlat_status write_names(genlat_ctx *ctx, gnl_writer *writer, const char *key, const gnl_names *names)
{
    char *text = NULL;
    if (names->count == 0)
        return GENLAT_OK;
    GNL_TRY(gnl_names_format(ctx, names, &text));
    genlat_status status = gnl_writer_meta(writer, key, text);
    gnl_free(ctx, text);
    return status;
}

static genlat_status write_number(gnl_writer *writer, const char *key, int64_t number)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, number);
    return number ? gnl_writer_meta(writer, key, text) : GENLAT_OK;
}

genlat_status gnl_model_write_about(const genlat_model *model, gnl_writer *writer)
{
    const gnl_description *about = model->about;
    genlat_ctx *ctx = model->object.ctx;
    if (!about)
        return GENLAT_OK;
    GNL_TRY(write_names(ctx, writer, CLASSES, &about->classes));
    GNL_TRY(write_names(ctx, writer, COLUMNS, &about->columns));
    if (about->keys.count)
        GNL_TRY(gnl_writer_meta(writer, KEYS, about->keys.name[0]));
    GNL_TRY(write_number(writer, RATE, about->rate));
    return write_number(writer, CONTENT, about->content);
}

static genlat_status read_number(const gnl_reader *reader, const char *key, int64_t *out)
{
    const char *text = gnl_reader_meta(reader, key);
    return !text || gnl_parse_int(text, out) ? GENLAT_OK : gnl_field_bad(reader, key, text);
}

/* Checks the numbers of names against the model. */
static genlat_status check_counts(const genlat_model *model, const gnl_description *about, const gnl_reader *reader)
{
    const int64_t classes = model->config->classes;
    if (classes > 0 && about->classes.count > classes)
        return gnl_fail(GENLAT_E_FORMAT, "%s: " CLASSES " has %lld names, but the model has %lld classes",
                        gnl_reader_path(reader), (long long)about->classes.count, (long long)classes);
    if (about->columns.count > 0 && about->columns.count != model->size)
        return gnl_fail(GENLAT_E_FORMAT, "%s: " COLUMNS " has %lld names, but a sample has %lld elements",
                        gnl_reader_path(reader), (long long)about->columns.count, (long long)model->size);
    return GENLAT_OK;
}

genlat_status gnl_model_read_about(genlat_model *model, const gnl_reader *reader)
{
    gnl_description_text text = {.classes = gnl_reader_meta(reader, CLASSES),
                                 .columns = gnl_reader_meta(reader, COLUMNS),
                                 .keys = gnl_reader_meta(reader, KEYS)};
    gnl_description *about = NULL;
    GNL_TRY(read_number(reader, RATE, &text.rate));
    GNL_TRY(read_number(reader, CONTENT, &text.content));
    if (!text.classes && !text.columns && !text.rate && !text.content && !text.keys)
        return GENLAT_OK;
    genlat_status status = gnl_description_parse(model->object.ctx, &text, &about);
    if (status != GENLAT_OK)
        return status == GENLAT_E_MEMORY ? status : gnl_fail_in(GENLAT_E_FORMAT, "%s", gnl_reader_path(reader));
    status = check_counts(model, about, reader);
    if (status == GENLAT_OK)
        gnl_model_set_about(model, about);
    gnl_description_release(about);
    return status;
}

/* ---- public ---------------------------------------------------------------------------------- */

genlat_status genlat_model_description(const genlat_model *model, genlat_description *out)
{
    GNL_ENTER();
    GNL_CHECK(model, "model is NULL");
    GNL_TRY(gnl_result_check(out, "out"));
    gnl_description_give(model->about, out);
    return GENLAT_OK;
}

genlat_status genlat_model_set_description(genlat_model *model, const genlat_description *description)
{
    gnl_description *about = NULL;
    GNL_ENTER();
    GNL_CHECK(model, "model is NULL");
    if (description)
        GNL_TRY(gnl_description_take(model->object.ctx, description, model->config->classes, model->size, &about));
    gnl_model_set_about(model, about);
    gnl_description_release(about);
    return GENLAT_OK;
}

genlat_status genlat_model_find_class(const genlat_model *model, const char *name, int64_t *out)
{
    int64_t found = 0;
    GNL_ENTER();
    GNL_CHECK(model, "model is NULL");
    GNL_CHECK(name, "name is NULL");
    GNL_CHECK(out, "out is NULL");
    if (model->config->classes == 0)
        return gnl_fail(GENLAT_E_STATE, "the model has no classes");
    GNL_TRY(gnl_class_find(model->about, model->config->classes, name, &found));
    *out = found;
    return GENLAT_OK;
}

genlat_status genlat_model_number_classes(const genlat_model *model, genlat_source *source, genlat_source **out)
{
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_CHECK(model, "model is NULL");
    GNL_CHECK(source, "source is NULL");
    return gnl_model_number(model, model->about, source, out);
}
