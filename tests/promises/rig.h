/* SPDX-License-Identifier: MIT */
/* What the tests of the promises in the public headers share: a context with counted memory, small objects of every
 * kind, and expectations about calls. Only public functions are used. */
#ifndef PROMISES_RIG_H
#define PROMISES_RIG_H

#include <check.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "genlat/genlat.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Opened and closed by the fixture of each test. */
extern genlat_ctx *ctx;
extern atomic_long allocations, bytes_asked, blocks; /* calls of alloc so far; their bytes; blocks that are not freed */
extern int refuse_memory;                            /* 1: alloc returns NULL */

void rig_open(void);
void rig_close(void); /* also checks that every block was freed */

/* Fails the test with the error text unless the status is GENLAT_OK. */
void ok(genlat_status status);

/* The call fails with this status, and the error text names the function. */
#define REFUSED(wanted, function, ...) rig_refused(#function, function(__VA_ARGS__), wanted, __LINE__)
void rig_refused(const char *function, genlat_status status, genlat_status wanted, int line);
/* The same, and the error text has the word. */
#define REFUSED_WITH(word, wanted, function, ...)                                                                      \
    do {                                                                                                               \
        REFUSED(wanted, function, __VA_ARGS__);                                                                        \
        ck_assert_msg(strstr(genlat_last_error(), word) != NULL, "line %d: '%s' does not have '%s'", __LINE__,         \
                      genlat_last_error(), word);                                                                      \
    } while (0)

/* Numbers 0, 1, 2, ... */
genlat_tensor *counting(int32_t ndim, const int64_t *dims);
genlat_tensor *tensor_of(int32_t ndim, const int64_t *dims, const float *data);
genlat_tensor *vector_of(int64_t n, const float *data);
void same_tensors(const genlat_tensor *a, const genlat_tensor *b);

genlat_source *synthetic(const char *name, int64_t n, int64_t seed);

/* A net of layers on data [features]. */
genlat_net *net_of(int64_t features, const char *layers);
genlat_exec *exec_of(genlat_net *net, int64_t rows, uint32_t purpose);

/* Settings end with a NULL key. Data are [2] unless a source is given. */
typedef struct setting {
    const char *key, *value;
} setting;
genlat_model_builder *builder_of(const char *family, const setting *settings);
genlat_model *model_of(const char *family, const setting *settings, genlat_source *source);
genlat_model *small_vae(void);
genlat_model *small_gan(void);
genlat_model *small_predictor(void); /* of eight classes */

/* Runs the tests, each between rig_open() and rig_close(); the exit status of the program. The list ends with NULL. */
int run_tests(const char *name, const TTest *const *tests);

#endif
