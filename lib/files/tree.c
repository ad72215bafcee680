/* SPDX-License-Identifier: MIT */
/* Lists the files of a folder, or of the folders in it, each of which is a class. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "files_priv.h"

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

/* Leaves out hidden files, and the folder that macOS adds to zip archives. */
static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && strcmp(entry->d_name, "__MACOSX") != 0;
}

/* The paths of a folder's entries, sorted by name. */
typedef struct listing {
    char **file, **folder; /* files with a wanted ending; folders */
    int64_t files, folders;
} listing;

static void free_paths(char **path, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        free(path[i]);
    free(path);
}

static void free_listing(listing *l)
{
    free_paths(l->file, l->files);
    free_paths(l->folder, l->folders);
}

/* Appends a copy of the path. The capacity doubles whenever the count is a power of two. */
static genlat_status append(char ***list, int64_t *count, const char *path)
{
    if ((*count & (*count - 1)) == 0) {
        char **grown = realloc(*list, (*count ? 2 * (size_t)*count : 1) * sizeof *grown);
        if (!grown)
            return gnl_files_no_memory(path);
        *list = grown;
    }
    (*list)[*count] = strdup(path);
    if (!(*list)[*count])
        return gnl_files_no_memory(path);
    ++*count;
    return GENLAT_OK;
}

/* Lists a folder. The caller frees out, also after an error. */
static genlat_status list_folder(const char *folder, const char *const *endings, listing *out)
{
    struct dirent **entry = NULL;
    char path[GNL_FILES_PATH];
    genlat_status status = GENLAT_OK;
    *out = (listing){0};
    int count = scandir(folder, &entry, visible, by_name);
    if (count < 0)
        return genlat_error_set(GENLAT_E_IO, "%s: cannot read the folder: %s", folder, strerror(errno));
    for (int i = 0; i < count; i++) {
        if (status == GENLAT_OK)
            status = gnl_files_join(folder, entry[i]->d_name, path);
        if (status == GENLAT_OK && gnl_files_is_folder(path))
            status = append(&out->folder, &out->folders, path);
        else if (status == GENLAT_OK && ends_with(path, endings))
            status = append(&out->file, &out->files, path);
        free(entry[i]);
    }
    free(entry);
    return status;
}

/* ---- the tree ---------------------------------------------------------------------------------------- */

static const char *name_of(const char *path)
{
    return strrchr(path, '/') + 1;
}

static genlat_status add_files(const listing *l, int64_t class, gnl_tree *out)
{
    for (int64_t i = 0; i < l->files; i++) {
        GNL_FILES_TRY(append(&out->path, &out->count, l->file[i]));
        if ((out->count & (out->count - 1)) == 0) { /* the capacity is 2 * count from here on */
            int64_t *grown = realloc(out->class, 2 * (size_t)out->count * sizeof *grown);
            if (!grown)
                return gnl_files_no_memory(l->file[i]);
            out->class = grown;
        }
        out->class[out->count - 1] = class;
    }
    return GENLAT_OK;
}

/* Adds the files of a folder as a class. `top` has the files beside it. */
static genlat_status add_class(const char *folder, const char *const *endings, const listing *top, gnl_tree *out)
{
    listing l;
    genlat_status status = list_folder(folder, endings, &l);
    bool empty = l.files == 0 && l.folders == 0;
    if (status == GENLAT_OK && top->files && !empty)
        status = genlat_error_set(GENLAT_E_FORMAT,
                                  "%s: the file lies beside the folder '%s', which would be a class; move it into the "
                                  "folder of its class, or open a folder without folders",
                                  top->file[0], name_of(folder));
    else if (status == GENLAT_OK && l.folders)
        status = genlat_error_set(GENLAT_E_FORMAT,
                                  "%s: the folder lies within the folder of a class; move its files up, or open the "
                                  "folder '%s'",
                                  l.folder[0], name_of(folder));
    else if (status == GENLAT_OK && l.files == 0 && top->files == 0)
        status = genlat_error_set(GENLAT_E_NOT_FOUND,
                                  "%s: the folder of this class has no file with the ending %s; remove the folder",
                                  folder, endings[0]);
    else if (status == GENLAT_OK && l.files) {
        status = add_files(&l, out->classes, out);
        if (status == GENLAT_OK)
            status = append(&out->name, &out->classes, name_of(folder));
    }
    free_listing(&l);
    return status;
}

void gnl_tree_free(gnl_tree *tree)
{
    free_paths(tree->path, tree->count);
    free_paths(tree->name, tree->classes);
    free(tree->class);
    *tree = (gnl_tree){0};
}

genlat_status gnl_tree_read(const char *folder, const char *const *endings, gnl_tree *out)
{
    listing top;
    *out = (gnl_tree){0};
    genlat_status status = list_folder(folder, endings, &top);
    for (int64_t i = 0; status == GENLAT_OK && i < top.folders; i++)
        status = add_class(top.folder[i], endings, &top, out);
    if (status == GENLAT_OK && out->classes == 0)
        status = add_files(&top, 0, out);
    if (status == GENLAT_OK && out->count == 0)
        status =
            genlat_error_set(GENLAT_E_NOT_FOUND, "%s: the folder has no file with the ending %s", folder, endings[0]);
    free_listing(&top);
    if (status != GENLAT_OK)
        gnl_tree_free(out);
    return status;
}
