/* SPDX-License-Identifier: MIT */
/*
 * Penalties and regularizers of discriminator and generator, one file per kind. Steps report those of the discriminator
 * as `penalty`. Those of both nets are part of the losses.
 */
#ifndef GNL_GAN_PENALTY_H
#define GNL_GAN_PENALTY_H

#include "model/model.h"

enum { GNL_MAX_PENALTIES = 12, GNL_MAX_PENALTY_BYTES = 64 };

/* The two nets, as indices of nets and optimizers of the model, and the two kinds of samples. */
enum { GNL_GENERATOR, GNL_DISCRIMINATOR };
enum { GNL_REAL, GNL_FAKE };

typedef struct gnl_gan_batch gnl_gan_batch;
typedef struct gnl_gan_penalty gnl_gan_penalty;

/* One evaluation of the penalties. */
typedef struct gnl_penalty_call {
    genlat_model *model;
    const gnl_gan_batch *batch;
    int net;       /* the net that is updated in this step: GNL_DISCRIMINATOR or GNL_GENERATOR */
    double factor; /* factor of the weight: penalty_every times the schedule; 1 for penalties that are not lazy */
    /* For a step of the discriminator: its outputs on both kinds of samples, and their gradients. */
    const gnl_real *output[2];
    gnl_real *doutput[2];
} gnl_penalty_call;

/* Requirements of a penalty for the workspace. */
enum {
    GNL_NEEDS_POINTS = 1,     /* the arrays point and noise */
    GNL_NEEDS_EXACT_EXEC = 2, /* the exec exact: the discriminator with exact penalties at other points */
    GNL_NEEDS_PLAIN_EXEC = 4  /* the exec plain: the discriminator with loss gradients at other points */
};

typedef struct gnl_gan_penalty_type {
    const char *name;
    const gnl_options_table *options;
    const char *help;
    unsigned nets;  /* bits 1 << GNL_GENERATOR and 1 << GNL_DISCRIMINATOR: the steps in which it is evaluated */
    unsigned needs; /* GNL_NEEDS_* */
    bool lazy;      /* evaluated in every penalty_every-th step, with call->factor */
    /* Allocates the state that persists between steps, and adds it to the model's parts. May be NULL. */
    genlat_status (*make)(gnl_gan_penalty *p, genlat_model *model);
    int64_t (*space)(const gnl_gan_penalty *p, const genlat_model *model); /* size of gnl_gan_work.space; may be NULL */
    /* Returns the weight of |gradient by the input|^2 / 2 at the samples of a side. It is computed together with the
     * loss. May be NULL. */
    double (*at_samples)(const gnl_gan_penalty *p, int side);
    /* Called before the backward pass of the losses. Returns a value that depends on the outputs, and adds to their
     * gradients. May be NULL. */
    double (*outputs)(gnl_gan_penalty *p, const gnl_penalty_call *call);
    /* Called after that backward pass. Returns a value that depends on weights or other points, and adds to the
     * gradients of the net's weights. May be NULL. */
    double (*weights)(gnl_gan_penalty *p, const gnl_penalty_call *call);
    /* Called after a successful step. May be NULL. */
    void (*after_step)(gnl_gan_penalty *p, const gnl_penalty_call *call);
} gnl_gan_penalty_type;

/* First members of every option struct. */
typedef struct gnl_penalty_opts {
    size_t size;
    double weight;
} gnl_penalty_opts;

#define GNL_OPT_PENALTY_WEIGHT(type, usual, help)                                                                      \
    {                                                                                                                  \
        "weight", GNL_OPTION_REAL, offsetof(type, base.weight), usual, 0, 1e9, NULL, help                              \
    }

struct gnl_gan_penalty {
    const gnl_gan_penalty_type *type;
    _Alignas(16) unsigned char opts[GNL_MAX_PENALTY_BYTES];
    gnl_real *state[2]; /* allocated by make; freed with the model */
    gnl_numbers numbers;
};

/* NULL-terminated. */
extern const gnl_gan_penalty_type *const gnl_gan_penalty_types[];

static inline double gnl_penalty_weight(const gnl_gan_penalty *p)
{
    return ((const gnl_penalty_opts *)(const void *)p->opts)->weight;
}

/* The penalties of a model, in the order in which they are evaluated. */
typedef struct gnl_gan_penalties {
    gnl_gan_penalty item[GNL_MAX_PENALTIES];
    int count;
} gnl_gan_penalties;

/* Parses text such as "r1 weight=1; lecam". Each kind may occur once. */
genlat_status gnl_penalties_parse(const char *text, gnl_gan_penalties *out);
genlat_status gnl_penalties_make(gnl_gan_penalties *all, genlat_model *model);
void gnl_penalties_free(gnl_gan_penalties *all, genlat_ctx *ctx);
unsigned gnl_penalties_need(const gnl_gan_penalties *all);
/* Returns whether a penalty needs second derivatives of the discriminator. */
bool gnl_penalties_are_exact(const gnl_gan_penalties *all);
int64_t gnl_penalties_space(const gnl_gan_penalties *all, const genlat_model *model);
double gnl_penalties_at_samples(const gnl_gan_penalties *all, int side);

/* Sums of the values: the penalty that a step reports, of lazy and of other kinds; the part that belongs to the loss;
 * and the sum of all values. A step fails if the last one is not finite. */
typedef struct gnl_penalty_sum {
    double lazy, steady, loss, total;
} gnl_penalty_sum;

/* factor is the factor of lazy penalties in this step. every is the value of penalty_every. */
void gnl_penalties_outputs(gnl_gan_penalties *all, gnl_penalty_call *call, double factor, int64_t every,
                           gnl_penalty_sum *sum);
void gnl_penalties_weights(gnl_gan_penalties *all, gnl_penalty_call *call, double factor, int64_t every,
                           gnl_penalty_sum *sum);
void gnl_penalties_after_step(gnl_gan_penalties *all, gnl_penalty_call *call);

#endif
