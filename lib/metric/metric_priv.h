/* SPDX-License-Identifier: MIT */
/* Declarations shared by the metrics: sets of samples, and statistics of estimates. */
#ifndef GNL_METRIC_PRIV_H
#define GNL_METRIC_PRIV_H

#include "kernel/kernel.h"
#include "metric/metric.h"

/* Samples as rows of numbers. */
typedef struct gnl_rows {
    genlat_ctx *ctx;
    int64_t n, d;
    const gnl_real *data;
} gnl_rows;

/* Describes a tensor as rows. Checks that it has at least `least` rows of finite numbers. */
genlat_status gnl_rows_take(const genlat_tensor *tensor, int64_t least, const char *name, gnl_rows *out);
/* Same for two tensors. Checks that their rows have the same width. */
genlat_status gnl_rows_take_pair(const genlat_tensor *a, const char *name_a, const genlat_tensor *b, const char *name_b,
                                 int64_t least, gnl_rows out[2]);
genlat_status gnl_check_finite(const genlat_tensor *tensor, const char *name);

static inline const gnl_real *gnl_row(const gnl_rows *rows, int64_t i)
{
    return rows->data + i * rows->d;
}

/* Computes mean and standard deviation (divisor n) of a few estimates. sd may be NULL. */
void gnl_mean_sd(int64_t n, const double *values, double *mean, double *sd);

/* ---- metrics of the table --------------------------------------------------------------------- */

extern const char *const gnl_metric_inputs[]; /* [GNL_INPUTS] names of the inputs */
/* Describes inputs of a call, which have been checked, as rows. */
gnl_rows gnl_metric_rows(const gnl_metric_call *call, int input);
/* Same for two inputs. Checks that they have the same number of rows, or rows of the same width. */
genlat_status gnl_metric_pair(const gnl_metric_call *call, int a, int b, bool same_rows, gnl_rows out[2]);

/* Adds a number. column -1: of all columns. */
genlat_status gnl_metric_add(gnl_metric_numbers *to, const gnl_metric_name *name, int64_t column, double value,
                             double error, int64_t count);
/* Adds the mean and the largest of numbers [n], named values[0] and values[1], without standard errors. */
genlat_status gnl_metric_add_mean_max(gnl_metric_numbers *to, const gnl_metric_name *values, int64_t n,
                                      const double *numbers, int64_t count);

/* Squared distance of two rows. */
static inline double gnl_row_distance(const gnl_rows *rows, const gnl_real *x, const gnl_real *y)
{
    return 2 * gnl_kernels_of(rows->ctx)->squared(rows->d, x, y, 1, NULL);
}

/* Standard error of a mean from the values of its samples; and of a share. NaN for fewer than 2. */
double gnl_standard_error(int64_t n, const double *values);
double gnl_share_error(double share, int64_t n);

/* Copies column j of rows, in ascending order if `sorted`. */
void gnl_column(const gnl_rows *rows, int64_t j, bool sorted, double *out);
int gnl_compare_doubles(const void *a, const void *b);
/* The quantile at fraction q of sorted numbers, by linear interpolation. */
double gnl_quantile(int64_t n, const double *sorted, double q);
void gnl_column_moments(const gnl_rows *rows, double *mean, double *variance); /* [d], divisor n-1 */

/* Kernel of two rows for the maximum mean discrepancy. */
typedef double gnl_kernel_fn(const gnl_rows *rows, const void *opts, const gnl_real *x, const gnl_real *y);
/* Computes the unbiased squared maximum mean discrepancy of all rows, and its standard error by the jackknife, NaN if a
 * set has fewer than 3 rows. */
genlat_status gnl_discrepancy(const gnl_rows sets[2], gnl_kernel_fn *kernel, const void *opts, double *value,
                              double *error);

/* Index of the nearest row and its squared distance for each row of `from`, except itself if `skip_own` (from and to
 * are then the same rows). Of equally near rows it is the first. */
void gnl_nearest_rows(const gnl_rows *from, const gnl_rows *to, bool skip_own, int64_t *index, double *distance);

/* Numbers column j of rows by its distinct values, in ascending order: classes [n]. scratch is [n]. Returns how many
 * values there are. */
int64_t gnl_distinct_values(const gnl_rows *rows, int64_t j, double *scratch, int64_t *classes);

/* Options of structural similarity. */
typedef struct gnl_ssim_opts {
    size_t size;
    double sigma, k1, k2, range;
    int64_t window;
    int64_t levels; /* of ms_ssim */
    uint32_t edges, reserved;
} gnl_ssim_opts;

enum { GNL_EDGES_REFLECT, GNL_EDGES_INSIDE };
extern const char *const gnl_edge_names[];

#define GNL_SSIM_OPTIONS                                                                                               \
    GNL_OPT_REAL(gnl_ssim_opts, sigma, 1.5, 1e-3, 100, "standard deviation of the window, pixels"),                    \
        GNL_OPT_REAL(gnl_ssim_opts, k1, 0.01, 1e-9, 1, "c1 = (k1 range)^2"),                                           \
        GNL_OPT_REAL(gnl_ssim_opts, k2, 0.03, 1e-9, 1, "c2 = (k2 range)^2"),                                           \
        GNL_OPT_REAL(gnl_ssim_opts, range, 0, 0, 1e30,                                                                 \
                     "range of the numbers; 0: largest - smallest, of the images that have more"),                     \
        GNL_OPT_INT(gnl_ssim_opts, window, 11, 1, 63, "side of the Gaussian window, odd, pixels"),                     \
        GNL_OPT_ENUM(gnl_ssim_opts, edges, GNL_EDGES_REFLECT, GNL_EDGES_INSIDE, gnl_edge_names,                        \
                     "reflect: windows at all pixels of the reflected image, as torchmetrics does; inside: windows "   \
                     "within the image, as in the paper")

/* Adds the mean similarity of reconstructions and originals. levels 1: plain; weight [levels] are the powers. */
genlat_status gnl_ssim_compute(const gnl_metric_call *call, int64_t levels, const double *weight,
                               const gnl_metric_name *value, gnl_metric_numbers *out);
/* Checks that reconstructions and originals have equal shapes. */
genlat_status gnl_metric_check_pairs(const gnl_metric_call *call);
/* Range of the numbers of reconstructions or originals, the larger of both. */
double gnl_metric_range(const gnl_metric_call *call);
/* Mean squared error of each reconstruction [n]. */
void gnl_squared_errors(const gnl_metric_call *call, double *out);

#endif
