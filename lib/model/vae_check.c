/* SPDX-License-Identifier: MIT */
/* Arguments of the VAE's functions: shapes of data and labels, labels as vectors. */
#include <math.h>

#include "model/vae_priv.h"

genlat_status gnl_vae_check_labels(const genlat_vae *vae, const genlat_tensor *labels, int64_t rows,
                                   const char *where)
{
    if (!vae->condition)
        return GENLAT_OK; /* a source's labels may come along unread */
    if (!labels)
        return gnl_fail(GENLAT_E_INVALID, "%s: labels is NULL, the model is conditional", where);
    gnl_shape wanted =
        vae->recipe.classes ? (gnl_shape){1, {rows}} : (gnl_shape){2, {rows, vae->recipe.vector}};
    char found[GNL_SHAPE_TEXT], text[GNL_SHAPE_TEXT];
    if (!gnl_shape_equal(&labels->shape, &wanted))
        return gnl_fail(GENLAT_E_SHAPE, "%s: labels is %s, %s wanted", where,
                        gnl_shape_format(&labels->shape, found), gnl_shape_format(&wanted, text));
    return GENLAT_OK;
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

static genlat_status one_hot(const genlat_vae *vae, const genlat_tensor *labels, int64_t first, int64_t rows,
                             gnl_real *out, const char *where)
{
    memset(out, 0, (size_t)(rows * vae->condition) * sizeof *out);
    for (int64_t i = 0; i < rows; i++) {
        double label = (double)labels->data[first + i];
        if (!(label >= 0 && label < (double)vae->recipe.classes) || label != floor(label))
            return gnl_fail(GENLAT_E_RANGE, "%s: label %lld is %g, a whole number from 0 to %lld wanted",
                            where, (long long)(first + i), label, (long long)vae->recipe.classes - 1);
        out[i * vae->condition + (int64_t)label] = 1;
    }
    return GENLAT_OK;
}

genlat_status gnl_vae_condition_fill(const genlat_vae *vae, const genlat_tensor *labels, int64_t first,
                                     int64_t rows, gnl_real *out, const char *where)
{
    if (!vae->condition)
        return GENLAT_OK;
    if (vae->recipe.classes)
        return one_hot(vae, labels, first, rows, out, where);
    memcpy(out, labels->data + first * vae->condition, (size_t)(rows * vae->condition) * sizeof *out);
    return GENLAT_OK;
}
