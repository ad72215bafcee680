/* SPDX-License-Identifier: MIT */
/* Replaces wav.c if the library is built without libsndfile. */
#include "files_priv.h"

genlat_status gnl_wav_open(genlat_ctx *ctx, const gnl_spec *spec, genlat_source **out)
{
    return genlat_error_set(
        GENLAT_E_UNSUPPORTED,
        "%s: this build does not support sound files; install libsndfile and rebuild, or convert the file to .npy",
        spec->path);
}
