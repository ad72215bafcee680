/* SPDX-License-Identifier: MIT */
/* Bernoulli likelihood of logits: -log p = log(1 + e^l) - t l. Targets between 0 and 1 are used as they are, which is
 * the cross-entropy between two Bernoulli distributions. */
#include "loss/loss_priv.h"

static gnl_loss_range range(const void *opts, int64_t parts)
{
    return (gnl_loss_range){0, 1, false};
}

static double row(const gnl_loss_row *r)
{
    return r->k->bernoulli(r->dims, r->out, r->target, (gnl_real)r->factor, r->dout);
}

static void eval(genlat_loss *loss, const gnl_loss_call *call)
{
    gnl_loss_rows(loss, call, row, NULL);
}

static double element(const gnl_loss_element *e)
{
    double p = gnl_logistic((double)*e->out);
    return e->rng ? gnl_rng_unit(e->rng) < p : p;
}

static void decode(const genlat_loss *loss, const gnl_loss_decode *d)
{
    gnl_loss_elements(loss, d, element);
}

static double raw_output(const gnl_loss_element *e)
{
    return (double)*e->out;
}

static void logits(const genlat_loss *loss, const gnl_loss_decode *d)
{
    gnl_loss_elements(loss, d, raw_output);
}

static const gnl_loss_parameter parameters[] = {
    {"mean", "probability of a 1, in the units of the data", GNL_UNIT_LOCATION, false, decode},
    {"logit", "log of the odds of a 1", GNL_UNIT_NONE, false, logits},
    {NULL},
};

const gnl_loss_type gnl_bernoulli = {
    .name = "bernoulli",
    .range = range,
    .eval = eval,
    .decode = decode,
    .parameters = parameters,
    .help = "Bernoulli likelihood of logits, for binary or grayscale data in [0,1]",
};
