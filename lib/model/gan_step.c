/* SPDX-License-Identifier: MIT */
/* Training steps of the GAN. The critic's: generated samples, both sides seen, loss and penalties back into the critic. The
 * generator's: through the critic by input gradients alone, then back into the generator. */
#include <math.h>

#include "model/gan_step_priv.h"

enum { CRITIC = 1, GENERATOR = 2 }; /* what a step moves */

/* ---- forward --------------------------------------------------------------------------------- */

static const gnl_real *generate(genlat_gan *gan, const gnl_gan_batch *b)
{
    gnl_gan_work *work = gan->work;
    gnl_rng rng = gnl_gan_stream(gan, GNL_STREAM_NOISE, 0);
    gnl_fill_normal(&work->generator->compute, &rng, b->rows * gan->recipe.opts.latent, work->z);
    work->generator->dropout = gnl_gan_stream(gan, GNL_STREAM_DROPOUT, 0);
    const gnl_real *in[] = {work->z, work->condition};
    gnl_exec_forward(work->generator, true, b->rows, in);
    return gnl_exec_output(work->generator, 0);
}

static const gnl_real *criticise(genlat_gan *gan, const gnl_gan_batch *b, int which, const gnl_real *x)
{
    genlat_exec *exec = which == GNL_GAN_REAL ? gan->work->real : gan->work->fake;
    const gnl_real *in[] = {gnl_gan_veil(gan, b, which, x), gan->work->condition};
    exec->dropout = gnl_gan_stream(gan, GNL_STREAM_DROPOUT, 1 + (uint64_t)which);
    gnl_exec_forward(exec, true, b->packs, in);
    return gnl_exec_output(exec, 0);
}

/* ---- the critic ------------------------------------------------------------------------------ */

/* The critic's loss back into its weights, with the penalty on the same samples where it is due. Losses of other outputs go
 * a way of their own. */
static double critic_back(genlat_gan *gan, const gnl_gan_batch *b, genlat_exec *exec, double weight,
                          const gnl_real *dloss, double *class_loss)
{
    bool more = gan->classes_output >= 0;
    const gnl_penalty penalty = {.kind = GNL_PENALTY_ZERO, .weight = weight, .dloss = more ? NULL : dloss};
    double found = weight > 0 ? weight * gnl_exec_penalty(exec, &penalty, NULL) : 0;
    if (weight > 0 && !more)
        return found;
    memcpy(gnl_exec_output_grad(exec, 0), dloss, (size_t)exec->rows * sizeof *dloss);
    *class_loss += gnl_gan_class_loss(gan, b, exec);
    gnl_exec_backward(exec, gnl_gan_outputs(gan, false), GNL_GRAD_WEIGHTS);
    return found;
}

/* Penalties that are left out in most steps count so many times more in the others. No step of the optimizer is added for
 * them, so that rate and decays need no correction. */
static double penalty_factor(const genlat_gan *gan)
{
    int64_t every = gan->recipe.opts.penalty_every;
    bool due = gan->model.progress.step % every == 0;
    return due ? (double)every * gnl_gan_factor(gan, gan->penalty_schedule) : 0;
}

static genlat_status not_finite(const char *where, const char *who, double loss, double penalty)
{
    return gnl_fail(
        GENLAT_E_NUMERIC,
        "%s: the loss of the %s is not finite (%g, penalties %g); lower the learning rate, clip gradients, "
        "raise r1 and r2, or look for bad values in the data",
        where, who, loss, penalty);
}

static void clip_weights(genlat_gan *gan)
{
    gnl_real bound = (gnl_real)gan->recipe.opts.clip, *w = gan->discriminator->value;
    for (int64_t i = 0; bound > 0 && i < gan->discriminator->values; i++)
        w[i] = GNL_MAX(-bound, GNL_MIN(bound, w[i]));
}

static genlat_status update(genlat_gan *gan, genlat_optim *optim, double lr, const char *where)
{
    if (gan->lr_schedule)
        gnl_optim_set_lr(optim, lr * gnl_gan_factor(gan, gan->lr_schedule));
    if (gan->beta2_schedule)
        (void)gnl_optim_set_real(optim, "beta2", gnl_gan_factor(gan, gan->beta2_schedule));
    genlat_status status = gnl_optim_step(optim);
    gan->model.progress.passes++;
    return status == GENLAT_OK ? status : gnl_fail_in(status, "%s", where);
}

/* Losses and penalties back into the critic; returns the sum of the penalties. */
static double critic_losses(genlat_gan *gan, const gnl_gan_batch *b, const gnl_adversarial *loss, double due,
                            double *value)
{
    gnl_gan_work *work = gan->work;
    const genlat_gan_opts *o = &gan->recipe.opts;
    *value = gnl_adversarial_critic(loss, work->dreal, work->dfake);
    double sum = gnl_gan_penalty_near(gan, b, GNL_GAN_REAL, due * o->approx_r1, loss->real, work->dreal);
    sum += gnl_gan_penalty_near(gan, b, GNL_GAN_FAKE, due * o->approx_r2, loss->fake, work->dfake);
    sum += critic_back(gan, b, work->real, due * o->r1, work->dreal, value);
    sum += critic_back(gan, b, work->fake, due * o->r2, work->dfake, value);
    *value += gnl_gan_weight_loss(gan, false);
    return sum + gnl_gan_penalty_between(gan, b, due * o->gp);
}

static genlat_status critic_step(genlat_gan *gan, const gnl_gan_batch *b, genlat_gan_terms *t,
                                 const char *where)
{
    const genlat_gan_opts *o = &gan->recipe.opts;
    double due = penalty_factor(gan);
    gnl_net_zero_grad(gan->discriminator);
    const gnl_real *made = generate(gan, b);
    t->diversity = gnl_gan_diversity(gan, b, made);
    const gnl_adversarial loss = {o->loss,
                                  o->label_smoothing,
                                  b->packs,
                                  criticise(gan, b, GNL_GAN_REAL, b->x),
                                  criticise(gan, b, GNL_GAN_FAKE, made),
                                  o->label_smoothing_fake};
    t->d_real = gnl_gan_mean(b->packs, loss.real);
    t->d_fake = gnl_gan_mean(b->packs, loss.fake);
    gan->work->positive = gnl_adversarial_sign(&loss);
    double penalty = critic_losses(gan, b, &loss, due, &t->d_loss);
    if (!isfinite(t->d_loss) || !isfinite(penalty))
        return not_finite(where, "discriminator", t->d_loss, penalty);
    if (due > 0)
        t->penalty = penalty / (double)o->penalty_every;
    GNL_TRY(update(gan, gan->optim_d, gan->lr_d, where));
    t->d_grad_norm = gnl_optim_grad_norm(gan->optim_d);
    clip_weights(gan);
    return GENLAT_OK;
}

/* ---- the generator --------------------------------------------------------------------------- */

/* Losses of the generator, through the critic, back to what it has made. */
static double generator_losses(genlat_gan *gan, const gnl_gan_batch *b)
{
    gnl_gan_work *work = gan->work;
    uint32_t kind = gan->recipe.opts.loss;
    const gnl_real *made = generate(gan, b);
    bool compares = gnl_adversarial_needs_real(kind) || gan->features_output >= 0;
    const gnl_real *real = compares ? criticise(gan, b, GNL_GAN_REAL, b->x) : NULL;
    const gnl_adversarial loss = {kind, 0, b->packs, real, criticise(gan, b, GNL_GAN_FAKE, made), 0};
    double value = gnl_adversarial_generator(&loss, gnl_exec_output_grad(work->fake, 0));
    value += gnl_gan_class_loss(gan, b, work->fake) + gnl_gan_feature_loss(gan, b);
    gnl_exec_backward(work->fake, gnl_gan_outputs(gan, true), GNL_GRAD_INPUTS);
    gnl_gan_unveil(gan, b, gnl_exec_input_grad(work->fake, 0), gnl_exec_output_grad(work->generator, 0));
    return value;
}

static genlat_status generator_step(genlat_gan *gan, const gnl_gan_batch *b, genlat_gan_terms *t,
                                    const char *where)
{
    gnl_net_zero_grad(gan->generator);
    t->g_loss = generator_losses(gan, b) + gnl_gan_weight_loss(gan, true);
    if (!isfinite(t->g_loss))
        return not_finite(where, "generator", t->g_loss, 0);
    gnl_exec_backward(gan->work->generator, 1, GNL_GRAD_WEIGHTS);
    GNL_TRY(update(gan, gan->optim_g, gan->lr_g, where));
    t->g_grad_norm = gnl_optim_grad_norm(gan->optim_g);
    return GENLAT_OK;
}

/* What goes along with the nets, once nothing can fail any more. The average moves with all samples since its last update,
 * those of the critic's other steps too. */
static void follow(genlat_gan *gan, const gnl_gan_batch *b, unsigned which)
{
    if (which & CRITIC) {
        gnl_gan_history_follow(gan, false);
        gnl_gan_adapt(gan, b);
        gan->model.progress.step++;
    }
    if (!(which & GENERATOR))
        return;
    gnl_gan_history_follow(gan, true);
    if (gan->ema) {
        gnl_ema_update(gan->ema, b->rows * gan->recipe.opts.critic_steps);
        atomic_store(&gan->stale, true);
    }
}

/* ---- steps ----------------------------------------------------------------------------------- */

static genlat_status make_batch(genlat_gan *gan, const genlat_tensor *x, const genlat_tensor *labels,
                                gnl_gan_batch *b, const char *where)
{
    int64_t packing = gan->recipe.opts.packing, packs = x->shape.dim[0] / packing;
    if (packs < 1)
        return gnl_fail(GENLAT_E_SHAPE, "%s: x has %lld rows, packing wants %lld at least", where,
                        (long long)x->shape.dim[0], (long long)packing);
    *b = (gnl_gan_batch){x->data, packs * packing, packs};
    GNL_TRY(gnl_gan_want_work(gan, b->rows));
    return gnl_model_fill_condition(&gan->model, labels, 0, b->rows, gan->work->condition, where);
}

static genlat_status step(genlat_gan *gan, const genlat_tensor *x, const genlat_tensor *labels,
                          unsigned which, const char *where)
{
    gnl_gan_batch b;
    genlat_gan_terms t = gan->last;
    GNL_TRY(make_batch(gan, x, labels, &b, where));
    const gnl_gan_keepsake before = gnl_gan_keep(gan);
    genlat_status status = which & CRITIC ? critic_step(gan, &b, &t, where) : GENLAT_OK;
    if (status == GENLAT_OK && which & GENERATOR)
        status = generator_step(gan, &b, &t, where);
    if (status != GENLAT_OK)
        return gnl_gan_go_back(gan, &before, status);
    follow(gan, &b, which);
    t.strength = gan->strength;
    gan->last = t;
    return GENLAT_OK;
}

genlat_status gnl_gan_step(genlat_gan *gan, const genlat_tensor *x, const genlat_tensor *labels,
                           const char *where)
{
    bool both = (gan->model.progress.step + 1) % gan->recipe.opts.critic_steps == 0;
    return step(gan, x, labels, both ? CRITIC | GENERATOR : CRITIC, where);
}

/* ---- public ---------------------------------------------------------------------------------- */

genlat_status gnl_gan_check(const genlat_gan *gan, const genlat_tensor *x, const genlat_tensor *labels,
                            const char *where)
{
    GNL_REQUIRE(gan, where, "gan is NULL");
    GNL_REQUIRE(x, where, "x is NULL");
    GNL_TRY(gnl_tensor_check_rows(x, &gan->recipe.data, where, "x"));
    if (x->shape.dim[0] < 1)
        return gnl_fail(GENLAT_E_SHAPE, "%s: x has no rows", where);
    return gnl_model_check_labels(&gan->model, labels, x->shape.dim[0], where);
}

static genlat_status check_step(const genlat_gan *gan, const genlat_tensor *x, const genlat_tensor *labels,
                                const genlat_gan_terms *terms, const char *where)
{
    GNL_TRY(gnl_gan_check(gan, x, labels, where));
    GNL_REQUIRE(!terms || terms->size >= sizeof *terms, where, "terms: its size is not set");
    return GENLAT_OK;
}

static genlat_status give_terms(const genlat_gan *gan, genlat_status status, genlat_gan_terms *out)
{
    if (status == GENLAT_OK && out) {
        size_t size = out->size;
        *out = gan->last;
        out->size = size;
    }
    return status;
}

genlat_status genlat_gan_step(genlat_gan *gan, const genlat_tensor *x, const genlat_tensor *labels,
                              genlat_gan_terms *terms)
{
    const char *where = "genlat_gan_step";
    GNL_TRY(check_step(gan, x, labels, terms, where));
    return give_terms(gan, gnl_gan_step(gan, x, labels, where), terms);
}

genlat_status genlat_gan_step_d(genlat_gan *gan, const genlat_tensor *x, const genlat_tensor *labels,
                                genlat_gan_terms *terms)
{
    const char *where = "genlat_gan_step_d";
    GNL_TRY(check_step(gan, x, labels, terms, where));
    return give_terms(gan, step(gan, x, labels, CRITIC, where), terms);
}

genlat_status genlat_gan_step_g(genlat_gan *gan, const genlat_tensor *x, const genlat_tensor *labels,
                                genlat_gan_terms *terms)
{
    const char *where = "genlat_gan_step_g";
    GNL_TRY(check_step(gan, x, labels, terms, where));
    return give_terms(gan, step(gan, x, labels, GENERATOR, where), terms);
}
