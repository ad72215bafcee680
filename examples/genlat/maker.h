/* SPDX-License-Identifier: MIT */
/* A model that generates, of whatever kind: for the commands that want samples and no more. */
#ifndef MAKER_H
#define MAKER_H

#include "app.h"

/* One of them. */
typedef struct maker {
    genlat_vae *vae;
    genlat_gan *gan;
} maker;

/* What is drawn; seed >= 0. */
typedef struct maker_draw {
    int64_t seed;
    double temperature;
    bool draw; /* from p(x|z) of a VAE instead of its mean */
} maker_draw;

int maker_load(app_state *app, maker *out);
void maker_destroy(maker *m);
/* n times --label; NULL without it. */
int maker_labels(app_state *app, const maker *m, int64_t n, genlat_tensor **out);
int maker_sample(app_state *app, const maker *m, int64_t n, const genlat_tensor *labels,
                 const maker_draw *draw, genlat_tensor **out);

#endif
