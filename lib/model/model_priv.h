/* SPDX-License-Identifier: MIT */
/* Declarations private to the model module. */
#ifndef GNL_MODEL_PRIV_H
#define GNL_MODEL_PRIV_H

#include "model/model.h"

void gnl_model_free_work(genlat_model *model); /* frees all workspaces */

/* Appends a line to a text of `capacity` bytes. *used counts all bytes, also those that did not fit. */
void gnl_describe_line(char *text, size_t capacity, size_t *used, const char *name, const char *value);

/* Computes the points [rows*steps,latent] of the paths from a to b, row by row. `path` is a GENLAT_PATH_*. */
genlat_status gnl_interpolate(genlat_ctx *ctx, const genlat_tensor *a, const genlat_tensor *b, int64_t steps,
                              uint32_t path, genlat_tensor **out);

/* Write and read the description of the data. */
genlat_status gnl_model_write_about(const genlat_model *model, gnl_writer *writer);
genlat_status gnl_model_read_about(genlat_model *model, const gnl_reader *reader);

/* Write and read the sampler, except for its tensors: those are the parts. */
enum { GNL_SAMPLER_PARTS = 2 };
genlat_status gnl_model_write_sampler(const genlat_model *model, gnl_writer *writer, gnl_part part[GNL_SAMPLER_PARTS]);
genlat_status gnl_model_read_sampler(genlat_model *model, const gnl_reader *reader, gnl_part part[GNL_SAMPLER_PARTS]);

/* Returns whether the file contains the state that is needed to resume training. */
bool gnl_reader_has_training(const gnl_reader *reader);

#endif
