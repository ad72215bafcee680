/* SPDX-License-Identifier: MIT */
/* A folder for the duration of a test, with files and sources in it. */
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/files_rig.h"

genlat_ctx *ctx;
char folder[256];

void ok(genlat_status status)
{
    ck_assert_msg(status == GENLAT_OK, "%s: %s", genlat_status_name(status), genlat_last_error());
}

void open_folder(void)
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

void close_folder(void)
{
    remove_folder(folder);
    genlat_ctx_destroy(&ctx);
}

/* Returns "folder/name" in one of a few rotating buffers. */
const char *place(const char *name)
{
    static char text[4][512];
    static int next;
    char *out = text[next++ % 4];
    snprintf(out, sizeof text[0], "%s/%s", folder, name);
    return out;
}

const char *spec_of(const char *kind, const char *name, const char *options)
{
    static char text[1024];
    snprintf(text, sizeof text, "%s:%s/%s%s", kind, folder, name, options);
    return text;
}

void put_file(const char *name, const void *data, size_t size)
{
    FILE *file = fopen(place(name), "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(data, 1, size, file), size);
    fclose(file);
}

genlat_tensor *tensor(int32_t ndim, const int64_t *dims, const float *data)
{
    genlat_tensor *out = NULL;
    ok(genlat_tensor_from(ctx, ndim, dims, data, &out));
    return out;
}

genlat_source *open_source(const char *spec)
{
    genlat_source *out = NULL;
    ok(genlat_files_open(ctx, spec, &out));
    return out;
}

/* Opens a source, which must fail with this status and an error that contains these words. */
void refused(const char *spec, genlat_status expected, const char *words)
{
    genlat_source *source = NULL;
    genlat_status status = genlat_files_open(ctx, spec, &source);
    ck_assert_msg(status == expected, "%s: %s, %s", spec, genlat_status_name(status), genlat_last_error());
    ck_assert_ptr_null(source);
    ck_assert_msg(strstr(genlat_last_error(), words) != NULL, "'%s' lacks '%s'", genlat_last_error(), words);
    ck_assert_ptr_null(strchr(genlat_last_error(), '\n'));
}

/* Reads all values of a source. */
genlat_tensor *values(const char *spec, genlat_tensor **labels)
{
    genlat_source *source = open_source(spec);
    genlat_tensor *x = NULL;
    ok(genlat_source_read(source, 0, genlat_source_count(source), &x, labels));
    genlat_source_destroy(&source);
    return x;
}

int64_t files_in_folder(void)
{
    int64_t count = 0;
    DIR *stream = opendir(folder);
    ck_assert_ptr_nonnull(stream);
    for (struct dirent *entry; (entry = readdir(stream));)
        count += entry->d_name[0] != '.';
    closedir(stream);
    return count;
}

int run_in_folders(const char *name, const TTest *const *const *tests, size_t count)
{
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, open_folder, close_folder);
    for (size_t i = 0; i < count; i++)
        tcase_add_test(tcase, *tests[i]);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
