/* SPDX-License-Identifier: MIT */
/* genlat interpolate: from samples to others through the latent. One pair with --from and --to; else -n pairs. A VAE encodes
 * samples of the data, the first -n and those that follow them; a GAN goes between samples that it makes itself. */

#include "maker.h"

/* Numbers of the first sample on either side, and how many pairs there are. */
typedef struct pairs {
    int64_t n, from, to;
} pairs;

static int find_pairs(const app_state *app, pairs *p)
{
    const app_options *o = &app->opts;
    if ((o->from >= 0) != (o->to >= 0))
        return app_usage(app, "--from and --to go together");
    p->n = o->from >= 0 ? 1 : o->count ? o->count : 8;
    p->from = o->from >= 0 ? o->from : 0;
    p->to = o->to >= 0 ? o->to : p->n;
    return APP_OK;
}

static int between_data(app_state *app, genlat_vae *vae, const pairs *p, genlat_tensor **y)
{
    genlat_source *source = NULL;
    genlat_tensor *a = NULL, *b = NULL, *labels = NULL, *others = NULL;
    int status = data_open(app, &source);
    if (status == APP_OK)
        status = data_read(app, vae, source, p->from, p->from + p->n, &a, &labels);
    if (status == APP_OK)
        status = data_read(app, vae, source, p->to, p->to + p->n, &b, &others);
    if (status == APP_OK && genlat_vae_interpolate(vae, a, b, labels, app->opts.frames, y) != GENLAT_OK)
        status = app_fail_library(app);
    genlat_tensor_destroy(&others);
    genlat_tensor_destroy(&labels);
    genlat_tensor_destroy(&b);
    genlat_tensor_destroy(&a);
    genlat_source_destroy(&source);
    return status;
}

/* Sample i is that of 'genlat sample' with the same seed. */
static int latents(app_state *app, genlat_gan *gan, int64_t first, int64_t n, genlat_tensor **z)
{
    genlat_generate_opts opts;
    genlat_tensor *all = NULL;
    int64_t latent = genlat_gan_latent(gan), dims[] = {n, latent};
    genlat_generate_opts_init(&opts);
    opts.seed = app->ctx_opts.seed;
    opts.truncation = app->opts.truncation;
    if (genlat_gan_latents(gan, first + n, &opts, &all) != GENLAT_OK ||
        genlat_tensor_from(app->ctx, 2, dims, genlat_tensor_const_data(all) + first * latent, z) !=
            GENLAT_OK) {
        genlat_tensor_destroy(&all);
        return app_fail_library(app);
    }
    genlat_tensor_destroy(&all);
    return APP_OK;
}

static int between_latents(app_state *app, const maker *m, const pairs *p, genlat_tensor **y)
{
    genlat_tensor *a = NULL, *b = NULL, *labels = NULL;
    int status = app->opts.data ? app_usage(app, "a GAN has no encoder: leave --data out") : APP_OK;
    if (status == APP_OK)
        status = maker_labels(app, m, p->n, &labels);
    if (status == APP_OK)
        status = latents(app, m->gan, p->from, p->n, &a);
    if (status == APP_OK)
        status = latents(app, m->gan, p->to, p->n, &b);
    if (status == APP_OK && genlat_gan_interpolate(m->gan, a, b, labels, app->opts.frames,
                                                   GENLAT_GAN_PATH_SPHERE, y) != GENLAT_OK)
        status = app_fail_library(app);
    genlat_tensor_destroy(&labels);
    genlat_tensor_destroy(&b);
    genlat_tensor_destroy(&a);
    return status;
}

int cmd_interpolate(app_state *app)
{
    maker m = {.vae = NULL};
    genlat_tensor *y = NULL;
    pairs p = {0, 0, 0};
    int status = find_pairs(app, &p);
    if (status == APP_OK)
        status = output_check(app);
    if (status == APP_OK)
        status = maker_load(app, &m);
    if (status == APP_OK && m.predictor)
        status = app_fail(app, "%s: a predictor makes no samples", app->model);
    if (status == APP_OK)
        status = m.gan ? between_latents(app, &m, &p, &y) : between_data(app, m.vae, &p, &y);
    if (status == APP_OK)
        status = output_write(app, y, &(output_layout){.columns = app->opts.frames});
    genlat_tensor_destroy(&y);
    maker_destroy(&m);
    return status;
}
