/* SPDX-License-Identifier: MIT */
/**
 * @file common.h  Statuses, error texts, and the macros that every other header uses.
 *
 * Unless a comment says otherwise:
 * - Threads: all functions are safe; each thread has an error text of its own.
 * - Memory: nothing is allocated.
 * - Errors: these functions do not fail.
 * - Randomness: none.
 * - Since: 0.1.
 */
#ifndef GENLAT_COMMON_H
#define GENLAT_COMMON_H

#include <stddef.h>
#include <stdint.h>

#include "genlat/version.h"

#ifdef __cplusplus
/** Opens the declarations of a header, for C and C++. */
#    define GENLAT_BEGIN extern "C" {
/** Closes the declarations of a header. */
#    define GENLAT_END }
#else
#    define GENLAT_BEGIN
#    define GENLAT_END
#endif

#if defined(__GNUC__)
/** Marks what the library exports. */
#    define GENLAT_API __attribute__((visibility("default")))
/** Marks a result that must be checked. */
#    define GENLAT_NODISCARD __attribute__((warn_unused_result))
/** Marks a function with a format and arguments as of printf. */
#    define GENLAT_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#    define GENLAT_API
#    define GENLAT_NODISCARD
#    define GENLAT_PRINTF(fmt, args)
#endif

GENLAT_BEGIN

/**
 * Every status: X(name, number, sentence). Numbers are frozen; new ones are appended.
 */
#define GENLAT_STATUS_MAP(X)                                                                                           \
    X(OK, 0, "success")                                                                                                \
    X(E_INVALID, -1, "an argument is not legal")                                                                       \
    X(E_SHAPE, -2, "shapes do not fit together")                                                                       \
    X(E_RANGE, -3, "a value is outside its range")                                                                     \
    X(E_MEMORY, -4, "memory could not be allocated")                                                                   \
    X(E_IO, -5, "a file could not be read or written")                                                                 \
    X(E_FORMAT, -6, "a file or text is malformed")                                                                     \
    X(E_UNSUPPORTED, -7, "this build or version cannot do that")                                                       \
    X(E_STATE, -8, "the object is not in a state that allows the call")                                                \
    X(E_NOT_FOUND, -9, "no such name")                                                                                 \
    X(E_NUMERIC, -10, "a loss or gradient is not finite")                                                              \
    X(E_CANCELLED, -11, "the work was cancelled by the caller")                                                        \
    X(E_CALLBACK, -12, "a callback of the caller failed")                                                              \
    X(E_THREAD, -13, "a thread could not be started")                                                                  \
    X(E_INTERNAL, -14, "the library contradicts itself; please report it")

/** Result of every call that can fail: GENLAT_OK or a negative code of GENLAT_STATUS_MAP. */
typedef int32_t genlat_status;

enum {
/** Defines the constants; undefined after this enumeration. */
#define GENLAT_STATUS_ENUM(name, number, sentence) GENLAT_##name = number,
    GENLAT_STATUS_MAP(GENLAT_STATUS_ENUM)
#undef GENLAT_STATUS_ENUM
        GENLAT_STATUS_LAST = -14
};

/**
 * Name of a status, such as "GENLAT_E_SHAPE".
 *
 * @param status any number.
 * @return static text, never NULL; "GENLAT_E_UNKNOWN" for a number that is no status.
 */
GENLAT_API const char *genlat_status_name(genlat_status status);

/**
 * Sentence that explains a status in general; genlat_last_error() describes the particular case.
 *
 * @param status any number.
 * @return static text, never NULL.
 */
GENLAT_API const char *genlat_status_text(genlat_status status);

/**
 * Description of the last failed call of this thread: one line that names the function, what was found and what was
 * expected.
 *
 * @return borrowed text, valid until the next failing call in this thread; "" when nothing has failed.
 */
GENLAT_API const char *genlat_last_error(void);

/**
 * Set the text of genlat_last_error(), for libraries built on this one and for callbacks.
 *
 * @param status  status that the caller is going to return.
 * @param format  text as for printf: one line that names the function, what was found and what was expected; NULL
 *                keeps the text. The arguments may include genlat_last_error().
 * @return status.
 */
GENLAT_API GENLAT_PRINTF(2, 3) genlat_status genlat_error_set(genlat_status status, const char *format, ...);

/**
 * Version of the library that is running, which may be newer than the headers it was compiled with.
 *
 * @return static text, such as "0.1.0".
 */
GENLAT_API const char *genlat_version(void);

GENLAT_END

#endif
