/* SPDX-License-Identifier: MIT */
/* Reads sound files with libsndfile. Samples are pieces of fixed length. */
#include <sndfile.h>
#include <stdlib.h>
#include <string.h>

#include "files_priv.h"

/* Samples [count,channels,length]. The arrays grow with the data read, so that a wrong length in a file does no
 * harm. */
typedef struct record {
    int64_t limit; /* bytes of memory */
    int64_t length, channels, rate;
    int64_t count, capacity;
    float *value, *label;
    float *frames; /* [length,channels] scratch */
} record;

static genlat_status grow(record *r, const char *path)
{
    if (r->count < r->capacity)
        return GENLAT_OK;
    int64_t capacity = r->capacity + r->capacity / 2 + 1;
    size_t sample = (size_t)(r->length * r->channels) * sizeof *r->value;
    GNL_FILES_TRY(gnl_files_fit(r->limit, path, capacity, (int64_t)sample));
    float *value = realloc(r->value, (size_t)capacity * sample);
    r->value = value ? value : r->value;
    float *label = realloc(r->label, (size_t)capacity * sizeof *label);
    r->label = label ? label : r->label;
    r->capacity = capacity;
    return value && label ? GENLAT_OK : gnl_files_no_memory(path);
}

/* Adds a sample from the scratch array. Converts interleaved channels to planes, and pads with zeros. */
static genlat_status add_sample(record *r, const char *path, int64_t frames, int64_t class)
{
    GNL_FILES_TRY(grow(r, path));
    float *to = r->value + r->count * r->length * r->channels;
    for (int64_t c = 0; c < r->channels; c++)
        for (int64_t i = 0; i < r->length; i++)
            to[c * r->length + i] = i < frames ? r->frames[i * r->channels + c] : 0;
    r->label[r->count++] = (float)class;
    return GENLAT_OK;
}

static genlat_status check_format(record *r, const char *path, const SF_INFO *info)
{
    enum { MOST_CHANNELS = 64 };
    if (info->channels < 1 || info->channels > MOST_CHANNELS)
        return genlat_error_set(GENLAT_E_UNSUPPORTED, "%s: the file has %d channels, 1 to %d expected", path,
                                info->channels, MOST_CHANNELS);
    if (r->channels == 0) {
        GNL_FILES_TRY(gnl_files_fit(r->limit, path, r->length, info->channels * (int64_t)sizeof *r->frames));
        r->channels = info->channels;
        r->rate = info->samplerate;
        r->frames = malloc((size_t)(r->length * r->channels) * sizeof *r->frames);
        return r->frames ? GENLAT_OK : gnl_files_no_memory(path);
    }
    if (r->channels != info->channels || r->rate != info->samplerate)
        return genlat_error_set(
            GENLAT_E_SHAPE,
            "%s: the file has %d channels at %d Hz, %lld channels at %lld Hz expected as in the first file; convert "
            "the files to one format",
            path, info->channels, info->samplerate, (long long)r->channels, (long long)r->rate);
    return GENLAT_OK;
}

static genlat_status read_sound(record *r, const char *path, int64_t class)
{
    SF_INFO info = {0};
    size_t size = 0;
    GNL_FILES_TRY(gnl_files_regular(path, &size));
    SNDFILE *file = sf_open(path, SFM_READ, &info);
    if (!file)
        return genlat_error_set(GENLAT_E_FORMAT, "%s: not a supported sound file: %s", path, sf_strerror(NULL));
    genlat_status status = check_format(r, path, &info);
    int64_t before = r->count, got = 0, sample = r->length * r->channels * (int64_t)sizeof *r->value;
    while (status == GENLAT_OK && (got = sf_readf_float(file, r->frames, r->length)) == r->length) {
        status = add_sample(r, path, got, class);
        if (status == GENLAT_OK)
            status = gnl_files_expand(path, size, (r->count - before) * sample);
    }
    if (status == GENLAT_OK && r->count == before && got <= 0)
        status = genlat_error_set(
            GENLAT_E_FORMAT, "%s: the file has no sound: its header states %lld frames; write it again or remove it",
            path, (long long)info.frames);
    else if (status == GENLAT_OK && r->count == before) /* shorter than a sample */
        status = add_sample(r, path, got, class);
    sf_close(file);
    return status;
}

static genlat_status read_tree(record *r, const gnl_tree *tree)
{
    for (int64_t i = 0; i < tree->count; i++)
        GNL_FILES_TRY(read_sound(r, tree->path[i], tree->class[i]));
    return GENLAT_OK;
}

static genlat_status record_source(genlat_ctx *ctx, const char *path, const record *r, const gnl_tree *tree,
                                   genlat_source **out)
{
    const genlat_description description = {
        .size = sizeof description,
        .classes = tree->classes,
        .class_names = (const char *const *)tree->name,
        .rate = r->rate,
        .content = GENLAT_CONTENT_SOUND,
    };
    const int64_t dims[] = {r->count, r->channels, r->length};
    genlat_tensor *x = NULL, *labels = NULL;
    genlat_status status = genlat_tensor_from(ctx, 3, dims, r->value, &x);
    if (status == GENLAT_OK && tree->classes)
        status = genlat_tensor_from(ctx, 1, dims, r->label, &labels);
    if (status == GENLAT_OK)
        status = genlat_source_memory(ctx, x, labels, out);
    if (status == GENLAT_OK)
        status = gnl_files_describe(path, &description, out);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
    return status;
}

genlat_status gnl_wav_open(genlat_ctx *ctx, const gnl_spec *spec, genlat_source **out)
{
    static const char *const endings[] = {".wav", ".flac", NULL};
    record r = {.limit = genlat_ctx_memory_limit(ctx), .length = spec->length ? spec->length : 1024};
    gnl_tree tree = {0};
    genlat_status status = GENLAT_OK;
    if (gnl_files_is_folder(spec->path)) {
        GNL_FILES_TRY(gnl_tree_read(spec->path, endings, &tree));
        status = read_tree(&r, &tree);
    } else {
        status = read_sound(&r, spec->path, 0);
    }
    if (status == GENLAT_OK)
        status = record_source(ctx, spec->path, &r, &tree, out);
    gnl_tree_free(&tree);
    free(r.value);
    free(r.label);
    free(r.frames);
    return status;
}
