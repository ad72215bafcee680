/* SPDX-License-Identifier: MIT */
/* Evaluation: the private functions, and the public ones with all their checks. */
#include <tgmath.h>

#include "loss/loss_priv.h"

/* Returns the part of a call for one draw. */
static gnl_loss_call one_draw(const gnl_loss_call *call, int64_t draw)
{
    const int64_t first = draw * call->rows, numbers = first * call->parts * call->dims;
    gnl_loss_call one = *call;
    one.draws = 1;
    one.out += numbers;
    one.nll += first;
    one.weight = call->weight ? call->weight + first : NULL;
    one.dout = call->dout ? call->dout + numbers : NULL;
    return one;
}

void gnl_loss_eval(genlat_loss *loss, const gnl_loss_call *call)
{
    const gnl_loss_type *type = loss->type;
    if (call->draws < 2 || (type->couples && type->couples(loss->opts))) {
        type->eval(loss, call);
        return;
    }
    for (int64_t draw = 0; draw < call->draws; draw++) {
        const gnl_loss_call one = one_draw(call, draw);
        type->eval(loss, &one);
    }
}

void gnl_loss_decode_mean(const genlat_loss *loss, const gnl_loss_decode *decode)
{
    gnl_loss_decode mean = *decode;
    mean.rng = NULL;
    loss->type->decode(loss, &mean);
}

void gnl_loss_decode_sample(const genlat_loss *loss, const gnl_loss_decode *decode)
{
    loss->type->decode(loss, decode);
}

static bool in_range(const gnl_loss_range *range, double x)
{
    return x >= range->low && x <= range->high && (!range->whole || x == floor(x));
}

genlat_status gnl_loss_check_targets(const genlat_loss *loss, int64_t parts, int64_t n, const gnl_real *target)
{
    gnl_loss_range range = {-HUGE_VAL, HUGE_VAL, false};
    if (loss->type->range)
        range = loss->type->range(loss->opts, parts);
    for (int64_t i = 0; i < n; i++)
        if (!in_range(&range, (double)target[i]) || !isfinite(target[i]))
            return gnl_fail(GENLAT_E_RANGE, "target[%lld] is %g, must be %s from %g to %g for %s", (long long)i,
                            (double)target[i], range.whole ? "an integer" : "a number", range.low, range.high,
                            loss->type->name);
    return GENLAT_OK;
}

/* ---- public ---------------------------------------------------------------------------------- */

/* Determines rows, elements and outputs per element from the shapes, and checks that they fit the loss. */
static genlat_status prepare_call(const genlat_loss *loss, const genlat_tensor *out, const genlat_tensor *data,
                                  const char *name, gnl_loss_call *call)
{
    char found[GNL_SHAPE_TEXT], other[GNL_SHAPE_TEXT];
    int64_t numbers = gnl_shape_count(&out->shape), elements = gnl_shape_count(&data->shape);
    int64_t rows = out->shape.ndim ? out->shape.dim[0] : 0, parts = gnl_loss_parts(loss);
    bool same_rows = rows >= 1 && data->shape.ndim >= 1 && data->shape.dim[0] == rows && elements > 0;
    if (same_rows && parts == 0 && numbers % elements == 0)
        parts = numbers / elements;
    if (!same_rows || parts < 1 || numbers != elements * parts)
        return gnl_fail(GENLAT_E_SHAPE,
                        "out is %s and %s is %s, expected equal numbers of rows and %lld output%s per element",
                        gnl_shape_format(&out->shape, found), name, gnl_shape_format(&data->shape, other),
                        (long long)GNL_MAX(parts, 1), parts > 1 ? "s" : "");
    gnl_shape sample = {out->shape.ndim - 1, {0}};
    memcpy(sample.dim, out->shape.dim + 1, (size_t)sample.ndim * sizeof *sample.dim);
    GNL_TRY(gnl_loss_check_order(loss, &sample));
    *call = (gnl_loss_call){.compute = {loss->object.ctx, gnl_kernels_of(loss->object.ctx), NULL},
                            .rows = rows,
                            .dims = elements / rows,
                            .parts = parts,
                            .out = out->data};
    return GENLAT_OK;
}

static genlat_status mean_of_rows(const gnl_loss_call *call, double *value)
{
    double total = 0;
    for (int64_t r = 0; r < call->rows; r++)
        total += call->nll[r];
    if (!isfinite(total))
        return gnl_fail(GENLAT_E_NUMERIC, "the loss is %g", total);
    *value = total / (double)call->rows;
    return GENLAT_OK;
}

/* If the value is not finite, the values and gradients of the loss are restored. */
static genlat_status eval_or_restore(genlat_loss *loss, const gnl_loss_call *call, double *value)
{
    gnl_real saved_value[GNL_MAX_LOSS_VALUES], saved_grad[GNL_MAX_LOSS_VALUES];
    memcpy(saved_value, loss->value, sizeof saved_value);
    memcpy(saved_grad, loss->grad, sizeof saved_grad);
    gnl_loss_eval(loss, call);
    genlat_status status = mean_of_rows(call, value);
    if (status != GENLAT_OK) {
        memcpy(loss->value, saved_value, sizeof saved_value);
        memcpy(loss->grad, saved_grad, sizeof saved_grad);
    }
    return status;
}

static genlat_status check_eval(const genlat_loss *loss, const genlat_tensor *out, const genlat_tensor *target,
                                const double *value)
{
    GNL_CHECK(loss, "loss is NULL");
    GNL_CHECK(out, "out is NULL");
    GNL_CHECK(target, "target is NULL");
    GNL_CHECK(value, "value is NULL");
    return GENLAT_OK;
}

genlat_status genlat_loss_eval(genlat_loss *loss, const genlat_tensor *out, const genlat_tensor *target, double *value,
                               genlat_tensor *dout)
{
    GNL_ENTER();
    GNL_TRY(check_eval(loss, out, target, value));
    gnl_loss_call call;
    GNL_TRY(prepare_call(loss, out, target, "target", &call));
    if (dout && !gnl_shape_equal(&dout->shape, &out->shape))
        return gnl_fail(GENLAT_E_SHAPE, "dout and out have different shapes");
    GNL_TRY(gnl_loss_check_targets(loss, call.parts, call.rows * call.dims, target->data));
    GNL_TRY(gnl_grow(loss->object.ctx, (void **)&loss->nll, &loss->nll_capacity, (size_t)call.rows, sizeof *loss->nll));
    call.target = target->data;
    call.scale = 1 / (double)call.rows;
    call.nll = loss->nll;
    call.dout = dout ? dout->data : NULL;
    call.training = dout != NULL;
    return eval_or_restore(loss, &call, value);
}

static genlat_status decode_into(const genlat_loss *loss, const genlat_tensor *out, gnl_rng *rng, genlat_tensor *data,
                                 const char *name)
{
    gnl_loss_call call;
    GNL_TRY(prepare_call(loss, out, data, name, &call));
    loss->type->decode(loss,
                       &(gnl_loss_decode){call.compute, call.rows, call.dims, call.parts, out->data, data->data, rng});
    return GENLAT_OK;
}

genlat_status genlat_loss_mean(const genlat_loss *loss, const genlat_tensor *out, genlat_tensor *mean)
{
    GNL_ENTER();
    GNL_CHECK(loss, "loss is NULL");
    GNL_CHECK(out, "out is NULL");
    GNL_CHECK(mean, "mean is NULL");
    return decode_into(loss, out, NULL, mean, "mean");
}

genlat_status genlat_loss_sample(const genlat_loss *loss, const genlat_tensor *out, genlat_rng *rng,
                                 genlat_tensor *sample)
{
    GNL_ENTER();
    GNL_CHECK(loss, "loss is NULL");
    GNL_CHECK(out, "out is NULL");
    GNL_CHECK(rng, "rng is NULL");
    GNL_CHECK(sample, "sample is NULL");
    return decode_into(loss, out, gnl_rng_of(rng), sample, "sample");
}
