/* SPDX-License-Identifier: MIT */
/* CSV tables of numbers, one sample per row. The label column may contain text. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "files_priv.h"

enum { MAX_COLUMNS = 1 << 16, MAX_FIELD = 255 };

/* The position in the text, and the values of the label column as text. */
typedef struct reader {
    const char *path;
    const char *at, *end;
    char delimiter;
    int64_t line; /* counted from 1 */
    char **word;  /* [rows] text of the label column */
    int64_t words;
} reader;

typedef struct field {
    char text[MAX_FIELD + 1];
    size_t length;
    bool last; /* last field of the row */
} field;

static genlat_status format_error(const reader *r, int64_t column, const char *what)
{
    return genlat_error_set(GENLAT_E_FORMAT, "%s: line %lld, column %lld: %s", r->path, (long long)r->line,
                            (long long)column + 1, what);
}

/* ---- fields ------------------------------------------------------------------------------------------ */

static bool at_row_end(const reader *r)
{
    return r->at == r->end || *r->at == '\n' || *r->at == '\r';
}

static void skip_row_end(reader *r)
{
    if (r->at < r->end && *r->at == '\r')
        r->at++;
    if (r->at < r->end && *r->at == '\n')
        r->at++;
    r->line++;
}

/* Reads a field up to the delimiter, or a quoted field, in which two quotes represent one. */
static genlat_status read_field(reader *r, int64_t column, field *out)
{
    bool quoted = r->at < r->end && *r->at == '"';
    out->length = 0;
    r->at += quoted;
    while (r->at < r->end) {
        if (quoted && *r->at == '"' && !(r->end - r->at > 1 && r->at[1] == '"'))
            break;
        if (!quoted && (*r->at == r->delimiter || at_row_end(r)))
            break;
        r->at += quoted && *r->at == '"';
        if (out->length == MAX_FIELD)
            return format_error(r, column, "the field is longer than 255 bytes");
        out->text[out->length++] = *r->at++;
    }
    if (quoted && r->at++ == r->end)
        return format_error(r, column, "the closing quote is missing");
    out->text[out->length] = '\0';
    out->last = at_row_end(r);
    if (!out->last && *r->at != r->delimiter)
        return format_error(r, column, "there is text after the closing quote");
    if (out->last)
        skip_row_end(r);
    else
        r->at++;
    return GENLAT_OK;
}

static bool field_number(const field *f, double *out)
{
    const char *text = f->text;
    size_t length = f->length;
    while (length && isspace((unsigned char)*text))
        text++, length--;
    while (length && isspace((unsigned char)text[length - 1]))
        length--;
    return gnl_files_number(text, length, out);
}

/* Returns the delimiter: the most frequent of comma, semicolon and tab in the first line. */
static char guess_delimiter(const reader *r)
{
    static const char known[] = ",;\t";
    int64_t count[3] = {0};
    for (const char *at = r->at; at < r->end && *at != '\n'; at++)
        for (int i = 0; i < 3; i++)
            count[i] += *at == known[i];
    int best = 0;
    for (int i = 1; i < 3; i++)
        best = count[i] > count[best] ? i : best;
    return known[best];
}

static void skip_empty_rows(reader *r)
{
    while (r->at < r->end && at_row_end(r))
        skip_row_end(r);
}

/* ---- the first row ----------------------------------------------------------------------------------- */

/* Properties of the table. label is the index of the label column; -1: none requested. */
typedef struct first_row {
    int64_t columns, label;
    bool header;
} first_row;

static genlat_status find_label(const reader *r, const char *label, int64_t named, first_row *out)
{
    double number = 0;
    out->label = named;
    if (!label || named >= 0)
        return GENLAT_OK;
    if (gnl_files_number(label, strlen(label), &number) && number >= -(double)out->columns &&
        number <= (double)out->columns && number != 0 && number == (double)(int64_t)number)
        out->label = number > 0 ? (int64_t)number - 1 : out->columns + (int64_t)number;
    if (out->label < 0)
        return genlat_error_set(GENLAT_E_NOT_FOUND,
                                "%s: label= is '%s'; the name of a column in the first line or a number from 1 to "
                                "%lld expected",
                                r->path, label, (long long)out->columns);
    return GENLAT_OK;
}

/* Reads the first row. A row that contains text is a header, except if the only text is in the label column and
 * label= is the number of that column. */
static genlat_status read_first_row(reader r, const char *label, first_row *out)
{
    field f;
    double number = 0;
    int64_t named = -1, words = 0, word_at = -1;
    *out = (first_row){.label = -1};
    do {
        GNL_FILES_TRY(read_field(&r, out->columns, &f));
        if (!field_number(&f, &number)) {
            words++;
            word_at = out->columns;
        }
        if (label && strcmp(f.text, label) == 0)
            named = out->columns;
        if (++out->columns > MAX_COLUMNS)
            return format_error(&r, out->columns, "there are more than 65536 columns");
    } while (!f.last);
    /* If the row has no text, it is not a header, so that label= is a column number. */
    GNL_FILES_TRY(find_label(&r, label, words ? named : -1, out));
    out->header = words > 1 || (words == 1 && (word_at != out->label || named == out->label));
    return GENLAT_OK;
}

/* ---- rows -------------------------------------------------------------------------------------------- */

static genlat_status grow(reader *r, gnl_csv *csv, bool labels, int64_t *capacity)
{
    if (csv->rows < *capacity)
        return GENLAT_OK;
    *capacity = *capacity ? *capacity + *capacity / 2 : 64;
    size_t width = GNL_FILES_MAX((size_t)csv->columns, 1) * sizeof *csv->value;
    float *value = realloc(csv->value, (size_t)*capacity * width);
    csv->value = value ? value : csv->value;
    char **word = labels ? realloc(r->word, (size_t)*capacity * sizeof *word) : NULL;
    r->word = word ? word : r->word;
    return value && (word || !labels) ? GENLAT_OK : gnl_files_no_memory(r->path);
}

static genlat_status read_row(reader *r, const first_row *first, gnl_csv *csv)
{
    float *value = csv->value + csv->rows * csv->columns;
    int64_t column = 0;
    field f = {.last = false};
    for (; !f.last; column++) {
        double number = 0;
        GNL_FILES_TRY(read_field(r, column, &f));
        r->line -= f.last; /* errors in the last field belong to this line */
        if (column == first->columns)
            return format_error(r, column, "the row has more columns than the first");
        if (column == first->label) {
            r->word[r->words] = strdup(f.text);
            if (!r->word[r->words++])
                return gnl_files_no_memory(r->path);
        } else if (field_number(&f, &number)) {
            *value++ = (float)number;
        } else {
            return format_error(r, column,
                                f.length ? "the text is not a number; set label= if this is the column of classes"
                                         : "the field is empty; enter a number or remove the row");
        }
    }
    if (column != first->columns)
        return format_error(r, column, "the row has fewer columns than the first");
    r->line++;
    csv->rows++;
    return GENLAT_OK;
}

/* ---- classes ----------------------------------------------------------------------------------------- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Assigns class numbers to the texts of the label column, in byte order. */
static genlat_status number_words(const reader *r, gnl_csv *csv)
{
    char **sorted = malloc((size_t)csv->rows * sizeof *sorted);
    if (!sorted)
        return gnl_files_no_memory(r->path);
    memcpy(sorted, r->word, (size_t)csv->rows * sizeof *sorted);
    qsort(sorted, (size_t)csv->rows, sizeof *sorted, by_text);
    size_t distinct = 1;
    for (int64_t i = 1; i < csv->rows; i++)
        if (strcmp(sorted[i], sorted[distinct - 1]) != 0)
            sorted[distinct++] = sorted[i];
    for (int64_t i = 0; i < csv->rows; i++) {
        char **found = bsearch(&r->word[i], sorted, distinct, sizeof *sorted, by_text);
        csv->label[i] = (float)(found - sorted);
    }
    free(sorted);
    return GENLAT_OK;
}

/* Converts the label column: to numbers if all texts are class numbers, otherwise by number_words(). */
static genlat_status make_labels(const reader *r, gnl_csv *csv)
{
    csv->label = malloc((size_t)csv->rows * sizeof *csv->label);
    if (!csv->label)
        return gnl_files_no_memory(r->path);
    for (int64_t i = 0; i < csv->rows; i++) {
        double number = 0;
        if (!gnl_files_number(r->word[i], strlen(r->word[i]), &number) || number < 0 || number > 1e6 ||
            number != (double)(int64_t)number)
            return number_words(r, csv);
        csv->label[i] = (float)number;
    }
    return GENLAT_OK;
}

/* ---- the table --------------------------------------------------------------------------------------- */

void gnl_csv_free(gnl_csv *csv)
{
    free(csv->value);
    free(csv->label);
    *csv = (gnl_csv){0};
}

static genlat_status parse_rows(reader *r, const char *label, gnl_csv *out)
{
    first_row first;
    int64_t capacity = 0;
    skip_empty_rows(r);
    r->delimiter = guess_delimiter(r);
    if (r->at == r->end)
        return genlat_error_set(GENLAT_E_FORMAT, "%s: the file is empty", r->path);
    GNL_FILES_TRY(read_first_row(*r, label, &first));
    out->columns = first.columns - (first.label >= 0);
    for (field skipped = {.last = !first.header}; !skipped.last;)
        GNL_FILES_TRY(read_field(r, 0, &skipped));
    for (skip_empty_rows(r); r->at < r->end; skip_empty_rows(r)) {
        GNL_FILES_TRY(grow(r, out, first.label >= 0, &capacity));
        GNL_FILES_TRY(read_row(r, &first, out));
    }
    if (out->rows == 0 || out->columns == 0)
        return genlat_error_set(GENLAT_E_FORMAT, "%s: the file has no numbers", r->path);
    return first.label >= 0 ? make_labels(r, out) : GENLAT_OK;
}

genlat_status gnl_csv_parse(const char *path, const uint8_t *data, size_t size, const char *label, gnl_csv *out)
{
    static const char mark[] = "\xEF\xBB\xBF"; /* byte order mark that some spreadsheet programs write */
    reader r = {.path = path, .at = (const char *)data, .end = (const char *)data + size, .line = 1};
    *out = (gnl_csv){0};
    if (size >= 3 && memcmp(data, mark, 3) == 0)
        r.at += 3;
    genlat_status status = parse_rows(&r, label, out);
    for (int64_t i = 0; i < r.words; i++)
        free(r.word[i]);
    free(r.word);
    if (status != GENLAT_OK)
        gnl_csv_free(out);
    return status;
}
