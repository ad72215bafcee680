/* SPDX-License-Identifier: MIT */
/* Progress bars and lines of report.h. */
#include <langinfo.h>
#include <math.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "report.h"

enum { TERMS_SHOWN = 3, VALID_SHOWN = 2, BAR_LEAST = 10, BAR_MOST = 30, LINES = 100 };
static const double redraw_seconds = 0.1, line_seconds = 30; /* on a terminal; elsewhere, within an epoch */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int terminal_width(const report *r)
{
    struct winsize size;
    return ioctl(fileno(r->out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

void report_begin(report *r, const app_state *app)
{
    *r = (report){.out = app->opts.quiet ? NULL : app->opts.json ? stderr : stdout, .first_step = -1};
    r->bar = r->out && isatty(fileno(r->out));
    r->drawn_at = now();
    r->wide = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

static void clear_bar(report *r)
{
    if (r->shown)
        fprintf(r->out, "\r\033[K");
    r->shown = false;
}

/* Formats seconds, such as "0:07", "12:30", "3:05:00". */
static void clock_text(double seconds, char *text, size_t capacity)
{
    long long s = seconds > 0 ? (long long)(seconds + 0.5) : 0;
    if (s < 3600)
        snprintf(text, capacity, "%lld:%02lld", s / 60, s % 60);
    else
        snprintf(text, capacity, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
}

/* Formats a rate, such as "812/s", "45.2k/s". */
static void rate_text(double rate, char *text, size_t capacity)
{
    if (rate < 1000)
        snprintf(text, capacity, "%.0f/s", rate);
    else
        snprintf(text, capacity, "%.*fk/s", rate < 100000 ? 1 : 0, rate / 1000);
}

/* Appends a note at text+used. Returns the new length, which is less than the capacity. */
static size_t append_note(char *text, size_t capacity, size_t used, const char *note)
{
    int more = snprintf(text + used, capacity - used, "  %s", note);
    used += more > 0 ? (size_t)more : 0;
    return used < capacity ? used : capacity - 1;
}

/* Formats a term, such as "neg_elbo 104.21", "accuracy 0.987". */
static void term_text(const char *prefix, const char *name, double value, char *text, size_t capacity)
{
    bool small = value > -10 && value < 10;
    snprintf(text, capacity, "%s%s %.*f", prefix, name, small ? 3 : 2, value);
}

/* Draws a line with a title, a bar, the percentage, and as many notes as fit the terminal. */
static void draw_bar(report *r, const char *what, double part, const char *const *notes, int count)
{
    int width = terminal_width(r) - 1, used = 0, visible = count, bar;
    for (;; visible--) {
        used = (int)strlen(what) + 8;
        for (int i = 0; i < visible; i++)
            used += (int)strlen(notes[i]) + 2;
        bar = width - used;
        if (bar >= BAR_LEAST || visible == 0)
            break;
    }
    bar = bar > BAR_MOST ? BAR_MOST : bar;
    int full = (int)(part * bar + 0.5);
    fprintf(r->out, "\r%.*s ", width > 0 ? width : 1, what);
    for (int i = 0; i < bar; i++)
        fputs(r->wide ? (i < full ? "━" : "╌") : (i < full ? "=" : "-"), r->out);
    if (bar > 0)
        fprintf(r->out, " %3.0f %%", 100 * part);
    for (int i = 0; i < visible; i++)
        fprintf(r->out, "  %s", notes[i]);
    fprintf(r->out, "\033[K");
    fflush(r->out);
    r->shown = true;
    r->drawn_at = now();
}

/* Prints the same as a line, where there is no terminal. */
static void print_step(report *r, const char *what, double part, const char *const *notes, int count)
{
    fprintf(r->out, "%s  %.0f %%", what, 100 * part);
    for (int i = 0; i < count; i++)
        fprintf(r->out, "  %s", notes[i]);
    fprintf(r->out, "\n");
    fflush(r->out);
    r->drawn_at = now();
}

static double seconds_left(const report *r, const genlat_event *e)
{
    int64_t steps = e->step - r->first_step, all = e->steps > 0 ? e->steps : e->epochs * e->epoch_steps;
    if (all <= 0 || steps <= 0)
        return -1;
    return (e->seconds - r->first_seconds) / (double)steps * (double)(all - e->step);
}

static void draw_step(report *r, const genlat_event *e)
{
    char what[64], terms[TERMS_SHOWN][48], rate[32], left[32] = "";
    const char *notes[TERMS_SHOWN + 2];
    int count = 0;
    double seconds = seconds_left(r, e);
    if (e->epochs > 0)
        snprintf(what, sizeof what, "epoch %lld/%lld", (long long)e->epoch, (long long)e->epochs);
    else
        snprintf(what, sizeof what, "step %lld/%lld", (long long)e->step, (long long)e->steps);
    /* The most important notes come first: the last ones are omitted if the line is too long. */
    if (seconds >= 0) {
        clock_text(seconds, left, sizeof left - 5);
        strcat(left, " left");
        notes[count++] = left;
    }
    for (int i = 0; i < e->count && i < TERMS_SHOWN; i++) {
        term_text("", e->names[i], r->sums[i] / (double)r->summed, terms[i], sizeof terms[i]);
        notes[count++] = terms[i];
    }
    rate_text(e->samples_per_s, rate, sizeof rate);
    notes[count++] = rate;
    int64_t within = e->epoch_steps > 0 ? (e->step - 1) % e->epoch_steps + 1 : 0;
    double part = e->epochs > 0 ? (double)within / (double)e->epoch_steps : (double)e->step / (double)e->steps;
    (r->bar ? draw_bar : print_step)(r, what, part > 1 || !(part >= 0) ? 1 : part, notes, count);
}

static void on_step(report *r, const genlat_event *e)
{
    if (e->epoch != r->epoch) {
        r->epoch = e->epoch;
        r->summed = 0;
        memset(r->sums, 0, sizeof r->sums);
    }
    if (r->first_step < 0) {
        r->first_step = e->step;
        r->first_seconds = e->seconds;
    }
    for (int64_t i = 0; i < e->count && i < REPORT_TERMS; i++)
        r->sums[i] += e->values[i];
    r->summed++;
    if (now() - r->drawn_at >= (r->bar ? redraw_seconds : line_seconds))
        draw_step(r, e);
}

/* Prints the line of an epoch. After some lines, those of short epochs are left out, to print at most one a second. */
static void print_line(report *r)
{
    const double time = now();
    if (*r->line && (r->lines < LINES || time - r->printed_at >= 1)) {
        clear_bar(r);
        fprintf(r->out, "%s\n", r->line);
        fflush(r->out);
        r->drawn_at = r->bar ? 0 : time;
        r->printed_at = time;
        r->lines++;
    }
    *r->line = 0;
}

static void print_last_line(report *r)
{
    r->lines = 0;
    print_line(r);
}

/* Prepares the line of an epoch. It is printed later, so that the results of validation can be appended. */
static void on_epoch(report *r, const genlat_event *e)
{
    char *line = r->line, text[32];
    size_t capacity = sizeof r->line;
    int digits = snprintf(text, sizeof text, "%lld", (long long)e->epochs);
    size_t used = (size_t)snprintf(line, capacity, "epoch %*lld", digits, (long long)e->epoch);
    if (e->epochs > 0)
        used += (size_t)snprintf(line + used, capacity - used, "/%s", text);
    for (int64_t i = 0; i < e->count && i < TERMS_SHOWN; i++) {
        term_text("", e->names[i], e->values[i], text, sizeof text);
        used = append_note(line, capacity, used, text);
    }
    rate_text(e->samples_per_s, text, sizeof text);
    used = append_note(line, capacity, used, text);
    clock_text(e->seconds, text, sizeof text);
    append_note(line, capacity, used, text);
}

void report_event(report *r, const genlat_event *e)
{
    if (!r->out)
        return;
    for (int64_t i = 0; e->kind == GENLAT_EVENT_VALID && *r->line && i < e->count && i < VALID_SHOWN; i++) {
        char text[64];
        term_text("valid.", e->names[i], e->values[i], text, sizeof text);
        append_note(r->line, sizeof r->line, strlen(r->line), text);
    }
    print_line(r);
    if (e->kind == GENLAT_EVENT_STEP)
        on_step(r, e);
    else if (e->kind == GENLAT_EVENT_EPOCH)
        on_epoch(r, e);
    if (e->kind == GENLAT_EVENT_ALARM && e->text) {
        clear_bar(r);
        fflush(r->out);
        fprintf(stderr, "genlat: warning: %s\n", e->text);
    }
}

void report_text(report *r, const char *text)
{
    if (!r->out)
        return;
    print_last_line(r);
    clear_bar(r);
    fprintf(r->out, "%s\n", text);
    fflush(r->out);
}

void report_part(report *r, const char *what, int64_t done, int64_t of)
{
    if (r->bar && now() - r->drawn_at >= redraw_seconds)
        draw_bar(r, what, (double)done / (double)of, NULL, 0);
}

void report_end(report *r)
{
    if (!r->out)
        return;
    print_last_line(r);
    clear_bar(r);
    fflush(r->out);
}
