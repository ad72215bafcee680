/* SPDX-License-Identifier: MIT */
/* Number formats of a file and their conversion from and to little-endian bytes, on machines of any byte order. */
#include "io/io_priv.h"

typedef struct dtype_info {
    const char *name;
    size_t bytes;
    double (*real)(uint64_t bits); /* NULL: not a real type */
} dtype_info;

static double real_of_f64(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static double real_of_f32(uint64_t bits)
{
    uint32_t low = (uint32_t)bits;
    float value;
    memcpy(&value, &low, sizeof value);
    return value;
}

static double real_of_bf16(uint64_t bits)
{
    return real_of_f32(bits << 16);
}

static double real_of_f16(uint64_t bits)
{
    int exponent = (int)(bits >> 10 & 31);
    double fraction = (double)(bits & 1023);
    double size = exponent == 0    ? ldexp(fraction, -24)
                  : exponent == 31 ? (fraction == 0 ? INFINITY : NAN)
                                   : ldexp(1024 + fraction, exponent - 25);
    return bits >> 15 & 1 ? -size : size;
}

static const dtype_info table[GNL_DTYPES] = {
    [GNL_DTYPE_U8] = {"U8", 1, NULL},
    [GNL_DTYPE_F16] = {"F16", 2, real_of_f16},
    [GNL_DTYPE_BF16] = {"BF16", 2, real_of_bf16},
    [GNL_DTYPE_F32] = {"F32", 4, real_of_f32},
    [GNL_DTYPE_I32] = {"I32", 4, NULL},
    [GNL_DTYPE_I64] = {"I64", 8, NULL},
    [GNL_DTYPE_F64] = {"F64", 8, real_of_f64},
};

const char *gnl_dtype_name(gnl_dtype dtype)
{
    return table[dtype].name;
}

size_t gnl_dtype_bytes(gnl_dtype dtype)
{
    return table[dtype].bytes;
}

bool gnl_dtype_is_real(gnl_dtype dtype)
{
    return table[dtype].real != NULL;
}

bool gnl_dtype_find(const char *name, gnl_dtype *out)
{
    for (int i = 0; i < GNL_DTYPES; i++) {
        if (strcmp(table[i].name, name) == 0) {
            *out = (gnl_dtype)i;
            return true;
        }
    }
    return false;
}

/* Evaluated by the compiler. On a little-endian machine, the bytes of a file equal those in memory. */
static bool is_little_endian(void)
{
    const uint16_t one = 1;
    unsigned char first;
    memcpy(&first, &one, 1);
    return first == 1;
}

static uint64_t bits_of(const unsigned char *bytes, size_t size)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < size; i++)
        bits |= (uint64_t)bytes[i] << 8 * i;
    return bits;
}

static void put_bits(uint64_t bits, size_t size, unsigned char *bytes)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)(bits >> 8 * i);
}

static void put_element(uint64_t bits, size_t size, char *out)
{
    uint16_t half = (uint16_t)bits;
    uint32_t word = (uint32_t)bits;
    if (size == 1)
        *out = (char)(unsigned char)bits;
    else if (size == 2)
        memcpy(out, &half, sizeof half);
    else if (size == 4)
        memcpy(out, &word, sizeof word);
    else
        memcpy(out, &bits, sizeof bits);
}

static uint64_t element_bits(const char *in, size_t size)
{
    uint16_t half;
    uint32_t word;
    uint64_t bits = (unsigned char)*in;
    if (size == 2) {
        memcpy(&half, in, sizeof half);
        bits = half;
    } else if (size == 4) {
        memcpy(&word, in, sizeof word);
        bits = word;
    } else if (size == 8) {
        memcpy(&bits, in, sizeof bits);
    }
    return bits;
}

void gnl_dtype_load(gnl_dtype dtype, const unsigned char *bytes, int64_t n, void *out)
{
    size_t size = table[dtype].bytes;
    if (is_little_endian())
        memmove(out, bytes, (size_t)n * size); /* source and destination are often the same */
    for (int64_t i = 0; i < n && !is_little_endian(); i++)
        put_element(bits_of(bytes + (size_t)i * size, size), size, (char *)out + (size_t)i * size);
}

void gnl_dtype_store(gnl_dtype dtype, const void *in, int64_t n, unsigned char *bytes)
{
    size_t size = table[dtype].bytes;
    if (is_little_endian())
        memcpy(bytes, in, (size_t)n * size);
    for (int64_t i = 0; i < n && !is_little_endian(); i++)
        put_bits(element_bits((const char *)in + (size_t)i * size, size), size, bytes + (size_t)i * size);
}

/* Nearly all weights are F32, so this avoids a function call per element. */
static void load_floats(const unsigned char *bytes, int64_t n, gnl_real *out)
{
    for (int64_t i = 0; i < n; i++) {
        float value;
        gnl_dtype_load(GNL_DTYPE_F32, bytes + 4 * (size_t)i, 1, &value);
        out[i] = (gnl_real)value;
    }
}

void gnl_dtype_load_real(gnl_dtype dtype, const unsigned char *bytes, int64_t n, gnl_real *out)
{
    const dtype_info *info = &table[dtype];
    if (dtype == GNL_DTYPE_F32)
        load_floats(bytes, n, out);
    for (int64_t i = 0; i < n && dtype != GNL_DTYPE_F32; i++)
        out[i] = (gnl_real)info->real(bits_of(bytes + (size_t)i * info->bytes, info->bytes));
}

void gnl_dtype_store_real(const gnl_real *in, int64_t n, unsigned char *bytes)
{
    for (int64_t i = 0; i < n; i++) {
        float value = (float)in[i];
        gnl_dtype_store(GNL_DTYPE_F32, &value, 1, bytes + 4 * (size_t)i);
    }
}
