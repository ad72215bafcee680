/* SPDX-License-Identifier: MIT */
/* A custom layer: softsign, y = x / (1 + |x|), with a trained gain for each channel. Implements forward and backward,
 * and the two functions that gradient penalties need. The library checks all of them with finite differences. */
#include <math.h>
#include <stdio.h>

#include "genlat/experimental.h"
#include "genlat/net.h"
#include "genlat/rng.h"

/* Declares the shape of the output, which is that of the input, and one parameter: the gains. */
static genlat_status infer(void *user, genlat_layer_plan *plan)
{
    int32_t ndim = 0;
    int64_t dims[GENLAT_MAX_DIMS];
    (void)user;
    genlat_status status = genlat_layer_plan_input(plan, 0, &ndim, dims);
    if (status == GENLAT_OK)
        status = genlat_layer_plan_output(plan, ndim, dims);
    if (status == GENLAT_OK)
        status = genlat_layer_plan_param(plan, "gain", GENLAT_PARAM_TRAINED, ndim, dims, "constant", 1.0);
    return status;
}

/* y = gain * x / (1 + |x|) */
static void forward(void *user, const genlat_layer_call *c)
{
    (void)user;
    for (int64_t i = 0; i < c->rows * c->out_size; i++)
        c->y[i] = c->param[0][i % c->out_size] * c->x[0][i] / (1 + fabsf(c->x[0][i]));
}

/* dy/dx = gain / (1 + |x|)^2. Adds to the gradients of parameters, and overwrites the derivatives of inputs. NULL: not
 * requested. */
static void backward(void *user, const genlat_layer_call *c)
{
    (void)user;
    for (int64_t i = 0; i < c->rows * c->out_size; i++) {
        int64_t place = i % c->out_size;
        float x = c->x[0][i], d = 1 + fabsf(x);
        if (c->grad[0])
            c->grad[0][place] += c->dy[i] * x / d;
        if (c->dx[0])
            c->dx[0][i] = c->dy[i] * c->param[0][place] / (d * d);
    }
}

/* Computes the tangent of y for a tangent of x. */
static void jvp(void *user, const genlat_layer_call *c)
{
    (void)user;
    for (int64_t i = 0; i < c->rows * c->out_size; i++) {
        float d = 1 + fabsf(c->x[0][i]);
        c->ty[i] = c->tx[0][i] * c->param[0][i % c->out_size] / (d * d);
    }
}

/* Computes the derivatives of dty . ty by tx, by x and by the gains. The second derivative of y is
 * -2 gain sign(x) / (1 + |x|)^3. */
static void jvp_backward(void *user, const genlat_layer_call *c)
{
    (void)user;
    for (int64_t i = 0; i < c->rows * c->out_size; i++) {
        int64_t place = i % c->out_size;
        float x = c->x[0][i], d = 1 + fabsf(x), s = c->dty[i] * c->tx[0][i];
        if (c->dtx[0])
            c->dtx[0][i] = c->dty[i] * c->param[0][place] / (d * d);
        if (c->dx[0])
            c->dx[0][i] -= 2 * s * c->param[0][place] * copysignf(1, x) / (d * d * d);
        if (c->grad[0])
            c->grad[0][place] += s / (d * d);
    }
}

/* Builds a net with the custom layer between two layers from text. */
static genlat_status build(genlat_ctx *ctx, genlat_layer *softsign, genlat_net **net)
{
    genlat_net_builder *builder = NULL;
    genlat_status status = genlat_net_builder_new(ctx, &builder);
    if (status != GENLAT_OK)
        return status;
    genlat_net_builder_input(builder, "x", 1, (int64_t[]){6});
    genlat_net_builder_text(builder, "dense units=8");
    genlat_net_builder_layer(builder, softsign, "name=squash");
    genlat_net_builder_text(builder, "dense units=3");
    return genlat_net_build(&builder, net);
}

int main(void)
{
    static const genlat_layer_table table = {.size = sizeof table,
                                             .name = "softsign",
                                             .inputs = 1,
                                             .infer = infer,
                                             .forward = forward,
                                             .backward = backward,
                                             .jvp = jvp,
                                             .jvp_backward = jvp_backward};
    genlat_ctx *ctx = NULL;
    genlat_layer *softsign = NULL;
    genlat_net *net = NULL;
    genlat_exec *exec = NULL;
    genlat_exec_opts opts;
    genlat_rng *rng = NULL;
    genlat_tensor *x = NULL;
    genlat_check_result result = {.size = sizeof result, .worst = 1};
    char text[1024];

    if (genlat_ctx_new(NULL, &ctx) || genlat_layer_new_own(ctx, &table, &softsign) || build(ctx, softsign, &net) ||
        genlat_net_describe(net, text, sizeof text))
        goto fail;
    printf("%s", text);

    /* Compares the gradients of the net, including those of the layer, with central differences. */
    if (genlat_tensor_new(ctx, 2, (int64_t[]){5, 6}, &x) || genlat_rng_new(ctx, 3, 0, &rng) ||
        genlat_rng_normal(rng, 30, genlat_tensor_data(x)) ||
        genlat_net_check(net, 1, &(const genlat_tensor *){x}, 10, 1, &result))
        goto fail;
    printf("%lld numbers checked, worst relative error %.1e at %s\n", (long long)result.checked, result.worst,
           result.where);

    /* With jvp and jvp_backward, a discriminator with gradient penalty can use the layer. */
    genlat_exec_opts_init(&opts);
    opts.purpose = GENLAT_EXEC_PENALTY;
    if (genlat_net_compile(net, 5, &opts, &exec))
        goto fail;
    printf("the net can be compiled for a gradient penalty\n");
fail:
    if (!exec)
        fprintf(stderr, "08_own_layer: %s\n", genlat_last_error());
    int failed = !exec || result.worst > 0.02;
    genlat_exec_destroy(&exec);
    genlat_tensor_destroy(&x);
    genlat_rng_destroy(&rng);
    genlat_net_destroy(&net);
    genlat_layer_destroy(&softsign);
    genlat_ctx_destroy(&ctx);
    return failed;
}
