/* SPDX-License-Identifier: MIT */
/* In place of wav.c where the library is built without libsndfile. */
#include "files_priv.h"

genlat_status gnl_wav_open(genlat_ctx *ctx, const gnl_spec *spec, genlat_source **out)
{
    return genlat_error_set(
        GENLAT_E_UNSUPPORTED,
        "%s: this build reads no sound; install libsndfile and build again, or convert to .npy", spec->path);
}
