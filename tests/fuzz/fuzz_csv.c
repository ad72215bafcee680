/* SPDX-License-Identifier: MIT */
/* Arbitrary bytes as CSV: an error, or a table with all numbers set. */
#include <stdlib.h>

#include "files_priv.h"
#include "fuzz/driver.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const char *const labels[] = {NULL, "kind", "-1"};
    for (size_t i = 0; i < GNL_FILES_COUNT(labels); i++) {
        gnl_csv csv;
        volatile float sum = 0;
        if (gnl_csv_parse("fuzz", bytes, size, labels[i], &csv) != GENLAT_OK)
            continue;
        if (csv.rows < 1 || csv.columns < 1 || (labels[i] != NULL) != (csv.label != NULL))
            abort();
        for (int64_t j = 0; j < csv.rows * csv.columns; j++)
            sum += csv.value[j];
        (void)sum;
        for (int64_t j = 0; csv.label && j < csv.rows; j++)
            if (csv.label[j] < 0)
                abort();
        gnl_csv_free(&csv);
    }
    return 0;
}
