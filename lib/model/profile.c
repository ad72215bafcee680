/* SPDX-License-Identifier: MIT */
/* The profile of data: their layout from the shape, and properties of their values from one pass over the samples. */
#include "model/choice.h"

enum { MOST_VALUES = 1 << 28 };

/* ---- layout ---------------------------------------------------------------------------------- */

enum { MOST_POINT = 3, MOST_CHANNELS = 16, LENGTH_PER_CHANNEL = 4 };

static bool is_signal(const gnl_shape *s)
{
    return s->dim[0] <= MOST_CHANNELS && s->dim[1] >= LENGTH_PER_CHANNEL * s->dim[0];
}

static gnl_layout layout_of_shape(const gnl_shape *s)
{
    if (s->ndim == 1)
        return s->dim[0] <= MOST_POINT ? GNL_LAYOUT_POINT : GNL_LAYOUT_VECTOR;
    if (s->ndim == 2)
        return is_signal(s) ? GNL_LAYOUT_SIGNAL : GNL_LAYOUT_PLANE;
    if (s->ndim == 3)
        return s->dim[0] == 1 ? GNL_LAYOUT_GREY : s->dim[0] == 3 ? GNL_LAYOUT_COLOUR : GNL_LAYOUT_IMAGE;
    return GNL_LAYOUT_OTHER;
}

gnl_layout gnl_layout_of(const gnl_shape *s, uint32_t content)
{
    static const struct {
        uint32_t content;
        int ndim;
        gnl_layout layout;
    } stated[] = {{GENLAT_CONTENT_TEXT, 1, GNL_LAYOUT_TEXT},
                  {GENLAT_CONTENT_SOUND, 1, GNL_LAYOUT_SIGNAL},
                  {GENLAT_CONTENT_SOUND, 2, GNL_LAYOUT_SIGNAL},
                  {GENLAT_CONTENT_IMAGE, 2, GNL_LAYOUT_PLANE}};
    for (size_t i = 0; i < GNL_COUNT(stated); i++)
        if (content == stated[i].content && s->ndim == stated[i].ndim)
            return stated[i].layout;
    return layout_of_shape(s);
}

gnl_shape gnl_layout_canvas(const gnl_shape *s, uint32_t content)
{
    const gnl_layout layout = gnl_layout_of(s, content);
    if (layout == GNL_LAYOUT_PLANE)
        return (gnl_shape){3, {1, s->dim[0], s->dim[1]}};
    return layout == GNL_LAYOUT_SIGNAL && s->ndim == 1 ? (gnl_shape){2, {1, s->dim[0]}} : *s;
}

const char *gnl_sizes_format(const gnl_shape *s, char text[GNL_SHAPE_TEXT])
{
    text[0] = '\0';
    for (int i = 0; i < s->ndim; i++)
        gnl_text_append(text, GNL_SHAPE_TEXT, "%s%lld", i ? "x" : "", (long long)s->dim[i]);
    return text;
}

static int64_t smallest_side(gnl_layout layout, const gnl_shape *s)
{
    if (layout == GNL_LAYOUT_SIGNAL)
        return s->dim[s->ndim - 1];
    return layout & GNL_LAYOUT_IMAGES ? GNL_MIN(s->dim[s->ndim - 1], s->dim[s->ndim - 2]) : 0;
}

/* ---- values ---------------------------------------------------------------------------------- */

typedef struct reading {
    gnl_source_stats stats;
    int not_whole, not_levels;
    int64_t ends;           /* values that are 0 or 1 */
    int64_t missing, first; /* missing values, and the place of the first one */
} reading;

genlat_status gnl_profile_refuse_missing(const gnl_profile *p)
{
    if (!p->missing)
        return GENLAT_OK;
    return gnl_fail(GENLAT_E_RANGE,
                    "sample %lld has nan in element %lld, counted from 0; a finite number expected, so remove the "
                    "sample or fill in the value, or train a vae that accepts missing values, missing=fill",
                    (long long)(p->first_missing / p->stats.size), (long long)(p->first_missing % p->stats.size));
}

/* Reports the first value that is infinite, and counts missing values. */
static genlat_status check_values(reading *r, int64_t first, int64_t rows, const gnl_real *x)
{
    const int64_t size = r->stats.size;
    for (int64_t i = 0; i < rows * size; i++) {
        if (isinf(x[i]))
            return gnl_fail(GENLAT_E_RANGE,
                            "sample %lld has %g in element %lld, counted from 0; a finite number expected, so remove "
                            "the sample or fill in the value",
                            (long long)(first + i / size), (double)x[i], (long long)(i % size));
        if (isnan(x[i]) && r->missing++ == 0)
            r->first = first * size + i;
    }
    return GENLAT_OK;
}

/* A level in float differs from its whole multiple of 1/255 by rounding only. */
static genlat_status read_rows(void *user, int64_t first, int64_t rows, const gnl_real *x)
{
    reading *r = user;
    const gnl_real tolerance = (gnl_real)1e-4;
    GNL_TRY(check_values(r, first, rows, x));
    for (int64_t i = 0; i < rows * r->stats.size; i++) {
        if (isnan(x[i]))
            continue;
        const gnl_real level = 255 * x[i], error = level - (gnl_real)floor((double)level + 0.5);
        r->not_whole |= (double)x[i] != floor((double)x[i]);
        r->not_levels |= error > tolerance || error < -tolerance;
        r->ends += x[i] == 0 || x[i] == 1;
    }
    gnl_source_stats_add(&r->stats, rows, x);
    return GENLAT_OK;
}

static bool is_moderate(const gnl_source_stats *s)
{
    for (int64_t j = 0; j < s->size; j++)
        if (fabs(s->mean[j]) > 5 || s->sd[j] < 0.1 || s->sd[j] > 5)
            return false;
    return true;
}

static unsigned properties(const gnl_profile *p, const reading *r, int64_t rows)
{
    const bool unit = p->min >= 0 && p->max <= 1, whole = !r->not_whole;
    return (whole && unit ? GNL_VALUES_BINARY : 0) | (!r->not_levels && unit ? GNL_VALUES_LEVELS : 0) |
           (unit ? GNL_VALUES_UNIT : 0) | (whole && p->min >= 0 && p->max <= 255 ? GNL_VALUES_BYTES : 0) |
           (unit && r->ends >= rows * p->stats.size / 4 ? GNL_VALUES_SATURATED : 0) |
           (is_moderate(&p->stats) ? GNL_VALUES_MODERATE : 0);
}

static void summarize(gnl_profile *p, const reading *r, int64_t rows)
{
    const gnl_source_stats *s = &r->stats;
    p->stats = *s;
    p->missing = r->missing;
    p->first_missing = r->first;
    p->min = INFINITY;
    p->max = -INFINITY;
    for (int64_t j = 0; j < s->size; j++) {
        p->min = GNL_MIN(p->min, s->min[j]);
        p->max = GNL_MAX(p->max, s->max[j]);
        p->constant += s->min[j] == s->max[j];
    }
    p->values = properties(p, r, rows);
}

static genlat_status find_scaled(const genlat_source *source, bool *out)
{
    gnl_scaling scaling = {NULL, NULL};
    GNL_TRY(gnl_source_normalization(source, &scaling.offset, &scaling.scale));
    *out = scaling.offset != NULL;
    gnl_scaling_release(&scaling);
    return GENLAT_OK;
}

genlat_status gnl_profile_new(const genlat_source *source, gnl_profile *out)
{
    const uint32_t content = gnl_source_content(source);
    const gnl_layout layout = gnl_layout_of(&source->sample, content);
    const int64_t size = gnl_shape_count(&source->sample);
    const int64_t rows = GNL_MIN(source->count, GNL_MAX(MOST_VALUES / GNL_MAX(size, 1), 1));
    reading r = {.not_whole = 0};
    *out = (gnl_profile){.layout = layout, .count = source->count, .complete = rows == source->count};
    out->side = smallest_side(layout, &source->sample);
    out->guessed = content == GENLAT_CONTENT_ANY && source->sample.ndim == 2;
    GNL_TRY(find_scaled(source, &out->scaled));
    GNL_TRY(gnl_source_stats_alloc(source, &r.stats));
    genlat_status status = gnl_source_scan(source, rows, read_rows, &r);
    if (status != GENLAT_OK) {
        gnl_source_stats_free(source, &r.stats);
        return status;
    }
    gnl_source_stats_finish(&r.stats);
    summarize(out, &r, rows);
    return GENLAT_OK;
}

void gnl_profile_free(const genlat_source *source, gnl_profile *profile)
{
    gnl_source_stats_free(source, &profile->stats);
}

/* ---- description ----------------------------------------------------------------------------- */

static const struct {
    gnl_layout layout;
    const char *name;
} layout_names[] = {
    {GNL_LAYOUT_POINT, "points"},      {GNL_LAYOUT_VECTOR, "vectors"},   {GNL_LAYOUT_SIGNAL, "signals"},
    {GNL_LAYOUT_PLANE, "grey images"}, {GNL_LAYOUT_GREY, "grey images"}, {GNL_LAYOUT_COLOUR, "colour images"},
    {GNL_LAYOUT_IMAGE, "images"},      {GNL_LAYOUT_TEXT, "texts"},       {GNL_LAYOUT_OTHER, "arrays"},
};

/* The first property that the values have describes them. */
static const struct {
    unsigned values;
    const char *words;
} value_words[] = {
    {GNL_VALUES_BINARY, "0 and 1"},
    {GNL_VALUES_LEVELS, "256 levels"},
    {GNL_VALUES_BYTES, "whole numbers"},
    {0, "real numbers"},
};

void gnl_profile_describe(const gnl_profile *p, const gnl_shape *sample, char *text, size_t capacity)
{
    char shape[GNL_SHAPE_TEXT];
    size_t name = 0, words = 0;
    while (layout_names[name].layout != p->layout)
        name++;
    while ((value_words[words].values & p->values) != value_words[words].values)
        words++;
    text[0] = '\0';
    gnl_text_append(text, capacity, "%lld %s %s, %s", (long long)p->count, layout_names[name].name,
                    gnl_shape_format(sample, shape), value_words[words].words);
    if (!(p->values & GNL_VALUES_BINARY))
        gnl_text_append(text, capacity, " from %.4g to %.4g", p->min, p->max);
    if (p->missing)
        gnl_text_append(text, capacity, ", %lld missing", (long long)p->missing);
    if (p->constant)
        gnl_text_append(text, capacity, ", %lld constant", (long long)p->constant);
}
