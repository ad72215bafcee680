/* SPDX-License-Identifier: MIT */
/*
 * Random graphs: what compiled execs compute, with any of their options, beside a reference that plans no memory.
 * Usage: test_graphs [--count N] [--seed S] [--first K] [--only SEED] [--stats] [--dump DIR]
 * Graph number i of a run has the seed S + i; a failure names it, and --only SEED runs it alone.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/graph_dump.h"
#include "support/graph_trial.h"

enum { USUAL_COUNT = 500, USUAL_SEED = 1, VARIANTS = 4, MOST_FAILURES = 20 };

/* ---- contexts -------------------------------------------------------------------------------- */

enum { MAIN, ONE_THREAD, TWO_THREADS, FIRST_CPU, CONTEXTS = FIRST_CPU + 6 };

static genlat_ctx *contexts[CONTEXTS];
static const char *const context_names[CONTEXTS] = {"main", "one thread", "two threads", "plain C", "AVX2", "AVX-512", "NEON",
                                                    "CBLAS", "built-in products"};

static genlat_ctx *open_context(int64_t threads, bool deterministic, uint32_t cpu, uint32_t gemm)
{
    genlat_ctx_opts opts;
    genlat_ctx *ctx = NULL;
    genlat_ctx_opts_init(&opts);
    opts.threads = threads;
    opts.deterministic = deterministic;
    opts.cpu = cpu;
    opts.gemm = gemm;
    return genlat_ctx_new(&opts, &ctx) == GENLAT_OK ? ctx : NULL; /* not every machine has every instruction set */
}

static void open_contexts(void)
{
    contexts[MAIN] = open_context(1, false, GENLAT_CPU_AUTO, GENLAT_GEMM_AUTO);
    contexts[ONE_THREAD] = open_context(1, true, GENLAT_CPU_AUTO, GENLAT_GEMM_AUTO);
    contexts[TWO_THREADS] = open_context(2, true, GENLAT_CPU_AUTO, GENLAT_GEMM_AUTO);
    for (uint32_t cpu = GENLAT_CPU_BASELINE; cpu <= GENLAT_CPU_NEON; cpu++)
        contexts[FIRST_CPU + cpu - GENLAT_CPU_BASELINE] = open_context(1, false, cpu, GENLAT_GEMM_AUTO);
    contexts[CONTEXTS - 2] = open_context(1, false, GENLAT_CPU_AUTO, GENLAT_GEMM_CBLAS);
    contexts[CONTEXTS - 1] = open_context(1, false, GENLAT_CPU_AUTO, GENLAT_GEMM_BUILTIN);
    if (!contexts[MAIN] || !contexts[ONE_THREAD] || !contexts[TWO_THREADS]) {
        printf("no context: %s\n", genlat_last_error());
        exit(EXIT_FAILURE);
    }
}

static void close_contexts(void)
{
    for (int i = 0; i < CONTEXTS; i++)
        genlat_ctx_destroy(&contexts[i]);
}

static int draw_context(gnl_rng *rng)
{
    for (;;) {
        const int index = (int)gnl_rng_below(rng, CONTEXTS);
        if (contexts[index] && index != TWO_THREADS)
            return index;
    }
}

/* ---- one graph ------------------------------------------------------------------------------- */

enum { TRAIN, FEWER, EVAL, DUAL, FIRST_PENALTY, SECOND_PENALTY, JOBS };

static graph_trial trial;
static trial_job jobs[JOBS];
static bool usable[JOBS];
static trial_result wanted[JOBS], found, other;
static char message[TRIAL_MESSAGE], doing[1024];
static volatile sig_atomic_t running; /* seed of the graph, as far as a signal handler can tell */

/* What has been done, for --stats. */
static struct {
    int graphs, too_large, kinks, refused, jobs, execs, failures;
    int nested, lent, recomputed, tiled, kept, penalties, folded, threads, frozen;
} done;

static void expect_jobs(void)
{
    static const trial_kind kinds[JOBS] = {TRIAL_TRAIN, TRIAL_TRAIN, TRIAL_EVAL, TRIAL_DUAL, TRIAL_PENALTY, TRIAL_PENALTY};
    for (int i = 0; i < JOBS; i++) {
        usable[i] = kinds[i] < TRIAL_DUAL || (trial.penalized && (kinds[i] == TRIAL_DUAL || trial.critic >= 0));
        jobs[i] = trial_draw_job(&trial, kinds[i]);
        if (!usable[i])
            continue;
        const trial_verdict verdict = trial_expect(&trial, &jobs[i], &wanted[i]);
        done.too_large += verdict == TRIAL_TOO_LARGE;
        done.kinks += verdict == TRIAL_AT_A_KINK;
        usable[i] = verdict == TRIAL_GOOD;
        done.jobs += usable[i];
    }
}

/* One way to compile and to run a net. */
typedef struct variant {
    genlat_exec_opts opts;
    int64_t capacity;
    int context;
    bool nested, again, general;
} variant;

static bool chance(gnl_rng *rng, double p)
{
    return gnl_rng_unit(rng) < p;
}

static variant draw_variant(gnl_rng *rng, uint32_t purpose)
{
    variant v = {.opts = gnl_exec_opts(purpose, true), .context = draw_context(rng)};
    const bool training = purpose == GENLAT_EXEC_TRAINING;
    v.capacity = TRIAL_ROWS + (int64_t)gnl_rng_below(rng, 4);
    v.opts.tile = chance(rng, 0.5) ? 1 + (int64_t)gnl_rng_below(rng, 4) : 0;
    v.opts.recompute = chance(rng, 0.5);
    v.opts.keep = chance(rng, 0.25);
    v.opts.input_grads = purpose == GENLAT_EXEC_PENALTY || chance(rng, 0.75);
    v.opts.lend_grads = training && chance(rng, 0.4);
    v.nested = training && chance(rng, 0.4);
    v.again = chance(rng, 0.3) && !v.opts.lend_grads;
    v.general = chance(rng, 0.5);
    return v;
}

static void describe(const variant *v, const trial_job *job)
{
    char text[256];
    trial_describe(job, text, sizeof text);
    snprintf(doing, sizeof doing,
             "%s; purpose %u, capacity %d, tile %d, recompute %u, keep %u, input_grads %u, lend_grads %u, nested %d, again %d, "
             "general %d, context: %s",
             text, v->opts.purpose, (int)v->capacity, (int)v->opts.tile, v->opts.recompute, v->opts.keep, v->opts.input_grads,
             v->opts.lend_grads, v->nested, v->again, v->general, context_names[v->context]);
}

static bool report(void)
{
    done.failures++;
    printf("FAILED seed %llu: %s\n  %s\n", (unsigned long long)trial.graph.seed, doing, message);
    for (int i = 0; i < trial.net->inputs; i++) {
        char text[GNL_SHAPE_TEXT];
        printf("  input %s %s%s\n", trial.graph.name[i], gnl_shape_format(&trial.graph.shape[i], text),
               trial.graph.whole[i] ? " of whole numbers" : "");
    }
    printf("%s", trial.graph.text);
    for (int i = 0; i < trial.net->weights; i++)
        if (trial.net->weight[i].frozen)
            printf("  frozen: %s\n", trial.net->weight[i].name);
    fflush(stdout);
    return false;
}

/* ---- execs within execs ---------------------------------------------------------------------- */

/* In the room of another exec: the same graph once more, and a net that does nothing, whose input gradients are the derivatives
 * that the outer exec is given. */
typedef struct nested {
    genlat_exec *inner, *carrier;
    genlat_net *inner_net, *carrier_net;
    int job, output; /* of the outer net, which the carrier takes */
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
    genlat_exec_opts opts = gnl_exec_opts(GENLAT_EXEC_TRAINING, true);
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
    if (genlat_exec_compile_guest(outer, net, TRIAL_ROWS, opts, &exec) != GENLAT_OK) {
        printf("%s\n", genlat_last_error());
        abort();
    }
    return exec;
}

/* Between the passes of the outer exec: a job of the inner one, and then the carrier. */
static void run_nested(void *arg, genlat_tensor *dy[])
{
    nested *n = arg;
    const trial_run run = {.exec = n->inner};
    const gnl_real *y = gnl_exec_output(n->carrier->host, n->output);
    const int64_t rows = n->carrier->host->rows, size = gnl_shape_count(&n->carrier_net->node[0].shape);
    const bool good = trial_run_job(&trial, &jobs[n->job], &run, &found, message);
    if (!good || (usable[n->job] && !trial_compare(&found, &wanted[n->job], message)))
        memcpy(n->failure, message, sizeof n->failure);
    if (!dy[n->output])
        return;
    gnl_exec_forward(n->carrier, true, rows, &y);
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
    inner[1] = gnl_exec_opts(GENLAT_EXEC_TRAINING, true);
    v->opts.room = bytes_of(n->inner_net, &inner[0]) + bytes_of(n->carrier_net, &inner[1]) - space;
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
    done.execs++;
    done.nested += v->nested;
    done.lent += v->opts.lend_grads;
    done.recomputed += v->opts.recompute;
    done.tiled += exec->tile < exec->capacity;
    done.kept += v->opts.keep;
    done.penalties += v->opts.purpose == GENLAT_EXEC_PENALTY;
    done.folded += exec->folds;
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
    return trial_compare(out, &wanted[index], message) || report();
}

/* The jobs of a training exec, in turn, the first of them with what is nested. */
static bool run_training(const variant *v, genlat_exec *exec, nested *n)
{
    const trial_run plain = {.exec = exec, .again = v->again};
    const trial_run outer = {.exec = exec, .again = v->again, .between = v->nested ? run_nested : NULL, .arg = n};
    static trial_result out;
    if (!run_job(EVAL, v, &plain, &out) || !run_job(TRAIN, v, &outer, &out))
        return false;
    if (*n->failure) {
        strcat(doing, ", in the inner exec");
        memcpy(message, n->failure, sizeof message);
        return report();
    }
    return run_job(FEWER, v, &plain, &out);
}

static bool run_variant(variant v, gnl_rng *rng)
{
    genlat_net *net = trial_clone(&trial, contexts[v.context]);
    genlat_exec *exec = NULL;
    nested n = {0};
    genlat_exec_opts inner[2];
    if (v.nested)
        open_nested(&n, net, &v, rng, inner);
    describe(&v, &jobs[TRAIN]);
    bool good = genlat_net_compile(net, v.capacity, &v.opts, &exec) == GENLAT_OK;
    if (!good) {
        snprintf(message, sizeof message, "%s", genlat_last_error());
        report();
    } else {
        count(&v, exec);
        if (v.nested) {
            n.inner = compile_inner(exec, n.inner_net, &inner[0]);
            n.carrier = compile_inner(exec, n.carrier_net, &inner[1]);
        }
        good = run_training(&v, exec, &n);
    }
    close_nested(&n);
    genlat_exec_destroy(&exec);
    genlat_net_destroy(&net);
    return good;
}

static genlat_exec *compile(genlat_net *net, const variant *v)
{
    genlat_exec *exec = NULL;
    if (genlat_net_compile(net, v->capacity, &v->opts, &exec) != GENLAT_OK) {
        snprintf(message, sizeof message, "%s", genlat_last_error());
        report();
        return NULL;
    }
    count(v, exec);
    return exec;
}

/* Penalties, or the passes that they consist of, which take all rows at once. */
static bool run_penalties(variant v, bool dual)
{
    static trial_result out;
    if (dual)
        v.opts.tile = v.capacity;
    genlat_net *net = trial_clone(&trial, contexts[v.context]);
    describe(&v, &jobs[dual ? DUAL : FIRST_PENALTY]);
    genlat_exec *exec = compile(net, &v);
    const trial_run run = {.exec = exec, .again = v.again};
    bool good = exec != NULL;
    if (good && dual)
        good = run_job(DUAL, &v, &run, &out);
    else if (good)
        good = run_job(FIRST_PENALTY, &v, &run, &out) && run_job(TRAIN, &v, &run, &out) && run_job(SECOND_PENALTY, &v, &run, &out);
    genlat_exec_destroy(&exec);
    genlat_net_destroy(&net);
    return good;
}

static bool run_inference(variant v)
{
    static trial_result out;
    genlat_net *net = trial_clone(&trial, contexts[v.context]);
    v.opts.purpose = GENLAT_EXEC_INFERENCE;
    v.opts.lend_grads = 0;
    describe(&v, &jobs[EVAL]);
    genlat_exec *exec = compile(net, &v);
    const bool good = exec && run_job(EVAL, &v, &(trial_run){.exec = exec}, &out);
    genlat_exec_destroy(&exec);
    genlat_net_destroy(&net);
    return good;
}

/* One thread and two give the same bits. */
static bool run_threads(variant v, int job)
{
    for (v.context = ONE_THREAD; v.context <= TWO_THREADS; v.context++) {
        genlat_net *net = trial_clone(&trial, contexts[v.context]);
        describe(&v, &jobs[job]);
        genlat_exec *exec = compile(net, &v);
        const bool good = exec && run_job(job, &v, &(trial_run){.exec = exec}, v.context == ONE_THREAD ? &found : &other);
        genlat_exec_destroy(&exec);
        genlat_net_destroy(&net);
        if (!good)
            return false;
    }
    done.threads++;
    return !usable[job] || trial_same(&found, &other, message) || report();
}

/* All variants of the graph; ends with the first that fails. */
static bool run_variants(void)
{
    gnl_rng rng = gnl_rng_make(trial.graph.seed, GNL_STREAM_USER, 5);
    for (int i = 0; i < VARIANTS; i++)
        if (!run_variant(draw_variant(&rng, GENLAT_EXEC_TRAINING), &rng))
            return false;
    if (!run_inference(draw_variant(&rng, GENLAT_EXEC_TRAINING)) || !run_threads(draw_variant(&rng, GENLAT_EXEC_TRAINING), TRAIN))
        return false;
    if (!trial.penalized)
        return true;
    for (int i = 0; i < VARIANTS && trial.critic >= 0; i++)
        if (!run_penalties(draw_variant(&rng, GENLAT_EXEC_PENALTY), false))
            return false;
    return run_penalties(draw_variant(&rng, GENLAT_EXEC_PENALTY), true) &&
           (trial.critic < 0 || run_threads(draw_variant(&rng, GENLAT_EXEC_PENALTY), FIRST_PENALTY));
}

static bool run_graph(uint64_t seed, const char *folder)
{
    bool good = false;
    running = (sig_atomic_t)seed;
    if (!trial_open(&trial, contexts[MAIN], seed)) {
        printf("seed %llu: %s\n%s", (unsigned long long)seed, genlat_last_error(), trial.graph.text);
        done.refused++;
    } else {
        done.graphs++;
        expect_jobs();
        graph_stats_add(trial.net);
        for (int i = 0; i < trial.net->weights; i++)
            done.frozen += trial.net->weight[i].frozen;
        good = run_variants();
        if (folder && good && usable[TRAIN])
            graph_dump(&trial, jobs, usable, JOBS, folder);
    }
    trial_close(&trial);
    return good;
}

/* ---- the program ----------------------------------------------------------------------------- */

static void on_signal(int number)
{
    char text[64];
    const int length = snprintf(text, sizeof text, "signal %d in the graph of seed %d\n", number, (int)running);
    if (write(STDOUT_FILENO, text, (size_t)length) < 0)
        _exit(2);
    _exit(1);
}

static void print_done(void)
{
    printf("%d graphs, %d refused, %d jobs, left out: %d at a kink, %d too large; %d execs: %d nested, %d with gradients, "
           "%d recomputing, %d in tiles, %d keeping, %d for penalties, %d of them folding; %d pairs of threads; %d frozen weights; "
           "%d failures\n",
           done.graphs, done.refused, done.jobs, done.kinks, done.too_large, done.execs, done.nested, done.lent, done.recomputed,
           done.tiled, done.kept, done.penalties, done.folded, done.threads, done.frozen, done.failures);
}

typedef struct settings {
    uint64_t count, seed, first;
    const char *dump;
    bool stats;
} settings;

static settings read_arguments(int argc, char **argv)
{
    settings s = {USUAL_COUNT, USUAL_SEED, 0, NULL, false};
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i], *value = i + 1 < argc ? argv[i + 1] : "";
        const uint64_t number = strtoull(value, NULL, 10);
        i += strcmp(name, "--stats") != 0;
        if (strcmp(name, "--count") == 0)
            s.count = number;
        else if (strcmp(name, "--seed") == 0)
            s.seed = number;
        else if (strcmp(name, "--first") == 0)
            s.first = number;
        else if (strcmp(name, "--only") == 0)
            s = (settings){1, number, 0, s.dump, s.stats};
        else if (strcmp(name, "--dump") == 0)
            s.dump = value;
        else if (strcmp(name, "--stats") == 0)
            s.stats = true;
        else {
            printf("%s is none of --count N, --seed S, --first K, --only SEED, --dump DIR, --stats\n", name);
            exit(2);
        }
    }
    return s;
}

/* A run of the usual length must have seen every kind, every name of an enumeration, every option and every way to run. */
static bool has_seen_everything(void)
{
    const bool ways = done.nested && done.lent && done.recomputed && done.tiled && done.kept && done.folded &&
                      done.folded < done.penalties && done.threads && done.frozen;
    return graph_stats_missing() == 0 && ways && done.jobs > 3 * done.graphs;
}

int main(int argc, char **argv)
{
    const settings s = read_arguments(argc, argv);
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    for (size_t i = 0; i < GNL_COUNT(signals); i++)
        signal(signals[i], on_signal);
    open_contexts();
    for (uint64_t i = s.first; i < s.first + s.count && done.failures < MOST_FAILURES; i++)
        (void)run_graph(s.seed + i, s.dump);
    if (s.stats)
        graph_stats_print();
    print_done();
    const bool all = s.count < USUAL_COUNT || done.failures || has_seen_everything();
    close_contexts();
    return done.failures || done.refused || !all ? EXIT_FAILURE : EXIT_SUCCESS;
}
