/* SPDX-License-Identifier: MIT */
/* Look-up in the tables of kinds of latents. The entries of a table are types that begin with a gnl_kind_type. */
#ifndef LATENT_KINDS_H
#define LATENT_KINDS_H

#include "latent/latent.h"
#include "support/variants.h"

int count_types(const void *table);
/* The kinds of a table with each of their options. Valid until the next call. */
const variants *variants_of(const void *table);
/* The kind of a text such as "kl beta=2", which must exist. */
const gnl_kind_type *kind_of(const void *table, const char *text);
const gnl_posterior_type *posterior_of(const char *text);
const gnl_prior_type *prior_type_of(const char *text);

#endif
