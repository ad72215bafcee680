/* SPDX-License-Identifier: MIT */
/* Nets in files: round trips, weights alone, and files whose tensors do not match their graph. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "genlat/io.h"
#include "net/exec_priv.h"

static genlat_ctx *ctx;
static char path[64];

static void set_up(void)
{
    strcpy(path, "/tmp/genlat-store-XXXXXX");
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
}

static void tear_down(void)
{
    unlink(path);
    genlat_ctx_destroy(&ctx);
}

static const char GRAPH[] = "dense units=5 name=hidden from=x; relu; dense units=2 name=mean;"
                            "dense units=2 name=logvar from=1; relu name=side from=y";

static genlat_net *make_net(const char *text)
{
    genlat_net_builder *b = NULL;
    genlat_net *net = NULL;
    ck_assert_int_eq(genlat_net_builder_new(ctx, &b), GENLAT_OK);
    genlat_net_builder_input(b, "x", 2, (int64_t[]){2, 3});
    genlat_net_builder_input(b, "y", 1, (int64_t[]){2});
    genlat_net_builder_text(b, text);
    genlat_net_builder_output(b, "logvar,mean");
    ck_assert_msg(genlat_net_build(&b, &net) == GENLAT_OK, "%s", genlat_last_error());
    return net;
}

static void check_same(const genlat_net *a, const genlat_net *b)
{
    char text_a[4096], text_b[4096];
    ck_assert_int_eq(genlat_net_describe(a, text_a, sizeof text_a), GENLAT_OK);
    ck_assert_int_eq(genlat_net_describe(b, text_b, sizeof text_b), GENLAT_OK);
    ck_assert_str_eq(text_a, text_b);
    ck_assert_int_eq(a->outputs, b->outputs);
    ck_assert_mem_eq(a->output, b->output, (size_t)a->outputs * sizeof *a->output);
    ck_assert_int_eq(a->values, b->values);
    ck_assert_mem_eq(a->value, b->value, (size_t)a->values * sizeof *a->value);
}

START_TEST(nets_round_trip)
{
    genlat_net *loaded = NULL, *net = make_net(GRAPH);
    ck_assert_int_eq(genlat_net_init(net, 77), GENLAT_OK);
    ck_assert_msg(genlat_net_save(net, path) == GENLAT_OK, "%s", genlat_last_error());
    ck_assert_msg(genlat_net_load(ctx, path, &loaded) == GENLAT_OK, "%s", genlat_last_error());
    check_same(net, loaded);
    genlat_net_destroy(&net);
    genlat_net_destroy(&loaded);
}
END_TEST

START_TEST(weights_are_loaded_completely_or_not_at_all)
{
    genlat_net *net = make_net(GRAPH), *other = make_net(GRAPH);
    genlat_net *narrow = make_net("dense units=4 name=hidden from=x; relu; dense units=2 name=mean;"
                                  "dense units=2 name=logvar from=1; relu name=side from=y");
    ck_assert_int_eq(genlat_net_init(other, 5), GENLAT_OK);
    ck_assert_int_eq(genlat_net_save(other, path), GENLAT_OK);
    ck_assert_int_eq(genlat_net_load_weights(net, path, "decoder."), GENLAT_E_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "decoder.hidden.weight"));
    gnl_real before = narrow->value[0];
    ck_assert_int_eq(genlat_net_load_weights(narrow, path, NULL), GENLAT_E_SHAPE);
    ck_assert(narrow->value[0] == before);
    ck_assert_int_eq(genlat_net_load_weights(net, path, NULL), GENLAT_OK);
    check_same(net, other);
    genlat_net_destroy(&net);
    genlat_net_destroy(&other);
    genlat_net_destroy(&narrow);
}
END_TEST

START_TEST(two_nets_share_a_file)
{
    genlat_net *net = make_net(GRAPH), *other = make_net(GRAPH), *loaded = NULL;
    gnl_writer *writer = NULL;
    gnl_reader *reader = NULL;
    void *bytes = NULL;
    size_t size = 0;
    ck_assert_int_eq(genlat_net_init(other, 5), GENLAT_OK);
    ck_assert_int_eq(gnl_writer_new(ctx, &writer), GENLAT_OK);
    ck_assert_int_eq(gnl_net_write(net, writer, "encoder."), GENLAT_OK);
    ck_assert_int_eq(gnl_net_write(other, writer, "decoder."), GENLAT_OK);
    gnl_output output;
    ck_assert_int_eq(gnl_output_memory(&bytes, &size, &output), GENLAT_OK);
    ck_assert_int_eq(gnl_writer_write(writer, output), GENLAT_OK);
    ck_assert_int_eq(gnl_reader_open(ctx, gnl_input_memory(bytes, size, "two"), &reader), GENLAT_OK);
    ck_assert_int_eq(gnl_net_restore(ctx, reader, "decoder.", &loaded), GENLAT_OK);
    check_same(other, loaded);
    genlat_net_destroy(&loaded);
    ck_assert_int_eq(gnl_net_restore(ctx, reader, "", &loaded), GENLAT_E_NOT_FOUND);
    ck_assert_ptr_null(loaded);
    gnl_reader_close(reader);
    gnl_writer_destroy(writer);
    gnl_free(ctx, bytes);
    genlat_net_destroy(&net);
    genlat_net_destroy(&other);
}
END_TEST

/* ---- inconsistent files ---------------------------------------------------------------------- */

typedef struct lie {
    const char *graph;
    genlat_status status;
} lie;

static const lie lies[] = {
    {"input x 2\ndense units=1 name=a bias=no\n", GENLAT_OK},
    {"", GENLAT_E_FORMAT},
    {"input x 2\n", GENLAT_E_FORMAT},
    {"dense units=1\n", GENLAT_E_FORMAT},
    {"input x 2x\ndense units=1 name=b bias=no\n", GENLAT_E_NOT_FOUND},
    {"input x -2\ndense units=1 name=a\n", GENLAT_E_SHAPE},
    {"input x 5x0\ndense units=1 name=a bias=no\n", GENLAT_E_SHAPE},
    {"input x two\ndense units=1 name=a\n", GENLAT_E_FORMAT},
    {"input \ndense units=1 name=a\n", GENLAT_E_FORMAT},
    {"input x 1x1x1x1x1x1\ndense units=1 name=a\n", GENLAT_E_FORMAT},
    {"input x 2\ninput x 2\ndense units=1 name=a\n", GENLAT_E_INVALID},
    {"input x 2\nnosuchlayer\n", GENLAT_E_NOT_FOUND},
    {"input x 2\ndense units=1 name=a from=z\n", GENLAT_E_NOT_FOUND},
    {"input x 2\ndense units=1 name=a bias=no\noutput z\n", GENLAT_E_NOT_FOUND},
    {"input x 2\ndense units=1 name=a bias=no\noutput a,a\n", GENLAT_E_INVALID},
    {"input x 3\ndense units=1 name=a bias=no\n", GENLAT_E_SHAPE},
    {"input x 1000000\ndense units=1000000 name=a\n", GENLAT_E_FORMAT}, /* 4 TB, from a file of 100 bytes */
};

START_TEST(inconsistent_graphs_are_refused)
{
    gnl_writer *writer = NULL;
    genlat_net *net = NULL;
    const gnl_real two[] = {1, 2};
    const gnl_shape shape = gnl_shape_of(2, (int64_t[]){1, 2});
    ck_assert_int_eq(gnl_writer_new(ctx, &writer), GENLAT_OK);
    ck_assert_int_eq(gnl_writer_format(writer, "net"), GENLAT_OK);
    ck_assert_int_eq(gnl_writer_meta(writer, "genlat.net", lies[_i].graph), GENLAT_OK);
    ck_assert_int_eq(gnl_writer_real(writer, "a.weight", &shape, two), GENLAT_OK);
    ck_assert_int_eq(gnl_writer_write(writer, gnl_output_file(path)), GENLAT_OK);
    gnl_writer_destroy(writer);
    ck_assert_msg(genlat_net_load(ctx, path, &net) == lies[_i].status, "%s: %s", lies[_i].graph, genlat_last_error());
    ck_assert((net != NULL) == (lies[_i].status == GENLAT_OK));
    genlat_net_destroy(&net);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store");
    TCase *tests = tcase_create("nets in files");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, nets_round_trip);
    tcase_add_test(tests, weights_are_loaded_completely_or_not_at_all);
    tcase_add_test(tests, two_nets_share_a_file);
    tcase_add_loop_test(tests, inconsistent_graphs_are_refused, 0, (int)GNL_COUNT(lies));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
