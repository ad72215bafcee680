/* SPDX-License-Identifier: MIT */
/* Arbitrary bytes as an NPZ archive: an error, or a member whose size is possible for its compressed bytes. */
#include <stdlib.h>

#include "files_priv.h"
#include "fuzz/driver.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const char *const names[] = {"x", "labels", NULL};
    for (size_t i = 0; i < GNL_FILES_COUNT(names); i++) {
        gnl_bytes member;
        gnl_array array = {0};
        bool there = names[i] && gnl_npz_has("fuzz", bytes, size, names[i]);
        genlat_status status = gnl_npz_member("fuzz", bytes, size, names[i], &member);
        if (status == GENLAT_OK && (member.size > 1032 * size + 64 || (names[i] && !there)))
            abort();
        if (status != GENLAT_OK && member.data)
            abort();
        if (status == GENLAT_OK)
            (void)!gnl_npy_parse("fuzz", member.data, member.size, &array);
        gnl_array_free(&array);
        free(member.data);
    }
    return 0;
}
