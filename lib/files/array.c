/* SPDX-License-Identifier: MIT */
/* Converts arrays of several element types to tensors and sources. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "files_priv.h"

#define MAX_COUNT (INT64_C(1) << 53) /* of a tensor */

/* Reads an unsigned number of `width` bytes in the byte order of the file. */
static uint64_t load_bits(const uint8_t *at, size_t width, bool big_endian)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < width; i++)
        bits = bits << 8 | at[big_endian ? i : width - 1 - i];
    return bits;
}

static float from_unsigned(uint64_t bits)
{
    return (float)bits;
}

static float from_i8(uint64_t bits)
{
    return (float)(int8_t)bits;
}

static float from_i16(uint64_t bits)
{
    return (float)(int16_t)bits;
}

static float from_i32(uint64_t bits)
{
    return (float)(int32_t)bits;
}

static float from_i64(uint64_t bits)
{
    return (float)(int64_t)bits;
}

/* IEEE 754 binary16: 1 bit of sign, 5 of exponent, 10 of fraction. */
static float from_f16(uint64_t bits)
{
    int exponent = (int)(bits >> 10 & 31), fraction = (int)(bits & 1023);
    float value = exponent == 0   ? ldexpf((float)fraction, -24)
                  : exponent < 31 ? ldexpf((float)(fraction + 1024), exponent - 25)
                  : fraction      ? NAN
                                  : INFINITY;
    return bits >> 15 ? -value : value;
}

static float from_f32(uint64_t bits)
{
    uint32_t low = (uint32_t)bits;
    float value = 0;
    memcpy(&value, &low, sizeof value);
    return value;
}

static float from_f64(uint64_t bits)
{
    double value = 0;
    memcpy(&value, &bits, sizeof value);
    return (float)value;
}

static const struct {
    size_t size;
    float (*read)(uint64_t bits);
} elements[] = {[GNL_U8] = {1, from_unsigned},  [GNL_I8] = {1, from_i8},        [GNL_U16] = {2, from_unsigned},
                [GNL_I16] = {2, from_i16},      [GNL_U32] = {4, from_unsigned}, [GNL_I32] = {4, from_i32},
                [GNL_U64] = {8, from_unsigned}, [GNL_I64] = {8, from_i64},      [GNL_F16] = {2, from_f16},
                [GNL_F32] = {4, from_f32},      [GNL_F64] = {8, from_f64}};

size_t gnl_element_size(gnl_element element)
{
    return elements[element].size;
}

float gnl_element_read(gnl_element element, bool big_endian, const uint8_t *at)
{
    return elements[element].read(load_bits(at, elements[element].size, big_endian));
}

bool gnl_files_big_endian(void)
{
    const uint16_t one = 1;
    return *(const uint8_t *)&one == 0;
}

void gnl_array_free(gnl_array *array)
{
    free(array->owned);
    free(array->field);
    *array = (gnl_array){0};
}

genlat_status gnl_array_check(gnl_array *array, const char *path, size_t available)
{
    size_t capacity = available / gnl_element_size(array->element);
    int64_t count = 1, extent = 1; /* extent: without regard to dimensions that are 0 */
    for (int32_t i = 0; i < array->ndim; i++) {
        if (array->dim[i] < 0 || __builtin_mul_overflow(extent, GNL_FILES_MAX(array->dim[i], 1), &extent) ||
            extent > MAX_COUNT)
            return genlat_error_set(GENLAT_E_FORMAT,
                                    "%s: dimension %d is %lld, which is too large; the file is damaged", path, (int)i,
                                    (long long)array->dim[i]);
        count *= array->dim[i];
    }
    if ((uint64_t)count > capacity)
        return genlat_error_set(
            GENLAT_E_FORMAT,
            "%s: %lld values expected from the dimensions, found %zu; the file is truncated or damaged", path,
            (long long)count, capacity);
    array->count = count;
    return GENLAT_OK;
}

genlat_status gnl_array_tensor(genlat_ctx *ctx, const gnl_array *array, genlat_tensor **out)
{
    GNL_FILES_TRY(genlat_tensor_new(ctx, array->ndim, array->dim, out));
    float *value = genlat_tensor_data(*out);
    size_t size = gnl_element_size(array->element);
    for (int64_t i = 0; i < array->count; i++)
        value[i] = gnl_element_read(array->element, array->big_endian, array->data + (size_t)i * size);
    return GENLAT_OK;
}

/* ---- sources ----------------------------------------------------------------------------------------- */

/* Sets the shape of a sample to that of the spec, or keeps that of the file. Adds a channel to images. */
static genlat_status shape_samples(gnl_array *array, const gnl_spec *spec, bool images)
{
    int64_t sample = 1, requested = 1;
    for (int32_t i = 1; i < array->ndim; i++)
        sample *= array->dim[i];
    if (images && array->ndim == 3 && spec->ndim == 0) {
        array->dim[3] = array->dim[2];
        array->dim[2] = array->dim[1];
        array->dim[1] = 1;
        array->ndim = 4;
    }
    if (array->ndim == 1 && spec->ndim == 0) /* numbers are samples of one element */
        array->dim[array->ndim++] = 1;
    if (spec->ndim == 0)
        return GENLAT_OK;
    for (int32_t i = 0; i < spec->ndim; i++)
        if (__builtin_mul_overflow(requested, spec->shape[i], &requested))
            requested = -1;
    if (requested != sample)
        return genlat_error_set(GENLAT_E_SHAPE, "%s: a sample has %lld values, but shape= has %lld", spec->path,
                                (long long)sample, (long long)requested);
    memcpy(array->dim + 1, spec->shape, (size_t)spec->ndim * sizeof *array->dim);
    array->ndim = spec->ndim + 1;
    return GENLAT_OK;
}

/* Whether samples look like images whose channels are the last dimension. */
static bool has_last_channels(const gnl_array *array)
{
    const int64_t *dim = array->dim;
    return array->ndim == 4 && (dim[3] == 1 || dim[3] == 3 || dim[3] == 4) && dim[1] > 4 && dim[2] > 4;
}

/* Copies an array [n,h,w,channels] as [n,channels,h,w]. */
static genlat_status move_channels(gnl_array *array, const char *path)
{
    const size_t size = gnl_element_size(array->element);
    const int64_t plane = array->dim[1] * array->dim[2], channels = array->dim[3];
    uint8_t *to = malloc((size_t)array->count * size);
    if (!to)
        return gnl_files_no_memory(path);
    for (int64_t i = 0; i < array->count; i++) {
        const int64_t sample = i / (plane * channels), pixel = i / channels % plane, channel = i % channels;
        memcpy(to + (size_t)((sample * channels + channel) * plane + pixel) * size, array->data + (size_t)i * size,
               size);
    }
    array->dim[3] = array->dim[2];
    array->dim[2] = array->dim[1];
    array->dim[1] = channels;
    array->data = array->owned = to;
    return GENLAT_OK;
}

/* Makes the channels the first dimension of a sample. *array is a copy; what it owns afterwards is to be freed. */
static genlat_status order_channels(gnl_array *array, const gnl_spec *spec)
{
    if (spec->order == GNL_ORDER_AUTO && has_last_channels(array))
        return genlat_error_set(GENLAT_E_SHAPE,
                                "%s: samples are [%lld,%lld,%lld], which looks like images with their channels last; "
                                "write order=hwc, or order=chw if they have %lld channels",
                                spec->path, (long long)array->dim[1], (long long)array->dim[2],
                                (long long)array->dim[3], (long long)array->dim[1]);
    if (spec->order != GNL_ORDER_HWC)
        return GENLAT_OK;
    if (array->ndim != 4)
        return genlat_error_set(GENLAT_E_SHAPE, "%s: order=hwc needs an array [n,h,w,channels], found %d dimensions",
                                spec->path, (int)array->ndim);
    return move_channels(array, spec->path);
}

/* Returns the factor of byte values: 1/255, or 1 if all values are 0 or 1 or raw=yes. */
static double byte_scale(const gnl_array *array, const gnl_spec *spec)
{
    for (int64_t i = 0; !spec->raw && i < array->count; i++)
        if (array->data[i] > 1)
            return 1.0 / 255;
    return 1;
}

genlat_status gnl_array_source(genlat_ctx *ctx, const gnl_array *given, const gnl_spec *spec, bool images,
                               const gnl_array *given_labels, genlat_source **out)
{
    gnl_array array = *given;
    genlat_tensor *x = NULL, *labels = NULL;
    if (array.ndim < 1 || array.count < 1)
        return genlat_error_set(GENLAT_E_SHAPE, "%s: the file has no samples", spec->path);
    array.owned = NULL;
    GNL_FILES_TRY(shape_samples(&array, spec, images));
    if (!spec->ndim)
        GNL_FILES_TRY(order_channels(&array, spec));
    genlat_status status = given_labels ? gnl_array_tensor(ctx, given_labels, &labels) : GENLAT_OK;
    if (status == GENLAT_OK && array.element == GNL_U8) {
        status = genlat_source_bytes(ctx, array.ndim, array.dim, array.data, byte_scale(&array, spec), labels, out);
    } else if (status == GENLAT_OK) {
        status = gnl_array_tensor(ctx, &array, &x);
        if (status == GENLAT_OK)
            status = genlat_source_memory(ctx, x, labels, out);
    }
    free(array.owned);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
    if (status != GENLAT_OK)
        return genlat_error_set(status, "%s: %s", spec->path, genlat_last_error());
    return GENLAT_OK;
}
