/* SPDX-License-Identifier: MIT */
/* What a model makes of the same latents while it is trained: frames kept in memory, then one picture with a line a moment,
 * and one that moves. */
#ifndef FILM_H
#define FILM_H

#include "app.h"

enum { FILM_FRAMES = 24, FILM_SAMPLES = 50, FILM_COLUMNS = 10 };

typedef struct film {
    genlat_tensor *frame[FILM_FRAMES]; /* [FILM_SAMPLES,...] images */
    int64_t count;
    int64_t begin, last; /* steps of the training: its first here, and that of the last frame */
} film;

/* Whether a frame is wanted after a step: closely at first, when most happens. */
bool film_due(film *f, int64_t step, int64_t steps);
/* Keeps a frame, which becomes the film's. */
void film_add(film *f, int64_t step, genlat_tensor *frame);
/* Writes DIR/progress.png and DIR/film.png; nothing with fewer than two frames. */
int film_write(app_state *app, const film *f);
void film_free(film *f);

#endif
