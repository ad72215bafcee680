/* SPDX-License-Identifier: MIT */
/* Writes the reference of everything that is configured by text: kinds with their options, and the settings of each
 * family of models. Its input are the tables that the library itself uses.
 *
 * usage: kinds                      one page for Doxygen, to standard output
 *        kinds FOLDER DERIVATIONS   one Markdown page for each group into FOLDER, with links into DERIVATIONS
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gan/augment/augment.h"
#include "gan/gan.h"
#include "gan/penalty/penalty.h"
#include "gmm/gmm.h"
#include "genlat/files.h"
#include "genlat/genlat.h"
#include "latent/latent.h"
#include "layer/layer.h"
#include "loss/loss.h"
#include "metric/metric.h"
#include "model/model.h"
#include "optim/optim_priv.h"
#include "ppca/ppca.h"
#include "predictor/predictor.h"
#include "rbm/rbm.h"
#include "vae/vae.h"

#include "lists.h"

enum { MOST_PAGES = 100, MOST_BYTES = 1 << 16, MOST_GROUPS = 40 };

/* A page of derivations: its file name and its text. */
typedef struct derivation {
    char name[64];
    char *text;
} derivation;

static derivation derivations[MOST_PAGES];
static int derivation_count;
static const char *folder; /* NULL: one page for Doxygen */
/* The groups that have been written: file name and title. */
static char groups[MOST_GROUPS][2][60];
static int group_count;

/* ---- text ---------------------------------------------------------------------------------------- */

/* Writes text, and escapes characters that have a meaning in Markdown. */
static void put_text(const char *text)
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

/* Writes a line of help as a sentence: a capital letter first, a full stop last. Help that starts with a name or a
 * formula keeps its first letter. */
static void put_sentence(const char *text)
{
    const size_t word = strspn(text, "abcdefghijklmnopqrstuvwxyz");
    const bool capital = (word > 1 || strncmp(text, "a ", 2) == 0) && strchr(" ,;:-", text[word]) && text[word];
    char *copy = strdup(text);
    if (copy && capital && copy[0] >= 'a' && copy[0] <= 'z')
        copy[0] = (char)(copy[0] - 'a' + 'A');
    put_text(copy ? copy : text);
    free(copy);
    printf(".\n\n");
}

/* A number without the zeros of its exponent: 1e9 instead of 1e+09. */
static const char *number(double value)
{
    static char text[40];
    gnl_format_real(value, text, sizeof text);
    char *exponent = strchr(text, 'e');
    if (exponent) {
        char *digits = exponent + 1 + strspn(exponent + 1, "+-0");
        exponent += exponent[1] == '-' ? 2 : 1;
        memmove(exponent, digits, strlen(digits) + 1);
    }
    return text;
}

static void put_default(const gnl_option *option)
{
    if (option->type == GNL_OPTION_DIMS || option->type == GNL_OPTION_AXES)
        printf("none");
    else if (option->type == GNL_OPTION_BOOL)
        printf("`%s`", option->fallback > 0 ? "yes" : "no");
    else if (option->type == GNL_OPTION_ENUM)
        printf("`%s`", option->names[(int)option->fallback]);
    else
        printf("`%s`", number(option->fallback));
}

static void put_range(const gnl_option *option)
{
    if (option->type == GNL_OPTION_BOOL) {
        printf("`yes`, `no`");
    } else if (option->type == GNL_OPTION_ENUM) {
        for (int i = 0; option->names[i]; i++)
            printf("%s`%s`", i ? ", " : "", option->names[i]);
    } else {
        const bool open = option->max >= 1e18, any = open && option->min <= -1e18;
        printf(option->type == GNL_OPTION_REAL ? "number" : "integer");
        if (!any)
            printf(", %s%s", number(option->min), open ? " or more" : " to ");
        printf("%s", open ? "" : number(option->max));
        printf("%s", option->type == GNL_OPTION_PAIR   ? "; or two, as in `3x5`"
                     : option->type == GNL_OPTION_DIMS ? "; or several, as in `64x7x7`"
                     : option->type == GNL_OPTION_AXES ? "; or several, as in `2,0,1`"
                                                       : "");
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
        put_default(option);
        printf(" | ");
        put_range(option);
        printf(" | ");
        put_text(option->help);
        printf(" |\n");
    }
    printf("\n");
    for (const char *const *former = table->former; former && *former; former += 2)
        printf("%s`%s` is a former name of `%s`%s", former == table->former ? "" : "; ", former[0], former[1],
               former[2] ? "" : ".\n\n");
}

/* ---- pages --------------------------------------------------------------------------------------- */

/* The level of headings: a group is a page of its own, or a section of one page. */
static void put_heading(int level, const char *text)
{
    printf("%.*s %s\n\n", level + (folder ? 0 : 1), "#####", text);
}

/* Sends standard output to a page. */
static void open_page(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s.md", folder, name);
    if (!freopen(path, "w", stdout)) {
        perror(path);
        exit(1);
    }
    printf("<!-- Written by docs/reference/kinds.c. Do not edit: run `ninja -C build reference-pages`. -->\n");
}

/* Writes Markdown. The page of Doxygen is elsewhere, so that it keeps the text of links only. */
static void put_markdown(const char *text)
{
    while (*text) {
        const char *close = *text == '[' && !folder ? strstr(text, "](") : NULL;
        if (close) {
            printf("%.*s", (int)(close - text - 1), text + 1);
            text = strchr(close, ')') + 1;
        } else {
            putchar(*text++);
        }
    }
    printf("\n\n");
}

/* Starts a group with an introduction in Markdown. */
static void open_group(const char *name, const char *title, const char *intro)
{
    if (folder) {
        open_page(name);
        snprintf(groups[group_count][0], sizeof groups[0][0], "%s", name);
        snprintf(groups[group_count][1], sizeof groups[0][1], "%s", title);
        group_count += group_count < MOST_GROUPS - 1;
    }
    put_heading(1, title);
    put_markdown(intro);
}

/* The page that links to all groups. */
static void write_index(void)
{
    open_page("README");
    printf("# Reference of kinds and options\n\n"
           "Layers, likelihoods, optimizers and other parts of a model are chosen by text: a name, then options\n"
           "as `key=value`. These pages list every name and every option. The library, its program `genlat` and\n"
           "its model files use the same text. The comments of the headers describe the C functions; Doxygen\n"
           "writes a reference from them.\n\n");
    for (int i = 0; i < group_count; i++)
        printf("- [%s](%s.md)\n", groups[i][1], groups[i][0]);
}

/* Reads the lines "Heading: `kind`, `kind`" of the derivations later; this only loads the files. */
static void load_derivations(const char *path)
{
    DIR *dir = opendir(path);
    for (struct dirent *entry; dir && (entry = readdir(dir)) != NULL;) {
        char file[1024];
        const size_t length = strlen(entry->d_name);
        if (length < 4 || length >= sizeof derivations->name || strcmp(entry->d_name + length - 3, ".md") != 0 ||
            derivation_count == MOST_PAGES)
            continue;
        snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        FILE *in = fopen(file, "r");
        derivation *d = &derivations[derivation_count];
        d->text = calloc(MOST_BYTES, 1);
        if (in && d->text && fread(d->text, 1, MOST_BYTES - 1, in) > 0) {
            snprintf(d->name, sizeof d->name, "%s", entry->d_name);
            derivation_count++;
        } else {
            free(d->text);
        }
        if (in)
            fclose(in);
    }
    if (dir)
        closedir(dir);
}

/* The page whose line "heading: ..." names the kind; NULL: none. */
static const char *derivation_of(const char *heading, const char *kind)
{
    char line[64], word[80];
    snprintf(line, sizeof line, "\n%s: ", heading);
    snprintf(word, sizeof word, "`%s`", kind);
    for (int i = 0; i < derivation_count; i++)
        for (const char *at = derivations[i].text; (at = strstr(at, line)) != NULL; at++) {
            const char *found = strstr(at, word), *end = strchr(at + 1, '\n');
            if (found && end && found < end)
                return derivations[i].name;
        }
    return NULL;
}

static void list_kind(int level, const char *heading, const char *name, const char *help,
                      const gnl_options_table *table)
{
    const char *page = derivation_of(heading, name);
    put_heading(level, name);
    put_sentence(help);
    if (page)
        printf("Formulas: [%.*s](../derivations/%s)\n\n", (int)strlen(page) - 3, page, page);
    list_options(table);
}

/* A line of the table at the start of a page; the page of Doxygen has a table of contents instead. */
static void list_name(const char *name, const char *help)
{
    if (!folder)
        return;
    printf("| [`%s`](#%s) | ", name, name);
    put_text(help);
    printf(" |\n");
}

static void open_names(void)
{
    if (folder)
        printf("| name | meaning |\n|---|---|\n");
}

static void close_names(void)
{
    if (folder)
        printf("\n");
}

/* Lists the kinds of a table of pointers ended by NULL: names first, then each with its options under a heading of the
 * level. `heading` is what the derivations write before the names of these kinds. */
#define LIST_KINDS(level, heading, types, field)                                                                       \
    do {                                                                                                               \
        open_names();                                                                                                  \
        for (int i = 0; types[i]; i++)                                                                                 \
            list_name(types[i]->field name, types[i]->field help);                                                     \
        close_names();                                                                                                 \
        for (int i = 0; types[i]; i++)                                                                                 \
            list_kind(level, heading, types[i]->field name, types[i]->field help, types[i]->field options);            \
    } while (0)
#define OF_TYPE      /* name, help and options are members of the type ... */
#define OF_KIND kind./* ... or of its member `kind` */

/* ---- groups -------------------------------------------------------------------------------------- */

static void list_layers(void)
{
    open_group("layers", "Layers",
               "A layer is written as its name and options, such as `conv2d channels=32 kernel=4 stride=2\n"
               "padding=1`. A net is layers separated by `|`, `;` or line ends. The line `output A,B` names the\n"
               "outputs of a net.\n\n"
               "Three keys belong to the net and are accepted by every layer:\n\n"
               "| key | meaning |\n"
               "|---|---|\n"
               "| `name` | name of the node; without it, the number of the node from 0 on |\n"
               "| `from` | names of the inputs, separated by commas; without it, the node before |\n"
               "| `share` | name of an earlier node of the same kind, whose weights are used |");
    LIST_KINDS(2, "Layers", gnl_layer_types, OF_TYPE);
}

/* The parameters of p(x|z) that genlat_vae_parameter() computes. */
static void list_parameters(void)
{
    static const char *const units[] = {"none", "that of the data", "that of differences of the data"};
    put_heading(2, "Parameters");
    printf("`genlat_vae_parameter()` computes these parameters of p(x|z) for every element of the data.\n\n"
           "| likelihood | parameter | unit | meaning |\n|---|---|---|---|\n");
    for (int i = 0; gnl_loss_types[i]; i++)
        for (const gnl_loss_parameter *p = gnl_loss_types[i]->parameters; p && p->name; p++) {
            printf("| `%s` | `%s` | %s | ", gnl_loss_types[i]->name, p->name, units[p->unit]);
            put_text(p->help);
            printf(" |\n");
        }
    printf("\n");
}

static void list_likelihoods(void)
{
    open_group("likelihoods", "Likelihoods",
               "A likelihood is written as its name and options, such as `gaussian sd=optimal`. It is the setting\n"
               "`likelihood` of a VAE, the setting `loss` of a predictor, and the argument of `genlat_loss_new()`.");
    LIST_KINDS(2, "Losses", gnl_loss_types, OF_TYPE);
    list_parameters();
}

static void list_adversarial_losses(void)
{
    const char *name, *help = NULL;
    open_group("adversarial-losses", "Adversarial losses",
               "The setting `loss` of a GAN. These losses have no options of their own; label smoothing is an\n"
               "option of the GAN. Formulas: [Adversarial losses](../derivations/adversarial.md).");
    printf("| name | meaning |\n|---|---|\n");
    for (int32_t i = 0; (name = genlat_adversarial_kind(i, &help)) != NULL; i++) {
        printf("| `%s` | ", name);
        put_text(help ? help : "");
        printf(" |\n");
    }
    printf("\n");
}

static void list_optimizers(void)
{
    open_group("optimizers", "Optimizers",
               "An optimizer is written as its name and options, such as `adamw lr=3e-4 weight_decay=0.01`. It is\n"
               "the setting `optimizer` of a VAE or a predictor, `optimizer_g` and `optimizer_d` of a GAN, and the\n"
               "argument of `genlat_optim_from_text()`. [Optimizer step](../derivations/optimizer_step.md) has\n"
               "what all of them share.");
    LIST_KINDS(2, "Optimizers", gnl_rules, OF_TYPE);
}

static void list_schedules(void)
{
    open_group("schedules", "Schedules",
               "A schedule is written as its name and options, such as `cosine from=1 to=0.01 steps=10000\n"
               "warmup=500`. A plain number is a constant. Schedules joined by `then` follow each other: `linear\n"
               "from=0 to=1 steps=1000 then 1`.\n\n"
               "The settings `lr_schedule`, `beta_schedule`, `noise_schedule`, `penalty_schedule` and\n"
               "`beta2_schedule` of models are schedules. `genlat_schedule_new()` makes one for a training loop of\n"
               "your own.");
    LIST_KINDS(2, "Schedules", gnl_schedule_types, OF_TYPE);
}

static void open_section(const char *title, const char *intro)
{
    put_heading(2, title);
    put_markdown(intro);
}

static void list_latent_kinds(void)
{
    open_group("latent", "Latent variables",
               "These kinds connect the encoder and the decoder of a VAE: how codes are drawn, and which objective a\n"
               "step optimizes.");
    open_section("Posteriors", "The setting `posterior`: the distribution q(z|x) that the encoder describes.");
    LIST_KINDS(3, "Posteriors", gnl_posterior_types, OF_KIND);
    open_section("Priors", "The setting `prior`: the distribution p(z) of the latent code.");
    LIST_KINDS(3, "Priors", gnl_prior_types, OF_KIND);
    open_section(
        "Terms",
        "The setting `terms`: what is added to the reconstruction loss. Several terms are separated by `;`,\n"
        "as in `kl beta=0.5; mmd weight=100`. Steps, evaluations and logs show what each term other than `kl`\n"
        "contributes, under its name.");
    LIST_KINDS(3, "Terms", gnl_term_types, OF_KIND);
    open_section("Bounds", "The setting `bound`: the bound on log p(x) that a training step maximizes, such as\n"
                           "`importance estimator=doubly`.");
    LIST_KINDS(3, "Bounds", gnl_bound_types, OF_KIND);
    open_section("Missing values", "The setting `missing`: whether data may have missing values, NaN, and what the\n"
                                   "encoder sees in their place, such as `fill value=learned`.");
    LIST_KINDS(3, "Treatments", gnl_missing_types, OF_TYPE);
}

static void list_samplers(void)
{
    open_group("samplers", "Samplers",
               "A sampler is fitted to the codes of data after the training of a model, and then draws codes in the\n"
               "place of its prior. It is the option `--sampler` of `genlat sampler` and the argument of\n"
               "`genlat_model_fit_sampler()`, such as `mixture components=10`. `prior` removes the sampler.");
    LIST_KINDS(2, "Samplers", gnl_sampler_types, OF_TYPE);
}

static void list_gan_kinds(void)
{
    open_group("penalties", "Penalties",
               "The setting `penalties` of a GAN: terms that are added to the losses of the discriminator, the\n"
               "generator, or both. Several are separated by `;`, as in `r1 weight=1; lecam weight=0.1`. They are\n"
               "added to those that the options `r1`, `r2`, `gp`, `approx_r1`, `approx_r2`, `history` and\n"
               "`orthogonal` of the GAN request.");
    LIST_KINDS(2, "Penalties", gnl_gan_penalty_types, OF_TYPE);
    open_group("augmentations", "Augmentations",
               "The setting `augment` of a GAN: random changes of all samples that the discriminator sees. Names\n"
               "and groups are separated by commas, as in `color,translation`. The options `augment_probability`,\n"
               "`augment_target` and `augment_speed` of the GAN set how often they apply. Formulas:\n"
               "[Differentiable augmentation](../derivations/augment.md).");
    printf("| name | group | meaning |\n|---|---|---|\n");
    for (int i = 0; gnl_augment_types[i]; i++) {
        const char *group = gnl_augment_types[i]->group;
        printf("| `%s` | ", gnl_augment_types[i]->name);
        if (group)
            printf("`%s`", group);
        printf(" | ");
        put_text(gnl_augment_types[i]->help);
        printf(" |\n");
    }
    printf("\n");
}

static void list_statuses(void)
{
    open_group("statuses", "Statuses",
               "Every function that can fail returns a `genlat_status`: `GENLAT_OK`, which is 0, or a negative\n"
               "number. `genlat_last_error()` returns the text of the last failure in the calling thread.");
    printf("| name | number | meaning |\n|---|---|---|\n");
#define LINE(name, number, sentence) printf("| `GENLAT_%s` | %d | %s |\n", #name, number, sentence);
    GENLAT_STATUS_MAP(LINE)
#undef LINE
    printf("\n");
}

/* ---- data, metrics ------------------------------------------------------------------------------- */

/* Name and help of a kind of source: those of libgenlat-files, or of libgenlat alone. */
static const char *source_at(int32_t index, const char **help)
{
#ifdef WITH_FILES
    return genlat_files_kind(index, help);
#else
    *help = "generated by the library";
    return genlat_source_synthetic_name(index);
#endif
}

/* Name and help of a key of a kind of source. */
static const char *source_key_at(const char *kind, int32_t index, const char **help)
{
#ifdef WITH_FILES
    return genlat_files_key(kind, index, help);
#else
    return genlat_transform_opts_key(index, help);
#endif
}

static bool source_has_key(const char *kind, const char *key)
{
    const char *name;
    for (int32_t i = 0; (name = source_key_at(kind, i, NULL)) != NULL; i++)
        if (strcmp(name, key) == 0)
            return true;
    return false;
}

/* Writes the line of a key, if it is one of all kinds as wanted, unless a kind before `kind` has it too. */
static void list_source_key(int32_t kind, const char *key, const char *help, bool of_all)
{
    const char *name, *unused;
    int32_t kinds = 0, owners = 0;
    for (; (name = source_at(kinds, &unused)) != NULL; kinds++) {
        owners += source_has_key(name, key);
        if (kinds < kind && source_has_key(name, key))
            return;
    }
    if ((owners == kinds) != of_all)
        return;
    printf("| `%s` | %s", key, of_all ? "all" : "");
    for (int32_t i = 0, written = 0; (name = source_at(i, &unused)) != NULL && !of_all; i++)
        if (source_has_key(name, key))
            printf("%s`%s`", written++ ? ", " : "", name);
    printf(" | ");
    put_text(help);
    printf(" |\n");
}

static void list_source_keys(void)
{
    const char *name, *key, *help = NULL;
    printf("| key | kinds | meaning |\n|---|---|---|\n");
    for (int of_all = 0; of_all < 2; of_all++)
        for (int32_t kind = 0; (name = source_at(kind, &help)) != NULL; kind++)
            for (int32_t i = 0; (key = source_key_at(name, i, &help)) != NULL; i++)
                list_source_key(kind, key, help, of_all == 1);
    printf("\n");
}

static void list_sources(void)
{
    const char *name, *help = NULL;
    open_group("sources", "Sources of data",
               "`genlat_files_open()` and the option `--data` of the program read a text of the form\n"
               "`KIND:PATH#PART?KEY=VALUE&KEY=VALUE`. Kinds that the library generates itself take no path.\n"
               "`genlat_source_synthetic()` makes them without libgenlat-files.");
    printf("| kind | data |\n|---|---|\n");
    for (int32_t i = 0; (name = source_at(i, &help)) != NULL; i++) {
        printf("| `%s` | ", name);
        put_text(help);
        printf(" |\n");
    }
    printf("\n");
    put_heading(2, "Parts");
    printf(
        "`#train`, `#valid` and `#test` choose a part of the generated kinds and of `idx` folders. With `holdout=`,\n"
        "`#valid` is the part of any kind that is held out, and `#train`, or no part, the others.\n\n");
    put_heading(2, "Keys");
    list_source_keys();
    put_heading(2, "Joins");
    printf(
        "`SPEC + SPEC`, with a space on each side of `+`, joins data of one shape, in this order. Each has keys of "
        "its\n"
        "own. Keys that change values, `scale`, `binarize`, `threshold` and `stack`, are set in the last one and hold\n"
        "for all.\n\n");
}

/* The inputs of a metric, as genlat_metric_input calls them. */
static void put_needs(const gnl_metric_type *type)
{
    static const char *const names[] = {"samples", "data",    "training", "reconstructions", "originals",
                                        "codes",   "factors", "scores",   "labels",          "probabilities"};
    const char *gap = "Computed from ";
    for (size_t i = 0; i < GNL_COUNT(names); i++)
        if (type->needs & 1u << i) {
            printf("%s`%s`", gap, names[i]);
            gap = ", ";
        }
    printf(". At least %lld row%s.\n\n", (long long)type->least, type->least == 1 ? "" : "s");
}

/* Writes text in lines of at most 110 columns. */
static void put_lines(const char *text)
{
    for (size_t column = 0; *text;) {
        char word[120];
        const size_t length = strcspn(text, " ");
        snprintf(word, sizeof word, "%.*s", (int)length, text);
        if (column)
            putchar(column + length > 108 ? '\n' : ' ');
        column = column && column + length <= 108 ? column + 1 + length : length;
        put_text(word);
        text += length + strspn(text + length, " ");
    }
    printf("\n");
}

static void list_metric_types(void)
{
    open_names();
    for (int i = 0; gnl_metric_types[i]; i++)
        list_name(gnl_metric_types[i]->name, gnl_metric_types[i]->help);
    close_names();
    printf("| alias | short for |\n|---|---|\n");
    for (const gnl_metric_alias *a = gnl_metric_aliases; a->name; a++)
        printf("| `%s` | `%s` |\n", a->name, a->text);
    printf("\n");
    for (int i = 0; gnl_metric_types[i]; i++) {
        const gnl_metric_type *type = gnl_metric_types[i];
        list_kind(2, "Metrics", type->name, type->help, type->options);
        put_needs(type);
        put_lines(type->notes);
        printf("\n| number | meaning |\n|---|---|\n");
        for (const gnl_metric_name *v = type->values; v->name; v++) {
            printf("| `%s` | ", v->name);
            put_text(v->help);
            printf(" |\n");
        }
        printf("\n");
    }
}

static void list_metrics(void)
{
    open_group(
        "metrics", "Metrics",
        "`genlat_metric_new()` and the option `--metric` of `genlat eval` take these names, with options, separated\n"
        "by commas, such as `frechet, neighbours k=3, psnr`. The name of a metric selects all its numbers, the name\n"
        "of a number only that one. Each number comes with its standard error and sample size. All are computed in\n"
        "double precision. \"10 blocks\" means: the rows are divided at random into 10 parts, and the standard\n"
        "deviation of the numbers of the parts is divided by the square root of 10; it needs 10 times the fewest\n"
        "rows. From C, `genlat_metric_needs()` tells the inputs, `genlat_metric_compute()` computes,\n"
        "`genlat_metric_count()` and `genlat_metric_result()` give the results, `genlat_metric_name()` lists the\n"
        "names. `genlat_metric_moments()`, `genlat_metric_quantiles()` and `genlat_metric_log_mean_exp()` are plain\n"
        "statistics; `genlat_metric_frechet_distance()`, `genlat_metric_kernel_distance()`,\n"
        "`genlat_metric_neighbours()` and `genlat_metric_classifier_score()` compute one metric each.");
    list_metric_types();
    put_heading(2, "Metrics of models");
    printf("The program has these in addition, because they need a model or a known mixture.\n\n");
    printf("| name | models | functions | meaning |\n|---|---|---|---|\n");
    for (size_t i = 0; i < GNL_COUNT(metrics); i++)
        printf("| `%s` | %s | %s | %s |\n", metrics[i][0], metrics[i][1], metrics[i][2], metrics[i][3]);
    printf("\n");
}

/* ---- families ---------------------------------------------------------------------------------- */

static void list_architectures(const char *const (*lines)[2], const char *example)
{
    put_heading(2, "Architectures");
    printf("The text `architecture` is a name with options, such as `%s`.\n\n", example);
    printf("| name | meaning |\n|---|---|\n");
    for (; lines[0][0]; lines++)
        printf("| `%s` | %s |\n", lines[0][0], lines[0][1]);
    printf("\n");
}

static void list_common_settings(void)
{
    const char *name, *help = NULL;
    open_group("families", "Families of models",
               "`genlat_model_builder_new()` takes the name of a family. `genlat_model_builder_set()` and the option\n"
               "`--set` of the program take its settings.");
    printf("| family | meaning |\n|---|---|\n");
    for (int32_t i = 0; (name = genlat_model_family_name(i, &help)) != NULL; i++)
        if (folder)
            printf("| [`%s`](family-%s.md) | %s |\n", name, name, help);
        else
            printf("| `%s` | %s |\n", name, help);
    printf("\nThe page of a family lists its options, texts, architectures and presets. Every family also has these\n"
           "settings:\n\n");
    printf("| setting | values | meaning |\n|---|---|---|\n"
           "| `condition` | `none`, `labels`, `classes=N`, `vector=N` | condition of the model, or what a predictor "
           "predicts; `labels`: what the data have |\n"
           "| `epochs` | integer, 0 or more | epochs of training; 0: the default of the trainer |\n"
           "| `steps` | integer, 0 or more | steps of training; 0: the epochs decide |\n"
           "| `batch` | integer, 0 or more | samples in a batch; 0: the default of the trainer |\n"
           "| `restore_best` | `yes`, `no` | whether training ends with the weights of the best validation |\n"
           "| `holdout` | number, -1 or more | fraction or number of the training samples that are held out if there "
           "are no validation data; below 0: a tenth, from 20 to 5000, but no more than a fifth |\n\n");
}

/* "layers", or "latent.md#priors": the text of the link is the last word. */
static void put_link(const char *page)
{
    const char *anchor = strchr(page, '#');
    printf(" ([%s](%s%s))", anchor ? anchor + 1 : page, page, anchor ? "" : ".md");
}

static int list_texts(const gnl_config_type *type)
{
    put_heading(2, "Texts");
    printf("| text | meaning |\n|---|---|\n");
    for (int i = 0; i < type->count; i++) {
        const char *key = type->texts[i].key;
        size_t at = 0;
        while (at < GNL_COUNT(text_help) && strcmp(text_help[at].key, key) != 0)
            at++;
        if (at == GNL_COUNT(text_help)) {
            fprintf(stderr, "kinds: the text %s has no help\n", key);
            return 1;
        }
        printf("| `%s` | %s", key, text_help[at].meaning);
        if (folder && text_help[at].page)
            put_link(text_help[at].page);
        printf(" |\n");
    }
    printf("\n");
    return 0;
}

/* Layers may be separated by ';' as well as by '|', which would end a column. */
static void put_setting(const char *key, const char *value)
{
    printf("`%s=", key);
    for (; *value; value++)
        putchar(*value == '|' ? ';' : *value);
    printf("`");
}

static void list_presets(const gnl_model_type *type)
{
    put_heading(2, "Presets");
    printf("A new builder has the first preset.\n\n");
    printf("| preset | meaning | settings |\n|---|---|---|\n");
    for (const gnl_preset *preset = type->presets; preset->name; preset++) {
        printf("| `%s` | ", preset->name);
        put_text(preset->help);
        printf(" | ");
        for (int i = 0; preset->pair[i]; i += 2) {
            printf("%s", i ? ", " : "");
            put_setting(preset->pair[i], preset->pair[i + 1]);
        }
        printf(" |\n");
    }
    printf("\n");
}

static const struct {
    unsigned bit;
    const char *words;
} layout_words[] = {{GNL_LAYOUT_TEXT, "text"},
                    {GNL_LAYOUT_POINT, "points"},
                    {GNL_LAYOUT_VECTOR, "vectors"},
                    {GNL_LAYOUT_SIGNAL, "signals"},
                    {GNL_LAYOUT_IMAGES, "images"}},
  value_words[] = {{GNL_VALUES_BINARY, "0 and 1"},
                   {GNL_VALUES_UNIT, "from 0 to 1"},
                   {GNL_VALUES_BYTES, "whole numbers from 0 to 255"},
                   {GNL_VALUES_MODERATE, "with a mean near 0 and a standard deviation near 1"},
                   {GNL_VALUES_SATURATED, "from 0 to 1, at least a quarter of them 0 or 1"}};

/* Describes the data that a choice applies to. */
static void put_data(const gnl_choice *c)
{
    int count = 0;
    for (size_t i = 0; i < GNL_COUNT(layout_words); i++)
        if ((c->layouts & layout_words[i].bit) == layout_words[i].bit)
            printf("%s%s", count++ ? ", " : "", layout_words[i].words);
    if (!count)
        printf("any data");
    for (size_t i = 0; i < GNL_COUNT(value_words); i++)
        if (c->values & value_words[i].bit)
            printf("; values %s", value_words[i].words);
    if (c->least_side)
        printf("; sides of %lld or more", (long long)c->least_side);
    if (c->most_samples)
        printf("; at most %lld samples", (long long)c->most_samples);
}

static void list_choices(const gnl_model_type *type)
{
    put_heading(2, "Choice by the data");
    printf("`genlat_model_builder_auto()`, and the program without `--preset`, take the first row that applies. Few\n"
           "samples get smaller batches, and so many epochs that there are at least as many steps as the row says. A\n"
           "likelihood or an output that the caller sets determines the scaling.\n\n");
    printf("| data | preset | settings that differ | scale | steps | reason |\n|---|---|---|---|---|---|\n");
    for (const gnl_choice *c = type->choices;; c++) {
        printf("| ");
        put_data(c);
        printf(" | `%s` | ", c->preset);
        for (int i = 0; c->pair[i]; i += 2) {
            printf("%s", i ? ", " : "");
            put_setting(c->pair[i], c->pair[i + 1]);
        }
        printf(" | `%s` | ", gnl_scale_name(c->scale));
        if (c->least_steps)
            printf("%lld", (long long)c->least_steps);
        printf(" | %s |\n", c->reason);
        if (!c->layouts && !c->values && !c->least_side && !c->most_samples)
            break;
    }
    printf("\n");
}

static int list_family(const gnl_model_type *type, const char *const (*architectures)[2])
{
    char name[40], title[60];
    snprintf(name, sizeof name, "family-%s", type->name);
    snprintf(title, sizeof title, "Settings of the family %s", type->name);
    open_group(name, title,
               "These are the settings of one family. [Families](families.md) has those that every family has.");
    put_sentence(type->help);
    if (type->config->options) {
        put_heading(2, "Options");
        list_options(type->config->options);
    }
    if (type->config->count && list_texts(type->config) != 0)
        return 1;
    if (architectures)
        list_architectures(architectures,
                           architectures == architectures_vae ? "mlp widths=400" : "conv channels=32 norm=batch");
    list_presets(type);
    list_choices(type);
    return 0;
}

/* lib/families.c does not export its table; a family that is missing here is an error. */
static int list_families(void)
{
    static const struct {
        const gnl_model_type *type;
        const char *const (*architectures)[2];
    } families[] = {{&gnl_vae_type, architectures_vae},
                    {&gnl_gan_type, architectures_gan},
                    {&gnl_predictor_type, NULL},
                    {&gnl_semi_type, architectures_vae},
                    {&gnl_gmm_type, NULL},
                    {&gnl_ppca_type, NULL},
                    {&gnl_rbm_type, NULL}};
    const char *name;
    for (int32_t i = 0; (name = genlat_model_family_name(i, NULL)) != NULL; i++) {
        size_t at = 0;
        while (at < GNL_COUNT(families) && strcmp(families[at].type->name, name) != 0)
            at++;
        if (at == GNL_COUNT(families)) {
            fprintf(stderr, "kinds: the family %s is not listed\n", name);
            return 1;
        }
        if (list_family(families[at].type, families[at].architectures) != 0)
            return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    folder = argc > 1 ? argv[1] : NULL;
    if (argc > 2)
        load_derivations(argv[2]);
    if (!folder)
        printf("# Kinds and options {#kinds}\n\nThe kinds of libgenlat %s and their options.\n\n[TOC]\n\n",
               genlat_version());
    list_layers();
    list_likelihoods();
    list_latent_kinds();
    list_samplers();
    list_adversarial_losses();
    list_gan_kinds();
    list_optimizers();
    list_schedules();
    list_common_settings();
    if (list_families() != 0)
        return 1;
    list_sources();
    list_metrics();
    list_statuses();
    if (folder)
        write_index();
    for (int i = 0; i < derivation_count; i++)
        free(derivations[i].text);
    return 0;
}
