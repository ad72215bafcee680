/* SPDX-License-Identifier: MIT */
/* Decodes JPEG images with libjpeg. Its warnings are errors, since they mean that pixels are missing or wrong. */
#include <setjmp.h>
#include <stdio.h>
#include <jpeglib.h>
#include <stdlib.h>

#include "image_priv.h"

/* A decoder. libjpeg reports errors through a callback that must not return. */
typedef struct decoder {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf failed;
    char message[JMSG_LENGTH_MAX];
    const char *path;
    size_t size;
    int64_t limit;
    gnl_image *out;
} decoder;

static decoder *decoder_of(j_common_ptr jpeg)
{
    return jpeg->client_data;
}

static void fail(j_common_ptr jpeg)
{
    decoder *d = decoder_of(jpeg);
    d->errors.format_message(jpeg, d->message);
    longjmp(d->failed, 1);
}

/* Level -1 is a warning, levels from 0 on are traces. */
static void on_message(j_common_ptr jpeg, int level)
{
    if (level < 0)
        fail(jpeg);
}

/* Every scan of a progressive image costs a pass over all its pixels. */
static void check_scans(j_common_ptr jpeg)
{
    enum { MOST_SCANS = 500 };
    decoder *d = decoder_of(jpeg);
    if (d->jpeg.input_scan_number <= MOST_SCANS)
        return;
    snprintf(d->message, sizeof d->message, "it has more than %d scans", MOST_SCANS);
    longjmp(d->failed, 1);
}

static genlat_status check_header(decoder *d)
{
    const struct jpeg_decompress_struct *jpeg = &d->jpeg;
    if (jpeg->arith_code || (jpeg->num_components != 1 && jpeg->num_components != 3))
        return genlat_error_set(GENLAT_E_UNSUPPORTED,
                                "%s: the JPEG image has %d colour components%s; convert it to RGB or to PNG", d->path,
                                jpeg->num_components, jpeg->arith_code ? " in arithmetic coding" : "");
    /* Each block of 8x8 pixels takes at least one bit. */
    if ((uint64_t)jpeg->image_height * jpeg->image_width / 512 > d->size)
        return genlat_error_set(GENLAT_E_FORMAT,
                                "%s: not a valid JPEG image: its size exceeds what the file can contain", d->path);
    /* With several scans, the decoder keeps 16 bits for each pixel and component besides. */
    int64_t bytes = (int64_t)jpeg->image_height * jpeg->image_width * jpeg->num_components;
    return gnl_files_expand(d->path, d->size, jpeg_has_multiple_scans(&d->jpeg) ? 3 * bytes : bytes);
}

/* Returns the orientation that the first EXIF block states. */
static int orientation_of(const struct jpeg_decompress_struct *jpeg)
{
    int orientation = 1;
    for (jpeg_saved_marker_ptr marker = jpeg->marker_list; marker && orientation == 1; marker = marker->next)
        orientation = gnl_exif_orientation(marker->data, marker->data_length);
    return orientation;
}

/* Decodes the file. Errors of libjpeg leave the function by longjmp(). */
static genlat_status decode(decoder *d, const uint8_t *data)
{
    struct jpeg_decompress_struct *jpeg = &d->jpeg;
    jpeg_mem_src(jpeg, data, (unsigned long)d->size);
    jpeg_save_markers(jpeg, JPEG_APP0 + 1, 0xFFFF);
    jpeg_read_header(jpeg, TRUE);
    const int orientation = orientation_of(jpeg);
    GNL_FILES_TRY(check_header(d));
    jpeg->out_color_space = jpeg->num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_start_decompress(jpeg);
    *d->out =
        (gnl_image){.height = jpeg->output_height, .width = jpeg->output_width, .channels = jpeg->output_components};
    GNL_FILES_TRY(gnl_image_alloc(d->path, d->limit, d->out));
    while (jpeg->output_scanline < jpeg->output_height) {
        JSAMPROW row = d->out->data + (size_t)jpeg->output_scanline * jpeg->output_width * (size_t)d->out->channels;
        jpeg_read_scanlines(jpeg, &row, 1);
    }
    jpeg_finish_decompress(jpeg);
    return gnl_image_orient(d->path, d->limit, orientation, d->out);
}

genlat_status gnl_jpeg_parse(const char *path, const uint8_t *data, size_t size, int64_t limit, gnl_image *out)
{
    *out = (gnl_image){0};
    decoder *d = calloc(1, sizeof *d);
    if (!d)
        return gnl_files_no_memory(path);
    d->path = path;
    d->size = size;
    d->limit = limit;
    d->out = out;
    d->jpeg.err = jpeg_std_error(&d->errors);
    d->errors.error_exit = fail;
    d->errors.emit_message = on_message;
    d->jpeg.client_data = d;
    volatile genlat_status status = GENLAT_E_FORMAT;
    if (setjmp(d->failed) == 0) {
        jpeg_create_decompress(&d->jpeg);
        d->progress.progress_monitor = check_scans;
        d->jpeg.progress = &d->progress;
        status = decode(d, data);
    } else {
        status = genlat_error_set(GENLAT_E_FORMAT, "%s: not a valid JPEG image: %s", path, d->message);
    }
    jpeg_destroy_decompress(&d->jpeg);
    if (status != GENLAT_OK)
        gnl_image_free(out);
    free(d);
    return status;
}
