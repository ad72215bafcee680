/* SPDX-License-Identifier: MIT */
/** @file genlat.h  All of libgenlat that is stable; experimental.h, and files.h of libgenlat-files, are apart. */
#ifndef GENLAT_GENLAT_H
#define GENLAT_GENLAT_H

#include "genlat/common.h"
#include "genlat/complete.h"
#include "genlat/context.h"
#include "genlat/data.h"
#include "genlat/gan.h"
#include "genlat/io.h"
#include "genlat/layer.h"
#include "genlat/loss.h"
#include "genlat/metric.h"
#include "genlat/model.h"
#include "genlat/net.h"
#include "genlat/optim.h"
#include "genlat/predictor.h"
#include "genlat/score.h"
#include "genlat/rng.h"
#include "genlat/sampler.h"
#include "genlat/stream.h"
#include "genlat/tensor.h"
#include "genlat/train.h"
#include "genlat/vae.h"
#include "genlat/version.h"

#endif
