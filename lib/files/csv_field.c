/* SPDX-License-Identifier: MIT */
/* CSV: fields, their separator, and what they contain. */
#include <math.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include "csv_priv.h"

genlat_status gnl_csv_error(const gnl_csv_reader *r, const gnl_csv_field *f, const char *format, ...)
{
    char what[512], shown[GNL_FILES_SHOWN], name[GNL_FILES_SHOWN + 16] = "";
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    if (r->name && f->column < r->columns)
        snprintf(name, sizeof name, " (%s)", gnl_content_shown(r->name[f->column], strlen(r->name[f->column]), shown));
    return genlat_error_set(GENLAT_E_FORMAT, "%s: line %lld, column %lld%s: %s", r->path, (long long)f->line,
                            (long long)f->column + 1, name, what);
}

/* ---- fields ------------------------------------------------------------------------------------------ */

static bool at_row_end(const gnl_csv_reader *r)
{
    return r->at == r->end || *r->at == '\n' || *r->at == '\r';
}

/* Goes to the next line if there is a line end here. */
static void skip_row_end(gnl_csv_reader *r)
{
    if (r->at < r->end && *r->at == '\r')
        r->at++;
    if (r->at < r->end && *r->at == '\n')
        r->at++;
    r->line++;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

static void skip_spaces(gnl_csv_reader *r)
{
    while (r->at < r->end && is_space(*r->at) && (*r->at != r->separator || r->separator == ' '))
        r->at++;
}

static bool at_separator(const gnl_csv_reader *r)
{
    return r->at < r->end && (*r->at == r->separator || (r->separator == ' ' && *r->at == '\t'));
}

void gnl_csv_skip_empty(gnl_csv_reader *r)
{
    for (;;) {
        gnl_csv_reader line = *r;
        while (line.at < line.end && *line.at == ' ')
            line.at++;
        if (!at_row_end(&line))
            return;
        bool end = line.at == line.end;
        skip_row_end(&line);
        *r = line;
        if (end)
            return;
    }
}

/* Reads the text up to the separator, the row's end, or the closing quote. */
static genlat_status read_text(gnl_csv_reader *r, bool quoted, gnl_csv_field *out)
{
    while (r->at < r->end) {
        if (quoted && *r->at == '"' && !(r->end - r->at > 1 && r->at[1] == '"'))
            break;
        if (!quoted && (at_separator(r) || at_row_end(r)))
            break;
        r->at += quoted && *r->at == '"';
        r->line += quoted && *r->at == '\n';
        if (out->length == GNL_CSV_FIELD)
            return gnl_csv_error(r, out, "the field is longer than %d bytes", GNL_CSV_FIELD);
        out->text[out->length++] = (unsigned char)*r->at < ' ' || *r->at == 0x7F ? ' ' : *r->at;
        r->at++;
    }
    return GENLAT_OK;
}

static void trim(gnl_csv_field *f)
{
    size_t begin = 0;
    while (f->length && is_space(f->text[f->length - 1]))
        f->length--;
    while (begin < f->length && is_space(f->text[begin]))
        begin++;
    f->length -= begin;
    memmove(f->text, f->text + begin, f->length);
    f->text[f->length] = '\0';
}

genlat_status gnl_csv_next(gnl_csv_reader *r, int64_t column, gnl_csv_field *out)
{
    out->length = 0;
    out->line = r->line;
    out->column = column;
    skip_spaces(r);
    bool quoted = r->at < r->end && *r->at == '"';
    r->at += quoted;
    GNL_FILES_TRY(read_text(r, quoted, out));
    if (quoted && r->at++ == r->end)
        return gnl_csv_error(r, out, "the closing quote is missing");
    trim(out);
    const char *after = r->at;
    skip_spaces(r);
    out->last = at_row_end(r);
    bool separated = r->separator == ' ' ? r->at > after : at_separator(r);
    if (!out->last && !separated)
        return gnl_csv_error(r, out, "there is text after the closing quote");
    if (out->last)
        skip_row_end(r);
    else if (r->separator != ' ')
        r->at++;
    return GENLAT_OK;
}

/* ---- contents ---------------------------------------------------------------------------------------- */

static bool is_missing(const gnl_csv_field *f)
{
    static const char *const marks[] = {"", "NA", "N/A", "#N/A", "<NA>", "NaN", "null", "?", "-"};
    for (size_t i = 0; i < GNL_FILES_COUNT(marks); i++)
        if (strcasecmp(f->text, marks[i]) == 0)
            return true;
    return false;
}

/* Parses a number with a decimal comma. */
static bool comma_number(const char *text, size_t length, double *out)
{
    char copy[GNL_CSV_FIELD + 1];
    if (length > GNL_CSV_FIELD || memchr(text, '.', length))
        return false;
    memcpy(copy, text, length);
    char *comma = memchr(copy, ',', length);
    if (comma)
        *comma = '.';
    return gnl_files_number(copy, length, out);
}

bool gnl_csv_decimal_comma(const char *text, size_t length)
{
    double number = 0;
    return memchr(text, ',', length) && comma_number(text, length, &number);
}

gnl_csv_content gnl_csv_content_of(const gnl_csv_reader *r, const gnl_csv_field *f, double *number)
{
    bool comma = r->opts->decimal == GNL_CSV_DECIMAL_COMMA;
    bool is_number = comma ? comma_number(f->text, f->length, number) : gnl_files_number(f->text, f->length, number);
    if (is_number && !isnan(*number))
        return GNL_CSV_NUMBER;
    return is_missing(f) ? GNL_CSV_MISSING : GNL_CSV_TEXT;
}

/* Whether the text is digits with the mark of a date or a time between them, such as 2024-02-29 or 10:30. */
static bool is_date(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    return digits > 0 && strchr("-/.:", text[digits]) && strlen(text) > digits + 1 &&
           strspn(text, "0123456789-/.: TZ+") == strlen(text);
}

genlat_status gnl_csv_missing(const gnl_csv_reader *r, const gnl_csv_field *f)
{
    static const char remedy[] = "enter a value, remove the row, or leave out all such rows with missing=drop";
    return f->length ? gnl_csv_error(r, f, "the value is missing, the text is '%s'; %s", f->text, remedy)
                     : gnl_csv_error(r, f, "the value is missing, the field is empty; %s", remedy);
}

genlat_status gnl_csv_not_number(const gnl_csv_reader *r, const gnl_csv_field *f)
{
    char shown[GNL_FILES_SHOWN], name[GNL_FILES_SHOWN];
    double number = 0;
    gnl_content_shown(f->text, f->length, shown);
    if (gnl_csv_content_of(r, f, &number) == GNL_CSV_NUMBER)
        return isfinite(number) ? gnl_csv_error(r, f, "'%s' is beyond the range of float, 3.4e38", shown)
                                : gnl_csv_error(r, f, "'%s' is not finite; enter a number or remove the row", shown);
    if (r->opts->decimal != GNL_CSV_DECIMAL_COMMA && gnl_csv_decimal_comma(f->text, f->length))
        return gnl_csv_error(r, f, "'%s' looks like a number with a decimal comma; set decimal=comma", shown);
    if (r->opts->decimal == GNL_CSV_DECIMAL_COMMA && gnl_files_number(f->text, f->length, &number))
        return gnl_csv_error(r, f, "'%s' has a decimal point, but decimal=comma is set", shown);
    if (is_date(f->text))
        return gnl_csv_error(r, f, "'%s' looks like a date or a time; convert it to a number, such as days", shown);
    if (r->opts->label && r->opts->label[0])
        return gnl_csv_error(r, f, "'%s' is not a number; enter a number or remove the column", shown);
    if (r->name && f->column < r->columns)
        return gnl_csv_error(r, f,
                             "'%s' is not a number; enter a number, remove the column, or set label=%s for classes",
                             shown, gnl_content_shown(r->name[f->column], strlen(r->name[f->column]), name));
    return gnl_csv_error(r, f, "'%s' is not a number; enter a number, remove the column, or set label=%lld for classes",
                         shown, (long long)f->column + 1);
}

/* ---- the separator ----------------------------------------------------------------------------------- */

static const char separators[] = {'\t', ';', '|', ',', ' '}; /* in the order in which equals are preferred */

/* How well a separator divides the first lines. */
typedef struct division {
    int64_t fields, numbers, divided, lines; /* of all lines; divided: lines with more than one field */
    bool regular;                            /* every line has the same number of fields, above 1 */
} division;

static division divide(gnl_csv_reader r, char separator)
{
    enum { LINES = 32 };
    division d = {.regular = true};
    int64_t first = 0;
    r.separator = separator;
    for (; d.lines < LINES && d.regular && r.at < r.end; d.lines++, gnl_csv_skip_empty(&r)) {
        int64_t before = d.fields;
        for (gnl_csv_field f = {.last = false}; !f.last; d.fields++) {
            double number = 0;
            if (gnl_csv_next(&r, 0, &f) != GENLAT_OK) {
                d.regular = false;
                return d;
            }
            d.numbers += gnl_files_number(f.text, f.length, &number) || gnl_csv_decimal_comma(f.text, f.length);
        }
        first = d.lines ? first : d.fields;
        d.divided += d.fields - before > 1;
        d.regular = first > 1 && d.fields - before == first;
    }
    return d;
}

/* The regular division with the largest share of numbers; '\0' if there is none. */
static char best_division(const gnl_csv_reader *r)
{
    division best = {.fields = 1};
    char found = '\0';
    for (size_t i = 0; i < sizeof separators; i++) {
        division d = divide(*r, separators[i]);
        if (d.regular && d.numbers * best.fields > best.numbers * d.fields) {
            best = d;
            found = separators[i];
        }
    }
    return found;
}

/* The most frequent separator of the first line. Spaces count only if there is no other. */
static char frequent_separator(const gnl_csv_reader *r)
{
    int64_t most = 0;
    char found = ',';
    for (size_t i = 0; i < sizeof separators && (separators[i] != ' ' || most == 0); i++) {
        int64_t count = 0;
        for (const char *at = r->at; at < r->end && *at != '\n'; at++)
            count += *at == separators[i];
        if (count > most && (separators[i] != ' ' || divide(*r, ' ').divided > 1)) {
            most = count;
            found = separators[i];
        }
    }
    return found;
}

genlat_status gnl_csv_separate(gnl_csv_reader *r)
{
    static const char given[] = {[GNL_CSV_COMMA] = ',',
                                 [GNL_CSV_SEMICOLON] = ';',
                                 [GNL_CSV_TAB] = '\t',
                                 [GNL_CSV_PIPE] = '|',
                                 [GNL_CSV_SPACE] = ' '};
    if (r->opts->separator == GNL_CSV_COMMA && r->opts->decimal == GNL_CSV_DECIMAL_COMMA)
        return genlat_error_set(GENLAT_E_INVALID, "%s: separator=comma and decimal=comma exclude each other", r->path);
    r->separator = given[r->opts->separator];
    if (!r->separator)
        r->separator = best_division(r);
    if (!r->separator)
        r->separator = frequent_separator(r);
    return GENLAT_OK;
}
