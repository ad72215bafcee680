/* SPDX-License-Identifier: MIT */
/* Converts numbers from and to text, identically in every locale. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"

gnl_c_locale gnl_c_locale_enter(void)
{
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    return (gnl_c_locale){c, uselocale(c)}; /* if there is no memory for it, nothing changes */
}

void gnl_c_locale_leave(gnl_c_locale locale)
{
    if (locale.c) {
        uselocale(locale.before);
        freelocale(locale.c);
    }
}

int gnl_format(char *text, size_t capacity, const char *format, va_list args)
{
    gnl_c_locale locale = gnl_c_locale_enter();
    int length = vsnprintf(text, capacity, format, args);
    gnl_c_locale_leave(locale);
    return length;
}

static bool parse_real(const char *text, double *out)
{
    char *end = NULL;
    size_t length = strlen(text);
    if (length == 0 || length >= GNL_NUMBER_TEXT || strspn(text, "+-0123456789.eEinfa") != length)
        return false;
    *out = strtod(text, &end);
    return end == text + length;
}

bool gnl_parse_real(const char *text, double *out)
{
    gnl_c_locale locale = gnl_c_locale_enter();
    bool good = parse_real(text, out);
    gnl_c_locale_leave(locale);
    return good;
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
    gnl_c_locale locale = gnl_c_locale_enter();
    for (int digits = 6; digits <= 17; digits++) {
        double back = 0;
        snprintf(text, capacity, "%.*g", digits, value);
        if (parse_real(text, &back) && back == value)
            break;
    }
    gnl_c_locale_leave(locale);
}
