/* SPDX-License-Identifier: MIT */
/*
 * Long short-term memory (Hochreiter and Schmidhuber, 1997) over the first dimension of a sample, with the weights and
 * gates of PyTorch:
 *     i, f, o = sigmoid(W x_t + b + V h + d),  g = tanh(W x_t + b + V h + d),  c <- f c + i g,  h <- o tanh(c),
 * with the rows of the weights in the order i, f, g, o.
 * In the arrays of gates and cells, the samples of a step are adjacent. The product V h of a step then reads V in place
 * and packs only h. W x of all steps is one product, and so are the gradients of the weights and of x.
 */
#include "layer/layer_priv.h"

typedef struct lstm_opts {
    size_t size;
    int64_t units;
    double gain;
    uint32_t out, init, bias, reserved;
} lstm_opts;

/* The output of the layer. */
enum { ALL, LAST, STATE };

static const char *const out_names[] = {"all", "last", "state", NULL};

static const gnl_option options[] = {
    GNL_OPT_INT(lstm_opts, units, 1, 1, 1 << 20, "number of hidden units and of cells"),
    GNL_OPT_REAL(lstm_opts, gain, 1, 0, 1e6, "factor of the initial scale; sd for normal, value for constant"),
    GNL_OPT_ENUM(lstm_opts, out, ALL, STATE, out_names,
                 "output: hidden units of all steps, of the last step, or [2,units]: the last step and the cells"),
    GNL_OPT_ENUM(lstm_opts, init, GNL_INIT_TORCH, GNL_INIT_CONSTANT, gnl_init_names, "initial weights"),
    GNL_OPT_BOOL(lstm_opts, bias, 1, "add two biases, as in PyTorch"),
};
static const gnl_options_table table = {"lstm", sizeof(lstm_opts), options, GNL_COUNT(options)};

enum { WEIGHT_X, WEIGHT_H, BIAS_X, BIAS_H };
enum { INPUT_GATE, FORGET_GATE, NEW_CELL, OUTPUT_GATE, GATES };

/* GRAIN: numbers of a gate per chunk. LINE: units whose hidden values share a cache line stay in one chunk. */
enum { GRAIN = 2048, LINE = 16 };

/* Limit of sizes that a double represents exactly. */
static const int64_t MAX_NUMBERS = INT64_C(1) << 53;

/* ---- shapes -------------------------------------------------------------------------------------------- */

/* Arrays of a call. The samples of a step are adjacent. */
typedef struct lstm {
    const gnl_step *s;
    int64_t steps, features, units, rows;
    int64_t columns;           /* steps * rows */
    gnl_real *gate;            /* cache [GATES,units,steps,rows] */
    gnl_real *cell;            /* cache [steps+1,units,rows] */
    gnl_real *tanh_cell;       /* cache [steps,units,rows]: tanh of the cells after each step */
    gnl_real *hidden;          /* cache [steps+1,rows,units] */
    gnl_real *x;               /* scratch [steps,rows,features] */
    gnl_real *dgate;           /* scratch, same layout as gate */
    gnl_real *dcell, *dhidden; /* scratch [units,rows] */
    int64_t step;              /* current step */
} lstm;

static int64_t cache_numbers(int64_t steps, int64_t units, int64_t rows)
{
    return units * rows * (GATES * steps + (steps + 1) + steps + (steps + 1));
}

/* Returns true if cache and scratch together have fewer than MAX_NUMBERS numbers. */
static bool is_size_valid(int64_t steps, int64_t features, int64_t units, int64_t rows)
{
    int64_t columns = 0, numbers = 0;
    return features < MAX_NUMBERS && gnl_mul_i64(steps, rows, &columns) &&
           gnl_mul_i64(columns, 4 * GATES * units + features, &numbers) && numbers < MAX_NUMBERS;
}

static genlat_status check_inputs(const lstm_opts *o, int inputs, const gnl_shape *in)
{
    char text[GNL_SHAPE_TEXT];
    if (in[0].ndim != 2 || in[0].dim[0] < 1 || in[0].dim[1] < 1)
        return gnl_fail(GENLAT_E_SHAPE, "input is %s, expected [steps,features]", gnl_shape_format(in, text));
    if (inputs == 2)
        return gnl_fail(GENLAT_E_SHAPE,
                        "the layer has two inputs, expected one or three: x, initial hidden units and initial cells");
    for (int i = 1; i < inputs; i++)
        if (gnl_shape_count(&in[i]) != o->units)
            return gnl_fail(GENLAT_E_SHAPE, "input %d is %s, expected [%lld], the number of units", i + 1,
                            gnl_shape_format(&in[i], text), (long long)o->units);
    return GENLAT_OK;
}

static gnl_param matrix(const lstm_opts *o, const char *name, int64_t features)
{
    return (gnl_param){
        .name = name,
        .shape = {2, {GATES * o->units, features}},
        .init = {(gnl_init_kind)o->init, o->gain, o->init == GNL_INIT_TORCH ? o->units : features, o->units},
        .decay = true};
}

static genlat_status infer(const void *opts, const gnl_layer_env *env, int inputs, const gnl_shape *in,
                           gnl_layer_plan *plan)
{
    const lstm_opts *o = opts;
    GNL_TRY(check_inputs(o, inputs, in));
    const int64_t steps = in[0].dim[0], features = in[0].dim[1];
    if (!is_size_valid(steps, features, o->units, env->rows))
        return gnl_fail(GENLAT_E_SHAPE, "%lld steps of %lld features need too much memory", (long long)steps,
                        (long long)features);
    const int64_t columns = steps * env->rows;
    plan->out = o->out == ALL    ? (gnl_shape){2, {steps, o->units}}
                : o->out == LAST ? (gnl_shape){1, {o->units}}
                                 : (gnl_shape){2, {2, o->units}};
    plan->param[WEIGHT_X] = matrix(o, "weight_ih", features);
    plan->param[WEIGHT_H] = matrix(o, "weight_hh", o->units);
    for (int i = BIAS_X; i <= BIAS_H; i++) {
        plan->param[i] = gnl_layer_bias(GATES * o->units, o->init == GNL_INIT_TORCH, o->units);
        plan->param[i].name = i == BIAS_X ? "bias_ih" : "bias_hh";
    }
    plan->params = o->bias ? 4 : 2;
    plan->cache = cache_numbers(steps, o->units, env->rows);
    plan->scratch = columns * features + (env->training ? GATES * o->units * columns + 2 * o->units * env->rows : 0);
    return GENLAT_OK;
}

static lstm lstm_of(const gnl_step *s)
{
    lstm l = {.s = s, .steps = s->in[0].dim[0], .features = s->in[0].dim[1], .rows = s->rows};
    l.units = ((const lstm_opts *)s->opts)->units;
    l.columns = l.steps * l.rows;
    const int64_t state = l.units * l.rows;
    l.gate = s->cache;
    l.cell = l.gate + GATES * l.units * l.columns;
    l.tanh_cell = l.cell + state * (l.steps + 1);
    l.hidden = l.tanh_cell + state * l.steps;
    l.x = s->scratch;
    return l;
}

static uint32_t out_of(const lstm *l)
{
    return ((const lstm_opts *)l->s->opts)->out;
}

/* ---- order of samples, steps and units --------------------------------------------------------------- */

/* Layout of an array with numbers of all steps. */
typedef enum layout { ROWS_FIRST, STEPS_FIRST } layout;

typedef struct reordering {
    int64_t rows, steps, n;
    const gnl_real *from;
    gnl_real *to;
    layout to_layout; /* the source has the other one */
} reordering;

static void reorder_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const reordering *t = arg;
    for (int64_t i = begin; i < end; i++) {
        int64_t row = i / t->steps, step = i % t->steps, other = step * t->rows + row;
        const bool by_step = t->to_layout == STEPS_FIRST;
        memcpy(t->to + (by_step ? other : i) * t->n, t->from + (by_step ? i : other) * t->n,
               (size_t)t->n * sizeof *t->to);
    }
}

static void reorder_steps(const lstm *l, layout to_layout, int64_t n, const gnl_real *from, gnl_real *to)
{
    reordering t = {l->rows, l->steps, n, from, to, to_layout};
    gnl_parallel(l->s->compute.ctx, l->columns, GNL_MAX(GNL_CHUNK / n, 1), reorder_task, &t);
}

/* Transposes [rows,units], with rows `stride` apart, to [units,rows]. If from is NULL, writes zeros. */
static void to_columns(const lstm *l, const gnl_real *from, int64_t stride, gnl_real *to)
{
    for (int64_t unit = 0; unit < l->units; unit++)
        for (int64_t row = 0; row < l->rows; row++)
            to[unit * l->rows + row] = from ? from[row * stride + unit] : 0;
}

/* The inverse. If to is NULL, does nothing. */
static void to_rows(const lstm *l, const gnl_real *from, gnl_real *to, int64_t stride)
{
    for (int64_t row = 0; row < l->rows && to; row++)
        for (int64_t unit = 0; unit < l->units; unit++)
            to[row * stride + unit] = from[unit * l->rows + row];
}

/* Finds the samples of the current step for each gate of a unit. */
static void find_gates(const lstm *l, gnl_real *all, int64_t unit, gnl_real *gate[GATES])
{
    for (int g = 0; g < GATES; g++)
        gate[g] = all + (g * l->units + unit) * l->columns + l->step * l->rows;
}

static int64_t state_at(const lstm *l, int64_t step, int64_t unit)
{
    return (step * l->units + unit) * l->rows;
}

static void over_units(lstm *l, gnl_task *task)
{
    gnl_parallel(l->s->compute.ctx, l->units, GNL_MAX(GRAIN / l->rows, LINE), task, l);
}

/* ---- forward ------------------------------------------------------------------------------------------- */

static void compute_gates(const lstm *l, int64_t unit, gnl_real *gate[GATES])
{
    const gnl_kernels *k = l->s->compute.k;
    for (int g = 0; g < GATES; g++) {
        const int64_t at = g * l->units + unit;
        const gnl_real bias = l->s->param[BIAS_X] ? l->s->param[BIAS_X][at] + l->s->param[BIAS_H][at] : 0;
        for (int64_t row = 0; row < l->rows; row++)
            gate[g][row] += bias;
        k->act[g == NEW_CELL ? GNL_ACT_TANH : GNL_ACT_SIGMOID](l->rows, 0, gate[g], gate[g]);
    }
}

static void forward_unit(const lstm *l, int64_t unit)
{
    gnl_real *gate[GATES], *cell = l->cell + state_at(l, l->step + 1, unit),
                           *tanh_cell = l->tanh_cell + state_at(l, l->step, unit);
    gnl_real *hidden = l->hidden + (l->step + 1) * l->rows * l->units + unit;
    const gnl_real *cell_before = l->cell + state_at(l, l->step, unit);
    find_gates(l, l->gate, unit, gate);
    compute_gates(l, unit, gate);
    for (int64_t row = 0; row < l->rows; row++)
        cell[row] = gate[FORGET_GATE][row] * cell_before[row] + gate[INPUT_GATE][row] * gate[NEW_CELL][row];
    l->s->compute.k->act[GNL_ACT_TANH](l->rows, 0, cell, tanh_cell);
    for (int64_t row = 0; row < l->rows; row++)
        hidden[row * l->units] = gate[OUTPUT_GATE][row] * tanh_cell[row];
}

static void forward_task(void *arg, int64_t begin, int64_t end, int worker)
{
    for (int64_t unit = begin; unit < end; unit++)
        forward_unit(arg, unit);
}

static void init_state(const lstm *l)
{
    const gnl_step *s = l->s;
    const size_t bytes = (size_t)(l->rows * l->units) * sizeof *l->hidden;
    if (s->inputs > 1)
        memcpy(l->hidden, s->x[1], bytes);
    else
        memset(l->hidden, 0, bytes);
    to_columns(l, s->inputs > 1 ? s->x[2] : NULL, l->units, l->cell);
}

static void store_output(const lstm *l)
{
    const gnl_real *last = l->hidden + l->columns * l->units;
    const size_t bytes = (size_t)l->units * sizeof *last;
    if (out_of(l) == ALL) {
        reorder_steps(l, ROWS_FIRST, l->units, l->hidden + l->rows * l->units, l->s->y);
        return;
    }
    for (int64_t row = 0; row < l->rows; row++)
        memcpy(l->s->y + row * l->s->out_size, last + row * l->units, bytes);
    if (out_of(l) == STATE)
        to_rows(l, l->cell + state_at(l, l->steps, 0), l->s->y + l->units, l->s->out_size);
}

static void forward(const gnl_step *s)
{
    lstm l = lstm_of(s);
    reorder_steps(&l, STEPS_FIRST, l.features, s->x[0], l.x);
    gnl_gemm(&s->compute, GNL_AS_IS, GNL_TRANSPOSED, GATES * l.units, l.columns, l.features, 1, s->param[WEIGHT_X],
             l.features, l.x, l.features, 0, l.gate, l.columns);
    init_state(&l);
    for (; l.step < l.steps; l.step++) {
        if (l.step > 0 || s->inputs > 1)
            gnl_gemm(&s->compute, GNL_AS_IS, GNL_TRANSPOSED, GATES * l.units, l.rows, l.units, 1, s->param[WEIGHT_H],
                     l.units, l.hidden + l.step * l.rows * l.units, l.units, 1, l.gate + l.step * l.rows, l.columns);
        over_units(&l, forward_task);
    }
    store_output(&l);
}

/* ---- backward ------------------------------------------------------------------------------------------ */

/* On entry dhidden and dcell are the gradients after the step. On return dcell is the gradient before it. */
static void backward_unit(const lstm *l, int64_t unit)
{
    gnl_real *gate[GATES], *dgate[GATES], *dcell = l->dcell + unit * l->rows;
    const gnl_real *dhidden = l->dhidden + unit * l->rows, *tanh_cell = l->tanh_cell + state_at(l, l->step, unit);
    const gnl_real *cell_before = l->cell + state_at(l, l->step, unit);
    const gnl_real *dy = out_of(l) == ALL ? l->s->dy + l->step * l->units + unit : NULL;
    find_gates(l, l->gate, unit, gate);
    find_gates(l, l->dgate, unit, dgate);
    for (int64_t row = 0; row < l->rows; row++) {
        gnl_real i = gate[INPUT_GATE][row], f = gate[FORGET_GATE][row], g = gate[NEW_CELL][row],
                 o = gate[OUTPUT_GATE][row];
        gnl_real dh = dhidden[row] + (dy ? dy[row * l->s->out_size] : 0);
        gnl_real dc = dcell[row] + dh * o * (1 - tanh_cell[row] * tanh_cell[row]);
        dgate[INPUT_GATE][row] = dc * g * i * (1 - i);
        dgate[FORGET_GATE][row] = dc * cell_before[row] * f * (1 - f);
        dgate[NEW_CELL][row] = dc * i * (1 - g * g);
        dgate[OUTPUT_GATE][row] = dh * tanh_cell[row] * o * (1 - o);
        dcell[row] = dc * f;
    }
}

static void backward_task(void *arg, int64_t begin, int64_t end, int worker)
{
    for (int64_t unit = begin; unit < end; unit++)
        backward_unit(arg, unit);
}

/* On return dhidden and dcell are the gradients before the first step; dhidden only if it is needed. */
static void backward_through_steps(lstm *l)
{
    const gnl_step *s = l->s;
    to_columns(l, out_of(l) == ALL ? NULL : s->dy, s->out_size, l->dhidden);
    to_columns(l, out_of(l) == STATE ? s->dy + l->units : NULL, s->out_size, l->dcell);
    for (l->step = l->steps - 1; l->step >= 0; l->step--) {
        over_units(l, backward_task);
        if (l->step > 0 || s->dx[1])
            gnl_gemm(&s->compute, GNL_TRANSPOSED, GNL_AS_IS, l->units, l->rows, GATES * l->units, 1, s->param[WEIGHT_H],
                     l->units, l->dgate + l->step * l->rows, l->columns, 0, l->dhidden, l->rows);
    }
}

static void sum_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const lstm *l = arg;
    for (int64_t at = begin; at < end; at++) {
        const gnl_real sum = (gnl_real)l->s->compute.k->sum(l->columns, l->dgate + at * l->columns);
        for (int i = BIAS_X; i <= BIAS_H; i++)
            if (l->s->grad[i])
                l->s->grad[i][at] += sum;
    }
}

static void add_weight_gradients(lstm *l)
{
    const gnl_step *s = l->s;
    const int64_t outputs = GATES * l->units;
    if (s->grad[WEIGHT_X]) {
        reorder_steps(l, STEPS_FIRST, l->features, s->x[0], l->x);
        gnl_gemm(&s->compute, GNL_AS_IS, GNL_AS_IS, outputs, l->features, l->columns, 1, l->dgate, l->columns, l->x,
                 l->features, 1, s->grad[WEIGHT_X], l->features);
    }
    if (s->grad[WEIGHT_H])
        gnl_gemm(&s->compute, GNL_AS_IS, GNL_AS_IS, outputs, l->units, l->columns, 1, l->dgate, l->columns, l->hidden,
                 l->units, 1, s->grad[WEIGHT_H], l->units);
    if (s->param[BIAS_X] && (s->grad[BIAS_X] || s->grad[BIAS_H]))
        gnl_parallel(s->compute.ctx, outputs, GNL_MAX(GNL_CHUNK / l->columns, 1), sum_task, l);
}

static void backward(const gnl_step *s)
{
    lstm l = lstm_of(s);
    l.dgate = l.x + l.columns * l.features;
    l.dcell = l.dgate + GATES * l.units * l.columns;
    l.dhidden = l.dcell + l.units * l.rows;
    backward_through_steps(&l);
    add_weight_gradients(&l);
    if (s->dx[0]) {
        gnl_gemm(&s->compute, GNL_TRANSPOSED, GNL_AS_IS, l.columns, l.features, GATES * l.units, 1, l.dgate, l.columns,
                 s->param[WEIGHT_X], l.features, 0, l.x, l.features);
        reorder_steps(&l, ROWS_FIRST, l.features, l.x, s->dx[0]);
    }
    if (s->inputs > 1) {
        to_rows(&l, l.dhidden, s->dx[1], l.units);
        to_rows(&l, l.dcell, s->dx[2], l.units);
    }
}

const gnl_layer_type gnl_lstm = {
    .name = "lstm",
    .options = &table,
    .flags = GNL_LAYER_NEEDS_X,
    .min_inputs = 1,
    .max_inputs = 3,
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .help = "long short-term memory over the steps of [steps,features]; two more inputs are the initial "
            "state",
};
