/* SPDX-License-Identifier: MIT */
/* Beta-binomial likelihood of the levels 0 .. n of an image, with outputs log alpha and log beta: log p(k) = log C(n,k)
 * + log B(k + alpha, n - k + beta) - log B(alpha, beta). */
#include "loss/loss_priv.h"

/* Bound of |log alpha| and |log beta|. Beyond it the binomial limit is reached, and the differences of Gamma functions
 * would cancel. */
static const double LOG_LIMIT = 14;

enum { MAX_LEVELS = 1024 };

typedef struct beta_opts {
    size_t size;
    int64_t levels;
} beta_opts;

static const gnl_option options[] = {
    GNL_OPT_INT(beta_opts, levels, 256, 2, MAX_LEVELS, "number of levels of the data, from 0 to 1"),
};
static const gnl_options_table table = {"beta_binomial", sizeof(beta_opts), options, GNL_COUNT(options)};

static double last_level(const genlat_loss *loss)
{
    return (double)(((const beta_opts *)(const void *)loss->opts)->levels - 1);
}

static int64_t parts(const void *opts)
{
    return 2;
}

static gnl_loss_range range(const void *opts, int64_t outputs)
{
    return (gnl_loss_range){0, 1, false};
}

static double bounded_exp(double log_value)
{
    return exp(log_value > LOG_LIMIT ? LOG_LIMIT : log_value < -LOG_LIMIT ? -LOG_LIMIT : log_value);
}

static double nearest(double n, double x)
{
    double k = floor(x * n + 0.5);
    return k < 0 ? 0 : k > n ? n : k;
}

static double log_p(double n, double k, double alpha, double beta)
{
    return gnl_log_gamma(n + 1) - gnl_log_gamma(k + 1) - gnl_log_gamma(n - k + 1) + gnl_log_gamma(k + alpha) +
           gnl_log_gamma(n - k + beta) - gnl_log_gamma(n + alpha + beta) - gnl_log_gamma(alpha) - gnl_log_gamma(beta) +
           gnl_log_gamma(alpha + beta);
}

static void slopes(const gnl_loss_row *r, int64_t i, double n, double k, double alpha, double beta)
{
    double common = gnl_digamma(alpha + beta) - gnl_digamma(n + alpha + beta);
    double by_alpha = gnl_digamma(k + alpha) - gnl_digamma(alpha) + common;
    double by_beta = gnl_digamma(n - k + beta) - gnl_digamma(beta) + common;
    bool free_alpha = fabs((double)r->out[i]) < LOG_LIMIT, free_beta = fabs((double)r->out[r->dims + i]) < LOG_LIMIT;
    r->dout[i] = (gnl_real)(free_alpha ? -r->factor * alpha * by_alpha : 0);
    r->dout[r->dims + i] = (gnl_real)(free_beta ? -r->factor * beta * by_beta : 0);
}

static double row(const gnl_loss_row *r)
{
    double n = last_level(r->loss), total = 0;
    for (int64_t i = 0; i < r->dims; i++) {
        double alpha = bounded_exp((double)r->out[i]), beta = bounded_exp((double)r->out[r->dims + i]);
        double k = nearest(n, (double)r->target[i]);
        total -= log_p(n, k, alpha, beta);
        if (r->dout)
            slopes(r, i, n, k, alpha, beta);
    }
    return total;
}

static void eval(genlat_loss *loss, const gnl_loss_call *call)
{
    gnl_loss_rows(loss, call, row, NULL);
}

/* Computes probabilities from ratios of neighbours, from the mode outwards, which avoids overflow and underflow. */
static double draw(double last, double alpha, double beta, double u)
{
    double p[MAX_LEVELS], total = 1;
    int n = (int)last, middle = (int)nearest(last, alpha / (alpha + beta)), k = 0;
    p[middle] = 1;
    for (k = middle; k < n; k++)
        total += p[k + 1] = p[k] * ((n - k) * (k + alpha)) / ((k + 1) * (n - k - 1 + beta));
    for (k = middle; k > 0; k--)
        total += p[k - 1] = p[k] * (k * (n - k + beta)) / ((n - k + 1) * (k - 1 + alpha));
    double left = u * total;
    for (k = 0; k < n && left >= p[k]; k++)
        left -= p[k];
    return k;
}

static double element(const gnl_loss_element *e)
{
    double n = last_level(e->loss), alpha = bounded_exp((double)e->out[0]);
    double beta = bounded_exp((double)e->out[e->stride]);
    return e->rng ? draw(n, alpha, beta, gnl_rng_unit(e->rng)) / n : alpha / (alpha + beta);
}

static void decode(const genlat_loss *loss, const gnl_loss_decode *d)
{
    gnl_loss_elements(loss, d, element);
}

static double alpha_of(const gnl_loss_element *e)
{
    return bounded_exp((double)e->out[0]);
}

static double beta_of(const gnl_loss_element *e)
{
    return bounded_exp((double)e->out[e->stride]);
}

static void alphas(const genlat_loss *loss, const gnl_loss_decode *d)
{
    gnl_loss_elements(loss, d, alpha_of);
}

static void betas(const genlat_loss *loss, const gnl_loss_decode *d)
{
    gnl_loss_elements(loss, d, beta_of);
}

static const gnl_loss_parameter parameters[] = {
    {"mean", "alpha / (alpha + beta), in the units of the data", GNL_UNIT_LOCATION, false, decode},
    {"alpha", "first parameter of the beta distribution", GNL_UNIT_NONE, false, alphas},
    {"beta", "second parameter of the beta distribution", GNL_UNIT_NONE, false, betas},
    {NULL},
};

const gnl_loss_type gnl_beta_binomial = {
    .name = "beta_binomial",
    .options = &table,
    .parts = parts,
    .range = range,
    .eval = eval,
    .decode = decode,
    .parameters = parameters,
    .help = "beta-binomial likelihood of the levels of an image in [0,1]; outputs are log alpha and log beta",
};
