/* SPDX-License-Identifier: MIT */
/* Stores the terms of training steps. If the arrays are full, each two points are merged to one. */
#include "trace.h"

static void merge_points(trace *t)
{
    t->count /= 2;
    t->width *= 2;
    for (int64_t i = 0; i < t->count; i++) {
        t->step[i] = (t->step[2 * i] + t->step[2 * i + 1]) / 2;
        for (int64_t k = 0; k < t->terms; k++)
            t->value[k][i] = (t->value[k][2 * i] + t->value[k][2 * i + 1]) / 2;
    }
}

void trace_add(trace *t, const genlat_event *event)
{
    t->terms = event->count < TRACE_TERMS ? event->count : TRACE_TERMS;
    t->width = t->width ? t->width : 1;
    for (int64_t k = 0; k < t->terms; k++)
        t->sum[k] += event->values[k];
    if (++t->filled < t->width)
        return;
    if (t->count == TRACE_POINTS)
        merge_points(t);
    t->step[t->count] = (double)event->step - (double)(t->filled - 1) / 2;
    for (int64_t k = 0; k < t->terms; k++) {
        t->value[k][t->count] = t->sum[k] / (double)t->filled;
        t->sum[k] = 0;
    }
    t->count++;
    t->filled = 0;
}
