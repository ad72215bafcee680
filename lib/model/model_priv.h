/* SPDX-License-Identifier: MIT */
/* What only the files of the model module know. */
#ifndef GNL_MODEL_PRIV_H
#define GNL_MODEL_PRIV_H

#include "model/model.h"

void gnl_model_free_work(genlat_model *model); /* all workspaces */

/* Goes on in a text of `capacity` bytes; beyond the end nothing is written, only counted. */
void gnl_describe_line(char *text, size_t capacity, size_t *used, const char *name, const char *value);

/* [rows*steps,latent] from a to b, the steps of a row one after the other: on the great circle, or straight. */
genlat_status gnl_interpolate(genlat_ctx *ctx, const genlat_tensor *a, const genlat_tensor *b, int64_t steps, uint32_t path,
                              genlat_tensor **out);

/* Whether the file keeps what only a training that goes on needs. */
bool gnl_reader_has_training(const gnl_reader *reader);

#endif
