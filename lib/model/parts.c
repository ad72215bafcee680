/* SPDX-License-Identifier: MIT */
/* The parts of a model of any family: optimizers, rollback of failed steps, snapshots. */
#include "model/model_priv.h"

genlat_status gnl_model_add_part(genlat_model *model, gnl_part part)
{
    if (model->parts == GNL_MAX_PARTS)
        return gnl_fail(GENLAT_E_RANGE, "the model has more than %d parts", GNL_MAX_PARTS);
    model->part[model->parts++] = part;
    return GENLAT_OK;
}

/* ---- optimizers ------------------------------------------------------------------------------ */

genlat_status gnl_model_check_optimizer(const genlat_optim *optim)
{
    if (gnl_optim_accumulate(optim) == 1)
        return GENLAT_OK;
    return gnl_fail(GENLAT_E_UNSUPPORTED,
                    "the optimizer has accumulate=%lld, 1 expected because a step of a model is one pass; use a larger "
                    "batch instead",
                    (long long)gnl_optim_accumulate(optim));
}

genlat_status gnl_model_check_given(const genlat_model *model, const genlat_optim *optim)
{
    bool any = false;
    for (int i = 0; i < model->parts; i++)
        any = any || gnl_optim_has(optim, &model->part[i]);
    if (!any)
        return gnl_fail(GENLAT_E_INVALID, "the optimizer has no weights of this model; make one for it");
    return gnl_model_check_optimizer(optim);
}

genlat_status gnl_model_optimizer_new(genlat_model *model, int index, const char *text, genlat_optim **out)
{
    genlat_optim *optim = NULL;
    GNL_TRY(gnl_optim_parse(model->object.ctx, text, &optim));
    genlat_status status = GENLAT_OK;
    for (int i = 0; i < model->parts && status == GENLAT_OK; i++)
        if (model->part[i].optimizer == index)
            status = gnl_optim_add(optim, &model->part[i], NULL, NULL);
    if (status == GENLAT_OK)
        *out = optim;
    else
        gnl_optim_release(optim);
    return status;
}

genlat_status gnl_model_update(genlat_model *model, int optimizer)
{
    gnl_model_optimizer *o = &model->optimizer[optimizer];
    const gnl_config_type *type = model->type->config;
    for (int i = 0, schedule = 0; i < type->count; i++) {
        if (type->texts[i].kind != GNL_TEXT_SCHEDULE)
            continue;
        if (strcmp(type->texts[i].key, "lr_schedule") == 0 && model->schedule[schedule])
            gnl_optim_set_lr(o->optim, o->lr * gnl_model_factor(model, schedule));
        schedule++;
    }
    return gnl_optim_step(o->optim);
}

double gnl_model_factor(const genlat_model *model, int schedule)
{
    return model->schedule[schedule] ? gnl_schedule_value(model->schedule[schedule], model->progress.step) : 1;
}

void gnl_model_zero_grad(genlat_model *model, int optimizer)
{
    for (int i = 0; i < model->parts; i++)
        if (model->part[i].optimizer == optimizer)
            gnl_part_zero_grad(model->object.ctx, &model->part[i]);
}

/* ---- schedules ------------------------------------------------------------------------------- */

const char *gnl_model_listening_schedule(const genlat_model *model)
{
    const gnl_config_type *type = model->type->config;
    for (int i = 0, schedule = 0; i < type->count; i++) {
        if (type->texts[i].kind != GNL_TEXT_SCHEDULE)
            continue;
        const genlat_schedule *s = model->schedule[schedule++];
        if (s && gnl_schedule_listens(s))
            return type->texts[i].key;
    }
    return NULL;
}

void gnl_model_report(genlat_model *model, double loss)
{
    for (int i = 0; i < GNL_MAX_SCHEDULES; i++)
        if (model->schedule[i])
            gnl_schedule_report(model->schedule[i], loss);
}

/* ---- a new training -------------------------------------------------------------------------- */

static void clear(gnl_real *data, int64_t count)
{
    if (data && count)
        memset(data, 0, (size_t)count * sizeof *data);
}

/* Parts that belong to the training alone start at 0, as in a model from a file without training state. */
void gnl_model_restart(genlat_model *model)
{
    static const gnl_schedule_state fresh = {.best = (double)NAN};
    model->progress = (gnl_progress){.seed = gnl_ctx_opts(model->object.ctx)->seed};
    model->has_best = false;
    for (int i = 0; i < model->parts; i++)
        if (model->part[i].keep == GNL_KEEP_TRAINING) {
            clear(model->part[i].value, model->part[i].values);
            clear(model->part[i].state, model->part[i].states);
        }
    for (int i = 0; i < GNL_MAX_OPTIMIZERS && model->optimizer[i].optim; i++) {
        genlat_optim *optim = model->optimizer[i].optim;
        gnl_optim_set_steps(optim, 0);
        for (int k = 0; k < gnl_optim_slots(optim); k++) {
            const gnl_optim_slot slot = gnl_optim_slot_at(optim, k);
            clear(slot.data, slot.part->values);
        }
    }
    for (int i = 0; i < GNL_MAX_SCHEDULES; i++)
        if (model->schedule[i])
            gnl_schedule_set_state(model->schedule[i], &fresh);
    if (model->type->fields) {
        gnl_field fields[GNL_MAX_FIELDS];
        (void)model->type->fields(model, GNL_KEEP_TRAINING,
                                  fields); /* `loaded` reads what it stores in the family's struct */
    }
    if (model->type->loaded)
        model->type->loaded(model, false);
}

/* ---- lists of arrays ------------------------------------------------------------------------- */

typedef struct array {
    gnl_real *data;
    int64_t count;
} array;

/* Arrays that are copied together. */
typedef struct list {
    array item[2 * GNL_MAX_PARTS + GNL_MAX_OPTIMIZERS * GNL_MAX_MOMENTS * GNL_MAX_PARTS];
    int count;
} list;

static void append(list *l, gnl_real *data, int64_t count)
{
    if (data && count)
        l->item[l->count++] = (array){data, count};
}

static int64_t total_of(const list *l)
{
    int64_t total = 0;
    for (int i = 0; i < l->count; i++)
        total += l->item[i].count;
    return total;
}

/* Copies the arrays of the model to `out`, or, if out is NULL, from `in` to the model. */
static void copy(const list *l, gnl_real *out, const gnl_real *in)
{
    int64_t at = 0;
    for (int i = 0; i < l->count; i++) {
        size_t bytes = (size_t)l->item[i].count * sizeof(gnl_real);
        if (out)
            memcpy(out + at, l->item[i].data, bytes);
        else
            memcpy(l->item[i].data, in + at, bytes);
        at += l->item[i].count;
    }
}

/* ---- rollback of a failed step --------------------------------------------------------------- */

static void list_state(const genlat_model *model, unsigned optimizers, list *l)
{
    l->count = 0;
    for (int i = 0; i < model->parts; i++) {
        const gnl_part *part = &model->part[i];
        append(l, part->state, part->states);
        if (part->optimizer >= 0 && optimizers >> part->optimizer & 1)
            append(l, part->value, part->values);
    }
    for (int i = 0; i < GNL_MAX_OPTIMIZERS; i++)
        for (int k = 0; optimizers >> i & 1 && k < gnl_optim_slots(model->optimizer[i].optim); k++) {
            const gnl_optim_slot slot = gnl_optim_slot_at(model->optimizer[i].optim, k);
            append(l, slot.data, slot.part->values);
        }
}

genlat_status gnl_model_want_saved(genlat_model *model, unsigned optimizers)
{
    list l;
    list_state(model, optimizers, &l);
    const int64_t needed = total_of(&l);
    if (!model->saved || model->saved_numbers < needed) {
        gnl_free(model->object.ctx, model->saved);
        model->saved = gnl_alloc(model->object.ctx, (size_t)needed, sizeof *model->saved);
        model->saved_numbers = needed;
    }
    return model->saved ? GENLAT_OK : GENLAT_E_MEMORY;
}

genlat_status gnl_model_save_state(genlat_model *model, unsigned optimizers)
{
    list l;
    GNL_TRY(gnl_model_want_saved(model, optimizers));
    list_state(model, optimizers, &l);
    copy(&l, model->saved, NULL);
    for (int i = 0; i < GNL_MAX_OPTIMIZERS; i++)
        model->saved_steps[i] = model->optimizer[i].optim ? gnl_optim_steps(model->optimizer[i].optim) : 0;
    model->saved_passes = model->progress.passes;
    return GENLAT_OK;
}

void gnl_model_restore_state(genlat_model *model, unsigned optimizers)
{
    list l;
    list_state(model, optimizers, &l);
    copy(&l, NULL, model->saved);
    for (int i = 0; i < GNL_MAX_OPTIMIZERS; i++)
        if (optimizers >> i & 1)
            gnl_optim_set_steps(model->optimizer[i].optim, model->saved_steps[i]);
    model->progress.passes = model->saved_passes;
}

/* ---- snapshots ------------------------------------------------------------------------------- */

static void list_snapshot(const genlat_model *model, list *l)
{
    l->count = 0;
    for (int i = 0; i < model->parts; i++)
        if (model->part[i].keep == GNL_KEEP_MODEL) {
            append(l, model->part[i].value, model->part[i].values);
            append(l, model->part[i].state, model->part[i].states);
        }
}

int64_t gnl_model_snapshot_size(const genlat_model *model)
{
    list l;
    list_snapshot(model, &l);
    return total_of(&l);
}

void gnl_model_snapshot(const genlat_model *model, gnl_real *out)
{
    list l;
    list_snapshot(model, &l);
    copy(&l, out, NULL);
}

void gnl_model_restore(genlat_model *model, const gnl_real *in)
{
    list l;
    list_snapshot(model, &l);
    copy(&l, NULL, in);
}

genlat_status gnl_model_want_best(genlat_model *model)
{
    if (!model->best)
        model->best = gnl_alloc(model->object.ctx, (size_t)gnl_model_snapshot_size(model), sizeof *model->best);
    return model->best ? GENLAT_OK : GENLAT_E_MEMORY;
}

void gnl_model_swap_best(genlat_model *model)
{
    list l;
    gnl_real *best = model->best;
    list_snapshot(model, &l);
    for (int i = 0; i < l.count; best += l.item[i++].count)
        for (int64_t k = 0; k < l.item[i].count; k++) {
            const gnl_real value = best[k];
            best[k] = l.item[i].data[k];
            l.item[i].data[k] = value;
        }
    model->progress.swapped = !model->progress.swapped;
}

void gnl_model_keep_best(genlat_model *model)
{
    gnl_model_snapshot(model, model->best);
    model->has_best = true;
}

int64_t gnl_model_size(const genlat_model *model)
{
    int64_t size = 0;
    for (int i = 0; i < model->parts; i++) {
        const gnl_part *part = &model->part[i];
        for (int k = 0; (part->optimizer >= 0 || part->fitted) && k < part->weights; k++)
            size += part->weight[k].param.state && !part->fitted ? 0 : part->weight[k].count;
    }
    return size;
}
