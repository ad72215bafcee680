/* SPDX-License-Identifier: MIT */
/*
 * Masked dense layer (Germain, Gregor, Murray and Larochelle, MADE: masked autoencoder for distribution estimation,
 * 2015): y = x (W * mask)^T + b over the last dimension. In a chain of such layers, the outputs of a variable depend
 * only on the variables before it. See docs/derivations/masked.md.
 */
#include "layer/layer_priv.h"

/* What the layer connects: variables or hidden units with hidden units or outputs. */
typedef enum place { FIRST, HIDDEN, LAST, ONLY } place;

static const char *const place_names[] = {"first", "hidden", "last", "only", NULL};

enum { NATURAL, REVERSED };

static const char *const order_names[] = {"natural", "reversed", NULL};

typedef struct masked_opts {
    size_t size;
    int64_t units, variables;
    double gain;
    uint32_t place, order;
    uint32_t bias, init;
} masked_opts;

static const gnl_option options[] = {
    GNL_OPT_INT(masked_opts, units, 1, 1, 1 << 24, "number of outputs; for last and only a multiple of the variables"),
    GNL_OPT_ENUM(masked_opts, place, FIRST, ONLY, place_names,
                 "place in the chain: variables to hidden units, between hidden units, hidden units to outputs, or "
                 "variables to outputs"),
    GNL_OPT_INT(masked_opts, variables, 0, 0, 1 << 24,
                "number of variables; 0 for first and only: the number of inputs"),
    GNL_OPT_ENUM(masked_opts, order, NATURAL, REVERSED, order_names, "order of the variables"),
    GNL_OPT_REAL(masked_opts, gain, 1, 0, 1e6, "factor of the initial scale; sd for normal, value for constant"),
    GNL_OPT_BOOL(masked_opts, bias, 1, "add a bias"),
    GNL_OPT_ENUM(masked_opts, init, GNL_INIT_TORCH, GNL_INIT_CONSTANT, gnl_init_names, "initial weights"),
};
static const gnl_options_table table = {"masked", sizeof(masked_opts), options, GNL_COUNT(options)};

enum { WEIGHT, BIAS };

static bool reads_variables(const masked_opts *o)
{
    return o->place == FIRST || o->place == ONLY;
}

static bool writes_outputs(const masked_opts *o)
{
    return o->place == LAST || o->place == ONLY;
}

/* ---- degrees --------------------------------------------------------------------------------- */

/* Degrees of inputs or outputs. Those of variables run from 1 to n, or from n to 1. Those of hidden units run from 1 to
 * n - 1. Both repeat. */
typedef struct degrees {
    int64_t first, past, step;
} degrees;

static degrees degrees_of(const masked_opts *o, int64_t variables, bool hidden)
{
    const int64_t most = hidden ? GNL_MAX(variables - 1, 1) : variables;
    const bool down = !hidden && o->order == REVERSED;
    return down ? (degrees){most, 0, -1} : (degrees){1, most + 1, 1};
}

static int64_t next_degree(const degrees *d, int64_t degree)
{
    degree += d->step;
    return degree == d->past ? d->first : degree;
}

/* The connections of a layer. An output of degree m depends on the inputs of degrees up to m - gap. */
typedef struct mask {
    degrees in, out;
    int64_t gap;
} mask;

static mask mask_of(const masked_opts *o, int64_t features)
{
    const int64_t variables = o->variables ? o->variables : features;
    return (mask){degrees_of(o, variables, !reads_variables(o)), degrees_of(o, variables, !writes_outputs(o)),
                  writes_outputs(o)};
}

/* Returns how many of `count` inputs have a degree up to `most`. */
static int64_t count_inputs(const degrees *d, int64_t count, int64_t most)
{
    const int64_t n = GNL_MAX(d->first, d->past - 1), rest = count % n, up_to = GNL_MAX(most, 0);
    const int64_t of_rest = d->step > 0 ? GNL_MIN(up_to, rest) : GNL_MAX(up_to - (n - rest), 0);
    return count / n * GNL_MIN(up_to, n) + of_rest;
}

/* Returns the mean number of connections of an output, at least 1. */
static int64_t connections(const mask *m, int64_t units, int64_t features)
{
    double sum = 0;
    for (int64_t j = 0, out = m->out.first; j < units; j++, out = next_degree(&m->out, out))
        sum += (double)count_inputs(&m->in, features, out - m->gap);
    return GNL_MAX(1, (int64_t)(sum / (double)units + 0.5));
}

static genlat_status check(const masked_opts *o, int64_t features, int64_t variables)
{
    if (!o->variables && !reads_variables(o))
        return gnl_fail(GENLAT_E_SHAPE, "place=%s needs the number of variables; set variables", place_names[o->place]);
    if (reads_variables(o) && variables != features)
        return gnl_fail(GENLAT_E_SHAPE, "input has %lld features, variables=%lld expected", (long long)features,
                        (long long)variables);
    if (writes_outputs(o) && o->units % variables)
        return gnl_fail(GENLAT_E_SHAPE, "units is %lld, a multiple of the %lld variables expected", (long long)o->units,
                        (long long)variables);
    if (features < 1 || features > INT64_MAX / 8 / (o->units + 1))
        return gnl_fail(GENLAT_E_SHAPE, "input has %lld features; 1 or more that fit into memory expected",
                        (long long)features);
    return GENLAT_OK;
}

static genlat_status infer(const void *opts, const gnl_layer_env *env, int inputs, const gnl_shape *in,
                           gnl_layer_plan *plan)
{
    const masked_opts *o = opts;
    if (in[0].ndim < 1)
        return gnl_fail(GENLAT_E_SHAPE, "input is a scalar, expected [features] or [...,features]");
    const int64_t features = in[0].dim[in[0].ndim - 1], variables = o->variables ? o->variables : features;
    GNL_TRY(check(o, features, variables));
    const mask m = mask_of(o, features);
    const int64_t fan_in = connections(&m, o->units, features);
    plan->out = in[0];
    plan->out.dim[in[0].ndim - 1] = o->units;
    plan->param[WEIGHT] = (gnl_param){.name = "weight",
                                      .shape = {2, {o->units, features}},
                                      .init = {(gnl_init_kind)o->init, o->gain, fan_in, o->units},
                                      .decay = true};
    plan->param[BIAS] = gnl_layer_bias(o->units, o->init == GNL_INIT_TORCH, fan_in);
    plan->params = o->bias ? 2 : 1;
    plan->scratch = (o->units + 1) * features;
    return GENLAT_OK;
}

/* ---- products -------------------------------------------------------------------------------- */

static gnl_linear linear_of(const gnl_step *s)
{
    return gnl_linear_of(s, ((const masked_opts *)s->opts)->units);
}

/* Computes out = (add ? out : 0) + in * mask for matrices [units,features]. The degrees of the inputs are written
 * behind the matrix in scratch, so that the inner loop has no branch. */
static void apply_mask(const gnl_step *s, const gnl_real *in, bool add, gnl_real *out)
{
    const gnl_linear l = linear_of(s);
    const int64_t features = l.features, units = l.units;
    const mask m = mask_of(s->opts, features);
    gnl_real *degree = s->scratch + units * features;
    for (int64_t i = 0, d = m.in.first; i < features; i++, d = next_degree(&m.in, d))
        degree[i] = (gnl_real)d;
    for (int64_t j = 0, d = m.out.first; j < units; j++, d = next_degree(&m.out, d)) {
        const gnl_real most = (gnl_real)(d - m.gap), *from = in + j * features;
        gnl_real *to = out + j * features;
        for (int64_t i = 0; i < features; i++) {
            const gnl_real value = degree[i] <= most ? from[i] : 0;
            to[i] = add ? to[i] + value : value;
        }
    }
}

static const gnl_real *masked_weight(const gnl_step *s)
{
    apply_mask(s, s->param[WEIGHT], false, s->scratch);
    return s->scratch;
}

static void multiply(const gnl_step *s, const gnl_real *x, gnl_real *y)
{
    const gnl_linear l = linear_of(s);
    gnl_linear_forward(&l, masked_weight(s), x, y);
}

/* Adds to the gradient of the weight first, because dx may overwrite x. */
static void multiply_back(const gnl_step *s, const gnl_real *x, const gnl_real *dy, gnl_real *dx)
{
    const gnl_linear l = linear_of(s);
    if (s->grad[WEIGHT]) {
        gnl_linear_backward_weight(&l, x, dy, 0, s->scratch);
        apply_mask(s, s->scratch, true, s->grad[WEIGHT]);
    }
    if (dx)
        gnl_linear_backward_x(&l, masked_weight(s), dy, dx);
}

static void forward(const gnl_step *s)
{
    const gnl_linear l = linear_of(s);
    multiply(s, s->x[0], s->y);
    if (s->param[BIAS])
        gnl_add_bias(&s->compute, l.vectors, l.units, 1, s->param[BIAS], s->y);
}

static void backward(const gnl_step *s)
{
    const gnl_linear l = linear_of(s);
    multiply_back(s, s->x[0], s->dy, s->dx[0]);
    if (s->param[BIAS] && s->grad[BIAS])
        gnl_sum_bias(&s->compute, l.vectors, l.units, 1, s->dy, s->grad[BIAS]);
}

static void jvp(const gnl_step *s)
{
    multiply(s, s->tx[0], s->ty);
}

static void jvp_backward(const gnl_step *s)
{
    multiply_back(s, s->tx[0], s->dty, s->dtx[0]);
}

const gnl_layer_type gnl_masked = {
    .name = "masked",
    .options = &table,
    .flags = GNL_LAYER_NEEDS_X | GNL_LAYER_X_FIRST | GNL_LAYER_FOLDS,
    .min_inputs = 1,
    .max_inputs = 1,
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .jvp = jvp,
    .jvp_backward = jvp_backward,
    .help = "fully connected with autoregressive masks (MADE): outputs depend on the variables before theirs",
};
