/* SPDX-License-Identifier: MIT */
/* Arbitrary bytes as CSV: an error, or a table with all numbers set. */
#include <stdlib.h>

#include "files_priv.h"
#include "fuzz/driver.h"

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
