/* SPDX-License-Identifier: MIT */
/* The kinds of sources that a text can name, and what is done to all of them. */
#include <string.h>

#include "files_priv.h"

static genlat_status open_drawn(genlat_ctx *ctx, const gnl_spec *spec, genlat_source **out);

static const struct kind {
    const char *name;
    genlat_status (*open)(genlat_ctx *ctx, const gnl_spec *spec, genlat_source **out);
    const char *help;
} kinds[] = {
    {"digits", open_drawn, "drawn 28x28 grey digits, 10 classes"},
    {"shapes", open_drawn, "drawn 64x64 squares, ellipses and hearts with known factors"},
    {"ring", open_drawn, "eight narrow Gaussians on a circle"},
    {"grid", open_drawn, "25 narrow Gaussians on a grid"},
    {"moons", open_drawn, "two interleaving half circles"},
    {"swissroll", open_drawn, "a spiral"},
    {"idx", gnl_idx_open, "an IDX file, or a folder with the file names of MNIST"},
    {"npy", gnl_npy_open, "an array of NumPy"},
    {"npz", gnl_npz_open, "an archive of arrays of NumPy"},
    {"csv", gnl_csv_open, "a table of numbers"},
    {"png", gnl_png_open, "a folder of PNG images of one size"},
    {"wav", gnl_wav_open, "a sound file, or a folder of them"},
    {"text", gnl_text_open, "a text file, as bytes"},
};

/* Parts are drawn from seeds of their own, so that they have no sample in common. */
static genlat_status open_drawn(genlat_ctx *ctx, const gnl_spec *spec, genlat_source **out)
{
    static const char *const parts[] = {"train", "valid", "test"};
    int64_t part = 0;
    while (spec->part[0] && part < (int64_t)GNL_FILES_COUNT(parts) && strcmp(spec->part, parts[part]) != 0)
        part++;
    if (part == (int64_t)GNL_FILES_COUNT(parts))
        return genlat_error_set(GENLAT_E_NOT_FOUND,
                                "genlat_files_open: %s has no part '%s'; it has train, valid, test",
                                spec->kind, spec->part);
    int64_t seed = spec->transform.seed ^ part << 56;
    return genlat_source_synthetic(ctx, spec->kind, spec->n ? spec->n : 10000, seed, out);
}

static genlat_status unknown_kind(const char *name)
{
    char known[160] = "";
    for (size_t i = 0; i < GNL_FILES_COUNT(kinds); i++) {
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", kinds[i].name);
    }
    return genlat_error_set(GENLAT_E_NOT_FOUND,
                            "genlat_files_open: no kind of data is called '%s'; there are: %s", name, known);
}

/* Only folders of IDX and drawn sources have parts, only files have paths. */
static genlat_status check_spec(const struct kind *kind, const gnl_spec *spec)
{
    bool drawn = kind->open == open_drawn;
    if (drawn && spec->path[0])
        return genlat_error_set(GENLAT_E_INVALID,
                                "genlat_files_open: %s is drawn and takes no path, '%s' is given", kind->name,
                                spec->path);
    if (!drawn && !spec->path[0])
        return genlat_error_set(GENLAT_E_INVALID, "genlat_files_open: %s wants a path, as in %s:PATH",
                                kind->name, kind->name);
    if (spec->part[0] && !drawn && kind->open != gnl_idx_open)
        return genlat_error_set(GENLAT_E_NOT_FOUND, "genlat_files_open: %s has no parts, '#%s' was asked for",
                                kind->name, spec->part);
    return GENLAT_OK;
}

static genlat_status open_raw(genlat_ctx *ctx, const gnl_spec *spec, genlat_source **out)
{
    for (size_t i = 0; i < GNL_FILES_COUNT(kinds); i++) {
        if (strcmp(kinds[i].name, spec->kind) != 0)
            continue;
        GNL_FILES_TRY(check_spec(&kinds[i], spec));
        return kinds[i].open(ctx, spec, out);
    }
    return unknown_kind(spec->kind);
}

/* Takes the source over, gives back the transformed one. */
static genlat_status transform(genlat_source **source, const genlat_transform_opts *opts, genlat_source **out)
{
    genlat_status status = genlat_source_transform(*source, opts, out);
    genlat_source_destroy(source);
    return status;
}

/* The same with the scaling of another source, which comes after skip and limit and before the rest. */
static genlat_status transform_like(genlat_source **source, genlat_transform_opts opts,
                                    const genlat_source *train, genlat_source **out)
{
    genlat_tensor *offset = NULL, *scale = NULL;
    genlat_source *scaled = NULL;
    opts.scale = GENLAT_SCALE_NONE;
    genlat_status status = genlat_source_normalization(train, &offset, &scale);
    if (status == GENLAT_OK && offset) {
        status = genlat_source_normalize(*source, offset, scale, &scaled);
        genlat_source_destroy(source);
        *source = scaled;
    }
    genlat_tensor_destroy(&offset);
    genlat_tensor_destroy(&scale);
    return status == GENLAT_OK ? transform(source, &opts, out) : status;
}

static genlat_status same_shape(const genlat_source *a, const genlat_source *b, const char *spec)
{
    bool same = genlat_source_ndim(a) == genlat_source_ndim(b);
    for (int32_t i = 0; same && i < genlat_source_ndim(a); i++)
        same = genlat_source_dim(a, i) == genlat_source_dim(b, i);
    return same ? GENLAT_OK
                : genlat_error_set(GENLAT_E_SHAPE, "%s: its samples have another shape than those trained on",
                                   spec);
}

/* ---- public ------------------------------------------------------------------------------------------ */

genlat_status genlat_files_open(genlat_ctx *ctx, const char *spec, genlat_source **out)
{
    GNL_FILES_REQUIRE(out, "genlat_files_open", "out is NULL");
    *out = NULL;
    GNL_FILES_REQUIRE(ctx, "genlat_files_open", "ctx is NULL");
    GNL_FILES_REQUIRE(spec, "genlat_files_open", "spec is NULL");
    gnl_spec parsed;
    genlat_source *raw = NULL;
    GNL_FILES_TRY(gnl_spec_parse(spec, &parsed));
    GNL_FILES_TRY(open_raw(ctx, &parsed, &raw));
    return transform(&raw, &parsed.transform, out);
}

genlat_status genlat_files_open_like(genlat_ctx *ctx, const char *spec, const genlat_source *train,
                                     genlat_source **out)
{
    GNL_FILES_REQUIRE(out, "genlat_files_open_like", "out is NULL");
    *out = NULL;
    GNL_FILES_REQUIRE(ctx, "genlat_files_open_like", "ctx is NULL");
    GNL_FILES_REQUIRE(spec, "genlat_files_open_like", "spec is NULL");
    GNL_FILES_REQUIRE(train, "genlat_files_open_like", "train is NULL");
    gnl_spec parsed;
    genlat_source *raw = NULL;
    GNL_FILES_TRY(gnl_spec_parse(spec, &parsed));
    GNL_FILES_TRY(open_raw(ctx, &parsed, &raw));
    /* What is stacked has its shape afterwards alone. */
    genlat_status status = parsed.transform.stack > 1 ? GENLAT_OK : same_shape(raw, train, spec);
    if (status == GENLAT_OK)
        status = transform_like(&raw, parsed.transform, train, out);
    if (status == GENLAT_OK)
        status = same_shape(*out, train, spec);
    if (status != GENLAT_OK)
        genlat_source_destroy(out);
    genlat_source_destroy(&raw);
    return status;
}

const char *genlat_files_kind(int32_t index, const char **help)
{
    if (index < 0 || (size_t)index >= GNL_FILES_COUNT(kinds))
        return NULL;
    if (help)
        *help = kinds[index].help;
    return kinds[index].name;
}
