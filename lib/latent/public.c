/* SPDX-License-Identifier: MIT */
/* The public functions of Gaussian latents, for custom training loops. */
#include "genlat/loss.h"
#include "latent/latent_priv.h"

static genlat_status same_shape(const genlat_tensor *tensor, const genlat_tensor *mean, const char *name)
{
    char found[GNL_SHAPE_TEXT], expected[GNL_SHAPE_TEXT];
    if (!tensor || gnl_shape_equal(&tensor->shape, &mean->shape))
        return GENLAT_OK;
    return gnl_fail(GENLAT_E_SHAPE, "%s is %s, %s expected as for mean", name, gnl_shape_format(&tensor->shape, found),
                    gnl_shape_format(&mean->shape, expected));
}

static genlat_status make_gauss(const genlat_tensor *mean, const genlat_tensor *logvar, gnl_gauss *q)
{
    char found[GNL_SHAPE_TEXT];
    GNL_TRY(same_shape(logvar, mean, "logvar"));
    if (mean->shape.ndim != 2 || mean->shape.dim[0] < 1)
        return gnl_fail(GENLAT_E_SHAPE, "mean is %s, [rows,dims] expected", gnl_shape_format(&mean->shape, found));
    genlat_ctx *ctx = mean->object.ctx;
    *q =
        (gnl_gauss){{ctx, gnl_kernels_of(ctx), NULL}, mean->shape.dim[0], mean->shape.dim[1], mean->data, logvar->data};
    return GENLAT_OK;
}

static void clear(genlat_tensor *tensor)
{
    if (tensor)
        memset(tensor->data, 0, (size_t)gnl_shape_count(&tensor->shape) * sizeof(gnl_real));
}

/* ---- closed form ----------------------------------------------------------------------------- */

static void kl_backward(const gnl_gauss *q, genlat_tensor *dmean, genlat_tensor *dlogvar)
{
    clear(dmean);
    clear(dlogvar);
    gnl_gauss_kl_backward(q, 0, q->rows * q->dims, 1 / (double)q->rows, dmean ? dmean->data : NULL,
                          dlogvar ? dlogvar->data : NULL);
}

static genlat_status check_kl(const genlat_tensor *mean, const genlat_tensor *logvar, const double *value)
{
    GNL_CHECK(mean, "mean is NULL");
    GNL_CHECK(logvar, "logvar is NULL");
    GNL_CHECK(value, "value is NULL");
    return GENLAT_OK;
}

genlat_status genlat_kl_gauss(const genlat_tensor *mean, const genlat_tensor *logvar, double *value,
                              genlat_tensor *per_dim, genlat_tensor *dmean, genlat_tensor *dlogvar)
{
    gnl_gauss q;
    GNL_ENTER();
    GNL_TRY(check_kl(mean, logvar, value));
    GNL_TRY(make_gauss(mean, logvar, &q));
    GNL_TRY(same_shape(dmean, mean, "dmean"));
    GNL_TRY(same_shape(dlogvar, mean, "dlogvar"));
    if (per_dim && gnl_shape_count(&per_dim->shape) != q.dims)
        return gnl_fail(GENLAT_E_SHAPE, "per_dim has %lld elements, %lld expected",
                        (long long)gnl_shape_count(&per_dim->shape), (long long)q.dims);
    double *space = gnl_alloc(mean->object.ctx, (size_t)(q.rows + q.dims), sizeof *space);
    if (!space)
        return GENLAT_E_MEMORY;
    double *dims = space + q.rows;
    gnl_gauss_kl(&q, space, per_dim ? dims : NULL);
    *value = gnl_latent_mean(q.rows, space);
    for (int64_t d = 0; per_dim && d < q.dims; d++)
        per_dim->data[d] = (gnl_real)dims[d];
    kl_backward(&q, dmean, dlogvar);
    gnl_free(mean->object.ctx, space);
    return GENLAT_OK;
}

/* ---- by sampling ----------------------------------------------------------------------------- */

static genlat_status check_sampled(const genlat_tensor *z, const genlat_tensor *mean, const genlat_tensor *logvar,
                                   const double *value)
{
    GNL_CHECK(z, "z is NULL");
    GNL_CHECK(mean, "mean is NULL");
    GNL_CHECK(logvar, "logvar is NULL");
    GNL_CHECK(value, "value is NULL");
    return same_shape(z, mean, "z");
}

genlat_status genlat_kl_sampled(const genlat_tensor *z, const genlat_tensor *mean, const genlat_tensor *logvar,
                                double *value, genlat_tensor *dz, genlat_tensor *dmean, genlat_tensor *dlogvar)
{
    gnl_gauss q;
    GNL_ENTER();
    GNL_TRY(check_sampled(z, mean, logvar, value));
    GNL_TRY(make_gauss(mean, logvar, &q));
    GNL_TRY(same_shape(dz, mean, "dz"));
    GNL_TRY(same_shape(dmean, mean, "dmean"));
    GNL_TRY(same_shape(dlogvar, mean, "dlogvar"));
    double *space = gnl_alloc(mean->object.ctx, (size_t)q.rows, sizeof *space);
    if (!space)
        return GENLAT_E_MEMORY;
    gnl_gauss_ratio(&q, z->data, space);
    *value = gnl_latent_mean(q.rows, space);
    gnl_free(mean->object.ctx, space);
    clear(dz);
    clear(dmean);
    clear(dlogvar);
    gnl_gauss_ratio_backward(&q, z->data, 1 / (double)q.rows, NULL, dz ? dz->data : NULL, dmean ? dmean->data : NULL,
                             dlogvar ? dlogvar->data : NULL);
    return GENLAT_OK;
}
