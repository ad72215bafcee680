/* SPDX-License-Identifier: MIT */
/*
 * files: readers and writers of data files. A separate library that uses the public functions of libgenlat.
 * Uses: the public headers, zlib, libpng, and optionally libjpeg and libsndfile. Temporary memory comes from malloc.
 * Adding: for a kind of source, write one file and add one line to the table in open.c. A reader must check each length
 *         against the size of the file before it allocates. Its parser reads from memory, so that it can be fuzzed.
 * Tests: tests/unit/test_files.c, tests/fuzz/.
 */
#ifndef GNL_FILES_PRIV_H
#define GNL_FILES_PRIV_H

#include <stdbool.h>
#include <stdio.h>

#include "genlat/experimental.h"
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

#if defined __GNUC__
#    define GNL_FILES_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#    define GNL_FILES_PRINTF(text, first)
#endif

enum { GNL_FILES_PATH = 4096, GNL_FILES_KEY = 208, GNL_FILES_KEYS = 1001, GNL_FILES_SHOWN = 48 };

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
/* Sets *size to the size of a file. Returns E_IO if the path does not exist or is no regular file: reading a pipe could
 * wait for ever. */
genlat_status gnl_files_regular(const char *path, size_t *size);
/* Writes "folder/name" to out. Returns E_RANGE if it does not fit. */
genlat_status gnl_files_join(const char *folder, const char *name, char out[GNL_FILES_PATH]);
/* Sets and returns E_MEMORY, with the path in the message. */
genlat_status gnl_files_no_memory(const char *path);
/* Returns E_MEMORY if a * b bytes, a and b > 0, exceed the limit, see genlat_ctx_memory_limit(). */
genlat_status gnl_files_fit(int64_t limit, const char *path, int64_t a, int64_t b);
/* Returns E_FORMAT if a file of `size` bytes becomes more than 64 MiB and more than 64 times its size. */
genlat_status gnl_files_expand(const char *path, size_t size, int64_t bytes);

/* The files of a folder with one of the endings, sorted by name. If it has folders with such files instead, the list
 * has the files of these folders, each of which is a class. Hidden files and the folder __MACOSX do not count. */
typedef struct gnl_tree {
    char **path;            /* [count] */
    char **name;            /* [classes] names of the folders */
    int64_t *class;         /* [count] */
    int64_t count, classes; /* classes is 0 without folders */
} gnl_tree;

/* Returns E_FORMAT for files beside folders and for folders in folders of classes, E_NOT_FOUND for an empty folder. */
genlat_status gnl_tree_read(const char *folder, const char *const *endings, gnl_tree *out);
void gnl_tree_free(gnl_tree *tree);

/* Parses a number in C syntax, independent of the locale. Returns false if the text is not a number. */
bool gnl_files_number(const char *text, size_t length, double *out);

/* Returns E_FORMAT, naming the format, if the contents are not plain text in ASCII, UTF-8 or an 8-bit encoding. */
genlat_status gnl_content_text(const char *path, const uint8_t *data, size_t size);
/* Whether the text consists of characters in UTF-8. */
bool gnl_content_utf8(const char *text);
/* Copies the beginning of a text for use in an error: one line, without control characters. Returns out. */
const char *gnl_content_shown(const char *text, size_t length, char out[GNL_FILES_SHOWN]);

/* Replaces the source by one with the labels of a file. */
genlat_status gnl_files_label(genlat_ctx *ctx, const char *path, genlat_source **source);

/* Replaces the source by one with this description. */
genlat_status gnl_files_describe(const char *path, const genlat_description *description, genlat_source **source);

/* ---- output ------------------------------------------------------------------------------------------ */

/* A file that is being written by the rules of genlat_output. */
typedef struct gnl_output {
    FILE *stream; /* writes to the descriptor of file */
    genlat_output *file;
    const char *path;
} gnl_output;

genlat_status gnl_output_open(const char *path, gnl_output *out);
/* If `status` is GENLAT_OK, completes the file, else gives it up. Returns the first error. */
genlat_status gnl_output_close(gnl_output *output, genlat_status status);
/* Returns E_IO if an earlier write to the stream failed. */
genlat_status gnl_output_check(const gnl_output *output);

/* ---- arrays ------------------------------------------------------------------------------------------ */

typedef enum gnl_element {
    GNL_U8,
    GNL_I8,
    GNL_U16,
    GNL_I16,
    GNL_U32,
    GNL_I32,
    GNL_U64,
    GNL_I64,
    GNL_F16,
    GNL_F32,
    GNL_F64
} gnl_element;

/* A field of the records of a structured array. */
typedef struct gnl_field {
    const char *name; /* inside the contents of the file */
    size_t length;    /* of the name */
    gnl_element element;
    bool big_endian;
    size_t offset; /* from the beginning of the record */
} gnl_field;

/* An array of numbers in row-major order, usually inside the contents of a file. */
typedef struct gnl_array {
    int32_t ndim;
    int64_t dim[GENLAT_MAX_DIMS];
    int64_t count;
    gnl_element element;
    bool big_endian;
    const uint8_t *data;
    uint8_t *owned;   /* memory that data points to, allocated by malloc; NULL: it points into the file */
    gnl_field *field; /* [dim[1]] fields that were the columns, allocated by malloc; NULL: no structured array */
} gnl_array;

size_t gnl_element_size(gnl_element element);
/* Returns a value as float, rounded to the nearest. */
float gnl_element_read(gnl_element element, bool big_endian, const uint8_t *at);
bool gnl_files_big_endian(void); /* of this machine */
void gnl_array_free(gnl_array *array);
/* Computes count. Returns E_FORMAT if the dimensions are too large for any array, even where one of them is 0, or if
 * the values need more than the available bytes. */
genlat_status gnl_array_check(gnl_array *array, const char *path, size_t available);
genlat_status gnl_array_tensor(genlat_ctx *ctx, const gnl_array *array, genlat_tensor **out);

/* ---- SPEC -------------------------------------------------------------------------------------------- */

/* Keys of CSV. 0 is the default of each. */
enum { GNL_CSV_HEADER_AUTO, GNL_CSV_HEADER_YES, GNL_CSV_HEADER_NO, GNL_CSV_HEADER_TEXT /* auto; numbers are data */ };
enum { GNL_CSV_SEPARATOR_AUTO, GNL_CSV_COMMA, GNL_CSV_SEMICOLON, GNL_CSV_TAB, GNL_CSV_PIPE, GNL_CSV_SPACE };
enum { GNL_CSV_DECIMAL_POINT, GNL_CSV_DECIMAL_COMMA };
enum { GNL_CSV_MISSING_REFUSE, GNL_CSV_MISSING_DROP, GNL_CSV_MISSING_KEEP };

typedef struct gnl_csv_opts {
    const char *label;  /* name or number of the column of classes; NULL or "": none */
    const char *target; /* names or numbers of columns, separated by commas; NULL or "": none */
    int32_t header, separator, decimal, missing;
    bool optional; /* columns that do not exist are not requested */
} gnl_csv_opts;

/* Keys of images. 0 is the default of each. */
enum { GNL_FIT_CROP, GNL_FIT_PAD, GNL_FIT_STRETCH };
enum { GNL_CHANNELS_KEEP, GNL_CHANNELS_GREY, GNL_CHANNELS_COLOUR };

/* The order of the dimensions of images in arrays. 0 is the default. */
enum { GNL_ORDER_AUTO, GNL_ORDER_CHW, GNL_ORDER_HWC };

/* A kind of source. */
typedef struct gnl_spec gnl_spec;
typedef struct gnl_kind {
    const char *name;
    const char *keys;  /* its own keys, separated by blanks; those of all kinds are not listed */
    const char *parts; /* the parts that it has itself, separated by blanks */
    bool path;         /* whether it has a path */
    genlat_status (*open)(genlat_ctx *ctx, const gnl_spec *spec, genlat_source **out);
    const char *help;
} gnl_kind;

/* Returns the index-th kind, or NULL past the last. */
const gnl_kind *gnl_kind_at(int32_t index);

/* The parsed text "KIND:PATH#PART?KEY=VALUE". */
struct gnl_spec {
    const gnl_kind *kind;
    char path[GNL_FILES_PATH], part[16];
    char key[GNL_FILES_KEY], labels_key[GNL_FILES_KEY], label[GNL_FILES_KEY], target[GNL_FILES_KEY];
    gnl_csv_opts csv;       /* without label and target */
    int64_t size[2];        /* height and width of images; 0: not set */
    int32_t fit, channels;  /* GNL_FIT_*, GNL_CHANNELS_* */
    int32_t content, order; /* GENLAT_CONTENT_*; GNL_ORDER_* of arrays */
    int64_t n, length;
    int32_t ndim; /* number of dimensions of shape; 0: not set */
    int64_t shape[GENLAT_MAX_DIMS];
    bool raw, lines;
    double holdout;                   /* fraction or number of the samples; 0: not set */
    bool held_out;                    /* the part is those samples, not the others */
    genlat_transform_opts transform;  /* its seed is also the seed of synthetic sources and of holdout */
    const char *value_key;            /* first key that changes the values of the samples; NULL: none is set */
    char reading[GNL_FILES_KEYS];     /* the keys that state how files are read, KEY=VALUE with & between */
    char labels_file[GNL_FILES_PATH]; /* of the samples; "": none */
    bool optional;                    /* label and target are left out if the data do not have them */
};

/* Parses one specification, and checks that its kind has the part and the keys. */
genlat_status gnl_spec_parse(const char *text, size_t length, gnl_spec *out);
/* Adds keys that state how other files were read, those that the kind has and the text did not set. label and target
 * become optional, and are added only if they are names. Returns E_FORMAT for a malformed text. */
genlat_status gnl_spec_inherit(gnl_spec *spec, const char *keys);
/* Returns the index-th key of a kind, or NULL past the last. help may be NULL. */
const char *gnl_spec_key(const gnl_kind *kind, int32_t index, const char **help);

/* A list of names: returns the index-th, or NULL past the last. */
typedef const char *gnl_files_names(const void *user, int32_t index);
/* Returns the name that a word is a misspelling of; NULL: none is similar. */
const char *gnl_files_nearest(const char *word, gnl_files_names *names, const void *user);
/* Writes the names with commas between them, as far as they fit. */
void gnl_files_list(gnl_files_names *names, const void *user, char *out, size_t size);
/* Returns whether a list separated by blanks has a word. */
bool gnl_files_has_word(const char *list, const char *word);

/* Creates a source whose samples are the rows of an array, with the shape of the spec if set. If images is true, a
 * channel dimension is added to arrays with three dimensions. */
genlat_status gnl_array_source(genlat_ctx *ctx, const gnl_array *array, const gnl_spec *spec, bool images,
                               const gnl_array *labels, genlat_source **out);

/* ---- parsers, and functions that open sources -------------------------------------------------------- */

genlat_status gnl_idx_parse(const char *path, const uint8_t *data, size_t size, gnl_array *out);
/* Records become the columns of an array of floats. gnl_array_free() frees the array; it needs the file until then. */
genlat_status gnl_npy_parse(const char *path, const uint8_t *data, size_t size, gnl_array *out);

/* Extracts a member of an archive. name has no .npy ending; NULL means the only member. The caller frees out->data. */
genlat_status gnl_npz_member(const char *path, const uint8_t *data, size_t size, const char *name, gnl_bytes *out);
/* Returns whether an archive has a member of this name. */
bool gnl_npz_has(const char *path, const uint8_t *data, size_t size, const char *name);

/* A table of numbers. Labels and targets are separate. Pointers are allocated by malloc. */
typedef struct gnl_csv {
    int64_t rows, columns; /* columns without those of labels and targets */
    int64_t classes, targets;
    float *value;               /* [rows,columns] */
    float *label;               /* [rows] classes, or [rows,targets]; NULL: neither was requested */
    char **name;                /* [columns] of the header; NULL: there is none */
    char **class;               /* [classes] texts of the labels */
    int64_t dropped, drop_line; /* rows left out because of missing values, and the line of the first */
} gnl_csv;

genlat_status gnl_csv_parse(const char *path, const uint8_t *data, size_t size, const gnl_csv_opts *opts, gnl_csv *out);
void gnl_csv_free(gnl_csv *csv);

genlat_status gnl_idx_open(genlat_ctx *ctx, const gnl_spec *spec, genlat_source **out);
genlat_status gnl_npy_open(genlat_ctx *ctx, const gnl_spec *spec, genlat_source **out);
genlat_status gnl_npz_open(genlat_ctx *ctx, const gnl_spec *spec, genlat_source **out);
genlat_status gnl_csv_open(genlat_ctx *ctx, const gnl_spec *spec, genlat_source **out);
genlat_status gnl_image_open(genlat_ctx *ctx, const gnl_spec *spec, genlat_source **out);
genlat_status gnl_wav_open(genlat_ctx *ctx, const gnl_spec *spec, genlat_source **out);
genlat_status gnl_text_open(genlat_ctx *ctx, const gnl_spec *spec, genlat_source **out);

#endif
