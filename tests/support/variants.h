/* SPDX-License-Identifier: MIT */
/* Texts of a kind with options, for tests of all option values. */
#ifndef VARIANTS_H
#define VARIANTS_H

#include "base/base.h"

enum { VARIANTS = 64, VARIANT_TEXT = 160 };

typedef struct variants {
    int count;
    char text[VARIANTS][VARIANT_TEXT];
} variants;

/* Adds "name", and "name option=value" with another value than the default for each option; all values of an
 * enumeration. */
void add_variants(variants *v, const char *name, const gnl_options_table *options);
/* Writes "name option=3 ..." with all integer options whose default is above 3, so that tests are quick. Options in
 * `set`, a text with options of that kind, keep their value. */
void small_variant(char text[VARIANT_TEXT], const char *set, const gnl_options_table *options);

#endif
