/* SPDX-License-Identifier: MIT */
/* Assigns a stream and a substream to every use of random numbers by models. */
#ifndef GNL_STREAMS_H
#define GNL_STREAMS_H

/* The uses of random numbers in a training pass. A value is the substream of the use within its pass, in a stream of
 * genlat_ctx_opts.seed. Random numbers of a use depend neither on other uses nor on earlier passes. Two uses of one
 * family must differ in stream or value. */
typedef enum gnl_use {
    /* VAE: 2 bits per pass */
    GNL_VAE_NOISE = 0,   /* GNL_STREAM_NOISE: noise of the codes */
    GNL_VAE_HIDE = 1,    /* GNL_STREAM_NOISE: elements hidden from the encoder */
    GNL_VAE_ENCODER = 0, /* GNL_STREAM_DROPOUT */
    GNL_VAE_DECODER = 1,
    GNL_VAE_CLASSIFIER = 2,
    GNL_VAE_CORRUPT = 0, /* GNL_STREAM_AUGMENT: noise on the encoder's input */
    GNL_VAE_MASK = 1,    /* GNL_STREAM_AUGMENT: mask of the encoder's input */
    GNL_VAE_PRIOR = 2,   /* GNL_STREAM_AUGMENT: samples from the prior, for terms such as mmd */
    GNL_VAE_STATE = 3,   /* GNL_STREAM_AUGMENT: updates of states after the step, such as new codes of vq */
    GNL_VAE_BITS = 2,
    /* GAN: 3 bits per pass. Uses on both sides have two values: real samples the named one, generated samples the
     * next */
    GNL_GAN_NOISE = 0,         /* GNL_STREAM_NOISE: latents */
    GNL_GAN_GENERATOR = 0,     /* GNL_STREAM_DROPOUT */
    GNL_GAN_DISCRIMINATOR = 1, /* GNL_STREAM_DROPOUT: 1 and 2 */
    GNL_GAN_AT_POINTS = 3,     /* GNL_STREAM_DROPOUT: discriminator at the points of gradient penalties */
    GNL_GAN_INSTANCE = 0,      /* GNL_STREAM_AUGMENT: instance noise, 0 and 1 */
    GNL_GAN_POINTS = 2,        /* GNL_STREAM_AUGMENT: points of gradient penalties */
    GNL_GAN_APPROXIMATE = 3,   /* GNL_STREAM_AUGMENT: noise of approximate penalties, 3 and 4 */
    GNL_GAN_AUGMENT = 5,       /* GNL_STREAM_AUGMENT: augmentation, 5 and 6 */
    GNL_GAN_BITS = 3,
    /* predictor: one substream per pass */
    GNL_PREDICTOR_NET = 0, /* GNL_STREAM_DROPOUT */
    GNL_PREDICTOR_BITS = 0,
    /* rbm: one substream per pass; chain i draws from number 2^34 i on */
    GNL_RBM_CHAINS = 0 /* GNL_STREAM_NOISE */
} gnl_use;

_Static_assert(GNL_VAE_STATE < 1 << GNL_VAE_BITS, "the uses of a VAE pass fit its bits");
_Static_assert(GNL_GAN_AUGMENT + 1 < 1 << GNL_GAN_BITS, "the uses of a GAN pass fit its bits");

/* Sample i of a series has substream i: a longer series begins with the samples of a shorter one. The noise that
 * samples from the distribution of the data has one substream with this bit set, in which sample i begins at number i
 * * size. */
enum { GNL_SAMPLE_NOISE_BIT = 47 };

#endif
