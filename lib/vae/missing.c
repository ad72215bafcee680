/* SPDX-License-Identifier: MIT */
/* Missing values of the data, which are NaN. A kind says whether data may have them, and what the encoder sees in their
 * place. The likelihood counts observed elements only. See docs/derivations/missing.md. */
#include <tgmath.h>

#include "vae/vae_priv.h"

/* ---- kinds ----------------------------------------------------------------------------------- */

enum { VALUE_ZERO, VALUE_LEARNED };

static const char *const value_names[] = {"zero", "learned", NULL};

typedef struct missing_opts {
    size_t size;
    double hide;
    uint32_t value, reserved;
} missing_opts;

#define OPTIONS(usual)                                                                                                 \
    {                                                                                                                  \
        GNL_OPT_ENUM(missing_opts, value, VALUE_ZERO, VALUE_LEARNED, value_names,                                      \
                     "what the encoder sees in the place of a missing element: 0, or a learned number"),               \
            GNL_OPT_REAL(missing_opts, hide, usual, 0, 1,                                                              \
                         "largest fraction of a sample's elements that are hidden from the encoder in training; each " \
                         "sample has a fraction of its own, uniform from 0 to this"),                                  \
    }

static const gnl_option fill_options[] = OPTIONS(0), condition_options[] = OPTIONS(0.5);
static const gnl_options_table fill_table = {"fill", sizeof(missing_opts), fill_options, GNL_COUNT(fill_options),
                                             .reserved = {offsetof(missing_opts, reserved)}};
static const gnl_options_table condition_table = {"condition", sizeof(missing_opts), condition_options,
                                                  GNL_COUNT(condition_options),
                                                  .reserved = {offsetof(missing_opts, reserved)}};

static const gnl_missing_type refuse = {.name = "refuse", .help = "data must not have missing values"};
static const gnl_missing_type fill = {.name = "fill",
                                      .options = &fill_table,
                                      .help = "the encoder sees a number in the place of a missing element",
                                      .accepts = true};
static const gnl_missing_type condition = {.name = "condition",
                                           .options = &condition_table,
                                           .help =
                                               "the encoder also sees which elements are observed, as its input mask",
                                           .accepts = true,
                                           .shows_mask = true};

const gnl_missing_type *const gnl_missing_types[] = {&refuse, &fill, &condition, NULL};

genlat_status gnl_missing_find(const char *text, const gnl_missing_type **out, const char **pairs)
{
    char name[GNL_SPEC_KIND];
    *out = &refuse;
    *pairs = "";
    if (!*text)
        return GENLAT_OK;
    GNL_TRY(gnl_spec_kind(text, name, pairs));
    const gnl_missing_type *found = gnl_kind_find(gnl_missing_types, name);
    if (!found)
        return gnl_kind_unknown(gnl_missing_types, "treatment of missing values", name);
    *out = found;
    return GENLAT_OK;
}

/* An unknown kind is reported when the model is made. */
static const gnl_missing_type *type_of(const gnl_vae_config *config)
{
    const gnl_missing_type *type = NULL;
    const char *pairs = NULL;
    return *config->missing && gnl_missing_find(config->missing, &type, &pairs) == GENLAT_OK ? type : &refuse;
}

bool gnl_missing_shows_mask(const gnl_vae_config *config)
{
    return type_of(config)->shows_mask;
}

bool gnl_missing_accepts(const gnl_config *config)
{
    return type_of((const gnl_vae_config *)(const void *)config)->accepts;
}

/* ---- the part of a model --------------------------------------------------------------------- */

static genlat_status check(const gnl_vae_config *config)
{
    if (*config->decoder_inputs)
        return gnl_fail(GENLAT_E_UNSUPPORTED,
                        "missing is '%s', but the decoder has the data as an input; leave out decoder_inputs",
                        config->missing);
    if (config->opts.mask > 0)
        return gnl_fail(GENLAT_E_INVALID, "mask is %g, but missing is '%s'; use its option hide in the place of mask",
                        config->opts.mask, config->missing);
    return GENLAT_OK;
}

genlat_status gnl_missing_make(genlat_model *model, gnl_missing *out)
{
    const gnl_vae_config *config = gnl_vae_config_of(model);
    const char *pairs = NULL;
    missing_opts opts = {.size = sizeof opts};
    GNL_TRY_IN("missing", gnl_missing_find(config->missing, &out->type, &pairs));
    if (out->type->options)
        gnl_options_init(out->type->options, &opts, sizeof opts);
    GNL_TRY_IN("missing", gnl_spec_pairs(out->type->options, &opts, pairs, out->type->name));
    if (!out->type->accepts)
        return GENLAT_OK;
    GNL_TRY(check(config));
    out->hide = opts.hide;
    out->learns = opts.value == VALUE_LEARNED;
    if (!out->learns)
        return GENLAT_OK;
    const gnl_param value = {.name = "value", .shape = config->base.data, .init = {GNL_INIT_CONSTANT, 0, 1, 1}};
    GNL_TRY(gnl_numbers_make(model->object.ctx, &value, 1, 0, 0, &out->numbers));
    return gnl_model_add_part(model, gnl_part_of_numbers(&out->numbers, "missing", GNL_VAE_MODEL));
}

/* ---- passes ---------------------------------------------------------------------------------- */

genlat_status gnl_missing_work_new(const genlat_model *model, gnl_workspace *base, gnl_missing_work *out)
{
    const gnl_vae *vae = gnl_vae_of(model);
    const size_t rows = (size_t)base->rows, size = (size_t)model->size;
    if (!vae->missing.type->accepts)
        return GENLAT_OK;
    GNL_TRY(gnl_workspace_alloc(base, rows * size, sizeof(gnl_real), &out->input));
    GNL_TRY(gnl_workspace_alloc(base, rows * size, sizeof(gnl_real), &out->mask));
    GNL_TRY(gnl_workspace_alloc(base, rows, sizeof *out->observed, &out->observed));
    return gnl_workspace_alloc(base, gnl_loss_scratch(base->ctx, vae->outputs, model->size), sizeof(gnl_real),
                               &out->scratch);
}

const gnl_real *gnl_missing_fill(const genlat_model *model, const gnl_missing_work *work, int64_t rows,
                                 const gnl_real *x, gnl_rng *rng)
{
    const gnl_missing *m = &gnl_vae_of(model)->missing;
    const int64_t size = model->size;
    if (!m->type->accepts)
        return x;
    for (int64_t r = 0; r < rows; r++) {
        const double hidden = rng && m->hide > 0 ? m->hide * gnl_rng_unit(rng) : 0;
        for (int64_t j = 0, at = r * size; j < size; j++, at++) {
            const bool seen = !isnan(x[at]) && !(hidden > 0 && gnl_rng_unit(rng) < hidden);
            work->mask[at] = seen;
            work->input[at] = seen ? x[at] : m->learns ? m->numbers.value[j] : 0;
        }
    }
    return work->input;
}

void gnl_missing_observe(const genlat_model *model, const gnl_missing_work *work, const gnl_real *x,
                         gnl_loss_call *call)
{
    if (!gnl_vae_of(model)->missing.type->accepts)
        return;
    for (int64_t r = 0; r < call->rows; r++) {
        work->observed[r] = 0;
        for (int64_t j = 0; j < call->dims; j++)
            work->observed[r] += !isnan(x[r * call->dims + j]);
    }
    call->observed = work->observed;
    call->scratch = work->scratch;
}

void gnl_missing_backward(genlat_model *model, const gnl_missing_work *work, int64_t rows, const gnl_real *dinput)
{
    gnl_missing *m = &gnl_vae_of(model)->missing;
    for (int64_t i = 0; m->learns && i < rows * model->size; i++)
        if (work->mask[i] == 0)
            m->numbers.grad[i % model->size] += dinput[i];
}
