/* SPDX-License-Identifier: MIT */
/* Builders of models of every family: presets, settings by name, and errors. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "model/builder_priv.h"
#include "support/families.h"

static genlat_ctx *ctx;
static genlat_source *source;

static void set_up(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
    source = family_source(ctx);
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

/* ---- families and presets -------------------------------------------------------------------- */

START_TEST(families_and_presets_are_listed)
{
    const char *help = NULL;
    const char *name = genlat_model_family_name(_i, &help);
    ck_assert_str_eq(name, type_of(_i)->name);
    ck_assert_uint_gt(strlen(help), 0);
    int presets = 0;
    for (; genlat_model_preset(name, presets, &help); presets++)
        ck_assert_uint_gt(strlen(help), 0);
    ck_assert_int_gt(presets, 0);
    ck_assert_ptr_null(help);
    ck_assert_ptr_null(genlat_model_preset(name, -1, NULL));
    ck_assert_ptr_null(genlat_model_preset("nothing", 0, NULL));
    ck_assert_ptr_null(genlat_model_preset(NULL, 0, NULL));
    ck_assert_ptr_null(genlat_model_family_name(-1, NULL));
    ck_assert_ptr_null(genlat_model_family_name(family_count(), &help));
}
END_TEST

/* A new builder has the settings of the first preset. Selecting a preset sets all its settings. */
START_TEST(presets_set_their_options)
{
    char text[GNL_NET_LENGTH], number[64];
    for (const gnl_preset *preset = type_of(_i)->presets; preset->name; preset++) {
        genlat_model_builder *b = NULL;
        ck_assert_int_eq(genlat_model_builder_new(ctx, type_of(_i)->name, &b), GENLAT_OK);
        if (preset != type_of(_i)->presets)
            genlat_model_builder_preset(b, preset->name);
        for (int i = 0; preset->pair[i]; i += 2) {
            ck_assert_int_eq(genlat_model_builder_get(b, preset->pair[i], text, sizeof text), GENLAT_OK);
            ck_assert_msg(strcmp(text, preset->pair[i + 1]) == 0, "%s: %s is '%s'", preset->name, preset->pair[i],
                          text);
        }
        ck_assert_int_eq(genlat_model_builder_get(b, "epochs", number, 1), GENLAT_E_RANGE);
        genlat_model_builder_destroy(&b);
    }
}
END_TEST

/* ---- settings -------------------------------------------------------------------------------- */

static void expect_setting(const genlat_model_builder *b, const char *key, const char *expected)
{
    char text[256];
    ck_assert_msg(genlat_model_builder_get(b, key, text, sizeof text) == GENLAT_OK, "%s", genlat_last_error());
    ck_assert_str_eq(text, expected);
}

START_TEST(settings_round_trip)
{
    genlat_model_builder *b = family_builder(ctx, _i);
    static const char *const conditions[] = {"none", "labels", "classes=7", "vector=2"};
    for (size_t i = 0; i < GNL_COUNT(conditions); i++) {
        genlat_model_builder_set(b, "condition", conditions[i]);
        expect_setting(b, "condition", conditions[i]);
    }
    genlat_model_builder_condition(b, 5, 0);
    expect_setting(b, "condition", "classes=5");
    genlat_model_builder_set_int(b, "epochs", 123456789);
    expect_setting(b, "epochs", "123456789");
    genlat_model_builder_set(b, "batch", "3");
    genlat_model_builder_set(b, "restore_best", "yes");
    genlat_model_builder_set_real(b, "epochs", 7); /* a real setter accepts an integer for an integer option */
    expect_setting(b, "epochs", "7");
    expect_setting(b, "batch", "3");
    expect_setting(b, "restore_best", "yes");
    genlat_model_builder_destroy(&b);
}
END_TEST

/* Every option in the table of the family. */
START_TEST(options_round_trip)
{
    const gnl_options_table *table = type_of(_i)->config->options;
    genlat_model_builder *b = family_builder(ctx, _i);
    for (size_t i = 0; table && i < table->count; i++) {
        const gnl_option *o = &table->options[i];
        char expected[64], found[64];
        const bool real = o->type == GNL_OPTION_REAL;
        snprintf(expected, sizeof expected, "%s", o->type == GNL_OPTION_BOOL ? "yes" : o->names ? o->names[1] : "");
        const double number = fmax(o->min, fmin(o->max, real ? 0.375 : 3));
        if (!*expected)
            gnl_format_real(number, expected, sizeof expected);
        if (o->type == GNL_OPTION_INT)
            genlat_model_builder_set_int(b, o->name, (int64_t)number);
        else if (real)
            genlat_model_builder_set_real(b, o->name, number);
        else
            genlat_model_builder_set(b, o->name, expected);
        ck_assert_int_eq(genlat_model_builder_get(b, o->name, found, sizeof found), GENLAT_OK);
        ck_assert_msg(strtod(found, NULL) == strtod(expected, NULL) &&
                          (*expected < 'a' || strcmp(found, expected) == 0),
                      "%s is '%s', expected '%s'", o->name, found, expected);
    }
    genlat_model_builder_destroy(&b);
}
END_TEST

/* A setting by name is kept when a preset is selected later. */
START_TEST(a_preset_keeps_explicit_settings)
{
    const gnl_preset *presets = type_of(_i)->presets;
    genlat_model_builder *b = NULL;
    genlat_model *model = NULL;
    int64_t classes = 0;
    ck_assert_int_eq(genlat_model_builder_new(ctx, type_of(_i)->name, &b), GENLAT_OK);
    genlat_model_builder_set_int(b, "epochs", 99);
    genlat_model_builder_data(b, 3, (int64_t[]){1, 8, 8});
    const bool conditional = type_of(_i)->nets[0].name != NULL; /* densities take no condition */
    genlat_model_builder_condition(b, conditional ? 4 : 0, 0);
    for (int i = 0; presets[i].name; i++)
        genlat_model_builder_preset(b, presets[i].name);
    genlat_model_builder_preset(b, presets[0].name);
    expect_setting(b, "epochs", "99");
    expect_setting(b, "condition", conditional ? "classes=4" : "none");
    ck_assert_msg(genlat_model_build(&b, NULL, &model) == GENLAT_OK, "%s", genlat_last_error());
    ck_assert_int_eq(genlat_model_condition(model, &classes, NULL), GENLAT_OK);
    ck_assert_int_eq(classes, conditional ? 4 : 0);
    ck_assert_int_eq(model->config->epochs, 99);
    genlat_model_destroy(&model);
}
END_TEST

/* ---- refusals -------------------------------------------------------------------------------- */

typedef void change_fn(genlat_model_builder *b);

static void no_data(genlat_model_builder *b)
{
}

static void with_data(genlat_model_builder *b)
{
    genlat_model_builder_data(b, 3, (int64_t[]){1, 4, 4});
    genlat_model_builder_condition(b, b->type->nets[0].name ? FAMILY_CLASSES : 0, 0);
}

static void wrong_preset(genlat_model_builder *b)
{
    genlat_model_builder_preset(b, "none such");
}

static void null_preset(genlat_model_builder *b)
{
    genlat_model_builder_preset(b, NULL);
}

static void wrong_key(genlat_model_builder *b)
{
    genlat_model_builder_set(b, "colour", "4");
}

static void null_key(genlat_model_builder *b)
{
    genlat_model_builder_set_int(b, NULL, 4);
}

static void null_value(genlat_model_builder *b)
{
    genlat_model_builder_set(b, "epochs", NULL);
}

static void wrong_range(genlat_model_builder *b)
{
    genlat_model_builder_set_int(b, "batch", -1);
}

static void no_number(genlat_model_builder *b)
{
    genlat_model_builder_set(b, "batch", "many");
}

static void wrong_real(genlat_model_builder *b)
{
    genlat_model_builder_set_real(b, "batch", (double)NAN);
}

static void wrong_condition(genlat_model_builder *b)
{
    genlat_model_builder_set(b, "condition", "colours=3");
}

static void two_conditions(genlat_model_builder *b)
{
    genlat_model_builder_condition(b, 3, 2);
}

static void long_text(genlat_model_builder *b)
{
    char text[GNL_TEXT_LENGTH + 1];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    genlat_model_builder_set(b, "lr_schedule", text);
}

static void no_dims(genlat_model_builder *b)
{
    genlat_model_builder_data(b, 1, NULL);
}

static void many_dims(genlat_model_builder *b)
{
    genlat_model_builder_data(b, GENLAT_MAX_DIMS, (int64_t[GENLAT_MAX_DIMS]){1, 1, 1, 1, 1, 1});
}

static void empty_data(genlat_model_builder *b)
{
    genlat_model_builder_data(b, 2, (int64_t[]){3, 0});
}

static void null_net(genlat_model_builder *b)
{
    genlat_model_builder_net(b, "encoder", NULL);
}

static void wrong_schedule(genlat_model_builder *b)
{
    with_data(b);
    genlat_model_builder_set(b, "lr_schedule", "sometimes");
}

/* The first option of the family that is the text of a net. */
static void wrong_layer(genlat_model_builder *b)
{
    char text[GNL_NET_LENGTH];
    with_data(b);
    for (const char *const *key = (const char *[]){"encoder", "generator", "net", NULL}; *key; key++)
        if (genlat_model_builder_get(b, *key, text, sizeof text) == GENLAT_OK)
            genlat_model_builder_set(b, *key, "dance units=3");
}

static void wrong_optimizer(genlat_model_builder *b)
{
    char text[GNL_TEXT_LENGTH];
    with_data(b);
    for (const char *const *key = (const char *[]){"optimizer", "optimizer_g", NULL}; *key; key++)
        if (genlat_model_builder_get(b, *key, text, sizeof text) == GENLAT_OK)
            genlat_model_builder_set(b, *key, "adam lr=-1");
}

/* The first error is reported, not later ones. */
static void several(genlat_model_builder *b)
{
    wrong_range(b);
    wrong_key(b);
    wrong_preset(b);
}

static const struct refusal {
    change_fn *change;
    genlat_status status;
    const char *function, *word;
} refusals[] = {
    {no_data, GENLAT_E_STATE, "genlat_model_build", "genlat_model_builder_data"},
    {wrong_preset, GENLAT_E_NOT_FOUND, "genlat_model_builder_preset", "none such"},
    {null_preset, GENLAT_E_NOT_FOUND, "genlat_model_builder_preset", "known: "},
    {wrong_key, GENLAT_E_NOT_FOUND, "genlat_model_builder_set", "epochs, steps, batch, restore_best"},
    {null_key, GENLAT_E_INVALID, "genlat_model_builder_set_int", "NULL"},
    {null_value, GENLAT_E_INVALID, "genlat_model_builder_set", "NULL"},
    {wrong_range, GENLAT_E_RANGE, "genlat_model_builder_set_int", "batch is -1"},
    {no_number, GENLAT_E_INVALID, "genlat_model_builder_set", "many"},
    {wrong_real, GENLAT_E_INVALID, "genlat_model_builder_set_real", "batch"},
    {wrong_condition, GENLAT_E_INVALID, "genlat_model_builder_set", "colours=3"},
    {two_conditions, GENLAT_E_RANGE, "genlat_model_builder_condition", "classes is 3 and vector is 2"},
    {long_text, GENLAT_E_RANGE, "genlat_model_builder_set", "lr_schedule has 160 bytes, at most 159"},
    {no_dims, GENLAT_E_INVALID, "genlat_model_builder_data", "dims"},
    {many_dims, GENLAT_E_INVALID, "genlat_model_builder_data", "ndim"},
    {empty_data, GENLAT_E_SHAPE, "genlat_model_builder_data", "no elements"},
    {null_net, GENLAT_E_INVALID, "genlat_model_builder_net", "net is NULL"},
    {wrong_schedule, GENLAT_E_NOT_FOUND, "genlat_model_build",
     "build: lr_schedule: unknown schedule 'sometimes'; known: constant, "},
    {wrong_layer, GENLAT_E_NOT_FOUND, "genlat_model_build", "layer 'dance'; did you mean 'dense'? known: add, "},
    {wrong_optimizer, GENLAT_E_RANGE, "genlat_model_build", ": lr is -1"},
    {several, GENLAT_E_RANGE, "genlat_model_builder_set_int", "batch"},
};

static bool has_text(const gnl_model_type *type, gnl_text_kind kind)
{
    for (int i = 0; i < type->config->count; i++)
        if (type->config->texts[i].kind == kind)
            return true;
    return false;
}

START_TEST(invalid_settings_are_refused)
{
    const struct refusal *r = &refusals[_i % (int)GNL_COUNT(refusals)];
    const gnl_model_type *type = type_of(_i / (int)GNL_COUNT(refusals));
    genlat_model_builder *b = NULL;
    genlat_model *model = (genlat_model *)ctx;
    if ((r->change == wrong_layer && !type->nets[0].name) ||
        ((r->change == wrong_schedule || r->change == long_text) && !has_text(type, GNL_TEXT_SCHEDULE)) ||
        (r->change == wrong_optimizer && !has_text(type, GNL_TEXT_OPTIMIZER)))
        return;
    ck_assert_int_eq(genlat_model_builder_new(ctx, type->name, &b), GENLAT_OK);
    r->change(b);
    ck_assert_int_eq(genlat_model_build(&b, NULL, &model), r->status);
    ck_assert_ptr_null(b);
    ck_assert_ptr_null(model);
    expect_error(r->function, r->word);
}
END_TEST

START_TEST(unknown_families_are_refused)
{
    genlat_model_builder *b = (genlat_model_builder *)ctx;
    genlat_model *model = NULL;
    ck_assert_int_eq(genlat_model_builder_new(ctx, "dream", &b), GENLAT_E_NOT_FOUND);
    expect_error("genlat_model_builder_new", "dream");
    ck_assert_ptr_null(b);
    ck_assert_int_eq(genlat_model_builder_new(ctx, NULL, &b), GENLAT_E_INVALID);
    ck_assert_int_eq(genlat_model_builder_new(NULL, "vae", &b), GENLAT_E_INVALID);
    ck_assert_int_eq(genlat_model_build(NULL, NULL, &model), GENLAT_E_INVALID);
    ck_assert_int_eq(genlat_model_build(&b, NULL, &model), GENLAT_E_INVALID);
    genlat_model_builder_set(NULL, "epochs", "3");
    genlat_model_builder_preset(NULL, "mlp");
    genlat_model_builder_destroy(&b);
    genlat_model_builder_destroy(NULL);
    b = family_builder(ctx, 0);
    ck_assert_int_eq(genlat_model_build(&b, source, NULL), GENLAT_E_INVALID); /* the builder is consumed all the same */
    ck_assert_ptr_null(b);
}
END_TEST

/* An optimizer that accumulates gradients would not update in each step; the error names the alternative. */
START_TEST(accumulating_optimizers_are_refused)
{
    const gnl_config_type *type = type_of(_i)->config;
    for (int i = 0; i < type->count; i++) {
        genlat_model_builder *b = family_builder(ctx, _i);
        genlat_model *model = NULL;
        if (type->texts[i].kind == GNL_TEXT_OPTIMIZER) {
            genlat_model_builder_set(b, type->texts[i].key, "adam accumulate=3");
            ck_assert_int_eq(genlat_model_build(&b, source, &model), GENLAT_E_UNSUPPORTED);
            expect_error("genlat_model_build", type->texts[i].key);
            expect_error("genlat_model_build", "accumulate=3");
            expect_error("genlat_model_build", "a larger batch");
            ck_assert_ptr_null(strstr(genlat_last_error(), "genlat_vae"));
        }
        genlat_model_builder_destroy(&b);
    }
}
END_TEST

/* The length of a preset is that of its schedules; a warm-up of the KL may end before. */
START_TEST(presets_end_with_their_schedules)
{
    const gnl_model_type *type = family_type(ctx, _i);
    for (const gnl_preset *preset = type->presets; preset->name; preset++) {
        long long length = 0, warm_up = 0, steps = 0;
        for (int i = 0; preset->pair[i]; i += 2) {
            genlat_schedule *schedule = NULL;
            if (strcmp(preset->pair[i], "steps") == 0)
                steps = atoll(preset->pair[i + 1]);
            if (!strstr(preset->pair[i], "schedule"))
                continue;
            ck_assert_int_eq(gnl_schedule_parse(ctx, preset->pair[i + 1], &schedule), GENLAT_OK);
            long long *longest = strcmp(preset->pair[i], "beta_schedule") == 0 ? &warm_up : &length;
            *longest = GNL_MAX(*longest, gnl_schedule_length(schedule));
            gnl_schedule_release(schedule);
        }
        ck_assert_msg(length == 0 || length == steps, "%s: schedules of %lld steps, training of %lld", preset->name,
                      length, steps);
        ck_assert_msg(warm_up <= steps, "%s: a warm-up of %lld steps, training of %lld", preset->name, warm_up, steps);
    }
}
END_TEST

/* Nets of a conditional model in one without condition: nothing would fill their second input. A model that infers
 * labels always has a condition, but none for its last net, the classifier. */
START_TEST(nets_with_more_inputs_are_refused)
{
    genlat_model *conditional = family_make(ctx, _i, source), *model = NULL;
    genlat_model_builder *b = family_builder(ctx, _i);
    const bool infers = gnl_model_infers_labels(conditional);
    bool more = false;
    for (int i = 0; conditional->type->nets[i].name; i++) {
        const bool last = !conditional->type->nets[i + 1].name;
        more = more || gnl_net_inputs(conditional->net[i]) > 1;
        genlat_model_builder_net(b, conditional->type->nets[i].name, conditional->net[infers && last ? 0 : i]);
    }
    if (gnl_model_uses_labels_as(conditional, GENLAT_LABEL_INPUT) && !infers)
        genlat_model_builder_set(b, "condition", "none");
    const genlat_status status = genlat_model_build(&b, source, &model);
    ck_assert_int_eq(status == GENLAT_OK, !more);
    ck_assert(status == GENLAT_OK || strstr(genlat_last_error(), "inputs"));
    genlat_model_destroy(&model);
    genlat_model_destroy(&conditional);
}
END_TEST

int main(void)
{
    const int families = family_count();
    Suite *suite = suite_create("model builders");
    TCase *tests = tcase_create("every family");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, families_and_presets_are_listed, 0, families);
    tcase_add_loop_test(tests, presets_set_their_options, 0, families);
    tcase_add_loop_test(tests, settings_round_trip, 0, families);
    tcase_add_loop_test(tests, options_round_trip, 0, families);
    tcase_add_loop_test(tests, a_preset_keeps_explicit_settings, 0, families);
    tcase_add_loop_test(tests, invalid_settings_are_refused, 0, families * (int)GNL_COUNT(refusals));
    tcase_add_test(tests, unknown_families_are_refused);
    tcase_add_loop_test(tests, accumulating_optimizers_are_refused, 0, families);
    tcase_add_loop_test(tests, presets_end_with_their_schedules, 0, families);
    tcase_add_loop_test(tests, nets_with_more_inputs_are_refused, 0, families);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
