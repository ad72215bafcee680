/* SPDX-License-Identifier: MIT */
/*
 * Penalties and regularizers of discriminator and generator, one file a kind. Those of the discriminator alone are reported as
 * `penalty`, those of both nets are a part of their losses.
 */
#ifndef GNL_GAN_PENALTY_H
#define GNL_GAN_PENALTY_H

#include "model/model.h"

enum { GNL_MAX_PENALTIES = 12, GNL_MAX_PENALTY_BYTES = 64 };

/* The two nets, as indices of nets and optimizers of the model; and the two kinds of samples. */
enum { GNL_GENERATOR, GNL_DISCRIMINATOR };
enum { GNL_REAL, GNL_FAKE };

typedef struct gnl_gan_batch gnl_gan_batch;
typedef struct gnl_gan_penalty gnl_gan_penalty;

/* One evaluation. */
typedef struct gnl_penalty_call {
    genlat_model *model;
    const gnl_gan_batch *batch;
    int net;       /* whose step it is: GNL_DISCRIMINATOR or GNL_GENERATOR */
    double factor; /* of the weight: how many steps this one stands for, times the schedule; 1 for kinds that are not lazy */
    /* Of the discriminator's step: its outputs on both kinds of samples, and their derivatives, to be added to. */
    const gnl_real *output[2];
    gnl_real *doutput[2];
} gnl_penalty_call;

/* What a workspace must have for a kind. */
enum {
    GNL_NEEDS_POINTS = 1,     /* space for samples and for noise */
    GNL_NEEDS_EXACT_EXEC = 2, /* an exec of the discriminator for exact penalties at other points */
    GNL_NEEDS_PLAIN_EXEC = 4  /* one for loss gradients at other points */
};

typedef struct gnl_gan_penalty_type {
    const char *name;
    const gnl_options_table *options;
    const char *help;
    unsigned nets;  /* bits 1 << GNL_GENERATOR and 1 << GNL_DISCRIMINATOR: in whose step it is taken */
    unsigned needs; /* GNL_NEEDS_* */
    bool lazy;      /* computed in one of penalty_every steps, times that number; the penalty schedule multiplies it */
    /* Allocates what it keeps from step to step, and adds it to the model's parts; NULL: nothing. */
    genlat_status (*make)(gnl_gan_penalty *p, genlat_model *model);
    int64_t (*space)(const gnl_gan_penalty *p, const genlat_model *model); /* numbers of gnl_gan_work.space; NULL: none */
    /* Weight of |gradient by the input|^2 / 2 at the samples of a side, which is taken together with the loss; NULL: none. */
    double (*at_samples)(const gnl_gan_penalty *p, int side);
    /* Before the losses go back: the value, from the outputs; adds to their derivatives. NULL: none. */
    double (*outputs)(gnl_gan_penalty *p, const gnl_penalty_call *call);
    /* Afterwards: the value, from weights or other points; adds to the gradients of the net. NULL: none. */
    double (*weights)(gnl_gan_penalty *p, const gnl_penalty_call *call);
    void (*follow)(gnl_gan_penalty *p, const gnl_penalty_call *call); /* after a step that succeeded; NULL: nothing */
} gnl_gan_penalty_type;

/* Every option struct begins with its size and this. */
typedef struct gnl_penalty_opts {
    size_t size;
    double weight;
} gnl_penalty_opts;

#define GNL_OPT_PENALTY_WEIGHT(type, usual, help)                                                            \
    {                                                                                                        \
        "weight", GNL_OPTION_REAL, offsetof(type, base.weight), usual, 0, 1e9, NULL, help                    \
    }

struct gnl_gan_penalty {
    const gnl_gan_penalty_type *type;
    _Alignas(16) unsigned char opts[GNL_MAX_PENALTY_BYTES];
    gnl_real *state[2]; /* of `make`; freed with the model */
    gnl_numbers numbers;
};

/* NULL-terminated. */
extern const gnl_gan_penalty_type *const gnl_gan_penalty_types[];

static inline double gnl_penalty_weight(const gnl_gan_penalty *p)
{
    return ((const gnl_penalty_opts *)(const void *)p->opts)->weight;
}

/* Those of a model, in the order in which they are added. */
typedef struct gnl_gan_penalties {
    gnl_gan_penalty item[GNL_MAX_PENALTIES];
    int count;
} gnl_gan_penalties;

/* From text "r1 weight=1; lecam"; each kind at most once. */
genlat_status gnl_penalties_parse(const char *text, gnl_gan_penalties *out);
genlat_status gnl_penalties_make(gnl_gan_penalties *all, genlat_model *model);
void gnl_penalties_free(gnl_gan_penalties *all, genlat_ctx *ctx);
unsigned gnl_penalties_need(const gnl_gan_penalties *all);
bool gnl_penalties_are_exact(const gnl_gan_penalties *all); /* one wants second derivatives of the discriminator */
int64_t gnl_penalties_space(const gnl_gan_penalties *all, const genlat_model *model);
double gnl_penalties_at_samples(const gnl_gan_penalties *all, int side);

/* Sums of the values: what a step reports as penalty, what is part of the loss, and what decides whether it is finite. */
typedef struct gnl_penalty_sum {
    double penalty, loss, total;
} gnl_penalty_sum;

/* factor: of lazy kinds in this step; every: the number of steps that it stands for. */
void gnl_penalties_outputs(gnl_gan_penalties *all, gnl_penalty_call *call, double factor, int64_t every, gnl_penalty_sum *sum);
void gnl_penalties_weights(gnl_gan_penalties *all, gnl_penalty_call *call, double factor, int64_t every, gnl_penalty_sum *sum);
void gnl_penalties_follow(gnl_gan_penalties *all, gnl_penalty_call *call);

#endif
