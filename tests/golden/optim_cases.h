/* SPDX-License-Identifier: MIT */
/* Optimizers that are compared with PyTorch. The comment after each is the call for make_optim.py. */
#ifndef OPTIM_CASES_H
#define OPTIM_CASES_H

/* clang-format off */
static const char *const optim_cases[] = {
    "sgd lr=0.1", /* SGD(p, 0.1) */
    "sgd lr=0.1 momentum=0.9", /* SGD(p, 0.1, momentum=0.9) */
    "sgd lr=0.1 momentum=0.9 dampening=0.3 weight_decay=0.1",
    /* SGD(p, 0.1, momentum=0.9, dampening=0.3, weight_decay=0.1) */
    "sgd lr=0.1 momentum=0.9 nesterov=yes weight_decay=0.1",
    /* SGD(p, 0.1, momentum=0.9, nesterov=True, weight_decay=0.1) */
    "sgd lr=0.1 clip_norm=2", /* clip_norm=2; SGD(p, 0.1) */
    "sgd lr=0.1 clip_value=0.5", /* clip_value=0.5; SGD(p, 0.1) */
    "rmsprop lr=0.02", /* RMSprop(p, 0.02) */
    "rmsprop lr=0.02 alpha=0.9 eps=1e-3 weight_decay=0.1", /* RMSprop(p, 0.02, alpha=0.9, eps=1e-3, weight_decay=0.1) */
    "rmsprop lr=0.02 alpha=0.9 momentum=0.8", /* RMSprop(p, 0.02, alpha=0.9, momentum=0.8) */
    "rmsprop lr=0.02 alpha=0.9 centered=yes", /* RMSprop(p, 0.02, alpha=0.9, centered=True) */
    "rmsprop lr=0.02 alpha=0.9 centered=yes momentum=0.8",
    /* RMSprop(p, 0.02, alpha=0.9, centered=True, momentum=0.8) */
    "adam", /* Adam(p) */
    "adam lr=0.05 beta1=0.5 beta2=0.9", /* Adam(p, 0.05, betas=(0.5, 0.9)) */
    "adam lr=0.05 eps=1e-3 weight_decay=0.1", /* Adam(p, 0.05, eps=1e-3, weight_decay=0.1) */
    "adam lr=0.05 clip_norm=1", /* clip_norm=1; Adam(p, 0.05) */
    "adam lr=0.05 weight_decay=0.1 decoupled=yes", /* AdamW(p, 0.05, weight_decay=0.1) */
    "adamw", /* AdamW(p) */
    "adamw lr=0.05 beta1=0.5 weight_decay=0.3", /* AdamW(p, 0.05, betas=(0.5, 0.999), weight_decay=0.3) */
    "adamax", /* Adamax(p) */
    "adamax lr=0.05 beta1=0.5 beta2=0.9 weight_decay=0.1", /* Adamax(p, 0.05, betas=(0.5, 0.9), weight_decay=0.1) */
    "lion lr=0.01", /* Lion(p, 0.01) */
    "lion lr=0.01 beta1=0.5 beta2=0.8 weight_decay=0.1", /* Lion(p, 0.01, betas=(0.5, 0.8), weight_decay=0.1) */
};
/* clang-format on */

#endif
