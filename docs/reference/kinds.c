/* SPDX-License-Identifier: MIT */
/* Writes the page of the reference that lists every kind of layer, likelihood, optimizer and schedule with its options, from
 * the tables that the library itself is driven by. */
#include <stdio.h>

#include "genlat/genlat.h"
#include "layer/layer.h"
#include "loss/loss.h"
#include "model/gan_priv.h"
#include "model/vae_priv.h"
#include "optim/optim_priv.h"

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
    printf("## Options of the VAE\n\nSet by genlat_vae_builder_set() too.\n\n");
    list_options(&gnl_vae_table);
    printf("## Options of the GAN\n\nSet by genlat_gan_builder_set() too.\n\n");
    list_options(&gnl_gan_table);
    list_names("Adversarial losses", genlat_adversarial_kind);
    list_names("Presets of the VAE", genlat_vae_preset);
    list_names("Presets of the GAN", genlat_gan_preset);
    printf("## Drawn sources\n\n");
    for (int32_t i = 0; genlat_source_synthetic_name(i); i++)
        printf("- `%s`\n", genlat_source_synthetic_name(i));
    return 0;
}
