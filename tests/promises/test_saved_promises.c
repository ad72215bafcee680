/* SPDX-License-Identifier: MIT */
/* What io.h and model.h say of files that are damaged, of another version, or of other nets: one change at a time. */
#include "promises/rig.h"

#include <stdio.h>
#include <unistd.h>

enum { MOST = 1 << 16 };

static char path[40];

/* Puts as many bytes in the place of others, once. */
static void change(const char *from, const char *to)
{
    static char bytes[MOST];
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    const size_t size = fread(bytes, 1, sizeof bytes, file), length = strlen(from);
    fclose(file);
    ck_assert_uint_eq(length, strlen(to));
    size_t at = 0;
    while (at + length <= size && memcmp(bytes + at, from, length) != 0)
        at++;
    ck_assert_msg(at + length <= size, "'%s' is not in the file", from);
    memcpy(bytes + at, to, length);
    file = fopen(path, "wb");
    ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

typedef struct damage {
    const char *from, *to;
    genlat_status wanted;
    const char *word;
} damage;

static const damage of_nets[] = {{"genlat.format\":\"1", "genlat.format\":\"9", GENLAT_E_UNSUPPORTED, "9"},
                                 {"genlat.net", "genlat.nix", GENLAT_E_NOT_FOUND, "net"},
                                 {"dense units=2", "dance units=2", GENLAT_E_NOT_FOUND, "dance"},
                                 {"dense units=2", "dense units=0", GENLAT_E_RANGE, "units"},
                                 {"\"a.bias\"", "\"b.bias\"", GENLAT_E_NOT_FOUND, "a.bias"},
                                 {"\"shape\":[2,3]", "\"shape\":[3,2]", GENLAT_E_SHAPE, "a.weight"},
                                 {"\"shape\":[2,3]", "\"shape\":[2,4]", GENLAT_E_FORMAT, "a.weight"},
                                 {"[24,32]", "[24,99]", GENLAT_E_FORMAT, "a.bias"},
                                 {"{\"__metadata__", "[\"__metadata__", GENLAT_E_FORMAT, "header"}};
static const damage of_weights[] = {{"\"a.bias\"", "\"b.bias\"", GENLAT_E_NOT_FOUND, "a.bias"},
                                    {"\"dtype\":\"F32\"", "\"dtype\":\"I32\"", GENLAT_E_FORMAT, "I32"},
                                    {"\"dtype\":\"F32\"", "\"dtype\":\"F77\"", GENLAT_E_UNSUPPORTED, "F77"},
                                    {"\"shape\":[2,3]", "\"shape\":[3,2]", GENLAT_E_SHAPE, "a.weight"},
                                    {"{\"__metadata__", "[\"__metadata__", GENLAT_E_FORMAT, "header"}};
static const damage of_models[] = {
    {"genlat.format\":\"1", "genlat.format\":\"9", GENLAT_E_UNSUPPORTED, "9"},
    {"latent=2", "latent=0", GENLAT_E_RANGE, "latent"},
    {"genlat.vae.epochs\":\"20", "genlat.vae.epochs\":\"2x", GENLAT_E_FORMAT, "epochs"},
    {"likelihood\":\"gaussian", "likelihood\":\"gaussiam", GENLAT_E_NOT_FOUND, "gaussiam"},
    {"dense units=4 name=0", "dance units=4 name=0", GENLAT_E_NOT_FOUND, "dance"},
    {"\"encoder.0.bias\"", "\"encoder.9.bias\"", GENLAT_E_NOT_FOUND, "0.bias"},
    {"\"shape\":[4,2]", "\"shape\":[2,4]", GENLAT_E_SHAPE, "0.weight"},
    {"genlat.train.step\":\"0", "genlat.train.step\":\"x", GENLAT_E_FORMAT, "step"}};

static void check(genlat_status status, const damage *d, const char *function)
{
    rig_refused(function, status, d->wanted, __LINE__);
    ck_assert_msg(strstr(genlat_last_error(), d->word) != NULL, "'%s' is not in '%s'", d->word, genlat_last_error());
}

static void begin(void)
{
    strcpy(path, "/tmp/genlat-promise-XXXXXX");
    close(mkstemp(path));
}

START_TEST(nets_are_read_as_they_should_be)
{
    genlat_net *net = net_of(3, "dense units=2 name=a"), *out = NULL;
    begin();
    for (size_t i = 0; i < COUNT(of_nets); i++) {
        ok(genlat_net_save(net, path));
        ok(genlat_net_load(ctx, path, &out));
        genlat_net_destroy(&out);
        change(of_nets[i].from, of_nets[i].to);
        check(genlat_net_load(ctx, path, &out), &of_nets[i], "genlat_net_load");
        ck_assert_ptr_null(out);
    }
    unlink(path);
    genlat_net_destroy(&net);
}
END_TEST

START_TEST(weights_are_all_taken_over_or_none)
{
    genlat_net *net = net_of(3, "dense units=2 name=a");
    genlat_tensor *weight = NULL;
    begin();
    ok(genlat_net_weight(net, "a.weight", &weight));
    for (size_t i = 0; i < COUNT(of_weights); i++) {
        ok(genlat_net_save(net, path));
        change(of_weights[i].from, of_weights[i].to);
        ok(genlat_tensor_fill(weight, 7));
        check(genlat_net_load_weights(net, path, NULL), &of_weights[i], "genlat_net_load_weights");
        for (int k = 0; k < 6; k++)
            ck_assert_float_eq(genlat_tensor_data(weight)[k], 7);
    }
    ok(genlat_net_save(net, path));
    change("\"a.bias\"", "\"z.bias\"");
    change("\"a.weight\"", "\"z.weight\"");
    genlat_net *other = net_of(3, "dense units=2 name=bias bias=no");
    REFUSED(GENLAT_E_NOT_FOUND, genlat_net_load_weights, other, path, "z.");
    genlat_net_destroy(&other);
    other = net_of(3, "dense units=2 name=a");
    REFUSED(GENLAT_E_NOT_FOUND, genlat_net_load_weights, other, path, NULL);
    unlink(path);
    genlat_tensor_destroy(&weight);
    genlat_net_destroy(&other);
    genlat_net_destroy(&net);
}
END_TEST

START_TEST(models_are_read_as_they_should_be)
{
    static const setting settings[] = {
        {"latent", "2"}, {"encoder", "dense units=4"}, {"decoder", "dense units=2"}, {NULL, NULL}};
    genlat_model *model = model_of("vae", settings, NULL), *out = NULL;
    begin();
    for (size_t i = 0; i < COUNT(of_models); i++) {
        ok(genlat_model_save(model, path));
        ok(genlat_model_load(ctx, path, &out));
        genlat_model_destroy(&out);
        change(of_models[i].from, of_models[i].to);
        check(genlat_model_load(ctx, path, &out), &of_models[i], "genlat_model_load");
        ck_assert_ptr_null(out);
    }
    unlink(path);
    genlat_model_destroy(&model);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {nets_are_read_as_they_should_be, weights_are_all_taken_over_or_none,
                                  models_are_read_as_they_should_be, NULL};
    return run_tests("promises of saved nets and models", tests);
}
