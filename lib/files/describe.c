/* SPDX-License-Identifier: MIT */
/* Descriptions of what sources contain. */
#include "files_priv.h"

genlat_status gnl_files_describe(const char *path, const genlat_description *description, genlat_source **source)
{
    genlat_source *described = NULL;
    genlat_status status = genlat_source_describe(*source, description, &described);
    genlat_source_destroy(source);
    *source = described;
    return status == GENLAT_OK ? GENLAT_OK : genlat_error_set(status, "%s: %s", path, genlat_last_error());
}
