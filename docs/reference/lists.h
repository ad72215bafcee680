/* SPDX-License-Identifier: MIT */
/* What kinds.c cannot read from tables of the library: the metrics of the program, the architectures, and the texts of
 * families. tests/abi/docs.py compares the names with the sources. */
#ifndef LISTS_H
#define LISTS_H

#include <stddef.h>

/* The metrics of genlat eval: name, models, functions, meaning. */
static const char *const metrics[][4] = {
    {"neg_elbo", "VAE", "`genlat_model_evaluate()`", "negative evidence lower bound, nats per sample; lower is better"},
    {"recon", "VAE", "`genlat_model_evaluate()`", "reconstruction term of `neg_elbo`"},
    {"kl", "VAE", "`genlat_model_evaluate()`", "KL divergence of the posterior from the prior, the other term"},
    {"terms", "VAE, predictor", "`genlat_model_evaluate()`",
     "all that a training step reports, by name, such as what each term of a VAE contributes"},
    {"nll", "VAE, GMM, PPCA, RBM", "`genlat_vae_log_likelihood()`, `genlat_model_evaluate()`",
     "negative log-likelihood, nats per sample; of a VAE estimated by importance sampling, of an RBM by annealed "
     "importance sampling; lower is better"},
    {"active_units", "VAE", "`genlat_vae_active_units()`",
     "latent dimensions whose posterior mean has a variance above 0.01 over the data"},
    {"codes_used", "VAE", "`genlat_vae_code_usage()`", "codes of a discrete posterior that the data use"},
    {"perplexity", "VAE", "`genlat_vae_code_usage()`",
     "exponential of the entropy of the codes' frequencies, at most the number of codes; higher is better"},
    {"mse", "VAE, predictor, GMM, PPCA, RBM", "`genlat_model_reconstruct()`, `genlat_model_evaluate()`",
     "mean squared error of an element; lower is better"},
    {"accuracy", "predictor", "`genlat_model_evaluate()`", "fraction of samples whose class is predicted correctly"},
    {"cross_entropy", "predictor", "`genlat_model_evaluate()`", "loss in nats per sample; lower is better"},
    {"modes", "VAE, GAN, GMM, PPCA, RBM", "`genlat_metric_modes()`, `genlat_metric_class_modes()`",
     "modes of a known mixture, or classes, that generated samples reach"},
    {"hq", "VAE, GAN, GMM, PPCA, RBM", "`genlat_metric_modes()`",
     "fraction of generated samples within 3 standard deviations of a mode"},
    {"kl_modes", "VAE, GAN, GMM, PPCA, RBM", "`genlat_metric_modes()`, `genlat_metric_class_modes()`",
     "KL divergence of the shares of the modes from equal shares, nats; 0 is best"},
    {"agreement", "VAE, GAN, GMM, PPCA, RBM", "`genlat_predictor_predict()`",
     "fraction of samples of a conditional model that the classifier assigns to the requested class; needs a "
     "classifier"},
};

/* The setting `architecture` of a family: names, then options. */
static const char *const architectures_vae[][2] = {
    {"mlp", "dense layers with ReLU"},
    {"gated", "dense layers with gated linear units"},
    {"maxout", "dense layers with maxout of four pieces"},
    {"conv",
     "strided convolutions with ReLU, for images and signals whose sides are at least 2 to the number of widths"},
    {"map", "strided convolutions to a map of latents, for images and signals; the map sets the number of latents"},
    {"pixel", "`conv`, and gated masked convolutions that predict each pixel, for images; needs `decoder_inputs=x`"},
    {"lstm", "embedding and long short-term memory, for sequences of classes such as text; one width"},
    {"tanh", "dense layers with tanh"},
    {"ladder",
     "levels of two dense layers with leaky ReLU, for posterior `ladder` or `residual`; a width for each group"},
    {"widths", "option: units of the hidden layers, or channels of the convolutions, as in `400x400`"},
    {"channels",
     "option of `map`: latents at each position, 16 by default; of `pixel`: channels of the gated layers, 32"},
    {"layers", "option of `pixel`: gated layers, 3 by default"},
    {NULL, NULL},
};
static const char *const architectures_gan[][2] = {
    {"residual", "residual blocks without normalization, for any data"},
    {"mlp", "dense layers, for any data"},
    {"noisy", "dense layers, with noise and weight norm in the discriminator, for any data"},
    {"conv", "strided convolutions, for signals and images with sides of at least 4"},
    {"any", "strided convolutions for signals and images with sides of at least 4, else dense layers"},
    {"channels", "option: channels at full size, doubled with each halving of the sides up to fourfold; default 32"},
    {"width", "option: units of dense layers; default 256"},
    {"depth", "option: dense hidden layers, or residual blocks of vectors; default 2"},
    {"norm", "option: normalization of strided convolutions, `none`, `batch` or `spectral`; default `none`"},
    {NULL, NULL},
};

/* What a text of a family is, and the page that lists its kinds; NULL: no page. */
static const struct {
    const char *key, *meaning, *page;
} text_help[] = {
    {"encoder", "layers of the encoder, without the heads of the posterior", "layers"},
    {"decoder",
     "layers of the decoder; `{out}`, `{channels}`: outputs and channels that the likelihood takes; "
     "`{parts}`: outputs for each element",
     "layers"},
    {"generator", "layers of the generator; `{out}`, `{channels}`: numbers and channels of a sample", "layers"},
    {"discriminator", "layers of the discriminator", "layers"},
    {"net", "layers before the last one, which is added", "layers"},
    {"classifier", "layers of the classifier q(y\\|x) before the last one, which is added", "layers"},
    {"architecture", "nets that are generated where none are given", NULL},
    {"likelihood", "likelihood of the data", "likelihoods"},
    {"loss", "likelihood of the labels; default `cross_entropy` for classes, `mse` for vectors", "likelihoods"},
    {"label_loss", "loss of the classifier on samples with labels: `cross_entropy`, with the option `weight`", NULL},
    {"posterior", "posterior q(z\\|x)", "latent.md#posteriors"},
    {"prior", "prior p(z)", "latent.md#priors"},
    {"terms", "terms of the objective in addition to the reconstruction loss, separated by `;`", "latent.md#terms"},
    {"bound", "bound that a step maximizes", "latent.md#bounds"},
    {"missing", "treatment of missing values, NaN; empty: `refuse`", "latent"},
    {"decoder_inputs",
     "further input of the decoder; `previous`: the data moved by one step; `x`: the data themselves, for layers that "
     "look back only",
     NULL},
    {"output_bias", "`zero`, or `data`: the last bias of a Bernoulli decoder starts at the logits of the mean", NULL},
    {"penalties", "penalties, separated by `;`", "penalties"},
    {"augment", "augmentations, separated by `,`", "augmentations"},
    {"optimizer", "optimizer", "optimizers"},
    {"term_optimizer", "optimizer of the tensors that terms train against the model; default: as `optimizer`",
     "optimizers"},
    {"optimizer_g", "optimizer of the generator", "optimizers"},
    {"optimizer_d", "optimizer of the discriminator; default: as `optimizer_g`", "optimizers"},
    {"lr_schedule", "factor of the learning rates", "schedules"},
    {"beta_schedule", "factor of `beta` and `capacity`", "schedules"},
    {"noise_schedule", "factor of `noise`", "schedules"},
    {"penalty_schedule", "factor of the penalties on gradients and differences of the discriminator", "schedules"},
    {"beta2_schedule", "value of `beta2` of both optimizers", "schedules"},
};

#endif
