/* SPDX-License-Identifier: MIT */
/* Declarations shared by the files of io only. */
#ifndef GNL_IO_PRIV_H
#define GNL_IO_PRIV_H

#include "io/io.h"

enum {
    GNL_IO_PREFIX = 8,              /* bytes before the header: its length */
    GNL_IO_CHUNK = 16384,           /* bytes converted at a time, a multiple of the size of every element type */
    GNL_IO_MOST_HEADER = 100000000, /* limit of the safetensors format */
    GNL_IO_MOST_DEPTH = 4,          /* nesting of brackets; the format needs 3 */
    GNL_IO_MOST_NAME = 512,         /* bytes */
    GNL_IO_MOST_ENTRIES = 1 << 20
};

/* Version of the metadata. A reader accepts its own version and older ones. */
#define GNL_IO_FORMAT 1
#define GNL_IO_KEY_FORMAT "genlat.format"
#define GNL_IO_KEY_KIND "genlat.kind"

typedef struct gnl_text {
    char *key, *text;
} gnl_text;

struct gnl_reader {
    genlat_ctx *ctx;
    char *path;      /* copy of the label */
    gnl_input input; /* its label is path */
    uint64_t data;   /* offset of the data */
    size_t count, capacity;
    gnl_entry *entry;
    size_t texts, texts_capacity;
    gnl_text *text;
};

/* Returns true if a name or key can be stored and shown in a line of error text. */
bool gnl_io_name_is_fine(const char *name);

bool gnl_dtype_find(const char *name, gnl_dtype *out);
/* Convert n elements between the little-endian bytes of a file and memory. */
void gnl_dtype_load(gnl_dtype dtype, const unsigned char *bytes, int64_t n, void *out);
void gnl_dtype_store(gnl_dtype dtype, const void *in, int64_t n, unsigned char *bytes);
bool gnl_dtype_is_real(gnl_dtype dtype);
void gnl_dtype_load_real(gnl_dtype dtype, const unsigned char *bytes, int64_t n, gnl_real *out);
void gnl_dtype_store_real(const gnl_real *in, int64_t n, unsigned char *bytes);

/* Fills entries and metadata of a reader whose input is open and whose member data is set. */
genlat_status gnl_header_parse(gnl_reader *reader, const char *json, size_t length);

/* ---- files ---- */

/* Reports errno: "path: what: reason". */
genlat_status gnl_io_failed(const char *path, const char *what);

genlat_status gnl_draft_open(genlat_ctx *ctx, const char *path, gnl_draft *draft);
genlat_status gnl_draft_put(gnl_draft *draft, const void *bytes, size_t size);
/* If status is OK, syncs the draft and renames it to the final name. Otherwise removes it and returns status. */
genlat_status gnl_draft_close(gnl_draft *draft, genlat_status status);

/* Opens a regular file. *fd is -1 on failure. */
genlat_status gnl_file_open(const char *path, int *fd, uint64_t *size);
genlat_status gnl_file_read(int fd, const char *path, uint64_t offset, void *out, size_t size);
void gnl_file_close(int fd);

#endif
