/* SPDX-License-Identifier: MIT */
/* Tensors: creates them, views them in another shape without a copy, fills them with random numbers, and shows how
 * errors are reported. */
#include <math.h>
#include <stdio.h>

#include "genlat/rng.h"
#include "genlat/tensor.h"

/* Every call that can fail returns a status. genlat_last_error() returns a one-line description of the last error. */
#define TRY(call)                                                                                                      \
    do {                                                                                                               \
        if ((call) != GENLAT_OK)                                                                                       \
            goto fail;                                                                                                 \
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

/* Prints the mean and the standard deviation of random numbers. */
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

    /* A context has the state that objects share: memory functions, threads, the seed. NULL selects the defaults. */
    TRY(genlat_ctx_new(NULL, &ctx));

    /* Creates a tensor from an array, which is copied. */
    TRY(genlat_tensor_from(ctx, 2, (int64_t[]){2, 3}, mine, &copy));
    print("copied", copy);

    /* Views share storage: a write to one is visible in the other. -1 means that the library computes this size. */
    TRY(genlat_tensor_reshape(copy, 2, (int64_t[]){3, -1}, &view));
    genlat_tensor_data(view)[0] = 100;
    print("viewed as 3 rows", view);
    TRY(genlat_tensor_rows(view, 1, 3, &rows));
    print("its last two rows", rows);

    /* The storage exists until the last of its views is destroyed, in any order. */
    genlat_tensor_destroy(&copy);
    genlat_tensor_destroy(&view);
    print("still valid", rows);

    /* Uses the caller's memory without a copy. */
    TRY(genlat_tensor_wrap(ctx, 1, (int64_t[]){6}, mine, &wrapped));
    TRY(genlat_tensor_fill(wrapped, 0.5f));
    printf("the array is now %g %g ... %g\n", mine[0], mine[1], mine[5]);

    if (random_numbers(ctx))
        goto fail;

    /* An invalid call returns an error instead of crashing, and sets the result to NULL. */
    if (genlat_tensor_reshape(rows, 1, (int64_t[]){5}, &wrong) == GENLAT_OK || wrong)
        goto fail;
    printf("the error of an invalid call: %s\n", genlat_last_error());

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
