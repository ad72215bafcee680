/* SPDX-License-Identifier: MIT */
/* The gnl_model_type of the predictor. */
#include "predictor/predictor_priv.h"

static const char *const class_terms[] = {"loss", "accuracy", "grad_norm", NULL};
static const char *const vector_terms[] = {"loss", "mse", "grad_norm", NULL};

static gnl_input_list inputs(const gnl_config *config, int net)
{
    return (gnl_input_list){.count = 1, .name = {"x"}, .shape = {config->data}};
}

static genlat_status read_shape(gnl_config *config, genlat_net *const *nets)
{
    config->data = *gnl_net_input_shape(nets[0], 0);
    return GENLAT_OK;
}

static genlat_status make(genlat_model *model)
{
    gnl_predictor *p = gnl_predictor_of(model);
    const gnl_config *c = model->config;
    const genlat_net *net = model->net[0];
    model->terms = c->classes ? class_terms : vector_terms;
    model->part[0].former = ""; /* older files name the moments by the weight only, without the part */
    if ((c->classes > 0) == (c->vector > 0))
        return gnl_fail(GENLAT_E_INVALID,
                        "there are no labels to predict; set either classes or vector in the configuration");
    GNL_TRY(gnl_predictor_loss(model->object.ctx, gnl_predictor_config_of(model), &p->loss, &p->outputs));
    p->dims = c->classes ? 1 : c->vector;
    p->features = gnl_net_find_node(net, "features");
    const int64_t found = gnl_shape_count(gnl_net_output_shape(net, 0));
    if (p->features < 0 || gnl_net_inputs(net) != 1 || found != p->dims * p->outputs)
        return gnl_fail(GENLAT_E_SHAPE,
                        "net: has %d inputs and %lld outputs; 1 input, %lld outputs and a node named features expected",
                        gnl_net_inputs(net), (long long)found, (long long)(p->dims * p->outputs));
    const gnl_input_list in = inputs(c, 0);
    return gnl_model_check_inputs(net, &in, "net");
}

static void release(genlat_model *model)
{
    gnl_loss_release(gnl_predictor_of(model)->loss);
}

static int64_t features(const genlat_model *model)
{
    return gnl_shape_count(gnl_net_node_shape(model->net[0], gnl_predictor_of(model)->features));
}

static unsigned label_use(const gnl_config *config)
{
    return GENLAT_LABEL_PREDICTED;
}

static const gnl_net_slot nets[] = {{"net", 0}, {NULL, 0}};

const gnl_model_type gnl_predictor_type = {
    .name = "predictor",
    .help = "classifier or regression",
    .size = sizeof(gnl_predictor),
    .config = &gnl_predictor_config_type,
    .presets = gnl_predictor_presets,
    .choices = gnl_predictor_choices,
    .choice_keys = gnl_predictor_choice_keys,
    .nets = nets,
    .complete = gnl_predictor_complete,
    .inputs = inputs,
    .read_shape = read_shape,
    .make = make,
    .release = release,
    .training = &gnl_predictor_training,
    .pool = {[GNL_PREDICTOR_POOL] = &gnl_predictor_using},
    .step = gnl_predictor_step,
    .evaluate = gnl_predictor_evaluate,
    .code_size = features,
    .encode = gnl_predictor_encode,
    .predict = gnl_predictor_predict,
    .label_use = label_use,
    .pass_bits = GNL_PREDICTOR_BITS,
};
