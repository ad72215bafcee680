/* SPDX-License-Identifier: MIT */
/* Copies a net for inference and stores the weights of its dense layers in bfloat16: 2 bytes each instead of 4. */
#include "net/net_priv.h"

/* The arenas of the copy: their sizes, and the offset of each weight. */
typedef struct layout {
    int64_t values, bf16;
    int64_t *offset;
} layout;

static void compute_layout(const genlat_net *net, layout *to)
{
    for (int i = 0; i < net->weights; i++) {
        const gnl_weight *w = &net->weight[i];
        int64_t *arena = w->param.bf16 ? &to->bf16 : &to->values;
        to->offset[i] = w->offset;
        if (w->param.state)
            continue;
        to->offset[i] = *arena;
        *arena += gnl_padded(w->count);
    }
}

static void move_weights(genlat_net *net, const layout *to, gnl_real *value, uint16_t *bf16)
{
    for (int i = 0; i < net->weights; i++) {
        gnl_weight *w = &net->weight[i];
        const gnl_real *from = gnl_net_weight_data(net, i);
        if (w->param.bf16)
            gnl_bf16_round(w->count, from, bf16 + to->offset[i]);
        else if (!w->param.state)
            memcpy(value + to->offset[i], from, (size_t)w->count * sizeof *from);
    }
    for (int i = 0; i < net->weights; i++) {
        net->weight[i].offset = to->offset[i];
        net->weight[i].bf16 = net->weight[i].param.bf16;
    }
}

/* Converts the weights in place. Nothing else may refer to the net. */
static genlat_status convert_dense_weights(genlat_net *net)
{
    genlat_ctx *ctx = net->object.ctx;
    layout to = {.offset = gnl_calloc(ctx, (size_t)net->weights, sizeof *to.offset)};
    if (!to.offset)
        return GENLAT_E_MEMORY;
    compute_layout(net, &to);
    gnl_real *value = gnl_calloc(ctx, (size_t)to.values, sizeof *value);
    uint16_t *bf16 = gnl_calloc(ctx, (size_t)to.bf16, sizeof *bf16);
    genlat_status status = value && bf16 ? GENLAT_OK : GENLAT_E_MEMORY;
    if (status == GENLAT_OK) {
        move_weights(net, &to, value, bf16);
        gnl_free(ctx, net->value);
        net->value = value;
        net->values = to.values;
        net->bf16 = bf16;
    } else {
        gnl_free(ctx, value);
        gnl_free(ctx, bf16);
    }
    gnl_free(ctx, to.offset);
    return status;
}

genlat_status genlat_net_bfloat16(const genlat_net *net, genlat_net **out)
{
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_CHECK(net, "net is NULL");
    genlat_status status = gnl_net_clone(net, out);
    if (status == GENLAT_OK)
        status = convert_dense_weights(*out);
    if (status == GENLAT_OK)
        return GENLAT_OK;
    if (*out)
        gnl_net_release(*out);
    *out = NULL;
    return status;
}
