/* SPDX-License-Identifier: MIT */
/* The builder, for families: made for one of them, with options as a struct of its own. */
#ifndef GNL_BUILDER_H
#define GNL_BUILDER_H

#include "model/model.h"

genlat_status gnl_builder_new(genlat_ctx *ctx, const gnl_model_type *type, genlat_model_builder **out);
/* Copies the options of a builder of this family to a struct of the caller's; E_STATE for another family. */
genlat_status gnl_builder_get_options(genlat_model_builder *builder, const char *family, void *out);
/* Sets those that differ from the builder's. The caller must have read them since the last preset. */
void gnl_builder_set_options(genlat_model_builder *builder, const char *family, const void *opts);

#endif
