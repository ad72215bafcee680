/* SPDX-License-Identifier: MIT */
/*
 * Every layer against central differences in double: backward of forward, jvp of forward, and jvp_backward of the
 * directional
 * derivative. The cases are generated from the table of layers.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <tgmath.h>

#include "grad/layer_cases.h"
#include "support/layer_rig.h"

enum { ROUNDS = 4, MOST = 1 << 14 };

static const double STEP = 1e-6, LIMIT = 1e-6, SMALL = 1e-2;

static char doing[512]; /* the current comparison, for messages */

static double dot(int64_t n, const gnl_real *a, const gnl_real *b)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

/* Largest error relative to the largest expected number. */
static void expect_close(const char *what, int64_t n, const gnl_real *found, const gnl_real *expected)
{
    double size = SMALL, worst = 0;
    int64_t where = 0;
    for (int64_t i = 0; i < n; i++) {
        double difference = fabs(found[i] - expected[i]);
        size = fmax(size, fabs(expected[i]));
        if (!(difference <= worst)) {
            worst = difference;
            where = i;
        }
    }
    if (!(worst <= LIMIT * size))
        ck_abort_msg("%s: %s[%lld] is %.12g, expected %.12g", doing, what, (long long)where, found[where],
                     expected[where]);
}

/* ---- the two scalar functions whose derivatives are compared --------------------------------- */

static double value_of_forward(layer_rig *r)
{
    layer_rig_forward(r);
    return dot(r->y_count, r->dy, r->y);
}

static double value_of_jvp(layer_rig *r)
{
    layer_rig_forward(r);
    layer_rig_jvp(r);
    return dot(r->y_count, r->dty, r->ty);
}

typedef double scalar_fn(layer_rig *r);

static void expect_slope(layer_rig *r, scalar_fn *f, const char *what, int64_t n, gnl_real *at, const gnl_real *claimed)
{
    static gnl_real slope[MOST];
    ck_assert_int_le(n, MOST);
    for (int64_t i = 0; i < n; i++) {
        gnl_real kept = at[i];
        at[i] = kept + STEP;
        double above = f(r);
        at[i] = kept - STEP;
        slope[i] = (above - f(r)) / (2 * STEP);
        at[i] = kept;
    }
    expect_close(what, n, claimed, slope);
}

/* Gradients are added to: they start at a known number, which is subtracted later. */
static void start_grads(layer_rig *r, gnl_real from)
{
    for (int i = 0; i < r->plan.params; i++)
        if (r->grad[i])
            layer_rig_set_all(r->param_count[i], from, r->grad[i]);
}

static void subtract_start(int64_t n, gnl_real from, gnl_real *out)
{
    for (int64_t i = 0; i < n; i++)
        out[i] -= from;
}

static void expect_param_slopes(layer_rig *r, scalar_fn *f, const char *order)
{
    for (int i = 0; i < r->plan.params; i++) {
        char what[64];
        snprintf(what, sizeof what, "%s by %s", order, r->plan.param[i].name);
        if (!r->grad[i])
            continue;
        subtract_start(r->param_count[i], 1, r->grad[i]);
        expect_slope(r, f, what, r->param_count[i], r->param[i], r->grad[i]);
    }
}

/* ---- the checks ------------------------------------------------------------------------------ */

static void check_backward(layer_rig *r, bool index)
{
    layer_rig_forward(r);
    start_grads(r, 1);
    layer_rig_backward(r);
    for (int i = 0; i < r->inputs && !index; i++)
        expect_slope(r, value_of_forward, "backward by x", r->x_count[i], r->x[i], r->dx[i]);
    expect_param_slopes(r, value_of_forward, "backward");
}

static void move_inputs(layer_rig *r, gnl_real by)
{
    for (int i = 0; i < r->inputs; i++)
        for (int64_t j = 0; j < r->x_count[i]; j++)
            r->x[i][j] += by * r->tx[i][j];
}

static void check_jvp(layer_rig *r)
{
    static gnl_real slope[MOST];
    ck_assert_int_le(r->y_count, MOST);
    layer_rig_forward(r);
    layer_rig_jvp(r);
    move_inputs(r, STEP);
    layer_rig_forward(r);
    memcpy(slope, r->y, (size_t)r->y_count * sizeof *slope);
    move_inputs(r, -2 * STEP);
    layer_rig_forward(r);
    move_inputs(r, STEP);
    for (int64_t i = 0; i < r->y_count; i++)
        slope[i] = (slope[i] - r->y[i]) / (2 * STEP);
    expect_close("jvp", r->y_count, r->ty, slope);
}

static void check_jvp_backward(layer_rig *r)
{
    layer_rig_forward(r);
    layer_rig_jvp(r);
    layer_rig_backward(r);
    start_grads(r, 1);
    for (int i = 0; i < r->inputs; i++)
        layer_rig_set_all(r->x_count[i], 1, r->dx[i]);
    layer_rig_jvp_backward(r);
    for (int i = 0; i < r->inputs; i++) {
        subtract_start(r->x_count[i], 1, r->dx[i]);
        expect_slope(r, value_of_jvp, "jvp_backward by tx", r->x_count[i], r->tx[i], r->dtx[i]);
        expect_slope(r, value_of_jvp, "jvp_backward by x", r->x_count[i], r->x[i], r->dx[i]);
    }
    expect_param_slopes(r, value_of_jvp, "jvp_backward");
}

/* Gradients that are not requested are not computed, and the others do not change. */
static void check_partial_requests(layer_rig *r)
{
    gnl_real *dx[GNL_MAX_INPUTS], *grad[GNL_MAX_PARAMS];
    layer_rig_forward(r);
    start_grads(r, 0);
    layer_rig_backward(r);
    for (int i = 0; i < r->inputs; i++) {
        gnl_step s = r->step;
        memcpy(s.param, r->param, sizeof s.param);
        memcpy(dx, r->dx, sizeof dx);
        memcpy(grad, r->grad, sizeof grad);
        memcpy(s.x, r->x, sizeof s.x);
        s.y = r->y;
        s.dy = r->dy;
        s.dx[i] = r->dtx[i];
        layer_rig_set_all(r->plan.scratch, NAN, s.scratch);
        r->type->backward(&s);
        expect_close("backward by this x alone", r->x_count[i], r->dtx[i], r->dx[i]);
    }
}

static void check_inplace(layer_rig *r)
{
    if (!(r->type->flags & GNL_LAYER_INPLACE))
        return;
    ck_assert_int_eq(r->x_count[0], r->y_count);
    layer_rig_forward(r);
    gnl_step s = r->step;
    gnl_rng begin = r->rng;
    memcpy(s.param, r->param, sizeof s.param);
    memcpy(r->ty, r->x[0], (size_t)r->y_count * sizeof *r->ty);
    memcpy(s.x, r->x, sizeof s.x);
    s.x[0] = s.y = r->ty;
    r->type->forward(&s);
    r->rng = begin;
    expect_close("forward in place", r->y_count, r->ty, r->y);
}

static void open_round(layer_rig *r, const layer_case *c, uint64_t round, int threads)
{
    gnl_shape in[GNL_MAX_INPUTS];
    int inputs = layer_rig_shapes(c->shapes, round + 1, in);
    int64_t rows = 1 + (int64_t)((round + 2) % 4);
    snprintf(doing, sizeof doing, "%s on %s, round %d", c->spec, c->shapes, (int)round);
    layer_rig_open(r, c->spec, inputs, in, rows, rows + (int64_t)round % 2, threads);
    layer_rig_fill(r, round + 7, c->flags & CASE_INDEX);
}

static bool depends_on_mode(const layer_rig *r)
{
    bool state = false;
    for (int i = 0; i < r->plan.params; i++)
        state = state || r->plan.param[i].state;
    return state || (r->type->flags & GNL_LAYER_RANDOM);
}

static void check_round(const layer_case *c, uint64_t round, bool training)
{
    layer_rig r;
    bool index = c->flags & CASE_INDEX;
    open_round(&r, c, round, 1 + (int)(round % 2));
    r.step.training = training;
    check_backward(&r, index);
    check_partial_requests(&r);
    check_inplace(&r);
    ck_assert_msg(layer_rig_has_jvp(&r) == !(c->flags & CASE_NO_TANGENT), "%s: has_jvp does not match CASE_NO_TANGENT",
                  doing);
    if (layer_rig_has_jvp(&r) && !index) {
        check_jvp(&r);
        check_jvp_backward(&r);
    }
    bool evaluate = training && depends_on_mode(&r);
    layer_rig_close(&r);
    if (evaluate)
        check_round(c, round, false);
}

START_TEST(derivatives_agree_with_central_differences)
{
    for (uint64_t round = 0; round < ROUNDS; round++)
        check_round(&layer_cases[_i], round, true);
}
END_TEST

START_TEST(results_do_not_depend_on_threads)
{
    layer_rig one, two;
    open_round(&one, &layer_cases[_i], 1, 1);
    open_round(&two, &layer_cases[_i], 1, 2);
    layer_rig *both[] = {&one, &two};
    for (int i = 0; i < 2; i++) {
        layer_rig_forward(both[i]);
        start_grads(both[i], 0);
        layer_rig_backward(both[i]);
    }
    expect_close("y of two threads", one.y_count, two.y, one.y);
    for (int i = 0; i < one.inputs && !(layer_cases[_i].flags & CASE_INDEX); i++)
        expect_close("dx of two threads", one.x_count[i], two.dx[i], one.dx[i]);
    for (int i = 0; i < one.plan.params; i++)
        if (one.grad[i])
            expect_close("gradient of two threads", one.param_count[i], two.grad[i], one.grad[i]);
    layer_rig_close(&one);
    layer_rig_close(&two);
}
END_TEST

static bool has_case(const char *kind)
{
    size_t length = strlen(kind);
    for (size_t i = 0; i < GNL_COUNT(layer_cases); i++)
        if (strncmp(layer_cases[i].spec, kind, length) == 0 && strchr(" ", layer_cases[i].spec[length]))
            return true;
    return false;
}

START_TEST(every_layer_has_a_case)
{
    for (int i = 0; gnl_layer_types[i]; i++)
        ck_assert_msg(has_case(gnl_layer_types[i]->name), "%s has no line in layer_cases.h", gnl_layer_types[i]->name);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("layers");
    TCase *tests = tcase_create("gradients");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, every_layer_has_a_case);
    tcase_add_loop_test(tests, derivatives_agree_with_central_differences, 0, (int)GNL_COUNT(layer_cases));
    tcase_add_loop_test(tests, results_do_not_depend_on_threads, 0, (int)GNL_COUNT(layer_cases));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
