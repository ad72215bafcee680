/* SPDX-License-Identifier: MIT */
/* Metrics chosen by text: parses the text, computes each metric once, and estimates standard errors from blocks. */
#include "metric/metric_priv.h"

enum { BLOCKS = 10 };

/* One entry of the text. Entries with the same metric and options share the numbers of the first of them. */
typedef struct entry {
    const gnl_metric_type *type;
    void *opts;        /* NULL: the type has none */
    int only;          /* index of the one value to report; -1: all */
    const char *alias; /* what the value is called; NULL: by its own name */
    const struct entry *first;
    gnl_metric_numbers numbers; /* empty unless first is this entry */
} entry;

struct genlat_metric {
    gnl_object object;
    unsigned needs;
    size_t count, capacity;
    entry *entries;
};

/* ---- names ------------------------------------------------------------------------------------ */

static const char *name_at(int32_t index, const char **help)
{
    int32_t at = 0;
    for (const gnl_metric_type *const *t = gnl_metric_types; *t; t++, at++)
        if (at == index)
            return *help = (*t)->help, (*t)->name;
    for (const gnl_metric_type *const *t = gnl_metric_types; *t; t++)
        for (const gnl_metric_name *v = (*t)->values; v->name; v++)
            if (strcmp(v->name, (*t)->name) != 0 && at++ == index)
                return *help = v->help, v->name;
    for (const gnl_metric_alias *a = gnl_metric_aliases; a->name; a++, at++)
        if (at == index)
            return *help = a->text, a->name;
    return *help = NULL;
}

const char *genlat_metric_name(int32_t index, const char **help)
{
    const char *found = NULL, *name = index < 0 ? NULL : name_at(index, &found);
    if (help)
        *help = found;
    return name;
}

static const gnl_metric_alias *find_alias(const char *word)
{
    const gnl_metric_alias *a = gnl_metric_aliases;
    while (a->name && strcmp(a->name, word) != 0)
        a++;
    return a->name ? a : NULL;
}

/* Finds a metric by its name, or by the name of one of its values. */
static bool find_metric(const char *word, entry *out)
{
    out->type = gnl_kind_find(gnl_metric_types, word);
    out->only = -1;
    for (const gnl_metric_type *const *t = gnl_metric_types; *t && !out->type; t++)
        for (int i = 0; (*t)->values[i].name && !out->type; i++)
            if (strcmp((*t)->values[i].name, word) == 0) {
                out->type = *t;
                out->only = i;
            }
    return out->type;
}

static genlat_status unknown_metric(const char *word)
{
    gnl_unknown names = {.word = word};
    const char *name, *help;
    for (int32_t i = 0; (name = name_at(i, &help)) != NULL; i++)
        gnl_unknown_add(&names, name);
    return gnl_unknown_fail(&names, "unknown metric '%.60s'", word);
}

/* ---- parsing ---------------------------------------------------------------------------------- */

static genlat_status parse_entry(genlat_ctx *ctx, const char *text, entry *out)
{
    char word[GNL_SPEC_KIND];
    const char *pairs = NULL;
    GNL_TRY(gnl_spec_kind(text, word, &pairs));
    const gnl_metric_alias *alias = find_alias(word);
    if (!find_metric(alias ? alias->text : word, out))
        return unknown_metric(word);
    if (alias && (out->only >= 0 || !out->type->values[1].name))
        out->alias = alias->name;
    const gnl_options_table *table = out->type->options;
    if (table) {
        out->opts = gnl_calloc(ctx, 1, table->size);
        if (!out->opts)
            return GENLAT_E_MEMORY;
        gnl_options_init(table, out->opts, table->size);
    }
    return gnl_spec_pairs(table, out->opts, pairs, out->type->name);
}

static genlat_status add_entry(genlat_metric *m, const char *text)
{
    genlat_ctx *ctx = m->object.ctx;
    GNL_TRY(gnl_grow(ctx, (void **)&m->entries, &m->capacity, m->count + 1, sizeof *m->entries));
    entry *e = &m->entries[m->count++];
    *e = (entry){.numbers.ctx = ctx};
    GNL_TRY(parse_entry(ctx, text, e));
    m->needs |= e->type->needs;
    return GENLAT_OK;
}

/* Entries do not move any more. */
static void find_first(genlat_metric *m)
{
    for (size_t i = 0; i < m->count; i++) {
        entry *e = &m->entries[i];
        e->first = m->entries;
        while (e->first != e &&
               (e->first->type != e->type || (e->opts && memcmp(e->first->opts, e->opts, e->type->options->size) != 0)))
            e->first++;
    }
}

static genlat_status parse(genlat_metric *m, char *text)
{
    for (char *at = text, *end = text; end; at = end + 1) {
        end = strpbrk(at, ",;");
        if (end)
            *end = '\0';
        GNL_TRY(add_entry(m, at));
        if (!end)
            break;
    }
    find_first(m);
    return GENLAT_OK;
}

genlat_status genlat_metric_new(genlat_ctx *ctx, const char *text, genlat_metric **out)
{
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_CHECK(ctx, "ctx is NULL");
    GNL_CHECK(text, "text is NULL");
    char *copy = gnl_strdup(ctx, text);
    genlat_metric *m = copy ? gnl_object_new(ctx, sizeof *m) : NULL;
    genlat_status status = m ? parse(m, copy) : GENLAT_E_MEMORY;
    gnl_free(ctx, copy);
    *out = m;
    if (status != GENLAT_OK)
        genlat_metric_destroy(out);
    return status;
}

static void forget(genlat_metric *m)
{
    for (size_t i = 0; i < m->count; i++)
        m->entries[i].numbers.count = 0;
}

void genlat_metric_destroy(genlat_metric **metric)
{
    genlat_metric *m = metric ? *metric : NULL;
    if (!m)
        return;
    for (size_t i = 0; i < m->count; i++) {
        gnl_free(m->object.ctx, m->entries[i].opts);
        gnl_free(m->object.ctx, m->entries[i].numbers.list);
    }
    gnl_free(m->object.ctx, m->entries);
    gnl_object_free(m);
    *metric = NULL;
}

/* ---- blocks ----------------------------------------------------------------------------------- */

/* Copies every BLOCKS-th row of a random order, which depends only on the number of rows: rows of different inputs that
 * belong together stay together. */
static genlat_status take_block(const genlat_tensor *x, int block, genlat_tensor **out)
{
    genlat_ctx *ctx = x->object.ctx;
    const int64_t n = x->shape.dim[0], size = n / BLOCKS, d = gnl_shape_count_from(&x->shape, 1);
    gnl_shape shape = x->shape;
    shape.dim[0] = size;
    int64_t *order = gnl_alloc(ctx, (size_t)n, sizeof *order);
    genlat_status status = order ? gnl_tensor_new(ctx, &shape, out) : GENLAT_E_MEMORY;
    if (status == GENLAT_OK) {
        gnl_rng rng = gnl_rng_make(0, GNL_STREAM_EVAL, (uint64_t)n);
        for (int64_t i = 0; i < n; i++)
            order[i] = i;
        gnl_rng_shuffle(&rng, order, n);
        for (int64_t i = 0; i < size; i++)
            memcpy((*out)->data + i * d, x->data + order[block * size + i] * d, (size_t)d * sizeof *x->data);
    }
    gnl_free(ctx, order);
    return status;
}

static genlat_status compute_block(const entry *e, const gnl_metric_call *whole, int block, gnl_metric_numbers *out)
{
    genlat_tensor *part[GNL_INPUTS] = {NULL};
    genlat_status status = GENLAT_OK;
    out->count = 0;
    for (int i = 0; i < GNL_INPUTS && status == GENLAT_OK; i++)
        if (e->type->needs & 1u << i)
            status = take_block(whole->input[i], block, &part[i]);
    gnl_metric_call call = {e->opts, (const genlat_tensor *const *)part};
    if (status == GENLAT_OK)
        status = e->type->compute(&call, out);
    for (int i = 0; i < GNL_INPUTS; i++)
        genlat_tensor_destroy(&part[i]);
    return status;
}

static bool has_blocks(const entry *e, const gnl_metric_call *call)
{
    bool enough = e->type->blocks;
    for (int i = 0; i < GNL_INPUTS; i++)
        if (e->type->needs & 1u << i)
            enough = enough && call->input[i]->shape.dim[0] / BLOCKS >= e->type->least;
    return enough;
}

/* Replaces unknown standard errors. A block that has no result, such as one without a positive label, leaves them
 * unknown. */
static genlat_status estimate_errors(entry *e, const gnl_metric_call *call)
{
    genlat_ctx *ctx = e->numbers.ctx;
    const size_t count = e->numbers.count;
    gnl_metric_numbers part = {.ctx = ctx};
    double *values = gnl_alloc(ctx, count * BLOCKS, sizeof *values);
    genlat_status status = values ? GENLAT_OK : GENLAT_E_MEMORY;
    for (int b = 0; b < BLOCKS && status == GENLAT_OK; b++) {
        status = compute_block(e, call, b, &part);
        for (size_t i = 0; i < count && status == GENLAT_OK; i++)
            values[i * BLOCKS + (size_t)b] = part.list[i].value;
    }
    for (size_t i = 0; i < count && status == GENLAT_OK; i++)
        if (isnan(e->numbers.list[i].error))
            e->numbers.list[i].error = gnl_standard_error(BLOCKS, values + i * BLOCKS);
    gnl_free(ctx, values);
    gnl_free(ctx, part.list);
    return status == GENLAT_E_MEMORY ? status : GENLAT_OK;
}

/* ---- computing -------------------------------------------------------------------------------- */

static genlat_status check_inputs(const entry *e, const genlat_tensor *const *input)
{
    gnl_rows rows;
    for (int i = 0; i < GNL_INPUTS; i++) {
        if (!(e->type->needs & 1u << i))
            continue;
        if (!input[i])
            return gnl_fail(GENLAT_E_INVALID, "%s needs the input %s, which is NULL", e->type->name,
                            gnl_metric_inputs[i]);
        GNL_TRY(gnl_rows_take(input[i], e->type->least, gnl_metric_inputs[i], &rows));
    }
    return GENLAT_OK;
}

static genlat_status compute_entry(entry *e, const genlat_tensor *const *input)
{
    gnl_metric_call call = {e->opts, input};
    GNL_TRY(check_inputs(e, input));
    GNL_TRY(e->type->compute(&call, &e->numbers));
    return has_blocks(e, &call) ? estimate_errors(e, &call) : GENLAT_OK;
}

genlat_status genlat_metric_compute(genlat_metric *metric, const genlat_metric_input *input)
{
    genlat_metric_input in = {.size = sizeof in};
    genlat_status status = GENLAT_OK;
    GNL_ENTER();
    GNL_CHECK(metric, "metric is NULL");
    GNL_CHECK(input, "input is NULL");
    forget(metric);
    GNL_TRY(gnl_struct_take(input, sizeof in, &in, "input"));
    const genlat_tensor *const list[GNL_INPUTS] = {in.samples,   in.data,         in.training, in.reconstructions,
                                                   in.originals, in.codes,        in.factors,  in.scores,
                                                   in.labels,    in.probabilities};
    for (size_t i = 0; i < metric->count && status == GENLAT_OK; i++) {
        entry *e = &metric->entries[i];
        if (e->first == e)
            status = compute_entry(e, list);
        if (status != GENLAT_OK && status != GENLAT_E_MEMORY)
            status = gnl_fail_in(status, "%s", e->type->name);
    }
    if (status != GENLAT_OK)
        forget(metric);
    return status;
}

/* ---- results ---------------------------------------------------------------------------------- */

int64_t genlat_metric_needs(const genlat_metric *metric)
{
    return metric ? metric->needs : 0;
}

/* Finds the index-th result, or sets *out to NULL. Returns how many there are up to it. */
static int64_t find_result(const genlat_metric *m, int64_t index, const entry **of, const gnl_metric_number **out)
{
    int64_t count = 0;
    *out = NULL;
    for (size_t i = 0; i < m->count; i++)
        for (size_t j = 0; j < m->entries[i].first->numbers.count && !*out; j++) {
            const gnl_metric_number *number = &m->entries[i].first->numbers.list[j];
            const bool reported =
                m->entries[i].only < 0 || number->name == &m->entries[i].type->values[m->entries[i].only];
            if (reported && count++ == index) {
                *of = &m->entries[i];
                *out = number;
            }
        }
    return count;
}

int64_t genlat_metric_count(const genlat_metric *metric)
{
    const entry *of = NULL;
    const gnl_metric_number *number = NULL;
    return metric ? find_result(metric, -1, &of, &number) : 0;
}

genlat_status genlat_metric_result(const genlat_metric *metric, int64_t index, genlat_metric_value *out)
{
    const entry *of = NULL;
    const gnl_metric_number *number = NULL;
    GNL_ENTER();
    GNL_CHECK(metric, "metric is NULL");
    GNL_TRY(gnl_result_check(out, "out"));
    const int64_t count = find_result(metric, index, &of, &number);
    if (!number)
        return gnl_fail(GENLAT_E_RANGE, "index is %lld, but there are %lld results", (long long)index,
                        (long long)count);
    const genlat_metric_value value = {.size = sizeof value,
                                       .column = number->column,
                                       .count = number->count,
                                       .value = number->value,
                                       .error = number->error,
                                       .name = of->alias ? of->alias : number->name->name,
                                       .kind = of->type->name,
                                       .help = number->name->help};
    gnl_result_give(out, &value, sizeof value);
    return GENLAT_OK;
}
