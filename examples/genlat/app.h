/* SPDX-License-Identifier: MIT */
/* The genlat program: declarations shared by its files. Each command has one file and one line in commands.c; each
 * option has one line in args.c. The program uses only the public headers of libgenlat and libgenlat-files. */
#ifndef APP_H
#define APP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "genlat/experimental.h"
#include "genlat/genlat.h"

#define APP_COUNT(array) (sizeof(array) / sizeof *(array))

/* Exit status. */
enum { APP_OK = 0, APP_FAILED = 1, APP_USAGE = 2, APP_INTERRUPTED = 130 };

enum { APP_MAX_SETTINGS = 64, APP_TEXT = 16384 };

/* The values of the command line options. An option that is not set is NULL, 0 or false, or has its default of
 * args.c. */
typedef struct app_options {
    const char *data, *valid, *latents, *codes, *conditions;
    const char *preset, *config, *epochs, *steps, *batch, *seed, *threads;
    const char *out, *resume, *source, *log, *plots, *plot_format; /* source: --from of train */
    const char *metric, *part, *classifier, *reference, *label, *anomaly, *sampler, *hide;
    int64_t draws, count, columns, scale, samples, from, to, frames, index, rate, given;
    double temperature, truncation, range;
    bool draw, json, quiet, help;
    const char *set[APP_MAX_SETTINGS]; /* "key=value" */
    int64_t set_count;
} app_options;

typedef struct app_state app_state;

typedef struct app_command {
    const char *name;    /* one or two words, such as "sample" or "train vae" */
    const char *operand; /* "MODEL"; in brackets if it may be missing: "[WHAT] [NAME]"; NULL: none */
    const char *options; /* names of its options in addition to the common ones, separated by blanks */
    const char *help;    /* one line */
    int (*run)(app_state *app);
} app_command;

/* A setting for the model builder. */
typedef struct app_setting {
    const char *key, *value;
} app_setting;

struct app_state {
    const app_command *command;
    app_options opts;
    const char *model;  /* the operand; NULL: missing */
    const char *second; /* the second operand; NULL: missing */
    json_t *config;     /* contents of --config; owns the texts of its options */
    genlat_ctx *ctx;
    genlat_ctx_opts ctx_opts;
    bool training; /* the events of the trainer have the warnings of the library */
    genlat_train_opts train;
    app_setting settings[2 * APP_MAX_SETTINGS];
    int64_t setting_count;
    char chosen[1024];     /* what was chosen: by the data, and the samples held out; empty: nothing */
    char copies[APP_TEXT]; /* copies of setting texts */
    size_t copied;
};

/* The table of commands, terminated by a NULL name. */
extern const app_command app_commands[];

/* ---- errors: print one line to standard error, return the exit status ------------------------- */

int app_usage(const app_state *app, const char *format, ...) GENLAT_PRINTF(2, 3);
int app_fail(const app_state *app, const char *format, ...) GENLAT_PRINTF(2, 3);
/* app_unknown() reports a word that is none of the names, with the nearest and all of them, and returns APP_USAGE.
 * The others print the library's error text. app_fail_library() returns APP_FAILED. app_fail_setting(), for calls whose
 * arguments come from options, returns APP_USAGE if the status indicates an invalid option. */
int app_unknown(const app_state *app, const char *what, const char *word, const char *const *names, int64_t count);
int app_fail_library(const app_state *app);
int app_fail_setting(const app_state *app, genlat_status status);

/* ---- the command line ------------------------------------------------------------------------ */

int args_parse(app_state *app, int argc, char **argv);
/* Sets an option by name, unless the command line has set it. Returns 1 if the command has this option, else 0. */
int args_default(app_state *app, const char *name, const char *value, int *status);
void args_help(const app_state *app);
/* Lists the commands; those that begin with a word if it is not NULL. Returns how many there are. */
int args_overview(const char *word);

/* ---- settings: --set, --config and options such as --epochs ---------------------------------- */

int settings_apply(app_state *app);
/* Returns the setting of the context or the trainer that a word most likely means, or NULL. */
const char *settings_nearest(const char *word);

/* ---- data and models. The functions that return int print an error on failure. ---------------- */

/* Opens the source of --data for a model, read with the keys of the data that the model was trained on. If the model
 * scales its data, the source is raw. data_open() gives classes the numbers of the model; data_open_samples() is for
 * commands that do not read labels; data_open_training() opens the data of a training, where `resumed` may be NULL. */
int data_open_training(app_state *app, const genlat_model *resumed, genlat_source **out);
int data_open_samples(app_state *app, const genlat_model *model, genlat_source **out);
int data_open(app_state *app, const genlat_model *model, genlat_source **out);
/* Reads samples begin .. end-1, and their labels if the model is conditional. Otherwise sets *labels to NULL. */
int data_read(app_state *app, const genlat_model *model, genlat_source *source, int64_t begin, int64_t end,
              genlat_tensor **x, genlat_tensor **labels);
int model_load(app_state *app, genlat_model **out);
/* Loads the model of --resume, or of --from, whose training begins anew. Sets *out to NULL without these options. */
int model_load_trained(app_state *app, const char *family, genlat_model **out);
/* Builds a model for the source from options and settings. Without --preset, chooses one by the data, and replaces the
 * source by one with the scaling of the choice. With `validates` there are validation data. */
int model_make(app_state *app, const char *family, bool validates, genlat_source **train, genlat_model **out);
int64_t model_classes(const genlat_model *model);  /* number of classes; 0: none */
int64_t model_vector(const genlat_model *model);   /* length of the condition vector; 0: none */
bool model_conditional(const genlat_model *model); /* false for a predictor, whose classes are its output */
/* Returns the description of the model's data. Its names are borrowed from the model. */
genlat_description model_about(const genlat_model *model);
/* Creates n labels with the class of --label, or reads n vectors from --conditions; n 0: as many as there are. Sets
 * *out to NULL if neither option is set. */
int model_labels(app_state *app, const genlat_model *model, int64_t n, genlat_tensor **out);
/* The same, but without --label creates labels of all classes in turn for a model with classes. */
int model_labels_in_turn(app_state *app, const genlat_model *model, int64_t n, genlat_tensor **out);
/* Reads all rows of a file of vectors of `width` numbers. `option` names the option, `what` the vectors. */
int data_vectors(app_state *app, const char *option, const char *spec, int64_t width, const char *what,
                 genlat_tensor **out);
/* Encodes samples first .. first+n-1 of the data with their own labels. *labels receives what to decode with: the
 * labels of --label or --conditions if set, else those of the data. Data without labels are encoded with those too. x
 * may be NULL; otherwise it receives the samples. */
int model_encode(app_state *app, genlat_model *model, genlat_source *source, int64_t first, int64_t n,
                 genlat_tensor **z, genlat_tensor **labels, genlat_tensor **x);
/* Returns APP_USAGE if the model is conditional and labels is NULL. */
int model_needs_label(app_state *app, const genlat_model *model, const genlat_tensor *labels);
/* Generates samples with --seed, --temperature, --truncation and --sampler. */
int model_sample(app_state *app, genlat_model *model, int64_t n, const genlat_tensor *labels, bool draw,
                 genlat_tensor **out);
/* Returns the seed of random numbers of the commands. */
uint64_t app_seed(const app_state *app);

/* ---- results --------------------------------------------------------------------------------- */

/* The layout of samples in formats that have one. */
typedef struct output_layout {
    int64_t columns;             /* columns of a grid; 0: approximately a square */
    genlat_tensor *originals;    /* [n,...] placed above the samples in a grid; NULL: none */
    const genlat_tensor *labels; /* [n] classes that colour points; NULL: none */
    int64_t classes;
    genlat_description about; /* names of classes and columns, rate of sound; all 0: none */
    bool latent;              /* the values are latents, not data */
    const char *title;        /* title of a scatter plot; NULL: a default */
} output_layout;

/* If --out is standard output, such as /dev/stdout, nothing else may be printed there: sets --quiet, and returns
 * APP_USAGE with --json. */
int output_claim(app_state *app);
/* Returns APP_USAGE unless --out is set and has a supported ending. */
int output_check(const app_state *app);
/* Writes x [n,...] to --out in the format of its ending, and prints the name of the file. */
int output_write(app_state *app, genlat_tensor *x, const output_layout *layout);
/* Returns the index of the format whose ending the path has, or -1; the path may be NULL. The table has `count` structs
 * of `size` bytes that begin with the ending. */
int output_find_format(const char *path, const void *table, size_t size, size_t count);
/* Prints the name of --out and the shape of what has been written to it. */
int output_report(app_state *app, const genlat_tensor *x);
/* Writes a picture of samples [n,...]: a grid of images, or a scatter plot of points. */
int output_picture(app_state *app, const char *path, genlat_tensor *x, const output_layout *layout);
int output_grid(app_state *app, const char *path, genlat_tensor *x, const output_layout *layout); /* a PNG picture */

/* A file that is being written by the rules of genlat_output, such as an atomic replacement. */
typedef struct app_file {
    FILE *stream;
    genlat_output *file;
    const char *path; /* borrowed */
} app_file;
int output_open(app_state *app, const char *path, app_file *out);
/* Completes the file if the status is APP_OK, else gives it up. Returns the first failure. */
int output_close(app_state *app, app_file *out, int status);
/* Prints an object as the last line if --json is set. Takes ownership of the object. */
int output_json(const app_state *app, json_t *object);
/* Returns a JSON number, or null if the value is not finite. */
json_t *output_number(double value);

/* Returns the index-th metric of eval, or NULL past the last. */
const char *eval_metric(int32_t index, const char **help);

/* ---- interruption ---------------------------------------------------------------------------- */

/* Sets the trainer that SIGINT, SIGTERM, SIGHUP and SIGPIPE cancel. NULL: they end the program with status 130. */
void signals_set_trainer(genlat_trainer *trainer);

/* ---- commands -------------------------------------------------------------------------------- */

int cmd_train_gan(app_state *app);
int cmd_train_gmm(app_state *app);
int cmd_train_net(app_state *app);
int cmd_train_ppca(app_state *app);
int cmd_train_rbm(app_state *app);
int cmd_train_semi(app_state *app);
int cmd_train_vae(app_state *app);
int cmd_complete(app_state *app);
int cmd_eval(app_state *app);
int cmd_sample(app_state *app);
int cmd_sampler(app_state *app);
int cmd_reconstruct(app_state *app);
int cmd_encode(app_state *app);
int cmd_decode(app_state *app);
int cmd_interpolate(app_state *app);
int cmd_traverse(app_state *app);
int cmd_export(app_state *app);
int cmd_info(app_state *app);
int cmd_predict(app_state *app);
int cmd_score(app_state *app);
int cmd_kinds(app_state *app);
int cmd_presets(app_state *app);
int cmd_selftest(app_state *app);

#endif
