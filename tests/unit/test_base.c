/* SPDX-License-Identifier: MIT */
/* Base module: random streams, parallel loops, options from text, numbers from text, checked sizes. */
#include <check.h>
#include <stdlib.h>

#include "base/base.h"
#include "genlat/loss.h"

static genlat_ctx *ctx;

static void set_up(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
}

static void tear_down(void)
{
    genlat_ctx_destroy(&ctx);
}

/* ---- random numbers -------------------------------------------------------------------------- */

/* Known-answer vectors from the authors of Philox. */
START_TEST(philox_matches_known_answers)
{
    static const struct {
        uint64_t seed, stream, counter;
        uint32_t word[4];
    } cases[] = {
        {0, 0, 0, {0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u}},
        {UINT64_MAX, UINT64_MAX, UINT64_MAX, {0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu}},
        {0x299f31d0a4093822u,
         0x0370734413198a2eu,
         0x85a308d3243f6a88u,
         {0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u}},
    };
    uint32_t word[4];
    gnl_philox(cases[_i].seed, cases[_i].stream, cases[_i].counter, word);
    ck_assert_mem_eq(word, cases[_i].word, sizeof word);
}
END_TEST

START_TEST(bounded_draws_are_uniform)
{
    enum { BOUND = 7, DRAWS = 70000 };
    int64_t found[BOUND] = {0};
    gnl_rng rng = gnl_rng_make(1, GNL_STREAM_USER, 0);
    for (int i = 0; i < DRAWS; i++)
        found[gnl_rng_below(&rng, BOUND)]++;
    for (int i = 0; i < BOUND; i++)
        ck_assert_int_lt(llabs(found[i] - DRAWS / BOUND), 400); /* four standard deviations */
    ck_assert_uint_eq(gnl_rng_below(&rng, 1), 0);
#ifdef __SIZEOF_INT128__
    for (int i = 0; i < 1000; i++) { /* the draw times the bound, divided by 2^64; drawn again if that were uneven */
        const uint64_t bound = gnl_rng_u64(&rng) >> i % 64 | 1;
        gnl_rng same = rng;
        const uint64_t draw = gnl_rng_u64(&same), below = gnl_rng_below(&rng, bound);
        const __uint128_t product = (__uint128_t)draw * bound;
        ck_assert_int_eq(rng.counter == same.counter, (uint64_t)product >= (0 - bound) % bound);
        if (rng.counter == same.counter)
            ck_assert_uint_eq(below, (uint64_t)(product >> 64));
    }
#endif
}
END_TEST

START_TEST(normal_draws_have_the_moments_of_the_distribution)
{
    enum { DRAWS = 100003 };
    gnl_real *x = gnl_alloc(ctx, DRAWS, sizeof *x);
    gnl_rng rng = gnl_rng_make(2, GNL_STREAM_USER, 0);
    double moment[5] = {0};
    gnl_rng_fill_normal(&rng, x, DRAWS);
    for (int i = 0; i < DRAWS; i++)
        for (int k = 1; k <= 4; k++)
            moment[k] += pow((double)x[i], k) / DRAWS;
    ck_assert_double_eq_tol(moment[1], 0, 0.0127);
    ck_assert_double_eq_tol(moment[2], 1, 0.018);
    ck_assert_double_eq_tol(moment[3], 0, 0.05);
    ck_assert_double_eq_tol(moment[4], 3, 0.125);
    ck_assert_uint_eq(rng.counter, (DRAWS + 3) / 4);
    gnl_free(ctx, x);
}
END_TEST

START_TEST(shuffles_keep_every_item)
{
    enum { ITEMS = 1000 };
    int64_t item[ITEMS], moved = 0;
    bool seen[ITEMS] = {false};
    gnl_rng rng = gnl_rng_make(3, GNL_STREAM_ORDER, 0);
    for (int i = 0; i < ITEMS; i++)
        item[i] = i;
    gnl_rng_shuffle(&rng, item, ITEMS);
    for (int i = 0; i < ITEMS; i++) {
        moved += item[i] != i;
        seen[item[i]] = true;
    }
    for (int i = 0; i < ITEMS; i++)
        ck_assert(seen[i]);
    ck_assert_int_gt(moved, ITEMS - 10);
    int last[3] = {0}; /* how often each of three items comes last */
    for (int i = 0; i < 300; i++) {
        int64_t three[3] = {0, 1, 2};
        gnl_rng_shuffle(&rng, three, 3);
        last[three[2]]++;
    }
    for (int i = 0; i < 3; i++)
        ck_assert_int_lt(abs(last[i] - 100), 35); /* four standard deviations */
}
END_TEST

static void *plain_alloc(void *user, size_t size, size_t alignment)
{
    (void)user;
    return aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

static void plain_free(void *user, void *memory)
{
    (void)user;
    free(memory);
}

START_TEST(allocators_need_both_functions)
{
    genlat_allocator allocator = {.size = sizeof allocator};
    genlat_ctx_opts opts;
    genlat_ctx *with = NULL;
    genlat_ctx_opts_init(&opts);
    opts.allocator = &allocator;
    allocator.alloc = _i == 1 ? plain_alloc : NULL;
    allocator.free = _i == 2 ? plain_free : NULL;
    ck_assert_int_eq(genlat_ctx_new(&opts, &with), GENLAT_E_INVALID);
    ck_assert_ptr_null(with);
}
END_TEST

/* ---- threads --------------------------------------------------------------------------------- */

typedef struct tally {
    atomic_int times[1000];
    atomic_int outside; /* workers or chunks with an index out of range */
    int64_t grain;
    int threads;
} tally;

static void count_items(void *arg, int64_t begin, int64_t end, int worker)
{
    tally *t = arg;
    if (worker < 0 || worker >= t->threads || begin % t->grain != 0 || end - begin > t->grain)
        atomic_fetch_add(&t->outside, 1);
    for (int64_t i = begin; i < end; i++)
        atomic_fetch_add(&t->times[i], 1);
}

START_TEST(every_item_is_processed_once)
{
    static const int64_t grains[] = {1, 7, 999, 1000, 5000};
    for (int threads = 1; threads <= 4; threads++) {
        genlat_ctx *own = NULL;
        genlat_ctx_opts opts;
        genlat_ctx_opts_init(&opts);
        opts.threads = threads;
        ck_assert_int_eq(genlat_ctx_new(&opts, &own), GENLAT_OK);
        ck_assert_int_eq(gnl_threads(own), threads);
        for (size_t i = 0; i < GNL_COUNT(grains); i++) {
            tally t = {.grain = grains[i], .threads = threads};
            gnl_parallel(own, GNL_COUNT(t.times), grains[i], count_items, &t);
            ck_assert_int_eq(t.outside, 0);
            for (size_t j = 0; j < GNL_COUNT(t.times); j++)
                ck_assert_int_eq(t.times[j], 1);
        }
        genlat_ctx_destroy(&own);
    }
}
END_TEST

/* ---- options --------------------------------------------------------------------------------- */

typedef struct sample_opts {
    size_t size;
    int64_t count, pair[2];
    double rate;
    uint32_t kind, flag;
} sample_opts;

static const char *const sample_kinds[] = {"near", "far", NULL};
static const gnl_option sample_options[] = {
    GNL_OPT_INT(sample_opts, count, 3, 1, 9, "a count"),  GNL_OPT_PAIR(sample_opts, pair, 2, 0, 99, "a pair"),
    GNL_OPT_REAL(sample_opts, rate, 0.1, 0, 1, "a rate"), GNL_OPT_ENUM(sample_opts, kind, 0, 1, sample_kinds, "a kind"),
    GNL_OPT_BOOL(sample_opts, flag, 0, "a flag"),
};
static const gnl_options_table sample_table = {"sample", sizeof(sample_opts), sample_options,
                                               GNL_COUNT(sample_options)};

START_TEST(options_round_trip_through_text)
{
    sample_opts first, second;
    char text[128];
    gnl_options_init(&sample_table, &first, sizeof first);
    ck_assert_int_eq(gnl_options_format(&sample_table, &first, text, sizeof text), GENLAT_OK);
    ck_assert_str_eq(text, "");
    ck_assert_int_eq(gnl_spec_pairs(&sample_table, &first, "count=4 pair=3x5 rate=0.25 kind=far flag=yes", "sample"),
                     GENLAT_OK);
    ck_assert_int_eq(first.count, 4);
    ck_assert_int_eq(first.pair[1], 5);
    ck_assert_int_eq(gnl_options_format(&sample_table, &first, text, sizeof text), GENLAT_OK);
    gnl_options_init(&sample_table, &second, sizeof second);
    ck_assert_int_eq(gnl_spec_pairs(&sample_table, &second, text, "sample"), GENLAT_OK);
    ck_assert_mem_eq(&first, &second, sizeof first);
    ck_assert_int_eq(gnl_options_format(&sample_table, &first, text, 8), GENLAT_E_RANGE);
}
END_TEST

START_TEST(errors_name_the_bad_option)
{
    static const struct {
        const char *key, *value, *expected;
    } cases[] = {
        {"count", "10", "count"},  {"count", "2.5", "count"}, {"rate", "nan", "rate"}, {"rate", "1,5", "rate"},
        {"kind", "beside", "far"}, {"pair", "3x", "pair"},    {"wait", "1", "count"},  {"flag", "2", "flag"},
    };
    sample_opts opts;
    gnl_options_init(&sample_table, &opts, sizeof opts);
    const sample_opts before = opts;
    ck_assert_int_ne(gnl_options_set(&sample_table, &opts, cases[_i].key, cases[_i].value), GENLAT_OK);
    ck_assert_msg(strstr(genlat_last_error(), cases[_i].expected) != NULL, "%s", genlat_last_error());
    ck_assert_mem_eq(&before, &opts, sizeof opts);
}
END_TEST

/* Both ends of a range are legal, for each number of an option. */
START_TEST(ranges_include_their_ends)
{
    static const struct {
        const char *key, *value;
        genlat_status status;
    } cases[] = {
        {"count", "1", GENLAT_OK},         {"count", "9", GENLAT_OK},         {"count", "0", GENLAT_E_RANGE},
        {"count", "10", GENLAT_E_RANGE},   {"rate", "0", GENLAT_OK},          {"rate", "1", GENLAT_OK},
        {"rate", "-1e-9", GENLAT_E_RANGE}, {"rate", "1.001", GENLAT_E_RANGE}, {"pair", "0x99", GENLAT_OK},
        {"pair", "99x0", GENLAT_OK},       {"pair", "100x5", GENLAT_E_RANGE}, {"pair", "5x100", GENLAT_E_RANGE},
        {"pair", "5x-1", GENLAT_E_RANGE},  {"pair", "-1x5", GENLAT_E_RANGE},
    };
    sample_opts opts;
    for (size_t i = 0; i < GNL_COUNT(cases); i++) {
        gnl_options_init(&sample_table, &opts, sizeof opts);
        ck_assert_msg(gnl_options_set(&sample_table, &opts, cases[i].key, cases[i].value) == cases[i].status, "%s=%s",
                      cases[i].key, cases[i].value);
    }
}
END_TEST

START_TEST(texts_need_space_for_their_end)
{
    sample_opts opts;
    char text[8];
    gnl_options_init(&sample_table, &opts, sizeof opts);
    opts.count = 4;
    ck_assert_int_eq(gnl_options_format(&sample_table, &opts, text, 8), GENLAT_OK);
    ck_assert_str_eq(text, "count=4");
    ck_assert_int_eq(gnl_options_format(&sample_table, &opts, text, 7), GENLAT_E_RANGE);
}
END_TEST

/* A program compiled with an older, shorter struct: the library reads and writes nothing beyond its size. */
START_TEST(shorter_structs_are_not_overrun)
{
    const size_t shorter = offsetof(sample_opts, rate);
    sample_opts old, complete;
    memset(&old, 0x5a, sizeof old);
    gnl_options_init(&sample_table, &old, shorter);
    ck_assert_int_eq(((const unsigned char *)&old)[shorter], 0x5a);
    ck_assert_int_eq(gnl_options_take(&sample_table, &old, &complete), GENLAT_OK);
    ck_assert_int_eq(complete.count, 3);
    ck_assert_double_eq(complete.rate, 0.1);
}
END_TEST

/* ---- numbers --------------------------------------------------------------------------------- */

START_TEST(numbers_round_trip_through_text)
{
    static const double values[] = {0, -0.0, 1, 0.1, 1.0 / 3, 1e-310, 1.7976931348623157e308, -2.5e-7, 123456789};
    char text[64];
    double back;
    gnl_format_real(values[_i], text, sizeof text);
    ck_assert(gnl_parse_real(text, &back));
    ck_assert_double_eq(back, values[_i]);
}
END_TEST

START_TEST(bad_numbers_are_refused)
{
    static const char *const texts[] = {"", " ", "1 ", "1x", "--1", "1e", "9223372036854775808"};
    int64_t whole;
    double real;
    for (size_t i = 0; i < GNL_COUNT(texts); i++) {
        ck_assert_msg(!gnl_parse_int(texts[i], &whole), "'%s'", texts[i]);
        ck_assert_msg(i == GNL_COUNT(texts) - 1 || !gnl_parse_real(texts[i], &real), "'%s'", texts[i]);
    }
}
END_TEST

START_TEST(overflows_are_detected)
{
    int64_t product;
    ck_assert(gnl_mul_i64(INT64_C(1) << 31, INT64_C(1) << 31, &product));
    ck_assert_int_eq(product, INT64_C(1) << 62);
    ck_assert(!gnl_mul_i64(INT64_C(1) << 32, INT64_C(1) << 31, &product));
    ck_assert(!gnl_mul_i64(-1, 2, &product));
    ck_assert_ptr_null(gnl_alloc(ctx, SIZE_MAX / 2, 4));
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "memory"));
}
END_TEST

/* ---- error texts ----------------------------------------------------------------------------- */

static void public_inner(void)
{
    GNL_ENTER();
    (void)gnl_fail(GENLAT_E_RANGE, "x is %d", 3);
}

static void public_outer(bool calls)
{
    GNL_ENTER();
    if (calls)
        public_inner();
    else
        (void)gnl_fail(GENLAT_E_RANGE, "y is %d", 4);
}

/* An error message begins with the name of the function that was entered last, once. */
START_TEST(errors_name_the_running_function)
{
    public_outer(true);
    ck_assert_str_eq(gnl_running(), "public_inner");
    ck_assert_str_eq(genlat_last_error(), "public_inner: x is 3");
    public_outer(false);
    ck_assert_str_eq(gnl_running(), "public_outer");
    ck_assert_str_eq(genlat_last_error(), "public_outer: y is 4");
    const char *before = gnl_enter("");
    ck_assert_str_eq(before, "public_outer");
    (void)gnl_fail(GENLAT_E_RANGE, "z");
    ck_assert_str_eq(genlat_last_error(), "z");
    (void)gnl_fail_in(GENLAT_E_RANGE, "part '%s'", "a");
    ck_assert_str_eq(genlat_last_error(), "part 'a': z");
    (void)gnl_enter("genlat_this");
    (void)gnl_fail(GENLAT_E_RANGE, "z");
    (void)gnl_fail_in(GENLAT_E_RANGE, "part '%s'", "a");
    ck_assert_str_eq(genlat_last_error(), "genlat_this: part 'a': z");
    (void)gnl_fail_in(GENLAT_E_RANGE, "whole");
    ck_assert_str_eq(genlat_last_error(), "genlat_this: whole: part 'a': z");
    ck_assert_int_eq(genlat_error_set(GENLAT_E_RANGE, "%s, as before", genlat_last_error()), GENLAT_E_RANGE);
    ck_assert_str_eq(genlat_last_error(), "genlat_this: whole: part 'a': z, as before");
}
END_TEST

START_TEST(long_errors_are_truncated)
{
    char longest[GNL_ERROR_TEXT + 100];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    (void)gnl_enter("genlat_this");
    (void)gnl_fail(GENLAT_E_RANGE, "%s", longest);
    ck_assert_int_eq(strncmp(genlat_last_error(), "genlat_this: xxx", 16), 0);
    for (int i = 0; i < 3; i++) {
        (void)gnl_fail_in(GENLAT_E_RANGE, "%s", longest);
        ck_assert_uint_gt(strlen(genlat_last_error()), GNL_ERROR_TEXT / 2);
        ck_assert_uint_lt(strlen(genlat_last_error()), GNL_ERROR_TEXT);
        ck_assert_int_eq(strncmp(genlat_last_error(), "genlat_this: xxx", 16), 0);
    }
}
END_TEST

/* A public function that does not call gnl_enter() does not inherit the name of the previous one. */
START_TEST(errors_do_not_name_the_previous_function)
{
    genlat_ctx *other = NULL;
    genlat_loss *loss = NULL;
    genlat_ctx_opts opts;
    genlat_ctx_opts_init(&opts);
    opts.threads = 0;
    ck_assert_int_eq(genlat_ctx_new(&opts, &other), GENLAT_E_RANGE);
    ck_assert_int_eq(genlat_loss_new(ctx, "gaussian sd=learned value=0.0001", &loss), GENLAT_E_RANGE);
    ck_assert_int_eq(strncmp(genlat_last_error(), "genlat_loss_new: gaussian: value is ", 36), 0);
}
END_TEST

/* ---- permutations ---------------------------------------------------------------------------- */

/* Every number below the count once, for all small counts and some larger ones. */
START_TEST(permutations_by_formula_have_every_number_once)
{
    enum { SMALL = 300, LARGE = 70000 };
    static bool seen[LARGE];
    for (int64_t count = 1; count <= LARGE; count = count < SMALL ? count + 1 : count * 3 - 1) {
        const gnl_permutation p = gnl_permutation_make(gnl_rng_make(1, GNL_STREAM_USER, 0), count);
        memset(seen, 0, sizeof seen);
        for (int64_t i = 0; i < count; i++) {
            const int64_t at = gnl_permutation_at(&p, i);
            ck_assert(at >= 0 && at < count);
            ck_assert_msg(!seen[at], "%lld occurs twice of %lld", (long long)at, (long long)count);
            seen[at] = true;
        }
    }
}
END_TEST

/* Of the least count that is permuted by formula: numbers, and differences of neighbours, fall into 16 equal ranges
 * equally often, wherever the place. */
START_TEST(permutations_by_formula_are_random)
{
    enum { RANGES = 16, DRAWS = 20000 };
    const int64_t count = GNL_MOST_SHUFFLED + 1, begins[] = {0, 12345678, count - DRAWS - 1};
    for (size_t k = 0; k < GNL_COUNT(begins); k++) {
        const gnl_permutation p = gnl_permutation_make(gnl_rng_make(5, GNL_STREAM_USER, k), count);
        int64_t numbers[RANGES] = {0}, differences[RANGES] = {0};
        double chi[2] = {0, 0};
        for (int64_t i = begins[k]; i < begins[k] + DRAWS; i++) {
            const int64_t at = gnl_permutation_at(&p, i), next = gnl_permutation_at(&p, i + 1);
            numbers[at * RANGES / count]++;
            differences[(next - at + count) % count * RANGES / count]++;
        }
        for (int i = 0; i < RANGES; i++) {
            const double expected = (double)DRAWS / RANGES;
            chi[0] += pow((double)numbers[i] - expected, 2) / expected;
            chi[1] += pow((double)differences[i] - expected, 2) / expected;
        }
        ck_assert_double_lt(chi[0], 45); /* 15 degrees of freedom: a larger one in 1 of 10^4 */
        ck_assert_double_lt(chi[1], 45);
    }
}
END_TEST

/* Counts up to the largest; the same place always has the same number. */
START_TEST(permutations_by_formula_have_any_size)
{
    static const int64_t counts[] = {(INT64_C(1) << 24) + 1, INT64_C(1) << 40, (INT64_C(1) << 53) - 1,
                                     (INT64_C(1) << 62) + 12345};
    for (size_t i = 0; i < GNL_COUNT(counts); i++) {
        const gnl_permutation p = gnl_permutation_make(gnl_rng_make(2, GNL_STREAM_USER, 7), counts[i]);
        int64_t lower = 0;
        ck_assert(p.side * p.side >= counts[i] && (p.side - 1) * (p.side - 1) < counts[i]);
        for (int64_t k = 0; k < 1000; k++) {
            const int64_t at = gnl_permutation_at(&p, counts[i] - 1 - k);
            ck_assert(at >= 0 && at < counts[i]);
            lower += at < counts[i] / 2;
            ck_assert_int_eq(at, gnl_permutation_at(&p, counts[i] - 1 - k));
        }
        ck_assert(lower > 400 && lower < 600);
    }
}
END_TEST

/* Letters changed, added, removed or swapped with the next one, without regard to case. */
START_TEST(names_have_a_distance)
{
    static const struct {
        const char *a, *b;
        int distance;
    } cases[] = {
        {"", "", 0},          {"", "abc", 3},           {"dense", "dense", 0},           {"dense", "DENSE", 0},
        {"dense", "dens", 1}, {"dense", "sdense", 1},   {"dense", "dance", 2},           {"dense", "dnese", 1},
        {"relu", "silu", 2},  {"kitten", "sitting", 3}, {"leaky-relu", "leaky_relu", 0}, {"ab", "ba", 1},
        {"abcd", "badc", 2},
    };
    for (size_t i = 0; i < GNL_COUNT(cases); i++) {
        ck_assert_msg(gnl_name_distance(cases[i].a, cases[i].b) == cases[i].distance, "%s and %s: %d", cases[i].a,
                      cases[i].b, gnl_name_distance(cases[i].a, cases[i].b));
        ck_assert_int_eq(gnl_name_distance(cases[i].b, cases[i].a), cases[i].distance);
    }
    char longest[200];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    ck_assert_int_ge(gnl_name_distance(longest, "x"), 100);
}
END_TEST

START_TEST(errors_suggest_the_nearest_name)
{
    gnl_unknown names = {.word = "dens"};
    gnl_unknown_add(&names, "add");
    gnl_unknown_add(&names, "dense");
    ck_assert_int_eq(gnl_unknown_fail(&names, "unknown layer '%s'", "dens"), GENLAT_E_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "unknown layer 'dens'; did you mean 'dense'? known: add, dense"));
    names = (gnl_unknown){.word = "zebra"};
    ck_assert_int_eq(gnl_unknown_fail(&names, "unknown layer"), GENLAT_E_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "unknown layer; known: none"));
    for (int i = 0; i < 200; i++)
        gnl_unknown_add(&names, "conv_transpose2d");
    ck_assert_int_eq(gnl_unknown_fail(&names, "unknown layer"), GENLAT_E_NOT_FOUND);
    const char *text = genlat_last_error();
    ck_assert_str_eq(text + strlen(text) - 21, "conv_transpose2d, ...");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base");
    TCase *tcase = tcase_create("base");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, philox_matches_known_answers, 0, 3);
    tcase_add_test(tcase, bounded_draws_are_uniform);
    tcase_add_test(tcase, normal_draws_have_the_moments_of_the_distribution);
    tcase_add_test(tcase, shuffles_keep_every_item);
    tcase_add_test(tcase, permutations_by_formula_have_every_number_once);
    tcase_add_test(tcase, permutations_by_formula_are_random);
    tcase_add_test(tcase, permutations_by_formula_have_any_size);
    tcase_add_loop_test(tcase, allocators_need_both_functions, 0, 3);
    tcase_add_test(tcase, every_item_is_processed_once);
    tcase_add_test(tcase, options_round_trip_through_text);
    tcase_add_loop_test(tcase, errors_name_the_bad_option, 0, 8);
    tcase_add_test(tcase, shorter_structs_are_not_overrun);
    tcase_add_test(tcase, ranges_include_their_ends);
    tcase_add_test(tcase, texts_need_space_for_their_end);
    tcase_add_loop_test(tcase, numbers_round_trip_through_text, 0, 9);
    tcase_add_test(tcase, bad_numbers_are_refused);
    tcase_add_test(tcase, overflows_are_detected);
    tcase_add_test(tcase, errors_name_the_running_function);
    tcase_add_test(tcase, long_errors_are_truncated);
    tcase_add_test(tcase, errors_do_not_name_the_previous_function);
    tcase_add_test(tcase, names_have_a_distance);
    tcase_add_test(tcase, errors_suggest_the_nearest_name);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
