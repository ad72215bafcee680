/* SPDX-License-Identifier: MIT */
/* Wrappers of system calls. The linker gives the names __wrap_X and __real_X their meaning. */
#include "support/file_calls.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#pragma GCC diagnostic ignored "-Wmissing-prototypes"

file_calls calls;

static char folder[64];

/* Records a call. Returns whether it fails. */
static bool record(char letter)
{
    if (!calls.on)
        return false;
    const bool again = calls.count > 0 && calls.made[calls.count - 1] == letter;
    if (!again && calls.count + 1 < sizeof calls.made)
        calls.made[calls.count++] = letter;
    errno = EIO;
    return calls.fails == letter;
}

/* Whether a call is interrupted, and else how many bytes it processes. */
static bool is_interrupted(size_t *size)
{
    static int turn;
    if (!calls.on)
        return false;
    *size = calls.halved && *size > 1 ? *size / 2 : *size;
    errno = EINTR;
    return calls.interrupted && turn++ % 2 == 0;
}

ssize_t __real_write(int fd, const void *bytes, size_t size);
ssize_t __wrap_write(int fd, const void *bytes, size_t size)
{
    return record('w') || is_interrupted(&size) ? -1 : __real_write(fd, bytes, size);
}

/* With large file offsets, glibc sends pread() to pread64(). */
ssize_t __real_pread(int fd, void *bytes, size_t size, off_t offset);
ssize_t __wrap_pread(int fd, void *bytes, size_t size, off_t offset)
{
    return record('p') || is_interrupted(&size) ? -1 : __real_pread(fd, bytes, size, offset);
}

ssize_t __real_pread64(int fd, void *bytes, size_t size, off_t offset);
ssize_t __wrap_pread64(int fd, void *bytes, size_t size, off_t offset)
{
    return record('p') || is_interrupted(&size) ? -1 : __real_pread64(fd, bytes, size, offset);
}

int __real_fsync(int fd);
int __wrap_fsync(int fd)
{
    struct stat info;
    const bool directory = fstat(fd, &info) == 0 && S_ISDIR(info.st_mode);
    return record(directory ? 'd' : 'f') ? -1 : __real_fsync(fd);
}

int __real_close(int fd);
int __wrap_close(int fd)
{
    const bool fails = record('c');
    const int closed = __real_close(fd);
    errno = fails ? EIO : errno;
    return fails ? -1 : closed;
}

int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to)
{
    return record('r') ? -1 : __real_rename(from, to);
}

int __real_fflush(FILE *stream);
int __wrap_fflush(FILE *stream)
{
    return record('F') ? EOF : __real_fflush(stream);
}

int __real_fclose(FILE *stream);
int __wrap_fclose(FILE *stream)
{
    const bool fails = record('C');
    const int closed = __real_fclose(stream);
    errno = fails ? EIO : errno;
    return fails ? EOF : closed;
}

int __real_ferror(FILE *stream);
int __wrap_ferror(FILE *stream)
{
    const bool fails = calls.on && calls.fails == 'e';
    errno = fails ? EIO : errno;
    return fails ? 1 : __real_ferror(stream);
}

void calls_begin(void)
{
    memset(calls.made, 0, sizeof calls.made);
    calls.count = 0;
    calls.on = true;
}

void calls_end(void)
{
    calls.on = calls.halved = calls.interrupted = false;
    calls.fails = 0;
}

/* ---- a directory ----------------------------------------------------------------------------- */

const char *calls_folder(void)
{
    strcpy(folder, "/tmp/genlat-calls-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    return folder;
}

/* Counts the files of the directory, and deletes them if `removes`. */
static int go_through(bool removes)
{
    int count = 0;
    DIR *all = opendir(folder);
    ck_assert_ptr_nonnull(all);
    for (const struct dirent *entry; (entry = readdir(all));) {
        char path[400];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        count++;
        if (removes)
            (void)unlink(path);
    }
    closedir(all);
    return count;
}

int calls_files(void)
{
    return go_through(false);
}

void calls_remove(void)
{
    (void)go_through(true);
    (void)rmdir(folder);
}
