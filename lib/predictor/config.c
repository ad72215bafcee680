/* SPDX-License-Identifier: MIT */
/* The configuration of a predictor: presets, texts, and their completion when the model is built. */
#include "predictor/predictor_priv.h"

#define DENSE_NET "flatten | dense units=256 | relu | dense units=128 | relu"
#define CONV_NET                                                                                                       \
    "conv2d channels=16 kernel=5 padding=2 | relu | max_pool kernel=2 | conv2d channels=32 kernel=5 "                  \
    "padding=2 | relu | max_pool kernel=2 | flatten | dropout p=0.25 | dense units=128 | relu"
#define TEXT_NET "embedding classes=256 units=32 | lstm units=128 out=last"

const gnl_preset gnl_predictor_presets[] = {
    {"classifier",
     "two convolutions with pooling for images, dense layers for other data",
     {"optimizer", "adam lr=1e-3", "epochs", "8", "batch", "100"}},
    {"mlp",
     "dense layers with 256 and 128 units, for any data",
     {"net", DENSE_NET, "optimizer", "adam lr=1e-3", "epochs", "10", "batch", "100"}},
    {.name = NULL},
};

const char *const gnl_predictor_choice_keys[] = {NULL};

#define BEST "restore_best", "yes"

const gnl_choice gnl_predictor_choices[] = {
    GNL_CHOICE(TEXT, BYTES, 0, 0, "mlp", NONE, 1000, "bytes in their order", BEST, "net", TEXT_NET),
    GNL_CHOICE(ANY, UNIT, 0, 0, "classifier", NONE, 1000, "the values are from 0 to 1", BEST),
    GNL_CHOICE(ROWS, ANY, 0, 0, "mlp", FEATURES, 1000, "each column has its own scale", BEST),
    GNL_CHOICE(ANY, ANY, 0, 0, "classifier", STANDARD, 1000, "the values have one scale", BEST),
};

static const gnl_text texts[] = {
    GNL_TEXT(gnl_predictor_config, net, GNL_TEXT_NET, GNL_TEXT_REQUIRED),
    GNL_TEXT(gnl_predictor_config, loss, GNL_TEXT_SPEC, GNL_TEXT_REQUIRED),
    GNL_TEXT(gnl_predictor_config, optimizer, GNL_TEXT_OPTIMIZER, GNL_TEXT_REQUIRED),
    GNL_TEXT(gnl_predictor_config, lr_schedule, GNL_TEXT_SCHEDULE, GNL_TEXT_REQUIRED),
};

const gnl_config_type gnl_predictor_config_type = {
    .family = "predictor", .size = sizeof(gnl_predictor_config), .texts = texts, .count = GNL_COUNT(texts)};

/* Returns whether the data are images. Two pooling layers with windows of 2 need at least 4x4. */
static bool is_image(const gnl_shape *data)
{
    return data->ndim == 3 && data->dim[1] >= 4 && data->dim[2] >= 4;
}

genlat_status gnl_predictor_loss(genlat_ctx *ctx, const gnl_predictor_config *c, genlat_loss **out, int64_t *outputs)
{
    genlat_loss *loss = NULL;
    GNL_TRY(gnl_loss_parse(ctx, c->loss, &loss));
    *outputs = gnl_loss_parts(loss);
    if ((*outputs == 0) == (c->base.classes > 0) && loss->values == 0) {
        *outputs = c->base.classes ? c->base.classes : *outputs;
        *out = loss;
        return GENLAT_OK;
    }
    gnl_loss_release(loss);
    return gnl_fail(GENLAT_E_INVALID,
                    "loss is '%s'; cross_entropy expected for classes, or for vectors a likelihood without parameters, "
                    "such as mse",
                    c->loss);
}

/* Appends a dense layer with as many units as the loss has inputs. */
static genlat_status append_output_layer(genlat_ctx *ctx, gnl_predictor_config *c)
{
    genlat_loss *loss = NULL;
    int64_t outputs = 0;
    GNL_TRY(gnl_predictor_loss(ctx, c, &loss, &outputs));
    gnl_loss_release(loss);
    gnl_text_append(c->net, sizeof c->net, "%sflatten name=features | dense units=%lld name=answer",
                    *c->net ? " | " : "", (long long)(c->base.classes ? outputs : c->base.vector * outputs));
    return strlen(c->net) < sizeof c->net - 1
               ? GENLAT_OK
               : gnl_fail(GENLAT_E_RANGE, "the layers of net are longer than %zu bytes", sizeof c->net - 2);
}

genlat_status gnl_predictor_complete(genlat_ctx *ctx, gnl_config *config, bool nets_given)
{
    gnl_predictor_config *c = (gnl_predictor_config *)(void *)config;
    if (!config->classes && !config->vector)
        return gnl_fail(GENLAT_E_INVALID,
                        "there are no labels to predict; build the model with a source that has labels, or set "
                        "condition");
    if (!*c->loss)
        GNL_TRY(gnl_text_copy(c->loss, sizeof c->loss, config->classes ? "cross_entropy" : "mse", "loss"));
    if (nets_given)
        return GENLAT_OK;
    if (!*c->net)
        GNL_TRY(gnl_text_copy(c->net, sizeof c->net, is_image(&config->data) ? CONV_NET : DENSE_NET, "net"));
    return append_output_layer(ctx, c);
}
