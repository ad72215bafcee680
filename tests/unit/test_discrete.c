/* SPDX-License-Identifier: MIT */
/* Discrete posteriors and priors of codes: lookup, start and updates of code books, probabilities that sum to one and
 * match samples; models with them: latent maps, codes as whole numbers, exact resume. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/latent_rig.h"
#include "vae/vae_priv.h"

static genlat_ctx *ctx;

static void set_up(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
}

static void tear_down(void)
{
    genlat_ctx_destroy(&ctx);
}

static void expect_ok(genlat_status status)
{
    ck_assert_msg(status == GENLAT_OK, "%s", genlat_last_error());
}

static void open_rig(latent_rig *r, const char *posterior, const char *prior, int64_t rows, int64_t dims)
{
    const gnl_latent_spec spec = {posterior, prior, "", "elbo", dims};
    expect_ok(latent_rig_open(r, ctx, &spec, rows, 1));
    latent_rig_fill(r, 7);
}

/* ---- posteriors ------------------------------------------------------------------------------ */

static const char *const posteriors[] = {
    "vq codes=16 width=3",   "vq codes=8 width=2 books=3", "vq", "fsq", "fsq levels=8x5x2",
    "categorical classes=3", "categorical hard=yes"};

/* The most probable codes are those of the mean; the vectors of codes are channels of a map. */
START_TEST(indices_stand_for_the_mean)
{
    enum { ROWS = 20, DIMS = 6 };
    latent_rig r;
    gnl_real mean[ROWS * DIMS], z[ROWS * DIMS];
    open_rig(&r, posteriors[_i], "uniform", ROWS, DIMS);
    const gnl_posterior *q = r.latents->posterior;
    q->type->mean(q, &r.code, mean);
    for (int i = 0; i < ROWS * q->codes.count; i++)
        ck_assert(r.code.index[i] >= 0 && r.code.index[i] < q->codes.size);
    q->type->lookup(q, ROWS, r.code.index, z);
    ck_assert_mem_eq(mean, z, sizeof z);
    gnl_latents_draw(r.latents, &r.code);
    ck_assert_int_eq(memcmp(r.code.z, z, sizeof z) == 0, q->type->noise == NULL);
    latent_rig_close(&r);
}
END_TEST

/* The index of fsq is a number whose digits are the levels, the first channel lowest. */
START_TEST(levels_are_digits)
{
    latent_rig r;
    const gnl_real head[] = {-9, 0, 9, 0}, expected[] = {-1, 0, 1, 0};
    open_rig(&r, "fsq levels=3x5", "uniform", 1, 4);
    memcpy(r.head[0], head, sizeof head);
    gnl_latents_draw(r.latents, &r.code);
    ck_assert_mem_eq(r.code.z, expected, sizeof expected);
    ck_assert_int_eq(r.code.index[0], 0 + 3 * 4);
    ck_assert_int_eq(r.code.index[1], 1 + 3 * 2);
    latent_rig_close(&r);
}
END_TEST

static double error_of(latent_rig *r)
{
    double total = 0;
    gnl_latents_draw(r->latents, &r->code);
    for (int64_t i = 0; i < r->code.rows * r->code.dims; i++)
        total += pow((double)(r->code.z[i] - r->head[0][i]), 2);
    return total;
}

/* The first step places the codes by k-means; residual books come closer. Codes that are not used are replaced. */
START_TEST(books_start_and_keep_their_codes_in_use)
{
    enum { ROWS = 200, DIMS = 4 };
    static const char *const texts[] = {"vq codes=32 width=2", "vq codes=32 width=2 books=2"};
    double before[2], after[2];
    for (int i = 0; i < 2; i++) {
        latent_rig r;
        open_rig(&r, texts[i], "uniform", ROWS, DIMS);
        before[i] = error_of(&r);
        gnl_latents_after_step(r.latents, &r.code);
        after[i] = error_of(&r);
        ck_assert_double_lt(after[i], 0.5 * before[i]);
        gnl_numbers *numbers = &r.latents->posterior->kind.numbers;
        gnl_real *code = gnl_numbers_data(numbers, 0), *count = gnl_numbers_data(numbers, 1);
        gnl_real *sum = gnl_numbers_data(numbers, 2);
        count[5] = 0;
        code[10] = code[11] = 100;
        sum[10] = sum[11] = 0;
        gnl_latents_draw(r.latents, &r.code);
        gnl_latents_after_step(r.latents, &r.code);
        int same = 0;
        for (int v = 0; v < ROWS * 2; v++)
            same += r.head[0][v / 2 * DIMS + v % 2] == code[10] && r.head[0][v / 2 * DIMS + v % 2 + 2] == code[11];
        ck_assert_int_ge(same, 1);
        latent_rig_close(&r);
    }
    ck_assert_double_lt(after[1], 0.5 * after[0]);
}
END_TEST

/* One step with the vectors 1, 3 and 11. The codes are 0, used twice, and 10, used once. */
static const struct average {
    const char *posterior;
    int steps; /* before */
    double code[2];
} averages[] = {
    {"vq codes=2 decay=0.5 revive=0 smoothing=0", 100, {2 / 2.0, 10.5}},
    {"vq codes=2 decay=0.5 revive=0 smoothing=0", 2, {3 / 2.0, 10.75}}, /* the decay is 3/12 */
    {"vq codes=2 decay=0.5 revive=0 smoothing=1", 100, {2 / 1.8, 10.5 / 1.2}},
    {"vq codes=2 decay=0.5 revive=0.6 smoothing=0", 100, {1, 10.5}}, /* at least 0.9 of a mean usage of 1.5 */
    {"vq codes=2 decay=0.5 revive=0.7 smoothing=0", 100, {1, -1}},   /* -1: replaced by a vector */
};

START_TEST(codes_are_running_averages)
{
    const struct average *a = &averages[_i];
    latent_rig r;
    const gnl_real head[] = {1, 3, 11};
    open_rig(&r, a->posterior, "uniform", 3, 1);
    gnl_numbers *n = &r.latents->posterior->kind.numbers;
    gnl_real *code = gnl_numbers_data(n, 0), *count = gnl_numbers_data(n, 1), *sum = gnl_numbers_data(n, 2);
    memcpy(code, (gnl_real[]){0, 10}, 2 * sizeof *code);
    memcpy(count, (gnl_real[]){2, 1}, 2 * sizeof *count);
    memcpy(sum, (gnl_real[]){0, 10}, 2 * sizeof *sum);
    gnl_numbers_data(n, 3)[0] = (gnl_real)a->steps;
    memcpy(r.head[0], head, sizeof head);
    gnl_latents_draw(r.latents, &r.code);
    gnl_latents_after_step(r.latents, &r.code);
    for (int k = 0; k < 2; k++)
        if (a->code[k] >= 0)
            ck_assert_double_eq_tol((double)code[k], a->code[k], 1e-5);
        else {
            ck_assert(code[k] == head[0] || code[k] == head[1] || code[k] == head[2]);
            ck_assert_double_eq_tol((double)count[k], 1.5, 1e-6);
            ck_assert_double_eq_tol((double)sum[k], 1.5 * (double)code[k], 1e-5);
        }
    ck_assert_double_eq((double)gnl_numbers_data(n, 3)[0], a->steps + 1);
    latent_rig_close(&r);
}
END_TEST

/* The temperature falls to its end. */
START_TEST(temperatures_are_annealed)
{
    latent_rig r;
    open_rig(&r, "categorical temperature=2 final=1 anneal=0.25", "uniform", 2, 3);
    const gnl_real *temperature = gnl_numbers_data(&r.latents->posterior->kind.numbers, 0);
    static const double expected[] = {2, 1.5, 1.125, 1, 1};
    for (int i = 0; i < 5; i++) {
        ck_assert_double_eq_tol((double)*temperature, expected[i], 1e-6);
        gnl_latents_after_step(r.latents, &r.code);
    }
    latent_rig_close(&r);
}
END_TEST

/* The closed form equals the mean of log q - log p over draws. */
START_TEST(the_kl_of_classes_is_exact)
{
    enum { ROWS = 20000, DIMS = 6 };
    latent_rig r;
    static double ratio[ROWS];
    double mean = 0, square = 0;
    open_rig(&r, "categorical classes=3", "uniform", ROWS, DIMS);
    for (int i = DIMS; i < ROWS * DIMS; i++)
        r.head[0][i] = r.head[0][i % DIMS];
    gnl_latents_draw(r.latents, &r.code);
    const double kl = gnl_latents_kl(r.latents, &r.code);
    gnl_latents_ratio(r.latents, &r.code, 0, ratio);
    for (int i = 0; i < ROWS; i++) {
        mean += ratio[i] / ROWS;
        square += ratio[i] * ratio[i] / ROWS;
    }
    ck_assert_double_eq_tol(kl, mean, 4.5 * sqrt((square - mean * mean) / ROWS));
    latent_rig_close(&r);
}
END_TEST

/* ---- priors ---------------------------------------------------------------------------------- */

/* At temperature 20 the probabilities of the first of two codes, of 3 classes, are proportional to p^(1/20). */
static void expect_flatter(const double *mass, const int32_t *index, int draws)
{
    double p[3], total = 0;
    for (int k = 0; k < 3; k++) {
        p[k] = pow(exp(mass[3 * k]) + exp(mass[3 * k + 1]) + exp(mass[3 * k + 2]), 0.05);
        total += p[k];
    }
    for (int k = 0; k < 3; k++) {
        int found = 0;
        for (int i = 0; i < draws; i++)
            found += index[2 * i] == k;
        ck_assert_double_eq_tol((double)found / draws, p[k] / total, 4.5 * 0.5 / sqrt(draws));
    }
}

/* The probabilities of all pairs of codes sum to 1 and are the frequencies of samples; temperature 0 chooses the most
 * probable code. */
START_TEST(probabilities_match_samples)
{
    enum { ALL = 9, DRAWS = 4000 };
    static gnl_rng rng[DRAWS];
    static int32_t index[DRAWS * 2];
    const gnl_prior_type *type = gnl_prior_types[_i];
    double mass[ALL], total = 0;
    int found[ALL] = {0};
    latent_rig r;
    if (!type->mass)
        return;
    open_rig(&r, "fsq levels=3", type->kind.name, DRAWS, 2);
    gnl_kind *kind = &r.latents->prior->kind;
    if (kind->net) { /* probabilities that differ */
        const gnl_part part = gnl_part_of_net(kind->net, "prior", 0);
        for (int64_t i = 0; i < part.values; i++)
            part.value[i] *= 3;
    }
    r.code.rows = ALL;
    for (int i = 0; i < ALL; i++) {
        r.code.index[2 * i] = i / 3;
        r.code.index[2 * i + 1] = i % 3;
    }
    gnl_latents_prepare(r.latents, &r.code);
    type->mass(r.latents->prior, &r.code, 0, mass);
    for (int i = 0; i < DRAWS; i++)
        rng[i] = gnl_rng_make(2, GNL_STREAM_USER, (uint64_t)i);
    type->sample_codes(r.latents->prior, &r.code, DRAWS, rng, &(gnl_prior_draw){1, 0}, index);
    for (int i = 0; i < DRAWS; i++)
        found[3 * index[2 * i] + index[2 * i + 1]]++;
    for (int i = 0; i < ALL; i++) {
        const double p = exp(mass[i]);
        total += p;
        ck_assert_double_eq_tol((double)found[i] / DRAWS, p, 4.5 * sqrt(p * (1 - p) / DRAWS) + 1e-9);
    }
    ck_assert_double_eq_tol(total, 1, 1e-5);
    for (int i = 0; i < DRAWS; i++)
        rng[i] = gnl_rng_make(3, GNL_STREAM_USER, (uint64_t)i);
    type->sample_codes(r.latents->prior, &r.code, DRAWS, rng, &(gnl_prior_draw){20, 0}, index);
    expect_flatter(mass, index, DRAWS);
    latent_rig_close(&r);
}
END_TEST

/* A sample depends on its own random numbers only. */
START_TEST(samples_do_not_depend_on_others)
{
    enum { MANY = 70, DIMS = 6 };
    gnl_real all[MANY * DIMS], last[DIMS];
    gnl_rng rng[MANY];
    latent_rig r;
    open_rig(&r, "vq codes=7 width=2", "autoregressive units=4 kernel=2", MANY, DIMS);
    for (int i = 0; i < MANY; i++)
        rng[i] = gnl_rng_make(2, GNL_STREAM_USER, (uint64_t)i);
    gnl_latents_prepare(r.latents, &r.code);
    gnl_latents_sample(r.latents, &r.code, MANY, rng, &(gnl_prior_draw){1, 0}, all);
    rng[0] = gnl_rng_make(2, GNL_STREAM_USER, MANY - 1);
    gnl_latents_sample(r.latents, &r.code, 1, rng, &(gnl_prior_draw){1, 0}, last);
    ck_assert_mem_eq(last, all + (MANY - 1) * DIMS, sizeof last);
    latent_rig_close(&r);
}
END_TEST

/* ---- models ---------------------------------------------------------------------------------- */

enum { ROWS = 6, SIDE = 9, SIZE = SIDE * SIDE };

#define VQ "vq codes=16 width=2"

static genlat_status build(const char *posterior, const char *condition, genlat_model **out)
{
    genlat_model_builder *b = NULL;
    expect_ok(genlat_model_builder_new(ctx, "vae", &b));
    genlat_model_builder_data(b, 3, (int64_t[]){1, SIDE, SIDE});
    genlat_model_builder_set(b, "architecture", "map widths=4x6 channels=2");
    genlat_model_builder_set(b, "posterior", posterior);
    genlat_model_builder_set(b, "prior", "autoregressive units=4 layers=1 kernel=3");
    if (condition)
        genlat_model_builder_set(b, "condition", condition);
    return genlat_model_build(&b, NULL, out);
}

static genlat_tensor *data(void)
{
    genlat_tensor *x = NULL;
    gnl_rng rng = gnl_rng_make(1, GNL_STREAM_USER, 0);
    expect_ok(genlat_tensor_new(ctx, 4, (int64_t[]){ROWS, 1, SIDE, SIDE}, &x));
    for (int i = 0; i < ROWS * SIZE; i++)
        genlat_tensor_data(x)[i] = (float)gnl_rng_unit(&rng);
    return x;
}

static void step(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels, int times)
{
    double terms[GENLAT_MAX_TERMS];
    for (int i = 0; i < times; i++)
        expect_ok(genlat_model_step(model, x, labels, terms));
}

/* A map has the sides of the data divided by 2 for each width, rounded up. Decoded codes are the reconstruction. */
START_TEST(codes_are_whole_numbers)
{
    genlat_model *model = NULL;
    genlat_tensor *x = data(), *codes = NULL, *z = NULL, *decoded = NULL, *same = NULL;
    genlat_source *source = NULL;
    int64_t count = 0, size = 0, used = 0;
    double perplexity = 0;
    expect_ok(build(VQ, NULL, &model));
    step(model, x, NULL, 3);
    expect_ok(genlat_vae_codes(model, &count, &size));
    ck_assert_int_eq(count, 3 * 3);
    ck_assert_int_eq(size, 16);
    ck_assert_int_eq(genlat_model_latent(model), 2 * count);
    expect_ok(genlat_vae_encode_codes(model, x, NULL, &codes));
    ck_assert_int_eq(genlat_tensor_dim(codes, 1), count);
    expect_ok(genlat_vae_codes_to_latents(model, codes, &z));
    expect_ok(genlat_model_decode(model, z, NULL, &decoded));
    expect_ok(genlat_model_reconstruct(model, x, NULL, &same));
    ck_assert_mem_eq(genlat_tensor_data(decoded), genlat_tensor_data(same), ROWS * SIZE * sizeof(float));
    expect_ok(genlat_source_memory(ctx, x, NULL, &source));
    expect_ok(genlat_vae_code_usage(model, source, &used, &perplexity));
    ck_assert(used >= 1 && used <= 16 && perplexity >= 1 && perplexity <= (double)used + 1e-9);
    genlat_tensor_destroy(&z);
    genlat_tensor_data(codes)[3] = 16;
    ck_assert_int_eq(genlat_vae_codes_to_latents(model, codes, &z), GENLAT_E_RANGE);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "16, whole numbers from 0 to 15 expected"));
    genlat_tensor_data(codes)[3] = 0.5f;
    ck_assert_int_eq(genlat_vae_codes_to_latents(model, codes, &z), GENLAT_E_RANGE);
    ck_assert_int_eq(genlat_vae_codes_to_latents(model, x, &z), GENLAT_E_SHAPE);
    ck_assert_ptr_null(z);
    genlat_source_destroy(&source);
    genlat_tensor_destroy(&codes);
    genlat_tensor_destroy(&decoded);
    genlat_tensor_destroy(&same);
    genlat_tensor_destroy(&x);
    genlat_model_destroy(&model);
}
END_TEST

START_TEST(other_posteriors_have_no_codes)
{
    genlat_model_builder *b = NULL;
    genlat_model *model = NULL;
    genlat_tensor *x = data(), *out = NULL;
    int64_t count = 0;
    expect_ok(genlat_model_builder_new(ctx, "vae", &b));
    genlat_model_builder_data(b, 3, (int64_t[]){1, SIDE, SIDE});
    expect_ok(genlat_model_build(&b, NULL, &model));
    ck_assert_int_eq(genlat_vae_codes(model, &count, NULL), GENLAT_E_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "posterior=vq"));
    ck_assert_int_eq(genlat_vae_encode_codes(model, x, NULL, &out), GENLAT_E_UNSUPPORTED);
    ck_assert_int_eq(genlat_vae_codes_to_latents(model, x, &out), GENLAT_E_UNSUPPORTED);
    genlat_tensor_destroy(&x);
    genlat_model_destroy(&model);
}
END_TEST

/* A code for the whole of a map is refused, as it wastes the map. */
START_TEST(codes_must_fit_the_map)
{
    genlat_model *model = NULL;
    ck_assert_int_eq(build("vq codes=16", NULL, &model), GENLAT_E_INVALID);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "should have the 2 channels of the map"));
    ck_assert_ptr_null(model);
}
END_TEST

/* The steps of a semi do not include the loss of a posterior. */
START_TEST(semi_refuses_losses_of_posteriors)
{
    genlat_model_builder *b = NULL;
    genlat_model *model = NULL;
    expect_ok(genlat_model_builder_new(ctx, "semi", &b));
    genlat_model_builder_data(b, 3, (int64_t[]){1, SIDE, SIDE});
    genlat_model_builder_set(b, "condition", "classes=3");
    genlat_model_builder_set(b, "posterior", "vq");
    ck_assert_int_eq(genlat_model_build(&b, NULL, &model), GENLAT_E_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "vq has a loss of its own"));
}
END_TEST

START_TEST(maps_take_conditions)
{
    genlat_model *model = NULL;
    genlat_tensor *x = data(), *labels = NULL, *drawn = NULL;
    expect_ok(genlat_tensor_new(ctx, 1, (int64_t[]){ROWS}, &labels));
    expect_ok(build(VQ, "classes=3", &model));
    step(model, x, labels, 2);
    expect_ok(genlat_model_sample(model, 3, NULL, NULL, &drawn));
    genlat_tensor_destroy(&drawn);
    genlat_tensor_destroy(&labels);
    genlat_tensor_destroy(&x);
    genlat_model_destroy(&model);
}
END_TEST

static void expect_same_file(const char *a, const char *b)
{
    FILE *first = fopen(a, "rb"), *second = fopen(b, "rb");
    int x = 0, y = 0;
    ck_assert(first && second);
    do {
        x = fgetc(first);
        y = fgetc(second);
        ck_assert_int_eq(x, y);
    } while (x != EOF);
    fclose(first);
    fclose(second);
}

/* Evaluation and use change nothing. Two steps, a file and two more steps are four steps, bit for bit. */
START_TEST(resumed_training_is_exact)
{
    static const char *const texts[] = {VQ " revive=1", "fsq levels=3x4", VQ " books=2"};
    genlat_model *whole = NULL, *model = NULL;
    genlat_tensor *x = data(), *codes = NULL;
    char names[2][64];
    for (int i = 0; i < 2; i++)
        snprintf(names[i], sizeof names[i], "discrete_%d_%d_%d.safetensors", (int)getpid(), _i, i);
    expect_ok(build(texts[_i], NULL, &whole));
    expect_ok(build(texts[_i], NULL, &model));
    step(whole, x, NULL, 4);
    step(model, x, NULL, 2);
    expect_ok(genlat_vae_encode_codes(model, x, NULL, &codes));
    expect_ok(genlat_model_save(model, names[0]));
    genlat_model_destroy(&model);
    expect_ok(genlat_model_load(ctx, names[0], &model));
    step(model, x, NULL, 2);
    expect_ok(genlat_model_save(model, names[0]));
    expect_ok(genlat_model_save(whole, names[1]));
    expect_same_file(names[0], names[1]);
    for (int i = 0; i < 2; i++)
        remove(names[i]);
    genlat_tensor_destroy(&codes);
    genlat_tensor_destroy(&x);
    genlat_model_destroy(&whole);
    genlat_model_destroy(&model);
}
END_TEST

int main(void)
{
    int priors = 0;
    while (gnl_prior_types[priors])
        priors++;
    Suite *suite = suite_create("discrete");
    TCase *tests = tcase_create("codes");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, indices_stand_for_the_mean, 0, (int)GNL_COUNT(posteriors));
    tcase_add_test(tests, levels_are_digits);
    tcase_add_test(tests, books_start_and_keep_their_codes_in_use);
    tcase_add_loop_test(tests, codes_are_running_averages, 0, (int)GNL_COUNT(averages));
    tcase_add_test(tests, temperatures_are_annealed);
    tcase_add_test(tests, the_kl_of_classes_is_exact);
    tcase_add_loop_test(tests, probabilities_match_samples, 0, priors);
    tcase_add_test(tests, samples_do_not_depend_on_others);
    tcase_add_test(tests, codes_are_whole_numbers);
    tcase_add_test(tests, other_posteriors_have_no_codes);
    tcase_add_test(tests, codes_must_fit_the_map);
    tcase_add_test(tests, semi_refuses_losses_of_posteriors);
    tcase_add_test(tests, maps_take_conditions);
    tcase_add_loop_test(tests, resumed_training_is_exact, 0, 3);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
