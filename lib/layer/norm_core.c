/* SPDX-License-Identifier: MIT */
/*
 * Let m be the mean, r = 1/sqrt(variance + epsilon), h = r (x - m), and <> the mean over a group of c elements:
 *   y = w h + b,  dh/dx = r P,  P v = v - <v> - h <h v>. P is symmetric; without centering the term <v> is omitted.
 * docs/derivations/normalization.md contains the derivation. The functions below refer to its formulas.
 */
#include <tgmath.h>

#include "layer/norm_priv.h"

/* ---- arrays ---------------------------------------------------------------------------------------- */

static int64_t total(const gnl_norm *n)
{
    return n->outer * n->channels * n->plane;
}

static int64_t groups(const gnl_norm *n)
{
    return n->group ? total(n) / GNL_MAX(n->group, 1) : n->channels;
}

static double group_size(const gnl_norm *n)
{
    return (double)(n->group ? n->group : n->outer * n->plane);
}

int64_t gnl_norm_cache(const gnl_norm *n)
{
    return 2 * groups(n);
}

static gnl_real *mean_of(const gnl_norm *n)
{
    return n->step->cache;
}

static gnl_real *inverse_of(const gnl_norm *n)
{
    return n->step->cache + groups(n);
}

/* Contiguous groups store h or its tangent for the sums over channels, and one group per worker. */
int64_t gnl_norm_scratch(const gnl_norm *n, bool affine, int threads)
{
    return n->group && affine ? total(n) + threads * n->group : 0;
}

static gnl_real *worker_scratch(const gnl_norm *n, int worker)
{
    return n->group && n->weight ? n->step->scratch + total(n) + worker * n->group : NULL;
}

static gnl_norm_bundle bundle_at(const gnl_norm *n, int64_t index)
{
    return n->group ? (gnl_norm_bundle){index * n->group, 1, n->group, 0, index, 1} : gnl_norm_channel_bundle(n, index);
}

/* ---- affine map ------------------------------------------------------------------------------------ */

/* Returns the weight to include in the factors of the mix: groups over the whole batch have one weight each. For other
 * groups times_weight() applies the weights. */
static gnl_real gain_of(const gnl_norm *n, int64_t group)
{
    return !n->group && n->weight ? n->weight[group] : 1;
}

/* out = w v over the channels of a contiguous group; out may be v. Otherwise returns v. */
static const gnl_real *times_weight(const gnl_norm *n, const gnl_norm_bundle *b, const gnl_real *v, gnl_real *out)
{
    const gnl_kernels *k = n->step->compute.k;
    if (!n->group || !n->weight)
        return v;
    const gnl_real *weight = n->weight + b->offset / n->plane % n->channels;
    if (n->plane == 1)
        k->mul(n->group, v, weight, out);
    else
        for (int64_t c = 0; c < n->group / n->plane; c++)
            k->scale(n->plane, weight[c], v + c * n->plane, out + c * n->plane);
    return out;
}

static void plus_bias(const gnl_norm *n, const gnl_norm_bundle *b, gnl_real *y)
{
    if (n->group && n->bias)
        n->step->compute.k->add_bias(1, n->group / n->plane, n->plane, n->bias + b->offset / n->plane % n->channels, y);
}

/* dw += sum v h and db += sum v over each channel. The bundles have stored h in the scratch. */
static void channel_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const gnl_norm *n = arg;
    const gnl_real *v = n->step->dy;
    for (int64_t i = begin; i < end; i++) {
        gnl_norm_bundle b = gnl_norm_channel_bundle(n, i);
        gnl_norm_sums s;
        gnl_norm_sum(n, &b, v + b.offset, n->step->scratch + b.offset, gnl_norm_zeros, gnl_norm_zeros, &s);
        for (int64_t k = 0; k < b.width; k++) {
            if (n->dweight)
                n->dweight[b.first + k] += (gnl_real)s.pq[k];
            if (n->dbias)
                n->dbias[b.first + k] += (gnl_real)s.p[k];
        }
    }
}

/* ---- forward --------------------------------------------------------------------------------------- */

/* Uses the unbiased variance, as PyTorch does. A group of one element has none and changes nothing. */
static void update_running(const gnl_norm *n, int64_t group, double mean, double variance)
{
    const double c = group_size(n), unbiased = variance * c / (c - 1);
    if (c < 2)
        return;
    gnl_real share = (gnl_real)n->momentum;
    n->running_mean[group] += share * ((gnl_real)mean - n->running_mean[group]);
    n->running_var[group] += share * ((gnl_real)unbiased - n->running_var[group]);
}

/* Computes mean and inverse deviation. Sums are relative to the first element of each group, since the squares of large
 * numbers would cancel. */
static void compute_statistics(const gnl_norm *n, const gnl_norm_bundle *b)
{
    const gnl_real *x = n->step->x[0] + b->offset, *shift = n->centered ? x : gnl_norm_zeros;
    gnl_norm_sums s;
    gnl_norm_sum(n, b, x, x, shift, shift, &s);
    for (int64_t k = 0; k < b->width; k++) {
        double mean = s.p[k] / group_size(n), square = s.pq[k] / group_size(n);
        double variance = n->centered ? square - mean * mean : square;
        variance = variance < 0 ? 0 : variance;
        mean = n->centered ? mean + (double)shift[k] : 0;
        mean_of(n)[b->first + k] = (gnl_real)mean;
        inverse_of(n)[b->first + k] = (gnl_real)(1 / sqrt(variance + n->epsilon));
        if (n->running_mean)
            update_running(n, b->first + k, mean, variance);
    }
}

static void load_statistics(const gnl_norm *n, const gnl_norm_bundle *b)
{
    for (int64_t k = b->first; k < b->first + b->width; k++) {
        mean_of(n)[k] = n->running_mean[k];
        inverse_of(n)[k] = (gnl_real)(1 / sqrt((double)n->running_var[k] + n->epsilon));
    }
}

/* y = w r (x - m) + b */
static void forward_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const gnl_norm *n = arg;
    for (int64_t i = begin; i < end; i++) {
        gnl_norm_bundle b = bundle_at(n, i);
        gnl_norm_mix m = {0};
        if (n->fixed)
            load_statistics(n, &b);
        else if (!n->step->recompute)
            compute_statistics(n, &b);
        for (int64_t k = 0; k < b.width; k++) {
            m.x[k] = gain_of(n, b.first + k) * inverse_of(n)[b.first + k];
            m.one[k] = !n->group && n->bias ? n->bias[b.first + k] : 0;
        }
        const gnl_real *x = n->step->x[0] + b.offset;
        gnl_real *y = n->step->y + b.offset;
        gnl_norm_mix_in(n, &b, &m, mean_of(n) + b.first, x, x, GNL_SET, y);
        times_weight(n, &b, y, y);
        plus_bias(n, &b, y);
    }
}

/* ---- backward -------------------------------------------------------------------------------------- */

typedef enum gain { WITHOUT_GAIN, WITH_GAIN } gain;

/* Computes the factors of gain r P v from the sums of v and of v (x - m). */
static void project(const gnl_norm *n, const gnl_norm_bundle *b, const gnl_norm_sums *s, gain use, gnl_norm_mix *m)
{
    memset(m, 0, sizeof *m);
    for (int64_t k = 0; k < b->width; k++) {
        gnl_real r = inverse_of(n)[b->first + k], factor = use == WITH_GAIN ? r * gain_of(n, b->first + k) : r;
        m->p[k] = factor;
        if (n->fixed)
            continue;
        m->one[k] = n->centered ? -factor * (gnl_real)(s->p[k] / group_size(n)) : 0;
        m->x[k] = -factor * r * r * (gnl_real)(s->pq[k] / group_size(n));
    }
}

/* Stores h in the scratch, for the sums over channels. */
static void store_normalised(const gnl_norm *n, const gnl_norm_bundle *b)
{
    gnl_norm_mix m = {.x = {inverse_of(n)[b->first]}};
    const gnl_real *x = n->step->x[0] + b->offset;
    if (n->group && (n->dweight || n->dbias))
        gnl_norm_mix_in(n, b, &m, mean_of(n) + b->first, x, x, GNL_SET, n->step->scratch + b->offset);
}

/* A group over the whole batch is a channel, so its sums are the gradients. */
static void add_gradients(const gnl_norm *n, const gnl_norm_bundle *b, const gnl_norm_sums *s)
{
    for (int64_t k = 0; !n->group && k < b->width; k++) {
        if (n->dweight)
            n->dweight[b->first + k] += inverse_of(n)[b->first + k] * (gnl_real)s->pq[k];
        if (n->dbias)
            n->dbias[b->first + k] += (gnl_real)s->p[k];
    }
}

/* dx = r P (w dy),  dw = sum dy h,  db = sum dy */
static void backward_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const gnl_norm *n = arg;
    const gnl_step *step = n->step;
    for (int64_t i = begin; i < end; i++) {
        gnl_norm_bundle b = bundle_at(n, i);
        const gnl_real *x = step->x[0] + b.offset, *v = step->dy + b.offset;
        gnl_real *dx = step->dx[0] ? step->dx[0] + b.offset : NULL;
        gnl_norm_sums s;
        gnl_norm_mix m;
        store_normalised(n, &b);
        if (n->group && !dx)
            continue;
        v = times_weight(n, &b, v, dx);
        gnl_norm_sum(n, &b, v, x, gnl_norm_zeros, mean_of(n) + b.first, &s);
        add_gradients(n, &b, &s);
        project(n, &b, &s, WITH_GAIN, &m);
        if (dx)
            gnl_norm_mix_in(n, &b, &m, mean_of(n) + b.first, v, x, GNL_SET, dx);
    }
}

/* ---- tangents -------------------------------------------------------------------------------------- */

/* ty = w r P tx */
static void jvp_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const gnl_norm *n = arg;
    for (int64_t i = begin; i < end; i++) {
        gnl_norm_bundle b = bundle_at(n, i);
        const gnl_real *x = n->step->x[0] + b.offset, *t = n->step->tx[0] + b.offset;
        gnl_real *ty = n->step->ty + b.offset;
        gnl_norm_sums s;
        gnl_norm_mix m;
        gnl_norm_sum(n, &b, t, x, gnl_norm_zeros, mean_of(n) + b.first, &s);
        project(n, &b, &s, WITH_GAIN, &m);
        gnl_norm_mix_in(n, &b, &m, mean_of(n) + b.first, t, x, GNL_SET, ty);
        times_weight(n, &b, ty, ty);
    }
}

/* With v = w dty, t = tx and S = <v t> - <v><t> - <v h><t h>, s = r c S: dx += -r^2 (<t h> P v + <v h> P t + h S). For
 * a weight that is constant in the group, dw += r c S / w. The first mix has all terms except t itself, which the
 * second adds. */
static void second_factors(const gnl_norm *n, const gnl_norm_bundle *b, const gnl_norm_sums *vx,
                           const gnl_norm_sums *tx, const gnl_norm_sums *vt, gnl_norm_mix *first, gnl_norm_mix *second)
{
    const double c = group_size(n);
    memset(first, 0, sizeof *first);
    memset(second, 0, sizeof *second);
    for (int64_t k = 0; k < b->width; k++) {
        double r = (double)inverse_of(n)[b->first + k], scale = (double)gain_of(n, b->first + k) * r * r;
        double v = n->centered ? vx->p[k] / c : 0, t = n->centered ? tx->p[k] / c : 0;
        double vh = r * vx->pq[k] / c, th = r * tx->pq[k] / c;
        if (n->fixed)
            v = t = vh = th = scale = 0;
        double covariance = vt->pq[k] / c - v * t - vh * th;
        first->p[k] = (gnl_real)(-scale * th);
        first->one[k] = (gnl_real)(scale * (th * v + vh * t));
        first->x[k] = (gnl_real)(scale * r * (2 * vh * th - covariance));
        second->p[k] = (gnl_real)(-scale * vh);
        if (!n->group && n->dweight)
            n->dweight[b->first + k] += (gnl_real)(r * c * covariance);
    }
}

/* Stores the tangent of h in the scratch, for the sums over channels. */
static void store_tangent(const gnl_norm *n, const gnl_norm_bundle *b, const gnl_norm_sums *tx)
{
    gnl_norm_mix m;
    if (!n->group || !n->dweight)
        return;
    project(n, b, tx, WITHOUT_GAIN, &m);
    gnl_norm_mix_in(n, b, &m, mean_of(n) + b->first, n->step->tx[0] + b->offset, n->step->x[0] + b->offset, GNL_SET,
                    n->step->scratch + b->offset);
}

static void second_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const gnl_norm *n = arg;
    const gnl_step *step = n->step;
    for (int64_t i = begin; i < end; i++) {
        gnl_norm_bundle b = bundle_at(n, i);
        const gnl_real *x = step->x[0] + b.offset, *t = step->tx[0] + b.offset, *mean = mean_of(n) + b.first;
        const gnl_real *v = times_weight(n, &b, step->dty + b.offset, worker_scratch(n, worker));
        gnl_norm_sums vx, tx, vt;
        gnl_norm_mix first, second;
        gnl_norm_sum(n, &b, v, x, gnl_norm_zeros, mean, &vx);
        gnl_norm_sum(n, &b, t, x, gnl_norm_zeros, mean, &tx);
        gnl_norm_sum(n, &b, v, t, gnl_norm_zeros, gnl_norm_zeros, &vt);
        second_factors(n, &b, &vx, &tx, &vt, &first, &second);
        if (step->dx[0]) {
            gnl_norm_mix_in(n, &b, &first, mean, v, x, GNL_ADD, step->dx[0] + b.offset);
            gnl_norm_mix_in(n, &b, &second, mean, t, x, GNL_ADD, step->dx[0] + b.offset);
        }
        store_tangent(n, &b, &tx);
        project(n, &b, &vx, WITH_GAIN, &first);
        if (step->dtx[0])
            gnl_norm_mix_in(n, &b, &first, mean, v, x, GNL_SET, step->dtx[0] + b.offset);
    }
}

/* ---- interface of norm.c ------------------------------------------------------------------------------- */

static int64_t bundles(const gnl_norm *n)
{
    return n->group ? groups(n) : gnl_norm_channel_bundles(n);
}

void gnl_norm_forward(const gnl_norm *n)
{
    gnl_norm_over(n, bundles(n), forward_task);
}

void gnl_norm_backward(const gnl_norm *n)
{
    gnl_norm_over(n, bundles(n), backward_task);
    if (n->group && (n->dweight || n->dbias))
        gnl_norm_over(n, gnl_norm_channel_bundles(n), channel_task);
}

void gnl_norm_jvp(const gnl_norm *n)
{
    gnl_norm_over(n, bundles(n), jvp_task);
}

/* The tangent does not contain the bias. */
void gnl_norm_jvp_backward(const gnl_norm *n)
{
    gnl_step step = *n->step;
    gnl_norm tangent = *n;
    gnl_norm_over(n, bundles(n), second_task);
    step.dy = step.dty;
    tangent.step = &step;
    tangent.dbias = NULL;
    if (n->group && n->dweight)
        gnl_norm_over(&tangent, gnl_norm_channel_bundles(n), channel_task);
}
