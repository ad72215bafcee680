/* SPDX-License-Identifier: MIT */
/* The metrics of genlat eval. Each function computes one or more members of measurement or measure_set. */
#ifndef MEASURE_H
#define MEASURE_H

#include "app.h"
#include "report.h"

/* A set of samples, its features, and the results of comparing it with the real samples. */
typedef struct measure_set {
    genlat_tensor *x, *labels; /* labels NULL: none */
    genlat_tensor *features;   /* features of the classifier; x without a classifier */
    double agreement;
    genlat_modes modes;
    genlat_metric_value *values; /* results of the metrics of the library; NULL: none */
} measure_set;

typedef struct measurement {
    app_state *app;
    genlat_model *model;
    genlat_model *classifier; /* NULL: none */
    genlat_source *source, *reference;
    genlat_source *part; /* the first samples of source, at most --count; metrics of the data use these */
    report report;
    genlat_metric *chosen;                                            /* metrics of the library; NULL: none */
    genlat_tensor *probabilities, *reconstructions, *codes, *factors; /* their inputs besides the sets */
    double terms[GENLAT_MAX_TERMS];                                   /* in the order of genlat_model_term() */
    double neg_elbo, recon, kl, cross_entropy, accuracy, nll, mse, active, used, perplexity;
    measure_set real, generated, reference_set; /* samples of --data, of the model, of --reference */
} measurement;

/* All return APP_OK, or print an error. */
int measure_terms(measurement *m);
int measure_labels(measurement *m); /* accuracy and cross-entropy */
int measure_nll(measurement *m);
int measure_units(measurement *m);
int measure_codes(measurement *m);
int measure_mse(measurement *m);

/* Metrics of generated samples, or of the samples of --reference. */
int measure_modes(measurement *m, measure_set *set);
/* Computes the metrics of the library, for the samples of a set. */
int measure_chosen(measurement *m, measure_set *set);
/* Returns whether they depend on the set, so that --reference can replace it. */
bool measure_of_sets(const measurement *m);
int measure_agreement(measurement *m, measure_set *set);

/* Opens the classifier and the reference source, if set. */
int measure_open(measurement *m);
/* Returns the number of classifier inputs per sample of the source. A sample may consist of several stacked inputs, its
 * planes. Returns 0 if the shapes do not match. */
int64_t measure_planes(const measurement *m);
int64_t measure_count(const measurement *m); /* number of samples to compare */
void measure_close(measurement *m);

#endif
