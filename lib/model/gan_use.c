/* SPDX-License-Identifier: MIT */
/* Samples of the generator and judgements of the critic. Each call borrows an exec, so that any number of threads can use one
 * model at once. */
#include <math.h>

#include "model/gan_priv.h"

static const gnl_option generate_options[] = {
    GNL_OPT_INT(genlat_generate_opts, seed, -1, -1, 9.2e18,
                "of the latents; -1: the next of the context's stream"),
    GNL_OPT_REAL(genlat_generate_opts, temperature, 1, 0, 1e6, "factor of the sd of the latents"),
    GNL_OPT_REAL(genlat_generate_opts, truncation, 0, 0, 1000, "largest size of a latent; 0: any"),
    GNL_OPT_BOOL(genlat_generate_opts, raw, 0, "weights that training moves instead of their average"),
};
static const gnl_options_table generate_table = {"generate", sizeof(genlat_generate_opts), generate_options,
                                                 GNL_COUNT(generate_options)};

void genlat_generate_opts_init_sized(genlat_generate_opts *opts, size_t size)
{
    gnl_options_init(&generate_table, opts, size);
}

/* ---- execs on loan --------------------------------------------------------------------------- */

static genlat_net *net_of(genlat_gan *gan, gnl_gan_part part)
{
    genlat_net *const nets[] = {gan->average, gan->generator, gan->discriminator};
    return nets[part];
}

static genlat_status borrow(genlat_gan *gan, gnl_gan_part part, int64_t rows, genlat_exec **out)
{
    const genlat_exec_opts opts = gnl_exec_opts(GENLAT_EXEC_INFERENCE, false);
    rows = GNL_MIN(rows, (int64_t)GNL_GAN_CHUNK);
    pthread_mutex_lock(&gan->lock);
    bool serves = gan->idle[part] && gan->idle[part]->capacity >= rows;
    *out = serves ? gan->idle[part] : NULL;
    if (serves)
        gan->idle[part] = NULL;
    pthread_mutex_unlock(&gan->lock);
    return serves ? GENLAT_OK : gnl_net_compile(net_of(gan, part), rows, &opts, out);
}

/* The larger of two that have come back is kept. */
static void give_back(genlat_gan *gan, gnl_gan_part part, genlat_exec *exec)
{
    if (!exec)
        return;
    pthread_mutex_lock(&gan->lock);
    genlat_exec *kept = gan->idle[part];
    bool better = !kept || kept->capacity < exec->capacity;
    gan->idle[part] = better ? exec : kept;
    pthread_mutex_unlock(&gan->lock);
    gnl_exec_release(better ? kept : exec);
}

/* What a net makes of inputs, chunk by chunk. */
typedef struct use {
    gnl_gan_part part;
    int64_t rows, in_size, out_size; /* rows of the net */
    int64_t packing;                 /* rows of the labels for each of the net */
    const gnl_real *in;
    const genlat_tensor *labels;
    gnl_real *out;
    const char *where;
} use;

static genlat_status run_chunk(genlat_gan *gan, const use *u, genlat_exec *exec, int64_t first, int64_t rows,
                               gnl_real *condition)
{
    GNL_TRY(gnl_model_fill_condition(&gan->model, u->labels, first * u->packing, rows * u->packing, condition,
                                     u->where));
    const gnl_real *in[] = {u->in + first * u->in_size, condition};
    gnl_exec_forward(exec, false, rows, in);
    memcpy(u->out + first * u->out_size, gnl_exec_output(exec, 0),
           (size_t)(rows * u->out_size) * sizeof(gnl_real));
    return GENLAT_OK;
}

static genlat_status run(genlat_gan *gan, const use *u)
{
    genlat_exec *exec = NULL;
    genlat_ctx *ctx = gan->model.object.ctx;
    GNL_TRY(borrow(gan, u->part, u->rows, &exec));
    gnl_real *condition =
        gnl_alloc(ctx, (size_t)(exec->capacity * u->packing * gan->condition), sizeof *condition);
    genlat_status status = condition ? GENLAT_OK : GENLAT_E_MEMORY;
    for (int64_t first = 0; first < u->rows && status == GENLAT_OK; first += exec->capacity)
        status = run_chunk(gan, u, exec, first, GNL_MIN(exec->capacity, u->rows - first), condition);
    gnl_free(ctx, condition);
    give_back(gan, u->part, exec);
    return status;
}

/* ---- samples --------------------------------------------------------------------------------- */

/* A normal number of at most the size `most`. */
static double truncated(gnl_rng *rng, double most)
{
    double z = gnl_rng_gauss(rng);
    while (fabs(z) > most)
        z = gnl_rng_gauss(rng);
    return z;
}

/* Every sample has a substream of its own, so that a longer series begins with the shorter one. */
static void draw_latents(genlat_gan *gan, const genlat_generate_opts *o, genlat_tensor *z)
{
    int64_t rows = z->shape.dim[0], latent = z->shape.dim[1];
    bool own = o->seed >= 0;
    uint64_t seed = (uint64_t)(own ? o->seed : gnl_ctx_opts(gan->model.object.ctx)->seed);
    uint64_t first = own ? 0 : (uint64_t)atomic_fetch_add(&gan->drawn, rows);
    for (int64_t i = 0; i < rows; i++) {
        gnl_rng rng = gnl_rng_make(seed, GNL_STREAM_SAMPLE, first + (uint64_t)i);
        gnl_rng_fill_normal(&rng, z->data + i * latent, latent);
        for (int64_t j = 0; o->truncation > 0 && j < latent; j++)
            if (fabs((double)z->data[i * latent + j]) > o->truncation)
                z->data[i * latent + j] = (gnl_real)truncated(&rng, o->truncation);
    }
    for (int64_t i = 0; i < rows * latent; i++)
        z->data[i] *= (gnl_real)o->temperature;
}

static genlat_status decode(genlat_gan *gan, gnl_gan_part part, const genlat_tensor *z,
                            const genlat_tensor *labels, genlat_tensor **y, const char *where)
{
    genlat_tensor *turn = NULL;
    int64_t rows = z->shape.dim[0];
    const gnl_shape shape = gnl_shape_batched(&gan->recipe.data, rows);
    gnl_gan_refresh(gan);
    GNL_TRY(labels ? gnl_model_check_labels(&gan->model, labels, rows, where)
                   : gnl_model_labels_in_turn(&gan->model, rows, &turn, where));
    genlat_status status = gnl_tensor_new(gan->model.object.ctx, &shape, y);
    if (status == GENLAT_OK) {
        const use u = {part, rows,    gan->recipe.opts.latent, gan->size,
                       1,    z->data, labels ? labels : turn,  (*y)->data,
                       where};
        status = run(gan, &u);
    }
    gnl_tensor_release(turn);
    if (status != GENLAT_OK)
        genlat_tensor_destroy(y);
    return status;
}

/* Checks what samples are wanted, and draws their latents. */
static genlat_status prior(genlat_gan *gan, int64_t n, const genlat_generate_opts *given,
                           genlat_generate_opts *o, genlat_tensor **z, const char *where)
{
    GNL_REQUIRE(gan, where, "gan is NULL");
    if (n < 1 || n > INT32_MAX)
        return gnl_fail(GENLAT_E_RANGE, "%s: n is %lld, 1 to %d wanted", where, (long long)n, INT32_MAX);
    GNL_TRY(gnl_options_take(&generate_table, given, o, where));
    if (o->truncation > 0 && o->truncation < 0.1)
        return gnl_fail(GENLAT_E_RANGE, "%s: truncation is %g, 0 or 0.1 to 1000 wanted", where,
                        o->truncation);
    const gnl_shape shape = {2, {n, gan->recipe.opts.latent}};
    GNL_TRY(gnl_tensor_new(gan->model.object.ctx, &shape, z));
    draw_latents(gan, o, *z);
    return GENLAT_OK;
}

genlat_status genlat_gan_generate(genlat_gan *gan, int64_t n, const genlat_tensor *labels,
                                  const genlat_generate_opts *opts, genlat_tensor **y)
{
    const char *where = "genlat_gan_generate";
    genlat_generate_opts o;
    genlat_tensor *z = NULL;
    GNL_REQUIRE(y, where, "y is NULL");
    *y = NULL;
    GNL_TRY(prior(gan, n, opts, &o, &z, where));
    genlat_status status = decode(gan, o.raw ? GNL_GAN_RAW : GNL_GAN_AVERAGE, z, labels, y, where);
    gnl_tensor_release(z);
    return status;
}

genlat_status genlat_gan_latents(genlat_gan *gan, int64_t n, const genlat_generate_opts *opts,
                                 genlat_tensor **z)
{
    genlat_generate_opts o;
    GNL_REQUIRE(z, "genlat_gan_latents", "z is NULL");
    *z = NULL;
    return prior(gan, n, opts, &o, z, "genlat_gan_latents");
}

static genlat_status check_latents(const genlat_gan *gan, const genlat_tensor *z, const char *where,
                                   const char *name)
{
    GNL_REQUIRE(gan, where, "gan is NULL");
    if (!z)
        return gnl_fail(GENLAT_E_INVALID, "%s: %s is NULL", where, name);
    const gnl_shape latent = {1, {gan->recipe.opts.latent}};
    GNL_TRY(gnl_tensor_check_rows(z, &latent, where, name));
    if (z->shape.dim[0] < 1)
        return gnl_fail(GENLAT_E_SHAPE, "%s: %s has no rows", where, name);
    return GENLAT_OK;
}

genlat_status genlat_gan_decode(genlat_gan *gan, const genlat_tensor *z, const genlat_tensor *labels,
                                genlat_tensor **y)
{
    const char *where = "genlat_gan_decode";
    GNL_REQUIRE(y, where, "y is NULL");
    *y = NULL;
    GNL_TRY(check_latents(gan, z, where, "z"));
    return decode(gan, GNL_GAN_AVERAGE, z, labels, y, where);
}

static genlat_status interpolate(genlat_gan *gan, const genlat_tensor *from, const genlat_tensor *to,
                                 const genlat_tensor *labels, int64_t steps, bool straight, genlat_tensor **y,
                                 const char *where)
{
    genlat_tensor *turn = NULL, *repeated = NULL, *z = NULL;
    genlat_status status = labels ? gnl_model_check_labels(&gan->model, labels, from->shape.dim[0], where)
                                  : gnl_model_labels_in_turn(&gan->model, from->shape.dim[0], &turn, where);
    if (status == GENLAT_OK)
        status = gnl_model_repeat_labels(&gan->model, labels ? labels : turn, steps, &repeated);
    if (status == GENLAT_OK)
        status = gnl_model_way(gan->model.object.ctx, from, to, steps, straight, &z);
    if (status == GENLAT_OK)
        status = decode(gan, GNL_GAN_AVERAGE, z, repeated, y, where);
    gnl_tensor_release(turn);
    gnl_tensor_release(repeated);
    gnl_tensor_release(z);
    return status;
}

genlat_status genlat_gan_interpolate(genlat_gan *gan, const genlat_tensor *from, const genlat_tensor *to,
                                     const genlat_tensor *labels, int64_t steps, uint32_t path,
                                     genlat_tensor **y)
{
    const char *where = "genlat_gan_interpolate";
    GNL_REQUIRE(y, where, "y is NULL");
    *y = NULL;
    GNL_TRY(check_latents(gan, from, where, "from"));
    GNL_TRY(check_latents(gan, to, where, "to"));
    GNL_REQUIRE(path <= GENLAT_GAN_PATH_LINE, where, "path is not a GENLAT_GAN_PATH_*");
    GNL_TRY(gnl_model_check_way(from, to, steps, where));
    return interpolate(gan, from, to, labels, steps, path == GENLAT_GAN_PATH_LINE, y, where);
}

/* ---- judgements ------------------------------------------------------------------------------ */

genlat_status genlat_gan_discriminate(genlat_gan *gan, const genlat_tensor *x, const genlat_tensor *labels,
                                      genlat_tensor **y)
{
    const char *where = "genlat_gan_discriminate";
    GNL_REQUIRE(y, where, "y is NULL");
    *y = NULL;
    GNL_TRY(gnl_gan_check(gan, x, labels, where));
    int64_t packing = gan->recipe.opts.packing, rows = x->shape.dim[0];
    if (rows % packing)
        return gnl_fail(GENLAT_E_SHAPE, "%s: x has %lld rows, a multiple of %lld wanted", where,
                        (long long)rows, (long long)packing);
    const gnl_shape shape = {1, {rows / packing}};
    GNL_TRY(gnl_tensor_new(gan->model.object.ctx, &shape, y));
    const use u = {GNL_GAN_CRITIC, rows / packing, gan->size * packing, 1,    packing,
                   x->data,        labels,         (*y)->data,          where};
    genlat_status status = run(gan, &u);
    if (status != GENLAT_OK)
        genlat_tensor_destroy(y);
    return status;
}
