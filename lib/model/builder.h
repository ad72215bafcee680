/* SPDX-License-Identifier: MIT */
/* The functions of the model builder that families use. */
#ifndef GNL_BUILDER_H
#define GNL_BUILDER_H

#include "model/model.h"

/* Creates a builder of the family, with the family's first preset. */
genlat_status gnl_builder_new(genlat_ctx *ctx, const gnl_model_type *type, genlat_model_builder **out);
/* Copies the builder's options to the caller's struct. Returns E_STATE if the builder is for another family. */
genlat_status gnl_builder_get_options(genlat_model_builder *builder, const char *family, void *out);
/* Sets the options that differ from the builder's. The caller must have read the options since the last preset. */
void gnl_builder_set_options(genlat_model_builder *builder, const char *family, const void *opts);

#endif
