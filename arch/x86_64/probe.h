/* SPDX-License-Identifier: MIT */
/* A read that may fault, for what prints a backtrace: the one exception that is no mistake. */
#pragma once

#include "arch/x86_64/idt.h"

/* Reads eight bytes; false when nothing is mapped there, or the address is not canonical. */
bool probe_read(u64 va, u64 *out);

/* Whether the exception came from probe_read(); the frame then goes on where that fails. */
bool probe_recover(struct interrupt_frame *frame);
