/* SPDX-License-Identifier: MIT */
/* Codes, objectives and gradients of codes in groups against numbers of PyTorch stored by make_groups.py. The file
 * lists the cases. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/golden.h"
#include "support/latent_rig.h"

enum { ROWS = 4, SAMPLES = 3, DIMS = 5, TEXT = 256 };

static genlat_ctx *ctx;

static void set_up(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
    golden_open(ctx, GOLDEN_GROUPS);
}

static void tear_down(void)
{
    golden_close();
    genlat_ctx_destroy(&ctx);
}

/* Loads the weights of all nets of the groups, or compares their gradients. Returns the number of tensors. */
static int visit_nets(const latent_rig *r, const char *group, bool compare)
{
    gnl_kind *kind = NULL;
    char name[80];
    int visited = 0;
    for (int i = 0; (kind = gnl_latents_owner(r->latents, i)); i++) {
        gnl_part part[GNL_MAX_KIND_PARTS];
        const int parts = gnl_kind_parts(kind, 0, part);
        for (int k = 0; k < parts; k++)
            for (int w = 0; w < part[k].weights; w++, visited++) {
                const int64_t at = part[k].weight[w].offset, count = part[k].weight[w].count;
                snprintf(name, sizeof name, "%s%s.%d", compare ? "d" : "", part[k].name, w);
                if (compare)
                    golden_expect(group, name, count, gnl_part_grad(&part[k]) + at);
                else
                    golden_load(group, name, count, part[k].value + at);
            }
    }
    return visited;
}

static void load(latent_rig *r, const char *group)
{
    latent_rig_fill(r, 1);
    for (int i = 0; i < r->latents->posterior->heads; i++)
        golden_load(group, i ? "head1" : "head0", ROWS * r->latents->posterior->head[i].width, r->head[i]);
    golden_load(group, "target", ROWS * DIMS, r->target);
    golden_load(group, "noise", SAMPLES * ROWS * DIMS, r->code.noise);
    ck_assert_int_ge(visit_nets(r, group, false), 6);
}

static void check_case(const char *group)
{
    char copy[TEXT + 1];
    gnl_real kl[GNL_MAX_GROUPS];
    latent_rig r;
    snprintf(copy, sizeof copy, "%s", group);
    const gnl_latent_spec spec = latent_rig_spec(copy, DIMS);
    ck_assert_msg(latent_rig_open(&r, ctx, &spec, ROWS, SAMPLES) == GENLAT_OK, "%s: %s", group, genlat_last_error());
    load(&r, group);
    const double value = latent_rig_backward(&r);
    const gnl_real values[] = {(gnl_real)value, (gnl_real)r.call.recon, (gnl_real)r.call.kl};
    for (int g = 0; g < r.latents->groups; g++)
        kl[g] = (gnl_real)r.call.group_kl[g];
    golden_expect(group, "z", SAMPLES * ROWS * DIMS, r.code.z);
    golden_expect(group, "values", 3, values);
    golden_expect(group, "kl", r.latents->groups, kl);
    for (int i = 0; i < r.latents->posterior->heads; i++)
        golden_expect(group, i ? "dhead1" : "dhead0", ROWS * r.latents->posterior->head[i].width, r.code.dhead[i]);
    visit_nets(&r, group, true);
    latent_rig_close(&r);
}

START_TEST(groups_agree_with_pytorch)
{
    char group[TEXT];
    int cases = 0;
    const char *all = gnl_reader_meta(golden_reader(), "cases");
    ck_assert_ptr_nonnull(all);
    for (; *all; all += strcspn(all, "|"), all += *all == '|', cases++) {
        snprintf(group, sizeof group, "%.*s", (int)strcspn(all, "|"), all);
        check_case(group);
    }
    ck_assert_int_ge(cases, 10);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("golden groups");
    TCase *tests = tcase_create("pytorch");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, groups_agree_with_pytorch);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
