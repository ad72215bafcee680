/* SPDX-License-Identifier: MIT */
/* Evaluation of a VAE: objective, importance-sampled log-likelihood, active latent dimensions. */
#include <math.h>

#include "vae/vae_priv.h"

static gnl_vae_use *use_of(gnl_workspace *work)
{
    return (gnl_vae_use *)work;
}

/* ---- the objective --------------------------------------------------------------------------- */

/* The evaluation of a batch, and its current chunk. */
typedef struct evaluation {
    genlat_model *model;
    const genlat_tensor *x, *labels;
    uint64_t seed;
    int64_t first; /* index of the first row in the source */
    int64_t draws; /* number of evaluations with new codes */
    gnl_vae_values *sum;
    double *recon, *kl; /* [rows] receive the terms of each row; NULL: not requested */

    gnl_vae_use *work;
    int64_t begin; /* first row of the chunk */
    genlat_status status;
} evaluation;

/* Samples the codes of a chunk. Each row uses the random substream of its index in the source. Each further draw
 * changes the seed, so that the first draw does not depend on the number of draws. */
static void draw_codes(const evaluation *e, int64_t draw)
{
    const gnl_latents *l = gnl_vae_of(e->model)->latents;
    const gnl_code *code = &e->work->code;
    const int64_t noise = l->posterior->noise;
    for (int64_t s = 0; s < code->samples; s++) {
        const uint64_t seed = e->seed + (uint64_t)(draw * code->samples + s) * UINT64_C(0x9E3779B97F4A7C15);
        for (int64_t i = 0; i < code->rows; i++) {
            gnl_rng rng = gnl_rng_make(seed, GNL_STREAM_EVAL, (uint64_t)(e->first + e->begin + i));
            gnl_rng_fill_normal(&rng, code->noise + (s * code->rows + i) * noise, noise);
        }
    }
    gnl_latents_draw(l, code);
}

static void likelihood(void *user, double scale, const double *weight)
{
    evaluation *e = user;
    gnl_code *code = &e->work->code;
    const gnl_real *x = e->x->data + e->begin * e->model->size;
    for (int64_t s = 0; s < code->samples && e->status == GENLAT_OK; s++) {
        const gnl_real *z = code->z + s * code->rows * code->dims;
        e->status = gnl_vae_use_decode(e->model, e->work, z, x, e->labels, e->begin, code->rows);
        gnl_vae_use_loss(e->model, e->work, x, code->rows, code->nll + s * code->rows);
    }
}

static void add_terms(evaluation *e, const gnl_bound_call *call, double objective)
{
    const double part = (double)e->work->code.rows / (double)e->draws;
    genlat_vae_terms *sum = &e->sum->terms;
    sum->recon += call->recon * part;
    sum->kl += call->kl * part;
    sum->objective += objective * part;
    sum->beta = call->beta;
    for (int i = 0; i < call->latents->terms; i++)
        e->sum->added[i] += call->value[i] * part;
    for (int g = 0; g < GNL_MAX_GROUPS; g++)
        e->sum->group_kl[g] += call->group_kl[g] * part;
}

static void add_rows(const evaluation *e, const gnl_bound_call *call)
{
    const gnl_code *c = call->code;
    const bool density = gnl_latents_has_density(call->latents);
    for (int64_t r = 0; r < c->rows; r++) {
        for (int64_t s = 0; s < c->samples; s++)
            e->recon[e->begin + r] += c->nll[s * c->rows + r] / (double)(c->samples * e->draws);
        e->kl[e->begin + r] += density ? c->kl[r] / (double)e->draws : 0;
    }
}

static genlat_status add_chunk(genlat_model *model, gnl_workspace *base, int64_t begin, int64_t rows, void *user)
{
    evaluation *e = user;
    e->work = use_of(base);
    e->begin = begin;
    GNL_TRY(gnl_vae_use_encode(model, e->work, e->x->data + begin * model->size, e->labels, begin, rows));
    for (int64_t draw = 0; draw < e->draws && e->status == GENLAT_OK; draw++) {
        const uint64_t chunk = (uint64_t)(e->first + begin) | UINT64_C(1) << GNL_SAMPLE_NOISE_BIT;
        gnl_bound_call call = {.latents = gnl_vae_of(model)->latents,
                               .code = &e->work->code,
                               .factor = gnl_model_factor(model, GNL_VAE_BETA_SCHEDULE),
                               .data_rows = model->progress.samples,
                               .rng = gnl_rng_make(e->seed, GNL_STREAM_EVAL, chunk),
                               .likelihood = likelihood,
                               .user = e};
        draw_codes(e, draw);
        add_terms(e, &call, gnl_latents_objective(&call));
        if (e->recon)
            add_rows(e, &call);
    }
    return e->status;
}

static genlat_status evaluate(evaluation *e, gnl_vae_values *mean)
{
    const double rows = (double)e->x->shape.dim[0];
    genlat_vae_terms *t = &mean->terms;
    e->sum = mean;
    *mean = (gnl_vae_values){.terms.size = sizeof *t};
    GNL_TRY(gnl_model_chunks(e->model, GNL_VAE_POOL, e->x->shape.dim[0], add_chunk, e));
    t->recon /= rows;
    t->kl /= rows;
    t->objective /= rows;
    t->neg_elbo = t->recon + t->kl;
    for (int i = 0; i < GNL_MAX_TERMS_ADDED; i++)
        mean->added[i] /= rows;
    for (int g = 0; g < GNL_MAX_GROUPS; g++)
        mean->group_kl[g] /= rows;
    return GENLAT_OK;
}

genlat_status gnl_vae_evaluate(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels,
                               int64_t samples, uint64_t seed, int64_t first, gnl_vae_values *mean)
{
    evaluation e = {.model = model, .x = x, .labels = labels, .seed = seed, .first = first, .draws = samples};
    return evaluate(&e, mean);
}

/* ---- importance sampling --------------------------------------------------------------------- */

/* Running log-sum-exp: the largest value so far, and the sum of exp relative to it. */
typedef struct log_sum {
    double largest, sum;
} log_sum;

static void log_add(log_sum *s, double value)
{
    if (value <= s->largest) {
        s->sum += exp(value - s->largest);
    } else {
        s->sum = s->sum * exp(s->largest - value) + 1;
        s->largest = value;
    }
}

typedef struct sampling {
    const genlat_tensor *x, *labels;
    genlat_tensor *repeated; /* the label of the current row, repeated for each row of the workspace; NULL: none */
    int64_t samples;
    uint64_t seed;
    double *nll;
} sampling;

/* Repeats the heads of the one encoded row for every row of the workspace. */
static void repeat_heads(const gnl_vae *vae, gnl_vae_use *work)
{
    const gnl_posterior *q = vae->latents->posterior;
    for (int h = 0; h < q->heads; h++) {
        const int64_t width = q->head[h].width;
        for (int64_t i = 0; i < work->base.rows; i++)
            memcpy(work->head[h] + i * width, work->code.head[h], (size_t)width * sizeof(gnl_real));
        work->code.head[h] = work->head[h];
    }
}

static void repeat_row(const gnl_real *row, int64_t width, int64_t times, gnl_real *out)
{
    for (int64_t i = 0; i < times; i++)
        memcpy(out + i * width, row, (size_t)width * sizeof *out);
}

genlat_status gnl_vae_use_weigh(genlat_model *model, gnl_vae_use *work, int64_t rows, gnl_rng *rng,
                                const genlat_tensor *repeated)
{
    const gnl_latents *l = gnl_vae_of(model)->latents;
    gnl_code *code = &work->code;
    const int64_t samples = code->samples;
    code->samples = 1;
    code->rows = rows;
    gnl_rng_fill_normal(rng, code->noise, rows * l->posterior->noise);
    gnl_latents_draw_prepared(l, code);
    gnl_latents_ratio(l, code, 0, code->kl);
    genlat_status status = gnl_vae_use_decode(model, work, code->z, work->target, repeated, 0, rows);
    gnl_vae_use_loss(model, work, work->target, rows, work->loss);
    for (int64_t i = 0; i < rows; i++)
        work->loss[i] += code->kl[i];
    code->samples = samples;
    return status;
}

genlat_status gnl_vae_use_repeat(genlat_model *model, gnl_vae_use *work, const genlat_tensor *x,
                                 const genlat_tensor *labels, int64_t row, genlat_tensor *repeated)
{
    const gnl_real *one = x->data + row * model->size;
    GNL_TRY(gnl_vae_use_encode(model, work, one, labels, row, 1));
    repeat_heads(gnl_vae_of(model), work);
    repeat_row(one, model->size, work->base.rows, work->target);
    if (repeated) {
        const int64_t width = gnl_shape_count_from(&repeated->shape, 1);
        repeat_row(labels->data + row * width, width, work->base.rows, repeated->data);
    }
    return GENLAT_OK;
}

genlat_status gnl_vae_use_acquire(genlat_model *model, const genlat_tensor *labels, int64_t rows, gnl_vae_use **out,
                                  genlat_tensor **repeated)
{
    gnl_workspace *work = NULL;
    *repeated = NULL;
    GNL_TRY(gnl_pool_acquire(model, GNL_VAE_POOL, rows, &work));
    gnl_latents_prepare(gnl_vae_of(model)->latents, &use_of(work)->code);
    if (model->condition) {
        gnl_shape shape = labels->shape;
        shape.dim[0] = work->rows;
        genlat_status status = gnl_tensor_new(model->object.ctx, &shape, repeated);
        if (status != GENLAT_OK) {
            gnl_pool_release(model, GNL_VAE_POOL, work);
            return status;
        }
    }
    *out = use_of(work);
    return GENLAT_OK;
}

/* Estimates -log p(x) of a row. */
static genlat_status estimate_row(genlat_model *model, gnl_vae_use *work, const sampling *s, int64_t row)
{
    const int64_t most = work->base.rows;
    gnl_rng rng = gnl_rng_make(s->seed, GNL_STREAM_EVAL, (uint64_t)row);
    log_sum total = {-INFINITY, 0};
    GNL_TRY(gnl_vae_use_repeat(model, work, s->x, s->labels, row, s->repeated));
    for (int64_t done = 0; done < s->samples; done += most) {
        const int64_t rows = GNL_MIN(most, s->samples - done);
        GNL_TRY(gnl_vae_use_weigh(model, work, rows, &rng, s->repeated));
        for (int64_t i = 0; i < rows; i++)
            log_add(&total, -work->loss[i]);
    }
    s->nll[row] = -(total.largest + log(total.sum) - log((double)s->samples));
    return GENLAT_OK;
}

static genlat_status log_likelihood(genlat_model *model, sampling *s)
{
    gnl_vae_use *work = NULL;
    GNL_TRY(gnl_vae_use_acquire(model, s->labels, s->samples, &work, &s->repeated));
    genlat_status status = GENLAT_OK;
    for (int64_t i = 0; i < s->x->shape.dim[0] && status == GENLAT_OK; i++)
        status = estimate_row(model, work, s, i);
    gnl_tensor_release(s->repeated);
    gnl_pool_release(model, GNL_VAE_POOL, &work->base);
    return status;
}

/* ---- active latent dimensions ---------------------------------------------------------------- */

enum { USE_CHUNK = 256 };

/* Running mean and sum of squares of each posterior mean (Welford's method), and the sum of each KL. */
typedef struct latent_use {
    genlat_source *source;
    int64_t count, latent;
    double *mean, *square, *kl;
    gnl_real *code;
    genlat_tensor *x, *labels;
} latent_use;

static void add_codes(latent_use *u, const gnl_real *code, int64_t rows)
{
    for (int64_t i = 0; i < rows; i++) {
        u->count++;
        for (int64_t j = 0; j < u->latent; j++) {
            double m = (double)code[i * u->latent + j], before = m - u->mean[j];
            u->mean[j] += before / (double)u->count;
            u->square[j] += before * (m - u->mean[j]);
        }
    }
}

static genlat_status add_chunk_use(genlat_model *model, gnl_vae_use *work, latent_use *u, int64_t first, int64_t rows)
{
    const gnl_latents *l = gnl_vae_of(model)->latents;
    int64_t index[USE_CHUNK];
    gnl_code code;
    for (int64_t i = 0; i < rows; i++)
        index[i] = first + i;
    GNL_TRY(gnl_source_fetch(u->source, index, rows, 0, u->x->data, u->labels ? u->labels->data : NULL));
    GNL_TRY(gnl_vae_use_encode(model, work, u->x->data, u->labels, 0, rows));
    code = work->code;
    code.samples = 1;
    gnl_rng rng = gnl_rng_make(0, GNL_STREAM_EVAL, (uint64_t)first); /* for a KL that is estimated by sampling */
    gnl_rng_fill_normal(&rng, code.noise, rows * l->posterior->noise);
    gnl_latents_draw(l, &code);
    (void)gnl_latents_kl(l, &code);
    for (int64_t j = 0; j < u->latent; j++)
        u->kl[j] += gnl_latents_has_density(l) ? code.per_dim[j] * (double)rows : 0;
    l->posterior->type->mean(l->posterior, &code, u->code);
    add_codes(u, u->code, rows);
    return GENLAT_OK;
}

static genlat_status use_alloc(const genlat_model *model, latent_use *u)
{
    genlat_ctx *ctx = model->object.ctx;
    const gnl_config *c = model->config;
    const gnl_shape x = gnl_shape_batched(&c->data, USE_CHUNK);
    const gnl_shape labels = c->vector ? (gnl_shape){2, {USE_CHUNK, c->vector}} : (gnl_shape){1, {USE_CHUNK}};
    u->latent = gnl_vae_config_of(model)->opts.latent;
    u->mean = gnl_calloc(ctx, 3 * (size_t)u->latent, sizeof *u->mean);
    u->code = gnl_alloc(ctx, USE_CHUNK * (size_t)u->latent, sizeof *u->code);
    if (!u->mean || !u->code)
        return GENLAT_E_MEMORY;
    u->square = u->mean + u->latent;
    u->kl = u->square + u->latent;
    GNL_TRY(gnl_tensor_new(ctx, &x, &u->x));
    return model->condition ? gnl_tensor_new(ctx, &labels, &u->labels) : GENLAT_OK;
}

static void store_use(const latent_use *u, int64_t *active, double *variance, double *kl)
{
    int64_t count = 0;
    for (int64_t j = 0; j < u->latent; j++) {
        double sample_variance = u->count > 1 ? u->square[j] / (double)(u->count - 1) : 0;
        count += sample_variance > GNL_ACTIVE_VARIANCE;
        if (variance)
            variance[j] = sample_variance;
        if (kl)
            kl[j] = u->kl[j] / (double)GNL_MAX(u->count, 1);
    }
    if (active)
        *active = count;
}

static genlat_status active_units(genlat_model *model, genlat_source *source, int64_t *active, double *variance,
                                  double *kl)
{
    latent_use use = {.source = source};
    gnl_workspace *work = NULL;
    genlat_status status = use_alloc(model, &use);
    if (status == GENLAT_OK)
        status = gnl_pool_acquire(model, GNL_VAE_POOL, USE_CHUNK, &work);
    for (int64_t first = 0; first < source->count && status == GENLAT_OK; first += USE_CHUNK)
        status = add_chunk_use(model, use_of(work), &use, first, GNL_MIN((int64_t)USE_CHUNK, source->count - first));
    if (status == GENLAT_OK)
        store_use(&use, active, variance, kl);
    if (work)
        gnl_pool_release(model, GNL_VAE_POOL, work);
    gnl_tensor_release(use.x);
    gnl_tensor_release(use.labels);
    gnl_free(model->object.ctx, use.code);
    gnl_free(model->object.ctx, use.mean);
    return status;
}

/* ---- public ---------------------------------------------------------------------------------- */

static genlat_status check_samples(int64_t samples)
{
    return samples >= 1 ? GENLAT_OK
                        : gnl_fail(GENLAT_E_RANGE, "samples is %lld, 1 or more expected", (long long)samples);
}

/* Checks the arguments of a public function and evaluates raw data. */
static genlat_status evaluate_raw(evaluation *e, gnl_vae_values *mean)
{
    genlat_tensor *scaled = NULL;
    GNL_TRY(gnl_model_check_batch(e->model, e->x, e->labels));
    GNL_TRY(check_samples(e->draws));
    GNL_TRY(gnl_model_scale(e->model, &e->x, &scaled));
    genlat_status status = gnl_model_check_support(e->model, e->x->shape.dim[0], e->x->data);
    if (status == GENLAT_OK)
        status = evaluate(e, mean);
    gnl_tensor_release(scaled);
    return status;
}

genlat_status genlat_vae_elbo(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels, int64_t samples,
                              uint64_t seed, genlat_vae_terms *terms)
{
    gnl_vae_values values;
    evaluation e = {.model = model, .x = x, .labels = labels, .seed = seed, .draws = samples};
    GNL_ENTER();
    GNL_TRY(gnl_model_check_family(model, "vae"));
    GNL_TRY(gnl_result_check(terms, "terms"));
    GNL_TRY(evaluate_raw(&e, &values));
    gnl_result_give(terms, &values.terms, sizeof values.terms);
    return GENLAT_OK;
}

genlat_status genlat_vae_elbo_rows(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels,
                                   int64_t samples, uint64_t seed, double *neg_elbo, double *recon, double *kl)
{
    gnl_vae_values mean;
    evaluation e = {.model = model, .x = x, .labels = labels, .seed = seed, .draws = samples};
    GNL_ENTER();
    GNL_TRY(gnl_model_check_family(model, "vae"));
    GNL_TRY(gnl_model_check_batch(model, x, labels));
    const int64_t rows = x->shape.dim[0];
    e.recon = gnl_calloc(model->object.ctx, 2 * (size_t)rows, sizeof *e.recon);
    if (!e.recon)
        return GENLAT_E_MEMORY;
    e.kl = e.recon + rows;
    genlat_status status = evaluate_raw(&e, &mean);
    for (int64_t i = 0; i < rows && status == GENLAT_OK; i++) {
        if (neg_elbo)
            neg_elbo[i] = e.recon[i] + e.kl[i];
        if (recon)
            recon[i] = e.recon[i];
        if (kl)
            kl[i] = e.kl[i];
    }
    gnl_free(model->object.ctx, e.recon);
    return status;
}

genlat_status genlat_vae_log_likelihood(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels,
                                        int64_t samples, uint64_t seed, double *nll)
{
    GNL_ENTER();
    GNL_TRY(gnl_model_check_family(model, "vae"));
    GNL_CHECK(nll, "nll is NULL");
    GNL_TRY(gnl_model_check_batch(model, x, labels));
    GNL_TRY(check_samples(samples));
    const gnl_posterior *q = gnl_vae_of(model)->latents->posterior;
    if (!gnl_posterior_has_density(q->type))
        return gnl_fail(GENLAT_E_UNSUPPORTED, "the log-likelihood needs a posterior with a density, %s has none",
                        q->kind.type->name);
    genlat_tensor *scaled = NULL;
    GNL_TRY(gnl_model_scale(model, &x, &scaled));
    sampling s = {.x = x, .labels = labels, .samples = samples, .seed = seed, .nll = nll};
    genlat_status status = gnl_model_check_support(model, x->shape.dim[0], x->data);
    if (status == GENLAT_OK)
        status = log_likelihood(model, &s);
    gnl_tensor_release(scaled);
    return status;
}

genlat_status genlat_vae_active_units(genlat_model *model, genlat_source *source, int64_t *active, double *variance,
                                      double *kl)
{
    GNL_ENTER();
    GNL_TRY(gnl_model_check_family(model, "vae"));
    GNL_CHECK(source, "source is NULL");
    GNL_TRY(gnl_model_check_source(model, source));
    genlat_source *scaled = NULL;
    GNL_TRY(gnl_model_source(model, source, &scaled));
    genlat_status status = active_units(model, scaled, active, variance, kl);
    gnl_source_release(scaled);
    return status;
}
