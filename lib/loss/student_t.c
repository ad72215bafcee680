/* SPDX-License-Identifier: MIT */
/* Student's t likelihood with location m, scale s and degrees of freedom n, all outputs for each element:
 * -log p = log B + log s + (n + 1) / 2 log(1 + t^2 / n), t = (x - m) / s. Scale and degrees of freedom are softplus of
 * the outputs plus a smallest value (Mattei and Frellsen, MIWAE, 2019). */
#include <tgmath.h>

#include "loss/loss_priv.h"

typedef struct student_opts {
    size_t size;
    double min_scale, min_df;
} student_opts;

static const gnl_option options[] = {
    GNL_OPT_REAL(student_opts, min_scale, 1e-3, 1e-6, 1e6, "smallest scale; in units of the data"),
    GNL_OPT_REAL(student_opts, min_df, 3, 1.1, 1e3, "smallest degrees of freedom"),
};
static const gnl_options_table table = {"student_t", sizeof(student_opts), options, GNL_COUNT(options)};

static const student_opts *opts_of(const genlat_loss *loss)
{
    return (const student_opts *)(const void *)loss->opts;
}

static int64_t parts(const void *opts)
{
    return 3;
}

static double scale_at(const genlat_loss *loss, gnl_real raw)
{
    return opts_of(loss)->min_scale + gnl_log1p_exp((double)raw);
}

static double df_at(const genlat_loss *loss, gnl_real raw)
{
    return opts_of(loss)->min_df + gnl_log1p_exp((double)raw);
}

/* The derivatives by scale and degrees of freedom are multiplied with those of softplus. */
static void slopes(const gnl_loss_row *r, int64_t i, double s, double n, double t)
{
    const double square = t * t, pull = (n + 1) / (n + square);
    const double by_df =
        0.5 * (gnl_digamma(n / 2) - gnl_digamma((n + 1) / 2) + 1 / n + log1p(square / n) - pull * square / n);
    r->dout[i] = (gnl_real)(-r->factor * pull * t / s);
    r->dout[r->dims + i] = (gnl_real)(r->factor * (1 - pull * square) / s * gnl_logistic((double)r->out[r->dims + i]));
    r->dout[2 * r->dims + i] = (gnl_real)(r->factor * by_df * gnl_logistic((double)r->out[2 * r->dims + i]));
}

static double row(const gnl_loss_row *r)
{
    const double half_log_pi = 0.57236494292470008707;
    double total = (double)r->dims * half_log_pi;
    for (int64_t i = 0; i < r->dims; i++) {
        const double s = scale_at(r->loss, r->out[r->dims + i]), n = df_at(r->loss, r->out[2 * r->dims + i]);
        const double t = (double)(r->target[i] - r->out[i]) / s;
        total += gnl_log_gamma(n / 2) - gnl_log_gamma((n + 1) / 2) + 0.5 * log(n) + log(s) +
                 0.5 * (n + 1) * log1p(t * t / n);
        if (r->dout)
            slopes(r, i, s, n, t);
    }
    return total;
}

static void eval(genlat_loss *loss, const gnl_loss_call *call)
{
    gnl_loss_rows(loss, call, row, NULL);
}

static double scale_of(const gnl_loss_element *e)
{
    return scale_at(e->loss, e->out[e->stride]);
}

static double df_of(const gnl_loss_element *e)
{
    return df_at(e->loss, e->out[2 * e->stride]);
}

/* Draws by the polar method of Bailey (1994). */
static double element(const gnl_loss_element *e)
{
    const double n = df_of(e), mean = (double)*e->out;
    if (!e->rng)
        return mean;
    const double u = gnl_open_unit(e->rng), angle = 2 * M_PI * gnl_rng_unit(e->rng);
    return mean + scale_of(e) * sqrt(n * expm1(-2 / n * log(u))) * cos(angle);
}

static void decode(const genlat_loss *loss, const gnl_loss_decode *d)
{
    gnl_loss_elements(loss, d, element);
}

static void scales(const genlat_loss *loss, const gnl_loss_decode *d)
{
    gnl_loss_elements(loss, d, scale_of);
}

static void dfs(const genlat_loss *loss, const gnl_loss_decode *d)
{
    gnl_loss_elements(loss, d, df_of);
}

static const gnl_loss_parameter parameters[] = {
    {"mean", "mean and median", GNL_UNIT_LOCATION, false, decode},
    {"scale", "scale, less than the standard deviation", GNL_UNIT_SCALE, false, scales},
    {"df", "degrees of freedom", GNL_UNIT_NONE, false, dfs},
    {NULL},
};

const gnl_loss_type gnl_student_t = {
    .name = "student_t",
    .options = &table,
    .parts = parts,
    .eval = eval,
    .decode = decode,
    .parameters = parameters,
    .help = "Student's t likelihood, which outliers hardly move; outputs are mean, scale and degrees of freedom",
};
