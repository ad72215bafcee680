/* SPDX-License-Identifier: MIT */
/* Minibatch standard deviation (Karras et al. 2018): appends a channel with one number, the mean standard deviation
 * among the samples of a group. The samples of a group depend on each other, so gradient penalties do not support this
 * layer. */
#include <tgmath.h>

#include "layer/layer_priv.h"

typedef struct std_opts {
    size_t size;
    int64_t group;
} std_opts;

static const gnl_option options[] = {
    GNL_OPT_INT(std_opts, group, 4, 1, 1 << 24,
                "number of samples per group; remaining samples are distributed among the groups"),
};
static const gnl_options_table table = {"minibatch_std", sizeof(std_opts), options, GNL_COUNT(options)};

enum { STRIP = 256 }; /* number of elements whose statistics are on the stack at a time */

static const double EPSILON = 1e-8; /* added to variances, as in the code of the paper */

static genlat_status infer(const void *opts, const gnl_layer_env *env, int inputs, const gnl_shape *in,
                           gnl_layer_plan *plan)
{
    if (in[0].ndim < 1 || gnl_shape_count(in) < 1)
        return gnl_fail(GENLAT_E_SHAPE, "input is a scalar or empty, expected [channels,...]");
    plan->out = in[0];
    plan->out.dim[0]++;
    return GENLAT_OK;
}

static int64_t groups(const gnl_step *s)
{
    return GNL_MAX(s->rows / ((const std_opts *)s->opts)->group, 1);
}

/* The samples of a group. */
typedef struct members {
    int64_t first, count;
} members;

static members members_of(const gnl_step *s, int64_t group)
{
    int64_t first = group * s->rows / groups(s);
    return (members){first, (group + 1) * s->rows / groups(s) - first};
}

/* Computes mean and standard deviation of n elements, starting at `at`, over the samples of a group. */
static void compute_statistics(const gnl_step *s, const members *m, int64_t at, int64_t n, double mean[],
                               double deviation[])
{
    const gnl_real *x = s->x[0] + m->first * s->in_size[0] + at;
    for (int64_t e = 0; e < n; e++)
        mean[e] = deviation[e] = 0;
    for (int64_t i = 0; i < m->count; i++)
        for (int64_t e = 0; e < n; e++)
            mean[e] += (double)x[i * s->in_size[0] + e] / (double)m->count;
    for (int64_t i = 0; i < m->count; i++)
        for (int64_t e = 0; e < n; e++) {
            double difference = (double)x[i * s->in_size[0] + e] - mean[e];
            deviation[e] += difference * difference / (double)m->count;
        }
    for (int64_t e = 0; e < n; e++)
        deviation[e] = sqrt(deviation[e] + EPSILON);
}

static void forward_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const gnl_step *s = arg;
    const int64_t size = s->in_size[0];
    double mean[STRIP], deviation[STRIP];
    for (int64_t group = begin; group < end; group++) {
        const members m = members_of(s, group);
        double total = 0;
        for (int64_t at = 0; at < size; at += STRIP) {
            int64_t n = GNL_MIN(size - at, (int64_t)STRIP);
            compute_statistics(s, &m, at, n, mean, deviation);
            for (int64_t e = 0; e < n; e++)
                total += deviation[e];
        }
        for (int64_t i = m.first; i < m.first + m.count; i++) {
            memcpy(s->y + i * s->out_size, s->x[0] + i * size, (size_t)size * sizeof *s->y);
            for (int64_t e = size; e < s->out_size; e++)
                s->y[i * s->out_size + e] = (gnl_real)(total / (double)size);
        }
    }
}

/* dx of a sample = dy + (sum of the extra channel's dy over the group) / (elements * samples) * (x - mean) /
 * deviation */
static void backward_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const gnl_step *s = arg;
    const int64_t size = s->in_size[0];
    double mean[STRIP], deviation[STRIP];
    for (int64_t group = begin; group < end; group++) {
        const members m = members_of(s, group);
        double slope = 0;
        for (int64_t i = m.first; i < m.first + m.count; i++)
            slope += s->compute.k->sum(s->out_size - size, s->dy + i * s->out_size + size);
        slope /= (double)(size * m.count);
        for (int64_t at = 0; at < size; at += STRIP) {
            int64_t n = GNL_MIN(size - at, (int64_t)STRIP);
            compute_statistics(s, &m, at, n, mean, deviation);
            for (int64_t i = m.first; i < m.first + m.count; i++)
                for (int64_t e = 0; e < n; e++)
                    s->dx[0][i * size + at + e] =
                        s->dy[i * s->out_size + at + e] +
                        (gnl_real)(slope * ((double)s->x[0][i * size + at + e] - mean[e]) / deviation[e]);
        }
    }
}

static void run(const gnl_step *s, gnl_task *task)
{
    gnl_step copy = *s;
    int64_t elements = s->rows * s->out_size / groups(s);
    gnl_parallel(s->compute.ctx, groups(s), GNL_MAX(GNL_CHUNK / GNL_MAX(elements, 1), 1), task, &copy);
}

static void forward(const gnl_step *s)
{
    run(s, forward_task);
}

static void backward(const gnl_step *s)
{
    if (s->dx[0])
        run(s, backward_task);
}

const gnl_layer_type gnl_minibatch_std = {
    .name = "minibatch_std",
    .options = &table,
    .flags = GNL_LAYER_NEEDS_X | GNL_LAYER_COUPLES_BATCH,
    .min_inputs = 1,
    .max_inputs = 1,
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .help = "appends a channel: the mean standard deviation of the elements over a group of samples",
};
