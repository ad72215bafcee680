/* SPDX-License-Identifier: MIT */
/* Training steps of the VAE: corrupts the input, encodes, samples codes, decodes, evaluates the objective, and runs the
 * backward passes. */
#include <math.h>

#include "vae/vae_priv.h"

/* A pass over one batch. */
typedef struct pass {
    genlat_model *model;
    gnl_vae *vae;
    const gnl_vae_config *config;
    gnl_vae_work *work;
    const gnl_real *x;
    int64_t rows;
} pass;

/* ---- forward --------------------------------------------------------------------------------- */

static const gnl_real *corrupt(const pass *p)
{
    const genlat_vae_opts *o = &p->config->opts;
    gnl_real *input = p->work->input;
    int64_t n = p->rows * p->model->size;
    gnl_rng hide = gnl_model_stream(p->model, GNL_STREAM_NOISE, GNL_VAE_HIDE);
    const gnl_real *x = gnl_missing_fill(p->model, &p->work->missing, p->rows, p->x, &hide);
    if (!(o->noise > 0 || o->mask > 0))
        return x;
    gnl_rng noise = gnl_model_stream(p->model, GNL_STREAM_AUGMENT, GNL_VAE_CORRUPT);
    gnl_rng mask = gnl_model_stream(p->model, GNL_STREAM_AUGMENT, GNL_VAE_MASK);
    gnl_fill_normal(gnl_exec_compute(p->work->encoder), &noise, n, input);
    for (int64_t i = 0; i < n; i++)
        input[i] = x[i] + (gnl_real)o->noise * input[i];
    for (int64_t i = 0; o->mask > 0 && i < n; i++)
        if (gnl_rng_unit(&mask) < o->mask)
            input[i] = 0;
    return input;
}

/* Copies x, so that it occurs `times` times: once for each code of a row. */
static void repeat(gnl_real *x, int64_t numbers, int64_t times)
{
    for (int64_t s = 1; s < times && numbers; s++)
        memcpy(x + s * numbers, x, (size_t)numbers * sizeof *x);
}

static genlat_status fill_inputs(const pass *p, const genlat_tensor *labels)
{
    const int64_t samples = p->work->code.samples;
    GNL_TRY(gnl_model_fill_condition(p->model, labels, 0, p->rows, p->work->condition));
    repeat(p->work->condition, p->rows * p->model->condition, samples);
    if (gnl_vae_has_feed(p->config, GNL_VAE_DECODER_NET, GNL_FEED_PREVIOUS)) {
        gnl_vae_fill_previous(p->config, p->rows, p->x, p->work->previous);
        repeat(p->work->previous, p->rows * p->model->size, samples);
    }
    return GENLAT_OK;
}

static void forward(const pass *p)
{
    gnl_vae_work *work = p->work;
    gnl_code *code = &work->code;
    const gnl_real *value[GNL_FEEDS] = {[GNL_FEED_X] = corrupt(p),
                                        [GNL_FEED_C] = work->condition,
                                        [GNL_FEED_Z] = code->z,
                                        [GNL_FEED_PREVIOUS] = work->previous,
                                        [GNL_FEED_MASK] = work->missing.mask};
    const int64_t noise = p->vae->latents->posterior->noise;
    gnl_rng rng = gnl_model_stream(p->model, GNL_STREAM_NOISE, GNL_VAE_NOISE);
    gnl_exec_set_dropout(work->encoder, gnl_model_stream(p->model, GNL_STREAM_DROPOUT, GNL_VAE_ENCODER));
    gnl_exec_set_dropout(work->decoder, gnl_model_stream(p->model, GNL_STREAM_DROPOUT, GNL_VAE_DECODER));
    code->rows = p->rows;
    gnl_vae_order(p->config, GNL_VAE_DECODER_NET, value, code->input);
    code->rng = gnl_model_stream(p->model, GNL_STREAM_AUGMENT, GNL_VAE_STATE);
    gnl_vae_forward(p->config, GNL_VAE_ENCODER_NET, work->encoder, GNL_TRAIN, p->rows, value);
    gnl_fill_normal(&code->compute, &rng, p->rows * code->samples * noise, code->noise);
    gnl_latents_draw(p->vae->latents, code);
    gnl_vae_forward(p->config, GNL_VAE_DECODER_NET, work->decoder, GNL_TRAIN, p->rows * code->samples, value);
}

/* ---- objective and backward ------------------------------------------------------------------ */

/* Computes the negative log-likelihoods of all codes. If scale > 0, also stores the derivative in the decoder's output
 * gradient. */
static void likelihood(void *user, double scale, const double *weight)
{
    const pass *p = user;
    gnl_vae_work *work = p->work;
    gnl_loss_call call = {.compute = *gnl_exec_compute(work->decoder),
                          .rows = p->rows,
                          .draws = work->code.samples,
                          .dims = p->model->size,
                          .parts = p->vae->outputs,
                          .out = gnl_exec_output(work->decoder, 0),
                          .target = p->x,
                          .scale = scale,
                          .weight = weight,
                          .nll = work->code.nll,
                          .dout = scale > 0 ? gnl_exec_output_grad(work->decoder, 0) : NULL,
                          .training = true};
    gnl_missing_observe(p->model, &work->missing, p->x, &call);
    gnl_loss_eval(p->vae->loss, &call);
}

static void backward(const pass *p, gnl_bound_call *call)
{
    const unsigned heads = (1u << p->vae->latents->posterior->heads) - 1;
    gnl_exec_backward(p->work->decoder, 1, GNL_GRAD_WEIGHTS | GNL_GRAD_INPUTS);
    gnl_latents_backward(call);
    if (!p->vae->missing.learns) {
        gnl_exec_backward(p->work->encoder, heads, GNL_GRAD_WEIGHTS);
        return;
    }
    gnl_exec_backward(p->work->encoder, heads, GNL_GRAD_WEIGHTS | GNL_GRAD_INPUTS);
    gnl_missing_backward(p->model, &p->work->missing, p->rows, gnl_exec_input_grad(p->work->encoder, 0));
}

/* Returns the optimizers whose updates a failed step must undo: all but the one that is updated last. */
static unsigned undone(const genlat_model *model)
{
    return model->optimizer[GNL_VAE_ADVERSARY].optim ? 1u << GNL_VAE_ADVERSARY : 0;
}

/* Runs a forward and a backward pass. On E_NUMERIC gradients and running statistics are unchanged. */
static genlat_status run_pass(pass *p, const genlat_tensor *labels, gnl_vae_values *out)
{
    genlat_vae_terms *t = &out->terms;
    *out = (gnl_vae_values){.terms.size = sizeof *t};
    GNL_TRY(gnl_model_want_work(p->model, p->rows));
    p->work = (gnl_vae_work *)p->model->work;
    GNL_TRY(fill_inputs(p, labels));
    GNL_TRY(gnl_model_save_state(p->model, undone(p->model)));
    forward(p);
    gnl_bound_call call = {.latents = p->vae->latents,
                           .code = &p->work->code,
                           .factor = gnl_model_factor(p->model, GNL_VAE_BETA_SCHEDULE),
                           .data_rows = p->model->progress.samples,
                           .rng = gnl_model_stream(p->model, GNL_STREAM_AUGMENT, GNL_VAE_PRIOR),
                           .gradients = true,
                           .likelihood = likelihood,
                           .user = p};
    t->objective = gnl_latents_objective(&call);
    t->recon = call.recon;
    t->kl = call.kl;
    t->beta = call.beta;
    t->neg_elbo = t->recon + t->kl;
    memcpy(out->added, call.value, sizeof out->added);
    memcpy(out->group_kl, call.group_kl, sizeof out->group_kl);
    if (!isfinite(t->objective)) {
        gnl_model_restore_state(p->model, undone(p->model));
        return gnl_fail(GENLAT_E_NUMERIC,
                        "the loss is not finite (recon %g, kl %g); lower the learning rate, clip gradients, or check "
                        "the data for invalid values",
                        t->recon, t->kl);
    }
    backward(p, &call);
    p->model->progress.passes++;
    return GENLAT_OK;
}

/* Returns E_RANGE for data that the likelihood does not accept. */
static genlat_status begin_pass(genlat_model *model, const genlat_tensor *x, pass *out)
{
    *out = (pass){.model = model,
                  .vae = gnl_vae_of(model),
                  .config = gnl_vae_config_of(model),
                  .x = x->data,
                  .rows = x->shape.dim[0]};
    return gnl_model_check_support(model, out->rows, out->x);
}

static genlat_status update(genlat_model *model, genlat_optim *optim)
{
    if (model->optimizer[GNL_VAE_ADVERSARY].optim)
        GNL_TRY(gnl_model_update(model, GNL_VAE_ADVERSARY));
    return optim ? gnl_optim_step(optim) : gnl_model_update(model, GNL_VAE_MODEL);
}

genlat_status gnl_vae_step(genlat_model *model, genlat_optim *optim, const genlat_tensor *x,
                           const genlat_tensor *labels, gnl_vae_values *values)
{
    pass p;
    if (optim)
        GNL_TRY(gnl_model_check_given(model, optim));
    GNL_TRY(begin_pass(model, x, &p));
    gnl_model_zero_grad(model, GNL_VAE_MODEL);
    gnl_model_zero_grad(model, GNL_VAE_ADVERSARY);
    GNL_TRY(run_pass(&p, labels, values));
    genlat_status status = update(model, optim);
    if (status != GENLAT_OK) {
        gnl_model_restore_state(model, undone(model));
        return status;
    }
    gnl_latents_after_step(p.vae->latents, &p.work->code);
    values->terms.grad_norm = gnl_optim_grad_norm(optim ? optim : model->optimizer[GNL_VAE_MODEL].optim);
    model->progress.step++;
    return GENLAT_OK;
}

static genlat_status pass_backward(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels,
                                   gnl_vae_values *values)
{
    pass p;
    GNL_TRY(begin_pass(model, x, &p));
    return run_pass(&p, labels, values);
}

/* ---- public ---------------------------------------------------------------------------------- */

static genlat_status check(const genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels,
                           const genlat_vae_terms *terms)
{
    GNL_TRY(gnl_model_check_family(model, "vae"));
    GNL_TRY(gnl_model_check_batch(model, x, labels));
    return gnl_result_check_optional(terms, "terms");
}

genlat_status genlat_vae_step(genlat_model *model, genlat_optim *optim, const genlat_tensor *x,
                              const genlat_tensor *labels, genlat_vae_terms *terms)
{
    gnl_vae_values values;
    GNL_ENTER();
    GNL_TRY(check(model, x, labels, terms));
    GNL_TRY(gnl_model_begin_training(model));
    GNL_TRY(gnl_model_end_training(model, gnl_vae_step(model, optim, x, labels, &values)));
    gnl_result_give(terms, &values.terms, sizeof values.terms);
    return GENLAT_OK;
}

genlat_status genlat_vae_backward(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels,
                                  genlat_vae_terms *terms)
{
    gnl_vae_values values;
    GNL_ENTER();
    GNL_TRY(check(model, x, labels, terms));
    GNL_TRY(gnl_model_begin_training(model));
    GNL_TRY(gnl_model_end_training(model, pass_backward(model, x, labels, &values)));
    gnl_result_give(terms, &values.terms, sizeof values.terms);
    return GENLAT_OK;
}

genlat_status genlat_vae_optimizer(genlat_model *model, const char *text, genlat_optim **out)
{
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_TRY(gnl_model_check_family(model, "vae"));
    GNL_CHECK(text, "text is NULL");
    return gnl_model_optimizer_new(model, GNL_VAE_MODEL, text, out);
}
