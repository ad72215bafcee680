/* SPDX-License-Identifier: MIT */
/* Workspaces of the GAN, for training and for inference. */
#include "gan/gan_priv.h"

/* ---- training -------------------------------------------------------------------------------- */

static genlat_status allocate_arrays(const genlat_model *model, gnl_gan_work *work)
{
    const gnl_gan *gan = gnl_gan_of(model);
    const genlat_gan_opts *o = &gnl_gan_config_of(model)->opts;
    size_t rows = (size_t)work->base.rows, numbers = rows * (size_t)model->size, real = sizeof(gnl_real);
    size_t draws = rows * (size_t)gan->augment.count;
    size_t transformed = o->noise > 0 || draws ? numbers : 0;
    size_t points = gnl_penalties_need(&gan->penalties) & GNL_NEEDS_POINTS ? numbers : 0;
    const struct {
        void *out;
        size_t count, size;
    } blocks[] = {{&work->z, rows * (size_t)o->latent, real},
                  {&work->condition, rows * (size_t)model->condition, real},
                  {&work->transformed[GNL_REAL], transformed, real},
                  {&work->transformed[GNL_FAKE], transformed, real},
                  {&work->noise, o->noise > 0 || points ? numbers : 0, real},
                  {&work->point, points, real},
                  {&work->draws[GNL_REAL], draws, sizeof(gnl_augment_draw)},
                  {&work->draws[GNL_FAKE], draws, sizeof(gnl_augment_draw)},
                  {&work->doutput[GNL_REAL], rows, real},
                  {&work->doutput[GNL_FAKE], rows, real},
                  {&work->sorted, gnl_gan_is_classifier(gnl_gan_config_of(model)) ? numbers : 0, real},
                  {&work->space, (size_t)gnl_penalties_space(&gan->penalties, model), real}};
    for (size_t i = 0; i < GNL_COUNT(blocks); i++)
        GNL_TRY(gnl_workspace_alloc(&work->base, blocks[i].count, blocks[i].size, blocks[i].out));
    return GENLAT_OK;
}

static genlat_status compile_discriminator(genlat_model *model, gnl_workspace *base, const genlat_exec_opts *opts,
                                           genlat_exec **out)
{
    const int64_t packs = base->rows / gnl_gan_config_of(model)->opts.packing;
    return gnl_workspace_exec(base, NULL, model->net[GNL_DISCRIMINATOR], packs, opts, out);
}

static genlat_status training_fill(genlat_model *model, gnl_workspace *base)
{
    gnl_gan_work *work = (gnl_gan_work *)base;
    const gnl_gan_penalties *all = &gnl_gan_of(model)->penalties;
    const unsigned needs = gnl_penalties_need(all);
    const uint32_t recompute = gnl_gan_config_of(model)->opts.recompute;
    const genlat_exec_opts plain = GNL_EXEC_OPTS(.purpose = GENLAT_EXEC_TRAINING, .recompute = recompute);
    const genlat_exec_opts inputs =
        GNL_EXEC_OPTS(.purpose = GENLAT_EXEC_TRAINING, .recompute = recompute, .input_grads = 1);
    const genlat_exec_opts exact =
        GNL_EXEC_OPTS(.purpose = GENLAT_EXEC_PENALTY, .recompute = recompute, .input_grads = 1);
    const bool real = gnl_penalties_at_samples(all, GNL_REAL) > 0, fake = gnl_penalties_at_samples(all, GNL_FAKE) > 0;
    GNL_TRY(gnl_workspace_exec(base, NULL, model->net[GNL_GENERATOR], base->rows, &plain, &work->generator));
    GNL_TRY(compile_discriminator(model, base, real ? &exact : &plain, &work->side[GNL_REAL]));
    GNL_TRY(compile_discriminator(model, base, fake ? &exact : &inputs, &work->side[GNL_FAKE]));
    if (needs & GNL_NEEDS_EXACT_EXEC)
        GNL_TRY(compile_discriminator(model, base, &exact, &work->exact));
    if (needs & GNL_NEEDS_PLAIN_EXEC)
        GNL_TRY(compile_discriminator(model, base, &plain, &work->plain));
    return allocate_arrays(model, work);
}

const gnl_workspace_type gnl_gan_training = {sizeof(gnl_gan_work), 0, training_fill, NULL};

/* Returns an error if the discriminator does not support exact penalties or recomputation and the model needs them. */
genlat_status gnl_gan_check_training(genlat_model *model)
{
    const bool exact = gnl_penalties_are_exact(&gnl_gan_of(model)->penalties);
    const genlat_exec_opts opts =
        GNL_EXEC_OPTS(.purpose = exact ? GENLAT_EXEC_PENALTY : GENLAT_EXEC_TRAINING,
                      .recompute = gnl_gan_config_of(model)->opts.recompute, .input_grads = 1);
    int64_t bytes = 0;
    genlat_status status = gnl_net_exec_bytes(model->net[GNL_DISCRIMINATOR], 1, &opts, &bytes);
    return status == GENLAT_OK ? status : gnl_fail_in(status, "discriminator");
}

/* ---- inference ------------------------------------------------------------------------------- */

/* The workspace of one net, with its condition. */
typedef struct net_use {
    gnl_workspace base;
    genlat_exec *exec;
    gnl_real *condition; /* [rows,condition] */
} net_use;

static genlat_status use_fill(genlat_model *model, gnl_workspace *base, genlat_net *net, int64_t packing)
{
    net_use *work = (net_use *)base;
    const genlat_exec_opts opts = GNL_EXEC_OPTS(.purpose = GENLAT_EXEC_INFERENCE);
    GNL_TRY(gnl_workspace_exec(base, NULL, net, base->rows, &opts, &work->exec));
    return gnl_workspace_alloc(base, (size_t)(base->rows * packing * model->condition), sizeof(gnl_real),
                               &work->condition);
}

static genlat_status average_fill(genlat_model *model, gnl_workspace *base)
{
    return use_fill(model, base, gnl_gan_of(model)->average[GNL_GENERATOR], 1);
}

static genlat_status raw_fill(genlat_model *model, gnl_workspace *base)
{
    return use_fill(model, base, model->net[GNL_GENERATOR], 1);
}

static genlat_status discriminator_fill(genlat_model *model, gnl_workspace *base)
{
    return use_fill(model, base, model->net[GNL_DISCRIMINATOR], gnl_gan_config_of(model)->opts.packing);
}

static genlat_status classifier_fill(genlat_model *model, gnl_workspace *base)
{
    return use_fill(model, base, gnl_gan_of(model)->average[GNL_DISCRIMINATOR], 1);
}

const gnl_workspace_type gnl_gan_use_average = {sizeof(net_use), GNL_GAN_ROWS, average_fill, NULL};
const gnl_workspace_type gnl_gan_use_raw = {sizeof(net_use), GNL_GAN_ROWS, raw_fill, NULL};
const gnl_workspace_type gnl_gan_use_discriminator = {sizeof(net_use), GNL_GAN_ROWS, discriminator_fill, NULL};
const gnl_workspace_type gnl_gan_use_classifier = {sizeof(net_use), GNL_GAN_ROWS, classifier_fill, NULL};

/* A forward pass on chunks of rows. */
typedef struct run {
    int64_t in_size, out_size, packing; /* packing: label rows per row of the net */
    const gnl_real *in;
    const genlat_tensor *labels;
    gnl_real *out;
} run;

static genlat_status run_chunk(genlat_model *model, gnl_workspace *base, int64_t first, int64_t rows, void *user)
{
    const run *r = user;
    net_use *work = (net_use *)base;
    const gnl_real *in[] = {r->in + first * r->in_size, work->condition};
    if (gnl_gan_condition(gnl_gan_config_of(model)))
        GNL_TRY(gnl_model_fill_condition(model, r->labels, first * r->packing, rows * r->packing, work->condition));
    gnl_exec_forward(work->exec, GNL_EVAL, rows, in);
    memcpy(r->out + first * r->out_size, gnl_exec_output(work->exec, 0),
           (size_t)(rows * r->out_size) * sizeof(gnl_real));
    return GENLAT_OK;
}

genlat_status gnl_gan_decode(genlat_model *model, const gnl_decode *d)
{
    run r = {model->type->latent_size(model), model->size, 1, d->z, d->labels, d->out};
    gnl_gan_refresh(model, GNL_GENERATOR);
    return gnl_model_chunks(model, d->raw ? GNL_GAN_POOL_RAW : GNL_GAN_POOL_AVERAGE, d->rows, run_chunk, &r);
}

const gnl_score *gnl_gan_scores(const genlat_model *model)
{
    static const gnl_score scores[] = {{"discriminator", "negative output of the discriminator"}, {NULL, NULL}};
    return scores;
}

genlat_status gnl_gan_score(genlat_model *model, gnl_score_call *call)
{
    const int64_t rows = call->x->shape.dim[0], packing = gnl_gan_config_of(model)->opts.packing;
    if (packing > 1)
        return gnl_fail(GENLAT_E_UNSUPPORTED, "the discriminator rates packing=%lld samples at once, not single rows",
                        (long long)packing);
    gnl_real *y = gnl_alloc(model->object.ctx, (size_t)rows, sizeof *y);
    run r = {model->size, 1, 1, call->x->data, call->labels, y};
    genlat_status status =
        y ? gnl_model_chunks(model, GNL_GAN_POOL_DISCRIMINATOR, rows, run_chunk, &r) : GENLAT_E_MEMORY;
    for (int64_t i = 0; i < rows && status == GENLAT_OK; i++)
        call->out[i] = -(double)y[i];
    gnl_free(model->object.ctx, y);
    return status;
}

static genlat_status classify_chunk(genlat_model *model, gnl_workspace *base, int64_t first, int64_t rows, void *user)
{
    const run *r = user;
    genlat_exec *exec = ((net_use *)base)->exec;
    gnl_exec_forward(exec, GNL_EVAL, rows, (const gnl_real *[]){r->in + first * r->in_size});
    gnl_exec_compute(exec)->k->softmax(rows, r->out_size, gnl_exec_output(exec, gnl_gan_of(model)->classes_output),
                                       r->out + first * r->out_size);
    return GENLAT_OK;
}

genlat_status gnl_gan_predict(genlat_model *model, const genlat_tensor *x, gnl_real *out)
{
    run r = {model->size, model->condition, 1, x->data, NULL, out};
    gnl_gan_refresh(model, GNL_DISCRIMINATOR);
    return gnl_model_chunks(model, GNL_GAN_POOL_CLASSIFIER, x->shape.dim[0], classify_chunk, &r);
}

genlat_status genlat_gan_discriminate(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels,
                                      genlat_tensor **y)
{
    GNL_ENTER();
    GNL_CHECK(y, "y is NULL");
    *y = NULL;
    GNL_TRY(gnl_model_check_family(model, "gan"));
    GNL_TRY(gnl_model_check_batch(model, x, labels));
    const int64_t packing = gnl_gan_config_of(model)->opts.packing, rows = x->shape.dim[0];
    if (rows % packing)
        return gnl_fail(GENLAT_E_SHAPE, "x has %lld rows, a multiple of packing=%lld expected", (long long)rows,
                        (long long)packing);
    GNL_TRY(gnl_tensor_new(model->object.ctx, &(gnl_shape){1, {rows / packing}}, y));
    genlat_tensor *scaled = NULL;
    genlat_status status = gnl_model_scale(model, &x, &scaled);
    run r = {model->size * packing, 1, packing, x->data, labels, (*y)->data};
    if (status == GENLAT_OK)
        status = gnl_model_chunks(model, GNL_GAN_POOL_DISCRIMINATOR, rows / packing, run_chunk, &r);
    gnl_tensor_release(scaled);
    if (status != GENLAT_OK)
        genlat_tensor_destroy(y);
    return status;
}
