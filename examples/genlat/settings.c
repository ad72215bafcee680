/* SPDX-License-Identifier: MIT */
/* Settings: pairs of key and value from --config, --set and some options, in the order of increasing priority. They are
 * applied to the context, the trainer, or the model builder. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "cores.h"

static const char *const yes_no[] = {"no", "yes", NULL};
static const char *const cpu_names[] = {"auto", "baseline", "avx2", "avx512", "neon", NULL};
static const char *const gemm_names[] = {"auto", "cblas", "builtin", "bfloat16", NULL};

/* Settings of the context: an integer, or one of a list of names. */
static const struct {
    const char *key;
    size_t offset;
    const char *const *names;
} context_keys[] = {
    {"threads", offsetof(genlat_ctx_opts, threads), NULL},
    {"seed", offsetof(genlat_ctx_opts, seed), NULL},
    {"deterministic", offsetof(genlat_ctx_opts, deterministic), yes_no},
    {"cpu", offsetof(genlat_ctx_opts, cpu), cpu_names},
    {"gemm", offsetof(genlat_ctx_opts, gemm), gemm_names},
    {"memory_limit", offsetof(genlat_ctx_opts, memory_limit), NULL},
};

static int set_name(app_state *app, const char *key, const char *value, const char *const *names, uint32_t *field)
{
    char what[64];
    uint32_t i = 0;
    for (; names[i]; i++)
        if (strcmp(value, names[i]) == 0 || (names == yes_no && strcmp(value, i ? "true" : "false") == 0)) {
            *field = i;
            return APP_OK;
        }
    snprintf(what, sizeof what, "value of %s", key);
    return app_unknown(app, what, value, names, i);
}

static int set_context(app_state *app, size_t index, const char *value)
{
    char *field = (char *)&app->ctx_opts + context_keys[index].offset, *end = NULL;
    const char *key = context_keys[index].key;
    if (context_keys[index].names)
        return set_name(app, key, value, context_keys[index].names, (uint32_t *)(void *)field);
    errno = 0;
    long long number = strtoll(value, &end, 10);
    if (*end || end == value || errno || number < 0)
        return app_usage(app, "%s is '%s', an integer >= 0 expected", key, value);
    *(int64_t *)(void *)field = number;
    if (context_keys[index].offset == offsetof(genlat_ctx_opts, seed))
        app->train.seed = number; /* given, so that a resumed training refuses another one */
    return APP_OK;
}

static const char *copy_text(app_state *app, const char *text, size_t length)
{
    if (app->copied + length + 1 > sizeof app->copies)
        return NULL;
    char *copy = memcpy(app->copies + app->copied, text, length);
    copy[length] = 0;
    app->copied += length + 1;
    return copy;
}

/* Collects the names of the settings of the context. */
static int64_t context_names(const char **names)
{
    for (size_t i = 0; i < APP_COUNT(context_keys); i++)
        names[i] = context_keys[i].key;
    return (int64_t)APP_COUNT(context_keys);
}

const char *settings_nearest(const char *word)
{
    enum { MOST = 64 };
    const char *names[APP_COUNT(context_keys) + MOST];
    int64_t count = context_names(names);
    genlat_option_info option = {.size = sizeof option};
    for (int32_t i = 0; i < MOST && genlat_kind_option("training", "trainer", i, &option) == GENLAT_OK; i++)
        names[count++] = option.name;
    return genlat_name_nearest(word, names, count);
}

static int set_one(app_state *app, const char *key, const char *value)
{
    const char *names[APP_COUNT(context_keys)];
    for (size_t i = 0; i < APP_COUNT(context_keys); i++)
        if (strcmp(key, context_keys[i].key) == 0)
            return set_context(app, i, value);
    if (strncmp(app->command->name, "train", 5) != 0)
        return app_unknown(app, "setting", key, names, context_names(names));
    genlat_status status = genlat_train_opts_set(&app->train, key, value);
    if (status == GENLAT_OK)
        return APP_OK;
    if (status != GENLAT_E_NOT_FOUND)
        return app_fail_setting(app, status);
    if (app->setting_count == (int64_t)APP_COUNT(app->settings))
        return app_usage(app, "there are more than %d settings", (int)APP_COUNT(app->settings));
    app->settings[app->setting_count++] = (app_setting){key, value};
    return APP_OK;
}

/* Converts a JSON value to the text that --set would have. */
static int config_text(app_state *app, const char *key, const json_t *value, const char **text)
{
    if (json_is_string(value)) {
        *text = json_string_value(value);
        return APP_OK;
    }
    if (!json_is_number(value) && !json_is_boolean(value))
        return app_usage(app, "%s: a string, a number, true or false expected for %s", app->opts.config, key);
    char *dump = json_dumps(value, JSON_ENCODE_ANY);
    *text = dump ? copy_text(app, dump, strlen(dump)) : NULL;
    free(dump);
    return *text ? APP_OK : app_fail(app, "%s: the settings are too long", app->opts.config);
}

static int apply_config(app_state *app)
{
    json_error_t error;
    app->config = json_load_file(app->opts.config, JSON_REJECT_DUPLICATES, &error);
    if (!app->config && error.line < 0) /* it cannot be opened, which the text says */
        return app_usage(app, "--config: %s", error.text);
    if (!app->config)
        return app_usage(app, "%s: line %d: %s", app->opts.config, error.line, error.text);
    if (!json_is_object(app->config))
        return app_usage(app, "%s: an object expected, such as {\"epochs\": 5}", app->opts.config);
    const char *key;
    json_t *value;
    json_object_foreach(app->config, key, value)
    {
        const char *text = NULL;
        int status = config_text(app, key, value, &text);
        if (status == APP_OK && !args_default(app, key, text, &status))
            status = set_one(app, key, text);
        if (status != APP_OK)
            return status;
    }
    return APP_OK;
}

static int apply_set(app_state *app, const char *pair)
{
    const char *equals = strchr(pair, '=');
    if (!equals || equals == pair)
        return app_usage(app, "--set is '%s', KEY=VALUE expected", pair);
    const char *key = copy_text(app, pair, (size_t)(equals - pair));
    return key ? set_one(app, key, equals + 1) : app_usage(app, "the settings are too long; use --config");
}

int settings_apply(app_state *app)
{
    genlat_ctx_opts_init(&app->ctx_opts);
    genlat_train_opts_init(&app->train);
    app->ctx_opts.threads = cores_available("/proc/self/cgroup", "/sys/fs/cgroup");
    int status = app->opts.config ? apply_config(app) : APP_OK;
    for (int64_t i = 0; i < app->opts.set_count && status == APP_OK; i++)
        status = apply_set(app, app->opts.set[i]);
    const struct {
        const char *key, *value;
    } options[] = {{"epochs", app->opts.epochs},
                   {"steps", app->opts.steps},
                   {"batch", app->opts.batch},
                   {"seed", app->opts.seed},
                   {"threads", app->opts.threads}};
    for (size_t i = 0; i < APP_COUNT(options) && status == APP_OK; i++)
        if (options[i].value)
            status = set_one(app, options[i].key, options[i].value);
    return status;
}
