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
    {"add", "2x3-5,2x3-5", 0},
    {"add", "3-5,3-5,3-5", 0},
    {"add", "4", 0},
    {"avg_pool kernel=3 stride=1 padding=1", "2x6-9", 0},
    {"avg_pool kernel=3 stride=2 padding=1", "2x3-6x3-7", 0},
    {"avg_pool kernel=3x2 stride=1x2 padding=1 count_padding=no", "2x4-6x4-5", 0},
    {"avg_pool", "2x4-6x3-5", 0},
    {"batch_norm affine=no", "3x4-5", 0},
    {"batch_norm momentum=0.3 epsilon=0.01", "35-40", 0},
    {"batch_norm", "1-6", 0},
    {"batch_norm", "2-3x3x3-4", 0},
    {"concat axis=-1", "2x3-4,2x1", 0},
    {"concat", "2x3-4x2,1x3-4x2,3x3-4x2", 0},
    {"concat", "3-5,2", 0},
    {"concat", "4", 0},
    {"conv1d channels=2 kernel=5 stride=2 padding=2 bias=no", "1x8-9", 0},
    {"conv1d channels=3", "2x5-9", 0},
    {"conv1d channels=4 kernel=4 stride=3 padding=2 dilation=2 groups=2", "4x9-12", 0},
    {"conv2d channels=2 kernel=1 stride=2 padding=1", "2x3-5x4-6", 0},
    {"conv2d channels=3 kernel=4 stride=2 padding=1", "2x4-6x4-7", 0},
    {"conv2d channels=3", "2x4-6x3-5", 0},
    {"conv2d channels=4 groups=2 kernel=2x3 stride=1x2 padding=1x2 dilation=2x1", "4x4-6x3-5", 0},
    {"conv2d channels=4 kernel=1", "3x2-4x3-5", 0},
    {"conv2d channels=4 kernel=3 bias=no", "2x3x3", 0},
    {"conv2d channels=6 groups=3 kernel=3 stride=3x2 padding=0x2 dilation=1x2", "3x5-7x5-6", 0},
    {"conv_transpose1d channels=3", "2x3-7", 0},
    {"conv_transpose1d channels=4 kernel=3 stride=3 padding=2 output_padding=2 dilation=2 groups=2", "2x4-6", 0},
    {"conv_transpose2d channels=3 kernel=2x3", "4x1x1", 0},
    {"conv_transpose2d channels=3 kernel=4 bias=no", "5x1x1", 0},
    {"conv_transpose2d channels=3 kernel=4 stride=2 padding=1", "2x2-4x2-3", 0},
    {"conv_transpose2d channels=3", "2x2-4x3-5", 0},
    {"conv_transpose2d channels=4 groups=2 kernel=2x3 stride=3x2 padding=0x1 output_padding=2x1", "2x2-4x3-4", 0},
    {"conv_transpose2d channels=4 kernel=1", "3x2-4x3-5", 0},
    {"crop after=2", "3x3-6", 0},
    {"crop before=1 after=0x2", "2x2-4x4-6", 0},
    {"dense units=3", "1-6", 0},
    {"dense units=4 bias=no", "2x3-5", 0},
    {"dropout p=0.2", "2-9", CASE_NO_TWIN},
    {"dropout", "3x4-5", CASE_NO_TWIN},
    {"elu alpha=0.5", "3x4-5", 0},
    {"elu", "2-9", 0},
    {"embedding classes=5 units=3", "4-6", CASE_INDEX},
    {"embedding classes=7 units=2", "2x3", CASE_INDEX},
    {"flatten", "2x2-3x3-4", 0},
    {"gaussian_noise", "3x4-5", CASE_NO_TWIN},
    {"gelu", "3x4-5", 0},
    {"global_avg_pool", "3x2-4x3-5", 0},
    {"global_avg_pool", "3x2-9", 0},
    {"global_max_pool", "2x5", 0},
    {"global_max_pool", "3x2-4x3-5", 0},
    {"glu axis=-1", "3x4x2", 0},
    {"glu", "4x3-5x2", 0},
    {"glu", "6", 0},
    {"group_norm groups=2 epsilon=0.1", "6-6", 0},
    {"group_norm groups=2", "4x3x3-4", 0},
    {"group_norm groups=3 affine=no", "6x2", 0},
    {"group_norm", "3-4x3", 0},
    {"hardtanh bound=0.5", "3x4-5", 0},
    {"hardtanh", "2-9", 0},
    {"identity", "3x4-5", 0},
    {"instance_norm affine=yes", "3x5", 0},
    {"instance_norm", "2x3-4x3", 0},
    {"layer_norm over=last affine=no epsilon=0.01", "4-9", 0},
    {"layer_norm over=last", "2-3x4", 0},
    {"layer_norm", "2x3-4x2", 0},
    {"layer_norm", "3-9", 0},
    {"leaky_relu slope=0.2", "3x4-5", 0},
    {"leaky_relu", "2-9", 0},
    {"max_pool kernel=3 stride=2 padding=1", "2x3-6x3-7", 0},
    {"max_pool kernel=3", "2x6-9", 0},
    {"max_pool kernel=3x2 stride=1x2 padding=1x0", "2x4-6x4-5", 0},
    {"max_pool", "2x4-6x3-5", 0},
    {"maxout pieces=2 axis=-1", "3x5x4", 0},
    {"maxout pieces=3", "6x3-5x2", 0},
    {"maxout", "6", 0},
    {"multiply", "2x3-5,2x3-5", 0},
    {"multiply", "3-5,3-5,3-5,3-5", 0},
    {"multiply", "4", 0},
    {"pad before=1 after=2", "2x2-3x3-4", 0},
    {"pad before=2 after=1 mode=reflect", "2x3-7", 0},
    {"pad before=2x1 after=0x2 mode=reflect", "2x3-5x3-4", 0},
    {"pad before=3x1 after=1x4 mode=replicate", "2x1-3x2-3", 0},
    {"relu", "3x4-5", 0},
    {"reshape shape=2x-1x3", "4-6x6", 0},
    {"reshape shape=6x2", "3x4", 0},
    {"rms_norm affine=no epsilon=0.01", "2x3-4", 0},
    {"rms_norm over=last", "2-3x5", 0},
    {"rms_norm", "3-9", 0},
    {"scale factor=0.5 shift=0.5", "2x3-5", 0},
    {"scale", "3-5", 0},
    {"selu", "3x4-5", 0},
    {"sigmoid", "3x4-5", 0},
    {"silu", "3x4-5", 0},
    {"softmax axis=0", "5x3-4x2", 0},
    {"softmax axis=1", "2x4-6x3", 0},
    {"softmax", "2-9", 0},
    {"softmax", "2x3x4-5", 0},
    {"softplus", "3x4-5", 0},
    {"tanh", "3x4-5", 0},
    {"upsample mode=bilinear", "2x2-3x3-4", 0},
    {"upsample scale=3 mode=bilinear", "2x2-5", 0},
    {"upsample scale=3", "2x2-5", 0},
    {"upsample scale=3x2", "2x2-3x1-3", 0},
    {"upsample scale=3x4 mode=bilinear", "2x1-3x2-4", 0},
    {"upsample", "2x2-3x3-4", 0},
};
/* clang-format on */

#endif
