/* SPDX-License-Identifier: MIT */
/* Layout of an arena by liveness: the largest buffers first, or those that count longest, or by both together, each at the
 * lowest place that is free for its time. Then the order is changed by chance, as long as that may gain. */
#include "net/compile_priv.h"

enum {
    LINE_NUMBERS = GNL_ALIGN / 4, /* numbers; of 4 bytes, so that doubles are aligned too */
    MAX_SWAPS = 1024,
    MAX_COMPARISONS = 1 << 21 /* pairs of buffers, about, that are compared before large nets give up */
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

static void sort_largest_first(const gnl_span *span, int count, measure *size, int *order)
{
    for (int i = 0; i < count; i++) {
        int at = i;
        for (; at > 0 && size(&span[order[at - 1]]) < size(&span[i]); at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
}

/* A part of a buffer during one period. */
typedef struct block {
    int64_t from, past; /* from where the buffer begins */
    gnl_period time;
} block;

enum { MAX_BLOCKS = GNL_MAX_PERIODS + 1 };

/* What comes late is a block of its own. */
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

/* Whether two spans ever count at the same time. */
static bool are_live_together(const gnl_span *a, const gnl_span *b)
{
    for (int i = 0; i < a->periods; i++)
        for (int j = 0; j < b->periods; j++)
            if (overlap_in_time(&a->period[i], &b->period[j]))
                return true;
    return false;
}

/* The same block by block, for spans of which a part comes late. */
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

/* Where `span` has to go from `offset` to be past a block of `other` that stands in its way, or -1. */
static int64_t end_of_conflict(const gnl_span *other, const gnl_span *span, int64_t offset)
{
    if (other->offset >= offset + span->size || offset >= other->offset + other->size)
        return -1;
    if (other->late || span->late)
        return end_of_conflicting_block(other, span, offset);
    return are_live_together(other, span) ? other->offset + other->size : -1;
}

/* The same for all that are placed. */
static int64_t end_of_any_conflict(const gnl_span *all, const int *order, int placed, const gnl_span *span,
                        int64_t offset)
{
    int64_t past = -1;
    for (int i = 0; i < placed && past < 0; i++)
        past = end_of_conflict(&all[order[i]], span, offset);
    return past;
}

static int64_t end_of(const gnl_span *span)
{
    return span->offset + span->size;
}

/* Places all in the order given; returns the numbers wanted. */
static int64_t place_all(gnl_span *span, int count, const int *order)
{
    int64_t total = 0;
    for (int i = 0; i < count; i++) {
        gnl_span *now = &span[order[i]];
        now->offset = 0;
        for (int64_t past; (past = end_of_any_conflict(span, order, i, now, now->offset)) >= 0;)
            now->offset = past;
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

/* The most that counts at one time: no layout needs less. That is when some block begins. */
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

static int64_t save_if_better(gnl_span *span, int count, int64_t total, int64_t best)
{
    for (int i = 0; i < count && total < best; i++)
        span[i].best = span[i].offset;
    return GNL_MIN(total, best);
}

/* Exchanges two buffers in the order, and back where that does harm. Of all layouts the best is saved. */
static int64_t improve(gnl_span *span, int count, gnl_rng *rng, int64_t least, int64_t best, int *order)
{
    int tries = GNL_MIN(MAX_SWAPS, MAX_COMPARISONS / GNL_MAX(count * count, 1));
    int64_t now = place_all(span, count, order);
    best = save_if_better(span, count, now, best);
    for (int i = 0; i < tries && best > least; i++) {
        int *a = &order[gnl_rng_below(rng, (uint64_t)count)], *b = &order[gnl_rng_below(rng, (uint64_t)count)];
        swap(a, b);
        int64_t total = place_all(span, count, order);
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
    int64_t least = most_live_numbers(span, count), best = INT64_MAX;
    gnl_rng rng = gnl_rng_make(0, GNL_STREAM_ORDER, 0); /* the same layout every time */
    for (size_t i = 0; i < GNL_COUNT(sizes); i++) {
        sort_largest_first(span, count, sizes[i], order);
        best = improve(span, count, &rng, least, best, order);
    }
    for (int i = 0; i < count; i++)
        span[i].offset = span[i].best;
    return count ? best : 0;
}
