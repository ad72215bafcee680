/* SPDX-License-Identifier: MIT */
/* The keys that files were read with: noted in descriptions, kept by transforms and models, used for other files. */
#include <stdio.h>
#include <string.h>

#include "genlat/genlat.h"
#include "support/files_rig.h"

static const char animals[] = "legs,kind,mass\n4,cat,4\n2,hen,2\n4,cat,5\n";
static const char others[] = "kind,mass,legs\nhen,3,2\n"; /* with the columns in another order */
static const char unlabelled[] = "legs,mass\n4,4\n";

static genlat_description about_of(const genlat_source *source)
{
    genlat_description about = {.size = sizeof about};
    ok(genlat_source_description(source, &about));
    return about;
}

static genlat_source *open_as(const char *spec, const char *keys)
{
    genlat_source *source = NULL;
    ok(genlat_files_open_as(ctx, spec, keys, &source));
    return source;
}

/* Opens a table with keys, and checks its number of classes and the keys of its description. */
static void check_open(const char *file, const char *query, const char *keys, int64_t classes, const char *expected)
{
    genlat_source *source = open_as(spec_of("csv", file, query), keys);
    const char *found = about_of(source).keys;
    ck_assert_int_eq(genlat_source_classes(source), classes);
    ck_assert_int_eq(found != NULL, expected != NULL);
    if (expected)
        ck_assert_str_eq(found, expected);
    genlat_source_destroy(&source);
}

START_TEST(descriptions_have_the_keys_that_state_how_files_are_read)
{
    put_file("a.csv", animals, sizeof animals - 1);
    check_open("a.csv", "?label=kind&limit=2&skip=1&seed=3&holdout=0.5&scale=unit", NULL, 2, "label=kind");
    check_open("a.csv", "?limit=3&label=2&separator=comma&labels=yes", NULL, 2, "label=2&separator=comma");
    genlat_source *scaled = open_source(spec_of("csv", "a.csv", "?label=kind&scale=features&binarize=threshold"));
    ck_assert_str_eq(about_of(scaled).keys, "label=kind&binarize=threshold");
    genlat_source_destroy(&scaled);
    put_file("b.csv", unlabelled, sizeof unlabelled - 1);
    check_open("b.csv", "", NULL, 0, NULL);
}
END_TEST

START_TEST(keys_are_taken_over_where_the_text_has_none)
{
    put_file("a.csv", animals, sizeof animals - 1);
    put_file("b.csv", unlabelled, sizeof unlabelled - 1);
    put_file("c.csv", others, sizeof others - 1);
    check_open("c.csv", "", "label=kind", 1, "label=kind");
    put_file("d.csv", "x,y\n1,2\n2,2\n", 12);
    check_open("d.csv", "?label=x", "label=y", 2, "label=x");
    check_open("b.csv", "?label=", "label=legs", 0, "label=");
    check_open("b.csv", "", "label=kind", 0, "label=kind"); /* the file has no such column */
    check_open("b.csv", "", "target=kind", 0, "target=kind");
    check_open("b.csv", "", "label=1", 0, NULL); /* a number says nothing of other columns */
    check_open("b.csv", "?target=mass", "label=legs", 0, "target=mass");
    check_open("b.csv", "", "size=4&limit=1&scale=unit&holdout=0.5&nothing=1", 0, NULL);
    genlat_source *all = open_as(spec_of("csv", "b.csv", ""), "limit=1&n=1&skip=1");
    ck_assert_int_eq(genlat_source_count(all), 1);
    genlat_source_destroy(&all);
}
END_TEST

START_TEST(targets_are_taken_over_together)
{
    put_file("a.csv", animals, sizeof animals - 1);
    put_file("b.csv", unlabelled, sizeof unlabelled - 1);
    genlat_source *source = open_as(spec_of("csv", "b.csv", ""), "target=mass,kind");
    ck_assert_int_eq(genlat_source_condition(source), 0);
    ck_assert_int_eq(genlat_source_dim(source, 0), 2);
    genlat_source_destroy(&source);
    source = open_as(spec_of("csv", "b.csv", ""), "target=mass");
    ck_assert_int_eq(genlat_source_condition(source), 1);
    genlat_source_destroy(&source);
}
END_TEST

START_TEST(values_that_change_samples_are_taken_over)
{
    put_file("b.csv", "0.2\n0.7\n", 8);
    genlat_source *source = open_as(spec_of("csv", "b.csv", ""), "binarize=threshold&threshold=0.1");
    genlat_tensor *x = NULL;
    ok(genlat_source_read(source, 0, 2, &x, NULL));
    ck_assert_float_eq(genlat_tensor_const_data(x)[0], 1);
    ck_assert_float_eq(genlat_tensor_const_data(x)[1], 1);
    genlat_tensor_destroy(&x);
    genlat_source_destroy(&source);
    char join[600];
    snprintf(join, sizeof join, "%s + csv:%s", spec_of("csv", "b.csv", ""), place("b.csv"));
    source = open_as(join, "binarize=threshold&threshold=0.1");
    ok(genlat_source_read(source, 3, 4, &x, NULL));
    ck_assert_float_eq(genlat_tensor_const_data(x)[0], 1);
    genlat_tensor_destroy(&x);
    genlat_source_destroy(&source);
}
END_TEST

START_TEST(validation_data_are_read_like_training_data)
{
    put_file("a.csv", animals, sizeof animals - 1);
    genlat_source *train = open_source(spec_of("csv", "a.csv", "?label=kind")), *valid = NULL, *joined = NULL;
    ok(genlat_files_open_like(ctx, spec_of("csv", "a.csv", "?skip=1"), train, &valid));
    ck_assert_int_eq(genlat_source_classes(valid), 2);
    genlat_source *const pair[] = {train, valid};
    ok(genlat_source_join(pair, 2, &joined));
    ck_assert_str_eq(about_of(joined).keys, "label=kind");
    genlat_source_destroy(&joined);
    genlat_source *other = open_source(spec_of("csv", "a.csv", "?label=kind&separator=comma"));
    genlat_source *const different[] = {train, other};
    ok(genlat_source_join(different, 2, &joined));
    ck_assert_ptr_null(about_of(joined).keys);
    genlat_source *all[] = {train, valid, joined, other};
    for (size_t i = 0; i < COUNT(all); i++)
        genlat_source_destroy(&all[i]);
}
END_TEST

START_TEST(models_keep_the_keys)
{
    put_file("a.csv", animals, sizeof animals - 1);
    genlat_source *train = open_source(spec_of("csv", "a.csv", "?label=kind"));
    genlat_model_builder *builder = NULL;
    genlat_model *model = NULL, *loaded = NULL;
    genlat_description about = {.size = sizeof about};
    ok(genlat_model_builder_new(ctx, "predictor", &builder));
    genlat_model_builder_set(builder, "net", "dense units=2");
    ok(genlat_model_build(&builder, train, &model));
    ok(genlat_model_save(model, place("m.safetensors")));
    ok(genlat_model_load(ctx, place("m.safetensors"), &loaded));
    ok(genlat_model_description(loaded, &about));
    ck_assert_str_eq(about.keys, "label=kind");
    genlat_model_destroy(&model);
    genlat_model_destroy(&loaded);
    genlat_source_destroy(&train);
}
END_TEST

START_TEST(labels_may_have_a_file_of_their_own)
{
    static const float numbers[] = {1, 2, 3, 4, 5, 6}, classes[] = {2, -1, 0}, real[] = {0.5, 1, 2};
    genlat_tensor *x = tensor(2, (const int64_t[]){3, 2}, numbers), *y = tensor(1, (const int64_t[]){3}, classes);
    genlat_tensor *labels = NULL, *bad = tensor(1, (const int64_t[]){3}, real), *again = NULL;
    char query[400];
    ok(genlat_npy_write(place("x.npy"), x));
    ok(genlat_npy_write(place("y.npy"), y));
    ok(genlat_npy_write(place("z.npy"), bad));
    snprintf(query, sizeof query, "?labels_file=%s&skip=1", place("y.npy"));
    genlat_source *source = open_source(spec_of("npy", "x.npy", query));
    ck_assert_int_eq(genlat_source_classes(source), 3);
    ck_assert_ptr_null(about_of(source).keys);
    ok(genlat_source_read(source, 0, 2, &again, &labels));
    ck_assert_mem_eq(genlat_tensor_const_data(again), numbers + 2, 4 * sizeof(float));
    ck_assert_mem_eq(genlat_tensor_const_data(labels), classes + 1, 2 * sizeof(float));
    genlat_source_destroy(&source);
    snprintf(query, sizeof query, "?labels_file=%s", place("x.npy")); /* vectors */
    source = open_source(spec_of("npy", "x.npy", query));
    ck_assert_int_eq(genlat_source_condition(source), 2);
    genlat_source_destroy(&source);
    put_file("a.csv", animals, sizeof animals - 1); /* other labels than those of the table */
    snprintf(query, sizeof query, "?label=kind&labels_file=%s", place("y.npy"));
    source = open_source(spec_of("csv", "a.csv", query));
    ck_assert_int_eq(genlat_source_classes(source), 3);
    ck_assert_ptr_null(about_of(source).class_names);
    genlat_source_destroy(&source);
    snprintf(query, sizeof query, "?labels_file=%s", place("z.npy"));
    refused(spec_of("npy", "x.npy", query), GENLAT_E_RANGE, "z.npy");
    snprintf(query, sizeof query, "?labels_file=%s", place("nothing.npy"));
    refused(spec_of("npy", "x.npy", query), GENLAT_E_IO, "nothing.npy");
    snprintf(query, sizeof query, "?labels_file=%s", place("a.csv"));
    refused(spec_of("npy", "x.npy", query), GENLAT_E_FORMAT, "a.csv");
    put_file("b.csv", unlabelled, sizeof unlabelled - 1);
    snprintf(query, sizeof query, "?labels_file=%s", place("y.npy"));
    refused(spec_of("csv", "b.csv", query), GENLAT_E_SHAPE, "[1] or [1,k]");
    genlat_tensor *all[] = {x, y, labels, bad, again};
    for (size_t i = 0; i < COUNT(all); i++)
        genlat_tensor_destroy(&all[i]);
}
END_TEST

START_TEST(malformed_keys_are_refused)
{
    char longest[1100];
    genlat_source *source = NULL;
    put_file("b.csv", unlabelled, sizeof unlabelled - 1);
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = 0;
    memcpy(longest, "label=", 6);
    const char *spec = spec_of("csv", "b.csv", "");
    ck_assert_int_eq(genlat_files_open_as(ctx, spec, longest, &source), GENLAT_E_FORMAT);
    ck_assert_int_eq(genlat_files_open_as(ctx, spec, "separator=none", &source), GENLAT_E_INVALID);
    ck_assert_int_eq(genlat_files_open_as(ctx, spec, "separator", &source), GENLAT_E_INVALID);
    ck_assert_ptr_null(source);
    source = open_source(spec);
    genlat_source *described = NULL;
    const genlat_description about = {.size = sizeof about, .keys = longest};
    ck_assert_int_eq(genlat_source_describe(source, &about, &described), GENLAT_E_RANGE);
    const genlat_description control = {.size = sizeof control, .keys = "a\nb"};
    ck_assert_int_eq(genlat_source_describe(source, &control, &described), GENLAT_E_INVALID);
    ck_assert_ptr_null(described);
    genlat_source_destroy(&source);
}
END_TEST

int main(void)
{
    static const TTest *const *const tests[] = {
        &descriptions_have_the_keys_that_state_how_files_are_read,
        &keys_are_taken_over_where_the_text_has_none,
        &targets_are_taken_over_together,
        &values_that_change_samples_are_taken_over,
        &validation_data_are_read_like_training_data,
        &models_keep_the_keys,
        &labels_may_have_a_file_of_their_own,
        &malformed_keys_are_refused,
    };
    return run_in_folders("files_keys", tests, COUNT(tests));
}
