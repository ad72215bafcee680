/* SPDX-License-Identifier: MIT */
/* Layout of an arena by liveness: the largest buffers first, or those that count longest, or by both together, each at the
 * lowest place that is free for its time. What then stands highest goes first in another try, as long as that may gain. */
#include "net/net_priv.h"

enum {
    LINE = GNL_ALIGN / 4, /* numbers; of 4 bytes, so that doubles are aligned too */
    MOST_TRIES = 64,
    TRYING = 1 << 20 /* pairs of buffers that are compared before large nets give up */
};

int64_t gnl_padded(int64_t numbers)
{
    return (numbers + LINE - 1) / LINE * LINE;
}

typedef int64_t measure(const gnl_span *span);

static int64_t numbers_of(const gnl_span *span)
{
    return span->numbers;
}

static int64_t time_of(const gnl_span *span)
{
    return span->end - span->begin + 1;
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

static bool meet_in_time(const gnl_span *a, const gnl_span *b)
{
    return a->begin <= b->end && b->begin <= a->end;
}

/* The end of a placed buffer that stands in the way of `span` at `offset`, or -1. */
static int64_t obstacle(const gnl_span *all, const int *order, int placed, const gnl_span *span,
                        int64_t offset)
{
    for (int i = 0; i < placed; i++) {
        const gnl_span *other = &all[order[i]];
        bool apart = offset + gnl_padded(span->numbers) <= other->offset ||
                     other->offset + gnl_padded(other->numbers) <= offset;
        if (!apart && meet_in_time(span, other))
            return other->offset + gnl_padded(other->numbers);
    }
    return -1;
}

static int64_t end_of(const gnl_span *span)
{
    return span->offset + gnl_padded(span->numbers);
}

/* Places all in the order given; returns the numbers wanted. */
static int64_t place_all(gnl_span *span, int count, const int *order)
{
    int64_t total = 0;
    for (int i = 0; i < count; i++) {
        gnl_span *now = &span[order[i]];
        now->offset = 0;
        for (int64_t past; (past = obstacle(span, order, i, now, now->offset)) >= 0;)
            now->offset = past;
        total = GNL_MAX(total, end_of(now));
    }
    return total;
}

/* The most that counts at one time: no layout needs less. That is when some buffer begins. */
static int64_t most_at_once(const gnl_span *span, int count)
{
    int64_t most = 0;
    for (int i = 0; i < count; i++) {
        int64_t sum = 0;
        for (int j = 0; j < count; j++)
            if (span[j].begin <= span[i].begin && span[i].begin <= span[j].end)
                sum += gnl_padded(span[j].numbers);
        most = GNL_MAX(most, sum);
    }
    return most;
}

static void highest_first(const gnl_span *span, int count, int *order)
{
    int top = 0;
    for (int i = 0; i < count; i++)
        if (end_of(&span[order[i]]) > end_of(&span[order[top]]))
            top = i;
    int moved = order[top];
    memmove(order + 1, order, (size_t)top * sizeof *order);
    order[0] = moved;
}

/* Tries orders from one on; the best so far is kept. */
static int64_t improve(gnl_span *span, int count, measure *size, int64_t least, int64_t best, int *order)
{
    int tries = GNL_MIN(MOST_TRIES, 1 + TRYING / GNL_MAX(count * count, 1));
    sort_largest_first(span, count, size, order);
    for (int i = 0; i < tries && best > least; i++) {
        int64_t total = place_all(span, count, order);
        for (int j = 0; j < count && total < best; j++)
            span[j].best = span[j].offset;
        best = GNL_MIN(best, total);
        highest_first(span, count, order);
    }
    return best;
}

int64_t gnl_plan_spans(gnl_span *span, int count, int *order)
{
    measure *const sizes[] = {numbers_of, numbers_times_time, time_of};
    int64_t least = most_at_once(span, count), best = INT64_MAX;
    for (size_t i = 0; i < GNL_COUNT(sizes); i++)
        best = improve(span, count, sizes[i], least, best, order);
    for (int i = 0; i < count; i++)
        span[i].offset = span[i].best;
    return count ? best : 0;
}
