/* SPDX-License-Identifier: MIT */
/*
 * The VMX instructions (SDM vol. 3, ch. 31). The fields are those of this CPU's current VMCS;
 * interrupts are off, so that it stays current. Host-side tests put a header of the same name
 * before this one.
 */
#pragma once

#include "arch/x86_64/vmx/vmcs.h"
#include "include/panic.h"

static inline u64
vmcs_read(u32 field)
{
	u64 value;
	bool failed;

	__asm__ volatile("vmread %2, %1"
			 : "=@ccbe"(failed), "=r"(value)
			 : "r"((u64)field)
			 : "memory");
	ASSERT(!failed);
	return value;
}

static inline void
vmcs_write(u32 field, u64 value)
{
	bool failed;

	__asm__ volatile("vmwrite %1, %2"
			 : "=@ccbe"(failed)
			 : "r"(value), "r"((u64)field)
			 : "memory");
	ASSERT(!failed);
}

/* Makes it this CPU's current VMCS. */
static inline void
vmcs_load(hpa_t vmcs)
{
	bool failed;

	__asm__ volatile("vmptrld %1" : "=@ccbe"(failed) : "m"(vmcs.v) : "memory");
	ASSERT(!failed);
}

/* Into memory with all that this CPU keeps of it; the next entry is a VMLAUNCH. */
static inline void
vmcs_clear(hpa_t vmcs)
{
	bool failed;

	__asm__ volatile("vmclear %1" : "=@ccbe"(failed) : "m"(vmcs.v) : "memory");
	ASSERT(!failed);
}

struct invalidation {
	u64 what, address;
};

_Static_assert(sizeof(struct invalidation) == 16, "SDM vol. 3, figures 31-1 and 31-2");

/* What is cached of the tables under an EPTP, or of all EPTPs. */
static inline void
invept(u64 type, u64 eptp)
{
	const struct invalidation d = {eptp, 0};
	bool failed;

	__asm__ volatile("invept %1, %2" : "=@ccbe"(failed) : "m"(d), "r"(type) : "memory");
	ASSERT(!failed);
}

/* The translations of a VPID, or of all but 0. */
static inline void
invvpid(u64 type, u32 vpid)
{
	const struct invalidation d = {vpid, 0};
	bool failed;

	__asm__ volatile("invvpid %1, %2" : "=@ccbe"(failed) : "m"(d), "r"(type) : "memory");
	ASSERT(!failed);
}
