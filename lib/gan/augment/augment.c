/* SPDX-License-Identifier: MIT */
/* The augmentations of a model: parses their names, samples their parameters, and applies them to a batch. */
#include <stdio.h>

#include "gan/augment/augment.h"

static bool is_word(const char *name, const char *word, size_t length)
{
    return name && strlen(name) == length && strncmp(name, word, length) == 0;
}

static genlat_status unknown(const char *word, size_t length)
{
    char name[GNL_SPEC_KIND];
    gnl_unknown names = {.word = name};
    snprintf(name, sizeof name, "%.*s", (int)GNL_MIN(length, (size_t)40), word);
    for (const gnl_augment_type *const *type = gnl_augment_types; *type; type++) {
        const char *group = (*type)->group;
        gnl_unknown_add(&names, (*type)->name);
        if (group && !strstr(names.known, group))
            gnl_unknown_add(&names, group);
    }
    return gnl_unknown_fail(&names, "augment: unknown augmentation '%s'", name);
}

/* Selects the augmentations whose name or group is `word`. Returns their number. */
static int select_types(const char *word, size_t length, bool *selected)
{
    int found = 0;
    for (int i = 0; gnl_augment_types[i]; i++)
        if (is_word(gnl_augment_types[i]->name, word, length) || is_word(gnl_augment_types[i]->group, word, length)) {
            selected[i] = true;
            found++;
        }
    return found;
}

genlat_status gnl_augment_parse(const char *text, const gnl_shape *data, gnl_augment *out)
{
    bool selected[GNL_MAX_AUGMENTS] = {false};
    char found[GNL_SHAPE_TEXT];
    *out = (gnl_augment){.count = 0};
    for (text += strspn(text, " ,"); *text; text += strspn(text, " ,")) {
        size_t length = strcspn(text, " ,");
        if (!select_types(text, length, selected))
            return unknown(text, length);
        text += length;
    }
    for (int i = 0; gnl_augment_types[i]; i++)
        if (selected[i])
            out->type[out->count++] = gnl_augment_types[i];
    if (out->count && (data->ndim < 2 || data->ndim > 3))
        return gnl_fail(GENLAT_E_SHAPE,
                        "augment: the shape of the data is %s, [channels,length] or [channels,height,width] expected",
                        gnl_shape_format(data, found));
    out->image.channels = data->dim[0];
    out->image.height = data->ndim == 3 ? data->dim[1] : 1;
    out->image.width = data->dim[GNL_MAX(data->ndim - 1, 0)];
    return GENLAT_OK;
}

void gnl_augment_draw_all(const gnl_augment *a, double p, gnl_rng *rng, int64_t rows, gnl_augment_draw *draws)
{
    for (int64_t i = 0; i < rows * a->count; i++) {
        draws[i].applies = gnl_rng_unit(rng) < p;
        a->type[i % a->count]->draw(&a->image, rng, &draws[i]);
    }
}

/* ---- a batch --------------------------------------------------------------------------------- */

typedef struct job {
    const gnl_augment *a;
    const gnl_augment_draw *draws;
    const gnl_kernels *k;
    const gnl_real *from;
    gnl_real *to;
} job;

static int64_t size_of(const gnl_augment *a)
{
    return a->image.channels * a->image.height * a->image.width;
}

static void forward_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    const gnl_augment *a = j->a;
    const int64_t n = size_of(a);
    (void)worker;
    for (int64_t r = begin; r < end; r++) {
        memcpy(j->to + r * n, j->from + r * n, (size_t)n * sizeof *j->to);
        for (int i = 0; i < a->count; i++)
            if (j->draws[r * a->count + i].applies)
                a->type[i]->forward(&a->image, j->k, &j->draws[r * a->count + i], j->to + r * n);
    }
}

static void backward_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    const gnl_augment *a = j->a;
    const int64_t n = size_of(a);
    (void)worker;
    for (int64_t r = begin; r < end; r++) {
        memcpy(j->to + r * n, j->from + r * n, (size_t)n * sizeof *j->to);
        for (int i = a->count - 1; i >= 0; i--)
            if (j->draws[r * a->count + i].applies)
                a->type[i]->backward(&a->image, j->k, &j->draws[r * a->count + i], j->to + r * n);
    }
}

void gnl_augment_forward(const gnl_augment *a, const gnl_compute *c, int64_t rows, const gnl_augment_draw *draws,
                         const gnl_real *x, gnl_real *y)
{
    job j = {a, draws, c->k, x, y};
    gnl_parallel(c->ctx, rows, GNL_MAX(1, GNL_CHUNK / size_of(a)), forward_task, &j);
}

void gnl_augment_backward(const gnl_augment *a, const gnl_compute *c, int64_t rows, const gnl_augment_draw *draws,
                          const gnl_real *dy, gnl_real *dx)
{
    job j = {a, draws, c->k, dy, dx};
    gnl_parallel(c->ctx, rows, GNL_MAX(1, GNL_CHUNK / size_of(a)), backward_task, &j);
}
