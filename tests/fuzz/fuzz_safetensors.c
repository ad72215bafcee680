/* SPDX-License-Identifier: MIT */
/* Arbitrary bytes as a safetensors file: an error, or a file all of whose tensors can be read. */
#include <stdlib.h>

#include "fuzz/driver.h"
#include "io/io.h"
#include "net/net.h"

static void read_all(const gnl_reader *reader)
{
    for (int64_t i = 0; i < gnl_reader_count(reader); i++) {
        const gnl_entry *entry = gnl_reader_entry(reader, i);
        int64_t count = gnl_shape_count(&entry->shape);
        void *out = malloc((size_t)count * sizeof(double) + 1);
        if (gnl_reader_real(reader, entry->name, NULL, out) != GENLAT_OK &&
            gnl_reader_get(reader, entry->name, entry->dtype, NULL, out) != GENLAT_OK)
            abort();
        free(out);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static genlat_ctx *ctx;
    gnl_reader *reader = NULL;
    genlat_net *net = NULL;
    if (!ctx && genlat_ctx_new(NULL, &ctx) != GENLAT_OK)
        abort();
    if (gnl_reader_open(ctx, gnl_input_memory(bytes, size, "fuzz"), &reader) != GENLAT_OK)
        return 0;
    read_all(reader);
    if (gnl_reader_format(reader) == GENLAT_OK && gnl_net_restore(ctx, reader, "", &net) == GENLAT_OK)
        gnl_net_release(net);
    gnl_reader_close(reader);
    return 0;
}
