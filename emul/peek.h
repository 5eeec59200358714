/* SPDX-License-Identifier: MIT */
/*
 * A look at a guest through its own page tables, for a person. On the vCPU's own thread. Nothing of
 * what is found there is believed: a walk ends where a word can't be read or makes no sense, and
 * after as many as were asked for.
 */
#pragma once

#include "core/vcpu.h"

/* Bytes from RIP on; answers how many there are, at most len. */
size_t peek_code(struct vcpu *v, u8 *bytes, size_t len);

/* What is on the stack, from RSP on; 32-bit and 64-bit code alone. */
unsigned peek_words(struct vcpu *v, u64 *words, unsigned max);

/* Return addresses by frame pointers, the newest first; 32-bit and 64-bit code alone. */
unsigned peek_stack(struct vcpu *v, u64 *returns, unsigned max);
