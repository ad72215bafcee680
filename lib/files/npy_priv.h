/* SPDX-License-Identifier: MIT */
/* Used by NPZ, whose members are NPY files. */
#ifndef GNL_NPY_PRIV_H
#define GNL_NPY_PRIV_H

#include "files_priv.h"

enum { GNL_NPY_HEADER = 320 };

/* Writes the bytes that precede the values of a tensor in a file. Returns their number. */
size_t gnl_npy_header(const genlat_tensor *tensor, char out[GNL_NPY_HEADER]);

#endif
