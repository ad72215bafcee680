/* SPDX-License-Identifier: MIT */
/* Evaluation of VAEs row by row, and the parameters of p(x|z) element by element, against their definitions. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "vae/vae_priv.h"

enum { SIZE = 6, LATENT = 3, ROWS = 600, MOST_PARTS = 6 };

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

/* Key and value pairs, terminated by NULL. */
static genlat_model *make(const char *const *pairs)
{
    genlat_model_builder *b = NULL;
    genlat_model *model = NULL;
    expect_ok(genlat_model_builder_new(ctx, "vae", &b));
    genlat_model_builder_data(b, 1, (int64_t[]){SIZE});
    genlat_model_builder_set_int(b, "latent", LATENT);
    genlat_model_builder_set(b, "architecture", "mlp widths=8");
    genlat_model_builder_set(b, "likelihood", "gaussian value=0.7");
    for (; *pairs; pairs += 2)
        genlat_model_builder_set(b, pairs[0], pairs[1]);
    expect_ok(genlat_model_build(&b, NULL, &model));
    return model;
}

static genlat_tensor *numbers(int64_t rows, int64_t width, uint64_t seed)
{
    genlat_tensor *x = NULL;
    gnl_rng rng = gnl_rng_make(seed, GNL_STREAM_USER, 0);
    expect_ok(genlat_tensor_new(ctx, 2, (int64_t[]){rows, width}, &x));
    gnl_rng_fill_normal(&rng, x->data, rows * width);
    return x;
}

static double mean_of(int64_t n, const double *x)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += x[i];
    return sum / (double)n;
}

static void expect_near(double found, double expected)
{
    ck_assert_double_eq_tol(found, expected, 1e-5 * fmax(1, fabs(expected)));
}

/* ---- terms of each row ----------------------------------------------------------------------- */

static const struct {
    const char *pairs[7];
    int64_t samples;
} evaluated[] = {
    {{NULL}, 1},
    {{NULL}, 3},
    {{"condition", "classes=3", NULL}, 2},
    {{"terms", "kl beta=4 free_bits=0.5", NULL}, 1},
    {{"prior", "mixture components=4", NULL}, 2}, /* the KL is estimated from the draws */
    {{"bound", "importance", "samples", "4", NULL}, 2},
    {{"posterior", "point", "terms", "mmd weight=3", NULL}, 1}, /* there is no KL */
    {{"posterior", "gaussian_full", NULL}, 1},
};

static void expect_mean(const double *x, double expected)
{
    ck_assert_double_eq_tol(mean_of(ROWS, x), expected, 1e-9 * fmax(1, fabs(expected)));
}

START_TEST(rows_average_to_the_terms)
{
    genlat_model *model = make(evaluated[_i].pairs);
    genlat_tensor *x = numbers(ROWS, SIZE, 2), *labels = NULL, *few = NULL, *few_labels = NULL;
    genlat_vae_terms terms = {.size = sizeof terms};
    const int64_t samples = evaluated[_i].samples;
    double total[ROWS], recon[ROWS], kl[ROWS], first[3];
    expect_ok(genlat_tensor_new(ctx, 1, (int64_t[]){ROWS}, &labels));
    for (int i = 0; i < ROWS; i++)
        labels->data[i] = (gnl_real)(i % 3);
    expect_ok(genlat_tensor_rows(x, 0, 3, &few));
    expect_ok(genlat_tensor_rows(labels, 0, 3, &few_labels));
    expect_ok(genlat_vae_elbo(model, x, labels, samples, 7, &terms));
    expect_ok(genlat_vae_elbo_rows(model, x, labels, samples, 7, total, recon, kl));
    expect_mean(recon, terms.recon);
    expect_mean(kl, terms.kl);
    expect_mean(total, terms.neg_elbo);
    for (int i = 0; i < ROWS; i++)
        ck_assert(total[i] == recon[i] + kl[i]);
    ck_assert(recon[0] != recon[1]);
    expect_ok(genlat_vae_elbo_rows(model, few, few_labels, samples, 7, NULL, first, NULL));
    for (int i = 0; i < 3; i++)
        expect_near(first[i], recon[i]);
    expect_ok(genlat_vae_elbo_rows(model, few, few_labels, samples, 7, first, NULL, NULL));
    for (int i = 0; i < 3; i++)
        expect_near(first[i], total[i]);
    gnl_tensor_release(few);
    gnl_tensor_release(few_labels);
    gnl_tensor_release(labels);
    gnl_tensor_release(x);
    genlat_model_destroy(&model);
}
END_TEST

/* -log N(x; decoder's mean, 0.7) at the code that the seed draws, and the KL of a diagonal Gaussian. */
START_TEST(rows_follow_their_definition)
{
    genlat_model *model = make((const char *const[]){NULL});
    genlat_tensor *x = numbers(5, SIZE, 2), *z = NULL, *mean = NULL, *logvar = NULL, *y = NULL;
    double recon[5], kl[5];
    expect_ok(genlat_vae_elbo_rows(model, x, NULL, 1, 9, NULL, recon, kl));
    expect_ok(genlat_vae_encode(model, x, NULL, &mean, &logvar));
    expect_ok(genlat_vae_encode_sample(model, x, NULL, 9, &z));
    expect_ok(genlat_model_decode(model, z, NULL, &y));
    for (int r = 0; r < 5; r++) {
        double nll = 0, divergence = 0;
        for (int i = r * SIZE; i < (r + 1) * SIZE; i++)
            nll += 0.5 * pow((double)(x->data[i] - y->data[i]) / 0.7, 2) + log(0.7) + 0.5 * log(2 * M_PI);
        for (int i = r * LATENT; i < (r + 1) * LATENT; i++) {
            const double m = (double)mean->data[i], v = (double)logvar->data[i];
            divergence += 0.5 * (m * m + exp(v) - v - 1);
        }
        expect_near(recon[r], nll);
        expect_near(kl[r], divergence);
    }
    for (int i = 0; i < 4; i++)
        gnl_tensor_release(((genlat_tensor *[]){z, mean, logvar, y})[i]);
    gnl_tensor_release(x);
    genlat_model_destroy(&model);
}
END_TEST

START_TEST(failed_evaluations_leave_the_arrays)
{
    genlat_model *model = make((const char *const[]){"likelihood", "bernoulli", NULL});
    genlat_tensor *x = numbers(2, SIZE, 2);
    double total[2] = {1, 2};
    ck_assert_int_eq(genlat_vae_elbo_rows(model, x, NULL, 1, 7, total, NULL, NULL), GENLAT_E_RANGE);
    ck_assert_int_eq(genlat_vae_elbo_rows(model, x, NULL, 0, 7, total, NULL, NULL), GENLAT_E_RANGE);
    ck_assert(total[0] == 1 && total[1] == 2);
    gnl_tensor_release(x);
    genlat_model_destroy(&model);
}
END_TEST

/* ---- parameters of p(x|z) -------------------------------------------------------------------- */

static double logistic(double x)
{
    return 1 / (1 + exp(-x));
}

/* Smooth lower bound, as the likelihoods define it. */
static double above(double low, double x)
{
    return low + log1p(exp(x - low));
}

/* Outputs of one element -> the parameter. */
static double out0(const double *o)
{
    return o[0];
}
static double out1(const double *o)
{
    return o[1];
}
static double out2(const double *o)
{
    return o[2];
}
static double probability(const double *o)
{
    return logistic(o[0]);
}
static double fixed_sd(const double *o)
{
    return 0.7;
}
static double learned_sd(const double *o)
{
    return 0.5;
}
static double floored_sd(const double *o)
{
    return exp(above(-6, o[1]));
}
static double floored_scale(const double *o)
{
    return exp(above(-7, o[1]));
}
static double limited(const double *o)
{
    return fmin(fmax(o[0], 0), 1);
}
/* A mixture of two: o = {logit, logit, mean, mean, log-scale, log-scale}. */
static double weight_of_first(const double *o)
{
    return logistic(o[0] - o[1]);
}
static double mixed_mean(const double *o)
{
    const double w = weight_of_first(o);
    return w * limited(o + 2) + (1 - w) * limited(o + 3);
}
static double mixed_sd(const double *o)
{
    const double w = weight_of_first(o), mean = w * o[2] + (1 - w) * o[3], unit = M_PI * M_PI / 3;
    const double a = unit * exp(2 * above(-7, o[4])), b = unit * exp(2 * above(-7, o[5]));
    return sqrt(w * (a + pow(o[2] - mean, 2)) + (1 - w) * (b + pow(o[3] - mean, 2)));
}
static double exp0(const double *o)
{
    return exp(o[0]);
}
static double exp1(const double *o)
{
    return exp(o[1]);
}
static double ratio(const double *o)
{
    return exp(o[0]) / (exp(o[0]) + exp(o[1]));
}

static double student_scale(const double *o)
{
    return 1e-3 + log1p(exp(o[1]));
}
static double student_df(const double *o)
{
    return 3 + log1p(exp(o[2]));
}

enum { PLANES, TOGETHER };

static const struct {
    const char *likelihood, *names; /* names: of all parameters */
    int parts, order;
    const char *name;
    double (*definition[MOST_PARTS])(const double *out); /* one, or one for each class */
} parameters[] = {
    {"bernoulli", "mean logit", 1, PLANES, "mean", {probability}},
    {"bernoulli", "mean logit", 1, PLANES, "logit", {out0}},
    {"gaussian value=0.7", "mean sd", 1, PLANES, "mean", {out0}},
    {"gaussian value=0.7", "mean sd", 1, PLANES, "sd", {fixed_sd}},
    {"gaussian sd=learned value=0.5", "mean sd", 1, PLANES, "sd", {learned_sd}},
    {"gaussian sd=output", "mean sd", 2, PLANES, "mean", {out0}},
    {"gaussian sd=output", "mean sd", 2, PLANES, "sd", {floored_sd}},
    {"laplace value=0.7", "mean scale", 1, PLANES, "mean", {out0}},
    {"laplace value=0.7", "mean scale", 1, PLANES, "scale", {fixed_sd}},
    {"laplace scale=learned value=0.5", "mean scale", 1, PLANES, "scale", {learned_sd}},
    {"categorical classes=3", "logit", 3, PLANES, "logit", {out0, out1, out2}},
    {"categorical classes=3 last=yes", "logit", 3, TOGETHER, "logit", {out0, out1, out2}},
    {"discretized_logistic", "mean location scale", 2, PLANES, "mean", {limited}},
    {"discretized_logistic", "mean location scale", 2, PLANES, "location", {out0}},
    {"discretized_logistic", "mean location scale", 2, PLANES, "scale", {floored_scale}},
    {"beta_binomial", "mean alpha beta", 2, PLANES, "mean", {ratio}},
    {"beta_binomial", "mean alpha beta", 2, PLANES, "alpha", {exp0}},
    {"beta_binomial", "mean alpha beta", 2, PLANES, "beta", {exp1}},
    {"student_t", "mean scale df", 3, PLANES, "mean", {out0}},
    {"student_t", "mean scale df", 3, PLANES, "scale", {student_scale}},
    {"student_t", "mean scale df", 3, PLANES, "df", {student_df}},
    {"mse", "mean", 1, PLANES, "mean", {out0}},
    {"logistic_mixture components=2", "mean sd", 6, PLANES, "mean", {mixed_mean}},
    {"logistic_mixture components=2", "mean sd", 6, PLANES, "sd", {mixed_sd}},
};

static genlat_model *make_with(const char *likelihood, int order)
{
    const char *const pairs[] = {"likelihood", likelihood, order == TOGETHER ? "decoder" : NULL,
                                 "dense units=18 | reshape shape=6x3", NULL};
    return make(pairs);
}

static void expect_names(const genlat_model *model, const char *names)
{
    char found[64] = "";
    const char *name = NULL, *help = NULL;
    for (int32_t i = 0; (name = genlat_vae_parameter_name(model, i, &help)) != NULL; i++) {
        ck_assert_ptr_nonnull(help);
        strcat(strcat(found, i ? " " : ""), name);
    }
    ck_assert_str_eq(found, names);
    ck_assert_ptr_null(help);
    ck_assert_ptr_null(genlat_vae_parameter_name(model, -1, NULL));
}

START_TEST(parameters_follow_their_definition)
{
    genlat_model *model = make_with(parameters[_i].likelihood, parameters[_i].order);
    const int parts = parameters[_i].parts;
    genlat_tensor *z = numbers(ROWS, LATENT, 4), *found = NULL;
    const genlat_tensor *y = NULL;
    genlat_exec *exec = NULL;
    expect_names(model, parameters[_i].names);
    expect_ok(genlat_vae_parameter(model, z, NULL, parameters[_i].name, &found));
    expect_ok(genlat_net_compile(model->net[GNL_VAE_DECODER_NET], ROWS, NULL, &exec));
    expect_ok(genlat_exec_forward(exec, GENLAT_MODE_EVAL, 1, (const genlat_tensor *[]){z}));
    expect_ok(genlat_exec_output(exec, 0, &y));
    const bool by_class = parameters[_i].definition[1] != NULL;
    const int64_t width = by_class ? parts * SIZE : SIZE;
    ck_assert_int_eq(genlat_tensor_ndim(found), by_class ? 3 : 2);
    ck_assert_int_eq(genlat_tensor_dim(found, 0), ROWS);
    ck_assert_int_eq(genlat_tensor_dim(found, 1), by_class ? parts : SIZE);
    ck_assert_int_eq(genlat_tensor_count(found), ROWS * width);
    for (int64_t r = 0; r < ROWS; r++)
        for (int64_t i = 0; i < SIZE; i++) {
            double out[MOST_PARTS] = {0};
            for (int p = 0; p < parts; p++)
                out[p] =
                    (double)
                        y->data[r * parts * SIZE + (parameters[_i].order == TOGETHER ? i * parts + p : p * SIZE + i)];
            for (int c = 0; c < (by_class ? parts : 1); c++)
                expect_near((double)found->data[r * width + c * SIZE + i], parameters[_i].definition[c](out));
        }
    gnl_tensor_release(z);
    gnl_tensor_release(found);
    genlat_exec_destroy(&exec);
    genlat_model_destroy(&model);
}
END_TEST

/* The mean is what decode returns; a scale is multiplied by the size of the unit. */
START_TEST(parameters_are_in_raw_units)
{
    genlat_model *model = make_with("gaussian sd=output", PLANES);
    genlat_tensor *z = numbers(4, LATENT, 4), *offset = numbers(1, SIZE, 5), *scale = numbers(1, SIZE, 6);
    genlat_tensor *before = NULL, *sd = NULL, *mean = NULL, *decoded = NULL, *flat[2] = {NULL};
    expect_ok(genlat_tensor_reshape(offset, 1, (int64_t[]){SIZE}, &flat[0]));
    expect_ok(genlat_tensor_reshape(scale, 1, (int64_t[]){SIZE}, &flat[1]));
    scale->data[0] = -3; /* a scale may be negative, a standard deviation is not */
    expect_ok(genlat_vae_parameter(model, z, NULL, "sd", &before));
    expect_ok(genlat_model_set_scaling(model, flat[0], flat[1]));
    expect_ok(genlat_vae_parameter(model, z, NULL, "sd", &sd));
    expect_ok(genlat_vae_parameter(model, z, NULL, "mean", &mean));
    expect_ok(genlat_model_decode(model, z, NULL, &decoded));
    for (int i = 0; i < 4 * SIZE; i++) {
        expect_near((double)sd->data[i], (double)before->data[i] * fabs((double)scale->data[i % SIZE]));
        ck_assert(mean->data[i] == decoded->data[i]);
    }
    for (int i = 0; i < 9; i++)
        gnl_tensor_release(((genlat_tensor *[]){z, offset, scale, before, sd, mean, decoded, flat[0], flat[1]})[i]);
    genlat_model_destroy(&model);
}
END_TEST

START_TEST(parameters_use_the_condition)
{
    genlat_model *model = make((const char *const[]){"condition", "classes=3", NULL});
    genlat_tensor *z = numbers(4, LATENT, 4), *labels = NULL, *turn = NULL, *given = NULL, *bad = NULL;
    expect_ok(genlat_tensor_from(ctx, 1, (int64_t[]){4}, (float[]){0, 1, 2, 0}, &labels));
    expect_ok(genlat_vae_parameter(model, z, NULL, "mean", &turn));
    expect_ok(genlat_vae_parameter(model, z, labels, "mean", &given));
    ck_assert_mem_eq(turn->data, given->data, 4 * SIZE * sizeof(gnl_real));
    labels->data[1] = 3;
    ck_assert_int_eq(genlat_vae_parameter(model, z, labels, "mean", &bad), GENLAT_E_RANGE);
    ck_assert_ptr_null(bad);
    for (int i = 0; i < 4; i++)
        gnl_tensor_release(((genlat_tensor *[]){z, labels, turn, given})[i]);
    genlat_model_destroy(&model);
}
END_TEST

START_TEST(unknown_parameters_are_refused)
{
    static const char *const previous[] = {
        "decoder_inputs", "previous", "decoder",
        "reshape shape=1x6 from=previous | masked_conv1d mask=through | flatten name=p | dense units=6 from=z name=d | "
        "add from=p,d",
        NULL};
    genlat_model *model = make_with("gaussian", PLANES), *autoregressive = make(previous);
    genlat_tensor *z = numbers(4, LATENT, 4), *out = NULL;
    ck_assert_int_eq(genlat_vae_parameter(model, z, NULL, "logit", &out), GENLAT_E_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "no parameter 'logit'; it has: mean, sd"));
    ck_assert_int_eq(genlat_vae_parameter(autoregressive, z, NULL, "mean", &out), GENLAT_E_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "previous"));
    ck_assert_ptr_null(out);
    ck_assert_ptr_null(genlat_vae_parameter_name(NULL, 0, NULL));
    gnl_tensor_release(z);
    genlat_model_destroy(&model);
    genlat_model_destroy(&autoregressive);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vae rows");
    TCase *tests = tcase_create("vae");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, rows_average_to_the_terms, 0, (int)GNL_COUNT(evaluated));
    tcase_add_test(tests, rows_follow_their_definition);
    tcase_add_test(tests, failed_evaluations_leave_the_arrays);
    tcase_add_loop_test(tests, parameters_follow_their_definition, 0, (int)GNL_COUNT(parameters));
    tcase_add_test(tests, parameters_are_in_raw_units);
    tcase_add_test(tests, parameters_use_the_condition);
    tcase_add_test(tests, unknown_parameters_are_refused);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
