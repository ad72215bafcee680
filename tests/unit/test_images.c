/* SPDX-License-Identifier: MIT */
/* Folders of images: formats, sizes, channels, and folders that are classes. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "image_priv.h"
#include "support/files_rig.h"

/* 8x16 pixels, the left half 64, the right half 192. */
static const uint8_t grey_jpeg[] = {
    0xff, 0xd8, 0xff, 0xdb, 0x00, 0x43, 0x00, 0x03, 0x02, 0x02, 0x03, 0x02, 0x02, 0x03, 0x03, 0x03, 0x03, 0x04,
    0x03, 0x03, 0x04, 0x05, 0x08, 0x05, 0x05, 0x04, 0x04, 0x05, 0x0a, 0x07, 0x07, 0x06, 0x08, 0x0c, 0x0a, 0x0c,
    0x0c, 0x0b, 0x0a, 0x0b, 0x0b, 0x0d, 0x0e, 0x12, 0x10, 0x0d, 0x0e, 0x11, 0x0e, 0x0b, 0x0b, 0x10, 0x16, 0x10,
    0x11, 0x13, 0x14, 0x15, 0x15, 0x15, 0x0c, 0x0f, 0x17, 0x18, 0x16, 0x14, 0x18, 0x12, 0x14, 0x15, 0x14, 0xff,
    0xc0, 0x00, 0x0b, 0x08, 0x00, 0x08, 0x00, 0x10, 0x01, 0x01, 0x11, 0x00, 0xff, 0xc4, 0x00, 0x15, 0x00, 0x01,
    0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x08, 0x09, 0xff,
    0xc4, 0x00, 0x14, 0x10, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0xff, 0xda, 0x00, 0x08, 0x01, 0x01, 0x00, 0x00, 0x3f, 0x00, 0x2a, 0x2a, 0xb3, 0xff, 0xd9};

/* 8x8 pixels of red 200, green 100, blue 50. */
static const uint8_t colour_jpeg[] = {
    0xff, 0xd8, 0xff, 0xdb, 0x00, 0x43, 0x00, 0x03, 0x02, 0x02, 0x03, 0x02, 0x02, 0x03, 0x03, 0x03, 0x03, 0x04,
    0x03, 0x03, 0x04, 0x05, 0x08, 0x05, 0x05, 0x04, 0x04, 0x05, 0x0a, 0x07, 0x07, 0x06, 0x08, 0x0c, 0x0a, 0x0c,
    0x0c, 0x0b, 0x0a, 0x0b, 0x0b, 0x0d, 0x0e, 0x12, 0x10, 0x0d, 0x0e, 0x11, 0x0e, 0x0b, 0x0b, 0x10, 0x16, 0x10,
    0x11, 0x13, 0x14, 0x15, 0x15, 0x15, 0x0c, 0x0f, 0x17, 0x18, 0x16, 0x14, 0x18, 0x12, 0x14, 0x15, 0x14, 0xff,
    0xdb, 0x00, 0x43, 0x01, 0x03, 0x04, 0x04, 0x05, 0x04, 0x05, 0x09, 0x05, 0x05, 0x09, 0x14, 0x0d, 0x0b, 0x0d,
    0x14, 0x14, 0x14, 0x14, 0x14, 0x14, 0x14, 0x14, 0x14, 0x14, 0x14, 0x14, 0x14, 0x14, 0x14, 0x14, 0x14, 0x14,
    0x14, 0x14, 0x14, 0x14, 0x14, 0x14, 0x14, 0x14, 0x14, 0x14, 0x14, 0x14, 0x14, 0x14, 0x14, 0x14, 0x14, 0x14,
    0x14, 0x14, 0x14, 0x14, 0x14, 0x14, 0x14, 0x14, 0x14, 0x14, 0x14, 0x14, 0x14, 0x14, 0xff, 0xc0, 0x00, 0x11,
    0x08, 0x00, 0x08, 0x00, 0x08, 0x03, 0x01, 0x11, 0x00, 0x02, 0x11, 0x01, 0x03, 0x11, 0x01, 0xff, 0xc4, 0x00,
    0x14, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x04, 0xff, 0xc4, 0x00, 0x14, 0x10, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0xc4, 0x00, 0x15, 0x01, 0x01, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x07, 0x08, 0xff, 0xc4, 0x00, 0x14, 0x11, 0x01, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0xda, 0x00, 0x0c,
    0x03, 0x01, 0x00, 0x02, 0x11, 0x03, 0x11, 0x00, 0x3f, 0x00, 0x20, 0x3d, 0x48, 0x3f, 0xff, 0xd9};

/* 8x8 pixels in four colours of printing. */
static const uint8_t cmyk_jpeg[] = {
    0xff, 0xd8, 0xff, 0xee, 0x00, 0x0e, 0x41, 0x64, 0x6f, 0x62, 0x65, 0x00, 0x64, 0x00, 0x00, 0x00, 0x00, 0x00,
    0xff, 0xdb, 0x00, 0x43, 0x00, 0x03, 0x02, 0x02, 0x03, 0x02, 0x02, 0x03, 0x03, 0x03, 0x03, 0x04, 0x03, 0x03,
    0x04, 0x05, 0x08, 0x05, 0x05, 0x04, 0x04, 0x05, 0x0a, 0x07, 0x07, 0x06, 0x08, 0x0c, 0x0a, 0x0c, 0x0c, 0x0b,
    0x0a, 0x0b, 0x0b, 0x0d, 0x0e, 0x12, 0x10, 0x0d, 0x0e, 0x11, 0x0e, 0x0b, 0x0b, 0x10, 0x16, 0x10, 0x11, 0x13,
    0x14, 0x15, 0x15, 0x15, 0x0c, 0x0f, 0x17, 0x18, 0x16, 0x14, 0x18, 0x12, 0x14, 0x15, 0x14, 0xff, 0xc0, 0x00,
    0x14, 0x08, 0x00, 0x08, 0x00, 0x08, 0x04, 0x43, 0x11, 0x00, 0x4d, 0x11, 0x00, 0x59, 0x11, 0x00, 0x4b, 0x11,
    0x00, 0xff, 0xc4, 0x00, 0x15, 0x00, 0x01, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x08, 0x07, 0xff, 0xc4, 0x00, 0x14, 0x10, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0xda, 0x00, 0x0e, 0x04, 0x43, 0x00, 0x4d,
    0x00, 0x59, 0x00, 0x4b, 0x00, 0x00, 0x3f, 0x00, 0x60, 0x26, 0x81, 0x78, 0x5e, 0xff, 0xd9};

static void make_folder(const char *name)
{
    ck_assert_int_eq(mkdir(place(name), 0777), 0);
}

/* Writes a PNG image with these values, 0 to 255, [channels,height,width]. */
static void put_png(const char *name, int64_t channels, int64_t height, int64_t width, const float *value)
{
    genlat_tensor *image = tensor(4, (int64_t[]){1, channels, height, width}, value);
    ok(genlat_png_grid(place(name), image, 1, 1, 0, 255));
    genlat_tensor_destroy(&image);
}

static void put_small(const char *name)
{
    put_png(name, 1, 1, 2, (const float[]){0, 255});
}

/* Opens the folder and compares its values times 255, of at most half a unit of rounding. */
static void expect(const char *options, int64_t count, const double *expected)
{
    genlat_tensor *x = values(spec_of("image", "", options), NULL);
    ck_assert_int_eq(genlat_tensor_count(x), count);
    for (int64_t i = 0; i < count; i++)
        ck_assert_msg(genlat_tensor_const_data(x)[i] * 255 > expected[i] - 0.51 &&
                          genlat_tensor_const_data(x)[i] * 255 < expected[i] + 0.51,
                      "%s: value %d is %g, %g expected", options, (int)i, (double)genlat_tensor_const_data(x)[i] * 255,
                      expected[i]);
    genlat_tensor_destroy(&x);
}

/* ---- sizes and channels ------------------------------------------------------------------------------ */

START_TEST(images_are_resized)
{
    put_png("a.png", 1, 1, 4, (const float[]){0, 0, 255, 255});
    /* triangles of two pixels around the centres 1 and 3: weights 3/7, 3/7, 1/7 */
    expect("?size=1x2&fit=stretch", 2, (const double[]){255.0 / 7, 255 * 6.0 / 7});
    expect("?size=1x4", 4, (const double[]){0, 0, 255, 255});
    put_png("a.png", 1, 1, 2, (const float[]){0, 255});
    expect("?size=1x4&fit=stretch", 4, (const double[]){0, 255 / 4.0, 255 * 3 / 4.0, 255});
    expect("?size=2x1&fit=stretch", 2, (const double[]){127.5, 127.5});
    put_png("a.png", 1, 2, 4, (const float[]){1, 2, 3, 4, 5, 6, 7, 8});
    expect("?size=2", 4, (const double[]){2, 3, 6, 7}); /* the centre, by default */
    expect("?size=2&fit=crop", 4, (const double[]){2, 3, 6, 7});
    expect("?size=4&fit=pad", 16, (const double[]){0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0});
    expect("?size=1x1&fit=stretch", 1, (const double[]){4.5});
}
END_TEST

START_TEST(constant_images_stay_constant)
{
    static const char *const options[] = {"?size=5x3&fit=stretch", "?size=16x11&fit=stretch", "?size=1x13&fit=crop",
                                          "?size=23"};
    float value[7 * 9 * 3];
    double expected[3 * 23 * 23];
    for (size_t i = 0; i < COUNT(value); i++)
        value[i] = 77;
    for (size_t i = 0; i < COUNT(expected); i++)
        expected[i] = 77;
    put_png("a.png", 3, 7, 9, value);
    expect(options[0], 3 * 5 * 3, expected);
    expect(options[1], 3 * 16 * 11, expected);
    expect(options[2], 3 * 13, expected);
    expect(options[3], 3 * 23 * 23, expected);
}
END_TEST

START_TEST(channels_are_converted)
{
    put_png("a.png", 3, 1, 1, (const float[]){200, 100, 50});
    expect("", 3, (const double[]){200, 100, 50});
    expect("?channels=1", 1, (const double[]){0.299 * 200 + 0.587 * 100 + 0.114 * 50});
    put_png("b.png", 1, 1, 1, (const float[]){70});
    refused(spec_of("image", "", ""), GENLAT_E_SHAPE, "set channels=1 or channels=3");
    expect("?channels=3", 6, (const double[]){200, 100, 50, 70, 70, 70});
    refused(spec_of("image", "", "?channels=2"), GENLAT_E_INVALID, "keep|1|3 expected");
}
END_TEST

START_TEST(sizes_must_agree)
{
    put_png("a.png", 1, 1, 2, (const float[]){1, 2});
    put_png("b.png", 1, 3, 1, (const float[]){1, 2, 3});
    refused(spec_of("image", "", ""), GENLAT_E_SHAPE, "b.png: the image is 3x1 (height x width), but ");
    refused(spec_of("image", "", ""), GENLAT_E_SHAPE, "a.png is 1x2; set size=");
    genlat_source *source = open_source(spec_of("image", "", "?size=2"));
    ck_assert_int_eq(genlat_source_count(source), 2);
    genlat_source_destroy(&source);
    static const char *const wrong[] = {"?size=0", "?size=2x", "?size=2x3x4", "?size=x2", "?size=16385", "?size=a"};
    for (size_t i = 0; i < COUNT(wrong); i++)
        refused(spec_of("image", "", wrong[i]), GENLAT_E_INVALID, "height x width, at most 16384");
    refused(spec_of("image", "", "?size=2&fit=zoom"), GENLAT_E_INVALID, "crop|pad|stretch expected");
}
END_TEST

START_TEST(large_data_are_refused)
{
    genlat_ctx_opts opts;
    genlat_ctx_opts_init(&opts);
    opts.memory_limit = 1000;
    static const float zeros[40 * 40] = {0};
    put_png("a.png", 1, 20, 20, zeros);
    put_png("b.png", 1, 20, 20, zeros);
    put_png("third", 1, 20, 20, zeros);
    put_png("large", 1, 40, 40, zeros);
    genlat_ctx_destroy(&ctx);
    ok(genlat_ctx_new(&opts, &ctx));
    genlat_source *source = open_source(spec_of("image", "", ""));
    genlat_source_destroy(&source);
    ck_assert_int_eq(rename(place("third"), place("c.png")), 0);
    refused(spec_of("image", "", ""), GENLAT_E_MEMORY, "1200 bytes of memory, more than memory_limit, 1000");
    ck_assert_int_eq(rename(place("large"), place("c.png")), 0);
    refused(spec_of("image", "", "?size=1"), GENLAT_E_MEMORY, "c.png: the data take 1600 bytes");
    refused(spec_of("image", "", "?size=16384"), GENLAT_E_MEMORY, "memory_limit");
}
END_TEST

/* The beginning of an image of 9600 x 9600 pixels, followed by as many bytes as it needs when all are equal. */
START_TEST(small_files_of_large_images_are_refused)
{
    static uint8_t file[100000] = {0x89, 'P', 'N', 'G',  '\r', '\n', 0x1A, '\n', 0,    0, 0, 13, 'I', 'H', 'D',
                                   'R',  0,   0,   0x25, 0x80, 0,    0,    0x25, 0x80, 8, 0, 0,  0,   0};
    static const uint8_t data[] = {0, 0, 0xFF, 0, 'I', 'D', 'A', 'T'};
    const uint32_t sum = (uint32_t)crc32(0, file + 12, 17);
    for (int i = 0; i < 4; i++)
        file[29 + i] = (uint8_t)(sum >> (24 - 8 * i));
    memcpy(file + 33, data, sizeof data);
    put_file("a.png", file, sizeof file);
    refused(spec_of("image", "", "?size=8"), GENLAT_E_FORMAT, "the data become 92160000 bytes or more");
}
END_TEST

/* ---- formats ----------------------------------------------------------------------------------------- */

/* A photograph is read upright, as the orientation of its EXIF block says, in either byte order. */
START_TEST(photographs_are_upright)
{
    /* Whether each orientation exchanges the sides of grey_jpeg, and whether the dark half comes last. */
    static const struct {
        bool exchanged, last;
    } expected[] = {{0, 0}, {0, 0}, {0, 1}, {0, 1}, {0, 0}, {1, 0}, {1, 0}, {1, 1}, {1, 1}, {0, 0}};
    genlat_source *source = NULL;
    for (unsigned i = 0; i < 2 * COUNT(expected); i++) {
        const unsigned value = i / 2;
        const bool big = i % 2;
        uint8_t app1[] = {0xFF, 0xE1, 0,    34, 'E', 'x', 'i', 'f', 0, 0, 'I', 'I', 42, 0, 8, 0, 0, 0,
                          1,    0,    0x12, 1,  3,   0,   1,   0,   0, 0, 0,   0,   0,  0, 0, 0, 0, 0};
        static const uint8_t big_tiff[] = {'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1};
        uint8_t file[sizeof app1 + sizeof grey_jpeg];
        if (big)
            memcpy(app1 + 10, big_tiff, sizeof big_tiff);
        app1[28 + big] = (uint8_t)value;
        memcpy(file, grey_jpeg, 2);
        memcpy(file + 2, app1, sizeof app1);
        memcpy(file + 2 + sizeof app1, grey_jpeg + 2, sizeof grey_jpeg - 2);
        put_file("a.jpg", file, sizeof file);
        genlat_status status = genlat_files_open(ctx, spec_of("image", "", ""), &source);
        if (status == GENLAT_E_UNSUPPORTED) /* built without libjpeg */
            return;
        ok(status);
        ck_assert_int_eq(genlat_source_dim(source, 1), expected[value].exchanged ? 16 : 8);
        genlat_source_destroy(&source);
        double pixels[8 * 16];
        for (size_t k = 0; k < COUNT(pixels); k++) {
            const bool first_half = expected[value].exchanged ? k < COUNT(pixels) / 2 : k % 16 < 8;
            pixels[k] = first_half != expected[value].last ? 64 : 192;
        }
        expect("", 8 * 16, pixels);
    }
}
END_TEST

/* The eight orientations of the pixels 0 1 2 / 3 4 5. */
START_TEST(orientations_are_those_of_exif)
{
    static const uint8_t pixels[] = {0, 1, 2, 3, 4, 5};
    static const uint8_t expected[][6] = {{0, 1, 2, 3, 4, 5}, {2, 1, 0, 5, 4, 3}, {5, 4, 3, 2, 1, 0},
                                          {3, 4, 5, 0, 1, 2}, {0, 3, 1, 4, 2, 5}, {3, 0, 4, 1, 5, 2},
                                          {5, 2, 4, 1, 3, 0}, {2, 5, 1, 4, 0, 3}};
    for (int i = 0; i < 8; i++) {
        gnl_image image = {.height = 2, .width = 3, .channels = 1};
        ok(gnl_image_alloc("", 1000, &image));
        memcpy(image.data, pixels, sizeof pixels);
        ok(gnl_image_orient("", 1000, i + 1, &image));
        ck_assert_int_eq(image.height, i < 4 ? 2 : 3);
        ck_assert_int_eq(image.width, i < 4 ? 3 : 2);
        ck_assert_mem_eq(image.data, expected[i], sizeof pixels);
        gnl_image_free(&image);
    }
}
END_TEST

START_TEST(jpeg_images_are_read)
{
    genlat_source *source = NULL;
    put_file("a.jpg", grey_jpeg, sizeof grey_jpeg);
    genlat_status status = genlat_files_open(ctx, spec_of("image", "", ""), &source);
    if (status == GENLAT_E_UNSUPPORTED) { /* built without libjpeg */
        ck_assert_ptr_nonnull(strstr(genlat_last_error(), "install libjpeg"));
        return;
    }
    ok(status);
    ck_assert_int_eq(genlat_source_dim(source, 0), 1);
    ck_assert_int_eq(genlat_source_dim(source, 1), 8);
    ck_assert_int_eq(genlat_source_dim(source, 2), 16);
    genlat_source_destroy(&source);
    double expected[8 * 16];
    for (size_t i = 0; i < COUNT(expected); i++)
        expected[i] = i % 16 < 8 ? 64 : 192;
    expect("", 8 * 16, expected);
    unlink(place("a.jpg"));
    put_file("b.JPEG", colour_jpeg, sizeof colour_jpeg);
    expect("?size=1", 3, (const double[]){200, 100, 50});
    put_file("c.png", grey_jpeg, sizeof grey_jpeg); /* the contents count, not the ending */
    source = open_source(spec_of("png", "", "?size=4&channels=1"));
    ck_assert_int_eq(genlat_source_count(source), 2);
    genlat_source_destroy(&source);
    put_file("d.jpg", cmyk_jpeg, sizeof cmyk_jpeg);
    refused(spec_of("image", "", "?size=4&channels=1"), GENLAT_E_UNSUPPORTED, "d.jpg: the JPEG image has 4 colour");
    /* every beginning of a file is refused: libjpeg only warns of missing pixels */
    for (size_t size = 3; size + 2 < sizeof colour_jpeg; size++) {
        put_file("d.jpg", colour_jpeg, size);
        refused(spec_of("image", "", "?size=4&channels=1"), GENLAT_E_FORMAT, "d.jpg: not a valid JPEG image");
    }
    uint8_t large[sizeof grey_jpeg];
    memcpy(large, grey_jpeg, sizeof large);
    large[76] = large[78] = 0xFF; /* 65288 x 65296 pixels */
    put_file("d.jpg", large, sizeof large);
    refused(spec_of("image", "", "?size=4&channels=1"), GENLAT_E_FORMAT, "exceeds what the file can contain");
}
END_TEST

START_TEST(other_files_are_refused)
{
    put_small("a.png");
    put_file("b.png", "GIF89a", 6);
    refused(spec_of("image", "", ""), GENLAT_E_FORMAT, "b.png: the file is no PNG or JPEG image");
    unlink(place("b.png"));
    ck_assert_int_eq(mkfifo(place("b.png"), 0600), 0);
    refused(spec_of("image", "", ""), GENLAT_E_IO, "b.png: cannot read the file: the path is not a regular file");
    unlink(place("b.png"));
    ck_assert_int_eq(mkfifo(place("b.wav"), 0600), 0);
    genlat_source *source = NULL;
    genlat_status status = genlat_files_open(ctx, spec_of("wav", "b.wav", ""), &source);
    ck_assert(status == GENLAT_E_IO || status == GENLAT_E_UNSUPPORTED);
    unlink(place("b.wav"));
    refused(spec_of("image", "none", ""), GENLAT_E_IO, "none: cannot read the folder");
    refused(spec_of("image", "a.png", ""), GENLAT_E_IO, "a.png: cannot read the folder");
}
END_TEST

/* ---- folders ----------------------------------------------------------------------------------------- */

START_TEST(folders_are_classes)
{
    make_folder("dog");
    make_folder("cat");
    make_folder("__MACOSX");
    make_folder(".hidden");
    make_folder("__MACOSX/cat");
    put_small("__MACOSX/cat/._1.png");
    put_small("__MACOSX/1.png");
    put_small(".hidden/1.png");
    put_small(".1.png");
    put_small("dog/1.png");
    put_small("dog/2.png");
    put_small("cat/3.png");
    put_file("cat/._3.png", "x", 1);
    put_file("readme.txt", "x", 1);
    put_file("cat/Thumbs.db", "x", 1);
    genlat_source *source = open_source(spec_of("image", "", ""));
    genlat_description d = {.size = sizeof d};
    genlat_tensor *x = NULL, *labels = NULL;
    ok(genlat_source_description(source, &d));
    ck_assert_int_eq(d.classes, 2);
    ck_assert_str_eq(d.class_names[0], "cat");
    ck_assert_str_eq(d.class_names[1], "dog");
    ck_assert_uint_eq(d.content, GENLAT_CONTENT_IMAGE);
    ck_assert_int_eq(genlat_source_count(source), 3);
    ok(genlat_source_read(source, 0, 3, &x, &labels));
    ck_assert_float_eq(genlat_tensor_const_data(labels)[0], 0);
    ck_assert_float_eq(genlat_tensor_const_data(labels)[1], 1);
    ck_assert_float_eq(genlat_tensor_const_data(labels)[2], 1);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
    genlat_source_destroy(&source);
}
END_TEST

START_TEST(mixed_folders_are_refused)
{
    make_folder("cat");
    refused(spec_of("image", "", ""), GENLAT_E_NOT_FOUND, "cat: the folder of this class has no file");
    put_small("stray.png");
    genlat_source *source = open_source(spec_of("image", "", "")); /* an empty folder is no class */
    ck_assert_int_eq(genlat_source_classes(source), 0);
    ck_assert_int_eq(genlat_source_count(source), 1);
    genlat_source_destroy(&source);
    put_small("cat/1.png");
    refused(spec_of("image", "", ""), GENLAT_E_FORMAT, "stray.png: the file lies beside the folder 'cat'");
    unlink(place("stray.png"));
    make_folder("dog");
    refused(spec_of("image", "", ""), GENLAT_E_NOT_FOUND, "dog: the folder of this class has no file");
    put_small("dog/1.png");
    source = open_source(spec_of("image", "", ""));
    ck_assert_int_eq(genlat_source_classes(source), 2);
    genlat_source_destroy(&source);
    make_folder("dog/young");
    put_small("dog/young/1.png");
    refused(spec_of("image", "", ""), GENLAT_E_FORMAT, "dog/young: the folder lies within the folder of a class");
}
END_TEST

int main(void)
{
    static const TTest *const *const tests[] = {
        &images_are_resized,        &constant_images_stay_constant, &channels_are_converted,
        &sizes_must_agree,          &large_data_are_refused,        &small_files_of_large_images_are_refused,
        &jpeg_images_are_read,      &other_files_are_refused,       &folders_are_classes,
        &mixed_folders_are_refused, &photographs_are_upright,       &orientations_are_those_of_exif,
    };
    return run_in_folders("images", tests, COUNT(tests));
}
