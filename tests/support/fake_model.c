/* SPDX-License-Identifier: MIT */
/* A family of models with two weights. */
#include "support/fake_model.h"

static const char *const terms[] = {"loss", "kl", "beta", "recon", NULL};

static fake_model *fake_of(genlat_model *model)
{
    return (fake_model *)model;
}

/* ---- functions called by the trainer ----------------------------------------------------------- */

static double distance(const fake_model *self, const gnl_real *x, int64_t rows, double *gradient)
{
    double sum = 0;
    for (int64_t i = 0; i < rows * FAKE_WIDTH; i++) {
        double apart = (double)self->weight[i % FAKE_WIDTH] - (double)x[i];
        sum += 0.5 * apart * apart;
        if (gradient)
            gradient[i % FAKE_WIDTH] += apart / (double)rows;
    }
    return sum / (double)rows;
}

static genlat_status step(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels, double *out)
{
    fake_model *self = fake_of(model);
    double gradient[FAKE_WIDTH] = {0};
    int64_t call = self->calls++;
    if (call >= self->bad_from && call < self->bad_to && !(self->good_every && call % self->good_every == 0))
        return gnl_fail(GENLAT_E_NUMERIC, "loss is nan");
    gnl_rng rng = gnl_rng_make(1, GNL_STREAM_NOISE, (uint64_t)model->progress.step);
    out[0] = distance(self, x->data, x->shape.dim[0], gradient);
    out[1] = self->kl;
    out[2] = 1;
    out[3] = self->recon;
    for (int i = 0; i < FAKE_WIDTH; i++) {
        double moved = 0.5 * (double)self->momentum[i] + gradient[i] + 0.01 * gnl_rng_gauss(&rng);
        self->momentum[i] = (gnl_real)moved;
        self->weight[i] -= (gnl_real)(0.1 * moved);
    }
    model->progress.step++;
    return GENLAT_OK;
}

static genlat_status evaluate(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels, uint64_t seed,
                              int64_t first, double *out)
{
    fake_model *self = fake_of(model);
    out[0] = distance(self, x->data, x->shape.dim[0], NULL);
    out[1] = self->kl;
    out[2] = 1;
    out[3] = self->recon;
    self->seen = (double)x->data[0];
    self->seen_seed = seed;
    if (self->script && self->evaluated < self->scripted)
        out[0] = self->script[self->evaluated];
    self->evaluated++;
    return GENLAT_OK;
}

static genlat_status inspect(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels,
                             gnl_code_use *out)
{
    *out = fake_of(model)->use;
    return GENLAT_OK;
}

/* ---- the family -------------------------------------------------------------------------------- */

static genlat_status read_shape(gnl_config *config, genlat_net *const *nets)
{
    config->data = (gnl_shape){1, {FAKE_WIDTH}};
    return GENLAT_OK;
}

static genlat_status make(genlat_model *model)
{
    static char name[] = "values";
    static gnl_weight values = {.name = name, .param = {.name = name, .shape = {1, {FAKE_WIDTH}}}, .count = FAKE_WIDTH};
    fake_model *self = fake_of(model);
    gnl_part part = {.name = "weight",
                     .weight = &values,
                     .weights = 1,
                     .value = self->weight,
                     .values = FAKE_WIDTH,
                     .optimizer = -1};
    model->terms = terms;
    self->weight[0] = 5;
    self->weight[1] = -5;
    self->kl = 1;
    GNL_TRY(gnl_model_add_part(model, part));
    part.name = "momentum";
    part.value = self->momentum;
    part.keep = GNL_KEEP_TRAINING;
    return gnl_model_add_part(model, part);
}

static const gnl_config_type config_type = {.family = "fake", .size = sizeof(gnl_config)};
static const gnl_net_slot nets[] = {{NULL, 0}};

static const gnl_model_type type = {
    .name = "fake",
    .help = "two weights",
    .size = sizeof(fake_model),
    .config = &config_type,
    .nets = nets,
    .read_shape = read_shape,
    .make = make,
    .step = step,
    .evaluate = evaluate,
    .inspect = inspect,
};

static const gnl_model_type *find(const char *name)
{
    return strcmp(name, type.name) == 0 ? &type : NULL;
}

/* ---- construction ------------------------------------------------------------------------------ */

fake_model *fake_new(genlat_ctx *ctx)
{
    const gnl_config config = {.data = {1, {FAKE_WIDTH}}};
    genlat_model *model = NULL;
    return gnl_model_new(ctx, &type, &config, NULL, &model) == GENLAT_OK ? fake_of(model) : NULL;
}

fake_model *fake_load(genlat_ctx *ctx, const char *path)
{
    genlat_model *model = NULL;
    return gnl_model_load(ctx, gnl_input_file(path), find, &model) == GENLAT_OK ? fake_of(model) : NULL;
}

void fake_release(fake_model *fake)
{
    gnl_model_release(fake ? &fake->model : NULL);
}
