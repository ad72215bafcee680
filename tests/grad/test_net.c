/* SPDX-License-Identifier: MIT */
/* Gradients of graphs in double: fan-out, shared weights, views, several inputs and outputs, tangents. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "net/exec_priv.h"

enum { ROWS = 3 };

static const struct net_case {
    const char *text, *outputs;
    int inputs;
} cases[] = {
    {"dense units=5 | relu | dense units=4", "", 1},
    {"dense units=5 name=a | relu name=b | dense units=5 from=b name=c | dense units=3 from=a", "", 1},
    {"dense units=7 name=a | dense units=7 name=b share=c from=a", NULL, 1}, /* refused: no such node */
    {"dense units=6 name=a | relu | dense units=6 share=d name=e", NULL, 1},
    {"dense units=6 name=a | dense units=6 name=b | relu | dense units=6 share=b name=c", "", 1},
    {"dense units=4 name=a | relu name=r | dense units=2 name=b from=r | dense units=3 name=c from=r", "b,c,r", 1},
    {"dense units=4 from=x0 name=a | dense units=4 from=x1 name=b | relu from=b | dense units=2 name=c", "a,c", 2},
    {"relu | relu | dense units=2 | relu | relu", "", 1},
    {"dense units=8 weight=spectral | tanh | reshape shape=2x4 | conv1d channels=3 kernel=2 weight=norm | "
     "silu | "
     "conv_transpose1d channels=4 kernel=2 weight=spectral",
     "", 1},
    {"dense units=6 weight=fixed_norm | tanh | dense units=3 weight=norm name=c | logsumexp name=v", "v,c", 1},
    {"dense units=6 weight=norm name=a | tanh | dense units=6 weight=norm share=a", "", 1},
};

static genlat_ctx *ctx;

static genlat_net *build(const struct net_case *now, genlat_status *status)
{
    genlat_net_builder *b = NULL;
    genlat_net *net = NULL;
    static const int64_t wide[] = {6}, narrow[] = {3};
    ck_assert_int_eq(genlat_net_builder_new(ctx, &b), GENLAT_OK);
    genlat_net_builder_input(b, "x0", 1, wide);
    if (now->inputs > 1)
        genlat_net_builder_input(b, "x1", 1, narrow);
    genlat_net_builder_text(b, now->text);
    if (now->outputs && *now->outputs)
        genlat_net_builder_output(b, now->outputs);
    *status = genlat_net_build(&b, &net);
    ck_assert_ptr_null(b);
    return net;
}

static genlat_tensor *random_input(int64_t features, uint64_t seed)
{
    genlat_tensor *x = NULL;
    gnl_rng rng = gnl_rng_make(seed, GNL_STREAM_USER, 7);
    ck_assert_int_eq(genlat_tensor_new(ctx, 2, (int64_t[]){ROWS, features}, &x), GENLAT_OK);
    gnl_rng_fill_normal(&rng, x->data, ROWS * features);
    return x;
}

START_TEST(graph_gradients_match_differences)
{
    const struct net_case *now = &cases[_i];
    genlat_status status;
    genlat_net *net = build(now, &status);
    if (!now->outputs) {
        ck_assert_int_eq(status, GENLAT_E_NOT_FOUND);
        ck_assert_ptr_null(net);
        return;
    }
    ck_assert_msg(status == GENLAT_OK, "%s", genlat_last_error());
    genlat_tensor *x[] = {random_input(6, 1), random_input(3, 2)};
    genlat_check_result result = {.size = sizeof result};
    ck_assert_int_eq(genlat_net_check(net, now->inputs, (const genlat_tensor *const *)x, 1000, 3, &result), GENLAT_OK);
    ck_assert_msg(result.worst < 1e-7, "%s: error %g at %s", now->text, result.worst, result.where);
    ck_assert_int_gt(result.checked, genlat_net_size(net));
    genlat_tensor_destroy(&x[0]);
    genlat_tensor_destroy(&x[1]);
    genlat_net_destroy(&net);
}
END_TEST

/* s(theta, x) = <r, J(x) v>, to compare gradients by reverse mode over tangents with differences of s. */
static double directional(genlat_exec *exec, const gnl_real *x, const gnl_real *v, const gnl_real *r, int64_t n)
{
    gnl_exec_forward(exec, GNL_TRAIN, ROWS, &x);
    memcpy(gnl_exec_input_tangent(exec, 0), v, ROWS * 6 * sizeof *v);
    gnl_exec_jvp(exec);
    return exec->compute.k->dot(n, gnl_exec_output_tangent(exec, 0), r);
}

static const char *const dual_nets[] = {
    "dense units=5 | tanh | dense units=4 | silu | dense units=2",
    ("dense units=6 name=a | tanh name=b | dense units=6 name=c | tanh name=d | "
     "dense units=6 share=c from=b name=e | silu"),
    "dense units=6 | softplus | softmax | dense units=3 | sigmoid | dense units=2",
};

START_TEST(reverse_of_tangents_matches_differences)
{
    const gnl_shape shape = {1, {6}};
    const char *name = "x";
    genlat_net *net = NULL;
    genlat_exec *exec = NULL;
    genlat_status status = gnl_net_from_text(ctx, 1, &name, &shape, dual_nets[_i], &net);
    ck_assert_msg(status == GENLAT_OK, "%s", genlat_last_error());
    const genlat_exec_opts opts = GNL_EXEC_OPTS(.purpose = GENLAT_EXEC_PENALTY, .input_grads = 1);
    ck_assert_int_eq(gnl_net_compile(net, ROWS, &opts, &exec), GENLAT_OK);
    gnl_real x[ROWS * 6], v[ROWS * 6], r[ROWS * 8];
    gnl_rng rng = gnl_rng_make(5, GNL_STREAM_USER, 0);
    int64_t n = ROWS * gnl_shape_count(&net->node[net->output[0]].shape);
    gnl_rng_fill_normal(&rng, x, ROWS * 6);
    gnl_rng_fill_normal(&rng, v, ROWS * 6);
    gnl_rng_fill_normal(&rng, r, n);
    (void)directional(exec, x, v, r, n);
    memcpy(gnl_exec_output_tangent_grad(exec, 0), r, (size_t)n * sizeof *r);
    gnl_exec_backward_dual(exec, 0, 1, GNL_GRAD_WEIGHTS | GNL_GRAD_INPUTS);
    double apart = 0, size = 0;
    for (int64_t i = 0; i < net->values + ROWS * 12; i++) {
        gnl_real *at = i < net->values              ? &net->value[i]
                       : i - net->values < ROWS * 6 ? &x[i - net->values]
                                                    : &v[i - net->values - ROWS * 6];
        static gnl_real dx[ROWS * 6], dv[ROWS * 6];
        if (i == 0) {
            memcpy(dx, gnl_exec_input_grad(exec, 0), sizeof dx);
            memcpy(dv, gnl_exec_input_tangent_grad(exec, 0), sizeof dv);
        }
        double found = i < net->values              ? net->grad[i]
                       : i - net->values < ROWS * 6 ? dx[i - net->values]
                                                    : dv[i - net->values - ROWS * 6];
        gnl_real before = *at;
        *at = before + 1e-5;
        double high = directional(exec, x, v, r, n);
        *at = before - 1e-5;
        double low = directional(exec, x, v, r, n);
        *at = before;
        double expected = (high - low) / 2e-5;
        apart += (expected - found) * (expected - found);
        size += expected * expected;
    }
    ck_assert_double_gt(size, 0);
    ck_assert_msg(sqrt(apart / size) < 1e-6, "%s: error %g", dual_nets[_i], sqrt(apart / size));
    gnl_exec_release(exec);
    gnl_net_release(net);
}
END_TEST

/* This build fills unused memory with NaN, see net/poison_priv.h: the derivative of the output before the program
 * writes it and after it is read, and rows beyond those of the pass. */
START_TEST(unused_memory_is_nan)
{
    const gnl_shape shape = {1, {6}};
    const char *name = "x";
    genlat_net *net = NULL;
    genlat_exec *exec = NULL;
    gnl_real x[ROWS * 6] = {1, 2, 3};
    const gnl_real *in = x;
    const genlat_exec_opts opts = GNL_EXEC_OPTS(.purpose = GENLAT_EXEC_TRAINING, .input_grads = 1);
    ck_assert_int_eq(gnl_net_from_text(ctx, 1, &name, &shape, "dense units=5 | tanh | dense units=4", &net), GENLAT_OK);
    ck_assert_int_eq(gnl_net_compile(net, ROWS, &opts, &exec), GENLAT_OK);
    gnl_exec_forward(exec, GNL_TRAIN, ROWS - 1, &in);
    ck_assert(!isnan(gnl_exec_output(exec, 0)[0]));
    ck_assert(isnan(gnl_exec_output(exec, 0)[(ROWS - 1) * 4]));
    ck_assert(isnan(gnl_exec_output_grad(exec, 0)[0]));
    for (int i = 0; i < (ROWS - 1) * 4; i++)
        gnl_exec_output_grad(exec, 0)[i] = 1;
    gnl_exec_backward(exec, 1, GNL_GRAD_WEIGHTS | GNL_GRAD_INPUTS);
    ck_assert(!isnan(gnl_exec_input_grad(exec, 0)[0]));
    ck_assert(isnan(gnl_exec_output_grad(exec, 0)[0]));
    gnl_exec_release(exec);
    gnl_net_release(net);
}
END_TEST

/* ---- orthogonal regularization --------------------------------------------------------------- */

/* Sum over pairs of rows, computed number by number; axis is the dimension of the outputs. */
static double pairs_of_rows(const gnl_weight *w, const gnl_real *value)
{
    const int64_t n = w->param.shape.dim[w->param.axis], outer = w->param.axis ? w->param.shape.dim[0] : 1;
    const int64_t inner = w->count / (n * outer);
    double total = 0;
    for (int64_t r = 0; r < n; r++)
        for (int64_t q = 0; q < n; q++) {
            double product = 0;
            for (int64_t i = 0; i < outer * inner; i++)
                product +=
                    value[(i / inner * n + r) * inner + i % inner] * value[(i / inner * n + q) * inner + i % inner];
            total += r == q ? 0 : product * product / 2;
        }
    return total;
}

static const char ORTHOGONAL[] =
    "dense units=8 name=wide | reshape shape=2x4 | conv1d channels=3 kernel=2 name=conv | "
    "conv_transpose1d channels=4 kernel=2 name=back | flatten | dense units=3 bias=no name=tall";

START_TEST(orthogonal_regularization_matches_differences)
{
    const gnl_shape shape = {1, {6}};
    const char *name = "x";
    genlat_net *net = NULL;
    ck_assert_msg(gnl_net_from_text(ctx, 1, &name, &shape, ORTHOGONAL, &net) == GENLAT_OK, "%s", genlat_last_error());
    ck_assert_int_eq(gnl_net_want_grad(net), GENLAT_OK);
    gnl_compute compute = {ctx, gnl_kernels_of(ctx), gnl_alloc(ctx, gnl_gemm_space(ctx), sizeof(gnl_real))};
    gnl_real *space = gnl_alloc(ctx, (size_t)gnl_net_orthogonal_space(net), sizeof *space);
    ck_assert(compute.space && space);
    ck_assert_int_eq(gnl_net_orthogonal_space(net), 36); /* of `wide`, by its columns */
    double total = gnl_net_orthogonal(net, &compute, 0.3, space), expected = 0;
    for (int i = 0; i < net->weights; i++) {
        const gnl_weight *w = &net->weight[i];
        gnl_real *value = net->value + w->offset;
        bool matrix = w->param.shape.ndim > 1;
        expected += matrix ? pairs_of_rows(w, value) : 0;
        for (int64_t j = 0; j < w->count; j++) {
            gnl_real before = value[j];
            value[j] = before + 1e-5;
            double slope = matrix ? pairs_of_rows(w, value) : 0;
            value[j] = before - 1e-5;
            slope = 0.3 * (slope - (matrix ? pairs_of_rows(w, value) : 0)) / 2e-5;
            value[j] = before;
            ck_assert_double_eq_tol(net->grad[w->offset + j], slope, 1e-8);
        }
    }
    ck_assert_double_gt(total, 0);
    ck_assert_double_eq_tol(total, expected, 1e-12);
    gnl_free(ctx, compute.space);
    gnl_free(ctx, space);
    gnl_net_release(net);
}
END_TEST

static void open_ctx(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
}

static void close_ctx(void)
{
    genlat_ctx_destroy(&ctx);
}

int main(void)
{
    Suite *suite = suite_create("net gradients");
    TCase *tcase = tcase_create("net");
    tcase_add_checked_fixture(tcase, open_ctx, close_ctx);
    tcase_add_loop_test(tcase, graph_gradients_match_differences, 0, (int)GNL_COUNT(cases));
    tcase_add_loop_test(tcase, reverse_of_tangents_matches_differences, 0, (int)GNL_COUNT(dual_nets));
    tcase_add_test(tcase, orthogonal_regularization_matches_differences);
    tcase_add_test(tcase, unused_memory_is_nan);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
