/* SPDX-License-Identifier: MIT */
/* genlat presets: lists the presets. */
#include <stdio.h>
#include <string.h>

#include "app.h"

/* Prints the presets of 'genlat train NAME', and returns them as JSON. */
static json_t *list(const app_state *app, const char *name, const char *family)
{
    json_t *presets = json_object();
    const char *preset, *help = NULL;
    for (int32_t i = 0; (preset = genlat_model_preset(family, i, &help)) != NULL; i++) {
        if (!app->opts.json)
            printf("%-4s %-12s %s\n", name, preset, help ? help : "");
        json_object_set_new(presets, preset, json_string(help ? help : ""));
    }
    return presets;
}

int cmd_presets(app_state *app)
{
    json_t *object = json_object();
    const char *family;
    for (int32_t i = 0; (family = genlat_model_family_name(i, NULL)) != NULL; i++) {
        const char *name = strcmp(family, "predictor") == 0 ? "net" : family;
        json_object_set_new(object, name, list(app, name, family));
    }
    return output_json(app, object);
}
