/* SPDX-License-Identifier: MIT */
/* Arbitrary text as the specification of a source: an error, or synthetic samples. */
#include <stdlib.h>
#include <string.h>

#include "files_priv.h"
#include "fuzz/driver.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static genlat_ctx *ctx;
    gnl_spec spec;
    genlat_source *source = NULL;
    char text[512];
    if (!ctx && genlat_ctx_new(NULL, &ctx) != GENLAT_OK)
        abort();
    size_t length = GNL_FILES_MIN(size, sizeof text - 1);
    memcpy(text, bytes, length);
    text[length] = '\0';
    if (gnl_spec_parse(text, &spec) != GENLAT_OK)
        return 0;
    /* Opens no files. Fits nothing, since that would read all of a large synthetic source. */
    if (spec.path[0] || spec.transform.scale != GENLAT_SCALE_NONE)
        return 0;
    if (genlat_files_open(ctx, text, &source) == GENLAT_OK && genlat_source_count(source) < 1)
        abort();
    genlat_source_destroy(&source);
    return 0;
}
