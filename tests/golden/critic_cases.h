/* SPDX-License-Identifier: MIT */
/* Discriminators for inputs [2,4,4], whose losses and penalties are compared with double backward of PyTorch.
 * make_critic.py reads this table too. */
#ifndef CRITIC_CASES_H
#define CRITIC_CASES_H

typedef struct critic_case {
    const char *name, *text;
} critic_case;

/* clang-format off */
static const critic_case critic_cases[] = {
    {"dense_leaky_relu",
     "flatten | dense units=6 | leaky_relu slope=0.2 | dense units=5 | leaky_relu slope=0.2 | dense units=1"},
    {"dense_silu", "flatten | dense units=6 | silu | dense units=5 | silu | dense units=1"},
    {"dense_tanh", "flatten | dense units=6 | tanh | dense units=5 | tanh | dense units=1"},
    {"dense_layer_norm",
     "flatten | dense units=6 | layer_norm | leaky_relu slope=0.2 | dense units=5 | layer_norm | "
     "leaky_relu slope=0.2 | dense units=1"},
    {"conv_leaky_relu",
     "conv2d channels=3 padding=1 | leaky_relu slope=0.2 | conv2d channels=4 kernel=4 stride=2 padding=1 | "
     "leaky_relu slope=0.2 | flatten | dense units=1"},
    {"conv_silu",
     "conv2d channels=3 padding=1 | silu | conv2d channels=4 kernel=4 stride=2 padding=1 | silu | flatten | "
     "dense units=1"},
    {"conv_tanh",
     "conv2d channels=3 padding=1 | tanh | conv2d channels=4 kernel=4 stride=2 padding=1 | tanh | flatten | "
     "dense units=1"},
    {"conv_layer_norm",
     "conv2d channels=3 padding=1 | layer_norm | leaky_relu slope=0.2 | "
     "conv2d channels=4 kernel=4 stride=2 padding=1 | layer_norm | leaky_relu slope=0.2 | flatten | dense units=1"},
    {"residual_leaky_relu",
     "conv2d channels=4 kernel=1 name=s | conv2d channels=4 kernel=1 | leaky_relu slope=0.2 | "
     "conv2d channels=4 padding=1 groups=2 | leaky_relu slope=0.2 | conv2d channels=4 kernel=1 bias=no name=b | "
     "add from=s,b | avg_pool | leaky_relu slope=0.2 | flatten | dense units=1"},
    {"residual_silu",
     "conv2d channels=4 kernel=1 name=s | conv2d channels=4 kernel=1 | silu | "
     "conv2d channels=4 padding=1 groups=2 | silu | conv2d channels=4 kernel=1 bias=no name=b | add from=s,b | "
     "avg_pool | silu | flatten | dense units=1"},
    {"residual_tanh",
     "conv2d channels=4 kernel=1 name=s | conv2d channels=4 kernel=1 | tanh | "
     "conv2d channels=4 padding=1 groups=2 | tanh | conv2d channels=4 kernel=1 bias=no name=b | add from=s,b | "
     "avg_pool | tanh | flatten | dense units=1"},
    {"residual_layer_norm",
     "conv2d channels=4 kernel=1 name=s | conv2d channels=4 kernel=1 | layer_norm | leaky_relu slope=0.2 | "
     "conv2d channels=4 padding=1 groups=2 | layer_norm | leaky_relu slope=0.2 | "
     "conv2d channels=4 kernel=1 bias=no name=b | add from=s,b | avg_pool | layer_norm | leaky_relu slope=0.2 | "
     "flatten | dense units=1"},
    {"spectral_leaky_relu",
     "conv2d channels=3 padding=1 weight=spectral | leaky_relu slope=0.2 | "
     "conv2d channels=4 kernel=4 stride=2 padding=1 weight=spectral | leaky_relu slope=0.2 | flatten | "
     "dense units=5 weight=spectral | leaky_relu slope=0.2 | dense units=1"},
    {"spectral_silu",
     "conv2d channels=3 padding=1 weight=spectral | silu | "
     "conv2d channels=4 kernel=4 stride=2 padding=1 weight=spectral | silu | flatten | "
     "dense units=5 weight=spectral | silu | dense units=1"},
    {"spectral_tanh",
     "conv2d channels=3 padding=1 weight=spectral | tanh | "
     "conv2d channels=4 kernel=4 stride=2 padding=1 weight=spectral | tanh | flatten | "
     "dense units=5 weight=spectral | tanh | dense units=1"},
    {"spectral_layer_norm",
     "conv2d channels=3 padding=1 weight=spectral | layer_norm | leaky_relu slope=0.2 | "
     "conv2d channels=4 kernel=4 stride=2 padding=1 weight=spectral | layer_norm | leaky_relu slope=0.2 | "
     "flatten | dense units=5 weight=spectral | layer_norm | leaky_relu slope=0.2 | dense units=1"},
    {"spectral_transposed",
     "conv_transpose2d channels=4 kernel=2 stride=2 groups=2 weight=spectral | silu | flatten | dense units=1"},
    {"spectral_transposed_1d",
     "reshape shape=4x8 | conv_transpose1d channels=3 weight=spectral | silu | "
     "conv1d channels=2 weight=spectral | flatten | dense units=1"},
    {"weight_norm",
     "conv2d channels=4 padding=1 groups=2 weight=norm | silu | "
     "conv_transpose2d channels=3 kernel=2 stride=2 weight=norm | leaky_relu slope=0.2 | flatten | "
     "dense units=1 weight=norm bias=no"},
    {"weight_norm_1d",
     "reshape shape=4x8 | conv_transpose1d channels=4 groups=2 weight=norm | tanh | "
     "conv1d channels=2 weight=norm | flatten | dense units=1"},
};
/* clang-format on */

#endif
