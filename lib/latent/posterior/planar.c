/* SPDX-License-Identifier: MIT */
/*
 * The planar flow (Rezende and Mohamed, Variational inference with normalizing flows, 2015). A code of a diagonal
 * Gaussian passes through steps z' = z + v tanh(w z + b), whose numbers the encoder gives for each sample. Heads: mean;
 * logvar; flow: u, w and b of each step, from which v follows such that the step is invertible. See
 * docs/derivations/planar.md.
 */
#include <tgmath.h>

#include "latent/latent_priv.h"

enum { MEAN, LOGVAR, FLOW, HEADS };

enum { NONE = -1 };

static const double LOG_TWO_PI = 1.83787706640934548356, TINY = 1e-12;

typedef struct planar_opts {
    size_t size;
    int64_t steps;
} planar_opts;

static const gnl_option options[] = {
    GNL_OPT_INT(planar_opts, steps, 8, 1, 256, "number of steps"),
};
static const gnl_options_table table = {"planar", sizeof(planar_opts), options, GNL_COUNT(options)};

static int64_t steps_of(const void *opts)
{
    return ((const planar_opts *)opts)->steps;
}

static int heads(const void *opts, int64_t dims, gnl_head head[GNL_MAX_HEADS])
{
    head[MEAN] = (gnl_head){"mean", dims, 0};
    head[LOGVAR] = (gnl_head){"logvar", dims, 10};
    head[FLOW] = (gnl_head){"flow", steps_of(opts) * (2 * dims + 1), 0};
    return HEADS;
}

static int64_t noise(const void *opts, int64_t dims)
{
    return dims;
}

/* ---- one step -------------------------------------------------------------------------------- */

typedef struct step {
    const gnl_real *u, *w; /* [dims] */
    double wu, ww;         /* w u, w w */
    double k;              /* v = u + k w */
    double wv;             /* w v, above -1 */
    double tanh, slope;    /* tanh(w z + b) and its derivative */
} step;

static const gnl_real *flow_of(const gnl_posterior *q, const gnl_code *c, int64_t row, int64_t t)
{
    return c->head[FLOW] + row * q->head[FLOW].width + t * (2 * c->dims + 1);
}

/* log(1 + e^x) */
static double softplus(double x)
{
    return fmax(x, 0) + log1p(exp(-fabs(x)));
}

static double logistic(double x)
{
    return 1 / (1 + exp(-x));
}

/* Computes what derives from u, w, b and z. v = u + (m(w u) - w u) w / (w w) with m(x) = log(1 + e^x) - 1, so that
 * w v > -1. */
static step step_at(const gnl_real *flow, int64_t dims, const double *z)
{
    step p = {.u = flow, .w = flow + dims};
    double a = (double)flow[2 * dims];
    for (int64_t d = 0; d < dims; d++) {
        p.wu += (double)p.w[d] * (double)p.u[d];
        p.ww += (double)p.w[d] * (double)p.w[d];
        a += (double)p.w[d] * z[d];
    }
    p.k = (softplus(p.wu) - 1 - p.wu) / (p.ww + TINY);
    p.wv = p.wu + p.k * p.ww;
    p.tanh = tanh(a);
    p.slope = 1 - p.tanh * p.tanh;
    return p;
}

static double v_at(const step *p, int64_t d)
{
    return (double)p->u[d] + p->k * (double)p->w[d];
}

/* ---- one row --------------------------------------------------------------------------------- */

/* Allocates for each row the codes before and after each step, and a vector. */
static genlat_status work_new(const gnl_kind *kind, const gnl_latents *latents, const gnl_latent_env *env, void **work)
{
    *work = gnl_alloc(env->ctx, (size_t)(env->rows * kind->dims * (steps_of(kind->opts) + 2)), sizeof(double));
    return *work ? GENLAT_OK : GENLAT_E_MEMORY;
}

static double *path_of(const gnl_posterior *q, const gnl_code *c, int64_t row)
{
    return (double *)gnl_kind_work(&q->kind, c) + row * c->dims * (steps_of(q->kind.opts) + 2);
}

typedef struct job {
    const gnl_posterior *q;
    const gnl_code *c;
    int64_t s; /* sample; NONE: noise 0 */
    gnl_real *out, *const *dhead;
} job;

static void over_rows(const gnl_posterior *q, const gnl_code *c, int64_t s, gnl_real *out, gnl_real *const *dhead,
                      gnl_task *task)
{
    job j = {q, c, s, out, dhead};
    gnl_parallel(c->compute.ctx, c->rows, gnl_latent_grain(c->dims * steps_of(q->kind.opts)), task, &j);
}

static double noise_at(const job *j, int64_t row, int64_t d)
{
    return j->s == NONE ? 0 : (double)j->c->noise[(j->s * j->c->rows + row) * j->c->dims + d];
}

static double sd_at(const gnl_code *c, int64_t row, int64_t d)
{
    return exp((double)c->head[LOGVAR][row * c->dims + d] / 2);
}

/* Computes the codes before and after each step of a row, and returns log q of the last one. */
static double follow(const job *j, int64_t row)
{
    const int64_t dims = j->c->dims;
    double *z = path_of(j->q, j->c, row), log_q = -0.5 * (double)dims * LOG_TWO_PI;
    for (int64_t d = 0; d < dims; d++) {
        const double e = noise_at(j, row, d);
        z[d] = (double)j->c->head[MEAN][row * dims + d] + sd_at(j->c, row, d) * e;
        log_q -= 0.5 * (e * e + (double)j->c->head[LOGVAR][row * dims + d]);
    }
    for (int64_t t = 0; t < steps_of(j->q->kind.opts); t++, z += dims) {
        const step p = step_at(flow_of(j->q, j->c, row, t), dims, z);
        for (int64_t d = 0; d < dims; d++)
            z[dims + d] = z[d] + v_at(&p, d) * p.tanh;
        log_q -= log1p(p.slope * p.wv);
    }
    return log_q;
}

static const double *end_of(const job *j, int64_t row)
{
    return path_of(j->q, j->c, row) + steps_of(j->q->kind.opts) * j->c->dims;
}

/* ---- draws ----------------------------------------------------------------------------------- */

static void draw_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    const int64_t dims = j->c->dims;
    for (int64_t r = begin; r < end; r++) {
        const double log_q = follow(j, r);
        for (int64_t d = 0; d < dims; d++)
            j->out[r * dims + d] = (gnl_real)end_of(j, r)[d];
        if (j->s != NONE)
            j->c->log_q[j->s * j->c->rows + r] = log_q;
    }
}

static void draw(const gnl_posterior *q, const gnl_code *c, int64_t s)
{
    over_rows(q, c, s, c->z + s * c->rows * c->dims, NULL, draw_task);
}

/* The code of zero noise, since the mean is not known in closed form. */
static void mean(const gnl_posterior *q, const gnl_code *c, gnl_real *out)
{
    over_rows(q, c, NONE, out, NULL, draw_task);
}

/* Propagates dz [dims], the derivatives by the code after a step, to the code before it, and stores those by u, w and
 * b. g is the derivative by log q. Inner derivatives have the names of step. */
static void step_backward(const step *p, int64_t dims, double g, const double *z, double *dz, gnl_real *dflow)
{
    const double dlog = -g / (1 + p->slope * p->wv), dwv = dlog * p->slope, size = p->ww + TINY;
    double dtanh = -2 * p->tanh * dlog * p->wv, dk = dwv * p->ww;
    for (int64_t d = 0; d < dims; d++) {
        dtanh += dz[d] * v_at(p, d);
        dk += p->tanh * dz[d] * (double)p->w[d];
    }
    const double da = dtanh * p->slope, dww = dwv * p->k - dk * p->k / size;
    const double dwu = dwv + dk / size * (logistic(p->wu) - 1);
    for (int64_t d = 0; d < dims; d++) {
        const double dv = p->tanh * dz[d], u = (double)p->u[d], w = (double)p->w[d];
        dflow[d] = (gnl_real)(dv + dwu * w);
        dflow[dims + d] = (gnl_real)(p->k * dv + dwu * u + 2 * dww * w + da * z[d]);
        dz[d] += da * w;
    }
    dflow[2 * dims] = (gnl_real)da;
}

static void draw_back_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    const gnl_code *c = j->c;
    const int64_t dims = c->dims, steps = steps_of(j->q->kind.opts);
    for (int64_t r = begin; r < end; r++) {
        const int64_t at = j->s * c->rows + r;
        double *path = path_of(j->q, c, r), *dz = path + (steps + 1) * dims;
        follow(j, r);
        for (int64_t d = 0; d < dims; d++)
            dz[d] = (double)c->dz[at * dims + d];
        for (int64_t t = steps - 1; t >= 0; t--) {
            const gnl_real *flow = flow_of(j->q, c, r, t);
            const step p = step_at(flow, dims, path + t * dims);
            step_backward(&p, dims, c->dlog_q[at], path + t * dims, dz, j->dhead[FLOW] + (flow - c->head[FLOW]));
        }
        for (int64_t d = 0; d < dims; d++) {
            j->dhead[MEAN][r * dims + d] = (gnl_real)dz[d];
            j->dhead[LOGVAR][r * dims + d] =
                (gnl_real)((dz[d] * noise_at(j, r, d) * sd_at(c, r, d) - c->dlog_q[at]) / 2);
        }
    }
}

static void draw_backward(const gnl_posterior *q, const gnl_code *c, int64_t s, gnl_real *const dhead[GNL_MAX_HEADS])
{
    over_rows(q, c, s, NULL, dhead, draw_back_task);
}

/* ---- variances ------------------------------------------------------------------------------- */

/* Adds the squares of the derivatives of the code of zero noise by one number of the noise. x [dims] is overwritten. */
static void add_squares(const job *j, int64_t row, int64_t number, double *x, gnl_real *sum)
{
    const int64_t dims = j->c->dims;
    for (int64_t d = 0; d < dims; d++)
        x[d] = d == number ? sd_at(j->c, row, d) : 0;
    for (int64_t t = 0; t < steps_of(j->q->kind.opts); t++) {
        const step p = step_at(flow_of(j->q, j->c, row, t), dims, path_of(j->q, j->c, row) + t * dims);
        double wx = 0;
        for (int64_t d = 0; d < dims; d++)
            wx += (double)p.w[d] * x[d];
        for (int64_t d = 0; d < dims; d++)
            x[d] += v_at(&p, d) * p.slope * wx;
    }
    for (int64_t d = 0; d < dims; d++)
        sum[d] += (gnl_real)(x[d] * x[d]);
}

static void logvar_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    const int64_t dims = j->c->dims;
    for (int64_t r = begin; r < end; r++) {
        gnl_real *out = j->out + r * dims;
        memset(out, 0, (size_t)dims * sizeof *out);
        follow(j, r);
        for (int64_t d = 0; d < dims; d++)
            add_squares(j, r, d, path_of(j->q, j->c, r) + (steps_of(j->q->kind.opts) + 1) * dims, out);
        for (int64_t d = 0; d < dims; d++)
            out[d] = log(out[d]);
    }
}

/* To first order around the code of zero noise. */
static void logvar(const gnl_posterior *q, const gnl_code *c, gnl_real *out)
{
    over_rows(q, c, NONE, out, NULL, logvar_task);
}

const gnl_posterior_type gnl_posterior_planar = {
    .kind = {.name = "planar",
             .options = &table,
             .help = "planar flow from a diagonal Gaussian, with numbers from the encoder",
             .work_new = work_new},
    .heads = heads,
    .noise = noise,
    .draw = draw,
    .draw_backward = draw_backward,
    .draws_density = true,
    .mean = mean,
    .logvar = logvar,
};
