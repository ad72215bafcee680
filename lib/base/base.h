/* SPDX-License-Identifier: MIT */
/*
 * base: foundations of the library. Status codes and error text, memory, reference counts, options tables,
 *       the context, random streams, threads, CPU detection, logging.
 * Uses: only the public headers. Every other module uses base.
 * Adding: define an options table next to the struct that it describes; add a status to genlat/common.h.
 * Tests: tests/unit/test_base.c, tests/thread/.
 */
#ifndef GNL_BASE_H
#define GNL_BASE_H

#include <locale.h>
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

#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__)
#    error "-ffast-math removes the checks for NaN and infinity; compile the library without it"
#endif

/* The library computes in float. The gradient tests compile it a second time in double. */
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

/* Sets the name of the public function that runs in this thread and returns the previous name. Error texts begin with
 * that name. Public functions begin with GNL_ENTER(). Code that calls back into the program sets the name again after
 * the callback returns. */
const char *gnl_enter(const char *function);
const char *gnl_running(void); /* "": none */
#define GNL_ENTER() (void)gnl_enter(__func__)

enum { GNL_ERROR_TEXT = 1024 }; /* bytes of an error text */

/* Stores one line of error text for this thread and returns the code. The text states what is wrong, what was found and
 * what was expected. The name of the running public function is prepended. */
GENLAT_PRINTF(2, 3) genlat_status gnl_fail(genlat_status code, const char *format, ...);

/* Inserts "prefix: " into the most recent error text, after the name of the function, and returns the code. */
GENLAT_PRINTF(2, 3) genlat_status gnl_fail_in(genlat_status code, const char *format, ...);

#define GNL_TRY(expression)                                                                                            \
    do {                                                                                                               \
        genlat_status gnl_try_status_ = (expression);                                                                  \
        if (gnl_try_status_ != GENLAT_OK)                                                                              \
            return gnl_try_status_;                                                                                    \
    } while (0)

/* Same as GNL_TRY, but prefixes the error text with `name`, the subject of the expression. */
#define GNL_TRY_IN(name, expression)                                                                                   \
    do {                                                                                                               \
        genlat_status gnl_try_status_ = (expression);                                                                  \
        if (gnl_try_status_ != GENLAT_OK)                                                                              \
            return gnl_fail_in(gnl_try_status_, "%s", name);                                                           \
    } while (0)

/* Sets the error text as it is, such as one that was kept, and returns the code. */
GENLAT_PRINTF(2, 3) genlat_status gnl_error_set(genlat_status code, const char *format, ...);

/* Calls of functions of the program: gnl_callback_begin() before the call, gnl_callback_end() after it. The end
 * restores the name of the running public function, and returns the status that the program gave to genlat_error_set()
 * during the call; GENLAT_OK: it set no error. Callbacks may be nested. */
typedef struct gnl_callback {
    const char *running;
    genlat_status outer; /* what the outer callback has set so far */
} gnl_callback;

gnl_callback gnl_callback_begin(void);
genlat_status gnl_callback_end(gnl_callback callback);
/* Reports that the function `what` of the program has failed with `result`. An error that it has set itself, `own`,
 * keeps its status and its text. */
genlat_status gnl_callback_failed(genlat_status own, const char *what, int64_t result);

/* Checks an argument of a public function. */
#define GNL_CHECK(condition, what)                                                                                     \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            return gnl_fail(GENLAT_E_INVALID, "%s", what);                                                             \
    } while (0)

/* ---- memory -------------------------------------------------------------------------------------- */

/* Returns count * size bytes, aligned to 64 bytes. Returns NULL and sets the error text if memory is exhausted or the
 * product overflows. A product of zero returns a valid block. If ctx is NULL, uses the C library's allocator. */
void *gnl_alloc(genlat_ctx *ctx, size_t count, size_t size);
void *gnl_calloc(genlat_ctx *ctx, size_t count, size_t size);
void gnl_free(genlat_ctx *ctx, void *memory);
char *gnl_strdup(genlat_ctx *ctx, const char *text);
char *gnl_strndup(genlat_ctx *ctx, const char *text, size_t length);

/* Grows *array to a capacity of at least `need` elements. If memory is exhausted, *array and its contents stay
 * unchanged. */
genlat_status gnl_grow(genlat_ctx *ctx, void **array, size_t *capacity, size_t need, size_t size);

/* Multiplies two non-negative numbers. Returns false on overflow or if a factor is negative. */
bool gnl_mul_i64(int64_t a, int64_t b, int64_t *out);

/* Most numbers of one object: counts up to it are exact in double, and sums and small multiples of them in int64_t. */
#if SIZE_MAX > UINT32_MAX
#    define GNL_MOST_NUMBERS (INT64_C(1) << 53)
#else
/* Their bytes, and small multiples of them, must fit into size_t. */
#    define GNL_MOST_NUMBERS (INT64_C(1) << 26)
#endif

/* Adds a count to a sum of at most GNL_MOST_NUMBERS. Returns false if the sum would exceed it or count is negative. */
bool gnl_add_count(int64_t *sum, int64_t count);

/* ---- objects ------------------------------------------------------------------------------------- */

/* First member of every handle: the context, which the handle keeps alive, and the reference count. */
typedef struct gnl_object {
    genlat_ctx *ctx;
    atomic_int references;
} gnl_object;

/* Returns zeroed memory for a handle whose first member is a gnl_object, with a reference count of 1. */
void *gnl_object_new(genlat_ctx *ctx, size_t size);
void *gnl_object_retain(void *object);
/* Returns true if this was the last reference. The caller must then destroy the contents and call gnl_object_free(). */
bool gnl_object_release(void *object);
void gnl_object_free(void *object);

/* ---- size-first structs --------------------------------------------------------------------------- */

/* Copies a struct that a caller compiled against any version passes in. `out` has `known` bytes. If the caller's struct
 * is shorter, the remaining members of `out` stay unchanged. If it is longer and has nonzero bytes beyond `known`,
 * returns E_UNSUPPORTED. The error text begins with `name`. */
genlat_status gnl_struct_take(const void *given, size_t known, void *out, const char *name);

/* Checks that the size member of a struct that receives results is valid. */
genlat_status gnl_result_check(const void *out, const char *name);
genlat_status gnl_result_check_optional(const void *out, const char *name); /* NULL is allowed */
/* Copies a result into a checked struct, up to the size of that struct. Members that this version does not know are set
 * to 0. */
void gnl_result_give(void *out, const void *result, size_t known);

/* ---- options tables ------------------------------------------------------------------------------- */

typedef enum gnl_option_type {
    /* the numbers of GENLAT_OPTION_* */
    GNL_OPTION_INT,  /* int64_t */
    GNL_OPTION_REAL, /* double */
    GNL_OPTION_BOOL, /* uint32_t, 0 or 1 */
    GNL_OPTION_ENUM, /* uint32_t, an index into names */
    GNL_OPTION_PAIR, /* int64_t[2]; as text "3" (sets both numbers) or "3x5" */
    GNL_OPTION_DIMS, /* int64_t[GENLAT_MAX_DIMS], unused entries are 0: "64x7x7" */
    GNL_OPTION_AXES  /* int64_t[GENLAT_MAX_DIMS], unused entries are GENLAT_MAX_DIMS: "2,0,1" */
} gnl_option_type;

/* Names of the values of an enumeration, starting at value 0. The list ends with NULL. */
typedef const char *const *gnl_enum_names;

typedef struct gnl_option {
    const char *name;
    gnl_option_type type;
    size_t offset;
    double fallback; /* default value; for PAIR of both numbers; for DIMS and AXES that of unused entries */
    double min, max; /* closed range of every number */
    gnl_enum_names names;
    const char *help; /* one line: meaning and unit */
} gnl_option;

/* Describes a struct whose first member is `size_t size`. Used for defaults, checks, text, files and documentation. */
typedef struct gnl_options_table {
    const char *name;
    size_t size;
    const gnl_option *options;
    size_t count;
    size_t reserved[2]; /* offsets of the uint32_t members that must be 0; offset 0: none */
    /* Former names of options, which occur in older files: pairs of former and current name, terminated by NULL. NULL:
     * no former names. */
    const char *const *former;
} gnl_options_table;

#define GNL_OPT_INT(type, field, def, lo, hi, help)                                                                    \
    {                                                                                                                  \
        .name = #field, GNL_OPTION_INT, offsetof(type, field), def, lo, hi, NULL, help                                 \
    }
#define GNL_OPT_REAL(type, field, def, lo, hi, help)                                                                   \
    {                                                                                                                  \
        .name = #field, GNL_OPTION_REAL, offsetof(type, field), def, lo, hi, NULL, help                                \
    }
#define GNL_OPT_BOOL(type, field, def, help)                                                                           \
    {                                                                                                                  \
        .name = #field, GNL_OPTION_BOOL, offsetof(type, field), def, 0, 1, NULL, help                                  \
    }
#define GNL_OPT_ENUM(type, field, def, last, names, help)                                                              \
    {                                                                                                                  \
        .name = #field, GNL_OPTION_ENUM, offsetof(type, field), def, 0, last, names, help                              \
    }
#define GNL_OPT_PAIR(type, field, def, lo, hi, help)                                                                   \
    {                                                                                                                  \
        .name = #field, GNL_OPTION_PAIR, offsetof(type, field), def, lo, hi, NULL, help                                \
    }
#define GNL_OPT_DIMS(type, field, lo, hi, help)                                                                        \
    {                                                                                                                  \
        .name = #field, GNL_OPTION_DIMS, offsetof(type, field), 0, lo, hi, NULL, help                                  \
    }
#define GNL_OPT_AXES(type, field, help)                                                                                \
    {                                                                                                                  \
        .name = #field, GNL_OPTION_AXES, offsetof(type, field), GENLAT_MAX_DIMS, -GENLAT_MAX_DIMS,                     \
        GENLAT_MAX_DIMS - 1, NULL, help                                                                                \
    }

/* Writes the defaults into the first `size` bytes of a caller's struct and sets its size member to `size`. */
void gnl_options_init(const gnl_options_table *table, void *options, size_t size);

/* Copies a caller's struct of any supported size into `out` (table->size bytes) and checks all ranges. Missing members
 * are set to their defaults. NULL selects all defaults. */
genlat_status gnl_options_take(const gnl_options_table *table, const void *options, void *out);

genlat_status gnl_options_check(const gnl_options_table *table, const void *options);

/* Convert one option from and to text. gnl_options_set() checks the range of the new value. The error text for an
 * unknown key lists the known keys. */
genlat_status gnl_options_set(const gnl_options_table *table, void *options, const char *key, const char *value);
/* As gnl_options_set(), on a struct of the caller that may be shorter than the table. Returns E_NOT_FOUND for an option
 * that lies outside of it. */
genlat_status gnl_options_set_sized(const gnl_options_table *table, void *options, const char *key, const char *value);
genlat_status gnl_options_get(const gnl_options_table *table, const void *options, const char *key, char *text,
                              size_t capacity);
/* Writes "key=value key=value" for all options that differ from their defaults. Returns E_RANGE if the text does not
 * fit. */
genlat_status gnl_options_format(const gnl_options_table *table, const void *options, char *text, size_t capacity);
size_t gnl_option_bytes(const gnl_option *option); /* of its member */
const gnl_option *gnl_options_find(const gnl_options_table *table, const char *key);

/* Text of the form "kind key=value key=value", used for layers, losses, optimizers and schedules. */
enum { GNL_SPEC_KIND = 64, GNL_SPEC_TEXT = 512 };
/* Copies the first word to `kind` and sets *pairs to the text after it. Returns E_INVALID if the word is empty or too
 * long. */
genlat_status gnl_spec_kind(const char *spec, char kind[GNL_SPEC_KIND], const char **pairs);
/* Sets the options listed in `pairs` and leaves the others unchanged. table NULL: the kind has no options. */
genlat_status gnl_spec_pairs(const gnl_options_table *table, void *options, const char *pairs, const char *kind);
genlat_status gnl_spec_format(const char *kind, const gnl_options_table *table, const void *options, char *text,
                              size_t capacity);
/* Returns the name and the help text of an option of a kind, or of the kind itself if the index is -1. */
genlat_status gnl_spec_help(const char *kind, const char *kind_help, const gnl_options_table *table, int32_t option,
                            const char **name, const char **help);

/* Appends formatted text, cut to the capacity. */
GENLAT_PRINTF(3, 4) void gnl_text_append(char *text, size_t capacity, const char *format, ...);

/* Collects the known names for the error of a word that is none of them: `word` is set, names are added, then the error
 * is reported. */
typedef struct gnl_unknown {
    const char *word;
    const char *nearest; /* name that the word most likely means; NULL: none is near */
    int distance;        /* of it */
    bool cut;            /* known does not have all names */
    char known[704];
} gnl_unknown;
void gnl_unknown_add(gnl_unknown *names, const char *name);
/* Returns E_NOT_FOUND: the text, such as "unknown layer 'x'", then the nearest name and all known ones. */
GENLAT_PRINTF(2, 3) genlat_status gnl_unknown_fail(const gnl_unknown *names, const char *format, ...);
/* Returns how many letters are to be changed, added, removed, or swapped with the next one, to make b out of a, without
 * regard to case. */
int gnl_name_distance(const char *a, const char *b);

/* Search a table of kinds: an array of pointers to structs whose first member is the name, ended by NULL. */
const void *gnl_kind_find(const void *table, const char *name); /* NULL: there is none */
genlat_status gnl_kind_unknown(const void *table, const char *what,
                               const char *name); /* reports it and lists the names */

/* The calling thread uses the C locale in between, so that numbers have the decimal point '.' in every program. */
typedef struct gnl_c_locale {
    locale_t c, before;
} gnl_c_locale;
gnl_c_locale gnl_c_locale_enter(void);
void gnl_c_locale_leave(gnl_c_locale locale);
/* vsnprintf() in the C locale. */
GENLAT_PRINTF(3, 0) int gnl_format(char *text, size_t capacity, const char *format, va_list args);

/* Convert text to a number, independently of the locale. Return false if the text is not exactly one number. */
bool gnl_parse_real(const char *text, double *out);
bool gnl_parse_int(const char *text, int64_t *out);
enum { GNL_NUMBER_TEXT = 64 }; /* buffer size for the text of a number */
/* Writes the shortest text that gnl_parse_real() converts back to the same double. The decimal point is always '.'. */
void gnl_format_real(double value, char *text, size_t capacity);

/* ---- context --------------------------------------------------------------------------------------- */

genlat_ctx *gnl_ctx_retain(genlat_ctx *ctx);
void gnl_ctx_release(genlat_ctx *ctx);
const genlat_ctx_opts *gnl_ctx_opts(const genlat_ctx *ctx); /* complete; cpu is resolved, never AUTO */
GENLAT_PRINTF(3, 4) void gnl_log(genlat_ctx *ctx, int32_t level, const char *format, ...);

/* Kinds that the program has added to a context. Any thread may add and find them at any time; they stay until the
 * context is freed. The name is borrowed from the entry, which free_entry frees. */
genlat_status gnl_ctx_add_kind(genlat_ctx *ctx, const char *name, void *entry,
                               void (*free_entry)(genlat_ctx *ctx, void *entry));
const void *gnl_ctx_find_kind(const genlat_ctx *ctx, const char *name); /* NULL: there is none */
void gnl_ctx_list_kinds(const genlat_ctx *ctx, gnl_unknown *names);     /* adds the name of each */

/* ---- random numbers -------------------------------------------------------------------------------- */

/* Random streams that never share numbers. Drawing more numbers from one stream does not change the others. */
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

/* Position in a stream of Philox 4x32-10. Its three numbers are the whole state. Can be copied freely. */
typedef struct gnl_rng {
    uint64_t seed;
    uint64_t stream;
    uint64_t counter; /* number of blocks of four 32-bit numbers drawn so far */
} gnl_rng;

void gnl_philox(uint64_t seed, uint64_t stream, uint64_t counter, uint32_t out[4]);
gnl_rng gnl_rng_make(uint64_t seed, gnl_stream stream, uint64_t substream);
uint64_t gnl_rng_u64(gnl_rng *rng);
uint64_t gnl_rng_below(gnl_rng *rng, uint64_t bound); /* uniform in [0,bound), bound >= 1, unbiased */
double gnl_rng_unit(gnl_rng *rng);                    /* uniform in [0,1) with 53 bits */
double gnl_rng_gauss(gnl_rng *rng);
/* The fill functions consume whole blocks: n numbers advance the counter by ceil(n/4). */
void gnl_rng_fill_uniform(gnl_rng *rng, gnl_real *out, int64_t n, gnl_real lo, gnl_real hi);
void gnl_rng_fill_normal(gnl_rng *rng, gnl_real *out, int64_t n);
void gnl_rng_shuffle(gnl_rng *rng, int64_t *items, int64_t n);
gnl_rng *gnl_rng_of(genlat_rng *handle);

/* A random permutation of 0 .. count-1 by formula, which takes no memory: a Feistel network on the two digits of a
 * number in base `side`, the smallest whose square is not less than count. Numbers that it maps to count or more are
 * mapped again. */
typedef struct gnl_permutation {
    gnl_rng rng;
    int64_t count, side;
} gnl_permutation;

/* Orders of more samples than this are such permutations; those of fewer are shuffled in memory. */
#define GNL_MOST_SHUFFLED (INT64_C(1) << 24)

gnl_permutation gnl_permutation_make(gnl_rng rng, int64_t count);
int64_t gnl_permutation_at(const gnl_permutation *permutation, int64_t index);

/* ---- threads --------------------------------------------------------------------------------------- */

/* Processes the items [begin,end). `worker` (0 .. threads-1) selects a separate scratch buffer per thread. */
typedef void gnl_task(void *arg, int64_t begin, int64_t end, int worker);

/* Runs a task over n items in chunks of `grain` items and returns when all are done. The chunk boundaries depend only
 * on n and grain, so the result of a chunk does not depend on the number of threads. If the pool is busy with a job of
 * another thread, or the call comes from within a task, the caller processes all chunks itself. */
void gnl_parallel(genlat_ctx *ctx, int64_t n, int64_t grain, gnl_task *task, void *arg);
int gnl_threads(const genlat_ctx *ctx);
/* As pthread_create(), with all signals blocked: those of the process belong to the program's own threads. */
int gnl_thread_start(pthread_t *thread, void *(*run)(void *), void *arg);

/* ---- CPU ------------------------------------------------------------------------------------------- */

uint32_t gnl_cpu_detect(void);   /* returns a value of GENLAT_CPU_*, never AUTO */
bool gnl_cpu_has_bfloat16(void); /* the CPU has AVX512_BF16 and the kernels for it are built */

#endif
