/* SPDX-License-Identifier: MIT */
/*
 * An autoregressive prior over the codes of a discrete posterior: a net predicts each code from those before it, as the
 * prior of van den Oord and others (Neural discrete representation learning, 2017). The net consists of causal
 * convolutions over the sequence of codes. It is trained together with the model and does not change the codes. See
 * docs/derivations/codes.md.
 */
#include <math.h>
#include <stdio.h>

#include "latent/latent_priv.h"

typedef struct ar_opts {
    size_t size;
    int64_t layers, units, kernel;
} ar_opts;

static const gnl_option options[] = {
    GNL_OPT_INT(ar_opts, layers, 3, 0, 16, "number of causal convolutions"),
    GNL_OPT_INT(ar_opts, units, 64, 1, 65536, "channels of the convolutions and of the embedding of codes"),
    GNL_OPT_INT(ar_opts, kernel, 16, 1, 4096, "codes that a convolution covers, at most their number"),
};
static const gnl_options_table table = {"autoregressive", sizeof(ar_opts), options, GNL_COUNT(options)};

enum { ROWS = 64 /* of an inference pass */, NET_TEXT = 2048 };

static gnl_codes codes_of(const gnl_kind *kind)
{
    return kind->latents->posterior->codes;
}

/* ---- the net --------------------------------------------------------------------------------- */

/* Each layer adds to its input. The input of the net is shifted by one code, so that the padding before the sequence
 * suffices for causality. Code `size` stands for the start. */
static genlat_status net_new(const gnl_kind *kind, genlat_net **out)
{
    const ar_opts *o = gnl_kind_opts(kind);
    const gnl_codes codes = codes_of(kind);
    const long long count = (long long)codes.count, units = (long long)o->units;
    const long long kernel = (long long)GNL_MIN(o->kernel, codes.count);
    const char *input = "previous";
    char text[NET_TEXT] = "";
    if (!codes.count)
        return gnl_fail(GENLAT_E_UNSUPPORTED, "autoregressive needs a discrete posterior, %s is not; use prior=normal",
                        kind->latents->posterior->kind.type->name);
    gnl_text_append(text, NET_TEXT,
                    "constant shape=%lldx%lld gain=0.1 init=normal from=previous name=position | "
                    "embedding classes=%lld units=%lld from=previous | transpose name=embedded | "
                    "add from=embedded,position name=h0",
                    units, count, (long long)codes.size + 1, units);
    for (int i = 0; i < (int)o->layers; i++)
        gnl_text_append(text, NET_TEXT,
                        " | pad before=%lld from=h%d | conv1d channels=%lld kernel=%lld | relu name=a%d | "
                        "add from=h%d,a%d name=h%d",
                        kernel - 1, i, units, kernel, i, i, i, i + 1);
    gnl_text_append(text, NET_TEXT, " | conv1d channels=%lld kernel=1 | transpose", (long long)codes.size);
    return gnl_net_from_text(kind->ctx, 1, &input, &(gnl_shape){1, {codes.count}}, text, out);
}

typedef struct work {
    genlat_exec *exec;
    int64_t rows;       /* of a pass */
    int64_t known;      /* the sample of which the net has the outputs; -1: none */
    gnl_real *previous; /* [rows,count] input of the net */
} work;

static void work_free(genlat_ctx *ctx, void *block)
{
    work *w = block;
    gnl_exec_release(w->exec);
    gnl_free(ctx, w->previous);
    gnl_free(ctx, w);
}

static genlat_status work_new(const gnl_kind *kind, const gnl_latents *latents, const gnl_latent_env *env, void **out)
{
    const genlat_exec_opts opts =
        GNL_EXEC_OPTS(.purpose = env->training ? GENLAT_EXEC_TRAINING : GENLAT_EXEC_INFERENCE);
    work *w = gnl_calloc(env->ctx, 1, sizeof *w);
    if (!w)
        return GENLAT_E_MEMORY;
    *out = w;
    w->rows = env->training ? env->rows : GNL_MIN(env->rows, (int64_t)ROWS);
    w->known = -1;
    w->previous = gnl_alloc(env->ctx, (size_t)(w->rows * codes_of(kind).count), sizeof *w->previous);
    if (!w->previous)
        return GENLAT_E_MEMORY;
    return gnl_net_compile(kind->net, w->rows, &opts, &w->exec);
}

static void prepare(const gnl_kind *kind, const gnl_code *c)
{
    ((work *)gnl_kind_work(kind, c))->known = -1;
}

/* Computes the logits [rows,count,size] of the codes index [rows,count]. */
static const gnl_real *forward(const gnl_prior *p, const work *w, int64_t rows, const int32_t *index)
{
    const gnl_codes codes = codes_of(&p->kind);
    for (int64_t i = 0; i < rows * codes.count; i++)
        w->previous[i] = (gnl_real)(i % codes.count ? index[i - 1] : codes.size);
    gnl_exec_forward(w->exec, GNL_EVAL, rows, &(const gnl_real *){w->previous});
    return gnl_exec_output(w->exec, 0);
}

/* ---- probabilities --------------------------------------------------------------------------- */

typedef struct job {
    const gnl_kernels *k;
    gnl_codes codes;
    const int32_t *index; /* [rows,count] */
    const gnl_real *logit;
    double *mass;
    double factor;
    const double *weight;
    gnl_real *dlogit;
} job;

/* Computes e^(x - shift). */
static void shifted_exp(const gnl_kernels *k, int64_t n, const gnl_real *x, gnl_real shift, gnl_real *out)
{
    for (int64_t i = 0; i < n; i++)
        out[i] = x[i] - shift;
    k->exp(n, out, out);
}

static double log_sum_exp(const gnl_kernels *k, int64_t n, const gnl_real *x)
{
    enum { PIECE = 256 };
    gnl_real largest = x[0], piece[PIECE];
    double total = 0;
    for (int64_t i = 1; i < n; i++)
        largest = GNL_MAX(largest, x[i]);
    for (int64_t i = 0; i < n; i += PIECE) {
        const int64_t count = GNL_MIN((int64_t)PIECE, n - i);
        shifted_exp(k, count, x + i, largest, piece);
        total += k->sum(count, piece);
    }
    return (double)largest + log(total);
}

static void mass_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    for (int64_t r = begin; r < end; r++) {
        j->mass[r] = 0;
        for (int64_t i = r * j->codes.count; i < (r + 1) * j->codes.count; i++) {
            const gnl_real *logit = j->logit + i * j->codes.size;
            j->mass[r] += (double)logit[j->index[i]] - log_sum_exp(j->k, j->codes.size, logit);
        }
    }
}

/* Stores the factor times the derivatives of log p: the chosen code minus the probabilities. */
static void slope_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    for (int64_t r = begin; r < end; r++) {
        const gnl_real factor = (gnl_real)(j->factor * (j->weight ? j->weight[r] : 1));
        for (int64_t i = r * j->codes.count; i < (r + 1) * j->codes.count; i++) {
            const gnl_real *logit = j->logit + i * j->codes.size;
            gnl_real *slope = j->dlogit + i * j->codes.size;
            const double all = log_sum_exp(j->k, j->codes.size, logit);
            shifted_exp(j->k, j->codes.size, logit, (gnl_real)all, slope);
            j->k->scale(j->codes.size, -factor, slope, slope);
            slope[j->index[i]] += factor;
        }
    }
}

static void run(const gnl_prior *p, const gnl_code *c, int64_t rows, gnl_task *task, job *j)
{
    gnl_parallel(c->compute.ctx, rows, gnl_latent_grain(codes_of(&p->kind).count * codes_of(&p->kind).size), task, j);
}

static void mass(const gnl_prior *p, const gnl_code *c, int64_t s, double *out)
{
    work *w = gnl_kind_work(&p->kind, c);
    const gnl_codes codes = codes_of(&p->kind);
    const int32_t *index = c->index + s * c->rows * codes.count;
    for (int64_t first = 0; first < c->rows; first += w->rows) {
        const int64_t rows = GNL_MIN(w->rows, c->rows - first);
        job j = {.k = c->compute.k, .codes = codes, .index = index + first * codes.count, .mass = out + first};
        j.logit = forward(p, w, rows, j.index);
        run(p, c, rows, mass_task, &j);
    }
    w->known = s;
}

static void mass_backward(gnl_prior *p, const gnl_code *c, int64_t s, double factor, const double *weight)
{
    work *w = gnl_kind_work(&p->kind, c);
    const gnl_codes codes = codes_of(&p->kind);
    job j = {.k = c->compute.k,
             .codes = codes,
             .index = c->index + s * c->rows * codes.count,
             .factor = factor,
             .weight = weight};
    j.logit = w->known == s ? gnl_exec_output(w->exec, 0) : forward(p, w, c->rows, j.index);
    j.dlogit = gnl_exec_output_grad(w->exec, 0);
    run(p, c, c->rows, slope_task, &j);
    gnl_exec_backward(w->exec, 1, GNL_GRAD_WEIGHTS);
    w->known = -1;
}

/* ---- sampling -------------------------------------------------------------------------------- */

/* Samples a code with probabilities proportional to e^(logit / temperature); temperature 0: the most probable code. */
static int32_t choose(const gnl_real *logit, int64_t size, double temperature, double uniform)
{
    int32_t best = 0;
    double total = 0, sum = 0;
    for (int32_t k = 1; k < size; k++)
        best = logit[k] > logit[best] ? k : best;
    if (!(temperature > 0))
        return best;
    for (int64_t k = 0; k < size; k++)
        total += exp((double)(logit[k] - logit[best]) / temperature);
    for (int32_t k = 0; k < size; k++) {
        sum += exp((double)(logit[k] - logit[best]) / temperature);
        if (uniform * total < sum)
            return k;
    }
    return best;
}

static void sample_codes(const gnl_prior *p, const gnl_code *c, int64_t rows, gnl_rng *rng, const gnl_prior_draw *draw,
                         int32_t *index)
{
    work *w = gnl_kind_work(&p->kind, c);
    const gnl_codes codes = codes_of(&p->kind);
    memset(index, 0, (size_t)(rows * codes.count) * sizeof *index);
    w->known = -1;
    for (int64_t first = 0; first < rows; first += w->rows) {
        const int64_t count = GNL_MIN(w->rows, rows - first);
        for (int64_t i = 0; i < codes.count; i++) {
            const gnl_real *logit = forward(p, w, count, index + first * codes.count);
            for (int64_t r = 0; r < count; r++)
                index[(first + r) * codes.count + i] = choose(logit + (r * codes.count + i) * codes.size, codes.size,
                                                              draw->temperature, gnl_rng_unit(&rng[first + r]));
        }
    }
}

const gnl_prior_type gnl_prior_autoregressive = {
    .kind = {.name = "autoregressive",
             .options = &table,
             .help = "causal convolutions that predict each code from those before it, for discrete posteriors",
             .net_new = net_new,
             .work_new = work_new,
             .work_free = work_free,
             .prepare = prepare},
    .mass = mass,
    .mass_backward = mass_backward,
    .sample_codes = sample_codes,
};
