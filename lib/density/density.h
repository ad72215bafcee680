/* SPDX-License-Identifier: MIT */
/*
 * density: classical densities of vectors: Gaussian mixtures fitted by EM, probabilistic PCA, restricted Boltzmann
 *          machines, and the symmetric matrices that they need. Families of models and samplers use them.
 * Uses: base, kernel. Does not depend on models; parameters lie in arrays of the caller.
 * Adding: one file for each density, declared here.
 * Tests: tests/unit/test_density.c, tests/golden/test_density.c, tests/unit/test_metric.c.
 */
#ifndef GNL_DENSITY_H
#define GNL_DENSITY_H

#include "kernel/kernel.h"

/* ---- symmetric matrices [n,n], row-major, in double: symmetric.c ---------------------------------- */

/* Computes a factor F [n,n] of a positive semi-definite A = F F'. Returns the rank; columns from the rank on are 0.
 * `remaining` is scratch [n]. */
int64_t gnl_psd_factor(int64_t n, const double *a, double *factor, double *remaining);
/* Computes the lower triangle L^-1 of a positive definite A = L L', with zeros above. Reads the upper triangle of A and
 * overwrites it. Returns false if A is not positive definite. */
bool gnl_definite_inverse_factor(int64_t n, double *a, double *inverse);
/* Computes the eigenvalues [n], in no particular order. Reads only the lower triangle, and overwrites it. off_diagonal
 * is scratch [n]. Returns false if they do not converge. */
bool gnl_symmetric_eigenvalues(int64_t n, double *a, double *values, double *off_diagonal);
/* Same, and computes the eigenvectors: row i of `vectors` [n,n] belongs to value i. */
bool gnl_symmetric_eigen(int64_t n, double *a, double *values, double *vectors, double *off_diagonal);

double gnl_mean_nll(int64_t rows, const double *log_density); /* mean of -log p(x) */

/* ---- Gaussian mixtures: mixture.c, mixture_fit.c --------------------------------------------------- */

typedef enum gnl_covariance { GNL_COVARIANCE_DIAG, GNL_COVARIANCE_FULL } gnl_covariance;

/* A mixture of Gaussians. The factor of a component is L^-1, where L L' is its covariance. */
typedef struct gnl_mixture {
    int64_t components, dims;
    gnl_covariance covariance;
    gnl_real *weight; /* [components] probabilities */
    gnl_real *mean;   /* [components,dims] */
    gnl_real *factor; /* [components,dims,dims] lower triangles, or [components,dims] their diagonals */
} gnl_mixture;

/* Sums over samples for one step of EM: the responsibilities of each component, and, weighted with them, the
 * differences from its current mean and their products. Each number is the sum of two, so that it has the precision of
 * 48 bits and can be stored as floats. */
typedef struct gnl_mixture_sums {
    gnl_real *sum, *rest; /* [gnl_mixture_sums_count()] */
} gnl_mixture_sums;

/* Scratch memory for at most `rows` samples at once. One for each calling thread. */
typedef struct gnl_mixture_work {
    gnl_compute compute;
    int64_t rows;
    double *share;         /* [rows,components] responsibilities of the last gnl_mixture_density() */
    double *constant;      /* [components] log of weight and normalization */
    double *sum;           /* [threads,2*dims] */
    double *matrix;        /* [2,dims,dims] for a full covariance */
    gnl_real *apart, *map; /* [block,dims] differences from a mean, and their products with a factor */
    gnl_real *product;     /* [dims,dims] for a full covariance */
} gnl_mixture_work;

int64_t gnl_mixture_factors(const gnl_mixture *m); /* numbers of the factor of one component */
int64_t gnl_mixture_sums_count(const gnl_mixture *m);
/* Returns E_RANGE if the numbers of a mixture of these sizes cannot be counted. Call it before the others. */
genlat_status gnl_mixture_check(const gnl_mixture *m);
genlat_status gnl_mixture_work_new(genlat_ctx *ctx, const gnl_mixture *m, int64_t rows, gnl_mixture_work *out);
void gnl_mixture_work_free(genlat_ctx *ctx, gnl_mixture_work *work);

/* Computes log p(x) [rows], and the responsibilities of the components in work->share. */
void gnl_mixture_density(const gnl_mixture *m, gnl_mixture_work *work, int64_t rows, const gnl_real *x,
                         double *log_density);
/* Adds samples with the responsibilities in work->share to the sums. */
void gnl_mixture_add(const gnl_mixture *m, gnl_mixture_work *work, int64_t rows, const gnl_real *x,
                     const gnl_mixture_sums *sums);
/* Computes weight, mean and covariance of a component from the sums. The diagonal of a full covariance, or the
 * variances, are increased by `floor`. */
void gnl_mixture_moments(const gnl_mixture *m, const gnl_mixture_sums *sums, int64_t component, double floor,
                         double *mean, double *covariance);
/* Replaces the parameters by those that the sums determine, and clears the sums. Returns E_NUMERIC, and changes
 * nothing, if a sum is not finite. */
genlat_status gnl_mixture_update(const gnl_mixture *m, gnl_mixture_work *work, const gnl_mixture_sums *sums,
                                 double floor);
/* Sets the parameters by k-means: centres of k-means++, then Lloyd's iterations. Weights and covariances are those of
 * the clusters, for which the sums must be 0. If sums is NULL, which suits a small part of many samples, the weights
 * are equal and all covariances one multiple of the identity. Fewer samples than components make some
 * of these equal. *inertia receives the sum of squared distances from the centres; inertia may be NULL. */
genlat_status gnl_mixture_start(const gnl_mixture *m, gnl_mixture_work *work, int64_t rows, const gnl_real *x,
                                gnl_rng rng, double floor, const gnl_mixture_sums *sums, double *inertia);

typedef struct gnl_mixture_fit_opts {
    int64_t iterations, starts; /* iterations of EM of each start; starts by k-means, of which the best is kept */
    double floor;               /* added to variances */
    double tolerance;           /* increase of the mean log-likelihood below which a start ends */
    uint64_t seed;              /* start i draws from substream i of the stream of initial values */
} gnl_mixture_fit_opts;

/* Fits the mixture to samples x [n,dims] by EM. *score receives the mean log-likelihood; score may be NULL. */
genlat_status gnl_mixture_fit(genlat_ctx *ctx, const gnl_mixture *m, const gnl_mixture_fit_opts *opts, int64_t n,
                              const gnl_real *x, double *score);

/* Chooses a component by a uniform number from [0,1). */
int64_t gnl_mixture_choose(const gnl_mixture *m, double uniform);
/* Turns standard normal numbers z [dims] into a sample of a component, in place. */
void gnl_mixture_place(const gnl_mixture *m, int64_t component, gnl_real *z);

/* ---- probabilistic PCA: ppca.c ---------------------------------------------------------------------- */

/* x = mean + W z + sd * noise with the columns of W along the principal axes. */
typedef struct gnl_ppca {
    int64_t dims, latent; /* latent < dims */
    gnl_real *mean;       /* [dims] */
    gnl_real *axis;       /* [latent,dims] orthonormal, by decreasing variance */
    gnl_real *variance;   /* [latent] of the data along the axes */
    gnl_real *noise;      /* [1] variance along all other directions */
} gnl_ppca;

/* Sets the parameters of the largest likelihood from mean and covariance [dims,dims], which it overwrites. Variances
 * are at least `floor`. `vectors` [dims,dims] and `values` [2,dims] are scratch. Returns E_NUMERIC, and changes
 * nothing, if the eigenvalues do not converge. */
genlat_status gnl_ppca_fit(const gnl_ppca *p, const double *mean, double *covariance, double floor, double *vectors,
                           double *values);
/* Returns the mean log-density of the samples whose moments gnl_ppca_fit() was given. */
double gnl_ppca_score(const gnl_ppca *p);
/* Computes log p(x) [rows], and the means of p(z|x) [rows,latent]. Either may be NULL. */
void gnl_ppca_infer(const gnl_ppca *p, const gnl_compute *c, int64_t rows, const gnl_real *x, double *log_density,
                    gnl_real *z);
/* Computes the mean of p(x|z) [rows,dims]. */
void gnl_ppca_decode(const gnl_ppca *p, const gnl_compute *c, int64_t rows, const gnl_real *z, gnl_real *x);

/* ---- restricted Boltzmann machines: rbm.c ----------------------------------------------------------- */

/* Binary units: p(v,h) is proportional to exp(b'v + c'h + h'Wv). */
typedef struct gnl_rbm {
    int64_t visible, hidden;
    gnl_real *weight;       /* W [hidden,visible] */
    gnl_real *visible_bias; /* b [visible] */
    gnl_real *hidden_bias;  /* c [hidden] */
} gnl_rbm;

/* Scratch memory for at most `rows` samples, which are also the states of Markov chains. */
typedef struct gnl_rbm_work {
    gnl_compute compute;
    int64_t rows;
    gnl_real *v, *h;  /* [rows,visible], [rows,hidden] states of the chains */
    gnl_real *input;  /* [rows,hidden] inputs of the hidden units, then their probabilities */
    gnl_real *field;  /* [rows,visible] inputs of the visible units */
    gnl_real *spare;  /* [rows,max(visible,hidden)] */
    gnl_rng *rng;     /* [rows] of each chain */
    double *energy;   /* [rows] free energies of the last gnl_rbm_energy() */
    double *log_odds; /* [rows] logarithms of importance weights */
} gnl_rbm_work;

genlat_status gnl_rbm_work_new(genlat_ctx *ctx, const gnl_rbm *r, int64_t rows, gnl_rbm_work *out);
void gnl_rbm_work_free(genlat_ctx *ctx, gnl_rbm_work *work);

/* Computes the free energies of samples v, -log of the sum over h of exp(b'v + c'h + h'Wv), in work->energy. */
void gnl_rbm_energy(const gnl_rbm *r, gnl_rbm_work *work, int64_t rows, const gnl_real *v);
/* Adds factor times the sum over samples of the derivatives of the free energy. p(h=1|v) stays in work->input. */
void gnl_rbm_gradient(const gnl_rbm *r, gnl_rbm_work *work, int64_t rows, const gnl_real *v, double factor,
                      const gnl_rbm *grad);
/* Computes p(h=1|v) [rows,hidden]. */
void gnl_rbm_encode(const gnl_rbm *r, const gnl_rbm_work *work, int64_t rows, const gnl_real *v, gnl_real *h);
/* Computes p(v=1|h) [rows,visible]. */
void gnl_rbm_decode(const gnl_rbm *r, const gnl_rbm_work *work, int64_t rows, const gnl_real *h, gnl_real *v);
/* Takes Gibbs steps from the visible states in work->v: hidden, then visible. Draws from work->rng. */
void gnl_rbm_walk(const gnl_rbm *r, gnl_rbm_work *work, int64_t rows, int64_t steps);
/* Anneals chains from independent units with the biases `base` [visible] to the machine in `steps` steps. Leaves the
 * logarithms of the importance weights in work->log_odds, relative to the partition function at the start. */
void gnl_rbm_anneal(const gnl_rbm *r, gnl_rbm_work *work, int64_t rows, const gnl_real *base, int64_t steps);
/* Estimates the logarithm of the partition function and its standard error from `rows` annealed chains, with substreams
 * 0 .. rows-1 of the stream of evaluation. */
void gnl_rbm_log_partition(const gnl_rbm *r, gnl_rbm_work *work, int64_t rows, const gnl_real *base, int64_t steps,
                           uint64_t seed, double *log_z, double *error);

#endif
