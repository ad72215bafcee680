/* SPDX-License-Identifier: MIT */
/*
 * Lowering of an image to columns and back, compiled once per instruction set. A channel first goes through a
 * window: padded, and parted by the remainder of its coordinates modulo the stride, so that what one place of
 * the kernel reads along a line is contiguous whatever the stride.
 */
#include "kernel/conv_priv.h"
#include "kernel/entries_priv.h"
#include "kernel/vec.h"

/* Where the first position of the tile sees the window through place (ky,kx) of the kernel. */
static int64_t place(const gnl_conv *g, const gnl_conv_frame *f, int64_t ky, int64_t kx)
{
    int64_t y = ky * g->dilation[0], x = kx * g->dilation[1];
    int64_t part = y % g->stride[0] * g->stride[1] + x % g->stride[1];
    return part * f->plane + y / g->stride[0] * f->columns + x / g->stride[1];
}

/* The columns of a window's line that lie on the image, [*begin,*end); `first` is the x of column 0. */
static void columns_inside(const gnl_conv *g, const gnl_conv_frame *f, int64_t first, int64_t *begin,
                           int64_t *end)
{
    int64_t stride = g->stride[1];
    *begin = first < 0 ? GNL_MIN((-first + stride - 1) / stride, f->columns) : 0;
    *end = first < g->image[1] ? GNL_MIN((g->image[1] - first + stride - 1) / stride, f->columns) : 0;
    *end = GNL_MAX(*end, *begin);
}

/* ---- lines ------------------------------------------------------------------------------------------- */

static void zero(int64_t n, gnl_real *out)
{
    memset(out, 0, (size_t)n * sizeof *out);
}

static void pick(int64_t n, int64_t stride, const gnl_real *from, gnl_real *out)
{
    if (stride == 1) {
        memcpy(out, from, (size_t)n * sizeof *out);
    } else if (stride == 2) {
        for (int64_t i = 0; i < n; i++)
            out[i] = from[2 * i];
    } else {
        for (int64_t i = 0; i < n; i++)
            out[i] = from[stride * i];
    }
}

static void put_back(int64_t n, int64_t stride, const gnl_real *from, gnl_real *out)
{
    if (stride == 1) {
        for (int64_t i = 0; i < n; i++)
            out[i] += from[i];
    } else if (stride == 2) {
        for (int64_t i = 0; i < n; i++)
            out[2 * i] += from[i];
    } else {
        for (int64_t i = 0; i < n; i++)
            out[stride * i] += from[i];
    }
}

/* Lines are short: a vector or two each, the last one masked. */
static void copy_lines(int64_t lines, int64_t n, const gnl_real *from, int64_t pitch, gnl_real *out)
{
    int64_t whole = n / VN * VN;
    M rest = vmask(n - whole);
    for (int64_t line = 0; line < lines; line++, from += pitch, out += n) {
        for (int64_t i = 0; i < whole; i += VN)
            vstore(out + i, vload(from + i));
        if (whole < n)
            vstore_m(out + whole, rest, vload_m(from + whole, rest));
    }
}

static void add_lines(int64_t lines, int64_t n, const gnl_real *from, gnl_real *out, int64_t pitch)
{
    int64_t whole = n / VN * VN;
    M rest = vmask(n - whole);
    for (int64_t line = 0; line < lines; line++, from += n, out += pitch) {
        for (int64_t i = 0; i < whole; i += VN)
            vstore(out + i, vadd(vload(out + i), vload(from + i)));
        if (whole < n)
            vstore_m(out + whole, rest, vadd(vload_m(out + whole, rest), vload_m(from + whole, rest)));
    }
}

/* ---- window ------------------------------------------------------------------------------------------ */

/* One line of the window, of remainder part = (a,b), from line y of the image's plane. */
static void fill_line(const gnl_conv *g, const gnl_conv_frame *f, const gnl_real *plane, int64_t y,
                      int64_t first, gnl_real *out)
{
    int64_t begin = 0, end = 0;
    if (y >= 0 && y < g->image[0])
        columns_inside(g, f, first, &begin, &end);
    zero(begin, out);
    if (end > begin)
        pick(end - begin, g->stride[1], plane + y * g->image[1] + first + begin * g->stride[1], out + begin);
    zero(f->columns - end, out + end);
}

static void fill_window(const gnl_conv *g, const gnl_conv_tile *t, const gnl_conv_frame *f,
                        const gnl_real *plane, gnl_real *window)
{
    int64_t top = t->y * g->stride[0] - g->padding[0], left = t->x * g->stride[1] - g->padding[1];
    for (int64_t a = 0; a < g->stride[0]; a++)
        for (int64_t b = 0; b < g->stride[1]; b++)
            for (int64_t line = 0; line < f->lines; line++, window += f->columns)
                fill_line(g, f, plane, top + line * g->stride[0] + a, left + b, window);
}

static void empty_line(const gnl_conv *g, const gnl_conv_frame *f, const gnl_real *from, int64_t y,
                       int64_t first, gnl_real *plane)
{
    int64_t begin = 0, end = 0;
    if (y < 0 || y >= g->image[0])
        return;
    columns_inside(g, f, first, &begin, &end);
    if (end > begin)
        put_back(end - begin, g->stride[1], from + begin,
                 plane + y * g->image[1] + first + begin * g->stride[1]);
}

static void empty_window(const gnl_conv *g, const gnl_conv_tile *t, const gnl_conv_frame *f,
                         const gnl_real *window, gnl_real *plane)
{
    int64_t top = t->y * g->stride[0] - g->padding[0], left = t->x * g->stride[1] - g->padding[1];
    for (int64_t a = 0; a < g->stride[0]; a++)
        for (int64_t b = 0; b < g->stride[1]; b++)
            for (int64_t line = 0; line < f->lines; line++, window += f->columns)
                empty_line(g, f, window, top + line * g->stride[0] + a, left + b, plane);
}

/* ---- a tile ------------------------------------------------------------------------------------------ */

static int64_t plane_at(const gnl_conv *g, int64_t sample, int64_t channel)
{
    return (sample * g->image_channels + channel) * g->image[0] * g->image[1];
}

void GNL_K(im2col)(const gnl_conv *g, const gnl_conv_tile *t, int64_t channel, int64_t channels,
                   const gnl_real *image, gnl_real *window, gnl_real *cols)
{
    gnl_conv_frame f = gnl_conv_frame_of(g, t->lines, t->columns);
    int64_t size = gnl_conv_tile_size(t), one = t->lines * t->columns;
    for (int64_t c = 0; c < channels; c++) {
        for (int64_t s = 0; s < t->samples; s++) {
            gnl_real *out = cols + s * one;
            fill_window(g, t, &f, image + plane_at(g, t->sample + s, channel + c), window);
            for (int64_t ky = 0; ky < g->kernel[0]; ky++)
                for (int64_t kx = 0; kx < g->kernel[1]; kx++, out += size)
                    copy_lines(t->lines, t->columns, window + place(g, &f, ky, kx), f.columns, out);
        }
        cols += g->kernel[0] * g->kernel[1] * size;
    }
}

void GNL_K(col2im)(const gnl_conv *g, const gnl_conv_tile *t, int64_t channel, int64_t channels,
                   const gnl_real *cols, gnl_real *window, gnl_real *image)
{
    gnl_conv_frame f = gnl_conv_frame_of(g, t->lines, t->columns);
    int64_t size = gnl_conv_tile_size(t), one = t->lines * t->columns;
    for (int64_t c = 0; c < channels; c++) {
        for (int64_t s = 0; s < t->samples; s++) {
            const gnl_real *from = cols + s * one;
            zero(gnl_conv_window(g, &f), window);
            for (int64_t ky = 0; ky < g->kernel[0]; ky++)
                for (int64_t kx = 0; kx < g->kernel[1]; kx++, from += size)
                    add_lines(t->lines, t->columns, from, window + place(g, &f, ky, kx), f.columns);
            empty_window(g, t, &f, window, image + plane_at(g, t->sample + s, channel + c));
        }
        cols += g->kernel[0] * g->kernel[1] * size;
    }
}
