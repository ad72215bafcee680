/* SPDX-License-Identifier: MIT */
/* Opens sources described by text: the table of kinds, and the transforms common to all of them. */
#include <string.h>

#include "files_priv.h"

static genlat_status open_synthetic(genlat_ctx *ctx, const gnl_spec *spec, genlat_source **out);

static const struct kind {
    const char *name;
    genlat_status (*open)(genlat_ctx *ctx, const gnl_spec *spec, genlat_source **out);
    const char *help;
} kinds[] = {
    {"digits", open_synthetic, "synthetic 28x28 grey digits, 10 classes"},
    {"shapes", open_synthetic, "synthetic 64x64 squares, ellipses and hearts with known factors"},
    {"ring", open_synthetic, "eight narrow Gaussians on a circle"},
    {"grid", open_synthetic, "25 narrow Gaussians on a grid"},
    {"moons", open_synthetic, "two interleaved semicircles"},
    {"swissroll", open_synthetic, "points on a spiral"},
    {"idx", gnl_idx_open, "an IDX file, or a folder with the file names of MNIST"},
    {"npy", gnl_npy_open, "a NumPy array"},
    {"npz", gnl_npz_open, "an archive of NumPy arrays"},
    {"csv", gnl_csv_open, "a table of numbers"},
    {"image", gnl_image_open, "a folder of PNG or JPEG images"},
    {"png", gnl_image_open, "another name of image"},
    {"wav", gnl_wav_open, "a sound file, or a folder of sound files"},
    {"text", gnl_text_open, "a text file, as bytes"},
};

/* Creates a synthetic source. Each part has a different seed, so that their samples are independent. */
static genlat_status open_synthetic(genlat_ctx *ctx, const gnl_spec *spec, genlat_source **out)
{
    static const char *const parts[] = {"train", "valid", "test"};
    int64_t part = 0;
    while (spec->part[0] && part < (int64_t)GNL_FILES_COUNT(parts) && strcmp(spec->part, parts[part]) != 0)
        part++;
    if (part == (int64_t)GNL_FILES_COUNT(parts))
        return genlat_error_set(GENLAT_E_NOT_FOUND,
                                "genlat_files_open: unknown part '%s' of %s; known: train, valid, test", spec->part,
                                spec->kind);
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
    return genlat_error_set(GENLAT_E_NOT_FOUND, "genlat_files_open: unknown kind of data '%s'; known: %s", name, known);
}

/* Checks path and part. Synthetic sources have no path; only IDX and synthetic sources have parts. */
static genlat_status check_spec(const struct kind *kind, const gnl_spec *spec)
{
    bool synthetic = kind->open == open_synthetic;
    if (synthetic && spec->path[0])
        return genlat_error_set(GENLAT_E_INVALID,
                                "genlat_files_open: %s is synthetic and has no path, but the path '%s' is set",
                                kind->name, spec->path);
    if (!synthetic && !spec->path[0])
        return genlat_error_set(GENLAT_E_INVALID, "genlat_files_open: %s needs a path; write %s:PATH", kind->name,
                                kind->name);
    if (spec->part[0] && !synthetic && kind->open != gnl_idx_open)
        return genlat_error_set(GENLAT_E_NOT_FOUND, "genlat_files_open: %s has no parts, but '#%s' is set", kind->name,
                                spec->part);
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

/* Replaces the source by the transformed one. */
static genlat_status transform(genlat_source **source, const genlat_transform_opts *opts, genlat_source **out)
{
    genlat_status status = genlat_source_transform(*source, opts, out);
    genlat_source_destroy(source);
    return status;
}

/* The same, but with the scaling of another source instead of opts.scale. */
static genlat_status transform_like(genlat_source **source, genlat_transform_opts opts, const genlat_source *train,
                                    genlat_source **out)
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
                : genlat_error_set(GENLAT_E_SHAPE,
                                   "%s: the shape of the samples differs from that of the training data", spec);
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

genlat_status genlat_files_open_like(genlat_ctx *ctx, const char *spec, const genlat_source *train, genlat_source **out)
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
    /* With stack, the shape can be compared only after the transform. */
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
