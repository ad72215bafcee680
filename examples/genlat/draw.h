/* SPDX-License-Identifier: MIT */
/* Drawing with cairo: a canvas that becomes a PNG, SVG or PDF, axes with round numbers, lines, points,
 * legends. It knows nothing of models. */
#ifndef DRAW_H
#define DRAW_H

#include <cairo.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct draw_colour {
    double r, g, b;
} draw_colour;

/* Ten colours that stay apart, also for colour-blind eyes and beside each other. */
enum { DRAW_COLOURS = 10 };
draw_colour draw_colour_at(int64_t index);

typedef struct draw_canvas {
    cairo_surface_t *surface;
    cairo_t *cr;
    char path[1024], temporary[1040];
    bool png;
} draw_canvas;

/* Whether the ending of a path is one of .png, .svg, .pdf. */
bool draw_knows(const char *path);
/* Sizes are points. Both return NULL, or static text that says what is wrong. */
const char *draw_open(draw_canvas *canvas, const char *path, double width, double height);
const char *draw_close(draw_canvas *canvas);

typedef enum draw_align { DRAW_LEFT, DRAW_MIDDLE, DRAW_RIGHT } draw_align;

void draw_text(cairo_t *cr, double x, double y, draw_align align, double size, bool bold, const char *text);

/* A panel: its frame on the canvas and the ranges of its axes. */
typedef struct draw_panel {
    double x, y, width, height; /* of the plotting area, points */
    double x_low, x_high, y_low, y_high;
    const char *title, *x_label, *y_label;
    bool whole_x; /* ticks at whole numbers only */
} draw_panel;

/* Widens an empty range and moves both ends outwards by a margin, a fraction of the range. */
void draw_range(double *low, double *high, double margin);
/* Paints grid, ticks, numbers and labels, then clips to the panel until draw_panel_end(). */
void draw_panel_begin(cairo_t *cr, const draw_panel *panel);
void draw_panel_end(cairo_t *cr);

/* The points y[0..n-1] over x, joined; points with a y that is not finite are left out. */
void draw_line(cairo_t *cr, const draw_panel *panel, int64_t n, const double *x, const double *y,
               draw_colour colour, bool dashed);
void draw_point(cairo_t *cr, const draw_panel *panel, double x, double y, double radius, draw_colour colour,
                double alpha);
/* A sample of a colour with its name beside; returns the x behind it. */
double draw_key(cairo_t *cr, double x, double y, draw_colour colour, bool dashed, bool dot, const char *name);

#endif
