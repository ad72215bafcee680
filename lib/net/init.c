/* SPDX-License-Identifier: MIT */
/* Initial values of the weights. */
#include "net/net_priv.h"

/* Each weight draws from its own substream, so that a layer added at the end does not change the other weights. */
genlat_status gnl_net_init(genlat_net *net, uint64_t seed, uint64_t substream)
{
    for (int i = 0; i < net->weights; i++) {
        const gnl_weight *w = &net->weight[i];
        gnl_rng rng = gnl_rng_make(seed, GNL_STREAM_INIT, substream << 16 | (uint64_t)i);
        GNL_TRY(gnl_init_fill(net->object.ctx, &w->param.init, &rng, &w->param.shape, gnl_net_weight_data(net, i)));
        gnl_param_clear_unused(&w->param, gnl_net_weight_data(net, i));
    }
    for (int i = 0; i < net->weights; i++)
        gnl_reparam_init(net, &net->weight[i]);
    return GENLAT_OK;
}
