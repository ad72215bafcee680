/* SPDX-License-Identifier: MIT */
/* Declarations shared by the files of loss only. */
#ifndef GNL_LOSS_PRIV_H
#define GNL_LOSS_PRIV_H

#include "loss/loss.h"

/* ---- rows in parallel ------------------------------------------------------------------------ */

/* One sample of a call. */
typedef struct gnl_loss_row {
    const genlat_loss *loss;
    const gnl_kernels *k;
    int64_t dims, parts;
    const gnl_real *out, *target;
    double factor;     /* of the derivative */
    gnl_real *dout;    /* NULL: not computed */
    const double *use; /* values that eval has computed for all rows */
} gnl_loss_row;

/* Returns the negative log-likelihood of a sample and writes its derivative. */
typedef double gnl_loss_row_fn(const gnl_loss_row *row);

void gnl_loss_rows(const genlat_loss *loss, const gnl_loss_call *call, gnl_loss_row_fn *fn, const double *use);
/* Returns the number of rows of all draws. */
int64_t gnl_loss_all_rows(const gnl_loss_call *call);
/* Returns the number of observed elements of a row. */
int64_t gnl_loss_observed(const gnl_loss_call *call, int64_t row);
/* Returns the factor of a sample's derivative. */
double gnl_loss_factor(const gnl_loss_call *call, int64_t row);

/* One element to decode: its first output, the distance to its next one, and its own block of random numbers. */
typedef struct gnl_loss_element {
    const genlat_loss *loss;
    const gnl_real *out;
    int64_t stride, parts;
    gnl_rng *rng; /* NULL: the mean */
} gnl_loss_element;

typedef double gnl_loss_element_fn(const gnl_loss_element *element);

void gnl_loss_elements(const genlat_loss *loss, const gnl_loss_decode *decode, gnl_loss_element_fn *fn);

/* ---- shared functions ---------------------------------------------------------------------------- */

double gnl_log1p_exp(double x); /* log(1 + e^x) */
double gnl_logistic(double x);
/* Smooth lower bound of a log-scale: low + softplus(x - low). Its derivative is sigmoid(x - low). */
double gnl_soft_floor(double x, double low);
/* The inverse of gnl_soft_floor for y > low. gnl_check_above_floor returns E_RANGE, naming both options, if log(start)
 * is not above the floor. */
double gnl_soft_floor_inverse(double y, double low);
genlat_status gnl_check_above_floor(const char *name, double start, const char *floor_name, double floor);
/* Draws from the open interval (0,1). */
double gnl_open_unit(gnl_rng *rng);

/* log Gamma and its derivative for x > 0. Unlike lgamma(), they do not write the global signgam. */
double gnl_log_gamma(double x);
double gnl_digamma(double x);

/* ---- levels of an image ------------------------------------------------------------------------ */

/* Ranges of images, and their names as values of an option. */
enum { GNL_RANGE_UNIT, GNL_RANGE_SYMMETRIC };
extern const char *const gnl_range_names[];
gnl_loss_range gnl_range_of(uint32_t range);

/* The levels low, low + width, ..., 1. Each is the centre of a bin; the outer bins extend to infinity. */
typedef struct gnl_bins {
    double low, width, last; /* last: number of the highest level */
} gnl_bins;

/* log p of a level, and its derivatives by the mean and the log-scale of the logistic distribution. */
typedef struct gnl_bin_result {
    double value, by_mean, by_log_scale;
} gnl_bin_result;

gnl_bins gnl_bins_of(uint32_t range, int64_t levels);
double gnl_bins_nearest(const gnl_bins *bins, double x); /* number of the level nearest to x */
double gnl_bins_limit(const gnl_bins *bins, double x);   /* x, limited to the range of the levels */
/* log of the probability of the bin nearest to x */
gnl_bin_result gnl_bins_log_p(const gnl_bins *bins, double x, double mean, double log_scale);
/* Returns the level nearest to a draw from the logistic distribution. u is uniform in (0,1). */
double gnl_bins_draw(const gnl_bins *bins, double mean, double scale, double u);

#endif
