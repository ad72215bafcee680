/* SPDX-License-Identifier: MIT */
/* Latent codes without encoder and decoder. */
#include <check.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/latent_rig.h"

static int64_t count_of(const latent_rig *r, int head)
{
    return r->code.rows * r->latents->posterior->head[head].width;
}

static int64_t drawn(const latent_rig *r)
{
    return r->code.rows * r->code.samples;
}

static gnl_real *numbers(int64_t count)
{
    gnl_real *out = calloc((size_t)count + 1, sizeof *out);
    ck_assert_ptr_nonnull(out);
    return out;
}

static genlat_net *net_of(genlat_ctx *ctx, const char *input, int64_t width, const char *layers)
{
    genlat_net *net = NULL;
    const gnl_shape shape = {1, {width}};
    ck_assert_msg(gnl_net_from_text(ctx, 1, &input, &shape, layers, &net) == GENLAT_OK, "%s", genlat_last_error());
    ck_assert_int_eq(gnl_net_init(net, 1, 0), GENLAT_OK);
    return net;
}

enum { DATA = 5, MOST_DRAWS = 8 /* of each row */ };

static void make_nets(latent_rig *r)
{
    char layers[512] = "", outputs[128] = "";
    for (int i = 0; i < r->latents->posterior->heads; i++) {
        const gnl_head *h = &r->latents->posterior->head[i];
        size_t used = strlen(layers), listed = strlen(outputs);
        snprintf(layers + used, sizeof layers - used, "dense units=%lld from=x name=%s | ", (long long)h->width,
                 h->name);
        snprintf(outputs + listed, sizeof outputs - listed, "%s%s", i ? "," : "", h->name);
    }
    strcat(strcat(layers, "output "), outputs);
    r->encoder = net_of(r->ctx, "x", DATA, layers);
    r->decoder = net_of(r->ctx, "z", r->latents->dims, "dense units=3 | tanh | dense units=5");
}

static void make_code(latent_rig *r, int64_t rows, int64_t samples)
{
    const gnl_latent_env env = {r->ctx, rows, samples, true, r->encoder, r->decoder};
    ck_assert_msg(gnl_code_new(r->latents, &env, &r->code) == GENLAT_OK, "%s", genlat_last_error());
    r->space = gnl_alloc(r->ctx, gnl_gemm_space(r->ctx), sizeof *r->space);
    ck_assert_ptr_nonnull(r->space);
    r->code.compute = (gnl_compute){r->ctx, gnl_kernels_of(r->ctx), r->space};
    r->code.rng = gnl_rng_make(4, GNL_STREAM_AUGMENT, 3);
    r->code.rows = rows;
    for (int i = 0; i < r->latents->posterior->heads; i++) {
        r->code.head[i] = r->head[i] = numbers(count_of(r, i));
        r->code.dhead[i] = numbers(count_of(r, i));
    }
    r->code.dz = numbers(drawn(r) * r->code.dims);
    r->target = numbers(rows * r->code.dims);
}

bool latent_rig_pairs(const gnl_posterior_type *posterior, const gnl_prior_type *prior)
{
    return (posterior->codes != NULL) == (prior->mass != NULL) &&
           (posterior->groups != NULL) == (prior->condition != NULL);
}

const char *latent_rig_prior(const gnl_posterior_type *posterior)
{
    return posterior->prior ? posterior->prior : "normal";
}

const char *latent_rig_posterior(const gnl_prior_type *prior)
{
    return prior->mass ? "vq" : prior->condition ? "ladder" : "gaussian";
}

const char *latent_rig_small(const char *kind)
{
    static const char *const small[] = {"autoregressive units=3 layers=2 kernel=4", "vq codes=16"};
    for (size_t i = 0; i < GNL_COUNT(small); i++)
        if (strncmp(small[i], kind, strlen(kind)) == 0)
            return small[i];
    return kind;
}

enum { SHORT = 256 };

/* Appends small sizes to the text of a prior that has such options and does not set them, so that tests are quick. */
static const char *with_small_sizes(const char *text, char out[SHORT])
{
    static const char *const small[][2] = {{"components", "4"}, {"layers", "3"}, {"width", "5"}};
    const gnl_prior_type *const *type = gnl_prior_types;
    while (*type && strncmp((*type)->kind.name, text, strcspn(text, " ")) != 0)
        type++;
    const gnl_options_table *options = *type ? (*type)->kind.options : NULL;
    snprintf(out, SHORT, "%s", text);
    for (size_t i = 0; options && i < options->count; i++)
        for (size_t k = 0; k < GNL_COUNT(small); k++)
            if (strcmp(options->options[i].name, small[k][0]) == 0 && !strstr(text, small[k][0]))
                gnl_text_append(out, SHORT, " %s=%s", small[k][0], small[k][1]);
    return out;
}

bool latent_rig_pair(genlat_ctx *ctx, const gnl_posterior_type *q, const gnl_prior_type *p)
{
    gnl_latents *latents = NULL;
    const gnl_latent_spec spec = {q->kind.name, p->kind.name, "", "elbo", 2, {1, {DATA}}, 0};
    if (!latent_rig_pairs(q, p) || !p->check)
        return latent_rig_pairs(q, p);
    genlat_status status = gnl_latents_new(ctx, &spec, &latents);
    gnl_latents_free(latents);
    ck_assert_msg(status == GENLAT_OK || status == GENLAT_E_UNSUPPORTED, "%s with %s: %s", q->kind.name, p->kind.name,
                  genlat_last_error());
    return status == GENLAT_OK;
}

gnl_latent_spec latent_rig_spec(char *text, int64_t dims)
{
    gnl_latent_spec spec = {.dims = dims};
    const char **parts[] = {&spec.posterior, &spec.prior, &spec.terms, &spec.bound};
    for (size_t i = 0; i < GNL_COUNT(parts); i++) {
        *parts[i] = text;
        text += strcspn(text, "/");
        *text++ = '\0';
    }
    return spec;
}

genlat_status latent_rig_open(latent_rig *r, genlat_ctx *ctx, const gnl_latent_spec *spec, int64_t rows,
                              int64_t samples)
{
    char prior[SHORT];
    gnl_latent_spec with_data = *spec;
    with_data.data = (gnl_shape){1, {DATA}};
    with_data.prior = with_small_sizes(spec->prior, prior);
    *r = (latent_rig){.ctx = ctx};
    GNL_TRY(gnl_latents_new(ctx, &with_data, &r->latents));
    make_nets(r);
    make_code(r, rows, samples);
    return GENLAT_OK;
}

void latent_rig_close(latent_rig *r)
{
    if (!r->latents)
        return;
    for (int i = 0; i < GNL_MAX_HEADS; i++) {
        free(r->head[i]);
        free(r->code.dhead[i]);
    }
    free(r->code.dz);
    free(r->target);
    free(r->repeated);
    gnl_free(r->ctx, r->space);
    gnl_code_free(r->latents, &r->code);
    gnl_latents_free(r->latents);
    gnl_net_release(r->encoder);
    gnl_net_release(r->decoder);
    *r = (latent_rig){.ctx = NULL};
}

/* ---- numbers --------------------------------------------------------------------------------- */

static void fill_nan(int64_t count, gnl_real *x)
{
    for (int64_t i = 0; i < count; i++)
        x[i] = (gnl_real)NAN;
}

/* Adds numbers to the weights, so that no unit of a rectifier is at its kink. */
static void move_net(genlat_net *net, gnl_rng *rng)
{
    const gnl_part part = gnl_part_of_net(net, "", 0);
    for (int64_t i = 0; i < part.values; i++)
        part.value[i] += (gnl_real)(0.4 * gnl_rng_gauss(rng));
}

void latent_rig_fill(latent_rig *r, uint64_t seed)
{
    gnl_rng rng = gnl_rng_make(seed, GNL_STREAM_USER, 0);
    gnl_kind *kind = NULL;
    for (int i = 0; i < r->latents->posterior->heads; i++) {
        gnl_rng_fill_normal(&rng, r->head[i], count_of(r, i));
        fill_nan(count_of(r, i), r->code.dhead[i]);
    }
    gnl_rng_fill_normal(&rng, r->code.noise, drawn(r) * r->latents->posterior->noise);
    gnl_rng_fill_normal(&rng, r->target, r->code.rows * r->code.dims);
    fill_nan(drawn(r) * r->code.dims, r->code.z);
    fill_nan(drawn(r) * r->code.dims, r->code.dz);
    for (int i = 0; (kind = gnl_latents_owner(r->latents, i)); i++) {
        gnl_rng_fill_normal(&rng, kind->numbers.value, kind->numbers.values);
        for (int64_t k = 0; k < kind->numbers.values; k++)
            kind->numbers.value[k] *= (gnl_real)0.5; /* flows of large weights have large third derivatives */
        for (int g = 0; g < GNL_MAX_GROUPS; g++)
            if (kind->group_net[g])
                move_net(kind->group_net[g], &rng);
    }
}

double latent_rig_nll(const latent_rig *r, int64_t row, const gnl_real *z)
{
    double total = 0;
    for (int64_t d = 0; d < r->code.dims; d++) {
        double apart = (double)z[d] - (double)r->target[row * r->code.dims + d];
        total += (1 + 0.5 * (double)d) * apart * apart / 2 + 0.3 * sin((double)z[d]);
    }
    return total;
}

static void nll_slope(const latent_rig *r, int64_t row, double factor, const gnl_real *z, gnl_real *dz)
{
    for (int64_t d = 0; d < r->code.dims; d++) {
        double apart = (double)z[d] - (double)r->target[row * r->code.dims + d];
        dz[d] = (gnl_real)(factor * ((1 + 0.5 * (double)d) * apart + 0.3 * cos((double)z[d])));
    }
}

/* Overwrites the derivatives by the input, as the backward pass of a decoder may do. */
static void likelihood(void *user, double scale, const double *weight)
{
    latent_rig *r = user;
    for (int64_t i = 0; i < drawn(r); i++) {
        const int64_t at = i * r->code.dims, row = i % r->code.rows;
        r->code.nll[i] = latent_rig_nll(r, row, r->code.z + at);
        if (scale > 0)
            nll_slope(r, row, scale * (weight ? weight[i] : 1), r->code.z + at, r->code.dz + at);
    }
}

double latent_rig_objective(latent_rig *r, bool gradients)
{
    gnl_latents_draw(r->latents, &r->code);
    r->drawn = 0;
    r->call = (gnl_bound_call){.latents = r->latents,
                               .code = &r->code,
                               .factor = 0.7,
                               .rng = gnl_rng_make(5, GNL_STREAM_AUGMENT, 0),
                               .gradients = gradients,
                               .likelihood = likelihood,
                               .user = r};
    return gnl_latents_objective(&r->call);
}

double latent_rig_backward(latent_rig *r)
{
    gnl_latents_zero_grad(r->latents);
    double value = latent_rig_objective(r, true);
    gnl_latents_backward(&r->call);
    return value;
}

/* ---- draws of the prior ---------------------------------------------------------------------- */

/* Draws codes in the first evaluation, and repeats them in later ones. */
static void held_sample(const gnl_prior *p, const gnl_code *c, gnl_rng *rng, const gnl_prior_draw *draw, gnl_real *z)
{
    latent_rig *r = (latent_rig *)((uintptr_t)p->type - offsetof(latent_rig, held));
    gnl_real *same = r->repeated + r->drawn * r->code.dims;
    ck_assert_int_lt(r->drawn, MOST_DRAWS * r->code.rows);
    if (r->drawn++ == r->known) {
        gnl_prior original = *p;
        original.type = r->prior;
        r->prior->sample(&original, c, rng, draw, same);
        r->known++;
    }
    memcpy(z, same, (size_t)r->code.dims * sizeof *z);
}

static void given_sample(const gnl_prior *p, const gnl_code *c, gnl_rng *rng, const gnl_prior_draw *draw, gnl_real *z)
{
    latent_rig *r = (latent_rig *)((uintptr_t)p->type - offsetof(latent_rig, held));
    ck_assert_int_lt(r->drawn, drawn(r));
    memcpy(z, r->given + r->drawn++ * r->code.dims, (size_t)r->code.dims * sizeof *z);
}

typedef void sample_fn(const gnl_prior *p, const gnl_code *c, gnl_rng *rng, const gnl_prior_draw *draw, gnl_real *z);

static void replace_sample(latent_rig *r, sample_fn *sample)
{
    gnl_prior *p = r->latents->prior;
    r->prior = p->type;
    r->held = *p->type;
    r->held.sample = sample;
    p->type = &r->held;
}

void latent_rig_hold_draws(latent_rig *r)
{
    if (r->repeated)
        return;
    r->repeated = numbers(MOST_DRAWS * r->code.rows * r->code.dims);
    replace_sample(r, held_sample);
}

void latent_rig_give_draws(latent_rig *r, const gnl_real *draws)
{
    r->given = draws;
    replace_sample(r, given_sample);
}
