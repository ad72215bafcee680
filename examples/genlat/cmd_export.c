/* SPDX-License-Identifier: MIT */
/*
 * genlat export: a model file without the state of training, or the weights as arrays of NumPy. (The model file is safetensors,
 * which Python reads as it is.)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "genlat/files.h"
#include "maker.h"

typedef struct arrays {
    int64_t count;
    char (*names)[200];
    const char **pointers;
    genlat_tensor **tensors;
} arrays;

static void release(arrays *a)
{
    for (int64_t i = 0; i < a->count; i++)
        genlat_tensor_destroy(&a->tensors[i]);
    free(a->tensors);
    free(a->pointers);
    free(a->names);
}

static int reserve(app_state *app, arrays *a, size_t count)
{
    a->names = calloc(count, sizeof *a->names);
    a->pointers = calloc(count, sizeof *a->pointers);
    a->tensors = calloc(count, sizeof *a->tensors);
    return a->names && a->pointers && a->tensors ? APP_OK : app_fail(app, "no memory");
}

static int collect(app_state *app, arrays *a, genlat_net *net, const char *part)
{
    for (int32_t i = 0; i < genlat_net_weights(net); i++) {
        const char *name = genlat_net_weight_name(net, i);
        snprintf(a->names[a->count], sizeof *a->names, "%s.%s", part, name);
        a->pointers[a->count] = a->names[a->count];
        if (genlat_net_weight(net, name, &a->tensors[a->count]) != GENLAT_OK)
            return app_fail_library(app);
        a->count++;
    }
    return APP_OK;
}

static int tell(app_state *app, const char *unit, int64_t count)
{
    if (!app->opts.quiet && !app->opts.json)
        printf("wrote %s, %lld %s\n", app->opts.out, (long long)count, unit);
    return output_json(app, json_pack("{s:s, s:s, s:I}", "event", "written", "file", app->opts.out, "count",
                                      (json_int_t)count));
}

/* ---- arrays -------------------------------------------------------------------------------------------- */

static int write_arrays(app_state *app, const arrays *a)
{
    if (genlat_npz_write(app->opts.out, a->count, a->pointers, (const genlat_tensor *const *)a->tensors) !=
        GENLAT_OK)
        return app_fail_library(app);
    return tell(app, "arrays", a->count);
}

/* The nets of a model under the names that they have in its file. */
static int export_arrays(app_state *app, maker *m)
{
    const struct {
        const char *name;
        genlat_net *net;
    } parts[] = {{"encoder", genlat_vae_encoder(m->vae)},
                 {"decoder", genlat_vae_decoder(m->vae)},
                 {"generator", genlat_gan_generator(m->gan)},
                 {"discriminator", genlat_gan_discriminator(m->gan)},
                 {"net", genlat_predictor_net(m->predictor)}};
    arrays a = {0};
    size_t weights = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        weights += (size_t)genlat_net_weights(parts[i].net);
    int status = reserve(app, &a, weights);
    for (size_t i = 0; i < sizeof parts / sizeof *parts && status == APP_OK; i++)
        status = collect(app, &a, parts[i].net, parts[i].name);
    if (status == APP_OK)
        status = write_arrays(app, &a);
    release(&a);
    return status;
}

/* ---- a model for use ----------------------------------------------------------------------------------- */

static int export_model(app_state *app, maker *m)
{
    genlat_status status = m->vae   ? genlat_vae_export(m->vae, app->opts.out)
                           : m->gan ? genlat_gan_export(m->gan, app->opts.out)
                                    : genlat_predictor_export(m->predictor, app->opts.out);
    return status == GENLAT_OK ? tell(app, "model", 1) : app_fail_library(app);
}

static bool ends_with(const char *path, const char *ending)
{
    const char *found = path ? strrchr(path, '.') : NULL;
    return found && strcmp(found, ending) == 0;
}

int cmd_export(app_state *app)
{
    maker m = {.vae = NULL};
    bool to_arrays = ends_with(app->opts.out, ".npz");
    if (!to_arrays && !ends_with(app->opts.out, ".safetensors"))
        return app_usage(app, "--out must name a file that ends in .safetensors, a model, or in .npz, arrays");
    int status = maker_load(app, &m);
    if (status == APP_OK)
        status = (to_arrays ? export_arrays : export_model)(app, &m);
    maker_destroy(&m);
    return status;
}
