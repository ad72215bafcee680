/* SPDX-License-Identifier: MIT */
/* Programs that use the library and report the first error, for tests in which an allocation fails. */
#ifndef OOM_USES_H
#define OOM_USES_H

#include "genlat/experimental.h"
#include "genlat/genlat.h"

#define TRY(call)                                                                                                      \
    do {                                                                                                               \
        status = call;                                                                                                 \
        if (status != GENLAT_OK)                                                                                       \
            goto done;                                                                                                 \
    } while (0)

genlat_status use_autoregressive(genlat_ctx *ctx);
genlat_status use_vae(genlat_ctx *ctx);
genlat_status use_gan(genlat_ctx *ctx);
genlat_status use_labels(genlat_ctx *ctx);
genlat_status use_predictor(genlat_ctx *ctx);
genlat_status use_gmm(genlat_ctx *ctx);
genlat_status use_ppca(genlat_ctx *ctx);
genlat_status use_builders(genlat_ctx *ctx);
genlat_status use_choice(genlat_ctx *ctx);
genlat_status use_metrics(genlat_ctx *ctx);

/* Builds a small VAE. The decoder of the second model is autoregressive. */
genlat_status make_vae(genlat_ctx *ctx, int model, genlat_model **vae);

#endif
