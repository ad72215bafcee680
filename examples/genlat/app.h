/* SPDX-License-Identifier: MIT */
/* The genlat program: what its files share. One file a command; a command is one line in commands.c, an
 * option one line in args.c. Everything goes through the public headers of libgenlat and libgenlat-files. */
#ifndef APP_H
#define APP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "genlat/genlat.h"

#define APP_COUNT(array) (sizeof(array) / sizeof *(array))

/* Exit status. */
enum { APP_OK = 0, APP_FAILED = 1, APP_USAGE = 2, APP_INTERRUPTED = 130 };

enum { APP_MAX_SETTINGS = 64, APP_TEXT = 16384 };

/* What the options of the command line say; NULL, 0 or false where they are not given, or the default of
 * args.c. */
typedef struct app_options {
    const char *data, *valid, *latents;
    const char *preset, *config, *epochs, *steps, *batch, *seed, *threads;
    const char *out, *resume, *log, *plots, *plot_format;
    const char *metric, *part, *classifier, *reference;
    int64_t count, columns, scale, label, samples, from, to, frames, index, rate, given;
    double temperature, truncation, range;
    bool draw, json, quiet, help;
    const char *set[APP_MAX_SETTINGS]; /* "key=value" */
    int64_t set_count;
} app_options;

typedef struct app_state app_state;

typedef struct app_command {
    const char *name;    /* "sample", or two words as in "train vae" */
    const char *operand; /* "MODEL", or NULL for none */
    const char *options; /* names of the options it takes beside the common ones, separated by blanks */
    const char *help;    /* one line */
    int (*run)(app_state *app);
} app_command;

/* A pair for the model's builder. */
typedef struct app_setting {
    const char *key, *value;
} app_setting;

struct app_state {
    const app_command *command;
    app_options opts;
    const char *model; /* the operand */
    json_t *config;    /* owns the texts that came from the file */
    genlat_ctx *ctx;
    genlat_ctx_opts ctx_opts;
    genlat_train_opts train;
    app_setting settings[2 * APP_MAX_SETTINGS];
    int64_t setting_count;
    char copies[APP_TEXT]; /* texts of settings */
    size_t copied;
};

/* The table of commands, ended by a NULL name. */
extern const app_command app_commands[];

/* ---- errors: one line on standard error, and the exit status --------------------------------- */

int app_usage(const app_state *app, const char *format, ...) GENLAT_PRINTF(2, 3);
int app_fail(const app_state *app, const char *format, ...) GENLAT_PRINTF(2, 3);
/* The library's own text; APP_USAGE when the status blames an option, which only calls made from options do.
 */
int app_fail_library(const app_state *app);
int app_fail_setting(const app_state *app, genlat_status status);

/* ---- the command line ------------------------------------------------------------------------ */

int args_parse(app_state *app, int argc, char **argv);
/* Sets one option by its name unless the command line has set it: 1 when the command has such an option. */
int args_default(app_state *app, const char *name, const char *value, int *status);
void args_help(const app_state *app);
void args_overview(void);

/* ---- settings: --set, --config and the options that are settings ----------------------------- */

int settings_apply(app_state *app);

/* ---- data and models ------------------------------------------------------------------------- */

/* Opens the source of --data; on failure tells it, as all of these do. */
int data_open(app_state *app, genlat_source **out);
/* A model conditional on what the source's labels are reads them, another gets none: *labels is NULL then. */
int data_read(app_state *app, const genlat_model *model, genlat_source *source, int64_t begin, int64_t end,
              genlat_tensor **x, genlat_tensor **labels);
int model_load(app_state *app, genlat_model **out);
/* A new model of a family for the source, as options and settings say, or the one that --resume names. */
int model_make(app_state *app, const char *family, genlat_source *train, genlat_model **out);
int64_t model_classes(const genlat_model *model); /* 0: none */
int64_t model_vector(const genlat_model *model);
bool model_conditional(const genlat_model *model); /* a predictor is not: its classes are what it predicts */
/* n times --label; NULL without it. */
int model_labels(app_state *app, const genlat_model *model, int64_t n, genlat_tensor **out);
/* A conditional model without labels is wrong use. */
int model_needs_label(app_state *app, const genlat_model *model, const genlat_tensor *labels);
/* Samples as --seed, --temperature and --truncation say. */
int model_sample(app_state *app, genlat_model *model, int64_t n, const genlat_tensor *labels, bool draw, genlat_tensor **out);
/* Seed of what a command draws. */
uint64_t app_seed(const app_state *app);

/* ---- results --------------------------------------------------------------------------------- */

/* How samples are arranged where a form has an arrangement. */
typedef struct output_layout {
    int64_t columns;             /* of a grid of pictures; 0: about as many as lines */
    genlat_tensor *originals;    /* [n,...] shown above the samples in a grid; NULL: none */
    const genlat_tensor *labels; /* [n] classes that colour points; NULL: none */
    int64_t classes;
    bool latent;                    /* the numbers are latents, not data */
    const char *title;              /* of points; NULL: what they are */
    const char *const *class_names; /* NULL: their numbers */
} output_layout;

/* Whether --out is given and has an ending that can be written; tells it if not. */
int output_check(const app_state *app);
/* Writes x [n,...] in the form that the ending of --out asks for, and says so. */
int output_write(app_state *app, genlat_tensor *x, const output_layout *layout);
/* The same for a picture of samples [n,...] at a path: a grid of images, or points. */
int output_picture(app_state *app, const char *path, genlat_tensor *x, const output_layout *layout);
/* Prints one object as the last line when --json is given. Takes the object. */
int output_json(const app_state *app, json_t *object);
/* A number for JSON: null when it is not finite. */
json_t *output_number(double value);

/* ---- interruption ---------------------------------------------------------------------------- */

/* From now on SIGINT and SIGTERM cancel this trainer; NULL: they end the program with status 130 at once. */
void signals_watch(genlat_trainer *trainer);
bool signals_seen(void);

/* ---- commands -------------------------------------------------------------------------------- */

int cmd_train_gan(app_state *app);
int cmd_train_net(app_state *app);
int cmd_train_vae(app_state *app);
int cmd_eval(app_state *app);
int cmd_sample(app_state *app);
int cmd_reconstruct(app_state *app);
int cmd_encode(app_state *app);
int cmd_decode(app_state *app);
int cmd_interpolate(app_state *app);
int cmd_traverse(app_state *app);
int cmd_export(app_state *app);
int cmd_info(app_state *app);
int cmd_presets(app_state *app);
int cmd_selftest(app_state *app);

#endif
