/* SPDX-License-Identifier: MIT */
/* Errors of the program: each is one line on standard error, and an exit status. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "app.h"

/* Prints an error as one line: replaces control characters by blanks. */
static void print_error(const app_state *app, const char *format, va_list values)
{
    char text[2048];
    vsnprintf(text, sizeof text, format, values);
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < ' ')
            *c = ' ';
    fflush(stdout);
    if (app->command)
        fprintf(stderr, "genlat %s: %s\n", app->command->name, text);
    else
        fprintf(stderr, "genlat: %s\n", text);
}

int app_usage(const app_state *app, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    print_error(app, format, values);
    va_end(values);
    return APP_USAGE;
}

int app_fail(const app_state *app, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    print_error(app, format, values);
    va_end(values);
    return APP_FAILED;
}

int app_unknown(const app_state *app, const char *what, const char *word, const char *const *names, int64_t count)
{
    char known[1024] = "", hint[128] = ";";
    const char *near = genlat_name_nearest(word, names, count);
    for (int64_t i = 0; i < count; i++) {
        const size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", names[i]);
    }
    if (near)
        snprintf(hint, sizeof hint, "; did you mean '%s'?", near);
    return app_usage(app, "unknown %s '%s'%s known: %s", what, word, hint, known);
}

int app_fail_library(const app_state *app)
{
    return app_fail(app, "%s", genlat_last_error());
}

int app_fail_setting(const app_state *app, genlat_status status)
{
    int code = app_fail_library(app);
    return status == GENLAT_E_INVALID || status == GENLAT_E_NOT_FOUND || status == GENLAT_E_RANGE ? APP_USAGE : code;
}
