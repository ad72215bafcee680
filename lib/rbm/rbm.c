/* SPDX-License-Identifier: MIT */
/* The restricted Boltzmann machine: settings, training by contrastive divergence (Hinton, Training products of experts
 * by minimizing contrastive divergence, 2002), with persistent chains (Tieleman, 2008), and use. The likelihood is
 * estimated by annealed importance sampling at the end of each epoch. Codes are probabilities of hidden units. */
#include "rbm/rbm.h"

enum { ROWS = 512, POOL = 0 };

/* ---- settings -------------------------------------------------------------------------------- */

typedef struct rbm_opts {
    size_t size;
    int64_t hidden, steps, chains, ais_chains, ais_steps, sample_steps;
} rbm_opts;

static const gnl_option options[] = {
    GNL_OPT_INT(rbm_opts, hidden, 500, 1, 1e6, "hidden units"),
    {.name = "cd", GNL_OPTION_INT, offsetof(rbm_opts, steps), 1, 1, 1e6, NULL, "Gibbs steps of contrastive divergence"},
    GNL_OPT_INT(rbm_opts, chains, 100, 0, 1e6, "persistent chains; 0: chains start at the data"),
    GNL_OPT_INT(rbm_opts, ais_chains, 100, 2, 1e6, "chains of the estimate of the partition function"),
    GNL_OPT_INT(rbm_opts, ais_steps, 1000, 1, 1e9, "temperatures of the estimate of the partition function"),
    GNL_OPT_INT(rbm_opts, sample_steps, 1000, 1, 1e9, "annealed Gibbs steps of a sample"),
};
static const gnl_options_table table = {"rbm", sizeof(rbm_opts), options, GNL_COUNT(options)};

typedef struct rbm_config {
    gnl_config base;
    rbm_opts opts;
    char optimizer[GNL_TEXT_LENGTH], lr_schedule[GNL_TEXT_LENGTH];
} rbm_config;

static const gnl_text texts[] = {
    GNL_TEXT(rbm_config, optimizer, GNL_TEXT_OPTIMIZER, GNL_TEXT_REQUIRED),
    GNL_TEXT(rbm_config, lr_schedule, GNL_TEXT_SCHEDULE, GNL_TEXT_REQUIRED),
};

static const gnl_config_type config_type = {
    .family = "rbm",
    .size = sizeof(rbm_config),
    .options = &table,
    .options_offset = offsetof(rbm_config, opts),
    .texts = texts,
    .count = GNL_COUNT(texts),
};

static const gnl_preset presets[] = {
    {"pcd",
     "500 hidden units, persistent contrastive divergence",
     {"optimizer", "sgd lr=0.05", "epochs", "15", "batch", "100"}},
    {"cd",
     "500 hidden units, contrastive divergence with one step",
     {"chains", "0", "optimizer", "sgd lr=0.1 momentum=0.5", "epochs", "15", "batch", "100"}},
    {.name = NULL},
};

static const char *const choice_keys[] = {"hidden", NULL};

static const gnl_choice choices[] = {
    GNL_CHOICE(ANY, ANY, 0, 0, "pcd", NONE, 2000, "units have values from 0 to 1", "lr_schedule",
               "linear from=1 to=0.01 steps={steps}"),
};

static genlat_status complete(genlat_ctx *ctx, gnl_config *config, bool nets_given)
{
    if (config->classes || config->vector)
        return gnl_fail(GENLAT_E_UNSUPPORTED, "condition is set, but an rbm takes none; leave it out");
    return GENLAT_OK;
}

static const gnl_loss_range unit = {0, 1, false};

static genlat_status range(genlat_ctx *ctx, const gnl_config *config, gnl_loss_range *out)
{
    *out = unit;
    return GENLAT_OK;
}

static void support(const genlat_model *model, gnl_support *out)
{
    *out = (gnl_support){unit, "rbm"};
}

/* ---- model ----------------------------------------------------------------------------------- */

typedef struct rbm {
    genlat_model model;
    gnl_rbm machine, grad;
    gnl_real *base, *chain; /* [visible] biases at the start of annealing; [chains,visible] persistent states */
    double log_z, error;    /* of the partition function, at the end of the last epoch */
    bool estimated;         /* the parameters are those of the estimate */
    gnl_numbers numbers, base_numbers, chain_numbers;
} rbm;

static rbm *rbm_of(const genlat_model *model)
{
    return (rbm *)(uintptr_t)model;
}

static const rbm_opts *opts_of(const genlat_model *model)
{
    return &((const rbm_config *)(const void *)model->config)->opts;
}

static const char *const terms[] = {"nll", "recon", "grad_norm", NULL};

static genlat_status add_parts(genlat_model *model)
{
    rbm *r = rbm_of(model);
    gnl_part base = gnl_part_of_numbers(&r->base_numbers, "base", -1);
    gnl_part chain = gnl_part_of_numbers(&r->chain_numbers, "chains", -1);
    chain.keep = GNL_KEEP_TRAINING;
    GNL_TRY(gnl_model_add_part(model, gnl_part_of_numbers(&r->numbers, "rbm", 0)));
    GNL_TRY(gnl_model_add_part(model, base));
    return gnl_model_add_part(model, chain);
}

static genlat_status make(genlat_model *model)
{
    rbm *r = rbm_of(model);
    genlat_ctx *ctx = model->object.ctx;
    const rbm_opts *o = opts_of(model);
    const int64_t v = model->size, h = o->hidden;
    const gnl_init zero = {GNL_INIT_CONSTANT, 0, 1, 1}, small = {GNL_INIT_NORMAL, 0.01, 1, 1};
    const gnl_param param[] = {{.name = "weight", .shape = {2, {h, v}}, .init = small, .decay = true},
                               {.name = "visible_bias", .shape = {1, {v}}, .init = zero},
                               {.name = "hidden_bias", .shape = {1, {h}}, .init = zero}};
    const gnl_param base = {.name = "bias", .shape = {1, {v}}, .init = zero, .state = true};
    const gnl_param chain = {.name = "state", .shape = {2, {o->chains, v}}, .init = zero, .state = true};
    model->terms = terms;
    GNL_TRY(gnl_numbers_make(ctx, param, GNL_COUNT(param), (uint64_t)gnl_ctx_opts(ctx)->seed, 0, &r->numbers));
    GNL_TRY(gnl_numbers_make(ctx, &base, 1, 0, 0, &r->base_numbers));
    GNL_TRY(gnl_numbers_make(ctx, &chain, o->chains > 0, 0, 0, &r->chain_numbers));
    r->machine = (gnl_rbm){v, h, gnl_numbers_data(&r->numbers, 0), gnl_numbers_data(&r->numbers, 1),
                           gnl_numbers_data(&r->numbers, 2)};
    r->grad = (gnl_rbm){v, h, gnl_numbers_grad(&r->numbers, 0), gnl_numbers_grad(&r->numbers, 1),
                        gnl_numbers_grad(&r->numbers, 2)};
    r->base = gnl_numbers_data(&r->base_numbers, 0);
    r->chain = o->chains > 0 ? gnl_numbers_data(&r->chain_numbers, 0) : NULL;
    return add_parts(model);
}

static void release(genlat_model *model)
{
    rbm *r = rbm_of(model);
    gnl_numbers_free(model->object.ctx, &r->numbers);
    gnl_numbers_free(model->object.ctx, &r->base_numbers);
    gnl_numbers_free(model->object.ctx, &r->chain_numbers);
}

static int fields(genlat_model *model, gnl_keep keep, gnl_field *out)
{
    rbm *r = rbm_of(model);
    out[0] = (gnl_field){"log_z", GNL_FIELD_REAL, &r->log_z, 0, false};
    out[1] = (gnl_field){"log_z_error", GNL_FIELD_REAL, &r->error, 0, false};
    out[2] = (gnl_field){"estimated", GNL_FIELD_FLAG, &r->estimated, 0, false};
    return 3;
}

/* Sets the visible biases, and the start of annealing, to the frequencies of the data. */
static genlat_status start(genlat_model *model, const genlat_source *source)
{
    rbm *r = rbm_of(model);
    gnl_source_stats stats;
    GNL_TRY(gnl_source_stats_new(source, &stats));
    for (int64_t i = 0; i < model->size; i++) {
        const double p = fmin(fmax(stats.mean[i], 1e-3), 1 - 1e-3);
        r->base[i] = r->machine.visible_bias[i] = (gnl_real)(log(p) - log1p(-p));
    }
    gnl_source_stats_free(source, &stats);
    return GENLAT_OK;
}

/* ---- workspaces ------------------------------------------------------------------------------ */

typedef struct workspace {
    gnl_workspace base;
    gnl_rbm_work rbm;
} workspace;

static workspace *workspace_of(gnl_workspace *work)
{
    return (workspace *)work;
}

static genlat_status fill(genlat_model *model, gnl_workspace *base)
{
    const rbm_opts *o = opts_of(model);
    const int64_t rows = GNL_MAX(GNL_MAX(base->rows, o->chains), o->ais_chains);
    return gnl_rbm_work_new(model->object.ctx, &rbm_of(model)->machine, rows, &workspace_of(base)->rbm);
}

static void clear(genlat_model *model, gnl_workspace *base)
{
    gnl_rbm_work_free(model->object.ctx, &workspace_of(base)->rbm);
}

static const gnl_workspace_type training = {sizeof(workspace), 0, fill, clear};
static const gnl_workspace_type using = {sizeof(workspace), ROWS, fill, clear};

/* ---- likelihood ------------------------------------------------------------------------------ */

static void estimate(const genlat_model *model, gnl_rbm_work *work, uint64_t seed, double *log_z, double *error)
{
    const rbm *r = rbm_of(model);
    const rbm_opts *o = opts_of(model);
    gnl_rbm_log_partition(&r->machine, work, o->ais_chains, r->base, o->ais_steps, seed, log_z, error);
}

/* Computes the mean free energy, and the cross-entropy of the data from their reconstruction by p(h|v). */
static void measure(const genlat_model *model, gnl_rbm_work *work, int64_t rows, const gnl_real *x, double *energy,
                    double *recon)
{
    const gnl_rbm *m = &rbm_of(model)->machine;
    gnl_rbm_energy(m, work, rows, x);
    *energy = *recon = 0;
    for (int64_t i = 0; i < rows; i++)
        *energy += work->energy[i] / (double)rows;
    gnl_rbm_encode(m, work, rows, x, work->input);
    gnl_rbm_decode(m, work, rows, work->input, work->field);
    for (int64_t i = 0; i < rows * m->visible; i++) {
        const double p = fmin(fmax((double)work->field[i], 1e-7), 1 - 1e-7), t = (double)x[i];
        *recon -= (t * log(p) + (1 - t) * log1p(-p)) / (double)rows;
    }
}

/* ---- training -------------------------------------------------------------------------------- */

/* Moves the chains to their start: the persistent states, or the data. Returns their number. */
static int64_t begin_chains(genlat_model *model, gnl_rbm_work *work, int64_t rows, const gnl_real *x)
{
    const rbm *r = rbm_of(model);
    const int64_t count = r->chain ? opts_of(model)->chains : rows;
    memcpy(work->v, r->chain ? r->chain : x, (size_t)(count * model->size) * sizeof *x);
    const gnl_rng pass = gnl_model_stream(model, GNL_STREAM_NOISE, GNL_RBM_CHAINS);
    for (int64_t i = 0; i < count; i++) {
        work->rng[i] = pass;
        work->rng[i].counter = (uint64_t)i << 32;
    }
    return count;
}

/* The gradient of the mean free energy of the data minus that of the chains. */
static genlat_status descend(genlat_model *model, gnl_rbm_work *work, int64_t rows, const gnl_real *x)
{
    const rbm *r = rbm_of(model);
    gnl_model_zero_grad(model, 0);
    gnl_rbm_gradient(&r->machine, work, rows, x, 1 / (double)rows, &r->grad);
    const int64_t count = begin_chains(model, work, rows, x);
    gnl_rbm_walk(&r->machine, work, count, opts_of(model)->steps);
    gnl_rbm_gradient(&r->machine, work, count, work->v, -1 / (double)count, &r->grad);
    GNL_TRY(gnl_model_update(model, 0));
    if (r->chain)
        memcpy(r->chain, work->v, (size_t)(count * model->size) * sizeof *x);
    return GENLAT_OK;
}

static genlat_status step(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels, double *out)
{
    rbm *r = rbm_of(model);
    const int64_t rows = x->shape.dim[0];
    double energy = 0;
    GNL_TRY(gnl_model_want_work(model, rows));
    GNL_TRY(gnl_model_save_state(model, 0));
    gnl_rbm_work *work = &workspace_of(model->work)->rbm;
    measure(model, work, rows, x->data, &energy, &out[1]);
    out[0] = energy + r->log_z;
    genlat_status status = isfinite(energy) ? descend(model, work, rows, x->data)
                                            : gnl_fail(GENLAT_E_NUMERIC,
                                                       "the free energy of the batch is %g; lower the learning rate, "
                                                       "or check the data for invalid values",
                                                       energy);
    if (status != GENLAT_OK) {
        gnl_model_restore_state(model, 0);
        return status;
    }
    out[2] = gnl_optim_grad_norm(model->optimizer[0].optim);
    r->estimated = false;
    model->progress.passes++;
    model->progress.step++;
    return GENLAT_OK;
}

static genlat_status end_epoch(genlat_model *model, double *out)
{
    rbm *r = rbm_of(model);
    const double before = r->log_z;
    GNL_TRY(gnl_model_want_work(model, 1));
    estimate(model, &workspace_of(model->work)->rbm, (uint64_t)model->progress.seed, &r->log_z, &r->error);
    r->estimated = true;
    out[0] += r->log_z - before;
    return GENLAT_OK;
}

/* ---- use ------------------------------------------------------------------------------------- */

typedef struct request {
    const genlat_tensor *x;
    double energy, recon, log_z;
    uint64_t seed;
    bool estimates;
    gnl_real *h;
} request;

static genlat_status evaluate_chunk(genlat_model *model, gnl_workspace *base, int64_t first, int64_t rows, void *user)
{
    request *q = user;
    const double share = (double)rows / (double)q->x->shape.dim[0];
    gnl_rbm_work *work = &workspace_of(base)->rbm;
    double energy = 0, recon = 0, error = 0;
    if (q->estimates)
        estimate(model, work, q->seed, &q->log_z, &error);
    q->estimates = false;
    measure(model, work, rows, q->x->data + first * model->size, &energy, &recon);
    q->energy += energy * share;
    q->recon += recon * share;
    return GENLAT_OK;
}

/* The partition function of parameters that have changed since the end of an epoch is estimated for each batch. */
static genlat_status evaluate(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels, uint64_t seed,
                              int64_t first, double *out)
{
    const rbm *r = rbm_of(model);
    request q = {.x = x, .log_z = r->log_z, .seed = seed, .estimates = !r->estimated};
    GNL_TRY(gnl_model_chunks(model, POOL, x->shape.dim[0], evaluate_chunk, &q));
    out[0] = q.energy + q.log_z;
    out[1] = q.recon;
    out[2] = 0;
    return GENLAT_OK;
}

static genlat_status encode_chunk(genlat_model *model, gnl_workspace *base, int64_t first, int64_t rows, void *user)
{
    const request *q = user;
    const gnl_rbm *m = &rbm_of(model)->machine;
    gnl_rbm_encode(m, &workspace_of(base)->rbm, rows, q->x->data + first * m->visible, q->h + first * m->hidden);
    return GENLAT_OK;
}

static genlat_status encode(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels, gnl_real *out)
{
    request q = {.x = x, .h = out};
    return gnl_model_chunks(model, POOL, x->shape.dim[0], encode_chunk, &q);
}

static int64_t hidden(const genlat_model *model)
{
    return opts_of(model)->hidden;
}

typedef struct generation {
    const gnl_prior_call *call;
    gnl_real *z;
} generation;

static genlat_status prior_chunk(genlat_model *model, gnl_workspace *base, int64_t first, int64_t rows, void *user)
{
    const generation *g = user;
    const rbm *r = rbm_of(model);
    gnl_rbm_work *work = &workspace_of(base)->rbm;
    for (int64_t i = 0; i < rows; i++)
        work->rng[i] = gnl_rng_make(g->call->seed, GNL_STREAM_SAMPLE, g->call->first + (uint64_t)(first + i));
    gnl_rbm_anneal(&r->machine, work, rows, r->base, opts_of(model)->sample_steps);
    memcpy(g->z + first * r->machine.hidden, work->h, (size_t)(rows * r->machine.hidden) * sizeof *g->z);
    return GENLAT_OK;
}

/* Hidden states of chains that are annealed from independent units to the machine. */
static genlat_status prior(genlat_model *model, const gnl_prior_call *call, gnl_real *z)
{
    generation g = {call, z};
    if (call->opts->temperature != 1 || call->opts->truncation != 0)
        return gnl_fail(GENLAT_E_UNSUPPORTED, "temperature or truncation is set, but the latents of an rbm are binary "
                                              "units; leave them out");
    return gnl_model_chunks(model, POOL, call->rows, prior_chunk, &g);
}

static genlat_status decode_chunk(genlat_model *model, gnl_workspace *base, int64_t first, int64_t rows, void *user)
{
    const gnl_decode *d = user;
    const gnl_rbm *m = &rbm_of(model)->machine;
    gnl_real *out = d->out + first * m->visible;
    gnl_rbm_decode(m, &workspace_of(base)->rbm, rows, d->z + first * m->hidden, out);
    for (int64_t i = 0; d->noise && i < rows; i++) {
        gnl_rng rng = *d->noise;
        rng.counter += (uint64_t)((first + i) * m->visible);
        for (int64_t k = 0; k < m->visible; k++)
            out[i * m->visible + k] = (double)out[i * m->visible + k] > gnl_rng_unit(&rng);
    }
    return GENLAT_OK;
}

static genlat_status decode(genlat_model *model, const gnl_decode *decode)
{
    gnl_decode d = *decode;
    return gnl_model_chunks(model, POOL, d.rows, decode_chunk, &d);
}

static const gnl_net_slot nets[] = {{NULL, 0}};

const gnl_model_type gnl_rbm_type = {
    .name = "rbm",
    .help = "restricted Boltzmann machine, trained by contrastive divergence",
    .size = sizeof(rbm),
    .config = &config_type,
    .presets = presets,
    .choices = choices,
    .choice_keys = choice_keys,
    .nets = nets,
    .complete = complete,
    .range = range,
    .make = make,
    .start = start,
    .release = release,
    .fields = fields,
    .training = &training,
    .pool = {[POOL] = &using},
    .step = step,
    .end_epoch = end_epoch,
    .evaluate = evaluate,
    .support = support,
    .code_size = hidden,
    .latent_size = hidden,
    .encode = encode,
    .prior = prior,
    .decode = decode,
    .sample_options = GNL_SAMPLE_DRAW,
};
