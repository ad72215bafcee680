/* SPDX-License-Identifier: MIT */
/* Training as the program does it, whatever the family: one table of what is particular to it. */
#ifndef TRAIN_KIND_H
#define TRAIN_KIND_H

#include "app.h"

typedef struct train_curve {
    const char *name, *unit; /* unit NULL: none */
} train_curve;

typedef struct train_kind {
    const char *family;
    /* What loss.png shows, ended by a NULL name; those that the model does not have are left out. */
    const train_curve *curves;
    /* Pictures of what the model can do, on samples of the source, into the folder --plots. */
    int (*pictures)(app_state *app, genlat_model *model, genlat_source *source);
} train_kind;

int train_run(app_state *app, const train_kind *kind);

/* Whether samples can be shown as images: [h,w], [1,h,w] or [3,h,w]. */
bool train_images(const genlat_source *source);
/* Path of a picture in the folder --plots; images are .png whatever --plot-format says. */
void train_plot_path(const app_state *app, const char *name, bool image, char *path, size_t capacity);

#endif
