/* SPDX-License-Identifier: MIT */
/*
 * Architectures of encoder and decoder: dense layers with ReLU, gated or maxout activations, and strided convolutions.
 * The condition is concatenated to the flattened data and to the code.
 */
#include <stdio.h>

#include "vae/vae_priv.h"

enum { CONV_HIDDEN = 256 };

typedef struct architecture architecture;

typedef struct architecture_opts {
    size_t size;
    int64_t widths[GENLAT_MAX_DIMS];
} architecture_opts;

struct architecture {
    const char *name, *help;
    genlat_status (*encoder)(const architecture *a, const int64_t *widths, const gnl_vae_config *c, char *text);
    genlat_status (*decoder)(const architecture *a, const int64_t *widths, const gnl_vae_config *c, char *text);
    int sums;          /* dense units per hidden unit */
    const char *layer; /* activation */
};

static const gnl_option options[] = {
    GNL_OPT_DIMS(architecture_opts, widths, 1, 1 << 20, "units of the hidden layers, or channels of the convolutions"),
};
static const gnl_options_table table = {"architecture", sizeof(architecture_opts), options, GNL_COUNT(options)};

static int count_widths(const int64_t *widths)
{
    int count = 0;
    while (count < GENLAT_MAX_DIMS && widths[count])
        count++;
    return count;
}

static bool is_conditional(const gnl_vae_config *c)
{
    return gnl_vae_has_feed(c, GNL_VAE_ENCODER_NET, GNL_FEED_C);
}

#define APPEND(...) gnl_text_append(text, GNL_NET_LENGTH, __VA_ARGS__)

/* ---- dense layers ---------------------------------------------------------------------------- */

static void append_hidden(const architecture *a, int64_t width, char *text)
{
    APPEND("dense units=%lld | %s", (long long)(a->sums * width), a->layer);
}

static genlat_status dense_encoder(const architecture *a, const int64_t *widths, const gnl_vae_config *c, char *text)
{
    APPEND("flatten from=x name=flat");
    if (is_conditional(c))
        APPEND(" | concat from=flat,c");
    for (int i = 0; i < count_widths(widths); i++) {
        APPEND(" | ");
        append_hidden(a, widths[i], text);
    }
    return GENLAT_OK;
}

static genlat_status dense_decoder(const architecture *a, const int64_t *widths, const gnl_vae_config *c, char *text)
{
    if (is_conditional(c))
        APPEND("concat from=z,c | ");
    for (int i = count_widths(widths) - 1; i >= 0; i--) {
        append_hidden(a, widths[i], text);
        APPEND(" | ");
    }
    APPEND("dense units={out}");
    return GENLAT_OK;
}

/* ---- strided convolutions -------------------------------------------------------------------- */

/* Checks that the data are [channels,height,width] and that each stage can halve height and width. */
static genlat_status check_image(const int64_t *widths, const gnl_shape *data)
{
    int64_t factor = (int64_t)1 << count_widths(widths);
    char found[GNL_SHAPE_TEXT];
    if (data->ndim != 3 || data->dim[1] % factor || data->dim[2] % factor)
        return gnl_fail(GENLAT_E_SHAPE,
                        "architecture conv with %d widths needs data [channels,height,width] with height and width "
                        "multiples of %lld, found %s",
                        count_widths(widths), (long long)factor, gnl_shape_format(data, found));
    return GENLAT_OK;
}

static genlat_status conv_encoder(const architecture *a, const int64_t *widths, const gnl_vae_config *c, char *text)
{
    GNL_TRY(check_image(widths, &c->base.data));
    for (int i = 0; i < count_widths(widths); i++)
        APPEND("conv2d channels=%lld kernel=4 stride=2 padding=1%s | relu | ", (long long)widths[i],
               i ? "" : " from=x");
    APPEND("flatten name=flat");
    if (is_conditional(c))
        APPEND(" | concat from=flat,c");
    APPEND(" | dense units=%d | relu", CONV_HIDDEN);
    return GENLAT_OK;
}

static genlat_status conv_decoder(const architecture *a, const int64_t *widths, const gnl_vae_config *c, char *text)
{
    GNL_TRY(check_image(widths, &c->base.data));
    int stages = count_widths(widths);
    int64_t height = c->base.data.dim[1] >> stages, width = c->base.data.dim[2] >> stages;
    long long deepest = (long long)widths[stages - 1];
    if (is_conditional(c))
        APPEND("concat from=z,c | ");
    APPEND("dense units=%d | relu | dense units=%lld | relu | reshape shape=%lldx%lldx%lld", CONV_HIDDEN,
           deepest * (long long)(height * width), deepest, (long long)height, (long long)width);
    for (int i = stages - 2; i >= 0; i--)
        APPEND(" | conv_transpose2d channels=%lld kernel=4 stride=2 padding=1 | relu", (long long)widths[i]);
    APPEND(" | conv_transpose2d channels={channels} kernel=4 stride=2 padding=1");
    return GENLAT_OK;
}

/* ---- the table ------------------------------------------------------------------------------- */

/* A hidden unit combines one or more dense units: one with ReLU, two with a gated linear unit (Dauphin and others
 * 2017), or four with maxout (Goodfellow and others 2013). */
static const architecture architectures[] = {
    {"mlp", "dense layers with ReLU", dense_encoder, dense_decoder, 1, "relu"},
    {"gated", "gated dense layers", dense_encoder, dense_decoder, 2, "glu"},
    {"maxout", "dense layers with maxout of four units", dense_encoder, dense_decoder, 4, "maxout pieces=4"},
    {"conv", "strided convolutions with ReLU, for images", conv_encoder, conv_decoder, 0, ""},
};

static genlat_status parse(const char *spec, const architecture **out, architecture_opts *opts)
{
    char kind[GNL_SPEC_KIND];
    gnl_unknown names = {.word = kind};
    const char *pairs = NULL;
    GNL_TRY_IN("architecture", gnl_spec_kind(spec, kind, &pairs));
    gnl_options_init(&table, opts, sizeof *opts);
    *out = NULL;
    for (size_t i = 0; i < GNL_COUNT(architectures); i++) {
        gnl_unknown_add(&names, architectures[i].name);
        if (strcmp(architectures[i].name, kind) == 0)
            *out = &architectures[i];
    }
    if (!*out)
        return gnl_unknown_fail(&names, "unknown architecture '%s'", kind);
    GNL_TRY_IN("architecture", gnl_spec_pairs(&table, opts, pairs, kind));
    return opts->widths[0]
               ? GENLAT_OK
               : gnl_fail(GENLAT_E_INVALID, "architecture %s has no widths; add them, such as widths=512x256", kind);
}

static genlat_status check_length(const char *text)
{
    return strlen(text) < GNL_NET_LENGTH - 1
               ? GENLAT_OK
               : gnl_fail(GENLAT_E_RANGE, "the layers of the architecture are longer than %d bytes",
                          GNL_NET_LENGTH - 2);
}

genlat_status gnl_vae_architecture_encoder(const char *spec, const gnl_vae_config *config, char text[GNL_NET_LENGTH])
{
    const architecture *a = NULL;
    architecture_opts opts;
    GNL_TRY(parse(spec, &a, &opts));
    text[0] = '\0';
    GNL_TRY(a->encoder(a, opts.widths, config, text));
    return check_length(text);
}

genlat_status gnl_vae_architecture_decoder(const char *spec, const gnl_vae_config *config, char text[GNL_NET_LENGTH])
{
    const architecture *a = NULL;
    architecture_opts opts;
    GNL_TRY(parse(spec, &a, &opts));
    text[0] = '\0';
    GNL_TRY(a->decoder(a, opts.widths, config, text));
    return check_length(text);
}
