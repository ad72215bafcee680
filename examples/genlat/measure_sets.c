/* SPDX-License-Identifier: MIT */
/* Measurements of measure.h that are of samples: against those of the data, against a known mixture, by a classifier. */
#include <string.h>

#include "genlat/files.h"
#include "measure.h"

enum { COMPARED = 2500, STACKED = 26000, NEIGHBOURS = 5, SUBSETS = 50, SUBSET = 500, SPLITS = 10 };

/* ---- the classifier -------------------------------------------------------------------------- */

int64_t measure_planes(const measurement *m)
{
    int32_t ndim = 0;
    int64_t dims[GENLAT_MAX_DIMS];
    if (!m->classifier || genlat_model_data_shape(m->classifier, &ndim, dims) != GENLAT_OK)
        return 1;
    int64_t planes = dims[0] > 0 ? genlat_source_dim(m->source, 0) / dims[0] : 0;
    bool fits = genlat_source_ndim(m->source) == ndim && planes > 0 &&
                planes * dims[0] == genlat_source_dim(m->source, 0);
    for (int32_t i = 1; fits && i < ndim; i++)
        fits = dims[i] == genlat_source_dim(m->source, i);
    return fits ? planes : 0;
}

static int check_classifier(const measurement *m)
{
    if (strcmp(genlat_model_family(m->classifier), "predictor") != 0 || model_classes(m->classifier) < 2)
        return app_fail(m->app, "%s: is no classifier; 'genlat train net' makes one of labelled data", m->app->opts.classifier);
    if (measure_planes(m) == 0)
        return app_fail(m->app, "%s: takes samples of another shape than those of --data",
                        m->app->opts.classifier);
    return APP_OK;
}

int measure_open(measurement *m)
{
    app_state *app = m->app;
    const app_options *o = &app->opts;
    if (o->classifier) {
        if (genlat_model_load(app->ctx, o->classifier, &m->classifier) != GENLAT_OK)
            return app_fail_library(app);
        int status = check_classifier(m);
        if (status != APP_OK)
            return status;
    }
    genlat_status opened =
        o->reference ? genlat_files_open_like(app->ctx, o->reference, m->source, &m->reference) : GENLAT_OK;
    return opened == GENLAT_OK ? APP_OK : app_fail_setting(app, opened);
}

static void clear(measure_set *set)
{
    genlat_tensor_destroy(&set->x);
    genlat_tensor_destroy(&set->labels);
    genlat_tensor_destroy(&set->features);
}

void measure_close(measurement *m)
{
    clear(&m->real);
    clear(&m->made);
    clear(&m->other);
    genlat_source_destroy(&m->source);
    genlat_source_destroy(&m->reference);
    genlat_model_destroy(&m->classifier);
    genlat_model_destroy(&m->model);
}

/* ---- sets of samples ------------------------------------------------------------------------- */

int64_t measure_count(const measurement *m)
{
    const app_options *o = &m->app->opts;
    return o->count ? o->count : o->samples ? o->samples : measure_planes(m) > 1 ? STACKED : COMPARED;
}

static int read_set(measurement *m, genlat_source *source, measure_set *set)
{
    int64_t n = measure_count(m), count = genlat_source_count(source);
    bool labelled = genlat_source_classes(source) > 0;
    if (genlat_source_read(source, 0, n < count ? n : count, &set->x, labelled ? &set->labels : NULL) !=
        GENLAT_OK)
        return app_fail_library(m->app);
    return APP_OK;
}

/* A conditional model is asked for its classes in turn; the likelihood's own noise belongs to the samples of a VAE. */
static int make_set(measurement *m, measure_set *set)
{
    int64_t n = measure_count(m), classes = model_classes(m->model);
    if (classes > 0 && genlat_tensor_new(m->app->ctx, 1, &n, &set->labels) != GENLAT_OK)
        return app_fail_library(m->app);
    for (int64_t i = 0; classes > 0 && i < n; i++)
        genlat_tensor_data(set->labels)[i] = (float)(i % classes);
    return model_sample(m->app, m->model, n, set->labels, m->app->opts.draw, &set->x);
}

static int fill(measurement *m, measure_set *set)
{
    if (set->x)
        return APP_OK;
    return set == &m->made ? make_set(m, set) : read_set(m, set == &m->real ? m->source : m->reference, set);
}

/* What the classifier makes of samples, those of stacked planes each for itself: [n*planes,...]. */
static int ask(measurement *m, const measure_set *set,
               genlat_status (*question)(genlat_model *, const genlat_tensor *, genlat_tensor **),
               genlat_tensor **out)
{
    int32_t ndim = 0;
    /* data_shape writes GENLAT_MAX_DIMS sizes whatever the sample has */
    int64_t dims[1 + GENLAT_MAX_DIMS] = {genlat_tensor_dim(set->x, 0) * measure_planes(m)};
    genlat_tensor *planes = NULL;
    genlat_status status = genlat_model_data_shape(m->classifier, &ndim, dims + 1);
    if (status == GENLAT_OK)
        status = genlat_tensor_reshape(set->x, ndim + 1, dims, &planes);
    if (status == GENLAT_OK)
        status = question(m->classifier, planes, out);
    genlat_tensor_destroy(&planes);
    return status == GENLAT_OK ? APP_OK : app_fail_library(m->app);
}

static genlat_status encode(genlat_model *model, const genlat_tensor *x, genlat_tensor **z)
{
    return genlat_model_encode(model, x, NULL, z);
}

static int find_features(measurement *m, measure_set *set)
{
    genlat_tensor *features = NULL;
    int64_t dims[] = {0, -1};
    int status = fill(m, set);
    if (status != APP_OK || set->features)
        return status;
    dims[0] = genlat_tensor_dim(set->x, 0);
    if (m->classifier)
        status = ask(m, set, encode, &features);
    if (status == APP_OK &&
        genlat_tensor_reshape(features ? features : set->x, 2, dims, &set->features) != GENLAT_OK)
        status = app_fail_library(m->app);
    genlat_tensor_destroy(&features);
    return status;
}

static int both_features(measurement *m, measure_set *set)
{
    int status = find_features(m, &m->real);
    return status == APP_OK ? find_features(m, set) : status;
}

/* ---- comparisons ----------------------------------------------------------------------------- */

int measure_frechet(measurement *m, measure_set *set)
{
    int status = both_features(m, set);
    if (status == APP_OK &&
        genlat_metric_frechet_distance(m->real.features, set->features, &set->frechet) != GENLAT_OK)
        status = app_fail_library(m->app);
    return status;
}

int measure_kid(measurement *m, measure_set *set)
{
    int status = both_features(m, set);
    if (status != APP_OK)
        return status;
    int64_t a = genlat_tensor_dim(m->real.x, 0), b = genlat_tensor_dim(set->x, 0), least = a < b ? a : b;
    if (genlat_metric_kernel_distance(m->real.features, set->features, least > SUBSET ? SUBSET : 0, SUBSETS,
                                      app_seed(m->app), &set->kid, NULL) != GENLAT_OK)
        return app_fail_library(m->app);
    return APP_OK;
}

int measure_neighbours(measurement *m, measure_set *set)
{
    int status = both_features(m, set);
    set->neighbours.size = sizeof set->neighbours;
    if (status == APP_OK &&
        genlat_metric_neighbours(m->real.features, set->features, NEIGHBOURS, &set->neighbours) != GENLAT_OK)
        status = app_fail_library(m->app);
    return status;
}

/* ---- what a classifier says ------------------------------------------------------------------ */

static int want_classifier(const measurement *m, const char *metric)
{
    return m->classifier ? APP_OK
                         : app_usage(m->app, "%s wants --classifier, a model of 'genlat train net'", metric);
}

int measure_score(measurement *m, measure_set *set)
{
    genlat_tensor *answers = NULL;
    int status = want_classifier(m, "classifier_score");
    if (status == APP_OK && measure_planes(m) > 1)
        status = app_usage(m->app, "classifier_score wants samples that the classifier sees as a whole");
    if (status == APP_OK)
        status = fill(m, set);
    if (status == APP_OK)
        status = ask(m, set, genlat_predictor_predict, &answers);
    if (status == APP_OK &&
        genlat_metric_classifier_score(answers, genlat_tensor_dim(set->x, 0) < 100 * SPLITS ? 1 : SPLITS,
                                       &set->score, NULL) != GENLAT_OK)
        status = app_fail_library(m->app);
    genlat_tensor_destroy(&answers);
    return status;
}

/* The most probable class of each sample [n]; of stacked planes one number for all, the first plane counting least. */
static int find_classes(measurement *m, measure_set *set, int64_t *classes, genlat_tensor **out)
{
    genlat_tensor *answers = NULL;
    int status = fill(m, set);
    if (status == APP_OK)
        status = ask(m, set, genlat_predictor_predict, &answers);
    int64_t n = genlat_tensor_dim(set->x, 0), planes = measure_planes(m),
            each = genlat_tensor_dim(answers, 1);
    if (status == APP_OK && genlat_tensor_new(m->app->ctx, 1, &n, out) != GENLAT_OK)
        status = app_fail_library(m->app);
    *classes = 1;
    for (int64_t plane = 0; status == APP_OK && plane < planes; plane++, *classes *= each)
        for (int64_t i = 0; i < n; i++) {
            const float *row = genlat_tensor_const_data(answers) + (i * planes + plane) * each;
            int64_t best = 0;
            for (int64_t c = 1; c < each; c++)
                best = row[c] > row[best] ? c : best;
            genlat_tensor_data(*out)[i] += (float)(best * *classes);
        }
    genlat_tensor_destroy(&answers);
    return status;
}

int measure_agreement(measurement *m, measure_set *set)
{
    genlat_tensor *found = NULL;
    int64_t classes = 0, right = 0;
    int status = want_classifier(m, "agreement");
    if (status == APP_OK)
        status = fill(m, set);
    if (status == APP_OK && !set->labels)
        status = app_usage(m->app, "agreement wants a model that is conditional on classes");
    if (status == APP_OK)
        status = find_classes(m, set, &classes, &found);
    for (int64_t i = 0; status == APP_OK && i < genlat_tensor_dim(found, 0); i++)
        right += genlat_tensor_const_data(found)[i] == genlat_tensor_const_data(set->labels)[i];
    if (status == APP_OK)
        set->agreement = (double)right / (double)genlat_tensor_dim(found, 0);
    genlat_tensor_destroy(&found);
    return status;
}

static int mixture_modes(measurement *m, measure_set *set)
{
    genlat_tensor *centres = NULL;
    double sd = 0;
    int status = fill(m, set);
    if (status == APP_OK && (genlat_source_mixture(m->source, &centres, &sd) != GENLAT_OK ||
                             genlat_metric_modes(set->x, centres, sd, &set->modes) != GENLAT_OK))
        status = app_fail_library(m->app);
    genlat_tensor_destroy(&centres);
    return status;
}

/* Modes are those of a known mixture, or the classes that a classifier finds. */
int measure_modes(measurement *m, measure_set *set)
{
    genlat_tensor *found = NULL;
    int64_t classes = 0;
    set->modes.size = sizeof set->modes;
    if (!m->classifier)
        return mixture_modes(m, set);
    int status = find_classes(m, set, &classes, &found);
    if (status == APP_OK && genlat_metric_class_modes(found, classes, &set->modes) != GENLAT_OK)
        status = app_fail_library(m->app);
    genlat_tensor_destroy(&found);
    return status;
}
