/* SPDX-License-Identifier: MIT */
/* A program in the common subset of C and C++ that uses an installed library: builds a net, runs it, and checks the
 * result. */
#include <genlat/experimental.h>
#include <genlat/io.h>
#include <genlat/net.h>
#include <stdio.h>

static int run(genlat_ctx *ctx, genlat_net *net)
{
    const int64_t dims[] = {2, 3};
    genlat_exec *exec = NULL;
    genlat_tensor *x = NULL;
    const genlat_tensor *y = NULL;
    int bad = genlat_tensor_new(ctx, 2, dims, &x) || genlat_net_compile(net, 2, NULL, &exec);
    const genlat_tensor *const inputs[] = {x};
    bad = bad || genlat_exec_forward(exec, GENLAT_MODE_EVAL, 1, inputs) || genlat_exec_output(exec, 0, &y) ||
          genlat_tensor_dim(y, 1) != 4;
    genlat_exec_destroy(&exec);
    genlat_tensor_destroy(&x);
    return bad;
}

int main(void)
{
    const int64_t dims[] = {3};
    genlat_ctx *ctx = NULL;
    genlat_net_builder *builder = NULL;
    genlat_net *net = NULL;
    int bad = genlat_ctx_new(NULL, &ctx) || genlat_net_builder_new(ctx, &builder);
    genlat_net_builder_input(builder, "x", 1, dims);
    genlat_net_builder_add(builder, "dense units=%d", 4);
    bad = bad || genlat_net_build(&builder, &net) || run(ctx, net);
    genlat_net_destroy(&net);
    genlat_ctx_destroy(&ctx);
    if (bad)
        fprintf(stderr, "%s\n", genlat_last_error());
    else
        printf("genlat %s\n", genlat_version());
    return bad;
}
