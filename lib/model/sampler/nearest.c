/* SPDX-License-Identifier: MIT */
/* Codes of the data with noise: a code is chosen at random, and noise of about the distance to its nearest neighbour is
 * added to it (a kernel density estimate with a bandwidth for each point: Breiman, Meisel, Purcell, Variable kernel
 * estimates of multivariate densities, 1977). */
#include "model/sampler.h"

typedef struct nearest_opts {
    size_t size;
    int64_t points;
    double smooth;
} nearest_opts;

static const gnl_option options[] = {
    GNL_OPT_INT(nearest_opts, points, 5000, 2, 1e6, "most codes that are kept"),
    GNL_OPT_REAL(nearest_opts, smooth, 1, 0, 1e3,
                 "length of the noise, relative to the distance from the nearest other code; 0: none"),
};
static const gnl_options_table table = {"nearest", sizeof(nearest_opts), options, GNL_COUNT(options)};

enum { CODE, DISTANCE };

static const nearest_opts *opts_of(const gnl_sampler *s)
{
    return (const nearest_opts *)(const void *)s->opts;
}

static int params(const void *opts, int64_t dims, int64_t rows, gnl_param *param)
{
    const int64_t points = GNL_MIN(rows, ((const nearest_opts *)opts)->points);
    const gnl_init zero = {GNL_INIT_CONSTANT, 0, 1, 1};
    param[CODE] = (gnl_param){.name = "code", .shape = {2, {points, dims}}, .init = zero, .state = true};
    param[DISTANCE] = (gnl_param){.name = "distance", .shape = {1, {points}}, .init = zero, .state = true};
    return 2;
}

static void distance_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const gnl_sampler *s = arg;
    const gnl_real *code = gnl_numbers_data(&s->numbers, CODE);
    const int64_t points = s->numbers.weight[DISTANCE].count, dims = s->dims;
    for (int64_t i = begin; i < end; i++) {
        double least = INFINITY;
        for (int64_t j = 0; j < points; j++) {
            double sum = 0;
            for (int64_t d = 0; d < dims && sum < least; d++) {
                const double apart = (double)code[i * dims + d] - (double)code[j * dims + d];
                sum += apart * apart;
            }
            least = j == i ? least : fmin(least, sum);
        }
        gnl_numbers_data(&s->numbers, DISTANCE)[i] = (gnl_real)(points > 1 ? sqrt(least) : 0);
    }
}

/* Keeps codes at random places of the data. */
static genlat_status fit(gnl_sampler *s, int64_t rows, const gnl_real *codes, uint64_t seed)
{
    const int64_t points = s->numbers.weight[DISTANCE].count;
    const gnl_permutation order = gnl_permutation_make(gnl_rng_make(seed, GNL_STREAM_ORDER, 0), rows);
    for (int64_t i = 0; i < points; i++)
        memcpy(gnl_numbers_data(&s->numbers, CODE) + i * s->dims, codes + gnl_permutation_at(&order, i) * s->dims,
               (size_t)s->dims * sizeof *codes);
    gnl_parallel(s->ctx, points, 16, distance_task, s);
    return GENLAT_OK;
}

static void draw(const gnl_sampler *s, gnl_rng *rng, const gnl_prior_draw *how, gnl_real *z)
{
    const int64_t at = (int64_t)gnl_rng_below(rng, (uint64_t)s->numbers.weight[DISTANCE].count);
    const gnl_real *code = gnl_numbers_data(&s->numbers, CODE) + at * s->dims;
    const double length = opts_of(s)->smooth * (double)gnl_numbers_data(&s->numbers, DISTANCE)[at];
    gnl_normal_draw(rng, how, s->dims, z);
    for (int64_t d = 0; d < s->dims; d++)
        z[d] = code[d] + (gnl_real)(length / sqrt((double)s->dims)) * z[d];
}

const gnl_sampler_type gnl_sampler_of_nearest = {
    .name = "nearest",
    .options = &table,
    .help = "codes of the data, with noise of the distance to the nearest other code",
    .params = params,
    .fit = fit,
    .draw = draw,
};
