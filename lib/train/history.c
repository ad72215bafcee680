/* SPDX-License-Identifier: MIT */
/* The curves of a training: one value per epoch. */
#include <stdio.h>

#include "train/train_priv.h"

void gnl_history_init(gnl_history *history, const char *const *terms, bool valid)
{
    static const char *const prefixes[] = {"", "valid."};
    for (int part = 0; part < (valid ? 2 : 1); part++)
        for (int i = 0; terms[i]; i++)
            snprintf(history->name[history->curves++], GNL_CURVE_NAME, "%s%s", prefixes[part], terms[i]);
}

genlat_status gnl_history_add(genlat_ctx *ctx, gnl_history *history, int terms, const double *train,
                              const double *valid)
{
    size_t count = (size_t)history->count;
    for (int i = 0; i < history->curves; i++) {
        GNL_TRY(gnl_grow(ctx, (void **)&history->values[i], &history->capacity[i], count + 1, sizeof(double)));
        history->values[i][count] = i < terms ? train[i] : valid ? valid[i - terms] : (double)NAN;
    }
    history->count++;
    return GENLAT_OK;
}

void gnl_history_free(genlat_ctx *ctx, gnl_history *history)
{
    for (int i = 0; i < history->curves; i++)
        gnl_free(ctx, history->values[i]);
}

/* ---- public ---------------------------------------------------------------------------------- */

int64_t genlat_trainer_epochs(const genlat_trainer *trainer)
{
    return trainer ? trainer->history.count : 0;
}

const char *genlat_trainer_curve(const genlat_trainer *trainer, int32_t index)
{
    return trainer && index >= 0 && index < trainer->history.curves ? trainer->history.name[index] : NULL;
}

static genlat_status unknown_curve(const gnl_history *history, const char *name)
{
    gnl_unknown names = {.word = name};
    for (int i = 0; i < history->curves; i++)
        gnl_unknown_add(&names, history->name[i]);
    return gnl_unknown_fail(&names, "unknown curve '%.60s'", name);
}

genlat_status genlat_trainer_history(const genlat_trainer *trainer, const char *name, const double **values,
                                     int64_t *count)
{
    GNL_ENTER();
    if (values)
        *values = NULL;
    if (count)
        *count = 0;
    GNL_CHECK(values, "values is NULL");
    GNL_CHECK(count, "count is NULL");
    GNL_CHECK(trainer, "trainer is NULL");
    GNL_CHECK(name, "name is NULL");
    const gnl_history *history = &trainer->history;
    for (int i = 0; i < history->curves; i++)
        if (strcmp(history->name[i], name) == 0) {
            *values = history->values[i];
            *count = history->count;
            return GENLAT_OK;
        }
    return unknown_curve(history, name);
}
