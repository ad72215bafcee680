/* SPDX-License-Identifier: MIT */
/*
 * What a model is made of, as data: one struct a family, which begins with a gnl_config, and tables that describe it. Builders,
 * model files and descriptions read the tables.
 */
#ifndef GNL_CONFIG_H
#define GNL_CONFIG_H

#include "io/io.h"
#include "tensor/tensor.h"

enum { GNL_TEXT_LENGTH = 160, GNL_NET_LENGTH = 8192, GNL_PRESET_PAIRS = 32 };

/* First member of every family's configuration. */
typedef struct gnl_config {
    gnl_shape data;          /* shape of one sample */
    int64_t classes, vector; /* of the condition, or of what is predicted; at most one is not 0. -1: asked of the source */
    int64_t epochs, batch;   /* what it is trained with unless the trainer is told; 0: the trainer's defaults */
    bool restore_best;       /* training ends with the weights of the best validation */
} gnl_config;

typedef enum gnl_text_kind {
    GNL_TEXT_SPEC,      /* a kind with options, such as a likelihood */
    GNL_TEXT_OPTIMIZER, /* of the parts that name it, in the order of the table; empty: as the first */
    GNL_TEXT_SCHEDULE,  /* empty: constant */
    GNL_TEXT_NET,       /* layers; files keep the graph instead */
    GNL_TEXT_BUILD      /* used while the model is built; files do not keep it */
} gnl_text_kind;

/* Whether every file that keeps a text has it; those of older versions may lack an optional one, which is then empty. */
typedef enum gnl_text_presence { GNL_TEXT_REQUIRED, GNL_TEXT_OPTIONAL } gnl_text_presence;

/* A text of the configuration: char[capacity] at an offset. */
typedef struct gnl_text {
    const char *key;
    gnl_text_kind kind;
    size_t offset, capacity;
    gnl_text_presence presence;
} gnl_text;

#define GNL_TEXT(type, field, kind, presence)                                                                   \
    {                                                                                                        \
#        field, kind, offsetof(type, field), sizeof(((type *)0)->field), presence                               \
    }

typedef struct gnl_config_type {
    const char *family;
    size_t size; /* of the struct */
    const gnl_options_table *options; /* of the options struct in it; NULL: none */
    size_t options_offset;
    const gnl_text *texts;
    int count;
} gnl_config_type;

/* Settings under a name: pairs of key and value, ended by NULL. */
typedef struct gnl_preset {
    const char *name, *help;
    const char *pair[GNL_PRESET_PAIRS];
} gnl_preset;

/* Defaults of the options, empty texts. */
void gnl_config_init(const gnl_config_type *type, gnl_config *config);
/* One setting by name; the error names what is known. */
genlat_status gnl_config_set(const gnl_config_type *type, gnl_config *config, const char *key, const char *value);
/* Its value as text. */
genlat_status gnl_config_get(const gnl_config_type *type, const gnl_config *config, const char *key, char *text,
                             size_t capacity);
void *gnl_config_options(const gnl_config_type *type, const gnl_config *config);
char *gnl_config_text(const gnl_text *text, const gnl_config *config);

genlat_status gnl_config_write(const gnl_config_type *type, const gnl_config *config, gnl_writer *writer);
genlat_status gnl_config_read(const gnl_config_type *type, gnl_config *config, const gnl_reader *reader);

/* E_INVALID for NULL, E_RANGE for a text that does not fit. */
genlat_status gnl_text_copy(char *out, size_t capacity, const char *text, const char *name);
/* Replaces a placeholder such as {out} by a number, wherever it stands. */
genlat_status gnl_text_replace(char *text, size_t capacity, const char *placeholder, int64_t number);
GENLAT_PRINTF(3, 4) void gnl_text_append(char *text, size_t capacity, const char *format, ...);

/* E_RANGE unless at most one of both is above 0. */
genlat_status gnl_condition_set(gnl_config *config, int64_t classes, int64_t vector);

/* ---- metadata of files ------------------------------------------------------------------------- */

typedef enum gnl_field_kind { GNL_FIELD_TEXT, GNL_FIELD_WHOLE, GNL_FIELD_REAL, GNL_FIELD_FLAG } gnl_field_kind;

/* A simple value that a file keeps in its metadata: char[capacity], int64_t from 0 on, double or bool. */
typedef struct gnl_field {
    const char *key;
    gnl_field_kind kind;
    void *at;
    size_t capacity; /* of a text */
    bool later;      /* older files do not have it: what is missing stays as it is */
} gnl_field;

genlat_status gnl_fields_write(gnl_writer *writer, const char *prefix, const gnl_field *fields, int count);
genlat_status gnl_fields_read(const gnl_reader *reader, const char *prefix, const gnl_field *fields, int count);
genlat_status gnl_field_bad(const gnl_reader *reader, const char *key, const char *found); /* E_FORMAT */

#endif
