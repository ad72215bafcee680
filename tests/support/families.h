/* SPDX-License-Identifier: MIT */
/* Small models of every family, with as much state between steps as possible, for tests of all families. */
#ifndef FAMILIES_H
#define FAMILIES_H

#include "genlat/genlat.h"
#include "model/model.h"

enum { FAMILY_SAMPLES = 48, FAMILY_CLASSES = 3, FAMILY_SIZE = 16 };

int32_t family_count(void);

/* Checks that the last error begins with the name of the function and contains the word. */
void expect_error(const char *function, const char *word);

const gnl_model_type *family_type(genlat_ctx *ctx, int32_t family);

/* Sets a builder of a family as the table says; a family without a row keeps its first preset. */
void family_configure(genlat_model_builder *builder, const char *family);
/* A builder with these settings. */
genlat_model_builder *family_builder(genlat_ctx *ctx, int32_t family);
genlat_model *family_make(genlat_ctx *ctx, int32_t family, genlat_source *source);

/* The labels that a model takes: NULL for one without condition. */
const genlat_tensor *family_labels(const genlat_model *model, const genlat_tensor *labels);

/* FAMILY_SAMPLES images [1,4,4] in [0,1] with classes. */
genlat_source *family_source(genlat_ctx *ctx);

/* Results of a model on the first rows of a source: samples, codes, reconstructions, scores and predictions, as far
 * as the family has them. */
typedef struct family_numbers {
    int64_t count;
    float at[4096];
} family_numbers;

void family_use(genlat_model *model, genlat_source *source, family_numbers *out);
/* Checks that both models compute the same results, bit by bit. */
void family_expect_same(genlat_model *a, genlat_model *b, genlat_source *source);

/* Checks that both have the same parts, moments and training progress, bit by bit. */
void family_expect_same_state(const genlat_model *a, const genlat_model *b);

/* Takes steps on batches of 12 rows, the same for every model. */
void family_steps(genlat_model *model, genlat_source *source, int count);

#endif
