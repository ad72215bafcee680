/* SPDX-License-Identifier: MIT */
/*
 * files: readers and writers of data files. A separate library that uses the public functions of libgenlat.
 * Uses: the public headers, zlib, libpng, and optionally libsndfile. Temporary memory comes from malloc.
 * Adding: for a kind of source, write one file and add one line to the table in open.c. A reader must check each length
 *         against the size of the file before it allocates. Its parser reads from memory, so that it can be fuzzed.
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

#define GNL_FILES_TRY(expression)                                                                                      \
    do {                                                                                                               \
        genlat_status gnl_files_status_ = (expression);                                                                \
        if (gnl_files_status_ != GENLAT_OK)                                                                            \
            return gnl_files_status_;                                                                                  \
    } while (0)

#define GNL_FILES_REQUIRE(condition, function, what)                                                                   \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            return genlat_error_set(GENLAT_E_INVALID, "%s: %s", function, what);                                       \
    } while (0)

enum { GNL_FILES_PATH = 4096, GNL_FILES_KEY = 208 };

/* ---- input ------------------------------------------------------------------------------------------- */

typedef struct gnl_bytes {
    uint8_t *data; /* allocated by malloc */
    size_t size;
    bool decompressed; /* the file was compressed by gzip */
} gnl_bytes;

/* Reads a whole file, and decompresses it if it is gzip. Returns E_IO with the path and the error of the system. */
genlat_status gnl_files_load(const char *path, gnl_bytes *out);
/* Reads a file in a format that compresses. Returns E_FORMAT if it is gzip: compressed twice, a few bytes could become
 * any number. */
genlat_status gnl_files_load_plain(const char *path, gnl_bytes *out);
bool gnl_files_exist(const char *path);
bool gnl_files_is_folder(const char *path);
/* Writes "folder/name" to out. Returns E_RANGE if it does not fit. */
genlat_status gnl_files_join(const char *folder, const char *name, char out[GNL_FILES_PATH]);
/* Sets and returns E_MEMORY, with the path in the message. */
genlat_status gnl_files_no_memory(const char *path);

/* The files of a folder with one of the endings, sorted by name. If the folder has no such files, but subfolders, the
 * list has the files of the subfolders, each of which is a class. */
typedef struct gnl_tree {
    char **path;            /* [count] */
    int64_t *class;         /* [count] */
    int64_t count, classes; /* classes is 0 without subfolders */
} gnl_tree;

genlat_status gnl_tree_read(const char *folder, const char *const *endings, gnl_tree *out);
void gnl_tree_free(gnl_tree *tree);

/* Parses a number in C syntax, independent of the locale. Returns false if the text is not a number. */
bool gnl_files_number(const char *text, size_t length, double *out);

/* ---- output ------------------------------------------------------------------------------------------ */

/* A temporary file in the same folder as the file that it replaces. */
typedef struct gnl_output {
    FILE *stream;
    const char *path;
    char temporary[GNL_FILES_PATH]; /* "": written directly, because path is not a regular file, such as /dev/null */
} gnl_output;

genlat_status gnl_output_open(const char *path, gnl_output *out);
/* If `status` is GENLAT_OK, flushes and renames the temporary file, else removes it. Returns the first error. */
genlat_status gnl_output_close(gnl_output *output, genlat_status status);
/* Returns E_IO if an earlier write to the stream failed. */
genlat_status gnl_output_check(const gnl_output *output);

/* ---- arrays ------------------------------------------------------------------------------------------ */

typedef enum gnl_element { GNL_U8, GNL_I8, GNL_I16, GNL_I32, GNL_I64, GNL_F32, GNL_F64 } gnl_element;

/* An array of numbers inside the contents of a file. */
typedef struct gnl_array {
    int32_t ndim;
    int64_t dim[GENLAT_MAX_DIMS];
    int64_t count;
    gnl_element element;
    bool big_endian;
    const uint8_t *data;
} gnl_array;

size_t gnl_element_size(gnl_element element);
/* Computes count. Returns E_FORMAT if it overflows or needs more than the available bytes. */
genlat_status gnl_array_check(gnl_array *array, const char *path, size_t available);
genlat_status gnl_array_tensor(genlat_ctx *ctx, const gnl_array *array, genlat_tensor **out);

/* ---- SPEC -------------------------------------------------------------------------------------------- */

/* The parsed text "KIND:PATH#PART?KEY=VALUE". */
typedef struct gnl_spec {
    char kind[16], path[GNL_FILES_PATH], part[16];
    char key[GNL_FILES_KEY], labels_key[GNL_FILES_KEY], label[GNL_FILES_KEY];
    int64_t n, length;
    int32_t ndim; /* number of dimensions of shape; 0: not set */
    int64_t shape[GENLAT_MAX_DIMS];
    bool raw, lines;
    genlat_transform_opts transform; /* its seed is also the seed of synthetic sources */
} gnl_spec;

genlat_status gnl_spec_parse(const char *text, gnl_spec *out);

/* Creates a source whose samples are the rows of an array, with the shape of the spec if set. If images is true, a
 * channel dimension is added to arrays with three dimensions. */
genlat_status gnl_array_source(genlat_ctx *ctx, const gnl_array *array, const gnl_spec *spec, bool images,
                               const gnl_array *labels, genlat_source **out);

/* ---- parsers, and functions that open sources -------------------------------------------------------- */

genlat_status gnl_idx_parse(const char *path, const uint8_t *data, size_t size, gnl_array *out);
genlat_status gnl_npy_parse(const char *path, const uint8_t *data, size_t size, gnl_array *out);

/* Extracts a member of an archive. name has no .npy ending; NULL means the only member. The caller frees out->data. */
genlat_status gnl_npz_member(const char *path, const uint8_t *data, size_t size, const char *name, gnl_bytes *out);
/* Returns whether an archive has a member of this name. */
bool gnl_npz_has(const char *path, const uint8_t *data, size_t size, const char *name);

/* A table of numbers, with the label column separate. */
typedef struct gnl_csv {
    int64_t rows, columns;
    float *value; /* [rows,columns] allocated by malloc */
    float *label; /* [rows] allocated by malloc; NULL: no label column requested */
} gnl_csv;

genlat_status gnl_csv_parse(const char *path, const uint8_t *data, size_t size, const char *label, gnl_csv *out);
void gnl_csv_free(gnl_csv *csv);

typedef struct gnl_image {
    int64_t height, width, channels;
    uint8_t *data; /* [height,width,channels] allocated by malloc */
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
