/* SPDX-License-Identifier: MIT */
/* genlat kinds: lists what is chosen by name, and the options of one kind. Most groups come from the library; the
 * table has those that the program adds. */
#include <stdio.h>
#include <string.h>

#include "app.h"
#include "genlat/files.h"

enum { MOST_GROUPS = 64 };

static const char *gan_preset(int32_t index, const char **help)
{
    return genlat_model_preset("gan", index, help);
}

static const char *gmm_preset(int32_t index, const char **help)
{
    return genlat_model_preset("gmm", index, help);
}

static const char *ppca_preset(int32_t index, const char **help)
{
    return genlat_model_preset("ppca", index, help);
}

static const char *rbm_preset(int32_t index, const char **help)
{
    return genlat_model_preset("rbm", index, help);
}

static const char *net_preset(int32_t index, const char **help)
{
    return genlat_model_preset("predictor", index, help);
}

static const char *vae_preset(int32_t index, const char **help)
{
    return genlat_model_preset("vae", index, help);
}

static const struct own_group {
    const char *name, *help;
    const char *(*at)(int32_t index, const char **help);
} own_groups[] = {
    {"presets-gan", "presets of train gan", gan_preset},
    {"presets-gmm", "presets of train gmm", gmm_preset},
    {"presets-net", "presets of train net", net_preset},
    {"presets-ppca", "presets of train ppca", ppca_preset},
    {"presets-rbm", "presets of train rbm", rbm_preset},
    {"presets-vae", "presets of train vae", vae_preset},
    {"sources", "kinds of --data", genlat_files_kind},
    {"model-metrics", "metrics of eval that need a model", eval_metric},
};

/* Returns the index-th group of the library and the program, or NULL past the last. */
static const char *group_at(int32_t index, const char **help)
{
    int32_t count = 0;
    for (const char *name; (name = genlat_kind_group(count, help)) != NULL; count++)
        if (count == index)
            return name;
    const int32_t own = index - count;
    const bool known = own < (int32_t)APP_COUNT(own_groups);
    *help = known ? own_groups[own].help : NULL;
    return known ? own_groups[own].name : NULL;
}

/* Returns the index-th kind of a group, or NULL past the last. */
static const char *kind_at(const char *group, int32_t index, const char **help)
{
    const char *name = NULL;
    for (size_t i = 0; i < APP_COUNT(own_groups); i++)
        if (strcmp(own_groups[i].name, group) == 0)
            return own_groups[i].at(index, help);
    return genlat_kind_name(group, index, &name, help) == GENLAT_OK ? name : NULL;
}

/* ---- output ---------------------------------------------------------------------------------- */

static void add_line(const app_state *app, json_t *list, const char *name, const char *help)
{
    if (!app->opts.json)
        printf("%-20s %s\n", name, help ? help : "");
    json_object_set_new(list, name, json_string(help ? help : ""));
}

static int list_groups(const app_state *app)
{
    json_t *list = json_object();
    const char *name, *help = NULL;
    for (int32_t i = 0; (name = group_at(i, &help)) != NULL; i++)
        add_line(app, list, name, help);
    if (!app->opts.json)
        printf("\n'genlat kinds layers' lists the layers, 'genlat kinds layers dense' the options of one.\n");
    return output_json(app, list);
}

static int list_kinds(const app_state *app, const char *group)
{
    json_t *list = json_object();
    const char *name, *help = NULL;
    for (int32_t i = 0; (name = kind_at(group, i, &help)) != NULL; i++)
        add_line(app, list, name, help);
    return output_json(app, list);
}

static void default_text(const genlat_option_info *option, char *text, size_t capacity)
{
    if (option->type == GENLAT_OPTION_DIMS || option->type == GENLAT_OPTION_AXES)
        snprintf(text, capacity, "none");
    else if (option->type == GENLAT_OPTION_BOOL)
        snprintf(text, capacity, "%s", option->fallback > 0 ? "yes" : "no");
    else if (option->type == GENLAT_OPTION_ENUM)
        snprintf(text, capacity, "%s", option->choices[(int)option->fallback]);
    else
        snprintf(text, capacity, "%.12g", option->fallback);
}

static void range_text(const genlat_option_info *option, char *text, size_t capacity)
{
    const char *const form = option->type == GENLAT_OPTION_REAL   ? "number"
                             : option->type == GENLAT_OPTION_PAIR ? "N or NxN"
                             : option->type == GENLAT_OPTION_DIMS ? "NxNx..."
                             : option->type == GENLAT_OPTION_AXES ? "N,N,..."
                                                                  : "integer";
    *text = '\0';
    for (int i = 0; option->choices && option->choices[i]; i++) {
        const size_t used = strlen(text);
        snprintf(text + used, capacity - used, "%s%s", i ? ", " : "", option->choices[i]);
    }
    if (option->type == GENLAT_OPTION_BOOL)
        snprintf(text, capacity, "yes, no");
    else if (!option->choices && option->most < 1e18)
        snprintf(text, capacity, "%s, %.12g to %.12g", form, option->least, option->most);
    else if (!option->choices)
        snprintf(text, capacity, option->least > -1e18 ? "%s, %.12g or more" : "%s", form, option->least);
}

static int list_options(const app_state *app, const char *group, const char *name, const char *help)
{
    genlat_option_info option = {.size = sizeof option};
    json_t *options = json_object();
    int32_t count = 0;
    if (!app->opts.json)
        printf("%s: %s\n", name, help ? help : "");
    for (; genlat_kind_option(group, name, count, &option) == GENLAT_OK; count++) {
        char usual[64], range[512];
        default_text(&option, usual, sizeof usual);
        range_text(&option, range, sizeof range);
        if (!app->opts.json && count == 0)
            printf("\n%-20s %-12s %s\n", "option", "default", "values; meaning");
        if (!app->opts.json)
            printf("%-20s %-12s %s; %s\n", option.name, usual, range, option.help);
        json_object_set_new(options, option.name,
                            json_pack("{s:s, s:s, s:s}", "default", usual, "values", range, "help", option.help));
    }
    if (!app->opts.json && count == 0)
        printf("It has no options.\n");
    return output_json(app, json_pack("{s:s, s:s, s:o}", "name", name, "help", help ? help : "", "options", options));
}

/* ---- the command ----------------------------------------------------------------------------- */

static int find_kind(const app_state *app, const char *group)
{
    enum { MOST = 256 };
    const char *names[MOST], *help = NULL;
    int32_t count = 0;
    for (; count < MOST && (names[count] = kind_at(group, count, &help)) != NULL; count++)
        if (strcmp(names[count], app->second) == 0)
            return list_options(app, group, names[count], help);
    return app_unknown(app, group, app->second, names, count);
}

int cmd_kinds(app_state *app)
{
    const char *names[MOST_GROUPS], *help = NULL;
    int32_t count = 0;
    if (!app->model)
        return list_groups(app);
    for (; count < MOST_GROUPS && (names[count] = group_at(count, &help)) != NULL; count++)
        if (strcmp(names[count], app->model) == 0)
            return app->second ? find_kind(app, names[count]) : list_kinds(app, names[count]);
    return app_unknown(app, "group of kinds", app->model, names, count);
}
