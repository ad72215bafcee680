/* SPDX-License-Identifier: MIT */
/* How far the training of a model is. */
#include "train/train_priv.h"

static genlat_status give(const gnl_model *model, const char *where, genlat_progress *out)
{
    const gnl_progress *p = &model->progress;
    GNL_REQUIRE(out, where, "out is NULL");
    GNL_REQUIRE(out->size >= sizeof *out, where, "out: its size is not set");
    out->step = p->step;
    out->epoch = p->epoch;
    out->best_epoch = p->best_epoch;
    out->best = p->best_epoch ? p->best : (double)NAN;
    out->seconds = p->seconds;
    return GENLAT_OK;
}

genlat_status genlat_vae_progress(genlat_vae *vae, genlat_progress *out)
{
    GNL_REQUIRE(vae, "genlat_vae_progress", "vae is NULL");
    return give(gnl_vae_model(vae), "genlat_vae_progress", out);
}

genlat_status genlat_gan_progress(genlat_gan *gan, genlat_progress *out)
{
    GNL_REQUIRE(gan, "genlat_gan_progress", "gan is NULL");
    return give(gnl_gan_model(gan), "genlat_gan_progress", out);
}

genlat_status genlat_predictor_progress(genlat_predictor *predictor, genlat_progress *out)
{
    GNL_REQUIRE(predictor, "genlat_predictor_progress", "predictor is NULL");
    return give(gnl_predictor_model(predictor), "genlat_predictor_progress", out);
}
