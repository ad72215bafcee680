/* SPDX-License-Identifier: MIT */
/* What the builders of all models do with texts: copies with bounds, marks that stand for numbers, conditions. */
#include <stdio.h>

#include "model/model_priv.h"

genlat_status gnl_words_copy(char *out, size_t capacity, const char *text, const char *name)
{
    if (!text)
        return gnl_fail(GENLAT_E_INVALID, "%s is NULL", name);
    if (strlen(text) >= capacity)
        return gnl_fail(GENLAT_E_RANGE, "%s is longer than %zu bytes", name, capacity - 1);
    strcpy(out, text);
    return GENLAT_OK;
}

genlat_status gnl_words_fill_in(char *text, size_t capacity, const char *mark, int64_t number)
{
    char digits[24];
    size_t length = (size_t)snprintf(digits, sizeof digits, "%lld", (long long)number);
    for (char *at = text; (at = strstr(at, mark)); at += length) {
        const char *rest = at + strlen(mark);
        if ((size_t)(at - text) + length + strlen(rest) >= capacity)
            return gnl_fail(GENLAT_E_RANGE, "layers are longer than %zu bytes", capacity - 1);
        memmove(at + length, rest, strlen(rest) + 1);
        memcpy(at, digits, length);
    }
    return GENLAT_OK;
}

genlat_status gnl_condition_set(int64_t classes, int64_t vector, int64_t *to_classes, int64_t *to_vector)
{
    if (classes < 0 || vector < 0 || (classes && vector) || classes > 1 << 20 || vector > 1 << 20)
        return gnl_fail(GENLAT_E_RANGE,
                        "classes is %lld and vector %lld; one of them from 1 to 1048576, the other 0",
                        (long long)classes, (long long)vector);
    *to_classes = classes;
    *to_vector = vector;
    return GENLAT_OK;
}

genlat_status gnl_condition_parse(const char *text, int64_t *to_classes, int64_t *to_vector)
{
    int64_t number = 0;
    if (strcmp(text, "none") == 0)
        return gnl_condition_set(0, 0, to_classes, to_vector);
    if (strcmp(text, "labels") == 0) {
        *to_classes = -1; /* asked of the source at build */
        return GENLAT_OK;
    }
    const char *equals = strchr(text, '=');
    bool classes = strncmp(text, "classes=", 8) == 0, vector = strncmp(text, "vector=", 7) == 0;
    if (!(classes || vector) || !gnl_parse_int(equals + 1, &number))
        return gnl_fail(GENLAT_E_INVALID,
                        "condition is '%s', one of none, labels, classes=N, vector=N wanted", text);
    return gnl_condition_set(classes ? number : 0, vector ? number : 0, to_classes, to_vector);
}

void gnl_describe_line(char *text, size_t capacity, size_t *used, int width, const char *name,
                       const char *value)
{
    size_t room = *used < capacity ? capacity - *used : 0;
    *used += (size_t)snprintf(room ? text + *used : NULL, room, "%-*s%s\n", width, name, value);
}
