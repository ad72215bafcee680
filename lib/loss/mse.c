/* SPDX-License-Identifier: MIT */
/* Sum of squared errors. It is not a likelihood; a sample equals the output. */
#include "loss/loss_priv.h"

static double row(const gnl_loss_row *r)
{
    return 2 * r->k->squared(r->dims, r->out, r->target, (gnl_real)(2 * r->factor), r->dout);
}

static void eval(genlat_loss *loss, const gnl_loss_call *call)
{
    gnl_loss_rows(loss, call, row, NULL);
}

static double element(const gnl_loss_element *e)
{
    return (double)*e->out;
}

static void decode(const genlat_loss *loss, const gnl_loss_decode *d)
{
    gnl_loss_elements(loss, d, element);
}

static const gnl_loss_parameter parameters[] = {
    {"mean", "the output", GNL_UNIT_LOCATION, false, decode},
    {NULL},
};

const gnl_loss_type gnl_mse = {
    .name = "mse",
    .eval = eval,
    .decode = decode,
    .parameters = parameters,
    .help = "sum of squared errors; a sample equals the output",
};
