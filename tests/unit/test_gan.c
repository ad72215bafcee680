/* SPDX-License-Identifier: MIT */
/* The GAN: every preset trains on every kind of data, steps that fail change nothing, steps allocate nothing, files resume
 * exactly, samples are what their seed says. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "model/gan_step_priv.h"

enum { ROWS = 12 };

static genlat_ctx *ctx;
static atomic_llong allocations;

static void *count_alloc(void *user, size_t size, size_t alignment)
{
    (void)user;
    atomic_fetch_add(&allocations, 1);
    return aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

static void count_free(void *user, void *memory)
{
    (void)user;
    free(memory);
}

static void set_up(void)
{
    const genlat_allocator counting = {.size = sizeof counting, .alloc = count_alloc, .free = count_free};
    genlat_ctx_opts opts;
    genlat_ctx_opts_init(&opts);
    opts.allocator = &counting;
    ck_assert_int_eq(genlat_ctx_new(&opts, &ctx), GENLAT_OK);
}

static void tear_down(void)
{
    genlat_ctx_destroy(&ctx);
}

/* ---- making ---------------------------------------------------------------------------------- */

typedef struct pair {
    const char *key, *value;
} pair;

static genlat_status try_make(const char *preset, const gnl_shape *data, const pair *pairs, genlat_gan **out)
{
    genlat_gan_builder *b = NULL;
    ck_assert_int_eq(genlat_gan_builder_new(ctx, &b), GENLAT_OK);
    genlat_gan_builder_preset(b, preset);
    genlat_gan_builder_latent(b, 6);
    genlat_gan_builder_data(b, data->ndim, data->dim);
    for (; pairs && pairs->key; pairs++)
        genlat_gan_builder_set(b, pairs->key, pairs->value);
    return genlat_gan_build(&b, NULL, out);
}

static genlat_gan *make(const char *preset, const gnl_shape *data, const pair *pairs)
{
    genlat_gan *gan = NULL;
    ck_assert_msg(try_make(preset, data, pairs, &gan) == GENLAT_OK, "%s: %s", preset, genlat_last_error());
    return gan;
}

static genlat_tensor *normal(const gnl_shape *sample, int64_t rows, uint64_t seed)
{
    genlat_tensor *x = NULL;
    const gnl_shape shape = gnl_shape_batched(sample, rows);
    gnl_rng rng = gnl_rng_make(seed, GNL_STREAM_USER, 0);
    ck_assert_int_eq(gnl_tensor_new(ctx, &shape, &x), GENLAT_OK);
    gnl_rng_fill_normal(&rng, x->data, gnl_shape_count(&shape));
    return x;
}

static const gnl_shape vector = {1, {3}}, image = {3, {2, 12, 8}}, signal = {2, {2, 16}};
static const gnl_shape odd = {3, {3, 5, 7}};

static genlat_gan_terms step(genlat_gan *gan, const genlat_tensor *x, const genlat_tensor *labels)
{
    genlat_gan_terms t = {.size = sizeof t};
    ck_assert_msg(genlat_gan_step(gan, x, labels, &t) == GENLAT_OK, "%s", genlat_last_error());
    return t;
}

static const struct {
    const char *preset;
    const gnl_shape *data;
} cases[] = {{"r3", &vector},    {"r3", &image},       {"r3", &signal},     {"mlp", &vector},
             {"mlp", &image},    {"dcgan", &image},    {"wgan_gp", &image}, {"wgan_gp", &vector},
             {"wgan_gp", &odd},  {"wgan_gp", &signal}, {"r3", &odd},        {"dcgan", &signal},
             {"sngan", &vector}, {"sngan", &odd},      {"sngan", &image},   {"sngan", &signal}};

/* 0, 1, 2, 0, ... */
static genlat_tensor *classes_in_turn(void)
{
    static const gnl_shape row = {1, {ROWS}};
    genlat_tensor *labels = NULL;
    ck_assert_int_eq(gnl_tensor_new(ctx, &row, &labels), GENLAT_OK);
    for (int i = 0; i < ROWS; i++)
        labels->data[i] = (gnl_real)(i % 3);
    return labels;
}

START_TEST(presets_train_on_their_data)
{
    for (int conditional = 0; conditional < 2; conditional++) {
        static const pair labelled[] = {{"condition", "classes=3"}, {NULL, NULL}};
        genlat_tensor *labels = classes_in_turn(), *y = NULL, *said = NULL;
        genlat_gan *gan = make(cases[_i].preset, cases[_i].data, conditional ? labelled : NULL);
        genlat_tensor *x = normal(cases[_i].data, ROWS, 1);
        for (int i = 0; i < 6; i++) {
            genlat_gan_terms t = step(gan, x, labels);
            ck_assert(isfinite(t.d_loss) && isfinite(t.g_loss) && t.d_grad_norm > 0 && t.penalty >= 0);
            ck_assert_int_eq(t.penalty > 0, gnl_gan_penalised(&gan->recipe));
        }
        ck_assert_double_gt(gan->last.g_grad_norm, 0);
        ck_assert_int_eq(genlat_gan_generate(gan, 5, NULL, NULL, &y), GENLAT_OK);
        const gnl_shape wanted = gnl_shape_batched(cases[_i].data, 5);
        ck_assert(gnl_shape_equal(&y->shape, &wanted));
        ck_assert_int_eq(genlat_gan_discriminate(gan, x, labels, &said), GENLAT_OK);
        ck_assert_int_eq(said->shape.dim[0], ROWS);
        for (genlat_tensor **t = (genlat_tensor *[]){x, labels, y, said, NULL}; *t; t++)
            gnl_tensor_release(*t);
        genlat_gan_destroy(&gan);
    }
}
END_TEST

/* A critic that sees the condition says something else under another label; one that tells the class does not see it. */
START_TEST(conditions_reach_the_critic)
{
    static const char *const ways[] = {"concat", "projection", "auxiliary"};
    static const char *const names[] = {"r3", "mlp", "wgan_gp", "sngan"};
    static const gnl_shape *const shapes[] = {&vector, &odd, &signal};
    const gnl_shape *data = shapes[_i / 4 % 3];
    const pair set[] = {{"condition", "classes=3"},      {"conditioning", ways[_i / 12]},
                        {"feature_matching", "0.5"},     {"critic_steps", "1"},
                        {"packing", _i % 2 ? "2" : "1"}, {NULL, NULL}};
    genlat_gan *gan = make(names[_i % 4], data, set);
    genlat_tensor *x = normal(data, ROWS, 1), *labels = classes_in_turn(), *one = NULL, *other = NULL;
    for (int i = 0; i < 3; i++)
        ck_assert(isfinite(step(gan, x, labels).g_loss));
    ck_assert_int_eq(genlat_gan_discriminate(gan, x, labels, &one), GENLAT_OK);
    for (int i = 0; i < ROWS; i++)
        labels->data[i] = (gnl_real)((i + 1) % 3);
    ck_assert_int_eq(genlat_gan_discriminate(gan, x, labels, &other), GENLAT_OK);
    bool same = memcmp(one->data, other->data, (size_t)one->shape.dim[0] * sizeof(gnl_real)) == 0;
    ck_assert_int_eq(same, _i / 12 == 2);
    for (genlat_tensor **t = (genlat_tensor *[]){x, labels, one, other, NULL}; *t; t++)
        gnl_tensor_release(*t);
    genlat_gan_destroy(&gan);
}
END_TEST

/* Every option once, together with what it may disturb. */
static const pair option_sets[][4] = {
    {{"packing", "3"}, {"loss", "hinge"}, {"condition", "vector=2"}},
    {{"noise", "0.3"}, {"noise_schedule", "linear from=1 to=0 steps=3"}, {"r2", "0"}},
    {{"loss", "least_squares"}, {"label_smoothing", "0.1"}, {"penalty_every", "2"}},
    {{"gp", "10"}, {"gp_place", "dragan"}, {"gp_kind", "one_sided"}},
    {{"clip", "0.01"}, {"loss", "wasserstein"}, {"critic_steps", "2"}},
    {{"loss", "relativistic_average"}, {"ema", "0"}, {"penalty_schedule", "cosine from=1 to=0.1 steps=9"}},
    {{"approx_r1", "100"}, {"approx_r2", "100"}, {"r1", "0"}},
    {{"feature_matching", "1"}, {"history", "0.1"}, {"packing", "2"}},
    {{"orthogonal", "0.01"}, {"beta2_schedule", "linear from=0.9 to=0.99 steps=3"}},
    {{"generator", "dense units=8; dropout; batch_norm; dense units={out}"},
     {"loss", "minimax"},
     {"output", "tanh"}},
};

START_TEST(options_work_together)
{
    genlat_gan *gan = make("r3", &vector, option_sets[_i]);
    const gnl_shape condition = {1, {2}};
    genlat_tensor *x = normal(&vector, ROWS, 1), *c = normal(&condition, ROWS, 2);
    for (int i = 0; i < 4; i++)
        ck_assert(isfinite(step(gan, x, c).d_loss));
    for (int64_t i = 0; gan->recipe.opts.clip > 0 && i < gan->discriminator->values; i++)
        ck_assert(fabs((double)gan->discriminator->value[i]) <= 0.01 + 1e-9);
    gnl_tensor_release(x);
    gnl_tensor_release(c);
    genlat_gan_destroy(&gan);
}
END_TEST

static void expect_refusal(const char *preset, const gnl_shape *data, pair set, genlat_status wanted,
                           const char *word)
{
    genlat_gan *gan = NULL;
    const pair pairs[] = {set, {NULL, NULL}};
    ck_assert_int_eq(try_make(preset, data, pairs, &gan), wanted);
    ck_assert_msg(strstr(genlat_last_error(), word) != NULL, "'%s' does not tell of %s", genlat_last_error(),
                  word);
    ck_assert_ptr_null(gan);
}

START_TEST(what_cannot_be_is_refused)
{
    static const gnl_shape large = {3, {1, 16, 16}};
    expect_refusal("dcgan", &large, (pair){"r1", "1"}, GENLAT_E_UNSUPPORTED, "batch_norm");
    expect_refusal("dcgan", &vector, (pair){"latent", "4"}, GENLAT_E_SHAPE, "dcgan");
    expect_refusal("nothing", &vector, (pair){"latent", "4"}, GENLAT_E_NOT_FOUND, "nothing");
    expect_refusal("r3", &vector, (pair){"colour", "4"}, GENLAT_E_NOT_FOUND, "colour");
    expect_refusal("r3", &vector, (pair){"label_smoothing", "0.1"}, GENLAT_E_RANGE, "relativistic_pair");
    expect_refusal("r3", &vector, (pair){"generator", "dense units=2"}, GENLAT_E_SHAPE, "generator");
    expect_refusal("r3", &vector, (pair){"discriminator", "dense units=2"}, GENLAT_E_SHAPE, "discriminator");
    expect_refusal("r3", &vector, (pair){"label_smoothing_fake", "0.1"}, GENLAT_E_RANGE, "label_smoothing");
    expect_refusal("r3", &vector, (pair){"augment", "cutout"}, GENLAT_E_SHAPE, "augment");
    expect_refusal("r3", &image, (pair){"augment", "cutout,blur"}, GENLAT_E_NOT_FOUND, "blur");
}
END_TEST

/* ---- steps ----------------------------------------------------------------------------------- */

typedef struct picture {
    gnl_real *numbers;
    int64_t count, passes, step, steps_d;
} picture;

static picture take(genlat_gan *gan)
{
    const genlat_net *g = gan->generator, *d = gan->discriminator;
    const struct {
        const gnl_real *data;
        int64_t count;
    } parts[] = {{g->value, g->values},
                 {g->state, g->states},
                 {d->value, d->values},
                 {d->state, d->states},
                 {gan->ema->value, g->values}};
    picture p = {NULL, 0, gan->model.progress.passes, gan->model.progress.step,
                 gnl_optim_steps(gan->optim_d)};
    for (size_t i = 0; i < GNL_COUNT(parts); i++)
        p.count += parts[i].count;
    p.numbers = malloc((size_t)p.count * sizeof(gnl_real));
    gnl_real *to = p.numbers;
    for (size_t i = 0; i < GNL_COUNT(parts); i++) {
        memcpy(to, parts[i].data, (size_t)parts[i].count * sizeof(gnl_real));
        to += parts[i].count;
    }
    return p;
}

static void expect_numbers(genlat_gan *gan, const picture *before)
{
    picture now = take(gan);
    ck_assert_mem_eq(now.numbers, before->numbers, (size_t)now.count * sizeof(gnl_real));
    free(now.numbers);
}

static void expect_same(genlat_gan *gan, picture before)
{
    picture now = take(gan);
    expect_numbers(gan, &before);
    ck_assert_int_eq(now.passes, before.passes);
    ck_assert_int_eq(now.step, before.step);
    ck_assert_int_eq(now.steps_d, before.steps_d);
    free(now.numbers);
    free(before.numbers);
}

START_TEST(failed_steps_change_nothing)
{
    genlat_gan *gan = make("r3", &vector, NULL);
    genlat_tensor *x = normal(&vector, ROWS, 1);
    (void)step(gan, x, NULL);
    gnl_real kept = x->data[4];
    x->data[4] = (gnl_real)NAN;
    picture before = take(gan);
    ck_assert_int_eq(genlat_gan_step(gan, x, NULL, NULL), GENLAT_E_NUMERIC);
    expect_same(gan, before);
    ck_assert_int_eq(genlat_gan_step_d(gan, x, NULL, NULL), GENLAT_E_NUMERIC);
    ck_assert_int_eq(genlat_gan_step_g(gan, x, NULL, NULL), GENLAT_E_NUMERIC);
    x->data[4] = kept;
    (void)step(gan, x, NULL);
    gnl_tensor_release(x);
    genlat_gan_destroy(&gan);
}
END_TEST

/* The critic's rate is so high that its first step is the end of the generator's loss. */
START_TEST(a_failed_generator_takes_the_critic_back)
{
    static const pair wild[] = {
        {"optimizer_d", "sgd lr=1e6"}, {"loss", "wasserstein"}, {"r1", "0"}, {"r2", "0"}, {NULL, NULL}};
    genlat_gan *gan = make("r3", &vector, wild);
    genlat_tensor *x = normal(&vector, ROWS, 1);
    for (int i = 0; i < 3 * ROWS; i++)
        x->data[i] *= (gnl_real)1e6;
    picture before = take(gan);
    ck_assert_int_eq(genlat_gan_step(gan, x, NULL, NULL), GENLAT_E_NUMERIC);
    expect_same(gan, before);
    gnl_tensor_release(x);
    genlat_gan_destroy(&gan);
}
END_TEST

START_TEST(half_steps_move_their_half)
{
    genlat_gan *gan = make("r3", &vector, NULL);
    genlat_tensor *x = normal(&vector, ROWS, 1);
    const genlat_net *g = gan->generator, *d = gan->discriminator;
    picture before = take(gan);
    const gnl_real *g0 = before.numbers, *d0 = before.numbers + g->values + g->states;
    ck_assert_int_eq(genlat_gan_step_d(gan, x, NULL, NULL), GENLAT_OK);
    ck_assert_mem_eq(g->value, g0, (size_t)g->values * sizeof *g0);
    ck_assert_mem_ne(d->value, d0, (size_t)d->values * sizeof *d0);
    free(before.numbers);
    before = take(gan);
    d0 = before.numbers + g->values + g->states;
    ck_assert_int_eq(genlat_gan_step_g(gan, x, NULL, NULL), GENLAT_OK);
    ck_assert_mem_ne(g->value, before.numbers, (size_t)g->values * sizeof *d0);
    ck_assert_mem_eq(d->value, d0, (size_t)d->values * sizeof *d0);
    free(before.numbers);
    gnl_tensor_release(x);
    genlat_gan_destroy(&gan);
}
END_TEST

/* What adds most to a step, on data that can be changed. */
static const pair changing[] = {{"augment", "color,translation,cutout"},
                                {"augment_target", "0.6"},
                                {"augment_speed", "40"},
                                {"condition", "classes=3"},
                                {"conditioning", "auxiliary"},
                                {"feature_matching", "1"},
                                {"history", "0.1"},
                                {"orthogonal", "0.01"},
                                {"beta2_schedule", "linear from=0.9 to=0.99 steps=7"},
                                {"approx_r1", "10"},
                                {NULL, NULL}};

START_TEST(steps_allocate_nothing)
{
    static const pair all[] = {{"gp", "1"}, {"noise", "0.1"}, {"packing", "2"}, {NULL, NULL}};
    static const gnl_shape *const shapes[] = {&vector, &image, &image, &signal};
    genlat_gan *gan = make("r3", shapes[_i], _i < 2 ? all : changing);
    genlat_tensor *x = normal(shapes[_i], ROWS, 1), *labels = classes_in_turn();
    (void)step(gan, x, labels);
    long long before = atomic_load(&allocations);
    for (int i = 0; i < 20; i++)
        (void)step(gan, x, labels);
    ck_assert_int_eq(atomic_load(&allocations), before);
    gnl_tensor_release(x);
    gnl_tensor_release(labels);
    genlat_gan_destroy(&gan);
}
END_TEST

START_TEST(threads_give_the_same_bits)
{
    picture one = {0};
    for (int threads = 1; threads <= 3; threads++) {
        genlat_ctx *kept = ctx;
        genlat_ctx_opts opts;
        genlat_ctx_opts_init(&opts);
        opts.threads = threads;
        ck_assert_int_eq(genlat_ctx_new(&opts, &ctx), GENLAT_OK);
        genlat_gan *gan = make(_i ? "sngan" : "r3", &image, changing);
        genlat_tensor *x = normal(&image, ROWS, 1), *labels = classes_in_turn();
        for (int i = 0; i < 6; i++)
            (void)step(gan, x, labels);
        if (threads == 1)
            one = take(gan);
        else
            expect_numbers(gan, &one);
        gnl_tensor_release(x);
        gnl_tensor_release(labels);
        genlat_gan_destroy(&gan);
        genlat_ctx_destroy(&ctx);
        ctx = kept;
    }
    free(one.numbers);
}
END_TEST

/* The strength rises while the critic knows real samples by heart, and falls while it does not. */
START_TEST(strength_follows_the_critic)
{
    genlat_gan *gan = make("r3", &image, changing);
    genlat_tensor *x = normal(&image, ROWS, 1), *labels = classes_in_turn();
    double before = 0;
    for (int i = 0; i < 30; i++) {
        double now = step(gan, x, labels).strength,
               moved = gan->work->positive > 0.6 ? ROWS / 40.0 : -ROWS / 40.0;
        ck_assert_double_eq_tol(now, GNL_MAX(0, GNL_MIN(1, before + moved)), 1e-12);
        before = now;
    }
    ck_assert_double_gt(before, 0);
    gnl_tensor_release(x);
    gnl_tensor_release(labels);
    genlat_gan_destroy(&gan);
}
END_TEST

/* ---- files and samples ----------------------------------------------------------------------- */

START_TEST(training_resumes_exactly)
{
    static const pair set[] = {{"critic_steps", "2"},
                               {"lr_schedule", "cosine from=1 to=0 steps=12"},
                               {"packing", "2"},
                               {NULL, NULL}};
    static const pair conditional[] = {{"condition", "classes=3"}, {"augment", "cutout"}, {NULL, NULL}};
    static const pair spectral[] = {{"critic_steps", "2"}, {"history", "0.01"}, {NULL, NULL}};
    static const struct {
        const char *preset;
        const gnl_shape *data;
        const pair *set;
    } runs[] = {{"r3", &vector, set},
                {"r3", &image, changing},
                {"r3", &signal, changing},
                {"sngan", &vector, spectral},
                {"sngan", &image, conditional}};
    char path[64];
    genlat_gan *through = make(runs[_i].preset, runs[_i].data, runs[_i].set), *again = NULL;
    genlat_tensor *x = normal(runs[_i].data, ROWS, 1), *labels = classes_in_turn(), *a = NULL, *b = NULL;
    genlat_generate_opts opts;
    genlat_generate_opts_init(&opts);
    opts.seed = 3;
    snprintf(path, sizeof path, "/tmp/genlat-gan-%ld.safetensors", (long)getpid());
    for (int i = 0; i < 5; i++)
        (void)step(through, x, labels);
    ck_assert_msg(genlat_gan_save(through, path) == GENLAT_OK, "%s", genlat_last_error());
    ck_assert_msg(genlat_gan_load(ctx, path, &again) == GENLAT_OK, "%s", genlat_last_error());
    for (int i = 0; i < 5; i++) {
        genlat_gan_terms t = step(through, x, labels), u = step(again, x, labels);
        ck_assert_double_eq(t.d_loss, u.d_loss);
        ck_assert_double_eq(t.strength, u.strength);
    }
    expect_same(again, take(through));
    ck_assert_int_eq(genlat_gan_generate(through, 4, NULL, &opts, &a), GENLAT_OK);
    ck_assert_int_eq(genlat_gan_generate(again, 4, NULL, &opts, &b), GENLAT_OK);
    ck_assert_mem_eq(a->data, b->data, (size_t)(4 * through->size) * sizeof(gnl_real));
    unlink(path);
    for (genlat_tensor **t = (genlat_tensor *[]){x, labels, a, b, NULL}; *t; t++)
        gnl_tensor_release(*t);
    genlat_gan_destroy(&through);
    genlat_gan_destroy(&again);
}
END_TEST

START_TEST(samples_follow_seed_and_options)
{
    genlat_gan *gan = make("mlp", &vector, NULL);
    genlat_tensor *few = NULL, *many = NULL, *still = NULL, *z = NULL, *decoded = NULL;
    genlat_generate_opts opts;
    genlat_generate_opts_init(&opts);
    opts.seed = 5;
    ck_assert_int_eq(genlat_gan_generate(gan, 3, NULL, &opts, &few), GENLAT_OK);
    ck_assert_int_eq(genlat_gan_generate(gan, 1000, NULL, &opts, &many), GENLAT_OK);
    for (int i = 0; i < 9; i++)
        ck_assert_double_eq_tol((double)few->data[i], (double)many->data[i], 1e-5);
    opts.temperature = 0;
    opts.truncation = 0.5;
    ck_assert_int_eq(genlat_gan_generate(gan, 2, NULL, &opts, &still), GENLAT_OK);
    const gnl_shape latent = {2, {1, 6}};
    ck_assert_int_eq(gnl_tensor_new(ctx, &latent, &z), GENLAT_OK);
    memset(z->data, 0, 6 * sizeof *z->data);
    ck_assert_int_eq(genlat_gan_decode(gan, z, NULL, &decoded), GENLAT_OK);
    for (int i = 0; i < 6; i++)
        ck_assert_double_eq_tol((double)still->data[i], (double)decoded->data[i % 3], 1e-6);
    for (genlat_tensor **t = (genlat_tensor *[]){few, many, still, z, decoded, NULL}; *t; t++)
        gnl_tensor_release(*t);
    genlat_gan_destroy(&gan);
}
END_TEST

/* Ends are what their latents make; half-way between two equally long latents a great circle keeps the length. */
START_TEST(ways_lead_from_end_to_end)
{
    enum { STEPS = 5 };
    static const pair labelled[] = {{"condition", "classes=3"}, {NULL, NULL}};
    genlat_gan *gan = make("mlp", &vector, labelled);
    genlat_tensor *from = NULL, *to = NULL, *first = NULL, *way = NULL, *z = NULL;
    genlat_generate_opts opts;
    genlat_generate_opts_init(&opts);
    opts.seed = 2;
    opts.truncation = 0.7;
    ck_assert_int_eq(genlat_gan_latents(gan, 3, &opts, &from), GENLAT_OK);
    for (int i = 0; i < 18; i++)
        ck_assert_double_le(fabs((double)from->data[i]), 0.7);
    ck_assert_int_eq(genlat_gan_generate(gan, 3, NULL, &opts, &first), GENLAT_OK);
    opts.seed = 3;
    ck_assert_int_eq(genlat_gan_latents(gan, 3, &opts, &to), GENLAT_OK);
    for (uint32_t path = GENLAT_GAN_PATH_SPHERE; path <= GENLAT_GAN_PATH_LINE; path++) {
        ck_assert_int_eq(genlat_gan_interpolate(gan, from, to, NULL, STEPS, path, &way), GENLAT_OK);
        ck_assert_int_eq(way->shape.dim[0], 3 * STEPS);
        for (int i = 0; i < 9; i++)
            ck_assert_double_eq_tol((double)way->data[i / 3 * STEPS * 3 + i % 3], (double)first->data[i],
                                    1e-5);
        genlat_tensor_destroy(&way);
    }
    for (int i = 0; i < 6; i++) {
        from->data[i] = i < 3;
        to->data[i] = i >= 3;
    }
    for (int straight = 0; straight < 2; straight++) {
        double length2 = 0;
        ck_assert_int_eq(gnl_model_way(ctx, from, to, STEPS, straight, &z), GENLAT_OK);
        for (int i = 0; i < 6; i++)
            length2 += (double)z->data[STEPS / 2 * 6 + i] * (double)z->data[STEPS / 2 * 6 + i];
        ck_assert_double_eq_tol(length2, straight ? 1.5 : 3, 1e-5);
        genlat_tensor_destroy(&z);
    }
    for (genlat_tensor **t = (genlat_tensor *[]){from, to, first, NULL}; *t; t++)
        gnl_tensor_release(*t);
    genlat_gan_destroy(&gan);
}
END_TEST

START_TEST(a_description_names_the_parts)
{
    static const pair set[] = {{"r1", "0.7"}, {NULL, NULL}};
    static char text[16384];
    genlat_gan *gan = make("r3", &image, set);
    ck_assert_int_eq(genlat_gan_describe(gan, text, sizeof text), GENLAT_OK);
    for (const char *const *word =
             (const char *[]){"r1=0.7", "adam", "generator", "discriminator", "conv2d", NULL};
         *word; word++)
        ck_assert_msg(strstr(text, *word) != NULL, "no %s in %s", *word, text);
    ck_assert_int_eq(genlat_gan_describe(gan, text, 20), GENLAT_E_RANGE);
    genlat_gan_destroy(&gan);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gan");
    TCase *tests = tcase_create("gan");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, presets_train_on_their_data, 0, (int)GNL_COUNT(cases));
    tcase_add_loop_test(tests, conditions_reach_the_critic, 0, 36);
    tcase_add_loop_test(tests, options_work_together, 0, (int)GNL_COUNT(option_sets));
    tcase_add_test(tests, what_cannot_be_is_refused);
    tcase_add_test(tests, failed_steps_change_nothing);
    tcase_add_test(tests, a_failed_generator_takes_the_critic_back);
    tcase_add_test(tests, half_steps_move_their_half);
    tcase_add_loop_test(tests, steps_allocate_nothing, 0, 4);
    tcase_add_loop_test(tests, threads_give_the_same_bits, 0, 2);
    tcase_add_test(tests, strength_follows_the_critic);
    tcase_add_loop_test(tests, training_resumes_exactly, 0, 5);
    tcase_add_test(tests, samples_follow_seed_and_options);
    tcase_add_test(tests, ways_lead_from_end_to_end);
    tcase_add_test(tests, a_description_names_the_parts);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
