/* SPDX-License-Identifier: MIT */
/* Port I/O and device memory, typed by width. Device memory is read and written only through these.
 */
#pragma once

#include "include/types.h"

static inline u8
in8(u16 port)
{
	u8 v;

	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port) : "memory");
	return v;
}

static inline u16
in16(u16 port)
{
	u16 v;

	__asm__ volatile("inw %1, %0" : "=a"(v) : "Nd"(port) : "memory");
	return v;
}

static inline u32
in32(u16 port)
{
	u32 v;

	__asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port) : "memory");
	return v;
}

static inline void
out8(u16 port, u8 v)
{
	__asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port) : "memory");
}

static inline void
out16(u16 port, u16 v)
{
	__asm__ volatile("outw %0, %1" : : "a"(v), "Nd"(port) : "memory");
}

static inline void
out32(u16 port, u32 v)
{
	__asm__ volatile("outl %0, %1" : : "a"(v), "Nd"(port) : "memory");
}

static inline u8
mmio_read8(const volatile void *reg)
{
	return *(const volatile u8 *)reg;
}

static inline u16
mmio_read16(const volatile void *reg)
{
	return *(const volatile u16 *)reg;
}

static inline u32
mmio_read32(const volatile void *reg)
{
	return *(const volatile u32 *)reg;
}

static inline u64
mmio_read64(const volatile void *reg)
{
	return *(const volatile u64 *)reg;
}

static inline void
mmio_write8(volatile void *reg, u8 v)
{
	*(volatile u8 *)reg = v;
}

static inline void
mmio_write16(volatile void *reg, u16 v)
{
	*(volatile u16 *)reg = v;
}

static inline void
mmio_write32(volatile void *reg, u32 v)
{
	*(volatile u32 *)reg = v;
}

static inline void
mmio_write64(volatile void *reg, u64 v)
{
	*(volatile u64 *)reg = v;
}
