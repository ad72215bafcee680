/* SPDX-License-Identifier: MIT */
/*
 * latent: the latent variables of an autoencoder: posteriors, priors, terms of the objective, and bounds of the
 *         likelihood. One file per kind.
 * Uses: base, kernel, tensor, layer, net, loss. The module works on encoder outputs, codes and their gradients. It does
 *       not depend on models.
 * Adding: write one file in posterior/, prior/, term/ or bound/, and add one line to table.c. The tests iterate over
 *         that table. Terms with a net that tells codes from other vectors share critic.c.
 * Naming: users, presets and model files write a kind as its name and options: "kl beta=4", "mixture components=50".
 * Tests: tests/grad/test_latent.c, test_vae.c, tests/golden/test_latent.c, tests/unit/test_latent.c,
 *        test_latent_terms.c.
 */
#ifndef GNL_LATENT_H
#define GNL_LATENT_H

#include "net/exec.h"
#include "net/part.h"

enum {
    GNL_MAX_HEADS = 4,
    GNL_MAX_TERMS_ADDED = 8,                 /* terms of an objective */
    GNL_MAX_KINDS = 3 + GNL_MAX_TERMS_ADDED, /* posterior, prior, bound, terms */
    GNL_MAX_KIND_BYTES = 128,
    GNL_MAX_KIND_PARAMS = 64,
    GNL_MAX_GROUPS = GENLAT_MAX_DIMS,
    GNL_MAX_KIND_PARTS = 2 + GNL_MAX_GROUPS /* numbers, net, nets of groups */
};

typedef struct gnl_posterior gnl_posterior;
typedef struct gnl_prior gnl_prior;
typedef struct gnl_term gnl_term;
typedef struct gnl_bound gnl_bound;
typedef struct gnl_latents gnl_latents;
typedef struct gnl_kind gnl_kind;

/* ---- one batch of codes ---------------------------------------------------------------------- */

/* The codes of a batch, and the posterior parameters and noise they are sampled from. The encoder's outputs are the
 * heads of the posterior. */
typedef struct gnl_code {
    gnl_compute compute;
    int64_t rows, samples, dims;         /* data rows, codes sampled per row, dimensions of a code */
    const gnl_real *head[GNL_MAX_HEADS]; /* [rows,width] outputs of the encoder */
    gnl_real *dhead[GNL_MAX_HEADS];      /* [rows,width] gradients of the heads */
    gnl_real *spare[GNL_MAX_HEADS];      /* [rows,width] scratch: head gradients of one sample */
    gnl_real *noise;                     /* [samples,rows,noise] standard normal noise */
    gnl_real *z, *dz;                    /* [samples,rows,dims] */
    int32_t *index;                      /* [samples,rows,codes.count] chosen codes of a discrete posterior, or NULL */
    gnl_rng rng;                         /* for updates after the step; the caller sets it before each step */
    double *kl;                          /* [rows] KL of each row, see gnl_latents_kl() */
    double *per_dim;        /* [dims] KL of each dimension, averaged over the rows; NaN if only the sum is known */
    double *nll;            /* [samples,rows] negative log-likelihoods */
    double *ratio;          /* [2,rows] scratch */
    double *weight;         /* [samples,rows] importance weights; NULL for bounds without weights */
    double *log_q, *dlog_q; /* [samples,rows] log q(z) of the codes and its gradient, for draws_density */
    /* Other inputs of the decoder for the rows, in its order; entry 0, the code, is unused. For terms that run the
     * decoder. */
    const gnl_real *input[GNL_MAX_INPUTS];
    void *work[GNL_MAX_KINDS]; /* workspaces of the kinds */
} gnl_code;

/* Describes what a workspace of codes must hold. */
typedef struct gnl_latent_env {
    genlat_ctx *ctx;
    int64_t rows, samples; /* largest number of rows and of samples */
    bool training;
    genlat_net *encoder, *decoder; /* for kinds that run the nets on other data */
} gnl_latent_env;

/* ---- common to all kinds ---------------------------------------------------------------------- */

/* First member of every kind's type. */
typedef struct gnl_kind_type {
    const char *name;
    const gnl_options_table *options; /* NULL if the kind has no options */
    const char *help;                 /* one line for the generated reference */
    /* Lists the trained and the stored tensors, at most GNL_MAX_KIND_PARAMS. data is the shape of one sample. NULL if
     * there are none. */
    int (*params)(const void *opts, int64_t dims, const gnl_shape *data, gnl_param *param);
    /* Creates a net that the kind trains. Its weights are initialized afterwards. NULL if there is none. */
    genlat_status (*net_new)(const gnl_kind *kind, genlat_net **out);
    /* Creates a net that serves one group of dimensions. Leaves *out unchanged if the group needs none. NULL: no group
     * needs one. */
    genlat_status (*group_net_new)(const gnl_kind *kind, int group, genlat_net **out);
    /* Returns E_INVALID for options that do not fit the dimensions. NULL: all do. */
    genlat_status (*check)(const void *opts, int64_t dims);
    /* Initializes tensors from samples of the training data: returns how many, and receives them as x [count,data].
     * NULL: no tensor depends on the data. */
    int64_t (*examples)(const gnl_kind *kind);
    void (*start)(gnl_kind *kind, const gnl_real *x);
    bool adversarial; /* its tensors and its net minimize a loss of their own, which term_optimizer updates */
    /* Returns whether the gradient is an estimate instead of the derivative of the value. NULL: the derivative. */
    bool (*is_surrogate)(const void *opts);
    /* Allocates a workspace, which serves one batch at a time. NULL if none is needed. */
    genlat_status (*work_new)(const gnl_kind *kind, const gnl_latents *latents, const gnl_latent_env *env, void **work);
    void (*work_free)(genlat_ctx *ctx, void *work); /* NULL if the workspace is a single block of memory */
    /* Computes in the workspace what depends on the parameters only. Called before each batch. NULL: nothing. */
    void (*prepare)(const gnl_kind *kind, const gnl_code *code);
    /* Completes the gradients of the parameters at the end of a backward pass, from what it has left in the workspace.
     * NULL: they are complete. */
    void (*backward)(gnl_kind *kind, const gnl_code *code);
    /* Updates states, such as running averages, after a step that has succeeded. NULL: nothing. */
    void (*after_step)(gnl_kind *kind, const gnl_code *code);
} gnl_kind_type;

/* First member of every instance. */
struct gnl_kind {
    genlat_ctx *ctx;
    const gnl_kind_type *type;
    const gnl_latents *latents; /* which it belongs to */
    char name[GNL_SPEC_KIND];   /* of its part: "posterior", "prior", "bound", or the name of a term */
    int index;                  /* of its workspace in gnl_code.work */
    int64_t dims;
    _Alignas(16) unsigned char opts[GNL_MAX_KIND_BYTES];
    gnl_numbers numbers;
    genlat_net *net;                                    /* NULL if it has none */
    genlat_net *group_net[GNL_MAX_GROUPS];              /* NULL for groups without one */
    char group_name[GNL_MAX_GROUPS][GNL_SPEC_KIND + 4]; /* of their parts: "prior_1" for the first group */
};

/* ---- posteriors q(z|x) ----------------------------------------------------------------------- */

/* An output that the encoder must have: a dense layer. If clamp > 0, it is clamped to [-clamp, clamp]. */
typedef struct gnl_head {
    const char *name;
    int64_t width;
    double clamp;
} gnl_head;

/* The codes of a discrete posterior: a row has `count` indices from 0 to size-1. Where a code is a vector, its elements
 * are `count` apart in z, as channels of a map are: z is [elements,count]. */
typedef struct gnl_codes {
    int64_t count, size;
} gnl_codes;

/* The variables that a log-ratio is differentiated by. */
enum { GNL_BY_Z = 1, GNL_BY_HEADS = 2 };

/* KL(q || p) in closed form, for one pair of posterior and prior. The KL is a sum of elements, one for each row and
 * dimension. */
typedef struct gnl_divergence {
    /* Computes kl [rows] and per_dim [dims]; either may be NULL. */
    void (*value)(const gnl_posterior *q, const gnl_code *c, double *kl, double *per_dim);
    double (*element)(const gnl_posterior *q, const gnl_code *c, int64_t row, int64_t dim);
    /* Adds factor times the derivatives of elements (row, first .. past-1) to dhead. */
    void (*backward)(const gnl_posterior *q, const gnl_code *c, int64_t row, int64_t first, int64_t past,
                     double factor);
    /* Computes log q(z) - log p(z) of sample s, [rows]. NULL: the caller subtracts the two log-densities. */
    void (*ratio)(const gnl_posterior *q, const gnl_code *c, int64_t s, double *out);
    /* Adds factor times weight[row] (1 if weight is NULL) times the partial derivatives of the ratio; see
     * gnl_latents_ratio_backward(). */
    void (*ratio_backward)(const gnl_posterior *q, const gnl_code *c, int64_t s, double factor, const double *weight,
                           unsigned by);
    /* The elements depend on the codes. backward and ratio_backward only record the factors; draw_backward, which must
     * follow, propagates them. */
    bool recorded;
} gnl_divergence;

/* The Gaussian of a group of dimensions for each code, and the derivatives by its parameters: [codes,width]. */
typedef struct gnl_group_gauss {
    const gnl_real *mean, *logvar;
    gnl_real *dmean, *dlogvar;
} gnl_group_gauss;

typedef struct gnl_posterior_type {
    gnl_kind_type kind;
    /* Divides the dimensions into groups, from the data upwards: returns their number and stores their widths. Only
     * priors with `condition` serve such posteriors. NULL: one group. */
    int (*groups)(const void *opts, int64_t dims, int64_t width[GNL_MAX_GROUPS]);
    bool at_once; /* draw and draw_backward serve all samples in one call, for sample 0 */
    int (*heads)(const void *opts, int64_t dims, gnl_head head[GNL_MAX_HEADS]);
    int64_t (*noise)(const void *opts, int64_t dims);                   /* normal variates per code; NULL if none */
    void (*draw)(const gnl_posterior *q, const gnl_code *c, int64_t s); /* computes z of sample s */
    /* Computes the derivatives of sample s by the heads from dz. Overwrites dhead, which is c->dhead or c->spare. Adds
     * to the gradients of the posterior's own parameters. */
    void (*draw_backward)(const gnl_posterior *q, const gnl_code *c, int64_t s, gnl_real *const dhead[GNL_MAX_HEADS]);
    /* The density is known at the drawn codes only: draw also computes log_q, and draw_backward also propagates
     * dlog_q. log_density is NULL. */
    bool draws_density;
    /* Computes the mean [rows,dims]. Of a discrete posterior, the most probable codes and c->index. */
    void (*mean)(const gnl_posterior *q, const gnl_code *c, gnl_real *out);
    /* [rows,dims] log-variance of each dimension. NULL for a point. */
    void (*logvar)(const gnl_posterior *q, const gnl_code *c, gnl_real *out);
    /* Adds derivatives by the numbers of mean() and logvar(), [rows,dims], to c->dhead. */
    void (*mean_backward)(const gnl_posterior *q, const gnl_code *c, const gnl_real *dmean);
    /* Only for posteriors whose dimensions are independent Gaussians; NULL for others. */
    void (*logvar_backward)(const gnl_posterior *q, const gnl_code *c, const gnl_real *dlogvar);
    /* Computes log q(z) at any z [rows,dims]. NULL if the posterior has no density, or only at its own codes. */
    void (*log_density)(const gnl_posterior *q, const gnl_code *c, const gnl_real *z, double *out);
    /* Adds factor times weight[row] (1 if weight is NULL) times the partial derivatives of log q(z) to dz and dhead.
     * Either may be NULL. */
    void (*log_density_backward)(const gnl_posterior *q, const gnl_code *c, const gnl_real *z, double factor,
                                 const double *weight, gnl_real *dz, gnl_real *const dhead[GNL_MAX_HEADS]);
    const gnl_divergence *from_normal; /* closed-form KL from N(0,I); NULL: estimate it by sampling */
    const gnl_divergence *from_groups; /* of posteriors with groups: from a prior with `condition` */
    bool diagonal;                     /* head 0 is the mean and head 1 the log-variance of independent Gaussians */

    /* Discrete posteriors have no density, but probabilities of codes. draw also chooses c->index. NULL: the posterior
     * is not discrete. */
    gnl_codes (*codes)(const void *opts, int64_t dims);
    /* Computes z [rows,dims] of the codes index [rows,count]. */
    void (*lookup)(const gnl_posterior *q, int64_t rows, const int32_t *index, gnl_real *z);
    const gnl_divergence *from_uniform; /* closed-form KL from the uniform distribution. NULL: q(z|x) is 1 for one z */

    /* Returns a loss of the posterior itself, averaged over the rows. Its derivatives are part of draw_backward. NULL:
     * there is none. */
    double (*loss)(const gnl_posterior *q, const gnl_code *c);
    const char *prior; /* default prior; NULL: normal */
} gnl_posterior_type;

/* Returns whether log q(z) is known at least at the drawn codes. */
static inline bool gnl_posterior_has_density(const gnl_posterior_type *type)
{
    return type->log_density || type->draws_density;
}

struct gnl_posterior {
    gnl_kind kind;
    const gnl_posterior_type *type;
    int heads;
    gnl_head head[GNL_MAX_HEADS];
    int64_t noise;
    gnl_codes codes; /* count is 0 if the posterior is not discrete */
};

/* ---- priors p(z) ------------------------------------------------------------------------------ */

/* How to sample from the prior. */
typedef struct gnl_prior_draw {
    double temperature; /* multiplies the standard deviation */
    double truncation;  /* largest distance from the mean in standard deviations; 0: no limit */
} gnl_prior_draw;

/* Samples dims numbers from N(0,1). */
void gnl_normal_draw(gnl_rng *rng, const gnl_prior_draw *draw, int64_t dims, gnl_real *z);

typedef struct gnl_prior_type {
    gnl_kind_type kind;
    /* Returns E_UNSUPPORTED for latents that the prior cannot handle. Terms and bound do not exist yet. NULL: it
     * handles all. */
    genlat_status (*check)(const gnl_prior *p, const gnl_latents *l);
    /* Samples one code, [dims]. The workspaces of `c` are prepared; its arrays hold nothing. */
    void (*sample)(const gnl_prior *p, const gnl_code *c, gnl_rng *rng, const gnl_prior_draw *draw, gnl_real *z);
    void (*log_density)(const gnl_prior *p, const gnl_code *c, const gnl_real *z, double *out); /* [rows] */
    /* Adds factor times weight[row] (1 if weight is NULL) times the derivatives of log p(z) to dz and to the gradients
     * of the prior's own parameters. */
    void (*log_density_backward)(gnl_prior *p, const gnl_code *c, const gnl_real *z, double factor,
                                 const double *weight, gnl_real *dz);
    /* Priors of discrete posteriors have these instead of sample and the densities. mass computes log p of the codes of
     * sample s, [rows]. */
    void (*mass)(const gnl_prior *p, const gnl_code *c, int64_t s, double *out);
    /* Adds factor times weight[row] (1 if weight is NULL) times the derivatives of mass to the gradients of the prior's
     * own parameters. NULL: it has none. */
    void (*mass_backward)(gnl_prior *p, const gnl_code *c, int64_t s, double factor, const double *weight);
    /* Samples the codes index [rows,count]; row r draws from rng[r]. rows is at most that of the workspace. */
    void (*sample_codes)(const gnl_prior *p, const gnl_code *c, int64_t rows, gnl_rng *rng, const gnl_prior_draw *draw,
                         int32_t *index);
    /* Returns the closed-form KL of this posterior, or NULL if it must be estimated by sampling. The pointer itself may
     * be NULL. */
    const gnl_divergence *(*divergence)(const gnl_prior *p, const gnl_posterior *q);
    /* Priors of groups: computes the Gaussian of a group, but the topmost, given the groups above it in c->z, for all
     * samples. The topmost group is N(0,I). The result stays valid until the next call for the group. NULL: the prior
     * has no groups. */
    gnl_group_gauss (*condition)(const gnl_prior *p, const gnl_code *c, int group);
    /* Adds to c->dz of the groups above and to the gradients of the prior's nets, from the derivatives by the mean and
     * the log-variance of the group. */
    void (*condition_backward)(gnl_prior *p, const gnl_code *c, int group);
} gnl_prior_type;

struct gnl_prior {
    gnl_kind kind;
    const gnl_prior_type *type;
};

/* ---- terms added to the likelihood ------------------------------------------------------------ */

/* One evaluation of a term on a batch of codes. */
typedef struct gnl_term_call {
    const gnl_latents *latents;
    gnl_code *code;
    double factor;     /* value of the schedule */
    int64_t data_rows; /* rows of the training data; 0: unknown */
    gnl_rng rng;       /* for samples from the prior, permutations and other draws */
} gnl_term_call;

typedef struct gnl_term_type {
    gnl_kind_type kind;
    /* Returns E_UNSUPPORTED for a posterior or prior that the term cannot handle. NULL: it handles all. */
    genlat_status (*check)(const gnl_term *t, const gnl_posterior *q, const gnl_prior *p);
    double (*value)(gnl_term *t, const gnl_term_call *call);
    void (*backward_z)(gnl_term *t, const gnl_term_call *call);     /* adds to dz; NULL: adds nothing */
    void (*backward_heads)(gnl_term *t, const gnl_term_call *call); /* adds to dhead; NULL: adds nothing */
    /* Returns the weight of the KL in this term. NULL if the term has no KL. */
    double (*beta)(const gnl_term *t, double factor);
    /* Returns whether the term is exactly beta times the KL. Only then can it enter importance weights. NULL: false. */
    bool (*is_plain_kl)(const gnl_term *t);
} gnl_term_type;

struct gnl_term {
    gnl_kind kind;
    const gnl_term_type *type;
};

/* ---- bounds ----------------------------------------------------------------------------------- */

/* One evaluation of a bound. */
typedef struct gnl_bound_call {
    gnl_latents *latents;
    gnl_code *code;
    double factor;     /* value of the schedule */
    int64_t data_rows; /* rows of the training data; 0: unknown */
    gnl_rng rng;       /* for draws of the terms */
    bool gradients;    /* true if gnl_latents_backward() follows */
    /* Writes the negative log-likelihoods of all samples to code->nll. If scale > 0, also stores their derivatives by
     * the decoder's output in the output gradient, multiplied by scale and by weight [samples,rows] (1 if weight is
     * NULL). */
    void (*likelihood)(void *user, double scale, const double *weight);
    void *user;
    double recon, kl, beta; /* results: mean negative log-likelihood of the samples, KL, and weight of the KL */
    double value[GNL_MAX_TERMS_ADDED]; /* results: of each term; 0 if the bound includes it */
    double group_kl[GNL_MAX_GROUPS];   /* results: KL of each group; 0 if there is one group */
} gnl_bound_call;

typedef struct gnl_bound_type {
    gnl_kind_type kind;
    bool weighs; /* needs gnl_code.weight */
    /* Returns E_UNSUPPORTED for latents that the bound cannot handle. NULL: it handles all. */
    genlat_status (*check)(const gnl_bound *b, const gnl_latents *l);
    /* Computes the bound without the terms that it does not include. */
    double (*value)(const gnl_bound *b, gnl_bound_call *call);
    /* Returns whether the bound already contains a term. NULL: it contains none. */
    bool (*includes)(const gnl_bound *b, const gnl_term *t);
    /* Completes code->dz, before the terms add to it. NULL: code->dz is complete. */
    void (*backward_z)(const gnl_bound *b, gnl_bound_call *call);
    /* Adds to code->dhead what does not come through z. NULL: there is nothing to add. */
    void (*backward_heads)(const gnl_bound *b, gnl_bound_call *call);
} gnl_bound_type;

struct gnl_bound {
    gnl_kind kind;
    const gnl_bound_type *type;
};

/* ---- a posterior, a prior, terms and a bound --------------------------------------------------- */

/* The kinds as text, as users write them. Terms are separated by ';'. */
typedef struct gnl_latent_spec {
    const char *posterior, *prior, *terms, *bound;
    int64_t dims;
    gnl_shape data;    /* of one sample; without dimensions if no kind needs it */
    int64_t condition; /* numbers in the condition of the encoder; 0: none */
} gnl_latent_spec;

struct gnl_latents {
    genlat_ctx *ctx;
    int64_t dims;
    gnl_shape data;    /* of one sample */
    int64_t condition; /* numbers in the condition of the encoder */
    int groups;
    int64_t group[GNL_MAX_GROUPS + 1]; /* first dimension of each group of dimensions, then dims */
    gnl_posterior *posterior;
    gnl_prior *prior;
    gnl_bound *bound;
    gnl_term *term[GNL_MAX_TERMS_ADDED];
    int terms;
    const gnl_divergence *divergence; /* NULL: the KL is estimated by sampling */
};

genlat_status gnl_latents_new(genlat_ctx *ctx, const gnl_latent_spec *spec, gnl_latents **out);
void gnl_latents_free(gnl_latents *latents);
/* Returns the index-th kind that has tensors or a net, or NULL past the last. */
gnl_kind *gnl_latents_owner(const gnl_latents *latents, int index);
/* Lists the parts of a kind, and returns their number. */
int gnl_kind_parts(const gnl_kind *kind, int optimizer, gnl_part out[GNL_MAX_KIND_PARTS]);
void gnl_latents_zero_grad(const gnl_latents *latents);

/* Returns the type of a posterior's text such as "vq codes=512", or NULL if the name is unknown. */
const gnl_posterior_type *gnl_posterior_type_of(const char *text);
/* Samples codes z [rows,dims] from the prior; row r draws from rng[r]. */
void gnl_latents_sample(const gnl_latents *latents, const gnl_code *code, int64_t rows, gnl_rng *rng,
                        const gnl_prior_draw *draw, gnl_real *z);

/* Allocates the arrays and workspaces of a code. The caller sets head, dhead and dz. */
genlat_status gnl_code_new(const gnl_latents *latents, const gnl_latent_env *env, gnl_code *out);
void gnl_code_free(const gnl_latents *latents, gnl_code *code);

/* Prepares the workspaces of all kinds for the present parameters. */
void gnl_latents_prepare(const gnl_latents *latents, const gnl_code *code);
/* Prepares the workspaces, computes all samples from code->noise, and sets code->dlog_q to 0. */
void gnl_latents_draw(const gnl_latents *latents, const gnl_code *code);
/* Same with workspaces that are already prepared. */
void gnl_latents_draw_prepared(const gnl_latents *latents, const gnl_code *code);
/* Computes code->kl and code->per_dim, and returns the mean KL over the rows. Returns 0 if the posterior has no
 * density. */
double gnl_latents_kl(const gnl_latents *latents, const gnl_code *code);
/* Returns the mean KL of a group after gnl_latents_kl(). NaN if only the KL of all groups is known. */
double gnl_latents_group_kl(const gnl_latents *latents, const gnl_code *code, int group);
/* Computes log q(z) - log p(z) of sample s, [rows]. */
void gnl_latents_ratio(const gnl_latents *latents, const gnl_code *code, int64_t s, double *out);
/* Returns whether the posterior has a density or probabilities, so that the KL is known. */
bool gnl_latents_has_density(const gnl_latents *latents);

/* For objectives that weight rows. kl_backward adds the derivatives of factor * sum of weight[row] * KL by the heads to
 * dhead, and those by z to dz and the gradients of the prior's parameters. In closed form there are none by z.
 * draw_backward computes dhead from dz. The order is: backward pass of the decoder, BY_Z, draw, BY_HEADS. */
void gnl_latents_kl_backward(const gnl_latents *latents, const gnl_code *code, double factor, const double *weight,
                             unsigned by);
void gnl_latents_draw_backward(const gnl_latents *latents, const gnl_code *code);

/* Returns the objective: the bound plus all terms. Also sets call->recon, kl, beta and value. */
double gnl_latents_objective(gnl_bound_call *call);
/* Computes dhead from dz, and adds to the gradients of the kinds' parameters. Call it after the backward pass of the
 * decoder, which stores dz in the code. */
void gnl_latents_backward(gnl_bound_call *call);
/* Completes the gradients of the kinds' parameters. gnl_latents_backward() calls it at its end. */
void gnl_latents_complete_gradients(const gnl_latents *latents, const gnl_code *code);
void gnl_latents_after_step(const gnl_latents *latents, const gnl_code *code);

/* ---- kinds ------------------------------------------------------------------------------------- */

/* NULL-terminated. */
extern const gnl_posterior_type *const gnl_posterior_types[];
extern const gnl_prior_type *const gnl_prior_types[];
extern const gnl_term_type *const gnl_term_types[];
extern const gnl_bound_type *const gnl_bound_types[];

/* The prior "flow" and its options. A sampler of fitted codes is one, too. */
typedef struct gnl_flow_opts {
    size_t size;
    int64_t layers, width;
    double scale;
} gnl_flow_opts;
extern const gnl_prior_type gnl_prior_flow;

/* ---- diagonal Gaussians, for custom training loops ---------------------------------------------- */

/* q = N(mean, e^logvar) for each row and dimension; all arrays are [rows,dims]. */
typedef struct gnl_gauss {
    gnl_compute compute;
    int64_t rows, dims;
    const gnl_real *mean, *logvar;
} gnl_gauss;

/* Computes KL(q || N(0,1)): kl [rows] is summed over dims, per_dim [dims] is averaged over rows. Either may be NULL. */
void gnl_gauss_kl(const gnl_gauss *q, double *kl, double *per_dim);
double gnl_gauss_kl_element(const gnl_gauss *q, int64_t i);
/* Adds factor times the derivatives of elements first .. past-1. dmean or dlogvar may be NULL. */
void gnl_gauss_kl_backward(const gnl_gauss *q, int64_t first, int64_t past, double factor, gnl_real *dmean,
                           gnl_real *dlogvar);
/* Computes log N(z; mean, e^logvar) summed over dims, [rows]. */
void gnl_gauss_log_density(const gnl_gauss *q, const gnl_real *z, double *out);
/* Adds factor times weight[row] (1 if weight is NULL) times the partial derivatives of the log-density. Any of dz,
 * dmean, dlogvar may be NULL. */
void gnl_gauss_log_density_backward(const gnl_gauss *q, const gnl_real *z, double factor, const double *weight,
                                    gnl_real *dz, gnl_real *dmean, gnl_real *dlogvar);
/* Computes log q(z) - log N(z; 0,1), [rows], and its derivatives. */
void gnl_gauss_ratio(const gnl_gauss *q, const gnl_real *z, double *out);
void gnl_gauss_ratio_backward(const gnl_gauss *q, const gnl_real *z, double factor, const double *weight, gnl_real *dz,
                              gnl_real *dmean, gnl_real *dlogvar);

#endif
