/* SPDX-License-Identifier: MIT */
/* Writes the page of the reference that lists every kind that is written as text with its options, and the settings and presets
 * of every family of models, from the tables that the library itself is driven by. */
#include <stdio.h>
#include <string.h>

#include "gan/augment/augment.h"
#include "gan/gan.h"
#include "gan/penalty/penalty.h"
#include "genlat/genlat.h"
#include "latent/latent.h"
#include "layer/layer.h"
#include "loss/loss.h"
#include "model/model.h"
#include "optim/optim_priv.h"
#include "predictor/predictor.h"
#include "vae/vae.h"

/* Markdown would take a star, an underscore or a sign of comparison for itself. */
static void say(const char *text)
{
    for (; *text; text++) {
        if (*text == '<')
            fputs("&lt;", stdout);
        else if (*text == '>')
            fputs("&gt;", stdout);
        else
            printf(*text == '*' || *text == '_' || *text == '|' ? "\\%c" : "%c", *text);
    }
}

static void say_default(const gnl_option *option)
{
    char text[40];
    gnl_format_real(option->fallback, text, sizeof text);
    if (option->type == GNL_OPTION_DIMS)
        printf("none");
    else if (option->type == GNL_OPTION_BOOL)
        printf("%s", option->fallback > 0 ? "yes" : "no");
    else
        say(option->type == GNL_OPTION_ENUM ? option->names[(int)option->fallback] : text);
}

static void say_range(const gnl_option *option)
{
    char low[40], high[40];
    gnl_format_real(option->min, low, sizeof low);
    gnl_format_real(option->max, high, sizeof high);
    if (option->type == GNL_OPTION_BOOL)
        printf("yes, no");
    else if (option->type != GNL_OPTION_ENUM)
        printf("%s to %s%s", low, high, option->type == GNL_OPTION_PAIR ? ", or a pair as in 3x5" : "");
    else
        for (int i = 0; option->names[i]; i++) {
            printf("%s", i ? ", " : "");
            say(option->names[i]);
        }
}

static void list_options(const gnl_options_table *table)
{
    if (!table || table->count == 0)
        return;
    printf("| option | default | values | meaning |\n|---|---|---|---|\n");
    for (size_t i = 0; i < table->count; i++) {
        const gnl_option *option = &table->options[i];
        printf("| `%s` | ", option->name);
        say_default(option);
        printf(" | ");
        say_range(option);
        printf(" | ");
        say(option->help);
        printf(" |\n");
    }
    printf("\n");
}

static void open_list(const char *title, const char *example)
{
    printf("## %s\n\nWritten as text, such as `%s`.\n\n", title, example);
}

static void list_kind(const char *name, const char *help, const gnl_options_table *table)
{
    printf("### %s\n\n", name);
    say(help);
    printf(".\n\n");
    list_options(table);
}

static void list_statuses(void)
{
    printf("## Statuses\n\n| name | number | meaning |\n|---|---|---|\n");
#define LINE(name, number, sentence) printf("| `GENLAT_%s` | %d | %s |\n", #name, number, sentence);
    GENLAT_STATUS_MAP(LINE)
#undef LINE
    printf("\n");
}

typedef const char *named_fn(int32_t index, const char **help);

static void list_names(const char *title, named_fn *name_at)
{
    const char *name, *help = NULL;
    printf("## %s\n\n| name | meaning |\n|---|---|\n", title);
    for (int32_t i = 0; (name = name_at(i, &help)) != NULL; i++) {
        printf("| `%s` | ", name);
        say(help ? help : "");
        printf(" |\n");
    }
    printf("\n");
}

/* ---- what a VAE has between its nets, and a GAN beside its losses ----------------------------- */

static void list_kind_type(const gnl_kind_type *type)
{
    list_kind(type->name, type->help, type->options);
}

static void list_latent_kinds(void)
{
    open_list("Posteriors", "gaussian");
    for (int i = 0; gnl_posterior_types[i]; i++)
        list_kind_type(&gnl_posterior_types[i]->kind);
    open_list("Priors", "normal");
    for (int i = 0; gnl_prior_types[i]; i++)
        list_kind_type(&gnl_prior_types[i]->kind);
    open_list("Terms of the objective", "kl beta=4");
    for (int i = 0; gnl_term_types[i]; i++)
        list_kind_type(&gnl_term_types[i]->kind);
    open_list("Bounds", "importance estimator=doubly");
    for (int i = 0; gnl_bound_types[i]; i++)
        list_kind_type(&gnl_bound_types[i]->kind);
}

static void list_gan_kinds(void)
{
    list_names("Adversarial losses", genlat_adversarial_kind);
    open_list("Penalties of the GAN", "r1 weight=1; r2 weight=1");
    for (int i = 0; gnl_gan_penalty_types[i]; i++)
        list_kind(gnl_gan_penalty_types[i]->name, gnl_gan_penalty_types[i]->help, gnl_gan_penalty_types[i]->options);
    open_list("Augmentations", "color,translation");
    printf("| name | group | meaning |\n|---|---|---|\n");
    for (int i = 0; gnl_augment_types[i]; i++) {
        printf("| `%s` | %s | ", gnl_augment_types[i]->name, gnl_augment_types[i]->group ? gnl_augment_types[i]->group : "");
        say(gnl_augment_types[i]->help);
        printf(" |\n");
    }
    printf("\n");
}

/* ---- families ---------------------------------------------------------------------------------- */

static void list_texts(const gnl_config_type *type)
{
    static const char *const written[] = {[GNL_TEXT_SPEC] = "kinds with their options",
                                          [GNL_TEXT_OPTIMIZER] = "an optimizer; a second one may be empty: as the first",
                                          [GNL_TEXT_SCHEDULE] = "a schedule; empty: constant",
                                          [GNL_TEXT_NET] = "layers",
                                          [GNL_TEXT_BUILD] = "used while the model is built"};
    printf("| text | value |\n|---|---|\n");
    for (int i = 0; i < type->count; i++)
        printf("| `%s` | %s |\n", type->texts[i].key, written[type->texts[i].kind]);
    printf("\n");
}

/* Layers may stand between ';' as well as between '|', which would end a column. */
static void say_setting(const char *key, const char *value)
{
    printf("`%s=", key);
    for (; *value; value++)
        putchar(*value == '|' ? ';' : *value);
    printf("`");
}

static void list_presets(const gnl_model_type *type)
{
    printf("| preset | meaning | settings |\n|---|---|---|\n");
    for (const gnl_preset *preset = type->presets; preset->name; preset++) {
        printf("| `%s` | ", preset->name);
        say(preset->help);
        printf(" | ");
        for (int i = 0; preset->pair[i]; i += 2) {
            printf("%s", i ? ", " : "");
            say_setting(preset->pair[i], preset->pair[i + 1]);
        }
        printf(" |\n");
    }
    printf("\n");
}

/* What genlat_model_builder_set() takes, beside what every family has. */
static void list_family(const gnl_model_type *type)
{
    printf("## Family %s\n\n", type->name);
    say(type->help);
    printf(".\n\n");
    list_options(type->config->options);
    list_texts(type->config);
    list_presets(type);
}

/* lib/families.c keeps its table to itself; a family that is missing here is an error. */
static int list_families(void)
{
    static const gnl_model_type *const families[] = {&gnl_vae_type, &gnl_gan_type, &gnl_predictor_type, NULL};
    const char *name;
    for (int32_t i = 0; (name = genlat_model_family_name(i, NULL)) != NULL; i++) {
        const gnl_model_type *const *type = families;
        while (*type && strcmp((*type)->name, name) != 0)
            type++;
        if (!*type) {
            fprintf(stderr, "kinds: the family %s is not listed\n", name);
            return 1;
        }
        list_family(*type);
    }
    return 0;
}

int main(void)
{
    printf("# Kinds and options {#kinds}\n\nWhat libgenlat %s has, from its own tables.\n\n[TOC]\n\n",
           genlat_version());
    list_statuses();
    open_list("Layers", "conv2d channels=32 kernel=4 stride=2 padding=1");
    for (int i = 0; gnl_layer_types[i]; i++)
        list_kind(gnl_layer_types[i]->name, gnl_layer_types[i]->help, gnl_layer_types[i]->options);
    open_list("Likelihoods", "gaussian sd=optimal");
    for (int i = 0; gnl_loss_types[i]; i++)
        list_kind(gnl_loss_types[i]->name, gnl_loss_types[i]->help, gnl_loss_types[i]->options);
    open_list("Optimizers", "adamw lr=3e-4 weight_decay=0.01");
    for (int i = 0; gnl_rules[i]; i++)
        list_kind(gnl_rules[i]->name, gnl_rules[i]->help, gnl_rules[i]->options);
    open_list("Schedules", "linear from=0 to=1 steps=1000 then constant value=1");
    for (int i = 0; gnl_schedule_types[i]; i++)
        list_kind(gnl_schedule_types[i]->name, gnl_schedule_types[i]->help, gnl_schedule_types[i]->options);
    list_latent_kinds();
    list_gan_kinds();
    if (list_families() != 0)
        return 1;
    printf("## Drawn sources\n\n");
    for (int32_t i = 0; genlat_source_synthetic_name(i); i++)
        printf("- `%s`\n", genlat_source_synthetic_name(i));
    return 0;
}
