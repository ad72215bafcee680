/* SPDX-License-Identifier: MIT */
/* What the trainer offers for GANs. */
#include "train/train_priv.h"

genlat_status genlat_trainer_gan(genlat_gan *gan, genlat_source *train, const genlat_train_opts *opts,
                                 genlat_trainer **out)
{
    const char *where = "genlat_trainer_gan";
    GNL_REQUIRE(out, where, "out is NULL");
    *out = NULL;
    GNL_REQUIRE(gan, where, "gan is NULL");
    GNL_REQUIRE(train, where, "train is NULL");
    return gnl_trainer_new(gnl_gan_model(gan), train, NULL, opts, where, out);
}

genlat_status genlat_gan_fit(genlat_gan *gan, genlat_source *source, const genlat_train_opts *opts)
{
    const char *where = "genlat_gan_fit";
    genlat_trainer *trainer = NULL;
    GNL_REQUIRE(gan, where, "gan is NULL");
    GNL_REQUIRE(source, where, "source is NULL");
    GNL_TRY(gnl_trainer_new(gnl_gan_model(gan), source, NULL, opts, where, &trainer));
    genlat_status status = gnl_trainer_run(trainer);
    gnl_trainer_release(trainer);
    return status;
}
