/* SPDX-License-Identifier: MIT */
/* Interpolation paths in the latent space. The spherical path follows White, Sampling generative networks, 2016. */
#include <math.h>

#include "model/model_priv.h"

/* Computes the weights of the end points at t on the great circle. Leaves the weights of the straight line unchanged if
 * the end points are nearly parallel or one of them is 0. */
static void sphere_weights(const gnl_real *a, const gnl_real *b, int64_t n, double t, double weight[2])
{
    double aa = 0, bb = 0, ab = 0;
    for (int64_t i = 0; i < n; i++) {
        aa += (double)a[i] * (double)a[i];
        bb += (double)b[i] * (double)b[i];
        ab += (double)a[i] * (double)b[i];
    }
    double cosine = aa > 0 && bb > 0 ? GNL_MIN(1, GNL_MAX(-1, ab / sqrt(aa * bb))) : 1;
    double angle = acos(cosine), sine = sin(angle);
    if (sine < 1e-6)
        return;
    weight[0] = sin((1 - t) * angle) / sine;
    weight[1] = sin(t * angle) / sine;
}

genlat_status gnl_interpolate(genlat_ctx *ctx, const genlat_tensor *a, const genlat_tensor *b, int64_t steps,
                              uint32_t path, genlat_tensor **out)
{
    int64_t rows = a->shape.dim[0], n = a->shape.dim[1];
    const gnl_shape shape = {2, {rows * steps, n}};
    GNL_TRY(gnl_tensor_new(ctx, &shape, out));
    for (int64_t i = 0; i < rows * steps; i++) {
        const gnl_real *from = a->data + i / steps * n, *to = b->data + i / steps * n;
        gnl_real *z = (*out)->data + i * n;
        double t = (double)(i % steps) / (double)(steps - 1), weight[2] = {1 - t, t};
        if (path == GENLAT_PATH_SPHERE)
            sphere_weights(from, to, n, t, weight);
        for (int64_t j = 0; j < n; j++)
            z[j] = (gnl_real)(weight[0] * (double)from[j] + weight[1] * (double)to[j]);
    }
    return GENLAT_OK;
}
