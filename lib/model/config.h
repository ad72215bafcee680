/* SPDX-License-Identifier: MIT */
/*
 * The configuration of a model. Each family has a struct that begins with a gnl_config, and tables that describe the
 * struct. Builders, model files and descriptions read these tables.
 */
#ifndef GNL_CONFIG_H
#define GNL_CONFIG_H

#include "io/io.h"
#include "tensor/tensor.h"

enum { GNL_TEXT_LENGTH = 160, GNL_NET_LENGTH = 8192, GNL_PRESET_PAIRS = 32 };

/* First member of every family's configuration. */
typedef struct gnl_config {
    gnl_shape data;   /* shape of one sample */
    uint32_t content; /* GENLAT_CONTENT_* of the source, during building */
    /* Number of classes, or length of the vector, of the condition or of the prediction. At most one is not 0. During
     * building classes may be -1: taken from the source. */
    int64_t classes, vector;
    int64_t epochs, steps, batch; /* defaults of the trainer's options; 0: the trainer's own defaults */
    bool restore_best;            /* training ends with the weights of the best validation */
    double holdout; /* default of the trainer's option: fraction or number; below 0: by the number of samples */
} gnl_config;

/* Returns how many of `count` samples `holdout` holds out for validation, -1 if it leaves none in one part. Below 0 it
 * means a tenth, at most 5000 and at least 20, but no more than a fifth; none of less than 10. */
int64_t gnl_config_held_out(double holdout, int64_t count);

typedef enum gnl_text_kind {
    GNL_TEXT_SPEC,      /* a kind with options, such as a likelihood */
    GNL_TEXT_OPTIMIZER, /* an optimizer; parts refer to it by its index among these texts; empty: same as the first */
    GNL_TEXT_SCHEDULE,  /* a schedule; empty: constant */
    GNL_TEXT_NET,       /* layers of a net; files store the graph instead */
    GNL_TEXT_BUILD      /* used during building only; not stored in files */
} gnl_text_kind;

/* Whether a file must contain the text. Files of older versions may lack an optional text, which is then empty. */
typedef enum gnl_text_presence { GNL_TEXT_REQUIRED, GNL_TEXT_OPTIONAL } gnl_text_presence;

/* A text of the configuration: char[capacity] at an offset. */
typedef struct gnl_text {
    const char *key;
    gnl_text_kind kind;
    size_t offset, capacity;
    gnl_text_presence presence;
} gnl_text;

#define GNL_TEXT(type, field, kind, presence)                                                                          \
    {                                                                                                                  \
        .key = #field, kind, offsetof(type, field), sizeof(((type *)0)->field), presence                               \
    }

typedef struct gnl_config_type {
    const char *family;
    size_t size;                      /* of the family's struct */
    const gnl_options_table *options; /* of the options struct inside it; NULL: none */
    size_t options_offset;
    const gnl_text *texts;
    int count;
} gnl_config_type;

/* A named list of settings: pairs of key and value, terminated by NULL. */
typedef struct gnl_preset {
    const char *name, *help;
    const char *pair[GNL_PRESET_PAIRS];
} gnl_preset;

/* Sets the options to their defaults and the texts to "". */
void gnl_config_init(const gnl_config_type *type, gnl_config *config);
/* Sets one setting by name. Returns E_NOT_FOUND for an unknown name. */
genlat_status gnl_config_set(const gnl_config_type *type, gnl_config *config, const char *key, const char *value);
/* Writes the value of a setting as text. */
genlat_status gnl_config_get(const gnl_config_type *type, const gnl_config *config, const char *key, char *text,
                             size_t capacity);
void *gnl_config_options(const gnl_config_type *type, const gnl_config *config);
char *gnl_config_text(const gnl_text *text, const gnl_config *config);

genlat_status gnl_config_write(const gnl_config_type *type, const gnl_config *config, gnl_writer *writer);
genlat_status gnl_config_read(const gnl_config_type *type, gnl_config *config, const gnl_reader *reader);

/* Copies a text. Returns E_INVALID if it is NULL, E_RANGE if it does not fit. */
genlat_status gnl_text_copy(char *out, size_t capacity, const char *text, const char *name);
/* Replaces all occurrences of a placeholder such as {out} by a number. */
genlat_status gnl_text_replace(char *text, size_t capacity, const char *placeholder, int64_t number);

/* Sets the condition. Returns E_RANGE unless at least one of the two is 0. */
genlat_status gnl_condition_set(gnl_config *config, int64_t classes, int64_t vector);

/* ---- metadata of files ------------------------------------------------------------------------- */

typedef enum gnl_field_kind { GNL_FIELD_TEXT, GNL_FIELD_WHOLE, GNL_FIELD_REAL, GNL_FIELD_FLAG } gnl_field_kind;

/* A value stored in the metadata of a file: char[capacity], non-negative int64_t, double, or bool. */
typedef struct gnl_field {
    const char *key;
    gnl_field_kind kind;
    void *at;
    size_t capacity; /* of a text */
    bool optional;   /* older files lack it; a missing value is left unchanged */
} gnl_field;

genlat_status gnl_fields_write(gnl_writer *writer, const char *prefix, const gnl_field *fields, int count);
genlat_status gnl_fields_read(const gnl_reader *reader, const char *prefix, const gnl_field *fields, int count);
genlat_status gnl_field_bad(const gnl_reader *reader, const char *key, const char *found); /* returns E_FORMAT */

#endif
