/* SPDX-License-Identifier: MIT */
/* Converts options from and to text, identically in every locale. */
#include <limits.h>
#include <stdio.h>

#include "base/base.h"
#include "genlat/tensor.h"

static genlat_status bad_value(const gnl_option *option, const char *value, const char *expected)
{
    return gnl_fail(GENLAT_E_INVALID, "%s is '%s', expected %s", option->name, value, expected);
}

static genlat_status set_enum(const gnl_option *option, uint32_t *field, const char *value)
{
    gnl_unknown names = {.word = value};
    for (uint32_t i = 0; option->names[i]; i++) {
        if (strcmp(option->names[i], value) == 0) {
            *field = i;
            return GENLAT_OK;
        }
        gnl_unknown_add(&names, option->names[i]);
    }
    char hint[80] = "";
    if (names.nearest)
        snprintf(hint, sizeof hint, " (did you mean '%s'?)", names.nearest);
    return gnl_fail(GENLAT_E_INVALID, "%s is '%.60s'%s, expected one of %s", option->name, value, hint, names.known);
}

static genlat_status set_bool(const gnl_option *option, uint32_t *field, const char *value)
{
    static const char *const yes[] = {"1", "true", "yes", "on"}, *const no[] = {"0", "false", "no", "off"};
    for (size_t i = 0; i < GNL_COUNT(yes); i++) {
        if (strcmp(value, yes[i]) == 0 || strcmp(value, no[i]) == 0) {
            *field = strcmp(value, yes[i]) == 0;
            return GENLAT_OK;
        }
    }
    return bad_value(option, value, "yes or no");
}

/* Parses integers such as "64x7x7", separated by `between`. Returns their number, or -1 if the text is malformed or has
 * more than `most` integers. */
static int parse_list(const char *value, char between, int64_t *list, int most)
{
    char copy[GNL_NUMBER_TEXT * 2];
    if (strlen(value) >= sizeof copy)
        return -1;
    strcpy(copy, value);
    int count = 0;
    for (char *word = copy, *end; word; word = end) {
        end = strchr(word, between);
        if (end)
            *end++ = '\0';
        if (count == most || !gnl_parse_int(word, &list[count++]))
            return -1;
    }
    return count;
}

static genlat_status set_pair(const gnl_option *option, int64_t *field, const char *value)
{
    int64_t pair[2] = {0};
    int count = parse_list(value, 'x', pair, 2);
    if (count < 1)
        return bad_value(option, value, "one or two integers such as 3 or 3x5");
    field[0] = pair[0];
    field[1] = pair[count - 1];
    return GENLAT_OK;
}

static genlat_status set_list(const gnl_option *option, int64_t *field, const char *value)
{
    const bool axes = option->type == GNL_OPTION_AXES;
    int64_t list[GENLAT_MAX_DIMS];
    int count = parse_list(value, axes ? ',' : 'x', list, GENLAT_MAX_DIMS);
    bool valid = count > 0;
    for (int i = 0; i < count; i++)
        valid = valid && list[i] != (int64_t)option->fallback;
    if (!valid)
        return bad_value(option, value, axes ? "axes such as 2,0,1" : "sizes such as 64x7x7");
    for (int i = 0; i < GENLAT_MAX_DIMS; i++)
        field[i] = i < count ? list[i] : (int64_t)option->fallback;
    return GENLAT_OK;
}

static genlat_status set_option(const gnl_option *option, char *options, const char *value)
{
    char *field = options + option->offset;
    switch (option->type) {
    case GNL_OPTION_REAL:
        return gnl_parse_real(value, (double *)(void *)field) ? GENLAT_OK : bad_value(option, value, "a number");
    case GNL_OPTION_INT:
        return gnl_parse_int(value, (int64_t *)(void *)field) ? GENLAT_OK : bad_value(option, value, "an integer");
    case GNL_OPTION_BOOL:
        return set_bool(option, (uint32_t *)(void *)field, value);
    case GNL_OPTION_ENUM:
        return set_enum(option, (uint32_t *)(void *)field, value);
    case GNL_OPTION_PAIR:
        return set_pair(option, (int64_t *)(void *)field, value);
    default:
        return set_list(option, (int64_t *)(void *)field, value);
    }
}

static genlat_status unknown_key(const gnl_options_table *table, const char *key)
{
    gnl_unknown names = {.word = key};
    for (size_t i = 0; i < table->count; i++)
        gnl_unknown_add(&names, table->options[i].name);
    return gnl_unknown_fail(&names, "%s has no option '%.60s'", table->name, key);
}

genlat_status gnl_options_set(const gnl_options_table *table, void *options, const char *key, const char *value)
{
    const gnl_option *option = gnl_options_find(table, key);
    if (!option)
        return unknown_key(table, key);
    const gnl_options_table one = {table->name, table->size, option, 1};
    char before[GENLAT_MAX_DIMS * sizeof(int64_t)];
    const size_t width = gnl_option_bytes(option);
    memcpy(before, (char *)options + option->offset, width);
    genlat_status status = set_option(option, options, value);
    if (status == GENLAT_OK)
        status = gnl_options_check(&one, options);
    if (status != GENLAT_OK)
        memcpy((char *)options + option->offset, before, width);
    return status;
}

genlat_status gnl_options_set_sized(const gnl_options_table *table, void *options, const char *key, const char *value)
{
    size_t size = 0;
    GNL_TRY(gnl_result_check(options, "opts"));
    memcpy(&size, options, sizeof size);
    const gnl_option *option = gnl_options_find(table, key);
    if (option && option->offset + gnl_option_bytes(option) > size)
        return gnl_fail(GENLAT_E_NOT_FOUND,
                        "opts has size %zu and no member %s; compile the program with newer headers", size,
                        option->name);
    return gnl_options_set(table, options, key, value);
}

static void format_list(int count, const int64_t *list, char between, char *text, size_t capacity)
{
    text[0] = '\0';
    for (int i = 0; i < count; i++) {
        size_t used = strlen(text);
        const char separator[2] = {i ? between : '\0'};
        snprintf(text + used, capacity - used, "%s%lld", separator, (long long)list[i]);
    }
}

static int list_length(const gnl_option *option, const int64_t *list)
{
    int count = 0;
    while (count < GENLAT_MAX_DIMS && list[count] != (int64_t)option->fallback)
        count++;
    return count;
}

static void format_option(const gnl_option *option, const char *options, char *text, size_t capacity)
{
    const void *field = options + option->offset;
    switch (option->type) {
    case GNL_OPTION_REAL:
        gnl_format_real(*(const double *)field, text, capacity);
        break;
    case GNL_OPTION_INT:
        snprintf(text, capacity, "%lld", (long long)*(const int64_t *)field);
        break;
    case GNL_OPTION_BOOL:
        snprintf(text, capacity, "%s", *(const uint32_t *)field ? "yes" : "no");
        break;
    case GNL_OPTION_ENUM:
        snprintf(text, capacity, "%s", option->names[*(const uint32_t *)field]);
        break;
    case GNL_OPTION_PAIR:
        format_list(((const int64_t *)field)[0] == ((const int64_t *)field)[1] ? 1 : 2, field, 'x', text, capacity);
        break;
    default:
        format_list(list_length(option, field), field, option->type == GNL_OPTION_AXES ? ',' : 'x', text, capacity);
    }
}

static genlat_status copy_text(const char *value, char *text, size_t capacity)
{
    if (strlen(value) >= capacity)
        return gnl_fail(GENLAT_E_RANGE, "text needs %zu bytes, but the buffer has %zu", strlen(value) + 1, capacity);
    strcpy(text, value);
    return GENLAT_OK;
}

genlat_status gnl_options_get(const gnl_options_table *table, const void *options, const char *key, char *text,
                              size_t capacity)
{
    const gnl_option *option = gnl_options_find(table, key);
    if (!option)
        return unknown_key(table, key);
    char value[GNL_NUMBER_TEXT * 4];
    format_option(option, options, value, sizeof value);
    return copy_text(value, text, capacity);
}

genlat_status gnl_options_format(const gnl_options_table *table, const void *options, char *text, size_t capacity)
{
    char defaults[1024];
    size_t used = 0;
    if (table->size > sizeof defaults)
        return gnl_fail(GENLAT_E_INTERNAL, "%s options are larger than %zu bytes", table->name, sizeof defaults);
    gnl_options_init(table, defaults, table->size);
    for (size_t i = 0; i < table->count; i++) {
        char value[GNL_NUMBER_TEXT * 4], usual[GNL_NUMBER_TEXT * 4];
        const size_t left = used < capacity ? capacity - used : 0;
        format_option(&table->options[i], options, value, sizeof value);
        format_option(&table->options[i], defaults, usual, sizeof usual);
        if (strcmp(value, usual) != 0)
            used += (size_t)snprintf(left ? text + used : NULL, left, "%s%s=%s", used ? " " : "",
                                     table->options[i].name, value);
    }
    if (used >= capacity)
        return gnl_fail(GENLAT_E_RANGE, "text needs %zu bytes, but the buffer has %zu", used + 1, capacity);
    if (used == 0)
        text[0] = '\0';
    return GENLAT_OK;
}
