/* SPDX-License-Identifier: MIT */
/* Figures: curves of a training, and scatter plots. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "draw.h"
#include "figures.h"

static void widen(const double *values, int64_t n, double *low, double *high)
{
    for (int64_t i = 0; values && i < n; i++) {
        if (!isfinite(values[i]))
            continue;
        *low = fmin(*low, values[i]);
        *high = fmax(*high, values[i]);
    }
}

static void curve_panel(cairo_t *cr, draw_panel *panel, const figure_curve *curve, int64_t epochs, const double *x)
{
    double low = INFINITY, high = -INFINITY;
    widen(curve->train, epochs, &low, &high);
    widen(curve->valid, epochs, &low, &high);
    panel->y_low = isfinite(low) ? low : 0;
    panel->y_high = isfinite(low) ? high : 1;
    draw_range(&panel->y_low, &panel->y_high, 0.06);
    draw_panel_begin(cr, panel);
    draw_line(cr, panel, epochs, x, curve->train, draw_colour_at(0), false);
    if (curve->valid)
        draw_line(cr, panel, epochs, x, curve->valid, draw_colour_at(1), true);
    draw_panel_end(cr);
}

const char *figure_curves(const char *path, int64_t count, const figure_curve *curves, int64_t n, const double *x,
                          const char *x_label)
{
    enum { WIDTH = 300, HEIGHT = 230, LEFT = 62, TOP = 62, GAP_X = 74, GAP_Y = 88 };
    int64_t columns = count < 3 ? count : 3, lines = (count + 2) / 3;
    draw_canvas canvas;
    const char *wrong = draw_open(&canvas, path, LEFT + (double)columns * (WIDTH + GAP_X) - GAP_X + 24,
                                  TOP + (double)lines * (HEIGHT + GAP_Y) - GAP_Y + 48);
    bool valid = false;
    for (int64_t i = 0; i < count && !wrong; i++) {
        draw_panel panel = {.x = LEFT + (double)(i % 3) * (WIDTH + GAP_X),
                            .width = WIDTH,
                            .height = HEIGHT,
                            .y = TOP + (double)(i / 3) * (HEIGHT + GAP_Y),
                            .x_low = x[0],
                            .x_high = x[n - 1],
                            .title = curves[i].name,
                            .y_label = curves[i].unit,
                            .x_label = x_label,
                            .whole_x = true};
        draw_range(&panel.x_low, &panel.x_high, 0.02);
        curve_panel(canvas.cr, &panel, &curves[i], n, x);
        valid = valid || curves[i].valid;
    }
    if (wrong)
        return wrong;
    if (valid) {
        double next = draw_key(canvas.cr, LEFT, 24, draw_colour_at(0), false, false, "training");
        draw_key(canvas.cr, next, 24, draw_colour_at(1), true, false, "validation");
    }
    return draw_close(&canvas);
}

/* Computes the coordinates [n,2] of points [n,d], and the names of the axes. */
static double *plane_coordinates(const genlat_tensor *points, const char *prefix, char names[2][64])
{
    int64_t n = genlat_tensor_dim(points, 0), d = n > 0 ? genlat_tensor_count(points) / n : 0;
    const float *data = genlat_tensor_const_data(points);
    double *at = n > 0 ? calloc((size_t)n, 2 * sizeof *at) : NULL, parts[2] = {0};
    if (!at)
        return NULL;
    for (int64_t i = 0; i < n && d <= 2; i++)
        for (int64_t j = 0; j < d; j++)
            at[2 * i + j] = data[i * d + j];
    for (int c = 0; c < 2; c++)
        snprintf(names[c], 64, "%s%d", prefix, c + 1);
    if (d <= 2)
        return at;
    if (principal_components(data, n, d, at, parts) != 0) {
        free(at);
        return NULL;
    }
    for (int c = 0; c < 2; c++)
        snprintf(names[c], 64, "principal component %d (%.0f %% of the variance)", c + 1, 100 * parts[c]);
    return at;
}

/* Draws the points in their order, so that no class covers the others. */
static void draw_points(cairo_t *cr, const draw_panel *panel, int64_t n, const double *at, const float *labels)
{
    double radius = n > 4000 ? 1.4 : n > 800 ? 2.0 : 3.0;
    for (int64_t i = 0; i < n; i++) {
        draw_colour colour = draw_colour_at(labels ? (int64_t)labels[i] : 0);
        draw_point(cr, panel, at[2 * i], at[2 * i + 1], radius, colour, n > 800 ? 0.65 : 0.85);
    }
}

static void legend(cairo_t *cr, double x, double y, int64_t classes, const char *const *names)
{
    char name[32];
    int64_t shown = classes > 2 * DRAW_COLOURS ? 0 : classes;
    for (int64_t c = 0; c < shown; c++) {
        snprintf(name, sizeof name, "%lld", (long long)c);
        draw_key(cr, x, y + 20 * (double)c, draw_colour_at(c), false, true, names ? names[c] : name);
    }
}

const char *figure_scatter(const char *path, const genlat_tensor *points, const genlat_tensor *labels, int64_t classes,
                           const figure_text *text)
{
    draw_canvas canvas;
    char names[2][64];
    int64_t n = genlat_tensor_dim(points, 0);
    double *at = plane_coordinates(points, text->prefix, names);
    if (!at)
        return "out of memory";
    draw_panel panel = {.x = 68,
                        .y = 44,
                        .width = 460,
                        .height = 460,
                        .title = text->title,
                        .x_label = names[0],
                        .y_label = names[1],
                        .x_low = INFINITY,
                        .y_low = INFINITY,
                        .x_high = -INFINITY,
                        .y_high = -INFINITY};
    for (int64_t i = 0; i < n; i++) {
        widen(at + 2 * i, 1, &panel.x_low, &panel.x_high);
        widen(at + 2 * i + 1, 1, &panel.y_low, &panel.y_high);
    }
    if (!isfinite(panel.x_low) || !isfinite(panel.y_low)) {
        free(at);
        return "there are no finite points";
    }
    draw_range(&panel.x_low, &panel.x_high, 0.04);
    draw_range(&panel.y_low, &panel.y_high, 0.04);
    bool coloured = labels && classes > 0;
    const char *wrong = draw_open(&canvas, path, 552 + (!coloured ? 0 : text->classes ? 90 : 48), 560);
    if (!wrong) {
        draw_panel_begin(canvas.cr, &panel);
        draw_points(canvas.cr, &panel, n, at, coloured ? genlat_tensor_const_data(labels) : NULL);
        draw_panel_end(canvas.cr);
        if (coloured)
            legend(canvas.cr, panel.x + panel.width + 18, panel.y + 12, classes, text->classes);
        wrong = draw_close(&canvas);
    }
    free(at);
    return wrong;
}
