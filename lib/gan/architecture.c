/* SPDX-License-Identifier: MIT */
/* Architectures of generator and discriminator: residual nets, dense layers, strided convolutions. */
#include <stdio.h>

#include "gan/gan_priv.h"

/* Normalization of the nets with strided convolutions: none; batch norm in both nets; or conditional batch norm in the
 * generator and spectral norm in the discriminator. */
typedef enum norms { NORM_NONE, NORM_BATCH, NORM_SPECTRAL } norms;

static const char *const norm_names[] = {"none", "batch", "spectral", NULL};

typedef struct architecture_opts {
    size_t size;
    int64_t channels, width, depth;
    uint32_t norm, reserved;
} architecture_opts;

static const gnl_option options[] = {
    GNL_OPT_INT(architecture_opts, channels, 32, 1, 65536,
                "channels at full size; doubled at each halving of the size, up to 4 times; for images and signals"),
    GNL_OPT_INT(architecture_opts, width, 256, 1, 1 << 20, "units of hidden layers"),
    GNL_OPT_INT(architecture_opts, depth, 2, 0, 100,
                "hidden layers, or residual blocks for vectors; images have one block at each size"),
    GNL_OPT_ENUM(architecture_opts, norm, NORM_NONE, NORM_SPECTRAL, norm_names,
                 "normalization of strided convolutions"),
};
static const gnl_options_table table = {"architecture", sizeof(architecture_opts), options, GNL_COUNT(options)};

/* Writes the layers of one of the two nets. */
typedef genlat_status net_fn(const architecture_opts *a, const gnl_gan_config *c, char *text);

#define APPEND(...) gnl_text_append(text, GNL_NET_LENGTH, __VA_ARGS__)

/* ---- texts ----------------------------------------------------------------------------------- */

static bool is_conditional(const gnl_gan_config *c)
{
    return gnl_gan_condition(c) > 0;
}

/* Returns whether the discriminator's first layers get the condition in addition to the data. */
static bool has_condition_input(const gnl_gan_config *c)
{
    return is_conditional(c) && c->opts.conditioning == GENLAT_GAN_CONDITIONING_CONCAT;
}

/* Returns the data with channels: [channels,length] or [channels,height,width], if they have sides. */
static gnl_shape canvas_of(const gnl_gan_config *c)
{
    return gnl_layout_canvas(&c->base.data, c->base.content);
}

static bool is_spatial(const gnl_gan_config *c)
{
    const gnl_shape canvas = canvas_of(c);
    return canvas.ndim == 2 || canvas.ndim == 3;
}

static int dimensions(const gnl_gan_config *c)
{
    return canvas_of(c).ndim - 1;
}

static void append_output(const gnl_gan_config *c, char *text)
{
    static const char *const closing[] = {"", " | sigmoid", " | tanh"};
    APPEND("%s", closing[c->opts.output]);
}

/* The downsampling of a sample: the size is halved, rounding up, while all sides are at least 8. Images with sides of 4
 * to 7 are halved once. A signal has one side. */
typedef struct pyramid {
    int stages;
    int64_t height, width;               /* after the last stage */
    int64_t excess_height, excess_width; /* of the size that the stages lead back to */
} pyramid;

enum { LEAST_SIDE = 4, HALVED_SIDE = 8 };

static pyramid downsample(const gnl_shape *data)
{
    const bool flat = data->ndim == 2;
    const int64_t height = flat ? 1 : data->dim[1], width = data->dim[data->ndim - 1];
    pyramid p = {.height = height, .width = width};
    for (;;) {
        const int64_t side = flat ? p.width : GNL_MIN(p.height, p.width);
        if (side < (p.stages ? HALVED_SIDE : LEAST_SIDE))
            break;
        p.height = (p.height + 1) / 2;
        p.width = (p.width + 1) / 2;
        p.stages++;
    }
    p.excess_height = flat ? 0 : (p.height << p.stages) - height;
    p.excess_width = (p.width << p.stages) - width;
    return p;
}

static pyramid pyramid_of(const gnl_gan_config *c)
{
    const gnl_shape canvas = canvas_of(c);
    return downsample(&canvas);
}

static bool can_downsample(const gnl_gan_config *c)
{
    return is_spatial(c) && pyramid_of(c).stages > 0;
}

static long long channels_at(const architecture_opts *a, int stage)
{
    return (long long)a->channels << GNL_MIN(stage, 2);
}

static void append_reshape(const gnl_gan_config *c, char *text, long long channels, long long height, long long width)
{
    if (dimensions(c) == 1)
        APPEND("reshape shape=%lldx%lld", channels, width);
    else
        APPEND("reshape shape=%lldx%lldx%lld", channels, height, width);
}

/* Appends the input of the discriminator: the data, with an additional channel computed from the condition if the
 * discriminator gets it. */
static void append_data(const gnl_gan_config *c, char *text)
{
    const gnl_shape canvas = canvas_of(c);
    const bool plane = canvas.ndim != c->base.data.ndim, condition = has_condition_input(c);
    long long width = (long long)canvas.dim[canvas.ndim - 1];
    long long height = dimensions(c) == 1 ? 1 : (long long)canvas.dim[1];
    if (plane) {
        append_reshape(c, text, (long long)c->opts.packing, height, width);
        APPEND(" from=x name=image%s", condition ? " | " : "");
    } else if (!condition) {
        APPEND("identity from=x");
    }
    if (!condition)
        return;
    APPEND("dense units=%lld from=c | ", height * width);
    append_reshape(c, text, 1, height, width);
    APPEND(" name=plane | concat from=%s,plane", plane ? "image" : "x");
}

/* Appends a layer that crops the excess of odd sides. */
static void append_crop(const gnl_gan_config *c, char *text)
{
    const pyramid p = pyramid_of(c);
    if (p.excess_height + p.excess_width == 0)
        return;
    if (dimensions(c) == 1)
        APPEND(" | crop after=%lld", (long long)p.excess_width);
    else
        APPEND(" | crop after=%lldx%lld", (long long)p.excess_height, (long long)p.excess_width);
}

static const char *channels_of_data(const gnl_gan_config *c)
{
    return canvas_of(c).ndim == c->base.data.ndim ? "{channels}" : "1";
}

/* Appends the last layers of a discriminator, after a node `features` if it has a condition. `keys` are settings of its
 * dense layers. The verdict of a classifier is the log of the sum of the unnormalized probabilities of the classes. */
static void append_heads(const gnl_gan_config *c, const char *keys, char *text)
{
    bool conditional_head = is_conditional(c) && !has_condition_input(c);
    long long condition = (long long)((c->base.classes + c->base.vector) * c->opts.packing);
    if (gnl_gan_is_classifier(c)) {
        APPEND(" | dense units=%lld%s name=classes | logsumexp name=verdict | output verdict,classes", condition, keys);
        return;
    }
    APPEND(" | dense units=1%s name=verdict", keys);
    if (!conditional_head)
        return;
    if (c->opts.conditioning == GENLAT_GAN_CONDITIONING_AUXILIARY)
        APPEND(" | dense units=%lld%s from=features name=classes | output verdict,classes", condition, keys);
    else
        APPEND(" | dense units=%lld%s bias=no from=features name=match | multiply from=match,c | reshape "
               "shape=1x%lld | global_avg_pool | scale factor=%lld name=matches | add from=verdict,matches",
               condition, keys, condition, condition);
}

static void append_output_layers(const gnl_gan_config *c, const char *keys, char *text)
{
    if ((is_conditional(c) && !has_condition_input(c)) || c->opts.feature_matching > 0)
        APPEND(" | identity name=features");
    append_heads(c, keys, text);
}

/* ---- dense layers ---------------------------------------------------------------------------- */

static const char *weights_of(const architecture_opts *a)
{
    return a->norm == NORM_SPECTRAL ? " weight=spectral" : "";
}

static genlat_status plain_generator(const architecture_opts *a, const gnl_gan_config *c, char *text)
{
    APPEND(is_conditional(c) ? "concat from=z,c" : "identity");
    for (int i = 0; i < a->depth; i++)
        APPEND(" | dense units=%lld | relu", (long long)a->width);
    APPEND(" | dense units={out}");
    append_output(c, text);
    return GENLAT_OK;
}

static genlat_status plain_discriminator(const architecture_opts *a, const gnl_gan_config *c, char *text)
{
    APPEND("flatten from=x name=flat%s", has_condition_input(c) ? " | concat from=flat,c" : "");
    for (int i = 0; i < a->depth; i++)
        APPEND(" | dense units=%lld%s | leaky_relu slope=0.2", (long long)a->width, weights_of(a));
    append_output_layers(c, weights_of(a), text);
    return GENLAT_OK;
}

/* ---- dense layers with noise -----------------------------------------------------------------
 * The nets of Salimans and others, Improved techniques for training GANs, 2016, for MNIST. */

static genlat_status noisy_generator(const architecture_opts *a, const gnl_gan_config *c, char *text)
{
    APPEND(is_conditional(c) ? "concat from=z,c" : "identity");
    for (int i = 0; i < a->depth; i++)
        APPEND(" | dense units=%lld bias=no init=glorot_uniform | batch_norm | softplus", (long long)a->width);
    APPEND(" | dense units={out} init=glorot_uniform weight=norm");
    append_output(c, text);
    return GENLAT_OK;
}

/* The hidden layers are 2, 1 and then 1/2 times as wide as those of the generator. The node `features` is the last
 * hidden layer, before noise is added. */
static genlat_status noisy_discriminator(const architecture_opts *a, const gnl_gan_config *c, char *text)
{
    static const char keys[] = " init=normal gain=0.1 weight=norm";
    enum { HIDDEN = 5 };
    APPEND("flatten from=x name=flat%s | gaussian_noise sd=0.3", has_condition_input(c) ? " | concat from=flat,c" : "");
    for (int i = 0; i < HIDDEN; i++) {
        const long long width = (long long)GNL_MAX(1, 2 * a->width >> GNL_MIN(i, 2));
        APPEND(" | dense units=%lld init=normal gain=0.1 weight=fixed_norm | relu%s | gaussian_noise sd=0.5", width,
               i == HIDDEN - 1 ? " name=features" : "");
    }
    append_heads(c, keys, text);
    return GENLAT_OK;
}

/* ---- strided convolutions -------------------------------------------------------------------- */

static genlat_status check_spatial(const architecture_opts *a, const gnl_gan_config *c)
{
    char found[GNL_SHAPE_TEXT];
    if (can_downsample(c))
        return GENLAT_OK;
    return gnl_fail(GENLAT_E_SHAPE,
                    "strided convolutions need data [channels,length], [height,width] or [channels,height,width] with "
                    "sides of at least %d, found %s; use preset r3 or mlp",
                    LEAST_SIDE, gnl_shape_format(&c->base.data, found));
}

/* Appends the normalization of a layer. Conditional batch norm has two inputs, so that the layer before it gets a
 * name. */
static void append_norm(const architecture_opts *a, const gnl_gan_config *c, char *text, int stage)
{
    if (a->norm == NORM_SPECTRAL && is_conditional(c))
        APPEND(" name=h%d | cond_batch_norm from=h%d,c | relu", stage, stage);
    else
        APPEND(" | batch_norm | relu");
}

static genlat_status conv_generator(const architecture_opts *a, const gnl_gan_config *c, char *text)
{
    GNL_TRY(check_spatial(a, c));
    const pyramid p = pyramid_of(c);
    long long deepest = channels_at(a, p.stages), h = (long long)p.height, w = (long long)p.width;
    bool joined = is_conditional(c) && a->norm != NORM_SPECTRAL;
    APPEND("%s | dense units=%lld bias=no init=normal gain=0.02 | ", joined ? "concat from=z,c" : "identity from=z",
           deepest * h * w);
    append_reshape(c, text, deepest, h, w);
    append_norm(a, c, text, p.stages);
    for (int i = p.stages - 1; i >= 0; i--) {
        APPEND(" | conv_transpose%dd kernel=4 stride=2 padding=1 init=normal gain=0.02", dimensions(c));
        if (i > 0) {
            APPEND(" channels=%lld bias=no", channels_at(a, i));
            append_norm(a, c, text, i);
        } else {
            APPEND(" channels=%s", channels_of_data(c));
        }
    }
    append_crop(c, text);
    append_output(c, text);
    return GENLAT_OK;
}

static genlat_status conv_discriminator(const architecture_opts *a, const gnl_gan_config *c, char *text)
{
    GNL_TRY(check_spatial(a, c));
    const pyramid p = pyramid_of(c);
    char keys[64];
    snprintf(keys, sizeof keys, " init=normal gain=0.02%s", weights_of(a));
    append_data(c, text);
    for (int i = 1; i <= p.stages; i++)
        APPEND(" | conv%dd channels=%lld kernel=4 stride=2 padding=1%s%s | leaky_relu slope=0.2", dimensions(c),
               channels_at(a, i), keys, a->norm == NORM_BATCH && i > 1 ? " bias=no | batch_norm" : "");
    APPEND(" | flatten");
    append_output_layers(c, keys, text);
    return GENLAT_OK;
}

/* Uses convolutions if the data can be downsampled, otherwise dense layers. */
static genlat_status any_generator(const architecture_opts *a, const gnl_gan_config *c, char *text)
{
    return (can_downsample(c) ? conv_generator : plain_generator)(a, c, text);
}

static genlat_status any_discriminator(const architecture_opts *a, const gnl_gan_config *c, char *text)
{
    return (can_downsample(c) ? conv_discriminator : plain_discriminator)(a, c, text);
}

/* ---- residual blocks -------------------------------------------------------------------------
 * A block is initialized as the identity, because the weights of its last layer are 0. */

enum { GROUP = 8 }; /* channels per group of the 3x3 convolutions */

static void append_conv_block(const gnl_gan_config *c, char *text, long long channels, int stage)
{
    int d = dimensions(c);
    long long inner = 2 * channels;
    APPEND(" | identity name=s%d | conv%dd channels=%lld kernel=1 init=he_normal | leaky_relu slope=0.2 | "
           "conv%dd "
           "channels=%lld kernel=3 padding=1 groups=%lld init=he_normal | leaky_relu slope=0.2 | conv%dd "
           "channels=%lld kernel=1 bias=no init=constant gain=0 name=b%d | add from=s%d,b%d",
           stage, d, inner, d, inner, inner / GROUP, d, channels, stage, stage, stage);
}

static void append_conv(const gnl_gan_config *c, char *text, long long channels, const char *keys)
{
    APPEND(" | conv%dd channels=%lld kernel=1%s init=glorot_normal", dimensions(c), channels, keys);
}

static void append_dense_blocks(const architecture_opts *a, char *text)
{
    long long width = (long long)a->width;
    for (int i = 0; i < a->depth; i++)
        APPEND(" | identity name=s%d | dense units=%lld init=he_normal | leaky_relu slope=0.2 | dense "
               "units=%lld init=he_normal | "
               "leaky_relu slope=0.2 | dense units=%lld bias=no init=constant gain=0 name=b%d | add "
               "from=s%d,b%d",
               i, width, width, width, i, i, i);
}

static void residual_conv_generator(const architecture_opts *a, const gnl_gan_config *c, char *text)
{
    const pyramid p = pyramid_of(c);
    long long deepest = channels_at(a, p.stages), h = (long long)p.height, w = (long long)p.width;
    APPEND("dense units=%lld init=glorot_normal | ", deepest * h * w);
    append_reshape(c, text, deepest, h, w);
    append_conv_block(c, text, deepest, p.stages);
    for (int i = p.stages - 1; i >= 0; i--) {
        long long channels = channels_at(a, i);
        if (channels != channels_at(a, i + 1))
            append_conv(c, text, channels, " bias=no");
        APPEND(" | upsample scale=2 mode=bilinear");
        append_conv_block(c, text, channels, i);
    }
    append_crop(c, text);
    APPEND(" | conv%dd channels=%s kernel=1 init=glorot_normal", dimensions(c), channels_of_data(c));
}

static genlat_status residual_generator(const architecture_opts *a, const gnl_gan_config *c, char *text)
{
    APPEND(is_conditional(c) ? "concat from=z,c | " : "");
    if (is_spatial(c)) {
        residual_conv_generator(a, c, text);
    } else {
        APPEND("dense units=%lld init=glorot_normal", (long long)a->width);
        append_dense_blocks(a, text);
        APPEND(" | dense units={out} init=glorot_normal");
    }
    append_output(c, text);
    return GENLAT_OK;
}

/* Halves both sides by the mean of neighbours. Odd sides repeat their last line. */
static void append_halving(const gnl_gan_config *c, char *text, int64_t side[2])
{
    if (dimensions(c) == 1 && side[1] % 2)
        APPEND(" | pad after=1 mode=replicate");
    if (dimensions(c) == 2 && (side[0] % 2 || side[1] % 2))
        APPEND(" | pad after=%dx%d mode=replicate", (int)(side[0] % 2), (int)(side[1] % 2));
    APPEND(" | avg_pool kernel=2");
    for (int i = 0; i < 2; i++)
        side[i] = (side[i] + 1) / 2;
}

static void residual_conv_discriminator(const architecture_opts *a, const gnl_gan_config *c, char *text)
{
    const pyramid p = pyramid_of(c);
    const gnl_shape canvas = canvas_of(c);
    int64_t side[2] = {canvas.dim[canvas.ndim - 2], canvas.dim[canvas.ndim - 1]};
    append_data(c, text);
    append_conv(c, text, channels_at(a, 0), "");
    for (int i = 0; i <= p.stages; i++) {
        append_conv_block(c, text, channels_at(a, i), i);
        if (i < p.stages)
            append_halving(c, text, side);
        if (i < p.stages && channels_at(a, i) != channels_at(a, i + 1))
            append_conv(c, text, channels_at(a, i + 1), " bias=no");
    }
    APPEND(" | flatten");
}

static genlat_status residual_discriminator(const architecture_opts *a, const gnl_gan_config *c, char *text)
{
    if (is_spatial(c)) {
        residual_conv_discriminator(a, c, text);
    } else {
        APPEND("flatten from=x name=flat%s | dense units=%lld init=glorot_normal",
               has_condition_input(c) ? " | concat from=flat,c" : "", (long long)a->width);
        append_dense_blocks(a, text);
    }
    append_output_layers(c, " init=glorot_normal", text);
    return GENLAT_OK;
}

/* ---- the table ------------------------------------------------------------------------------- */

static const struct {
    const char *name, *help;
    net_fn *generator, *discriminator;
} architectures[] = {
    {"residual", "residual blocks without normalization, for any data", residual_generator, residual_discriminator},
    {"mlp", "dense hidden layers, for any data", plain_generator, plain_discriminator},
    {"noisy", "dense hidden layers, with noise and weight norm in the discriminator, for any data", noisy_generator,
     noisy_discriminator},
    {"conv", "strided convolutions, for signals and images", conv_generator, conv_discriminator},
    {"any", "strided convolutions for signals and images, dense layers for other data", any_generator,
     any_discriminator},
};

static genlat_status write_net(const gnl_gan_config *c, int net, char text[GNL_NET_LENGTH])
{
    char kind[GNL_SPEC_KIND];
    gnl_unknown names = {.word = kind};
    const char *pairs = NULL;
    architecture_opts opts;
    net_fn *write = NULL;
    GNL_TRY_IN("architecture", gnl_spec_kind(c->architecture, kind, &pairs));
    for (size_t i = 0; i < GNL_COUNT(architectures); i++) {
        gnl_unknown_add(&names, architectures[i].name);
        if (strcmp(architectures[i].name, kind) == 0)
            write = net == GNL_GENERATOR ? architectures[i].generator : architectures[i].discriminator;
    }
    if (!write)
        return gnl_unknown_fail(&names, "unknown architecture '%s'", kind);
    gnl_options_init(&table, &opts, sizeof opts);
    GNL_TRY_IN("architecture", gnl_spec_pairs(&table, &opts, pairs, kind));
    text[0] = '\0';
    GNL_TRY(write(&opts, c, text));
    return strlen(text) < GNL_NET_LENGTH - 1
               ? GENLAT_OK
               : gnl_fail(GENLAT_E_RANGE, "the layers of the architecture are longer than %d bytes",
                          GNL_NET_LENGTH - 2);
}

genlat_status gnl_gan_architecture_generator(const gnl_gan_config *config, char text[GNL_NET_LENGTH])
{
    return write_net(config, GNL_GENERATOR, text);
}

genlat_status gnl_gan_architecture_discriminator(const gnl_gan_config *config, char text[GNL_NET_LENGTH])
{
    return write_net(config, GNL_DISCRIMINATOR, text);
}
