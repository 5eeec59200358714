/* SPDX-License-Identifier: MIT */
/*
 * Other programs, and the signals that end this one. From hold_signals() on, SIGINT, SIGTERM and
 * SIGHUP wait until somebody looks: a program that runs is ended by them, and what was begun can be
 * cleaned up before die_of_signal().
 */
#pragma once

#include "include/types.h"

void hold_signals(void);
/* One of them has come. */
bool signal_came(void);
/* Ends as that signal ends a program, so that a shell or make sees it; returns when none came. */
void die_of_signal(void);

/* Is there such a program in $PATH? */
bool program_exists(const char *name);

/*
 * Runs a program of $PATH in a folder, without input, its output to `log` in that folder. True when
 * it ended with status 0. False after a signal too: signal_came() tells. It and what it started are
 * then gone. Its progress is the size of the file `made`.
 */
bool run_program(const char *const *argv, const char *folder, const char *log, const char *made);
