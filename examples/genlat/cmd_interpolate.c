/* SPDX-License-Identifier: MIT */
/* genlat interpolate: interpolates between pairs of samples in the latent space. --from and --to select one pair,
 * otherwise there are -n pairs. With --data the end points are latents of data, samples i and n+i, otherwise samples
 * of the model. --label or --conditions set the condition of all steps of a pair. */
#include "app.h"

/* The number of pairs, and the indices of the first sample on either side. */
typedef struct pairs {
    int64_t n, from, to;
} pairs;

static int find_pairs(const app_state *app, pairs *p)
{
    const app_options *o = &app->opts;
    if ((o->from >= 0) != (o->to >= 0))
        return app_usage(app, "--from and --to must be set together");
    p->n = o->from >= 0 ? 1 : o->count ? o->count : 8;
    p->from = o->from >= 0 ? o->from : 0;
    p->to = o->to >= 0 ? o->to : p->n;
    return APP_OK;
}

/* Unless the options set a condition, both end points are decoded with that of the first. */
static int between_data(app_state *app, genlat_model *model, const pairs *p, genlat_tensor *ends[2],
                        genlat_tensor **labels)
{
    genlat_source *source = NULL;
    genlat_tensor *others = NULL;
    int status = data_open(app, model, &source);
    if (status == APP_OK)
        status = model_encode(app, model, source, p->from, p->n, &ends[0], labels, NULL);
    if (status == APP_OK)
        status = model_encode(app, model, source, p->to, p->n, &ends[1], &others, NULL);
    genlat_tensor_destroy(&others);
    genlat_source_destroy(&source);
    return status;
}

/* Creates the latents of samples first .. first+n-1 of 'genlat sample' with the same seed. */
static int draw(app_state *app, genlat_model *model, int64_t first, int64_t n, genlat_tensor **z)
{
    genlat_sample_opts opts;
    genlat_tensor *all = NULL;
    int64_t latent = genlat_model_latent(model), dims[] = {n, latent};
    genlat_sample_opts_init(&opts);
    opts.seed = app->ctx_opts.seed;
    opts.truncation = app->opts.truncation;
    genlat_status status = genlat_model_latents(model, first + n, &opts, &all);
    if (status == GENLAT_OK)
        status = genlat_tensor_from(app->ctx, 2, dims, genlat_tensor_const_data(all) + first * latent, z);
    genlat_tensor_destroy(&all);
    return status == GENLAT_OK ? APP_OK : app_fail_library(app);
}

static int between_samples(app_state *app, genlat_model *model, const pairs *p, genlat_tensor *ends[2],
                           genlat_tensor **labels)
{
    int status = model_labels(app, model, p->n, labels);
    if (status == APP_OK)
        status = model_needs_label(app, model, *labels);
    if (status == APP_OK)
        status = draw(app, model, p->from, p->n, &ends[0]);
    return status == APP_OK ? draw(app, model, p->to, p->n, &ends[1]) : status;
}

int cmd_interpolate(app_state *app)
{
    genlat_model *model = NULL;
    genlat_tensor *ends[2] = {NULL, NULL}, *labels = NULL, *y = NULL;
    pairs p = {0, 0, 0};
    int status = find_pairs(app, &p);
    if (status == APP_OK)
        status = output_check(app);
    if (status == APP_OK)
        status = model_load(app, &model);
    if (status == APP_OK)
        status = (app->opts.data ? between_data : between_samples)(app, model, &p, ends, &labels);
    if (status == APP_OK && genlat_model_interpolate(model, ends[0], ends[1], labels, app->opts.frames,
                                                     GENLAT_PATH_SPHERE, &y) != GENLAT_OK)
        status = app_fail_library(app);
    if (status == APP_OK)
        status = output_write(app, y, &(output_layout){.columns = app->opts.frames, .about = model_about(model)});
    genlat_tensor_destroy(&y);
    genlat_tensor_destroy(&labels);
    genlat_tensor_destroy(&ends[0]);
    genlat_tensor_destroy(&ends[1]);
    genlat_model_destroy(&model);
    return status;
}
