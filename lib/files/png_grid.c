/* SPDX-License-Identifier: MIT */
/* Writes a grid of images as one PNG. */
#include <math.h>
#include <png.h>
#include <stdlib.h>

#include "files_priv.h"

/* The layout of the grid, and the range of the values. */
typedef struct grid {
    const float *value;
    int64_t n, channels, height, width; /* number and size of the images */
    int64_t columns, rows, zoom;
    int64_t picture_width, picture_height; /* size of the PNG in pixels */
    double lo, hi;                         /* values that become black and white */
    uint8_t *pixel;
} grid;

enum { GAP = 1, GAP_GREY = 48, MOST_PIXELS = 65535, MOST_ZOOM = 64 };

static genlat_status read_sizes(const genlat_tensor *images, grid *out)
{
    int32_t ndim = genlat_tensor_ndim(images);
    out->value = genlat_tensor_const_data(images);
    out->n = genlat_tensor_dim(images, 0);
    out->channels = ndim == 4 ? genlat_tensor_dim(images, 1) : 1;
    out->height = genlat_tensor_dim(images, -2);
    out->width = genlat_tensor_dim(images, -1);
    bool legal = (ndim == 3 || ndim == 4) && (out->channels == 1 || out->channels == 3);
    if (!legal || genlat_tensor_count(images) < 1)
        return genlat_error_set(
            GENLAT_E_SHAPE,
            "genlat_png_grid: images has %d dimensions, %lld channels, %lld values; [n,h,w], [n,1,h,w] or [n,3,h,w] "
            "expected",
            (int)ndim, (long long)out->channels, (long long)genlat_tensor_count(images));
    return GENLAT_OK;
}

static genlat_status lay_out(grid *g)
{
    if (g->columns == 0)
        g->columns = (int64_t)ceil(sqrt((double)g->n));
    g->columns = GNL_FILES_MIN(g->columns, g->n);
    g->rows = (g->n + g->columns - 1) / g->columns;
    double wide = (double)g->columns * ((double)g->width * (double)g->zoom + GAP) - GAP;
    double high = (double)g->rows * ((double)g->height * (double)g->zoom + GAP) - GAP;
    if (wide > MOST_PIXELS || high > MOST_PIXELS)
        return genlat_error_set(GENLAT_E_RANGE,
                                "genlat_png_grid: the picture has %.0f x %.0f pixels, at most %d per side expected; "
                                "write fewer images",
                                wide, high, MOST_PIXELS);
    g->picture_width = (int64_t)wide;
    g->picture_height = (int64_t)high;
    return GENLAT_OK;
}

static uint8_t grey(const grid *g, float value)
{
    double share = ((double)value - g->lo) / (g->hi - g->lo);
    return share > 0 ? (uint8_t)(255 * GNL_FILES_MIN(share, 1) + 0.5) : 0;
}

static void draw_image(const grid *g, int64_t index)
{
    int64_t plane = g->height * g->width, high = g->height * g->zoom, wide = g->width * g->zoom;
    int64_t top = index / g->columns * (high + GAP), left = index % g->columns * (wide + GAP);
    const float *value = g->value + index * g->channels * plane;
    for (int64_t y = 0; y < high; y++)
        for (int64_t x = 0; x < wide; x++)
            for (int64_t c = 0; c < g->channels; c++)
                g->pixel[((top + y) * g->picture_width + left + x) * g->channels + c] =
                    grey(g, value[c * plane + y / g->zoom * g->width + x / g->zoom]);
}

static genlat_status write_picture(const char *path, const grid *g)
{
    png_image png = {.version = PNG_IMAGE_VERSION,
                     .width = (png_uint_32)g->picture_width,
                     .height = (png_uint_32)g->picture_height,
                     .format = g->channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY};
    gnl_output output;
    GNL_FILES_TRY(gnl_output_open(path, &output));
    genlat_status status = GENLAT_OK;
    if (!png_image_write_to_stdio(&png, output.stream, 0, g->pixel, 0, NULL))
        status = genlat_error_set(GENLAT_E_IO, "%s: cannot write the file: %s", path, png.message);
    png_image_free(&png);
    return gnl_output_close(&output, status);
}

genlat_status genlat_png_grid(const char *path, const genlat_tensor *images, int64_t columns, int64_t zoom, double lo,
                              double hi)
{
    grid g = {.columns = columns, .zoom = zoom, .lo = lo, .hi = hi};
    GNL_FILES_REQUIRE(path, "genlat_png_grid", "path is NULL");
    GNL_FILES_REQUIRE(images, "genlat_png_grid", "images is NULL");
    if (columns < 0 || zoom < 1 || zoom > MOST_ZOOM || !isfinite(lo) || !isfinite(hi) || !(hi > lo))
        return genlat_error_set(GENLAT_E_RANGE,
                                "genlat_png_grid: columns is %lld, zoom is %lld, lo is %g, hi is %g; columns >= 0, "
                                "zoom from 1 to %d and lo < hi expected",
                                (long long)columns, (long long)zoom, lo, hi, MOST_ZOOM);
    GNL_FILES_TRY(read_sizes(images, &g));
    GNL_FILES_TRY(lay_out(&g));
    size_t bytes = (size_t)g.picture_width * (size_t)g.picture_height * (size_t)g.channels;
    g.pixel = malloc(bytes);
    if (!g.pixel)
        return gnl_files_no_memory(path);
    for (size_t i = 0; i < bytes; i++)
        g.pixel[i] = GAP_GREY;
    for (int64_t i = 0; i < g.n; i++)
        draw_image(&g, i);
    genlat_status status = write_picture(path, &g);
    free(g.pixel);
    return status;
}
