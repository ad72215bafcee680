/* SPDX-License-Identifier: MIT */
/* The genlat program: parses the command line, creates the context, and runs the command. */
#include <locale.h>
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

/* Prints warnings of the library, such as of rows that a reader leaves out. */
static void print_message(void *user, int32_t level, const char *message)
{
    const app_state *app = user;
    if (level > GENLAT_LOG_WARNING || app->training || app->opts.quiet)
        return;
    fflush(stdout);
    fprintf(stderr, "genlat: warning: %s\n", message);
}

static int run(app_state *app)
{
    int status = settings_apply(app);
    if (status == APP_OK)
        status = output_claim(app);
    if (status != APP_OK)
        return status;
    app->ctx_opts.log = print_message;
    app->ctx_opts.log_user = app;
    genlat_status created = genlat_ctx_new(&app->ctx_opts, &app->ctx);
    if (created != GENLAT_OK)
        return app_fail_setting(app, created);
    signals_set_trainer(NULL);
    status = app->command->run(app);
    genlat_ctx_destroy(&app->ctx);
    if (fflush(stdout) != 0 && status == APP_OK)
        return app_fail(app, "cannot write to standard output");
    return status;
}

/* Returns the exit status of a command that only prints. */
static int printed(const app_state *app)
{
    return fflush(stdout) == 0 ? APP_OK : app_fail(app, "cannot write to standard output");
}

static bool is_any(const char *word, const char *a, const char *b)
{
    return strcmp(word, a) == 0 || strcmp(word, b) == 0;
}

int main(int argc, char **argv)
{
    static app_state app;
    /* Sets only the character set of the terminal, so that numbers have a decimal point. */
    setlocale(LC_CTYPE, "");
    if (argc < 2)
        return app_usage(&app, "a command is missing; 'genlat help' lists the commands");
    if (is_any(argv[1], "help", "--help") || strcmp(argv[1], "-h") == 0) {
        args_overview(NULL);
        return printed(&app);
    }
    if (is_any(argv[1], "--version", "-V")) {
        printf("genlat %s, libgenlat %s\n", GENLAT_VERSION, genlat_version());
        return printed(&app);
    }
    if (argc == 3 && is_any(argv[2], "--help", "-h") && args_overview(argv[1])) /* such as train --help */
        return printed(&app);
    int status = args_parse(&app, argc, argv);
    if (status == APP_OK && app.opts.help) {
        args_help(&app);
        status = printed(&app);
    } else if (status == APP_OK)
        status = run(&app);
    json_decref(app.config);
    return status;
}
