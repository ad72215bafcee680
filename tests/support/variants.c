/* SPDX-License-Identifier: MIT */
/* Texts of a kind with each of its options. */
#include <check.h>
#include <math.h>
#include <stdio.h>

#include "support/variants.h"

enum { LARGE = 500, SMALL = 5 };

/* Whether an option is the size of something that takes a test too long at its default. */
static bool is_large(const gnl_option *o)
{
    return o->type == GNL_OPTION_INT && o->fallback >= LARGE;
}

/* Other options that are large get a small value. */
static void add(variants *v, const char *name, const gnl_options_table *options, const char *option, const char *value)
{
    ck_assert_int_lt(v->count, VARIANTS);
    char *text = v->text[v->count++];
    snprintf(text, VARIANT_TEXT, "%s", name);
    if (option)
        gnl_text_append(text, VARIANT_TEXT, " %s=%s", option, value);
    for (size_t i = 0; options && i < options->count; i++)
        if (is_large(&options->options[i]) && (!option || strcmp(option, options->options[i].name) != 0))
            gnl_text_append(text, VARIANT_TEXT, " %s=%d", options->options[i].name, SMALL);
}

/* A value other than the default, if the range has one. Large numbers, such as those of components, become small. */
static double other(const gnl_option *o)
{
    if (is_large(o))
        return SMALL + 1;
    double expected = o->type == GNL_OPTION_REAL ? 0.6 * o->fallback + 0.1 : o->fallback + 1;
    if (o->type == GNL_OPTION_INT && o->fallback > 8)
        expected = o->min + 2;
    return o->type == GNL_OPTION_BOOL ? !(o->fallback > 0) : fmin(o->max, fmax(o->min, expected));
}

void small_variant(char text[VARIANT_TEXT], const char *set, const gnl_options_table *options)
{
    enum { LEAST = 3 };
    snprintf(text, VARIANT_TEXT, "%s", set);
    for (size_t i = 0; options && i < options->count; i++) {
        const gnl_option *o = &options->options[i];
        char key[64];
        snprintf(key, sizeof key, " %s=", o->name);
        if (o->type == GNL_OPTION_INT && o->fallback > LEAST && !strstr(set, key))
            gnl_text_append(text, VARIANT_TEXT, "%s%d", key, LEAST);
    }
}

void add_variants(variants *v, const char *name, const gnl_options_table *options)
{
    char value[40];
    add(v, name, options, NULL, NULL);
    for (size_t i = 0; options && i < options->count; i++) {
        const gnl_option *o = &options->options[i];
        for (int k = 0; o->type == GNL_OPTION_ENUM && o->names[k]; k++)
            add(v, name, options, o->name, o->names[k]);
        gnl_format_real(other(o), value, sizeof value);
        if (o->type == GNL_OPTION_INT)
            snprintf(value, sizeof value, "%lld", (long long)other(o));
        if (o->type != GNL_OPTION_ENUM && o->type != GNL_OPTION_DIMS && o->type != GNL_OPTION_AXES)
            add(v, name, options, o->name, value);
    }
}
