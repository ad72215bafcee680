/* SPDX-License-Identifier: MIT */
/*
 * Losses of discriminator and generator of a GAN, computed from the raw outputs of the discriminator. Each kind is one
 * line of a table: a function of the outputs, the targets for real and generated data, and the value that is
 * subtracted from each output first.
 */
#include <tgmath.h>

#include "loss/loss_priv.h"

/* Returns the value at x for a target, and its derivative. */
typedef double curve_fn(double x, double target, double *slope);

/* What is subtracted from an output: nothing, the output of the paired sample, or the mean output of the other set. */
typedef enum relation { NONE, PAIR, AVERAGE } relation;

typedef struct rule {
    const char *help;
    curve_fn *discriminator, *generator; /* functions of the two losses */
    double real, fake;                   /* targets of the discriminator */
    double generator_target, factor;     /* target of the generator, and the sign of its loss */
    relation relation;
    bool can_smooth; /* supports label smoothing */
} rule;

/* Cross-entropy of the logit x with a probability. */
static double logistic(double x, double target, double *slope)
{
    *slope = gnl_logistic(x) - target;
    return gnl_log1p_exp(x) - target * x;
}

static double square(double x, double target, double *slope)
{
    *slope = x - target;
    return 0.5 * (x - target) * (x - target);
}

static double hinge(double x, double target, double *slope)
{
    const double below = 1 - target * x;
    const bool counts = !(below <= 0); /* also when it is not a number, which must not get lost */
    *slope = counts ? -target : 0;
    return counts ? below : 0;
}

static double nothing(double x, double target, double *slope)
{
    *slope = 0;
    return 0;
}

static double line(double x, double target, double *slope)
{
    *slope = -target;
    return -target * x;
}

/* In the order of GENLAT_ADVERSARIAL_*. */
static const rule kinds[] = {
    {"cross-entropy; the generator maximizes the discriminator's loss (Goodfellow and others, 2014)", logistic,
     logistic, 1, 0, 0, -1, NONE, true},
    {"cross-entropy; the generator minimizes it for its samples with real labels (Goodfellow and others, 2014)",
     logistic, logistic, 1, 0, 1, 1, NONE, true},
    {"squared differences from 1 and 0 (Mao and others, 2017)", square, square, 1, 0, 1, 1, NONE, true},
    {"hinge loss with margins of 1 (Lim and Ye, 2017)", hinge, line, 1, -1, 1, 1, NONE, false},
    {"difference of means, for a Lipschitz-bounded critic (Arjovsky and others, 2017)", line, line, 1, -1, 1, 1, NONE,
     false},
    {"pairs of a real and a generated sample (Jolicoeur-Martineau, 2018; Huang and others, 2024)", logistic, logistic,
     1, 0, 1, 1, PAIR, false},
    {"each output minus the mean output of the other set (Jolicoeur-Martineau, 2018)", logistic, logistic, 1, 0, 1, 1,
     AVERAGE, false},
    {"cross-entropy; the generator has only its other losses, such as feature_matching (Salimans and others, 2016)",
     logistic, nothing, 1, 0, 0, 0, NONE, true},
};

const char *const gnl_adversarial_names[] = {"minimax",     "non_saturating",    "least_squares",        "hinge",
                                             "wasserstein", "relativistic_pair", "relativistic_average", "features",
                                             NULL};

bool gnl_adversarial_needs_real(uint32_t which)
{
    return kinds[which].relation != NONE;
}

double gnl_adversarial_sign(const gnl_adversarial *a)
{
    const rule *k = &kinds[a->kind];
    bool compares = k->relation != NONE || k->discriminator == line;
    double middle = k->discriminator == square ? 0.5 * (k->real + k->fake) : 0;
    int64_t total = 0;
    for (int64_t i = 0; i < a->rows; i++) {
        double off = (double)a->real[i] - (compares ? (double)a->fake[i] : middle);
        total += (off > 0) - (off < 0);
    }
    return (double)total / (double)a->rows;
}

bool gnl_adversarial_is_one_sided(uint32_t which)
{
    return kinds[which].generator == nothing;
}

bool gnl_adversarial_smooths(uint32_t which)
{
    return kinds[which].can_smooth;
}

static double mean_of(int64_t n, const gnl_real *x)
{
    double total = 0;
    for (int64_t i = 0; i < n; i++)
        total += (double)x[i];
    return total / (double)n;
}

/* One term of a loss: factor * mean_i curve(x_i - other_i). Evaluation adds its derivatives. */
typedef struct term {
    curve_fn *curve;
    double target, factor;
    relation relation;
    int64_t rows;
    const gnl_real *x, *other;
    gnl_real *dx, *dother; /* each may be NULL */
} term;

static void add_to(gnl_real *out, int64_t index, double amount)
{
    if (out)
        out[index] += (gnl_real)amount;
}

static double term_value(const term *h)
{
    double mean = h->relation == AVERAGE ? mean_of(h->rows, h->other) : 0, total = 0, slopes = 0;
    double share = h->factor / (double)h->rows;
    for (int64_t i = 0; i < h->rows; i++) {
        double off = h->relation == PAIR ? (double)h->other[i] : mean, slope = 0;
        total += h->curve((double)h->x[i] - off, h->target, &slope);
        add_to(h->dx, i, share * slope);
        if (h->relation == PAIR)
            add_to(h->dother, i, -share * slope);
        slopes += slope;
    }
    for (int64_t i = 0; h->relation == AVERAGE && i < h->rows; i++)
        add_to(h->dother, i, -share * slopes / (double)h->rows);
    return h->factor * total / (double)h->rows;
}

static void clear(gnl_real *out, int64_t rows)
{
    if (out)
        memset(out, 0, (size_t)rows * sizeof *out);
}

double gnl_adversarial_discriminator(const gnl_adversarial *a, gnl_real *dreal, gnl_real *dfake)
{
    const rule *k = &kinds[a->kind];
    clear(dreal, a->rows);
    clear(dfake, a->rows);
    term real_term = {
        k->discriminator, k->real - a->smoothing, 1, k->relation, a->rows, a->real, a->fake, dreal, dfake};
    term fake_term = {
        k->discriminator, k->fake + a->smoothing_fake, 1, k->relation, a->rows, a->fake, a->real, dfake, dreal};
    double value = term_value(&real_term);
    return k->relation == PAIR ? value : value + term_value(&fake_term);
}

double gnl_adversarial_generator(const gnl_adversarial *a, gnl_real *dfake)
{
    const rule *k = &kinds[a->kind];
    clear(dfake, a->rows);
    term fake_term = {k->generator, k->generator_target, k->factor, k->relation, a->rows, a->fake, a->real, dfake,
                      NULL};
    term real_term = {k->generator, k->fake, k->factor, k->relation, a->rows, a->real, a->fake, NULL, dfake};
    double value = term_value(&fake_term);
    return k->relation == AVERAGE ? value + term_value(&real_term) : value;
}

/* ---- public ------------------------------------------------------------------------------------------- */

const char *genlat_adversarial_kind(int32_t index, const char **help)
{
    bool there = index >= 0 && (size_t)index < GNL_COUNT(kinds);
    if (help)
        *help = there ? kinds[index].help : NULL;
    return there ? gnl_adversarial_names[index] : NULL;
}

static genlat_status check_rows(const genlat_tensor *tensor, int64_t rows, const char *name)
{
    char found[GNL_SHAPE_TEXT];
    if (!tensor || (tensor->shape.ndim >= 1 && tensor->shape.dim[0] == rows && gnl_shape_count(&tensor->shape) == rows))
        return GENLAT_OK;
    return gnl_fail(GENLAT_E_SHAPE, "%s is %s, expected one number for each of %lld rows", name,
                    gnl_shape_format(&tensor->shape, found), (long long)rows);
}

static genlat_status prepare(uint32_t which, const genlat_tensor *real, const genlat_tensor *fake, const double *value,
                             gnl_adversarial *out)
{
    GNL_CHECK(fake, "fake is NULL");
    GNL_CHECK(value, "value is NULL");
    GNL_CHECK(which < GNL_COUNT(kinds), "kind is not one of GENLAT_ADVERSARIAL_*");
    int64_t rows = fake->shape.ndim ? fake->shape.dim[0] : 0;
    if (rows < 1)
        return gnl_fail(GENLAT_E_SHAPE, "fake has no rows");
    GNL_TRY(check_rows(fake, rows, "fake"));
    GNL_TRY(check_rows(real, rows, "real"));
    *out = (gnl_adversarial){which, 0, rows, real ? real->data : NULL, fake->data, 0};
    return GENLAT_OK;
}

static genlat_status store_finite(double found, double *value)
{
    if (!isfinite(found))
        return gnl_fail(GENLAT_E_NUMERIC, "the loss is %g", found);
    *value = found;
    return GENLAT_OK;
}

genlat_status genlat_adversarial_discriminator(uint32_t kind, double smoothing, const genlat_tensor *real,
                                               const genlat_tensor *fake, double *value, genlat_tensor *dreal,
                                               genlat_tensor *dfake)
{
    gnl_adversarial a = {0};
    GNL_ENTER();
    GNL_CHECK(real, "real is NULL");
    GNL_TRY(prepare(kind, real, fake, value, &a));
    GNL_TRY(check_rows(dreal, a.rows, "dreal"));
    GNL_TRY(check_rows(dfake, a.rows, "dfake"));
    if (!(smoothing >= 0 && smoothing <= 0.5) || (smoothing > 0 && !kinds[kind].can_smooth))
        return gnl_fail(GENLAT_E_RANGE, "smoothing is %g, must be from 0 to %g for %s", smoothing,
                        kinds[kind].can_smooth ? 0.5 : 0.0, gnl_adversarial_names[kind]);
    a.smoothing = smoothing;
    return store_finite(gnl_adversarial_discriminator(&a, dreal ? dreal->data : NULL, dfake ? dfake->data : NULL),
                        value);
}

genlat_status genlat_adversarial_generator(uint32_t kind, const genlat_tensor *real, const genlat_tensor *fake,
                                           double *value, genlat_tensor *dfake)
{
    gnl_adversarial a = {0};
    GNL_ENTER();
    GNL_TRY(prepare(kind, real, fake, value, &a));
    GNL_TRY(check_rows(dfake, a.rows, "dfake"));
    if (!real && kinds[kind].relation != NONE)
        return gnl_fail(GENLAT_E_INVALID, "real is NULL, but %s needs it", gnl_adversarial_names[kind]);
    return store_finite(gnl_adversarial_generator(&a, dfake ? dfake->data : NULL), value);
}
