/* SPDX-License-Identifier: MIT */
/* Models with each kind of latents, penalty and augmentation. Steps after the first one allocate nothing, and every
 * allocation may fail. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gan/gan_priv.h"
#include "latent/latent.h"
#include "support/counted.h"
#include "vae/vae.h"

enum { ROWS = 6, SIDE = 4, STEPS = 100, MOST = 64 };

/* ---- cases ----------------------------------------------------------------------------------- */

/* A family, and a setting that selects a kind. */
typedef struct kind_case {
    const char *family, *key, *kind;
    const char *posterior; /* which the kind needs; NULL: any */
} kind_case;

static kind_case cases[MOST];
static int count;

/* Kinds whose nets are large by default, and those that need an option to allocate. */
static const char *small_text(const char *kind)
{
    static const char *const texts[] = {"adversarial width=3", "factor width=3", "fill value=learned"};
    for (size_t i = 0; i < GNL_COUNT(texts); i++)
        if (strncmp(texts[i], kind, strlen(kind)) == 0 && texts[i][strlen(kind)] == ' ')
            return texts[i];
    return kind;
}

/* Adds the kinds of a table: pointers to structs that begin with the name, ended by NULL. */
static void add_table(const char *family, const char *key, const void *table)
{
    for (const void *const *kind = table; *kind; kind++) {
        if (count == MOST)
            abort();
        cases[count++] = (kind_case){family, key, small_text(*(const char *const *)*kind), NULL};
    }
}

/* Priors of codes need a discrete posterior, priors of groups one with groups. */
static void add_priors(void)
{
    for (int i = 0; gnl_prior_types[i]; i++) {
        const gnl_prior_type *p = gnl_prior_types[i];
        cases[count++] = (kind_case){"vae", "prior", p->kind.name, p->mass ? "vq" : p->condition ? "markov" : NULL};
    }
}

static void list_cases(void)
{
    add_table("vae", "posterior", gnl_posterior_types);
    add_priors();
    add_table("vae", "terms", gnl_term_types);
    add_table("vae", "bound", gnl_bound_types);
    add_table("vae", "missing", gnl_missing_types + 1); /* without refuse */
    add_table("gan", "penalties", gnl_gan_penalty_types);
    add_table("gan", "augment", gnl_augment_types);
}

static genlat_status build(genlat_ctx *ctx, const kind_case *k, genlat_model **out)
{
    static const char *const settings[][2] = {
        {"encoder", "flatten; dense units=3; relu"},
        {"decoder", "dense units=16"},
        {"samples", "2"},
        {"generator", "dense units=16"},
        {"discriminator", "flatten; dense units=3; tanh; dense units=1"},
    };
    const bool vae = strcmp(k->family, "vae") == 0, missing = strcmp(k->key, "missing") == 0;
    genlat_model_builder *b = NULL;
    genlat_status status = genlat_model_builder_new(ctx, k->family, &b);
    if (status != GENLAT_OK)
        return status;
    if (!vae)
        genlat_model_builder_preset(b, "mlp"); /* it has no penalty */
    genlat_model_builder_data(b, 3, (int64_t[]){1, SIDE, SIDE});
    genlat_model_builder_set(b, "latent", "2");
    if (missing) /* the inputs of the encoder differ */
        genlat_model_builder_set(b, "architecture", "mlp widths=3");
    for (int i = missing ? 2 : vae ? 0 : 3; i < (vae ? 3 : 5); i++)
        genlat_model_builder_set(b, settings[i][0], settings[i][1]);
    genlat_model_builder_set(b, k->key, k->kind);
    if (k->posterior)
        genlat_model_builder_set(b, "posterior", k->posterior);
    return genlat_model_build(&b, NULL, out);
}

/* ---- uses ------------------------------------------------------------------------------------ */

static genlat_status use(genlat_ctx *ctx, const kind_case *k, int steps, const counter *c)
{
    genlat_model *model = NULL;
    genlat_tensor *x = NULL, *drawn = NULL, *filled = NULL;
    const bool missing = strcmp(k->key, "missing") == 0;
    double terms[GENLAT_MAX_TERMS];
    genlat_status status = build(ctx, k, &model);
    if (status == GENLAT_OK)
        status = genlat_tensor_new(ctx, 4, (int64_t[]){ROWS, 1, SIDE, SIDE}, &x);
    if (status == GENLAT_OK && missing)
        genlat_tensor_data(x)[3] = NAN;
    if (status == GENLAT_OK)
        status = genlat_model_step(model, x, NULL, terms);
    const long before = c->calls;
    for (int i = 1; i < steps && status == GENLAT_OK; i++)
        status = genlat_model_step(model, x, NULL, terms);
    if (status == GENLAT_OK)
        ck_assert_msg(c->calls == before, "%s=%s: steps allocated %ld times", k->key, k->kind, c->calls - before);
    if (status == GENLAT_OK)
        status = genlat_model_sample(model, 3, NULL, NULL, &drawn);
    if (status == GENLAT_OK && missing)
        status = genlat_model_complete(model, x, NULL, NULL, &filled);
    genlat_tensor_destroy(&filled);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&drawn);
    genlat_model_destroy(&model);
    return status;
}

static genlat_status run(counter *c, const kind_case *k, int steps)
{
    genlat_ctx *ctx = NULL;
    genlat_status status = counted_ctx(c, 1, &ctx);
    if (status == GENLAT_OK)
        status = use(ctx, k, steps, c);
    genlat_ctx_destroy(&ctx);
    return status;
}

START_TEST(steps_allocate_nothing)
{
    counter c = {0};
    ck_assert_msg(run(&c, &cases[_i], STEPS) == GENLAT_OK, "%s=%s: %s", cases[_i].key, cases[_i].kind,
                  genlat_last_error());
    ck_assert_int_eq(c.live, 0);
}
END_TEST

START_TEST(every_allocation_may_fail)
{
    const kind_case *k = &cases[_i];
    counter c = {0};
    ck_assert_int_eq(run(&c, k, 2), GENLAT_OK);
    const long calls = c.calls;
    for (long n = 1; n <= calls; n++) {
        c = (counter){.fail_at = n};
        ck_assert_msg(run(&c, k, 2) == GENLAT_E_MEMORY, "%s=%s: allocation %ld of %ld fails: %s", k->key, k->kind, n,
                      calls, genlat_last_error());
        ck_assert_msg(c.live == 0, "%s=%s: allocation %ld of %ld fails: %ld blocks leaked", k->key, k->kind, n, calls,
                      (long)c.live);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kinds without memory");
    TCase *tests = tcase_create("every kind");
    list_cases();
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, steps_allocate_nothing, 0, count);
    tcase_add_loop_test(tests, every_allocation_may_fail, 0, count);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
