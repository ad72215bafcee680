/* SPDX-License-Identifier: MIT */
/* What model.h, gan.h, vae.h and predictor.h say of building models, of their questions and their files. */
#include "promises/rig.h"

#include <stdio.h>
#include <unistd.h>

/* The builder reports this at the end and is gone. */
static void reports(genlat_model_builder *b, genlat_source *source, genlat_status wanted, const char *function,
                    const char *word)
{
    genlat_model *model = NULL;
    const genlat_status status = genlat_model_build(&b, source, &model);
    rig_refused(function, status, wanted, __LINE__);
    ck_assert_msg(strstr(genlat_last_error(), word) != NULL, "'%s' is not in '%s'", word, genlat_last_error());
    ck_assert_ptr_null(b);
    ck_assert_ptr_null(model);
}

static genlat_model_builder *plain(const char *family)
{
    genlat_model_builder *b = builder_of(family, NULL);
    genlat_model_builder_data(b, 1, (int64_t[]){2});
    return b;
}

/* ---- lists ------------------------------------------------------------------------------------ */

START_TEST(families_and_presets_are_listed)
{
    const char *help = NULL;
    int32_t families = 0;
    for (const char *family = NULL; (family = genlat_model_family_name(families, &help)) != NULL; families++) {
        int32_t presets = 0;
        ck_assert_ptr_nonnull(help);
        for (; genlat_model_preset(family, presets, &help) != NULL; presets++)
            ck_assert_ptr_null(strchr(help, '\n'));
        ck_assert_ptr_null(help); /* past the last */
        ck_assert_int_gt(presets, 0);
        ck_assert_ptr_nonnull(genlat_model_preset(family, 0, NULL));
        ck_assert_ptr_null(genlat_model_preset(family, -1, NULL));
        genlat_model_builder *first = plain(family),
                             *named = plain(family); /* a builder starts with the first preset */
        genlat_model_builder_preset(named, genlat_model_preset(family, 0, NULL));
        char a[256], b[256];
        ok(genlat_model_builder_get(first, "epochs", a, sizeof a));
        ok(genlat_model_builder_get(named, "epochs", b, sizeof b));
        ck_assert_str_eq(a, b);
        genlat_model_builder_destroy(&first);
        genlat_model_builder_destroy(&named);
    }
    ck_assert_ptr_null(help);
    ck_assert_int_ge(families, 3);
    ck_assert_ptr_null(genlat_model_family_name(-1, NULL));
    help = "x";
    ck_assert_ptr_null(genlat_model_preset("nothing", 0, &help));
    ck_assert_ptr_null(help);
    genlat_model_builder *b = NULL;
    REFUSED(GENLAT_E_NOT_FOUND, genlat_model_builder_new, ctx, "nothing", &b);
}
END_TEST

/* ---- builders --------------------------------------------------------------------------------- */

START_TEST(settings_are_read_and_kept)
{
    char text[64], small[3] = {'a', 'a', 'a'};
    genlat_model_builder *b = plain("vae");
    genlat_model_builder_set_real(b, "beta", 0.1);
    genlat_model_builder_set_int(b, "latent", 7);
    genlat_model_builder_set(b, "batch", "11");
    genlat_model_builder_preset(b, genlat_model_preset("vae", 1, NULL));
    static const char *const wanted[][2] = {{"beta", "0.1"}, {"latent", "7"}, {"batch", "11"}};
    const long before = allocations;
    for (size_t i = 0; i < COUNT(wanted); i++) {
        ok(genlat_model_builder_get(b, wanted[i][0], text, sizeof text));
        ck_assert_str_eq(text, wanted[i][1]);
    }
    REFUSED(GENLAT_E_NOT_FOUND, genlat_model_builder_get, b, "alpha", text, sizeof text);
    REFUSED(GENLAT_E_RANGE, genlat_model_builder_get, b, "beta", small, sizeof small);
    ck_assert_int_eq(allocations, before);
    ck_assert_mem_eq(small, "aaa", 3);
    genlat_model_builder_destroy(&b);
    ck_assert_ptr_null(b);
    genlat_model_builder_destroy(&b);
    genlat_model_builder_destroy(NULL);
    genlat_model_builder_preset(NULL, "mlp");
    genlat_model_builder_set(NULL, "a", "b");
    genlat_model_builder_set_int(NULL, "a", 1);
    genlat_model_builder_set_real(NULL, "a", 1);
    genlat_model_builder_data(NULL, 1, (int64_t[]){1});
    genlat_model_builder_condition(NULL, 1, 0);
    genlat_model_builder_net(NULL, "encoder", NULL);
}
END_TEST

START_TEST(builders_report_their_first_error)
{
    genlat_model_builder *b = plain("vae");
    genlat_model_builder_set(b, "latnet", "3");
    genlat_model_builder_set(b, "latent", "-3");
    reports(b, NULL, GENLAT_E_NOT_FOUND, "genlat_model_builder_set", "latnet");
    b = plain("vae");
    genlat_model_builder_set_int(b, "latent", 65537);
    reports(b, NULL, GENLAT_E_RANGE, "genlat_model_builder_set_int", "latent");
    b = plain("vae");
    genlat_model_builder_set_real(b, "beta", NAN);
    genlat_model *out = NULL;
    ck_assert_int_ne(genlat_model_build(&b, NULL, &out), GENLAT_OK);
    b = plain("vae");
    genlat_model_builder_preset(b, "nothing");
    reports(b, NULL, GENLAT_E_NOT_FOUND, "genlat_model_builder_preset", "nothing");
    b = plain("vae");
    genlat_model_builder_data(b, 6, (int64_t[6]){1, 1, 1, 1, 1, 1});
    reports(b, NULL, GENLAT_E_INVALID, "genlat_model_builder_data", "5");
    b = plain("vae");
    genlat_model_builder_data(b, 1, (int64_t[]){0});
    reports(b, NULL, GENLAT_E_SHAPE, "genlat_model_builder_data", "0");
    b = builder_of("vae", NULL);
    reports(b, NULL, GENLAT_E_STATE, "genlat_model_build", "shape");
    b = plain("vae");
    genlat_model_builder_set(b, "bound", "importance");
    genlat_model_builder_set_real(b, "free_bits", 1);
    reports(b, NULL, GENLAT_E_UNSUPPORTED, "genlat_model_build", "free");
    b = plain("vae");
    genlat_model_builder_set(b, "likelihood", "nothing");
    reports(b, NULL, GENLAT_E_NOT_FOUND, "genlat_model_build", "nothing");
    b = plain("vae");
    genlat_model_builder_net(b, "generator", NULL);
    genlat_model_builder_destroy(&b); /* releases errors too */
}
END_TEST

START_TEST(conditions_have_their_limits)
{
    static const int64_t wrong[][2] = {{1, 1}, {1048577, 0}, {0, 1048577}, {-1, 0}, {0, -1}};
    for (size_t i = 0; i < COUNT(wrong); i++) {
        genlat_model_builder *b = plain("vae");
        genlat_model *model = NULL;
        genlat_model_builder_condition(b, wrong[i][0], wrong[i][1]);
        const genlat_status status = genlat_model_build(&b, NULL, &model);
        ck_assert_msg(status != GENLAT_OK, "%zu", i);
        ck_assert_ptr_nonnull(strstr(genlat_last_error(), "genlat_model_builder_condition"));
    }
    genlat_model_builder *b = plain("gan");
    genlat_model *model = NULL;
    int64_t classes = 7, vector = 7;
    genlat_model_builder_condition(b, 0, 3);
    ok(genlat_model_build(&b, NULL, &model));
    ok(genlat_model_condition(model, &classes, NULL));
    ok(genlat_model_condition(model, NULL, &vector));
    ck_assert_int_eq(classes, 0);
    ck_assert_int_eq(vector, 3);
    genlat_model_destroy(&model);
    genlat_model_destroy(&model);
    genlat_model_destroy(NULL);
}
END_TEST

/* ---- nets of the caller's own ----------------------------------------------------------------- */

/* A net of the inputs x, and c where there is a condition; pairs end with NULL. */
static genlat_net *own(int64_t x, int64_t c, const char *layers, const char *outputs)
{
    genlat_net_builder *b = NULL;
    genlat_net *net = NULL;
    ok(genlat_net_builder_new(ctx, &b));
    genlat_net_builder_input(b, "x", 1, &x);
    if (c)
        genlat_net_builder_input(b, "c", 1, &c);
    genlat_net_builder_text(b, layers);
    if (outputs)
        genlat_net_builder_output(b, outputs);
    ok(genlat_net_build(&b, &net));
    return net;
}

static genlat_model_builder *gan_of(int64_t c, genlat_net *discriminator)
{
    genlat_model_builder *b = plain("gan");
    genlat_net *generator = own(2, c, c ? "concat from=x,c; dense units=2" : "dense units=2", NULL);
    genlat_model_builder_set_int(b, "latent", 2);
    genlat_model_builder_condition(b, c, 0);
    genlat_model_builder_net(b, "generator", generator);
    if (discriminator)
        genlat_model_builder_net(b, "discriminator", discriminator);
    genlat_net_destroy(&generator);
    genlat_net_destroy(&discriminator);
    return b;
}

/* A discriminator that does not see the data can say nothing of them. */
START_TEST(a_discriminator_must_read_its_data)
{
    static const char *const ignoring[][2] = {{"dense units=4 from=c; relu; dense units=1", NULL},
                                              {"dense units=1 from=c name=says; dense units=3 from=x name=more",
                                               "says,more"}}; /* another output is not enough */
    genlat_model *model = NULL;
    for (size_t i = 0; i < COUNT(ignoring); i++) {
        genlat_model_builder *b = gan_of(3, own(2, 3, ignoring[i][0], ignoring[i][1]));
        reports(b, NULL, GENLAT_E_INVALID, "genlat_model_build", "discriminator: input x is not used");
    }
    genlat_model_builder *b = gan_of(3, own(2, 3, "concat from=x,c; dense units=1", NULL));
    ok(genlat_model_build(&b, NULL, &model));
    genlat_model_destroy(&model);
    b = gan_of(0, own(2, 0, "dense units=1", NULL));
    ok(genlat_model_build(&b, NULL, &model));
    genlat_model_destroy(&model);
}
END_TEST

START_TEST(nets_are_given_all_or_none)
{
    genlat_net *net = own(2, 0, "dense units=1", NULL);
    genlat_model_builder *b = gan_of(0, NULL);
    reports(b, NULL, GENLAT_E_STATE, "genlat_model_build", "discriminator");
    b = plain("gan");
    genlat_model_builder_net(b, "encoder", net);
    reports(b, NULL, GENLAT_E_NOT_FOUND, "genlat_model_builder_net", "encoder");
    b = gan_of(0, own(3, 0, "dense units=1", NULL));
    reports(b, NULL, GENLAT_E_SHAPE, "genlat_model_build", "discriminator");
    b = gan_of(0, own(2, 0, "dense units=2", NULL));
    reports(b, NULL, GENLAT_E_SHAPE, "genlat_model_build", "1 expected");
    genlat_net_destroy(&net);
}
END_TEST

/* ---- questions -------------------------------------------------------------------------------- */

START_TEST(models_answer_and_keep_quiet_without_one)
{
    static const char *const families[] = {"vae", "gan", "predictor"};
    static const char *const first[] = {"neg_elbo", "d_loss", "loss"};
    static const int64_t latents[] = {2, 2, 0};
    genlat_model *models[] = {small_vae(), small_gan(), small_predictor()};
    for (size_t i = 0; i < COUNT(models); i++) {
        genlat_model *model = models[i];
        int64_t dims[GENLAT_MAX_DIMS] = {0}, size = 0;
        int32_t ndim = 0, parts = 0, terms = 0;
        const long before = allocations;
        ck_assert_str_eq(genlat_model_family(model), families[i]);
        ck_assert_str_eq(genlat_model_term(model, 0), first[i]);
        ck_assert_int_eq(genlat_model_latent(model), latents[i]);
        ok(genlat_model_data_shape(model, &ndim, dims));
        ck_assert_int_eq(ndim, 1);
        ck_assert_int_eq(dims[0], 2);
        while (genlat_model_term(model, terms))
            terms++;
        ck_assert_int_le(terms, GENLAT_MAX_TERMS);
        for (; genlat_model_part(model, parts); parts++) {
            genlat_net *net = NULL;
            ok(genlat_model_net(model, genlat_model_part(model, parts), &net));
            size += genlat_net_size(net);
            genlat_net_destroy(&net);
        }
        ck_assert_int_eq(genlat_model_size(model), size);
        ck_assert_ptr_null(genlat_model_part(model, -1));
        ck_assert_ptr_null(genlat_model_term(model, -1));
        ok(genlat_model_freeze(model, genlat_model_part(model, 0), 1));
        REFUSED(GENLAT_E_NOT_FOUND, genlat_model_freeze, model, "nothing", 1);
        ok(genlat_model_freeze(model, "", 0));
        genlat_net *none = NULL;
        REFUSED(GENLAT_E_NOT_FOUND, genlat_model_net, model, "nothing", &none);
        char text[2048], small[16], needed[32];
        ok(genlat_model_describe(model, text, sizeof text));
        memset(small, 'a', sizeof small);
        REFUSED(GENLAT_E_RANGE, genlat_model_describe, model, small, sizeof small);
        snprintf(needed, sizeof needed, "%zu", strlen(text) + 1);
        ck_assert_ptr_nonnull(strstr(genlat_last_error(), needed));
        for (size_t k = 0; k < sizeof small; k++)
            ck_assert_int_eq(small[k], 'a');
        ok(genlat_model_describe(model, text, strlen(text) + 1));
        ck_assert_int_eq(allocations, before);
        genlat_model_destroy(&models[i]);
        ck_assert_ptr_null(models[i]);
    }
    ck_assert_ptr_null(genlat_model_family(NULL));
    ck_assert_int_eq(genlat_model_latent(NULL), 0);
    ck_assert_int_eq(genlat_model_size(NULL), 0);
    ck_assert_ptr_null(genlat_model_part(NULL, 0));
    ck_assert_ptr_null(genlat_model_term(NULL, 0));
}
END_TEST

/* Weights come from the stream init of the context's seed. */
START_TEST(seeds_of_contexts_decide_the_weights)
{
    genlat_tensor *kept[3] = {NULL};
    static const int64_t seeds[] = {4, 4, 5};
    genlat_ctx *mine = ctx;
    for (size_t i = 0; i < COUNT(seeds); i++) {
        genlat_ctx_opts opts;
        genlat_net *net = NULL;
        genlat_tensor *weight = NULL;
        genlat_ctx_opts_init(&opts);
        opts.seed = seeds[i];
        ok(genlat_ctx_new(&opts, &ctx));
        genlat_model *model = small_vae();
        ok(genlat_model_net(model, "decoder", &net));
        genlat_model_destroy(&model);
        ok(genlat_net_weight(net, genlat_net_weight_name(net, 0), &weight));
        ok(genlat_tensor_clone(weight, &kept[i]));
        genlat_tensor_destroy(&weight);
        genlat_net_destroy(&net);
        genlat_ctx_destroy(&ctx);
    }
    ctx = mine;
    same_tensors(kept[0], kept[1]);
    ck_assert_mem_ne(genlat_tensor_data(kept[0]), genlat_tensor_data(kept[2]),
                     (size_t)genlat_tensor_count(kept[0]) * sizeof(float));
    for (size_t i = 0; i < COUNT(kept); i++)
        genlat_tensor_destroy(&kept[i]);
}
END_TEST

/* ---- files ------------------------------------------------------------------------------------ */

START_TEST(files_hold_what_is_said)
{
    char path[] = "/tmp/genlat-promise-XXXXXX", other[] = "/tmp/genlat-promise-XXXXXX";
    genlat_model *model = small_vae(), *again = NULL;
    genlat_progress progress = {.size = sizeof progress};
    genlat_tensor *x = counting(2, (int64_t[]){4, 2}), *a = NULL, *b = NULL;
    close(mkstemp(path));
    close(mkstemp(other));
    ok(genlat_model_step(model, x, NULL, NULL));
    ok(genlat_model_save(model, path));
    ok(genlat_model_export(model, other));
    REFUSED_WITH("No such file", GENLAT_E_IO, genlat_model_save, model, "/nonexistent/folder/model");
    REFUSED_WITH("No such file", GENLAT_E_IO, genlat_model_export, model, "/nonexistent/folder/model");
    REFUSED(GENLAT_E_IO, genlat_model_load, ctx, "/nonexistent/folder/model", &again);
    ok(genlat_model_encode(model, x, NULL, &a));
    for (int i = 0; i < 2; i++) {
        ok(genlat_model_load(ctx, i ? other : path, &again));
        ok(genlat_model_progress(again, &progress));
        ck_assert_int_eq(progress.step, 1 - i); /* the exported one starts anew */
        ok(genlat_model_encode(again, x, NULL, &b));
        same_tensors(a, b);
        genlat_tensor_destroy(&b);
        genlat_model_destroy(&again);
    }
    genlat_net *net = NULL;
    ok(genlat_model_net(model, "encoder", &net));
    ok(genlat_net_save(net, path)); /* a net, but no model */
    REFUSED(GENLAT_E_FORMAT, genlat_model_load, ctx, path, &again);
    ck_assert_ptr_null(again);
    unlink(path);
    unlink(other);
    genlat_net_destroy(&net);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&a);
    genlat_model_destroy(&model);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {families_and_presets_are_listed,
                                  settings_are_read_and_kept,
                                  builders_report_their_first_error,
                                  conditions_have_their_limits,
                                  a_discriminator_must_read_its_data,
                                  nets_are_given_all_or_none,
                                  models_answer_and_keep_quiet_without_one,
                                  seeds_of_contexts_decide_the_weights,
                                  files_hold_what_is_said,
                                  NULL};
    return run_tests("promises of models", tests);
}
