/* SPDX-License-Identifier: MIT */
/* Every family of models, one line each: the only file that knows all of them. */
#include "gan/gan.h"
#include "predictor/predictor.h"
#include "vae/vae.h"

const gnl_model_type *const gnl_model_types[] = {
    &gnl_vae_type,
    &gnl_gan_type,
    &gnl_predictor_type,
    NULL,
};
