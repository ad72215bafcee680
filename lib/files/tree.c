/* SPDX-License-Identifier: MIT */
/* Lists the files of a folder, or of its subfolders, each of which is a class. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "files_priv.h"

static genlat_status add_file(gnl_tree *tree, const char *path, int64_t class)
{
    /* The capacity doubles whenever the count is a power of two. */
    if ((tree->count & (tree->count - 1)) == 0) {
        size_t capacity = tree->count ? 2 * (size_t)tree->count : 1;
        char **paths = realloc(tree->path, capacity * sizeof *paths);
        tree->path = paths ? paths : tree->path;
        int64_t *classes = realloc(tree->class, capacity * sizeof *classes);
        tree->class = classes ? classes : tree->class;
        if (!paths || !classes)
            return gnl_files_no_memory(path);
    }
    tree->path[tree->count] = strdup(path);
    if (!tree->path[tree->count])
        return gnl_files_no_memory(path);
    tree->class[tree->count++] = class;
    return GENLAT_OK;
}

void gnl_tree_free(gnl_tree *tree)
{
    for (int64_t i = 0; i < tree->count; i++)
        free(tree->path[i]);
    free(tree->path);
    free(tree->class);
    *tree = (gnl_tree){0};
}

static bool ends_with(const char *name, const char *const *endings)
{
    size_t length = strlen(name);
    for (; *endings; endings++) {
        size_t ending = strlen(*endings);
        if (length > ending && strcasecmp(name + length - ending, *endings) == 0)
            return true;
    }
    return false;
}

/* Compares by bytes, so that the order does not depend on the locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* Whether to add the files of the folder itself, or those of its subfolders. */
typedef enum level { OWN_FILES, FILES_OF_CLASSES } level;

/* Adds the files of a folder, and adds the number of its subfolders to *folders. */
static genlat_status add_folder(gnl_tree *tree, const char *folder, const char *const *endings, level from,
                                int64_t class, int64_t *folders)
{
    struct dirent **entry = NULL;
    char path[GNL_FILES_PATH];
    genlat_status status = GENLAT_OK;
    int64_t ignored = 0;
    int count = scandir(folder, &entry, visible, by_name);
    if (count < 0)
        return genlat_error_set(GENLAT_E_IO, "%s: cannot read the folder: %s", folder, strerror(errno));
    for (int i = 0; i < count; i++) {
        if (status == GENLAT_OK)
            status = gnl_files_join(folder, entry[i]->d_name, path);
        if (status == GENLAT_OK && gnl_files_is_folder(path)) {
            if (from == FILES_OF_CLASSES)
                status = add_folder(tree, path, endings, OWN_FILES, *folders, &ignored);
            ++*folders;
        } else if (status == GENLAT_OK && from == OWN_FILES && ends_with(path, endings)) {
            status = add_file(tree, path, class);
        }
        free(entry[i]);
    }
    free(entry);
    return status;
}

genlat_status gnl_tree_read(const char *folder, const char *const *endings, gnl_tree *out)
{
    int64_t folders = 0;
    *out = (gnl_tree){0};
    genlat_status status = add_folder(out, folder, endings, OWN_FILES, 0, &folders);
    if (status == GENLAT_OK && out->count == 0 && folders > 0) {
        out->classes = folders;
        folders = 0;
        status = add_folder(out, folder, endings, FILES_OF_CLASSES, 0, &folders);
    }
    if (status == GENLAT_OK && out->count == 0)
        status =
            genlat_error_set(GENLAT_E_NOT_FOUND, "%s: the folder has no file with the ending %s", folder, endings[0]);
    if (status != GENLAT_OK)
        gnl_tree_free(out);
    return status;
}
