/* SPDX-License-Identifier: MIT */
/* Drawing functions of draw.h. */
#include <cairo-pdf.h>
#include <cairo-svg.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "draw.h"

enum { PIXELS_PER_POINT = 2 };

static const draw_colour ink = {0.16, 0.18, 0.22}, pale = {0.90, 0.91, 0.93}, grey = {0.42, 0.45, 0.50};

draw_colour draw_colour_at(int64_t index)
{
    static const draw_colour colours[DRAW_COLOURS] = {
        {0.12, 0.40, 0.71}, {0.90, 0.45, 0.05}, {0.13, 0.58, 0.33}, {0.82, 0.16, 0.18}, {0.50, 0.35, 0.72},
        {0.50, 0.34, 0.27}, {0.89, 0.42, 0.70}, {0.40, 0.43, 0.47}, {0.70, 0.66, 0.10}, {0.08, 0.68, 0.76},
    };
    return colours[(index % DRAW_COLOURS + DRAW_COLOURS) % DRAW_COLOURS];
}

static bool ends_with(const char *text, const char *ending)
{
    size_t length = strlen(text), n = strlen(ending);
    return length >= n && strcmp(text + length - n, ending) == 0;
}

bool draw_is_supported(const char *path)
{
    return ends_with(path, ".png") || ends_with(path, ".svg") || ends_with(path, ".pdf");
}

/* Receives the bytes of a picture. */
static cairo_status_t receive(void *file, const unsigned char *bytes, unsigned length)
{
    return genlat_output_write(file, bytes, length) == GENLAT_OK ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

const char *draw_open(draw_canvas *canvas, const char *path, double width, double height)
{
    if (genlat_output_open(NULL, path, &canvas->file) != GENLAT_OK)
        return genlat_last_error();
    canvas->png = ends_with(path, ".png");
    if (ends_with(path, ".svg"))
        canvas->surface = cairo_svg_surface_create_for_stream(receive, canvas->file, width, height);
    else if (ends_with(path, ".pdf"))
        canvas->surface = cairo_pdf_surface_create_for_stream(receive, canvas->file, width, height);
    else
        canvas->surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)(width * PIXELS_PER_POINT),
                                                     (int)(height * PIXELS_PER_POINT));
    canvas->cr = cairo_create(canvas->surface);
    if (canvas->png)
        cairo_scale(canvas->cr, PIXELS_PER_POINT, PIXELS_PER_POINT);
    cairo_set_source_rgb(canvas->cr, 1, 1, 1);
    cairo_paint(canvas->cr);
    return NULL;
}

const char *draw_close(draw_canvas *canvas)
{
    cairo_status_t status = cairo_status(canvas->cr);
    cairo_destroy(canvas->cr);
    if (canvas->png && status == CAIRO_STATUS_SUCCESS)
        status = cairo_surface_write_to_png_stream(canvas->surface, receive, canvas->file);
    cairo_surface_finish(canvas->surface);
    if (status == CAIRO_STATUS_SUCCESS)
        status = cairo_surface_status(canvas->surface);
    cairo_surface_destroy(canvas->surface);
    const char *wrong = status == CAIRO_STATUS_SUCCESS ? NULL : cairo_status_to_string(status);
    if (status == CAIRO_STATUS_WRITE_ERROR || (!wrong && genlat_output_finish(canvas->file) != GENLAT_OK))
        wrong = genlat_last_error();
    genlat_output_destroy(&canvas->file);
    return wrong;
}

static void set_colour(cairo_t *cr, draw_colour c)
{
    cairo_set_source_rgb(cr, c.r, c.g, c.b);
}

void draw_text(cairo_t *cr, double x, double y, draw_align align, double size, bool bold, const char *text)
{
    cairo_text_extents_t extents;
    cairo_select_font_face(cr, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                           bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(cr, size);
    cairo_text_extents(cr, text, &extents);
    cairo_move_to(cr, x - extents.x_advance * (align == DRAW_LEFT ? 0 : align == DRAW_MIDDLE ? 0.5 : 1), y);
    cairo_show_text(cr, text);
    cairo_new_path(cr);
}

const char *draw_prepare(void)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, 1, 1);
    cairo_t *cr = cairo_create(surface);
    draw_text(cr, 0, 0, DRAW_LEFT, 10, false, "0");
    draw_text(cr, 0, 0, DRAW_LEFT, 10, true, "0");
    const cairo_status_t status = cairo_status(cr);
    cairo_destroy(cr);
    cairo_surface_destroy(surface);
    return status == CAIRO_STATUS_SUCCESS ? NULL : cairo_status_to_string(status);
}

void draw_range(double *low, double *high, double margin)
{
    double width = *high - *low;
    if (!(width > 1e-9 * (1 + fabs(*low))))
        width = 1 + fabs(*low) * 0.1;
    double middle = (*low + *high) / 2;
    if (*high - *low < width) {
        *low = middle - width / 2;
        *high = middle + width / 2;
    }
    *low -= margin * width;
    *high += margin * width;
}

/* Returns the distance of ticks: 1, 2 or 5 times a power of ten, with approximately `count` ticks in the range. */
static double tick_step(double low, double high, int count, bool whole)
{
    double rough = (high - low) / count, power = pow(10, floor(log10(rough))), part = rough / power;
    double step = power * (part < 1.5 ? 1 : part < 3.5 ? 2 : part < 7.5 ? 5 : 10);
    return whole && step < 1 ? 1 : step;
}

static double place_x(const draw_panel *p, double x)
{
    return p->x + (x - p->x_low) / (p->x_high - p->x_low) * p->width;
}

static double place_y(const draw_panel *p, double y)
{
    return p->y + p->height - (y - p->y_low) / (p->y_high - p->y_low) * p->height;
}

static void tick_text(char *text, size_t capacity, double value, double step)
{
    snprintf(text, capacity, "%.*f", step < 1 ? (int)ceil(-log10(step) - 1e-9) : 0,
             fabs(value) < step * 1e-6 ? 0 : value);
}

static void y_ticks(cairo_t *cr, const draw_panel *p)
{
    char text[32];
    double step = tick_step(p->y_low, p->y_high, (int)(p->height / 42) + 1, false);
    for (double y = ceil(p->y_low / step) * step; y <= p->y_high + step * 1e-6; y += step) {
        double at = floor(place_y(p, y)) + 0.5;
        set_colour(cr, pale);
        cairo_move_to(cr, p->x, at);
        cairo_line_to(cr, p->x + p->width, at);
        cairo_stroke(cr);
        set_colour(cr, grey);
        tick_text(text, sizeof text, y, step);
        draw_text(cr, p->x - 7, at + 3.5, DRAW_RIGHT, 10, false, text);
    }
}

static void x_ticks(cairo_t *cr, const draw_panel *p)
{
    char text[32];
    double step = tick_step(p->x_low, p->x_high, (int)(p->width / 60) + 1, p->whole_x);
    for (double x = ceil(p->x_low / step) * step; x <= p->x_high + step * 1e-6; x += step) {
        double at = floor(place_x(p, x)) + 0.5;
        set_colour(cr, pale);
        cairo_move_to(cr, at, p->y);
        cairo_line_to(cr, at, p->y + p->height);
        cairo_stroke(cr);
        set_colour(cr, grey);
        tick_text(text, sizeof text, x, step);
        draw_text(cr, at, p->y + p->height + 15, DRAW_MIDDLE, 10, false, text);
    }
}

void draw_panel_begin(cairo_t *cr, const draw_panel *p)
{
    cairo_set_line_width(cr, 1);
    y_ticks(cr, p);
    x_ticks(cr, p);
    set_colour(cr, grey);
    cairo_move_to(cr, p->x, floor(p->y + p->height) + 0.5);
    cairo_rel_line_to(cr, p->width, 0);
    cairo_stroke(cr);
    set_colour(cr, ink);
    if (p->title)
        draw_text(cr, p->x, p->y - 12, DRAW_LEFT, 13, true, p->title);
    if (p->x_label)
        draw_text(cr, p->x + p->width / 2, p->y + p->height + 33, DRAW_MIDDLE, 11, false, p->x_label);
    if (p->y_label) {
        cairo_save(cr);
        cairo_translate(cr, p->x - 44, p->y + p->height / 2);
        cairo_rotate(cr, -3.14159265358979 / 2);
        draw_text(cr, 0, 0, DRAW_MIDDLE, 11, false, p->y_label);
        cairo_restore(cr);
    }
    cairo_save(cr);
    cairo_rectangle(cr, p->x - 4, p->y - 4, p->width + 8, p->height + 8);
    cairo_clip(cr);
}

void draw_panel_end(cairo_t *cr)
{
    cairo_restore(cr);
}

void draw_line(cairo_t *cr, const draw_panel *panel, int64_t n, const double *x, const double *y, draw_colour colour,
               bool dashed)
{
    static const double dashes[] = {5, 3};
    bool joined = false;
    cairo_save(cr);
    set_colour(cr, colour);
    cairo_set_line_width(cr, 1.8);
    cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
    cairo_set_dash(cr, dashes, dashed ? 2 : 0, 0);
    for (int64_t i = 0; i < n; i++) {
        if (!isfinite(y[i]))
            continue;
        (joined ? cairo_line_to : cairo_move_to)(cr, place_x(panel, x[i]), place_y(panel, y[i]));
        joined = true;
    }
    cairo_stroke(cr);
    cairo_restore(cr);
    for (int64_t i = 0; i < n && n <= 40; i++)
        if (isfinite(y[i]))
            draw_point(cr, panel, x[i], y[i], 2.4, colour, 1);
}

void draw_point(cairo_t *cr, const draw_panel *panel, double x, double y, double radius, draw_colour colour,
                double alpha)
{
    cairo_set_source_rgba(cr, colour.r, colour.g, colour.b, alpha);
    cairo_arc(cr, place_x(panel, x), place_y(panel, y), radius, 0, 6.28318530717959);
    cairo_fill(cr);
}

double draw_key(cairo_t *cr, double x, double y, draw_colour colour, bool dashed, bool dot, const char *name)
{
    static const double dashes[] = {5, 3};
    cairo_save(cr);
    set_colour(cr, colour);
    if (dot) {
        cairo_arc(cr, x + 6, y - 4, 4, 0, 6.28318530717959);
        cairo_fill(cr);
    } else {
        cairo_set_line_width(cr, 2);
        cairo_set_dash(cr, dashes, dashed ? 2 : 0, 0);
        cairo_move_to(cr, x, y - 4);
        cairo_rel_line_to(cr, 22, 0);
        cairo_stroke(cr);
    }
    cairo_restore(cr);
    double begin = x + (dot ? 15 : 28);
    set_colour(cr, ink);
    draw_text(cr, begin, y, DRAW_LEFT, 11, false, name);
    cairo_text_extents_t extents;
    cairo_text_extents(cr, name, &extents);
    return begin + extents.x_advance + 16;
}
