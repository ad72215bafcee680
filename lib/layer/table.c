/* SPDX-License-Identifier: MIT */
/* Every kind of layer, one line each. */
#include "layer/layer_priv.h"

const gnl_layer_type *const gnl_layer_types[] = {
    &gnl_add,
    &gnl_avg_pool,
    &gnl_basis,
    &gnl_batch_norm,
    &gnl_concat,
    &gnl_cond_batch_norm,
    &gnl_constant,
    &gnl_conv1d,
    &gnl_conv2d,
    &gnl_conv_transpose1d,
    &gnl_conv_transpose2d,
    &gnl_crop,
    &gnl_dense,
    &gnl_dropout,
    &gnl_elu,
    &gnl_embedding,
    &gnl_flatten,
    &gnl_gaussian_noise,
    &gnl_gelu,
    &gnl_global_avg_pool,
    &gnl_global_max_pool,
    &gnl_glu,
    &gnl_group_norm,
    &gnl_hardtanh,
    &gnl_identity,
    &gnl_instance_norm,
    &gnl_layer_norm,
    &gnl_leaky_relu,
    &gnl_lstm,
    &gnl_max_pool,
    &gnl_maxout,
    &gnl_minibatch_std,
    &gnl_multiply,
    &gnl_pad,
    &gnl_relu,
    &gnl_repeat,
    &gnl_resample,
    &gnl_reshape,
    &gnl_rms_norm,
    &gnl_scale,
    &gnl_selu,
    &gnl_sigmoid,
    &gnl_silu,
    &gnl_softmax,
    &gnl_softplus,
    &gnl_tanh,
    &gnl_upsample,
    NULL,
};

const gnl_layer_type *gnl_layer_type_find(const char *name)
{
    for (const gnl_layer_type *const *type = gnl_layer_types; *type; type++)
        if (strcmp((*type)->name, name) == 0)
            return *type;
    return NULL;
}
