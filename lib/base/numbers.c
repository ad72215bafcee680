/* SPDX-License-Identifier: MIT */
/* Converts numbers from and to text, identically in every locale. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"

/* strtod() and printf() use the decimal point of the current locale, so it is replaced by hand. */
static char locale_point(void)
{
    char text[8];
    snprintf(text, sizeof text, "%.1f", 0.5);
    return text[1];
}

bool gnl_parse_real(const char *text, double *out)
{
    char copy[GNL_NUMBER_TEXT];
    size_t length = strlen(text);
    if (length == 0 || length >= sizeof copy || strspn(text, "+-0123456789.eEinfa") != length)
        return false;
    char point = locale_point();
    for (size_t i = 0; i <= length; i++)
        copy[i] = text[i] == '.' ? point : text[i];
    char *end = NULL;
    *out = strtod(copy, &end);
    return end == copy + length;
}

bool gnl_parse_int(const char *text, int64_t *out)
{
    char *end = NULL;
    size_t length = strlen(text);
    if (length == 0 || strspn(text, "+-0123456789") != length)
        return false;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    *out = value;
    return errno == 0 && end == text + length;
}

void gnl_format_real(double value, char *text, size_t capacity)
{
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(text, capacity, "%.*g", digits, value);
        char *point = strchr(text, locale_point());
        if (point)
            *point = '.';
        double back = 0;
        if (gnl_parse_real(text, &back) && back == value)
            return;
    }
}
