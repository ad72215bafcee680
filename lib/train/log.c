/* SPDX-License-Identifier: MIT */
/* The log file: one JSON object per epoch, each on one line. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "train/train_priv.h"

/* Writes null for NaN and infinity, which JSON cannot represent. */
static bool put_real(json_t *object, const char *key, double value)
{
    return json_object_set_new(object, key, isfinite(value) ? json_real(value) : json_null()) == 0;
}

static bool put_terms(json_t *line, const char *key, const genlat_trainer *t, const double *values)
{
    json_t *object = json_object();
    bool ok = object != NULL;
    for (int i = 0; ok && i < t->terms; i++)
        ok = put_real(object, t->model->terms[i], values[i]);
    return json_object_set_new(line, key, object) == 0 && ok;
}

static bool fill(json_t *line, const genlat_trainer *t, const double *train, const double *valid)
{
    const gnl_progress *p = &t->model->progress;
    return json_object_set_new(line, "event", json_string("epoch")) == 0 &&
           json_object_set_new(line, "epoch", json_integer(t->epoch)) == 0 &&
           json_object_set_new(line, "epochs", json_integer(GNL_MAX(t->opts.epochs, 0))) == 0 &&
           json_object_set_new(line, "step", json_integer(p->step)) == 0 && put_real(line, "seconds", p->seconds) &&
           put_real(line, "samples_per_s", t->speed) && put_terms(line, "train", t, train) &&
           (!valid || put_terms(line, "valid", t, valid));
}

static genlat_status append(const char *path, const char *text)
{
    FILE *file = fopen(path, "ab");
    bool ok = file && fprintf(file, "%s\n", text) >= 0;
    if (file && fclose(file) != 0)
        ok = false;
    return ok ? GENLAT_OK : gnl_fail(GENLAT_E_IO, "cannot write log_path '%s': %s", path, strerror(errno));
}

genlat_status gnl_trainer_log(const genlat_trainer *t, const double *train, const double *valid)
{
    enum { DIGITS = 9 };
    if (!t->opts.log_path)
        return GENLAT_OK;
    gnl_c_locale locale = gnl_c_locale_enter(); /* jansson replaces decimal points of one byte only */
    json_t *line = json_object();
    char *text =
        line && fill(line, t, train, valid) ? json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(DIGITS)) : NULL;
    gnl_c_locale_leave(locale);
    genlat_status status =
        text ? append(t->opts.log_path, text) : gnl_fail(GENLAT_E_MEMORY, "out of memory for a line of the log");
    free(text);
    json_decref(line);
    return status;
}
