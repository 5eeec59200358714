/* SPDX-License-Identifier: MIT */
/* From an exit's reason and qualification to neutral terms (SDM vol. 3, 28.2 and app. C). */
#include "arch/x86_64/msr.h"
#include "arch/x86_64/vmx/vmcs_io.h"
#include "arch/x86_64/vmx/vmx_vcpu.h"
#include "lib/log.h"

enum { VECTOR_DB = 1, VECTOR_DF = 8, VECTOR_MC = 18 };

/* DR6 and DR7, SDM vol. 3, 18.2.3 and 18.2.4. */
#define DR6_TRAPS	    BITS(3, 0)
#define DR6_HIT		    (DR6_TRAPS | BIT(13) | BIT(14)) /* and BD, BS */
#define DR6_RTM		    BIT(16)			    /* clear: in a transaction */
#define DR7_GD		    BIT(13)

#define QUALIFIED_UNBLOCKED BIT(12) /* as EVENT_NMI_UNBLOCKED, in an EPT violation's */

static u64
qualification(struct exit *e)
{
	return e->raw[1] = vmcs_read(VMCS_QUALIFICATION);
}

/*
 * An IRET that faults has unblocked NMIs already, which the faulting instruction, run again, must
 * not find so (28.2.3). It says nothing when an event was cut short.
 */
static void
block_nmi_again(const struct exit *e, bool unblocked)
{
	if (unblocked && e->cut.kind == EVENT_NONE)
		vmcs_write(VMCS_GUEST_INTERRUPTIBILITY,
			   vmcs_read(VMCS_GUEST_INTERRUPTIBILITY) | BLOCKED_BY_NMI);
}

/* As the CPU does before it delivers a #DB, but not before it exits for one (table 28-1). */
static void
update_debug_registers(struct vcpu_hw *hw, u64 hit)
{
	u64 dr6 = vmx_get(hw, VREG_DR6) & ~DR6_TRAPS;

	dr6 = (dr6 | DR6_RTM | (hit & DR6_HIT)) ^ (hit & DR6_RTM);
	vmx_set(hw, VREG_DR6, dr6);
	vmcs_write(VMCS_GUEST_DR7, vmcs_read(VMCS_GUEST_DR7) & ~DR7_GD);
	vmx_fix_pending_debug();
}

static void
decode_exception(struct vcpu_hw *hw, struct exit *e)
{
	u64 info = e->raw[2] = vmcs_read(VMCS_EXIT_EVENT);
	u64 type = FIELD_GET(EVENT_TYPE, info);

	if (type == EVENT_TYPE_NMI) {
		e->kind = EXIT_HOST_NMI;
		return;
	}
	e->exception = (struct exit_exception){
		.vector = (u8)FIELD_GET(EVENT_VECTOR, info),
		.error = (info & EVENT_HAS_ERROR) != 0 ? (u32)vmcs_read(VMCS_EXIT_ERROR) : 0,
	};
	if (type >= EVENT_TYPE_SOFT_INTERRUPT)
		e->insn_len = (u8)vmcs_read(VMCS_EXIT_LENGTH);
	else if (e->exception.vector == VECTOR_DB)
		update_debug_registers(hw, qualification(e));
	if (e->exception.vector != VECTOR_DF)
		block_nmi_again(e, (info & EVENT_NMI_UNBLOCKED) != 0);
}

/* Table 28-5, and for strings table 28-8. The segment is said of OUTS alone; INS has ES. */
static void
decode_io(struct vcpu_hw *hw __unused, struct exit *e)
{
	u64 q = qualification(e), info;

	e->io = (struct exit_io){
		.port = (u16)FIELD_GET(IO_PORT, q),
		.size = (u8)(FIELD_GET(IO_SIZE, q) + 1),
		.in = (q & IO_IN) != 0,
		.string = (q & IO_STRING) != 0,
		.rep = (q & IO_REP) != 0,
		.segment = VSEGS,
	};
	if (!e->io.string)
		return;
	info = e->raw[2] = vmcs_read(VMCS_EXIT_INSTRUCTION);
	e->io.addr_size = (u8)(2u << FIELD_GET(STRING_ADDRESS_SIZE, info));
	e->io.segment = e->io.in ? (u8)VSEG_ES : (u8)FIELD_GET(STRING_SEGMENT, info);
}

static void
decode_msr(struct vcpu_hw *hw __unused, struct exit *e)
{
	e->msr.write = FIELD_GET(REASON_BASIC, e->raw[0]) == REASON_WRMSR;
}

static void
decode_cr(struct vcpu_hw *hw __unused, struct exit *e)
{
	u64 q = qualification(e);

	e->cr = (struct exit_cr){
		.cr = (u8)FIELD_GET(CR_NUMBER, q),
		.reg = (u8)FIELD_GET(CR_REGISTER, q),
		.access = (u8)FIELD_GET(CR_ACCESS, q),
		.lmsw = (u16)FIELD_GET(CR_LMSW_SOURCE, q),
	};
}

/* Table 28-7. With accessed and dirty flags on, a walk counts as a write. */
static void
decode_ept_violation(struct vcpu_hw *hw __unused, struct exit *e)
{
	u64 q = qualification(e);

	e->memory = (struct exit_memory){
		.gpa = GPA(vmcs_read(VMCS_GUEST_PHYSICAL)),
		.read = (q & EPT_FAULT_READ) != 0,
		.write = (q & EPT_FAULT_WRITE) != 0,
		.fetch = (q & EPT_FAULT_FETCH) != 0,
		.walk = (q & (EPT_FAULT_LINEAR | EPT_FAULT_FINAL)) == EPT_FAULT_LINEAR,
	};
	e->raw[2] = e->memory.gpa.v;
	block_nmi_again(e, (q & QUALIFIED_UNBLOCKED) != 0);
}

/* Only there is the page mapped (vmx_vm_init()); the address itself is not told (28.2.1). */
static void
decode_apic_access(struct vcpu_hw *hw __unused, struct exit *e)
{
	u64 q = qualification(e), access = FIELD_GET(APIC_ACCESS, q);

	e->memory = (struct exit_memory){
		.gpa = GPA(VIRT_APIC_BASE + FIELD_GET(APIC_OFFSET, q)),
		.read = access != APIC_LINEAR_WRITE && access != APIC_LINEAR_FETCH,
		.write = access == APIC_LINEAR_WRITE,
		.fetch = access == APIC_LINEAR_FETCH,
		.walk = access == APIC_PHYSICAL,
	};
	e->raw[2] = e->memory.gpa.v;
}

/* Both are as traps: the instruction is done (30.1.4, 30.4.3.3). */
static void
decode_virtual_eoi(struct vcpu_hw *hw __unused, struct exit *e)
{
	e->apic = (struct exit_apic){.eoi = true,
				     .what = (u16)FIELD_GET(APIC_EOI_VECTOR, qualification(e))};
}

static void
decode_apic_write(struct vcpu_hw *hw __unused, struct exit *e)
{
	e->apic = (struct exit_apic){.what = (u16)FIELD_GET(APIC_OFFSET, qualification(e))};
}

/* Our own mistake, but one that concerns this guest alone: it stops. */
static void
decode_ept_misconfiguration(struct vcpu_hw *hw __unused, struct exit *e)
{
	e->raw[2] = vmcs_read(VMCS_GUEST_PHYSICAL);
	log_error("VMX: the EPT entry for guest address %#lx is malformed", e->raw[2]);
}

static void
decode_task_switch(struct vcpu_hw *hw __unused, struct exit *e)
{
	u64 q = qualification(e);

	e->task_switch = (struct exit_task_switch){
		.selector = (u16)FIELD_GET(TASK_SELECTOR, q),
		.source = (u8)FIELD_GET(TASK_SOURCE, q),
	};
	if (e->task_switch.source == TASK_IDT)
		e->insn_len = e->cut.kind != EVENT_NONE ? e->cut.insn_len : 0;
	else
		e->insn_len = (u8)vmcs_read(VMCS_EXIT_LENGTH);
}

/* What each reason is. `length`: an instruction has exited, whose length is told (28.2.5). */
static const struct reason {
	bool known;
	u8 kind; /* enum exit_kind */
	bool length;
	void (*decode)(struct vcpu_hw *hw, struct exit *e);
} reasons[REASON_COUNT] = {
	[REASON_EXCEPTION] = {true, EXIT_EXCEPTION,	    false, decode_exception	   },
	[REASON_INTERRUPT] = {true, EXIT_HOST_INTERRUPT,	 false, NULL			    },
	[REASON_TRIPLE_FAULT] = {true, EXIT_SHUTDOWN,	      false, NULL			 },
	[REASON_INTERRUPT_WINDOW] = {true, EXIT_IRQ_WINDOW,	    false, NULL		       },
	[REASON_NMI_WINDOW] = {true, EXIT_NMI_WINDOW,	      false, NULL			 },
	[REASON_TASK_SWITCH] = {true, EXIT_TASK_SWITCH,	false, decode_task_switch	 },
	[REASON_CPUID] = {true, EXIT_CPUID,	    true,  NULL			      },
	[REASON_GETSEC] = {true, EXIT_VIRT_INSTRUCTION, true,  NULL			  },
	[REASON_HLT] = {true, EXIT_HLT,		true,  NULL			  },
	[REASON_INVD] = {true, EXIT_WBINVD,	    true,  NULL			      },
	[REASON_RDPMC] = {true, EXIT_RDPMC,	    true,  NULL			      },
	[REASON_VMCALL] = {true, EXIT_HYPERCALL,	 true,  NULL			   },
	[REASON_VMCLEAR] = {true, EXIT_VIRT_INSTRUCTION, true,  NULL			   },
	[REASON_VMLAUNCH] = {true, EXIT_VIRT_INSTRUCTION, true,	NULL			    },
	[REASON_VMPTRLD] = {true, EXIT_VIRT_INSTRUCTION, true,  NULL			   },
	[REASON_VMPTRST] = {true, EXIT_VIRT_INSTRUCTION, true,  NULL			   },
	[REASON_VMREAD] = {true, EXIT_VIRT_INSTRUCTION, true,  NULL			  },
	[REASON_VMRESUME] = {true, EXIT_VIRT_INSTRUCTION, true,	NULL			    },
	[REASON_VMWRITE] = {true, EXIT_VIRT_INSTRUCTION, true,  NULL			   },
	[REASON_VMXOFF] = {true, EXIT_VIRT_INSTRUCTION, true,  NULL			  },
	[REASON_VMXON] = {true, EXIT_VIRT_INSTRUCTION, true,  NULL			 },
	[REASON_CR] = {true, EXIT_CR,		      true,  decode_cr		     },
	[REASON_IO] = {true, EXIT_IO,		      true,  decode_io		     },
	[REASON_RDMSR] = {true, EXIT_MSR,		  true,	decode_msr		  },
	[REASON_WRMSR] = {true, EXIT_MSR,		  true,	decode_msr		  },
	[REASON_MWAIT] = {true, EXIT_MWAIT,	    true,  NULL			      },
	[REASON_MONITOR] = {true, EXIT_MWAIT,	      true,  NULL			},
	[REASON_PAUSE] = {true, EXIT_PAUSE,	    true,  NULL			      },
	[REASON_APIC_ACCESS] = {true, EXIT_MEMORY,	   false, decode_apic_access	    },
	[REASON_VIRTUAL_EOI] = {true, EXIT_APIC,		 false, decode_virtual_eoi	  },
	[REASON_APIC_WRITE] = {true, EXIT_APIC,		false, decode_apic_write		},
	[REASON_EPT_VIOLATION] = {true, EXIT_MEMORY,	     false, decode_ept_violation	},
	[REASON_EPT_MISCONFIGURATION] = {true, EXIT_UNKNOWN,	     false, decode_ept_misconfiguration},
	[REASON_INVEPT] = {true, EXIT_VIRT_INSTRUCTION, true,  NULL			  },
	[REASON_PREEMPTION_TIMER] = {true, EXIT_TIMER,	       false, NULL			  },
	[REASON_INVVPID] = {true, EXIT_VIRT_INSTRUCTION, true,  NULL			   },
	[REASON_WBINVD] = {true, EXIT_WBINVD,	      true,  NULL			},
	[REASON_XSETBV] = {true, EXIT_XSETBV,	      true,  NULL			},
};

void
vmx_decode(struct vcpu_hw *hw, struct exit *e)
{
	u64 basic = FIELD_GET(REASON_BASIC, e->raw[0]);
	const struct reason *r = basic < REASON_COUNT ? &reasons[basic] : NULL;
	u64 cut = vmcs_read(VMCS_IDT_EVENT);

	e->cut.kind = EVENT_NONE;
	if ((cut & EVENT_VALID) != 0)
		vmx_cut_event(cut, &e->cut);
	e->insn_len = 0;
	e->shadow = (vmcs_read(VMCS_GUEST_INTERRUPTIBILITY) &
		     (BLOCKED_BY_STI | BLOCKED_BY_MOV_SS)) != 0;
	e->raw[1] = e->raw[2] = 0;
	if (r == NULL || !r->known) {
		e->kind = EXIT_UNKNOWN;
		(void)qualification(e);
		return;
	}
	e->kind = r->kind;
	if (r->length)
		e->insn_len = (u8)vmcs_read(VMCS_EXIT_LENGTH);
	if (r->decode != NULL)
		r->decode(hw, e);
}
