/* SPDX-License-Identifier: MIT */
/* Draws charts with cairo: a canvas that is written as PNG, SVG or PDF, axes, lines, points, legends. Does not depend
 * on models. */
#ifndef DRAW_H
#define DRAW_H

#include <cairo.h>
#include <stdbool.h>
#include <stdint.h>

#include "genlat/experimental.h"

typedef struct draw_colour {
    double r, g, b;
} draw_colour;

/* Ten colours that are easy to distinguish, also for colour-blind people. */
enum { DRAW_COLOURS = 10 };
draw_colour draw_colour_at(int64_t index);

typedef struct draw_canvas {
    cairo_surface_t *surface;
    cairo_t *cr;
    genlat_output *file;
    bool png;
} draw_canvas;

/* Returns whether the path ends in .png, .svg or .pdf. */
bool draw_is_supported(const char *path);
/* Sizes are in points. Both return NULL on success, otherwise an error text that is valid until the next call. */
const char *draw_open(draw_canvas *canvas, const char *path, double width, double height);
const char *draw_close(draw_canvas *canvas);

/* Finds and opens the fonts. Fontconfig does not check its allocations, so that it may end the program where memory is
 * short. After this call, which belongs before long work, drawing needs none of them. Returns as draw_open(). */
const char *draw_prepare(void);

typedef enum draw_align { DRAW_LEFT, DRAW_MIDDLE, DRAW_RIGHT } draw_align;

void draw_text(cairo_t *cr, double x, double y, draw_align align, double size, bool bold, const char *text);

/* A panel: its position on the canvas and the ranges of its axes. */
typedef struct draw_panel {
    double x, y, width, height; /* of the plotting area, points */
    double x_low, x_high, y_low, y_high;
    const char *title, *x_label, *y_label;
    bool whole_x; /* ticks at integers only */
} draw_panel;

/* Widens an empty range, then extends both ends by a margin, a fraction of the range. */
void draw_range(double *low, double *high, double margin);
/* Draws grid, ticks, numbers and labels, then clips to the panel until draw_panel_end(). */
void draw_panel_begin(cairo_t *cr, const draw_panel *panel);
void draw_panel_end(cairo_t *cr);

/* Draws a line through the points (x[i],y[i]). Skips points whose y is not finite. */
void draw_line(cairo_t *cr, const draw_panel *panel, int64_t n, const double *x, const double *y, draw_colour colour,
               bool dashed);
void draw_point(cairo_t *cr, const draw_panel *panel, double x, double y, double radius, draw_colour colour,
                double alpha);
/* Draws an entry of a legend: a colour and its name. Returns the x position after it. */
double draw_key(cairo_t *cr, double x, double y, draw_colour colour, bool dashed, bool dot, const char *name);

#endif
