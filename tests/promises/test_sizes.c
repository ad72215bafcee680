/* SPDX-License-Identifier: MIT */
/* Every public function with a struct that starts with its size, called by programs that know one member less and one
 * more. tests/abi/sizes.py compares the rows with the headers: a new function without a row fails there. */
#include "promises/rig.h"

#include <stddef.h>

#include "genlat/experimental.h"
#ifdef WITH_FILES
#    include "genlat/files.h"
#endif

enum { MARK = 0xa5, SPACE = 1024, MORE = 8 };

/* A struct of any kind with space behind it. */
typedef union any {
    size_t size;
    double align;
    unsigned char bytes[SPACE];
} any;

static genlat_net *net;
static genlat_exec *outer;
static genlat_optim *optim;
static genlat_loss *loss;
static genlat_source *source;
static genlat_model *vae, *gan, *partial;
static genlat_metric *metric;
static genlat_tensor *x, *labels;
static void *taped; /* what streams read: a saved object */
static size_t taped_size, taped_at;
static const any *record; /* what the calls below pass on */

static void set_up(void)
{
    genlat_exec_opts opts;
    genlat_exec_opts_init(&opts);
    rig_open();
    net = net_of(2, "dense units=2; tanh");
    source = synthetic("ring", 16, 1);
    vae = small_vae();
    gan = small_gan();
    partial =
        model_of("vae", (const setting[]){{"missing", "fill"}, {"architecture", "mlp widths=4"}, {NULL, NULL}}, NULL);
    ok(genlat_source_read(source, 0, 8, &x, &labels));
    ok(genlat_net_exec_bytes(net, 4, NULL, &opts.nested_bytes));
    ok(genlat_net_compile(net, 8, &opts, &outer));
    ok(genlat_adam_new(ctx, NULL, &optim));
    ok(genlat_loss_new(ctx, "gaussian sd=learned", &loss));
    ok(genlat_metric_new(ctx, "frechet", &metric));
    ok(genlat_metric_compute(metric,
                             &(genlat_metric_input){.size = sizeof(genlat_metric_input), .samples = x, .data = x}));
}

static void tear_down(void)
{
    genlat_ctx_free(ctx, taped);
    taped = NULL;
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
    genlat_model_destroy(&vae);
    genlat_model_destroy(&gan);
    genlat_model_destroy(&partial);
    genlat_source_destroy(&source);
    genlat_optim_destroy(&optim);
    genlat_loss_destroy(&loss);
    genlat_metric_destroy(&metric);
    genlat_exec_destroy(&outer);
    genlat_net_destroy(&net);
    rig_close();
}

static void rewind_tape(const char *what)
{
    genlat_ctx_free(ctx, taped);
    ok(strcmp(what, "net") == 0   ? genlat_net_save_memory(net, &taped, &taped_size)
       : strcmp(what, "vae") == 0 ? genlat_model_save_memory(vae, &taped, &taped_size)
                                  : genlat_optim_save_memory(optim, &taped, &taped_size));
    taped_at = 0;
}

static int64_t read_tape(void *user, void *buffer, size_t size)
{
    const size_t count = size < taped_size - taped_at ? size : taped_size - taped_at;
    memcpy(buffer, (const char *)taped + taped_at, count);
    taped_at += count;
    return (int64_t)count;
}

static int64_t write_nowhere(void *user, const void *buffer, size_t size)
{
    return (int64_t)size;
}

/* ---- calls ----------------------------------------------------------------------------------- */

/* A call that makes an object, which is destroyed at once. */
#define MAKES(fn, type, made, ...)                                                                                     \
    static genlat_status call_##fn(void)                                                                               \
    {                                                                                                                  \
        const type *given = (const type *)(const void *)record;                                                        \
        genlat_##made *out = NULL;                                                                                     \
        const genlat_status status = fn(__VA_ARGS__);                                                                  \
        genlat_##made##_destroy(&out);                                                                                 \
        return status;                                                                                                 \
    }
#define CALLS(fn, type, ...)                                                                                           \
    static genlat_status call_##fn(void)                                                                               \
    {                                                                                                                  \
        type *given = (type *)(uintptr_t)record;                                                                       \
        return fn(__VA_ARGS__);                                                                                        \
    }
/* A function of builders; the builder reports at the end. */
#define BUILDS(family)                                                                                                 \
    static genlat_status call_genlat_##family##_builder_set_options(void)                                              \
    {                                                                                                                  \
        genlat_##family##_opts read = {.size = sizeof read};                                                           \
        genlat_model_builder *builder = builder_of(#family, NULL);                                                     \
        genlat_model *made = NULL;                                                                                     \
        genlat_model_builder_data(builder, 1, (int64_t[]){2});                                                         \
        ok(genlat_##family##_builder_options(builder, &read));                                                         \
        genlat_##family##_builder_set_options(builder, (const genlat_##family##_opts *)(const void *)record);          \
        const genlat_status status = genlat_model_build(&builder, NULL, &made);                                        \
        genlat_model_destroy(&made);                                                                                   \
        return status;                                                                                                 \
    }                                                                                                                  \
    static genlat_status call_genlat_##family##_builder_options(void)                                                  \
    {                                                                                                                  \
        genlat_model_builder *builder = builder_of(#family, NULL);                                                     \
        const genlat_status status =                                                                                   \
            genlat_##family##_builder_options(builder, (genlat_##family##_opts *)(uintptr_t)record);                   \
        genlat_model_builder_destroy(&builder);                                                                        \
        return status;                                                                                                 \
    }

MAKES(genlat_ctx_new, genlat_ctx_opts, ctx, given, &out)
MAKES(genlat_source_callback, genlat_source_table, source, ctx, given, &out)
MAKES(genlat_source_describe, genlat_description, source, source, given, &out)
MAKES(genlat_source_transform, genlat_transform_opts, source, source, given, &out)
MAKES(genlat_batches_new, genlat_batches_opts, batches, source, given, &out)
MAKES(genlat_layer_new_own, genlat_layer_table, layer, ctx, given, &out)
MAKES(genlat_model_load_stream, genlat_stream_table, model, (rewind_tape("vae"), ctx), given, &out)
MAKES(genlat_net_load_stream, genlat_stream_table, net, (rewind_tape("net"), ctx), given, &out)
MAKES(genlat_model_sample, genlat_sample_opts, tensor, vae, 2, NULL, given, &out)
MAKES(genlat_model_complete, genlat_complete_opts, tensor, partial, x, NULL, given, &out)
MAKES(genlat_model_latents, genlat_sample_opts, tensor, vae, 2, given, &out)
MAKES(genlat_net_compile, genlat_exec_opts, exec, net, 4, given, &out)
MAKES(genlat_exec_compile_nested, genlat_exec_opts, exec, outer, net, 4, given, &out)
MAKES(genlat_sgd_new, genlat_sgd_opts, optim, ctx, given, &out)
MAKES(genlat_rmsprop_new, genlat_rmsprop_opts, optim, ctx, given, &out)
MAKES(genlat_adam_new, genlat_adam_opts, optim, ctx, given, &out)
MAKES(genlat_adamax_new, genlat_adamax_opts, optim, ctx, given, &out)
MAKES(genlat_lion_new, genlat_lion_opts, optim, ctx, given, &out)
MAKES(genlat_ema_new, genlat_ema_opts, ema, net, given, &out)
MAKES(genlat_trainer_new, genlat_train_opts, trainer, vae, source, NULL, given, &out)

static int64_t bytes;
CALLS(genlat_net_exec_bytes, genlat_exec_opts, net, 4, given, &bytes)
CALLS(genlat_optim_add_loss, genlat_group_opts, optim, loss, given)
CALLS(genlat_transform_opts_set, genlat_transform_opts, given, "limit", "3")
CALLS(genlat_train_opts_set, genlat_train_opts, given, "epochs", "3")
static genlat_status call_genlat_ctx_register_layer(void)
{
    genlat_ctx *fresh = NULL; /* which has no such name yet */
    ok(genlat_ctx_new(NULL, &fresh));
    const genlat_status status = genlat_ctx_register_layer(fresh, (const genlat_layer_table *)(const void *)record);
    genlat_ctx_destroy(&fresh);
    return status;
}
CALLS(genlat_model_save_stream, genlat_stream_table, vae, given)
CALLS(genlat_model_export_stream, genlat_stream_table, vae, given)
CALLS(genlat_optim_save_stream, genlat_stream_table, optim, given)
CALLS(genlat_optim_load_stream, genlat_stream_table, (rewind_tape("optim"), optim), given)
CALLS(genlat_net_save_stream, genlat_stream_table, net, given)
CALLS(genlat_gan_step, genlat_gan_terms, gan, x, NULL, given)
CALLS(genlat_gan_step_d, genlat_gan_terms, gan, x, NULL, given)
CALLS(genlat_gan_step_g, genlat_gan_terms, gan, x, NULL, given)
CALLS(genlat_vae_step, genlat_vae_terms, vae, NULL, x, NULL, given)
CALLS(genlat_vae_backward, genlat_vae_terms, vae, x, NULL, given)
CALLS(genlat_vae_elbo, genlat_vae_terms, vae, x, NULL, 2, 3, given)
CALLS(genlat_model_progress, genlat_progress, vae, given)
#ifdef WITH_FILES
CALLS(genlat_csv_write_samples, genlat_description, "/dev/null", x, NULL, given)
#endif
CALLS(genlat_source_description, genlat_description, source, given)
CALLS(genlat_model_description, genlat_description, vae, given)
CALLS(genlat_model_set_description, genlat_description, vae, given)
CALLS(genlat_metric_moments, genlat_moments, x, given)
CALLS(genlat_metric_neighbours, genlat_neighbours, x, x, 2, given)
CALLS(genlat_metric_modes, genlat_modes, x, x, 0.1, given)
CALLS(genlat_metric_class_modes, genlat_modes, labels, 8, given)
CALLS(genlat_metric_compute, genlat_metric_input, metric, given)
CALLS(genlat_metric_result, genlat_metric_value, metric, 0, given)
CALLS(genlat_net_check, genlat_check_result, net, 1, (const genlat_tensor *[]){x}, 2, 1, given)

CALLS(genlat_kind_option, genlat_option_info, "layers", "dense", 0, given)

static genlat_status call_genlat_model_fit(void)
{
    ok(genlat_model_restart(vae));
    return genlat_model_fit(vae, source, NULL, (const genlat_train_opts *)(const void *)record);
}

static genlat_status call_genlat_optim_add(void)
{
    genlat_optim *fresh = NULL;
    ok(genlat_adam_new(ctx, NULL, &fresh));
    const genlat_status status = genlat_optim_add(fresh, net, NULL, (const genlat_group_opts *)(const void *)record);
    genlat_optim_destroy(&fresh);
    return status;
}

BUILDS(vae)
BUILDS(gan)

/* The allocator is a member of other options. */
static genlat_status call_allocator(void)
{
    genlat_ctx_opts opts;
    genlat_ctx *out = NULL;
    genlat_ctx_opts_init(&opts);
    opts.allocator = (const genlat_allocator *)(const void *)record;
    const genlat_status status = genlat_ctx_new(&opts, &out);
    genlat_ctx_destroy(&out);
    return status;
}

/* ---- structs ---------------------------------------------------------------------------------- */

static void *plain_alloc(void *user, size_t size, size_t align)
{
    return aligned_alloc(align, (size + align - 1) / align * align);
}

static void plain_free(void *user, void *memory)
{
    free(memory);
}

static int32_t fetch(void *user, const int64_t *indices, int64_t n, uint64_t draw, float *out, float *classes)
{
    memset(out, 0, (size_t)n * sizeof *out);
    return 0;
}

static genlat_status infer(void *user, genlat_layer_plan *plan)
{
    return genlat_layer_plan_output(plan, 0, NULL);
}

static void compute(void *user, const genlat_layer_call *call)
{
}

static void fill_table(const char *type, any *out)
{
    if (strcmp(type, "genlat_source_table") == 0)
        memcpy(out, &(genlat_source_table){.size = sizeof(genlat_source_table), .count = 4, .fetch = fetch},
               sizeof(genlat_source_table));
    if (strcmp(type, "genlat_stream_table") == 0)
        memcpy(out, &(genlat_stream_table){sizeof(genlat_stream_table), NULL, read_tape, write_nowhere, 0},
               sizeof(genlat_stream_table));
    if (strcmp(type, "genlat_allocator") == 0)
        memcpy(out, &(genlat_allocator){sizeof(genlat_allocator), NULL, plain_alloc, plain_free},
               sizeof(genlat_allocator));
    if (strcmp(type, "genlat_layer_table") == 0)
        memcpy(out,
               &(genlat_layer_table){.size = sizeof(genlat_layer_table),
                                     .name = "mine",
                                     .inputs = 1,
                                     .infer = infer,
                                     .forward = compute,
                                     .backward = compute},
               sizeof(genlat_layer_table));
}

#define DEFAULTS(type)                                                                                                 \
    static void init_##type(const char *name, any *out)                                                                \
    {                                                                                                                  \
        type##_init_sized((type *)(void *)out, sizeof(type));                                                          \
    }
DEFAULTS(genlat_ctx_opts)
DEFAULTS(genlat_transform_opts)
DEFAULTS(genlat_batches_opts)
DEFAULTS(genlat_sample_opts)
DEFAULTS(genlat_complete_opts)
DEFAULTS(genlat_exec_opts)
DEFAULTS(genlat_sgd_opts)
DEFAULTS(genlat_rmsprop_opts)
DEFAULTS(genlat_adam_opts)
DEFAULTS(genlat_adamax_opts)
DEFAULTS(genlat_lion_opts)
DEFAULTS(genlat_group_opts)
DEFAULTS(genlat_ema_opts)
DEFAULTS(genlat_train_opts)

static void init_genlat_vae_opts(const char *name, any *out)
{
    out->size = sizeof(genlat_vae_opts);
    record = out;
    ok(call_genlat_vae_builder_options());
}

static void init_genlat_gan_opts(const char *name, any *out)
{
    out->size = sizeof(genlat_gan_opts);
    record = out;
    ok(call_genlat_gan_builder_options());
}

static void init_genlat_description(const char *name, any *out)
{
    memcpy(out, &(genlat_description){.size = sizeof(genlat_description), .rate = 8000}, sizeof(genlat_description));
}

static void init_genlat_metric_input(const char *name, any *out)
{
    const genlat_metric_input in = {.size = sizeof in, .samples = x, .data = x};
    memcpy(out, &in, sizeof in);
}

/* ---- rows ------------------------------------------------------------------------------------- */

typedef genlat_status call(void);

/* Options and tables that a function reads. */
#define OPTIONS(fn, type, last)                                                                                        \
    {                                                                                                                  \
        .function = #fn, #type, sizeof(type), offsetof(type, last), call_##fn, init_##type, 0                          \
    }
#define TABLE(fn, type, last)                                                                                          \
    {                                                                                                                  \
        .function = #fn, #type, sizeof(type), offsetof(type, last), call_##fn, fill_table, 0                           \
    }
#define RESERVED(fn, type, member)                                                                                     \
    {                                                                                                                  \
        .function = #fn, #type, sizeof(type), offsetof(type, member), call_##fn, init_##type, offsetof(type, member)   \
    }
static const struct input {
    const char *function, *type;
    size_t known, last; /* bytes; where the last member begins */
    call *make;
    void (*fill)(const char *type, any *out);
    size_t reserved; /* where a member begins that must be 0; 0: none */
} inputs[] = {
    OPTIONS(genlat_ctx_new, genlat_ctx_opts, memory_limit),
    TABLE(genlat_source_callback, genlat_source_table, free),
    OPTIONS(genlat_source_describe, genlat_description, keys),
    OPTIONS(genlat_model_set_description, genlat_description, keys),
    OPTIONS(genlat_metric_compute, genlat_metric_input, probabilities),
#ifdef WITH_FILES
    OPTIONS(genlat_csv_write_samples, genlat_description, keys),
    RESERVED(genlat_csv_write_samples, genlat_description, reserved),
#endif
    OPTIONS(genlat_source_transform, genlat_transform_opts, labelled),
    OPTIONS(genlat_batches_new, genlat_batches_opts, reserved),
    TABLE(genlat_model_save_stream, genlat_stream_table, limit),
    TABLE(genlat_model_export_stream, genlat_stream_table, limit),
    TABLE(genlat_model_load_stream, genlat_stream_table, limit),
    TABLE(genlat_optim_save_stream, genlat_stream_table, limit),
    TABLE(genlat_optim_load_stream, genlat_stream_table, limit),
    TABLE(genlat_net_save_stream, genlat_stream_table, limit),
    TABLE(genlat_net_load_stream, genlat_stream_table, limit),
    TABLE(genlat_ctx_register_layer, genlat_layer_table, free),
    TABLE(genlat_layer_new_own, genlat_layer_table, free),
    OPTIONS(genlat_gan_builder_set_options, genlat_gan_opts, init_samples),
    OPTIONS(genlat_vae_builder_set_options, genlat_vae_opts, reserved),
    OPTIONS(genlat_model_sample, genlat_sample_opts, reserved),
    OPTIONS(genlat_model_latents, genlat_sample_opts, reserved),
    OPTIONS(genlat_model_complete, genlat_complete_opts, seed),
    OPTIONS(genlat_net_compile, genlat_exec_opts, reserved),
    OPTIONS(genlat_exec_compile_nested, genlat_exec_opts, reserved),
    OPTIONS(genlat_net_exec_bytes, genlat_exec_opts, reserved),
    OPTIONS(genlat_sgd_new, genlat_sgd_opts, reserved),
    OPTIONS(genlat_rmsprop_new, genlat_rmsprop_opts, reserved),
    OPTIONS(genlat_adam_new, genlat_adam_opts, reserved),
    OPTIONS(genlat_adamax_new, genlat_adamax_opts, reserved2),
    OPTIONS(genlat_lion_new, genlat_lion_opts, reserved2),
    OPTIONS(genlat_optim_add, genlat_group_opts, reserved),
    OPTIONS(genlat_optim_add_loss, genlat_group_opts, reserved),
    OPTIONS(genlat_ema_new, genlat_ema_opts, reserved),
    OPTIONS(genlat_trainer_new, genlat_train_opts, holdout),
    OPTIONS(genlat_model_fit, genlat_train_opts, holdout),
    {"genlat_ctx_new", "genlat_allocator", sizeof(genlat_allocator), sizeof(genlat_allocator), call_allocator,
     fill_table, 0},
    RESERVED(genlat_ctx_new, genlat_ctx_opts, reserved),
    RESERVED(genlat_model_sample, genlat_sample_opts, reserved),
    RESERVED(genlat_model_latents, genlat_sample_opts, reserved),
    RESERVED(genlat_source_describe, genlat_description, reserved),
    RESERVED(genlat_model_set_description, genlat_description, reserved),
    RESERVED(genlat_source_transform, genlat_transform_opts, reserved),
    RESERVED(genlat_batches_new, genlat_batches_opts, reserved),
    RESERVED(genlat_vae_builder_set_options, genlat_vae_opts, reserved),
    RESERVED(genlat_net_compile, genlat_exec_opts, reserved),
    RESERVED(genlat_exec_compile_nested, genlat_exec_opts, reserved),
    RESERVED(genlat_net_exec_bytes, genlat_exec_opts, reserved),
    RESERVED(genlat_sgd_new, genlat_sgd_opts, reserved),
    RESERVED(genlat_rmsprop_new, genlat_rmsprop_opts, reserved),
    RESERVED(genlat_adam_new, genlat_adam_opts, reserved),
    RESERVED(genlat_adamax_new, genlat_adamax_opts, reserved),
    RESERVED(genlat_adamax_new, genlat_adamax_opts, reserved2),
    RESERVED(genlat_lion_new, genlat_lion_opts, reserved),
    RESERVED(genlat_lion_new, genlat_lion_opts, reserved2),
    RESERVED(genlat_optim_add, genlat_group_opts, reserved),
    RESERVED(genlat_optim_add_loss, genlat_group_opts, reserved),
    RESERVED(genlat_ema_new, genlat_ema_opts, reserved),
};

/* Structs that a function fills. The last column: the same call gives the same numbers. */
#define RESULT(fn, type, last, repeats)                                                                                \
    {                                                                                                                  \
        .function = #fn, #type, sizeof(type), offsetof(type, last), call_##fn, repeats                                 \
    }
static const struct output {
    const char *function, *type;
    size_t known, last;
    call *make;
    int repeats;
} outputs[] = {
    RESULT(genlat_gan_builder_options, genlat_gan_opts, init_samples, 1),
    RESULT(genlat_vae_builder_options, genlat_vae_opts, reserved, 1),
    RESULT(genlat_gan_step, genlat_gan_terms, accuracy, 0),
    RESULT(genlat_gan_step_d, genlat_gan_terms, accuracy, 0),
    RESULT(genlat_gan_step_g, genlat_gan_terms, accuracy, 0),
    RESULT(genlat_vae_step, genlat_vae_terms, beta, 0),
    RESULT(genlat_vae_backward, genlat_vae_terms, beta, 0),
    RESULT(genlat_vae_elbo, genlat_vae_terms, beta, 1),
    RESULT(genlat_model_progress, genlat_progress, held_out, 1),
    RESULT(genlat_source_description, genlat_description, keys, 1),
    RESULT(genlat_model_description, genlat_description, keys, 1),
    RESULT(genlat_metric_moments, genlat_moments, max, 1),
    RESULT(genlat_metric_neighbours, genlat_neighbours, coverage, 1),
    RESULT(genlat_metric_modes, genlat_modes, kl, 1),
    RESULT(genlat_metric_class_modes, genlat_modes, kl, 1),
    RESULT(genlat_metric_result, genlat_metric_value, help, 1),
    RESULT(genlat_net_check, genlat_check_result, kinks, 1),
    RESULT(genlat_kind_option, genlat_option_info, choices, 1),
};

/* Functions that change one member of options which the program keeps. */
#define SETTER(fn, type, last)                                                                                         \
    {                                                                                                                  \
        .function = #fn, #type, sizeof(type), offsetof(type, last), call_##fn, init_##type, 0                          \
    }
static const struct input setters[] = {
    SETTER(genlat_transform_opts_set, genlat_transform_opts, labelled),
    SETTER(genlat_train_opts_set, genlat_train_opts, holdout),
};

/* ---- the tests -------------------------------------------------------------------------------- */

static any filled(const struct input *in)
{
    any out;
    memset(&out, 0, sizeof out);
    in->fill(in->type, &out);
    ck_assert_uint_eq(out.size, in->known);
    memset(out.bytes + in->known, MARK, SPACE - in->known);
    return out;
}

static genlat_status give(const struct input *in, any *given, size_t size)
{
    given->size = size;
    record = given;
    return in->make();
}

/* The size is believed: bytes behind it are not read, and unknown members must be 0. */
START_TEST(shorter_and_longer_options_are_understood)
{
    const struct input *in = &inputs[_i];
    any given = filled(in);
    ck_assert_msg(give(in, &given, in->known) == GENLAT_OK, "%s", genlat_last_error());
    memset(given.bytes + in->last, MARK, SPACE - in->last);
    if (!in->reserved)
        ck_assert_msg(give(in, &given, in->last) == GENLAT_OK, "%s: %s", in->function, genlat_last_error());
    given = filled(in);
    memset(given.bytes + in->known, 0, MORE);
    ck_assert_msg(give(in, &given, in->known + MORE) == GENLAT_OK, "%s: %s", in->function, genlat_last_error());
    given.bytes[in->known + MORE - 1] = 1;
    rig_refused(in->function, give(in, &given, in->known + MORE), GENLAT_E_UNSUPPORTED, __LINE__);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "this version"));
}
END_TEST

START_TEST(reserved_members_are_zero)
{
    const struct input *in = &inputs[_i];
    any given = filled(in);
    if (in->reserved) {
        given.bytes[in->reserved] = 1;
        rig_refused(in->function, give(in, &given, in->known), GENLAT_E_UNSUPPORTED, __LINE__);
        ck_assert_ptr_nonnull(strstr(genlat_last_error(), "reserved"));
    }
}
END_TEST

START_TEST(sizes_that_were_not_set_are_refused)
{
    static const size_t wrong[] = {0, 1, sizeof(size_t) - 1, 1 << 20, SIZE_MAX};
    const struct input *in = &inputs[_i];
    for (size_t i = 0; i < COUNT(wrong); i++) {
        any given = filled(in);
        rig_refused(in->function, give(in, &given, wrong[i]), GENLAT_E_INVALID, __LINE__);
        ck_assert_ptr_nonnull(strstr(genlat_last_error(), "size"));
    }
}
END_TEST

static any receive(const struct output *out, size_t size)
{
    any got;
    memset(&got, MARK, sizeof got);
    got.size = size;
    record = &got;
    ck_assert_msg(out->make() == GENLAT_OK, "%s: %s", out->function, genlat_last_error());
    ck_assert_uint_eq(got.size, size);
    for (size_t i = size; i < SPACE; i++)
        ck_assert_msg(got.bytes[i] == MARK, "%s writes byte %zu of %zu", out->function, i, size);
    return got;
}

/* What both know is given, what the library does not know becomes 0, and nothing behind is touched. */
START_TEST(shorter_and_longer_results_are_filled)
{
    const size_t head = sizeof(size_t);
    const struct output *out = &outputs[_i];
    const any whole = receive(out, out->known), less = receive(out, out->last), more = receive(out, out->known + MORE);
    for (size_t i = out->known; i < out->known + MORE; i++)
        ck_assert_uint_eq(more.bytes[i], 0);
    if (out->repeats) {
        ck_assert_mem_eq(less.bytes + head, whole.bytes + head, out->last - head);
        ck_assert_mem_eq(more.bytes + head, whole.bytes + head, out->known - head);
    }
    any got;
    memset(&got, MARK, sizeof got);
    got.size = 0;
    record = &got;
    rig_refused(out->function, out->make(), GENLAT_E_INVALID, __LINE__);
    for (size_t i = head; i < SPACE; i++)
        ck_assert_uint_eq(got.bytes[i], MARK);
}
END_TEST

/* A member that the program's struct does not have cannot be set; members that the library does not know stay. */
START_TEST(setters_stay_within_the_struct)
{
    const struct input *in = &setters[_i];
    const size_t set = _i ? offsetof(genlat_train_opts, epochs) : offsetof(genlat_transform_opts, limit);
    const size_t sizes[] = {in->known, in->last, in->known + MORE, set + sizeof(int64_t)};
    for (size_t i = 0; i < COUNT(sizes); i++) {
        any given = filled(in), before = given;
        memset(given.bytes + sizes[i], MARK, SPACE - sizes[i]);
        before = given;
        ck_assert_msg(give(in, &given, sizes[i]) == GENLAT_OK, "%s: %s", in->function, genlat_last_error());
        before.size = sizes[i];
        memcpy(before.bytes + set, &(int64_t){3}, sizeof(int64_t));
        ck_assert_mem_eq(given.bytes, before.bytes, SPACE);
    }
    any given = filled(in), before = given;
    before.size = set;
    rig_refused(in->function, give(in, &given, set), GENLAT_E_NOT_FOUND, __LINE__);
    ck_assert_mem_eq(given.bytes, before.bytes, SPACE);
    rig_refused(in->function, give(in, &given, 0), GENLAT_E_INVALID, __LINE__);
    ck_assert_mem_eq(given.bytes + sizeof(size_t), before.bytes + sizeof(size_t), SPACE - sizeof(size_t));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sizes");
    TCase *tests = tcase_create("older and newer programs");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, shorter_and_longer_options_are_understood, 0, COUNT(inputs));
    tcase_add_loop_test(tests, reserved_members_are_zero, 0, COUNT(inputs));
    tcase_add_loop_test(tests, sizes_that_were_not_set_are_refused, 0, COUNT(inputs));
    tcase_add_loop_test(tests, shorter_and_longer_results_are_filled, 0, COUNT(outputs));
    tcase_add_loop_test(tests, setters_stay_within_the_struct, 0, COUNT(setters));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
