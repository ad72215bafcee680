/* SPDX-License-Identifier: MIT */
/* The two loops over elements that all normalisations use: sums of products in each group, and linear combinations. A
 * bundle defines which elements belong to which group. */
#include "layer/norm_priv.h"

const gnl_real gnl_norm_zeros[GNL_NORM_WIDE];

int64_t gnl_norm_channel_bundles(const gnl_norm *n)
{
    return n->plane == 1 ? (n->channels + GNL_NORM_WIDE - 1) / GNL_NORM_WIDE : n->channels;
}

gnl_norm_bundle gnl_norm_channel_bundle(const gnl_norm *n, int64_t index)
{
    if (n->plane > 1)
        return (gnl_norm_bundle){index * n->plane, n->outer, n->plane, n->channels * n->plane, index, 1};
    int64_t first = index * GNL_NORM_WIDE, width = GNL_MIN(n->channels - first, (int64_t)GNL_NORM_WIDE);
    return (gnl_norm_bundle){first, n->outer, width, n->channels, first, width};
}

void gnl_norm_over(const gnl_norm *n, int64_t count, gnl_task *task)
{
    gnl_norm copy = *n;
    int64_t total = n->outer * n->channels * n->plane;
    int64_t elements = GNL_MAX(total / GNL_MAX(count, 1), 1);
    if (total > 0)
        gnl_parallel(n->step->compute.ctx, count, GNL_MAX(GNL_CHUNK / elements, 1), task, &copy);
}

static void sum_columns(int64_t length, const gnl_real *p, const gnl_real *q, const gnl_real *a, const gnl_real *b,
                        gnl_norm_sums *out)
{
    for (int64_t i = 0; i < length; i++) {
        double d = (double)p[i] - (double)a[i];
        out->p[i] += d;
        out->pq[i] += d * ((double)q[i] - (double)b[i]);
    }
}

void gnl_norm_sum(const gnl_norm *n, const gnl_norm_bundle *b, const gnl_real *p, const gnl_real *q,
                  const gnl_real *shift_p, const gnl_real *shift_q, gnl_norm_sums *out)
{
    double one[2] = {0};
    memset(out, 0, sizeof *out);
    if (b->width == 1)
        n->step->compute.k->deviations(b->runs, b->stride, b->length, p, shift_p[0], q, shift_q[0], one);
    for (int64_t run = 0; b->width > 1 && run < b->runs; run++, p += b->stride, q += b->stride)
        sum_columns(b->length, p, q, shift_p, shift_q, out);
    out->p[0] += one[0];
    out->pq[0] += one[1];
}

static void mix_columns(int64_t length, const gnl_norm_mix *m, const gnl_real *mean, const gnl_real *p,
                        const gnl_real *x, gnl_store store, gnl_real *out)
{
    for (int64_t i = 0; i < length; i++) {
        gnl_real value = m->p[i] * p[i] + m->one[i] + m->x[i] * (x[i] - mean[i]);
        out[i] = store == GNL_ADD ? out[i] + value : value;
    }
}

void gnl_norm_mix_in(const gnl_norm *n, const gnl_norm_bundle *b, const gnl_norm_mix *m, const gnl_real *mean,
                     const gnl_real *p, const gnl_real *x, gnl_store store, gnl_real *out)
{
    const gnl_real one[] = {m->p[0], m->one[0], m->x[0], mean[0]};
    for (int64_t run = 0; run < b->runs; run++, p += b->stride, x += b->stride, out += b->stride)
        if (b->width == 1)
            n->step->compute.k->mix(b->length, one, p, x, store, out);
        else
            mix_columns(b->length, m, mean, p, x, store, out);
}
