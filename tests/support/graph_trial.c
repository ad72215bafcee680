/* SPDX-License-Identifier: MIT */
/* Numbers for random graphs, jobs, and the results of the reference. */
#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <tgmath.h>

#include "support/graph_trial.h"
#include "support/reference_exec.h"

#ifdef GNL_FLOAT64
static const double UNIT = DBL_EPSILON, LEAST = 1e-290;
#else
static const double UNIT = FLT_EPSILON, LEAST = 1e-30;
#endif

/* Sizes of simulated rounding errors, in units of the last place. If errors of 8 times the size change the results
 * by more than KINK times, there is a kink in between. */
enum { SMALL_JITTERS = 3, ALL_JITTERS = 5 };
static const double SMALL = 32, LARGE = 256, FACTOR = 8, FLOOR = 64, KINK = 50;

static const double LARGEST = 1e4;

/* ---- opening --------------------------------------------------------------------------------- */

static void *allocate(const graph_trial *t, int64_t count, size_t size)
{
    void *block = gnl_calloc(t->net->object.ctx, (size_t)count, size);
    if (!block)
        abort();
    return block;
}

static int64_t numbers_of(const genlat_net *net, int node, int64_t rows)
{
    return rows * gnl_shape_count(&net->node[node].shape);
}

static gnl_real *draw(graph_trial *t, int node, double sd)
{
    const int64_t n = numbers_of(t->net, node, TRIAL_ROWS);
    gnl_real *out = allocate(t, n, sizeof *out);
    for (int64_t i = 0; i < n; i++)
        out[i] = (gnl_real)(sd * gnl_rng_gauss(&t->rng));
    return out;
}

/* Replaces constant initial weights, which would hide errors. */
static void disturb_weights(graph_trial *t)
{
    for (int64_t i = 0; i < t->net->values; i++)
        t->net->value[i] += (gnl_real)(0.2 * gnl_rng_gauss(&t->rng));
    for (int i = 0; i < t->net->weights; i++) {
        const gnl_weight *w = &t->net->weight[i];
        gnl_real *data = gnl_net_weight_data(t->net, i);
        for (int64_t j = 0; w->param.state && j < w->count; j++)
            data[j] = (gnl_real)(w->param.init.kind == GNL_INIT_NORMAL ? (double)data[j] + 0.1 * gnl_rng_gauss(&t->rng)
                                                                       : 0.5 + gnl_rng_unit(&t->rng));
    }
}

/* All weights, those of one layer, one weight, or all but one. */
static void freeze(graph_trial *t)
{
    genlat_net *net = t->net;
    const int how = (int)gnl_rng_below(&t->rng, 8),
              one = net->weights ? (int)gnl_rng_below(&t->rng, (uint64_t)net->weights) : 0;
    for (int i = 0; i < net->weights; i++) {
        const size_t node = strcspn(net->weight[one].name, ".") + 1;
        const bool layer = strncmp(net->weight[i].name, net->weight[one].name, node) == 0;
        net->weight[i].frozen = how == 0 || (how == 1 && layer) || (how == 2 && i == one) || (how == 3 && i != one);
    }
}

static bool has_tangents(const gnl_layer_type *type)
{
    return !(type->flags & GNL_LAYER_COUPLES_BATCH) &&
           ((type->jvp && type->jvp_backward) || type->flags & GNL_LAYER_PIECEWISE_LINEAR);
}

static void find_critic(graph_trial *t)
{
    t->critic = -1;
    t->penalized = true;
    for (int i = t->net->outputs - 1; i >= 0; i--)
        if (gnl_shape_count(&t->net->node[t->net->output[i]].shape) == 1)
            t->critic = i;
    for (int n = t->net->inputs; n < t->net->nodes; n++)
        t->penalized &= has_tangents(t->net->node[n].layer->type);
}

bool trial_open(graph_trial *t, genlat_ctx *ctx, uint64_t seed)
{
    memset(t, 0, sizeof *t);
    random_graph_make(ctx, seed, &t->graph);
    t->net = random_graph_build(ctx, &t->graph);
    if (!t->net)
        return false;
    t->rng = gnl_rng_make(seed, GNL_STREAM_USER, 3);
    disturb_weights(t);
    freeze(t);
    find_critic(t);
    for (int i = 0; i < t->net->inputs; i++) {
        t->x[i] = draw(t, i, 0.7);
        t->tx[i] = draw(t, i, 1);
        for (int64_t j = 0; t->graph.integer[i] && j < numbers_of(t->net, i, TRIAL_ROWS); j++)
            t->x[i][j] = (gnl_real)gnl_rng_below(&t->rng, GRAPH_INTEGERS);
    }
    for (int i = 0; i < t->net->outputs; i++) {
        t->dy[i] = draw(t, t->net->output[i], 1);
        t->dty[i] = draw(t, t->net->output[i], 1);
    }
    for (int i = 0; i < TRIAL_ROWS; i++)
        t->dloss[i] = (gnl_real)gnl_rng_gauss(&t->rng);
    return true;
}

void trial_close(graph_trial *t)
{
    genlat_ctx *ctx = t->net ? t->net->object.ctx : NULL;
    for (int i = 0; i < GNL_MAX_INPUTS; i++) {
        gnl_free(ctx, t->x[i]);
        gnl_free(ctx, t->tx[i]);
    }
    for (int i = 0; i < GENLAT_MAX_OUTPUTS; i++) {
        gnl_free(ctx, t->dy[i]);
        gnl_free(ctx, t->dty[i]);
    }
    if (t->net)
        gnl_net_release(t->net);
}

genlat_net *trial_clone(const graph_trial *t, genlat_ctx *ctx)
{
    genlat_net *net = random_graph_build(ctx, &t->graph);
    if (!net)
        abort();
    memcpy(net->value, t->net->value, (size_t)net->values * sizeof *net->value);
    memcpy(net->state, t->net->state, (size_t)net->states * sizeof *net->state);
    for (int i = 0; i < net->weights; i++)
        net->weight[i].frozen = t->net->weight[i].frozen;
    return net;
}

/* ---- jobs ------------------------------------------------------------------------------------ */

trial_job trial_draw_job(graph_trial *t, trial_kind kind)
{
    const unsigned all = (1u << t->net->outputs) - 1;
    trial_job job = {
        .kind = kind, .rows = 1 + (int64_t)gnl_rng_below(&t->rng, TRIAL_ROWS), .outputs = all, .tangents = all};
    job.dropout = gnl_rng_make(t->graph.seed, GNL_STREAM_DROPOUT, gnl_rng_below(&t->rng, 100));
    if (gnl_rng_unit(&t->rng) < 0.4)
        job.outputs = (unsigned)gnl_rng_below(&t->rng, all + 1);
    if (gnl_rng_unit(&t->rng) < 0.4)
        job.tangents = (unsigned)gnl_rng_below(&t->rng, all + 1);
    job.penalty = (gnl_penalty){.kind = (gnl_penalty_kind)gnl_rng_below(&t->rng, 3),
                                .weight = 0.7,
                                .input = (int)gnl_rng_below(&t->rng, (uint64_t)t->net->inputs),
                                .output = GNL_MAX(t->critic, 0),
                                .dloss = gnl_rng_unit(&t->rng) < 0.5 ? t->dloss : NULL};
    return job;
}

void trial_describe(const trial_job *job, char *text, size_t capacity)
{
    static const char *const kinds[] = {"eval", "train", "dual", "penalty"};
    static const char *const penalties[] = {"zero", "one", "one-sided"};
    int used = snprintf(text, capacity, "%s of %d rows, outputs %x, tangents %x", kinds[job->kind], (int)job->rows,
                        job->outputs, job->tangents);
    if (job->kind == TRIAL_PENALTY)
        snprintf(text + used, capacity - (size_t)used, ", %s by input %d of output %d, loss %d",
                 penalties[job->penalty.kind], job->penalty.input, job->penalty.output, job->penalty.dloss != NULL);
}

/* ---- results of the reference ---------------------------------------------------------------- */

static void put(trial_result *r, const char *kind, const char *name, int64_t count, const gnl_real *from)
{
    trial_tensor *tensor = &r->tensor[r->tensors++];
    if (r->tensors > TRIAL_TENSORS || r->numbers + count > TRIAL_RESULT)
        abort();
    snprintf(tensor->name, TRIAL_NAME, "%s %.40s", kind, name);
    tensor->at = r->numbers;
    tensor->count = count;
    memcpy(r->number + r->numbers, from, (size_t)count * sizeof *from);
    r->numbers += count;
}

typedef const gnl_real *getter(const reference_exec *r, int node);

static void put_outputs(const reference_exec *r, getter *get, const char *kind, trial_result *out)
{
    for (int i = 0; i < r->net->outputs; i++)
        put(out, kind, r->net->node[r->net->output[i]].name, numbers_of(r->net, r->net->output[i], r->rows),
            get(r, r->net->output[i]));
}

static void put_inputs(const reference_exec *r, getter *get, const char *kind, trial_result *out)
{
    for (int i = 0; i < r->net->inputs; i++)
        if (get(r, i))
            put(out, kind, r->net->node[i].name, numbers_of(r->net, i, r->rows), get(r, i));
}

static void put_weights(const reference_exec *r, trial_result *out)
{
    for (int i = 0; i < r->net->weights; i++) {
        const gnl_weight *w = &r->net->weight[i];
        put(out, w->param.state ? "state" : "grad", w->name, w->count,
            (w->param.state ? r->state : r->grad) + w->offset);
    }
}

static void put_nodes(const reference_exec *r, trial_result *out)
{
    for (int n = r->net->inputs; n < r->net->nodes; n++)
        if (reference_value(r, n))
            put(out, "node", r->net->node[n].name, numbers_of(r->net, n, r->rows), reference_value(r, n));
}

static void put_penalty(reference_exec *r, const gnl_penalty *penalty, trial_result *out)
{
    double norm2[TRIAL_ROWS];
    gnl_real numbers[TRIAL_ROWS + 1];
    numbers[r->rows] = (gnl_real)reference_penalty(r, penalty, norm2);
    for (int64_t i = 0; i < r->rows; i++)
        numbers[i] = (gnl_real)norm2[i];
    put(out, "penalty", "", r->rows + 1, numbers);
}

static const gnl_real *const *masked(gnl_real *const *from, unsigned mask, const gnl_real *to[GENLAT_MAX_OUTPUTS])
{
    for (int i = 0; i < GENLAT_MAX_OUTPUTS; i++)
        to[i] = mask >> i & 1 ? from[i] : NULL;
    return to;
}

static void reference_job(reference_exec *r, const graph_trial *t, const trial_job *job, trial_result *out)
{
    const gnl_real *dy[GENLAT_MAX_OUTPUTS], *dty[GENLAT_MAX_OUTPUTS];
    out->tensors = 0;
    out->numbers = 0;
    r->dropout = job->dropout;
    reference_forward(r, job->kind != TRIAL_EVAL, (const gnl_real *const *)t->x);
    put_outputs(r, reference_value, "y", out);
    masked(t->dy, job->outputs, dy);
    masked(t->dty, job->tangents, dty);
    if (job->kind == TRIAL_TRAIN)
        reference_backward(r, dy);
    if (job->kind == TRIAL_DUAL) {
        reference_jvp(r, (const gnl_real *const *)t->tx);
        put_outputs(r, reference_tangent, "ty", out);
        reference_dual(r, dy, dty);
        put_inputs(r, reference_tangent_adjoint, "dtx", out);
    }
    if (job->kind == TRIAL_PENALTY)
        put_penalty(r, &job->penalty, out);
    if (job->kind != TRIAL_EVAL)
        put_inputs(r, reference_adjoint, "dx", out);
    put_weights(r, out);
    put_nodes(r, out);
}

/* Integer inputs are not disturbed. */
static void disturb(graph_trial *t, const graph_trial *from, double size, gnl_rng *rng)
{
    for (int i = 0; i < TRIAL_ROWS; i++)
        t->dloss[i] = from->dloss[i] * (gnl_real)(1 + size * (2 * gnl_rng_unit(rng) - 1));
    for (int i = 0; i < t->net->inputs; i++)
        for (int64_t j = 0; j < numbers_of(t->net, i, TRIAL_ROWS); j++) {
            t->x[i][j] = from->x[i][j] * (gnl_real)(t->graph.integer[i] ? 1 : 1 + size * (2 * gnl_rng_unit(rng) - 1));
            t->tx[i][j] = from->tx[i][j] * (gnl_real)(1 + size * (2 * gnl_rng_unit(rng) - 1));
        }
    for (int i = 0; i < t->net->outputs; i++)
        for (int64_t j = 0; j < numbers_of(t->net, t->net->output[i], TRIAL_ROWS); j++) {
            t->dy[i][j] = from->dy[i][j] * (gnl_real)(1 + size * (2 * gnl_rng_unit(rng) - 1));
            t->dty[i][j] = from->dty[i][j] * (gnl_real)(1 + size * (2 * gnl_rng_unit(rng) - 1));
        }
}

/* Memory for the disturbed inputs. */
static graph_trial shadow_of(const graph_trial *t)
{
    graph_trial copy = *t;
    for (int i = 0; i < t->net->inputs; i++) {
        copy.x[i] = allocate(t, numbers_of(t->net, i, TRIAL_ROWS), sizeof **copy.x);
        copy.tx[i] = allocate(t, numbers_of(t->net, i, TRIAL_ROWS), sizeof **copy.tx);
    }
    for (int i = 0; i < t->net->outputs; i++) {
        copy.dy[i] = allocate(t, numbers_of(t->net, t->net->output[i], TRIAL_ROWS), sizeof **copy.dy);
        copy.dty[i] = allocate(t, numbers_of(t->net, t->net->output[i], TRIAL_ROWS), sizeof **copy.dty);
    }
    copy.net = gnl_net_retain(t->net);
    return copy;
}

static void run_reference(const graph_trial *t, const trial_job *job, double jitter, uint64_t seed, trial_result *out)
{
    reference_exec r;
    reference_open(&r, t->net, job->rows, jitter, seed);
    reference_job(&r, t, job, out);
    reference_close(&r);
}

static double largest(const trial_result *r, const trial_tensor *tensor)
{
    double most = 0;
    for (int64_t i = tensor->at; i < tensor->at + tensor->count; i++)
        most = isfinite(r->number[i]) ? GNL_MAX(most, fabs((double)r->number[i])) : HUGE_VAL;
    return most;
}

static double distance(const trial_result *a, const trial_result *b, const trial_tensor *tensor)
{
    double most = 0;
    for (int64_t i = tensor->at; i < tensor->at + tensor->count; i++) {
        const double apart = fabs((double)a->number[i] - (double)b->number[i]);
        most = apart <= most ? most : apart; /* NaN counts as infinitely far */
    }
    return isnan(most) ? HUGE_VAL : most;
}

/* Updates the largest distances of the tensors. */
static void add_distances(const trial_result *expected, const trial_result *other, double *apart)
{
    for (int i = 0; i < expected->tensors; i++)
        apart[i] = GNL_MAX(apart[i], distance(expected, other, &expected->tensor[i]));
}

/* Sums that cancel to zero have rounding errors of their terms, which are among the larger numbers of the job. */
static double largest_of_all(const trial_result *r)
{
    double most = 0;
    for (int i = 0; i < r->tensors; i++)
        most = GNL_MAX(most, largest(r, &r->tensor[i]));
    return most;
}

trial_verdict trial_expect(const graph_trial *t, const trial_job *job, trial_result *expected)
{
    static trial_result other;
    double small[TRIAL_TENSORS] = {0}, large[TRIAL_TENSORS] = {0};
    gnl_rng rng = gnl_rng_make(t->graph.seed, GNL_STREAM_USER, 4);
    run_reference(t, job, 0, 0, expected);
    const double most = largest_of_all(expected);
    if (!(most <= LARGEST))
        return TRIAL_TOO_LARGE;
    graph_trial shadow = shadow_of(t);
    trial_job same = *job;
    if (job->penalty.dloss)
        same.penalty.dloss = shadow.dloss;
    for (int i = 0; i < ALL_JITTERS; i++) {
        const double size = UNIT * (i < SMALL_JITTERS ? SMALL : LARGE);
        disturb(&shadow, t, size, &rng);
        run_reference(&shadow, &same, size, (uint64_t)i, &other);
        add_distances(expected, &other, i < SMALL_JITTERS ? small : large);
    }
    trial_close(&shadow);
    trial_verdict verdict = TRIAL_GOOD;
    for (int i = 0; i < expected->tensors; i++) {
        const double floor = UNIT * (FLOOR * largest(expected, &expected->tensor[i]) + most) + LEAST;
        expected->tensor[i].bound = FACTOR * small[i] + floor;
        if (large[i] > KINK * small[i] + floor || !isfinite(small[i]))
            verdict = TRIAL_AT_A_KINK;
    }
    return verdict;
}

/* ---- comparing ------------------------------------------------------------------------------- */

static const trial_tensor *find(const trial_result *r, const char *name)
{
    for (int i = 0; i < r->tensors; i++)
        if (strcmp(r->tensor[i].name, name) == 0)
            return &r->tensor[i];
    return NULL;
}

bool trial_compare(const trial_result *found, const trial_result *expected, char *message)
{
    double worst = 1;
    message[0] = '\0';
    for (int i = 0; i < found->tensors; i++) {
        const trial_tensor *a = &found->tensor[i], *b = find(expected, a->name);
        if (!b || a->count != b->count) {
            snprintf(message, TRIAL_MESSAGE, "%s: %d numbers, expected another tensor", a->name, (int)a->count);
            return false;
        }
        for (int64_t j = 0; j < a->count; j++) {
            const double x = (double)found->number[a->at + j], y = (double)expected->number[b->at + j];
            const double times = fabs(x - y) / b->bound;
            if (times <= worst)
                continue;
            worst = isnan(times) ? HUGE_VAL : times;
            snprintf(message, TRIAL_MESSAGE, "%s[%d] is %.17g, expected %.17g: %g apart, %g allowed", a->name, (int)j,
                     x, y, fabs(x - y), b->bound);
        }
    }
    return worst <= 1;
}

bool trial_same(const trial_result *a, const trial_result *b, char *message)
{
    message[0] = '\0';
    if (a->tensors != b->tensors || a->numbers != b->numbers) {
        snprintf(message, TRIAL_MESSAGE, "%d tensors, expected %d", a->tensors, b->tensors);
        return false;
    }
    for (int i = 0; i < a->tensors; i++) {
        const trial_tensor *tensor = &a->tensor[i];
        for (int64_t j = 0; j < tensor->count; j++)
            if (memcmp(&a->number[tensor->at + j], &b->number[tensor->at + j], sizeof *a->number) != 0) {
                snprintf(message, TRIAL_MESSAGE, "%s[%d] is %.17g with other threads than %.17g", tensor->name, (int)j,
                         (double)a->number[tensor->at + j], (double)b->number[tensor->at + j]);
                return false;
            }
    }
    return true;
}
