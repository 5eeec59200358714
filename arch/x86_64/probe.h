/* SPDX-License-Identifier: MIT */
/*
 * Reads that may fault, the one exception that is no mistake: of memory, for what prints a
 * backtrace, and of an MSR that CPUID promises but an emulator lacks. And a write to one of which
 * no CPUID bit tells.
 */
#pragma once

#include "arch/x86_64/idt.h"

/* Reads eight bytes; false when nothing is mapped there, or the address is not canonical. */
bool probe_read(u64 va, u64 *out);

/* False when the CPU does not have it. Emulators may answer garbage instead: ask CPUID first. */
bool probe_rdmsr(u32 msr, u64 *out);

/* Writes it; false when the CPU does not have it, or not these bits. */
bool probe_wrmsr(u32 msr, u64 value);

/* Whether the exception came from one of these; the frame then goes on where that fails. */
bool probe_recover(struct interrupt_frame *frame);
