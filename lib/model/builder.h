/* SPDX-License-Identifier: MIT */
/* What families add to the builder: options as a struct of their own. */
#ifndef GNL_BUILDER_H
#define GNL_BUILDER_H

#include "model/model.h"

/* Copies the options of a builder of this family to a struct of the caller's; E_STATE for another family. */
genlat_status gnl_builder_get_options(genlat_model_builder *builder, const gnl_model_type *type, void *out);
/* Sets those that differ from the builder's. The caller must have read them since the last preset. */
void gnl_builder_set_options(genlat_model_builder *builder, const gnl_model_type *type, const void *opts);

#endif
