/* SPDX-License-Identifier: MIT */
/* Descriptions of data: kept by transforms, taken over by models, stored in files; classes found by their names. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "genlat/train.h"
#include "support/source_unit.h"

static const char *const animals[] = {"bird", "cat", "dog"};
static const char *const columns[] = {"width", "height"};

static genlat_description description(int64_t classes, const char *const *names)
{
    return (genlat_description){.size = sizeof(genlat_description),
                                .classes = classes,
                                .columns = 2,
                                .rate = 8000,
                                .class_names = names,
                                .column_names = columns,
                                .content = GENLAT_CONTENT_TABLE};
}

static genlat_source *described(genlat_source *source, const genlat_description *d)
{
    genlat_source *out = NULL;
    ok(genlat_source_describe(source, d, &out));
    genlat_source_destroy(&source);
    return out;
}

/* Rows whose two elements are the position of their class in `all`, with these class names in byte order. */
static genlat_source *rows_of(int64_t n, const int *class, int64_t classes, const char *const *names,
                              const float *position)
{
    float x[64], y[32];
    genlat_source *source = NULL;
    for (int64_t i = 0; i < n; i++) {
        x[2 * i] = position[class[i]];
        x[2 * i + 1] = 1 - position[class[i]];
        y[i] = (float)class[i];
    }
    genlat_tensor *data = tensor(2, (int64_t[]){n, 2}, x), *labels = tensor(1, (int64_t[]){n}, y);
    ok(genlat_source_memory(ctx, data, labels, &source));
    genlat_tensor_destroy(&data);
    genlat_tensor_destroy(&labels);
    const genlat_description d = description(classes, names);
    return names ? described(source, &d) : source;
}

static genlat_description about(const genlat_source *source)
{
    genlat_description d = {.size = sizeof d};
    ok(genlat_source_description(source, &d));
    return d;
}

static void expect(genlat_status status, genlat_status wanted, const char *part)
{
    ck_assert_msg(status == wanted, "%s: %s", genlat_status_name(status), genlat_last_error());
    ck_assert_msg(strstr(genlat_last_error(), part) != NULL, "'%s' lacks '%s'", genlat_last_error(), part);
}

START_TEST(test_is_copied)
{
    char name[] = "bird";
    const char *names[] = {name, "cat", "dog"};
    const genlat_description d = description(3, names);
    genlat_source *source = described(memory_source(), &d);
    name[0] = 'B';
    const genlat_description got = about(source);
    ck_assert_int_eq(got.classes, 3);
    ck_assert_int_eq(got.columns, 2);
    ck_assert_int_eq(got.rate, 8000);
    ck_assert_int_eq(got.content, GENLAT_CONTENT_TABLE);
    ck_assert_str_eq(got.class_names[0], "bird");
    ck_assert_str_eq(got.class_names[2], "dog");
    ck_assert_str_eq(got.column_names[1], "height");
    genlat_source_destroy(&source);
    source = memory_source();
    ck_assert_int_eq(about(source).classes, 0);
    ck_assert_ptr_null(about(source).class_names);
    genlat_source_destroy(&source);
}
END_TEST

/* Names that cannot be used, and numbers that do not fit. */
START_TEST(test_bad_ones)
{
    static const char *const twice[] = {"cat", "dog", "cat"}, *const empty[] = {"cat", "", "dog"};
    static const char *const missing[] = {"cat", NULL, "dog"}, *const line[] = {"a", "b\nc", "d"};
    static const char *const latin[] = {"a", "caf\xe9", "d"}, *const longer[] = {"a", "\xc0\xaf", "d"};
    static const char *const half[] = {"a", "\xed\xa0\x80", "d"}, *const cut[] = {"a", "\xe2\x82", "d"};
    static const char *const *const bad[] = {twice, empty, missing, line, latin, longer, half, cut};
    genlat_source *source = memory_source(), *out = NULL;
    for (size_t i = 0; i < GNL_COUNT(bad); i++) {
        const genlat_description d = description(3, bad[i]);
        ck_assert_int_eq(genlat_source_describe(source, &d, &out), GENLAT_E_INVALID);
        ck_assert_ptr_null(out);
    }
    genlat_description d = description(2, animals);
    expect(genlat_source_describe(source, &d, &out), GENLAT_E_SHAPE, "2 class names, but 3 classes");
    d = description(3, animals);
    d.columns = 1;
    expect(genlat_source_describe(source, &d, &out), GENLAT_E_SHAPE, "1 column names, but a sample has 2");
    d = description(3, NULL);
    expect(genlat_source_describe(source, &d, &out), GENLAT_E_INVALID, "class_names is NULL");
    d = description(0, NULL);
    d.rate = 1000001;
    ck_assert_int_eq(genlat_source_describe(source, &d, &out), GENLAT_E_RANGE);
    d.rate = -1;
    ck_assert_int_eq(genlat_source_describe(source, &d, &out), GENLAT_E_RANGE);
    d.rate = 0;
    d.content = GENLAT_CONTENT_TABLE + 1;
    ck_assert_int_eq(genlat_source_describe(source, &d, &out), GENLAT_E_RANGE);
    d.content = 0;
    d.reserved = 1;
    ck_assert_int_eq(genlat_source_describe(source, &d, &out), GENLAT_E_UNSUPPORTED);
    static const char *const legal[] = {"caf\xc3\xa9", "\xe6\xbc\xa2", "\xf0\x9f\x90\xa6"};
    d = description(3, legal);
    ok(genlat_source_describe(source, &d, &out));
    genlat_source_destroy(&out);
    genlat_source_destroy(&source);
}
END_TEST

START_TEST(test_transforms_keep_what_holds)
{
    const genlat_description d = description(3, animals);
    genlat_source *source = transformed(described(memory_source(), &d), "limit", "2");
    source = transformed(source, "scale", "features");
    ck_assert_str_eq(about(source).class_names[1], "cat");
    ck_assert_str_eq(about(source).column_names[0], "width");
    source = transformed(source, "labels", "drop");
    ck_assert_int_eq(about(source).classes, 0);
    ck_assert_int_eq(about(source).columns, 2);
    genlat_source_destroy(&source);
    source = transformed(described(memory_source(), &d), "stack", "2");
    ck_assert_int_eq(about(source).classes, 0);
    ck_assert_int_eq(about(source).columns, 0);
    ck_assert_int_eq(about(source).rate, 8000);
    genlat_source_destroy(&source);
}
END_TEST

/* ---- models ---------------------------------------------------------------------------------- */

static const float train_position[] = {0, 0.5f, 1};
static const int train_class[] = {0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2};

static genlat_source *animal_source(void)
{
    return rows_of(12, train_class, 3, animals, train_position);
}

static genlat_model *classifier(genlat_source *source, int64_t epochs)
{
    genlat_model_builder *b = NULL;
    genlat_model *model = NULL;
    genlat_train_opts opts;
    genlat_train_opts_init(&opts);
    opts.epochs = epochs;
    opts.batch = 12;
    ok(genlat_model_builder_new(ctx, "predictor", &b));
    genlat_model_builder_set(b, "net", "dense units=16; tanh; dense units=3");
    genlat_model_builder_set(b, "optimizer", "adam lr=0.05");
    ok(genlat_model_build(&b, source, &model));
    ok(genlat_model_fit(model, source, NULL, &opts));
    return model;
}

static double accuracy(genlat_model *model, genlat_source *source)
{
    double terms[GENLAT_MAX_TERMS] = {0};
    ok(genlat_model_evaluate(model, source, 32, 1, terms));
    for (int32_t i = 0; genlat_model_term(model, i); i++)
        if (strcmp(genlat_model_term(model, i), "accuracy") == 0)
            return terms[i];
    ck_abort_msg("no accuracy");
    return 0;
}

/* A test set without the first class numbers its classes from 0 by itself. */
START_TEST(test_classes_by_name)
{
    static const char *const rest[] = {"cat", "dog"}, *const other[] = {"cat", "dog", "eel"};
    static const float position[] = {0.5f, 1, 0};
    static const int class[] = {0, 1, 1, 0};
    genlat_source *train = animal_source(), *test = rows_of(4, class, 2, rest, position), *numbered = NULL;
    genlat_model *model = classifier(train, 60);
    ck_assert_double_eq(accuracy(model, train), 1);
    ck_assert_double_eq(accuracy(model, test), 1);
    ok(genlat_model_number_classes(model, test, &numbered));
    ck_assert_int_eq(genlat_source_classes(numbered), 3);
    ck_assert_str_eq(about(numbered).class_names[0], "bird");
    genlat_tensor *x = NULL, *labels = NULL;
    ok(genlat_source_read(numbered, 0, 4, &x, &labels));
    static const float expected[] = {1, 2, 2, 1};
    ck_assert_mem_eq(genlat_tensor_const_data(labels), expected, sizeof expected);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
    genlat_source_destroy(&numbered);
    genlat_source_destroy(&test);
    static const int eel[] = {0, 1, 2};
    test = rows_of(3, eel, 3, other, position);
    double terms[GENLAT_MAX_TERMS];
    expect(genlat_model_evaluate(model, test, 32, 1, terms), GENLAT_E_NOT_FOUND,
           "the class 'eel' is not known; known: bird, cat, dog");
    expect(genlat_model_number_classes(model, test, &numbered), GENLAT_E_NOT_FOUND, "'eel'");
    ck_assert_ptr_null(numbered);
    expect(genlat_model_fit(model, train, test, NULL), GENLAT_E_NOT_FOUND, "validation data: the class 'eel'");
    genlat_source_destroy(&test);
    ok(genlat_model_number_classes(model, train, &numbered));
    ck_assert_ptr_eq(numbered, train);
    genlat_source_destroy(&numbered);
    genlat_model_destroy(&model);
    genlat_source_destroy(&train);
}
END_TEST

/* Classes without names are the numbers of the model's. Sources may lack the last ones. */
START_TEST(test_classes_by_number)
{
    static const char *const digits[] = {"1", "2"}, *const words[] = {"one", "two"};
    static const int class[] = {0, 1};
    static const float position[] = {0.5f, 1}, first[] = {0, 0.5f};
    genlat_source *train = rows_of(12, train_class, 0, NULL, train_position), *test = rows_of(2, class, 0, NULL, first);
    genlat_model *model = classifier(train, 60);
    int64_t number = -1;
    ck_assert_double_eq(accuracy(model, test), 1);
    genlat_source_destroy(&test);
    test = rows_of(2, class, 2, digits, position);
    ck_assert_double_eq(accuracy(model, test), 1);
    genlat_source_destroy(&test);
    test = rows_of(2, class, 2, words, position);
    double terms[GENLAT_MAX_TERMS];
    expect(genlat_model_evaluate(model, test, 32, 1, terms), GENLAT_E_NOT_FOUND,
           "the class 'one' is not known; the classes are the numbers 0 to 2");
    genlat_source_destroy(&test);
    static const int more[] = {0, 3};
    static const float many[] = {0, 0.2f, 0.4f, 0.6f};
    test = rows_of(2, more, 0, NULL, many);
    expect(genlat_model_evaluate(model, test, 32, 1, terms), GENLAT_E_SHAPE, "4 classes, at most 3 expected");
    genlat_source_destroy(&test);
    test = transformed(rows_of(2, class, 0, NULL, first), "labels", "drop");
    expect(genlat_model_evaluate(model, test, 32, 1, terms), GENLAT_E_SHAPE, "no classes, but the model predicts 3");
    ok(genlat_model_find_class(model, "2", &number));
    ck_assert_int_eq(number, 2);
    expect(genlat_model_find_class(model, "3", &number), GENLAT_E_NOT_FOUND, "'3'");
    expect(genlat_model_find_class(model, "-1", &number), GENLAT_E_NOT_FOUND, "'-1'");
    ck_assert_int_eq(number, 2);
    genlat_source_destroy(&test);
    genlat_model_destroy(&model);
    genlat_source_destroy(&train);
}
END_TEST

START_TEST(test_files_keep_it)
{
    char path[] = "description-XXXXXX";
    genlat_source *train = animal_source();
    genlat_model *model = classifier(train, 1), *loaded = NULL;
    const int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    close(file);
    ok(genlat_model_export(model, path));
    ok(genlat_model_load(ctx, path, &loaded));
    unlink(path);
    genlat_description d = {.size = sizeof d};
    ok(genlat_model_description(loaded, &d));
    ck_assert_int_eq(d.classes, 3);
    ck_assert_int_eq(d.columns, 2);
    ck_assert_int_eq(d.rate, 8000);
    ck_assert_int_eq(d.content, GENLAT_CONTENT_TABLE);
    for (int i = 0; i < 3; i++)
        ck_assert_str_eq(d.class_names[i], animals[i]);
    for (int i = 0; i < 2; i++)
        ck_assert_str_eq(d.column_names[i], columns[i]);
    int64_t number = 0;
    ok(genlat_model_find_class(loaded, "dog", &number));
    ck_assert_int_eq(number, 2);
    expect(genlat_model_find_class(loaded, "2", &number), GENLAT_E_NOT_FOUND, "known: bird, cat, dog");
    char text[8192];
    ok(genlat_model_describe(loaded, text, sizeof text));
    ck_assert_ptr_nonnull(strstr(text, "bird, cat, dog"));
    ok(genlat_model_set_description(loaded, NULL));
    ok(genlat_model_description(loaded, &d));
    ck_assert_int_eq(d.classes + d.columns + d.rate, 0);
    const genlat_description two = description(2, animals);
    expect(genlat_model_set_description(loaded, &two), GENLAT_E_SHAPE, "2 class names, but 3 classes");
    genlat_model_destroy(&loaded);
    genlat_model_destroy(&model);
    genlat_source_destroy(&train);
}
END_TEST

/* ---- condition=labels ------------------------------------------------------------------------ */

static genlat_status build_conditional(genlat_source *source, int64_t *classes, int64_t *vector)
{
    genlat_model_builder *b = NULL;
    genlat_model *model = NULL;
    ok(genlat_model_builder_new(ctx, "vae", &b));
    genlat_model_builder_set(b, "condition", "labels");
    genlat_status status = genlat_model_build(&b, source, &model);
    if (status == GENLAT_OK)
        ok(genlat_model_condition(model, classes, vector));
    genlat_model_destroy(&model);
    return status;
}

START_TEST(test_condition_of_labels)
{
    int64_t classes = 0, vector = 0;
    genlat_source *source = animal_source();
    ok(build_conditional(source, &classes, &vector));
    ck_assert_int_eq(classes, 3);
    source = transformed(source, "labels", "drop");
    expect(build_conditional(source, &classes, &vector), GENLAT_E_STATE, "the data have no labels");
    genlat_source_destroy(&source);
    source = synthetic("swissroll", 8, 1);
    ok(build_conditional(source, &classes, &vector));
    ck_assert_int_eq(classes, 0);
    ck_assert_int_eq(vector, 1);
    genlat_source_destroy(&source);
}
END_TEST

/* Joined sources have the content that all of them have. */
START_TEST(contents_of_joins_agree)
{
    static const float position[] = {0, 1, 2};
    genlat_description d = description(3, animals);
    genlat_source *a = rows_of(3, (int[]){0, 1, 2}, 3, animals, position), *b = NULL, *joined = NULL;
    d.content = _i ? GENLAT_CONTENT_ANY : GENLAT_CONTENT_TABLE;
    b = described(rows_of(3, (int[]){0, 1, 2}, 3, animals, position), &d);
    ok(genlat_source_join((genlat_source *[]){a, b}, 2, &joined));
    ck_assert_int_eq(about(joined).content, d.content);
    ck_assert_int_eq(about(joined).rate, 8000);
    genlat_source_destroy(&joined);
    genlat_source_destroy(&a);
    genlat_source_destroy(&b);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("description");
    TCase *tcase = tcase_create("description");
    tcase_add_checked_fixture(tcase, open_ctx, close_ctx);
    tcase_add_test(tcase, test_is_copied);
    tcase_add_test(tcase, test_bad_ones);
    tcase_add_test(tcase, test_transforms_keep_what_holds);
    tcase_add_test(tcase, test_classes_by_name);
    tcase_add_test(tcase, test_classes_by_number);
    tcase_add_test(tcase, test_files_keep_it);
    tcase_add_test(tcase, test_condition_of_labels);
    tcase_add_loop_test(tcase, contents_of_joins_agree, 0, 2);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
