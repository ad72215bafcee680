/* SPDX-License-Identifier: MIT */
/* Arbitrary bytes as an NPY file: an error, or an array that lies inside the bytes. */
#include <stdlib.h>

#include "files_priv.h"
#include "fuzz/driver.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static genlat_ctx *ctx;
    gnl_array array;
    genlat_tensor *tensor = NULL;
    if (!ctx && genlat_ctx_new(NULL, &ctx) != GENLAT_OK)
        abort();
    if (gnl_npy_parse("fuzz", bytes, size, &array) != GENLAT_OK)
        return 0;
    if (gnl_array_tensor(ctx, &array, &tensor) != GENLAT_OK || genlat_tensor_count(tensor) > (int64_t)size)
        abort();
    genlat_tensor_destroy(&tensor);
    gnl_array_free(&array);
    return 0;
}
