/* SPDX-License-Identifier: MIT */
/* The header of NPY files, and what NPZ, whose members are NPY files, uses of them. */
#ifndef GNL_NPY_PRIV_H
#define GNL_NPY_PRIV_H

#include "files_priv.h"

enum { GNL_NPY_HEADER = 320 };

/* The dictionary in the header. */
typedef struct gnl_npy_dictionary {
    int32_t ndim;
    int64_t dim[GENLAT_MAX_DIMS];
    bool fortran_order;
    gnl_element element; /* without fields */
    bool big_endian;
    gnl_field *field; /* allocated by malloc; NULL: no structured array */
    int64_t fields;
    size_t record; /* bytes of a record */
} gnl_npy_dictionary;

/* Parses the dictionary. The caller frees out->field, also if this fails. */
genlat_status gnl_npy_dictionary_parse(const char *path, const char *text, size_t length, gnl_npy_dictionary *out);

/* If the spec has label=, moves that column of a structured array to the labels. The caller frees both arrays. */
genlat_status gnl_npy_take_labels(const gnl_spec *spec, gnl_array *x, gnl_array *labels);

/* Creates a source, as gnl_array_source() does. The fields of a structured array name its columns. */
genlat_status gnl_npy_source(genlat_ctx *ctx, const gnl_spec *spec, const gnl_array *x, const gnl_array *labels,
                             genlat_source **out);

/* Writes the bytes that precede the values of a tensor in a file. Returns their number. */
size_t gnl_npy_header(const genlat_tensor *tensor, char out[GNL_NPY_HEADER]);

#endif
