/* SPDX-License-Identifier: MIT */
/* Tables: what is read, what is guessed, and what is refused with line, column, text and remedy. */
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/files_rig.h"

/* A context that keeps its last log message. */
static char message[512];

static void keep_message(void *user, int32_t level, const char *text)
{
    snprintf(message, sizeof message, "%d %s", (int)level, text);
}

static void open_log(void)
{
    genlat_ctx_opts opts;
    genlat_ctx_opts_init(&opts);
    opts.log = keep_message;
    message[0] = '\0';
    genlat_ctx_destroy(&ctx);
    ok(genlat_ctx_new(&opts, &ctx));
}

static const char *table(const char *text, const char *options)
{
    put_file("a.csv", text, strlen(text));
    return spec_of("csv", "a.csv", options);
}

START_TEST(tables_round_trip)
{
    static const float data[] = {0.1f, -3e20f, 1.f / 3, 1e-40f, 16777216, -0.f};
    genlat_tensor *written = tensor(2, (int64_t[]){3, 2}, data), *read = NULL;
    (void)setlocale(LC_NUMERIC, "de_DE.UTF-8"); /* if this locale is installed, its decimal comma must not be used */
    ok(genlat_csv_write(place("a.csv"), written, "a,b"));
    ok(genlat_csv_read(ctx, place("a.csv"), &read));
    (void)setlocale(LC_NUMERIC, "C");
    ck_assert_int_eq(genlat_tensor_dim(read, 0), 3);
    ck_assert_mem_eq(genlat_tensor_const_data(read), data, sizeof data);
    genlat_tensor_destroy(&written);
    genlat_tensor_destroy(&read);
}
END_TEST

/* Numbers of every length and place of the point are those of strtod(). */
START_TEST(numbers_are_those_of_strtod)
{
    enum { ROWS = 4000 };
    static char text[ROWS][32], file[ROWS * 32];
    uint64_t state = 1;
    size_t used = 0;
    genlat_tensor *x = NULL;
    for (int i = 0; i < ROWS; i++) {
        char *at = text[i];
        const int digits = 1 + i % 18, point = i / 18 % (digits + 1);
        if (i % 5 == 0)
            *at++ = i % 2 ? '-' : '+';
        for (int k = 0; k < digits; k++) {
            state = state * 6364136223846793005U + 1442695040888963407U;
            if (k == point && i % 3)
                *at++ = '.';
            *at++ = (char)('0' + state % 10007 % 10);
        }
        *at = '\0';
        used += (size_t)snprintf(file + used, sizeof file - used, "%s\n", text[i]);
    }
    put_file("a.csv", file, used);
    x = values(spec_of("csv", "a.csv", "?header=no"), NULL);
    for (int i = 0; i < ROWS; i++) {
        const float expected = (float)strtod(text[i], NULL);
        ck_assert_msg(memcmp(&expected, &genlat_tensor_const_data(x)[i], sizeof expected) == 0, "%s is read as %.9g",
                      text[i], (double)genlat_tensor_const_data(x)[i]);
    }
    genlat_tensor_destroy(&x);
}
END_TEST

/* The first numbers of a tensor as text. */
static const char *text_of(const genlat_tensor *t)
{
    static char text[256];
    text[0] = '\0';
    for (int64_t i = 0; t && i < genlat_tensor_count(t) && i < 16; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%g", i ? " " : "",
                 (double)genlat_tensor_const_data(t)[i]);
    return text;
}

/* Rows that are read: their values and labels, row after row. */
START_TEST(tables_are_read)
{
    static const struct {
        const char *text, *options, *values, *labels;
        int64_t columns;
    } cases[] = {
        {"1,2\n3,4\n", "", "1 2 3 4", "", 2},
        {"1,2\r\n3,4", "", "1 2 3 4", "", 2},
        {"1,2\r3,4", "", "1 2 3 4", "", 2},
        {"\xEF\xBB\xBF\"a\";b\n1;2\n\n3; 4 \n   \n", "", "1 2 3 4", "", 2},
        {"name\n1e3\n", "", "1000", "", 1},
        {"\"a,\"\"b\"\"\",c\n \"1\" ,-2\n2,+3", "", "1 -2 2 3", "", 2},
        {"\"a\nb\",c\n1,2\n", "", "1 2", "", 2},
        {",a,b\n0,1,2\n1,3,4\n", "", "0 1 2 1 3 4", "", 3}, /* the index column of pandas has no name */
        /* separators */
        {"1;2\n3;4\n", "", "1 2 3 4", "", 2},
        {"1\t2\n3\t4\n", "", "1 2 3 4", "", 2},
        {"1|2\n3|4\n", "", "1 2 3 4", "", 2},
        {"  1.5   2e0\n 3\t 4 \n", "", "1.5 2 3 4", "", 2},
        {"first name,last name\n1,2\n", "", "1 2", "", 2},
        {"a, b\n1, 2\n3, 4\n", "", "1 2 3 4", "", 2},
        {"my value\n1\n2\n", "", "1 2", "", 1},
        {"1 2\n3 4\n", "?separator=space", "1 2 3 4", "", 2},
        {"a;x,b;y\n1,2\n", "?separator=comma", "1 2", "", 2},
        {"a|b\n1|2\n", "?separator=pipe", "1 2", "", 2},
        {"a\tb\n1\t2\n", "?separator=tab", "1 2", "", 2},
        {"a;b\n1;2\n", "?separator=semicolon", "1 2", "", 2},
        /* decimal comma */
        {"a;b\n1,5;-2,25e1\n3;4\n", "?decimal=comma", "1.5 -22.5 3 4", "", 2},
        {"1,5 2,5\n3,5 4,5\n", "?decimal=comma", "1.5 2.5 3.5 4.5", "", 2},
        {"1,5\n2,5\n", "?decimal=comma&separator=tab", "1.5 2.5", "", 1},
        /* header */
        {"0,1,2\n5,6,7\n", "?header=yes", "5 6 7", "", 3},
        {"0,1,2\n5,6,7\n", "?header=no", "0 1 2 5 6 7", "", 3},
        {"0,1,2,y\n5,6,7,0\n", "?header=yes", "5 6 7 0", "", 4},
        {"0,1\n1,0\n", "", "0 1 1 0", "", 2},
        {"2,1,0\n5,6,7\n", "", "2 1 0 5 6 7", "", 3},
        {"0,1,2,y\n5,6,7,1\n", "?label=y", "5 6 7", "0", 3}, /* the name shows that there is a header */
        /* labels */
        {"x\ty\tkind\n1\t2\tdog\n3\t4\t cat \n5\t6\tdog\n", "?label=kind", "1 2 3 4 5 6", "1 0 1", 2},
        {"1,2,dog\n3,4,cat\n", "?label=-1", "1 2 3 4", "1 0", 2},
        {"0,1,2\n1,3,4\n", "?label=1&header=no", "1 2 3 4", "0 1", 2},
        {"a,y\n1,10\n2,2\n3,10\n", "?label=y", "1 2 3", "1 0 1", 1}, /* in the order of the numbers, not of the texts */
        {"a,y\n1,1000000\n2,-1\n", "?label=y", "1 2", "1 0", 1},     /* only classes that occur */
        {"a,y\n1,1.0\n2,2\n3,1\n", "?label=y", "1 2 3", "0 1 0", 1},
        {"a,y\n1,+\n2,-\n", "?label=y", "1 2", "0 1", 1},
        {"2,1,y\n5,6,a\n", "?label=3&header=yes", "5 6", "0", 2},
        {"2,1,y\n5,6,7\n", "?label=2&header=yes", "6 7", "0", 2}, /* a name is stronger than a number */
        /* targets */
        {"a,b,c,y\n1,2,3,4.5\n6,7,8,9\n", "?target=y,a", "2 3 7 8", "4.5 1 9 6", 2},
        {"5,2,3.5\n4,5,6\n", "?target=-1", "5 2 4 5", "3.5 6", 2},
        /* missing values */
        {"a,b\n1,2\nNA,3\n4,\n5,6\n?,null\n", "?missing=drop", "1 2 5 6", "", 2},
        {"a,y\n1,x\n2,N/A\n,y\n4,z\n", "?missing=drop&label=y", "1 4", "0 1", 1},
        {"a,y\n1,2\n2,NaN\n3,4\n", "?missing=drop&target=y", "1 3", "2 4", 1},
        {"a,b\n1,NA\n,4\n", "?missing=keep", "1 nan nan 4", "", 2},
        {"a,y\n?,x\n2,z\n", "?missing=keep&label=y", "nan 2", "0 1", 1},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        genlat_source *source = open_source(table(cases[i].text, cases[i].options));
        genlat_tensor *x = NULL, *labels = NULL;
        ok(genlat_source_read(source, 0, genlat_source_count(source), &x, &labels));
        ck_assert_int_eq(genlat_source_dim(source, 0), cases[i].columns);
        ck_assert_msg(strcmp(text_of(x), cases[i].values) == 0, "%s: %s", cases[i].text, text_of(x));
        ck_assert_msg(strcmp(text_of(labels), cases[i].labels) == 0, "%s: %s", cases[i].text, text_of(labels));
        genlat_tensor_destroy(&x);
        genlat_tensor_destroy(&labels);
        genlat_source_destroy(&source);
    }
}
END_TEST

/* The names of a description, "class,class|column,column". */
static const char *names_of(const genlat_source *source)
{
    static char text[256];
    genlat_description d = {.size = sizeof d};
    ok(genlat_source_description(source, &d));
    text[0] = '\0';
    for (int64_t i = 0; i < d.classes; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i ? "," : "", d.class_names[i]);
    strcat(text, "|");
    for (int64_t i = 0; i < d.columns; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i ? "," : "", d.column_names[i]);
    return text;
}

START_TEST(names_describe_the_source)
{
    static const struct {
        const char *text, *options, *names;
        uint32_t content;
    } cases[] = {
        {"1,2\n3,4\n", "", "|", GENLAT_CONTENT_TABLE},
        {"a,b\n3,4\n", "", "|a,b", GENLAT_CONTENT_TABLE},
        {",\"b\nc\",d\n3,4,5\n", "", "|column 1,b c,d", GENLAT_CONTENT_TABLE},
        {"w,kind,h\n1,dog,2\n3, cat,4\n", "?label=kind", "cat,dog|w,h", GENLAT_CONTENT_TABLE},
        {"w,h,y\n1,2,10\n3,4,2\n5,6,3\n", "?label=3", "2,3,10|w,h", GENLAT_CONTENT_TABLE},
        {"1,2,1.0\n3,4,-1\n", "?label=3", "-1,1|", GENLAT_CONTENT_TABLE},
        {"a,b,c\n1,2,3\n", "?target=b", "|a,c", GENLAT_CONTENT_TABLE},
        {"a,b\n1,2\n", "?shape=1x1x2", "|a,b", GENLAT_CONTENT_ANY},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        genlat_source *source = open_source(table(cases[i].text, cases[i].options));
        genlat_description d = {.size = sizeof d};
        ck_assert_str_eq(names_of(source), cases[i].names);
        ok(genlat_source_description(source, &d));
        ck_assert_uint_eq(d.content, cases[i].content);
        genlat_source_destroy(&source);
    }
}
END_TEST

START_TEST(targets_are_vectors)
{
    genlat_source *source = open_source(table("a,b,c\n1,2,3\n4,5,6\n", "?target=c,a"));
    ck_assert_int_eq(genlat_source_classes(source), 0);
    ck_assert_int_eq(genlat_source_condition(source), 2);
    genlat_source_destroy(&source);
}
END_TEST

START_TEST(what_cannot_be_read_is_refused)
{
    static const struct {
        const char *text, *options, *words;
        genlat_status status;
    } cases[] = {
        {"", "", "empty", GENLAT_E_FORMAT},
        {"\n\r\n  \n", "", "empty", GENLAT_E_FORMAT},
        {"a,b\n", "", "no numbers", GENLAT_E_FORMAT},
        {"1,2\n3\n", "", "line 2: the row has 1 columns, 2 expected", GENLAT_E_FORMAT},
        {"1,2\n3,4,5\n", "", "line 2: the row has at least 3 columns, 2 expected", GENLAT_E_FORMAT},
        {"1,2\n\n3,x\n", "", "line 3, column 2: 'x' is not a number; enter a number, remove the column, or set label=2",
         GENLAT_E_FORMAT},
        {"\"a\nb\",c\n1,x\n", "", "line 3, column 2 (c): 'x'", GENLAT_E_FORMAT}, /* lines within quotes count */
        {"1,\"2\n", "", "closing quote", GENLAT_E_FORMAT},
        {"1,\"2\"3\n", "", "closing quote", GENLAT_E_FORMAT},
        {"1,2\n", "?label=kind", "'kind'", GENLAT_E_NOT_FOUND},
        {"a,b\n1,2\n", "?label=kind", "columns: a, b", GENLAT_E_NOT_FOUND},
        {"1,2\n", "?label=3", "'3'", GENLAT_E_NOT_FOUND},
        {"1,2\n", "?label=0", "'0'", GENLAT_E_NOT_FOUND},
        {"1\n2\n", "?label=1", "no numbers", GENLAT_E_FORMAT},
        {"a,a\n1,2\n", "?label=a", "2 columns", GENLAT_E_INVALID},
        {"a,b\n1,2\n", "?target=a,1", "twice", GENLAT_E_INVALID},
        {"a,b\n1,2\n", "?target=a&label=b", "exclude each other", GENLAT_E_INVALID},
        {"a,b\n1,2\n", "?target=a,b", "no numbers", GENLAT_E_FORMAT},
        /* what cannot be guessed */
        {"1,?,3\n4,5,6\n", "", "line 1, column 2: the value is missing, the text is '?'", GENLAT_E_FORMAT},
        {"1,x,3\n4,5,6\n", "", "'x' is not a number, but '3' in column 3 is; set header=yes", GENLAT_E_FORMAT},
        {"0,1,2,y\n5,6,7,0\n", "", "set header=yes", GENLAT_E_FORMAT},
        {"0,1,2\n5,6,7\n", "", "set header=yes or header=no", GENLAT_E_FORMAT},
        {"0,1,2\n5,6,7\n", "?label=-1", "set header=yes or header=no", GENLAT_E_FORMAT},
        {"1,2,3\n5,6,7\n", "", "set header=yes or header=no", GENLAT_E_FORMAT},
        {"0,1\n0.5,2\n", "", "set header=yes or header=no", GENLAT_E_FORMAT},
        {"0,1,2,y\n5,6,7,0\n", "?label=-1", "set header=yes or header=no", GENLAT_E_FORMAT},
        {"5,6,y\n5,6,1\n", "?label=-1", "line 1, column 3: the label is 'y', but all others", GENLAT_E_FORMAT},
        /* missing values */
        {"a,b\n1,NA\n", "", "line 2, column 2 (b): the value is missing, the text is 'NA'", GENLAT_E_FORMAT},
        {"a,b\n1,n/a\n", "", "missing=drop", GENLAT_E_FORMAT},
        {"a,b\n1,null\n", "", "missing=drop", GENLAT_E_FORMAT},
        {"a,b\n1,-\n", "", "missing=drop", GENLAT_E_FORMAT},
        {"a,b\n1,nan\n", "", "missing=drop", GENLAT_E_FORMAT},
        {"a,y\n1,\n", "?missing=keep&label=y", "the value is missing", GENLAT_E_FORMAT},
        {"a,y\n1,\n", "?missing=keep&target=y", "the value is missing", GENLAT_E_FORMAT},
        {"1,2\n3,\n", "", "line 2, column 2: the value is missing, the field is empty", GENLAT_E_FORMAT},
        {"a,b\n1,\n,2\n", "?missing=drop", "in each row a value is missing", GENLAT_E_FORMAT},
        /* numbers */
        {"a,b\n1,inf\n", "", "line 2, column 2 (b): 'inf' is not finite", GENLAT_E_FORMAT},
        {"a,b\n1,-Infinity\n", "", "'-Infinity' is not finite", GENLAT_E_FORMAT},
        {"a,b\n1,1e39\n", "", "'1e39' is beyond the range of float", GENLAT_E_FORMAT},
        {"a,b,y\n1,x,0\n", "?label=y", "'x' is not a number; enter a number or remove the column", GENLAT_E_FORMAT},
        {"a,b\n1,0x10\n", "", "'0x10' is not a number", GENLAT_E_FORMAT},
        {"a;b\n1;1,5\n", "", "'1,5' looks like a number with a decimal comma; set decimal=comma", GENLAT_E_FORMAT},
        {"1,5;2,5\n3;4\n", "", "line 1, column 2: '2,5' looks like a number with a decimal comma", GENLAT_E_FORMAT},
        {"a;b\n1;1.5\n", "?decimal=comma", "has a decimal point", GENLAT_E_FORMAT},
        {"a,b\n1,2\n", "?decimal=comma&separator=comma", "exclude each other", GENLAT_E_INVALID},
        {"a;b\n1;2024-02-29\n", "", "'2024-02-29' looks like a date", GENLAT_E_FORMAT},
        {"a;b\n1;10:30\n", "", "'10:30' looks like a date or a time", GENLAT_E_FORMAT},
        /* labels */
        {"a,y\n1,0\n2,1.5\n", "?label=y", "line 3, column 2 (y): the label '1.5' is a real number", GENLAT_E_FORMAT},
        {"a,y\n1,0.5\n2,0.7\n", "?label=y", "use target=", GENLAT_E_FORMAT},
        {"a,y\n1,0\n2,\n", "?label=y", "line 3, column 2 (y): the value is missing", GENLAT_E_FORMAT},
        {"a,y\n1,0\n2,x\n", "?target=y", "line 3, column 2 (y): 'x' is not a number", GENLAT_E_FORMAT},
        /* encodings */
        {"a,y\n1,\xE9t\xE9\n", "?label=y", "is not text in UTF-8", GENLAT_E_FORMAT},
        {"a,\xE9t\xE9\n1,2\n", "", "line 1, column 2", GENLAT_E_FORMAT},
        /* keys */
        {"1,2\n", "?header=perhaps", "auto|yes|no expected", GENLAT_E_INVALID},
        {"1,2\n", "?separator=,", "auto|comma|semicolon|tab|pipe|space expected", GENLAT_E_INVALID},
        {"1,2\n", "?decimal=,", "point|comma expected", GENLAT_E_INVALID},
        {"1,2\n", "?missing=zero", "refuse|drop|keep expected", GENLAT_E_INVALID},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        refused(table(cases[i].text, cases[i].options), cases[i].status, cases[i].words);
}
END_TEST

/* A tensor that was written without a header comes back, whatever its first row is. */
START_TEST(numbers_of_a_tensor_are_no_header)
{
    static const float data[] = {0, 1, 2, 3, 4, 5.5f};
    genlat_tensor *written = tensor(2, (int64_t[]){2, 3}, data), *read = NULL;
    ok(genlat_csv_write(place("a.csv"), written, NULL));
    ok(genlat_csv_read(ctx, place("a.csv"), &read));
    ck_assert_int_eq(genlat_tensor_dim(read, 0), 2);
    genlat_tensor_destroy(&written);
    genlat_tensor_destroy(&read);
}
END_TEST

START_TEST(rows_left_out_are_reported)
{
    open_log();
    genlat_source *source = open_source(table("a,b\n1,2\n\nNA,3\n4,\n5,6\n", "?missing=drop"));
    ck_assert_ptr_nonnull(strstr(message, "a.csv: missing=drop left out 2 of 4 rows"));
    ck_assert_ptr_nonnull(strstr(message, "the first in line 4"));
    ck_assert_int_eq(message[0] - '0', GENLAT_LOG_WARNING);
    message[0] = '\0';
    genlat_source_destroy(&source);
    source = open_source(table("a,b\n1,2\n", "?missing=drop"));
    ck_assert_str_eq(message, "");
    genlat_source_destroy(&source);
}
END_TEST

/* Files that are no plain text are named by their kind. */
START_TEST(other_contents_are_named)
{
    static const struct {
        const char *bytes, *words;
        size_t size;
    } cases[] = {
        {"\xFF\xFE"
         "1\0,\0"
         "2\0\n\0",
         "UTF-16", 10},
        {"\xFE\xFF\0"
         "1\0,\0"
         "2\0\n",
         "UTF-16", 10},
        {"1\0,\0"
         "2\0\n\0",
         "UTF-16", 8},
        {"\0"
         "1\0,\0"
         "2\0\n",
         "UTF-16", 8},
        {"PK\3\4..........[Content_Types].xml", "Excel workbook", 33},
        {"PK\3\4..........table.csv", "zip archive", 23},
        {"%PDF-1.4", "PDF", 8},
        {"\x89PNG\r\n\x1a\n", "PNG", 8},
        {"1,2\n3,4\n5,6\n\0\1\2\3\4\5", "binary: byte 12", 18},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        put_file("a.csv", cases[i].bytes, cases[i].size);
        refused(spec_of("csv", "a.csv", ""), GENLAT_E_FORMAT, cases[i].words);
        refused(spec_of("text", "a.csv", "?length=1"), GENLAT_E_FORMAT, cases[i].words);
    }
}
END_TEST

/* Long or strange texts are shown in one line, cut. */
START_TEST(texts_in_errors_are_short)
{
    char text[600] = "a\n\"";
    memset(text + 3, 'z', 100);
    strcpy(text + 103, "\ny\"\n");
    refused(table(text, ""), GENLAT_E_FORMAT, "'zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz...'");
    refused(table("a\n\"x\ny\"\n", ""), GENLAT_E_FORMAT, "'x y'");
    memset(text, 'z', 500);
    strcpy(text + 500, "\n");
    refused(table(text, ""), GENLAT_E_FORMAT, "longer than 255");
}
END_TEST

int main(void)
{
    static const TTest *const *const tests[] = {
        &tables_round_trip,
        &numbers_are_those_of_strtod,
        &tables_are_read,
        &names_describe_the_source,
        &targets_are_vectors,
        &what_cannot_be_read_is_refused,
        &numbers_of_a_tensor_are_no_header,
        &rows_left_out_are_reported,
        &other_contents_are_named,
        &texts_in_errors_are_short,
    };
    return run_in_folders("csv", tests, COUNT(tests));
}
