/* SPDX-License-Identifier: MIT */
/* Critics: nets that tell the codes of a batch from other vectors. Terms train them against the encoder. */
#include "latent/latent_priv.h"
#include "loss/loss.h"

enum { TEXT = 2048 };

genlat_status gnl_critic_net(const gnl_kind *kind, int64_t width, int64_t depth, genlat_net **out)
{
    const char *input = "z";
    char text[TEXT] = "";
    for (int64_t i = 0; i < depth; i++)
        gnl_text_append(text, sizeof text, "dense units=%lld | leaky_relu slope=0.2 | ", (long long)width);
    gnl_text_append(text, sizeof text, "dense units=1");
    return gnl_net_from_text(kind->ctx, 1, &input, &(gnl_shape){1, {kind->dims}}, text, out);
}

/* ---- workspace ------------------------------------------------------------------------------- */

static genlat_status fill(const gnl_kind *kind, const gnl_latent_env *env, gnl_critic *critic)
{
    const int64_t codes = env->rows * env->samples;
    const genlat_exec_opts opts = GNL_EXEC_OPTS(.purpose = env->training ? GENLAT_EXEC_TRAINING : GENLAT_EXEC_INFERENCE,
                                                .input_grads = env->training);
    if (!env->training)
        return gnl_net_compile(kind->net, codes, &opts, &critic->exec);
    critic->pair = gnl_alloc(env->ctx, 2 * (size_t)codes * (size_t)kind->dims, sizeof *critic->pair);
    critic->order = gnl_alloc(env->ctx, (size_t)codes, sizeof *critic->order);
    if (!critic->pair || !critic->order)
        return GENLAT_E_MEMORY;
    return gnl_net_compile(kind->net, 2 * codes, &opts, &critic->exec);
}

genlat_status gnl_critic_work_new(const gnl_kind *kind, const gnl_latents *latents, const gnl_latent_env *env,
                                  void **work)
{
    gnl_critic *critic = gnl_calloc(env->ctx, 1, sizeof *critic);
    if (!critic)
        return GENLAT_E_MEMORY;
    *work = critic; /* freed by the caller, also after an error */
    return fill(kind, env, critic);
}

void gnl_critic_work_free(genlat_ctx *ctx, void *work)
{
    gnl_critic *critic = work;
    gnl_exec_release(critic->exec);
    gnl_free(ctx, critic->pair);
    gnl_free(ctx, critic->order);
    gnl_free(ctx, critic);
}

/* ---- passes ---------------------------------------------------------------------------------- */

const gnl_real *gnl_critic_odds(const gnl_critic *critic, const gnl_code *c)
{
    gnl_exec_forward(critic->exec, GNL_EVAL, c->samples * c->rows, &(const gnl_real *){c->z});
    return gnl_exec_output(critic->exec, 0);
}

gnl_real *gnl_critic_slopes(const gnl_critic *critic)
{
    return gnl_exec_output_grad(critic->exec, 0);
}

void gnl_critic_backward_z(const gnl_critic *critic, const gnl_code *c)
{
    gnl_exec_backward(critic->exec, 1, GNL_GRAD_INPUTS);
    c->compute.k->add(c->samples * c->rows * c->dims, c->dz, gnl_exec_input_grad(critic->exec, 0), c->dz);
}

void gnl_critic_learn(const gnl_critic *critic, int64_t rows, double factor)
{
    gnl_real *slope = gnl_critic_slopes(critic);
    gnl_exec_forward(critic->exec, GNL_TRAIN, 2 * rows, &(const gnl_real *){critic->pair});
    const gnl_real *out = gnl_exec_output(critic->exec, 0);
    const gnl_adversarial loss = {
        .kind = GENLAT_ADVERSARIAL_NON_SATURATING, .rows = rows, .real = out, .fake = out + rows};
    (void)gnl_adversarial_discriminator(&loss, slope, slope + rows);
    for (int64_t i = 0; i < 2 * rows; i++)
        slope[i] *= (gnl_real)factor;
    gnl_exec_backward(critic->exec, 1, GNL_GRAD_WEIGHTS);
}
