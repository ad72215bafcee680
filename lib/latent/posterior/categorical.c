/* SPDX-License-Identifier: MIT */
/*
 * A categorical posterior that is drawn by the Gumbel-softmax (Jang, Gu and Poole, Categorical reparameterization with
 * Gumbel-softmax, 2017; Maddison, Mnih and Teh, The concrete distribution, 2017). The code is a softmax of logits plus
 * Gumbel noise, divided by a temperature; with hard=yes the one-hot vector of its largest element, whose gradient is
 * that of the softmax. See docs/derivations/categorical_code.md.
 */
#include <math.h>

#include "latent/latent_priv.h"

typedef struct categorical_opts {
    size_t size;
    int64_t classes;
    double temperature, final, anneal;
    uint32_t hard, reserved;
} categorical_opts;

static const gnl_option options[] = {
    GNL_OPT_INT(categorical_opts, classes, 0, 0, 65536,
                "classes of a code: the channels of a latent map; 0: all latent dimensions are one code"),
    GNL_OPT_REAL(categorical_opts, temperature, 1, 1e-3, 1e3, "temperature of the softmax at the start of training"),
    GNL_OPT_REAL(categorical_opts, final, 0.5, 1e-3, 1e3, "temperature at which annealing ends"),
    GNL_OPT_REAL(categorical_opts, anneal, 0, 0, 1, "relative decrease of the temperature in a step"),
    GNL_OPT_BOOL(categorical_opts, hard, 0, "draw one-hot vectors, with the gradient of the softmax"),
};
static const gnl_options_table table = {
    "categorical", sizeof(categorical_opts), options, GNL_COUNT(options), {offsetof(categorical_opts, reserved)}};

static int64_t classes_of(const categorical_opts *o, int64_t dims)
{
    return o->classes ? o->classes : dims;
}

static genlat_status check(const void *opts, int64_t dims)
{
    const int64_t classes = classes_of(opts, dims);
    return dims % classes == 0
               ? GENLAT_OK
               : gnl_fail(GENLAT_E_INVALID,
                          "categorical: there are %lld latent dimensions, a multiple of classes=%lld expected",
                          (long long)dims, (long long)classes);
}

static gnl_codes codes(const void *opts, int64_t dims)
{
    const int64_t classes = classes_of(opts, dims);
    return (gnl_codes){dims / classes, classes};
}

static int params(const void *opts, int64_t dims, const gnl_shape *data, gnl_param *param)
{
    (void)dims;
    (void)data;
    const categorical_opts *o = opts;
    param[0] = (gnl_param){
        .name = "temperature", .shape = {1, {1}}, .init = {GNL_INIT_CONSTANT, o->temperature, 1, 1}, .state = true};
    return 1;
}

static void after_step(gnl_kind *kind, const gnl_code *c)
{
    const categorical_opts *o = gnl_kind_opts(kind);
    gnl_real *temperature = gnl_numbers_data(&kind->numbers, 0);
    if ((double)*temperature > o->final)
        *temperature = (gnl_real)fmax(o->final, (double)*temperature * (1 - o->anneal));
}

static int heads(const void *opts, int64_t dims, gnl_head head[GNL_MAX_HEADS])
{
    head[0] = (gnl_head){"logit", dims, 0};
    return 1;
}

static int64_t noise(const void *opts, int64_t dims)
{
    return dims;
}

/* ---- one code -------------------------------------------------------------------------------- */

/* The elements of a code are at first, first + count, first + 2 count and so on. */
static int64_t first_of(const gnl_posterior *q, int64_t code)
{
    return code / q->codes.count * q->kind.dims + code % q->codes.count;
}

static double temperature_of(const gnl_posterior *q)
{
    return (double)*gnl_numbers_data(&q->kind.numbers, 0);
}

/* Converts a standard normal number to one of the Gumbel distribution: -log(-log u), where u is its distribution
 * function. */
static double gumbel_of(double normal)
{
    const double beyond = 0.5 * erfc(fabs(normal) * sqrt(0.5));
    return -log(normal > 0 ? -log1p(-beyond) : -log(beyond));
}

/* A code: logits, plus the noise if it is not NULL, divided by the temperature. */
typedef struct choice {
    const gnl_real *logit, *noise;
    double temperature;
    int64_t count, size;
} choice;

static double score(const choice *a, int64_t k)
{
    const int64_t at = k * a->count;
    return ((double)a->logit[at] + (a->noise ? gumbel_of((double)a->noise[at]) : 0)) / a->temperature;
}

/* Stores the scores in out, `count` apart, and returns the index of the largest. */
static int64_t largest_score(const choice *a, gnl_real *out)
{
    int64_t best = 0;
    for (int64_t k = 0; k < a->size; k++) {
        out[k * a->count] = (gnl_real)score(a, k);
        if (out[k * a->count] > out[best * a->count])
            best = k;
    }
    return best;
}

/* Converts scores to their softmax. */
static void normalize(const choice *a, gnl_real largest, gnl_real *out)
{
    double total = 0;
    for (int64_t k = 0; k < a->size; k++) {
        out[k * a->count] = exp(out[k * a->count] - largest);
        total += (double)out[k * a->count];
    }
    for (int64_t k = 0; k < a->size; k++)
        out[k * a->count] = (gnl_real)((double)out[k * a->count] / total);
}

static void set_one_hot(int64_t size, int64_t count, int64_t index, gnl_real *out)
{
    for (int64_t k = 0; k < size; k++)
        out[k * count] = k == index;
}

static choice choice_of(const gnl_posterior *q, const gnl_code *c, int64_t code, const gnl_real *noise)
{
    const int64_t at = first_of(q, code);
    return (choice){.logit = c->head[0] + at,
                    .noise = noise ? noise + at : NULL,
                    .temperature = noise ? temperature_of(q) : 1,
                    .count = q->codes.count,
                    .size = q->codes.size};
}

/* ---- codes ----------------------------------------------------------------------------------- */

typedef struct job {
    const gnl_posterior *q;
    const gnl_code *c;
    const gnl_real *noise, *dz;
    int32_t *index;
    gnl_real *z, *dlogit;
    bool hard;
} job;

static void run(const gnl_posterior *q, const gnl_code *c, gnl_task *task, job *j)
{
    gnl_parallel(c->compute.ctx, c->rows * q->codes.count, gnl_latent_grain(q->codes.size), task, j);
}

static void draw_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    for (int64_t i = begin; i < end; i++) {
        const choice a = choice_of(j->q, j->c, i, j->noise);
        gnl_real *z = j->z + first_of(j->q, i);
        const int64_t best = largest_score(&a, z);
        j->index[i] = (int32_t)best;
        if (j->hard)
            set_one_hot(a.size, a.count, best, z);
        else
            normalize(&a, z[best * a.count], z);
    }
}

static void draw(const gnl_posterior *q, const gnl_code *c, int64_t s)
{
    const categorical_opts *o = gnl_kind_opts(&q->kind);
    const int64_t at = s * c->rows * c->dims;
    job j = {.q = q,
             .c = c,
             .noise = c->noise + at,
             .index = c->index + s * c->rows * q->codes.count,
             .z = c->z + at,
             .hard = o->hard};
    run(q, c, draw_task, &j);
}

/* The most probable codes as one-hot vectors. */
static void mean(const gnl_posterior *q, const gnl_code *c, gnl_real *out)
{
    job j = {.q = q, .c = c, .index = c->index, .z = out, .hard = true};
    run(q, c, draw_task, &j);
}

static void lookup(const gnl_posterior *q, int64_t rows, const int32_t *index, gnl_real *z)
{
    for (int64_t i = 0; i < rows * q->codes.count; i++)
        set_one_hot(q->codes.size, q->codes.count, index[i], z + first_of(q, i));
}

/* The derivatives of the softmax y: (y_k / temperature) (dz_k - sum_i y_i dz_i). */
static void slope_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    for (int64_t i = begin; i < end; i++) {
        const choice a = choice_of(j->q, j->c, i, j->noise);
        const gnl_real *dz = j->dz + first_of(j->q, i);
        gnl_real *y = j->dlogit + first_of(j->q, i);
        double all = 0;
        normalize(&a, y[largest_score(&a, y) * a.count], y);
        for (int64_t k = 0; k < a.size; k++)
            all += (double)(y[k * a.count] * dz[k * a.count]);
        for (int64_t k = 0; k < a.size; k++)
            y[k * a.count] *= (gnl_real)(((double)dz[k * a.count] - all) / a.temperature);
    }
}

static void draw_backward(const gnl_posterior *q, const gnl_code *c, int64_t s, gnl_real *const dhead[GNL_MAX_HEADS])
{
    const int64_t at = s * c->rows * c->dims;
    job j = {.q = q, .c = c, .noise = c->noise + at, .dz = c->dz + at, .dlogit = dhead[0]};
    run(q, c, slope_task, &j);
}

/* ---- divergence from the uniform distribution -------------------------------------------------- */

/* Returns the logarithm of the sum of e^logit of a code. */
static double log_sum(const choice *a)
{
    double largest = (double)a->logit[0], total = 0;
    for (int64_t k = 1; k < a->size; k++)
        largest = fmax(largest, (double)a->logit[k * a->count]);
    for (int64_t k = 0; k < a->size; k++)
        total += exp((double)a->logit[k * a->count] - largest);
    return largest + log(total);
}

/* The term p_k log(p_k / (1/size)) of class k. */
static double term_of(const choice *a, double all, int64_t k)
{
    const double log_p = (double)a->logit[k * a->count] - all;
    return exp(log_p) * (log_p + log((double)a->size));
}

static double kl_element(const gnl_posterior *q, const gnl_code *c, int64_t row, int64_t dim)
{
    const choice a = choice_of(q, c, row * q->codes.count + dim % q->codes.count, NULL);
    return term_of(&a, log_sum(&a), dim / q->codes.count);
}

static void kl_value(const gnl_posterior *q, const gnl_code *c, double *kl, double *per_dim)
{
    const gnl_codes n = q->codes;
    for (int64_t r = 0; kl && r < c->rows; r++)
        kl[r] = 0;
    for (int64_t d = 0; per_dim && d < c->dims; d++)
        per_dim[d] = 0;
    for (int64_t i = 0; i < c->rows * n.count; i++) {
        const choice a = choice_of(q, c, i, NULL);
        const double all = log_sum(&a);
        for (int64_t k = 0; k < n.size; k++) {
            const double term = term_of(&a, all, k);
            if (kl)
                kl[i / n.count] += term;
            if (per_dim)
                per_dim[k * n.count + i % n.count] += term / (double)c->rows;
        }
    }
}

/* The derivative of term k by logit j is p_k (1 + log p_k + log size) times (1 if j = k, else 0) - p_j. */
static void kl_backward(const gnl_posterior *q, const gnl_code *c, int64_t row, int64_t first, int64_t past,
                        double factor)
{
    const gnl_codes n = q->codes;
    for (int64_t position = 0; position < n.count; position++) {
        const choice a = choice_of(q, c, row * n.count + position, NULL);
        const double all = log_sum(&a);
        gnl_real *dlogit = c->dhead[0] + first_of(q, row * n.count + position);
        double total = 0;
        for (int64_t d = position; d < past; d += n.count)
            if (d >= first) {
                const double p = exp((double)a.logit[d - position] - all), own = p + term_of(&a, all, d / n.count);
                total += own;
                dlogit[d - position] += (gnl_real)(factor * own);
            }
        for (int64_t at = 0; at < n.size * n.count; at += n.count)
            dlogit[at] -= (gnl_real)(factor * total * exp((double)a.logit[at] - all));
    }
}

/* log q - log p of the drawn codes. */
static void ratio(const gnl_posterior *q, const gnl_code *c, int64_t s, double *out)
{
    const int32_t *index = c->index + s * c->rows * q->codes.count;
    for (int64_t r = 0; r < c->rows; r++) {
        out[r] = (double)q->codes.count * log((double)q->codes.size);
        for (int64_t i = r * q->codes.count; i < (r + 1) * q->codes.count; i++) {
            const choice a = choice_of(q, c, i, NULL);
            out[r] += (double)a.logit[index[i] * a.count] - log_sum(&a);
        }
    }
}

static const gnl_divergence from_uniform = {kl_value, kl_element, kl_backward, ratio, NULL};

static bool is_surrogate(const void *opts)
{
    return ((const categorical_opts *)opts)->hard;
}

const gnl_posterior_type gnl_posterior_categorical = {
    .kind = {.name = "categorical",
             .options = &table,
             .help = "classes drawn by the Gumbel-softmax",
             .params = params,
             .check = check,
             .is_surrogate = is_surrogate,
             .after_step = after_step},
    .heads = heads,
    .noise = noise,
    .draw = draw,
    .draw_backward = draw_backward,
    .mean = mean,
    .codes = codes,
    .lookup = lookup,
    .from_uniform = &from_uniform,
    .prior = "uniform",
};
