/* SPDX-License-Identifier: MIT */
/* Laplace likelihood, -log p = |x - m| / b + log b + log 2. The scale b is fixed or one trained number; log b then has
 * a smooth lower bound. */
#include <tgmath.h>

#include "loss/loss_priv.h"

enum { SCALE_FIXED, SCALE_LEARNED };

static const char *const scale_names[] = {"fixed", "learned", NULL};

typedef struct laplace_opts {
    size_t size;
    double value;
    double min_log_scale;
    uint32_t scale;
    uint32_t reserved;
} laplace_opts;

static const gnl_option options[] = {
    GNL_OPT_ENUM(laplace_opts, scale, SCALE_FIXED, SCALE_LEARNED, scale_names, "kind of scale"),
    GNL_OPT_REAL(laplace_opts, value, 1, 1e-6, 1e6,
                 "fixed scale, or initial value of a learned one; in units of the data"),
    GNL_OPT_REAL(laplace_opts, min_log_scale, -6, -20, 10, "smooth lower bound of the logarithm of a learned scale"),
};
static const gnl_options_table table = {"laplace", sizeof(laplace_opts), options, GNL_COUNT(options)};

static const laplace_opts *opts_of(const genlat_loss *loss)
{
    return (const laplace_opts *)(const void *)loss->opts;
}

static genlat_status check(const void *opts)
{
    const laplace_opts *o = opts;
    return o->scale == SCALE_LEARNED ? gnl_check_above_floor("scale", o->value, "min_log_scale", o->min_log_scale)
                                     : GENLAT_OK;
}

static int values(const void *opts, gnl_loss_value *value)
{
    const laplace_opts *o = opts;
    if (o->scale == SCALE_LEARNED)
        value[0] = (gnl_loss_value){"log_scale", gnl_soft_floor_inverse(log(o->value), o->min_log_scale), true};
    return o->scale == SCALE_LEARNED;
}

static double log_scale(const genlat_loss *loss)
{
    const laplace_opts *o = opts_of(loss);
    return o->scale == SCALE_FIXED ? log(o->value) : gnl_soft_floor((double)loss->value[0], o->min_log_scale);
}

static double row(const gnl_loss_row *r)
{
    double at = r->use[0], inverse = exp(-at), total = 0;
    gnl_real slope = (gnl_real)(r->factor * inverse);
    for (int64_t i = 0; i < r->dims; i++) {
        gnl_real d = r->out[i] - r->target[i];
        total += (double)fabs(d);
        if (r->dout)
            r->dout[i] = d > 0 ? slope : d < 0 ? -slope : d;
    }
    return total * inverse + (double)r->dims * (at + M_LN2);
}

static void eval(genlat_loss *loss, const gnl_loss_call *call)
{
    double at = log_scale(loss), slope = 0;
    gnl_loss_rows(loss, call, row, &at);
    if (opts_of(loss)->scale != SCALE_LEARNED || !call->training || !call->dout)
        return;
    for (int64_t r = 0; r < call->rows; r++) {
        const double count = (double)gnl_loss_observed(call, r);
        slope += gnl_loss_factor(call, r) * (count - (call->nll[r] - count * (at + M_LN2)));
    }
    loss->grad[0] += (gnl_real)(slope * gnl_logistic((double)loss->value[0] - opts_of(loss)->min_log_scale));
}

static double element(const gnl_loss_element *e)
{
    double mean = (double)*e->out;
    if (!e->rng)
        return mean;
    double u = gnl_open_unit(e->rng) - 0.5;
    return mean - exp(log_scale(e->loss)) * copysign(1.0, u) * log1p(-2 * fabs(u));
}

static void decode(const genlat_loss *loss, const gnl_loss_decode *d)
{
    gnl_loss_elements(loss, d, element);
}

static double scale_of(const gnl_loss_element *e)
{
    return exp(log_scale(e->loss));
}

static void all_scales(const genlat_loss *loss, const gnl_loss_decode *d)
{
    gnl_loss_elements(loss, d, scale_of);
}

static const gnl_loss_parameter parameters[] = {
    {"mean", "mean and median", GNL_UNIT_LOCATION, false, decode},
    {"scale", "mean absolute deviation from the mean", GNL_UNIT_SCALE, false, all_scales},
    {NULL},
};

static double scale(const genlat_loss *loss)
{
    return exp(log_scale(loss));
}

const gnl_loss_type gnl_laplace = {
    .name = "laplace",
    .options = &table,
    .check = check,
    .values = values,
    .eval = eval,
    .decode = decode,
    .scale = scale,
    .parameters = parameters,
    .help = "Laplace likelihood; the scale is fixed or learned",
};
