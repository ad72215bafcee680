/* SPDX-License-Identifier: MIT */
/*
 * The inverse autoregressive flow (Kingma and others, Improved variational inference with inverse autoregressive flow,
 * 2016). A code of a diagonal Gaussian passes through steps z' = g * z + (1 - g) * m, whose m and gate g are computed
 * from the dimensions before and from a context. Heads: mean, logvar, context. The steps are one net of masked layers.
 * See docs/derivations/iaf.md.
 */
#include <tgmath.h>

#include "latent/latent_priv.h"

enum { MEAN, LOGVAR, CONTEXT, HEADS };

/* Inputs and outputs of the net: the code and the context; the code, and the sum over the steps of -log g. */
enum { CODE, LOSS, INPUTS = 2, OUTPUTS = 2 };

enum { MAX_STEPS = 16, MAX_LAYERS = 4, LINE_BYTES = 128 };

static const double LOG_TWO_PI = 1.83787706640934548356;

typedef struct iaf_opts {
    size_t size;
    int64_t steps, layers, width, context;
    double gate;
} iaf_opts;

static const gnl_option options[] = {
    GNL_OPT_INT(iaf_opts, steps, 4, 1, MAX_STEPS, "number of steps; every second one has the reversed order"),
    GNL_OPT_INT(iaf_opts, layers, 2, 1, MAX_LAYERS, "hidden layers of a step"),
    GNL_OPT_INT(iaf_opts, width, 128, 1, 65536, "units of a hidden layer"),
    GNL_OPT_INT(iaf_opts, context, 64, 1, 65536, "numbers that the encoder gives to all steps"),
    GNL_OPT_REAL(iaf_opts, gate, 2, -10, 10, "initial logit of the gates; the larger, the less the first steps change"),
};
static const gnl_options_table table = {"iaf", sizeof(iaf_opts), options, GNL_COUNT(options)};

static const iaf_opts *opts_of(const gnl_kind *kind)
{
    return gnl_kind_opts(kind);
}

static int heads(const void *opts, int64_t dims, gnl_head head[GNL_MAX_HEADS])
{
    head[MEAN] = (gnl_head){"mean", dims, 0};
    head[LOGVAR] = (gnl_head){"logvar", dims, 10};
    head[CONTEXT] = (gnl_head){"context", ((const iaf_opts *)opts)->context, 0};
    return HEADS;
}

static int64_t noise(const void *opts, int64_t dims)
{
    return dims;
}

/* ---- the net --------------------------------------------------------------------------------- */

/* Appends the layers of a step, which reads z<step> and writes z<step + 1> and loss<step + 1>. */
static void append_step(const gnl_kind *kind, int64_t step, char *text, size_t capacity)
{
    const iaf_opts *o = opts_of(kind);
    const long long t = step, dims = kind->dims, width = o->width;
    const char *order = step % 2 ? "reversed" : "natural";
    char gate[40];
    gnl_format_real(o->gate, gate, sizeof gate);
    gnl_text_append(text, capacity, "masked units=%lld order=%s from=z%lld name=in%lld\n", width, order, t, t);
    gnl_text_append(text, capacity, "dense units=%lld bias=no from=context name=context%lld\n", width, t);
    gnl_text_append(text, capacity, "add from=in%lld,context%lld\nelu\n", t, t);
    for (long long i = 1; i < o->layers; i++)
        gnl_text_append(text, capacity,
                        "masked place=hidden units=%lld variables=%lld order=%s name=hidden%lld_%lld\n"
                        "elu\n",
                        width, dims, order, t, i);
    gnl_text_append(text, capacity, "masked place=last units=%lld variables=%lld order=%s gain=0.1 name=out%lld\n",
                    2 * dims, dims, order, t);
    gnl_text_append(text, capacity, "dense units=%lld bias=no gain=0.1 from=context name=skip%lld\n", 2 * dims, t);
    gnl_text_append(text, capacity, "add from=out%lld,skip%lld name=both%lld\n", t, t, t);
    gnl_text_append(text, capacity, "slice length=%lld from=both%lld name=m%lld\n", dims, t, t);
    gnl_text_append(text, capacity, "slice start=%lld from=both%lld\nscale shift=%s name=logit%lld\n", dims, t, gate,
                    t);
    gnl_text_append(text, capacity, "sigmoid name=open%lld\nscale factor=-1 from=logit%lld name=minus%lld\n", t, t, t);
    gnl_text_append(text, capacity, "sigmoid name=shut%lld\nmultiply from=open%lld,z%lld name=kept%lld\n", t, t, t, t);
    gnl_text_append(text, capacity, "multiply from=shut%lld,m%lld name=new%lld\n", t, t, t);
    gnl_text_append(text, capacity, "add from=kept%lld,new%lld name=z%lld\n", t, t, t + 1);
    gnl_text_append(text, capacity, "softplus from=minus%lld name=%s%lld\n", t, step ? "loss_of" : "loss", t + 1);
    if (step)
        gnl_text_append(text, capacity, "add from=loss%lld,loss_of%lld name=loss%lld\n", t, t + 1, t + 1);
}

static genlat_status net_new(const gnl_kind *kind, genlat_net **out)
{
    enum { STEP_LINES = 20 };
    static const char *const names[INPUTS] = {"z0", "context"};
    const iaf_opts *o = opts_of(kind);
    const gnl_shape shapes[INPUTS] = {{1, {kind->dims}}, {1, {o->context}}};
    const size_t capacity = (size_t)(o->steps * (STEP_LINES + 2 * o->layers) + 1) * LINE_BYTES;
    char *text = gnl_alloc(kind->ctx, capacity, 1);
    if (!text)
        return GENLAT_E_MEMORY;
    *text = '\0';
    for (int64_t t = 0; t < o->steps; t++)
        append_step(kind, t, text, capacity);
    gnl_text_append(text, capacity, "output z%lld,loss%lld", (long long)o->steps, (long long)o->steps);
    genlat_status status = gnl_net_from_text(kind->ctx, INPUTS, names, shapes, text, out);
    gnl_free(kind->ctx, text);
    return status;
}

/* ---- one pass -------------------------------------------------------------------------------- */

enum { NONE = -1 };

typedef struct work {
    genlat_exec *exec;
    gnl_real *start; /* [rows,dims] codes of the Gaussian, the input of the exec */
    int64_t held;    /* sample whose pass the exec holds, or NONE */
} work;

static void work_free(genlat_ctx *ctx, void *space)
{
    work *w = space;
    gnl_exec_release(w->exec);
    gnl_free(ctx, w->start);
    gnl_free(ctx, w);
}

static genlat_status work_new(const gnl_kind *kind, const gnl_latents *latents, const gnl_latent_env *env, void **out)
{
    const genlat_exec_opts opts = GNL_EXEC_OPTS(.purpose = env->training ? GENLAT_EXEC_TRAINING : GENLAT_EXEC_INFERENCE,
                                                .input_grads = env->training);
    work *w = gnl_calloc(env->ctx, 1, sizeof *w);
    if (!w)
        return GENLAT_E_MEMORY;
    *out = w;
    w->start = gnl_alloc(env->ctx, (size_t)(env->rows * kind->dims), sizeof *w->start);
    return w->start ? gnl_net_compile(kind->net, env->rows, &opts, &w->exec) : GENLAT_E_MEMORY;
}

/* Runs the steps from the codes of a sample's noise, or from the means if s is NONE. Only one sample's activations are
 * kept, so that memory does not grow with the samples. */
static work *run(const gnl_posterior *q, const gnl_code *c, int64_t s)
{
    work *w = gnl_kind_work(&q->kind, c);
    const int64_t n = c->rows * c->dims;
    if (s == NONE)
        memcpy(w->start, c->head[MEAN], (size_t)n * sizeof *w->start);
    else
        c->compute.k->gauss_sample_kl(n, c->head[MEAN], c->head[LOGVAR], c->noise + s * n, w->start);
    const gnl_real *in[INPUTS] = {w->start, c->head[CONTEXT]};
    gnl_exec_forward(w->exec, GNL_EVAL, c->rows, in);
    w->held = s;
    return w;
}

/* log q(z) = log N(noise; 0, I) - sum of logvar / 2 - sum of log g. */
static void draw(const gnl_posterior *q, const gnl_code *c, int64_t s)
{
    const work *w = run(q, c, s);
    const gnl_real *loss = gnl_exec_output(w->exec, LOSS);
    memcpy(c->z + s * c->rows * c->dims, gnl_exec_output(w->exec, CODE), (size_t)(c->rows * c->dims) * sizeof *c->z);
    for (int64_t r = 0; r < c->rows; r++) {
        const gnl_real *noise = c->noise + (s * c->rows + r) * c->dims;
        double sum = -0.5 * (double)c->dims * LOG_TWO_PI;
        for (int64_t d = 0, i = r * c->dims; d < c->dims; d++, i++)
            sum += (double)loss[i] - 0.5 * ((double)noise[d] * (double)noise[d] + (double)c->head[LOGVAR][i]);
        c->log_q[s * c->rows + r] = sum;
    }
}

static void draw_backward(const gnl_posterior *q, const gnl_code *c, int64_t s, gnl_real *const dhead[GNL_MAX_HEADS])
{
    work *w = gnl_kind_work(&q->kind, c);
    const int64_t n = c->rows * c->dims;
    if (w->held != s)
        run(q, c, s);
    gnl_real *dloss = gnl_exec_output_grad(w->exec, LOSS);
    memcpy(gnl_exec_output_grad(w->exec, CODE), c->dz + s * n, (size_t)n * sizeof *c->dz);
    for (int64_t i = 0; i < n; i++)
        dloss[i] = (gnl_real)c->dlog_q[s * c->rows + i / c->dims];
    gnl_exec_backward(w->exec, (1u << OUTPUTS) - 1, GNL_GRAD_WEIGHTS | GNL_GRAD_INPUTS);
    c->compute.k->gauss_sample_kl_backward(n, c->head[MEAN], c->head[LOGVAR], c->noise + s * n,
                                           gnl_exec_input_grad(w->exec, 0), 0, dhead[MEAN], dhead[LOGVAR]);
    for (int64_t i = 0; i < n; i++)
        dhead[LOGVAR][i] -= (gnl_real)(0.5 * c->dlog_q[s * c->rows + i / c->dims]);
    memcpy(dhead[CONTEXT], gnl_exec_input_grad(w->exec, 1),
           (size_t)(c->rows * opts_of(&q->kind)->context) * sizeof *dhead[CONTEXT]);
}

/* ---- summaries ------------------------------------------------------------------------------- */

/* The code of zero noise, since the mean is not known in closed form. */
static void mean(const gnl_posterior *q, const gnl_code *c, gnl_real *out)
{
    const work *w = run(q, c, NONE);
    memcpy(out, gnl_exec_output(w->exec, CODE), (size_t)(c->rows * c->dims) * sizeof *out);
}

/* The log-variance of the Gaussian, scaled by the gates of zero noise. */
static void logvar(const gnl_posterior *q, const gnl_code *c, gnl_real *out)
{
    const work *w = run(q, c, NONE);
    const gnl_real *loss = gnl_exec_output(w->exec, LOSS);
    for (int64_t i = 0; i < c->rows * c->dims; i++)
        out[i] = c->head[LOGVAR][i] - 2 * loss[i];
}

const gnl_posterior_type gnl_posterior_iaf = {
    .kind = {.name = "iaf",
             .options = &table,
             .help = "inverse autoregressive flow from a diagonal Gaussian",
             .net_new = net_new,
             .work_new = work_new,
             .work_free = work_free},
    .heads = heads,
    .noise = noise,
    .draw = draw,
    .draw_backward = draw_backward,
    .draws_density = true,
    .mean = mean,
    .logvar = logvar,
};
