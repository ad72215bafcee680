/* SPDX-License-Identifier: MIT */
/* Public functions that use a model: latents, samples, codes, reconstructions, interpolations, traversals. */
#include <math.h>

#include "model/model_priv.h"

static const gnl_option sample_options[] = {
    GNL_OPT_INT(genlat_sample_opts, seed, -1, -1, 0x1p63,
                "seed of the latents; -1: continue the random stream of the context's seed"),
    GNL_OPT_REAL(genlat_sample_opts, temperature, 1, 0, 1e6, "factor of the standard deviation of the latents"),
    GNL_OPT_REAL(genlat_sample_opts, truncation, 0, 0, 1000,
                 "largest absolute value of a latent dimension; 0: no limit"),
    GNL_OPT_BOOL(genlat_sample_opts, draw, 0, "sample from the distribution of the data instead of returning its mean"),
    GNL_OPT_BOOL(genlat_sample_opts, raw, 0, "use the trained weights instead of their average"),
    GNL_OPT_BOOL(genlat_sample_opts, prior, 0, "draw the latents from the prior instead of the fitted sampler"),
};
static const gnl_options_table sample_table = {"sample", sizeof(genlat_sample_opts), sample_options,
                                               GNL_COUNT(sample_options),
                                               .reserved = {offsetof(genlat_sample_opts, reserved)}};

void genlat_sample_opts_init_sized(genlat_sample_opts *opts, size_t size)
{
    gnl_options_init(&sample_table, opts, size);
}

static genlat_status read_options(const genlat_model *model, const genlat_sample_opts *given, genlat_sample_opts *o)
{
    const char *name = model->type->name;
    GNL_TRY(gnl_options_take(&sample_table, given, o));
    if (o->truncation > 0 && o->truncation < 0.1)
        return gnl_fail(GENLAT_E_RANGE, "truncation is %g, 0 or 0.1 to 1000 expected", o->truncation);
    if (o->draw && !(model->type->sample_options & GNL_SAMPLE_DRAW))
        return gnl_fail(GENLAT_E_UNSUPPORTED, "draw is 1, but a %s has no distribution of the data to sample from",
                        name);
    if (o->raw && !(model->type->sample_options & GNL_SAMPLE_RAW))
        return gnl_fail(GENLAT_E_UNSUPPORTED, "raw is 1, but a %s has no average of its weights", name);
    return GENLAT_OK;
}

static genlat_status check_latent_model(const genlat_model *model)
{
    GNL_CHECK(model, "model is NULL");
    if (!model->type->latent_size)
        return gnl_fail(GENLAT_E_UNSUPPORTED, "a %s has no latents and cannot generate data", model->type->name);
    return GENLAT_OK;
}

static genlat_status check_number(int64_t n)
{
    return n >= 1 && n <= INT32_MAX ? GENLAT_OK
                                    : gnl_fail(GENLAT_E_RANGE, "n is %lld, 1 to %d expected", (long long)n, INT32_MAX);
}

genlat_status gnl_model_check_latents(const genlat_model *model, const genlat_tensor *z, const char *name)
{
    if (!z)
        return gnl_fail(GENLAT_E_INVALID, "%s is NULL", name);
    const gnl_shape latent = {1, {model->type->latent_size(model)}};
    GNL_TRY(gnl_tensor_check_rows(z, &latent, name));
    return z->shape.dim[0] < 1 ? gnl_fail(GENLAT_E_SHAPE, "%s has no rows, 1 or more expected", name) : GENLAT_OK;
}

/* ---- latents and data ------------------------------------------------------------------------ */

/* A series of samples: its seed, and the index of the first sample. */
typedef struct series {
    uint64_t seed, first;
} series;

static series begin_series(genlat_model *model, const genlat_sample_opts *o, int64_t n)
{
    if (o->seed >= 0)
        return (series){(uint64_t)o->seed, 0};
    return (series){(uint64_t)gnl_ctx_opts(model->object.ctx)->seed, (uint64_t)atomic_fetch_add(&model->generated, n)};
}

/* Gives the samples of a failed call back to the stream, unless another thread has drawn since. */
static genlat_status end_series(genlat_model *model, const genlat_sample_opts *o, const series *s, int64_t n,
                                genlat_status status)
{
    long long next = (long long)s->first + n;
    if (status != GENLAT_OK && o->seed < 0)
        atomic_compare_exchange_strong(&model->generated, &next, (long long)s->first);
    return status;
}

static genlat_status draw_latents(genlat_model *model, int64_t n, const genlat_sample_opts *o, const series *s,
                                  genlat_tensor **out)
{
    const gnl_prior_call call = {.rows = n, .seed = s->seed, .first = s->first, .opts = o};
    GNL_TRY(gnl_tensor_new(model->object.ctx, &(gnl_shape){2, {n, model->type->latent_size(model)}}, out));
    genlat_status status = GENLAT_OK;
    if (model->sampler && !o->prior)
        status = gnl_model_draw_sampler(model, &call, (*out)->data);
    else
        status = model->type->prior(model, &call, (*out)->data);
    if (status != GENLAT_OK)
        genlat_tensor_destroy(out);
    return status;
}

/* Decodes z. If labels is NULL, uses the classes in turn. `options` sets noise and raw; NULL: means of the data,
 * computed with the averaged weights. */
static genlat_status decode(genlat_model *model, const genlat_tensor *z, const genlat_tensor *labels,
                            const gnl_decode *options, genlat_tensor **out)
{
    genlat_tensor *turn = NULL;
    const int64_t rows = z->shape.dim[0];
    const gnl_shape shape = gnl_shape_batched(&model->config->data, rows);
    labels = gnl_model_uses_labels_as(model, GENLAT_LABEL_INPUT) ? labels : NULL;
    gnl_decode d = options ? *options : (gnl_decode){.noise = NULL};
    GNL_TRY(labels ? gnl_model_check_labels(model, labels, rows) : gnl_model_labels_in_turn(model, rows, &turn));
    genlat_status status = gnl_tensor_new(model->object.ctx, &shape, out);
    if (status == GENLAT_OK) {
        d.z = z->data;
        d.rows = rows;
        d.labels = labels ? labels : turn;
        d.out = (*out)->data;
        status = model->type->decode(model, &d);
    }
    if (status == GENLAT_OK)
        gnl_model_unscale(model, *out);
    gnl_tensor_release(turn);
    if (status != GENLAT_OK)
        genlat_tensor_destroy(out);
    return status;
}

/* Labels that are missing are inferred. *own receives labels that the caller releases, or stays NULL. */
static genlat_status encode(genlat_model *model, const genlat_tensor *x, const genlat_tensor **labels,
                            genlat_tensor **own, genlat_tensor **out)
{
    const gnl_shape shape = {2, {x->shape.dim[0], model->type->code_size(model)}};
    genlat_tensor *scaled = NULL;
    GNL_TRY(gnl_model_scale(model, &x, &scaled));
    genlat_status status = gnl_model_infer_labels(model, x, labels, own);
    if (status == GENLAT_OK)
        status = gnl_tensor_new(model->object.ctx, &shape, out);
    if (status == GENLAT_OK)
        status = model->type->encode(model, x, *labels, (*out)->data);
    gnl_tensor_release(scaled);
    if (status != GENLAT_OK)
        genlat_tensor_destroy(out);
    return status;
}

/* Decodes z, in which `times` consecutive rows share one label. */
static genlat_status decode_repeated(genlat_model *model, const genlat_tensor *z, const genlat_tensor *labels,
                                     int64_t times, genlat_tensor **out)
{
    genlat_tensor *turn = NULL, *repeated = NULL;
    labels = gnl_model_uses_labels_as(model, GENLAT_LABEL_INPUT) ? labels : NULL;
    genlat_status status = labels ? gnl_model_check_labels(model, labels, z->shape.dim[0] / times)
                                  : gnl_model_labels_in_turn(model, z->shape.dim[0] / times, &turn);
    if (status == GENLAT_OK)
        status = gnl_model_repeat_labels(model, labels ? labels : turn, times, &repeated);
    if (status == GENLAT_OK)
        status = decode(model, z, repeated, NULL, out);
    gnl_tensor_release(turn);
    gnl_tensor_release(repeated);
    return status;
}

/* ---- public ---------------------------------------------------------------------------------- */

genlat_status genlat_model_latents(genlat_model *model, int64_t n, const genlat_sample_opts *opts, genlat_tensor **z)
{
    genlat_sample_opts o;
    GNL_ENTER();
    GNL_CHECK(z, "z is NULL");
    *z = NULL;
    GNL_TRY(check_latent_model(model));
    GNL_TRY(check_number(n));
    GNL_TRY(read_options(model, opts, &o));
    const series s = begin_series(model, &o, n);
    return end_series(model, &o, &s, n, draw_latents(model, n, &o, &s, z));
}

genlat_status genlat_model_sample(genlat_model *model, int64_t n, const genlat_tensor *labels,
                                  const genlat_sample_opts *opts, genlat_tensor **x)
{
    genlat_sample_opts o;
    genlat_tensor *z = NULL;
    GNL_ENTER();
    GNL_CHECK(x, "x is NULL");
    *x = NULL;
    GNL_TRY(check_latent_model(model));
    GNL_TRY(check_number(n));
    GNL_TRY(read_options(model, opts, &o));
    const series s = begin_series(model, &o, n);
    genlat_status status = draw_latents(model, n, &o, &s, &z);
    gnl_rng noise = gnl_model_draws(s.seed);
    noise.counter = s.first * (uint64_t)model->size;
    const bool draw = o.draw || (model->type->sample_options & GNL_SAMPLE_ALWAYS);
    const gnl_decode options = {.noise = draw ? &noise : NULL, .raw = o.raw, .steps = &noise};
    if (status == GENLAT_OK)
        status = decode(model, z, labels, &options, x);
    gnl_tensor_release(z);
    return end_series(model, &o, &s, n, status);
}

genlat_status genlat_model_decode(genlat_model *model, const genlat_tensor *z, const genlat_tensor *labels,
                                  genlat_tensor **x)
{
    GNL_ENTER();
    GNL_CHECK(x, "x is NULL");
    *x = NULL;
    GNL_TRY(check_latent_model(model));
    GNL_TRY(gnl_model_check_latents(model, z, "z"));
    return decode(model, z, labels, NULL, x);
}

static genlat_status check_encoder(const genlat_model *model)
{
    GNL_CHECK(model, "model is NULL");
    if (!model->type->encode)
        return gnl_fail(GENLAT_E_UNSUPPORTED, "a %s has no encoder", model->type->name);
    return GENLAT_OK;
}

/* Checks the arguments of encode. A model that predicts labels does not need them as input. */
static genlat_status check_encode(const genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels)
{
    GNL_TRY(check_encoder(model));
    GNL_CHECK(x, "x is NULL");
    if (!model->condition || gnl_model_uses_labels_as(model, GENLAT_LABEL_INPUT))
        return gnl_model_check_batch(model, x, labels);
    GNL_TRY(gnl_tensor_check_rows(x, &model->config->data, "x"));
    return x->shape.dim[0] < 1 ? gnl_fail(GENLAT_E_SHAPE, "x has no rows, 1 or more expected") : GENLAT_OK;
}

genlat_status genlat_model_encode(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels,
                                  genlat_tensor **z)
{
    genlat_tensor *own = NULL;
    GNL_ENTER();
    GNL_CHECK(z, "z is NULL");
    *z = NULL;
    GNL_TRY(check_encode(model, x, labels));
    genlat_status status = encode(model, x, &labels, &own, z);
    gnl_tensor_release(own);
    return status;
}

genlat_status genlat_model_reconstruct(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels,
                                       genlat_tensor **y)
{
    genlat_tensor *z = NULL, *own = NULL;
    GNL_ENTER();
    GNL_CHECK(y, "y is NULL");
    *y = NULL;
    GNL_TRY(check_encode(model, x, labels));
    GNL_TRY(check_latent_model(model));
    genlat_status status = encode(model, x, &labels, &own, &z);
    if (status == GENLAT_OK)
        status = decode(model, z, labels, NULL, y);
    gnl_tensor_release(z);
    gnl_tensor_release(own);
    return status;
}

genlat_status genlat_model_interpolate(genlat_model *model, const genlat_tensor *from, const genlat_tensor *to,
                                       const genlat_tensor *labels, int64_t steps, uint32_t path, genlat_tensor **x)
{
    genlat_tensor *z = NULL;
    GNL_ENTER();
    GNL_CHECK(x, "x is NULL");
    *x = NULL;
    GNL_TRY(check_latent_model(model));
    GNL_TRY(gnl_model_check_latents(model, from, "from"));
    GNL_TRY(gnl_model_check_latents(model, to, "to"));
    GNL_CHECK(path <= GENLAT_PATH_LINE, "path is not a GENLAT_PATH_* constant");
    if (from->shape.dim[0] != to->shape.dim[0])
        return gnl_fail(GENLAT_E_SHAPE, "from has %lld rows and to has %lld, the same number expected",
                        (long long)from->shape.dim[0], (long long)to->shape.dim[0]);
    if (steps < 2 || steps > INT32_MAX / from->shape.dim[0])
        return gnl_fail(GENLAT_E_RANGE, "steps is %lld, 2 or more expected, and at most %d samples in total",
                        (long long)steps, INT32_MAX);
    GNL_TRY(gnl_interpolate(model->object.ctx, from, to, steps, path, &z));
    genlat_status status = decode_repeated(model, z, labels, steps, x);
    gnl_tensor_release(z);
    return status;
}

/* Creates the latents of a traversal: copies of start, or of 0 if it is NULL, in which one dimension varies. */
static genlat_status traversal_latents(genlat_model *model, const genlat_tensor *start, double low, double high,
                                       int64_t steps, genlat_tensor **out)
{
    const int64_t latent = model->type->latent_size(model);
    GNL_TRY(gnl_tensor_new(model->object.ctx, &(gnl_shape){2, {latent * steps, latent}}, out));
    for (int64_t i = 0; i < latent * steps; i++) {
        gnl_real *z = (*out)->data + i * latent;
        if (start)
            memcpy(z, start->data, (size_t)latent * sizeof *z);
        z[i / steps] = (gnl_real)(low + (high - low) * (double)(i % steps) / (double)(steps - 1));
    }
    return GENLAT_OK;
}

genlat_status genlat_model_traverse(genlat_model *model, const genlat_tensor *z, const genlat_tensor *labels,
                                    double low, double high, int64_t steps, genlat_tensor **x)
{
    genlat_tensor *line = NULL;
    GNL_ENTER();
    GNL_CHECK(x, "x is NULL");
    *x = NULL;
    GNL_TRY(check_latent_model(model));
    if (z) {
        GNL_TRY(gnl_model_check_latents(model, z, "z"));
        if (z->shape.dim[0] != 1)
            return gnl_fail(GENLAT_E_SHAPE, "z has %lld rows, 1 expected", (long long)z->shape.dim[0]);
    }
    if (!(isfinite(low) && isfinite(high)) || steps < 2 || steps > INT32_MAX / model->type->latent_size(model))
        return gnl_fail(GENLAT_E_RANGE,
                        "low is %g, high is %g, steps is %lld; finite bounds and 2 or more steps expected", low, high,
                        (long long)steps);
    GNL_TRY(traversal_latents(model, z, low, high, steps, &line));
    genlat_status status = decode_repeated(model, line, labels, model->type->latent_size(model) * steps, x);
    gnl_tensor_release(line);
    return status;
}
