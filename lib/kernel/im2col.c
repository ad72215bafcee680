/* SPDX-License-Identifier: MIT */
/*
 * Lowers an image to columns and back, compiled once per instruction set. A channel is first copied to a window, which
 * is padded and split by the remainder of the coordinates modulo the stride. So the numbers that one kernel position
 * reads along a line are contiguous for any stride. Lines of the window are whole vectors.
 */
#include "kernel/conv_priv.h"
#include "kernel/entries_priv.h"
#include "kernel/vec.h"

/* Relation of one line of the image to the window. `left` is the x coordinate of the window's column 0. `width` is the
 * width of the image, or 0 if the line is outside. `window` is the window's line for remainder 0; the line of the next
 * remainder is `plane` numbers further. */
typedef struct line {
    int64_t left, width, columns, plane;
    int64_t ahead; /* distance to the line of the next channel, which is prefetched */
    gnl_real *window;
} line;

/* ---- image to window ----------------------------------------------------------------------------------- */

static void fill_stride_1(const line *l, const gnl_real *image)
{
    for (int64_t j = 0; j < l->columns; j += VN) {
        int64_t x = l->left + j;
        __builtin_prefetch(image + x + l->ahead);
        vstore(l->window + j, vload_range(image + x, -x, l->width - x));
    }
}

static void fill_stride_2(const line *l, const gnl_real *image)
{
    for (int64_t j = 0; j < l->columns; j += VN) {
        int64_t x = l->left + 2 * j, next = x + VN;
        V even, odd;
        __builtin_prefetch(image + x + l->ahead);
        __builtin_prefetch(image + next + l->ahead);
        vdeinterleave(vload_range(image + x, -x, l->width - x), vload_range(image + next, -next, l->width - next),
                      &even, &odd);
        vstore(l->window + j, even);
        vstore(l->window + l->plane + j, odd);
    }
}

static void fill_stride_n(const line *l, int64_t stride, const gnl_real *image)
{
    for (int64_t b = 0; b < stride; b++) {
        int64_t x = l->left + b;
        for (int64_t j = 0; j < l->columns; j++, x += stride)
            l->window[b * l->plane + j] = x >= 0 && x < l->width ? image[x] : 0;
    }
}

static void fill_line(const line *l, int64_t stride, const gnl_real *image)
{
    if (stride == 1)
        fill_stride_1(l, image);
    else if (stride == 2)
        fill_stride_2(l, image);
    else
        fill_stride_n(l, stride, image);
}

/* ---- window to image ----------------------------------------------------------------------------------- */

static void add_vector(gnl_real *out, int64_t left, V v)
{
    if (left >= VN)
        vstore(out, vadd(vload(out), v));
    else
        vstore_m(out, vmask(left), vadd(vload_m(out, vmask(left)), v));
}

static void add_stride_1(const line *l, gnl_real *image)
{
    int64_t end = GNL_MIN(l->width, l->left + l->columns);
    for (int64_t x = GNL_MAX(l->left, 0); x < end; x += VN) {
        __builtin_prefetch(image + x + l->ahead, 1);
        add_vector(image + x, end - x, vload(l->window + x - l->left));
    }
}

static void add_stride_2(const line *l, gnl_real *image)
{
    int64_t x = GNL_MAX(l->left, 0), end = GNL_MIN(l->width, l->left + 2 * l->columns), j = (x - l->left) / 2;
    const gnl_real *even = l->window + j, *odd = even + l->plane;
    if ((x - l->left) % 2) {
        even = odd;
        odd = l->window + j + 1;
    }
    for (; x < end; x += 2 * VN, even += VN, odd += VN) {
        V low, high;
        __builtin_prefetch(image + x + l->ahead, 1);
        __builtin_prefetch(image + x + VN + l->ahead, 1);
        vinterleave(vload(even), vload(odd), &low, &high);
        add_vector(image + x, end - x, low);
        add_vector(image + x + VN, end - x - VN, high);
    }
}

static void add_stride_n(const line *l, int64_t stride, gnl_real *image)
{
    for (int64_t b = 0; b < stride; b++) {
        int64_t x = l->left + b;
        for (int64_t j = 0; j < l->columns; j++, x += stride)
            if (x >= 0 && x < l->width)
                image[x] += l->window[b * l->plane + j];
    }
}

static void add_line(const line *l, int64_t stride, gnl_real *image)
{
    if (l->width == 0)
        return;
    if (stride == 1)
        add_stride_1(l, image);
    else if (stride == 2)
        add_stride_2(l, image);
    else
        add_stride_n(l, stride, image);
}

/* ---- all lines of a window ----------------------------------------------------------------------------- */

/* Describes line `index` of remainder a. *y receives the line of the image. */
static line line_at(const gnl_conv *g, const gnl_conv_tile *t, const gnl_conv_frame *f, int64_t a, int64_t index,
                    gnl_real *window, int64_t *y)
{
    *y = (t->y + index) * g->stride[0] - g->padding[0] + a;
    bool inside = *y >= 0 && *y < g->image[0];
    return (line){.left = t->x * g->stride[1] - g->padding[1],
                  .width = inside ? g->image[1] : 0,
                  .columns = f->columns,
                  .plane = f->plane,
                  .ahead = g->image[0] * g->image[1],
                  .window = window + a * g->stride[1] * f->plane + index * f->pitch};
}

static void fill_window(const gnl_conv *g, const gnl_conv_tile *t, const gnl_conv_frame *f, const gnl_real *plane,
                        gnl_real *window)
{
    for (int64_t a = 0; a < g->stride[0]; a++) {
        for (int64_t index = 0; index < f->lines; index++) {
            int64_t y = 0;
            line l = line_at(g, t, f, a, index, window, &y);
            fill_line(&l, g->stride[1], l.width ? plane + y * g->image[1] : plane);
        }
    }
}

static void add_window(const gnl_conv *g, const gnl_conv_tile *t, const gnl_conv_frame *f, gnl_real *window,
                       gnl_real *plane)
{
    for (int64_t a = 0; a < g->stride[0]; a++) {
        for (int64_t index = 0; index < f->lines; index++) {
            int64_t y = 0;
            line l = line_at(g, t, f, a, index, window, &y);
            add_line(&l, g->stride[1], l.width ? plane + y * g->image[1] : plane);
        }
    }
}

/* ---- window to columns ----------------------------------------------------------------------- */

/* Copies lines one after the other. Numbers that a whole vector writes past the end of a line are overwritten by the
 * next line. */
static void copy_lines(int64_t lines, int64_t n, const gnl_real *from, int64_t pitch, gnl_real *out)
{
    int64_t spill = (n + VN - 1) / VN * VN - n, last = n - (VN - spill);
    for (; lines * n >= n + spill && lines > 0; lines--, from += pitch, out += n)
        for (int64_t i = 0; i < n; i += VN)
            vstore(out + i, vload(from + i));
    for (; lines > 0; lines--, from += pitch, out += n) {
        for (int64_t i = 0; i < last; i += VN)
            vstore(out + i, vload(from + i));
        vstore_m(out + last, vmask(n - last), vload(from + last));
    }
}

/* Returns the offset in the window of the number that kernel position (ky,kx) reads for the first position of the
 * tile. */
static int64_t place(const gnl_conv *g, const gnl_conv_frame *f, int64_t ky, int64_t kx)
{
    int64_t y = ky * g->dilation[0], x = kx * g->dilation[1];
    int64_t part = y % g->stride[0] * g->stride[1] + x % g->stride[1];
    return part * f->plane + y / g->stride[0] * f->pitch + x / g->stride[1];
}

static int64_t plane_at(const gnl_conv *g, int64_t sample, int64_t channel)
{
    return (sample * g->image_channels + channel) * g->image[0] * g->image[1];
}

void GNL_K(im2col)(const gnl_conv *g, const gnl_conv_tile *t, int64_t channel, int64_t channels, const gnl_real *image,
                   gnl_real *window, gnl_real *cols)
{
    gnl_conv_frame f = gnl_conv_frame_of(g, t->lines, t->columns);
    int64_t one = t->lines * t->columns, next = gnl_conv_window(g, &f);
    for (int64_t c = channel; c < channel + channels; c++) {
        for (int64_t s = 0; s < t->samples; s++)
            fill_window(g, t, &f, image + plane_at(g, t->sample + s, c), window + s * next);
        for (int64_t ky = 0; ky < g->kernel[0]; ky++)
            for (int64_t kx = 0; kx < g->kernel[1]; kx++)
                for (int64_t s = 0; s < t->samples; s++, cols += one)
                    copy_lines(t->lines, t->columns, window + s * next + place(g, &f, ky, kx), f.pitch, cols);
    }
}

/* ---- columns to window ----------------------------------------------------------------------- */

/* Kernel positions along one axis that read one remainder: first, first + step, ... The first is `shift` positions into
 * the window, and each further one is `move` positions further. */
typedef struct places {
    int64_t first, step, shift, move;
} places;

static places places_of(const gnl_conv *g, int axis, int64_t remainder)
{
    int64_t kernel = g->kernel[axis], stride = g->stride[axis], dilation = g->dilation[axis];
    if (dilation == 1)
        return (places){remainder, stride, 0, 1};
    places p = {0, 1, 0, 0};
    while (p.first < kernel && p.first * dilation % stride != remainder)
        p.first++;
    while (p.step * dilation % stride != 0)
        p.step++;
    p.shift = p.first * dilation / stride;
    p.move = p.step * dilation / stride;
    return p;
}

/* Returns a vector of line `index` of the window, starting at column j: the sum over the kernel positions that read
 * it. */
static V sum_places(const gnl_conv *g, const gnl_conv_tile *t, const places *py, const places *px, const gnl_real *cols,
                    int64_t size, int64_t index, int64_t j)
{
    V sum = vzero();
    int64_t row = index - py->shift;
    for (int64_t ky = py->first; ky < g->kernel[0]; ky += py->step, row -= py->move) {
        if (row < 0 || row >= t->lines)
            continue;
        const gnl_real *from = cols + ky * g->kernel[1] * size + row * t->columns;
        int64_t shift = px->shift - j;
        for (int64_t kx = px->first; kx < g->kernel[1]; kx += px->step, shift += px->move)
            sum = vadd(sum, vload_range(from + kx * size - shift, shift, t->columns + shift));
    }
    return sum;
}

static void sum_window(const gnl_conv *g, const gnl_conv_tile *t, const gnl_conv_frame *f, const gnl_real *cols,
                       gnl_real *window)
{
    int64_t size = gnl_conv_tile_size(t);
    for (int64_t a = 0; a < g->stride[0]; a++) {
        places py = places_of(g, 0, a);
        for (int64_t b = 0; b < g->stride[1]; b++) {
            places px = places_of(g, 1, b);
            for (int64_t index = 0; index < f->lines; index++, window += f->pitch)
                for (int64_t j = 0; j < f->columns; j += VN)
                    vstore(window + j, sum_places(g, t, &py, &px, cols, size, index, j));
        }
    }
}

void GNL_K(col2im)(const gnl_conv *g, const gnl_conv_tile *t, int64_t channel, int64_t channels, const gnl_real *cols,
                   gnl_real *window, gnl_real *image)
{
    gnl_conv_frame f = gnl_conv_frame_of(g, t->lines, t->columns);
    int64_t size = gnl_conv_tile_size(t), one = t->lines * t->columns, next = gnl_conv_window(g, &f);
    for (int64_t c = channel; c < channel + channels; c++) {
        for (int64_t s = 0; s < t->samples; s++)
            sum_window(g, t, &f, cols + s * one, window + s * next);
        for (int64_t s = 0; s < t->samples; s++)
            add_window(g, t, &f, window + s * next, image + plane_at(g, t->sample + s, c));
        cols += g->kernel[0] * g->kernel[1] * size;
    }
}
