/* SPDX-License-Identifier: MIT */
/*
 * Calls the functions of one layer with memory of exactly the sizes that infer requested. It is filled with NaN
 * wherever a
 * call must not read, so that wrong flags and unwritten outputs are detected.
 */
#ifndef LAYER_RIG_H
#define LAYER_RIG_H

#include "layer/layer.h"

typedef struct layer_rig {
    genlat_ctx *ctx;
    genlat_layer *layer;
    const gnl_layer_type *type;
    gnl_layer_plan plan;
    gnl_step step;
    gnl_rng rng;
    int inputs;
    int64_t x_count[GNL_MAX_INPUTS], y_count, param_count[GNL_MAX_PARAMS];
    gnl_real *x[GNL_MAX_INPUTS], *dx[GNL_MAX_INPUTS], *tx[GNL_MAX_INPUTS], *dtx[GNL_MAX_INPUTS];
    gnl_real *y, *dy, *ty, *dty;
    gnl_real *param[GNL_MAX_PARAMS], *grad[GNL_MAX_PARAMS], *start[GNL_MAX_PARAMS]; /* start: initial state */
    gnl_real *nothing; /* NaN; as large as the largest of x and y */
} layer_rig;

/* Parses shapes as in layer_cases.h; seed 0 selects the upper end of each range. Returns their number. */
int layer_rig_shapes(const char *text, uint64_t seed, gnl_shape shapes[GNL_MAX_INPUTS]);

/* Fails the running test if the layer refuses the shapes. most_rows >= rows is passed to infer. */
void layer_rig_open(layer_rig *r, const char *spec, int inputs, const gnl_shape *in, int64_t rows, int64_t most_rows,
                    int threads);
void layer_rig_close(layer_rig *r);

/* Fills everything with normal numbers and the state from [0.5,1.5]. `index`: inputs are integers from 0 to 4. */
void layer_rig_fill(layer_rig *r, uint64_t seed, bool index);

/* Each makes one call as an exec does. forward starts with the same random numbers and state every time. backward
 * and jvp_backward add to grad. Layers without jvp functions use backward instead. */
void layer_rig_forward(layer_rig *r);
void layer_rig_backward(layer_rig *r);
void layer_rig_jvp(layer_rig *r);
void layer_rig_jvp_backward(layer_rig *r);
bool layer_rig_has_jvp(const layer_rig *r);

void layer_rig_set_all(int64_t n, gnl_real value, gnl_real *out);

#endif
