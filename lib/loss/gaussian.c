/* SPDX-License-Identifier: MIT */
/* Gaussian likelihood, -log p = (x - m)^2 / (2 sd^2) + log sd + log(2 pi) / 2. The sd is fixed, one trained number,
 * optimal for the batch, or an output for each element. The optimal sd is the root of the mean squared error of the
 * batch (Rybkin, Daniilidis and Levine, Simple and effective VAE training with calibrated decoders, 2021). Except for a
 * fixed sd, log sd has a smooth lower bound, -6 by default as in that paper. */
#include <tgmath.h>

#include "loss/loss_priv.h"

enum { SD_FIXED, SD_LEARNED, SD_OPTIMAL, SD_OUTPUT };

static const char *const sd_names[] = {"fixed", "learned", "optimal", "output", NULL};

static const double HALF_LOG_TWO_PI = 0.91893853320467274178;

typedef struct gaussian_opts {
    size_t size;
    double value;
    double min_log_sd;
    double running;
    uint32_t sd;
    uint32_t reserved;
} gaussian_opts;

static const gnl_option options[] = {
    GNL_OPT_ENUM(gaussian_opts, sd, SD_FIXED, SD_OUTPUT, sd_names, "kind of standard deviation"),
    GNL_OPT_REAL(gaussian_opts, value, 1, 1e-6, 1e6,
                 "fixed sd, or initial value of a learned one; in units of the data"),
    GNL_OPT_REAL(gaussian_opts, min_log_sd, -6, -20, 10, "smooth lower bound of log sd, unless fixed"),
    GNL_OPT_REAL(gaussian_opts, running, 0.99, 0, 0.99999, "decay of the running optimal variance, used in evaluation"),
};
static const gnl_options_table table = {"gaussian", sizeof(gaussian_opts), options, GNL_COUNT(options)};

static const gaussian_opts *opts_of(const genlat_loss *loss)
{
    return (const gaussian_opts *)(const void *)loss->opts;
}

static int64_t parts(const void *opts)
{
    return ((const gaussian_opts *)opts)->sd == SD_OUTPUT ? 2 : 1;
}

static genlat_status check(const void *opts)
{
    const gaussian_opts *o = opts;
    return o->sd == SD_LEARNED ? gnl_check_above_floor("sd", o->value, "min_log_sd", o->min_log_sd) : GENLAT_OK;
}

/* A running mean squared error of 0 means that there is none yet. */
static int values(const void *opts, gnl_loss_value *value)
{
    const gaussian_opts *o = opts;
    if (o->sd == SD_LEARNED)
        value[0] = (gnl_loss_value){"log_sd", gnl_soft_floor_inverse(log(o->value), o->min_log_sd), true};
    if (o->sd == SD_OPTIMAL)
        value[0] = (gnl_loss_value){"running_mse", 0, false};
    return o->sd == SD_LEARNED || o->sd == SD_OPTIMAL;
}

static double log_sd(const genlat_loss *loss)
{
    const gaussian_opts *o = opts_of(loss);
    if (o->sd == SD_FIXED)
        return log(o->value);
    double raw = o->sd == SD_LEARNED ? (double)loss->value[0] : 0.5 * log((double)loss->value[0]);
    return gnl_soft_floor(raw, o->min_log_sd);
}

/* ---- one sd for all elements ----------------------------------------------------------------- */

/* Indices of the values that all rows share. */
enum { LOG_SD, PRECISION, EXTRA, SHARED };

static double half_squares(const gnl_loss_row *r)
{
    return r->k->squared(r->dims, r->out, r->target, 0, NULL);
}

static double shared_row(const gnl_loss_row *r)
{
    double scale = r->factor * r->use[PRECISION] + r->use[EXTRA];
    double half = r->k->squared(r->dims, r->out, r->target, (gnl_real)scale, r->dout);
    return half * r->use[PRECISION] + (double)r->dims * (r->use[LOG_SD] + HALF_LOG_TWO_PI);
}

/* Returns d loss / d log sd. `nll` holds half of the sums of squares. */
static double slope_by_log_sd(const gnl_loss_call *call, double precision)
{
    double slope = 0;
    for (int64_t r = 0; r < gnl_loss_all_rows(call); r++)
        slope += gnl_loss_factor(call, r) * ((double)gnl_loss_observed(call, r) - 2 * call->nll[r] * precision);
    return slope;
}

static void eval_learned(genlat_loss *loss, const gnl_loss_call *call)
{
    double at = log_sd(loss), slope = 0;
    double use[SHARED] = {at, exp(-2 * at), 0};
    gnl_loss_rows(loss, call, shared_row, use);
    if (!call->training || !call->dout)
        return;
    for (int64_t r = 0; r < call->rows; r++) {
        const double count = (double)gnl_loss_observed(call, r);
        slope += gnl_loss_factor(call, r) * (count - 2 * (call->nll[r] - count * (at + HALF_LOG_TWO_PI)));
    }
    loss->grad[0] += (gnl_real)(slope * gnl_logistic((double)loss->value[0] - opts_of(loss)->min_log_sd));
}

static void update_running(genlat_loss *loss, double mse)
{
    double keep = loss->value[0] > 0 ? opts_of(loss)->running : 0;
    if (isfinite(mse))
        loss->value[0] = (gnl_real)(keep * (double)loss->value[0] + (1 - keep) * mse);
}

/* The optimal sd is a function of the outputs. Without the lower bound its derivative contributes nothing, since the
 * loss is minimal with respect to sd. Close to the bound, there is an additional contribution. */
static void optimal_shared(const genlat_loss *loss, const gnl_loss_call *call, double mse, double count, double *use)
{
    double low = opts_of(loss)->min_log_sd, raw = 0.5 * log(mse);
    use[LOG_SD] = gnl_soft_floor(raw, low);
    use[PRECISION] = exp(-2 * use[LOG_SD]);
    use[EXTRA] = 0;
    if (call->dout && mse > 0)
        use[EXTRA] = slope_by_log_sd(call, use[PRECISION]) * gnl_logistic(raw - low) / (count * mse);
}

/* Uses one sd for all draws of a step, because importance weights compare the draws under one likelihood. */
static void eval_optimal(genlat_loss *loss, const gnl_loss_call *call)
{
    const int64_t rows = gnl_loss_all_rows(call);
    double use[SHARED] = {0}, total = 0, count = 0;
    if (!call->training && loss->value[0] > 0) {
        use[LOG_SD] = log_sd(loss);
        use[PRECISION] = exp(-2 * use[LOG_SD]);
        gnl_loss_rows(loss, call, shared_row, use);
        return;
    }
    gnl_loss_call squares = *call;
    squares.dout = NULL;
    gnl_loss_rows(loss, &squares, half_squares, NULL);
    for (int64_t r = 0; r < rows; r++) {
        total += 2 * call->nll[r];
        count += (double)gnl_loss_observed(call, r);
    }
    double mse = total / GNL_MAX(count, 1);
    optimal_shared(loss, call, mse, count, use);
    if (call->training && call->dout)
        update_running(loss, mse);
    gnl_loss_rows(loss, call, shared_row, use);
}

/* ---- sd per element ---------------------------------------------------------------------------- */

static double output_row(const gnl_loss_row *r)
{
    double low = opts_of(r->loss)->min_log_sd, total = 0;
    for (int64_t i = 0; i < r->dims; i++) {
        double raw = (double)r->out[r->dims + i], at = gnl_soft_floor(raw, low);
        double d = (double)(r->out[i] - r->target[i]), precision = exp(-2 * at), square = d * d * precision;
        total += 0.5 * square + at;
        if (r->dout) {
            r->dout[i] = (gnl_real)(r->factor * d * precision);
            r->dout[r->dims + i] = (gnl_real)(r->factor * (1 - square) * gnl_logistic(raw - low));
        }
    }
    return total + (double)r->dims * HALF_LOG_TWO_PI;
}

static void eval(genlat_loss *loss, const gnl_loss_call *call)
{
    double at = log(opts_of(loss)->value), use[SHARED] = {at, exp(-2 * at), 0};
    switch (opts_of(loss)->sd) {
    case SD_LEARNED:
        eval_learned(loss, call);
        break;
    case SD_OPTIMAL:
        eval_optimal(loss, call);
        break;
    case SD_OUTPUT:
        gnl_loss_rows(loss, call, output_row, NULL);
        break;
    default:
        gnl_loss_rows(loss, call, shared_row, use);
    }
}

static bool couples(const void *opts)
{
    return ((const gaussian_opts *)opts)->sd == SD_OPTIMAL;
}

static double sd_of(const gnl_loss_element *e)
{
    const gaussian_opts *o = opts_of(e->loss);
    return exp(o->sd == SD_OUTPUT ? gnl_soft_floor((double)e->out[e->stride], o->min_log_sd) : log_sd(e->loss));
}

static double element(const gnl_loss_element *e)
{
    const double mean = (double)*e->out;
    return e->rng ? mean + sd_of(e) * gnl_rng_gauss(e->rng) : mean;
}

static void decode(const genlat_loss *loss, const gnl_loss_decode *d)
{
    gnl_loss_elements(loss, d, element);
}

static void all_sds(const genlat_loss *loss, const gnl_loss_decode *d)
{
    gnl_loss_elements(loss, d, sd_of);
}

static const gnl_loss_parameter parameters[] = {
    {"mean", "mean", GNL_UNIT_LOCATION, false, decode},
    {"sd", "standard deviation", GNL_UNIT_SCALE, false, all_sds},
    {NULL},
};

static double scale(const genlat_loss *loss)
{
    uint32_t sd = opts_of(loss)->sd;
    return sd == SD_OUTPUT || (sd == SD_OPTIMAL && !(loss->value[0] > 0)) ? NAN : exp(log_sd(loss));
}

const gnl_loss_type gnl_gaussian = {
    .name = "gaussian",
    .options = &table,
    .parts = parts,
    .check = check,
    .values = values,
    .eval = eval,
    .couples = couples,
    .decode = decode,
    .scale = scale,
    .parameters = parameters,
    .help = "Gaussian likelihood; sd is fixed, learned, optimal for the batch, or an output",
};
