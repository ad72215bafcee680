/* SPDX-License-Identifier: MIT */
/*
 * genlat export: writes a model file without the state of training, or the weights as NumPy arrays. (Python can read
 * the model file directly: it is in the safetensors format.)
 */
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
    return a->names && a->pointers && a->tensors ? APP_OK : app_fail(app, "out of memory");
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

static int print_result(app_state *app, const char *unit, int64_t count)
{
    if (!app->opts.quiet && !app->opts.json)
        printf("wrote %s, %lld %s\n", app->opts.out, (long long)count, unit);
    return output_json(
        app, json_pack("{s:s, s:s, s:I}", "event", "written", "file", app->opts.out, "count", (json_int_t)count));
}

/* ---- arrays -------------------------------------------------------------------------------------------- */

static int write_arrays(app_state *app, const arrays *a)
{
    if (genlat_npz_write(app->opts.out, a->count, a->pointers, (const genlat_tensor *const *)a->tensors) != GENLAT_OK)
        return app_fail_library(app);
    return print_result(app, "arrays", a->count);
}

/* Collects the weights of the nets of a model, with the names that they have in its file. */
static int collect_model(app_state *app, arrays *a, genlat_model *model)
{
    size_t weights = 0;
    int status = APP_OK;
    const char *part;
    for (int pass = 0; pass < 2 && status == APP_OK; pass++) {
        for (int32_t i = 0; (part = genlat_model_part(model, i)) != NULL && status == APP_OK; i++) {
            genlat_net *net = NULL;
            if (genlat_model_net(model, part, &net) != GENLAT_OK)
                return app_fail_library(app);
            if (pass == 0)
                weights += (size_t)genlat_net_weights(net);
            else
                status = collect(app, a, net, part);
            genlat_net_destroy(&net);
        }
        if (pass == 0)
            status = reserve(app, a, weights);
    }
    return status;
}

static int export_arrays(app_state *app, genlat_model *model)
{
    arrays a = {0};
    int status = collect_model(app, &a, model);
    if (status == APP_OK)
        status = write_arrays(app, &a);
    release(&a);
    return status;
}

/* ---- a model for inference ------------------------------------------------------------------------------ */

static int export_model(app_state *app, genlat_model *model)
{
    return genlat_model_export(model, app->opts.out) == GENLAT_OK ? print_result(app, "model", 1)
                                                                  : app_fail_library(app);
}

static bool ends_with(const char *path, const char *ending)
{
    const char *found = path ? strrchr(path, '.') : NULL;
    return found && strcmp(found, ending) == 0;
}

int cmd_export(app_state *app)
{
    genlat_model *model = NULL;
    bool to_arrays = ends_with(app->opts.out, ".npz");
    if (!to_arrays && !ends_with(app->opts.out, ".safetensors"))
        return app_usage(app, "--out with the ending .safetensors (a model) or .npz (arrays) expected");
    int status = model_load(app, &model);
    if (status == APP_OK)
        status = (to_arrays ? export_arrays : export_model)(app, model);
    genlat_model_destroy(&model);
    return status;
}
