/* SPDX-License-Identifier: MIT */
/* genlat eval: a model measured on data. A metric is one line of the table; those that one function measures are measured
 * together, and only when one of them is wanted. */
#include <stdio.h>
#include <string.h>

#include "measure.h"

#define AT(field) offsetof(measurement, field)

static const struct {
    const char *name;
    int (*measure)(measurement *m);
    size_t offset; /* of a double in the measurement */
    bool whole;
    bool of_vae; /* measured of VAEs alone */
} metrics[] = {
    {"neg_elbo", measure_terms, AT(terms.neg_elbo), false, true},
    {"recon", measure_terms, AT(terms.recon), false, true},
    {"kl", measure_terms, AT(terms.kl), false, true},
    {"nll", measure_nll, AT(nll), false, true},
    {"active_units", measure_units, AT(active), true, true},
    {"mse", measure_mse, AT(mse), false, true},
    {"modes", measure_modes, AT(modes), true, false},
    {"hq", measure_modes, AT(mixture.high_quality), false, false},
    {"kl_modes", measure_modes, AT(mixture.kl), false, false},
    {"frechet", measure_frechet, AT(frechet), false, false},
    {"kid", measure_kid, AT(kid), false, false},
    {"precision", measure_neighbours, AT(neighbours.precision), false, false},
    {"recall", measure_neighbours, AT(neighbours.recall), false, false},
    {"density", measure_neighbours, AT(neighbours.density), false, false},
    {"coverage", measure_neighbours, AT(neighbours.coverage), false, false},
};

/* Marks the metrics of a list such as "nll,kl". */
static int choose(const app_state *app, const char *list, bool *wanted)
{
    char known[256] = "";
    for (size_t i = 0; i < APP_COUNT(metrics); i++) {
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "", metrics[i].name);
    }
    for (const char *at = list; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
        size_t length = strcspn(at, ","), i = 0;
        while (i < APP_COUNT(metrics) &&
               (strlen(metrics[i].name) != length || strncmp(metrics[i].name, at, length) != 0))
            i++;
        if (i == APP_COUNT(metrics))
            return app_usage(app, "unknown metric '%.*s'; known: %s", (int)length, at, known);
        wanted[i] = true;
    }
    return APP_OK;
}

static int measure(measurement *m, const bool *wanted)
{
    int status = APP_OK;
    report_begin(&m->report, m->app);
    for (size_t i = 0; i < APP_COUNT(metrics) && status == APP_OK; i++) {
        bool measured = false;
        for (size_t j = 0; j < i; j++)
            measured = measured || (wanted[j] && metrics[j].measure == metrics[i].measure);
        if (wanted[i] && !measured)
            status = metrics[i].measure(m);
    }
    report_end(&m->report);
    return status;
}

static int tell(const measurement *m, const bool *wanted)
{
    json_t *object = json_object();
    for (size_t i = 0; i < APP_COUNT(metrics); i++) {
        if (!wanted[i])
            continue;
        double value = *(const double *)(const void *)((const char *)m + metrics[i].offset);
        if (!m->app->opts.json)
            printf("%-12s %.6g\n", metrics[i].name, value);
        json_object_set_new(object, metrics[i].name,
                            metrics[i].whole ? json_integer((json_int_t)value) : output_number(value));
    }
    return output_json(m->app, object);
}

static int check_kind(const measurement *m, const bool *wanted)
{
    for (size_t i = 0; i < APP_COUNT(metrics); i++)
        if (wanted[i] && metrics[i].of_vae && !m->vae)
            return app_usage(m->app, "%s is measured of VAEs alone; name others with --metric",
                             metrics[i].name);
    return APP_OK;
}

int cmd_eval(app_state *app)
{
    measurement m = {.app = app};
    bool wanted[APP_COUNT(metrics)] = {false};
    int status = choose(app, app->opts.metric ? app->opts.metric : "neg_elbo,recon,kl", wanted);
    if (status == APP_OK)
        status = maker_load(app, &m.model);
    m.vae = m.model.vae;
    if (status == APP_OK)
        status = check_kind(&m, wanted);
    if (status == APP_OK)
        status = data_open(app, &m.source);
    if (status == APP_OK)
        status = measure(&m, wanted);
    if (status == APP_OK)
        status = tell(&m, wanted);
    genlat_tensor_destroy(&m.generated);
    genlat_tensor_destroy(&m.real);
    genlat_source_destroy(&m.source);
    maker_destroy(&m.model);
    return status;
}
