/* SPDX-License-Identifier: MIT */
/*
 * A physical NIC's registers, mapped uncached: x86 keeps such accesses, and earlier stores to
 * memory, in their order (SDM vol. 3, 12.3.1), so no fences are wanted; but the compiler has to
 * keep descriptors and buffers, which are ordinary memory, on their side of an access. The
 * host-side tests put a header of the same name before this one.
 */
#pragma once

#include "arch/x86_64/io.h"

static inline u32
nic_io_read(const volatile u8 *regs, u32 reg)
{
	u32 value = mmio_read32(regs + reg);

	__asm__ volatile("" : : : "memory");
	return value;
}

/* The 8254x's window on its registers, in I/O space (13.3.1.1). */
static inline u32
nic_port_read(u16 port)
{
	return in32(port);
}

static inline void
nic_port_write(u16 port, u32 value)
{
	out32(port, value);
}

static inline void
nic_io_write(volatile u8 *regs, u32 reg, u32 value)
{
	__asm__ volatile("" : : : "memory");
	mmio_write32(regs + reg, value);
}
