/* SPDX-License-Identifier: MIT */
/*
 * Every layer with the options and shapes that the gradient and golden tests try it with. A kind of layer
 * without a line here fails the gradient test. tests/golden/make_layers.py reads this table too: keep one case
 * a line. Shapes are of one sample, inputs parted by commas; "4-7" is a size drawn anew each round, the same
 * range the same size within a line; the golden numbers take its upper end.
 */
#ifndef LAYER_CASES_H
#define LAYER_CASES_H

enum {
    CASE_INDEX = 1 << 0,   /* inputs are whole numbers from 0 to 4: no derivative by the input */
    CASE_NO_TWIN = 1 << 1  /* PyTorch has no such layer: no golden numbers */
};

typedef struct layer_case {
    const char *spec, *shapes;
    unsigned flags;
} layer_case;

/* clang-format off */
static const layer_case layer_cases[] = {
    {"batch_norm", "1-6", 0},
    {"batch_norm", "2-3x3x3-4", 0},
    {"batch_norm affine=no", "3x4-5", 0},
    {"batch_norm momentum=0.3 epsilon=0.01", "35-40", 0},
    {"dense units=3", "1-6", 0},
    {"dense units=4 bias=no", "2x3-5", 0},
    {"dropout", "3x4-5", CASE_NO_TWIN},
    {"dropout p=0.2", "2-9", CASE_NO_TWIN},
    {"elu", "2-9", 0},
    {"elu alpha=0.5", "3x4-5", 0},
    {"embedding classes=5 units=3", "4-6", CASE_INDEX},
    {"embedding classes=7 units=2", "2x3", CASE_INDEX},
    {"gaussian_noise", "3x4-5", CASE_NO_TWIN},
    {"gelu", "3x4-5", 0},
    {"glu", "6", 0},
    {"glu", "4x3-5x2", 0},
    {"glu axis=-1", "3x4x2", 0},
    {"group_norm", "3-4x3", 0},
    {"group_norm groups=2", "4x3x3-4", 0},
    {"group_norm groups=2 epsilon=0.1", "6-6", 0},
    {"group_norm groups=3 affine=no", "6x2", 0},
    {"hardtanh", "2-9", 0},
    {"hardtanh bound=0.5", "3x4-5", 0},
    {"identity", "3x4-5", 0},
    {"instance_norm", "2x3-4x3", 0},
    {"instance_norm affine=yes", "3x5", 0},
    {"layer_norm", "3-9", 0},
    {"layer_norm", "2x3-4x2", 0},
    {"layer_norm over=last", "2-3x4", 0},
    {"layer_norm over=last affine=no epsilon=0.01", "4-9", 0},
    {"leaky_relu", "2-9", 0},
    {"leaky_relu slope=0.2", "3x4-5", 0},
    {"maxout", "6", CASE_NO_TWIN},
    {"maxout pieces=2 axis=-1", "3x5x4", CASE_NO_TWIN},
    {"maxout pieces=3", "6x3-5x2", CASE_NO_TWIN},
    {"relu", "3x4-5", 0},
    {"rms_norm", "3-9", 0},
    {"rms_norm affine=no epsilon=0.01", "2x3-4", 0},
    {"rms_norm over=last", "2-3x5", 0},
    {"scale", "3-5", CASE_NO_TWIN},
    {"scale factor=0.5 shift=0.5", "2x3-5", CASE_NO_TWIN},
    {"selu", "3x4-5", 0},
    {"sigmoid", "3x4-5", 0},
    {"silu", "3x4-5", 0},
    {"softmax", "2-9", 0},
    {"softmax", "2x3x4-5", 0},
    {"softmax axis=0", "5x3-4x2", 0},
    {"softmax axis=1", "2x4-6x3", 0},
    {"softplus", "3x4-5", 0},
    {"tanh", "3x4-5", 0},
};
/* clang-format on */

#endif
