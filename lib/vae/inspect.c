/* SPDX-License-Identifier: MIT */
/* Measures how far the decoder uses the codes: by how much the reconstruction gets worse when each row is decoded from
 * the code of another row. */
#include "vae/vae_priv.h"

/* Means of the posterior, and the loss of each row when it is decoded from the code `shift` rows after it. */
typedef struct inspection {
    const genlat_tensor *x, *labels;
    gnl_real *code; /* [rows,latent] */
    int64_t rows, shift;
    double sum;
} inspection;

static genlat_status add_losses(genlat_model *model, gnl_workspace *base, int64_t first, int64_t rows, void *user)
{
    inspection *in = user;
    gnl_vae_use *work = (gnl_vae_use *)base;
    const int64_t latent = work->code.dims;
    const gnl_real *x = in->x->data + first * model->size;
    for (int64_t i = 0; i < rows; i++)
        memcpy(work->code.z + i * latent, in->code + (first + i + in->shift) % in->rows * latent,
               (size_t)latent * sizeof *in->code);
    GNL_TRY(gnl_vae_use_decode(model, work, work->code.z, x, in->labels, first, rows));
    gnl_vae_use_loss(model, work, x, rows, work->loss);
    for (int64_t i = 0; i < rows; i++)
        in->sum += work->loss[i];
    return GENLAT_OK;
}

/* Computes the mean loss over the rows. */
static genlat_status mean_loss(genlat_model *model, inspection *in, int64_t shift, double *out)
{
    in->shift = shift;
    in->sum = 0;
    GNL_TRY(gnl_model_chunks(model, GNL_VAE_POOL, in->rows, add_losses, in));
    *out = in->sum / (double)in->rows;
    return GENLAT_OK;
}

/* Counts the dimensions whose posterior mean varies by more than GNL_ACTIVE_VARIANCE. */
static int64_t count_active(const gnl_real *code, int64_t rows, int64_t latent)
{
    int64_t active = 0;
    for (int64_t j = 0; j < latent; j++) {
        double mean = 0, square = 0;
        for (int64_t i = 0; i < rows; i++)
            mean += (double)code[i * latent + j] / (double)rows;
        for (int64_t i = 0; i < rows; i++)
            square += ((double)code[i * latent + j] - mean) * ((double)code[i * latent + j] - mean);
        active += square > GNL_ACTIVE_VARIANCE * (double)(rows - 1);
    }
    return active;
}

/* Counts the different codes of the rows. */
static genlat_status count_codes(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels,
                                 gnl_code_use *out)
{
    genlat_ctx *ctx = model->object.ctx;
    const gnl_codes codes = gnl_vae_of(model)->latents->posterior->codes;
    const int64_t rows = x->shape.dim[0];
    double perplexity = 0;
    if (!codes.count)
        return GENLAT_OK;
    int32_t *index = gnl_alloc(ctx, (size_t)(rows * codes.count), sizeof *index);
    int64_t *count = gnl_calloc(ctx, (size_t)codes.size, sizeof *count);
    genlat_status status = index && count ? gnl_vae_encode_index(model, x, labels, index) : GENLAT_E_MEMORY;
    if (status == GENLAT_OK) {
        gnl_vae_count_codes(&codes, rows, index, count);
        out->used = gnl_vae_used_codes(&codes, count, &perplexity);
        out->usable = GNL_MIN(codes.size, rows * codes.count);
    }
    gnl_free(ctx, index);
    gnl_free(ctx, count);
    return status;
}

genlat_status gnl_vae_inspect(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels,
                              gnl_code_use *out)
{
    const int64_t latent = gnl_vae_config_of(model)->opts.latent, rows = x->shape.dim[0];
    inspection in = {.x = x, .labels = labels, .rows = rows};
    double own = 0, other = 0;
    in.code = gnl_alloc(model->object.ctx, (size_t)rows * (size_t)latent, sizeof *in.code);
    genlat_status status = in.code ? gnl_vae_encode(model, x, labels, in.code, NULL) : GENLAT_E_MEMORY;
    if (status == GENLAT_OK)
        status = mean_loss(model, &in, 0, &own);
    if (status == GENLAT_OK)
        status = mean_loss(model, &in, 1, &other);
    if (status == GENLAT_OK)
        *out = (gnl_code_use){
            .loss = own, .gain = other - own, .active = count_active(in.code, rows, latent), .latent = latent};
    if (status == GENLAT_OK)
        status = count_codes(model, x, labels, out);
    gnl_free(model->object.ctx, in.code);
    return status;
}
