/* SPDX-License-Identifier: MIT */
/*
 * io: the named-tensor container in the safetensors format: a length, a JSON header, raw numbers.
 * Uses: base, tensor, and jansson for the header. The memory of jansson comes from malloc() and is freed before a
 * call returns.
 * All later modules may use io to save their objects.
 * Adding: a number format is one line in the table of dtype.c.
 * Tests: tests/unit/test_io.c, tests/golden/safetensors_python.sh, tests/fuzz/fuzz_safetensors.c.
 */
#ifndef GNL_IO_H
#define GNL_IO_H

#include "genlat/stream.h"
#include "tensor/tensor.h"

/* Number formats of a file. All others are rejected. */
typedef enum gnl_dtype {
    GNL_DTYPE_U8,
    GNL_DTYPE_F16,
    GNL_DTYPE_BF16,
    GNL_DTYPE_F32,
    GNL_DTYPE_I32,
    GNL_DTYPE_I64,
    GNL_DTYPE_F64,
    GNL_DTYPES
} gnl_dtype;

const char *gnl_dtype_name(gnl_dtype dtype); /* name in the header */
size_t gnl_dtype_bytes(gnl_dtype dtype);

/* ---- files, memory and streams ------------------------------------------------------------------------- */

/* Where a container is read from. A stream is read to its end before the header is checked. */
typedef struct gnl_input gnl_input;
typedef struct gnl_input_type {
    genlat_status (*open)(gnl_input *input, genlat_ctx *ctx); /* sets size */
    /* Copies bytes that lie within the input. */
    genlat_status (*read)(const gnl_input *input, uint64_t offset, void *out, size_t size);
    void (*close)(gnl_input *input, genlat_ctx *ctx);
} gnl_input_type;

struct gnl_input {
    const gnl_input_type *type;
    const char *label; /* path of a file; error texts begin with it */
    uint64_t size;     /* bytes, known after open */
    int fd;
    const unsigned char *bytes;
    void *block; /* what a stream gave */
    genlat_stream_table stream;
};

gnl_input gnl_input_file(const char *path);
gnl_input gnl_input_memory(const void *bytes, size_t size, const char *label);
/* E_INVALID if the stream is NULL, or does not read. */
genlat_status gnl_input_stream(const genlat_stream_table *stream, gnl_input *out);

/* A file that is being written. A regular file is written under a temporary name beside it, and replaces the old one at
 * once; where the path is a symbolic link, that is done to the file that it leads to. Devices, pipes and open files of
 * a process, such as /dev/stdout, are written into. */
typedef struct gnl_draft {
    genlat_ctx *ctx;
    char *path;      /* of the file, without symbolic links in its last part */
    char *temporary; /* NULL: writes into the file itself */
    int fd;
} gnl_draft;

/* Where a container is written to. */
typedef struct gnl_output gnl_output;
typedef struct gnl_output_type {
    genlat_status (*begin)(gnl_output *output, genlat_ctx *ctx, uint64_t size); /* `size` bytes will be put */
    genlat_status (*put)(gnl_output *output, const void *bytes, size_t size);
    /* After a successful begin: completes what was put, or discards it if status is an error. */
    genlat_status (*end)(gnl_output *output, genlat_ctx *ctx, genlat_status status);
} gnl_output_type;

struct gnl_output {
    const gnl_output_type *type;
    const char *label; /* as above */
    gnl_draft draft;
    char *block;
    size_t used;
    void **bytes; /* receives a block of the context's allocator */
    size_t *size; /* receives its size */
    genlat_stream_table stream;
};

/* Replaces an old file atomically. After a crash there is either the old or the new file, never a part of it. */
gnl_output gnl_output_file(const char *path);
/* Sets *bytes to NULL and *size to 0 until the container is complete. E_INVALID if one of them is NULL. The caller
 * frees the bytes with gnl_free(). */
genlat_status gnl_output_memory(void **bytes, size_t *size, gnl_output *out);
/* E_INVALID if the stream is NULL, or does not write. */
genlat_status gnl_output_stream(const genlat_stream_table *stream, gnl_output *out);

/* ---- writer ------------------------------------------------------------------------------------------ */

/* Collects named tensors and metadata, then writes them at once. For use by one thread. */
typedef struct gnl_writer gnl_writer;

genlat_status gnl_writer_new(genlat_ctx *ctx, gnl_writer **out);
void gnl_writer_destroy(gnl_writer *writer);

/* Add a tensor. The name is copied; the data is borrowed until the last write. E_INVALID for an empty, repeated or
 * unprintable name. gnl_writer_real stores gnl_real as F32, whatever gnl_real is. gnl_writer_add stores elements of the
 * type itself: uint8_t, float, int32_t, int64_t, double, and uint16_t for the bits of F16 and BF16. */
genlat_status gnl_writer_real(gnl_writer *writer, const char *name, const gnl_shape *shape, const gnl_real *data);
genlat_status gnl_writer_add(gnl_writer *writer, const char *name, gnl_dtype dtype, const gnl_shape *shape,
                             const void *data);
/* Adds a text to the header's __metadata__. Key and text are copied. A repeated key replaces the text. */
genlat_status gnl_writer_meta(gnl_writer *writer, const char *key, const char *text);

/* Adds the metadata of every file of the library: its format version and the kind of its contents, such as "net" or
 * "vae". */
genlat_status gnl_writer_format(gnl_writer *writer, const char *kind);

/* Writes the container. */
genlat_status gnl_writer_write(gnl_writer *writer, gnl_output output);

/* ---- reader ------------------------------------------------------------------------------------------ */

/* An open container. The whole header has been checked against the size of the file. Can be shared between threads. */
typedef struct gnl_reader gnl_reader;

typedef struct gnl_entry {
    char *name;
    gnl_dtype dtype;
    gnl_shape shape;
    uint64_t begin, end; /* byte range within the data */
} gnl_entry;

/* Returns E_IO if a file of that name could not be written: it is a folder, or no file can be created beside it. */
genlat_status gnl_file_check_target(genlat_ctx *ctx, const char *path);
/* Opens a container. E_IO if it cannot be read, E_FORMAT if it is damaged, E_UNSUPPORTED if it has a number format or a
 * number of dimensions that this version does not support. Error texts begin with the label. Memory is borrowed until
 * the reader is closed. */
genlat_status gnl_reader_open(genlat_ctx *ctx, gnl_input input, gnl_reader **out);
void gnl_reader_close(gnl_reader *reader);

const char *gnl_reader_path(const gnl_reader *reader);
int64_t gnl_reader_count(const gnl_reader *reader);
const gnl_entry *gnl_reader_entry(const gnl_reader *reader, int64_t index);   /* sorted by name; NULL past the last */
const gnl_entry *gnl_reader_find(const gnl_reader *reader, const char *name); /* NULL: none */
const char *gnl_reader_meta(const gnl_reader *reader, const char *key);       /* NULL: none */

int64_t gnl_reader_elements(const gnl_reader *reader); /* total of all tensors */
const char *gnl_reader_kind(const gnl_reader *reader); /* kind passed to gnl_writer_format(); "" if none */
/* Checks the format version of the file. E_UNSUPPORTED if a newer version of the library wrote it. */
genlat_status gnl_reader_format(const gnl_reader *reader);

/* Copy the numbers of a tensor into the caller's memory. E_NOT_FOUND if it does not exist, E_SHAPE if its shape differs
 * from `shape` (NULL: any), E_FORMAT for another type. gnl_reader_real converts from F64, F32, F16 and BF16.
 * gnl_reader_finite also returns E_FORMAT for a number that is not finite. */
genlat_status gnl_reader_real(const gnl_reader *reader, const char *name, const gnl_shape *shape, gnl_real *out);
genlat_status gnl_reader_finite(const gnl_reader *reader, const char *name, const gnl_shape *shape, gnl_real *out);
genlat_status gnl_reader_get(const gnl_reader *reader, const char *name, gnl_dtype dtype, const gnl_shape *shape,
                             void *out);

#endif
