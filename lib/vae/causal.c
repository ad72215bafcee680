/* SPDX-License-Identifier: MIT */
/* Checks that an autoregressive decoder does not see what it predicts. The data of some steps are changed from a step
 * on, and the outputs up to that step must stay as they are. */
#include <math.h>

#include "vae/vae_priv.h"

enum { TRIALS = 16, ROWS = TRIALS + 1 };

/* Added to the weights, so that those that start at 0 do not hide a connection. */
static const double WEIGHT_NOISE = 0.02;
/* Changes up to this part of all changes, and up to this part of the outputs, are rounding errors. */
static const double CHANGE_ERROR = 1e-4, OUTPUT_ERROR = 1e-5;

/* Row 0 has the original data. Row r has other data from step first[r] on. */
typedef struct trials {
    const gnl_vae *vae;
    int64_t size, latent, steps;
    int64_t first[ROWS];
    gnl_real *x, *seen, *z, *condition;
} trials;

/* ---- inputs ---------------------------------------------------------------------------------- */

/* Returns a number that the likelihood accepts. */
static gnl_real draw_number(const gnl_loss_range *range, gnl_rng *rng)
{
    const double u = gnl_rng_unit(rng), width = range->high - range->low;
    if (!isfinite(width))
        return (gnl_real)(4 * u - 2);
    return (gnl_real)(range->whole ? range->low + floor(u * (width + 1)) : range->low + u * width);
}

/* Finds the first changed step of each row: all steps in turn, or steps from all over, including the first and the
 * last one. */
static void choose_steps(trials *t, gnl_rng *rng)
{
    for (int64_t i = 0; i < TRIALS; i++) {
        const double at = ((double)i + gnl_rng_unit(rng)) * (double)t->steps / TRIALS;
        t->first[i + 1] = t->steps <= TRIALS ? i % t->steps : (int64_t)at;
    }
    t->first[1] = 0;
    t->first[TRIALS] = t->steps - 1;
}

static void fill(trials *t)
{
    const genlat_loss *loss = t->vae->loss;
    gnl_rng rng = gnl_rng_make(0, GNL_STREAM_EVAL, 0);
    gnl_loss_range range = {-HUGE_VAL, HUGE_VAL, false};
    if (loss->type->range)
        range = loss->type->range(loss->opts, t->vae->outputs);
    choose_steps(t, &rng);
    gnl_rng_fill_normal(&rng, t->z, t->latent);
    for (int64_t r = 1; r < ROWS; r++)
        memcpy(t->z + r * t->latent, t->z, (size_t)t->latent * sizeof *t->z);
    for (int64_t r = 0; r < ROWS; r++)
        for (int64_t i = 0; i < t->size; i++)
            t->x[r * t->size + i] = i % t->steps >= t->first[r] ? draw_number(&range, &rng) : t->x[i];
    gnl_vae_fill_previous(gnl_vae_config_of(&t->vae->model), ROWS, t->x, t->seen);
}

/* ---- outputs --------------------------------------------------------------------------------- */

/* Returns the largest change of the outputs of steps 0 .. last in a row. */
static double largest_change(const trials *t, const gnl_real *out, int64_t row, int64_t last)
{
    const gnl_loss_type *type = t->vae->loss->type;
    const int64_t parts = t->vae->outputs, width = parts * t->size;
    const bool together = type->together && type->together(t->vae->loss->opts);
    double most = 0;
    for (int64_t i = 0; i < width; i++) {
        const int64_t element = together ? i / parts : i % t->size;
        if (element % t->steps <= last)
            most = GNL_MAX(most, fabs((double)(out[row * width + i] - out[i])));
    }
    return most;
}

static double largest_output(const trials *t, const gnl_real *out)
{
    double most = 0;
    for (int64_t i = 0; i < t->vae->outputs * t->size; i++)
        most = GNL_MAX(most, fabs((double)out[i]));
    return most;
}

static genlat_status check_rows(const trials *t, const gnl_real *out)
{
    const char *name = gnl_vae_config_of(&t->vae->model)->decoder_inputs;
    const double output = largest_output(t, out);
    for (int64_t r = 1; r < ROWS; r++) {
        const double all = largest_change(t, out, r, t->steps), change = largest_change(t, out, r, t->first[r]);
        if (change > CHANGE_ERROR * all + OUTPUT_ERROR * output)
            return gnl_fail(GENLAT_E_INVALID,
                            "decoder: outputs up to step %lld of %lld depend on the data from that step on, which they "
                            "predict; use layers behind input %s that look back only, such as masked_conv2d or lstm; "
                            "with input x, the first of them needs mask=before",
                            (long long)t->first[r], (long long)t->steps, name);
    }
    return GENLAT_OK;
}

/* ---- the check ------------------------------------------------------------------------------- */

static genlat_status run(const trials *t, genlat_net *net)
{
    const gnl_vae_config *c = gnl_vae_config_of(&t->vae->model);
    const genlat_exec_opts opts = GNL_EXEC_OPTS(.purpose = GENLAT_EXEC_INFERENCE);
    const gnl_real *value[GNL_FEEDS] = {
        [GNL_FEED_Z] = t->z, [GNL_FEED_C] = t->condition, [GNL_FEED_PREVIOUS] = t->seen};
    genlat_exec *exec = NULL;
    GNL_TRY(gnl_net_compile(net, ROWS, &opts, &exec));
    gnl_vae_forward(c, GNL_VAE_DECODER_NET, exec, GNL_EVAL, ROWS, value);
    genlat_status status = check_rows(t, gnl_exec_output(exec, 0));
    gnl_exec_release(exec);
    return status;
}

/* Runs the check on a copy of the decoder with disturbed weights. */
static genlat_status run_disturbed(const trials *t)
{
    genlat_net *net = NULL;
    GNL_TRY(gnl_net_clone(t->vae->model.net[GNL_VAE_DECODER_NET], &net));
    const gnl_part part = gnl_part_of_net(net, "", -1);
    gnl_rng rng = gnl_rng_make(0, GNL_STREAM_EVAL, 1);
    for (int64_t i = 0; i < part.values; i++)
        part.value[i] += (gnl_real)(WEIGHT_NOISE * (2 * gnl_rng_unit(&rng) - 1));
    genlat_status status = run(t, net);
    gnl_net_release(net);
    return status;
}

genlat_status gnl_vae_check_causal(const genlat_model *model)
{
    const gnl_vae_config *c = gnl_vae_config_of(model);
    genlat_ctx *ctx = model->object.ctx;
    if (!gnl_vae_has_feed(c, GNL_VAE_DECODER_NET, GNL_FEED_PREVIOUS))
        return GENLAT_OK;
    trials t = {.vae = gnl_vae_of(model), .size = model->size, .latent = c->opts.latent, .steps = gnl_vae_steps(c)};
    t.x = gnl_calloc(ctx, ROWS * (size_t)(2 * t.size + t.latent + model->condition), sizeof *t.x);
    if (!t.x)
        return GENLAT_E_MEMORY;
    t.seen = t.x + ROWS * t.size;
    t.z = t.seen + ROWS * t.size;
    t.condition = t.z + ROWS * t.latent;
    fill(&t);
    genlat_status status = run_disturbed(&t);
    gnl_free(ctx, t.x);
    return status;
}
