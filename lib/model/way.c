/* SPDX-License-Identifier: MIT */
/* Ways through the latent space from one point to another, for all models that decode latents. */
#include <math.h>

#include "model/model_priv.h"

/* Weights of both ends at t on the great circle; those of the straight line where the two are (nearly) parallel or one
 * is zero. */
static void weigh(const gnl_real *a, const gnl_real *b, int64_t n, double t, double weight[2])
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

genlat_status gnl_model_way(genlat_ctx *ctx, const genlat_tensor *a, const genlat_tensor *b, int64_t steps,
                            bool straight, genlat_tensor **out)
{
    int64_t rows = a->shape.dim[0], n = a->shape.dim[1];
    const gnl_shape shape = {2, {rows * steps, n}};
    GNL_TRY(gnl_tensor_new(ctx, &shape, out));
    for (int64_t i = 0; i < rows * steps; i++) {
        const gnl_real *from = a->data + i / steps * n, *to = b->data + i / steps * n;
        gnl_real *z = (*out)->data + i * n;
        double t = (double)(i % steps) / (double)(steps - 1), weight[2] = {1 - t, t};
        if (!straight)
            weigh(from, to, n, t, weight);
        for (int64_t j = 0; j < n; j++)
            z[j] = (gnl_real)(weight[0] * (double)from[j] + weight[1] * (double)to[j]);
    }
    return GENLAT_OK;
}

genlat_status gnl_model_check_way(const genlat_tensor *from, const genlat_tensor *to, int64_t steps,
                                  const char *where)
{
    if (from->shape.dim[0] != to->shape.dim[0])
        return gnl_fail(GENLAT_E_SHAPE, "%s: from has %lld rows, to %lld", where,
                        (long long)from->shape.dim[0], (long long)to->shape.dim[0]);
    if (steps < 2 || steps > INT32_MAX / from->shape.dim[0])
        return gnl_fail(GENLAT_E_RANGE, "%s: steps is %lld, 2 or more wanted", where, (long long)steps);
    return GENLAT_OK;
}

genlat_status gnl_model_repeat_labels(const gnl_model *model, const genlat_tensor *labels, int64_t times,
                                      genlat_tensor **out)
{
    if (!gnl_model_condition(model) || !labels)
        return GENLAT_OK;
    gnl_shape shape = labels->shape;
    int64_t width = gnl_shape_count_from(&shape, 1), rows = shape.dim[0];
    shape.dim[0] = rows * times;
    GNL_TRY(gnl_tensor_new(model->object.ctx, &shape, out));
    for (int64_t i = 0; i < rows * times; i++)
        memcpy((*out)->data + i * width, labels->data + i / times * width, (size_t)width * sizeof(gnl_real));
    return GENLAT_OK;
}
