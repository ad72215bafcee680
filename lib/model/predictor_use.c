/* SPDX-License-Identifier: MIT */
/* Steps of the predictor, and its answers. Each call that only asks borrows a desk, so that any number of threads can
 * use one predictor at once. */
#include <math.h>

#include "model/predictor_priv.h"

/* ---- desks ----------------------------------------------------------------------------------- */

void gnl_predictor_desk_free(genlat_ctx *ctx, gnl_predictor_desk *desk)
{
    gnl_exec_release(desk->exec);
    gnl_free(ctx, desk->loss);
    gnl_free(ctx, desk->means);
    *desk = (gnl_predictor_desk){NULL, NULL, NULL};
}

static genlat_status desk_make(genlat_predictor *p, int64_t rows, uint32_t purpose, gnl_predictor_desk *desk)
{
    genlat_ctx *ctx = p->model.object.ctx;
    genlat_exec_opts opts = gnl_exec_opts(purpose, false);
    opts.keep = purpose == GENLAT_EXEC_INFERENCE;
    GNL_TRY(gnl_net_compile(p->net, rows, &opts, &desk->exec));
    desk->loss = gnl_alloc(ctx, (size_t)rows, sizeof *desk->loss);
    desk->means = gnl_alloc(ctx, (size_t)(rows * p->dims), sizeof *desk->means);
    return desk->loss && desk->means ? GENLAT_OK : GENLAT_E_MEMORY;
}

static genlat_status desk_new(genlat_predictor *p, int64_t rows, uint32_t purpose, gnl_predictor_desk *out)
{
    gnl_predictor_desk desk = {NULL, NULL, NULL};
    genlat_status status = desk_make(p, rows, purpose, &desk);
    if (status == GENLAT_OK)
        *out = desk;
    else
        gnl_predictor_desk_free(p->model.object.ctx, &desk);
    return status;
}

static int64_t room(const gnl_predictor_desk *desk)
{
    return desk->exec ? desk->exec->capacity : 0;
}

static genlat_status want_work(genlat_predictor *p, int64_t rows)
{
    gnl_predictor_desk desk;
    if (room(&p->work) >= rows)
        return GENLAT_OK;
    GNL_TRY(desk_new(p, rows, GENLAT_EXEC_TRAINING, &desk));
    gnl_predictor_desk_free(p->model.object.ctx, &p->work);
    p->work = desk;
    return GENLAT_OK;
}

static genlat_status borrow(genlat_predictor *p, int64_t rows, gnl_predictor_desk *out)
{
    rows = GNL_MIN(rows, (int64_t)GNL_PREDICTOR_CHUNK);
    pthread_mutex_lock(&p->lock);
    bool serves = room(&p->idle) >= rows;
    if (serves) {
        *out = p->idle;
        p->idle = (gnl_predictor_desk){NULL, NULL, NULL};
    }
    pthread_mutex_unlock(&p->lock);
    return serves ? GENLAT_OK : desk_new(p, rows, GENLAT_EXEC_INFERENCE, out);
}

/* The larger of two that have come back is kept. */
static void give_back(genlat_predictor *p, gnl_predictor_desk *desk)
{
    pthread_mutex_lock(&p->lock);
    gnl_predictor_desk kept = p->idle;
    bool better = room(&kept) < room(desk);
    p->idle = better ? *desk : kept;
    pthread_mutex_unlock(&p->lock);
    gnl_predictor_desk_free(p->model.object.ctx, better ? &kept : desk);
}

/* ---- what an answer is worth ----------------------------------------------------------------- */

/* What is answered: the most probable class, or the mean. */
static void decode(const genlat_predictor *p, const gnl_predictor_desk *desk, int64_t rows)
{
    const gnl_loss_decode call = {.compute = desk->exec->compute,
                                  .rows = rows,
                                  .dims = p->dims,
                                  .parts = p->parts,
                                  .out = gnl_exec_output(desk->exec, 0),
                                  .data = desk->means};
    gnl_loss_decode_mean(p->loss, &call);
}

/* Means over the rows of the last forward pass: loss, then accuracy or squared error. Derivatives are left in the net's
 * output gradient where the desk is for training. */
static void judge(genlat_predictor *p, const gnl_predictor_desk *desk, const gnl_real *labels, int64_t rows,
                  double *terms)
{
    bool training = desk->exec->opts.purpose == GENLAT_EXEC_TRAINING;
    const gnl_loss_call call = {.compute = desk->exec->compute,
                                .rows = rows,
                                .dims = p->dims,
                                .parts = p->parts,
                                .out = gnl_exec_output(desk->exec, 0),
                                .target = labels,
                                .scale = 1 / (double)rows,
                                .nll = desk->loss,
                                .dout = training ? gnl_exec_output_grad(desk->exec, 0) : NULL,
                                .training = training};
    gnl_loss_eval(p->loss, &call);
    decode(p, desk, rows);
    terms[0] = terms[1] = terms[2] = 0;
    for (int64_t i = 0; i < rows; i++)
        terms[0] += desk->loss[i] / (double)rows;
    for (int64_t i = 0; i < rows * p->dims; i++) {
        double apart = (double)desk->means[i] - (double)labels[i];
        terms[1] += (p->recipe.classes ? apart == 0 : apart * apart) / (double)(rows * p->dims);
    }
}

/* ---- a step ---------------------------------------------------------------------------------- */

static genlat_status check_data(const genlat_predictor *p, const genlat_tensor *x, const char *where)
{
    GNL_REQUIRE(p, where, "predictor is NULL");
    GNL_REQUIRE(x, where, "x is NULL");
    GNL_TRY(gnl_tensor_check_rows(x, &p->recipe.data, where, "x"));
    return x->shape.dim[0] > 0 ? GENLAT_OK : gnl_fail(GENLAT_E_SHAPE, "%s: x has no rows", where);
}

static genlat_status check_labels(const genlat_predictor *p, const genlat_tensor *labels, int64_t rows,
                                  const char *where)
{
    GNL_TRY(gnl_model_check_labels(&p->model, labels, rows, where));
    return gnl_loss_check_targets(p->loss, p->parts, rows * p->dims, labels->data, where);
}

/* Forward, loss and backward. */
static genlat_status pass(genlat_predictor *p, const genlat_tensor *x, const genlat_tensor *labels,
                          double *terms, const char *where)
{
    int64_t rows = x->shape.dim[0];
    genlat_exec *exec = p->work.exec;
    uint64_t seed = (uint64_t)gnl_ctx_opts(p->model.object.ctx)->seed;
    exec->dropout = gnl_rng_make(seed, GNL_STREAM_DROPOUT, (uint64_t)p->model.progress.passes);
    gnl_net_zero_grad(p->net);
    gnl_exec_forward(exec, true, rows, (const gnl_real *[]){x->data});
    judge(p, &p->work, labels->data, rows, terms);
    if (!isfinite(terms[0]))
        return gnl_fail(
            GENLAT_E_NUMERIC,
            "%s: the loss is %g; lower the learning rate, clip gradients, or look for bad values in the "
            "data",
            where, terms[0]);
    gnl_exec_backward(exec, 1, GNL_GRAD_WEIGHTS);
    if (p->lr_schedule)
        gnl_optim_set_lr(p->optim, p->lr * gnl_schedule_value(p->lr_schedule, p->model.progress.step));
    genlat_status status = gnl_optim_step(p->optim);
    return status == GENLAT_OK ? status : gnl_fail_in(status, "%s", where);
}

genlat_status gnl_predictor_step(genlat_predictor *p, const genlat_tensor *x, const genlat_tensor *labels,
                                 double *terms, const char *where)
{
    size_t states = (size_t)p->net->states * sizeof *p->saved_state;
    GNL_TRY(check_labels(p, labels, x->shape.dim[0], where));
    GNL_TRY(want_work(p, x->shape.dim[0]));
    memcpy(p->saved_state, p->net->state, states);
    genlat_status status = pass(p, x, labels, terms, where);
    if (status != GENLAT_OK) {
        memcpy(p->net->state, p->saved_state, states);
        return status;
    }
    terms[2] = gnl_optim_grad_norm(p->optim);
    p->model.progress.passes++;
    p->model.progress.step++;
    return GENLAT_OK;
}

/* ---- answers --------------------------------------------------------------------------------- */

genlat_status gnl_predictor_evaluate(genlat_predictor *p, const genlat_tensor *x, const genlat_tensor *labels,
                                     double *terms, const char *where)
{
    int64_t all = x->shape.dim[0];
    gnl_predictor_desk desk;
    GNL_TRY(check_labels(p, labels, all, where));
    GNL_TRY(borrow(p, all, &desk));
    memset(terms, 0, 3 * sizeof *terms);
    for (int64_t first = 0; first < all; first += room(&desk)) {
        double part[3];
        int64_t rows = GNL_MIN(room(&desk), all - first);
        gnl_exec_forward(desk.exec, false, rows, (const gnl_real *[]){x->data + first * p->size});
        judge(p, &desk, labels->data + first * p->dims, rows, part);
        for (int i = 0; i < 2; i++)
            terms[i] += part[i] * (double)rows / (double)all;
    }
    give_back(p, &desk);
    return GENLAT_OK;
}

/* What is wanted of each sample. */
typedef void answer_fn(const genlat_predictor *p, const gnl_predictor_desk *desk, int64_t rows,
                       gnl_real *out);

static void give_answer(const genlat_predictor *p, const gnl_predictor_desk *desk, int64_t rows,
                        gnl_real *out)
{
    if (p->recipe.classes) {
        desk->exec->compute.k->softmax(rows, p->parts, gnl_exec_output(desk->exec, 0), out);
        return;
    }
    decode(p, desk, rows);
    memcpy(out, desk->means, (size_t)(rows * p->dims) * sizeof *out);
}

static void give_features(const genlat_predictor *p, const gnl_predictor_desk *desk, int64_t rows,
                          gnl_real *out)
{
    int64_t width = gnl_shape_count(&p->net->node[p->features].shape);
    memcpy(out, desk->exec->buffer[p->features].value.base, (size_t)(rows * width) * sizeof *out);
}

static genlat_status answer(genlat_predictor *p, const genlat_tensor *x, int64_t width, answer_fn *give,
                            genlat_tensor **y)
{
    int64_t all = x->shape.dim[0];
    const gnl_shape shape = {2, {all, width}};
    gnl_predictor_desk desk;
    GNL_TRY(gnl_tensor_new(p->model.object.ctx, &shape, y));
    genlat_status status = borrow(p, all, &desk);
    if (status != GENLAT_OK) {
        genlat_tensor_destroy(y);
        return status;
    }
    for (int64_t first = 0; first < all; first += room(&desk)) {
        int64_t rows = GNL_MIN(room(&desk), all - first);
        gnl_exec_forward(desk.exec, false, rows, (const gnl_real *[]){x->data + first * p->size});
        give(p, &desk, rows, (*y)->data + first * width);
    }
    give_back(p, &desk);
    return GENLAT_OK;
}

/* ---- public ---------------------------------------------------------------------------------- */

genlat_status genlat_predictor_step(genlat_predictor *predictor, const genlat_tensor *x,
                                    const genlat_tensor *labels, genlat_predictor_terms *terms)
{
    const char *where = "genlat_predictor_step";
    double values[3];
    GNL_TRY(check_data(predictor, x, where));
    GNL_REQUIRE(!terms || terms->size >= sizeof *terms, where, "terms: its size is not set");
    GNL_TRY(gnl_predictor_step(predictor, x, labels, values, where));
    if (terms)
        gnl_predictor_terms(predictor, values, terms);
    return GENLAT_OK;
}

void gnl_predictor_terms(const genlat_predictor *predictor, const double *values, genlat_predictor_terms *out)
{
    bool classes = predictor->recipe.classes > 0;
    out->loss = values[0];
    out->accuracy = classes ? values[1] : (double)NAN;
    out->mse = classes ? (double)NAN : values[1];
    out->grad_norm = values[2];
}

genlat_status genlat_predictor_predict(genlat_predictor *predictor, const genlat_tensor *x, genlat_tensor **y)
{
    const char *where = "genlat_predictor_predict";
    GNL_REQUIRE(y, where, "y is NULL");
    *y = NULL;
    GNL_TRY(check_data(predictor, x, where));
    int64_t width = predictor->recipe.classes + predictor->recipe.vector;
    return answer(predictor, x, width, give_answer, y);
}

genlat_status genlat_predictor_features(genlat_predictor *predictor, const genlat_tensor *x,
                                        genlat_tensor **y)
{
    const char *where = "genlat_predictor_features";
    GNL_REQUIRE(y, where, "y is NULL");
    *y = NULL;
    GNL_TRY(check_data(predictor, x, where));
    int64_t width = gnl_shape_count(&predictor->net->node[predictor->features].shape);
    return answer(predictor, x, width, give_features, y);
}
