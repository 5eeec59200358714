/* SPDX-License-Identifier: MIT */
/*
 * Moves to and from control registers, CLTS, LMSW and XSETBV as guests execute them, by the rules
 * of SDM vol. 3, 2.5, 2.6 and 5.1 and APM vol. 2, 3.1. On the vCPU's own thread.
 */
#pragma once

#include "core/vcpu.h"

/* What exited with EXIT_CR; cr->reg is known. NEXT, or FAULT with vcpu->fault. */
enum verdict cr_access(struct vcpu *v, const struct exit_cr *cr);

/* XSETBV with this ECX and EDX:EAX. */
enum verdict cr_xsetbv(struct vcpu *v, u32 index, u64 value);

/* For who sets up a vCPU, and the task switch. -ERR_INVAL: #GP, and nothing has changed. */
__must_check int cr0_write(struct vcpu *v, u64 value);
__must_check int cr3_write(struct vcpu *v, u64 value);
__must_check int cr4_write(struct vcpu *v, u64 value);

/* EFER as WRMSR sets it: LMA stays as it is (APM vol. 2, 3.1.7). -ERR_INVAL: #GP. */
__must_check int efer_write(struct vcpu *v, u64 value);
