/* SPDX-License-Identifier: MIT */
/*
 * The squared norm of the decoder's Jacobian at the codes (Ghosh and others, From variational to deterministic
 * autoencoders, 2020), estimated without bias: for a normal direction v, the mean of |J v|^2 is |J|^2. The decoder runs
 * in evaluation mode. See docs/derivations/regularized.md.
 */
#include <math.h>

#include "latent/latent_priv.h"
#include "net/exec.h"

/* Evaluation without gradients takes J v as a central difference, with this distance in v. */
static const double APART = 1e-2;

typedef struct gradient_opts {
    size_t size;
    double weight;
} gradient_opts;

static const gnl_option options[] = {
    GNL_OPT_REAL(gradient_opts, weight, 1e-7, 0, 1e9, "weight of the squared norm"),
};
static const gnl_options_table table = {"gradient", sizeof(gradient_opts), options, GNL_COUNT(options)};

typedef struct work {
    const genlat_net *net; /* the decoder */
    genlat_exec *exec;     /* of it, for the rows of one sample */
    bool training;
    int64_t outputs;         /* numbers that the decoder computes for a row */
    gnl_real *direction;     /* [samples,rows,dims] */
    gnl_real *near, *before; /* [rows,dims] codes beside those of a sample, [rows,outputs]; NULL in training */
} work;

static genlat_status fill(const gnl_kind *kind, const gnl_latent_env *env, work *w)
{
    const size_t rows = (size_t)env->rows, dims = (size_t)kind->dims;
    const genlat_exec_opts opts = GNL_EXEC_OPTS(.purpose = env->training ? GENLAT_EXEC_PENALTY : GENLAT_EXEC_INFERENCE,
                                                .input_grads = env->training, .tile = env->rows);
    w->net = env->decoder;
    w->training = env->training;
    w->outputs = gnl_shape_count(gnl_net_output_shape(env->decoder, 0));
    w->direction = gnl_alloc(env->ctx, (size_t)env->samples * rows * dims, sizeof *w->direction);
    if (!w->direction)
        return GENLAT_E_MEMORY;
    if (!env->training) {
        w->near = gnl_alloc(env->ctx, rows * dims, sizeof *w->near);
        w->before = gnl_alloc(env->ctx, rows * (size_t)w->outputs, sizeof *w->before);
        if (!w->near || !w->before)
            return GENLAT_E_MEMORY;
    }
    return gnl_net_compile(env->decoder, env->rows, &opts, &w->exec);
}

static genlat_status work_new(const gnl_kind *kind, const gnl_latents *latents, const gnl_latent_env *env, void **out)
{
    work *w = gnl_calloc(env->ctx, 1, sizeof *w);
    if (!w)
        return GENLAT_E_MEMORY;
    *out = w; /* freed by the caller, also after an error */
    return fill(kind, env, w);
}

static void work_free(genlat_ctx *ctx, void *block)
{
    work *w = block;
    gnl_exec_release(w->exec);
    gnl_free(ctx, w->direction);
    gnl_free(ctx, w->near);
    gnl_free(ctx, w->before);
    gnl_free(ctx, w);
}

/* ---- passes ---------------------------------------------------------------------------------- */

static void decode(const work *w, const gnl_code *c, const gnl_real *z)
{
    const gnl_real *in[GNL_MAX_INPUTS];
    memcpy(in, c->input, sizeof in);
    in[0] = z;
    gnl_exec_forward(w->exec, GNL_EVAL, c->rows, in);
}

static const gnl_real *direction_of(const work *w, const gnl_code *c, int64_t s)
{
    return w->direction + s * c->rows * c->dims;
}

static double square(int64_t n, const gnl_real *x)
{
    double total = 0;
    for (int64_t i = 0; i < n; i++)
        total += (double)x[i] * (double)x[i];
    return total;
}

/* Writes the direction as the tangent of the codes. The other inputs of the decoder are constants. */
static void set_tangents(const work *w, const gnl_code *c, const gnl_real *direction)
{
    memcpy(gnl_exec_input_tangent(w->exec, 0), direction, (size_t)(c->rows * c->dims) * sizeof *direction);
    for (int i = 1; i < gnl_net_inputs(w->net); i++) {
        gnl_real *tangent = gnl_exec_input_tangent(w->exec, i);
        if (tangent)
            memset(tangent, 0, (size_t)(c->rows * gnl_shape_count(gnl_net_input_shape(w->net, i))) * sizeof *tangent);
    }
}

/* Return the sum of |J v|^2 over the rows of a sample: exactly, leaving the tangents for a backward pass, or by a
 * central difference. */
static double by_tangents(const work *w, const gnl_code *c, int64_t s)
{
    decode(w, c, gnl_code_z(c, s));
    set_tangents(w, c, direction_of(w, c, s));
    gnl_exec_jvp(w->exec);
    return square(c->rows * w->outputs, gnl_exec_output_tangent(w->exec, 0));
}

static void decode_beside(const work *w, const gnl_code *c, int64_t s, double apart)
{
    const gnl_real *z = gnl_code_z(c, s), *direction = direction_of(w, c, s);
    for (int64_t i = 0; i < c->rows * c->dims; i++)
        w->near[i] = z[i] + (gnl_real)apart * direction[i];
    decode(w, c, w->near);
}

static double by_difference(const work *w, const gnl_code *c, int64_t s)
{
    const int64_t n = c->rows * w->outputs;
    double total = 0;
    decode_beside(w, c, s, -APART / 2);
    memcpy(w->before, gnl_exec_output(w->exec, 0), (size_t)n * sizeof *w->before);
    decode_beside(w, c, s, APART / 2);
    const gnl_real *after = gnl_exec_output(w->exec, 0);
    for (int64_t i = 0; i < n; i++)
        total += ((double)after[i] - (double)w->before[i]) * ((double)after[i] - (double)w->before[i]);
    return total / (APART * APART);
}

/* ---- value and derivatives ------------------------------------------------------------------- */

static double factor_of(const gnl_term *t, const gnl_code *c)
{
    return ((const gradient_opts *)gnl_kind_opts(&t->kind))->weight / (double)(c->samples * c->rows);
}

static double value(gnl_term *t, const gnl_term_call *call)
{
    const gnl_code *c = call->code;
    const work *w = gnl_kind_work(&t->kind, c);
    gnl_rng rng = call->rng;
    double total = 0;
    gnl_fill_normal(&c->compute, &rng, c->samples * c->rows * c->dims, w->direction);
    for (int64_t s = 0; s < c->samples; s++)
        total += (w->training ? by_tangents : by_difference)(w, c, s);
    return factor_of(t, c) * total;
}

/* The reverse of the forward and the tangent pass of each sample. Uses the directions that value() has drawn. */
static void backward_z(gnl_term *t, const gnl_term_call *call)
{
    const gnl_code *c = call->code;
    const work *w = gnl_kind_work(&t->kind, c);
    const int64_t n = c->rows * w->outputs;
    for (int64_t s = 0; s < c->samples; s++) {
        gnl_real *dz = c->dz + s * c->rows * c->dims;
        (void)by_tangents(w, c, s);
        c->compute.k->scale(n, (gnl_real)(2 * factor_of(t, c)), gnl_exec_output_tangent(w->exec, 0),
                            gnl_exec_output_tangent_grad(w->exec, 0));
        gnl_exec_backward_dual(w->exec, 0, 1, GNL_GRAD_WEIGHTS | GNL_GRAD_INPUTS);
        c->compute.k->add(c->rows * c->dims, dz, gnl_exec_input_grad(w->exec, 0), dz);
    }
}

const gnl_term_type gnl_term_gradient = {
    .kind = {.name = "gradient",
             .options = &table,
             .help = "squared norm of the decoder's Jacobian at the codes",
             .work_new = work_new,
             .work_free = work_free},
    .value = value,
    .backward_z = backward_z,
};
