/* SPDX-License-Identifier: MIT */
/* Writes files atomically: a file has either its old or its new content, never a part of it. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "files_priv.h"

static genlat_status cannot_write(const char *path)
{
    return genlat_error_set(GENLAT_E_IO, "%s: cannot write the file: %s", path, strerror(errno));
}

/* Opens a new file with a unique name in the same folder, with the default permissions of the process. */
static int open_temporary(gnl_output *out)
{
    for (int attempt = 0; attempt < 100; attempt++) {
        int length =
            snprintf(out->temporary, sizeof out->temporary, "%s.%ld-%d.tmp", out->path, (long)getpid(), attempt);
        if (length < 0 || (size_t)length >= sizeof out->temporary) {
            errno = ENAMETOOLONG;
            return -1;
        }
        int file = open(out->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (file >= 0 || errno != EEXIST)
            return file;
    }
    return -1;
}

genlat_status gnl_output_open(const char *path, gnl_output *out)
{
    struct stat info;
    *out = (gnl_output){.path = path};
    bool plain = stat(path, &info) != 0 || S_ISREG(info.st_mode);
    int file = plain ? open_temporary(out) : open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0)
        return cannot_write(path);
    out->stream = fdopen(file, "wb");
    if (out->stream)
        return GENLAT_OK;
    close(file);
    if (plain)
        unlink(out->temporary);
    return cannot_write(path);
}

genlat_status gnl_output_check(const gnl_output *output)
{
    return ferror(output->stream) ? cannot_write(output->path) : GENLAT_OK;
}

/* Flushes the folder, so that the rename survives a power failure. Errors are ignored, because the file itself is
 * written.
 * */
static void sync_folder(const char *path)
{
    char folder[GNL_FILES_PATH];
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) : 0;
    if (length >= sizeof folder)
        return;
    memcpy(folder, path, length);
    folder[length] = '\0';
    int file = open(!slash ? "." : length ? folder : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file >= 0) {
        (void)fsync(file);
        close(file);
    }
}

genlat_status gnl_output_close(gnl_output *output, genlat_status status)
{
    bool plain = output->temporary[0] != '\0';
    if (status == GENLAT_OK && (fflush(output->stream) != 0 || (plain && fsync(fileno(output->stream)) != 0)))
        status = cannot_write(output->path);
    if (fclose(output->stream) != 0 && status == GENLAT_OK)
        status = cannot_write(output->path);
    if (!plain)
        return status;
    if (status == GENLAT_OK && rename(output->temporary, output->path) != 0)
        status = cannot_write(output->path);
    if (status == GENLAT_OK)
        sync_folder(output->path);
    else
        unlink(output->temporary);
    return status;
}
