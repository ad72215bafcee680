/* SPDX-License-Identifier: MIT */
/* Softmax over classes, -log p = logsumexp(l) - l[t], for each element of the data or for one label per sample. */
#include <tgmath.h>

#include "loss/loss_priv.h"

typedef struct categorical_opts {
    size_t size;
    int64_t classes;
    uint32_t last, reserved;
} categorical_opts;

static const gnl_option categorical_options[] = {
    GNL_OPT_INT(categorical_opts, classes, 2, 1, 65536, "number of classes"),
    GNL_OPT_BOOL(categorical_opts, last, 0, "logits of an element are contiguous, [...,classes], instead of in planes"),
};
static const gnl_options_table table = {"categorical", sizeof(categorical_opts), categorical_options,
                                        GNL_COUNT(categorical_options)};

/* LANES: independent maxima, for vectorization. BLOCK: exponentials that are buffered at a time. */
enum { LANES = 16, BLOCK = 1024 };

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

/* Returns the maximum of contiguous numbers. */
static gnl_real largest_contiguous(int64_t n, const gnl_real *x)
{
    gnl_real lane[LANES];
    for (int i = 0; i < LANES; i++)
        lane[i] = x[0];
    for (; n >= LANES; n -= LANES, x += LANES)
        for (int i = 0; i < LANES; i++)
            lane[i] = x[i] > lane[i] ? x[i] : lane[i];
    for (int i = 0; i < n; i++)
        lane[i] = x[i] > lane[i] ? x[i] : lane[i];
    return (gnl_real)largest(LANES, 1, lane);
}

/* Returns the class index, or -1 if the target is not a valid class. */
static int64_t label_of(gnl_real target, int64_t classes)
{
    return target >= 0 && target < (gnl_real)classes && target == floor(target) ? (int64_t)target : -1;
}

static double finish(int64_t label, double total, double top, double logit)
{
    return label < 0 ? NAN : log(total) + top - logit;
}

/* Evaluates an element with logits in planes. */
static double element_planes(const gnl_loss_row *r, int64_t i)
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
    if (slope && label >= 0)
        slope[label * stride] -= (gnl_real)r->factor;
    return finish(label, total, top, (double)logit[GNL_MAX(label, 0) * stride]);
}

/* Returns sum e^(x - top). If `out` is not NULL, it receives the exponentials. */
static double sum_exp(const gnl_kernels *k, int64_t n, const gnl_real *x, gnl_real top, gnl_real *out)
{
    gnl_real block[BLOCK];
    double total = 0;
    for (int64_t at = 0; at < n; at += BLOCK) {
        const int64_t count = GNL_MIN(n - at, BLOCK);
        gnl_real *e = out ? out + at : block;
        for (int64_t i = 0; i < count; i++)
            e[i] = x[at + i] - top;
        (k->exp)(count, e, e); /* parentheses prevent macro expansion */
        total += k->sum(count, e);
    }
    return total;
}

/* Evaluates an element with contiguous logits. Vectorized, for large numbers of classes such as vocabularies. */
static double element_contiguous(const gnl_loss_row *r, int64_t i)
{
    const gnl_real *logit = r->out + i * r->parts;
    gnl_real *slope = r->dout ? r->dout + i * r->parts : NULL;
    const int64_t label = label_of(r->target[i], r->parts);
    const gnl_real top = largest_contiguous(r->parts, logit);
    const double total = sum_exp(r->k, r->parts, logit, top, slope);
    if (slope)
        r->k->scale(r->parts, label < 0 ? 0 : (gnl_real)(r->factor / total), slope, slope);
    if (slope && label >= 0)
        slope[label] -= (gnl_real)r->factor;
    return finish(label, total, (double)top, (double)logit[GNL_MAX(label, 0)]);
}

static bool together(const void *opts)
{
    return ((const categorical_opts *)opts)->last;
}

/* With one element per sample the logits are always contiguous. */
static bool is_contiguous(const genlat_loss *loss, int64_t dims)
{
    return dims == 1 || (loss->type->together && loss->type->together(loss->opts));
}

static double row(const gnl_loss_row *r)
{
    double total = 0;
    for (int64_t i = 0; i < r->dims; i++)
        total += element_planes(r, i);
    return total;
}

static double row_contiguous(const gnl_loss_row *r)
{
    double total = 0;
    for (int64_t i = 0; i < r->dims; i++)
        total += element_contiguous(r, i);
    return total;
}

static void eval(genlat_loss *loss, const gnl_loss_call *call)
{
    gnl_loss_rows(loss, call, is_contiguous(loss, call->dims) ? row_contiguous : row, NULL);
}

/* The "mean" of classes is the most probable class. */
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
    gnl_loss_decode rows = *d;
    if (is_contiguous(loss, d->dims)) { /* treat each element as a row */
        rows.rows = d->rows * d->dims;
        rows.dims = 1;
    }
    gnl_loss_elements(loss, &rows, element);
}

/* Logits in planes, [rows,classes,dims], however the outputs of the net lie. */
static void logits(const genlat_loss *loss, const gnl_loss_decode *d)
{
    const int64_t width = d->parts * d->dims;
    const bool contiguous = is_contiguous(loss, d->dims);
    for (int64_t r = 0; r < d->rows; r++)
        for (int64_t c = 0; c < d->parts; c++)
            for (int64_t i = 0; i < d->dims; i++)
                d->data[r * width + c * d->dims + i] =
                    d->out[r * width + (contiguous ? i * d->parts + c : c * d->dims + i)];
}

static const gnl_loss_parameter parameters[] = {
    {"logit", "log of the probability of each class, plus a number that all classes share", GNL_UNIT_NONE, true,
     logits},
    {NULL},
};

const gnl_loss_type gnl_categorical = {
    .name = "categorical",
    .options = &table,
    .parts = parts,
    .together = together,
    .range = range,
    .eval = eval,
    .decode = decode,
    .parameters = parameters,
    .help = "softmax likelihood of a class for each element; its mean is the most probable class",
};

const gnl_loss_type gnl_cross_entropy = {
    .name = "cross_entropy",
    .parts = parts_of_shapes,
    .range = range,
    .eval = eval,
    .decode = decode,
    .help = "softmax cross-entropy of logits [classes] and labels; the number of classes is that of the outputs",
};
