/* SPDX-License-Identifier: MIT */
/* Creates a VAE from its configuration and nets: likelihood and latents, and checks that the shapes match. */
#include <math.h>

#include "vae/vae_priv.h"

static genlat_status check_inputs(const genlat_model *model)
{
    for (int net = 0; model->type->nets[net].name; net++) {
        const gnl_input_list in = model->type->inputs(model->config, net);
        GNL_TRY(gnl_model_check_inputs(model->net[net], &in, model->type->nets[net].name));
        GNL_TRY(gnl_model_check_reached(model->net[net], 0, model->type->nets[net].name));
    }
    return GENLAT_OK;
}

static genlat_status check_encoder(const gnl_vae *vae)
{
    const genlat_net *e = vae->model.net[GNL_VAE_ENCODER_NET];
    const gnl_posterior *q = vae->latents->posterior;
    for (int i = 0; i < q->heads; i++) {
        int64_t count = i < gnl_net_outputs(e) ? gnl_shape_count(gnl_net_output_shape(e, i)) : 0;
        if (count != q->head[i].width)
            return gnl_fail(GENLAT_E_SHAPE, "encoder: output %d has %lld numbers, %lld expected for %s of posterior %s",
                            i, (long long)count, (long long)q->head[i].width, q->head[i].name, q->kind.type->name);
    }
    return GENLAT_OK;
}

/* Codes of a latent map belong to its positions. */
static genlat_status check_codes(const gnl_vae *vae)
{
    const gnl_posterior *q = vae->latents->posterior;
    const gnl_shape *map = gnl_net_output_shape(vae->model.net[GNL_VAE_ENCODER_NET], 0);
    const int64_t positions = gnl_shape_count_from(map, 1);
    if (!q->type->codes || map->ndim < 2 || q->codes.count % positions == 0)
        return GENLAT_OK;
    return gnl_fail(GENLAT_E_INVALID,
                    "posterior %s chooses %lld codes for a latent map of %lld positions, a multiple of them expected; "
                    "its codes should have the %lld channels of the map",
                    q->kind.type->name, (long long)q->codes.count, (long long)positions, (long long)map->dim[0]);
}

static genlat_status check_decoder(const gnl_vae *vae)
{
    const genlat_net *d = vae->model.net[GNL_VAE_DECODER_NET];
    const gnl_shape *out = gnl_net_output_shape(d, 0);
    int64_t count = gnl_shape_count(out);
    if (count != vae->model.size * vae->outputs)
        return gnl_fail(GENLAT_E_SHAPE,
                        "decoder: has %lld outputs, %lld for each of the %lld elements of the data expected",
                        (long long)count, (long long)vae->outputs, (long long)vae->model.size);
    genlat_status status = gnl_loss_check_order(vae->loss, out);
    return status == GENLAT_OK ? status : gnl_fail_in(status, "decoder");
}

static genlat_status make_likelihood(gnl_vae *vae)
{
    const gnl_vae_config *c = gnl_vae_config_of(&vae->model);
    GNL_TRY(gnl_loss_parse(vae->model.object.ctx, c->likelihood, &vae->loss));
    vae->outputs = gnl_loss_parts(vae->loss);
    return vae->outputs > 0
               ? GENLAT_OK
               : gnl_fail(GENLAT_E_INVALID, "likelihood is '%s', which is not a likelihood of data", c->likelihood);
}

/* Returns the parameters of the likelihood as a part. They are either all trained or all running statistics. */
static gnl_part likelihood_part(gnl_vae *vae)
{
    const genlat_loss *loss = vae->loss;
    const bool trains = gnl_loss_trains(loss);
    char *name = strcpy(vae->loss_values_name, "values");
    vae->loss_values = (gnl_weight){
        .name = name, .param = {.name = name, .shape = {1, {loss->values}}, .state = !trains}, .count = loss->values};
    gnl_part part = {.name = "likelihood",
                     .former = loss->type->name,
                     .weight = &vae->loss_values,
                     .weights = loss->values > 0,
                     .optimizer = trains ? GNL_VAE_MODEL : -1};
    if (trains) {
        part.value = vae->loss->value;
        part.grad = vae->loss->grad;
        part.values = loss->values;
    } else {
        part.state = vae->loss->value;
        part.states = loss->values;
    }
    return part;
}

static genlat_status make_latents(gnl_vae *vae)
{
    GNL_TRY(gnl_vae_latents_new(vae->model.object.ctx, gnl_vae_config_of(&vae->model), &vae->latents));
    gnl_kind *owner = NULL;
    for (int i = 0; (owner = gnl_latents_owner(vae->latents, i)); i++) {
        const int optimizer = owner->type->adversarial ? GNL_VAE_ADVERSARY : GNL_VAE_MODEL;
        gnl_part part[GNL_MAX_KIND_PARTS];
        const int count = gnl_kind_parts(owner, optimizer, part);
        for (int k = 0; k < count; k++)
            GNL_TRY(gnl_model_add_part(&vae->model, part[k]));
    }
    return GENLAT_OK;
}

/* In the order of genlat_vae_terms. */
static const char *const common[] = {"neg_elbo", "recon", "kl", "objective", "grad_norm", "beta"};

_Static_assert(GNL_COUNT(common) + GNL_MAX_TERMS_ADDED <= GENLAT_MAX_TERMS, "all terms fit");

static const char *const group_names[] = {"kl_1", "kl_2", "kl_3", "kl_4", "kl_5", "kl_6"};

_Static_assert(GNL_COUNT(group_names) == GNL_MAX_GROUPS, "one name for each group");

/* The value of a KL follows from kl and beta. */
static bool is_listed(const gnl_term *t)
{
    return !t->type->is_plain_kl;
}

genlat_status gnl_vae_name_terms(gnl_vae *vae)
{
    const gnl_latents *l = vae->latents;
    size_t count = GNL_COUNT(common);
    memcpy(vae->terms, common, sizeof common);
    for (int i = 0; i < l->terms; i++)
        if (is_listed(l->term[i]))
            vae->terms[count++] = l->term[i]->kind.name;
    if (l->groups > 1 && count + (size_t)l->groups > GENLAT_MAX_TERMS)
        return gnl_fail(GENLAT_E_RANGE,
                        "a step has %zu values and the KL of %d groups, at most %d together expected; use fewer terms",
                        count, l->groups, GENLAT_MAX_TERMS);
    for (int g = 0; l->groups > 1 && g < l->groups; g++)
        vae->terms[count++] = group_names[g];
    vae->model.terms = vae->terms;
    return GENLAT_OK;
}

void gnl_vae_list_terms(const gnl_vae *vae, const gnl_vae_values *values, double *out)
{
    const genlat_vae_terms *t = &values->terms;
    const double all[GNL_COUNT(common)] = {t->neg_elbo, t->recon, t->kl, t->objective, t->grad_norm, t->beta};
    size_t count = GNL_COUNT(common);
    memcpy(out, all, sizeof all);
    for (int i = 0; i < vae->latents->terms; i++)
        if (is_listed(vae->latents->term[i]))
            out[count++] = values->added[i];
    for (int g = 0; vae->latents->groups > 1 && g < vae->latents->groups; g++)
        out[count++] = values->group_kl[g];
}

genlat_status gnl_vae_make(genlat_model *model)
{
    gnl_vae *vae = gnl_vae_of(model);
    GNL_TRY(gnl_vae_check_decoder_inputs(gnl_vae_config_of(model)));
    GNL_TRY(make_likelihood(vae));
    GNL_TRY(gnl_model_add_part(model, likelihood_part(vae)));
    GNL_TRY(make_latents(vae));
    GNL_TRY(gnl_missing_make(model, &vae->missing));
    GNL_TRY(gnl_vae_name_terms(vae));
    GNL_TRY(check_inputs(model));
    GNL_TRY(check_encoder(vae));
    GNL_TRY(check_codes(vae));
    GNL_TRY(check_decoder(vae));
    return gnl_vae_check_causal(model);
}

void gnl_vae_release(genlat_model *model)
{
    gnl_vae *vae = gnl_vae_of(model);
    gnl_latents_free(vae->latents);
    gnl_loss_release(vae->loss);
    gnl_numbers_free(model->object.ctx, &vae->missing.numbers);
}

/* ---- output bias ----------------------------------------------------------------------------- */

/* Returns the last bias of the decoder, which has one element per element of the data or per channel. */
static const gnl_weight *last_bias(const gnl_part *decoder)
{
    for (int i = decoder->weights - 1; i >= 0; i--)
        if (strcmp(decoder->weight[i].param.name, "bias") == 0)
            return &decoder->weight[i];
    return NULL;
}

static gnl_real logit_of_mean(const double *mean, int64_t count)
{
    double total = 0;
    for (int64_t i = 0; i < count; i++)
        total += mean[i];
    double p = GNL_MIN(GNL_MAX(total / (double)count, 1e-3), 1 - 1e-3);
    return (gnl_real)(log(p) - log1p(-p));
}

static genlat_status start_bias(genlat_model *model, const genlat_source *source)
{
    const gnl_part *decoder = &model->part[GNL_VAE_DECODER_NET];
    const gnl_weight *weight = last_bias(decoder);
    const int64_t count = weight ? weight->count : 0;
    gnl_source_stats stats;
    if (strcmp(gnl_vae_config_of(model)->output_bias, "data") != 0)
        return GENLAT_OK;
    if (strcmp(gnl_vae_of(model)->loss->type->name, "bernoulli") != 0 || count < 1 || model->size % count)
        return gnl_fail(GENLAT_E_UNSUPPORTED,
                        "output_bias=data needs likelihood=bernoulli and a decoder whose last layer has a bias");
    GNL_TRY(gnl_source_stats_new(source, &stats));
    gnl_real *bias = decoder->value + weight->offset;
    for (int64_t i = 0; i < count; i++)
        bias[i] = logit_of_mean(stats.mean + i * (model->size / count), model->size / count);
    gnl_source_stats_free(source, &stats);
    return GENLAT_OK;
}

/* ---- kinds that start from the data ---------------------------------------------------------- */

static genlat_status start_kind(const genlat_model *model, const genlat_source *source, gnl_kind *kind)
{
    genlat_ctx *ctx = model->object.ctx;
    const int64_t count = kind->type->examples(kind);
    gnl_real *x = gnl_alloc(ctx, (size_t)count * (size_t)model->size, sizeof *x);
    if (!x)
        return GENLAT_E_MEMORY;
    genlat_status status = gnl_source_examples(source, (uint64_t)gnl_ctx_opts(ctx)->seed, count, x);
    for (int64_t i = 0; status == GENLAT_OK && i < count * model->size; i++)
        x[i] = isnan(x[i]) ? 0 : x[i];
    if (status == GENLAT_OK)
        kind->type->start(kind, x);
    gnl_free(ctx, x);
    return status;
}

genlat_status gnl_vae_start(genlat_model *model, const genlat_source *source)
{
    gnl_kind *kind = NULL;
    GNL_TRY(start_bias(model, source));
    for (int i = 0; (kind = gnl_latents_owner(gnl_vae_of(model)->latents, i)); i++)
        if (kind->type->start)
            GNL_TRY(start_kind(model, source, kind));
    return GENLAT_OK;
}
