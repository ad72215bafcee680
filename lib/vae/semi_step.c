/* SPDX-License-Identifier: MIT */
/*
 * Training steps and evaluation of the semi-supervised VAE. A sample with a label is one pair (x,y), a sample without
 * one is a pair with each class. The pairs are the rows of encoder and decoder. Let L(x,y) be -log p(x|y,z) - log p(y)
 * + KL. The bound of a sample is L(x,y) if it has a label, else the mean of L under q(y|x) minus the entropy of q(y|x).
 * The loss of a batch is the mean bound plus the weighted mean cross-entropy of the labels.
 */
#include <math.h>

#include "vae/semi_priv.h"

enum { USE_ROWS = 64, PREDICT_ROWS = 512 };

/* ---- workspaces ------------------------------------------------------------------------------ */

typedef struct semi_work {
    gnl_workspace base;
    int64_t most; /* pairs */
    genlat_exec *classifier, *encoder, *decoder;
    gnl_real *x;         /* [pairs,size] */
    gnl_real *condition; /* [pairs,classes] */
    int64_t *row;        /* [pairs] sample of each pair */
    int64_t *first;      /* [rows+1] first pair of each sample */
    double *weight;      /* [pairs] probability of the class: q(y|x), or 1 for a label */
    double *cost;        /* [pairs] L */
    double *log_q;       /* [rows,classes] log q(y|x) */
    gnl_code code;
} semi_work;

static semi_work *work_of(gnl_workspace *base)
{
    return (semi_work *)base;
}

static genlat_status allocate(const genlat_model *model, semi_work *w)
{
    const size_t rows = (size_t)w->base.rows, pairs = (size_t)w->most, classes = (size_t)model->condition;
    GNL_TRY(gnl_workspace_alloc(&w->base, pairs * (size_t)model->size, sizeof *w->x, &w->x));
    GNL_TRY(gnl_workspace_alloc(&w->base, pairs * classes, sizeof *w->condition, &w->condition));
    GNL_TRY(gnl_workspace_alloc(&w->base, pairs, sizeof *w->row, &w->row));
    GNL_TRY(gnl_workspace_alloc(&w->base, rows + 1, sizeof *w->first, &w->first));
    GNL_TRY(gnl_workspace_alloc(&w->base, pairs, sizeof *w->weight, &w->weight));
    GNL_TRY(gnl_workspace_alloc(&w->base, pairs, sizeof *w->cost, &w->cost));
    return gnl_workspace_alloc(&w->base, rows * classes, sizeof *w->log_q, &w->log_q);
}

static genlat_status fill(genlat_model *model, gnl_workspace *base, bool training)
{
    semi_work *w = work_of(base);
    const gnl_latents *latents = gnl_vae_of(model)->latents;
    genlat_net *encoder = model->net[GNL_VAE_ENCODER_NET], *decoder = model->net[GNL_VAE_DECODER_NET];
    genlat_exec_opts opts = GNL_EXEC_OPTS(.purpose = training ? GENLAT_EXEC_TRAINING : GENLAT_EXEC_INFERENCE);
    opts.recompute = training ? gnl_vae_config_of(model)->opts.recompute : 0;
    w->most = base->rows * model->condition;
    const gnl_latent_env env = {base->ctx, w->most, 1, training, encoder, decoder};
    GNL_TRY(gnl_workspace_exec(base, NULL, model->net[GNL_SEMI_CLASSIFIER_NET], base->rows, &opts, &w->classifier));
    GNL_TRY(gnl_workspace_exec(base, NULL, encoder, w->most, &opts, &w->encoder));
    opts.input_grads = training;
    GNL_TRY(gnl_workspace_exec(base, NULL, decoder, w->most, &opts, &w->decoder));
    GNL_TRY(gnl_code_new(latents, &env, &w->code));
    w->code.compute = *gnl_exec_compute(w->encoder);
    for (int i = 0; i < latents->posterior->heads; i++) {
        w->code.head[i] = gnl_exec_output(w->encoder, i);
        w->code.dhead[i] = training ? gnl_exec_output_grad(w->encoder, i) : NULL;
    }
    w->code.dz = training ? gnl_exec_input_grad(w->decoder, 0) : NULL;
    return allocate(model, w);
}

static genlat_status fill_training(genlat_model *model, gnl_workspace *base)
{
    return fill(model, base, true);
}

static genlat_status fill_use(genlat_model *model, gnl_workspace *base)
{
    return fill(model, base, false);
}

static genlat_status fill_predictions(genlat_model *model, gnl_workspace *base)
{
    const genlat_exec_opts opts = GNL_EXEC_OPTS(.purpose = GENLAT_EXEC_INFERENCE);
    return gnl_workspace_exec(base, NULL, model->net[GNL_SEMI_CLASSIFIER_NET], base->rows, &opts,
                              &work_of(base)->classifier);
}

static void clear(genlat_model *model, gnl_workspace *base)
{
    if (gnl_vae_of(model)->latents)
        gnl_code_free(gnl_vae_of(model)->latents, &work_of(base)->code);
}

const gnl_workspace_type gnl_semi_training = {sizeof(semi_work), 0, fill_training, clear};
const gnl_workspace_type gnl_semi_using = {sizeof(semi_work), USE_ROWS, fill_use, clear};
const gnl_workspace_type gnl_semi_predicting = {sizeof(semi_work), PREDICT_ROWS, fill_predictions, NULL};

/* ---- samples and pairs ------------------------------------------------------------------------- */

/* A pass over one batch. */
typedef struct pass {
    genlat_model *model;
    semi_work *work;
    const gnl_real *x, *labels; /* labels: NULL if there are none */
    int64_t rows, classes;
    bool training;
} pass;

static int64_t label_of(const pass *p, int64_t row)
{
    return p->labels ? (int64_t)p->labels[row] : GNL_UNLABELLED;
}

static void add_pair(const pass *p, int64_t pair, int64_t row, int64_t class)
{
    semi_work *w = p->work;
    const int64_t size = p->model->size;
    w->row[pair] = row;
    memcpy(w->x + pair * size, p->x + row * size, (size_t)size * sizeof *w->x);
    for (int64_t c = 0; c < p->classes; c++)
        w->condition[pair * p->classes + c] = c == class;
    w->weight[pair] = label_of(p, row) == GNL_UNLABELLED ? exp(w->log_q[row * p->classes + class]) : 1;
}

static void list_pairs(const pass *p)
{
    int64_t count = 0;
    for (int64_t r = 0; r < p->rows; r++) {
        const int64_t label = label_of(p, r);
        p->work->first[r] = count;
        for (int64_t c = 0; c < p->classes; c++)
            if (label == GNL_UNLABELLED || label == c)
                add_pair(p, count++, r, c);
    }
    p->work->first[p->rows] = p->work->code.rows = count;
}

/* ---- forward ----------------------------------------------------------------------------------- */

/* Computes log q(y|x) from the logits of the classifier. */
static void log_softmax(int64_t rows, int64_t classes, const gnl_real *logit, double *out)
{
    for (int64_t r = 0; r < rows; r++, logit += classes, out += classes) {
        double top = (double)logit[0], total = 0;
        for (int64_t c = 1; c < classes; c++)
            top = fmax(top, (double)logit[c]);
        for (int64_t c = 0; c < classes; c++)
            total += exp((double)logit[c] - top);
        for (int64_t c = 0; c < classes; c++)
            out[c] = (double)logit[c] - top - log(total);
    }
}

static gnl_mode mode_of(const pass *p)
{
    return p->training ? GNL_TRAIN : GNL_EVAL;
}

static void set_dropout(const pass *p)
{
    gnl_exec_set_dropout(p->work->encoder, gnl_model_stream(p->model, GNL_STREAM_DROPOUT, GNL_VAE_ENCODER));
    gnl_exec_set_dropout(p->work->decoder, gnl_model_stream(p->model, GNL_STREAM_DROPOUT, GNL_VAE_DECODER));
    gnl_exec_set_dropout(p->work->classifier, gnl_model_stream(p->model, GNL_STREAM_DROPOUT, GNL_VAE_CLASSIFIER));
}

static void encode(const pass *p)
{
    semi_work *w = p->work;
    const gnl_real *value[GNL_FEEDS] = {[GNL_FEED_X] = w->x, [GNL_FEED_C] = w->condition};
    gnl_exec_forward(w->classifier, mode_of(p), p->rows, (const gnl_real *[]){p->x});
    log_softmax(p->rows, p->classes, gnl_exec_output(w->classifier, 0), w->log_q);
    list_pairs(p);
    gnl_vae_forward(gnl_vae_config_of(p->model), GNL_VAE_ENCODER_NET, w->encoder, mode_of(p), w->code.rows, value);
}

/* Samples the codes from code.noise, decodes them, and computes the cost of each pair, in training with the derivatives
 * of the decoder's output. */
static void decode(const pass *p)
{
    semi_work *w = p->work;
    const gnl_vae *vae = gnl_vae_of(p->model);
    const gnl_latents *l = vae->latents;
    const gnl_real *value[GNL_FEEDS] = {[GNL_FEED_Z] = w->code.z, [GNL_FEED_C] = w->condition};
    gnl_latents_draw(l, &w->code);
    gnl_vae_forward(gnl_vae_config_of(p->model), GNL_VAE_DECODER_NET, w->decoder, mode_of(p), w->code.rows, value);
    const gnl_loss_call call = {.compute = *gnl_exec_compute(w->decoder),
                                .rows = w->code.rows,
                                .dims = p->model->size,
                                .parts = vae->outputs,
                                .out = gnl_exec_output(w->decoder, 0),
                                .target = w->x,
                                .scale = 1 / (double)p->rows,
                                .weight = w->weight,
                                .nll = w->code.nll,
                                .dout = p->training ? gnl_exec_output_grad(w->decoder, 0) : NULL,
                                .training = p->training};
    gnl_loss_eval(vae->loss, &call);
    (void)gnl_latents_kl(l, &w->code);
}

/* ---- the loss ---------------------------------------------------------------------------------- */

static double beta_of(const genlat_model *model)
{
    return gnl_vae_config_of(model)->opts.beta * gnl_model_factor(model, GNL_VAE_BETA_SCHEDULE);
}

/* Stores L of each pair with a weight of the KL. */
static void fill_costs(const pass *p, double beta)
{
    semi_work *w = p->work;
    for (int64_t i = 0; i < w->code.rows; i++)
        w->cost[i] = w->code.nll[i] + beta * w->code.kl[i] + log((double)p->classes);
}

/* Returns the bound of a sample: L, or the mean of L under q(y|x) minus the entropy of q(y|x). */
static double bound_of(const pass *p, int64_t row)
{
    const semi_work *w = p->work;
    const bool labelled = label_of(p, row) != GNL_UNLABELLED;
    double total = 0;
    for (int64_t i = w->first[row]; i < w->first[row + 1]; i++) {
        const double log_q = labelled ? 0 : w->log_q[row * p->classes + i - w->first[row]];
        total += w->weight[i] * (w->cost[i] + log_q);
    }
    return total;
}

static double mean_bound(const pass *p, double beta)
{
    double total = 0;
    fill_costs(p, beta);
    for (int64_t r = 0; r < p->rows; r++)
        total += bound_of(p, r);
    return total / (double)p->rows;
}

/* Computes mean cross-entropy and accuracy of the samples with labels. Returns their number. */
static int64_t compare_labels(const pass *p, double *loss, double *accuracy)
{
    int64_t count = 0;
    double sum = 0, right = 0;
    const gnl_real *logits = gnl_exec_output(p->work->classifier, 0);
    for (int64_t r = 0; r < p->rows; r++) {
        const double *log_q = p->work->log_q + r * p->classes;
        const int64_t label = label_of(p, r);
        if (label == GNL_UNLABELLED)
            continue;
        sum -= log_q[label];
        right += gnl_model_most_probable(logits + r * p->classes, p->classes) == label;
        count++;
    }
    if (count) {
        *loss = sum / (double)count;
        *accuracy = right / (double)count;
    }
    return count;
}

/* Computes all terms but the norm of the gradient. Returns the number of samples with labels. Afterwards the costs are
 * those of the loss. */
static int64_t compute_terms(const pass *p, double *terms)
{
    const gnl_semi *semi = gnl_semi_of(p->model);
    const int64_t labelled = compare_labels(p, &terms[2], &terms[3]);
    terms[1] = mean_bound(p, 1);
    terms[0] = mean_bound(p, beta_of(p->model)) + (labelled ? semi->label_weight * terms[2] : 0);
    return labelled;
}

/* ---- backward ---------------------------------------------------------------------------------- */

/* Writes the derivatives of the loss by the logits of the classifier. */
static void logit_slopes(const pass *p, int64_t labelled)
{
    const semi_work *w = p->work;
    const double share = labelled ? gnl_semi_of(p->model)->label_weight / (double)labelled : 0;
    gnl_real *out = gnl_exec_output_grad(w->classifier, 0);
    for (int64_t r = 0; r < p->rows; r++) {
        const int64_t label = label_of(p, r);
        const double *log_q = w->log_q + r * p->classes, mean = bound_of(p, r);
        for (int64_t c = 0; c < p->classes; c++) {
            const double q = exp(log_q[c]);
            out[r * p->classes + c] =
                (gnl_real)(label != GNL_UNLABELLED
                               ? share * (q - (c == label))
                               : q * (w->cost[w->first[r] + c] + log_q[c] - mean) / (double)p->rows);
        }
    }
}

static void backward(const pass *p, int64_t labelled)
{
    semi_work *w = p->work;
    const gnl_latents *l = gnl_vae_of(p->model)->latents;
    const double factor = beta_of(p->model) / (double)p->rows;
    logit_slopes(p, labelled);
    gnl_exec_backward(w->decoder, 1, GNL_GRAD_WEIGHTS | GNL_GRAD_INPUTS);
    gnl_latents_kl_backward(l, &w->code, factor, w->weight, GNL_BY_Z);
    gnl_latents_draw_backward(l, &w->code);
    gnl_latents_kl_backward(l, &w->code, factor, w->weight, GNL_BY_HEADS);
    gnl_latents_complete_gradients(l, &w->code);
    gnl_exec_backward(w->encoder, (1u << l->posterior->heads) - 1, GNL_GRAD_WEIGHTS);
    gnl_exec_backward(w->classifier, 1, GNL_GRAD_WEIGHTS);
}

/* ---- a step ------------------------------------------------------------------------------------ */

static void forward_training(const pass *p)
{
    const gnl_latents *l = gnl_vae_of(p->model)->latents;
    gnl_code *code = &p->work->code;
    gnl_rng rng = gnl_model_stream(p->model, GNL_STREAM_NOISE, GNL_VAE_NOISE);
    set_dropout(p);
    encode(p);
    gnl_fill_normal(&code->compute, &rng, code->rows * l->posterior->noise, code->noise);
    decode(p);
}

static genlat_status run_step(pass *p, double *terms)
{
    gnl_semi *semi = gnl_semi_of(p->model);
    terms[2] = semi->last[0]; /* a batch without labels repeats the terms of the last one with labels */
    terms[3] = semi->last[1];
    gnl_model_zero_grad(p->model, GNL_VAE_MODEL);
    forward_training(p);
    const int64_t labelled = compute_terms(p, terms);
    if (!isfinite(terms[0]))
        return gnl_fail(GENLAT_E_NUMERIC,
                        "the loss is %g; lower the learning rate, clip gradients, or check the data for invalid values",
                        terms[0]);
    backward(p, labelled);
    GNL_TRY(gnl_model_update(p->model, GNL_VAE_MODEL));
    gnl_latents_after_step(semi->vae.latents, &p->work->code);
    semi->last[0] = terms[2];
    semi->last[1] = terms[3];
    return GENLAT_OK;
}

static pass pass_of(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels)
{
    return (pass){.model = model,
                  .x = x->data,
                  .labels = labels ? labels->data : NULL,
                  .rows = x->shape.dim[0],
                  .classes = model->condition};
}

genlat_status gnl_semi_step(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels, double *terms)
{
    pass p = pass_of(model, x, labels);
    GNL_TRY(gnl_model_check_classes(model, labels));
    GNL_TRY(gnl_model_check_support(model, p.rows, p.x));
    GNL_TRY(gnl_model_want_work(model, p.rows));
    GNL_TRY(gnl_model_save_state(model, 0));
    p.work = work_of(model->work);
    p.training = true;
    genlat_status status = run_step(&p, terms);
    if (status != GENLAT_OK) {
        gnl_model_restore_state(model, 0);
        return status;
    }
    terms[4] = gnl_optim_grad_norm(model->optimizer[GNL_VAE_MODEL].optim);
    model->progress.passes++;
    model->progress.step++;
    return GENLAT_OK;
}

/* ---- evaluation -------------------------------------------------------------------------------- */

typedef struct evaluation {
    const genlat_tensor *x, *labels;
    uint64_t seed;
    int64_t first;    /* index of the first row in the source */
    int64_t labelled; /* samples with labels so far */
    double *terms;
} evaluation;

/* The codes of all pairs of a sample come from the random substream of its index. */
static void fill_noise(const evaluation *e, const pass *p, int64_t begin)
{
    const int64_t noise = gnl_vae_of(p->model)->latents->posterior->noise;
    semi_work *w = p->work;
    for (int64_t r = 0; r < p->rows; r++) {
        gnl_rng rng = gnl_rng_make(e->seed, GNL_STREAM_EVAL, (uint64_t)(e->first + begin + r));
        gnl_rng_fill_normal(&rng, w->code.noise + w->first[r] * noise, (w->first[r + 1] - w->first[r]) * noise);
    }
}

static genlat_status evaluate_chunk(genlat_model *model, gnl_workspace *base, int64_t begin, int64_t rows, void *user)
{
    evaluation *e = user;
    double terms[GNL_SEMI_TERMS] = {0};
    pass p = {.model = model,
              .work = work_of(base),
              .x = e->x->data + begin * model->size,
              .labels = e->labels ? e->labels->data + begin : NULL,
              .rows = rows,
              .classes = model->condition};
    encode(&p);
    fill_noise(e, &p, begin);
    decode(&p);
    const int64_t labelled = compute_terms(&p, terms);
    e->terms[1] += terms[1] * (double)rows;
    e->terms[0] += (terms[0] - (labelled ? gnl_semi_of(model)->label_weight * terms[2] : 0)) * (double)rows;
    e->terms[2] += terms[2] * (double)labelled;
    e->terms[3] += terms[3] * (double)labelled;
    e->labelled += labelled;
    return GENLAT_OK;
}

genlat_status gnl_semi_evaluate(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels, uint64_t seed,
                                int64_t first, double *terms)
{
    evaluation e = {.x = x, .labels = labels, .seed = seed, .first = first, .terms = terms};
    const double rows = (double)x->shape.dim[0];
    GNL_TRY(gnl_model_check_classes(model, labels));
    for (int i = 0; i < GNL_SEMI_TERMS; i++)
        terms[i] = 0;
    GNL_TRY(gnl_model_chunks(model, GNL_SEMI_POOL, x->shape.dim[0], evaluate_chunk, &e));
    terms[0] /= rows;
    terms[1] /= rows;
    terms[2] /= (double)e.labelled; /* NaN without labels */
    terms[3] /= (double)e.labelled;
    terms[0] += e.labelled ? gnl_semi_of(model)->label_weight * terms[2] : 0;
    return GENLAT_OK;
}

/* ---- prediction -------------------------------------------------------------------------------- */

typedef struct prediction {
    const gnl_real *x;
    gnl_real *out; /* [rows,classes] */
} prediction;

static genlat_status predict_chunk(genlat_model *model, gnl_workspace *base, int64_t first, int64_t rows, void *user)
{
    const prediction *q = user;
    genlat_exec *exec = work_of(base)->classifier;
    gnl_exec_forward(exec, GNL_EVAL, rows, (const gnl_real *[]){q->x + first * model->size});
    gnl_exec_compute(exec)->k->softmax(rows, model->condition, gnl_exec_output(exec, 0),
                                       q->out + first * model->condition);
    return GENLAT_OK;
}

genlat_status gnl_semi_predict(genlat_model *model, const genlat_tensor *x, gnl_real *out)
{
    prediction q = {x->data, out};
    return gnl_model_chunks(model, GNL_SEMI_PREDICTIONS, x->shape.dim[0], predict_chunk, &q);
}
