/* SPDX-License-Identifier: MIT */
/* Opens sources described by text: the table of kinds, and the transforms common to all of them. */
#include <stdlib.h>
#include <string.h>

#include "files_priv.h"

static genlat_status open_synthetic(genlat_ctx *ctx, const gnl_spec *spec, genlat_source **out);

static const char parts[] = "train valid test";

static const gnl_kind kinds[] = {
    {"digits", "n", parts, false, open_synthetic, "synthetic 28x28 grey digits, 10 classes"},
    {"shapes", "n", parts, false, open_synthetic, "synthetic 64x64 squares, ellipses and hearts with known factors"},
    {"ring", "n", parts, false, open_synthetic, "eight narrow Gaussians on a circle"},
    {"grid", "n", parts, false, open_synthetic, "25 narrow Gaussians on a grid"},
    {"moons", "n", parts, false, open_synthetic, "two interleaved semicircles"},
    {"swissroll", "n", parts, false, open_synthetic, "points on a spiral"},
    {"idx", "shape raw content order", parts, true, gnl_idx_open,
     "an IDX file, or a folder with the file names of MNIST"},
    {"npy", "shape raw label content order", "", true, gnl_npy_open, "a NumPy array"},
    {"npz", "shape raw key labels_key label content order", "", true, gnl_npz_open, "an archive of NumPy arrays"},
    {"csv", "shape label target header separator decimal missing content", "", true, gnl_csv_open,
     "a table of numbers"},
    {"image", "size fit channels", "", true, gnl_image_open, "a folder of PNG or JPEG images"},
    {"png", "size fit channels", "", true, gnl_image_open, "another name of image"},
    {"wav", "length", "", true, gnl_wav_open, "a sound file, or a folder of sound files"},
    {"text", "length lines", "", true, gnl_text_open, "a text file, as bytes"},
};

const gnl_kind *gnl_kind_at(int32_t index)
{
    return index >= 0 && (size_t)index < GNL_FILES_COUNT(kinds) ? &kinds[index] : NULL;
}

/* Creates a synthetic source. Each part has a different seed, so that their samples are independent. */
static genlat_status open_synthetic(genlat_ctx *ctx, const gnl_spec *spec, genlat_source **out)
{
    int64_t part = strcmp(spec->part, "valid") == 0 ? 1 : strcmp(spec->part, "test") == 0 ? 2 : 0;
    int64_t seed = spec->transform.seed ^ part << 56;
    return genlat_source_synthetic(ctx, spec->kind->name, spec->n ? spec->n : 10000, seed, out);
}

/* ---- samples ----------------------------------------------------------------------------------------- */

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

/* Replaces the source by the part of it that is held out, or by the others. */
static genlat_status hold_out(genlat_source **source, const gnl_spec *spec, genlat_source **out)
{
    genlat_source *train = NULL, *valid = NULL;
    genlat_status status = genlat_source_split(*source, spec->holdout, spec->transform.seed, &train, &valid);
    if (status == GENLAT_E_RANGE)
        status = genlat_error_set(status,
                                  "genlat_files_open: holdout is %g of %lld samples; a fraction or a number that "
                                  "leaves at least one sample in each part expected",
                                  spec->holdout, (long long)genlat_source_count(*source));
    genlat_source_destroy(source);
    genlat_source_destroy(spec->held_out ? &train : &valid);
    *out = spec->held_out ? valid : train;
    return status;
}

/* Replaces the source by one that states the content of the specification, which must fit the shape of the samples. */
static genlat_status state_content(const gnl_spec *spec, genlat_source **source)
{
    static const struct {
        int32_t least, most; /* dimensions */
        const char *shapes;
    } contents[] = {[GENLAT_CONTENT_ANY] = {0, GENLAT_MAX_DIMS, ""},
                    [GENLAT_CONTENT_IMAGE] = {2, 3, "image needs samples [h,w] or [channels,h,w]"},
                    [GENLAT_CONTENT_SOUND] = {1, 2, "sound needs samples [length] or [channels,length]"},
                    [GENLAT_CONTENT_TEXT] = {1, 1, "text needs samples [length]"},
                    [GENLAT_CONTENT_TABLE] = {1, 1, "table needs samples [columns]"}};
    genlat_description about = {.size = sizeof about};
    const int32_t ndim = genlat_source_ndim(*source);
    if (ndim < contents[spec->content].least || ndim > contents[spec->content].most)
        return genlat_error_set(GENLAT_E_SHAPE, "%s: content=%s, found %d dimensions; see the key shape", spec->path,
                                contents[spec->content].shapes, (int)ndim);
    GNL_FILES_TRY(genlat_source_description(*source, &about));
    about.content = (uint32_t)spec->content;
    return gnl_files_describe(spec->path, &about, source);
}

static genlat_status state_keys(const gnl_spec *spec, genlat_source **source)
{
    genlat_description about = {.size = sizeof about};
    GNL_FILES_TRY(genlat_source_description(*source, &about));
    about.keys = spec->reading;
    return gnl_files_describe(spec->path, &about, source);
}

/* Opens the chosen samples of one specification; their values are those of the file. */
static genlat_status open_one(genlat_ctx *ctx, const gnl_spec *spec, genlat_source **out)
{
    genlat_source *all = NULL, *chosen = NULL;
    genlat_transform_opts choice;
    genlat_transform_opts_init(&choice);
    choice.skip = spec->transform.skip;
    choice.limit = spec->transform.limit;
    choice.labels = spec->transform.labels;
    GNL_FILES_TRY(spec->kind->open(ctx, spec, &all));
    genlat_status stated = spec->content ? state_content(spec, &all) : GENLAT_OK;
    if (stated == GENLAT_OK && spec->labels_file[0])
        stated = gnl_files_label(ctx, spec->labels_file, &all);
    if (stated == GENLAT_OK && spec->reading[0])
        stated = state_keys(spec, &all);
    if (stated != GENLAT_OK) {
        genlat_source_destroy(&all);
        return stated;
    }
    GNL_FILES_TRY(transform(&all, &choice, spec->holdout > 0 ? &chosen : out));
    return chosen ? hold_out(&chosen, spec, out) : GENLAT_OK;
}

/* ---- joins ------------------------------------------------------------------------------------------- */

static const char joint[] = " + ";

/* Opens the specifications of a text, with the keys of other data, which may be NULL, and fills in the array. *last
 * receives the last one. */
static genlat_status open_each(genlat_ctx *ctx, const char *text, const char *keys, genlat_source **sources,
                               gnl_spec *last)
{
    for (const char *end = text; end; text = end ? end + strlen(joint) : NULL) {
        end = strstr(text, joint);
        GNL_FILES_TRY(gnl_spec_parse(text, end ? (size_t)(end - text) : strlen(text), last));
        if (end && last->value_key)
            return genlat_error_set(GENLAT_E_INVALID,
                                    "genlat_files_open: %s= holds for all data that are joined; set it in the last "
                                    "specification",
                                    last->value_key);
        if (keys)
            GNL_FILES_TRY(gnl_spec_inherit(last, keys));
        GNL_FILES_TRY(open_one(ctx, last, sources++));
    }
    return GENLAT_OK;
}

/* Opens the samples of a text, before their values are transformed. *values receives the options for that. */
static genlat_status open_joined(genlat_ctx *ctx, const char *text, const char *keys, genlat_transform_opts *values,
                                 genlat_source **out)
{
    int64_t count = 1;
    gnl_spec last;
    for (const char *at = strstr(text, joint); at; at = strstr(at + strlen(joint), joint))
        count++;
    genlat_source **sources = calloc((size_t)count, sizeof *sources);
    if (!sources)
        return gnl_files_no_memory(text);
    genlat_status status = open_each(ctx, text, keys, sources, &last);
    if (status == GENLAT_OK && count > 1) {
        status = genlat_source_join(sources, count, out);
        if (status != GENLAT_OK)
            status = genlat_error_set(status, "%s: %s", text, genlat_last_error());
    } else if (status == GENLAT_OK) {
        *out = sources[0];
        sources[0] = NULL;
    }
    for (int64_t i = 0; i < count; i++)
        genlat_source_destroy(&sources[i]);
    free(sources);
    *values = last.transform;
    values->skip = values->limit = 0;
    values->labels = GENLAT_LABELS_KEEP;
    return status;
}

/* ---- public ------------------------------------------------------------------------------------------ */

genlat_status genlat_files_open(genlat_ctx *ctx, const char *spec, genlat_source **out)
{
    GNL_FILES_REQUIRE(out, "genlat_files_open", "out is NULL");
    *out = NULL;
    GNL_FILES_REQUIRE(ctx, "genlat_files_open", "ctx is NULL");
    GNL_FILES_REQUIRE(spec, "genlat_files_open", "spec is NULL");
    return genlat_files_open_as(ctx, spec, NULL, out);
}

genlat_status genlat_files_open_as(genlat_ctx *ctx, const char *spec, const char *keys, genlat_source **out)
{
    GNL_FILES_REQUIRE(out, "genlat_files_open_as", "out is NULL");
    *out = NULL;
    GNL_FILES_REQUIRE(ctx, "genlat_files_open_as", "ctx is NULL");
    GNL_FILES_REQUIRE(spec, "genlat_files_open_as", "spec is NULL");
    genlat_transform_opts values;
    genlat_source *raw = NULL;
    GNL_FILES_TRY(open_joined(ctx, spec, keys, &values, &raw));
    return transform(&raw, &values, out);
}

genlat_status genlat_files_open_like(genlat_ctx *ctx, const char *spec, const genlat_source *train, genlat_source **out)
{
    GNL_FILES_REQUIRE(out, "genlat_files_open_like", "out is NULL");
    *out = NULL;
    GNL_FILES_REQUIRE(ctx, "genlat_files_open_like", "ctx is NULL");
    GNL_FILES_REQUIRE(spec, "genlat_files_open_like", "spec is NULL");
    GNL_FILES_REQUIRE(train, "genlat_files_open_like", "train is NULL");
    genlat_transform_opts values;
    genlat_source *raw = NULL;
    genlat_description about = {.size = sizeof about};
    GNL_FILES_TRY(genlat_source_description(train, &about));
    GNL_FILES_TRY(open_joined(ctx, spec, about.keys, &values, &raw));
    /* With stack, the shape can be compared only after the transform. */
    genlat_status status = values.stack > 1 ? GENLAT_OK : same_shape(raw, train, spec);
    if (status == GENLAT_OK)
        status = transform_like(&raw, values, train, out);
    if (status == GENLAT_OK)
        status = same_shape(*out, train, spec);
    if (status != GENLAT_OK)
        genlat_source_destroy(out);
    genlat_source_destroy(&raw);
    return status;
}

const char *genlat_files_key(const char *kind, int32_t index, const char **help)
{
    for (size_t i = 0; kind && i < GNL_FILES_COUNT(kinds); i++)
        if (strcmp(kinds[i].name, kind) == 0)
            return gnl_spec_key(&kinds[i], index, help);
    return NULL;
}

const char *genlat_files_kind(int32_t index, const char **help)
{
    if (index < 0 || (size_t)index >= GNL_FILES_COUNT(kinds))
        return NULL;
    if (help)
        *help = kinds[index].help;
    return kinds[index].name;
}
