/* SPDX-License-Identifier: MIT */
/* Training of any family in the program: a struct describes the differences between families. */
#ifndef TRAIN_KIND_H
#define TRAIN_KIND_H

#include "app.h"

typedef struct train_curve {
    const char *name, *unit; /* unit NULL: none */
} train_curve;

typedef struct train_kind {
    const char *family;
    /* The curves of loss.png, terminated by a NULL name. Curves that the model does not have are skipped. */
    const train_curve *curves;
    /* Writes pictures of samples, reconstructions and so on to the folder --plots. */
    int (*pictures)(app_state *app, genlat_model *model, genlat_source *source);
} train_kind;

int train_run(app_state *app, const train_kind *kind);

/* Returns whether samples are images: [h,w], [1,h,w] or [3,h,w]. */
bool train_images(const genlat_source *source);
/* Writes the path of a picture in the folder --plots. Images are always .png. */
void train_plot_path(const app_state *app, const char *name, bool image, char *path, size_t capacity);

#endif
