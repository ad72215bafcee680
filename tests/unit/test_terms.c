/* SPDX-License-Identifier: MIT */
/* Result structs of programs compiled with an older or newer version. Members known to both are filled in, and
 * members unknown to the library become 0. No memory beyond the struct is written. Every call has the same terms. */
#include <check.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "support/families.h"

enum { CAPACITY = 256, MARK = 0xa5 };

typedef union any_terms {
    size_t size;
    genlat_vae_terms vae;
    genlat_gan_terms gan;
    genlat_progress progress;
    unsigned char bytes[CAPACITY];
} any_terms;

/* A model of each family, and a batch. */
static genlat_ctx *ctx;
static genlat_source *source;
static genlat_model *vae, *gan;
static genlat_tensor *x, *labels;

static genlat_model *make(const char *family)
{
    for (int32_t i = 0; i < family_count(); i++)
        if (strcmp(genlat_model_family_name(i, NULL), family) == 0)
            return family_make(ctx, i, source);
    ck_abort_msg("no family %s", family);
    return NULL;
}

static void set_up(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
    source = family_source(ctx);
    vae = make("vae");
    gan = make("gan");
    ck_assert_int_eq(genlat_source_read(source, 0, 12, &x, &labels), GENLAT_OK);
}

static void tear_down(void)
{
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
    genlat_model_destroy(&vae);
    genlat_model_destroy(&gan);
    genlat_source_destroy(&source);
    genlat_ctx_destroy(&ctx);
}

/* ---- calls ----------------------------------------------------------------------------------- */

static genlat_status vae_step(any_terms *t)
{
    return genlat_vae_step(vae, NULL, x, labels, t ? &t->vae : NULL);
}

static genlat_status vae_backward(any_terms *t)
{
    return genlat_vae_backward(vae, x, labels, t ? &t->vae : NULL);
}

static genlat_status vae_elbo(any_terms *t)
{
    return genlat_vae_elbo(vae, x, labels, 2, 3, t ? &t->vae : NULL);
}

static genlat_status gan_step(any_terms *t)
{
    return genlat_gan_step(gan, x, labels, t ? &t->gan : NULL);
}

static genlat_status gan_step_d(any_terms *t)
{
    return genlat_gan_step_d(gan, x, labels, t ? &t->gan : NULL);
}

static genlat_status gan_step_g(any_terms *t)
{
    return genlat_gan_step_g(gan, x, labels, t ? &t->gan : NULL);
}

static genlat_status progress(any_terms *t)
{
    return genlat_model_progress(vae, t ? &t->progress : NULL);
}

static const struct call {
    const char *name;
    genlat_status (*make)(any_terms *t);
    size_t known, last; /* sizes of the struct and of its last member */
    int repeats;        /* a repeated call has the same result */
    int optional;       /* NULL is allowed */
} calls[] = {
    {"genlat_vae_step", vae_step, sizeof(genlat_vae_terms), sizeof(double), 0, 1},
    {"genlat_vae_backward", vae_backward, sizeof(genlat_vae_terms), sizeof(double), 0, 1},
    {"genlat_vae_elbo", vae_elbo, sizeof(genlat_vae_terms), sizeof(double), 1, 0},
    {"genlat_gan_step", gan_step, sizeof(genlat_gan_terms), sizeof(double), 0, 1},
    {"genlat_gan_step_d", gan_step_d, sizeof(genlat_gan_terms), sizeof(double), 0, 1},
    {"genlat_gan_step_g", gan_step_g, sizeof(genlat_gan_terms), sizeof(double), 0, 1},
    {"genlat_model_progress", progress, sizeof(genlat_progress), sizeof(double), 1, 0},
};

static any_terms receive(const struct call *c, size_t size)
{
    any_terms t;
    memset(&t, MARK, sizeof t);
    t.size = size;
    ck_assert_msg(c->make(&t) == GENLAT_OK, "%s", genlat_last_error());
    ck_assert_uint_eq(t.size, size);
    for (size_t i = size; i < CAPACITY; i++)
        ck_assert_msg(t.bytes[i] == MARK, "%s writes byte %zu of %zu", c->name, i, size);
    return t;
}

/* Starts with a new model, so that results can be compared. */
static any_terms receive_anew(const struct call *c, size_t size)
{
    tear_down();
    set_up();
    return receive(c, size);
}

START_TEST(struct_sizes_of_other_versions_are_supported)
{
    const struct call *c = &calls[_i];
    const any_terms full = receive_anew(c, c->known), less = receive_anew(c, c->known - c->last),
                    more = receive_anew(c, c->known + c->last), least = receive_anew(c, sizeof(size_t));
    const size_t head = sizeof(size_t);
    ck_assert_mem_eq(less.bytes + head, full.bytes + head, c->known - c->last - head);
    ck_assert_mem_eq(more.bytes + head, full.bytes + head, c->known - head);
    for (size_t i = c->known; i < c->known + c->last; i++)
        ck_assert_uint_eq(more.bytes[i], 0);
    ck_assert_uint_eq(least.size, head);
    int written = 0;
    for (size_t i = head; i < c->known; i++)
        written += full.bytes[i] != MARK;
    ck_assert_int_gt(written, 0);
    if (c->repeats)
        ck_assert_mem_eq(receive(c, c->known).bytes, full.bytes, c->known);
}
END_TEST

START_TEST(invalid_struct_sizes_are_refused)
{
    const struct call *c = &calls[_i];
    static const size_t wrong[] = {0, 1, sizeof(size_t) - 1, 1 << 20, SIZE_MAX};
    any_terms t;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        memset(&t, MARK, sizeof t);
        t.size = wrong[i];
        ck_assert_int_eq(c->make(&t), GENLAT_E_INVALID);
        expect_error(c->name, "size");
        for (size_t k = sizeof(size_t); k < CAPACITY; k++)
            ck_assert_uint_eq(t.bytes[k], MARK);
    }
    ck_assert_int_eq(c->make(NULL), c->optional ? GENLAT_OK : GENLAT_E_INVALID);
}
END_TEST

/* The size is checked before the step is taken. */
START_TEST(refused_steps_change_nothing)
{
    any_terms t = {.size = 0}, p = {.size = sizeof p.progress};
    ck_assert_int_eq(vae_step(&t), GENLAT_E_INVALID);
    ck_assert_int_eq(progress(&p), GENLAT_OK);
    ck_assert_int_eq(p.progress.step, 0);
    ck_assert_int_eq(vae_step(NULL), GENLAT_OK);
    ck_assert_int_eq(progress(&p), GENLAT_OK);
    ck_assert_int_eq(p.progress.step, 1);
    ck_assert_int_eq(p.progress.epoch, 0);
    ck_assert_int_eq(p.progress.best_epoch, 0);
    ck_assert_double_nan(p.progress.best);
}
END_TEST

/* ---- terms of every family ------------------------------------------------------------------- */

static const struct named {
    const char *name;
    size_t offset; /* in the struct of the family */
} vae_terms[] = {{"neg_elbo", offsetof(genlat_vae_terms, neg_elbo)},
                 {"recon", offsetof(genlat_vae_terms, recon)},
                 {"kl", offsetof(genlat_vae_terms, kl)},
                 {"objective", offsetof(genlat_vae_terms, objective)},
                 {"grad_norm", offsetof(genlat_vae_terms, grad_norm)},
                 {"beta", offsetof(genlat_vae_terms, beta)},
                 {NULL, 0}},
  gan_terms[] = {{"d_loss", offsetof(genlat_gan_terms, d_loss)},
                 {"g_loss", offsetof(genlat_gan_terms, g_loss)},
                 {"d_real", offsetof(genlat_gan_terms, d_real)},
                 {"d_fake", offsetof(genlat_gan_terms, d_fake)},
                 {"penalty", offsetof(genlat_gan_terms, penalty)},
                 {"d_grad_norm", offsetof(genlat_gan_terms, d_grad_norm)},
                 {"g_grad_norm", offsetof(genlat_gan_terms, g_grad_norm)},
                 {"diversity", offsetof(genlat_gan_terms, diversity)},
                 {"augment_probability", offsetof(genlat_gan_terms, augment_probability)},
                 {NULL, 0}};

/* A step of any family has the terms of the family's own step under their names. */
START_TEST(terms_are_those_of_the_family)
{
    const char *family = _i ? "gan" : "vae";
    genlat_model *model = make(family);
    for (int step = 0; step < 5; step++) {
        any_terms own = {.size = _i ? sizeof own.gan : sizeof own.vae};
        double terms[GENLAT_MAX_TERMS];
        ck_assert_int_eq(_i ? gan_step(&own) : vae_step(&own), GENLAT_OK);
        ck_assert_int_eq(genlat_model_step(model, x, labels, terms), GENLAT_OK);
        int count = 0;
        for (const struct named *n = _i ? gan_terms : vae_terms; n->name; n++, count++) {
            double expected = 0;
            memcpy(&expected, own.bytes + n->offset, sizeof expected);
            ck_assert_str_eq(genlat_model_term(model, count), n->name);
            ck_assert_msg(terms[count] == expected, "%s %s: %g, %g expected", family, n->name, terms[count], expected);
        }
        ck_assert_ptr_null(genlat_model_term(model, count));
    }
    genlat_model_destroy(&model);
}
END_TEST

int main(void)
{
    enum { CALLS = sizeof calls / sizeof *calls };
    Suite *suite = suite_create("terms");
    TCase *tests = tcase_create("sizes");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, struct_sizes_of_other_versions_are_supported, 0, CALLS);
    tcase_add_loop_test(tests, invalid_struct_sizes_are_refused, 0, CALLS);
    tcase_add_test(tests, refused_steps_change_nothing);
    tcase_add_loop_test(tests, terms_are_those_of_the_family, 0, 2);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
