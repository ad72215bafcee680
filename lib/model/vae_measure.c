/* SPDX-License-Identifier: MIT */
/* What a VAE is worth: its ELBO, importance-sampled log-likelihood, use of the latent dimensions. */
#include <math.h>

#include "model/vae_priv.h"

/* ---- ELBO ------------------------------------------------------------------------------------ */

/* Latents of rows, each from the substream of its own number. */
static void draw(const genlat_vae *vae, gnl_vae_desk *desk, int64_t rows, uint64_t seed, uint64_t first)
{
    int64_t latent = vae->recipe.opts.latent;
    const gnl_real *mean = gnl_exec_output(desk->encoder, 0), *logvar = gnl_vae_desk_logvar(vae, desk);
    if (!logvar) {
        memcpy(desk->z, mean, (size_t)(rows * latent) * sizeof *desk->z);
        return;
    }
    for (int64_t i = 0; i < rows; i++) {
        gnl_rng rng = gnl_rng_make(seed, GNL_STREAM_EVAL, first + (uint64_t)i);
        gnl_rng_fill_normal(&rng, desk->z + i * latent, latent);
    }
    const gnl_latent q = {desk->encoder->compute, rows, latent, mean, logvar};
    gnl_latent_sample(&q, desk->z, desk->z);
}

static void eval_loss(genlat_vae *vae, gnl_vae_desk *desk, const gnl_real *target, int64_t rows, double *nll)
{
    gnl_loss_call call = {.compute = desk->decoder->compute,
                          .rows = rows,
                          .dims = vae->size,
                          .parts = vae->parts,
                          .out = gnl_exec_output(desk->decoder, 0),
                          .target = target,
                          .nll = nll};
    gnl_loss_eval(vae->loss, &call);
}

static double sum_of(const double *numbers, int64_t count)
{
    double total = 0;
    for (int64_t i = 0; i < count; i++)
        total += numbers[i];
    return total;
}

typedef struct elbo_sums {
    double recon, kl;
} elbo_sums;

static genlat_status add_chunk(genlat_vae *vae, gnl_vae_desk *desk, const genlat_tensor *x,
                               const genlat_tensor *labels, int64_t begin, int64_t rows, int64_t samples,
                               uint64_t seed, int64_t first, elbo_sums *sums, const char *where)
{
    const gnl_real *data = x->data + begin * vae->size;
    GNL_TRY(gnl_vae_desk_encode(vae, desk, data, labels, begin, rows, where));
    const gnl_real *logvar = gnl_vae_desk_logvar(vae, desk);
    if (logvar) {
        const gnl_latent q = {desk->encoder->compute, rows, vae->recipe.opts.latent,
                              gnl_exec_output(desk->encoder, 0), logvar};
        gnl_latent_kl(&q, desk->number, NULL);
        sums->kl += sum_of(desk->number, rows);
    }
    for (int64_t s = 0; s < samples; s++) {
        /* Samples beyond the first are drawn under other seeds, so that the first stays the same. */
        draw(vae, desk, rows, seed + (uint64_t)s * UINT64_C(0x9E3779B97F4A7C15), (uint64_t)(first + begin));
        GNL_TRY(gnl_vae_desk_decode(vae, desk, labels, begin, rows, where));
        eval_loss(vae, desk, data, rows, desk->number);
        sums->recon += sum_of(desk->number, rows) / (double)samples;
    }
    return GENLAT_OK;
}

genlat_status gnl_vae_evaluate(genlat_vae *vae, const genlat_tensor *x, const genlat_tensor *labels,
                               int64_t samples, uint64_t seed, int64_t first, genlat_vae_terms *mean,
                               const char *where)
{
    int64_t rows = x->shape.dim[0];
    elbo_sums sums = {0};
    gnl_vae_desk *desk = NULL;
    GNL_TRY(gnl_vae_borrow(vae, rows, &desk));
    genlat_status status = GENLAT_OK;
    for (int64_t begin = 0; begin < rows && status == GENLAT_OK; begin += desk->rows)
        status = add_chunk(vae, desk, x, labels, begin, GNL_MIN(desk->rows, rows - begin), samples, seed,
                           first, &sums, where);
    gnl_vae_return(vae, desk);
    if (status != GENLAT_OK)
        return status;
    mean->recon = sums.recon / (double)rows;
    mean->kl = sums.kl / (double)rows;
    mean->neg_elbo = mean->recon + mean->kl;
    mean->beta = vae->recipe.opts.kind == GENLAT_VAE_PLAIN ? 0 : vae->recipe.opts.beta;
    mean->objective = mean->recon + mean->beta * mean->kl;
    mean->grad_norm = 0;
    return GENLAT_OK;
}

/* ---- importance sampling --------------------------------------------------------------------- */

/* Running log-sum-exp in double: the largest so far, and the sum relative to it. */
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

/* One row under study: its posterior, copied out of the exec, and its label. */
typedef struct study {
    const gnl_real *x, *mean, *logvar;
    const genlat_tensor *label; /* repeated for all rows of the desk, or NULL */
} study;

/* Fills the desk with n draws of one row's posterior; log p(z) - log q(z|x) of each goes to `ratio`. */
static void propose(const genlat_vae *vae, gnl_vae_desk *desk, const study *row, gnl_rng *rng, int64_t n,
                    double *ratio)
{
    int64_t latent = vae->recipe.opts.latent;
    gnl_rng_fill_normal(rng, desk->z, n * latent);
    for (int64_t i = 0; i < n; i++) {
        gnl_real *z = desk->z + i * latent;
        double difference = 0;
        for (int64_t j = 0; j < latent; j++) {
            double noise = (double)z[j], logvar = (double)row->logvar[j];
            double value = (double)row->mean[j] + exp(0.5 * logvar) * noise;
            difference += 0.5 * (noise * noise + logvar - value * value);
            z[j] = (gnl_real)value;
        }
        ratio[i] = difference;
    }
}

/* -log p(x) of one row. */
static genlat_status estimate(genlat_vae *vae, gnl_vae_desk *desk, const study *row, int64_t samples,
                              gnl_rng *rng, double *nll, const char *where)
{
    log_sum total = {-INFINITY, 0};
    double *ratio = desk->number, *loss = desk->number + desk->rows;
    int64_t room = GNL_MIN(desk->rows, samples);
    for (int64_t i = 0; i < room; i++)
        memcpy(desk->target + i * vae->size, row->x, (size_t)vae->size * sizeof *desk->target);
    for (int64_t done = 0; done < samples; done += room) {
        int64_t now = GNL_MIN(room, samples - done);
        propose(vae, desk, row, rng, now, ratio);
        GNL_TRY(gnl_vae_desk_decode(vae, desk, row->label, 0, now, where));
        eval_loss(vae, desk, desk->target, now, loss);
        for (int64_t i = 0; i < now; i++)
            log_add(&total, ratio[i] - loss[i]);
    }
    *nll = -(total.largest + log(total.sum) - log((double)samples));
    return GENLAT_OK;
}

/* The label of one row as many times as the desk has rows, so that a decode finds one for each draw. */
static void repeat_label(const genlat_tensor *labels, int64_t row, genlat_tensor *out)
{
    int64_t width = gnl_shape_count_from(&out->shape, 1);
    for (int64_t i = 0; i < out->shape.dim[0]; i++)
        memcpy(out->data + i * width, labels->data + row * width, (size_t)width * sizeof *out->data);
}

static genlat_status likelihood_rows(genlat_vae *vae, gnl_vae_desk *desk, const genlat_tensor *x,
                                     const genlat_tensor *labels, genlat_tensor *repeated,
                                     gnl_real *posterior, int64_t samples, uint64_t seed, double *nll,
                                     const char *where)
{
    int64_t latent = vae->recipe.opts.latent;
    for (int64_t i = 0; i < x->shape.dim[0]; i++) {
        const gnl_real *data = x->data + i * vae->size;
        GNL_TRY(gnl_vae_desk_encode(vae, desk, data, labels, i, 1, where));
        memcpy(posterior, gnl_exec_output(desk->encoder, 0), (size_t)latent * sizeof *posterior);
        memcpy(posterior + latent, gnl_vae_desk_logvar(vae, desk), (size_t)latent * sizeof *posterior);
        if (repeated)
            repeat_label(labels, i, repeated);
        const study row = {data, posterior, posterior + latent, repeated};
        gnl_rng rng = gnl_rng_make(seed, GNL_STREAM_EVAL, (uint64_t)i);
        GNL_TRY(estimate(vae, desk, &row, samples, &rng, &nll[i], where));
    }
    return GENLAT_OK;
}

static genlat_status log_likelihood(genlat_vae *vae, const genlat_tensor *x, const genlat_tensor *labels,
                                    int64_t samples, uint64_t seed, double *nll, const char *where)
{
    genlat_ctx *ctx = vae->model.object.ctx;
    gnl_vae_desk *desk = NULL;
    genlat_tensor *repeated = NULL;
    GNL_TRY(gnl_vae_borrow(vae, samples, &desk));
    gnl_real *posterior = gnl_alloc(ctx, 2 * (size_t)vae->recipe.opts.latent, sizeof *posterior);
    genlat_status status = posterior ? GENLAT_OK : GENLAT_E_MEMORY;
    if (status == GENLAT_OK && vae->condition) {
        gnl_shape shape = labels->shape;
        shape.dim[0] = desk->rows;
        status = gnl_tensor_new(ctx, &shape, &repeated);
    }
    if (status == GENLAT_OK)
        status = likelihood_rows(vae, desk, x, labels, repeated, posterior, samples, seed, nll, where);
    gnl_tensor_release(repeated);
    gnl_free(ctx, posterior);
    gnl_vae_return(vae, desk);
    return status;
}

/* ---- use of the latent dimensions ------------------------------------------------------------ */

enum { USE_CHUNK = 256 };

/* Welford's running mean and sum of squares of each posterior mean, and the sum of each KL. */
typedef struct latent_use {
    int64_t seen, latent;
    double *mean, *square, *kl;
    genlat_tensor *x, *labels;
} latent_use;

static void add_rows(latent_use *u, const gnl_real *mean, const gnl_real *logvar, int64_t rows)
{
    for (int64_t i = 0; i < rows; i++) {
        u->seen++;
        for (int64_t j = 0; j < u->latent; j++) {
            double m = (double)mean[i * u->latent + j], before = m - u->mean[j];
            double v = logvar ? (double)logvar[i * u->latent + j] : 0;
            u->mean[j] += before / (double)u->seen;
            u->square[j] += before * (m - u->mean[j]);
            u->kl[j] += logvar ? 0.5 * (m * m + exp(v) - 1 - v) : 0;
        }
    }
}

static genlat_status study_source(genlat_vae *vae, gnl_vae_desk *desk, genlat_source *source, latent_use *u)
{
    for (int64_t first = 0; first < source->count; first += USE_CHUNK) {
        int64_t index[USE_CHUNK], rows = GNL_MIN((int64_t)USE_CHUNK, source->count - first);
        for (int64_t i = 0; i < rows; i++)
            index[i] = first + i;
        GNL_TRY(gnl_source_fetch(source, index, rows, 0, u->x->data, u->labels ? u->labels->data : NULL));
        GNL_TRY(gnl_vae_desk_encode(vae, desk, u->x->data, u->labels, 0, rows, "genlat_vae_active_units"));
        add_rows(u, gnl_exec_output(desk->encoder, 0), gnl_vae_desk_logvar(vae, desk), rows);
    }
    return GENLAT_OK;
}

static genlat_status use_alloc(genlat_vae *vae, latent_use *u)
{
    genlat_ctx *ctx = vae->model.object.ctx;
    const gnl_shape x = gnl_shape_batched(&vae->recipe.data, USE_CHUNK);
    gnl_shape labels = {1, {USE_CHUNK}};
    if (vae->recipe.vector)
        labels = (gnl_shape){2, {USE_CHUNK, vae->recipe.vector}};
    u->latent = vae->recipe.opts.latent;
    u->mean = gnl_calloc(ctx, 3 * (size_t)u->latent, sizeof *u->mean);
    if (!u->mean)
        return GENLAT_E_MEMORY;
    u->square = u->mean + u->latent;
    u->kl = u->square + u->latent;
    GNL_TRY(gnl_tensor_new(ctx, &x, &u->x));
    return vae->condition ? gnl_tensor_new(ctx, &labels, &u->labels) : GENLAT_OK;
}

static const double ACTIVE_VARIANCE = 0.01;

static void give_use(const latent_use *u, int64_t *active, double *variance, double *kl)
{
    int64_t count = 0;
    for (int64_t j = 0; j < u->latent; j++) {
        double spread = u->seen > 1 ? u->square[j] / (double)(u->seen - 1) : 0;
        count += spread > ACTIVE_VARIANCE;
        if (variance)
            variance[j] = spread;
        if (kl)
            kl[j] = u->kl[j] / (double)GNL_MAX(u->seen, 1);
    }
    if (active)
        *active = count;
}

static genlat_status active_units(genlat_vae *vae, genlat_source *source, int64_t *active, double *variance,
                                  double *kl)
{
    latent_use use = {0};
    gnl_vae_desk *desk = NULL;
    genlat_status status = use_alloc(vae, &use);
    if (status == GENLAT_OK)
        status = gnl_vae_borrow(vae, USE_CHUNK, &desk);
    if (status == GENLAT_OK)
        status = study_source(vae, desk, source, &use);
    if (status == GENLAT_OK)
        give_use(&use, active, variance, kl);
    if (desk)
        gnl_vae_return(vae, desk);
    gnl_tensor_release(use.x);
    gnl_tensor_release(use.labels);
    gnl_free(vae->model.object.ctx, use.mean);
    return status;
}

/* ---- public ---------------------------------------------------------------------------------- */

genlat_status genlat_vae_elbo(genlat_vae *vae, const genlat_tensor *x, const genlat_tensor *labels,
                              int64_t samples, uint64_t seed, genlat_vae_terms *terms)
{
    GNL_REQUIRE(terms && terms->size >= sizeof *terms, "genlat_vae_elbo",
                "terms is NULL or its size is not set");
    GNL_TRY(gnl_vae_check(vae, x, labels, "genlat_vae_elbo"));
    if (samples < 1)
        return gnl_fail(GENLAT_E_RANGE, "genlat_vae_elbo: samples is %lld, 1 or more wanted",
                        (long long)samples);
    return gnl_vae_evaluate(vae, x, labels, samples, seed, 0, terms, "genlat_vae_elbo");
}

genlat_status genlat_vae_log_likelihood(genlat_vae *vae, const genlat_tensor *x, const genlat_tensor *labels,
                                        int64_t samples, uint64_t seed, double *nll)
{
    static const char where[] = "genlat_vae_log_likelihood";
    GNL_REQUIRE(nll, where, "nll is NULL");
    GNL_TRY(gnl_vae_check(vae, x, labels, where));
    if (samples < 1)
        return gnl_fail(GENLAT_E_RANGE, "%s: samples is %lld, 1 or more wanted", where, (long long)samples);
    if (vae->recipe.opts.kind == GENLAT_VAE_PLAIN)
        return gnl_fail(GENLAT_E_UNSUPPORTED, "%s: a plain autoencoder has no likelihood", where);
    return log_likelihood(vae, x, labels, samples, seed, nll, where);
}

genlat_status genlat_vae_active_units(genlat_vae *vae, genlat_source *source, int64_t *active,
                                      double *variance, double *kl)
{
    GNL_REQUIRE(vae, "genlat_vae_active_units", "vae is NULL");
    GNL_REQUIRE(source, "genlat_vae_active_units", "source is NULL");
    GNL_TRY(gnl_model_check_source(&vae->model, source, "genlat_vae_active_units"));
    return active_units(vae, source, active, variance, kl);
}
