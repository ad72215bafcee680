/* SPDX-License-Identifier: MIT */
/* What experimental.h says of files that are replaced at once; models and arrays are written by the same rules. */
#include "promises/rig.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "genlat/experimental.h"
#include "genlat/files.h"

static char folder[] = "/tmp/genlat-output-XXXXXX";

static void set_up(void)
{
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    rig_open();
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
}

static int entries(void)
{
    int count = 0;
    DIR *dir = opendir(".");
    ck_assert_ptr_nonnull(dir);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count - 2;
}

static void tear_down(void)
{
    DIR *dir = opendir(".");
    for (struct dirent *entry; dir && (entry = readdir(dir)) != NULL;)
        if (entry->d_name[0] != '.')
            ck_assert_int_eq(remove(entry->d_name), 0);
    closedir(dir);
    ck_assert_int_eq(chdir("/"), 0);
    ck_assert_int_eq(rmdir(folder), 0);
    rig_close();
}

static void put(const char *path, const char *text)
{
    genlat_output *out = NULL;
    ok(genlat_output_open(ctx, path, &out));
    ok(genlat_output_write(out, text, (int64_t)strlen(text)));
    ok(genlat_output_finish(out));
    genlat_output_destroy(&out);
    ck_assert_ptr_null(out);
}

static void create(const char *path)
{
    FILE *file = fopen(path, "w");
    ck_assert(file && fclose(file) == 0);
}

static void has(const char *path, const char *text)
{
    char found[64] = "";
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_lt(fread(found, 1, sizeof found - 1, file), sizeof found - 1);
    fclose(file);
    ck_assert_str_eq(found, text);
}

static mode_t mode_of(const char *path)
{
    struct stat info;
    ck_assert_int_eq(lstat(path, &info), 0);
    return info.st_mode;
}

START_TEST(a_file_has_its_old_content_until_the_end)
{
    genlat_output *out = NULL;
    put("x", "old");
    ck_assert_int_eq(chmod("x", 0640), 0);
    ok(genlat_output_open(ctx, "x", &out));
    ck_assert_int_ge(genlat_output_descriptor(out), 0);
    ok(genlat_output_write(out, "new", 3));
    ok(genlat_output_write(out, NULL, 0));
    has("x", "old");
    ok(genlat_output_finish(out));
    has("x", "new");
    ck_assert_int_eq(mode_of("x") & 07777, 0640);
    ck_assert_int_eq(genlat_output_descriptor(out), -1);
    REFUSED(GENLAT_E_STATE, genlat_output_write, out, "x", 1);
    REFUSED(GENLAT_E_STATE, genlat_output_finish, out);
    genlat_output_destroy(&out);
    ok(genlat_output_open(NULL, "x", &out));
    REFUSED(GENLAT_E_INVALID, genlat_output_write, out, "x", -1);
    ok(genlat_output_write(out, "newer", 5));
    genlat_output_destroy(&out);
    has("x", "new");
    ck_assert_int_eq(entries(), 1);
    ck_assert_int_eq(genlat_output_descriptor(NULL), -1);
    REFUSED_WITH("directory", GENLAT_E_IO, genlat_output_open, ctx, ".", &out);
    REFUSED(GENLAT_E_IO, genlat_output_open, ctx, "nowhere/x", &out);
    ck_assert_ptr_null(out);
}
END_TEST

START_TEST(links_lead_to_the_file)
{
    ck_assert_int_eq(mkdir("d", 0777), 0);
    put("d/file", "old");
    ck_assert_int_eq(symlink("file", "d/second"), 0);
    ck_assert_int_eq(symlink("d/second", "first"), 0);
    put("first", "new");
    has("d/file", "new");
    ck_assert(S_ISLNK(mode_of("first")) && S_ISLNK(mode_of("d/second")) && S_ISREG(mode_of("d/file")));
    ck_assert_int_eq(symlink("d/none", "dangling"), 0);
    put("dangling", "made");
    has("d/none", "made");
    ck_assert(S_ISLNK(mode_of("dangling")));
    genlat_output *out = NULL;
    ck_assert_int_eq(symlink("round", "round"), 0);
    REFUSED(GENLAT_E_IO, genlat_output_open, ctx, "round", &out);
    ck_assert_int_eq(remove("d/file") | remove("d/second") | remove("d/none"), 0);
}
END_TEST

/* Both writers of the library: models and arrays. */
START_TEST(models_and_arrays_follow_links)
{
    genlat_model *model = small_vae(), *back = NULL;
    genlat_tensor *x = counting(1, (int64_t[]){3}), *y = NULL;
    create("m.file");
    create("x.file");
    ck_assert_int_eq(symlink("m.file", "m") | symlink("x.file", "x.npy"), 0);
    ok(genlat_model_save(model, "m"));
    ok(genlat_npy_write("x.npy", x));
    ck_assert(S_ISLNK(mode_of("m")) && S_ISLNK(mode_of("x.npy")));
    ok(genlat_model_load(ctx, "m.file", &back));
    ok(genlat_npy_read(ctx, "x.file", &y));
    same_tensors(x, y);
    ck_assert_int_eq(entries(), 4);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&y);
    genlat_model_destroy(&model);
    genlat_model_destroy(&back);
}
END_TEST

START_TEST(pipes_and_devices_are_written_into)
{
    char text[64] = "";
    ck_assert_int_eq(mkfifo("pipe", 0666), 0);
    int reader = open("pipe", O_RDONLY | O_NONBLOCK);
    ck_assert_int_ge(reader, 0);
    put("pipe", "through");
    ck_assert_int_eq(read(reader, text, sizeof text), 7);
    ck_assert_str_eq(text, "through");
    genlat_tensor *x = counting(1, (int64_t[]){3});
    ok(genlat_npy_write("pipe", x));
    ck_assert_int_eq(read(reader, text, 6), 6);
    ck_assert_int_eq(memcmp(text, "\x93NUMPY", 6), 0);
    genlat_tensor_destroy(&x);
    close(reader);
    ck_assert(S_ISFIFO(mode_of("pipe")));
    if (mknod("null", S_IFCHR | 0666, (dev_t)(1 << 8 | 3)) == 0) { /* permitted to root only */
        int usable = open("null", O_WRONLY);
        if (usable >= 0) {
            close(usable);
            put("null", "nothing");
        }
        ck_assert(S_ISCHR(mode_of("null")));
    }
    ck_assert_int_le(entries(), 2);
}
END_TEST

/* As /dev/stdout, which is a link to a link of /proc. */
START_TEST(open_files_of_a_process_are_written_into)
{
    char link[64], text[64] = "";
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    snprintf(link, sizeof link, "/proc/self/fd/%d", ends[1]);
    ck_assert_int_eq(symlink(link, "stdout"), 0);
    put("stdout", "piped");
    ck_assert_int_eq(read(ends[0], text, sizeof text), 5);
    ck_assert_str_eq(text, "piped");
    close(ends[0]);
    close(ends[1]);
    FILE *file = fopen("log", "w");
    ck_assert_ptr_nonnull(file);
    fputs("before ", file);
    fflush(file);
    snprintf(link, sizeof link, "/proc/self/fd/%d", fileno(file));
    put(link, "after");
    fclose(file);
    has("log", "before after");
    ck_assert(S_ISLNK(mode_of("stdout")));
}
END_TEST

/* A process that has opened an output and waits; it writes a byte to `ready` when it has. */
static pid_t hold(const char *path, int *ready)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        genlat_output *out = NULL;
        const bool opened = genlat_output_open(NULL, path, &out) == GENLAT_OK &&
                            genlat_output_write(out, "held", 4) == GENLAT_OK && write(ends[1], "x", 1) == 1;
        char go = 0;
        close(ends[1]);
        _exit(opened && read(ready[0], &go, 1) == 1 && genlat_output_finish(out) == GENLAT_OK ? 0 : 1);
    }
    char done = 0;
    close(ends[1]);
    ck_assert_int_eq(read(ends[0], &done, 1), 1);
    close(ends[0]);
    return child;
}

START_TEST(drafts_of_killed_processes_are_removed)
{
    int go[2], status = 0;
    ck_assert_int_eq(pipe(go), 0);
    pid_t killed = hold("x", go), alive = hold("x", go);
    ck_assert_int_eq(entries(), 2);
    kill(killed, SIGKILL);
    waitpid(killed, &status, 0);
    static const char *const others[] = {"x.1-2.tmpx", "xy.1-2.tmp", "x.a-1.tmp", "x.1-.tmp", "y.1-2.tmp"};
    for (size_t i = 0; i < COUNT(others); i++)
        create(others[i]);
    put("x", "mine");
    has("x", "mine");
    /* x, the draft of the process that lives, and the files that only resemble drafts */
    ck_assert_int_eq(entries(), 2 + (int)COUNT(others));
    ck_assert_int_eq(write(go[1], "x", 1), 1);
    waitpid(alive, &status, 0);
    ck_assert_int_eq(status, 0);
    has("x", "held");
    ck_assert_int_eq(entries(), 1 + (int)COUNT(others));
    close(go[0]);
    close(go[1]);
}
END_TEST

START_TEST(processes_may_write_the_same_file)
{
    enum { PROCESSES = 8, TIMES = 25 };
    pid_t child[PROCESSES];
    for (int i = 0; i < PROCESSES; i++)
        if ((child[i] = fork()) == 0) {
            for (int k = 0; k < TIMES; k++) {
                genlat_output *out = NULL;
                if (genlat_output_open(NULL, "x", &out) != GENLAT_OK ||
                    genlat_output_write(out, "whole", 5) != GENLAT_OK || genlat_output_finish(out) != GENLAT_OK)
                    _exit(1);
                genlat_output_destroy(&out);
            }
            _exit(0);
        }
    for (int i = 0; i < PROCESSES; i++) {
        int status = 0;
        waitpid(child[i], &status, 0);
        ck_assert_int_eq(status, 0);
    }
    has("x", "whole");
    ck_assert_int_eq(entries(), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("promises of outputs");
    TCase *tests = tcase_create("promises");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_file_has_its_old_content_until_the_end);
    tcase_add_test(tests, links_lead_to_the_file);
    tcase_add_test(tests, models_and_arrays_follow_links);
    tcase_add_test(tests, pipes_and_devices_are_written_into);
    tcase_add_test(tests, open_files_of_a_process_are_written_into);
    tcase_add_test(tests, drafts_of_killed_processes_are_removed);
    tcase_add_test(tests, processes_may_write_the_same_file);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
