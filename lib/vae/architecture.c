/* SPDX-License-Identifier: MIT */
/*
 * Architectures of encoder and decoder: dense layers with ReLU, gated or maxout activations, strided convolutions with
 * a vector or a map as latents, and long short-term memories. The condition is concatenated to the flattened data and
 * to the code, or is a channel of the latent map.
 */
#include <stdio.h>

#include "vae/vae_priv.h"

enum { CONV_HIDDEN = 256 };

typedef struct architecture architecture;

typedef struct architecture_opts {
    size_t size;
    int64_t widths[GENLAT_MAX_DIMS];
    int64_t channels, layers;
} architecture_opts;

struct architecture {
    const char *name, *help;
    const gnl_options_table *options;
    genlat_status (*encoder)(const architecture *a, const int64_t *widths, const gnl_vae_config *c, char *text);
    genlat_status (*decoder)(const architecture *a, const int64_t *widths, const gnl_vae_config *c, char *text);
    /* Finds the shape of the latents [channels,sides...]. NULL: they are a vector. */
    genlat_status (*map)(const architecture_opts *opts, const gnl_config *config, gnl_shape *out);
    int sums;          /* dense units per hidden unit */
    const char *layer; /* activation */
    const char *init;  /* option of dense layers; NULL: their default */
    /* Appends the heads of the posterior. NULL: one layer for each head, after the encoder's last layer. */
    genlat_status (*heads)(const int64_t *widths, const gnl_latents *latents, char *text);
    /* Appends to the decoder what predicts the data from its features, which have widths[0] channels. NULL: none. */
    genlat_status (*head)(const architecture_opts *opts, const gnl_vae_config *c, char *text);
};

/* All architectures have widths. */
#define WIDTHS                                                                                                         \
    GNL_OPT_DIMS(architecture_opts, widths, 1, 1 << 20, "units of the hidden layers, or channels of the convolutions")
static const gnl_option options[] = {
    WIDTHS,
    GNL_OPT_INT(architecture_opts, channels, 16, 1, 65536, "latent dimensions at each position"),
};
static const gnl_option pixel_options[] = {
    WIDTHS,
    GNL_OPT_INT(architecture_opts, layers, 3, 1, 16, "gated layers of masked convolutions"),
    GNL_OPT_INT(architecture_opts, channels, 32, 1, 65536, "channels of the gated layers"),
};
static const gnl_options_table vector_table = {"architecture", sizeof(architecture_opts), options, 1};
static const gnl_options_table map_table = {"architecture", sizeof(architecture_opts), options, GNL_COUNT(options)};
static const gnl_options_table pixel_table = {"architecture", sizeof(architecture_opts), pixel_options,
                                              GNL_COUNT(pixel_options)};

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

/* Whether the encoder sees which elements are observed. The mask then follows the data along the first axis. */
static bool has_mask(const gnl_vae_config *c)
{
    return gnl_vae_has_feed(c, GNL_VAE_ENCODER_NET, GNL_FEED_MASK);
}

#define APPEND(...) gnl_text_append(text, GNL_NET_LENGTH, __VA_ARGS__)

/* ---- dense layers ---------------------------------------------------------------------------- */

static void append_hidden(const architecture *a, int64_t width, char *text)
{
    APPEND("dense units=%lld%s | %s", (long long)(a->sums * width), a->init ? a->init : "", a->layer);
}

/* Appends the selection of the latents that the decoder reads. Returns their node. */
static const char *append_latents(const gnl_vae_config *c, char *text)
{
    if (c->decoded == c->opts.latent)
        return "z";
    APPEND("slice length=%lld from=z name=group | ", (long long)c->decoded);
    return "group";
}

static genlat_status dense_encoder(const architecture *a, const int64_t *widths, const gnl_vae_config *c, char *text)
{
    APPEND(has_mask(c) ? "concat from=x,mask | flatten name=flat" : "flatten from=x name=flat");
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
    const char *z = append_latents(c, text);
    if (is_conditional(c))
        APPEND("concat from=%s,c | ", z);
    for (int i = count_widths(widths) - 1; i >= 0; i--) {
        append_hidden(a, widths[i], text);
        APPEND(" | ");
    }
    APPEND("dense units={out}%s", a->init ? a->init : "");
    return GENLAT_OK;
}

/* ---- groups of latents -------------------------------------------------------------------------
 * A level has two dense layers, and gives the parameters of one group of latents. */

static genlat_status ladder_encoder(const architecture *a, const int64_t *widths, const gnl_vae_config *c, char *text)
{
    APPEND("flatten from=x name=flat");
    if (is_conditional(c))
        APPEND(" | concat from=flat,c");
    for (int i = 0; i < count_widths(widths); i++) {
        for (int k = 0; k < 2; k++) {
            APPEND(" | ");
            append_hidden(a, widths[i], text);
        }
        APPEND(" name=level%d", i);
    }
    return GENLAT_OK;
}

static genlat_status ladder_decoder(const architecture *a, const int64_t *widths, const gnl_vae_config *c, char *text)
{
    const int64_t level[GENLAT_MAX_DIMS] = {widths[0], widths[0]};
    return dense_decoder(a, level, c, text);
}

static genlat_status check_levels(const int64_t *widths, const gnl_latents *l)
{
    const gnl_posterior *q = l->posterior;
    bool fits = l->groups > 1 && count_widths(widths) == l->groups;
    for (int h = 0; h < q->heads; h++)
        fits = fits && q->head[h].width == l->dims;
    return fits ? GENLAT_OK
                : gnl_fail(GENLAT_E_INVALID,
                           "architecture ladder with %d widths needs posterior=ladder or posterior=residual with as "
                           "many groups, found posterior %s with %d",
                           count_widths(widths), q->kind.type->name, l->groups);
}

static genlat_status ladder_heads(const int64_t *widths, const gnl_latents *l, char *text)
{
    char outputs[160] = "";
    GNL_TRY(check_levels(widths, l));
    for (int h = 0; h < l->posterior->heads; h++) {
        const gnl_head *head = &l->posterior->head[h];
        char parts[160] = "";
        for (int g = 0; g < l->groups; g++) {
            APPEND(" | dense units=%lld from=level%d name=%s%d", (long long)(l->group[g + 1] - l->group[g]), g,
                   head->name, g);
            gnl_text_append(parts, sizeof parts, "%s%s%d", g ? "," : "", head->name, g);
        }
        APPEND(" | concat from=%s name=%s%s", parts, head->name, head->clamp > 0 ? "_raw" : "");
        if (head->clamp > 0)
            APPEND(" | hardtanh bound=%g name=%s", head->clamp, head->name);
        gnl_text_append(outputs, sizeof outputs, "%s%s", h ? "," : "", head->name);
    }
    APPEND(" | output %s", outputs);
    return GENLAT_OK;
}

/* ---- strided convolutions --------------------------------------------------------------------
 * A stage halves the sides, rounding down in the encoder and up in the decoder, whose output is cropped. */

/* The data as channels with one or two sides, and the sides after the last stage of the decoder's inverse. */
typedef struct canvas {
    gnl_shape shape;               /* [channels,length] or [channels,height,width] */
    int dims;                      /* sides */
    int64_t deepest[2], excess[2]; /* of each side; excess: to be cropped */
} canvas;

static genlat_status find_canvas(const int64_t *widths, const gnl_config *config, canvas *out)
{
    const gnl_shape *data = &config->data;
    const int stages = count_widths(widths);
    const int64_t factor = (int64_t)1 << stages;
    char found[GNL_SHAPE_TEXT];
    *out = (canvas){.shape = gnl_layout_canvas(data, config->content)};
    out->dims = out->shape.ndim - 1;
    bool fits = out->dims == 1 || out->dims == 2;
    for (int i = 0; fits && i < out->dims; i++) {
        const int64_t side = out->shape.dim[i + 1];
        out->deepest[i] = (side + factor - 1) / factor;
        out->excess[i] = out->deepest[i] * factor - side;
        fits = side >= factor;
    }
    if (!fits)
        return gnl_fail(GENLAT_E_SHAPE,
                        "convolutions with %d widths need data [channels,height,width], [height,width] or "
                        "[channels,length] with sides of at least %lld, found %s; use fewer widths, or preset mlp",
                        stages, (long long)factor, gnl_shape_format(data, found));
    return GENLAT_OK;
}

static gnl_shape deepest_of(const canvas *v, int64_t channels)
{
    return (gnl_shape){v->dims + 1, {channels, v->deepest[0], v->dims > 1 ? v->deepest[1] : 0}};
}

/* Returns the number of channels of the outputs, as text. */
static const char *outputs_of(const canvas *v, const gnl_vae_config *c)
{
    return v->shape.ndim == c->base.data.ndim ? "{channels}" : "{parts}";
}

/* Reshapes the data to a canvas, pads its ends by `padding`, and appends the strided convolutions. */
static void append_down(const canvas *v, const int64_t *widths, const gnl_vae_config *c, const int64_t padding[2],
                        char *text)
{
    char shape[GNL_SHAPE_TEXT];
    const char *from = " from=x";
    gnl_shape in = v->shape;
    if (has_mask(c)) {
        APPEND("concat from=x,mask | ");
        in.dim[0] *= 2;
        from = "";
    }
    if (v->shape.ndim != c->base.data.ndim) {
        APPEND("reshape shape=%s%s | ", gnl_sizes_format(&in, shape), from);
        from = "";
    }
    if (padding[0] + padding[1]) {
        if (v->dims == 1)
            APPEND("pad after=%lld%s | ", (long long)padding[0], from);
        else
            APPEND("pad after=%lldx%lld%s | ", (long long)padding[0], (long long)padding[1], from);
        from = "";
    }
    for (int i = 0; i < count_widths(widths); i++)
        APPEND("conv%dd channels=%lld kernel=4 stride=2 padding=1%s | relu | ", v->dims, (long long)widths[i],
               i ? "" : from);
}

/* Appends the transposed convolutions from the deepest canvas to the data, or to the features of the head. */
static void append_up(const architecture *a, const canvas *v, const int64_t *widths, const gnl_vae_config *c,
                      char *text)
{
    for (int i = count_widths(widths) - 2; i >= 0; i--)
        APPEND(" | conv_transpose%dd channels=%lld kernel=4 stride=2 padding=1 | relu", v->dims, (long long)widths[i]);
    APPEND(" | conv_transpose%dd kernel=4 stride=2 padding=1", v->dims);
    if (a->head)
        APPEND(" channels=%lld", (long long)widths[0]);
    else
        APPEND(" channels=%s", outputs_of(v, c));
    if (v->dims == 1 && v->excess[0])
        APPEND(" | crop after=%lld", (long long)v->excess[0]);
    if (v->dims == 2 && v->excess[0] + v->excess[1])
        APPEND(" | crop after=%lldx%lld", (long long)v->excess[0], (long long)v->excess[1]);
}

static genlat_status conv_encoder(const architecture *a, const int64_t *widths, const gnl_vae_config *c, char *text)
{
    canvas v;
    GNL_TRY(find_canvas(widths, &c->base, &v));
    append_down(&v, widths, c, (const int64_t[2]){0, 0}, text);
    APPEND("flatten name=flat");
    if (is_conditional(c))
        APPEND(" | concat from=flat,c");
    APPEND(" | dense units=%d | relu", CONV_HIDDEN);
    return GENLAT_OK;
}

static genlat_status conv_decoder(const architecture *a, const int64_t *widths, const gnl_vae_config *c, char *text)
{
    canvas v;
    char shape[GNL_SHAPE_TEXT];
    GNL_TRY(find_canvas(widths, &c->base, &v));
    const gnl_shape deepest = deepest_of(&v, widths[count_widths(widths) - 1]);
    if (is_conditional(c))
        APPEND("concat from=z,c | ");
    APPEND("dense units=%d%s | relu | dense units=%lld | relu | reshape shape=%s", CONV_HIDDEN,
           a->head && !is_conditional(c) ? " from=z" : "", (long long)gnl_shape_count(&deepest),
           gnl_sizes_format(&deepest, shape));
    append_up(a, &v, widths, c, text);
    return GENLAT_OK;
}

/* ---- a latent map ----------------------------------------------------------------------------
 * The latents are the channels of the deepest canvas. */

static genlat_status find_map(const architecture_opts *opts, const gnl_config *config, gnl_shape *out)
{
    canvas v;
    GNL_TRY(find_canvas(opts->widths, config, &v));
    *out = deepest_of(&v, opts->channels);
    return GENLAT_OK;
}

/* Appends the condition as a channel beside the node `map`. */
static void append_condition(const canvas *v, char *text)
{
    char shape[GNL_SHAPE_TEXT];
    const gnl_shape channel = deepest_of(v, 1);
    APPEND(" name=map | dense units=%lld from=c | reshape shape=%s name=condition | concat from=map,condition",
           (long long)gnl_shape_count(&channel), gnl_sizes_format(&channel, shape));
}

static genlat_status map_encoder(const architecture *a, const int64_t *widths, const gnl_vae_config *c, char *text)
{
    canvas v;
    GNL_TRY(find_canvas(widths, &c->base, &v));
    append_down(&v, widths, c, v.excess, text);
    APPEND("identity");
    if (is_conditional(c))
        append_condition(&v, text);
    APPEND(" | conv%dd channels=%lld kernel=3 padding=1 | relu", v.dims, (long long)widths[count_widths(widths) - 1]);
    return GENLAT_OK;
}

static genlat_status map_decoder(const architecture *a, const int64_t *widths, const gnl_vae_config *c, char *text)
{
    canvas v;
    char shape[GNL_SHAPE_TEXT];
    GNL_TRY(find_canvas(widths, &c->base, &v));
    int64_t positions = v.deepest[0] * (v.dims > 1 ? v.deepest[1] : 1);
    const gnl_shape map = deepest_of(&v, c->opts.latent / positions);
    APPEND("reshape shape=%s from=z", gnl_sizes_format(&map, shape));
    if (is_conditional(c))
        append_condition(&v, text);
    APPEND(" | conv%dd channels=%lld kernel=3 padding=1 | relu", v.dims, (long long)widths[count_widths(widths) - 1]);
    append_up(a, &v, widths, c, text);
    return GENLAT_OK;
}

/* ---- pixels ----------------------------------------------------------------------------------
 * Gated layers of masked convolutions (van den Oord and others, Conditional image generation with PixelCNN decoders,
 * 2016). In each layer, `rows` sees the rows above a pixel, and `pixels` also the pixels on its left. */

enum { FIRST_KERNEL = 7, KERNEL = 3 };

/* Appends a gated layer with the inputs `rows` and `pixels`. Its outputs are rows<index> and pixels<index>. */
static void append_gated(int64_t index, int64_t channels, int kernel, const char *mask, const char *rows,
                         const char *pixels, char *text)
{
    const long long i = (long long)index, gated = 2 * (long long)channels;
    APPEND(" | masked_conv2d channels=%lld kernel=%d mask=%s order=rows from=%s | glu name=rows%lld", gated, kernel,
           mask, rows, i);
    APPEND(" | concat from=rows%lld,features | conv2d channels=%lld kernel=1 name=above%lld", i, gated, i);
    APPEND(" | masked_conv2d channels=%lld kernel=1x%d mask=%s from=%s name=left%lld", gated, kernel, mask, pixels, i);
    APPEND(" | add from=above%lld,left%lld | glu", i, i);
}

static genlat_status pixel_head(const architecture_opts *o, const gnl_vae_config *c, char *text)
{
    canvas v;
    char shape[GNL_SHAPE_TEXT], rows[32], pixels[32];
    GNL_TRY(find_canvas(o->widths, &c->base, &v));
    if (v.dims != 2 || strcmp(c->decoder_inputs, "x") != 0)
        return gnl_fail(GENLAT_E_INVALID,
                        "architecture pixel needs images and decoder_inputs=x, found data %s and decoder_inputs='%s'",
                        gnl_shape_format(&c->base.data, shape), c->decoder_inputs);
    APPEND(" | relu name=features | reshape shape=%s from=x name=seen", gnl_sizes_format(&v.shape, shape));
    append_gated(0, o->channels, FIRST_KERNEL, "before", "seen", "seen", text);
    APPEND(" name=pixels0");
    for (int64_t i = 1; i <= o->layers; i++) {
        snprintf(rows, sizeof rows, "rows%lld", (long long)i - 1);
        snprintf(pixels, sizeof pixels, "pixels%lld", (long long)i - 1);
        append_gated(i, o->channels, KERNEL, "through", rows, pixels, text);
        APPEND(" | conv2d channels=%lld kernel=1 name=change%lld | add from=%s,change%lld name=pixels%lld",
               (long long)o->channels, (long long)i, pixels, (long long)i, (long long)i);
    }
    APPEND(" | relu | conv2d channels=%lld kernel=1 | relu | conv2d channels=%s kernel=1", (long long)o->channels,
           outputs_of(&v, c));
    return GENLAT_OK;
}

/* ---- sequences -------------------------------------------------------------------------------
 * The elements of a sample are classes, such as bytes, which the likelihood predicts one after the other. */

enum { EMBEDDED = 32 };

static genlat_status check_sequence(const int64_t *widths, const gnl_shape *data)
{
    char found[GNL_SHAPE_TEXT];
    if (data->ndim == 1 && count_widths(widths) == 1)
        return GENLAT_OK;
    return gnl_fail(GENLAT_E_SHAPE,
                    "architecture lstm needs one width and data [length], found %d widths and %s; use preset mlp",
                    count_widths(widths), gnl_shape_format(data, found));
}

static genlat_status lstm_encoder(const architecture *a, const int64_t *widths, const gnl_vae_config *c, char *text)
{
    GNL_TRY(check_sequence(widths, &c->base.data));
    if (has_mask(c))
        return gnl_fail(GENLAT_E_UNSUPPORTED, "architecture lstm has no input for missing=condition; use missing=fill");
    APPEND("embedding classes={parts} units=%d from=x | lstm units=%lld out=last name=last%s", EMBEDDED,
           (long long)widths[0], is_conditional(c) ? " | concat from=last,c" : "");
    return GENLAT_OK;
}

static genlat_status lstm_decoder(const architecture *a, const int64_t *widths, const gnl_vae_config *c, char *text)
{
    const bool previous = gnl_vae_has_feed(c, GNL_VAE_DECODER_NET, GNL_FEED_PREVIOUS);
    GNL_TRY(check_sequence(widths, &c->base.data));
    if (is_conditional(c))
        APPEND("concat from=z,c | ");
    APPEND("dense units=%lld%s | tanh | repeat times=%lld name=code", (long long)widths[0],
           is_conditional(c) ? "" : " from=z", (long long)c->base.data.dim[0]);
    if (previous)
        APPEND(" | embedding classes={parts} units=%d from=previous name=before | concat axis=-1 from=code,before",
               EMBEDDED);
    APPEND(" | lstm units=%lld | dense units={parts}", (long long)widths[0]);
    return GENLAT_OK;
}

/* ---- the table ------------------------------------------------------------------------------- */

/* A hidden unit combines one or more dense units: one with ReLU, two with a gated linear unit (Dauphin and others
 * 2017), or four with maxout (Goodfellow and others 2013). */
static const architecture architectures[] = {
    {"mlp", "dense layers with ReLU", &vector_table, dense_encoder, dense_decoder, NULL, 1, "relu"},
    {"gated", "gated dense layers", &vector_table, dense_encoder, dense_decoder, NULL, 2, "glu"},
    {"maxout", "dense layers with maxout of four units", &vector_table, dense_encoder, dense_decoder, NULL, 4,
     "maxout pieces=4"},
    {"conv", "strided convolutions with ReLU, for images and signals", &vector_table, conv_encoder, conv_decoder, NULL,
     0, ""},
    {"map", "strided convolutions to a map of latents, for images and signals", &map_table, map_encoder, map_decoder,
     find_map, 0, ""},
    {"pixel", "strided convolutions, and gated masked convolutions that predict pixel after pixel, for images",
     &pixel_table, conv_encoder, conv_decoder, NULL, 0, "", .head = pixel_head},
    {"lstm", "embedded classes and a long short-term memory, for sequences such as text", &vector_table, lstm_encoder,
     lstm_decoder, NULL, 0, ""},
    {"tanh", "dense layers with tanh", &vector_table, dense_encoder, dense_decoder, NULL, 1, "tanh",
     .init = " init=glorot_uniform"},
    {"ladder", "levels of two dense layers with leaky ReLU, one level for each group of latents", &vector_table,
     ladder_encoder, ladder_decoder, NULL, 1, "leaky_relu slope=0.1", .heads = ladder_heads},
};

static genlat_status parse(const char *spec, const architecture **out, architecture_opts *opts)
{
    char kind[GNL_SPEC_KIND];
    gnl_unknown names = {.word = kind};
    const char *pairs = NULL;
    GNL_TRY_IN("architecture", gnl_spec_kind(spec, kind, &pairs));
    *out = NULL;
    for (size_t i = 0; i < GNL_COUNT(architectures); i++) {
        gnl_unknown_add(&names, architectures[i].name);
        if (strcmp(architectures[i].name, kind) == 0)
            *out = &architectures[i];
    }
    if (!*out)
        return gnl_unknown_fail(&names, "unknown architecture '%s'", kind);
    gnl_options_init((*out)->options, opts, sizeof *opts);
    GNL_TRY_IN("architecture", gnl_spec_pairs((*out)->options, opts, pairs, kind));
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
    if (a->head)
        GNL_TRY(a->head(&opts, config, text));
    return check_length(text);
}

genlat_status gnl_vae_architecture_heads(const char *spec, const gnl_latents *latents, char text[GNL_NET_LENGTH],
                                         bool *written)
{
    const architecture *a = NULL;
    architecture_opts opts;
    GNL_TRY(parse(spec, &a, &opts));
    *written = a->heads != NULL;
    if (!a->heads)
        return GENLAT_OK;
    GNL_TRY(a->heads(opts.widths, latents, text));
    return check_length(text);
}

genlat_status gnl_vae_architecture_map(const char *spec, const gnl_config *config, gnl_shape *out)
{
    const architecture *a = NULL;
    architecture_opts opts;
    *out = (gnl_shape){.ndim = 0};
    GNL_TRY(parse(spec, &a, &opts));
    return a->map ? a->map(&opts, config, out) : GENLAT_OK;
}
