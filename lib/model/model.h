/* SPDX-License-Identifier: MIT */
/*
 * model: what is trained: the VAE, the GAN, the predictor, and every family after them, each with builder, steps and uses.
 * Uses: base, kernel, tensor, io, layer, net, loss, optim, data, metric.
 * Adding: a model starts with a gnl_model and offers a gnl_model_type; the trainer knows nothing else of it.
 *         A preset is one entry in vae_presets.c or gan_presets.c.
 * Tests: tests/grad/test_vae.c, tests/golden/test_vae.c, tests/unit/test_train_vae.c, test_gan.c, test_predictor.c.
 */
#ifndef GNL_MODEL_H
#define GNL_MODEL_H

#include "data/data.h"
#include "io/io.h"
#include "loss/loss.h"
#include "net/net.h"
#include "optim/optim.h"
#include "genlat/gan.h"
#include "genlat/io.h"
#include "genlat/predictor.h"
#include "genlat/vae.h"

/* ---- what every model is to the trainer ------------------------------------------------------ */

enum { GNL_MAX_TERMS = 16 };

typedef struct gnl_model gnl_model;

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

typedef struct gnl_model_type {
    const char *name; /* "vae", as in the model file */
    const char *const
        *terms; /* names of the numbers of a step, NULL-terminated; the first is the one to lower */
    /* One update on a batch; E_NUMERIC leaves the model as it was. terms: [number of names]. */
    genlat_status (*step)(gnl_model *model, const genlat_tensor *x, const genlat_tensor *labels,
                          double *terms);
    /* This and the snapshots: NULL for models that are not validated.
     * Means over the rows of a batch in evaluation mode; `first` is the number of its first sample in the
     * source, so that a sample's random numbers depend on the seed and its place alone. */
    genlat_status (*evaluate)(gnl_model *model, const genlat_tensor *x, const genlat_tensor *labels,
                              uint64_t seed, int64_t first, double *terms);
    /* Writes all of the model, with what training needs to go on. */
    genlat_status (*save)(gnl_model *model, const char *path);
    void (*release)(gnl_model *model);
    /* The numbers that training changes, for keeping the best: how many, copied out, copied in. */
    int64_t (*snapshot_size)(const gnl_model *model);
    void (*snapshot)(const gnl_model *model, gnl_real *out);
    void (*restore)(gnl_model *model, const gnl_real *in);
} gnl_model_type;

/* First member of every model. */
struct gnl_model {
    gnl_object object;
    const gnl_model_type *type;
    gnl_progress progress;
    gnl_shape data;                    /* shape of one sample */
    int64_t classes, vector;           /* of the condition; 0, 0: none */
    int64_t train_epochs, train_batch; /* what the preset trains with; 0: no preset */
    bool train_restores_best;          /* the preset ends with the weights of the best validation */
    gnl_real *best; /* the numbers at the best validation, [snapshot_size] from the first trainer on that wants them */
    bool has_best;
    genlat_tensor *offset,
        *scale; /* how the training data were normalized: raw = x * scale + offset; or NULL */
};

void gnl_model_release(gnl_model *model); /* gives one reference back, whatever the type */

/* Room for the numbers at the best validation, and those of now into it. */
genlat_status gnl_model_want_best(gnl_model *model);
void gnl_model_keep_best(gnl_model *model);

/* Data and condition of a source fit the model: E_SHAPE with both shapes in the text. */
genlat_status gnl_model_check_source(const gnl_model *model, const genlat_source *source, const char *where);

/* ---- the VAE --------------------------------------------------------------------------------- */

gnl_model *gnl_vae_model(genlat_vae *vae);

/* ---- the GAN --------------------------------------------------------------------------------- */

gnl_model *gnl_gan_model(genlat_gan *gan);

/* ---- the predictor --------------------------------------------------------------------------- */

gnl_model *gnl_predictor_model(genlat_predictor *predictor);
/* The numbers of a step or an evaluation as the caller knows them; out has its size. */
void gnl_predictor_terms(const genlat_predictor *predictor, const double *values, genlat_predictor_terms *out);

#endif
