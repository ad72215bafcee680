/* SPDX-License-Identifier: MIT */
/* Valid arguments for the table of invalid calls, and the checks of their results. */
#ifndef MISUSE_MAKERS_H
#define MISUSE_MAKERS_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "genlat/experimental.h"
#include "genlat/files.h"
#include "genlat/genlat.h"

/* Calls one function with each of its arguments invalid in turn. */
typedef struct misuse_call {
    const char *name;
    void (*run)(void);
} misuse_call;

extern const misuse_call misuse_calls[];
extern const int misuse_count;

enum { MAY_FAIL = 1 }; /* in addition to the negative statuses: anything but a crash */

/* Sets the description of the next call, and resets the error message. */
void begin(const char *what);
/* Checks the status, and that an error message begins with the name of the function. */
void expect(const char *function, genlat_status status, genlat_status expected);
void expect_null_(genlat_status status, const void *out);
#define expect_null(status, out) expect_null_(status, out)
/* Checks that the build of a builder reports the invalid argument of a setter; if `must` is 0, the argument may also
 * have been valid. */
void expect_error_of_net_builder(const char *function, genlat_net_builder *builder, int must);
void expect_error_of_model_builder(const char *function, genlat_model_builder *builder, int must);
genlat_model_builder *fresh_vae_builder(void);
genlat_model_builder *fresh_gan_builder(void);
genlat_model_builder *fresh_predictor_builder(void);
genlat_model *make_vae(void);
genlat_model *make_gan(void);
genlat_model *make_predictor(void);
genlat_trainer *make_trainer(void);

/* One object of each kind, created once and kept. */
genlat_ctx *make_ctx(void);
genlat_tensor *make_tensor(void); /* [2,2] */
const genlat_tensor *const *make_tensors(void);
genlat_source *const *make_sources(void);
genlat_rng *make_rng(void);
genlat_layer *make_layer(void);
genlat_net *make_net(void); /* [*,2] to [*,2] */
genlat_exec *make_exec(void);
genlat_source *make_source(void);
genlat_batches *make_batches(void);
genlat_loss *make_loss(void);
genlat_optim *make_optim(void);
genlat_schedule *make_schedule(void);
genlat_metric *make_metric(void);
genlat_ema *make_ema(void);
genlat_output *make_output(void);
genlat_net_builder *fresh_net_builder(void); /* complete: it could be built */

/* Buffers owned by the caller. */
extern char text[256];
extern int32_t ints[8];
extern int64_t longs[8], dims[8];
extern double doubles[64];
extern float floats[64];
extern uint8_t bytes[64];
extern const char *const names[8];
extern const char *words;
extern const double *curve;
extern const genlat_tensor *seen;
extern void *block;
extern size_t block_size;
extern char garbage;

#endif
