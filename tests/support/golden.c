/* SPDX-License-Identifier: MIT */
/* Reads stored golden numbers. */
#include <check.h>
#include <math.h>
#include <stdio.h>

#include "support/golden.h"

enum { MOST = 512, KEY = 512 };

static const double LIMIT = 1e-5, SMALL = 1e-2;

static gnl_reader *reader;

void golden_open(genlat_ctx *ctx, const char *path)
{
    ck_assert_msg(gnl_reader_open(ctx, gnl_input_file(path), &reader) == GENLAT_OK, "%s", genlat_last_error());
}

void golden_close(void)
{
    gnl_reader_close(reader);
    reader = NULL;
}

gnl_reader *golden_reader(void)
{
    return reader;
}

static const char *key_of(const char *group, const char *name, char key[KEY])
{
    snprintf(key, KEY, "%s%s%s", group ? group : "", group ? "/" : "", name);
    return key;
}

bool golden_has(const char *group, const char *name)
{
    char key[KEY];
    return gnl_reader_find(reader, key_of(group, name, key)) != NULL;
}

int64_t golden_count(const char *group, const char *name)
{
    char key[KEY];
    const gnl_entry *entry = gnl_reader_find(reader, key_of(group, name, key));
    return entry ? gnl_shape_count(&entry->shape) : 0;
}

void golden_load(const char *group, const char *name, int64_t count, gnl_real *out)
{
    char key[KEY];
    const gnl_entry *entry = gnl_reader_find(reader, key_of(group, name, key));
    ck_assert_msg(entry, "no %s stored; run the program make_*.py of this test", key);
    ck_assert_int_eq(gnl_shape_count(&entry->shape), count);
    ck_assert_msg(gnl_reader_real(reader, key, NULL, out) == GENLAT_OK, "%s", genlat_last_error());
}

void golden_expect(const char *group, const char *name, int64_t count, const gnl_real *found)
{
    gnl_real expected[MOST];
    double size = SMALL;
    ck_assert_int_le(count, MOST);
    golden_load(group, name, count, expected);
    for (int64_t i = 0; i < count; i++)
        size = fmax(size, fabs((double)expected[i]));
    for (int64_t i = 0; i < count; i++)
        ck_assert_msg(fabs((double)(found[i] - expected[i])) <= LIMIT * size, "%s/%s[%lld] is %.9g, expected %.9g",
                      group, name, (long long)i, (double)found[i], (double)expected[i]);
}
