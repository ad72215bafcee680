/* SPDX-License-Identifier: MIT */
/* A model file of any family, with its header, metadata and graphs changed: an error, or a model that can be used,
 * trained, saved and loaded again. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz/driver.h"
#include "fuzz/mutate.h"
#include "genlat/genlat.h"
#include "model/model.h"
#include "net/net_priv.h"
#include "support/families.h"

enum { PREFIX = 8, MOST_HEADER = 1 << 16, ROWS = 4 };

/* Limits that keep an execution short. A file may ask for more, which the library refuses. */
static const int64_t MEMORY = 1 << 22;

static genlat_ctx *context(void)
{
    static genlat_ctx *ctx;
    genlat_ctx_opts opts;
    genlat_ctx_opts_init(&opts);
    opts.memory_limit = MEMORY;
    if (!ctx && genlat_ctx_new(&opts, &ctx) != GENLAT_OK)
        abort();
    return ctx;
}

/* ---- what a loaded model must be ------------------------------------------------------------- */

static void check_part(const gnl_part *part)
{
    for (int i = 0; i < part->weights; i++) {
        const gnl_weight *w = &part->weight[i];
        const int64_t size = w->param.state ? part->states : part->values;
        const bool stored = w->param.state ? part->state != NULL : part->value != NULL;
        if (stored && (w->offset < 0 || w->count < 0 || w->offset > size || w->count > size - w->offset))
            abort();
    }
}

static void check_parts(const genlat_model *model)
{
    for (int i = 0; i < model->parts; i++)
        check_part(&model->part[i]);
}

static genlat_tensor *make_tensor(int32_t ndim, const int64_t *dims)
{
    genlat_tensor *x = NULL;
    if (genlat_tensor_new(context(), ndim, dims, &x) != GENLAT_OK)
        return NULL;
    for (int64_t i = 0; i < genlat_tensor_count(x); i++)
        genlat_tensor_data(x)[i] = (float)(i % 5) / 4;
    return x;
}

static genlat_tensor *make_labels(const genlat_model *model)
{
    int64_t classes = 0, vector = 0;
    if (genlat_model_condition(model, &classes, &vector) != GENLAT_OK)
        abort();
    const int64_t dims[] = {ROWS, vector};
    genlat_tensor *labels = classes || vector ? make_tensor(vector ? 2 : 1, dims) : NULL;
    for (int64_t i = 0; labels && i < genlat_tensor_count(labels); i++)
        genlat_tensor_data(labels)[i] = 0;
    return labels;
}

static void use(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels)
{
    genlat_tensor *out = NULL, *again = NULL;
    genlat_sample_opts opts;
    char text[4096];
    genlat_sample_opts_init(&opts);
    (void)!genlat_model_describe(model, text, sizeof text);
    (void)!genlat_model_sample(model, ROWS, labels, &opts, &out);
    genlat_tensor_destroy(&out);
    if (genlat_model_encode(model, x, labels, &out) == GENLAT_OK)
        (void)!genlat_model_decode(model, out, labels, &again);
    genlat_tensor_destroy(&out);
    genlat_tensor_destroy(&again);
    (void)!genlat_model_step(model, x, labels, NULL);
}

/* Saves what was loaded, and loads that. */
static void check_saved(genlat_model *model)
{
    void *bytes = NULL;
    size_t size = 0;
    genlat_model *again = NULL;
    if (genlat_model_save_memory(model, &bytes, &size) == GENLAT_OK) {
        if (genlat_model_load_memory(context(), bytes, size, &again) != GENLAT_OK &&
            genlat_model_size(model) * 64 < MEMORY) {
            fprintf(stderr, "%s\n", genlat_last_error());
            abort();
        }
        genlat_model_destroy(&again);
    }
    genlat_ctx_free(context(), bytes);
}

/* Loads the model from memory, and for one size in 16 from a file too, which must give the same status. */
static genlat_model *load(const uint8_t *bytes, size_t size)
{
    genlat_model *model = NULL, *same = NULL;
    const genlat_status status = genlat_model_load_memory(context(), bytes, size, &model);
    if ((status == GENLAT_OK) != (model != NULL))
        abort();
    if (size % 16 == 0 && genlat_model_load(context(), fuzz_file(bytes, size), &same) != status)
        abort();
    genlat_model_destroy(&same);
    return model;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    int64_t dims[GENLAT_MAX_DIMS + 1] = {ROWS};
    int32_t ndim = 0;
    genlat_model *model = load(bytes, size);
    if (!model)
        return 0;
    fuzz_accepted++;
    check_parts(model);
    check_saved(model);
    if (genlat_model_data_shape(model, &ndim, dims + 1) != GENLAT_OK)
        abort();
    genlat_tensor *x = make_tensor(ndim + 1, dims), *labels = make_labels(model);
    if (x)
        use(model, x, labels);
    check_parts(model);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
    genlat_model_destroy(&model);
    return 0;
}

/* ---- valid files ----------------------------------------------------------------------------- */

enum { VARIANTS = 3, MOST_SEEDS = 64, MOST_BYTES = 1 << 17 };

static struct stored {
    uint8_t *bytes;
    size_t size;
} seeds[MOST_SEEDS];
static int seed_count;

static void keep_file(const char *path)
{
    if (seed_count == MOST_SEEDS)
        abort();
    struct stored *to = &seeds[seed_count++];
    FILE *file = fopen(path, "rb");
    to->bytes = malloc(MOST_BYTES);
    if (!file || !to->bytes)
        abort();
    to->size = fread(to->bytes, 1, MOST_BYTES, file);
    fclose(file);
    (void)unlink(path);
}

static genlat_status build(const char *family, const char *const *pairs, int64_t classes, genlat_model **out)
{
    genlat_model_builder *builder = NULL;
    if (genlat_model_builder_new(context(), family, &builder) != GENLAT_OK)
        abort();
    if (!pairs)
        family_configure(builder, family);
    for (; pairs && *pairs; pairs += 2)
        genlat_model_builder_set(builder, pairs[0], pairs[1]);
    genlat_model_builder_data(builder, 3, (int64_t[]){1, 4, 4});
    genlat_model_builder_condition(builder, classes, 0);
    return genlat_model_build(&builder, NULL, out);
}

/* A model of a family with the settings of tests/support, or with those of `pairs`. It is conditional on classes if the
 * family can be. */
static genlat_model *make_model(const char *family, const char *const *pairs)
{
    genlat_model *model = NULL;
    if (build(family, pairs, FAMILY_CLASSES, &model) != GENLAT_OK && build(family, pairs, 0, &model) != GENLAT_OK)
        abort();
    return model;
}

static void train(genlat_model *model)
{
    genlat_tensor *x = make_tensor(4, (int64_t[]){ROWS, 1, 4, 4}), *labels = make_labels(model);
    for (int step = 0; step < 3; step++)
        if (genlat_model_step(model, x, labels, NULL) != GENLAT_OK)
            abort();
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
}

/* Stores a new model, one in training, and the export of the latter. */
static void make_files(const char *family, const char *const *pairs)
{
    char path[] = "/tmp/fuzz-model-XXXXXX";
    genlat_model *model = make_model(family, pairs);
    const int fd = mkstemp(path);
    for (int variant = 0; variant < VARIANTS; variant++) {
        if (variant == 1)
            train(model);
        if (fd < 0 || (variant == 2 ? genlat_model_export : genlat_model_save)(model, path) != GENLAT_OK)
            abort();
        keep_file(path);
    }
    close(fd);
    genlat_model_destroy(&model);
}

size_t fuzz_seed(int index, uint8_t *bytes, size_t capacity)
{
    const char *family = NULL;
    const bool begun = seed_count > 0;
    static const char *const steps[] = {"architecture",
                                        "mlp widths=4",
                                        "latent",
                                        "2",
                                        "decoder_inputs",
                                        "previous",
                                        "decoder",
                                        "reshape shape=4x4 from=previous | masked_conv1d channels=4 mask=through | "
                                        "flatten name=p | concat from=z,c | dense units=16 name=d | add from=p,d",
                                        "terms",
                                        "mmd; kl",
                                        NULL};
    for (int32_t i = 0; !begun && (family = genlat_model_family_name(i, NULL)); i++)
        make_files(family, NULL);
    if (!begun)
        make_files("vae", steps);
    if (index >= seed_count || seeds[index].size > capacity)
        return 0;
    memcpy(bytes, seeds[index].bytes, seeds[index].size);
    return seeds[index].size;
}

/* ---- changes --------------------------------------------------------------------------------- */

/* A value of a JSON object, chosen by chance. */
static const char *any_key(fuzz_random *random, json_t *object)
{
    const size_t count = json_object_size(object);
    void *at = json_object_iter(object);
    for (size_t skip = count ? fuzz_draw(random, (uint32_t)count) : 0; skip > 0; skip--)
        at = json_object_iter_next(object, at);
    return at ? json_object_iter_key(at) : NULL;
}

static void change_shape(fuzz_random *random, json_t *shape)
{
    const size_t count = json_array_size(shape), at = count ? fuzz_draw(random, (uint32_t)count) : 0;
    if (fuzz_chance(random, 4) || !count)
        json_array_insert_new(shape, at, json_integer(fuzz_integer(random)));
    else if (fuzz_chance(random, 4))
        json_array_remove(shape, at);
    else
        json_array_set_new(shape, at, json_integer(fuzz_integer(random)));
}

static void change_offsets(fuzz_random *random, json_t *offsets)
{
    const size_t at = fuzz_draw(random, 2);
    const json_int_t now = json_integer_value(json_array_get(offsets, at)), by = (json_int_t)fuzz_draw(random, 9) - 4;
    json_array_set_new(offsets, at, json_integer(fuzz_chance(random, 2) ? now + 4 * by : fuzz_integer(random)));
}

static void change_tensor(fuzz_random *random, json_t *header)
{
    static const char *const types[] = {"F64", "F16", "BF16", "I64", "I32", "U8", "F8_E4M3", ""};
    char *name = strdup(any_key(random, header));
    json_t *tensor = json_object_get(header, name), *copy = json_deep_copy(tensor);
    switch (fuzz_draw(random, 6)) {
    case 0:
        json_object_set_new(tensor, "dtype", json_string(types[fuzz_draw(random, FUZZ_COUNT(types))]));
        break;
    case 1:
        change_shape(random, json_object_get(tensor, "shape"));
        break;
    case 2:
        change_offsets(random, json_object_get(tensor, "data_offsets"));
        break;
    case 3:
        json_object_del(header, name);
        break;
    case 4: /* a new name, perhaps that of another one */
        json_object_set(header, any_key(random, header), copy);
        break;
    default:
        name[fuzz_draw(random, (uint32_t)strlen(name))] = (char)('a' + fuzz_draw(random, 26));
        json_object_set(header, name, copy);
    }
    json_decref(copy);
    free(name);
}

static void change_metadata(fuzz_random *random, json_t *texts)
{
    static char buffer[MOST_HEADER];
    const char *key = any_key(random, texts), *now = key ? json_string_value(json_object_get(texts, key)) : NULL;
    if (!now || strlen(now) >= sizeof buffer)
        return;
    fuzz_text text = {buffer, strlen(now), sizeof buffer};
    strcpy(buffer, now);
    if (fuzz_chance(random, 16)) {
        json_object_del(texts, key);
        return;
    }
    if (fuzz_chance(random, 8))
        snprintf(buffer, sizeof buffer, "%s", json_string_value(json_object_get(texts, any_key(random, texts))));
    else if (strchr(now, '\n') && fuzz_chance(random, 2))
        fuzz_edit_lines(random, &text);
    else
        fuzz_edit_text(random, &text);
    json_object_set_new(texts, key, json_string(buffer)); /* does nothing for text that is not UTF-8 */
}

static json_t *read_header(const uint8_t *bytes, size_t size, size_t *length)
{
    uint64_t stored = 0;
    if (size < PREFIX)
        return NULL;
    memcpy(&stored, bytes, sizeof stored);
    if (stored > size - PREFIX)
        return NULL;
    *length = (size_t)stored;
    json_t *header = json_loadb((const char *)bytes + PREFIX, *length, 0, NULL);
    if (header && json_object_size(header) > 1 && json_is_object(json_object_get(header, "__metadata__")))
        return header;
    json_decref(header);
    return NULL;
}

/* Replaces the header of a file. Returns the new size. */
static size_t write_header(uint8_t *bytes, size_t size, size_t capacity, size_t length, const json_t *header)
{
    char *text = json_dumps(header, JSON_COMPACT);
    const uint64_t stored = text ? strlen(text) : 0;
    const size_t data = size - PREFIX - length, now = PREFIX + stored + data;
    if (text && now <= capacity) {
        memmove(bytes + PREFIX + stored, bytes + PREFIX + length, data);
        memcpy(bytes + PREFIX, text, stored);
        memcpy(bytes, &stored, sizeof stored);
        size = now;
    }
    free(text);
    return size;
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t capacity, unsigned seed)
{
    fuzz_random random = fuzz_random_make(seed);
    size_t length = 0;
    json_t *header = read_header(bytes, size, &length);
    if (!header || fuzz_chance(&random, 64)) {
        json_decref(header);
        return fuzz_any_seed(&random, bytes, capacity);
    }
    if (fuzz_chance(&random, 16)) { /* the numbers */
        bytes[size - 1 - fuzz_draw(&random, (uint32_t)(size - PREFIX - length + 1))] = (uint8_t)fuzz_draw(&random, 256);
        size -= fuzz_chance(&random, 8) ? fuzz_draw(&random, (uint32_t)(size - PREFIX - length + 1)) : 0;
    } else {
        if (fuzz_chance(&random, 3))
            change_tensor(&random, header);
        else
            change_metadata(&random, json_object_get(header, "__metadata__"));
        size = write_header(bytes, size, capacity, length, header);
    }
    json_decref(header);
    return size;
}
