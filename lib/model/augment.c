/* SPDX-License-Identifier: MIT */
/* Differentiable augmentation: one pass over the places of a sample, forward from where they were to where they come to lie,
 * backward the other way. */
#include <tgmath.h>

#include "model/augment_priv.h"

static const struct {
    const char *name;
    unsigned changes;
} policies[] = {
    {"translation", GNL_AUGMENT_TRANSLATION},
    {"cutout", GNL_AUGMENT_CUTOUT},
    {"brightness", GNL_AUGMENT_BRIGHTNESS},
    {"saturation", GNL_AUGMENT_SATURATION},
    {"contrast", GNL_AUGMENT_CONTRAST},
    {"color", GNL_AUGMENT_BRIGHTNESS | GNL_AUGMENT_SATURATION | GNL_AUGMENT_CONTRAST},
};

static unsigned changes_of(const char *word, size_t length)
{
    for (size_t i = 0; i < GNL_COUNT(policies); i++)
        if (strlen(policies[i].name) == length && strncmp(policies[i].name, word, length) == 0)
            return policies[i].changes;
    return 0;
}

genlat_status gnl_augment_parse(const char *text, const gnl_shape *data, gnl_augment *out)
{
    char found[GNL_SHAPE_TEXT];
    *out = (gnl_augment){0};
    for (text += strspn(text, " ,"); *text; text += strspn(text, " ,")) {
        size_t length = strcspn(text, " ,");
        unsigned changes = changes_of(text, length);
        if (!changes)
            return gnl_fail(GENLAT_E_NOT_FOUND,
                            "augment: '%.*s' is none of translation, cutout, brightness, saturation, "
                            "contrast, color",
                            (int)GNL_MIN(length, (size_t)40), text);
        out->changes |= changes;
        text += length;
    }
    if (out->changes && (data->ndim < 2 || data->ndim > 3))
        return gnl_fail(GENLAT_E_SHAPE,
                        "augment: the data are %s, [channels,length] or "
                        "[channels,height,width] wanted",
                        gnl_shape_format(data, found));
    out->channels = data->dim[0];
    out->height = data->ndim == 3 ? data->dim[1] : 1;
    out->width = data->dim[data->ndim - 1];
    return GENLAT_OK;
}

/* ---- draws ----------------------------------------------------------------------------------- */

/* A number from [low,high] where the change happens, else what changes nothing. */
static double draw_real(gnl_rng *rng, bool happens, double low, double high, double nothing)
{
    double u = gnl_rng_unit(rng);
    return happens ? low + u * (high - low) : nothing;
}

static int64_t draw_whole(gnl_rng *rng, int64_t low, int64_t past)
{
    return low + (int64_t)(gnl_rng_unit(rng) * (double)(past - low));
}

/* Up to an eighth of the size, to either side. */
static int64_t draw_move(gnl_rng *rng, bool happens, int64_t size)
{
    int64_t most = (size + 4) / 8, move = draw_whole(rng, -most, most + 1);
    return happens ? move : 0;
}

/* Half of the size, around any place; what lies outside is left off. */
static void draw_hole(gnl_rng *rng, bool happens, int64_t size, int64_t *first, int64_t *past)
{
    int64_t length = (size + 1) / 2, middle = draw_whole(rng, 0, size + 1 - length % 2);
    *first = happens ? GNL_MAX(0, middle - length / 2) : 0;
    *past = happens ? GNL_MIN(size, middle - length / 2 + length) : 0;
}

void gnl_augment_draw_all(const gnl_augment *a, double p, gnl_rng *rng, int64_t rows, gnl_augment_draw *draws)
{
    for (int64_t i = 0; i < rows; i++) {
        gnl_augment_draw *d = &draws[i];
        unsigned now = 0;
        for (unsigned bit = 1; bit <= GNL_AUGMENT_CONTRAST; bit <<= 1)
            now |= gnl_rng_unit(rng) < p ? a->changes & bit : 0;
        d->down = draw_move(rng, now & GNL_AUGMENT_TRANSLATION, a->height);
        d->right = draw_move(rng, now & GNL_AUGMENT_TRANSLATION, a->width);
        draw_hole(rng, now & GNL_AUGMENT_CUTOUT, a->height, &d->top, &d->bottom);
        draw_hole(rng, now & GNL_AUGMENT_CUTOUT, a->width, &d->left, &d->past);
        d->brightness = draw_real(rng, now & GNL_AUGMENT_BRIGHTNESS, -0.5, 0.5, 0);
        d->saturation = draw_real(rng, now & GNL_AUGMENT_SATURATION, 0, 2, 1);
        d->contrast = draw_real(rng, now & GNL_AUGMENT_CONTRAST, 0.5, 1.5, 1);
    }
}

/* ---- one sample ------------------------------------------------------------------------------ */

/* What becomes of the values at a place: own times the value, and of all channels there the sum times `others`. */
typedef struct blend {
    gnl_real own, others, constant;
} blend;

typedef struct job {
    const gnl_augment *a;
    const gnl_augment_draw *draws;
    const gnl_kernels *k;
    const gnl_real *from;
    gnl_real *to;
    bool back;
} job;

/* n places in a row; returns the sum of what was read. */
static double blend_places(const gnl_augment *a, const blend *b, int64_t n, const gnl_real *from,
                           gnl_real *to)
{
    int64_t plane = a->height * a->width;
    double total = 0;
    for (int64_t j = 0; j < n; j++) {
        gnl_real all = 0;
        for (int64_t c = 0; c < a->channels; c++)
            all += from[c * plane + j];
        for (int64_t c = 0; c < a->channels; c++)
            to[c * plane + j] = b->own * from[c * plane + j] + b->others * all + b->constant;
        total += (double)all;
    }
    return total;
}

/* One row of what comes out, left and right of the hole. */
static double blend_row(const job *w, const gnl_augment_draw *d, const blend *b, int64_t row,
                        const gnl_real *from, gnl_real *to)
{
    const gnl_augment *a = w->a;
    int64_t begin = GNL_MAX(0, d->right), end = GNL_MIN(a->width, a->width + d->right);
    bool holed = row >= d->top && row < d->bottom;
    const int64_t part[][2] = {{begin, holed ? GNL_MIN(end, d->left) : end},
                               {holed ? GNL_MAX(begin, d->past) : end, end}};
    double total = 0;
    for (int i = 0; i < 2; i++) {
        int64_t out = row * a->width + part[i][0], in = out - d->down * a->width - d->right;
        total += blend_places(a, b, part[i][1] - part[i][0], from + (w->back ? out : in),
                              to + (w->back ? in : out));
    }
    return total;
}

static double blend_rows(const job *w, const gnl_augment_draw *d, const blend *b, const gnl_real *from,
                         gnl_real *to)
{
    int64_t first = GNL_MAX(0, d->down), past = GNL_MIN(w->a->height, w->a->height + d->down);
    double total = 0;
    for (int64_t row = first; row < past; row++)
        total += blend_row(w, d, b, row, from, to);
    return total;
}

/* y = contrast (saturation (x + brightness) + (1 - saturation) grey) + (1 - contrast) mean, moved and cut. The mean over a
 * sample is linear in it, so that backward adds its share to every place. */
static void change_sample(const job *w, const gnl_augment_draw *d, const gnl_real *from, gnl_real *to)
{
    const gnl_augment *a = w->a;
    int64_t n = a->channels * a->height * a->width;
    double flat = 1 - d->contrast, mean = !w->back && flat != 0 ? w->k->sum(n, from) / (double)n : 0;
    const blend b = {(gnl_real)(d->contrast * d->saturation),
                     (gnl_real)(d->contrast * (1 - d->saturation) / (double)a->channels),
                     w->back ? 0 : (gnl_real)(flat * mean + d->brightness)};
    memset(to, 0, (size_t)n * sizeof *to);
    double total = blend_rows(w, d, &b, from, to);
    gnl_real share = (gnl_real)(flat * total / (double)n);
    for (int64_t i = 0; w->back && share != 0 && i < n; i++)
        to[i] += share;
}

/* ---- a batch --------------------------------------------------------------------------------- */

static void change_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *w = arg;
    int64_t n = w->a->channels * w->a->height * w->a->width;
    (void)worker;
    for (int64_t i = begin; i < end; i++)
        change_sample(w, &w->draws[i], w->from + i * n, w->to + i * n);
}

static void change_all(const gnl_augment *a, const gnl_compute *c, int64_t rows, job *w)
{
    int64_t n = a->channels * a->height * a->width;
    gnl_parallel(c->ctx, rows, GNL_MAX(1, GNL_CHUNK / n), change_task, w);
}

void gnl_augment_forward(const gnl_augment *a, const gnl_compute *c, int64_t rows,
                         const gnl_augment_draw *draws, const gnl_real *x, gnl_real *y)
{
    job w = {a, draws, c->k, x, y, false};
    change_all(a, c, rows, &w);
}

void gnl_augment_backward(const gnl_augment *a, const gnl_compute *c, int64_t rows,
                          const gnl_augment_draw *draws, const gnl_real *dy, gnl_real *dx)
{
    job w = {a, draws, c->k, dy, dx, true};
    change_all(a, c, rows, &w);
}
