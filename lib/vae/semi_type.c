/* SPDX-License-Identifier: MIT */
/* The gnl_model_type of the semi-supervised VAE (Kingma, Rezende, Mohamed and Welling, Semi-supervised learning with
 * deep generative models, 2014, model M2): a VAE that is conditional on a class, and a classifier q(y|x) which infers
 * the class where it is not known. See docs/derivations/semi.md. */
#include "vae/semi_priv.h"

static gnl_input_list inputs(const gnl_config *config, int net)
{
    if (net != GNL_SEMI_CLASSIFIER_NET)
        return gnl_vae_inputs(config, net);
    return (gnl_input_list){.count = 1, .name = {"x"}, .shape = {config->data}};
}

static genlat_status read_shape(gnl_config *config, genlat_net *const *nets)
{
    config->data = *gnl_net_input_shape(nets[GNL_VAE_ENCODER_NET], 0);
    return GENLAT_OK;
}

static const char *const terms[GNL_SEMI_TERMS + 1] = {"loss", "neg_elbo", "label_loss", "accuracy", "grad_norm", NULL};

/* Rows have weights, which only the plain KL supports. */
static genlat_status check_latents(const gnl_latents *l)
{
    if (!gnl_latents_has_density(l))
        return gnl_fail(GENLAT_E_UNSUPPORTED, "posterior %s has no density, which a semi needs",
                        l->posterior->kind.type->name);
    if (l->posterior->type->loss)
        return gnl_fail(GENLAT_E_UNSUPPORTED, "%s has a loss of its own, which a semi does not support",
                        l->posterior->kind.type->name);
    for (int i = 0; gnl_latents_owner(l, i); i++)
        if (gnl_latents_owner(l, i)->type->adversarial)
            return gnl_fail(GENLAT_E_UNSUPPORTED, "%s has a loss of its own, which a semi does not support",
                            gnl_latents_owner(l, i)->type->name);
    return GENLAT_OK;
}

static genlat_status make(genlat_model *model)
{
    gnl_semi *semi = gnl_semi_of(model);
    const int64_t classes = model->config->classes;
    GNL_TRY(gnl_vae_make(model));
    model->terms = terms;
    GNL_TRY(check_latents(semi->vae.latents));
    GNL_TRY(gnl_semi_label_weight(gnl_semi_config_of(model), &semi->label_weight));
    const int64_t found = gnl_shape_count(gnl_net_output_shape(model->net[GNL_SEMI_CLASSIFIER_NET], 0));
    return found == classes
               ? GENLAT_OK
               : gnl_fail(GENLAT_E_SHAPE, "classifier: has %lld outputs, %lld expected, one for each class",
                          (long long)found, (long long)classes);
}

static int64_t latent_size(const genlat_model *model)
{
    return gnl_vae_config_of(model)->opts.latent;
}

static genlat_status encode(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels, gnl_real *out)
{
    return gnl_vae_encode(model, x, labels, out, NULL);
}

static int fields(genlat_model *model, gnl_keep keep, gnl_field *out)
{
    gnl_semi *semi = gnl_semi_of(model);
    out[0] = (gnl_field){"last_label_loss", GNL_FIELD_REAL, &semi->last[0], 0, false};
    out[1] = (gnl_field){"last_accuracy", GNL_FIELD_REAL, &semi->last[1], 0, false};
    return 2;
}

static unsigned label_use(const gnl_config *config)
{
    return GENLAT_LABEL_INPUT | GENLAT_LABEL_PREDICTED | GENLAT_LABEL_MAY_MISS;
}

static const gnl_net_slot nets[] = {{"encoder", 0}, {"decoder", 0}, {"classifier", 0}, {NULL, 0}};

static const char *const choice_keys[] = {"likelihood", NULL};

const gnl_model_type gnl_semi_type = {
    .name = "semi",
    .help = "semi-supervised variational autoencoder: a classifier from few labels",
    .size = sizeof(gnl_semi),
    .config = &gnl_semi_config_type,
    .presets = gnl_semi_presets,
    .choices = gnl_semi_choices,
    .choice_keys = choice_keys,
    .nets = nets,
    .complete = gnl_semi_complete,
    .inputs = inputs,
    .range = gnl_vae_range,
    .read_shape = read_shape,
    .make = make,
    .release = gnl_vae_release,
    .fields = fields,
    .training = &gnl_semi_training,
    .pool = {[GNL_VAE_POOL] = &gnl_vae_using,
             [GNL_SEMI_POOL] = &gnl_semi_using,
             [GNL_SEMI_PREDICTIONS] = &gnl_semi_predicting},
    .step = gnl_semi_step,
    .evaluate = gnl_semi_evaluate,
    .support = gnl_vae_support,
    .code_size = latent_size,
    .latent_size = latent_size,
    .encode = encode,
    .prior = gnl_vae_prior,
    .decode = gnl_vae_decode,
    .sample_options = GNL_SAMPLE_DRAW,
    .label_use = label_use,
    .predict = gnl_semi_predict,
    .training_source = gnl_semi_training_source,
    .pass_bits = GNL_VAE_BITS,
};
