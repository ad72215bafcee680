/* SPDX-License-Identifier: MIT */
/* What gan.h, vae.h and predictor.h say of their options and terms. */
#include "promises/rig.h"

#include <stdbool.h>
#include <stdint.h>

static genlat_source *source;

static genlat_model *gan_of(const setting *settings)
{
    if (!source)
        source = synthetic("ring", 64, 0);
    return model_of("gan", settings, source);
}

static void drop(genlat_tensor *a, genlat_tensor *b, genlat_tensor *c)
{
    genlat_tensor_destroy(&a);
    genlat_tensor_destroy(&b);
    genlat_tensor_destroy(&c);
    genlat_source_destroy(&source);
}

static genlat_tensor *batch(int64_t rows)
{
    genlat_tensor *x = NULL;
    ok(genlat_source_read(source, 0, rows, &x, NULL));
    return x;
}

static genlat_tensor *weight_of(genlat_model *model, const char *part, int32_t index)
{
    genlat_net *net = NULL;
    genlat_tensor *view = NULL, *copy = NULL;
    ok(genlat_model_net(model, part, &net));
    ok(genlat_net_weight(net, genlat_net_weight_name(net, index), &view));
    ok(genlat_tensor_clone(view, &copy));
    genlat_tensor_destroy(&view);
    genlat_net_destroy(&net);
    return copy;
}

static genlat_tensor *sample(genlat_model *model, uint32_t raw)
{
    genlat_sample_opts opts;
    genlat_tensor *out = NULL;
    genlat_sample_opts_init(&opts);
    opts.seed = 1;
    opts.raw = raw;
    ok(genlat_model_sample(model, 8, NULL, &opts, &out));
    return out;
}

static bool differ(const genlat_tensor *a, const genlat_tensor *b)
{
    return memcmp(genlat_tensor_const_data(a), genlat_tensor_const_data(b),
                  (size_t)genlat_tensor_count(a) * sizeof(float)) != 0;
}

/* ---- gan.h ------------------------------------------------------------------------------------ */

/* Latents 0: 64, or as many as a sample has elements where these are fewer. */
START_TEST(latents_of_a_gan_follow_the_data)
{
    genlat_model *small = gan_of(NULL), *large = NULL;
    genlat_model_builder *b = builder_of("gan", NULL);
    genlat_model_builder_data(b, 3, (int64_t[]){1, 16, 16});
    ok(genlat_model_build(&b, NULL, &large));
    ck_assert_int_eq(genlat_model_latent(small), 2);
    ck_assert_int_eq(genlat_model_latent(large), 64);
    genlat_model_destroy(&small);
    genlat_model_destroy(&large);
    drop(NULL, NULL, NULL);
}
END_TEST

/* One step of the generator after every n-th of the discriminator; half steps move their half. */
START_TEST(steps_move_what_they_say)
{
    static const setting every[] = {{"discriminator_steps", "3"}, {NULL, NULL}};
    genlat_model *model = gan_of(every);
    genlat_tensor *x = batch(8), *g = weight_of(model, "generator", 0), *d = weight_of(model, "discriminator", 0);
    for (int i = 1; i <= 6; i++) {
        ok(genlat_gan_step(model, x, NULL, NULL));
        genlat_tensor *now = weight_of(model, "generator", 0);
        ck_assert_int_eq(differ(g, now), i % 3 == 0);
        genlat_tensor_destroy(&g);
        g = now;
    }
    genlat_tensor_destroy(&d);
    d = weight_of(model, "discriminator", 0);
    ok(genlat_gan_step_g(model, x, NULL, NULL));
    genlat_tensor *same = weight_of(model, "discriminator", 0), *moved = weight_of(model, "generator", 0);
    ck_assert(!differ(d, same));
    ck_assert(differ(g, moved));
    ok(genlat_gan_step_d(model, x, NULL, NULL));
    genlat_tensor_destroy(&g);
    g = weight_of(model, "generator", 0);
    ck_assert(!differ(g, moved));
    genlat_tensor_destroy(&same);
    genlat_tensor_destroy(&moved);
    genlat_model_destroy(&model);
    drop(x, g, d);
}
END_TEST

/* Rows are taken in groups; what is left over is left out. */
START_TEST(packing_takes_groups)
{
    static const setting packed[] = {{"packing", "4"}, {NULL, NULL}};
    genlat_model *a = gan_of(packed), *b = gan_of(packed);
    genlat_tensor *nine = batch(9), *eight = batch(8), *y = NULL, *few = batch(3);
    genlat_gan_terms first = {.size = sizeof first}, second = {.size = sizeof second, .d_loss = 7};
    ok(genlat_gan_discriminate(a, eight, NULL, &y));
    ck_assert_int_eq(genlat_tensor_dim(y, 0), 2);
    genlat_tensor_destroy(&y);
    REFUSED(GENLAT_E_SHAPE, genlat_gan_discriminate, a, nine, NULL, &y);
    REFUSED(GENLAT_E_SHAPE, genlat_gan_step, a, few, NULL, &second);
    ck_assert_double_eq(second.d_loss, 7);
    ok(genlat_gan_step(a, nine, NULL, &first));
    ok(genlat_gan_step(b, eight, NULL, &second));
    ck_assert_mem_eq(&first, &second, sizeof first);
    genlat_tensor_destroy(&few);
    genlat_model_destroy(&a);
    genlat_model_destroy(&b);
    drop(nine, eight, NULL);
}
END_TEST

START_TEST(averages_generate_the_samples)
{
    static const setting none[] = {{"ema", "0"}, {NULL, NULL}};
    genlat_model *model = gan_of(NULL), *plain = gan_of(none);
    genlat_tensor *x = batch(8);
    for (int i = 0; i < 3; i++) {
        ok(genlat_gan_step(model, x, NULL, NULL));
        ok(genlat_gan_step(plain, x, NULL, NULL));
    }
    genlat_tensor *mean = sample(model, 0), *raw = sample(model, 1), *alone = sample(plain, 0),
                  *same = sample(plain, 1);
    ck_assert(differ(mean, raw));
    ck_assert(!differ(alone, same)); /* no average */
    genlat_tensor *average = weight_of(model, "average", 0), *trained = weight_of(model, "generator", 0);
    ck_assert(differ(average, trained));
    genlat_tensor_destroy(&average);
    genlat_tensor_destroy(&trained);
    genlat_tensor_destroy(&same);
    genlat_model_destroy(&model);
    genlat_model_destroy(&plain);
    drop(mean, raw, alone);
    drop(x, NULL, NULL);
}
END_TEST

START_TEST(critics_are_clipped)
{
    static const setting clipped[] = {
        {"loss", "wasserstein"}, {"clip", "0.01"}, {"r1", "0"}, {"r2", "0"}, {NULL, NULL}};
    static const setting wrong[] = {{"label_smoothing", "0.1"}, {"loss", "wasserstein"}, {NULL, NULL}};
    genlat_model *model = gan_of(clipped), *none = NULL;
    genlat_tensor *x = batch(8);
    ok(genlat_gan_step_d(model, x, NULL, NULL));
    genlat_tensor *weight = weight_of(model, "discriminator", 0);
    for (int64_t i = 0; i < genlat_tensor_count(weight); i++)
        ck_assert_float_le(fabsf(genlat_tensor_data(weight)[i]), 0.01f);
    genlat_model_builder *b = builder_of("gan", wrong);
    REFUSED_WITH("label_smoothing", GENLAT_E_RANGE, genlat_model_build, &b, source, &none);
    genlat_model_destroy(&model);
    drop(x, weight, NULL);
}
END_TEST

static double mean_verdict(genlat_model *model, const genlat_tensor *x)
{
    genlat_tensor *y = NULL;
    double sum = 0;
    ok(genlat_gan_discriminate(model, x, NULL, &y));
    for (int64_t i = 0; i < genlat_tensor_count(y); i++)
        sum += (double)genlat_tensor_data(y)[i] / (double)genlat_tensor_count(y);
    genlat_tensor_destroy(&y);
    return sum;
}

/* Of a generator of zeros, whose samples are known. */
START_TEST(mean_outputs_are_those_of_the_discriminator)
{
    genlat_model *model = gan_of(NULL);
    genlat_tensor *x = batch(8), *zeros = NULL, *weight = NULL;
    genlat_net *generator = NULL;
    genlat_gan_terms terms = {.size = sizeof terms};
    ok(genlat_tensor_new(ctx, 2, (int64_t[]){8, 2}, &zeros));
    ok(genlat_model_net(model, "generator", &generator));
    for (int32_t i = 0; i < genlat_net_weights(generator); i++) {
        ok(genlat_net_weight(generator, genlat_net_weight_name(generator, i), &weight));
        ok(genlat_tensor_fill(weight, 0));
        genlat_tensor_destroy(&weight);
    }
    const double real = mean_verdict(model, x), fake = mean_verdict(model, zeros);
    ok(genlat_gan_step_d(model, x, NULL, &terms));
    ck_assert_double_eq_tol(terms.d_real, real, 1e-5);
    ck_assert_double_eq_tol(terms.d_fake, fake, 1e-5);
    genlat_net_destroy(&generator);
    genlat_model_destroy(&model);
    drop(x, zeros, NULL);
}
END_TEST

/* Penalties are the last ones computed; a batch without variety has a diversity of 1. */
START_TEST(terms_of_a_gan_are_as_described)
{
    static const setting lazy[] = {{"penalty_every", "2"}, {"r1", "1"}, {NULL, NULL}};
    genlat_model *model = gan_of(lazy);
    genlat_tensor *x = batch(8);
    genlat_gan_terms terms[3] = {{.size = sizeof *terms}, {.size = sizeof *terms}, {.size = sizeof *terms}};
    for (int i = 0; i < 3; i++)
        ok(genlat_gan_step(model, x, NULL, &terms[i]));
    ck_assert_double_gt(terms[0].penalty, 0);
    ck_assert_double_eq(terms[1].penalty, terms[0].penalty);
    ck_assert_double_ne(terms[2].penalty, terms[0].penalty);
    ck_assert_double_gt(terms[0].d_grad_norm, 0);
    ck_assert_double_gt(terms[0].g_grad_norm, 0);
    ok(genlat_tensor_fill(x, 0.5f));
    ok(genlat_gan_step(model, x, NULL, &terms[0]));
    ck_assert_double_eq(terms[0].diversity, 1);
    genlat_model_destroy(&model);
    drop(x, NULL, NULL);
}
END_TEST

/* With a target the probability begins at 0, and never leaves its bounds. */
START_TEST(augmentation_is_adapted)
{
    static const setting adapted[] = {{"augment", "translation"},
                                      {"augment_target", "0.6"},
                                      {"augment_speed", "8"},
                                      {"augment_probability", "0.5"},
                                      {NULL, NULL}};
    static const setting fixed[] = {{"augment", "translation"}, {"augment_probability", "0.25"}, {NULL, NULL}};
    genlat_gan_terms terms = {.size = sizeof terms};
    for (int i = 0; i < 2; i++) {
        genlat_model_builder *b = builder_of("gan", i ? fixed : adapted);
        genlat_model *model = NULL;
        genlat_tensor *x = counting(4, (int64_t[]){8, 1, 4, 4});
        genlat_model_builder_data(b, 3, (int64_t[]){1, 4, 4});
        ok(genlat_model_build(&b, NULL, &model));
        for (int k = 0; k < 5; k++) {
            ok(genlat_gan_step(model, x, NULL, &terms));
            ck_assert(terms.augment_probability >= 0 && terms.augment_probability <= (i ? 0.25 : 0.5));
            if (i)
                ck_assert_double_eq(terms.augment_probability, 0.25);
        }
        genlat_model_destroy(&model);
        drop(x, NULL, NULL);
    }
}
END_TEST

/* ---- vae.h ------------------------------------------------------------------------------------ */

START_TEST(terms_of_a_vae_fit_together)
{
    static const setting settings[] = {{"latent", "2"},
                                       {"encoder", "dense units=4; relu"},
                                       {"beta", "0.25"},
                                       {"decoder", "dense units=4; relu; dense units=2"},
                                       {NULL, NULL}};
    genlat_model *model = model_of("vae", settings, NULL);
    genlat_tensor *x = counting(2, (int64_t[]){4, 2});
    genlat_vae_terms terms = {.size = sizeof terms}, again = {.size = sizeof again};
    ok(genlat_vae_elbo(model, x, NULL, 3, 5, &terms));
    ck_assert_double_eq_tol(terms.neg_elbo, terms.recon + terms.kl, 1e-9);
    ck_assert_double_eq_tol(terms.objective, terms.recon + 0.25 * terms.kl, 1e-5);
    ck_assert_double_eq(terms.beta, 0.25);
    ck_assert_double_eq(terms.grad_norm, 0); /* no step */
    ok(genlat_vae_elbo(model, x, NULL, 3, 5, &again));
    ck_assert_mem_eq(&terms, &again, sizeof terms); /* the seed decides */
    ok(genlat_vae_step(model, NULL, x, NULL, &terms));
    ck_assert_double_gt(terms.grad_norm, 0);
    genlat_model_destroy(&model);
    drop(x, NULL, NULL);
}
END_TEST

START_TEST(plain_autoencoders_have_no_divergence)
{
    static const setting settings[] = {{"latent", "2"},
                                       {"kind", "plain"},
                                       {"encoder", "dense units=4; relu"},
                                       {"decoder", "dense units=4; relu; dense units=2"},
                                       {NULL, NULL}};
    genlat_model *model = model_of("vae", settings, NULL);
    genlat_tensor *x = counting(2, (int64_t[]){4, 2}), *mean = NULL, *z = NULL;
    genlat_vae_terms terms = {.size = sizeof terms};
    double nll[4] = {7, 7, 7, 7};
    ok(genlat_vae_step(model, NULL, x, NULL, &terms));
    ck_assert_double_eq(terms.kl, 0);
    ok(genlat_vae_encode(model, x, NULL, &mean, NULL));
    ok(genlat_vae_encode_sample(model, x, NULL, 1, &z));
    same_tensors(mean, z); /* the latent is the mean */
    REFUSED(GENLAT_E_UNSUPPORTED, genlat_vae_log_likelihood, model, x, NULL, 1, 1, nll);
    ck_assert_double_eq(nll[0], 7);
    genlat_model_destroy(&model);
    drop(x, mean, z);
}
END_TEST

/* A loop of the caller's own: gradients add up, an optimizer keeps the nets alive. */
START_TEST(own_loops_train)
{
    genlat_model *model = small_vae();
    genlat_optim *optim = NULL;
    genlat_net *net = NULL;
    genlat_tensor *x = counting(2, (int64_t[]){4, 2}), *before = weight_of(model, "decoder", 0), *grad = NULL;
    ok(genlat_vae_optimizer(model, "sgd lr=0.1", &optim));
    ok(genlat_model_net(model, "decoder", &net));
    ok(genlat_net_grad(net, genlat_net_weight_name(net, 0), &grad));
    ok(genlat_vae_backward(model, x, NULL, NULL));
    genlat_tensor *after = weight_of(model, "decoder", 0);
    ck_assert(!differ(before, after)); /* no update */
    genlat_tensor_destroy(&after);
    ok(genlat_optim_step(optim));
    after = weight_of(model, "decoder", 0);
    ck_assert(differ(before, after));
    ok(genlat_vae_step(model, optim, x, NULL, NULL));
    ck_assert_int_eq(genlat_optim_steps(optim), 2);
    genlat_model_destroy(&model);
    genlat_net_destroy(&net);
    ok(genlat_optim_zero_grad(optim)); /* the nets live on */
    ck_assert_float_eq(genlat_tensor_data(grad)[0], 0);
    genlat_optim_destroy(&optim);
    genlat_tensor_destroy(&grad);
    drop(x, before, after);
}
END_TEST

/* It would train the other model, with gradients of an earlier batch. One that has other weights too is legal. */
START_TEST(an_optimizer_is_of_its_model)
{
    genlat_model *model = small_vae(), *other = small_vae();
    genlat_optim *optim = NULL, *foreign = NULL, *empty = NULL, *many = NULL;
    genlat_net *decoder = NULL;
    genlat_tensor *x = counting(2, (int64_t[]){4, 2}), *before = weight_of(model, "decoder", 0), *after = NULL;
    genlat_progress progress = {.size = sizeof progress};
    ok(genlat_vae_optimizer(other, "sgd lr=0.1", &foreign));
    ok(genlat_sgd_new(ctx, NULL, &empty));
    ok(genlat_vae_optimizer(model, "sgd lr=0.1 accumulate=2", &many));
    ok(genlat_vae_backward(other, x, NULL, NULL));
    REFUSED_WITH("no weights of this model", GENLAT_E_INVALID, genlat_vae_step, model, foreign, x, NULL, NULL);
    REFUSED_WITH("no weights of this model", GENLAT_E_INVALID, genlat_vae_step, model, empty, x, NULL, NULL);
    REFUSED_WITH("accumulate", GENLAT_E_UNSUPPORTED, genlat_vae_step, model, many, x, NULL, NULL);
    ck_assert_int_eq(genlat_optim_steps(foreign), 0);
    ok(genlat_model_progress(model, &progress));
    ck_assert_int_eq(progress.step, 0);
    ok(genlat_vae_optimizer(model, "sgd lr=0.1", &optim));
    ok(genlat_model_net(other, "decoder", &decoder));
    ok(genlat_optim_add(optim, decoder, NULL, NULL));
    ok(genlat_vae_step(model, optim, x, NULL, NULL));
    after = weight_of(model, "decoder", 0);
    ck_assert(differ(before, after));
    genlat_net_destroy(&decoder);
    for (genlat_optim **o = (genlat_optim *[]){optim, foreign, empty, many, NULL}; *o; o++)
        genlat_optim_destroy(o);
    genlat_model_destroy(&model);
    genlat_model_destroy(&other);
    drop(x, before, after);
}
END_TEST

/* A row's code depends on the seed and its place alone; used dimensions vary. */
START_TEST(codes_depend_on_their_place)
{
    genlat_model *model = small_vae();
    genlat_source *ring = synthetic("ring", 200, 0);
    genlat_tensor *x = counting(2, (int64_t[]){5, 2}), *few = NULL, *a = NULL, *b = NULL;
    int64_t active = 7;
    double variance[2], kl[2];
    ok(genlat_tensor_rows(x, 0, 2, &few));
    ok(genlat_vae_encode_sample(model, x, NULL, UINT64_MAX, &a));
    ok(genlat_vae_encode_sample(model, few, NULL, UINT64_MAX, &b));
    ck_assert_mem_eq(genlat_tensor_data(a), genlat_tensor_data(b), 4 * sizeof(float));
    ok(genlat_vae_active_units(model, ring, &active, variance, kl));
    ck_assert_int_eq(active, (variance[0] > 0.01) + (variance[1] > 0.01));
    ck_assert(kl[0] >= 0 && kl[1] >= 0);
    genlat_tensor_destroy(&few);
    genlat_source_destroy(&ring);
    genlat_model_destroy(&model);
    drop(x, a, b);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {latents_of_a_gan_follow_the_data,
                                  steps_move_what_they_say,
                                  packing_takes_groups,
                                  averages_generate_the_samples,
                                  critics_are_clipped,
                                  mean_outputs_are_those_of_the_discriminator,
                                  terms_of_a_gan_are_as_described,
                                  augmentation_is_adapted,
                                  terms_of_a_vae_fit_together,
                                  plain_autoencoders_have_no_divergence,
                                  own_loops_train,
                                  an_optimizer_is_of_its_model,
                                  codes_depend_on_their_place,
                                  NULL};
    return run_tests("promises of families", tests);
}
