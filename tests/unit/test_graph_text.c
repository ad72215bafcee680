/* SPDX-License-Identifier: MIT */
/* Nets as text and as copies: random graphs are built again from what genlat_net_describe() writes, and cloned. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "net/net_priv.h"
#include "genlat/io.h"
#include "genlat/model.h"
#include "support/random_graph.h"

enum { GRAPHS = 300, TEXT = 1 << 16, PART = 25 };

static genlat_ctx *ctx;

static void set_up(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
}

static void tear_down(void)
{
    genlat_ctx_destroy(&ctx);
}

static void expect_ok(genlat_status status)
{
    ck_assert_msg(status == GENLAT_OK, "%s", genlat_last_error());
}

/* Same nodes, layers with all their options, connections, weights and numbers. */
static void same_nets(const genlat_net *a, const genlat_net *b)
{
    ck_assert_int_eq(a->inputs, b->inputs);
    ck_assert_int_eq(a->nodes, b->nodes);
    ck_assert_int_eq(a->outputs, b->outputs);
    ck_assert_mem_eq(a->output, b->output, (size_t)a->outputs * sizeof *a->output);
    for (int i = 0; i < a->nodes; i++) {
        const gnl_node *x = &a->node[i], *y = &b->node[i];
        ck_assert_str_eq(x->name, y->name);
        ck_assert(gnl_shape_equal(&x->shape, &y->shape));
        ck_assert_int_eq(x->inputs, y->inputs);
        ck_assert_mem_eq(x->input, y->input, (size_t)x->inputs * sizeof *x->input);
        ck_assert_int_eq(x->owner, y->owner);
        ck_assert_int_eq(x->weights, y->weights);
        ck_assert_ptr_eq(x->layer ? x->layer->type : NULL, y->layer ? y->layer->type : NULL);
        if (x->layer && x->layer->type->options)
            ck_assert_mem_eq(x->layer->opts, y->layer->opts, x->layer->type->options->size);
    }
    ck_assert_int_eq(a->weights, b->weights);
    for (int i = 0; i < a->weights; i++) {
        ck_assert_str_eq(a->weight[i].name, b->weight[i].name);
        ck_assert_int_eq(a->weight[i].frozen, b->weight[i].frozen);
    }
    ck_assert_int_eq(a->values, b->values);
    ck_assert_int_eq(a->states, b->states);
    ck_assert_mem_eq(a->value, b->value, (size_t)a->values * sizeof *a->value);
    ck_assert_mem_eq(a->state, b->state, (size_t)a->states * sizeof *a->state);
}

static genlat_net *draw(uint64_t seed)
{
    static random_graph graph;
    random_graph_make(ctx, seed, &graph);
    genlat_net *net = random_graph_build(ctx, &graph);
    ck_assert_msg(net != NULL, "graph %llu: %s", (unsigned long long)seed, genlat_last_error());
    return net;
}

/* The initial weights are a function of the graph, so that they are equal too. */
START_TEST(descriptions_build_the_same_net)
{
    static char text[TEXT], again[TEXT];
    for (uint64_t seed = (uint64_t)_i * PART; seed < (uint64_t)(_i + 1) * PART; seed++) {
        genlat_net *net = draw(seed), *built = NULL;
        genlat_net_builder *b = NULL;
        expect_ok(genlat_net_describe(net, text, sizeof text));
        expect_ok(genlat_net_builder_new(ctx, &b));
        genlat_net_builder_text(b, text);
        ck_assert_msg(genlat_net_build(&b, &built) == GENLAT_OK, "%s: %s", genlat_last_error(), text);
        same_nets(net, built);
        expect_ok(genlat_net_describe(built, again, sizeof again));
        ck_assert_str_eq(text, again);
        genlat_net_destroy(&net);
        genlat_net_destroy(&built);
    }
}
END_TEST

START_TEST(clones_are_equal_and_apart)
{
    for (uint64_t seed = (uint64_t)_i * PART; seed < (uint64_t)(_i + 1) * PART; seed++) {
        genlat_net *net = draw(seed), *clone = NULL;
        expect_ok(genlat_net_init(net, seed + 1));
        for (int64_t i = 0; i < net->states; i++)
            net->state[i] = (gnl_real)i;
        for (int i = 0; i < net->weights; i += 2)
            net->weight[i].frozen = true;
        expect_ok(genlat_net_clone(net, &clone));
        same_nets(net, clone);
        for (int64_t i = 0; i < net->values; i++)
            net->value[i] += 1;
        for (int64_t i = 0; i < net->values; i++)
            ck_assert_msg(net->value[i] != clone->value[i], "graph %llu", (unsigned long long)seed);
        genlat_net_destroy(&net); /* the clone lives on */
        expect_ok(genlat_net_init(clone, 3));
        genlat_net_destroy(&clone);
    }
}
END_TEST

/* Names as long as they may be, and layers whose lines become longer than what was given. */
START_TEST(long_lines_can_be_read_again)
{
    static char text[TEXT];
    char path[] = "/tmp/genlat-text-XXXXXX", line[1024] = "concat axis=0 from=", name[64];
    genlat_net_builder *b = NULL;
    genlat_net *net = NULL, *again = NULL;
    close(mkstemp(path));
    expect_ok(genlat_net_builder_new(ctx, &b));
    for (int i = 0; i < GNL_MAX_INPUTS; i++) {
        memset(name, 'a' + i, 63);
        name[63] = '\0';
        genlat_net_builder_input(b, name, 1, (int64_t[]){2});
        gnl_text_append(line, sizeof line, "%s%s", i ? "," : "", name);
    }
    genlat_net_builder_text(b, line);
    expect_ok(genlat_net_build(&b, &net));
    expect_ok(genlat_net_describe(net, text, sizeof text));
    expect_ok(genlat_net_builder_new(ctx, &b));
    genlat_net_builder_text(b, text);
    expect_ok(genlat_net_build(&b, &again));
    same_nets(net, again);
    genlat_net_destroy(&again);
    expect_ok(genlat_net_save(net, path));
    expect_ok(genlat_net_load(ctx, path, &again));
    same_nets(net, again);
    unlink(path);
    genlat_net_destroy(&net);
    genlat_net_destroy(&again);
}
END_TEST

/* ---- lines ----------------------------------------------------------------------------------- */

typedef struct example {
    const char *text;
    genlat_status status;
    const char *word;
} example;

static const example examples[] = {
    {"input x 4 # ; | not a layer\n# nor this\ndense units=2#neither\n\n", GENLAT_OK, NULL},
    {"  input  x   4  \n dense units=2", GENLAT_OK, NULL},
    {"input s\ndense units=2", GENLAT_E_SHAPE, "dense"},
    {"input x 4 | relu | input y 4", GENLAT_E_STATE, "after a layer"},
    {"input x 4 | input x 4 | relu", GENLAT_E_INVALID, "already"},
    {"input x 4 5 | relu", GENLAT_E_FORMAT, "malformed"},
    {"input x 4x | relu name=r | output x4", GENLAT_E_NOT_FOUND, "x4"},
    {"input x 1x1x1x1x1x1 | relu", GENLAT_E_FORMAT, "malformed"},
    {"# nothing", GENLAT_E_STATE, "no layer"},
};

START_TEST(texts_may_have_inputs_and_comments)
{
    const example *e = &examples[_i];
    genlat_net_builder *b = NULL;
    genlat_net *net = NULL;
    expect_ok(genlat_net_builder_new(ctx, &b));
    genlat_net_builder_text(b, e->text);
    ck_assert_msg(genlat_net_build(&b, &net) == e->status, "%s: %s", e->text, genlat_last_error());
    if (e->status != GENLAT_OK)
        ck_assert_msg(strstr(genlat_last_error(), e->word) != NULL, "%s", genlat_last_error());
    genlat_net_destroy(&net);
}
END_TEST

/* The nets of models have their inputs; a text may repeat them, as descriptions do, but not add any. */
START_TEST(texts_of_models_may_repeat_their_inputs)
{
    static const struct {
        const char *line;
        genlat_status status;
    } cases[] = {{"input z 2", GENLAT_OK}, {"input z 3", GENLAT_E_INVALID}, {"input y 2", GENLAT_E_INVALID}};
    for (size_t i = 0; i < GNL_COUNT(cases); i++) {
        genlat_model_builder *b = NULL;
        genlat_model *model = NULL;
        char decoder[128];
        snprintf(decoder, sizeof decoder, "%s # given\ndense units=4\noutput 0", cases[i].line);
        expect_ok(genlat_model_builder_new(ctx, "vae", &b));
        genlat_model_builder_data(b, 1, (int64_t[]){4});
        genlat_model_builder_set(b, "latent", "2");
        genlat_model_builder_set(b, "encoder", "dense units=3");
        genlat_model_builder_set(b, "decoder", decoder);
        ck_assert_msg(genlat_model_build(&b, NULL, &model) == cases[i].status, "%s: %s", decoder, genlat_last_error());
        genlat_model_destroy(&model);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("graphs as text");
    TCase *tcase = tcase_create("text");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, descriptions_build_the_same_net, 0, GRAPHS / PART);
    tcase_add_loop_test(tcase, clones_are_equal_and_apart, 0, GRAPHS / PART);
    tcase_add_test(tcase, long_lines_can_be_read_again);
    tcase_add_loop_test(tcase, texts_may_have_inputs_and_comments, 0, GNL_COUNT(examples));
    tcase_add_test(tcase, texts_of_models_may_repeat_their_inputs);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
