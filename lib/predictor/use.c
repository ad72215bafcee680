/* SPDX-License-Identifier: MIT */
/* Training steps, evaluation, predictions and features of the predictor. */
#include <math.h>

#include "predictor/predictor_priv.h"

/* ---- workspaces ------------------------------------------------------------------------------ */

/* A workspace for training or for inference. */
typedef struct workspace {
    gnl_workspace base;
    genlat_exec *exec;
    double *loss;          /* [rows] */
    gnl_real *predictions; /* [rows,dims] predicted classes or vectors */
} workspace;

static workspace *workspace_of(gnl_workspace *work)
{
    return (workspace *)work;
}

static genlat_status fill(genlat_model *model, gnl_workspace *base, const genlat_exec_opts *opts)
{
    workspace *work = workspace_of(base);
    const size_t rows = (size_t)base->rows;
    GNL_TRY(gnl_workspace_exec(base, NULL, model->net[0], base->rows, opts, &work->exec));
    GNL_TRY(gnl_workspace_alloc(base, rows, sizeof(double), &work->loss));
    return gnl_workspace_alloc(base, rows * (size_t)gnl_predictor_of(model)->dims, sizeof(gnl_real),
                               &work->predictions);
}

static genlat_status fill_training(genlat_model *model, gnl_workspace *base)
{
    const genlat_exec_opts opts = GNL_EXEC_OPTS(.purpose = GENLAT_EXEC_TRAINING);
    return fill(model, base, &opts);
}

/* Keeps the values of all nodes, because features are read from an inner node. */
static genlat_status fill_use(genlat_model *model, gnl_workspace *base)
{
    genlat_exec_opts opts = GNL_EXEC_OPTS(.purpose = GENLAT_EXEC_INFERENCE);
    opts.keep = 1;
    return fill(model, base, &opts);
}

const gnl_workspace_type gnl_predictor_training = {sizeof(workspace), 0, fill_training, NULL};
const gnl_workspace_type gnl_predictor_using = {sizeof(workspace), GNL_PREDICTOR_ROWS, fill_use, NULL};

/* ---- predictions and loss -------------------------------------------------------------------- */

/* Computes the predictions: the most probable class, or the mean. */
static void decode(const gnl_predictor *p, const workspace *work, int64_t rows)
{
    const gnl_loss_decode call = {.compute = *gnl_exec_compute(work->exec),
                                  .rows = rows,
                                  .dims = p->dims,
                                  .parts = p->outputs,
                                  .out = gnl_exec_output(work->exec, 0),
                                  .data = work->predictions};
    gnl_loss_decode_mean(p->loss, &call);
}

/* Computes means over the rows of the last forward pass: loss, then accuracy or squared error. If dout is not NULL,
 * also writes the derivative of the loss to it. */
static void compare(const gnl_predictor *p, const workspace *work, const gnl_real *labels, int64_t rows, gnl_real *dout,
                    double *terms)
{
    const gnl_loss_call call = {.compute = *gnl_exec_compute(work->exec),
                                .rows = rows,
                                .dims = p->dims,
                                .parts = p->outputs,
                                .out = gnl_exec_output(work->exec, 0),
                                .target = labels,
                                .scale = 1 / (double)rows,
                                .nll = work->loss,
                                .dout = dout,
                                .training = dout != NULL};
    gnl_loss_eval(p->loss, &call);
    decode(p, work, rows);
    for (int i = 0; i < GNL_PREDICTOR_TERMS; i++)
        terms[i] = 0;
    for (int64_t i = 0; i < rows; i++)
        terms[0] += work->loss[i] / (double)rows;
    for (int64_t i = 0; i < rows * p->dims; i++) {
        double apart = (double)work->predictions[i] - (double)labels[i];
        terms[1] += (p->model.config->classes ? apart == 0 : apart * apart) / (double)(rows * p->dims);
    }
}

/* ---- a step ---------------------------------------------------------------------------------- */

static genlat_status check_targets(const genlat_model *model, const genlat_tensor *labels)
{
    const gnl_predictor *p = gnl_predictor_of(model);
    return gnl_loss_check_targets(p->loss, p->outputs, gnl_shape_count(&labels->shape), labels->data);
}

/* Runs forward pass, loss, backward pass and update. */
static genlat_status pass(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels, double *terms)
{
    const workspace *work = workspace_of(model->work);
    const int64_t rows = x->shape.dim[0];
    gnl_exec_set_dropout(work->exec, gnl_model_stream(model, GNL_STREAM_DROPOUT, GNL_PREDICTOR_NET));
    gnl_model_zero_grad(model, 0);
    gnl_exec_forward(work->exec, GNL_TRAIN, rows, (const gnl_real *[]){x->data});
    compare(gnl_predictor_of(model), work, labels->data, rows, gnl_exec_output_grad(work->exec, 0), terms);
    if (!isfinite(terms[0]))
        return gnl_fail(GENLAT_E_NUMERIC,
                        "the loss is %g; lower the learning rate, clip gradients, or check the data for invalid values",
                        terms[0]);
    gnl_exec_backward(work->exec, 1, GNL_GRAD_WEIGHTS);
    return gnl_model_update(model, 0);
}

genlat_status gnl_predictor_step(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels,
                                 double *terms)
{
    GNL_TRY(check_targets(model, labels));
    GNL_TRY(gnl_model_want_work(model, x->shape.dim[0]));
    GNL_TRY(gnl_model_save_state(model, 0));
    genlat_status status = pass(model, x, labels, terms);
    if (status != GENLAT_OK) {
        gnl_model_restore_state(model, 0);
        return status;
    }
    terms[2] = gnl_optim_grad_norm(model->optimizer[0].optim);
    model->progress.passes++;
    model->progress.step++;
    return GENLAT_OK;
}

/* ---- evaluation and prediction --------------------------------------------------------------- */

/* Arguments of an operation on chunks of rows. */
typedef struct request {
    const genlat_tensor *x, *labels;
    double *terms; /* results of an evaluation */
    gnl_real *out; /* [rows,width] */
    int64_t width;
} request;

static void forward_chunk(const genlat_model *model, const workspace *work, const request *q, int64_t first,
                          int64_t rows)
{
    gnl_exec_forward(work->exec, GNL_EVAL, rows, (const gnl_real *[]){q->x->data + first * model->size});
}

static genlat_status evaluate_chunk(genlat_model *model, gnl_workspace *base, int64_t first, int64_t rows, void *user)
{
    const request *q = user;
    const gnl_predictor *p = gnl_predictor_of(model);
    double part[GNL_PREDICTOR_TERMS];
    forward_chunk(model, workspace_of(base), q, first, rows);
    compare(p, workspace_of(base), q->labels->data + first * p->dims, rows, NULL, part);
    for (int i = 0; i < GNL_PREDICTOR_TERMS; i++)
        q->terms[i] += part[i] * (double)rows / (double)q->x->shape.dim[0];
    return GENLAT_OK;
}

genlat_status gnl_predictor_evaluate(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels,
                                     uint64_t seed, int64_t first, double *terms)
{
    request q = {.x = x, .labels = labels, .terms = terms};
    GNL_TRY(check_targets(model, labels));
    for (int i = 0; i < GNL_PREDICTOR_TERMS; i++)
        terms[i] = 0;
    return gnl_model_chunks(model, GNL_PREDICTOR_POOL, x->shape.dim[0], evaluate_chunk, &q);
}

static genlat_status predict_chunk(genlat_model *model, gnl_workspace *base, int64_t first, int64_t rows, void *user)
{
    const request *q = user;
    const gnl_predictor *p = gnl_predictor_of(model);
    const workspace *work = workspace_of(base);
    gnl_real *out = q->out + first * q->width;
    forward_chunk(model, work, q, first, rows);
    if (model->config->classes) {
        gnl_exec_compute(work->exec)->k->softmax(rows, p->outputs, gnl_exec_output(work->exec, 0), out);
        return GENLAT_OK;
    }
    decode(p, work, rows);
    memcpy(out, work->predictions, (size_t)(rows * p->dims) * sizeof *out);
    return GENLAT_OK;
}

static genlat_status features_chunk(genlat_model *model, gnl_workspace *base, int64_t first, int64_t rows, void *user)
{
    const request *q = user;
    const workspace *work = workspace_of(base);
    forward_chunk(model, work, q, first, rows);
    memcpy(q->out + first * q->width, gnl_exec_node(work->exec, gnl_predictor_of(model)->features),
           (size_t)(rows * q->width) * sizeof *q->out);
    return GENLAT_OK;
}

genlat_status gnl_predictor_encode(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels,
                                   gnl_real *out)
{
    request q = {.x = x, .out = out, .width = model->type->code_size(model)};
    return gnl_model_chunks(model, GNL_PREDICTOR_POOL, x->shape.dim[0], features_chunk, &q);
}

genlat_status gnl_predictor_predict(genlat_model *model, const genlat_tensor *x, gnl_real *out)
{
    request q = {.x = x, .width = model->condition, .out = out};
    return gnl_model_chunks(model, GNL_PREDICTOR_POOL, x->shape.dim[0], predict_chunk, &q);
}
