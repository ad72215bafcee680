/* SPDX-License-Identifier: MIT */
/* The parameters of p(x|z) for every element of the data. */
#include <stdio.h>

#include "vae/vae_priv.h"

static const gnl_loss_parameter *parameters_of(const genlat_model *model)
{
    static const gnl_loss_parameter none = {NULL};
    const gnl_loss_parameter *list = gnl_vae_of(model)->loss->type->parameters;
    return list ? list : &none;
}

static genlat_status find_parameter(const genlat_model *model, const char *name, const gnl_loss_parameter **out)
{
    char known[128] = "none";
    size_t used = 0;
    for (const gnl_loss_parameter *p = parameters_of(model); p->name; p++) {
        if (strcmp(p->name, name) == 0) {
            *out = p;
            return GENLAT_OK;
        }
        used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "", p->name);
    }
    return gnl_fail(GENLAT_E_NOT_FOUND, "likelihood %s has no parameter '%s'; it has: %s",
                    gnl_vae_of(model)->loss->type->name, name, known);
}

/* In an autoregressive decoder, the parameters of an element depend on the elements before it. */
static genlat_status check_decoder(const genlat_model *model)
{
    if (gnl_vae_has_feed(gnl_vae_config_of(model), GNL_VAE_DECODER_NET, GNL_FEED_PREVIOUS))
        return gnl_fail(GENLAT_E_UNSUPPORTED,
                        "the decoder has the input %s, so that the parameters depend on the data and not on z alone",
                        gnl_vae_config_of(model)->decoder_inputs);
    return GENLAT_OK;
}

/* Inserts the dimension of the classes after the rows. */
static genlat_status shape_of(const genlat_model *model, const gnl_loss_parameter *p, int64_t rows, gnl_shape *out)
{
    const gnl_shape *data = &model->config->data;
    *out = gnl_shape_batched(data, rows);
    if (!p->by_class)
        return GENLAT_OK;
    if (data->ndim + 2 > GENLAT_MAX_DIMS)
        return gnl_fail(GENLAT_E_UNSUPPORTED,
                        "the data have %d dimensions; with rows and classes a tensor has at most "
                        "%d",
                        (int)data->ndim, GENLAT_MAX_DIMS);
    *out = (gnl_shape){data->ndim + 2, {rows, gnl_vae_of(model)->outputs}};
    memcpy(out->dim + 2, data->dim, (size_t)data->ndim * sizeof *data->dim);
    return GENLAT_OK;
}

typedef struct request {
    const gnl_loss_parameter *parameter;
    const genlat_tensor *z, *labels;
    genlat_tensor *out;
} request;

static genlat_status compute_chunk(genlat_model *model, gnl_workspace *base, int64_t first, int64_t rows, void *user)
{
    const request *r = user;
    const gnl_vae *vae = gnl_vae_of(model);
    gnl_vae_use *work = (gnl_vae_use *)base;
    const gnl_real *z = r->z->data + first * work->code.dims;
    GNL_TRY(gnl_vae_use_decode(model, work, z, NULL, r->labels, first, rows));
    const gnl_loss_decode call = {.compute = *gnl_exec_compute(work->decoder),
                                  .rows = rows,
                                  .dims = model->size,
                                  .parts = vae->outputs,
                                  .out = gnl_exec_output(work->decoder, 0),
                                  .data = r->out->data + first * gnl_shape_count_from(&r->out->shape, 1)};
    r->parameter->compute(vae->loss, &call);
    return GENLAT_OK;
}

static void to_raw(const genlat_model *model, gnl_loss_unit unit, genlat_tensor *out)
{
    if (unit == GNL_UNIT_LOCATION)
        gnl_model_unscale(model, out);
    if (unit == GNL_UNIT_SCALE)
        gnl_model_unscale_differences(model, out);
}

static genlat_status compute(genlat_model *model, request *r)
{
    gnl_shape shape;
    genlat_tensor *turn = NULL;
    const int64_t rows = r->z->shape.dim[0];
    GNL_TRY(shape_of(model, r->parameter, rows, &shape));
    GNL_TRY(r->labels ? gnl_model_check_labels(model, r->labels, rows) : gnl_model_labels_in_turn(model, rows, &turn));
    r->labels = r->labels ? r->labels : turn;
    genlat_status status = gnl_tensor_new(model->object.ctx, &shape, &r->out);
    if (status == GENLAT_OK)
        status = gnl_model_chunks(model, GNL_VAE_POOL, rows, compute_chunk, r);
    if (status == GENLAT_OK)
        to_raw(model, r->parameter->unit, r->out);
    gnl_tensor_release(turn);
    if (status != GENLAT_OK)
        genlat_tensor_destroy(&r->out);
    return status;
}

/* ---- public ---------------------------------------------------------------------------------- */

const char *genlat_vae_parameter_name(const genlat_model *model, int32_t index, const char **help)
{
    const gnl_loss_parameter *p = NULL;
    if (help)
        *help = NULL;
    if (!model || strcmp(model->type->name, "vae") != 0 || index < 0)
        return NULL;
    for (p = parameters_of(model); p->name && index > 0; p++)
        index--;
    if (help)
        *help = p->help;
    return p->name;
}

genlat_status genlat_vae_parameter(genlat_model *model, const genlat_tensor *z, const genlat_tensor *labels,
                                   const char *name, genlat_tensor **out)
{
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_TRY(gnl_model_check_family(model, "vae"));
    GNL_CHECK(name, "name is NULL");
    GNL_TRY(gnl_model_check_latents(model, z, "z"));
    request r = {.z = z, .labels = labels};
    GNL_TRY(find_parameter(model, name, &r.parameter));
    GNL_TRY(check_decoder(model));
    GNL_TRY(compute(model, &r));
    *out = r.out;
    return GENLAT_OK;
}
