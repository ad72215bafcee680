/* SPDX-License-Identifier: MIT */
/* Transforms: options, and the chain of sources that implements them. */
#include "data/data_priv.h"

static const char *const scale_names[] = {"none", "unit", "symmetric", "standard", "features", "ranges", NULL};
static const char *const binarize_names[] = {"none", "static", "dynamic", "threshold", NULL};
static const char *const label_names[] = {"keep", "drop", "factors", NULL};

static const gnl_option options[] = {
    GNL_OPT_INT(genlat_transform_opts, skip, 0, 0, 0x1p63, "number of samples to skip at the beginning"),
    GNL_OPT_INT(genlat_transform_opts, limit, 0, 0, 0x1p63, "maximum number of samples; 0: all"),
    GNL_OPT_INT(genlat_transform_opts, seed, 0, 0, 0x1p63, "seed of everything that is random about the samples"),
    GNL_OPT_REAL(genlat_transform_opts, threshold, 0.5, -1e30, 1e30,
                 "smallest value that becomes 1 with binarize=threshold"),
    GNL_OPT_ENUM(
        genlat_transform_opts, scale, GENLAT_SCALE_NONE, GENLAT_SCALE_RANGES, scale_names,
        "scaling of values: unit to 0 .. 1, symmetric to -1 .. 1, standard to mean 0 and standard deviation 1 over "
        "all elements; features and ranges are standard and unit for each element of a sample"),
    GNL_OPT_ENUM(genlat_transform_opts, binarize, GENLAT_BINARIZE_NONE, GENLAT_BINARIZE_THRESHOLD, binarize_names,
                 "conversion to 0 or 1: static draws 1 with the probability of the value once, dynamic in each epoch, "
                 "threshold gives 1 from threshold on"),
    GNL_OPT_ENUM(genlat_transform_opts, labels, GENLAT_LABELS_KEEP, GENLAT_LABELS_FACTORS, label_names,
                 "labels: drop leaves them out, factors makes the generating factors condition vectors"),
    GNL_OPT_INT(genlat_transform_opts, stack, 1, 1, 64, "number of random samples that form the channels of one"),
    GNL_OPT_INT(genlat_transform_opts, labelled, 0, 0, 0x1p63,
                "number of samples that keep their class, chosen at random, of each class equally many; 0: all"),
};

static const gnl_options_table table = {"transform",
                                        sizeof(genlat_transform_opts),
                                        options,
                                        GNL_COUNT(options),
                                        {offsetof(genlat_transform_opts, reserved)}};

const char *gnl_scale_name(uint32_t scale)
{
    return scale_names[scale];
}

void genlat_transform_opts_init_sized(genlat_transform_opts *opts, size_t size)
{
    gnl_options_init(&table, opts, size);
}

genlat_status genlat_transform_opts_set(genlat_transform_opts *opts, const char *key, const char *value)
{
    GNL_ENTER();
    GNL_CHECK(opts, "opts is NULL");
    GNL_CHECK(key, "key is NULL");
    GNL_CHECK(value, "value is NULL");
    return gnl_options_set_sized(&table, opts, key, value);
}

const char *genlat_transform_opts_key(int32_t index, const char **help)
{
    if (index < 0 || (size_t)index >= GNL_COUNT(options))
        return NULL;
    if (help)
        *help = options[index].help;
    return options[index].name;
}

/* One step of the chain: returns a new source, or retains inner if the options do not request the step. */
typedef genlat_status step(genlat_source *inner, const genlat_transform_opts *opts, genlat_source **out);

static genlat_status same(genlat_source *inner, genlat_source **out)
{
    *out = gnl_object_retain(inner);
    return GENLAT_OK;
}

static genlat_status keep_range(genlat_source *inner, const genlat_transform_opts *opts, genlat_source **out)
{
    int64_t rest = inner->count - opts->skip;
    if (rest < 1)
        return gnl_fail(GENLAT_E_RANGE, "skip is %lld, must be less than the number of samples, %lld",
                        (long long)opts->skip, (long long)inner->count);
    int64_t count = opts->limit ? GNL_MIN(rest, opts->limit) : rest;
    return count == inner->count ? same(inner, out) : gnl_source_range(inner, opts->skip, count, out);
}

static genlat_status scale(genlat_source *inner, const genlat_transform_opts *opts, genlat_source **out)
{
    return opts->scale == GENLAT_SCALE_NONE ? same(inner, out) : gnl_source_fit(inner, opts->scale, out);
}

static genlat_status binarize(genlat_source *inner, const genlat_transform_opts *opts, genlat_source **out)
{
    if (opts->binarize == GENLAT_BINARIZE_NONE)
        return same(inner, out);
    return gnl_source_binarize(inner, opts->binarize, (uint64_t)opts->seed, opts->threshold, out);
}

static genlat_status relabel(genlat_source *inner, const genlat_transform_opts *opts, genlat_source **out)
{
    return opts->labels == GENLAT_LABELS_KEEP ? same(inner, out) : gnl_source_relabel(inner, opts->labels, out);
}

static genlat_status stack(genlat_source *inner, const genlat_transform_opts *opts, genlat_source **out)
{
    return opts->stack < 2 ? same(inner, out) : gnl_source_stack(inner, opts->stack, (uint64_t)opts->seed, out);
}

static genlat_status unlabel(genlat_source *inner, const genlat_transform_opts *opts, genlat_source **out)
{
    return opts->labelled ? gnl_source_unlabel(inner, opts->labelled, (uint64_t)opts->seed, out) : same(inner, out);
}

static step *const steps[] = {keep_range, scale, binarize, relabel, stack, unlabel};

genlat_status genlat_source_transform(genlat_source *source, const genlat_transform_opts *given, genlat_source **out)
{
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_CHECK(source, "source is NULL");
    genlat_transform_opts opts;
    GNL_TRY(gnl_options_take(&table, given, &opts));
    genlat_source *at = gnl_object_retain(source);
    for (size_t i = 0; i < GNL_COUNT(steps); i++) {
        genlat_source *next = NULL;
        genlat_status status = steps[i](at, &opts, &next);
        gnl_source_release(at);
        if (status != GENLAT_OK)
            return status;
        at = next;
    }
    *out = at;
    return GENLAT_OK;
}
