/* SPDX-License-Identifier: MIT */
/*
 * Extended state: x87, SSE, AVX and what else XSAVE covers (SDM vol. 1, ch. 13). The hypervisor
 * itself computes with none of it, so a guest's may stay in a CPU's registers until that CPU gets
 * another guest's. CPUs without XSAVE have FXSAVE, hence x87 and SSE alone.
 */
#pragma once

#include "arch/x86_64/features.h"
#include "arch/x86_64/virt.h"

/* Turns on what xsave_mask() has, on this CPU: CR4.OSFXSR, CR4.OSXSAVE, XCR0. */
void xsave_init_cpu(void);

/* What XCR0 may have in a guest: what the CPU has, of the components that we know. 0: no XSAVE. */
u64 xsave_mask(void);

/* Bytes of an area for xsave_mask(), in the standard format. */
size_t virt_xsave_size(void);

/* The state after a reset (SDM vol. 3, table 10-1); area is zero and aligned to 64. */
void xsave_init(void *area);

/*
 * The guest's state into this CPU's registers, XCR0 too, and from there into hw->xsave. Between
 * the two the guest runs, or waits; interrupts are off. hw->xcr0 is not touched.
 */
void xsave_swap_to_guest(const struct vcpu_hw *hw);
void xsave_swap_to_host(struct vcpu_hw *hw);

/* Pure: of a CPU that answers CPUID so. */
u64 xsave_mask_of(const struct cpu_features *f, cpuid_reader read);
size_t xsave_size_of(u64 mask, cpuid_reader read);
