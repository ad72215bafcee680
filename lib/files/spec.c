/* SPDX-License-Identifier: MIT */
/* Parses "KIND:PATH#PART?KEY=VALUE&KEY=VALUE". */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files_priv.h"

#define MAX_WHOLE (INT64_C(1) << 40)
enum { MAX_KIND = 15 };

typedef enum key_type { KEY_WHOLE, KEY_TEXT, KEY_PATH, KEY_FLAG, KEY_SHAPE, KEY_SHARE, KEY_SIZE, KEY_CHOICE } key_type;

/* The names of the values 0, 1, ... of a choice. */
static const char header_choices[] = "auto|yes|no";
static const char separator_choices[] = "auto|comma|semicolon|tab|pipe|space";
static const char decimal_choices[] = "point|comma";
static const char missing_choices[] = "refuse|drop|keep";
static const char fit_choices[] = "crop|pad|stretch";
static const char channels_choices[] = "keep|1|3";
static const char content_choices[] = "auto|image|sound|text|table"; /* GENLAT_CONTENT_* */
static const char order_choices[] = "auto|chw|hwc";

/* The keys of this library. A kind has those that the table of kinds states, and the common ones. All kinds have
 * the options of genlat_transform_opts too. */
static const struct key {
    const char *name;
    key_type type;
    size_t offset;
    const char *help;
    const char *choices; /* of KEY_CHOICE: the names of 0, 1, ... */
} keys[] = {
    {"n", KEY_WHOLE, offsetof(gnl_spec, n), "number of samples, default 10000"},
    {"shape", KEY_SHAPE, offsetof(gnl_spec, shape), "shape of one sample, such as 3x32x32"},
    {"raw", KEY_FLAG, offsetof(gnl_spec, raw), "yes: 8-bit values are not divided by 255"},
    {"key", KEY_TEXT, offsetof(gnl_spec, key), "name of the array, default x or the only one"},
    {"labels_key", KEY_TEXT, offsetof(gnl_spec, labels_key),
     "name of the array of labels, default labels or y if there is one"},
    {"label", KEY_TEXT, offsetof(gnl_spec, label),
     "column with the classes, or field of records: its name, or its number from 1 on, negative from the end"},
    {"target", KEY_TEXT, offsetof(gnl_spec, target),
     "columns, separated by commas, whose numbers are condition vectors, or what a predictor predicts"},
    {"header", KEY_CHOICE, offsetof(gnl_spec, csv.header),
     "whether the first row has the names of columns; auto: if it has only texts, an error if it may be both",
     header_choices},
    {"separator", KEY_CHOICE, offsetof(gnl_spec, csv.separator),
     "what is between numbers; auto: what divides the first lines into equally many; space: any number of spaces and "
     "tabs",
     separator_choices},
    {"decimal", KEY_CHOICE, offsetof(gnl_spec, csv.decimal), "point, or comma for decimal commas", decimal_choices},
    {"missing", KEY_CHOICE, offsetof(gnl_spec, csv.missing),
     "rows with an empty field or with NA, NaN, N/A, null, ? or -: refuse, drop with a warning that says how many, or "
     "keep the values as NaN for a model that accepts missing values",
     missing_choices},
    {"content", KEY_CHOICE, offsetof(gnl_spec, content),
     "what the samples are, where their shape leaves it open: image, [h,w] or [channels,h,w]; sound, also other "
     "signals, "
     "[length] or [channels,length]; text; table",
     content_choices},
    {"order", KEY_CHOICE, offsetof(gnl_spec, order),
     "dimensions of a sample: chw, channels first; hwc, channels last; auto: chw, an error if it looks like hwc",
     order_choices},
    {"size", KEY_SIZE, offsetof(gnl_spec, size),
     "height and width to which images are converted, such as 48x64, or one number for both; without it, all images "
     "have one size"},
    {"fit", KEY_CHOICE, offsetof(gnl_spec, fit),
     "with size: crop to the largest centred piece of its proportions, pad with black borders, or stretch",
     fit_choices},
    {"channels", KEY_CHOICE, offsetof(gnl_spec, channels),
     "keep; 1: grey, 0.299 red + 0.587 green + 0.114 blue; 3: colour, in which grey is repeated", channels_choices},
    {"length", KEY_WHOLE, offsetof(gnl_spec, length),
     "frames or bytes in a sample, default 1024 for sound and 64 for text"},
    {"lines", KEY_FLAG, offsetof(gnl_spec, lines),
     "yes: each line that is not empty is a sample, cut or filled with zeros"},
    {"labels_file", KEY_PATH, offsetof(gnl_spec, labels_file),
     "NumPy or IDX file with a class for each sample, -1 where it is not known, or a vector"},
    {"holdout", KEY_SHARE, offsetof(gnl_spec, holdout),
     "samples that are held out for validation, a fraction below 1 or a number, chosen at random by seed: the part "
     "#valid has them, #train has the others"},
};

/* Keys of this library that all kinds have. */
static const char common_keys[] = "labels_file holdout";

/* Keys that choose samples, or state something for one use of the data. The others state how the files are read. */
static const char choice_keys[] = "n holdout skip limit labels labels_file labelled seed scale";

/* Keys whose values are columns. */
static const char column_keys[] = "label target";

/* Options of the transform that concern the values, not the choice of the samples. */
static const char value_keys[] = "scale binarize threshold stack";

static genlat_status bad_value(const char *key, const char *value, const char *expected)
{
    return genlat_error_set(GENLAT_E_INVALID, "genlat_files_open: %s is '%s', %s expected", key, value, expected);
}

/* Parses an integer from 1 to 2^40. */
static bool read_whole(const char *text, size_t length, int64_t *out)
{
    char copy[16];
    if (length == 0 || length >= sizeof copy || strspn(text, "0123456789") < length)
        return false;
    memcpy(copy, text, length);
    copy[length] = '\0';
    *out = strtoll(copy, NULL, 10);
    return *out >= 1 && *out <= MAX_WHOLE;
}

static bool read_share(const char *text, double *out)
{
    if (!gnl_files_number(text, strlen(text), out) || !(*out > 0 && *out <= (double)MAX_WHOLE))
        return false;
    return *out < 1 || *out == (double)(int64_t)*out;
}

static bool read_flag(const char *text, bool *out)
{
    static const char *const yes[] = {"yes", "1", "true", "on"}, *const no[] = {"no", "0", "false", "off"};
    for (size_t i = 0; i < GNL_FILES_COUNT(yes); i++) {
        *out = strcmp(text, yes[i]) == 0;
        if (*out || strcmp(text, no[i]) == 0)
            return true;
    }
    return false;
}

static bool read_shape(const char *text, gnl_spec *out)
{
    out->ndim = 0;
    while (out->ndim < GENLAT_MAX_DIMS - 1) {
        size_t length = strcspn(text, "x");
        if (!read_whole(text, length, &out->shape[out->ndim++]))
            return false;
        if (text[length] == '\0')
            return true;
        text += length + 1;
    }
    return false;
}

/* Sets *out to the place of the text among the choices, which are separated by '|'. */
static bool read_choice(const char *text, const char *choices, int32_t *out)
{
    int32_t index = 0;
    for (const char *at = choices; *at; index++) {
        size_t length = strcspn(at, "|");
        if (strlen(text) == length && strncmp(text, at, length) == 0) {
            *out = index;
            return true;
        }
        at += length + (at[length] == '|');
    }
    return false;
}

/* Parses HxW, or N for NxN, each at most 16384. */
static bool read_size(const char *text, int64_t out[2])
{
    enum { MOST = 16384 };
    size_t length = strcspn(text, "x");
    const char *second = text[length] ? text + length + 1 : text;
    return read_whole(text, length, &out[0]) && read_whole(second, strlen(second), &out[1]) && out[0] <= MOST &&
           out[1] <= MOST;
}

static genlat_status set_own(const struct key *key, const char *value, gnl_spec *out)
{
    char *field = (char *)out + key->offset;
    switch (key->type) {
    case KEY_WHOLE:
        return read_whole(value, strlen(value), (int64_t *)(void *)field)
                   ? GENLAT_OK
                   : bad_value(key->name, value, "an integer from 1 to 2^40");
    case KEY_FLAG:
        return read_flag(value, (bool *)(void *)field) ? GENLAT_OK : bad_value(key->name, value, "yes or no");
    case KEY_SHARE:
        return read_share(value, (double *)(void *)field)
                   ? GENLAT_OK
                   : bad_value(key->name, value, "a fraction between 0 and 1, or an integer from 1 to 2^40,");
    case KEY_SIZE:
        return read_size(value, (int64_t *)(void *)field)
                   ? GENLAT_OK
                   : bad_value(key->name, value, "a size such as 64 or 48x64, height x width, at most 16384");
    case KEY_CHOICE:
        return read_choice(value, key->choices, (int32_t *)(void *)field) ? GENLAT_OK
                                                                          : bad_value(key->name, value, key->choices);
    case KEY_SHAPE:
        return read_shape(value, out) ? GENLAT_OK : bad_value(key->name, value, "a shape such as 3x32x32");
    case KEY_PATH: /* fits, since it is a part of the text */
        strcpy(field, value);
        return GENLAT_OK;
    default:
        if (strlen(value) >= GNL_FILES_KEY)
            return bad_value(key->name, value, "a shorter text");
        strcpy(field, value);
        return GENLAT_OK;
    }
}

/* ---- keys of a kind ---------------------------------------------------------------------------------- */

static bool has_key(const gnl_kind *kind, const struct key *key)
{
    return gnl_files_has_word(common_keys, key->name) || gnl_files_has_word(kind->keys, key->name);
}

const char *gnl_spec_key(const gnl_kind *kind, int32_t index, const char **help)
{
    if (index < 0)
        return NULL;
    for (size_t i = 0; i < GNL_FILES_COUNT(keys); i++)
        if (has_key(kind, &keys[i]) && index-- == 0) {
            if (help)
                *help = keys[i].help;
            return keys[i].name;
        }
    return genlat_transform_opts_key(index, help);
}

static const char *key_name(const void *kind, int32_t index)
{
    return gnl_spec_key(kind, index, NULL);
}

/* Names of the kinds that have a key. */
static const char *owner_name(const void *key, int32_t index)
{
    const gnl_kind *kind = NULL;
    for (int32_t i = 0; (kind = gnl_kind_at(i)) != NULL; i++)
        if (has_key(kind, key) && index-- == 0)
            return kind->name;
    return NULL;
}

/* A known key that the kind does not have, or an unknown key, which may be misspelled. */
static genlat_status no_key(const gnl_kind *kind, const char *word, const struct key *key)
{
    char own[400], owners[80], hint[120] = ";";
    const char *nearest = key ? NULL : gnl_files_nearest(word, key_name, kind);
    gnl_files_list(key_name, kind, own, sizeof own);
    if (key) {
        gnl_files_list(owner_name, key, owners, sizeof owners);
        snprintf(hint, sizeof hint, ", which is a key of %s;", owners);
    } else if (nearest) {
        snprintf(hint, sizeof hint, "; did you mean '%s'?", nearest);
    }
    return genlat_error_set(GENLAT_E_NOT_FOUND, "genlat_files_open: %s has no key '%.60s'%s its keys: %s", kind->name,
                            word, hint, own);
}

static genlat_status set_key(const char *key, const char *value, gnl_spec *out)
{
    bool keep = false;
    for (size_t i = 0; i < GNL_FILES_COUNT(keys); i++)
        if (strcmp(keys[i].name, key) == 0)
            return has_key(out->kind, &keys[i]) ? set_own(&keys[i], value, out) : no_key(out->kind, key, &keys[i]);
    if (strcmp(key, "labels") == 0 && read_flag(value, &keep))
        value = keep ? "keep" : "drop";
    genlat_status status = genlat_transform_opts_set(&out->transform, key, value);
    if (status == GENLAT_E_NOT_FOUND)
        return no_key(out->kind, key, NULL);
    for (int32_t i = 0; !out->value_key && gnl_files_has_word(value_keys, key); i++)
        if (strcmp(genlat_transform_opts_key(i, NULL), key) == 0)
            out->value_key = genlat_transform_opts_key(i, NULL);
    return status;
}

/* Adds a pair to the keys that state how files are read. */
static genlat_status note_reading(const char *key, const char *value, gnl_spec *out)
{
    const size_t used = strlen(out->reading), free_bytes = sizeof out->reading - used;
    const int length = snprintf(out->reading + used, free_bytes, "%s%s=%s", used ? "&" : "", key, value);
    return (size_t)length < free_bytes
               ? GENLAT_OK
               : genlat_error_set(GENLAT_E_INVALID, "genlat_files_open: the keys are longer than %zu bytes",
                                  sizeof out->reading - 1);
}

/* Takes the next KEY=VALUE from a list with & between. Sets *key to NULL at the end. */
static genlat_status next_pair(char **list, char **key, char **value)
{
    *key = strtok_r(NULL, "&", list);
    *value = *key ? strchr(*key, '=') : NULL;
    if (*key && !*value)
        return genlat_error_set(GENLAT_E_INVALID, "genlat_files_open: KEY=VALUE expected, found '%s'", *key);
    if (*key)
        *(*value)++ = '\0';
    return GENLAT_OK;
}

static genlat_status set_keys(char *list, gnl_spec *out)
{
    char *key = NULL, *value = NULL;
    for (;;) {
        GNL_FILES_TRY(next_pair(&list, &key, &value));
        if (!key)
            return GENLAT_OK;
        GNL_FILES_TRY(set_key(key, value, out));
        if (!gnl_files_has_word(choice_keys, key))
            GNL_FILES_TRY(note_reading(key, value, out));
    }
}

/* ---- keys of other data ------------------------------------------------------------------------------ */

/* Whether "KEY=" begins one of the pairs. */
static bool is_given(const char *pairs, const char *key)
{
    const size_t length = strlen(key);
    for (const char *at = pairs; at; at = strchr(at, '&')) {
        at += *at == '&';
        if (strncmp(at, key, length) == 0 && at[length] == '=')
            return true;
    }
    return false;
}

/* Whether a list of columns has names only. Numbers say nothing of files with other columns. */
static bool has_names(const char *columns)
{
    double number = 0;
    for (const char *at = columns; *at; at += strcspn(at, ","), at += *at == ',')
        if (gnl_files_number(at, strcspn(at, ","), &number))
            return false;
    return *columns;
}

static bool kind_has(const gnl_kind *kind, const char *name)
{
    const char *own = NULL;
    for (int32_t i = 0; (own = gnl_spec_key(kind, i, NULL)) != NULL; i++)
        if (strcmp(own, name) == 0)
            return true;
    return false;
}

genlat_status gnl_spec_inherit(gnl_spec *spec, const char *pairs)
{
    char copy[GNL_FILES_KEYS], given[GNL_FILES_KEYS], *list = copy, *key = NULL, *value = NULL;
    strcpy(given, spec->reading);
    const bool labels_given = is_given(given, "label") || is_given(given, "target");
    if ((size_t)snprintf(copy, sizeof copy, "%s", pairs) >= sizeof copy)
        return genlat_error_set(GENLAT_E_FORMAT, "the keys of the data are longer than %zu bytes", sizeof copy - 1);
    for (;;) {
        GNL_FILES_TRY(next_pair(&list, &key, &value));
        if (!key)
            return GENLAT_OK;
        const bool columns = gnl_files_has_word(column_keys, key);
        if (is_given(given, key) || !kind_has(spec->kind, key) || gnl_files_has_word(choice_keys, key) ||
            (columns && (labels_given || !has_names(value))))
            continue;
        spec->optional = spec->optional || columns;
        GNL_FILES_TRY(set_key(key, value, spec));
        GNL_FILES_TRY(note_reading(key, value, spec));
    }
}

/* Splits the text at the first `mark`. Returns the text after it, or NULL if there is no mark. */
static char *cut(char *text, char mark)
{
    char *at = strchr(text, mark);
    if (at)
        *at++ = '\0';
    return at;
}

/* ---- kind, path and part ----------------------------------------------------------------------------- */

static const char *kind_name(const void *unused, int32_t index)
{
    const gnl_kind *kind = gnl_kind_at(index);
    (void)unused;
    return kind ? kind->name : NULL;
}

static genlat_status find_kind(const char *name, const gnl_kind **out)
{
    char known[200], hint[40] = ";";
    for (int32_t i = 0; (*out = gnl_kind_at(i)) != NULL; i++)
        if (strcmp((*out)->name, name) == 0)
            return GENLAT_OK;
    const char *nearest = gnl_files_nearest(name, kind_name, NULL);
    if (nearest)
        snprintf(hint, sizeof hint, "; did you mean '%s'?", nearest);
    gnl_files_list(kind_name, NULL, known, sizeof known);
    return genlat_error_set(GENLAT_E_NOT_FOUND, "genlat_files_open: unknown kind of data '%s'%s known: %s", name, hint,
                            known);
}

/* Returns the kind of the files with the ending of a path; NULL: none is known. */
static const char *kind_of_ending(const char *path)
{
    static const struct {
        const char *ending, *kind;
    } endings[] = {{".csv", "csv"}, {".tsv", "csv"}, {".npy", "npy"},
                   {".npz", "npz"}, {".wav", "wav"}, {".txt", "text"}};
    const char *ending = strrchr(path, '.');
    for (size_t i = 0; ending && i < GNL_FILES_COUNT(endings); i++)
        if (strcmp(ending, endings[i].ending) == 0)
            return endings[i].kind;
    return NULL;
}

/* Parses "KIND" or "KIND:PATH". */
static genlat_status set_place(char *text, gnl_spec *out)
{
    char *path = cut(text, ':');
    const char *meant = path ? NULL : kind_of_ending(text);
    if (meant)
        return genlat_error_set(GENLAT_E_INVALID,
                                "genlat_files_open: KIND or KIND:PATH expected, found '%s'; did you mean '%s:%s'?",
                                text, meant, text);
    if (!*text || strlen(text) > MAX_KIND)
        return genlat_error_set(GENLAT_E_INVALID,
                                "genlat_files_open: KIND or KIND:PATH expected, such as digits or idx:mnist, found "
                                "'%s'",
                                text);
    GNL_FILES_TRY(find_kind(text, &out->kind));
    if (path)
        strcpy(out->path, path);
    if (!out->kind->path && out->path[0])
        return genlat_error_set(GENLAT_E_INVALID,
                                "genlat_files_open: %s is synthetic and has no path, but the path '%s' is set",
                                out->kind->name, out->path);
    if (out->kind->path && !out->path[0])
        return genlat_error_set(GENLAT_E_INVALID, "genlat_files_open: %s needs a path; write %s:PATH", out->kind->name,
                                out->kind->name);
    return GENLAT_OK;
}

/* The parts are those of the kind, or, with holdout=, the two halves of its training part. */
static genlat_status set_part(const char *part, gnl_spec *out)
{
    const char *known = out->holdout > 0 ? "train valid" : out->kind->parts;
    if (!part)
        return GENLAT_OK;
    if (!*known)
        return genlat_error_set(GENLAT_E_NOT_FOUND,
                                "genlat_files_open: %s has no parts, but '#%.20s' is set; holdout= divides it into "
                                "#train and #valid",
                                out->kind->name, part);
    if (!*part || !gnl_files_has_word(known, part))
        return genlat_error_set(GENLAT_E_NOT_FOUND, "genlat_files_open: unknown part '%.20s' of %s%s; known: %s", part,
                                out->kind->name, out->holdout > 0 ? " with holdout=" : "",
                                out->holdout > 0 ? "train, valid" : "train, valid, test");
    out->held_out = out->holdout > 0 && strcmp(part, "valid") == 0;
    strcpy(out->part, out->holdout > 0 ? "" : part);
    return GENLAT_OK;
}

genlat_status gnl_spec_parse(const char *text, size_t length, gnl_spec *out)
{
    char copy[GNL_FILES_PATH];
    memset(out, 0, sizeof *out);
    genlat_transform_opts_init(&out->transform);
    if (length >= sizeof copy)
        return genlat_error_set(GENLAT_E_INVALID, "genlat_files_open: spec is longer than %zu bytes", sizeof copy - 1);
    memcpy(copy, text, length);
    copy[length] = '\0';
    char *options = cut(copy, '?'), *part = cut(copy, '#');
    if (options && !part)
        part = cut(options, '#');
    GNL_FILES_TRY(set_place(copy, out));
    if (options)
        GNL_FILES_TRY(set_keys(options, out));
    return set_part(part, out);
}
