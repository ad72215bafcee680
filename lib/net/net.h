/* SPDX-License-Identifier: MIT */
/*
 * net: a graph of layers. builder.c collects it, net.c holds the weights, facts.c and layout.c find which memory a run
 *      needs and when, plan.c where it lies, compile.c makes an exec of that, exec.c runs it, reparam.c makes weights under
 *      spectral or weight norm, check.c compares gradients, store.c saves and loads.
 * Uses: base, kernel, tensor, io, layer.
 * Adding: what a layer needs from a run goes into gnl_step, never into an `if` on its kind here.
 * Tests: tests/unit/test_store.c, tests/grad/test_net.c, test_tile.c, test_penalty.c, tests/golden/.
 */
#ifndef GNL_NET_H
#define GNL_NET_H

#include "io/io.h"
#include "layer/layer.h"
#include "genlat/net.h"

/* ---- nets ------------------------------------------------------------------------------------ */

genlat_net *gnl_net_retain(genlat_net *net);
void gnl_net_release(genlat_net *net);
genlat_status gnl_net_init(genlat_net *net, uint64_t seed, uint64_t substream);
genlat_status gnl_net_want_grad(genlat_net *net); /* allocates the gradients, once */
void gnl_net_zero_grad(genlat_net *net);
int gnl_net_find_weight(const genlat_net *net, const char *name); /* -1: none */
gnl_real *gnl_net_weight_data(const genlat_net *net, int weight); /* value or state */
int64_t gnl_net_size(const genlat_net *net);
/* Text of a node's layer with its builder keys, as the builder reads it. */
genlat_status gnl_net_node_text(const genlat_net *net, int node, char *text, size_t capacity);

/* Appends the lines of genlat_net_describe() after `used` bytes; returns the bytes used, or that would have
 * been. */
size_t gnl_net_describe(const genlat_net *net, char *text, size_t capacity, size_t used);

/* Builds from text as genlat_net_builder_text() reads it, on one input (or more, `inputs` shapes with names).
 */
genlat_status gnl_net_from_text(genlat_ctx *ctx, int inputs, const char *const *names,
                                const gnl_shape *shapes, const char *text, genlat_net **out);

/* Graph as text under the metadata key "genlat.<prefix>net", weights under <prefix> + their names. */
genlat_status gnl_net_write(const genlat_net *net, gnl_writer *writer, const char *prefix);
/* Fills the weights of a net that exists: all of them, or none after an error. */
genlat_status gnl_net_read(genlat_net *net, const gnl_reader *reader, const char *prefix);
/* Builds a net from its graph and fills it. */
genlat_status gnl_net_restore(genlat_ctx *ctx, const gnl_reader *reader, const char *prefix,
                              genlat_net **out);

/* E_STATE with "function: " before it for a net with weights in bfloat16. */
genlat_status gnl_net_check_not_bf16(const genlat_net *net);

/* A net of the same graph with the same numbers in memory of its own. */
genlat_status gnl_net_clone(const genlat_net *net, genlat_net **out);

/* Orthogonal regularization (Brock, Donahue, Simonyan 2019): adds `strength` times the gradient of the sum over weight
 * matrices W (of dense layers and convolutions, one row an output) of |W W^T without its diagonal|^2 / 2 to the net's
 * gradients, and returns that sum. space: as many numbers as gnl_net_orthogonal_space() says. */
int64_t gnl_net_orthogonal_space(const genlat_net *net);
double gnl_net_orthogonal(genlat_net *net, const gnl_compute *compute, double strength, gnl_real *space);

/* ---- the graph ------------------------------------------------------------------------------- */

genlat_ctx *gnl_net_ctx(const genlat_net *net);
int gnl_net_inputs(const genlat_net *net);
const char *gnl_net_input_name(const genlat_net *net, int index);
const gnl_shape *gnl_net_input_shape(const genlat_net *net, int index); /* of one sample */
/* Whether the first output depends on an input. */
genlat_status gnl_net_uses_input(const genlat_net *net, int index, bool *used);
int gnl_net_outputs(const genlat_net *net);
const gnl_shape *gnl_net_output_shape(const genlat_net *net, int index); /* of one sample */
int gnl_net_find_node(const genlat_net *net, const char *name);          /* -1: none */
const gnl_shape *gnl_net_node_shape(const genlat_net *net, int node);
/* The output that a node is, made one if need be; -1 when there is no such node, or there are GENLAT_MAX_OUTPUTS already. */
int gnl_net_want_output(genlat_net *net, const char *name);

#endif
