/* SPDX-License-Identifier: MIT */
/* What stream.h, io.h and model.h say of models and nets in memory and in streams of the program. */
#include "promises/rig.h"

#include <stdio.h>
#include <unistd.h>

enum { MOST = 1 << 16, OWN_STATUS = GENLAT_E_NOT_FOUND };

static const char own_text[] = "the archive is locked";
static char path[40];

/* A stream over a block, which moves some bytes a call and fails at a place. */
typedef struct tape {
    unsigned char bytes[MOST];
    size_t size, at;
    size_t piece;   /* most bytes a call */
    size_t fail_at; /* 0: never */
    int64_t answer; /* of the call that fails */
    int with_text;
} tape;

static int fails(const tape *t)
{
    return t->fail_at && t->at >= t->fail_at;
}

static int64_t fail_now(const tape *t)
{
    if (t->with_text)
        (void)genlat_error_set(OWN_STATUS, "%s", own_text);
    return t->answer;
}

static int64_t read_tape(void *user, void *buffer, size_t size)
{
    tape *t = user;
    ck_assert_uint_gt(size, 0);
    if (fails(t))
        return fail_now(t);
    const size_t n = t->size - t->at < t->piece ? t->size - t->at : t->piece, count = n < size ? n : size;
    memcpy(buffer, t->bytes + t->at, count);
    t->at += count;
    return (int64_t)count;
}

static int64_t write_tape(void *user, const void *buffer, size_t size)
{
    tape *t = user;
    const size_t count = size < t->piece ? size : t->piece;
    ck_assert_uint_gt(size, 0);
    if (fails(t))
        return fail_now(t);
    ck_assert_uint_le(t->at + count, MOST);
    memcpy(t->bytes + t->at, buffer, count);
    t->at += count;
    t->size = t->at;
    return (int64_t)count;
}

static genlat_stream_table table_of(tape *t)
{
    return (genlat_stream_table){sizeof(genlat_stream_table), t, read_tape, write_tape, 0};
}

/* An optimizer of a net and of the scale of a loss, after some steps. */
static genlat_optim *optim_after_steps(void)
{
    genlat_net *trained = net_of(3, "dense units=4 name=a; tanh; dense units=2 name=b");
    genlat_loss *loss = NULL;
    genlat_optim *out = NULL;
    genlat_tensor *grad = NULL;
    ok(genlat_loss_new(ctx, "gaussian sd=learned", &loss));
    ok(genlat_optim_from_text(ctx, "adam lr=0.1", &out));
    ok(genlat_optim_add(out, trained, NULL, NULL));
    ok(genlat_optim_add_loss(out, loss, NULL));
    ok(genlat_net_grad(trained, "a.weight", &grad));
    ok(genlat_tensor_fill(grad, 0.5f));
    for (int i = 0; i < 3; i++)
        ok(genlat_optim_step(out));
    ok(genlat_optim_set_lr(out, 0.0123456789));
    genlat_tensor_destroy(&grad);
    genlat_loss_destroy(&loss);
    genlat_net_destroy(&trained);
    return out;
}

/* ---- what is saved and loaded ---------------------------------------------------------------- */

static genlat_model *model;
static genlat_net *net;
static genlat_optim *optim;

static void set_up(void)
{
    genlat_tensor *x = NULL;
    rig_open();
    strcpy(path, "/tmp/genlat-stream-XXXXXX");
    close(mkstemp(path));
    model = small_vae();
    net = net_of(3, "dense units=4 name=a; batch_norm; relu; dense units=2 name=b");
    optim = optim_after_steps();
    genlat_source *source = synthetic("ring", 8, 1);
    ok(genlat_source_read(source, 0, 8, &x, NULL));
    for (int i = 0; i < 3; i++) /* so that there are moments to save */
        ok(genlat_model_step(model, x, NULL, NULL));
    genlat_tensor_destroy(&x);
    genlat_source_destroy(&source);
}

static void tear_down(void)
{
    unlink(path);
    genlat_model_destroy(&model);
    genlat_net_destroy(&net);
    genlat_optim_destroy(&optim);
    rig_close();
}

static genlat_status net_save(const char *to)
{
    return genlat_net_save(net, to);
}

static genlat_status net_save_memory(void **bytes, size_t *size)
{
    return genlat_net_save_memory(net, bytes, size);
}

static genlat_status net_save_stream(const genlat_stream_table *stream)
{
    return genlat_net_save_stream(net, stream);
}

static genlat_status model_save(const char *to)
{
    return genlat_model_save(model, to);
}

static genlat_status model_save_memory(void **bytes, size_t *size)
{
    return genlat_model_save_memory(model, bytes, size);
}

static genlat_status model_save_stream(const genlat_stream_table *stream)
{
    return genlat_model_save_stream(model, stream);
}

static genlat_status model_export(const char *to)
{
    return genlat_model_export(model, to);
}

static genlat_status model_export_memory(void **bytes, size_t *size)
{
    return genlat_model_export_memory(model, bytes, size);
}

static genlat_status model_export_stream(const genlat_stream_table *stream)
{
    return genlat_model_export_stream(model, stream);
}

static genlat_status optim_save(const char *to)
{
    return genlat_optim_save(optim, to);
}

static genlat_status optim_save_memory(void **bytes, size_t *size)
{
    return genlat_optim_save_memory(optim, bytes, size);
}

static genlat_status optim_save_stream(const genlat_stream_table *stream)
{
    return genlat_optim_save_stream(optim, stream);
}

static genlat_status optim_load(const char *from)
{
    return genlat_optim_load(optim, from);
}

static genlat_status optim_load_memory(const void *bytes, size_t size)
{
    return genlat_optim_load_memory(optim, bytes, size);
}

static genlat_status optim_load_stream(const genlat_stream_table *stream)
{
    return genlat_optim_load_stream(optim, stream);
}

/* Loads replace the object, so that saving it again shows what was loaded. */
static genlat_status net_load(genlat_net *out, genlat_status status)
{
    if (status == GENLAT_OK) {
        genlat_net_destroy(&net);
        net = out;
    }
    ck_assert_int_eq(out == NULL, status != GENLAT_OK);
    return status;
}

static genlat_status net_load_file(const char *from)
{
    genlat_net *out = NULL;
    const genlat_status status = genlat_net_load(ctx, from, &out);
    return net_load(out, status);
}

static genlat_status net_load_memory(const void *bytes, size_t size)
{
    genlat_net *out = NULL;
    const genlat_status status = genlat_net_load_memory(ctx, bytes, size, &out);
    return net_load(out, status);
}

static genlat_status net_load_stream(const genlat_stream_table *stream)
{
    genlat_net *out = NULL;
    const genlat_status status = genlat_net_load_stream(ctx, stream, &out);
    return net_load(out, status);
}

static genlat_status model_load(genlat_model *out, genlat_status status)
{
    if (status == GENLAT_OK) {
        genlat_model_destroy(&model);
        model = out;
    }
    ck_assert_int_eq(out == NULL, status != GENLAT_OK);
    return status;
}

static genlat_status model_load_file(const char *from)
{
    genlat_model *out = NULL;
    const genlat_status status = genlat_model_load(ctx, from, &out);
    return model_load(out, status);
}

static genlat_status model_load_memory(const void *bytes, size_t size)
{
    genlat_model *out = NULL;
    const genlat_status status = genlat_model_load_memory(ctx, bytes, size, &out);
    return model_load(out, status);
}

static genlat_status model_load_stream(const genlat_stream_table *stream)
{
    genlat_model *out = NULL;
    const genlat_status status = genlat_model_load_stream(ctx, stream, &out);
    return model_load(out, status);
}

typedef struct kind {
    const char *saves, *loads; /* names of the functions with streams */
    genlat_status (*save)(const char *to);
    genlat_status (*save_memory)(void **bytes, size_t *size);
    genlat_status (*save_stream)(const genlat_stream_table *stream);
    genlat_status (*load)(const char *from);
    genlat_status (*load_memory)(const void *bytes, size_t size);
    genlat_status (*load_stream)(const genlat_stream_table *stream);
} kind;

static const kind kinds[] = {
    {"genlat_net_save_stream", "genlat_net_load_stream", net_save, net_save_memory, net_save_stream, net_load_file,
     net_load_memory, net_load_stream},
    {"genlat_model_save_stream", "genlat_model_load_stream", model_save, model_save_memory, model_save_stream,
     model_load_file, model_load_memory, model_load_stream},
    {"genlat_model_export_stream", "genlat_model_load_stream", model_export, model_export_memory, model_export_stream,
     model_load_file, model_load_memory, model_load_stream},
    {"genlat_optim_save_stream", "genlat_optim_load_stream", optim_save, optim_save_memory, optim_save_stream,
     optim_load, optim_load_memory, optim_load_stream},
};

static const size_t pieces[] = {1, 7, 4096, MOST};

static size_t read_file(unsigned char *bytes)
{
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    const size_t size = fread(bytes, 1, MOST, file);
    fclose(file);
    return size;
}

static void write_file(const unsigned char *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

/* ---- bytes ----------------------------------------------------------------------------------- */

/* Whatever is written, the bytes are those of the file. */
START_TEST(memory_and_streams_hold_the_bytes_of_a_file)
{
    const kind *k = &kinds[_i];
    static unsigned char expected[MOST];
    static tape t;
    void *bytes = NULL;
    size_t size = 0;
    ok(k->save(path));
    const size_t length = read_file(expected);
    ok(k->save_memory(&bytes, &size));
    ck_assert_uint_eq(size, length);
    ck_assert_mem_eq(bytes, expected, size);
    genlat_ctx_free(ctx, bytes);
    for (size_t i = 0; i < COUNT(pieces); i++) {
        t = (tape){.piece = pieces[i]};
        const genlat_stream_table table = table_of(&t);
        ok(k->save_stream(&table));
        ck_assert_uint_eq(t.size, length);
        ck_assert_mem_eq(t.bytes, expected, length);
    }
}
END_TEST

/* What is loaded, from memory of any alignment and in pieces of any length, is saved as the same bytes again. */
START_TEST(what_is_loaded_is_what_was_saved)
{
    const kind *k = &kinds[_i];
    static unsigned char expected[MOST], moved[MOST + 1];
    static tape t;
    void *bytes = NULL;
    size_t size = 0;
    ok(k->save(path));
    const size_t length = read_file(expected);
    for (int shift = 0; shift < 2; shift++) {
        memcpy(moved + shift, expected, length);
        ok(k->load_memory(moved + shift, length));
        ok(k->save_memory(&bytes, &size));
        ck_assert_uint_eq(size, length);
        ck_assert_mem_eq(bytes, expected, size);
        genlat_ctx_free(ctx, bytes);
    }
    for (size_t i = 0; i < COUNT(pieces); i++) {
        t = (tape){.piece = pieces[i], .size = length};
        memcpy(t.bytes, expected, length);
        const genlat_stream_table table = table_of(&t);
        ok(k->load_stream(&table));
        ck_assert_uint_eq(t.at, length);
        ok(k->save_memory(&bytes, &size));
        ck_assert_uint_eq(size, length);
        ck_assert_mem_eq(bytes, expected, size);
        genlat_ctx_free(ctx, bytes);
    }
}
END_TEST

/* ---- damage ---------------------------------------------------------------------------------- */

/* Every damage gives the status that a file gives. */
static void same_refusal(const kind *k, const unsigned char *bytes, size_t size)
{
    static tape t;
    t = (tape){.piece = MOST, .size = size};
    memcpy(t.bytes, bytes, size);
    const genlat_stream_table table = table_of(&t);
    write_file(bytes, size);
    const genlat_status wanted = k->load(path);
    ck_assert_int_ne(wanted, GENLAT_OK);
    ck_assert_int_eq(k->load_memory(bytes, size), wanted);
    ck_assert_int_eq(k->load_stream(&table), wanted);
}

START_TEST(damage_is_found_as_in_a_file)
{
    const kind *k = &kinds[_i];
    static unsigned char good[MOST], bad[MOST];
    ok(k->save(path));
    const size_t length = read_file(good);
    for (size_t cut = 0; cut < length; cut += cut < 300 ? 1 : 97)
        same_refusal(k, good, cut);
    memcpy(bad, good, length);
    bad[length] = 0;
    same_refusal(k, bad, length + 1);
    for (size_t at = 0; at < 8; at++) {
        memcpy(bad, good, length);
        bad[at] ^= 0xff;
        same_refusal(k, bad, length);
    }
    memcpy(bad, good, length);
    memset(bad + length - 4, 0xff, 4); /* NaN */
    same_refusal(k, bad, length);
}
END_TEST

/* ---- failures -------------------------------------------------------------------------------- */

START_TEST(failures_of_streams_keep_their_errors)
{
    const kind *k = &kinds[_i];
    static tape good, t;
    good = (tape){.piece = MOST};
    genlat_stream_table table = table_of(&good);
    ok(k->save_stream(&table));
    table = table_of(&t);
    for (size_t at = 1; at < good.size; at += at < 20 ? 1 : good.size / 5)
        for (int with_text = 0; with_text < 2; with_text++) {
            const genlat_status wanted = with_text ? OWN_STATUS : GENLAT_E_CALLBACK;
            const char *word = with_text ? own_text : "returned -5";
            t = (tape){.piece = 3, .fail_at = at, .answer = -5, .with_text = with_text};
            rig_refused(k->saves, k->save_stream(&table), wanted, __LINE__);
            ck_assert_msg(strstr(genlat_last_error(), word) != NULL, "%s", genlat_last_error());
            t.at = 0;
            t.size = good.size;
            memcpy(t.bytes, good.bytes, good.size);
            rig_refused(k->loads, k->load_stream(&table), wanted, __LINE__);
            ck_assert_msg(strstr(genlat_last_error(), word) != NULL, "%s", genlat_last_error());
        }
}
END_TEST

/* More than was asked for, and nothing from a write. */
START_TEST(impossible_counts_are_refused)
{
    static tape t;
    const genlat_stream_table table = table_of(&t);
    t = (tape){.piece = 3, .fail_at = 1, .answer = INT64_MAX};
    REFUSED_WITH("at most", GENLAT_E_CALLBACK, genlat_net_save_stream, net, &table);
    t = (tape){.piece = 3, .fail_at = 1, .answer = 0};
    REFUSED_WITH("returned 0", GENLAT_E_CALLBACK, genlat_net_save_stream, net, &table);
    genlat_net *out = NULL;
    t = (tape){.piece = 3, .size = 100, .fail_at = 1, .answer = INT64_MAX};
    REFUSED_WITH("at most", GENLAT_E_CALLBACK, genlat_net_load_stream, ctx, &table, &out);
    ck_assert_ptr_null(out);
}
END_TEST

static int64_t read_forever(void *user, void *buffer, size_t size)
{
    memset(buffer, 0, size);
    return (int64_t)size;
}

START_TEST(streams_without_end_meet_the_limit_of_memory)
{
    static const genlat_stream_table table = {.size = sizeof table, .read = read_forever};
    genlat_ctx_opts opts;
    genlat_ctx *small = NULL;
    genlat_net *out = NULL;
    genlat_ctx_opts_init(&opts);
    opts.memory_limit = 1 << 22;
    ok(genlat_ctx_new(&opts, &small));
    REFUSED_WITH("memory_limit", GENLAT_E_MEMORY, genlat_net_load_stream, small, &table, &out);
    genlat_ctx_destroy(&small);
}
END_TEST

START_TEST(a_stream_has_a_limit_of_its_own)
{
    static tape t;
    genlat_stream_table table = table_of(&t);
    t.piece = 7;
    ok(genlat_net_save_stream(net, &table));
    table.limit = (int64_t)t.size;
    t.at = 0;
    ok(net_load_stream(&table));
    table.limit--;
    t.at = 0;
    genlat_net *out = NULL;
    REFUSED_WITH("limit", GENLAT_E_RANGE, genlat_net_load_stream, ctx, &table, &out);
    table.limit = -1;
    REFUSED_WITH("limit", GENLAT_E_RANGE, genlat_net_load_stream, ctx, &table, &out);
}
END_TEST

START_TEST(functions_that_are_needed_must_be_there)
{
    static tape t;
    genlat_stream_table table = table_of(&t);
    genlat_net *out = NULL;
    table.read = NULL;
    REFUSED_WITH("read", GENLAT_E_INVALID, genlat_net_load_stream, ctx, &table, &out);
    table = table_of(&t);
    table.write = NULL;
    REFUSED_WITH("write", GENLAT_E_INVALID, genlat_net_save_stream, net, &table);
    REFUSED_WITH("write", GENLAT_E_INVALID, genlat_model_save_stream, model, &table);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("promises of streams");
    TCase *tcase = tcase_create("streams");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, memory_and_streams_hold_the_bytes_of_a_file, 0, COUNT(kinds));
    tcase_add_loop_test(tcase, what_is_loaded_is_what_was_saved, 0, COUNT(kinds));
    tcase_add_loop_test(tcase, damage_is_found_as_in_a_file, 0, COUNT(kinds));
    tcase_add_loop_test(tcase, failures_of_streams_keep_their_errors, 0, COUNT(kinds));
    tcase_add_test(tcase, impossible_counts_are_refused);
    tcase_add_test(tcase, streams_without_end_meet_the_limit_of_memory);
    tcase_add_test(tcase, a_stream_has_a_limit_of_its_own);
    tcase_add_test(tcase, functions_that_are_needed_must_be_there);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
