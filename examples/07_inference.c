/* SPDX-License-Identifier: MIT */
/* Inference on an embedded device: all memory comes from a custom allocator, and is allocated once. The decoder then
 * runs without any allocation. */
#include <stdio.h>
#include <stdlib.h>

#include "genlat/rng.h"
#include "genlat/train.h"

#define TRY(call)                                                                                                      \
    do {                                                                                                               \
        if ((status = (call)) != GENLAT_OK)                                                                            \
            goto end;                                                                                                  \
    } while (0)

enum { FRAMES = 1000, LATENT = 4 };

/* The allocator of the device: here that of the C library, with counters. */
typedef struct memory {
    long calls, bytes;
} memory;

static void *allocate(void *user, size_t bytes, size_t align)
{
    memory *m = user;
    m->calls++;
    m->bytes += (long)bytes;
    align = align < sizeof(void *) ? sizeof(void *) : align;
    return aligned_alloc(align, (bytes + align - 1) / align * align);
}

static void release(void *user, void *block)
{
    (void)user;
    free(block);
}

/* Trains a model, and writes the file for the device. */
static genlat_status make_file(const char *path)
{
    genlat_ctx *ctx = NULL;
    genlat_source *digits = NULL;
    genlat_model_builder *builder = NULL;
    genlat_model *vae = NULL;
    genlat_train_opts opts;
    genlat_status status;
    genlat_train_opts_init(&opts);
    opts.epochs = 2;
    opts.batch = 50;
    TRY(genlat_ctx_new(NULL, &ctx));
    TRY(genlat_source_synthetic(ctx, "digits", 1000, 1, &digits));
    TRY(genlat_model_builder_new(ctx, "vae", &builder));
    genlat_model_builder_set(builder, "encoder", "flatten; dense units=64; relu");
    genlat_model_builder_set(builder, "decoder", "dense units=64; relu; dense units={out}");
    genlat_model_builder_set_int(builder, "latent", LATENT);
    TRY(genlat_model_build(&builder, digits, &vae));
    TRY(genlat_model_fit(vae, digits, NULL, &opts));
    TRY(genlat_model_export(vae, path));
end:
    genlat_model_destroy(&vae);
    genlat_model_builder_destroy(&builder);
    genlat_source_destroy(&digits);
    genlat_ctx_destroy(&ctx);
    return status;
}

int main(int argc, char **argv)
{
    const char *path = argc > 1 ? argv[1] : "07_inference.safetensors";
    memory m = {0, 0};
    genlat_allocator allocator = {.size = sizeof allocator, .user = &m, .alloc = allocate, .free = release};
    genlat_ctx_opts ctx_opts;
    genlat_exec_opts exec_opts;
    genlat_ctx *ctx = NULL;
    genlat_model *vae = NULL;
    genlat_net *decoder = NULL;
    genlat_exec *exec = NULL;
    genlat_rng *rng = NULL;
    genlat_tensor *z = NULL;
    const genlat_tensor *logits = NULL;
    double bright = 0;
    long before = -1;
    genlat_status status;

    TRY(make_file(path));
    genlat_ctx_opts_init(&ctx_opts);
    ctx_opts.allocator = &allocator;
    TRY(genlat_ctx_new(&ctx_opts, &ctx));
    TRY(genlat_model_load(ctx, path, &vae));

    /* Compiles the decoder for one sample. The net remains valid after the model is destroyed. Its outputs are
     * logits: a pixel is white if its logit is above 0. */
    TRY(genlat_model_net(vae, "decoder", &decoder));
    genlat_model_destroy(&vae);
    genlat_exec_opts_init(&exec_opts);
    exec_opts.purpose = GENLAT_EXEC_INFERENCE;
    TRY(genlat_net_compile(decoder, 1, &exec_opts, &exec));
    TRY(genlat_tensor_new(ctx, 2, (int64_t[]){1, LATENT}, &z));
    TRY(genlat_rng_new(ctx, 1, 0, &rng));
    printf("ready: %ld bytes in %ld allocations, %lld of them in the exec\n", m.bytes, m.calls,
           (long long)genlat_exec_bytes(exec));

    before = m.calls;
    for (int frame = 0; frame < FRAMES; frame++) {
        TRY(genlat_rng_normal(rng, LATENT, genlat_tensor_data(z)));
        TRY(genlat_exec_forward(exec, GENLAT_MODE_EVAL, 1, &(const genlat_tensor *){z}));
        TRY(genlat_exec_output(exec, 0, &logits));
        for (int64_t i = 0; i < genlat_tensor_count(logits); i++)
            bright += genlat_tensor_const_data(logits)[i] > 0;
    }
    printf("%d frames with %.1f white pixels each, %ld allocations\n", FRAMES, bright / FRAMES, m.calls - before);
end:
    if (status != GENLAT_OK)
        fprintf(stderr, "07_inference: %s\n", genlat_last_error());
    remove(path);
    genlat_tensor_destroy(&z);
    genlat_rng_destroy(&rng);
    genlat_exec_destroy(&exec);
    genlat_net_destroy(&decoder);
    genlat_model_destroy(&vae);
    genlat_ctx_destroy(&ctx);
    return status != GENLAT_OK || m.calls != before || bright == 0;
}
