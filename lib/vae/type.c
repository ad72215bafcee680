/* SPDX-License-Identifier: MIT */
/* The gnl_model_type of the VAE. */
#include "vae/vae_priv.h"

static genlat_status read_shape(gnl_config *config, genlat_net *const *nets)
{
    config->data = *gnl_net_input_shape(nets[GNL_VAE_ENCODER_NET], 0);
    return GENLAT_OK;
}

static genlat_status step(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels, double *terms)
{
    gnl_vae_values values;
    GNL_TRY(gnl_vae_step(model, NULL, x, labels, &values));
    gnl_vae_list_terms(gnl_vae_of(model), &values, terms);
    return GENLAT_OK;
}

static genlat_status evaluate(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels, uint64_t seed,
                              int64_t first, double *terms)
{
    gnl_vae_values values;
    GNL_TRY(gnl_vae_evaluate(model, x, labels, 1, seed, first, &values));
    gnl_vae_list_terms(gnl_vae_of(model), &values, terms);
    return GENLAT_OK;
}

static int64_t latent_size(const genlat_model *model)
{
    return gnl_vae_config_of(model)->opts.latent;
}

static genlat_status encode(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels, gnl_real *out)
{
    return gnl_vae_encode(model, x, labels, out, NULL);
}

static genlat_status check_sampler(const genlat_model *model)
{
    const gnl_posterior *q = gnl_vae_of(model)->latents->posterior;
    return q->type->codes ? gnl_fail(GENLAT_E_UNSUPPORTED,
                                     "posterior %s has discrete codes, to which no sampler can be fitted; train with a "
                                     "prior over codes, such as prior=autoregressive",
                                     q->kind.type->name)
                          : GENLAT_OK;
}

void gnl_vae_support(const genlat_model *model, gnl_support *out)
{
    const gnl_vae *vae = gnl_vae_of(model);
    out->name = vae->loss->type->name;
    if (vae->loss->type->range)
        out->range = vae->loss->type->range(vae->loss->opts, vae->outputs);
    out->missing = vae->missing.type->accepts;
}

static const gnl_net_slot nets[] = {{"encoder", 0}, {"decoder", 0}, {NULL, 0}};

const gnl_model_type gnl_vae_type = {
    .name = "vae",
    .help = "variational autoencoder",
    .size = sizeof(gnl_vae),
    .config = &gnl_vae_config_type,
    .presets = gnl_vae_presets,
    .choices = gnl_vae_choices,
    .choice_keys = gnl_vae_choice_keys,
    .nets = nets,
    .complete = gnl_vae_complete,
    .inputs = gnl_vae_inputs,
    .range = gnl_vae_range,
    .accepts_missing = gnl_missing_accepts,
    .read_shape = read_shape,
    .make = gnl_vae_make,
    .start = gnl_vae_start,
    .release = gnl_vae_release,
    .training = &gnl_vae_training,
    .pool = {[GNL_VAE_POOL] = &gnl_vae_using},
    .step = step,
    .evaluate = evaluate,
    .support = gnl_vae_support,
    .inspect = gnl_vae_inspect,
    .code_size = latent_size,
    .latent_size = latent_size,
    .encode = encode,
    .check_sampler = check_sampler,
    .prior = gnl_vae_prior,
    .decode = gnl_vae_decode,
    .fill_in = gnl_vae_fill_in,
    .sample_options = GNL_SAMPLE_DRAW,
    .scores = gnl_vae_scores,
    .score = gnl_vae_score,
    .pass_bits = GNL_VAE_BITS,
};
