/* SPDX-License-Identifier: MIT */
/* Handles SIGINT, SIGTERM, SIGHUP and SIGPIPE: training stops after the current step and writes a checkpoint. A second
 * signal ends the program immediately. */
#include <signal.h>
#include <unistd.h>

#include "app.h"

static genlat_trainer *volatile current_trainer;
static volatile sig_atomic_t received;

static void handle(int number)
{
    (void)number;
    genlat_trainer *trainer = current_trainer;
    if (!trainer || received)
        _exit(APP_INTERRUPTED);
    received = 1;
    genlat_trainer_cancel(trainer);
}

void signals_set_trainer(genlat_trainer *trainer)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
    struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART};
    current_trainer = trainer;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < APP_COUNT(numbers); i++)
        sigaction(numbers[i], &action, NULL);
}
