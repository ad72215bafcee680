/* SPDX-License-Identifier: MIT */
/* genlat info: what a model is, and how far its training is. */
#include <stdio.h>
#include <stdlib.h>

#include "maker.h"

enum { DESCRIPTION = 1 << 20 };

/* What there is to know of a model of any kind. */
typedef struct about {
    int32_t ndim;
    int64_t dims[GENLAT_MAX_DIMS], classes, vector, latent, weights;
    genlat_progress progress;
} about;

static genlat_status ask_vae(genlat_vae *vae, about *a, char *text)
{
    a->latent = genlat_vae_latent(vae);
    a->weights = genlat_net_size(genlat_vae_encoder(vae)) + genlat_net_size(genlat_vae_decoder(vae));
    genlat_status status = genlat_vae_data_shape(vae, &a->ndim, a->dims);
    status = status ? status : genlat_vae_condition(vae, &a->classes, &a->vector);
    status = status ? status : genlat_vae_progress(vae, &a->progress);
    return status ? status : genlat_vae_describe(vae, text, DESCRIPTION);
}

static genlat_status ask_gan(genlat_gan *gan, about *a, char *text)
{
    a->latent = genlat_gan_latent(gan);
    a->weights = genlat_net_size(genlat_gan_generator(gan)) + genlat_net_size(genlat_gan_discriminator(gan));
    genlat_status status = genlat_gan_data_shape(gan, &a->ndim, a->dims);
    status = status ? status : genlat_gan_condition(gan, &a->classes, &a->vector);
    status = status ? status : genlat_gan_progress(gan, &a->progress);
    return status ? status : genlat_gan_describe(gan, text, DESCRIPTION);
}

static genlat_status ask_predictor(genlat_predictor *predictor, about *a, char *text)
{
    a->weights = genlat_net_size(genlat_predictor_net(predictor));
    genlat_status status = genlat_predictor_data_shape(predictor, &a->ndim, a->dims);
    status = status ? status : genlat_predictor_labels(predictor, &a->classes, &a->vector);
    status = status ? status : genlat_predictor_progress(predictor, &a->progress);
    return status ? status : genlat_predictor_describe(predictor, text, DESCRIPTION);
}

static void print_progress(const genlat_progress *p)
{
    printf("\ntraining     ");
    if (p->step == 0)
        printf("none yet\n");
    else
        printf("%lld step%s, %lld epoch%s, %.1f s\n", (long long)p->step, p->step == 1 ? "" : "s",
               (long long)p->epoch, p->epoch == 1 ? "" : "s", p->seconds);
    if (p->best_epoch > 0)
        printf("best         %.6g in validation, after epoch %lld\n", p->best, (long long)p->best_epoch);
}

static json_t *progress_json(const genlat_progress *p)
{
    json_t *object = json_pack("{s:I, s:I, s:o}", "steps", (json_int_t)p->step, "epochs",
                               (json_int_t)p->epoch, "seconds", output_number(p->seconds));
    if (object && p->best_epoch > 0) {
        json_object_set_new(object, "best", output_number(p->best));
        json_object_set_new(object, "best_epoch", json_integer((json_int_t)p->best_epoch));
    }
    return object;
}

static int tell(app_state *app, const char *kind, const about *a, const char *text)
{
    json_t *shape = json_array();
    for (int32_t i = 0; i < a->ndim; i++)
        json_array_append_new(shape, json_integer(a->dims[i]));
    if (!app->opts.json) {
        printf("kind         %s\n%s", kind, text);
        print_progress(&a->progress);
    }
    return output_json(app,
                       json_pack("{s:s, s:I, s:o, s:I, s:I, s:I, s:o, s:s}", "kind", kind, "latent",
                                 (json_int_t)a->latent, "shape", shape, "classes", (json_int_t)a->classes,
                                 "vector", (json_int_t)a->vector, "weights", (json_int_t)a->weights,
                                 "training", progress_json(&a->progress), "description", text));
}

int cmd_info(app_state *app)
{
    maker m = {.vae = NULL};
    about a = {.progress.size = sizeof a.progress};
    char *text = malloc(DESCRIPTION);
    int status = text ? maker_load(app, &m) : app_fail(app, "no memory");
    if (status == APP_OK && (m.vae   ? ask_vae(m.vae, &a, text)
                             : m.gan ? ask_gan(m.gan, &a, text)
                                     : ask_predictor(m.predictor, &a, text)) != GENLAT_OK)
        status = app_fail_library(app);
    if (status == APP_OK)
        status = tell(app, maker_kind(&m), &a, text);
    maker_destroy(&m);
    free(text);
    return status;
}
