/* SPDX-License-Identifier: MIT */
/* Known properties of samples: generating factors, mixtures; and sources with new or removed labels. */
#include "data/data_priv.h"

/* Returns the source without all wrappers. */
static const genlat_source *innermost(const genlat_source *source)
{
    while (source->inner && !source->type->many)
        source = source->inner;
    return source;
}

int64_t gnl_source_factor_count(const genlat_source *source)
{
    const char *const *names = innermost(source)->type->factor_names;
    int64_t count = 0;
    while (names && names[count])
        count++;
    return count;
}

void gnl_source_factors(const genlat_source *source, int64_t index, gnl_real *out)
{
    for (; source->inner; source = source->inner)
        index = source->type->map ? source->type->map(source, index) : index;
    source->type->factors(source, index, out);
}

int64_t genlat_source_factor_count(const genlat_source *source)
{
    return source ? gnl_source_factor_count(source) : 0;
}

const char *genlat_source_factor_name(const genlat_source *source, int64_t factor)
{
    bool known = source && factor >= 0 && factor < gnl_source_factor_count(source);
    return known ? innermost(source)->type->factor_names[factor] : NULL;
}

genlat_status genlat_source_factors(const genlat_source *source, const int64_t *indices, int64_t n,
                                    genlat_tensor *factors)
{
    GNL_ENTER();
    GNL_CHECK(source, "source is NULL");
    GNL_CHECK(n >= 0, "n is negative");
    GNL_CHECK(indices || n == 0, "indices is NULL");
    GNL_CHECK(factors, "factors is NULL");
    int64_t width = gnl_source_factor_count(source);
    if (width == 0)
        return gnl_fail(GENLAT_E_STATE, "the source has no known factors");
    gnl_shape expected = {2, {n, width}};
    char found_text[GNL_SHAPE_TEXT], expected_text[GNL_SHAPE_TEXT];
    if (!gnl_shape_equal(&factors->shape, &expected))
        return gnl_fail(GENLAT_E_SHAPE, "factors is %s, expected %s", gnl_shape_format(&factors->shape, found_text),
                        gnl_shape_format(&expected, expected_text));
    for (int64_t i = 0; i < n; i++) {
        if (indices[i] < 0 || indices[i] >= source->count)
            return gnl_fail(GENLAT_E_RANGE, "index %lld is out of range for %lld samples", (long long)indices[i],
                            (long long)source->count);
        gnl_source_factors(source, indices[i], factors->data + i * width);
    }
    return GENLAT_OK;
}

/* ---- mixtures ---------------------------------------------------------------------------------------- */

genlat_status genlat_source_mixture(const genlat_source *source, genlat_tensor **centres, double *sd)
{
    GNL_ENTER();
    if (centres)
        *centres = NULL;
    GNL_CHECK(source, "source is NULL");
    GNL_CHECK(centres, "centres is NULL");
    GNL_CHECK(sd, "sd is NULL");
    const genlat_source *at = source;
    while (at->inner && at->type->keeps_values && !at->type->many)
        at = at->inner;
    if (at->type->modes == 0)
        return gnl_fail(GENLAT_E_STATE,
                        "'%s' is not a mixture with known modes; expected ring or grid, "
                        "without scaling",
                        at->type->name);
    gnl_shape shape = {2, {at->type->modes, 2}};
    GNL_TRY(gnl_tensor_new(source->object.ctx, &shape, centres));
    for (int64_t mode = 0; mode < at->type->modes; mode++) {
        double centre[2];
        at->type->centre(mode, centre);
        (*centres)->data[2 * mode] = (gnl_real)centre[0];
        (*centres)->data[2 * mode + 1] = (gnl_real)centre[1];
    }
    *sd = at->type->mode_sd;
    return GENLAT_OK;
}

/* ---- labels ------------------------------------------------------------------------------------------ */

static genlat_status relabel_fetch(const genlat_source *source, const int64_t *indices, int64_t n, uint64_t draw,
                                   gnl_real *x, gnl_real *labels)
{
    GNL_TRY(source->inner->type->fetch(source->inner, indices, n, draw, x, NULL));
    for (int64_t i = 0; labels && i < n; i++)
        gnl_source_factors(source->inner, indices[i], labels + i * source->condition);
    return GENLAT_OK;
}

static const gnl_source_type relabel_type = {.name = "relabel", .fetch = relabel_fetch, .keeps_values = true};

genlat_status gnl_source_relabel(genlat_source *inner, uint32_t kind, genlat_source **out)
{
    int64_t factors = gnl_source_factor_count(inner);
    if (kind == GENLAT_LABELS_FACTORS && factors == 0)
        return gnl_fail(GENLAT_E_STATE, "labels is factors, but the source has no known factors");
    GNL_TRY(gnl_source_wrap(inner, &relabel_type, sizeof(genlat_source), out));
    (*out)->classes = 0;
    (*out)->unlabelled = false;
    (*out)->condition = kind == GENLAT_LABELS_FACTORS ? factors : 0;
    return gnl_source_drop_names(out, false);
}
