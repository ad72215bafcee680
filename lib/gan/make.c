/* SPDX-License-Identifier: MIT */
/* Creates a GAN from its configuration and nets: penalties, augmentations, averaged generator, and checks that the
 * shapes match. */
#include <stdio.h>

#include "gan/gan_priv.h"

static genlat_status check_inputs(const genlat_model *model)
{
    for (int net = 0; model->type->nets[net].name; net++) {
        const char *name = model->type->nets[net].name;
        gnl_input_list in = gnl_gan_inputs(model->config, net);
        /* With an auxiliary classifier the condition is optional as a second input, but its shape must match. */
        if (gnl_gan_condition(gnl_gan_config_of(model)) && in.count == 1 && gnl_net_inputs(model->net[net]) > 1)
            in.shape[in.count++] = (gnl_shape){1, {model->condition * gnl_gan_config_of(model)->opts.packing}};
        GNL_TRY(gnl_model_check_inputs(model->net[net], &in, name));
        GNL_TRY(gnl_model_check_reached(model->net[net], 0, name));
    }
    return GENLAT_OK;
}

static genlat_status check_outputs(const genlat_model *model)
{
    const genlat_net *g = model->net[GNL_GENERATOR], *d = model->net[GNL_DISCRIMINATOR];
    const int64_t g_outputs = gnl_shape_count(gnl_net_output_shape(g, 0));
    const int64_t d_outputs = gnl_shape_count(gnl_net_output_shape(d, 0));
    if (g_outputs != model->size)
        return gnl_fail(GENLAT_E_SHAPE, "generator: has %lld outputs, %lld expected, the elements of a sample",
                        (long long)g_outputs, (long long)model->size);
    if (d_outputs != 1)
        return gnl_fail(GENLAT_E_SHAPE, "discriminator: has %lld outputs, 1 expected", (long long)d_outputs);
    return GENLAT_OK;
}

/* Makes a node an output of the discriminator, and stores its index. */
static genlat_status find_output(genlat_net *net, const char *name, int *out)
{
    *out = gnl_net_want_output(net, name);
    return *out >= 0 ? GENLAT_OK : gnl_fail(GENLAT_E_NOT_FOUND, "discriminator: a node named '%s' expected", name);
}

/* Finds the outputs of the discriminator that have additional losses. */
static genlat_status find_outputs(gnl_gan *gan)
{
    const gnl_gan_config *c = gnl_gan_config_of(&gan->model);
    genlat_net *d = gan->model.net[GNL_DISCRIMINATOR];
    const int64_t expected = c->base.classes * c->opts.packing;
    gan->classes_output = gan->features_output = -1;
    if (c->opts.feature_matching > 0)
        GNL_TRY(find_output(d, "features", &gan->features_output));
    if (!gan->model.condition ||
        (c->opts.conditioning != GENLAT_GAN_CONDITIONING_AUXILIARY && !gnl_gan_is_classifier(c)))
        return GENLAT_OK;
    if (!c->base.classes)
        return gnl_fail(GENLAT_E_RANGE, "conditioning=%s needs classes, but the condition is a vector",
                        gnl_gan_is_classifier(c) ? "classifier" : "auxiliary");
    GNL_TRY(find_output(d, "classes", &gan->classes_output));
    int64_t found = gnl_shape_count(gnl_net_output_shape(d, gan->classes_output));
    if (found != expected)
        return gnl_fail(GENLAT_E_SHAPE, "discriminator: 'classes' has %lld numbers, %lld expected", (long long)found,
                        (long long)expected);
    return GENLAT_OK;
}

static genlat_status check_smoothing(const genlat_gan_opts *o)
{
    double smoothing = o->label_smoothing + o->label_smoothing_fake;
    if (smoothing > 0 && !gnl_adversarial_smooths(o->loss))
        return gnl_fail(GENLAT_E_RANGE, "label_smoothing is %g, 0 expected because loss %s has no targets", smoothing,
                        gnl_adversarial_names[o->loss]);
    return GENLAT_OK;
}

/* Returns an error for settings that do not fit together. */
static genlat_status check_options(const gnl_gan_config *c)
{
    const genlat_gan_opts *o = &c->opts;
    if (gnl_adversarial_is_one_sided(o->loss) && o->feature_matching == 0)
        return gnl_fail(GENLAT_E_RANGE,
                        "loss is %s, but feature_matching is 0, so that the generator has no loss; set "
                        "feature_matching, such as 1, or another loss",
                        gnl_adversarial_names[o->loss]);
    if (gnl_gan_is_classifier(c) && o->packing > 1)
        return gnl_fail(GENLAT_E_RANGE,
                        "packing is %lld, 1 expected with conditioning=classifier, because labels belong "
                        "to single samples",
                        (long long)o->packing);
    if (o->init_samples > 0 && gnl_gan_inputs(&c->base, GNL_DISCRIMINATOR).count > 1)
        return gnl_fail(GENLAT_E_UNSUPPORTED,
                        "init_samples is %lld, 0 expected because the discriminator has a condition",
                        (long long)o->init_samples);
    return check_smoothing(o);
}

static const char *const terms[] = {
    "d_loss", "g_loss", "d_real", "d_fake", "penalty", "d_grad_norm", "g_grad_norm", "diversity", "augment_probability",
    NULL};
static const char *const classifier_terms[] = {"d_loss",      "g_loss",    "d_real",
                                               "d_fake",      "penalty",   "d_grad_norm",
                                               "g_grad_norm", "diversity", "augment_probability",
                                               "label_loss",  "accuracy",  NULL};

genlat_status gnl_gan_make(genlat_model *model)
{
    gnl_gan *gan = gnl_gan_of(model);
    const gnl_gan_config *c = gnl_gan_config_of(model);
    char penalties[GNL_SPEC_TEXT];
    model->terms = gnl_gan_is_classifier(c) ? classifier_terms : terms;
    gan->last.size = sizeof gan->last;
    GNL_TRY(check_options(c));
    GNL_TRY(gnl_augment_parse(c->augment, &c->base.data, &gan->augment));
    if (gan->augment.count && c->opts.augment_target == 0)
        gan->probability = c->opts.augment_probability;
    GNL_TRY(check_inputs(model));
    GNL_TRY(check_outputs(model));
    GNL_TRY(find_outputs(gan));
    GNL_TRY(gnl_gan_find_penalties(c, penalties, sizeof penalties));
    GNL_TRY(gnl_penalties_parse(penalties, &gan->penalties));
    GNL_TRY(gnl_gan_check_training(model));
    GNL_TRY(gnl_gan_make_averages(model));
    return gnl_penalties_make(&gan->penalties, model);
}

/* Sets beta2 of the optimizers to the first value of its schedule. */
genlat_status gnl_gan_finish(genlat_model *model)
{
    const genlat_schedule *schedule = model->schedule[GNL_GAN_BETA2_SCHEDULE];
    double start = schedule ? gnl_schedule_value(schedule, 0) : 0;
    for (int i = 0; schedule && i < 2; i++)
        if (!gnl_optim_set_real(model->optimizer[i].optim, "beta2", start))
            return gnl_fail(GENLAT_E_UNSUPPORTED,
                            "beta2_schedule is set, but an optimizer has no beta2; use adam or remove the schedule");
    return GENLAT_OK;
}

void gnl_gan_release(genlat_model *model)
{
    gnl_gan *gan = gnl_gan_of(model);
    for (int net = GNL_GENERATOR; net <= GNL_DISCRIMINATOR; net++) {
        gnl_ema_release(gan->ema[net]);
        gnl_net_release(gan->average[net]);
    }
    gnl_penalties_free(&gan->penalties, model->object.ctx);
}
