/* SPDX-License-Identifier: MIT */
/*
 * loss: training objectives: reconstruction likelihoods, one file each; KL terms of Gaussian latents; adversarial
 *       losses of discriminators and generators, one line each in adversarial.c.
 * Uses: base, kernel, tensor. A loss works on pointers and sizes; it does not depend on nets or models.
 * Adding: one file and one line in the table of table.c. The tests cover every entry of the table.
 * Naming: users, presets and model files specify a likelihood as in "gaussian sd=optimal".
 * Tests: tests/grad/test_loss.c, tests/golden/test_loss.c, tests/unit/test_loss.c, tests/unit/test_loss_handle.c.
 */
#ifndef GNL_LOSS_H
#define GNL_LOSS_H

#include "kernel/kernel.h"
#include "tensor/tensor.h"
#include "genlat/loss.h"

enum { GNL_MAX_LOSS_OPTION_BYTES = 128, GNL_MAX_LOSS_VALUES = 4 };

/* ---- one evaluation -------------------------------------------------------------------------- */

/* Outputs of a net and targets. Each element of the data is described by `parts` outputs, which are stored in planes:
 * out is [rows,parts,dims], target is [rows,dims]. So a convolutional decoder of [C,H,W] data has parts*C channels:
 * first all means, then all log-scales. With several draws per row, out is [draws,rows,parts,dims]; weight, nll and
 * dout also have a leading dimension of draws. */
typedef struct gnl_loss_call {
    gnl_compute compute;
    int64_t rows, dims, parts;
    const gnl_real *out;
    const gnl_real *target;
    double scale;         /* of the derivative, such as 1/rows for the mean over a batch */
    const double *weight; /* [rows] additional factor of each sample's derivative; NULL: 1 */
    double *nll;          /* [rows] receives the negative log-likelihood in nats, summed over dims */
    gnl_real *dout;       /* [rows,parts,dims] receives scale * weight * d nll / d out; NULL: no derivatives */
    bool training;        /* if dout is set: adds to the loss's own gradients and updates its running state */
    int64_t draws;        /* 0 is treated as 1 */
    /* [rows] number of observed elements; the others are NaN in the target, add nothing to nll, and have derivatives of
     * 0. NULL: all are observed. */
    const int64_t *observed;
    gnl_real *scratch; /* [gnl_loss_scratch()]; needed with observed */
} gnl_loss_call;

/* Decodes outputs to data: the mean of the likelihood, or a sample from it. */
typedef struct gnl_loss_decode {
    gnl_compute compute;
    int64_t rows, dims, parts;
    const gnl_real *out; /* [rows,parts,dims] */
    gnl_real *data;      /* [rows,dims] */
    gnl_rng *rng;        /* NULL for the mean. A sample uses one block per element. */
} gnl_loss_decode;

/* ---- a kind of likelihood -------------------------------------------------------------------- */

/* A value owned by the loss: trained if `trained`, otherwise state that is saved. */
typedef struct gnl_loss_value {
    const char *name;
    double initial;
    bool trained;
} gnl_loss_value;

/* Range of data that a likelihood accepts. */
typedef struct gnl_loss_range {
    double low, high;
    bool whole; /* integers only */
} gnl_loss_range;

/* How a parameter changes with the unit of the data. */
typedef enum gnl_loss_unit {
    GNL_UNIT_NONE,     /* not at all */
    GNL_UNIT_LOCATION, /* as the data */
    GNL_UNIT_SCALE     /* as differences of the data */
} gnl_loss_unit;

/* A parameter of p(x|z) that each element of the data has. */
typedef struct gnl_loss_parameter {
    const char *name, *help; /* name NULL: end of a list */
    gnl_loss_unit unit;
    bool by_class; /* one number for each of the `parts` classes: data is [rows,parts,dims] */
    void (*compute)(const genlat_loss *loss, const gnl_loss_decode *decode); /* writes decode->data; rng is NULL */
} gnl_loss_parameter;

/* A kind of likelihood. */
typedef struct gnl_loss_type {
    const char *name;
    const gnl_options_table *options; /* NULL: none */
    /* Number of outputs per element of the data; 0: derived from the shapes. NULL: 1. */
    int64_t (*parts)(const void *opts);
    /* Returns true if the outputs of an element are along the last dimension instead of in planes. NULL: false. */
    bool (*together)(const void *opts);
    /* Checks combinations of options. Returns E_RANGE, without the name of the kind in the text. NULL: no check. */
    genlat_status (*check)(const void *opts);
    /* Lists the loss's own values, at most GNL_MAX_LOSS_VALUES. Returns their number. NULL: none. */
    int (*values)(const void *opts, gnl_loss_value *value);
    /* Range of valid data. NULL: any finite number. */
    gnl_loss_range (*range)(const void *opts, int64_t parts);
    /* Evaluates the loss. The call has one draw per row, or all draws if couples() returns true. */
    void (*eval)(genlat_loss *loss, const gnl_loss_call *call);
    bool (*couples)(const void *opts); /* whether the rows of a call depend on each other; NULL: no */
    void (*decode)(const genlat_loss *loss, const gnl_loss_decode *decode);
    /* Returns the scale that all elements share, or NaN if it is not yet known. NULL: there is none. */
    double (*scale)(const genlat_loss *loss);
    const gnl_loss_parameter *parameters; /* of p(x|z); NULL: it is no distribution */
    const char *help;                     /* one line for the reference documentation */
} gnl_loss_type;

/* In the order of GENLAT_LIKELIHOOD_*. Terminated by NULL. */
extern const gnl_loss_type *const gnl_loss_types[];
const gnl_loss_type *gnl_loss_type_find(const char *name);

/* ---- the handle ------------------------------------------------------------------------------ */

struct genlat_loss {
    gnl_object object;
    const gnl_loss_type *type;
    _Alignas(16) unsigned char opts[GNL_MAX_LOSS_OPTION_BYTES];
    int values; /* number of values; value and grad serve as arenas of optimizers and model files */
    gnl_loss_value about[GNL_MAX_LOSS_VALUES];
    gnl_real value[GNL_MAX_LOSS_VALUES], grad[GNL_MAX_LOSS_VALUES];
    double *nll; /* buffer of the public functions */
    size_t nll_capacity;
};

/* Creates a loss from text "name key=value key=value". */
genlat_status gnl_loss_parse(genlat_ctx *ctx, const char *spec, genlat_loss **out);
genlat_status gnl_loss_format(const genlat_loss *loss, char *text, size_t capacity);
genlat_loss *gnl_loss_retain(genlat_loss *loss);
void gnl_loss_release(genlat_loss *loss);

int64_t gnl_loss_parts(const genlat_loss *loss); /* 0: derived from the shapes */
/* Checks the shape of the outputs of one sample. E_SHAPE if the last dimension must contain the outputs of an element
 * and has another size. */
genlat_status gnl_loss_check_order(const genlat_loss *loss, const gnl_shape *out);
/* Returns how many numbers the scratch memory of a call with missing elements has. */
size_t gnl_loss_scratch(const genlat_ctx *ctx, int64_t parts, int64_t dims);
bool gnl_loss_trains(const genlat_loss *loss); /* has own values that need an optimizer */
void gnl_loss_zero_grad(genlat_loss *loss);

/* Returns E_RANGE for targets outside of the likelihood's range. Call it once for new data, not in every step. For a
 * label out of range, gnl_loss_eval sets the result of the sample to NaN. */
genlat_status gnl_loss_check_targets(const genlat_loss *loss, int64_t parts, int64_t n, const gnl_real *target);

/* These allocate nothing. The result of a row does not depend on the number of threads. */
void gnl_loss_eval(genlat_loss *loss, const gnl_loss_call *call);
void gnl_loss_decode_mean(const genlat_loss *loss, const gnl_loss_decode *decode);
void gnl_loss_decode_sample(const genlat_loss *loss, const gnl_loss_decode *decode); /* advances decode->rng */

/* ---- shared with the latents ------------------------------------------------------------------- */

double gnl_log_sum_exp(int64_t n, const double *x); /* log of the sum of e^x[i], n >= 1 */

/* ---- discriminators and generators ---------------------------------------------------------------------- */

/* Raw outputs of a discriminator for equal numbers of real and generated samples. */
typedef struct gnl_adversarial {
    uint32_t kind;               /* GENLAT_ADVERSARIAL_* */
    double smoothing;            /* subtracted from the target of real data */
    int64_t rows;                /* number of samples of each kind */
    const gnl_real *real, *fake; /* [rows]; real may be NULL for a generator loss that does not need it */
    double smoothing_fake;       /* added to the discriminator's target of generated data */
} gnl_adversarial;

/* Return means over the rows. dreal and dfake [rows] receive the derivatives; NULL: not computed. */
double gnl_adversarial_discriminator(const gnl_adversarial *a, gnl_real *dreal, gnl_real *dfake);
double gnl_adversarial_generator(const gnl_adversarial *a, gnl_real *dfake);
/* Returns the mean sign of the discriminator on real data; values close to 1 indicate overfitting. The sign is that of
 * the output minus the midpoint of its two targets. If the loss has no such midpoint, it is that of the output minus
 * the output on generated data. */
double gnl_adversarial_sign(const gnl_adversarial *a);
bool gnl_adversarial_needs_real(uint32_t kind);   /* for the loss of the generator */
bool gnl_adversarial_is_one_sided(uint32_t kind); /* the generator has no loss */
bool gnl_adversarial_smooths(uint32_t kind);      /* label smoothing is supported */
extern const char *const gnl_adversarial_names[]; /* terminated by NULL */

#endif
