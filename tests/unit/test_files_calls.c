/* SPDX-License-Identifier: MIT */
/* The system calls of all writers of data files: their order, and that each failure is reported and leaves the old
 * file. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "genlat/files.h"
#include "support/file_calls.h"

static genlat_ctx *ctx;
static genlat_tensor *vector, *images; /* [4] and [2,3,3] */
static char path[128];

static genlat_status write_npy(void)
{
    return genlat_npy_write(path, vector);
}

static genlat_status write_npz(void)
{
    return genlat_npz_write(path, 1, (const char *const[]){"x"}, (const genlat_tensor *const[]){vector});
}

static genlat_status write_csv(void)
{
    return genlat_csv_write(path, images, NULL);
}

static genlat_status write_wav(void)
{
    return genlat_wav_write(path, vector, 8000);
}

static genlat_status write_png(void)
{
    return genlat_png_grid(path, images, 0, 1, 0, 1);
}

static genlat_status (*const writers[])(void) = {write_npy, write_npz, write_csv, write_wav, write_png};
enum { WRITERS = sizeof writers / sizeof *writers };

static void set_up(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
    ck_assert_int_eq(genlat_tensor_new(ctx, 1, (int64_t[]){4}, &vector), GENLAT_OK);
    ck_assert_int_eq(genlat_tensor_new(ctx, 3, (int64_t[]){2, 3, 3}, &images), GENLAT_OK);
    snprintf(path, sizeof path, "%s/data", calls_folder());
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs("old", file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

static genlat_status write_data(int index)
{
    calls_begin();
    const genlat_status status = writers[index]();
    calls_end();
    return status;
}

static void tear_down(void)
{
    calls_remove();
    genlat_tensor_destroy(&vector);
    genlat_tensor_destroy(&images);
    genlat_ctx_destroy(&ctx);
}

static void read_start(char text[4])
{
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    memset(text, 0, 4);
    ck_assert_uint_ge(fread(text, 1, 3, file), 3);
    fclose(file);
}

START_TEST(a_written_file_survives_a_power_failure)
{
    char start[4];
    ck_assert_msg(write_data(_i) == GENLAT_OK, "%s", genlat_last_error());
    const char *end = strstr(calls.made, "Cfrcdc");
    ck_assert_msg(end && end[6] == '\0', "%s", calls.made);
    ck_assert_int_eq(calls_files(), 1);
    read_start(start);
    ck_assert_str_ne(start, "old");
}
END_TEST

START_TEST(a_failed_call_keeps_the_old_file)
{
    static const char letters[] = "Cfr";
    char start[4];
    calls.fails = letters[_i / WRITERS];
    ck_assert_int_eq(write_data(_i % WRITERS), GENLAT_E_IO);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), path));
    ck_assert_int_eq(calls_files(), 1);
    read_start(start);
    ck_assert_str_eq(start, "old");
}
END_TEST

/* The last of the bytes may be written although earlier ones were not. The pictures' streams are checked by libpng. */
START_TEST(an_error_of_the_stream_keeps_the_old_file)
{
    char start[4];
    calls.fails = 'e';
    ck_assert_int_eq(write_data(_i), writers[_i] == write_png ? GENLAT_OK : GENLAT_E_IO);
    ck_assert_int_eq(calls_files(), 1);
    read_start(start);
    ck_assert_int_eq(strcmp(start, "old") == 0, writers[_i] != write_png);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("files calls");
    TCase *tests = tcase_create("calls");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, a_written_file_survives_a_power_failure, 0, WRITERS);
    tcase_add_loop_test(tests, a_failed_call_keeps_the_old_file, 0, 3 * WRITERS);
    tcase_add_loop_test(tests, an_error_of_the_stream_keeps_the_old_file, 0, WRITERS);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
