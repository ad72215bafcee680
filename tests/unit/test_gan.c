/* SPDX-License-Identifier: MIT */
/* GANs: every preset trains on every kind of data, with and without condition; options can be combined; invalid
 * combinations are refused. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "support/gan_unit.h"
#include "net/exec_priv.h"

static const struct {
    const char *preset;
    const gnl_shape *data;
} cases[] = {{"r3", &gan_vector},    {"r3", &gan_image},       {"r3", &gan_signal},     {"mlp", &gan_vector},
             {"mlp", &gan_image},    {"dcgan", &gan_image},    {"wgan_gp", &gan_image}, {"wgan_gp", &gan_vector},
             {"wgan_gp", &gan_odd},  {"wgan_gp", &gan_signal}, {"r3", &gan_odd},        {"dcgan", &gan_signal},
             {"sngan", &gan_vector}, {"sngan", &gan_odd},      {"sngan", &gan_image},   {"sngan", &gan_signal}};

/* Whether a penalty of the discriminator is reported. */
static bool is_penalised(const genlat_model *model)
{
    const gnl_gan_penalties *all = &gnl_gan_of(model)->penalties;
    for (int i = 0; i < all->count; i++)
        if (all->item[i].type->nets == 1u << GNL_DISCRIMINATOR)
            return true;
    return false;
}

START_TEST(presets_train_on_their_data)
{
    for (int conditional = 0; conditional < 2; conditional++) {
        static const pair labelled[] = {{"condition", "classes=3"}, {NULL, NULL}};
        genlat_tensor *labels = gan_labels(), *y = NULL, *score = NULL;
        genlat_model *model = gan_make(cases[_i].preset, cases[_i].data, conditional ? labelled : NULL);
        genlat_tensor *x = gan_normal(cases[_i].data, GAN_ROWS, 1);
        for (int i = 0; i < 6; i++) {
            genlat_gan_terms t = gan_step(model, x, labels);
            ck_assert(isfinite(t.d_loss) && isfinite(t.g_loss) && t.d_grad_norm > 0 && t.penalty >= 0);
            ck_assert_int_eq(t.penalty > 0, is_penalised(model));
        }
        ck_assert_double_gt(gnl_gan_of(model)->last.g_grad_norm, 0);
        ck_assert_int_eq(genlat_model_sample(model, 5, NULL, NULL, &y), GENLAT_OK);
        const gnl_shape expected = gnl_shape_batched(cases[_i].data, 5);
        ck_assert(gnl_shape_equal(&y->shape, &expected));
        ck_assert_int_eq(genlat_gan_discriminate(model, x, labels, &score), GENLAT_OK);
        ck_assert_int_eq(score->shape.dim[0], GAN_ROWS);
        for (genlat_tensor **t = (genlat_tensor *[]){x, labels, y, score, NULL}; *t; t++)
            gnl_tensor_release(*t);
        genlat_model_destroy(&model);
    }
}
END_TEST

/* Under another label the score changes if the discriminator gets the condition as input; it does not with an
 * auxiliary classifier. */
START_TEST(conditions_reach_the_discriminator)
{
    static const char *const methods[] = {"concat", "projection", "auxiliary"};
    static const char *const names[] = {"r3", "mlp", "wgan_gp", "sngan"};
    static const gnl_shape *const shapes[] = {&gan_vector, &gan_odd, &gan_signal};
    const gnl_shape *data = shapes[_i / 4 % 3];
    const pair set[] = {{"condition", "classes=3"},   {"conditioning", methods[_i / 12]}, {"feature_matching", "0.5"},
                        {"discriminator_steps", "1"}, {"packing", _i % 2 ? "2" : "1"},    {NULL, NULL}};
    genlat_model *model = gan_make(names[_i % 4], data, set);
    genlat_tensor *x = gan_normal(data, GAN_ROWS, 1), *labels = gan_labels(), *one = NULL, *other = NULL;
    for (int i = 0; i < 3; i++)
        ck_assert(isfinite(gan_step(model, x, labels).g_loss));
    ck_assert_int_eq(genlat_gan_discriminate(model, x, labels, &one), GENLAT_OK);
    for (int i = 0; i < GAN_ROWS; i++)
        labels->data[i] = (gnl_real)((i + 1) % 3);
    ck_assert_int_eq(genlat_gan_discriminate(model, x, labels, &other), GENLAT_OK);
    bool same = memcmp(one->data, other->data, (size_t)one->shape.dim[0] * sizeof(gnl_real)) == 0;
    ck_assert_int_eq(same, _i / 12 == 2);
    for (genlat_tensor **t = (genlat_tensor *[]){x, labels, one, other, NULL}; *t; t++)
        gnl_tensor_release(*t);
    genlat_model_destroy(&model);
}
END_TEST

/* Every option once, combined with options that it could interfere with. */
static const pair option_sets[][4] = {
    {{"packing", "3"}, {"loss", "hinge"}, {"condition", "vector=2"}},
    {{"noise", "0.3"}, {"noise_schedule", "linear from=1 to=0 steps=3"}, {"r2", "0"}},
    {{"loss", "least_squares"}, {"label_smoothing", "0.1"}, {"penalty_every", "2"}},
    {{"gp", "10"}, {"gp_place", "dragan"}, {"gp_kind", "one_sided"}},
    {{"clip", "0.01"}, {"loss", "wasserstein"}, {"discriminator_steps", "2"}},
    {{"loss", "relativistic_average"}, {"ema", "0"}, {"penalty_schedule", "cosine from=1 to=0.1 steps=9"}},
    {{"approx_r1", "100"}, {"approx_r2", "100"}, {"r1", "0"}},
    {{"feature_matching", "1"}, {"history", "0.1"}, {"packing", "2"}},
    {{"orthogonal", "0.01"}, {"beta2_schedule", "linear from=0.9 to=0.99 steps=3"}},
    {{"generator", "dense units=8; dropout; batch_norm; dense units={out}"}, {"loss", "minimax"}, {"output", "tanh"}},
};

START_TEST(options_can_be_combined)
{
    genlat_model *model = gan_make("r3", &gan_vector, option_sets[_i]);
    const gnl_shape condition = {1, {2}};
    genlat_tensor *x = gan_normal(&gan_vector, GAN_ROWS, 1), *c = gan_normal(&condition, GAN_ROWS, 2);
    for (int i = 0; i < 4; i++)
        ck_assert(isfinite(gan_step(model, x, c).d_loss));
    for (int64_t i = 0; gnl_gan_config_of(model)->opts.clip > 0 && i < model->net[GNL_DISCRIMINATOR]->values; i++)
        ck_assert(fabs((double)model->net[GNL_DISCRIMINATOR]->value[i]) <= 0.01 + 1e-9);
    gnl_tensor_release(x);
    gnl_tensor_release(c);
    genlat_model_destroy(&model);
}
END_TEST

static void expect_refusal(const char *preset, const gnl_shape *data, pair set, genlat_status expected,
                           const char *word)
{
    genlat_model *model = NULL;
    const pair pairs[] = {set, {NULL, NULL}};
    ck_assert_int_eq(gan_try(preset, data, pairs, &model), expected);
    ck_assert_msg(strstr(genlat_last_error(), word) != NULL, "'%s' does not contain %s", genlat_last_error(), word);
    ck_assert_ptr_null(model);
}

START_TEST(invalid_combinations_are_refused)
{
    static const gnl_shape large = {3, {1, 16, 16}};
    expect_refusal("dcgan", &large, (pair){"r1", "1"}, GENLAT_E_UNSUPPORTED, "batch_norm");
    expect_refusal("dcgan", &gan_vector, (pair){"latent", "4"}, GENLAT_E_SHAPE, "strided convolutions");
    expect_refusal("nothing", &gan_vector, (pair){"latent", "4"}, GENLAT_E_NOT_FOUND, "nothing");
    expect_refusal("r3", &gan_vector, (pair){"colour", "4"}, GENLAT_E_NOT_FOUND, "colour");
    expect_refusal("r3", &gan_vector, (pair){"label_smoothing", "0.1"}, GENLAT_E_RANGE, "relativistic_pair");
    expect_refusal("r3", &gan_vector, (pair){"generator", "dense units=2"}, GENLAT_E_SHAPE, "generator");
    expect_refusal("r3", &gan_vector, (pair){"discriminator", "dense units=2"}, GENLAT_E_SHAPE, "discriminator");
    expect_refusal("r3", &gan_vector, (pair){"label_smoothing_fake", "0.1"}, GENLAT_E_RANGE, "label_smoothing");
    expect_refusal("r3", &gan_vector, (pair){"augment", "cutout"}, GENLAT_E_SHAPE, "augment");
    expect_refusal("r3", &gan_image, (pair){"augment", "cutout,blur"}, GENLAT_E_NOT_FOUND, "blur");
    expect_refusal("r3", &gan_vector, (pair){"penalties", "gp; r9"}, GENLAT_E_NOT_FOUND,
                   "did you mean 'r1'? known: approx_r1");
    expect_refusal("r3", &gan_vector, (pair){"penalties", "gp weight=-1"}, GENLAT_E_RANGE, "weight is -1");
    expect_refusal("r3", &gan_vector, (pair){"penalties", "r1"}, GENLAT_E_INVALID, "r1 is set twice");
    expect_refusal("r3", &gan_vector, (pair){"feature_matching", "-1"}, GENLAT_E_RANGE, "feature_matching");
    expect_refusal("dcgan", &large, (pair){"penalties", "r1"}, GENLAT_E_UNSUPPORTED, "discriminator: ");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gan");
    TCase *tests = tcase_create("gan");
    tcase_add_checked_fixture(tests, gan_begin, gan_end);
    tcase_add_loop_test(tests, presets_train_on_their_data, 0, (int)GNL_COUNT(cases));
    tcase_add_loop_test(tests, conditions_reach_the_discriminator, 0, 36);
    tcase_add_loop_test(tests, options_can_be_combined, 0, (int)GNL_COUNT(option_sets));
    tcase_add_test(tests, invalid_combinations_are_refused);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
