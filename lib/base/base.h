/* SPDX-License-Identifier: MIT */
/*
 * base: the ground floor. Status and error text, memory, reference counts, options tables, the context,
 *       random streams, threads, CPU detection, log.
 * Uses: nothing of the library but the public headers. Everything else uses it.
 * Adding: an options table lives beside the struct it describes; a status is one line in genlat/common.h.
 * Tests: tests/unit/test_base.c, tests/thread/.
 */
#ifndef GNL_BASE_H
#define GNL_BASE_H

#include <math.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "genlat/common.h"
#include "genlat/context.h"
#include "genlat/rng.h"

/* Numbers. The library computes in float; the gradient tests build it a second time in double. */
#ifdef GNL_FLOAT64
typedef double gnl_real;
#else
typedef float gnl_real;
#endif

#define GNL_ALIGN 64
#define GNL_COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define GNL_MIN(a, b) ((a) < (b) ? (a) : (b))
#define GNL_MAX(a, b) ((a) > (b) ? (a) : (b))

/* ---- status -------------------------------------------------------------------------------------- */

/* Sets the public function that this thread runs, whose name begins error texts, and returns the one before. Public
 * functions begin with GNL_ENTER(); code that calls back into the program sets the name again afterwards. */
const char *gnl_enter(const char *function);
const char *gnl_running(void); /* "": none */
#define GNL_ENTER() (void)gnl_enter(__func__)

/* Records one line of error text for this thread and returns the code. The text names what is wrong, what was found and
 * what was expected; the name of the running public function is put before it. */
GENLAT_PRINTF(2, 3) genlat_status gnl_fail(genlat_status code, const char *format, ...);

/* Puts "prefix: " before the text of the error that has just been recorded, behind the function's name, and returns the
 * code. */
GENLAT_PRINTF(2, 3) genlat_status gnl_fail_in(genlat_status code, const char *format, ...);

#define GNL_TRY(expression)                                                                                  \
    do {                                                                                                     \
        genlat_status gnl_try_status_ = (expression);                                                        \
        if (gnl_try_status_ != GENLAT_OK)                                                                    \
            return gnl_try_status_;                                                                          \
    } while (0)

/* The same; `name` tells in the error text what the expression was about. */
#define GNL_TRY_IN(name, expression)                                                                         \
    do {                                                                                                     \
        genlat_status gnl_try_status_ = (expression);                                                        \
        if (gnl_try_status_ != GENLAT_OK)                                                                    \
            return gnl_fail_in(gnl_try_status_, "%s", name);                                                 \
    } while (0)

/* Checks an argument of a public function. */
#define GNL_CHECK(condition, what)                                                                           \
    do {                                                                                                     \
        if (!(condition))                                                                                    \
            return gnl_fail(GENLAT_E_INVALID, "%s", what);                                                   \
    } while (0)

/* ---- memory -------------------------------------------------------------------------------------- */

/* count * size bytes, aligned to 64; NULL with the error text set when there is no memory or the product
 * overflows. A zero product gives a valid block. ctx NULL: the C library's allocator. */
void *gnl_alloc(genlat_ctx *ctx, size_t count, size_t size);
void *gnl_calloc(genlat_ctx *ctx, size_t count, size_t size);
void gnl_free(genlat_ctx *ctx, void *memory);
char *gnl_strdup(genlat_ctx *ctx, const char *text);
char *gnl_strndup(genlat_ctx *ctx, const char *text, size_t length);

/* Makes room for `need` elements in *array; keeps the old block and its content when memory is short. */
genlat_status gnl_grow(genlat_ctx *ctx, void **array, size_t *capacity, size_t need, size_t size);

/* Checked products; false on overflow or a negative factor. */
bool gnl_mul_i64(int64_t a, int64_t b, int64_t *out);

/* ---- objects ------------------------------------------------------------------------------------- */

/* First member of every handle: its context, kept alive, and its reference count. */
typedef struct gnl_object {
    genlat_ctx *ctx;
    atomic_int references;
} gnl_object;

/* Zeroed memory for a handle whose first member is a gnl_object with one reference. */
void *gnl_object_new(genlat_ctx *ctx, size_t size);
void *gnl_object_retain(void *object);
/* True when the caller held the last reference and must now tear down and call gnl_object_free(). */
bool gnl_object_release(void *object);
void gnl_object_free(void *object);

/* ---- size-first structs --------------------------------------------------------------------------- */

/* Copies what a caller of any version gives into `out`, `known` bytes. What a shorter struct lacks stays as it is in `out`;
 * E_UNSUPPORTED when a longer one sets bytes beyond `known`. `name` begins the error text. */
genlat_status gnl_struct_take(const void *given, size_t known, void *out, const char *name);

/* A struct that receives results has a size. */
genlat_status gnl_result_check(const void *out, const char *name);
genlat_status gnl_result_check_optional(const void *out, const char *name); /* NULL is legal */
/* Copies a result into a struct that has been checked, up to its size; what this version does not know becomes 0. */
void gnl_result_give(void *out, const void *result, size_t known);

/* ---- options tables ------------------------------------------------------------------------------- */

typedef enum gnl_option_type {
    GNL_OPTION_INT,  /* int64_t */
    GNL_OPTION_REAL, /* double */
    GNL_OPTION_BOOL, /* uint32_t, 0 or 1 */
    GNL_OPTION_ENUM, /* uint32_t, one of names */
    GNL_OPTION_PAIR, /* int64_t[2]; one number in text sets both: "3" or "3x5" */
    GNL_OPTION_DIMS  /* int64_t[GENLAT_MAX_DIMS], unused ones 0: "64x7x7" */
} gnl_option_type;

/* Names of an enumeration, in the order of its values from 0; the list ends with NULL. */
typedef const char *const *gnl_enum_names;

typedef struct gnl_option {
    const char *name;
    gnl_option_type type;
    size_t offset;
    double fallback; /* the default; for PAIR both numbers; for DIMS all are 0 */
    double min, max; /* closed range of every number */
    gnl_enum_names names;
    const char *help; /* one line: meaning and unit */
} gnl_option;

/* Describes a struct whose first member is `size_t size`. Drives defaults, checks, text, files, docs. */
typedef struct gnl_options_table {
    const char *name;
    size_t size;
    const gnl_option *options;
    size_t count;
    size_t reserved[2]; /* offsets of the uint32_t fields that must be 0; offset 0: none */
    /* Former names of options, which older files have: pairs of former and present name, ended by NULL. NULL: none. */
    const char *const *former;
} gnl_options_table;

#define GNL_OPT_INT(type, field, def, lo, hi, help)                                                          \
    {                                                                                                        \
#        field, GNL_OPTION_INT, offsetof(type, field), def, lo, hi, NULL, help                               \
    }
#define GNL_OPT_REAL(type, field, def, lo, hi, help)                                                         \
    {                                                                                                        \
#        field, GNL_OPTION_REAL, offsetof(type, field), def, lo, hi, NULL, help                              \
    }
#define GNL_OPT_BOOL(type, field, def, help)                                                                 \
    {                                                                                                        \
#        field, GNL_OPTION_BOOL, offsetof(type, field), def, 0, 1, NULL, help                                \
    }
#define GNL_OPT_ENUM(type, field, def, last, names, help)                                                    \
    {                                                                                                        \
#        field, GNL_OPTION_ENUM, offsetof(type, field), def, 0, last, names, help                            \
    }
#define GNL_OPT_PAIR(type, field, def, lo, hi, help)                                                         \
    {                                                                                                        \
#        field, GNL_OPTION_PAIR, offsetof(type, field), def, lo, hi, NULL, help                              \
    }
#define GNL_OPT_DIMS(type, field, lo, hi, help)                                                              \
    {                                                                                                        \
#        field, GNL_OPTION_DIMS, offsetof(type, field), 0, lo, hi, NULL, help                                \
    }

/* Writes the defaults into at most `size` bytes of a caller's struct; its size member becomes `size`. */
void gnl_options_init(const gnl_options_table *table, void *options, size_t size);

/* Copies a caller's struct of any known or newer size into `out` (table->size bytes), missing fields at
 * their defaults, and checks every range. NULL: all defaults. `where` begins the error text. */
genlat_status gnl_options_take(const gnl_options_table *table, const void *options, void *out);

genlat_status gnl_options_check(const gnl_options_table *table, const void *options);

/* One option from and to text. set checks the range of what it sets; an unknown key names the known ones. */
genlat_status gnl_options_set(const gnl_options_table *table, void *options, const char *key,
                              const char *value);
genlat_status gnl_options_get(const gnl_options_table *table, const void *options, const char *key,
                              char *text, size_t capacity);
/* "key=value key=value" of all options that differ from their defaults; truncated text is E_RANGE. */
genlat_status gnl_options_format(const gnl_options_table *table, const void *options, char *text,
                                 size_t capacity);
const gnl_option *gnl_options_find(const gnl_options_table *table, const char *key);

/* Text "kind key=value key=value", as layers, losses, optimizers and schedules are written. */
enum { GNL_SPEC_KIND = 64, GNL_SPEC_TEXT = 512 };
/* Copies the first word and tells where the pairs begin; E_INVALID for an empty or overlong one. */
genlat_status gnl_spec_kind(const char *spec, char kind[GNL_SPEC_KIND], const char **pairs);
/* Sets options from pairs on top of what is there; table NULL: there are none. */
genlat_status gnl_spec_pairs(const gnl_options_table *table, void *options, const char *pairs, const char *kind);
genlat_status gnl_spec_format(const char *kind, const gnl_options_table *table, const void *options, char *text,
                              size_t capacity);
/* Name and help of an option of a kind; the index -1 answers the kind's own. */
genlat_status gnl_spec_help(const char *kind, const char *kind_help, const gnl_options_table *table, int32_t option,
                            const char **name, const char **help);

/* Text to number without the locale; false when anything but the number is there. */
bool gnl_parse_real(const char *text, double *out);
bool gnl_parse_int(const char *text, int64_t *out);
enum { GNL_NUMBER_TEXT = 64 }; /* bytes of a number's text */
/* Shortest text that gnl_parse_real() reads back to the same double; always with '.'. */
void gnl_format_real(double value, char *text, size_t capacity);

/* ---- context --------------------------------------------------------------------------------------- */

genlat_ctx *gnl_ctx_retain(genlat_ctx *ctx);
void gnl_ctx_release(genlat_ctx *ctx);
const genlat_ctx_opts *gnl_ctx_opts(const genlat_ctx *ctx); /* complete; cpu is resolved, never AUTO */
GENLAT_PRINTF(3, 4) void gnl_log(genlat_ctx *ctx, int32_t level, const char *format, ...);

/* ---- random numbers -------------------------------------------------------------------------------- */

/* Streams that never share numbers, so that a use added to one leaves the others alone. */
typedef enum gnl_stream {
    GNL_STREAM_INIT,
    GNL_STREAM_ORDER,
    GNL_STREAM_NOISE,
    GNL_STREAM_DROPOUT,
    GNL_STREAM_AUGMENT,
    GNL_STREAM_SAMPLE,
    GNL_STREAM_DATA,
    GNL_STREAM_EVAL,
    GNL_STREAM_USER
} gnl_stream;

/* A place in a stream of Philox 4x32-10: three numbers are its whole state. Plain data, copied freely. */
typedef struct gnl_rng {
    uint64_t seed;
    uint64_t stream;
    uint64_t counter; /* blocks of four 32-bit numbers drawn so far */
} gnl_rng;

void gnl_philox(uint64_t seed, uint64_t stream, uint64_t counter, uint32_t out[4]);
gnl_rng gnl_rng_make(uint64_t seed, gnl_stream stream, uint64_t substream);
uint64_t gnl_rng_u64(gnl_rng *rng);
uint64_t gnl_rng_below(gnl_rng *rng, uint64_t bound); /* uniform in [0,bound), bound >= 1, without bias */
double gnl_rng_unit(gnl_rng *rng);                    /* uniform in [0,1) with 53 bits */
double gnl_rng_gauss(gnl_rng *rng);
/* Fills draw from whole blocks: n numbers advance the counter by ceil(n/4). */
void gnl_rng_fill_uniform(gnl_rng *rng, gnl_real *out, int64_t n, gnl_real lo, gnl_real hi);
void gnl_rng_fill_normal(gnl_rng *rng, gnl_real *out, int64_t n);
void gnl_rng_shuffle(gnl_rng *rng, int64_t *items, int64_t n);
gnl_rng *gnl_rng_of(genlat_rng *handle);

/* ---- threads --------------------------------------------------------------------------------------- */

/* Work on the items [begin,end); worker is 0 .. threads-1 and tells scratch apart. */
typedef void gnl_task(void *arg, int64_t begin, int64_t end, int worker);

/* Runs a task over n items in chunks of `grain`, whose borders depend on n and grain alone, so that what a
 * chunk computes does not depend on the number of threads. Returns when all is done. When the pool already
 * works for another thread, or from within a task, the caller does all of it by itself. */
void gnl_parallel(genlat_ctx *ctx, int64_t n, int64_t grain, gnl_task *task, void *arg);
int gnl_threads(const genlat_ctx *ctx);
/* As pthread_create(), with all signals blocked: those of the process belong to the program's own threads. */
int gnl_thread_start(pthread_t *thread, void *(*run)(void *), void *arg);

/* ---- CPU ------------------------------------------------------------------------------------------- */

uint32_t gnl_cpu_detect(void); /* GENLAT_CPU_BASELINE .. */
bool gnl_cpu_has_bfloat16(void); /* AVX512_BF16, and the kernels for it are built */

#endif
