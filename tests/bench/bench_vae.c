/* SPDX-License-Identifier: MIT */
/* Workloads of autoencoders: training steps of two VAEs, and decoding of single samples. */
#include "bench/bench.h"

#define MLP_ENCODER "dense units=512 | relu | dense units=256 | relu"
#define MLP_DECODER "dense units=256 | relu | dense units=512 | relu | dense units=784"
#define CONV_ENCODER                                                                                                   \
    "conv2d channels=32 kernel=4 stride=2 padding=1 | relu | conv2d channels=64 kernel=4 stride=2 "                    \
    "padding=1 | relu | flatten | dense units=256 | relu"
#define CONV_DECODER                                                                                                   \
    "dense units=256 | relu | dense units=3136 | relu | reshape shape=64x7x7 | conv_transpose2d "                      \
    "channels=32 kernel=4 stride=2 padding=1 | relu | conv_transpose2d channels=1 kernel=4 stride=2 "                  \
    "padding=1"

enum { LATENT = 32, BATCH = 128, X = 0 };

/* ---- training ------------------------------------------------------------------------------------------ */

static genlat_status open_vae(bench *b, int32_t ndim, const int64_t *dims, const char *encoder, const char *decoder)
{
    genlat_model_builder *builder = NULL;
    GNL_TRY(genlat_model_builder_new(b->ctx, "vae", &builder));
    genlat_model_builder_data(builder, ndim - 1, dims + 1);
    genlat_model_builder_set_int(builder, "latent", LATENT);
    genlat_model_builder_set(builder, "recompute", b->mode.recompute ? "yes" : "no");
    genlat_model_builder_set(builder, "encoder", encoder);
    genlat_model_builder_set(builder, "decoder", decoder);
    genlat_model_builder_set(builder, "likelihood", "bernoulli");
    genlat_model_builder_set(builder, "optimizer", "adam lr=1e-3");
    GNL_TRY(genlat_model_build(&builder, NULL, &b->vae));
    GNL_TRY(genlat_model_net(b->vae, "encoder", &b->net[0]));
    GNL_TRY(genlat_model_net(b->vae, "decoder", &b->net[1]));
    b->passes[0] = (bench_passes){b->net[0], BATCH, BATCH, BATCH, 0, 1};
    b->passes[1] = (bench_passes){b->net[1], BATCH, BATCH, 0, BATCH, 1};
    return bench_uniform(b, ndim, dims, 0, 1, &b->tensor[X]);
}

static genlat_status open_vae_mlp(bench *b)
{
    return open_vae(b, 2, (int64_t[]){BATCH, 784}, MLP_ENCODER, MLP_DECODER);
}

static genlat_status open_vae_conv(bench *b)
{
    return open_vae(b, 4, (int64_t[]){BATCH, 1, 28, 28}, CONV_ENCODER, CONV_DECODER);
}

static genlat_status step_vae(bench *b)
{
    return genlat_vae_step(b->vae, NULL, b->tensor[X], NULL, NULL);
}

const bench_work bench_vae_mlp = {"vae_mlp", BATCH, open_vae_mlp, step_vae};
const bench_work bench_vae_conv = {"vae_conv", BATCH, open_vae_conv, step_vae};

/* ---- one sample ---------------------------------------------------------------------------------------- */

static genlat_status open_decoder(bench *b, const char *layers, bool half)
{
    genlat_exec_opts opts;
    genlat_exec_opts_init(&opts);
    opts.purpose = GENLAT_EXEC_INFERENCE;
    GNL_TRY(bench_net(b->ctx, 1, (int64_t[]){LATENT}, layers, &b->net[half]));
    if (half)
        GNL_TRY(genlat_net_bfloat16(b->net[1], &b->net[0]));
    GNL_TRY(genlat_net_compile(b->net[0], 1, &opts, &b->exec[0]));
    b->passes[0] = (bench_passes){.net = b->net[0], .forward = 1};
    return bench_uniform(b, 2, (int64_t[]){1, LATENT}, -1, 1, &b->tensor[X]);
}

static genlat_status open_decode1_mlp(bench *b)
{
    return open_decoder(b, MLP_DECODER " | sigmoid", false);
}

static genlat_status open_decode1_bf16(bench *b)
{
    return open_decoder(b, MLP_DECODER " | sigmoid", true);
}

static genlat_status open_decode1_conv(bench *b)
{
    return open_decoder(b, CONV_DECODER " | sigmoid", false);
}

static genlat_status step_decode1(bench *b)
{
    return genlat_exec_forward(b->exec[0], GENLAT_MODE_EVAL, 1, &(const genlat_tensor *){b->tensor[X]});
}

const bench_work bench_decode1_mlp = {"decode1_mlp", 1, open_decode1_mlp, step_decode1};
const bench_work bench_decode1_conv = {"decode1_conv", 1, open_decode1_conv, step_decode1};
const bench_work bench_decode1_bf16 = {"decode1_bf16", 1, open_decode1_bf16, step_decode1};
