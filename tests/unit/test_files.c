/* SPDX-License-Identifier: MIT */
/* Data files: round trips, variants written by other programs, and malformed files, which are refused. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "support/files_rig.h"

/* ---- NumPy ------------------------------------------------------------------------------------------- */

START_TEST(npy_round_trips)
{
    static const int64_t dims[] = {2, 3, 1, 1, 2, 1};
    static const float data[] = {1, -2.5f, 3e-30f, 4, 5, INFINITY, 7, 8, 9, 10, 11, 12};
    for (int32_t ndim = 0; ndim <= GENLAT_MAX_DIMS; ndim++) {
        genlat_tensor *written = tensor(ndim, dims, data), *read = NULL;
        ok(genlat_npy_write(place("a.npy"), written));
        ok(genlat_npy_read(ctx, place("a.npy"), &read));
        ck_assert_int_eq(genlat_tensor_ndim(read), ndim);
        for (int32_t i = 0; i < ndim; i++)
            ck_assert_int_eq(genlat_tensor_dim(read, i), dims[i]);
        ck_assert_mem_eq(genlat_tensor_const_data(read), data, (size_t)genlat_tensor_count(read) * sizeof *data);
        genlat_tensor_destroy(&written);
        genlat_tensor_destroy(&read);
    }
    ck_assert_int_eq(files_in_folder(), 1);
}
END_TEST

/* Writes a header as NumPy does, followed by the data. */
static void put_npy(const char *name, const char *dictionary, const void *data, size_t size, int version)
{
    char text[1024] = "\x93NUMPY";
    size_t begin = version == 1 ? 10 : 12, length = strlen(dictionary);
    text[6] = (char)version;
    text[8] = (char)length;
    memcpy(text + begin, dictionary, length);
    memcpy(text + begin + length, data, size);
    put_file(name, text, begin + length + size);
}

START_TEST(npy_of_all_types_is_read)
{
    static const double f8[] = {1.5, -2};
    static const int64_t i8[] = {-7, 1 << 20};
    static const uint8_t big[] = {0xFF, 0xFF, 0xFF, 0xFE, 0, 0, 1, 0}, u1[] = {200, 1};
    static const struct {
        const char *dictionary;
        const void *data;
        size_t size;
        float first, second;
        int version;
    } cases[] = {
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }", f8, 16, 1.5f, -2, 1},
        {"{'descr': '<i8', 'fortran_order': False, 'shape': (2,), }\n", i8, 16, -7, 1 << 20, 2},
        {"{'descr': '>i4', 'fortran_order': False, 'shape': (2, 1), }", big, 8, -2, 256, 1},
        {"{'shape':(1,2),'fortran_order':False,'descr':'|u1'}", u1, 2, 200, 1, 1},
        {"{\"descr\": \"<f8\", \"fortran_order\": False, \"shape\": (2,)}", f8, 16, 1.5f, -2, 1},
        {"{'descr': u'<f8', 'fortran_order': False, 'shape': (2L,), }", f8, 16, 1.5f, -2, 1},
        {"{'descr': [('fortran_order', '<i4'), (\"a's 'shape'\", '<i4')], 'fortran_order': False, 'shape': (2,)}", i8,
         16, -7, -1, 3},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        genlat_tensor *read = NULL;
        put_npy("a.npy", cases[i].dictionary, cases[i].data, cases[i].size, cases[i].version);
        ok(genlat_npy_read(ctx, place("a.npy"), &read));
        ck_assert_float_eq(genlat_tensor_const_data(read)[0], cases[i].first);
        ck_assert_float_eq(genlat_tensor_const_data(read)[1], cases[i].second);
        genlat_tensor_destroy(&read);
    }
}
END_TEST

/* A name that is not UTF-8 text leaves the columns without names, but with their values. */
START_TEST(fields_without_text_have_no_names)
{
    static const float data[] = {1, 2};
    put_npy("a.npy", "{'descr': [('a\xff', '<f4'), ('b', '<f4')], 'fortran_order': False, 'shape': (1,), }", data, 8,
            1);
    genlat_source *source = open_source(spec_of("npy", "a.npy", ""));
    genlat_description d = {.size = sizeof d};
    ok(genlat_source_description(source, &d));
    ck_assert_int_eq(d.columns, 0);
    ck_assert_int_eq(d.content, GENLAT_CONTENT_TABLE);
    ck_assert_int_eq(genlat_source_dim(source, 0), 2);
    genlat_source_destroy(&source);
}
END_TEST

START_TEST(malformed_npy_is_refused)
{
    static const struct {
        const char *dictionary;
        genlat_status status;
        const char *words;
    } cases[] = {
        {"{'descr': '|O', 'fortran_order': False, 'shape': (2,), }", GENLAT_E_UNSUPPORTED, "astype"},
        {"{'descr': '<c16', 'fortran_order': False, 'shape': (2,), }", GENLAT_E_UNSUPPORTED, "astype"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", GENLAT_E_FORMAT, "truncated"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (999999999999,), }", GENLAT_E_FORMAT, "truncated"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (999999999999999999,), }", GENLAT_E_FORMAT, "too large"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999, 99999999999), }", GENLAT_E_FORMAT,
         "too large"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (-2,), }", GENLAT_E_FORMAT, "shape"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,2), }", GENLAT_E_UNSUPPORTED, "reshape"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2", GENLAT_E_FORMAT, "shape"},
        {"{'descr': '<f4', 'shape': (2,), }", GENLAT_E_FORMAT, "fortran_order"},
        {"{'fortran_order': False, 'shape': (2,), }", GENLAT_E_FORMAT, "descr"},
        {"{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", GENLAT_E_FORMAT, "dictionary"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'more': 1}", GENLAT_E_FORMAT, "dictionary"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999, 99999999999, 0), }", GENLAT_E_FORMAT,
         "too large"},
        {"{'descr': [], 'fortran_order': False, 'shape': (1,), }", GENLAT_E_FORMAT, "descr"},
        {"{'descr': [('a', '<f4', (0,))], 'fortran_order': False, 'shape': (1,), }", GENLAT_E_FORMAT, "descr"},
        {"{'descr': [('a', '<f4'), ('b' '<f4')], 'fortran_order': False, 'shape': (1,), }", GENLAT_E_FORMAT, "descr"},
        {"{'descr': [('a', '<f4'), ('b", GENLAT_E_FORMAT, "descr"},
        {"{'descr': [('a', '<U8')], 'fortran_order': False, 'shape': (1,), }", GENLAT_E_UNSUPPORTED, "field 'a'"},
        {"{'descr': [('a', [('b', '<f4')])], 'fortran_order': False, 'shape': (1,), }", GENLAT_E_UNSUPPORTED, "record"},
        {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1, 1), }", GENLAT_E_UNSUPPORTED, "ravel"},
        {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (3,), }", GENLAT_E_FORMAT, "3 records of 4 bytes"},
        {"{'descr': [('a', '<f4', (99999999999,))], 'fortran_order': False, 'shape': (1,), }", GENLAT_E_UNSUPPORTED,
         "65536 values"},
        {"{'descr': [('', '|V999999999999999999'), ('a', '<f4')], 'fortran_order': False, 'shape': (1,)}",
         GENLAT_E_FORMAT, "found 8 bytes"},
        {"", GENLAT_E_FORMAT, "dictionary"},
    };
    static const float data[2] = {0};
    genlat_tensor *read = NULL;
    for (size_t i = 0; i < COUNT(cases); i++) {
        put_npy("a.npy", cases[i].dictionary, data, sizeof data, 1);
        refused(spec_of("npy", "a.npy", ""), cases[i].status, cases[i].words);
    }
    put_file("a.npy", "\x93NUMPY\x01", 7);
    ck_assert_int_eq(genlat_npy_read(ctx, place("a.npy"), &read), GENLAT_E_FORMAT);
    put_file("a.npy", "\x93NUMPY\x09\0\0\0\0\0\0", 13);
    ck_assert_int_eq(genlat_npy_read(ctx, place("a.npy"), &read), GENLAT_E_UNSUPPORTED);
    ck_assert_int_eq(genlat_npy_read(ctx, place("none.npy"), &read), GENLAT_E_IO);
    ck_assert_int_eq(genlat_npy_read(ctx, folder, &read), GENLAT_E_IO);
    ck_assert_ptr_null(read);
}
END_TEST

START_TEST(npz_round_trips)
{
    static const float data[] = {1, 2, 3, 4, 5, 6};
    static const char *const names[] = {"x", "labels", "encoder.0.weight"};
    genlat_tensor *a = tensor(2, (int64_t[]){3, 2}, data), *b = tensor(1, (int64_t[]){3}, data), *read = NULL;
    const genlat_tensor *all[] = {a, b, a};
    ok(genlat_npz_write(place("a.npz"), 3, names, all));
    ok(genlat_npz_read(ctx, place("a.npz"), "encoder.0.weight", &read));
    ck_assert_int_eq(genlat_tensor_dim(read, 1), 2);
    ck_assert_mem_eq(genlat_tensor_const_data(read), data, sizeof data);
    genlat_tensor_destroy(&read);
    ck_assert_int_eq(genlat_npz_read(ctx, place("a.npz"), "y", &read), GENLAT_E_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "x, labels, encoder.0.weight"));
    ck_assert_int_eq(genlat_npz_read(ctx, place("a.npz"), NULL, &read), GENLAT_E_NOT_FOUND);
    genlat_source *source = open_source(spec_of("npz", "a.npz", ""));
    ck_assert_int_eq(genlat_source_count(source), 3);
    ck_assert_int_eq(genlat_source_classes(source), 4);
    static const char *const twice[] = {"x", "x"}, *const slash[] = {"a/b"};
    ck_assert_int_eq(genlat_npz_write(place("b.npz"), 2, twice, all), GENLAT_E_RANGE);
    ck_assert_int_eq(genlat_npz_write(place("b.npz"), 1, slash, all), GENLAT_E_RANGE);
    ck_assert_int_eq(files_in_folder(), 1);
    genlat_tensor_destroy(&a);
    genlat_tensor_destroy(&b);
    genlat_source_destroy(&source);
}
END_TEST

static uint8_t *put_number(uint8_t *at, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        *at++ = (uint8_t)(value >> (8 * i));
    return at;
}

/* An archive with one deflated member "x.npy", as written by numpy.savez_compressed. */
static size_t deflated_archive(uint8_t *out, const uint8_t *content, size_t size)
{
    uint8_t packed[2048];
    z_stream z = {
        .next_in = (Bytef *)(uintptr_t)content, .avail_in = (uInt)size, .next_out = packed, .avail_out = sizeof packed};
    ck_assert_int_eq(deflateInit2(&z, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    uint32_t length = (uint32_t)z.total_out, crc = (uint32_t)crc32(0, content, (uInt)size);
    deflateEnd(&z);
    uint8_t *at = put_number(put_number(put_number(out, 0x04034b50, 4), 45, 2), 0, 2);
    at = put_number(put_number(put_number(put_number(at, 8, 2), 0, 4), crc, 4), 0xFFFFFFFF, 4);
    at = put_number(put_number(put_number(at, 0xFFFFFFFF, 4), 5, 2), 4, 2); /* sizes are stored in the directory */
    memcpy(at, "x.npy\1\0\0\0", 9);
    memcpy(at + 9, packed, length);
    uint8_t *directory = at + 9 + length;
    at = put_number(put_number(put_number(put_number(directory, 0x02014b50, 4), 45, 4), 0, 2), 8, 2);
    at = put_number(put_number(put_number(put_number(at, 0, 4), crc, 4), length, 4), (uint32_t)size, 4);
    at = put_number(put_number(put_number(put_number(at, 5, 2), 0, 8), 0, 4), 0, 4);
    memcpy(at, "x.npy", 5);
    uint8_t *end = put_number(at + 5, 0x06054b50, 4);
    end = put_number(put_number(put_number(end, 0, 4), 1, 2), 1, 2);
    end = put_number(put_number(end, (uint32_t)(at + 5 - directory), 4), (uint32_t)(directory - out), 4);
    return (size_t)(put_number(end, 0, 2) - out);
}

START_TEST(deflated_npz_is_read_and_damage_is_detected)
{
    enum { ENTRY = 46 + 5, END_RECORD = 22 };
    static float data[500];
    uint8_t content[2304] = "\x93NUMPY\x01", archive[4096];
    const char *dictionary = "{'descr': '<f4', 'fortran_order': False, 'shape': (100, 5), }";
    content[8] = (uint8_t)strlen(dictionary);
    memcpy(content + 10, dictionary, strlen(dictionary));
    data[7] = 7;
    memcpy(content + 10 + strlen(dictionary), data, sizeof data);
    size_t size = deflated_archive(archive, content, 10 + strlen(dictionary) + sizeof data);
    put_file("a.npz", archive, size);
    genlat_tensor *x = values(spec_of("npz", "a.npz", ""), NULL), *read = NULL;
    ck_assert_float_eq(genlat_tensor_const_data(x)[7], 7);
    genlat_tensor_destroy(&x);
    for (size_t cut = 0; cut < size; cut++) {
        put_file("b.npz", archive, cut);
        ck_assert_int_eq(genlat_npz_read(ctx, place("b.npz"), NULL, &read), GENLAT_E_FORMAT);
    }
    archive[60] ^= 0x40; /* a bit of the compressed data: detected by the checksum */
    put_file("b.npz", archive, size);
    ck_assert_int_eq(genlat_npz_read(ctx, place("b.npz"), NULL, &read), GENLAT_E_FORMAT);
    ck_assert_ptr_null(read);
    archive[60] ^= 0x40;
    put_number(archive + size - END_RECORD - ENTRY + 20, sizeof archive, 4); /* the compressed size */
    put_file("b.npz", archive, size);
    ck_assert_int_eq(genlat_npz_read(ctx, place("b.npz"), NULL, &read), GENLAT_E_FORMAT);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "a member extends past the end of the file"));
}
END_TEST

/* ---- IDX --------------------------------------------------------------------------------------------- */

static const uint8_t images[] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3, 0, 51, 255, 102, 0, 255};
static const uint8_t digits[] = {0, 0, 8, 1, 0, 0, 0, 2, 3, 1};

static void put_gz(const char *name, const void *data, size_t size)
{
    gzFile file = gzopen(place(name), "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(gzwrite(file, data, (unsigned)size), (int)size);
    ck_assert_int_eq(gzclose(file), Z_OK);
}

START_TEST(idx_folder_is_read_as_mnist)
{
    put_gz("train-images-idx3-ubyte.gz", images, sizeof images);
    put_file("train-labels-idx1-ubyte", digits, sizeof digits);
    put_file("t10k-images-idx3-ubyte", images, sizeof images);
    genlat_tensor *labels = NULL, *x = values(spec_of("idx", "", ""), &labels);
    ck_assert_int_eq(genlat_tensor_ndim(x), 4);
    ck_assert_int_eq(genlat_tensor_dim(x, 1), 1);
    ck_assert_int_eq(genlat_tensor_dim(x, 3), 3);
    ck_assert_float_eq_tol(genlat_tensor_const_data(x)[1], 0.2f, 1e-6);
    ck_assert_float_eq(genlat_tensor_const_data(labels)[0], 3);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
    genlat_source *test = open_source(spec_of("idx", "", "#test"));
    ck_assert_int_eq(genlat_source_classes(test), 0);
    genlat_description d = {.size = sizeof d};
    ok(genlat_source_description(test, &d));
    ck_assert_int_eq(d.content, GENLAT_CONTENT_IMAGE);
    genlat_source_destroy(&test);
    refused(spec_of("idx", "", "#valid"), GENLAT_E_IO, "valid-images-idx3-ubyte");
    test = open_source(spec_of("idx", "train-images-idx3-ubyte.gz", "?labels=no&shape=3&raw=yes&limit=1"));
    ck_assert_int_eq(genlat_source_ndim(test), 1);
    ck_assert_int_eq(genlat_source_count(test), 1);
    ck_assert_int_eq(genlat_source_classes(test), 0);
    ok(genlat_source_read(test, 0, 1, &x, NULL));
    ck_assert_float_eq(genlat_tensor_const_data(x)[2], 255);
    genlat_tensor_destroy(&x);
    genlat_source_destroy(&test);
    refused(spec_of("idx", "train-images-idx3-ubyte.gz", "?shape=4"), GENLAT_E_SHAPE, "shape=");
}
END_TEST

/* The names of images and labels may differ in a dot or a dash, and in .gz. Only the name of the file counts. */
START_TEST(idx_labels_are_found_beside_the_images)
{
    static const char *const image_names[] = {"t-images-idx3-ubyte", "t-images.idx3-ubyte"};
    static const char *const label_names[] = {"t-labels-idx1-ubyte", "t-labels.idx1-ubyte"};
    ck_assert_int_eq(mkdir(place("images-idx3"), 0777), 0);
    for (int i = 0; i < 16; i++) {
        char image[80], label[80];
        snprintf(image, sizeof image, "images-idx3/%s%s", image_names[i & 1], i & 2 ? ".gz" : "");
        snprintf(label, sizeof label, "images-idx3/%s%s", label_names[i >> 2 & 1], i & 8 ? ".gz" : "");
        (i & 2 ? put_gz : put_file)(image, images, sizeof images);
        (i & 8 ? put_gz : put_file)(label, digits, sizeof digits);
        genlat_tensor *labels = NULL, *x = values(spec_of("idx", image, ""), &labels);
        ck_assert_msg(labels != NULL, "%s beside %s", label, image);
        ck_assert_float_eq(genlat_tensor_const_data(labels)[0], 3);
        genlat_tensor_destroy(&x);
        genlat_tensor_destroy(&labels);
        unlink(place(label));
        x = values(spec_of("idx", image, ""), &labels);
        ck_assert_ptr_null(labels);
        genlat_tensor_destroy(&x);
        unlink(place(image));
    }
    static const char *const mixed[] = {"train-images.idx3-ubyte.gz", "train-labels-idx1-ubyte"};
    put_gz(mixed[0], images, sizeof images);
    put_file(mixed[1], digits, sizeof digits);
    genlat_tensor *labels = NULL, *x = values(spec_of("idx", "", ""), &labels);
    ck_assert_ptr_nonnull(labels);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
}
END_TEST

START_TEST(bytes_of_zeros_and_ones_are_not_scaled)
{
    static const uint8_t binary[] = {0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 2, 0, 1, 1, 0};
    static const uint8_t floats[] = {0, 0, 13, 1, 0, 0, 0, 2, 0x3F, 0xC0, 0, 0, 0xBF, 0x80, 0, 0};
    put_file("a", binary, sizeof binary);
    genlat_tensor *x = values(spec_of("idx", "a", ""), NULL);
    ck_assert_float_eq(genlat_tensor_const_data(x)[1], 1);
    genlat_tensor_destroy(&x);
    put_file("a", floats, sizeof floats);
    x = values(spec_of("idx", "a", ""), NULL);
    ck_assert_float_eq(genlat_tensor_const_data(x)[0], 1.5f);
    ck_assert_float_eq(genlat_tensor_const_data(x)[1], -1);
    genlat_tensor_destroy(&x);
}
END_TEST

START_TEST(malformed_idx_is_refused)
{
    for (size_t cut = 0; cut < sizeof images; cut++) {
        put_file("a", images, cut);
        refused(spec_of("idx", "a", ""), GENLAT_E_FORMAT, "/a: ");
    }
    uint8_t longer[sizeof images + 1] = {0};
    memcpy(longer, images, sizeof images);
    put_file("a", longer, sizeof longer);
    refused(spec_of("idx", "a", ""), GENLAT_E_FORMAT, "1 bytes follow");
    memset(longer + 12, 0, 4);
    memset(longer + 4, 0xFF, 8); /* 2^64 values, times 0 */
    put_file("a", longer, 16);
    refused(spec_of("idx", "a", ""), GENLAT_E_FORMAT, "too large");
    memset(longer + 4, 0xFF, 12); /* 2^96 values */
    put_file("a", longer, sizeof longer);
    refused(spec_of("idx", "a", ""), GENLAT_E_FORMAT, "damaged");
    uint8_t empty[] = {0, 0, 8, 1, 0, 0, 0, 0};
    put_file("a", empty, sizeof empty);
    refused(spec_of("idx", "a", ""), GENLAT_E_SHAPE, "no samples");
    put_gz("b.gz", images, sizeof images);
    ck_assert_int_eq(truncate(place("b.gz"), 25), 0);
    refused(spec_of("idx", "b.gz", ""), GENLAT_E_IO, "b.gz");
    put_file("train-images-idx3-ubyte", images, sizeof images);
    uint8_t few[] = {0, 0, 8, 1, 0, 0, 0, 1, 3};
    put_file("train-labels-idx1-ubyte", few, sizeof few);
    refused(spec_of("idx", "", ""), GENLAT_E_SHAPE, "labels is [1]");
}
END_TEST

/* 80 MiB of zeros in 80 kB. */
START_TEST(gzip_has_a_bound)
{
    static const uint8_t zeros[1 << 20];
    static const uint8_t header[] = {0, 0, 8, 2, 0, 0, 0, 80, 0, 0x10, 0, 0};
    gzFile file = gzopen(place("a.idx.gz"), "wb1");
    ck_assert_int_eq(gzwrite(file, header, sizeof header), sizeof header);
    for (int i = 0; i < 80; i++)
        ck_assert_int_eq(gzwrite(file, zeros, sizeof zeros), sizeof zeros);
    ck_assert_int_eq(gzclose(file), Z_OK);
    refused(spec_of("idx", "a.idx.gz", ""), GENLAT_E_FORMAT, "more than 64 times the file are refused");
}
END_TEST

int main(void)
{
    static const TTest *const *const tests[] = {
        &npy_round_trips,
        &npy_of_all_types_is_read,
        &fields_without_text_have_no_names,
        &malformed_npy_is_refused,
        &npz_round_trips,
        &deflated_npz_is_read_and_damage_is_detected,
        &idx_folder_is_read_as_mnist,
        &idx_labels_are_found_beside_the_images,
        &bytes_of_zeros_and_ones_are_not_scaled,
        &malformed_idx_is_refused,
        &gzip_has_a_bound,
    };
    return run_in_folders("files", tests, COUNT(tests));
}
