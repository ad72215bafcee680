/* SPDX-License-Identifier: MIT */
/* Labels in a file of their own: an array of NumPy, or an IDX file. */
#include <stdlib.h>
#include <string.h>

#include "files_priv.h"

static genlat_status parse(const char *path, const gnl_bytes *bytes, gnl_array *out)
{
    const bool numpy = bytes->size > 0 && bytes->data[0] == 0x93;
    return (numpy ? gnl_npy_parse : gnl_idx_parse)(path, bytes->data, bytes->size, out);
}

static genlat_status read_labels(genlat_ctx *ctx, const char *path, genlat_tensor **out)
{
    gnl_bytes bytes;
    gnl_array array = {0};
    GNL_FILES_TRY(gnl_files_load(path, &bytes));
    genlat_status status = parse(path, &bytes, &array);
    if (status == GENLAT_OK)
        status = gnl_array_tensor(ctx, &array, out);
    gnl_array_free(&array);
    free(bytes.data);
    return status;
}

genlat_status gnl_files_label(genlat_ctx *ctx, const char *path, genlat_source **source)
{
    genlat_tensor *labels = NULL;
    genlat_source *labelled = NULL;
    GNL_FILES_TRY(read_labels(ctx, path, &labels));
    genlat_status status = genlat_source_label(*source, labels, &labelled);
    if (status != GENLAT_OK)
        status = genlat_error_set(status, "%s: %s", path, genlat_last_error());
    genlat_tensor_destroy(&labels);
    genlat_source_destroy(source);
    *source = labelled;
    return status;
}
