/* SPDX-License-Identifier: MIT */
/* The train commands: opens data, creates model and trainer, reports progress, and writes the results. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "draw.h"
#include "figures.h"
#include "film.h"
#include "genlat/files.h"
#include "report.h"
#include "trace.h"
#include "train_kind.h"

/* Smallest interval between updates of the pictures during training, because drawing takes time. */
static const double plot_seconds = 15;

typedef struct training {
    app_state *app;
    const train_kind *kind;
    report report;
    genlat_model *model;
    genlat_source *train, *valid;
    genlat_trainer *trainer;
    json_t *train_terms, *valid_terms; /* terms of the last epoch */
    int64_t held_out;                  /* samples of the training data that are held out for validation */
    int64_t epoch, epochs_timed, step;
    double seconds, slowness; /* slowness: sum of the seconds per sample over epochs_timed epochs */
    double plotted;           /* time of the last pictures, in seconds of training */
    film film;
    trace trace;
    bool by_steps; /* the x axis of the curves is steps, not epochs */
    int status;    /* status of drawing */
} training;

void train_plot_path(const app_state *app, const char *name, bool image, char *path, size_t capacity)
{
    snprintf(path, capacity, "%s/%s.%s", app->opts.plots, name, image ? "png" : app->opts.plot_format);
}

bool train_images(const genlat_source *source)
{
    int32_t ndim = genlat_source_ndim(source);
    int64_t channels = genlat_source_dim(source, 0);
    genlat_description about = {.size = sizeof about};
    if (genlat_source_description(source, &about) == GENLAT_OK && about.content == GENLAT_CONTENT_SOUND)
        return false;
    return ndim == 2 || (ndim == 3 && (channels == 1 || channels == 3));
}

static json_t *terms_json(const genlat_event *e)
{
    json_t *terms = json_object();
    for (int64_t i = 0; i < e->count; i++)
        json_object_set_new(terms, e->names[i], output_number(e->values[i]));
    return terms;
}

static void replace(json_t **slot, json_t *value)
{
    json_decref(*slot);
    *slot = value;
}

/* Returns whether all values are 0, such as the penalty of a GAN without penalties. */
static bool is_zero(const double *values, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (values[i] != 0)
            return false;
    return true;
}

/* Collects the curves over epochs, or over steps if there is no validation. */
static int64_t find_curves(training *t, figure_curve *curves, int64_t *n)
{
    char name[64];
    int64_t count = 0, epochs = 0, other = 0;
    for (const train_curve *curve = t->kind->curves; curve->name; curve++) {
        figure_curve *c = &curves[count];
        *c = (figure_curve){.name = curve->name, .unit = curve->unit};
        if (genlat_trainer_history(t->trainer, curve->name, &c->train, &epochs) != GENLAT_OK ||
            (epochs == 0 && !t->by_steps))
            continue;
        *n = epochs;
        snprintf(name, sizeof name, "valid.%s", curve->name);
        if (!t->valid || genlat_trainer_history(t->trainer, name, &c->valid, &other) != GENLAT_OK)
            c->valid = NULL;
        for (int32_t k = 0; t->by_steps && k < t->trace.terms; k++)
            if (strcmp(genlat_trainer_curve(t->trainer, k), curve->name) == 0)
                c->train = t->trace.value[k];
        count += !is_zero(c->train, t->by_steps ? t->trace.count : epochs);
    }
    return count;
}

static int plot_curves(training *t)
{
    enum { MOST_EPOCHS = 2000 };
    figure_curve curves[FIGURE_MAX_CURVES];
    char path[1024];
    double epochs[MOST_EPOCHS];
    int64_t n = 0;
    n = genlat_trainer_epochs(t->trainer);
    t->by_steps = !t->valid || n == 0 || n > MOST_EPOCHS;
    int64_t count = find_curves(t, curves, &n);
    if (count == 0 || (t->by_steps && t->trace.count == 0))
        return APP_OK;
    for (int64_t i = 0; i < n && !t->by_steps; i++)
        epochs[i] = (double)(t->epoch - n + 1 + i);
    for (int64_t i = 0; i < count && t->by_steps; i++)
        curves[i].valid = NULL;
    train_plot_path(t->app, "loss", false, path, sizeof path);
    const char *wrong = t->by_steps ? figure_curves(path, count, curves, t->trace.count, t->trace.step, "step")
                                    : figure_curves(path, count, curves, n, epochs, "epoch");
    return wrong ? app_fail(t->app, "%s: %s", path, wrong) : APP_OK;
}

static int plot(training *t)
{
    int status = plot_curves(t);
    genlat_source *raw = NULL;
    if (status == APP_OK && genlat_source_raw(t->valid ? t->valid : t->train, &raw) != GENLAT_OK)
        status = app_fail_library(t->app);
    if (status == APP_OK)
        status = t->kind->pictures(t->app, t->model, raw);
    genlat_source_destroy(&raw);
    return status;
}

/* Returns whether to record a film: the model must generate images without a condition vector. */
static bool has_film(const training *t)
{
    return t->app->opts.plots && genlat_model_latent(t->model) && model_vector(t->model) == 0 && train_images(t->train);
}

static int take_frame(training *t, int64_t step)
{
    genlat_tensor *x = NULL;
    int status = model_sample(t->app, t->model, FILM_SAMPLES, NULL, false, &x);
    if (x)
        film_add(&t->film, step, x);
    return status;
}

/* Records the terms of the step, and a frame of the film if it is due. */
static int on_step(training *t, const genlat_event *e)
{
    int64_t steps = e->steps > 0 ? e->steps : e->epochs * e->epoch_steps;
    trace_add(&t->trace, e);
    return has_film(t) && t->status == APP_OK && film_due(&t->film, e->step, steps) ? take_frame(t, e->step)
                                                                                    : t->status;
}

/* Adds the final samples as the last frame, and writes the film. */
static int plot_film(training *t)
{
    int status = has_film(t) && t->film.count > 0 && t->film.last != t->step ? take_frame(t, t->step) : APP_OK;
    return status == APP_OK ? film_write(t->app, &t->film) : status;
}

static void end_of_epoch(training *t, const genlat_event *e)
{
    replace(&t->train_terms, terms_json(e));
    t->epochs_timed++;
    t->slowness += e->samples_per_s > 0 ? 1 / e->samples_per_s : 0;
}

/* Says so if the last validation is not the best one. */
static void end_of_training(training *t, const genlat_event *e)
{
    genlat_progress progress = {.size = sizeof progress};
    if (!t->train_terms)
        t->train_terms = terms_json(e);
    if (genlat_model_progress(t->model, &progress) == GENLAT_OK && progress.best_epoch > 0 &&
        progress.best_epoch < e->epoch)
        report_text(&t->report, e->text);
}

/* The event callback of the trainer. A return value other than 0 stops the training. */
static int32_t on_event(void *user, const genlat_event *e)
{
    training *t = user;
    report_event(&t->report, e);
    t->epoch = e->epoch;
    t->step = e->step;
    t->seconds = e->seconds;
    if (e->kind == GENLAT_EVENT_STEP)
        t->status = on_step(t, e);
    else if (e->kind == GENLAT_EVENT_EPOCH)
        end_of_epoch(t, e);
    else if (e->kind == GENLAT_EVENT_VALID)
        replace(&t->valid_terms, terms_json(e));
    else if (e->kind == GENLAT_EVENT_DONE)
        end_of_training(t, e);
    bool plots_due = e->kind == (t->valid ? GENLAT_EVENT_VALID : GENLAT_EVENT_EPOCH) && t->app->opts.plots;
    if (plots_due && e->seconds - t->plotted >= plot_seconds) {
        t->plotted = e->seconds;
        t->status = plot(t);
    }
    return t->status;
}

/* Checks before the training that the folder of an output file is writable. */
static int check_folder(app_state *app, const char *option, const char *path)
{
    char folder[1024] = ".";
    const char *slash = path ? strrchr(path, '/') : NULL;
    if (slash)
        snprintf(folder, sizeof folder, "%.*s", (int)(slash > path ? slash - path : 1), path);
    if (path && access(folder, W_OK) != 0)
        return app_fail(app, "%s %s: cannot write to the folder %s: %s", option, path, folder, strerror(errno));
    return APP_OK;
}

static int check_options(app_state *app)
{
    const app_options *o = &app->opts;
    char probe[16];
    snprintf(probe, sizeof probe, ".%.8s", o->plot_format);
    if (!draw_is_supported(probe))
        return app_usage(app, "--plot-format is '%s', png, svg or pdf expected", o->plot_format);
    if (o->resume && o->source)
        return app_usage(app, "--resume continues a training and --from begins a new one; use one of them");
    if ((o->resume || o->source) && (o->preset || app->setting_count))
        return app_usage(app, "%s cannot be changed with --%s, because it is part of the model; remove it",
                         o->preset ? "--preset" : app->settings[0].key, o->resume ? "resume" : "from");
    int status = check_folder(app, "--out", o->out);
    if (status == APP_OK)
        status = check_folder(app, "--log", o->log);
    if (status == APP_OK && o->plots && mkdir(o->plots, 0777) != 0 && errno != EEXIST)
        return app_fail(app, "--plots %s: cannot create the folder: %s", o->plots, strerror(errno));
    const char *wrong = status == APP_OK && o->plots ? draw_prepare() : NULL;
    return wrong ? app_fail(app, "--plots: cannot draw text: %s", wrong) : status;
}

/* Opens the validation data, or takes over how many samples of the training data are to be held out. */
static int find_valid(training *t)
{
    app_state *app = t->app;
    const char *valid = app->opts.valid;
    char *end = NULL;
    const double number = valid ? strtod(valid, &end) : 0;
    if (!valid)
        return APP_OK;
    if (strcmp(valid, "none") == 0)
        app->train.holdout = 0;
    else if (end > valid && !*end && number > 0)
        app->train.holdout = number;
    else if (genlat_files_open_like(app->ctx, valid, t->train, &t->valid) != GENLAT_OK)
        return app_fail(app, "--valid %s: %s", valid, genlat_last_error());
    return APP_OK;
}

/* A predictor needs what it is to predict. */
static int check_labels(const training *t)
{
    if (strcmp(t->kind->family, "predictor") != 0 || genlat_source_classes(t->train) > 0 ||
        genlat_source_condition(t->train) > 0)
        return APP_OK;
    return app_usage(t->app,
                     "--data %s has no labels to predict; name a column of a table by ?label=COLUMN for classes or "
                     "?target=COLUMN for numbers, or sort images and sounds into one folder for each class",
                     t->app->opts.data);
}

static int open_data(training *t)
{
    int status = data_open_training(t->app, t->model, &t->train);
    if (status == APP_OK)
        status = check_labels(t);
    return status == APP_OK ? find_valid(t) : status;
}

/* Reports an error of the trainer. What does not fit to the earlier training of a model is a matter of --from. */
static int fail_training(const training *t, genlat_status status)
{
    const char *resume = t->app->opts.resume;
    if (status == GENLAT_E_STATE && resume)
        return app_fail(t->app, "%s (here: --from %s instead of --resume)", genlat_last_error(), resume);
    return app_fail_setting(t->app, status);
}

/* Replaces the data by those of the trainer, and says how many samples it holds out, if the choice has not. */
static int take_data(training *t)
{
    char *text = t->app->chosen;
    const bool given = t->valid != NULL;
    const int64_t all = genlat_source_count(t->train);
    genlat_source_destroy(&t->train);
    genlat_source_destroy(&t->valid);
    if (genlat_trainer_data(t->trainer, &t->train, &t->valid) != GENLAT_OK)
        return app_fail_library(t->app);
    t->held_out = given ? 0 : genlat_source_count(t->valid);
    if (t->held_out && !*text)
        snprintf(text, sizeof t->app->chosen, "%lld of %lld samples held out for validation", (long long)t->held_out,
                 (long long)all);
    return APP_OK;
}

static int make_trainer(training *t)
{
    app_state *app = t->app;
    genlat_train_opts *opts = &app->train;
    if (!app->opts.out)
        app->opts.out = app->opts.resume;
    opts->last_path = app->opts.out;
    opts->log_path = app->opts.log;
    opts->event = on_event;
    opts->event_user = t;
    genlat_status status = genlat_trainer_new(t->model, t->train, t->valid, opts, &t->trainer);
    const int result = status == GENLAT_OK ? take_data(t) : APP_OK;
    if (*app->chosen && !app->opts.quiet)
        fprintf(app->opts.json ? stderr : stdout, "%s\n", app->chosen);
    return status == GENLAT_OK ? result : fail_training(t, status);
}

static json_t *done_json(const training *t, bool cancelled)
{
    double rate = t->slowness > 0 ? (double)t->epochs_timed / t->slowness : 0;
    json_t *object =
        json_pack("{s:s, s:I, s:I, s:o, s:o, s:O?, s:O?}", "event", cancelled ? "cancelled" : "done", "epochs",
                  (json_int_t)t->epoch, "steps", (json_int_t)t->step, "seconds", output_number(t->seconds),
                  "samples_per_s", output_number(rate), "train", t->train_terms, "valid", t->valid_terms);
    if (object && t->app->opts.out)
        json_object_set_new(object, "model", json_string(t->app->opts.out));
    if (object && *t->app->chosen)
        json_object_set_new(object, "chosen", json_string(t->app->chosen));
    if (object && t->held_out)
        json_object_set_new(object, "held_out", json_integer((json_int_t)t->held_out));
    return object;
}

static int interrupted(training *t)
{
    const char *out = t->app->opts.out;
    if (t->app->opts.plots && plot(t) == APP_OK) /* a failure has been printed, and changes nothing else */
        (void)plot_film(t);
    if (out)
        app_fail(t->app, "interrupted; resume with: genlat %s --resume %s ...", t->app->command->name, out);
    else
        app_fail(t->app, "interrupted; the model is not saved, because --out is not set");
    output_json(t->app, done_json(t, true));
    return APP_INTERRUPTED;
}

/* Writes the results of a completed training. */
static int finish(training *t)
{
    app_state *app = t->app;
    const app_options *o = &app->opts;
    int status = o->plots ? plot(t) : APP_OK;
    if (status == APP_OK && o->plots)
        status = plot_film(t);
    if (status != APP_OK)
        return status;
    if (!o->quiet && !o->json && o->out)
        printf("wrote %s\n", o->out);
    if (!o->quiet && !o->json && o->plots)
        printf("wrote pictures to %s\n", o->plots);
    return output_json(app, done_json(t, false));
}

static int train(training *t)
{
    int status = check_options(t->app);
    if (status == APP_OK)
        status = model_load_trained(t->app, t->kind->family, &t->model);
    if (status == APP_OK)
        status = open_data(t);
    if (status == APP_OK && !t->model)
        status = model_make(t->app, t->kind->family, t->valid != NULL, &t->train, &t->model);
    if (status == APP_OK)
        status = make_trainer(t);
    if (status != APP_OK)
        return status;
    report_begin(&t->report, t->app);
    signals_set_trainer(t->trainer);
    t->app->training = true;
    genlat_status ran = genlat_trainer_run(t->trainer);
    t->app->training = false;
    report_end(&t->report);
    if (t->status != APP_OK)
        return t->status;
    if (ran == GENLAT_E_CANCELLED)
        return interrupted(t);
    return ran == GENLAT_OK ? finish(t) : fail_training(t, ran);
}

int train_run(app_state *app, const train_kind *kind)
{
    training t = {.app = app, .kind = kind};
    int status = train(&t);
    signals_set_trainer(NULL);
    genlat_trainer_destroy(&t.trainer);
    film_free(&t.film);
    genlat_model_destroy(&t.model);
    genlat_source_destroy(&t.valid);
    genlat_source_destroy(&t.train);
    json_decref(t.train_terms);
    json_decref(t.valid_terms);
    return status;
}
