/* SPDX-License-Identifier: MIT */
/* Initial weights. Glorot, Bengio 2010; He, Zhang, Ren, Sun 2015. */
#include <tgmath.h>

#include "layer/layer_priv.h"

const char *const gnl_init_names[] = {"torch",     "glorot_uniform", "glorot_normal", "he_uniform",
                                      "he_normal", "orthogonal",     "normal",        "constant",
                                      NULL};

/* Standard deviation of the weights. */
static double scale_of(const gnl_init *init)
{
    double in = (double)GNL_MAX(init->fan_in, 1), out = (double)GNL_MAX(init->fan_out, 1);
    switch (init->kind) {
    case GNL_INIT_TORCH:
        return init->gain * sqrt(1 / (3 * in));
    case GNL_INIT_GLOROT_UNIFORM:
    case GNL_INIT_GLOROT_NORMAL:
        return init->gain * sqrt(2 / (in + out));
    case GNL_INIT_HE_UNIFORM:
    case GNL_INIT_HE_NORMAL:
        return init->gain * sqrt(2 / in);
    default:
        return init->gain;
    }
}

static void fill_normal(const gnl_init *init, gnl_rng *rng, int64_t count, gnl_real *out)
{
    gnl_real scale = (gnl_real)scale_of(init);
    gnl_rng_fill_normal(rng, out, count);
    for (int64_t i = 0; i < count; i++)
        out[i] *= scale;
}

genlat_status gnl_init_fill(genlat_ctx *ctx, const gnl_init *init, gnl_rng *rng, const gnl_shape *shape, gnl_real *out)
{
    int64_t count = gnl_shape_count(shape);
    gnl_real bound = (gnl_real)(scale_of(init) * sqrt(3.0));
    switch (init->kind) {
    case GNL_INIT_TORCH:
    case GNL_INIT_GLOROT_UNIFORM:
    case GNL_INIT_HE_UNIFORM:
        gnl_rng_fill_uniform(rng, out, count, -bound, bound);
        break;
    case GNL_INIT_CONSTANT:
        for (int64_t i = 0; i < count; i++)
            out[i] = (gnl_real)init->gain;
        break;
    default:
        fill_normal(init, rng, count, out);
    }
    return GENLAT_OK;
}
