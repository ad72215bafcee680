/* SPDX-License-Identifier: MIT */
/*
 * model: what every family of models is: its parts, its configuration, its file, its workspaces, its builder; and the public
 *        genlat_model.
 * Uses: base, kernel, tensor, io, layer, net, loss, latent, optim, data.
 * Adding: a family is a module of its own with a gnl_model_type, and one line in lib/families.c.
 * Tests: tests/unit/test_model.c, test_store.c, and those of the families.
 */
#ifndef GNL_MODEL_H
#define GNL_MODEL_H

#include <pthread.h>

#include "data/data.h"
#include "io/io.h"
#include "loss/loss.h"
#include "model/config.h"
#include "model/streams.h"
#include "net/exec.h"
#include "net/part.h"
#include "optim/optim.h"
#include "genlat/model.h"

enum {
    GNL_MAX_PARTS = 16,
    GNL_MAX_OPTIMIZERS = 4,
    GNL_MAX_SCHEDULES = 4,
    GNL_MAX_NETS = 4, /* that a family is built of */
    GNL_MAX_POOLS = 4,
    GNL_MAX_BLOCKS = 24, /* of a workspace */
    GNL_MAX_EXECS = 8
};

/* ---- workspaces -------------------------------------------------------------------------------- */

typedef struct gnl_workspace gnl_workspace;

/* A kind of workspace: execs and arrays for a number of rows. A family's struct begins with a gnl_workspace. */
typedef struct gnl_workspace_type {
    size_t size;
    int64_t most_rows; /* 0: any number */
    genlat_status (*fill)(genlat_model *model, gnl_workspace *work);
    void (*clear)(genlat_model *model, gnl_workspace *work); /* frees what is not among blocks and execs; NULL: nothing */
} gnl_workspace_type;

struct gnl_workspace {
    const gnl_workspace_type *type;
    gnl_workspace *next; /* in a pool */
    int64_t rows;        /* most rows */
    genlat_ctx *ctx;
    void *block[GNL_MAX_BLOCKS]; /* freed with the workspace */
    int blocks;
    genlat_exec *exec[GNL_MAX_EXECS]; /* released with it */
    int execs;
};

/* Memory of a workspace; *out is set. */
genlat_status gnl_workspace_alloc(gnl_workspace *work, size_t count, size_t size, void *out);
/* An exec of a workspace, in memory of its own or within that of `outer`. */
genlat_status gnl_workspace_exec(gnl_workspace *work, genlat_exec *outer, genlat_net *net, int64_t rows,
                                 const genlat_exec_opts *opts, genlat_exec **out);

/* A workspace for up to `rows` rows, or as many as its type allows; from any thread. */
genlat_status gnl_pool_acquire(genlat_model *model, int pool, int64_t rows, gnl_workspace **out);
void gnl_pool_release(genlat_model *model, int pool, gnl_workspace *work);

/* Calls fn for rows first .. first+rows-1 of `all`, as many at a time as a workspace of the pool holds. */
typedef genlat_status gnl_chunk_fn(genlat_model *model, gnl_workspace *work, int64_t first, int64_t rows, void *user);
genlat_status gnl_model_chunks(genlat_model *model, int pool, int64_t all, gnl_chunk_fn *fn, void *user);

/* The workspace of the thread that trains, for at least `rows`; made anew when a larger batch comes. */
genlat_status gnl_model_want_work(genlat_model *model, int64_t rows);

/* ---- a family ----------------------------------------------------------------------------------- */

/* Where training stands; a model file keeps it, so that training goes on exactly. */
typedef struct gnl_progress {
    int64_t step;       /* updates made */
    int64_t passes;     /* backward passes made; each draws from substreams of its own */
    int64_t epoch;      /* epochs completed */
    int64_t position;   /* samples consumed of the epoch that is under way */
    int64_t best_epoch; /* of the best validation; 0: none yet */
    int64_t waited;     /* validations since then */
    double best;        /* its value */
    double seconds;     /* spent in training */
} gnl_progress;

/* A net that a family is built of: the name of its part and the index of its optimizer. */
typedef struct gnl_net_slot {
    const char *name;
    int optimizer;
} gnl_net_slot;

/* Inputs of a net that is made of text. */
typedef struct gnl_input_list {
    int count;
    const char *name[GNL_MAX_INPUTS];
    gnl_shape shape[GNL_MAX_INPUTS];
} gnl_input_list;

/* What decoding is asked for. */
typedef struct gnl_decode {
    const gnl_real *z; /* [rows,latent] */
    int64_t rows;
    const genlat_tensor *labels; /* checked; NULL without condition */
    gnl_real *out;               /* [rows,data] */
    const gnl_rng *noise;        /* draws from the distribution of the data, from this place of a stream on; NULL: its mean */
    bool raw;                    /* weights that training moves instead of their average */
} gnl_decode;

/* Options of genlat_sample_opts that a family can serve. */
enum { GNL_SAMPLE_DRAW = 1, GNL_SAMPLE_RAW = 2 };

typedef struct gnl_model_type {
    const char *name, *help;
    size_t size; /* of the family's struct, which begins with a genlat_model */
    const gnl_config_type *config;
    const gnl_preset *presets; /* ended by a NULL name; the first is the default */
    const gnl_net_slot *nets;  /* ended by a NULL name */

    /* Completes the configuration and the texts of nets that are not given: all but data and classes, which are known. */
    genlat_status (*complete)(genlat_ctx *ctx, gnl_config *config, bool nets_given);
    gnl_input_list (*inputs)(const gnl_config *config, int net);
    /* For a model from a file: the shape of the data from the nets. */
    genlat_status (*read_shape)(gnl_config *config, genlat_net *const *nets);
    /* With configuration and nets in place: checks them, adds other parts. Names of terms are set here. */
    genlat_status (*make)(genlat_model *model);
    genlat_status (*finish)(genlat_model *model); /* once there are optimizers and schedules; NULL: nothing to do */
    genlat_status (*start)(genlat_model *model, const genlat_source *source); /* values that depend on data; NULL: none */
    void (*release)(genlat_model *model); /* what the family has beyond a genlat_model; NULL: nothing */
    int (*fields)(genlat_model *model, gnl_field *out); /* counters of a training, for its file; NULL: none */
    void (*loaded)(genlat_model *model, bool training); /* after its file has been read; NULL: nothing to do */

    const gnl_workspace_type *training;
    const gnl_workspace_type *pool[GNL_MAX_POOLS];

    /* One update on a batch that has been checked; E_NUMERIC leaves the model as it was. */
    genlat_status (*step)(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels, double *terms);
    /* Means over the rows of a batch in evaluation mode; `first` is the number of its first sample in the source, so that a
     * sample's random numbers depend on the seed and its place alone. NULL: models that are not validated. */
    genlat_status (*evaluate)(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels, uint64_t seed,
                              int64_t first, double *terms);
    int64_t (*code_size)(const genlat_model *model);   /* numbers of what encode writes */
    int64_t (*latent_size)(const genlat_model *model); /* numbers of a latent; NULL: it has none */
    genlat_status (*encode)(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels, gnl_real *out);
    void (*prior)(const genlat_model *model, gnl_rng *rng, const genlat_sample_opts *opts, gnl_real *z); /* one latent */
    genlat_status (*decode)(genlat_model *model, const gnl_decode *decode);
    unsigned sample_options;                                         /* GNL_SAMPLE_* */
    genlat_net *(*net)(genlat_model *model, const char *name);       /* of a part that is not among `nets`; NULL: none */
    bool predicts; /* classes and vector are what it answers, not a condition */
    gnl_use pass_bits; /* of substreams a pass: GNL_VAE_BITS and the like */
} gnl_model_type;

/* The family of a name; NULL: none. lib/families.c has the table, which only it and callers above it know. */
typedef const gnl_model_type *gnl_find_family_fn(const char *name);

/* ---- a model ------------------------------------------------------------------------------------ */

typedef struct gnl_model_optimizer {
    genlat_optim *optim;
    double lr; /* of its text, which the schedule multiplies */
} gnl_model_optimizer;

/* First member of every family's struct. */
struct genlat_model {
    gnl_object object;
    const gnl_model_type *type;
    gnl_config *config;       /* the family's own */
    const char *const *terms; /* names of the numbers of a step, ended by NULL; the first is the one to lower */
    gnl_progress progress;
    int64_t size;      /* elements of one sample */
    int64_t condition; /* numbers of the condition as a vector; 0: none */
    genlat_net *net[GNL_MAX_NETS];
    gnl_part part[GNL_MAX_PARTS];
    int parts;
    gnl_model_optimizer optimizer[GNL_MAX_OPTIMIZERS];
    genlat_schedule *schedule[GNL_MAX_SCHEDULES]; /* in the order of the texts; NULL: constant */
    gnl_workspace *work;                          /* of the thread that trains; NULL until it does */
    gnl_real *saved;                              /* state before a step, for one that fails */
    int64_t saved_numbers, saved_passes, saved_steps[GNL_MAX_OPTIMIZERS];
    pthread_mutex_t lock; /* guards the pools */
    gnl_workspace *pool[GNL_MAX_POOLS];
    atomic_llong drawn; /* samples generated so far from the stream of the context's seed */
    gnl_real *best;     /* numbers at the best validation; NULL until a training wants them */
    bool has_best;
    genlat_tensor *offset, *scale; /* how the training data were normalized: raw = x * scale + offset; or NULL */
};

/* Makes a model of a complete configuration, which is copied. nets[i] NULL: made of its text. */
genlat_status gnl_model_new(genlat_ctx *ctx, const gnl_model_type *type, const gnl_config *config, genlat_net *const *nets,
                            genlat_model **out);
genlat_model *gnl_model_retain(genlat_model *model);
void gnl_model_release(genlat_model *model); /* NULL is legal */

/* E_INVALID for NULL, E_STATE for a model of another family. */
genlat_status gnl_model_check_family(const genlat_model *model, const char *family);

int gnl_model_terms(const genlat_model *model); /* their number */

/* ---- parts: parts.c ------------------------------------------------------------------------------ */

genlat_status gnl_model_add_part(genlat_model *model, gnl_part part);
/* Optimizer of the parts that name it, from its text or another; clipping and rates as the text says. */
genlat_status gnl_model_optimizer_new(genlat_model *model, int index, const char *text, genlat_optim **out);
genlat_status gnl_model_check_optimizer(const genlat_optim *optim);
/* Sets the learning rate of this step and updates. */
genlat_status gnl_model_update(genlat_model *model, int optimizer);
double gnl_model_factor(const genlat_model *model, int schedule); /* its value at this step; 1: there is none */
void gnl_model_zero_grad(genlat_model *model, int optimizer);

/* Saves what a step changes before it can fail: states of all parts, and what the optimizers of the mask update. */
genlat_status gnl_model_save_state(genlat_model *model, unsigned optimizers);
void gnl_model_restore_state(genlat_model *model, unsigned optimizers);

/* Numbers that are kept of the best validation: how many, copied out, copied in. */
int64_t gnl_model_snapshot_size(const genlat_model *model);
void gnl_model_snapshot(const genlat_model *model, gnl_real *out);
void gnl_model_restore(genlat_model *model, const gnl_real *in);
genlat_status gnl_model_want_best(genlat_model *model); /* allocates them */
void gnl_model_keep_best(genlat_model *model);

/* ---- files: store.c ------------------------------------------------------------------------------ */

genlat_status gnl_model_save(genlat_model *model, gnl_keep keep, const char *path);
genlat_status gnl_model_load(genlat_ctx *ctx, const char *path, gnl_find_family_fn *find, genlat_model **out);

/* ---- data and condition: condition.c ------------------------------------------------------------- */

genlat_status gnl_model_check_source(const genlat_model *model, const genlat_source *source);
/* x [rows,data] with rows, and labels that fit. */
genlat_status gnl_model_check_batch(const genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels);
genlat_status gnl_model_check_labels(const genlat_model *model, const genlat_tensor *labels, int64_t rows);
/* Whether the labels of a batch are given to the model: as a condition or as what it predicts. */
bool gnl_model_takes_labels(const genlat_model *model);
/* Labels of rows first .. first+rows-1 as vectors; E_RANGE for a label that is no class. */
genlat_status gnl_model_fill_condition(const genlat_model *model, const genlat_tensor *labels, int64_t first, int64_t rows,
                                       gnl_real *out);
/* 0, 1, 2, ... in turn, for models conditional on classes; *out stays NULL for one without condition. */
genlat_status gnl_model_labels_in_turn(const genlat_model *model, int64_t n, genlat_tensor **out);
/* Each row's label repeated `times` times; *out stays NULL without labels. */
genlat_status gnl_model_repeat_labels(const genlat_model *model, const genlat_tensor *labels, int64_t times,
                                      genlat_tensor **out);

/* ---- nets of a family ---------------------------------------------------------------------------- */

/* Input `index` has the shape; E_SHAPE names the net. */
genlat_status gnl_model_check_input(const genlat_net *net, int index, const gnl_shape *expected, const char *name);
/* The input reaches an output; otherwise the net would ignore it. */
genlat_status gnl_model_check_reached(const genlat_net *net, int input, const char *name);

/* ---- evaluation: evaluate.c ----------------------------------------------------------------------- */

/* Means of the terms over batches; E_CANCELLED when `stopped` (or NULL) says so before a batch. */
typedef bool gnl_stop_fn(const void *user);
genlat_status gnl_model_evaluate(genlat_model *model, genlat_batches *batches, uint64_t seed, gnl_stop_fn *stopped,
                                 const void *user, double *terms);

/* ---- random numbers ------------------------------------------------------------------------------ */

gnl_rng gnl_model_stream(const genlat_model *model, gnl_stream stream, gnl_use use);

#endif
