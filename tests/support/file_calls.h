/* SPDX-License-Identifier: MIT */
/* Records the system calls of writing and reading files, and makes them fail. Programs are linked with
 * -Wl,--wrap=NAME for the names in meson.build, so that the calls of the library come here. */
#ifndef FILE_CALLS_H
#define FILE_CALLS_H

#include <stdbool.h>
#include <stddef.h>

/* Calls between calls_begin() and calls_end(). Letters of calls: w write, f fsync of a file, d fsync of a directory, c
 * close, r rename, F fflush, C fclose, p pread. Equal calls in succession have one letter. */
typedef struct file_calls {
    char made[64];
    size_t count;
    char fails;       /* letter of the calls that fail with EIO; e: streams have had an error; 0: none */
    bool halved;      /* write and pread process half of the bytes */
    bool interrupted; /* every other write and pread fails with EINTR */
    bool on;
} file_calls;

extern file_calls calls;

/* Starts recording with the settings of calls; calls_end() resets them. Checks of Check make calls of their own. */
void calls_begin(void);
void calls_end(void);

/* A new directory for the files of a test. calls_remove() deletes it with its files. */
const char *calls_folder(void);
void calls_remove(void);
int calls_files(void); /* number of files in it */

#endif
