/* SPDX-License-Identifier: MIT */
/* Images, sound and text; source specifications; atomic writes. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/files_rig.h"

/* ---- pictures, sound, text --------------------------------------------------------------------------- */

START_TEST(png_grid_round_trips_as_images)
{
    static const float grey[] = {0, 0.2f, 1, 0.4f, 0.6f, 2}, colour[] = {1, 0, 0, 1, 0, 0, 0.4f, 0.2f, 1};
    genlat_tensor *a = tensor(3, (int64_t[]){1, 2, 3}, grey), *b = tensor(4, (int64_t[]){1, 3, 1, 3}, colour);
    ck_assert_int_eq(mkdir(place("cat"), 0777), 0);
    ck_assert_int_eq(mkdir(place("dog"), 0777), 0);
    ok(genlat_png_grid(place("cat/1.png"), a, 0, 1, 0, 1));
    ok(genlat_png_grid(place("dog/2.PNG"), a, 0, 1, 0, 1));
    genlat_tensor *labels = NULL, *x = values(spec_of("png", "", ""), &labels);
    ck_assert_int_eq(genlat_tensor_dim(x, 0), 2);
    ck_assert_int_eq(genlat_tensor_dim(x, 1), 1);
    for (int i = 0; i < 6; i++)
        ck_assert_float_eq_tol(genlat_tensor_const_data(x)[i], grey[i] > 1 ? 1 : grey[i], 1e-6);
    ck_assert_float_eq(genlat_tensor_const_data(labels)[1], 1);
    ok(genlat_png_grid(place("dog/3.png"), b, 0, 1, 0, 1));
    refused(spec_of("png", "", ""), GENLAT_E_SHAPE, "3.png");
    unlink(place("dog/2.PNG"));
    genlat_tensor_destroy(&x);
    x = values(spec_of("png", "dog", ""), NULL);
    ck_assert_int_eq(genlat_tensor_dim(x, 1), 3);
    for (int i = 0; i < 9; i++)
        ck_assert_float_eq_tol(genlat_tensor_const_data(x)[i], colour[i], 1e-6);
    put_file("dog/3.png", "\x89PNG\r\n\x1a\n", 8);
    refused(spec_of("png", "dog", ""), GENLAT_E_FORMAT, "3.png");
    genlat_tensor *all[] = {a, b, labels, x};
    for (size_t i = 0; i < COUNT(all); i++)
        genlat_tensor_destroy(&all[i]);
}
END_TEST

/* A few bytes that are compressed twice could become any number; a pipe could be waited for without end. */
START_TEST(data_without_a_bound_are_refused)
{
    static const uint8_t twice[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xab,
                                    0x00, 0x00, 0x83, 0x16, 0xdc, 0x8c, 0x01, 0x00, 0x00, 0x00};
    put_file("one.png", (const char *)twice, sizeof twice);
    refused(spec_of("png", "", ""), GENLAT_E_FORMAT, "gunzip");
    put_file("one.npz", (const char *)twice, sizeof twice);
    refused(spec_of("npz", "one.npz", ""), GENLAT_E_FORMAT, "gunzip");
    ck_assert_int_eq(mkfifo(place("pipe.csv"), 0600), 0);
    refused(spec_of("csv", "pipe.csv", ""), GENLAT_E_IO, "not a regular file");
    unlink(place("pipe.csv"));
}
END_TEST

/* 16 bits a channel without a gamma: value / 65535, rounded to 8 bits. */
START_TEST(images_of_16_bits_are_read)
{
    static const uint8_t file[] = {0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49,
                                   0x48, 0x44, 0x52, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x02, 0x10, 0x00,
                                   0x00, 0x00, 0x00, 0x07, 0x4d, 0x8e, 0xbb, 0x00, 0x00, 0x00, 0x12, 0x49, 0x44,
                                   0x41, 0x54, 0x78, 0x9c, 0x63, 0x60, 0x60, 0x50, 0x60, 0x60, 0x68, 0x60, 0xf8,
                                   0xff, 0x1f, 0x00, 0x05, 0xe7, 0x02, 0x9f, 0x9f, 0xad, 0x0c, 0xa2, 0x00, 0x00,
                                   0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82};
    static const double expected[] = {0, 8192.0 / 65535, 32768.0 / 65535, 1};
    put_file("one.png", (const char *)file, sizeof file);
    genlat_tensor *x = values(spec_of("png", "", ""), NULL);
    ck_assert_int_eq(genlat_tensor_count(x), 4);
    for (int i = 0; i < 4; i++)
        ck_assert_double_eq_tol((double)genlat_tensor_const_data(x)[i], expected[i], 0.5 / 255 + 1e-6);
    genlat_tensor_destroy(&x);
}
END_TEST

START_TEST(png_grid_has_the_documented_layout_and_limits)
{
    static const float zeros[5 * 2 * 2] = {0};
    genlat_tensor *images_tensor = tensor(3, (int64_t[]){5, 2, 2}, zeros), *flat = tensor(1, (int64_t[]){4}, zeros);
    ok(genlat_png_grid(place("a.png"), images_tensor, 0, 3, -1, 1));
    genlat_source *source = open_source(spec_of("png", "", ""));
    ck_assert_int_eq(genlat_source_dim(source, 2), 3 * 6 + 2); /* three columns, two rows, one separator */
    ck_assert_int_eq(genlat_source_dim(source, 1), 2 * 6 + 1);
    genlat_source_destroy(&source);
    ck_assert_int_eq(genlat_png_grid(place("b.png"), flat, 0, 1, 0, 1), GENLAT_E_SHAPE);
    ck_assert_int_eq(genlat_png_grid(place("b.png"), images_tensor, 0, 0, 0, 1), GENLAT_E_RANGE);
    ck_assert_int_eq(genlat_png_grid(place("b.png"), images_tensor, 0, 1, 1, 1), GENLAT_E_RANGE);
    ck_assert_int_eq(genlat_png_grid(place("b.png"), images_tensor, -1, 1, 0, 1), GENLAT_E_RANGE);
    ck_assert_int_eq(genlat_png_grid(place("none/b.png"), images_tensor, 0, 1, 0, 1), GENLAT_E_IO);
    ck_assert_int_eq(files_in_folder(), 1);
    genlat_tensor_destroy(&images_tensor);
    genlat_tensor_destroy(&flat);
}
END_TEST

START_TEST(wav_round_trips)
{
    float wave[2][10];
    for (int i = 0; i < 10; i++) {
        wave[0][i] = (float)sin(i);
        wave[1][i] = i == 3 ? 5 : -0.5f;
    }
    genlat_tensor *sound = tensor(2, (int64_t[]){2, 10}, wave[0]), *x = NULL;
    ok(genlat_wav_write(place("a.wav"), sound, 8000));
    ck_assert_int_eq(genlat_wav_write(place("b.wav"), sound, 0), GENLAT_E_RANGE);
    genlat_source *source = NULL;
    genlat_status status = genlat_files_open(ctx, spec_of("wav", "a.wav", "?length=4"), &source);
    if (status != GENLAT_E_UNSUPPORTED) {
        ok(status);
        ck_assert_int_eq(genlat_source_count(source), 2);
        ck_assert_int_eq(genlat_source_dim(source, 0), 2);
        ok(genlat_source_read(source, 0, 2, &x, NULL));
        ck_assert_float_eq_tol(genlat_tensor_const_data(x)[2], wave[0][2], 1e-4);
        ck_assert_float_eq_tol(genlat_tensor_const_data(x)[7], 1, 1e-4); /* clamped */
        ck_assert_float_eq_tol(genlat_tensor_const_data(x)[8], wave[0][4], 1e-4);
        genlat_tensor_destroy(&x);
        x = values(spec_of("wav", "", "?length=16"), NULL);
        ck_assert_int_eq(genlat_tensor_dim(x, 0), 1);
        ck_assert_float_eq(genlat_tensor_const_data(x)[15], 0);
        refused(spec_of("wav", "none.wav", ""), GENLAT_E_IO, "none.wav");
        genlat_description d = {.size = sizeof d};
        genlat_source_destroy(&source);
        source = open_source(spec_of("wav", "a.wav", ""));
        ok(genlat_source_description(source, &d));
        ck_assert_int_eq(d.rate, 8000);
        ck_assert_uint_eq(d.content, GENLAT_CONTENT_SOUND);
        ok(genlat_wav_write(place("b.wav"), sound, 16000));
        refused(spec_of("wav", "", "?length=4"), GENLAT_E_SHAPE, "16000 Hz");
        genlat_tensor *mono = NULL;
        ok(genlat_tensor_reshape(sound, 1, (int64_t[]){20}, &mono));
        ok(genlat_wav_write(place("b.wav"), mono, 8000));
        refused(spec_of("wav", "", "?length=4"), GENLAT_E_SHAPE, "1 channel");
        genlat_tensor_destroy(&mono);
        put_file("c.wav", "RIFF", 4);
        refused(spec_of("wav", "c.wav", ""), GENLAT_E_FORMAT, "c.wav");
    }
    genlat_tensor_destroy(&sound);
    genlat_tensor_destroy(&x);
    genlat_source_destroy(&source);
}
END_TEST

/* A WAV file of 16 bits whose header states these sizes. */
static void put_wav(const char *name, uint8_t riff, uint8_t data, size_t bytes)
{
    const uint8_t file[44 + 8] = {'R', 'I',  'F',  'F',  riff, 0, 0,    0, 'W',  'A', 'V',  'E',  'f',
                                  'm', 't',  ' ',  16,   0,    0, 0,    1, 0,    1,   0,    0x40, 0x1F,
                                  0,   0,    0x80, 0x3E, 0,    0, 2,    0, 16,   0,   'd',  'a',  't',
                                  'a', data, 0,    0,    0,    0, 0x40, 0, 0x20, 0,   0x40, 0,    0x20};
    put_file(name, file, 44 + bytes);
}

/* What the samples of an array are, where their shape leaves it open. */
START_TEST(arrays_state_their_content)
{
    static const struct {
        const char *keys;
        int64_t h, w;
        uint32_t content;
        genlat_status status;
    } cases[] = {{"", 8, 40, GENLAT_CONTENT_ANY, GENLAT_OK},
                 {"?content=image", 8, 40, GENLAT_CONTENT_IMAGE, GENLAT_OK},
                 {"?content=sound", 20, 24, GENLAT_CONTENT_SOUND, GENLAT_OK},
                 {"?content=sound&shape=480", 20, 24, GENLAT_CONTENT_SOUND, GENLAT_OK},
                 {"?content=text", 20, 24, 0, GENLAT_E_SHAPE},
                 {"?content=music", 20, 24, 0, GENLAT_E_INVALID}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        genlat_tensor *x = NULL;
        genlat_source *source = NULL;
        genlat_description d = {.size = sizeof d};
        ok(genlat_tensor_new(ctx, 3, (int64_t[]){3, cases[i].h, cases[i].w}, &x));
        ok(genlat_npy_write(place("content.npy"), x));
        ck_assert_int_eq(genlat_files_open(ctx, spec_of("npy", "content.npy", cases[i].keys), &source),
                         cases[i].status);
        if (source)
            ok(genlat_source_description(source, &d));
        ck_assert_uint_eq(d.content, cases[i].content);
        genlat_source_destroy(&source);
        genlat_tensor_destroy(&x);
    }
}
END_TEST

START_TEST(numbers_are_samples_of_one_element)
{
    genlat_tensor *x = NULL;
    genlat_source *source = NULL;
    ok(genlat_tensor_new(ctx, 1, (int64_t[]){5}, &x));
    ok(genlat_npy_write(place("flat.npy"), x));
    ok(genlat_files_open(ctx, spec_of("npy", "flat.npy", ""), &source));
    ck_assert_int_eq(genlat_source_count(source), 5);
    ck_assert_int_eq(genlat_source_ndim(source), 1);
    ck_assert_int_eq(genlat_source_dim(source, 0), 1);
    genlat_source_destroy(&source);
    genlat_tensor_destroy(&x);
}
END_TEST

/* Images with their channels last are refused, or converted on request. */
START_TEST(channels_are_moved)
{
    enum { N = 2, H = 5, W = 6, C = 3 };
    genlat_tensor *x = NULL, *y = NULL;
    genlat_source *source = NULL;
    ck_assert_int_eq(genlat_tensor_new(ctx, 4, (int64_t[]){N, H, W, C}, &x), GENLAT_OK);
    for (int64_t i = 0; i < N * H * W * C; i++)
        genlat_tensor_data(x)[i] = (float)i;
    ck_assert_int_eq(genlat_npy_write(place("last.npy"), x), GENLAT_OK);
    ck_assert_int_eq(genlat_files_open(ctx, spec_of("npy", "last.npy", ""), &source), GENLAT_E_SHAPE);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "last.npy: samples are [5,6,3]"));
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "order=hwc"));
    ck_assert_int_eq(genlat_files_open(ctx, spec_of("npy", "last.npy", "?order=chw"), &source), GENLAT_OK);
    ck_assert_int_eq(genlat_source_dim(source, 0), H);
    genlat_source_destroy(&source);
    ck_assert_int_eq(genlat_files_open(ctx, spec_of("npy", "last.npy", "?order=hwc"), &source), GENLAT_OK);
    ck_assert_int_eq(genlat_source_dim(source, 0), C);
    ck_assert_int_eq(genlat_source_dim(source, 1), H);
    ck_assert_int_eq(genlat_source_read(source, 0, N, &y, NULL), GENLAT_OK);
    for (int64_t i = 0; i < N * H * W * C; i++) {
        const int64_t n = i / (H * W * C), c = i % C, pixel = i / C % (H * W);
        ck_assert_float_eq(genlat_tensor_data(y)[(n * C + c) * H * W + pixel], (float)i);
    }
    genlat_source_destroy(&source);
    ck_assert_int_eq(genlat_files_open(ctx, spec_of("npy", "last.npy", "?order=hwc&shape=90"), &source), GENLAT_OK);
    genlat_source_destroy(&source);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&y);
}
END_TEST

START_TEST(sound_without_frames_is_refused)
{
    genlat_source *source = NULL;
    put_wav("a.wav", 44, 8, 8);
    if (genlat_files_open(ctx, spec_of("wav", "a.wav", "?length=4"), &source) == GENLAT_E_UNSUPPORTED)
        return;
    ck_assert_int_eq(genlat_source_count(source), 1);
    genlat_source_destroy(&source);
    put_wav("b.wav", 36, 0, 0);
    refused(spec_of("wav", "b.wav", ""), GENLAT_E_FORMAT, "b.wav: the file has no sound");
    refused(spec_of("wav", "", "?length=4"), GENLAT_E_FORMAT, "b.wav: the file has no sound");
    unlink(place("b.wav"));
    put_wav("b.wav", 0, 0, 8); /* a program that was stopped leaves sizes of 0 */
    refused(spec_of("wav", "b.wav", ""), GENLAT_E_FORMAT, "its header states 0 frames");
    genlat_tensor *x = values(spec_of("wav", "a.wav", "?length=6"), NULL);
    static const float expected[] = {0.5f, 0.25f, 0.5f, 0.25f, 0, 0}; /* silence follows */
    ck_assert_int_eq(genlat_tensor_count(x), 6);
    for (int i = 0; i < 6; i++)
        ck_assert_float_eq(genlat_tensor_const_data(x)[i], expected[i]);
    genlat_tensor_destroy(&x);
    refused(spec_of("wav", "a.wav", "?length=1000000000000"), GENLAT_E_MEMORY, "memory_limit");
}
END_TEST

START_TEST(text_is_split_into_samples)
{
    put_file("a.txt", "abcdefg\n\r\nhi\r\n", 14);
    genlat_tensor *x = values(spec_of("text", "a.txt", "?length=4"), NULL);
    ck_assert_int_eq(genlat_tensor_dim(x, 0), 3);
    ck_assert_float_eq(genlat_tensor_const_data(x)[4], 'e');
    genlat_tensor_destroy(&x);
    x = values(spec_of("text", "a.txt", "?length=4&lines=yes"), NULL);
    ck_assert_int_eq(genlat_tensor_dim(x, 0), 2);
    ck_assert_float_eq(genlat_tensor_const_data(x)[3], 'd');
    ck_assert_float_eq(genlat_tensor_const_data(x)[5], 'i');
    ck_assert_float_eq(genlat_tensor_const_data(x)[6], 0);
    genlat_tensor_destroy(&x);
    refused(spec_of("text", "a.txt", "?length=100"), GENLAT_E_FORMAT, "14 bytes, fewer than the 100 of one sample");
    refused(spec_of("text", "a.txt", "?length=1000000000000&lines=yes"), GENLAT_E_MEMORY, "memory_limit");
    put_file("a.txt", "one\ntwo", 7);
    x = values(spec_of("text", "a.txt", "?length=4&lines=yes"), NULL); /* the last line needs no end */
    ck_assert_int_eq(genlat_tensor_dim(x, 0), 2);
    ck_assert_float_eq(genlat_tensor_const_data(x)[6], 'o');
    genlat_tensor_destroy(&x);
    put_file("a.txt", "", 0);
    refused(spec_of("text", "a.txt", ""), GENLAT_E_FORMAT, "the file is empty");
    put_file("a.txt", "\n\r\n", 3);
    refused(spec_of("text", "a.txt", "?lines=yes"), GENLAT_E_FORMAT, "no line with text");
    put_file("a.txt", "ab\0cd", 5);
    refused(spec_of("text", "a.txt", "?length=2"), GENLAT_E_FORMAT, "binary: byte 2 is zero");
}
END_TEST

/* ---- SPEC -------------------------------------------------------------------------------------------- */

START_TEST(synthetic_sources_are_split_into_parts)
{
    for (int32_t i = 0; i < 6; i++) {
        genlat_source *source = open_source(genlat_files_kind(i, NULL));
        ck_assert_int_eq(genlat_source_count(source), 10000);
        genlat_source_destroy(&source);
    }
    genlat_tensor *part[3], *repeated = values("ring?n=50&seed=4#train", NULL);
    part[0] = values("ring#train?n=50&seed=4", NULL);
    part[1] = values("ring#valid?n=50&seed=4", NULL);
    part[2] = values("ring?seed=5&n=50", NULL);
    ck_assert_mem_eq(genlat_tensor_const_data(repeated), genlat_tensor_const_data(part[0]), 100 * sizeof(float));
    for (int i = 1; i < 3; i++)
        ck_assert_int_ne(memcmp(genlat_tensor_const_data(part[0]), genlat_tensor_const_data(part[i]), 100), 0);
    for (int i = 0; i < 3; i++)
        genlat_tensor_destroy(&part[i]);
    genlat_tensor_destroy(&repeated);
}
END_TEST

START_TEST(wrong_specifications_are_refused)
{
    static const struct {
        const char *spec;
        genlat_status status;
        const char *words;
    } cases[] = {
        {"", GENLAT_E_INVALID, "KIND"},
        {":x", GENLAT_E_INVALID, "KIND"},
        {"letters", GENLAT_E_NOT_FOUND, "digits, shapes"},
        {"digits:x", GENLAT_E_INVALID, "no path"},
        {"npy", GENLAT_E_INVALID, "needs a path"},
        {"npy:/nowhere#test", GENLAT_E_NOT_FOUND, "no parts"},
        {"npy:/nowhere", GENLAT_E_IO, "/nowhere: "},
        {"digits#other", GENLAT_E_NOT_FOUND, "train, valid, test"},
        {"digits?n", GENLAT_E_INVALID, "KEY=VALUE"},
        {"digits?n=0", GENLAT_E_INVALID, "n is '0'"},
        {"digits?n=99999999999999999999", GENLAT_E_INVALID, "an integer"},
        {"digits?colour=red", GENLAT_E_NOT_FOUND,
         "digits has no key 'colour'; its keys: n, labels_file, holdout, skip, limit, seed"},
        {"digits?sede=3", GENLAT_E_NOT_FOUND, "did you mean 'seed'?"},
        {"npz:/nowhere?labelskey=y", GENLAT_E_NOT_FOUND, "did you mean 'labels_key'?"},
        {"cvs:/nowhere", GENLAT_E_NOT_FOUND, "did you mean 'csv'?"},
        {"digit", GENLAT_E_NOT_FOUND, "did you mean 'digits'?"},
        {"digits?x=3", GENLAT_E_NOT_FOUND, "digits has no key 'x'; its"},
        {"digits?binarize=sometimes", GENLAT_E_INVALID, "dynamic"},
        {"npy:/nowhere?shape=2xx3", GENLAT_E_INVALID, "3x32x32"},
        {"npy:/nowhere?raw=perhaps", GENLAT_E_INVALID, "yes or no"},
        {"digits?skip=10000", GENLAT_E_RANGE, "skip"},
        {"ring?labels=factors", GENLAT_E_STATE, "factors"},
        {"ring?holdout=0", GENLAT_E_INVALID, "a fraction between 0 and 1"},
        {"ring?holdout=1.5", GENLAT_E_INVALID, "a fraction between 0 and 1"},
        {"ring?holdout=-1", GENLAT_E_INVALID, "a fraction between 0 and 1"},
        {"ring?holdout=nan", GENLAT_E_INVALID, "a fraction between 0 and 1"},
        {"ring?n=10&holdout=10", GENLAT_E_RANGE, "holdout is 10 of 10 samples"},
        {"ring?n=10&holdout=0.01", GENLAT_E_RANGE, "holdout is 0.01 of 10 samples"},
        {"ring#test?holdout=0.5", GENLAT_E_NOT_FOUND, "unknown part 'test' of ring with holdout=; known: train, valid"},
        {"ring#?holdout=0.5", GENLAT_E_NOT_FOUND, "unknown part ''"},
        {"npy:/nowhere#valid", GENLAT_E_NOT_FOUND, "holdout= divides it"},
        {"ring?n=3 + moons?n=3", GENLAT_E_SHAPE, "2 classes, expected 8 classes"},
        {"ring?n=3 + digits?n=3", GENLAT_E_SHAPE, "samples of [1,28,28], expected [2]"},
        {"ring + ", GENLAT_E_INVALID, "KIND"},
        {"ring?scale=unit + ring", GENLAT_E_INVALID, "scale= holds for all data that are joined"},
        {"ring?stack=2 + ring", GENLAT_E_INVALID, "stack= holds for all data that are joined"},
        {"ring + npy:/nowhere", GENLAT_E_IO, "/nowhere: "},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        refused(cases[i].spec, cases[i].status, cases[i].words);
    char huge[9000];
    memset(huge, 'x', sizeof huge - 1);
    huge[sizeof huge - 1] = '\0';
    refused(huge, GENLAT_E_INVALID, "longer");
    ck_assert_ptr_null(genlat_files_kind(-1, NULL));
    ck_assert_ptr_null(genlat_files_kind(1000, NULL));
}
END_TEST

/* Every kind with every key of every kind: those that genlat_files_key() lists are accepted, the others refused. The
 * files do not exist, so that no kind reads any. */
START_TEST(kinds_refuse_keys_of_other_kinds)
{
    const char *kind = NULL, *other = NULL, *key = NULL, *help = NULL;
    int refusals = 0;
    for (int32_t i = 0; (kind = genlat_files_kind(i, NULL)) != NULL; i++)
        for (int32_t j = 0; (other = genlat_files_kind(j, NULL)) != NULL; j++)
            for (int32_t k = 0; (key = genlat_files_key(other, k, &help)) != NULL; k++) {
                bool own = false;
                const char *listed = NULL;
                for (int32_t l = 0; (listed = genlat_files_key(kind, l, NULL)) != NULL; l++)
                    own = own || strcmp(key, listed) == 0;
                ck_assert_int_gt((int)strlen(help), 5);
                char spec[200], words[100];
                snprintf(spec, sizeof spec, "%s%s?%s=?", kind, i < 6 ? "" : ":/nowhere", key);
                genlat_source *source = NULL;
                genlat_status status = genlat_files_open(ctx, spec, &source);
                ck_assert_ptr_null(source);
                ck_assert_msg((status == GENLAT_E_NOT_FOUND) == !own, "%s: %s", spec, genlat_last_error());
                if (own)
                    continue;
                snprintf(words, sizeof words, "%s has no key '%s', which is a key of ", kind, key);
                refused(spec, GENLAT_E_NOT_FOUND, words);
                /* The list of the keys is whole: the last key is in it. */
                refused(spec, GENLAT_E_NOT_FOUND, genlat_files_key(kind, 0, NULL));
                ck_assert_str_eq(genlat_last_error() + strlen(genlat_last_error()) - 8, "labelled");
                refusals++;
            }
    ck_assert_int_gt(refusals, 100);
    ck_assert_ptr_null(genlat_files_key("letters", 0, NULL));
    ck_assert_ptr_null(genlat_files_key("csv", -1, NULL));
}
END_TEST

/* ---- parts that are held out, and joins -------------------------------------------------------------- */

/* The parts of a table of numbers 0 to count-1 are disjoint, and together all that skip= and limit= leave. */
static void check_holdout(const char *keys, int64_t first, int64_t train_count, int64_t valid_count)
{
    static const char *const parts[] = {"#train", "#valid"};
    int seen[100] = {0}, moved = 0;
    for (int p = 0; p < 2; p++) {
        char options[100];
        snprintf(options, sizeof options, "%s%s", keys, parts[p]);
        genlat_tensor *x = values(spec_of("csv", "a.csv", options), NULL);
        ck_assert_int_eq(genlat_tensor_dim(x, 0), p ? valid_count : train_count);
        for (int64_t i = 0; i < genlat_tensor_dim(x, 0); i++) {
            int value = (int)genlat_tensor_const_data(x)[i];
            ck_assert_int_ge(value, first);
            ck_assert_int_lt(value, first + train_count + valid_count);
            seen[value]++;
            moved += value != first + (p ? train_count : 0) + i;
        }
        genlat_tensor_destroy(&x);
    }
    for (int64_t i = first; i < first + train_count + valid_count; i++)
        ck_assert_int_eq(seen[i], 1);
    ck_assert_int_gt(moved, 0);
}

START_TEST(held_out_samples_are_those_that_training_lacks)
{
    char text[400] = "";
    for (int i = 0; i < 50; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%d\n", i);
    put_file("a.csv", text, strlen(text));
    check_holdout("?holdout=0.2", 0, 40, 10);
    check_holdout("?holdout=7&seed=5", 0, 43, 7);
    check_holdout("?holdout=0.5&skip=3&limit=20", 3, 10, 10);
    genlat_tensor *part[4] = {values(spec_of("csv", "a.csv", "?holdout=0.2"), NULL),
                              values(spec_of("csv", "a.csv", "#train?holdout=0.2"), NULL),
                              values(spec_of("csv", "a.csv", "?holdout=0.2&seed=0"), NULL),
                              values(spec_of("csv", "a.csv", "?holdout=0.2&seed=1"), NULL)};
    for (int i = 1; i < 4; i++) /* train is the default; another seed chooses others */
        ck_assert_int_eq(memcmp(genlat_tensor_const_data(part[0]), genlat_tensor_const_data(part[i]), 160) == 0, i < 3);
    for (int i = 0; i < 4; i++)
        genlat_tensor_destroy(&part[i]);
    /* A scale is fitted on the training part. */
    genlat_source *train = open_source(spec_of("csv", "a.csv", "?holdout=0.2&scale=unit")), *valid = NULL;
    ok(genlat_files_open_like(ctx, spec_of("csv", "a.csv", "?holdout=0.2#valid"), train, &valid));
    ck_assert_int_eq(genlat_source_count(valid), 10);
    genlat_source_destroy(&train);
    genlat_source_destroy(&valid);
    genlat_source *drawn = open_source("digits?n=20&holdout=5#valid");
    ck_assert_int_eq(genlat_source_count(drawn), 5);
    ck_assert_int_eq(genlat_source_classes(drawn), 10);
    genlat_source_destroy(&drawn);
}
END_TEST

START_TEST(joined_specifications_follow_one_another)
{
    char spec[1200];
    put_file("a.csv", "1,0\n2,1\n3,0\n", 12);
    put_file("b.csv", "y;x\n1;10\n0;20\n", 14);
    snprintf(spec, sizeof spec, "csv:%s?label=2&skip=1 + csv:%s?label=y + csv:%s?label=-1&limit=2&scale=unit",
             place("a.csv"), place("b.csv"), place("a.csv"));
    genlat_tensor *labels = NULL, *x = values(spec, &labels);
    static const float expected[] = {2, 3, 10, 20, 1, 2}, classes[] = {1, 0, 1, 0, 0, 1};
    ck_assert_int_eq(genlat_tensor_dim(x, 0), 6);
    for (int i = 0; i < 6; i++) /* one scale for all: 1 becomes 0, 20 becomes 1 */
        ck_assert_float_eq_tol(genlat_tensor_const_data(x)[i], (expected[i] - 1) / 19, 1e-6);
    ck_assert_mem_eq(genlat_tensor_const_data(labels), classes, sizeof classes);
    genlat_source *train = open_source(spec), *valid = NULL;
    snprintf(spec, sizeof spec, "csv:%s?label=2 + csv:%s?label=y", place("a.csv"), place("b.csv"));
    ok(genlat_files_open_like(ctx, spec, train, &valid));
    genlat_tensor *offset = NULL, *scale = NULL;
    ok(genlat_source_normalization(valid, &offset, &scale));
    ck_assert_float_eq(genlat_tensor_const_data(scale)[0], 19);
    genlat_tensor *all[] = {x, labels, offset, scale};
    for (size_t i = 0; i < COUNT(all); i++)
        genlat_tensor_destroy(&all[i]);
    genlat_source_destroy(&train);
    genlat_source_destroy(&valid);
}
END_TEST

START_TEST(validation_data_are_scaled_as_training_data)
{
    genlat_source *train = open_source("moons?n=500&scale=features"), *valid = NULL, *other = NULL;
    genlat_tensor *offset[2], *scale[2];
    ok(genlat_files_open_like(ctx, "moons#valid?n=100&scale=features&labels=no", train, &valid));
    ok(genlat_source_normalization(train, &offset[0], &scale[0]));
    ok(genlat_source_normalization(valid, &offset[1], &scale[1]));
    ck_assert_mem_eq(genlat_tensor_const_data(offset[0]), genlat_tensor_const_data(offset[1]), 2 * sizeof(float));
    ck_assert_mem_eq(genlat_tensor_const_data(scale[0]), genlat_tensor_const_data(scale[1]), 2 * sizeof(float));
    ck_assert_int_eq(genlat_source_classes(valid), 0);
    ck_assert_int_eq(genlat_files_open_like(ctx, "digits", train, &other), GENLAT_E_SHAPE);
    ck_assert_ptr_null(other);
    for (int i = 0; i < 2; i++) {
        genlat_tensor_destroy(&offset[i]);
        genlat_tensor_destroy(&scale[i]);
    }
    genlat_source_destroy(&train);
    genlat_source_destroy(&valid);
}
END_TEST

START_TEST(writes_are_atomic)
{
    static const float data[] = {1};
    genlat_tensor *one = tensor(1, (int64_t[]){1}, data);
    ok(genlat_npy_write(place("a.npy"), one));
    ok(genlat_npy_write(place("a.npy"), one));
    ck_assert_int_eq(files_in_folder(), 1);
    ck_assert_int_eq(genlat_npy_write(place("none/a.npy"), one), GENLAT_E_IO);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "none/a.npy"));
    ok(genlat_npy_write("/dev/null", one));
    if (access("/dev/full", W_OK) == 0)
        ck_assert_int_eq(genlat_csv_write("/dev/full", one, NULL), GENLAT_E_IO);
    ck_assert_int_eq(mkdir(place("d"), 0777), 0);
    ck_assert_int_eq(genlat_npy_write(place("d"), one), GENLAT_E_IO);
    ck_assert_int_eq(files_in_folder(), 2);
    genlat_tensor_destroy(&one);
}
END_TEST

/* The original MNIST files, if they are installed. */
START_TEST(mnist_is_read)
{
    const char *base = getenv("GENLAT_DATA");
    char spec[1024];
    if (!base) {
        printf("skipped: GENLAT_DATA is not set\n");
        return;
    }
    snprintf(spec, sizeof spec, "idx:%s/mnist#test", base);
    genlat_source *source = open_source(spec);
    genlat_tensor *x = NULL, *labels = NULL;
    ck_assert_int_eq(genlat_source_count(source), 10000);
    ck_assert_int_eq(genlat_source_classes(source), 10);
    ok(genlat_source_read(source, 0, 10, &x, &labels));
    static const float first[] = {7, 2, 1, 0, 4, 1, 4, 9, 5, 9};
    ck_assert_mem_eq(genlat_tensor_const_data(labels), first, sizeof first);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
    genlat_source_destroy(&source);
}
END_TEST

int main(void)
{
    static const TTest *const *const tests[] = {
        &data_without_a_bound_are_refused,
        &images_of_16_bits_are_read,
        &png_grid_round_trips_as_images,
        &png_grid_has_the_documented_layout_and_limits,
        &wav_round_trips,
        &arrays_state_their_content,
        &channels_are_moved,
        &numbers_are_samples_of_one_element,
        &sound_without_frames_is_refused,
        &text_is_split_into_samples,
        &synthetic_sources_are_split_into_parts,
        &wrong_specifications_are_refused,
        &kinds_refuse_keys_of_other_kinds,
        &held_out_samples_are_those_that_training_lacks,
        &joined_specifications_follow_one_another,
        &validation_data_are_scaled_as_training_data,
        &writes_are_atomic,
        &mnist_is_read,
    };
    return run_in_folders("files_open", tests, COUNT(tests));
}
