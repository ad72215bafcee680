/* SPDX-License-Identifier: MIT */
/* FactorVAE score: does the code that varies least tell which factor is fixed. */
#include "metric/metric_priv.h"

typedef struct factor_opts {
    size_t size;
    int64_t votes, rows, seed;
} factor_opts;

static const gnl_option options[] = {
    GNL_OPT_INT(factor_opts, votes, 800, 1, 1e7, "votes to learn from, and as many to test with"),
    GNL_OPT_INT(factor_opts, rows, 64, 2, 1e6, "rows drawn for a vote, all with one value of the fixed factor"),
    GNL_OPT_INT(factor_opts, seed, 0, 0, 1e15, "seed of the draws"),
};
static const gnl_options_table table = {"factor_vae", sizeof(factor_opts), options, GNL_COUNT(options)};

static const gnl_metric_name values[] = {
    {"factor_vae", "accuracy of a majority vote for the fixed factor by the code of least variance; 1 is best"},
    {NULL, NULL}};

typedef struct work {
    gnl_rows codes, factors;
    const factor_opts *o;
    double *mean, *variance; /* [d] of all rows */
    int64_t *order, *class;  /* [f,n] rows by value of a factor; [f,n] value of a row */
    int64_t *begin;          /* [f,n+1] first place of a value in the order */
    int64_t *votes;          /* [d,f] */
    double *scratch;         /* [n] */
} work;

/* Sorts the rows by the value of a factor. Returns how many values there are. */
static int64_t sort_rows(const work *w, int64_t f)
{
    const int64_t n = w->codes.n;
    int64_t *class = w->class + f * n, *begin = w->begin + f * (n + 1), *order = w->order + f * n;
    const int64_t count = gnl_distinct_values(&w->factors, f, w->scratch, class);
    memset(begin, 0, (size_t)(n + 1) * sizeof *begin);
    for (int64_t i = 0; i < n; i++)
        begin[class[i] + 1]++;
    for (int64_t c = 0; c < count; c++)
        begin[c + 1] += begin[c];
    for (int64_t i = 0; i < n; i++)
        order[begin[class[i]]++] = i;
    memmove(begin + 1, begin, (size_t)n * sizeof *begin);
    begin[0] = 0;
    return count;
}

/* Variance of code j over rows with one value, drawn with replacement. */
static double variance_of(const work *w, int64_t j, const int64_t *rows)
{
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < w->o->rows; i++) {
        const double x = (double)gnl_row(&w->codes, rows[i])[j] - w->mean[j];
        sum += x;
        squares += x * x;
    }
    const double n = (double)w->o->rows;
    return (squares - sum * sum / n) / (n - 1);
}

/* Returns the code of least relative variance; -1: all codes are constant. */
static int64_t vote(const work *w, gnl_rng *rng, int64_t f, int64_t *rows)
{
    const int64_t n = w->codes.n, c = w->class[f * n + (int64_t)gnl_rng_below(rng, (uint64_t)n)];
    const int64_t *begin = w->begin + f * (n + 1), first = begin[c], count = begin[c + 1] - first;
    int64_t best = -1;
    double least = INFINITY;
    for (int64_t i = 0; i < w->o->rows; i++)
        rows[i] = w->order[f * n + first + (int64_t)gnl_rng_below(rng, (uint64_t)count)];
    for (int64_t j = 0; j < w->codes.d; j++) {
        const double found = w->variance[j] > 0 ? variance_of(w, j, rows) / w->variance[j] : INFINITY;
        if (found < least) {
            least = found;
            best = j;
        }
    }
    return best;
}

static int64_t majority(const work *w, int64_t code)
{
    const int64_t *votes = w->votes + code * w->factors.d;
    int64_t best = 0;
    for (int64_t f = 1; f < w->factors.d; f++)
        best = votes[f] > votes[best] ? f : best;
    return best;
}

static genlat_status measure(const work *w, const int64_t *varying, int64_t factors, int64_t *rows, double *accuracy)
{
    int64_t correct = 0;
    for (int64_t v = 0; v < 2 * w->o->votes; v++) {
        gnl_rng rng = gnl_rng_make((uint64_t)w->o->seed, GNL_STREAM_EVAL, (uint64_t)v);
        const int64_t f = varying[gnl_rng_below(&rng, (uint64_t)factors)], code = vote(w, &rng, f, rows);
        if (code < 0)
            return gnl_fail(GENLAT_E_NUMERIC, "every code is constant");
        if (v < w->o->votes)
            w->votes[code * w->factors.d + f]++;
        else
            correct += majority(w, code) == f;
    }
    *accuracy = (double)correct / (double)w->o->votes;
    return GENLAT_OK;
}

static genlat_status prepare_and_measure(const work *w, int64_t *varying, int64_t *rows, double *accuracy)
{
    int64_t factors = 0;
    gnl_column_moments(&w->codes, w->mean, w->variance);
    for (int64_t f = 0; f < w->factors.d; f++)
        if (sort_rows(w, f) > 1)
            varying[factors++] = f;
    if (factors == 0)
        return gnl_fail(GENLAT_E_RANGE, "every factor has one value only");
    return measure(w, varying, factors, rows, accuracy);
}

static genlat_status compute(const gnl_metric_call *call, gnl_metric_numbers *out)
{
    gnl_rows both[2];
    double accuracy = 0;
    GNL_TRY(gnl_metric_pair(call, GNL_CODES, GNL_FACTORS, true, both));
    const factor_opts *o = call->opts;
    const int64_t n = both[0].n, d = both[0].d, f = both[1].d;
    double *numbers = gnl_alloc(both[0].ctx, (size_t)(2 * d + n), sizeof *numbers);
    int64_t *whole = gnl_calloc(both[0].ctx, (size_t)(f * (3 * n + 2 + d) + o->rows), sizeof *whole);
    genlat_status status = numbers && whole ? GENLAT_OK : GENLAT_E_MEMORY;
    if (status == GENLAT_OK) {
        int64_t *rest = whole + f * (3 * n + 1);
        const work w = {both[0],       both[1],           o,    numbers,        numbers + d, whole,
                        whole + f * n, whole + 2 * f * n, rest, numbers + 2 * d};
        status = prepare_and_measure(&w, rest + d * f, rest + d * f + f, &accuracy);
    }
    gnl_free(both[0].ctx, numbers);
    gnl_free(both[0].ctx, whole);
    GNL_TRY(status);
    return gnl_metric_add(out, values, -1, accuracy, gnl_share_error(accuracy, o->votes), n);
}

const gnl_metric_type gnl_metric_factor_vae = {
    .name = "factor_vae",
    .help = "FactorVAE score: does the code that varies least tell which factor is fixed; 1 is best",
    .options = &table,
    .values = values,
    .needs = GENLAT_METRIC_CODES | GENLAT_METRIC_FACTORS,
    .least = 2,
    .compute = compute,
    .notes =
        "Rows are drawn with replacement from those that are given, so that each value of a factor should have many. "
        "Constant codes and factors are left out. Standard error: binomial, of the test votes. Source: Kim, Mnih, "
        "Disentangling by factorising, 2018.",
};
