/* SPDX-License-Identifier: MIT */
/* VAEs with the kinds of latents of tests/support/own_kinds.c, which have trained parameters. These parameters are
 * trained, saved, restored, counted and used for samples like weights of nets. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "vae/vae_priv.h"

enum { ROWS = 32, SIZE = 5, LATENT = 3 };

static genlat_ctx *ctx;
static char path[64];

static void set_up(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
    snprintf(path, sizeof path, "/tmp/genlat-own-kinds-%ld.safetensors", (long)getpid());
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

static genlat_model *make_with(const char *bound, const char *terms, const char *optimizer, const char *term_optimizer)
{
    genlat_model_builder *b = NULL;
    genlat_model *model = NULL;
    const char *const pairs[] = {"architecture",   "mlp widths=6",
                                 "likelihood",     "gaussian sd=learned",
                                 "posterior",      "round",
                                 "prior",          "moved",
                                 "terms",          terms,
                                 "bound",          bound,
                                 "samples",        "2",
                                 "optimizer",      optimizer,
                                 "term_optimizer", term_optimizer};
    expect_ok(genlat_model_builder_new(ctx, "vae", &b));
    genlat_model_builder_data(b, 1, (int64_t[]){SIZE});
    genlat_model_builder_set_int(b, "latent", LATENT);
    for (size_t i = 0; i < GNL_COUNT(pairs); i += 2)
        genlat_model_builder_set(b, pairs[i], pairs[i + 1]);
    expect_ok(genlat_model_build(&b, NULL, &model));
    return model;
}

static genlat_model *make(const char *bound, const char *optimizer)
{
    return make_with(bound, "kl; pull weight=0.2", optimizer, "");
}

static genlat_tensor *data(void)
{
    genlat_tensor *x = NULL;
    gnl_rng rng = gnl_rng_make(3, GNL_STREAM_USER, 0);
    expect_ok(genlat_tensor_new(ctx, 2, (int64_t[]){ROWS, SIZE}, &x));
    gnl_rng_fill_normal(&rng, x->data, ROWS * SIZE);
    return x;
}

static gnl_part *part_of(genlat_model *model, const char *name)
{
    for (int i = 0; i < model->parts; i++)
        if (strcmp(model->part[i].name, name) == 0)
            return &model->part[i];
    ck_abort_msg("no part %s", name);
    return NULL;
}

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

START_TEST(kind_parameters_are_parts_of_the_model)
{
    genlat_model *model = make("elbo", "adam lr=0.01");
    const gnl_part *prior = part_of(model, "prior"), *pull = part_of(model, "pull");
    int64_t nets = genlat_net_size(model->net[0]) + genlat_net_size(model->net[1]);
    char text[8192];
    /* plus the learned standard deviation of the likelihood */
    ck_assert_int_eq(genlat_model_size(model), nets + LATENT + 1 + LATENT + 1);
    ck_assert_double_eq((double)prior->value[0], 0.25);
    ck_assert_double_eq((double)prior->state[0], 3);
    ck_assert_double_eq_tol((double)pull->value[0], 0.1, 1e-6);
    expect_ok(genlat_model_describe(model, text, sizeof text));
    for (const char *const *word = (const char *[]){"round", "moved", "kl; pull weight=0.2", NULL}; *word; word++)
        ck_assert_msg(strstr(text, *word) != NULL, "no %s in %s", *word, text);
    genlat_model_destroy(&model);
}
END_TEST

/* A small step lowers the objective by rate times the squared norm of the gradient, to which the kinds contribute. */
START_TEST(a_step_follows_the_gradient)
{
    static const char *const bounds[] = {"elbo", "importance"};
    const double rate = 1e-4;
    genlat_model *model = make(bounds[_i], "sgd lr=1e-4");
    genlat_tensor *x = data();
    genlat_vae_terms before = {.size = sizeof before}, after = before;
    double own = 0;
    expect_ok(genlat_vae_step(model, NULL, x, NULL, &before));
    for (const char *const *name = (const char *[]){"prior", "pull", NULL}; *name; name++) {
        const gnl_part *p = part_of(model, *name);
        for (int64_t i = 0; i < p->values; i++)
            own += (double)(p->grad[i] * p->grad[i]);
    }
    ck_assert_double_gt(own, 1e-4 * before.grad_norm * before.grad_norm);
    model->progress.passes = 0; /* use the same codes */
    expect_ok(genlat_vae_backward(model, x, NULL, &after));
    double fell = before.objective - after.objective, expected = rate * before.grad_norm * before.grad_norm;
    ck_assert_double_eq_tol(fell / expected, 1, 0.1);
    genlat_tensor_destroy(&x);
    genlat_model_destroy(&model);
}
END_TEST

START_TEST(files_hold_kind_parameters)
{
    genlat_model *model = make("elbo", "adam lr=0.01"), *loaded = NULL;
    genlat_tensor *x = data();
    for (int i = 0; i < 4; i++)
        expect_ok(genlat_vae_step(model, NULL, x, NULL, NULL));
    part_of(model, "prior")->state[1] = 8;
    expect_ok(genlat_model_save(model, path));
    expect_ok(genlat_model_load(ctx, path, &loaded));
    expect_same_parts(model, loaded);
    for (int i = 0; i < 4; i++) {
        expect_ok(genlat_vae_step(model, NULL, x, NULL, NULL));
        expect_ok(genlat_vae_step(loaded, NULL, x, NULL, NULL));
    }
    expect_same_parts(model, loaded); /* the moments are restored too */
    genlat_model_destroy(&loaded);
    expect_ok(genlat_model_export(model, path));
    expect_ok(genlat_model_load(ctx, path, &loaded));
    expect_same_parts(model, loaded);
    genlat_tensor_destroy(&x);
    genlat_model_destroy(&model);
    genlat_model_destroy(&loaded);
}
END_TEST

START_TEST(snapshots_and_failed_steps_restore_kind_parameters)
{
    genlat_model *model = make("importance", "adam lr=0.05"), *same = make("importance", "adam lr=0.05");
    genlat_tensor *x = data();
    gnl_real *kept = malloc((size_t)gnl_model_snapshot_size(model) * sizeof *kept);
    gnl_model_snapshot(model, kept);
    expect_ok(genlat_vae_step(model, NULL, x, NULL, NULL));
    ck_assert_mem_ne(part_of(model, "prior")->value, part_of(same, "prior")->value, LATENT * sizeof(gnl_real));
    gnl_model_restore(model, kept);
    expect_same_parts(model, same);
    x->data[3] = (gnl_real)NAN;
    ck_assert_int_eq(genlat_vae_step(model, NULL, x, NULL, NULL), GENLAT_E_NUMERIC);
    expect_same_parts(model, same);
    free(kept);
    genlat_tensor_destroy(&x);
    genlat_model_destroy(&model);
    genlat_model_destroy(&same);
}
END_TEST

/* An optimizer of the program trains them, unless its learning rate for them is 0. */
START_TEST(optimizers_train_kind_parameters)
{
    genlat_model *model = make("elbo", "sgd lr=0"), *same = make("elbo", "sgd lr=0");
    genlat_tensor *x = data();
    genlat_optim *optim = NULL;
    expect_ok(genlat_vae_step(model, NULL, x, NULL, NULL));
    ck_assert_double_eq((double)part_of(model, "prior")->state[0], 4); /* counts the steps, from 3 */
    part_of(model, "prior")->state[0] = 3;
    expect_same_parts(model, same);
    expect_ok(genlat_vae_optimizer(model, "sgd lr=0.1", &optim));
    expect_ok(genlat_vae_step(model, optim, x, NULL, NULL));
    for (const char *const *name = (const char *[]){"prior", "pull", "encoder", "decoder", "likelihood", NULL}; *name;
         name++) {
        const gnl_part *p = part_of(model, *name), *q = part_of(same, *name);
        ck_assert_mem_ne(p->value, q->value, (size_t)p->values * sizeof *p->value);
    }
    genlat_optim_destroy(&optim);
    genlat_tensor_destroy(&x);
    genlat_model_destroy(&model);
    genlat_model_destroy(&same);
}
END_TEST

/* The tensors of an adversarial term have an optimizer of their own, whose moments files keep. */
START_TEST(adversarial_terms_have_an_optimizer)
{
    genlat_model *model = make_with("elbo", "kl; push weight=0.2", "sgd lr=0", "adam lr=0.1"), *loaded = NULL;
    genlat_model *same = make_with("elbo", "kl; push weight=0.2", "sgd lr=0", "");
    genlat_tensor *x = data();
    expect_ok(genlat_vae_step(model, NULL, x, NULL, NULL));
    expect_ok(genlat_vae_step(same, NULL, x, NULL, NULL)); /* as optimizer, whose rate is 0 */
    const gnl_part *push = part_of(model, "push"), *still = part_of(same, "push");
    for (int64_t d = 0; d < LATENT; d++) {
        double moved = (double)(push->value[d] - still->value[d]);
        ck_assert_double_eq_tol(fabs(moved), 0.1, 1e-3); /* the first step of Adam */
        ck_assert_double_le(moved * (double)push->grad[d], 0);
    }
    ck_assert_mem_eq(model->part[0].value, same->part[0].value, (size_t)model->part[0].values * sizeof(gnl_real));
    expect_ok(genlat_model_save(model, path));
    expect_ok(genlat_model_load(ctx, path, &loaded));
    for (int i = 0; i < 3; i++) {
        expect_ok(genlat_vae_step(model, NULL, x, NULL, NULL));
        expect_ok(genlat_vae_step(loaded, NULL, x, NULL, NULL));
    }
    expect_same_parts(model, loaded);

    for (int i = 0; i < ROWS * SIZE; i++)
        x->data[i] *= (gnl_real)1e20; /* the loss is finite; gradients of the encoder are not, those of the term are */
    ck_assert_int_eq(genlat_vae_step(model, NULL, x, NULL, NULL), GENLAT_E_NUMERIC);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "gradient"));
    ck_assert(isfinite((double)part_of(model, "push")->grad[0]));
    expect_same_parts(model, loaded);
    ck_assert_int_eq(gnl_optim_steps(model->optimizer[GNL_VAE_ADVERSARY].optim), 4);
    genlat_tensor_destroy(&x);
    genlat_model_destroy(&model);
    genlat_model_destroy(&loaded);
    genlat_model_destroy(&same);
}
END_TEST

/* A term may train a net of its own; a second term of the same kind is a part with another name. */
START_TEST(an_optimizer_without_a_task_is_refused)
{
    genlat_model_builder *b = NULL;
    genlat_model *model = NULL;
    expect_ok(genlat_model_builder_new(ctx, "vae", &b));
    genlat_model_builder_data(b, 1, (int64_t[]){SIZE});
    genlat_model_builder_set(b, "term_optimizer", "adam lr=0.1");
    ck_assert_int_eq(genlat_model_build(&b, NULL, &model), GENLAT_E_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "term_optimizer is set"));
}
END_TEST

START_TEST(terms_train_nets)
{
    genlat_model *model = make_with("elbo", "kl; critic weight=0.2; critic weight=0.1", "adam lr=0.01", "sgd lr=0.1");
    genlat_model *loaded = NULL;
    genlat_tensor *x = data();
    const gnl_part *first = part_of(model, "critic"), *second = part_of(model, "critic_2");
    gnl_real before[64];
    ck_assert_int_eq(genlat_net_size(first->net), 4 * LATENT + 4 + 4 + 1);
    ck_assert_mem_ne(first->value, second->value, 4 * sizeof *first->value); /* initial values of their own */
    ck_assert_ptr_eq(first->net, gnl_vae_of(model)->latents->term[1]->kind.net);
    memcpy(before, first->value, (size_t)first->values * sizeof *before);
    expect_ok(genlat_vae_step(model, NULL, x, NULL, NULL));
    for (int64_t i = 0; i < first->values; i++) /* the critic goes up */
        ck_assert_double_eq_tol((double)(first->value[i] - before[i]), -0.1 * (double)gnl_part_grad(first)[i], 1e-6);
    expect_ok(genlat_model_save(model, path));
    expect_ok(genlat_model_load(ctx, path, &loaded));
    expect_same_parts(model, loaded);
    for (int i = 0; i < 3; i++) {
        expect_ok(genlat_vae_step(model, NULL, x, NULL, NULL));
        expect_ok(genlat_vae_step(loaded, NULL, x, NULL, NULL));
    }
    expect_same_parts(model, loaded);
    genlat_tensor_destroy(&x);
    genlat_model_destroy(&model);
    genlat_model_destroy(&loaded);
}
END_TEST

START_TEST(samples_come_from_the_trained_prior)
{
    enum { MANY = 4000 };
    genlat_model *model = make("elbo", "adam lr=0.01");
    const gnl_part *prior = part_of(model, "prior");
    genlat_tensor *z = NULL;
    prior->value[0] = 5;
    prior->value[prior->weight[1].offset] = (gnl_real)log(0.5);
    expect_ok(genlat_model_latents(model, MANY, NULL, &z));
    double mean = 0, square = 0;
    for (int i = 0; i < MANY; i++) {
        mean += (double)z->data[i * LATENT] / MANY;
        square += pow((double)z->data[i * LATENT] - 5, 2) / MANY;
    }
    ck_assert_double_eq_tol(mean, 5, 0.05);
    ck_assert_double_eq_tol(square, 0.25, 0.03);
    genlat_tensor_destroy(&z);
    genlat_model_destroy(&model);
}
END_TEST

/* The ELBO with a KL estimated by sampling, and the bound of importance sampling above it. */
START_TEST(likelihoods_are_estimated)
{
    genlat_model *model = make("elbo", "adam lr=0.01");
    genlat_tensor *x = data();
    genlat_vae_terms t = {.size = sizeof t};
    double nll[ROWS], mean = 0;
    expect_ok(genlat_vae_elbo(model, x, NULL, 400, 3, &t));
    expect_ok(genlat_vae_log_likelihood(model, x, NULL, 2000, 3, nll));
    for (int i = 0; i < ROWS; i++)
        mean += nll[i] / ROWS;
    ck_assert_double_lt(mean, t.neg_elbo);
    ck_assert_double_gt(mean, 0.5 * t.neg_elbo);
    genlat_tensor_destroy(&x);
    genlat_model_destroy(&model);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("own kinds");
    TCase *tests = tcase_create("vae");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, kind_parameters_are_parts_of_the_model);
    tcase_add_loop_test(tests, a_step_follows_the_gradient, 0, 2);
    tcase_add_test(tests, files_hold_kind_parameters);
    tcase_add_test(tests, snapshots_and_failed_steps_restore_kind_parameters);
    tcase_add_test(tests, optimizers_train_kind_parameters);
    tcase_add_test(tests, adversarial_terms_have_an_optimizer);
    tcase_add_test(tests, an_optimizer_without_a_task_is_refused);
    tcase_add_test(tests, terms_train_nets);
    tcase_add_test(tests, samples_come_from_the_trained_prior);
    tcase_add_test(tests, likelihoods_are_estimated);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
