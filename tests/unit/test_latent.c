/* SPDX-License-Identifier: MIT */
/* Kinds of latents: lookup by text, invalid combinations, densities that integrate to one and match the draws,
 * divergences that equal the mean log-ratio, and bits that do not depend on threads. The kinds are those of the tables
 * of lib/latent. A second build uses those of tests/support/own_kinds.c. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/latent_rig.h"

static genlat_ctx *ctx;

static void set_up(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
}

static void tear_down(void)
{
    genlat_ctx_destroy(&ctx);
}

static int count_types(const void *table)
{
    const void *const *types = table;
    int count = 0;
    while (types[count])
        count++;
    return count;
}

static void open_rig(latent_rig *r, genlat_ctx *where, const gnl_latent_spec *spec, int64_t rows, int64_t samples)
{
    ck_assert_msg(latent_rig_open(r, where, spec, rows, samples) == GENLAT_OK, "%s", genlat_last_error());
    latent_rig_fill(r, 7);
}

/* ---- texts ----------------------------------------------------------------------------------- */

START_TEST(kinds_have_names_and_help)
{
    const void *const tables[] = {gnl_posterior_types, gnl_prior_types, gnl_term_types, gnl_bound_types};
    const void *const *types = tables[_i];
    for (int i = 0; types[i]; i++) {
        const gnl_kind_type *kind = types[i];
        ck_assert_uint_gt(strlen(kind->help), 0);
        ck_assert_uint_eq(strspn(kind->name, "abcdefghijklmnopqrstuvwxyz0123456789_"), strlen(kind->name));
        for (int k = 0; k < i; k++)
            ck_assert_str_ne(kind->name, ((const gnl_kind_type *)types[k])->name);
        ck_assert(!kind->options || kind->options->size <= GNL_MAX_KIND_BYTES);
    }
}
END_TEST

static const struct {
    gnl_latent_spec spec;
    genlat_status status;
    const char *word;
} refusals[] = {
    {{"nothing", "normal", "", "elbo", 2}, GENLAT_E_NOT_FOUND, "unknown posterior 'nothing'; known: "},
    {{"gaussian", "nothing", "", "elbo", 2}, GENLAT_E_NOT_FOUND, "unknown prior 'nothing'; known: "},
    {{"gaussian", "normal", "kl; nothing", "elbo", 2}, GENLAT_E_NOT_FOUND, "unknown term 'nothing'; known: "},
    {{"gaussian", "normal", "", "nothing", 2}, GENLAT_E_NOT_FOUND, "unknown bound 'nothing'; known: "},
    {{"", "normal", "", "elbo", 2}, GENLAT_E_INVALID, "posterior"},
    {{"gaussian color=2", "normal", "", "elbo", 2}, GENLAT_E_NOT_FOUND, "posterior: gaussian has no option 'color'"},
    {{"gaussian", "normal", "kl beta=-1", "elbo", 2}, GENLAT_E_RANGE, "beta is -1"},
    {{"gaussian", "normal", "kl beta", "elbo", 2}, GENLAT_E_INVALID, "beta"},
    {{"gaussian", "normal", "kl; kl; kl; kl; kl; kl; kl; kl; kl", "elbo", 2}, GENLAT_E_RANGE, "more than 8 terms"},
    {{"gaussian", "normal", "", "importance estimator=none", 2}, GENLAT_E_INVALID, "total, doubly, path"},
    {{"point", "normal", "kl", "elbo", 2}, GENLAT_E_UNSUPPORTED, "posterior point has no density"},
    {{"point", "normal", "", "importance", 2},
     GENLAT_E_UNSUPPORTED,
     "needs a posterior with a density, point has none"},
    {{"vq", "normal", "", "elbo", 2}, GENLAT_E_UNSUPPORTED, "posterior vq is discrete, but prior normal is not"},
    {{"gaussian", "uniform", "", "elbo", 2}, GENLAT_E_UNSUPPORTED, "use prior=normal"},
    {{"gaussian", "autoregressive", "", "elbo", 2}, GENLAT_E_UNSUPPORTED, "needs a discrete posterior"},
    {{"categorical", "autoregressive", "", "elbo", 2}, GENLAT_E_UNSUPPORTED, "needs codes without noise"},
    {{"categorical classes=4", "uniform", "", "elbo", 6}, GENLAT_E_INVALID, "a multiple of classes=4"},
    {{"vq width=4", "uniform", "", "elbo", 6}, GENLAT_E_INVALID, "6 latent dimensions, a multiple of width=4"},
    {{"fsq levels=8x5x5x5", "uniform", "", "elbo", 6}, GENLAT_E_INVALID, "a multiple of the 4 levels"},
    {{"fsq levels=4096x4096x2", "uniform", "", "elbo", 3}, GENLAT_E_RANGE, "more than 16777216 codes"},
    {{"vq", "uniform", "", "importance", 2}, GENLAT_E_UNSUPPORTED, "needs a posterior with a density, vq has none"},
    {{"vq", "uniform", "mmd", "elbo", 2}, GENLAT_E_UNSUPPORTED, "prior uniform has no density"},
    {{"gaussian", "normal", "kl", "renyi alpha=-inf estimator=doubly", 2},
     GENLAT_E_UNSUPPORTED,
     "needs a finite alpha, -inf found"},
    {{"gaussian", "normal", "kl", "renyi alpha=nan", 2}, GENLAT_E_RANGE, "alpha is"},
    {{"gaussian", "normal", "kl", "elbo estimator=doubly", 2}, GENLAT_E_INVALID, "total, path"},
    {{"iaf", "normal", "kl", "importance estimator=doubly", 2}, GENLAT_E_UNSUPPORTED, "use estimator=total"},
    {{"planar", "normal", "kl", "elbo estimator=path", 2}, GENLAT_E_UNSUPPORTED, "use estimator=total"},
    {{"iaf", "normal", "kl free_bits=1", "elbo", 2}, GENLAT_E_UNSUPPORTED, "free=whole"},
    {{"point", "normal", "", "elbo estimator=path", 2}, GENLAT_E_UNSUPPORTED, "point has none"},
    {{"gaussian", "normal", "kl free_bits=1", "elbo estimator=path", 2},
     GENLAT_E_UNSUPPORTED,
     "bound elbo does not support free bits"},
    {{"gaussian", "normal", "kl free_bits=1", "importance", 2}, GENLAT_E_UNSUPPORTED, "does not support free bits"},
    {{"point", "vamp", "", "elbo", 2, {1, {3}}, 0}, GENLAT_E_UNSUPPORTED, "needs posterior=gaussian, found point"},
    {{"gaussian", "vamp", "", "elbo", 2, {1, {3}}, 4}, GENLAT_E_UNSUPPORTED, "encoders with a condition"},
    {{"gaussian", "vamp low=1 high=1", "", "elbo", 2, {1, {3}}, 0}, GENLAT_E_RANGE, "less than high = 1 expected"},
    {{"markov", "normal", "", "elbo", 2}, GENLAT_E_UNSUPPORTED, "which prior normal does not support; use prior=chain"},
    {{"gaussian", "chain", "", "elbo", 2}, GENLAT_E_UNSUPPORTED, "use posterior=markov or posterior=ladder"},
    {{"ladder groups=3x2", "chain", "", "elbo", 6}, GENLAT_E_INVALID, "latent is 6; use latent=5"},
    {{"ladder groups=6", "chain", "", "elbo", 6}, GENLAT_E_INVALID, "use posterior=gaussian"},
    {{"markov", "chain", "", "elbo", 1}, GENLAT_E_INVALID, "use posterior=gaussian"},
    {{"markov", "chain", "kl", "importance estimator=doubly", 2}, GENLAT_E_UNSUPPORTED, "use estimator=total"},
    {{"gaussian", "normal", "kl gamma=1", "importance", 2},
     GENLAT_E_UNSUPPORTED,
     "does not support free bits or a capacity"},
};

START_TEST(invalid_combinations_are_refused)
{
    gnl_latents *latents = NULL;
    const char *before = gnl_enter("genlat_test");
    ck_assert_int_eq(gnl_latents_new(ctx, &refusals[_i].spec, &latents), refusals[_i].status);
    (void)gnl_enter(before);
    ck_assert_ptr_null(latents);
    ck_assert_int_eq(strncmp(genlat_last_error(), "genlat_test: ", 13), 0);
    ck_assert_msg(strstr(genlat_last_error(), refusals[_i].word) != NULL, "'%s' does not contain '%s'",
                  genlat_last_error(), refusals[_i].word);
}
END_TEST

START_TEST(long_texts_are_refused)
{
    char terms[600];
    gnl_latents *latents = NULL;
    memset(terms, ' ', sizeof terms - 1);
    terms[sizeof terms - 1] = '\0';
    const gnl_latent_spec spec = {"gaussian", "normal", terms, "elbo", 2};
    ck_assert_int_eq(gnl_latents_new(ctx, &spec, &latents), GENLAT_E_RANGE);
}
END_TEST

/* Initial parameters of kinds depend on the seed, each kind with its own substream, and are as many as the kinds
 * list. */
START_TEST(kinds_own_their_parameters)
{
    for (int i = 0; gnl_prior_types[i]; i++) {
        const gnl_prior_type *type = gnl_prior_types[i];
        const gnl_shape data = {1, {5}};
        const gnl_latent_spec spec = {latent_rig_posterior(type), type->kind.name, "", "elbo", 4, data};
        gnl_param param[GNL_MAX_KIND_PARAMS];
        latent_rig r;
        open_rig(&r, ctx, &spec, 3, 1);
        const int count = type->kind.params ? type->kind.params(r.latents->prior->kind.opts, 4, &data, param) : 0;
        const int first = type->mass != NULL; /* after vq */
        gnl_kind *owner = gnl_latents_owner(r.latents, first);
        const bool nets = type->kind.net_new || type->kind.group_net_new;
        ck_assert_ptr_eq(owner, count || nets ? &r.latents->prior->kind : NULL);
        ck_assert_int_eq(r.latents->prior->kind.numbers.weights, count);
        ck_assert_ptr_null(gnl_latents_owner(r.latents, first + 1));
        if (owner) {
            ck_assert_str_eq(owner->name, "prior");
            for (int64_t k = 0; k < owner->numbers.values; k++)
                owner->numbers.grad[k] = 1;
            gnl_latents_zero_grad(r.latents);
            for (int64_t k = 0; k < owner->numbers.values; k++)
                ck_assert_double_eq((double)owner->numbers.grad[k], 0);
        }
        latent_rig_close(&r);
    }
}
END_TEST

/* ---- free bits ------------------------------------------------------------------------------- */

/* Free bits that are never reached have the value of the plain KL. */
START_TEST(unreached_free_bits_change_nothing)
{
    static const char *const kinds[] = {"dimension", "sample", "whole", "whole_sample"};
    for (size_t i = 0; i < GNL_COUNT(kinds); i++) {
        char terms[64];
        latent_rig r, s;
        snprintf(terms, sizeof terms, "kl free_bits=1e-12 free=%s", kinds[i]);
        open_rig(&r, ctx, &(gnl_latent_spec){"gaussian", "normal", "kl", "elbo", 6}, 5, 2);
        open_rig(&s, ctx, &(gnl_latent_spec){"gaussian", "normal", terms, "elbo", 6}, 5, 2);
        double plain = latent_rig_objective(&r, false);
        ck_assert_double_eq_tol(latent_rig_objective(&s, false), plain, 1e-5);
        latent_rig_close(&r);
        latent_rig_close(&s);
    }
}
END_TEST

/* Free bits above the KL are constant and have no gradient. */
START_TEST(free_bits_above_the_kl_are_constant)
{
    static const char *const terms[] = {"kl beta=2 free_bits=50", "kl beta=2 free_bits=50 free=sample",
                                        "kl beta=2 free_bits=300 free=whole",
                                        "kl beta=2 free_bits=300 free=whole_sample"};
    latent_rig r, s;
    open_rig(&r, ctx, &(gnl_latent_spec){"gaussian", "normal", terms[_i], "elbo", 6}, 5, 1);
    open_rig(&s, ctx, &(gnl_latent_spec){"gaussian", "normal", "", "elbo", 6}, 5, 1);
    ck_assert_double_eq_tol(latent_rig_backward(&r) - latent_rig_backward(&s), 0.7 * 2 * 300, 1e-3);
    for (int h = 0; h < 2; h++)
        ck_assert_mem_eq(r.code.dhead[h], s.code.dhead[h], 5 * 6 * sizeof(gnl_real));
    latent_rig_close(&r);
    latent_rig_close(&s);
}
END_TEST

/* ---- densities and draws --------------------------------------------------------------------- */

/* One dimension on a grid: the density, and its integral below each point. */
enum { PLACES = 4001, DRAWS = 20000 };
static const double LOW = -20, HIGH = 20;

typedef struct curve {
    gnl_real z[PLACES];
    double log_density[PLACES], below[PLACES];
} curve;

static double sum_up(curve *c)
{
    const double step = (HIGH - LOW) / (PLACES - 1);
    double total = 0;
    for (int i = 0; i < PLACES; i++) {
        total += exp(c->log_density[i]) * step;
        c->below[i] = total - 0.5 * exp(c->log_density[i]) * step;
    }
    return total;
}

static int by_size(const void *a, const void *b)
{
    gnl_real x = *(const gnl_real *)a, y = *(const gnl_real *)b;
    return (x > y) - (x < y);
}

/* Largest distance between the empirical distribution function of draws and the integral of the density. */
static double distance_of(const curve *c, gnl_real *draws)
{
    double largest = 0;
    qsort(draws, DRAWS, sizeof *draws, by_size);
    for (int i = 0; i < DRAWS; i++) {
        double at = ((double)draws[i] - LOW) / (HIGH - LOW) * (PLACES - 1);
        int place = (int)fmin(fmax(at, 0), PLACES - 2);
        double below = c->below[place] + (at - place) * (c->below[place + 1] - c->below[place]);
        largest = fmax(largest, fabs(below - (i + 0.5) / DRAWS));
    }
    return largest;
}

/* A rig of one dimension, whose rows are the points of the grid; all rows have the heads of the first. */
static void open_curve(latent_rig *r, curve *c, const char *posterior, const char *prior)
{
    const gnl_latent_spec spec = {posterior, prior, "", "elbo", 1};
    open_rig(r, ctx, &spec, PLACES, 1);
    for (int h = 0; h < r->latents->posterior->heads; h++) {
        const int64_t width = r->latents->posterior->head[h].width;
        for (int64_t i = width; i < PLACES * width; i++)
            r->head[h][i] = r->head[h][i % width];
    }
    for (int i = 0; i < PLACES; i++)
        c->z[i] = (gnl_real)(LOW + (HIGH - LOW) * i / (PLACES - 1));
}

START_TEST(posterior_densities_match_draws)
{
    static curve c;
    static gnl_real draws[DRAWS];
    const gnl_posterior_type *type = gnl_posterior_types[_i];
    latent_rig r;
    if (!type->log_density)
        return;
    open_curve(&r, &c, type->kind.name, "normal");
    type->log_density(r.latents->posterior, &r.code, c.z, c.log_density);
    ck_assert_double_eq_tol(sum_up(&c), 1, 1e-4);
    gnl_rng rng = gnl_rng_make(2, GNL_STREAM_USER, 0);
    for (int done = 0; done < DRAWS; done += PLACES) {
        gnl_rng_fill_normal(&rng, r.code.noise, PLACES * r.latents->posterior->noise);
        gnl_latents_draw(r.latents, &r.code);
        memcpy(draws + done, r.code.z, (size_t)GNL_MIN(PLACES, DRAWS - done) * sizeof *draws);
    }
    ck_assert_double_lt(distance_of(&c, draws), 0.015);
    latent_rig_close(&r);
}
END_TEST

START_TEST(prior_densities_match_draws)
{
    static curve c;
    static gnl_real draws[DRAWS];
    const gnl_prior_type *type = gnl_prior_types[_i];
    latent_rig r;
    if (!type->log_density)
        return;
    open_curve(&r, &c, "gaussian", type->kind.name);
    gnl_latents_prepare(r.latents, &r.code);
    type->log_density(r.latents->prior, &r.code, c.z, c.log_density);
    ck_assert_double_eq_tol(sum_up(&c), 1, 1e-4);
    gnl_rng rng = gnl_rng_make(2, GNL_STREAM_USER, 0);
    for (int i = 0; i < DRAWS; i++)
        type->sample(r.latents->prior, &r.code, &rng, &(gnl_prior_draw){1, 0}, draws + i);
    ck_assert_double_lt(distance_of(&c, draws), 0.015);
    latent_rig_close(&r);
}
END_TEST

/* In several dimensions: the mean of g(z) / p(z) over draws z from p is 1 for any density g. g is N(0, I/4). */
START_TEST(prior_densities_match_draws_in_space)
{
    enum { DIMS = 3, ROWS = 2000, BATCHES = 10 };
    const gnl_prior_type *type = gnl_prior_types[_i];
    const gnl_latent_spec spec = {"gaussian", type->kind.name, "", "elbo", DIMS};
    static gnl_real z[ROWS * DIMS];
    double log_p[ROWS], mean = 0, square = 0;
    latent_rig r;
    if (!type->log_density)
        return;
    open_rig(&r, ctx, &spec, ROWS, 1);
    gnl_rng rng = gnl_rng_make(3, GNL_STREAM_USER, 0);
    gnl_latents_prepare(r.latents, &r.code);
    for (int batch = 0; batch < BATCHES; batch++) {
        for (int i = 0; i < ROWS; i++)
            type->sample(r.latents->prior, &r.code, &rng, &(gnl_prior_draw){1, 0}, z + i * DIMS);
        type->log_density(r.latents->prior, &r.code, z, log_p);
        for (int i = 0; i < ROWS; i++) {
            double log_g = -DIMS * log(0.5 * sqrt(2 * acos(-1)));
            for (int d = 0; d < DIMS; d++)
                log_g -= 2 * pow((double)z[i * DIMS + d], 2);
            double ratio = exp(log_g - log_p[i]);
            mean += ratio / (ROWS * BATCHES);
            square += ratio * ratio / (ROWS * BATCHES);
        }
    }
    double error = sqrt((square - mean * mean) / (ROWS * BATCHES));
    ck_assert_double_lt(error, 0.05);
    ck_assert_msg(fabs(mean - 1) < 4 * error, "%s: %g +- %g, 1 expected", type->kind.name, mean, error);
    latent_rig_close(&r);
}
END_TEST

/* A new flow is the identity. Without factors it keeps volumes, so that a code has the density of the normal draw that
 * it was mapped from. */
START_TEST(flows_map_from_the_normal_prior)
{
    enum { DIMS = 5, ROWS = 40 };
    static const char *const priors[] = {"flow layers=3 width=4", "flow layers=3 width=4 scale=0"};
    gnl_real z[ROWS * DIMS], u[ROWS * DIMS];
    double log_p[ROWS];
    latent_rig r;
    ck_assert_int_eq(latent_rig_open(&r, ctx, &(gnl_latent_spec){"gaussian", priors[_i], "", "elbo", DIMS}, ROWS, 1),
                     GENLAT_OK);
    if (_i)
        latent_rig_fill(&r, 7);
    const gnl_prior *p = r.latents->prior;
    for (int i = 0; i < ROWS; i++) {
        gnl_rng rng = gnl_rng_make(3, GNL_STREAM_USER, (uint64_t)i), same = rng;
        gnl_normal_draw(&rng, &(gnl_prior_draw){0.9, 1.5}, DIMS, u + i * DIMS);
        p->type->sample(p, &r.code, &same, &(gnl_prior_draw){0.9, 1.5}, z + i * DIMS);
    }
    ck_assert_int_eq(memcmp(z, u, sizeof z) == 0, _i == 0);
    p->type->log_density(p, &r.code, z, log_p);
    for (int i = 0; i < ROWS; i++) {
        double expected = -DIMS * 0.5 * log(2 * acos(-1));
        for (int d = 0; d < DIMS; d++)
            expected -= 0.5 * pow((double)u[i * DIMS + d], 2);
        ck_assert_double_eq_tol(log_p[i], expected, 1e-4);
    }
    latent_rig_close(&r);
}
END_TEST

START_TEST(a_mixture_of_one_component_is_the_normal_prior)
{
    static curve c;
    latent_rig r;
    open_curve(&r, &c, "gaussian", "mixture components=1 mean_sd=0");
    gnl_numbers *numbers = &r.latents->prior->kind.numbers;
    memset(numbers->value, 0, (size_t)numbers->values * sizeof *numbers->value);
    gnl_latents_prepare(r.latents, &r.code);
    r.latents->prior->type->log_density(r.latents->prior, &r.code, c.z, c.log_density);
    for (int i = 0; i < PLACES; i++)
        ck_assert_double_eq_tol(c.log_density[i], -0.5 * ((double)c.z[i] * (double)c.z[i] + log(2 * acos(-1))), 1e-5);
    latent_rig_close(&r);
}
END_TEST

/* Temperature 1/2 halves the standard deviation. Numbers within the bound are kept, others are drawn anew. */
START_TEST(normal_priors_support_temperature_and_truncation)
{
    enum { DIMS = 3, MANY = 4000 };
    gnl_real whole[DIMS], half[DIMS], cut[DIMS];
    double most = 0;
    for (uint64_t i = 0; i < MANY; i++) {
        gnl_rng a = gnl_rng_make(3, GNL_STREAM_USER, i), b = a, c = a;
        gnl_normal_draw(&a, &(gnl_prior_draw){1, 0}, DIMS, whole);
        gnl_normal_draw(&b, &(gnl_prior_draw){0.5, 0}, DIMS, half);
        gnl_normal_draw(&c, &(gnl_prior_draw){1, 0.8}, DIMS, cut);
        for (int d = 0; d < DIMS; d++) {
            ck_assert_double_eq_tol((double)half[d], 0.5 * (double)whole[d], 1e-6);
            ck_assert_int_eq(cut[d] == whole[d], fabs((double)whole[d]) <= 0.8);
            most = fmax(most, fabs((double)cut[d]));
        }
    }
    ck_assert(most <= 0.8 && most > 0.79);
}
END_TEST

/* Mean and standard deviation of a Gaussian posterior; a point posterior has no variance. */
START_TEST(means_and_variances_match_draws)
{
    enum { DIMS = 2, MANY = 20000 };
    const gnl_posterior_type *type = gnl_posterior_types[_i];
    const gnl_latent_spec spec = {type->kind.name, latent_rig_prior(type), "", "elbo", DIMS};
    latent_rig r;
    gnl_real mean[MANY * DIMS], logvar[MANY * DIMS];
    double sum[DIMS] = {0}, square[DIMS] = {0};
    if (!type->from_normal && type->noise) /* others may not know their mean */
        return;
    open_rig(&r, ctx, &spec, MANY, 1);
    for (int h = 0; h < r.latents->posterior->heads; h++)
        for (int64_t width = r.latents->posterior->head[h].width, i = width; i < MANY * width; i++)
            r.head[h][i] = r.head[h][i % width];
    gnl_latents_draw(r.latents, &r.code);
    type->mean(r.latents->posterior, &r.code, mean);
    for (int i = 0; i < MANY * DIMS; i++) {
        double apart = (double)r.code.z[i] - (double)mean[i];
        sum[i % DIMS] += apart / MANY;
        square[i % DIMS] += apart * apart / MANY;
    }
    ck_assert_int_eq(type->logvar != NULL, type->noise != NULL);
    if (type->logvar)
        type->logvar(r.latents->posterior, &r.code, logvar);
    for (int d = 0; d < DIMS; d++) {
        double variance = type->logvar ? exp((double)logvar[d]) : 0;
        ck_assert_double_le(fabs(sum[d]), 4 * sqrt(variance / MANY) + 1e-9);
        ck_assert_double_le(fabs(square[d] - variance), 4 * variance * sqrt(2.0 / MANY) + 1e-9);
    }
    latent_rig_close(&r);
}
END_TEST

/* ---- divergences ----------------------------------------------------------------------------- */

/* The closed form equals the mean of log q - log p over draws, for every pair that has one; others are estimated by
 * sampling. */
START_TEST(divergences_match_mean_log_ratios)
{
    enum { ROWS = 2, DIMS = 2, SAMPLES = 40000 };
    const int64_t samples = gnl_posterior_types[_i]->from_normal ? SAMPLES : 400; /* those reported are these */
    const char *posterior = gnl_posterior_types[_i]->kind.name;
    for (int p = 0; gnl_posterior_has_density(gnl_posterior_types[_i]) && gnl_prior_types[p]; p++) {
        const gnl_latent_spec spec = {posterior, gnl_prior_types[p]->kind.name, "", "elbo", DIMS};
        double mean[ROWS] = {0}, square[ROWS] = {0}, ratio[ROWS];
        latent_rig r;
        if (!latent_rig_pair(ctx, gnl_posterior_types[_i], gnl_prior_types[p]))
            continue;
        open_rig(&r, ctx, &spec, ROWS, samples);
        gnl_latents_draw(r.latents, &r.code);
        double reported = gnl_latents_kl(r.latents, &r.code), all = 0;
        for (int64_t s = 0; s < samples; s++) {
            gnl_latents_ratio(r.latents, &r.code, s, ratio);
            for (int i = 0; i < ROWS; i++) {
                mean[i] += ratio[i] / (double)samples;
                square[i] += ratio[i] * ratio[i] / (double)samples;
            }
        }
        for (int i = 0; i < ROWS; i++) {
            double error = sqrt((square[i] - mean[i] * mean[i]) / (double)samples);
            ck_assert_msg(fabs(r.code.kl[i] - mean[i]) < 4.5 * error + 1e-9, "%s from %s: %g reported, %g +- %g drawn",
                          posterior, spec.prior, r.code.kl[i], mean[i], error);
            all += r.code.kl[i] / ROWS;
        }
        ck_assert_double_eq_tol(reported, all, 1e-9 * fmax(1, fabs(all)));
        ck_assert_int_eq(isnan(r.code.per_dim[0]), !r.latents->divergence);
        latent_rig_close(&r);
    }
}
END_TEST

START_TEST(a_point_has_no_divergence)
{
    latent_rig r;
    open_rig(&r, ctx, &(gnl_latent_spec){"point", "normal", "", "elbo", 3}, 4, 1);
    ck_assert(!gnl_latents_has_density(r.latents));
    ck_assert_double_eq(gnl_latents_kl(r.latents, &r.code), 0);
    latent_rig_close(&r);
}
END_TEST

/* ---- threads --------------------------------------------------------------------------------- */

/* Value, gradients of the heads and codes of a pair under a bound. */
static void run(genlat_ctx *where, const gnl_latent_spec *spec, latent_rig *r, double *value)
{
    enum { ROWS = 301, SAMPLES = 2 };
    open_rig(r, where, spec, ROWS, SAMPLES);
    *value = latent_rig_backward(r);
}

START_TEST(bits_do_not_depend_on_threads)
{
    genlat_ctx *threaded = NULL;
    genlat_ctx_opts opts;
    genlat_ctx_opts_init(&opts);
    opts.threads = 3;
    ck_assert_int_eq(genlat_ctx_new(&opts, &threaded), GENLAT_OK);
    for (int p = 0; gnl_prior_types[p]; p++)
        for (int b = 0; gnl_bound_types[b]; b++) {
            const gnl_posterior_type *q = gnl_posterior_types[_i];
            const bool density = gnl_posterior_has_density(q);
            const gnl_latent_spec spec = {latent_rig_small(q->kind.name),
                                          latent_rig_small(gnl_prior_types[p]->kind.name),
                                          density || q->codes ? "kl" : "", gnl_bound_types[b]->kind.name, 40};
            latent_rig one, three;
            double value, other;
            if ((!density && gnl_bound_types[b]->check) || !latent_rig_pair(ctx, q, gnl_prior_types[p]) ||
                (q->from_uniform && strcmp(gnl_prior_types[p]->kind.name, q->prior) != 0))
                continue;
            run(ctx, &spec, &one, &value);
            run(threaded, &spec, &three, &other);
            ck_assert_double_eq(value, other);
            for (int h = 0; h < one.latents->posterior->heads; h++)
                ck_assert_mem_eq(one.code.dhead[h], three.code.dhead[h],
                                 (size_t)(one.code.rows * one.latents->posterior->head[h].width) * sizeof(gnl_real));
            latent_rig_close(&one);
            latent_rig_close(&three);
        }
    genlat_ctx_destroy(&threaded);
}
END_TEST

int main(void)
{
    const int posteriors = count_types(gnl_posterior_types), priors = count_types(gnl_prior_types);
    Suite *suite = suite_create("latent");
    TCase *tests = tcase_create("kinds");
    tcase_set_timeout(tests, 30);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, kinds_have_names_and_help, 0, 4);
    tcase_add_loop_test(tests, invalid_combinations_are_refused, 0, (int)GNL_COUNT(refusals));
    tcase_add_test(tests, long_texts_are_refused);
    tcase_add_test(tests, kinds_own_their_parameters);
    tcase_add_test(tests, unreached_free_bits_change_nothing);
    tcase_add_loop_test(tests, free_bits_above_the_kl_are_constant, 0, 4);
    tcase_add_loop_test(tests, posterior_densities_match_draws, 0, posteriors);
    tcase_add_loop_test(tests, prior_densities_match_draws, 0, priors);
    tcase_add_loop_test(tests, prior_densities_match_draws_in_space, 0, priors);
    tcase_add_loop_test(tests, flows_map_from_the_normal_prior, 0, 2);
    tcase_add_test(tests, a_mixture_of_one_component_is_the_normal_prior);
    tcase_add_test(tests, normal_priors_support_temperature_and_truncation);
    tcase_add_loop_test(tests, means_and_variances_match_draws, 0, posteriors);
    tcase_add_loop_test(tests, divergences_match_mean_log_ratios, 0, posteriors);
    tcase_add_test(tests, a_point_has_no_divergence);
    tcase_add_loop_test(tests, bits_do_not_depend_on_threads, 0, posteriors);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
