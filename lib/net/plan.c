/* SPDX-License-Identifier: MIT */
/* Layout of an arena by liveness: the largest buffers first, each at the lowest place that is free for its
 * time. */
#include "net/net_priv.h"

enum { LINE = GNL_ALIGN / 4 }; /* numbers; of 4 bytes, so that doubles are aligned too */

int64_t gnl_padded(int64_t numbers)
{
    return (numbers + LINE - 1) / LINE * LINE;
}

static void sort_largest_first(const gnl_span *span, int count, int *order)
{
    for (int i = 0; i < count; i++) {
        int at = i;
        for (; at > 0 && span[order[at - 1]].numbers < span[i].numbers; at--)
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

int64_t gnl_plan_spans(gnl_span *span, int count, int *order)
{
    int64_t total = 0;
    sort_largest_first(span, count, order);
    for (int i = 0; i < count; i++) {
        gnl_span *now = &span[order[i]];
        now->offset = 0;
        for (int64_t past; (past = obstacle(span, order, i, now, now->offset)) >= 0;)
            now->offset = past;
        total = GNL_MAX(total, now->offset + gnl_padded(now->numbers));
    }
    return total;
}
