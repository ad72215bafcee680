/* SPDX-License-Identifier: MIT */
/* Handle of a schedule: a sequence of segments, each with its own warm-up; conversion from and to text. */
#include <stdio.h>

#include "optim/optim_priv.h"

typedef struct segment {
    const gnl_schedule_type *type;
    _Alignas(16) unsigned char opts[GNL_MAX_SCHEDULE_OPTION_BYTES];
} segment;

struct genlat_schedule {
    gnl_object object;
    int segments;
    segment segment[GNL_MAX_SEGMENTS];
    gnl_schedule_state state;
};

static const gnl_schedule_head *head_of(const segment *s)
{
    return (const gnl_schedule_head *)(const void *)s->opts;
}

/* ---- from text ------------------------------------------------------------------------------- */

static genlat_status check_segment(const segment *s)
{
    const gnl_schedule_head *head = head_of(s);
    if (head->steps == 0 && !s->type->endless)
        return gnl_fail(GENLAT_E_INVALID, "%s needs the option steps", s->type->name);
    if (head->steps > 0 && head->warmup > head->steps)
        return gnl_fail(GENLAT_E_INVALID, "warmup of %s is %lld, must be at most steps, %lld", s->type->name,
                        (long long)head->warmup, (long long)head->steps);
    return GENLAT_OK;
}

/* Parses one kind with its pairs, or a plain number. */
static genlat_status parse_segment(const char *text, segment *out)
{
    char kind[GNL_SPEC_KIND];
    const char *pairs = NULL;
    double number = 0;
    GNL_TRY(gnl_spec_kind(text, kind, &pairs));
    bool plain = gnl_parse_real(kind, &number);
    out->type = gnl_schedule_type_find(plain ? "constant" : kind);
    if (!out->type)
        return gnl_kind_unknown(gnl_schedule_types, "schedule", kind);
    gnl_options_init(out->type->options, out->opts, out->type->options->size);
    if (plain)
        GNL_TRY(gnl_options_set(out->type->options, out->opts, "value", kind));
    GNL_TRY(gnl_spec_pairs(out->type->options, out->opts, pairs, out->type->name));
    return check_segment(out);
}

static genlat_status append(genlat_schedule *schedule, const char *text)
{
    if (schedule->segments == GNL_MAX_SEGMENTS)
        return gnl_fail(GENLAT_E_INVALID, "spec has more than %d schedules", GNL_MAX_SEGMENTS);
    if (schedule->segments > 0 && head_of(&schedule->segment[schedule->segments - 1])->steps == 0)
        return gnl_fail(GENLAT_E_INVALID, "%s before \"then\" needs the option steps",
                        schedule->segment[schedule->segments - 1].type->name);
    return parse_segment(text, &schedule->segment[schedule->segments++]);
}

static genlat_status parse_all(genlat_schedule *schedule, const char *spec)
{
    static const char THEN[] = " then ";
    char copy[GNL_SPEC_TEXT * 4];
    if (strlen(spec) >= sizeof copy)
        return gnl_fail(GENLAT_E_INVALID, "spec is longer than %zu bytes", sizeof copy - 1);
    strcpy(copy, spec);
    for (char *text = copy, *next = NULL; text; text = next) {
        next = strstr(text, THEN);
        if (next) {
            *next = '\0';
            next += strlen(THEN);
        }
        GNL_TRY(append(schedule, text));
    }
    return GENLAT_OK;
}

genlat_status gnl_schedule_parse(genlat_ctx *ctx, const char *spec, genlat_schedule **out)
{
    genlat_schedule *schedule = gnl_object_new(ctx, sizeof *schedule);
    if (!schedule)
        return GENLAT_E_MEMORY;
    schedule->state.best = NAN;
    genlat_status status = parse_all(schedule, spec);
    if (status != GENLAT_OK) {
        gnl_schedule_release(schedule);
        return status;
    }
    *out = schedule;
    return GENLAT_OK;
}

genlat_status gnl_schedule_format(const genlat_schedule *schedule, char *text, size_t capacity)
{
    char all[GNL_SPEC_TEXT * 4] = "";
    for (int i = 0; i < schedule->segments; i++) {
        size_t used = strlen(all);
        used += (size_t)snprintf(all + used, sizeof all - used, "%s", i ? " then " : "");
        const segment *s = &schedule->segment[i];
        GNL_TRY(gnl_spec_format(s->type->name, s->type->options, s->opts, all + used, sizeof all - used));
    }
    if (strlen(all) >= capacity)
        return gnl_fail(GENLAT_E_RANGE, "text needs %zu bytes, but the buffer has %zu", strlen(all) + 1, capacity);
    strcpy(text, all);
    return GENLAT_OK;
}

genlat_schedule *gnl_schedule_retain(genlat_schedule *schedule)
{
    return gnl_object_retain(schedule);
}

void gnl_schedule_release(genlat_schedule *schedule)
{
    if (gnl_object_release(schedule))
        gnl_object_free(schedule);
}

/* ---- value ----------------------------------------------------------------------------------- */

static double segment_value(const segment *s, const gnl_schedule_state *state, int64_t step)
{
    const gnl_schedule_head *head = head_of(s);
    if (step < head->warmup)
        return head->warmup_from + (head->from - head->warmup_from) * (double)step / (double)head->warmup;
    return s->type->at(s->opts, state, step - head->warmup, head->steps ? head->steps - head->warmup : 0);
}

double gnl_schedule_value(const genlat_schedule *schedule, int64_t step)
{
    int i = 0;
    step = GNL_MAX(step, 0);
    for (; i < schedule->segments - 1 && step >= head_of(&schedule->segment[i])->steps; i++)
        step -= head_of(&schedule->segment[i])->steps;
    return segment_value(&schedule->segment[i], &schedule->state, step);
}

int64_t gnl_schedule_length(const genlat_schedule *schedule)
{
    int64_t length = 0;
    for (int i = 0; i < schedule->segments; i++)
        length += head_of(&schedule->segment[i])->steps;
    return length;
}

void gnl_schedule_report(genlat_schedule *schedule, double metric)
{
    for (int i = 0; i < schedule->segments; i++)
        if (schedule->segment[i].type->report) {
            schedule->segment[i].type->report(schedule->segment[i].opts, &schedule->state, metric);
            return;
        }
}

bool gnl_schedule_listens(const genlat_schedule *schedule)
{
    for (int i = 0; i < schedule->segments; i++)
        if (schedule->segment[i].type->report)
            return true;
    return false;
}

gnl_schedule_state gnl_schedule_get_state(const genlat_schedule *schedule)
{
    return schedule->state;
}

void gnl_schedule_set_state(genlat_schedule *schedule, const gnl_schedule_state *state)
{
    schedule->state = *state;
}

/* ---- public ---------------------------------------------------------------------------------- */

genlat_status genlat_schedule_new(genlat_ctx *ctx, const char *spec, genlat_schedule **out)
{
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_CHECK(ctx, "ctx is NULL");
    GNL_CHECK(spec, "spec is NULL");
    return gnl_schedule_parse(ctx, spec, out);
}

void genlat_schedule_destroy(genlat_schedule **schedule)
{
    if (!schedule)
        return;
    gnl_schedule_release(*schedule);
    *schedule = NULL;
}

genlat_status genlat_schedule_format(const genlat_schedule *schedule, char *text, size_t capacity)
{
    GNL_ENTER();
    GNL_CHECK(schedule, "schedule is NULL");
    GNL_CHECK(text, "text is NULL");
    return gnl_schedule_format(schedule, text, capacity);
}

const char *genlat_schedule_kind(int32_t index)
{
    for (int32_t i = 0; index >= 0 && gnl_schedule_types[i]; i++)
        if (i == index)
            return gnl_schedule_types[i]->name;
    return NULL;
}

genlat_status genlat_schedule_help(const char *kind, int32_t option, const char **name, const char **help)
{
    GNL_ENTER();
    GNL_CHECK(kind, "kind is NULL");
    const gnl_schedule_type *type = gnl_schedule_type_find(kind);
    if (!type)
        return gnl_kind_unknown(gnl_schedule_types, "schedule", kind);
    return gnl_spec_help(type->name, type->help, type->options, option, name, help);
}

double genlat_schedule_value(const genlat_schedule *schedule, int64_t step)
{
    return schedule ? gnl_schedule_value(schedule, step) : 0;
}

genlat_status genlat_schedule_report(genlat_schedule *schedule, double metric)
{
    GNL_ENTER();
    GNL_CHECK(schedule, "schedule is NULL");
    gnl_schedule_report(schedule, metric);
    return GENLAT_OK;
}
