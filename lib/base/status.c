/* SPDX-License-Identifier: MIT */
/* Statuses and the error text of each thread. */
#include <stdio.h>

#include "base/base.h"

enum { ERROR_TEXT_CAPACITY = 512 };

static _Thread_local char error_text[ERROR_TEXT_CAPACITY];

const char *genlat_last_error(void)
{
    return error_text;
}

const char *genlat_version(void)
{
    return GENLAT_VERSION;
}

const char *genlat_status_name(genlat_status status)
{
    switch (status) {
#define STATUS_NAME(name, number, sentence)                                                                  \
    case number:                                                                                             \
        return "GENLAT_" #name;
        GENLAT_STATUS_MAP(STATUS_NAME)
#undef STATUS_NAME
    default:
        return "GENLAT_E_UNKNOWN";
    }
}

const char *genlat_status_text(genlat_status status)
{
    switch (status) {
#define STATUS_TEXT(name, number, sentence)                                                                  \
    case number:                                                                                             \
        return sentence;
        GENLAT_STATUS_MAP(STATUS_TEXT)
#undef STATUS_TEXT
    default:
        return "not a status of this version of the library";
    }
}

genlat_status gnl_fail(genlat_status code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(error_text, sizeof error_text, format, args);
    va_end(args);
    return code;
}

genlat_status genlat_error_set(genlat_status status, const char *format, ...)
{
    char text[ERROR_TEXT_CAPACITY]; /* the arguments may be the old text */
    va_list args;
    if (!format)
        return status;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    memcpy(error_text, text, sizeof text);
    return status;
}

genlat_status gnl_fail_in(genlat_status code, const char *format, ...)
{
    char inner[ERROR_TEXT_CAPACITY];
    memcpy(inner, error_text, sizeof inner);
    va_list args;
    va_start(args, format);
    int used = vsnprintf(error_text, sizeof error_text, format, args);
    va_end(args);
    if (used < 0 || used >= ERROR_TEXT_CAPACITY - 3)
        return code;
    size_t room = sizeof error_text - (size_t)used;
    snprintf(error_text + used, room, ": %.*s", (int)room - 3, inner);
    return code;
}
