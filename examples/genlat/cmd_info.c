/* SPDX-License-Identifier: MIT */
/* genlat info: prints the description of a model and the progress of its training. */
#include <stdio.h>
#include <stdlib.h>

#include "app.h"

enum { DESCRIPTION = 1 << 20 };

static void print_progress(const genlat_progress *p)
{
    printf("\n%-17s", "training");
    if (p->step == 0)
        printf("none yet\n");
    else
        printf("%lld step%s, %lld epoch%s, %.1f s\n", (long long)p->step, p->step == 1 ? "" : "s", (long long)p->epoch,
               p->epoch == 1 ? "" : "s", p->seconds);
    if (p->held_out > 0)
        printf("%-17s%lld samples of the training data, for validation\n", "held out", (long long)p->held_out);
    if (p->best_epoch > 0)
        printf("%-17s%.6g in validation, after epoch %lld\n", "best", p->best, (long long)p->best_epoch);
}

static json_t *progress_json(const genlat_progress *p)
{
    json_t *object = json_pack("{s:I, s:I, s:o}", "steps", (json_int_t)p->step, "epochs", (json_int_t)p->epoch,
                               "seconds", output_number(p->seconds));
    if (object && p->held_out > 0)
        json_object_set_new(object, "held_out", json_integer((json_int_t)p->held_out));
    if (object && p->best_epoch > 0) {
        json_object_set_new(object, "best", output_number(p->best));
        json_object_set_new(object, "best_epoch", json_integer((json_int_t)p->best_epoch));
    }
    return object;
}

static json_t *shape_json(const genlat_model *model)
{
    int32_t ndim = 0;
    int64_t dims[GENLAT_MAX_DIMS];
    json_t *shape = json_array();
    if (genlat_model_data_shape(model, &ndim, dims) == GENLAT_OK)
        for (int32_t i = 0; i < ndim; i++)
            json_array_append_new(shape, json_integer(dims[i]));
    return shape;
}

static int print_info(app_state *app, const genlat_model *model, const genlat_progress *progress, const char *text)
{
    const char *family = genlat_model_family(model);
    if (!app->opts.json) {
        printf("%-17s%s\n%s", "family", family, text);
        print_progress(progress);
    }
    return output_json(app, json_pack("{s:s, s:I, s:o, s:I, s:I, s:I, s:o, s:s}", "family", family, "latent",
                                      (json_int_t)genlat_model_latent(model), "shape", shape_json(model), "classes",
                                      (json_int_t)model_classes(model), "vector", (json_int_t)model_vector(model),
                                      "weights", (json_int_t)genlat_model_size(model), "training",
                                      progress_json(progress), "description", text));
}

int cmd_info(app_state *app)
{
    genlat_model *model = NULL;
    genlat_progress progress = {.size = sizeof progress};
    char *text = malloc(DESCRIPTION);
    int status = text ? model_load(app, &model) : app_fail(app, "out of memory");
    if (status == APP_OK && (genlat_model_describe(model, text, DESCRIPTION) != GENLAT_OK ||
                             genlat_model_progress(model, &progress) != GENLAT_OK))
        status = app_fail_library(app);
    if (status == APP_OK)
        status = print_info(app, model, &progress, text);
    genlat_model_destroy(&model);
    free(text);
    return status;
}
