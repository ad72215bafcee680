/* SPDX-License-Identifier: MIT */
/* Workspaces of the VAE, for training and for inference. */
#include "vae/vae_priv.h"

/* ---- training -------------------------------------------------------------------------------- */

static genlat_status allocate_arrays(const genlat_model *model, gnl_vae_work *work)
{
    const gnl_vae_config *c = gnl_vae_config_of(model);
    size_t rows = (size_t)work->base.rows, codes = rows * (size_t)c->opts.samples, size = (size_t)model->size;
    const bool corrupts = c->opts.noise > 0 || c->opts.mask > 0;
    const bool previous = gnl_vae_has_feed(c, GNL_VAE_DECODER_NET, GNL_FEED_PREVIOUS);
    GNL_TRY(gnl_workspace_alloc(&work->base, corrupts ? rows * size : 0, sizeof(gnl_real), &work->input));
    GNL_TRY(gnl_workspace_alloc(&work->base, codes * (size_t)model->condition, sizeof(gnl_real), &work->condition));
    GNL_TRY(gnl_workspace_alloc(&work->base, previous ? codes * size : 0, sizeof(gnl_real), &work->previous));
    return gnl_missing_work_new(model, &work->base, &work->missing);
}

/* The decoder runs between the forward and the backward pass of the encoder. It therefore uses memory nested in the
 * encoder's, except with a single head: the gradient of the encoder's output would then overwrite the data from which
 * it is computed. */
static genlat_status training_fill(genlat_model *model, gnl_workspace *base)
{
    gnl_vae_work *work = (gnl_vae_work *)base;
    const gnl_vae_config *c = gnl_vae_config_of(model);
    const gnl_latents *latents = gnl_vae_of(model)->latents;
    genlat_net *encoder = model->net[GNL_VAE_ENCODER_NET], *decoder = model->net[GNL_VAE_DECODER_NET];
    const int64_t codes = base->rows * c->opts.samples;
    const bool nested = latents->posterior->heads > 1;
    const genlat_exec_opts second =
        GNL_EXEC_OPTS(.purpose = GENLAT_EXEC_TRAINING, .input_grads = 1, .recompute = c->opts.recompute);
    genlat_exec_opts first =
        GNL_EXEC_OPTS(.purpose = GENLAT_EXEC_TRAINING, .input_grads = gnl_vae_of(model)->missing.learns,
                      .recompute = c->opts.recompute);
    const gnl_latent_env env = {base->ctx, base->rows, c->opts.samples, true, encoder, decoder};
    if (nested)
        GNL_TRY(gnl_net_exec_bytes(decoder, codes, &second, &first.nested_bytes));
    GNL_TRY(gnl_workspace_exec(base, NULL, encoder, base->rows, &first, &work->encoder));
    GNL_TRY(gnl_workspace_exec(base, nested ? work->encoder : NULL, decoder, codes, &second, &work->decoder));
    GNL_TRY(gnl_code_new(latents, &env, &work->code));
    work->code.compute = *gnl_exec_compute(work->encoder);
    for (int i = 0; i < latents->posterior->heads; i++) {
        work->code.head[i] = gnl_exec_output(work->encoder, i);
        work->code.dhead[i] = gnl_exec_output_grad(work->encoder, i);
    }
    work->code.dz = gnl_exec_input_grad(work->decoder, 0);
    return allocate_arrays(model, work);
}

static void training_clear(genlat_model *model, gnl_workspace *base)
{
    if (gnl_vae_of(model)->latents)
        gnl_code_free(gnl_vae_of(model)->latents, &((gnl_vae_work *)base)->code);
}

const gnl_workspace_type gnl_vae_training = {sizeof(gnl_vae_work), 0, training_fill, training_clear};

/* ---- inference ------------------------------------------------------------------------------- */

static genlat_status use_arrays(const genlat_model *model, gnl_vae_use *work)
{
    const gnl_vae_config *c = gnl_vae_config_of(model);
    const gnl_posterior *q = gnl_vae_of(model)->latents->posterior;
    size_t rows = (size_t)work->base.rows, size = (size_t)model->size, real = sizeof(gnl_real);
    const bool previous = gnl_vae_has_feed(c, GNL_VAE_DECODER_NET, GNL_FEED_PREVIOUS);
    GNL_TRY(gnl_workspace_alloc(&work->base, rows * (size_t)model->condition, real, &work->condition));
    GNL_TRY(gnl_workspace_alloc(&work->base, previous ? rows * size : 0, real, &work->previous));
    GNL_TRY(gnl_workspace_alloc(&work->base, rows * size, real, &work->target));
    for (int i = 0; i < q->heads; i++)
        GNL_TRY(gnl_workspace_alloc(&work->base, rows * (size_t)q->head[i].width, real, &work->head[i]));
    GNL_TRY(gnl_workspace_alloc(&work->base, rows, sizeof(double), &work->loss));
    return gnl_missing_work_new(model, &work->base, &work->missing);
}

static genlat_status use_fill(genlat_model *model, gnl_workspace *base)
{
    gnl_vae_use *work = (gnl_vae_use *)base;
    const gnl_latents *latents = gnl_vae_of(model)->latents;
    genlat_net *encoder = model->net[GNL_VAE_ENCODER_NET], *decoder = model->net[GNL_VAE_DECODER_NET];
    const genlat_exec_opts opts = GNL_EXEC_OPTS(.purpose = GENLAT_EXEC_INFERENCE);
    const int64_t samples = latents->bound->type->weighs ? gnl_vae_config_of(model)->opts.samples : 1;
    const gnl_latent_env env = {base->ctx, base->rows, samples, false, encoder, decoder};
    GNL_TRY(gnl_workspace_exec(base, NULL, encoder, base->rows, &opts, &work->encoder));
    GNL_TRY(gnl_workspace_exec(base, NULL, decoder, base->rows, &opts, &work->decoder));
    GNL_TRY(gnl_code_new(latents, &env, &work->code));
    work->code.compute = *gnl_exec_compute(work->encoder);
    return use_arrays(model, work);
}

static void use_clear(genlat_model *model, gnl_workspace *base)
{
    gnl_code_free(gnl_vae_of(model)->latents, &((gnl_vae_use *)base)->code);
}

const gnl_workspace_type gnl_vae_using = {sizeof(gnl_vae_use), GNL_VAE_ROWS, use_fill, use_clear};

/* ---- passes ---------------------------------------------------------------------------------- */

genlat_status gnl_vae_use_encode(genlat_model *model, gnl_vae_use *work, const gnl_real *x, const genlat_tensor *labels,
                                 int64_t first, int64_t rows)
{
    const gnl_real *value[GNL_FEEDS] = {[GNL_FEED_X] = gnl_missing_fill(model, &work->missing, rows, x, NULL),
                                        [GNL_FEED_C] = work->condition,
                                        [GNL_FEED_MASK] = work->missing.mask};
    GNL_TRY(gnl_model_fill_condition(model, labels, first, rows, work->condition));
    gnl_vae_forward(gnl_vae_config_of(model), GNL_VAE_ENCODER_NET, work->encoder, GNL_EVAL, rows, value);
    work->code.rows = rows;
    for (int i = 0; i < gnl_vae_of(model)->latents->posterior->heads; i++)
        work->code.head[i] = gnl_exec_output(work->encoder, i);
    return GENLAT_OK;
}

genlat_status gnl_vae_use_decode(genlat_model *model, gnl_vae_use *work, const gnl_real *z, const gnl_real *x,
                                 const genlat_tensor *labels, int64_t first, int64_t rows)
{
    const gnl_vae_config *c = gnl_vae_config_of(model);
    const gnl_real *value[GNL_FEEDS] = {
        [GNL_FEED_Z] = z, [GNL_FEED_C] = work->condition, [GNL_FEED_PREVIOUS] = work->previous};
    GNL_TRY(gnl_model_fill_condition(model, labels, first, rows, work->condition));
    if (gnl_vae_has_feed(c, GNL_VAE_DECODER_NET, GNL_FEED_PREVIOUS))
        gnl_vae_fill_previous(c, rows, x, work->previous);
    gnl_vae_order(c, GNL_VAE_DECODER_NET, value, work->code.input);
    gnl_vae_forward(c, GNL_VAE_DECODER_NET, work->decoder, GNL_EVAL, rows, value);
    return GENLAT_OK;
}

void gnl_vae_use_loss(genlat_model *model, gnl_vae_use *work, const gnl_real *x, int64_t rows, double *loss)
{
    const gnl_vae *vae = gnl_vae_of(model);
    gnl_loss_call call = {.compute = *gnl_exec_compute(work->decoder),
                          .rows = rows,
                          .dims = model->size,
                          .parts = vae->outputs,
                          .out = gnl_exec_output(work->decoder, 0),
                          .target = x,
                          .nll = loss};
    gnl_missing_observe(model, &work->missing, x, &call);
    gnl_loss_eval(vae->loss, &call);
}
