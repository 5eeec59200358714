/* SPDX-License-Identifier: MIT */
/* The CPUID instruction and the numbers of its leaves (SDM vol. 2, CPUID; APM vol. 3, app. E). */
#pragma once

#include "include/types.h"

enum {
	CPUID_VENDOR = 0x0, /* the largest basic leaf; above it a CPU may answer anything */
	CPUID_VERSION = 0x1,
	CPUID_THERMAL_POWER = 0x6,
	CPUID_STRUCTURED = 0x7,
	CPUID_TOPOLOGY = 0xb,
	CPUID_XSAVE = 0xd,
	CPUID_TSC_RATIO = 0x15,
	CPUID_FREQUENCY = 0x16,
};

#define CPUID_HYPERVISOR     0x40000000u /* signature of the hypervisor that we run under */
#define CPUID_EXT_MAX	     0x80000000u /* the largest extended leaf */
#define CPUID_EXT_FEATURES   0x80000001u
#define CPUID_BRAND	     0x80000002u /* and the two after it */
#define CPUID_ADVANCED_POWER 0x80000007u
#define CPUID_ADDRESS_SIZES  0x80000008u
#define CPUID_SVM	     0x8000000au
#define CPUID_EXT_FEATURES_2 0x80000021u

struct cpuid_regs {
	u32 eax, ebx, ecx, edx;
};

static inline struct cpuid_regs
cpuid(u32 leaf, u32 subleaf)
{
	struct cpuid_regs r;

	__asm__ volatile("cpuid"
			 : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "a"(leaf), "c"(subleaf));
	return r;
}
