/* SPDX-License-Identifier: MIT */
/*
 * Model files of all families. The metadata contains configuration, counters and progress as text. The tensors are the
 * weights and states of parts and the moments of optimizers. See docs/model-file.md.
 */
#include <inttypes.h>
#include <stdio.h>

#include "model/model_priv.h"

enum { KEY = 192 };

#define STATE "genlat.train.state"
#define BEST "train.best"
#define BEST_PLACE "genlat.train.best_weights"

/* ---- progress and counters ------------------------------------------------------------------- */

static int list_progress(gnl_progress *p, gnl_field out[GNL_MAX_FIELDS])
{
    const gnl_field all[] = {
        {"step", GNL_FIELD_WHOLE, &p->step, 0, false},
        {"passes", GNL_FIELD_WHOLE, &p->passes, 0, false},
        {"epoch", GNL_FIELD_WHOLE, &p->epoch, 0, false},
        {"position", GNL_FIELD_WHOLE, &p->position, 0, false},
        {"best_epoch", GNL_FIELD_WHOLE, &p->best_epoch, 0, false},
        {"waited", GNL_FIELD_WHOLE, &p->waited, 0, false},
        {"best", GNL_FIELD_REAL, &p->best, 0, false},
        {"seconds", GNL_FIELD_REAL, &p->seconds, 0, false},
        {"seed", GNL_FIELD_WHOLE, &p->seed, 0, true},
        {"batch", GNL_FIELD_WHOLE, &p->batch, 0, true},
        {"order_seed", GNL_FIELD_WHOLE, &p->order_seed, 0, true},
        {"shuffle", GNL_FIELD_WHOLE, &p->shuffle, 0, true},
        {"drop_last", GNL_FIELD_WHOLE, &p->drop_last, 0, true},
        {"samples", GNL_FIELD_WHOLE, &p->samples, 0, true},
        {"held_out", GNL_FIELD_WHOLE, &p->held_out, 0, true},
        {"swapped", GNL_FIELD_WHOLE, &p->swapped, 0, true},
    };
    memcpy(out, all, sizeof all);
    return (int)GNL_COUNT(all);
}

static void family_prefix(const gnl_model_type *type, char prefix[KEY])
{
    snprintf(prefix, KEY, "genlat.%s.", type->name);
}

/* Writes the metadata key of an optimizer's step count. For an optimizer whose text has the key "optimizer_d" of a
 * gan it is "genlat.gan.steps_d", for one without suffix "genlat.train.optimizer_steps". */
static void steps_key(const genlat_model *model, int optimizer, char key[KEY])
{
    const gnl_config_type *type = model->type->config;
    const char *name = NULL;
    for (int i = 0, index = 0; i < type->count; i++)
        if (type->texts[i].kind == GNL_TEXT_OPTIMIZER && index++ == optimizer)
            name = strchr(type->texts[i].key, '_');
    if (name)
        snprintf(key, KEY, "genlat.%s.steps%s", model->type->name, name);
    else
        snprintf(key, KEY, "genlat.train.optimizer_steps");
}

/* Lists what a schedule has learned from reports. A best value of NaN, before the first report, is left out. */
static int list_schedule(gnl_schedule_state *s, char key[3][KEY], const char *name, gnl_field out[GNL_MAX_FIELDS])
{
    static const char *const members[] = {"bad", "drops", "best"};
    for (int i = 0; i < 3; i++)
        snprintf(key[i], KEY, "%s.%s", name, members[i]);
    const gnl_field all[] = {
        {key[0], GNL_FIELD_WHOLE, &s->bad, 0, true},
        {key[1], GNL_FIELD_WHOLE, &s->drops, 0, true},
        {key[2], GNL_FIELD_REAL, &s->best, 0, true},
    };
    memcpy(out, all, sizeof all);
    return isnan(s->best) ? 2 : 3;
}

/* Transfers the states of schedules that follow reports: writes them if writer is not NULL, and reads them otherwise.
 */
static genlat_status transfer_schedules(const genlat_model *model, gnl_writer *writer, const gnl_reader *reader)
{
    const gnl_config_type *type = model->type->config;
    gnl_field fields[GNL_MAX_FIELDS];
    char key[3][KEY];
    for (int i = 0, schedule = 0; i < type->count; i++) {
        if (type->texts[i].kind != GNL_TEXT_SCHEDULE)
            continue;
        genlat_schedule *s = model->schedule[schedule++];
        if (!s || !gnl_schedule_listens(s))
            continue;
        gnl_schedule_state state = gnl_schedule_get_state(s);
        int count = list_schedule(&state, key, type->texts[i].key, fields);
        if (writer)
            GNL_TRY(gnl_fields_write(writer, "genlat.train.", fields, count));
        else
            GNL_TRY(gnl_fields_read(reader, "genlat.train.", fields, 3));
        gnl_schedule_set_state(s, &state);
    }
    return GENLAT_OK;
}

static genlat_status write_counters(genlat_model *model, gnl_keep keep, gnl_writer *writer)
{
    gnl_progress none = {.seed = model->progress.seed}, now = model->progress;
    gnl_field fields[GNL_MAX_FIELDS];
    char prefix[KEY], key[KEY];
    int64_t generated = atomic_load(&model->generated);
    const gnl_field samples = {"drawn", GNL_FIELD_WHOLE, &generated, 0, true};
    family_prefix(model->type, prefix);
    GNL_TRY(gnl_fields_write(writer, "genlat.train.", fields,
                             list_progress(keep == GNL_KEEP_MODEL ? &none : &now, fields)));
    GNL_TRY(gnl_fields_write(writer, prefix, &samples, 1));
    if (keep == GNL_KEEP_TRAINING)
        GNL_TRY(transfer_schedules(model, writer, NULL));
    for (int i = 0; i < GNL_MAX_OPTIMIZERS && model->optimizer[i].optim; i++) {
        int64_t steps = keep == GNL_KEEP_MODEL ? 0 : gnl_optim_steps(model->optimizer[i].optim);
        const gnl_field field = {key, GNL_FIELD_WHOLE, &steps, 0, false};
        steps_key(model, i, key);
        GNL_TRY(gnl_fields_write(writer, "", &field, 1));
    }
    int count = model->type->fields ? model->type->fields(model, keep, fields) : 0;
    return gnl_fields_write(writer, prefix, fields, count);
}

static genlat_status read_counters(genlat_model *model, gnl_keep keep, const gnl_reader *reader)
{
    gnl_field fields[GNL_MAX_FIELDS];
    char prefix[KEY], key[KEY];
    int64_t generated = 0;
    const gnl_field samples = {"drawn", GNL_FIELD_WHOLE, &generated, 0, true};
    family_prefix(model->type, prefix);
    GNL_TRY(gnl_fields_read(reader, prefix, &samples, 1));
    atomic_store(&model->generated, generated);
    const bool training = keep == GNL_KEEP_TRAINING;
    int count = model->type->fields ? model->type->fields(model, keep, fields) : 0;
    GNL_TRY(gnl_fields_read(reader, prefix, fields, count));
    if (training)
        GNL_TRY(gnl_fields_read(reader, "genlat.train.", fields, list_progress(&model->progress, fields)));
    if (training)
        GNL_TRY(transfer_schedules(model, NULL, reader));
    for (int i = 0; i < GNL_MAX_OPTIMIZERS && model->optimizer[i].optim; i++) {
        int64_t steps = 0;
        const gnl_field field = {key, GNL_FIELD_WHOLE, &steps, 0, false};
        steps_key(model, i, key);
        GNL_TRY(gnl_fields_read(reader, "", &field, 1));
        gnl_optim_set_steps(model->optimizer[i].optim, training ? steps : 0);
    }
    return GENLAT_OK;
}

/* ---- tensors --------------------------------------------------------------------------------- */

/* The file of a transfer: tensors are written if writer is not NULL, and read otherwise. */
typedef struct file {
    gnl_writer *writer;
    const gnl_reader *reader;
} file;

static genlat_status transfer(const file *f, const char *name, const gnl_shape *shape, gnl_real *data)
{
    return f->writer ? gnl_writer_real(f->writer, name, shape, data) : gnl_reader_finite(f->reader, name, shape, data);
}

/* Returns whether a part is one of the family's nets, which files store with their graphs. */
static bool is_graph(const genlat_model *model, const gnl_part *part)
{
    for (int i = 0; i < GNL_MAX_NETS; i++)
        if (part->net && part->net == model->net[i])
            return true;
    return false;
}

/* Transfers the tensors of a part that is no graph. */
static genlat_status transfer_part(const file *f, const gnl_part *part)
{
    char name[KEY];
    for (int i = 0; i < part->weights; i++) {
        const gnl_weight *w = &part->weight[i];
        gnl_real *arena = w->param.state ? part->state : part->value;
        snprintf(name, sizeof name, "%s.%s", part->name, w->name);
        if (arena)
            GNL_TRY(transfer(f, name, &w->param.shape, arena + w->offset));
    }
    return GENLAT_OK;
}

/* Builds the name of a moment from the name of its weight. Older files use other names for some moments. */
static void moment_name(const file *f, const gnl_part *part, const char *moment, const char *weight, char name[KEY])
{
    snprintf(name, KEY, "optimizer.%s.%s.%s", moment, part->name, weight);
    if (f->writer || !part->former || gnl_reader_find(f->reader, name))
        return;
    if (*part->former)
        snprintf(name, KEY, "optimizer.%s.%s", moment, part->former);
    else
        snprintf(name, KEY, "optimizer.%s.%s", moment, weight);
}

static genlat_status transfer_moment(const file *f, const gnl_optim_slot *slot)
{
    const gnl_part *part = slot->part;
    char name[KEY];
    for (int i = 0; i < part->weights; i++) {
        const gnl_weight *w = &part->weight[i];
        moment_name(f, part, slot->moment, w->name, name);
        if (!w->param.state)
            GNL_TRY(transfer(f, name, &w->param.shape, slot->data + w->offset));
    }
    return GENLAT_OK;
}

static genlat_status transfer_moments(const genlat_model *model, const file *f)
{
    for (int i = 0; i < GNL_MAX_OPTIMIZERS; i++)
        for (int k = 0; model->optimizer[i].optim && k < gnl_optim_slots(model->optimizer[i].optim); k++) {
            const gnl_optim_slot slot = gnl_optim_slot_at(model->optimizer[i].optim, k);
            GNL_TRY(transfer_moment(f, &slot));
        }
    return GENLAT_OK;
}

static genlat_status transfer_tensors(const genlat_model *model, gnl_keep keep, const file *f)
{
    for (int i = 0; i < model->parts; i++)
        if (!is_graph(model, &model->part[i]) && model->part[i].keep <= keep)
            GNL_TRY(transfer_part(f, &model->part[i]));
    return keep == GNL_KEEP_TRAINING ? transfer_moments(model, f) : GENLAT_OK;
}

/* ---- best weights ---------------------------------------------------------------------------- */

/* Writes the best weights, unless they are the current weights. */
static genlat_status write_best(const genlat_model *model, gnl_writer *writer)
{
    genlat_ctx *ctx = model->object.ctx;
    const int64_t count = gnl_model_snapshot_size(model);
    if (!model->has_best)
        return GENLAT_OK;
    gnl_real *now = gnl_alloc(ctx, (size_t)count, sizeof *now);
    if (!now)
        return GENLAT_E_MEMORY;
    gnl_model_snapshot(model, now);
    bool same = memcmp(now, model->best, (size_t)count * sizeof *now) == 0;
    gnl_free(ctx, now);
    GNL_TRY(gnl_writer_meta(writer, BEST_PLACE, same ? "now" : "apart"));
    return same ? GENLAT_OK : gnl_writer_real(writer, BEST, &(gnl_shape){1, {count}}, model->best);
}

static genlat_status read_best(genlat_model *model, const gnl_reader *reader)
{
    const char *where = gnl_reader_meta(reader, BEST_PLACE);
    if (!where)
        return GENLAT_OK;
    bool now = strcmp(where, "now") == 0;
    if (!now && strcmp(where, "apart") != 0)
        return gnl_field_bad(reader, BEST_PLACE, where);
    GNL_TRY(gnl_model_want_best(model));
    gnl_model_keep_best(model);
    const gnl_shape shape = {1, {gnl_model_snapshot_size(model)}};
    return now ? GENLAT_OK : gnl_reader_finite(reader, BEST, &shape, model->best);
}

/* ---- writing --------------------------------------------------------------------------------- */

/* Writes the shape of the data of a family without nets. */
static genlat_status write_shape(const genlat_model *model, gnl_writer *writer)
{
    char prefix[KEY], key[KEY + 8], text[GNL_SHAPE_TEXT];
    if (model->type->read_shape)
        return GENLAT_OK;
    family_prefix(model->type, prefix);
    snprintf(key, sizeof key, "%sdata", prefix);
    return gnl_writer_meta(writer, key, gnl_sizes_format(&model->config->data, text));
}

/* Reads it: sizes separated by x. */
static genlat_status read_shape(const gnl_model_type *type, gnl_config *config, const gnl_reader *reader)
{
    char prefix[KEY], key[KEY + 8];
    int64_t dims[GENLAT_MAX_DIMS], count = 0;
    int32_t ndim = 0;
    family_prefix(type, prefix);
    snprintf(key, sizeof key, "%sdata", prefix);
    const char *text = gnl_reader_meta(reader, key);
    for (const char *at = text; at && *at && ndim < GENLAT_MAX_DIMS - 1; ndim++) {
        char size[24] = "";
        const size_t length = strcspn(at, "x");
        if (length >= sizeof size)
            return gnl_field_bad(reader, key, text);
        memcpy(size, at, length);
        at += length + (at[length] == 'x');
        if (!gnl_parse_int(size, &dims[ndim]) || dims[ndim] < 1)
            return gnl_field_bad(reader, key, text);
    }
    if (ndim == 0)
        return gnl_field_bad(reader, key, text);
    config->data = gnl_shape_of(ndim, dims);
    return gnl_shape_check(&config->data, &count);
}

static genlat_status write_model(genlat_model *model, gnl_keep keep, gnl_writer *writer)
{
    char prefix[KEY];
    gnl_part sampler[GNL_SAMPLER_PARTS];
    GNL_TRY(gnl_writer_format(writer, model->type->name));
    GNL_TRY(gnl_config_write(model->type->config, model->config, writer));
    GNL_TRY(write_shape(model, writer));
    GNL_TRY(write_counters(model, keep, writer));
    for (int i = 0; i < model->parts; i++) {
        snprintf(prefix, sizeof prefix, "%s.", model->part[i].name);
        if (is_graph(model, &model->part[i]) && model->part[i].keep <= keep)
            GNL_TRY(gnl_net_write(model->part[i].net, writer, prefix));
    }
    GNL_TRY(transfer_tensors(model, keep, &(file){.writer = writer}));
    if (model->scaling.offset)
        GNL_TRY(gnl_writer_real(writer, "data.offset", &model->scaling.offset->shape, model->scaling.offset->data));
    if (model->scaling.scale)
        GNL_TRY(gnl_writer_real(writer, "data.scale", &model->scaling.scale->shape, model->scaling.scale->data));
    GNL_TRY(gnl_model_write_about(model, writer));
    GNL_TRY(gnl_model_write_sampler(model, writer, sampler));
    for (int i = 0; i < GNL_SAMPLER_PARTS; i++)
        GNL_TRY(transfer_part(&(file){.writer = writer}, &sampler[i]));
    return keep == GNL_KEEP_MODEL ? gnl_writer_meta(writer, STATE, "none") : write_best(model, writer);
}

genlat_status gnl_model_save(genlat_model *model, gnl_keep keep, gnl_output to)
{
    gnl_writer *writer = NULL;
    GNL_TRY(gnl_writer_new(model->object.ctx, &writer));
    genlat_status status = write_model(model, keep, writer);
    if (status == GENLAT_OK)
        status = gnl_writer_write(writer, to);
    gnl_writer_destroy(writer);
    return status;
}

/* ---- reading --------------------------------------------------------------------------------- */

bool gnl_reader_has_training(const gnl_reader *reader)
{
    return !gnl_reader_meta(reader, STATE);
}

/* Reads an optional tensor. Leaves *out NULL if it is missing. */
static genlat_status read_tensor(genlat_ctx *ctx, const gnl_reader *reader, const char *name, genlat_tensor **out)
{
    const gnl_entry *entry = gnl_reader_find(reader, name);
    if (!entry)
        return GENLAT_OK;
    GNL_TRY(gnl_tensor_new(ctx, &entry->shape, out));
    return gnl_reader_finite(reader, name, NULL, (*out)->data);
}

static genlat_status read_rest(genlat_model *model, const gnl_reader *reader)
{
    const char *state = gnl_reader_meta(reader, STATE);
    const bool training = gnl_reader_has_training(reader);
    genlat_ctx *ctx = model->object.ctx;
    gnl_part sampler[GNL_SAMPLER_PARTS];
    if (state && strcmp(state, "none") != 0)
        return gnl_field_bad(reader, STATE, state);
    const gnl_keep keep = training ? GNL_KEEP_TRAINING : GNL_KEEP_MODEL;
    GNL_TRY(read_counters(model, keep, reader));
    GNL_TRY(transfer_tensors(model, keep, &(file){.reader = reader}));
    GNL_TRY(read_tensor(ctx, reader, "data.offset", &model->scaling.offset));
    GNL_TRY(read_tensor(ctx, reader, "data.scale", &model->scaling.scale));
    GNL_TRY(gnl_model_read_about(model, reader));
    GNL_TRY(gnl_model_read_sampler(model, reader, sampler));
    for (int i = 0; i < GNL_SAMPLER_PARTS; i++)
        GNL_TRY(transfer_part(&(file){.reader = reader}, &sampler[i]));
    if (training)
        GNL_TRY(read_best(model, reader));
    if (model->type->loaded)
        model->type->loaded(model, training);
    return GENLAT_OK;
}

static genlat_status read_nets(genlat_ctx *ctx, const gnl_model_type *type, const gnl_reader *reader,
                               genlat_net *nets[GNL_MAX_NETS])
{
    char prefix[KEY];
    for (int i = 0; type->nets[i].name; i++) {
        snprintf(prefix, sizeof prefix, "%s.", type->nets[i].name);
        GNL_TRY(gnl_net_restore(ctx, reader, prefix, &nets[i]));
    }
    return GENLAT_OK;
}

static genlat_status read_model(genlat_ctx *ctx, const gnl_model_type *type, gnl_config *config,
                                const gnl_reader *reader, genlat_model **out)
{
    genlat_net *nets[GNL_MAX_NETS] = {NULL};
    GNL_TRY(gnl_config_read(type->config, config, reader));
    genlat_status status = read_nets(ctx, type, reader, nets);
    if (status == GENLAT_OK)
        status = type->read_shape ? type->read_shape(config, nets) : read_shape(type, config, reader);
    if (status == GENLAT_OK && config->data.ndim < 1)
        status = gnl_fail(GENLAT_E_FORMAT, "%s: a sample of the data has no dimension, 1 or more expected",
                          gnl_reader_path(reader));
    if (status == GENLAT_OK)
        status = gnl_model_new(ctx, type, config, nets, out);
    for (int i = 0; i < GNL_MAX_NETS; i++)
        gnl_net_release(nets[i]);
    return status == GENLAT_OK ? read_rest(*out, reader) : status;
}

static genlat_status read_family(genlat_ctx *ctx, const gnl_reader *reader, gnl_find_family_fn *find,
                                 genlat_model **out)
{
    const gnl_model_type *type = find(gnl_reader_kind(reader));
    if (!type)
        return gnl_fail(GENLAT_E_FORMAT, "%s contains a '%s', which is not a known family of models",
                        gnl_reader_path(reader), gnl_reader_kind(reader));
    gnl_config *config = gnl_calloc(ctx, 1, type->config->size);
    genlat_status status = config ? read_model(ctx, type, config, reader, out) : GENLAT_E_MEMORY;
    gnl_free(ctx, config);
    return status;
}

genlat_status gnl_model_load(genlat_ctx *ctx, gnl_input from, gnl_find_family_fn *find, genlat_model **out)
{
    gnl_reader *reader = NULL;
    GNL_TRY(gnl_reader_open(ctx, from, &reader));
    genlat_status status = gnl_reader_format(reader);
    if (status == GENLAT_OK)
        status = read_family(ctx, reader, find, out);
    gnl_reader_close(reader);
    if (status != GENLAT_OK && *out) {
        gnl_model_release(*out);
        *out = NULL;
    }
    return status;
}
