/* SPDX-License-Identifier: MIT */
/* Memory and file descriptors of the readers and writers of data files: none is left after success, after truncated
 * files, and after an allocation that fails. The linker sends the library's allocations to this file. */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/files_rig.h"

#pragma GCC diagnostic ignored "-Wmissing-prototypes"

/* ---- allocations ----------------------------------------------------------------------------- */

enum { MOST = 4096 };

/* The blocks that the library has allocated and not freed. Blocks that other libraries have allocated for it, which it
 * frees, are not among them. */
static void *blocks[MOST];
static int live, calls, fail_at; /* fail_at 0: never */
static bool on;

static void forget(const void *block)
{
    for (int i = 0; block && i < live; i++)
        if (blocks[i] == block)
            blocks[i--] = blocks[--live];
}

static void *remember(void *block)
{
    if (on && block && live < MOST)
        blocks[live++] = block;
    return block;
}

static bool fails(void)
{
    errno = ENOMEM;
    return on && ++calls == fail_at;
}

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : remember(__real_malloc(size));
}

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : remember(__real_calloc(count, size));
}

void *__real_realloc(void *block, size_t size);
void *__wrap_realloc(void *block, size_t size)
{
    if (fails())
        return NULL;
    void *grown = __real_realloc(block, size);
    if (grown)
        forget(block);
    return remember(grown);
}

char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : remember(__real_strdup(text));
}

void __real_free(void *block);
void __wrap_free(void *block)
{
    forget(block);
    __real_free(block);
}

static int descriptors(void)
{
    int count = 0;
    DIR *all = opendir("/proc/self/fd");
    while (all && readdir(all))
        count++;
    if (all)
        closedir(all);
    return count;
}

/* ---- operations ------------------------------------------------------------------------------ */

static const float numbers[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

static genlat_tensor *matrix(void)
{
    return tensor(2, (int64_t[]){6, 2}, numbers);
}

static void make_npy(void)
{
    genlat_tensor *x = matrix();
    ok(genlat_npy_write(place("a.npy"), x));
    genlat_tensor_destroy(&x);
}

static void make_npz(void)
{
    genlat_tensor *x = matrix(), *labels = tensor(1, (int64_t[]){6}, numbers);
    const genlat_tensor *const both[] = {x, labels};
    ok(genlat_npz_write(place("a.npz"), 2, (const char *const[]){"x", "labels"}, both));
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
}

static void make_csv(void)
{
    static const char text[] = "a,b,kind\n1,2,cat\n3,4,dog\n5,6,cat\n";
    put_file("a.csv", text, sizeof text - 1);
}

static void make_idx(void)
{
    static const uint8_t x[] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3, 0, 51, 102, 153, 204, 255};
    static const uint8_t labels[] = {0, 0, 8, 1, 0, 0, 0, 2, 3, 0};
    put_file("a-images-idx3-ubyte", x, sizeof x);
    put_file("a-labels-idx1-ubyte", labels, sizeof labels);
}

static void make_png(void)
{
    genlat_tensor *x = tensor(3, (int64_t[]){1, 2, 3}, numbers);
    ok(genlat_png_grid(place("a.png"), x, 0, 1, 0, 12));
    ok(genlat_png_grid(place("b.png"), x, 0, 1, 0, 12));
    genlat_tensor_destroy(&x);
}

static void make_wav(void)
{
    genlat_tensor *x = tensor(1, (int64_t[]){12}, numbers);
    ok(genlat_wav_write(place("a.wav"), x, 8000));
    genlat_tensor_destroy(&x);
}

static void make_text(void)
{
    put_file("a.txt", "one\ntwo\n", 8);
}

static const struct reader {
    void (*make)(void);
    const char *kind, *file, *options;
} readers[] = {
    {make_npy, "npy", "a.npy", ""},
    {make_npz, "npz", "a.npz", ""},
    {make_csv, "csv", "a.csv", "?label=kind"},
    {make_idx, "idx", "a-images-idx3-ubyte", ""},
    {make_png, "png", "", ""},
    {make_wav, "wav", "a.wav", "?length=5"},
    {make_text, "text", "a.txt", "?length=4&lines=yes"},
};
enum { READERS = sizeof readers / sizeof *readers };

/* Opens and destroys a source while allocations are recorded, and checks that nothing is left of it. */
static genlat_status open_once(const struct reader *r)
{
    const char *spec = spec_of(r->kind, r->file, r->options);
    genlat_source *source = NULL;
    const int before = descriptors();
    live = calls = 0;
    on = true;
    const genlat_status status = genlat_files_open(ctx, spec, &source);
    on = false;
    ck_assert_int_eq(status == GENLAT_OK, source != NULL);
    genlat_source_destroy(&source);
    ck_assert_msg(live == 0, "%s: %d blocks are left, status %d", spec, live, status);
    ck_assert_int_eq(descriptors(), before);
    return status;
}

START_TEST(readers_leave_nothing)
{
    const struct reader *r = &readers[_i];
    r->make();
    ok(open_once(r));
    ck_assert_int_gt(calls, 0);
}
END_TEST

/* Most truncated files are refused; text may be read. */
START_TEST(truncated_files_leave_nothing)
{
    static uint8_t bytes[1 << 14];
    const struct reader *r = &readers[_i];
    const char *name = *r->file ? r->file : "a.png";
    r->make();
    FILE *file = fopen(place(name), "rb");
    ck_assert_ptr_nonnull(file);
    const size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    for (size_t kept = 0; kept < size; kept += 1 + size / 60) {
        put_file(name, bytes, kept);
        (void)open_once(r);
    }
}
END_TEST

START_TEST(failed_allocations_leave_nothing)
{
    const struct reader *r = &readers[_i];
    r->make();
    for (fail_at = 1;; fail_at++) {
        const genlat_status status = open_once(r);
        if (calls < fail_at)
            break; /* none has failed */
        ck_assert_msg(status == GENLAT_E_MEMORY, "%s: allocation %d of %d fails, the status is %d", r->kind, fail_at,
                      calls, status);
    }
    ck_assert_int_gt(fail_at, 1);
    fail_at = 0;
    ok(open_once(r));
}
END_TEST

int main(void)
{
    static const TTest *const *const plain[] = {&readers_leave_nothing, &truncated_files_leave_nothing,
                                                &failed_allocations_leave_nothing};
    Suite *suite = suite_create("files out of memory");
    TCase *tests = tcase_create("files");
    tcase_add_checked_fixture(tests, open_folder, close_folder);
    for (size_t i = 0; i < COUNT(plain); i++)
        tcase_add_loop_test(tests, *plain[i], 0, READERS);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
