/* SPDX-License-Identifier: MIT */
/*
 * Random graphs: compares execs with random options with a reference that plans no memory.
 * Usage: test_graphs [--count N] [--seed S] [--first K] [--only SEED] [--stats] [--dump DIR]
 * Graph number i of a run has the seed S + i. A failure prints the seed; --only SEED runs this graph alone.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/graph_check.h"

enum { USUAL_COUNT = 500, USUAL_SEED = 1, MOST_FAILURES = 20 };

static check_counts counts;
static volatile sig_atomic_t running; /* seed of the current graph, for the signal handler */

/* ---- contexts -------------------------------------------------------------------------------- */

static check_context contexts[CHECK_CONTEXTS];

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
    static const char *const cpus[] = {"plain C", "AVX2", "AVX-512", "NEON"};
    const uint32_t widest = GENLAT_CPU_AUTO, usual = GENLAT_GEMM_AUTO;
    int count = 0;
    contexts[count++] = (check_context){open_context(1, false, widest, usual), "main"};
    contexts[count++] = (check_context){open_context(1, true, widest, usual), "one thread"};
    contexts[count++] = (check_context){open_context(2, true, widest, usual), "two threads"};
    for (uint32_t i = 0; i < GNL_COUNT(cpus); i++)
        contexts[count++] = (check_context){open_context(1, false, GENLAT_CPU_BASELINE + i, usual), cpus[i]};
    contexts[count++] = (check_context){open_context(1, false, widest, GENLAT_GEMM_CBLAS), "CBLAS"};
    contexts[count] = (check_context){open_context(1, false, widest, GENLAT_GEMM_BUILTIN), "built-in products"};
    for (int i = CHECK_MAIN; i <= CHECK_TWO_THREADS; i++)
        if (!contexts[i].ctx) {
            printf("no context: %s\n", genlat_last_error());
            exit(EXIT_FAILURE);
        }
}

static void close_contexts(void)
{
    for (int i = 0; i < CHECK_CONTEXTS; i++)
        genlat_ctx_destroy(&contexts[i].ctx);
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

static void print_counts(void)
{
    printf("%d graphs, %d refused, %d jobs, left out: %d at a kink, %d too large; %d execs: %d nested, "
           "%d with gradients, %d recomputing, %d in tiles, %d keeping, %d for penalties, %d of them folding; "
           "%d pairs of threads; %d frozen weights; %d failures\n",
           counts.graphs, counts.refused, counts.jobs, counts.kinks, counts.too_large, counts.execs, counts.nested,
           counts.own_gradients, counts.recomputed, counts.tiled, counts.kept, counts.penalties, counts.folded,
           counts.threads, counts.frozen, counts.failures);
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
            printf("%s: expected --count N, --seed S, --first K, --only SEED, --dump DIR, --stats\n", name);
            exit(2);
        }
    }
    return s;
}

/* A run with the default count must cover every kind, enumeration value, option and mode of execution. */
static bool covers_everything(void)
{
    const bool modes = counts.nested && counts.own_gradients && counts.recomputed && counts.tiled && counts.kept &&
                       counts.folded && counts.folded < counts.penalties && counts.threads && counts.frozen;
    return graph_stats_missing() == 0 && modes && counts.jobs > 3 * counts.graphs;
}

int main(int argc, char **argv)
{
    const settings s = read_arguments(argc, argv);
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    for (size_t i = 0; i < GNL_COUNT(signals); i++)
        signal(signals[i], on_signal);
    open_contexts();
    for (uint64_t i = s.first; i < s.first + s.count && counts.failures < MOST_FAILURES; i++) {
        running = (sig_atomic_t)(s.seed + i);
        graph_check(contexts, s.seed + i, s.dump, &counts);
    }
    if (s.stats)
        graph_stats_print();
    print_counts();
    const bool all = s.count < USUAL_COUNT || counts.failures || covers_everything();
    close_contexts();
    return counts.failures || counts.refused || !all ? EXIT_FAILURE : EXIT_SUCCESS;
}
