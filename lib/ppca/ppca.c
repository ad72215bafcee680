/* SPDX-License-Identifier: MIT */
/* Probabilistic PCA: settings, training, and use. An epoch sums the moments of the data, its end computes the
 * parameters. Codes are the means of p(z|x): coordinates along the principal axes. */
#include "ppca/ppca.h"

enum { ROWS = 512, POOL = 0 };

/* ---- settings -------------------------------------------------------------------------------- */

typedef struct ppca_opts {
    size_t size;
    int64_t latent;
    double floor;
} ppca_opts;

static const gnl_option options[] = {
    GNL_OPT_INT(ppca_opts, latent, 0, 0, 65536,
                "principal axes, fewer than the elements of the data; 0: 32, or half the elements if that is less"),
    GNL_OPT_REAL(ppca_opts, floor, 1e-6, 1e-12, 1e6, "smallest variance"),
};
static const gnl_options_table table = {"ppca", sizeof(ppca_opts), options, GNL_COUNT(options)};

typedef struct ppca_config {
    gnl_config base;
    ppca_opts opts;
} ppca_config;

static const gnl_config_type config_type = {
    .family = "ppca",
    .size = sizeof(ppca_config),
    .options = &table,
    .options_offset = offsetof(ppca_config, opts),
};

static const gnl_preset presets[] = {
    {"ppca", "32 principal axes, or half the elements of the data", {"epochs", "1", "batch", "1000"}},
    {.name = NULL},
};

static const char *const choice_keys[] = {NULL};

static const gnl_choice choices[] = {
    GNL_CHOICE(IMAGES, UNIT, 0, 0, "ppca", NONE, 0, "the values are from 0 to 1", "floor", "1e-6"),
    GNL_CHOICE(ROWS, ANY, 0, 0, "ppca", FEATURES, 0, "each column has its own scale", "floor", "1e-6"),
    GNL_CHOICE(ANY, ANY, 0, 0, "ppca", STANDARD, 0, "the values have one scale", "floor", "1e-6"),
};

static genlat_status complete(genlat_ctx *ctx, gnl_config *config, bool nets_given)
{
    enum { USUAL = 32, MOST = 4096 };
    ppca_opts *o = &((ppca_config *)(void *)config)->opts;
    const int64_t size = gnl_shape_count(&config->data);
    if (config->classes || config->vector)
        return gnl_fail(GENLAT_E_UNSUPPORTED, "condition is set, but a ppca takes none; leave it out");
    if (size < 2)
        return gnl_fail(GENLAT_E_SHAPE, "a sample has 1 element, 2 or more expected");
    if (size > MOST)
        return gnl_fail(GENLAT_E_UNSUPPORTED,
                        "a sample has %lld elements, %d or less expected: the time that a ppca takes grows with their "
                        "cube; make the samples smaller, or train a vae",
                        (long long)size, MOST);
    if (o->latent >= size)
        return gnl_fail(GENLAT_E_RANGE, "latent is %lld, less than the %lld elements of a sample expected",
                        (long long)o->latent, (long long)size);
    if (o->latent == 0)
        o->latent = GNL_MIN(USUAL, size / 2);
    return GENLAT_OK;
}

/* ---- model ----------------------------------------------------------------------------------- */

typedef struct ppca {
    genlat_model model;
    gnl_ppca density;
    gnl_mixture one; /* one component for the sums; its mean is that of the first batch */
    gnl_mixture_sums sums;
    gnl_numbers numbers, sum_numbers;
} ppca;

static ppca *ppca_of(const genlat_model *model)
{
    return (ppca *)(uintptr_t)model;
}

static const ppca_opts *opts_of(const genlat_model *model)
{
    return &((const ppca_config *)(const void *)model->config)->opts;
}

static const char *const terms[] = {"nll", NULL};

static void set_arrays(ppca *p)
{
    p->density.mean = gnl_numbers_data(&p->numbers, 0);
    p->density.axis = gnl_numbers_data(&p->numbers, 1);
    p->density.variance = gnl_numbers_data(&p->numbers, 2);
    p->density.noise = gnl_numbers_data(&p->numbers, 3);
    p->sums = (gnl_mixture_sums){gnl_numbers_data(&p->sum_numbers, 0), gnl_numbers_data(&p->sum_numbers, 1)};
    p->one.mean = gnl_numbers_data(&p->sum_numbers, 2);
}

/* The density is a standard normal before the first fit. */
static genlat_status make(genlat_model *model)
{
    ppca *p = ppca_of(model);
    const int64_t d = model->size, latent = opts_of(model)->latent;
    const gnl_init zero = {GNL_INIT_CONSTANT, 0, 1, 1}, one = {GNL_INIT_CONSTANT, 1, 1, 1};
    p->density = (gnl_ppca){.dims = d, .latent = latent};
    p->one = (gnl_mixture){.components = 1, .dims = d, .covariance = GNL_COVARIANCE_FULL};
    GNL_TRY(gnl_mixture_check(&p->one));
    const gnl_shape sums = {1, {gnl_mixture_sums_count(&p->one)}};
    const gnl_param param[] = {{.name = "mean", .shape = {1, {d}}, .init = zero, .state = true},
                               {.name = "axis", .shape = {2, {latent, d}}, .init = zero, .state = true},
                               {.name = "variance", .shape = {1, {latent}}, .init = one, .state = true},
                               {.name = "noise", .shape = {1, {1}}, .init = one, .state = true}};
    const gnl_param sum[] = {{.name = "sum", .shape = sums, .init = zero, .state = true},
                             {.name = "rest", .shape = sums, .init = zero, .state = true},
                             {.name = "origin", .shape = {1, {d}}, .init = zero, .state = true}};
    model->terms = terms;
    GNL_TRY(gnl_numbers_make(model->object.ctx, param, GNL_COUNT(param), 0, 0, &p->numbers));
    GNL_TRY(gnl_numbers_make(model->object.ctx, sum, GNL_COUNT(sum), 0, 0, &p->sum_numbers));
    set_arrays(p);
    gnl_part density = gnl_part_of_numbers(&p->numbers, "ppca", -1);
    gnl_part kept = gnl_part_of_numbers(&p->sum_numbers, "sums", -1);
    density.fitted = true;
    kept.keep = GNL_KEEP_TRAINING;
    GNL_TRY(gnl_model_add_part(model, density));
    return gnl_model_add_part(model, kept);
}

static void release(genlat_model *model)
{
    gnl_numbers_free(model->object.ctx, &ppca_of(model)->numbers);
    gnl_numbers_free(model->object.ctx, &ppca_of(model)->sum_numbers);
}

/* ---- workspaces ------------------------------------------------------------------------------ */

typedef struct workspace {
    gnl_workspace base;
    gnl_mixture_work sums;
    double *log_density, *mean, *values; /* [rows], [dims], [2,dims] */
} workspace;

static genlat_status fill_use(genlat_model *model, gnl_workspace *base)
{
    workspace *work = (workspace *)base;
    work->sums.compute = (gnl_compute){model->object.ctx, gnl_kernels_of(model->object.ctx), NULL};
    return gnl_workspace_alloc(base, (size_t)base->rows, sizeof(double), &work->log_density);
}

static genlat_status fill_training(genlat_model *model, gnl_workspace *base)
{
    workspace *work = (workspace *)base;
    const size_t dims = (size_t)model->size;
    GNL_TRY(gnl_workspace_alloc(base, (size_t)base->rows, sizeof(double), &work->log_density));
    GNL_TRY(gnl_workspace_alloc(base, dims, sizeof(double), &work->mean));
    GNL_TRY(gnl_workspace_alloc(base, 2 * dims, sizeof(double), &work->values));
    GNL_TRY(gnl_mixture_work_new(model->object.ctx, &ppca_of(model)->one, base->rows, &work->sums));
    for (int64_t i = 0; i < base->rows; i++)
        work->sums.share[i] = 1;
    return GENLAT_OK;
}

static void clear_training(genlat_model *model, gnl_workspace *base)
{
    gnl_mixture_work_free(model->object.ctx, &((workspace *)base)->sums);
}

static const gnl_workspace_type training = {sizeof(workspace), 0, fill_training, clear_training};
static const gnl_workspace_type using = {sizeof(workspace), ROWS, fill_use, NULL};

/* ---- training -------------------------------------------------------------------------------- */

/* Sets the origin of the sums to the mean of the first batch, so that nothing cancels in them. */
static void set_origin(const genlat_model *model, int64_t rows, const gnl_real *x)
{
    const ppca *p = ppca_of(model);
    double *mean = ((workspace *)model->work)->mean;
    memset(mean, 0, (size_t)model->size * sizeof *mean);
    for (int64_t i = 0; i < rows * model->size; i++)
        mean[i % model->size] += (double)x[i] / (double)rows;
    for (int64_t d = 0; d < model->size; d++)
        p->one.mean[d] = (gnl_real)mean[d];
}

static genlat_status fit(genlat_model *model)
{
    const ppca *p = ppca_of(model);
    workspace *work = (workspace *)model->work;
    const size_t bytes = (size_t)gnl_mixture_sums_count(&p->one) * sizeof(gnl_real);
    gnl_mixture_moments(&p->one, &p->sums, 0, 0, work->mean, work->sums.matrix);
    GNL_TRY(gnl_ppca_fit(&p->density, work->mean, work->sums.matrix, opts_of(model)->floor,
                         work->sums.matrix + model->size * model->size, work->values));
    memset(p->sums.sum, 0, bytes);
    memset(p->sums.rest, 0, bytes);
    return GENLAT_OK;
}

/* Adds a batch to the sums. Without a trainer each step is a fit to its batch. */
static genlat_status step(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels, double *out)
{
    const ppca *p = ppca_of(model);
    const int64_t rows = x->shape.dim[0];
    GNL_TRY(gnl_model_want_work(model, rows));
    workspace *work = (workspace *)model->work;
    gnl_ppca_infer(&p->density, &work->sums.compute, rows, x->data, work->log_density, NULL);
    out[0] = gnl_mean_nll(rows, work->log_density);
    if (!isfinite(out[0]))
        return gnl_fail(GENLAT_E_NUMERIC, "the log-likelihood of the batch is not finite; check the data");
    if (!(p->sums.sum[0] > 0))
        set_origin(model, rows, x->data);
    gnl_mixture_add(&p->one, &work->sums, rows, x->data, &p->sums);
    if (model->progress.samples == 0)
        GNL_TRY(fit(model));
    model->progress.passes++;
    model->progress.step++;
    return GENLAT_OK;
}

/* Replaces the mean over the epoch, of the parameters before the fit, by that of the fit. */
static genlat_status end_epoch(genlat_model *model, double *out)
{
    if (!(ppca_of(model)->sums.sum[0] > 0)) /* the epoch has ended before, and its validation was cancelled */
        return GENLAT_OK;
    GNL_TRY(gnl_model_want_work(model, 1));
    GNL_TRY(fit(model));
    out[0] = -gnl_ppca_score(&ppca_of(model)->density);
    return GENLAT_OK;
}

/* ---- use ------------------------------------------------------------------------------------- */

typedef struct request {
    const genlat_tensor *x;
    double nll;
    double *scores; /* [rows] receives -log p(x); NULL: not requested */
    gnl_real *z;
} request;

static genlat_status infer_chunk(genlat_model *model, gnl_workspace *base, int64_t first, int64_t rows, void *user)
{
    request *q = user;
    workspace *work = (workspace *)base;
    const gnl_ppca *p = &ppca_of(model)->density;
    gnl_ppca_infer(p, &work->sums.compute, rows, q->x->data + first * model->size, work->log_density,
                   q->z ? q->z + first * p->latent : NULL);
    q->nll += gnl_mean_nll(rows, work->log_density) * (double)rows / (double)q->x->shape.dim[0];
    for (int64_t i = 0; q->scores && i < rows; i++)
        q->scores[first + i] = -work->log_density[i];
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
    request q = {.x = x, .z = out};
    return gnl_model_chunks(model, POOL, x->shape.dim[0], infer_chunk, &q);
}

static int64_t latent_size(const genlat_model *model)
{
    return opts_of(model)->latent;
}

static genlat_status prior(genlat_model *model, const gnl_prior_call *call, gnl_real *z)
{
    const gnl_prior_draw draw = {call->opts->temperature, call->opts->truncation};
    const int64_t latent = opts_of(model)->latent;
    for (int64_t i = 0; i < call->rows; i++) {
        gnl_rng rng = gnl_rng_make(call->seed, GNL_STREAM_SAMPLE, call->first + (uint64_t)i);
        gnl_normal_draw(&rng, &draw, latent, z + i * latent);
    }
    return GENLAT_OK;
}

static genlat_status decode(genlat_model *model, const gnl_decode *d)
{
    const gnl_ppca *p = &ppca_of(model)->density;
    const gnl_compute c = {model->object.ctx, gnl_kernels_of(model->object.ctx), NULL};
    gnl_ppca_decode(p, &c, d->rows, d->z, d->out);
    for (int64_t i = 0; d->noise && i < d->rows; i++) {
        gnl_rng rng = *d->noise;
        rng.counter += (uint64_t)(i * model->size);
        for (int64_t k = 0; k < model->size; k++)
            d->out[i * model->size + k] += (gnl_real)(sqrt((double)p->noise[0]) * gnl_rng_gauss(&rng));
    }
    return GENLAT_OK;
}

static const gnl_net_slot nets[] = {{NULL, 0}};

const gnl_model_type gnl_ppca_type = {
    .name = "ppca",
    .help = "probabilistic principal component analysis",
    .size = sizeof(ppca),
    .config = &config_type,
    .presets = presets,
    .choices = choices,
    .choice_keys = choice_keys,
    .nets = nets,
    .complete = complete,
    .make = make,
    .release = release,
    .training = &training,
    .pool = {[POOL] = &using},
    .step = step,
    .end_epoch = end_epoch,
    .fits_epochs = true,
    .evaluate = evaluate,
    .scores = scores,
    .score = score,
    .code_size = latent_size,
    .latent_size = latent_size,
    .encode = encode,
    .prior = prior,
    .decode = decode,
    .sample_options = GNL_SAMPLE_DRAW,
};
