/* SPDX-License-Identifier: MIT */
/*
 * The second stage of a two-stage VAE (Dai and Wipf, Diagnosing and enhancing VAE models, 2019): a VAE on the
 * standardized codes, with a Gaussian likelihood of one learned standard deviation. It has as many latent dimensions
 * as the codes have, and its hidden layers also receive the input, as in the paper. See
 * docs/derivations/two_stage.md.
 */
#include <stdio.h>

#include "model/sampler.h"

enum { TEXT = 4096, CHUNK = 64 };
enum { SD = GNL_SAMPLER_MOMENTS, NUMBERS };
enum { MEAN, LOGVAR };

typedef struct two_stage_opts {
    size_t size;
    int64_t layers, width, steps, batch;
    double lr;
} two_stage_opts;

static const gnl_option options[] = {
    GNL_OPT_INT(two_stage_opts, layers, 3, 1, 16, "hidden layers of the encoder and of the decoder"),
    GNL_OPT_INT(two_stage_opts, width, 256, 1, 65536, "units in a hidden layer; 1024 in the paper"),
    GNL_OPT_INT(two_stage_opts, steps, 10000, 1, 1e9, "number of steps"),
    GNL_OPT_INT(two_stage_opts, batch, 128, 1, 1e6, "codes in each step"),
    GNL_OPT_REAL(two_stage_opts, lr, 0.001, 0, 1e6, "learning rate of the first step"),
};
static const gnl_options_table table = {"two_stage", sizeof(two_stage_opts), options, GNL_COUNT(options)};

static const two_stage_opts *opts_of(const gnl_sampler *s)
{
    return (const two_stage_opts *)(const void *)s->opts;
}

static int params(const void *opts, int64_t dims, int64_t rows, gnl_param *param)
{
    gnl_sampler_moment_params(dims, param);
    param[SD] = (gnl_param){.name = "noise", .shape = {1, {1}}, .init = {GNL_INIT_CONSTANT, 0, 1, 1}, .state = true};
    return NUMBERS;
}

/* ---- nets ------------------------------------------------------------------------------------ */

/* Creates the hidden layers and the layers of `last`. Each hidden layer ends with the input. */
static genlat_status make_net(const gnl_sampler *s, const char *last, genlat_net **out)
{
    const char *input = "x";
    const two_stage_opts *o = opts_of(s);
    char text[TEXT] = "";
    for (int64_t i = 0; i < o->layers; i++)
        gnl_text_append(text, sizeof text,
                        "dense units=%lld | relu name=relu%d | concat axis=-1 from=relu%d,x name=hidden%d | ",
                        (long long)o->width, (int)i, (int)i, (int)i);
    gnl_text_append(text, sizeof text, "%s", last);
    return gnl_net_from_text(s->ctx, 1, &input, &(gnl_shape){1, {s->dims}}, text, out);
}

/* The decoder is what the sampler keeps. */
static genlat_status net_new(const gnl_sampler *s, genlat_net **out)
{
    char last[64];
    snprintf(last, sizeof last, "dense units=%lld", (long long)s->dims);
    return make_net(s, last, out);
}

static genlat_status encoder_new(const gnl_sampler *s, uint64_t seed, genlat_net **out)
{
    char last[256];
    const int hidden = (int)opts_of(s)->layers - 1;
    snprintf(last, sizeof last,
             "dense units=%lld name=mean | dense from=hidden%d units=%lld | hardtanh bound=10 name=logvar | "
             "output mean,logvar",
             (long long)s->dims, hidden, (long long)s->dims);
    GNL_TRY(make_net(s, last, out));
    return gnl_net_init(*out, seed, 2);
}

/* ---- fit ------------------------------------------------------------------------------------- */

typedef struct second {
    genlat_net *encoder_net;
    genlat_exec *encoder, *decoder;
    genlat_loss *loss;
    gnl_real *noise, *u; /* [rows,dims] */
    double *nll;         /* [rows] */
    int64_t dims;
} second;

static void second_free(const gnl_sampler *s, second *v)
{
    gnl_exec_release(v->encoder);
    gnl_exec_release(v->decoder);
    gnl_net_release(v->encoder_net);
    gnl_loss_release(v->loss);
    gnl_free(s->ctx, v->noise);
    gnl_free(s->ctx, v->u);
    gnl_free(s->ctx, v->nll);
}

/* second_free() releases what it has created, also after an error. */
static genlat_status second_make(const gnl_sampler *s, int64_t rows, uint64_t seed, second *v)
{
    const genlat_exec_opts last = GNL_EXEC_OPTS(.purpose = GENLAT_EXEC_TRAINING, .input_grads = 1);
    const genlat_exec_opts first = GNL_EXEC_OPTS(.purpose = GENLAT_EXEC_TRAINING);
    const size_t numbers = (size_t)rows * (size_t)s->dims;
    v->dims = s->dims;
    v->noise = gnl_alloc(s->ctx, numbers, sizeof *v->noise);
    v->u = gnl_alloc(s->ctx, numbers, sizeof *v->u);
    v->nll = gnl_alloc(s->ctx, (size_t)rows, sizeof *v->nll);
    if (!v->noise || !v->u || !v->nll)
        return GENLAT_E_MEMORY;
    GNL_TRY(gnl_loss_parse(s->ctx, "gaussian sd=learned value=0.3", &v->loss));
    GNL_TRY(encoder_new(s, seed, &v->encoder_net));
    GNL_TRY(gnl_net_compile(v->encoder_net, rows, &first, &v->encoder));
    return gnl_net_compile(s->net, rows, &last, &v->decoder);
}

/* The gradients of the mean of the negative ELBO. */
static void backward(void *user, int64_t rows, const gnl_real *x, gnl_rng noise)
{
    second *v = user;
    const gnl_compute *c = gnl_exec_compute(v->encoder);
    const int64_t n = rows * v->dims;
    gnl_fill_normal(c, &noise, n, v->noise);
    gnl_exec_forward(v->encoder, GNL_TRAIN, rows, &x);
    const gnl_real *mean = gnl_exec_output(v->encoder, MEAN), *logvar = gnl_exec_output(v->encoder, LOGVAR);
    (void)c->k->gauss_sample_kl(n, mean, logvar, v->noise, v->u);
    gnl_exec_forward(v->decoder, GNL_TRAIN, rows, &(const gnl_real *){v->u});
    const gnl_loss_call call = {.compute = *c,
                                .rows = rows,
                                .dims = v->dims,
                                .parts = 1,
                                .out = gnl_exec_output(v->decoder, 0),
                                .target = x,
                                .scale = 1 / (double)rows,
                                .nll = v->nll,
                                .dout = gnl_exec_output_grad(v->decoder, 0),
                                .training = true};
    gnl_loss_eval(v->loss, &call);
    gnl_exec_backward(v->decoder, 1, GNL_GRAD_WEIGHTS | GNL_GRAD_INPUTS);
    c->k->gauss_sample_kl_backward(n, mean, logvar, v->noise, gnl_exec_input_grad(v->decoder, 0),
                                   (gnl_real)(1 / (double)rows), gnl_exec_output_grad(v->encoder, MEAN),
                                   gnl_exec_output_grad(v->encoder, LOGVAR));
    gnl_exec_backward(v->encoder, 1u << MEAN | 1u << LOGVAR, GNL_GRAD_WEIGHTS);
}

static genlat_status add_all(const gnl_sampler *s, const second *v, genlat_optim *optim)
{
    const gnl_part encoder = gnl_part_of_net(v->encoder_net, "encoder", 0),
                   decoder = gnl_part_of_net(s->net, "decoder", 0);
    GNL_TRY(gnl_optim_add(optim, &encoder, NULL, NULL));
    GNL_TRY(gnl_optim_add(optim, &decoder, NULL, NULL));
    return gnl_optim_add_loss(optim, v->loss, NULL);
}

static genlat_status fit(gnl_sampler *s, int64_t rows, const gnl_real *codes, uint64_t seed)
{
    const two_stage_opts *o = opts_of(s);
    second v = {.dims = 0};
    gnl_sampler_training t = {.steps = o->steps, .batch = o->batch, .lr = o->lr, .backward = backward, .user = &v};
    genlat_status status = second_make(s, GNL_MIN(o->batch, rows), seed, &v);
    if (status == GENLAT_OK)
        status = gnl_optim_parse(s->ctx, "adam clip_norm=10", &t.optim);
    if (status == GENLAT_OK)
        status = add_all(s, &v, t.optim);
    if (status == GENLAT_OK)
        status = gnl_sampler_train(s, &t, rows, codes, seed);
    if (status == GENLAT_OK)
        gnl_numbers_data(&s->numbers, SD)[0] = (gnl_real)v.loss->type->scale(v.loss);
    gnl_optim_release(t.optim);
    second_free(s, &v);
    return status;
}

/* ---- codes ----------------------------------------------------------------------------------- */

/* Draws u [CHUNK,dims] from N(0,I), and codes from the likelihood of the second VAE. The decoder always runs on CHUNK
 * rows, because the last bits of a row can depend on their number. */
static void draw_rows(const gnl_sampler *s, genlat_exec *decoder, const gnl_sampler_call *call, int64_t first,
                      gnl_real *u, gnl_real *z)
{
    const int64_t rows = GNL_MIN(CHUNK, call->rows - first);
    const gnl_real sd = gnl_numbers_data(&s->numbers, SD)[0];
    for (int64_t i = 0; i < rows; i++) {
        gnl_rng rng = gnl_sampler_rng(call, first + i);
        gnl_normal_draw(&rng, &call->how, s->dims, u + i * s->dims);
        gnl_normal_draw(&rng, &call->how, s->dims, z + i * s->dims);
    }
    gnl_exec_forward(decoder, GNL_EVAL, CHUNK, &(const gnl_real *){u});
    const gnl_real *mean = gnl_exec_output(decoder, 0);
    for (int64_t i = 0; i < rows * s->dims; i++)
        z[i] = mean[i] + sd * z[i];
}

static genlat_status draw_all(const gnl_sampler *s, const gnl_sampler_call *call, gnl_real *z)
{
    const genlat_exec_opts opts = GNL_EXEC_OPTS(.purpose = GENLAT_EXEC_INFERENCE);
    genlat_exec *decoder = NULL;
    gnl_real *u = gnl_calloc(s->ctx, CHUNK * (size_t)s->dims, sizeof *u);
    genlat_status status = u ? gnl_net_compile(s->net, CHUNK, &opts, &decoder) : GENLAT_E_MEMORY;
    for (int64_t first = 0; status == GENLAT_OK && first < call->rows; first += CHUNK)
        draw_rows(s, decoder, call, first, u, z + first * s->dims);
    gnl_exec_release(decoder);
    gnl_free(s->ctx, u);
    if (status == GENLAT_OK)
        gnl_sampler_place(s, call->rows, z);
    return status;
}

const gnl_sampler_type gnl_sampler_of_two_stage = {
    .name = "two_stage",
    .options = &table,
    .help = "second VAE on the codes, with a learned standard deviation (two-stage VAE)",
    .params = params,
    .net_new = net_new,
    .fit = fit,
    .draw_all = draw_all,
};
