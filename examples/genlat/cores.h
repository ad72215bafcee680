/* SPDX-License-Identifier: MIT */
/* The processor time that a process may use. */
#ifndef CORES_H
#define CORES_H

#include <stdint.h>

/* Returns the number of threads that can run at the same time: the cores that the process may use, or fewer if its
 * control group, of version 1 or 2, has a share of their time only. At least 1, at most 256. `membership` is the file
 * that names the groups, /proc/self/cgroup; `root` is where they are mounted, /sys/fs/cgroup. */
int64_t cores_available(const char *membership, const char *root);

#endif
