/* SPDX-License-Identifier: MIT */
/* genlat presets: lists the presets. */
#include <stdio.h>

#include "app.h"

/* Prints the presets of 'genlat train NAME', and returns them as JSON. */
static json_t *list(const app_state *app, const char *name, const char *family)
{
    json_t *presets = json_object();
    const char *preset, *help = NULL;
    for (int32_t i = 0; (preset = genlat_model_preset(family, i, &help)) != NULL; i++) {
        if (!app->opts.json)
            printf("%s %-12s %s\n", name, preset, help ? help : "");
        json_object_set_new(presets, preset, json_string(help ? help : ""));
    }
    return presets;
}

int cmd_presets(app_state *app)
{
    json_t *gan = list(app, "gan", "gan"), *net = list(app, "net", "predictor"), *vae = list(app, "vae", "vae");
    return output_json(app, json_pack("{s:o, s:o, s:o}", "gan", gan, "net", net, "vae", vae));
}
