/* SPDX-License-Identifier: MIT */
/* The numbers of all steps of a training in little room: means over as many steps as it takes. */
#ifndef TRACE_H
#define TRACE_H

#include "genlat/train.h"

enum { TRACE_POINTS = 400, TRACE_TERMS = 12 };

typedef struct trace {
    int64_t count, width;  /* points, and steps in each */
    int64_t filled, terms; /* steps in the point that is not complete; numbers of a step */
    double step[TRACE_POINTS], value[TRACE_TERMS][TRACE_POINTS], sum[TRACE_TERMS];
} trace;

void trace_add(trace *t, const genlat_event *event);

#endif
