/* SPDX-License-Identifier: MIT */
/* Graphs as text, changed by their grammar: an error, or a net that its own text describes and that computes. The first
 * lines are inputs, such as "input x 3x8". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/driver.h"
#include "fuzz/mutate.h"
#include "genlat/genlat.h"
#include "net/exec.h"
#include "net/net_priv.h"

enum { MOST_TEXT = 1 << 15, ROWS = 3, MOST_NODES = 100 };

/* Limits that keep an execution short. Larger nets are refused by the library, and larger execs are not made. */
static const int64_t MEMORY = 1 << 20;

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

/* ---- a net from text ------------------------------------------------------------------------- */

/* Adds the input of a line such as "input x 3x8". */
static void add_input(genlat_net_builder *builder, const char *line)
{
    char name[80] = "";
    int64_t dims[GENLAT_MAX_DIMS];
    int32_t ndim = 0;
    int used = 0;
    (void)sscanf(line, "input %79s %n", name, &used);
    for (const char *at = line + used; used && ndim < GENLAT_MAX_DIMS && *at != '\n'; at += *at == 'x') {
        char *end = NULL;
        dims[ndim] = strtoll(at, &end, 10);
        if (end == at)
            break;
        ndim++;
        at = end;
    }
    genlat_net_builder_input(builder, name, ndim, dims);
}

static genlat_net *make_net(const char *text)
{
    genlat_net_builder *builder = NULL;
    genlat_net *net = NULL;
    if (genlat_net_builder_new(context(), &builder) != GENLAT_OK)
        abort();
    for (; strncmp(text, "input ", 6) == 0; text += *text == '\n') {
        add_input(builder, text);
        text += strcspn(text, "\n");
    }
    genlat_net_builder_text(builder, text);
    const genlat_status status = genlat_net_build(&builder, &net);
    if (builder || (status == GENLAT_OK) != (net != NULL))
        abort();
    return net;
}

static void check_weights(const genlat_net *net)
{
    for (int i = 0; i < net->weights; i++) {
        const gnl_weight *w = &net->weight[i];
        const int64_t size = w->param.state ? net->states : net->values;
        if (w->offset < 0 || w->count < 0 || w->offset > size || w->count > size - w->offset)
            abort();
    }
}

/* Builds the net again from the text of its nodes. */
static void check_text(const genlat_net *net)
{
    genlat_net *again = NULL;
    if (gnl_net_clone(net, &again) != GENLAT_OK) {
        if (strstr(genlat_last_error(), "memory") || strstr(genlat_last_error(), "bytes"))
            return; /* the limit, or a line that is too long */
        fprintf(stderr, "%s\n", genlat_last_error());
        abort();
    }
    if (again->nodes != net->nodes || again->weights != net->weights || again->values != net->values)
        abort();
    for (int i = 0; i < net->nodes; i++)
        if (!gnl_shape_equal(&net->node[i].shape, &again->node[i].shape))
            abort();
    gnl_net_release(again);
}

/* ---- passes ---------------------------------------------------------------------------------- */

static void run_exec(genlat_exec *exec, genlat_net *net, const gnl_real *const *x)
{
    gnl_exec_forward(exec, GNL_EVAL, 1, x);
    gnl_exec_forward(exec, GNL_TRAIN, ROWS, x);
    for (int i = 0; i < gnl_net_outputs(net); i++)
        memset(gnl_exec_output_grad(exec, i), 0,
               (size_t)(ROWS * gnl_shape_count(gnl_net_output_shape(net, i))) * sizeof **x);
    gnl_exec_backward(exec, 1, GNL_GRAD_WEIGHTS | GNL_GRAD_INPUTS);
}

static void compute(genlat_net *net)
{
    static const genlat_exec_opts all[] = {
        {.size = sizeof *all, .purpose = GENLAT_EXEC_TRAINING, .input_grads = 1},
        {.size = sizeof *all, .purpose = GENLAT_EXEC_TRAINING, .input_grads = 1, .recompute = 1},
        {.size = sizeof *all, .purpose = GENLAT_EXEC_PENALTY, .input_grads = 1},
    };
    gnl_real *data[GNL_MAX_INPUTS] = {NULL};
    int64_t bytes = 0;
    bool complete = gnl_net_want_grad(net) == GENLAT_OK;
    for (int i = 0; i < gnl_net_inputs(net); i++) {
        data[i] = gnl_calloc(context(), (size_t)(ROWS * gnl_shape_count(gnl_net_input_shape(net, i))), sizeof **data);
        complete = complete && data[i];
    }
    for (size_t i = 0; complete && i < FUZZ_COUNT(all); i++) {
        genlat_exec *exec = NULL;
        if (gnl_net_exec_bytes(net, ROWS, &all[i], &bytes) == GENLAT_OK && bytes < MEMORY &&
            gnl_net_compile(net, ROWS, &all[i], &exec) == GENLAT_OK)
            run_exec(exec, net, (const gnl_real *const *)data);
        gnl_exec_release(exec);
    }
    for (int i = 0; i < GNL_MAX_INPUTS; i++)
        gnl_free(context(), data[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static char text[MOST_TEXT];
    if (size >= sizeof text)
        return 0;
    memcpy(text, bytes, size);
    text[size] = '\0';
    genlat_net *net = make_net(text);
    if (!net)
        return 0;
    fuzz_accepted++;
    check_weights(net);
    check_text(net);
    if (net->nodes <= MOST_NODES || size % 8 == 0) /* planning the memory of long nets takes far longer than the rest */
        compute(net);
    gnl_net_release(net);
    return 0;
}

/* ---- the grammar ----------------------------------------------------------------------------- */

static const char *const seeds[] = {
    "input x 12\ndense units=8 | relu | dense units=4 name=a | dense units=4 from=0 name=b\noutput a,b",
    "input x 2x8x8\nconv2d channels=4 kernel=3 padding=1 weight=spectral | batch_norm | relu | max_pool kernel=2\n"
    "flatten | dense units=3",
    "input x 2x8\ninput c 3\nconv1d channels=4 kernel=2 from=x name=h | cond_batch_norm from=h,c | flatten name=f\n"
    "concat from=f,c | dense units=2 weight=norm",
    "input x 4x6\nlstm units=3 name=l | layer_norm | softmax | identity name=k | add from=l,k | global_avg_pool",
    "input x 1x4x4\nupsample scale=2 mode=bilinear | pad before=1 after=1 | crop before=1x0 after=0x1\n"
    "avg_pool kernel=2 | flatten | glu | scale factor=2",
    "input x 8\nminibatch_std | dropout p=0.5 | dense units=9 name=w | dense units=9 | dense units=9 share=w\n"
    "gaussian_noise",
};

size_t fuzz_seed(int index, uint8_t *bytes, size_t capacity)
{
    if (index >= (int)FUZZ_COUNT(seeds))
        return 0;
    memcpy(bytes, seeds[index], strlen(seeds[index]));
    return strlen(seeds[index]);
}

static const gnl_layer_type *any_kind(fuzz_random *random)
{
    uint32_t count = 0;
    while (gnl_layer_types[count])
        count++;
    return gnl_layer_types[fuzz_draw(random, count)];
}

/* Writes a value that an option might have, at times one that it must not have. */
static void write_value(fuzz_random *random, const gnl_option *option, char *text, size_t capacity)
{
    uint32_t names = 0;
    while (option->names && option->names[names])
        names++;
    if (names && !fuzz_chance(random, 8))
        snprintf(text, capacity, "%s", option->names[fuzz_draw(random, names)]);
    else if (option->type == GNL_OPTION_PAIR || option->type == GNL_OPTION_DIMS)
        snprintf(text, capacity, "%lldx%lld", (long long)fuzz_integer(random), (long long)fuzz_draw(random, 9));
    else if (option->type == GNL_OPTION_INT && !fuzz_chance(random, 3))
        snprintf(text, capacity, "%u", (unsigned)fuzz_draw(random, 9));
    else
        fuzz_number(random, text, capacity);
}

static void write_name(fuzz_random *random, char *text, size_t capacity)
{
    static const char *const names[] = {"x", "c", "a", "b", "l", "k", "w"};
    if (fuzz_chance(random, 2))
        snprintf(text, capacity, "%s", names[fuzz_draw(random, FUZZ_COUNT(names))]);
    else
        snprintf(text, capacity, "%u", (unsigned)fuzz_draw(random, 8));
}

/* Appends one of the keys that every layer has, or an option of a kind. */
static void append_key(fuzz_random *random, const gnl_layer_type *kind, char *line, size_t capacity)
{
    static const char *const common[] = {"name", "from", "share"};
    const size_t used = strlen(line);
    char one[24], other[24], value[48];
    write_name(random, one, sizeof one);
    write_name(random, other, sizeof other);
    if (kind->options && kind->options->count && !fuzz_chance(random, 4)) {
        const gnl_option *option = &kind->options->options[fuzz_draw(random, (uint32_t)kind->options->count)];
        write_value(random, option, value, sizeof value);
        snprintf(line + used, capacity - used, " %s=%s", option->name, value);
    } else {
        const bool pair = kind->max_inputs > 1 && fuzz_chance(random, 2);
        snprintf(line + used, capacity - used, " %s=%s%s%s", common[fuzz_draw(random, FUZZ_COUNT(common))], one,
                 pair ? "," : "", pair ? other : "");
    }
}

static void write_line(fuzz_random *random, char *line, size_t capacity)
{
    const gnl_layer_type *kind = any_kind(random);
    snprintf(line, capacity, "%s", kind->name);
    for (uint32_t keys = fuzz_draw(random, 4); keys > 0; keys--)
        append_key(random, kind, line, capacity);
}

/* The kind of a line: its first word. */
static const gnl_layer_type *kind_of(const char *line)
{
    char name[32] = "";
    (void)sscanf(line, "%31s", name);
    return gnl_layer_type_find(name);
}

static void change_line(fuzz_random *random, fuzz_text *text)
{
    char line[256], key[256] = "";
    const fuzz_span at = fuzz_piece(random, text, (fuzz_span){0, text->length}, "\n|;");
    const gnl_layer_type *kind = kind_of(text->bytes + at.at);
    if (fuzz_chance(random, 2)) {
        write_line(random, line, sizeof line - 2);
        strcat(line, "\n");
        fuzz_replace(text, at.at, fuzz_chance(random, 4) ? at.length : 0, line, strlen(line));
    } else if (kind) {
        append_key(random, kind, key, sizeof key - 2);
        strcat(key, " ");
        fuzz_replace(text, at.at + at.length, 0, key, strlen(key));
    }
}

static void change_input(fuzz_random *random, fuzz_text *text)
{
    char line[80] = "input x";
    for (uint32_t i = 0, dims = 1 + fuzz_draw(random, 3); i < dims; i++) {
        const size_t used = strlen(line);
        const int64_t size = fuzz_chance(random, 6) ? fuzz_integer(random) : 1 + (int64_t)fuzz_draw(random, 8);
        snprintf(line + used, sizeof line - used, "%c%lld", i ? 'x' : ' ', (long long)size);
    }
    const size_t length = strcspn(text->bytes, "\n");
    fuzz_replace(text, 0, length, line, strlen(line));
}

/* Writes a graph whose weights together have about 2^64 numbers: sums that are not checked wrap around, to a few
 * numbers or to none. */
static void write_large(fuzz_random *random, fuzz_text *text)
{
    static const char *const kinds[] = {"layer_norm\n", "rms_norm\n"};
    const char *kind = kinds[fuzz_draw(random, FUZZ_COUNT(kinds))];
    const uint32_t size = 52 + fuzz_draw(random, 2), first = fuzz_draw(random, size);
    const uint32_t layers = UINT32_C(1) << (10 + fuzz_draw(random, 2));
    text->length =
        (size_t)snprintf(text->bytes, text->capacity, "input x %llux%llu\n", 1ull << first, 1ull << (size - first));
    for (uint32_t i = 0; i < layers; i++)
        fuzz_replace(text, text->length, 0, kind, strlen(kind));
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t capacity, unsigned seed)
{
    static char buffer[MOST_TEXT];
    fuzz_random random = fuzz_random_make(seed);
    if (size < 4 || size >= sizeof buffer || fuzz_chance(&random, 64))
        return fuzz_any_seed(&random, bytes, capacity);
    fuzz_text text = {buffer, size, sizeof buffer};
    memcpy(buffer, bytes, size);
    buffer[size] = '\0';
    switch (fuzz_chance(&random, 100) ? 8 : fuzz_draw(&random, 8)) {
    case 8:
        write_large(&random, &text);
        break;
    case 0:
        change_input(&random, &text);
        break;
    case 1:
    case 2:
        fuzz_edit_lines(&random, &text);
        break;
    case 3:
        fuzz_edit_text(&random, &text);
        break;
    default:
        change_line(&random, &text);
    }
    size = text.length < capacity ? text.length : capacity;
    memcpy(bytes, buffer, size);
    return size;
}
