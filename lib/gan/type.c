/* SPDX-License-Identifier: MIT */
/* The gnl_model_type of the GAN. */
#include "gan/gan_priv.h"
#include "latent/latent.h"

/* Computes the shape of a sample from the discriminator's input, which consists of `packing` samples. */
static genlat_status read_shape(gnl_config *config, genlat_net *const *nets)
{
    const int64_t packing = ((const gnl_gan_config *)(const void *)config)->opts.packing;
    config->data = *gnl_net_input_shape(nets[GNL_DISCRIMINATOR], 0);
    if (config->data.ndim < 1 || config->data.dim[0] % packing)
        return gnl_fail(GENLAT_E_FORMAT,
                        "discriminator: the first dimension of input 0 is not a multiple of packing=%lld",
                        (long long)packing);
    config->data.dim[0] /= packing;
    return GENLAT_OK;
}

/* The probability of augmentations belongs to the training. */
static int fields(genlat_model *model, gnl_keep keep, gnl_field *out)
{
    gnl_gan *gan = gnl_gan_of(model);
    int count = 0;
    for (int i = GNL_GENERATOR; i <= GNL_DISCRIMINATOR; i++)
        gan->averaged[i] = gan->ema[i] ? gnl_ema_samples(gan->ema[i]) : 0;
    out[count++] = (gnl_field){"averaged", GNL_FIELD_REAL, &gan->averaged[GNL_GENERATOR], 0, false};
    if (gan->ema[GNL_DISCRIMINATOR])
        out[count++] =
            (gnl_field){"averaged_discriminator", GNL_FIELD_REAL, &gan->averaged[GNL_DISCRIMINATOR], 0, false};
    if (keep == GNL_KEEP_TRAINING)
        out[count++] = (gnl_field){"strength", GNL_FIELD_REAL, &gan->probability, 0, true};
    return count;
}

static void loaded(genlat_model *model, bool training)
{
    gnl_gan *gan = gnl_gan_of(model);
    const genlat_gan_opts *o = &gnl_gan_config_of(model)->opts;
    bool adapts = o->augment_target > 0;
    gan->probability = !gan->augment.count  ? 0
                       : training && adapts ? GNL_MAX(0, GNL_MIN(o->augment_probability, gan->probability))
                       : adapts             ? 0
                                            : o->augment_probability;
    for (int i = GNL_GENERATOR; i <= GNL_DISCRIMINATOR; i++) {
        if (gan->ema[i])
            gnl_ema_set_samples(gan->ema[i], gan->averaged[i]);
        atomic_store(&gan->stale[i], gan->ema[i] != NULL);
    }
}

static genlat_status step(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels, double *terms)
{
    GNL_TRY(gnl_gan_step(model, x, labels, gnl_gan_nets_due(model)));
    const genlat_gan_terms *t = &gnl_gan_of(model)->last;
    const double all[] = {t->d_loss,      t->g_loss,    t->d_real,
                          t->d_fake,      t->penalty,   t->d_grad_norm,
                          t->g_grad_norm, t->diversity, t->augment_probability,
                          t->label_loss,  t->accuracy};
    memcpy(terms, all, (size_t)gnl_model_terms(model) * sizeof *terms);
    return GENLAT_OK;
}

static int64_t latent_size(const genlat_model *model)
{
    return gnl_gan_config_of(model)->opts.latent;
}

static int64_t least_rows(const genlat_model *model)
{
    return gnl_gan_config_of(model)->opts.packing;
}

static genlat_status prior(genlat_model *model, const gnl_prior_call *call, gnl_real *z)
{
    const gnl_prior_draw draw = {call->opts->temperature, call->opts->truncation};
    const int64_t latent = latent_size(model);
    for (int64_t i = 0; i < call->rows; i++) {
        gnl_rng rng = gnl_rng_make(call->seed, GNL_STREAM_SAMPLE, call->first + (uint64_t)i);
        gnl_normal_draw(&rng, &draw, latent, z + i * latent);
    }
    return GENLAT_OK;
}

static genlat_net *net(genlat_model *model, const char *name)
{
    const bool discriminator = gnl_gan_of(model)->ema[GNL_DISCRIMINATOR] && strcmp(name, "average_discriminator") == 0;
    if (!discriminator && strcmp(name, "average") != 0)
        return NULL;
    gnl_gan_refresh(model, discriminator);
    return gnl_gan_of(model)->average[discriminator];
}

static unsigned label_use(const gnl_config *config)
{
    return gnl_gan_is_classifier((const gnl_gan_config *)(const void *)config)
               ? GENLAT_LABEL_PREDICTED | GENLAT_LABEL_MAY_MISS
               : GENLAT_LABEL_INPUT;
}

/* The samples with labels that a classifier learns from are about half of a batch. */
static genlat_status training_source(const genlat_model *model, genlat_source *source, genlat_source **out)
{
    if (gnl_gan_is_classifier(gnl_gan_config_of(model)))
        return gnl_source_repeat_labelled(source, 0.5, out);
    *out = gnl_object_retain(source);
    return GENLAT_OK;
}

static const gnl_net_slot nets[] = {
    [GNL_GENERATOR] = {"generator", GNL_GENERATOR},
    [GNL_DISCRIMINATOR] = {"discriminator", GNL_DISCRIMINATOR},
    {NULL, 0},
};

/* A GAN has no `evaluate`: none of its losses on validation data indicates which weights are best. */
const gnl_model_type gnl_gan_type = {
    .name = "gan",
    .help = "generative adversarial network",
    .size = sizeof(gnl_gan),
    .config = &gnl_gan_config_type,
    .presets = gnl_gan_presets,
    .choices = gnl_gan_choices,
    .choice_keys = gnl_gan_choice_keys,
    .nets = nets,
    .complete = gnl_gan_complete,
    .inputs = gnl_gan_inputs,
    .range = gnl_gan_range,
    .read_shape = read_shape,
    .make = gnl_gan_make,
    .finish = gnl_gan_finish,
    .start = gnl_gan_start,
    .release = gnl_gan_release,
    .fields = fields,
    .loaded = loaded,
    .training = &gnl_gan_training,
    .pool = {[GNL_GAN_POOL_AVERAGE] = &gnl_gan_use_average,
             [GNL_GAN_POOL_RAW] = &gnl_gan_use_raw,
             [GNL_GAN_POOL_DISCRIMINATOR] = &gnl_gan_use_discriminator,
             [GNL_GAN_POOL_CLASSIFIER] = &gnl_gan_use_classifier},
    .step = step,
    .least_rows = least_rows,
    .latent_size = latent_size,
    .prior = prior,
    .decode = gnl_gan_decode,
    .sample_options = GNL_SAMPLE_RAW,
    .scores = gnl_gan_scores,
    .score = gnl_gan_score,
    .label_use = label_use,
    .predict = gnl_gan_predict,
    .training_source = training_source,
    .net = net,
    .pass_bits = GNL_GAN_BITS,
};
