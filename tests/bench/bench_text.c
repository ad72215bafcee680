/* SPDX-License-Identifier: MIT */
/*
 * A VAE of sentences (Bowman and others, 2016): LSTM encoder and decoder; the decoder gets the preceding words. Encoder
 * and decoder
 * share an embedding table, so a step consists of passes through three nets.
 */
#include "bench/bench.h"
#include "loss/loss.h"

enum { BATCH = 32, LENGTH = 31, STEPS = LENGTH - 1, VOCABULARY = 10000, WORD = 256, LATENT = 32 };
enum { TABLE, ENCODER, DECODER };              /* nets, execs */
enum { SENTENCES, NEXT, NOISE, CODE, BEFORE }; /* BEFORE: embeddings of the preceding words */

#define TABLE_LAYERS "embedding classes=10000 units=256"
#define ENCODER_LAYERS "lstm units=512 out=last | dense units=64"
#define DECODER_LAYERS                                                                                                 \
    "dense units=512 from=code name=cells | tanh name=hidden | repeat times=30 from=code name=codes | "                \
    "concat axis=-1 from=before,codes name=in | lstm units=512 from=in,hidden,cells | dense units=10000"

static genlat_status open_decoder(bench *b)
{
    genlat_net_builder *builder = NULL;
    GNL_TRY(genlat_net_builder_new(b->ctx, &builder));
    genlat_net_builder_input(builder, "code", 1, (int64_t[]){LATENT});
    genlat_net_builder_input(builder, "before", 2, (int64_t[]){STEPS, WORD});
    genlat_net_builder_text(builder, DECODER_LAYERS);
    return genlat_net_build(&builder, &b->net[DECODER]);
}

static genlat_status compile(bench *b)
{
    for (int i = TABLE; i <= DECODER; i++) {
        genlat_exec_opts opts;
        genlat_exec_opts_init(&opts);
        opts.input_grads = i != TABLE;
        opts.recompute = b->mode.recompute;
        GNL_TRY(genlat_net_compile(b->net[i], BATCH, &opts, &b->exec[i]));
        GNL_TRY(genlat_optim_add(b->optim[0], b->net[i], NULL, NULL));
        b->passes[i] = (bench_passes){b->net[i], BATCH, BATCH, 0, i == TABLE ? 0 : BATCH, 1};
    }
    return GENLAT_OK;
}

/* Random words; the target at each step is the next word. */
static genlat_status open_sentences(bench *b)
{
    GNL_TRY(bench_uniform(b, 2, (int64_t[]){BATCH, LENGTH}, 0, VOCABULARY, &b->tensor[SENTENCES]));
    GNL_TRY(genlat_tensor_new(b->ctx, 2, (int64_t[]){BATCH, STEPS}, &b->tensor[NEXT]));
    float *word = genlat_tensor_data(b->tensor[SENTENCES]), *next = genlat_tensor_data(b->tensor[NEXT]);
    for (int i = 0; i < BATCH * LENGTH; i++)
        word[i] = (float)(int)word[i];
    for (int row = 0; row < BATCH; row++)
        memcpy(next + row * STEPS, word + row * LENGTH + 1, STEPS * sizeof *next);
    return GENLAT_OK;
}

static genlat_status open_text_vae(bench *b)
{
    GNL_TRY(bench_net(b->ctx, 1, (int64_t[]){LENGTH}, TABLE_LAYERS, &b->net[TABLE]));
    GNL_TRY(bench_net(b->ctx, 2, (int64_t[]){LENGTH, WORD}, ENCODER_LAYERS, &b->net[ENCODER]));
    GNL_TRY(open_decoder(b));
    GNL_TRY(genlat_loss_new(b->ctx, "cross_entropy", &b->loss));
    GNL_TRY(genlat_optim_from_text(b->ctx, "adam lr=1e-3", &b->optim[0]));
    GNL_TRY(compile(b));
    GNL_TRY(genlat_tensor_new(b->ctx, 2, (int64_t[]){BATCH, LATENT}, &b->tensor[NOISE]));
    GNL_TRY(genlat_tensor_new(b->ctx, 2, (int64_t[]){BATCH, LATENT}, &b->tensor[CODE]));
    GNL_TRY(genlat_tensor_new(b->ctx, 3, (int64_t[]){BATCH, STEPS, WORD}, &b->tensor[BEFORE]));
    return open_sentences(b);
}

/* Computes z for each sentence, and the embeddings of the preceding words. */
static genlat_status encode(bench *b)
{
    const gnl_kernels *k = gnl_kernels_of(b->ctx);
    const genlat_tensor *words = NULL;
    float *noise = genlat_tensor_data(b->tensor[NOISE]), *code = genlat_tensor_data(b->tensor[CODE]);
    float *before = genlat_tensor_data(b->tensor[BEFORE]);
    GNL_TRY(genlat_rng_normal(b->rng, BATCH * LATENT, noise));
    GNL_TRY(genlat_exec_forward(b->exec[TABLE], GENLAT_MODE_TRAIN, 1, &(const genlat_tensor *){b->tensor[SENTENCES]}));
    GNL_TRY(genlat_exec_output(b->exec[TABLE], 0, &words));
    GNL_TRY(genlat_exec_forward(b->exec[ENCODER], GENLAT_MODE_TRAIN, 1, &words));
    const float *heads = gnl_exec_output(b->exec[ENCODER], 0), *word = genlat_tensor_const_data(words);
    for (int row = 0; row < BATCH; row++) {
        const float *mean = heads + row * 2 * LATENT;
        k->gauss_sample_kl(LATENT, mean, mean + LATENT, noise + row * LATENT, code + row * LATENT);
        memcpy(before + row * STEPS * WORD, word + row * LENGTH * WORD, STEPS * WORD * sizeof *before);
    }
    return GENLAT_OK;
}

/* Computes the logits of the words, and the derivatives of the loss back to the inputs of the decoder. */
static genlat_status decode(bench *b)
{
    double nll[BATCH * STEPS];
    const genlat_tensor *inputs[] = {b->tensor[CODE], b->tensor[BEFORE]};
    GNL_TRY(genlat_exec_forward(b->exec[DECODER], GENLAT_MODE_TRAIN, 2, inputs));
    gnl_loss_eval(b->loss, &(gnl_loss_call){.compute = {b->ctx, gnl_kernels_of(b->ctx), NULL},
                                            .rows = BATCH * STEPS,
                                            .dims = 1,
                                            .parts = VOCABULARY,
                                            .out = gnl_exec_output(b->exec[DECODER], 0),
                                            .target = genlat_tensor_const_data(b->tensor[NEXT]),
                                            .scale = 1.0 / BATCH,
                                            .nll = nll,
                                            .dout = gnl_exec_output_grad(b->exec[DECODER], 0),
                                            .training = true});
    gnl_exec_backward(b->exec[DECODER], 1, GNL_GRAD_WEIGHTS | GNL_GRAD_INPUTS);
    return GENLAT_OK;
}

/* Propagates derivatives through the code to the encoder, and to the table from both nets that read it. */
static void encode_backward(bench *b)
{
    const gnl_kernels *k = gnl_kernels_of(b->ctx);
    const float *heads = gnl_exec_output(b->exec[ENCODER], 0), *noise = genlat_tensor_const_data(b->tensor[NOISE]);
    const float *dcode = gnl_exec_input_grad(b->exec[DECODER], 0), *dbefore = gnl_exec_input_grad(b->exec[DECODER], 1);
    float *dheads = gnl_exec_output_grad(b->exec[ENCODER], 0), *dwords = gnl_exec_output_grad(b->exec[TABLE], 0);
    for (int row = 0; row < BATCH; row++) {
        const float *mean = heads + row * 2 * LATENT;
        float *dmean = dheads + row * 2 * LATENT;
        k->gauss_sample_kl_backward(LATENT, mean, mean + LATENT, noise + row * LATENT, dcode + row * LATENT,
                                    1.0f / BATCH, dmean, dmean + LATENT);
    }
    gnl_exec_backward(b->exec[ENCODER], 1, GNL_GRAD_WEIGHTS | GNL_GRAD_INPUTS);
    memcpy(dwords, gnl_exec_input_grad(b->exec[ENCODER], 0), BATCH * LENGTH * WORD * sizeof *dwords);
    for (int row = 0; row < BATCH; row++)
        k->axpy(STEPS * WORD, 1, dbefore + row * STEPS * WORD, dwords + row * LENGTH * WORD);
    gnl_exec_backward(b->exec[TABLE], 1, GNL_GRAD_WEIGHTS);
}

static genlat_status step_text_vae(bench *b)
{
    GNL_TRY(genlat_optim_zero_grad(b->optim[0]));
    GNL_TRY(encode(b));
    GNL_TRY(decode(b));
    encode_backward(b);
    return genlat_optim_step(b->optim[0]);
}

const bench_work bench_text_vae = {"text_vae", BATCH, open_text_vae, step_text_vae};
