/* SPDX-License-Identifier: MIT */
/* safetensors files: round trips, exchange with Python, atomic replacement, and damaged files. */
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/io.h"

static genlat_ctx *ctx;
static char folder[64];

static void set_up(void)
{
    strcpy(folder, "/tmp/genlat-io-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
    (void)gnl_enter(""); /* messages of inner functions, without a function name */
}

static void tear_down(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
    genlat_ctx_destroy(&ctx);
}

static const char *in_folder(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static gnl_shape shape(int32_t ndim, int64_t a, int64_t b)
{
    return gnl_shape_of(ndim, (int64_t[]){a, b});
}

/* The contents that make_safetensors.py checks. The order of adding differs from the order in the file. */
static gnl_writer *sample_writer(void)
{
    static const unsigned char bytes[] = {0, 128, 255};
    static const int64_t count[] = {INT64_MIN, 7};
    static const double wide[] = {0.1, 1e300};
    static gnl_real weight[6], scalar = (gnl_real)3.5;
    for (int i = 0; i < 6; i++)
        weight[i] = (gnl_real)i / 8 - (gnl_real)0.25;
    gnl_shape matrix = shape(2, 2, 3), three = shape(1, 3, 0), two = shape(1, 2, 0), none = shape(0, 0, 0);
    gnl_writer *writer = NULL;
    ck_assert_int_eq(gnl_writer_new(ctx, &writer), GENLAT_OK);
    ck_assert_int_eq(gnl_writer_format(writer, "test"), GENLAT_OK);
    ck_assert_int_eq(gnl_writer_meta(writer, "note", "replaced"), GENLAT_OK);
    ck_assert_int_eq(gnl_writer_meta(writer, "note", "caf\xc3\xa9 \"x\"\n"), GENLAT_OK);
    ck_assert_int_eq(gnl_writer_add(writer, "bytes", GNL_DTYPE_U8, &three, bytes), GENLAT_OK);
    ck_assert_int_eq(gnl_writer_real(writer, "weight", &matrix, weight), GENLAT_OK);
    ck_assert_int_eq(gnl_writer_add(writer, "count", GNL_DTYPE_I64, &two, count), GENLAT_OK);
    ck_assert_int_eq(gnl_writer_add(writer, "double", GNL_DTYPE_F64, &two, wide), GENLAT_OK);
    ck_assert_int_eq(gnl_writer_real(writer, "scalar", &none, &scalar), GENLAT_OK);
    return writer;
}

static void check_sample(const gnl_reader *reader)
{
    gnl_real weight[6], scalar;
    int64_t count[2];
    double wide[2];
    gnl_shape matrix = shape(2, 2, 3), two = shape(1, 2, 0);
    ck_assert_int_eq(gnl_reader_count(reader), 5);
    ck_assert_int_eq(gnl_reader_elements(reader), 3 + 6 + 2 + 2 + 1);
    ck_assert_str_eq(gnl_reader_kind(reader), "test");
    ck_assert_int_eq(gnl_reader_format(reader), GENLAT_OK);
    ck_assert_str_eq(gnl_reader_meta(reader, "note"), "caf\xc3\xa9 \"x\"\n");
    ck_assert_ptr_null(gnl_reader_meta(reader, "nothing"));
    ck_assert_str_eq(gnl_reader_entry(reader, 0)->name, "bytes");
    ck_assert_ptr_null(gnl_reader_entry(reader, 5));
    ck_assert_ptr_null(gnl_reader_entry(reader, -1));
    ck_assert_int_eq(gnl_reader_real(reader, "weight", &matrix, weight), GENLAT_OK);
    ck_assert_int_eq(gnl_reader_real(reader, "scalar", NULL, &scalar), GENLAT_OK);
    ck_assert_int_eq(gnl_reader_get(reader, "count", GNL_DTYPE_I64, &two, count), GENLAT_OK);
    ck_assert_int_eq(gnl_reader_get(reader, "double", GNL_DTYPE_F64, &two, wide), GENLAT_OK);
    for (int i = 0; i < 6; i++)
        ck_assert(weight[i] == (gnl_real)i / 8 - (gnl_real)0.25);
    ck_assert(scalar == (gnl_real)3.5 && count[0] == INT64_MIN && count[1] == 7);
    ck_assert(wide[0] == 0.1 && wide[1] == 1e300);
}

START_TEST(round_trip_through_a_file)
{
    gnl_reader *reader = NULL;
    gnl_writer *writer = sample_writer();
    const char *path = in_folder("a.safetensors");
    const char *for_python = getenv("TEST_IO_WRITES"); /* file that make_safetensors.py checks afterwards */
    ck_assert_int_eq(gnl_writer_write(writer, gnl_output_file(path)), GENLAT_OK);
    if (for_python)
        ck_assert_int_eq(gnl_writer_write(writer, gnl_output_file(for_python)), GENLAT_OK);
    gnl_writer_destroy(writer);
    ck_assert_int_eq(gnl_reader_open(ctx, gnl_input_file(path), &reader), GENLAT_OK);
    ck_assert_str_eq(gnl_reader_path(reader), path);
    check_sample(reader);
    gnl_reader_close(reader);
}
END_TEST

START_TEST(round_trip_through_memory_and_alignment)
{
    void *bytes = NULL;
    size_t size = 0;
    uint64_t header = 0;
    gnl_reader *reader = NULL;
    gnl_writer *writer = sample_writer();
    gnl_output output;
    ck_assert_int_eq(gnl_output_memory(&bytes, &size, &output), GENLAT_OK);
    ck_assert_int_eq(gnl_writer_write(writer, output), GENLAT_OK);
    gnl_writer_destroy(writer);
    ck_assert_int_eq(gnl_reader_open(ctx, gnl_input_memory(bytes, size, "memory"), &reader), GENLAT_OK);
    check_sample(reader);
    memcpy(&header, bytes, sizeof header);
    ck_assert_uint_eq((8 + header) % 64, 0);
    for (int64_t i = 0; i < gnl_reader_count(reader); i++) {
        const gnl_entry *entry = gnl_reader_entry(reader, i);
        ck_assert_uint_eq(entry->begin % gnl_dtype_bytes(entry->dtype), 0);
    }
    gnl_reader_close(reader);
    gnl_free(ctx, bytes);
}
END_TEST

/* More numbers than one chunk holds, so that chunk borders are crossed. */
START_TEST(large_tensors_cross_chunks)
{
    enum { N = 10007 };
    static gnl_real in[N], out[N];
    gnl_shape line = shape(1, N, 0);
    gnl_writer *writer = NULL;
    gnl_reader *reader = NULL;
    for (int i = 0; i < N; i++)
        in[i] = (gnl_real)i;
    ck_assert_int_eq(gnl_writer_new(ctx, &writer), GENLAT_OK);
    ck_assert_int_eq(gnl_writer_real(writer, "x", &line, in), GENLAT_OK);
    ck_assert_int_eq(gnl_writer_write(writer, gnl_output_file(in_folder("large"))), GENLAT_OK);
    gnl_writer_destroy(writer);
    ck_assert_int_eq(gnl_reader_open(ctx, gnl_input_file(in_folder("large")), &reader), GENLAT_OK);
    ck_assert_int_eq(gnl_reader_real(reader, "x", &line, out), GENLAT_OK);
    ck_assert_mem_eq(in, out, sizeof in);
    gnl_reader_close(reader);
}
END_TEST

START_TEST(a_file_from_python_is_read)
{
    gnl_reader *reader = NULL;
    gnl_real numbers[8];
    int64_t integers[2];
    ck_assert_msg(gnl_reader_open(ctx, gnl_input_file(TEST_ROOT "/golden/data/python.safetensors"), &reader) ==
                      GENLAT_OK,
                  "%s", genlat_last_error());
    ck_assert_int_eq(gnl_reader_count(reader), 8);
    ck_assert_str_eq(gnl_reader_meta(reader, "made"), "by Python");
    ck_assert_int_eq(gnl_reader_format(reader), GENLAT_E_FORMAT);
    ck_assert_int_eq(gnl_reader_real(reader, "b.f32", NULL, numbers), GENLAT_OK);
    ck_assert(numbers[0] == (gnl_real)-0.5 && numbers[5] == (gnl_real)0.75);
    ck_assert_int_eq(gnl_reader_real(reader, "a.f64", NULL, numbers), GENLAT_OK);
    ck_assert(fabs((double)numbers[5] - 0.25) < 1e-7);
    ck_assert_int_eq(gnl_reader_real(reader, "c.f16", NULL, numbers), GENLAT_OK);
    ck_assert(numbers[0] == 0 && !signbit(numbers[0]) && numbers[1] == 0 && signbit(numbers[1]));
    ck_assert(numbers[2] == (gnl_real)1.5 && numbers[3] == 65504 && (double)numbers[4] == ldexp(1, -24));
    ck_assert(isinf(numbers[5]) && numbers[5] > 0 && isinf(numbers[6]) && numbers[6] < 0);
    ck_assert((double)numbers[7] == 0.0999755859375);
    ck_assert_int_eq(gnl_reader_real(reader, "d.bf16", NULL, numbers), GENLAT_OK);
    ck_assert(numbers[0] == 1 && (double)numbers[1] == -3.140625);
    ck_assert_int_eq(gnl_reader_get(reader, "e.i64", GNL_DTYPE_I64, NULL, integers), GENLAT_OK);
    ck_assert(integers[0] == INT64_C(1) << 62 && integers[1] == -1);
    ck_assert_int_eq(gnl_reader_real(reader, "g.scalar", NULL, numbers), GENLAT_OK);
    ck_assert(numbers[0] == (gnl_real)2.5);
    ck_assert_int_eq(gnl_reader_real(reader, "h.empty", NULL, numbers), GENLAT_OK);
    gnl_reader_close(reader);
}
END_TEST

START_TEST(wrong_requests_are_refused_by_name)
{
    gnl_real numbers[6];
    gnl_shape other = shape(2, 3, 2);
    void *bytes = NULL;
    size_t size = 0;
    gnl_reader *reader = NULL;
    gnl_writer *writer = sample_writer();
    ck_assert_int_eq(gnl_writer_real(writer, "weight", &other, numbers), GENLAT_E_INVALID);
    ck_assert_int_eq(gnl_writer_real(writer, "", &other, numbers), GENLAT_E_INVALID);
    ck_assert_int_eq(gnl_writer_real(writer, "__metadata__", &other, numbers), GENLAT_E_INVALID);
    ck_assert_int_eq(gnl_writer_real(writer, "a\nb", &other, numbers), GENLAT_E_INVALID);
    gnl_output output;
    ck_assert_int_eq(gnl_output_memory(&bytes, &size, &output), GENLAT_OK);
    ck_assert_int_eq(gnl_writer_write(writer, output), GENLAT_OK);
    gnl_writer_destroy(writer);
    ck_assert_int_eq(gnl_reader_open(ctx, gnl_input_memory(bytes, size, "memory"), &reader), GENLAT_OK);
    ck_assert_int_eq(gnl_reader_real(reader, "nothing", NULL, numbers), GENLAT_E_NOT_FOUND);
    ck_assert_int_eq(gnl_reader_real(reader, "weight", &other, numbers), GENLAT_E_SHAPE);
    ck_assert_str_eq(genlat_last_error(), "memory: tensor weight is [2,3], expected [3,2]");
    ck_assert_int_eq(gnl_reader_real(reader, "count", NULL, numbers), GENLAT_E_FORMAT);
    ck_assert_int_eq(gnl_reader_get(reader, "weight", GNL_DTYPE_I64, NULL, numbers), GENLAT_E_FORMAT);
    gnl_reader_close(reader);
    gnl_free(ctx, bytes);
}
END_TEST

static int files_in_folder(void)
{
    int count = 0;
    DIR *open_folder = opendir(folder);
    for (struct dirent *entry; (entry = readdir(open_folder)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(open_folder);
    return count;
}

START_TEST(files_are_replaced_atomically)
{
    struct stat info;
    gnl_writer *writer = sample_writer();
    const char *path = in_folder("kept");
    FILE *old = fopen(path, "w");
    ck_assert_ptr_nonnull(old);
    fclose(old);
    ck_assert_int_eq(chmod(path, 0640), 0);
    ck_assert_int_eq(gnl_writer_write(writer, gnl_output_file(path)), GENLAT_OK);
    ck_assert_int_eq(stat(path, &info), 0);
    ck_assert_int_eq(info.st_mode & 0777, 0640);
    ck_assert_int_eq(files_in_folder(), 1);
    ck_assert_int_eq(gnl_writer_write(writer, gnl_output_file(in_folder("no/such/folder"))), GENLAT_E_IO);
    ck_assert_int_eq(mkdir(in_folder("kept-folder"), 0700), 0);
    ck_assert_int_eq(gnl_writer_write(writer, gnl_output_file(in_folder("kept-folder"))), GENLAT_E_IO);
    ck_assert_int_eq(files_in_folder(), 2);
    gnl_writer_destroy(writer);
}
END_TEST

START_TEST(a_failed_writer_keeps_the_old_file)
{
    gnl_reader *reader = NULL;
    gnl_writer *writer = sample_writer();
    const char *path = in_folder("old");
    ck_assert_int_eq(gnl_writer_write(writer, gnl_output_file(path)), GENLAT_OK);
    ck_assert_int_eq(gnl_writer_meta(writer, "bad", "\xff not UTF-8"), GENLAT_OK);
    ck_assert_int_ne(gnl_writer_write(writer, gnl_output_file(path)), GENLAT_OK);
    gnl_writer_destroy(writer);
    ck_assert_int_eq(gnl_reader_open(ctx, gnl_input_file(path), &reader), GENLAT_OK);
    check_sample(reader);
    gnl_reader_close(reader);
    ck_assert_int_eq(files_in_folder(), 1);
}
END_TEST

START_TEST(non_files_are_refused)
{
    gnl_reader *reader = NULL;
    ck_assert_int_eq(gnl_reader_open(ctx, gnl_input_file(in_folder("missing")), &reader), GENLAT_E_IO);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "No such file"));
    ck_assert_int_eq(gnl_reader_open(ctx, gnl_input_file(folder), &reader), GENLAT_E_IO);
    ck_assert_int_eq(mkfifo(in_folder("pipe"), 0600), 0);
    ck_assert_int_eq(gnl_reader_open(ctx, gnl_input_file(in_folder("pipe")), &reader), GENLAT_E_IO);
    ck_assert_ptr_null(reader);
}
END_TEST

/* ---- damaged files --------------------------------------------------------------------------- */

typedef struct hostile {
    const char *header; /* the JSON; its length and `data` bytes are added around it */
    int data;
    genlat_status status;
    const char *error; /* part of the error */
} hostile;

#define T(name, rest) "\"" name "\":{\"dtype\":\"F32\"," rest "}"
#define GOOD(name, begin, end) T(name, "\"shape\":[2],\"data_offsets\":[" #begin "," #end "]")

/* clang-format off */
static const hostile hostiles[] = {
    {"{}", 0, GENLAT_OK, ""},
    {"{" GOOD("a", 0, 8) "}", 8, GENLAT_OK, ""},
    {"{" GOOD("a", 8, 16) "," GOOD("b", 0, 8) "}   ", 16, GENLAT_OK, ""},
    {"", 0, GENLAT_E_FORMAT, "does not start"},
    {"[]", 0, GENLAT_E_FORMAT, "does not start"},
    {"{", 0, GENLAT_E_FORMAT, "header"},
    {"{} {}", 0, GENLAT_E_FORMAT, "header"},
    {"{" GOOD("a", 0, 8) "}", 7, GENLAT_E_FORMAT, "truncated"},
    {"{" GOOD("a", 0, 8) "}", 9, GENLAT_E_FORMAT, "follow the last"},
    {"{}", 1, GENLAT_E_FORMAT, "follow the last"},
    {"{" GOOD("a", 0, 8) "," GOOD("b", 0, 8) "}", 8, GENLAT_E_FORMAT, "overlap"},
    {"{" GOOD("a", 0, 8) "," GOOD("b", 4, 12) "}", 12, GENLAT_E_FORMAT, "overlap"},
    {"{" GOOD("a", 0, 8) "," GOOD("b", 12, 20) "}", 20, GENLAT_E_FORMAT, "gap"},
    {"{" GOOD("a", 4, 12) "}", 12, GENLAT_E_FORMAT, "gap"},
    {"{" GOOD("a", 0, 8) "," GOOD("a", 8, 16) "}", 16, GENLAT_E_FORMAT, "uplicate"},
    {"{" GOOD("a", 0, 4) "}", 4, GENLAT_E_FORMAT, "does not match"},
    {"{" GOOD("a", 8, 0) "}", 8, GENLAT_E_FORMAT, "end is before its begin"},
    {"{" GOOD("a", -8, 0) "}", 8, GENLAT_E_FORMAT, "negative"},
    {"{" GOOD("a", 0, 9223372036854775807) "}", 8, GENLAT_E_FORMAT, "past the end"},
    {"{" GOOD("a", 0, 18446744073709551616) "}", 8, GENLAT_E_FORMAT, "header"},
    {"{" GOOD("a", 0, 8.0) "}", 8, GENLAT_E_FORMAT, "integers"},
    {"{" GOOD("a", 0, 1e2) "}", 8, GENLAT_E_FORMAT, "integers"},
    {"{" GOOD("", 0, 8) "}", 8, GENLAT_E_FORMAT, "name"},
    {"{" GOOD("a\\n", 0, 8) "}", 8, GENLAT_E_FORMAT, "name"},
    {"{" GOOD("a\\u0000", 0, 8) "}", 8, GENLAT_E_FORMAT, "header"},
    {"{" GOOD("\xff", 0, 8) "}", 8, GENLAT_E_FORMAT, "header"},
    {"{\"a\":7}", 0, GENLAT_E_FORMAT, "not an object"},
    {"{\"a\":{}}", 0, GENLAT_E_FORMAT, "dtype"},
    {"{\"a\":{\"dtype\":4}}", 0, GENLAT_E_FORMAT, "dtype"},
    {"{\"a\":{\"dtype\":\"F\\n\"}}", 0, GENLAT_E_FORMAT, "dtype"},
    {"{\"a\":{\"dtype\":\"F8_E4M3\"}}", 0, GENLAT_E_UNSUPPORTED, "F8_E4M3"},
    {"{" T("a", "\"x\":0") "}", 0, GENLAT_E_FORMAT, "shape"},
    {"{" T("a", "\"shape\":{}") "}", 0, GENLAT_E_FORMAT, "shape"},
    {"{" T("a", "\"shape\":[\"2\"]") "}", 0, GENLAT_E_FORMAT, "shape"},
    {"{" T("a", "\"shape\":[-2]") "}", 0, GENLAT_E_FORMAT, "negative"},
    {"{" T("a", "\"shape\":[4294967296,4294967296]") "}", 0, GENLAT_E_FORMAT, "too many"},
    {"{" T("a", "\"shape\":[1,1,1,1,1,1,1]") "}", 0, GENLAT_E_UNSUPPORTED, "7 dimensions"},
    {"{" T("a", "\"shape\":[2]") "}", 8, GENLAT_E_FORMAT, "data_offsets"},
    {"{" T("a", "\"shape\":[2],\"data_offsets\":[0]") "}", 8, GENLAT_E_FORMAT, "data_offsets"},
    {"{" T("a", "\"shape\":[2],\"data_offsets\":[0,8,8]") "}", 8, GENLAT_E_FORMAT, "data_offsets"},
    {"{" T("a", "\"shape\":[2],\"data_offsets\":8") "}", 8, GENLAT_E_FORMAT, "data_offsets"},
    {"{\"__metadata__\":[]}", 0, GENLAT_E_FORMAT, "__metadata__"},
    {"{\"__metadata__\":{\"a\":1}}", 0, GENLAT_E_FORMAT, "__metadata__"},
    {"{\"a\":[[[[[[0]]]]]]}", 0, GENLAT_E_FORMAT, "deeper"},
};
/* clang-format on */

static size_t wrap(const hostile *h, unsigned char *file)
{
    uint64_t length = strlen(h->header);
    for (int i = 0; i < 8; i++)
        file[i] = (unsigned char)(length >> 8 * i);
    memcpy(file + 8, h->header, length);
    memset(file + 8 + length, 0, (size_t)h->data);
    return 8 + length + (size_t)h->data;
}

START_TEST(damaged_headers_are_refused)
{
    const hostile *h = &hostiles[_i];
    gnl_reader *reader = NULL;
    unsigned char file[512];
    size_t size = wrap(h, file);
    ck_assert_msg(gnl_reader_open(ctx, gnl_input_memory(file, size, "hostile"), &reader) == h->status, "%s: %s",
                  h->header, genlat_last_error());
    if (h->status != GENLAT_OK) {
        ck_assert_ptr_null(reader);
        ck_assert_msg(strstr(genlat_last_error(), h->error) != NULL, "%s: %s", h->header, genlat_last_error());
        ck_assert_msg(strncmp(genlat_last_error(), "hostile: ", 9) == 0, "%s", genlat_last_error());
        ck_assert_ptr_null(strchr(genlat_last_error(), '\n'));
    }
    gnl_reader_close(reader);
}
END_TEST

/* Every prefix of a valid file, and a header length beyond its end. */
START_TEST(truncated_files_are_refused)
{
    void *bytes = NULL;
    size_t size = 0;
    gnl_reader *reader = NULL;
    gnl_writer *writer = sample_writer();
    gnl_output output;
    ck_assert_int_eq(gnl_output_memory(&bytes, &size, &output), GENLAT_OK);
    ck_assert_int_eq(gnl_writer_write(writer, output), GENLAT_OK);
    gnl_writer_destroy(writer);
    for (size_t cut = 0; cut < size; cut++) {
        /* a block of the exact size, so that the sanitizer detects reads past its end */
        unsigned char *part = malloc(cut ? cut : 1);
        memcpy(part, bytes, cut);
        ck_assert_int_eq(gnl_reader_open(ctx, gnl_input_memory(part, cut, "cut"), &reader), GENLAT_E_FORMAT);
        free(part);
    }
    memset(bytes, 0xff, 8);
    ck_assert_int_eq(gnl_reader_open(ctx, gnl_input_memory(bytes, size, "long"), &reader), GENLAT_E_FORMAT);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "header length 18446744073709551615"));
    gnl_free(ctx, bytes);
}
END_TEST

START_TEST(a_deep_header_does_not_recurse)
{
    enum { DEPTH = 1 << 20 };
    static char header[DEPTH + 16];
    gnl_reader *reader = NULL;
    uint64_t length = DEPTH;
    memset(header, '[', sizeof header);
    memcpy(header, &length, sizeof length);
    memcpy(header + 8, "{\"a\":", 5);
    ck_assert_int_eq(gnl_reader_open(ctx, gnl_input_memory(header, DEPTH + 8, "deep"), &reader), GENLAT_E_FORMAT);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "deeper"));
}
END_TEST

START_TEST(newer_formats_are_refused)
{
    char header[64];
    unsigned char file[128];
    snprintf(header, sizeof header, "{\"__metadata__\":{\"genlat.format\":\"%d\"}}", _i ? 999 : 2);
    gnl_reader *reader = NULL;
    size_t size = wrap(&(hostile){.header = header}, file);
    ck_assert_int_eq(gnl_reader_open(ctx, gnl_input_memory(file, size, "new"), &reader), GENLAT_OK);
    ck_assert_int_eq(gnl_reader_format(reader), GENLAT_E_UNSUPPORTED);
    ck_assert_str_eq(gnl_reader_kind(reader), "");
    gnl_reader_close(reader);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("io");
    TCase *tests = tcase_create("containers");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, round_trip_through_a_file);
    tcase_add_test(tests, round_trip_through_memory_and_alignment);
    tcase_add_test(tests, large_tensors_cross_chunks);
    tcase_add_test(tests, a_file_from_python_is_read);
    tcase_add_test(tests, wrong_requests_are_refused_by_name);
    tcase_add_test(tests, files_are_replaced_atomically);
    tcase_add_test(tests, a_failed_writer_keeps_the_old_file);
    tcase_add_test(tests, non_files_are_refused);
    tcase_add_loop_test(tests, damaged_headers_are_refused, 0, (int)GNL_COUNT(hostiles));
    tcase_add_test(tests, truncated_files_are_refused);
    tcase_add_test(tests, a_deep_header_does_not_recurse);
    tcase_add_loop_test(tests, newer_formats_are_refused, 0, 2);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
