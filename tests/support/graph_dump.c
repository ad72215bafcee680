/* SPDX-License-Identifier: MIT */
/* Files for comparison with other programs; all numbers are double. */
#include <stdio.h>
#include <stdlib.h>

#include "io/io.h"
#include "support/graph_dump.h"

enum { MOST_JOBS = 8 };

static void must(genlat_status status)
{
    if (status == GENLAT_OK)
        return;
    printf("%s\n", genlat_last_error());
    exit(EXIT_FAILURE);
}

static void add(gnl_writer *writer, const char *kind, const char *name, const gnl_shape *shape, const gnl_real *data)
{
    char text[128];
    snprintf(text, sizeof text, "%s %s", kind, name);
    must(gnl_writer_add(writer, text, sizeof *data == sizeof(double) ? GNL_DTYPE_F64 : GNL_DTYPE_F32, shape, data));
}

static void add_inputs(const graph_trial *t, gnl_writer *writer)
{
    for (int i = 0; i < t->net->inputs; i++) {
        const gnl_shape shape = gnl_shape_batched(&t->net->node[i].shape, TRIAL_ROWS);
        add(writer, "x", t->net->node[i].name, &shape, t->x[i]);
        add(writer, "tx", t->net->node[i].name, &shape, t->tx[i]);
    }
    for (int i = 0; i < t->net->outputs; i++) {
        const gnl_node *node = &t->net->node[t->net->output[i]];
        const gnl_shape shape = gnl_shape_batched(&node->shape, TRIAL_ROWS);
        add(writer, "dy", node->name, &shape, t->dy[i]);
        add(writer, "dty", node->name, &shape, t->dty[i]);
    }
    add(writer, "dloss", "", &(gnl_shape){1, {TRIAL_ROWS}}, t->dloss);
}

/* Weights before a job. */
static void add_weights(const graph_trial *t, gnl_writer *writer)
{
    for (int i = 0; i < t->net->weights; i++) {
        const gnl_weight *w = &t->net->weight[i];
        add(writer, w->param.state ? "state" : "weight", w->name, &w->param.shape, gnl_net_weight_data(t->net, i));
    }
}

/* The nodes as text, with the indices of their inputs and the owners of their weights. */
static void add_graph(const graph_trial *t, gnl_writer *writer)
{
    char text[GRAPH_TEXT] = "", line[1024];
    for (int n = t->net->inputs; n < t->net->nodes; n++) {
        const gnl_node *node = &t->net->node[n];
        char layer[512];
        must(gnl_layer_format(node->layer, layer, sizeof layer));
        int used = snprintf(line, sizeof line, "%s;%s;%s;", node->name, t->net->node[node->owner].name, layer);
        for (int i = 0; i < node->inputs; i++)
            used += snprintf(line + used, sizeof line - (size_t)used, "%s%s", i ? "," : "",
                             t->net->node[node->input[i]].name);
        strcat(strcat(text, line), "\n");
    }
    must(gnl_writer_meta(writer, "nodes", text));
    text[0] = '\0';
    for (int i = 0; i < t->net->outputs; i++)
        strcat(strcat(text, i ? "," : ""), t->net->node[t->net->output[i]].name);
    must(gnl_writer_meta(writer, "outputs", text));
    text[0] = '\0';
    for (int i = 0; i < t->net->weights; i++)
        if (t->net->weight[i].frozen)
            strcat(strcat(text, t->net->weight[i].name), "\n");
    must(gnl_writer_meta(writer, "frozen", text));
}

/* Results with one dimension: the reader knows the shapes. */
static void add_result(const trial_result *r, const trial_result *expected, int job, gnl_writer *writer)
{
    char kind[16], key[128], text[32];
    snprintf(kind, sizeof kind, "%d", job);
    for (int i = 0; i < r->tensors; i++) {
        add(writer, kind, r->tensor[i].name, &(gnl_shape){1, {r->tensor[i].count}}, r->number + r->tensor[i].at);
        for (int j = 0; j < expected->tensors; j++) {
            if (strcmp(expected->tensor[j].name, r->tensor[i].name) != 0)
                continue;
            snprintf(key, sizeof key, "bound %d %s", job, r->tensor[i].name);
            snprintf(text, sizeof text, "%.17g", expected->tensor[j].bound);
            must(gnl_writer_meta(writer, key, text));
        }
    }
}

static void run_job(const graph_trial *t, const trial_job *job, trial_result *out)
{
    const bool training = job->kind < TRIAL_DUAL;
    genlat_exec_opts opts =
        GNL_EXEC_OPTS(.purpose = training ? GENLAT_EXEC_TRAINING : GENLAT_EXEC_PENALTY, .input_grads = 1);
    char message[TRIAL_MESSAGE];
    genlat_net *net = trial_clone(t, t->net->object.ctx);
    genlat_exec *exec = NULL;
    opts.tile = job->kind == TRIAL_DUAL ? TRIAL_ROWS : 0;
    must(genlat_net_compile(net, TRIAL_ROWS, &opts, &exec));
    if (!trial_run_job(t, job, &(trial_run){.exec = exec}, out, message))
        exit(EXIT_FAILURE);
    genlat_exec_destroy(&exec);
    genlat_net_destroy(&net);
}

static void add_job(const graph_trial *t, const trial_job *job, int index, gnl_writer *writer)
{
    static const char *const kinds[] = {"eval", "train", "dual", "penalty"};
    char key[32], text[128];
    snprintf(key, sizeof key, "job %d", index);
    snprintf(text, sizeof text, "%s,%d,%u,%u,%d,%d,%d,%d,%.17g", kinds[job->kind], (int)job->rows, job->outputs,
             job->tangents, job->penalty.kind, job->penalty.input, job->penalty.output, job->penalty.dloss != NULL,
             job->penalty.weight);
    must(gnl_writer_meta(writer, key, text));
}

void graph_dump(const graph_trial *t, const graph_dumped *jobs, int count, const char *folder)
{
    static trial_result result[MOST_JOBS];
    char path[1024];
    gnl_writer *writer = NULL;
    must(gnl_writer_new(t->net->object.ctx, &writer));
    add_graph(t, writer);
    add_inputs(t, writer);
    add_weights(t, writer);
    for (int i = 0; i < count && i < MOST_JOBS; i++) {
        run_job(t, jobs[i].job, &result[i]);
        add_job(t, jobs[i].job, i, writer);
        add_result(&result[i], jobs[i].expected, i, writer);
    }
    snprintf(path, sizeof path, "%s/graph-%llu.safetensors", folder, (unsigned long long)t->graph.seed);
    must(gnl_writer_write(writer, gnl_output_file(path)));
    gnl_writer_destroy(writer);
}
