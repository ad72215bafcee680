/* SPDX-License-Identifier: MIT */
/* CSV: labels as classes. The classes are the texts that occur: whole numbers in their order, other texts by bytes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "csv_priv.h"

/* A label as a number or as text, and the row that it belongs to. */
typedef struct label {
    const char *text;
    int64_t number, row;
} label;

static int by_number(const void *a, const void *b)
{
    const label *x = a, *y = b;
    return (x->number > y->number) - (x->number < y->number);
}

static int by_text(const void *a, const void *b)
{
    const label *x = a, *y = b;
    return strcmp(x->text, y->text);
}

/* Whether the text is a whole number of at most 2^53 in magnitude. Sets *number if it is a number. */
static bool is_whole(const char *text, double *number)
{
    return gnl_files_number(text, strlen(text), number) && *number >= -0x1p53 && *number <= 0x1p53 &&
           *number == (double)(int64_t)*number;
}

static genlat_status bad_label(const gnl_csv_reader *r, const gnl_csv_layout *layout, const gnl_csv_word *word,
                               const char *format)
{
    char shown[GNL_FILES_SHOWN];
    gnl_csv_field at = {.line = word->line, .column = layout->label};
    return gnl_csv_error(r, &at, format, gnl_content_shown(word->text, strlen(word->text), shown));
}

/* Converts the words to numbers if all are whole numbers. A number that is not whole is an error. So is a text in the
 * first row if all others are whole numbers, since it looks like a name. */
static genlat_status read_labels(const gnl_csv_reader *r, const gnl_csv_layout *layout, const gnl_csv_word *word,
                                 int64_t rows, label *out, bool *numbers)
{
    int64_t whole = 0;
    for (int64_t i = 0; i < rows; i++) {
        double number = 0;
        out[i] = (label){.text = word[i].text, .row = i};
        if (!gnl_content_utf8(word[i].text))
            return bad_label(r, layout, &word[i], "the label '%s' is not text in UTF-8; save the file as UTF-8");
        if (is_whole(word[i].text, &number)) {
            out[i].number = (int64_t)number;
            whole++;
        } else if (gnl_files_number(word[i].text, strlen(word[i].text), &number) ||
                   gnl_csv_decimal_comma(word[i].text, strlen(word[i].text))) {
            return bad_label(r, layout, &word[i],
                             "the label '%s' is a real number, a class expected; use target= for columns of numbers");
        }
    }
    double ignored = 0;
    if (layout->guessed && !layout->header && rows > 1 && whole == rows - 1 && !is_whole(word[0].text, &ignored))
        return bad_label(r, layout, &word[0],
                         "the label is '%s', but all others are whole numbers; set header=yes if the first line has "
                         "names, else header=no");
    *numbers = whole == rows;
    return GENLAT_OK;
}

static genlat_status add_class(const gnl_csv_reader *r, const label *l, bool number, gnl_csv *out)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)l->number);
    out->class[out->classes] = strdup(number ? text : l->text);
    return out->class[out->classes++] ? GENLAT_OK : gnl_files_no_memory(r->path);
}

/* Sorts the labels and numbers the different ones. */
static genlat_status number_labels(const gnl_csv_reader *r, label *labels, bool numbers, gnl_csv *out)
{
    int (*order)(const void *, const void *) = numbers ? by_number : by_text;
    qsort(labels, (size_t)out->rows, sizeof *labels, order);
    int64_t distinct = 1;
    for (int64_t i = 1; i < out->rows; i++)
        distinct += order(&labels[i - 1], &labels[i]) != 0;
    out->class = calloc((size_t)distinct, sizeof *out->class);
    out->label = malloc((size_t)out->rows * sizeof *out->label);
    if (!out->class || !out->label)
        return gnl_files_no_memory(r->path);
    for (int64_t i = 0; i < out->rows; i++) {
        if (i == 0 || order(&labels[i - 1], &labels[i]) != 0)
            GNL_FILES_TRY(add_class(r, &labels[i], numbers, out));
        out->label[labels[i].row] = (float)(out->classes - 1);
    }
    return GENLAT_OK;
}

genlat_status gnl_csv_classes(const gnl_csv_reader *r, const gnl_csv_layout *layout, const gnl_csv_word *word,
                              gnl_csv *out)
{
    bool numbers = false;
    label *labels = malloc((size_t)out->rows * sizeof *labels);
    if (!labels)
        return gnl_files_no_memory(r->path);
    genlat_status status = read_labels(r, layout, word, out->rows, labels, &numbers);
    if (status == GENLAT_OK)
        status = number_labels(r, labels, numbers, out);
    free(labels);
    return status;
}
