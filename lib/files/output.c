/* SPDX-License-Identifier: MIT */
/* Writes files through genlat_output, with a stream of the C library. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files_priv.h"

static genlat_status cannot_write(const char *path)
{
    return genlat_error_set(GENLAT_E_IO, "%s: cannot write the file: %s", path, strerror(errno));
}

/* Removes the name of the core's function from an error text. */
static genlat_status pass_on(genlat_status status)
{
    const char *text = genlat_last_error(), *rest = strstr(text, ": ");
    return genlat_error_set(status, "%s", strncmp(text, "genlat_output_", 14) == 0 && rest ? rest + 2 : text);
}

genlat_status gnl_output_open(const char *path, gnl_output *out)
{
    *out = (gnl_output){.path = path};
    const genlat_status status = genlat_output_open(NULL, path, &out->file);
    if (status != GENLAT_OK)
        return pass_on(status);
    int copy = fcntl(genlat_output_descriptor(out->file), F_DUPFD_CLOEXEC, 0);
    out->stream = copy < 0 ? NULL : fdopen(copy, "wb");
    if (out->stream)
        return GENLAT_OK;
    (void)cannot_write(path);
    if (copy >= 0)
        close(copy);
    genlat_output_destroy(&out->file);
    return GENLAT_E_IO;
}

genlat_status gnl_output_check(const gnl_output *output)
{
    return ferror(output->stream) ? cannot_write(output->path) : GENLAT_OK;
}

genlat_status gnl_output_close(gnl_output *output, genlat_status status)
{
    if (fclose(output->stream) != 0 && status == GENLAT_OK)
        status = cannot_write(output->path);
    if (status == GENLAT_OK) {
        status = genlat_output_finish(output->file);
        if (status != GENLAT_OK)
            (void)pass_on(status);
    }
    genlat_output_destroy(&output->file);
    return status;
}
