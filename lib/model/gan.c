/* SPDX-License-Identifier: MIT */
/* The GAN: made of its recipe, given back, looked at. */
#include <stdio.h>

#include "model/gan_priv.h"

static const char *const term_names[] = {"d_loss",      "g_loss",      "d_real",    "d_fake",   "penalty",
                                         "d_grad_norm", "g_grad_norm", "diversity", "strength", NULL};

/* ---- what the trainer sees ------------------------------------------------------------------- */

static genlat_gan *of_model(const gnl_model *model)
{
    return (genlat_gan *)(uintptr_t)model;
}

gnl_model *gnl_gan_model(genlat_gan *gan)
{
    return &gan->model;
}

static genlat_status model_step(gnl_model *model, const genlat_tensor *x, const genlat_tensor *labels,
                                double *terms)
{
    genlat_gan *gan = of_model(model);
    GNL_TRY(gnl_gan_step(gan, x, labels, "genlat_trainer_run"));
    const genlat_gan_terms *t = &gan->last;
    const double all[] = {t->d_loss,      t->g_loss,      t->d_real,    t->d_fake,  t->penalty,
                          t->d_grad_norm, t->g_grad_norm, t->diversity, t->strength};
    memcpy(terms, all, sizeof all);
    return GENLAT_OK;
}

static genlat_status model_save(gnl_model *model, const char *path)
{
    return gnl_gan_save(of_model(model), path);
}

/* No number of a GAN tells on other data which weights are best: it is neither validated nor restored. */
static const gnl_model_type gan_type = {
    .name = "gan",
    .terms = term_names,
    .step = model_step,
    .save = model_save,
    .release = gnl_gan_release,
};

/* ---- making ---------------------------------------------------------------------------------- */

gnl_shape gnl_gan_packed(const gnl_gan_recipe *recipe)
{
    gnl_shape packed = recipe->data;
    packed.dim[0] *= recipe->opts.packing;
    return packed;
}

bool gnl_gan_penalised(const gnl_gan_recipe *recipe)
{
    return recipe->opts.r1 > 0 || recipe->opts.r2 > 0 || recipe->opts.gp > 0;
}

bool gnl_gan_nears(const gnl_gan_recipe *recipe)
{
    return recipe->opts.approx_r1 > 0 || recipe->opts.approx_r2 > 0;
}

static genlat_status make_nets(genlat_gan *gan, genlat_net *generator, genlat_net *discriminator)
{
    const gnl_gan_recipe *r = &gan->recipe;
    const gnl_shape made[] = {{1, {r->opts.latent}}, {1, {gan->condition}}};
    const gnl_shape seen[] = {gnl_gan_packed(r), {1, {gan->condition * r->opts.packing}}};
    static const char *const made_names[] = {"z", "c"}, *const seen_names[] = {"x", "c"};
    genlat_ctx *ctx = gan->model.object.ctx;
    int inputs = gan->condition ? 2 : 1;
    bool told = r->opts.conditioning != GENLAT_GAN_CONDITIONING_AUXILIARY;
    if (generator) {
        gan->generator = gnl_net_retain(generator);
        gan->discriminator = gnl_net_retain(discriminator);
        return GENLAT_OK;
    }
    genlat_status status = gnl_net_from_text(ctx, inputs, made_names, made, r->generator, &gan->generator);
    if (status != GENLAT_OK)
        return gnl_fail_in(status, "generator");
    status =
        gnl_net_from_text(ctx, told ? inputs : 1, seen_names, seen, r->discriminator, &gan->discriminator);
    if (status != GENLAT_OK)
        return gnl_fail_in(status, "discriminator");
    /* The critic's weights are drawn from substreams of their own. */
    return gnl_net_init(gan->discriminator, (uint64_t)gnl_ctx_opts(ctx)->seed, 1);
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

static genlat_status check_nets(const genlat_gan *gan)
{
    const gnl_gan_recipe *r = &gan->recipe;
    const gnl_shape latent = {1, {r->opts.latent}}, condition = {1, {gan->condition}};
    const gnl_shape seen = gnl_gan_packed(r), packed = {1, {gan->condition * r->opts.packing}};
    GNL_TRY(check_input(gan->generator, 0, &latent, "generator"));
    GNL_TRY(check_input(gan->discriminator, 0, &seen, "discriminator"));
    if (gan->condition) {
        GNL_TRY(check_input(gan->generator, 1, &condition, "generator"));
        if (gan->discriminator->inputs > 1 || r->opts.conditioning != GENLAT_GAN_CONDITIONING_AUXILIARY)
            GNL_TRY(check_input(gan->discriminator, 1, &packed, "discriminator"));
    }
    const genlat_net *g = gan->generator, *d = gan->discriminator;
    int64_t made = gnl_shape_count(&g->node[g->output[0]].shape),
            said = gnl_shape_count(&d->node[d->output[0]].shape);
    if (made != gan->size)
        return gnl_fail(GENLAT_E_SHAPE, "generator: gives %lld numbers, a sample has %lld", (long long)made,
                        (long long)gan->size);
    if (said != 1)
        return gnl_fail(GENLAT_E_SHAPE, "discriminator: gives %lld numbers, 1 wanted", (long long)said);
    return GENLAT_OK;
}

/* The output of the critic that a node is; made one where the net is the model's own. */
static genlat_status find_output(genlat_gan *gan, const char *name, bool own, int *out)
{
    genlat_net *net = gan->discriminator;
    int node = gnl_net_find_node(net, name);
    for (*out = 0; *out < net->outputs && net->output[*out] != node; ++*out)
        ;
    if (node < 0 || (*out == net->outputs && (!own || net->outputs == GENLAT_MAX_OUTPUTS)))
        return gnl_fail(GENLAT_E_NOT_FOUND, "discriminator: no output is called '%s'", name);
    if (*out == net->outputs)
        net->output[net->outputs++] = node;
    return GENLAT_OK;
}

/* Outputs that losses of their own are taken on. */
static genlat_status find_outputs(genlat_gan *gan, bool own)
{
    const gnl_gan_recipe *r = &gan->recipe;
    int64_t wanted = r->classes * r->opts.packing;
    gan->classes_output = gan->features_output = -1;
    if (r->opts.feature_matching > 0)
        GNL_TRY(find_output(gan, "features", own, &gan->features_output));
    if (!gan->condition || r->opts.conditioning != GENLAT_GAN_CONDITIONING_AUXILIARY)
        return GENLAT_OK;
    if (!r->classes)
        return gnl_fail(GENLAT_E_RANGE, "conditioning is auxiliary, which wants classes, not vectors");
    GNL_TRY(find_output(gan, "classes", own, &gan->classes_output));
    const genlat_net *d = gan->discriminator;
    int64_t found = gnl_shape_count(&d->node[d->output[gan->classes_output]].shape);
    if (found != wanted)
        return gnl_fail(GENLAT_E_SHAPE, "discriminator: 'classes' has %lld numbers, %lld wanted",
                        (long long)found, (long long)wanted);
    return GENLAT_OK;
}

static genlat_status make_history(genlat_gan *gan)
{
    const genlat_net *const nets[] = {gan->generator, gan->discriminator};
    for (int i = 0; gan->recipe.opts.history > 0 && i < 2; i++) {
        gan->history[i] = gnl_calloc(gan->model.object.ctx, (size_t)nets[i]->values, sizeof(gnl_real));
        if (!gan->history[i])
            return GENLAT_E_MEMORY;
    }
    return GENLAT_OK;
}

static genlat_status make_schedules(genlat_gan *gan)
{
    const struct {
        const char *text;
        genlat_schedule **out;
    } all[] = {{gan->recipe.lr_schedule, &gan->lr_schedule},
               {gan->recipe.noise_schedule, &gan->noise_schedule},
               {gan->recipe.penalty_schedule, &gan->penalty_schedule},
               {gan->recipe.beta2_schedule, &gan->beta2_schedule}};
    for (size_t i = 0; i < GNL_COUNT(all); i++)
        if (*all[i].text)
            GNL_TRY(gnl_schedule_parse(gan->model.object.ctx, all[i].text, all[i].out));
    return GENLAT_OK;
}

static genlat_status make_optimizer(genlat_net *net, const char *text, genlat_optim **out)
{
    GNL_TRY(gnl_optim_parse(net->object.ctx, text, out));
    GNL_TRY(gnl_model_check_optimizer(*out, "optimizer"));
    return gnl_optim_add(*out, net, NULL, NULL);
}

static genlat_status make_optimizers(genlat_gan *gan)
{
    const gnl_gan_recipe *r = &gan->recipe;
    GNL_TRY(make_optimizer(gan->generator, r->optimizer_g, &gan->optim_g));
    GNL_TRY(
        make_optimizer(gan->discriminator, *r->optimizer_d ? r->optimizer_d : r->optimizer_g, &gan->optim_d));
    double start = gan->beta2_schedule ? gnl_schedule_value(gan->beta2_schedule, 0) : 0;
    if (gan->beta2_schedule && !(gnl_optim_set_real(gan->optim_g, "beta2", start) &&
                                 gnl_optim_set_real(gan->optim_d, "beta2", start)))
        return gnl_fail(GENLAT_E_UNSUPPORTED, "beta2_schedule: an optimizer has no beta2");
    gan->lr_g = gnl_optim_lr(gan->optim_g);
    gan->lr_d = gnl_optim_lr(gan->optim_d);
    return GENLAT_OK;
}

static genlat_status make_average(genlat_gan *gan)
{
    const genlat_gan_opts *o = &gan->recipe.opts;
    genlat_ema_opts opts;
    if (o->ema == 0) {
        gan->average = gnl_net_retain(gan->generator);
        return GENLAT_OK;
    }
    genlat_ema_opts_init_sized(&opts, sizeof opts);
    opts.half_life = o->ema;
    opts.ramp_up = o->ema_ramp;
    GNL_TRY(gnl_ema_new(gan->generator, &opts, &gan->ema));
    return gnl_net_twin(gan->generator, &gan->average);
}

static genlat_status fill_model(genlat_gan *gan, genlat_net *generator, genlat_net *discriminator)
{
    const gnl_gan_recipe *r = &gan->recipe;
    gan->model.data = r->data;
    gan->model.classes = r->classes;
    gan->model.vector = r->vector;
    gan->model.train_epochs = r->epochs;
    gan->model.train_batch = r->batch;
    gan->size = gnl_shape_count(&r->data);
    gan->condition = gnl_model_condition(&gan->model);
    double smoothing = r->opts.label_smoothing + r->opts.label_smoothing_fake;
    if (smoothing > 0 && !gnl_adversarial_smooths(r->opts.loss))
        return gnl_fail(GENLAT_E_RANGE, "label_smoothing is %g, the loss %s has no target to move", smoothing,
                        gnl_adversarial_names[r->opts.loss]);
    GNL_TRY(gnl_augment_parse(r->augment, &r->data, &gan->augment));
    if (gan->augment.changes && r->opts.augment_target == 0)
        gan->strength = r->opts.augment_strength;
    GNL_TRY(make_nets(gan, generator, discriminator));
    GNL_TRY(check_nets(gan));
    GNL_TRY(find_outputs(gan, !discriminator));
    GNL_TRY(make_history(gan));
    GNL_TRY(gnl_gan_check_training(gan));
    GNL_TRY(make_schedules(gan));
    GNL_TRY(make_optimizers(gan));
    return make_average(gan);
}

genlat_status gnl_gan_make(genlat_ctx *ctx, const gnl_gan_recipe *recipe, genlat_net *generator,
                           genlat_net *discriminator, genlat_gan **out)
{
    genlat_gan *gan = gnl_object_new(ctx, sizeof *gan);
    if (!gan)
        return GENLAT_E_MEMORY;
    pthread_mutex_init(&gan->lock, NULL);
    gan->model.type = &gan_type;
    gan->recipe = *recipe;
    gan->last.size = sizeof gan->last;
    genlat_status status = fill_model(gan, generator, discriminator);
    if (status == GENLAT_OK)
        *out = gan;
    else
        gnl_model_release(&gan->model);
    return status;
}

void gnl_gan_release(gnl_model *model)
{
    genlat_gan *gan = of_model(model);
    genlat_ctx *ctx = model->object.ctx;
    gnl_gan_work_free(ctx, gan->work);
    for (int i = 0; i < GNL_GAN_PARTS; i++)
        gnl_exec_release(gan->idle[i]);
    gnl_optim_release(gan->optim_g);
    gnl_optim_release(gan->optim_d);
    gnl_ema_release(gan->ema);
    gnl_schedule_release(gan->lr_schedule);
    gnl_schedule_release(gan->noise_schedule);
    gnl_schedule_release(gan->penalty_schedule);
    gnl_schedule_release(gan->beta2_schedule);
    gnl_net_release(gan->average);
    gnl_net_release(gan->generator);
    gnl_net_release(gan->discriminator);
    gnl_tensor_release(model->offset);
    gnl_tensor_release(model->scale);
    gnl_free(ctx, gan->history[0]);
    gnl_free(ctx, gan->history[1]);
    gnl_free(ctx, gan->saved);
    pthread_mutex_destroy(&gan->lock);
    gnl_object_free(gan);
}

void gnl_gan_refresh(genlat_gan *gan)
{
    pthread_mutex_lock(&gan->lock);
    if (gan->ema && atomic_exchange(&gan->stale, false)) {
        memcpy(gan->average->value, gan->ema->value, (size_t)gan->average->values * sizeof(gnl_real));
        memcpy(gan->average->state, gan->ema->state, (size_t)gan->average->states * sizeof(gnl_real));
    }
    pthread_mutex_unlock(&gan->lock);
}

/* ---- public ---------------------------------------------------------------------------------- */

void genlat_gan_destroy(genlat_gan **gan)
{
    if (!gan)
        return;
    if (*gan)
        gnl_model_release(&(*gan)->model);
    *gan = NULL;
}

int64_t genlat_gan_latent(const genlat_gan *gan)
{
    return gan ? gan->recipe.opts.latent : 0;
}

genlat_status genlat_gan_data_shape(const genlat_gan *gan, int32_t *ndim, int64_t *dims)
{
    GNL_REQUIRE(gan, "genlat_gan_data_shape", "gan is NULL");
    GNL_REQUIRE(ndim, "genlat_gan_data_shape", "ndim is NULL");
    GNL_REQUIRE(dims, "genlat_gan_data_shape", "dims is NULL");
    *ndim = gan->recipe.data.ndim;
    memcpy(dims, gan->recipe.data.dim, sizeof gan->recipe.data.dim);
    return GENLAT_OK;
}

genlat_status genlat_gan_condition(const genlat_gan *gan, int64_t *classes, int64_t *vector)
{
    GNL_REQUIRE(gan, "genlat_gan_condition", "gan is NULL");
    if (classes)
        *classes = gan->recipe.classes;
    if (vector)
        *vector = gan->recipe.vector;
    return GENLAT_OK;
}

genlat_net *genlat_gan_generator(genlat_gan *gan)
{
    return gan ? gan->generator : NULL;
}

genlat_net *genlat_gan_average(genlat_gan *gan)
{
    if (!gan)
        return NULL;
    gnl_gan_refresh(gan);
    return gan->average;
}

genlat_net *genlat_gan_discriminator(genlat_gan *gan)
{
    return gan ? gan->discriminator : NULL;
}

static void describe_recipe(const gnl_gan_recipe *r, char *text, size_t capacity, size_t *used)
{
    const struct {
        const char *name, *value;
    } lines[] = {{"optimizer_g", r->optimizer_g},
                 {"optimizer_d", r->optimizer_d},
                 {"lr_schedule", r->lr_schedule},
                 {"noise_schedule", r->noise_schedule},
                 {"penalty_schedule", r->penalty_schedule},
                 {"beta2_schedule", r->beta2_schedule},
                 {"augment", r->augment}};
    for (size_t i = 0; i < GNL_COUNT(lines); i++)
        if (*lines[i].value)
            gnl_describe_line(text, capacity, used, 17, lines[i].name, lines[i].value);
}

genlat_status genlat_gan_describe(const genlat_gan *gan, char *text, size_t capacity)
{
    GNL_REQUIRE(gan, "genlat_gan_describe", "gan is NULL");
    GNL_REQUIRE(text || capacity == 0, "genlat_gan_describe", "text is NULL");
    char options[1024], data[GNL_SHAPE_TEXT], size[64];
    GNL_TRY(gnl_options_format(&gnl_gan_table, &gan->recipe.opts, options, sizeof options));
    snprintf(size, sizeof size, "%lld + %lld", (long long)gnl_net_size(gan->generator),
             (long long)gnl_net_size(gan->discriminator));
    size_t used = 0;
    gnl_describe_line(text, capacity, &used, 17, "data", gnl_shape_format(&gan->recipe.data, data));
    gnl_describe_line(text, capacity, &used, 17, "options", *options ? options : "defaults");
    describe_recipe(&gan->recipe, text, capacity, &used);
    gnl_describe_line(text, capacity, &used, 17, "weights", size);
    gnl_describe_line(text, capacity, &used, 17, "generator", "");
    used = gnl_net_describe(gan->generator, text, capacity, used);
    gnl_describe_line(text, capacity, &used, 17, "discriminator", "");
    used = gnl_net_describe(gan->discriminator, text, capacity, used);
    if (used >= capacity)
        return gnl_fail(GENLAT_E_RANGE, "genlat_gan_describe: %zu bytes of room, %zu wanted", capacity,
                        used + 1);
    return GENLAT_OK;
}
