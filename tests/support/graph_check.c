/* SPDX-License-Identifier: MIT */
/* Runs one random graph with random options. */
#include <stdio.h>
#include <stdlib.h>

#include "support/graph_check.h"
#include "support/graph_dump.h"

enum { VARIANTS = 4 };

/* ---- one graph ------------------------------------------------------------------------------- */

enum { TRAIN, FEWER, EVAL, DUAL, FIRST_PENALTY, SECOND_PENALTY, JOBS };

static graph_trial trial;
static trial_job jobs[JOBS];
static bool usable[JOBS];
static trial_result expected[JOBS], found, other;
static char message[TRIAL_MESSAGE], doing[1024];

static const check_context *contexts;
static check_counts *done;

static void expect_jobs(void)
{
    static const trial_kind kinds[JOBS] = {TRIAL_TRAIN, TRIAL_TRAIN,   TRIAL_EVAL,
                                           TRIAL_DUAL,  TRIAL_PENALTY, TRIAL_PENALTY};
    for (int i = 0; i < JOBS; i++) {
        usable[i] = kinds[i] < TRIAL_DUAL || (trial.penalized && (kinds[i] == TRIAL_DUAL || trial.critic >= 0));
        jobs[i] = trial_draw_job(&trial, kinds[i]);
        if (!usable[i])
            continue;
        const trial_verdict verdict = trial_expect(&trial, &jobs[i], &expected[i]);
        done->too_large += verdict == TRIAL_TOO_LARGE;
        done->kinks += verdict == TRIAL_AT_A_KINK;
        usable[i] = verdict == TRIAL_GOOD;
        done->jobs += usable[i];
    }
}

/* One combination of options for compiling and running a net. */
typedef struct variant {
    genlat_exec_opts opts;
    int64_t capacity;
    int context;
    bool nested, repeat, general;
    unsigned requested; /* gradients requested from one of the backward passes; 0: all */
} variant;

static int draw_context(gnl_rng *rng)
{
    for (;;) {
        const int index = (int)gnl_rng_below(rng, CHECK_CONTEXTS);
        if (contexts[index].ctx && index != CHECK_TWO_THREADS)
            return index;
    }
}

static bool chance(gnl_rng *rng, double p)
{
    return gnl_rng_unit(rng) < p;
}

static variant draw_variant(gnl_rng *rng, uint32_t purpose)
{
    variant v = {.opts = GNL_EXEC_OPTS(.purpose = purpose, .input_grads = 1), .context = draw_context(rng)};
    const bool training = purpose == GENLAT_EXEC_TRAINING;
    v.capacity = TRIAL_ROWS + (int64_t)gnl_rng_below(rng, 4);
    v.opts.tile = chance(rng, 0.5) ? 1 + (int64_t)gnl_rng_below(rng, 4) : 0;
    v.opts.recompute = chance(rng, 0.5);
    v.opts.keep = chance(rng, 0.25);
    v.opts.input_grads = chance(rng, 0.75);
    v.opts.gradients_in_workspace = training && chance(rng, 0.4);
    v.nested = training && chance(rng, 0.4);
    v.repeat = chance(rng, 0.3) && !v.opts.gradients_in_workspace;
    v.general = chance(rng, 0.5);
    v.requested = chance(rng, 0.5) ? 0 : 1 + (unsigned)gnl_rng_below(rng, 3);
    return v;
}

static void describe(const variant *v, const trial_job *job)
{
    char text[256];
    trial_describe(job, text, sizeof text);
    snprintf(doing, sizeof doing,
             "%s; purpose %u, capacity %d, tile %d, recompute %u, keep %u, input_grads %u, gradients_in_workspace %u, "
             "nested %d, repeat %d, general %d, requested %u, context: %s",
             text, v->opts.purpose, (int)v->capacity, (int)v->opts.tile, v->opts.recompute, v->opts.keep,
             v->opts.input_grads, v->opts.gradients_in_workspace, v->nested, v->repeat, v->general, v->requested,
             contexts[v->context].name);
}

static bool report(void)
{
    done->failures++;
    printf("FAILED seed %llu: %s\n  %s\n", (unsigned long long)trial.graph.seed, doing, message);
    for (int i = 0; i < trial.net->inputs; i++) {
        char text[GNL_SHAPE_TEXT];
        printf("  input %s %s%s\n", trial.graph.name[i], gnl_shape_format(&trial.graph.shape[i], text),
               trial.graph.integer[i] ? " of integers" : "");
    }
    printf("%s", trial.graph.text);
    for (int i = 0; i < trial.net->weights; i++)
        if (trial.net->weight[i].frozen)
            printf("  frozen: %s\n", trial.net->weight[i].name);
    fflush(stdout);
    return false;
}

/* ---- nested execs ---------------------------------------------------------------------------- */

/* Two execs in the workspace of another: the same graph, and an identity whose input gradients are passed to the
 * outer exec as derivatives of its output. */
typedef struct nested {
    genlat_exec *inner, *carrier;
    genlat_net *inner_net, *carrier_net;
    int job, output; /* job, and output of the outer net that the carrier copies */
    char failure[TRIAL_MESSAGE];
} nested;

static genlat_net *make_carrier(genlat_ctx *ctx, const genlat_net *net, int output)
{
    const char *name = "y";
    genlat_net *carrier = NULL;
    if (gnl_net_from_text(ctx, 1, &name, &net->node[net->output[output]].shape, "scale", &carrier) != GENLAT_OK)
        abort();
    return carrier;
}

static genlat_exec_opts inner_options(gnl_rng *rng)
{
    genlat_exec_opts opts = GNL_EXEC_OPTS(.purpose = GENLAT_EXEC_TRAINING, .input_grads = 1);
    opts.tile = chance(rng, 0.5) ? 1 + (int64_t)gnl_rng_below(rng, 4) : 0;
    opts.recompute = chance(rng, 0.5);
    return opts;
}

static int64_t bytes_of(genlat_net *net, const genlat_exec_opts *opts)
{
    int64_t bytes = 0;
    if (genlat_net_exec_bytes(net, TRIAL_ROWS, opts, &bytes) != GENLAT_OK)
        abort();
    return bytes;
}

static genlat_exec *compile_inner(genlat_exec *outer, genlat_net *net, const genlat_exec_opts *opts)
{
    genlat_exec *exec = NULL;
    if (genlat_exec_compile_nested(outer, net, TRIAL_ROWS, opts, &exec) != GENLAT_OK) {
        printf("%s\n", genlat_last_error());
        abort();
    }
    return exec;
}

/* Runs between the passes of the outer exec: a job of the inner exec, then the carrier. */
static void run_nested(void *arg, genlat_tensor *dy[])
{
    nested *n = arg;
    const trial_run run = {.exec = n->inner};
    const gnl_real *y = gnl_exec_output(n->carrier->outer, n->output);
    const int64_t rows = n->carrier->outer->rows, size = gnl_shape_count(&n->carrier_net->node[0].shape);
    const bool good = trial_run_job(&trial, &jobs[n->job], &run, &found, message);
    if (!good || (usable[n->job] && !trial_compare(&found, &expected[n->job], message)))
        memcpy(n->failure, message, sizeof n->failure);
    if (!dy[n->output])
        return;
    gnl_exec_forward(n->carrier, GNL_TRAIN, rows, &y);
    memcpy(gnl_exec_output_grad(n->carrier, 0), dy[n->output]->data, (size_t)(rows * size) * sizeof *y);
    gnl_exec_backward(n->carrier, 1, GNL_GRAD_INPUTS);
    dy[n->output]->data = gnl_exec_input_grad(n->carrier, 0);
}

static void open_nested(nested *n, genlat_net *net, variant *v, gnl_rng *rng, genlat_exec_opts inner[2])
{
    genlat_ctx *ctx = net->object.ctx;
    const int64_t space = (int64_t)(gnl_gemm_space(ctx) * sizeof(gnl_real));
    n->job = usable[FEWER] ? FEWER : TRAIN;
    n->output = (int)gnl_rng_below(rng, (uint64_t)net->outputs);
    n->inner_net = trial_clone(&trial, ctx);
    n->carrier_net = make_carrier(ctx, net, n->output);
    inner[0] = inner_options(rng);
    inner[1] = GNL_EXEC_OPTS(.purpose = GENLAT_EXEC_TRAINING, .input_grads = 1);
    v->opts.nested_bytes = bytes_of(n->inner_net, &inner[0]) + bytes_of(n->carrier_net, &inner[1]) - space;
}

static void close_nested(nested *n)
{
    genlat_exec_destroy(&n->inner);
    genlat_exec_destroy(&n->carrier);
    genlat_net_destroy(&n->inner_net);
    genlat_net_destroy(&n->carrier_net);
}

/* ---- variants -------------------------------------------------------------------------------- */

static void count(const variant *v, const genlat_exec *exec)
{
    done->execs++;
    done->nested += v->nested;
    done->own_gradients += v->opts.gradients_in_workspace;
    done->recomputed += v->opts.recompute;
    done->tiled += exec->tile < exec->capacity;
    done->kept += v->opts.keep;
    done->penalties += v->opts.purpose == GENLAT_EXEC_PENALTY;
    done->folded += exec->folds;
}

/* Returns NULL after it reported an error. */
static genlat_exec *compile(genlat_net *net, const variant *v)
{
    genlat_exec *exec = NULL;
    int64_t bytes = 0;
    if (genlat_net_compile(net, v->capacity, &v->opts, &exec) != GENLAT_OK) {
        snprintf(message, sizeof message, "%s", genlat_last_error());
        report();
        return NULL;
    }
    count(v, exec);
    if (genlat_net_exec_bytes(net, v->capacity, &v->opts, &bytes) == GENLAT_OK && bytes == genlat_exec_bytes(exec))
        return exec;
    snprintf(message, sizeof message, "%lld bytes, expected %lld", (long long)genlat_exec_bytes(exec),
             (long long)bytes);
    report();
    genlat_exec_destroy(&exec);
    return NULL;
}

static bool run_job(int index, const variant *v, const trial_run *run, trial_result *out)
{
    trial_job job = jobs[index];
    if (!usable[index])
        return true;
    job.penalty.general = v->general;
    describe(v, &job);
    if (!trial_run_job(&trial, &job, run, out, message))
        return report();
    return trial_compare(out, &expected[index], message) || report();
}

/* Runs the jobs of a training exec; nested execs run in the first backward pass. */
static bool run_training(const variant *v, genlat_exec *exec, nested *n)
{
    const trial_run plain = {.exec = exec, .repeat = v->repeat},
                    part = {.exec = exec, .repeat = v->repeat, .requested = v->requested};
    const trial_run outer = {.exec = exec, .repeat = v->repeat, .between = v->nested ? run_nested : NULL, .arg = n};
    static trial_result out;
    if (!run_job(EVAL, v, &plain, &out) || !run_job(TRAIN, v, &outer, &out))
        return false;
    if (*n->failure) {
        strcat(doing, ", in the inner exec");
        memcpy(message, n->failure, sizeof message);
        return report();
    }
    return run_job(FEWER, v, &part, &out);
}

static bool run_variant(variant v, gnl_rng *rng)
{
    genlat_net *net = trial_clone(&trial, contexts[v.context].ctx);
    nested n = {0};
    genlat_exec_opts inner[2];
    if (v.nested)
        open_nested(&n, net, &v, rng, inner);
    describe(&v, &jobs[TRAIN]);
    genlat_exec *exec = compile(net, &v);
    if (exec && v.nested) {
        n.inner = compile_inner(exec, n.inner_net, &inner[0]);
        n.carrier = compile_inner(exec, n.carrier_net, &inner[1]);
    }
    const bool good = exec && run_training(&v, exec, &n);
    close_nested(&n);
    genlat_exec_destroy(&exec);
    genlat_net_destroy(&net);
    return good;
}

/* Penalties, or the passes that they consist of. These need all rows at once. */
static bool run_penalties(variant v, bool dual)
{
    static trial_result out;
    v.opts.input_grads = 1;
    if (dual)
        v.opts.tile = v.capacity;
    genlat_net *net = trial_clone(&trial, contexts[v.context].ctx);
    describe(&v, &jobs[dual ? DUAL : FIRST_PENALTY]);
    genlat_exec *exec = compile(net, &v);
    const trial_run run = {.exec = exec, .repeat = v.repeat};
    bool good = exec != NULL;
    if (good && dual)
        good = run_job(DUAL, &v, &run, &out);
    else if (good)
        good = run_job(FIRST_PENALTY, &v, &run, &out) && run_job(TRAIN, &v, &run, &out) &&
               run_job(SECOND_PENALTY, &v, &run, &out);
    genlat_exec_destroy(&exec);
    genlat_net_destroy(&net);
    return good;
}

static bool run_inference(variant v)
{
    static trial_result out;
    genlat_net *net = trial_clone(&trial, contexts[v.context].ctx);
    v.opts.purpose = GENLAT_EXEC_INFERENCE;
    v.opts.gradients_in_workspace = 0;
    describe(&v, &jobs[EVAL]);
    genlat_exec *exec = compile(net, &v);
    const bool good = exec && run_job(EVAL, &v, &(trial_run){.exec = exec}, &out);
    genlat_exec_destroy(&exec);
    genlat_net_destroy(&net);
    return good;
}

/* One thread and two threads compute the same bits. */
static bool run_threads(variant v, int job)
{
    for (v.context = CHECK_ONE_THREAD; v.context <= CHECK_TWO_THREADS; v.context++) {
        genlat_net *net = trial_clone(&trial, contexts[v.context].ctx);
        describe(&v, &jobs[job]);
        genlat_exec *exec = compile(net, &v);
        trial_result *out = v.context == CHECK_ONE_THREAD ? &found : &other;
        const bool good = exec && run_job(job, &v, &(trial_run){.exec = exec}, out);
        genlat_exec_destroy(&exec);
        genlat_net_destroy(&net);
        if (!good)
            return false;
    }
    done->threads++;
    return !usable[job] || trial_same(&found, &other, message) || report();
}

/* Runs all variants of the graph until the first failure. */
static bool run_variants(void)
{
    gnl_rng rng = gnl_rng_make(trial.graph.seed, GNL_STREAM_USER, 5);
    for (int i = 0; i < VARIANTS; i++)
        if (!run_variant(draw_variant(&rng, GENLAT_EXEC_TRAINING), &rng))
            return false;
    if (!run_inference(draw_variant(&rng, GENLAT_EXEC_TRAINING)) ||
        !run_threads(draw_variant(&rng, GENLAT_EXEC_TRAINING), TRAIN))
        return false;
    if (!trial.penalized)
        return true;
    if (!run_variant(draw_variant(&rng, GENLAT_EXEC_PENALTY), &rng))
        return false;
    for (int i = 0; i < VARIANTS && trial.critic >= 0; i++)
        if (!run_penalties(draw_variant(&rng, GENLAT_EXEC_PENALTY), false))
            return false;
    variant v = draw_variant(&rng, GENLAT_EXEC_PENALTY);
    v.opts.input_grads = 1;
    return run_penalties(v, true) && (trial.critic < 0 || run_threads(v, FIRST_PENALTY));
}

static void dump(const char *folder)
{
    graph_dumped good[JOBS];
    int count_good = 0;
    for (int i = 0; i < JOBS; i++)
        if (usable[i])
            good[count_good++] = (graph_dumped){&jobs[i], &expected[i]};
    if (count_good)
        graph_dump(&trial, good, count_good, folder);
}

void graph_check(const check_context all[CHECK_CONTEXTS], uint64_t seed, const char *folder, check_counts *counts)
{
    contexts = all;
    done = counts;
    if (!trial_open(&trial, contexts[CHECK_MAIN].ctx, seed)) {
        printf("seed %llu: %s\n%s", (unsigned long long)seed, genlat_last_error(), trial.graph.text);
        done->refused++;
        return;
    }
    done->graphs++;
    expect_jobs();
    graph_stats_add(trial.net);
    for (int i = 0; i < trial.net->weights; i++)
        done->frozen += trial.net->weight[i].frozen;
    if (run_variants() && folder)
        dump(folder);
    trial_close(&trial);
}
