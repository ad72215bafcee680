/* SPDX-License-Identifier: MIT */
/*
 * Workloads of adversarial nets with a training loop on public functions: DCGAN at two sizes, and a discriminator with
 * a gradient
 * penalty. The discriminator's passes use private functions, which compute gradients of weights or inputs separately.
 */
#include <math.h>

#include "bench/bench.h"

enum { G, D, MIXED }; /* nets and execs; MIXED: the discriminator between real and generated samples */
enum { REAL, NOISE, FAKE, BOTH, DFAKE, SHARE }; /* tensors */

static genlat_status add_optim(bench *b, int which, const char *spec)
{
    GNL_TRY(genlat_optim_from_text(b->ctx, spec, &b->optim[which]));
    return genlat_optim_add(b->optim[which], b->net[which], NULL, NULL);
}

static genlat_exec_opts exec_opts(const bench *b, bool input_grads)
{
    genlat_exec_opts opts;
    genlat_exec_opts_init(&opts);
    opts.input_grads = input_grads;
    opts.recompute = b->mode.recompute;
    return opts;
}

static genlat_status compile(bench *b, int net, int64_t rows, uint32_t purpose, bool input_grads, int exec)
{
    genlat_exec_opts opts = exec_opts(b, input_grads);
    opts.purpose = purpose;
    return genlat_net_compile(b->net[net], rows, &opts, &b->exec[exec]);
}

/* Generates samples from new noise. */
static genlat_status generate(bench *b, const genlat_tensor **fake)
{
    genlat_tensor *noise = b->tensor[NOISE];
    GNL_TRY(genlat_rng_normal(b->rng, genlat_tensor_count(noise), genlat_tensor_data(noise)));
    GNL_TRY(genlat_exec_forward(b->exec[G], GENLAT_MODE_TRAIN, 1, &(const genlat_tensor *){noise}));
    return genlat_exec_output(b->exec[G], 0, fake);
}

/* ---- DCGAN --------------------------------------------------------------------------------------------- */

enum { DCGAN_BATCH = 64, WIDTH = 64, CODE = 100 };

static void put_generator(char *text, size_t size, int stages, int channels)
{
    int at = snprintf(text, size, "conv_transpose2d channels=%d kernel=4 bias=no | batch_norm | relu",
                      WIDTH << (stages - 1));
    for (int i = stages - 2; i >= 0; i--)
        at += snprintf(text + at, size - (size_t)at,
                       " | conv_transpose2d channels=%d kernel=4 stride=2 padding=1 bias=no | batch_norm | relu",
                       WIDTH << i);
    snprintf(text + at, size - (size_t)at, " | conv_transpose2d channels=%d kernel=4 stride=2 padding=1 | tanh",
             channels);
}

static void put_discriminator(char *text, size_t size, int stages)
{
    int at = snprintf(text, size, "conv2d channels=%d kernel=4 stride=2 padding=1 | leaky_relu slope=0.2", WIDTH);
    for (int i = 1; i < stages; i++)
        at += snprintf(text + at, size - (size_t)at,
                       " | conv2d channels=%d kernel=4 stride=2 padding=1 bias=no | batch_norm | leaky_relu "
                       "slope=0.2",
                       WIDTH << i);
    snprintf(text + at, size - (size_t)at, " | conv2d channels=1 kernel=4");
}

/* The discriminator is nested between the passes of the generator and shares its memory. */
static genlat_status compile_dcgan(bench *b)
{
    genlat_exec_opts critic = exec_opts(b, true), generator = exec_opts(b, false);
    critic.recompute = generator.recompute = generator.gradients_in_workspace = true;
    GNL_TRY(genlat_net_exec_bytes(b->net[D], DCGAN_BATCH, &critic, &generator.nested_bytes));
    GNL_TRY(genlat_net_compile(b->net[G], DCGAN_BATCH, &generator, &b->exec[G]));
    return genlat_exec_compile_nested(b->exec[G], b->net[D], DCGAN_BATCH, &critic, &b->exec[D]);
}

static genlat_status open_dcgan(bench *b, int64_t side, int stages, int channels)
{
    char text[1024];
    const char *adam = "adam lr=2e-4 beta1=0.5 beta2=0.999";
    put_generator(text, sizeof text, stages, channels);
    GNL_TRY(bench_net(b->ctx, 3, (int64_t[]){CODE, 1, 1}, text, &b->net[G]));
    put_discriminator(text, sizeof text, stages);
    GNL_TRY(bench_net(b->ctx, 3, (int64_t[]){channels, side, side}, text, &b->net[D]));
    GNL_TRY(compile_dcgan(b));
    GNL_TRY(add_optim(b, G, adam));
    GNL_TRY(add_optim(b, D, adam));
    GNL_TRY(genlat_tensor_new(b->ctx, 4, (int64_t[]){DCGAN_BATCH, CODE, 1, 1}, &b->tensor[NOISE]));
    b->passes[G] = (bench_passes){b->net[G], DCGAN_BATCH, DCGAN_BATCH, DCGAN_BATCH, 0, 1};
    b->passes[D] = (bench_passes){b->net[D], 3 * DCGAN_BATCH, 2 * DCGAN_BATCH, 2 * DCGAN_BATCH, DCGAN_BATCH, 1};
    return bench_uniform(b, 4, (int64_t[]){DCGAN_BATCH, channels, side, side}, -1, 1, &b->tensor[REAL]);
}

static genlat_status open_dcgan32(bench *b)
{
    return open_dcgan(b, 32, 3, 1);
}

static genlat_status open_dcgan64(bench *b)
{
    return open_dcgan(b, 64, 4, 3);
}

/* Runs the discriminator on x, and back from the derivative of the mean of softplus(-sign D(x)). */
static genlat_status run_discriminator(bench *b, const genlat_tensor *x, float sign, unsigned expected)
{
    genlat_exec *exec = b->exec[D];
    GNL_TRY(genlat_exec_forward(exec, GENLAT_MODE_TRAIN, 1, &x));
    const gnl_real *logit = gnl_exec_output(exec, 0);
    gnl_real *slope = gnl_exec_output_grad(exec, 0);
    for (int i = 0; i < DCGAN_BATCH; i++)
        slope[i] = -sign / ((1 + expf(sign * logit[i])) * DCGAN_BATCH);
    gnl_exec_backward(exec, 1, expected);
    return GENLAT_OK;
}

static genlat_status step_dcgan(bench *b)
{
    const genlat_tensor *fake = NULL, *dfake = NULL;
    GNL_TRY(generate(b, &fake));
    GNL_TRY(genlat_optim_zero_grad(b->optim[D]));
    GNL_TRY(run_discriminator(b, b->tensor[REAL], 1, GNL_GRAD_WEIGHTS));
    GNL_TRY(run_discriminator(b, fake, -1, GNL_GRAD_WEIGHTS));
    GNL_TRY(genlat_optim_step(b->optim[D]));
    GNL_TRY(genlat_optim_zero_grad(b->optim[G]));
    GNL_TRY(run_discriminator(b, fake, 1, GNL_GRAD_INPUTS));
    GNL_TRY(genlat_exec_input_grad(b->exec[D], 0, &dfake));
    GNL_TRY(genlat_exec_backward(b->exec[G], 1, &dfake));
    return genlat_optim_step(b->optim[G]);
}

const bench_work bench_dcgan32 = {"dcgan32", DCGAN_BATCH, open_dcgan32, step_dcgan};
const bench_work bench_dcgan64 = {"dcgan64", DCGAN_BATCH, open_dcgan64, step_dcgan};

/* ---- WGAN-GP ------------------------------------------------------------------------------------------- */

enum { WGAN_BATCH = 256, CRITIC_STEPS = 5, PLANE = 2 };

#define HIDDEN "dense units=512 | relu | dense units=512 | relu | dense units=512 | relu | "

static genlat_status open_wgan(bench *b)
{
    const char *adam = "adam lr=1e-4 beta1=0.5 beta2=0.9";
    const int64_t point[] = {PLANE}, one[] = {WGAN_BATCH, PLANE}, two[] = {2 * WGAN_BATCH, PLANE};
    GNL_TRY(bench_net(b->ctx, 1, point, HIDDEN "dense units=2", &b->net[G]));
    GNL_TRY(bench_net(b->ctx, 1, point, HIDDEN "dense units=1", &b->net[D]));
    GNL_TRY(compile(b, G, WGAN_BATCH, GENLAT_EXEC_TRAINING, false, G));
    GNL_TRY(compile(b, D, 2 * WGAN_BATCH, GENLAT_EXEC_TRAINING, true, D));
    GNL_TRY(compile(b, D, WGAN_BATCH, GENLAT_EXEC_PENALTY, true, MIXED));
    GNL_TRY(add_optim(b, G, adam));
    GNL_TRY(add_optim(b, D, adam));
    GNL_TRY(genlat_tensor_new(b->ctx, 2, one, &b->tensor[NOISE]));
    GNL_TRY(genlat_tensor_new(b->ctx, 2, one, &b->tensor[FAKE]));
    GNL_TRY(genlat_tensor_new(b->ctx, 2, two, &b->tensor[BOTH]));
    GNL_TRY(genlat_tensor_new(b->ctx, 1, (int64_t[]){WGAN_BATCH}, &b->tensor[SHARE]));
    const double n = WGAN_BATCH;
    b->passes[G] = (bench_passes){b->net[G], (CRITIC_STEPS + 1) * n, n, n, 0, 1};
    /* Penalty passes: forward, derivatives of inputs, tangents. Its weight gradients need one more product per
     * layer. */
    b->passes[D] = (bench_passes){
        b->net[D],   (4 * CRITIC_STEPS + 1) * n, 3 * CRITIC_STEPS * n, 2 * CRITIC_STEPS * n, (CRITIC_STEPS + 1) * n,
        CRITIC_STEPS};
    return bench_uniform(b, 2, one, -1, 1, &b->tensor[REAL]);
}

/* BOTH = real rows, then generated rows; FAKE = points between them, each at a random fraction (SHARE). */
static genlat_status mix_samples(bench *b, const genlat_tensor *fake)
{
    const float *x = genlat_tensor_const_data(b->tensor[REAL]), *y = genlat_tensor_const_data(fake);
    float *share = genlat_tensor_data(b->tensor[SHARE]), *both = genlat_tensor_data(b->tensor[BOTH]);
    float *mixed = genlat_tensor_data(b->tensor[FAKE]);
    GNL_TRY(genlat_rng_uniform(b->rng, WGAN_BATCH, 0, 1, share));
    for (int i = 0; i < WGAN_BATCH * PLANE; i++) {
        both[i] = x[i];
        both[WGAN_BATCH * PLANE + i] = y[i];
        mixed[i] = share[i / PLANE] * x[i] + (1 - share[i / PLANE]) * y[i];
    }
    return GENLAT_OK;
}

static genlat_status step_critic(bench *b)
{
    const genlat_tensor *fake = NULL;
    GNL_TRY(generate(b, &fake));
    GNL_TRY(mix_samples(b, fake));
    GNL_TRY(genlat_optim_zero_grad(b->optim[D]));
    GNL_TRY(genlat_exec_forward(b->exec[D], GENLAT_MODE_TRAIN, 1, &(const genlat_tensor *){b->tensor[BOTH]}));
    gnl_real *slope = gnl_exec_output_grad(b->exec[D], 0);
    for (int i = 0; i < 2 * WGAN_BATCH; i++)
        slope[i] = (i < WGAN_BATCH ? -1.0f : 1.0f) / WGAN_BATCH;
    gnl_exec_backward(b->exec[D], 1, GNL_GRAD_WEIGHTS);
    GNL_TRY(genlat_exec_forward(b->exec[MIXED], GENLAT_MODE_TRAIN, 1, &(const genlat_tensor *){b->tensor[FAKE]}));
    GNL_TRY(genlat_exec_penalty(b->exec[MIXED], GENLAT_PENALTY_ONE, 10, 0, NULL, NULL));
    return genlat_optim_step(b->optim[D]);
}

static genlat_status step_wgan(bench *b)
{
    const genlat_tensor *fake = NULL, *dfake = NULL;
    for (int i = 0; i < CRITIC_STEPS; i++)
        GNL_TRY(step_critic(b));
    GNL_TRY(genlat_optim_zero_grad(b->optim[G]));
    GNL_TRY(generate(b, &fake));
    GNL_TRY(genlat_exec_forward(b->exec[D], GENLAT_MODE_TRAIN, 1, &fake));
    gnl_real *slope = gnl_exec_output_grad(b->exec[D], 0);
    for (int i = 0; i < WGAN_BATCH; i++)
        slope[i] = -1.0f / WGAN_BATCH;
    gnl_exec_backward(b->exec[D], 1, GNL_GRAD_INPUTS);
    GNL_TRY(genlat_exec_input_grad(b->exec[D], 0, &dfake));
    GNL_TRY(genlat_exec_backward(b->exec[G], 1, &dfake));
    return genlat_optim_step(b->optim[G]);
}

const bench_work bench_wgan_gp = {"wgan_gp", WGAN_BATCH *CRITIC_STEPS, open_wgan, step_wgan};
