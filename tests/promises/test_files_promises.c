/* SPDX-License-Identifier: MIT */
/* What files.h says and the tests of files in tests/unit do not look at. */
#include "promises/rig.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "genlat/files.h"

static char folder[40];

static void open_folder(void)
{
    strcpy(folder, "/tmp/genlat-promise-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static const char *place(const char *name)
{
    static char paths[4][96];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void put(const char *name, const char *text)
{
    FILE *file = fopen(place(name), "wb");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static void close_folder(const char *const *names)
{
    for (; *names; names++)
        unlink(place(*names));
    ck_assert_int_eq(rmdir(folder), 0); /* nothing else is left behind */
}

static genlat_status open_text(const char *kind, const char *name, const char *rest, genlat_source **out)
{
    char spec[160];
    snprintf(spec, sizeof spec, "%s:%s%s", kind, place(name), rest);
    return genlat_files_open(ctx, spec, out);
}

#define OPENS(wanted, word, kind, name, rest)                                                                          \
    do {                                                                                                               \
        genlat_source *opened_ = NULL;                                                                                 \
        const genlat_status status_ = open_text(kind, name, rest, &opened_);                                           \
        ck_assert_msg(status_ == (wanted), "line %d: %s: %s", __LINE__, genlat_status_name(status_),                   \
                      genlat_last_error());                                                                            \
        if (status_ != GENLAT_OK)                                                                                      \
            ck_assert_msg(strstr(genlat_last_error(), word) != NULL, "line %d: '%s' is not in '%s'", __LINE__, word,   \
                          genlat_last_error());                                                                        \
        ck_assert((opened_ == NULL) == (status_ != GENLAT_OK));                                                        \
        genlat_source_destroy(&opened_);                                                                               \
    } while (0)

/* The error is of the function or of the file, and has the word. */
static void refused(genlat_status status, genlat_status wanted, const char *word)
{
    ck_assert_msg(status == wanted, "%s: %s", genlat_status_name(status), genlat_last_error());
    ck_assert_msg(strstr(genlat_last_error(), word) != NULL, "'%s' is not in '%s'", word, genlat_last_error());
    ck_assert_ptr_null(strchr(genlat_last_error(), '\n'));
}

START_TEST(kinds_are_listed)
{
    const char *help = NULL;
    int32_t kinds = 0;
    for (; genlat_files_kind(kinds, &help); kinds++)
        ck_assert_ptr_null(strchr(help, '\n'));
    ck_assert_int_ge(kinds, 13);
    ck_assert_ptr_nonnull(genlat_files_kind(0, NULL));
    ck_assert_ptr_null(genlat_files_kind(-1, NULL));
}
END_TEST

START_TEST(arrays_come_back)
{
    open_folder();
    genlat_tensor *cube = counting(3, (int64_t[]){2, 3, 4}), *scalar = NULL, *back = NULL, *empty = NULL;
    const genlat_tensor *both[] = {cube, cube};
    const char *names[] = {"x", "y"}, *twice[] = {"x", "x"};
    char text[202];
    memset(text, 'n', 201);
    text[201] = '\0';
    ok(genlat_tensor_new(ctx, 0, NULL, &scalar));
    ok(genlat_npy_write(place("a.npy"), cube));
    ok(genlat_npy_read(ctx, place("a.npy"), &back));
    same_tensors(cube, back);
    genlat_tensor_destroy(&back);
    ok(genlat_npz_write(place("a.npz"), 2, names, both));
    ok(genlat_npz_read(ctx, place("a.npz"), "y", &back));
    same_tensors(cube, back);
    genlat_tensor_destroy(&back);
    refused(genlat_npz_read(ctx, place("a.npz"), "z", &back), GENLAT_E_NOT_FOUND, "x");
    ck_assert_ptr_null(back);
    refused(genlat_npz_read(ctx, place("a.npz"), NULL, &back), GENLAT_E_NOT_FOUND, "y"); /* not the only one */
    ok(genlat_npz_write(place("a.npz"), 1, names, both));
    ok(genlat_npz_read(ctx, place("a.npz"), NULL, &back));
    genlat_tensor_destroy(&back);
    REFUSED(GENLAT_E_RANGE, genlat_npz_write, place("b.npz"), 2, twice, both);
    REFUSED(GENLAT_E_RANGE, genlat_npz_write, place("b.npz"), 1, ((const char *[]){""}), both);
    REFUSED(GENLAT_E_RANGE, genlat_npz_write, place("b.npz"), 1, ((const char *[]){text}), both);
    text[200] = '\0';
    ok(genlat_npz_write(place("b.npz"), 1, (const char *[]){text}, both));
    refused(genlat_npz_write(place("none/b.npz"), 1, names, both), GENLAT_E_IO, "none/b.npz");
    refused(genlat_npy_read(ctx, place("none.npy"), &back), GENLAT_E_IO, "none.npy");
    refused(genlat_npz_read(ctx, place("none.npz"), NULL, &back), GENLAT_E_IO, "none.npz");
    refused(genlat_npz_read(ctx, place("a.npy"), NULL, &back), GENLAT_E_FORMAT, "a.npy");
    refused(genlat_npy_read(ctx, place("a.npz"), &back), GENLAT_E_FORMAT, "a.npz");
    genlat_tensor *all[] = {cube, scalar, back, empty};
    for (size_t i = 0; i < COUNT(all); i++)
        genlat_tensor_destroy(&all[i]);
    close_folder((const char *[]){"a.npy", "a.npz", "b.npz", NULL});
}
END_TEST

/* The same floats come back, whatever they are. */
START_TEST(tables_come_back)
{
    static const float numbers[] = {1.0f / 3, -1e-38f, 16777217, 3.4e38f, 0, -0.1f};
    open_folder();
    genlat_tensor *x = tensor_of(3, (int64_t[]){2, 1, 3}, numbers), *back = NULL, *scalar = NULL;
    char first[32];
    ok(genlat_tensor_new(ctx, 0, NULL, &scalar));
    ok(genlat_csv_write(place("a.csv"), x, "one,two,three"));
    FILE *file = fopen(place("a.csv"), "rb");
    ck_assert_ptr_nonnull(fgets(first, sizeof first, file));
    fclose(file);
    ck_assert_str_eq(first, "one,two,three\n");
    ok(genlat_csv_read(ctx, place("a.csv"), &back));
    ck_assert_int_eq(genlat_tensor_ndim(back), 2);
    ck_assert_mem_eq(genlat_tensor_data(back), numbers, sizeof numbers);
    genlat_tensor_destroy(&back);
    ok(genlat_csv_write(place("a.csv"), x, NULL));
    ok(genlat_csv_read(ctx, place("a.csv"), &back));
    ck_assert_mem_eq(genlat_tensor_data(back), numbers, sizeof numbers);
    genlat_tensor_destroy(&back);
    REFUSED(GENLAT_E_SHAPE, genlat_csv_write, place("b.csv"), scalar, NULL);
    put("c.csv", "1;2\n3;4\n");
    ok(genlat_csv_read(ctx, place("c.csv"), &back));
    ck_assert_float_eq(genlat_tensor_data(back)[3], 4);
    genlat_tensor_destroy(&back);
    put("c.csv", "1\t2\n3\tx\n");
    refused(genlat_csv_read(ctx, place("c.csv"), &back), GENLAT_E_FORMAT, "line 2");
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "column 2"));
    refused(genlat_csv_read(ctx, place("none.csv"), &back), GENLAT_E_IO, "none.csv");
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&scalar);
    close_folder((const char *[]){"a.csv", "c.csv", NULL});
}
END_TEST

static void expect_text(const char *path, const char *expected)
{
    char text[256] = "";
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    const size_t length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[length] = '\0';
    ck_assert_str_eq(text, expected);
}

/* Names of columns and classes where the description has them, numbers where it has not. */
START_TEST(samples_are_written_with_labels)
{
    static const float numbers[] = {1, 2.5f, 3, 4}, classes[] = {1, 2}, vectors[] = {0.5f, 7, 8, 9};
    static const char *const columns[] = {"width, cm", "say \"h\""}, *const names[] = {"cat", " dog"};
    genlat_description about = {.size = sizeof about, .classes = 2, .class_names = names};
    open_folder();
    genlat_tensor *x = tensor_of(3, (int64_t[]){2, 1, 2}, numbers), *class = tensor_of(1, (int64_t[]){2}, classes);
    genlat_tensor *vector = tensor_of(2, (int64_t[]){2, 2}, vectors), *scalar = NULL, *empty = NULL;
    const char *path = place("a.csv");
    ok(genlat_tensor_new(ctx, 0, NULL, &scalar));
    ok(genlat_tensor_new(ctx, 2, (int64_t[]){0, 2}, &empty));
    ok(genlat_csv_write_samples(path, x, NULL, NULL));
    expect_text(path, "1,2.5\n3,4\n");
    ok(genlat_csv_write_samples(path, x, class, NULL));
    expect_text(path, "x1,x2,label\n1,2.5,1\n3,4,2\n");
    ok(genlat_csv_write_samples(path, x, class, &about));
    expect_text(path, "x1,x2,label\n1,2.5,\" dog\"\n3,4,2\n");
    ok(genlat_csv_write_samples(path, x, vector, &about));
    expect_text(path, "x1,x2,label1,label2\n1,2.5,0.5,7\n3,4,8,9\n");
    about.columns = 2;
    about.column_names = columns;
    ok(genlat_csv_write_samples(path, x, NULL, &about));
    expect_text(path, "\"width, cm\",\"say \"\"h\"\"\"\n1,2.5\n3,4\n");
    about.columns = 3; /* those of other data */
    ok(genlat_csv_write_samples(path, x, NULL, &about));
    expect_text(path, "1,2.5\n3,4\n");
    REFUSED(GENLAT_E_SHAPE, genlat_csv_write_samples, path, scalar, NULL, NULL);
    REFUSED(GENLAT_E_SHAPE, genlat_csv_write_samples, path, empty, NULL, NULL);
    REFUSED(GENLAT_E_SHAPE, genlat_csv_write_samples, path, x, x, NULL);
    REFUSED(GENLAT_E_SHAPE, genlat_csv_write_samples, path, x, scalar, NULL);
    refused(genlat_csv_write_samples(place("none/a.csv"), x, NULL, NULL), GENLAT_E_IO, "none/a.csv");
    genlat_tensor *all[] = {x, class, vector, scalar, empty};
    for (size_t i = 0; i < COUNT(all); i++)
        genlat_tensor_destroy(&all[i]);
    close_folder((const char *[]){"a.csv", NULL});
}
END_TEST

START_TEST(pictures_and_sound_have_their_limits)
{
    open_folder();
    genlat_tensor *images = counting(3, (int64_t[]){3, 2, 2}), *two = counting(4, (int64_t[]){1, 2, 2, 2});
    genlat_tensor *sound = counting(2, (int64_t[]){65, 2}), *line = counting(1, (int64_t[]){4}),
                  *cube = counting(3, (int64_t[]){1, 1, 4});
    genlat_tensor *wide = counting(3, (int64_t[]){1, 1, 2000});
    genlat_tensor_data(images)[0] = NAN; /* black */
    genlat_tensor_data(line)[0] = NAN;   /* 0 */
    ok(genlat_png_grid(place("a.png"), images, 2, 64, 0, 1));
    REFUSED(GENLAT_E_RANGE, genlat_png_grid, place("b.png"), images, 0, 65, 0, 1);
    REFUSED(GENLAT_E_RANGE, genlat_png_grid, place("b.png"), images, 0, 1, 2, 1);
    REFUSED(GENLAT_E_RANGE, genlat_png_grid, place("b.png"), images, 0, 1, NAN, 1);
    REFUSED(GENLAT_E_RANGE, genlat_png_grid, place("b.png"), wide, 0, 64, 0, 1); /* 128000 pixels */
    REFUSED(GENLAT_E_SHAPE, genlat_png_grid, place("b.png"), two, 0, 1, 0, 1);   /* two channels */
    ok(genlat_wav_write(place("a.wav"), line, 1));
    ok(genlat_wav_write(place("a.wav"), line, 1000000));
    REFUSED(GENLAT_E_RANGE, genlat_wav_write, place("b.wav"), line, 1000001);
    REFUSED(GENLAT_E_RANGE, genlat_wav_write, place("b.wav"), line, 0);
    REFUSED(GENLAT_E_SHAPE, genlat_wav_write, place("b.wav"), sound, 8000); /* 65 channels */
    REFUSED(GENLAT_E_SHAPE, genlat_wav_write, place("b.wav"), cube, 8000);
    refused(genlat_wav_write(place("none/b.wav"), line, 8000), GENLAT_E_IO, "none/b.wav");
    genlat_tensor *all[] = {images, two, sound, line, cube, wide};
    for (size_t i = 0; i < COUNT(all); i++)
        genlat_tensor_destroy(&all[i]);
    close_folder((const char *[]){"a.png", "a.wav", NULL});
}
END_TEST

START_TEST(texts_open_sources)
{
    open_folder();
    genlat_source *source = NULL, *like = NULL;
    genlat_tensor *x = counting(2, (int64_t[]){6, 4}), *labels = counting(1, (int64_t[]){6}), *got = NULL, *of = NULL;
    const genlat_tensor *both[] = {x, labels};
    ok(genlat_npz_write(place("a.npz"), 2, (const char *[]){"x", "labels"}, both));
    ok(open_text("npz", "a.npz", "?shape=1x2x2&skip=1&limit=2", &source));
    ck_assert_int_eq(genlat_source_ndim(source), 3);
    ck_assert_int_eq(genlat_source_count(source), 2);
    ck_assert_int_gt(genlat_source_classes(source), 0);
    ok(genlat_source_read(source, 0, 1, &got, &of));
    ck_assert_float_eq(genlat_tensor_data(got)[0], 4);
    ck_assert_float_eq(genlat_tensor_data(of)[0], 1);
    genlat_source_destroy(&source);
    OPENS(GENLAT_E_NOT_FOUND, "x", "npz", "a.npz", "?key=z");
    OPENS(GENLAT_E_SHAPE, "shape", "npz", "a.npz", "?shape=5");
    OPENS(GENLAT_E_STATE, "factors", "npz", "a.npz", "?labels=factors");
    OPENS(GENLAT_E_RANGE, "skip", "npz", "a.npz", "?skip=6");
    OPENS(GENLAT_E_NOT_FOUND, "labels_key", "npz", "a.npz", "?nothing=1");
    OPENS(GENLAT_E_NOT_FOUND, "a key of wav, text", "npz", "a.npz", "?length=1");
    OPENS(GENLAT_E_IO, "none.npz", "npz", "none.npz", "");
    OPENS(GENLAT_OK, "", "npz", "a.npz", "?labels=no&scale=standard");
    put("a.csv", "w,kind,h\n1,cat,2\n3,dog,4\n5,cat,6\n");
    ok(open_text("csv", "a.csv", "?label=kind", &source));
    ck_assert_int_eq(genlat_source_classes(source), 2);
    ck_assert_int_eq(genlat_source_dim(source, 0), 2);
    ok(open_text("csv", "a.csv", "?label=-2", &like)); /* from the end */
    ck_assert_int_eq(genlat_source_classes(like), 2);
    genlat_source_destroy(&like);
    OPENS(GENLAT_E_FORMAT, "line 2", "csv", "a.csv", ""); /* text that is no class */
    char spec[96];
    snprintf(spec, sizeof spec, "npz:%s", place("a.npz"));
    refused(genlat_files_open_like(ctx, spec, source, &like), GENLAT_E_SHAPE, "shape of the samples");
    ck_assert_ptr_null(like);
    genlat_source_destroy(&source);
    genlat_tensor *all[] = {x, labels, got, of};
    for (size_t i = 0; i < COUNT(all); i++)
        genlat_tensor_destroy(&all[i]);
    close_folder((const char *[]){"a.npz", "a.csv", NULL});
}
END_TEST

/* 8-bit values are divided by 255, unless none is above 1 or raw=yes is given. */
START_TEST(bytes_are_divided)
{
    static const unsigned char header[] = {0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 2}; /* IDX of bytes [2,2] */
    open_folder();
    for (int i = 0; i < 3; i++) {
        const unsigned char data[] = {0, 1, 1, i == 1 ? 1 : 51};
        genlat_source *source = NULL;
        genlat_tensor *x = NULL;
        FILE *file = fopen(place("a.idx"), "wb");
        fwrite(header, 1, sizeof header, file);
        fwrite(data, 1, sizeof data, file);
        fclose(file);
        ok(open_text("idx", "a.idx", i == 2 ? "?raw=yes" : "", &source));
        ok(genlat_source_read(source, 0, 2, &x, NULL));
        ck_assert_float_eq_tol(genlat_tensor_data(x)[1], i == 0 ? 1 / 255.0f : 1, 1e-6);
        genlat_tensor_destroy(&x);
        genlat_source_destroy(&source);
    }
    close_folder((const char *[]){"a.idx", NULL});
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {kinds_are_listed,
                                  arrays_come_back,
                                  tables_come_back,
                                  samples_are_written_with_labels,
                                  pictures_and_sound_have_their_limits,
                                  texts_open_sources,
                                  bytes_are_divided,
                                  NULL};
    return run_tests("promises of files", tests);
}
