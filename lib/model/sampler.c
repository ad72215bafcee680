/* SPDX-License-Identifier: MIT */
/* The sampler of a model: fitted to encoded data, stored in its file, used in the place of the prior. */
#include <stdio.h>

#include "genlat/sampler.h"
#include "model/model_priv.h"

enum { BATCH = 512 };

#define KEY "genlat.sampler"
#define ROWS "genlat.sampler.rows"

/* ---- codes of the data ----------------------------------------------------------------------- */

static genlat_status check_model(const genlat_model *model)
{
    const gnl_model_type *type = model->type;
    if (!type->encode || !type->prior)
        return gnl_fail(GENLAT_E_UNSUPPORTED, "a %s has no %s, so that no sampler can be fitted to its codes",
                        type->name, type->encode ? "latents" : "encoder");
    return type->check_sampler ? type->check_sampler(model) : GENLAT_OK;
}

static genlat_status encode_rows(genlat_model *model, const genlat_source *source, int64_t first, int64_t rows,
                                 gnl_real *out)
{
    const bool labelled = model->condition > 0 && gnl_source_label_size(source) > 0;
    genlat_tensor *x = NULL, *labels = NULL, *inferred = NULL;
    genlat_status status = gnl_source_read(source, first, first + rows, &x, labelled ? &labels : NULL);
    if (status == GENLAT_OK)
        status = gnl_model_check_values(model, rows, x->data, first);
    const genlat_tensor *known = labels;
    if (status == GENLAT_OK)
        status = gnl_model_infer_labels(model, x, &known, &inferred);
    if (status == GENLAT_OK)
        status = model->type->encode(model, x, known, out);
    for (int64_t i = 0; status == GENLAT_OK && i < rows * model->type->latent_size(model); i++)
        if (!isfinite(out[i]))
            status = gnl_fail(GENLAT_E_NUMERIC, "the code of sample %lld is not finite; the model cannot be used",
                              (long long)(first + i / model->type->latent_size(model)));
    gnl_tensor_release(inferred);
    gnl_tensor_release(labels);
    gnl_tensor_release(x);
    return status;
}

/* Encodes all samples of the source to codes [count,latent], which the caller frees. */
static genlat_status encode_all(genlat_model *model, genlat_source *raw, gnl_real **out)
{
    const int64_t latent = model->type->latent_size(model);
    genlat_source *source = NULL;
    GNL_TRY(gnl_model_check_source(model, raw));
    GNL_TRY(gnl_model_source(model, raw, &source));
    gnl_real *codes = gnl_alloc(model->object.ctx, (size_t)source->count, (size_t)latent * sizeof *codes);
    genlat_status status = codes ? GENLAT_OK : GENLAT_E_MEMORY;
    for (int64_t first = 0; first < source->count && status == GENLAT_OK; first += BATCH)
        status = encode_rows(model, source, first, GNL_MIN(BATCH, source->count - first), codes + first * latent);
    gnl_source_release(source);
    if (status == GENLAT_OK)
        *out = codes;
    else
        gnl_free(model->object.ctx, codes);
    return status;
}

/* ---- fit ------------------------------------------------------------------------------------- */

static genlat_status fit(genlat_model *model, genlat_source *source, const char *text, uint64_t seed, gnl_sampler **out)
{
    const int64_t rows = source->count;
    gnl_sampler *sampler = NULL;
    gnl_real *codes = NULL;
    GNL_TRY(gnl_sampler_new(model->object.ctx, text, model->type->latent_size(model), rows, seed, &sampler));
    genlat_status status = encode_all(model, source, &codes);
    if (status == GENLAT_OK)
        status = sampler->type->fit(sampler, rows, codes, seed);
    gnl_free(model->object.ctx, codes);
    if (status == GENLAT_OK)
        *out = sampler;
    else
        gnl_sampler_free(sampler);
    return status;
}

void gnl_model_drop_sampler(genlat_model *model)
{
    gnl_sampler_free(model->sampler);
    model->sampler = NULL;
}

genlat_status genlat_model_fit_sampler(genlat_model *model, genlat_source *source, const char *sampler, uint64_t seed)
{
    gnl_sampler *fitted = NULL;
    GNL_ENTER();
    GNL_CHECK(model, "model is NULL");
    GNL_CHECK(sampler, "sampler is NULL");
    GNL_TRY(check_model(model));
    const bool prior = strcmp(sampler, "prior") == 0;
    if (!prior) {
        GNL_CHECK(source, "source is NULL");
        GNL_TRY(fit(model, source, sampler, seed, &fitted));
    }
    gnl_model_drop_sampler(model);
    model->sampler = fitted;
    return GENLAT_OK;
}

genlat_status genlat_model_sampler(const genlat_model *model, char *text, size_t capacity)
{
    GNL_ENTER();
    GNL_CHECK(model, "model is NULL");
    GNL_CHECK(text, "text is NULL");
    return model->sampler ? gnl_sampler_format(model->sampler, text, capacity)
                          : gnl_text_copy(text, capacity, "prior", "text");
}

/* ---- codes ----------------------------------------------------------------------------------- */

typedef struct drawing {
    const gnl_sampler *sampler;
    const gnl_sampler_call *call;
    gnl_real *z;
} drawing;

static void draw_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const drawing *d = arg;
    for (int64_t i = begin; i < end; i++) {
        gnl_rng rng = gnl_sampler_rng(d->call, i);
        d->sampler->type->draw(d->sampler, &rng, &d->call->how, d->z + i * d->sampler->dims);
    }
}

genlat_status gnl_model_draw_sampler(const genlat_model *model, const gnl_prior_call *prior, gnl_real *z)
{
    const gnl_sampler_call call = {
        prior->rows, prior->seed, prior->first, {prior->opts->temperature, prior->opts->truncation}};
    drawing d = {model->sampler, &call, z};
    if (!model->sampler->type->draw)
        return model->sampler->type->draw_all(model->sampler, &call, z);
    gnl_parallel(model->object.ctx, call.rows, 16, draw_task, &d);
    return GENLAT_OK;
}

/* ---- files ----------------------------------------------------------------------------------- */

static void list_parts(const gnl_sampler *s, gnl_part part[GNL_SAMPLER_PARTS])
{
    part[0] = gnl_part_of_numbers(&s->numbers, "sampler", -1);
    if (s->net)
        part[1] = gnl_part_of_net(s->net, "sampler.net", -1);
}

genlat_status gnl_model_write_sampler(const genlat_model *model, gnl_writer *writer, gnl_part part[GNL_SAMPLER_PARTS])
{
    char text[GNL_SPEC_TEXT];
    memset(part, 0, GNL_SAMPLER_PARTS * sizeof *part);
    if (!model->sampler)
        return GENLAT_OK;
    const gnl_field rows = {ROWS, GNL_FIELD_WHOLE, &model->sampler->rows, 0, false};
    GNL_TRY(gnl_sampler_format(model->sampler, text, sizeof text));
    GNL_TRY(gnl_writer_meta(writer, KEY, text));
    GNL_TRY(gnl_fields_write(writer, "", &rows, 1));
    list_parts(model->sampler, part);
    return GENLAT_OK;
}

genlat_status gnl_model_read_sampler(genlat_model *model, const gnl_reader *reader, gnl_part part[GNL_SAMPLER_PARTS])
{
    const char *text = gnl_reader_meta(reader, KEY);
    int64_t rows = 0;
    const gnl_field field = {ROWS, GNL_FIELD_WHOLE, &rows, 0, false};
    memset(part, 0, GNL_SAMPLER_PARTS * sizeof *part);
    if (!text)
        return GENLAT_OK;
    if (!model->type->encode || !model->type->prior)
        return gnl_field_bad(reader, KEY, text);
    GNL_TRY(gnl_fields_read(reader, "", &field, 1));
    GNL_TRY_IN(gnl_reader_path(reader),
               gnl_sampler_new(model->object.ctx, text, model->type->latent_size(model), rows, 0, &model->sampler));
    list_parts(model->sampler, part);
    return GENLAT_OK;
}
