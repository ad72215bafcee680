/* SPDX-License-Identifier: MIT */
/* Reads the affinity of the process and the limits of its control groups (see cgroups(7)). */
#include "cores.h"

#include <math.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { MOST_CORES = 256, MOST_PATH = 4096 };

static double read_number(const char *path, double otherwise)
{
    double value = 0;
    FILE *file = fopen(path, "r");
    const bool found = file && fscanf(file, "%lf", &value) == 1;
    if (file)
        fclose(file);
    return found ? value : otherwise;
}

/* Reads the cores of one group of version 2, from the file "QUOTA PERIOD" or "max PERIOD". INFINITY: no limit. */
static double limit_of_v2(const char *folder)
{
    char path[MOST_PATH + 32];
    double quota = 0, period = 0;
    snprintf(path, sizeof path, "%s/cpu.max", folder);
    FILE *file = fopen(path, "r");
    const bool limited = file && fscanf(file, "%lf %lf", &quota, &period) == 2 && quota > 0 && period > 0;
    if (file)
        fclose(file);
    return limited ? quota / period : (double)INFINITY;
}

/* As limit_of_v2() in a group of version 1, whose quota is -1 without a limit. */
static double limit_of_v1(const char *folder)
{
    char path[MOST_PATH + 32];
    snprintf(path, sizeof path, "%s/cpu.cfs_quota_us", folder);
    const double quota = read_number(path, -1);
    snprintf(path, sizeof path, "%s/cpu.cfs_period_us", folder);
    const double period = read_number(path, -1);
    return quota > 0 && period > 0 ? quota / period : (double)INFINITY;
}

/* Returns the smallest limit of a group and those above it, up to the mount point. In a container the path may be that
 * outside of it; its own group is then the mount point. */
static double limit_of_path(const char *mount, const char *group, double (*limit)(const char *folder))
{
    char folder[MOST_PATH];
    double least = limit(mount);
    const size_t length = strlen(mount);
    if (length + strlen(group) >= sizeof folder)
        return least;
    strcpy(folder, mount);
    strcat(folder, group);
    for (char *slash = folder; slash && strlen(folder) > length; slash = strrchr(folder, '/')) {
        least = fmin(least, limit(folder));
        *strrchr(folder, '/') = '\0';
    }
    return least;
}

/* Returns whether a list of names separated by commas has the name "cpu". */
static bool has_cpu(const char *names)
{
    for (; names; names = strchr(names, ',') ? strchr(names, ',') + 1 : NULL)
        if (strncmp(names, "cpu", 3) == 0 && (names[3] == '\0' || names[3] == ','))
            return true;
    return false;
}

/* The limit of one line "NUMBER:CONTROLLERS:PATH"; version 2 has the number 0 and no controllers. */
static double limit_of_line(char *line, const char *root)
{
    static const char *const mounts[] = {"cpu", "cpu,cpuacct", "cpuacct,cpu"};
    char *names = strchr(line, ':'), *group = names ? strchr(names + 1, ':') : NULL;
    char mount[MOST_PATH];
    double least = (double)INFINITY;
    if (!group)
        return least;
    *group++ = '\0';
    group[strcspn(group, "\n")] = '\0';
    if (names[1] == '\0')
        return limit_of_path(root, group, limit_of_v2);
    for (size_t i = 0; i < sizeof mounts / sizeof *mounts && has_cpu(names + 1); i++) {
        snprintf(mount, sizeof mount, "%s/%s", root, mounts[i]);
        least = fmin(least, limit_of_path(mount, group, limit_of_v1));
    }
    return least;
}

static double group_limit(const char *membership, const char *root)
{
    char line[MOST_PATH];
    double least = (double)INFINITY;
    FILE *file = fopen(membership, "r");
    while (file && fgets(line, sizeof line, file))
        least = fmin(least, limit_of_line(line, root));
    if (file)
        fclose(file);
    return least;
}

int64_t cores_available(const char *membership, const char *root)
{
    cpu_set_t set;
    const int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    const double limit = fmin(ceil(group_limit(membership, root)), count > MOST_CORES ? MOST_CORES : count);
    return limit > 1 ? (int64_t)limit : 1;
}
