/* SPDX-License-Identifier: MIT */
/* What genlat eval can measure. A function fills the members that it is about; one that is wanted twice runs once. */
#ifndef MEASURE_H
#define MEASURE_H

#include "genlat/metric.h"
#include "maker.h"
#include "report.h"

typedef struct measurement {
    app_state *app;
    maker model;
    genlat_vae *vae; /* the model's, for what is measured of VAEs alone */
    genlat_source *source;
    report report;
    genlat_vae_terms terms;
    double nll, mse, active, modes, frechet, kid;
    genlat_modes mixture;
    genlat_neighbours neighbours;
    genlat_tensor *real, *generated; /* for the metrics that compare sets */
} measurement;

/* All return APP_OK, or tell what is wrong. */
int measure_terms(measurement *m);
int measure_nll(measurement *m);
int measure_units(measurement *m);
int measure_mse(measurement *m);
int measure_modes(measurement *m);
int measure_frechet(measurement *m);
int measure_kid(measurement *m);
int measure_neighbours(measurement *m);

#endif
