/* SPDX-License-Identifier: MIT */
/* The predictor: made of presets and texts, given back, looked at. */
#include <stdio.h>

#include "model/predictor_priv.h"

static const gnl_options_table table = {"predictor", sizeof(genlat_predictor_opts), NULL, 0};

void genlat_predictor_opts_init_sized(genlat_predictor_opts *opts, size_t size)
{
    gnl_options_init(&table, opts, size);
}

/* ---- presets --------------------------------------------------------------------------------- */

typedef struct preset {
    const char *name, *help;
    const char *net, *optimizer;
    int64_t epochs, batch;
} preset;

#define DENSE_NET "flatten | dense units=256 | relu | dense units=128 | relu"

static const preset presets[] = {
    {"classifier", "two convolutions with pooling for images, else dense layers",
     "conv2d channels=16 kernel=5 padding=2 | relu | max_pool kernel=2 | conv2d channels=32 kernel=5 "
     "padding=2 | relu | "
     "max_pool kernel=2 | flatten | dropout p=0.25 | dense units=128 | relu",
     "adam lr=1e-3", 8, 100},
    {"mlp", "dense layers of 256 and 128, any data", DENSE_NET, "adam lr=1e-3", 10, 100},
};

const char *genlat_predictor_preset(int32_t index, const char **help)
{
    bool there = index >= 0 && (size_t)index < GNL_COUNT(presets);
    if (help)
        *help = there ? presets[index].help : NULL;
    return there ? presets[index].name : NULL;
}

static genlat_status find_preset(const char *name, const preset **out)
{
    for (size_t i = 0; i < GNL_COUNT(presets); i++)
        if (!name || strcmp(presets[i].name, name) == 0) {
            *out = &presets[i];
            return GENLAT_OK;
        }
    return gnl_fail(GENLAT_E_NOT_FOUND, "no preset is called '%s'; genlat_predictor_preset() lists them",
                    name);
}

/* Two windows of 2 want sides of 4 at least. */
static bool is_image(const gnl_shape *data)
{
    return data->ndim == 3 && data->dim[1] >= 4 && data->dim[2] >= 4;
}

/* ---- what the trainer sees ------------------------------------------------------------------- */

static const char *const class_terms[] = {"loss", "accuracy", "grad_norm", NULL};
static const char *const vector_terms[] = {"loss", "mse", "grad_norm", NULL};

static genlat_predictor *of_model(const gnl_model *model)
{
    return (genlat_predictor *)(uintptr_t)model;
}

gnl_model *gnl_predictor_model(genlat_predictor *predictor)
{
    return &predictor->model;
}

static genlat_status model_step(gnl_model *model, const genlat_tensor *x, const genlat_tensor *labels,
                                double *terms)
{
    return gnl_predictor_step(of_model(model), x, labels, terms, "genlat_trainer_run");
}

static genlat_status model_evaluate(gnl_model *model, const genlat_tensor *x, const genlat_tensor *labels,
                                    uint64_t seed, int64_t first, double *terms)
{
    return gnl_predictor_evaluate(of_model(model), x, labels, terms, "genlat_trainer_run");
}

static genlat_status model_save(gnl_model *model, const char *path)
{
    return gnl_predictor_save(of_model(model), path);
}

static int64_t snapshot_size(const gnl_model *model)
{
    const genlat_net *net = of_model(model)->net;
    return net->values + net->states;
}

static void snapshot(const gnl_model *model, gnl_real *out)
{
    const genlat_net *net = of_model(model)->net;
    memcpy(out, net->value, (size_t)net->values * sizeof *out);
    memcpy(out + net->values, net->state, (size_t)net->states * sizeof *out);
}

static void restore(gnl_model *model, const gnl_real *in)
{
    genlat_net *net = of_model(model)->net;
    memcpy(net->value, in, (size_t)net->values * sizeof *in);
    memcpy(net->state, in + net->values, (size_t)net->states * sizeof *in);
}

#define PREDICTOR_TYPE(names)                                                                                \
    {                                                                                                        \
        .name = "predictor", .terms = names, .step = model_step, .evaluate = model_evaluate,                 \
        .save = model_save, .release = gnl_predictor_release, .snapshot_size = snapshot_size,                \
        .snapshot = snapshot, .restore = restore                                                             \
    }

static const gnl_model_type class_type = PREDICTOR_TYPE(class_terms);
static const gnl_model_type vector_type = PREDICTOR_TYPE(vector_terms);

/* ---- making ---------------------------------------------------------------------------------- */

/* How many outputs of the net a number of the label wants. */
static genlat_status parse_loss(genlat_ctx *ctx, const gnl_predictor_recipe *r, genlat_loss **out,
                                int64_t *parts)
{
    genlat_loss *loss = NULL;
    GNL_TRY(gnl_loss_parse(ctx, r->loss, &loss));
    *parts = gnl_loss_parts(loss);
    if ((*parts == 0) == (r->classes > 0) && loss->values == 0) {
        *parts = r->classes ? r->classes : *parts;
        *out = loss;
        return GENLAT_OK;
    }
    gnl_loss_release(loss);
    return gnl_fail(
        GENLAT_E_INVALID,
        "loss is '%s'; cross_entropy wanted for classes, for vectors a likelihood without numbers of its own "
        "such as mse",
        r->loss);
}

static genlat_status take_net(genlat_predictor *p, genlat_net *net)
{
    int64_t given = gnl_shape_count(&net->node[net->output[0]].shape);
    p->net = gnl_net_retain(net);
    p->features = gnl_net_find_node(net, "features");
    if (p->features < 0 || net->inputs != 1 || given != p->dims * p->parts)
        return gnl_fail(
            GENLAT_E_SHAPE,
            "net: has %d inputs and gives %lld numbers, one input, a node named features and %lld numbers "
            "wanted",
            net->inputs, (long long)given, (long long)(p->dims * p->parts));
    return GENLAT_OK;
}

static genlat_status fill_model(genlat_predictor *p, genlat_net *net)
{
    const gnl_predictor_recipe *r = &p->recipe;
    genlat_ctx *ctx = p->model.object.ctx;
    p->model.type = r->classes ? &class_type : &vector_type;
    p->model.data = r->data;
    p->model.classes = r->classes;
    p->model.vector = r->vector;
    p->model.train_epochs = r->epochs;
    p->model.train_batch = r->batch;
    p->size = gnl_shape_count(&r->data);
    GNL_TRY(parse_loss(ctx, r, &p->loss, &p->parts));
    p->dims = r->classes ? 1 : r->vector;
    GNL_TRY(take_net(p, net));
    if (*r->lr_schedule)
        GNL_TRY(gnl_schedule_parse(ctx, r->lr_schedule, &p->lr_schedule));
    GNL_TRY(gnl_optim_parse(ctx, r->optimizer, &p->optim));
    GNL_TRY(gnl_model_check_optimizer(p->optim, "optimizer"));
    GNL_TRY(gnl_optim_add(p->optim, net, NULL, NULL));
    p->lr = gnl_optim_lr(p->optim);
    p->saved_state = gnl_alloc(ctx, (size_t)net->states, sizeof *p->saved_state);
    return p->saved_state ? GENLAT_OK : GENLAT_E_MEMORY;
}

genlat_status gnl_predictor_make(genlat_ctx *ctx, const gnl_predictor_recipe *recipe, genlat_net *net,
                                 genlat_predictor **out)
{
    genlat_predictor *p = gnl_object_new(ctx, sizeof *p);
    if (!p)
        return GENLAT_E_MEMORY;
    pthread_mutex_init(&p->lock, NULL);
    p->recipe = *recipe;
    genlat_status status = fill_model(p, net);
    if (status == GENLAT_OK)
        *out = p;
    else
        gnl_model_release(&p->model);
    return status;
}

void gnl_predictor_release(gnl_model *model)
{
    genlat_predictor *p = of_model(model);
    genlat_ctx *ctx = model->object.ctx;
    gnl_predictor_desk_free(ctx, &p->work);
    gnl_predictor_desk_free(ctx, &p->idle);
    gnl_optim_release(p->optim);
    gnl_schedule_release(p->lr_schedule);
    gnl_loss_release(p->loss);
    gnl_net_release(p->net);
    gnl_tensor_release(model->offset);
    gnl_tensor_release(model->scale);
    gnl_free(ctx, p->saved_state);
    pthread_mutex_destroy(&p->lock);
    gnl_object_free(p);
}

/* ---- texts ----------------------------------------------------------------------------------- */

static genlat_status fill_texts(gnl_predictor_recipe *r, const genlat_predictor_opts *o)
{
    const preset *base = NULL;
    GNL_TRY(find_preset(o->preset, &base));
    bool dense = base == &presets[0] && !is_image(&r->data);
    const char *net = o->net ? o->net : dense ? DENSE_NET : base->net;
    GNL_TRY(gnl_words_copy(r->net, sizeof r->net, net, "net"));
    GNL_TRY(gnl_words_copy(r->loss, sizeof r->loss,
                           o->loss      ? o->loss
                           : r->classes ? "cross_entropy"
                                        : "mse",
                           "loss"));
    GNL_TRY(gnl_words_copy(r->optimizer, sizeof r->optimizer, o->optimizer ? o->optimizer : base->optimizer,
                           "optimizer"));
    GNL_TRY(gnl_words_copy(r->lr_schedule, sizeof r->lr_schedule, o->lr_schedule ? o->lr_schedule : "",
                           "lr_schedule"));
    r->epochs = base->epochs;
    r->batch = base->batch;
    return GENLAT_OK;
}

/* The last layer has as many units as the loss wants outputs. */
static genlat_status add_answer(genlat_ctx *ctx, gnl_predictor_recipe *r)
{
    genlat_loss *loss = NULL;
    int64_t parts = 0;
    GNL_TRY(parse_loss(ctx, r, &loss, &parts));
    long long units = (long long)(r->classes ? parts : r->vector * parts);
    gnl_loss_release(loss);
    size_t used = strlen(r->net), room = sizeof r->net - used;
    int length = snprintf(r->net + used, room, "%sflatten name=features | dense units=%lld name=answer",
                          used ? " | " : "", units);
    return length < (int)room ? GENLAT_OK
                              : gnl_fail(GENLAT_E_RANGE, "net is longer than %zu bytes", sizeof r->net - 1);
}

static genlat_status make_new(genlat_ctx *ctx, gnl_predictor_recipe *r, const genlat_predictor_opts *o,
                              genlat_predictor **out)
{
    static const char *const names[] = {"x"};
    genlat_net *net = NULL;
    if (!r->classes && !r->vector)
        return gnl_fail(GENLAT_E_INVALID, "the source has no labels to predict");
    GNL_TRY(fill_texts(r, o));
    GNL_TRY(add_answer(ctx, r));
    GNL_TRY(gnl_net_from_text(ctx, 1, names, &r->data, r->net, &net));
    genlat_status status = gnl_predictor_make(ctx, r, net, out);
    gnl_net_release(net);
    return status;
}

/* ---- public ---------------------------------------------------------------------------------- */

genlat_status genlat_predictor_new(genlat_ctx *ctx, genlat_source *source, const genlat_predictor_opts *opts,
                                   genlat_predictor **out)
{
    const char *where = "genlat_predictor_new";
    genlat_predictor_opts o;
    GNL_REQUIRE(out, where, "out is NULL");
    *out = NULL;
    GNL_REQUIRE(ctx, where, "ctx is NULL");
    GNL_REQUIRE(source, where, "source is NULL");
    GNL_TRY(gnl_options_take(&table, opts, &o, where));
    gnl_predictor_recipe recipe = {
        .data = source->sample, .classes = source->classes, .vector = source->condition};
    genlat_status status = make_new(ctx, &recipe, &o, out);
    return status == GENLAT_OK ? status : gnl_fail_in(status, "%s", where);
}

void genlat_predictor_destroy(genlat_predictor **predictor)
{
    if (!predictor)
        return;
    if (*predictor)
        gnl_model_release(&(*predictor)->model);
    *predictor = NULL;
}

genlat_status genlat_predictor_data_shape(const genlat_predictor *predictor, int32_t *ndim, int64_t *dims)
{
    GNL_REQUIRE(predictor, "genlat_predictor_data_shape", "predictor is NULL");
    GNL_REQUIRE(ndim, "genlat_predictor_data_shape", "ndim is NULL");
    GNL_REQUIRE(dims, "genlat_predictor_data_shape", "dims is NULL");
    *ndim = predictor->recipe.data.ndim;
    memcpy(dims, predictor->recipe.data.dim, sizeof predictor->recipe.data.dim);
    return GENLAT_OK;
}

genlat_status genlat_predictor_labels(const genlat_predictor *predictor, int64_t *classes, int64_t *vector)
{
    GNL_REQUIRE(predictor, "genlat_predictor_labels", "predictor is NULL");
    if (classes)
        *classes = predictor->recipe.classes;
    if (vector)
        *vector = predictor->recipe.vector;
    return GENLAT_OK;
}

genlat_net *genlat_predictor_net(genlat_predictor *predictor)
{
    return predictor ? predictor->net : NULL;
}

genlat_status genlat_predictor_describe(const genlat_predictor *predictor, char *text, size_t capacity)
{
    const char *where = "genlat_predictor_describe";
    GNL_REQUIRE(predictor, where, "predictor is NULL");
    GNL_REQUIRE(text || capacity == 0, where, "text is NULL");
    const gnl_predictor_recipe *r = &predictor->recipe;
    char data[GNL_SHAPE_TEXT];
    int length = snprintf(
        text, capacity,
        "data         %s\nlabels       %lld %s\nloss         %s\noptimizer    %s\n%s%s%sweights      "
        "%lld\nnet\n",
        gnl_shape_format(&r->data, data), (long long)(r->classes + r->vector),
        r->classes ? "classes" : "numbers", r->loss, r->optimizer, *r->lr_schedule ? "lr_schedule  " : "",
        r->lr_schedule, *r->lr_schedule ? "\n" : "", (long long)gnl_net_size(predictor->net));
    size_t used = gnl_net_describe(predictor->net, text, capacity, (size_t)length);
    if (used >= capacity)
        return gnl_fail(GENLAT_E_RANGE, "%s: %zu bytes of room, %zu wanted", where, capacity, used + 1);
    return GENLAT_OK;
}
