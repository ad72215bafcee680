/* SPDX-License-Identifier: MIT */
/* CSV: the first row, whether it is a header, and which columns are labels or targets. */
#include <stdlib.h>
#include <string.h>

#include "csv_priv.h"

void gnl_csv_names_free(char **name, int64_t count)
{
    for (int64_t i = 0; name && i < count; i++)
        free(name[i]);
    free(name);
}

/* Reads the fields of the first row as names. */
static genlat_status read_names(gnl_csv_reader *r)
{
    int64_t capacity = 0;
    for (gnl_csv_field f = {.last = false}; !f.last;) {
        GNL_FILES_TRY(gnl_csv_next(r, r->columns, &f));
        if (r->columns == GNL_CSV_COLUMNS)
            return gnl_csv_error(r, &f, "there are more than %d columns", GNL_CSV_COLUMNS);
        if (r->columns == capacity) {
            capacity = 2 * capacity + 16;
            char **grown = realloc(r->name, (size_t)capacity * sizeof *grown);
            if (!grown)
                return gnl_files_no_memory(r->path);
            r->name = grown;
        }
        r->name[r->columns] = strdup(f.text);
        if (!r->name[r->columns])
            return gnl_files_no_memory(r->path);
        r->columns++;
    }
    return GENLAT_OK;
}

static gnl_csv_field field_of(const gnl_csv_reader *r, int64_t column)
{
    gnl_csv_field f = {.length = strlen(r->name[column]), .line = r->line, .column = column};
    strcpy(f.text, r->name[column]);
    return f;
}

/* ---- columns ----------------------------------------------------------------------------------------- */

static genlat_status unknown_column(const gnl_csv_reader *r, const char *key, const char *text, bool names)
{
    char known[400] = "", shown[GNL_FILES_SHOWN];
    for (int64_t i = 0; names && i < r->columns && strlen(known) < sizeof known - GNL_FILES_SHOWN - 8; i++) {
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s",
                 i ? ", " : "; columns: ", gnl_content_shown(r->name[i], strlen(r->name[i]), shown));
    }
    return genlat_error_set(GENLAT_E_NOT_FOUND,
                            "%s: %s is '%s'; the name of a column in the first line or a number from 1 to %lld "
                            "expected%s",
                            r->path, key, gnl_content_shown(text, strlen(text), shown), (long long)r->columns, known);
}

/* Finds a column by its name, if names is true, or by its number, counted from 1, or from the end if negative. Sets
 * *named if it was found by a name that is not a number. */
static genlat_status find_column(const gnl_csv_reader *r, const char *key, const char *text, bool names, int64_t *out,
                                 bool *named)
{
    double number = 0;
    int64_t found = 0, columns = r->columns;
    for (int64_t i = 0; names && i < columns; i++)
        if (strcmp(r->name[i], text) == 0) {
            *out = i;
            found++;
        }
    if (found > 1)
        return genlat_error_set(GENLAT_E_INVALID, "%s: %s is '%s', the name of %lld columns; give the column's number",
                                r->path, key, text, (long long)found);
    bool is_number = gnl_files_number(text, strlen(text), &number);
    *named |= found && !is_number;
    if (found)
        return GENLAT_OK;
    if (!is_number || !(number >= -(double)columns && number <= (double)columns) || number == 0 ||
        number != (double)(int64_t)number)
        return unknown_column(r, key, text, names);
    *out = number > 0 ? (int64_t)number - 1 : columns + (int64_t)number;
    return GENLAT_OK;
}

static genlat_status find_targets(const gnl_csv_reader *r, const char *list, bool names, gnl_csv_layout *out,
                                  bool *named)
{
    char copy[GNL_FILES_KEY], *rest = NULL;
    snprintf(copy, sizeof copy, "%s", list);
    out->target = malloc((size_t)r->columns * sizeof *out->target);
    if (!out->target)
        return gnl_files_no_memory(r->path);
    for (int64_t i = 0; i < r->columns; i++)
        out->target[i] = -1;
    for (char *name = strtok_r(copy, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) {
        int64_t column = 0;
        GNL_FILES_TRY(find_column(r, "target=", name, names, &column, named));
        if (out->target[column] >= 0)
            return genlat_error_set(GENLAT_E_INVALID, "%s: target= has column %lld twice", r->path,
                                    (long long)column + 1);
        out->target[column] = out->targets++;
    }
    return GENLAT_OK;
}

/* ---- header or data ---------------------------------------------------------------------------------- */

/* The contents of the first row, without the column of labels. */
typedef struct contents {
    int64_t numbers, texts;
    int64_t number, text; /* a column of each */
} contents;

static void look_at(const gnl_csv_reader *r, int64_t label, contents *out)
{
    *out = (contents){0};
    for (int64_t i = 0; i < r->columns; i++) {
        double number = 0;
        gnl_csv_field f = field_of(r, i);
        gnl_csv_content content = gnl_csv_content_of(r, &f, &number);
        if (i == label)
            continue;
        if (content == GNL_CSV_NUMBER) {
            out->numbers++;
            out->number = i;
        } else if (content == GNL_CSV_TEXT) {
            out->texts++;
            out->text = i;
        }
    }
}

/* Whether the columns that are not the label's have the texts first, first+1, ... */
static bool is_counted(const gnl_csv_reader *r, int64_t label, int64_t first)
{
    for (int64_t i = 0; i < r->columns; i++) {
        char expected[24];
        snprintf(expected, sizeof expected, "%lld", (long long)first);
        if (i != label && strcmp(r->name[i], expected) != 0)
            return false;
        first += i != label;
    }
    return true;
}

/* Whether one of the rows from `r` on has a number that is not whole. */
static bool fractions_follow(gnl_csv_reader r, int64_t label)
{
    enum { LINES = 32 };
    gnl_csv_skip_empty(&r);
    for (int i = 0; i < LINES && r.at < r.end; i++, gnl_csv_skip_empty(&r)) {
        int64_t column = 0;
        for (gnl_csv_field f = {.last = false}; !f.last; column++) {
            double number = 0;
            if (gnl_csv_next(&r, column, &f) != GENLAT_OK)
                return false;
            if (column != label && gnl_csv_content_of(&r, &f, &number) == GNL_CSV_NUMBER &&
                strpbrk(f.text, ".,eE") != NULL)
                return true;
        }
    }
    return false;
}

/* Whether a first row of numbers may be names: 0, 1, 2, ..., as pandas writes them, or 1, 2, 3, ..., with or without
 * the column of labels. Fewer than three such numbers are taken for data, except if they begin with 0 and numbers that
 * are not whole follow. */
static bool maybe_names(const gnl_csv_reader *r, const gnl_csv_reader *next, int64_t label)
{
    const int64_t without[] = {label, -1};
    for (size_t i = 0; i < GNL_FILES_COUNT(without); i++) {
        bool many = r->columns - (without[i] >= 0) >= 3;
        if (many && is_counted(r, without[i], 1))
            return true;
        if (is_counted(r, without[i], 0) && (many || fractions_follow(*next, label)))
            return true;
    }
    return false;
}

static genlat_status guess_header(const gnl_csv_reader *r, const gnl_csv_reader *next, gnl_csv_layout *out)
{
    contents c;
    look_at(r, out->label, &c);
    if (c.texts == 0) {
        if (r->opts->header == GNL_CSV_HEADER_TEXT || !maybe_names(r, next, out->label))
            return GENLAT_OK;
        return genlat_error_set(GENLAT_E_FORMAT,
                                "%s: line %lld: the numbers from %s on may be names of columns or data; set header=yes "
                                "or header=no",
                                r->path, (long long)r->line, r->name[out->label == 0]);
    }
    gnl_csv_field text = field_of(r, c.text);
    gnl_csv_reader unnamed = *r;
    char shown[GNL_FILES_SHOWN];
    unnamed.name = NULL;
    if (gnl_csv_decimal_comma(text.text, text.length))
        return gnl_csv_not_number(&unnamed, &text);
    if (c.numbers)
        return gnl_csv_error(&unnamed, &text,
                             "'%s' is not a number, but '%s' in column %lld is; set header=yes if the first line has "
                             "names, or header=no and correct the text",
                             gnl_content_shown(text.text, text.length, shown), r->name[c.number],
                             (long long)c.number + 1);
    out->header = true;
    return GENLAT_OK;
}

static bool is_set(const char *text)
{
    return text && text[0];
}

/* Whether the first row has all names of a list with commas between. */
static bool has_columns(const gnl_csv_reader *r, const char *list)
{
    for (const char *at = list; *at; at += strcspn(at, ","), at += *at == ',') {
        const size_t length = strcspn(at, ",");
        bool found = false;
        for (int64_t i = 0; i < r->columns && !found; i++)
            found = strlen(r->name[i]) == length && memcmp(r->name[i], at, length) == 0;
        if (!found)
            return false;
    }
    return true;
}

/* Whether the columns of a key are to be found. */
static bool is_requested(const gnl_csv_reader *r, const char *list)
{
    return is_set(list) && (!r->opts->optional || has_columns(r, list));
}

/* Finds columns and header. r is at the first row, next after it. */
static genlat_status lay_out(gnl_csv_reader *r, const gnl_csv_reader *next, gnl_csv_layout *out)
{
    const gnl_csv_opts *o = r->opts;
    contents c;
    bool named = false;
    look_at(r, -1, &c);
    bool names = o->header == GNL_CSV_HEADER_YES || (o->header != GNL_CSV_HEADER_NO && c.texts > 0);
    if (is_set(o->label) && is_set(o->target))
        return genlat_error_set(GENLAT_E_INVALID, "%s: label= and target= exclude each other", r->path);
    if (is_requested(r, o->label))
        GNL_FILES_TRY(find_column(r, "label=", o->label, names, &out->label, &named));
    if (is_requested(r, o->target))
        GNL_FILES_TRY(find_targets(r, o->target, names, out, &named));
    out->guessed = o->header != GNL_CSV_HEADER_YES && o->header != GNL_CSV_HEADER_NO;
    out->header = o->header == GNL_CSV_HEADER_YES || named;
    return out->guessed && !named ? guess_header(r, next, out) : GENLAT_OK;
}

/* Checks the encoding of the names, and names columns without a name. */
static genlat_status complete_names(const gnl_csv_reader *r)
{
    for (int64_t i = 0; i < r->columns; i++) {
        char name[32];
        gnl_csv_field f = field_of(r, i);
        if (!gnl_content_utf8(f.text))
            return gnl_csv_error(r, &f, "the name is not text in UTF-8; save the file as UTF-8");
        if (f.length)
            continue;
        snprintf(name, sizeof name, "column %lld", (long long)i + 1);
        free(r->name[i]);
        r->name[i] = strdup(name);
        if (!r->name[i])
            return gnl_files_no_memory(r->path);
    }
    return GENLAT_OK;
}

genlat_status gnl_csv_first_row(gnl_csv_reader *r, gnl_csv_layout *out)
{
    gnl_csv_reader next = *r;
    *out = (gnl_csv_layout){.label = -1};
    genlat_status status = read_names(&next);
    r->name = next.name;
    r->columns = next.columns;
    if (status == GENLAT_OK)
        status = lay_out(r, &next, out);
    if (status == GENLAT_OK && out->header)
        status = complete_names(r);
    if (status != GENLAT_OK)
        return status;
    if (out->header) {
        char **name = r->name; /* some may be new */
        *r = next;
        r->name = name;
    } else {
        gnl_csv_names_free(r->name, r->columns);
        r->name = NULL;
    }
    return GENLAT_OK;
}
