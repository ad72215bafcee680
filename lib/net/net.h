/* SPDX-License-Identifier: MIT */
/*
 * net: graphs of layers. builder.c builds a graph; net.c owns its weights; store.c saves and loads them. facts.c and
 *      layout.c determine which buffers an exec needs and when; plan.c places them in one arena; compile.c creates the
 *      exec; exec.c runs it. reparam.c computes weights under spectral or weight norm; check.c compares gradients.
 * Uses: base, kernel, tensor, io, layer.
 * Adding: what a layer needs from a call is passed in gnl_step. This module never tests for a kind of layer.
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
/* Sets lengths and biases of the layers with weight norm so that each output has mean 0 and standard deviation 1 on
 * the rows of x, one layer after the other. Layers without bias stay as they are. */
genlat_status gnl_net_init_by_data(genlat_net *net, int64_t rows, const gnl_real *const *x, gnl_rng noise);
genlat_status gnl_net_want_grad(genlat_net *net); /* allocates the gradients, unless there are any */
void gnl_net_zero_grad(genlat_net *net);
int gnl_net_find_weight(const genlat_net *net, const char *name); /* index, or -1 */
gnl_real *gnl_net_weight_data(const genlat_net *net, int weight); /* values or states */
int64_t gnl_net_size(const genlat_net *net);                      /* trained numbers */
/* Appends the lines of genlat_net_describe() at byte `used`. Returns the length of the whole text, which may exceed
 * the capacity. */
size_t gnl_net_describe(const genlat_net *net, char *text, size_t capacity, size_t used);

/* Builds a net from text in the syntax of genlat_net_builder_text(), with `inputs` named inputs. */
genlat_status gnl_net_from_text(genlat_ctx *ctx, int inputs, const char *const *names, const gnl_shape *shapes,
                                const char *text, genlat_net **out);

/* Writes the graph as text, under the metadata key "genlat.<prefix>net", and each weight under <prefix> + its name. */
genlat_status gnl_net_write(const genlat_net *net, gnl_writer *writer, const char *prefix);
/* Reads the weights of an existing net. After an error, no weight has changed. */
genlat_status gnl_net_read(genlat_net *net, const gnl_reader *reader, const char *prefix);
/* Builds a net from a stored graph and reads its weights. */
genlat_status gnl_net_restore(genlat_ctx *ctx, const gnl_reader *reader, const char *prefix, genlat_net **out);

/* Returns E_STATE if the net has weights in bfloat16. */
genlat_status gnl_net_check_not_bf16(const genlat_net *net);

/* Copies a net: same graph, same numbers, separate memory. */
genlat_status gnl_net_clone(const genlat_net *net, genlat_net **out);

/* Orthogonal regularization (Brock, Donahue, Simonyan 2019). R is the sum of |W W^T without its diagonal|^2 / 2 over
 * the weight matrices W of dense layers and convolutions, which have one row per output. Adds `strength` times the
 * gradient of R to the net's gradients and returns R. space: workspace of gnl_net_orthogonal_space() numbers. */
int64_t gnl_net_orthogonal_space(const genlat_net *net);
double gnl_net_orthogonal(genlat_net *net, const gnl_compute *compute, double strength, gnl_real *space);

/* ---- the graph ------------------------------------------------------------------------------- */

genlat_ctx *gnl_net_ctx(const genlat_net *net);
int gnl_net_inputs(const genlat_net *net);
const char *gnl_net_input_name(const genlat_net *net, int index);
const gnl_shape *gnl_net_input_shape(const genlat_net *net, int index); /* of one sample */
/* Stores whether the first output depends on an input. */
genlat_status gnl_net_uses_input(const genlat_net *net, int index, bool *used);
int gnl_net_outputs(const genlat_net *net);
const gnl_shape *gnl_net_output_shape(const genlat_net *net, int index); /* of one sample */
int gnl_net_find_node(const genlat_net *net, const char *name);          /* index, or -1 */
const gnl_shape *gnl_net_node_shape(const genlat_net *net, int node);
/* Returns the index of the output that a node is, and adds the node to the outputs if it is none. Returns -1 for an
 * unknown node, and if the net already has GENLAT_MAX_OUTPUTS outputs. */
int gnl_net_want_output(genlat_net *net, const char *name);

#endif
