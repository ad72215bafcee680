/* SPDX-License-Identifier: MIT */
/* A trainer of two weights with its data, a callback that records events, and a counting allocator. */
#ifndef TRAINER_RIG_H
#define TRAINER_RIG_H

#include "support/fake_model.h"

enum { COUNT = 10, BATCH = 4, STEPS = 3, EVENTS = 600 };

extern char last[64], best[64], lines[64]; /* names of files, which rig_end() removes */

extern genlat_ctx *ctx;
extern genlat_source *train, *valid; /* COUNT samples each */
extern fake_model *fake;
extern genlat_trainer *trainer;
extern genlat_train_opts opts; /* two epochs of STEPS steps of BATCH samples, with the callback below */

/* Recorded events, and when the callback stops the training. */
typedef struct rig_events {
    char kinds[EVENTS]; /* one letter per event: S E V C A D */
    int count;
    char text[512]; /* of the last alarm or of the end */
    genlat_event event;
    int64_t stop_at; /* step; 0: never */
    double value;    /* the first value of the last event with values */
} rig_events;

extern rig_events seen;

typedef struct rig_memory {
    int64_t calls, fail_at; /* fail_at 0: never */
    int64_t live;
} rig_memory;

extern rig_memory memory;

void rig_begin(void);
void rig_end(void);
genlat_status rig_run(genlat_source *validation); /* with a new trainer */
void rig_reload(void);                            /* replaces the model by that in the file `last` */
const double *rig_curve(const char *name, int64_t expected);
genlat_source *rig_scaled(genlat_source *source, double offset, double scale);

#endif
