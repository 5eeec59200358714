/* SPDX-License-Identifier: MIT */
/* The controls, as a table of what each is for us. */
#include "arch/x86_64/vmx/vmx_controls.h"

#include "arch/x86_64/cr.h"
#include "arch/x86_64/msr.h"
#include "arch/x86_64/vmx/vmcs.h"

/* IA32_VMX_BASIC, A.1 */
#define BASIC_SIZE	    BITS(44, 32)
#define BASIC_32_BIT	    BIT(48) /* VMCS addresses */
#define BASIC_MEMORY_TYPE   BITS(53, 50)
#define BASIC_STRING_INFO   BIT(54) /* instruction information for INS and OUTS */
#define BASIC_TRUE	    BIT(55)
#define MEMORY_TYPE_WB	    6

/* IA32_VMX_MISC, A.6 */
#define MISC_TIMER_SHIFT    BITS(4, 0)
#define MISC_STORES_LMA	    BIT(5)

/* IA32_VMX_EPT_VPID_CAP, A.10 */
#define EPT_AD		    BIT(21)
#define EPT_INVEPT_ONE	    BIT(25)
#define EPT_INVVPID	    BIT(32)
#define EPT_INVVPID_ALL	    BIT(42)

#define MAY_BE_1(cap, w, m) (((cap)->word[w] >> 32 & (m)) == (m))

static const struct control {
	u8 word; /* enum vmx_word */
	bool required;
	u32 mask;
	const char *name; /* the manual's */
} controls[] = {
	{VMX_PIN,	  true,	PIN_EXTERNAL_INTERRUPT, "external-interrupt exiting"},
	{VMX_PIN,	  true,	PIN_NMI,		 "NMI exiting"		      },
	{VMX_PIN,	  true,	PIN_VIRTUAL_NMIS,	  "virtual NMIs"		},
	{VMX_PIN,	  false, PIN_PREEMPTION_TIMER,   "VMX-preemption timer"	     },
	{VMX_PROC,  true,	 PROC_TSC_OFFSET,	  "TSC offsetting"		  },
	{VMX_PROC,  true,	 PROC_HLT,		   "HLT exiting"		},
	{VMX_PROC,  true,	 PROC_MWAIT,	     "MWAIT exiting"		    },
	{VMX_PROC,  true,	 PROC_RDPMC,	     "RDPMC exiting"		    },
	{VMX_PROC,  true,	 PROC_CR8_LOAD,		"CR8-load exiting"	  },
	{VMX_PROC,  true,	 PROC_CR8_STORE,	 "CR8-store exiting"	    },
	{VMX_PROC,  true,	 PROC_IO,		  "unconditional I/O exiting" },
	{VMX_PROC,  true,	 PROC_MSR_BITMAP,	  "MSR bitmaps"	       },
	{VMX_PROC,  true,	 PROC_MONITOR,	       "MONITOR exiting"		},
	{VMX_PROC,  true,	 PROC_SECONDARY,	 "secondary controls"	     },
	{VMX_PROC2, true,  PROC2_EPT,		     "EPT"			  },
	{VMX_PROC2, true,  PROC2_UNRESTRICTED,     "unrestricted guest"	  },
	{VMX_PROC2, true,  PROC2_WBINVD,		"WBINVD exiting"		},
	{VMX_PROC2, false, PROC2_VPID,	       "VPID"			     },
	{VMX_PROC2, false, PROC2_RDTSCP,		 "enable RDTSCP"		},
	{VMX_PROC2, false, PROC2_INVPCID,	  "enable INVPCID"		  },
	{VMX_EXIT,  true,	 EXITC_HOST_64,		"host address-space size"	 },
	{VMX_EXIT,  true,	 EXITC_SAVE_DEBUG,	   "save debug controls"	},
	{VMX_EXIT,  true,	 EXITC_LOAD_PAT,	 "load IA32_PAT at exit"	},
	{VMX_EXIT,  true,	 EXITC_SAVE_EFER,	  "save IA32_EFER"		  },
	{VMX_EXIT,  true,	 EXITC_LOAD_EFER,	  "load IA32_EFER at exit"	  },
	{VMX_ENTRY, true,  ENTRYC_LOAD_DEBUG,	     "load debug controls"	  },
	{VMX_ENTRY, true,  ENTRYC_LOAD_PAT,	   "load IA32_PAT at entry"	   },
	{VMX_ENTRY, true,  ENTRYC_LOAD_EFER,	    "load IA32_EFER at entry"   },
};

static const char *
choose(const struct vmx_capabilities *cap, u32 word[VMX_WORDS])
{
	/* Reserved bits that must be 1 (A.2). */
	for (unsigned w = 0; w < VMX_WORDS; w++)
		word[w] = (u32)cap->word[w];
	for (unsigned i = 0; i < ARRAY_SIZE(controls); i++) {
		const struct control *c = &controls[i];

		if (MAY_BE_1(cap, c->word, c->mask))
			word[c->word] |= c->mask;
		else if (c->required)
			return c->name;
	}
	return NULL;
}

static const char *
check_basics(const struct vmx_capabilities *cap)
{
	if ((cap->basic & BASIC_TRUE) == 0)
		return "TRUE capability MSRs";
	if ((cap->basic & BASIC_32_BIT) != 0)
		return "64-bit VMCS addresses";
	if (FIELD_GET(BASIC_MEMORY_TYPE, cap->basic) != MEMORY_TYPE_WB)
		return "a VMCS in write-back memory";
	if (FIELD_GET(BASIC_SIZE, cap->basic) > PAGE_SIZE)
		return "a VMCS of one page";
	if ((cap->basic & BASIC_STRING_INFO) == 0)
		return "instruction information for INS and OUTS";
	if (!MAY_BE_1(cap, VMX_PROC, PROC_PAUSE))
		return "PAUSE exiting";
	if ((cap->misc & MISC_STORES_LMA) == 0)
		return "saving of EFER.LMA into the entry controls";
	return NULL;
}

/*
 * CR0.PE and PG are not fixed in an unrestricted guest (A.7). CR4.MCE stays on, whatever the guest
 * thinks: with it off, a machine check would turn the machine off.
 */
static void
fix_control_registers(const struct vmx_capabilities *cap, struct vmx_controls *out)
{
	out->cr0_on = cap->cr0_fixed0 & ~(CR0_PE | CR0_PG);
	out->cr0_may = cap->cr0_fixed1;
	out->cr4_on = cap->cr4_fixed0 | CR4_MCE;
	out->cr4_may = cap->cr4_fixed1;
}

/*
 * All of it, or none: the parts are of no use to us alone. They are not in the words, because they
 * change with the mode that a guest's APIC is in.
 */
static void
choose_apic(const struct vmx_capabilities *cap, struct vmx_controls *out)
{
	const u32 needed = PROC2_APIC_ACCESS | PROC2_APIC_REGISTERS | PROC2_INTERRUPTS;

	if (!MAY_BE_1(cap, VMX_PROC, PROC_TPR_SHADOW) || !MAY_BE_1(cap, VMX_PROC2, needed))
		return;
	out->apic_proc2 = needed;
	if (MAY_BE_1(cap, VMX_PROC2, PROC2_X2APIC))
		out->apic_proc2 |= PROC2_X2APIC;
}

const char *
vmx_controls_compute(const struct vmx_capabilities *cap, struct vmx_controls *out)
{
	const u64 vpid_usable = EPT_INVVPID | EPT_INVVPID_ALL;
	const char *missing = check_basics(cap);

	*out = (struct vmx_controls){0};
	if (missing == NULL)
		missing = choose(cap, out->word);
	if (missing != NULL)
		return missing;
	if ((cap->ept_vpid & vpid_usable) != vpid_usable)
		out->word[VMX_PROC2] &= ~PROC2_VPID;
	out->timer_shift = (u16)FIELD_GET(MISC_TIMER_SHIFT, cap->misc);
	out->invept_type = (cap->ept_vpid & EPT_INVEPT_ONE) != 0 ? INVALIDATE_ONE : INVALIDATE_ALL;
	out->eptp_flags = EPTP_WRITE_BACK | EPTP_WALK_4;
	if ((cap->ept_vpid & EPT_AD) != 0)
		out->eptp_flags |= EPTP_AD;
	if (MAY_BE_1(cap, VMX_PROC2, PROC2_PAUSE_LOOP))
		out->spin_proc2 = PROC2_PAUSE_LOOP;
	fix_control_registers(cap, out);
	choose_apic(cap, out);
	return NULL;
}

void
vmx_capabilities_read(struct vmx_capabilities *cap)
{
	u64 basic = rdmsr(MSR_IA32_VMX_BASIC);

	*cap = (struct vmx_capabilities){.basic = basic};
	if ((basic & BASIC_TRUE) == 0)
		return;
	cap->misc = rdmsr(MSR_IA32_VMX_MISC);
	cap->ept_vpid = rdmsr(MSR_IA32_VMX_EPT_VPID_CAP);
	cap->word[VMX_PIN] = rdmsr(MSR_IA32_VMX_TRUE_PINBASED_CTLS);
	cap->word[VMX_PROC] = rdmsr(MSR_IA32_VMX_TRUE_PROCBASED_CTLS);
	cap->word[VMX_PROC2] = rdmsr(MSR_IA32_VMX_PROCBASED_CTLS2);
	cap->word[VMX_EXIT] = rdmsr(MSR_IA32_VMX_TRUE_EXIT_CTLS);
	cap->word[VMX_ENTRY] = rdmsr(MSR_IA32_VMX_TRUE_ENTRY_CTLS);
	cap->cr0_fixed0 = rdmsr(MSR_IA32_VMX_CR0_FIXED0);
	cap->cr0_fixed1 = rdmsr(MSR_IA32_VMX_CR0_FIXED1);
	cap->cr4_fixed0 = rdmsr(MSR_IA32_VMX_CR4_FIXED0);
	cap->cr4_fixed1 = rdmsr(MSR_IA32_VMX_CR4_FIXED1);
}
