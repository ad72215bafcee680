/* SPDX-License-Identifier: MIT */
/* Lists of names in errors, and the name that a misspelled word probably means. */
#include <string.h>

#include "files_priv.h"

const char *gnl_files_nearest(const char *word, gnl_files_names *names, const void *user)
{
    enum { MOST = 64 };
    const char *all[MOST];
    int32_t count = 0;
    while (count < MOST && (all[count] = names(user, count)) != NULL)
        count++;
    return genlat_name_nearest(word, all, count);
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
