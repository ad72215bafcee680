/* SPDX-License-Identifier: MIT */
/* CSV: the text as fields, what its first row means, and labels as classes. */
#ifndef GNL_CSV_PRIV_H
#define GNL_CSV_PRIV_H

#include "files_priv.h"

enum { GNL_CSV_FIELD = 255, GNL_CSV_COLUMNS = 1 << 16 };

/* The position in a text, and how to read it. */
typedef struct gnl_csv_reader {
    const char *path, *at, *end;
    const gnl_csv_opts *opts;
    char separator; /* ' ': runs of spaces and tabs */
    int64_t line;   /* counted from 1 */
    int64_t columns;
    char **name; /* [columns] of the header; NULL: there is none */
} gnl_csv_reader;

typedef struct gnl_csv_field {
    char text[GNL_CSV_FIELD + 1]; /* without spaces at both ends; control characters are spaces */
    size_t length;
    int64_t line, column; /* column is counted from 0 */
    bool last;            /* last field of the row */
} gnl_csv_field;

/* What a field contains. */
typedef enum gnl_csv_content { GNL_CSV_NUMBER, GNL_CSV_MISSING, GNL_CSV_TEXT } gnl_csv_content;

/* Reads the field in `column`. Fields may be quoted, and two quotes within quotes represent one. */
genlat_status gnl_csv_next(gnl_csv_reader *r, int64_t column, gnl_csv_field *out);
void gnl_csv_skip_empty(gnl_csv_reader *r);
/* Sets r->separator as requested, or to the one that divides the first lines best. */
genlat_status gnl_csv_separate(gnl_csv_reader *r);

gnl_csv_content gnl_csv_content_of(const gnl_csv_reader *r, const gnl_csv_field *f, double *number);
/* Whether the text is a number with a decimal comma. */
bool gnl_csv_decimal_comma(const char *text, size_t length);
/* Sets and returns E_FORMAT: what is wrong with a field, with its line, column and text. */
genlat_status gnl_csv_not_number(const gnl_csv_reader *r, const gnl_csv_field *f);
genlat_status gnl_csv_missing(const gnl_csv_reader *r, const gnl_csv_field *f);
GNL_FILES_PRINTF(3, 4)
genlat_status gnl_csv_error(const gnl_csv_reader *r, const gnl_csv_field *f, const char *format, ...);

/* The columns of a table and their use. */
typedef struct gnl_csv_layout {
    int64_t label;   /* column of the classes; -1: none */
    int64_t targets; /* number of target columns */
    int64_t *target; /* [columns] place among the targets; -1: no target. NULL if there are no targets */
    bool header;     /* the first row has names, which are in r->name */
    bool guessed;    /* header was not requested */
} gnl_csv_layout;

/* Reads the first row, decides whether it is a header, and finds the columns. Leaves r at the first row of data. Free
 * out->target and gnl_csv_names_free(), also after an error. */
genlat_status gnl_csv_first_row(gnl_csv_reader *r, gnl_csv_layout *out);

void gnl_csv_names_free(char **name, int64_t count);

/* The text of a label. */
typedef struct gnl_csv_word {
    char *text;
    int64_t line;
} gnl_csv_word;

/* Sets label, classes and class of the table from the labels of its rows. */
genlat_status gnl_csv_classes(const gnl_csv_reader *r, const gnl_csv_layout *layout, const gnl_csv_word *word,
                              gnl_csv *out);

#endif
