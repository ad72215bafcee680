/* SPDX-License-Identifier: MIT */
/* Table of all kinds of layers, one line each. X(name) expands for gnl_name. */
#include "layer/layer_priv.h"

#define LAYERS(X)                                                                                                      \
    X(add)                                                                                                             \
    X(avg_pool)                                                                                                        \
    X(basis)                                                                                                           \
    X(batch_norm)                                                                                                      \
    X(concat)                                                                                                          \
    X(cond_batch_norm)                                                                                                 \
    X(constant)                                                                                                        \
    X(conv1d)                                                                                                          \
    X(conv2d)                                                                                                          \
    X(conv_transpose1d)                                                                                                \
    X(conv_transpose2d)                                                                                                \
    X(crop)                                                                                                            \
    X(dense)                                                                                                           \
    X(dropout)                                                                                                         \
    X(elu)                                                                                                             \
    X(embedding)                                                                                                       \
    X(flatten)                                                                                                         \
    X(gaussian_noise)                                                                                                  \
    X(gelu)                                                                                                            \
    X(global_avg_pool)                                                                                                 \
    X(global_max_pool)                                                                                                 \
    X(glu)                                                                                                             \
    X(group_norm)                                                                                                      \
    X(hardtanh)                                                                                                        \
    X(identity)                                                                                                        \
    X(instance_norm)                                                                                                   \
    X(layer_norm)                                                                                                      \
    X(leaky_relu)                                                                                                      \
    X(logsumexp)                                                                                                       \
    X(lstm)                                                                                                            \
    X(masked)                                                                                                          \
    X(masked_conv1d)                                                                                                   \
    X(masked_conv2d)                                                                                                   \
    X(max_pool)                                                                                                        \
    X(maxout)                                                                                                          \
    X(mean)                                                                                                            \
    X(minibatch_std)                                                                                                   \
    X(multiply)                                                                                                        \
    X(pad)                                                                                                             \
    X(relu)                                                                                                            \
    X(repeat)                                                                                                          \
    X(resample)                                                                                                        \
    X(reshape)                                                                                                         \
    X(rms_norm)                                                                                                        \
    X(scale)                                                                                                           \
    X(selu)                                                                                                            \
    X(sigmoid)                                                                                                         \
    X(silu)                                                                                                            \
    X(slice)                                                                                                           \
    X(softmax)                                                                                                         \
    X(softplus)                                                                                                        \
    X(sum)                                                                                                             \
    X(tanh)                                                                                                            \
    X(transpose)                                                                                                       \
    X(upsample)                                                                                                        \
    /* end */

#define DECLARE(name) extern const gnl_layer_type gnl_##name;
LAYERS(DECLARE)

#define LIST(name) &gnl_##name,
const gnl_layer_type *const gnl_layer_types[] = {LAYERS(LIST) NULL};

const gnl_layer_type *gnl_layer_type_find(const char *name)
{
    return gnl_kind_find(gnl_layer_types, name);
}
