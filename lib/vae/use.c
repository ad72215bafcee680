/* SPDX-License-Identifier: MIT */
/* Encodes data and decodes codes. */
#include <math.h>

#include "vae/vae_priv.h"

static const gnl_real POINT_LOGVAR = -10; /* log-variance reported for a point posterior */

/* ---- encode ---------------------------------------------------------------------------------- */

typedef struct encoding {
    const genlat_tensor *x, *labels;
    gnl_real *mean, *logvar, *z; /* [rows,latent] results; NULL: not requested */
    uint64_t seed;               /* for sampling z */
} encoding;

static void store_logvar(const gnl_posterior *q, const gnl_code *code, gnl_real *out)
{
    if (q->type->logvar) {
        q->type->logvar(q, code, out);
        return;
    }
    for (int64_t i = 0; i < code->rows * code->dims; i++)
        out[i] = POINT_LOGVAR;
}

/* Samples one code per row. Each row uses the random substream of its index. */
static void draw_codes(const gnl_latents *l, const gnl_code *code, uint64_t seed, int64_t first, gnl_real *out)
{
    gnl_code one = *code;
    one.samples = 1;
    for (int64_t i = 0; i < code->rows; i++) {
        gnl_rng rng = gnl_rng_make(seed, GNL_STREAM_EVAL, (uint64_t)(first + i));
        gnl_rng_fill_normal(&rng, one.noise + i * l->posterior->noise, l->posterior->noise);
    }
    gnl_latents_draw(l, &one);
    memcpy(out, one.z, (size_t)(one.rows * one.dims) * sizeof *out);
}

static genlat_status encode_chunk(genlat_model *model, gnl_workspace *base, int64_t first, int64_t rows, void *user)
{
    const encoding *e = user;
    const gnl_latents *l = gnl_vae_of(model)->latents;
    gnl_vae_use *work = (gnl_vae_use *)base;
    const int64_t at = first * l->dims;
    GNL_TRY(gnl_vae_use_encode(model, work, e->x->data + first * model->size, e->labels, first, rows));
    if (e->mean)
        l->posterior->type->mean(l->posterior, &work->code, e->mean + at);
    if (e->logvar)
        store_logvar(l->posterior, &work->code, e->logvar + at);
    if (e->z)
        draw_codes(l, &work->code, e->seed, first, e->z + at);
    return GENLAT_OK;
}

genlat_status gnl_vae_encode(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels, gnl_real *mean,
                             gnl_real *logvar)
{
    encoding e = {.x = x, .labels = labels, .mean = mean, .logvar = logvar};
    return gnl_model_chunks(model, GNL_VAE_POOL, x->shape.dim[0], encode_chunk, &e);
}

/* ---- codes from the prior -------------------------------------------------------------------- */

typedef struct generation {
    const gnl_prior_call *call;
    gnl_real *z;
} generation;

static genlat_status prior_chunk(genlat_model *model, gnl_workspace *base, int64_t first, int64_t rows, void *user)
{
    const generation *g = user;
    const gnl_prior_call *call = g->call;
    const gnl_latents *l = gnl_vae_of(model)->latents;
    const gnl_code *code = &((gnl_vae_use *)base)->code;
    const gnl_prior_draw draw = {call->opts->temperature, call->opts->truncation};
    gnl_rng rng[GNL_VAE_ROWS];
    gnl_latents_prepare(l, code);
    for (int64_t i = 0; i < rows; i++)
        rng[i] = gnl_rng_make(call->seed, GNL_STREAM_SAMPLE, call->first + (uint64_t)(first + i));
    gnl_latents_sample(l, code, rows, rng, &draw, g->z + first * l->dims);
    return GENLAT_OK;
}

genlat_status gnl_vae_prior(genlat_model *model, const gnl_prior_call *call, gnl_real *z)
{
    generation g = {call, z};
    return gnl_model_chunks(model, GNL_VAE_POOL, call->rows, prior_chunk, &g);
}

/* ---- decode ---------------------------------------------------------------------------------- */

/* Computes the mean of p(x|z) from the decoder's output, or samples from p(x|z) if d->noise is not NULL. */
static void store_data(const gnl_vae *vae, const gnl_vae_use *work, const gnl_decode *d, int64_t first, int64_t rows,
                       gnl_real *out)
{
    gnl_rng noise = {0};
    if (d->noise) {
        noise = *d->noise;
        noise.counter += (uint64_t)(first * vae->model.size);
    }
    const gnl_loss_decode call = {.compute = *gnl_exec_compute(work->decoder),
                                  .rows = rows,
                                  .dims = vae->model.size,
                                  .parts = vae->outputs,
                                  .out = gnl_exec_output(work->decoder, 0),
                                  .data = out,
                                  .rng = d->noise ? &noise : NULL};
    (d->noise ? gnl_loss_decode_sample : gnl_loss_decode_mean)(vae->loss, &call);
}

/* Decodes with an autoregressive decoder. A pass computes all steps from the data of the pass before it. The first n
 * steps are final after n passes, because a step depends on the ones before it only. Data that a pass does not change
 * are therefore those that one step after the other would give, usually after far fewer passes (Wiggers and Hoogeboom,
 * Predictive sampling with forecasting autoregressive models, 2020). */
static genlat_status decode_steps(genlat_model *model, gnl_vae_use *work, const gnl_decode *d, int64_t first,
                                  int64_t rows)
{
    const gnl_vae_config *c = gnl_vae_config_of(model);
    const gnl_rng usual = gnl_model_draws((uint64_t)gnl_ctx_opts(model->object.ctx)->seed);
    const size_t bytes = (size_t)(rows * model->size) * sizeof(gnl_real);
    gnl_real *out = d->out + first * model->size;
    gnl_decode call = *d;
    if (!call.noise && gnl_vae_draws_steps(c))
        call.noise = d->steps ? d->steps : &usual;
    memset(out, 0, bytes);
    for (int64_t pass = 0; pass < gnl_vae_steps(c); pass++) {
        GNL_TRY(gnl_vae_use_decode(model, work, work->code.z, out, d->labels, first, rows));
        store_data(gnl_vae_of(model), work, &call, first, rows, work->target);
        if (memcmp(out, work->target, bytes) == 0)
            break;
        memcpy(out, work->target, bytes);
    }
    return GENLAT_OK;
}

static genlat_status decode_chunk(genlat_model *model, gnl_workspace *base, int64_t first, int64_t rows, void *user)
{
    const gnl_decode *d = user;
    gnl_vae_use *work = (gnl_vae_use *)base;
    const int64_t latent = work->code.dims;
    memcpy(work->code.z, d->z + first * latent, (size_t)(rows * latent) * sizeof *d->z);
    if (gnl_vae_has_feed(gnl_vae_config_of(model), GNL_VAE_DECODER_NET, GNL_FEED_PREVIOUS))
        return decode_steps(model, work, d, first, rows);
    GNL_TRY(gnl_vae_use_decode(model, work, work->code.z, NULL, d->labels, first, rows));
    store_data(gnl_vae_of(model), work, d, first, rows, d->out + first * model->size);
    return GENLAT_OK;
}

genlat_status gnl_vae_decode(genlat_model *model, const gnl_decode *decode)
{
    gnl_decode d = *decode;
    return gnl_model_chunks(model, GNL_VAE_POOL, d.rows, decode_chunk, &d);
}

/* ---- public ---------------------------------------------------------------------------------- */

static genlat_status new_codes(const genlat_model *model, const genlat_tensor *x, genlat_tensor **out)
{
    const gnl_shape shape = {2, {x->shape.dim[0], gnl_vae_config_of(model)->opts.latent}};
    return gnl_tensor_new(model->object.ctx, &shape, out);
}

genlat_status genlat_vae_encode(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels,
                                genlat_tensor **mean, genlat_tensor **logvar)
{
    genlat_tensor *m = NULL, *v = NULL;
    GNL_ENTER();
    if (mean)
        *mean = NULL;
    if (logvar)
        *logvar = NULL;
    GNL_TRY(gnl_model_check_family(model, "vae"));
    GNL_TRY(gnl_model_check_batch(model, x, labels));
    genlat_tensor *scaled = NULL;
    GNL_TRY(gnl_model_scale(model, &x, &scaled));
    genlat_status status = mean ? new_codes(model, x, &m) : GENLAT_OK;
    if (status == GENLAT_OK && logvar)
        status = new_codes(model, x, &v);
    if (status == GENLAT_OK)
        status = gnl_vae_encode(model, x, labels, m ? m->data : NULL, v ? v->data : NULL);
    gnl_tensor_release(scaled);
    if (status != GENLAT_OK) {
        gnl_tensor_release(m);
        gnl_tensor_release(v);
        return status;
    }
    if (mean)
        *mean = m;
    if (logvar)
        *logvar = v;
    return GENLAT_OK;
}

genlat_status genlat_vae_encode_sample(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels,
                                       uint64_t seed, genlat_tensor **z)
{
    GNL_ENTER();
    GNL_CHECK(z, "z is NULL");
    *z = NULL;
    GNL_TRY(gnl_model_check_family(model, "vae"));
    GNL_TRY(gnl_model_check_batch(model, x, labels));
    genlat_tensor *scaled = NULL;
    GNL_TRY(new_codes(model, x, z));
    genlat_status status = gnl_model_scale(model, &x, &scaled);
    encoding e = {.x = x, .labels = labels, .z = (*z)->data, .seed = seed};
    if (status == GENLAT_OK)
        status = gnl_model_chunks(model, GNL_VAE_POOL, x->shape.dim[0], encode_chunk, &e);
    gnl_tensor_release(scaled);
    if (status != GENLAT_OK)
        genlat_tensor_destroy(z);
    return status;
}
