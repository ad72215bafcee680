/* SPDX-License-Identifier: MIT */
/* Texts of a kind with each of its options. */
#include <check.h>
#include <math.h>
#include <stdio.h>

#include "support/variants.h"

static void add(variants *v, const char *name, const char *option, const char *value)
{
    ck_assert_int_lt(v->count, VARIANTS);
    if (option)
        snprintf(v->text[v->count++], VARIANT_TEXT, "%s %s=%s", name, option, value);
    else
        snprintf(v->text[v->count++], VARIANT_TEXT, "%s", name);
}

/* A value other than the default, if the range has one. */
static double other(const gnl_option *o)
{
    double expected = o->type == GNL_OPTION_REAL ? 0.6 * o->fallback + 0.1 : o->fallback + 1;
    return o->type == GNL_OPTION_BOOL ? !(o->fallback > 0) : fmin(o->max, fmax(o->min, expected));
}

void small_variant(char text[VARIANT_TEXT], const char *set, const gnl_options_table *options)
{
    enum { SMALL = 3 };
    snprintf(text, VARIANT_TEXT, "%s", set);
    for (size_t i = 0; options && i < options->count; i++) {
        const gnl_option *o = &options->options[i];
        char key[64];
        snprintf(key, sizeof key, " %s=", o->name);
        if (o->type == GNL_OPTION_INT && o->fallback > SMALL && !strstr(set, key))
            gnl_text_append(text, VARIANT_TEXT, "%s%d", key, SMALL);
    }
}

void add_variants(variants *v, const char *name, const gnl_options_table *options)
{
    char value[40];
    add(v, name, NULL, NULL);
    for (size_t i = 0; options && i < options->count; i++) {
        const gnl_option *o = &options->options[i];
        for (int k = 0; o->type == GNL_OPTION_ENUM && o->names[k]; k++)
            add(v, name, o->name, o->names[k]);
        gnl_format_real(other(o), value, sizeof value);
        if (o->type == GNL_OPTION_INT)
            snprintf(value, sizeof value, "%lld", (long long)other(o));
        if (o->type != GNL_OPTION_ENUM && o->type != GNL_OPTION_DIMS && o->type != GNL_OPTION_AXES)
            add(v, name, o->name, value);
    }
}
