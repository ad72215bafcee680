/* SPDX-License-Identifier: MIT */
/* genlat presets: what --preset can be. */
#include <stdio.h>

#include "app.h"

typedef const char *preset_fn(int32_t index, const char **help);

static json_t *list(const app_state *app, const char *kind, preset_fn *preset)
{
    json_t *presets = json_object();
    const char *name, *help = NULL;
    for (int32_t i = 0; (name = preset(i, &help)) != NULL; i++) {
        if (!app->opts.json)
            printf("%s %-12s %s\n", kind, name, help ? help : "");
        json_object_set_new(presets, name, json_string(help ? help : ""));
    }
    return presets;
}

int cmd_presets(app_state *app)
{
    json_t *gan = list(app, "gan", genlat_gan_preset), *net = list(app, "net", genlat_predictor_preset),
           *vae = list(app, "vae", genlat_vae_preset);
    return output_json(app, json_pack("{s:o, s:o, s:o}", "gan", gan, "net", net, "vae", vae));
}
