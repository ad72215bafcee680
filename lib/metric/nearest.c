/* SPDX-License-Identifier: MIT */
/* Nearest rows. */
#include "metric/metric_priv.h"

enum { ROWS_PER_TASK = 16 };

typedef struct job {
    const gnl_rows *from, *to;
    bool skip_own;
    int64_t *index;
    double *distance;
} job;

static void nearest_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    for (int64_t i = begin; i < end; i++) {
        j->index[i] = -1;
        j->distance[i] = INFINITY;
        for (int64_t k = 0; k < j->to->n; k++) {
            const double distance = gnl_row_distance(j->from, gnl_row(j->from, i), gnl_row(j->to, k));
            if (distance < j->distance[i] && !(j->skip_own && k == i)) {
                j->distance[i] = distance;
                j->index[i] = k;
            }
        }
    }
}

void gnl_nearest_rows(const gnl_rows *from, const gnl_rows *to, bool skip_own, int64_t *index, double *distance)
{
    job j = {from, to, skip_own, index, distance};
    gnl_parallel(from->ctx, from->n, ROWS_PER_TASK, nearest_task, &j);
}
