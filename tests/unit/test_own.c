/* SPDX-License-Identifier: MIT */
/* A layer defined by the program: y = w x^2 with a weight per feature, written with public types only. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "layer/layer.h"
#include "genlat/experimental.h"
#include "genlat/net.h"

enum { FEATURES = 3, ROWS = 2, COUNT = ROWS * FEATURES };

static int freed;
static genlat_ctx *ctx;

static void set_up(void)
{
    freed = 0;
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
}

static void tear_down(void)
{
    genlat_ctx_destroy(&ctx);
}

/* ---- the layer ----------------------------------------------------------------------------------------- */

static genlat_status square_infer(void *user, genlat_layer_plan *plan)
{
    int32_t ndim;
    int64_t dims[GENLAT_MAX_DIMS];
    genlat_status status = genlat_layer_plan_input(plan, 0, &ndim, dims);
    if (!status)
        status = genlat_layer_plan_output(plan, ndim, dims);
    if (!status)
        status = genlat_layer_plan_param(plan, "weight", GENLAT_PARAM_DECAY, ndim, dims, "constant", 0.5);
    if (!status)
        status = genlat_layer_plan_memory(plan, dims[0], 0);
    return status;
}

static void square_forward(void *user, const genlat_layer_call *c)
{
    for (int64_t i = 0; i < c->rows * c->out_size; i++) {
        c->cache[i] = 2 * c->param[0][i % c->out_size] * c->x[0][i];
        c->y[i] = c->cache[i] * c->x[0][i] / 2;
    }
}

static void square_backward(void *user, const genlat_layer_call *c)
{
    for (int64_t i = 0; i < c->rows * c->out_size; i++) {
        if (c->dx[0])
            c->dx[0][i] = c->dy[i] * c->cache[i];
        if (c->grad[0])
            c->grad[0][i % c->out_size] += c->dy[i] * c->x[0][i] * c->x[0][i];
    }
}

static void square_jvp(void *user, const genlat_layer_call *c)
{
    for (int64_t i = 0; i < c->rows * c->out_size; i++)
        c->ty[i] = c->cache[i] * c->tx[0][i];
}

static void square_jvp_backward(void *user, const genlat_layer_call *c)
{
    for (int64_t i = 0; i < c->rows * c->out_size; i++) {
        float w = c->param[0][i % c->out_size];
        c->dtx[0][i] = c->cache[i] * c->dty[i];
        c->dx[0][i] += 2 * w * c->tx[0][i] * c->dty[i];
        c->grad[0][i % c->out_size] += 2 * c->x[0][i] * c->tx[0][i] * c->dty[i];
    }
}

static void count_free(void *user)
{
    freed++;
}

static genlat_layer_table square(void)
{
    return (genlat_layer_table){
        .size = sizeof(genlat_layer_table),
        .name = "square",
        .inputs = 1,
        .infer = square_infer,
        .forward = square_forward,
        .backward = square_backward,
        .jvp = square_jvp,
        .jvp_backward = square_jvp_backward,
        .free = count_free,
    };
}

/* genlat_net_build() calls infer. */
static genlat_status build(const genlat_layer_table *table, genlat_net **net)
{
    genlat_layer *layer = NULL;
    genlat_net_builder *b = NULL;
    ck_assert_msg(genlat_layer_new_own(ctx, table, &layer) == GENLAT_OK, "%s", genlat_last_error());
    ck_assert_int_eq(genlat_net_builder_new(ctx, &b), GENLAT_OK);
    genlat_net_builder_input(b, "x", 1, (int64_t[]){FEATURES});
    genlat_net_builder_layer(b, layer, "name=own");
    genlat_layer_destroy(&layer);
    return genlat_net_build(&b, net);
}

/* ---- use ------------------------------------------------------------------------------------- */

START_TEST(gradients_through_the_layer_are_correct)
{
    genlat_layer_table table = square();
    genlat_net *net = NULL;
    genlat_tensor *x = NULL;
    const float data[COUNT] = {0.5f, -1, 2, -0.25f, 1.5f, 1};
    genlat_check_result result = {.size = sizeof result};
    ck_assert_msg(build(&table, &net) == GENLAT_OK, "%s", genlat_last_error());
    ck_assert_int_eq(genlat_tensor_from(ctx, 2, (int64_t[]){ROWS, FEATURES}, data, &x), GENLAT_OK);
    ck_assert_int_eq(genlat_net_check(net, 1, (const genlat_tensor *[]){x}, 10, 1, &result), GENLAT_OK);
    ck_assert_double_le(result.worst, 1e-2);
    ck_assert_int_ge(result.checked, FEATURES);
    ck_assert_int_eq(freed, 0);
    genlat_tensor_destroy(&x);
    genlat_net_destroy(&net);
    ck_assert_int_eq(freed, 1);
}
END_TEST

START_TEST(tangents_use_its_functions)
{
    genlat_layer_table table = square();
    genlat_layer *layer = NULL;
    ck_assert_int_eq(genlat_layer_new_own(ctx, &table, &layer), GENLAT_OK);
    float x[COUNT] = {1, 2, 3, 4, 5, 6}, t[COUNT] = {1, 1, 1, 2, 2, 2}, u[COUNT] = {1, -1, 1, -1, 1, -1};
    float w[FEATURES] = {1, 2, 3}, dw[FEATURES] = {0}, y[COUNT], ty[COUNT], dx[COUNT] = {0}, dtx[COUNT], cache[COUNT];
    gnl_shape shape = {1, {FEATURES}};
    gnl_step s = {.opts = layer->opts,
                  .inputs = 1,
                  .in = {shape},
                  .out = shape,
                  .in_size = {FEATURES},
                  .out_size = FEATURES,
                  .rows = ROWS,
                  .param = {w},
                  .grad = {dw},
                  .x = {x},
                  .y = y,
                  .tx = {t},
                  .ty = ty,
                  .dx = {dx},
                  .dtx = {dtx},
                  .dty = u,
                  .cache = cache};
    layer->type->forward(&s);
    layer->type->jvp(&s);
    layer->type->jvp_backward(&s);
    for (int i = 0; i < COUNT; i++) {
        ck_assert_float_eq_tol(y[i], w[i % FEATURES] * x[i] * x[i], 1e-6);
        ck_assert_float_eq_tol(ty[i], 2 * w[i % FEATURES] * x[i] * t[i], 1e-6);
        ck_assert_float_eq_tol(dtx[i], 2 * w[i % FEATURES] * x[i] * u[i], 1e-6);
        ck_assert_float_eq_tol(dx[i], 2 * w[i % FEATURES] * t[i] * u[i], 1e-6);
    }
    ck_assert_float_eq_tol(dw[0], 2 * (1 - 4 * 2), 1e-6);
    genlat_layer_destroy(&layer);
}
END_TEST

START_TEST(a_net_lists_the_layer_by_name)
{
    genlat_layer_table table = square();
    genlat_layer *layer = NULL;
    char text[64], name[] = "square";
    table.name = name;
    ck_assert_int_eq(genlat_layer_new_own(ctx, &table, &layer), GENLAT_OK);
    name[0] = 'X';
    ck_assert_int_eq(genlat_layer_format(layer, text, sizeof text), GENLAT_OK);
    ck_assert_str_eq(text, "square");
    genlat_layer_destroy(&layer);
    ck_assert_int_eq(freed, 1);
}
END_TEST

/* ---- misuse ---------------------------------------------------------------------------------- */

static void check_refused(genlat_layer_table table, genlat_status expected, const char *word)
{
    genlat_layer *layer = (genlat_layer *)&table;
    ck_assert_int_eq(genlat_layer_new_own(ctx, &table, &layer), expected);
    ck_assert_ptr_null(layer);
    ck_assert_msg(strstr(genlat_last_error(), word) != NULL, "'%s' is not in: %s", word, genlat_last_error());
    ck_assert_int_eq(freed, 0);
}

START_TEST(bad_tables_are_refused)
{
    genlat_layer_table t = square();
    t.size = 0;
    check_refused(t, GENLAT_E_INVALID, "size");
    t.size = offsetof(genlat_layer_table, infer); /* of a program that does not know the functions */
    check_refused(t, GENLAT_E_INVALID, "infer");
    t.size = offsetof(genlat_layer_table, jvp_backward); /* of a program that does not know the last function */
    check_refused(t, GENLAT_E_INVALID, "jvp_backward");
    t = square();
    t.name = NULL;
    check_refused(t, GENLAT_E_INVALID, "name");
    t.name = "Two words";
    check_refused(t, GENLAT_E_INVALID, "Two words");
    t.name = "dense";
    check_refused(t, GENLAT_E_INVALID, "dense");
    t = square();
    t.infer = NULL;
    check_refused(t, GENLAT_E_INVALID, "infer");
    t = square();
    t.forward = NULL;
    check_refused(t, GENLAT_E_INVALID, "forward");
    t = square();
    t.backward = NULL;
    check_refused(t, GENLAT_E_INVALID, "backward");
    t = square();
    t.jvp = NULL;
    check_refused(t, GENLAT_E_INVALID, "jvp");
    t = square();
    t.inputs = 0;
    check_refused(t, GENLAT_E_RANGE, "inputs");
    t.inputs = GNL_MAX_INPUTS + 1;
    check_refused(t, GENLAT_E_RANGE, "inputs");
}
END_TEST

START_TEST(tables_with_unknown_functions_are_refused)
{
    struct {
        genlat_layer_table table;
        void *unknown;
    } newer = {.table = square()};
    genlat_layer *layer = NULL;
    newer.table.size = sizeof newer;
    ck_assert_int_eq(genlat_layer_new_own(ctx, &newer.table, &layer), GENLAT_OK);
    genlat_layer_destroy(&layer);
    newer.unknown = &newer;
    ck_assert_int_eq(genlat_layer_new_own(ctx, &newer.table, &layer), GENLAT_E_UNSUPPORTED);
    ck_assert_ptr_null(layer);
}
END_TEST

/* Members that an older program does not have count as NULL. */
START_TEST(tables_of_older_programs_are_accepted)
{
    genlat_layer_table table = square();
    genlat_layer *layer = NULL;
    table.size = offsetof(genlat_layer_table, free);
    ck_assert_int_eq(genlat_layer_new_own(ctx, &table, &layer), GENLAT_OK);
    genlat_layer_destroy(&layer);
    ck_assert_int_eq(freed, 0);
}
END_TEST

START_TEST(null_arguments_are_refused)
{
    genlat_layer_table table = square();
    genlat_layer *layer = NULL;
    int32_t ndim;
    int64_t dims[GENLAT_MAX_DIMS];
    ck_assert_int_eq(genlat_layer_new_own(NULL, &table, &layer), GENLAT_E_INVALID);
    ck_assert_int_eq(genlat_layer_new_own(ctx, NULL, &layer), GENLAT_E_INVALID);
    ck_assert_int_eq(genlat_layer_new_own(ctx, &table, NULL), GENLAT_E_INVALID);
    ck_assert_int_eq(genlat_layer_plan_input(NULL, 0, &ndim, dims), GENLAT_E_INVALID);
    ck_assert_int_eq(genlat_layer_plan_output(NULL, 0, dims), GENLAT_E_INVALID);
    ck_assert_int_eq(genlat_layer_plan_param(NULL, "w", 0, 0, dims, "normal", 1), GENLAT_E_INVALID);
    ck_assert_int_eq(genlat_layer_plan_memory(NULL, 0, 0), GENLAT_E_INVALID);
}
END_TEST

/* Allocates at most *user times. */
static void *limited(void *user, size_t bytes, size_t align)
{
    int *left = user;
    return (*left)-- > 0 ? aligned_alloc(align, (bytes + align - 1) / align * align) : NULL;
}

static void free_memory(void *user, void *memory)
{
    free(memory);
}

START_TEST(failed_allocations_do_not_free_the_user_data)
{
    int left = 64, refused = 0;
    genlat_allocator allocator = {sizeof allocator, &left, limited, free_memory};
    genlat_ctx_opts opts;
    genlat_ctx_opts_init(&opts);
    opts.allocator = &allocator;
    genlat_ctx *small = NULL;
    genlat_layer_table table = square();
    genlat_layer *layer = NULL;
    ck_assert_int_eq(genlat_ctx_new(&opts, &small), GENLAT_OK);
    for (;; refused++) {
        left = refused;
        genlat_status status = genlat_layer_new_own(small, &table, &layer);
        if (status == GENLAT_OK)
            break;
        ck_assert_int_eq(status, GENLAT_E_MEMORY);
        ck_assert_ptr_null(layer);
        ck_assert_int_eq(freed, 0);
    }
    ck_assert_int_ge(refused, 2);
    genlat_layer_destroy(&layer);
    ck_assert_int_eq(freed, 1);
    genlat_ctx_destroy(&small);
}
END_TEST

/* ---- errors of infer ------------------------------------------------------------------------- */

static genlat_status infer_nothing(void *user, genlat_layer_plan *plan)
{
    return GENLAT_OK;
}

static genlat_status infer_refuses(void *user, genlat_layer_plan *plan)
{
    return 7;
}

static genlat_status infer_bad_input(void *user, genlat_layer_plan *plan)
{
    int32_t ndim;
    int64_t dims[GENLAT_MAX_DIMS];
    return genlat_layer_plan_input(plan, 1, &ndim, dims);
}

static genlat_status infer_bad_output(void *user, genlat_layer_plan *plan)
{
    return genlat_layer_plan_output(plan, 2, (int64_t[]){3, 0});
}

static genlat_status infer_many_dims(void *user, genlat_layer_plan *plan)
{
    return genlat_layer_plan_output(plan, GENLAT_MAX_DIMS, (int64_t[]){1, 1, 1, 1, 1, 1});
}

static genlat_status infer_bad_name(void *user, genlat_layer_plan *plan)
{
    return genlat_layer_plan_param(plan, "a.b", 0, 1, (int64_t[]){1}, "normal", 1);
}

static genlat_status infer_bad_kind(void *user, genlat_layer_plan *plan)
{
    return genlat_layer_plan_param(plan, "w", 3, 1, (int64_t[]){1}, "normal", 1);
}

static genlat_status infer_bad_init(void *user, genlat_layer_plan *plan)
{
    return genlat_layer_plan_param(plan, "w", 0, 1, (int64_t[]){1}, "random", 1);
}

static genlat_status infer_many_params(void *user, genlat_layer_plan *plan)
{
    genlat_status status = GENLAT_OK;
    for (int i = 0; !status && i <= GNL_MAX_PARAMS; i++)
        status = genlat_layer_plan_param(plan, "w", 0, 1, (int64_t[]){1}, "normal", 1);
    return status;
}

static genlat_status infer_bad_memory(void *user, genlat_layer_plan *plan)
{
    return genlat_layer_plan_memory(plan, -1, 0);
}

START_TEST(errors_of_infer_reach_the_builder)
{
    static const struct {
        genlat_status (*infer)(void *user, genlat_layer_plan *plan);
        genlat_status status;
        const char *word;
    } cases[] = {
        {infer_nothing, GENLAT_E_CALLBACK, "output"},    {infer_refuses, GENLAT_E_CALLBACK, "7"},
        {infer_bad_input, GENLAT_E_RANGE, "input is 1"}, {infer_bad_output, GENLAT_E_SHAPE, "dimension 1 is 0"},
        {infer_many_dims, GENLAT_E_INVALID, "ndim"},     {infer_bad_name, GENLAT_E_INVALID, "a.b"},
        {infer_bad_kind, GENLAT_E_INVALID, "kind is 3"}, {infer_bad_init, GENLAT_E_NOT_FOUND, "random"},
        {infer_many_params, GENLAT_E_RANGE, "exceeds"},  {infer_bad_memory, GENLAT_E_RANGE, "cache"},
    };
    for (size_t i = 0; i < GNL_COUNT(cases); i++) {
        genlat_layer_table table = square();
        genlat_net *net = NULL;
        table.infer = cases[i].infer;
        freed = 0;
        ck_assert_int_eq(build(&table, &net), cases[i].status);
        ck_assert_ptr_null(net);
        ck_assert_msg(strstr(genlat_last_error(), cases[i].word) != NULL, "'%s' is not in: %s", cases[i].word,
                      genlat_last_error());
        ck_assert_int_eq(freed, 1);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("own");
    TCase *tests = tcase_create("own layers");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, gradients_through_the_layer_are_correct);
    tcase_add_test(tests, tangents_use_its_functions);
    tcase_add_test(tests, a_net_lists_the_layer_by_name);
    tcase_add_test(tests, bad_tables_are_refused);
    tcase_add_test(tests, tables_with_unknown_functions_are_refused);
    tcase_add_test(tests, tables_of_older_programs_are_accepted);
    tcase_add_test(tests, null_arguments_are_refused);
    tcase_add_test(tests, failed_allocations_do_not_free_the_user_data);
    tcase_add_test(tests, errors_of_infer_reach_the_builder);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
