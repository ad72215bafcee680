/* SPDX-License-Identifier: MIT */
/* Writes tensors, and samples with their labels, as CSV. */
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "files_priv.h"

/* ---- cells ------------------------------------------------------------------------------------------- */

/* Writes the shortest number that is read back as the same value. */
static void write_number(FILE *stream, float value)
{
    char text[32];
    for (int digits = 6; digits <= 9; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, (double)value);
        if (strtof(text, NULL) == value)
            break;
    }
    fputs(text, stream);
}

/* Writes a name, in quotes where it would not be read back as one text. */
static void write_name(FILE *stream, const char *name)
{
    const size_t length = strlen(name);
    const bool padded = name[0] == ' ' || name[length - 1] == ' ';
    if (!padded && !strpbrk(name, ",;\t|\"")) {
        fputs(name, stream);
        return;
    }
    fputc('"', stream);
    for (const char *at = name; *at; at++) {
        if (*at == '"')
            fputc('"', stream);
        fputc(*at, stream);
    }
    fputc('"', stream);
}

static void write_numbers(FILE *stream, const float *value, int64_t count)
{
    for (int64_t j = 0; j < count; j++) {
        if (j)
            fputc(',', stream);
        write_number(stream, value[j]);
    }
}

/* ---- tables ------------------------------------------------------------------------------------------ */

typedef struct table {
    const genlat_tensor *x, *labels; /* labels may be NULL */
    const genlat_description *about;
    const char *header; /* text of the first line; NULL: names, if there are any */
    int64_t rows, columns, label_columns;
} table;

static void write_header(FILE *stream, const table *t)
{
    const bool named = t->about && t->about->columns == t->columns;
    if (t->header)
        fprintf(stream, "%s\n", t->header);
    if (t->header || (!named && !t->labels))
        return;
    for (int64_t j = 0; j < t->columns; j++) {
        if (j)
            fputc(',', stream);
        if (named)
            write_name(stream, t->about->column_names[j]);
        else
            fprintf(stream, "x%lld", (long long)j + 1);
    }
    for (int64_t j = 0; j < t->label_columns; j++)
        fprintf(stream, t->label_columns == 1 ? ",label" : ",label%lld", (long long)j + 1);
    fputc('\n', stream);
}

static void write_labels(FILE *stream, const table *t, const float *label)
{
    const bool classes = genlat_tensor_ndim(t->labels) == 1;
    fputc(',', stream);
    if (classes && t->about && label[0] >= 0 && label[0] < (float)t->about->classes)
        write_name(stream, t->about->class_names[(int64_t)label[0]]);
    else
        write_numbers(stream, label, t->label_columns);
}

static void write_rows(FILE *stream, const table *t)
{
    const float *value = genlat_tensor_const_data(t->x);
    const float *label = t->labels ? genlat_tensor_const_data(t->labels) : NULL;
    for (int64_t i = 0; i < t->rows; i++) {
        write_numbers(stream, value + i * t->columns, t->columns);
        if (label)
            write_labels(stream, t, label + i * t->label_columns);
        fputc('\n', stream);
    }
}

static genlat_status write_table(const char *path, const table *t)
{
    gnl_output output;
    /* Numbers need a decimal point, so that this thread uses the C locale while writing. */
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!c)
        return gnl_files_no_memory(path);
    genlat_status status = gnl_output_open(path, &output);
    if (status == GENLAT_OK) {
        locale_t before = uselocale(c);
        write_header(output.stream, t);
        write_rows(output.stream, t);
        uselocale(before);
        status = gnl_output_close(&output, gnl_output_check(&output));
    }
    freelocale(c);
    return status;
}

/* ---- public ------------------------------------------------------------------------------------------ */

genlat_status genlat_csv_write(const char *path, const genlat_tensor *tensor, const char *header)
{
    GNL_FILES_REQUIRE(path, "genlat_csv_write", "path is NULL");
    GNL_FILES_REQUIRE(tensor, "genlat_csv_write", "tensor is NULL");
    if (genlat_tensor_ndim(tensor) < 1)
        return genlat_error_set(GENLAT_E_SHAPE, "genlat_csv_write: tensor is a scalar, [n,...] expected");
    const int64_t rows = genlat_tensor_dim(tensor, 0);
    const table t = {
        .x = tensor, .header = header, .rows = rows, .columns = rows ? genlat_tensor_count(tensor) / rows : 0};
    return write_table(path, &t);
}

/* Copies a description, which may be that of an older or newer version of the library; NULL: an empty one. */
static genlat_status take_description(const genlat_description *given, genlat_description *out)
{
    enum { MOST_BYTES = 1 << 16 }; /* a larger size was never set */
    *out = (genlat_description){.size = sizeof *out};
    if (!given)
        return GENLAT_OK;
    GNL_FILES_REQUIRE(given->size >= sizeof given->size && given->size <= MOST_BYTES, "genlat_csv_write_samples",
                      "about has no size; set its first member to the size of the struct");
    const unsigned char *bytes = (const unsigned char *)given;
    for (size_t i = sizeof *out; i < given->size; i++)
        if (bytes[i])
            return genlat_error_set(GENLAT_E_UNSUPPORTED,
                                    "genlat_csv_write_samples: about sets members that this version does not know");
    memcpy(out, given, GNL_FILES_MIN(given->size, sizeof *out));
    return out->reserved ? genlat_error_set(GENLAT_E_UNSUPPORTED,
                                            "genlat_csv_write_samples: about->reserved is %u, must be 0", out->reserved)
                         : GENLAT_OK;
}

genlat_status genlat_csv_write_samples(const char *path, const genlat_tensor *x, const genlat_tensor *labels,
                                       const genlat_description *about)
{
    GNL_FILES_REQUIRE(path, "genlat_csv_write_samples", "path is NULL");
    GNL_FILES_REQUIRE(x, "genlat_csv_write_samples", "x is NULL");
    const int64_t rows = genlat_tensor_dim(x, 0);
    if (genlat_tensor_ndim(x) < 1 || rows < 1)
        return genlat_error_set(GENLAT_E_SHAPE, "genlat_csv_write_samples: x has no rows, [n,...] expected");
    if (labels && (genlat_tensor_ndim(labels) < 1 || genlat_tensor_ndim(labels) > 2 ||
                   genlat_tensor_dim(labels, 0) != rows || genlat_tensor_count(labels) == 0))
        return genlat_error_set(GENLAT_E_SHAPE,
                                "genlat_csv_write_samples: labels has another number of rows than x, or none; [%lld] "
                                "or [%lld,k] expected",
                                (long long)rows, (long long)rows);
    genlat_description described;
    GNL_FILES_TRY(take_description(about, &described));
    const table t = {.x = x,
                     .labels = labels,
                     .about = about ? &described : NULL,
                     .rows = rows,
                     .columns = genlat_tensor_count(x) / rows,
                     .label_columns = labels ? genlat_tensor_count(labels) / rows : 0};
    return write_table(path, &t);
}
