/* SPDX-License-Identifier: MIT */
/* Learning from few labels: labels that are missing, which samples keep theirs, how often they occur in a training, and
 * labels that a model infers. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "vae/semi_priv.h"
#include "genlat/genlat.h"

enum { COUNT = 200, CLASSES = 10 };

static genlat_ctx *ctx;
static genlat_source *digits;

static void ok(genlat_status status)
{
    ck_assert_msg(status == GENLAT_OK, "%s", genlat_last_error());
}

static void set_up(void)
{
    ok(genlat_ctx_new(NULL, &ctx));
    ok(genlat_source_synthetic(ctx, "digits", COUNT, 3, &digits));
}

static void tear_down(void)
{
    genlat_source_destroy(&digits);
    genlat_ctx_destroy(&ctx);
}

static genlat_status keep(int64_t labelled, int64_t seed, genlat_source **out)
{
    genlat_transform_opts o;
    genlat_transform_opts_init(&o);
    o.labelled = labelled;
    o.seed = seed;
    return genlat_source_transform(digits, &o, out);
}

static gnl_real *labels_of(const genlat_source *source)
{
    gnl_real *labels = NULL;
    ok(gnl_source_labels(source, &labels));
    return labels;
}

/* ---- sources ----------------------------------------------------------------------------------- */

START_TEST(classes_keep_equally_many_labels)
{
    genlat_source *few = NULL, *again = NULL, *other = NULL;
    int64_t kept[CLASSES] = {0};
    ok(keep(25, 1, &few));
    ok(keep(25, 1, &again));
    ok(keep(25, 2, &other));
    gnl_real *a = labels_of(few), *b = labels_of(again), *c = labels_of(other), *all = labels_of(digits);
    ck_assert_int_eq(genlat_source_classes(few), CLASSES);
    for (int i = 0; i < COUNT; i++) {
        ck_assert(a[i] == GNL_UNLABELLED || a[i] == all[i]);
        if (a[i] != GNL_UNLABELLED)
            kept[(int)a[i]]++;
    }
    for (int k = 0; k < CLASSES; k++)
        ck_assert_int_eq(kept[k], k < 5 ? 3 : 2);
    ck_assert_mem_eq(a, b, COUNT * sizeof *a);
    ck_assert(memcmp(a, c, COUNT * sizeof *a) != 0);
    gnl_real *arrays[] = {a, b, c, all};
    for (size_t i = 0; i < GNL_COUNT(arrays); i++)
        gnl_free(ctx, arrays[i]);
    genlat_source_destroy(&again);
    ck_assert_int_eq(keep(COUNT, 1, &again), GENLAT_E_RANGE); /* the classes are not equally frequent */
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "has only"));
    ck_assert_int_eq(keep(CLASSES - 1, 1, &again), GENLAT_E_RANGE);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "each of 10 classes"));
    genlat_source_destroy(&few);
    genlat_source_destroy(&other);
}
END_TEST

static genlat_status memory_of(const float *label, int64_t n, genlat_source **out)
{
    genlat_tensor *x = NULL, *labels = NULL;
    ok(genlat_tensor_new(ctx, 2, (int64_t[]){n, 2}, &x));
    ok(genlat_tensor_new(ctx, 1, &n, &labels));
    memcpy(genlat_tensor_data(labels), label, (size_t)n * sizeof *label);
    genlat_status status = genlat_source_memory(ctx, x, labels, out);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
    return status;
}

START_TEST(labels_of_minus_one_are_missing)
{
    genlat_source *source = NULL, *subset = NULL;
    ok(memory_of((const float[]){-1, 2, -1, 0}, 4, &source));
    ck_assert_int_eq(genlat_source_classes(source), 3);
    ok(genlat_source_subset(source, (const int64_t[]){2, 1}, 2, &subset));
    ck_assert(source->unlabelled && subset->unlabelled);
    genlat_source_destroy(&subset);
    genlat_source_destroy(&source);
    ck_assert_int_eq(memory_of((const float[]){-1, -1}, 2, &source), GENLAT_E_RANGE);
    ck_assert_int_eq(memory_of((const float[]){-2, 1}, 2, &source), GENLAT_E_RANGE);
    ck_assert_int_eq(memory_of((const float[]){-0.5f, 1}, 2, &source), GENLAT_E_RANGE);
    ok(memory_of((const float[]){0, 1}, 2, &source));
    ck_assert(!source->unlabelled);
    genlat_source_destroy(&source);
}
END_TEST

/* ---- models ------------------------------------------------------------------------------------ */

static genlat_model *make(const char *family, genlat_source *source)
{
    genlat_model_builder *b = NULL;
    genlat_model *model = NULL;
    ok(genlat_model_builder_new(ctx, family, &b));
    if (strcmp(family, "semi") == 0)
        genlat_model_builder_set(b, "architecture", "mlp widths=64");
    else if (strcmp(family, "predictor") != 0)
        genlat_model_builder_set(b, "condition", "labels");
    ok(genlat_model_build(&b, source, &model));
    return model;
}

/* Only models that infer labels may lack them. */
START_TEST(other_families_refuse_missing_labels)
{
    static const char *const families[] = {"vae", "gan", "predictor"};
    genlat_source *few = NULL;
    genlat_trainer *trainer = NULL;
    ok(keep(20, 1, &few));
    genlat_model *model = make(families[_i], few);
    ck_assert_int_eq(genlat_trainer_new(model, few, NULL, NULL, &trainer), GENLAT_E_RANGE);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "label -1"));
    genlat_model_destroy(&model);
    genlat_source_destroy(&few);
}
END_TEST

START_TEST(samples_with_labels_are_a_tenth_of_a_training)
{
    static const int kept[] = {10, 13}; /* each occurs twice: 20 of 210, 26 of 213 */
    genlat_source *few = NULL, *repeated = NULL, *whole = NULL;
    int64_t labelled = 0, others = 0;
    ok(keep(kept[_i], 1, &few));
    genlat_model *model = make("semi", few);
    ok(gnl_semi_training_source(model, few, &repeated));
    gnl_real *labels = labels_of(repeated);
    for (int64_t i = 0; i < genlat_source_count(repeated); i++)
        *(labels[i] == GNL_UNLABELLED ? &others : &labelled) += 1;
    gnl_free(ctx, labels);
    ck_assert_int_eq(others, COUNT - kept[_i]);
    ck_assert_int_eq(labelled, 2 * kept[_i]);
    ok(gnl_semi_training_source(model, digits, &whole));
    ck_assert_ptr_eq(whole, digits);
    gnl_source_release(whole);
    genlat_source_destroy(&repeated);
    genlat_source_destroy(&few);
    genlat_model_destroy(&model);
}
END_TEST

START_TEST(labels_must_be_classes)
{
    static const float wrong[] = {-2, CLASSES, 0.5f, NAN};
    genlat_model *model = make("semi", digits);
    genlat_tensor *x = NULL, *labels = NULL;
    double terms[GENLAT_MAX_TERMS];
    ok(genlat_source_read(digits, 0, 3, &x, &labels));
    for (size_t i = 0; i < GNL_COUNT(wrong); i++) {
        genlat_tensor_data(labels)[1] = wrong[i];
        ck_assert_int_eq(genlat_model_step(model, x, labels, terms), GENLAT_E_RANGE);
        ck_assert_ptr_nonnull(strstr(genlat_last_error(), "labels[1]"));
    }
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
    genlat_model_destroy(&model);
}
END_TEST

static void expect_equal(genlat_tensor **a, genlat_tensor **b)
{
    ck_assert_mem_eq(genlat_tensor_data(*a), genlat_tensor_data(*b), (size_t)genlat_tensor_count(*a) * sizeof(float));
    genlat_tensor_destroy(a);
    genlat_tensor_destroy(b);
}

/* Codes and reconstructions without labels are those with the most probable ones. */
START_TEST(missing_labels_are_inferred)
{
    genlat_model *model = make("semi", digits);
    genlat_tensor *x = NULL, *labels = NULL, *p = NULL, *a = NULL, *b = NULL;
    ok(genlat_source_read(digits, 0, 20, &x, &labels));
    ok(genlat_model_predict(model, x, &p));
    for (int i = 0; i < 20; i++) {
        const float *row = genlat_tensor_data(p) + (ptrdiff_t)i * CLASSES;
        int best = 0;
        for (int k = 1; k < CLASSES; k++)
            best = row[k] > row[best] ? k : best;
        genlat_tensor_data(labels)[i] = (float)best;
    }
    ok(genlat_model_encode(model, x, NULL, &a));
    ok(genlat_model_encode(model, x, labels, &b));
    expect_equal(&a, &b);
    ok(genlat_model_reconstruct(model, x, labels, &b));
    for (int i = 0; i < 20; i += 2)
        genlat_tensor_data(labels)[i] = GNL_UNLABELLED;
    ok(genlat_model_reconstruct(model, x, labels, &a));
    expect_equal(&a, &b);
    ck_assert_int_eq(genlat_model_decode(model, x, labels, &a), GENLAT_E_SHAPE);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
    genlat_tensor_destroy(&p);
    genlat_model_destroy(&model);
}
END_TEST

/* A batch without labels repeats the terms of labels of the last batch that had some, also after a file. */
START_TEST(terms_of_labels_last)
{
    genlat_model *model = make("semi", digits), *loaded = NULL;
    genlat_tensor *x = NULL, *labels = NULL;
    double terms[GENLAT_MAX_TERMS], again[GENLAT_MAX_TERMS];
    void *bytes = NULL;
    size_t size = 0;
    ok(genlat_source_read(digits, 0, 30, &x, &labels));
    ok(genlat_model_step(model, x, labels, terms));
    ck_assert_str_eq(genlat_model_term(model, 2), "label_loss");
    ck_assert_double_ne(terms[2], terms[3]);
    ok(genlat_model_save_memory(model, &bytes, &size));
    ok(genlat_model_load_memory(ctx, bytes, size, &loaded));
    genlat_ctx_free(ctx, bytes);
    genlat_model *const both[] = {model, loaded};
    for (int i = 0; i < 2; i++) {
        memset(again, 0, sizeof again);
        ok(genlat_model_step(both[i], x, NULL, again));
        ck_assert_double_eq(again[2], terms[2]);
        ck_assert_double_eq(again[3], terms[3]);
    }
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
    genlat_model_destroy(&loaded);
    genlat_model_destroy(&model);
}
END_TEST

/* Label loss and accuracy are means over the samples with labels. The bound does not depend on the batches. */
START_TEST(evaluations_are_means)
{
    genlat_source *few = NULL, *known = NULL;
    genlat_model *model = make("semi", digits);
    double all[GENLAT_MAX_TERMS], parts[GENLAT_MAX_TERMS], labelled[GENLAT_MAX_TERMS];
    int64_t index[COUNT], count = 0;
    ok(keep(20, 1, &few));
    gnl_real *labels = labels_of(few);
    for (int64_t i = 0; i < COUNT; i++)
        if (labels[i] != GNL_UNLABELLED)
            index[count++] = i;
    gnl_free(ctx, labels);
    ok(genlat_source_subset(few, index, count, &known));
    ok(genlat_model_evaluate(model, few, COUNT, 1, all));
    ok(genlat_model_evaluate(model, few, 20, 1, parts));
    ok(genlat_model_evaluate(model, known, COUNT, 1, labelled));
    ck_assert_double_eq_tol(parts[1], all[1], 1e-5 * all[1]);
    ck_assert_double_eq_tol(all[2], labelled[2], 1e-5);
    ck_assert_double_eq_tol(all[3], labelled[3], 1e-9);
    genlat_source_destroy(&known);
    genlat_source_destroy(&few);
    genlat_model_destroy(&model);
}
END_TEST

/* Of 40 labels among 200 digits, a short training learns most classes; the terms of the evaluation say so. */
START_TEST(few_labels_are_enough_to_learn)
{
    genlat_source *few = NULL, *none = NULL;
    genlat_train_opts opts;
    genlat_transform_opts drop;
    double terms[GENLAT_MAX_TERMS];
    ok(keep(40, 1, &few));
    genlat_model *model = make("semi", few);
    genlat_train_opts_init(&opts);
    opts.steps = 150;
    opts.batch = 50;
    ok(genlat_model_fit(model, few, NULL, &opts));
    ok(genlat_model_evaluate(model, digits, 64, 1, terms));
    ck_assert_str_eq(genlat_model_term(model, 3), "accuracy");
    ck_assert_msg(terms[3] > 0.6, "accuracy %g", terms[3]);
    ck_assert(isfinite(terms[0]) && terms[0] > terms[1]);
    genlat_transform_opts_init(&drop);
    drop.labels = GENLAT_LABELS_DROP;
    ok(genlat_source_transform(digits, &drop, &none));
    ok(genlat_model_evaluate(model, none, 64, 1, terms));
    ck_assert(isfinite(terms[1]) && isnan(terms[3]));
    genlat_source_destroy(&none);
    genlat_source_destroy(&few);
    genlat_model_destroy(&model);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("semi");
    TCase *tcase = tcase_create("semi");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, classes_keep_equally_many_labels);
    tcase_add_test(tcase, labels_of_minus_one_are_missing);
    tcase_add_loop_test(tcase, other_families_refuse_missing_labels, 0, 3);
    tcase_add_loop_test(tcase, samples_with_labels_are_a_tenth_of_a_training, 0, 2);
    tcase_add_test(tcase, labels_must_be_classes);
    tcase_add_test(tcase, missing_labels_are_inferred);
    tcase_add_test(tcase, terms_of_labels_last);
    tcase_add_test(tcase, evaluations_are_means);
    tcase_add_test(tcase, few_labels_are_enough_to_learn);
    tcase_set_timeout(tcase, 60);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
