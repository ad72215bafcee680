/* SPDX-License-Identifier: MIT */
/* Parses the command line. The table has one line per option; each command lists the options that it supports. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"

typedef enum arg_type { ARG_FLAG, ARG_TEXT, ARG_INT, ARG_REAL, ARG_LIST } arg_type;

typedef struct arg {
    const char *name; /* without dashes */
    char letter;      /* short option; 0: none */
    arg_type type;
    double low; /* smallest value of a number */
    size_t offset;
    const char *value; /* name of the value in the help */
    const char *help;
    const char *list; /* name in the lists of commands.c; NULL: as name. Commands may have options of one name. */
} arg;

#define AT(field) offsetof(app_options, field)

static const arg args[] = {
    {"data", 'd', ARG_TEXT, 0, AT(data), "SPEC", "data source: digits, idx:PATH, npy:PATH, csv:PATH, image:DIR, ..."},
    {"valid", 0, ARG_TEXT, 0, AT(valid), "SPEC",
     "validation data, or samples to hold out: 0.2, 500, none (default: by the data)"},
    {"latents", 0, ARG_TEXT, 0, AT(latents), "SPEC", "latents to decode: npy:PATH or csv:PATH"},
    {"codes", 0, ARG_TEXT, 0, AT(codes), "SPEC", "codes of 'encode --part codes' to decode: npy:PATH or csv:PATH"},
    {"conditions", 0, ARG_TEXT, 0, AT(conditions), "SPEC",
     "condition vectors, a row for each sample: npy:PATH or csv:PATH"},
    {"preset", 'p', ARG_TEXT, 0, AT(preset), "NAME", "preset, see 'genlat presets'; default: chosen by the data"},
    {"config", 0, ARG_TEXT, 0, AT(config), "FILE", "JSON file with options and settings"},
    {"set", 's', ARG_LIST, 0, AT(set), "KEY=VALUE", "a setting; may be repeated"},
    {"epochs", 'e', ARG_TEXT, 0, AT(epochs), "N", "number of training epochs"},
    {"steps", 0, ARG_TEXT, 0, AT(steps), "N", "number of training steps, instead of epochs"},
    {"batch", 'b', ARG_TEXT, 0, AT(batch), "N", "samples per training step"},
    {"out", 'o', ARG_TEXT, 0, AT(out), "FILE", "output file"},
    {"resume", 'r', ARG_TEXT, 0, AT(resume), "MODEL", "resume training of a saved model"},
    {"from", 0, ARG_TEXT, 0, AT(source), "MODEL", "begin a new training from the weights of a saved model",
     "from-model"},
    {"log", 0, ARG_TEXT, 0, AT(log), "FILE", "append one JSON object per epoch to this file"},
    {"plots", 0, ARG_TEXT, 0, AT(plots), "DIR",
     "folder for pictures of the training: loss, samples, reconstructions, latent"},
    {"plot-format", 0, ARG_TEXT, 0, AT(plot_format), "FORM", "format of pictures: png, svg or pdf (default png)"},
    {"metric", 'm', ARG_TEXT, 0, AT(metric), "NAMES", "metrics, separated by commas"},
    {"samples", 'k', ARG_INT, 1, AT(samples), "K",
     "latents drawn for each sample (default 100), or number of generated samples"},
    {"samples", 'k', ARG_INT, 1, AT(samples), "K", "codes that are drawn for each sample (default 1000)",
     "codes-drawn"},
    {"draws", 0, ARG_INT, 1, AT(draws), "N", "completions to draw, each in a file of its own (default: one of means)"},
    {"hide", 0, ARG_TEXT, 0, AT(hide), "WHAT",
     "hide values and compare: a fraction, a block of images such as 14x14, or npy:PATH, not 0 where hidden"},
    {"classifier", 0, ARG_TEXT, 0, AT(classifier), "MODEL",
     "classifier of 'train net', whose features and classes are compared"},
    {"reference", 0, ARG_TEXT, 0, AT(reference), "SPEC", "second data source to compare, such as the training data"},
    {"count", 'n', ARG_INT, 1, AT(count), "N", "number of samples"},
    {"label", 'l', ARG_TEXT, 0, AT(label), "CLASS", "name or number of the class, for a conditional model"},
    {"anomaly", 0, ARG_TEXT, 0, AT(anomaly), "CLASS",
     "class that high scores are to find (default: the second of two)"},
    {"temperature", 't', ARG_REAL, 0, AT(temperature), "T", "factor of the latents' standard deviation (default 1)"},
    {"truncation", 0, ARG_REAL, 0.1, AT(truncation), "T", "largest absolute value of a latent (default: no limit)"},
    {"sampler", 0, ARG_TEXT, 0, AT(sampler), "NAME",
     "prior, or the fitted sampler (default: the fitted one if there is one)"},
    {"sampler", 0, ARG_TEXT, 0, AT(sampler), "TEXT",
     "gaussian, mixture or nearest, with options; prior removes it (default mixture)", "sampler-text"},
    {"draw", 0, ARG_FLAG, 0, AT(draw), NULL, "sample from p(x|z) instead of using its mean"},
    {"part", 0, ARG_TEXT, 0, AT(part), "PART", "mean, logvar, sample or codes (default mean)"},
    {"from", 0, ARG_INT, 0, AT(from), "I", "index of the first sample"},
    {"to", 0, ARG_INT, 0, AT(to), "I", "index of the last sample"},
    {"frames", 'f', ARG_INT, 2, AT(frames), "N", "number of steps (default 10)"},
    {"index", 'i', ARG_INT, 0, AT(index), "I", "index of the start sample"},
    {"range", 0, ARG_REAL, 0, AT(range), "R", "range from -R to R in standard deviations of the prior (default 3)"},
    {"columns", 'c', ARG_INT, 1, AT(columns), "N", "columns of an image grid"},
    {"scale", 0, ARG_INT, 1, AT(scale), "N", "pixels of the picture per pixel of the data"},
    {"rate", 0, ARG_INT, 1, AT(rate), "HZ", "sample rate of .wav files (default: that of the model's data, or 16000)"},
    {"seed", 0, ARG_TEXT, 0, AT(seed), "N", "seed of random numbers (default 0)"},
    {"threads", 'j', ARG_TEXT, 0, AT(threads), "N", "number of threads (default: all available cores)"},
    {"json", 0, ARG_FLAG, 0, AT(json), NULL, "print one JSON object as the last line"},
    {"quiet", 'q', ARG_FLAG, 0, AT(quiet), NULL, "print nothing but errors and the output of --json"},
    {"help", 'h', ARG_FLAG, 0, AT(help), NULL, "print this help"},
};

static const char common[] = "seed threads set json quiet help";

/* Returns whether a list of words separated by blanks contains a word. */
static bool has_word(const char *list, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = list; at && (at = strstr(at, word)) != NULL; at += length)
        if ((at == list || at[-1] == ' ') && (at[length] == ' ' || at[length] == 0))
            return true;
    return false;
}

static bool has_option(const app_state *app, const arg *a)
{
    const char *name = a->list ? a->list : a->name;
    return has_word(common, name) || has_word(app->command->options, name);
}

static const arg *find_long(const app_state *app, const char *name, size_t length)
{
    for (size_t i = 0; i < APP_COUNT(args); i++)
        if (strlen(args[i].name) == length && strncmp(args[i].name, name, length) == 0 && has_option(app, &args[i]))
            return &args[i];
    return NULL;
}

static const arg *find_letter(const app_state *app, char letter)
{
    for (size_t i = 0; i < APP_COUNT(args); i++)
        if (letter && args[i].letter == letter && has_option(app, &args[i]))
            return &args[i];
    return NULL;
}

static int unknown_option(const app_state *app, const char *word)
{
    char name[64];
    const char *names[APP_COUNT(args)];
    int64_t count = 0;
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
    for (size_t i = 0; i < APP_COUNT(args); i++)
        if (has_option(app, &args[i]))
            names[count++] = args[i].name;
    const char *near = word[1] == '-' ? genlat_name_nearest(name, names, count) : NULL;
    if (near)
        return app_usage(app, "unknown option %s; did you mean --%s?", word, near);
    return app_usage(app, "unknown option %s; 'genlat %s --help' lists the options", word, app->command->name);
}

static int store_number(app_state *app, const arg *a, const char *text)
{
    char *end = NULL;
    errno = 0;
    if (a->type == ARG_INT) {
        long long value = strtoll(text, &end, 10);
        if (*end || end == text || errno || (double)value < a->low)
            return app_usage(app, "--%s is '%s', an integer >= %g expected", a->name, text, a->low);
        *(int64_t *)(void *)((char *)&app->opts + a->offset) = value;
        return APP_OK;
    }
    double value = strtod(text, &end);
    if (*end || end == text || !(value >= a->low && value < 1e30))
        return app_usage(app, "--%s is '%s', a number >= %g expected", a->name, text, a->low);
    *(double *)(void *)((char *)&app->opts + a->offset) = value;
    return APP_OK;
}

static int store(app_state *app, const arg *a, const char *text)
{
    char *field = (char *)&app->opts + a->offset;
    app->opts.given |= INT64_C(1) << (a - args);
    switch (a->type) {
    case ARG_FLAG:
        *(bool *)field = true;
        return APP_OK;
    case ARG_TEXT:
        *(const char **)(void *)field = text;
        return APP_OK;
    case ARG_LIST:
        if (app->opts.set_count == APP_MAX_SETTINGS)
            return app_usage(app, "there are more than %d --set options; use --config", APP_MAX_SETTINGS);
        app->opts.set[app->opts.set_count++] = text;
        return APP_OK;
    default:
        return store_number(app, a, text);
    }
}

int args_default(app_state *app, const char *name, const char *value, int *status)
{
    const arg *a = find_long(app, name, strlen(name));
    if (!a || a->type == ARG_LIST || has_word("config help epochs steps batch seed threads", name))
        return 0;
    if (app->opts.given >> (a - args) & 1)
        return 1;
    if (a->type != ARG_FLAG)
        *status = store(app, a, value);
    else if (strcmp(value, "true") == 0)
        *status = store(app, a, NULL);
    else if (strcmp(value, "false") != 0)
        *status = app_usage(app, "%s is '%s', true or false expected", name, value);
    return 1;
}

/* Parses one option. Stores in *used the number of words that it consists of. */
static int parse_option(app_state *app, char **words, int left, int *used)
{
    char *word = words[0];
    bool is_long = word[1] == '-';
    const char *equals = is_long ? strchr(word, '=') : NULL;
    size_t length = is_long ? strcspn(word + 2, "=") : 1;
    const arg *a = is_long ? find_long(app, word + 2, length) : find_letter(app, word[1]);
    const char *attached = equals ? equals + 1 : !is_long && word[2] ? word + 2 : NULL;
    *used = 1;
    if (!a)
        return unknown_option(app, word);
    if (a->type == ARG_FLAG)
        return attached ? app_usage(app, "--%s has no value", a->name) : store(app, a, NULL);
    if (attached)
        return store(app, a, attached);
    if (left < 2)
        return app_usage(app, "%s needs a value: %s", word, a->value);
    *used = 2;
    return store(app, a, words[1]);
}

/* A command is named by its first word, or by its second, as vae of "train vae". */
static int unknown_command(const app_state *app, const char *word)
{
    enum { MOST = 64 };
    const char *names[MOST] = {NULL};
    char words[MOST][32];
    const app_command *commands[MOST];
    int64_t count = 0;
    for (const app_command *c = app_commands; c->name && count < MOST - 1; c++) {
        const char *second = strchr(c->name, ' ');
        snprintf(words[count], sizeof words[count], "%.*s", (int)strcspn(c->name, " "), c->name);
        commands[count] = c;
        names[count] = words[count];
        count++;
        commands[count] = c;
        names[count] = second ? second + 1 : NULL;
        count++;
    }
    const char *near = genlat_name_nearest(word, names, count);
    for (int64_t i = 0; near && i < count; i++)
        if (names[i] == near)
            return app_usage(app, "unknown command '%s'; did you mean '%s'?", word, i % 2 ? commands[i]->name : near);
    return app_usage(app, "unknown command '%s'; 'genlat help' lists the commands", word);
}

/* Prints the error of an unknown command, or of one whose second word is missing or unknown, such as "train". */
static int unknown_kind(const app_state *app, const char *word)
{
    char kinds[256] = "";
    size_t length = strlen(word);
    for (const app_command *c = app_commands; c->name; c++) {
        size_t used = strlen(kinds);
        if (strncmp(c->name, word, length) == 0 && c->name[length] == ' ')
            snprintf(kinds + used, sizeof kinds - used, "%s%s", used ? ", " : "", c->name + length + 1);
    }
    return *kinds ? app_usage(app, "'%s' needs one of: %s", word, kinds) : unknown_command(app, word);
}

/* Finds the command in the first one or two words. Returns the number of its words, or 0 if there is none. */
static int find_command(app_state *app, int argc, char **argv)
{
    for (const app_command *c = app_commands; c->name; c++) {
        const char *space = strchr(c->name, ' ');
        size_t first = space ? (size_t)(space - c->name) : strlen(c->name);
        if (strlen(argv[1]) != first || strncmp(argv[1], c->name, first) != 0)
            continue;
        if (space && (argc < 3 || strcmp(argv[2], space + 1) != 0))
            continue;
        app->command = c;
        return space ? 2 : 1;
    }
    return 0;
}

static void defaults(app_options *o)
{
    *o = (app_options){.from = -1,
                       .to = -1,
                       .frames = 10,
                       .index = -1,
                       .temperature = 1,
                       .range = 3,
                       .plot_format = "png",
                       .part = "mean"};
}

static int store_operand(app_state *app, const char *word)
{
    const char *operand = app->command->operand;
    if (operand && !app->model)
        app->model = word;
    else if (operand && strchr(operand, ' ') && !app->second)
        app->second = word;
    else
        return app_usage(app, "unexpected argument '%s'", word);
    return APP_OK;
}

int args_parse(app_state *app, int argc, char **argv)
{
    defaults(&app->opts);
    int at = find_command(app, argc, argv) + 1, used = 1, status = APP_OK;
    if (at == 1)
        return unknown_kind(app, argv[1]);
    for (bool plain = false; at < argc && status == APP_OK; at += used) {
        used = 1;
        if (!plain && strcmp(argv[at], "--") == 0)
            plain = true;
        else if (!plain && argv[at][0] == '-' && argv[at][1])
            status = parse_option(app, argv + at, argc - at, &used);
        else
            status = store_operand(app, argv[at]);
    }
    const bool required = app->command->operand && *app->command->operand != '[';
    if (status == APP_OK && !app->opts.help && required && !app->model)
        return app_usage(app, "%s is missing; write genlat %s %s ...", app->command->operand, app->command->name,
                         app->command->operand);
    return status;
}

void args_help(const app_state *app)
{
    const app_command *c = app->command;
    printf("usage: genlat %s%s%s [options]\n\n%s\n\n", c->name, c->operand ? " " : "", c->operand ? c->operand : "",
           c->help);
    for (size_t i = 0; i < APP_COUNT(args); i++) {
        char left[64], letter[8] = "    ";
        if (!has_option(app, &args[i]))
            continue;
        if (args[i].letter)
            snprintf(letter, sizeof letter, "-%c, ", args[i].letter);
        snprintf(left, sizeof left, "%s--%s %s", letter, args[i].name, args[i].value ? args[i].value : "");
        printf("  %-26s %s\n", left, args[i].help);
    }
}

int args_overview(const char *word)
{
    const size_t length = word ? strlen(word) : 0;
    int count = 0;
    for (const app_command *c = app_commands; c->name; c++) {
        char left[64];
        if (word && (strncmp(c->name, word, length) != 0 || c->name[length] != ' '))
            continue;
        if (count++ == 0)
            printf("usage: genlat COMMAND ... [options]\n\n");
        snprintf(left, sizeof left, "%s%s%s", c->name, c->operand ? " " : "", c->operand ? c->operand : "");
        printf("  %-20s %s\n", left, c->help);
    }
    if (count)
        printf("\n'genlat COMMAND --help' lists the options of a command; see also genlat(1).\n");
    return count;
}
