/* SPDX-License-Identifier: MIT */
/* CSV tables of numbers, one sample per row. The column of labels may contain text. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "csv_priv.h"

/* The table, with what is needed only while it is read. */
typedef struct table {
    gnl_csv *csv;
    gnl_csv_layout layout;
    gnl_csv_word *word; /* [csv->rows] the labels */
    int64_t capacity;   /* rows */
} table;

static genlat_status grow(const gnl_csv_reader *r, table *t)
{
    gnl_csv *csv = t->csv;
    if (csv->rows < t->capacity)
        return GENLAT_OK;
    int64_t capacity = t->capacity ? t->capacity + t->capacity / 2 : 64;
    float *value = realloc(csv->value, (size_t)capacity * (size_t)csv->columns * sizeof *value);
    csv->value = value ? value : csv->value;
    float *label = csv->targets ? realloc(csv->label, (size_t)capacity * (size_t)csv->targets * sizeof *label) : NULL;
    csv->label = label ? label : csv->label;
    gnl_csv_word *word = t->layout.label >= 0 ? realloc(t->word, (size_t)capacity * sizeof *word) : NULL;
    t->word = word ? word : t->word;
    if (!value || (csv->targets && !label) || (t->layout.label >= 0 && !word))
        return gnl_files_no_memory(r->path);
    t->capacity = capacity;
    return GENLAT_OK;
}

/* Stores one field. A missing value sets *missing if it is not an error. */
static genlat_status store(const gnl_csv_reader *r, table *t, const gnl_csv_field *f, float **value, bool *missing)
{
    gnl_csv *csv = t->csv;
    const gnl_csv_layout *layout = &t->layout;
    double number = 0;
    gnl_csv_content content = gnl_csv_content_of(r, f, &number);
    const bool is_label = f->column == layout->label, is_target = layout->targets && layout->target[f->column] >= 0;
    if (content == GNL_CSV_MISSING && r->opts->missing == GNL_CSV_MISSING_KEEP && !is_label && !is_target) {
        *(*value)++ = NAN;
        return GENLAT_OK;
    }
    if (content == GNL_CSV_MISSING && !(is_label && strcmp(f->text, "-") == 0)) { /* + and - may be classes */
        *missing = true;
        return r->opts->missing == GNL_CSV_MISSING_DROP ? GENLAT_OK : gnl_csv_missing(r, f);
    }
    if (is_label) {
        t->word[csv->rows] = (gnl_csv_word){.text = strdup(f->text), .line = f->line};
        return t->word[csv->rows].text ? GENLAT_OK : gnl_files_no_memory(r->path);
    }
    if (content != GNL_CSV_NUMBER || !(fabs(number) <= (double)FLT_MAX))
        return gnl_csv_not_number(r, f);
    if (is_target)
        csv->label[csv->rows * csv->targets + layout->target[f->column]] = (float)number;
    else
        *(*value)++ = (float)number;
    return GENLAT_OK;
}

static genlat_status wrong_count(const gnl_csv_reader *r, int64_t line, int64_t columns)
{
    return genlat_error_set(GENLAT_E_FORMAT, "%s: line %lld: the row has %s%lld columns, %lld expected as in the first",
                            r->path, (long long)line, columns > r->columns ? "at least " : "", (long long)columns,
                            (long long)r->columns);
}

static genlat_status read_row(gnl_csv_reader *r, table *t)
{
    gnl_csv *csv = t->csv;
    float *value = csv->value + csv->rows * csv->columns;
    int64_t column = 0, line = r->line;
    bool missing = false;
    if (t->word)
        t->word[csv->rows].text = NULL;
    for (gnl_csv_field f = {.last = false}; !f.last; column++) {
        genlat_status status = gnl_csv_next(r, column, &f);
        if (status == GENLAT_OK && (column == r->columns || (f.last && column + 1 < r->columns)))
            status = wrong_count(r, line, column + 1);
        if (status == GENLAT_OK)
            status = store(r, t, &f, &value, &missing);
        if (status != GENLAT_OK || (f.last && missing)) { /* the row does not count */
            if (t->word)
                free(t->word[csv->rows].text);
            GNL_FILES_TRY(status);
        }
    }
    csv->drop_line = missing && csv->dropped == 0 ? line : csv->drop_line;
    csv->dropped += missing;
    csv->rows += !missing;
    return GENLAT_OK;
}

/* Keeps the names of the columns that are values. */
static void keep_names(gnl_csv_reader *r, const gnl_csv_layout *layout, gnl_csv *out)
{
    int64_t kept = 0;
    for (int64_t i = 0; r->name && i < r->columns; i++) {
        if (i == layout->label || (layout->targets && layout->target[i] >= 0))
            free(r->name[i]);
        else
            r->name[kept++] = r->name[i];
    }
    out->name = r->name;
    r->name = NULL;
}

static genlat_status read_rows(gnl_csv_reader *r, table *t)
{
    gnl_csv *csv = t->csv;
    csv->targets = t->layout.targets;
    csv->columns = r->columns - csv->targets - (t->layout.label >= 0);
    if (csv->columns == 0)
        return genlat_error_set(GENLAT_E_FORMAT, "%s: the file has no numbers beside labels and targets", r->path);
    for (gnl_csv_skip_empty(r); r->at < r->end; gnl_csv_skip_empty(r)) {
        GNL_FILES_TRY(grow(r, t));
        GNL_FILES_TRY(read_row(r, t));
    }
    if (csv->rows == 0)
        return genlat_error_set(GENLAT_E_FORMAT, "%s: the file has no numbers%s", r->path,
                                csv->dropped ? "; in each row a value is missing" : "");
    return t->layout.label >= 0 ? gnl_csv_classes(r, &t->layout, t->word, csv) : GENLAT_OK;
}

static genlat_status read_table(gnl_csv_reader *r, table *t)
{
    gnl_csv_skip_empty(r);
    if (r->at == r->end)
        return genlat_error_set(GENLAT_E_FORMAT, "%s: the file is empty", r->path);
    GNL_FILES_TRY(gnl_csv_separate(r));
    GNL_FILES_TRY(gnl_csv_first_row(r, &t->layout));
    return read_rows(r, t);
}

void gnl_csv_free(gnl_csv *csv)
{
    free(csv->value);
    free(csv->label);
    gnl_csv_names_free(csv->name, csv->columns);
    gnl_csv_names_free(csv->class, csv->classes);
    *csv = (gnl_csv){0};
}

genlat_status gnl_csv_parse(const char *path, const uint8_t *data, size_t size, const gnl_csv_opts *opts, gnl_csv *out)
{
    static const char mark[] = "\xEF\xBB\xBF"; /* byte order mark that some spreadsheet programs write */
    gnl_csv_reader r = {
        .path = path, .at = (const char *)data, .end = (const char *)data + size, .opts = opts, .line = 1};
    table t = {.csv = out};
    *out = (gnl_csv){0};
    GNL_FILES_TRY(gnl_content_text(path, data, size));
    if (size >= 3 && memcmp(data, mark, 3) == 0)
        r.at += 3;
    genlat_status status = read_table(&r, &t);
    for (int64_t i = 0; t.word && i < out->rows; i++)
        free(t.word[i].text);
    free(t.word);
    if (status == GENLAT_OK)
        keep_names(&r, &t.layout, out);
    gnl_csv_names_free(r.name, r.columns);
    free(t.layout.target);
    if (status != GENLAT_OK)
        gnl_csv_free(out);
    return status;
}
