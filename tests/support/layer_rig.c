/* SPDX-License-Identifier: MIT */
/* Calls the functions of one layer. */
#include <check.h>
#include <stdlib.h>

#include "support/layer_rig.h"

/* ---- shapes ------------------------------------------------------------------------------------------ */

/* One size, "5" or "4-7". The draw depends only on the range and the seed. */
static int64_t read_size(const char **text, uint64_t seed)
{
    char *end = NULL;
    int64_t low = strtoll(*text, &end, 10), high = low;
    if (*end == '-')
        high = strtoll(end + 1, &end, 10);
    *text = end;
    if (seed == 0 || high == low)
        return high;
    gnl_rng rng = gnl_rng_make(seed, GNL_STREAM_USER, (uint64_t)(low << 16 | high));
    return low + (int64_t)gnl_rng_below(&rng, (uint64_t)(high - low + 1));
}

int layer_rig_shapes(const char *text, uint64_t seed, gnl_shape shapes[GNL_MAX_INPUTS])
{
    int count = 0;
    while (*text) {
        ck_assert_int_lt(count, GNL_MAX_INPUTS);
        gnl_shape *shape = &shapes[count++];
        *shape = (gnl_shape){0};
        for (shape->dim[shape->ndim++] = read_size(&text, seed); *text == 'x';) {
            text++;
            shape->dim[shape->ndim++] = read_size(&text, seed);
        }
        ck_assert_msg(*text == ',' || *text == '\0', "shapes: '%s' is not understood", text);
        text += *text == ',';
    }
    return count;
}

/* ---- memory ------------------------------------------------------------------------------------------ */

void layer_rig_set_all(int64_t n, gnl_real value, gnl_real *out)
{
    for (int64_t i = 0; i < n; i++)
        out[i] = value;
}

static gnl_real *numbers(layer_rig *r, int64_t n)
{
    gnl_real *block = gnl_alloc(r->ctx, (size_t)n, sizeof *block);
    ck_assert_ptr_nonnull(block);
    layer_rig_set_all(n, NAN, block);
    return block;
}

static void release(layer_rig *r, int count, gnl_real **blocks)
{
    for (int i = 0; i < count; i++)
        gnl_free(r->ctx, blocks[i]);
}

static void make_arrays(layer_rig *r)
{
    int64_t most = r->y_count;
    for (int i = 0; i < r->inputs; i++) {
        r->x[i] = numbers(r, r->x_count[i]);
        r->dx[i] = numbers(r, r->x_count[i]);
        r->tx[i] = numbers(r, r->x_count[i]);
        r->dtx[i] = numbers(r, r->x_count[i]);
        most = GNL_MAX(most, r->x_count[i]);
    }
    r->y = numbers(r, r->y_count);
    r->dy = numbers(r, r->y_count);
    r->ty = numbers(r, r->y_count);
    r->dty = numbers(r, r->y_count);
    r->nothing = numbers(r, most);
    for (int i = 0; i < r->plan.params; i++) {
        r->param_count[i] = gnl_shape_count(&r->plan.param[i].shape);
        r->param[i] = numbers(r, r->param_count[i]);
        r->start[i] = numbers(r, r->param_count[i]);
        r->grad[i] = r->plan.param[i].state ? NULL : numbers(r, r->param_count[i]);
    }
}

/* ---- open and close ---------------------------------------------------------------------------------- */

static void make_layer(layer_rig *r, const char *spec, int threads)
{
    genlat_ctx_opts opts;
    genlat_ctx_opts_init(&opts);
    opts.threads = threads;
    ck_assert_msg(genlat_ctx_new(&opts, &r->ctx) == GENLAT_OK, "%s", genlat_last_error());
    ck_assert_msg(gnl_layer_parse(r->ctx, spec, &r->layer) == GENLAT_OK, "%s", genlat_last_error());
    r->type = r->layer->type;
}

static void make_step(layer_rig *r, const gnl_shape *in, int64_t rows)
{
    gnl_step *s = &r->step;
    s->opts = r->layer->opts;
    s->inputs = r->inputs;
    s->rows = rows;
    s->training = true;
    s->rng = &r->rng;
    s->out = r->plan.out;
    s->out_size = gnl_shape_count(&s->out);
    r->y_count = rows * s->out_size;
    for (int i = 0; i < r->inputs; i++) {
        s->in[i] = in[i];
        s->in_size[i] = gnl_shape_count(&in[i]);
        r->x_count[i] = rows * s->in_size[i];
    }
    s->compute = (gnl_compute){r->ctx, gnl_kernels_of(r->ctx), NULL};
    s->compute.space = numbers(r, (int64_t)gnl_gemm_space(r->ctx));
    s->cache = numbers(r, r->plan.cache);
    s->scratch = numbers(r, r->plan.scratch);
}

void layer_rig_open(layer_rig *r, const char *spec, int inputs, const gnl_shape *in, int64_t rows, int64_t most_rows,
                    int threads)
{
    *r = (layer_rig){.inputs = inputs};
    make_layer(r, spec, threads);
    ck_assert_msg(inputs >= r->type->min_inputs && inputs <= r->type->max_inputs, "%s: %d inputs", spec, inputs);
    gnl_layer_env env = {most_rows, threads, true};
    genlat_status status = r->type->infer(r->layer->opts, &env, inputs, in, &r->plan);
    ck_assert_msg(status == GENLAT_OK, "%s: %s", spec, genlat_last_error());
    make_step(r, in, rows);
    make_arrays(r);
}

void layer_rig_close(layer_rig *r)
{
    gnl_real *single[] = {r->y,          r->dy,          r->ty, r->dty, r->nothing, r->step.compute.space,
                          r->step.cache, r->step.scratch};
    release(r, GNL_COUNT(single), single);
    release(r, r->inputs, r->x);
    release(r, r->inputs, r->dx);
    release(r, r->inputs, r->tx);
    release(r, r->inputs, r->dtx);
    release(r, r->plan.params, r->param);
    release(r, r->plan.params, r->grad);
    release(r, r->plan.params, r->start);
    gnl_layer_release(r->layer);
    genlat_ctx_destroy(&r->ctx);
}

/* ---- numbers ----------------------------------------------------------------------------------------- */

static void fill_index(gnl_rng *rng, int64_t n, gnl_real *out)
{
    for (int64_t i = 0; i < n; i++)
        out[i] = (gnl_real)gnl_rng_below(rng, 5);
}

void layer_rig_fill(layer_rig *r, uint64_t seed, bool index)
{
    gnl_rng rng = gnl_rng_make(seed, GNL_STREAM_USER, 0);
    r->rng = gnl_rng_make(seed, GNL_STREAM_DROPOUT, 0);
    for (int i = 0; i < r->inputs; i++) {
        gnl_rng_fill_normal(&rng, r->x[i], r->x_count[i]);
        if (index)
            fill_index(&rng, r->x_count[i], r->x[i]);
        gnl_rng_fill_normal(&rng, r->tx[i], r->x_count[i]);
    }
    gnl_rng_fill_normal(&rng, r->dy, r->y_count);
    gnl_rng_fill_normal(&rng, r->dty, r->y_count);
    for (int i = 0; i < r->plan.params; i++) {
        if (r->plan.param[i].state)
            gnl_rng_fill_uniform(&rng, r->start[i], r->param_count[i], (gnl_real)0.5, (gnl_real)1.5);
        else
            gnl_rng_fill_normal(&rng, r->param[i], r->param_count[i]);
    }
}

/* ---- calls ------------------------------------------------------------------------------------------- */

/* Sets x and y to NaN where no flag asks for them, since an exec may overwrite them. */
static gnl_step prepare(layer_rig *r, bool later)
{
    gnl_step s = r->step;
    bool hide_x = later && !(r->type->flags & GNL_LAYER_NEEDS_X);
    bool hide_y = later && !(r->type->flags & GNL_LAYER_NEEDS_Y);
    for (int i = 0; i < r->inputs; i++) {
        s.x[i] = hide_x ? r->nothing : r->x[i];
        s.tx[i] = r->tx[i];
    }
    s.y = hide_y ? r->nothing : r->y;
    s.dy = r->dy;
    s.dty = r->dty;
    memcpy(s.param, r->param, sizeof s.param);
    layer_rig_set_all(r->plan.scratch, NAN, s.scratch);
    return s;
}

void layer_rig_forward(layer_rig *r)
{
    gnl_rng begin = r->rng;
    gnl_step s = prepare(r, false);
    layer_rig_set_all(r->y_count, NAN, r->y);
    layer_rig_set_all(r->plan.cache, NAN, s.cache);
    for (int i = 0; i < r->plan.params; i++)
        if (r->plan.param[i].state)
            memcpy(r->param[i], r->start[i], (size_t)r->param_count[i] * sizeof(gnl_real));
    r->type->forward(&s);
    r->rng = begin;
}

void layer_rig_backward(layer_rig *r)
{
    gnl_step s = prepare(r, true);
    for (int i = 0; i < r->inputs; i++) {
        layer_rig_set_all(r->x_count[i], NAN, r->dx[i]);
        s.dx[i] = r->dx[i];
    }
    memcpy(s.grad, r->grad, sizeof s.grad);
    r->type->backward(&s);
}

bool layer_rig_has_jvp(const layer_rig *r)
{
    return r->type->jvp || (r->type->flags & GNL_LAYER_PIECEWISE_LINEAR);
}

void layer_rig_jvp(layer_rig *r)
{
    gnl_step s = prepare(r, true);
    layer_rig_set_all(r->y_count, NAN, r->ty);
    s.ty = r->ty;
    s.dy = r->tx[0];
    s.dx[0] = r->ty;
    if (!r->type->jvp)
        r->type->backward(&s);
    else
        r->type->jvp(&s);
}

void layer_rig_jvp_backward(layer_rig *r)
{
    gnl_step s = prepare(r, true);
    for (int i = 0; i < r->inputs; i++) {
        layer_rig_set_all(r->x_count[i], NAN, r->dtx[i]);
        s.dtx[i] = r->dtx[i];
        s.dx[i] = r->dx[i];
    }
    s.ty = r->ty;
    memcpy(s.grad, r->grad, sizeof s.grad);
    if (r->type->jvp_backward) {
        r->type->jvp_backward(&s);
        return;
    }
    s.dy = r->dty;
    s.dx[0] = r->dtx[0];
    r->type->backward(&s);
}
