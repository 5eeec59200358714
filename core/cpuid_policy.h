/* SPDX-License-Identifier: MIT */
/* What cpuid_decode.c makes at boot, and cpuid.c answers from. Private to the two. */
#pragma once

#include "core/cpuid.h"
#include "include/bits.h"

enum {
	CPUID_BASIC_MAX = 0xd,
	CPUID_EXTENDED_MAX = 0x21, /* + CPUID_EXT_MAX */
	CPUID_ENTRIES_MAX = 82,
};

#define CPUID_CACHES	 0x4u
#define CPUID_CACHES_AMD 0x8000001du
#define CPUID_CORES_AMD	 0x8000001eu

#define CPUID_ECX_XSAVE	 BIT32(26) /* leaf 1 */
#define CPUID_ECX_TOPOLOGY                                                                         \
	BIT32(22) /* leaf 80000001h of AMD: 8000001Dh and 8000001Eh are there                      \
		   */

struct cpuid_leaf {
	u8 first, count; /* in entries: one a subleaf */
	bool subleaves;	 /* ECX matters */
	bool live;	 /* not the same always and for every vCPU */
};

struct cpuid_policy {
	struct cpuid_leaf basic[CPUID_BASIC_MAX + 1], extended[CPUID_EXTENDED_MAX + 1];
	u32 basic_max, extended_max; /* the latter without CPUID_EXT_MAX */
	struct cpuid_regs entries[CPUID_ENTRIES_MAX];
	unsigned count;
	struct cpuid_offer offer;
};

extern struct cpuid_policy cpuid_policy;

/* Bytes of an XSAVE area with these components, in the standard and in the compacted format. */
u32 cpuid_area_size(u64 components);
u32 cpuid_compacted_size(u64 components);
