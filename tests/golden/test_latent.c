/* SPDX-License-Identifier: MIT */
/* Codes, objectives and gradients of kinds of latents, and Gaussians, against numbers of PyTorch stored by
 * make_latent.py. The file lists the cases. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/golden.h"
#include "support/latent_rig.h"

enum { ROWS = 4, SAMPLES = 3, DIMS = 5, WIDTH = 6, TEXT = 256 };

static genlat_ctx *ctx;

static void set_up(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
    golden_open(ctx, GOLDEN_LATENT);
}

static void tear_down(void)
{
    golden_close();
    genlat_ctx_destroy(&ctx);
}

/* ---- cases ------------------------------------------------------------------------------------ */

static void load_heads(latent_rig *r, const char *group)
{
    char name[16];
    for (int i = 0; i < r->latents->posterior->heads; i++) {
        snprintf(name, sizeof name, "head%d", i);
        golden_load(group, name, ROWS * r->latents->posterior->head[i].width, r->head[i]);
    }
    golden_load(group, "target", ROWS * DIMS, r->target);
    if (r->latents->posterior->noise)
        golden_load(group, "noise", SAMPLES * ROWS * r->latents->posterior->noise, r->code.noise);
}

/* Loads the code books of the posterior, and the weights of its net, if it has them. */
static void load_posterior(const latent_rig *r, const char *group)
{
    const gnl_numbers *own = &r->latents->posterior->kind.numbers;
    genlat_net *net = r->latents->posterior->kind.net;
    char name[64];
    for (int i = 0; i < own->weights; i++) {
        snprintf(name, sizeof name, "posterior.%s", own->weight[i].name);
        if (golden_has(group, name))
            golden_load(group, name, own->weight[i].count, gnl_numbers_data(own, i));
    }
    if (!net)
        return;
    const gnl_part part = gnl_part_of_net(net, "posterior", 0);
    for (int i = 0; i < part.weights; i++) {
        snprintf(name, sizeof name, "posterior.%s", part.weight[i].name);
        golden_load(group, name, part.weight[i].count, part.value + part.weight[i].offset);
    }
}

static void expect_posterior_slopes(const latent_rig *r, const char *group)
{
    genlat_net *net = r->latents->posterior->kind.net;
    char name[64];
    if (!net)
        return;
    const gnl_part part = gnl_part_of_net(net, "posterior", 0);
    for (int i = 0; i < part.weights; i++) {
        snprintf(name, sizeof name, "dposterior.%s", part.weight[i].name);
        golden_expect(group, name, part.weight[i].count, gnl_part_grad(&part) + part.weight[i].offset);
    }
}

/* Loads the parameters of the prior, and the draws that it must use. */
static void load_prior(latent_rig *r, const char *group, gnl_real *draws)
{
    const gnl_numbers *own = &r->latents->prior->kind.numbers;
    char name[32];
    for (int i = 0; i < own->weights; i++) {
        snprintf(name, sizeof name, "prior.%s", own->weight[i].name);
        golden_load(group, name, own->weight[i].count, gnl_numbers_data(own, i));
    }
    const int64_t count = golden_count(group, "draws");
    ck_assert_int_le(count, SAMPLES * ROWS * DIMS);
    if (count == 0)
        return;
    golden_load(group, "draws", count, draws);
    latent_rig_give_draws(r, draws);
}

/* The critic of a term, or NULL. */
static genlat_net *critic_of(const latent_rig *r)
{
    for (int i = 0; i < r->latents->terms; i++)
        if (r->latents->term[i]->kind.net)
            return r->latents->term[i]->kind.net;
    return NULL;
}

static void load_critic(const latent_rig *r, const char *group)
{
    genlat_net *net = critic_of(r);
    const gnl_part part = net ? gnl_part_of_net(net, "critic", 0) : (gnl_part){.weights = 0};
    char name[32];
    for (int i = 0; i < part.weights; i++) {
        snprintf(name, sizeof name, "critic%d", i);
        golden_load(group, name, part.weight[i].count, part.value + part.weight[i].offset);
    }
}

static void expect_critic_slopes(const latent_rig *r, const char *group)
{
    genlat_net *net = critic_of(r);
    if (!net || !golden_has(group, "dcritic0"))
        return;
    const gnl_part part = gnl_part_of_net(net, "critic", 0);
    char name[32];
    for (int i = 0; i < part.weights; i++) {
        snprintf(name, sizeof name, "dcritic%d", i);
        golden_expect(group, name, part.weight[i].count, gnl_part_grad(&part) + part.weight[i].offset);
    }
}

static void expect_prior_slopes(const latent_rig *r, const char *group)
{
    const gnl_numbers *own = &r->latents->prior->kind.numbers;
    char name[32];
    for (int i = 0; i < own->weights; i++) {
        snprintf(name, sizeof name, "dprior.%s", own->weight[i].name);
        golden_expect(group, name, own->weight[i].count, gnl_numbers_grad(own, i));
    }
}

/* Loads the weights of the encoder for priors that run it, or compares their gradients. */
static void visit_encoder(const latent_rig *r, const char *group, bool compare)
{
    const gnl_part part = gnl_part_of_net(r->encoder, "encoder", 0);
    char name[64];
    for (int i = 0; i < part.weights; i++) {
        const gnl_weight *w = &part.weight[i];
        snprintf(name, sizeof name, "%sencoder.%s", compare ? "d" : "", w->name);
        if (!golden_has(group, name))
            continue;
        if (compare)
            golden_expect(group, name, w->count, gnl_part_grad(&part) + w->offset);
        else
            golden_load(group, name, w->count, part.value + w->offset);
    }
}

static void check_case(const char *group)
{
    char copy[TEXT + 1], name[16];
    gnl_real draws[SAMPLES * ROWS * DIMS];
    latent_rig r;
    snprintf(copy, sizeof copy, "%s", group);
    const gnl_latent_spec spec = latent_rig_spec(copy, DIMS);
    ck_assert_msg(latent_rig_open(&r, ctx, &spec, ROWS, SAMPLES) == GENLAT_OK, "%s: %s", group, genlat_last_error());
    latent_rig_fill(&r, 1);
    load_heads(&r, group);
    load_posterior(&r, group);
    load_prior(&r, group, draws);
    load_critic(&r, group);
    visit_encoder(&r, group, false);
    double value = latent_rig_backward(&r);
    const gnl_real values[] = {(gnl_real)value, (gnl_real)r.call.recon, (gnl_real)r.call.kl};
    golden_expect(group, "z", SAMPLES * ROWS * DIMS, r.code.z);
    golden_expect(group, "values", 3, values);
    for (int i = 0; i < r.latents->posterior->heads; i++) {
        snprintf(name, sizeof name, "dhead%d", i);
        golden_expect(group, name, ROWS * r.latents->posterior->head[i].width, r.code.dhead[i]);
    }
    expect_posterior_slopes(&r, group);
    expect_prior_slopes(&r, group);
    expect_critic_slopes(&r, group);
    visit_encoder(&r, group, true);
    latent_rig_close(&r);
}

START_TEST(kinds_agree_with_pytorch)
{
    char group[TEXT];
    int cases = 0;
    const char *all = gnl_reader_meta(golden_reader(), "cases");
    ck_assert_ptr_nonnull(all);
    for (; *all; all += strcspn(all, "|"), all += *all == '|') {
        snprintf(group, sizeof group, "%.*s", (int)strcspn(all, "|"), all);
        check_case(group);
        cases++;
    }
    ck_assert_int_ge(cases, 35);
}
END_TEST

/* ---- Gaussians -------------------------------------------------------------------------------- */

START_TEST(gaussians_agree_with_pytorch)
{
    enum { COUNT = ROWS * WIDTH };
    gnl_real mean[COUNT], logvar[COUNT], z[COUNT], dmean[COUNT] = {0}, dlogvar[COUNT] = {0};
    gnl_real dims[WIDTH], rows[ROWS], value = 0;
    double kl[ROWS], per_dim[WIDTH], density[ROWS];
    golden_load("gauss", "mean", COUNT, mean);
    golden_load("gauss", "logvar", COUNT, logvar);
    golden_load("gauss", "z", COUNT, z);
    const gnl_gauss q = {{ctx, gnl_kernels_of(ctx), NULL}, ROWS, WIDTH, mean, logvar};
    gnl_gauss_kl(&q, kl, per_dim);
    gnl_gauss_kl_backward(&q, 0, COUNT, 1.0 / ROWS, dmean, dlogvar);
    gnl_gauss_log_density(&q, z, density);
    for (int i = 0; i < ROWS; i++) {
        value += (gnl_real)(kl[i] / ROWS);
        rows[i] = (gnl_real)density[i];
    }
    for (int i = 0; i < WIDTH; i++)
        dims[i] = (gnl_real)per_dim[i];
    golden_expect("gauss", "value", 1, &value);
    golden_expect("gauss", "per_dim", WIDTH, dims);
    golden_expect("gauss", "dmean", COUNT, dmean);
    golden_expect("gauss", "dlogvar", COUNT, dlogvar);
    golden_expect("gauss", "log_density", ROWS, rows);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("golden latent");
    TCase *tests = tcase_create("pytorch");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, kinds_agree_with_pytorch);
    tcase_add_test(tests, gaussians_agree_with_pytorch);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
