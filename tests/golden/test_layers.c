/* SPDX-License-Identifier: MIT */
/*
 * Every layer that PyTorch also has against numbers stored by make_layers.py: outputs, gradients, tangents, and
 * gradients of
 * tangents. The cases are those of layer_cases.h. Every case needs stored numbers or the flag CASE_NO_PYTORCH.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <tgmath.h>

#include "grad/layer_cases.h"
#include "io/io.h"
#include "support/layer_rig.h"

static const double LIMIT = 1e-5, SMALL = 1e-2;

static genlat_ctx *ctx;
static gnl_reader *golden;

typedef struct golden_case {
    const layer_case *c;
    layer_rig rig;
    bool index;
} golden_case;

/* The stored tensor "spec on shapes/name", or NULL. */
static const gnl_entry *find(const layer_case *c, const char *name)
{
    char key[256];
    snprintf(key, sizeof key, "%s on %s/%s", c->spec, c->shapes, name);
    return gnl_reader_find(golden, key);
}

static const gnl_entry *find_or_fail(const golden_case *g, const char *name, int64_t count)
{
    const gnl_entry *entry = find(g->c, name);
    ck_assert_msg(entry, "%s on %s: no %s stored; run make_layers.py", g->c->spec, g->c->shapes, name);
    ck_assert_int_eq(gnl_shape_count(&entry->shape), count);
    return entry;
}

static void load(const golden_case *g, const char *name, int64_t count, gnl_real *out)
{
    const gnl_entry *entry = find_or_fail(g, name, count);
    ck_assert_msg(gnl_reader_real(golden, entry->name, NULL, out) == GENLAT_OK, "%s", genlat_last_error());
}

/* Largest error relative to the largest expected number. */
static void expect(const golden_case *g, const char *name, int64_t count, const gnl_real *found)
{
    gnl_real *expected = gnl_alloc(ctx, (size_t)count, sizeof *expected);
    ck_assert_ptr_nonnull(expected);
    load(g, name, count, expected);
    double size = SMALL, worst = 0;
    for (int64_t i = 0; i < count; i++) {
        double difference = fabs((double)found[i] - (double)expected[i]);
        size = fmax(size, fabs((double)expected[i]));
        worst = difference <= worst ? worst : difference;
    }
    gnl_free(ctx, expected);
    ck_assert_msg(worst <= LIMIT * size, "%s on %s: %s is off by %g of %g", g->c->spec, g->c->shapes, name, worst,
                  size);
}

static const char *numbered(const char *text, int i)
{
    static char name[64];
    snprintf(name, sizeof name, "%s%d", text, i);
    return name;
}

static const char *named(const char *prefix, const char *param)
{
    static char name[64];
    snprintf(name, sizeof name, "%s%s", prefix, param);
    return name;
}

/* ---- one case -------------------------------------------------------------------------------- */

static void open_case(golden_case *g, const layer_case *c)
{
    gnl_shape in[GNL_MAX_INPUTS];
    int inputs = layer_rig_shapes(c->shapes, 0, in);
    *g = (golden_case){.c = c, .index = c->flags & CASE_INDEX};
    const gnl_entry *x = find(c, "x0");
    ck_assert_msg(x, "%s on %s has no numbers; run make_layers.py or mark it CASE_NO_PYTORCH", c->spec, c->shapes);
    layer_rig_open(&g->rig, c->spec, inputs, in, x->shape.dim[0], x->shape.dim[0], 1);
}

/* Shapes of parameters must be equal: they have PyTorch's layouts. */
static void load_params(golden_case *g)
{
    layer_rig *r = &g->rig;
    for (int i = 0; i < r->plan.params; i++) {
        const gnl_param *p = &r->plan.param[i];
        const gnl_entry *entry = find_or_fail(g, named("param.", p->name), r->param_count[i]);
        ck_assert_msg(gnl_shape_equal(&entry->shape, &p->shape), "%s: shape of %s", g->c->spec, p->name);
        load(g, named("param.", p->name), r->param_count[i], p->state ? r->start[i] : r->param[i]);
    }
}

static void load_inputs(golden_case *g)
{
    layer_rig *r = &g->rig;
    for (int i = 0; i < r->inputs; i++) {
        load(g, numbered("x", i), r->x_count[i], r->x[i]);
        if (!g->index && layer_rig_has_jvp(r))
            load(g, numbered("tx", i), r->x_count[i], r->tx[i]);
    }
    load(g, "dy", r->y_count, r->dy);
    if (!g->index && layer_rig_has_jvp(r))
        load(g, "dty", r->y_count, r->dty);
}

static void clear_grads(layer_rig *r)
{
    for (int i = 0; i < r->plan.params; i++)
        if (r->grad[i])
            layer_rig_set_all(r->param_count[i], 0, r->grad[i]);
}

static void expect_grads(golden_case *g, const char *prefix)
{
    layer_rig *r = &g->rig;
    for (int i = 0; i < r->plan.params; i++)
        if (r->grad[i])
            expect(g, named(prefix, r->plan.param[i].name), r->param_count[i], r->grad[i]);
}

static void check_first_order(golden_case *g)
{
    layer_rig *r = &g->rig;
    layer_rig_forward(r);
    expect(g, "y", r->y_count, r->y);
    for (int i = 0; i < r->plan.params; i++)
        if (r->plan.param[i].state)
            expect(g, named("after.", r->plan.param[i].name), r->param_count[i], r->param[i]);
    clear_grads(r);
    layer_rig_backward(r);
    for (int i = 0; i < r->inputs && !g->index; i++)
        expect(g, numbered("dx", i), r->x_count[i], r->dx[i]);
    expect_grads(g, "grad.");
}

static void check_second_order(golden_case *g)
{
    layer_rig *r = &g->rig;
    layer_rig_jvp(r);
    expect(g, "ty", r->y_count, r->ty);
    for (int i = 0; i < r->inputs; i++)
        layer_rig_set_all(r->x_count[i], 0, r->dx[i]);
    clear_grads(r);
    layer_rig_jvp_backward(r);
    for (int i = 0; i < r->inputs; i++) {
        expect(g, numbered("dtx", i), r->x_count[i], r->dtx[i]);
        expect(g, numbered("second.dx", i), r->x_count[i], r->dx[i]);
    }
    expect_grads(g, "second.grad.");
}

START_TEST(layers_agree_with_pytorch)
{
    const layer_case *c = &layer_cases[_i];
    golden_case g;
    if (c->flags & CASE_NO_PYTORCH) {
        ck_assert_msg(!find(c, "x0"), "%s has numbers, but is marked CASE_NO_PYTORCH", c->spec);
        return;
    }
    open_case(&g, c);
    load_params(&g);
    load_inputs(&g);
    check_first_order(&g);
    if (layer_rig_has_jvp(&g.rig) && !g.index)
        check_second_order(&g);
    if (find(c, "eval.y")) {
        g.rig.step.training = false;
        layer_rig_forward(&g.rig);
        expect(&g, "eval.y", g.rig.y_count, g.rig.y);
    }
    layer_rig_close(&g.rig);
}
END_TEST

static void open_golden(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
    ck_assert_msg(gnl_reader_open(ctx, gnl_input_file(GOLDEN_LAYERS), &golden) == GENLAT_OK, "%s", genlat_last_error());
}

static void close_golden(void)
{
    gnl_reader_close(golden);
    genlat_ctx_destroy(&ctx);
}

int main(void)
{
    Suite *suite = suite_create("golden layers");
    TCase *tests = tcase_create("pytorch");
    tcase_add_checked_fixture(tests, open_golden, close_golden);
    tcase_add_loop_test(tests, layers_agree_with_pytorch, 0, (int)GNL_COUNT(layer_cases));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
