/* SPDX-License-Identifier: MIT */
/* The two loops over elements that normalisations are made of: sums of products in each group, and linear
 * combinations. A bundle says which elements belong to which group. */
#include "layer/norm_priv.h"

enum { LANES = 8 };

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

static void sum_one_group(int64_t length, const gnl_real *p, const gnl_real *q, double a, double b,
                          gnl_norm_sums *out)
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
                             const gnl_real *b, gnl_norm_sums *out)
{
    for (int64_t i = 0; i < length; i++) {
        double d = (double)p[i] - (double)a[i];
        out->p[i] += d;
        out->pq[i] += d * ((double)q[i] - (double)b[i]);
    }
}

void gnl_norm_sum(const gnl_norm_bundle *b, const gnl_real *p, const gnl_real *q, const gnl_real *shift_p,
                  const gnl_real *shift_q, gnl_norm_sums *out)
{
    memset(out, 0, sizeof *out);
    for (int64_t run = 0; run < b->runs; run++, p += b->stride, q += b->stride)
        if (b->width == 1)
            sum_one_group(b->length, p, q, (double)shift_p[0], (double)shift_q[0], out);
        else
            sum_side_by_side(b->length, p, q, shift_p, shift_q, out);
}

static void mix_one_group(int64_t length, const gnl_norm_mix *m, gnl_real mean, const gnl_real *p,
                          const gnl_real *x, bool add, gnl_real *out)
{
    const gnl_real mp = m->p[0], mo = m->one[0], mx = m->x[0];
    if (add)
        for (int64_t i = 0; i < length; i++)
            out[i] += mp * p[i] + mo + mx * (x[i] - mean);
    else
        for (int64_t i = 0; i < length; i++)
            out[i] = mp * p[i] + mo + mx * (x[i] - mean);
}

static void mix_side_by_side(int64_t length, const gnl_norm_mix *m, const gnl_real *mean, const gnl_real *p,
                             const gnl_real *x, bool add, gnl_real *out)
{
    for (int64_t i = 0; i < length; i++) {
        gnl_real value = m->p[i] * p[i] + m->one[i] + m->x[i] * (x[i] - mean[i]);
        out[i] = add ? out[i] + value : value;
    }
}

void gnl_norm_mix_in(const gnl_norm_bundle *b, const gnl_norm_mix *m, const gnl_real *mean, const gnl_real *p,
                     const gnl_real *x, bool add, gnl_real *out)
{
    for (int64_t run = 0; run < b->runs; run++, p += b->stride, x += b->stride, out += b->stride)
        if (b->width == 1)
            mix_one_group(b->length, m, mean[0], p, x, add, out);
        else
            mix_side_by_side(b->length, m, mean, p, x, add, out);
}
