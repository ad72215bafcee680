/* SPDX-License-Identifier: MIT */
/* Size-first structs of callers that were compiled against an older or newer version of the library. One function
 * copies structs from the caller; the others check and fill structs that receive results. */
#include "base/base.h"

enum { MOST_BYTES = 1 << 16 }; /* a larger size means that the member was never set */

static bool is_zero(const unsigned char *bytes, size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i++)
        if (bytes[i])
            return false;
    return true;
}

static size_t size_of(const void *record)
{
    size_t size = 0;
    memcpy(&size, record, sizeof size);
    return size;
}

genlat_status gnl_struct_take(const void *given, size_t known, void *out, const char *name)
{
    const size_t size = size_of(given);
    if (size < sizeof size || size > MOST_BYTES)
        return gnl_fail(GENLAT_E_INVALID, "%s has size %zu; set its first member to the size of the struct", name,
                        size);
    if (!is_zero(given, GNL_MIN(known, size), size))
        return gnl_fail(GENLAT_E_UNSUPPORTED, "%s sets members that this version (%s) does not know", name,
                        GENLAT_VERSION);
    memcpy(out, given, GNL_MIN(size, known));
    memcpy(out, &known, sizeof known);
    return GENLAT_OK;
}

genlat_status gnl_result_check(const void *out, const char *name)
{
    if (!out)
        return gnl_fail(GENLAT_E_INVALID, "%s is NULL", name);
    const size_t size = size_of(out);
    if (size < sizeof size || size > MOST_BYTES)
        return gnl_fail(GENLAT_E_INVALID, "%s has size %zu; set it to sizeof *%s first", name, size, name);
    return GENLAT_OK;
}

genlat_status gnl_result_check_optional(const void *out, const char *name)
{
    return out ? gnl_result_check(out, name) : GENLAT_OK;
}

void gnl_result_give(void *out, const void *result, size_t known)
{
    if (!out)
        return;
    const size_t size = size_of(out), head = sizeof size;
    memset((char *)out + head, 0, size - head);
    memcpy((char *)out + head, (const char *)result + head, GNL_MIN(size, known) - head);
}
