/* SPDX-License-Identifier: MIT */
/* Objects and expectations of the tests of promises. */
#include "promises/rig.h"

genlat_ctx *ctx;
atomic_long allocations, bytes_asked, blocks;
int refuse_memory;

static void *counted_alloc(void *user, size_t bytes, size_t align)
{
    if (refuse_memory || bytes > (size_t)1 << 40)
        return NULL;
    void *memory = aligned_alloc(align, (bytes + align - 1) / align * align);
    atomic_fetch_add(&allocations, 1);
    atomic_fetch_add(&bytes_asked, (long)bytes);
    atomic_fetch_add(&blocks, memory != NULL);
    return memory;
}

static void counted_free(void *user, void *memory)
{
    atomic_fetch_sub(&blocks, memory != NULL);
    free(memory);
}

void rig_open(void)
{
    static const genlat_allocator allocator = {sizeof allocator, NULL, counted_alloc, counted_free};
    genlat_ctx_opts opts;
    genlat_ctx_opts_init(&opts);
    opts.allocator = &allocator;
    refuse_memory = 0;
    ok(genlat_ctx_new(&opts, &ctx));
}

void rig_close(void)
{
    refuse_memory = 0;
    genlat_ctx_destroy(&ctx);
    ck_assert_msg(blocks == 0, "%ld blocks are not freed", atomic_load(&blocks));
}

void ok(genlat_status status)
{
    ck_assert_msg(status == GENLAT_OK, "%s: %s", genlat_status_name(status), genlat_last_error());
}

void rig_refused(const char *function, genlat_status status, genlat_status wanted, int line)
{
    const char *error = genlat_last_error();
    ck_assert_msg(status == wanted, "line %d: %s gives %s, %s expected: %s", line, function, genlat_status_name(status),
                  genlat_status_name(wanted), error);
    ck_assert_msg(strncmp(error, function, strlen(function)) == 0, "line %d: '%s' is not of %s", line, error, function);
    ck_assert_ptr_null(strchr(error, '\n'));
}

genlat_tensor *tensor_of(int32_t ndim, const int64_t *dims, const float *data)
{
    genlat_tensor *out = NULL;
    ok(genlat_tensor_from(ctx, ndim, dims, data, &out));
    return out;
}

genlat_tensor *vector_of(int64_t n, const float *data)
{
    return tensor_of(1, &n, data);
}

genlat_tensor *counting(int32_t ndim, const int64_t *dims)
{
    genlat_tensor *out = NULL;
    ok(genlat_tensor_new(ctx, ndim, dims, &out));
    for (int64_t i = 0; i < genlat_tensor_count(out); i++)
        genlat_tensor_data(out)[i] = (float)i;
    return out;
}

void same_tensors(const genlat_tensor *a, const genlat_tensor *b)
{
    ck_assert_int_eq(genlat_tensor_ndim(a), genlat_tensor_ndim(b));
    for (int32_t i = 0; i < genlat_tensor_ndim(a); i++)
        ck_assert_int_eq(genlat_tensor_dim(a, i), genlat_tensor_dim(b, i));
    ck_assert_mem_eq(genlat_tensor_const_data(a), genlat_tensor_const_data(b),
                     (size_t)genlat_tensor_count(a) * sizeof(float));
}

genlat_source *synthetic(const char *name, int64_t n, int64_t seed)
{
    genlat_source *out = NULL;
    ok(genlat_source_synthetic(ctx, name, n, seed, &out));
    return out;
}

genlat_net *net_of(int64_t features, const char *layers)
{
    genlat_net_builder *builder = NULL;
    genlat_net *net = NULL;
    ok(genlat_net_builder_new(ctx, &builder));
    genlat_net_builder_input(builder, "x", 1, &features);
    genlat_net_builder_text(builder, layers);
    ok(genlat_net_build(&builder, &net));
    return net;
}

genlat_exec *exec_of(genlat_net *net, int64_t rows, uint32_t purpose)
{
    genlat_exec *exec = NULL;
    genlat_exec_opts opts;
    genlat_exec_opts_init(&opts);
    opts.purpose = purpose;
    ok(genlat_net_compile(net, rows, &opts, &exec));
    return exec;
}

genlat_model_builder *builder_of(const char *family, const setting *settings)
{
    genlat_model_builder *builder = NULL;
    ok(genlat_model_builder_new(ctx, family, &builder));
    if (strcmp(family, "vae") == 0) /* the data have any numbers */
        genlat_model_builder_set(builder, "likelihood", "gaussian");
    for (; settings && settings->key; settings++)
        genlat_model_builder_set(builder, settings->key, settings->value);
    return builder;
}

genlat_model *model_of(const char *family, const setting *settings, genlat_source *source)
{
    genlat_model_builder *builder = builder_of(family, settings);
    genlat_model *model = NULL;
    if (!source)
        genlat_model_builder_data(builder, 1, (int64_t[]){2});
    ok(genlat_model_build(&builder, source, &model));
    return model;
}

genlat_model *small_vae(void)
{
    static const setting settings[] = {{"latent", "2"},
                                       {"encoder", "dense units=4; relu"},
                                       {"decoder", "dense units=4; relu; dense units=2"},
                                       {NULL, NULL}};
    return model_of("vae", settings, NULL);
}

genlat_model *small_gan(void)
{
    static const setting settings[] = {{"latent", "2"},
                                       {"generator", "dense units=2"},
                                       {"discriminator", "dense units=4; leaky_relu; dense units=1"},
                                       {NULL, NULL}};
    return model_of("gan", settings, NULL);
}

genlat_model *small_predictor(void)
{
    static const setting settings[] = {{"net", "dense units=4; relu"}, {"condition", "classes=8"}, {NULL, NULL}};
    return model_of("predictor", settings, NULL);
}

int run_tests(const char *name, const TTest *const *tests)
{
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create("promises");
    tcase_add_checked_fixture(tcase, rig_open, rig_close);
    for (; *tests; tests++)
        tcase_add_test(tcase, *tests);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
