/* SPDX-License-Identifier: MIT */
/* What data.h says of sources. */
#include "promises/rig.h"

#include <stdint.h>

static genlat_source *memory_source(genlat_tensor *x, genlat_tensor *labels)
{
    genlat_source *out = NULL;
    ok(genlat_source_memory(ctx, x, labels, &out));
    return out;
}

/* ---- sources of memory ------------------------------------------------------------------------ */

START_TEST(tensors_are_shared_and_kept)
{
    genlat_tensor *x = counting(2, (int64_t[]){4, 2}), *labels = counting(1, (int64_t[]){4}), *got = NULL, *of = NULL;
    float *numbers = genlat_tensor_data(x), *classes = genlat_tensor_data(labels);
    genlat_source *source = memory_source(x, labels);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
    numbers[2] = 77;
    classes[1] = 0;
    ok(genlat_source_read(source, 1, 2, &got, &of));
    ck_assert_float_eq(genlat_tensor_data(got)[0], 77);
    ck_assert_float_eq(genlat_tensor_data(of)[0], 0);
    ck_assert_int_eq(genlat_source_classes(source), 4); /* the largest class plus one */
    ck_assert_int_eq(genlat_source_condition(source), 0);
    ck_assert_int_eq(genlat_source_count(source), 4);
    ck_assert_int_eq(genlat_source_ndim(source), 1);
    genlat_tensor_destroy(&got);
    genlat_tensor_destroy(&of);
    genlat_source_destroy(&source);
    ck_assert_ptr_null(source);
}
END_TEST

START_TEST(labels_have_their_range)
{
    const float most = 16777215, more = 16777216;
    genlat_tensor *x = counting(2, (int64_t[]){1, 2}), *scalar = NULL, *none = NULL,
                  *cube = counting(3, (int64_t[]){1, 1, 1});
    genlat_tensor *good = vector_of(1, &most), *bad = vector_of(1, &more), *less = vector_of(1, (float[]){-1});
    genlat_tensor *lost = vector_of(1, (float[]){NAN}), *vectors = tensor_of(2, (int64_t[]){1, 2}, (float[]){-3, 0.5f});
    genlat_source *source = NULL;
    ok(genlat_tensor_new(ctx, 0, NULL, &scalar));
    ok(genlat_tensor_new(ctx, 2, (int64_t[]){0, 2}, &none));
    ok(genlat_source_memory(ctx, x, good, &source));
    ck_assert_int_eq(genlat_source_classes(source), (int64_t)most + 1);
    genlat_source_destroy(&source);
    REFUSED(GENLAT_E_RANGE, genlat_source_memory, ctx, x, bad, &source);
    REFUSED(GENLAT_E_RANGE, genlat_source_memory, ctx, x, less, &source);
    REFUSED(GENLAT_E_RANGE, genlat_source_memory, ctx, x, lost, &source);
    REFUSED(GENLAT_E_SHAPE, genlat_source_memory, ctx, x, cube, &source);
    REFUSED(GENLAT_E_SHAPE, genlat_source_memory, ctx, scalar, NULL, &source);
    REFUSED(GENLAT_E_SHAPE, genlat_source_memory, ctx, none, NULL, &source);
    ok(genlat_source_memory(ctx, x, vectors, &source));
    ck_assert_int_eq(genlat_source_condition(source), 2);
    ck_assert_int_eq(genlat_source_classes(source), 0);
    genlat_source_destroy(&source);
    genlat_tensor *all[] = {x, scalar, none, cube, good, bad, less, lost, vectors};
    for (size_t i = 0; i < COUNT(all); i++)
        genlat_tensor_destroy(&all[i]);
}
END_TEST

START_TEST(bytes_are_copied_and_scaled)
{
    uint8_t data[] = {0, 10, 20, 255};
    int64_t dims[] = {2, 2};
    genlat_tensor *labels = vector_of(2, (float[]){0, 4}), *x = NULL, *got = NULL;
    genlat_source *source = NULL;
    ok(genlat_source_bytes(ctx, 2, dims, data, 0.5, labels, &source));
    genlat_tensor_destroy(&labels);
    memset(data, 9, sizeof data);
    dims[0] = 7;
    ok(genlat_source_read(source, 0, 2, &x, &got));
    ck_assert_float_eq(genlat_tensor_data(x)[1], 5);
    ck_assert_float_eq(genlat_tensor_data(x)[3], 127.5f);
    ck_assert_float_eq(genlat_tensor_data(got)[1], 4);
    genlat_source_destroy(&source);
    dims[0] = 2;
    REFUSED(GENLAT_E_RANGE, genlat_source_bytes, ctx, 2, dims, data, -1, NULL, &source);
    REFUSED(GENLAT_E_RANGE, genlat_source_bytes, ctx, 2, dims, data, NAN, NULL, &source);
    REFUSED(GENLAT_E_RANGE, genlat_source_bytes, ctx, 2, dims, data, INFINITY, NULL, &source);
    REFUSED(GENLAT_E_INVALID, genlat_source_bytes, ctx, 0, dims, data, 1, NULL, &source);
    REFUSED(GENLAT_E_INVALID, genlat_source_bytes, ctx, GENLAT_MAX_DIMS + 1, dims, data, 1, NULL, &source);
    dims[1] = 0;
    REFUSED(GENLAT_E_SHAPE, genlat_source_bytes, ctx, 2, dims, data, 1, NULL, &source);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&got);
}
END_TEST

/* ---- sources of callbacks --------------------------------------------------------------------- */

static int freed, asked_labels, fail;

static int32_t fetch(void *user, const int64_t *indices, int64_t n, uint64_t draw, float *x, float *labels)
{
    asked_labels = labels != NULL;
    for (int64_t i = 0; i < n; i++) {
        x[i] = (float)indices[i] + 100 * (float)draw;
        if (labels)
            labels[i] = (float)(indices[i] % 2);
    }
    return fail;
}

static void count_free(void *user)
{
    ++*(int *)user;
}

static genlat_source_table table_of(void)
{
    genlat_source_table table = {.size = sizeof table, .user = &freed, .count = 6, .fetch = fetch, .free = count_free};
    memset(table.dims, 0xff, sizeof table.dims); /* those from ndim on are not read */
    table.classes = 2;
    return table;
}

START_TEST(callbacks_are_called_as_the_table_says)
{
    genlat_source_table table = table_of();
    genlat_source *source = NULL, *part = NULL;
    genlat_tensor *x = NULL, *labels = NULL;
    ok(genlat_source_callback(ctx, &table, &source));
    memset(&table, 0, sizeof table); /* it is copied */
    ck_assert_int_eq(genlat_source_ndim(source), 0);
    ck_assert_int_eq(genlat_source_classes(source), 2);
    ok(genlat_source_read(source, 2, 4, &x, NULL));
    ck_assert_int_eq(asked_labels, 0);
    ck_assert_float_eq(genlat_tensor_data(x)[1], 3); /* draw 0 */
    genlat_tensor_destroy(&x);
    ok(genlat_source_subset(source, (int64_t[]){5, 5}, 2, &part));
    genlat_source_destroy(&source);
    ck_assert_int_eq(freed, 0);
    ok(genlat_source_read(part, 0, 2, &x, &labels));
    ck_assert_float_eq(genlat_tensor_data(labels)[1], 1);
    genlat_tensor_destroy(&labels);
    fail = 7;
    genlat_tensor *none = x;
    REFUSED(GENLAT_E_CALLBACK, genlat_source_read, part, 0, 2, &none, &labels);
    ck_assert_ptr_null(none);
    REFUSED(GENLAT_E_CALLBACK, genlat_source_fetch, part, (int64_t[]){0, 1}, 2, 0, x, NULL);
    REFUSED(GENLAT_E_CALLBACK, genlat_source_moments, part, NULL, NULL);
    fail = 0;
    genlat_tensor_destroy(&x);
    genlat_source_destroy(&part);
    ck_assert_int_eq(freed, 1);
}
END_TEST

START_TEST(tables_that_cannot_be_are_refused)
{
    genlat_source *source = NULL;
    static const struct {
        int64_t count, ndim, dim, classes, condition;
        genlat_status wanted;
    } rows[] = {{0, 0, 1, 0, 0, GENLAT_E_RANGE},  {1, -1, 1, 0, 0, GENLAT_E_RANGE}, {1, 6, 1, 0, 0, GENLAT_E_RANGE},
                {1, 1, 0, 0, 0, GENLAT_E_SHAPE},  {1, 1, -2, 0, 0, GENLAT_E_SHAPE}, {1, 0, 1, -1, 0, GENLAT_E_RANGE},
                {1, 0, 1, 2, 3, GENLAT_E_INVALID}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        genlat_source_table table = table_of();
        table.count = rows[i].count;
        table.ndim = rows[i].ndim;
        table.dims[0] = rows[i].dim;
        table.classes = rows[i].classes;
        table.condition = rows[i].condition;
        REFUSED(rows[i].wanted, genlat_source_callback, ctx, &table, &source);
    }
    genlat_source_table table = table_of();
    table.fetch = NULL;
    REFUSED(GENLAT_E_INVALID, genlat_source_callback, ctx, &table, &source);
    refuse_memory = 1;
    table = table_of();
    REFUSED(GENLAT_E_MEMORY, genlat_source_callback, ctx, &table, &source);
    ck_assert_int_eq(freed, 0);
}
END_TEST

/* ---- drawn sources ---------------------------------------------------------------------------- */

START_TEST(drawn_sources_have_the_shapes_that_are_stated)
{
    static const struct {
        const char *name;
        int64_t ndim, last, classes, condition, factors;
    } rows[] = {{"digits", 3, 28, 10, 0, 0}, {"shapes", 3, 64, 3, 0, 5}, {"ring", 1, 2, 8, 0, 0},
                {"grid", 1, 2, 25, 0, 0},    {"moons", 1, 2, 2, 0, 0},   {"swissroll", 1, 2, 0, 1, 0}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *name = rows[i].name;
        genlat_source *a = synthetic(name, 40, 3), *b = synthetic(name, INT64_C(1) << 40, 3),
                      *other = synthetic(name, 40, 4);
        genlat_tensor *x = NULL, *y = NULL, *z = NULL, *labels = NULL;
        ck_assert_int_eq(genlat_source_ndim(a), rows[i].ndim);
        ck_assert_int_eq(genlat_source_dim(a, -1), rows[i].last);
        ck_assert_int_eq(genlat_source_dim(a, (int32_t)rows[i].ndim), 0);
        ck_assert_int_eq(genlat_source_classes(a), rows[i].classes);
        ck_assert_int_eq(genlat_source_condition(a), rows[i].condition);
        ck_assert_int_eq(genlat_source_factor_count(a), rows[i].factors);
        ok(genlat_source_read(a, 7, 40, &x, &labels));
        ok(genlat_source_read(b, 7, 40, &y, NULL));
        ok(genlat_source_read(other, 7, 40, &z, NULL));
        same_tensors(x, y); /* a sample is a function of name, seed and number */
        ck_assert_mem_ne(genlat_tensor_data(x), genlat_tensor_data(z), (size_t)genlat_tensor_count(x) * sizeof(float));
        for (int64_t k = 0; k < genlat_tensor_count(x) && rows[i].ndim == 3; k++)
            ck_assert(genlat_tensor_data(x)[k] >= 0 && genlat_tensor_data(x)[k] <= 1);
        for (int64_t k = 0; k < 33; k++)
            ck_assert(genlat_tensor_data(labels)[k] >= 0 &&
                      genlat_tensor_data(labels)[k] <= (float)(rows[i].condition ? 1 : rows[i].classes - 1));
        genlat_tensor *tensors[] = {x, y, z, labels};
        for (size_t k = 0; k < COUNT(tensors); k++)
            genlat_tensor_destroy(&tensors[k]);
        genlat_source_destroy(&a);
        genlat_source_destroy(&b);
        genlat_source_destroy(&other);
        ck_assert_str_eq(genlat_source_synthetic_name((int32_t)i), name);
    }
    ck_assert_ptr_null(genlat_source_synthetic_name((int32_t)COUNT(rows)));
    ck_assert_ptr_null(genlat_source_synthetic_name(-1));
}
END_TEST

START_TEST(drawn_sources_have_their_limits)
{
    genlat_source *out = NULL;
    REFUSED(GENLAT_E_RANGE, genlat_source_synthetic, ctx, "ring", 0, 0, &out);
    REFUSED(GENLAT_E_RANGE, genlat_source_synthetic, ctx, "ring", (INT64_C(1) << 40) + 1, 0, &out);
    REFUSED(GENLAT_E_RANGE, genlat_source_synthetic, ctx, "ring", 1, -1, &out);
    REFUSED_WITH("swissroll", GENLAT_E_NOT_FOUND, genlat_source_synthetic, ctx, "rings", 1, 0, &out);
    out = synthetic("ring", 1, INT64_MAX);
    genlat_source_destroy(&out);
    genlat_source_destroy(NULL);
    ck_assert_int_eq(genlat_source_count(NULL), 0);
    ck_assert_int_eq(genlat_source_ndim(NULL), 0);
    ck_assert_int_eq(genlat_source_dim(NULL, 0), 0);
    ck_assert_int_eq(genlat_source_classes(NULL), 0);
    ck_assert_int_eq(genlat_source_condition(NULL), 0);
    ck_assert_int_eq(genlat_source_factor_count(NULL), 0);
    ck_assert_ptr_null(genlat_source_factor_name(NULL, 0));
}
END_TEST

/* Factors are in their ranges, and kept by subsets and transforms. */
START_TEST(factors_have_names_and_ranges)
{
    static const char *const names[] = {"shape", "scale", "angle", "x", "y"};
    static const float least[] = {0, 0.5f, 0, 0, 0}, most[] = {2, 1, 6.2831855f, 1, 1};
    int64_t indices[50];
    genlat_transform_opts opts;
    genlat_transform_opts_init(&opts);
    opts.skip = 1;
    genlat_source *source = synthetic("shapes", 60, 1), *part = NULL, *moved = NULL, *ring = synthetic("ring", 9, 0);
    genlat_tensor *all = NULL, *few = NULL, *wrong = NULL;
    for (int i = 0; i < 50; i++)
        indices[i] = i + 5;
    ok(genlat_tensor_new(ctx, 2, (int64_t[]){50, 5}, &all));
    ok(genlat_tensor_new(ctx, 2, (int64_t[]){1, 5}, &few));
    ok(genlat_tensor_new(ctx, 2, (int64_t[]){50, 4}, &wrong));
    const long before = allocations;
    ok(genlat_source_factors(source, indices, 50, all));
    ck_assert_int_eq(allocations, before);
    for (int k = 0; k < 5; k++)
        ck_assert_str_eq(genlat_source_factor_name(source, k), names[k]);
    ck_assert_ptr_null(genlat_source_factor_name(source, 5));
    ck_assert_ptr_null(genlat_source_factor_name(source, -1));
    for (int i = 0; i < 250; i++)
        ck_assert(genlat_tensor_data(all)[i] >= least[i % 5] && genlat_tensor_data(all)[i] <= most[i % 5]);
    ok(genlat_source_subset(source, indices, 50, &part));
    ok(genlat_source_transform(part, &opts, &moved));
    ck_assert_int_eq(genlat_source_factor_count(moved), 5);
    ok(genlat_source_factors(moved, (int64_t[]){2}, 1, few));
    ck_assert_mem_eq(genlat_tensor_data(few), genlat_tensor_data(all) + 15, 5 * sizeof(float)); /* sample 5 + 1 + 2 */
    REFUSED(GENLAT_E_STATE, genlat_source_factors, ring, indices, 1, few);
    REFUSED(GENLAT_E_SHAPE, genlat_source_factors, source, indices, 50, wrong);
    REFUSED(GENLAT_E_RANGE, genlat_source_factors, source, (int64_t[]){60}, 1, few);
    REFUSED(GENLAT_E_RANGE, genlat_source_factors, source, (int64_t[]){-1}, 1, few);
    genlat_source *sources[] = {source, part, moved, ring};
    for (size_t i = 0; i < COUNT(sources); i++)
        genlat_source_destroy(&sources[i]);
    genlat_tensor_destroy(&all);
    genlat_tensor_destroy(&few);
    genlat_tensor_destroy(&wrong);
}
END_TEST

START_TEST(mixtures_are_those_of_subsets_too)
{
    genlat_source *ring = synthetic("ring", 30, 0), *part = NULL, *moons = synthetic("moons", 9, 0), *scaled = NULL;
    genlat_tensor *centres = NULL, *offset = vector_of(2, (float[]){1, 1}), *scale = vector_of(2, (float[]){2, 2});
    double sd = 0;
    ok(genlat_source_subset(ring, (int64_t[]){3, 4}, 2, &part));
    ok(genlat_source_mixture(part, &centres, &sd));
    ck_assert_int_eq(genlat_tensor_dim(centres, 0), 8);
    ck_assert_int_eq(genlat_tensor_dim(centres, 1), 2);
    ck_assert_double_eq_tol(sd, 0.01, 1e-9);
    genlat_tensor_destroy(&centres);
    REFUSED(GENLAT_E_STATE, genlat_source_mixture, moons, &centres, &sd);
    ok(genlat_source_normalize(ring, offset, scale, &scaled));
    REFUSED(GENLAT_E_STATE, genlat_source_mixture, scaled, &centres, &sd); /* its samples are others */
    ck_assert_double_eq_tol(sd, 0.01, 1e-9);
    genlat_source *sources[] = {ring, part, moons, scaled};
    for (size_t i = 0; i < COUNT(sources); i++)
        genlat_source_destroy(&sources[i]);
    genlat_tensor_destroy(&offset);
    genlat_tensor_destroy(&scale);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {tensors_are_shared_and_kept,       labels_have_their_range,
                                  bytes_are_copied_and_scaled,       callbacks_are_called_as_the_table_says,
                                  tables_that_cannot_be_are_refused, drawn_sources_have_the_shapes_that_are_stated,
                                  drawn_sources_have_their_limits,   factors_have_names_and_ranges,
                                  mixtures_are_those_of_subsets_too, NULL};
    return run_tests("promises of sources", tests);
}
