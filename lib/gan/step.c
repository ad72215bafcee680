/* SPDX-License-Identifier: MIT */
/* Training steps of the GAN. The discriminator's step generates samples, evaluates the discriminator on real and
 * generated samples, and propagates loss and penalties back to its weights. The generator's step propagates its loss
 * through the discriminator by input gradients, then to the weights of the generator. */
#include <math.h>

#include "gan/gan_priv.h"

/* ---- forward --------------------------------------------------------------------------------- */

static const gnl_real *generate(genlat_model *model, const gnl_gan_batch *b)
{
    gnl_gan_work *work = gnl_gan_work_of(model);
    gnl_rng rng = gnl_model_stream(model, GNL_STREAM_NOISE, GNL_GAN_NOISE);
    gnl_fill_normal(gnl_exec_compute(work->generator), &rng, b->rows * model->type->latent_size(model), work->z);
    gnl_exec_set_dropout(work->generator, gnl_model_stream(model, GNL_STREAM_DROPOUT, GNL_GAN_GENERATOR));
    const gnl_real *in[] = {work->z, work->condition};
    gnl_exec_forward(work->generator, GNL_TRAIN, b->rows, in);
    return gnl_exec_output(work->generator, 0);
}

static const gnl_real *discriminate(genlat_model *model, const gnl_gan_batch *b, int side, const gnl_real *x)
{
    gnl_gan_work *work = gnl_gan_work_of(model);
    genlat_exec *exec = work->side[side];
    const gnl_real *in[] = {gnl_gan_discriminator_input(model, b, side, x), work->condition};
    gnl_exec_set_dropout(exec, gnl_model_stream(model, GNL_STREAM_DROPOUT, GNL_GAN_DISCRIMINATOR + (gnl_use)side));
    gnl_exec_forward(exec, GNL_TRAIN, gnl_gan_side_rows(b, side) / gnl_gan_config_of(model)->opts.packing, in);
    return gnl_exec_output(exec, 0);
}

/* ---- the discriminator ----------------------------------------------------------------------- */

/* Backward pass for the loss on real or on generated samples. If a penalty at these samples is due, computes it in
 * the same pass, unless the class output has a loss too: this needs a second pass. */
static double side_backward(genlat_model *model, const gnl_gan_batch *b, int side, double factor, double *class_loss)
{
    gnl_gan_work *work = gnl_gan_work_of(model);
    genlat_exec *exec = work->side[side];
    const gnl_real *dloss = work->doutput[side];
    const double weight = factor * gnl_penalties_at_samples(&gnl_gan_of(model)->penalties, side);
    bool has_class_loss = gnl_gan_has_class_loss(model, side);
    const gnl_penalty penalty = {.kind = GNL_PENALTY_ZERO, .weight = weight, .dloss = has_class_loss ? NULL : dloss};
    double found = weight > 0 ? weight * gnl_exec_penalty(exec, &penalty, NULL) : 0;
    if (weight > 0 && !has_class_loss)
        return found;
    memcpy(gnl_exec_output_grad(exec, 0), dloss, (size_t)gnl_exec_rows(exec) * sizeof *dloss);
    *class_loss += gnl_gan_class_loss(model, b, side);
    gnl_exec_backward(exec, gnl_gan_outputs(model, GNL_DISCRIMINATOR, side), GNL_GRAD_WEIGHTS);
    return found;
}

/* Returns the factor of lazy penalties in this step. A penalty that is computed in every n-th step has n times the
 * weight. It does not add optimizer steps, so that learning rate and decays need no correction. */
static double penalty_factor(const genlat_model *model)
{
    const int64_t every = gnl_gan_config_of(model)->opts.penalty_every;
    bool due = model->progress.step % every == 0;
    return due ? (double)every * gnl_model_factor(model, GNL_GAN_PENALTY_SCHEDULE) : 0;
}

static genlat_status not_finite(const char *net, double loss, double penalty)
{
    return gnl_fail(GENLAT_E_NUMERIC,
                    "the loss of the %s is not finite (%g, penalties %g); lower the learning rate, clip gradients, "
                    "increase r1 and r2, or check the data for invalid values",
                    net, loss, penalty);
}

static void clip_weights(genlat_model *model)
{
    const gnl_part *part = &model->part[GNL_DISCRIMINATOR];
    const gnl_real bound = (gnl_real)gnl_gan_config_of(model)->opts.clip;
    for (int64_t i = 0; bound > 0 && i < part->values; i++)
        part->value[i] = GNL_MAX(-bound, GNL_MIN(bound, part->value[i]));
}

static genlat_status update(genlat_model *model, int net)
{
    if (model->schedule[GNL_GAN_BETA2_SCHEDULE])
        (void)gnl_optim_set_real(model->optimizer[net].optim, "beta2", gnl_model_factor(model, GNL_GAN_BETA2_SCHEDULE));
    genlat_status status = gnl_model_update(model, net);
    model->progress.passes++;
    return status;
}

/* Computes losses and penalties of the discriminator, and propagates them back to its weights. */
static void discriminator_losses(genlat_model *model, const gnl_gan_batch *b, const gnl_adversarial *loss,
                                 double factor, double *value, gnl_penalty_sum *sum)
{
    gnl_gan_work *work = gnl_gan_work_of(model);
    gnl_gan_penalties *all = &gnl_gan_of(model)->penalties;
    const int64_t every = gnl_gan_config_of(model)->opts.penalty_every;
    gnl_penalty_call call = {.model = model,
                             .batch = b,
                             .net = GNL_DISCRIMINATOR,
                             .output = {loss->real, loss->fake},
                             .doutput = {work->doutput[GNL_REAL], work->doutput[GNL_FAKE]}};
    *value = gnl_adversarial_discriminator(loss, work->doutput[GNL_REAL], work->doutput[GNL_FAKE]);
    for (int64_t i = b->packs; i < gnl_exec_rows(work->side[GNL_REAL]); i++)
        work->doutput[GNL_REAL][i] = 0; /* rows that are only classified */
    gnl_penalties_outputs(all, &call, factor, every, sum);
    for (int side = GNL_REAL; side <= GNL_FAKE; side++) {
        double found = side_backward(model, b, side, factor, value);
        sum->lazy += found / (double)every;
        sum->total += found;
    }
    gnl_penalties_weights(all, &call, factor, every, sum);
    *value += sum->loss;
}

/* Receives in *lazy the penalties that are not computed in every step, where they are in this one. */
static genlat_status discriminator_step(genlat_model *model, const gnl_gan_batch *b, genlat_gan_terms *t, double *lazy)
{
    const genlat_gan_opts *o = &gnl_gan_config_of(model)->opts;
    const double factor = penalty_factor(model);
    gnl_penalty_sum sum = {0};
    gnl_model_zero_grad(model, GNL_DISCRIMINATOR);
    const gnl_real *generated = generate(model, b);
    t->diversity = gnl_gan_diversity(model, b, generated);
    const gnl_real *real = discriminate(model, b, GNL_REAL, b->x), *fake = discriminate(model, b, GNL_FAKE, generated);
    const gnl_adversarial loss = {o->loss, o->label_smoothing, b->packs, real, fake, o->label_smoothing_fake};
    t->d_real = gnl_gan_mean(b->packs, loss.real);
    t->d_fake = gnl_gan_mean(b->packs, loss.fake);
    gnl_gan_work_of(model)->positive = gnl_adversarial_sign(&loss);
    discriminator_losses(model, b, &loss, factor, &t->d_loss, &sum);
    if (!isfinite(t->d_loss) || !isfinite(sum.total))
        return not_finite("discriminator", t->d_loss, sum.total);
    if (factor > 0)
        *lazy = sum.lazy;
    t->penalty = *lazy + sum.steady;
    GNL_TRY(update(model, GNL_DISCRIMINATOR));
    t->d_grad_norm = gnl_optim_grad_norm(model->optimizer[GNL_DISCRIMINATOR].optim);
    t->label_loss = gnl_gan_work_of(model)->label_loss;
    t->accuracy = gnl_gan_work_of(model)->accuracy;
    clip_weights(model);
    return GENLAT_OK;
}

/* ---- the generator --------------------------------------------------------------------------- */

/* Computes the losses of the generator, and propagates them through the discriminator to the generated samples. Real
 * samples that are only classified do not occur in them. */
static double generator_losses(genlat_model *model, const gnl_gan_batch *whole)
{
    gnl_gan_batch compared = *whole;
    compared.all = whole->rows;
    const gnl_gan_batch *b = &compared;
    gnl_gan_work *work = gnl_gan_work_of(model);
    genlat_exec *discriminator = work->side[GNL_FAKE];
    const uint32_t kind = gnl_gan_config_of(model)->opts.loss;
    const gnl_real *generated = generate(model, b);
    bool compares = gnl_adversarial_needs_real(kind) || gnl_gan_of(model)->features_output >= 0;
    const gnl_real *real = compares ? discriminate(model, b, GNL_REAL, b->x) : NULL;
    const gnl_adversarial loss = {kind, 0, b->packs, real, discriminate(model, b, GNL_FAKE, generated), 0};
    double value = gnl_adversarial_generator(&loss, gnl_exec_output_grad(discriminator, 0));
    value += gnl_gan_class_loss(model, b, GNL_FAKE) + gnl_gan_feature_loss(model, b);
    gnl_exec_backward(discriminator, gnl_gan_outputs(model, GNL_GENERATOR, GNL_FAKE), GNL_GRAD_INPUTS);
    gnl_gan_discriminator_input_backward(model, b, gnl_exec_input_grad(discriminator, 0),
                                         gnl_exec_output_grad(work->generator, 0));
    return value;
}

static genlat_status generator_step(genlat_model *model, const gnl_gan_batch *b, genlat_gan_terms *t)
{
    gnl_penalty_sum sum = {0};
    gnl_penalty_call call = {.model = model, .batch = b, .net = GNL_GENERATOR};
    gnl_model_zero_grad(model, GNL_GENERATOR);
    t->g_loss = generator_losses(model, b);
    gnl_penalties_weights(&gnl_gan_of(model)->penalties, &call, 1, 1, &sum);
    t->g_loss += sum.loss;
    if (!isfinite(t->g_loss))
        return not_finite("generator", t->g_loss, 0);
    gnl_exec_backward(gnl_gan_work_of(model)->generator, 1, GNL_GRAD_WEIGHTS);
    GNL_TRY(update(model, GNL_GENERATOR));
    t->g_grad_norm = gnl_optim_grad_norm(model->optimizer[GNL_GENERATOR].optim);
    return GENLAT_OK;
}

/* Updates all that depends on a successful step: state of penalties, probability of augmentations, averaged weights.
 * The average counts the samples of all discriminator steps since its last update. */
static void after_step(genlat_model *model, const gnl_gan_batch *b, unsigned nets)
{
    gnl_gan *gan = gnl_gan_of(model);
    gnl_penalty_call call = {.model = model, .batch = b, .net = GNL_DISCRIMINATOR};
    if (nets >> GNL_DISCRIMINATOR & 1) {
        gnl_penalties_after_step(&gan->penalties, &call);
        gnl_gan_adapt(model, b);
        gnl_gan_average(model, GNL_DISCRIMINATOR, b->all);
        model->progress.step++;
    }
    if (!(nets >> GNL_GENERATOR & 1))
        return;
    call.net = GNL_GENERATOR;
    gnl_penalties_after_step(&gan->penalties, &call);
    gnl_gan_average(model, GNL_GENERATOR, b->rows * gnl_gan_config_of(model)->opts.discriminator_steps);
}

/* ---- steps ----------------------------------------------------------------------------------- */

static genlat_status take_batch(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels,
                                gnl_gan_batch *b)
{
    const gnl_gan_config *c = gnl_gan_config_of(model);
    const int64_t packing = c->opts.packing, packs = x->shape.dim[0] / packing, rows = packs * packing;
    if (packs < 1)
        return gnl_fail(GENLAT_E_SHAPE, "x has %lld rows, at least %lld expected, the value of packing",
                        (long long)x->shape.dim[0], (long long)packing);
    if (gnl_gan_is_classifier(c))
        GNL_TRY(gnl_model_check_classes(model, labels));
    *b = (gnl_gan_batch){x->data, rows, packs, rows, rows};
    GNL_TRY(gnl_model_want_work(model, rows));
    GNL_TRY(gnl_model_want_saved(model, 1u << GNL_DISCRIMINATOR)); /* of a step of both, which may come later */
    if (gnl_gan_is_classifier(c))
        return gnl_gan_split(model, x, labels, b);
    return gnl_model_fill_condition(model, labels, 0, b->rows, gnl_gan_work_of(model)->condition);
}

genlat_status gnl_gan_step(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels, unsigned nets)
{
    enum { BOTH = 1 << GNL_GENERATOR | 1 << GNL_DISCRIMINATOR };
    gnl_gan *gan = gnl_gan_of(model);
    gnl_gan_batch b;
    genlat_gan_terms t = gan->last;
    double lazy = gan->last_lazy;
    /* If both nets are updated, the generator's loss may fail after the update of the discriminator, which is undone
     * then. */
    const unsigned undone = nets == BOTH ? 1u << GNL_DISCRIMINATOR : 0;
    GNL_TRY(take_batch(model, x, labels, &b));
    GNL_TRY(gnl_model_save_state(model, undone));
    genlat_status status = nets >> GNL_DISCRIMINATOR & 1 ? discriminator_step(model, &b, &t, &lazy) : GENLAT_OK;
    if (status == GENLAT_OK && nets >> GNL_GENERATOR & 1)
        status = generator_step(model, &b, &t);
    if (status != GENLAT_OK) {
        gnl_model_restore_state(model, undone);
        return status;
    }
    after_step(model, &b, nets);
    t.augment_probability = gan->probability;
    gan->last = t;
    gan->last_lazy = lazy;
    return GENLAT_OK;
}

unsigned gnl_gan_nets_due(const genlat_model *model)
{
    bool both = (model->progress.step + 1) % gnl_gan_config_of(model)->opts.discriminator_steps == 0;
    return 1u << GNL_DISCRIMINATOR | (both ? 1u << GNL_GENERATOR : 0);
}

/* ---- public ---------------------------------------------------------------------------------- */

static genlat_status run_step(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels, unsigned nets,
                              genlat_gan_terms *terms)
{
    GNL_TRY(gnl_model_check_batch(model, x, labels));
    GNL_TRY(gnl_result_check_optional(terms, "terms"));
    GNL_TRY(gnl_model_begin_training(model));
    GNL_TRY(gnl_model_end_training(model, gnl_gan_step(model, x, labels, nets)));
    gnl_result_give(terms, &gnl_gan_of(model)->last, sizeof *terms);
    return GENLAT_OK;
}

genlat_status genlat_gan_step(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels,
                              genlat_gan_terms *terms)
{
    GNL_ENTER();
    GNL_TRY(gnl_model_check_family(model, "gan"));
    return run_step(model, x, labels, gnl_gan_nets_due(model), terms);
}

genlat_status genlat_gan_step_d(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels,
                                genlat_gan_terms *terms)
{
    GNL_ENTER();
    GNL_TRY(gnl_model_check_family(model, "gan"));
    return run_step(model, x, labels, 1u << GNL_DISCRIMINATOR, terms);
}

genlat_status genlat_gan_step_g(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels,
                                genlat_gan_terms *terms)
{
    GNL_ENTER();
    GNL_TRY(gnl_model_check_family(model, "gan"));
    return run_step(model, x, labels, 1u << GNL_GENERATOR, terms);
}
