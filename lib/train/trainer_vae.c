/* SPDX-License-Identifier: MIT */
/* What the trainer offers for VAEs. */
#include "train/train_priv.h"

genlat_status genlat_trainer_vae(genlat_vae *vae, genlat_source *train, genlat_source *valid,
                                 const genlat_train_opts *opts, genlat_trainer **out)
{
    const char *where = "genlat_trainer_vae";
    GNL_REQUIRE(out, where, "out is NULL");
    *out = NULL;
    GNL_REQUIRE(vae, where, "vae is NULL");
    GNL_REQUIRE(train, where, "train is NULL");
    return gnl_trainer_new(gnl_vae_model(vae), train, valid, opts, where, out);
}

genlat_status genlat_vae_fit(genlat_vae *vae, genlat_source *source, const genlat_train_opts *opts)
{
    const char *where = "genlat_vae_fit";
    genlat_trainer *trainer = NULL;
    GNL_REQUIRE(vae, where, "vae is NULL");
    GNL_REQUIRE(source, where, "source is NULL");
    GNL_TRY(gnl_trainer_new(gnl_vae_model(vae), source, NULL, opts, where, &trainer));
    genlat_status status = gnl_trainer_run(trainer);
    gnl_trainer_release(trainer);
    return status;
}

/* ---- evaluation ------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    size_t offset;
} fields[] = {
    {"neg_elbo", offsetof(genlat_vae_terms, neg_elbo)},
    {"recon", offsetof(genlat_vae_terms, recon)},
    {"kl", offsetof(genlat_vae_terms, kl)},
    {"objective", offsetof(genlat_vae_terms, objective)},
    {"grad_norm", offsetof(genlat_vae_terms, grad_norm)},
    {"beta", offsetof(genlat_vae_terms, beta)},
};

/* A caller of an earlier version has room for fewer terms. */
static void give_terms(const char *const *names, const double *values, genlat_vae_terms *out)
{
    for (int i = 0; names[i]; i++)
        for (size_t f = 0; f < GNL_COUNT(fields); f++)
            if (strcmp(names[i], fields[f].name) == 0 && fields[f].offset + sizeof(double) <= out->size)
                memcpy((char *)out + fields[f].offset, &values[i], sizeof(double));
}

genlat_status genlat_vae_evaluate(genlat_vae *vae, genlat_source *source, int64_t batch, uint64_t seed,
                                  genlat_vae_terms *terms)
{
    const char *where = "genlat_vae_evaluate";
    double values[GNL_MAX_TERMS];
    GNL_REQUIRE(vae, where, "vae is NULL");
    GNL_REQUIRE(source, where, "source is NULL");
    GNL_REQUIRE(terms, where, "terms is NULL");
    GNL_REQUIRE(terms->size >= sizeof terms->size, where, "terms has no size; set it to sizeof *terms first");
    if (batch < 1 || batch > 1000000000)
        return gnl_fail(GENLAT_E_RANGE, "%s: batch is %lld, 1 to 10^9 wanted", where, (long long)batch);
    gnl_model *model = gnl_vae_model(vae);
    GNL_TRY(gnl_evaluate(model, source, batch, seed, where, values));
    give_terms(model->type->terms, values, terms);
    return GENLAT_OK;
}
