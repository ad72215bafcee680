/* SPDX-License-Identifier: MIT */
/* Lists every augmentation in the order of application, one line each. X(name) refers to gnl_augment_name. */
#include "gan/augment/augment.h"

#define AUGMENTATIONS(X)                                                                                               \
    X(brightness)                                                                                                      \
    X(saturation)                                                                                                      \
    X(contrast)                                                                                                        \
    X(translation)                                                                                                     \
    X(cutout)                                                                                                          \
    /* end */

#define DECLARE(name) extern const gnl_augment_type gnl_augment_##name;
AUGMENTATIONS(DECLARE)

#define LIST(name) &gnl_augment_##name,
const gnl_augment_type *const gnl_augment_types[] = {AUGMENTATIONS(LIST) NULL};
