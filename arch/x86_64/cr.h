/* SPDX-License-Identifier: MIT */
/*
 * Control registers and the instructions about translation, in the manuals' names (SDM vol. 3, 2.5
 * and 2.6; APM vol. 2, 3.1). One CPU's state: the caller runs on that CPU.
 */
#pragma once

#include "include/bits.h"
#include "include/types.h"

#define CR0_PE	       BIT(0)
#define CR0_MP	       BIT(1)
#define CR0_EM	       BIT(2)
#define CR0_TS	       BIT(3)
#define CR0_ET	       BIT(4)
#define CR0_NE	       BIT(5)
#define CR0_WP	       BIT(16)
#define CR0_AM	       BIT(18)
#define CR0_NW	       BIT(29)
#define CR0_CD	       BIT(30)
#define CR0_PG	       BIT(31)

#define CR3_ADDR       BITS(51, 12)

#define CR4_VME	       BIT(0)
#define CR4_PVI	       BIT(1)
#define CR4_TSD	       BIT(2)
#define CR4_DE	       BIT(3)
#define CR4_PSE	       BIT(4)
#define CR4_PAE	       BIT(5)
#define CR4_MCE	       BIT(6)
#define CR4_PGE	       BIT(7)
#define CR4_PCE	       BIT(8)
#define CR4_OSFXSR     BIT(9)
#define CR4_OSXMMEXCPT BIT(10)
#define CR4_UMIP       BIT(11)
#define CR4_LA57       BIT(12)
#define CR4_VMXE       BIT(13)
#define CR4_SMXE       BIT(14)
#define CR4_FSGSBASE   BIT(16)
#define CR4_PCIDE      BIT(17)
#define CR4_OSXSAVE    BIT(18)
#define CR4_SMEP       BIT(20)
#define CR4_SMAP       BIT(21)
#define CR4_PKE	       BIT(22)

#define XCR0_X87       BIT(0)
#define XCR0_SSE       BIT(1)
#define XCR0_AVX       BIT(2)

static inline u64
read_cr0(void)
{
	u64 v;

	__asm__ volatile("movq %%cr0, %0" : "=r"(v) : : "memory");
	return v;
}

static inline void
write_cr0(u64 v)
{
	__asm__ volatile("movq %0, %%cr0" : : "r"(v) : "memory");
}

/* The address of the last page fault. */
static inline u64
read_cr2(void)
{
	u64 v;

	__asm__ volatile("movq %%cr2, %0" : "=r"(v) : : "memory");
	return v;
}

static inline void
write_cr2(u64 v)
{
	__asm__ volatile("movq %0, %%cr2" : : "r"(v) : "memory");
}

static inline u64
read_cr3(void)
{
	u64 v;

	__asm__ volatile("movq %%cr3, %0" : "=r"(v) : : "memory");
	return v;
}

/* Also flushes this CPU's translations but the global ones. */
static inline void
write_cr3(u64 v)
{
	__asm__ volatile("movq %0, %%cr3" : : "r"(v) : "memory");
}

static inline u64
read_cr4(void)
{
	u64 v;

	__asm__ volatile("movq %%cr4, %0" : "=r"(v) : : "memory");
	return v;
}

static inline void
write_cr4(u64 v)
{
	__asm__ volatile("movq %0, %%cr4" : : "r"(v) : "memory");
}

/* Both need CR4.OSXSAVE (SDM vol. 2, XGETBV). */
static inline u64
read_xcr0(void)
{
	u32 lo, hi;

	__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0) : "memory");
	return ((u64)hi << 32) | lo;
}

static inline void
write_xcr0(u64 v)
{
	__asm__ volatile("xsetbv" : : "c"(0), "a"((u32)v), "d"((u32)(v >> 32)) : "memory");
}

/* Drops this CPU's translation of the page around addr, global or not. */
static inline void
invlpg(const void *addr)
{
	__asm__ volatile("invlpg (%0)" : : "r"(addr) : "memory");
}

/* Writes all modified cache lines back and empties the caches. */
static inline void
wbinvd(void)
{
	__asm__ volatile("wbinvd" : : : "memory");
}
