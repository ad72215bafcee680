/* SPDX-License-Identifier: MIT */
/*
 * model: the code common to all families of models: parts, configuration, files, workspaces, builder, and the public
 *        functions of genlat_model.
 * Uses: base, kernel, tensor, io, layer, net, density, loss, latent, optim, data.
 * Adding: a family is a module that defines a gnl_model_type. Add one line for it to lib/families.c. A sampler is a
 *         file in sampler/ and one line in its table.c.
 * Tests: tests/unit/test_model.c, test_auto.c, test_model_builder.c, test_model_options.c, test_model_files.c,
 *        test_terms.c, tests/golden/test_old_files.c, and those of the families.
 */
#ifndef GNL_MODEL_H
#define GNL_MODEL_H

#include <pthread.h>

#include "data/data.h"
#include "io/io.h"
#include "loss/loss.h"
#include "model/choice.h"
#include "model/config.h"
#include "model/sampler.h"
#include "model/streams.h"
#include "net/exec.h"
#include "net/part.h"
#include "optim/optim.h"
#include "genlat/complete.h"
#include "genlat/model.h"
#include "genlat/predictor.h"

enum {
    GNL_MAX_PARTS = 16,
    GNL_MAX_OPTIMIZERS = 4,
    GNL_MAX_SCHEDULES = 4,
    GNL_MAX_NETS = 4, /* of a family */
    GNL_MAX_POOLS = 4,
    GNL_MAX_BLOCKS = 24, /* of a workspace */
    GNL_MAX_EXECS = 8,
    GNL_MAX_FIELDS = 20 /* of the progress, and of the counters of a family */
};

/* ---- workspaces -------------------------------------------------------------------------------- */

typedef struct gnl_workspace gnl_workspace;

/* A kind of workspace: execs and arrays for a number of rows. The family's struct begins with a gnl_workspace. */
typedef struct gnl_workspace_type {
    size_t size;
    int64_t most_rows; /* largest number of rows; 0: no limit */
    genlat_status (*fill)(genlat_model *model, gnl_workspace *work);
    void (*clear)(genlat_model *model, gnl_workspace *work); /* frees all but blocks and execs; NULL: nothing to free */
} gnl_workspace_type;

struct gnl_workspace {
    const gnl_workspace_type *type;
    gnl_workspace *next; /* next idle workspace of the pool */
    int64_t rows;        /* largest number of rows */
    genlat_ctx *ctx;
    void *block[GNL_MAX_BLOCKS]; /* arrays, freed with the workspace */
    int blocks;
    genlat_exec *exec[GNL_MAX_EXECS]; /* released with the workspace */
    int execs;
};

/* Allocates an array that is freed with the workspace, and stores its address in *out. */
genlat_status gnl_workspace_alloc(gnl_workspace *work, size_t count, size_t size, void *out);
/* Compiles an exec that is released with the workspace. It uses memory of `outer`, or separate memory if outer is
 * NULL. */
genlat_status gnl_workspace_exec(gnl_workspace *work, genlat_exec *outer, genlat_net *net, int64_t rows,
                                 const genlat_exec_opts *opts, genlat_exec **out);

/* Acquires a workspace for `rows` rows, or for most_rows of its type if that is less. Callable from any thread. */
genlat_status gnl_pool_acquire(genlat_model *model, int pool, int64_t rows, gnl_workspace **out);
void gnl_pool_release(genlat_model *model, int pool, gnl_workspace *work);

/* Splits `all` rows into chunks that fit a workspace of the pool, and calls fn for rows first .. first+rows-1 of
 * each. */
typedef genlat_status gnl_chunk_fn(genlat_model *model, gnl_workspace *work, int64_t first, int64_t rows, void *user);
genlat_status gnl_model_chunks(genlat_model *model, int pool, int64_t all, gnl_chunk_fn *fn, void *user);

/* Ensures that model->work, the workspace of the training thread, has at least `rows` rows. Replaces it if it is too
 * small. */
genlat_status gnl_model_want_work(genlat_model *model, int64_t rows);

/* ---- families ----------------------------------------------------------------------------------- */

/* The progress of training. A model file stores it, so that a resumed training continues exactly. */
typedef struct gnl_progress {
    int64_t step;       /* number of updates */
    int64_t passes;     /* number of backward passes; each pass has separate random substreams */
    int64_t epoch;      /* completed epochs */
    int64_t position;   /* samples consumed in the current epoch */
    int64_t best_epoch; /* epoch of the best validation; 0: none yet */
    int64_t waited;     /* validations since the best one */
    double best;        /* value of the best validation */
    double seconds;     /* training time */
    int64_t seed;       /* of the noise of training */
    /* Options of the trainer that its next runs must repeat. */
    int64_t batch; /* 0: no trainer has run yet */
    int64_t order_seed, shuffle, drop_last;
    int64_t samples;  /* of the training data, without those held out */
    int64_t held_out; /* samples of the training data that are held out for validation */
    int64_t swapped;  /* 1: the model has its best weights, and model->best the last ones, with which a run goes on */
} gnl_progress;

/* A net of a family: the name of its part and the index of its optimizer. */
typedef struct gnl_net_slot {
    const char *name;
    int optimizer;
} gnl_net_slot;

/* The inputs of a net that is created from text. */
typedef struct gnl_input_list {
    int count;
    const char *name[GNL_MAX_INPUTS];
    gnl_shape shape[GNL_MAX_INPUTS];
} gnl_input_list;

/* Arguments of decode. */
typedef struct gnl_decode {
    const gnl_real *z; /* [rows,latent] */
    int64_t rows;
    const genlat_tensor *labels; /* valid labels; NULL without condition */
    gnl_real *out;               /* [rows,data] */
    const gnl_rng *noise;        /* random numbers to sample from the distribution of the data; NULL: write its mean */
    bool raw;                    /* use the trained weights instead of their average */
    const gnl_rng *steps;        /* random numbers of decoders that draw each step; NULL: those of the context's seed */
} gnl_decode;

/* Returns the random numbers to sample from the distribution of the data. */
static inline gnl_rng gnl_model_draws(uint64_t seed)
{
    return gnl_rng_make(seed, GNL_STREAM_SAMPLE, UINT64_C(1) << GNL_SAMPLE_NOISE_BIT);
}

/* Arguments of prior. Latent i comes from substream first + i of the seed. */
typedef struct gnl_prior_call {
    int64_t rows;
    uint64_t seed, first;
    const genlat_sample_opts *opts;
} gnl_prior_call;

/* Values of data that the likelihood of a model accepts, and its name. NULL: any finite number. */
typedef struct gnl_support {
    gnl_loss_range range;
    const char *name;
    bool missing; /* NaN is a missing value, which the model accepts */
} gnl_support;

/* Arguments of fill_in. */
typedef struct gnl_completion {
    const genlat_tensor *x, *labels; /* scaled data, NaN for missing elements; labels as for encode */
    const genlat_complete_opts *opts;
    /* [rows,data], or [draws,rows,data] if opts->draws > 0. Values are expected for missing elements only; the others
     * are overwritten. */
    gnl_real *out;
} gnl_completion;

/* How far a decoder uses the codes of some rows. */
typedef struct gnl_code_use {
    double loss;            /* mean reconstruction loss, nats */
    double gain;            /* increase of it when each row is decoded from the code of another */
    int64_t active, latent; /* dimensions that vary, and all */
    int64_t used, usable;   /* codes that occur, and those that could occur; usable is 0 if codes are not discrete */
} gnl_code_use;

/* A score of rows. */
typedef struct gnl_score {
    const char *name, *help;
} gnl_score;

/* Arguments of score: valid data in the scaling of the model. Random numbers of row i depend on the seed and first + i
 * only. */
typedef struct gnl_score_call {
    const genlat_tensor *x, *labels;
    int64_t samples;
    uint64_t seed;
    int64_t first;
    double *out; /* [rows,scores], 0 at first */
} gnl_score_call;

/* Options of genlat_sample_opts that a family supports. ALWAYS: samples are drawn from the distribution of the data
 * even without draw. */
enum { GNL_SAMPLE_DRAW = 1, GNL_SAMPLE_RAW = 2, GNL_SAMPLE_ALWAYS = 4 };

/* What a family does with labels; flags, see genlat_model_label_use(). */
typedef unsigned gnl_label_use_fn(const gnl_config *config);

typedef struct gnl_model_type {
    const char *name, *help;
    size_t size; /* size of the family's struct, which begins with a genlat_model */
    const gnl_config_type *config;
    const gnl_preset *presets;      /* terminated by a NULL name; the first is the default */
    const gnl_choice *choices;      /* of presets by the data; the last row applies to all data */
    const char *const *choice_keys; /* settings that the report of a choice lists, terminated by NULL */
    const gnl_net_slot *nets;       /* terminated by a NULL name */

    /* Completes the configuration, and the layer texts of the nets unless nets_given. Data and classes are set
     * before. */
    genlat_status (*complete)(genlat_ctx *ctx, gnl_config *config, bool nets_given);
    gnl_input_list (*inputs)(const gnl_config *config, int net);
    /* Finds the range of data that the likelihood accepts, or that the outputs have. NULL: any number. */
    genlat_status (*range)(genlat_ctx *ctx, const gnl_config *config, gnl_loss_range *out);
    /* Returns whether data may have missing values. NULL: no. */
    bool (*accepts_missing)(const gnl_config *config);
    /* For a model from a file: sets the shape of the data, which it reads from the nets. NULL: the file has it. */
    genlat_status (*read_shape)(gnl_config *config, genlat_net *const *nets);
    /* Checks configuration and nets, creates the other parts, and sets model->terms. */
    genlat_status (*make)(genlat_model *model);
    genlat_status (*finish)(genlat_model *model); /* called after optimizers and schedules exist; may be NULL */
    /* Initializes values that depend on the data. May be NULL. */
    genlat_status (*start)(genlat_model *model, const genlat_source *source);
    void (*release)(genlat_model *model); /* releases the family's own members; may be NULL */
    /* Lists counters stored in files; may be NULL. */
    int (*fields)(genlat_model *model, gnl_keep keep, gnl_field *out);
    void (*loaded)(genlat_model *model, bool training); /* called after a file has been read; may be NULL */

    const gnl_workspace_type *training;
    const gnl_workspace_type *pool[GNL_MAX_POOLS];

    /* Performs one update on a valid batch. On E_NUMERIC the model is unchanged. */
    genlat_status (*step)(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels, double *terms);
    /* Ends a pass over the training data, which a trainer has fed to the steps, or the last pass early unless
     * fits_epochs. May replace the means of the terms over the pass. NULL: nothing. */
    genlat_status (*end_epoch)(genlat_model *model, double *terms);
    bool fits_epochs; /* steps only collect data, from which end_epoch computes the parameters */
    /* Computes the means of the terms over the rows of a batch, in evaluation mode. `first` is the index of the first
     * row in the source: random numbers depend on the seed and this index only. NULL for models without validation. */
    genlat_status (*evaluate)(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels, uint64_t seed,
                              int64_t first, double *terms);
    int64_t (*least_rows)(const genlat_model *model);             /* rows of a batch that a step needs; NULL: 1 */
    void (*support)(const genlat_model *model, gnl_support *out); /* NULL: any finite number */
    /* Measures the use of the codes on at least two rows, in evaluation mode. NULL for models without codes. */
    genlat_status (*inspect)(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels,
                             gnl_code_use *out);
    int64_t (*code_size)(const genlat_model *model);   /* width of the output of encode */
    int64_t (*latent_size)(const genlat_model *model); /* width of a latent; NULL: the model has no latents */
    genlat_status (*encode)(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels, gnl_real *out);
    /* Returns E_UNSUPPORTED if the codes of encode have no density that a sampler could fit. NULL: they have one. */
    genlat_status (*check_sampler)(const genlat_model *model);
    /* Samples latents [rows,latent] from the prior. */
    genlat_status (*prior)(genlat_model *model, const gnl_prior_call *call, gnl_real *z);
    genlat_status (*decode)(genlat_model *model, const gnl_decode *decode);
    unsigned sample_options; /* GNL_SAMPLE_* */
    /* Computes missing elements: their means given the observed ones, or draws. NULL: the family cannot. */
    genlat_status (*fill_in)(genlat_model *model, const gnl_completion *call);
    gnl_label_use_fn *label_use; /* NULL: GENLAT_LABEL_INPUT */
    /* Predicts labels [rows,condition] where label_use has GENLAT_LABEL_PREDICTED: probabilities of the classes, or
     * vectors. */
    genlat_status (*predict)(genlat_model *model, const genlat_tensor *x, gnl_real *out);
    /* Lists the scores of rows, terminated by a NULL name, and computes them. NULL: there are none. */
    const gnl_score *(*scores)(const genlat_model *model);
    genlat_status (*score)(genlat_model *model, gnl_score_call *call);
    /* Creates the source that a training on `source` reads; source itself if it is NULL or returns it. */
    genlat_status (*training_source)(const genlat_model *model, genlat_source *source, genlat_source **out);
    genlat_net *(*net)(genlat_model *model, const char *name); /* returns a net that is not among `nets`; may be NULL */
    gnl_use pass_bits; /* log2 of the random substreams per pass, such as GNL_VAE_BITS */
} gnl_model_type;

/* All families, terminated by NULL. Defined in lib/families.c, which depends on all of them. */
extern const gnl_model_type *const gnl_families[];

/* Returns the family of a name, or NULL. Implemented in lib/families.c, which depends on all families. */
typedef const gnl_model_type *gnl_find_family_fn(const char *name);

/* ---- models ------------------------------------------------------------------------------------- */

typedef struct gnl_model_optimizer {
    genlat_optim *optim;
    double lr; /* base learning rate, which the schedule multiplies */
} gnl_model_optimizer;

/* First member of every family's struct. */
struct genlat_model {
    gnl_object object;
    const gnl_model_type *type;
    gnl_config *config;       /* the family's configuration struct */
    const char *const *terms; /* names of the values of a step, terminated by NULL; the first is minimized */
    gnl_progress progress;
    int64_t size;      /* elements of one sample */
    int64_t condition; /* length of the condition as a vector; 0: none */
    genlat_net *net[GNL_MAX_NETS];
    gnl_part part[GNL_MAX_PARTS];
    int parts;
    gnl_model_optimizer optimizer[GNL_MAX_OPTIMIZERS];
    genlat_schedule *schedule[GNL_MAX_SCHEDULES]; /* in the order of their texts; NULL: constant */
    gnl_workspace *work;                          /* of the training thread; NULL before the first step */
    gnl_real *saved;                              /* state before a step, to roll back a failed step */
    int64_t saved_numbers, saved_passes, saved_steps[GNL_MAX_OPTIMIZERS];
    pthread_mutex_t lock; /* guards the pools */
    gnl_workspace *pool[GNL_MAX_POOLS];
    atomic_int in_training; /* 1: a trainer or a step is changing the model */
    atomic_llong generated; /* samples generated so far from the random stream of the context's seed */
    gnl_real *best;         /* snapshot of the best validation, see progress.swapped; NULL: not allocated */
    bool has_best;
    gnl_scaling scaling;    /* of the data that the nets see */
    gnl_description *about; /* of the data; NULL: none */
    gnl_sampler *sampler;   /* of codes, in the place of the prior; NULL: none */
};

/* Creates a model from a complete configuration, which is copied. If nets[i] is NULL, the net is created from its
 * text. */
genlat_status gnl_model_new(genlat_ctx *ctx, const gnl_model_type *type, const gnl_config *config,
                            genlat_net *const *nets, genlat_model **out);
genlat_model *gnl_model_retain(genlat_model *model);
void gnl_model_release(genlat_model *model); /* model may be NULL */

/* Mark a model as being trained, by a run of a trainer or by one step, and remove the mark. Begin returns E_STATE if
 * the model has it already: another thread trains it, or the call comes from an event of its trainer. End returns
 * status. */
genlat_status gnl_model_begin_training(genlat_model *model);
genlat_status gnl_model_end_training(genlat_model *model, genlat_status status);

/* Returns E_INVALID for NULL, E_STATE for a model of another family. */
genlat_status gnl_model_check_family(const genlat_model *model, const char *family);

int gnl_model_terms(const genlat_model *model); /* returns the number of terms */

/* ---- parts: parts.c ------------------------------------------------------------------------------ */

genlat_status gnl_model_add_part(genlat_model *model, gnl_part part);
/* Creates an optimizer from text for the parts whose optimizer is `index`. */
genlat_status gnl_model_optimizer_new(genlat_model *model, int index, const char *text, genlat_optim **out);
/* Returns E_UNSUPPORTED for an optimizer that accumulates gradients. */
genlat_status gnl_model_check_optimizer(const genlat_optim *optim);
/* The same for an optimizer of the caller, which must have weights of the model: E_INVALID. */
genlat_status gnl_model_check_given(const genlat_model *model, const genlat_optim *optim);
/* Sets the learning rate of the current step, and updates the weights. */
genlat_status gnl_model_update(genlat_model *model, int optimizer);
/* Returns the value of a schedule at the current step, or 1 if there is no schedule. */
double gnl_model_factor(const genlat_model *model, int schedule);
void gnl_model_zero_grad(genlat_model *model, int optimizer);
/* Returns the key of a schedule that follows reports, or NULL if the model has none. */
const char *gnl_model_listening_schedule(const genlat_model *model);
/* Reports a validation loss to the schedules. */
void gnl_model_report(genlat_model *model, double loss);
/* Forgets the state of training: progress, moments, schedules, best weights. */
void gnl_model_restart(genlat_model *model);

/* Returns the number of trained or fitted numbers. */
int64_t gnl_model_size(const genlat_model *model);

/* Saves the states of all parts, and the weights and moments that the optimizers of the mask update. A step that fails
 * restores them. */
genlat_status gnl_model_save_state(genlat_model *model, unsigned optimizers);
genlat_status gnl_model_want_saved(genlat_model *model, unsigned optimizers); /* allocates the memory for it */
void gnl_model_restore_state(genlat_model *model, unsigned optimizers);

/* A snapshot contains the weights and states of the parts that belong to the model. These functions return its size,
 * copy it out of the model, and copy it into the model. */
int64_t gnl_model_snapshot_size(const genlat_model *model);
void gnl_model_snapshot(const genlat_model *model, gnl_real *out);
void gnl_model_restore(genlat_model *model, const gnl_real *in);
genlat_status gnl_model_want_best(genlat_model *model); /* allocates model->best */
void gnl_model_keep_best(genlat_model *model);          /* copies the current snapshot to model->best */
void gnl_model_swap_best(genlat_model *model);          /* exchanges the current snapshot and model->best */

/* ---- files: store.c ------------------------------------------------------------------------------ */

genlat_status gnl_model_save(genlat_model *model, gnl_keep keep, gnl_output to);
genlat_status gnl_model_load(genlat_ctx *ctx, gnl_input from, gnl_find_family_fn *find, genlat_model **out);

/* ---- data and condition: condition.c ------------------------------------------------------------- */

/* Returns the flags GENLAT_LABEL_* of a family with a configuration; those of a model, if it has labels. */
unsigned gnl_label_use(const gnl_model_type *type, const gnl_config *config);
bool gnl_model_uses_labels_as(const genlat_model *model, unsigned flag);
genlat_status gnl_model_check_source(const genlat_model *model, const genlat_source *source);
/* Checks that x is [rows,data] with at least one row, and that the labels fit. */
genlat_status gnl_model_check_batch(const genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels);
genlat_status gnl_model_check_labels(const genlat_model *model, const genlat_tensor *labels, int64_t rows);
/* Checks that labels, unless they are NULL, are classes or -1. */
genlat_status gnl_model_check_classes(const genlat_model *model, const genlat_tensor *labels);
int64_t gnl_model_most_probable(const gnl_real *p,
                                int64_t classes);        /* class with the largest number, the first of several */
bool gnl_model_infers_labels(const genlat_model *model); /* the labels of data may be missing */
/* For a model that infers labels, creates labels in which those that are missing are the most probable ones. Otherwise,
 * and if none is missing, leaves *own NULL. x is scaled. */
genlat_status gnl_model_infer_labels(genlat_model *model, const genlat_tensor *x, const genlat_tensor **labels,
                                     genlat_tensor **own);
/* Returns whether the model uses labels, either as a condition or as the target of prediction. */
bool gnl_model_takes_labels(const genlat_model *model);
/* Converts the labels of rows first .. first+rows-1 to vectors. Returns E_RANGE for a label that is not a class. */
genlat_status gnl_model_fill_condition(const genlat_model *model, const genlat_tensor *labels, int64_t first,
                                       int64_t rows, gnl_real *out);
/* Checks codes [rows,latent] with at least one row. */
genlat_status gnl_model_check_latents(const genlat_model *model, const genlat_tensor *z, const char *name);
/* Creates labels 0, 1, 2, ..., repeating after the last class, for a model conditional on classes. Leaves *out NULL for
 * a model without condition. */
genlat_status gnl_model_labels_in_turn(const genlat_model *model, int64_t n, genlat_tensor **out);
/* Creates labels in which each row's label is repeated `times` times. Leaves *out NULL if there are no labels. */
genlat_status gnl_model_repeat_labels(const genlat_model *model, const genlat_tensor *labels, int64_t times,
                                      genlat_tensor **out);

/* ---- scaling of the data: scaling.c -------------------------------------------------------------- */

/* Checks that raw data are finite, and replaces them by data in the scaling of the model: *own, which the caller
 * releases. Without scaling x stays and *own is NULL. */
genlat_status gnl_model_scale(const genlat_model *model, const genlat_tensor **x, genlat_tensor **own);
/* The same for data that may have missing elements, NaN. */
genlat_status gnl_model_scale_partial(const genlat_model *model, const genlat_tensor **x, genlat_tensor **own);
/* Creates a source in the scaling of the model, with the model's numbers of the classes; the source itself if it has
 * both. */
genlat_status gnl_model_source(const genlat_model *model, genlat_source *source, genlat_source **out);
/* Converts data in the scaling of the model to raw data, in place. */
void gnl_model_unscale(const genlat_model *model, genlat_tensor *x);
/* Same for differences of data, such as standard deviations. */
void gnl_model_unscale_differences(const genlat_model *model, genlat_tensor *x);

/* ---- description of the data: description.c ------------------------------------------------------ */

void gnl_model_set_about(genlat_model *model, gnl_description *about);
/* Returns the description that the model has, or takes over from a source that it is trained on; NULL: none. */
gnl_description *gnl_model_about(const genlat_model *model, const genlat_source *source);
/* Creates a source in which classes have their numbers in `about`; the source itself if they have. */
genlat_status gnl_model_number(const genlat_model *model, const gnl_description *about, genlat_source *source,
                               genlat_source **out);

/* ---- values of the data: values.c ---------------------------------------------------------------- */

/* Returns E_RANGE, naming sample and element, for a value that is not finite or that the likelihood does not accept.
 * The first row is sample `first` of the source. */
genlat_status gnl_model_check_values(const genlat_model *model, int64_t rows, const gnl_real *x, int64_t first);
/* Returns E_RANGE for a value that is not finite, or for one that is neither finite nor NaN if `missing`. Models that
 * accept missing values have `missing` in any case. */
genlat_status gnl_model_check_finite(const genlat_model *model, int64_t rows, const gnl_real *x, bool missing);
/* Returns E_RANGE for a finite value that the likelihood does not accept. */
genlat_status gnl_model_check_support(const genlat_model *model, int64_t rows, const gnl_real *x);
/* Checks the values of a source: all of them, or of the first samples, 2^28 values, of a larger one. */
genlat_status gnl_model_check_source_values(genlat_model *model, const genlat_source *source);

/* ---- nets of a family ---------------------------------------------------------------------------- */

/* Returns E_SHAPE, with the name of the net, unless it has these inputs with these shapes, and no others. */
genlat_status gnl_model_check_inputs(const genlat_net *net, const gnl_input_list *in, const char *name);
/* Returns E_INVALID if no output of the net depends on the input. */
genlat_status gnl_model_check_reached(const genlat_net *net, int input, const char *name);

/* ---- samplers: sampler.c ------------------------------------------------------------------------- */

/* Removes the sampler. Training does so, because it changes the codes that the sampler is fitted to. */
void gnl_model_drop_sampler(genlat_model *model);
/* Draws codes from the sampler, which the model must have. Code i comes from substream first + i of the seed. */
genlat_status gnl_model_draw_sampler(const genlat_model *model, const gnl_prior_call *call, gnl_real *z);

/* ---- evaluation: evaluate.c ----------------------------------------------------------------------- */

/* Computes the means of the terms over all batches. Calls `stopped` before each batch, and returns E_CANCELLED if it
 * returns true. `stopped` may be NULL. */
typedef bool gnl_stop_fn(const void *user);
genlat_status gnl_model_evaluate(genlat_model *model, genlat_batches *batches, uint64_t seed, gnl_stop_fn *stopped,
                                 const void *user, double *terms);

/* ---- random numbers ------------------------------------------------------------------------------ */

/* Returns the random generator of a use in the current pass. */
gnl_rng gnl_model_stream(const genlat_model *model, gnl_stream stream, gnl_use use);

#endif
