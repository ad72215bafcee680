/* SPDX-License-Identifier: MIT */
/* Lists everything that is chosen by text: one line for each group of kinds. Like families.c, this file depends on all
 * modules. */
#include "gan/augment/augment.h"
#include "gan/penalty/penalty.h"
#include "genlat/experimental.h"
#include "genlat/loss.h"
#include "latent/latent.h"
#include "layer/layer.h"
#include "loss/loss.h"
#include "metric/metric.h"
#include "optim/optim_priv.h"
#include "train/train.h"
#include "vae/vae.h"

typedef struct kind {
    const char *name, *help;
    const gnl_options_table *options; /* NULL: none */
} kind;

/* Defines a function that finds the index-th kind of a table of pointers ended by NULL. */
#define KINDS(function, types, its_name, its_help, its_options)                                                        \
    static bool function(int32_t index, kind *out)                                                                     \
    {                                                                                                                  \
        for (int32_t i = 0; types[i]; i++)                                                                             \
            if (i == index) {                                                                                          \
                *out = (kind){types[i]->its_name, types[i]->its_help, its_options};                                    \
                return true;                                                                                           \
            }                                                                                                          \
        return false;                                                                                                  \
    }

KINDS(layer_at, gnl_layer_types, name, help, gnl_layer_types[i]->options)
KINDS(likelihood_at, gnl_loss_types, name, help, gnl_loss_types[i]->options)
KINDS(posterior_at, gnl_posterior_types, kind.name, kind.help, gnl_posterior_types[i]->kind.options)
KINDS(prior_at, gnl_prior_types, kind.name, kind.help, gnl_prior_types[i]->kind.options)
KINDS(term_at, gnl_term_types, kind.name, kind.help, gnl_term_types[i]->kind.options)
KINDS(bound_at, gnl_bound_types, kind.name, kind.help, gnl_bound_types[i]->kind.options)
KINDS(missing_at, gnl_missing_types, name, help, gnl_missing_types[i]->options)
KINDS(sampler_at, gnl_sampler_types, name, help, gnl_sampler_types[i]->options)
KINDS(penalty_at, gnl_gan_penalty_types, name, help, gnl_gan_penalty_types[i]->options)
KINDS(augmentation_at, gnl_augment_types, name, help, NULL)
KINDS(optimizer_at, gnl_rules, name, help, gnl_rules[i]->options)
KINDS(metric_at, gnl_metric_types, name, help, gnl_metric_types[i]->options)
KINDS(schedule_at, gnl_schedule_types, name, help, gnl_schedule_types[i]->options)
KINDS(family_at, gnl_families, name, help, gnl_families[i]->config->options)

static bool adversarial_at(int32_t index, kind *out)
{
    const char *help = NULL, *name = genlat_adversarial_kind(index, &help);
    *out = (kind){name, help, NULL};
    return name;
}

static bool trainer_at(int32_t index, kind *out)
{
    *out = (kind){"trainer", "how long and on what a model is trained", &gnl_trainer_options};
    return index == 0;
}

static const struct group {
    const char *name, *help;
    bool (*at)(int32_t index, kind *out); /* index >= 0 */
} groups[] = {
    {"layers", "layers of a net", layer_at},
    {"likelihoods", "likelihood of a VAE, loss of a predictor", likelihood_at},
    {"posteriors", "posterior of a VAE", posterior_at},
    {"priors", "prior of a VAE", prior_at},
    {"terms", "terms of a VAE's objective, separated by ;", term_at},
    {"bounds", "bound of a VAE on log p(x)", bound_at},
    {"missing", "what a VAE does with missing values of the data", missing_at},
    {"samplers", "sampler of codes, fitted after training", sampler_at},
    {"adversarial-losses", "loss of a GAN", adversarial_at},
    {"penalties", "penalties of a GAN, separated by ;", penalty_at},
    {"augmentations", "augment of a GAN, separated by commas", augmentation_at},
    {"optimizers", "optimizer, optimizer_g, optimizer_d, term_optimizer", optimizer_at},
    {"schedules", "lr_schedule, beta_schedule and other schedules", schedule_at},
    {"metrics", "metrics of samples, reconstructions, codes and scores, chosen by text", metric_at},
    {"families", "families of models and the options of their settings", family_at},
    {"training", "options of the trainer", trainer_at},
};

static genlat_status find_group(const char *name, const struct group **out)
{
    gnl_unknown names = {.word = name};
    for (size_t i = 0; i < GNL_COUNT(groups); i++) {
        gnl_unknown_add(&names, groups[i].name);
        if (strcmp(groups[i].name, name) == 0) {
            *out = &groups[i];
            return GENLAT_OK;
        }
    }
    return gnl_unknown_fail(&names, "unknown group of kinds '%.60s'", name);
}

static genlat_status find_kind(const struct group *group, const char *name, kind *out)
{
    gnl_unknown names = {.word = name};
    for (int32_t i = 0; group->at(i, out); i++) {
        gnl_unknown_add(&names, out->name);
        if (strcmp(out->name, name) == 0)
            return GENLAT_OK;
    }
    return gnl_unknown_fail(&names, "unknown kind '%.60s' of %s", name, group->name);
}

const char *genlat_kind_group(int32_t index, const char **help)
{
    const bool known = index >= 0 && (size_t)index < GNL_COUNT(groups);
    if (help)
        *help = known ? groups[index].help : NULL;
    return known ? groups[index].name : NULL;
}

genlat_status genlat_kind_name(const char *group, int32_t index, const char **name, const char **help)
{
    const struct group *found = NULL;
    kind one = {.name = NULL};
    GNL_ENTER();
    if (help)
        *help = NULL;
    GNL_CHECK(name, "name is NULL");
    *name = NULL;
    GNL_CHECK(group, "group is NULL");
    GNL_TRY(find_group(group, &found));
    if (index < 0 || !found->at(index, &one))
        return gnl_fail(GENLAT_E_NOT_FOUND, "%s has no kind number %d", group, (int)index);
    *name = one.name;
    if (help)
        *help = one.help;
    return GENLAT_OK;
}

genlat_status genlat_kind_option(const char *group, const char *kind_name, int32_t index, genlat_option_info *out)
{
    const struct group *found = NULL;
    kind one;
    GNL_ENTER();
    GNL_CHECK(group, "group is NULL");
    GNL_CHECK(kind_name, "kind is NULL");
    GNL_TRY(gnl_result_check(out, "out"));
    GNL_TRY(find_group(group, &found));
    GNL_TRY(find_kind(found, kind_name, &one));
    const size_t count = one.options ? one.options->count : 0;
    if (index < 0 || (size_t)index >= count)
        return gnl_fail(GENLAT_E_NOT_FOUND, "%s has %zu options, option %d does not exist", kind_name, count,
                        (int)index);
    const gnl_option *option = &one.options->options[index];
    const genlat_option_info info = {.size = sizeof info,
                                     .type = (int64_t)option->type,
                                     .fallback = option->fallback,
                                     .least = option->min,
                                     .most = option->max,
                                     .name = option->name,
                                     .help = option->help,
                                     .choices = option->names};
    gnl_result_give(out, &info, sizeof info);
    return GENLAT_OK;
}
