/* SPDX-License-Identifier: MIT */
/* What only the files of io know. */
#ifndef GNL_IO_PRIV_H
#define GNL_IO_PRIV_H

#include "io/io.h"

enum {
    GNL_IO_PREFIX = 8,              /* bytes before the header: its length */
    GNL_IO_CHUNK = 16384,           /* bytes converted at a time, a multiple of every element's size */
    GNL_IO_MOST_HEADER = 100000000, /* the format's own limit */
    GNL_IO_MOST_DEPTH = 4,          /* of brackets; the format needs 3 */
    GNL_IO_MOST_NAME = 512,         /* bytes of a name */
    GNL_IO_MOST_ENTRIES = 1 << 20
};

/* Version of what the metadata means; a reader takes its own and older ones. */
#define GNL_IO_FORMAT 1
#define GNL_IO_KEY_FORMAT "genlat.format"
#define GNL_IO_KEY_KIND "genlat.kind"

typedef struct gnl_text {
    char *key, *text;
} gnl_text;

struct gnl_reader {
    genlat_ctx *ctx;
    char *path;
    int fd; /* -1 for memory */
    const unsigned char *memory;
    uint64_t size; /* of the whole file */
    uint64_t data; /* where the data starts */
    size_t count, capacity;
    gnl_entry *entry;
    size_t texts, texts_capacity;
    gnl_text *text;
};

/* Where a name or key may be shown in a line of error text, and stored. */
bool gnl_io_name_is_fine(const char *name);

bool gnl_dtype_find(const char *name, gnl_dtype *out);
/* n elements between a file's little-endian bytes and memory. */
void gnl_dtype_load(gnl_dtype dtype, const unsigned char *bytes, int64_t n, void *out);
void gnl_dtype_store(gnl_dtype dtype, const void *in, int64_t n, unsigned char *bytes);
bool gnl_dtype_is_real(gnl_dtype dtype);
void gnl_dtype_load_real(gnl_dtype dtype, const unsigned char *bytes, int64_t n, gnl_real *out);
void gnl_dtype_store_real(const gnl_real *in, int64_t n, unsigned char *bytes);

/* Fills entries and texts of a reader whose size and data are known. */
genlat_status gnl_header_parse(gnl_reader *reader, const char *json, size_t length);

/* ---- files ---- */

/* A file being written beside its final name. */
typedef struct gnl_draft {
    genlat_ctx *ctx;
    char *path, *temporary;
    int fd;
} gnl_draft;

genlat_status gnl_draft_open(genlat_ctx *ctx, const char *path, gnl_draft *draft);
genlat_status gnl_draft_put(gnl_draft *draft, const void *bytes, size_t size);
/* Brings the draft to the disk and gives it the final name; or, with another status than OK, removes it and
 * returns that status. */
genlat_status gnl_draft_close(gnl_draft *draft, genlat_status status);

/* Opens a regular file; *fd is -1 on failure. */
genlat_status gnl_file_open(const char *path, int *fd, uint64_t *size);
genlat_status gnl_file_read(int fd, const char *path, uint64_t offset, void *out, size_t size);
void gnl_file_close(int fd);

#endif
