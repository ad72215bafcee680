/* SPDX-License-Identifier: MIT */
/* Layout of an arena by liveness. Buffers are placed one after the other, each at the lowest offset that is free during
 * its periods. Three initial orders are tried: by size, by live time, and by their product. Random swaps then improve
 * each order. */
#include "net/compile_priv.h"

#ifndef GNL_PLAN_SWAPS /* fewer in a build for libFuzzer, where they would take most of the time */
#    define GNL_PLAN_SWAPS 1024
#endif

enum {
    LINE_NUMBERS = GNL_ALIGN / 4, /* numbers in a cache line if they have 4 bytes; aligns double as well */
    MAX_SWAPS = GNL_PLAN_SWAPS,
    MAX_COMPARISONS = 1 << 21 /* approximate limit on compared pairs of buffers; reduces the swaps for large nets */
};

int64_t gnl_padded(int64_t numbers)
{
    return (numbers + LINE_NUMBERS - 1) / LINE_NUMBERS * LINE_NUMBERS;
}

typedef int64_t measure(const gnl_span *span);

static int64_t numbers_of(const gnl_span *span)
{
    return span->numbers;
}

static int64_t time_of(const gnl_span *span)
{
    int64_t sum = 0;
    for (int i = 0; i < span->periods; i++)
        sum += span->period[i].end - span->period[i].begin + 1;
    return sum;
}

static int64_t numbers_times_time(const gnl_span *span)
{
    return numbers_of(span) * time_of(span);
}

/* Sorts by insertion: spans of the same size stay in their order. */
static void sort_largest_first(const gnl_span *span, int count, measure *size, int *order)
{
    for (int i = 0; i < count; i++) {
        int low = 0, high = i;
        while (low < high) {
            int middle = (low + high) / 2;
            if (size(&span[order[middle]]) >= size(&span[i]))
                low = middle + 1;
            else
                high = middle;
        }
        memmove(order + low + 1, order + low, (size_t)(i - low) * sizeof *order);
        order[low] = i;
    }
}

/* A part of a buffer during one period: numbers from, ..., past - 1. */
typedef struct block {
    int64_t from, past; /* relative to the start of the buffer */
    gnl_period time;
} block;

enum { MAX_BLOCKS = GNL_MAX_PERIODS + 1 };

/* Splits a span into blocks and returns their number. The first `late` numbers are a separate block. */
static int blocks_of(const gnl_span *span, block out[MAX_BLOCKS])
{
    int count = 0;
    for (; count < span->periods; count++)
        out[count] = (block){span->late, span->size, span->period[count]};
    if (span->late)
        out[count++] = (block){0, span->late, {span->late_begin, span->period[span->periods - 1].end}};
    return count;
}

static bool overlap_in_time(const gnl_period *a, const gnl_period *b)
{
    return a->begin <= b->end && b->begin <= a->end;
}

/* Returns whether two spans are ever live at the same time. */
static bool are_live_together(const gnl_span *a, const gnl_span *b)
{
    for (int i = 0; i < a->periods; i++)
        for (int j = 0; j < b->periods; j++)
            if (overlap_in_time(&a->period[i], &b->period[j]))
                return true;
    return false;
}

/* end_of_conflict() for spans with late numbers: compares block by block. */
static int64_t end_of_conflicting_block(const gnl_span *other, const gnl_span *span, int64_t offset)
{
    block blocks[MAX_BLOCKS], other_blocks[MAX_BLOCKS];
    const int64_t distance = other->offset - offset;
    const int count = blocks_of(span, blocks), others = blocks_of(other, other_blocks);
    for (int i = 0; i < count; i++)
        for (int j = 0; j < others; j++) {
            const block *a = &blocks[i], *b = &other_blocks[j];
            if (a->from < distance + b->past && distance + b->from < a->past && overlap_in_time(&a->time, &b->time))
                return other->offset + b->past - a->from;
        }
    return -1;
}

/* Returns the lowest offset at which `span` lies behind a part of `other` that conflicts with it at `offset`; -1: there
 * is no conflict. */
static int64_t end_of_conflict(const gnl_span *other, const gnl_span *span, int64_t offset)
{
    if (other->offset >= offset + span->size || offset >= other->offset + other->size)
        return -1;
    if (other->late || span->late)
        return end_of_conflicting_block(other, span, offset);
    return are_live_together(other, span) ? other->offset + other->size : -1;
}

static int64_t end_of(const gnl_span *span)
{
    return span->offset + span->size;
}

/* Spans that have been placed, sorted by offset. */
typedef struct placement {
    const gnl_span *span;
    int *sorted;
    int count;
} placement;

/* Returns the lowest free offset from `offset` on, as far as one pass over the placed spans finds it. */
static int64_t pass_conflicts(const placement *p, const gnl_span *span, int64_t offset)
{
    for (int i = 0; i < p->count; i++) {
        const gnl_span *other = &p->span[p->sorted[i]];
        if (other->offset >= offset + span->size)
            break;
        offset = GNL_MAX(offset, end_of_conflict(other, span, offset));
    }
    return offset;
}

/* Returns the lowest free offset. One pass finds it, except with late numbers, whose conflicts do not end in the order
 * of the offsets. */
static int64_t find_offset(const placement *p, const gnl_span *span)
{
    int64_t offset = 0;
    for (int64_t next; (next = pass_conflicts(p, span, offset)) > offset;)
        offset = next;
    return offset;
}

static void insert(placement *p, int index)
{
    int low = 0, high = p->count;
    while (low < high) {
        int middle = (low + high) / 2;
        if (p->span[p->sorted[middle]].offset <= p->span[index].offset)
            low = middle + 1;
        else
            high = middle;
    }
    memmove(p->sorted + low + 1, p->sorted + low, (size_t)(p->count - low) * sizeof *p->sorted);
    p->sorted[low] = index;
    p->count++;
}

/* Places all spans in the given order; stops if the arena exceeds `most` numbers. Returns the size of the arena. */
static int64_t place_all(gnl_span *span, int count, int64_t most, const int *order, int *sorted)
{
    placement p = {.span = span, .sorted = sorted};
    int64_t total = 0;
    for (int i = 0; i < count && total <= most; i++) {
        gnl_span *now = &span[order[i]];
        now->offset = find_offset(&p, now);
        insert(&p, order[i]);
        total = GNL_MAX(total, end_of(now));
    }
    return total;
}

static int64_t live_numbers_at(const gnl_span *span, int count, int time)
{
    int64_t sum = 0;
    for (int i = 0; i < count; i++) {
        block all[MAX_BLOCKS];
        for (int j = blocks_of(&span[i], all) - 1; j >= 0; j--)
            if (all[j].time.begin <= time && time <= all[j].time.end)
                sum += all[j].past - all[j].from;
    }
    return sum;
}

/* Returns the most numbers that are live at one time, a lower bound for every layout. The maximum is reached at the
 * beginning of a block. */
static int64_t most_live_numbers(const gnl_span *span, int count)
{
    int64_t most = 0;
    for (int i = 0; i < count; i++) {
        block all[MAX_BLOCKS];
        for (int j = blocks_of(&span[i], all) - 1; j >= 0; j--)
            most = GNL_MAX(most, live_numbers_at(span, count, all[j].time.begin));
    }
    return most;
}

static void swap(int *a, int *b)
{
    int saved = *a;
    *a = *b;
    *b = saved;
}

/* Saves the current offsets if their total is below the best one. Returns the new best total. */
static int64_t save_if_better(gnl_span *span, int count, int64_t total, int64_t best)
{
    for (int i = 0; i < count && total < best; i++)
        span[i].best = span[i].offset;
    return GNL_MIN(total, best);
}

/* Returns the number of swaps to try, fewer for large nets. */
static int64_t count_tries(int64_t count)
{
    return GNL_MIN(MAX_SWAPS, MAX_COMPARISONS / GNL_MAX(count * count, 1));
}

/* Improves a layout by random swaps of two spans in the order. Undoes a swap that increases the total. Saves the best
 * layout, and stops when it reaches the lower bound `least`. */
static int64_t improve(gnl_span *span, int count, gnl_rng *rng, int64_t least, int64_t best, int *order)
{
    const int64_t tries = count_tries(count);
    int *sorted = order + count;
    int64_t now = place_all(span, count, INT64_MAX, order, sorted);
    best = save_if_better(span, count, now, best);
    for (int64_t i = 0; i < tries && best > least; i++) {
        int *a = &order[gnl_rng_below(rng, (uint64_t)count)], *b = &order[gnl_rng_below(rng, (uint64_t)count)];
        swap(a, b);
        int64_t total = place_all(span, count, now, order, sorted);
        best = save_if_better(span, count, total, best);
        if (total > now)
            swap(a, b);
        now = GNL_MIN(total, now);
    }
    return best;
}

int64_t gnl_plan_spans(gnl_span *span, int count, int *order)
{
    measure *const sizes[] = {numbers_of, numbers_times_time, time_of};
    for (int i = 0; i < count; i++)
        span[i].size = gnl_padded(span[i].numbers);
    int64_t least = count_tries(count) ? most_live_numbers(span, count) : 0, best = INT64_MAX;
    gnl_rng rng = gnl_rng_make(0, GNL_STREAM_ORDER, 0); /* a fixed seed, for the same layout every time */
    for (size_t i = 0; i < GNL_COUNT(sizes); i++) {
        sort_largest_first(span, count, sizes[i], order);
        best = improve(span, count, &rng, least, best, order);
    }
    for (int i = 0; i < count; i++)
        span[i].offset = span[i].best;
    return count ? best : 0;
}
