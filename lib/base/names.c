/* SPDX-License-Identifier: MIT */
/* Names that were not found: the nearest of the known ones, and the error that lists them. */
#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"
#include "genlat/experimental.h"

enum { MOST_WORD = 48, MOST_DISTANCE = 3 };

/* Names are compared without regard to case, and to how their words are joined: ReLU, leaky-relu. */
static char folded(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c == '-' ? '_' : c;
}

int gnl_name_distance(const char *a, const char *b)
{
    const int n = (int)strlen(a), m = (int)strlen(b);
    int rows[3][MOST_WORD + 1] = {{0}};
    if (n > MOST_WORD || m > MOST_WORD)
        return GNL_MAX(n, m);
    for (int j = 0; j <= m; j++)
        rows[0][j] = j;
    for (int i = 1; i <= n; i++) {
        int *row = rows[i % 3];
        const int *above = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        row[0] = i;
        for (int j = 1; j <= m; j++) {
            const bool same = folded(a[i - 1]) == folded(b[j - 1]);
            row[j] = GNL_MIN(above[j - 1] + !same, GNL_MIN(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && folded(a[i - 1]) == folded(b[j - 2]) && folded(a[i - 2]) == folded(b[j - 1]))
                row[j] = GNL_MIN(row[j], before[j - 2] + 1);
        }
    }
    return rows[n % 3][m];
}

/* Returns whether `name` begins with a word of at least three letters, such as conv of conv1d. */
static bool begins_with(const char *name, const char *word)
{
    size_t i = 0;
    while (word[i] && folded(word[i]) == folded(name[i]))
        i++;
    return i >= 3 && !word[i];
}

/* Longer words may have more mistakes. A name that the word is the beginning of is near too. */
static int near_distance(const char *word, const char *name)
{
    const int length = (int)strlen(word), most = GNL_MAX(1, GNL_MIN(MOST_DISTANCE, (length + 1) / 3));
    const bool similar = abs(length - (int)strlen(name)) <= most;
    const int distance = similar ? gnl_name_distance(word, name) : MOST_WORD;
    if (distance <= most && distance < length)
        return distance;
    return begins_with(name, word) ? MOST_DISTANCE : MOST_DISTANCE + 1;
}

void gnl_text_append(char *text, size_t capacity, const char *format, ...)
{
    size_t used = strlen(text);
    va_list args;
    va_start(args, format);
    gnl_format(text + used, capacity - used, format, args);
    va_end(args);
}

/* Lists the names that fit into the text. */
void gnl_unknown_add(gnl_unknown *names, const char *name)
{
    const int distance = near_distance(names->word, name), best = names->nearest ? names->distance : MOST_DISTANCE + 1;
    if (distance < best) {
        names->nearest = name;
        names->distance = distance;
    }
    const size_t used = strlen(names->known);
    const bool fits = used + strlen(name) + strlen(", , ...") < sizeof names->known;
    if (fits)
        gnl_text_append(names->known, sizeof names->known, "%s%s", used ? ", " : "", name);
    else if (!names->cut)
        gnl_text_append(names->known, sizeof names->known, "%s...", used ? ", " : "");
    names->cut = names->cut || !fits;
}

genlat_status gnl_unknown_fail(const gnl_unknown *names, const char *format, ...)
{
    char text[GNL_ERROR_TEXT / 2], hint[2 * MOST_WORD] = "";
    va_list args;
    va_start(args, format);
    gnl_format(text, sizeof text, format, args);
    va_end(args);
    if (names->nearest)
        snprintf(hint, sizeof hint, "; did you mean '%s'?", names->nearest);
    return gnl_fail(GENLAT_E_NOT_FOUND, "%.200s%s%s known: %s", text, hint, *hint ? "" : ";",
                    *names->known ? names->known : "none");
}

const char *genlat_name_nearest(const char *word, const char *const *names, int64_t count)
{
    gnl_unknown all = {.word = word};
    for (int64_t i = 0; word && names && i < count; i++)
        if (names[i])
            gnl_unknown_add(&all, names[i]);
    return all.nearest;
}
