/* SPDX-License-Identifier: MIT */
/* Whole semi-supervised VAEs in double: gradients of the loss by every weight against central differences, and the loss
 * against its definition. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "support/slopes.h"
#include "vae/semi_priv.h"
#include "genlat/predictor.h"

enum { ROWS = 5, CLASSES = 3, SIZE = 6 };

/* An update by this learning rate changes no weight, and leaves the gradients in place. */
static const char still[] = "sgd lr=1e-300";

static const struct semi_case {
    const char *name;
    const char *pair[8];
    gnl_real label[ROWS];
} cases[] = {
    {"some labels", {"beta", "0.7", NULL}, {-1, 2, -1, 0, -1}},
    {"no labels", {NULL}, {-1, -1, -1, -1, -1}},
    {"all labels", {"label_loss", "cross_entropy weight=3", NULL}, {1, 2, 0, 0, 1}},
    {"a divergence by sampling", {"prior", "mixture components=2", NULL}, {-1, 2, -1, 0, 1}},
    {"a full covariance", {"posterior", "gaussian_full", NULL}, {-1, 2, -1, 0, 1}},
    {"a flow", {"posterior", "iaf steps=2 width=4", NULL}, {-1, 2, -1, 0, 1}},
    {"a trained prior", {"prior", "flow layers=2 width=4", NULL}, {-1, 2, -1, 0, 1}},
    {"a likelihood with a parameter", {"likelihood", "gaussian sd=learned", NULL}, {-1, 2, -1, 0, 1}},
};

static genlat_ctx *ctx;

static genlat_model_builder *builder_of(const char *family)
{
    genlat_model_builder *b = NULL;
    ck_assert_int_eq(genlat_model_builder_new(ctx, family, &b), GENLAT_OK);
    genlat_model_builder_data(b, 1, (int64_t[]){SIZE});
    genlat_model_builder_condition(b, CLASSES, 0);
    genlat_model_builder_set(b, "encoder", "concat from=x,c | dense units=5 | tanh");
    genlat_model_builder_set(b, "decoder", "concat from=z,c | dense units=4 | tanh | dense units={out}");
    genlat_model_builder_set(b, "latent", "2");
    genlat_model_builder_set(b, "optimizer", still);
    return b;
}

static genlat_model *make(const struct semi_case *c)
{
    genlat_model *model = NULL;
    genlat_model_builder *b = builder_of("semi");
    genlat_model_builder_set(b, "classifier", "dense units=4 | tanh");
    for (int i = 0; c->pair[i]; i += 2)
        genlat_model_builder_set(b, c->pair[i], c->pair[i + 1]);
    ck_assert_msg(genlat_model_build(&b, NULL, &model) == GENLAT_OK, "%s: %s", c->name, genlat_last_error());
    return model;
}

typedef struct rig {
    genlat_model *model;
    genlat_tensor *x, *labels;
} rig;

static rig open_rig(const struct semi_case *c)
{
    rig r = {.model = make(c)};
    gnl_rng rng = gnl_rng_make(5, GNL_STREAM_USER, 0);
    ck_assert_int_eq(genlat_tensor_new(ctx, 2, (int64_t[]){ROWS, SIZE}, &r.x), GENLAT_OK);
    ck_assert_int_eq(genlat_tensor_new(ctx, 1, (int64_t[]){ROWS}, &r.labels), GENLAT_OK);
    for (int i = 0; i < ROWS * SIZE; i++)
        r.x->data[i] = gnl_rng_unit(&rng) < 0.5;
    memcpy(r.labels->data, c->label, sizeof c->label);
    return r;
}

static void close_rig(rig *r)
{
    genlat_tensor_destroy(&r->x);
    genlat_tensor_destroy(&r->labels);
    genlat_model_destroy(&r->model);
}

/* Repeats the same step, with the same random numbers. */
static double loss_of(void *arg)
{
    rig *r = arg;
    double terms[GENLAT_MAX_TERMS];
    r->model->progress.passes = 0;
    ck_assert_msg(genlat_model_step(r->model, r->x, r->labels, terms) == GENLAT_OK, "%s", genlat_last_error());
    return terms[0];
}

START_TEST(gradients_match_differences)
{
    rig r = open_rig(&cases[_i]);
    gnl_real grad[2048];
    (void)loss_of(&r);
    for (int p = 0; p < r.model->parts; p++) {
        const gnl_part *part = &r.model->part[p];
        ck_assert_int_le(part->values, (int64_t)GNL_COUNT(grad));
        if (!part->values)
            continue;
        memcpy(grad, gnl_part_grad(part), (size_t)part->values * sizeof *grad);
        expect_slope(cases[_i].name, loss_of, &r, part->values, part->value, grad);
    }
    close_rig(&r);
}
END_TEST

/* Without weight of the labels, the loss of a sample without label is the mean of those with each label under q(y|x),
 * minus the entropy of q(y|x). The codes are fixed by an encoder whose standard deviation is 0 for all practical
 * purposes. */
START_TEST(missing_labels_are_summed_over)
{
    static const struct semi_case c = {
        "definition", {"label_loss", "cross_entropy weight=0", NULL}, {-1, -1, -1, -1, -1}};
    rig r = open_rig(&c);
    genlat_tensor *one = NULL, *label = NULL, *probability = NULL;
    double terms[GENLAT_MAX_TERMS], expected = 0;
    gnl_part *encoder = &r.model->part[GNL_VAE_ENCODER_NET];
    for (int i = 0; i < encoder->weights; i++) /* sd is e^-5 at most, so that the noise hardly matters */
        if (strcmp(encoder->weight[i].name, "logvar_raw.bias") == 0)
            for (int64_t j = 0; j < encoder->weight[i].count; j++)
                encoder->value[encoder->weight[i].offset + j] = -1000;
    ck_assert_int_eq(genlat_tensor_new(ctx, 2, (int64_t[]){1, SIZE}, &one), GENLAT_OK);
    ck_assert_int_eq(genlat_tensor_new(ctx, 1, (int64_t[]){1}, &label), GENLAT_OK);
    memcpy(one->data, r.x->data, SIZE * sizeof *one->data);
    ck_assert_int_eq(genlat_model_predict(r.model, one, &probability), GENLAT_OK);
    for (int y = 0; y < CLASSES; y++) {
        const double q = (double)probability->data[y];
        label->data[0] = (gnl_real)y;
        ck_assert_int_eq(genlat_model_step(r.model, one, label, terms), GENLAT_OK);
        expected += q * (terms[1] + log(q));
    }
    label->data[0] = GNL_UNLABELLED;
    ck_assert_int_eq(genlat_model_step(r.model, one, label, terms), GENLAT_OK);
    ck_assert_double_eq_tol(terms[1], expected, 0.05);
    genlat_tensor_destroy(&one);
    genlat_tensor_destroy(&label);
    genlat_tensor_destroy(&probability);
    close_rig(&r);
}
END_TEST

/* The bound of samples with labels is that of a conditional VAE with the same weights, plus -log p(y) = log 3. */
START_TEST(labels_are_equally_likely)
{
    static const struct semi_case all = {"all labels", {"likelihood", "bernoulli", NULL}, {1, 2, 0, 0, 1}};
    rig r = open_rig(&all);
    genlat_model_builder *b = builder_of("vae");
    genlat_model *vae = NULL;
    double terms[GENLAT_MAX_TERMS], expected[GENLAT_MAX_TERMS];
    genlat_model_builder_set(b, "likelihood", "bernoulli");
    ck_assert_msg(genlat_model_build(&b, NULL, &vae) == GENLAT_OK, "%s", genlat_last_error());
    for (int i = 0; i <= GNL_VAE_DECODER_NET; i++) {
        ck_assert_int_eq(vae->part[i].values, r.model->part[i].values);
        memcpy(vae->part[i].value, r.model->part[i].value, (size_t)vae->part[i].values * sizeof(gnl_real));
    }
    ck_assert_str_eq(genlat_model_term(r.model, 1), "neg_elbo");
    ck_assert_str_eq(genlat_model_term(vae, 0), "neg_elbo");
    ck_assert_int_eq(genlat_model_step(r.model, r.x, r.labels, terms), GENLAT_OK);
    ck_assert_int_eq(genlat_model_step(vae, r.x, r.labels, expected), GENLAT_OK);
    ck_assert_double_eq_tol(terms[1], expected[0] + log(CLASSES), 1e-9);
    genlat_model_destroy(&vae);
    close_rig(&r);
}
END_TEST

static void open_ctx(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
}

static void close_ctx(void)
{
    genlat_ctx_destroy(&ctx);
}

int main(void)
{
    Suite *suite = suite_create("semi gradients");
    TCase *tcase = tcase_create("semi");
    tcase_add_checked_fixture(tcase, open_ctx, close_ctx);
    tcase_add_loop_test(tcase, gradients_match_differences, 0, (int)GNL_COUNT(cases));
    tcase_add_test(tcase, missing_labels_are_summed_over);
    tcase_add_test(tcase, labels_are_equally_likely);
    tcase_set_timeout(tcase, 60);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
