/* SPDX-License-Identifier: MIT */
/* SIGINT and SIGTERM: training stops after its step and writes its checkpoint; a second signal ends at once.
 */
#include <signal.h>
#include <unistd.h>

#include "app.h"

static genlat_trainer *volatile watched;
static volatile sig_atomic_t seen;

static void handle(int number)
{
    (void)number;
    genlat_trainer *trainer = watched;
    if (!trainer || seen)
        _exit(APP_INTERRUPTED);
    seen = 1;
    genlat_trainer_cancel(trainer);
}

void signals_watch(genlat_trainer *trainer)
{
    static const int numbers[] = {SIGINT, SIGTERM};
    struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART};
    watched = trainer;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < APP_COUNT(numbers); i++)
        sigaction(numbers[i], &action, NULL);
}

bool signals_seen(void)
{
    return seen != 0;
}
