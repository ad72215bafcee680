/* SPDX-License-Identifier: MIT */
/* All kinds of schedules: options, formula and table entry of each. */
#include <tgmath.h>

#include "optim/optim_priv.h"

#define OPT(type, key, field, kind, def, lo, hi, help)                                                                 \
    {                                                                                                                  \
        key, kind, offsetof(type, field), def, lo, hi, NULL, help                                                      \
    }
#define HEAD(type, key, def)                                                                                           \
    OPT(type, key, head.from, GNL_OPTION_REAL, def, -1e30, 1e30, "initial value"),                                     \
        OPT(type, "steps", head.steps, GNL_OPTION_INT, 0, 0, 1e15, "total number of steps, including warm-up"),        \
        OPT(type, "warmup", head.warmup, GNL_OPTION_INT, 0, 0, 1e15, "steps of linear warm-up to the initial value"),  \
        OPT(type, "warmup_from", head.warmup_from, GNL_OPTION_REAL, 0, -1e30, 1e30,                                    \
            "value at the start of the warm-up")
#define TO(type, def, help) OPT(type, "to", to, GNL_OPTION_REAL, def, -1e30, 1e30, help)
#define TABLE(name, type, options)                                                                                     \
    {                                                                                                                  \
        name, sizeof(type), options, GNL_COUNT(options)                                                                \
    }

static double interpolate(double from, double to, double t)
{
    return t >= 1 ? to : from + (to - from) * t;
}

/* ---- constant -------------------------------------------------------------------------------- */

typedef struct constant_opts {
    gnl_schedule_head head;
} constant_opts;

static const gnl_option constant_options[] = {HEAD(constant_opts, "value", 0)};
static const gnl_options_table constant_table = TABLE("constant", constant_opts, constant_options);

static double constant_at(const void *opts, const gnl_schedule_state *state, int64_t step, int64_t length)
{
    return ((const constant_opts *)opts)->head.from;
}

static const gnl_schedule_type constant = {.name = "constant",
                                           .options = &constant_table,
                                           .at = constant_at,
                                           .endless = true,
                                           .help = "constant value; can also be written as a plain number"};

/* ---- steps ----------------------------------------------------------------------------------- */

typedef struct steps_opts {
    gnl_schedule_head head;
    double factor;
    int64_t every;
    int64_t milestones[GENLAT_MAX_DIMS];
} steps_opts;

static const gnl_option steps_options[] = {
    HEAD(steps_opts, "from", 1),
    GNL_OPT_REAL(steps_opts, factor, 0.1, 0, 1e6, "factor at each milestone"),
    GNL_OPT_INT(steps_opts, every, 0, 0, 1e15, "steps between milestones; 0: only those in `milestones`"),
    GNL_OPT_DIMS(steps_opts, milestones, 1, 1e15, "up to six steps, such as 30x60x80"),
};
static const gnl_options_table steps_table = TABLE("steps", steps_opts, steps_options);

static double steps_at(const void *opts, const gnl_schedule_state *state, int64_t step, int64_t length)
{
    const steps_opts *o = opts;
    double passed = o->every > 0 ? (double)(step / o->every) : 0;
    for (int i = 0; i < GENLAT_MAX_DIMS; i++)
        passed += o->milestones[i] > 0 && step >= o->milestones[i];
    return o->head.from * pow(o->factor, passed);
}

static const gnl_schedule_type steps = {.name = "steps",
                                        .options = &steps_table,
                                        .at = steps_at,
                                        .endless = true,
                                        .help = "multiplies the value by a factor at each milestone"};

/* ---- exponential ----------------------------------------------------------------------------- */

typedef struct exponential_opts {
    gnl_schedule_head head;
    double factor;
    double least;
    int64_t every;
} exponential_opts;

static const gnl_option exponential_options[] = {
    HEAD(exponential_opts, "from", 1),
    GNL_OPT_REAL(exponential_opts, factor, 0.99, 1e-30, 1e6, "factor for each `every` steps"),
    GNL_OPT_REAL(exponential_opts, least, 0, 0, 1e30, "smallest value"),
    GNL_OPT_INT(exponential_opts, every, 1, 1, 1e15, "number of steps to which the factor applies"),
};
static const gnl_options_table exponential_table = TABLE("exponential", exponential_opts, exponential_options);

static double exponential_at(const void *opts, const gnl_schedule_state *state, int64_t step, int64_t length)
{
    const exponential_opts *o = opts;
    double value = o->head.from * pow(o->factor, (double)step / (double)o->every);
    return value < o->least ? o->least : value;
}

static const gnl_schedule_type exponential = {.name = "exponential",
                                              .options = &exponential_table,
                                              .at = exponential_at,
                                              .endless = true,
                                              .help = "exponential decay or growth"};

/* ---- linear and cosine ----------------------------------------------------------------------- */

typedef struct ramp_opts {
    gnl_schedule_head head;
    double to;
} ramp_opts;

static const gnl_option linear_options[] = {HEAD(ramp_opts, "from", 0), TO(ramp_opts, 1, "final value")};
static const gnl_options_table linear_table = TABLE("linear", ramp_opts, linear_options);

static double linear_at(const void *opts, const gnl_schedule_state *state, int64_t step, int64_t length)
{
    const ramp_opts *o = opts;
    return interpolate(o->head.from, o->to, (double)step / (double)GNL_MAX(length, 1));
}

static const gnl_schedule_type linear = {
    .name = "linear", .options = &linear_table, .at = linear_at, .help = "linear from one value to another"};

static const gnl_option cosine_options[] = {HEAD(ramp_opts, "from", 1), TO(ramp_opts, 0, "final value")};
static const gnl_options_table cosine_table = TABLE("cosine", ramp_opts, cosine_options);

static double half_cosine(double t)
{
    return t >= 1 ? 1 : 0.5 * (1 - cos(M_PI * t));
}

static double cosine_at(const void *opts, const gnl_schedule_state *state, int64_t step, int64_t length)
{
    const ramp_opts *o = opts;
    return interpolate(o->head.from, o->to, half_cosine((double)step / (double)GNL_MAX(length, 1)));
}

static const gnl_schedule_type cosine = {
    .name = "cosine", .options = &cosine_table, .at = cosine_at, .help = "cosine-shaped from one value to another"};

/* ---- cyclical (Fu and others, Cyclical annealing schedule, 2019) ----------------------------- */

enum { SHAPE_LINEAR, SHAPE_COSINE };

static const char *const shape_names[] = {"linear", "cosine", NULL};

typedef struct cyclical_opts {
    gnl_schedule_head head;
    double to;
    double ratio;
    int64_t cycles;
    uint32_t shape;
    uint32_t reserved;
} cyclical_opts;

static const gnl_option cyclical_options[] = {
    HEAD(cyclical_opts, "from", 0),
    TO(cyclical_opts, 1, "value at the top of each cycle and after the last cycle"),
    GNL_OPT_REAL(cyclical_opts, ratio, 0.5, 1e-6, 1,
                 "fraction of a cycle in which the value rises; it is constant in the rest"),
    GNL_OPT_INT(cyclical_opts, cycles, 4, 1, 1e9, "number of cycles"),
    GNL_OPT_ENUM(cyclical_opts, shape, SHAPE_LINEAR, SHAPE_COSINE, shape_names, "shape of the rise"),
};
static const gnl_options_table cyclical_table = TABLE("cyclical", cyclical_opts, cyclical_options);

static double cyclical_at(const void *opts, const gnl_schedule_state *state, int64_t step, int64_t length)
{
    const cyclical_opts *o = opts;
    if (step >= length)
        return o->to;
    double period = (double)length / (double)o->cycles;
    double t = fmod((double)step, period) / (period * o->ratio);
    return interpolate(o->head.from, o->to, o->shape == SHAPE_COSINE ? half_cosine(t) : t);
}

static const gnl_schedule_type cyclical = {.name = "cyclical",
                                           .options = &cyclical_table,
                                           .at = cyclical_at,
                                           .help = "rises and stays constant in each cycle"};

/* ---- plateau --------------------------------------------------------------------------------- */

enum { MODE_MIN, MODE_MAX };

static const char *const mode_names[] = {"min", "max", NULL};

typedef struct plateau_opts {
    gnl_schedule_head head;
    double factor;
    double threshold;
    double least;
    int64_t patience;
    uint32_t mode;
    uint32_t reserved;
} plateau_opts;

static const gnl_option plateau_options[] = {
    HEAD(plateau_opts, "from", 1),
    GNL_OPT_REAL(plateau_opts, factor, 0.1, 0, 1, "factor for each drop"),
    GNL_OPT_REAL(plateau_opts, threshold, 1e-4, 0, 1, "minimum relative improvement"),
    GNL_OPT_REAL(plateau_opts, least, 0, 0, 1e30, "smallest value"),
    GNL_OPT_INT(plateau_opts, patience, 10, 0, 1e9, "number of reports without improvement before a drop"),
    GNL_OPT_ENUM(plateau_opts, mode, MODE_MIN, MODE_MAX, mode_names, "whether a smaller or a larger metric is better"),
};
static const gnl_options_table plateau_table = TABLE("plateau", plateau_opts, plateau_options);

static double plateau_at(const void *opts, const gnl_schedule_state *state, int64_t step, int64_t length)
{
    const plateau_opts *o = opts;
    double value = o->head.from * pow(o->factor, (double)state->drops);
    return value < o->least ? o->least : value;
}

static bool is_improvement(const plateau_opts *o, double best, double metric)
{
    if (!isfinite(metric))
        return false;
    if (isnan(best))
        return true;
    return o->mode == MODE_MIN ? metric < best * (1 - o->threshold) : metric > best * (1 + o->threshold);
}

static void plateau_report(const void *opts, gnl_schedule_state *state, double metric)
{
    const plateau_opts *o = opts;
    bool improved = is_improvement(o, state->best, metric);
    state->bad = improved ? 0 : state->bad + 1;
    if (improved)
        state->best = metric;
    if (state->bad > o->patience) {
        state->drops++;
        state->bad = 0;
    }
}

static const gnl_schedule_type plateau = {.name = "plateau",
                                          .options = &plateau_table,
                                          .at = plateau_at,
                                          .report = plateau_report,
                                          .endless = true,
                                          .help = "multiplies the value by a factor when reports show no improvement"};

/* ---- the table ------------------------------------------------------------------------------- */

const gnl_schedule_type *const gnl_schedule_types[] = {
    &constant, &steps, &exponential, &linear, &cosine, &cyclical, &plateau, NULL,
};

const gnl_schedule_type *gnl_schedule_type_find(const char *name)
{
    return gnl_kind_find(gnl_schedule_types, name);
}
