/* SPDX-License-Identifier: MIT */
/*
 * Posteriors and priors of codes in groups: the Gaussian of each group of dimensions depends on other groups. Each
 * divergence is that of a group given the codes of the others, which draws and backward passes visit in turn. See
 * docs/derivations/hierarchy.md.
 */
#include <tgmath.h>

#include "latent/latent_priv.h"

static const double LOG_TWO_PI = 1.83787706640934548356;

/* ---- options ----------------------------------------------------------------------------------- */

int gnl_group_widths(const void *opts, int64_t dims, int64_t width[GNL_MAX_GROUPS])
{
    const gnl_group_opts *o = opts;
    int count = 0;
    for (; count < GENLAT_MAX_DIMS && o->groups[count]; count++)
        width[count] = o->groups[count];
    if (count)
        return count;
    width[0] = dims - dims / 2;
    width[1] = dims / 2;
    return 2;
}

genlat_status gnl_group_check(const void *opts, int64_t dims)
{
    int64_t width[GNL_MAX_GROUPS], sum = 0;
    const int count = gnl_group_widths(opts, dims, width);
    for (int g = 0; g < count; g++)
        sum += width[g];
    if (sum != dims)
        return gnl_fail(GENLAT_E_INVALID,
                        "the groups have %lld latent dimensions together, but latent is %lld; use "
                        "latent=%lld",
                        (long long)sum, (long long)dims, (long long)sum);
    if (width[1] == 0 || count < 2)
        return gnl_fail(GENLAT_E_INVALID, "there is one group, 2 or more expected; use posterior=gaussian");
    return GENLAT_OK;
}

/* ---- nets -------------------------------------------------------------------------------------- */

const char *const gnl_group_activations[] = {"tanh", "relu", "leaky_relu", "elu", "silu", NULL};

enum { NET_TEXT = 2048 };

genlat_status gnl_group_net(genlat_ctx *ctx, const gnl_group_layers *layers, int64_t inputs, int64_t used,
                            int64_t width, genlat_net **out)
{
    const char *input = "z", *activation = gnl_group_activations[layers->activation];
    char text[NET_TEXT] = "";
    gnl_text_append(text, sizeof text, "slice length=%lld", (long long)used);
    for (int64_t i = 0; i < layers->layers; i++)
        gnl_text_append(text, sizeof text, " | dense units=%lld init=glorot_uniform | %s", (long long)layers->width,
                        activation);
    gnl_text_append(
        text, sizeof text,
        " | identity name=features | dense units=%lld init=glorot_uniform name=mean | "
        "dense units=%lld init=glorot_uniform from=features name=logvar_raw | hardtanh bound=10 name=logvar | "
        "output mean,logvar",
        (long long)width, (long long)width);
    return gnl_net_from_text(ctx, 1, &input, &(gnl_shape){1, {inputs}}, text, out);
}

void gnl_group_copy(const gnl_latents *l, const gnl_code *c, int first, int past, gnl_real *out)
{
    const int64_t width = l->group[past] - l->group[first];
    for (int64_t n = 0; n < c->samples * c->rows; n++)
        memcpy(out + n * width, c->z + n * c->dims + l->group[first], (size_t)width * sizeof *out);
}

void gnl_group_add(const gnl_latents *l, const gnl_code *c, int first, int past, const gnl_real *dz)
{
    const int64_t width = l->group[past] - l->group[first];
    for (int64_t n = 0; n < c->samples * c->rows; n++) {
        gnl_real *to = c->dz + n * c->dims + l->group[first];
        c->compute.k->add(width, to, dz + n * width, to);
    }
}

/* ---- merges ------------------------------------------------------------------------------------ */

enum { A, B, MEAN, LOGVAR };

static void replace(const gnl_real in[4], gnl_real out[2])
{
    out[0] = in[A];
    out[1] = in[B];
}

static void replace_backward(const gnl_real in[4], const gnl_real dout[2], gnl_real din[4])
{
    din[A] = dout[0];
    din[B] = dout[1];
    din[MEAN] = din[LOGVAR] = 0;
}

const gnl_merge gnl_merge_replace = {replace, replace_backward};

/* The share of the prior's precision in the sum of both. */
static gnl_real share_of_prior(const gnl_real in[4])
{
    return 1 / (1 + exp(in[LOGVAR] - in[B]));
}

/* log(1 - share) is -log(1 + e^(b - logvar)); the smaller exponent keeps its digits. */
static void product(const gnl_real in[4], gnl_real out[2])
{
    const gnl_real share = share_of_prior(in), apart = in[B] - in[LOGVAR];
    out[0] = in[A] + share * (in[MEAN] - in[A]);
    out[1] = (apart > 0 ? in[LOGVAR] : in[B]) - log1p(exp(-fabs(apart)));
}

static void product_backward(const gnl_real in[4], const gnl_real dout[2], gnl_real din[4])
{
    const gnl_real share = share_of_prior(in);
    const gnl_real slope = dout[0] * (in[MEAN] - in[A]) * share * (1 - share);
    din[A] = dout[0] * (1 - share);
    din[MEAN] = dout[0] * share;
    din[B] = dout[1] * (1 - share) + slope;
    din[LOGVAR] = dout[1] * share - slope;
}

const gnl_merge gnl_merge_product = {product, product_backward};

static void sum(const gnl_real in[4], gnl_real out[2])
{
    out[0] = in[MEAN] + in[A];
    out[1] = in[LOGVAR] + in[B];
}

static void sum_backward(const gnl_real in[4], const gnl_real dout[2], gnl_real din[4])
{
    din[A] = din[MEAN] = dout[0];
    din[B] = din[LOGVAR] = dout[1];
}

const gnl_merge gnl_merge_sum = {sum, sum_backward};

/* ---- workspace --------------------------------------------------------------------------------- */

static void want(genlat_ctx *ctx, size_t count, gnl_real **out, bool *all)
{
    *out = *all ? gnl_calloc(ctx, count, sizeof **out) : NULL;
    *all = *out != NULL;
}

genlat_status gnl_grouped_new(const gnl_kind *kind, const gnl_latent_env *env, gnl_grouped *w)
{
    const gnl_latents *l = kind->latents;
    const size_t rows = (size_t)env->rows, codes = rows * (size_t)env->samples, dims = (size_t)l->dims;
    bool all = true;
    for (int g = 0; g < l->groups; g++) {
        const size_t width = (size_t)(l->group[g + 1] - l->group[g]);
        want(env->ctx, codes * width, &w->mean[g], &all);
        want(env->ctx, codes * width, &w->logvar[g], &all);
    }
    want(env->ctx, rows * dims, &w->element, &all);
    want(env->ctx, rows * dims, &w->kl_factor, &all);
    want(env->ctx, codes * dims, &w->zero, &all);
    want(env->ctx, codes * dims, &w->unused, &all);
    w->ratio_factor = gnl_calloc(env->ctx, codes, sizeof *w->ratio_factor);
    return all && w->ratio_factor ? GENLAT_OK : GENLAT_E_MEMORY;
}

void gnl_grouped_free(genlat_ctx *ctx, gnl_grouped *w)
{
    gnl_real *const blocks[] = {w->element, w->kl_factor, w->zero, w->unused};
    for (size_t i = 0; i < GNL_COUNT(blocks); i++)
        gnl_free(ctx, blocks[i]);
    for (int g = 0; g < GNL_MAX_GROUPS; g++) {
        gnl_free(ctx, w->mean[g]);
        gnl_free(ctx, w->logvar[g]);
    }
    gnl_free(ctx, w->ratio_factor);
}

/* ---- visits of the codes of a group ------------------------------------------------------------ */

typedef struct job {
    gnl_grouped *w;
    const gnl_code *c;
    int64_t first, width; /* dimensions of the group */
    int group;
    double *out;
} job;

/* Runs a task over the rows. A task visits all samples of its rows. */
static void over_rows(gnl_grouped *w, const gnl_code *c, const gnl_latents *l, int g, double *out, gnl_task *task)
{
    job j = {w, c, l->group[g], l->group[g + 1] - l->group[g], g, out};
    gnl_parallel(c->compute.ctx, c->rows, gnl_latent_grain(c->samples * j.width), task, &j);
}

/* The place of a code in the arrays of its group: [codes,width], the source, and [codes,dims]. */
typedef struct place {
    int64_t code, own, source, z;
} place;

static place place_of(const job *j, int64_t s, int64_t row)
{
    const int64_t code = s * j->c->rows + row;
    const gnl_group_source *from = &j->w->source[j->group];
    return (place){code, code * j->width, (from->shared ? row : code) * from->stride, code * j->c->dims + j->first};
}

/* ---- draws ------------------------------------------------------------------------------------- */

void gnl_grouped_begin(gnl_grouped *w, const gnl_code *c, const gnl_latents *l)
{
    memset(w->kl_factor, 0, (size_t)(c->rows * c->dims) * sizeof *w->kl_factor);
    for (int64_t n = 0; n < c->rows * c->samples; n++) {
        w->ratio_factor[n] = 0;
        c->log_q[n] = -0.5 * (double)c->dims * LOG_TWO_PI;
    }
    for (int g = 0; g < l->groups; g++)
        w->prior[g] = (gnl_group_gauss){w->zero, w->zero, w->unused, w->unused};
}

static void draw_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    const gnl_grouped *w = j->w;
    const gnl_group_source *from = &w->source[j->group];
    const gnl_group_gauss *p = &w->prior[j->group];
    for (int64_t r = begin; r < end; r++)
        for (int64_t s = 0; s < j->c->samples; s++) {
            const place at = place_of(j, s, r);
            double squares = 0;
            for (int64_t d = 0; d < j->width; d++) {
                const gnl_real in[4] = {from->a[at.source + d], from->b[at.source + d], p->mean[at.own + d],
                                        p->logvar[at.own + d]};
                const gnl_real noise = j->c->noise[at.z + d];
                gnl_real out[2];
                w->merge[j->group]->forward(in, out);
                w->mean[j->group][at.own + d] = out[0];
                w->logvar[j->group][at.own + d] = out[1];
                j->c->z[at.z + d] = out[0] + exp(out[1] / 2) * noise;
                squares += (double)(out[1] + noise * noise);
            }
            j->c->log_q[at.code] -= 0.5 * squares;
        }
}

void gnl_grouped_draw(gnl_grouped *w, const gnl_code *c, const gnl_latents *l, int g)
{
    over_rows(w, c, l, g, NULL, draw_task);
}

/* ---- values ------------------------------------------------------------------------------------ */

static gnl_grouped *work_of(const gnl_posterior *q, const gnl_code *c)
{
    return gnl_kind_work(&q->kind, c);
}

static void element_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    const gnl_real *mean = j->w->mean[j->group], *logvar = j->w->logvar[j->group];
    const gnl_group_gauss *p = &j->w->prior[j->group];
    for (int64_t r = begin; r < end; r++) {
        gnl_real *to = j->w->element + r * j->c->dims + j->first;
        memset(to, 0, (size_t)j->width * sizeof *to);
        for (int64_t s = 0; s < j->c->samples; s++) {
            const int64_t at = place_of(j, s, r).own;
            for (int64_t d = 0; d < j->width; d++) {
                const gnl_real apart = mean[at + d] - p->mean[at + d], wider = logvar[at + d] - p->logvar[at + d];
                to[d] +=
                    (apart * apart * exp(-p->logvar[at + d]) + expm1(wider) - wider) / (2 * (gnl_real)j->c->samples);
            }
        }
    }
}

static void value(const gnl_posterior *q, const gnl_code *c, double *kl, double *per_dim)
{
    const gnl_latents *l = q->kind.latents;
    gnl_grouped *w = work_of(q, c);
    for (int g = 0; g < l->groups; g++)
        over_rows(w, c, l, g, NULL, element_task);
    for (int64_t d = 0; per_dim && d < c->dims; d++)
        per_dim[d] = 0;
    for (int64_t r = 0; r < c->rows; r++) {
        double total = 0;
        for (int64_t d = 0; d < c->dims; d++) {
            const double element = (double)w->element[r * c->dims + d];
            total += element;
            if (per_dim)
                per_dim[d] += element / (double)c->rows;
        }
        if (kl)
            kl[r] = total;
    }
}

/* After value(). */
static double element(const gnl_posterior *q, const gnl_code *c, int64_t row, int64_t dim)
{
    return (double)work_of(q, c)->element[row * c->dims + dim];
}

/* Adds log p of a group to out [codes]. */
static void prior_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    const gnl_group_gauss *p = &j->w->prior[j->group];
    for (int64_t r = begin; r < end; r++) {
        const place at = place_of(j, 0, r);
        double squares = (double)j->width * LOG_TWO_PI;
        for (int64_t d = 0; d < j->width; d++) {
            const gnl_real apart = j->c->z[at.z + d] - p->mean[at.own + d], logvar = p->logvar[at.own + d];
            squares += (double)(apart * apart * exp(-logvar) + logvar);
        }
        j->out[r] += 0.5 * squares;
    }
}

/* Shifts the arrays of a workspace and of a code to a sample. */
static void ratio(const gnl_posterior *q, const gnl_code *c, int64_t s, double *out)
{
    const gnl_latents *l = q->kind.latents;
    gnl_grouped w = *work_of(q, c);
    gnl_code one = *c;
    one.samples = 1;
    one.z += s * c->rows * c->dims;
    memcpy(out, c->log_q + s * c->rows, (size_t)c->rows * sizeof *out);
    for (int g = 0; g < l->groups; g++) {
        const int64_t at = s * c->rows * (l->group[g + 1] - l->group[g]);
        w.prior[g].mean += at;
        w.prior[g].logvar += at;
        over_rows(&w, &one, l, g, out, prior_task);
    }
}

/* ---- records ----------------------------------------------------------------------------------- */

static void record_kl(const gnl_posterior *q, const gnl_code *c, int64_t row, int64_t first, int64_t past,
                      double factor)
{
    gnl_real *to = work_of(q, c)->kl_factor + row * c->dims;
    for (int64_t d = first; d < past; d++)
        to[d] += (gnl_real)(factor / (double)c->samples);
}

static void record_ratio(const gnl_posterior *q, const gnl_code *c, int64_t s, double factor, const double *weight,
                         unsigned by)
{
    double *to = work_of(q, c)->ratio_factor + s * c->rows;
    for (int64_t r = 0; by & GNL_BY_Z && r < c->rows; r++)
        to[r] += factor * (weight ? weight[r] : 1);
}

const gnl_divergence gnl_grouped_divergence = {value, element, record_kl, ratio, record_ratio, true};

/* ---- derivatives ------------------------------------------------------------------------------- */

/* With d = z - mean, -log p is (logvar + d^2 e^-logvar) / 2 and the KL (d'^2 e^-logvar + e^wider - 1 - wider) / 2. */
static void prior_back_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    const gnl_grouped *w = j->w;
    const gnl_real *mean = w->mean[j->group], *logvar = w->logvar[j->group];
    const gnl_group_gauss *p = &w->prior[j->group];
    for (int64_t r = begin; r < end; r++)
        for (int64_t s = 0; s < j->c->samples; s++) {
            const place at = place_of(j, s, r);
            const gnl_real ratio = (gnl_real)w->ratio_factor[at.code];
            for (int64_t d = 0; d < j->width; d++) {
                const int64_t i = at.own + d;
                const gnl_real kl = w->kl_factor[r * j->c->dims + j->first + d], precision = exp(-p->logvar[i]);
                const gnl_real apart = j->c->z[at.z + d] - p->mean[i], between = mean[i] - p->mean[i];
                p->dmean[i] = -precision * (ratio * apart + kl * between);
                p->dlogvar[i] = (ratio * (1 - apart * apart * precision) -
                                 kl * (between * between * precision + expm1(logvar[i] - p->logvar[i]))) /
                                2;
            }
        }
}

void gnl_grouped_prior_backward(gnl_grouped *w, const gnl_code *c, const gnl_latents *l, int g)
{
    over_rows(w, c, l, g, NULL, prior_back_task);
}

/* log q of a code is -logvar / 2 for given noise. */
static void draw_back(const job *j, int64_t s, int64_t r)
{
    const gnl_grouped *w = j->w;
    const gnl_group_source *from = &w->source[j->group];
    const gnl_group_gauss *p = &w->prior[j->group];
    const place at = place_of(j, s, r);
    const gnl_real ratio = (gnl_real)w->ratio_factor[at.code];
    for (int64_t d = 0; d < j->width; d++) {
        const int64_t i = at.own + d;
        const gnl_real in[4] = {from->a[at.source + d], from->b[at.source + d], p->mean[i], p->logvar[i]};
        const gnl_real kl = w->kl_factor[r * j->c->dims + j->first + d], precision = exp(-in[LOGVAR]);
        const gnl_real mean = w->mean[j->group][i], logvar = w->logvar[j->group][i];
        const gnl_real dz = j->c->dz[at.z + d] + ratio * (j->c->z[at.z + d] - in[MEAN]) * precision;
        const gnl_real dout[2] = {
            dz + kl * (mean - in[MEAN]) * precision,
            (dz * exp(logvar / 2) * j->c->noise[at.z + d] - ratio + kl * expm1(logvar - in[LOGVAR])) / 2};
        gnl_real din[4];
        w->merge[j->group]->backward(in, dout, din);
        from->da[at.source + d] += din[A];
        from->db[at.source + d] += din[B];
        p->dmean[i] += din[MEAN];
        p->dlogvar[i] += din[LOGVAR];
    }
}

static void draw_back_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    const gnl_group_source *from = &j->w->source[j->group];
    for (int64_t r = begin; r < end; r++) {
        for (int64_t s = 0; s < (from->shared ? 1 : j->c->samples); s++) {
            const int64_t at = place_of(j, s, r).source;
            memset(from->da + at, 0, (size_t)j->width * sizeof *from->da);
            memset(from->db + at, 0, (size_t)j->width * sizeof *from->db);
        }
        for (int64_t s = 0; s < j->c->samples; s++)
            draw_back(j, s, r);
    }
}

void gnl_grouped_draw_backward(gnl_grouped *w, const gnl_code *c, const gnl_latents *l, int g)
{
    over_rows(w, c, l, g, NULL, draw_back_task);
}

/* ---- summaries --------------------------------------------------------------------------------- */

int64_t gnl_grouped_noise(const void *opts, int64_t dims)
{
    return dims;
}

/* Draws one code of zero noise for each row: every group is the mean given the means of the groups before it. */
static gnl_code draw_means(const gnl_posterior *q, const gnl_code *c)
{
    gnl_code one = *c;
    one.samples = 1;
    memset(one.noise, 0, (size_t)(one.rows * one.dims) * sizeof *one.noise);
    q->type->draw(q, &one, 0);
    return one;
}

void gnl_grouped_mean(const gnl_posterior *q, const gnl_code *c, gnl_real *out)
{
    const gnl_code one = draw_means(q, c);
    if (out != one.z)
        memcpy(out, one.z, (size_t)(one.rows * one.dims) * sizeof *out);
}

void gnl_grouped_logvar(const gnl_posterior *q, const gnl_code *c, gnl_real *out)
{
    const gnl_latents *l = q->kind.latents;
    const gnl_grouped *w = work_of(q, c);
    (void)draw_means(q, c);
    for (int g = 0; g < l->groups; g++) {
        const int64_t width = l->group[g + 1] - l->group[g];
        for (int64_t r = 0; r < c->rows; r++)
            memcpy(out + r * c->dims + l->group[g], w->logvar[g] + r * width, (size_t)width * sizeof *out);
    }
}
