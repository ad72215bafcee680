/* SPDX-License-Identifier: MIT */
/*
 * Reparametrized weights: spectral norm (Miyato et al. 2018) and weight norm (Salimans and Kingma 2016). An exec
 * computes the effective weight once for each forward pass, and layers use it. After a backward or penalty pass, the
 * gradient by the effective weight is converted to gradients by the trained tensors. docs/derivations/reparam.md has
 * the formulas.
 */
#include <tgmath.h>

#include "net/exec_priv.h"

enum { INITIAL_ITERATIONS = 15 }; /* power iterations at initialization */

/* A row of weight norm shorter than this, and a weight of spectral norm with a smaller |sigma|, has no direction. Its
 * effective weight is set to zero and gets no gradient, because the quotient would be arbitrarily large. */
static const double TINY = 1e-12;

/* Returns the offset of the inner numbers of row r at index `outer`. */
static int64_t offset_of(const gnl_matrix *m, int64_t outer, int64_t r)
{
    return (outer * m->n + r) * m->inner;
}

bool gnl_reparam_param(const gnl_param *of, int index, gnl_param *out)
{
    int64_t n = of->shape.dim[of->axis];
    bool norm = of->reparam != GNL_REPARAM_SPECTRAL;
    *out = (gnl_param){.name = index ? "weight_v" : "weight_u",
                       .shape = {1, {index ? gnl_shape_count(&of->shape) / n : n}},
                       .init = {GNL_INIT_NORMAL, 1, 1, 1},
                       .state = true};
    if (norm) {
        *out = (gnl_param){.name = "weight_g",
                           .shape = of->shape,
                           .init = {GNL_INIT_CONSTANT, 1, 1, 1},
                           .state = of->reparam == GNL_REPARAM_FIXED};
        for (int32_t i = 0; i < of->shape.ndim; i++)
            out->shape.dim[i] = i == of->axis ? n : 1;
    }
    return index < (norm ? 1 : 2);
}

/* ---- spectral norm --------------------------------------------------------------------------- */

/* Scales x to length 1. A zero vector becomes a unit vector with equal elements, so that the power iteration can
 * continue when the weight is no longer zero. */
static void normalize(const gnl_matrix *m, int64_t count, gnl_real *x)
{
    const double length = sqrt(m->k->dot(count, x, x));
    if (length >= TINY)
        m->k->scale(count, (gnl_real)(1 / length), x, x);
    for (int64_t i = 0; length < TINY && i < count; i++)
        x[i] = (gnl_real)(1 / sqrt((double)count));
}

/* Returns the product of row r with v. */
static double row_times(const gnl_matrix *m, const gnl_real *w, const gnl_real *v, int64_t r)
{
    double sum = 0;
    for (int64_t i = 0; i < m->outer; i++)
        sum += m->k->dot(m->inner, w + offset_of(m, i, r), v + i * m->inner);
    return sum;
}

/* One power iteration: u = W v and v = W^T u, each normalized. */
static void power_iteration(const gnl_matrix *m, const gnl_real *w, gnl_real *u, gnl_real *v)
{
    for (int64_t r = 0; r < m->n; r++)
        u[r] = (gnl_real)row_times(m, w, v, r);
    normalize(m, m->n, u);
    memset(v, 0, (size_t)(m->outer * m->inner) * sizeof *v);
    for (int64_t i = 0; i < m->outer; i++)
        for (int64_t r = 0; r < m->n; r++)
            m->k->axpy(m->inner, u[r], w + offset_of(m, i, r), v + i * m->inner);
    normalize(m, m->outer * m->inner, v);
}

/* Computes sigma and the effective weight. Copies of u and v are normalized first, because an average of weights also
 * averages u and v. */
static void compute_spectral(const gnl_matrix *m, const gnl_real *w, const gnl_real *u, const gnl_real *v,
                             gnl_reparam *p)
{
    double sigma = 0;
    memcpy(p->u, u, (size_t)m->n * sizeof *u);
    memcpy(p->v, v, (size_t)(m->outer * m->inner) * sizeof *v);
    normalize(m, m->n, p->u);
    normalize(m, m->outer * m->inner, p->v);
    for (int64_t r = 0; r < m->n; r++)
        sigma += (double)p->u[r] * row_times(m, w, p->v, r);
    p->sigma = fabs(sigma) < TINY ? 0 : sigma;
    m->k->scale(p->weight->count, (gnl_real)(p->sigma == 0 ? 0 : 1 / sigma), w, p->effective);
}

/* dW += (G - <G, W/sigma> u v^T) / sigma, where G is the gradient by the effective weight. u and v are constants. */
static void add_spectral_gradient(const gnl_matrix *m, const gnl_reparam *p, gnl_real *dw)
{
    if (p->sigma == 0)
        return;
    double projection = m->k->dot(p->weight->count, p->grad, p->effective) / p->sigma;
    m->k->axpy(p->weight->count, (gnl_real)(1 / p->sigma), p->grad, dw);
    for (int64_t i = 0; i < m->outer; i++)
        for (int64_t r = 0; r < m->n; r++)
            m->k->axpy(m->inner, (gnl_real)(-projection * (double)p->u[r]), p->v + i * m->inner,
                       dw + offset_of(m, i, r));
}

/* ---- weight norm ----------------------------------------------------------------------------- */

/* Returns <a, b> over row r. */
static double row_dot(const gnl_matrix *m, const gnl_real *a, const gnl_real *b, int64_t r)
{
    double sum = 0;
    for (int64_t i = 0; i < m->outer; i++)
        sum += m->k->dot(m->inner, a + offset_of(m, i, r), b + offset_of(m, i, r));
    return sum;
}

static void compute_weight_norm(const gnl_matrix *m, const gnl_real *w, const gnl_real *g, gnl_real *effective)
{
    for (int64_t r = 0; r < m->n; r++) {
        const double length = sqrt(row_dot(m, w, w, r));
        gnl_real scale = (gnl_real)(length < TINY ? 0 : (double)g[r] / length);
        for (int64_t i = 0; i < m->outer; i++)
            m->k->scale(m->inner, scale, w + offset_of(m, i, r), effective + offset_of(m, i, r));
    }
}

/* dg += <G, w>/|w| and dw += g/|w| (G - <G, w>/|w|^2 w), row by row. dw or dg may be NULL: not requested. */
static void add_weight_norm_gradients(const gnl_matrix *m, const gnl_reparam *p, const gnl_real *w, const gnl_real *g,
                                      gnl_real *dw, gnl_real *dg)
{
    for (int64_t r = 0; r < m->n; r++) {
        double norm = sqrt(row_dot(m, w, w, r));
        if (norm < TINY)
            continue;
        double projection = row_dot(m, p->grad, w, r) / norm;
        gnl_real scale = (gnl_real)((double)g[r] / norm), back = (gnl_real)(-(double)g[r] * projection / (norm * norm));
        if (dg)
            dg[r] += (gnl_real)projection;
        for (int64_t i = 0; dw && i < m->outer; i++) {
            m->k->axpy(m->inner, scale, p->grad + offset_of(m, i, r), dw + offset_of(m, i, r));
            m->k->axpy(m->inner, back, w + offset_of(m, i, r), dw + offset_of(m, i, r));
        }
    }
}

/* ---- nets and execs -------------------------------------------------------------------------- */

void gnl_reparam_init(const genlat_net *net, const gnl_weight *weight)
{
    if (!weight->auxiliary)
        return;
    const gnl_matrix m = gnl_matrix_of(net, &weight->param);
    const gnl_real *w = net->value + weight->offset;
    gnl_real *first = gnl_net_weight_data(net, weight->auxiliary);
    if (weight->param.reparam != GNL_REPARAM_SPECTRAL) {
        for (int64_t r = 0; r < m.n; r++)
            first[r] = (gnl_real)sqrt(row_dot(&m, w, w, r));
        return;
    }
    for (int i = 0; i < INITIAL_ITERATIONS; i++)
        power_iteration(&m, w, first, gnl_net_weight_data(net, weight->auxiliary + 1));
}

/* Assigns memory at `from` to each reparametrized weight. Returns the numbers needed. from NULL: only counts. */
static int64_t assign_memory(genlat_exec *exec, gnl_real *from)
{
    int64_t used = 0;
    exec->reparams = 0;
    for (int i = 0; i < exec->net->weights; i++) {
        const gnl_weight *w = &exec->net->weight[i];
        if (!w->auxiliary)
            continue;
        const int64_t rows = w->param.shape.dim[w->param.axis], columns = w->count / rows;
        const int64_t count = gnl_padded(w->count), n = gnl_padded(rows);
        const bool spectral = w->param.reparam == GNL_REPARAM_SPECTRAL;
        gnl_real *at = from ? from + used : NULL;
        if (at)
            exec->reparam[exec->reparams] = (gnl_reparam){.weight = w,
                                                          .effective = at,
                                                          .grad = at + count,
                                                          .u = spectral ? at + 2 * count : NULL,
                                                          .v = spectral ? at + 2 * count + n : NULL};
        used += 2 * count + (spectral ? n + gnl_padded(columns) : 0);
        exec->reparams++;
    }
    return used;
}

genlat_status gnl_reparam_alloc(genlat_exec *exec)
{
    genlat_ctx *ctx = exec->object.ctx;
    int64_t numbers = assign_memory(exec, NULL);
    if (!exec->reparams)
        return GENLAT_OK;
    exec->reparam = gnl_calloc(ctx, (size_t)exec->reparams, sizeof *exec->reparam);
    exec->effective = gnl_calloc(ctx, (size_t)numbers, sizeof *exec->effective);
    if (!exec->reparam || !exec->effective)
        return GENLAT_E_MEMORY;
    (void)assign_memory(exec, exec->effective);
    return GENLAT_OK;
}

void gnl_reparam_compute(genlat_exec *exec, gnl_mode mode)
{
    const genlat_net *net = exec->net;
    for (int i = 0; i < exec->reparams; i++) {
        gnl_reparam *p = &exec->reparam[i];
        const gnl_matrix m = gnl_matrix_of(net, &p->weight->param);
        const gnl_real *w = net->value + p->weight->offset;
        gnl_real *first = gnl_net_weight_data(net, p->weight->auxiliary);
        if (!p->u) {
            compute_weight_norm(&m, w, first, p->effective);
            continue;
        }
        gnl_real *v = gnl_net_weight_data(net, p->weight->auxiliary + 1);
        if (mode == GNL_TRAIN && !exec->held)
            power_iteration(&m, w, first, v);
        compute_spectral(&m, w, first, v, p);
    }
}

void gnl_reparam_begin(const genlat_exec *exec)
{
    for (int i = 0; i < exec->reparams; i++)
        memset(exec->reparam[i].grad, 0, (size_t)exec->reparam[i].weight->count * sizeof(gnl_real));
}

static gnl_real *grad_of(const genlat_net *net, const gnl_weight *w)
{
    return w->frozen || w->param.state ? NULL : net->grad + w->offset;
}

void gnl_reparam_end(const genlat_exec *exec)
{
    const genlat_net *net = exec->net;
    for (int i = 0; i < exec->reparams; i++) {
        const gnl_reparam *p = &exec->reparam[i];
        const gnl_weight *auxiliary = &net->weight[p->weight->auxiliary];
        const gnl_matrix m = gnl_matrix_of(net, &p->weight->param);
        gnl_real *dw = grad_of(net, p->weight);
        if (!p->u)
            add_weight_norm_gradients(&m, p, net->value + p->weight->offset,
                                      gnl_net_weight_data(net, p->weight->auxiliary), dw, grad_of(net, auxiliary));
        else if (dw)
            add_spectral_gradient(&m, p, dw);
    }
}
