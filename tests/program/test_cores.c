/* SPDX-License-Identifier: MIT */
/* How many threads the program takes: the affinity of the process, and the limits of control groups. */
#include <check.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cores.h"

static char folder[64];

static void set_up(void)
{
    strcpy(folder, "/tmp/genlat-cores-XXXXXX");
    ck_assert(mkdtemp(folder) && chdir(folder) == 0);
}

static void tear_down(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    ck_assert_int_eq(chdir("/"), 0);
    ck_assert_int_eq(system(command), 0);
}

/* Writes a file, and creates the folders of its path. */
static void put(const char *path, const char *text)
{
    char part[128];
    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
        (void)mkdir(part, 0777);
    }
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

/* Restricts the process to one core. Returns the number that it had. */
static int one_core(void)
{
    cpu_set_t all, one;
    ck_assert_int_eq(sched_getaffinity(0, sizeof all, &all), 0);
    CPU_ZERO(&one);
    int core = 0;
    while (!CPU_ISSET(core, &all))
        core++;
    CPU_SET(core, &one);
    ck_assert_int_eq(sched_setaffinity(0, sizeof one, &one), 0);
    return CPU_COUNT(&all);
}

START_TEST(the_affinity_is_honoured)
{
    cpu_set_t all;
    ck_assert_int_eq(sched_getaffinity(0, sizeof all, &all), 0);
    ck_assert_int_eq(cores_available("none", "none"), CPU_COUNT(&all) < 256 ? CPU_COUNT(&all) : 256);
    one_core();
    ck_assert_int_eq(cores_available("none", "none"), 1);
}
END_TEST

/* Files of the groups, and the limit that they set. The machine may have fewer cores. */
static const struct group {
    const char *membership, *files[5]; /* pairs of path and text */
    int64_t limit;                     /* 256: none */
} groups[] = {
    {"0::/\n", {"root/cpu.max", "100000 100000\n"}, 1},
    {"0::/\n", {"root/cpu.max", "150000 100000\n"}, 2},
    {"0::/\n", {"root/cpu.max", "1000 100000\n"}, 1},
    {"0::/\n", {"root/cpu.max", "max 100000\n"}, 256},
    {"0::/\n", {NULL}, 256},
    {"0::/a/b\n", {"root/a/b/cpu.max", "max 100000\n", "root/a/cpu.max", "100000 100000\n"}, 1},
    {"0::/a/b\n", {"root/a/b/cpu.max", "100000 100000\n", "root/a/cpu.max", "max 100000\n"}, 1},
    {"0::/elsewhere\n", {"root/cpu.max", "50000 100000\n"}, 1},
    {"3:cpu,cpuacct:/x\n1:name=y:/\n",
     {"root/cpu,cpuacct/x/cpu.cfs_quota_us", "100000\n", "root/cpu,cpuacct/x/cpu.cfs_period_us", "100000\n"},
     1},
    {"3:cpu:/\n", {"root/cpu/cpu.cfs_quota_us", "-1\n", "root/cpu/cpu.cfs_period_us", "100000\n"}, 256},
    {"4:cpuset:/x\n",
     {"root/cpuset/x/cpu.cfs_quota_us", "100000\n", "root/cpuset/x/cpu.cfs_period_us", "100000\n"},
     256},
    {"no group\n", {"root/cpu.max", "100000 100000\n"}, 256},
};

START_TEST(limits_of_groups_are_honoured)
{
    const struct group *g = &groups[_i];
    const int64_t cores = cores_available("none", "none");
    put("membership", g->membership);
    for (int i = 0; i < 4 && g->files[i]; i += 2)
        put(g->files[i], g->files[i + 1]);
    ck_assert_int_eq(cores_available("membership", "root"), cores < g->limit ? cores : g->limit);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cores");
    TCase *tests = tcase_create("cores");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, the_affinity_is_honoured);
    tcase_add_loop_test(tests, limits_of_groups_are_honoured, 0, sizeof groups / sizeof *groups);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
