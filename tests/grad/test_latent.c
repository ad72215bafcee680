/* SPDX-License-Identifier: MIT */
/*
 * Every kind of posterior, prior, term and bound against central differences in double: draws, densities, divergences,
 * and the objective of every pair by heads and by the trained parameters of the kinds. The kinds are those of the
 * tables of lib/latent. A second build uses those of tests/support/own_kinds.c.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "latent/latent_priv.h"
#include "support/latent_kinds.h"
#include "support/latent_rig.h"
#include "support/slopes.h"

enum { ROWS = 5, DIMS = 6, SAMPLES = 3, TEXT = VARIANT_TEXT };

static genlat_ctx *ctx;

static void set_up(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
}

static void tear_down(void)
{
    genlat_ctx_destroy(&ctx);
}

/* ---- which kinds ----------------------------------------------------------------------------- */

/* Whether the last combination may be refused: for a posterior or a prior without density, or without what a term
 * needs: independent dimensions, or means with a gradient. */
static bool may_be_refused(const gnl_posterior_type *q, const gnl_prior_type *p)
{
    const char *error = genlat_last_error();
    return !gnl_posterior_has_density(q) || p->mass ||
           (!q->logvar_backward && strstr(error, "independent dimensions")) ||
           (!q->mean_backward && strstr(error, "means with a gradient"));
}

/* Opens and fills a rig; returns false if the posterior or the prior does not support the combination. */
static bool try_open(latent_rig *r, const char *posterior, const char *prior, const char *terms, const char *bound,
                     int64_t samples)
{
    char q[TEXT], p[TEXT];
    small_variant(q, posterior, posterior_of(posterior)->kind.options);
    small_variant(p, prior, kind_of(gnl_prior_types, prior)->options);
    const gnl_latent_spec spec = {q, p, terms, bound, DIMS};
    genlat_status status = latent_rig_open(r, ctx, &spec, ROWS, samples);
    if (status == GENLAT_E_UNSUPPORTED && may_be_refused(posterior_of(posterior), prior_type_of(prior)))
        return false;
    ck_assert_msg(status == GENLAT_OK, "%s; %s; %s; %s: %s", posterior, prior, terms, bound, genlat_last_error());
    latent_rig_fill(r, 7);
    return true;
}

/* ---- the whole objective --------------------------------------------------------------------- */

static double objective(void *arg)
{
    return latent_rig_objective(arg, false);
}

static void check_heads_of_objective(latent_rig *r, const char *what)
{
    char name[2 * TEXT];
    for (int i = 0; i < r->latents->posterior->heads; i++) {
        const gnl_head *h = &r->latents->posterior->head[i];
        snprintf(name, sizeof name, "%s, by %s", what, h->name);
        expect_slope(name, objective, r, ROWS * h->width, r->head[i], r->code.dhead[i]);
    }
}

/* Some weights of each tensor of a net. */
static void check_net(latent_rig *r, const char *what, const gnl_part *net)
{
    char name[6 * TEXT];
    for (int i = 0; i < net->weights; i++) {
        const gnl_weight *w = &net->weight[i];
        const int64_t most = GNL_MIN(w->count, 8), at = w->offset + (w->count - most) / 2; /* those in the middle */
        snprintf(name, sizeof name, "%s, by %s of %s", what, w->name, net->name);
        expect_slope(name, objective, r, most, net->value + at, gnl_part_grad(net) + at);
    }
}

static void check_numbers_of_objective(latent_rig *r, const char *what)
{
    char name[2 * TEXT];
    gnl_kind *kind = NULL;
    for (int i = 0; (kind = gnl_latents_owner(r->latents, i)); i++) {
        if (kind->type->adversarial) /* its tensors minimize another loss */
            continue;
        snprintf(name, sizeof name, "%s, by the numbers of %s", what, kind->name);
        expect_slope(name, objective, r, kind->numbers.values, kind->numbers.value, kind->numbers.grad);
        gnl_part part[GNL_MAX_KIND_PARTS];
        const int parts = gnl_kind_parts(kind, 0, part);
        for (int k = 0; k < parts; k++)
            if (part[k].net)
                check_net(r, what, &part[k]);
    }
}

/* Straight-through derivatives by the heads are not those of the value; tests/grad/test_discrete.c tests them. */
static bool passes_straight(const latent_rig *r)
{
    const gnl_kind *q = &r->latents->posterior->kind;
    return q->type->is_surrogate && q->type->is_surrogate(q->opts);
}

static void check_objective(latent_rig *r, const char *what)
{
    if (r->latents->prior->type->sample)
        latent_rig_hold_draws(r);
    double value = latent_rig_backward(r);
    ck_assert_double_eq_tol(latent_rig_objective(r, false), value, 1e-12 * fmax(1, fabs(value)));
    if (!passes_straight(r))
        check_heads_of_objective(r, what);
    check_numbers_of_objective(r, what);
}

/* Whether the gradient is only an unbiased estimate of the derivative; tests/golden/test_latent.c tests such
 * gradients. */
static bool is_estimate_only(const latent_rig *r)
{
    const gnl_latents *l = r->latents;
    const gnl_kind *kinds[2 + GNL_MAX_TERMS_ADDED] = {&l->prior->kind, &l->bound->kind};
    for (int i = 0; i < l->terms; i++)
        kinds[2 + i] = &l->term[i]->kind;
    for (int i = 0; i < 2 + l->terms; i++)
        if (kinds[i]->type->is_surrogate && kinds[i]->type->is_surrogate(kinds[i]->opts))
            return true;
    return false;
}

static void check_pair(const char *posterior, const char *prior, const char *bound)
{
    char what[4 * TEXT];
    const gnl_posterior_type *q = posterior_of(posterior);
    const char *terms = gnl_posterior_has_density(q) || q->codes ? "kl beta=0.8 free=whole" : "";
    if (!latent_rig_pair(ctx, q, prior_type_of(prior)))
        return;
    for (int64_t samples = 1; samples <= SAMPLES; samples += SAMPLES - 1) {
        latent_rig r;
        snprintf(what, sizeof what, "%s; %s; %s; %lld samples", posterior, prior, bound, (long long)samples);
        if (try_open(&r, posterior, prior, terms, bound, samples)) {
            if (!is_estimate_only(&r))
                check_objective(&r, what);
            latent_rig_close(&r);
        }
    }
}

/* _i selects the posterior and the bound; all priors. */
START_TEST(objectives_have_correct_derivatives)
{
    const int bounds = count_types(gnl_bound_types);
    const char *posterior = latent_rig_small(gnl_posterior_types[_i / bounds]->kind.name),
               *bound = gnl_bound_types[_i % bounds]->kind.name;
    for (int i = 0; gnl_prior_types[i]; i++)
        check_pair(posterior, latent_rig_small(gnl_prior_types[i]->kind.name), bound);
}
END_TEST

/* One kind with each of its options, other kinds with defaults. */
START_TEST(options_have_correct_derivatives)
{
    const void *const tables[] = {gnl_posterior_types, gnl_prior_types, gnl_bound_types};
    const variants *v = variants_of(tables[_i]);
    for (int i = 0; i < v->count; i++)
        check_pair(_i == 0   ? v->text[i]
                   : _i == 1 ? latent_rig_posterior(prior_type_of(v->text[i]))
                             : "gaussian",
                   _i == 1   ? v->text[i]
                   : _i == 0 ? latent_rig_prior(posterior_of(v->text[i]))
                             : "normal",
                   _i == 2 ? v->text[i] : "elbo");
}
END_TEST

/* Orders of the Renyi bound: its limits, both sides of 1, and an order next to 1, where the formula is 0/0. */
static const char *const orders[] = {"-inf", "-2.5", "0", "0.5", "0.99999999", "1", "1.5", "4", "inf"};

START_TEST(renyi_bounds_of_any_order_have_correct_derivatives)
{
    char bound[TEXT];
    snprintf(bound, sizeof bound, "renyi alpha=%s", orders[_i]);
    check_pair("gaussian", "normal", bound);
    check_pair("gaussian_full", "mixture", bound);
}
END_TEST

/* ---- terms ----------------------------------------------------------------------------------- */

/* Options that have an effect only in combination. */
static const char *const together[] = {
    "kl beta=0.3",
    "kl beta=2 free_bits=0.9",
    "kl beta=2 free_bits=0.9 free=sample",
    "kl beta=2 free_bits=5 free=whole",
    "kl beta=2 free_bits=50 free=whole",
    "kl beta=2 free_bits=5 free=whole_sample",
    "kl gamma=10 capacity=1",
    "kl gamma=10 capacity=25",
    "kl beta=0.4; kl beta=0.3 free_bits=1",
    "kl; tc alpha=0.5 beta=3 gamma=2 sampling=stratified data=20",
    "tc alpha=3 beta=0 gamma=0.2; dip lambda_od=3 lambda_d=0.4",
    "dip kind=1 lambda_od=4 lambda_d=0; l2 weight=0.3",
    "factor gamma=2 width=4 depth=2; adversarial weight=0.5 width=3 depth=1; gradient weight=0.2",
};

/* Free bits per dimension are refused where the KL is known only for the whole code. */
static bool is_refused(const gnl_latent_spec *spec)
{
    latent_rig r;
    gnl_latent_spec bare = *spec;
    bare.terms = "";
    if (!latent_rig_pairs(posterior_of(spec->posterior), prior_type_of(spec->prior)))
        return false;
    if (latent_rig_open(&r, ctx, &bare, 1, 1) != GENLAT_OK)
        return false;
    const bool sampled = !r.latents->divergence && gnl_latents_has_density(r.latents);
    latent_rig_close(&r);
    return sampled && ((strstr(spec->terms, "free_bits") && !strstr(spec->terms, "free=whole")) ||
                       strstr(spec->terms, "balance=1"));
}

static void check_term(const char *terms, const gnl_posterior_type *q, const gnl_prior_type *p)
{
    latent_rig r;
    char what[4 * TEXT];
    const gnl_latent_spec spec = {latent_rig_small(q->kind.name), latent_rig_small(p->kind.name), terms, "elbo", DIMS};
    snprintf(what, sizeof what, "%s; %s; %s", spec.posterior, spec.prior, terms);
    if (!latent_rig_pair(ctx, q, p))
        return;
    if (is_refused(&spec)) {
        ck_assert_int_eq(latent_rig_open(&r, ctx, &spec, ROWS, SAMPLES), GENLAT_E_UNSUPPORTED);
        ck_assert(strstr(genlat_last_error(), "free=whole") || strstr(genlat_last_error(), "balance"));
        return;
    }
    if (!try_open(&r, spec.posterior, spec.prior, terms, spec.bound, SAMPLES))
        return;
    if (!is_estimate_only(&r))
        check_objective(&r, what);
    latent_rig_close(&r);
}

/* Every term with each of its options. _i selects the pair. Terms other than the KL depend less on it: each of their
 * options is tested with one of the priors. */
START_TEST(terms_have_correct_derivatives)
{
    const int priors = count_types(gnl_prior_types);
    const gnl_posterior_type *q = gnl_posterior_types[_i / priors];
    const gnl_prior_type *p = gnl_prior_types[_i % priors];
    const variants *v = variants_of(gnl_term_types);
    for (int i = 0; i < v->count + (int)GNL_COUNT(together); i++) {
        const char *text = i < v->count ? v->text[i] : together[i - v->count];
        if (strncmp(text, "kl", 2) == 0 || i % priors == _i % priors)
            check_term(text, q, p);
    }
}
END_TEST

/* Free bits for groups of dimensions. */
START_TEST(groups_have_correct_derivatives)
{
    static const char *const terms[] = {"kl beta=2 free_bits=2.5 free=whole",
                                        "kl beta=2 free_bits=2.5 free=whole_sample",
                                        "kl beta=2 free_bits=0.9 free=sample"};
    latent_rig r;
    ck_assert(try_open(&r, "gaussian", "normal", terms[_i], "elbo", SAMPLES));
    r.latents->groups = 3;
    memcpy(r.latents->group, (int64_t[]){0, 1, 3, DIMS}, 4 * sizeof(int64_t));
    double grouped = latent_rig_objective(&r, false);
    check_objective(&r, terms[_i]);
    r.latents->groups = 1;
    ck_assert_int_eq(latent_rig_objective(&r, false) != grouped, _i < 2);
    latent_rig_close(&r);
}
END_TEST

/* ---- draws and densities --------------------------------------------------------------------- */

/* A rig and the weights of a scalar function. */
typedef struct study {
    latent_rig rig;
    gnl_real z[ROWS * DIMS], dz[SAMPLES * ROWS * DIMS];
    double weight[ROWS];
    int64_t sample, row, first, past;
} study;

static bool open_study(study *s, const char *posterior, const char *prior)
{
    gnl_rng rng = gnl_rng_make(11, GNL_STREAM_USER, 0);
    if (!try_open(&s->rig, posterior, prior, "", "elbo", SAMPLES))
        return false;
    gnl_rng_fill_normal(&rng, s->z, ROWS * DIMS);
    gnl_rng_fill_normal(&rng, s->dz, SAMPLES * ROWS * DIMS);
    for (int i = 0; i < ROWS; i++)
        s->weight[i] = 0.5 + gnl_rng_unit(&rng);
    gnl_latents_draw(s->rig.latents, &s->rig.code);
    return true;
}

/* Gradients are added to: they start at 0.25. */
static void begin_gradients(study *s)
{
    gnl_latents *l = s->rig.latents;
    for (int h = 0; h < l->posterior->heads; h++)
        for (int64_t i = 0; i < ROWS * l->posterior->head[h].width; i++)
            s->rig.code.dhead[h][i] = (gnl_real)0.25;
    for (int64_t i = 0; i < SAMPLES * ROWS * DIMS; i++)
        s->rig.code.dz[i] = (gnl_real)0.25;
    for (int64_t i = 0; i < l->prior->kind.numbers.values; i++)
        l->prior->kind.numbers.grad[i] = (gnl_real)0.25;
}

static void subtract_start(int64_t n, gnl_real *gradient)
{
    for (int64_t i = 0; i < n; i++)
        gradient[i] -= (gnl_real)0.25;
}

static void check_heads(study *s, const char *what, scalar_fn *f)
{
    const gnl_posterior *q = s->rig.latents->posterior;
    for (int h = 0; h < q->heads; h++) {
        subtract_start(ROWS * q->head[h].width, s->rig.code.dhead[h]);
        expect_slope(what, f, s, ROWS * q->head[h].width, s->rig.head[h], s->rig.code.dhead[h]);
    }
}

static double draw_value(void *arg)
{
    study *s = arg;
    double total = 0;
    gnl_latents_draw(s->rig.latents, &s->rig.code);
    for (int i = 0; i < SAMPLES * ROWS * DIMS; i++)
        total += (double)(s->dz[i] * s->rig.code.z[i]);
    return total;
}

/* A bound without likelihood and terms propagates derivatives from the codes to the heads. */
START_TEST(draws_have_correct_derivatives)
{
    static study s;
    const gnl_posterior_type *type = gnl_posterior_types[_i];
    ck_assert(open_study(&s, type->kind.name, latent_rig_prior(type)));
    gnl_bound_call call = {.latents = s.rig.latents, .code = &s.rig.code};
    memcpy(s.rig.code.dz, s.dz, sizeof s.dz);
    gnl_latents_backward(&call);
    for (int h = 0; h < s.rig.latents->posterior->heads && !passes_straight(&s.rig); h++) {
        const gnl_head *head = &s.rig.latents->posterior->head[h];
        expect_slope(head->name, draw_value, &s, ROWS * head->width, s.rig.head[h], s.rig.code.dhead[h]);
    }
    latent_rig_close(&s.rig);
}
END_TEST

/* Returns log |det J| of the map from noise to code of one row, by differences. */
static double log_determinant(study *s, int64_t row)
{
    const double step = 1e-5;
    const gnl_code *c = &s->rig.code;
    double j[DIMS][DIMS], total = 0;
    for (int d = 0; d < DIMS; d++)
        for (int side = -1; side <= 1; side += 2) {
            gnl_real *noise = c->noise + row * DIMS + d, kept = *noise;
            *noise += side * step;
            s->rig.latents->posterior->type->draw(s->rig.latents->posterior, c, 0);
            *noise = kept;
            for (int k = 0; k < DIMS; k++)
                j[k][d] = (side < 0 ? 0 : j[k][d]) + side * (double)c->z[row * DIMS + k] / (2 * step);
        }
    for (int p = 0; p < DIMS; p++) { /* elimination; J is close to a multiple of the unit matrix */
        total += log(fabs(j[p][p]));
        for (int i = p + 1; i < DIMS; i++)
            for (int k = DIMS - 1; k >= p; k--)
                j[i][k] -= j[i][p] / j[p][p] * j[p][k];
    }
    return total;
}

/* A density that the draw computes is that of the noise over the determinant of the draw. */
START_TEST(drawn_densities_are_those_of_the_noise)
{
    static study s;
    const gnl_posterior_type *type = gnl_posterior_types[_i];
    if (!type->draws_density)
        return;
    ck_assert(open_study(&s, type->kind.name, latent_rig_prior(type)));
    ck_assert_int_eq(s.rig.latents->posterior->noise, DIMS);
    for (int64_t r = 0; r < ROWS; r++) {
        const gnl_real *noise = s.rig.code.noise + r * DIMS;
        double expected = -0.5 * DIMS * log(2 * M_PI) - log_determinant(&s, r);
        for (int d = 0; d < DIMS; d++)
            expected -= 0.5 * (double)noise[d] * (double)noise[d];
        type->draw(s.rig.latents->posterior, &s.rig.code, 0);
        ck_assert_double_eq_tol(s.rig.code.log_q[r], expected, 1e-7);
    }
    latent_rig_close(&s.rig);
}
END_TEST

static double weighted(const study *s, const double *of_rows)
{
    double total = 0;
    for (int i = 0; i < ROWS; i++)
        total += 0.7 * s->weight[i] * of_rows[i];
    return total;
}

static double posterior_value(void *arg)
{
    study *s = arg;
    double out[ROWS];
    gnl_posterior *q = s->rig.latents->posterior;
    q->type->log_density(q, &s->rig.code, s->z, out);
    return weighted(s, out);
}

START_TEST(posterior_densities_have_correct_derivatives)
{
    static study s;
    const gnl_posterior_type *type = gnl_posterior_types[_i];
    if (!type->log_density)
        return;
    ck_assert(open_study(&s, type->kind.name, "normal"));
    begin_gradients(&s);
    gnl_posterior *q = s.rig.latents->posterior;
    type->log_density_backward(q, &s.rig.code, s.z, 0.7, s.weight, s.rig.code.dz, s.rig.code.dhead);
    subtract_start(ROWS * DIMS, s.rig.code.dz);
    expect_slope("log q by z", posterior_value, &s, ROWS * DIMS, s.z, s.rig.code.dz);
    check_heads(&s, "log q by heads", posterior_value);
    latent_rig_close(&s.rig);
}
END_TEST

static double prior_value(void *arg)
{
    study *s = arg;
    double out[ROWS];
    gnl_prior *p = s->rig.latents->prior;
    gnl_latents_prepare(s->rig.latents, &s->rig.code);
    p->type->log_density(p, &s->rig.code, s->z, out);
    return weighted(s, out);
}

START_TEST(prior_densities_have_correct_derivatives)
{
    static study s;
    if (!gnl_prior_types[_i]->log_density)
        return;
    ck_assert(open_study(&s, "gaussian", gnl_prior_types[_i]->kind.name));
    begin_gradients(&s);
    gnl_prior *p = s.rig.latents->prior;
    gnl_numbers *n = &p->kind.numbers;
    gnl_latents_prepare(s.rig.latents, &s.rig.code);
    p->type->log_density_backward(p, &s.rig.code, s.z, 0.7, s.weight, s.rig.code.dz);
    gnl_latents_complete_gradients(s.rig.latents, &s.rig.code);
    subtract_start(ROWS * DIMS, s.rig.code.dz);
    subtract_start(n->values, n->grad);
    expect_slope("log p by z", prior_value, &s, ROWS * DIMS, s.z, s.rig.code.dz);
    expect_slope("log p by its numbers", prior_value, &s, n->values, n->value, n->grad);
    latent_rig_close(&s.rig);
}
END_TEST

/* ---- log-ratios and divergences -------------------------------------------------------------- */

/* For the present codes of a sample. */
static double ratio_value(void *arg)
{
    study *s = arg;
    double out[ROWS];
    gnl_latents_prepare(s->rig.latents, &s->rig.code);
    gnl_latents_ratio(s->rig.latents, &s->rig.code, s->sample, out);
    return weighted(s, out);
}

/* The log-ratio of codes, in closed form or not, equals the difference of both log-densities. */
static void check_ratio(study *s)
{
    double ratio[ROWS], q[ROWS], p[ROWS];
    const gnl_latents *l = s->rig.latents;
    const gnl_real *z = s->rig.code.z + s->sample * ROWS * DIMS;
    gnl_latents_ratio(l, &s->rig.code, s->sample, ratio);
    if (l->posterior->type->draws_density)
        memcpy(q, s->rig.code.log_q + s->sample * ROWS, sizeof q);
    else
        l->posterior->type->log_density(l->posterior, &s->rig.code, z, q);
    gnl_latents_prepare(l, &s->rig.code);
    l->prior->type->log_density(l->prior, &s->rig.code, z, p);
    for (int i = 0; i < ROWS; i++)
        ck_assert_double_eq_tol(ratio[i], q[i] - p[i], 1e-9);
}

static void check_divergence(study *s);

START_TEST(ratios_and_divergences_have_correct_derivatives)
{
    static study s;
    const gnl_posterior_type *type = gnl_posterior_types[_i];
    for (int p = 0; (gnl_posterior_has_density(type) || type->codes) && gnl_prior_types[p]; p++) {
        if (!latent_rig_pair(ctx, type, gnl_prior_types[p]) ||
            !open_study(&s, type->kind.name, gnl_prior_types[p]->kind.name))
            continue;
        s.sample = 1;
        if (type->log_density)
            check_ratio(&s);
        const gnl_divergence *d = s.rig.latents->divergence;
        if (d && d->ratio_backward && !d->recorded) {
            begin_gradients(&s);
            gnl_real *z = s.rig.code.z + ROWS * DIMS, *dz = s.rig.code.dz + ROWS * DIMS;
            d->ratio_backward(s.rig.latents->posterior, &s.rig.code, 1, 0.7, s.weight, GNL_BY_Z | GNL_BY_HEADS);
            subtract_start(ROWS * DIMS, dz);
            expect_slope("log-ratio by z", ratio_value, &s, ROWS * DIMS, z, dz);
            check_heads(&s, "log-ratio by heads", ratio_value);
        }
        if (d)
            check_divergence(&s);
        latent_rig_close(&s.rig);
    }
}
END_TEST

static double elements_value(void *arg)
{
    study *s = arg;
    const gnl_latents *l = s->rig.latents;
    double total = 0;
    for (int64_t d = s->first; d < s->past; d++)
        total += 0.7 * l->divergence->element(l->posterior, &s->rig.code, s->row, d);
    return total;
}

/* The sums over elements equal the divergences of a row and of a dimension. Derivatives of a range of elements are
 * propagated. */
static void check_divergence(study *s)
{
    double kl[ROWS], per_dim[DIMS];
    const gnl_latents *l = s->rig.latents;
    l->divergence->value(l->posterior, &s->rig.code, kl, per_dim);
    for (int r = 0; r < ROWS; r++)
        for (int d = 0; d < DIMS; d++) {
            double element = l->divergence->element(l->posterior, &s->rig.code, r, d);
            kl[r] -= element;
            per_dim[d] -= element / ROWS;
        }
    for (int r = 0; r < ROWS; r++)
        ck_assert_double_eq_tol(kl[r], 0, 1e-12);
    for (int d = 0; d < DIMS; d++)
        ck_assert_double_eq_tol(per_dim[d], 0, 1e-12);
    for (s->first = 0; s->first < DIMS && !l->divergence->recorded; s->first += 2) {
        s->row = s->first / 2;
        s->past = s->first + 2;
        begin_gradients(s);
        l->divergence->backward(l->posterior, &s->rig.code, s->row, s->first, s->past, 0.7);
        check_heads(s, "elements by heads", elements_value);
    }
}

int main(void)
{
    const int posteriors = count_types(gnl_posterior_types), priors = count_types(gnl_prior_types);
    Suite *suite = suite_create("latent");
    TCase *tests = tcase_create("slopes");
    tcase_set_timeout(tests, 30);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, objectives_have_correct_derivatives, 0, posteriors * count_types(gnl_bound_types));
    tcase_add_loop_test(tests, options_have_correct_derivatives, 0, 3);
    tcase_add_loop_test(tests, renyi_bounds_of_any_order_have_correct_derivatives, 0, (int)GNL_COUNT(orders));
    tcase_add_loop_test(tests, terms_have_correct_derivatives, 0, posteriors * priors);
    tcase_add_loop_test(tests, groups_have_correct_derivatives, 0, 3);
    tcase_add_loop_test(tests, draws_have_correct_derivatives, 0, posteriors);
    tcase_add_loop_test(tests, drawn_densities_are_those_of_the_noise, 0, posteriors);
    tcase_add_loop_test(tests, posterior_densities_have_correct_derivatives, 0, posteriors);
    tcase_add_loop_test(tests, prior_densities_have_correct_derivatives, 0, priors);
    tcase_add_loop_test(tests, ratios_and_divergences_have_correct_derivatives, 0, posteriors);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
