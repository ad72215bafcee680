/* SPDX-License-Identifier: MIT */
/* Training steps of the VAE: noise in, encoder, latent samples, decoder, likelihood and KL, and all of it
 * back. */
#include <math.h>

#include "model/vae_priv.h"

struct gnl_vae_work {
    int64_t rows; /* room */
    genlat_exec *encoder, *decoder;
    gnl_real *input;           /* [rows,data] what the encoder sees when it is corrupted */
    gnl_real *condition;       /* [samples*rows,condition] */
    gnl_real *noise, *z;       /* [samples*rows,latent] */
    gnl_real *dmean, *dlogvar; /* [rows,latent] of one posterior sample */
    double *nll;               /* [samples,rows] */
    double *weight;            /* [samples,rows] importance weights; none for the ELBO */
    double *kl;                /* [rows] */
    double *per_dim;           /* [latent] */
};

void gnl_vae_work_free(genlat_ctx *ctx, gnl_vae_work *work)
{
    if (!work)
        return;
    gnl_exec_release(work->encoder);
    gnl_exec_release(work->decoder);
    void *const blocks[] = {work->input,   work->condition, work->noise,  work->z,  work->dmean,
                            work->dlogvar, work->nll,       work->weight, work->kl, work->per_dim};
    for (size_t i = 0; i < GNL_COUNT(blocks); i++)
        gnl_free(ctx, blocks[i]);
    gnl_free(ctx, work);
}

static bool corrupts(const genlat_vae *vae)
{
    return vae->recipe.opts.noise > 0 || vae->recipe.opts.mask > 0;
}

static bool is_plain(const genlat_vae *vae)
{
    return vae->recipe.opts.kind == GENLAT_VAE_PLAIN;
}

static bool is_weighted(const genlat_vae *vae)
{
    return vae->recipe.opts.bound == GENLAT_BOUND_IMPORTANCE;
}

static genlat_status allocate_blocks(const genlat_vae *vae, gnl_vae_work *work)
{
    genlat_ctx *ctx = vae->model.object.ctx;
    size_t rows = (size_t)work->rows, latent = (size_t)vae->recipe.opts.latent;
    size_t drawn = rows * (size_t)vae->recipe.opts.samples, number = sizeof(gnl_real);
    work->input = gnl_alloc(ctx, corrupts(vae) ? rows * (size_t)vae->size : 0, number);
    work->condition = gnl_alloc(ctx, drawn * (size_t)vae->condition, number);
    work->noise = gnl_alloc(ctx, drawn * latent, number);
    work->z = gnl_alloc(ctx, drawn * latent, number);
    work->dmean = gnl_alloc(ctx, rows * latent, number);
    work->dlogvar = gnl_alloc(ctx, rows * latent, number);
    work->nll = gnl_alloc(ctx, drawn, sizeof(double));
    work->weight = gnl_alloc(ctx, is_weighted(vae) ? drawn : 0, sizeof(double));
    work->kl = gnl_alloc(ctx, rows, sizeof(double));
    work->per_dim = gnl_alloc(ctx, latent, sizeof(double));
    bool all = work->input && work->condition && work->noise && work->z && work->dmean && work->dlogvar &&
               work->nll && work->weight && work->kl && work->per_dim;
    return all ? GENLAT_OK : GENLAT_E_MEMORY;
}

/* The decoder runs between the passes of the encoder, in memory of the encoder's. A plain code has a single output, whose
 * gradient would lie in the room from which it is computed. */
static genlat_status work_fill(genlat_vae *vae, gnl_vae_work *work)
{
    const int64_t drawn = work->rows * vae->recipe.opts.samples;
    const genlat_exec_opts second = gnl_exec_training(true, vae->recipe.opts.recompute);
    genlat_exec_opts first = gnl_exec_training(false, vae->recipe.opts.recompute);
    if (!is_plain(vae))
        GNL_TRY(gnl_net_exec_bytes(vae->decoder, drawn, &second, &first.room));
    GNL_TRY(gnl_net_compile(vae->encoder, work->rows, &first, &work->encoder));
    GNL_TRY(gnl_exec_compile_guest(is_plain(vae) ? NULL : work->encoder, vae->decoder, drawn, &second, &work->decoder));
    return allocate_blocks(vae, work);
}

/* Workspace for at least `rows`; made anew when a larger batch comes. */
static genlat_status want_work(genlat_vae *vae, int64_t rows)
{
    genlat_ctx *ctx = vae->model.object.ctx;
    if (vae->work && vae->work->rows >= rows)
        return GENLAT_OK;
    gnl_vae_work *work = gnl_calloc(ctx, 1, sizeof *work);
    if (!work)
        return GENLAT_E_MEMORY;
    work->rows = rows;
    genlat_status status = work_fill(vae, work);
    if (status != GENLAT_OK) {
        gnl_vae_work_free(ctx, work);
        return status;
    }
    gnl_vae_work_free(ctx, vae->work);
    vae->work = work;
    return GENLAT_OK;
}

/* ---- running statistics of a step that may fail ---------------------------------------------- */

/* Copies all that a forward pass may move, from the model to the saved numbers or back. */
static void copy_state(genlat_vae *vae, bool back)
{
    const struct {
        gnl_real *data;
        int64_t count;
    } parts[] = {{vae->encoder->state, vae->encoder->states},
                 {vae->decoder->state, vae->decoder->states},
                 {vae->loss->value, vae->loss->values}};
    gnl_real *saved = vae->saved_state;
    for (size_t i = 0; i < GNL_COUNT(parts); i++) {
        memcpy(back ? parts[i].data : saved, back ? saved : parts[i].data,
               (size_t)parts[i].count * sizeof *saved);
        saved += parts[i].count;
    }
}

static genlat_status save_state(genlat_vae *vae)
{
    int64_t count = vae->encoder->states + vae->decoder->states + vae->loss->values;
    if (!vae->saved_state)
        vae->saved_state = gnl_alloc(vae->model.object.ctx, (size_t)count, sizeof *vae->saved_state);
    if (!vae->saved_state)
        return GENLAT_E_MEMORY;
    copy_state(vae, false);
    return GENLAT_OK;
}

/* ---- forward --------------------------------------------------------------------------------- */

/* Each backward pass has substreams of its own, so that its numbers do not depend on the passes before. */
static gnl_rng stream(const genlat_vae *vae, gnl_stream kind, uint64_t part)
{
    uint64_t seed = (uint64_t)gnl_ctx_opts(vae->model.object.ctx)->seed;
    return gnl_rng_make(seed, kind, (uint64_t)vae->model.progress.passes << 2 | part);
}

static const gnl_real *corrupt(const genlat_vae *vae, const gnl_vae_work *work, const gnl_real *x,
                               int64_t rows)
{
    int64_t n = rows * vae->size;
    const genlat_vae_opts *o = &vae->recipe.opts;
    if (!corrupts(vae))
        return x;
    gnl_rng noise = stream(vae, GNL_STREAM_AUGMENT, 0), mask = stream(vae, GNL_STREAM_AUGMENT, 1);
    gnl_fill_normal(&work->encoder->compute, &noise, n, work->input);
    for (int64_t i = 0; i < n; i++)
        work->input[i] = x[i] + (gnl_real)o->noise * work->input[i];
    for (int64_t i = 0; o->mask > 0 && i < n; i++)
        if (gnl_rng_unit(&mask) < o->mask)
            work->input[i] = 0;
    return work->input;
}

static genlat_status fill_condition(const genlat_vae *vae, gnl_vae_work *work, const genlat_tensor *labels,
                                    int64_t rows, const char *where)
{
    int64_t numbers = rows * vae->condition;
    GNL_TRY(gnl_vae_condition_fill(vae, labels, 0, rows, work->condition, where));
    for (int64_t s = 1; s < vae->recipe.opts.samples && numbers; s++)
        memcpy(work->condition + s * numbers, work->condition, (size_t)numbers * sizeof *work->condition);
    return GENLAT_OK;
}

static gnl_latent posterior(const gnl_vae_work *work, int64_t rows, int64_t latent)
{
    const genlat_exec *e = work->encoder;
    bool plain = e->net->outputs < 2;
    return (gnl_latent){e->compute, rows, latent, gnl_exec_output(e, 0),
                        plain ? NULL : gnl_exec_output(e, 1)};
}

static void draw_latents(const genlat_vae *vae, gnl_vae_work *work, const gnl_latent *q)
{
    int64_t n = q->rows * q->dims;
    if (is_plain(vae)) {
        memcpy(work->z, q->mean, (size_t)n * sizeof *work->z);
        return;
    }
    gnl_rng rng = stream(vae, GNL_STREAM_NOISE, 0);
    gnl_fill_normal(&q->compute, &rng, n * vae->recipe.opts.samples, work->noise);
    for (int64_t s = 0; s < vae->recipe.opts.samples; s++)
        gnl_latent_sample(q, work->noise + s * n, work->z + s * n);
}

static int64_t samples_of(const genlat_vae *vae)
{
    return is_plain(vae) ? 1 : vae->recipe.opts.samples;
}

static void forward(genlat_vae *vae, const gnl_real *x, int64_t rows)
{
    gnl_vae_work *work = vae->work;
    work->encoder->dropout = stream(vae, GNL_STREAM_DROPOUT, 0);
    work->decoder->dropout = stream(vae, GNL_STREAM_DROPOUT, 1);
    const gnl_real *in[] = {corrupt(vae, work, x, rows), work->condition};
    gnl_exec_forward(work->encoder, true, rows, in);
    const gnl_latent q = posterior(work, rows, vae->recipe.opts.latent);
    draw_latents(vae, work, &q);
    const gnl_real *latent[] = {work->z, work->condition};
    gnl_exec_forward(work->decoder, true, rows * samples_of(vae), latent);
}

/* ---- the objective --------------------------------------------------------------------------- */

static double mean_of(const double *numbers, int64_t count)
{
    double total = 0;
    for (int64_t i = 0; i < count; i++)
        total += numbers[i];
    return total / (double)count;
}

/* All posterior samples against the data. With a scale, the derivative is left in the decoder's output gradient. */
static void evaluate(genlat_vae *vae, const gnl_real *x, int64_t rows, double scale, const double *weight)
{
    gnl_vae_work *work = vae->work;
    gnl_loss_call call = {.compute = work->decoder->compute,
                          .rows = rows,
                          .draws = samples_of(vae),
                          .dims = vae->size,
                          .parts = vae->parts,
                          .out = gnl_exec_output(work->decoder, 0),
                          .target = x,
                          .scale = scale,
                          .weight = weight,
                          .nll = work->nll,
                          .dout = scale > 0 ? gnl_exec_output_grad(work->decoder, 0) : NULL,
                          .training = true};
    gnl_loss_eval(vae->loss, &call);
}

/* Mean negative log-likelihood of the posterior samples. */
static double mean_nll(const genlat_vae *vae, int64_t rows)
{
    const int64_t samples = samples_of(vae);
    double total = 0;
    for (int64_t s = 0; s < samples; s++)
        total += mean_of(vae->work->nll + s * rows, rows);
    return total / (double)samples;
}

/* The same with its derivative. */
static double reconstruction(genlat_vae *vae, const gnl_real *x, int64_t rows)
{
    evaluate(vae, x, rows, 1 / (double)(rows * samples_of(vae)), NULL);
    return mean_nll(vae, rows);
}

/* The importance-weighted bound: the samples without derivatives give the weights, then once more with them. Returns
 * the mean negative log-likelihood. */
static double weighted_bound(genlat_vae *vae, const gnl_real *x, const gnl_latent *q, double beta,
                             double *bound)
{
    gnl_vae_work *work = vae->work;
    int64_t rows = q->rows, samples = samples_of(vae);
    evaluate(vae, x, rows, 0, NULL);
    double mean = mean_nll(vae, rows);
    for (int64_t s = 0; s < samples; s++) {
        double *log_weight = work->weight + s * rows;
        gnl_latent_kl_sampled(q, work->z + s * rows * q->dims, work->kl);
        for (int64_t r = 0; r < rows; r++)
            log_weight[r] = -work->nll[s * rows + r] - beta * work->kl[r];
    }
    *bound = gnl_importance_normalize(samples, rows, work->weight);
    evaluate(vae, x, rows, 1 / (double)rows, work->weight);
    return mean;
}

static gnl_kl_rule rule_of(const genlat_vae *vae)
{
    const genlat_vae_opts *o = &vae->recipe.opts;
    double factor = vae->beta_schedule ? gnl_schedule_value(vae->beta_schedule, vae->model.progress.step) : 1;
    return (gnl_kl_rule){.beta = o->beta * factor,
                         .free_bits = o->free_bits,
                         .gamma = o->gamma,
                         .capacity = o->capacity * factor,
                         .whole = o->free_kind == GENLAT_FREE_BITS_WHOLE,
                         .each_sample = o->free_kind == GENLAT_FREE_BITS_SAMPLE};
}

static void measure(genlat_vae *vae, const gnl_real *x, const gnl_latent *q, const gnl_kl_rule *rule,
                    genlat_vae_terms *t)
{
    bool weighted = is_weighted(vae), plain = is_plain(vae);
    t->recon =
        weighted ? weighted_bound(vae, x, q, rule->beta, &t->objective) : reconstruction(vae, x, q->rows);
    t->beta = plain ? 0 : rule->beta;
    if (!plain) {
        gnl_latent_kl(q, vae->work->kl, vae->work->per_dim);
        t->kl = mean_of(vae->work->kl, q->rows);
    }
    if (!weighted)
        t->objective = t->recon + (plain ? 0 : gnl_kl_term(rule, q, vae->work->kl, vae->work->per_dim));
    t->neg_elbo = t->recon + t->kl;
}

/* ---- backward -------------------------------------------------------------------------------- */

/* Derivatives by mean and log-variance of all posterior samples, left in the encoder's output gradients. */
static void latents_back(const genlat_vae *vae, const gnl_vae_work *work, const gnl_latent *q)
{
    int64_t n = q->rows * q->dims;
    const gnl_real *dz = gnl_exec_input_grad(work->decoder, 0);
    gnl_real *dmean = gnl_exec_output_grad(work->encoder, 0);
    if (is_plain(vae)) {
        memcpy(dmean, dz, (size_t)n * sizeof *dmean);
        return;
    }
    gnl_real *dlogvar = gnl_exec_output_grad(work->encoder, 1);
    gnl_latent_sample_backward(q, work->noise, dz, dmean, dlogvar);
    for (int64_t s = 1; s < vae->recipe.opts.samples; s++) {
        gnl_latent_sample_backward(q, work->noise + s * n, dz + s * n, work->dmean, work->dlogvar);
        q->compute.k->add(n, dmean, work->dmean, dmean);
        q->compute.k->add(n, dlogvar, work->dlogvar, dlogvar);
    }
}

/* Multiplies each row's numbers by its weight. */
static void weight_rows(const gnl_latent *q, const double *weight, gnl_real *x)
{
    for (int64_t r = 0; r < q->rows; r++)
        q->compute.k->scale(q->dims, (gnl_real)weight[r], x + r * q->dims, x + r * q->dims);
}

/* Adds the slopes of log q(z|x) - log p(z) by z. Doubly reparametrized, all that comes through z has the weight once
 * more, and the encoder has no other way. */
static void weighted_latents(genlat_vae *vae, const gnl_latent *q, double beta)
{
    gnl_vae_work *work = vae->work;
    bool doubly = vae->recipe.opts.estimator == GENLAT_ESTIMATOR_DOUBLY;
    for (int64_t s = 0; s < samples_of(vae); s++) {
        int64_t at = s * q->rows * q->dims;
        const double *weight = work->weight + s * q->rows;
        gnl_real *dz = gnl_exec_input_grad(work->decoder, 0) + at;
        gnl_latent_kl_sampled_backward(q, work->z + at, beta / (double)q->rows, weight, dz, NULL, NULL);
        if (doubly)
            weight_rows(q, weight, dz);
    }
}

/* Adds the slopes of log q(z|x) by mean and log-variance themselves. */
static void weighted_heads(genlat_vae *vae, const gnl_latent *q, double beta)
{
    gnl_vae_work *work = vae->work;
    gnl_real *dmean = gnl_exec_output_grad(work->encoder, 0),
             *dlogvar = gnl_exec_output_grad(work->encoder, 1);
    for (int64_t s = 0; s < samples_of(vae); s++)
        gnl_latent_kl_sampled_backward(q, work->z + s * q->rows * q->dims, beta / (double)q->rows,
                                       work->weight + s * q->rows, NULL, dmean, dlogvar);
}

static void weighted_back(genlat_vae *vae, const gnl_latent *q, double beta)
{
    weighted_latents(vae, q, beta);
    latents_back(vae, vae->work, q);
    if (vae->recipe.opts.estimator == GENLAT_ESTIMATOR_TOTAL)
        weighted_heads(vae, q, beta);
}

static void kl_back(genlat_vae *vae, const gnl_latent *q, const gnl_kl_rule *rule)
{
    gnl_vae_work *work = vae->work;
    latents_back(vae, work, q);
    if (!is_plain(vae))
        gnl_kl_term_backward(rule, q, work->kl, work->per_dim, 1, gnl_exec_output_grad(work->encoder, 0),
                             gnl_exec_output_grad(work->encoder, 1));
}

static void backward(genlat_vae *vae, const gnl_latent *q, const gnl_kl_rule *rule)
{
    gnl_exec_backward(vae->work->decoder, 1, GNL_GRAD_WEIGHTS | GNL_GRAD_INPUTS);
    if (is_weighted(vae))
        weighted_back(vae, q, rule->beta);
    else
        kl_back(vae, q, rule);
    gnl_exec_backward(vae->work->encoder, is_plain(vae) ? 1 : 3, GNL_GRAD_WEIGHTS);
}

/* One pass; on E_NUMERIC gradients and running statistics are as before. */
static genlat_status pass(genlat_vae *vae, const genlat_tensor *x, const genlat_tensor *labels,
                          genlat_vae_terms *t, const char *where)
{
    int64_t rows = x->shape.dim[0];
    GNL_TRY(want_work(vae, rows));
    GNL_TRY(fill_condition(vae, vae->work, labels, rows, where));
    GNL_TRY(save_state(vae));
    forward(vae, x->data, rows);
    const gnl_latent q = posterior(vae->work, rows, vae->recipe.opts.latent);
    const gnl_kl_rule rule = rule_of(vae);
    measure(vae, x->data, &q, &rule, t);
    if (!isfinite(t->objective)) {
        copy_state(vae, true);
        return gnl_fail(
            GENLAT_E_NUMERIC,
            "%s: the loss is not finite (recon %g, kl %g); lower the learning rate, clip gradients, or look "
            "for bad values in the data",
            where, t->recon, t->kl);
    }
    backward(vae, &q, &rule);
    vae->model.progress.passes++;
    return GENLAT_OK;
}

static void give_terms(genlat_vae_terms *out, const genlat_vae_terms *t)
{
    if (!out || out->size < sizeof *out)
        return;
    size_t size = out->size;
    *out = *t;
    out->size = size;
}

static void zero_gradients(genlat_vae *vae)
{
    gnl_net_zero_grad(vae->encoder);
    gnl_net_zero_grad(vae->decoder);
    gnl_loss_zero_grad(vae->loss);
}

genlat_status gnl_vae_step(genlat_vae *vae, genlat_optim *optim, const genlat_tensor *x,
                           const genlat_tensor *labels, genlat_vae_terms *terms, const char *where)
{
    genlat_vae_terms t = {.size = sizeof t};
    bool own = !optim;
    if (own)
        optim = vae->optim;
    GNL_TRY(gnl_model_check_optimizer(optim, where));
    zero_gradients(vae);
    GNL_TRY(pass(vae, x, labels, &t, where));
    if (own && vae->lr_schedule)
        gnl_optim_set_lr(optim, vae->lr * gnl_schedule_value(vae->lr_schedule, vae->model.progress.step));
    genlat_status status = gnl_optim_step(optim);
    if (status != GENLAT_OK) {
        copy_state(vae, true);
        return gnl_fail_in(status, "%s", where);
    }
    t.grad_norm = gnl_optim_grad_norm(optim);
    vae->model.progress.step++;
    give_terms(terms, &t);
    return GENLAT_OK;
}

/* ---- public ---------------------------------------------------------------------------------- */

genlat_status genlat_vae_step(genlat_vae *vae, genlat_optim *optim, const genlat_tensor *x,
                              const genlat_tensor *labels, genlat_vae_terms *terms)
{
    GNL_TRY(gnl_vae_check(vae, x, labels, "genlat_vae_step"));
    GNL_REQUIRE(!terms || terms->size >= sizeof *terms, "genlat_vae_step", "terms: its size is not set");
    return gnl_vae_step(vae, optim, x, labels, terms, "genlat_vae_step");
}

genlat_status genlat_vae_backward(genlat_vae *vae, const genlat_tensor *x, const genlat_tensor *labels,
                                  genlat_vae_terms *terms)
{
    genlat_vae_terms t = {.size = sizeof t};
    GNL_TRY(gnl_vae_check(vae, x, labels, "genlat_vae_backward"));
    GNL_REQUIRE(!terms || terms->size >= sizeof *terms, "genlat_vae_backward", "terms: its size is not set");
    GNL_TRY(pass(vae, x, labels, &t, "genlat_vae_backward"));
    give_terms(terms, &t);
    return GENLAT_OK;
}
