/* SPDX-License-Identifier: MIT */
/* The codes of a discrete posterior as whole numbers: encoding, decoding, and how many of them are in use. */
#include <math.h>

#include "vae/vae_priv.h"

static genlat_status check_discrete(const genlat_model *model, gnl_codes *out)
{
    const gnl_posterior *q = gnl_vae_of(model)->latents->posterior;
    *out = q->codes;
    return q->type->codes ? GENLAT_OK
                          : gnl_fail(GENLAT_E_UNSUPPORTED,
                                     "posterior %s has no codes; train with a discrete one, such as posterior=vq",
                                     q->kind.type->name);
}

/* ---- encode ---------------------------------------------------------------------------------- */

typedef struct encoding {
    const genlat_tensor *x, *labels;
    int32_t *index; /* [rows,count] */
} encoding;

static genlat_status encode_chunk(genlat_model *model, gnl_workspace *base, int64_t first, int64_t rows, void *user)
{
    const encoding *e = user;
    gnl_vae_use *work = (gnl_vae_use *)base;
    const gnl_posterior *q = gnl_vae_of(model)->latents->posterior;
    const int64_t count = q->codes.count;
    GNL_TRY(gnl_vae_use_encode(model, work, e->x->data + first * model->size, e->labels, first, rows));
    q->type->mean(q, &work->code, work->code.z);
    memcpy(e->index + first * count, work->code.index, (size_t)(rows * count) * sizeof *e->index);
    return GENLAT_OK;
}

genlat_status gnl_vae_encode_index(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels,
                                   int32_t *index)
{
    encoding e = {.x = x, .labels = labels, .index = index};
    return gnl_model_chunks(model, GNL_VAE_POOL, x->shape.dim[0], encode_chunk, &e);
}

/* Encodes scaled data to a new array of indices. */
static genlat_status new_index(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels, int32_t **out)
{
    genlat_ctx *ctx = model->object.ctx;
    const int64_t count = gnl_vae_of(model)->latents->posterior->codes.count;
    int32_t *index = gnl_alloc(ctx, (size_t)x->shape.dim[0] * (size_t)count, sizeof *index);
    if (!index)
        return GENLAT_E_MEMORY;
    genlat_status status = gnl_vae_encode_index(model, x, labels, index);
    if (status == GENLAT_OK)
        *out = index;
    else
        gnl_free(ctx, index);
    return status;
}

/* ---- decode ---------------------------------------------------------------------------------- */

static genlat_status read_index(const genlat_tensor *codes, int64_t size, int32_t *index)
{
    for (int64_t i = 0; i < gnl_shape_count(&codes->shape); i++) {
        const double value = (double)codes->data[i];
        if (!(value >= 0 && value < (double)size && value == floor(value)))
            return gnl_fail(GENLAT_E_RANGE, "codes has %g, whole numbers from 0 to %lld expected", value,
                            (long long)size - 1);
        index[i] = (int32_t)value;
    }
    return GENLAT_OK;
}

static genlat_status look_up(genlat_model *model, const genlat_tensor *codes, genlat_tensor **z)
{
    const gnl_latents *l = gnl_vae_of(model)->latents;
    const int64_t rows = codes->shape.dim[0];
    const gnl_shape shape = {2, {rows, l->dims}};
    int32_t *index = gnl_alloc(l->ctx, (size_t)gnl_shape_count(&codes->shape), sizeof *index);
    genlat_status status = index ? read_index(codes, l->posterior->codes.size, index) : GENLAT_E_MEMORY;
    if (status == GENLAT_OK)
        status = gnl_tensor_new(l->ctx, &shape, z);
    if (status == GENLAT_OK)
        l->posterior->type->lookup(l->posterior, rows, index, (*z)->data);
    gnl_free(l->ctx, index);
    return status;
}

/* ---- usage ----------------------------------------------------------------------------------- */

void gnl_vae_count_codes(const gnl_codes *codes, int64_t rows, const int32_t *index, int64_t *count)
{
    for (int64_t i = 0; i < rows * codes->count; i++)
        count[index[i]]++;
}

int64_t gnl_vae_used_codes(const gnl_codes *codes, const int64_t *count, double *perplexity)
{
    int64_t used = 0, all = 0;
    double entropy = 0;
    for (int64_t k = 0; k < codes->size; k++)
        all += count[k];
    for (int64_t k = 0; k < codes->size; k++) {
        const double share = all ? (double)count[k] / (double)all : 0;
        used += count[k] > 0;
        entropy -= share > 0 ? share * log(share) : 0;
    }
    *perplexity = exp(entropy);
    return used;
}

enum { CHUNK = 256 };

static genlat_status count_source(genlat_model *model, const genlat_source *source, int64_t *count)
{
    const gnl_codes codes = gnl_vae_of(model)->latents->posterior->codes;
    genlat_status status = GENLAT_OK;
    for (int64_t first = 0; first < source->count && status == GENLAT_OK; first += CHUNK) {
        const int64_t past = GNL_MIN(first + CHUNK, source->count);
        genlat_tensor *x = NULL, *labels = NULL;
        int32_t *index = NULL;
        status = gnl_source_read(source, first, past, &x, model->condition ? &labels : NULL);
        if (status == GENLAT_OK)
            status = new_index(model, x, labels, &index);
        if (status == GENLAT_OK)
            gnl_vae_count_codes(&codes, past - first, index, count);
        gnl_free(model->object.ctx, index);
        gnl_tensor_release(x);
        gnl_tensor_release(labels);
    }
    return status;
}

/* ---- public ---------------------------------------------------------------------------------- */

genlat_status genlat_vae_codes(const genlat_model *model, int64_t *count, int64_t *size)
{
    gnl_codes codes;
    GNL_ENTER();
    GNL_TRY(gnl_model_check_family(model, "vae"));
    GNL_TRY(check_discrete(model, &codes));
    if (count)
        *count = codes.count;
    if (size)
        *size = codes.size;
    return GENLAT_OK;
}

genlat_status genlat_vae_encode_codes(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels,
                                      genlat_tensor **codes)
{
    gnl_codes own;
    int32_t *index = NULL;
    genlat_tensor *scaled = NULL;
    GNL_ENTER();
    GNL_CHECK(codes, "codes is NULL");
    *codes = NULL;
    GNL_TRY(gnl_model_check_family(model, "vae"));
    GNL_TRY(gnl_model_check_batch(model, x, labels));
    GNL_TRY(check_discrete(model, &own));
    GNL_TRY(gnl_model_scale(model, &x, &scaled));
    const gnl_shape shape = {2, {x->shape.dim[0], own.count}};
    genlat_status status = new_index(model, x, labels, &index);
    if (status == GENLAT_OK)
        status = gnl_tensor_new(model->object.ctx, &shape, codes);
    for (int64_t i = 0; status == GENLAT_OK && i < gnl_shape_count(&shape); i++)
        (*codes)->data[i] = (gnl_real)index[i];
    gnl_free(model->object.ctx, index);
    gnl_tensor_release(scaled);
    return status;
}

genlat_status genlat_vae_codes_to_latents(genlat_model *model, const genlat_tensor *codes, genlat_tensor **z)
{
    gnl_codes own;
    GNL_ENTER();
    GNL_CHECK(z, "z is NULL");
    *z = NULL;
    GNL_TRY(gnl_model_check_family(model, "vae"));
    GNL_CHECK(codes, "codes is NULL");
    GNL_TRY(check_discrete(model, &own));
    GNL_TRY(gnl_tensor_check_rows(codes, &(gnl_shape){1, {own.count}}, "codes"));
    return look_up(model, codes, z);
}

genlat_status genlat_vae_code_usage(genlat_model *model, genlat_source *source, int64_t *used, double *perplexity)
{
    gnl_codes codes;
    genlat_source *scaled = NULL;
    double found = 0;
    GNL_ENTER();
    GNL_TRY(gnl_model_check_family(model, "vae"));
    GNL_CHECK(source, "source is NULL");
    GNL_TRY(check_discrete(model, &codes));
    GNL_TRY(gnl_model_check_source(model, source));
    GNL_TRY(gnl_model_source(model, source, &scaled));
    int64_t *count = gnl_calloc(model->object.ctx, (size_t)codes.size, sizeof *count);
    genlat_status status = count ? count_source(model, scaled, count) : GENLAT_E_MEMORY;
    if (status == GENLAT_OK) {
        const int64_t all = gnl_vae_used_codes(&codes, count, &found);
        if (used)
            *used = all;
        if (perplexity)
            *perplexity = found;
    }
    gnl_free(model->object.ctx, count);
    gnl_source_release(scaled);
    return status;
}
