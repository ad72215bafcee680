/* SPDX-License-Identifier: MIT */
/* Random numbers of training steps, for every family: no two uses in a step draw the same numbers, and no step draws
 * those of an earlier one. The linker sends the library's calls of gnl_rng_make() to this file. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

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

/* An approximate penalty compares outputs with the same dropout on purpose. */
static bool may_repeat(const gnl_rng *rng)
{
    return rng->stream >> 48 == GNL_STREAM_DROPOUT;
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
    ck_assert_int_gt(count, 0);
    for (int step = 0; step < STEPS; step++)
        for (int i = begin[step]; i < begin[step + 1]; i++)
            for (int j = 0; j < i; j++)
                ck_assert_msg(!is_same(&made[i], &made[j]) || (j >= begin[step] && may_repeat(&made[i])),
                              "use %d of step %d has the numbers of use %d: stream %llu, substream %llu",
                              i - begin[step], step, j - begin[step], (unsigned long long)(made[i].stream >> 48),
                              (unsigned long long)(made[i].stream << 16 >> 16));
    genlat_model_destroy(&model);
    genlat_source_destroy(&source);
    genlat_ctx_destroy(&ctx);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("streams");
    TCase *tests = tcase_create("streams");
    tcase_add_loop_test(tests, uses_of_random_numbers_are_independent, 0, family_count());
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
