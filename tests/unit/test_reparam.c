/* SPDX-License-Identifier: MIT */
/* Weights with spectral norm and weight norm: computed weights, when the power iteration runs, and what is saved. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "genlat/io.h"
#include "net/exec_priv.h"

enum { ROWS = 2, FEATURES = 4, UNITS = 3, COUNT = FEATURES * UNITS };

static genlat_ctx *ctx;
static atomic_llong allocations;

static void *count_alloc(void *user, size_t size, size_t alignment)
{
    (void)user;
    atomic_fetch_add(&allocations, 1);
    return aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

static void count_free(void *user, void *memory)
{
    (void)user;
    free(memory);
}

static void open_ctx(void)
{
    const genlat_allocator counting = {.size = sizeof counting, .alloc = count_alloc, .free = count_free};
    genlat_ctx_opts opts;
    genlat_ctx_opts_init(&opts);
    opts.allocator = &counting;
    ck_assert_int_eq(genlat_ctx_new(&opts, &ctx), GENLAT_OK);
}

static void close_ctx(void)
{
    genlat_ctx_destroy(&ctx);
}

static genlat_status try_net(const char *text, genlat_net **out)
{
    const char *name = "x";
    const gnl_shape shape = {1, {FEATURES}};
    *out = NULL;
    return gnl_net_from_text(ctx, 1, &name, &shape, text, out);
}

static genlat_net *make_net(const char *text)
{
    genlat_net *net = NULL;
    ck_assert_msg(try_net(text, &net) == GENLAT_OK, "%s", genlat_last_error());
    return net;
}

static genlat_exec *make_exec(genlat_net *net)
{
    genlat_exec *exec = NULL;
    const genlat_exec_opts opts = GNL_EXEC_OPTS(.purpose = GENLAT_EXEC_TRAINING, .input_grads = 1);
    ck_assert_int_eq(gnl_net_compile(net, ROWS, &opts, &exec), GENLAT_OK);
    return exec;
}

static gnl_real *numbers(genlat_net *net, const char *name)
{
    int index = gnl_net_find_weight(net, name);
    ck_assert_msg(index >= 0, "no %s", name);
    return gnl_net_weight_data(net, index);
}

static void run(genlat_exec *exec, bool training)
{
    static const gnl_real input[ROWS * FEATURES] = {1, 2, 3, 4, -1, 0.5, 0, 2};
    const gnl_real *x = input;
    gnl_exec_forward(exec, training, ROWS, &x);
}

/* After convergence of the power iteration, the largest singular value is 1. */
START_TEST(spectral_norm_divides_by_the_largest_singular_value)
{
    genlat_net *net = make_net("dense units=3 weight=spectral");
    genlat_exec *exec = make_exec(net);
    static const gnl_real diagonal[COUNT] = {0, 3, 0, 0, 0, 0, -5, 0, 1, 0, 0, 0};
    memcpy(numbers(net, "0.weight"), diagonal, sizeof diagonal);
    for (int i = 0; i < 100; i++)
        run(exec, true);
    for (int i = 0; i < COUNT; i++)
        ck_assert_double_eq_tol((double)exec->reparam[0].effective[i], (double)diagonal[i] / 5, 1e-5);
    gnl_exec_release(exec);
    gnl_net_release(net);
}
END_TEST

START_TEST(only_training_passes_iterate)
{
    genlat_net *net = make_net("dense units=3 weight=spectral");
    genlat_exec *exec = make_exec(net);
    gnl_real *u = numbers(net, "0.weight_u"), before[UNITS];
    numbers(net, "0.weight")[0] += 1;
    memcpy(before, u, sizeof before);
    run(exec, false);
    ck_assert_mem_eq(before, u, sizeof before);
    run(exec, true);
    ck_assert_mem_ne(before, u, sizeof before);
    gnl_exec_release(exec);
    gnl_net_release(net);
}
END_TEST

START_TEST(weight_norm_initially_equals_the_plain_weight)
{
    genlat_net *plain = make_net("dense units=3"), *net = make_net("dense units=3 weight=norm");
    genlat_exec *exec = make_exec(net);
    const gnl_real *w = numbers(plain, "0.weight");
    gnl_real *g = numbers(net, "0.weight_g");
    ck_assert_int_eq(gnl_net_size(net), gnl_net_size(plain) + UNITS);
    run(exec, true);
    for (int i = 0; i < COUNT; i++)
        ck_assert_double_eq_tol((double)exec->reparam[0].effective[i], (double)w[i], 1e-6);
    g[1] *= 3;
    run(exec, false);
    for (int i = 0; i < COUNT; i++)
        ck_assert_double_eq_tol((double)exec->reparam[0].effective[i], (double)w[i] * (i / FEATURES == 1 ? 3 : 1),
                                1e-6);
    gnl_exec_release(exec);
    gnl_net_release(plain);
    gnl_net_release(net);
}
END_TEST

static void run_backward(genlat_exec *exec)
{
    for (int i = 0; i < ROWS * UNITS; i++)
        gnl_exec_output_grad(exec, 0)[i] = (gnl_real)(i - 2);
    gnl_exec_backward(exec, 1, GNL_GRAD_WEIGHTS);
}

/* ---- weights without a direction ------------------------------------------------------------- */

static void one_step(genlat_exec *exec)
{
    gnl_net_zero_grad(exec->net);
    run(exec, true);
    run_backward(exec);
}

static double largest_grad(const genlat_net *net)
{
    double most = 0;
    for (int64_t i = 0; i < net->values; i++)
        most = fmax(most, isfinite(net->grad[i]) ? fabs((double)net->grad[i]) : HUGE_VAL);
    return most;
}

/* A row of zeros does not affect the other rows. */
START_TEST(a_row_of_zeros_has_zero_gradient)
{
    genlat_net *net = make_net("dense units=3 weight=norm bias=no");
    genlat_exec *exec = make_exec(net);
    gnl_real before[COUNT + UNITS], *w = numbers(net, "0.weight");
    const int weight = gnl_net_find_weight(net, "0.weight"), g = gnl_net_find_weight(net, "0.weight_g");
    one_step(exec);
    memcpy(before, net->grad + net->weight[weight].offset, COUNT * sizeof *before);
    memcpy(before + COUNT, net->grad + net->weight[g].offset, UNITS * sizeof *before);
    memset(w + FEATURES, 0, FEATURES * sizeof *w);
    one_step(exec);
    for (int i = 0; i < COUNT + UNITS; i++) {
        const int row = i < COUNT ? i / FEATURES : i - COUNT;
        const int64_t at = i < COUNT ? net->weight[weight].offset + i : net->weight[g].offset + row;
        ck_assert_float_eq(net->grad[at], row == 1 ? 0 : before[i]);
    }
    for (int i = 0; i < FEATURES; i++)
        ck_assert_float_eq(exec->reparam[0].effective[FEATURES + i], 0);
    gnl_exec_release(exec);
    gnl_net_release(net);
}
END_TEST

/* Once the weight is not zero, the power iteration converges. Numbers that are almost zero have no direction either:
 * divided by their norm, they would be as large as others. */
START_TEST(a_weight_of_zeros_has_no_spectral_norm)
{
    static const gnl_real zeros[] = {0, 1e-30F, -1e-20F, 1e-14F};
    genlat_net *net = make_net("dense units=3 weight=spectral");
    genlat_exec *exec = make_exec(net);
    gnl_real *w = numbers(net, "0.weight");
    static const gnl_real other[COUNT] = {0, 3, 0, 0, 0, 0, -5, 0, 1, 0, 0, 0};
    for (size_t z = 0; z < GNL_COUNT(zeros); z++) {
        for (int i = 0; i < COUNT; i++)
            w[i] = zeros[z];
        for (int i = 0; i < 3; i++)
            one_step(exec);
        for (int i = 0; i < COUNT; i++)
            ck_assert_float_eq(exec->reparam[0].effective[i], 0);
        ck_assert_double_lt(largest_grad(net), 10); /* of the bias */
    }
    memcpy(w, other, sizeof other);
    for (int i = 0; i < 100; i++)
        one_step(exec);
    ck_assert_double_eq_tol(exec->reparam[0].sigma, 5, 1e-5);
    ck_assert_double_lt(largest_grad(net), 10);
    gnl_exec_release(exec);
    gnl_net_release(net);
}
END_TEST

/* A pass of another exec updates the vectors in the net, not those needed by the backward pass of this exec. */
START_TEST(execs_do_not_affect_each_other)
{
    genlat_net *net = make_net("dense units=3 weight=spectral");
    genlat_exec *one = make_exec(net), *two = make_exec(net);
    gnl_real alone[COUNT], *grad = net->grad + net->weight[0].offset;
    numbers(net, "0.weight")[0] += 1;
    run(one, true);
    run_backward(one);
    memcpy(alone, grad, sizeof alone);
    gnl_net_zero_grad(net);
    run(two, true);
    run_backward(one);
    ck_assert_mem_eq(alone, grad, sizeof alone);
    gnl_exec_release(one);
    gnl_exec_release(two);
    gnl_net_release(net);
}
END_TEST

START_TEST(frozen_weights_have_no_gradient)
{
    genlat_net *net = make_net("dense units=3 weight=norm");
    genlat_exec *exec = make_exec(net);
    int weight = gnl_net_find_weight(net, "0.weight"), length = gnl_net_find_weight(net, "0.weight_g");
    net->weight[weight].frozen = true;
    run(exec, true);
    run_backward(exec);
    for (int i = 0; i < COUNT; i++)
        ck_assert(net->grad[net->weight[weight].offset + i] == 0);
    ck_assert(net->grad[net->weight[length].offset] != 0);
    gnl_exec_release(exec);
    gnl_net_release(net);
}
END_TEST

START_TEST(vectors_are_saved_with_the_net)
{
    char path[] = "/tmp/genlat-reparam-XXXXXX";
    int fd = mkstemp(path);
    genlat_net *net = make_net("dense units=3 weight=spectral | dense units=2 weight=norm bias=no"), *loaded = NULL;
    ck_assert_int_ge(fd, 0);
    close(fd);
    ck_assert_int_eq(genlat_net_save(net, path), GENLAT_OK);
    ck_assert_msg(genlat_net_load(ctx, path, &loaded) == GENLAT_OK, "%s", genlat_last_error());
    ck_assert_int_eq(net->states, loaded->states);
    ck_assert_mem_eq(net->state, loaded->state, (size_t)net->states * sizeof *net->state);
    ck_assert_mem_eq(net->value, loaded->value, (size_t)net->values * sizeof *net->value);
    unlink(path);
    gnl_net_release(net);
    gnl_net_release(loaded);
}
END_TEST

START_TEST(embedding_tables_can_be_normalized)
{
    const char *name = "label";
    const gnl_shape shape = {1, {1}};
    const gnl_real labels[ROWS] = {2, 0}, *x = labels;
    genlat_net *net = NULL;
    ck_assert_int_eq(
        gnl_net_from_text(ctx, 1, &name, &shape, "embedding classes=3 units=4 weight=norm | flatten", &net), GENLAT_OK);
    genlat_exec *exec = make_exec(net);
    numbers(net, "0.weight_g")[2] *= 2;
    gnl_exec_forward(exec, GNL_TRAIN, ROWS, &x);
    for (int i = 0; i < FEATURES; i++) {
        const gnl_real *w = numbers(net, "0.weight"), *y = gnl_exec_output(exec, 0);
        ck_assert_double_eq_tol((double)y[i], 2 * (double)w[2 * FEATURES + i], 1e-6);
        ck_assert_double_eq_tol((double)y[FEATURES + i], (double)w[i], 1e-6);
    }
    gnl_exec_release(exec);
    gnl_net_release(net);
}
END_TEST

START_TEST(passes_allocate_nothing)
{
    genlat_net *net = make_net("dense units=5 weight=spectral | leaky_relu | dense units=1 weight=norm");
    genlat_exec *exec = NULL;
    const genlat_exec_opts opts = GNL_EXEC_OPTS(.purpose = GENLAT_EXEC_PENALTY, .input_grads = 1);
    const gnl_penalty penalty = {.kind = GNL_PENALTY_ZERO, .weight = 1};
    ck_assert_int_eq(gnl_net_compile(net, ROWS, &opts, &exec), GENLAT_OK);
    long long before = atomic_load(&allocations);
    for (int i = 0; i < 3; i++) {
        run(exec, true);
        ck_assert_double_gt(gnl_exec_penalty(exec, &penalty, NULL), 0);
    }
    ck_assert_int_eq(atomic_load(&allocations), before);
    gnl_exec_release(exec);
    gnl_net_release(net);
}
END_TEST

static const struct refusal {
    const char *text, *word;
} refusals[] = {
    {"dense units=3 weight=spectral init=constant gain=0", "zeros"},
    {"dense units=3 weight=norm init=normal gain=0", "zeros"},
    {"dense units=4 weight=spectral name=a | dense units=4 share=a", "other weights"},
    {"dense units=4 weight=spectra", "weight"},
};

START_TEST(unsupported_combinations_are_refused)
{
    genlat_net *net = NULL;
    ck_assert_int_ne(try_net(refusals[_i].text, &net), GENLAT_OK);
    ck_assert_ptr_null(net);
    ck_assert_msg(strstr(genlat_last_error(), refusals[_i].word) != NULL, "%s", genlat_last_error());
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("reparam");
    TCase *tests = tcase_create("weights");
    tcase_add_checked_fixture(tests, open_ctx, close_ctx);
    tcase_add_test(tests, spectral_norm_divides_by_the_largest_singular_value);
    tcase_add_test(tests, only_training_passes_iterate);
    tcase_add_test(tests, weight_norm_initially_equals_the_plain_weight);
    tcase_add_test(tests, a_row_of_zeros_has_zero_gradient);
    tcase_add_test(tests, a_weight_of_zeros_has_no_spectral_norm);
    tcase_add_test(tests, execs_do_not_affect_each_other);
    tcase_add_test(tests, frozen_weights_have_no_gradient);
    tcase_add_test(tests, vectors_are_saved_with_the_net);
    tcase_add_test(tests, embedding_tables_can_be_normalized);
    tcase_add_test(tests, passes_allocate_nothing);
    tcase_add_loop_test(tests, unsupported_combinations_are_refused, 0, (int)GNL_COUNT(refusals));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
