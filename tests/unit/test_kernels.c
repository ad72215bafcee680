/* SPDX-License-Identifier: MIT */
/*
 * Each instruction set of this machine against plain C: every entry of gnl_kernels, odd sizes, special values,
 * and guard pages around the arrays. An entry without a line in the list below fails.
 */
#include <check.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel/kernel.h"

enum { MOST = 4099, ARRAYS = 6 };

/* ---- memory with guard pages on both sides ------------------------------------------------------------- */

typedef struct guarded {
    unsigned char *map;
    size_t page, inner;
} guarded;

static guarded guarded_new(void)
{
    guarded g = {.page = (size_t)sysconf(_SC_PAGESIZE)};
    g.inner = (MOST * sizeof(gnl_real) + g.page - 1) / g.page * g.page;
    g.map = mmap(NULL, g.inner + 2 * g.page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(g.map, MAP_FAILED);
    ck_assert_int_eq(mprotect(g.map + g.page, g.inner, PROT_READ | PROT_WRITE), 0);
    return g;
}

/* n numbers directly after the first guard page, or directly before the last one. */
static gnl_real *guarded_at(const guarded *g, int64_t n, bool back)
{
    unsigned char *begin = g->map + g->page;
    void *at = back ? begin + g->inner - (size_t)n * sizeof(gnl_real) : begin;
    return at;
}

static guarded arrays[2][ARRAYS];

static void map_arrays(void)
{
    for (int i = 0; i < 2 * ARRAYS; i++)
        arrays[i / ARRAYS][i % ARRAYS] = guarded_new();
}

static void unmap_arrays(void)
{
    for (int i = 0; i < 2 * ARRAYS; i++) {
        guarded *g = &arrays[i / ARRAYS][i % ARRAYS];
        munmap(g->map, g->inner + 2 * g->page);
    }
}

/* ---- one line per entry -------------------------------------------------------------------------------- */

typedef struct call {
    int64_t n;
    int index;           /* of an activation */
    gnl_real *x[ARRAYS]; /* as described by entry.kinds */
    double result;
} call;

typedef struct entry {
    const char *name;
    size_t slot;
    /* One letter per array: r any numbers, u in [0,1], p positive; upper case: written; W: only written. */
    const char *kinds;
    void (*run)(const gnl_kernels *k, call *c);
} entry;

/* Rows of a matrix of n numbers: the largest divisor of n up to its square root. */
static int64_t rows_of(int64_t n)
{
    int64_t rows = 1;
    for (int64_t i = 2; i * i <= n; i++)
        rows = n % i == 0 ? i : rows;
    return rows;
}

#define RUN(name, ...)                                                                                                 \
    static void run_##name(const gnl_kernels *k, call *c)                                                              \
    {                                                                                                                  \
        gnl_real **x = c->x;                                                                                           \
        int64_t n = c->n;                                                                                              \
        __VA_ARGS__;                                                                                                   \
    }

RUN(axpy, k->axpy(n, (gnl_real)0.7, x[0], x[1]))
RUN(scale, k->scale(n, (gnl_real)-1.3, x[0], x[1]))
RUN(lerp, k->lerp(n, (gnl_real)0.2, x[0], x[1]))
RUN(add, k->add(n, x[0], x[1], x[2]))
RUN(mul, k->mul(n, x[0], x[1], x[2]))
RUN(mul_add, k->mul_add(n, x[0], x[1], x[2]))
RUN(sum, c->result = k->sum(n, x[0]))
RUN(dot, c->result = k->dot(n, x[0], x[1]))
RUN(deviations, double sums[2] = {1}; k->deviations(2, n / 2, n / 2, x[0], (gnl_real)0.5, x[1], -2, sums);
    c->result = sums[0] + sums[1])
RUN(mix, k->mix(n, (const gnl_real[]){(gnl_real)0.3, 1, -2, (gnl_real)0.5}, x[0], x[1], false, x[2]))
RUN(mix_add, k->mix(n, (const gnl_real[]){(gnl_real)0.3, 1, -2, (gnl_real)0.5}, x[0], x[1], true, x[2]))
RUN(exp, k->exp(n, x[0], x[1]))
RUN(act, k->act[c->index](n, (gnl_real)0.3, x[0], x[1]))
RUN(act_backward, k->act_backward[c->index](n, (gnl_real)0.3, x[0], x[1], x[2], x[3]))
RUN(act_second, k->act_second[c->index](n, (gnl_real)0.3, x[0], x[1], x[2], x[3], x[4]))
RUN(signs, gnl_signs words[MOST / GNL_SIGNS + 1]; k->signs(n, x[0], words);
    for (int64_t i = 0; i < n; i++) x[1][i] = (gnl_real)(words[i / GNL_SIGNS] >> i % GNL_SIGNS & 1))
RUN(rectify, gnl_signs words[MOST / GNL_SIGNS + 1] = {0};
    for (int64_t i = 0; i < n; i++) words[i / GNL_SIGNS] |= (gnl_signs)((x[0][i] > 0) << i % GNL_SIGNS);
    k->rectify(n, (gnl_real)0.3, words, x[1], x[2]))
RUN(softmax, int64_t rows = rows_of(n); k->softmax(rows, n / rows, x[0], x[1]))
RUN(softmax_backward, int64_t rows = rows_of(n); k->softmax_backward(rows, n / rows, x[0], x[1], x[2]))
RUN(bernoulli, c->result = k->bernoulli(n, x[0], x[1], (gnl_real)0.5, x[2]))
RUN(bernoulli_value, c->result = k->bernoulli(n, x[0], x[1], (gnl_real)0.5, NULL))
RUN(squared, c->result = k->squared(n, x[0], x[1], (gnl_real)0.5, x[2]))
RUN(squared_value, c->result = k->squared(n, x[0], x[1], (gnl_real)0.5, NULL))
RUN(gauss, c->result = k->gauss_sample_kl(n, x[0], x[1], x[2], x[3]))
RUN(gauss_backward, k->gauss_sample_kl_backward(n, x[0], x[1], x[2], x[3], (gnl_real)0.4, x[4], x[5]))

/* The bias lies at the end of its array, where reads beyond it are detected. */
static void bias(const gnl_kernels *k, call *c, int64_t plane, bool sums)
{
    int64_t rows = rows_of(c->n), channels = c->n / rows / plane;
    gnl_real *b = c->x[0] + c->n - channels;
    if (channels * plane * rows != c->n)
        return;
    if (sums)
        k->sum_bias(rows, channels, plane, c->x[1], b);
    else
        k->add_bias(rows, channels, plane, b, c->x[1]);
}

RUN(add_bias, (void)x; (void)n; bias(k, c, 1, false))
RUN(add_bias_planes, (void)x; bias(k, c, rows_of(n / rows_of(n)), false))
RUN(sum_bias, (void)x; (void)n; bias(k, c, 1, true))
RUN(sum_bias_planes, (void)x; bias(k, c, rows_of(n / rows_of(n)), true))

/* A position at which the low word of the counter overflows. */
static const gnl_rng place = {.seed = 0x123456789ABCDEF0u, .stream = 0xFEDCBA9876543210u, .counter = 0xFFFFFFF3u};

RUN(fill_uniform, k->fill_uniform(n, &place, (gnl_real)-2, 3, x[0]))
RUN(fill_normal, k->fill_normal(n, &place, x[0]))

static const gnl_update ordinary = {
    .lr = (gnl_real)0.01,
    .beta1 = (gnl_real)0.9,
    .beta2 = (gnl_real)0.99,
    .epsilon = (gnl_real)1e-4,
    .momentum = (gnl_real)0.8,
    .decay = (gnl_real)0.1,
    .correction1 = (gnl_real)0.271,
    .correction2 = (gnl_real)0.0297,
    .gradient_scale = (gnl_real)0.5,
    .gradient_bound = INFINITY,
};

static gnl_update special(void)
{
    gnl_update u = ordinary;
    u.gradient_bound = (gnl_real)0.75;
    u.epsilon = 1; /* the centered variance may be pure rounding error */
    u.decoupled = u.nesterov = u.centered = true;
    return u;
}

RUN(sgd, k->sgd(n, &ordinary, x[0], x[1], NULL, NULL, NULL))
RUN(sgd_momentum, k->sgd(n, &ordinary, x[0], x[1], x[2], NULL, NULL))
RUN(sgd_nesterov, gnl_update u = special(); k->sgd(n, &u, x[0], x[1], x[2], NULL, NULL))
RUN(rmsprop, k->rmsprop(n, &ordinary, x[0], x[1], NULL, x[2], NULL))
RUN(rmsprop_centered, gnl_update u = special(); k->rmsprop(n, &u, x[0], x[1], x[2], x[3], x[4]))
RUN(adam, k->adam(n, &ordinary, x[0], x[1], x[2], x[3], NULL))
RUN(adamw, gnl_update u = special(); k->adam(n, &u, x[0], x[1], x[2], x[3], NULL))
RUN(adamax, k->adamax(n, &ordinary, x[0], x[1], x[2], x[3], NULL))
RUN(lion, k->lion(n, &ordinary, x[0], x[1], x[2], NULL, NULL))
RUN(lion_decoupled, gnl_update u = special(); k->lion(n, &u, x[0], x[1], x[2], NULL, NULL))

#define SLOT(member) offsetof(gnl_kernels, member)
#define ENTRY(name, kinds)                                                                                             \
    {                                                                                                                  \
#        name, SLOT(name), kinds, run_##name                                                                           \
    }
#define VARIANT(name, member, kinds)                                                                                   \
    {                                                                                                                  \
#        name, SLOT(member), kinds, run_##name                                                                         \
    }

static const entry entries[] = {
    ENTRY(axpy, "rR"),
    ENTRY(scale, "rW"),
    ENTRY(lerp, "rR"),
    ENTRY(add, "rrW"),
    ENTRY(mul, "rrW"),
    ENTRY(mul_add, "rrR"),
    ENTRY(sum, "r"),
    ENTRY(dot, "rr"),
    ENTRY(deviations, "rr"),
    ENTRY(mix, "rrW"),
    VARIANT(mix_add, mix, "rrR"),
    ENTRY(add_bias, "rR"),
    VARIANT(add_bias_planes, add_bias, "rR"),
    ENTRY(sum_bias, "Rr"),
    VARIANT(sum_bias_planes, sum_bias, "Rr"),
    ENTRY(act, "rW"),
    ENTRY(act_backward, "rrrW"),
    ENTRY(act_second, "rrrrR"),
    ENTRY(signs, "rW"),
    ENTRY(rectify, "rrW"),
    ENTRY(exp, "rW"),
    ENTRY(softmax, "rW"),
    ENTRY(softmax_backward, "urW"),
    ENTRY(bernoulli, "ruW"),
    VARIANT(bernoulli_value, bernoulli, "ru"),
    ENTRY(squared, "rrW"),
    VARIANT(squared_value, squared, "rr"),
    VARIANT(gauss, gauss_sample_kl, "rrrW"),
    VARIANT(gauss_backward, gauss_sample_kl_backward, "rrrrWW"),
    ENTRY(fill_uniform, "W"),
    ENTRY(fill_normal, "W"),
    ENTRY(sgd, "rR"),
    VARIANT(sgd_momentum, sgd, "rRR"),
    VARIANT(sgd_nesterov, sgd, "rRR"),
    ENTRY(rmsprop, "rRP"),
    VARIANT(rmsprop_centered, rmsprop, "rRRPR"),
    ENTRY(adam, "rRRP"),
    VARIANT(adamw, adam, "rRRP"),
    ENTRY(adamax, "rRRP"),
    ENTRY(lion, "rRR"),
    VARIANT(lion_decoupled, lion, "rRR"),
};

/* Matrix products (the first of the last entries) and convolutions have their own tests: test_gemm, test_conv. */
START_TEST(every_entry_is_in_the_list)
{
    bool covered[sizeof(gnl_kernels) / sizeof(void *)] = {false};
    covered[SLOT(cpu) / sizeof(void *)] = true;
    for (size_t i = SLOT(gemm) / sizeof(void *); i < GNL_COUNT(covered); i++)
        covered[i] = true;
    for (size_t i = 0; i < GNL_COUNT(entries); i++) {
        size_t slot = entries[i].slot / sizeof(void *);
        bool family = entries[i].slot == SLOT(act) || entries[i].slot == SLOT(act_backward) ||
                      entries[i].slot == SLOT(act_second);
        for (size_t j = 0; j < (family ? (size_t)GNL_ACT_COUNT : 1); j++)
            covered[slot + j] = true;
    }
    for (size_t i = 0; i < GNL_COUNT(covered); i++)
        ck_assert_msg(covered[i], "pointer %zu of gnl_kernels has no line in this test", i);
}
END_TEST

/* ---- the comparison ------------------------------------------------------------------------------------ */

static const uint32_t sets[] = {GENLAT_CPU_AVX2, GENLAT_CPU_AVX512, GENLAT_CPU_NEON};

/* NULL where this machine or this build lacks the instruction set. */
static const gnl_kernels *kernels_of_set(int i)
{
    uint32_t widest = gnl_cpu_detect();
    bool arm = sets[i] == GENLAT_CPU_NEON;
    return sets[i] <= widest && arm == (widest == GENLAT_CPU_NEON) ? gnl_kernels_for(sets[i]) : NULL;
}

static const gnl_real special_values[] = {
    0,      -0.0f, INFINITY, -INFINITY, NAN, 1e-40f, -1e-40f, 3e38f,  -3e38f, 88.7f, 89.1f, -87.4f, -103.5f, -104.5f,
    1e-20f, 1,     -1,       0.5f,      16,  -9.3f,  1e-5f,   -1e-5f, 20,     -20,   1e10f, -1e10f, 0.35f,   -0.34f};

static gnl_real number(gnl_rng *rng, char kind, bool with_special)
{
    if (kind == 'W')
        return 77;
    if (kind == 'u')
        return (gnl_real)gnl_rng_unit(rng);
    gnl_real x = with_special && gnl_rng_below(rng, 3) == 0
                     ? special_values[gnl_rng_below(rng, GNL_COUNT(special_values))]
                     : (gnl_real)(3 * gnl_rng_gauss(rng));
    return kind == 'p' || kind == 'P' ? fabsf((float)x) : x;
}

static void prepare(const entry *e, call pair[2], int64_t n, int index, bool back, bool with_special)
{
    gnl_rng rng = gnl_rng_make((uint64_t)n, GNL_STREAM_USER, (uint64_t)index + e->slot);
    for (int set = 0; set < 2; set++)
        pair[set].n = n, pair[set].index = index, pair[set].result = 0;
    for (int i = 0; e->kinds[i]; i++) {
        for (int set = 0; set < 2; set++)
            pair[set].x[i] = guarded_at(&arrays[set][i], n, back);
        for (int64_t j = 0; j < n; j++)
            pair[0].x[i][j] = pair[1].x[i][j] = number(&rng, e->kinds[i], with_special);
    }
}

/* Tolerance: 3e-6 of the larger value, plus cancellation errors of numbers of size `scale`. Where a product
 * overflows, a fused operation may still be finite. */
static bool agree(double a, double b, double scale)
{
    if (scale > 1e35 && !(isfinite(a) && isfinite(b)))
        return true;
    if (isnan(a) || isnan(b))
        return isnan(a) && isnan(b);
    if (isinf(a) || isinf(b))
        return a == b;
    return fabs(a - b) <= 3e-6 * fmax(fabs(a), fabs(b)) + 2e-6 * scale;
}

/* The largest product of the finite inputs at j, to which the rounding errors of an expression are proportional. */
static double scale_at(const entry *e, const call *before, int64_t j, bool with_special)
{
    double scale = 4;
    for (int i = 0; e->kinds[i] && with_special; i++) {
        double x = fabs((double)before->x[i][j]);
        scale *= isfinite(x) && x > 1 ? x : 1;
        scale = x > 88 && isfinite(x) ? fmax(scale, 1e36) : scale; /* its exponential overflows */
    }
    return scale;
}

/* Calls Check only for failures, since it stores a record for each assertion. */
static void compare(const entry *e, const call pair[2], uint32_t cpu, bool with_special)
{
    for (int i = 0; e->kinds[i]; i++)
        for (int64_t j = 0; j < pair[0].n; j++) {
            double plain = (double)pair[0].x[i][j], found = (double)pair[1].x[i][j];
            if (!agree(plain, found, scale_at(e, &pair[0], j, with_special)))
                ck_abort_msg("%s %d of set %u: n %lld, array %d, element %lld: %.9g, plain %.9g", e->name,
                             pair[0].index, cpu, (long long)pair[0].n, i, (long long)j, found, plain);
        }
    ck_assert_msg(with_special || agree(pair[0].result, pair[1].result, (double)pair[0].n + 1),
                  "%s of set %u: n %lld: %.12g, plain %.12g", e->name, cpu, (long long)pair[0].n, pair[1].result,
                  pair[0].result);
}

static void try_size(const entry *e, const gnl_kernels *k, int64_t n, bool with_special)
{
    bool all = e->slot == SLOT(act), smooth = e->slot == SLOT(act_backward) || e->slot == SLOT(act_second);
    for (int index = smooth ? GNL_ACT_SMOOTH : 0; index < (all || smooth ? GNL_ACT_COUNT : 1); index++)
        for (int back = 0; back < 2; back++) {
            call pair[2];
            prepare(e, pair, n, index, back, with_special);
            e->run(gnl_kernels_for(GENLAT_CPU_BASELINE), &pair[0]);
            e->run(k, &pair[1]);
            compare(e, pair, k->cpu, with_special);
        }
}

START_TEST(each_set_agrees_with_plain_c)
{
    for (int set = 0; set < (int)GNL_COUNT(sets); set++) {
        const gnl_kernels *k = kernels_of_set(set);
        if (!k)
            continue;
        for (int64_t n = 0; n <= 70; n++) {
            try_size(&entries[_i], k, n, false);
            try_size(&entries[_i], k, n, true);
        }
        try_size(&entries[_i], k, 1000, false);
        try_size(&entries[_i], k, MOST, false);
        try_size(&entries[_i], k, MOST - 3, true);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kernels");
    TCase *tests = tcase_create("kernels");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, map_arrays, unmap_arrays);
    tcase_add_test(tests, every_entry_is_in_the_list);
    tcase_add_loop_test(tests, each_set_agrees_with_plain_c, 0, (int)GNL_COUNT(entries));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
