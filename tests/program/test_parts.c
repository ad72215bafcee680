/* SPDX-License-Identifier: MIT */
/* Parts of the program that its output does not show in a short run: the times of films, and long clocks. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "film.h"
#include "report.h"

/* ---- films ----------------------------------------------------------------------------------- */

/* Frame k is due after a fraction (k / 23)^2 of this run, be it the first or one that resumes a training. There is one
 * frame a step, so that the first ones are a few steps late. */
START_TEST(frames_are_due_in_the_run)
{
    static const struct {
        int64_t first, last;
    } runs[] = {{1, 100}, {501, 600}, {1000000, 1002000}};
    const int64_t first = runs[_i].first, last = runs[_i].last;
    film f = {.count = 0};
    for (int64_t step = first; step <= last; step++) {
        if (!film_due(&f, step, last))
            continue;
        const double part = (double)f.count / (FILM_FRAMES - 1);
        ck_assert_double_eq_tol((double)step, (double)first + part * part * (double)(last - first), 4);
        film_add(&f, step, NULL);
    }
    ck_assert_int_eq(f.count, FILM_FRAMES);
    ck_assert_int_eq(f.last, last);
}
END_TEST

/* ---- reports --------------------------------------------------------------------------------- */

/* Two steps of three: what is left is the time of the second one. */
START_TEST(the_time_left_is_a_clock)
{
    static const struct {
        double seconds;
        const char *text;
    } cases[] = {{0.4, "  0:00 left"},      {59.6, "  1:00 left"},    {754, "  12:34 left"},
                 {3599.4, "  59:59 left"},  {3600, "  1:00:00 left"}, {11105, "  3:05:05 left"},
                 {90061, "  25:01:01 left"}};
    char line[256] = "";
    genlat_event e = {.size = sizeof e, .kind = GENLAT_EVENT_STEP, .epoch = 1, .step = 1, .steps = 3};
    report r = {.out = tmpfile(), .first_step = -1};
    ck_assert_ptr_nonnull(r.out);
    report_event(&r, &e);
    e.step = 2;
    e.seconds = cases[_i].seconds;
    r.drawn_at = 0;
    report_event(&r, &e);
    rewind(r.out);
    ck_assert_ptr_nonnull(fgets(line, sizeof line, r.out));
    ck_assert_ptr_nonnull(fgets(line, sizeof line, r.out));
    ck_assert_msg(strstr(line, cases[_i].text) != NULL, "%s", line);
    fclose(r.out);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("program parts");
    TCase *tests = tcase_create("parts");
    tcase_add_loop_test(tests, frames_are_due_in_the_run, 0, 3);
    tcase_add_loop_test(tests, the_time_left_is_a_clock, 0, 7);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
