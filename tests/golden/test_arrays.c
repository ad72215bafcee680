/* SPDX-License-Identifier: MIT */
/* Arrays that numpy wrote: every type of number, byte order, memory order and kind of archive that is read. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "data/arrays.h"
#include "support/files_rig.h"

static bool is_archive(const struct golden_array *a)
{
    return strcmp(a->name + strlen(a->name) - 4, ".npz") == 0;
}

static void check_values(const struct golden_array *a, const genlat_tensor *got)
{
    ck_assert_int_eq(genlat_tensor_ndim(got), a->ndim);
    for (int32_t i = 0; i < a->ndim; i++)
        ck_assert_msg(genlat_tensor_dim(got, i) == a->dims[i], "%s: dimension %d", a->name, (int)i);
    const float *value = genlat_tensor_const_data(got);
    for (int64_t i = 0; i < genlat_tensor_count(got); i++) {
        bool same = isnan(a->values[i]) ? isnan(value[i]) : value[i] == a->values[i];
        ck_assert_msg(same, "%s: value %d is %g, numpy has %g", a->name, (int)i, (double)value[i],
                      (double)a->values[i]);
    }
}

START_TEST(arrays_have_the_values_of_numpy)
{
    for (size_t i = 0; i < COUNT(golden_arrays); i++) {
        const struct golden_array *a = &golden_arrays[i];
        genlat_tensor *got = NULL;
        put_file("array", a->bytes, a->size);
        ok(is_archive(a) ? genlat_npz_read(ctx, place("array"), "x", &got)
                         : genlat_npy_read(ctx, place("array"), &got));
        check_values(a, got);
        genlat_tensor_destroy(&got);
    }
}
END_TEST

/* A source has the same values, in particular those of bytes, which it keeps as bytes. Numbers are samples of one
 * element. */
START_TEST(sources_have_the_values_of_numpy)
{
    for (size_t i = 0; i < COUNT(golden_arrays); i++) {
        struct golden_array a = golden_arrays[i];
        put_file("array", a.bytes, a.size);
        genlat_tensor *got = values(spec_of(is_archive(&a) ? "npz" : "npy", "array", "?raw=yes"), NULL);
        if (a.ndim == 1)
            a.dims[a.ndim++] = 1;
        check_values(&a, got);
        genlat_tensor_destroy(&got);
    }
}
END_TEST

START_TEST(truncated_arrays_are_refused)
{
    for (size_t i = 0; i < COUNT(golden_arrays); i++) {
        const struct golden_array *a = &golden_arrays[i];
        for (size_t cut = 0; cut < a->size; cut++) {
            genlat_tensor *got = NULL;
            put_file("array", a->bytes, cut);
            genlat_status status = is_archive(a) ? genlat_npz_read(ctx, place("array"), "x", &got)
                                                 : genlat_npy_read(ctx, place("array"), &got);
            ck_assert_msg(status == GENLAT_E_FORMAT, "%s cut at %zu: %s", a->name, cut, genlat_last_error());
            ck_assert_ptr_null(got);
        }
    }
}
END_TEST

static void put_golden(const char *name, const char *file)
{
    for (size_t i = 0; i < COUNT(golden_arrays); i++)
        if (strcmp(golden_arrays[i].name, name) == 0) {
            put_file(file, golden_arrays[i].bytes, golden_arrays[i].size);
            return;
        }
    ck_abort_msg("there is no %s", name);
}

START_TEST(fields_are_labels)
{
    static const char *const chosen[] = {"?label=kind", "?label=3", "?label=-4"};
    static const float kinds[] = {7, 8, 7}, rest[] = {2.5f, 3, 3, 4, -0.25f};
    static const char *const kinds_of_file[] = {"npy", "npz"}, *const files[] = {"records.npy", "records.npz"};
    static const char *const columns[] = {"x", "shape", "v", "v", "half's"};
    for (size_t f = 0; f < COUNT(files); f++) {
        put_golden(files[f], "a");
        for (size_t i = 0; i < COUNT(chosen); i++) {
            genlat_tensor *labels = NULL, *x = values(spec_of(kinds_of_file[f], "a", chosen[i]), &labels);
            ck_assert_int_eq(genlat_tensor_ndim(labels), 1);
            ck_assert_mem_eq(genlat_tensor_const_data(labels), kinds, sizeof kinds);
            ck_assert_int_eq(genlat_tensor_dim(x, 1), 5);
            ck_assert_mem_eq(genlat_tensor_const_data(x) + 5, rest, sizeof rest);
            genlat_tensor_destroy(&x);
            genlat_tensor_destroy(&labels);
            genlat_source *source = open_source(spec_of(kinds_of_file[f], "a", chosen[i]));
            genlat_description d = {.size = sizeof d};
            ok(genlat_source_description(source, &d));
            ck_assert_int_eq(d.columns, 5);
            ck_assert_int_eq(d.content, GENLAT_CONTENT_TABLE);
            for (int c = 0; c < 5; c++)
                ck_assert_str_eq(d.column_names[c], columns[c]);
            genlat_source_destroy(&source);
        }
        refused(spec_of(kinds_of_file[f], "a", "?label=colour"), GENLAT_E_NOT_FOUND, "x, shape, kind, v, v, half's");
        refused(spec_of(kinds_of_file[f], "a", "?label=7"), GENLAT_E_NOT_FOUND, "from 1 to 6");
        refused(spec_of(kinds_of_file[f], "a", "?label=v"), GENLAT_E_NOT_FOUND, "one value");
    }
    refused(spec_of("npz", "a", "?label=kind&labels_key=x"), GENLAT_E_INVALID, "both");
    put_golden("stored.npz", "a");
    refused(spec_of("npz", "a", "?label=kind"), GENLAT_E_NOT_FOUND, "labels_key=");
    put_golden("fortran_2_f4.npy", "a");
    refused(spec_of("npy", "a", "?label=1"), GENLAT_E_NOT_FOUND, "no named fields");
}
END_TEST

START_TEST(archives_have_labels)
{
    static const char *const names[] = {"stored.npz", "deflated.npz", "zip64.npz"};
    static const float classes[] = {2, 0, 1};
    for (size_t i = 0; i < COUNT(names); i++) {
        put_golden(names[i], "a");
        genlat_tensor *labels = NULL, *x = values(spec_of("npz", "a", ""), &labels);
        ck_assert_mem_eq(genlat_tensor_const_data(labels), classes, sizeof classes);
        genlat_tensor_destroy(&x);
        genlat_tensor_destroy(&labels);
    }
}
END_TEST

int main(void)
{
    static const TTest *const *const tests[] = {
        &arrays_have_the_values_of_numpy,
        &sources_have_the_values_of_numpy,
        &truncated_arrays_are_refused,
        &fields_are_labels,
        &archives_have_labels,
    };
    return run_in_folders("arrays", tests, COUNT(tests));
}
