/* SPDX-License-Identifier: MIT */
/* Whole VAEs in double: gradients of the objective by every weight against central differences. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "vae/vae_priv.h"
#include "net/exec_priv.h"

enum { ROWS = 4, CLASSES = 3 };

static const double STEP = 1e-6;

static const struct vae_case {
    const char *likelihood;
    const char *settings; /* key=value, separated by ';' */
    int64_t dims[3];
    const char *encoder, *decoder;
} cases[] = {
    {"bernoulli", "", {1, 4, 4}, "flatten | dense units=7 | tanh", "dense units=6 | tanh | dense units={out}"},
    {"bernoulli", "beta=4", {1, 4, 4}, "flatten | dense units=7 | tanh", "dense units=6 | silu | dense units={out}"},
    {"bernoulli", "samples=3", {1, 4, 4}, "flatten | dense units=7 | tanh", "dense units=6 | tanh | dense units={out}"},
    {"bernoulli", "free_bits=0.05", {1, 4, 4}, "flatten | dense units=7 | tanh", "dense units={out}"},
    {"bernoulli", "free_bits=0.02;free_kind=sample", {1, 4, 4}, "flatten | dense units=7 | tanh", "dense units={out}"},
    {"bernoulli", "free_bits=0.01;free_kind=whole", {1, 4, 4}, "flatten | dense units=7 | tanh", "dense units={out}"},
    {"bernoulli", "gamma=10;capacity=3", {1, 4, 4}, "flatten | dense units=7 | tanh", "dense units={out}"},
    {"bernoulli",
     "bound=importance;samples=4",
     {1, 4, 4},
     "flatten | dense units=7 | tanh",
     "dense units=6 | tanh | dense units={out}"},
    {"gaussian sd=learned",
     "bound=importance;samples=3;beta=0.7",
     {1, 4, 4},
     "flatten | dense units=7 | tanh",
     "dense units=6 | tanh | dense units={out}"},
    {"bernoulli",
     "condition=classes=3",
     {1, 4, 4},
     "flatten from=x name=f | concat from=f,c | dense units=7 | tanh",
     "concat from=z,c | dense units=6 | tanh | dense units={out}"},
    {"bernoulli",
     "condition=vector=2;samples=2",
     {1, 4, 4},
     "flatten from=x name=f | concat from=f,c | dense units=7 | tanh",
     "concat from=z,c | dense units={out}"},
    {"bernoulli",
     "kind=plain",
     {1, 4, 4},
     "flatten | dense units=7 | tanh",
     "dense units=6 | tanh | dense units={out}"},
    {"mse", "kind=plain;noise=0.3;mask=0.2", {1, 4, 4}, "flatten | dense units=7 | tanh", "dense units={out}"},
    {"gaussian sd=learned",
     "",
     {1, 4, 4},
     "flatten | dense units=7 | tanh",
     "dense units=6 | tanh | dense units={out}"},
    {"gaussian sd=optimal",
     "",
     {1, 4, 4},
     "flatten | dense units=7 | tanh",
     "dense units=6 | tanh | dense units={out}"},
    {"gaussian sd=optimal",
     "samples=3",
     {1, 4, 4},
     "flatten | dense units=7 | tanh",
     "dense units=6 | tanh | dense units={out}"},
    {"gaussian sd=optimal min_log_sd=-1",
     "bound=importance;samples=3;beta=0.7",
     {1, 4, 4},
     "flatten | dense units=7 | tanh",
     "dense units=6 | tanh | dense units={out}"},
    {"gaussian sd=output", "", {1, 4, 4}, "flatten | dense units=7 | tanh", "dense units=6 | tanh | dense units={out}"},
    {"laplace", "", {1, 4, 4}, "flatten | dense units=7 | tanh", "dense units=6 | tanh | dense units={out}"},
    {"beta_binomial", "", {1, 4, 4}, "flatten | dense units=7 | tanh", "dense units=6 | tanh | dense units={out}"},
    {"discretized_logistic",
     "",
     {1, 4, 4},
     "flatten | dense units=7 | tanh",
     "dense units=6 | tanh | dense units={out}"},
    {"student_t", "samples=2", {1, 4, 4}, "flatten | dense units=7 | tanh", "dense units=6 | tanh | dense units={out}"},
    {"logistic_mixture components=2",
     "",
     {1, 4, 4},
     "flatten | dense units=7 | tanh",
     "dense units=6 | tanh | dense units={out}"},
    {"bernoulli",
     "",
     {2, 4, 4},
     "conv2d channels=3 kernel=4 stride=2 padding=1 | batch_norm | softplus | flatten",
     "dense units=12 | reshape shape=3x2x2 | batch_norm | tanh | "
     "conv_transpose2d channels={channels} kernel=4 stride=2 padding=1"},
    {"bernoulli",
     "posterior=gaussian;prior=normal;terms=kl beta=2 free_bits=0.02 free=whole_sample;samples=2",
     {1, 4, 4},
     "flatten | dense units=7 | tanh",
     "dense units={out}"},
    {"bernoulli",
     "prior=flow layers=2 width=4;terms=kl beta=0.7;bound=importance;samples=3",
     {1, 4, 4},
     "flatten | dense units=7 | tanh",
     "dense units={out}"},
    {"bernoulli",
     "prior=vamp components=3;samples=2",
     {1, 4, 4},
     "flatten | dense units=7 | tanh",
     "dense units=6 | tanh | dense units={out}"},
    {"bernoulli",
     "prior=vamp components=3;terms=kl beta=0.7;bound=importance;samples=3",
     {1, 4, 4},
     "conv2d channels=2 kernel=4 stride=2 padding=1 weight=norm | silu | flatten",
     "dense units={out}"},
    {"bernoulli",
     "bound=importance estimator=total;terms=kl beta=0.7;samples=3",
     {1, 4, 4},
     "flatten | dense units=7 | tanh",
     "dense units={out}"},
    {"bernoulli",
     "terms=tc beta=3 alpha=2 gamma=0.5 sampling=stratified data=9;samples=2",
     {1, 4, 4},
     "flatten | dense units=7 | tanh",
     "dense units={out}"},
    {"bernoulli", "terms=dip lambda_od=3 lambda_d=2", {1, 4, 4}, "flatten | dense units=7 | tanh", "dense units={out}"},
    {"bernoulli",
     "terms=gradient weight=0.3;samples=2",
     {1, 4, 4},
     "flatten | dense units=7 | tanh",
     "dense units=6 | tanh | dense units=7 | softplus | dense units={out}"},
    {"bernoulli",
     "terms=weights weight=0.3;samples=2",
     {1, 4, 4},
     "flatten | dense units=7 | tanh",
     "dense units={out}"},
    {"mse",
     "posterior=point;terms=gradient weight=0.3;condition=classes=3",
     {1, 4, 4},
     "flatten from=x name=f | concat from=f,c | dense units=7 | tanh",
     "concat from=z,c | dense units=6 | tanh | dense units={out}"},
    {"bernoulli",
     "terms=gradient weight=0.3;decoder_inputs=previous",
     {1, 4, 4},
     "flatten | dense units=7 | tanh",
     "reshape shape=4x4 from=previous | masked_conv1d channels=4 mask=through | flatten name=p | "
     "dense units=16 from=z name=d | add from=p,d | tanh"},
    {"bernoulli",
     "bound=renyi alpha=0.3;terms=kl beta=0.7;samples=3",
     {1, 4, 4},
     "flatten | dense units=7 | tanh",
     "dense units={out}"},
    {"bernoulli",
     "decoder_inputs=previous;condition=classes=3;samples=2",
     {1, 4, 4},
     "flatten from=x name=f | concat from=f,c | dense units=7 | tanh",
     "reshape shape=4x4 from=previous | masked_conv1d channels=4 mask=through | flatten name=p | concat from=z,c | "
     "dense units=16 name=d | add from=p,d | tanh"},
    {"logistic_mixture components=2 levels=5",
     "decoder_inputs=x;condition=classes=3;samples=2",
     {1, 4, 4},
     "flatten from=x name=f | concat from=f,c | dense units=7 | tanh",
     "masked_conv2d channels=4 from=x name=x1 | concat from=z,c | dense units=64 | reshape shape=4x4x4 name=d | "
     "add from=x1,d | glu | masked_conv2d channels={channels} mask=through"},
    {"student_t",
     "missing=fill value=learned hide=0.4;bound=importance;samples=3;noise=0.1",
     {1, 4, 4},
     "flatten | dense units=7 | tanh",
     "dense units=6 | tanh | dense units={out}"},
    {"gaussian sd=optimal min_log_sd=-1",
     "missing=fill;samples=2",
     {1, 4, 4},
     "flatten | dense units=7 | tanh",
     "dense units=6 | tanh | dense units={out}"},
    {"bernoulli",
     "missing=condition value=learned;condition=classes=3",
     {2, 4, 4},
     "concat from=x,mask | conv2d channels=3 kernel=4 stride=2 padding=1 | softplus | flatten name=f | concat from=f,c",
     "concat from=z,c | dense units={out} | reshape shape=2x4x4"},
};

static genlat_ctx *ctx;

static void apply(genlat_model_builder *b, const char *settings)
{
    char copy[256], *rest = NULL;
    strcpy(copy, settings);
    for (char *word = strtok_r(copy, ";", &rest); word; word = strtok_r(NULL, ";", &rest)) {
        char *equals = strchr(word, '=');
        *equals = '\0';
        genlat_model_builder_set(b, word, equals + 1);
    }
}

static genlat_model *build(const struct vae_case *now)
{
    genlat_model_builder *b = NULL;
    genlat_model *model = NULL;
    ck_assert_int_eq(genlat_model_builder_new(ctx, "vae", &b), GENLAT_OK);
    genlat_model_builder_data(b, 3, now->dims);
    genlat_model_builder_set_int(b, "latent", 3);
    genlat_model_builder_set(b, "likelihood", now->likelihood);
    apply(b, now->settings);
    genlat_model_builder_set(b, "encoder", now->encoder);
    genlat_model_builder_set(b, "decoder", now->decoder);
    genlat_status status = genlat_model_build(&b, NULL, &model);
    ck_assert_msg(status == GENLAT_OK, "%s", genlat_last_error());
    return model;
}

static genlat_net *encoder_of(const genlat_model *model)
{
    return model->net[GNL_VAE_ENCODER_NET];
}

static genlat_loss *loss_of(const genlat_model *model)
{
    return gnl_vae_of(model)->loss;
}

static genlat_tensor *data_of(const struct vae_case *now)
{
    genlat_tensor *x = NULL;
    gnl_rng rng = gnl_rng_make(3, GNL_STREAM_USER, 0);
    ck_assert_int_eq(genlat_tensor_new(ctx, 4, (int64_t[]){ROWS, now->dims[0], now->dims[1], now->dims[2]}, &x),
                     GENLAT_OK);
    gnl_rng_fill_uniform(&rng, x->data, gnl_shape_count(&x->shape), 0, 1);
    for (int64_t i = 0; i < gnl_shape_count(&x->shape); i++)
        x->data[i] = round(255 * x->data[i]) / 255; /* levels of an image, as some likelihoods need */
    for (int64_t i = 0; strstr(now->settings, "missing=") && i < gnl_shape_count(&x->shape); i += 1 + i % 4)
        x->data[i] = NAN;
    return x;
}

static genlat_tensor *labels_of(const genlat_model *model)
{
    const gnl_config *c = model->config;
    genlat_tensor *labels = NULL;
    gnl_rng rng = gnl_rng_make(4, GNL_STREAM_USER, 0);
    if (c->vector) {
        ck_assert_int_eq(genlat_tensor_new(ctx, 2, (int64_t[]){ROWS, c->vector}, &labels), GENLAT_OK);
        gnl_rng_fill_normal(&rng, labels->data, ROWS * c->vector);
    } else if (c->classes) {
        ck_assert_int_eq(genlat_tensor_new(ctx, 1, (int64_t[]){ROWS}, &labels), GENLAT_OK);
        for (int i = 0; i < ROWS; i++)
            labels->data[i] = i % CLASSES;
    }
    return labels;
}

/* The objective of one pass, always with the same random numbers and running statistics. */
static double objective(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels)
{
    genlat_vae_terms terms = {.size = sizeof terms};
    model->progress.passes = 5;
    gnl_model_zero_grad(model, 0);
    ck_assert_msg(genlat_vae_backward(model, x, labels, &terms) == GENLAT_OK, "%s", genlat_last_error());
    return terms.objective;
}

typedef struct comparison {
    double apart, size;
    int64_t count;
} comparison;

static void compare(comparison *c, genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels,
                    gnl_real *value, const gnl_real *grad, int64_t count)
{
    gnl_real found[4096];
    ck_assert_int_lt(count, 4096);
    memcpy(found, grad, (size_t)count * sizeof *found);
    for (int64_t i = 0; i < count; i++) {
        gnl_real before = value[i];
        value[i] = before + STEP;
        double high = objective(model, x, labels);
        value[i] = before - STEP;
        double low = objective(model, x, labels);
        value[i] = before;
        double expected = (high - low) / (2 * STEP);
        c->apart += (expected - found[i]) * (expected - found[i]);
        c->size += expected * expected;
        c->count++;
    }
}

/* By all trained parameters: those of the nets, the likelihood and the kinds of latents. */
START_TEST(gradients_match_differences)
{
    const struct vae_case *now = &cases[_i];
    genlat_model *model = build(now);
    genlat_tensor *x = data_of(now), *labels = labels_of(model);
    comparison c = {0};
    for (int i = 0; i < model->parts; i++) {
        const gnl_part *part = &model->part[i];
        (void)objective(model, x, labels);
        if (part->optimizer >= 0)
            compare(&c, model, x, labels, part->value, gnl_part_grad(part), part->values);
    }
    ck_assert_int_ge(c.count, genlat_model_size(model)); /* rows are padded */
    ck_assert_double_gt(c.size, 1e-6);
    ck_assert_msg(sqrt(c.apart / c.size) < 1e-6, "%s, %s: error %g over %lld numbers", now->likelihood, now->settings,
                  sqrt(c.apart / c.size), (long long)c.count);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
    genlat_model_destroy(&model);
}
END_TEST

/* All draws of a step share one standard deviation. That of the first step becomes the running one and determines
 * the reconstruction. */
START_TEST(draws_share_one_optimal_sd)
{
    static const char *const settings[] = {"samples=1", "samples=5", "bound=importance;samples=5"};
    const struct vae_case now = {"gaussian sd=optimal",
                                 settings[_i],
                                 {1, 4, 4},
                                 "flatten | dense units=7 | tanh",
                                 "dense units=6 | tanh | dense units={out}"};
    genlat_vae_terms terms = {.size = sizeof terms};
    genlat_model *model = build(&now);
    genlat_tensor *x = data_of(&now);
    double variance = 0, sd = 0;
    ck_assert_int_eq(genlat_vae_backward(model, x, NULL, &terms), GENLAT_OK);
    variance = loss_of(model)->value[0];
    ck_assert_int_eq(genlat_loss_scale(loss_of(model), &sd), GENLAT_OK);
    ck_assert_double_eq_tol(terms.recon, 16 * (log(sd) + 0.5 * log(2 * M_PI) + 0.5 * variance / (sd * sd)), 1e-10);
    genlat_tensor_destroy(&x);
    genlat_model_destroy(&model);
}
END_TEST

enum { DRAWS = 6000 };

/* Mean of the encoder's gradient over many draws; returns the sum of its variances. */
static double mean_gradient(const char *settings, double *mean, int64_t *count)
{
    const struct vae_case now = {
        "bernoulli", settings, {1, 2, 2}, "flatten | dense units=3 | tanh", "dense units={out}"};
    genlat_model *model = build(&now);
    genlat_tensor *x = data_of(&now);
    genlat_net *encoder = encoder_of(model);
    double squares = 0, means = 0;
    *count = encoder->values;
    ck_assert_int_lt(*count, 128);
    for (int d = 0; d < DRAWS; d++) {
        gnl_net_zero_grad(encoder);
        ck_assert_int_eq(genlat_vae_backward(model, x, NULL, NULL), GENLAT_OK);
        for (int64_t i = 0; i < *count; i++) {
            mean[i] += encoder->grad[i] / DRAWS;
            squares += encoder->grad[i] * encoder->grad[i] / DRAWS;
        }
    }
    for (int64_t i = 0; i < *count; i++)
        means += mean[i] * mean[i];
    genlat_tensor_destroy(&x);
    genlat_model_destroy(&model);
    return squares - means;
}

/* A bound with the total derivative and with another estimator of the same mean. */
static const struct {
    const char *total, *other;
} estimators[] = {
    {"bound=importance;samples=4", "bound=importance;samples=4;estimator=doubly"},
    {"bound=importance", "bound=importance;estimator=path"},
    {"bound=elbo;samples=2", "bound=elbo;samples=2;estimator=path"},
    {"bound=renyi alpha=0.5;samples=4", "bound=renyi alpha=0.5 estimator=doubly;samples=4"},
    {"bound=renyi alpha=2;samples=3", "bound=renyi alpha=2 estimator=doubly;samples=3"},
    {"bound=renyi alpha=1;samples=2", "bound=renyi alpha=1 estimator=path;samples=2"},
};

/* Both estimators have the same mean, up to the standard error. */
START_TEST(estimators_agree_in_the_mean)
{
    double total[128] = {0}, other[128] = {0}, apart = 0;
    int64_t count = 0;
    double variance = mean_gradient(estimators[_i].total, total, &count);
    variance += mean_gradient(estimators[_i].other, other, &count);
    for (int64_t i = 0; i < count; i++)
        apart += (total[i] - other[i]) * (total[i] - other[i]);
    ck_assert_msg(apart < 3 * variance / DRAWS, "means of %s are %g apart, expected variance %g", estimators[_i].other,
                  apart, variance / DRAWS);
}
END_TEST

START_TEST(doubly_reparametrized_gradients_have_less_variance)
{
    double mean[128] = {0}, same[128] = {0};
    int64_t count = 0;
    const double total = mean_gradient("bound=importance;samples=4", mean, &count);
    ck_assert_double_lt(mean_gradient("bound=importance;samples=4;estimator=doubly", same, &count), total);
}
END_TEST

START_TEST(importance_refuses_other_objectives)
{
    static const char *const wrong[] = {"kind=plain", "free_bits=0.1", "gamma=2"};
    genlat_model_builder *b = NULL;
    genlat_model *model = NULL;
    ck_assert_int_eq(genlat_model_builder_new(ctx, "vae", &b), GENLAT_OK);
    genlat_model_builder_data(b, 1, (int64_t[]){4});
    genlat_model_builder_set(b, "bound", "importance");
    apply(b, wrong[_i]);
    ck_assert_int_eq(genlat_model_build(&b, NULL, &model), GENLAT_E_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "bound importance"));
    ck_assert_ptr_null(model);
}
END_TEST

/* A step of the model is one pass, whoever owns the optimizer. To accumulate, call backward and step separately. */
START_TEST(steps_refuse_to_accumulate)
{
    const struct vae_case now = {"bernoulli", "", {1, 2, 2}, "flatten | dense units=3 | tanh", "dense units={out}"};
    genlat_model_builder *b = NULL;
    genlat_model *model = build(&now), *wrong = NULL;
    genlat_tensor *x = data_of(&now);
    genlat_optim *optim = NULL;
    ck_assert_int_eq(genlat_vae_optimizer(model, "sgd lr=0.1 accumulate=2", &optim), GENLAT_OK);
    ck_assert_int_eq(genlat_vae_step(model, optim, x, NULL, NULL), GENLAT_E_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "accumulate=2"));
    ck_assert_int_eq(genlat_model_builder_new(ctx, "vae", &b), GENLAT_OK);
    genlat_model_builder_data(b, 1, (int64_t[]){4});
    genlat_model_builder_set(b, "optimizer", "adam accumulate=3");
    ck_assert_int_eq(genlat_model_build(&b, NULL, &wrong), GENLAT_E_UNSUPPORTED);
    genlat_optim_destroy(&optim);
    genlat_tensor_destroy(&x);
    genlat_model_destroy(&model);
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
    Suite *suite = suite_create("vae gradients");
    TCase *tcase = tcase_create("vae");
    tcase_add_checked_fixture(tcase, open_ctx, close_ctx);
    tcase_add_loop_test(tcase, gradients_match_differences, 0, (int)GNL_COUNT(cases));
    tcase_add_loop_test(tcase, draws_share_one_optimal_sd, 0, 3);
    tcase_add_loop_test(tcase, estimators_agree_in_the_mean, 0, (int)GNL_COUNT(estimators));
    tcase_add_test(tcase, doubly_reparametrized_gradients_have_less_variance);
    tcase_add_test(tcase, steps_refuse_to_accumulate);
    tcase_add_loop_test(tcase, importance_refuses_other_objectives, 0, 3);
    tcase_set_timeout(tcase, 60);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
