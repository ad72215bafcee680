/* SPDX-License-Identifier: MIT */
/* What the trainer offers for predictors. */
#include "train/train_priv.h"

genlat_status genlat_trainer_predictor(genlat_predictor *predictor, genlat_source *train,
                                       genlat_source *valid, const genlat_train_opts *opts,
                                       genlat_trainer **out)
{
    const char *where = "genlat_trainer_predictor";
    GNL_REQUIRE(out, where, "out is NULL");
    *out = NULL;
    GNL_REQUIRE(predictor, where, "predictor is NULL");
    GNL_REQUIRE(train, where, "train is NULL");
    return gnl_trainer_new(gnl_predictor_model(predictor), train, valid, opts, where, out);
}

genlat_status genlat_predictor_fit(genlat_predictor *predictor, genlat_source *source,
                                   const genlat_train_opts *opts)
{
    const char *where = "genlat_predictor_fit";
    genlat_trainer *trainer = NULL;
    GNL_REQUIRE(predictor, where, "predictor is NULL");
    GNL_REQUIRE(source, where, "source is NULL");
    GNL_TRY(gnl_trainer_new(gnl_predictor_model(predictor), source, NULL, opts, where, &trainer));
    genlat_status status = gnl_trainer_run(trainer);
    gnl_trainer_release(trainer);
    return status;
}

genlat_status genlat_predictor_evaluate(genlat_predictor *predictor, genlat_source *source, int64_t batch,
                                        genlat_predictor_terms *terms)
{
    const char *where = "genlat_predictor_evaluate";
    double values[GNL_MAX_TERMS];
    GNL_REQUIRE(predictor, where, "predictor is NULL");
    GNL_REQUIRE(source, where, "source is NULL");
    GNL_REQUIRE(terms, where, "terms is NULL");
    GNL_REQUIRE(terms->size >= sizeof *terms, where, "terms: its size is not set");
    if (batch < 1 || batch > 1000000000)
        return gnl_fail(GENLAT_E_RANGE, "%s: batch is %lld, 1 to 10^9 wanted", where, (long long)batch);
    GNL_TRY(gnl_evaluate(gnl_predictor_model(predictor), source, batch, 0, where, values));
    gnl_predictor_terms(predictor, values, terms);
    return GENLAT_OK;
}
