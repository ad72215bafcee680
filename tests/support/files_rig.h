/* SPDX-License-Identifier: MIT */
/* A folder for the duration of a test, with files and sources in it. */
#ifndef FILES_RIG_H
#define FILES_RIG_H

#include <check.h>
#include <stddef.h>
#include <stdint.h>

#include "genlat/files.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Of the running test: created by open_folder(), removed by close_folder(). */
extern genlat_ctx *ctx;
extern char folder[256];

void open_folder(void);
void close_folder(void);

/* Fails the test with the error message unless the status is GENLAT_OK. */
void ok(genlat_status status);

/* Returns "folder/name" in one of a few rotating buffers. */
const char *place(const char *name);
/* Returns "kind:folder/name" and options in a static buffer. */
const char *spec_of(const char *kind, const char *name, const char *options);
void put_file(const char *name, const void *data, size_t size);
int64_t files_in_folder(void);

genlat_tensor *tensor(int32_t ndim, const int64_t *dims, const float *data);
genlat_source *open_source(const char *spec);
/* Reads all values of a source; labels may be NULL. */
genlat_tensor *values(const char *spec, genlat_tensor **labels);
/* Opens a source, which must fail with this status and a one-line error that contains these words. */
void refused(const char *spec, genlat_status expected, const char *words);

/* Runs tests, each with its own folder; returns the exit status. */
int run_in_folders(const char *name, const TTest *const *const *tests, size_t count);

#endif
