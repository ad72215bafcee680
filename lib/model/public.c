/* SPDX-License-Identifier: MIT */
/* Public functions of a model: files, queries, nets, freezing. */
#include "genlat/io.h"
#include "model/model_priv.h"

void genlat_model_destroy(genlat_model **model)
{
    if (!model)
        return;
    gnl_model_release(*model);
    *model = NULL;
}

/* ---- files ----------------------------------------------------------------------------------- */

static genlat_status save_to_memory(genlat_model *model, gnl_keep keep, void **bytes, size_t *size)
{
    gnl_output output;
    GNL_TRY(gnl_output_memory(bytes, size, &output));
    GNL_CHECK(model, "model is NULL");
    return gnl_model_save(model, keep, output);
}

static genlat_status save_to_stream(genlat_model *model, gnl_keep keep, const genlat_stream_table *stream)
{
    gnl_output output;
    GNL_CHECK(model, "model is NULL");
    GNL_TRY(gnl_output_stream(stream, &output));
    return gnl_model_save(model, keep, output);
}

genlat_status genlat_model_save(genlat_model *model, const char *path)
{
    GNL_ENTER();
    GNL_CHECK(model, "model is NULL");
    GNL_CHECK(path, "path is NULL");
    return gnl_model_save(model, GNL_KEEP_TRAINING, gnl_output_file(path));
}

genlat_status genlat_model_save_memory(genlat_model *model, void **bytes, size_t *size)
{
    GNL_ENTER();
    return save_to_memory(model, GNL_KEEP_TRAINING, bytes, size);
}

genlat_status genlat_model_save_stream(genlat_model *model, const genlat_stream_table *stream)
{
    GNL_ENTER();
    return save_to_stream(model, GNL_KEEP_TRAINING, stream);
}

genlat_status genlat_model_export(genlat_model *model, const char *path)
{
    GNL_ENTER();
    GNL_CHECK(model, "model is NULL");
    GNL_CHECK(path, "path is NULL");
    return gnl_model_save(model, GNL_KEEP_MODEL, gnl_output_file(path));
}

genlat_status genlat_model_export_memory(genlat_model *model, void **bytes, size_t *size)
{
    GNL_ENTER();
    return save_to_memory(model, GNL_KEEP_MODEL, bytes, size);
}

genlat_status genlat_model_export_stream(genlat_model *model, const genlat_stream_table *stream)
{
    GNL_ENTER();
    return save_to_stream(model, GNL_KEEP_MODEL, stream);
}

genlat_status genlat_model_restart(genlat_model *model)
{
    GNL_ENTER();
    GNL_CHECK(model, "model is NULL");
    gnl_model_restart(model);
    return GENLAT_OK;
}

/* ---- queries --------------------------------------------------------------------------------- */

const char *genlat_model_family(const genlat_model *model)
{
    return model ? model->type->name : NULL;
}

genlat_status genlat_model_data_shape(const genlat_model *model, int32_t *ndim, int64_t *dims)
{
    GNL_ENTER();
    GNL_CHECK(model, "model is NULL");
    GNL_CHECK(ndim, "ndim is NULL");
    GNL_CHECK(dims, "dims is NULL");
    *ndim = model->config->data.ndim;
    memcpy(dims, model->config->data.dim, sizeof model->config->data.dim);
    return GENLAT_OK;
}

uint32_t genlat_model_label_use(const genlat_model *model)
{
    return model && model->condition ? gnl_label_use(model->type, model->config) : 0;
}

genlat_status genlat_model_condition(const genlat_model *model, int64_t *classes, int64_t *vector)
{
    GNL_ENTER();
    GNL_CHECK(model, "model is NULL");
    if (classes)
        *classes = model->config->classes;
    if (vector)
        *vector = model->config->vector;
    return GENLAT_OK;
}

int64_t genlat_model_latent(const genlat_model *model)
{
    return model && model->type->latent_size ? model->type->latent_size(model) : 0;
}

int64_t genlat_model_size(const genlat_model *model)
{
    return model ? gnl_model_size(model) : 0;
}

const char *genlat_model_term(const genlat_model *model, int32_t index)
{
    return model && index >= 0 && index < gnl_model_terms(model) ? model->terms[index] : NULL;
}

genlat_status genlat_model_progress(const genlat_model *model, genlat_progress *out)
{
    GNL_ENTER();
    GNL_CHECK(model, "model is NULL");
    GNL_TRY(gnl_result_check(out, "out"));
    const gnl_progress *p = &model->progress;
    const genlat_progress progress = {.size = sizeof progress,
                                      .step = p->step,
                                      .epoch = p->epoch,
                                      .best_epoch = p->best_epoch,
                                      .best = p->best_epoch ? p->best : (double)NAN,
                                      .seconds = p->seconds,
                                      .held_out = p->held_out};
    gnl_result_give(out, &progress, sizeof progress);
    return GENLAT_OK;
}

/* ---- nets ------------------------------------------------------------------------------------ */

const char *genlat_model_part(const genlat_model *model, int32_t index)
{
    for (int32_t i = 0; model && index >= 0 && model->type->nets[i].name; i++)
        if (i == index)
            return model->type->nets[i].name;
    return NULL;
}

genlat_status genlat_model_net(genlat_model *model, const char *part, genlat_net **net)
{
    GNL_ENTER();
    GNL_CHECK(net, "net is NULL");
    *net = NULL;
    GNL_CHECK(model, "model is NULL");
    GNL_CHECK(part, "part is NULL");
    genlat_net *found = NULL;
    gnl_unknown names = {.word = part};
    for (int i = 0; model->type->nets[i].name; i++) {
        gnl_unknown_add(&names, model->type->nets[i].name);
        if (strcmp(part, model->type->nets[i].name) == 0)
            found = model->net[i];
    }
    if (!found && model->type->net)
        found = model->type->net(model, part);
    if (!found)
        return gnl_unknown_fail(&names, "unknown net '%.60s' of a %s", part, model->type->name);
    *net = gnl_net_retain(found);
    return GENLAT_OK;
}

/* Freezes the weights whose name "part.weight" starts with the prefix. Returns their number. */
static int freeze_part(const gnl_part *part, const char *prefix, bool frozen)
{
    const size_t length = strlen(part->name), given = strlen(prefix);
    if (given <= length)
        return strncmp(part->name, prefix, given) == 0 ? gnl_part_freeze(part, "", frozen) : 0;
    if (strncmp(part->name, prefix, length) != 0 || prefix[length] != '.')
        return 0;
    return gnl_part_freeze(part, prefix + length + 1, frozen);
}

genlat_status genlat_model_freeze(genlat_model *model, const char *prefix, int32_t frozen)
{
    int found = 0;
    GNL_ENTER();
    GNL_CHECK(model, "model is NULL");
    GNL_CHECK(prefix, "prefix is NULL");
    for (int i = 0; i < model->parts; i++)
        if (model->part[i].optimizer >= 0)
            found += freeze_part(&model->part[i], prefix, frozen != 0);
    return found ? GENLAT_OK : gnl_fail(GENLAT_E_NOT_FOUND, "no weight has a name that starts with '%s'", prefix);
}
