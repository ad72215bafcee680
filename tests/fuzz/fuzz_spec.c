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
    (void)!gnl_spec_parse(text, length, &spec);
    /* Opens no files, which have a colon after the kind. Fits no scale to a large synthetic source and holds nothing
     * out of it, since that takes time and memory. */
    if (strchr(text, ':') || strstr(text, "scale") || (spec.holdout > 0 && spec.n > 100000))
        return 0;
    if (genlat_files_open(ctx, text, &source) == GENLAT_OK && genlat_source_count(source) < 1)
        abort();
    genlat_source_destroy(&source);
    return 0;
}
