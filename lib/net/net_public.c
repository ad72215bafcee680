/* SPDX-License-Identifier: MIT */
/* The public functions of a net. */
#include "net/net_priv.h"

void genlat_net_destroy(genlat_net **net)
{
    if (!net)
        return;
    gnl_net_release(*net);
    *net = NULL;
}

genlat_status genlat_net_clone(const genlat_net *net, genlat_net **out)
{
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_CHECK(net, "net is NULL");
    return gnl_net_clone(net, out);
}

genlat_status genlat_net_init(genlat_net *net, uint64_t seed)
{
    GNL_ENTER();
    GNL_CHECK(net, "net is NULL");
    GNL_TRY(gnl_net_check_not_bf16(net));
    return gnl_net_init(net, seed, 0);
}

int32_t genlat_net_inputs(const genlat_net *net)
{
    return net ? net->inputs : 0;
}

int32_t genlat_net_outputs(const genlat_net *net)
{
    return net ? net->outputs : 0;
}

static genlat_status copy_shape(const gnl_shape *shape, int32_t *ndim, int64_t *dims)
{
    GNL_CHECK(ndim, "ndim is NULL");
    GNL_CHECK(dims, "dims is NULL");
    *ndim = shape->ndim;
    memcpy(dims, shape->dim, sizeof shape->dim);
    return GENLAT_OK;
}

genlat_status genlat_net_input_shape(const genlat_net *net, int32_t index, int32_t *ndim, int64_t *dims)
{
    GNL_ENTER();
    GNL_CHECK(net, "net is NULL");
    if (index < 0 || index >= net->inputs)
        return gnl_fail(GENLAT_E_RANGE, "index is %d; 0 to %d expected", (int)index, net->inputs - 1);
    return copy_shape(&net->node[index].shape, ndim, dims);
}

genlat_status genlat_net_output_shape(const genlat_net *net, int32_t index, int32_t *ndim, int64_t *dims)
{
    GNL_ENTER();
    GNL_CHECK(net, "net is NULL");
    if (index < 0 || index >= net->outputs)
        return gnl_fail(GENLAT_E_RANGE, "index is %d; 0 to %d expected", (int)index, net->outputs - 1);
    return copy_shape(&net->node[net->output[index]].shape, ndim, dims);
}

int64_t genlat_net_size(const genlat_net *net)
{
    return net ? gnl_net_size(net) : 0;
}

int32_t genlat_net_weights(const genlat_net *net)
{
    return net ? net->weights : 0;
}

const char *genlat_net_weight_name(const genlat_net *net, int32_t index)
{
    return net && index >= 0 && index < net->weights ? net->weight[index].name : NULL;
}

static void release_net(void *net)
{
    gnl_net_release(net);
}

/* Creates a view into an arena of the net. The view keeps the net alive. */
static genlat_status view(genlat_net *net, const gnl_weight *weight, gnl_real *data, genlat_tensor **out)
{
    return gnl_tensor_borrow_from(net->object.ctx, &weight->param.shape, data, gnl_net_retain(net), release_net, out);
}

static genlat_status find(const genlat_net *net, const char *name, int *index)
{
    GNL_CHECK(net, "net is NULL");
    GNL_CHECK(name, "name is NULL");
    *index = gnl_net_find_weight(net, name);
    if (*index >= 0)
        return GENLAT_OK;
    gnl_unknown names = {.word = name};
    for (int i = 0; i < net->weights; i++)
        gnl_unknown_add(&names, net->weight[i].name);
    return gnl_unknown_fail(&names, "unknown weight '%.60s'", name);
}

genlat_status genlat_net_weight(genlat_net *net, const char *name, genlat_tensor **out)
{
    int index = 0;
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_TRY(find(net, name, &index));
    if (net->weight[index].bf16)
        return gnl_fail(GENLAT_E_STATE,
                        "weight '%s' is stored in bfloat16, not float32; use the net that this one was copied from",
                        name);
    return view(net, &net->weight[index], gnl_net_weight_data(net, index), out);
}

genlat_status genlat_net_grad(genlat_net *net, const char *name, genlat_tensor **out)
{
    int index = 0;
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_TRY(find(net, name, &index));
    const gnl_weight *weight = &net->weight[index];
    if (weight->param.state)
        return gnl_fail(GENLAT_E_STATE, "'%s' is a running statistic, which is not trained and has no gradient", name);
    if (net->grad_owner)
        return gnl_fail(GENLAT_E_STATE, "the gradients lie in the workspace of an exec with gradients_in_workspace, "
                                        "where other buffers overwrite them; compile without that option");
    GNL_TRY(gnl_net_want_grad(net));
    return view(net, weight, net->grad + weight->offset, out);
}

genlat_status genlat_net_zero_grad(genlat_net *net)
{
    GNL_ENTER();
    GNL_CHECK(net, "net is NULL");
    gnl_net_zero_grad(net);
    return GENLAT_OK;
}

genlat_status genlat_net_freeze(genlat_net *net, const char *prefix, int32_t frozen)
{
    GNL_ENTER();
    GNL_CHECK(net, "net is NULL");
    GNL_CHECK(prefix, "prefix is NULL");
    const gnl_part part = gnl_part_of_net(net, "", -1);
    if (!gnl_part_freeze(&part, prefix, frozen != 0))
        return gnl_fail(GENLAT_E_NOT_FOUND, "no weight has a name that starts with '%s'", prefix);
    return GENLAT_OK;
}

genlat_status genlat_net_describe(const genlat_net *net, char *text, size_t capacity)
{
    GNL_ENTER();
    GNL_CHECK(net, "net is NULL");
    GNL_CHECK(text || capacity == 0, "text is NULL");
    const size_t used = gnl_net_describe(net, NULL, 0, 0);
    if (used >= capacity)
        return gnl_fail(GENLAT_E_RANGE, "the text needs %zu bytes; capacity is %zu", used + 1, capacity);
    (void)gnl_net_describe(net, text, capacity, 0);
    return GENLAT_OK;
}
