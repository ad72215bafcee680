/* SPDX-License-Identifier: MIT */
/* Structural similarity of images, at one scale or at several. Moments in a window are weighted means, without a
 * correction for the number of pixels. */
#include "metric/metric_priv.h"

enum { MOST_WINDOW = 64, MOST_LEVELS = 5, MOMENTS = 5 };

const char *const gnl_edge_names[] = {"reflect", "inside", NULL};

typedef struct work {
    const gnl_ssim_opts *o;
    int64_t levels, channels, height, width;
    const double *weight; /* [levels] */
    const gnl_real *x, *y;
    double window[MOST_WINDOW], c1, c2;
    double *scratch; /* [threads, 2 + MOMENTS, height, width] */
    double *result;  /* [n] */
} work;

typedef struct plane {
    int64_t height, width;
    double *x, *y, *moments;
} plane;

static void set_window(work *w, double range)
{
    double sum = 0;
    for (int64_t i = 0; i < w->o->window; i++) {
        const double at = ((double)i - (double)(w->o->window - 1) / 2) / w->o->sigma;
        w->window[i] = exp(-0.5 * at * at);
        sum += w->window[i];
    }
    for (int64_t i = 0; i < w->o->window; i++)
        w->window[i] /= sum;
    w->c1 = w->o->k1 * range * w->o->k1 * range;
    w->c2 = w->o->k2 * range * w->o->k2 * range;
}

/* Returns the pixel that position i of a reflected line shows. */
static int64_t mirror(int64_t i, int64_t size)
{
    return i < 0 ? -i : i < size ? i : 2 * (size - 1) - i;
}

static int64_t margin(const work *w)
{
    return w->o->edges == GNL_EDGES_REFLECT ? w->o->window / 2 : 0;
}

/* Number of positions of the window along a side. */
static int64_t positions(const work *w, int64_t side)
{
    return side + 2 * margin(w) - w->o->window + 1;
}

/* Weights x, y, x^2, y^2 and xy along the rows. */
static void filter_rows(const work *w, const plane *p)
{
    const int64_t across = positions(w, p->width);
    for (int64_t r = 0; r < p->height; r++)
        for (int64_t c = 0; c < across; c++) {
            double *out = p->moments + (r * across + c) * MOMENTS;
            memset(out, 0, MOMENTS * sizeof *out);
            for (int64_t k = 0; k < w->o->window; k++) {
                const int64_t at = r * p->width + mirror(c + k - margin(w), p->width);
                const double x = p->x[at], y = p->y[at], f = w->window[k];
                out[0] += f * x;
                out[1] += f * y;
                out[2] += f * x * x;
                out[3] += f * y * y;
                out[4] += f * x * y;
            }
        }
}

/* Computes similarity and its factor for contrast and structure at one position of the window. */
static void compare(const work *w, const plane *p, int64_t r, int64_t c, double out[2])
{
    const int64_t across = positions(w, p->width);
    double m[MOMENTS] = {0};
    for (int64_t k = 0; k < w->o->window; k++) {
        const double *row = p->moments + (mirror(r + k - margin(w), p->height) * across + c) * MOMENTS;
        for (int j = 0; j < MOMENTS; j++)
            m[j] += w->window[k] * row[j];
    }
    const double xx = fmax(m[2] - m[0] * m[0], 0), yy = fmax(m[3] - m[1] * m[1], 0), xy = m[4] - m[0] * m[1];
    out[1] = (2 * xy + w->c2) / (xx + yy + w->c2);
    out[0] = out[1] * (2 * m[0] * m[1] + w->c1) / (m[0] * m[0] + m[1] * m[1] + w->c1);
}

/* Adds the mean of the similarity over all positions, and that of its factor over the windows within the image. */
static void add_similarity(const work *w, const plane *p, double sums[2])
{
    const int64_t down = positions(w, p->height), across = positions(w, p->width), edge = margin(w);
    double whole = 0, contrast = 0;
    filter_rows(w, p);
    for (int64_t r = 0; r < down; r++)
        for (int64_t c = 0; c < across; c++) {
            const bool inside = r >= edge && r < down - edge && c >= edge && c < across - edge;
            double found[2];
            compare(w, p, r, c, found);
            whole += found[0];
            contrast += inside ? found[1] : 0;
        }
    sums[0] += whole / (double)(down * across) / (double)w->channels;
    sums[1] += contrast / (double)((down - 2 * edge) * (across - 2 * edge)) / (double)w->channels;
}

/* Replaces a plane by means of 2 x 2 pixels, in place. */
static void halve(int64_t height, int64_t width, double *x)
{
    for (int64_t r = 0; r < height / 2; r++)
        for (int64_t c = 0; c < width / 2; c++) {
            const double *from = x + 2 * r * width + 2 * c;
            x[r * (width / 2) + c] = (from[0] + from[1] + from[width] + from[width + 1]) / 4;
        }
}

static double similarity(const work *w, int64_t image, double *scratch)
{
    const int64_t size = w->height * w->width;
    double sums[MOST_LEVELS][2] = {{0}}, product = 1;
    for (int64_t channel = 0; channel < w->channels; channel++) {
        const int64_t first = (image * w->channels + channel) * size;
        plane p = {w->height, w->width, scratch, scratch + size, scratch + 2 * size};
        for (int64_t i = 0; i < size; i++) {
            p.x[i] = (double)w->x[first + i];
            p.y[i] = (double)w->y[first + i];
        }
        for (int64_t level = 0; level < w->levels; level++) {
            add_similarity(w, &p, sums[level]);
            halve(p.height, p.width, p.x);
            halve(p.height, p.width, p.y);
            p.height /= 2;
            p.width /= 2;
        }
    }
    if (w->levels == 1)
        return sums[0][0];
    for (int64_t level = 0; level < w->levels; level++)
        product *= pow(fmax(sums[level][level < w->levels - 1], 0), w->weight[level]);
    return product;
}

static void image_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const work *w = arg;
    for (int64_t i = begin; i < end; i++)
        w->result[i] = similarity(w, i, w->scratch + worker * (2 + MOMENTS) * w->height * w->width);
}

static genlat_status check_images(const gnl_metric_call *call, const gnl_ssim_opts *o, int64_t levels)
{
    char found[GNL_SHAPE_TEXT];
    GNL_TRY(gnl_metric_check_pairs(call));
    const gnl_shape *shape = &call->input[GNL_ORIGINALS]->shape;
    if (shape->ndim != 4)
        return gnl_fail(GENLAT_E_SHAPE, "originals are %s, expected images [n,channels,rows,columns]",
                        gnl_shape_format(shape, found));
    if (o->window % 2 == 0)
        return gnl_fail(GENLAT_E_RANGE, "window is %lld, must be odd", (long long)o->window);
    const int64_t side = GNL_MIN(shape->dim[2], shape->dim[3]), least = o->window << (levels - 1);
    if (side < least)
        return gnl_fail(GENLAT_E_SHAPE, "the images are %s, but sides must be at least %lld; set a smaller window%s",
                        gnl_shape_format(shape, found), (long long)least, levels > 1 ? " or fewer levels" : "");
    return GENLAT_OK;
}

genlat_status gnl_ssim_compute(const gnl_metric_call *call, int64_t levels, const double *weight,
                               const gnl_metric_name *value, gnl_metric_numbers *out)
{
    const gnl_ssim_opts *o = call->opts;
    const genlat_tensor *x = call->input[GNL_RECONSTRUCTIONS], *y = call->input[GNL_ORIGINALS];
    genlat_ctx *ctx = x->object.ctx;
    double mean = 0;
    GNL_TRY(check_images(call, o, levels));
    const int64_t *dim = x->shape.dim, n = dim[0], each = (2 + MOMENTS) * dim[2] * dim[3];
    double *numbers = gnl_alloc(ctx, (size_t)(n + gnl_threads(ctx) * each), sizeof *numbers);
    if (!numbers)
        return GENLAT_E_MEMORY;
    work w = {o, levels, dim[1], dim[2], dim[3], weight, x->data, y->data, .scratch = numbers + n, .result = numbers};
    set_window(&w, o->range > 0 ? o->range : gnl_metric_range(call));
    gnl_parallel(ctx, n, 1, image_task, &w);
    gnl_mean_sd(n, numbers, &mean, NULL);
    genlat_status status = gnl_metric_add(out, value, -1, mean, gnl_standard_error(n, numbers), n);
    gnl_free(ctx, numbers);
    return status;
}

/* ---- one scale -------------------------------------------------------------------------------- */

static const gnl_option options[] = {GNL_SSIM_OPTIONS};
static const gnl_options_table table = {
    "ssim", sizeof(gnl_ssim_opts), options, GNL_COUNT(options), {offsetof(gnl_ssim_opts, reserved)}, NULL};

static const gnl_metric_name values[] = {{"ssim", "structural similarity of reconstructions; 1 is best"}, {NULL, NULL}};

static genlat_status compute(const gnl_metric_call *call, gnl_metric_numbers *out)
{
    return gnl_ssim_compute(call, 1, NULL, values, out);
}

const gnl_metric_type gnl_metric_ssim = {
    .name = "ssim",
    .help = "structural similarity of reconstructed images; 1 is best",
    .options = &table,
    .values = values,
    .needs = GENLAT_METRIC_RECONSTRUCTIONS | GENLAT_METRIC_ORIGINALS,
    .least = 1,
    .compute = compute,
    .notes =
        "Mean over channels, positions of the window, and images. Papers and programs differ in `edges` and `range`; "
        "state both. Standard error: over the images. Source: Wang and others, Image quality assessment, 2004.",
};
