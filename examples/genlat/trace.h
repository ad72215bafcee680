/* SPDX-License-Identifier: MIT */
/* The terms of all steps of a training in bounded memory: means over as many steps as necessary. */
#ifndef TRACE_H
#define TRACE_H

#include "genlat/train.h"

enum { TRACE_POINTS = 400, TRACE_TERMS = GENLAT_MAX_TERMS };

typedef struct trace {
    int64_t count, width;  /* number of points, and steps per point */
    int64_t filled, terms; /* steps in the incomplete point; number of terms */
    double step[TRACE_POINTS], value[TRACE_TERMS][TRACE_POINTS], sum[TRACE_TERMS];
} trace;

void trace_add(trace *t, const genlat_event *event);

#endif
