/* SPDX-License-Identifier: MIT */
/* Status codes and the error text of each thread. */
#include <stdio.h>

#include "base/base.h"

static _Thread_local char error_text[GNL_ERROR_TEXT];
static _Thread_local const char *running = "";     /* name of the public function that runs in this thread; "": none */
static _Thread_local genlat_status set_by_program; /* by genlat_error_set() in the running callback; OK: none */

const char *gnl_enter(const char *function)
{
    const char *before = running;
    running = function;
    return before;
}

const char *gnl_running(void)
{
    return running;
}

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
#define STATUS_NAME(name, number, sentence)                                                                            \
    case number:                                                                                                       \
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
#define STATUS_TEXT(name, number, sentence)                                                                            \
    case number:                                                                                                       \
        return sentence;
        GENLAT_STATUS_MAP(STATUS_TEXT)
#undef STATUS_TEXT
    default:
        return "unknown status code";
    }
}

/* Returns the offset of the error text after "function: ", or 0 if the text does not begin with the function name. */
static size_t name_length(void)
{
    size_t length = strlen(running);
    return length && strncmp(error_text, running, length) == 0 && strncmp(error_text + length, ": ", 2) == 0
               ? length + 2
               : 0;
}

genlat_status gnl_fail(genlat_status code, const char *format, ...)
{
    char text[GNL_ERROR_TEXT]; /* the arguments may point to the old text */
    va_list args;
    va_start(args, format);
    gnl_format(text, sizeof text, format, args);
    va_end(args);
    snprintf(error_text, sizeof error_text, "%s%s%.*s", running, *running ? ": " : "", GNL_ERROR_TEXT - 64, text);
    return code;
}

static void set_text(const char *format, va_list args)
{
    char text[GNL_ERROR_TEXT]; /* the arguments may point to the old text */
    gnl_format(text, sizeof text, format, args);
    memcpy(error_text, text, sizeof text);
}

genlat_status gnl_error_set(genlat_status code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    set_text(format, args);
    va_end(args);
    return code;
}

genlat_status genlat_error_set(genlat_status status, const char *format, ...)
{
    set_by_program = status != GENLAT_OK ? status : GENLAT_E_CALLBACK;
    if (!format)
        return status;
    va_list args;
    va_start(args, format);
    set_text(format, args);
    va_end(args);
    return status;
}

genlat_status gnl_fail_in(genlat_status code, const char *format, ...)
{
    char inner[GNL_ERROR_TEXT], prefix[GNL_ERROR_TEXT];
    size_t name = name_length();
    memcpy(inner, error_text, sizeof inner);
    va_list args;
    va_start(args, format);
    gnl_format(prefix, sizeof prefix, format, args);
    va_end(args);
    snprintf(error_text + name, sizeof error_text - name, "%.200s: %.*s", prefix, GNL_ERROR_TEXT - 204, inner + name);
    return code;
}

/* ---- callbacks ------------------------------------------------------------------------------- */

gnl_callback gnl_callback_begin(void)
{
    const gnl_callback callback = {running, set_by_program};
    set_by_program = GENLAT_OK;
    return callback;
}

genlat_status gnl_callback_end(gnl_callback callback)
{
    const genlat_status own = set_by_program;
    running = callback.running;
    set_by_program = callback.outer;
    return own;
}

genlat_status gnl_callback_failed(genlat_status own, const char *what, int64_t result)
{
    if (own != GENLAT_OK)
        return gnl_fail(own, "%s: %s", what, error_text);
    return gnl_fail(GENLAT_E_CALLBACK, "%s returned %lld", what, (long long)result);
}
