/* SPDX-License-Identifier: MIT */
/* Writes animated PNG files: https://www.w3.org/TR/png-3/#apng-frame-based-animation. Each frame is written as a PNG
 * file by the library; its chunks are then copied to the animation, those of later frames with another name. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "film.h"
#include "genlat/files.h"

enum { STRIP_LINES = 12, FRAME_MS = 150, LAST_MS = 2000, CHUNK_HEAD = 8, CHUNK_CRC = 4, SEQUENCE = 4 };

/* ---- frames ---------------------------------------------------------------------------------- */

/* Frame k is due after a fraction (k/(N-1))^2 of the training. */
bool film_due(film *f, int64_t step, int64_t steps)
{
    if (f->count == 0)
        f->begin = step;
    double part = (double)f->count / (FILM_FRAMES - 1);
    return f->count < FILM_FRAMES && (double)(step - f->begin) >= part * part * (double)(steps - f->begin);
}

void film_add(film *f, int64_t step, genlat_tensor *frame)
{
    if (f->count == FILM_FRAMES)
        genlat_tensor_destroy(&f->frame[--f->count]);
    f->frame[f->count++] = frame;
    f->last = step;
}

void film_free(film *f)
{
    while (f->count > 0)
        genlat_tensor_destroy(&f->frame[--f->count]);
}

/* ---- a picture with one row per frame -------------------------------------------------------- */

static int write_strip(app_state *app, const film *f, const char *path)
{
    int64_t lines = f->count < STRIP_LINES ? f->count : STRIP_LINES, dims[GENLAT_MAX_DIMS];
    size_t size = (size_t)(genlat_tensor_count(f->frame[0]) / FILM_SAMPLES * FILM_COLUMNS);
    genlat_tensor *x = NULL;
    int32_t ndim = genlat_tensor_ndim(f->frame[0]);
    for (int32_t axis = 0; axis < ndim; axis++)
        dims[axis] = genlat_tensor_dim(f->frame[0], axis);
    dims[0] = lines * FILM_COLUMNS;
    if (genlat_tensor_new(app->ctx, ndim, dims, &x) != GENLAT_OK)
        return app_fail_library(app);
    for (int64_t i = 0; i < lines; i++) {
        const genlat_tensor *frame = f->frame[i * (f->count - 1) / (lines - 1)];
        memcpy(genlat_tensor_data(x) + (size_t)i * size, genlat_tensor_const_data(frame), size * sizeof(float));
    }
    int status = output_picture(app, path, x, &(output_layout){.columns = FILM_COLUMNS});
    genlat_tensor_destroy(&x);
    return status;
}

/* ---- the animation --------------------------------------------------------------------------- */

static void put32(unsigned char *to, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        to[i] = (unsigned char)(value >> (24 - 8 * i));
}

static uint32_t get32(const unsigned char *from)
{
    return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 | from[3];
}

static void write_chunk(FILE *out, const char *name, const unsigned char *head, size_t head_size,
                        const unsigned char *data, size_t size)
{
    unsigned char number[4];
    uLong crc = crc32(0, (const Bytef *)name, 4);
    crc = crc32(crc, head, (uInt)head_size);
    crc = size ? crc32(crc, data, (uInt)size) : crc;
    put32(number, (uint32_t)(head_size + size));
    fwrite(number, 1, 4, out);
    fwrite(name, 1, 4, out);
    fwrite(head, 1, head_size, out);
    fwrite(data, 1, size, out);
    put32(number, (uint32_t)crc);
    fwrite(number, 1, 4, out);
}

/* Returns the contents of a file, or NULL if it cannot be read. */
static unsigned char *read_file(FILE *file, size_t *size)
{
    unsigned char *data = NULL;
    const long length = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    if (length > 0 && (data = malloc((size_t)length)) != NULL) {
        rewind(file);
        *size = fread(data, 1, (size_t)length, file);
    }
    return data;
}

/* Writes an fcTL chunk: the frame covers the whole picture, replaces the frame before it, and has a duration. */
static void write_control(FILE *out, const unsigned char *header, uint32_t *sequence, int milliseconds)
{
    unsigned char control[26] = {0};
    put32(control, (*sequence)++);
    memcpy(control + 4, header, 8);
    put32(control + 20, (uint32_t)milliseconds << 16 | 1000);
    write_chunk(out, "fcTL", control, sizeof control, control, 0);
}

/* Writes one frame, given as a PNG file: the header if it is the first frame, its control chunk, its data. */
static void write_frame(FILE *out, const unsigned char *png, size_t size, int64_t frame, int64_t frames,
                        uint32_t *sequence)
{
    unsigned char head[SEQUENCE];
    for (size_t at = 8; at + CHUNK_HEAD + CHUNK_CRC <= size;) {
        uint32_t length = get32(png + at);
        const unsigned char *name = png + at + 4, *data = png + at + CHUNK_HEAD;
        if (memcmp(name, "IHDR", 4) == 0) {
            unsigned char plays[8] = {0};
            put32(plays, (uint32_t)frames);
            if (frame == 0) {
                write_chunk(out, "IHDR", data, length, data, 0);
                write_chunk(out, "acTL", plays, sizeof plays, plays, 0);
            }
            write_control(out, data, sequence, frame == frames - 1 ? LAST_MS : FRAME_MS);
        } else if (memcmp(name, "IDAT", 4) == 0 && frame == 0) {
            write_chunk(out, "IDAT", data, length, data, 0);
        } else if (memcmp(name, "IDAT", 4) == 0) {
            put32(head, (*sequence)++);
            write_chunk(out, "fdAT", head, sizeof head, data, length);
        }
        at += CHUNK_HEAD + length + CHUNK_CRC;
    }
}

/* Writes each frame as a PNG picture to a file without a name, and copies its chunks. */
static int write_frames(app_state *app, const film *f, FILE *frame, FILE *out)
{
    static const unsigned char signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    uint32_t sequence = 0;
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fileno(frame));
    fwrite(signature, 1, sizeof signature, out);
    for (int64_t i = 0; i < f->count; i++) {
        size_t size = 0;
        if (ftruncate(fileno(frame), 0) != 0)
            return app_fail(app, "cannot write a temporary file for the film: %s", strerror(errno));
        int status = output_grid(app, path, f->frame[i], &(output_layout){.columns = FILM_COLUMNS});
        unsigned char *png = status == APP_OK ? read_file(frame, &size) : NULL;
        if (png)
            write_frame(out, png, size, i, f->count, &sequence);
        free(png);
        if (!png)
            return status == APP_OK ? app_fail(app, "cannot read a temporary file of the film") : status;
    }
    write_chunk(out, "IEND", signature, 0, signature, 0);
    return APP_OK;
}

static int write_animation(app_state *app, const film *f, const char *path)
{
    app_file out;
    FILE *frame = tmpfile();
    if (!frame)
        return app_fail(app, "cannot create a temporary file for the film: %s", strerror(errno));
    int status = output_open(app, path, &out);
    if (status == APP_OK)
        status = output_close(app, &out, write_frames(app, f, frame, out.stream));
    fclose(frame);
    return status;
}

int film_write(app_state *app, const film *f)
{
    char path[1000];
    if (f->count < 2)
        return APP_OK;
    snprintf(path, sizeof path, "%s/progress.png", app->opts.plots);
    int status = write_strip(app, f, path);
    snprintf(path, sizeof path, "%s/film.png", app->opts.plots);
    return status == APP_OK ? write_animation(app, f, path) : status;
}
