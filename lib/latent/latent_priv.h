/* SPDX-License-Identifier: MIT */
/* Helpers shared by the kinds. */
#ifndef GNL_LATENT_PRIV_H
#define GNL_LATENT_PRIV_H

#include "latent/latent.h"

/* Indices of the instances of gnl_latents, also of their workspaces in gnl_code.work. */
enum { GNL_KIND_POSTERIOR, GNL_KIND_PRIOR, GNL_KIND_BOUND, GNL_KIND_FIRST_TERM };

static inline int gnl_latents_kinds(const gnl_latents *l)
{
    return GNL_KIND_FIRST_TERM + l->terms;
}

/* Returns the instance at an index, or NULL if it has not been created. */
static inline gnl_kind *gnl_latents_kind(const gnl_latents *l, int index)
{
    switch (index) {
    case GNL_KIND_POSTERIOR:
        return l->posterior ? &l->posterior->kind : NULL;
    case GNL_KIND_PRIOR:
        return l->prior ? &l->prior->kind : NULL;
    case GNL_KIND_BOUND:
        return l->bound ? &l->bound->kind : NULL;
    default:
        return index < gnl_latents_kinds(l) ? &l->term[index - GNL_KIND_FIRST_TERM]->kind : NULL;
    }
}

/* Returns the options of an instance, a struct defined by its kind. */
static inline const void *gnl_kind_opts(const gnl_kind *kind)
{
    return kind->opts;
}

static inline void *gnl_kind_work(const gnl_kind *kind, const gnl_code *code)
{
    return code->work[kind->index];
}

static inline const gnl_real *gnl_code_z(const gnl_code *code, int64_t s)
{
    return code->z + s * code->rows * code->dims;
}

/* Returns the rows per parallel task, for rows of `width` numbers. */
int64_t gnl_latent_grain(int64_t width);
double gnl_latent_mean(int64_t n, const double *x);
double gnl_code_mean_nll(const gnl_code *code);         /* over all samples and rows */
double gnl_term_beta(const gnl_term *t, double factor); /* 0 if the term has no KL */

/* ---- critics --------------------------------------------------------------------------------- */

/* A net that tells codes from other vectors: its output is the log-odds of being one of the real vectors. Terms train
 * it against the encoder. The workspace of such a term begins with a gnl_critic. */
typedef struct gnl_critic {
    genlat_exec *exec;
    gnl_real *pair; /* [2 rows,dims] the real and the fake vectors; NULL without training */
    int64_t *order; /* [rows] for permutations; NULL without training */
} gnl_critic;

/* Creates a net of `depth` hidden layers with leaky rectifiers. */
genlat_status gnl_critic_net(const gnl_kind *kind, int64_t width, int64_t depth, genlat_net **out);
/* Functions of a gnl_kind_type whose workspace is a gnl_critic. */
genlat_status gnl_critic_work_new(const gnl_kind *kind, const gnl_latents *latents, const gnl_latent_env *env,
                                  void **work);
void gnl_critic_work_free(genlat_ctx *ctx, void *work);
/* Returns the outputs for all codes, [samples*rows]. */
const gnl_real *gnl_critic_odds(const gnl_critic *critic, const gnl_code *code);
/* After gnl_critic_odds(): adds the derivatives of a loss to code->dz. The caller has written those by the outputs to
 * gnl_critic_slopes(). */
gnl_real *gnl_critic_slopes(const gnl_critic *critic);
void gnl_critic_backward_z(const gnl_critic *critic, const gnl_code *code);
/* Adds the derivatives of the cross-entropy of real and fake vectors, scaled by factor, to the gradients of the net.
 * The caller has written `rows` of each to `pair`. */
void gnl_critic_learn(const gnl_critic *critic, int64_t rows, double factor);

/* ---- ratios ---------------------------------------------------------------------------------- */

/* Adds factor times weight[row] (1 if weight is NULL) times the partial derivatives of the log-ratio of sample s.
 * Derivatives by z go to code->dz and to the gradients of the prior's parameters, those by the heads to code->dhead. If
 * the posterior has draws_density, GNL_BY_Z adds the derivative of log q to code->dlog_q, and draw_backward propagates
 * it through z and to the heads; GNL_BY_HEADS then adds nothing. */
void gnl_latents_ratio_backward(const gnl_latents *latents, const gnl_code *code, int64_t s, double factor,
                                const double *weight, unsigned by);

/* ---- mixtures of diagonal Gaussians: gauss_mixture.c ------------------------------------------ */

/* A mixture, values derived from its parameters, and workspace for the rows of a batch. */
typedef struct gnl_gauss_mixture {
    int64_t count, dims;           /* components and dimensions */
    const gnl_real *mean, *logvar; /* [count,dims], set by the owner; log-variances are clamped to [-10, 10] */
    double *log_weight;            /* [count] logs of the weights, set by the owner; they sum to 1 */
    double *precision;             /* [count,dims] e^-logvar */
    double *constant;              /* [count] log of weight times normalization constant */
    double *share;                 /* [rows,count] log-densities, then responsibilities */
} gnl_gauss_mixture;

/* Allocates a mixture as one block of memory. */
genlat_status gnl_gauss_mixture_new(genlat_ctx *ctx, int64_t count, int64_t dims, int64_t rows,
                                    gnl_gauss_mixture **out);
/* Computes what depends on means, log-variances and weights. */
void gnl_gauss_mixture_prepare(gnl_gauss_mixture *m);
void gnl_gauss_mixture_log_density(const gnl_gauss_mixture *m, const gnl_code *c, const gnl_real *z,
                                   double *out); /* [rows] */
/* Adds factor times weight[row] (1 if weight is NULL) times the derivatives of the log-density. dlogit [count] receives
 * those by the logits of the weights; NULL: not requested. */
void gnl_gauss_mixture_log_density_backward(const gnl_gauss_mixture *m, const gnl_code *c, const gnl_real *z,
                                            double factor, const double *weight, gnl_real *dz, gnl_real *dmean,
                                            gnl_real *dlogvar, gnl_real *dlogit);
/* Samples from component i. */
void gnl_gauss_mixture_sample(const gnl_gauss_mixture *m, int64_t i, gnl_rng *rng, const gnl_prior_draw *draw,
                              gnl_real *z);

/* ---- groups of dimensions: groups.c ------------------------------------------------------------ */

/* How the parameters (a,b) of a posterior and those of the prior, (mean,logvar), make those of the Gaussian that a
 * group is sampled from. */
typedef struct gnl_merge {
    void (*forward)(const gnl_real in[4], gnl_real out[2]); /* in: a, b, mean, logvar */
    /* Computes the derivatives by the inputs from those by the outputs. */
    void (*backward)(const gnl_real in[4], const gnl_real dout[2], gnl_real din[4]);
} gnl_merge;

extern const gnl_merge gnl_merge_replace; /* a, b */
extern const gnl_merge gnl_merge_product; /* the normalized product of both densities */
extern const gnl_merge gnl_merge_sum;     /* mean + a, logvar + b */

/* Parameters (a,b) of a group, and their derivatives. Rows are `stride` numbers apart. */
typedef struct gnl_group_source {
    const gnl_real *a, *b;
    gnl_real *da, *db;
    int64_t stride;
    bool shared; /* one row for all samples of a row */
} gnl_group_source;

/* The first member of the workspace of a posterior with groups. */
typedef struct gnl_grouped {
    gnl_group_source source[GNL_MAX_GROUPS];
    gnl_group_gauss prior[GNL_MAX_GROUPS];
    const gnl_merge *merge[GNL_MAX_GROUPS];
    gnl_real *mean[GNL_MAX_GROUPS], *logvar[GNL_MAX_GROUPS]; /* [codes,width] of the posterior */
    gnl_real *element;                                       /* [rows,dims] KL, mean over the samples */
    gnl_real *kl_factor;                                     /* [rows,dims] recorded */
    double *ratio_factor;                                    /* [codes] recorded */
    gnl_real *zero, *unused; /* [codes,widest] parameters of N(0,I), and their derivatives */
} gnl_grouped;

/* Functions of a posterior with groups. The struct of its workspace begins with a gnl_grouped of zeros. */
genlat_status gnl_grouped_new(const gnl_kind *kind, const gnl_latent_env *env, gnl_grouped *w);
void gnl_grouped_free(genlat_ctx *ctx, gnl_grouped *w);
int64_t gnl_grouped_noise(const void *opts, int64_t dims);
void gnl_grouped_mean(const gnl_posterior *q, const gnl_code *c, gnl_real *out);
void gnl_grouped_logvar(const gnl_posterior *q, const gnl_code *c, gnl_real *out);
extern const gnl_divergence gnl_grouped_divergence;

/* Options of such posteriors begin with these. */
typedef struct gnl_group_opts {
    size_t size;
    int64_t groups[GENLAT_MAX_DIMS];
} gnl_group_opts;

#define GNL_GROUP_OPTION(type)                                                                                         \
    GNL_OPT_DIMS(type, groups, 1, 65536, "latent dimensions of each group, from the data upwards; default: two halves")
int gnl_group_widths(const void *opts, int64_t dims, int64_t width[GNL_MAX_GROUPS]);
genlat_status gnl_group_check(const void *opts, int64_t dims); /* gnl_kind_type.check */

/* Begin a draw, and sample a group from its source and its prior. */
void gnl_grouped_begin(gnl_grouped *w, const gnl_code *c, const gnl_latents *l);
void gnl_grouped_draw(gnl_grouped *w, const gnl_code *c, const gnl_latents *l, int group);
/* Write the derivatives by the prior of a group, but for those through the merge. */
void gnl_grouped_prior_backward(gnl_grouped *w, const gnl_code *c, const gnl_latents *l, int group);
/* Compute those by the source from the complete dz, and add those through the merge. */
void gnl_grouped_draw_backward(gnl_grouped *w, const gnl_code *c, const gnl_latents *l, int group);
/* Copies z of groups first .. past-1 of all codes. */
void gnl_group_copy(const gnl_latents *l, const gnl_code *c, int first, int past, gnl_real *out);
/* Adds dz of groups first .. past-1 of all codes. */
void gnl_group_add(const gnl_latents *l, const gnl_code *c, int first, int past, const gnl_real *dz);

/* Dense layers of the net of a group. */
typedef struct gnl_group_layers {
    int64_t layers, width;
    uint32_t activation, reserved;
} gnl_group_layers;

extern const char *const gnl_group_activations[];
/* Their options, in the member `net` of a struct. */
#define GNL_GROUP_LAYERS_OPTIONS(type)                                                                                 \
    {.name = "layers", GNL_OPTION_INT, offsetof(type, net.layers), 2, 0, 16, NULL, "hidden layers of each net"},       \
        {.name = "width", GNL_OPTION_INT, offsetof(type, net.width), 128, 1, 65536, NULL, "units of a hidden layer"},  \
    {                                                                                                                  \
        .name = "activation", GNL_OPTION_ENUM, offsetof(type, net.activation), 0, 0, 4, gnl_group_activations,         \
        "activation of the hidden layers"                                                                              \
    }

/* Creates a net with an input z of `inputs` numbers, of which it reads the first `used`, and outputs mean and logvar of
 * `width` numbers. */
genlat_status gnl_group_net(genlat_ctx *ctx, const gnl_group_layers *layers, int64_t inputs, int64_t used,
                            int64_t width, genlat_net **out);

/* ---- bounds that contain the KL (weighted.c) --------------------------------------------------- */

/* How the gradient of a bound reaches the encoder: as the derivative of the value, doubly reparametrized, or only
 * through the codes. */
typedef enum gnl_estimator { GNL_ESTIMATOR_TOTAL, GNL_ESTIMATOR_DOUBLY, GNL_ESTIMATOR_PATH } gnl_estimator;
extern const char *const gnl_estimator_names[];

/* Functions of gnl_bound_type for bounds that contain the KL without free bits or a capacity. */
bool gnl_bound_includes_kl(const gnl_bound *b, const gnl_term *t);
genlat_status gnl_bound_check_kl(const gnl_bound *b, const gnl_latents *l);
/* Returns E_UNSUPPORTED if an estimator other than the total derivative needs partial derivatives of the density that
 * the posterior does not compute. */
genlat_status gnl_bound_check_partial(const gnl_bound *b, const gnl_latents *l);
/* Returns the weight of the log-ratio of posterior and prior. */
double gnl_bound_kl_weight(const gnl_bound *b, const gnl_bound_call *call);

/* Options of the bounds log(mean of w^(1 - alpha)) / (1 - alpha) of the importance weights w. */
typedef struct gnl_weighted_opts {
    size_t size;
    double alpha;
    uint32_t estimator, reserved;
} gnl_weighted_opts;

bool gnl_weighted_is_surrogate(const void *opts);
genlat_status gnl_weighted_check(const gnl_bound *b, const gnl_latents *l);
double gnl_weighted_value(const gnl_bound *b, gnl_bound_call *call);
void gnl_weighted_backward_z(const gnl_bound *b, gnl_bound_call *call);
void gnl_weighted_backward_heads(const gnl_bound *b, gnl_bound_call *call);

#endif
