/* SPDX-License-Identifier: MIT */
/* What NPY gives to NPZ, whose members are NPY files. */
#ifndef GNL_NPY_PRIV_H
#define GNL_NPY_PRIV_H

#include "files_priv.h"

enum { GNL_NPY_HEADER = 320 };

/* The bytes before the numbers of a tensor; returns how many. */
size_t gnl_npy_header(const genlat_tensor *tensor, char out[GNL_NPY_HEADER]);

#endif
