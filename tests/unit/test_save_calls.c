/* SPDX-License-Identifier: MIT */
/* The system calls of saving and loading: their order, that each failure is reported and leaves the old file, and that
 * partial and interrupted calls go on. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "genlat/genlat.h"
#include "support/file_calls.h"

static genlat_ctx *ctx;
static genlat_net *one, *other; /* equal graphs with different weights */
static char path[128];

static genlat_net *make_net(int64_t seed)
{
    genlat_ctx_opts opts;
    genlat_ctx *with = NULL;
    genlat_net_builder *builder = NULL;
    genlat_net *net = NULL;
    genlat_ctx_opts_init(&opts);
    opts.seed = seed;
    ck_assert_int_eq(genlat_ctx_new(&opts, &with), GENLAT_OK);
    ck_assert_int_eq(genlat_net_builder_new(with, &builder), GENLAT_OK);
    genlat_net_builder_input(builder, "x", 1, (int64_t[]){300});
    genlat_net_builder_text(builder, "dense units=40 name=a");
    ck_assert_int_eq(genlat_net_build(&builder, &net), GENLAT_OK);
    genlat_ctx_destroy(&with);
    return net;
}

static void set_up(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
    one = make_net(1);
    other = make_net(2);
    snprintf(path, sizeof path, "%s/net.safetensors", calls_folder());
    ck_assert_int_eq(genlat_net_save(one, path), GENLAT_OK);
}

static void tear_down(void)
{
    calls_remove();
    genlat_net_destroy(&one);
    genlat_net_destroy(&other);
    genlat_ctx_destroy(&ctx);
}

static genlat_status save(const genlat_net *net)
{
    calls_begin();
    const genlat_status status = genlat_net_save(net, path);
    calls_end();
    return status;
}

static genlat_status load(const char *from, genlat_net **out)
{
    calls_begin();
    const genlat_status status = genlat_net_load(ctx, from, out);
    calls_end();
    return status;
}

/* Checks that the file holds the weights of a net. */
static void expect_stored(const genlat_net *net)
{
    genlat_net *loaded = NULL;
    genlat_tensor *a = NULL, *b = NULL;
    ck_assert_msg(load(path, &loaded) == GENLAT_OK, "%s", genlat_last_error());
    ck_assert_int_eq(genlat_net_weight((genlat_net *)(uintptr_t)net, "a.weight", &a), GENLAT_OK);
    ck_assert_int_eq(genlat_net_weight(loaded, "a.weight", &b), GENLAT_OK);
    ck_assert_mem_eq(genlat_tensor_const_data(a), genlat_tensor_const_data(b), 300 * 40 * sizeof(float));
    genlat_tensor_destroy(&a);
    genlat_tensor_destroy(&b);
    genlat_net_destroy(&loaded);
}

/* The file is on the disk before it gets its name, and its name before the call returns. */
START_TEST(a_saved_file_survives_a_power_failure)
{
    ck_assert_int_eq(save(other), GENLAT_OK);
    ck_assert_str_eq(calls.made, "wfrcdc");
    ck_assert_int_eq(calls_files(), 1);
    expect_stored(other);
}
END_TEST

START_TEST(a_failed_call_keeps_the_old_file)
{
    static const char letters[] = "wfr";
    calls.fails = letters[_i];
    ck_assert_int_eq(save(other), GENLAT_E_IO);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), path));
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "Input/output error"));
    ck_assert_int_eq(calls_files(), 1);
    expect_stored(one);
}
END_TEST

/* Some file systems cannot sync a directory. A file that has been synced is safe before it is closed. */
START_TEST(the_last_calls_may_fail)
{
    calls.fails = _i ? 'c' : 'd';
    ck_assert_int_eq(save(other), GENLAT_OK);
    expect_stored(other);
}
END_TEST

/* What is written into a device is not synced: closing it reports what could not be written. */
START_TEST(closing_a_device_reports_errors)
{
    static const char letters[] = " wc";
    strcpy(path, "/dev/null");
    calls.fails = letters[_i];
    ck_assert_int_eq(save(other), _i ? GENLAT_E_IO : GENLAT_OK);
    ck_assert_str_eq(calls.made, "wc");
}
END_TEST

START_TEST(partial_and_interrupted_calls_go_on)
{
    calls.halved = _i != 1;
    calls.interrupted = _i != 0;
    ck_assert_msg(save(other) == GENLAT_OK, "%s", genlat_last_error());
    expect_stored(other);
    calls.halved = _i != 1;
    calls.interrupted = _i != 0;
    expect_stored(other); /* reads likewise */
}
END_TEST

START_TEST(a_failed_read_is_reported)
{
    genlat_net *net = NULL;
    calls.fails = 'p';
    ck_assert_int_eq(load(path, &net), GENLAT_E_IO);
    ck_assert_ptr_null(net);
    ck_assert_str_eq(calls.made, "pc");
}
END_TEST

START_TEST(a_replaced_file_keeps_its_permissions)
{
    struct stat info;
    ck_assert_int_eq(chmod(path, 0640), 0);
    ck_assert_int_eq(save(other), GENLAT_OK);
    ck_assert_int_eq(stat(path, &info), 0);
    ck_assert_int_eq(info.st_mode & 0777, 0640);
}
END_TEST

/* Every descriptor is closed, whether a file can be read or not. */
START_TEST(files_that_cannot_be_read_are_closed)
{
    genlat_net *net = NULL;
    char folder[128];
    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(path, '/') - path), path);
    ck_assert_int_eq(load(folder, &net), GENLAT_E_IO);
    ck_assert_str_eq(calls.made, "c");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("save calls");
    TCase *tests = tcase_create("calls");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_saved_file_survives_a_power_failure);
    tcase_add_loop_test(tests, a_failed_call_keeps_the_old_file, 0, 3);
    tcase_add_loop_test(tests, the_last_calls_may_fail, 0, 2);
    tcase_add_loop_test(tests, closing_a_device_reports_errors, 0, 3);
    tcase_add_loop_test(tests, partial_and_interrupted_calls_go_on, 0, 3);
    tcase_add_test(tests, a_failed_read_is_reported);
    tcase_add_test(tests, a_replaced_file_keeps_its_permissions);
    tcase_add_test(tests, files_that_cannot_be_read_are_closed);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
