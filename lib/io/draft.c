/* SPDX-License-Identifier: MIT */
/* Writes files: a regular file has either its old or its new content, never a part of it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "genlat/experimental.h"
#include "io/io_priv.h"

enum { TRIES = 100, SUFFIX = 48, MOST_LINKS = 40, MOST_LINK = 4096 };

/* ---- the target ------------------------------------------------------------------------------ */

/* Returns the length of the folder of a path with its slash; 0: the path has no folder. */
static size_t folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) + 1 : 0;
}

/* Replaces the name of a symbolic link by what the link names. Relative names start at the folder of the link. */
static genlat_status follow(genlat_ctx *ctx, char **name)
{
    char link[MOST_LINK];
    const ssize_t length = readlink(*name, link, sizeof link - 1);
    if (length < 0)
        return gnl_io_failed(*name, "cannot be read as a link");
    link[length] = '\0';
    const size_t folder = link[0] == '/' ? 0 : folder_length(*name), capacity = folder + (size_t)length + 1;
    char *next = gnl_alloc(ctx, capacity, 1);
    if (!next)
        return GENLAT_E_MEMORY;
    snprintf(next, capacity, "%.*s%s", (int)folder, *name, link);
    gnl_free(ctx, *name);
    *name = next;
    return GENLAT_OK;
}

/* Follows symbolic links to the file itself. The links of /proc are no names: they lead to open files, to write into.
 */
static genlat_status follow_links(genlat_ctx *ctx, char **name, bool *direct)
{
    struct stat info;
    for (int i = 0; lstat(*name, &info) == 0 && S_ISLNK(info.st_mode); i++) {
        *direct = strncmp(*name, "/proc/", 6) == 0;
        if (*direct)
            return GENLAT_OK;
        if (i == MOST_LINKS) {
            errno = ELOOP;
            return gnl_io_failed(*name, "cannot be written");
        }
        GNL_TRY(follow(ctx, name));
    }
    return GENLAT_OK;
}

/* Sets the path of a draft, and `direct` if the file must be written into. */
static genlat_status find_target(gnl_draft *draft, const char *path, bool *direct)
{
    struct stat info;
    const bool exists = stat(path, &info) == 0;
    if (exists && S_ISDIR(info.st_mode))
        return gnl_fail(GENLAT_E_IO, "%s: is a directory, the name of a file expected", path);
    draft->path = gnl_strdup(draft->ctx, path);
    if (!draft->path)
        return GENLAT_E_MEMORY;
    *direct = exists && !S_ISREG(info.st_mode);
    return *direct ? GENLAT_OK : follow_links(draft->ctx, &draft->path, direct);
}

/* ---- temporary files ------------------------------------------------------------------------- */

/* Returns whether a name is that of a draft of a file: FILE.PROCESS-NUMBER.tmp */
static bool is_draft_of(const char *name, const char *file)
{
    static const char digits[] = "0123456789";
    const size_t length = strlen(file);
    if (strncmp(name, file, length) != 0 || name[length] != '.')
        return false;
    name += length + 1;
    const size_t process = strspn(name, digits);
    if (process == 0 || name[process] != '-')
        return false;
    name += process + 1;
    const size_t number = strspn(name, digits);
    return number > 0 && strcmp(name + number, ".tmp") == 0;
}

/* Removes a draft unless it is locked: whoever writes a draft holds a lock on it, which ends with the process. */
static void remove_unlocked(int folder, const char *name)
{
    int fd = openat(folder, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        (void)unlinkat(folder, name, 0);
    (void)close(fd);
}

/* Removes the drafts that processes which were killed left behind. */
static void remove_stale(const char *path)
{
    const size_t length = folder_length(path);
    char folder[MOST_LINK];
    if (length >= sizeof folder)
        return;
    snprintf(folder, sizeof folder, "%.*s", (int)length, path);
    DIR *dir = opendir(length ? folder : ".");
    for (const struct dirent *entry; dir && (entry = readdir(dir)) != NULL;)
        if (is_draft_of(entry->d_name, path + length))
            remove_unlocked(dirfd(dir), entry->d_name);
    if (dir)
        closedir(dir);
}

/* Locks a new draft. Returns false if another process has taken it for a stale one in between. Where files cannot be
 * locked, nobody removes drafts. */
static bool lock(int fd)
{
    struct stat info;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        return errno != EWOULDBLOCK;
    return fstat(fd, &info) != 0 || info.st_nlink > 0;
}

/* Creates the temporary file with O_EXCL and the default mode. mkstemp() would remove the permissions of other
 * readers. */
static int create(gnl_draft *draft, size_t capacity)
{
    for (int i = 0; i < TRIES; i++) {
        snprintf(draft->temporary, capacity, "%s.%ld-%d.tmp", draft->path, (long)getpid(), i);
        int fd = open(draft->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0 && lock(fd))
            return fd;
        if (fd < 0 && errno != EEXIST)
            return -1;
        gnl_file_close(fd);
    }
    return -1;
}

/* ---- drafts ---------------------------------------------------------------------------------- */

static void draft_free(gnl_draft *draft)
{
    gnl_free(draft->ctx, draft->path);
    gnl_free(draft->ctx, draft->temporary);
}

static genlat_status open_beside(gnl_draft *draft)
{
    const size_t capacity = strlen(draft->path) + SUFFIX;
    struct stat old;
    draft->temporary = gnl_alloc(draft->ctx, capacity, 1);
    if (!draft->temporary)
        return GENLAT_E_MEMORY;
    remove_stale(draft->path);
    draft->fd = create(draft, capacity);
    if (draft->fd < 0)
        return gnl_io_failed(draft->path, "cannot be created in its directory");
    if (stat(draft->path, &old) == 0)
        (void)fchmod(draft->fd, old.st_mode & 07777); /* keeps the permissions of the replaced file, if allowed */
    return GENLAT_OK;
}

/* Appends, so that text which the program writes to the same open file stays. */
static genlat_status open_itself(gnl_draft *draft)
{
    draft->fd = open(draft->path, O_WRONLY | O_APPEND | O_NOCTTY | O_CLOEXEC);
    return draft->fd < 0 ? gnl_io_failed(draft->path, "cannot be written") : GENLAT_OK;
}

genlat_status gnl_draft_open(genlat_ctx *ctx, const char *path, gnl_draft *draft)
{
    bool direct = false;
    *draft = (gnl_draft){.ctx = ctx, .fd = -1};
    genlat_status status = find_target(draft, path, &direct);
    if (status == GENLAT_OK)
        status = direct ? open_itself(draft) : open_beside(draft);
    if (status != GENLAT_OK)
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
            return gnl_io_failed(draft->path, "cannot be written");
        from += put;
        size -= (size_t)put;
    }
    return GENLAT_OK;
}

/* Syncs the directory, since otherwise the new name might not survive a crash. Errors are ignored: some file systems
 * cannot sync directories, and the file itself is already safe. */
static void sync_folder(char *path)
{
    const size_t length = folder_length(path);
    path[length] = '\0';
    int fd = open(length ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        (void)close(fd);
    }
}

static genlat_status publish(gnl_draft *draft)
{
    /* Closing reports what could not be written, unless the file has been synced before. */
    if (!draft->temporary) {
        int closed = close(draft->fd);
        draft->fd = -1;
        return closed == 0 ? GENLAT_OK : gnl_io_failed(draft->path, "cannot be written");
    }
    if (fsync(draft->fd) != 0)
        return gnl_io_failed(draft->path, "cannot be written");
    /* Renamed while it is locked, so that nobody removes it as stale. */
    if (rename(draft->temporary, draft->path) != 0)
        return gnl_io_failed(draft->path, "cannot be replaced");
    gnl_file_close(draft->fd);
    draft->fd = -1;
    sync_folder(draft->path);
    return GENLAT_OK;
}

genlat_status gnl_draft_close(gnl_draft *draft, genlat_status status)
{
    if (status == GENLAT_OK)
        status = publish(draft);
    if (status != GENLAT_OK) {
        if (draft->temporary)
            (void)unlink(draft->temporary);
        gnl_file_close(draft->fd);
    }
    draft_free(draft);
    return status;
}

/* Opening a pipe would wait for its reader, so that a file which is written into is only asked for its permissions. */
genlat_status gnl_file_check_target(genlat_ctx *ctx, const char *path)
{
    gnl_draft draft = {.ctx = ctx, .fd = -1};
    bool direct = false;
    genlat_status status = find_target(&draft, path, &direct);
    if (status == GENLAT_OK && direct && access(path, W_OK) != 0)
        status = gnl_io_failed(path, "cannot be written");
    draft_free(&draft);
    if (status != GENLAT_OK || direct)
        return status;
    GNL_TRY(gnl_draft_open(ctx, path, &draft));
    (void)gnl_draft_close(&draft, GENLAT_E_CANCELLED);
    return GENLAT_OK;
}

/* ---- public ---------------------------------------------------------------------------------- */

struct genlat_output {
    gnl_object object;
    gnl_draft draft;
    bool open, failed;
};

genlat_status genlat_output_open(genlat_ctx *ctx, const char *path, genlat_output **out)
{
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_CHECK(path, "path is NULL");
    genlat_output *output = gnl_object_new(ctx, sizeof *output);
    if (!output)
        return GENLAT_E_MEMORY;
    genlat_status status = gnl_draft_open(ctx, path, &output->draft);
    output->open = status == GENLAT_OK;
    if (status == GENLAT_OK)
        *out = output;
    else
        genlat_output_destroy(&output);
    return status;
}

static genlat_status check_open(const genlat_output *output)
{
    GNL_CHECK(output, "output is NULL");
    return output->open ? GENLAT_OK : gnl_fail(GENLAT_E_STATE, "the file is finished already; open it again");
}

genlat_status genlat_output_write(genlat_output *output, const void *bytes, int64_t size)
{
    GNL_ENTER();
    GNL_TRY(check_open(output));
    GNL_CHECK(bytes || size == 0, "bytes is NULL");
    GNL_CHECK(size >= 0, "size is negative");
    const genlat_status status = gnl_draft_put(&output->draft, bytes, (size_t)size);
    output->failed = output->failed || status != GENLAT_OK;
    return status;
}

int32_t genlat_output_descriptor(const genlat_output *output)
{
    return output && output->open ? output->draft.fd : -1;
}

genlat_status genlat_output_finish(genlat_output *output)
{
    GNL_ENTER();
    GNL_TRY(check_open(output));
    if (output->failed)
        return gnl_fail(GENLAT_E_STATE, "%s: a write has failed", output->draft.path);
    output->open = false;
    return gnl_draft_close(&output->draft, GENLAT_OK);
}

void genlat_output_destroy(genlat_output **output)
{
    if (!output)
        return;
    if (*output && (*output)->open)
        (void)gnl_draft_close(&(*output)->draft, GENLAT_E_CANCELLED);
    gnl_object_free(*output);
    *output = NULL;
}
