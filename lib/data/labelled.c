/* SPDX-License-Identifier: MIT */
/* A source with labels from elsewhere, such as a file of their own. */
#include "data/data_priv.h"

typedef struct labelled_source {
    genlat_source source;
    genlat_tensor *labels;
} labelled_source;

static genlat_status labelled_fetch(const genlat_source *source, const int64_t *indices, int64_t n, uint64_t draw,
                                    gnl_real *x, gnl_real *labels)
{
    GNL_TRY(source->inner->type->fetch(source->inner, indices, n, draw, x, NULL));
    if (labels)
        gnl_source_copy_labels(((const labelled_source *)source)->labels, indices, n, labels);
    return GENLAT_OK;
}

static void labelled_destroy(genlat_source *source)
{
    gnl_tensor_release(((labelled_source *)source)->labels);
}

static const gnl_source_type labelled_type = {
    .name = "labelled", .fetch = labelled_fetch, .destroy = labelled_destroy, .keeps_values = true};

genlat_status genlat_source_label(genlat_source *source, genlat_tensor *labels, genlat_source **out)
{
    genlat_source *made = NULL;
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_CHECK(source, "source is NULL");
    GNL_CHECK(labels, "labels is NULL");
    GNL_TRY(gnl_source_wrap(source, &labelled_type, sizeof(labelled_source), &made));
    made->classes = made->condition = 0;
    made->unlabelled = false;
    genlat_status status = gnl_source_set_labels(made, labels);
    if (status != GENLAT_OK) {
        gnl_source_release(made);
        return status;
    }
    ((labelled_source *)made)->labels = gnl_object_retain(labels);
    GNL_TRY(gnl_source_drop_names(&made, false));
    *out = made;
    return GENLAT_OK;
}
