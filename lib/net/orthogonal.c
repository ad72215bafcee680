/* SPDX-License-Identifier: MIT */
/* Orthogonal regularization of weight matrices. docs/derivations/orthogonal.md derives two formulas: one from the
 * products of rows, and one from the products of columns, which is cheaper for matrices with fewer columns than
 * rows. */
#include "net/net_priv.h"

/* Excludes biases, embedding tables and running statistics, as weight decay does. */
static bool is_regularized(const gnl_weight *w)
{
    return w->param.decay && !w->param.state && w->param.shape.ndim > 1;
}

static bool has_fewer_columns(const gnl_matrix *m)
{
    return m->outer == 1 && m->inner < m->n;
}

static int64_t product_size(const gnl_matrix *m)
{
    return has_fewer_columns(m) ? m->inner : m->n;
}

int64_t gnl_net_orthogonal_space(const genlat_net *net)
{
    int64_t most = 0;
    for (int i = 0; i < net->weights; i++) {
        const gnl_matrix m = gnl_matrix_of(net, &net->weight[i].param);
        if (is_regularized(&net->weight[i])) /* also frozen weights, which may be trained later */
            most = GNL_MAX(most, product_size(&m) * product_size(&m));
    }
    return most;
}

/* dW += factor P W with P = W W^T without its diagonal. Returns |P|^2. p: workspace for P. */
static double add_by_rows(const gnl_matrix *m, const gnl_compute *c, gnl_real factor, const gnl_real *w, gnl_real *dw,
                          gnl_real *p)
{
    const int64_t n = m->n, block = m->n * m->inner;
    for (int64_t i = 0; i < m->outer; i++)
        gnl_gemm(c, GNL_AS_IS, GNL_TRANSPOSED, n, n, m->inner, 1, w + i * block, m->inner, w + i * block, m->inner,
                 i > 0, p, n);
    for (int64_t r = 0; r < n; r++)
        p[r * n + r] = 0;
    for (int64_t i = 0; i < m->outer; i++)
        gnl_gemm(c, GNL_AS_IS, GNL_AS_IS, n, m->inner, n, factor, p, n, w + i * block, m->inner, 1, dw + i * block,
                 m->inner);
    return c->k->dot(n * n, p, p);
}

/* dW += factor (W P - diag(|w_r|^2) W) with P = W^T W. Returns |P|^2 - sum_r |w_r|^4. p: workspace for P. */
static double add_by_columns(const gnl_matrix *m, const gnl_compute *c, gnl_real factor, const gnl_real *w,
                             gnl_real *dw, gnl_real *p)
{
    const int64_t k = m->inner;
    gnl_gemm(c, GNL_TRANSPOSED, GNL_AS_IS, k, k, m->n, 1, w, k, w, k, 0, p, k);
    gnl_gemm(c, GNL_AS_IS, GNL_AS_IS, m->n, k, k, factor, w, k, p, k, 1, dw, k);
    double total = c->k->dot(k * k, p, p);
    for (int64_t r = 0; r < m->n; r++) {
        double square = c->k->dot(k, w + r * k, w + r * k);
        c->k->axpy(k, -factor * (gnl_real)square, w + r * k, dw + r * k);
        total -= square * square;
    }
    return total;
}

double gnl_net_orthogonal(genlat_net *net, const gnl_compute *compute, double strength, gnl_real *space)
{
    double total = 0;
    for (int i = 0; i < net->weights; i++) {
        const gnl_weight *w = &net->weight[i];
        const gnl_matrix m = gnl_matrix_of(net, &w->param);
        if (is_regularized(w) && !w->frozen)
            total += (has_fewer_columns(&m) ? add_by_columns : add_by_rows)(
                &m, compute, (gnl_real)(2 * strength), net->value + w->offset, net->grad + w->offset, space);
    }
    return total / 2;
}
