/* SPDX-License-Identifier: MIT */
/* Programs with models of every family, and with metrics. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "oom/uses.h"

static genlat_status make_model(genlat_ctx *ctx, const char *family, const char *const *pairs, genlat_source *source,
                                genlat_model **out)
{
    genlat_model_builder *builder = NULL;
    genlat_status status = genlat_model_builder_new(ctx, family, &builder);
    if (status != GENLAT_OK)
        return status;
    if (!source)
        genlat_model_builder_data(builder, 2, (int64_t[]){1, 2});
    for (; *pairs; pairs += 2)
        genlat_model_builder_set(builder, pairs[0], pairs[1]);
    return genlat_model_build(&builder, source, out);
}

genlat_status make_vae(genlat_ctx *ctx, int model, genlat_model **vae)
{
    static const char *const pairs[2][9] = {
        {"latent", "2", "encoder", "flatten; dense units=4; relu", "decoder", "dense units=4; relu; dense units=2"},
        {"latent", "2", "encoder", "flatten; dense units=4; relu", "decoder_inputs", "x", "decoder",
         "masked_conv1d from=x name=p; dense units=2 from=z; reshape shape=1x2 name=d; add from=p,d"}};
    return make_model(ctx, "vae", pairs[model], NULL, vae);
}

/* Common to all families with latents. */
static genlat_status use_latents(genlat_model *model, const genlat_tensor *x)
{
    genlat_tensor *drawn = NULL, *z = NULL, *path = NULL, *line = NULL, *code = NULL, *y = NULL;
    genlat_net *net = NULL;
    double terms[GENLAT_MAX_TERMS];
    genlat_status status;
    TRY(genlat_model_step(model, x, NULL, terms));
    TRY(genlat_model_sample(model, 5, NULL, NULL, &drawn));
    TRY(genlat_model_latents(model, 3, NULL, &z));
    TRY(genlat_model_interpolate(model, z, z, NULL, 3, GENLAT_PATH_SPHERE, &path));
    TRY(genlat_model_traverse(model, NULL, NULL, -1, 1, 3, &line));
    TRY(genlat_model_net(model, genlat_model_part(model, 0), &net));
    if (strcmp(genlat_model_family(model), "vae") == 0) {
        TRY(genlat_model_encode(model, x, NULL, &code));
        TRY(genlat_model_reconstruct(model, x, NULL, &y));
    }
done:
    genlat_net_destroy(&net);
    genlat_tensor_destroy(&drawn);
    genlat_tensor_destroy(&z);
    genlat_tensor_destroy(&path);
    genlat_tensor_destroy(&line);
    genlat_tensor_destroy(&code);
    genlat_tensor_destroy(&y);
    return status;
}

static genlat_status use_model_files(genlat_ctx *ctx, genlat_model *model)
{
    char path[] = "/tmp/genlat-oom-XXXXXX";
    genlat_model *loaded = NULL;
    genlat_status status;
    close(mkstemp(path));
    TRY(genlat_model_save(model, path));
    TRY(genlat_model_load(ctx, path, &loaded));
    TRY(genlat_model_export(loaded, path));
done:
    genlat_model_destroy(&loaded);
    unlink(path);
    return status;
}

genlat_status use_autoregressive(genlat_ctx *ctx)
{
    genlat_model *vae = NULL;
    genlat_tensor *x = NULL;
    genlat_status status;
    TRY(make_vae(ctx, 1, &vae));
    TRY(genlat_tensor_new(ctx, 3, (int64_t[]){3, 1, 2}, &x));
    TRY(use_latents(vae, x));
    TRY(use_model_files(ctx, vae));
done:
    genlat_tensor_destroy(&x);
    genlat_model_destroy(&vae);
    return status;
}

genlat_status use_vae(genlat_ctx *ctx)
{
    genlat_model *vae = NULL;
    genlat_tensor *x = NULL, *mean = NULL, *logvar = NULL, *z = NULL, *parameter = NULL;
    genlat_source *source = NULL;
    genlat_vae_terms terms = {.size = sizeof terms};
    double nll[3], all[GENLAT_MAX_TERMS];
    int64_t active = 0;
    genlat_status status;
    TRY(make_vae(ctx, 0, &vae));
    TRY(genlat_tensor_new(ctx, 3, (int64_t[]){3, 1, 2}, &x));
    TRY(use_latents(vae, x));
    TRY(genlat_vae_encode(vae, x, NULL, &mean, &logvar));
    TRY(genlat_vae_encode_sample(vae, x, NULL, 1, &z));
    TRY(genlat_vae_elbo(vae, x, NULL, 2, 1, &terms));
    TRY(genlat_vae_elbo_rows(vae, x, NULL, 2, 1, nll, NULL, NULL));
    TRY(genlat_vae_parameter(vae, z, NULL, genlat_vae_parameter_name(vae, 0, NULL), &parameter));
    TRY(genlat_vae_log_likelihood(vae, x, NULL, 2, 1, nll));
    TRY(genlat_source_memory(ctx, x, NULL, &source));
    TRY(genlat_vae_active_units(vae, source, &active, NULL, NULL));
    TRY(genlat_model_evaluate(vae, source, 2, 1, all));
    TRY(use_model_files(ctx, vae));
done:
    genlat_source_destroy(&source);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&mean);
    genlat_tensor_destroy(&logvar);
    genlat_tensor_destroy(&z);
    genlat_tensor_destroy(&parameter);
    genlat_model_destroy(&vae);
    return status;
}

genlat_status use_gan(genlat_ctx *ctx)
{
    static const char *const pairs[] = {"generator",
                                        "dense units=4; relu; dense units=2",
                                        "discriminator",
                                        "flatten; dense units=4; leaky_relu name=features; dense units=1",
                                        "gp",
                                        "1",
                                        "history",
                                        "1",
                                        "feature_matching",
                                        "1",
                                        "augment",
                                        "color",
                                        "orthogonal",
                                        "0.1",
                                        "approx_r1",
                                        "1",
                                        NULL};
    genlat_model *gan = NULL;
    genlat_tensor *x = NULL, *score = NULL;
    genlat_status status;
    TRY(make_model(ctx, "gan", pairs, NULL, &gan));
    TRY(genlat_tensor_new(ctx, 3, (int64_t[]){3, 1, 2}, &x));
    TRY(use_latents(gan, x));
    TRY(genlat_gan_discriminate(gan, x, NULL, &score));
    TRY(use_model_files(ctx, gan));
done:
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&score);
    genlat_model_destroy(&gan);
    return status;
}

/* A model that predicts classes. */
static genlat_status use_classes(genlat_ctx *ctx, const char *family, const char *const *pairs)
{
    genlat_source *ring = NULL;
    genlat_model *p = NULL;
    genlat_tensor *x = NULL, *labels = NULL, *y = NULL, *features = NULL;
    genlat_status status;
    TRY(genlat_source_synthetic(ctx, "ring", 6, 1, &ring));
    TRY(make_model(ctx, family, pairs, ring, &p));
    TRY(genlat_source_read(ring, 0, 6, &x, &labels));
    if (genlat_model_label_use(p) & GENLAT_LABEL_MAY_MISS)
        genlat_tensor_data(labels)[0] = -1;
    else
        TRY(genlat_model_encode(p, x, NULL, &features));
    TRY(genlat_model_step(p, x, labels, NULL));
    TRY(genlat_model_predict(p, x, &y));
    TRY(use_model_files(ctx, p));
done:
    genlat_source_destroy(&ring);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
    genlat_tensor_destroy(&y);
    genlat_tensor_destroy(&features);
    genlat_model_destroy(&p);
    return status;
}

genlat_status use_predictor(genlat_ctx *ctx)
{
    static const char *const pairs[] = {"net", "dense units=4; relu", NULL};
    return use_classes(ctx, "predictor", pairs);
}

genlat_status use_labels(genlat_ctx *ctx)
{
    static const char *const pairs[] = {"architecture",
                                        "noisy width=2 depth=1",
                                        "conditioning",
                                        "classifier",
                                        "r1",
                                        "0",
                                        "r2",
                                        "0",
                                        "ema",
                                        "0",
                                        "ema_discriminator",
                                        "100",
                                        "init_samples",
                                        "6",
                                        NULL};
    return use_classes(ctx, "gan", pairs);
}

/* One density: training, evaluation, codes, samples and files. */
static genlat_status use_density(genlat_ctx *ctx, const char *family, const char *const *pairs)
{
    genlat_source *ring = NULL;
    genlat_model *model = NULL;
    genlat_tensor *x = NULL, *z = NULL;
    genlat_train_opts opts;
    double terms[GENLAT_MAX_TERMS];
    genlat_status status;
    genlat_train_opts_init(&opts);
    opts.epochs = 1;
    opts.batch = 5;
    TRY(genlat_source_synthetic(ctx, "moons", 10, 1, &ring));
    TRY(make_model(ctx, family, pairs, ring, &model));
    TRY(genlat_model_fit(model, ring, NULL, &opts));
    TRY(genlat_model_evaluate(model, ring, 10, 0, terms));
    TRY(genlat_source_read(ring, 0, 4, &x, NULL));
    TRY(genlat_model_encode(model, x, NULL, &z));
    genlat_tensor_destroy(&x);
    TRY(genlat_model_sample(model, 3, NULL, NULL, &x));
    TRY(genlat_model_fit_sampler(model, ring, "mixture components=2", 0));
    TRY(genlat_model_fit_sampler(model, ring, "nearest", 0));
    TRY(genlat_model_fit_sampler(model, ring, "two_stage width=4 layers=1 steps=2", 0));
    genlat_tensor_destroy(&x);
    TRY(genlat_model_sample(model, 3, NULL, NULL, &x));
    TRY(genlat_model_fit_sampler(model, ring, "flow width=4 layers=2 steps=2", 0));
    genlat_tensor_destroy(&x);
    TRY(genlat_model_sample(model, 3, NULL, NULL, &x));
    TRY(use_model_files(ctx, model));
done:
    genlat_source_destroy(&ring);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&z);
    genlat_model_destroy(&model);
    return status;
}

genlat_status use_gmm(genlat_ctx *ctx)
{
    static const char *const pairs[] = {"components", "2", NULL};
    return use_density(ctx, "gmm", pairs);
}

genlat_status use_ppca(genlat_ctx *ctx)
{
    static const char *const pairs[] = {"latent", "1", NULL};
    return use_density(ctx, "ppca", pairs);
}

/* Builders: presets, settings, options as structs, nets created by the program. */
genlat_status use_builders(genlat_ctx *ctx)
{
    genlat_model *first = NULL, *second = NULL;
    genlat_model_builder *builder = NULL;
    genlat_net *encoder = NULL, *decoder = NULL;
    genlat_vae_opts opts = {.size = sizeof opts};
    genlat_status status;
    TRY(make_vae(ctx, 0, &first));
    TRY(genlat_model_net(first, "encoder", &encoder));
    TRY(genlat_model_net(first, "decoder", &decoder));
    TRY(genlat_model_builder_new(ctx, "vae", &builder));
    genlat_model_builder_preset(builder, "basic");
    TRY(genlat_vae_builder_options(builder, &opts));
    opts.latent = 2;
    opts.beta = 3;
    genlat_vae_builder_set_options(builder, &opts);
    genlat_model_builder_set_real(builder, "free_bits", 0.5);
    genlat_model_builder_data(builder, 2, (int64_t[]){1, 2});
    genlat_model_builder_net(builder, "encoder", encoder);
    genlat_model_builder_net(builder, "decoder", decoder);
    TRY(genlat_model_build(&builder, NULL, &second));
done:
    genlat_model_builder_destroy(&builder);
    genlat_net_destroy(&encoder);
    genlat_net_destroy(&decoder);
    genlat_model_destroy(&first);
    genlat_model_destroy(&second);
    return status;
}

genlat_status use_choice(genlat_ctx *ctx)
{
    genlat_source *ring = NULL, *prepared = NULL;
    genlat_model_builder *builder = NULL;
    genlat_status status;
    TRY(genlat_source_synthetic(ctx, "ring", 30, 1, &ring));
    TRY(genlat_model_builder_new(ctx, "vae", &builder));
    TRY(genlat_model_builder_auto(builder, ring, &prepared, NULL, 0));
done:
    genlat_model_builder_destroy(&builder);
    genlat_source_destroy(&prepared);
    genlat_source_destroy(&ring);
    return status;
}

genlat_status use_metrics(genlat_ctx *ctx)
{
    genlat_source *ring = NULL;
    genlat_tensor *a = NULL, *b = NULL, *centres = NULL, *share = NULL;
    genlat_neighbours neighbours = {.size = sizeof neighbours};
    genlat_modes modes = {.size = sizeof modes};
    const double bf16 = 0.5;
    double value = 0, sd = 0;
    genlat_status status;
    TRY(genlat_source_synthetic(ctx, "ring", 40, 0, &ring));
    TRY(genlat_source_read(ring, 0, 20, &a, NULL));
    TRY(genlat_source_read(ring, 20, 40, &b, NULL));
    TRY(genlat_source_mixture(ring, &centres, &sd));
    TRY(genlat_metric_frechet_distance(a, b, &value));
    TRY(genlat_metric_kernel_distance(a, b, 10, 3, 0, &value, NULL));
    TRY(genlat_metric_neighbours(a, b, 3, &neighbours));
    TRY(genlat_metric_modes(a, centres, sd, &modes));
    TRY(genlat_metric_quantiles(a, &bf16, 1, &value));
    TRY(genlat_tensor_new(ctx, 2, (int64_t[]){4, 1}, &share));
    TRY(genlat_tensor_fill(share, 1));
    TRY(genlat_metric_classifier_score(share, 2, &value, NULL));
done:
    genlat_source_destroy(&ring);
    genlat_tensor_destroy(&a);
    genlat_tensor_destroy(&b);
    genlat_tensor_destroy(&centres);
    genlat_tensor_destroy(&share);
    return status;
}
