/* SPDX-License-Identifier: MIT */
/* The inputs of encoder and decoder: the data, the code, the condition, for autoregressive decoders what they see of
 * the data that they predict, and for data with missing values which elements are observed. */
#include "vae/vae_priv.h"

static gnl_shape shape_of_data(const gnl_vae_config *c)
{
    return c->base.data;
}

static gnl_shape shape_of_condition(const gnl_vae_config *c)
{
    return (gnl_shape){1, {c->base.classes + c->base.vector}};
}

static gnl_shape shape_of_code(const gnl_vae_config *c)
{
    return (gnl_shape){1, {c->opts.latent}};
}

/* In the order of gnl_feed. */
static const struct {
    const char *name;
    gnl_shape (*shape)(const gnl_vae_config *c);
} feeds[GNL_FEEDS] = {
    [GNL_FEED_X] = {"x", shape_of_data},       [GNL_FEED_C] = {"c", shape_of_condition},
    [GNL_FEED_Z] = {"z", shape_of_code},       [GNL_FEED_PREVIOUS] = {"previous", shape_of_data},
    [GNL_FEED_MASK] = {"mask", shape_of_data},
};

/* ---- what an autoregressive decoder sees ----------------------------------------------------- */

static int64_t count_last(const gnl_config *config)
{
    return config->data.dim[config->data.ndim - 1];
}

static int64_t count_positions(const gnl_config *config)
{
    const gnl_shape canvas = gnl_layout_canvas(&config->data, config->content);
    return canvas.ndim > 1 ? gnl_shape_count_from(&canvas, 1) : gnl_shape_count(&canvas);
}

/* A kind of such an input. It consists of steps: element i of the data belongs to step i % steps. */
typedef struct sight {
    const char *name;
    int64_t (*steps)(const gnl_config *config);
    bool shifted; /* each step has the data of the step before it; if not, the layers of the decoder must look back */
    bool draws;   /* a step is always drawn, because the mean is no data that the decoder has seen */
} sight;

static const sight sights[] = {
    {"previous", count_last, true, false},
    {"x", count_positions, false, true},
};

static const sight *sight_of(const gnl_vae_config *c)
{
    for (size_t i = 0; i < GNL_COUNT(sights); i++)
        if (strcmp(sights[i].name, c->decoder_inputs) == 0)
            return &sights[i];
    return NULL;
}

genlat_status gnl_vae_check_decoder_inputs(const gnl_vae_config *c)
{
    if (*c->decoder_inputs && !sight_of(c))
        return gnl_fail(GENLAT_E_INVALID, "decoder_inputs is '%s', 'previous', 'x' or '' expected", c->decoder_inputs);
    return GENLAT_OK;
}

int64_t gnl_vae_steps(const gnl_vae_config *c)
{
    return sight_of(c)->steps(&c->base);
}

bool gnl_vae_draws_steps(const gnl_vae_config *c)
{
    return sight_of(c)->draws;
}

void gnl_vae_fill_previous(const gnl_vae_config *c, int64_t rows, const gnl_real *x, gnl_real *out)
{
    const int64_t numbers = rows * gnl_shape_count(&c->base.data);
    const int64_t steps = sight_of(c)->shifted ? gnl_vae_steps(c) : 0;
    memcpy(out + (steps > 0), x, (size_t)(numbers - (steps > 0)) * sizeof *out);
    for (int64_t i = 0; steps && i < numbers; i += steps)
        out[i] = 0;
}

/* ---- inputs ---------------------------------------------------------------------------------- */

int gnl_vae_feeds(const gnl_vae_config *c, int net, gnl_feed out[GNL_MAX_INPUTS])
{
    int count = 0;
    out[count++] = net == GNL_VAE_ENCODER_NET ? GNL_FEED_X : GNL_FEED_Z;
    if (c->base.classes > 0 || c->base.vector > 0)
        out[count++] = GNL_FEED_C;
    if (net == GNL_VAE_DECODER_NET && *c->decoder_inputs)
        out[count++] = GNL_FEED_PREVIOUS;
    if (net == GNL_VAE_ENCODER_NET && gnl_missing_shows_mask(c))
        out[count++] = GNL_FEED_MASK;
    return count;
}

bool gnl_vae_has_feed(const gnl_vae_config *c, int net, gnl_feed feed)
{
    gnl_feed all[GNL_MAX_INPUTS];
    int count = gnl_vae_feeds(c, net, all);
    for (int i = 0; i < count; i++)
        if (all[i] == feed)
            return true;
    return false;
}

gnl_input_list gnl_vae_inputs(const gnl_config *config, int net)
{
    const gnl_vae_config *c = (const gnl_vae_config *)(const void *)config;
    gnl_feed all[GNL_MAX_INPUTS];
    gnl_input_list in = {.count = gnl_vae_feeds(c, net, all)};
    for (int i = 0; i < in.count; i++) {
        in.name[i] = all[i] == GNL_FEED_PREVIOUS && sight_of(c) ? sight_of(c)->name : feeds[all[i]].name;
        in.shape[i] = feeds[all[i]].shape(c);
    }
    return in;
}

void gnl_vae_order(const gnl_vae_config *c, int net, const gnl_real *const value[GNL_FEEDS],
                   const gnl_real *in[GNL_MAX_INPUTS])
{
    gnl_feed all[GNL_MAX_INPUTS];
    int count = gnl_vae_feeds(c, net, all);
    for (int i = 0; i < count; i++)
        in[i] = value[all[i]];
}

void gnl_vae_forward(const gnl_vae_config *c, int net, genlat_exec *exec, gnl_mode mode, int64_t rows,
                     const gnl_real *const value[GNL_FEEDS])
{
    const gnl_real *in[GNL_MAX_INPUTS];
    gnl_vae_order(c, net, value, in);
    gnl_exec_forward(exec, mode, rows, in);
}
