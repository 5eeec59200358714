/* SPDX-License-Identifier: MIT */
/*
 * The MSRs of guests: SDM vol. 4, chapter 2, and APM vol. 2, appendix A. Among them some that
 * kernels read without asking CPUID, because every CPU of the vendor has them.
 */
#include "core/msr.h"

#include "arch/x86_64/cr.h"
#include "arch/x86_64/msr.h"
#include "arch/x86_64/probe.h"
#include "arch/x86_64/speculation.h"
#include "core/cpuid.h"
#include "core/cr.h"
#include "core/vcpu.h"
#include "include/intrin.h"
#include "lib/log.h"

#define MSR_MICROCODE		0x8bu /* IA32_BIOS_SIGN_ID; AMD: PATCH_LEVEL */
#define MSR_IA32_PLATFORM_ID	0x17u
#define MSR_IA32_DEBUGCTL	0x1d9u
#define MSR_X2APIC_LAST		0x8ffu
#define MSR_AMD_SYSCFG		0xc0010010u
#define MSR_AMD_HWCR		0xc0010015u
#define MSR_AMD_NB_CFG		0xc001001fu
#define MSR_AMD_INT_PENDING	0xc0010055u
#define MSR_AMD_DE_CFG		0xc0011029u

#define MISC_ENABLE_FAST_STRING BIT(0)
#define MISC_ENABLE_NO_BTS	BIT(11)
#define MISC_ENABLE_NO_PEBS	BIT(12)
#define DEBUGCTL_LBR		BIT(0)
#define DEBUGCTL_BTF		BIT(1)
#define HWCR_TSC_FREQ_SEL	BIT(24) /* the TSC counts at the P0 frequency: always, 17h on */
#define DE_CFG_LFENCE_SERIALISE BIT(1)

/* Of the machine, as guests see it. */
static u64 microcode, de_cfg;

enum vendor { ANY, INTEL, AMD };

/* Both answer 0, or -ERR_INVAL for a general protection fault. NULL: always that. */
struct row {
	u32 first, last;
	enum vendor vendor;
	int (*read)(struct vcpu *v, u32 msr, u64 *value);
	int (*write)(struct vcpu *v, u32 msr, u64 value);
};

static int
read_zero(struct vcpu *v __unused, u32 msr __unused, u64 *value)
{
	*value = 0;
	return 0;
}

/* Of bits that change nothing here, by a guest that does not look whether they took. */
static int
write_ignored(struct vcpu *v __unused, u32 msr __unused, u64 value __unused)
{
	return 0;
}

static bool
is_canonical(u64 va)
{
	unsigned unused_bits = 64u - cpuid_offered()->virt_bits;

	return (u64)((s64)(va << unused_bits) >> unused_bits) == va;
}

/* Registers that the backend keeps, by their names there. */
static enum vreg
vreg_of(u32 msr)
{
	switch (msr) {
	case MSR_EFER: return VREG_EFER;
	case MSR_STAR: return VREG_STAR;
	case MSR_LSTAR: return VREG_LSTAR;
	case MSR_CSTAR: return VREG_CSTAR;
	case MSR_SFMASK: return VREG_SFMASK;
	case MSR_KERNEL_GS_BASE: return VREG_KERNEL_GS_BASE;
	case MSR_IA32_SYSENTER_CS: return VREG_SYSENTER_CS;
	case MSR_IA32_SYSENTER_ESP: return VREG_SYSENTER_ESP;
	case MSR_IA32_SYSENTER_EIP: return VREG_SYSENTER_EIP;
	case MSR_TSC_AUX: return VREG_TSC_AUX;
	default: return VREG_PAT;
	}
}

static int
read_vreg(struct vcpu *v, u32 msr, u64 *value)
{
	*value = vcpu_get(v, vreg_of(msr));
	return 0;
}

static int
write_vreg(struct vcpu *v, u32 msr, u64 value)
{
	vcpu_set(v, vreg_of(msr), value);
	return 0;
}

/* SFMASK, SYSENTER_CS: the upper half is reserved. */
static int
write_vreg_32(struct vcpu *v, u32 msr, u64 value)
{
	return value >> 32 == 0 ? write_vreg(v, msr, value) : -ERR_INVAL;
}

static int
write_vreg_address(struct vcpu *v, u32 msr, u64 value)
{
	return is_canonical(value) ? write_vreg(v, msr, value) : -ERR_INVAL;
}

static int
write_efer(struct vcpu *v, u32 msr __unused, u64 value)
{
	return efer_write(v, value);
}

/* SDM vol. 3, 12.12.2. */
static int
write_pat(struct vcpu *v, u32 msr, u64 value)
{
	const u64 each = 0x0101010101010101ul;

	/* Eight types of 0, 1, 4 to 7: no bit above 2, and bit 1 only with bit 2. */
	if ((value & (0xf8 * each)) != 0 || (value >> 1 & ~(value >> 2) & each) != 0)
		return -ERR_INVAL;
	return write_vreg(v, msr, value);
}

static int
read_tsc_aux(struct vcpu *v, u32 msr, u64 *value)
{
	return cpuid_offered()->rdtscp ? read_vreg(v, msr, value) : -ERR_INVAL;
}

static int
write_tsc_aux(struct vcpu *v, u32 msr, u64 value)
{
	return cpuid_offered()->rdtscp ? write_vreg_32(v, msr, value) : -ERR_INVAL;
}

static enum vseg
segment_of(u32 msr)
{
	return msr == MSR_FS_BASE ? VSEG_FS : VSEG_GS;
}

static int
read_segment_base(struct vcpu *v, u32 msr, u64 *value)
{
	struct vsegment seg;

	virt_ops()->get_segment(&v->hw, segment_of(msr), &seg);
	*value = seg.base;
	return 0;
}

static int
write_segment_base(struct vcpu *v, u32 msr, u64 value)
{
	struct vsegment seg;

	if (!is_canonical(value))
		return -ERR_INVAL;
	virt_ops()->get_segment(&v->hw, segment_of(msr), &seg);
	seg.base = value;
	virt_ops()->set_segment(&v->hw, segment_of(msr), &seg);
	return 0;
}

static int
read_tsc(struct vcpu *v, u32 msr __unused, u64 *value)
{
	*value = rdtsc() + v->hw.tsc_offset;
	return 0;
}

/* A step of the TSC shows in IA32_TSC_ADJUST, and the other way round: SDM vol. 3, 18.17.3. */
static void
step_tsc(struct vcpu *v, u64 step)
{
	v->hw.tsc_offset += step;
	v->msr.tsc_adjust += step;
	if (step != 0)
		pv_clock_tsc_stepped(v);
}

static int
write_tsc(struct vcpu *v, u32 msr __unused, u64 value)
{
	step_tsc(v, value - (rdtsc() + v->hw.tsc_offset));
	return 0;
}

static int
read_tsc_adjust(struct vcpu *v, u32 msr __unused, u64 *value)
{
	*value = v->msr.tsc_adjust;
	return 0;
}

static int
write_tsc_adjust(struct vcpu *v, u32 msr __unused, u64 value)
{
	step_tsc(v, value - v->msr.tsc_adjust);
	return 0;
}

static int
read_apic(struct vcpu *v, u32 msr, u64 *value)
{
	return v->vm->platform->msr(v, msr, false, value) == 0 ? 0 : -ERR_INVAL;
}

static int
write_apic(struct vcpu *v, u32 msr, u64 value)
{
	if (v->vm->platform->msr(v, msr, true, &value) != 0)
		return -ERR_INVAL;
	if (msr == MSR_IA32_APIC_BASE)
		v->msr.apic_off = (value & APIC_BASE_EN) == 0;
	return 0;
}

static int
read_mtrr(struct vcpu *v, u32 msr, u64 *value)
{
	*value = mtrr_read(&v->msr.mtrr, msr);
	return 0;
}

static int
write_mtrr(struct vcpu *v, u32 msr, u64 value)
{
	return mtrr_write(&v->msr.mtrr, msr, value);
}

static int
read_microcode(struct vcpu *v __unused, u32 msr __unused, u64 *value)
{
	*value = microcode;
	return 0;
}

static int
read_misc_enable(struct vcpu *v __unused, u32 msr __unused, u64 *value)
{
	*value = MISC_ENABLE_FAST_STRING | MISC_ENABLE_NO_BTS | MISC_ENABLE_NO_PEBS;
	return 0;
}

/* Last branch records and branch stepping are not there, so those bits do not stay set. */
static int
write_debugctl(struct vcpu *v __unused, u32 msr __unused, u64 value)
{
	return (value & ~(DEBUGCTL_LBR | DEBUGCTL_BTF)) == 0 ? 0 : -ERR_INVAL;
}

/* Whether it is there, and which bits it has, CPUID says; one value for all vCPUs' hardware. */
static int
read_spec_ctrl(struct vcpu *v, u32 msr __unused, u64 *value)
{
	*value = v->hw.spec_ctrl;
	return cpu_flaws()->spec_ctrl != 0 ? 0 : -ERR_INVAL;
}

static int
write_spec_ctrl(struct vcpu *v, u32 msr __unused, u64 value)
{
	if (cpu_flaws()->spec_ctrl == 0 || (value & ~cpu_flaws()->spec_ctrl) != 0)
		return -ERR_INVAL;
	v->hw.spec_ctrl = value;
	return 0;
}

/* Written, never read; mostly by the guest itself, without an exit. */
static int
write_command(struct vcpu *v __unused, u32 msr, u64 value)
{
	u64 commands = msr == MSR_IA32_PRED_CMD ? cpu_flaws()->predictor_commands
						: cpu_flaws()->flush_commands;

	if (commands == 0 || (value & ~commands) != 0)
		return -ERR_INVAL;
	if (value != 0)
		speculation_command(msr, value);
	return 0;
}

static int
read_arch_capabilities(struct vcpu *v __unused, u32 msr __unused, u64 *value)
{
	*value = cpu_flaws()->arch_capabilities;
	return *value != 0 ? 0 : -ERR_INVAL;
}

static int
read_hwcr(struct vcpu *v __unused, u32 msr __unused, u64 *value)
{
	*value = HWCR_TSC_FREQ_SEL;
	return 0;
}

static int
read_de_cfg(struct vcpu *v __unused, u32 msr __unused, u64 *value)
{
	*value = de_cfg;
	return 0;
}

/* By rising number: they are searched by halves. */
static const struct row rows[] = {
	{MSR_IA32_TSC,	       MSR_IA32_TSC,		     ANY,	  read_tsc,		    write_tsc	     },
	{MSR_IA32_PLATFORM_ID,       MSR_IA32_PLATFORM_ID,	     INTEL, read_zero,	       NULL		   },
	{MSR_IA32_APIC_BASE,	     MSR_IA32_APIC_BASE,	 ANY,   read_apic,		 write_apic	   },
	{MSR_IA32_TSC_ADJUST,	      MSR_IA32_TSC_ADJUST,	   ANY,	read_tsc_adjust,	 write_tsc_adjust	 },
	{MSR_IA32_SPEC_CTRL,	     MSR_IA32_SPEC_CTRL,	 ANY,   read_spec_ctrl,	      write_spec_ctrl   },
	{MSR_IA32_PRED_CMD,	    MSR_IA32_PRED_CMD,	       ANY,   NULL,			  write_command     },
 /* Linux writes 0 before it has CPUID put the revision there (SDM vol. 3, 10.11.7.1). */
	{MSR_MICROCODE,		MSR_MICROCODE,	       ANY,   read_microcode,	    write_ignored	 },
	{MSR_IA32_MTRRCAP,	   MSR_IA32_MTRRCAP,	     ANY,	  read_mtrr,		     NULL		 },
	{MSR_IA32_ARCH_CAPABILITIES, MSR_IA32_ARCH_CAPABILITIES, INTEL, read_arch_capabilities,
	 NULL												     },
	{MSR_IA32_FLUSH_CMD,	     MSR_IA32_FLUSH_CMD,	 INTEL, NULL,		      write_command	   },
	{MSR_IA32_SYSENTER_CS,       MSR_IA32_SYSENTER_CS,	     ANY,	  read_vreg,		     write_vreg_32	  },
	{MSR_IA32_SYSENTER_ESP,	MSR_IA32_SYSENTER_EIP,      ANY,   read_vreg,	       write_vreg_address},
	{MSR_IA32_MISC_ENABLE,       MSR_IA32_MISC_ENABLE,	     INTEL, read_misc_enable,	      write_ignored	   },
	{MSR_IA32_DEBUGCTL,	    MSR_IA32_DEBUGCTL,	       ANY,   read_zero,	       write_debugctl    },
	{0x200,		      0x20f,		       ANY,   read_mtrr,	       write_mtrr	 },
	{0x250,		      0x250,		       ANY,   read_mtrr,	       write_mtrr	 },
	{0x258,		      0x259,		       ANY,   read_mtrr,	       write_mtrr	 },
	{0x268,		      0x26f,		       ANY,   read_mtrr,	       write_mtrr	 },
	{MSR_IA32_PAT,	       MSR_IA32_PAT,		     ANY,	  read_vreg,		     write_pat	      },
	{MSR_IA32_MTRR_DEFTYPE,	MSR_IA32_MTRR_DEFTYPE,      ANY,   read_mtrr,	       write_mtrr	 },
	{MSR_IA32_TSC_DEADLINE,	MSR_IA32_TSC_DEADLINE,      ANY,   read_apic,	       write_apic	 },
	{MSR_X2APIC_BASE,		  MSR_X2APIC_LAST,		   ANY,	read_apic,		   write_apic	     },
	{PV_MSR_WALL_CLOCK,	    PV_MSR_EOI,			ANY,   pv_msr_read,		  pv_msr_write      },
	{MSR_EFER,		   MSR_EFER,		     ANY,	  read_vreg,		     write_efer	       },
	{MSR_STAR,		   MSR_STAR,		     ANY,	  read_vreg,		     write_vreg	       },
	{MSR_LSTAR,		    MSR_CSTAR,		       ANY,   read_vreg,	       write_vreg_address},
	{MSR_SFMASK,		     MSR_SFMASK,		 ANY,   read_vreg,		 write_vreg_32     },
	{MSR_FS_BASE,		      MSR_GS_BASE,		   ANY,	read_segment_base,	   write_segment_base},
	{MSR_KERNEL_GS_BASE,	     MSR_KERNEL_GS_BASE,	 ANY,   read_vreg,		 write_vreg_address},
	{MSR_TSC_AUX,		      MSR_TSC_AUX,		   ANY,	read_tsc_aux,	      write_tsc_aux	   },
	{MSR_AMD_SYSCFG,		 MSR_AMD_SYSCFG,		 AMD,   read_zero,		 write_ignored     },
	{MSR_AMD_HWCR,	       MSR_AMD_HWCR,		     AMD,	  read_hwcr,		     write_ignored	  },
	{MSR_AMD_NB_CFG,		 MSR_AMD_NB_CFG,		 AMD,   read_zero,		 write_ignored     },
	{MSR_AMD_INT_PENDING,	      MSR_AMD_INT_PENDING,	   AMD,	read_zero,		   write_ignored	},
	{MSR_AMD_DE_CFG,		 MSR_AMD_DE_CFG,		 AMD,   read_de_cfg,		   write_ignored	},
};

/* NULL when guests have no such MSR. */
static __noinline const struct row *
find_row(u32 msr)
{
	const struct row *row = rows;
	unsigned low = 0, high = ARRAY_SIZE(rows);
	enum vendor other = cpuid_offered()->intel ? AMD : INTEL;

	while (high - low > 1) {
		unsigned middle = (low + high) / 2;

		if (rows[middle].first <= msr)
			low = middle;
		else
			high = middle;
	}
	row += low;
	return msr >= row->first && msr <= row->last && row->vendor != other ? row : NULL;
}

static __noinline void
remember(struct msr_memo *memo, u32 msr)
{
	const struct row *row = find_row(msr);

	*memo = (struct msr_memo){.msr = msr, .row = row};
	if (row != NULL && row->read == read_vreg)
		memo->reg = (u8)vreg_of(msr);
}

/* A guest accesses the same few again and again. */
static inline const struct msr_memo *
memo_of(struct vcpu *v, u32 msr)
{
	struct msr_memo *memo = &v->msr.memos[msr % MSR_MEMOS];

	if (memo->row == NULL || memo->msr != msr)
		remember(memo, msr);
	return memo;
}

/* Each once a VM; after so many no more, for a guest that tries them all. */
static void
log_unknown(struct vcpu *v, u32 msr, bool write)
{
	struct msr_log *log = &v->vm->unknown_msrs;
	u64 key = ((u64)msr << 1 | (write ? 1 : 0)) + 1;
	u32 slot;

	for (u32 i = 0; i < MSR_LOG_MAX; i++) {
		if (READ_ONCE(log->seen[i]) == key)
			return;
	}
	if (READ_ONCE(log->count) > MSR_LOG_MAX)
		return;
	slot = __atomic_fetch_add(&log->count, 1, __ATOMIC_RELAXED);
	if (slot < MSR_LOG_MAX) {
		WRITE_ONCE(log->seen[slot], key);
		log_info("vm %s: the guest %s MSR %#x, which it does not have: #GP", v->vm->name,
			 write ? "wrote" : "read", msr);
	} else if (slot == MSR_LOG_MAX) {
		log_info("vm %s: the guest tries many MSRs; no more of them are logged",
			 v->vm->name);
	}
}

int
msr_guest_read(struct vcpu *v, u32 msr, u64 *value)
{
	const struct msr_memo *memo = memo_of(v, msr);

	if (memo->reg != 0) {
		*value = vcpu_get(v, (enum vreg)memo->reg);
		return 0;
	}
	if (memo->row != NULL && memo->row->read != NULL)
		return memo->row->read(v, msr, value);
	log_unknown(v, msr, false);
	return -ERR_INVAL;
}

int
msr_guest_write(struct vcpu *v, u32 msr, u64 value)
{
	const struct row *row = memo_of(v, msr)->row;

	if (row != NULL && row->write != NULL)
		return row->write(v, msr, value);
	log_unknown(v, msr, true);
	return -ERR_INVAL;
}

void
msr_reset(struct vcpu *v)
{
	v->msr = (struct msr_state){0};
}

void
msr_policy_init(void)
{
	if (!probe_rdmsr(MSR_MICROCODE, &microcode))
		microcode = 0;
	if (cpuid_offered()->intel || !probe_rdmsr(MSR_AMD_DE_CFG, &de_cfg))
		de_cfg = 0;
	de_cfg &= DE_CFG_LFENCE_SERIALISE;
}
