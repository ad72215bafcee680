/* SPDX-License-Identifier: MIT */
/* What the files of the models share: conditions, and what every model file holds. */
#ifndef GNL_MODEL_PRIV_H
#define GNL_MODEL_PRIV_H

#include "model/model.h"

/* ---- conditions: labels of classes, or vectors --------------------------------------------------------- */

/* Length of the condition as a vector, 0: none. */
int64_t gnl_model_condition(const gnl_model *model);
genlat_status gnl_model_check_labels(const gnl_model *model, const genlat_tensor *labels, int64_t rows,
                                     const char *where);
/* A model's step is one pass; an optimizer that averages several is for loops of one's own. */
genlat_status gnl_model_check_optimizer(const genlat_optim *optim, const char *where);
/* Labels of rows first .. first+rows-1 as vectors; E_RANGE for a label that is no class. labels has been checked. */
genlat_status gnl_model_fill_condition(const gnl_model *model, const genlat_tensor *labels, int64_t first,
                                       int64_t rows, gnl_real *out, const char *where);
/* 0, 1, 2, ... in turn, for models conditional on classes; *out stays NULL for one without condition. */
genlat_status gnl_model_labels_in_turn(const gnl_model *model, int64_t n, genlat_tensor **out,
                                       const char *where);

/* Labels of rows repeated `times` times each; *out stays NULL without labels. */
genlat_status gnl_model_repeat_labels(const gnl_model *model, const genlat_tensor *labels, int64_t times,
                                      genlat_tensor **out);

/* ---- ways through the latent space ------------------------------------------------------------- */

/* E_SHAPE for ends of different rows, E_RANGE for less than two steps. */
genlat_status gnl_model_check_way(const genlat_tensor *from, const genlat_tensor *to, int64_t steps,
                                  const char *where);
/* [rows*steps,latent] from a to b, the steps of a row one after the other: on the great circle, or straight. */
genlat_status gnl_model_way(genlat_ctx *ctx, const genlat_tensor *a, const genlat_tensor *b, int64_t steps,
                            bool straight, genlat_tensor **out);

/* ---- texts of builders --------------------------------------------------------------------------------- */

/* E_INVALID for NULL, E_RANGE for a text that does not fit. */
genlat_status gnl_words_copy(char *out, size_t capacity, const char *text, const char *name);
/* Replaces a mark such as {out} by a number, wherever it stands. */
genlat_status gnl_words_fill_in(char *text, size_t capacity, const char *mark, int64_t number);
genlat_status gnl_condition_set(int64_t classes, int64_t vector, int64_t *to_classes, int64_t *to_vector);
/* "labels" takes the classes of the source, which -1 stands for; "classes=10" or "vector=5" say it; "none". */
genlat_status gnl_condition_parse(const char *text, int64_t *to_classes, int64_t *to_vector);
/* Goes on in a text of `capacity` bytes; beyond the end nothing is written, only counted. */
void gnl_describe_line(char *text, size_t capacity, size_t *used, int width, const char *name, const char *value);

/* ---- model files ----------------------------------------------------------------------------- */

typedef enum gnl_field_kind {
    GNL_FIELD_TEXT,
    GNL_FIELD_WHOLE,
    GNL_FIELD_REAL,
    GNL_FIELD_FLAG
} gnl_field_kind;

/* A simple thing that a file keeps in its metadata: char[capacity], int64_t from 0 on, double or bool. */
typedef struct gnl_field {
    const char *key;
    gnl_field_kind kind;
    void *at;
    size_t capacity; /* of a text */
} gnl_field;

genlat_status gnl_fields_write(gnl_writer *writer, const gnl_field *fields, int count);
genlat_status gnl_fields_read(const gnl_reader *reader, const gnl_field *fields, int count);
/* Fields that older files do not have: what is missing stays as it is. */
genlat_status gnl_fields_read_later(const gnl_reader *reader, const gnl_field *fields, int count);
genlat_status gnl_field_bad(const gnl_reader *reader, const char *key, const char *found); /* E_FORMAT */
genlat_status gnl_progress_write(gnl_writer *writer, const gnl_progress *progress);
genlat_status gnl_progress_read(const gnl_reader *reader, gnl_progress *progress);

/* What a model file keeps of the training: all, to go on exactly, or nothing, to use the model. */
typedef enum gnl_keep { GNL_KEEP_TRAINING, GNL_KEEP_MODEL } gnl_keep;

/* Whether the file keeps the moments of the optimizers and what else only a training that goes on needs. */
bool gnl_reader_has_training(const gnl_reader *reader);
/* Progress and normalization of the data, and the numbers at the best validation, where a training keeps them. */
genlat_status gnl_model_write(const gnl_model *model, gnl_keep keep, gnl_writer *writer);
genlat_status gnl_model_read(gnl_model *model, const gnl_reader *reader);
/* After all other numbers. */
genlat_status gnl_model_read_best(gnl_model *model, const gnl_reader *reader);

/* Options as gnl_options_format() writes them. */
genlat_status gnl_options_read(const gnl_reader *reader, const char *key, const gnl_options_table *table,
                               void *opts);
/* A tensor that may be missing: *out stays NULL then. */
genlat_status gnl_tensor_read(genlat_ctx *ctx, const gnl_reader *reader, const char *name,
                              genlat_tensor **out);

#endif
