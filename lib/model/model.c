/* SPDX-License-Identifier: MIT */
/* Creates a model from a configuration and nets, releases it, and describes it. Common to all families. */
#include <stdio.h>

#include "model/model_priv.h"

/* ---- creation -------------------------------------------------------------------------------- */

static genlat_status make_net(genlat_model *model, int index)
{
    const gnl_model_type *type = model->type;
    const char *name = type->nets[index].name;
    const gnl_input_list in = type->inputs(model->config, index);
    const char *layers = NULL;
    genlat_ctx *ctx = model->object.ctx;
    for (int i = 0; i < type->config->count; i++)
        if (strcmp(type->config->texts[i].key, name) == 0)
            layers = gnl_config_text(&type->config->texts[i], model->config);
    genlat_status status = gnl_net_from_text(ctx, in.count, in.name, in.shape, layers, &model->net[index]);
    if (status != GENLAT_OK)
        return gnl_fail_in(status, "%s", name);
    /* Each net initializes its weights from a separate substream. */
    return index == 0 ? GENLAT_OK : gnl_net_init(model->net[index], (uint64_t)gnl_ctx_opts(ctx)->seed, (uint64_t)index);
}

static genlat_status add_nets(genlat_model *model, genlat_net *const *nets)
{
    for (int i = 0; model->type->nets[i].name; i++) {
        if (nets && nets[i])
            model->net[i] = gnl_net_retain(nets[i]);
        else
            GNL_TRY(make_net(model, i));
        GNL_TRY_IN(model->type->nets[i].name, gnl_net_check_not_bf16(model->net[i]));
        GNL_TRY(gnl_model_add_part(
            model, gnl_part_of_net(model->net[i], model->type->nets[i].name, model->type->nets[i].optimizer)));
    }
    return GENLAT_OK;
}

static genlat_status make_schedules(genlat_model *model)
{
    const gnl_config_type *type = model->type->config;
    for (int i = 0, schedule = 0; i < type->count; i++) {
        const gnl_text *text = &type->texts[i];
        if (text->kind != GNL_TEXT_SCHEDULE)
            continue;
        const char *value = gnl_config_text(text, model->config);
        genlat_status status =
            *value ? gnl_schedule_parse(model->object.ctx, value, &model->schedule[schedule]) : GENLAT_OK;
        if (status != GENLAT_OK)
            return gnl_fail_in(status, "%s", text->key);
        schedule++;
    }
    return GENLAT_OK;
}

static bool has_parts(const genlat_model *model, int optimizer)
{
    for (int i = 0; i < model->parts; i++)
        if (model->part[i].optimizer == optimizer)
            return true;
    return false;
}

static genlat_status make_optimizer(genlat_model *model, int index, const gnl_text *text, const char *first)
{
    gnl_model_optimizer *o = &model->optimizer[index];
    const char *value = gnl_config_text(text, model->config);
    genlat_status status = gnl_model_optimizer_new(model, index, *value ? value : first, &o->optim);
    if (status == GENLAT_OK)
        status = gnl_model_check_optimizer(o->optim);
    if (status != GENLAT_OK)
        return gnl_fail_in(status, "%s", text->key);
    if (!has_parts(model, index)) {
        gnl_optim_release(o->optim);
        o->optim = NULL;
        return gnl_fail(GENLAT_E_UNSUPPORTED, "%s is set, but there is nothing that it trains; remove it", text->key);
    }
    o->lr = gnl_optim_lr(o->optim);
    return GENLAT_OK;
}

/* Creates the optimizers that have parts. Those without are the last ones, and must not be set. */
static genlat_status make_optimizers(genlat_model *model)
{
    const gnl_config_type *type = model->type->config;
    const char *first = NULL;
    for (int i = 0, index = 0; i < type->count; i++) {
        const gnl_text *text = &type->texts[i];
        if (text->kind != GNL_TEXT_OPTIMIZER)
            continue;
        first = first ? first : gnl_config_text(text, model->config);
        if (has_parts(model, index) || *gnl_config_text(text, model->config))
            GNL_TRY(make_optimizer(model, index, text, first));
        index++;
    }
    return GENLAT_OK;
}

static genlat_status fill_model(genlat_model *model, const gnl_config *config, genlat_net *const *nets)
{
    const gnl_config_type *type = model->type->config;
    model->config = gnl_calloc(model->object.ctx, 1, type->size);
    if (!model->config)
        return GENLAT_E_MEMORY;
    memcpy(model->config, config, type->size);
    model->size = gnl_shape_count(&config->data);
    model->condition = config->classes + config->vector;
    GNL_TRY(add_nets(model, nets));
    GNL_TRY(model->type->make(model));
    GNL_TRY(make_schedules(model));
    GNL_TRY(make_optimizers(model));
    return model->type->finish ? model->type->finish(model) : GENLAT_OK;
}

genlat_status gnl_model_new(genlat_ctx *ctx, const gnl_model_type *type, const gnl_config *config,
                            genlat_net *const *nets, genlat_model **out)
{
    genlat_model *model = gnl_object_new(ctx, type->size);
    if (!model)
        return GENLAT_E_MEMORY;
    model->type = type;
    model->progress.seed = gnl_ctx_opts(ctx)->seed;
    pthread_mutex_init(&model->lock, NULL);
    genlat_status status = fill_model(model, config, nets);
    if (status == GENLAT_OK)
        *out = model;
    else
        gnl_model_release(model);
    return status;
}

genlat_model *gnl_model_retain(genlat_model *model)
{
    return gnl_object_retain(model);
}

genlat_status gnl_model_begin_training(genlat_model *model)
{
    if (atomic_exchange_explicit(&model->in_training, 1, memory_order_acquire))
        return gnl_fail(GENLAT_E_STATE,
                        "the model is being trained, by another thread or by the trainer whose event is "
                        "being handled; wait until that has ended");
    return GENLAT_OK;
}

genlat_status gnl_model_end_training(genlat_model *model, genlat_status status)
{
    if (status == GENLAT_OK)
        gnl_model_drop_sampler(model);
    atomic_store_explicit(&model->in_training, 0, memory_order_release);
    return status;
}

void gnl_model_release(genlat_model *model)
{
    if (!gnl_object_release(model))
        return;
    genlat_ctx *ctx = model->object.ctx;
    gnl_model_free_work(model);
    if (model->type->release)
        model->type->release(model);
    for (int i = 0; i < GNL_MAX_OPTIMIZERS; i++)
        gnl_optim_release(model->optimizer[i].optim);
    for (int i = 0; i < GNL_MAX_SCHEDULES; i++)
        gnl_schedule_release(model->schedule[i]);
    for (int i = 0; i < GNL_MAX_NETS; i++)
        gnl_net_release(model->net[i]);
    gnl_scaling_release(&model->scaling);
    gnl_description_release(model->about);
    gnl_sampler_free(model->sampler);
    gnl_free(ctx, model->best);
    gnl_free(ctx, model->saved);
    gnl_free(ctx, model->config);
    pthread_mutex_destroy(&model->lock);
    gnl_object_free(model);
}

genlat_status gnl_model_check_family(const genlat_model *model, const char *family)
{
    GNL_CHECK(model, "model is NULL");
    if (strcmp(model->type->name, family) == 0)
        return GENLAT_OK;
    return gnl_fail(GENLAT_E_STATE, "the model is a %s, a %s model expected", model->type->name, family);
}

int gnl_model_terms(const genlat_model *model)
{
    int count = 0;
    while (model->terms[count])
        count++;
    return count;
}

gnl_rng gnl_model_stream(const genlat_model *model, gnl_stream stream, gnl_use use)
{
    const uint64_t pass = (uint64_t)model->progress.passes << model->type->pass_bits;
    return gnl_rng_make((uint64_t)model->progress.seed, stream, pass | (uint64_t)use);
}

/* ---- nets ------------------------------------------------------------------------------------ */

static genlat_status check_input(const genlat_net *net, int index, const gnl_shape *expected, const char *name)
{
    char found[GNL_SHAPE_TEXT] = "missing", text[GNL_SHAPE_TEXT];
    if (index < gnl_net_inputs(net) && gnl_shape_equal(gnl_net_input_shape(net, index), expected))
        return GENLAT_OK;
    if (index < gnl_net_inputs(net))
        gnl_shape_format(gnl_net_input_shape(net, index), found);
    return gnl_fail(GENLAT_E_SHAPE, "%s: input %d is %s, %s expected", name, index, found,
                    gnl_shape_format(expected, text));
}

genlat_status gnl_model_check_inputs(const genlat_net *net, const gnl_input_list *in, const char *name)
{
    for (int i = 0; i < in->count; i++)
        GNL_TRY(check_input(net, i, &in->shape[i], name));
    if (gnl_net_inputs(net) > in->count)
        return gnl_fail(GENLAT_E_SHAPE, "%s: has %d inputs, %d expected; is the condition of the model set?", name,
                        gnl_net_inputs(net), in->count);
    return GENLAT_OK;
}

/* Catches a net with two inputs whose first layer has no from=: it then reads the last input, which is the
 * condition. */
genlat_status gnl_model_check_reached(const genlat_net *net, int input, const char *name)
{
    const char *input_name = gnl_net_input_name(net, input);
    bool used = false;
    GNL_TRY(gnl_net_uses_input(net, input, &used));
    if (used)
        return GENLAT_OK;
    return gnl_fail(GENLAT_E_INVALID,
                    "%s: input %s is not used; begin with a layer that reads it, such as 'concat from=%s,c'", name,
                    input_name, input_name);
}

/* ---- description ----------------------------------------------------------------------------- */

void gnl_describe_line(char *text, size_t capacity, size_t *used, const char *name, const char *value)
{
    enum { WIDTH = 17 };
    size_t space = *used < capacity ? capacity - *used : 0;
    *used += (size_t)snprintf(space ? text + *used : NULL, space, "%-*s%s\n", WIDTH, name, value);
}

static void describe_texts(const genlat_model *model, char *text, size_t capacity, size_t *used)
{
    const gnl_config_type *type = model->type->config;
    for (int i = 0; i < type->count; i++) {
        const char *value = gnl_config_text(&type->texts[i], model->config);
        bool stored = type->texts[i].kind != GNL_TEXT_NET && type->texts[i].kind != GNL_TEXT_BUILD;
        if (stored && *value)
            gnl_describe_line(text, capacity, used, type->texts[i].key, value);
    }
}

static void describe_labels(const genlat_model *model, char *text, size_t capacity, size_t *used)
{
    char value[64];
    const gnl_config *c = model->config;
    snprintf(value, sizeof value, "%lld %s", (long long)(c->classes + c->vector), c->classes ? "classes" : "numbers");
    if (model->condition)
        gnl_describe_line(text, capacity, used,
                          gnl_model_uses_labels_as(model, GENLAT_LABEL_INPUT) ? "condition" : "labels", value);
}

static void describe_names(const genlat_model *model, char *text, size_t capacity, size_t *used)
{
    char value[256] = "";
    const gnl_names *names = model->about ? &model->about->classes : NULL;
    for (int64_t i = 0; names && i < names->count && strlen(value) < sizeof value - 1; i++)
        gnl_text_append(value, sizeof value, "%s%s", i ? ", " : "", names->name[i]);
    if (*value)
        gnl_describe_line(text, capacity, used, "classes", value);
}

static size_t describe(const genlat_model *model, const char *options, char *text, size_t capacity)
{
    char data[GNL_SHAPE_TEXT], size[32], sampler[GNL_SPEC_TEXT];
    size_t used = 0;
    int64_t weights = 0;
    for (int i = 0; model->type->nets[i].name; i++)
        weights += gnl_net_size(model->net[i]);
    if (!model->type->nets[0].name)
        weights = gnl_model_size(model);
    snprintf(size, sizeof size, "%lld", (long long)weights);
    gnl_describe_line(text, capacity, &used, "data", gnl_shape_format(&model->config->data, data));
    describe_labels(model, text, capacity, &used);
    describe_names(model, text, capacity, &used);
    if (model->type->config->options)
        gnl_describe_line(text, capacity, &used, "options", *options ? options : "defaults");
    describe_texts(model, text, capacity, &used);
    gnl_describe_line(text, capacity, &used, "weights", size);
    for (int i = 0; model->type->nets[i].name; i++) {
        gnl_describe_line(text, capacity, &used, model->type->nets[i].name, "");
        used = gnl_net_describe(model->net[i], text, capacity, used);
    }
    if (model->sampler && gnl_sampler_format(model->sampler, sampler, sizeof sampler) == GENLAT_OK)
        gnl_describe_line(text, capacity, &used, "sampler", sampler);
    return used;
}

genlat_status genlat_model_describe(const genlat_model *model, char *text, size_t capacity)
{
    const gnl_config_type *type = model ? model->type->config : NULL;
    char options[1024] = "";
    GNL_ENTER();
    GNL_CHECK(model, "model is NULL");
    GNL_CHECK(text || capacity == 0, "text is NULL");
    if (type->options)
        GNL_TRY(gnl_options_format(type->options, gnl_config_options(type, model->config), options, sizeof options));
    const size_t used = describe(model, options, NULL, 0);
    if (used >= capacity)
        return gnl_fail(GENLAT_E_RANGE, "capacity is %zu bytes, %zu expected", capacity, used + 1);
    (void)describe(model, options, text, capacity);
    return GENLAT_OK;
}
