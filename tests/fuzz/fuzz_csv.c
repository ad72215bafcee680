/* SPDX-License-Identifier: MIT */
/* Arbitrary bytes, and tables with changed rows and fields, as CSV: an error, or a table with all numbers set. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files_priv.h"
#include "fuzz/driver.h"
#include "fuzz/mutate.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const gnl_csv_opts opts[] = {
        {0},
        {.label = "kind"},
        {.label = "-1", .header = GNL_CSV_HEADER_NO, .missing = GNL_CSV_MISSING_DROP},
        {.target = "1", .header = GNL_CSV_HEADER_YES, .missing = GNL_CSV_MISSING_DROP},
        {.decimal = GNL_CSV_DECIMAL_COMMA, .header = GNL_CSV_HEADER_TEXT},
        {.separator = GNL_CSV_SPACE},
    };
    for (size_t i = 0; i < GNL_FILES_COUNT(opts); i++) {
        gnl_csv csv;
        volatile float sum = 0;
        if (gnl_csv_parse("fuzz", bytes, size, &opts[i], &csv) != GENLAT_OK)
            continue;
        fuzz_accepted++;
        if (csv.rows < 1 || csv.columns < 1 || (opts[i].label || opts[i].target) != (csv.label != NULL))
            abort();
        for (int64_t j = 0; j < csv.rows * csv.columns; j++)
            sum += csv.value[j];
        (void)sum;
        for (int64_t j = 0; j < csv.rows * csv.targets; j++)
            sum += csv.label[j];
        for (int64_t j = 0; opts[i].label && j < csv.rows; j++)
            if (csv.label[j] < 0 || csv.label[j] >= (float)csv.classes)
                abort();
        for (int64_t j = 0; csv.name && j < csv.columns; j++)
            sum += csv.name[j][0];
        gnl_csv_free(&csv);
    }
    return 0;
}

/* ---- changes --------------------------------------------------------------------------------- */

static const char *const seeds[] = {
    "a;b;kind\n1;2;cat\n3;4;\"dog\"\n",
    "\xEF\xBB\xBF\"x \"\"1\"\"\",kind\r\n0.5,0\r\n-1e-3,1\r\n",
    "1\t2\t3\n\n4\t5\t6",
};

size_t fuzz_seed(int index, uint8_t *bytes, size_t capacity)
{
    if (index >= (int)FUZZ_COUNT(seeds) || strlen(seeds[index]) > capacity)
        return 0;
    memcpy(bytes, seeds[index], strlen(seeds[index]));
    return strlen(seeds[index]);
}

/* Replaces a field by a number, a word, or one in quotes. */
static void change_field(fuzz_random *random, fuzz_text *text)
{
    static const char *const words[] = {"kind", "cat", "\"", "\"a,b\"", "\"\"\"\"", "\"1\n2\"", " 7 ", "1,5", "1;2"};
    char field[48];
    const fuzz_span at = fuzz_piece(random, text, (fuzz_span){0, text->length}, ",;\t\r\n");
    if (fuzz_chance(random, 2))
        fuzz_number(random, field, sizeof field);
    else
        snprintf(field, sizeof field, "%s", words[fuzz_draw(random, FUZZ_COUNT(words))]);
    fuzz_replace(text, at.at, at.length, field, strlen(field));
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t capacity, unsigned seed)
{
    static const char *const marks[] = {",", ";", "\t", "\n", "\r\n", "\"", "\r", "\xEF\xBB\xBF"};
    static char buffer[1 << 13];
    fuzz_random random = fuzz_random_make(seed);
    if (size == 0 || size >= sizeof buffer || fuzz_chance(&random, 64))
        return fuzz_any_seed(&random, bytes, capacity);
    fuzz_text text = {buffer, size, sizeof buffer};
    memcpy(buffer, bytes, size);
    buffer[size] = '\0';
    if (fuzz_chance(&random, 3)) {
        fuzz_edit_lines(&random, &text);
    } else if (fuzz_chance(&random, 3)) {
        const char *mark = marks[fuzz_draw(&random, FUZZ_COUNT(marks))];
        fuzz_replace(&text, fuzz_draw(&random, (uint32_t)size), fuzz_draw(&random, 2), mark, strlen(mark));
    } else {
        change_field(&random, &text);
    }
    size = text.length < capacity ? text.length : capacity;
    memcpy(bytes, buffer, size);
    return size;
}
