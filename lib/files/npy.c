/* SPDX-License-Identifier: MIT */
/* NPY, the file format of NumPy arrays: magic, version, a Python dictionary as text, the values. */
#include <stdlib.h>
#include <string.h>

#include "npy_priv.h"

static const char magic[] = "\x93NUMPY";
enum { MAGIC = 6, MAX_HEADER = 1 << 16 };

/* ---- the dictionary ---------------------------------------------------------------------------------- */

/* Returns the text after 'key': in the header, or NULL if there is no such key. */
static const char *find_value(const char *header, const char *key)
{
    char quoted[32];
    snprintf(quoted, sizeof quoted, "'%s'", key);
    const char *at = strstr(header, quoted);
    if (!at)
        return NULL;
    at += strlen(quoted);
    at += strspn(at, " ");
    if (*at++ != ':')
        return NULL;
    return at + strspn(at, " ");
}

static genlat_status malformed(const char *path, const char *what)
{
    return genlat_error_set(GENLAT_E_FORMAT, "%s: the header of the array has no valid %s; the file is damaged", path,
                            what);
}

static genlat_status read_type(const char *path, const char *header, gnl_array *out)
{
    static const struct {
        const char *code;
        gnl_element element;
    } known[] = {{"u1", GNL_U8},  {"b1", GNL_U8},  {"i1", GNL_I8},  {"i2", GNL_I16},
                 {"i4", GNL_I32}, {"i8", GNL_I64}, {"f4", GNL_F32}, {"f8", GNL_F64}};
    const char *at = find_value(header, "descr");
    if (!at || *at != '\'' || strlen(at) < 5)
        return malformed(path, "'descr'");
    out->big_endian = at[1] == '>';
    for (size_t i = 0; i < GNL_FILES_COUNT(known) && strchr("<>|=", at[1]); i++)
        if (strncmp(at + 2, known[i].code, 2) == 0 && at[4] == '\'') {
            out->element = known[i].element;
            return GENLAT_OK;
        }
    return genlat_error_set(GENLAT_E_UNSUPPORTED,
                            "%s: the element type %.8s is not supported; convert it with .astype('f4') before "
                            "numpy.save",
                            path, at);
}

/* Parses a shape such as "(60000, 28, 28), ". The last size may be followed by a comma. */
static genlat_status read_shape(const char *path, const char *header, gnl_array *out)
{
    const char *at = find_value(header, "shape");
    if (!at || *at++ != '(')
        return malformed(path, "'shape'");
    for (;;) {
        at += strspn(at, " ");
        if (*at == ')')
            return GENLAT_OK;
        size_t digits = strspn(at, "0123456789");
        if (digits < 1 || digits > 18)
            return malformed(path, "'shape'");
        if (out->ndim == GENLAT_MAX_DIMS)
            return genlat_error_set(GENLAT_E_UNSUPPORTED, "%s: the array has more than %d dimensions; reshape it", path,
                                    GENLAT_MAX_DIMS);
        out->dim[out->ndim++] = strtoll(at, NULL, 10);
        at += digits;
        at += strspn(at, " ");
        if (*at == ',')
            at++;
        else if (*at != ')')
            return malformed(path, "'shape'");
    }
}

static genlat_status read_order(const char *path, const char *header, const gnl_array *array)
{
    const char *at = find_value(header, "fortran_order");
    if (!at || (strncmp(at, "True", 4) != 0 && strncmp(at, "False", 5) != 0))
        return malformed(path, "'fortran_order'");
    if (*at == 'T' && array->ndim > 1)
        return genlat_error_set(GENLAT_E_UNSUPPORTED,
                                "%s: Fortran order is not supported; save numpy.ascontiguousarray(array)", path);
    return GENLAT_OK;
}

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

genlat_status gnl_npy_parse(const char *path, const uint8_t *data, size_t size, gnl_array *out)
{
    size_t begin = 0, length = 0;
    *out = (gnl_array){0};
    GNL_FILES_TRY(find_header(path, data, size, &begin, &length));
    char *header = malloc(length + 1);
    if (!header)
        return gnl_files_no_memory(path);
    memcpy(header, data + begin, length);
    header[length] = '\0';
    genlat_status status = read_type(path, header, out);
    if (status == GENLAT_OK)
        status = read_shape(path, header, out);
    if (status == GENLAT_OK)
        status = read_order(path, header, out);
    free(header);
    out->data = data + begin + length;
    return status == GENLAT_OK ? gnl_array_check(out, path, size - begin - length) : status;
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
    free(bytes.data);
    return status;
}

genlat_status gnl_npy_open(genlat_ctx *ctx, const gnl_spec *spec, genlat_source **out)
{
    gnl_bytes bytes;
    gnl_array array;
    GNL_FILES_TRY(gnl_files_load(spec->path, &bytes));
    genlat_status status = gnl_npy_parse(spec->path, bytes.data, bytes.size, &array);
    if (status == GENLAT_OK)
        status = gnl_array_source(ctx, &array, spec, false, NULL, out);
    free(bytes.data);
    return status;
}

/* ---- writing ----------------------------------------------------------------------------------------- */

size_t gnl_npy_header(const genlat_tensor *tensor, char out[GNL_NPY_HEADER])
{
    const uint16_t one = 1;
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
                          *(const uint8_t *)&one ? '<' : '>', shape);
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
