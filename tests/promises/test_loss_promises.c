/* SPDX-License-Identifier: MIT */
/* What loss.h says of values, derivatives and draws. */
#include "promises/rig.h"

#include <stdbool.h>

static genlat_loss *loss_of(const char *text)
{
    genlat_loss *out = NULL;
    ok(genlat_loss_new(ctx, text, &out));
    return out;
}

static genlat_tensor *grid(int64_t rows, int64_t columns, const float *data)
{
    return tensor_of(2, (int64_t[]){rows, columns}, data);
}

static void drop(genlat_tensor *a, genlat_tensor *b, genlat_tensor *c)
{
    genlat_tensor_destroy(&a);
    genlat_tensor_destroy(&b);
    genlat_tensor_destroy(&c);
}

START_TEST(outputs_are_those_of_an_element)
{
    static const struct {
        const char *text;
        int64_t outputs;
    } rows[] = {{"bernoulli", 1},
                {"gaussian sd=fixed", 1},
                {"gaussian sd=output", 2},
                {"laplace", 1},
                {"mse", 1},
                {"categorical classes=8", 8},
                {"discretized_logistic", 2},
                {"beta_binomial", 2},
                {"cross_entropy", 0},
                {"logistic_mixture components=4", 12},
                {"student_t", 3}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        genlat_loss *loss = loss_of(rows[i].text);
        ck_assert_msg(genlat_loss_outputs(loss) == rows[i].outputs, "%s", rows[i].text);
        genlat_loss_destroy(&loss);
    }
    ck_assert_int_eq(genlat_loss_outputs(NULL), 0);
}
END_TEST

/* Means lie in the first plane, log-scales in the second. */
START_TEST(outputs_lie_in_planes)
{
    static const float numbers[] = {1, 2, 0, 0}, data[] = {1, 2};
    genlat_loss *loss = loss_of("gaussian sd=output");
    genlat_tensor *out = tensor_of(3, (int64_t[]){1, 2, 2}, numbers),
                  *target = tensor_of(3, (int64_t[]){1, 1, 2}, data);
    genlat_tensor *mean = NULL;
    double value = 0;
    ok(genlat_tensor_new(ctx, 3, (int64_t[]){1, 1, 2}, &mean));
    ok(genlat_loss_eval(loss, out, target, &value, NULL));
    ck_assert_double_eq_tol(value, log(2 * 3.14159265358979), 0.01); /* sd 1, no distance, two elements */
    ok(genlat_loss_mean(loss, out, mean));
    same_tensors(mean, target);
    genlat_loss_destroy(&loss);
    drop(out, target, mean);
}
END_TEST

/* The value is a mean over the rows of sums over the elements. */
START_TEST(values_are_means_over_rows)
{
    static const float numbers[] = {1, 2, 3, 4, 5, 6}, zeros[6] = {0};
    genlat_loss *loss = loss_of("mse");
    genlat_tensor *out = grid(2, 3, numbers), *target = grid(2, 3, zeros), *dout = NULL;
    double value = 0;
    ok(genlat_tensor_clone(out, &dout));
    ok(genlat_loss_eval(loss, out, target, &value, dout));
    ck_assert_double_eq_tol(value, (1 + 4 + 9 + 16 + 25 + 36) / 2.0, 1e-5);
    for (int i = 0; i < 6; i++)
        ck_assert_float_eq_tol(genlat_tensor_data(dout)[i], numbers[i], 1e-6);
    const long before = allocations; /* the work space is there */
    ok(genlat_loss_eval(loss, out, target, &value, dout));
    ck_assert_int_eq(allocations, before);
    genlat_loss_destroy(&loss);
    drop(out, target, dout);
}
END_TEST

START_TEST(wrong_tensors_are_refused)
{
    static const float numbers[] = {0, 0.5f, 1, 2, INFINITY, 0};
    genlat_loss *loss = loss_of("bernoulli"), *classes = loss_of("cross_entropy"), *square = loss_of("mse");
    genlat_tensor *out = grid(2, 2, numbers), *fine = grid(2, 2, (float[]){0, 1, 0.25f, 1}),
                  *above = grid(2, 2, numbers);
    genlat_tensor *long_one = grid(3, 2, numbers), *label = vector_of(2, (float[]){0, 2}),
                  *infinite = grid(1, 2, numbers + 4);
    genlat_tensor *single = grid(1, 2, numbers);
    double value = 7;
    ok(genlat_loss_eval(loss, out, fine, &value, NULL)); /* grey targets too */
    value = 7;
    REFUSED(GENLAT_E_RANGE, genlat_loss_eval, loss, out, above, &value, NULL); /* a target of 2 */
    REFUSED(GENLAT_E_SHAPE, genlat_loss_eval, loss, out, long_one, &value, NULL);
    REFUSED(GENLAT_E_SHAPE, genlat_loss_eval, loss, out, fine, &value, long_one);
    REFUSED(GENLAT_E_RANGE, genlat_loss_eval, classes, out, label, &value, NULL); /* class 2 of 2 */
    REFUSED(GENLAT_E_NUMERIC, genlat_loss_eval, square, infinite, single, &value, NULL);
    REFUSED(GENLAT_E_SHAPE, genlat_loss_mean, loss, out, long_one);
    ck_assert_double_eq(value, 7);
    genlat_rng *rng = NULL;
    ok(genlat_rng_new(ctx, 1, 0, &rng));
    REFUSED(GENLAT_E_SHAPE, genlat_loss_sample, loss, out, rng, long_one);
    ck_assert_uint_eq(genlat_rng_position(rng), 0);
    genlat_rng_destroy(&rng);
    genlat_loss_destroy(&loss);
    genlat_loss_destroy(&classes);
    genlat_loss_destroy(&square);
    drop(out, fine, above);
    drop(long_one, label, infinite);
    drop(single, NULL, NULL);
}
END_TEST

START_TEST(samples_follow_the_generator)
{
    static const float logits[] = {-40, 40, 0, 0};
    genlat_loss *loss = loss_of("bernoulli");
    genlat_tensor *out = grid(1, 4, logits), *a = NULL, *b = NULL;
    genlat_rng *rng = NULL;
    ok(genlat_tensor_clone(out, &a));
    ok(genlat_tensor_clone(out, &b));
    ok(genlat_rng_new(ctx, 1, 0, &rng));
    const long before = allocations;
    ok(genlat_loss_sample(loss, out, rng, a));
    ck_assert_uint_gt(genlat_rng_position(rng), 0); /* it is moved on */
    genlat_rng_seek(rng, 0);
    ok(genlat_loss_sample(loss, out, rng, b));
    same_tensors(a, b);
    ck_assert_float_eq(genlat_tensor_data(a)[0], 0);
    ck_assert_float_eq(genlat_tensor_data(a)[1], 1);
    ok(genlat_loss_mean(loss, out, a));
    ck_assert_float_eq_tol(genlat_tensor_data(a)[2], 0.5f, 1e-6);
    ck_assert_int_eq(allocations, before);
    genlat_rng_destroy(&rng);
    genlat_loss_destroy(&loss);
    drop(out, a, b);
}
END_TEST

/* The running scale moves when a derivative is requested, and not for a value that is not finite. */
START_TEST(scales_are_those_of_the_present)
{
    static const float numbers[] = {1, 3, INFINITY, 0}, zeros[2] = {0};
    static const char *const without[] = {"bernoulli", "gaussian sd=output", "categorical classes=2", "mse"};
    genlat_loss *fixed = loss_of("gaussian sd=fixed value=0.5"), *best = loss_of("gaussian sd=optimal"),
                *spread = loss_of("laplace");
    genlat_tensor *out = grid(1, 2, numbers), *target = grid(1, 2, zeros), *dout = grid(1, 2, zeros),
                  *lost = grid(1, 2, numbers + 2);
    double value = 0, sd = 7, again = 0;
    REFUSED(GENLAT_E_STATE, genlat_loss_scale, best, &sd);
    for (size_t i = 0; i < COUNT(without); i++) {
        genlat_loss *loss = loss_of(without[i]);
        REFUSED(GENLAT_E_UNSUPPORTED, genlat_loss_scale, loss, &sd);
        genlat_loss_destroy(&loss);
    }
    ck_assert_double_eq(sd, 7);
    ok(genlat_loss_scale(fixed, &sd));
    ck_assert_double_eq_tol(sd, 0.5, 1e-6);
    ok(genlat_loss_scale(spread, &sd));
    ck_assert_double_gt(sd, 0);
    ok(genlat_loss_eval(best, out, target, &value, dout));
    ok(genlat_loss_scale(best, &sd));
    ck_assert_double_eq_tol(sd, sqrt(5), 0.01);
    REFUSED(GENLAT_E_NUMERIC, genlat_loss_eval, best, lost, target, &value, dout);
    ok(genlat_loss_scale(best, &again));
    ck_assert_double_eq(again, sd);
    genlat_loss_destroy(&fixed);
    genlat_loss_destroy(&best);
    genlat_loss_destroy(&spread);
    drop(out, target, dout);
    drop(lost, NULL, NULL);
}
END_TEST

/* ---- divergences ------------------------------------------------------------------------------ */

START_TEST(divergences_are_those_of_their_formulas)
{
    static const float means[] = {1, 0, 2, -1}, logs[] = {0, 1, -1, 0.5f};
    genlat_tensor *mean = grid(2, 2, means), *logvar = grid(2, 2, logs), *z = NULL, *each = vector_of(2, means),
                  *dz = NULL;
    double value = 0, wanted = 0, parts[2] = {0}, sampled = 0, estimate = 0;
    for (int i = 0; i < 4; i++) {
        const double term = ((double)means[i] * (double)means[i] + exp((double)logs[i]) - 1 - (double)logs[i]) / 2;
        wanted += term / 2;
        parts[i % 2] += term / 2;
        /* at z = mean: -logvar/2 against -mean^2/2 */
        estimate += (-(double)logs[i] / 2 + (double)means[i] * (double)means[i] / 2) / 2;
    }
    const long held = blocks;
    ok(genlat_kl_gauss(mean, logvar, &value, NULL, NULL, NULL));
    ck_assert_double_eq_tol(value, wanted, 1e-5);
    ok(genlat_kl_gauss(mean, logvar, &value, each, NULL, NULL));
    ck_assert_float_eq_tol(genlat_tensor_data(each)[0], (float)parts[0], 1e-5);
    ck_assert_float_eq_tol(genlat_tensor_data(each)[1], (float)parts[1], 1e-5);
    ck_assert_int_eq(blocks, held); /* the work space is freed */
    ok(genlat_tensor_clone(mean, &z));
    ok(genlat_tensor_clone(mean, &dz));
    ok(genlat_kl_sampled(z, mean, logvar, &sampled, dz, NULL, NULL));
    ck_assert_double_eq_tol(sampled, estimate, 1e-5);
    for (int i = 0; i < 4; i++) /* of log N(z; 0, I) alone, there */
        ck_assert_float_eq_tol(genlat_tensor_data(dz)[i], means[i] / 2, 1e-5);
    REFUSED(GENLAT_E_SHAPE, genlat_kl_gauss, mean, each, &value, NULL, NULL, NULL);
    REFUSED(GENLAT_E_SHAPE, genlat_kl_gauss, mean, logvar, &value, mean, NULL, NULL);
    REFUSED(GENLAT_E_SHAPE, genlat_kl_sampled, each, mean, logvar, &sampled, NULL, NULL, NULL);
    REFUSED(GENLAT_E_SHAPE, genlat_kl_sampled, z, mean, logvar, &sampled, NULL, each, NULL);
    refuse_memory = 1;
    REFUSED(GENLAT_E_MEMORY, genlat_kl_gauss, mean, logvar, &value, NULL, NULL, NULL);
    REFUSED(GENLAT_E_MEMORY, genlat_kl_sampled, z, mean, logvar, &sampled, NULL, NULL, NULL);
    drop(mean, logvar, z);
    drop(each, dz, NULL);
}
END_TEST

/* ---- adversarial losses ----------------------------------------------------------------------- */

static double softplus(double v)
{
    return log1p(exp(-fabs(v))) + fmax(v, 0);
}

START_TEST(adversarial_losses_are_those_of_their_formulas)
{
    const double r = 0.7, f = -0.4; /* of two rows each */
    const double d[] = {softplus(-r) + softplus(f),
                        softplus(-r) + softplus(f),
                        ((r - 1) * (r - 1) + f * f) / 2,
                        fmax(0, 1 - r) + fmax(0, 1 + f),
                        f - r,
                        softplus(-(r - f)),
                        softplus(-(r - f)) + softplus(f - r),
                        softplus(-r) + softplus(f)};
    const double g[] = {-softplus(f),
                        softplus(-f),
                        (f - 1) * (f - 1) / 2,
                        -f,
                        -f,
                        softplus(-(f - r)),
                        softplus(-(f - r)) + softplus(r - f),
                        0};
    genlat_tensor *real = vector_of(2, (float[]){(float)r, (float)r}),
                  *fake = vector_of(2, (float[]){(float)f, (float)f});
    genlat_tensor *few = vector_of(1, (float[]){1}), *lost = vector_of(2, (float[]){NAN, 0});
    double value = 0;
    const long before = allocations;
    for (uint32_t kind = 0; kind < COUNT(d); kind++) {
        const bool smooths = kind <= GENLAT_ADVERSARIAL_LEAST_SQUARES || kind == GENLAT_ADVERSARIAL_FEATURES,
                   features = kind == GENLAT_ADVERSARIAL_FEATURES,
                   relates = kind >= GENLAT_ADVERSARIAL_RELATIVISTIC_PAIR && !features;
        ok(genlat_adversarial_discriminator(kind, 0, real, fake, &value, NULL, NULL));
        ck_assert_double_eq_tol(value, d[kind], 1e-5);
        ok(genlat_adversarial_generator(kind, real, fake, &value, NULL));
        ck_assert_double_eq_tol(value, g[kind], 1e-5);
        if (smooths)
            ok(genlat_adversarial_discriminator(kind, 0.5, real, fake, &value, NULL, NULL));
        value = 7;
        if (!smooths)
            REFUSED(GENLAT_E_RANGE, genlat_adversarial_discriminator, kind, 0.1, real, fake, &value, NULL, NULL);
        if (relates)
            REFUSED(GENLAT_E_INVALID, genlat_adversarial_generator, kind, NULL, fake, &value, NULL);
        REFUSED(GENLAT_E_RANGE, genlat_adversarial_discriminator, kind, 0.6, real, fake, &value, NULL, NULL);
        REFUSED(GENLAT_E_SHAPE, genlat_adversarial_discriminator, kind, 0, real, few, &value, NULL, NULL);
        REFUSED(GENLAT_E_SHAPE, genlat_adversarial_discriminator, kind, 0, real, fake, &value, few, NULL);
        REFUSED(GENLAT_E_SHAPE, genlat_adversarial_generator, kind, few, fake, &value, NULL);
        REFUSED(GENLAT_E_SHAPE, genlat_adversarial_generator, kind, real, fake, &value, few);
        REFUSED(GENLAT_E_NUMERIC, genlat_adversarial_discriminator, kind, 0, lost, fake, &value, NULL, NULL);
        if (!features) /* its generator has other losses */
            REFUSED(GENLAT_E_NUMERIC, genlat_adversarial_generator, kind, real, lost, &value, NULL);
        ck_assert_double_eq(value, 7);
        if (!relates)
            ok(genlat_adversarial_generator(kind, NULL, fake, &value, NULL));
    }
    REFUSED(GENLAT_E_INVALID, genlat_adversarial_discriminator, COUNT(d), 0, real, fake, &value, NULL, NULL);
    ck_assert_int_eq(allocations, before);
    drop(real, fake, few);
    drop(lost, NULL, NULL);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {outputs_are_those_of_an_element,
                                  outputs_lie_in_planes,
                                  values_are_means_over_rows,
                                  wrong_tensors_are_refused,
                                  samples_follow_the_generator,
                                  scales_are_those_of_the_present,
                                  divergences_are_those_of_their_formulas,
                                  adversarial_losses_are_those_of_their_formulas,
                                  NULL};
    return run_tests("promises of losses", tests);
}
