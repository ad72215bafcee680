/* SPDX-License-Identifier: MIT */
/* What genlat eval can measure. A function fills the members that it is about; one that is wanted twice runs once. */
#ifndef MEASURE_H
#define MEASURE_H

#include "app.h"
#include "report.h"

/* A set of samples, what a classifier makes of them, and how it compares with the real ones. */
typedef struct measure_set {
    genlat_tensor *x, *labels; /* labels NULL: none */
    genlat_tensor *features;   /* what sets are compared in; x itself without a classifier */
    double frechet, kid, score, agreement;
    genlat_modes modes;
    genlat_neighbours neighbours;
} measure_set;

typedef struct measurement {
    app_state *app;
    genlat_model *model;
    genlat_model *classifier; /* NULL: none */
    genlat_source *source, *reference;
    report report;
    double terms[GENLAT_MAX_TERMS]; /* in the order of genlat_model_term() */
    double neg_elbo, recon, kl, loss, accuracy, nll, mse, active;
    measure_set real, made, other; /* of --data, of the model, of --reference */
} measurement;

/* All return APP_OK, or tell what is wrong. */
int measure_terms(measurement *m);
int measure_nll(measurement *m);
int measure_units(measurement *m);
int measure_mse(measurement *m);

/* Of the model's samples, or of those of --reference in their place. */
int measure_modes(measurement *m, measure_set *set);
int measure_frechet(measurement *m, measure_set *set);
int measure_kid(measurement *m, measure_set *set);
int measure_neighbours(measurement *m, measure_set *set);
int measure_score(measurement *m, measure_set *set);
int measure_agreement(measurement *m, measure_set *set);

/* Opens what --classifier and --reference name. */
int measure_open(measurement *m);
/* Samples of the data that the classifier sees in one sample of the source: its planes. */
int64_t measure_planes(const measurement *m);
int64_t measure_count(const measurement *m);
void measure_close(measurement *m);

#endif
