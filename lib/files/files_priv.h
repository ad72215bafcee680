/* SPDX-License-Identifier: MIT */
/*
 * files: readers and writers of data files; a library of its own on the public functions of libgenlat.
 * Uses: the public headers, zlib, libpng, and libsndfile where there is one. Temporary memory comes from malloc.
 * Adding: a kind of source is one file and one line in the table of open.c. A reader checks each length against
 *         the size of the file before it allocates; its parser takes memory, so that it can be fuzzed.
 * Tests: tests/unit/test_files.c, tests/fuzz/.
 */
#ifndef GNL_FILES_PRIV_H
#define GNL_FILES_PRIV_H

#include <stdbool.h>
#include <stdio.h>

#include "genlat/files.h"

#define GNL_FILES_COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define GNL_FILES_MIN(a, b) ((a) < (b) ? (a) : (b))
#define GNL_FILES_MAX(a, b) ((a) > (b) ? (a) : (b))

#define GNL_FILES_TRY(expression)                                                                            \
    do {                                                                                                     \
        genlat_status gnl_files_status_ = (expression);                                                      \
        if (gnl_files_status_ != GENLAT_OK)                                                                  \
            return gnl_files_status_;                                                                        \
    } while (0)

#define GNL_FILES_REQUIRE(condition, function, what)                                                         \
    do {                                                                                                     \
        if (!(condition))                                                                                    \
            return genlat_error_set(GENLAT_E_INVALID, "%s: %s", function, what);                             \
    } while (0)

enum { GNL_FILES_PATH = 4096, GNL_FILES_KEY = 208 };

/* ---- input ------------------------------------------------------------------------------------------- */

typedef struct gnl_bytes {
    uint8_t *data; /* malloc */
    size_t size;
} gnl_bytes;

/* A whole file, uncompressed if it is .gz; E_IO names the file and what the system said. */
genlat_status gnl_files_load(const char *path, gnl_bytes *out);
bool gnl_files_exist(const char *path);
bool gnl_files_is_folder(const char *path);
/* "folder/name"; E_RANGE when that is longer than GNL_FILES_PATH. */
genlat_status gnl_files_join(const char *folder, const char *name, char out[GNL_FILES_PATH]);
/* No memory for what a file asks for. */
genlat_status gnl_files_no_memory(const char *path);

/* Files of a folder with one of the endings, sorted by name. In a folder of folders each folder is a class.
 */
typedef struct gnl_tree {
    char **path;            /* [count] */
    int64_t *class;         /* [count] */
    int64_t count, classes; /* classes is 0 without folders */
} gnl_tree;

genlat_status gnl_tree_read(const char *folder, const char *const *endings, gnl_tree *out);
void gnl_tree_free(gnl_tree *tree);

/* Text to number as in C, whatever the locale; false when there is anything else. */
bool gnl_files_number(const char *text, size_t length, double *out);

/* ---- output ------------------------------------------------------------------------------------------ */

/* A file under a temporary name beside the one that it will replace. */
typedef struct gnl_output {
    FILE *stream;
    const char *path;
    char temporary[GNL_FILES_PATH]; /* "" for what is no plain file, such as /dev/null */
} gnl_output;

genlat_status gnl_output_open(const char *path, gnl_output *out);
/* Flushes and renames when `status` is GENLAT_OK, else removes; returns the first failure. */
genlat_status gnl_output_close(gnl_output *output, genlat_status status);
/* E_IO for a stream that could not be written. */
genlat_status gnl_output_check(const gnl_output *output);

/* ---- arrays ------------------------------------------------------------------------------------------ */

typedef enum gnl_element { GNL_U8, GNL_I8, GNL_I16, GNL_I32, GNL_I64, GNL_F32, GNL_F64 } gnl_element;

/* Numbers in the memory of a file. */
typedef struct gnl_array {
    int32_t ndim;
    int64_t dim[GENLAT_MAX_DIMS];
    int64_t count;
    gnl_element element;
    bool big_endian;
    const uint8_t *data;
} gnl_array;

size_t gnl_element_size(gnl_element element);
/* Sets count; E_FORMAT when the sizes overflow or ask for more than the available bytes. */
genlat_status gnl_array_check(gnl_array *array, const char *path, size_t available);
genlat_status gnl_array_tensor(genlat_ctx *ctx, const gnl_array *array, genlat_tensor **out);

/* ---- SPEC -------------------------------------------------------------------------------------------- */

/* "KIND:PATH#PART?KEY=VALUE" taken apart. */
typedef struct gnl_spec {
    char kind[16], path[GNL_FILES_PATH], part[16];
    char key[GNL_FILES_KEY], labels_key[GNL_FILES_KEY], label[GNL_FILES_KEY];
    int64_t n, length;
    int32_t ndim; /* of shape; 0: not given */
    int64_t shape[GENLAT_MAX_DIMS];
    bool raw, lines;
    genlat_transform_opts transform; /* its seed is that of drawn sources too */
} gnl_spec;

genlat_status gnl_spec_parse(const char *text, gnl_spec *out);

/* A source of the rows of an array, shaped as the spec says. images: three dimensions get a channel. */
genlat_status gnl_array_source(genlat_ctx *ctx, const gnl_array *array, const gnl_spec *spec, bool images,
                               const gnl_array *labels, genlat_source **out);

/* ---- parsers of memory, and what opens them ---------------------------------------------------------- */

genlat_status gnl_idx_parse(const char *path, const uint8_t *data, size_t size, gnl_array *out);
genlat_status gnl_npy_parse(const char *path, const uint8_t *data, size_t size, gnl_array *out);

/* One member of an archive; name without .npy, NULL: the only one. data is malloc, to be freed by the caller.
 */
genlat_status gnl_npz_member(const char *path, const uint8_t *data, size_t size, const char *name,
                             gnl_bytes *out);
bool gnl_npz_has(const char *path, const uint8_t *data, size_t size, const char *name);

/* A table of numbers; the label column is apart. */
typedef struct gnl_csv {
    int64_t rows, columns;
    float *value; /* [rows,columns] malloc */
    float *label; /* [rows] malloc; NULL: no label column was asked for */
} gnl_csv;

genlat_status gnl_csv_parse(const char *path, const uint8_t *data, size_t size, const char *label,
                            gnl_csv *out);
void gnl_csv_free(gnl_csv *csv);

typedef struct gnl_image {
    int64_t height, width, channels;
    uint8_t *data; /* [height,width,channels] malloc */
} gnl_image;

genlat_status gnl_png_parse(const char *path, const uint8_t *data, size_t size, gnl_image *out);

genlat_status gnl_idx_open(genlat_ctx *ctx, const gnl_spec *spec, genlat_source **out);
genlat_status gnl_npy_open(genlat_ctx *ctx, const gnl_spec *spec, genlat_source **out);
genlat_status gnl_npz_open(genlat_ctx *ctx, const gnl_spec *spec, genlat_source **out);
genlat_status gnl_csv_open(genlat_ctx *ctx, const gnl_spec *spec, genlat_source **out);
genlat_status gnl_png_open(genlat_ctx *ctx, const gnl_spec *spec, genlat_source **out);
genlat_status gnl_wav_open(genlat_ctx *ctx, const gnl_spec *spec, genlat_source **out);
genlat_status gnl_text_open(genlat_ctx *ctx, const gnl_spec *spec, genlat_source **out);

#endif
