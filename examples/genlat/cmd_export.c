/* SPDX-License-Identifier: MIT */
/* genlat export: the weights as arrays of NumPy. (The model file itself is safetensors, which Python reads as it is.) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "genlat/files.h"

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

static int check(const app_state *app)
{
    const char *ending = app->opts.out ? strrchr(app->opts.out, '.') : NULL;
    if (!ending || strcmp(ending, ".npz") != 0)
        return app_usage(app, "--out must name a file that ends in .npz");
    return APP_OK;
}

static int write_arrays(app_state *app, const arrays *a)
{
    if (genlat_npz_write(app->opts.out, a->count, a->pointers, (const genlat_tensor *const *)a->tensors) !=
        GENLAT_OK)
        return app_fail_library(app);
    if (!app->opts.quiet && !app->opts.json)
        printf("wrote %s, %lld arrays\n", app->opts.out, (long long)a->count);
    return output_json(app, json_pack("{s:s, s:s, s:I}", "event", "written", "file", app->opts.out, "count",
                                      (json_int_t)a->count));
}

int cmd_export(app_state *app)
{
    genlat_vae *vae = NULL;
    arrays a = {0};
    int status = check(app);
    if (status == APP_OK)
        status = model_load(app, &vae);
    genlat_net *encoder = genlat_vae_encoder(vae), *decoder = genlat_vae_decoder(vae);
    if (status == APP_OK)
        status = reserve(app, &a, (size_t)genlat_net_weights(encoder) + (size_t)genlat_net_weights(decoder));
    if (status == APP_OK)
        status = collect(app, &a, encoder, "encoder");
    if (status == APP_OK)
        status = collect(app, &a, decoder, "decoder");
    if (status == APP_OK)
        status = write_arrays(app, &a);
    release(&a);
    genlat_vae_destroy(&vae);
    return status;
}
