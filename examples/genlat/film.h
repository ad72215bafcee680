/* SPDX-License-Identifier: MIT */
/* Films of a training: samples from the same latents at several steps. The frames are stored in memory, and written
 * as a picture with one row per frame and as an animation. */
#ifndef FILM_H
#define FILM_H

#include "app.h"

enum { FILM_FRAMES = 24, FILM_SAMPLES = 50, FILM_COLUMNS = 10 };

typedef struct film {
    genlat_tensor *frame[FILM_FRAMES]; /* [FILM_SAMPLES,...] images */
    int64_t count;
    int64_t begin, last; /* first step of this training, and step of the last frame */
} film;

/* Returns whether to add a frame after a step. Frames are more frequent at the beginning of the training. */
bool film_due(film *f, int64_t step, int64_t steps);
/* Adds a frame. The film takes ownership of it. */
void film_add(film *f, int64_t step, genlat_tensor *frame);
/* Writes DIR/progress.png and DIR/film.png. Writes nothing if there are fewer than two frames. */
int film_write(app_state *app, const film *f);
void film_free(film *f);

#endif
