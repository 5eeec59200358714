/* SPDX-License-Identifier: MIT */
/*
 * How far a long piece of work is, for a person who watches: one line on stderr when that is a
 * terminal and there is much to do, and gone at the end; nothing otherwise. One at a time.
 */
#pragma once

#include "include/types.h"

void progress_begin(const char *what, u64 total);
void progress_at(u64 done);
void progress_end(void); /* also when nothing was begun */
