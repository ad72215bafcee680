/* SPDX-License-Identifier: MIT */
/* Philox 4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3; SC 2011). */
#include <tgmath.h>

#include "base/base.h"

enum { ROUNDS = 10 };

static const uint32_t MULTIPLIER_0 = 0xD2511F53u, MULTIPLIER_1 = 0xCD9E8D57u;
static const uint32_t WEYL_0 = 0x9E3779B9u, WEYL_1 = 0xBB67AE85u;
static const double TWO_PI = 6.283185307179586476925;

void gnl_philox(uint64_t seed, uint64_t stream, uint64_t counter, uint32_t out[4])
{
    uint32_t c0 = (uint32_t)counter, c1 = (uint32_t)(counter >> 32);
    uint32_t c2 = (uint32_t)stream, c3 = (uint32_t)(stream >> 32);
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t p0 = (uint64_t)MULTIPLIER_0 * c0, p1 = (uint64_t)MULTIPLIER_1 * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += WEYL_0;
        k1 += WEYL_1;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

gnl_rng gnl_rng_make(uint64_t seed, gnl_stream stream, uint64_t substream)
{
    return (gnl_rng){.seed = seed, .stream = (uint64_t)stream << 48 ^ substream, .counter = 0};
}

uint64_t gnl_rng_u64(gnl_rng *rng)
{
    uint32_t word[4];
    gnl_philox(rng->seed, rng->stream, rng->counter++, word);
    return (uint64_t)word[1] << 32 | word[0];
}

/* Returns the high half of a product, and stores the low half. 32-bit machines have no type of 128 bits. */
static uint64_t multiply(uint64_t a, uint64_t b, uint64_t *low)
{
    const uint64_t mask = UINT32_MAX, a0 = a & mask, a1 = a >> 32, b0 = b & mask, b1 = b >> 32;
    const uint64_t middle = a1 * b0 + (a0 * b0 >> 32), other = a0 * b1 + (middle & mask);
    *low = a * b;
    return a1 * b1 + (middle >> 32) + (other >> 32);
}

uint64_t gnl_rng_below(gnl_rng *rng, uint64_t bound)
{
    /* Lemire's multiplication; rejects draws from the incomplete last interval. */
    for (;;) {
        uint64_t draw = gnl_rng_u64(rng);
        uint64_t low = 0, high = multiply(draw, bound, &low);
        if (low >= bound || low >= (0 - bound) % bound)
            return high;
    }
}

double gnl_rng_unit(gnl_rng *rng)
{
    return (double)(gnl_rng_u64(rng) >> 11) * 0x1p-53;
}

double gnl_rng_gauss(gnl_rng *rng)
{
    gnl_real pair[1];
    gnl_rng_fill_normal(rng, pair, 1);
    return (double)pair[0];
}

/* Uses 24 bits, so that the float is strictly below 1. */
static gnl_real unit_from_word(uint32_t word)
{
    return (gnl_real)(word >> 8) * (gnl_real)0x1p-24;
}

void gnl_rng_fill_uniform(gnl_rng *rng, gnl_real *out, int64_t n, gnl_real lo, gnl_real hi)
{
    for (int64_t i = 0; i < n; i += 4) {
        uint32_t word[4];
        gnl_philox(rng->seed, rng->stream, rng->counter++, word);
        for (int64_t j = i; j < GNL_MIN(i + 4, n); j++)
            out[j] = lo + (hi - lo) * unit_from_word(word[j - i]);
    }
}

/* Box-Muller: converts two uniform numbers to two normal ones. The logarithm takes a number in (0,1], so it is
 * finite. */
static void normal_pair(uint32_t u, uint32_t v, gnl_real *a, gnl_real *b)
{
    gnl_real radius = sqrt((gnl_real)-2 * log((gnl_real)1 - unit_from_word(u)));
    gnl_real angle = (gnl_real)TWO_PI * unit_from_word(v);
    *a = radius * cos(angle);
    *b = radius * sin(angle);
}

void gnl_rng_fill_normal(gnl_rng *rng, gnl_real *out, int64_t n)
{
    for (int64_t i = 0; i < n; i += 4) {
        uint32_t word[4];
        gnl_real normal[4];
        gnl_philox(rng->seed, rng->stream, rng->counter++, word);
        normal_pair(word[0], word[1], &normal[0], &normal[1]);
        normal_pair(word[2], word[3], &normal[2], &normal[3]);
        for (int64_t j = i; j < GNL_MIN(i + 4, n); j++)
            out[j] = normal[j - i];
    }
}

void gnl_rng_shuffle(gnl_rng *rng, int64_t *items, int64_t n)
{
    for (int64_t i = n - 1; i > 0; i--) {
        int64_t j = (int64_t)gnl_rng_below(rng, (uint64_t)i + 1);
        int64_t held = items[i];
        items[i] = items[j];
        items[j] = held;
    }
}

/* ---- permutations ---------------------------------------------------------------------------- */

enum { FEISTEL_ROUNDS = 6 };

gnl_permutation gnl_permutation_make(gnl_rng rng, int64_t count)
{
    int64_t side = (int64_t)sqrt((double)count);
    while (side * side < count) /* the square root of a double may be too small by a little */
        side++;
    return (gnl_permutation){.rng = rng, .count = count, .side = side};
}

/* Each round adds a random function of one digit to the other, modulo the base, and exchanges them. */
static int64_t permute_square(const gnl_permutation *p, int64_t index)
{
    uint64_t side = (uint64_t)p->side, left = (uint64_t)index / side, right = (uint64_t)index % side;
    for (uint64_t round = 0; round < FEISTEL_ROUNDS; round++) {
        uint32_t word[4];
        gnl_philox(p->rng.seed, p->rng.stream, round << 32 | right, word);
        const uint64_t sum = (left + ((uint64_t)word[1] << 32 | word[0]) % side) % side;
        left = right;
        right = sum;
    }
    return (int64_t)(left * side + right);
}

int64_t gnl_permutation_at(const gnl_permutation *permutation, int64_t index)
{
    do
        index = permute_square(permutation, index);
    while (index >= permutation->count);
    return index;
}
