/* SPDX-License-Identifier: MIT */
/* Small VAEs with each kind of latents and each of its options: files resume the training exactly, and every use of the
 * model gives finite numbers that agree with each other. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/latent_kinds.h"
#include "vae/vae_priv.h"

enum { ROWS = 24, SIZE = 5, LATENT = 3, MOST = 128 };

static genlat_ctx *ctx;
static char path[64];

static void list_cases(void);

static void set_up(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
    list_cases();
    snprintf(path, sizeof path, "/tmp/genlat-vae-kinds-%ld.safetensors", (long)getpid());
}

static void tear_down(void)
{
    unlink(path);
    genlat_ctx_destroy(&ctx);
}

static void expect_ok(genlat_status status)
{
    ck_assert_msg(status == GENLAT_OK, "%s", genlat_last_error());
}

/* ---- cases ----------------------------------------------------------------------------------- */

/* A setting and its value, such as "bound" and "renyi alpha=0.4". */
static struct {
    const char *key;
    char text[2 * VARIANT_TEXT];
} cases[MOST];
static int count;

static void add_kinds(const char *key, const void *table)
{
    static variants v;
    v.count = 0;
    for (const void *const *type = table; *type; type++)
        add_variants(&v, ((const gnl_kind_type *)*type)->name, ((const gnl_kind_type *)*type)->options);
    for (int i = 0; i < v.count; i++) {
        ck_assert_int_lt(count, MOST);
        cases[count].key = key;
        snprintf(cases[count++].text, sizeof cases->text, "%s%s", strcmp(key, "terms") ? "" : "kl beta=0.5; ",
                 v.text[i]);
    }
}

static const char *const keys[] = {"posterior", "prior", "terms", "bound"};

static void list_cases(void)
{
    const void *const tables[] = {gnl_posterior_types, gnl_prior_types, gnl_term_types, gnl_bound_types};
    count = 0;
    for (size_t i = 0; i < GNL_COUNT(keys); i++)
        add_kinds(keys[i], tables[i]);
}

/* The option that makes the posterior a point also leaves out the KL term. */
static genlat_model *make(int i)
{
    static const char *const pairs[] = {"architecture",        "mlp widths=6", "likelihood",
                                        "gaussian sd=learned", "samples",      "2",
                                        "optimizer",           "adam lr=0.01"};
    genlat_model_builder *b = NULL;
    genlat_model *model = NULL;
    expect_ok(genlat_model_builder_new(ctx, "vae", &b));
    genlat_model_builder_data(b, 1, (int64_t[]){SIZE});
    genlat_model_builder_set_int(b, "latent", LATENT);
    for (size_t k = 0; k < GNL_COUNT(pairs); k += 2)
        genlat_model_builder_set(b, pairs[k], pairs[k + 1]);
    if (strcmp(cases[i].text, "point") == 0)
        genlat_model_builder_set(b, "kind", "plain");
    else
        genlat_model_builder_set(b, cases[i].key, cases[i].text);
    if (strcmp(cases[i].key, "prior") == 0 && prior_type_of(cases[i].text)->mass)
        genlat_model_builder_set(b, "posterior", "vq codes=16");
    if (strcmp(cases[i].key, "prior") == 0 && prior_type_of(cases[i].text)->condition)
        genlat_model_builder_set(b, "posterior", "markov");
    ck_assert_msg(genlat_model_build(&b, NULL, &model) == GENLAT_OK, "%s=%s: %s", cases[i].key, cases[i].text,
                  genlat_last_error());
    return model;
}

static genlat_tensor *data(void)
{
    genlat_tensor *x = NULL;
    gnl_rng rng = gnl_rng_make(3, GNL_STREAM_USER, 0);
    expect_ok(genlat_tensor_new(ctx, 2, (int64_t[]){ROWS, SIZE}, &x));
    gnl_rng_fill_normal(&rng, x->data, ROWS * SIZE);
    return x;
}

static void train(genlat_model *model, const genlat_tensor *x, int steps)
{
    for (int i = 0; i < steps; i++)
        expect_ok(genlat_vae_step(model, NULL, x, NULL, NULL));
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void expect_same_parts(const genlat_model *a, const genlat_model *b)
{
    ck_assert_int_eq(a->parts, b->parts);
    for (int i = 0; i < a->parts; i++) {
        const gnl_part *p = &a->part[i], *q = &b->part[i];
        ck_assert_str_eq(p->name, q->name);
        if (p->value)
            ck_assert_mem_eq(p->value, q->value, (size_t)p->values * sizeof *p->value);
        if (p->state)
            ck_assert_mem_eq(p->state, q->state, (size_t)p->states * sizeof *p->state);
    }
}

static void each_case(const char *key, void (*check)(int i))
{
    for (int i = 0; i < count; i++)
        if (strcmp(cases[i].key, key) == 0)
            check(i);
}

static void check_resume(int i)
{
    genlat_model *model = make(i), *loaded = NULL;
    genlat_tensor *x = data();
    train(model, x, 2);
    expect_ok(genlat_model_save(model, path));
    expect_ok(genlat_model_load(ctx, path, &loaded));
    expect_same_parts(model, loaded);
    train(model, x, 2);
    train(loaded, x, 2);
    expect_same_parts(model, loaded);
    genlat_tensor_destroy(&x);
    genlat_model_destroy(&model);
    genlat_model_destroy(&loaded);
}

START_TEST(training_resumes_exactly)
{
    each_case(keys[_i], check_resume);
}
END_TEST

static void expect_finite(int i, const char *what, genlat_tensor **tensor)
{
    for (int64_t k = 0; k < gnl_shape_count(&(*tensor)->shape); k++)
        ck_assert_msg(isfinite((double)(*tensor)->data[k]), "%s=%s: %s has %g", cases[i].key, cases[i].text, what,
                      (double)(*tensor)->data[k]);
    genlat_tensor_destroy(tensor);
}

static void check_numbers(int i)
{
    genlat_model *model = make(i);
    genlat_tensor *x = data(), *mean = NULL, *logvar = NULL, *z = NULL, *again = NULL, *drawn = NULL;
    train(model, x, 2);
    expect_ok(genlat_vae_encode(model, x, NULL, &mean, &logvar));
    expect_ok(genlat_vae_encode_sample(model, x, NULL, 4, &z));
    expect_ok(genlat_vae_encode_sample(model, x, NULL, 4, &again));
    ck_assert_mem_eq(z->data, again->data, ROWS * LATENT * sizeof(gnl_real));
    expect_ok(genlat_model_sample(model, 5, NULL, NULL, &drawn));
    expect_finite(i, "mean", &mean);
    expect_finite(i, "logvar", &logvar);
    expect_finite(i, "z", &z);
    expect_finite(i, "sample", &drawn);
    genlat_tensor_destroy(&again);
    genlat_tensor_destroy(&x);
    genlat_model_destroy(&model);
}

START_TEST(codes_and_samples_are_finite)
{
    each_case(keys[_i], check_numbers);
}
END_TEST

/* The mean of the negative ELBO over many codes is above the importance-sampled likelihood. */
static void check_likelihood(int i)
{
    genlat_model *model = make(i);
    genlat_tensor *x = data();
    genlat_vae_terms terms = {.size = sizeof terms};
    double nll[ROWS], mean = 0;
    train(model, x, 2);
    expect_ok(genlat_vae_elbo(model, x, NULL, 100, 7, &terms));
    ck_assert_double_eq_tol(terms.neg_elbo, terms.recon + terms.kl, 1e-9 * fabs(terms.neg_elbo));
    if (gnl_posterior_has_density(gnl_vae_of(model)->latents->posterior->type)) {
        expect_ok(genlat_vae_log_likelihood(model, x, NULL, 400, 7, nll));
        for (int r = 0; r < ROWS; r++)
            mean += nll[r] / ROWS;
        ck_assert_msg(isfinite(mean) && mean < terms.neg_elbo, "%s=%s: -log p %g, -ELBO %g", cases[i].key,
                      cases[i].text, mean, terms.neg_elbo);
    } else {
        ck_assert_int_eq(genlat_vae_log_likelihood(model, x, NULL, 4, 7, nll), GENLAT_E_UNSUPPORTED);
    }
    genlat_tensor_destroy(&x);
    genlat_model_destroy(&model);
}

START_TEST(likelihoods_are_above_the_elbo)
{
    each_case(keys[_i], check_likelihood);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kinds in a vae");
    TCase *tests = tcase_create("every kind");
    tcase_set_timeout(tests, 30);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, training_resumes_exactly, 0, (int)GNL_COUNT(keys));
    tcase_add_loop_test(tests, codes_and_samples_are_finite, 0, (int)GNL_COUNT(keys));
    tcase_add_loop_test(tests, likelihoods_are_above_the_elbo, 0, (int)GNL_COUNT(keys));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
