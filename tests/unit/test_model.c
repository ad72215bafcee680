/* SPDX-License-Identifier: MIT */
/* Properties of every family of models: metadata, nets, steps that allocate nothing and change nothing if they fail.
 * Each test runs for all families. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "model/model.h"
#include "support/families.h"
#include "net/exec_priv.h"

enum { ROWS = 12 };

static genlat_ctx *ctx;
static genlat_source *source;
static atomic_llong allocations;

static void *count_alloc(void *user, size_t size, size_t alignment)
{
    atomic_fetch_add(&allocations, 1);
    return aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

static void count_free(void *user, void *memory)
{
    free(memory);
}

static void open_ctx(int64_t threads)
{
    const genlat_allocator counting = {.size = sizeof counting, .alloc = count_alloc, .free = count_free};
    genlat_ctx_opts opts;
    genlat_ctx_opts_init(&opts);
    opts.allocator = &counting;
    opts.threads = threads;
    ck_assert_int_eq(genlat_ctx_new(&opts, &ctx), GENLAT_OK);
    source = family_source(ctx);
}

static void set_up(void)
{
    open_ctx(1);
}

static void tear_down(void)
{
    genlat_source_destroy(&source);
    genlat_ctx_destroy(&ctx);
}

static const gnl_model_type *type_of(int32_t family)
{
    return family_type(ctx, family);
}

/* ---- metadata -------------------------------------------------------------------------------- */

START_TEST(models_report_their_metadata)
{
    genlat_model *model = family_make(ctx, _i, source);
    int32_t ndim = 0, terms = 0;
    int64_t dims[GENLAT_MAX_DIMS], classes = -1, vector = -1, size = 0;
    ck_assert_str_eq(genlat_model_family(model), type_of(_i)->name);
    ck_assert_int_eq(genlat_model_data_shape(model, &ndim, dims), GENLAT_OK);
    ck_assert_int_eq(ndim, 3);
    ck_assert(dims[0] == 1 && dims[1] == 4 && dims[2] == 4);
    ck_assert_int_eq(genlat_model_condition(model, &classes, &vector), GENLAT_OK);
    ck_assert_int_eq(classes, gnl_model_takes_labels(model) ? FAMILY_CLASSES : 0);
    ck_assert_int_eq(vector, 0);
    ck_assert_int_eq(genlat_model_latent(model), type_of(_i)->latent_size ? 3 : 0);
    while (genlat_model_term(model, terms))
        terms++;
    ck_assert(terms > 0 && terms <= GENLAT_MAX_TERMS);
    ck_assert_ptr_null(genlat_model_term(model, -1));
    for (int i = 0; i < model->parts; i++)
        for (int k = 0; k < model->part[i].weights; k++)
            if (model->part[i].fitted || (model->part[i].optimizer >= 0 && !model->part[i].weight[k].param.state))
                size += gnl_shape_count(&model->part[i].weight[k].param.shape);
    ck_assert_int_eq(genlat_model_size(model), size);
    ck_assert_ptr_null(genlat_model_family(NULL));
    ck_assert_int_eq(genlat_model_latent(NULL) + genlat_model_size(NULL), 0);
    ck_assert_ptr_null(genlat_model_term(NULL, 0));
    genlat_model_destroy(&model);
}
END_TEST

START_TEST(the_description_names_all_parts)
{
    static char text[16384];
    char tight[20];
    genlat_model *model = family_make(ctx, _i, source);
    ck_assert_int_eq(genlat_model_describe(model, text, sizeof text), GENLAT_OK);
    for (int i = 0; genlat_model_part(model, i); i++)
        ck_assert_ptr_nonnull(strstr(text, genlat_model_part(model, i)));
    static const char *const words[] = {"[1,4,4]", "3 classes", "adam", "lr_schedule", "dense"};
    const size_t count = model->type->nets[0].name ? GNL_COUNT(words) : 1; /* families with nets have all of them */
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(strstr(text, words[i]) != NULL, "no %s in %s", words[i], text);
    ck_assert_int_eq(genlat_model_describe(model, tight, sizeof tight), GENLAT_E_RANGE);
    char expected_size[32];
    snprintf(expected_size, sizeof expected_size, "%zu expected", strlen(text) + 1);
    expect_error("genlat_model_describe", expected_size);
    ck_assert_int_eq(genlat_model_describe(model, NULL, 0), GENLAT_E_RANGE);
    expect_error("genlat_model_describe", expected_size);
    genlat_model_destroy(&model);
}
END_TEST

/* ---- nets ------------------------------------------------------------------------------------ */

START_TEST(nets_outlive_their_model)
{
    genlat_model *model = family_make(ctx, _i, source);
    genlat_net *net = NULL, *same = NULL;
    ck_assert_int_eq(genlat_model_net(model, "nothing", &net), GENLAT_E_NOT_FOUND);
    ck_assert_ptr_null(net);
    ck_assert_ptr_null(genlat_model_part(model, -1));
    const bool none = genlat_model_part(model, 0) == NULL;
    for (int i = 0; genlat_model_part(model, i); i++) {
        ck_assert_int_eq(genlat_model_net(model, genlat_model_part(model, i), &net), GENLAT_OK);
        ck_assert_int_eq(genlat_model_net(model, genlat_model_part(model, i), &same), GENLAT_OK);
        ck_assert_ptr_eq(net, same);
        genlat_net_destroy(&same);
        if (genlat_model_part(model, i + 1))
            genlat_net_destroy(&net);
    }
    genlat_model_destroy(&model);
    ck_assert_int_eq(genlat_net_size(net) > 0, !none);
    genlat_net_destroy(&net);
}
END_TEST

/* A model with the nets of another one trains these nets. */
START_TEST(a_model_accepts_all_nets_or_none)
{
    genlat_model *first = family_make(ctx, _i, source), *second = NULL;
    genlat_model_builder *b = family_builder(ctx, _i), *part = family_builder(ctx, _i);
    genlat_net *net = NULL;
    int parts = 0;
    for (; genlat_model_part(first, parts); parts++) {
        ck_assert_int_eq(genlat_model_net(first, genlat_model_part(first, parts), &net), GENLAT_OK);
        genlat_model_builder_net(b, genlat_model_part(first, parts), net);
        if (parts == 0)
            genlat_model_builder_net(part, genlat_model_part(first, parts), net);
        genlat_net_destroy(&net);
    }
    ck_assert_msg(genlat_model_build(&b, source, &second) == GENLAT_OK, "%s", genlat_last_error());
    for (int i = 0; i < parts; i++)
        ck_assert_ptr_eq(first->net[i], second->net[i]);
    genlat_model_destroy(&second);
    ck_assert_int_eq(genlat_model_build(&part, source, &second), parts > 1 ? GENLAT_E_STATE : GENLAT_OK);
    if (parts > 1)
        expect_error("genlat_model_build", "set all nets of the model or none");
    b = family_builder(ctx, _i);
    genlat_model_builder_net(b, "nothing", first->net[0]);
    genlat_model_destroy(&second);
    ck_assert_int_eq(genlat_model_build(&b, source, &second), parts ? GENLAT_E_NOT_FOUND : GENLAT_E_INVALID);
    expect_error("genlat_model_builder_net", parts ? "'nothing'" : "net is NULL");
    genlat_model_destroy(&first);
}
END_TEST

START_TEST(frozen_weights_do_not_change)
{
    genlat_model *model = family_make(ctx, _i, source), *same = family_make(ctx, _i, source);
    const char *part = genlat_model_part(model, 0);
    ck_assert_int_eq(genlat_model_freeze(model, "nothing", 1), GENLAT_E_NOT_FOUND);
    if (!part) { /* a family without nets */
        const bool trains = model->optimizer[0].optim != NULL;
        ck_assert_int_eq(genlat_model_freeze(model, "", 1), trains ? GENLAT_OK : GENLAT_E_NOT_FOUND);
        genlat_model_destroy(&model);
        genlat_model_destroy(&same);
        return;
    }
    ck_assert_int_eq(genlat_model_freeze(model, "", 1), GENLAT_OK);
    family_steps(model, source, 2);
    for (int i = 0; genlat_model_part(model, i); i++)
        ck_assert_mem_eq(model->net[i]->value, same->net[i]->value, (size_t)model->net[i]->values * sizeof(gnl_real));
    for (int i = 1; genlat_model_part(model, i); i++) /* all but the first part */
        ck_assert_int_eq(genlat_model_freeze(model, genlat_model_part(model, i), 0), GENLAT_OK);
    family_steps(model, source, 2);
    for (int i = 0; genlat_model_part(model, i); i++) {
        const genlat_net *a = model->net[i], *b = same->net[i];
        ck_assert_int_eq(memcmp(a->value, b->value, (size_t)a->values * sizeof(gnl_real)) == 0, i == 0);
    }
    ck_assert_int_eq(genlat_model_freeze(model, part, 0), GENLAT_OK);
    family_steps(model, source, 2);
    ck_assert_mem_ne(model->net[0]->value, same->net[0]->value, (size_t)model->net[0]->values * sizeof(gnl_real));
    genlat_model_destroy(&model);
    genlat_model_destroy(&same);
}
END_TEST

/* ---- steps ----------------------------------------------------------------------------------- */

START_TEST(steps_allocate_nothing)
{
    genlat_model *model = family_make(ctx, _i, source);
    genlat_tensor *x = NULL, *labels = NULL;
    double terms[GENLAT_MAX_TERMS];
    ck_assert_int_eq(genlat_source_read(source, 0, ROWS, &x, &labels), GENLAT_OK);
    const genlat_tensor *taken = family_labels(model, labels);
    ck_assert_int_eq(genlat_model_step(model, x, taken, terms), GENLAT_OK);
    long long before = atomic_load(&allocations);
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(genlat_model_step(model, x, taken, terms), GENLAT_OK);
    ck_assert_int_eq(atomic_load(&allocations), before);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
    genlat_model_destroy(&model);
}
END_TEST

START_TEST(bits_do_not_depend_on_threads)
{
    static family_numbers one, other;
    for (int threads = 1; threads <= 3; threads++) {
        tear_down();
        open_ctx(threads);
        genlat_model *model = family_make(ctx, _i, source);
        family_steps(model, source, 6);
        family_use(model, source, threads == 1 ? &one : &other);
        if (threads > 1)
            ck_assert_mem_eq(one.at, other.at, (size_t)one.count * sizeof *one.at);
        genlat_model_destroy(&model);
    }
}
END_TEST

/* A batch with a non-finite number in the middle of a training. */
START_TEST(failed_steps_change_nothing)
{
    genlat_model *model = family_make(ctx, _i, source), *same = family_make(ctx, _i, source);
    genlat_tensor *x = NULL, *labels = NULL;
    double terms[GENLAT_MAX_TERMS];
    ck_assert_int_eq(genlat_source_read(source, 0, ROWS, &x, &labels), GENLAT_OK);
    family_steps(model, source, 3);
    family_steps(same, source, 3);
    float kept = genlat_tensor_data(x)[20];
    const bool takes = gnl_model_takes_labels(model);
    genlat_tensor_data(x)[20] = (float)NAN;
    ck_assert_int_eq(genlat_model_step(model, x, takes ? labels : NULL, terms), GENLAT_E_NUMERIC);
    expect_error("genlat_model_step", model->optimizer[0].optim ? "lower the learning rate" : "check the data");
    family_expect_same_state(model, same);
    genlat_tensor_data(x)[20] = kept;
    genlat_tensor_data(labels)[5] = FAMILY_CLASSES;
    ck_assert_int_eq(genlat_model_step(model, x, labels, terms), takes ? GENLAT_E_RANGE : GENLAT_OK);
    if (!takes) /* labels are ignored */
        ck_assert_int_eq(genlat_model_step(same, x, NULL, terms), GENLAT_OK);
    family_expect_same_state(model, same);
    if (takes && !gnl_model_infers_labels(model))
        ck_assert_int_eq(genlat_model_step(model, x, NULL, terms), GENLAT_E_INVALID);
    ck_assert_int_eq(genlat_model_step(model, labels, labels, terms), GENLAT_E_SHAPE);
    if (takes)
        ck_assert_int_eq(genlat_model_step(model, x, x, terms), GENLAT_E_SHAPE);
    ck_assert_int_eq(genlat_model_step(NULL, x, labels, terms), GENLAT_E_INVALID);
    family_steps(model, source, 2);
    family_steps(same, source, 2);
    family_expect_same_state(model, same);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
    genlat_model_destroy(&model);
    genlat_model_destroy(&same);
}
END_TEST

int main(void)
{
    const int families = family_count();
    Suite *suite = suite_create("model");
    TCase *tests = tcase_create("every family");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, models_report_their_metadata, 0, families);
    tcase_add_loop_test(tests, the_description_names_all_parts, 0, families);
    tcase_add_loop_test(tests, nets_outlive_their_model, 0, families);
    tcase_add_loop_test(tests, a_model_accepts_all_nets_or_none, 0, families);
    tcase_add_loop_test(tests, frozen_weights_do_not_change, 0, families);
    tcase_add_loop_test(tests, steps_allocate_nothing, 0, families);
    tcase_add_loop_test(tests, bits_do_not_depend_on_threads, 0, families);
    tcase_add_loop_test(tests, failed_steps_change_nothing, 0, families);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
