/* SPDX-License-Identifier: MIT */
/* The scores of rows: the importance-sampled log-likelihood, the bound, and its parts. */
#include <math.h>

#include "vae/vae_priv.h"

enum { NLL, NEG_ELBO, RECON, KL, SCORES };

static const gnl_score with_density[] = {
    [NLL] = {"nll", "estimate of -log p(x) by importance sampling"},
    [NEG_ELBO] = {"neg_elbo", "bound on -log p(x)"},
    [RECON] = {"recon", "reconstruction term of the bound"},
    [KL] = {"kl", "KL term of the bound"},
    [SCORES] = {NULL, NULL},
};
static const gnl_score without_density[] = {{"recon", "reconstruction loss"}, {NULL, NULL}};

const gnl_score *gnl_vae_scores(const genlat_model *model)
{
    return gnl_latents_has_density(gnl_vae_of(model)->latents) ? with_density : without_density;
}

/* log(e^a + e^b); a may be -infinity. */
static double log_add(double a, double b)
{
    return fmax(a, b) + log1p(exp(-fabs(a - b)));
}

/* Adds one of `samples` draws to the scores of the rows. The score NLL is the log of the sum of the weights so far. */
static void add_draw(const gnl_latents *l, const gnl_code *code, double part, double *out)
{
    double ratio[GNL_VAE_ROWS];
    if (!gnl_latents_has_density(l)) {
        for (int64_t i = 0; i < code->rows; i++)
            out[i] += code->nll[i] * part;
        return;
    }
    (void)gnl_latents_kl(l, code);
    gnl_latents_ratio(l, code, 0, ratio);
    for (int64_t i = 0; i < code->rows; i++) {
        double *row = out + i * SCORES;
        row[RECON] += code->nll[i] * part;
        row[KL] += code->kl[i] * part;
        row[NLL] = log_add(row[NLL], -ratio[i] - code->nll[i]);
    }
}

static genlat_status score_chunk(genlat_model *model, gnl_workspace *base, int64_t first, int64_t rows, void *user)
{
    const gnl_score_call *call = user;
    const gnl_latents *l = gnl_vae_of(model)->latents;
    const bool density = gnl_latents_has_density(l);
    const gnl_real *x = call->x->data + first * model->size;
    gnl_vae_use *work = (gnl_vae_use *)base;
    double *out = call->out + first * (density ? SCORES : 1);
    gnl_rng rng[GNL_VAE_ROWS];
    GNL_TRY(gnl_vae_use_encode(model, work, x, call->labels, first, rows));
    gnl_code code = work->code;
    code.samples = 1;
    for (int64_t i = 0; i < rows; i++) {
        rng[i] = gnl_rng_make(call->seed, GNL_STREAM_EVAL, (uint64_t)(call->first + first + i));
        if (density)
            out[i * SCORES + NLL] = -INFINITY;
    }
    for (int64_t s = 0; s < call->samples; s++) {
        for (int64_t i = 0; i < rows; i++)
            gnl_rng_fill_normal(&rng[i], code.noise + i * l->posterior->noise, l->posterior->noise);
        gnl_latents_draw(l, &code);
        GNL_TRY(gnl_vae_use_decode(model, work, code.z, x, call->labels, first, rows));
        gnl_vae_use_loss(model, work, x, rows, code.nll);
        add_draw(l, &code, 1 / (double)call->samples, out);
    }
    for (int64_t i = 0; density && i < rows; i++) {
        out[i * SCORES + NLL] = log((double)call->samples) - out[i * SCORES + NLL];
        out[i * SCORES + NEG_ELBO] = out[i * SCORES + RECON] + out[i * SCORES + KL];
    }
    return GENLAT_OK;
}

genlat_status gnl_vae_score(genlat_model *model, gnl_score_call *call)
{
    return gnl_model_chunks(model, GNL_VAE_POOL, call->x->shape.dim[0], score_chunk, call);
}
