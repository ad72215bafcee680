/* SPDX-License-Identifier: MIT */
/* The Gaussian mixture: settings, training, and use. Codes are responsibilities of the components. */
#include "gmm/gmm.h"

enum { ROWS = 512, POOL = 0 };

/* ---- settings -------------------------------------------------------------------------------- */

typedef struct gmm_opts {
    size_t size;
    int64_t components, starts;
    double floor;
    uint32_t covariance, reserved;
} gmm_opts;

static const char *const covariances[] = {"full", "diag", NULL};
static const gnl_covariance covariance_of[] = {GNL_COVARIANCE_FULL, GNL_COVARIANCE_DIAG};

static const gnl_option options[] = {
    GNL_OPT_INT(gmm_opts, components, 10, 1, 65536, "number of Gaussians"),
    GNL_OPT_ENUM(gmm_opts, covariance, 0, 1, covariances, "form of the covariances"),
    GNL_OPT_REAL(gmm_opts, floor, 1e-6, 1e-12, 1e6, "number that is added to variances"),
    GNL_OPT_INT(gmm_opts, starts, 3, 1, 1000, "starts by k-means on the first batch, of which the best is taken"),
};
static const gnl_options_table table = {"gmm", sizeof(gmm_opts), options, GNL_COUNT(options),
                                        .reserved = {offsetof(gmm_opts, reserved)}};

typedef struct gmm_config {
    gnl_config base;
    gmm_opts opts;
} gmm_config;

static const gnl_config_type config_type = {
    .family = "gmm",
    .size = sizeof(gmm_config),
    .options = &table,
    .options_offset = offsetof(gmm_config, opts),
};

static const gnl_preset presets[] = {
    {"full", "10 Gaussians with full covariances", {"epochs", "40", "batch", "4000"}},
    {"diag",
     "20 Gaussians with a variance for each element, for data with many elements",
     {"components", "20", "covariance", "diag", "epochs", "60", "batch", "4000"}},
    {.name = NULL},
};

static const char *const choice_keys[] = {"components", "covariance", "floor", NULL};

static const gnl_choice choices[] = {
    GNL_CHOICE(IMAGES, UNIT, 0, 0, "full", NONE, 0, "the values are from 0 to 1", "floor", "1e-3"),
    GNL_CHOICE(ROWS, ANY, 0, 0, "full", FEATURES, 0, "each column has its own scale", "floor", "1e-6"),
    GNL_CHOICE(ANY, ANY, 0, 0, "full", STANDARD, 0, "the values have one scale", "floor", "1e-3"),
};

static genlat_status complete(genlat_ctx *ctx, gnl_config *config, bool nets_given)
{
    if (config->classes || config->vector)
        return gnl_fail(GENLAT_E_UNSUPPORTED, "condition is set, but a gmm takes none; leave it out");
    return GENLAT_OK;
}

/* ---- model ----------------------------------------------------------------------------------- */

typedef struct gmm {
    genlat_model model;
    gnl_mixture mixture; /* in the arrays of `numbers`; standard normals before the first step */
    bool started;        /* by k-means on the first batch */
    gnl_mixture_sums sums;
    gnl_numbers numbers, sum_numbers;
} gmm;

static gmm *gmm_of(const genlat_model *model)
{
    return (gmm *)(uintptr_t)model;
}

static const gmm_opts *opts_of(const genlat_model *model)
{
    return &((const gmm_config *)(const void *)model->config)->opts;
}

static const char *const terms[] = {"nll", NULL};

static genlat_status make(genlat_model *model)
{
    gmm *g = gmm_of(model);
    const gmm_opts *o = opts_of(model);
    const int64_t k = o->components, d = model->size;
    const gnl_init zero = {GNL_INIT_CONSTANT, 0, 1, 1}, equal = {GNL_INIT_CONSTANT, 1 / (double)k, 1, 1};
    g->mixture = (gnl_mixture){.components = k, .dims = d, .covariance = covariance_of[o->covariance]};
    GNL_TRY(gnl_mixture_check(&g->mixture));
    const int full = g->mixture.covariance == GNL_COVARIANCE_FULL;
    const gnl_param param[] = {{.name = "weight", .shape = {1, {k}}, .init = equal, .state = true},
                               {.name = "mean", .shape = {2, {k, d}}, .init = zero, .state = true},
                               {.name = "factor", .shape = {2 + full, {k, d, d}}, .init = zero, .state = true}};
    const gnl_shape sums = {1, {gnl_mixture_sums_count(&g->mixture)}};
    const gnl_param sum[] = {{.name = "sum", .shape = sums, .init = zero, .state = true},
                             {.name = "rest", .shape = sums, .init = zero, .state = true}};
    model->terms = terms;
    GNL_TRY(gnl_numbers_make(model->object.ctx, param, GNL_COUNT(param), 0, 0, &g->numbers));
    GNL_TRY(gnl_numbers_make(model->object.ctx, sum, GNL_COUNT(sum), 0, 0, &g->sum_numbers));
    g->mixture.weight = gnl_numbers_data(&g->numbers, 0);
    g->mixture.mean = gnl_numbers_data(&g->numbers, 1);
    g->mixture.factor = gnl_numbers_data(&g->numbers, 2);
    g->sums = (gnl_mixture_sums){gnl_numbers_data(&g->sum_numbers, 0), gnl_numbers_data(&g->sum_numbers, 1)};
    for (int64_t i = 0; i < k * d; i++)
        g->mixture.factor[full ? i / d * d * d + i % d * (d + 1) : i] = 1;
    gnl_part mixture = gnl_part_of_numbers(&g->numbers, "mixture", -1);
    gnl_part kept = gnl_part_of_numbers(&g->sum_numbers, "sums", -1);
    mixture.fitted = true;
    kept.keep = GNL_KEEP_TRAINING;
    GNL_TRY(gnl_model_add_part(model, mixture));
    return gnl_model_add_part(model, kept);
}

static void release(genlat_model *model)
{
    gnl_numbers_free(model->object.ctx, &gmm_of(model)->numbers);
    gnl_numbers_free(model->object.ctx, &gmm_of(model)->sum_numbers);
}

static int fields(genlat_model *model, gnl_keep keep, gnl_field *out)
{
    out[0] = (gnl_field){"started", GNL_FIELD_FLAG, &gmm_of(model)->started, 0, false};
    return 1;
}

/* ---- workspaces ------------------------------------------------------------------------------ */

typedef struct workspace {
    gnl_workspace base;
    gnl_mixture_work mixture;
    double *log_density; /* [rows] */
} workspace;

static genlat_status fill(genlat_model *model, gnl_workspace *base)
{
    workspace *work = (workspace *)base;
    GNL_TRY(gnl_workspace_alloc(base, (size_t)base->rows, sizeof(double), &work->log_density));
    return gnl_mixture_work_new(model->object.ctx, &gmm_of(model)->mixture, base->rows, &work->mixture);
}

static void clear(genlat_model *model, gnl_workspace *base)
{
    gnl_mixture_work_free(model->object.ctx, &((workspace *)base)->mixture);
}

static const gnl_workspace_type training = {sizeof(workspace), 0, fill, clear};
static const gnl_workspace_type using = {sizeof(workspace), ROWS, fill, clear};

/* ---- training -------------------------------------------------------------------------------- */

/* Starts the mixture by k-means on a batch: the centres with the smallest distances of several starts. */
static genlat_status start(genlat_model *model, const genlat_tensor *x)
{
    const gmm *g = gmm_of(model);
    workspace *work = (workspace *)model->work;
    const uint64_t seed = (uint64_t)model->progress.seed;
    double best = INFINITY, inertia = 0;
    int64_t chosen = 0;
    if (gnl_model_check_finite(model, x->shape.dim[0], x->data, false) != GENLAT_OK)
        return gnl_fail(GENLAT_E_NUMERIC, "the batch has a number that is not finite; check the data");
    for (int64_t i = 0; i <= opts_of(model)->starts; i++) { /* the best one again at the end */
        const int64_t at = i < opts_of(model)->starts ? i : chosen;
        const gnl_rng rng = gnl_rng_make(seed, GNL_STREAM_INIT, (uint64_t)at);
        GNL_TRY(gnl_mixture_start(&g->mixture, &work->mixture, x->shape.dim[0], x->data, rng, opts_of(model)->floor,
                                  NULL, &inertia));
        chosen = inertia < best ? i : chosen;
        best = fmin(best, inertia);
    }
    gmm_of(model)->started = true;
    return GENLAT_OK;
}

static genlat_status update(genlat_model *model)
{
    const gmm *g = gmm_of(model);
    return gnl_mixture_update(&g->mixture, &((workspace *)model->work)->mixture, &g->sums, opts_of(model)->floor);
}

/* Adds a batch to the sums of the current iteration of EM. Without a trainer each step is an iteration. */
static genlat_status step(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels, double *out)
{
    gmm *g = gmm_of(model);
    const int64_t rows = x->shape.dim[0];
    GNL_TRY(gnl_model_want_work(model, rows));
    workspace *work = (workspace *)model->work;
    if (!g->started)
        GNL_TRY(start(model, x));
    gnl_mixture_density(&g->mixture, &work->mixture, rows, x->data, work->log_density);
    out[0] = gnl_mean_nll(rows, work->log_density);
    if (!isfinite(out[0]))
        return gnl_fail(GENLAT_E_NUMERIC, "the log-likelihood of the batch is not finite; check the data");
    gnl_mixture_add(&g->mixture, &work->mixture, rows, x->data, &g->sums);
    if (model->progress.samples == 0)
        GNL_TRY(update(model));
    model->progress.passes++;
    model->progress.step++;
    return GENLAT_OK;
}

static genlat_status end_epoch(genlat_model *model, double *out)
{
    const gmm *g = gmm_of(model);
    double total = 0;
    for (int64_t k = 0; k < g->mixture.components; k++)
        total += (double)g->sums.sum[k];
    if (!(total > 0)) /* the epoch has ended before, and its validation was cancelled */
        return GENLAT_OK;
    GNL_TRY(gnl_model_want_work(model, 1));
    return update(model);
}

/* ---- use ------------------------------------------------------------------------------------- */

typedef struct request {
    const genlat_tensor *x;
    double nll;
    double *scores; /* [rows] receives -log p(x); NULL: not requested */
    gnl_real *share;
} request;

static genlat_status infer_chunk(genlat_model *model, gnl_workspace *base, int64_t first, int64_t rows, void *user)
{
    request *q = user;
    workspace *work = (workspace *)base;
    const gnl_mixture *m = &gmm_of(model)->mixture;
    gnl_mixture_density(m, &work->mixture, rows, q->x->data + first * model->size, work->log_density);
    q->nll += gnl_mean_nll(rows, work->log_density) * (double)rows / (double)q->x->shape.dim[0];
    for (int64_t i = 0; q->scores && i < rows; i++)
        q->scores[first + i] = -work->log_density[i];
    for (int64_t i = 0; q->share && i < rows * m->components; i++)
        q->share[first * m->components + i] = (gnl_real)work->mixture.share[i];
    return GENLAT_OK;
}

static genlat_status evaluate(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels, uint64_t seed,
                              int64_t first, double *out)
{
    request q = {.x = x};
    GNL_TRY(gnl_model_chunks(model, POOL, x->shape.dim[0], infer_chunk, &q));
    out[0] = q.nll;
    return GENLAT_OK;
}

static const gnl_score *scores(const genlat_model *model)
{
    static const gnl_score nll[] = {{"nll", "-log p(x)"}, {NULL, NULL}};
    return nll;
}

static genlat_status score(genlat_model *model, gnl_score_call *call)
{
    request q = {.x = call->x, .scores = call->out};
    return gnl_model_chunks(model, POOL, call->x->shape.dim[0], infer_chunk, &q);
}

static genlat_status encode(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels, gnl_real *out)
{
    request q = {.x = x, .share = out};
    return gnl_model_chunks(model, POOL, x->shape.dim[0], infer_chunk, &q);
}

static int64_t components(const genlat_model *model)
{
    return opts_of(model)->components;
}

/* Chooses components: 1 for the chosen one, 0 for the others. */
static genlat_status prior(genlat_model *model, const gnl_prior_call *call, gnl_real *z)
{
    const gnl_mixture *m = &gmm_of(model)->mixture;
    if (call->opts->temperature != 1 || call->opts->truncation != 0)
        return gnl_fail(GENLAT_E_UNSUPPORTED, "temperature or truncation is set, but the latents of a gmm are its "
                                              "components; leave them out");
    memset(z, 0, (size_t)(call->rows * m->components) * sizeof *z);
    for (int64_t i = 0; i < call->rows; i++) {
        gnl_rng rng = gnl_rng_make(call->seed, GNL_STREAM_SAMPLE, call->first + (uint64_t)i);
        z[i * m->components + gnl_mixture_choose(m, gnl_rng_unit(&rng))] = 1;
    }
    return GENLAT_OK;
}

/* Draws from the component with the largest number in z. */
static void draw(const gnl_mixture *m, const gnl_decode *d, int64_t row, gnl_real *out)
{
    const gnl_real *z = d->z + row * m->components;
    gnl_rng rng = *d->noise;
    int64_t chosen = 0;
    for (int64_t k = 1; k < m->components; k++)
        chosen = z[k] > z[chosen] ? k : chosen;
    rng.counter += (uint64_t)(row * m->dims);
    gnl_rng_fill_normal(&rng, out, m->dims);
    gnl_mixture_place(m, chosen, out);
}

/* The mean is that of the components, weighted with z. */
static genlat_status decode(genlat_model *model, const gnl_decode *d)
{
    const gnl_mixture *m = &gmm_of(model)->mixture;
    const gnl_kernels *k = gnl_kernels_of(model->object.ctx);
    for (int64_t i = 0; i < d->rows; i++) {
        gnl_real *out = d->out + i * m->dims;
        memset(out, 0, (size_t)m->dims * sizeof *out);
        if (d->noise)
            draw(m, d, i, out);
        for (int64_t j = 0; !d->noise && j < m->components; j++)
            k->axpy(m->dims, d->z[i * m->components + j], m->mean + j * m->dims, out);
    }
    return GENLAT_OK;
}

static const gnl_net_slot nets[] = {{NULL, 0}};

const gnl_model_type gnl_gmm_type = {
    .name = "gmm",
    .help = "mixture of Gaussians, fitted by EM",
    .size = sizeof(gmm),
    .config = &config_type,
    .presets = presets,
    .choices = choices,
    .choice_keys = choice_keys,
    .nets = nets,
    .complete = complete,
    .make = make,
    .release = release,
    .fields = fields,
    .training = &training,
    .pool = {[POOL] = &using},
    .step = step,
    .end_epoch = end_epoch,
    .fits_epochs = true,
    .evaluate = evaluate,
    .scores = scores,
    .score = score,
    .code_size = components,
    .latent_size = components,
    .encode = encode,
    .prior = prior,
    .decode = decode,
    .sample_options = GNL_SAMPLE_DRAW | GNL_SAMPLE_ALWAYS,
};
