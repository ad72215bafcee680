/* SPDX-License-Identifier: MIT */
/* What layer.h, loss.h and optim.h say of kinds that are written as text: layers, losses, optimizers, schedules. */
#include "promises/rig.h"

#include <stdio.h>

#include "genlat/experimental.h"

typedef genlat_status help_of(const char *kind, int32_t option, const char **name, const char **help);

static const char *function; /* the one that the call below has made */

#define TEXTS(thing, maker)                                                                                            \
    static genlat_status make_##thing(const char *text)                                                                \
    {                                                                                                                  \
        genlat_##thing *out = NULL;                                                                                    \
        const genlat_status status = maker(ctx, text, &out);                                                           \
        ck_assert((out == NULL) == (status != GENLAT_OK));                                                             \
        function = #maker;                                                                                             \
        genlat_##thing##_destroy(&out);                                                                                \
        ck_assert_ptr_null(out);                                                                                       \
        genlat_##thing##_destroy(&out);                                                                                \
        genlat_##thing##_destroy(NULL);                                                                                \
        return status;                                                                                                 \
    }                                                                                                                  \
    static genlat_status format_##thing(const char *text, char *back, size_t capacity)                                 \
    {                                                                                                                  \
        genlat_##thing *made = NULL;                                                                                   \
        ok(maker(ctx, text, &made));                                                                                   \
        const long before = allocations;                                                                               \
        const genlat_status status = genlat_##thing##_format(made, back, capacity);                                    \
        ck_assert_int_eq(allocations, before);                                                                         \
        function = "genlat_" #thing "_format";                                                                         \
        genlat_##thing##_destroy(&made);                                                                               \
        return status;                                                                                                 \
    }
TEXTS(layer, genlat_layer_new)
TEXTS(loss, genlat_loss_new)
TEXTS(optim, genlat_optim_from_text)
TEXTS(schedule, genlat_schedule_new)

/* A text with an option at its default, which is left out, and the same as it comes back; a value out of range. */
static const struct family {
    const char *(*kind)(int32_t index);
    help_of *help;
    genlat_status (*make)(const char *text);
    genlat_status (*format)(const char *text, char *back, size_t capacity);
    const char *given, *wanted, *bad_value, *unknown_kind;
} families[] = {
    {genlat_layer_kind, genlat_layer_help, make_layer, format_layer, "dense  units=400 bias=yes", "dense units=400",
     "dense units=0", "dens"},
    {genlat_loss_kind, genlat_loss_help, make_loss, format_loss, "gaussian sd=optimal value=1", "gaussian sd=optimal",
     "categorical classes=-1", "gauss"},
    {genlat_optim_kind, genlat_optim_help, make_optim, format_optim, "adam lr=0.5 beta1=0.9", "adam lr=0.5",
     "adam lr=-1", "adams"},
    {genlat_schedule_kind, genlat_schedule_help, make_schedule, format_schedule, "cosine from=1 to=0 steps=10 warmup=5",
     "cosine steps=10 warmup=5", "cosine steps=-1", "cosines"},
};

START_TEST(kinds_and_options_are_listed)
{
    const struct family *f = &families[_i];
    const char *name = NULL, *help = NULL;
    int32_t kinds = 0;
    for (const char *kind = NULL; (kind = f->kind(kinds)) != NULL; kinds++) {
        char text[128], names[2048] = "";
        int32_t options = 0;
        ok(f->help(kind, -1, &name, &help));
        ck_assert_str_eq(name, kind);
        ck_assert_ptr_null(strchr(help, '\n'));
        for (; f->help(kind, options, &name, &help) == GENLAT_OK; options++) {
            ck_assert_ptr_null(strchr(help, '\n'));
            snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", options ? ", " : "", name);
        }
        ck_assert_int_eq(f->help(kind, options, &name, &help), GENLAT_E_NOT_FOUND);
        ck_assert_int_eq(f->help(kind, -2, NULL, NULL), GENLAT_E_NOT_FOUND);
        ok(f->help(kind, -1, NULL, NULL));
        snprintf(text, sizeof text, "%s nothing=1", kind);
        const genlat_status status = f->make(text);
        rig_refused(function, status, GENLAT_E_NOT_FOUND, __LINE__);
        ck_assert_msg(strstr(genlat_last_error(), names) != NULL, "'%s' does not name '%s'", genlat_last_error(),
                      names);
    }
    ck_assert_int_gt(kinds, 4);
    ck_assert_ptr_null(f->kind(-1));
    ck_assert_ptr_null(f->kind(INT32_MAX));
    ck_assert_int_eq(f->help(f->unknown_kind, -1, NULL, NULL), GENLAT_E_NOT_FOUND);
}
END_TEST

START_TEST(texts_come_back_without_defaults)
{
    const struct family *f = &families[_i];
    char text[64], before[64];
    ok(f->format(f->given, text, sizeof text));
    ck_assert_str_eq(text, f->wanted);
    ok(f->make(text));
    ok(f->format(f->given, text, strlen(f->wanted) + 1));
    memset(before, 'a', sizeof before);
    memcpy(text, before, sizeof text);
    const genlat_status status = f->format(f->given, text, strlen(f->wanted));
    rig_refused(function, status, GENLAT_E_RANGE, __LINE__);
    ck_assert_mem_eq(text, before, sizeof text); /* a text that is too small stays as it was */
}
END_TEST

START_TEST(texts_that_cannot_be_are_refused)
{
    const struct family *f = &families[_i];
    const struct {
        const char *text;
        genlat_status wanted;
    } rows[] = {{"", GENLAT_E_INVALID},
                {"   ", GENLAT_E_INVALID},
                {f->unknown_kind, GENLAT_E_NOT_FOUND},
                {f->bad_value, GENLAT_E_RANGE}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        const genlat_status status = f->make(rows[i].text);
        rig_refused(function, status, rows[i].wanted, __LINE__);
    }
    refuse_memory = 1;
    ck_assert_int_eq(f->make(f->given), GENLAT_E_MEMORY);
}
END_TEST

/* The numbers of likelihoods and adversarial losses are places in their lists. */
START_TEST(numbers_are_places_in_the_lists)
{
    static const struct {
        int32_t number;
        const char *name;
    } losses[] = {{GENLAT_LIKELIHOOD_BERNOULLI, "bernoulli"},
                  {GENLAT_LIKELIHOOD_GAUSSIAN, "gaussian"},
                  {GENLAT_LIKELIHOOD_LAPLACE, "laplace"},
                  {GENLAT_LIKELIHOOD_CATEGORICAL, "categorical"},
                  {GENLAT_LIKELIHOOD_DISCRETIZED_LOGISTIC, "discretized_logistic"},
                  {GENLAT_LIKELIHOOD_BETA_BINOMIAL, "beta_binomial"},
                  {GENLAT_LIKELIHOOD_MSE, "mse"},
                  {GENLAT_LIKELIHOOD_CROSS_ENTROPY, "cross_entropy"},
                  {GENLAT_LIKELIHOOD_LOGISTIC_MIXTURE, "logistic_mixture"},
                  {GENLAT_LIKELIHOOD_STUDENT_T, "student_t"}},
      adversarial[] = {{GENLAT_ADVERSARIAL_MINIMAX, "minimax"},
                       {GENLAT_ADVERSARIAL_NON_SATURATING, "non_saturating"},
                       {GENLAT_ADVERSARIAL_LEAST_SQUARES, "least_squares"},
                       {GENLAT_ADVERSARIAL_HINGE, "hinge"},
                       {GENLAT_ADVERSARIAL_WASSERSTEIN, "wasserstein"},
                       {GENLAT_ADVERSARIAL_RELATIVISTIC_PAIR, "relativistic_pair"},
                       {GENLAT_ADVERSARIAL_RELATIVISTIC_AVERAGE, "relativistic_average"},
                       {GENLAT_ADVERSARIAL_FEATURES, "features"}};
    const char *help = NULL;
    for (size_t i = 0; i < COUNT(losses); i++)
        ck_assert_str_eq(genlat_loss_kind(losses[i].number), losses[i].name);
    for (size_t i = 0; i < COUNT(adversarial); i++) {
        ck_assert_str_eq(genlat_adversarial_kind(adversarial[i].number, &help), adversarial[i].name);
        ck_assert_ptr_null(strchr(help, '\n'));
        ck_assert_ptr_nonnull(genlat_adversarial_kind(adversarial[i].number, NULL));
    }
    ck_assert_ptr_null(genlat_adversarial_kind((int32_t)COUNT(adversarial), &help));
    ck_assert_ptr_null(genlat_adversarial_kind(-1, NULL));
}
END_TEST

/* Every group has kinds, every kind a line of help; the groups have the same kinds and options as the functions of
 * layers, losses, optimizers and schedules. */
START_TEST(groups_list_kinds_and_options)
{
    static const char *const groups[] = {"layers", "likelihoods", "optimizers", "schedules"};
    const char *name = NULL, *help = NULL, *group = NULL;
    for (int32_t i = 0; (group = genlat_kind_group(i, &help)) != NULL; i++) {
        int32_t count = 0;
        ck_assert_ptr_null(strchr(help, '\n'));
        ck_assert_ptr_nonnull(genlat_kind_group(i, NULL));
        while (genlat_kind_name(group, count, &name, &help) == GENLAT_OK) {
            genlat_option_info option = {.size = sizeof option};
            ck_assert_ptr_null(strchr(help, '\n'));
            for (int32_t k = 0; genlat_kind_option(group, name, k, &option) == GENLAT_OK; k++) {
                ck_assert_ptr_null(strchr(option.help, '\n'));
                ck_assert_int_eq(option.choices != NULL, option.type == GENLAT_OPTION_ENUM);
                const int list = option.type == GENLAT_OPTION_DIMS || option.type == GENLAT_OPTION_AXES;
                ck_assert(list || (option.fallback >= option.least && option.fallback <= option.most));
            }
            ok(genlat_kind_name(group, count++, &name, NULL));
        }
        ck_assert_int_gt(count, 0);
        REFUSED(GENLAT_E_NOT_FOUND, genlat_kind_name, group, count, &name, &help);
        ck_assert_ptr_null(name);
    }
    ck_assert_ptr_null(genlat_kind_group(-1, &help));
    ck_assert_ptr_null(help);
    for (size_t g = 0; g < COUNT(groups); g++) {
        int32_t count = 0;
        for (const char *kind = NULL; (kind = families[g].kind(count)) != NULL; count++) {
            genlat_option_info option = {.size = sizeof option};
            const char *text = NULL;
            ok(genlat_kind_name(groups[g], count, &name, &help));
            ck_assert_str_eq(name, kind);
            ok(families[g].help(kind, -1, NULL, &text));
            ck_assert_str_eq(help, text);
            for (int32_t k = 0; families[g].help(kind, k, &name, &text) == GENLAT_OK; k++) {
                ok(genlat_kind_option(groups[g], kind, k, &option));
                ck_assert_str_eq(option.name, name);
                ck_assert_str_eq(option.help, text);
            }
        }
        REFUSED(GENLAT_E_NOT_FOUND, genlat_kind_name, groups[g], count, &name, &help);
    }
}
END_TEST

START_TEST(options_have_defaults_and_ranges)
{
    genlat_option_info option = {.size = sizeof option};
    ok(genlat_kind_option("layers", "conv2d", 0, &option));
    ck_assert_str_eq(option.name, "channels");
    ck_assert(option.type == GENLAT_OPTION_INT && option.fallback == 1 && option.least == 1 && option.most > 1e6);
    ok(genlat_kind_option("layers", "conv2d", 3, &option));
    ck_assert_str_eq(option.name, "init");
    ck_assert_str_eq(option.choices[(int)option.fallback], "torch");
    REFUSED_WITH("did you mean 'layers'?", GENLAT_E_NOT_FOUND, genlat_kind_option, "layer", "conv2d", 0, &option);
    REFUSED_WITH("did you mean 'conv2d'?", GENLAT_E_NOT_FOUND, genlat_kind_option, "layers", "Conv2D_", 0, &option);
    REFUSED_WITH("options", GENLAT_E_NOT_FOUND, genlat_kind_option, "layers", "conv2d", 1000, &option);
    REFUSED_WITH("options", GENLAT_E_NOT_FOUND, genlat_kind_option, "layers", "flatten", -1, &option);
}
END_TEST

START_TEST(the_nearest_name_is_found)
{
    static const char *const names[] = {"relu", NULL, "leaky_relu", "conv1d", "conv2d", "lr"};
    const int64_t count = (int64_t)COUNT(names);
    ck_assert_ptr_eq(genlat_name_nearest("ReLU", names, count), names[0]);
    ck_assert_ptr_eq(genlat_name_nearest("leaky-relu", names, count), names[2]);
    ck_assert_ptr_eq(genlat_name_nearest("conv", names, count), names[3]);
    ck_assert_ptr_eq(genlat_name_nearest("conv2", names, count), names[4]);
    ck_assert_ptr_eq(genlat_name_nearest("rl", names, count), names[5]);
    ck_assert_ptr_null(genlat_name_nearest("xy", names, count));
    ck_assert_ptr_null(genlat_name_nearest("dense", names, count));
    ck_assert_ptr_null(genlat_name_nearest("", names, count));
    ck_assert_ptr_null(genlat_name_nearest(NULL, names, count));
    ck_assert_ptr_null(genlat_name_nearest("relu", NULL, count));
    ck_assert_ptr_null(genlat_name_nearest("relu", names, 0));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("promises of texts");
    TCase *tests = tcase_create("promises");
    tcase_add_checked_fixture(tests, rig_open, rig_close);
    tcase_add_loop_test(tests, kinds_and_options_are_listed, 0, COUNT(families));
    tcase_add_loop_test(tests, texts_come_back_without_defaults, 0, COUNT(families));
    tcase_add_loop_test(tests, texts_that_cannot_be_are_refused, 0, COUNT(families));
    tcase_add_test(tests, numbers_are_places_in_the_lists);
    tcase_add_test(tests, groups_list_kinds_and_options);
    tcase_add_test(tests, options_have_defaults_and_ranges);
    tcase_add_test(tests, the_nearest_name_is_found);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
