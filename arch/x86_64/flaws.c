/* SPDX-License-Identifier: MIT */
/*
 * Intel's guidance on each flaw says how a CPU tells that it has it not, or that VERW or a command
 * MSR now does what is needed: IA32_ARCH_CAPABILITIES in SDM vol. 4, table 2-2; CPUID leaf 7 in
 * SDM vol. 2. AMD's: CPUID 80000008h and 80000021h, APM vol. 3, E.4.7.
 */
#include "arch/x86_64/flaws.h"

#include "arch/x86_64/msr.h"
#include "arch/x86_64/probe.h"
#include "include/bits.h"

/* Leaf 7 */
#define EBX_RTM		      BIT32(11)
#define EDX_MD_CLEAR	      BIT32(10)
#define EDX_IBRS_IBPB	      BIT32(26)
#define EDX_STIBP	      BIT32(27)
#define EDX_L1D_FLUSH	      BIT32(28)
#define EDX_ARCH_CAPABILITIES BIT32(29)
#define EDX_SSBD	      BIT32(31)
/* Its subleaf 2 */
#define EDX_2_PSFD	      BIT32(0)
#define EDX_2_IPRED_CTRL      BIT32(1)
#define EDX_2_RRSBA_CTRL      BIT32(2)
#define EDX_2_BHI_CTRL	      BIT32(4)
/* Leaf 80000008h */
#define EBX_AMD_IBPB	      BIT32(12)
#define EBX_AMD_IBRS	      BIT32(14)
#define EBX_AMD_STIBP	      BIT32(15)
#define EBX_AMD_SSBD	      BIT32(24)
#define EBX_AMD_PSFD	      BIT32(28)
/* Leaf 80000021h */
#define EAX_SBPB	      BIT32(27)
#define EAX_VERW_CLEAR	      BIT32(5)
#define ECX_TSA_SQ_NO	      BIT32(1)
#define ECX_TSA_L1_NO	      BIT32(2)

struct flaws flaws_detected;

/*
 * Cores of family 6 that have neither L1TF nor the iTLB's flaw, and are older than the bits that
 * would say so: Atoms from Bonnell to Tremont, and Xeon Phi.
 */
static bool
is_simple_core(const struct flaws_raw *raw)
{
	static const u8 models[] = {
		0x1c, 0x26, 0x27, 0x35, 0x36,	    /* Bonnell, Saltwell */
		0x37, 0x4a, 0x4c, 0x4d, 0x5a, 0x5d, /* Silvermont, Airmont */
		0x57, 0x85,			    /* Xeon Phi */
		0x5c, 0x5f, 0x6e, 0x75, 0x7a,	    /* Goldmont, Goldmont Plus, Airmont NP */
		0x86, 0x96, 0x9c,		    /* Tremont */
	};

	for (unsigned i = 0; i < ARRAY_SIZE(models); i++) {
		if (raw->model == models[i])
			return true;
	}
	return raw->family != 6;
}

/* MD_CLEAR and its kin say that VERW clears; the others, whether there is something to clear. */
static bool
clears_buffers_intel(const struct flaws_raw *raw)
{
	const u64 stale_data = ARCH_CAP_SBDR_SSDP_NO | ARCH_CAP_FBSDP_NO | ARCH_CAP_PSDP_NO;
	u64 cap = raw->arch_capabilities;
	bool md_clear = (raw->structured.edx & EDX_MD_CLEAR) != 0;
	bool rtm = (raw->structured.ebx & EBX_RTM) != 0;

	return (md_clear && (cap & ARCH_CAP_MDS_NO) == 0) ||
	       (md_clear && rtm && (cap & ARCH_CAP_TAA_NO) == 0) ||
	       ((cap & ARCH_CAP_FB_CLEAR) != 0 && (cap & stale_data) != stale_data) ||
	       ((cap & ARCH_CAP_RFDS_CLEAR) != 0 && (cap & ARCH_CAP_RFDS_NO) == 0);
}

/*
 * What a guest is told: what the CPU hasn't got, and what needs no other MSR. It has no guests
 * whose entries would need a flush, and its pages may change their size (it never sees ours).
 */
#define ARCH_CAP_SHOWN                                                                             \
	(ARCH_CAP_RDCL_NO | ARCH_CAP_IBRS_ALL | ARCH_CAP_RSBA | ARCH_CAP_SSB_NO |                  \
	 ARCH_CAP_MDS_NO | ARCH_CAP_TAA_NO | ARCH_CAP_SBDR_SSDP_NO | ARCH_CAP_FBSDP_NO |           \
	 ARCH_CAP_PSDP_NO | ARCH_CAP_FB_CLEAR | ARCH_CAP_RRSBA | ARCH_CAP_BHI_NO |                 \
	 ARCH_CAP_PBRSB_NO | ARCH_CAP_GDS_NO | ARCH_CAP_RFDS_NO | ARCH_CAP_RFDS_CLEAR |            \
	 ARCH_CAP_ITS_NO)
#define ARCH_CAP_FORCED (ARCH_CAP_SKIP_L1DFL_VMENTRY | ARCH_CAP_PSCHANGE_MC_NO)

static void
decode_intel(struct flaws *f, const struct flaws_raw *raw)
{
	u64 cap = raw->arch_capabilities;
	u32 edx = raw->structured.edx;
	bool complex = !is_simple_core(raw);

	f->exec_by_4k = complex && (cap & ARCH_CAP_PSCHANGE_MC_NO) == 0;
	f->l1d_flush = complex && (edx & EDX_L1D_FLUSH) != 0 &&
		       (cap & (ARCH_CAP_RDCL_NO | ARCH_CAP_SKIP_L1DFL_VMENTRY)) == 0;
	f->clear_buffers = clears_buffers_intel(raw);
	f->barrier = (edx & EDX_IBRS_IBPB) != 0;
	f->flush_commands = (edx & EDX_L1D_FLUSH) != 0 ? FLUSH_CMD_L1D : 0;
	if ((edx & EDX_ARCH_CAPABILITIES) != 0)
		f->arch_capabilities = (cap & ARCH_CAP_SHOWN) | ARCH_CAP_FORCED;
	/* Where it lasts, it is set once, and guards the hypervisor from what guests have trained.
	 */
	if ((cap & ARCH_CAP_IBRS_ALL) != 0 && f->barrier)
		f->host_spec_ctrl = SPEC_CTRL_IBRS;
}

static void
decode_amd(struct flaws *f, const struct flaws_raw *raw)
{
	const u32 no_tsa = ECX_TSA_SQ_NO | ECX_TSA_L1_NO;

	f->barrier = (raw->sizes.ebx & EBX_AMD_IBPB) != 0;
	f->type_barrier = f->barrier && ((raw->extended_2.eax & EAX_SBPB) != 0 || raw->takes_sbpb);
	f->clear_buffers = (raw->extended_2.eax & EAX_VERW_CLEAR) != 0 &&
			   (raw->extended_2.ecx & no_tsa) != no_tsa;
}

static void
decode_spec_ctrl(struct flaws *f, const struct flaws_raw *raw)
{
	bool intel = raw->vendor != CPU_VENDOR_AMD;
	const struct {
		u32 reg, bit;
		u64 allowed;
	} bits[] = {
		{intel ? raw->structured.edx : 0,	  EDX_IBRS_IBPB,	 SPEC_CTRL_IBRS     },
		{intel ? raw->structured.edx : 0,	  EDX_STIBP,	     SPEC_CTRL_STIBP    },
		{intel ? raw->structured.edx : 0,	  EDX_SSBD,	    SPEC_CTRL_SSBD	  },
		{intel ? raw->structured_2.edx : 0, EDX_2_IPRED_CTRL, SPEC_CTRL_IPRED_DIS},
		{intel ? raw->structured_2.edx : 0, EDX_2_RRSBA_CTRL, SPEC_CTRL_RRSBA_DIS},
		{intel ? raw->structured_2.edx : 0, EDX_2_PSFD,	SPEC_CTRL_PSFD     },
		{intel ? raw->structured_2.edx : 0, EDX_2_BHI_CTRL,   SPEC_CTRL_BHI_DIS_S},
		{intel ? 0 : raw->sizes.ebx,	     EBX_AMD_IBRS,	   SPEC_CTRL_IBRS	 },
		{intel ? 0 : raw->sizes.ebx,	     EBX_AMD_STIBP,    SPEC_CTRL_STIBP	   },
		{intel ? 0 : raw->sizes.ebx,	     EBX_AMD_SSBD,	   SPEC_CTRL_SSBD	 },
		{intel ? 0 : raw->sizes.ebx,	     EBX_AMD_PSFD,	   SPEC_CTRL_PSFD	 },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(bits); i++) {
		if ((bits[i].reg & bits[i].bit) != 0)
			f->spec_ctrl |= bits[i].allowed;
	}
}

void
flaws_decode(struct flaws *f, const struct flaws_raw *raw)
{
	*f = (struct flaws){0};
	if (raw->vendor == CPU_VENDOR_AMD)
		decode_amd(f, raw);
	else /* who follows Intel with VMX follows it here */
		decode_intel(f, raw);
	decode_spec_ctrl(f, raw);
	f->predictor_commands = (f->barrier ? PRED_CMD_IBPB : 0) |
				(f->type_barrier || raw->takes_sbpb ? PRED_CMD_SBPB : 0);
	f->any = f->barrier || f->l1d_flush || f->clear_buffers || f->spec_ctrl != 0;
}

/*
 * On the first cores with a mended IBPB no CPUID bit tells of it: AMD's guidance on SRSO is to try
 * SBPB. Guests try it as well, and warn where it faults; so it is tried under a hypervisor too.
 */
static bool
takes_sbpb(const struct cpu_features *c)
{
	return c->vendor == CPU_VENDOR_AMD && c->family >= 0x19 &&
	       probe_wrmsr(MSR_IA32_PRED_CMD, PRED_CMD_SBPB);
}

static struct cpuid_regs
leaf(const struct cpu_features *c, u32 number, u32 subleaf)
{
	u32 max = number >= CPUID_EXT_MAX ? c->max_extended : c->max_leaf;

	return number <= max ? cpuid(number, subleaf) : (struct cpuid_regs){0};
}

void
flaws_detect(void)
{
	const struct cpu_features *c = cpu_features();
	struct flaws_raw raw = {
		.vendor = c->vendor,
		.family = c->family,
		.model = c->model,
		.structured = leaf(c, CPUID_STRUCTURED, 0),
		.sizes = leaf(c, CPUID_ADDRESS_SIZES, 0),
		.extended_2 = leaf(c, CPUID_EXT_FEATURES_2, 0),
	};

	if (raw.structured.eax >= 2) /* the highest subleaf */
		raw.structured_2 = leaf(c, CPUID_STRUCTURED, 2);
	if (raw.vendor != CPU_VENDOR_AMD && (raw.structured.edx & EDX_ARCH_CAPABILITIES) != 0)
		raw.arch_capabilities = rdmsr(MSR_IA32_ARCH_CAPABILITIES);
	raw.takes_sbpb = takes_sbpb(c);
	flaws_decode(&flaws_detected, &raw);
}
