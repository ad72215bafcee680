/* SPDX-License-Identifier: MIT */
/* The genlat program: parses the command line, creates the context, and runs the command. */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "app.h"

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
