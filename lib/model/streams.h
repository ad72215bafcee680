/* SPDX-License-Identifier: MIT */
/* Every use of random numbers by models: which stream, and which substream of it. */
#ifndef GNL_STREAMS_H
#define GNL_STREAMS_H

/* Every use of random numbers in a training pass: the substream of the pass, within a stream of genlat_ctx_opts.seed. The
 * numbers of a use do not depend on other uses nor on earlier passes. Two uses of one family never share stream and number. */
typedef enum gnl_use {
    /* VAE, 2 bits a pass */
    GNL_VAE_NOISE = 0,        /* GNL_STREAM_NOISE: codes */
    GNL_VAE_ENCODER = 0,      /* GNL_STREAM_DROPOUT */
    GNL_VAE_DECODER = 1,
    GNL_VAE_CORRUPT = 0,      /* GNL_STREAM_AUGMENT: noise on the encoder's input */
    GNL_VAE_MASK = 1,
    GNL_VAE_PRIOR = 2,        /* codes of the prior, for terms that compare with them */
    GNL_VAE_BITS = 2,
    /* GAN, 3 bits a pass; where both sides have numbers of their own, generated samples have the next */
    GNL_GAN_NOISE = 0,        /* GNL_STREAM_NOISE: latents */
    GNL_GAN_GENERATOR = 0,    /* GNL_STREAM_DROPOUT */
    GNL_GAN_DISCRIMINATOR = 1, /* and 2 */
    GNL_GAN_AT_POINTS = 3,
    GNL_GAN_INSTANCE = 0,     /* GNL_STREAM_AUGMENT: instance noise, and 1 */
    GNL_GAN_POINTS = 2,       /* points of penalties */
    GNL_GAN_NEAR = 3,         /* noise of approximate penalties, and 4 */
    GNL_GAN_AUGMENT = 5,      /* augmentation, and 6 */
    GNL_GAN_BITS = 3,
    /* predictor: one pass, one substream */
    GNL_PREDICTOR_NET = 0, /* GNL_STREAM_DROPOUT */
    GNL_PREDICTOR_BITS = 0
} gnl_use;

_Static_assert(GNL_VAE_PRIOR < 1 << GNL_VAE_BITS, "uses of a VAE's pass fit its bits");
_Static_assert(GNL_GAN_AUGMENT + 1 < 1 << GNL_GAN_BITS, "uses of a GAN's pass fit its bits");

/* Substream of sample i of a series: a longer series begins with the shorter one. Draws from the distribution of the data
 * have a substream of their own, in which sample i begins at number i * size. */
enum { GNL_SAMPLE_NOISE_BIT = 47 };

#endif
