/* SPDX-License-Identifier: MIT */
/*
 * Instructions carried out for the guest: accesses to device memory, string I/O, and what the
 * hardware does not tell about others. emul/ owns the decoder (decode.h), the walk of the guest's
 * page tables (gpt.h) and these. Called with an exit at hand, on the vCPU's own thread; no lock.
 *
 * Work is bounded: a repeated string instruction does EMULATE_BUDGET elements an exit, and goes on
 * with the next one.
 */
#pragma once

#include "core/vcpu.h"

enum { EMULATE_BUDGET = 512 };

/* Where accesses go. size of MMIO is 1, 2, 4 or 8, and an access stays within a page. */
struct emulate_ops {
	void (*mmio)(struct vcpu *v, gpa_t gpa, u8 size, bool write, u64 *value);
	u32 (*io)(struct vcpu *v, u16 port, u8 size, bool write, u32 value);
};

/* Once at boot; the table stays the caller's. */
void emulate_init(const struct emulate_ops *ops);

/*
 * Carries out the instruction at RIP, which has met a second-level fault at an address that is not
 * RAM (EXIT_MEMORY). Answers an enum verdict; RIP is left to who acts on it, and exit->insn_len
 * says by how much it moves.
 */
int emulate_mmio(struct vcpu *v, struct exit *exit);

/* INS and OUTS, with REP or without (EXIT_IO with io.string). Answers an enum verdict. */
int emulate_io_string(struct vcpu *v, struct exit *exit);

/*
 * Bytes of the instruction at RIP. 0 when it can't be fetched: then vcpu->fault is set; or nothing
 * is, when the VM is being stopped or the guest has changed its page tables meanwhile, and trying
 * the instruction again is right.
 */
unsigned emulate_length(struct vcpu *v);

/* Whether the instruction at RIP is HLT. It is only looked at: what can't be fetched is none. */
bool emulate_at_hlt(struct vcpu *v);

/*
 * For backends without decode assists: what the MOV CR, CLTS or LMSW at RIP does, a value in memory
 * included. SMSW is carried out here. False as with a length of 0.
 */
bool emulate_decode_cr(struct vcpu *v, struct exit_cr *cr);
