/* SPDX-License-Identifier: MIT */
/* genlat presets: what --preset can be. */
#include <stdio.h>

#include "app.h"

int cmd_presets(app_state *app)
{
    json_t *presets = json_object();
    const char *name, *help = NULL;
    for (int32_t i = 0; (name = genlat_vae_preset(i, &help)) != NULL; i++) {
        if (!app->opts.json)
            printf("%-12s %s\n", name, help ? help : "");
        json_object_set_new(presets, name, json_string(help ? help : ""));
    }
    return output_json(app, json_pack("{s:o}", "vae", presets));
}
