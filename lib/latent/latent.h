/* SPDX-License-Identifier: MIT */
/*
 * latent: what lies between an encoder and a decoder: posteriors, priors, terms of the objective, bounds of the likelihood,
 *         one file per kind.
 * Uses: base, kernel, tensor, layer, net. It sees the outputs of the encoder, codes and their gradients; it knows nothing of
 *       models.
 * Adding: one file in posterior/, prior/, term/ or bound/, and one line in table.c. The tests find it there.
 * Naming: "kl beta=4", "mixture components=50" is how users, presets and model files write a kind.
 * Tests: tests/grad/test_latent.c, tests/golden/test_latent.c, tests/unit/test_latent.c, tests/grad/test_vae.c.
 */
#ifndef GNL_LATENT_H
#define GNL_LATENT_H

#include "net/exec.h"
#include "net/part.h"

enum {
    GNL_MAX_HEADS = 4,
    GNL_MAX_TERMS_ADDED = 8,                   /* terms of an objective */
    GNL_MAX_KINDS = 3 + GNL_MAX_TERMS_ADDED,   /* posterior, prior, bound, terms */
    GNL_MAX_KIND_BYTES = 128,
    GNL_MAX_KIND_PARAMS = 8,
    GNL_MAX_GROUPS = 16
};

typedef struct gnl_posterior gnl_posterior;
typedef struct gnl_prior gnl_prior;
typedef struct gnl_term gnl_term;
typedef struct gnl_bound gnl_bound;
typedef struct gnl_latents gnl_latents;
typedef struct gnl_kind gnl_kind;

/* ---- one batch of codes ---------------------------------------------------------------------- */

/* Codes of a batch, with what they were drawn from. The encoder's outputs are the heads of the posterior. */
typedef struct gnl_code {
    gnl_compute compute;
    int64_t rows, samples, dims; /* data rows, codes drawn for each, numbers of a code */
    const gnl_real *head[GNL_MAX_HEADS]; /* [rows,width] outputs of the encoder */
    gnl_real *dhead[GNL_MAX_HEADS];      /* [rows,width] their gradients */
    gnl_real *spare[GNL_MAX_HEADS];      /* [rows,width] space for those of one sample */
    gnl_real *noise;                     /* [samples,rows,noise] standard normal numbers */
    gnl_real *z, *dz;                    /* [samples,rows,dims] */
    double *kl;      /* [rows] KL of each row, see gnl_latents_kl() */
    double *per_dim; /* [dims] its mean over the rows for each dimension; NaN where only the sum is known */
    double *nll;     /* [samples,rows] negative log-likelihoods */
    double *ratio;   /* [2,rows] space */
    double *weight;  /* [samples,rows] importance weights; NULL for bounds that have none */
    void *work[GNL_MAX_KINDS]; /* workspaces of the kinds */
} gnl_code;

/* What a workspace of codes is made for. */
typedef struct gnl_latent_env {
    genlat_ctx *ctx;
    int64_t rows, samples; /* most rows and samples */
    bool training;
    genlat_net *encoder, *decoder; /* for kinds that run them on data of their own */
} gnl_latent_env;

/* ---- what all kinds have --------------------------------------------------------------------- */

/* First member of every kind's type. */
typedef struct gnl_kind_type {
    const char *name;
    const gnl_options_table *options; /* NULL: none */
    const char *help;                 /* one line for the generated reference */
    /* Lists tensors that training moves or that are kept, at most GNL_MAX_KIND_PARAMS; NULL: none. */
    int (*params)(const void *opts, int64_t dims, gnl_param *param);
    /* Workspace for one batch at a time; NULL: none is needed. */
    genlat_status (*work_new)(const gnl_kind *kind, const gnl_latents *latents, const gnl_latent_env *env, void **work);
    void (*work_free)(genlat_ctx *ctx, void *work); /* NULL: it is one block of memory */
} gnl_kind_type;

/* First member of every instance. */
struct gnl_kind {
    genlat_ctx *ctx;
    const gnl_kind_type *type;
    int index; /* of its workspace in gnl_code */
    int64_t dims;
    _Alignas(16) unsigned char opts[GNL_MAX_KIND_BYTES];
    gnl_numbers numbers;
};

/* ---- posteriors q(z|x) ----------------------------------------------------------------------- */

/* An output that the encoder must have: a dense layer, clamped to [-clamp, clamp] where clamp is above 0. */
typedef struct gnl_head {
    const char *name;
    int64_t width;
    double clamp;
} gnl_head;

/* By what a log-ratio is differentiated. */
enum { GNL_BY_Z = 1, GNL_BY_HEADS = 2 };

/* KL(q || p) of a pair of posterior and prior in closed form. It separates into elements, one for each row and dimension. */
typedef struct gnl_divergence {
    void (*value)(const gnl_posterior *q, const gnl_code *c, double *kl, double *per_dim); /* [rows], [dims]; either may be NULL */
    double (*element)(const gnl_posterior *q, const gnl_code *c, int64_t row, int64_t dim);
    /* Adds factor times the derivatives of elements row, first .. past-1 to dhead. */
    void (*backward)(const gnl_posterior *q, const gnl_code *c, int64_t row, int64_t first, int64_t past, double factor);
    /* log q(z) - log p(z) of sample s, [rows]; NULL: it is computed from both densities. */
    void (*ratio)(const gnl_posterior *q, const gnl_code *c, int64_t s, double *out);
    /* Adds factor times weight[row] (NULL: 1) times its partial derivatives, see gnl_latents_ratio_backward(). */
    void (*ratio_backward)(const gnl_posterior *q, const gnl_code *c, int64_t s, double factor, const double *weight,
                           unsigned by);
} gnl_divergence;

typedef struct gnl_posterior_type {
    gnl_kind_type kind;
    int (*heads)(const void *opts, int64_t dims, gnl_head head[GNL_MAX_HEADS]);
    int64_t (*noise)(const void *opts, int64_t dims); /* normal numbers a code is drawn from; NULL: none */
    void (*draw)(const gnl_posterior *q, const gnl_code *c, int64_t s);       /* z of sample s from heads and noise */
    /* Derivatives of sample s by the heads, from dz; written to dhead, which is c->dhead or c->spare. */
    void (*draw_backward)(const gnl_posterior *q, const gnl_code *c, int64_t s, gnl_real *const dhead[GNL_MAX_HEADS]);
    void (*mean)(const gnl_posterior *q, const gnl_code *c, gnl_real *out); /* [rows,dims] */
    void (*logvar)(const gnl_posterior *q, const gnl_code *c, gnl_real *out); /* [rows,dims] log-variance of each dimension; NULL: a point */
    /* log q(z) at any z [rows,dims]; NULL: it has no density. */
    void (*log_density)(const gnl_posterior *q, const gnl_code *c, const gnl_real *z, double *out);
    /* Adds factor times weight[row] (NULL: 1) times its partial derivatives to dz and dhead; either may be NULL. */
    void (*log_density_backward)(const gnl_posterior *q, const gnl_code *c, const gnl_real *z, double factor, const double *weight, gnl_real *dz,
                                 gnl_real *const dhead[GNL_MAX_HEADS]);
    const gnl_divergence *from_normal; /* from N(0,I); NULL: by sampling */
} gnl_posterior_type;

struct gnl_posterior {
    gnl_kind kind;
    const gnl_posterior_type *type;
    int heads;
    gnl_head head[GNL_MAX_HEADS];
    int64_t noise;
};

/* ---- priors p(z) ------------------------------------------------------------------------------ */

/* How a code is drawn from the prior. */
typedef struct gnl_prior_draw {
    double temperature; /* factor of the spread */
    double truncation;  /* largest distance of a number from the centre, in standard deviations; 0: any */
} gnl_prior_draw;

/* dims numbers of N(0,1). */
void gnl_normal_draw(gnl_rng *rng, const gnl_prior_draw *draw, int64_t dims, gnl_real *z);

typedef struct gnl_prior_type {
    gnl_kind_type kind;
    void (*sample)(const gnl_prior *p, gnl_rng *rng, const gnl_prior_draw *draw, gnl_real *z); /* [dims] */
    void (*log_density)(const gnl_prior *p, const gnl_code *c, const gnl_real *z, double *out);  /* [rows] */
    /* Adds factor times weight[row] (NULL: 1) times its derivatives to dz, and to the prior's own gradients. */
    void (*log_density_backward)(gnl_prior *p, const gnl_code *c, const gnl_real *z, double factor, const double *weight,
                                 gnl_real *dz);
    /* Closed form for this posterior; NULL, or a function that returns NULL: by sampling. */
    const gnl_divergence *(*divergence)(const gnl_prior *p, const gnl_posterior *q);
} gnl_prior_type;

struct gnl_prior {
    gnl_kind kind;
    const gnl_prior_type *type;
};

/* ---- terms that are added to the likelihood --------------------------------------------------- */

/* One evaluation of a term on a batch of codes. */
typedef struct gnl_term_call {
    const gnl_latents *latents;
    gnl_code *code;
    double factor; /* of the schedule */
    gnl_rng rng;   /* for codes of the prior */
} gnl_term_call;

typedef struct gnl_term_type {
    gnl_kind_type kind;
    /* E_UNSUPPORTED for a posterior or prior that it cannot be computed of; NULL: any. */
    genlat_status (*check)(const gnl_term *t, const gnl_posterior *q, const gnl_prior *p);
    double (*value)(gnl_term *t, const gnl_term_call *call);
    void (*backward_z)(gnl_term *t, const gnl_term_call *call);     /* adds to dz; NULL: nothing to add */
    void (*backward_heads)(gnl_term *t, const gnl_term_call *call); /* adds to dhead; NULL: nothing to add */
    /* Weight of the KL in this term; NULL: it has none. */
    double (*beta)(const gnl_term *t, double factor);
    /* Whether it is beta times the KL and nothing else, so that it can enter importance weights; NULL: it is not. */
    bool (*is_plain_kl)(const gnl_term *t);
} gnl_term_type;

struct gnl_term {
    gnl_kind kind;
    const gnl_term_type *type;
};

/* ---- bounds ----------------------------------------------------------------------------------- */

/* What a bound evaluates. */
typedef struct gnl_bound_call {
    gnl_latents *latents;
    gnl_code *code;
    double factor;  /* of the schedule */
    gnl_rng rng;    /* for codes of the prior */
    bool gradients; /* gnl_latents_backward() will follow */
    /* Writes the negative log-likelihoods of all samples to code->nll. With a scale above 0 their derivatives by the decoder's
     * output are left there, multiplied by scale and weight [samples,rows] (NULL: 1). */
    void (*likelihood)(void *user, double scale, const double *weight);
    void *user;
    double recon, kl, beta; /* receives the mean negative log-likelihood of the samples, the KL, and its weight */
} gnl_bound_call;

typedef struct gnl_bound_type {
    gnl_kind_type kind;
    bool weighs; /* needs gnl_code.weight */
    genlat_status (*check)(const gnl_bound *b, const gnl_latents *l); /* NULL: goes with everything */
    double (*value)(const gnl_bound *b, gnl_bound_call *call); /* without the terms that it does not include */
    bool (*includes)(const gnl_bound *b, const gnl_term *t);   /* the term is a part of value and backward */
    void (*backward)(const gnl_bound *b, gnl_bound_call *call); /* from code->dz to code->dhead, which it overwrites */
} gnl_bound_type;

struct gnl_bound {
    gnl_kind kind;
    const gnl_bound_type *type;
};

/* ---- all of it together ----------------------------------------------------------------------- */

/* Texts of the kinds, as users write them; terms are separated by ';'. */
typedef struct gnl_latent_spec {
    const char *posterior, *prior, *terms, *bound;
    int64_t dims;
} gnl_latent_spec;

struct gnl_latents {
    genlat_ctx *ctx;
    int64_t dims;
    int groups;
    int64_t group[GNL_MAX_GROUPS + 1]; /* first dimension of each group of the code; one group is all of it */
    gnl_posterior *posterior;
    gnl_prior *prior;
    gnl_bound *bound;
    gnl_term *term[GNL_MAX_TERMS_ADDED];
    int terms;
    const gnl_divergence *divergence; /* NULL: the KL is computed by sampling */
};

genlat_status gnl_latents_new(genlat_ctx *ctx, const gnl_latent_spec *spec, gnl_latents **out);
void gnl_latents_free(gnl_latents *latents);
/* Kinds that have tensors, by index from 0 on; NULL past the last. *name is the name of the part: "prior". */
gnl_kind *gnl_latents_owner(const gnl_latents *latents, int index, const char **name);
void gnl_latents_zero_grad(const gnl_latents *latents);

/* Allocates a code's own arrays and workspaces; heads, dhead and dz are set by the caller. */
genlat_status gnl_code_new(const gnl_latents *latents, const gnl_latent_env *env, gnl_code *out);
void gnl_code_free(const gnl_latents *latents, gnl_code *code);

void gnl_latents_draw(const gnl_latents *latents, const gnl_code *code); /* all samples, from code->noise */
/* Fills code->kl and code->per_dim; returns the mean over the rows. 0 for a posterior without density. */
double gnl_latents_kl(const gnl_latents *latents, const gnl_code *code);
/* log q(z) - log p(z) of sample s, [rows]. */
void gnl_latents_ratio(const gnl_latents *latents, const gnl_code *code, int64_t s, double *out);
bool gnl_latents_has_density(const gnl_latents *latents); /* of the posterior */

/* The objective: the bound and all terms. Answers call->recon, kl and beta. */
double gnl_latents_objective(gnl_bound_call *call);
/* After the decoder's backward pass has left dz in the code: writes dhead, and adds to the gradients of the kinds. */
void gnl_latents_backward(gnl_bound_call *call);

/* ---- kinds ------------------------------------------------------------------------------------- */

/* NULL-terminated. */
extern const gnl_posterior_type *const gnl_posterior_types[];
extern const gnl_prior_type *const gnl_prior_types[];
extern const gnl_term_type *const gnl_term_types[];
extern const gnl_bound_type *const gnl_bound_types[];

/* ---- diagonal Gaussians, for loops of the caller's own ------------------------------------------ */

/* q = N(mean, e^logvar) for each row and dimension; all arrays are [rows,dims]. */
typedef struct gnl_gauss {
    gnl_compute compute;
    int64_t rows, dims;
    const gnl_real *mean, *logvar;
} gnl_gauss;

/* KL(q || N(0,1)): kl [rows] summed over dims, per_dim [dims] averaged over rows; either may be NULL. */
void gnl_gauss_kl(const gnl_gauss *q, double *kl, double *per_dim);
double gnl_gauss_kl_element(const gnl_gauss *q, int64_t i);
/* Adds factor times the derivatives of elements first .. past-1; either may be NULL. */
void gnl_gauss_kl_backward(const gnl_gauss *q, int64_t first, int64_t past, double factor, gnl_real *dmean,
                           gnl_real *dlogvar);
/* log N(z; mean, e^logvar) summed over dims, [rows]. */
void gnl_gauss_log_density(const gnl_gauss *q, const gnl_real *z, double *out);
/* Adds factor times weight[row] (NULL: 1) times its partial derivatives; any of dz, dmean, dlogvar may be NULL. */
void gnl_gauss_log_density_backward(const gnl_gauss *q, const gnl_real *z, double factor, const double *weight, gnl_real *dz,
                                    gnl_real *dmean, gnl_real *dlogvar);
/* log q(z) - log N(z; 0,1), [rows], and its derivatives. */
void gnl_gauss_ratio(const gnl_gauss *q, const gnl_real *z, double *out);
void gnl_gauss_ratio_backward(const gnl_gauss *q, const gnl_real *z, double factor, const double *weight, gnl_real *dz,
                              gnl_real *dmean, gnl_real *dlogvar);

#endif
