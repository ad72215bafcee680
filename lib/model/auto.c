/* SPDX-License-Identifier: MIT */
/* Chooses preset, settings, scaling, length and batch of a model by the data. The choices are rows of a table of the
 * family; this file finds the row and applies it. */
#include <stdio.h>

#include "model/builder_priv.h"
#include "model/choice.h"

/* ---- choice ---------------------------------------------------------------------------------- */

static bool applies(const gnl_choice *c, const gnl_profile *p)
{
    return (!c->layouts || (c->layouts & p->layout)) && (c->values & p->values) == c->values &&
           p->side >= c->least_side && (!c->most_samples || p->count <= c->most_samples);
}

static const gnl_choice *find_choice(const gnl_model_type *type, const gnl_profile *p)
{
    const gnl_choice *c = type->choices;
    while (!applies(c, p))
        c++;
    return c;
}

/* ---- scaling --------------------------------------------------------------------------------- */

static bool is_per_element(uint32_t scale)
{
    return scale == GENLAT_SCALE_FEATURES || scale == GENLAT_SCALE_RANGES;
}

/* Returns the scaling of the row, or one that maps the data to the range that the model accepts if that is bounded.
 * Data in the range stay as they are if they fill half of it, or if the row scales nothing and the range is [0,1]. */
static uint32_t find_scale(const gnl_choice *c, const gnl_profile *p, const gnl_loss_range *range)
{
    const bool inside = p->min >= range->low && p->max <= range->high;
    const bool fills = p->max - p->min > (range->high - range->low) / 2;
    if (p->scaled || range->whole)
        return GENLAT_SCALE_NONE;
    if (isinf(range->low) || isinf(range->high))
        return c->scale;
    if (inside && (fills || (c->scale == GENLAT_SCALE_NONE && range->low >= 0)))
        return GENLAT_SCALE_NONE;
    return range->low < 0 ? GENLAT_SCALE_SYMMETRIC : is_per_element(c->scale) ? GENLAT_SCALE_RANGES : GENLAT_SCALE_UNIT;
}

static genlat_status find_range(genlat_model_builder *b, gnl_loss_range *out)
{
    *out = (gnl_loss_range){-HUGE_VAL, HUGE_VAL, false};
    return b->type->range ? b->type->range(b->object.ctx, b->config, out) : GENLAT_OK;
}

/* Fits the scaling by the statistics of the profile, so that the samples are not read again. */
static genlat_status prepare(genlat_source *source, const gnl_profile *p, uint32_t scale, genlat_source **out)
{
    if (scale != GENLAT_SCALE_NONE)
        return p->complete ? gnl_source_fit_stats(source, scale, &p->stats, out) : gnl_source_fit(source, scale, out);
    *out = gnl_object_retain(source);
    return GENLAT_OK;
}

/* ---- length ---------------------------------------------------------------------------------- */

enum { LEAST_BATCH = 16, LEAST_BATCHES = 8 };

static bool is_set(const genlat_model_builder *b, const char *key)
{
    for (size_t i = 0; i < b->count; i++)
        if (strcmp(b->settings[i].key, key) == 0)
            return true;
    return false;
}

/* Finds how many samples are held out for validation: some of data from outside, unless the caller decides. */
static genlat_status find_held_out(const genlat_model_builder *b, const genlat_source *source, int64_t *out)
{
    gnl_config *config = b->config;
    if (!is_set(b, "holdout"))
        config->holdout = b->type->evaluate && !gnl_source_is_synthetic(source) ? -1 : 0;
    *out = gnl_config_held_out(config->holdout, source->count);
    return *out >= 0 ? GENLAT_OK
                     : gnl_fail(GENLAT_E_RANGE,
                                "holdout is %g of %lld samples; a fraction or a number that leaves at least one sample "
                                "in each part expected",
                                config->holdout, (long long)source->count);
}

/* Few samples get smaller batches and more epochs, so that the training has enough steps. Returns the steps. */
static int64_t find_length(genlat_model_builder *b, const gnl_choice *c, int64_t count)
{
    gnl_config *config = b->config;
    while (!is_set(b, "batch") && config->batch > LEAST_BATCH && config->batch * LEAST_BATCHES > count)
        config->batch /= 2;
    const int64_t batches = (count - 1) / GNL_MAX(config->batch, 1) + 1;
    if (is_set(b, "epochs") && !is_set(b, "steps"))
        config->steps = 0;
    else if (!is_set(b, "epochs") && !is_set(b, "steps") && config->steps == 0)
        config->epochs = GNL_MAX(config->epochs, (c->least_steps + batches - 1) / batches);
    return config->steps > 0 ? config->steps : config->epochs * batches;
}

/* Fits the schedules of the choice to the length. */
static genlat_status fit_schedules(genlat_model_builder *b, int64_t steps)
{
    const gnl_config_type *type = b->type->config;
    for (int i = 0; i < type->count; i++)
        if (type->texts[i].kind == GNL_TEXT_SCHEDULE)
            GNL_TRY(gnl_text_replace(gnl_config_text(&type->texts[i], b->config), type->texts[i].capacity, "{steps}",
                                     steps));
    return GENLAT_OK;
}

/* ---- report ---------------------------------------------------------------------------------- */

/* Lists the settings that the family reports. */
static genlat_status list_settings(const genlat_model_builder *b, char *text, size_t capacity)
{
    char value[GNL_NET_LENGTH];
    for (const char *const *key = b->type->choice_keys; *key; key++) {
        GNL_TRY(gnl_config_get(b->type->config, b->config, *key, value, sizeof value));
        if (*value)
            gnl_text_append(text, capacity, ", %s %s", *key, value);
    }
    return GENLAT_OK;
}

/* Returns whether the caller has left the settings that are reported as they are, so that the reason holds. */
static bool is_whole(const genlat_model_builder *b)
{
    for (const char *const *key = b->type->choice_keys; *key; key++)
        if (is_set(b, *key))
            return false;
    return true;
}

static genlat_status report(const genlat_model_builder *b, const gnl_choice *c, const genlat_source *source,
                            const gnl_profile *p, uint32_t scale, int64_t held_out, char *text, size_t capacity)
{
    const gnl_config *config = b->config;
    gnl_profile_describe(p, &source->sample, text, capacity);
    gnl_text_append(text, capacity, ": preset %s", c->preset);
    GNL_TRY(list_settings(b, text, capacity));
    gnl_text_append(text, capacity, ", scale %s", p->scaled ? "of the source" : gnl_scale_name(scale));
    if (config->steps)
        gnl_text_append(text, capacity, ", %lld steps", (long long)config->steps);
    else
        gnl_text_append(text, capacity, ", %lld epochs", (long long)config->epochs);
    gnl_text_append(text, capacity, ", batch %lld", (long long)config->batch);
    if (is_whole(b))
        gnl_text_append(text, capacity, "; %s", c->reason);
    if (p->guessed)
        gnl_text_append(text, capacity,
                        "; images or signals by their proportions, unless the data state their content");
    if (held_out)
        gnl_text_append(text, capacity, "; %lld samples held out for validation", (long long)held_out);
    else if (config->holdout < 0)
        gnl_text_append(text, capacity, "; too few samples to hold some out for validation");
    return GENLAT_OK;
}

/* ---- public ---------------------------------------------------------------------------------- */

static genlat_status choose(genlat_model_builder *b, genlat_source *source, const gnl_profile *p, genlat_source **out,
                            char *text, size_t capacity)
{
    const gnl_choice *c = find_choice(b->type, p);
    gnl_loss_range range;
    int64_t held_out = 0;
    GNL_TRY(gnl_builder_load(b, c->preset, c->pair));
    if (!b->type->accepts_missing || !b->type->accepts_missing(b->config))
        GNL_TRY(gnl_profile_refuse_missing(p));
    GNL_TRY(find_range(b, &range));
    GNL_TRY(find_held_out(b, source, &held_out));
    const uint32_t scale = find_scale(c, p, &range);
    GNL_TRY(fit_schedules(b, find_length(b, c, p->count - held_out)));
    if (text)
        GNL_TRY(report(b, c, source, p, scale, held_out, text, capacity));
    return prepare(source, p, scale, out);
}

/* Chooses, and restores the configuration after a failure. */
static genlat_status choose_or_restore(genlat_model_builder *b, genlat_source *source, const gnl_profile *p,
                                       genlat_source **out, char *text, size_t capacity)
{
    const size_t size = b->type->config->size;
    const bool options_read = b->options_read;
    gnl_config *before = gnl_alloc(b->object.ctx, 1, size);
    if (!before)
        return GENLAT_E_MEMORY;
    memcpy(before, b->config, size);
    genlat_status status = choose(b, source, p, out, text, capacity);
    if (status != GENLAT_OK) {
        memcpy(b->config, before, size);
        b->options_read = options_read;
    }
    gnl_free(b->object.ctx, before);
    return status;
}

genlat_status genlat_model_builder_auto(genlat_model_builder *builder, genlat_source *source, genlat_source **prepared,
                                        char *text, size_t capacity)
{
    gnl_profile profile;
    GNL_ENTER();
    if (prepared)
        *prepared = NULL;
    if (text && capacity)
        text[0] = '\0';
    GNL_CHECK(builder, "builder is NULL");
    GNL_CHECK(source, "source is NULL");
    GNL_CHECK(prepared, "prepared is NULL");
    GNL_CHECK(!text || capacity, "capacity is 0");
    if (builder->status != GENLAT_OK)
        return genlat_error_set(builder->status, "%s", builder->error);
    GNL_TRY(gnl_profile_new(source, &profile));
    genlat_status status = choose_or_restore(builder, source, &profile, prepared, text, capacity);
    gnl_profile_free(source, &profile);
    return status;
}
