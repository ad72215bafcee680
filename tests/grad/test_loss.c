/* SPDX-License-Identifier: MIT */
/* Every likelihood against central differences in double. Every entry in the table of losses needs a case. */
#include <check.h>
#include <stdlib.h>
#include <tgmath.h>

#include "grad/loss_cases.h"
#include "loss/loss.h"
#include "support/slopes.h"

enum { ROWS = 5, MOST = 512, MOST_SCRATCH = 64 * MOST };

static genlat_ctx *ctx;
static gnl_rng rng;

static void set_up(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
    rng = gnl_rng_make(7, GNL_STREAM_USER, 0);
}

static void tear_down(void)
{
    genlat_ctx_destroy(&ctx);
}

static gnl_compute compute(void)
{
    return (gnl_compute){ctx, gnl_kernels_of(ctx), NULL};
}

/* ---- likelihoods ----------------------------------------------------------------------------- */

typedef struct loss_rig {
    genlat_loss *loss;
    gnl_loss_call call;
    gnl_real out[MOST], target[MOST], dout[MOST];
    double nll[ROWS], weight[ROWS];
    int64_t observed[ROWS];
    gnl_real scratch[MOST_SCRATCH];
} loss_rig;

static gnl_real level(void)
{
    double u = gnl_rng_unit(&rng);
    return (gnl_real)(u < 0.2 ? 0 : u > 0.8 ? 1 : floor(gnl_rng_unit(&rng) * 256) / 255);
}

static gnl_real datum(const loss_case *c)
{
    switch (c->data) {
    case DATA_UNIT:
        return (gnl_real)gnl_rng_unit(&rng);
    case DATA_BINARY:
        return gnl_rng_unit(&rng) < 0.5;
    case DATA_CLASS:
        return (gnl_real)gnl_rng_below(&rng, (uint64_t)c->parts);
    case DATA_LEVEL:
        return level();
    case DATA_SYMMETRIC:
        return 2 * level() - 1;
    default:
        return (gnl_real)gnl_rng_gauss(&rng);
    }
}

static void rig_open(loss_rig *r, const loss_case *c)
{
    ck_assert_msg(gnl_loss_parse(ctx, c->spec, &r->loss) == GENLAT_OK, "%s", genlat_last_error());
    int64_t parts = gnl_loss_parts(r->loss);
    ck_assert(parts == 0 || parts == c->parts);
    ck_assert_int_le(ROWS * c->parts * c->dims, MOST);
    gnl_rng_fill_normal(&rng, r->out, ROWS * c->parts * c->dims);
    for (int i = 0; i < ROWS * c->dims; i++)
        r->target[i] = datum(c);
    for (int i = 0; i < ROWS; i++)
        r->weight[i] = 0.5 + gnl_rng_unit(&rng);
    r->call = (gnl_loss_call){.compute = compute(),
                              .rows = ROWS,
                              .dims = c->dims,
                              .parts = c->parts,
                              .out = r->out,
                              .target = r->target,
                              .scale = 0.3,
                              .weight = r->weight,
                              .nll = r->nll,
                              .dout = r->dout,
                              .training = true};
}

static double loss_value(void *arg)
{
    loss_rig *r = arg;
    gnl_loss_call call = r->call;
    double total = 0;
    call.dout = NULL;
    gnl_loss_eval(r->loss, &call);
    for (int i = 0; i < ROWS; i++)
        total += call.scale * r->weight[i] * r->nll[i];
    return total;
}

START_TEST(likelihoods_have_correct_derivatives)
{
    const loss_case *c = &loss_cases[_i];
    loss_rig r = {0};
    rig_open(&r, c);
    gnl_loss_eval(r.loss, &r.call);
    expect_slope(c->spec, loss_value, &r, ROWS * c->parts * c->dims, r.out, r.dout);
    if (gnl_loss_trains(r.loss))
        expect_slope(c->spec, loss_value, &r, r.loss->values, r.loss->value, r.loss->grad);
    gnl_loss_release(r.loss);
}
END_TEST

/* The last row has no observed element. The value must equal that of the observed elements alone, whose outputs lie
 * together. */
START_TEST(missing_elements_have_no_part)
{
    const loss_case *c = &loss_cases[_i];
    loss_rig r = {0};
    rig_open(&r, c);
    ck_assert_uint_le(gnl_loss_scratch(ctx, c->parts, c->dims), MOST_SCRATCH);
    r.call.observed = r.observed;
    r.call.scratch = r.scratch;
    for (int i = 0; i < ROWS * c->dims; i++) {
        const bool missing = i / c->dims == ROWS - 1 || (i / c->dims > 0 && gnl_rng_unit(&rng) < 0.4);
        r.observed[i / c->dims] += !missing;
        r.target[i] = missing ? NAN : r.target[i];
    }
    gnl_loss_eval(r.loss, &r.call);
    ck_assert_double_eq(r.nll[ROWS - 1], 0);
    for (int j = 0; j < ROWS * c->parts * c->dims; j++) {
        const int row = j / (c->parts * c->dims), at = j % (c->parts * c->dims);
        const bool together = r.loss->type->together && r.loss->type->together(r.loss->opts);
        if (isnan(r.target[row * c->dims + (together ? at / c->parts : at % c->dims)]))
            ck_assert(r.dout[j] == 0);
    }
    expect_slope(c->spec, loss_value, &r, ROWS * c->parts * c->dims, r.out, r.dout);
    if (gnl_loss_trains(r.loss))
        expect_slope(c->spec, loss_value, &r, r.loss->values, r.loss->value, r.loss->grad);
    gnl_loss_release(r.loss);
}
END_TEST

/* In evaluation, an optimal standard deviation is the running one and does not depend on the outputs. */
START_TEST(running_scale_has_correct_derivatives)
{
    static const loss_case c = {"gaussian sd=optimal", 1, 6, DATA_NORMAL};
    loss_rig r = {0};
    rig_open(&r, &c);
    gnl_loss_eval(r.loss, &r.call);
    gnl_loss_release(r.loss);
    rig_open(&r, &c);
    r.loss->value[0] = (gnl_real)0.4;
    r.call.training = false;
    gnl_loss_eval(r.loss, &r.call);
    ck_assert_double_eq_tol((double)r.loss->value[0], 0.4, 1e-12);
    expect_slope(c.spec, loss_value, &r, ROWS * c.dims, r.out, r.dout);
    gnl_loss_release(r.loss);
}
END_TEST

START_TEST(every_loss_has_a_case)
{
    for (int i = 0; gnl_loss_types[i]; i++) {
        const char *name = gnl_loss_types[i]->name;
        bool found = false;
        for (size_t j = 0; j < GNL_COUNT(loss_cases); j++)
            found = found || strncmp(loss_cases[j].spec, name, strlen(name)) == 0;
        ck_assert_msg(found, "%s has no case", name);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("loss");
    TCase *tests = tcase_create("slopes");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, every_loss_has_a_case);
    tcase_add_loop_test(tests, likelihoods_have_correct_derivatives, 0, (int)GNL_COUNT(loss_cases));
    tcase_add_loop_test(tests, missing_elements_have_no_part, 0, (int)GNL_COUNT(loss_cases));
    tcase_add_test(tests, running_scale_has_correct_derivatives);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
