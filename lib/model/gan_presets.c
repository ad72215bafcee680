/* SPDX-License-Identifier: MIT */
/* Presets of the GAN, one entry each, and the families of nets that they are made of. */
#include <stdio.h>

#include "model/gan_priv.h"

/* What keeps the nets of strided convolutions in bounds: nothing; batch norm in both; or batch norm in the generator, which
 * takes the condition there, and spectral norm in the discriminator. */
typedef enum norms { NORM_NONE, NORM_BATCH, NORM_SPECTRAL } norms;

/* Writes one of the two nets for the data of the recipe. */
typedef genlat_status family_fn(const gnl_gan_preset *preset, const gnl_gan_recipe *recipe, char *text);

struct gnl_gan_preset {
    const char *name, *help;
    family_fn *generator, *discriminator;
    int64_t image_width;  /* channels at full size; doubled with each halving, up to fourfold */
    int64_t vector_width; /* units of hidden layers */
    int depth;            /* hidden layers, or residual blocks of vectors; images have one at each size */
    norms norm;
    const char *options; /* that differ from the defaults */
    const char *optimizer_g, *optimizer_d, *lr_schedule, *penalty_schedule;
    int64_t epochs, batch;
};

static family_fn residual_generator, residual_critic, any_generator, any_critic, conv_generator, conv_critic,
    plain_generator, plain_critic;

static const gnl_gan_preset presets[] = {
    {"r3", "residual nets without normalization, relativistic pairs, R1 and R2; any data", residual_generator,
     residual_critic, 16, 128, 2, NORM_NONE, "", "adam lr=1e-3 beta1=0 beta2=0.99", "",
     "cosine from=1 to=0.02 steps=40000", "cosine from=1 to=0.05 steps=40000", 52, 128},
    {"mlp", "two hidden layers of 256, the GAN of 2014; any data", plain_generator, plain_critic, 0, 256, 2,
     NORM_NONE, "loss=non_saturating r1=0 r2=0 ema=0", "adam lr=2e-4 beta1=0.5", "", "", "", 50, 128},
    {"dcgan", "strided convolutions with batch norm; images in [0,1]", conv_generator, conv_critic, 32, 0, 0,
     NORM_BATCH, "loss=non_saturating r1=0 r2=0 ema=0 output=sigmoid", "adam lr=2e-4 beta1=0.5", "", "", "",
     25, 64},
    {"wgan_gp", "Wasserstein loss with gradient penalty, 5 steps of the critic; any data", any_generator,
     any_critic, 32, 256, 2, NORM_NONE, "loss=wasserstein r1=0 r2=0 ema=0 gp=10 critic_steps=5",
     "adam lr=1e-4 beta1=0 beta2=0.9", "", "", "", 50, 64},
    {"sngan", "hinge loss, spectral norm, projection of the condition, 5 steps of the critic; any data",
     any_generator, any_critic, 32, 256, 2, NORM_SPECTRAL,
     "loss=hinge r1=0 r2=0 critic_steps=5 conditioning=projection", "adam lr=2e-4 beta1=0 beta2=0.9", "", "",
     "", 50, 64},
};

const gnl_gan_preset *gnl_gan_preset_find(const char *name)
{
    for (size_t i = 0; i < GNL_COUNT(presets); i++)
        if (strcmp(presets[i].name, name) == 0)
            return &presets[i];
    return NULL;
}

const char *genlat_gan_preset(int32_t index, const char **help)
{
    bool there = index >= 0 && (size_t)index < GNL_COUNT(presets);
    if (help)
        *help = there ? presets[index].help : NULL;
    return there ? presets[index].name : NULL;
}

genlat_status gnl_gan_preset_take(const gnl_gan_preset *preset, gnl_gan_recipe *r)
{
    gnl_options_init(&gnl_gan_table, &r->opts, sizeof r->opts);
    strcpy(r->optimizer_g, preset->optimizer_g);
    strcpy(r->optimizer_d, preset->optimizer_d);
    strcpy(r->lr_schedule, preset->lr_schedule);
    strcpy(r->penalty_schedule, preset->penalty_schedule);
    r->noise_schedule[0] = '\0';
    r->augment[0] = '\0';
    r->beta2_schedule[0] = '\0';
    r->epochs = preset->epochs;
    r->batch = preset->batch;
    return gnl_spec_pairs(&gnl_gan_table, &r->opts, preset->options, "gan", "preset");
}

genlat_status gnl_gan_preset_generator(const gnl_gan_preset *preset, const gnl_gan_recipe *recipe,
                                       char text[GNL_GAN_TEXT])
{
    text[0] = '\0';
    return preset->generator(preset, recipe, text);
}

genlat_status gnl_gan_preset_discriminator(const gnl_gan_preset *preset, const gnl_gan_recipe *recipe,
                                           char text[GNL_GAN_TEXT])
{
    text[0] = '\0';
    return preset->discriminator(preset, recipe, text);
}

/* ---- texts ----------------------------------------------------------------------------------- */

GENLAT_PRINTF(2, 3) static void append(char *text, const char *format, ...)
{
    size_t used = strlen(text);
    va_list args;
    va_start(args, format);
    vsnprintf(text + used, GNL_GAN_TEXT - used, format, args);
    va_end(args);
}

static bool is_conditional(const gnl_gan_recipe *r)
{
    return r->classes > 0 || r->vector > 0;
}

/* The discriminator is given the condition beside the data. */
static bool sees_condition(const gnl_gan_recipe *r)
{
    return is_conditional(r) && r->opts.conditioning == GENLAT_GAN_CONDITIONING_CONCAT;
}

/* [channels,length] or [channels,height,width]. */
static bool has_places(const gnl_gan_recipe *r)
{
    return r->data.ndim == 2 || r->data.ndim == 3;
}

static int dimensions(const gnl_gan_recipe *r)
{
    return r->data.ndim - 1;
}

static void append_output(const gnl_gan_recipe *r, char *text)
{
    static const char *const closing[] = {"", " | sigmoid", " | tanh"};
    append(text, "%s", closing[r->opts.output]);
}

/* How a sample shrinks: halved while all sides are even and stay at 4 or above. A signal has one side. */
typedef struct pyramid {
    int stages;
    int64_t height, width; /* of the smallest */
} pyramid;

static pyramid shrink(const gnl_shape *data)
{
    bool flat = data->ndim == 2;
    pyramid p = {0, flat ? 1 : data->dim[1], data->dim[data->ndim - 1]};
    while ((flat || (p.height % 2 == 0 && p.height >= 8)) && p.width % 2 == 0 && p.width >= 8) {
        p.height = flat ? 1 : p.height / 2;
        p.width /= 2;
        p.stages++;
    }
    return p;
}

static bool shrinks(const gnl_gan_recipe *r)
{
    return has_places(r) && shrink(&r->data).stages > 0;
}

static long long channels_at(const gnl_gan_preset *preset, int stage)
{
    return (long long)preset->image_width << GNL_MIN(stage, 2);
}

static void append_reshape(const gnl_gan_recipe *r, char *text, long long channels, long long height,
                           long long width)
{
    if (dimensions(r) == 1)
        append(text, "reshape shape=%lldx%lld", channels, width);
    else
        append(text, "reshape shape=%lldx%lldx%lld", channels, height, width);
}

/* The critic's data; where it sees the condition, a plane made of that on top of them. */
static void append_data(const gnl_gan_recipe *r, char *text)
{
    long long width = (long long)r->data.dim[r->data.ndim - 1];
    long long height = dimensions(r) == 1 ? 1 : (long long)r->data.dim[1];
    if (!sees_condition(r)) {
        append(text, "identity from=x");
        return;
    }
    append(text, "dense units=%lld from=c | ", height * width);
    append_reshape(r, text, 1, height, width);
    append(text, " name=plane | concat from=x,plane");
}

/* The last layers of a critic. `keys` go with every dense one. */
static void append_verdict(const gnl_gan_recipe *r, const char *keys, char *text)
{
    bool apart = is_conditional(r) && !sees_condition(r);
    long long told = (long long)((r->classes + r->vector) * r->opts.packing);
    if (apart || r->opts.feature_matching > 0)
        append(text, " | identity name=features");
    append(text, " | dense units=1%s name=verdict", keys);
    if (!apart)
        return;
    if (r->opts.conditioning == GENLAT_GAN_CONDITIONING_AUXILIARY)
        append(text, " | dense units=%lld%s from=features name=classes | output verdict,classes", told, keys);
    else
        append(text,
               " | dense units=%lld%s bias=no from=features name=match | multiply from=match,c | reshape "
               "shape=1x%lld | global_avg_pool | scale factor=%lld name=matches | add from=verdict,matches",
               told, keys, told, told);
}

/* ---- plain hidden layers --------------------------------------------------------------------- */

static const char *weights_of(const gnl_gan_preset *preset)
{
    return preset->norm == NORM_SPECTRAL ? " weight=spectral" : "";
}

static genlat_status plain_generator(const gnl_gan_preset *preset, const gnl_gan_recipe *r, char *text)
{
    append(text, is_conditional(r) ? "concat from=z,c" : "identity");
    for (int i = 0; i < preset->depth; i++)
        append(text, " | dense units=%lld | relu", (long long)preset->vector_width);
    append(text, " | dense units={out}");
    append_output(r, text);
    return GENLAT_OK;
}

static genlat_status plain_critic(const gnl_gan_preset *preset, const gnl_gan_recipe *r, char *text)
{
    append(text, "flatten from=x name=flat%s", sees_condition(r) ? " | concat from=flat,c" : "");
    for (int i = 0; i < preset->depth; i++)
        append(text, " | dense units=%lld%s | leaky_relu slope=0.2", (long long)preset->vector_width,
               weights_of(preset));
    append_verdict(r, weights_of(preset), text);
    return GENLAT_OK;
}

/* ---- strided convolutions -------------------------------------------------------------------- */

static genlat_status check_places(const gnl_gan_preset *preset, const gnl_gan_recipe *r)
{
    char found[GNL_SHAPE_TEXT];
    if (shrinks(r))
        return GENLAT_OK;
    return gnl_fail(GENLAT_E_SHAPE,
                    "preset %s wants [channels,length] or [channels,height,width] with even sides from 8 on, "
                    "the data are %s",
                    preset->name, gnl_shape_format(&r->data, found));
}

/* After a layer: the one before gets a name where the condition comes in here. */
static void append_norm(const gnl_gan_preset *preset, const gnl_gan_recipe *r, char *text, int stage)
{
    if (preset->norm == NORM_SPECTRAL && is_conditional(r))
        append(text, " name=h%d | cond_batch_norm from=h%d,c | relu", stage, stage);
    else
        append(text, " | batch_norm | relu");
}

static genlat_status conv_generator(const gnl_gan_preset *preset, const gnl_gan_recipe *r, char *text)
{
    GNL_TRY(check_places(preset, r));
    const pyramid p = shrink(&r->data);
    long long deepest = channels_at(preset, p.stages), h = (long long)p.height, w = (long long)p.width;
    bool joined = is_conditional(r) && preset->norm != NORM_SPECTRAL;
    append(text, "%s | dense units=%lld bias=no init=normal gain=0.02 | ",
           joined ? "concat from=z,c" : "identity from=z", deepest * h * w);
    append_reshape(r, text, deepest, h, w);
    append_norm(preset, r, text, p.stages);
    for (int i = p.stages - 1; i >= 0; i--) {
        append(text, " | conv_transpose%dd kernel=4 stride=2 padding=1 init=normal gain=0.02", dimensions(r));
        if (i > 0) {
            append(text, " channels=%lld bias=no", channels_at(preset, i));
            append_norm(preset, r, text, i);
        } else {
            append(text, " channels={channels}");
        }
    }
    append_output(r, text);
    return GENLAT_OK;
}

static genlat_status conv_critic(const gnl_gan_preset *preset, const gnl_gan_recipe *r, char *text)
{
    GNL_TRY(check_places(preset, r));
    const pyramid p = shrink(&r->data);
    char keys[64];
    snprintf(keys, sizeof keys, " init=normal gain=0.02%s", weights_of(preset));
    append_data(r, text);
    for (int i = 1; i <= p.stages; i++)
        append(text, " | conv%dd channels=%lld kernel=4 stride=2 padding=1%s%s | leaky_relu slope=0.2",
               dimensions(r), channels_at(preset, i), keys,
               preset->norm == NORM_BATCH && i > 1 ? " bias=no | batch_norm" : "");
    append(text, " | flatten");
    append_verdict(r, keys, text);
    return GENLAT_OK;
}

/* Convolutions where the data can be halved, hidden layers for the rest. */
static genlat_status any_generator(const gnl_gan_preset *preset, const gnl_gan_recipe *r, char *text)
{
    return (shrinks(r) ? conv_generator : plain_generator)(preset, r, text);
}

static genlat_status any_critic(const gnl_gan_preset *preset, const gnl_gan_recipe *r, char *text)
{
    return (shrinks(r) ? conv_critic : plain_critic)(preset, r, text);
}

/* ---- residual blocks ------------------------------------------------------------------------------------------------
 * Each starts as the identity, because its last layer starts at zero. */

enum { GROUP = 8 }; /* channels of a group of the 3x3 convolutions */

static void append_conv_block(const gnl_gan_recipe *r, char *text, long long channels, int stage)
{
    int d = dimensions(r);
    long long inner = 2 * channels;
    append(text,
           " | identity name=s%d | conv%dd channels=%lld kernel=1 init=he_normal | leaky_relu slope=0.2 | "
           "conv%dd "
           "channels=%lld kernel=3 padding=1 groups=%lld init=he_normal | leaky_relu slope=0.2 | conv%dd "
           "channels=%lld kernel=1 bias=no init=constant gain=0 name=b%d | add from=s%d,b%d",
           stage, d, inner, d, inner, inner / GROUP, d, channels, stage, stage, stage);
}

static void append_conv(const gnl_gan_recipe *r, char *text, long long channels, const char *keys)
{
    append(text, " | conv%dd channels=%lld kernel=1%s init=glorot_normal", dimensions(r), channels, keys);
}

static void append_dense_blocks(const gnl_gan_preset *preset, char *text)
{
    long long width = (long long)preset->vector_width;
    for (int i = 0; i < preset->depth; i++)
        append(text,
               " | identity name=s%d | dense units=%lld init=he_normal | leaky_relu slope=0.2 | dense "
               "units=%lld init=he_normal | "
               "leaky_relu slope=0.2 | dense units=%lld bias=no init=constant gain=0 name=b%d | add "
               "from=s%d,b%d",
               i, width, width, width, i, i, i);
}

static void residual_conv_generator(const gnl_gan_preset *preset, const gnl_gan_recipe *r, char *text)
{
    const pyramid p = shrink(&r->data);
    long long deepest = channels_at(preset, p.stages), h = (long long)p.height, w = (long long)p.width;
    append(text, "dense units=%lld init=glorot_normal | ", deepest * h * w);
    append_reshape(r, text, deepest, h, w);
    append_conv_block(r, text, deepest, p.stages);
    for (int i = p.stages - 1; i >= 0; i--) {
        long long channels = channels_at(preset, i);
        if (channels != channels_at(preset, i + 1))
            append_conv(r, text, channels, " bias=no");
        append(text, " | upsample scale=2 mode=bilinear");
        append_conv_block(r, text, channels, i);
    }
    append(text, " | conv%dd channels={channels} kernel=1 init=glorot_normal", dimensions(r));
}

static genlat_status residual_generator(const gnl_gan_preset *preset, const gnl_gan_recipe *r, char *text)
{
    append(text, is_conditional(r) ? "concat from=z,c | " : "");
    if (has_places(r)) {
        residual_conv_generator(preset, r, text);
    } else {
        append(text, "dense units=%lld init=glorot_normal", (long long)preset->vector_width);
        append_dense_blocks(preset, text);
        append(text, " | dense units={out} init=glorot_normal");
    }
    append_output(r, text);
    return GENLAT_OK;
}

static void residual_conv_critic(const gnl_gan_preset *preset, const gnl_gan_recipe *r, char *text)
{
    const pyramid p = shrink(&r->data);
    append_data(r, text);
    append_conv(r, text, channels_at(preset, 0), "");
    for (int i = 0; i <= p.stages; i++) {
        append_conv_block(r, text, channels_at(preset, i), i);
        if (i < p.stages)
            append(text, " | avg_pool kernel=2");
        if (i < p.stages && channels_at(preset, i) != channels_at(preset, i + 1))
            append_conv(r, text, channels_at(preset, i + 1), " bias=no");
    }
    append(text, " | flatten");
}

static genlat_status residual_critic(const gnl_gan_preset *preset, const gnl_gan_recipe *r, char *text)
{
    if (has_places(r)) {
        residual_conv_critic(preset, r, text);
    } else {
        append(text, "flatten from=x name=flat%s | dense units=%lld init=glorot_normal",
               sees_condition(r) ? " | concat from=flat,c" : "", (long long)preset->vector_width);
        append_dense_blocks(preset, text);
    }
    append_verdict(r, " init=glorot_normal", text);
    return GENLAT_OK;
}
