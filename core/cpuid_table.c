/* SPDX-License-Identifier: MIT */
/*
 * The table of leaves (SDM vol. 2, CPUID; APM vol. 3, app. E). A feature is here when it works in
 * a guest without us, or when we emulate it: never VMX, SVM, SMM, power and thermal management,
 * performance counters, machine checks, debug stores, processor trace, SGX, TSX, CET, memory
 * encryption, resource directors, MONITOR. Their MSRs are not there, either (msr.c).
 */
#include "core/cpuid_table.h"

#include "include/bits.h"

#define B(n) BIT32(n)
#define ALL  0xffffffffu

/* SSE3, PCLMULQDQ, SSSE3, FMA, CMPXCHG16B, PCID, SSE4.1, SSE4.2, MOVBE, POPCNT, AES, XSAVE, AVX,
 * F16C, RDRAND */
#define VERSION_ECX                                                                                \
	(B(0) | B(1) | B(9) | B(12) | B(13) | B(17) | B(19) | B(20) | B(22) | B(23) | B(25) |      \
	 B(26) | B(28) | B(29) | B(30))
/* x2APIC, TSC-deadline, and that there is a hypervisor */
#define VERSION_ECX_FORCED (B(21) | B(24) | B(31))

/* FPU, VME, DE, PSE, TSC, MSR, PAE, CX8, SEP, PGE, CMOV, PSE-36, CLFLUSH, MMX, FXSR, SSE, SSE2,
 * self-snoop; not MCE and MCA */
#define VERSION_EDX                                                                                \
	(B(0) | B(1) | B(2) | B(3) | B(4) | B(5) | B(6) | B(8) | B(11) | B(13) | B(15) | B(17) |   \
	 B(19) | B(23) | B(24) | B(25) | B(26) | B(27))
/* APIC, MTRR, PAT */
#define VERSION_EDX_FORCED (B(9) | B(12) | B(16))
#define CLFLUSH_SIZE	   0xff00u

/* The APIC timer runs in every C-state */
#define THERMAL_EAX_FORCED B(2)

/* AMD repeats leaf 1's in 80000001h, bits that mean the same. */
#define REPEATED	   0x0183f3ffu

/* FSGSBASE, BMI1, AVX2, FDP on exceptions only, SMEP, BMI2, ERMS, INVPCID, no FCS and FDS,
 * AVX512F, AVX512DQ, RDSEED, ADX, SMAP, AVX512_IFMA, CLFLUSHOPT, CLWB, AVX512PF, AVX512ER,
 * AVX512CD, SHA, AVX512BW, AVX512VL */
#define STRUCTURED_EBX                                                                             \
	(B(0) | B(3) | B(5) | B(6) | B(7) | B(8) | B(9) | B(10) | B(13) | B(16) | B(17) | B(18) |  \
	 B(19) | B(20) | B(21) | B(23) | B(24) | B(26) | B(27) | B(28) | B(29) | B(30) | B(31))
#define STRUCTURED_EBX_FORCED B(1) /* IA32_TSC_ADJUST */

/* AVX512_VBMI, UMIP, PKU, AVX512_VBMI2, GFNI, VAES, VPCLMULQDQ, AVX512_VNNI, AVX512_BITALG,
 * AVX512_VPOPCNTDQ, RDPID, CLDEMOTE, MOVDIRI, MOVDIR64B; not LA57 */
#define STRUCTURED_ECX                                                                             \
	(B(1) | B(2) | B(3) | B(6) | B(8) | B(9) | B(10) | B(11) | B(12) | B(14) | B(22) | B(25) | \
	 B(27) | B(28))

/* AVX512_4VNNIW, AVX512_4FMAPS, fast short REP MOVSB, AVX512_VP2INTERSECT, MD_CLEAR, SERIALIZE */
#define STRUCTURED_EDX	     (B(2) | B(3) | B(4) | B(8) | B(10) | B(14))
/* Also IBRS and IBPB, STIBP, L1D_FLUSH, IA32_ARCH_CAPABILITIES, SSBD */
#define STRUCTURED_EDX_INTEL (STRUCTURED_EDX | B(26) | B(27) | B(28) | B(29) | B(31))

/* AVX-VNNI, AVX512_BF16, fast zero-length MOVSB, fast short STOSB, fast short CMPSB and SCASB */
#define STRUCTURED_1_EAX     (B(4) | B(5) | B(10) | B(11) | B(12))

/* PSFD, IPRED_CTRL, RRSBA_CTRL, BHI_CTRL: bits of IA32_SPEC_CTRL; MCDT_NO */
#define STRUCTURED_2_EDX     (B(0) | B(1) | B(2) | B(4) | B(5))

/* LAHF in 64-bit mode, LZCNT, PREFETCHW */
#define EXTENDED_ECX	     (B(0) | B(5) | B(8))
/* Also LOCK MOV CR0, SSE4A, misaligned SSE, XOP, FMA4, TBM, topology leaves */
#define EXTENDED_ECX_AMD     (EXTENDED_ECX | B(4) | B(6) | B(7) | B(11) | B(16) | B(21) | B(22))
/* SYSCALL, NX, 1 GiB pages, RDTSCP, long mode */
#define EXTENDED_EDX	     (B(11) | B(20) | B(26) | B(27) | B(29))
/* Also MMX extensions, 3DNow! and its extensions, and leaf 1's */
#define EXTENDED_EDX_AMD     (EXTENDED_EDX | B(22) | B(30) | B(31) | (VERSION_EDX & REPEATED))

/* CLZERO, the error pointers in XSAVE areas; IBPB, IBRS, STIBP, both of these always on, IBRS
 * preferred, IBRS for the same mode, SSBD, no SSB, PSFD, no branch type confusion, IBPB of returns
 */
#define SIZES_EBX_AMD                                                                              \
	(B(0) | B(2) | B(12) | B(14) | B(15) | B(16) | B(17) | B(18) | B(19) | B(24) | B(26) |     \
	 B(28) | B(29) | B(30))

/* No nested data breakpoints, LFENCE serialises, VERW clears buffers, loading a null selector
 * clears the base, SBPB, IBPB of branch types, no SRSO */
#define EXTENDED_2_EAX (B(0) | B(2) | B(5) | B(6) | B(27) | B(28) | B(29))
/* No TSA by the store queue, nor by the L1 cache */
#define EXTENDED_2_ECX (B(1) | B(2))

/* 128-bit, MOVU, 256-bit units */
#define UNIT_WIDTHS    (B(0) | B(1) | B(2))

#define ROW(leaf_, subleaf_, vendor_, ...)                                                         \
	{                                                                                          \
		.leaf = (leaf_), .subleaf = (subleaf_), .vendor = (vendor_), .regs = {             \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}

/*
 * EAX, EBX, ECX, EDX. Leaves whose subleaves the machine tells (4, Dh, 8000001Dh), or the VM (Bh,
 * 8000001Eh), are in cpuid_decode.c and cpuid.c.
 */
static const struct cpuid_row allowed[] = {
	ROW(0x0, 0, CPUID_ANY, 0, ALL, ALL, ALL),
	ROW(0x1, 0, CPUID_ANY, ALL, CLFLUSH_SIZE, VERSION_ECX, VERSION_EDX),
	ROW(0x2, 0, CPUID_INTEL, ALL, ALL, ALL, ALL), /* caches and TLBs */
	ROW(0x6, 0, CPUID_ANY, 0, 0, 0, 0),
	ROW(0x7, 0, CPUID_INTEL, ALL, STRUCTURED_EBX, STRUCTURED_ECX, STRUCTURED_EDX_INTEL),
	ROW(0x7, 0, CPUID_AMD, ALL, STRUCTURED_EBX, STRUCTURED_ECX, STRUCTURED_EDX),
	ROW(0x7, 1, CPUID_ANY, STRUCTURED_1_EAX, 0, 0, 0),
	ROW(0x7, 2, CPUID_INTEL, 0, 0, 0, STRUCTURED_2_EDX),
	ROW(0x80000000, 0, CPUID_ANY, 0, ALL, ALL, ALL),
	ROW(0x80000001, 0, CPUID_INTEL, 0, 0, EXTENDED_ECX, EXTENDED_EDX),
	ROW(0x80000001, 0, CPUID_AMD, ALL, 0, EXTENDED_ECX_AMD, EXTENDED_EDX_AMD),
	ROW(0x80000002, 0, CPUID_ANY, ALL, ALL, ALL, ALL), /* the brand */
	ROW(0x80000003, 0, CPUID_ANY, ALL, ALL, ALL, ALL),
	ROW(0x80000004, 0, CPUID_ANY, ALL, ALL, ALL, ALL),
	ROW(0x80000005, 0, CPUID_AMD, ALL, ALL, ALL, ALL), /* caches and TLBs */
	ROW(0x80000006, 0, CPUID_INTEL, 0, 0, ALL, 0),
	ROW(0x80000006, 0, CPUID_AMD, ALL, ALL, ALL, ALL),
	ROW(0x80000008, 0, CPUID_INTEL, 0, 0, 0, 0),
	ROW(0x80000008, 0, CPUID_AMD, 0, SIZES_EBX_AMD, 0, 0),
	ROW(0x80000019, 0, CPUID_AMD, ALL, ALL, ALL, ALL), /* TLBs of 1 GiB pages */
	ROW(0x8000001a, 0, CPUID_AMD, UNIT_WIDTHS, 0, 0, 0),
	ROW(0x80000021, 0, CPUID_AMD, EXTENDED_2_EAX, 0, EXTENDED_2_ECX, 0),
};

static const struct cpuid_row forced[] = {
	ROW(0x1, 0, CPUID_ANY, 0, 0, VERSION_ECX_FORCED, VERSION_EDX_FORCED),
	ROW(0x6, 0, CPUID_ANY, THERMAL_EAX_FORCED, 0, 0, 0),
	ROW(0x7, 0, CPUID_ANY, 0, STRUCTURED_EBX_FORCED, 0, 0),
	ROW(0x80000001, 0, CPUID_AMD, 0, 0, 0, VERSION_EDX_FORCED &REPEATED),
};

/* Of KVM's features (Linux, Documentation/virt/kvm/x86/cpuid.rst), no delay for I/O, the clock by
 * its new MSRs, steal time, EOI by memory, kicks of halted vCPUs, flushes for those that do not
 * run.
 */
#define KVM_FEATURES (B(1) | B(3) | B(5) | B(6) | B(7) | B(9))

/* EBX, ECX and EDX of the first leaves are texts: "AshlarAshlar", with no leaves behind it, and
 * "KVMKVMKVM". */
static const struct cpuid_row hypervisor[] = {
	ROW(0x40000000, 0, CPUID_ANY, 0x40000000, 0x6c687341, 0x73417261, 0x72616c68),
	ROW(0x40000100, 0, CPUID_ANY, 0x40000101, 0x4b4d564b, 0x564b4d56, 0x4d),
	ROW(0x40000101, 0, CPUID_ANY, KVM_FEATURES, 0, 0, 0),
};

const struct cpuid_row *
cpuid_hypervisor(unsigned n)
{
	return n < ARRAY_SIZE(hypervisor) ? &hypervisor[n] : NULL;
}

const struct cpuid_row *
cpuid_allowed(unsigned n)
{
	return n < ARRAY_SIZE(allowed) ? &allowed[n] : NULL;
}

const struct cpuid_row *
cpuid_forced(unsigned n)
{
	return n < ARRAY_SIZE(forced) ? &forced[n] : NULL;
}
