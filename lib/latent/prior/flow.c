/* SPDX-License-Identifier: MIT */
/*
 * A flow of affine coupling layers (Dinh, Sohl-Dickstein and Bengio, Density estimation using Real NVP, 2017). Layers
 * map a code z to u, whose prior is N(0,I); samples are mapped by the inverse. A layer keeps every other dimension,
 * and scales and shifts the others by functions of those that it keeps. See docs/derivations/flow.md.
 */
#include <tgmath.h>

#include "latent/latent_priv.h"

enum { DENSE = 3 }; /* dense layers of a coupling layer */
enum { NUMBERS = 2 * DENSE };

static const double LOG_TWO_PI = 1.83787706640934548356;

typedef gnl_flow_opts flow_opts;

static const gnl_option options[] = {
    GNL_OPT_INT(flow_opts, layers, 6, 1, 1024, "number of coupling layers"),
    GNL_OPT_INT(flow_opts, width, 64, 1, 65536, "units in each of the two hidden layers of a coupling layer"),
    GNL_OPT_REAL(flow_opts, scale, 1, 0, 10, "largest absolute log of the factor of a dimension in a coupling layer"),
};
static const gnl_options_table table = {"flow", sizeof(flow_opts), options, GNL_COUNT(options)};

static const flow_opts *opts_of(const gnl_prior *p)
{
    return gnl_kind_opts(&p->kind);
}

/* ---- dense layers ---------------------------------------------------------------------------- */

/* Returns the inputs of dense layer i for i < DENSE, and the outputs of the last for i = DENSE: first the logs of the
 * factors, then the shifts. */
static int64_t units(const flow_opts *o, int64_t dims, int i)
{
    return i == 0 ? dims : i == DENSE ? 2 * dims : o->width;
}

/* Weights of all coupling layers are one tensor. The last dense layer starts at 0, so that the flow is the identity. */
static int params(const void *opts, int64_t dims, const gnl_shape *data, gnl_param *param)
{
    static const char *const names[] = {"in.weight",   "in.bias",    "hidden.weight",
                                        "hidden.bias", "out.weight", "out.bias"};
    const flow_opts *o = opts;
    (void)data;
    for (int i = 0; i < DENSE; i++) {
        const int64_t in = units(o, dims, i), out = units(o, dims, i + 1);
        const bool last = i == DENSE - 1;
        param[2 * i] = (gnl_param){.name = names[2 * i],
                                   .shape = {3, {o->layers, out, in}},
                                   .init = {last ? GNL_INIT_CONSTANT : GNL_INIT_GLOROT_UNIFORM, last ? 0 : 1, in, out}};
        param[2 * i + 1] = (gnl_param){
            .name = names[2 * i + 1], .shape = {2, {o->layers, out}}, .init = {GNL_INIT_CONSTANT, 0, in, out}};
    }
    return NUMBERS;
}

typedef struct dense {
    int64_t in, out;
    const gnl_real *weight, *bias;
    gnl_real *dweight, *dbias;
} dense;

static dense dense_of(const gnl_prior *p, int64_t layer, int i)
{
    const int64_t in = units(opts_of(p), p->kind.dims, i), out = units(opts_of(p), p->kind.dims, i + 1);
    const gnl_numbers *own = &p->kind.numbers;
    return (dense){in,
                   out,
                   gnl_numbers_data(own, 2 * i) + layer * in * out,
                   gnl_numbers_data(own, 2 * i + 1) + layer * out,
                   gnl_numbers_grad(own, 2 * i) + layer * in * out,
                   gnl_numbers_grad(own, 2 * i + 1) + layer * out};
}

static void forward_dense(const gnl_compute *c, const dense *d, int64_t rows, const gnl_real *x, gnl_real *y)
{
    gnl_gemm(c, GNL_AS_IS, GNL_TRANSPOSED, rows, d->out, d->in, 1, x, d->in, d->weight, d->in, 0, y, d->out);
    c->k->add_bias(rows, d->out, 1, d->bias, y);
}

static void backward_dense(const gnl_compute *c, const dense *d, int64_t rows, const gnl_real *x, const gnl_real *dy,
                           gnl_real *dx)
{
    gnl_gemm(c, GNL_TRANSPOSED, GNL_AS_IS, d->out, d->in, rows, 1, dy, d->out, x, d->in, 1, d->dweight, d->in);
    c->k->sum_bias(rows, d->out, 1, dy, d->dbias);
    gnl_gemm(c, GNL_AS_IS, GNL_AS_IS, rows, d->in, d->out, 1, dy, d->out, d->weight, d->in, 0, dx, d->in);
}

/* ---- workspace ------------------------------------------------------------------------------- */

/* What the backward pass reads of each coupling layer, and the code that all layers change in turn. */
typedef struct work {
    double *factor;                   /* [rows] */
    gnl_real *code;                   /* [rows,dims] input of a layer, then its output */
    gnl_real *kept;                   /* [layers,rows,dims] inputs of the layers */
    gnl_real *masked;                 /* [rows,dims] input of the first dense layer */
    gnl_real *hidden[DENSE - 1];      /* [layers,rows,width] */
    gnl_real *out;                    /* [layers,rows,2*dims] tanh of the first half, and shifts */
    gnl_real *dcode, *dmasked, *dout; /* derivatives, like code, masked, and out of one layer */
    gnl_real *dhidden[DENSE - 1];     /* [rows,width] */
} work;

static genlat_status work_new(const gnl_kind *kind, const gnl_latents *latents, const gnl_latent_env *env, void **out)
{
    const flow_opts *o = gnl_kind_opts(kind);
    const size_t rows = (size_t)env->rows, all = rows * (size_t)o->layers, d = (size_t)kind->dims, n = (size_t)o->width;
    work w, *to = NULL;
    gnl_real **const array[] = {&w.code,  &w.kept,    &w.masked, &w.hidden[0],  &w.hidden[1], &w.out,
                                &w.dcode, &w.dmasked, &w.dout,   &w.dhidden[0], &w.dhidden[1]};
    const size_t count[] = {rows * d, all * d,  rows * d,     all * n,  all * n, all * 2 * d,
                            rows * d, rows * d, rows * 2 * d, rows * n, rows * n};
    size_t numbers = 0;
    (void)latents;
    for (size_t i = 0; i < GNL_COUNT(count); i++)
        numbers += count[i];
    to = gnl_alloc(env->ctx, 1, sizeof w + rows * sizeof(double) + numbers * sizeof(gnl_real));
    if (!to)
        return GENLAT_E_MEMORY;
    w.factor = (double *)(void *)(to + 1);
    gnl_real *at = (gnl_real *)(void *)(w.factor + rows);
    for (size_t i = 0; i < GNL_COUNT(count); i++) {
        *array[i] = at;
        at += count[i];
    }
    *to = w;
    *out = to;
    return GENLAT_OK;
}

/* ---- one coupling layer ---------------------------------------------------------------------- */

static bool is_kept(int64_t layer, int64_t dim)
{
    return (dim + layer) % 2 == 0;
}

static void mask(int64_t layer, int64_t rows, int64_t dims, const gnl_real *x, gnl_real *out)
{
    for (int64_t i = 0; i < rows * dims; i++)
        out[i] = is_kept(layer, i % dims) ? x[i] : 0;
}

/* Computes the tanh of the logs of the factors, and the shifts, [rows,2*dims]. Returns them. */
static gnl_real *run_dense(const gnl_prior *p, const gnl_compute *c, const work *w, int64_t layer, int64_t rows)
{
    const int64_t dims = p->kind.dims, width = opts_of(p)->width;
    gnl_real *out = w->out + layer * rows * 2 * dims;
    const gnl_real *in = w->masked;
    mask(layer, rows, dims, w->code, w->masked);
    for (int i = 0; i < DENSE; i++) {
        const dense d = dense_of(p, layer, i);
        gnl_real *y = i == DENSE - 1 ? out : w->hidden[i] + layer * rows * width;
        forward_dense(c, &d, rows, in, y);
        for (int64_t r = 0; r < rows; r++) /* all units of hidden layers, and the factors */
            c->k->act[GNL_ACT_TANH](i == DENSE - 1 ? dims : width, 1, y + r * d.out, y + r * d.out);
        in = y;
    }
    return out;
}

/* Maps w->code [rows,dims] by a layer, and adds the log-determinants to logdet [rows]. */
static void map(const gnl_prior *p, const gnl_compute *c, const work *w, int64_t layer, int64_t rows, double *logdet)
{
    const int64_t dims = p->kind.dims;
    const gnl_real *out = run_dense(p, c, w, layer, rows), scale = (gnl_real)opts_of(p)->scale;
    memcpy(w->kept + layer * rows * dims, w->code, (size_t)(rows * dims) * sizeof *w->code);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t d = is_kept(layer, 0); d < dims; d += 2) {
            const gnl_real s = scale * out[r * 2 * dims + d], shift = out[(r * 2 + 1) * dims + d];
            w->code[r * dims + d] = w->code[r * dims + d] * exp(s) + shift;
            logdet[r] += (double)s;
        }
}

/* Maps one code by the inverse of a layer. */
static void map_back(const gnl_prior *p, const gnl_compute *c, const work *w, int64_t layer)
{
    const int64_t dims = p->kind.dims;
    const gnl_real *out = run_dense(p, c, w, layer, 1), scale = (gnl_real)opts_of(p)->scale;
    for (int64_t d = is_kept(layer, 0); d < dims; d += 2)
        w->code[d] = (w->code[d] - out[dims + d]) * exp(-scale * out[d]);
}

/* ---- density --------------------------------------------------------------------------------- */

/* Maps z to u in w->code, and computes the log-determinants. */
static void map_all(const gnl_prior *p, const gnl_code *c, const gnl_real *z, double *logdet)
{
    const work *w = gnl_kind_work(&p->kind, c);
    memcpy(w->code, z, (size_t)(c->rows * c->dims) * sizeof *z);
    for (int64_t r = 0; r < c->rows; r++)
        logdet[r] = 0;
    for (int64_t layer = 0; layer < opts_of(p)->layers; layer++)
        map(p, &c->compute, w, layer, c->rows, logdet);
}

static void log_density(const gnl_prior *p, const gnl_code *c, const gnl_real *z, double *out)
{
    const gnl_real *u = ((const work *)gnl_kind_work(&p->kind, c))->code;
    map_all(p, c, z, out);
    for (int64_t r = 0; r < c->rows; r++)
        out[r] -= 0.5 * ((double)c->dims * LOG_TWO_PI + c->compute.k->dot(c->dims, u + r * c->dims, u + r * c->dims));
}

/* ---- derivatives ----------------------------------------------------------------------------- */

/* Changes w->dcode from derivatives by the output of a layer to those by its input, without what comes through the
 * factors and shifts. Stores the derivatives by their dense layer in w->dout. */
static void back_affine(const gnl_prior *p, const gnl_code *c, const work *w, int64_t layer, const double *factor)
{
    const int64_t dims = c->dims;
    const gnl_real *x = w->kept + layer * c->rows * dims, *out = w->out + layer * c->rows * 2 * dims;
    const gnl_real scale = (gnl_real)opts_of(p)->scale;
    memset(w->dout, 0, (size_t)(c->rows * 2 * dims) * sizeof *w->dout);
    for (int64_t r = 0; r < c->rows; r++)
        for (int64_t d = is_kept(layer, 0); d < dims; d += 2) {
            const gnl_real t = out[r * 2 * dims + d], e = exp(scale * t), dy = w->dcode[r * dims + d];
            const gnl_real ds = dy * x[r * dims + d] * e + (gnl_real)factor[r];
            w->dout[r * 2 * dims + d] = ds * scale * (1 - t * t);
            w->dout[(r * 2 + 1) * dims + d] = dy;
            w->dcode[r * dims + d] = dy * e;
        }
}

static void back_dense(const gnl_prior *p, const gnl_code *c, const work *w, int64_t layer)
{
    const int64_t rows = c->rows, dims = c->dims, n = rows * opts_of(p)->width;
    const gnl_real *dy = w->dout;
    mask(layer, rows, dims, w->kept + layer * rows * dims, w->masked);
    for (int i = DENSE - 1; i >= 0; i--) {
        const dense d = dense_of(p, layer, i);
        const gnl_real *x = i ? w->hidden[i - 1] + layer * n : w->masked;
        gnl_real *dx = i ? w->dhidden[i - 1] : w->dmasked;
        backward_dense(&c->compute, &d, rows, x, dy, dx);
        if (i)
            c->compute.k->act_backward[GNL_ACT_TANH](n, 1, x, x, dx, dx);
        dy = dx;
    }
    mask(layer, rows, dims, w->dmasked, w->dmasked);
    c->compute.k->add(rows * dims, w->dcode, w->dmasked, w->dcode);
}

static void log_density_backward(gnl_prior *p, const gnl_code *c, const gnl_real *z, double factor,
                                 const double *weight, gnl_real *dz)
{
    const work *w = gnl_kind_work(&p->kind, c);
    double *of_row = w->factor;
    map_all(p, c, z, of_row);
    for (int64_t r = 0; r < c->rows; r++) {
        of_row[r] = factor * (weight ? weight[r] : 1);
        c->compute.k->scale(c->dims, -(gnl_real)of_row[r], w->code + r * c->dims, w->dcode + r * c->dims);
    }
    for (int64_t layer = opts_of(p)->layers - 1; layer >= 0; layer--) {
        back_affine(p, c, w, layer, of_row);
        back_dense(p, c, w, layer);
    }
    c->compute.k->add(c->rows * c->dims, dz, w->dcode, dz);
}

/* ---- sampling -------------------------------------------------------------------------------- */

static void sample(const gnl_prior *p, const gnl_code *c, gnl_rng *rng, const gnl_prior_draw *draw, gnl_real *z)
{
    const work *w = gnl_kind_work(&p->kind, c);
    gnl_normal_draw(rng, draw, p->kind.dims, w->code);
    for (int64_t layer = opts_of(p)->layers - 1; layer >= 0; layer--)
        map_back(p, &c->compute, w, layer);
    memcpy(z, w->code, (size_t)p->kind.dims * sizeof *z);
}

const gnl_prior_type gnl_prior_flow = {
    .kind = {.name = "flow",
             .options = &table,
             .help = "affine coupling layers from N(0,I) (Real NVP)",
             .params = params,
             .work_new = work_new},
    .sample = sample,
    .log_density = log_density,
    .log_density_backward = log_density_backward,
};
