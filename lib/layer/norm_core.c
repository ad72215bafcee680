/* SPDX-License-Identifier: MIT */
/*
 * With mean m, r = 1/sqrt(variance + epsilon), h = r (x - m) and <> the mean over a group of c elements:
 *   y = w h + b,  dh/dx = r P,  P v = v - <v> - h <h v>  (symmetric; <v> stays when the mean is not taken
 * off). docs/derivations has the steps; each function below names its formula.
 */
#include <tgmath.h>

#include "layer/norm_priv.h"

enum { WIDE = 32 /* groups side by side in one bundle */, LANES = 8 };

static const gnl_real zeros[WIDE];

/* A piece of work: `runs` stretches of `length` elements. They are one group (width 1), or element i of each
 * belongs to group first + i (width == length): channels of vectors, where a column at a time would be slow.
 */
typedef struct bundle {
    int64_t offset, runs, length, stride, first, width;
} bundle;

/* For each group of a bundle: sums of (p - a) and of (p - a)(q - b). */
typedef struct sums {
    double p[WIDE], pq[WIDE];
} sums;

/* For each group of a bundle: out = p p + one + x (x - m). */
typedef struct mix {
    gnl_real p[WIDE], one[WIDE], x[WIDE];
} mix;

/* ---- where things are ------------------------------------------------------------------------------------
 */

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

/* Groups that lie together keep h or its tangent for the sums over channels, and one group a worker. */
int64_t gnl_norm_scratch(const gnl_norm *n, bool affine, int threads)
{
    return n->group && affine ? total(n) + threads * n->group : 0;
}

static gnl_real *worker_space(const gnl_norm *n, int worker)
{
    return n->group && n->weight ? n->step->scratch + total(n) + worker * n->group : NULL;
}

static int64_t channel_bundles(const gnl_norm *n)
{
    return n->plane == 1 ? (n->channels + WIDE - 1) / WIDE : n->channels;
}

static bundle channel_bundle(const gnl_norm *n, int64_t index)
{
    if (n->plane > 1)
        return (bundle){index * n->plane, n->outer, n->plane, n->channels * n->plane, index, 1};
    int64_t first = index * WIDE, width = GNL_MIN(n->channels - first, (int64_t)WIDE);
    return (bundle){first, n->outer, width, n->channels, first, width};
}

static bundle bundle_at(const gnl_norm *n, int64_t index)
{
    return n->group ? (bundle){index * n->group, 1, n->group, 0, index, 1} : channel_bundle(n, index);
}

static void over_bundles(const gnl_norm *n, int64_t count, gnl_task *task)
{
    gnl_norm copy = *n;
    int64_t elements = GNL_MAX(total(n) / GNL_MAX(count, 1), 1);
    if (total(n) > 0)
        gnl_parallel(n->step->compute.ctx, count, GNL_MAX(GNL_CHUNK / elements, 1), task, &copy);
}

/* ---- the two loops over elements
 * --------------------------------------------------------------------------- */

static void sum_one_group(int64_t length, const gnl_real *p, const gnl_real *q, double a, double b, sums *out)
{
    double lane_p[LANES] = {0}, lane_pq[LANES] = {0};
    int64_t i = 0;
    for (; i + LANES <= length; i += LANES)
        for (int j = 0; j < LANES; j++) {
            double d = (double)p[i + j] - a;
            lane_p[j] += d;
            lane_pq[j] += d * ((double)q[i + j] - b);
        }
    for (int j = 0; i < length; i++, j++) {
        double d = (double)p[i] - a;
        lane_p[j] += d;
        lane_pq[j] += d * ((double)q[i] - b);
    }
    for (int j = 0; j < LANES; j++) {
        out->p[0] += lane_p[j];
        out->pq[0] += lane_pq[j];
    }
}

static void sum_side_by_side(int64_t length, const gnl_real *p, const gnl_real *q, const gnl_real *a,
                             const gnl_real *b, sums *out)
{
    for (int64_t i = 0; i < length; i++) {
        double d = (double)p[i] - (double)a[i];
        out->p[i] += d;
        out->pq[i] += d * ((double)q[i] - (double)b[i]);
    }
}

/* p and q point at the bundle's first element. */
static void sum_pairs(const bundle *b, const gnl_real *p, const gnl_real *q, const gnl_real *shift_p,
                      const gnl_real *shift_q, sums *out)
{
    memset(out, 0, sizeof *out);
    for (int64_t run = 0; run < b->runs; run++, p += b->stride, q += b->stride)
        if (b->width == 1)
            sum_one_group(b->length, p, q, (double)shift_p[0], (double)shift_q[0], out);
        else
            sum_side_by_side(b->length, p, q, shift_p, shift_q, out);
}

static void mix_one_group(int64_t length, const mix *m, gnl_real mean, const gnl_real *p, const gnl_real *x,
                          bool add, gnl_real *out)
{
    const gnl_real mp = m->p[0], mo = m->one[0], mx = m->x[0];
    if (add)
        for (int64_t i = 0; i < length; i++)
            out[i] += mp * p[i] + mo + mx * (x[i] - mean);
    else
        for (int64_t i = 0; i < length; i++)
            out[i] = mp * p[i] + mo + mx * (x[i] - mean);
}

static void mix_side_by_side(int64_t length, const mix *m, const gnl_real *mean, const gnl_real *p,
                             const gnl_real *x, bool add, gnl_real *out)
{
    for (int64_t i = 0; i < length; i++) {
        gnl_real value = m->p[i] * p[i] + m->one[i] + m->x[i] * (x[i] - mean[i]);
        out[i] = add ? out[i] + value : value;
    }
}

/* p, x and out point at the bundle's first element; out may be p. */
static void mix_in(const gnl_norm *n, const bundle *b, const mix *m, const gnl_real *p, const gnl_real *x,
                   bool add, gnl_real *out)
{
    const gnl_real *mean = mean_of(n) + b->first;
    for (int64_t run = 0; run < b->runs; run++, p += b->stride, x += b->stride, out += b->stride)
        if (b->width == 1)
            mix_one_group(b->length, m, mean[0], p, x, add, out);
        else
            mix_side_by_side(b->length, m, mean, p, x, add, out);
}

/* ---- the affine map
 * ---------------------------------------------------------------------------------------- */

/* Whole-batch groups have one weight each, which joins the factors of the mix; others are multiplied out. */
static gnl_real gain_of(const gnl_norm *n, int64_t group)
{
    return !n->group && n->weight ? n->weight[group] : 1;
}

/* out = w v over the channels of a group that lies together; out may be v */
static const gnl_real *times_weight(const gnl_norm *n, const bundle *b, const gnl_real *v, gnl_real *out)
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

static void plus_bias(const gnl_norm *n, const bundle *b, gnl_real *y)
{
    if (n->group && n->bias)
        n->step->compute.k->add_bias(1, n->group / n->plane, n->plane,
                                     n->bias + b->offset / n->plane % n->channels, y);
}

/* dw += sum v h and db += sum v over each channel; h is what the bundles left in the scratch. */
static void channel_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const gnl_norm *n = arg;
    const gnl_real *v = n->step->dy;
    for (int64_t i = begin; i < end; i++) {
        bundle b = channel_bundle(n, i);
        sums s;
        sum_pairs(&b, v + b.offset, n->step->scratch + b.offset, zeros, zeros, &s);
        for (int64_t k = 0; k < b.width; k++) {
            if (n->dweight)
                n->dweight[b.first + k] += (gnl_real)s.pq[k];
            if (n->dbias)
                n->dbias[b.first + k] += (gnl_real)s.p[k];
        }
    }
}

/* ---- forward
 * ------------------------------------------------------------------------------------------------ */

/* PyTorch's rule: the running variance is the unbiased one. A group of one element has none and adds 0. */
static void update_running(const gnl_norm *n, int64_t group, double mean, double variance)
{
    double c = group_size(n), unbiased = c > 1 ? variance * c / (c - 1) : variance;
    gnl_real share = (gnl_real)n->momentum;
    n->running_mean[group] += share * ((gnl_real)mean - n->running_mean[group]);
    n->running_var[group] += share * ((gnl_real)unbiased - n->running_var[group]);
}

/* Sums about the first element of each group: squares of large equal numbers would cancel. */
static void measure(const gnl_norm *n, const bundle *b)
{
    const gnl_real *x = n->step->x[0] + b->offset, *shift = n->centered ? x : zeros;
    sums s;
    sum_pairs(b, x, x, shift, shift, &s);
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

static void recall(const gnl_norm *n, const bundle *b)
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
        bundle b = bundle_at(n, i);
        mix m = {0};
        if (n->fixed)
            recall(n, &b);
        else
            measure(n, &b);
        for (int64_t k = 0; k < b.width; k++) {
            m.x[k] = gain_of(n, b.first + k) * inverse_of(n)[b.first + k];
            m.one[k] = !n->group && n->bias ? n->bias[b.first + k] : 0;
        }
        const gnl_real *x = n->step->x[0] + b.offset;
        gnl_real *y = n->step->y + b.offset;
        mix_in(n, &b, &m, x, x, false, y);
        times_weight(n, &b, y, y);
        plus_bias(n, &b, y);
    }
}

/* ---- backward
 * ------------------------------------------------------------------------------------------------ */

/* Factors of gain r P v, from the sums of v and of v (x - m). */
static void project(const gnl_norm *n, const bundle *b, const sums *s, bool with_gain, mix *m)
{
    memset(m, 0, sizeof *m);
    for (int64_t k = 0; k < b->width; k++) {
        gnl_real r = inverse_of(n)[b->first + k], factor = with_gain ? r * gain_of(n, b->first + k) : r;
        m->p[k] = factor;
        if (n->fixed)
            continue;
        m->one[k] = n->centered ? -factor * (gnl_real)(s->p[k] / group_size(n)) : 0;
        m->x[k] = -factor * r * r * (gnl_real)(s->pq[k] / group_size(n));
    }
}

/* For the sums over channels: h to the scratch. */
static void keep_normalised(const gnl_norm *n, const bundle *b)
{
    mix m = {.x = {inverse_of(n)[b->first]}};
    const gnl_real *x = n->step->x[0] + b->offset;
    if (n->group && (n->dweight || n->dbias))
        mix_in(n, b, &m, x, x, false, n->step->scratch + b->offset);
}

/* A whole-batch group is a channel: its sums are the gradients. */
static void add_gradients(const gnl_norm *n, const bundle *b, const sums *s)
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
        bundle b = bundle_at(n, i);
        const gnl_real *x = step->x[0] + b.offset, *v = step->dy + b.offset;
        gnl_real *dx = step->dx[0] ? step->dx[0] + b.offset : NULL;
        sums s;
        mix m;
        keep_normalised(n, &b);
        if (n->group && !dx)
            continue;
        v = times_weight(n, &b, v, dx);
        sum_pairs(&b, v, x, zeros, mean_of(n) + b.first, &s);
        add_gradients(n, &b, &s);
        project(n, &b, &s, true, &m);
        if (dx)
            mix_in(n, &b, &m, v, x, false, dx);
    }
}

/* ---- tangents
 * ------------------------------------------------------------------------------------------------ */

/* ty = w r P tx */
static void jvp_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const gnl_norm *n = arg;
    for (int64_t i = begin; i < end; i++) {
        bundle b = bundle_at(n, i);
        const gnl_real *x = n->step->x[0] + b.offset, *t = n->step->tx[0] + b.offset;
        gnl_real *ty = n->step->ty + b.offset;
        sums s;
        mix m;
        sum_pairs(&b, t, x, zeros, mean_of(n) + b.first, &s);
        project(n, &b, &s, true, &m);
        mix_in(n, &b, &m, t, x, false, ty);
        times_weight(n, &b, ty, ty);
    }
}

/* With v = w dty, t = tx and S = <v t> - <v><t> - <v h><t h>, s = r c S:
 *   dx += -r^2 (<t h> P v + <v h> P t + h S),  and for a weight that is constant in the group dw += r c S /
 * w. The first mix has all but the last term of t, which the second brings. */
static void curve(const gnl_norm *n, const bundle *b, const sums *vx, const sums *tx, const sums *vt,
                  mix *first, mix *second)
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
        double spread = vt->pq[k] / c - v * t - vh * th;
        first->p[k] = (gnl_real)(-scale * th);
        first->one[k] = (gnl_real)(scale * (th * v + vh * t));
        first->x[k] = (gnl_real)(scale * r * (2 * vh * th - spread));
        second->p[k] = (gnl_real)(-scale * vh);
        if (!n->group && n->dweight)
            n->dweight[b->first + k] += (gnl_real)(r * c * spread);
    }
}

/* For the sums over channels: the tangent of h to the scratch. */
static void keep_tangent(const gnl_norm *n, const bundle *b, const sums *tx)
{
    mix m;
    if (!n->group || !n->dweight)
        return;
    project(n, b, tx, false, &m);
    mix_in(n, b, &m, n->step->tx[0] + b->offset, n->step->x[0] + b->offset, false,
           n->step->scratch + b->offset);
}

static void second_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const gnl_norm *n = arg;
    const gnl_step *step = n->step;
    for (int64_t i = begin; i < end; i++) {
        bundle b = bundle_at(n, i);
        const gnl_real *x = step->x[0] + b.offset, *t = step->tx[0] + b.offset, *mean = mean_of(n) + b.first;
        const gnl_real *v = times_weight(n, &b, step->dty + b.offset, worker_space(n, worker));
        sums vx, tx, vt;
        mix first, second;
        sum_pairs(&b, v, x, zeros, mean, &vx);
        sum_pairs(&b, t, x, zeros, mean, &tx);
        sum_pairs(&b, v, t, zeros, zeros, &vt);
        curve(n, &b, &vx, &tx, &vt, &first, &second);
        if (step->dx[0]) {
            mix_in(n, &b, &first, v, x, true, step->dx[0] + b.offset);
            mix_in(n, &b, &second, t, x, true, step->dx[0] + b.offset);
        }
        keep_tangent(n, &b, &tx);
        project(n, &b, &vx, true, &first);
        if (step->dtx[0])
            mix_in(n, &b, &first, v, x, false, step->dtx[0] + b.offset);
    }
}

/* ---- what norm.c calls
 * ----------------------------------------------------------------------------------------- */

static int64_t bundles(const gnl_norm *n)
{
    return n->group ? groups(n) : channel_bundles(n);
}

void gnl_norm_forward(const gnl_norm *n)
{
    over_bundles(n, bundles(n), forward_task);
}

void gnl_norm_backward(const gnl_norm *n)
{
    over_bundles(n, bundles(n), backward_task);
    if (n->group && (n->dweight || n->dbias))
        over_bundles(n, channel_bundles(n), channel_task);
}

void gnl_norm_jvp(const gnl_norm *n)
{
    over_bundles(n, bundles(n), jvp_task);
}

/* The tangent has no bias in it. */
void gnl_norm_jvp_backward(const gnl_norm *n)
{
    gnl_step step = *n->step;
    gnl_norm tangent = *n;
    over_bundles(n, bundles(n), second_task);
    step.dy = step.dty;
    tangent.step = &step;
    tangent.dbias = NULL;
    if (n->group && n->dweight)
        over_bundles(&tangent, channel_bundles(n), channel_task);
}
