/* SPDX-License-Identifier: MIT */
/* Completion of data with missing elements, by any family that can compute them. */
#include "model/model_priv.h"

static const gnl_option options[] = {
    GNL_OPT_INT(genlat_complete_opts, samples, 1000, 1, 100000000, "codes that are drawn for each sample"),
    GNL_OPT_INT(genlat_complete_opts, draws, 0, 0, 10000,
                "completions to draw of each sample; 0: the mean of the missing elements"),
    GNL_OPT_INT(genlat_complete_opts, seed, 0, 0, 0x1p63, "seed of the codes and the draws"),
};
static const gnl_options_table table = {"complete", sizeof(genlat_complete_opts), options, GNL_COUNT(options)};

void genlat_complete_opts_init_sized(genlat_complete_opts *opts, size_t size)
{
    gnl_options_init(&table, opts, size);
}

/* Observed elements stay exactly as they are in x. */
static void keep_observed(const genlat_tensor *x, genlat_tensor *y)
{
    const int64_t count = gnl_shape_count(&x->shape), all = gnl_shape_count(&y->shape);
    for (int64_t i = 0; i < all; i++)
        if (x->data[i % count] == x->data[i % count])
            y->data[i] = x->data[i % count];
}

static genlat_status check(const genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels,
                           const genlat_complete_opts *o)
{
    GNL_TRY(gnl_model_check_batch(model, x, labels));
    if (o->draws * x->shape.dim[0] > INT32_MAX)
        return gnl_fail(GENLAT_E_RANGE, "draws is %lld, at most %lld expected for %lld rows", (long long)o->draws,
                        (long long)(INT32_MAX / x->shape.dim[0]), (long long)x->shape.dim[0]);
    return GENLAT_OK;
}

static genlat_status complete(genlat_model *model, const genlat_tensor *raw, const genlat_tensor *labels,
                              const genlat_complete_opts *o, genlat_tensor **y)
{
    const gnl_shape shape = gnl_shape_batched(&model->config->data, raw->shape.dim[0] * GNL_MAX(o->draws, 1));
    const genlat_tensor *x = raw;
    genlat_tensor *scaled = NULL;
    GNL_TRY(gnl_model_scale_partial(model, &x, &scaled));
    genlat_status status = gnl_tensor_new(model->object.ctx, &shape, y);
    if (status == GENLAT_OK)
        status = model->type->fill_in(model, &(gnl_completion){x, labels, o, (*y)->data});
    gnl_tensor_release(scaled);
    if (status != GENLAT_OK) {
        genlat_tensor_destroy(y);
        return status;
    }
    gnl_model_unscale(model, *y);
    keep_observed(raw, *y);
    return GENLAT_OK;
}

genlat_status genlat_model_complete(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels,
                                    const genlat_complete_opts *opts, genlat_tensor **y)
{
    genlat_complete_opts o;
    GNL_ENTER();
    GNL_CHECK(y, "y is NULL");
    *y = NULL;
    GNL_CHECK(model, "model is NULL");
    if (!model->type->fill_in)
        return gnl_fail(GENLAT_E_UNSUPPORTED,
                        "a %s cannot complete data with missing values; train a vae with "
                        "missing=fill or missing=condition",
                        model->type->name);
    GNL_TRY(gnl_options_take(&table, opts, &o));
    GNL_TRY(check(model, x, labels, &o));
    return complete(model, x, labels, &o, y);
}
