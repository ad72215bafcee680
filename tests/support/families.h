/* SPDX-License-Identifier: MIT */
/* Every family of models, small, with as much as it can keep from step to step: for tests that go through all of them. */
#ifndef FAMILIES_H
#define FAMILIES_H

#include "genlat/genlat.h"
#include "model/model.h"

enum { FAMILY_SAMPLES = 48, FAMILY_CLASSES = 3, FAMILY_SIZE = 16 };

int32_t family_count(void);

/* The last error is of a function and tells of something. */
void expect_error(const char *function, const char *word);

const gnl_model_type *family_type(genlat_ctx *ctx, int32_t family);

/* A builder with the settings of the table; a family that has no row there keeps its first preset. */
genlat_model_builder *family_builder(genlat_ctx *ctx, int32_t family);
genlat_model *family_make(genlat_ctx *ctx, int32_t family, genlat_source *source);

/* FAMILY_SAMPLES images [1,4,4] from [0,1] with classes. */
genlat_source *family_source(genlat_ctx *ctx);

/* What a model makes of the first rows of a source: samples, codes, reconstructions, verdicts, answers, whatever it has. */
typedef struct family_numbers {
    int64_t count;
    float at[4096];
} family_numbers;

void family_use(genlat_model *model, genlat_source *source, family_numbers *out);
/* Both models make the same of it, bit by bit. */
void family_expect_same(genlat_model *a, genlat_model *b, genlat_source *source);

/* Both have the same parts, moments and places in training, bit by bit. */
void family_expect_same_state(const genlat_model *a, const genlat_model *b);

/* Steps on batches of 12 rows, the same for every model. */
void family_steps(genlat_model *model, genlat_source *source, int count);

#endif
