/* SPDX-License-Identifier: MIT */
/* Metrics of measure.h that evaluate sets of samples: comparison with the data, with a known mixture, or by a
 * classifier. */
#include <stdlib.h>
#include <string.h>

#include "genlat/files.h"
#include "measure.h"

enum { COMPARED = 2500, STACKED = 26000 };

/* ---- the classifier -------------------------------------------------------------------------- */

int64_t measure_planes(const measurement *m)
{
    int32_t ndim = 0;
    int64_t dims[GENLAT_MAX_DIMS];
    if (!m->classifier || genlat_model_data_shape(m->classifier, &ndim, dims) != GENLAT_OK)
        return 1;
    int64_t planes = dims[0] > 0 ? genlat_source_dim(m->source, 0) / dims[0] : 0;
    bool fits =
        genlat_source_ndim(m->source) == ndim && planes > 0 && planes * dims[0] == genlat_source_dim(m->source, 0);
    for (int32_t i = 1; fits && i < ndim; i++)
        fits = dims[i] == genlat_source_dim(m->source, i);
    return fits ? planes : 0;
}

static int check_classifier(const measurement *m)
{
    if (strcmp(genlat_model_family(m->classifier), "predictor") != 0 || model_classes(m->classifier) < 2)
        return app_fail(m->app, "%s: not a classifier; train one on labelled data with 'genlat train net'",
                        m->app->opts.classifier);
    if (measure_planes(m) == 0)
        return app_fail(m->app, "%s: the input shape of the classifier does not match the samples of --data",
                        m->app->opts.classifier);
    return APP_OK;
}

/* Limits the source to its first --count samples. */
static int open_part(measurement *m)
{
    const int64_t count = genlat_source_count(m->source);
    const int64_t n = m->app->opts.count && m->app->opts.count < count ? m->app->opts.count : count;
    int64_t *numbers = malloc((size_t)n * sizeof *numbers);
    if (!numbers)
        return app_fail(m->app, "out of memory for %lld samples", (long long)n);
    for (int64_t i = 0; i < n; i++)
        numbers[i] = i;
    const genlat_status status = genlat_source_subset(m->source, numbers, n, &m->part);
    free(numbers);
    return status == GENLAT_OK ? APP_OK : app_fail_library(m->app);
}

int measure_open(measurement *m)
{
    app_state *app = m->app;
    const app_options *o = &app->opts;
    const int limited = open_part(m);
    if (limited != APP_OK)
        return limited;
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
    free(set->values);
}

void measure_close(measurement *m)
{
    clear(&m->real);
    clear(&m->generated);
    clear(&m->reference_set);
    genlat_tensor_destroy(&m->probabilities);
    genlat_tensor_destroy(&m->reconstructions);
    genlat_tensor_destroy(&m->codes);
    genlat_tensor_destroy(&m->factors);
    genlat_metric_destroy(&m->chosen);
    genlat_source_destroy(&m->part);
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
    if (genlat_source_read(source, 0, n < count ? n : count, &set->x, labelled ? &set->labels : NULL) != GENLAT_OK)
        return app_fail_library(m->app);
    return APP_OK;
}

/* Generates samples. A conditional model generates its classes in turn. */
static int generate_set(measurement *m, measure_set *set)
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
    return set == &m->generated ? generate_set(m, set) : read_set(m, set == &m->real ? m->source : m->reference, set);
}

/* Applies a function of the classifier to samples. Each plane of a sample is one input: the result is
 * [n*planes,...]. */
static int apply_classifier(measurement *m, const measure_set *set,
                            genlat_status (*function)(genlat_model *, const genlat_tensor *, genlat_tensor **),
                            genlat_tensor **out)
{
    int32_t ndim = 0;
    /* genlat_model_data_shape() always writes GENLAT_MAX_DIMS sizes. */
    int64_t dims[1 + GENLAT_MAX_DIMS] = {genlat_tensor_dim(set->x, 0) * measure_planes(m)};
    genlat_tensor *planes = NULL;
    genlat_status status = genlat_model_data_shape(m->classifier, &ndim, dims + 1);
    if (status == GENLAT_OK)
        status = genlat_tensor_reshape(set->x, ndim + 1, dims, &planes);
    if (status == GENLAT_OK)
        status = function(m->classifier, planes, out);
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
        status = apply_classifier(m, set, encode, &features);
    if (status == APP_OK && genlat_tensor_reshape(features ? features : set->x, 2, dims, &set->features) != GENLAT_OK)
        status = app_fail_library(m->app);
    genlat_tensor_destroy(&features);
    return status;
}

static int both_features(measurement *m, measure_set *set)
{
    int status = find_features(m, &m->real);
    return status == APP_OK ? find_features(m, set) : status;
}

/* ---- metrics with a classifier --------------------------------------------------------------- */

static int require_classifier(const measurement *m, const char *metric)
{
    return m->classifier ? APP_OK
                         : app_usage(m->app, "metric %s needs --classifier, a model of 'genlat train net'", metric);
}

/* Computes the most probable class of each sample [n]. The classes of stacked planes are combined to one number, in
 * which the first plane is the least significant digit. */
static int find_classes(measurement *m, measure_set *set, int64_t *classes, genlat_tensor **out)
{
    genlat_tensor *predictions = NULL;
    int status = fill(m, set);
    if (status == APP_OK)
        status = apply_classifier(m, set, genlat_model_predict, &predictions);
    int64_t n = genlat_tensor_dim(set->x, 0), planes = measure_planes(m), each = genlat_tensor_dim(predictions, 1);
    if (status == APP_OK && genlat_tensor_new(m->app->ctx, 1, &n, out) != GENLAT_OK)
        status = app_fail_library(m->app);
    *classes = 1;
    for (int64_t plane = 0; status == APP_OK && plane < planes; plane++, *classes *= each)
        for (int64_t i = 0; i < n; i++) {
            const float *row = genlat_tensor_const_data(predictions) + (i * planes + plane) * each;
            int64_t best = 0;
            for (int64_t c = 1; c < each; c++)
                best = row[c] > row[best] ? c : best;
            genlat_tensor_data(*out)[i] += (float)(best * *classes);
        }
    genlat_tensor_destroy(&predictions);
    return status;
}

int measure_agreement(measurement *m, measure_set *set)
{
    genlat_tensor *found = NULL;
    int64_t classes = 0, correct = 0;
    int status = require_classifier(m, "agreement");
    if (status == APP_OK)
        status = fill(m, set);
    if (status == APP_OK && !set->labels)
        status = app_usage(m->app, "metric agreement needs a model that is conditional on classes");
    if (status == APP_OK)
        status = find_classes(m, set, &classes, &found);
    for (int64_t i = 0; status == APP_OK && i < genlat_tensor_dim(found, 0); i++)
        correct += genlat_tensor_const_data(found)[i] == genlat_tensor_const_data(set->labels)[i];
    if (status == APP_OK)
        set->agreement = (double)correct / (double)genlat_tensor_dim(found, 0);
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

/* Computes the metrics of modes. Modes are the components of a known mixture, or the classes of the classifier. */
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

/* ---- metrics of the library ------------------------------------------------------------------ */

static int give_sets(measurement *m, measure_set *set, genlat_metric_input *in)
{
    const int status = both_features(m, set);
    in->samples = set->features;
    in->data = m->real.features;
    return status;
}

static int give_training(measurement *m, measure_set *set, genlat_metric_input *in)
{
    (void)set;
    if (!m->reference)
        return app_usage(m->app, "a copy check needs the training data: set --reference, and held-out data as --data");
    const int status = both_features(m, &m->reference_set);
    in->training = m->reference_set.features;
    return status;
}

static int give_reconstructions(measurement *m, measure_set *set, genlat_metric_input *in)
{
    genlat_tensor *labels = NULL;
    (void)set;
    int status = m->real.x ? APP_OK : fill(m, &m->real);
    if (status == APP_OK && model_conditional(m->model))
        labels = m->real.labels;
    if (status == APP_OK && genlat_model_reconstruct(m->model, m->real.x, labels, &m->reconstructions) != GENLAT_OK)
        status = app_fail_library(m->app);
    in->originals = m->real.x;
    in->reconstructions = m->reconstructions;
    return status;
}

static int read_factors(measurement *m, int64_t n)
{
    const int64_t dims[] = {n, genlat_source_factor_count(m->source)};
    int64_t *numbers = malloc((size_t)n * sizeof *numbers);
    genlat_status status = numbers ? genlat_tensor_new(m->app->ctx, 2, dims, &m->factors) : GENLAT_OK;
    for (int64_t i = 0; numbers && i < n; i++)
        numbers[i] = i;
    if (numbers && status == GENLAT_OK)
        status = genlat_source_factors(m->source, numbers, n, m->factors);
    const bool have = numbers;
    free(numbers);
    if (!have)
        return app_fail(m->app, "out of memory for %lld samples", (long long)n);
    return status == GENLAT_OK ? APP_OK : app_fail_library(m->app);
}

static int give_codes(measurement *m, measure_set *set, genlat_metric_input *in)
{
    (void)set;
    if (genlat_source_factor_count(m->source) == 0)
        return app_usage(m->app, "metrics of disentanglement need data with known factors, such as --data shapes");
    int status = m->real.x ? APP_OK : fill(m, &m->real);
    if (status == APP_OK &&
        genlat_model_encode(m->model, m->real.x, model_conditional(m->model) ? m->real.labels : NULL, &m->codes) !=
            GENLAT_OK)
        status = app_fail_library(m->app);
    if (status == APP_OK)
        status = read_factors(m, genlat_tensor_dim(m->real.x, 0));
    in->codes = m->codes;
    in->factors = m->factors;
    return status;
}

static int give_scores(measurement *m, measure_set *set, genlat_metric_input *in)
{
    (void)set;
    (void)in;
    return app_usage(m->app, "metrics of scores and labels are not available here; genlat_metric_compute() has them");
}

static int give_probabilities(measurement *m, measure_set *set, genlat_metric_input *in)
{
    int status = require_classifier(m, "classifier_score");
    if (status == APP_OK && measure_planes(m) > 1)
        status = app_usage(m->app, "metric classifier_score does not support stacked samples");
    if (status == APP_OK)
        status = fill(m, set);
    genlat_tensor_destroy(&m->probabilities);
    if (status == APP_OK)
        status = apply_classifier(m, set, genlat_model_predict, &m->probabilities);
    in->probabilities = m->probabilities;
    return status;
}

/* What metrics need, and how the program computes it. */
static const struct giver {
    int64_t needs;
    int (*give)(measurement *m, measure_set *set, genlat_metric_input *in);
} givers[] = {
    {GENLAT_METRIC_SAMPLES | GENLAT_METRIC_DATA, give_sets},
    {GENLAT_METRIC_TRAINING, give_training},
    {GENLAT_METRIC_RECONSTRUCTIONS | GENLAT_METRIC_ORIGINALS, give_reconstructions},
    {GENLAT_METRIC_CODES | GENLAT_METRIC_FACTORS, give_codes},
    {GENLAT_METRIC_SCORES | GENLAT_METRIC_LABELS, give_scores},
    {GENLAT_METRIC_PROBABILITIES, give_probabilities},
};

bool measure_of_sets(const measurement *m)
{
    const int64_t needs = genlat_metric_needs(m->chosen);
    return (needs & ~(GENLAT_METRIC_SAMPLES | GENLAT_METRIC_DATA | GENLAT_METRIC_PROBABILITIES)) == 0;
}

int measure_chosen(measurement *m, measure_set *set)
{
    genlat_metric_input in = {.size = sizeof in};
    int status = APP_OK;
    for (size_t i = 0; i < APP_COUNT(givers) && status == APP_OK; i++)
        if (genlat_metric_needs(m->chosen) & givers[i].needs)
            status = givers[i].give(m, set, &in);
    if (status != APP_OK)
        return status;
    if (genlat_metric_compute(m->chosen, &in) != GENLAT_OK)
        return app_fail_library(m->app);
    const int64_t count = genlat_metric_count(m->chosen);
    set->values = malloc((size_t)count * sizeof *set->values);
    if (!set->values)
        return app_fail(m->app, "out of memory for %lld results", (long long)count);
    for (int64_t i = 0; i < count; i++) {
        set->values[i].size = sizeof *set->values;
        if (genlat_metric_result(m->chosen, i, &set->values[i]) != GENLAT_OK)
            return app_fail_library(m->app);
    }
    return APP_OK;
}
