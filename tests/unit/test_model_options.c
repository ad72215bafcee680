/* SPDX-License-Identifier: MIT */
/* Options of builders as structs: those of the preset, set where they differ, whatever the order of calls and the version of
 * the program. */
#include <check.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "support/families.h"

static genlat_ctx *ctx;

static void set_up(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
}

static void tear_down(void)
{
    genlat_ctx_destroy(&ctx);
}

static void expect_setting(const genlat_model_builder *b, const char *key, const char *wanted)
{
    char text[256];
    ck_assert_msg(genlat_model_builder_get(b, key, text, sizeof text) == GENLAT_OK, "%s", genlat_last_error());
    ck_assert_str_eq(text, wanted);
}

/* Options of a family with space behind them, for programs that are older or newer than the library. */
typedef struct any_opts {
    union {
        size_t size;
        genlat_vae_opts vae;
        genlat_gan_opts gan;
        unsigned char bytes[sizeof(genlat_gan_opts) + 64];
    } is;
} any_opts;

static genlat_status get_vae(genlat_model_builder *b, any_opts *o)
{
    return genlat_vae_builder_options(b, o ? &o->is.vae : NULL);
}

static void set_vae(genlat_model_builder *b, const any_opts *o)
{
    genlat_vae_builder_set_options(b, o ? &o->is.vae : NULL);
}

static genlat_status get_gan(genlat_model_builder *b, any_opts *o)
{
    return genlat_gan_builder_options(b, o ? &o->is.gan : NULL);
}

static void set_gan(genlat_model_builder *b, const any_opts *o)
{
    genlat_gan_builder_set_options(b, o ? &o->is.gan : NULL);
}

static const struct typed {
    const char *family, *setter, *preset;
    size_t size;
    genlat_status (*get)(genlat_model_builder *b, any_opts *o);
    void (*set)(genlat_model_builder *b, const any_opts *o);
    const char *key;  /* a real option */
    size_t offset;    /* of it */
    double of_preset; /* its value there */
} typed[] = {
    {"vae", "genlat_vae_builder_set_options", "static", sizeof(genlat_vae_opts), get_vae, set_vae, "beta",
     offsetof(genlat_vae_opts, beta), 1},
    {"gan", "genlat_gan_builder_set_options", "wgan_gp", sizeof(genlat_gan_opts), get_gan, set_gan, "gp",
     offsetof(genlat_gan_opts, gp), 10},
};

static double real_of(const any_opts *o, const struct typed *t)
{
    double value = 0;
    memcpy(&value, o->is.bytes + t->offset, sizeof value);
    return value;
}

static void set_real(any_opts *o, const struct typed *t, double value)
{
    memcpy(o->is.bytes + t->offset, &value, sizeof value);
}

static genlat_model_builder *begin(const struct typed *t, any_opts *o)
{
    genlat_model_builder *b = NULL;
    ck_assert_int_eq(genlat_model_builder_new(ctx, t->family, &b), GENLAT_OK);
    memset(o, 0xee, sizeof *o);
    o->is.size = t->size;
    return b;
}

START_TEST(options_are_those_of_the_preset)
{
    const struct typed *t = &typed[_i];
    any_opts o;
    genlat_model_builder *b = begin(t, &o);
    genlat_model_builder_preset(b, t->preset);
    genlat_model_builder_set_int(b, "latent", 11);
    ck_assert_int_eq(t->get(b, &o), GENLAT_OK);
    ck_assert_uint_eq(o.is.size, t->size);
    ck_assert_double_eq(real_of(&o, t), t->of_preset);
    ck_assert_int_eq(_i ? o.is.gan.latent : o.is.vae.latent, 11);
    ck_assert_int_eq(_i ? o.is.gan.discriminator_steps : o.is.vae.samples, _i ? 5 : 10);
    set_real(&o, t, 0.625);
    t->set(b, &o);
    expect_setting(b, t->key, "0.625");
    genlat_model_builder_preset(b, genlat_model_preset(t->family, 0, NULL)); /* what was set stays, the rest changes */
    expect_setting(b, t->key, "0.625");
    expect_setting(b, "latent", "11");
    expect_setting(b, _i ? "discriminator_steps" : "samples", "1");
    genlat_model_builder_destroy(&b);
}
END_TEST

/* Options that were read before a preset would take its settings back: they are refused, and so are those never read. */
START_TEST(options_are_read_after_the_preset)
{
    const struct typed *t = &typed[_i / 2];
    any_opts o;
    genlat_model *model = NULL;
    genlat_model_builder *b = begin(t, &o);
    ck_assert_int_eq(t->get(b, &o), GENLAT_OK);
    genlat_model_builder_preset(b, t->preset);
    if (_i % 2)
        ck_assert_int_eq(t->get(b, &o), GENLAT_OK);
    t->set(b, &o);
    genlat_model_builder_data(b, 1, (int64_t[]){4});
    ck_assert_int_eq(genlat_model_build(&b, NULL, &model), _i % 2 ? GENLAT_OK : GENLAT_E_STATE);
    if (_i % 2 == 0)
        expect_error(t->setter, "the options were not read after the last preset");
    genlat_model_destroy(&model);
}
END_TEST

/* A program that knows fewer fields, and one that knows more. */
START_TEST(other_programs_are_served)
{
    const struct typed *t = &typed[_i];
    any_opts o;
    genlat_model *model = NULL;
    genlat_model_builder *b = begin(t, &o);
    genlat_model_builder_preset(b, t->preset);
    o.is.size = t->offset + sizeof(double);
    ck_assert_int_eq(t->get(b, &o), GENLAT_OK);
    ck_assert_double_eq(real_of(&o, t), t->of_preset);
    ck_assert_uint_eq(o.is.bytes[o.is.size], 0xee);
    set_real(&o, t, 0.25);
    t->set(b, &o);
    expect_setting(b, t->key, "0.25");
    expect_setting(b, _i ? "loss" : "bound", _i ? "wasserstein" : "importance"); /* behind what that program knows */
    o.is.size = t->size + 16;
    ck_assert_int_eq(t->get(b, &o), GENLAT_OK);
    for (size_t i = t->size; i < t->size + 16; i++)
        ck_assert_uint_eq(o.is.bytes[i], 0);
    t->set(b, &o);
    expect_setting(b, t->key, "0.25");
    o.is.bytes[t->size + 15] = 1;
    t->set(b, &o);
    genlat_model_builder_data(b, 1, (int64_t[]){4});
    ck_assert_int_eq(genlat_model_build(&b, NULL, &model), GENLAT_E_UNSUPPORTED);
    expect_error(t->setter, "members that this version");
}
END_TEST

START_TEST(wrong_options_are_refused)
{
    const struct typed *t = &typed[_i], *other = &typed[1 - _i];
    any_opts o, wrong;
    genlat_model *model = NULL;
    genlat_model_builder *b = begin(t, &o), *c = begin(other, &wrong);
    ck_assert_int_eq(t->get(c, &o), GENLAT_E_STATE);
    ck_assert_int_eq(t->get(NULL, &o), GENLAT_E_INVALID);
    ck_assert_int_eq(t->get(b, NULL), GENLAT_E_INVALID);
    o.is.size = 0;
    ck_assert_int_eq(t->get(b, &o), GENLAT_E_INVALID);
    o.is.size = t->size;
    ck_assert_int_eq(t->get(b, &o), GENLAT_OK);
    set_real(&o, t, -1);
    t->set(b, &o);
    ck_assert_int_eq(genlat_model_build(&b, NULL, &model), GENLAT_E_RANGE);
    expect_error(t->setter, t->key);
    t->set(c, &o);
    ck_assert_int_eq(genlat_model_build(&c, NULL, &model), GENLAT_E_STATE);
    expect_error(t->setter, other->family);
    b = begin(t, &o);
    t->set(b, NULL);
    ck_assert_int_eq(genlat_model_build(&b, NULL, &model), GENLAT_E_INVALID);
    expect_error(t->setter, "NULL");
    t->set(NULL, &o);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("model options");
    TCase *tests = tcase_create("every family");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, options_are_those_of_the_preset, 0, 2);
    tcase_add_loop_test(tests, options_are_read_after_the_preset, 0, 4);
    tcase_add_loop_test(tests, other_programs_are_served, 0, 2);
    tcase_add_loop_test(tests, wrong_options_are_refused, 0, 2);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
