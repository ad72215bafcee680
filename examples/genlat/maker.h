/* SPDX-License-Identifier: MIT */
/* A model of whatever kind, and its samples where it makes any. */
#ifndef MAKER_H
#define MAKER_H

#include "app.h"

/* One of them. */
typedef struct maker {
    genlat_vae *vae;
    genlat_gan *gan;
    genlat_predictor *predictor;
} maker;

/* What is drawn; seed >= 0. */
typedef struct maker_draw {
    int64_t seed;
    double temperature;
    double truncation; /* of a GAN's latents; 0: none */
    bool draw;         /* from p(x|z) of a VAE instead of its mean */
} maker_draw;

int maker_load(app_state *app, maker *out);
void maker_destroy(maker *m);
const char *maker_kind(const maker *m); /* "vae", "gan", "predictor" */
/* Classes on which what it makes depends; 0: none. */
int64_t maker_classes(const maker *m);
/* n times --label; NULL without it. */
int maker_labels(app_state *app, const maker *m, int64_t n, genlat_tensor **out);
int maker_sample(app_state *app, const maker *m, int64_t n, const genlat_tensor *labels,
                 const maker_draw *draw, genlat_tensor **out);

#endif
