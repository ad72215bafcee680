/* SPDX-License-Identifier: MIT */
/* Use of VAEs: samples and their noise depend on seed, call and context; codes, paths and traversals are decoded
 * correctly; active latent dimensions are reported; autoregressive decoders generate step by step. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "net/net_priv.h"
#include "vae/vae_priv.h"

enum { SIZE = 6, LATENT = 3, CLASSES = 3 };

static const double SD = 0.7;

static genlat_ctx *ctx;

static genlat_ctx *new_ctx(int64_t seed)
{
    genlat_ctx *new = NULL;
    genlat_ctx_opts opts;
    genlat_ctx_opts_init(&opts);
    opts.seed = seed;
    ck_assert_int_eq(genlat_ctx_new(&opts, &new), GENLAT_OK);
    return new;
}

static void set_up(void)
{
    ctx = new_ctx(3);
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
    genlat_model_builder_set(b, "likelihood", "gaussian sd=fixed value=0.7");
    for (; *pairs; pairs += 2)
        genlat_model_builder_set(b, pairs[0], pairs[1]);
    expect_ok(genlat_model_build(&b, NULL, &model));
    return model;
}

static const char *const plain[] = {NULL}, *const labelled[] = {"condition", "classes=3", NULL};

static genlat_tensor *numbers(int64_t rows, int64_t width, uint64_t seed)
{
    genlat_tensor *x = NULL;
    gnl_rng rng = gnl_rng_make(seed, GNL_STREAM_USER, 0);
    expect_ok(genlat_tensor_new(ctx, 2, (int64_t[]){rows, width}, &x));
    gnl_rng_fill_normal(&rng, x->data, rows * width);
    return x;
}

static genlat_tensor *sample(genlat_model *model, int64_t n, const genlat_sample_opts *opts)
{
    genlat_tensor *x = NULL;
    expect_ok(genlat_model_sample(model, n, NULL, opts, &x));
    ck_assert_int_eq(x->shape.dim[0], n);
    return x;
}

static bool is_same(const genlat_tensor *a, const genlat_tensor *b, int64_t count)
{
    return memcmp(a->data, b->data, (size_t)count * sizeof *a->data) == 0;
}

static void release(genlat_tensor **all)
{
    for (; *all; all++)
        gnl_tensor_release(*all);
}

/* With all latents 0, samples differ only by their noise. */
static genlat_sample_opts noise_alone(int64_t seed)
{
    genlat_sample_opts o;
    genlat_sample_opts_init(&o);
    o.seed = seed;
    o.temperature = 0;
    o.draw = 1;
    return o;
}

/* ---- the noise of the data ------------------------------------------------------------------- */

START_TEST(noise_depends_on_the_seed)
{
    genlat_model *model = make(plain);
    genlat_sample_opts five = noise_alone(5), six = noise_alone(6), still = five;
    still.draw = 0;
    genlat_tensor *a = sample(model, 4, &five), *b = sample(model, 4, &five), *c = sample(model, 4, &six),
                  *longer = sample(model, 1200, &five), *mean = sample(model, 4, &still);
    ck_assert(is_same(a, b, 4 * SIZE));
    ck_assert(is_same(a, longer, 4 * SIZE));
    for (int i = 0; i < 4 * SIZE; i++) {
        ck_assert(a->data[i] != c->data[i]);
        ck_assert(a->data[i] != mean->data[i]);
        ck_assert(i < SIZE || a->data[i] != a->data[i - SIZE]); /* each sample has its own noise */
    }
    release((genlat_tensor *[]){a, b, c, longer, mean, NULL});
    genlat_model_destroy(&model);
}
END_TEST

/* Without a seed, calls continue one series: two calls return the parts of one call, and no number occurs twice. */
START_TEST(noise_continues_from_call_to_call)
{
    genlat_model *model = make(plain), *same = make(plain);
    genlat_sample_opts o = noise_alone(-1);
    o.temperature = _i;
    genlat_tensor *a = sample(model, 4, &o), *b = sample(model, 4, &o), *both = sample(same, 8, &o);
    ck_assert(is_same(a, both, 4 * SIZE));
    for (int i = 0; i < 4 * SIZE; i++) {
        ck_assert_double_eq_tol((double)b->data[i], (double)both->data[4 * SIZE + i], 1e-6);
        ck_assert(a->data[i] != b->data[i]);
    }
    release((genlat_tensor *[]){a, b, both, NULL});
    genlat_model_destroy(&model);
    genlat_model_destroy(&same);
}
END_TEST

/* The same model, loaded in contexts with other seeds. */
START_TEST(noise_depends_on_the_context)
{
    char path[64];
    genlat_model *model = make(plain), *same = NULL, *other = NULL;
    genlat_ctx *three = new_ctx(3), *four = new_ctx(4);
    genlat_sample_opts o = noise_alone(-1);
    snprintf(path, sizeof path, "/tmp/genlat-vae-use-%ld.safetensors", (long)getpid());
    expect_ok(genlat_model_save(model, path));
    expect_ok(genlat_model_load(three, path, &same));
    expect_ok(genlat_model_load(four, path, &other));
    unlink(path);
    genlat_tensor *a = sample(model, 4, &o), *b = sample(same, 4, &o), *c = sample(other, 4, &o);
    ck_assert(is_same(a, b, 4 * SIZE));
    for (int i = 0; i < 4 * SIZE; i++)
        ck_assert(a->data[i] != c->data[i]);
    release((genlat_tensor *[]){a, b, c, NULL});
    genlat_model_destroy(&model);
    genlat_model_destroy(&same);
    genlat_model_destroy(&other);
    genlat_ctx_destroy(&three);
    genlat_ctx_destroy(&four);
}
END_TEST

/* Many samples have the mean and standard deviation of the likelihood. */
START_TEST(noise_matches_the_likelihood)
{
    enum { MANY = 20000 };
    genlat_model *model = make(plain);
    genlat_sample_opts o = noise_alone(5), still = o;
    still.draw = 0;
    genlat_tensor *x = sample(model, MANY, &o), *mean = sample(model, 1, &still);
    for (int j = 0; j < SIZE; j++) {
        double sum = 0, square = 0;
        for (int i = 0; i < MANY; i++) {
            double apart = (double)x->data[i * SIZE + j] - (double)mean->data[j];
            sum += apart / MANY;
            square += apart * apart / MANY;
        }
        ck_assert_double_eq_tol(sum, 0, 4 * SD / sqrt(MANY));
        ck_assert_double_eq_tol(square, SD * SD, 4 * SD * SD * sqrt(2.0 / MANY));
    }
    release((genlat_tensor *[]){x, mean, NULL});
    genlat_model_destroy(&model);
}
END_TEST

/* ---- samples and latents --------------------------------------------------------------------- */

START_TEST(samples_are_decoded_latents)
{
    genlat_model *model = make(_i ? labelled : plain);
    genlat_tensor *z = NULL, *x = NULL, *y = NULL, *labels = NULL;
    genlat_sample_opts o;
    genlat_sample_opts_init(&o);
    o.seed = 8;
    o.temperature = 0.5;
    o.truncation = 1.5;
    expect_ok(genlat_tensor_from(ctx, 1, (int64_t[]){7}, (float[]){0, 1, 2, 0, 1, 2, 0}, &labels));
    expect_ok(genlat_model_latents(model, 7, &o, &z));
    for (int i = 0; i < 7 * LATENT; i++)
        ck_assert_double_le(fabs((double)z->data[i]), 0.75);
    expect_ok(genlat_model_sample(model, 7, NULL, &o, &x)); /* one class after the other */
    expect_ok(genlat_model_decode(model, z, _i ? labels : NULL, &y));
    ck_assert(is_same(x, y, 7 * SIZE));
    release((genlat_tensor *[]){z, x, y, labels, NULL});
    genlat_model_destroy(&model);
}
END_TEST

START_TEST(invalid_sample_options_are_refused)
{
    static const char *const vectors[] = {"condition", "vector=2", NULL};
    genlat_model *model = make(labelled), *of_vectors = make(vectors);
    genlat_tensor *x = NULL, *labels = numbers(3, 2, 1);
    genlat_sample_opts o, usual;
    genlat_sample_opts_init(&usual);
    const struct {
        double temperature, truncation;
        int64_t seed;
        uint32_t draw, raw;
        genlat_status status;
    } cases[] = {{-1, 0, 0, 0, 0, GENLAT_E_RANGE},
                 {1, 0.05, 0, 0, 0, GENLAT_E_RANGE},
                 {1, 0, -2, 0, 0, GENLAT_E_RANGE},
                 {1, 0, 0, 2, 0, GENLAT_E_RANGE},
                 {1, 0, 0, 0, 1, GENLAT_E_UNSUPPORTED}};
    for (size_t i = 0; i < GNL_COUNT(cases); i++) {
        o = usual;
        o.temperature = cases[i].temperature;
        o.truncation = cases[i].truncation;
        o.seed = cases[i].seed;
        o.draw = cases[i].draw;
        o.raw = cases[i].raw;
        ck_assert_int_eq(genlat_model_sample(model, 3, NULL, &o, &x), cases[i].status);
        ck_assert_ptr_null(x);
    }
    ck_assert_int_eq(genlat_model_sample(model, 0, NULL, NULL, &x), GENLAT_E_RANGE);
    ck_assert_int_eq(genlat_model_sample(model, 3, labels, NULL, &x), GENLAT_E_SHAPE);
    ck_assert_int_eq(genlat_model_sample(of_vectors, 3, NULL, NULL, &x), GENLAT_E_STATE);
    ck_assert_int_eq(genlat_model_sample(of_vectors, 2, labels, NULL, &x), GENLAT_E_SHAPE);
    expect_ok(genlat_model_sample(of_vectors, 3, labels, NULL, &x));
    release((genlat_tensor *[]){x, labels, NULL});
    genlat_model_destroy(&model);
    genlat_model_destroy(&of_vectors);
}
END_TEST

/* ---- codes ----------------------------------------------------------------------------------- */

START_TEST(codes_of_a_row_do_not_depend_on_the_others)
{
    genlat_model *model = make(plain);
    genlat_tensor *x = numbers(600, SIZE, 2), *few = NULL, *mean = NULL, *logvar = NULL, *z = NULL, *again = NULL,
                  *y = NULL, *decoded = NULL;
    double nll[600], first[3];
    expect_ok(genlat_tensor_rows(x, 0, 3, &few));
    expect_ok(genlat_vae_encode(model, x, NULL, &mean, &logvar));
    expect_ok(genlat_model_encode(model, x, NULL, &z));
    ck_assert(is_same(mean, z, 600 * LATENT));
    genlat_tensor_destroy(&z);
    expect_ok(genlat_vae_encode_sample(model, x, NULL, 9, &z));
    expect_ok(genlat_vae_encode_sample(model, few, NULL, 9, &again));
    for (int i = 0; i < 3 * LATENT; i++) {
        double noise = ((double)z->data[i] - (double)mean->data[i]) * exp(-0.5 * (double)logvar->data[i]);
        ck_assert_double_eq_tol((double)z->data[i], (double)again->data[i], 1e-5);
        ck_assert(fabs(noise) > 1e-4 && fabs(noise) < 6);
    }
    expect_ok(genlat_vae_log_likelihood(model, x, NULL, 4, 9, nll));
    expect_ok(genlat_vae_log_likelihood(model, few, NULL, 4, 9, first));
    for (int i = 0; i < 3; i++)
        ck_assert_double_eq_tol(nll[i], first[i], 1e-4);
    expect_ok(genlat_model_reconstruct(model, few, NULL, &y));
    genlat_tensor_destroy(&again);
    expect_ok(genlat_model_encode(model, few, NULL, &again));
    expect_ok(genlat_model_decode(model, again, NULL, &decoded));
    ck_assert(is_same(y, decoded, 3 * SIZE));
    release((genlat_tensor *[]){x, few, mean, logvar, z, again, y, decoded, NULL});
    genlat_model_destroy(&model);
}
END_TEST

/* ---- paths ----------------------------------------------------------------------------------- */

START_TEST(paths_connect_both_ends)
{
    enum { STEPS = 4 };
    genlat_model *model = make(labelled);
    genlat_tensor *from = numbers(2, LATENT, 1), *to = numbers(2, LATENT, 2), *labels = NULL, *x = NULL, *a = NULL,
                  *b = NULL;
    expect_ok(genlat_tensor_from(ctx, 1, (int64_t[]){2}, (float[]){2, 1}, &labels));
    expect_ok(genlat_model_decode(model, from, labels, &a));
    expect_ok(genlat_model_decode(model, to, labels, &b));
    for (uint32_t path = GENLAT_PATH_SPHERE; path <= GENLAT_PATH_LINE; path++) {
        expect_ok(genlat_model_interpolate(model, from, to, labels, STEPS, path, &x));
        ck_assert_int_eq(x->shape.dim[0], 2 * STEPS);
        for (int i = 0; i < 2 * SIZE; i++) {
            const int row = i / SIZE, column = i % SIZE;
            ck_assert_double_eq_tol((double)x->data[row * STEPS * SIZE + column], (double)a->data[i], 1e-5);
            ck_assert_double_eq_tol((double)x->data[(row * STEPS + STEPS - 1) * SIZE + column], (double)b->data[i],
                                    1e-5);
        }
        genlat_tensor_destroy(&x);
    }
    ck_assert_int_eq(genlat_model_interpolate(model, from, to, labels, 1, GENLAT_PATH_LINE, &x), GENLAT_E_RANGE);
    ck_assert_int_eq(genlat_model_interpolate(model, from, to, labels, 3, 2, &x), GENLAT_E_INVALID);
    ck_assert_int_eq(genlat_model_interpolate(model, from, labels, labels, 3, 0, &x), GENLAT_E_SHAPE);
    release((genlat_tensor *[]){from, to, labels, a, b, NULL});
    genlat_model_destroy(&model);
}
END_TEST

START_TEST(traversals_move_one_dimension)
{
    enum { STEPS = 5 };
    genlat_model *model = make(labelled);
    genlat_tensor *start = _i ? numbers(1, LATENT, 4) : NULL, *label = NULL, *x = NULL, *z = NULL, *expected = NULL,
                  *labels = NULL;
    expect_ok(genlat_tensor_from(ctx, 1, (int64_t[]){1}, (float[]){2}, &label));
    expect_ok(genlat_model_traverse(model, start, label, -1, 3, STEPS, &x));
    ck_assert_int_eq(x->shape.dim[0], LATENT * STEPS);
    expect_ok(genlat_tensor_new(ctx, 2, (int64_t[]){LATENT * STEPS, LATENT}, &z));
    expect_ok(genlat_tensor_new(ctx, 1, (int64_t[]){LATENT * STEPS}, &labels));
    expect_ok(genlat_tensor_fill(labels, 2));
    for (int i = 0; i < LATENT * STEPS * LATENT; i++) {
        const int row = i / LATENT, d = i % LATENT;
        z->data[i] = d == row / STEPS ? (gnl_real)(row % STEPS - 1) : start ? start->data[d] : 0;
    }
    expect_ok(genlat_model_decode(model, z, labels, &expected));
    ck_assert(is_same(x, expected, LATENT * STEPS * SIZE));
    genlat_tensor_destroy(&x);
    ck_assert_int_eq(genlat_model_traverse(model, start, label, (double)NAN, 3, STEPS, &x), GENLAT_E_RANGE);
    ck_assert_int_eq(genlat_model_traverse(model, z, label, -1, 3, STEPS, &x), GENLAT_E_SHAPE);
    release((genlat_tensor *[]){label, z, expected, labels, start, NULL});
    genlat_model_destroy(&model);
}
END_TEST

/* ---- use of the dimensions ------------------------------------------------------------------- */

static gnl_real *weight(const genlat_net *net, const char *name)
{
    int index = gnl_net_find_weight(net, name);
    ck_assert_msg(index >= 0, "no weight %s", name);
    return gnl_net_weight_data(net, index);
}

/* One dimension is x0, one is always 1, one is 0 with standard deviation 1. */
START_TEST(active_dimensions_are_reported)
{
    enum { COUNT = 700 };
    static const char *const linear[] = {"encoder", "flatten", NULL};
    genlat_model *model = make(linear);
    const genlat_net *encoder = model->net[GNL_VAE_ENCODER_NET];
    genlat_tensor *x = numbers(COUNT, SIZE, 3);
    genlat_source *source = NULL;
    int64_t active = -1;
    double variance[LATENT], kl[LATENT], mean = 0, square = 0;
    memset(weight(encoder, "mean.weight"), 0, LATENT * SIZE * sizeof(gnl_real));
    memset(weight(encoder, "logvar_raw.weight"), 0, LATENT * SIZE * sizeof(gnl_real));
    memset(weight(encoder, "logvar_raw.bias"), 0, LATENT * sizeof(gnl_real));
    memset(weight(encoder, "mean.bias"), 0, LATENT * sizeof(gnl_real));
    weight(encoder, "mean.weight")[0] = 1;
    weight(encoder, "mean.bias")[1] = 1;
    for (int i = 0; i < COUNT; i++) {
        mean += (double)x->data[i * SIZE] / COUNT;
        square += (double)(x->data[i * SIZE] * x->data[i * SIZE]) / COUNT;
    }
    expect_ok(genlat_source_memory(ctx, x, NULL, &source));
    expect_ok(genlat_vae_active_units(model, source, &active, variance, kl));
    ck_assert_int_eq(active, 1);
    ck_assert_double_eq_tol(variance[0], (square - mean * mean) * COUNT / (COUNT - 1), 1e-4);
    ck_assert_double_eq_tol(variance[1] + variance[2], 0, 1e-9);
    ck_assert_double_eq_tol(kl[0], 0.5 * square, 1e-4);
    ck_assert_double_eq_tol(kl[1], 0.5, 1e-6);
    ck_assert_double_eq_tol(kl[2], 0, 1e-6);
    genlat_tensor_destroy(&x);
    genlat_source_destroy(&source);
    genlat_model_destroy(&model);
}
END_TEST

/* ---- autoregressive decoders ----------------------------------------------------------------- */

/* The decoder sees z and the preceding number. The sample equals the output on that input, shifted by one. */
START_TEST(autoregressive_decoders_generate_step_by_step)
{
    static const char *const pairs[] = {"decoder_inputs", "previous", "decoder",
                                        "reshape shape=1x6 from=previous | conv1d channels=1 kernel=1 name=p | "
                                        "dense units=6 from=z | reshape shape=1x6 name=d | add from=p,d",
                                        NULL};
    genlat_model *model = make(pairs);
    genlat_tensor *z = numbers(5, LATENT, 6), *x = NULL, *previous = NULL;
    const genlat_tensor *y = NULL;
    genlat_exec *exec = NULL;
    genlat_net *decoder = model->net[GNL_VAE_DECODER_NET];
    expect_ok(genlat_model_decode(model, z, NULL, &x));
    expect_ok(genlat_tensor_new(ctx, 2, (int64_t[]){5, SIZE}, &previous));
    for (int i = 0; i < 5 * SIZE; i++)
        previous->data[i] = i % SIZE ? x->data[i - 1] : 0;
    expect_ok(genlat_net_compile(decoder, 5, NULL, &exec));
    expect_ok(genlat_exec_forward(exec, GENLAT_MODE_EVAL, 2, (const genlat_tensor *[]){z, previous}));
    expect_ok(genlat_exec_output(exec, 0, &y));
    for (int i = 0; i < 5 * SIZE; i++)
        ck_assert_double_eq_tol((double)x->data[i], (double)y->data[i], 1e-5);
    release((genlat_tensor *[]){z, x, previous, NULL});
    genlat_exec_destroy(&exec);
    genlat_model_destroy(&model);
}
END_TEST

/* ---- inspection ------------------------------------------------------------------------------ */

/* The loss of the means of every row, decoded from the code of the row `shift` after it. */
static double loss_by_hand(genlat_model *model, const genlat_tensor *x, int64_t shift)
{
    genlat_tensor *z = NULL, *y = NULL, *turned = NULL;
    const int64_t rows = x->shape.dim[0];
    double sum = 0;
    expect_ok(genlat_vae_encode(model, x, NULL, &z, NULL));
    expect_ok(genlat_tensor_new(ctx, 2, (int64_t[]){rows, LATENT}, &turned));
    for (int64_t i = 0; i < rows * LATENT; i++)
        turned->data[i] = z->data[(i + shift * LATENT) % (rows * LATENT)];
    expect_ok(genlat_model_decode(model, turned, NULL, &y));
    for (int64_t i = 0; i < rows * SIZE; i++) {
        const double apart = ((double)x->data[i] - (double)y->data[i]) / SD;
        sum += 0.5 * apart * apart + log(SD) + 0.5 * log(2 * 3.14159265358979323846);
    }
    release((genlat_tensor *[]){z, y, turned, NULL});
    return sum / (double)rows;
}

/* 300 rows: more than a workspace has. */
START_TEST(inspection_compares_own_codes_with_others)
{
    genlat_model *model = make(plain);
    genlat_tensor *x = numbers(300, SIZE, 5);
    gnl_code_use use = {.latent = 0};
    double variance[LATENT], loss = loss_by_hand(model, x, 0);
    int64_t active = 0;
    genlat_source *source = NULL;
    expect_ok(model->type->inspect(model, x, NULL, &use));
    ck_assert_double_eq_tol(use.loss, loss, 1e-4 * fabs(loss));
    ck_assert_double_eq_tol(use.gain, loss_by_hand(model, x, 1) - loss, 1e-3);
    ck_assert_double_ne(use.gain, 0);
    expect_ok(genlat_source_memory(ctx, x, NULL, &source));
    expect_ok(genlat_vae_active_units(model, source, &active, variance, NULL));
    ck_assert_int_eq(use.active, active);
    ck_assert_int_eq(use.latent, LATENT);
    genlat_source_destroy(&source);
    genlat_model_destroy(&model);
    genlat_tensor_destroy(&x);
}
END_TEST

/* The log-likelihood of a row depends on its own label only. */
START_TEST(log_likelihoods_are_those_of_their_labels)
{
    genlat_model *model = make(labelled);
    genlat_tensor *x = numbers(2, SIZE, 4), *labels = NULL;
    double nll[3][2];
    expect_ok(genlat_tensor_new(ctx, 1, (int64_t[]){2}, &labels));
    for (int i = 0; i < 3; i++) { /* labels 0 1, 2 1, 2 0 */
        labels->data[0] = i > 0 ? 2 : 0;
        labels->data[1] = i < 2;
        expect_ok(genlat_vae_log_likelihood(model, x, labels, 50, 1, nll[i]));
    }
    ck_assert_double_eq(nll[0][1], nll[1][1]);
    ck_assert_double_ne(nll[0][0], nll[1][0]);
    ck_assert_double_eq(nll[1][0], nll[2][0]);
    ck_assert_double_ne(nll[1][1], nll[2][1]);
    release((genlat_tensor *[]){x, labels, NULL});
    genlat_model_destroy(&model);
}
END_TEST

/* Codes that say nothing have the weight 1: the estimate is exact, whatever the number of codes, and also in memory of
 * earlier calls with more of them. */
START_TEST(log_likelihoods_without_information_are_exact)
{
    static const int64_t samples[] = {5, 600, 257, 256, 3, 1};
    genlat_model *model = make(plain);
    genlat_tensor *x = numbers(2, SIZE, 4);
    double nll[2], expected[2] = {0};
    for (int net = GNL_VAE_ENCODER_NET; net <= GNL_VAE_DECODER_NET; net++)
        memset(model->net[net]->value, 0, (size_t)model->net[net]->values * sizeof(gnl_real));
    for (int i = 0; i < 2 * SIZE; i++)
        expected[i / SIZE] += 0.5 * pow((double)x->data[i] / SD, 2) + log(SD) + 0.5 * log(2 * M_PI);
    for (size_t i = 0; i < GNL_COUNT(samples); i++) {
        expect_ok(genlat_vae_log_likelihood(model, x, NULL, samples[i], 1, nll));
        for (int r = 0; r < 2; r++)
            ck_assert_msg(fabs(nll[r] - expected[r]) < 1e-4, "%lld codes: %g, %g expected", (long long)samples[i],
                          nll[r], expected[r]);
    }
    genlat_model_destroy(&model);
    gnl_tensor_release(x);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vae use");
    TCase *tests = tcase_create("vae");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, inspection_compares_own_codes_with_others);
    tcase_add_test(tests, noise_depends_on_the_seed);
    tcase_add_loop_test(tests, noise_continues_from_call_to_call, 0, 2);
    tcase_add_test(tests, noise_depends_on_the_context);
    tcase_add_test(tests, noise_matches_the_likelihood);
    tcase_add_loop_test(tests, samples_are_decoded_latents, 0, 2);
    tcase_add_test(tests, invalid_sample_options_are_refused);
    tcase_add_test(tests, codes_of_a_row_do_not_depend_on_the_others);
    tcase_add_test(tests, paths_connect_both_ends);
    tcase_add_loop_test(tests, traversals_move_one_dimension, 0, 2);
    tcase_add_test(tests, active_dimensions_are_reported);
    tcase_add_test(tests, autoregressive_decoders_generate_step_by_step);
    tcase_add_test(tests, log_likelihoods_are_those_of_their_labels);
    tcase_add_test(tests, log_likelihoods_without_information_are_exact);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
