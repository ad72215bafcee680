/* SPDX-License-Identifier: MIT */
/* Options structs, each described by a table: defaults, size-first copies, range checks. */
#include <stdio.h>

#include "base/base.h"
#include "genlat/tensor.h"

size_t gnl_option_bytes(const gnl_option *option)
{
    switch (option->type) {
    case GNL_OPTION_PAIR:
        return 2 * sizeof(int64_t);
    case GNL_OPTION_DIMS:
    case GNL_OPTION_AXES:
        return GENLAT_MAX_DIMS * sizeof(int64_t);
    case GNL_OPTION_BOOL:
    case GNL_OPTION_ENUM:
        return sizeof(uint32_t);
    default:
        return sizeof(int64_t);
    }
}

static void write_default(const gnl_option *option, void *options)
{
    char *field = (char *)options + option->offset;
    const int64_t whole = option->type == GNL_OPTION_REAL ? 0 : (int64_t)option->fallback;
    const uint32_t small = (uint32_t)whole;
    switch (option->type) {
    case GNL_OPTION_REAL:
        memcpy(field, &option->fallback, sizeof(double));
        break;
    case GNL_OPTION_INT:
        memcpy(field, &whole, sizeof whole);
        break;
    case GNL_OPTION_PAIR:
    case GNL_OPTION_DIMS:
    case GNL_OPTION_AXES:
        for (size_t i = 0; i < gnl_option_bytes(option); i += sizeof whole)
            memcpy(field + i, &whole, sizeof whole);
        break;
    default:
        memcpy(field, &small, sizeof small);
    }
}

void gnl_options_init(const gnl_options_table *table, void *options, size_t size)
{
    if (!options || size < sizeof(size_t))
        return;
    memset(options, 0, size);
    memcpy(options, &size, sizeof size);
    for (size_t i = 0; i < table->count; i++)
        if (table->options[i].offset + gnl_option_bytes(&table->options[i]) <= size)
            write_default(&table->options[i], options);
}

static genlat_status check_reserved(const gnl_options_table *table, const void *options, const char *name)
{
    for (size_t i = 0; i < GNL_COUNT(table->reserved); i++) {
        uint32_t value = 0;
        if (table->reserved[i])
            memcpy(&value, (const char *)options + table->reserved[i], sizeof value);
        if (value)
            return gnl_fail(GENLAT_E_UNSUPPORTED, "%s: a reserved member is %u, must be 0 in this version (%s)", name,
                            (unsigned)value, GENLAT_VERSION);
    }
    return GENLAT_OK;
}

genlat_status gnl_options_take(const gnl_options_table *table, const void *options, void *out)
{
    char name[64];
    gnl_options_init(table, out, table->size);
    if (!options)
        return GENLAT_OK;
    snprintf(name, sizeof name, "%s options", table->name);
    genlat_status status = gnl_struct_take(options, table->size, out, name);
    if (status == GENLAT_OK)
        status = check_reserved(table, out, name);
    return status == GENLAT_OK ? gnl_options_check(table, out) : status;
}

static genlat_status out_of_range(const gnl_option *option, double value)
{
    char found[40], low[40], high[40];
    gnl_format_real(value, found, sizeof found);
    gnl_format_real(option->min, low, sizeof low);
    gnl_format_real(option->max, high, sizeof high);
    return gnl_fail(GENLAT_E_RANGE, "%s is %s, must be from %s to %s", option->name, found, low, high);
}

/* Checks every number of an option. The comparison is written so that NaN fails. */
static genlat_status check_numbers(const gnl_option *option, const char *field)
{
    const bool list = option->type == GNL_OPTION_DIMS || option->type == GNL_OPTION_AXES;
    int64_t whole = 0;
    for (size_t i = 0; i < gnl_option_bytes(option); i += sizeof whole) {
        memcpy(&whole, field + i, sizeof whole);
        if (list && whole == (int64_t)option->fallback) /* unused */
            continue;
        if (!((double)whole >= option->min && (double)whole <= option->max))
            return out_of_range(option, (double)whole);
    }
    return GENLAT_OK;
}

static genlat_status check_option(const gnl_option *option, const char *options)
{
    const char *field = options + option->offset;
    double real = 0;
    uint32_t small = 0;
    switch (option->type) {
    case GNL_OPTION_REAL:
        memcpy(&real, field, sizeof real);
        break;
    case GNL_OPTION_BOOL:
    case GNL_OPTION_ENUM:
        memcpy(&small, field, sizeof small);
        real = small;
        break;
    default:
        return check_numbers(option, field);
    }
    return real >= option->min && real <= option->max ? GENLAT_OK : out_of_range(option, real);
}

genlat_status gnl_options_check(const gnl_options_table *table, const void *options)
{
    for (size_t i = 0; i < table->count; i++)
        GNL_TRY(check_option(&table->options[i], options));
    return GENLAT_OK;
}

const gnl_option *gnl_options_find(const gnl_options_table *table, const char *key)
{
    for (const char *const *former = table->former; former && *former; former += 2)
        if (strcmp(former[0], key) == 0)
            key = former[1];
    for (size_t i = 0; i < table->count; i++)
        if (strcmp(table->options[i].name, key) == 0)
            return &table->options[i];
    return NULL;
}
