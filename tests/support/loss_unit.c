/* SPDX-License-Identifier: MIT */
/* Fixtures for tests of likelihoods. */
#include <check.h>

#include "support/loss_unit.h"

genlat_ctx *ctx, *threaded;

void loss_begin(void)
{
    genlat_ctx_opts opts;
    genlat_ctx_opts_init(&opts);
    ck_assert_int_eq(genlat_ctx_new(&opts, &ctx), GENLAT_OK);
    opts.threads = 3;
    ck_assert_int_eq(genlat_ctx_new(&opts, &threaded), GENLAT_OK);
}

void loss_end(void)
{
    genlat_ctx_destroy(&ctx);
    genlat_ctx_destroy(&threaded);
}

genlat_loss *loss_of(genlat_ctx *where, const char *spec)
{
    genlat_loss *loss = NULL;
    ck_assert_msg(genlat_loss_new(where, spec, &loss) == GENLAT_OK, "%s", genlat_last_error());
    return loss;
}

gnl_compute compute(genlat_ctx *where)
{
    return (gnl_compute){where, gnl_kernels_of(where), NULL};
}
