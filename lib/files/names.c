/* SPDX-License-Identifier: MIT */
/* Lists of names in errors, and the name that a misspelled word probably means. */
#include <string.h>

#include "files_priv.h"

enum { MAX_WORD = 32 };

/* Returns how many letters must be changed, added, removed, or swapped with the next one, to turn a into b. */
static size_t distance(const char *a, const char *b)
{
    size_t cost[MAX_WORD + 1][MAX_WORD + 1], n = strlen(a), m = strlen(b);
    if (n > MAX_WORD || m > MAX_WORD)
        return MAX_WORD;
    for (size_t i = 0; i <= n; i++)
        for (size_t j = 0; j <= m; j++) {
            if (i == 0 || j == 0) {
                cost[i][j] = i + j;
                continue;
            }
            cost[i][j] = GNL_FILES_MIN(cost[i - 1][j], cost[i][j - 1]) + 1;
            cost[i][j] = GNL_FILES_MIN(cost[i][j], cost[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                cost[i][j] = GNL_FILES_MIN(cost[i][j], cost[i - 2][j - 2] + 1);
        }
    return cost[n][m];
}

const char *gnl_files_nearest(const char *word, gnl_files_names *names, const void *user)
{
    const char *best = NULL, *name = NULL;
    size_t least = strlen(word) > 3 ? 3 : GNL_FILES_MIN(strlen(word), 2);
    for (int32_t i = 0; (name = names(user, i)) != NULL; i++) {
        size_t d = distance(word, name);
        if (d < least) {
            least = d;
            best = name;
        }
    }
    return best;
}

void gnl_files_list(gnl_files_names *names, const void *user, char *out, size_t size)
{
    const char *name = NULL;
    out[0] = '\0';
    for (int32_t i = 0; (name = names(user, i)) != NULL; i++) {
        size_t used = strlen(out);
        snprintf(out + used, size - used, "%s%s", i ? ", " : "", name);
    }
}

bool gnl_files_has_word(const char *list, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = list; at; at = strchr(at, ' ')) {
        at += *at == ' ';
        if (strncmp(at, word, length) == 0 && (at[length] == ' ' || at[length] == '\0'))
            return true;
    }
    return false;
}
