/* SPDX-License-Identifier: MIT */
/* Softmax over classes, -log p = logsumexp(l) - l[t], for each element of the data or for one label a sample.
 */
#include <tgmath.h>

#include "loss/loss_priv.h"

typedef struct categorical_opts {
    size_t size;
    int64_t classes;
} categorical_opts;

static const gnl_option categorical_options[] = {
    GNL_OPT_INT(categorical_opts, classes, 2, 1, 65536, "classes of an element"),
};
static const gnl_options_table table = {"categorical", sizeof(categorical_opts), categorical_options,
                                        GNL_COUNT(categorical_options)};

static int64_t parts(const void *opts)
{
    return ((const categorical_opts *)opts)->classes;
}

static int64_t parts_of_shapes(const void *opts)
{
    return 0;
}

static gnl_loss_range range(const void *opts, int64_t classes)
{
    return (gnl_loss_range){0, (double)(classes - 1), true};
}

static double largest(int64_t classes, int64_t stride, const gnl_real *logit)
{
    gnl_real top = logit[0];
    for (int64_t c = 1; c < classes; c++)
        top = logit[c * stride] > top ? logit[c * stride] : top;
    return (double)top;
}

/* The class as an index, or -1 for a number that names none. */
static int64_t label_of(gnl_real target, int64_t classes)
{
    return target >= 0 && target < (gnl_real)classes && target == floor(target) ? (int64_t)target : -1;
}

static double one(const gnl_loss_row *r, int64_t i)
{
    const gnl_real *logit = r->out + i;
    gnl_real *slope = r->dout ? r->dout + i : NULL;
    int64_t stride = r->dims, label = label_of(r->target[i], r->parts);
    double top = largest(r->parts, stride, logit), total = 0;
    for (int64_t c = 0; c < r->parts; c++) {
        gnl_real e = exp(logit[c * stride] - (gnl_real)top);
        total += (double)e;
        if (slope)
            slope[c * stride] = e;
    }
    gnl_real factor = (gnl_real)(r->factor / total);
    for (int64_t c = 0; slope && c < r->parts; c++)
        slope[c * stride] *= label < 0 ? 0 : factor;
    if (label < 0)
        return NAN;
    if (slope)
        slope[label * stride] -= (gnl_real)r->factor;
    return log(total) + top - (double)logit[label * stride];
}

static double row(const gnl_loss_row *r)
{
    double total = 0;
    for (int64_t i = 0; i < r->dims; i++)
        total += one(r, i);
    return total;
}

static void eval(genlat_loss *loss, const gnl_loss_call *call)
{
    gnl_loss_rows(loss, call, row, NULL);
}

/* The "mean" of classes is the most probable one. */
static double element(const gnl_loss_element *e)
{
    double top = largest(e->parts, e->stride, e->out), total = 0;
    int64_t class = 0;
    for (int64_t c = 0; c < e->parts && !e->rng; c++)
        if ((double)e->out[c * e->stride] == top)
            return (double)c;
    for (int64_t c = 0; c < e->parts; c++)
        total += exp((double)e->out[c * e->stride] - top);
    double left = e->rng ? gnl_rng_unit(e->rng) * total : 0;
    for (; class < e->parts - 1; class ++) {
        left -= exp((double)e->out[class * e->stride] - top);
        if (left < 0)
            break;
    }
    return (double)class;
}

static void decode(const genlat_loss *loss, const gnl_loss_decode *d)
{
    gnl_loss_elements(loss, d, element);
}

const gnl_loss_type gnl_categorical = {
    .name = "categorical",
    .options = &table,
    .parts = parts,
    .range = range,
    .eval = eval,
    .decode = decode,
    .help = "softmax likelihood of a class for each element; its mean is the most probable class",
};

const gnl_loss_type gnl_cross_entropy = {
    .name = "cross_entropy",
    .parts = parts_of_shapes,
    .range = range,
    .eval = eval,
    .decode = decode,
    .help =
        "softmax cross-entropy of logits [classes] and labels; the number of classes is that of the outputs",
};
