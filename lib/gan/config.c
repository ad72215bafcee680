/* SPDX-License-Identifier: MIT */
/* The configuration of a GAN: options, texts, and their completion when the model is built. */
#include <stdio.h>

#include "gan/gan_priv.h"
#include "model/builder.h"

static const char *const kind_names[] = {"zero", "one", "one_sided", NULL};
static const char *const place_names[] = {"interpolate", "dragan", NULL};
static const char *const conditioning_names[] = {"concat", "projection", "auxiliary", "classifier", NULL};
static const char *const output_names[] = {"linear", "sigmoid", "tanh", NULL};

static const gnl_option options[] = {
    GNL_OPT_INT(genlat_gan_opts, latent, 0, 0, 65536,
                "latent dimensions; 0: the number of elements of a sample, at most 64"),
    GNL_OPT_INT(genlat_gan_opts, discriminator_steps, 1, 1, 1000, "discriminator steps per generator step"),
    GNL_OPT_INT(genlat_gan_opts, packing, 1, 1, 64, "samples that form one input of the discriminator"),
    GNL_OPT_INT(genlat_gan_opts, penalty_every, 1, 1, 1000,
                "compute gradient penalties in every n-th discriminator step"),
    GNL_OPT_REAL(genlat_gan_opts, r1, 0.1, 0, 1e9, "weight of |grad D|^2 / 2 at real samples"),
    GNL_OPT_REAL(genlat_gan_opts, r2, 0.1, 0, 1e9, "weight of |grad D|^2 / 2 at generated samples"),
    GNL_OPT_REAL(genlat_gan_opts, gp, 0, 0, 1e9, "weight of the penalty gp_kind at gp_place"),
    GNL_OPT_REAL(genlat_gan_opts, label_smoothing, 0, 0, 0.5, "amount subtracted from the target of real samples"),
    GNL_OPT_REAL(genlat_gan_opts, noise, 0, 0, 1e6, "standard deviation of noise added to the discriminator's inputs"),
    GNL_OPT_REAL(genlat_gan_opts, clip, 0, 0, 1e6,
                 "largest absolute value of the discriminator's weights; 0: no limit"),
    GNL_OPT_REAL(genlat_gan_opts, ema, 50000, 0, 1e15,
                 "half-life in samples of the average of the generator's weights; 0: no average"),
    GNL_OPT_REAL(genlat_gan_opts, ema_ramp, 0.05, 0, 1e6,
                 "limit of the half-life as a fraction of the samples so far; 0: no limit"),
    GNL_OPT_ENUM(genlat_gan_opts, loss, GENLAT_ADVERSARIAL_RELATIVISTIC_PAIR, GENLAT_ADVERSARIAL_FEATURES,
                 gnl_adversarial_names, "adversarial loss"),
    GNL_OPT_ENUM(genlat_gan_opts, gp_kind, GENLAT_PENALTY_ONE, GENLAT_PENALTY_ONE_SIDED, kind_names,
                 "target of the gradient norm in gp"),
    GNL_OPT_ENUM(genlat_gan_opts, gp_place, GENLAT_GAN_PLACE_INTERPOLATE, GENLAT_GAN_PLACE_DRAGAN, place_names,
                 "points at which gp is computed"),
    GNL_OPT_ENUM(genlat_gan_opts, output, GENLAT_GAN_OUTPUT_LINEAR, GENLAT_GAN_OUTPUT_TANH, output_names,
                 "output activation of the generator, if it is created from an architecture"),
    GNL_OPT_REAL(genlat_gan_opts, approx_r1, 0, 0, 1e9, "weight of (D(x) - D(x + noise))^2 at real samples"),
    GNL_OPT_REAL(genlat_gan_opts, approx_r2, 0, 0, 1e9, "weight of (D(x) - D(x + noise))^2 at generated samples"),
    GNL_OPT_REAL(genlat_gan_opts, approx_sd, 0.01, 0, 1e6,
                 "standard deviation of the noise of approx_r1 and approx_r2"),
    GNL_OPT_REAL(genlat_gan_opts, auxiliary, 1, 0, 1e9,
                 "weight of the cross-entropy of the classes, for conditioning=auxiliary and classifier"),
    GNL_OPT_REAL(genlat_gan_opts, feature_matching, 0, 0, 1e9,
                 "weight of the squared distance of the discriminator's mean features"),
    GNL_OPT_REAL(genlat_gan_opts, history, 0, 0, 1e9,
                 "weight of the squared distance of all weights from their mean over the steps"),
    GNL_OPT_REAL(genlat_gan_opts, augment_probability, 1, 0, 1,
                 "probability of each augmentation; with augment_target, its upper limit"),
    GNL_OPT_REAL(genlat_gan_opts, augment_target, 0, 0, 1,
                 "target of the discriminator's mean sign on real samples, which adapts the probability; 0: constant"),
    GNL_OPT_REAL(genlat_gan_opts, augment_speed, 500000, 1, 1e15,
                 "number of samples in which the adapted probability changes by 1"),
    GNL_OPT_REAL(genlat_gan_opts, orthogonal, 0, 0, 1e9,
                 "weight of |W W^T without its diagonal|^2 / 2 for the weight matrices of both nets"),
    GNL_OPT_REAL(genlat_gan_opts, label_smoothing_fake, 0, 0, 0.5, "amount added to the target of generated samples"),
    GNL_OPT_ENUM(genlat_gan_opts, conditioning, GENLAT_GAN_CONDITIONING_CONCAT, GENLAT_GAN_CONDITIONING_CLASSIFIER,
                 conditioning_names, "how the discriminator uses the condition"),
    GNL_OPT_BOOL(genlat_gan_opts, recompute, 0, "recompute activations in the backward pass to save memory"),
    GNL_OPT_REAL(genlat_gan_opts, ema_discriminator, 0, 0, 1e15,
                 "half-life in samples of the average of the discriminator's weights; 0: no average"),
    GNL_OPT_INT(genlat_gan_opts, init_samples, 0, 0, 1000000,
                "samples that initialize the discriminator's layers with weight norm; 0: none"),
};
static const char *const former[] = {"critic_steps", "discriminator_steps", /* former and current names */
                                     "augment_strength", "augment_probability", NULL};
static const gnl_options_table table = {"gan", sizeof(genlat_gan_opts), options, GNL_COUNT(options), .former = former};

static const gnl_text texts[] = {
    GNL_TEXT(gnl_gan_config, generator, GNL_TEXT_NET, GNL_TEXT_REQUIRED),
    GNL_TEXT(gnl_gan_config, discriminator, GNL_TEXT_NET, GNL_TEXT_REQUIRED),
    GNL_TEXT(gnl_gan_config, architecture, GNL_TEXT_BUILD, GNL_TEXT_REQUIRED),
    GNL_TEXT(gnl_gan_config, penalties, GNL_TEXT_SPEC, GNL_TEXT_OPTIONAL),
    GNL_TEXT(gnl_gan_config, augment, GNL_TEXT_SPEC, GNL_TEXT_OPTIONAL),
    GNL_TEXT(gnl_gan_config, optimizer_g, GNL_TEXT_OPTIMIZER, GNL_TEXT_REQUIRED),
    GNL_TEXT(gnl_gan_config, optimizer_d, GNL_TEXT_OPTIMIZER, GNL_TEXT_REQUIRED),
    GNL_TEXT(gnl_gan_config, lr_schedule, GNL_TEXT_SCHEDULE, GNL_TEXT_REQUIRED),
    GNL_TEXT(gnl_gan_config, noise_schedule, GNL_TEXT_SCHEDULE, GNL_TEXT_REQUIRED),
    GNL_TEXT(gnl_gan_config, penalty_schedule, GNL_TEXT_SCHEDULE, GNL_TEXT_REQUIRED),
    GNL_TEXT(gnl_gan_config, beta2_schedule, GNL_TEXT_SCHEDULE, GNL_TEXT_OPTIONAL),
};

const gnl_config_type gnl_gan_config_type = {"gan", sizeof(gnl_gan_config), &table, offsetof(gnl_gan_config, opts),
                                             texts, GNL_COUNT(texts)};

genlat_status genlat_gan_builder_options(genlat_model_builder *builder, genlat_gan_opts *opts)
{
    GNL_ENTER();
    return gnl_builder_get_options(builder, "gan", opts);
}

void genlat_gan_builder_set_options(genlat_model_builder *builder, const genlat_gan_opts *opts)
{
    GNL_ENTER();
    gnl_builder_set_options(builder, "gan", opts);
}

/* ---- penalties ------------------------------------------------------------------------------- */

static void append_penalty(char *out, size_t capacity, const char *name, double weight, const char *rest)
{
    char number[40];
    gnl_format_real(weight, number, sizeof number);
    if (weight > 0)
        gnl_text_append(out, capacity, "%s%s weight=%s%s", *out ? "; " : "", name, number, rest);
}

/* Formats the penalties in the order in which their gradients are added. */
genlat_status gnl_gan_find_penalties(const gnl_gan_config *c, char *out, size_t capacity)
{
    const genlat_gan_opts *o = &c->opts;
    char sd[64] = " sd=", gp[64];
    gnl_format_real(o->approx_sd, sd + 4, sizeof sd - 4);
    snprintf(gp, sizeof gp, " kind=%s place=%s", kind_names[o->gp_kind], place_names[o->gp_place]);
    out[0] = '\0';
    append_penalty(out, capacity, "approx_r1", o->approx_r1, sd);
    append_penalty(out, capacity, "approx_r2", o->approx_r2, sd);
    append_penalty(out, capacity, "r1", o->r1, "");
    append_penalty(out, capacity, "r2", o->r2, "");
    append_penalty(out, capacity, "history", o->history, "");
    append_penalty(out, capacity, "orthogonal", o->orthogonal, "");
    append_penalty(out, capacity, "gp", o->gp, gp);
    if (*c->penalties)
        gnl_text_append(out, capacity, "%s%s", *out ? "; " : "", c->penalties);
    return strlen(out) < capacity - 1 ? GENLAT_OK
                                      : gnl_fail(GENLAT_E_RANGE, "penalties are longer than %zu bytes", capacity - 2);
}

/* ---- completion ------------------------------------------------------------------------------ */

genlat_status gnl_gan_complete(genlat_ctx *ctx, gnl_config *config, bool nets_given)
{
    gnl_gan_config *c = (gnl_gan_config *)(void *)config;
    if (gnl_gan_is_classifier(c) && config->classes < 2)
        return gnl_fail(GENLAT_E_INVALID,
                        "conditioning is classifier, but there are no classes to learn; the data need "
                        "labels of 2 or more classes, -1 for samples without one");
    if (c->opts.latent == 0)
        c->opts.latent = GNL_MIN(gnl_shape_count(&c->base.data), (int64_t)64);
    if (nets_given)
        return GENLAT_OK;
    if (!*c->generator)
        GNL_TRY(gnl_gan_architecture_generator(c, c->generator));
    if (!*c->discriminator)
        GNL_TRY(gnl_gan_architecture_discriminator(c, c->discriminator));
    GNL_TRY(gnl_text_replace(c->generator, sizeof c->generator, "{out}", gnl_shape_count(&c->base.data)));
    return gnl_text_replace(c->generator, sizeof c->generator, "{channels}", c->base.data.dim[0]);
}

genlat_status gnl_gan_range(genlat_ctx *ctx, const gnl_config *config, gnl_loss_range *out)
{
    static const gnl_loss_range ranges[] = {[GENLAT_GAN_OUTPUT_LINEAR] = {-HUGE_VAL, HUGE_VAL, false},
                                            [GENLAT_GAN_OUTPUT_SIGMOID] = {0, 1, false},
                                            [GENLAT_GAN_OUTPUT_TANH] = {-1, 1, false}};
    *out = ranges[((const gnl_gan_config *)(const void *)config)->opts.output];
    return GENLAT_OK;
}

gnl_shape gnl_gan_packed(const gnl_gan_config *config)
{
    gnl_shape packed = config->base.data;
    packed.dim[0] *= config->opts.packing;
    return packed;
}

/* Lists the inputs of a net. With an auxiliary classifier the condition is not an input of the discriminator. */
gnl_input_list gnl_gan_inputs(const gnl_config *config, int net)
{
    const gnl_gan_config *c = (const gnl_gan_config *)(const void *)config;
    const bool generator = net == GNL_GENERATOR;
    const int64_t condition = gnl_gan_condition(c);
    const bool conditional = condition && (generator || c->opts.conditioning != GENLAT_GAN_CONDITIONING_AUXILIARY);
    return (gnl_input_list){.count = conditional ? 2 : 1,
                            .name = {generator ? "z" : "x", "c"},
                            .shape = {generator ? (gnl_shape){1, {c->opts.latent}} : gnl_gan_packed(c),
                                      {1, {condition * (generator ? 1 : c->opts.packing)}}}};
}
