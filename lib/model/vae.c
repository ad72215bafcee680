/* SPDX-License-Identifier: MIT */
/* The VAE: made of its recipe, given back, looked at. */
#include <math.h>
#include <stdio.h>

#include "model/vae_priv.h"

static const char *const term_names[] = {"neg_elbo", "recon", "kl", "objective", "grad_norm", "beta", NULL};

static void list_terms(const genlat_vae_terms *t, double *out)
{
    const double all[] = {t->neg_elbo, t->recon, t->kl, t->objective, t->grad_norm, t->beta};
    memcpy(out, all, sizeof all);
}

/* ---- what the trainer sees ------------------------------------------------------------------- */

static genlat_vae *of_model(const gnl_model *model)
{
    return (genlat_vae *)(uintptr_t)model;
}

gnl_model *gnl_vae_model(genlat_vae *vae)
{
    return &vae->model;
}

static genlat_status model_step(gnl_model *model, const genlat_tensor *x, const genlat_tensor *labels,
                                double *terms)
{
    genlat_vae_terms t = {.size = sizeof t};
    GNL_TRY(gnl_vae_step(of_model(model), NULL, x, labels, &t, "genlat_trainer_run"));
    list_terms(&t, terms);
    return GENLAT_OK;
}

static genlat_status model_evaluate(gnl_model *model, const genlat_tensor *x, const genlat_tensor *labels,
                                    uint64_t seed, int64_t first, double *terms)
{
    genlat_vae_terms t = {.size = sizeof t};
    GNL_TRY(gnl_vae_evaluate(of_model(model), x, labels, 1, seed, first, &t, "genlat_trainer_run"));
    list_terms(&t, terms);
    return GENLAT_OK;
}

static genlat_status model_save(gnl_model *model, const char *path)
{
    return gnl_vae_save(of_model(model), path);
}

/* Everything that training moves but the optimizer's moments. */
static void visit_numbers(const genlat_vae *vae, gnl_real *out, const gnl_real *in)
{
    const struct {
        gnl_real *data;
        int64_t count;
    } parts[] = {{vae->encoder->value, vae->encoder->values},
                 {vae->encoder->state, vae->encoder->states},
                 {vae->decoder->value, vae->decoder->values},
                 {vae->decoder->state, vae->decoder->states},
                 {vae->loss->value, vae->loss->values}};
    for (size_t i = 0; i < GNL_COUNT(parts); i++) {
        size_t bytes = (size_t)parts[i].count * sizeof(gnl_real);
        if (out)
            memcpy(out, parts[i].data, bytes);
        else
            memcpy(parts[i].data, in, bytes);
        out = out ? out + parts[i].count : NULL;
        in = in ? in + parts[i].count : NULL;
    }
}

static int64_t snapshot_size(const gnl_model *model)
{
    const genlat_vae *vae = of_model(model);
    return vae->encoder->values + vae->encoder->states + vae->decoder->values + vae->decoder->states +
           vae->loss->values;
}

static void snapshot(const gnl_model *model, gnl_real *out)
{
    visit_numbers(of_model(model), out, NULL);
}

static void restore(gnl_model *model, const gnl_real *in)
{
    visit_numbers(of_model(model), NULL, in);
}

static const gnl_model_type vae_type = {
    .name = "vae",
    .terms = term_names,
    .step = model_step,
    .evaluate = model_evaluate,
    .save = model_save,
    .release = gnl_vae_release,
    .snapshot_size = snapshot_size,
    .snapshot = snapshot,
    .restore = restore,
};

/* ---- making ---------------------------------------------------------------------------------- */

static genlat_status make_nets(genlat_vae *vae, genlat_net *encoder, genlat_net *decoder)
{
    const gnl_vae_recipe *r = &vae->recipe;
    const gnl_shape condition = {1, {vae->condition}}, latent = {1, {r->opts.latent}};
    const gnl_shape in_shapes[] = {r->data, condition}, out_shapes[] = {latent, condition};
    static const char *const in_names[] = {"x", "c"}, *const out_names[] = {"z", "c"};
    int inputs = 1 + gnl_vae_condition_inputs(r);
    genlat_ctx *ctx = vae->model.object.ctx;
    if (encoder) {
        vae->encoder = gnl_net_retain(encoder);
        vae->decoder = gnl_net_retain(decoder);
        return GENLAT_OK;
    }
    genlat_status status = gnl_net_from_text(ctx, inputs, in_names, in_shapes, r->encoder, &vae->encoder);
    if (status != GENLAT_OK)
        return gnl_fail_in(status, "encoder");
    status = gnl_net_from_text(ctx, inputs, out_names, out_shapes, r->decoder, &vae->decoder);
    if (status != GENLAT_OK)
        return gnl_fail_in(status, "decoder");
    /* The decoder's weights are drawn from substreams of their own. */
    return gnl_net_init(vae->decoder, (uint64_t)gnl_ctx_opts(ctx)->seed, 1);
}

static genlat_status check_input(const genlat_net *net, int index, const gnl_shape *wanted, const char *name)
{
    char found[GNL_SHAPE_TEXT], text[GNL_SHAPE_TEXT];
    if (index >= net->inputs || !gnl_shape_equal(&net->node[index].shape, wanted))
        return gnl_fail(GENLAT_E_SHAPE, "%s: input %d is %s, %s wanted", name, index,
                        index < net->inputs ? gnl_shape_format(&net->node[index].shape, found) : "missing",
                        gnl_shape_format(wanted, text));
    return GENLAT_OK;
}

/* The first input must reach an output: without it the decoder would tell nothing of the latent, and there would be no
 * gradient to send back. With two inputs a text that names none goes on from the last, the condition. */
static genlat_status check_reached(const genlat_net *net, const char *name)
{
    bool *reached = gnl_calloc(net->object.ctx, (size_t)net->nodes, sizeof *reached), used = false;
    if (!reached)
        return GENLAT_E_MEMORY;
    reached[0] = true;
    for (int i = net->inputs; i < net->nodes; i++)
        for (int k = 0; k < net->node[i].inputs; k++)
            reached[i] = reached[i] || reached[net->node[i].input[k]];
    for (int i = 0; i < net->outputs; i++)
        used = used || reached[net->output[i]];
    gnl_free(net->object.ctx, reached);
    if (used)
        return GENLAT_OK;
    return gnl_fail(GENLAT_E_INVALID,
                    "%s: its input %s is not used; begin with a layer that names it, as in "
                    "'concat from=%s,c'",
                    name, net->node[0].name, net->node[0].name);
}

static genlat_status check_inputs(const genlat_vae *vae)
{
    const gnl_shape latent = {1, {vae->recipe.opts.latent}}, condition = {1, {vae->condition}};
    GNL_TRY(check_input(vae->encoder, 0, &vae->recipe.data, "encoder"));
    GNL_TRY(check_input(vae->decoder, 0, &latent, "decoder"));
    GNL_TRY(check_reached(vae->encoder, "encoder"));
    GNL_TRY(check_reached(vae->decoder, "decoder"));
    if (!vae->condition)
        return GENLAT_OK;
    GNL_TRY(check_input(vae->encoder, 1, &condition, "encoder"));
    return check_input(vae->decoder, 1, &condition, "decoder");
}

static genlat_status check_outputs(const genlat_vae *vae)
{
    const genlat_net *e = vae->encoder, *d = vae->decoder;
    int heads = vae->recipe.opts.kind == GENLAT_VAE_PLAIN ? 1 : 2;
    for (int i = 0; i < heads; i++) {
        int64_t count = i < e->outputs ? gnl_shape_count(&e->node[e->output[i]].shape) : 0;
        if (count != vae->recipe.opts.latent)
            return gnl_fail(GENLAT_E_SHAPE, "encoder: output %d has %lld numbers, the latent has %lld", i,
                            (long long)count, (long long)vae->recipe.opts.latent);
    }
    int64_t count = gnl_shape_count(&d->node[d->output[0]].shape);
    if (count != vae->size * vae->parts)
        return gnl_fail(GENLAT_E_SHAPE,
                        "decoder: gives %lld numbers, the likelihood wants %lld for each of %lld",
                        (long long)count, (long long)vae->parts, (long long)vae->size);
    genlat_status status = gnl_loss_check_order(vae->loss, &d->node[d->output[0]].shape);
    return status == GENLAT_OK ? status : gnl_fail_in(status, "decoder");
}

/* The importance-weighted bound is that of a VAE whose KL enters as it is. */
static genlat_status check_bound(const genlat_vae_opts *o)
{
    bool other = o->kind == GENLAT_VAE_PLAIN || o->free_bits > 0 || o->gamma > 0;
    if (o->bound == GENLAT_BOUND_IMPORTANCE && other)
        return gnl_fail(GENLAT_E_UNSUPPORTED,
                        "bound=importance goes with no plain autoencoder, no free bits and no capacity; "
                        "take bound=elbo for these");
    return GENLAT_OK;
}

static genlat_status make_schedules(genlat_vae *vae)
{
    genlat_ctx *ctx = vae->model.object.ctx;
    if (*vae->recipe.lr_schedule)
        GNL_TRY(gnl_schedule_parse(ctx, vae->recipe.lr_schedule, &vae->lr_schedule));
    if (*vae->recipe.beta_schedule)
        GNL_TRY(gnl_schedule_parse(ctx, vae->recipe.beta_schedule, &vae->beta_schedule));
    return GENLAT_OK;
}

static genlat_status make_optimizer(genlat_vae *vae, const char *text, genlat_optim **out)
{
    genlat_optim *optim = NULL;
    GNL_TRY(gnl_optim_parse(vae->model.object.ctx, text, &optim));
    genlat_status status = gnl_optim_add(optim, vae->encoder, NULL, NULL);
    if (status == GENLAT_OK)
        status = gnl_optim_add(optim, vae->decoder, NULL, NULL);
    if (status == GENLAT_OK && gnl_loss_trains(vae->loss))
        status = gnl_optim_add_loss(optim, vae->loss, NULL);
    if (status == GENLAT_OK)
        *out = optim;
    else
        gnl_optim_release(optim);
    return status;
}

static genlat_status fill_model(genlat_vae *vae, genlat_net *encoder, genlat_net *decoder)
{
    const gnl_vae_recipe *r = &vae->recipe;
    vae->model.type = &vae_type;
    vae->model.data = r->data;
    vae->model.classes = r->classes;
    vae->model.vector = r->vector;
    vae->model.train_epochs = r->epochs;
    vae->model.train_batch = r->batch;
    vae->model.train_restores_best = r->restore_best;
    vae->size = gnl_shape_count(&r->data);
    vae->condition = r->classes + r->vector;
    GNL_TRY(gnl_loss_parse(vae->model.object.ctx, r->likelihood, &vae->loss));
    vae->parts = gnl_loss_parts(vae->loss);
    if (vae->parts < 1)
        return gnl_fail(GENLAT_E_INVALID, "'%s' is no likelihood of data", r->likelihood);
    GNL_TRY(make_nets(vae, encoder, decoder));
    GNL_TRY(check_inputs(vae));
    GNL_TRY(check_outputs(vae));
    GNL_TRY(check_bound(&r->opts));
    GNL_TRY(make_schedules(vae));
    GNL_TRY(make_optimizer(vae, r->optimizer, &vae->optim));
    GNL_TRY(gnl_model_check_optimizer(vae->optim, "optimizer"));
    vae->lr = gnl_optim_lr(vae->optim);
    return GENLAT_OK;
}

genlat_status gnl_vae_make(genlat_ctx *ctx, const gnl_vae_recipe *recipe, genlat_net *encoder,
                           genlat_net *decoder, genlat_vae **out)
{
    genlat_vae *vae = gnl_object_new(ctx, sizeof *vae);
    if (!vae)
        return GENLAT_E_MEMORY;
    pthread_mutex_init(&vae->lock, NULL);
    vae->recipe = *recipe;
    genlat_status status = fill_model(vae, encoder, decoder);
    if (status == GENLAT_OK) {
        *out = vae;
        return GENLAT_OK;
    }
    vae->model.type = &vae_type;
    gnl_model_release(&vae->model);
    return status;
}

void gnl_vae_release(gnl_model *model)
{
    genlat_vae *vae = of_model(model);
    genlat_ctx *ctx = model->object.ctx;
    gnl_vae_work_free(ctx, vae->work);
    gnl_vae_desks_free(vae);
    gnl_optim_release(vae->optim);
    gnl_schedule_release(vae->lr_schedule);
    gnl_schedule_release(vae->beta_schedule);
    gnl_net_release(vae->encoder);
    gnl_net_release(vae->decoder);
    gnl_loss_release(vae->loss);
    gnl_tensor_release(model->offset);
    gnl_tensor_release(model->scale);
    gnl_free(ctx, vae->saved_state);
    pthread_mutex_destroy(&vae->lock);
    gnl_object_free(vae);
}

/* ---- output bias ----------------------------------------------------------------------------- */

/* The decoder's last bias: one number an element of the data, or one a channel. */
static int last_bias(const genlat_net *net)
{
    for (int i = net->weights - 1; i >= 0; i--)
        if (strcmp(net->weight[i].param.name, "bias") == 0)
            return i;
    return -1;
}

static gnl_real logit_of_mean(const double *mean, int64_t count)
{
    double total = 0;
    for (int64_t i = 0; i < count; i++)
        total += mean[i];
    double p = GNL_MIN(GNL_MAX(total / (double)count, 1e-3), 1 - 1e-3);
    return (gnl_real)(log(p) - log1p(-p));
}

genlat_status gnl_vae_bias_from(genlat_vae *vae, const genlat_source *source)
{
    int index = last_bias(vae->decoder);
    int64_t count = index < 0 ? 0 : vae->decoder->weight[index].count;
    if (strcmp(vae->loss->type->name, "bernoulli") != 0 || count < 1 || vae->size % count)
        return gnl_fail(GENLAT_E_UNSUPPORTED,
                        "output_bias=data wants a Bernoulli decoder that ends in a bias");
    gnl_source_stats stats;
    GNL_TRY(gnl_source_stats_new(source, &stats));
    gnl_real *bias = gnl_net_weight_data(vae->decoder, index);
    for (int64_t i = 0; i < count; i++)
        bias[i] = logit_of_mean(stats.mean + i * (vae->size / count), vae->size / count);
    gnl_source_stats_free(source, &stats);
    return GENLAT_OK;
}

/* ---- public ---------------------------------------------------------------------------------- */

void genlat_vae_destroy(genlat_vae **vae)
{
    if (!vae)
        return;
    if (*vae)
        gnl_model_release(&(*vae)->model);
    *vae = NULL;
}

int64_t genlat_vae_latent(const genlat_vae *vae)
{
    return vae ? vae->recipe.opts.latent : 0;
}

genlat_status genlat_vae_data_shape(const genlat_vae *vae, int32_t *ndim, int64_t *dims)
{
    GNL_REQUIRE(vae, "genlat_vae_data_shape", "vae is NULL");
    GNL_REQUIRE(ndim, "genlat_vae_data_shape", "ndim is NULL");
    GNL_REQUIRE(dims, "genlat_vae_data_shape", "dims is NULL");
    *ndim = vae->recipe.data.ndim;
    memcpy(dims, vae->recipe.data.dim, sizeof vae->recipe.data.dim);
    return GENLAT_OK;
}

genlat_status genlat_vae_condition(const genlat_vae *vae, int64_t *classes, int64_t *vector)
{
    GNL_REQUIRE(vae, "genlat_vae_condition", "vae is NULL");
    if (classes)
        *classes = vae->recipe.classes;
    if (vector)
        *vector = vae->recipe.vector;
    return GENLAT_OK;
}

genlat_net *genlat_vae_encoder(genlat_vae *vae)
{
    return vae ? vae->encoder : NULL;
}

genlat_net *genlat_vae_decoder(genlat_vae *vae)
{
    return vae ? vae->decoder : NULL;
}

genlat_status genlat_vae_optimizer(genlat_vae *vae, const char *text, genlat_optim **out)
{
    GNL_REQUIRE(out, "genlat_vae_optimizer", "out is NULL");
    *out = NULL;
    GNL_REQUIRE(vae, "genlat_vae_optimizer", "vae is NULL");
    GNL_REQUIRE(text, "genlat_vae_optimizer", "text is NULL");
    genlat_status status = make_optimizer(vae, text, out);
    return status == GENLAT_OK ? status : gnl_fail_in(status, "genlat_vae_optimizer");
}

genlat_status genlat_vae_describe(const genlat_vae *vae, char *text, size_t capacity)
{
    GNL_REQUIRE(vae, "genlat_vae_describe", "vae is NULL");
    GNL_REQUIRE(text || capacity == 0, "genlat_vae_describe", "text is NULL");
    const gnl_vae_recipe *r = &vae->recipe;
    char options[512], data[GNL_SHAPE_TEXT], size[32];
    GNL_TRY(gnl_options_format(&gnl_vae_table, &r->opts, options, sizeof options));
    snprintf(size, sizeof size, "%lld", (long long)(gnl_net_size(vae->encoder) + gnl_net_size(vae->decoder)));
    size_t used = 0;
    gnl_describe_line(text, capacity, &used, 13, "data", gnl_shape_format(&r->data, data));
    gnl_describe_line(text, capacity, &used, 13, "options", *options ? options : "defaults");
    gnl_describe_line(text, capacity, &used, 13, "likelihood", r->likelihood);
    gnl_describe_line(text, capacity, &used, 13, "optimizer", r->optimizer);
    if (*r->lr_schedule)
        gnl_describe_line(text, capacity, &used, 13, "lr_schedule", r->lr_schedule);
    if (*r->beta_schedule)
        gnl_describe_line(text, capacity, &used, 13, "beta_schedule", r->beta_schedule);
    gnl_describe_line(text, capacity, &used, 13, "weights", size);
    gnl_describe_line(text, capacity, &used, 13, "encoder", "");
    used = gnl_net_describe(vae->encoder, text, capacity, used);
    gnl_describe_line(text, capacity, &used, 13, "decoder", "");
    used = gnl_net_describe(vae->decoder, text, capacity, used);
    if (used >= capacity)
        return gnl_fail(GENLAT_E_RANGE, "genlat_vae_describe: %zu bytes of room, %zu wanted", capacity,
                        used + 1);
    return GENLAT_OK;
}
