/* SPDX-License-Identifier: MIT */
/* Training steps of the GAN. The critic's: generated samples, both sides seen, loss and penalties back into the critic. The
 * generator's: through the critic by input gradients alone, then back into the generator. */
#include <math.h>

#include "model/gan_priv.h"

struct gnl_gan_work {
    int64_t rows; /* room, samples; a multiple of packing */
    genlat_exec *generator, *real, *fake;
    genlat_exec *between;    /* for the penalty gp; NULL: none */
    gnl_real *z;             /* [rows,latent] */
    gnl_real *condition;     /* [rows,condition] */
    gnl_real *seen[2];       /* [rows,size] what the critic sees of real and generated samples under noise */
    gnl_real *noise;         /* [rows,size] */
    gnl_real *point;         /* [rows,size] where gp is taken */
    gnl_real *dreal, *dfake; /* [rows/packing] */
};

enum { REAL, FAKE };

void gnl_gan_work_free(genlat_ctx *ctx, gnl_gan_work *work)
{
    if (!work)
        return;
    genlat_exec *const execs[] = {work->generator, work->real, work->fake, work->between};
    for (size_t i = 0; i < GNL_COUNT(execs); i++)
        gnl_exec_release(execs[i]);
    void *const blocks[] = {work->z,     work->condition, work->seen[REAL], work->seen[FAKE],
                            work->noise, work->point,     work->dreal,      work->dfake};
    for (size_t i = 0; i < GNL_COUNT(blocks); i++)
        gnl_free(ctx, blocks[i]);
    gnl_free(ctx, work);
}

static genlat_status allocate_blocks(const genlat_gan *gan, gnl_gan_work *work)
{
    const genlat_gan_opts *o = &gan->recipe.opts;
    size_t rows = (size_t)work->rows, numbers = rows * (size_t)gan->size;
    size_t noisy = o->noise > 0 ? numbers : 0, between = o->gp > 0 ? numbers : 0;
    const struct {
        gnl_real **out;
        size_t count;
    } blocks[] = {{&work->z, rows * (size_t)o->latent},
                  {&work->condition, rows * (size_t)gan->condition},
                  {&work->seen[REAL], noisy},
                  {&work->seen[FAKE], noisy},
                  {&work->noise, GNL_MAX(noisy, between)},
                  {&work->point, between},
                  {&work->dreal, rows},
                  {&work->dfake, rows}};
    for (size_t i = 0; i < GNL_COUNT(blocks); i++)
        if (!(*blocks[i].out = gnl_alloc(gan->model.object.ctx, blocks[i].count, sizeof(gnl_real))))
            return GENLAT_E_MEMORY;
    return GENLAT_OK;
}

static genlat_status compile_critic(genlat_gan *gan, int64_t rows, double weight, bool input_grads,
                                    genlat_exec **out)
{
    const genlat_exec_opts opts =
        gnl_exec_opts(weight > 0 ? GENLAT_EXEC_PENALTY : GENLAT_EXEC_TRAINING, input_grads || weight > 0);
    return gnl_net_compile(gan->discriminator, rows / gan->recipe.opts.packing, &opts, out);
}

static genlat_status work_fill(genlat_gan *gan, gnl_gan_work *work)
{
    const genlat_gan_opts *o = &gan->recipe.opts;
    const genlat_exec_opts made = gnl_exec_opts(GENLAT_EXEC_TRAINING, false);
    GNL_TRY(gnl_net_compile(gan->generator, work->rows, &made, &work->generator));
    GNL_TRY(compile_critic(gan, work->rows, o->r1, false, &work->real));
    GNL_TRY(compile_critic(gan, work->rows, o->r2, true, &work->fake));
    if (o->gp > 0)
        GNL_TRY(compile_critic(gan, work->rows, o->gp, true, &work->between));
    return allocate_blocks(gan, work);
}

genlat_status gnl_gan_check_critic(genlat_gan *gan)
{
    genlat_exec *exec = NULL;
    const genlat_gan_opts *o = &gan->recipe.opts;
    genlat_status status = compile_critic(gan, o->packing, o->r1 + o->r2 + o->gp, true, &exec);
    gnl_exec_release(exec);
    return status == GENLAT_OK ? status : gnl_fail_in(status, "discriminator");
}

static int64_t moments_of(const genlat_optim *optim, gnl_real *out, const gnl_real *in)
{
    int64_t total = 0;
    for (int i = 0; i < gnl_optim_slots(optim); i++) {
        const gnl_optim_slot slot = gnl_optim_slot_at(optim, i);
        size_t bytes = (size_t)slot.count * sizeof(gnl_real);
        if (out)
            memcpy(out + total, slot.data, bytes);
        if (in)
            memcpy(slot.data, in + total, bytes);
        total += slot.count;
    }
    return total;
}

/* Workspace for at least `rows`; made anew when a larger batch comes. */
static genlat_status want_work(genlat_gan *gan, int64_t rows)
{
    genlat_ctx *ctx = gan->model.object.ctx;
    if (gan->work && gan->work->rows >= rows)
        return GENLAT_OK;
    int64_t kept = gan->generator->states + gan->discriminator->states + gan->discriminator->values +
                   moments_of(gan->optim_d, NULL, NULL);
    if (!gan->saved && !(gan->saved = gnl_alloc(ctx, (size_t)kept, sizeof *gan->saved)))
        return GENLAT_E_MEMORY;
    gnl_gan_work *work = gnl_calloc(ctx, 1, sizeof *work);
    if (!work)
        return GENLAT_E_MEMORY;
    work->rows = rows;
    genlat_status status = work_fill(gan, work);
    gnl_gan_work_free(ctx, status == GENLAT_OK ? gan->work : work);
    if (status == GENLAT_OK)
        gan->work = work;
    return status;
}

/* ---- going back ------------------------------------------------------------------------------ */

/* What a step that fails must put back: in a step of both, the critic has moved when the generator's loss turns out not to be
 * finite. The generator and its average move last. */
typedef struct keepsake {
    int64_t steps_d, passes;
} keepsake;

static void copy_numbers(genlat_gan *gan, bool back)
{
    const struct {
        gnl_real *data;
        int64_t count;
    } parts[] = {{gan->generator->state, gan->generator->states},
                 {gan->discriminator->state, gan->discriminator->states},
                 {gan->discriminator->value, gan->discriminator->values}};
    gnl_real *saved = gan->saved;
    for (size_t i = 0; i < GNL_COUNT(parts); i++) {
        memcpy(back ? parts[i].data : saved, back ? saved : parts[i].data,
               (size_t)parts[i].count * sizeof *saved);
        saved += parts[i].count;
    }
    moments_of(gan->optim_d, back ? NULL : saved, back ? saved : NULL);
}

static keepsake keep(genlat_gan *gan)
{
    copy_numbers(gan, false);
    return (keepsake){gnl_optim_steps(gan->optim_d), gan->model.progress.passes};
}

static genlat_status go_back(genlat_gan *gan, const keepsake *k, genlat_status status)
{
    copy_numbers(gan, true);
    gnl_optim_set_steps(gan->optim_d, k->steps_d);
    gan->model.progress.passes = k->passes;
    return status;
}

/* ---- forward --------------------------------------------------------------------------------- */

/* The batch of a step: whole packs alone. */
typedef struct batch {
    const gnl_real *x;
    int64_t rows, packs;
} batch;

static double factor(const genlat_gan *gan, const genlat_schedule *schedule)
{
    return schedule ? gnl_schedule_value(schedule, gan->model.progress.step) : 1;
}

/* Each pass has substreams of its own, so that its numbers do not depend on the passes before. */
static gnl_rng stream(const genlat_gan *gan, gnl_stream kind, uint64_t part)
{
    uint64_t seed = (uint64_t)gnl_ctx_opts(gan->model.object.ctx)->seed;
    return gnl_rng_make(seed, kind, (uint64_t)gan->model.progress.passes << 3 | part);
}

static const gnl_real *generate(genlat_gan *gan, const batch *b)
{
    gnl_gan_work *work = gan->work;
    gnl_rng rng = stream(gan, GNL_STREAM_NOISE, 0);
    gnl_fill_normal(&work->generator->compute, &rng, b->rows * gan->recipe.opts.latent, work->z);
    work->generator->dropout = stream(gan, GNL_STREAM_DROPOUT, 0);
    const gnl_real *in[] = {work->z, work->condition};
    gnl_exec_forward(work->generator, true, b->rows, in);
    return gnl_exec_output(work->generator, 0);
}

/* Samples as the critic sees them: under noise, when there is some. */
static const gnl_real *veil(genlat_gan *gan, const batch *b, int which, const gnl_real *x)
{
    gnl_gan_work *work = gan->work;
    double sd = gan->recipe.opts.noise * factor(gan, gan->noise_schedule);
    if (!(sd > 0))
        return x;
    const gnl_compute *c = &work->real->compute;
    int64_t n = b->rows * gan->size;
    gnl_rng rng = stream(gan, GNL_STREAM_AUGMENT, (uint64_t)which);
    gnl_fill_normal(c, &rng, n, work->noise);
    c->k->scale(n, (gnl_real)sd, work->noise, work->noise);
    c->k->add(n, x, work->noise, work->seen[which]);
    return work->seen[which];
}

static const gnl_real *criticise(genlat_gan *gan, const batch *b, int which, const gnl_real *x)
{
    genlat_exec *exec = which == REAL ? gan->work->real : gan->work->fake;
    const gnl_real *in[] = {veil(gan, b, which, x), gan->work->condition};
    exec->dropout = stream(gan, GNL_STREAM_DROPOUT, 1 + (uint64_t)which);
    gnl_exec_forward(exec, true, b->packs, in);
    return gnl_exec_output(exec, 0);
}

static double mean_of(int64_t n, const gnl_real *x)
{
    double total = 0;
    for (int64_t i = 0; i < n; i++)
        total += (double)x[i];
    return total / (double)n;
}

/* ---- the critic ------------------------------------------------------------------------------ */

/* The critic's loss back into its weights, with the penalty on the same samples where it is due. */
static double critic_back(genlat_exec *exec, double weight, const gnl_real *dloss)
{
    const gnl_penalty penalty = {.kind = GNL_PENALTY_ZERO, .weight = weight, .dloss = dloss};
    if (weight > 0)
        return weight * gnl_exec_penalty(exec, &penalty, NULL);
    memcpy(gnl_exec_output_grad(exec, 0), dloss, (size_t)exec->rows * sizeof *dloss);
    gnl_exec_backward(exec, 1, GNL_GRAD_WEIGHTS);
    return 0;
}

/* Points on the lines between real and generated samples, one place a pack. */
static void interpolate(const genlat_gan *gan, const batch *b, const gnl_real *fake, gnl_real *point)
{
    gnl_rng rng = stream(gan, GNL_STREAM_AUGMENT, 2);
    int64_t n = gan->size * gan->recipe.opts.packing;
    for (int64_t i = 0; i < b->packs; i++) {
        gnl_real part = (gnl_real)gnl_rng_unit(&rng);
        for (int64_t j = i * n; j < (i + 1) * n; j++)
            point[j] = b->x[j] + part * (fake[j] - b->x[j]);
    }
}

static double spread_of(const gnl_real *x, int64_t n)
{
    double mean = mean_of(n, x), total = 0;
    for (int64_t i = 0; i < n; i++)
        total += ((double)x[i] - mean) * ((double)x[i] - mean);
    return sqrt(total / (double)n);
}

/* Real samples moved by half the batch's standard deviation times uniform noise. */
static void perturb(const genlat_gan *gan, const batch *b, gnl_real *point)
{
    gnl_rng rng = stream(gan, GNL_STREAM_AUGMENT, 2);
    int64_t n = b->rows * gan->size;
    gnl_real *noise = gan->work->noise, half = (gnl_real)(0.5 * spread_of(b->x, n));
    gnl_fill_uniform(&gan->work->real->compute, &rng, n, 0, 1, noise);
    for (int64_t i = 0; i < n; i++)
        point[i] = b->x[i] + half * noise[i];
}

static double penalty_between(genlat_gan *gan, const batch *b, double weight, const gnl_real *fake)
{
    gnl_gan_work *work = gan->work;
    const genlat_gan_opts *o = &gan->recipe.opts;
    const gnl_real *in[] = {work->point, work->condition};
    const gnl_penalty penalty = {.kind = (gnl_penalty_kind)o->gp_kind, .weight = weight};
    if (!(weight > 0))
        return 0;
    if (o->gp_place == GENLAT_GAN_PLACE_DRAGAN)
        perturb(gan, b, work->point);
    else
        interpolate(gan, b, fake, work->point);
    work->between->dropout = stream(gan, GNL_STREAM_DROPOUT, 3);
    gnl_exec_forward(work->between, true, b->packs, in);
    return weight * gnl_exec_penalty(work->between, &penalty, NULL);
}

/* Penalties that are left out in most steps count so many times more in the others. No step of the optimizer is added for
 * them, so that rate and decays need no correction. */
static double penalty_factor(const genlat_gan *gan)
{
    int64_t every = gan->recipe.opts.penalty_every;
    bool due = gan->model.progress.step % every == 0;
    return due ? (double)every * factor(gan, gan->penalty_schedule) : 0;
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
        gnl_optim_set_lr(optim, lr * factor(gan, gan->lr_schedule));
    genlat_status status = gnl_optim_step(optim);
    gan->model.progress.passes++;
    return status == GENLAT_OK ? status : gnl_fail_in(status, "%s", where);
}

static genlat_status critic_step(genlat_gan *gan, const batch *b, genlat_gan_terms *t, const char *where)
{
    gnl_gan_work *work = gan->work;
    const genlat_gan_opts *o = &gan->recipe.opts;
    double due = penalty_factor(gan);
    gnl_net_zero_grad(gan->discriminator);
    const gnl_real *made = generate(gan, b);
    const gnl_adversarial loss = {o->loss, o->label_smoothing, b->packs, criticise(gan, b, REAL, b->x),
                                  criticise(gan, b, FAKE, made)};
    t->d_loss = gnl_adversarial_critic(&loss, work->dreal, work->dfake);
    t->d_real = mean_of(b->packs, loss.real);
    t->d_fake = mean_of(b->packs, loss.fake);
    double penalty = critic_back(work->real, due * o->r1, work->dreal);
    penalty += critic_back(work->fake, due * o->r2, work->dfake);
    penalty += penalty_between(gan, b, due * o->gp, made);
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

static genlat_status generator_step(genlat_gan *gan, const batch *b, genlat_gan_terms *t, const char *where)
{
    gnl_gan_work *work = gan->work;
    const genlat_gan_opts *o = &gan->recipe.opts;
    gnl_net_zero_grad(gan->generator);
    const gnl_real *made = generate(gan, b);
    const gnl_real *real = gnl_adversarial_needs_real(o->loss) ? criticise(gan, b, REAL, b->x) : NULL;
    const gnl_adversarial loss = {o->loss, 0, b->packs, real, criticise(gan, b, FAKE, made)};
    t->g_loss = gnl_adversarial_generator(&loss, work->dfake);
    if (!isfinite(t->g_loss))
        return not_finite(where, "generator", t->g_loss, 0);
    memcpy(gnl_exec_output_grad(work->fake, 0), work->dfake, (size_t)b->packs * sizeof *work->dfake);
    gnl_exec_backward(work->fake, 1, GNL_GRAD_INPUTS);
    memcpy(gnl_exec_output_grad(work->generator, 0), gnl_exec_input_grad(work->fake, 0),
           (size_t)(b->rows * gan->size) * sizeof(gnl_real));
    gnl_exec_backward(work->generator, 1, GNL_GRAD_WEIGHTS);
    GNL_TRY(update(gan, gan->optim_g, gan->lr_g, where));
    t->g_grad_norm = gnl_optim_grad_norm(gan->optim_g);
    return GENLAT_OK;
}

static void follow(genlat_gan *gan, int64_t samples)
{
    if (!gan->ema)
        return;
    gnl_ema_update(gan->ema, samples);
    atomic_store(&gan->stale, true);
}

/* ---- steps ----------------------------------------------------------------------------------- */

typedef enum moves { CRITIC = 1, GENERATOR = 2 } moves;

static genlat_status make_batch(genlat_gan *gan, const genlat_tensor *x, const genlat_tensor *labels,
                                batch *b, const char *where)
{
    int64_t packing = gan->recipe.opts.packing, packs = x->shape.dim[0] / packing;
    if (packs < 1)
        return gnl_fail(GENLAT_E_SHAPE, "%s: x has %lld rows, packing wants %lld at least", where,
                        (long long)x->shape.dim[0], (long long)packing);
    *b = (batch){x->data, packs * packing, packs};
    GNL_TRY(want_work(gan, b->rows));
    return gnl_model_fill_condition(&gan->model, labels, 0, b->rows, gan->work->condition, where);
}

/* The average moves with all samples since its last update, those of the critic's other steps too. */
static genlat_status step(genlat_gan *gan, const genlat_tensor *x, const genlat_tensor *labels,
                          unsigned which, const char *where)
{
    batch b;
    genlat_gan_terms t = gan->last;
    GNL_TRY(make_batch(gan, x, labels, &b, where));
    const keepsake before = keep(gan);
    genlat_status status = which & CRITIC ? critic_step(gan, &b, &t, where) : GENLAT_OK;
    if (status == GENLAT_OK && which & GENERATOR)
        status = generator_step(gan, &b, &t, where);
    if (status != GENLAT_OK)
        return go_back(gan, &before, status);
    if (which & GENERATOR)
        follow(gan, b.rows * gan->recipe.opts.critic_steps);
    if (which & CRITIC)
        gan->model.progress.step++;
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
