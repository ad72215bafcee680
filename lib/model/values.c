/* SPDX-License-Identifier: MIT */
/* Checks that data have values that a model can learn from: finite numbers in the support of its likelihood. */
#include <float.h>

#include "model/model_priv.h"

enum { MOST_NUMBERS = 1 << 28 };

static const gnl_support any_number = {{-HUGE_VAL, HUGE_VAL, false}, NULL, false};

static gnl_support support_of(const genlat_model *model)
{
    gnl_support s = any_number;
    if (model->type->support)
        model->type->support(model, &s);
    return s;
}

static bool is_valid(const gnl_support *s, gnl_real x)
{
    if (isnan(x))
        return s->missing;
    return (double)x >= s->range.low && (double)x <= s->range.high && isfinite(x) &&
           (!s->range.whole || (double)x == floor((double)x));
}

/* Returns the index of the first value that is not valid, or n. */
static int64_t find_invalid(const gnl_support *s, int64_t n, const gnl_real *x)
{
    const double most = sizeof(gnl_real) == sizeof(float) ? (double)FLT_MAX : DBL_MAX;
    const gnl_real low = (gnl_real)fmax(s->range.low, -most), high = (gnl_real)fmin(s->range.high, most);
    int outside = 0;
    for (int64_t i = 0; i < n; i++) /* without a branch, so that compilers can use vector instructions */
        outside |= !(x[i] >= low) | !(x[i] <= high);
    if (!outside && !s->range.whole)
        return n;
    for (int64_t i = 0; i < n; i++)
        if (!is_valid(s, x[i]))
            return i;
    return n;
}

static genlat_status fail_at(const genlat_model *model, const gnl_support *s, int64_t first, int64_t at, gnl_real x)
{
    const long long sample = (long long)(first + at / model->size), element = (long long)(at % model->size);
    if (!isfinite(x))
        return gnl_fail(GENLAT_E_RANGE,
                        "sample %lld has %g in element %lld, counted from 0; a finite number expected, so remove the "
                        "sample or fill in the value%s",
                        sample, (double)x, element,
                        isnan(x) && model->type->fill_in ? ", or train a vae that accepts missing values, missing=fill"
                                                         : "");
    return gnl_fail(
        GENLAT_E_RANGE,
        "sample %lld has %g in element %lld, counted from 0; likelihood %s expects %s from %g to %g, so scale "
        "the data, for example by scale=unit, or choose another likelihood, for example gaussian",
        sample, (double)x, element, s->name, s->range.whole ? "whole numbers" : "numbers", s->range.low, s->range.high);
}

static genlat_status check(const genlat_model *model, const gnl_support *s, int64_t rows, const gnl_real *x,
                           int64_t first)
{
    const int64_t n = rows * model->size, at = find_invalid(s, n, x);
    return at == n ? GENLAT_OK : fail_at(model, s, first, at, x[at]);
}

genlat_status gnl_model_check_values(const genlat_model *model, int64_t rows, const gnl_real *x, int64_t first)
{
    const gnl_support s = support_of(model);
    return check(model, &s, rows, x, first);
}

genlat_status gnl_model_check_finite(const genlat_model *model, int64_t rows, const gnl_real *x, bool missing)
{
    gnl_support s = any_number;
    s.missing = missing || support_of(model).missing;
    return check(model, &s, rows, x, 0);
}

genlat_status gnl_model_check_support(const genlat_model *model, int64_t rows, const gnl_real *x)
{
    const gnl_support s = support_of(model);
    if (!s.name)
        return GENLAT_OK;
    const int64_t n = rows * model->size, at = find_invalid(&s, n, x);
    return at == n || !isfinite(x[at]) ? GENLAT_OK : fail_at(model, &s, 0, at, x[at]);
}

static genlat_status check_rows(void *user, int64_t first, int64_t rows, const gnl_real *x)
{
    return gnl_model_check_values(user, rows, x, first);
}

genlat_status gnl_model_check_source_values(genlat_model *model, const genlat_source *source)
{
    const int64_t count = GNL_MIN(source->count, GNL_MAX(MOST_NUMBERS / GNL_MAX(model->size, 1), 1));
    return gnl_source_scan(source, count, check_rows, model);
}
