/* SPDX-License-Identifier: MIT */
/* Tensors: making them, looking at them in another shape without a copy, filling them with random numbers,
 * and what happens when a call is wrong. */
#include <math.h>
#include <stdio.h>

#include "genlat/rng.h"
#include "genlat/tensor.h"

/* Every call that can fail returns a status; genlat_last_error() says in one line what went wrong. */
#define TRY(call)                                                                                            \
    do {                                                                                                     \
        if ((call) != GENLAT_OK)                                                                             \
            goto fail;                                                                                       \
    } while (0)

static void print(const char *title, const genlat_tensor *t)
{
    printf("%s [", title);
    for (int32_t axis = 0; axis < genlat_tensor_ndim(t); axis++)
        printf("%s%lld", axis ? "," : "", (long long)genlat_tensor_dim(t, axis));
    printf("]:");
    const float *data = genlat_tensor_const_data(t);
    for (int64_t i = 0; i < genlat_tensor_count(t) && i < 8; i++)
        printf(" %g", data[i]);
    printf("%s\n", genlat_tensor_count(t) > 8 ? " ..." : "");
}

/* Mean and standard deviation of the numbers that a generator gives. */
static int random_numbers(genlat_ctx *ctx)
{
    genlat_tensor *noise = NULL;
    genlat_rng *rng = NULL;
    double sum = 0, squares = 0;
    int64_t n = 10000;
    TRY(genlat_tensor_new(ctx, 1, &n, &noise));
    TRY(genlat_rng_new(ctx, 42, 0, &rng));
    TRY(genlat_rng_normal(rng, n, genlat_tensor_data(noise)));
    for (int64_t i = 0; i < n; i++) {
        double x = genlat_tensor_const_data(noise)[i];
        sum += x;
        squares += x * x;
    }
    print("normal numbers, seed 42", noise);
    printf("their mean is %.3f, their standard deviation %.3f\n", sum / (double)n, sqrt(squares / (double)n));
    genlat_rng_destroy(&rng);
    genlat_tensor_destroy(&noise);
    return 0;
fail:
    genlat_rng_destroy(&rng);
    genlat_tensor_destroy(&noise);
    return 1;
}

int main(void)
{
    genlat_ctx *ctx = NULL;
    genlat_tensor *copy = NULL, *view = NULL, *rows = NULL, *wrapped = NULL, *wrong = NULL;
    float mine[6] = {1, 2, 3, 4, 5, 6};

    /* A context holds what objects share: memory functions, threads, the seed. NULL takes the defaults. */
    TRY(genlat_ctx_new(NULL, &ctx));

    /* A tensor from the caller's numbers; they are copied. */
    TRY(genlat_tensor_from(ctx, 2, (int64_t[]){2, 3}, mine, &copy));
    print("copied", copy);

    /* Views share storage: what is written into one is seen in the other. One size may be left to the
     * library. */
    TRY(genlat_tensor_reshape(copy, 2, (int64_t[]){3, -1}, &view));
    genlat_tensor_data(view)[0] = 100;
    print("viewed as 3 rows", view);
    TRY(genlat_tensor_rows(view, 1, 3, &rows));
    print("its last two rows", rows);

    /* The storage lives as long as any of its views, in whatever order they go. */
    genlat_tensor_destroy(&copy);
    genlat_tensor_destroy(&view);
    print("still there", rows);

    /* The caller's own memory, without a copy. */
    TRY(genlat_tensor_wrap(ctx, 1, (int64_t[]){6}, mine, &wrapped));
    TRY(genlat_tensor_fill(wrapped, 0.5f));
    printf("the array is now %g %g ... %g\n", mine[0], mine[1], mine[5]);

    if (random_numbers(ctx))
        goto fail;

    /* Misuse is an error with a text, not a crash; the result is NULL then. */
    if (genlat_tensor_reshape(rows, 1, (int64_t[]){5}, &wrong) == GENLAT_OK || wrong)
        goto fail;
    printf("a wrong call says: %s\n", genlat_last_error());

    genlat_tensor_destroy(&rows);
    genlat_tensor_destroy(&wrapped);
    genlat_ctx_destroy(&ctx);
    return 0;
fail:
    fprintf(stderr, "01_tensor: %s\n", genlat_last_error());
    genlat_tensor_destroy(&copy);
    genlat_tensor_destroy(&view);
    genlat_tensor_destroy(&rows);
    genlat_tensor_destroy(&wrapped);
    genlat_ctx_destroy(&ctx);
    return 1;
}
