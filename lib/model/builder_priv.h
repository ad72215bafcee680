/* SPDX-License-Identifier: MIT */
/* The struct of the model builder, for the files that implement it. */
#ifndef GNL_BUILDER_PRIV_H
#define GNL_BUILDER_PRIV_H

#include "model/builder.h"

/* A setting made by name. Presets do not override it. */
typedef struct gnl_setting {
    char *key, *value;
} gnl_setting;

struct genlat_model_builder {
    gnl_object object;
    const gnl_model_type *type;
    gnl_config *config;
    gnl_setting *settings;
    size_t count, capacity;
    genlat_net *net[GNL_MAX_NETS]; /* nets from the caller; NULL: create from the layer text */
    bool options_read;             /* the caller has read the options since the last preset */
    genlat_status status;
    char error[GNL_ERROR_TEXT];
};

/* Resets the configuration to a preset, and applies further pairs of key and value, terminated by NULL. Preserves the
 * shape of the data, the condition, and all settings by name. */
genlat_status gnl_builder_load(genlat_model_builder *builder, const char *preset, const char *const *pairs);

#endif
