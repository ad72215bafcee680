/* SPDX-License-Identifier: MIT */
/* genlat encode: encodes data in batches. A picture shows the latents in a plane, coloured by class. */
#include <string.h>

#include "app.h"

enum { BATCH = 512 };

typedef enum part { PART_MEAN, PART_LOGVAR, PART_SAMPLE, PART_CODES, PARTS } part;

static int find_part(const app_state *app, part *out)
{
    static const char *const names[PARTS] = {"mean", "logvar", "sample", "codes"};
    for (part p = PART_MEAN; p < PARTS; p++) {
        if (strcmp(app->opts.part, names[p]) == 0) {
            *out = p;
            return APP_OK;
        }
    }
    return app_usage(app, "--part is '%s', mean, logvar, sample or codes expected", app->opts.part);
}

/* Encodes samples begin .. end-1 to the rows of z [n,latent]. The first call creates z. */
static int encode_rows(app_state *app, genlat_model *model, genlat_source *source, part what, int64_t begin,
                       int64_t end, int64_t n, genlat_tensor **z)
{
    genlat_tensor *x = NULL, *labels = NULL, *codes = NULL;
    int status = data_read(app, model, source, begin, end, &x, &labels);
    if (status == APP_OK) {
        genlat_status encoded =
            what == PART_SAMPLE   ? genlat_vae_encode_sample(model, x, labels, app_seed(app) + (uint64_t)begin, &codes)
            : what == PART_LOGVAR ? genlat_vae_encode(model, x, labels, NULL, &codes)
            : what == PART_CODES  ? genlat_vae_encode_codes(model, x, labels, &codes)
                                  : genlat_model_encode(model, x, labels, &codes);
        status = encoded == GENLAT_OK ? APP_OK : app_fail_library(app);
    }
    if (status == APP_OK && !*z &&
        genlat_tensor_new(app->ctx, 2, (int64_t[]){n, genlat_tensor_dim(codes, 1)}, z) != GENLAT_OK)
        status = app_fail_library(app);
    if (status == APP_OK)
        memcpy(genlat_tensor_data(*z) + begin * genlat_tensor_dim(codes, 1), genlat_tensor_const_data(codes),
               (size_t)genlat_tensor_count(codes) * sizeof(float));
    genlat_tensor_destroy(&codes);
    genlat_tensor_destroy(&labels);
    genlat_tensor_destroy(&x);
    return status;
}

static int write_latents(app_state *app, genlat_source *source, genlat_tensor *z)
{
    genlat_tensor *x = NULL, *labels = NULL;
    int64_t classes = genlat_source_classes(source);
    genlat_description about = {.size = sizeof about};
    if (genlat_source_description(source, &about) != GENLAT_OK ||
        (classes && genlat_source_read(source, 0, genlat_tensor_dim(z, 0), &x, &labels) != GENLAT_OK))
        return app_fail_library(app);
    int status =
        output_write(app, z, &(output_layout){.latent = true, .labels = labels, .classes = classes, .about = about});
    genlat_tensor_destroy(&labels);
    genlat_tensor_destroy(&x);
    return status;
}

int cmd_encode(app_state *app)
{
    genlat_model *model = NULL;
    genlat_source *source = NULL;
    genlat_tensor *z = NULL;
    part what = PART_MEAN;
    int status = find_part(app, &what);
    if (status == APP_OK)
        status = output_check(app);
    if (status == APP_OK)
        status = model_load(app, &model);
    if (status == APP_OK)
        status = data_open(app, model, &source);
    int64_t count = genlat_source_count(source), n = app->opts.count ? app->opts.count : count;
    if (status == APP_OK && n > count)
        status = app_usage(app, "--count is %lld, but the data have %lld samples", (long long)n, (long long)count);
    for (int64_t begin = 0; begin < n && status == APP_OK; begin += BATCH)
        status = encode_rows(app, model, source, what, begin, begin + BATCH < n ? begin + BATCH : n, n, &z);
    if (status == APP_OK)
        status = write_latents(app, source, z);
    genlat_tensor_destroy(&z);
    genlat_source_destroy(&source);
    genlat_model_destroy(&model);
    return status;
}
