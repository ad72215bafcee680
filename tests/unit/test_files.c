/* SPDX-License-Identifier: MIT */
/* Data files: what is written is read back, the forms found in the wild are read, malformed ones are refused.
 */
#include <check.h>
#include <dirent.h>
#include <locale.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "genlat/files.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static genlat_ctx *ctx;
static char folder[256];

static void ok(genlat_status status)
{
    ck_assert_msg(status == GENLAT_OK, "%s: %s", genlat_status_name(status), genlat_last_error());
}

static void open_folder(void)
{
    const char *base = getenv("TMPDIR");
    ok(genlat_ctx_new(NULL, &ctx));
    snprintf(folder, sizeof folder, "%s/genlat-files-XXXXXX", base ? base : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void remove_folder(const char *path)
{
    DIR *stream = opendir(path);
    for (struct dirent *entry; stream && (entry = readdir(stream));) {
        char name[1024];
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (unlink(name) != 0)
            remove_folder(name);
    }
    if (stream)
        closedir(stream);
    rmdir(path);
}

static void close_folder(void)
{
    remove_folder(folder);
    genlat_ctx_destroy(&ctx);
}

/* "folder/name"; a few may be in use at a time. */
static const char *place(const char *name)
{
    static char text[4][512];
    static int next;
    char *out = text[next++ % 4];
    snprintf(out, sizeof text[0], "%s/%s", folder, name);
    return out;
}

static const char *spec_of(const char *kind, const char *name, const char *options)
{
    static char text[1024];
    snprintf(text, sizeof text, "%s:%s/%s%s", kind, folder, name, options);
    return text;
}

static void put_file(const char *name, const void *data, size_t size)
{
    FILE *file = fopen(place(name), "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(data, 1, size, file), size);
    fclose(file);
}

static genlat_tensor *tensor(int32_t ndim, const int64_t *dims, const float *data)
{
    genlat_tensor *out = NULL;
    ok(genlat_tensor_from(ctx, ndim, dims, data, &out));
    return out;
}

static genlat_source *open_source(const char *spec)
{
    genlat_source *out = NULL;
    ok(genlat_files_open(ctx, spec, &out));
    return out;
}

/* Opens what must be refused, with this status and these words in the text. */
static void refused(const char *spec, genlat_status wanted, const char *words)
{
    genlat_source *source = NULL;
    genlat_status status = genlat_files_open(ctx, spec, &source);
    ck_assert_msg(status == wanted, "%s: %s, %s", spec, genlat_status_name(status), genlat_last_error());
    ck_assert_ptr_null(source);
    ck_assert_msg(strstr(genlat_last_error(), words) != NULL, "'%s' lacks '%s'", genlat_last_error(), words);
    ck_assert_ptr_null(strchr(genlat_last_error(), '\n'));
}

/* All values of a source. */
static genlat_tensor *values(const char *spec, genlat_tensor **labels)
{
    genlat_source *source = open_source(spec);
    genlat_tensor *x = NULL;
    ok(genlat_source_read(source, 0, genlat_source_count(source), &x, labels));
    genlat_source_destroy(&source);
    return x;
}

static int64_t files_in_folder(void)
{
    int64_t count = 0;
    DIR *stream = opendir(folder);
    ck_assert_ptr_nonnull(stream);
    for (struct dirent *entry; (entry = readdir(stream));)
        count += entry->d_name[0] != '.';
    closedir(stream);
    return count;
}

/* ---- NumPy ------------------------------------------------------------------------------------------- */

START_TEST(npy_comes_back)
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
        ck_assert_mem_eq(genlat_tensor_const_data(read), data,
                         (size_t)genlat_tensor_count(read) * sizeof *data);
        genlat_tensor_destroy(&written);
        genlat_tensor_destroy(&read);
    }
    ck_assert_int_eq(files_in_folder(), 1);
}
END_TEST

/* A header as NumPy writes it, then the bytes of the numbers. */
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

START_TEST(npy_of_other_types_is_read)
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
        {"{'descr': '|b1', 'fortran_order': True, 'shape': (2,), }", u1 + 1, 1, 0, 0, 1},
    };
    for (size_t i = 0; i + 1 < COUNT(cases); i++) {
        genlat_tensor *read = NULL;
        put_npy("a.npy", cases[i].dictionary, cases[i].data, cases[i].size, cases[i].version);
        ok(genlat_npy_read(ctx, place("a.npy"), &read));
        ck_assert_float_eq(genlat_tensor_const_data(read)[0], cases[i].first);
        ck_assert_float_eq(genlat_tensor_const_data(read)[1], cases[i].second);
        genlat_tensor_destroy(&read);
    }
}
END_TEST

START_TEST(malformed_npy_is_refused)
{
    static const struct {
        const char *dictionary;
        genlat_status status;
        const char *words;
    } cases[] = {
        {"{'descr': '<f4', 'fortran_order': True, 'shape': (2, 1), }", GENLAT_E_UNSUPPORTED,
         "ascontiguousarray"},
        {"{'descr': '|O', 'fortran_order': False, 'shape': (2,), }", GENLAT_E_UNSUPPORTED, "astype"},
        {"{'descr': '<c16', 'fortran_order': False, 'shape': (2,), }", GENLAT_E_UNSUPPORTED, "astype"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", GENLAT_E_FORMAT, "cut off"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (999999999999999999,), }", GENLAT_E_FORMAT,
         "cut off"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999, 99999999999), }", GENLAT_E_FORMAT,
         "overflows"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (-2,), }", GENLAT_E_FORMAT, "shape"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,2), }", GENLAT_E_UNSUPPORTED,
         "reshape"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2", GENLAT_E_FORMAT, "shape"},
        {"{'descr': '<f4', 'shape': (2,), }", GENLAT_E_FORMAT, "fortran_order"},
        {"{'fortran_order': False, 'shape': (2,), }", GENLAT_E_FORMAT, "descr"},
        {"", GENLAT_E_FORMAT, "descr"},
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

START_TEST(npz_comes_back)
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

static uint8_t *put_number(uint8_t *at, uint32_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        *at++ = (uint8_t)(value >> (8 * i));
    return at;
}

/* An archive of one deflated member "x.npy", as numpy.savez_compressed writes it. */
static size_t deflated_archive(uint8_t *out, const uint8_t *content, size_t size)
{
    uint8_t packed[2048];
    z_stream z = {.next_in = (Bytef *)(uintptr_t)content,
                  .avail_in = (uInt)size,
                  .next_out = packed,
                  .avail_out = sizeof packed};
    ck_assert_int_eq(deflateInit2(&z, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    uint32_t length = (uint32_t)z.total_out, crc = (uint32_t)crc32(0, content, (uInt)size);
    deflateEnd(&z);
    uint8_t *at = put_number(put_number(put_number(out, 0x04034b50, 4), 45, 2), 0, 2);
    at = put_number(put_number(put_number(put_number(at, 8, 2), 0, 4), crc, 4), 0xFFFFFFFF, 4);
    at = put_number(put_number(put_number(at, 0xFFFFFFFF, 4), 5, 2), 4, 2); /* sizes are in the directory */
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

START_TEST(deflated_npz_is_read_and_damage_is_found)
{
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
    archive[60] ^= 0x40; /* inside the packed bytes: the check sum tells */
    put_file("b.npz", archive, size);
    ck_assert_int_eq(genlat_npz_read(ctx, place("b.npz"), NULL, &read), GENLAT_E_FORMAT);
    ck_assert_ptr_null(read);
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

START_TEST(bytes_of_zeros_and_ones_stay)
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

/* ---- CSV --------------------------------------------------------------------------------------------- */

START_TEST(csv_comes_back)
{
    static const float data[] = {0.1f, -3e20f, 1.f / 3, 1e-40f, 16777216, -0.f};
    genlat_tensor *written = tensor(2, (int64_t[]){3, 2}, data), *read = NULL;
    (void)setlocale(LC_NUMERIC, "de_DE.UTF-8"); /* where it is installed, its comma must not matter */
    ok(genlat_csv_write(place("a.csv"), written, "a,b"));
    ok(genlat_csv_read(ctx, place("a.csv"), &read));
    (void)setlocale(LC_NUMERIC, "C");
    ck_assert_int_eq(genlat_tensor_dim(read, 0), 3);
    ck_assert_mem_eq(genlat_tensor_const_data(read), data, sizeof data);
    genlat_tensor_destroy(&written);
    genlat_tensor_destroy(&read);
}
END_TEST

START_TEST(csv_of_the_wild_is_read)
{
    static const struct {
        const char *text, *options;
        int64_t rows, columns, classes;
        float last, last_label;
    } cases[] = {
        {"1,2\n3,4\n", "", 2, 2, 0, 4, 0},
        {"1,2\r\n3,4", "", 2, 2, 0, 4, 0},
        {"\xEF\xBB\xBF\"a\";b\n1;2\n\n3; 4 \n", "", 2, 2, 0, 4, 0},
        {"x\ty\tkind\n1\t2\tdog\n3\t4\tcat\n5\t6\tdog\n", "?label=kind", 3, 2, 2, 6, 1},
        {"1,2,dog\n3,4,cat\n", "?label=-1", 2, 2, 2, 4, 0},
        {"0,1,2\n1,3,4\n", "?label=1", 2, 2, 2, 4, 1},
        {"name\n1e3\n", "", 1, 1, 0, 1000, 0},
        {"\"a,\"\"b\"\"\",c\n\"1\",nan\n2,-inf", "", 2, 2, 0, -INFINITY, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        put_file("a.csv", cases[i].text, strlen(cases[i].text));
        genlat_source *source = open_source(spec_of("csv", "a.csv", cases[i].options));
        genlat_tensor *x = NULL, *labels = NULL;
        ck_assert_int_eq(genlat_source_count(source), cases[i].rows);
        ck_assert_int_eq(genlat_source_dim(source, 0), cases[i].columns);
        ck_assert_int_eq(genlat_source_classes(source), cases[i].classes);
        ok(genlat_source_read(source, 0, cases[i].rows, &x, &labels));
        ck_assert_float_eq(genlat_tensor_const_data(x)[genlat_tensor_count(x) - 1], cases[i].last);
        if (labels)
            ck_assert_float_eq(genlat_tensor_const_data(labels)[cases[i].rows - 1], cases[i].last_label);
        genlat_tensor_destroy(&x);
        genlat_tensor_destroy(&labels);
        genlat_source_destroy(&source);
    }
}
END_TEST

START_TEST(malformed_csv_is_refused)
{
    static const struct {
        const char *text, *options, *words;
        genlat_status status;
    } cases[] = {
        {"", "", "empty", GENLAT_E_FORMAT},
        {"\n\r\n", "", "empty", GENLAT_E_FORMAT},
        {"a,b\n", "", "no numbers", GENLAT_E_FORMAT},
        {"1,2\n3\n", "", "line 2, column 2", GENLAT_E_FORMAT},
        {"1,2\n3,4,5\n", "", "line 2, column 3", GENLAT_E_FORMAT},
        {"1,2\n\n3,x\n", "", "line 3, column 2", GENLAT_E_FORMAT},
        {"1,2\n3,\n", "", "empty", GENLAT_E_FORMAT},
        {"1,\"2\n", "", "not closed", GENLAT_E_FORMAT},
        {"1,\"2\"3\n", "", "closing quote", GENLAT_E_FORMAT},
        {"1,2\n", "?label=kind", "'kind'", GENLAT_E_NOT_FOUND},
        {"1,2\n", "?label=3", "'3'", GENLAT_E_NOT_FOUND},
        {"1\n2\n", "?label=1", "no numbers", GENLAT_E_FORMAT},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        put_file("a.csv", cases[i].text, strlen(cases[i].text));
        refused(spec_of("csv", "a.csv", cases[i].options), cases[i].status, cases[i].words);
    }
}
END_TEST

/* ---- pictures, sound, text --------------------------------------------------------------------------- */

START_TEST(png_grid_comes_back_as_images)
{
    static const float grey[] = {0, 0.2f, 1, 0.4f, 0.6f, 2}, colour[] = {1, 0, 0, 1, 0, 0, 0.4f, 0.2f, 1};
    genlat_tensor *a = tensor(3, (int64_t[]){1, 2, 3}, grey), *b = tensor(4, (int64_t[]){1, 3, 1, 3}, colour);
    ck_assert_int_eq(mkdir(place("cat"), 0777), 0);
    ck_assert_int_eq(mkdir(place("dog"), 0777), 0);
    ok(genlat_png_grid(place("cat/1.png"), a, 0, 1, 0, 1));
    ok(genlat_png_grid(place("dog/2.PNG"), a, 0, 1, 0, 1));
    genlat_tensor *labels = NULL, *x = values(spec_of("png", "", ""), &labels);
    ck_assert_int_eq(genlat_tensor_dim(x, 0), 2);
    ck_assert_int_eq(genlat_tensor_dim(x, 1), 1);
    for (int i = 0; i < 6; i++)
        ck_assert_float_eq_tol(genlat_tensor_const_data(x)[i], grey[i] > 1 ? 1 : grey[i], 1e-6);
    ck_assert_float_eq(genlat_tensor_const_data(labels)[1], 1);
    ok(genlat_png_grid(place("dog/3.png"), b, 0, 1, 0, 1));
    refused(spec_of("png", "", ""), GENLAT_E_SHAPE, "3.png");
    unlink(place("dog/2.PNG"));
    genlat_tensor_destroy(&x);
    x = values(spec_of("png", "dog", ""), NULL);
    ck_assert_int_eq(genlat_tensor_dim(x, 1), 3);
    for (int i = 0; i < 9; i++)
        ck_assert_float_eq_tol(genlat_tensor_const_data(x)[i], colour[i], 1e-6);
    put_file("dog/3.png", "\x89PNG\r\n\x1a\n", 8);
    refused(spec_of("png", "dog", ""), GENLAT_E_FORMAT, "3.png");
    genlat_tensor *all[] = {a, b, labels, x};
    for (size_t i = 0; i < COUNT(all); i++)
        genlat_tensor_destroy(&all[i]);
}
END_TEST

START_TEST(png_grid_lays_out_and_refuses)
{
    static const float zeros[5 * 2 * 2] = {0};
    genlat_tensor *images_tensor = tensor(3, (int64_t[]){5, 2, 2}, zeros),
                  *flat = tensor(1, (int64_t[]){4}, zeros);
    ok(genlat_png_grid(place("a.png"), images_tensor, 0, 3, -1, 1));
    genlat_source *source = open_source(spec_of("png", "", ""));
    ck_assert_int_eq(genlat_source_dim(source, 2), 3 * 6 + 2); /* three columns, two rows, a line between */
    ck_assert_int_eq(genlat_source_dim(source, 1), 2 * 6 + 1);
    genlat_source_destroy(&source);
    ck_assert_int_eq(genlat_png_grid(place("b.png"), flat, 0, 1, 0, 1), GENLAT_E_SHAPE);
    ck_assert_int_eq(genlat_png_grid(place("b.png"), images_tensor, 0, 0, 0, 1), GENLAT_E_RANGE);
    ck_assert_int_eq(genlat_png_grid(place("b.png"), images_tensor, 0, 1, 1, 1), GENLAT_E_RANGE);
    ck_assert_int_eq(genlat_png_grid(place("b.png"), images_tensor, -1, 1, 0, 1), GENLAT_E_RANGE);
    ck_assert_int_eq(genlat_png_grid(place("none/b.png"), images_tensor, 0, 1, 0, 1), GENLAT_E_IO);
    ck_assert_int_eq(files_in_folder(), 1);
    genlat_tensor_destroy(&images_tensor);
    genlat_tensor_destroy(&flat);
}
END_TEST

START_TEST(wav_comes_back)
{
    float wave[2][10];
    for (int i = 0; i < 10; i++) {
        wave[0][i] = (float)sin(i);
        wave[1][i] = i == 3 ? 5 : -0.5f;
    }
    genlat_tensor *sound = tensor(2, (int64_t[]){2, 10}, wave[0]), *x = NULL;
    ok(genlat_wav_write(place("a.wav"), sound, 8000));
    ck_assert_int_eq(genlat_wav_write(place("b.wav"), sound, 0), GENLAT_E_RANGE);
    genlat_source *source = NULL;
    genlat_status status = genlat_files_open(ctx, spec_of("wav", "a.wav", "?length=4"), &source);
    if (status != GENLAT_E_UNSUPPORTED) {
        ok(status);
        ck_assert_int_eq(genlat_source_count(source), 2);
        ck_assert_int_eq(genlat_source_dim(source, 0), 2);
        ok(genlat_source_read(source, 0, 2, &x, NULL));
        ck_assert_float_eq_tol(genlat_tensor_const_data(x)[2], wave[0][2], 1e-4);
        ck_assert_float_eq_tol(genlat_tensor_const_data(x)[7], 1, 1e-4); /* clamped */
        ck_assert_float_eq_tol(genlat_tensor_const_data(x)[8], wave[0][4], 1e-4);
        genlat_tensor_destroy(&x);
        x = values(spec_of("wav", "", "?length=16"), NULL);
        ck_assert_int_eq(genlat_tensor_dim(x, 0), 1);
        ck_assert_float_eq(genlat_tensor_const_data(x)[15], 0);
        refused(spec_of("wav", "none.wav", ""), GENLAT_E_IO, "none.wav");
        put_file("c.wav", "RIFF", 4);
        refused(spec_of("wav", "c.wav", ""), GENLAT_E_FORMAT, "c.wav");
    }
    genlat_tensor_destroy(&sound);
    genlat_tensor_destroy(&x);
    genlat_source_destroy(&source);
}
END_TEST

START_TEST(text_is_cut_to_samples)
{
    put_file("a.txt", "abcdefg\n\r\nhi\r\n", 14);
    genlat_tensor *x = values(spec_of("text", "a.txt", "?length=4"), NULL);
    ck_assert_int_eq(genlat_tensor_dim(x, 0), 3);
    ck_assert_float_eq(genlat_tensor_const_data(x)[4], 'e');
    genlat_tensor_destroy(&x);
    x = values(spec_of("text", "a.txt", "?length=4&lines=yes"), NULL);
    ck_assert_int_eq(genlat_tensor_dim(x, 0), 2);
    ck_assert_float_eq(genlat_tensor_const_data(x)[3], 'd');
    ck_assert_float_eq(genlat_tensor_const_data(x)[5], 'i');
    ck_assert_float_eq(genlat_tensor_const_data(x)[6], 0);
    genlat_tensor_destroy(&x);
    refused(spec_of("text", "a.txt", "?length=100"), GENLAT_E_FORMAT, "length=");
}
END_TEST

/* ---- SPEC -------------------------------------------------------------------------------------------- */

START_TEST(drawn_sources_and_their_parts)
{
    for (int32_t i = 0; i < 6; i++) {
        genlat_source *source = open_source(genlat_files_kind(i, NULL));
        ck_assert_int_eq(genlat_source_count(source), 10000);
        genlat_source_destroy(&source);
    }
    genlat_tensor *part[3], *again = values("ring?n=50&seed=4#train", NULL);
    part[0] = values("ring#train?n=50&seed=4", NULL);
    part[1] = values("ring#valid?n=50&seed=4", NULL);
    part[2] = values("ring?seed=5&n=50", NULL);
    ck_assert_mem_eq(genlat_tensor_const_data(again), genlat_tensor_const_data(part[0]), 100 * sizeof(float));
    for (int i = 1; i < 3; i++)
        ck_assert_int_ne(memcmp(genlat_tensor_const_data(part[0]), genlat_tensor_const_data(part[i]), 100),
                         0);
    for (int i = 0; i < 3; i++)
        genlat_tensor_destroy(&part[i]);
    genlat_tensor_destroy(&again);
}
END_TEST

START_TEST(wrong_text_is_told)
{
    static const struct {
        const char *spec;
        genlat_status status;
        const char *words;
    } cases[] = {
        {"", GENLAT_E_INVALID, "KIND"},
        {":x", GENLAT_E_INVALID, "KIND"},
        {"letters", GENLAT_E_NOT_FOUND, "digits, shapes"},
        {"digits:x", GENLAT_E_INVALID, "no path"},
        {"npy", GENLAT_E_INVALID, "wants a path"},
        {"npy:/nowhere#test", GENLAT_E_NOT_FOUND, "no parts"},
        {"npy:/nowhere", GENLAT_E_IO, "/nowhere: "},
        {"digits#other", GENLAT_E_NOT_FOUND, "train, valid, test"},
        {"digits?n", GENLAT_E_INVALID, "KEY=VALUE"},
        {"digits?n=0", GENLAT_E_INVALID, "n is '0'"},
        {"digits?n=99999999999999999999", GENLAT_E_INVALID, "whole number"},
        {"digits?colour=red", GENLAT_E_NOT_FOUND, "'colour'"},
        {"digits?binarize=sometimes", GENLAT_E_INVALID, "dynamic"},
        {"digits?shape=2xx3", GENLAT_E_INVALID, "3x32x32"},
        {"digits?raw=perhaps", GENLAT_E_INVALID, "yes or no"},
        {"digits?skip=10000", GENLAT_E_RANGE, "skip"},
        {"ring?labels=factors", GENLAT_E_STATE, "factors"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        refused(cases[i].spec, cases[i].status, cases[i].words);
    char huge[9000];
    memset(huge, 'x', sizeof huge - 1);
    huge[sizeof huge - 1] = '\0';
    refused(huge, GENLAT_E_INVALID, "longer");
    ck_assert_ptr_null(genlat_files_kind(-1, NULL));
    ck_assert_ptr_null(genlat_files_kind(1000, NULL));
}
END_TEST

START_TEST(validation_is_scaled_as_training_was)
{
    genlat_source *train = open_source("moons?n=500&scale=features"), *valid = NULL, *other = NULL;
    genlat_tensor *offset[2], *scale[2];
    ok(genlat_files_open_like(ctx, "moons#valid?n=100&scale=features&labels=no", train, &valid));
    ok(genlat_source_normalization(train, &offset[0], &scale[0]));
    ok(genlat_source_normalization(valid, &offset[1], &scale[1]));
    ck_assert_mem_eq(genlat_tensor_const_data(offset[0]), genlat_tensor_const_data(offset[1]),
                     2 * sizeof(float));
    ck_assert_mem_eq(genlat_tensor_const_data(scale[0]), genlat_tensor_const_data(scale[1]),
                     2 * sizeof(float));
    ck_assert_int_eq(genlat_source_classes(valid), 0);
    ck_assert_int_eq(genlat_files_open_like(ctx, "digits", train, &other), GENLAT_E_SHAPE);
    ck_assert_ptr_null(other);
    for (int i = 0; i < 2; i++) {
        genlat_tensor_destroy(&offset[i]);
        genlat_tensor_destroy(&scale[i]);
    }
    genlat_source_destroy(&train);
    genlat_source_destroy(&valid);
}
END_TEST

START_TEST(a_write_replaces_at_once_or_not_at_all)
{
    static const float data[] = {1};
    genlat_tensor *one = tensor(1, (int64_t[]){1}, data);
    ok(genlat_npy_write(place("a.npy"), one));
    ok(genlat_npy_write(place("a.npy"), one));
    ck_assert_int_eq(files_in_folder(), 1);
    ck_assert_int_eq(genlat_npy_write(place("none/a.npy"), one), GENLAT_E_IO);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "none/a.npy"));
    ok(genlat_npy_write("/dev/null", one));
    if (access("/dev/full", W_OK) == 0)
        ck_assert_int_eq(genlat_csv_write("/dev/full", one, NULL), GENLAT_E_IO);
    ck_assert_int_eq(mkdir(place("d"), 0777), 0);
    ck_assert_int_eq(genlat_npy_write(place("d"), one), GENLAT_E_IO);
    ck_assert_int_eq(files_in_folder(), 2);
    genlat_tensor_destroy(&one);
}
END_TEST

/* The real files, where they are. */
START_TEST(mnist_is_read)
{
    const char *base = getenv("GENLAT_DATA");
    char spec[1024];
    if (!base) {
        printf("skipped: GENLAT_DATA is not set\n");
        return;
    }
    snprintf(spec, sizeof spec, "idx:%s/mnist#test", base);
    genlat_source *source = open_source(spec);
    genlat_tensor *x = NULL, *labels = NULL;
    ck_assert_int_eq(genlat_source_count(source), 10000);
    ck_assert_int_eq(genlat_source_classes(source), 10);
    ok(genlat_source_read(source, 0, 10, &x, &labels));
    static const float first[] = {7, 2, 1, 0, 4, 1, 4, 9, 5, 9};
    ck_assert_mem_eq(genlat_tensor_const_data(labels), first, sizeof first);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
    genlat_source_destroy(&source);
}
END_TEST

int main(void)
{
    static const TTest *const *tests[] = {
        &npy_comes_back,
        &npy_of_other_types_is_read,
        &malformed_npy_is_refused,
        &npz_comes_back,
        &deflated_npz_is_read_and_damage_is_found,
        &idx_folder_is_read_as_mnist,
        &bytes_of_zeros_and_ones_stay,
        &malformed_idx_is_refused,
        &csv_comes_back,
        &csv_of_the_wild_is_read,
        &malformed_csv_is_refused,
        &png_grid_comes_back_as_images,
        &png_grid_lays_out_and_refuses,
        &wav_comes_back,
        &text_is_cut_to_samples,
        &drawn_sources_and_their_parts,
        &wrong_text_is_told,
        &validation_is_scaled_as_training_was,
        &a_write_replaces_at_once_or_not_at_all,
        &mnist_is_read,
    };
    Suite *suite = suite_create("files");
    TCase *tcase = tcase_create("files");
    tcase_add_checked_fixture(tcase, open_folder, close_folder);
    for (size_t i = 0; i < COUNT(tests); i++)
        tcase_add_test(tcase, *tests[i]);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
