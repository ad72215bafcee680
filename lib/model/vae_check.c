/* SPDX-License-Identifier: MIT */
/* Arguments of the VAE's functions: shapes of data and labels. */
#include "model/vae_priv.h"

genlat_status gnl_vae_check_labels(const genlat_vae *vae, const genlat_tensor *labels, int64_t rows,
                                   const char *where)
{
    return gnl_model_check_labels(&vae->model, labels, rows, where);
}

genlat_status gnl_vae_check(const genlat_vae *vae, const genlat_tensor *x, const genlat_tensor *labels,
                            const char *where)
{
    GNL_REQUIRE(vae, where, "vae is NULL");
    GNL_REQUIRE(x, where, "x is NULL");
    GNL_TRY(gnl_tensor_check_rows(x, &vae->recipe.data, where, "x"));
    if (x->shape.dim[0] < 1)
        return gnl_fail(GENLAT_E_SHAPE, "%s: x has no rows", where);
    return gnl_vae_check_labels(vae, labels, x->shape.dim[0], where);
}

genlat_status gnl_vae_condition_fill(const genlat_vae *vae, const genlat_tensor *labels, int64_t first,
                                     int64_t rows, gnl_real *out, const char *where)
{
    return gnl_model_fill_condition(&vae->model, labels, first, rows, out, where);
}
