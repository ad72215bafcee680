/* SPDX-License-Identifier: MIT */
/* Parses, formats and documents text of the form "kind key=value key=value". */
#include <stdio.h>

#include "base/base.h"

static const char BLANKS[] = " \t\r\n";

genlat_status gnl_spec_kind(const char *spec, char kind[GNL_SPEC_KIND], const char **pairs)
{
    const char *begin = spec + strspn(spec, BLANKS);
    size_t length = strcspn(begin, BLANKS);
    if (length == 0)
        return gnl_fail(GENLAT_E_INVALID, "spec is empty, expected \"kind key=value ...\"");
    if (length >= GNL_SPEC_KIND)
        return gnl_fail(GENLAT_E_INVALID, "the kind at the beginning of the spec is longer than %d bytes",
                        GNL_SPEC_KIND - 1);
    memcpy(kind, begin, length);
    kind[length] = '\0';
    *pairs = begin + length;
    return GENLAT_OK;
}

static genlat_status set_pair(const gnl_options_table *table, void *options, char *word)
{
    char *equals = strchr(word, '=');
    if (!equals)
        return gnl_fail(GENLAT_E_INVALID, "%s: '%s' is not of the form key=value", table->name, word);
    *equals = '\0';
    return gnl_options_set(table, options, word, equals + 1);
}

genlat_status gnl_spec_pairs(const gnl_options_table *table, void *options, const char *pairs, const char *kind)
{
    char copy[GNL_SPEC_TEXT], *rest = NULL;
    if (strlen(pairs) >= sizeof copy)
        return gnl_fail(GENLAT_E_INVALID, "spec is longer than %d bytes", GNL_SPEC_TEXT - 1);
    strcpy(copy, pairs);
    static const gnl_options_table none = {.size = sizeof(size_t)};
    gnl_options_table named = table ? *table : none;
    named.name = kind;
    for (char *word = strtok_r(copy, BLANKS, &rest); word; word = strtok_r(NULL, BLANKS, &rest))
        GNL_TRY(set_pair(&named, options, word));
    return GENLAT_OK;
}

genlat_status gnl_spec_format(const char *kind, const gnl_options_table *table, const void *options, char *text,
                              size_t capacity)
{
    char pairs[GNL_SPEC_TEXT] = "";
    if (table)
        GNL_TRY(gnl_options_format(table, options, pairs, sizeof pairs));
    const char *gap = *pairs ? " " : "";
    const size_t length = strlen(kind) + strlen(gap) + strlen(pairs);
    if (length >= capacity)
        return gnl_fail(GENLAT_E_RANGE, "text needs %zu bytes, but the buffer has %zu", length + 1, capacity);
    snprintf(text, capacity, "%s%s%s", kind, gap, pairs);
    return GENLAT_OK;
}

genlat_status gnl_spec_help(const char *kind, const char *kind_help, const gnl_options_table *table, int32_t option,
                            const char **name, const char **help)
{
    size_t count = table ? table->count : 0;
    if (option < -1 || (option >= 0 && (size_t)option >= count))
        return gnl_fail(GENLAT_E_NOT_FOUND, "%s has %zu options, option %d does not exist", kind, count, (int)option);
    if (name)
        *name = option < 0 ? kind : table->options[option].name;
    if (help)
        *help = option < 0 ? kind_help : table->options[option].help;
    return GENLAT_OK;
}
