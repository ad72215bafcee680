/* SPDX-License-Identifier: MIT */
/*
 * State of an optimizer in a container: metadata with the rule, the steps and the learning rate; for part i, in the
 * order of adding, the moments as tensors "i.moment.weight", and the values of a loss as "i.value".
 */
#include <inttypes.h>
#include <stdio.h>

#include "io/io.h"
#include "optim/optim_priv.h"

enum { KEY = 192 };

#define RULE "genlat.optim.rule"
#define STEPS "genlat.optim.steps"
#define RATE "genlat.optim.lr"

/* Calls visit() for every tensor of the state. `data` is its place in the optimizer. */
typedef genlat_status visit_fn(void *user, const char *name, const gnl_shape *shape, gnl_real *data);

static genlat_status visit_moment(const gnl_part *part, int index, const char *moment, gnl_real *data, visit_fn *visit,
                                  void *user)
{
    char name[KEY];
    snprintf(name, sizeof name, "%d.%s", index, moment);
    if (!part->weights)
        return visit(user, name, &(gnl_shape){1, {part->values}}, data);
    for (int i = 0; i < part->weights; i++) {
        const gnl_weight *w = &part->weight[i];
        if (w->param.state)
            continue;
        snprintf(name, sizeof name, "%d.%s.%s", index, moment, w->name);
        GNL_TRY(visit(user, name, &w->param.shape, data + w->offset));
    }
    return GENLAT_OK;
}

static genlat_status visit_all(const genlat_optim *optim, visit_fn *visit, void *user)
{
    for (int i = 0; i < optim->arenas; i++) {
        const gnl_arena *arena = &optim->arena[i];
        for (int m = 0; m < GNL_MAX_MOMENTS; m++)
            if (arena->moment[m])
                GNL_TRY(visit_moment(&arena->part, i, optim->rule->moment[m], arena->moment[m], visit, user));
        if (arena->loss)
            GNL_TRY(visit_moment(&arena->part, i, "value", arena->part.value, visit, user));
    }
    return GENLAT_OK;
}

/* ---- writing --------------------------------------------------------------------------------- */

static genlat_status write_tensor(void *user, const char *name, const gnl_shape *shape, gnl_real *data)
{
    return gnl_writer_real(user, name, shape, data);
}

static genlat_status write_state(const genlat_optim *optim, gnl_writer *writer)
{
    char steps[32], rate[GNL_NUMBER_TEXT];
    snprintf(steps, sizeof steps, "%" PRId64, optim->steps);
    gnl_format_real(optim->lr, rate, sizeof rate);
    GNL_TRY(gnl_writer_format(writer, "optim"));
    GNL_TRY(gnl_writer_meta(writer, RULE, optim->rule->name));
    GNL_TRY(gnl_writer_meta(writer, STEPS, steps));
    GNL_TRY(gnl_writer_meta(writer, RATE, rate));
    return visit_all(optim, write_tensor, writer);
}

static genlat_status save(const genlat_optim *optim, gnl_output to)
{
    gnl_writer *writer = NULL;
    GNL_TRY(gnl_writer_new(optim->object.ctx, &writer));
    genlat_status status = write_state(optim, writer);
    if (status == GENLAT_OK)
        status = gnl_writer_write(writer, to);
    gnl_writer_destroy(writer);
    return status;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* A read goes through the tensors twice: first into memory apart, to check all of them, and then into the optimizer. */
typedef struct transfer {
    const gnl_reader *reader;
    gnl_real *apart;
    int64_t at, tensors;
} transfer;

static genlat_status count_tensor(void *user, const char *name, const gnl_shape *shape, gnl_real *data)
{
    transfer *t = user;
    t->at += gnl_shape_count(shape);
    t->tensors++;
    return GENLAT_OK;
}

static genlat_status read_tensor(void *user, const char *name, const gnl_shape *shape, gnl_real *data)
{
    transfer *t = user;
    GNL_TRY(gnl_reader_finite(t->reader, name, shape, t->apart + t->at));
    t->at += gnl_shape_count(shape);
    return GENLAT_OK;
}

static genlat_status take_tensor(void *user, const char *name, const gnl_shape *shape, gnl_real *data)
{
    transfer *t = user;
    memcpy(data, t->apart + t->at, (size_t)gnl_shape_count(shape) * sizeof *data);
    t->at += gnl_shape_count(shape);
    return GENLAT_OK;
}

static genlat_status bad_text(const gnl_reader *reader, const char *key, const char *text)
{
    return gnl_fail(GENLAT_E_FORMAT, "%s: metadata %s is %s%.60s; the file is damaged, or no state of an optimizer",
                    gnl_reader_path(reader), key, text ? "" : "missing", text ? text : "");
}

static genlat_status read_texts(const genlat_optim *optim, const gnl_reader *reader, int64_t *steps, double *lr)
{
    const char *rule = gnl_reader_meta(reader, RULE);
    const char *count = gnl_reader_meta(reader, STEPS), *rate = gnl_reader_meta(reader, RATE);
    if (!rule)
        return bad_text(reader, RULE, rule);
    if (strcmp(rule, optim->rule->name) != 0)
        return gnl_fail(GENLAT_E_STATE, "%s: has the state of '%.40s', but the optimizer is '%s'",
                        gnl_reader_path(reader), rule, optim->rule->name);
    if (!count || !gnl_parse_int(count, steps) || *steps < 0)
        return bad_text(reader, STEPS, count);
    if (!rate || !gnl_parse_real(rate, lr) || !(*lr >= 0 && isfinite(*lr)))
        return bad_text(reader, RATE, rate);
    return GENLAT_OK;
}

static genlat_status read_state(genlat_optim *optim, const gnl_reader *reader)
{
    transfer t = {.reader = reader};
    int64_t steps = 0;
    double lr = 0;
    GNL_TRY(gnl_reader_format(reader));
    GNL_TRY(read_texts(optim, reader, &steps, &lr));
    (void)visit_all(optim, count_tensor, &t);
    if (gnl_reader_count(reader) > t.tensors)
        return gnl_fail(GENLAT_E_STATE,
                        "%s: has %lld tensors, but the state of the optimizer has %lld; add the same "
                        "nets and losses in the same order first",
                        gnl_reader_path(reader), (long long)gnl_reader_count(reader), (long long)t.tensors);
    t.apart = gnl_alloc(optim->object.ctx, (size_t)t.at, sizeof *t.apart);
    if (!t.apart)
        return GENLAT_E_MEMORY;
    t.at = 0;
    genlat_status status = visit_all(optim, read_tensor, &t);
    if (status == GENLAT_OK) {
        t.at = 0;
        (void)visit_all(optim, take_tensor, &t);
        optim->steps = steps;
        optim->lr = lr;
    }
    gnl_free(optim->object.ctx, t.apart);
    return status;
}

static genlat_status load(genlat_optim *optim, gnl_input from)
{
    gnl_reader *reader = NULL;
    GNL_TRY(gnl_reader_open(optim->object.ctx, from, &reader));
    const genlat_status status = read_state(optim, reader);
    gnl_reader_close(reader);
    return status;
}

/* ---- public ---------------------------------------------------------------------------------- */

genlat_status genlat_optim_save(const genlat_optim *optim, const char *path)
{
    GNL_ENTER();
    GNL_CHECK(optim, "optim is NULL");
    GNL_CHECK(path, "path is NULL");
    return save(optim, gnl_output_file(path));
}

genlat_status genlat_optim_save_memory(const genlat_optim *optim, void **bytes, size_t *size)
{
    gnl_output output;
    GNL_ENTER();
    GNL_TRY(gnl_output_memory(bytes, size, &output));
    GNL_CHECK(optim, "optim is NULL");
    return save(optim, output);
}

genlat_status genlat_optim_save_stream(const genlat_optim *optim, const genlat_stream_table *stream)
{
    gnl_output output;
    GNL_ENTER();
    GNL_CHECK(optim, "optim is NULL");
    GNL_TRY(gnl_output_stream(stream, &output));
    return save(optim, output);
}

genlat_status genlat_optim_load(genlat_optim *optim, const char *path)
{
    GNL_ENTER();
    GNL_CHECK(optim, "optim is NULL");
    GNL_CHECK(path, "path is NULL");
    return load(optim, gnl_input_file(path));
}

genlat_status genlat_optim_load_memory(genlat_optim *optim, const void *bytes, size_t size)
{
    GNL_ENTER();
    GNL_CHECK(optim, "optim is NULL");
    GNL_CHECK(bytes, "bytes is NULL");
    return load(optim, gnl_input_memory(bytes, size, "memory"));
}

genlat_status genlat_optim_load_stream(genlat_optim *optim, const genlat_stream_table *stream)
{
    gnl_input input;
    GNL_ENTER();
    GNL_CHECK(optim, "optim is NULL");
    GNL_TRY(gnl_input_stream(stream, &input));
    return load(optim, input);
}
