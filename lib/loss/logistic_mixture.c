/* SPDX-License-Identifier: MIT */
/* Mixture of logistic distributions, discretized to the levels of an image (Salimans, Karpathy, Chen and Kingma,
 * PixelCNN++, 2017). Each element has its own mixture, and channels are independent given the code. Outputs of an
 * element are the logits, then the means, then the log-scales of its components. */
#include "loss/loss_priv.h"

enum { MAX_COMPONENTS = 32 };

typedef struct mixture_opts {
    size_t size;
    int64_t components, levels;
    double min_log_scale;
    uint32_t range;
    uint32_t reserved;
} mixture_opts;

static const gnl_option options[] = {
    GNL_OPT_INT(mixture_opts, components, 5, 1, MAX_COMPONENTS, "number of logistic distributions of an element"),
    GNL_OPT_INT(mixture_opts, levels, 256, 2, 65536, "number of levels of the data, including both ends of the range"),
    GNL_OPT_REAL(mixture_opts, min_log_scale, -7, -20, 10, "smooth lower bound of the log-scale"),
    GNL_OPT_ENUM(mixture_opts, range, GNL_RANGE_UNIT, GNL_RANGE_SYMMETRIC, gnl_range_names,
                 "range of the data: [0,1] or [-1,1]"),
};
static const gnl_options_table table = {"logistic_mixture", sizeof(mixture_opts), options, GNL_COUNT(options)};

static const mixture_opts *opts_of(const genlat_loss *loss)
{
    return (const mixture_opts *)(const void *)loss->opts;
}

static int64_t parts(const void *opts)
{
    return 3 * ((const mixture_opts *)opts)->components;
}

static gnl_loss_range range(const void *opts, int64_t outputs)
{
    return gnl_range_of(((const mixture_opts *)opts)->range);
}

/* The outputs of one element, in units of the data. */
typedef struct components {
    int64_t n;
    double log_weight[MAX_COMPONENTS], mean[MAX_COMPONENTS], log_scale[MAX_COMPONENTS];
} components;

static void read_components(const mixture_opts *o, const gnl_real *out, int64_t stride, components *c)
{
    c->n = o->components;
    for (int64_t k = 0; k < c->n; k++) {
        c->log_weight[k] = (double)out[k * stride];
        c->mean[k] = (double)out[(c->n + k) * stride];
        c->log_scale[k] = gnl_soft_floor((double)out[(2 * c->n + k) * stride], o->min_log_scale);
    }
    const double total = gnl_log_sum_exp(c->n, c->log_weight);
    for (int64_t k = 0; k < c->n; k++)
        c->log_weight[k] -= total;
}

/* Returns -log p of element i, and writes its derivatives. */
static double element_nll(const gnl_loss_row *r, const gnl_bins *bins, int64_t i)
{
    const mixture_opts *o = opts_of(r->loss);
    const int64_t stride = r->dims;
    gnl_bin_result bin[MAX_COMPONENTS];
    double joint[MAX_COMPONENTS] = {0};
    components c;
    read_components(o, r->out + i, stride, &c);
    for (int64_t k = 0; k < c.n; k++) {
        bin[k] = gnl_bins_log_p(bins, (double)r->target[i], c.mean[k], c.log_scale[k]);
        joint[k] = c.log_weight[k] + bin[k].value;
    }
    const double log_p = gnl_log_sum_exp(c.n, joint);
    for (int64_t k = 0; r->dout && k < c.n; k++) {
        const double share = exp(joint[k] - log_p); /* the posterior probability of the component */
        const double raw = (double)r->out[i + (2 * c.n + k) * stride];
        gnl_real *d = r->dout + i + k * stride;
        d[0] = (gnl_real)(r->factor * (exp(c.log_weight[k]) - share));
        d[c.n * stride] = (gnl_real)(-r->factor * share * bin[k].by_mean);
        d[2 * c.n * stride] =
            (gnl_real)(-r->factor * share * bin[k].by_log_scale * gnl_logistic(raw - o->min_log_scale));
    }
    return -log_p;
}

static double row(const gnl_loss_row *r)
{
    const mixture_opts *o = opts_of(r->loss);
    const gnl_bins bins = gnl_bins_of(o->range, o->levels);
    double total = 0;
    for (int64_t i = 0; i < r->dims; i++)
        total += element_nll(r, &bins, i);
    return total;
}

static void eval(genlat_loss *loss, const gnl_loss_call *call)
{
    gnl_loss_rows(loss, call, row, NULL);
}

/* A draw uses two uniform numbers: the component, and the value. */
static double draw(const components *c, const gnl_bins *bins, gnl_rng *rng)
{
    double left = gnl_rng_unit(rng);
    int64_t k = 0;
    while (k < c->n - 1 && (left -= exp(c->log_weight[k])) >= 0)
        k++;
    return gnl_bins_draw(bins, c->mean[k], exp(c->log_scale[k]), gnl_open_unit(rng));
}

static double element(const gnl_loss_element *e)
{
    const mixture_opts *o = opts_of(e->loss);
    const gnl_bins bins = gnl_bins_of(o->range, o->levels);
    double mean = 0;
    components c;
    read_components(o, e->out, e->stride, &c);
    if (e->rng)
        return draw(&c, &bins, e->rng);
    for (int64_t k = 0; k < c.n; k++)
        mean += exp(c.log_weight[k]) * gnl_bins_limit(&bins, c.mean[k]);
    return mean;
}

static void decode(const genlat_loss *loss, const gnl_loss_decode *d)
{
    gnl_loss_elements(loss, d, element);
}

/* The standard deviation of a logistic distribution is pi / sqrt(3) times its scale. */
static double sd_of(const gnl_loss_element *e)
{
    const double third = acos(-1.) * acos(-1.) / 3;
    double mean = 0, square = 0;
    components c;
    read_components(opts_of(e->loss), e->out, e->stride, &c);
    for (int64_t k = 0; k < c.n; k++)
        mean += exp(c.log_weight[k]) * c.mean[k];
    for (int64_t k = 0; k < c.n; k++)
        square += exp(c.log_weight[k]) * ((c.mean[k] - mean) * (c.mean[k] - mean) + third * exp(2 * c.log_scale[k]));
    return sqrt(square);
}

static void deviations(const genlat_loss *loss, const gnl_loss_decode *d)
{
    gnl_loss_elements(loss, d, sd_of);
}

static const gnl_loss_parameter parameters[] = {
    {"mean", "mean of the components, each limited to the range of the data", GNL_UNIT_LOCATION, false, decode},
    {"sd", "standard deviation of the mixture before it is discretized", GNL_UNIT_SCALE, false, deviations},
    {NULL},
};

const gnl_loss_type gnl_logistic_mixture = {
    .name = "logistic_mixture",
    .options = &table,
    .parts = parts,
    .range = range,
    .eval = eval,
    .decode = decode,
    .parameters = parameters,
    .help = "mixture of logistic distributions, discretized to the levels of an image; outputs are logits, means and "
            "log-scales",
};
