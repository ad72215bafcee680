/* SPDX-License-Identifier: MIT */
/* Handle of a loss: a kind of likelihood, its options and its own values. */
#include "loss/loss_priv.h"

static genlat_status loss_alloc(genlat_ctx *ctx, const char *kind, genlat_loss **out)
{
    const gnl_loss_type *type = gnl_loss_type_find(kind);
    if (!type)
        return gnl_kind_unknown(gnl_loss_types, "loss", kind);
    genlat_loss *loss = gnl_object_new(ctx, sizeof *loss);
    if (!loss)
        return GENLAT_E_MEMORY;
    loss->type = type;
    if (type->options)
        gnl_options_init(type->options, loss->opts, type->options->size);
    *out = loss;
    return GENLAT_OK;
}

static void init_values(genlat_loss *loss)
{
    loss->values = loss->type->values ? loss->type->values(loss->opts, loss->about) : 0;
    for (int i = 0; i < loss->values; i++)
        loss->value[i] = (gnl_real)loss->about[i].initial;
}

genlat_status gnl_loss_parse(genlat_ctx *ctx, const char *spec, genlat_loss **out)
{
    char kind[GNL_SPEC_KIND];
    const char *pairs = NULL;
    genlat_loss *loss = NULL;
    GNL_TRY(gnl_spec_kind(spec, kind, &pairs));
    GNL_TRY(loss_alloc(ctx, kind, &loss));
    genlat_status status = gnl_spec_pairs(loss->type->options, loss->opts, pairs, kind);
    if (status == GENLAT_OK && loss->type->check) {
        status = loss->type->check(loss->opts);
        if (status != GENLAT_OK)
            status = gnl_fail_in(status, "%s", kind);
    }
    if (status != GENLAT_OK) {
        gnl_loss_release(loss);
        return status;
    }
    init_values(loss);
    *out = loss;
    return GENLAT_OK;
}

genlat_status gnl_loss_format(const genlat_loss *loss, char *text, size_t capacity)
{
    return gnl_spec_format(loss->type->name, loss->type->options, loss->opts, text, capacity);
}

genlat_loss *gnl_loss_retain(genlat_loss *loss)
{
    return gnl_object_retain(loss);
}

void gnl_loss_release(genlat_loss *loss)
{
    if (!gnl_object_release(loss))
        return;
    gnl_free(loss->object.ctx, loss->nll);
    gnl_object_free(loss);
}

int64_t gnl_loss_parts(const genlat_loss *loss)
{
    return loss->type->parts ? loss->type->parts(loss->opts) : 1;
}

genlat_status gnl_loss_check_order(const genlat_loss *loss, const gnl_shape *out)
{
    char text[GNL_SHAPE_TEXT];
    bool together = loss->type->together && loss->type->together(loss->opts);
    if (!together || out->ndim < 2 || out->dim[out->ndim - 1] == gnl_loss_parts(loss))
        return GENLAT_OK;
    return gnl_fail(GENLAT_E_SHAPE, "outputs are %s, expected [...,%lld] because of last=yes",
                    gnl_shape_format(out, text), (long long)gnl_loss_parts(loss));
}

bool gnl_loss_trains(const genlat_loss *loss)
{
    for (int i = 0; i < loss->values; i++)
        if (loss->about[i].trained)
            return true;
    return false;
}

void gnl_loss_zero_grad(genlat_loss *loss)
{
    memset(loss->grad, 0, sizeof loss->grad);
}

/* ---- public ---------------------------------------------------------------------------------- */

genlat_status genlat_loss_new(genlat_ctx *ctx, const char *spec, genlat_loss **out)
{
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_CHECK(ctx, "ctx is NULL");
    GNL_CHECK(spec, "spec is NULL");
    return gnl_loss_parse(ctx, spec, out);
}

void genlat_loss_destroy(genlat_loss **loss)
{
    if (!loss)
        return;
    gnl_loss_release(*loss);
    *loss = NULL;
}

genlat_status genlat_loss_format(const genlat_loss *loss, char *text, size_t capacity)
{
    GNL_ENTER();
    GNL_CHECK(loss, "loss is NULL");
    GNL_CHECK(text, "text is NULL");
    return gnl_loss_format(loss, text, capacity);
}

const char *genlat_loss_kind(int32_t index)
{
    for (int32_t i = 0; index >= 0 && gnl_loss_types[i]; i++)
        if (i == index)
            return gnl_loss_types[i]->name;
    return NULL;
}

genlat_status genlat_loss_help(const char *kind, int32_t option, const char **name, const char **help)
{
    GNL_ENTER();
    GNL_CHECK(kind, "kind is NULL");
    const gnl_loss_type *type = gnl_loss_type_find(kind);
    if (!type)
        return gnl_kind_unknown(gnl_loss_types, "loss", kind);
    return gnl_spec_help(type->name, type->help, type->options, option, name, help);
}

int64_t genlat_loss_outputs(const genlat_loss *loss)
{
    return loss ? gnl_loss_parts(loss) : 0;
}

genlat_status genlat_loss_scale(const genlat_loss *loss, double *sd)
{
    GNL_ENTER();
    GNL_CHECK(loss, "loss is NULL");
    GNL_CHECK(sd, "sd is NULL");
    if (!loss->type->scale || gnl_loss_parts(loss) != 1)
        return gnl_fail(GENLAT_E_UNSUPPORTED, "%s has no common scale of all elements", loss->type->name);
    double found = loss->type->scale(loss);
    if (isnan(found))
        return gnl_fail(GENLAT_E_STATE, "the scale of %s is not known before the first training step",
                        loss->type->name);
    *sd = found;
    return GENLAT_OK;
}
