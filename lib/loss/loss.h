/* SPDX-License-Identifier: MIT */
/*
 * loss: what training minimises: reconstruction likelihoods, one file a family; KL terms of Gaussian latents;
 *       adversarial losses of critics and generators, one line each in adversarial.c.
 * Uses: base, kernel, tensor. A loss sees pointers and sizes; it knows nothing of nets or models.
 * Adding: one file and one line in the table of table.c. The tests find it there.
 * Naming: "gaussian sd=optimal" is how users, presets and model files write a likelihood.
 * Tests: tests/grad/test_loss.c, tests/golden/test_loss.c, tests/unit/test_loss.c, test_loss_handle.c.
 */
#ifndef GNL_LOSS_H
#define GNL_LOSS_H

#include "kernel/kernel.h"
#include "tensor/tensor.h"
#include "genlat/loss.h"

enum { GNL_MAX_LOSS_OPTION_BYTES = 128, GNL_MAX_LOSS_VALUES = 4 };

/* ---- one evaluation -------------------------------------------------------------------------- */

/* Outputs of a net against targets. An element of the data is described by `parts` outputs, which lie in
 * planes: out is [rows,parts,dims], target is [rows,dims]. A convolutional decoder of [C,H,W] data thus has
 * parts*C channels: first all means, then all log-scales. With several draws of each row, out is
 * [draws,rows,parts,dims], and so do weight, nll and dout begin with the draws. */
typedef struct gnl_loss_call {
    gnl_compute compute;
    int64_t rows, dims, parts;
    const gnl_real *out;
    const gnl_real *target;
    double scale;         /* of the derivative, such as 1/rows for the mean over a batch */
    const double *weight; /* [rows] a further factor of each sample's derivative, or NULL: 1 */
    double *nll;          /* [rows] receives the negative log-likelihood, nats, summed over dims */
    gnl_real *dout; /* [rows,parts,dims] receives scale * weight * d nll / d out; NULL: no derivatives */
    bool training;  /* with derivatives: adds to the loss's own gradients and moves its running state */
    int64_t draws;  /* 0 counts as 1 */
} gnl_loss_call;

/* What a likelihood says of the data: its mean, or a draw from it. */
typedef struct gnl_loss_decode {
    gnl_compute compute;
    int64_t rows, dims, parts;
    const gnl_real *out; /* [rows,parts,dims] */
    gnl_real *data;      /* [rows,dims] */
    gnl_rng *rng;        /* NULL for the mean. A draw takes one block an element. */
} gnl_loss_decode;

/* ---- a kind of likelihood -------------------------------------------------------------------- */

/* A number of the loss's own: trained when `trained`, else state that is kept and saved. */
typedef struct gnl_loss_value {
    const char *name;
    double initial;
    bool trained;
} gnl_loss_value;

/* What a likelihood takes as data. */
typedef struct gnl_loss_range {
    double low, high;
    bool whole; /* whole numbers only */
} gnl_loss_range;

/* A kind of likelihood. */
typedef struct gnl_loss_type {
    const char *name;
    const gnl_options_table *options; /* NULL: none */
    /* Outputs for each element of the data; 0: whatever the shapes say. NULL: 1. */
    int64_t (*parts)(const void *opts);
    /* Whether those of an element lie along the last dimension instead of in planes. NULL: they do not. */
    bool (*together)(const void *opts);
    /* Options that are right each by itself but not together: E_RANGE, without the kind's name. NULL: there are none. */
    genlat_status (*check)(const void *opts);
    /* Lists own values, at most GNL_MAX_LOSS_VALUES, and returns their number. NULL: none. */
    int (*values)(const void *opts, gnl_loss_value *value);
    /* NULL: any finite number. */
    gnl_loss_range (*range)(const void *opts, int64_t parts);
    /* With one draw of each row; or with all of them where the rows of a call have something in common. */
    void (*eval)(genlat_loss *loss, const gnl_loss_call *call);
    bool (*couples)(const void *opts); /* whether they have; NULL: no */
    void (*decode)(const genlat_loss *loss, const gnl_loss_decode *decode);
    /* The one scale of all elements; NaN before there is one. NULL: there is none. */
    double (*scale)(const genlat_loss *loss);
    const char *help; /* one line for the generated reference */
} gnl_loss_type;

/* In the order of GENLAT_LIKELIHOOD_*; NULL-terminated. */
extern const gnl_loss_type *const gnl_loss_types[];
const gnl_loss_type *gnl_loss_type_find(const char *name);

/* ---- the handle ------------------------------------------------------------------------------ */

struct genlat_loss {
    gnl_object object;
    const gnl_loss_type *type;
    _Alignas(16) unsigned char opts[GNL_MAX_LOSS_OPTION_BYTES];
    int values; /* the arenas of an optimizer and of a model file; both have `values` numbers */
    gnl_loss_value about[GNL_MAX_LOSS_VALUES];
    gnl_real value[GNL_MAX_LOSS_VALUES], grad[GNL_MAX_LOSS_VALUES];
    double *nll; /* space of the public functions */
    size_t nll_capacity;
};

/* From text "name key=value key=value". */
genlat_status gnl_loss_parse(genlat_ctx *ctx, const char *spec, genlat_loss **out);
genlat_status gnl_loss_format(const genlat_loss *loss, char *text, size_t capacity);
genlat_loss *gnl_loss_retain(genlat_loss *loss);
void gnl_loss_release(genlat_loss *loss);

int64_t gnl_loss_parts(const genlat_loss *loss); /* 0: whatever the shapes say */
/* E_SHAPE for outputs, of one sample, whose last dimension is not that of an element where it should be. */
genlat_status gnl_loss_check_order(const genlat_loss *loss, const gnl_shape *out);
bool gnl_loss_trains(const genlat_loss *loss);   /* has own values that an optimizer must be given */
void gnl_loss_zero_grad(genlat_loss *loss);

/* E_RANGE for targets that the likelihood cannot have; call it once on new data, not in every step. A label
 * out of range makes gnl_loss_eval answer NaN for its sample. */
genlat_status gnl_loss_check_targets(const genlat_loss *loss, int64_t parts, int64_t n,
                                     const gnl_real *target);

/* Allocate nothing. What a row gets does not depend on the number of threads. */
void gnl_loss_eval(genlat_loss *loss, const gnl_loss_call *call);
void gnl_loss_decode_mean(const genlat_loss *loss, const gnl_loss_decode *decode);
void gnl_loss_decode_sample(const genlat_loss *loss,
                            const gnl_loss_decode *decode); /* moves decode->rng on */

/* ---- critics and generators --------------------------------------------------------------------- */

/* Raw outputs of a critic on as many real as generated samples. */
typedef struct gnl_adversarial {
    uint32_t kind;              /* GENLAT_ADVERSARIAL_* */
    double smoothing;           /* taken off the target of real data */
    int64_t rows;               /* of both */
    const gnl_real *real, *fake; /* [rows]; real may be NULL for a generator whose loss does not need it */
    double smoothing_fake;       /* added to the critic's target of generated data */
} gnl_adversarial;

/* Means over the rows; dreal and dfake [rows] receive their derivatives, NULL: not wanted. */
double gnl_adversarial_discriminator(const gnl_adversarial *a, gnl_real *dreal, gnl_real *dfake);
double gnl_adversarial_generator(const gnl_adversarial *a, gnl_real *dfake);
/* Mean over the real data of the sign with which the critic calls them real, near 1 where it knows them by heart: of the
 * output less the middle of its targets, or, where the loss has none, less the output on generated data. */
double gnl_adversarial_sign(const gnl_adversarial *a);
bool gnl_adversarial_needs_real(uint32_t kind); /* the generator's loss does */
bool gnl_adversarial_smooths(uint32_t kind);    /* label smoothing has a meaning */
extern const char *const gnl_adversarial_names[]; /* NULL-terminated */

#endif
