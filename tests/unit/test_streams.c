/* SPDX-License-Identifier: MIT */
/* Random numbers of training steps, for every family: no two uses in a step draw the same numbers, and no step draws
 * those of an earlier one. A split and the batches of an epoch may share a seed. The linker sends calls of
 * gnl_rng_make() in the library to this file. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/families.h"

#pragma GCC diagnostic ignored "-Wmissing-prototypes"

enum { MOST = 4096, STEPS = 4 };

static gnl_rng made[MOST];
static int count;

gnl_rng __real_gnl_rng_make(uint64_t seed, gnl_stream stream, uint64_t substream);
gnl_rng __wrap_gnl_rng_make(uint64_t seed, gnl_stream stream, uint64_t substream)
{
    const gnl_rng rng = __real_gnl_rng_make(seed, stream, substream);
    ck_assert_int_lt(count, MOST);
    made[count++] = rng;
    return rng;
}

static bool is_same(const gnl_rng *a, const gnl_rng *b)
{
    return a->seed == b->seed && a->stream == b->stream;
}

/* An approximate penalty of a GAN compares outputs with the same dropout on purpose. */
static bool may_repeat(const genlat_model *model, const gnl_rng *rng)
{
    return strcmp(model->type->name, "gan") == 0 && rng->stream >> 48 == GNL_STREAM_DROPOUT;
}

START_TEST(uses_of_random_numbers_are_independent)
{
    genlat_ctx *ctx = NULL;
    int begin[STEPS + 1];
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
    genlat_source *source = family_source(ctx);
    genlat_model *model = family_make(ctx, _i, source);
    family_steps(model, source, 1); /* compiles the nets, which draws numbers for the layout of memory */
    count = 0;
    for (int step = 0; step < STEPS; step++) {
        begin[step] = count;
        family_steps(model, source, 1);
    }
    begin[STEPS] = count;
    ck_assert(count > 0 || !model->optimizer[0].optim); /* EM draws nothing */
    for (int step = 0; step < STEPS; step++)
        for (int i = begin[step]; i < begin[step + 1]; i++)
            for (int j = 0; j < i; j++)
                ck_assert_msg(!is_same(&made[i], &made[j]) || (j >= begin[step] && may_repeat(model, &made[i])),
                              "use %d of step %d has the numbers of use %d: stream %llu, substream %llu",
                              i - begin[step], step, j - begin[step], (unsigned long long)(made[i].stream >> 48),
                              (unsigned long long)(made[i].stream << 16 >> 16));
    genlat_model_destroy(&model);
    genlat_source_destroy(&source);
    genlat_ctx_destroy(&ctx);
}
END_TEST

/* A split with the seed of the batches has another order than any epoch. */
START_TEST(splits_have_an_order_of_their_own)
{
    enum { COUNT = 20 };
    genlat_ctx *ctx = NULL;
    genlat_tensor *x = NULL, *part = NULL;
    const genlat_tensor *batch = NULL;
    genlat_source *source = NULL, *train = NULL, *valid = NULL;
    genlat_batches *batches = NULL;
    genlat_batches_opts opts;
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
    ck_assert_int_eq(genlat_tensor_new(ctx, 2, (int64_t[]){COUNT, 1}, &x), GENLAT_OK);
    for (int i = 0; i < COUNT; i++)
        genlat_tensor_data(x)[i] = (float)i;
    ck_assert_int_eq(genlat_source_memory(ctx, x, NULL, &source), GENLAT_OK);
    ck_assert_int_eq(genlat_source_split(source, 1, 3, &train, &valid), GENLAT_OK);
    ck_assert_int_eq(genlat_source_read(train, 0, COUNT - 1, &part, NULL), GENLAT_OK);
    genlat_batches_opts_init(&opts);
    opts.batch = COUNT;
    opts.seed = 3;
    ck_assert_int_eq(genlat_batches_new(source, &opts, &batches), GENLAT_OK);
    for (int64_t epoch = 0; epoch < 5; epoch++) {
        ck_assert_int_eq(genlat_batches_seek(batches, epoch, 0), GENLAT_OK);
        ck_assert_int_eq(genlat_batches_next(batches, &batch, NULL), GENLAT_OK);
        ck_assert_mem_ne(genlat_tensor_const_data(batch), genlat_tensor_const_data(part), (COUNT - 1) * sizeof(float));
    }
    genlat_batches_destroy(&batches);
    genlat_source_destroy(&train);
    genlat_source_destroy(&valid);
    genlat_source_destroy(&source);
    genlat_tensor_destroy(&part);
    genlat_tensor_destroy(&x);
    genlat_ctx_destroy(&ctx);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("streams");
    TCase *tests = tcase_create("streams");
    tcase_add_loop_test(tests, uses_of_random_numbers_are_independent, 0, family_count());
    tcase_add_test(tests, splits_have_an_order_of_their_own);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
