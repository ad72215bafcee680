/* SPDX-License-Identifier: MIT */
/*
 * Kinds of latents for tests, linked instead of lib/latent/table.c in addition to the kinds of the library. They are a
 * posterior
 * with heads of different widths, a prior with trained parameters and no closed form, a term with a trained parameter,
 * and a
 * term on the heads.
 */
#include <tgmath.h>

#include "latent/latent_priv.h"

static const double LOG_TWO_PI = 1.83787706640934548356;

static double row_weight(const double *weight, int64_t row)
{
    return weight ? weight[row] : 1;
}

/* ---- posterior "round": N(mean, e^(2 log_sd) I), with one log_sd for all dimensions ---------------- */

enum { MEAN, LOG_SD };

static int round_heads(const void *opts, int64_t dims, gnl_head head[GNL_MAX_HEADS])
{
    head[MEAN] = (gnl_head){"mean", dims, 0};
    head[LOG_SD] = (gnl_head){"log_sd", 1, 3};
    return 2;
}

static int64_t round_noise(const void *opts, int64_t dims)
{
    return dims;
}

static void round_draw(const gnl_posterior *q, const gnl_code *c, int64_t s)
{
    for (int64_t i = 0, at = s * c->rows * c->dims; i < c->rows * c->dims; i++)
        c->z[at + i] = c->head[MEAN][i] + exp(c->head[LOG_SD][i / c->dims]) * c->noise[at + i];
}

static void round_draw_backward(const gnl_posterior *q, const gnl_code *c, int64_t s,
                                gnl_real *const dhead[GNL_MAX_HEADS])
{
    const gnl_real *dz = c->dz + s * c->rows * c->dims, *noise = c->noise + s * c->rows * c->dims;
    for (int64_t r = 0; r < c->rows; r++)
        dhead[LOG_SD][r] = 0;
    for (int64_t i = 0; i < c->rows * c->dims; i++) {
        dhead[MEAN][i] = dz[i];
        dhead[LOG_SD][i / c->dims] += dz[i] * noise[i] * exp(c->head[LOG_SD][i / c->dims]);
    }
}

static void round_mean(const gnl_posterior *q, const gnl_code *c, gnl_real *out)
{
    memcpy(out, c->head[MEAN], (size_t)(c->rows * c->dims) * sizeof *out);
}

static void round_logvar(const gnl_posterior *q, const gnl_code *c, gnl_real *out)
{
    for (int64_t i = 0; i < c->rows * c->dims; i++)
        out[i] = 2 * c->head[LOG_SD][i / c->dims];
}

static void round_mean_backward(const gnl_posterior *q, const gnl_code *c, const gnl_real *dmean)
{
    for (int64_t i = 0; i < c->rows * c->dims; i++)
        c->dhead[MEAN][i] += dmean[i];
}

static void round_logvar_backward(const gnl_posterior *q, const gnl_code *c, const gnl_real *dlogvar)
{
    for (int64_t i = 0; i < c->rows * c->dims; i++)
        c->dhead[LOG_SD][i / c->dims] += 2 * dlogvar[i];
}

static void round_log_density(const gnl_posterior *q, const gnl_code *c, const gnl_real *z, double *out)
{
    for (int64_t r = 0; r < c->rows; r++) {
        double log_sd = (double)c->head[LOG_SD][r];
        out[r] = -(double)c->dims * (0.5 * LOG_TWO_PI + log_sd);
        for (int64_t i = r * c->dims; i < (r + 1) * c->dims; i++)
            out[r] -= 0.5 * pow(((double)z[i] - (double)c->head[MEAN][i]) * exp(-log_sd), 2);
    }
}

static void round_log_density_backward(const gnl_posterior *q, const gnl_code *c, const gnl_real *z, double factor,
                                       const double *weight, gnl_real *dz, gnl_real *const dhead[GNL_MAX_HEADS])
{
    for (int64_t i = 0; i < c->rows * c->dims; i++) {
        const int64_t r = i / c->dims;
        double f = factor * row_weight(weight, r), apart = (double)z[i] - (double)c->head[MEAN][i];
        double pull = apart * exp(-2 * (double)c->head[LOG_SD][r]);
        if (dz)
            dz[i] -= (gnl_real)(f * pull);
        if (dhead) {
            dhead[MEAN][i] += (gnl_real)(f * pull);
            dhead[LOG_SD][r] += (gnl_real)(f * (apart * pull - 1));
        }
    }
}

static const gnl_posterior_type posterior_round = {
    .kind = {.name = "round", .help = "a Gaussian with one standard deviation for all dimensions"},
    .heads = round_heads,
    .noise = round_noise,
    .draw = round_draw,
    .draw_backward = round_draw_backward,
    .mean = round_mean,
    .logvar = round_logvar,
    .mean_backward = round_mean_backward,
    .logvar_backward = round_logvar_backward,
    .log_density = round_log_density,
    .log_density_backward = round_log_density_backward,
};

/* ---- prior "moved": N(centre, e^(2 log_sd) I), both trained ---------------------------------------- */

enum { CENTRE, WIDTH, KEPT };

static int moved_params(const void *opts, int64_t dims, const gnl_shape *data, gnl_param *param)
{
    param[CENTRE] =
        (gnl_param){.name = "centre", .shape = {1, {dims}}, .init = {.kind = GNL_INIT_CONSTANT, .gain = 0.25}};
    param[WIDTH] = (gnl_param){.name = "log_sd", .shape = {1, {1}}, .init = {.kind = GNL_INIT_CONSTANT, .gain = 0.5}};
    param[KEPT] =
        (gnl_param){.name = "kept", .shape = {1, {2}}, .init = {.kind = GNL_INIT_CONSTANT, .gain = 3}, .state = true};
    return 3;
}

static void moved_sample(const gnl_prior *p, const gnl_code *c, gnl_rng *rng, const gnl_prior_draw *draw, gnl_real *z)
{
    const gnl_real *centre = gnl_numbers_data(&p->kind.numbers, CENTRE),
                   log_sd = *gnl_numbers_data(&p->kind.numbers, WIDTH);
    gnl_normal_draw(rng, draw, p->kind.dims, z);
    for (int64_t d = 0; d < p->kind.dims; d++)
        z[d] = centre[d] + exp(log_sd) * z[d];
}

static void moved_log_density(const gnl_prior *p, const gnl_code *c, const gnl_real *z, double *out)
{
    const gnl_real *centre = gnl_numbers_data(&p->kind.numbers, CENTRE);
    const double log_sd = (double)*gnl_numbers_data(&p->kind.numbers, WIDTH);
    for (int64_t r = 0; r < c->rows; r++) {
        out[r] = -(double)c->dims * (0.5 * LOG_TWO_PI + log_sd);
        for (int64_t d = 0; d < c->dims; d++)
            out[r] -= 0.5 * pow(((double)z[r * c->dims + d] - (double)centre[d]) * exp(-log_sd), 2);
    }
}

static void moved_log_density_backward(gnl_prior *p, const gnl_code *c, const gnl_real *z, double factor,
                                       const double *weight, gnl_real *dz)
{
    const gnl_real *centre = gnl_numbers_data(&p->kind.numbers, CENTRE);
    gnl_real *dcentre = gnl_numbers_grad(&p->kind.numbers, CENTRE),
             *dlog_sd = gnl_numbers_grad(&p->kind.numbers, WIDTH);
    const double scale = exp(-2 * (double)*gnl_numbers_data(&p->kind.numbers, WIDTH));
    for (int64_t i = 0; i < c->rows * c->dims; i++) {
        double f = factor * row_weight(weight, i / c->dims), apart = (double)z[i] - (double)centre[i % c->dims];
        dz[i] -= (gnl_real)(f * apart * scale);
        dcentre[i % c->dims] += (gnl_real)(f * apart * scale);
        *dlog_sd += (gnl_real)(f * (apart * apart * scale - 1));
    }
}

static void moved_after_step(gnl_kind *kind, const gnl_code *c)
{
    *gnl_numbers_data(&kind->numbers, KEPT) += 1;
}

static const gnl_prior_type prior_moved = {
    .kind = {.name = "moved",
             .help = "a Gaussian elsewhere, trained",
             .params = moved_params,
             .after_step = moved_after_step},
    .sample = moved_sample,
    .log_density = moved_log_density,
    .log_density_backward = moved_log_density_backward,
};

/* ---- term "pull": (weight / 2) |z - centre|^2 with trained centre ---------------------------------- */

typedef struct weight_opts {
    size_t size;
    double weight;
} weight_opts;

static const gnl_option options[] = {
    GNL_OPT_REAL(weight_opts, weight, 0.5, 0, 1e6, "weight"),
};
static const gnl_options_table pull_table = {"pull", sizeof(weight_opts), options, GNL_COUNT(options)};
static const gnl_options_table push_table = {"push", sizeof(weight_opts), options, GNL_COUNT(options)};
static const gnl_options_table critic_table = {"critic", sizeof(weight_opts), options, GNL_COUNT(options)};
static const gnl_options_table flat_table = {"flat", sizeof(weight_opts), options, GNL_COUNT(options)};

static double term_weight(const gnl_term *t)
{
    return ((const weight_opts *)gnl_kind_opts(&t->kind))->weight;
}

static int pull_params(const void *opts, int64_t dims, const gnl_shape *data, gnl_param *param)
{
    param[0] = (gnl_param){.name = "centre", .shape = {1, {dims}}, .init = {.kind = GNL_INIT_CONSTANT, .gain = 0.1}};
    return 1;
}

static double pull_value(gnl_term *t, const gnl_term_call *call)
{
    const gnl_code *c = call->code;
    const gnl_real *centre = gnl_numbers_data(&t->kind.numbers, 0);
    double total = 0;
    for (int64_t i = 0; i < c->samples * c->rows * c->dims; i++)
        total += 0.5 * pow((double)c->z[i] - (double)centre[i % c->dims], 2);
    return term_weight(t) * total / (double)(c->samples * c->rows);
}

static void pull_backward_z(gnl_term *t, const gnl_term_call *call)
{
    const gnl_code *c = call->code;
    const gnl_real *centre = gnl_numbers_data(&t->kind.numbers, 0);
    gnl_real *dcentre = gnl_numbers_grad(&t->kind.numbers, 0);
    const gnl_real factor = (gnl_real)(term_weight(t) / (double)(c->samples * c->rows));
    for (int64_t i = 0; i < c->samples * c->rows * c->dims; i++) {
        gnl_real pull = factor * (c->z[i] - centre[i % c->dims]);
        c->dz[i] += pull;
        dcentre[i % c->dims] -= pull;
    }
}

static const gnl_term_type term_pull = {
    .kind = {.name = "pull", .options = &pull_table, .help = "codes near a trained centre", .params = pull_params},
    .value = pull_value,
    .backward_z = pull_backward_z,
};

/* ---- term "push": like pull, but its centre moves away from the codes, against the model ------------- */

static void push_backward_z(gnl_term *t, const gnl_term_call *call)
{
    gnl_real *dcentre = gnl_numbers_grad(&t->kind.numbers, 0);
    pull_backward_z(t, call);
    for (int64_t d = 0; d < call->code->dims; d++)
        dcentre[d] = -dcentre[d];
}

static const gnl_term_type term_push = {
    .kind = {.name = "push",
             .options = &push_table,
             .help = "codes near a centre that flees from them",
             .params = pull_params,
             .adversarial = true},
    .value = pull_value,
    .backward_z = push_backward_z,
};

/* ---- term "critic": weight times the mean of a net of the codes, which the net tries to increase ----- */

typedef struct critic_work {
    genlat_exec *exec;
} critic_work;

static genlat_status critic_net(const gnl_kind *kind, genlat_net **out)
{
    const char *input = "z";
    return gnl_net_from_text(kind->ctx, 1, &input, &(gnl_shape){1, {kind->dims}},
                             "dense units=4 name=hidden | tanh | dense units=1 name=out", out);
}

static genlat_status critic_work_new(const gnl_kind *kind, const gnl_latents *latents, const gnl_latent_env *env,
                                     void **out)
{
    const genlat_exec_opts opts = GNL_EXEC_OPTS(.purpose = env->training ? GENLAT_EXEC_TRAINING : GENLAT_EXEC_INFERENCE,
                                                .input_grads = env->training);
    critic_work *w = gnl_calloc(env->ctx, 1, sizeof *w);
    if (!w)
        return GENLAT_E_MEMORY;
    *out = w;
    return gnl_net_compile(kind->net, env->rows * env->samples, &opts, &w->exec);
}

static void critic_work_free(genlat_ctx *ctx, void *work)
{
    gnl_exec_release(((critic_work *)work)->exec);
    gnl_free(ctx, work);
}

static double critic_value(gnl_term *t, const gnl_term_call *call)
{
    const critic_work *w = gnl_kind_work(&t->kind, call->code);
    const int64_t n = call->code->samples * call->code->rows;
    double total = 0;
    gnl_exec_forward(w->exec, GNL_EVAL, n, &(const gnl_real *){call->code->z});
    for (int64_t i = 0; i < n; i++)
        total += (double)gnl_exec_output(w->exec, 0)[i];
    return term_weight(t) * total / (double)n;
}

static void set_output_grad(const critic_work *w, int64_t n, double value)
{
    for (int64_t i = 0; i < n; i++)
        gnl_exec_output_grad(w->exec, 0)[i] = (gnl_real)value;
}

static void critic_backward_z(gnl_term *t, const gnl_term_call *call)
{
    const critic_work *w = gnl_kind_work(&t->kind, call->code);
    const int64_t n = call->code->samples * call->code->rows;
    const gnl_real *dz = NULL;
    (void)critic_value(t, call);
    set_output_grad(w, n, -term_weight(t) / (double)n);
    gnl_exec_backward(w->exec, 1, GNL_GRAD_WEIGHTS);
    (void)critic_value(t, call);
    set_output_grad(w, n, term_weight(t) / (double)n);
    gnl_exec_backward(w->exec, 1, GNL_GRAD_INPUTS);
    dz = gnl_exec_input_grad(w->exec, 0);
    for (int64_t i = 0; i < n * call->code->dims; i++)
        call->code->dz[i] += dz[i];
}

static const gnl_term_type term_critic = {
    .kind = {.name = "critic",
             .options = &critic_table,
             .help = "mean of a net of the codes",
             .net_new = critic_net,
             .adversarial = true,
             .work_new = critic_work_new,
             .work_free = critic_work_free},
    .value = critic_value,
    .backward_z = critic_backward_z,
};

/* ---- term "flat": (weight / 2) |first head|^2 -------------------------------------------------------- */

static double flat_value(gnl_term *t, const gnl_term_call *call)
{
    const gnl_code *c = call->code;
    const int64_t n = c->rows * call->latents->posterior->head[0].width;
    double total = 0;
    for (int64_t i = 0; i < n; i++)
        total += 0.5 * pow((double)c->head[0][i], 2);
    return call->factor * term_weight(t) * total / (double)c->rows;
}

static void flat_backward_heads(gnl_term *t, const gnl_term_call *call)
{
    const gnl_code *c = call->code;
    const int64_t n = c->rows * call->latents->posterior->head[0].width;
    for (int64_t i = 0; i < n; i++)
        c->dhead[0][i] += (gnl_real)(call->factor * term_weight(t) / (double)c->rows) * c->head[0][i];
}

static const gnl_term_type term_flat = {
    .kind = {.name = "flat", .options = &flat_table, .help = "small first heads"},
    .value = flat_value,
    .backward_heads = flat_backward_heads,
};

/* ---- the tables -------------------------------------------------------------------------------------- */

extern const gnl_posterior_type gnl_posterior_categorical, gnl_posterior_fsq, gnl_posterior_gaussian,
    gnl_posterior_gaussian_full, gnl_posterior_iaf, gnl_posterior_ladder, gnl_posterior_markov, gnl_posterior_residual,
    gnl_posterior_planar, gnl_posterior_point, gnl_posterior_vq;
extern const gnl_prior_type gnl_prior_autoregressive, gnl_prior_chain, gnl_prior_flow, gnl_prior_mixture,
    gnl_prior_normal, gnl_prior_uniform, gnl_prior_vamp;
extern const gnl_term_type gnl_term_adversarial, gnl_term_dip, gnl_term_factor, gnl_term_gradient, gnl_term_kl,
    gnl_term_l2, gnl_term_mmd, gnl_term_tc, gnl_term_weights;
extern const gnl_bound_type gnl_bound_elbo, gnl_bound_importance, gnl_bound_renyi;

const gnl_posterior_type *const gnl_posterior_types[] = {&gnl_posterior_categorical,
                                                         &gnl_posterior_fsq,
                                                         &gnl_posterior_gaussian,
                                                         &gnl_posterior_gaussian_full,
                                                         &gnl_posterior_iaf,
                                                         &gnl_posterior_ladder,
                                                         &gnl_posterior_markov,
                                                         &gnl_posterior_residual,
                                                         &gnl_posterior_planar,
                                                         &gnl_posterior_point,
                                                         &posterior_round,
                                                         &gnl_posterior_vq,
                                                         NULL};
const gnl_prior_type *const gnl_prior_types[] = {&gnl_prior_autoregressive, &gnl_prior_chain,  &gnl_prior_flow,
                                                 &gnl_prior_mixture,        &gnl_prior_normal, &gnl_prior_vamp,
                                                 &gnl_prior_uniform,        &prior_moved,      NULL};
const gnl_term_type *const gnl_term_types[] = {&gnl_term_adversarial,
                                               &gnl_term_dip,
                                               &gnl_term_factor,
                                               &gnl_term_gradient,
                                               &gnl_term_kl,
                                               &gnl_term_l2,
                                               &gnl_term_mmd,
                                               &gnl_term_tc,
                                               &gnl_term_weights,
                                               &term_pull,
                                               &term_push,
                                               &term_critic,
                                               &term_flat,
                                               NULL};
const gnl_bound_type *const gnl_bound_types[] = {&gnl_bound_elbo, &gnl_bound_importance, &gnl_bound_renyi, NULL};
