/* SPDX-License-Identifier: MIT */
/* A model of two weights. */
#include <stdio.h>

#include "support/fake_model.h"

static const char *const terms[] = {"loss", "kl", "beta", NULL};

static double distance(const fake_model *self, const gnl_real *x, int64_t rows, double *gradient)
{
    double sum = 0;
    for (int64_t i = 0; i < rows * FAKE_WIDTH; i++) {
        double apart = self->weight[i % FAKE_WIDTH] - (double)x[i];
        sum += 0.5 * apart * apart;
        if (gradient)
            gradient[i % FAKE_WIDTH] += apart / (double)rows;
    }
    return sum / (double)rows;
}

static genlat_status step(gnl_model *model, const genlat_tensor *x, const genlat_tensor *labels, double *out)
{
    fake_model *self = (fake_model *)model;
    double gradient[FAKE_WIDTH] = {0};
    int64_t call = self->calls++;
    if (call >= self->bad_from && call < self->bad_to)
        return gnl_fail(GENLAT_E_NUMERIC, "fake_step: loss is nan");
    gnl_rng rng = gnl_rng_make(1, GNL_STREAM_NOISE, (uint64_t)model->progress.step);
    out[0] = distance(self, x->data, x->shape.dim[0], gradient);
    out[1] = self->kl;
    out[2] = 1;
    for (int i = 0; i < FAKE_WIDTH; i++) {
        self->momentum[i] = 0.5 * self->momentum[i] + gradient[i] + 0.01 * gnl_rng_gauss(&rng);
        self->weight[i] -= 0.1 * self->momentum[i];
    }
    model->progress.step++;
    return GENLAT_OK;
}

static genlat_status evaluate(gnl_model *model, const genlat_tensor *x, const genlat_tensor *labels,
                              uint64_t seed, int64_t first, double *out)
{
    fake_model *self = (fake_model *)model;
    out[0] = distance(self, x->data, x->shape.dim[0], NULL);
    out[1] = self->kl;
    out[2] = 1;
    self->seen = (double)x->data[0];
    if (self->script && self->evaluated < self->scripted)
        out[0] = self->script[self->evaluated];
    self->evaluated++;
    return GENLAT_OK;
}

static genlat_status save(gnl_model *model, const char *path)
{
    const fake_model *self = (const fake_model *)model;
    FILE *file = fopen(path, "wb");
    bool ok = file && fwrite(self->weight, sizeof self->weight, 1, file) == 1 &&
              fwrite(self->momentum, sizeof self->momentum, 1, file) == 1 &&
              fwrite(&model->progress, sizeof model->progress, 1, file) == 1;
    if (file && fclose(file) != 0)
        ok = false;
    return ok ? GENLAT_OK : gnl_fail(GENLAT_E_IO, "fake_save: %s", path);
}

static void release(gnl_model *model)
{
    gnl_tensor_release(model->offset);
    gnl_tensor_release(model->scale);
    gnl_object_free(model);
}

static int64_t snapshot_size(const gnl_model *model)
{
    return FAKE_WIDTH;
}

static void snapshot(const gnl_model *model, gnl_real *out)
{
    for (int i = 0; i < FAKE_WIDTH; i++)
        out[i] = (gnl_real)((const fake_model *)model)->weight[i];
}

static void restore(gnl_model *model, const gnl_real *in)
{
    for (int i = 0; i < FAKE_WIDTH; i++)
        ((fake_model *)model)->weight[i] = (double)in[i];
}

static const gnl_model_type type = {"fake",  terms,         step,     evaluate, save,
                                    release, snapshot_size, snapshot, restore};

fake_model *fake_new(genlat_ctx *ctx)
{
    fake_model *self = gnl_object_new(ctx, sizeof *self);
    if (!self)
        return NULL;
    self->model.type = &type;
    self->model.data = (gnl_shape){1, {FAKE_WIDTH}};
    self->weight[0] = 5;
    self->weight[1] = -5;
    self->kl = 1;
    return self;
}

fake_model *fake_load(genlat_ctx *ctx, const char *path)
{
    fake_model *self = fake_new(ctx);
    FILE *file = fopen(path, "rb");
    bool ok = self && file && fread(self->weight, sizeof self->weight, 1, file) == 1 &&
              fread(self->momentum, sizeof self->momentum, 1, file) == 1 &&
              fread(&self->model.progress, sizeof self->model.progress, 1, file) == 1;
    if (file)
        fclose(file);
    if (ok)
        return self;
    gnl_model_release(self ? &self->model : NULL);
    return NULL;
}
