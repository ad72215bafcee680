/* SPDX-License-Identifier: MIT */
/* Conversion of images to one size and number of channels. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "image_priv.h"

genlat_status gnl_image_alloc(const char *path, int64_t limit, gnl_image *image)
{
    image->data = NULL;
    genlat_status status = gnl_files_fit(limit, path, image->height * image->width, image->channels);
    if (status == GENLAT_OK) {
        image->data = malloc((size_t)(image->height * image->width * image->channels));
        status = image->data ? GENLAT_OK : gnl_files_no_memory(path);
    }
    if (status != GENLAT_OK)
        *image = (gnl_image){0};
    return status;
}

void gnl_image_free(gnl_image *image)
{
    free(image->data);
    *image = (gnl_image){0};
}

static uint8_t to_byte(double value)
{
    return (uint8_t)(fmax(0, fmin(255, value)) + 0.5);
}

genlat_status gnl_image_channels(const char *path, int64_t limit, int64_t channels, gnl_image *image)
{
    if (image->channels == channels)
        return GENLAT_OK;
    gnl_image out = {.height = image->height, .width = image->width, .channels = channels};
    GNL_FILES_TRY(gnl_image_alloc(path, limit, &out));
    const uint8_t *from = image->data;
    for (int64_t i = 0; i < image->height * image->width; i++) {
        if (channels == 1)
            out.data[i] = to_byte(0.299 * from[3 * i] + 0.587 * from[3 * i + 1] + 0.114 * from[3 * i + 2]);
        else
            memset(out.data + 3 * i, from[i], 3);
    }
    gnl_image_free(image);
    *image = out;
    return GENLAT_OK;
}

/* ---- one direction ----------------------------------------------------------------------------------- */

/* A piece of a row or column, and the number of pixels that it becomes. */
typedef struct span {
    int64_t begin, size; /* of the source */
    int64_t to, out;     /* of the result */
} span;

/* The weights of the source pixels for one pixel of the result. */
typedef struct filter {
    int64_t begin, size;
    double *weight; /* [space] */
} filter;

/* The greatest number of weights of a filter. */
static int64_t filter_space(const span *s)
{
    return 2 * (int64_t)ceil(fmax(1, (double)s->size / (double)s->out)) + 1;
}

/* A triangle around the pixel's centre. It reaches to the neighbours in the source or, if the image becomes smaller, in
 * the result. */
static void make_filter(const span *s, int64_t index, filter *out)
{
    double scale = (double)s->size / (double)s->out, reach = fmax(1, scale), centre = ((double)index + 0.5) * scale;
    int64_t begin = GNL_FILES_MAX((int64_t)(centre - reach + 0.5), 0);
    int64_t end = GNL_FILES_MIN((int64_t)(centre + reach + 0.5), s->size);
    double sum = 0;
    out->begin = s->begin + begin;
    out->size = end - begin;
    for (int64_t i = 0; i < out->size; i++) {
        out->weight[i] = fmax(0, 1 - fabs((double)(begin + i) + 0.5 - centre) / reach);
        sum += out->weight[i];
    }
    for (int64_t i = 0; i < out->size; i++)
        out->weight[i] /= sum;
}

/* ---- both directions --------------------------------------------------------------------------------- */

/* Resizes the rows of the image to rows [y->size,x->out,channels] of floats. */
static void resize_rows(const gnl_image *image, const span *x, const span *y, filter *f, float *out)
{
    int64_t channels = image->channels;
    for (int64_t j = 0; j < x->out; j++) {
        make_filter(x, j, f);
        for (int64_t i = 0; i < y->size; i++)
            for (int64_t c = 0; c < channels; c++) {
                const uint8_t *from = image->data + ((y->begin + i) * image->width + f->begin) * channels + c;
                double sum = 0;
                for (int64_t k = 0; k < f->size; k++)
                    sum += f->weight[k] * from[k * channels];
                out[(i * x->out + j) * channels + c] = (float)sum;
            }
    }
}

/* Resizes the columns of these rows into the result. */
static void resize_columns(const float *rows, const span *x, const span *y, filter *f, gnl_image *out)
{
    int64_t width = x->out * out->channels;
    for (int64_t i = 0; i < y->out; i++) {
        make_filter(y, i, f);
        uint8_t *to = out->data + ((y->to + i) * out->width + x->to) * out->channels;
        for (int64_t j = 0; j < width; j++) {
            double sum = 0;
            for (int64_t k = 0; k < f->size; k++)
                sum += f->weight[k] * (double)rows[(f->begin - y->begin + k) * width + j];
            to[j] = to_byte(sum);
        }
    }
}

static int64_t rounded(double value, int64_t most)
{
    return GNL_FILES_MAX(GNL_FILES_MIN((int64_t)(value + 0.5), most), 1);
}

/* Chooses the pieces of source and result: for GNL_FIT_CROP the largest centred piece of the source with the
 * proportions of the result, for GNL_FIT_PAD the largest centred piece of the result with those of the source. */
static void choose_spans(const gnl_image *image, const gnl_image *out, int32_t fit, span *x, span *y)
{
    *x = (span){.size = image->width, .out = out->width};
    *y = (span){.size = image->height, .out = out->height};
    double across = (double)x->out / (double)x->size, down = (double)y->out / (double)y->size;
    if (fit == GNL_FIT_CROP) {
        x->size = rounded((double)x->out / fmax(across, down), image->width);
        y->size = rounded((double)y->out / fmax(across, down), image->height);
        x->begin = (image->width - x->size) / 2;
        y->begin = (image->height - y->size) / 2;
    } else if (fit == GNL_FIT_PAD) {
        x->out = rounded((double)x->size * fmin(across, down), out->width);
        y->out = rounded((double)y->size * fmin(across, down), out->height);
        x->to = (out->width - x->out) / 2;
        y->to = (out->height - y->out) / 2;
    }
}

genlat_status gnl_image_resize(const char *path, int64_t limit, int64_t height, int64_t width, int32_t fit,
                               gnl_image *image)
{
    gnl_image out = {.height = height, .width = width, .channels = image->channels};
    span x, y;
    if (image->height == height && image->width == width)
        return GENLAT_OK;
    choose_spans(image, &out, fit, &x, &y);
    GNL_FILES_TRY(gnl_image_alloc(path, limit, &out));
    memset(out.data, 0, (size_t)(height * width * out.channels));
    int64_t row = x.out * out.channels * (int64_t)sizeof(float);
    genlat_status status = gnl_files_fit(limit, path, y.size, row);
    float *rows = status == GENLAT_OK ? malloc((size_t)(y.size * row)) : NULL;
    filter f = {.weight = malloc((size_t)GNL_FILES_MAX(filter_space(&x), filter_space(&y)) * sizeof *f.weight)};
    if (status == GENLAT_OK && (!rows || !f.weight))
        status = gnl_files_no_memory(path);
    if (status == GENLAT_OK) {
        resize_rows(image, &x, &y, &f, rows);
        resize_columns(rows, &x, &y, &f, &out);
        gnl_image_free(image);
        *image = out;
    } else {
        gnl_image_free(&out);
    }
    free(rows);
    free(f.weight);
    return status;
}
