/* SPDX-License-Identifier: MIT */
/* Files: reading at an offset. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/io_priv.h"

/* strerror() of a known code returns constant text in the supported C libraries, so it is thread-safe. */
genlat_status gnl_io_failed(const char *path, const char *what)
{
    return gnl_fail(GENLAT_E_IO, "%s: %s: %s", path, what, strerror(errno));
}

void gnl_file_close(int fd)
{
    if (fd >= 0)
        (void)close(fd);
}

genlat_status gnl_file_open(const char *path, int *fd, uint64_t *size)
{
    struct stat info;
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* NONBLOCK: opening a pipe without a writer must not block */
    if (*fd < 0)
        return gnl_io_failed(path, "cannot be opened");
    genlat_status status = GENLAT_OK;
    if (fstat(*fd, &info) != 0)
        status = gnl_io_failed(path, "fstat failed");
    else if (!S_ISREG(info.st_mode))
        status = gnl_fail(GENLAT_E_IO, "%s: is not a regular file", path);
    else
        *size = (uint64_t)info.st_size;
    if (status != GENLAT_OK) {
        gnl_file_close(*fd);
        *fd = -1;
    }
    return status;
}

genlat_status gnl_file_read(int fd, const char *path, uint64_t offset, void *out, size_t size)
{
    char *to = out;
    while (size > 0) {
        ssize_t got = pread(fd, to, size, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return gnl_io_failed(path, "cannot be read");
        if (got == 0)
            return gnl_fail(GENLAT_E_IO, "%s: ended while it was being read; another program is changing it", path);
        to += got;
        offset += (uint64_t)got;
        size -= (size_t)got;
    }
    return GENLAT_OK;
}
