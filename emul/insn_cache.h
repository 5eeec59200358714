/* SPDX-License-Identifier: MIT */
/*
 * Instructions that a vCPU has met before: the same few ones exit again and again, and most of an
 * exit's cost would be to walk to their bytes and to decode them. Nothing here is believed: each
 * time the entries of the guest's page tables that led to the bytes, and the bytes, must be what
 * they were. The vCPU's own thread's.
 */
#pragma once

#include "emul/emulation.h"

/* Fills in e->insn and e->bytes. False: it is not there, or not the same any more. */
bool insn_cache_find(struct emulation *e);

/* The length of the instruction at RIP; 0: it is not there, or not the same any more. */
unsigned insn_cache_length(struct vcpu *v);

/* Keeps e->insn, fetched and decoded just now. Some can't be kept: those across a page's end. */
void insn_cache_add(struct emulation *e);
