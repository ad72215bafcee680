/* SPDX-License-Identifier: MIT */
/* Reports progress: a progress bar if the output is a terminal, and one line per epoch. */
#ifndef REPORT_H
#define REPORT_H

#include <stdio.h>

#include "app.h"

enum { REPORT_TERMS = 16 };

typedef struct report {
    FILE *out;                 /* NULL: no output */
    bool bar, wide;            /* the output is a terminal; it supports UTF-8 */
    bool shown;                /* the current line contains a bar */
    double drawn_at;           /* time at which the bar was drawn, seconds */
    double sums[REPORT_TERMS]; /* sums of the terms in the current epoch */
    int64_t summed, epoch;
    int64_t first_step; /* start of this run, to estimate the remaining time */
    double first_seconds;
    char line[512];    /* line of the last epoch, printed after its validation */
    int64_t lines;     /* printed so far */
    double printed_at; /* time of the last one, seconds */
} report;

/* Reports to standard output, or to standard error if --json is set. */
void report_begin(report *r, const app_state *app);
void report_event(report *r, const genlat_event *event);
/* Prints a line after that of the last epoch. */
void report_text(report *r, const char *text);
/* Reports the progress of work other than training. */
void report_part(report *r, const char *what, int64_t done, int64_t of);
/* Clears the bar, and prints the pending line. */
void report_end(report *r);

#endif
