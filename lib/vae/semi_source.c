/* SPDX-License-Identifier: MIT */
/* The source of a semi-supervised training, in which samples with labels occur often enough to be in every batch. */
#include "vae/semi_priv.h"

/* Samples with labels are repeated until they are at least this part of the samples. */
static const double SHARE = 0.1;

genlat_status gnl_semi_training_source(const genlat_model *model, genlat_source *source, genlat_source **out)
{
    return gnl_source_repeat_labelled(source, SHARE, out);
}
