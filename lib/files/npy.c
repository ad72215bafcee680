/* SPDX-License-Identifier: MIT */
/* NPY, the file format of NumPy arrays: magic, version, a Python dictionary as text, the values. */
#include <stdlib.h>
#include <string.h>

#include "npy_priv.h"

static const char magic[] = "\x93NUMPY";
enum { MAGIC = 6, MAX_HEADER = 1 << 16 };

/* ---- parsing ----------------------------------------------------------------------------------------- */

/* Finds the start and the length of the dictionary. */
static genlat_status find_header(const char *path, const uint8_t *data, size_t size, size_t *begin, size_t *length)
{
    if (size < MAGIC + 4 || memcmp(data, magic, MAGIC) != 0)
        return genlat_error_set(GENLAT_E_FORMAT, "%s: not an NPY file: it does not start with \\x93NUMPY", path);
    int version = data[MAGIC];
    if (version < 1 || version > 3)
        return genlat_error_set(GENLAT_E_UNSUPPORTED, "%s: the NPY version is %d, 1 to 3 expected", path, version);
    *begin = version == 1 ? MAGIC + 4 : MAGIC + 6;
    if (size < *begin)
        return genlat_error_set(GENLAT_E_FORMAT, "%s: the header is truncated", path);
    *length = (size_t)data[MAGIC + 2] | (size_t)data[MAGIC + 3] << 8;
    if (version > 1)
        *length |= (size_t)data[MAGIC + 4] << 16 | (size_t)data[MAGIC + 5] << 24;
    if (*length > size - *begin || *length > MAX_HEADER)
        return genlat_error_set(GENLAT_E_FORMAT, "%s: the header has %zu bytes, at most %zu expected", path, *length,
                                GNL_FILES_MIN(size - *begin, (size_t)MAX_HEADER));
    return GENLAT_OK;
}

/* Copies values from Fortran order, in which the first index changes fastest, to row-major order. */
static genlat_status reorder(const char *path, gnl_array *array)
{
    const size_t width = gnl_element_size(array->element);
    int64_t index[GENLAT_MAX_DIMS] = {0};
    size_t step[GENLAT_MAX_DIMS], from = 0;
    for (int32_t d = 0; d < array->ndim; d++)
        step[d] = d ? step[d - 1] * (size_t)array->dim[d - 1] : width;
    array->owned = malloc((size_t)array->count * width + 1);
    if (!array->owned)
        return gnl_files_no_memory(path);
    for (int64_t i = 0; i < array->count; i++) {
        memcpy(array->owned + (size_t)i * width, array->data + from, width);
        for (int32_t d = array->ndim - 1; d >= 0; d--) {
            from += step[d];
            if (++index[d] < array->dim[d])
                break;
            from -= step[d] * (size_t)index[d];
            index[d] = 0;
        }
    }
    array->data = array->owned;
    return GENLAT_OK;
}

/* Converts records to rows of floats. out->data is the first record. */
static genlat_status read_records(const char *path, const gnl_npy_dictionary *header, size_t available, gnl_array *out)
{
    const int64_t rows = header->dim[0], columns = header->fields;
    const uint8_t *record = out->data;
    if (header->ndim != 1)
        return genlat_error_set(GENLAT_E_UNSUPPORTED,
                                "%s: the structured array has %d dimensions, 1 expected; save array.ravel()", path,
                                header->ndim);
    if ((uint64_t)rows > available / header->record)
        return genlat_error_set(GENLAT_E_FORMAT,
                                "%s: %lld records of %zu bytes expected, found %zu bytes; the file is truncated or "
                                "damaged",
                                path, (long long)rows, header->record, available);
    /* A value has at least one byte, so that the number of values is at most the number of bytes. */
    bool fits = (uint64_t)(rows * columns) < SIZE_MAX / sizeof(float);
    out->owned = fits ? malloc((size_t)(rows * columns) * sizeof(float) + 1) : NULL;
    if (!out->owned)
        return gnl_files_no_memory(path);
    float *value = (float *)(void *)out->owned;
    for (int64_t i = 0; i < rows; i++, record += header->record)
        for (const gnl_field *f = out->field; f < out->field + columns; f++)
            *value++ = gnl_element_read(f->element, f->big_endian, record + f->offset);
    out->ndim = 2;
    out->dim[1] = columns;
    out->count = rows * columns;
    out->element = GNL_F32;
    out->big_endian = gnl_files_big_endian();
    out->data = out->owned;
    return GENLAT_OK;
}

static genlat_status read_values(const char *path, const gnl_npy_dictionary *header, size_t available, gnl_array *out)
{
    if (out->field)
        return read_records(path, header, available, out);
    GNL_FILES_TRY(gnl_array_check(out, path, available));
    return header->fortran_order && out->ndim > 1 ? reorder(path, out) : GENLAT_OK;
}

genlat_status gnl_npy_parse(const char *path, const uint8_t *data, size_t size, gnl_array *out)
{
    size_t begin = 0, length = 0;
    gnl_npy_dictionary header;
    *out = (gnl_array){0};
    GNL_FILES_TRY(find_header(path, data, size, &begin, &length));
    genlat_status status = gnl_npy_dictionary_parse(path, (const char *)data + begin, length, &header);
    *out = (gnl_array){.ndim = header.ndim,
                       .element = header.element,
                       .big_endian = header.big_endian,
                       .data = data + begin + length,
                       .field = header.field};
    memcpy(out->dim, header.dim, sizeof out->dim);
    if (status == GENLAT_OK)
        status = read_values(path, &header, size - begin - length, out);
    if (status != GENLAT_OK)
        gnl_array_free(out);
    return status;
}

/* ---- labels ------------------------------------------------------------------------------------------ */

static genlat_status no_label(const gnl_spec *spec, const gnl_array *x)
{
    char known[400] = "";
    for (int64_t i = 0; i < x->dim[1]; i++) {
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%.*s", used ? ", " : "", (int)x->field[i].length,
                 x->field[i].name);
    }
    return genlat_error_set(GENLAT_E_NOT_FOUND,
                            "%s: label= is '%s'; the name of a field with one value, or a number from 1 to %lld "
                            "expected; the fields are %s",
                            spec->path, spec->label, (long long)x->dim[1], known);
}

static bool has_field(const gnl_array *x, const char *name)
{
    for (int64_t i = 0; x->field && i < x->dim[1]; i++)
        if (strlen(name) == x->field[i].length && memcmp(name, x->field[i].name, x->field[i].length) == 0)
            return true;
    return false;
}

/* Finds a column by name, or by number: from 1, or negative from the end. */
static genlat_status find_label(const gnl_spec *spec, const gnl_array *x, int64_t *out)
{
    int64_t found = 0, columns = x->dim[1];
    double number = 0;
    for (int64_t i = 0; i < columns; i++)
        if (strlen(spec->label) == x->field[i].length &&
            memcmp(spec->label, x->field[i].name, x->field[i].length) == 0) {
            *out = i;
            found++;
        }
    if (found == 1)
        return GENLAT_OK;
    if (found > 1 || !gnl_files_number(spec->label, strlen(spec->label), &number) || number == 0 ||
        !(number >= -(double)columns && number <= (double)columns) || number != (double)(int64_t)number)
        return no_label(spec, x);
    *out = number > 0 ? (int64_t)number - 1 : columns + (int64_t)number;
    return GENLAT_OK;
}

genlat_status gnl_npy_take_labels(const gnl_spec *spec, gnl_array *x, gnl_array *labels)
{
    int64_t column = 0;
    if (!spec->label[0] || (spec->optional && !has_field(x, spec->label)))
        return GENLAT_OK;
    if (!x->field)
        return genlat_error_set(GENLAT_E_NOT_FOUND,
                                "%s: label= is '%s', but the array has no named fields; put the labels into an array "
                                "of their own of an npz file, named labels or by labels_key=",
                                spec->path, spec->label);
    GNL_FILES_TRY(find_label(spec, x, &column));
    const int64_t rows = x->dim[0], columns = x->dim[1];
    if (columns == 1)
        return genlat_error_set(GENLAT_E_SHAPE, "%s: the records have no field besides the label '%s'", spec->path,
                                spec->label);
    *labels = *x;
    labels->ndim = 1;
    labels->count = rows;
    labels->field = NULL;
    labels->data = labels->owned = malloc((size_t)rows * sizeof(float) + 1);
    if (!labels->owned)
        return gnl_files_no_memory(spec->path);
    float *label = (float *)(void *)labels->owned, *to = (float *)(void *)x->owned;
    const float *from = to;
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++)
            *(j == column ? label++ : to++) = *from++;
    memmove(x->field + column, x->field + column + 1, (size_t)(columns - column - 1) * sizeof *x->field);
    x->dim[1]--;
    x->count -= rows;
    return GENLAT_OK;
}

/* ---- names of columns -------------------------------------------------------------------------------- */

/* Copies the names of the fields behind the pointers to them. The caller frees the block. */
static const char **copy_names(const gnl_array *x)
{
    size_t bytes = 0;
    for (int64_t i = 0; i < x->dim[1]; i++)
        bytes += sizeof(char *) + x->field[i].length + 1;
    const char **names = malloc(bytes);
    char *at = names ? (char *)(names + x->dim[1]) : NULL;
    for (int64_t i = 0; names && i < x->dim[1]; i++) {
        memcpy(at, x->field[i].name, x->field[i].length);
        at[x->field[i].length] = '\0';
        names[i] = at;
        at += x->field[i].length + 1;
    }
    return names;
}

/* Names that are no text in UTF-8 are left out. */
static genlat_status describe_fields(const gnl_spec *spec, const gnl_array *x, genlat_source **source)
{
    genlat_source *described = NULL;
    const char **names = copy_names(x);
    if (!names)
        return gnl_files_no_memory(spec->path);
    genlat_description d = {.size = sizeof d,
                            .columns = x->dim[1],
                            .column_names = names,
                            .content = spec->ndim > 1 ? GENLAT_CONTENT_ANY : GENLAT_CONTENT_TABLE};
    genlat_status status = genlat_source_describe(*source, &d, &described);
    if (status == GENLAT_E_INVALID) {
        d.columns = 0;
        status = genlat_source_describe(*source, &d, &described);
    }
    free(names);
    genlat_source_destroy(source);
    *source = described;
    return status;
}

/* Whether samples have the proportions of grey images, which arrays of bytes are. */
static bool is_plane(const genlat_source *source)
{
    const int64_t h = genlat_source_dim(source, 0), w = genlat_source_dim(source, 1);
    return genlat_source_ndim(source) == 2 && h >= 8 && w >= 8 && h <= 16 * w && w <= 16 * h;
}

genlat_status gnl_npy_source(genlat_ctx *ctx, const gnl_spec *spec, const gnl_array *x, const gnl_array *labels,
                             genlat_source **out)
{
    const genlat_description image = {.size = sizeof image, .content = GENLAT_CONTENT_IMAGE};
    GNL_FILES_TRY(gnl_array_source(ctx, x, spec, false, labels, out));
    if (x->element == GNL_U8 && is_plane(*out))
        return gnl_files_describe(spec->path, &image, out);
    return x->field ? describe_fields(spec, x, out) : GENLAT_OK;
}

/* ---- reading ----------------------------------------------------------------------------------------- */

genlat_status genlat_npy_read(genlat_ctx *ctx, const char *path, genlat_tensor **out)
{
    GNL_FILES_REQUIRE(out, "genlat_npy_read", "out is NULL");
    *out = NULL;
    GNL_FILES_REQUIRE(ctx, "genlat_npy_read", "ctx is NULL");
    GNL_FILES_REQUIRE(path, "genlat_npy_read", "path is NULL");
    gnl_bytes bytes;
    gnl_array array;
    GNL_FILES_TRY(gnl_files_load(path, &bytes));
    genlat_status status = gnl_npy_parse(path, bytes.data, bytes.size, &array);
    if (status == GENLAT_OK)
        status = gnl_array_tensor(ctx, &array, out);
    gnl_array_free(&array);
    free(bytes.data);
    return status;
}

genlat_status gnl_npy_open(genlat_ctx *ctx, const gnl_spec *spec, genlat_source **out)
{
    gnl_bytes bytes;
    gnl_array x, labels = {0};
    GNL_FILES_TRY(gnl_files_load(spec->path, &bytes));
    genlat_status status = gnl_npy_parse(spec->path, bytes.data, bytes.size, &x);
    if (status == GENLAT_OK)
        status = gnl_npy_take_labels(spec, &x, &labels);
    if (status == GENLAT_OK)
        status = gnl_npy_source(ctx, spec, &x, labels.owned ? &labels : NULL, out);
    gnl_array_free(&x);
    gnl_array_free(&labels);
    free(bytes.data);
    return status;
}

/* ---- writing ----------------------------------------------------------------------------------------- */

size_t gnl_npy_header(const genlat_tensor *tensor, char out[GNL_NPY_HEADER])
{
    char shape[160] = "";
    for (int32_t i = 0; i < genlat_tensor_ndim(tensor); i++) {
        size_t used = strlen(shape);
        snprintf(shape + used, sizeof shape - used, "%lld, ", (long long)genlat_tensor_dim(tensor, i));
    }
    /* Python tuples of 0, 1 and 2 elements are written "()", "(5,)" and "(5, 6)". */
    size_t used = strlen(shape);
    if (used)
        shape[genlat_tensor_ndim(tensor) == 1 ? used - 1 : used - 2] = '\0';
    memset(out, ' ', GNL_NPY_HEADER);
    memcpy(out, magic, MAGIC);
    out[MAGIC] = 1;
    out[MAGIC + 1] = 0;
    int length = snprintf(out + MAGIC + 4, GNL_NPY_HEADER - MAGIC - 4,
                          "{'descr': '%cf4', 'fortran_order': False, 'shape': (%s), }",
                          gnl_files_big_endian() ? '>' : '<', shape);
    /* Aligns the values to a multiple of 64 bytes. */
    size_t total = ((size_t)length + MAGIC + 4 + 1 + 63) / 64 * 64;
    out[MAGIC + 4 + length] = ' ';
    out[total - 1] = '\n';
    out[MAGIC + 2] = (char)((total - MAGIC - 4) & 255);
    out[MAGIC + 3] = (char)((total - MAGIC - 4) >> 8);
    return total;
}

genlat_status genlat_npy_write(const char *path, const genlat_tensor *tensor)
{
    GNL_FILES_REQUIRE(path, "genlat_npy_write", "path is NULL");
    GNL_FILES_REQUIRE(tensor, "genlat_npy_write", "tensor is NULL");
    gnl_output output;
    char header[GNL_NPY_HEADER];
    size_t length = gnl_npy_header(tensor, header);
    GNL_FILES_TRY(gnl_output_open(path, &output));
    fwrite(header, 1, length, output.stream);
    fwrite(genlat_tensor_const_data(tensor), sizeof(float), (size_t)genlat_tensor_count(tensor), output.stream);
    return gnl_output_close(&output, gnl_output_check(&output));
}
