/* SPDX-License-Identifier: MIT */
/* What the program tells while it works: a bar with the state of things on a terminal, a line an epoch
 * elsewhere. */
#ifndef REPORT_H
#define REPORT_H

#include <stdio.h>

#include "app.h"

enum { REPORT_TERMS = 16 };

typedef struct report {
    FILE *out;                 /* NULL: silence */
    bool bar, wide;            /* a terminal; one that knows more than ASCII */
    bool shown;                /* the bar stands on the line */
    double drawn;              /* when, seconds */
    double sums[REPORT_TERMS]; /* of the terms over the epoch so far */
    int64_t summed, epoch;
    int64_t first_step; /* where this run began, to tell how long the rest takes */
    double first_seconds;
    char line[512]; /* of the epoch that has ended and may yet be validated */
} report;

/* Standard output, or standard error when --json keeps that for its object. */
void report_begin(report *r, const app_state *app);
void report_event(report *r, const genlat_event *event);
/* A part of a longer work other than training. */
void report_part(report *r, const char *what, int64_t done, int64_t of);
/* Clears the bar; prints a line that waits. */
void report_end(report *r);

#endif
