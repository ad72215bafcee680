/* SPDX-License-Identifier: MIT */
/* Training as the program does it, whatever the model: a kind of model is one table of functions. */
#ifndef TRAIN_KIND_H
#define TRAIN_KIND_H

#include "app.h"

typedef struct train_curve {
    const char *name, *unit; /* unit NULL: none */
} train_curve;

typedef struct train_kind {
    const train_curve *
        curves; /* what loss.png shows, ended by a NULL name; those that the model does not have are left out */
    /* A new model for the source, as the options and settings want it, or the one that --resume names. */
    int (*make)(app_state *app, genlat_source *train, void **model);
    genlat_status (*trainer)(void *model, genlat_source *train, genlat_source *valid,
                             const genlat_train_opts *opts, genlat_trainer **out);
    genlat_status (*save)(void *model, const char *path);
    /* Pictures of what the model can do, on samples of the source, into the folder --plots. */
    int (*pictures)(app_state *app, void *model, genlat_source *source);
    /* Images that the model makes of latents that stay the same, n of them; *x stays NULL when it makes none. NULL: as if. */
    int (*frame)(app_state *app, void *model, genlat_source *source, int64_t n, genlat_tensor **x);
    void (*destroy)(void *model);
} train_kind;

int train_run(app_state *app, const train_kind *kind);

/* Whether samples can be shown as images: [h,w], [1,h,w] or [3,h,w]. */
bool train_images(const genlat_source *source);
/* Path of a picture in the folder --plots; images are .png whatever --plot-format says. */
void train_plot_path(const app_state *app, const char *name, bool image, char *path, size_t capacity);

#endif
