/* SPDX-License-Identifier: MIT */
/* Vectors and reductions, compiled once per instruction set. */
#include "kernel/simd_priv.h"

void GNL_K(axpy)(int64_t n, gnl_real a, const gnl_real *x, gnl_real *y)
{
    const V slope = vset(a);
    FOR_VECTORS(n, PUT(y, vfma(slope, GET(x), GET(y))););
}

void GNL_K(scale)(int64_t n, gnl_real a, const gnl_real *x, gnl_real *y)
{
    const V slope = vset(a);
    FOR_VECTORS(n, PUT(y, vmul(slope, GET(x))););
}

void GNL_K(lerp)(int64_t n, gnl_real t, const gnl_real *x, gnl_real *y)
{
    const V part = vset(t);
    FOR_VECTORS(n, V old = GET(y); PUT(y, vfma(part, vsub(GET(x), old), old)););
}

void GNL_K(add)(int64_t n, const gnl_real *x, const gnl_real *y, gnl_real *z)
{
    FOR_VECTORS(n, PUT(z, vadd(GET(x), GET(y))););
}

void GNL_K(mul)(int64_t n, const gnl_real *x, const gnl_real *y, gnl_real *z)
{
    FOR_VECTORS(n, PUT(z, vmul(GET(x), GET(y))););
}

void GNL_K(mul_add)(int64_t n, const gnl_real *x, const gnl_real *y, gnl_real *z)
{
    FOR_VECTORS(n, PUT(z, vfma(GET(x), GET(y), GET(z))););
}

double GNL_K(sum)(int64_t n, const gnl_real *x)
{
    VD total = vd_zero();
    FOR_VECTORS(n, total = vd_add(total, GET(x)););
    return vd_sum(total);
}

double GNL_K(dot)(int64_t n, const gnl_real *x, const gnl_real *y)
{
    VD total = vd_zero();
    FOR_VECTORS(n, total = vd_fma(total, GET(x), GET(y)););
    return vd_sum(total);
}

void GNL_K(deviations)(int64_t runs, int64_t stride, int64_t n, const gnl_real *p, gnl_real a, const gnl_real *q,
                       gnl_real b, double sums[2])
{
    const V shift_p = vset(a), shift_q = vset(b);
    VD first = vd_zero(), second = vd_zero();
    for (int64_t run = 0; run < runs; run++, p += stride, q += stride)
        FOR_VECTORS(n, V d = KEEP(vsub(GET(p), shift_p)); first = vd_add(first, d);
                    second = vd_fma(second, d, KEEP(vsub(GET(q), shift_q))););
    sums[0] += vd_sum(first);
    sums[1] += vd_sum(second);
}

void GNL_K(mix)(int64_t n, const gnl_real c[4], const gnl_real *p, const gnl_real *x, gnl_store store, gnl_real *out)
{
    const V factor = vset(c[0]), one = vset(c[1]), slope = vset(c[2]), mean = vset(c[3]);
    if (store == GNL_ADD)
        FOR_VECTORS(n, V sum = vfma(slope, vsub(GET(x), mean), vfma(factor, GET(p), one));
                    PUT(out, vadd(GET(out), sum)););
    else
        FOR_VECTORS(n, PUT(out, vfma(slope, vsub(GET(x), mean), vfma(factor, GET(p), one))););
}

static void add_number(int64_t n, gnl_real a, gnl_real *y)
{
    const V number = vset(a);
    FOR_VECTORS(n, PUT(y, vadd(GET(y), number)););
}

void GNL_K(add_bias)(int64_t rows, int64_t channels, int64_t plane, const gnl_real *bias, gnl_real *y)
{
    if (plane == 1) {
        for (int64_t r = 0; r < rows; r++)
            GNL_K(add)(channels, y + r * channels, bias, y + r * channels);
        return;
    }
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < channels; c++)
            add_number(plane, bias[c], y + (r * channels + c) * plane);
}

/* Columns are summed four vectors at a time, so that each row reads whole cache lines. */
enum { GROUP = 4 };

static void sum_group(int64_t rows, int64_t channels, const gnl_real *dy, gnl_real *db)
{
    VD sum[GROUP] = {vd_zero(), vd_zero(), vd_zero(), vd_zero()};
    for (int64_t r = 0; r < rows; r++)
#pragma GCC unroll 4
        for (int g = 0; g < GROUP; g++)
            sum[g] = vd_add(sum[g], vload(dy + r * channels + g * VN));
#pragma GCC unroll 4
    for (int g = 0; g < GROUP; g++)
        vstore(db + g * VN, vadd(vload(db + g * VN), vd_narrow(sum[g])));
}

static void sum_column(int64_t rows, int64_t channels, M m, const gnl_real *dy, gnl_real *db)
{
    VD sum = vd_zero();
    for (int64_t r = 0; r < rows; r++)
        sum = vd_add(sum, vload_m(dy + r * channels, m));
    vstore_m(db, m, vadd(vload_m(db, m), vd_narrow(sum)));
}

void GNL_K(sum_bias)(int64_t rows, int64_t channels, int64_t plane, const gnl_real *dy, gnl_real *db)
{
    int64_t c = 0;
    if (plane == 1) {
        for (; c + GROUP * VN <= channels; c += GROUP * VN)
            sum_group(rows, channels, dy + c, db + c);
        for (; c < channels; c += VN)
            sum_column(rows, channels, vmask(channels - c), dy + c, db + c);
        return;
    }
    for (; c < channels; c++) {
        double total = 0;
        for (int64_t r = 0; r < rows; r++)
            total += GNL_K(sum)(plane, dy + (r * channels + c) * plane);
        db[c] += (gnl_real)total;
    }
}
