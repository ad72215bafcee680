/* SPDX-License-Identifier: MIT */
/* Presets of the VAE, one line each, and the families of nets that they are made of: dense layers with ReLU, gated or by
 * maxout, and convolutions. */
#include <stdio.h>

#include "model/vae_priv.h"

static const gnl_vae_preset presets[] = {
    {"mlp",
     "two hidden layers of 512 and 256, any data",
     "mlp",
     {512, 256},
     20,
     1,
     "bernoulli",
     "adam lr=1e-3",
     "",
     20,
     128,
     false},
    {"basic",
     "784-400-20, the classic small VAE",
     "mlp",
     {400},
     20,
     1,
     "bernoulli",
     "adam lr=1e-3",
     "",
     10,
     128,
     false},
    {"static",
     "784-400-40 with maxout layers, importance-weighted bound of 10 samples, for fixed binarization",
     "maxout",
     {400},
     40,
     10,
     "bernoulli",
     "adam lr=1e-3",
     "cosine from=1 to=0.01 steps=70000",
     140,
     100,
     true},
    {"gated",
     "784-400-400-40 with gated layers and a falling learning rate, for fixed binarization",
     "gated",
     {400, 400},
     40,
     1,
     "bernoulli",
     "adamw lr=3e-4 weight_decay=0.03",
     "cosine from=1 to=0.01 steps=50000",
     100,
     100,
     true},
    {"conv",
     "two strided convolutions of 32 and 64 channels, images",
     "conv",
     {32, 64},
     20,
     1,
     "bernoulli",
     "adam lr=1e-3",
     "",
     10,
     128,
     false},
    {"photo",
     "three strided convolutions, colour images, Gaussian with optimal sd",
     "conv",
     {32, 64, 128},
     64,
     1,
     "gaussian sd=optimal",
     "adam lr=1e-3",
     "",
     30,
     64,
     false},
    {"vector",
     "two hidden layers of 128, vectors and tables, Gaussian with learned sd",
     "mlp",
     {128, 128},
     2,
     1,
     "gaussian sd=learned",
     "adam lr=1e-3",
     "",
     50,
     128,
     false},
};

const gnl_vae_preset *gnl_vae_preset_find(const char *name)
{
    for (size_t i = 0; i < GNL_COUNT(presets); i++)
        if (strcmp(presets[i].name, name) == 0)
            return &presets[i];
    return NULL;
}

const char *genlat_vae_preset(int32_t index, const char **help)
{
    bool there = index >= 0 && (size_t)index < GNL_COUNT(presets);
    if (help)
        *help = there ? presets[index].help : NULL;
    return there ? presets[index].name : NULL;
}

/* ---- texts ----------------------------------------------------------------------------------- */

GENLAT_PRINTF(2, 3) static void append(char text[GNL_VAE_TEXT], const char *format, ...)
{
    size_t used = strlen(text);
    va_list args;
    va_start(args, format);
    vsnprintf(text + used, GNL_VAE_TEXT - used, format, args);
    va_end(args);
}

static int count_widths(const int64_t *widths)
{
    int count = 0;
    while (count < 4 && widths[count])
        count++;
    return count;
}

static bool is_conditional(const gnl_vae_recipe *recipe)
{
    return gnl_vae_condition_inputs(recipe) > 0;
}

/* How a family makes `width` hidden units out of sums: one each by ReLU; two, of which one gates the other (Dauphin and
 * others 2017); or the largest of four (Goodfellow and others 2013). */
static const struct hidden {
    const char *family;
    int sums;
    const char *layer;
} hidden[] = {{"mlp", 1, "relu"}, {"gated", 2, "glu"}, {"maxout", 4, "maxout pieces=4"}};

static void append_hidden(const char *family, long long width, char text[GNL_VAE_TEXT])
{
    const struct hidden *h = hidden;
    while (strcmp(h->family, family) != 0)
        h++;
    append(text, "dense units=%lld | %s", h->sums * width, h->layer);
}

static void mlp_encoder(const char *family, const int64_t *widths, const gnl_vae_recipe *recipe,
                        char text[GNL_VAE_TEXT])
{
    append(text, "flatten from=x name=flat");
    if (is_conditional(recipe))
        append(text, " | concat from=flat,c");
    for (int i = 0; i < count_widths(widths); i++) {
        append(text, " | ");
        append_hidden(family, (long long)widths[i], text);
    }
}

static void mlp_decoder(const char *family, const int64_t *widths, const gnl_vae_recipe *recipe,
                        char text[GNL_VAE_TEXT])
{
    if (is_conditional(recipe))
        append(text, "concat from=z,c | ");
    for (int i = count_widths(widths) - 1; i >= 0; i--) {
        append_hidden(family, (long long)widths[i], text);
        append(text, " | ");
    }
    append(text, "dense units={out}");
}

/* Images are [channels,height,width]; each stage halves both sides. */
static genlat_status check_image(const int64_t *widths, const gnl_shape *data)
{
    int64_t factor = (int64_t)1 << count_widths(widths);
    char found[GNL_SHAPE_TEXT];
    if (data->ndim != 3 || data->dim[1] % factor || data->dim[2] % factor)
        return gnl_fail(
            GENLAT_E_SHAPE,
            "a conv net of %d stages wants [channels,height,width] with sides that are multiples of "
            "%lld, the data are %s",
            count_widths(widths), (long long)factor, gnl_shape_format(data, found));
    return GENLAT_OK;
}

enum { CONV_HIDDEN = 256 };

static void conv_encoder(const char *family, const int64_t *widths, const gnl_vae_recipe *recipe,
                         char text[GNL_VAE_TEXT])
{
    (void)family;
    for (int i = 0; i < count_widths(widths); i++)
        append(text, "conv2d channels=%lld kernel=4 stride=2 padding=1%s | relu | ", (long long)widths[i],
               i ? "" : " from=x");
    append(text, "flatten name=flat");
    if (is_conditional(recipe))
        append(text, " | concat from=flat,c");
    append(text, " | dense units=%d | relu", CONV_HIDDEN);
}

static void conv_decoder(const char *family, const int64_t *widths, const gnl_vae_recipe *recipe,
                         char text[GNL_VAE_TEXT])
{
    (void)family;
    int stages = count_widths(widths);
    int64_t height = recipe->data.dim[1] >> stages, width = recipe->data.dim[2] >> stages;
    long long deepest = (long long)widths[stages - 1];
    if (is_conditional(recipe))
        append(text, "concat from=z,c | ");
    append(text, "dense units=%d | relu | dense units=%lld | relu | reshape shape=%lldx%lldx%lld",
           CONV_HIDDEN, deepest * (long long)(height * width), deepest, (long long)height, (long long)width);
    for (int i = stages - 2; i >= 0; i--)
        append(text, " | conv_transpose2d channels=%lld kernel=4 stride=2 padding=1 | relu",
               (long long)widths[i]);
    append(text, " | conv_transpose2d channels={channels} kernel=4 stride=2 padding=1");
}

static genlat_status check_family(const char *family, const int64_t *widths, const gnl_shape *data,
                                  bool *conv)
{
    *conv = strcmp(family, "conv") == 0;
    return *conv ? check_image(widths, data) : GENLAT_OK;
}

genlat_status gnl_vae_family_encoder(const char *family, const int64_t *widths, const gnl_vae_recipe *recipe,
                                     char text[GNL_VAE_TEXT])
{
    bool conv = false;
    GNL_TRY(check_family(family, widths, &recipe->data, &conv));
    text[0] = '\0';
    (conv ? conv_encoder : mlp_encoder)(family, widths, recipe, text);
    return GENLAT_OK;
}

genlat_status gnl_vae_family_decoder(const char *family, const int64_t *widths, const gnl_vae_recipe *recipe,
                                     char text[GNL_VAE_TEXT])
{
    bool conv = false;
    GNL_TRY(check_family(family, widths, &recipe->data, &conv));
    text[0] = '\0';
    (conv ? conv_decoder : mlp_decoder)(family, widths, recipe, text);
    return GENLAT_OK;
}
