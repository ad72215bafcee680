/* SPDX-License-Identifier: MIT */
/* Encoding and decoding, and what is made of the two: samples, reconstructions, ways between samples,
 * traversals. */
#include <math.h>

#include "model/vae_priv.h"

static const gnl_option sample_options[] = {
    GNL_OPT_INT(genlat_sample_opts, seed, -1, -1, 9.2e18,
                "of the latents; -1: the next of the context's stream"),
    GNL_OPT_REAL(genlat_sample_opts, temperature, 1, 0, 1e6, "factor of the sd of the latents"),
    GNL_OPT_BOOL(genlat_sample_opts, draw, 0, "draw from p(x|z) instead of taking its mean"),
};
static const gnl_options_table sample_table = {"sample", sizeof(genlat_sample_opts), sample_options,
                                               GNL_COUNT(sample_options)};

void genlat_sample_opts_init_sized(genlat_sample_opts *opts, size_t size)
{
    gnl_options_init(&sample_table, opts, size);
}

/* ---- encode ---------------------------------------------------------------------------------- */

/* mean and logvar may be NULL; logvar of a plain autoencoder is minus infinity's stand-in: -10, its clamp. */
static genlat_status encode_all(genlat_vae *vae, const genlat_tensor *x, const genlat_tensor *labels,
                                gnl_real *mean, gnl_real *logvar, const char *where)
{
    int64_t rows = x->shape.dim[0], latent = vae->recipe.opts.latent;
    gnl_vae_desk *desk = NULL;
    GNL_TRY(gnl_vae_borrow(vae, rows, &desk));
    genlat_status status = GENLAT_OK;
    for (int64_t first = 0; first < rows && status == GENLAT_OK; first += desk->rows) {
        int64_t now = GNL_MIN(desk->rows, rows - first);
        size_t bytes = (size_t)(now * latent) * sizeof(gnl_real);
        status = gnl_vae_desk_encode(vae, desk, x->data + first * vae->size, labels, first, now, where);
        if (status != GENLAT_OK)
            break;
        if (mean)
            memcpy(mean + first * latent, gnl_exec_output(desk->encoder, 0), bytes);
        const gnl_real *spread = gnl_vae_desk_logvar(vae, desk);
        if (logvar && spread)
            memcpy(logvar + first * latent, spread, bytes);
        for (int64_t i = 0; logvar && !spread && i < now * latent; i++)
            logvar[first * latent + i] = -10;
    }
    gnl_vae_return(vae, desk);
    return status;
}

static genlat_status new_latents(genlat_vae *vae, int64_t rows, genlat_tensor **out)
{
    const gnl_shape shape = {2, {rows, vae->recipe.opts.latent}};
    return gnl_tensor_new(vae->model.object.ctx, &shape, out);
}

static genlat_status encode(genlat_vae *vae, const genlat_tensor *x, const genlat_tensor *labels,
                            genlat_tensor **mean, genlat_tensor **logvar, const char *where)
{
    int64_t rows = x->shape.dim[0];
    genlat_status status = mean ? new_latents(vae, rows, mean) : GENLAT_OK;
    if (status == GENLAT_OK && logvar)
        status = new_latents(vae, rows, logvar);
    if (status == GENLAT_OK)
        status =
            encode_all(vae, x, labels, mean ? (*mean)->data : NULL, logvar ? (*logvar)->data : NULL, where);
    if (status != GENLAT_OK) {
        if (mean)
            genlat_tensor_destroy(mean);
        if (logvar)
            genlat_tensor_destroy(logvar);
    }
    return status;
}

/* ---- decode ---------------------------------------------------------------------------------- */

/* Data of latents: the mean of p(x|z), or a draw from it where rng is not NULL. */
static genlat_status decode(genlat_vae *vae, const genlat_tensor *z, const genlat_tensor *labels,
                            gnl_rng *rng, genlat_tensor **out, const char *where)
{
    int64_t rows = z->shape.dim[0], latent = vae->recipe.opts.latent;
    gnl_vae_desk *desk = NULL;
    const gnl_shape shape = gnl_shape_batched(&vae->recipe.data, rows);
    GNL_TRY(gnl_tensor_new(vae->model.object.ctx, &shape, out));
    genlat_status status = gnl_vae_borrow(vae, rows, &desk);
    for (int64_t first = 0; first < rows && status == GENLAT_OK; first += desk->rows) {
        int64_t now = GNL_MIN(desk->rows, rows - first);
        memcpy(desk->z, z->data + first * latent, (size_t)(now * latent) * sizeof *desk->z);
        status = gnl_vae_desk_decode(vae, desk, labels, first, now, where);
        const gnl_loss_decode call = {.compute = desk->decoder->compute,
                                      .rows = now,
                                      .dims = vae->size,
                                      .parts = vae->parts,
                                      .out = gnl_exec_output(desk->decoder, 0),
                                      .data = (*out)->data + first * vae->size,
                                      .rng = rng};
        if (status == GENLAT_OK)
            (rng ? gnl_loss_decode_sample : gnl_loss_decode_mean)(vae->loss, &call);
    }
    if (desk)
        gnl_vae_return(vae, desk);
    if (status != GENLAT_OK)
        genlat_tensor_destroy(out);
    return status;
}

static genlat_status check_latents(const genlat_vae *vae, const genlat_tensor *z, const genlat_tensor *labels,
                                   const char *where)
{
    GNL_REQUIRE(vae, where, "vae is NULL");
    GNL_REQUIRE(z, where, "z is NULL");
    const gnl_shape latent = {1, {vae->recipe.opts.latent}};
    GNL_TRY(gnl_tensor_check_rows(z, &latent, where, "z"));
    if (z->shape.dim[0] < 1)
        return gnl_fail(GENLAT_E_SHAPE, "%s: z has no rows", where);
    return gnl_vae_check_labels(vae, labels, z->shape.dim[0], where);
}

/* ---- samples --------------------------------------------------------------------------------- */

/* Every sample has a substream of its own, so that a longer series begins with the shorter one. */
static void draw_prior(genlat_vae *vae, const genlat_sample_opts *o, genlat_tensor *z)
{
    int64_t rows = z->shape.dim[0], latent = z->shape.dim[1];
    bool own = o->seed >= 0;
    uint64_t seed = (uint64_t)(own ? o->seed : gnl_ctx_opts(vae->model.object.ctx)->seed);
    uint64_t first = own ? 0 : (uint64_t)atomic_fetch_add(&vae->drawn, rows);
    for (int64_t i = 0; i < rows; i++) {
        gnl_rng rng = gnl_rng_make(seed, GNL_STREAM_SAMPLE, first + (uint64_t)i);
        gnl_rng_fill_normal(&rng, z->data + i * latent, latent);
    }
    for (int64_t i = 0; i < rows * latent; i++)
        z->data[i] *= (gnl_real)o->temperature;
}

static genlat_status sample(genlat_vae *vae, int64_t n, const genlat_tensor *labels,
                            const genlat_sample_opts *o, genlat_tensor **x, const char *where)
{
    genlat_tensor *z = NULL, *turn = NULL;
    genlat_status status = labels ? gnl_vae_check_labels(vae, labels, n, where)
                                  : gnl_model_labels_in_turn(&vae->model, n, &turn, where);
    if (status == GENLAT_OK)
        status = new_latents(vae, n, &z);
    if (status == GENLAT_OK) {
        draw_prior(vae, o, z);
        gnl_rng rng = gnl_rng_make((uint64_t)GNL_MAX(o->seed, 0), GNL_STREAM_SAMPLE, UINT64_C(1) << 47);
        status = decode(vae, z, labels ? labels : turn, o->draw ? &rng : NULL, x, where);
    }
    gnl_tensor_release(z);
    gnl_tensor_release(turn);
    return status;
}

/* ---- ways through the latent space ----------------------------------------------------------- */

static genlat_status decode_repeated(genlat_vae *vae, const genlat_tensor *z, const genlat_tensor *labels,
                                     int64_t times, genlat_tensor **y, const char *where)
{
    genlat_tensor *repeated = NULL;
    genlat_status status = gnl_model_repeat_labels(&vae->model, labels, times, &repeated);
    if (status == GENLAT_OK)
        status = decode(vae, z, repeated, NULL, y, where);
    gnl_tensor_release(repeated);
    return status;
}

static genlat_status interpolate(genlat_vae *vae, const genlat_tensor *from, const genlat_tensor *to,
                                 const genlat_tensor *labels, int64_t steps, genlat_tensor **y,
                                 const char *where)
{
    genlat_tensor *a = NULL, *b = NULL, *z = NULL;
    genlat_status status = encode(vae, from, labels, &a, NULL, where);
    if (status == GENLAT_OK)
        status = encode(vae, to, labels, &b, NULL, where);
    if (status == GENLAT_OK)
        status = gnl_model_way(vae->model.object.ctx, a, b, steps, false, &z);
    if (status == GENLAT_OK)
        status = decode_repeated(vae, z, labels, steps, y, where);
    gnl_tensor_release(a);
    gnl_tensor_release(b);
    gnl_tensor_release(z);
    return status;
}

static genlat_status traverse(genlat_vae *vae, const genlat_tensor *start, const genlat_tensor *labels,
                              double low, double high, int64_t steps, genlat_tensor **y, const char *where)
{
    int64_t latent = vae->recipe.opts.latent;
    genlat_tensor *z = NULL;
    GNL_TRY(new_latents(vae, latent * steps, &z));
    for (int64_t i = 0; i < latent * steps; i++) {
        if (start)
            memcpy(z->data + i * latent, start->data, (size_t)latent * sizeof *z->data);
        z->data[i * latent + i / steps] =
            (gnl_real)(low + (high - low) * (double)(i % steps) / (double)(steps - 1));
    }
    genlat_status status = decode_repeated(vae, z, labels, latent * steps, y, where);
    gnl_tensor_release(z);
    return status;
}

/* ---- public ---------------------------------------------------------------------------------- */

genlat_status genlat_vae_encode(genlat_vae *vae, const genlat_tensor *x, const genlat_tensor *labels,
                                genlat_tensor **mean, genlat_tensor **logvar)
{
    if (mean)
        *mean = NULL;
    if (logvar)
        *logvar = NULL;
    GNL_TRY(gnl_vae_check(vae, x, labels, "genlat_vae_encode"));
    return encode(vae, x, labels, mean, logvar, "genlat_vae_encode");
}

genlat_status genlat_vae_encode_sample(genlat_vae *vae, const genlat_tensor *x, const genlat_tensor *labels,
                                       uint64_t seed, genlat_tensor **z)
{
    genlat_tensor *logvar = NULL;
    GNL_REQUIRE(z, "genlat_vae_encode_sample", "z is NULL");
    *z = NULL;
    GNL_TRY(gnl_vae_check(vae, x, labels, "genlat_vae_encode_sample"));
    GNL_TRY(encode(vae, x, labels, z, &logvar, "genlat_vae_encode_sample"));
    gnl_rng rng = gnl_rng_make(seed, GNL_STREAM_SAMPLE, 0);
    int64_t count = gnl_shape_count(&logvar->shape);
    for (int64_t i = 0; i < count && vae->recipe.opts.kind != GENLAT_VAE_PLAIN; i++)
        (*z)->data[i] += (gnl_real)(exp(0.5 * (double)logvar->data[i]) * gnl_rng_gauss(&rng));
    gnl_tensor_release(logvar);
    return GENLAT_OK;
}

genlat_status genlat_vae_decode(genlat_vae *vae, const genlat_tensor *z, const genlat_tensor *labels,
                                genlat_tensor **x)
{
    GNL_REQUIRE(x, "genlat_vae_decode", "x is NULL");
    *x = NULL;
    GNL_TRY(check_latents(vae, z, labels, "genlat_vae_decode"));
    return decode(vae, z, labels, NULL, x, "genlat_vae_decode");
}

genlat_status genlat_vae_sample_with(genlat_vae *vae, int64_t n, const genlat_tensor *labels,
                                     const genlat_sample_opts *opts, genlat_tensor **x)
{
    genlat_sample_opts complete;
    GNL_REQUIRE(x, "genlat_vae_sample_with", "x is NULL");
    *x = NULL;
    GNL_REQUIRE(vae, "genlat_vae_sample_with", "vae is NULL");
    GNL_REQUIRE(n >= 1 && n <= INT32_MAX, "genlat_vae_sample_with", "n is not from 1 to 2147483647");
    GNL_TRY(gnl_options_take(&sample_table, opts, &complete, "genlat_vae_sample_with"));
    return sample(vae, n, labels, &complete, x, "genlat_vae_sample_with");
}

genlat_status genlat_vae_sample(genlat_vae *vae, int64_t n, genlat_tensor **x)
{
    genlat_sample_opts defaults;
    GNL_REQUIRE(x, "genlat_vae_sample", "x is NULL");
    *x = NULL;
    GNL_REQUIRE(vae, "genlat_vae_sample", "vae is NULL");
    GNL_REQUIRE(n >= 1 && n <= INT32_MAX, "genlat_vae_sample", "n is not from 1 to 2147483647");
    gnl_options_init(&sample_table, &defaults, sizeof defaults);
    return sample(vae, n, NULL, &defaults, x, "genlat_vae_sample");
}

genlat_status genlat_vae_reconstruct(genlat_vae *vae, const genlat_tensor *x, const genlat_tensor *labels,
                                     genlat_tensor **y)
{
    genlat_tensor *z = NULL;
    GNL_REQUIRE(y, "genlat_vae_reconstruct", "y is NULL");
    *y = NULL;
    GNL_TRY(gnl_vae_check(vae, x, labels, "genlat_vae_reconstruct"));
    GNL_TRY(encode(vae, x, labels, &z, NULL, "genlat_vae_reconstruct"));
    genlat_status status = decode(vae, z, labels, NULL, y, "genlat_vae_reconstruct");
    gnl_tensor_release(z);
    return status;
}

genlat_status genlat_vae_interpolate(genlat_vae *vae, const genlat_tensor *from, const genlat_tensor *to,
                                     const genlat_tensor *labels, int64_t steps, genlat_tensor **y)
{
    static const char where[] = "genlat_vae_interpolate";
    GNL_REQUIRE(y, where, "y is NULL");
    *y = NULL;
    GNL_TRY(gnl_vae_check(vae, from, labels, where));
    GNL_TRY(gnl_vae_check(vae, to, labels, where));
    GNL_TRY(gnl_model_check_way(from, to, steps, where));
    return interpolate(vae, from, to, labels, steps, y, where);
}

genlat_status genlat_vae_traverse(genlat_vae *vae, const genlat_tensor *x, const genlat_tensor *labels,
                                  double low, double high, int64_t steps, genlat_tensor **y)
{
    static const char where[] = "genlat_vae_traverse";
    genlat_tensor *start = NULL;
    GNL_REQUIRE(y, where, "y is NULL");
    *y = NULL;
    GNL_REQUIRE(vae, where, "vae is NULL");
    if (x) {
        GNL_TRY(gnl_vae_check(vae, x, labels, where));
        if (x->shape.dim[0] != 1)
            return gnl_fail(GENLAT_E_SHAPE, "%s: x has %lld rows, 1 wanted", where,
                            (long long)x->shape.dim[0]);
    }
    GNL_TRY(gnl_vae_check_labels(vae, labels, 1, where));
    if (!(isfinite(low) && isfinite(high)) || steps < 2 || steps > INT32_MAX / vae->recipe.opts.latent)
        return gnl_fail(GENLAT_E_RANGE,
                        "%s: low, high finite and steps of 2 or more wanted; found %g, %g, %lld", where, low,
                        high, (long long)steps);
    if (x)
        GNL_TRY(encode(vae, x, labels, &start, NULL, where));
    genlat_status status = traverse(vae, start, labels, low, high, steps, y, where);
    gnl_tensor_release(start);
    return status;
}
