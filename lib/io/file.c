/* SPDX-License-Identifier: MIT */
/* Files: reading at an offset, and writing with atomic replacement of the old file. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/io_priv.h"

enum { DRAFT_TRIES = 100, DRAFT_SUFFIX = 48 };

/* strerror() of a known code returns constant text in the supported C libraries, so it is thread-safe. */
static genlat_status io_failed(const char *path, const char *what)
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
        return io_failed(path, "cannot be opened");
    genlat_status status = GENLAT_OK;
    if (fstat(*fd, &info) != 0)
        status = io_failed(path, "fstat failed");
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
            return io_failed(path, "cannot be read");
        if (got == 0)
            return gnl_fail(GENLAT_E_IO, "%s: ended while it was being read; another program is changing it", path);
        to += got;
        offset += (uint64_t)got;
        size -= (size_t)got;
    }
    return GENLAT_OK;
}

/* ---- drafts ---------------------------------------------------------------------------------- */

/* Creates the temporary file with O_EXCL and the default mode. mkstemp() would remove the permissions of other
 * readers. */
static int draft_create(gnl_draft *draft, size_t capacity)
{
    int fd = -1;
    for (int i = 0; i < DRAFT_TRIES && fd < 0; i++) {
        snprintf(draft->temporary, capacity, "%s.%ld-%d.tmp", draft->path, (long)getpid(), i);
        fd = open(draft->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd < 0 && errno != EEXIST)
            break;
    }
    return fd;
}

static void draft_free(gnl_draft *draft)
{
    gnl_free(draft->ctx, draft->path);
    gnl_free(draft->ctx, draft->temporary);
}

genlat_status gnl_draft_open(genlat_ctx *ctx, const char *path, gnl_draft *draft)
{
    size_t capacity = strlen(path) + DRAFT_SUFFIX;
    struct stat old;
    *draft = (gnl_draft){.ctx = ctx, .fd = -1};
    genlat_status status = GENLAT_E_MEMORY;
    draft->path = gnl_strdup(ctx, path);
    draft->temporary = draft->path ? gnl_alloc(ctx, capacity, 1) : NULL;
    if (!draft->temporary)
        goto fail;
    draft->fd = draft_create(draft, capacity);
    if (draft->fd < 0) {
        status = io_failed(path, "cannot be created in its directory");
        goto fail;
    }
    if (stat(path, &old) == 0)
        (void)fchmod(draft->fd, old.st_mode & 07777); /* keeps the permissions of the replaced file, if allowed */
    return GENLAT_OK;
fail:
    draft_free(draft);
    return status;
}

genlat_status gnl_draft_put(gnl_draft *draft, const void *bytes, size_t size)
{
    const char *from = bytes;
    while (size > 0) {
        ssize_t put = write(draft->fd, from, size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return io_failed(draft->path, "cannot be written");
        from += put;
        size -= (size_t)put;
    }
    return GENLAT_OK;
}

/* Syncs the directory, since otherwise the new name might not survive a crash. Errors are ignored: some file systems
 * cannot sync directories, and the file itself is already safe. */
static void sync_folder(char *path)
{
    char *slash = strrchr(path, '/');
    const char *folder = slash == path ? "/" : slash ? path : ".";
    if (slash)
        *slash = '\0';
    int fd = open(*folder ? folder : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        (void)close(fd);
    }
}

static genlat_status draft_publish(gnl_draft *draft)
{
    int synced = fsync(draft->fd);
    int closed = close(draft->fd); /* a full disk may be reported only here */
    draft->fd = -1;
    if (synced != 0 || closed != 0)
        return io_failed(draft->path, "cannot be written");
    if (rename(draft->temporary, draft->path) != 0)
        return io_failed(draft->path, "cannot be replaced");
    sync_folder(draft->path);
    return GENLAT_OK;
}

genlat_status gnl_draft_close(gnl_draft *draft, genlat_status status)
{
    if (status == GENLAT_OK)
        status = draft_publish(draft);
    if (status != GENLAT_OK) {
        gnl_file_close(draft->fd);
        (void)unlink(draft->temporary);
    }
    draft_free(draft);
    return status;
}

genlat_status gnl_file_check_target(genlat_ctx *ctx, const char *path)
{
    struct stat info;
    gnl_draft draft;
    if (stat(path, &info) == 0 && S_ISDIR(info.st_mode))
        return gnl_fail(GENLAT_E_IO, "%s: is a directory, the name of a file expected", path);
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
        return access(path, W_OK) == 0 ? GENLAT_OK : io_failed(path, "cannot be written");
    GNL_TRY(gnl_draft_open(ctx, path, &draft));
    (void)gnl_draft_close(&draft, GENLAT_E_CANCELLED);
    return GENLAT_OK;
}
