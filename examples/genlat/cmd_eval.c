/* SPDX-License-Identifier: MIT */
/* genlat eval: evaluates a model on data. Each metric that needs a model is one line of the table;
 * the others are those of genlat_metric_new(). A function may compute several
 * metrics; it runs once if any of them is selected. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "measure.h"

#define AT(field) offsetof(measurement, field)
#define IN(field) offsetof(measure_set, field)

enum { MOST_NAMES = 256 };

typedef enum form { NUMBER, PART, WHOLE, OF_MODES, LIST } form;

/* Families with a likelihood of their own, and families that generate samples. */
#define DENSITIES "gmm ppca rbm"
#define SAMPLED "vae gan semi " DENSITIES

static const struct metric {
    const char *name;
    const char *families;
    int (*measure)(measurement *m);                   /* evaluates the model on the data; NULL: see compare */
    int (*compare)(measurement *m, measure_set *set); /* evaluates a set of samples; NULL: see measure */
    size_t offset; /* of a double, an int64_t for modes, or doubles of a list, in the measurement or the set */
    form form;
    const char *help;
} metrics[] = {
    {"neg_elbo", "vae semi", measure_terms, NULL, AT(neg_elbo), NUMBER,
     "bound on -log p(x) in nats per sample; lower is better"},
    {"recon", "vae", measure_terms, NULL, AT(recon), NUMBER, "reconstruction term of neg_elbo"},
    {"kl", "vae", measure_terms, NULL, AT(kl), NUMBER, "KL term of neg_elbo"},
    {"terms", "vae predictor", measure_terms, NULL, AT(terms), LIST,
     "all that steps report, such as each term of a VAE"},
    {"nll", "vae " DENSITIES, measure_nll, NULL, AT(nll), NUMBER,
     "-log p(x) in nats per sample, of a VAE by importance sampling; lower is better"},
    {"active_units", "vae", measure_units, NULL, AT(active), WHOLE, "active latent dimensions"},
    {"codes_used", "vae", measure_codes, NULL, AT(used), WHOLE, "codes of a discrete posterior that occur"},
    {"perplexity", "vae", measure_codes, NULL, AT(perplexity), NUMBER,
     "e to the entropy of the codes' frequencies; higher is better"},
    {"mse", "vae predictor semi " DENSITIES, measure_mse, NULL, AT(mse), NUMBER,
     "mean squared error per element; lower is better"},
    {"accuracy", "predictor semi gan", measure_labels, NULL, AT(accuracy), PART, "samples classified correctly"},
    {"cross_entropy", "predictor semi gan", measure_labels, NULL, AT(cross_entropy), NUMBER,
     "loss of the labels in nats per sample; lower is better"},
    {"modes", SAMPLED, NULL, measure_modes, IN(modes.found), OF_MODES, "modes or classes found in the samples"},
    {"hq", SAMPLED, NULL, measure_modes, IN(modes.high_quality), PART,
     "samples within 3 standard deviations of a mode"},
    {"kl_modes", SAMPLED, NULL, measure_modes, IN(modes.kl), NUMBER,
     "KL of the mode frequencies from the uniform distribution, nats; 0 is best"},
    {"agreement", SAMPLED, NULL, measure_agreement, IN(agreement), PART, "samples with the requested class"},
};

const char *eval_metric(int32_t index, const char **help)
{
    const bool known = index >= 0 && (size_t)index < APP_COUNT(metrics);
    *help = known ? metrics[index].help : NULL;
    return known ? metrics[index].name : NULL;
}

static int unknown_metric(const app_state *app, const char *word)
{
    const char *names[MOST_NAMES];
    int64_t count = 0;
    for (size_t i = 0; i < APP_COUNT(metrics); i++)
        names[count++] = metrics[i].name;
    for (int32_t i = 0; count < MOST_NAMES && (names[count] = genlat_metric_name(i, NULL)) != NULL; i++)
        count++;
    return app_unknown(app, "metric", word, names, count);
}

static bool in_library(const char *word)
{
    const char *name = NULL;
    for (int32_t i = 0; (name = genlat_metric_name(i, NULL)) != NULL; i++)
        if (strcmp(name, word) == 0)
            return true;
    return false;
}

/* Selects one metric by its text: a name, and options if it is of the library, whose texts are collected. */
static int select_metric(const app_state *app, const char *text, bool *selected, char texts[APP_TEXT])
{
    char word[64];
    snprintf(word, sizeof word, "%.*s", (int)strcspn(text, " "), text);
    for (size_t i = 0; i < APP_COUNT(metrics); i++)
        if (strcmp(metrics[i].name, text) == 0) {
            selected[i] = true;
            return APP_OK;
        }
    if (!in_library(word))
        return unknown_metric(app, word);
    const size_t used = strlen(texts);
    snprintf(texts + used, APP_TEXT - used, "%s%s", used ? "," : "", text);
    return APP_OK;
}

/* Selects the metrics of a list such as "nll,kl,neighbours k=3". */
static int select_metrics(measurement *m, const char *list, bool *selected)
{
    char text[512], texts[APP_TEXT] = "";
    for (const char *at = list; at; at = strpbrk(at, ",;") ? strpbrk(at, ",;") + 1 : NULL) {
        at += strspn(at, " ");
        snprintf(text, sizeof text, "%.*s", (int)strcspn(at, ",;"), at);
        const int status = select_metric(m->app, text, selected, texts);
        if (status != APP_OK)
            return status;
    }
    const genlat_status status = *texts ? genlat_metric_new(m->app->ctx, texts, &m->chosen) : GENLAT_OK;
    return status == GENLAT_OK ? APP_OK : app_fail_setting(m->app, status);
}

/* Returns whether a word is in a list of words separated by blanks. */
static bool is_word(const char *list, const char *word)
{
    const size_t length = strlen(word);
    const char *at = list;
    while (at && (strncmp(at, word, length) != 0 || (at[length] && at[length] != ' ')))
        at = strchr(at, ' ') ? strchr(at, ' ') + 1 : NULL;
    return at;
}

/* Returns the default metrics. */
static const char *default_metrics(const measurement *m)
{
    genlat_tensor *centres = NULL;
    double sd = 0;
    if (!genlat_model_latent(m->model))
        return model_classes(m->model) ? "cross_entropy,accuracy" : "mse";
    if (m->classifier && measure_planes(m) > 1)
        return "modes,kl_modes,frechet";
    if (m->classifier)
        return model_classes(m->model) ? "frechet,kid,precision,recall,density,coverage,classifier_score,agreement"
                                       : "frechet,kid,precision,recall,density,coverage,classifier_score";
    if (strcmp(genlat_model_family(m->model), "vae") == 0)
        return genlat_vae_codes(m->model, NULL, NULL) == GENLAT_OK ? "neg_elbo,recon,kl,codes_used,perplexity"
                                                                   : "neg_elbo,recon,kl";
    if (strcmp(genlat_model_family(m->model), "semi") == 0)
        return genlat_source_classes(m->source) ? "neg_elbo,cross_entropy,accuracy" : "neg_elbo";
    if (is_word(DENSITIES, genlat_model_family(m->model)))
        return "nll";
    if (genlat_model_label_use(m->model) & GENLAT_LABEL_PREDICTED && genlat_source_classes(m->source))
        return "cross_entropy,accuracy";
    bool mixture = genlat_source_mixture(m->source, &centres, &sd) == GENLAT_OK;
    genlat_tensor_destroy(&centres);
    return mixture ? "modes,hq,kl_modes" : "frechet,kid,precision,recall,density,coverage";
}

/* ---- measuring ------------------------------------------------------------------------------- */

static int measure_one(measurement *m, const struct metric *metric)
{
    if (metric->measure)
        return metric->measure(m);
    int status = metric->compare(m, &m->generated);
    return status == APP_OK && m->reference ? metric->compare(m, &m->reference_set) : status;
}

static int measure(measurement *m, const bool *selected)
{
    int status = APP_OK;
    report_begin(&m->report, m->app);
    for (size_t i = 0; i < APP_COUNT(metrics) && status == APP_OK; i++) {
        bool measured = false;
        for (size_t j = 0; j < i; j++)
            measured = measured || (selected[j] && metrics[j].measure == metrics[i].measure &&
                                    metrics[j].compare == metrics[i].compare);
        if (!selected[i] || measured)
            continue;
        report_part(&m->report, metrics[i].name, (int64_t)i, (int64_t)APP_COUNT(metrics));
        status = measure_one(m, &metrics[i]);
    }
    if (m->chosen && status == APP_OK)
        status = measure_chosen(m, &m->generated);
    if (m->chosen && status == APP_OK && m->reference && measure_of_sets(m))
        status = measure_chosen(m, &m->reference_set);
    report_end(&m->report);
    return status;
}

static int check_kind(const measurement *m, const bool *selected)
{
    const char *family = genlat_model_family(m->model);
    if ((genlat_metric_needs(m->chosen) & GENLAT_METRIC_SAMPLES) && !is_word(SAMPLED, family))
        return app_usage(m->app, "metrics of samples are not available for a %s, only for: %s", family, SAMPLED);
    for (size_t i = 0; i < APP_COUNT(metrics); i++)
        if (selected[i] && !is_word(metrics[i].families, family))
            return app_usage(m->app, "metric %s is not available for a %s, only for: %s", metrics[i].name, family,
                             metrics[i].families);
    return APP_OK;
}

/* ---- output ---------------------------------------------------------------------------------- */

static const void *value_of(const measurement *m, const struct metric *metric, const measure_set *set)
{
    return (const char *)(metric->measure ? (const void *)m : set) + metric->offset;
}

static json_t *list_json(const measurement *m, const double *values)
{
    json_t *object = json_object();
    const char *name = NULL;
    for (int32_t i = 0; (name = genlat_model_term(m->model, i)); i++)
        json_object_set_new(object, name, output_number(values[i]));
    return object;
}

static json_t *value_json(const measurement *m, const struct metric *metric, const void *at)
{
    if (metric->form == LIST)
        return list_json(m, at);
    if (metric->form == OF_MODES)
        return json_integer((json_int_t) * (const int64_t *)at);
    double value = *(const double *)at;
    return metric->form == WHOLE ? json_integer((json_int_t)value) : output_number(value);
}

static void value_text(const struct metric *metric, const void *at, const measure_set *set, char text[32])
{
    if (metric->form == OF_MODES)
        snprintf(text, 32, "%lld of %lld", (long long)set->modes.found, (long long)set->modes.modes);
    else if (metric->form == PART)
        snprintf(text, 32, "%.2f %%", 100 * *(const double *)at);
    else
        snprintf(text, 32, "%.6g", *(const double *)at);
}

static void print_list(const measurement *m, const struct metric *metric)
{
    const char *name = NULL;
    printf("%s: %s\n", metric->name, metric->help);
    for (int32_t i = 0; (name = genlat_model_term(m->model, i)); i++)
        printf("  %-15s%14.6g\n", name, m->terms[i]);
}

static void print_head(const measurement *m, bool sets)
{
    const app_options *o = &m->app->opts;
    printf("%s (%s) on %s", m->app->model, genlat_model_family(m->model), o->data);
    if (sets && m->generated.x)
        printf(", %lld samples", (long long)genlat_tensor_dim(m->generated.x, 0));
    if (sets && m->classifier)
        printf(", with %s", o->classifier);
    printf("\n\n");
    if (m->reference)
        printf("%-24s%14s%14s\n", "", "model", "reference");
}

/* Prints the results of the metrics of the library, with standard error and sample size. */
static void print_chosen(const measurement *m)
{
    const genlat_metric_value *values = m->generated.values, *others = m->reference_set.values;
    for (int64_t i = 0; i < genlat_metric_count(m->chosen); i++) {
        const genlat_metric_value *v = &values[i];
        char column[24] = "";
        if (v->column >= 0)
            snprintf(column, sizeof column, "[%lld]", (long long)v->column);
        printf("%-24s%s%14.6g", v->name, column, v->value);
        if (m->reference && others)
            printf("%14.6g", others[i].value);
        else if (m->reference)
            printf("%14s", "");
        printf("   +- %-9.3g n %-6lld %s\n", v->error, (long long)v->count, v->help);
    }
}

static void print_table(const measurement *m, const bool *selected)
{
    bool sets = m->generated.x;
    for (size_t i = 0; i < APP_COUNT(metrics); i++)
        sets = sets || (selected[i] && metrics[i].compare);
    print_head(m, sets);
    for (size_t i = 0; i < APP_COUNT(metrics); i++) {
        char text[32], other[32] = "";
        const struct metric *metric = &metrics[i];
        if (!selected[i])
            continue;
        if (metric->form == LIST) {
            print_list(m, metric);
            continue;
        }
        value_text(metric, value_of(m, metric, &m->generated), &m->generated, text);
        if (m->reference && metric->compare)
            value_text(metric, value_of(m, metric, &m->reference_set), &m->reference_set, other);
        printf("%-24s%14s", metric->name, text);
        if (m->reference)
            printf("%14s", other);
        printf("   %s\n", metric->help);
    }
    print_chosen(m);
}

static void add_object(json_t *list, const char *name, json_t *value, double error, int64_t count)
{
    json_array_append_new(list, json_pack("{s:s, s:o, s:o, s:I}", "name", name, "value", value, "error",
                                          output_number(error), "count", (json_int_t)count));
}

/* Adds the results of the metrics of the library: an object for each, and numbers of all columns by name. */
static void add_chosen(const measurement *m, json_t *object, json_t *list)
{
    const genlat_metric_value *others = m->reference_set.values;
    for (int64_t i = 0; i < genlat_metric_count(m->chosen); i++) {
        const genlat_metric_value *v = &m->generated.values[i];
        char name[64];
        add_object(list, v->name, output_number(v->value), v->error, v->count);
        json_t *added = json_array_get(list, json_array_size(list) - 1);
        json_object_set_new(added, "metric", json_string(v->kind));
        if (v->column >= 0)
            json_object_set_new(added, "column", json_integer((json_int_t)v->column));
        else
            json_object_set_new(object, v->name, output_number(v->value));
        if (!others || v->column >= 0)
            continue;
        snprintf(name, sizeof name, "%s_reference", v->name);
        json_object_set_new(object, name, output_number(others[i].value));
        json_object_set_new(added, "reference", output_number(others[i].value));
    }
}

static int print_results(const measurement *m, const bool *selected)
{
    json_t *object = json_object(), *list = json_array();
    if (!m->app->opts.json && !m->app->opts.quiet)
        print_table(m, selected);
    for (size_t i = 0; i < APP_COUNT(metrics); i++) {
        char name[64];
        if (!selected[i])
            continue;
        json_object_set_new(object, metrics[i].name,
                            value_json(m, &metrics[i], value_of(m, &metrics[i], &m->generated)));
        add_object(list, metrics[i].name, value_json(m, &metrics[i], value_of(m, &metrics[i], &m->generated)), NAN,
                   metrics[i].compare ? genlat_tensor_dim(m->generated.x, 0) : genlat_source_count(m->part));
        snprintf(name, sizeof name, "%s_reference", metrics[i].name);
        if (m->reference && metrics[i].compare)
            json_object_set_new(object, name, value_json(m, &metrics[i], value_of(m, &metrics[i], &m->reference_set)));
    }
    add_chosen(m, object, list);
    json_object_set_new(object, "metrics", list);
    return output_json(m->app, object);
}

int cmd_eval(app_state *app)
{
    measurement m = {.app = app};
    bool selected[APP_COUNT(metrics)] = {false};
    int status = app->opts.metric ? select_metrics(&m, app->opts.metric, selected) : APP_OK;
    if (status == APP_OK)
        status = model_load(app, &m.model);
    if (status == APP_OK)
        status = check_kind(&m, selected);
    if (status == APP_OK)
        status = data_open(app, m.model, &m.source);
    if (status == APP_OK)
        status = measure_open(&m);
    if (status == APP_OK && !app->opts.metric)
        status = select_metrics(&m, default_metrics(&m), selected);
    if (status == APP_OK)
        status = measure(&m, selected);
    if (status == APP_OK)
        status = print_results(&m, selected);
    measure_close(&m);
    return status;
}
