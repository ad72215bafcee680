/* SPDX-License-Identifier: MIT */
/* Properties of layers beyond derivatives: statistics of noise and masks, running statistics, extreme and invalid
 * numbers, and errors of infer. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "grad/layer_cases.h"
#include "support/layer_rig.h"

static layer_rig rig;

static void open_rig(const char *spec, const char *shape, int64_t rows)
{
    gnl_shape in[GNL_MAX_INPUTS];
    int inputs = layer_rig_shapes(shape, 0, in);
    layer_rig_open(&rig, spec, inputs, in, rows, rows, 1);
    layer_rig_fill(&rig, 5, false);
}

static double mean_of(int64_t n, const gnl_real *x)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += (double)x[i];
    return sum / (double)n;
}

static double variance_of(int64_t n, const gnl_real *x)
{
    double mean = mean_of(n, x), sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += ((double)x[i] - mean) * ((double)x[i] - mean);
    return sum / (double)n;
}

/* ---- noise ------------------------------------------------------------------------------------------- */

START_TEST(dropout_keeps_the_mean)
{
    static const char *const specs[] = {"dropout p=0.2", "dropout p=0.5", "dropout p=0.9"};
    static const double drops[] = {0.2, 0.5, 0.9};
    open_rig(specs[_i], "1000", 40);
    layer_rig_set_all(rig.x_count[0], 1, rig.x[0]);
    layer_rig_forward(&rig);
    int64_t zeros = 0;
    for (int64_t i = 0; i < rig.y_count; i++) {
        zeros += rig.y[i] == 0;
        ck_assert(rig.y[i] == 0 || fabs((double)rig.y[i] - 1 / (1 - drops[_i])) < 1e-5);
    }
    ck_assert_double_eq_tol((double)zeros / (double)rig.y_count, drops[_i], 0.01);
    layer_rig_close(&rig);
}
END_TEST

START_TEST(dropout_at_zero_and_one)
{
    open_rig("dropout p=0", "50", 3);
    layer_rig_forward(&rig);
    ck_assert_mem_eq(rig.x[0], rig.y, (size_t)rig.y_count * sizeof *rig.y);
    layer_rig_close(&rig);
    open_rig("dropout p=1", "50", 3);
    layer_rig_forward(&rig);
    for (int64_t i = 0; i < rig.y_count; i++)
        ck_assert_float_eq(rig.y[i], 0);
    layer_rig_close(&rig);
}
END_TEST

START_TEST(noise_has_the_given_standard_deviation)
{
    open_rig("gaussian_noise sd=0.5", "1000", 40);
    layer_rig_set_all(rig.x_count[0], 3, rig.x[0]);
    layer_rig_forward(&rig);
    ck_assert_double_eq_tol(mean_of(rig.y_count, rig.y), 3, 0.02);
    ck_assert_double_eq_tol(sqrt(variance_of(rig.y_count, rig.y)), 0.5, 0.01);
    layer_rig_close(&rig);
}
END_TEST

START_TEST(noise_is_added_in_training_only)
{
    static const char *const specs[] = {"dropout p=0.5", "gaussian_noise sd=0.5"};
    open_rig(specs[_i], "100", 4);
    uint64_t before = rig.rng.counter;
    gnl_step s = rig.step;
    s.training = false;
    s.x[0] = rig.x[0];
    s.y = rig.y;
    rig.type->forward(&s);
    ck_assert_mem_eq(rig.x[0], rig.y, (size_t)rig.y_count * sizeof *rig.y);
    ck_assert_uint_eq(rig.rng.counter, before);
    layer_rig_close(&rig);
}
END_TEST

/* ---- normalisation ------------------------------------------------------------------------------------- */

START_TEST(batch_norm_uses_batch_statistics_in_training)
{
    enum { ROWS = 6, CHANNELS = 2, PLANE = 10 };
    open_rig("batch_norm momentum=0.25 affine=no", "2x10", ROWS);
    layer_rig_forward(&rig);
    for (int c = 0; c < CHANNELS; c++) {
        gnl_real x[ROWS * PLANE], y[ROWS * PLANE];
        for (int i = 0; i < ROWS * PLANE; i++) {
            int from = (i / PLANE * CHANNELS + c) * PLANE + i % PLANE;
            x[i] = rig.x[0][from];
            y[i] = rig.y[from];
        }
        double n = ROWS * PLANE, unbiased = variance_of(ROWS * PLANE, x) * n / (n - 1);
        ck_assert_double_eq_tol(mean_of(ROWS * PLANE, y), 0, 1e-6);
        ck_assert_double_eq_tol(variance_of(ROWS * PLANE, y), 1, 1e-4);
        ck_assert_double_eq_tol((double)rig.param[0][c],
                                0.75 * (double)rig.start[0][c] + 0.25 * mean_of(ROWS * PLANE, x), 1e-6);
        ck_assert_double_eq_tol((double)rig.param[1][c], 0.75 * (double)rig.start[1][c] + 0.25 * unbiased, 1e-6);
    }
    layer_rig_close(&rig);
}
END_TEST

START_TEST(batch_norm_evaluates_with_running_statistics)
{
    open_rig("batch_norm affine=no", "3", 4);
    rig.step.training = false;
    layer_rig_forward(&rig);
    for (int64_t i = 0; i < rig.y_count; i++) {
        double m = (double)rig.start[0][i % 3], v = (double)rig.start[1][i % 3];
        ck_assert_double_eq_tol((double)rig.y[i], ((double)rig.x[0][i] - m) / sqrt(v + 1e-5), 1e-5);
    }
    ck_assert_mem_eq(rig.param[0], rig.start[0], 3 * sizeof(gnl_real));
    ck_assert_mem_eq(rig.param[1], rig.start[1], 3 * sizeof(gnl_real));
    layer_rig_close(&rig);
}
END_TEST

/* Batch norm of one sample of a vector has variance 0: results stay finite, and running statistics stay as they are. */
START_TEST(batch_norm_accepts_one_sample)
{
    open_rig("batch_norm affine=no", "3", 1);
    layer_rig_forward(&rig);
    for (int64_t i = 0; i < rig.y_count; i++) {
        ck_assert_float_eq(rig.y[i], 0);
    }
    for (int k = 0; k < 2; k++)
        ck_assert_mem_eq(rig.param[k], rig.start[k], 3 * sizeof(gnl_real));
    layer_rig_close(&rig);
}
END_TEST

/* Far from zero, the mean of squares in float has no correct digits of the variance. */
START_TEST(norms_are_accurate_for_large_means)
{
    static const char *const specs[] = {"batch_norm affine=no", "layer_norm affine=no", "instance_norm"};
    open_rig(specs[_i], "1x512", 1);
    for (int64_t i = 0; i < rig.x_count[0]; i++)
        rig.x[0][i] = 8192 + (i % 2 ? 0.5f : -0.5f);
    layer_rig_forward(&rig);
    for (int64_t i = 0; i < rig.y_count; i++)
        ck_assert_double_eq_tol((double)rig.y[i], i % 2 ? 1 : -1, 1e-4);
    layer_rig_close(&rig);
}
END_TEST

/* ---- numbers at the edge --------------------------------------------------------------------- */

START_TEST(activations_are_finite_for_large_numbers)
{
    static const char *const specs[] = {"elu",     "selu",     "silu",       "gelu", "softplus", "tanh",
                                        "sigmoid", "hardtanh", "leaky_relu", "relu", "softmax",  "glu"};
    static const gnl_real x[] = {-1e4f, -100, -20, 0, 20, 100, 1e4f, 90};
    open_rig(specs[_i], "8", 1);
    memcpy(rig.x[0], x, sizeof x);
    layer_rig_forward(&rig);
    layer_rig_backward(&rig);
    for (int64_t i = 0; i < rig.y_count; i++)
        ck_assert_msg(isfinite(rig.y[i]), "%s: y[%d]", specs[_i], (int)i);
    for (int64_t i = 0; i < rig.x_count[0]; i++)
        ck_assert_msg(isfinite(rig.dx[0][i]), "%s: dx[%d]", specs[_i], (int)i);
    layer_rig_close(&rig);
}
END_TEST

START_TEST(softmax_sums_to_one_along_its_axis)
{
    open_rig("softmax axis=0", "4x3", 2);
    layer_rig_forward(&rig);
    for (int row = 0; row < 2; row++)
        for (int i = 0; i < 3; i++) {
            double sum = 0;
            for (int c = 0; c < 4; c++)
                sum += (double)rig.y[row * 12 + c * 3 + i];
            ck_assert_double_eq_tol(sum, 1, 1e-6);
        }
    layer_rig_close(&rig);
}
END_TEST

START_TEST(embedding_of_an_invalid_index_is_nan)
{
    static const gnl_real x[] = {0, -1, 4, 5, 1.5f, NAN, 1e30f, INFINITY};
    open_rig("embedding classes=5 units=2", "8", 1);
    memcpy(rig.x[0], x, sizeof x);
    layer_rig_set_all(rig.param_count[0], 0, rig.grad[0]);
    layer_rig_forward(&rig);
    layer_rig_backward(&rig);
    for (int i = 0; i < 8; i++) {
        bool legal = i == 0 || i == 2;
        for (int j = 0; j < 2; j++)
            if (legal)
                ck_assert_float_eq(rig.y[2 * i + j], rig.param[0][2 * (int)x[i] + j]);
            else
                ck_assert(isnan(rig.y[2 * i + j]));
        ck_assert_float_eq(rig.dx[0][i], 0);
    }
    for (int64_t i = 0; i < rig.param_count[0]; i++)
        ck_assert_float_eq(rig.grad[0][i], i < 2 ? rig.dy[i] : i >= 8 ? rig.dy[4 + i - 8] : 0);
    layer_rig_close(&rig);
}
END_TEST

START_TEST(maxout_computes_the_maximum)
{
    static const gnl_real x[] = {1, 5, 3, 3, -2, -1};
    open_rig("maxout pieces=2", "6", 1);
    memcpy(rig.x[0], x, sizeof x);
    layer_rig_forward(&rig);
    layer_rig_backward(&rig);
    ck_assert_float_eq(rig.y[0], 5);
    ck_assert_float_eq(rig.y[1], 3);
    ck_assert_float_eq(rig.y[2], -1);
    ck_assert_float_eq(rig.dx[0][2], rig.dy[1]);
    ck_assert_float_eq(rig.dx[0][3], 0);
    layer_rig_close(&rig);
}
END_TEST

/* ---- axes ------------------------------------------------------------------------------------ */

/* x is 0, 1, 2, ... in every case, and y has the shape and values that NumPy gives. */
static const struct {
    const char *spec, *shape, *out;
    int count;
    gnl_real y[12];
} on_ranges[] = {
    {"transpose", "2x3", "[3,2]", 6, {0, 3, 1, 4, 2, 5}},
    {"transpose axes=2,0,1", "2x3x2", "[2,2,3]", 12, {0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11}},
    {"transpose axes=-1,1,0", "2x1x3", "[3,1,2]", 6, {0, 3, 1, 4, 2, 5}},
    {"transpose", "2x2x2", "[2,2,2]", 8, {0, 2, 1, 3, 4, 6, 5, 7}},
    {"slice start=2", "5", "[3]", 3, {2, 3, 4}},
    {"slice start=-2", "5", "[2]", 2, {3, 4}},
    {"slice start=1 length=2", "5", "[2]", 2, {1, 2}},
    {"slice step=2", "5", "[3]", 3, {0, 2, 4}},
    {"slice start=1 step=3 length=2", "5", "[2]", 2, {1, 4}},
    {"slice axis=1 start=1 length=1", "2x3x2", "[2,1,2]", 4, {2, 3, 8, 9}},
    {"slice axis=-1 start=-3 step=2", "2x3", "[2,2]", 4, {0, 2, 3, 5}},
    {"sum", "2x3", "[1]", 1, {15}},
    {"sum keep=yes", "2x3", "[1,1]", 1, {15}},
    {"sum axes=0", "2x3", "[3]", 3, {3, 5, 7}},
    {"sum axes=1", "2x3", "[2]", 2, {3, 12}},
    {"sum axes=1 keep=yes", "2x3x2", "[2,1,2]", 4, {6, 9, 24, 27}},
    {"sum axes=2,0", "2x3x2", "[3]", 3, {14, 22, 30}},
    {"mean", "2x3", "[1]", 1, {2.5f}},
    {"mean axes=-2", "2x3", "[3]", 3, {1.5f, 2.5f, 3.5f}},
    {"mean axes=0,1", "2x3x2", "[2]", 2, {5, 6}},
};

START_TEST(layers_of_axes_compute_their_definition)
{
    char text[GNL_SHAPE_TEXT];
    open_rig(on_ranges[_i].spec, on_ranges[_i].shape, 1);
    for (int64_t i = 0; i < rig.x_count[0]; i++)
        rig.x[0][i] = (gnl_real)i;
    layer_rig_forward(&rig);
    ck_assert_str_eq(gnl_shape_format(&rig.plan.out, text), on_ranges[_i].out);
    ck_assert_int_eq(rig.y_count, on_ranges[_i].count);
    for (int i = 0; i < on_ranges[_i].count; i++)
        ck_assert_msg(rig.y[i] == on_ranges[_i].y[i], "%s: y[%d] is %g, expected %g", on_ranges[_i].spec, i,
                      (double)rig.y[i], (double)on_ranges[_i].y[i]);
    layer_rig_close(&rig);
}
END_TEST

/* The text of a layer gives the same layer again, and lists of axes are part of it. */
START_TEST(axes_are_kept_in_the_text)
{
    static const char *const specs[] = {"transpose axes=2,0,1", "sum axes=-1,0 keep=yes", "mean", "transpose"};
    genlat_ctx *ctx = NULL;
    genlat_layer *layer = NULL;
    char text[128];
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
    ck_assert_msg(gnl_layer_parse(ctx, specs[_i], &layer) == GENLAT_OK, "%s", genlat_last_error());
    ck_assert_int_eq(gnl_layer_format(layer, text, sizeof text), GENLAT_OK);
    ck_assert_str_eq(text, specs[_i]);
    gnl_layer_release(layer);
    genlat_ctx_destroy(&ctx);
}
END_TEST

/* In float, the sum of three million elements of 0.1 is wrong in the third digit. */
START_TEST(sums_of_many_elements_are_accurate)
{
    static const char *const specs[] = {"mean axes=0", "mean", "mean axes=0,2"};
    static const char *const shapes[] = {"1500000x2", "3000000", "1000000x1x3"};
    open_rig(specs[_i], shapes[_i], 1);
    layer_rig_set_all(rig.x_count[0], (gnl_real)0.1, rig.x[0]);
    layer_rig_forward(&rig);
    for (int64_t i = 0; i < rig.y_count; i++)
        ck_assert_double_eq_tol((double)rig.y[i], (double)(gnl_real)0.1, 1e-8);
    layer_rig_close(&rig);
}
END_TEST

/* ---- NaN ----------------------------------------------------------------------------------------------- */

static bool has_nan(int64_t n, const gnl_real *x)
{
    for (int64_t i = 0; i < n; i++)
        if (isnan(x[i]))
            return true;
    return false;
}

/* Whether y changes if x[at] is set to value. */
static bool changes_y(int input, int64_t at, gnl_real value)
{
    gnl_real kept = rig.x[input][at], *before = gnl_alloc(rig.ctx, (size_t)rig.y_count, sizeof *before);
    ck_assert_ptr_nonnull(before);
    memcpy(before, rig.y, (size_t)rig.y_count * sizeof *before);
    rig.x[input][at] = value;
    layer_rig_forward(&rig);
    bool changed = memcmp(before, rig.y, (size_t)rig.y_count * sizeof *before) != 0;
    rig.x[input][at] = kept;
    gnl_free(rig.ctx, before);
    return changed;
}

/* Checks for non-finite numbers read the end of a net: layers must not lose a NaN in their input. */
START_TEST(nan_is_propagated)
{
    const layer_case *c = &layer_cases[_i];
    open_rig(c->spec, c->shapes, 4);
    layer_rig_fill(&rig, 5, c->flags & CASE_INDEX);
    for (int i = 0; i < rig.inputs; i++)
        for (int64_t j = 0; j < rig.x_count[i]; j++) {
            layer_rig_forward(&rig);
            bool matters = changes_y(i, j, c->flags & CASE_INDEX ? rig.x[i][j] > 0 ? 0 : 1 : 50);
            changes_y(i, j, NAN);
            ck_assert_msg(!matters || has_nan(rig.y_count, rig.y), "%s on %s: NaN at %d of input %d is lost", c->spec,
                          c->shapes, (int)j, i);
        }
    layer_rig_close(&rig);
}
END_TEST

/* ---- threads ----------------------------------------------------------------------------------------- */

/* Large enough for many chunks of work. */
static const char *const large[][2] = {
    {"batch_norm", "24x40x40"},
    {"batch_norm", "9000"},
    {"layer_norm", "24x40x40"},
    {"layer_norm over=last", "90x300"},
    {"group_norm groups=4", "24x40x40"},
    {"instance_norm affine=yes", "24x40x40"},
    {"rms_norm", "9000"},
    {"softmax", "90x300"},
    {"softmax axis=0", "24x40x40"},
    {"glu", "24x40x40"},
    {"maxout", "24x40x40"},
    {"dropout", "24x40x40"},
    {"gaussian_noise", "24x40x40"},
    {"silu", "24x40x40"},
    {"scale factor=2", "24x40x40"},
    {"basis shape=300x90", "300"},
    {"constant shape=24x40x40", "3"},
    {"resample up=2", "24x20x20"},
    {"resample down=2", "24x40x40"},
    {"minibatch_std group=1", "24x40x40"},
    {"cond_batch_norm", "24x40x40,7"},
    {"transpose", "24x40x40"},
    {"transpose axes=2,0,1", "24x40x40"},
    {"sum axes=0", "24x40x40"},
    {"mean axes=-1", "24x40x40"},
    {"mean", "9000"},
};

static void run_all(layer_rig *r, const char *spec, const char *shape, int threads)
{
    gnl_shape in[GNL_MAX_INPUTS];
    int inputs = layer_rig_shapes(shape, 0, in);
    layer_rig_open(r, spec, inputs, in, 4, 4, threads);
    layer_rig_fill(r, 5, false);
    for (int i = 0; i < r->plan.params; i++)
        if (r->grad[i])
            layer_rig_set_all(r->param_count[i], 0, r->grad[i]);
    layer_rig_forward(r);
    if (layer_rig_has_jvp(r))
        layer_rig_jvp(r);
    layer_rig_backward(r);
    if (layer_rig_has_jvp(r))
        layer_rig_jvp_backward(r);
}

static void same(const char *spec, const char *what, int64_t n, const gnl_real *a, const gnl_real *b)
{
    ck_assert_msg(memcmp(a, b, (size_t)n * sizeof *a) == 0, "%s: %s differs with threads", spec, what);
}

START_TEST(bits_do_not_depend_on_threads)
{
    const char *spec = large[_i][0];
    layer_rig one, three;
    run_all(&one, spec, large[_i][1], 1);
    run_all(&three, spec, large[_i][1], 3);
    same(spec, "y", one.y_count, one.y, three.y);
    same(spec, "ty", one.y_count, one.ty, three.ty);
    same(spec, "dx", one.x_count[0], one.dx[0], three.dx[0]);
    same(spec, "dtx", one.x_count[0], one.dtx[0], three.dtx[0]);
    for (int i = 0; i < one.plan.params; i++) {
        same(spec, "a parameter", one.param_count[i], one.param[i], three.param[i]);
        if (one.grad[i])
            same(spec, "a gradient", one.param_count[i], one.grad[i], three.grad[i]);
    }
    layer_rig_close(&one);
    layer_rig_close(&three);
}
END_TEST

/* ---- refusals -------------------------------------------------------------------------------- */

static const struct {
    const char *spec;
    gnl_shape in;
    const char *word;
} refusals[] = {
    {"batch_norm", {0}, "scalar"},
    {"layer_norm", {0}, "scalar"},
    {"group_norm groups=3", {2, {4, 5}}, "groups=3"},
    {"instance_norm", {1, {4}}, "one element"},
    {"instance_norm", {3, {4, 1, 1}}, "one element"},
    {"layer_norm", {1, {1}}, "one element"},
    {"layer_norm over=last", {2, {4, 1}}, "one element"},
    {"rms_norm affine=no", {3, {1, 1, 1}}, "one element"},
    {"group_norm groups=4", {1, {4}}, "one element"},
    {"softmax axis=2", {2, {4, 5}}, "axis is 2"},
    {"softmax axis=-3", {2, {4, 5}}, "axis is -3"},
    {"softmax", {0}, "axis"},
    {"glu", {2, {3, 4}}, "even"},
    {"maxout pieces=3", {1, {4}}, "pieces=3"},
    {"embedding classes=2", {5, {1, 1, 1, 1, 1}}, "dimensions"},
    {"constant", {1, {4}}, "shape is not set"},
    {"basis shape=3x2x2", {1, {4}}, "expected [3]"},
    {"basis shape=4x2", {2, {4, 1}}, "expected [4]"},
    {"minibatch_std", {0}, "scalar"},
    {"resample up=2 down=2", {2, {1, 8}}, "up is 2 and down is 2"},
    {"resample down=3 filter=1x1", {2, {1, 8}}, "2 taps"},
    {"resample down=4", {3, {1, 8, 3}}, "empty"},
    {"resample", {1, {8}}, "channels"},
    {"lstm", {1, {8}}, "[steps,features]"},
    {"lstm", {2, {5, 0}}, "[steps,features]"},
    {"lstm units=1048576 out=last", {2, {INT64_C(1) << 53, 1}}, "too much memory"},
    {"masked", {0}, "scalar"},
    {"masked variables=3", {1, {4}}, "4 features, variables=3 expected"},
    {"masked place=last units=4", {1, {4}}, "set variables"},
    {"masked place=hidden units=4", {1, {4}}, "set variables"},
    {"masked place=last units=4 variables=3", {1, {4}}, "units is 4, a multiple of the 3 variables"},
    {"masked place=only units=4", {1, {3}}, "units is 4, a multiple of the 3 variables"},
    {"masked units=16777216", {1, {INT64_C(1) << 53}}, "fit into memory"},
    {"repeat", {6, {1, 1, 1, 1, 1, 1}}, "dimensions"},
    {"transpose", {1, {4}}, "at least 2 dimensions"},
    {"transpose axes=0,1", {3, {4, 5, 6}}, "axes has 2 entries, but input [4,5,6] has 3 dimensions"},
    {"transpose axes=0,2", {2, {4, 5}}, "axis is 2"},
    {"transpose axes=1,-1", {2, {4, 5}}, "axis 1 of input [4,5] twice"},
    {"slice axis=1", {1, {4}}, "axis is 1"},
    {"slice start=4", {1, {4}}, "start is 4, but axis 0 of input [4] has 4 elements"},
    {"slice start=-5", {1, {4}}, "start is -5"},
    {"slice start=1 length=4", {1, {4}}, "length is 4, but axis 0 of input [4] has 3 elements from start=1"},
    {"slice step=3 length=3", {1, {4}}, "length is 3"},
    {"sum", {0}, "scalar"},
    {"mean axes=1", {1, {4}}, "axis is 1"},
    {"sum axes=0,-2", {2, {4, 5}}, "axis 0 of input [4,5] twice"},
};

START_TEST(infer_refuses_invalid_shapes)
{
    genlat_ctx *ctx = NULL;
    genlat_layer *layer = NULL;
    gnl_layer_plan plan = {0};
    const gnl_layer_env env = {1, 1, true};
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
    ck_assert_msg(genlat_layer_new(ctx, refusals[_i].spec, &layer) == GENLAT_OK, "%s", genlat_last_error());
    ck_assert_int_eq(layer->type->infer(layer->opts, &env, 1, &refusals[_i].in, &plan), GENLAT_E_SHAPE);
    ck_assert_msg(strstr(genlat_last_error(), refusals[_i].word) != NULL, "'%s' is not in: %s", refusals[_i].word,
                  genlat_last_error());
    genlat_layer_destroy(&layer);
    genlat_ctx_destroy(&ctx);
}
END_TEST

static const char *const bad_specs[] = {
    "leaky_relu slope=-0.1", "elu alpha=-1",          "hardtanh bound=0",    "dropout p=1.1",   "dropout p=-0.1",
    "gaussian_noise sd=-1",  "batch_norm momentum=2", "group_norm groups=0", "maxout pieces=0", "embedding classes=0",
    "layer_norm epsilon=-1", "slice step=0",          "slice length=-1",     "sum axes=-7",     "transpose axes=0,7",
};

/* A number that marks the end of a list, a list without numbers, and a list with other separators. */
static const char *const bad_lists[] = {
    "reshape shape=64x0x7", "reshape shape=0",        "constant shape=x3",  "resample filter=1x0x1",
    "transpose axes=0,6",   "sum axes=0,,1",          "transpose axes=1x0", "mean axes=1,",
    "sum axes=6",           "sum axes=0,1,2,3,4,5,6",
};

START_TEST(malformed_lists_are_refused)
{
    genlat_ctx *ctx = NULL;
    genlat_layer *layer = NULL;
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
    ck_assert_msg(genlat_layer_new(ctx, bad_lists[_i], &layer) == GENLAT_E_INVALID, "%s is accepted", bad_lists[_i]);
    ck_assert_ptr_null(layer);
    ck_assert_msg(strstr(genlat_last_error(), "such as") != NULL, "%s", genlat_last_error());
    genlat_ctx_destroy(&ctx);
}
END_TEST

START_TEST(options_out_of_range_are_refused)
{
    genlat_ctx *ctx = NULL;
    genlat_layer *layer = NULL;
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
    ck_assert_int_eq(genlat_layer_new(ctx, bad_specs[_i], &layer), GENLAT_E_RANGE);
    ck_assert_ptr_null(layer);
    genlat_ctx_destroy(&ctx);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("layers");
    TCase *tests = tcase_create("details of layers");
    tcase_add_loop_test(tests, dropout_keeps_the_mean, 0, 3);
    tcase_add_test(tests, dropout_at_zero_and_one);
    tcase_add_test(tests, noise_has_the_given_standard_deviation);
    tcase_add_loop_test(tests, noise_is_added_in_training_only, 0, 2);
    tcase_add_test(tests, batch_norm_uses_batch_statistics_in_training);
    tcase_add_test(tests, batch_norm_evaluates_with_running_statistics);
    tcase_add_test(tests, batch_norm_accepts_one_sample);
    tcase_add_loop_test(tests, norms_are_accurate_for_large_means, 0, 3);
    tcase_add_loop_test(tests, activations_are_finite_for_large_numbers, 0, 12);
    tcase_add_test(tests, softmax_sums_to_one_along_its_axis);
    tcase_add_test(tests, embedding_of_an_invalid_index_is_nan);
    tcase_add_test(tests, maxout_computes_the_maximum);
    tcase_add_loop_test(tests, layers_of_axes_compute_their_definition, 0, (int)GNL_COUNT(on_ranges));
    tcase_add_loop_test(tests, axes_are_kept_in_the_text, 0, 4);
    tcase_add_loop_test(tests, sums_of_many_elements_are_accurate, 0, 3);
    tcase_add_loop_test(tests, nan_is_propagated, 0, (int)GNL_COUNT(layer_cases));
    tcase_add_loop_test(tests, bits_do_not_depend_on_threads, 0, (int)GNL_COUNT(large));
    tcase_add_loop_test(tests, infer_refuses_invalid_shapes, 0, (int)GNL_COUNT(refusals));
    tcase_add_loop_test(tests, malformed_lists_are_refused, 0, (int)GNL_COUNT(bad_lists));
    tcase_add_loop_test(tests, options_out_of_range_are_refused, 0, (int)GNL_COUNT(bad_specs));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
