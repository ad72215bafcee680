/* SPDX-License-Identifier: MIT */
/* Exponential moving average of a net's weights. The half-life is measured in training samples, so it does not depend
 * on the batch size. The ramp is that of Karras and others, Analyzing and improving the training dynamics of diffusion
 * models, 2024. */
#include <tgmath.h>

#include "optim/optim_priv.h"

struct genlat_ema {
    gnl_object object;
    genlat_net *net;
    gnl_part part; /* of the net */
    genlat_ema_opts opts;
    gnl_compute compute;
    double samples;  /* number of training samples seen so far */
    bool swapped;    /* the net holds the average, and `value` and `state` hold the weights */
    gnl_real *value; /* in the order of the part's values */
    gnl_real *state; /* in the order of the part's states */
};

static const gnl_option options[] = {
    GNL_OPT_REAL(genlat_ema_opts, half_life, 10000, 1e-6, 1e15,
                 "number of training samples after which the influence of a weight is halved"),
    GNL_OPT_REAL(genlat_ema_opts, ramp_up, 0, 0, 1e6,
                 "limit of the half-life as a fraction of the samples seen; 0: no limit"),
    GNL_OPT_BOOL(genlat_ema_opts, copy_states, 0, "copy running statistics instead of averaging them"),
};
static const gnl_options_table table = {
    "ema", sizeof(genlat_ema_opts), options, GNL_COUNT(options), {offsetof(genlat_ema_opts, reserved)}};

void genlat_ema_opts_init_sized(genlat_ema_opts *opts, size_t size)
{
    gnl_options_init(&table, opts, size);
}

static genlat_status alloc_average(genlat_ema *ema)
{
    GNL_TRY(gnl_net_check_not_bf16(ema->net));
    const gnl_part *part = &ema->part;
    ema->value = gnl_alloc(ema->object.ctx, (size_t)part->values, sizeof(gnl_real));
    ema->state = gnl_alloc(ema->object.ctx, (size_t)part->states, sizeof(gnl_real));
    if (!ema->value || !ema->state)
        return GENLAT_E_MEMORY;
    if (part->values)
        memcpy(ema->value, part->value, (size_t)part->values * sizeof(gnl_real));
    if (part->states)
        memcpy(ema->state, part->state, (size_t)part->states * sizeof(gnl_real));
    return GENLAT_OK;
}

genlat_status gnl_ema_new(genlat_net *net, const genlat_ema_opts *opts, genlat_ema **out)
{
    genlat_ema_opts complete;
    genlat_ctx *ctx = gnl_net_ctx(net);
    GNL_TRY(gnl_options_take(&table, opts, &complete));
    genlat_ema *ema = gnl_object_new(ctx, sizeof *ema);
    if (!ema)
        return GENLAT_E_MEMORY;
    ema->net = gnl_net_retain(net);
    ema->part = gnl_part_of_net(net, "", -1);
    ema->opts = complete;
    ema->compute = (gnl_compute){ctx, gnl_kernels_of(ctx), NULL};
    genlat_status status = alloc_average(ema);
    if (status != GENLAT_OK) {
        gnl_ema_release(ema);
        return status;
    }
    *out = ema;
    return GENLAT_OK;
}

void gnl_ema_release(genlat_ema *ema)
{
    if (!gnl_object_release(ema))
        return;
    if (ema->swapped)
        gnl_ema_swap(ema);
    gnl_free(ema->object.ctx, ema->value);
    gnl_free(ema->object.ctx, ema->state);
    gnl_net_release(ema->net);
    gnl_object_free(ema);
}

/* ---- update and swap ----------------------------------------------------------------------- */

typedef struct lerp_job {
    const gnl_kernels *k;
    gnl_real part;
    const gnl_real *from;
    gnl_real *to;
} lerp_job;

static void lerp_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const lerp_job *job = arg;
    job->k->lerp(end - begin, job->part, job->from + begin, job->to + begin);
}

void gnl_ema_update(genlat_ema *ema, int64_t samples)
{
    ema->samples += (double)samples;
    double half_life = ema->opts.half_life;
    if (ema->opts.ramp_up > 0)
        half_life = fmin(half_life, fmax(ema->opts.ramp_up * ema->samples, 1e-6));
    gnl_real part = (gnl_real)-expm1(-M_LN2 * (double)samples / half_life);
    lerp_job value = {ema->compute.k, part, ema->part.value, ema->value};
    lerp_job state = {ema->compute.k, ema->opts.copy_states ? 1 : part, ema->part.state, ema->state};
    gnl_parallel(ema->object.ctx, ema->part.values, GNL_CHUNK, lerp_task, &value);
    gnl_parallel(ema->object.ctx, ema->part.states, GNL_CHUNK, lerp_task, &state);
}

static void swap(int64_t n, gnl_real *a, gnl_real *b)
{
    for (int64_t i = 0; i < n; i++) {
        gnl_real held = a[i];
        a[i] = b[i];
        b[i] = held;
    }
}

/* Swaps the numbers, not the pointers, because execs hold pointers into the net's arenas. */
void gnl_ema_swap(genlat_ema *ema)
{
    swap(ema->part.values, ema->part.value, ema->value);
    swap(ema->part.states, ema->part.state, ema->state);
    ema->swapped = !ema->swapped;
}

static bool same_architecture(const gnl_part *a, const gnl_part *b)
{
    if (a->weights != b->weights || a->values != b->values || a->states != b->states)
        return false;
    for (int i = 0; i < a->weights; i++)
        if (strcmp(a->weight[i].name, b->weight[i].name) != 0 ||
            !gnl_shape_equal(&a->weight[i].param.shape, &b->weight[i].param.shape))
            return false;
    return true;
}

genlat_status gnl_ema_copy(const genlat_ema *ema, genlat_net *net)
{
    const gnl_part to = gnl_part_of_net(net, "", -1);
    if (!same_architecture(&ema->part, &to))
        return gnl_fail(GENLAT_E_SHAPE, "net has different weights than the averaged net");
    const gnl_real *value = ema->swapped ? ema->part.value : ema->value;
    const gnl_real *state = ema->swapped ? ema->part.state : ema->state;
    if (to.values)
        memmove(to.value, value, (size_t)to.values * sizeof(gnl_real));
    if (to.states)
        memmove(to.state, state, (size_t)to.states * sizeof(gnl_real));
    return GENLAT_OK;
}

gnl_part gnl_ema_part(const genlat_ema *ema, const char *name)
{
    return gnl_part_like_net(ema->net, name, ema->value, ema->state);
}

double gnl_ema_samples(const genlat_ema *ema)
{
    return ema->samples;
}

void gnl_ema_set_samples(genlat_ema *ema, double samples)
{
    ema->samples = samples;
}

/* ---- public ---------------------------------------------------------------------------------- */

genlat_status genlat_ema_new(genlat_net *net, const genlat_ema_opts *opts, genlat_ema **out)
{
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_CHECK(net, "net is NULL");
    return gnl_ema_new(net, opts, out);
}

void genlat_ema_destroy(genlat_ema **ema)
{
    if (!ema)
        return;
    gnl_ema_release(*ema);
    *ema = NULL;
}

genlat_status genlat_ema_update(genlat_ema *ema, int64_t samples)
{
    GNL_ENTER();
    GNL_CHECK(ema, "ema is NULL");
    if (samples < 0)
        return gnl_fail(GENLAT_E_RANGE, "samples is %lld, must be at least 0", (long long)samples);
    if (ema->swapped)
        return gnl_fail(GENLAT_E_STATE, "the net holds the average; call genlat_ema_swap first");
    gnl_ema_update(ema, samples);
    return GENLAT_OK;
}

genlat_status genlat_ema_swap(genlat_ema *ema)
{
    GNL_ENTER();
    GNL_CHECK(ema, "ema is NULL");
    gnl_ema_swap(ema);
    return GENLAT_OK;
}

genlat_status genlat_ema_copy(const genlat_ema *ema, genlat_net *net)
{
    GNL_ENTER();
    GNL_CHECK(ema, "ema is NULL");
    GNL_CHECK(net, "net is NULL");
    return gnl_ema_copy(ema, net);
}
