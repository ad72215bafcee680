/* SPDX-License-Identifier: MIT */
/* Writes results: samples in the format of the path's ending, and JSON objects. The table has one line per format. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app.h"
#include "draw.h"
#include "figures.h"
#include "genlat/files.h"
#include "genlat/metric.h"

int output_open(app_state *app, const char *path, app_file *out)
{
    *out = (app_file){.path = path};
    if (genlat_output_open(app->ctx, path, &out->file) != GENLAT_OK)
        return app_fail_library(app);
    int copy = fcntl(genlat_output_descriptor(out->file), F_DUPFD_CLOEXEC, 0);
    out->stream = copy < 0 ? NULL : fdopen(copy, "wb");
    if (out->stream)
        return APP_OK;
    if (copy >= 0)
        close(copy);
    genlat_output_destroy(&out->file);
    return app_fail(app, "%s: cannot write the file: %s", path, strerror(errno));
}

int output_close(app_state *app, app_file *out, int status)
{
    const bool failed = ferror(out->stream) != 0;
    if ((fclose(out->stream) != 0 || failed) && status == APP_OK)
        status = app_fail(app, "%s: cannot write the file; check permissions and free space", out->path);
    if (status == APP_OK && genlat_output_finish(out->file) != GENLAT_OK)
        status = app_fail_library(app);
    genlat_output_destroy(&out->file);
    return status;
}

/* Determines the values of black and white: 0 and 1, or -1 and 1, if the data have approximately this range. Otherwise
 * quantiles of the data, so that a few outliers do not reduce the contrast of the picture. Originals may have missing
 * values; then the samples x count alone. */
static void grey_range(const genlat_tensor *shown, const genlat_tensor *x, double *low, double *high)
{
    static const double at[] = {0.005, 0.995};
    const double slack = 0.3;
    double found[2];
    if (genlat_metric_quantiles(shown, at, 2, found) != GENLAT_OK &&
        genlat_metric_quantiles(x, at, 2, found) != GENLAT_OK)
        found[0] = found[1] = 0;
    *low = found[0] >= -slack ? 0 : found[0] >= -1 - slack ? -1 : found[0];
    *high = 1;
    if (found[0] < -1 - slack || found[1] > 1 + slack) {
        *low = found[0];
        *high = found[1] > found[0] ? found[1] : found[0] + 1;
    }
}

/* Returns whether samples are images: [n,h,w], [n,1,h,w] or [n,3,h,w]. */
static bool are_images(const genlat_tensor *x)
{
    int32_t ndim = genlat_tensor_ndim(x);
    return ndim == 3 || (ndim == 4 && (genlat_tensor_dim(x, 1) == 1 || genlat_tensor_dim(x, 1) == 3));
}

/* Creates a tensor in which rows of originals and rows of samples alternate. Fills the last rows with 0. */
static int interleave(app_state *app, const genlat_tensor *a, const genlat_tensor *b, int64_t columns,
                      genlat_tensor **out)
{
    int64_t n = genlat_tensor_dim(b, 0), lines = (n + columns - 1) / columns, dims[GENLAT_MAX_DIMS];
    size_t size = (size_t)(genlat_tensor_count(b) / n);
    for (int32_t axis = 0; axis < genlat_tensor_ndim(b); axis++)
        dims[axis] = genlat_tensor_dim(b, axis);
    dims[0] = 2 * lines * columns;
    if (genlat_tensor_new(app->ctx, genlat_tensor_ndim(b), dims, out) != GENLAT_OK)
        return app_fail_library(app);
    for (int64_t i = 0; i < n; i++) {
        float *to = genlat_tensor_data(*out) + (size_t)(i / columns * 2 * columns + i % columns) * size;
        memcpy(to, genlat_tensor_const_data(a) + (size_t)i * size, size * sizeof *to);
        memcpy(to + (size_t)columns * size, genlat_tensor_const_data(b) + (size_t)i * size, size * sizeof *to);
    }
    return APP_OK;
}

int output_grid(app_state *app, const char *path, genlat_tensor *x, const output_layout *layout)
{
    genlat_tensor *both = NULL;
    int64_t n = genlat_tensor_dim(x, 0), columns = layout->columns;
    if (columns == 0)
        columns = layout->originals ? (n < 10 ? n : 10) : (int64_t)ceil(sqrt((double)n));
    if (layout->originals && interleave(app, layout->originals, x, columns, &both) != APP_OK)
        return APP_FAILED;
    genlat_tensor *shown = both ? both : x;
    double low, high;
    grey_range(shown, x, &low, &high);
    /* Enlarges small images, so that the picture is approximately 640 pixels wide. */
    int64_t zoom = app->opts.scale ? app->opts.scale : 640 / (columns * genlat_tensor_dim(x, -1));
    zoom = zoom < 1 ? 1 : zoom > 16 && !app->opts.scale ? 16 : zoom;
    genlat_status status = genlat_png_grid(path, shown, columns, zoom, low, high);
    genlat_tensor_destroy(&both);
    return status == GENLAT_OK ? APP_OK : app_fail_library(app);
}

int output_picture(app_state *app, const char *path, genlat_tensor *x, const output_layout *layout)
{
    if (!layout->latent && are_images(x)) {
        if (strcmp(strrchr(path, '.'), ".png") == 0)
            return output_grid(app, path, x, layout);
        return app_fail(app, "%s: images can be written only as .png", path);
    }
    int64_t n = genlat_tensor_dim(x, 0), size = genlat_tensor_count(x) / n;
    if (!layout->latent && size != 2)
        return app_fail(app, "%s: cannot draw samples of %lld numbers; use .npy or .csv", path, (long long)size);
    const figure_text text = {layout->title    ? layout->title
                              : layout->latent ? "latent means"
                                               : "samples",
                              layout->latent ? "z" : "x",
                              layout->about.classes >= layout->classes ? layout->about.class_names : NULL};
    const char *wrong = figure_scatter(path, x, layout->labels, layout->classes, &text);
    return wrong ? app_fail(app, "%s: %s", path, wrong) : APP_OK;
}

static int write_npy(app_state *app, const char *path, genlat_tensor *x, const output_layout *layout)
{
    return genlat_npy_write(path, x) == GENLAT_OK ? APP_OK : app_fail_library(app);
}

/* Writes the array x, and the array labels if there are any. */
static int write_npz(app_state *app, const char *path, genlat_tensor *x, const output_layout *layout)
{
    static const char *const names[] = {"x", "labels"};
    const genlat_tensor *tensors[] = {x, layout->labels};
    return genlat_npz_write(path, layout->labels ? 2 : 1, names, tensors) == GENLAT_OK ? APP_OK : app_fail_library(app);
}

/* Writes latents without labels, so that the table can be decoded. */
static int write_csv(app_state *app, const char *path, genlat_tensor *x, const output_layout *layout)
{
    genlat_status status = layout->latent ? genlat_csv_write(path, x, NULL)
                                          : genlat_csv_write_samples(path, x, layout->labels, &layout->about);
    return status == GENLAT_OK ? APP_OK : app_fail_library(app);
}

/* Returns the rate of --rate, of the model's data, or a default. */
static int64_t rate_of(const app_state *app, const output_layout *layout)
{
    enum { RATE = 16000 };
    const int64_t rate = app->opts.rate ? app->opts.rate : layout->about.rate;
    return rate ? rate : RATE;
}

/* Writes samples [n,length] or [n,channels,length] consecutively. */
static int write_wav(app_state *app, const char *path, genlat_tensor *x, const output_layout *layout)
{
    genlat_tensor *sound = NULL;
    int32_t ndim = genlat_tensor_ndim(x);
    if (ndim != 2 && ndim != 3)
        return app_fail(app, "%s: samples of shape [length] or [channels,length] expected for sound; use .npy", path);
    int64_t n = genlat_tensor_dim(x, 0), channels = ndim == 3 ? genlat_tensor_dim(x, 1) : 1;
    int64_t length = genlat_tensor_dim(x, -1), dims[] = {channels, n * length};
    genlat_status status = genlat_tensor_new(app->ctx, 2, dims, &sound);
    for (int64_t i = 0; i < n * channels && status == GENLAT_OK; i++)
        memcpy(genlat_tensor_data(sound) + (i % channels * n + i / channels) * length,
               genlat_tensor_const_data(x) + i * length, (size_t)length * sizeof(float));
    if (status == GENLAT_OK)
        status = genlat_wav_write(path, sound, rate_of(app, layout));
    genlat_tensor_destroy(&sound);
    return status == GENLAT_OK ? APP_OK : app_fail_library(app);
}

/* Returns whether x [n,length] is text: all values are bytes, and some are above 1. */
static bool are_bytes(const genlat_tensor *x)
{
    const float *data = genlat_tensor_const_data(x);
    bool beyond_one = false;
    for (int64_t i = 0; i < genlat_tensor_count(x); i++) {
        if (!(data[i] >= 0 && data[i] <= 255 && data[i] == floorf(data[i])))
            return false;
        beyond_one = beyond_one || data[i] > 1;
    }
    return beyond_one && genlat_tensor_ndim(x) == 2;
}

/* Writes one sample per line: text as characters, other values as numbers separated by blanks. */
static int write_txt(app_state *app, const char *path, genlat_tensor *x, const output_layout *layout)
{
    int64_t n = genlat_tensor_dim(x, 0), size = genlat_tensor_count(x) / n;
    const float *data = genlat_tensor_const_data(x);
    bool bytes = are_bytes(x);
    app_file out;
    int status = output_open(app, path, &out);
    if (status != APP_OK)
        return status;
    for (int64_t i = 0; i < n * size; i++) {
        bool last = i % size == size - 1;
        if (!bytes)
            fprintf(out.stream, "%.9g%c", (double)data[i], last ? '\n' : ' ');
        else if (data[i] >= 1)
            fputc((int)data[i], out.stream);
        if (bytes && last)
            fputc('\n', out.stream);
    }
    return output_close(app, &out, APP_OK);
}

static const struct {
    const char *ending;
    int (*write)(app_state *app, const char *path, genlat_tensor *x, const output_layout *layout);
    uint32_t content; /* GENLAT_CONTENT_* that the format can hold; ANY: all */
} formats[] = {
    {".png", output_picture, GENLAT_CONTENT_ANY}, {".svg", output_picture, GENLAT_CONTENT_ANY},
    {".pdf", output_picture, GENLAT_CONTENT_ANY}, {".npy", write_npy, GENLAT_CONTENT_ANY},
    {".npz", write_npz, GENLAT_CONTENT_ANY},      {".csv", write_csv, GENLAT_CONTENT_ANY},
    {".wav", write_wav, GENLAT_CONTENT_SOUND},    {".txt", write_txt, GENLAT_CONTENT_TEXT},
};

/* Refuses to write samples as what they are not, such as the rows of a table as text. */
static int check_content(const app_state *app, size_t format, const output_layout *layout)
{
    static const char *const names[] = {"", "images", "sound", "text", "rows of a table"};
    static const char *const endings[] = {"", ".png", ".wav", ".txt", ".csv"};
    const uint32_t content = layout->about.content, wanted = formats[format].content;
    if (wanted == GENLAT_CONTENT_ANY || layout->latent || content == GENLAT_CONTENT_ANY || content == wanted ||
        content >= APP_COUNT(names))
        return APP_OK;
    return app_fail(app, "%s: the samples are %s, not %s; use %s or .npy", app->opts.out, names[content], names[wanted],
                    endings[content]);
}

/* Returns the index of the format of a path, or -1. */
static int find_format(const char *path)
{
    return output_find_format(path, formats, sizeof *formats, APP_COUNT(formats));
}

int output_find_format(const char *path, const void *table, size_t size, size_t count)
{
    const char *ending = path ? strrchr(path, '.') : NULL;
    for (size_t i = 0; i < count && ending; i++)
        if (strcmp(ending, *(const char *const *)(const void *)((const char *)table + i * size)) == 0)
            return (int)i;
    return -1;
}

int output_claim(app_state *app)
{
    struct stat out, standard;
    if (!app->opts.out || stat(app->opts.out, &out) != 0 || fstat(STDOUT_FILENO, &standard) != 0 ||
        out.st_dev != standard.st_dev || out.st_ino != standard.st_ino)
        return APP_OK;
    if (app->opts.json)
        return app_usage(app, "--out %s and --json both write to standard output; leave one out", app->opts.out);
    app->opts.quiet = true;
    return APP_OK;
}

int output_check(const app_state *app)
{
    if (!app->opts.out)
        return app_usage(app, "--out is missing, such as -o samples.png");
    if (find_format(app->opts.out) < 0)
        return app_usage(app, "--out is '%s', an ending .png, .svg, .pdf, .npy, .npz, .csv, .wav or .txt expected",
                         app->opts.out);
    return APP_OK;
}

/* Formats the shape of a tensor, such as "[64,1,28,28]". */
static void shape_text(const genlat_tensor *x, char *text, size_t capacity)
{
    size_t used = (size_t)snprintf(text, capacity, "[");
    for (int32_t axis = 0; axis < genlat_tensor_ndim(x) && used < capacity; axis++)
        used += (size_t)snprintf(text + used, capacity - used, "%s%lld", axis ? "," : "",
                                 (long long)genlat_tensor_dim(x, axis));
    if (used < capacity)
        snprintf(text + used, capacity - used, "]");
}

int output_report(app_state *app, const genlat_tensor *x)
{
    char shape[128];
    shape_text(x, shape, sizeof shape);
    if (!app->opts.quiet && !app->opts.json)
        printf("wrote %s %s\n", app->opts.out, shape);
    return output_json(app, json_pack("{s:s, s:s, s:I}", "event", "written", "file", app->opts.out, "count",
                                      (json_int_t)genlat_tensor_dim(x, 0)));
}

int output_write(app_state *app, genlat_tensor *x, const output_layout *layout)
{
    const size_t format = (size_t)find_format(app->opts.out);
    int status = check_content(app, format, layout);
    if (status == APP_OK)
        status = formats[format].write(app, app->opts.out, x, layout);
    return status == APP_OK ? output_report(app, x) : status;
}

int output_json(const app_state *app, json_t *object)
{
    if (!app->opts.json) {
        json_decref(object);
        return APP_OK;
    }
    char *text = object ? json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
    json_decref(object);
    if (!text)
        return app_fail(app, "cannot format the result as JSON");
    printf("%s\n", text);
    free(text);
    return APP_OK;
}

json_t *output_number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}
