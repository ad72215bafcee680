/* SPDX-License-Identifier: MIT */
/* The choice of settings by the data: what is known of data, and the table of choices that each family has. */
#ifndef GNL_CHOICE_H
#define GNL_CHOICE_H

#include "data/data.h"
#include "loss/loss.h"
#include "model/config.h"

/* The meaning of the dimensions of a sample. A choice lists those that it applies to as bits. */
typedef enum gnl_layout {
    GNL_LAYOUT_ANY = 0,
    GNL_LAYOUT_POINT = 1,   /* [n] with at most 3 elements */
    GNL_LAYOUT_VECTOR = 2,  /* [n] */
    GNL_LAYOUT_SIGNAL = 4,  /* [channels,length]; [length] if the content is sound */
    GNL_LAYOUT_PLANE = 8,   /* [height,width] */
    GNL_LAYOUT_GREY = 16,   /* [1,height,width] */
    GNL_LAYOUT_COLOUR = 32, /* [3,height,width] */
    GNL_LAYOUT_IMAGE = 64,  /* [channels,height,width] with other channels */
    GNL_LAYOUT_TEXT = 128,  /* [length], classes in their order, such as the bytes of text */
    GNL_LAYOUT_OTHER = 256,
    GNL_LAYOUT_IMAGES = GNL_LAYOUT_PLANE | GNL_LAYOUT_GREY | GNL_LAYOUT_COLOUR | GNL_LAYOUT_IMAGE,
    GNL_LAYOUT_ROWS = GNL_LAYOUT_POINT | GNL_LAYOUT_VECTOR
} gnl_layout;

/* Properties of the values, as bits. A choice lists those that it needs. */
enum {
    GNL_VALUES_ANY = 0,
    GNL_VALUES_BINARY = 1,    /* 0 and 1 */
    GNL_VALUES_LEVELS = 2,    /* multiples of 1/255 from 0 to 1 */
    GNL_VALUES_UNIT = 4,      /* from 0 to 1 */
    GNL_VALUES_BYTES = 8,     /* whole numbers from 0 to 255 */
    GNL_VALUES_MODERATE = 16, /* each element has a mean within 5 of 0 and a standard deviation from 0.1 to 5 */
    GNL_VALUES_SATURATED = 32 /* from 0 to 1, and at least a quarter of them 0 or 1, as in drawings */
};

/* What is known of data. */
typedef struct gnl_profile {
    gnl_layout layout;
    unsigned values;                /* GNL_VALUES_* */
    int64_t count;                  /* samples */
    int64_t side;                   /* length of a signal, the smaller side of an image; 0 for others */
    double min, max;                /* of all values */
    int64_t constant;               /* elements with the same value in all samples */
    int64_t missing, first_missing; /* missing values, NaN, and the place of the first one in all values */
    bool scaled;                    /* the source is scaled already */
    bool guessed;                   /* the layout follows from the proportions of the samples alone */
    bool complete;                  /* all samples were read */
    gnl_source_stats stats;
} gnl_profile;

/* Returns the layout of samples of a shape. The content that is stated takes precedence. Otherwise two dimensions are a
 * signal if the first one is small, else a plane. */
gnl_layout gnl_layout_of(const gnl_shape *sample, uint32_t content);
/* Returns the shape of an image or a signal with its channels. */
gnl_shape gnl_layout_canvas(const gnl_shape *sample, uint32_t content);

/* Formats a shape as in options, such as 1x28x28. */
const char *gnl_sizes_format(const gnl_shape *shape, char text[GNL_SHAPE_TEXT]);

/* Reads the samples of a source once: all of them, or the first ones, 2^28 values, of a larger source. Returns E_RANGE
 * for infinite values. */
genlat_status gnl_profile_new(const genlat_source *source, gnl_profile *out);
void gnl_profile_free(const genlat_source *source, gnl_profile *profile);
/* Returns E_RANGE, naming the first one, if values are missing. */
genlat_status gnl_profile_refuse_missing(const gnl_profile *profile);
/* Describes the data, such as "60000 grey images [1,28,28], 256 levels from 0 to 1". */
void gnl_profile_describe(const gnl_profile *profile, const gnl_shape *sample, char *text, size_t capacity);

/* A choice for a class of data. The first row of a table that applies is chosen; the last row applies to all data. */
typedef struct gnl_choice {
    unsigned layouts;     /* GNL_LAYOUT_*: any of them; 0: all */
    unsigned values;      /* GNL_VALUES_*: each of them */
    int64_t least_side;   /* smallest side; 0: any */
    int64_t most_samples; /* largest number of samples; 0: any */
    const char *preset;
    uint32_t scale;      /* GENLAT_SCALE_*, unless the likelihood or the output demands another one */
    int64_t least_steps; /* more epochs than those of the preset, if that is needed for this number of steps */
    const char *reason;
    /* Settings that replace those of the preset. In a schedule, {steps} stands for the length of the training. */
    const char *pair[GNL_PRESET_PAIRS];
} gnl_choice;

/* A row with the ends of the names of layout, values and scale, and the settings at the end. */
#define GNL_CHOICE(layout, values, side, samples, preset, scale, steps, reason, ...)                                   \
    {                                                                                                                  \
        GNL_LAYOUT_##layout, GNL_VALUES_##values, side, samples, preset, GENLAT_SCALE_##scale, steps, reason,          \
        {                                                                                                              \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
    }

#endif
