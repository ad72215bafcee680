/* SPDX-License-Identifier: MIT */
/* A custom training loop without a model or a trainer: net, loss, backward pass and optimizer. The net learns to
 * classify the ten synthetic digits. */
#include <stdio.h>

#include "genlat/data.h"
#include "genlat/loss.h"
#include "genlat/net.h"
#include "genlat/optim.h"

#define TRY(call)                                                                                                      \
    do {                                                                                                               \
        if ((status = (call)) != GENLAT_OK)                                                                            \
            goto end;                                                                                                  \
    } while (0)

enum { BATCH = 64, EPOCHS = 3, SAMPLES = 4000, TESTED = 500, CLASSES = 10 };

/* Builds the net. genlat_net_build() returns the first error of all calls of the builder. */
static genlat_status build_net(genlat_ctx *ctx, genlat_net **net)
{
    genlat_net_builder *builder = NULL;
    genlat_status status = genlat_net_builder_new(ctx, &builder);
    if (status != GENLAT_OK)
        return status;
    genlat_net_builder_input(builder, "x", 3, (int64_t[]){1, 28, 28});
    genlat_net_builder_text(builder, "flatten; dense units=96; relu");
    genlat_net_builder_add(builder, "dense units=%d", CLASSES);
    return genlat_net_build(&builder, net);
}

/* Trains for one epoch, and computes the mean loss of its batches. */
static genlat_status train(genlat_batches *batches, genlat_exec *exec, genlat_loss *loss, genlat_optim *optim,
                           genlat_tensor *dlogits, double *mean)
{
    const genlat_tensor *x = NULL, *labels = NULL, *logits = NULL;
    double sum = 0, value = 0;
    int64_t steps = 0;
    genlat_status status;
    for (;;) {
        TRY(genlat_batches_next(batches, &x, &labels));
        if (!x)
            break;
        /* Forward pass; loss, with its derivative by the net's output. */
        TRY(genlat_exec_forward(exec, GENLAT_MODE_TRAIN, 1, &x));
        TRY(genlat_exec_output(exec, 0, &logits));
        TRY(genlat_loss_eval(loss, logits, labels, &value, dlogits));
        /* The backward pass adds to the gradients, so that they must be cleared first. Then updates the weights. */
        TRY(genlat_optim_zero_grad(optim));
        TRY(genlat_exec_backward(exec, 1, &(const genlat_tensor *){dlogits}));
        TRY(genlat_optim_step(optim));
        sum += value;
        steps++;
    }
    *mean = sum / (double)steps;
end:
    return status;
}

/* Computes the fraction of samples for which the largest output is that of the correct class. */
static genlat_status accuracy(genlat_net *net, const genlat_source *source, double *fraction)
{
    genlat_exec *exec = NULL;
    genlat_tensor *x = NULL, *labels = NULL;
    const genlat_tensor *logits = NULL;
    genlat_exec_opts opts;
    genlat_status status;
    int64_t correct = 0;
    /* An exec for inference reuses its memory for all layers. This one processes up to TESTED rows at a time. */
    genlat_exec_opts_init(&opts);
    opts.purpose = GENLAT_EXEC_INFERENCE;
    TRY(genlat_source_read(source, 0, TESTED, &x, &labels));
    TRY(genlat_net_compile(net, TESTED, &opts, &exec));
    TRY(genlat_exec_forward(exec, GENLAT_MODE_EVAL, 1, &(const genlat_tensor *){x}));
    TRY(genlat_exec_output(exec, 0, &logits));
    for (int64_t row = 0; row < TESTED; row++) {
        const float *scores = genlat_tensor_const_data(logits) + row * CLASSES;
        int best = 0;
        for (int c = 1; c < CLASSES; c++)
            best = scores[c] > scores[best] ? c : best;
        correct += best == (int)genlat_tensor_const_data(labels)[row];
    }
    *fraction = (double)correct / TESTED;
end:
    genlat_exec_destroy(&exec);
    genlat_tensor_destroy(&labels);
    genlat_tensor_destroy(&x);
    return status;
}

int main(void)
{
    genlat_ctx *ctx = NULL;
    genlat_source *digits = NULL, *others = NULL;
    genlat_batches *batches = NULL;
    genlat_net *net = NULL;
    genlat_exec *exec = NULL;
    genlat_loss *loss = NULL;
    genlat_optim *optim = NULL;
    genlat_tensor *dlogits = NULL;
    genlat_batches_opts opts;
    double mean = 0, correct = 0;
    genlat_status status;

    genlat_batches_opts_init(&opts);
    opts.batch = BATCH;
    opts.drop_last = 1; /* every batch has BATCH rows, so that all batches can use the same tensor of derivatives */
    TRY(genlat_ctx_new(NULL, &ctx));
    TRY(genlat_source_synthetic(ctx, "digits", SAMPLES, 1, &digits));
    TRY(genlat_source_synthetic(ctx, "digits", TESTED, 2, &others));
    TRY(genlat_batches_new(digits, &opts, &batches));
    TRY(build_net(ctx, &net));
    printf("a net of %lld weights\n", (long long)genlat_net_size(net));

    /* The net has the weights, the exec has the memory of a computation. Compiling checks shapes and allocates
     * memory, so that no step allocates any. */
    TRY(genlat_net_compile(net, BATCH, NULL, &exec));
    TRY(genlat_loss_new(ctx, "cross_entropy", &loss));
    TRY(genlat_optim_from_text(ctx, "adam lr=2e-3", &optim));
    TRY(genlat_optim_add(optim, net, NULL, NULL));
    TRY(genlat_tensor_new(ctx, 2, (int64_t[]){BATCH, CLASSES}, &dlogits));

    for (int epoch = 1; epoch <= EPOCHS; epoch++) {
        TRY(train(batches, exec, loss, optim, dlogits, &mean));
        TRY(accuracy(net, others, &correct));
        printf("epoch %d: loss %.3f nats, accuracy %.1f %% on test digits\n", epoch, mean, 100 * correct);
    }
end:
    if (status != GENLAT_OK)
        fprintf(stderr, "03_own_loop: %s\n", genlat_last_error());
    genlat_tensor_destroy(&dlogits);
    genlat_optim_destroy(&optim);
    genlat_loss_destroy(&loss);
    genlat_exec_destroy(&exec);
    genlat_net_destroy(&net);
    genlat_batches_destroy(&batches);
    genlat_source_destroy(&others);
    genlat_source_destroy(&digits);
    genlat_ctx_destroy(&ctx);
    return status != GENLAT_OK || correct < 0.9;
}
