/* SPDX-License-Identifier: MIT */
/* A vCPU's VMCS, from nothing to the state after INIT, and its end. */
#include "arch/x86_64/vmx/vmx_vcpu.h"

#include "arch/x86_64/cpuid.h"
#include "arch/x86_64/cr.h"
#include "arch/x86_64/flaws.h"
#include "arch/x86_64/msr.h"
#include "arch/x86_64/tsc.h"
#include "arch/x86_64/vmx/vmcs_io.h"
#include "include/intrin.h"
#include "lib/string.h"

_Static_assert(offsetof(struct vcpu_hw, gpr) == 0, "vmx_entry.asm");

enum { EXCEPTION_DB = 1, EXCEPTION_AC = 17, EXCEPTION_MC = 18, TICK_MS = 1 };

/*
 * Exceptions that exit: #DB and #AC, because a guest can have one delivered without end, which no
 * interrupt gets into (CVE-2015-8104, CVE-2015-5307); and #MC, which is the host's.
 */
#define EXCEPTIONS (BIT(EXCEPTION_DB) | BIT(EXCEPTION_AC) | BIT(EXCEPTION_MC))

/* Bits of CR4 that a guest changes often, and that every CPU with EPT has: its own. */
#define CR4_GUEST                                                                                  \
	(CR4_VME | CR4_PVI | CR4_TSD | CR4_DE | CR4_PSE | CR4_PAE | CR4_PGE | CR4_PCE |            \
	 CR4_OSFXSR | CR4_OSXMMEXCPT)

/* Those of the machine's that exits are to know about: the caches' (29.3.7), and what VMX fixes. */
#define CR0_HOST (CR0_CD | CR0_NW)

/* Fields that are the same for every vCPU. */
static void
write_constants(void)
{
	static const struct {
		u16 field;
		u64 value;
	} constants[] = {
		{VMCS_EXCEPTION_BITMAP,	EXCEPTIONS	  },
		{VMCS_PF_ERROR_MASK,	     0	      },
		{VMCS_PF_ERROR_MATCH,	      0	       },
		{VMCS_CR3_TARGET_COUNT,	0		 },
		{VMCS_EXIT_MSR_STORE_COUNT,   0		     },
		{VMCS_EXIT_MSR_LOAD_COUNT,	   0		    },
		{VMCS_ENTRY_MSR_LOAD_COUNT,   0		     },
		{VMCS_ENTRY_EVENT,		   0		    },
		{VMCS_LINK,		    ~0ul		},
		{VMCS_GUEST_DEBUGCTL,	      0	       },
		{VMCS_GUEST_INTERRUPTIBILITY, 0	       },
		{VMCS_GUEST_ACTIVITY,	      ACTIVITY_ACTIVE},
		{VMCS_GUEST_PENDING_DEBUG,	   0		    },
		{VMCS_TSC_OFFSET,		  0		   },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(constants); i++)
		vmcs_write(constants[i].field, constants[i].value);
}

/* TSC ticks: PAUSEs that are no farther apart are one loop, and when that is too long (25.6.13). */
enum { PAUSE_GAP = 128, PAUSE_WINDOW = 4096 };

static void
write_controls(struct vcpu_hw *hw)
{
	const u32 *word = vmx_controls.word;

	vmcs_write(VMCS_PIN_CONTROLS, word[VMX_PIN]);
	vmcs_write(VMCS_PROC_CONTROLS, word[VMX_PROC]);
	vmcs_write(VMCS_PROC2_CONTROLS, word[VMX_PROC2]);
	vmcs_write(VMCS_EXIT_CONTROLS, word[VMX_EXIT]);
	vmcs_write(VMCS_ENTRY_CONTROLS, word[VMX_ENTRY]);
	vmx_of(hw)->proc = word[VMX_PROC];
	if (vmx_controls.spin_proc2 != 0) {
		vmcs_write(VMCS_PAUSE_GAP, PAUSE_GAP);
		vmcs_write(VMCS_PAUSE_WINDOW, PAUSE_WINDOW);
	}
	vmcs_write(VMCS_MSR_BITMAP, hw->vm_pages[VM_PAGE_MSR_BITMAP].pa.v);
	vmcs_write(VMCS_EPTP, hw->second_level.v | vmx_controls.eptp_flags);
	vmcs_write(VMCS_CR0_MASK, CR0_HOST | vmx_controls.cr0_on);
	vmcs_write(VMCS_CR4_MASK, ~CR4_GUEST);
	/* It counts down from here in every run (26.5.1): a tick that comes whatever else fails. */
	if ((word[VMX_PIN] & PIN_PREEMPTION_TIMER) != 0)
		vmcs_write(VMCS_PREEMPTION_TIMER,
			   MIN(tsc_khz() * TICK_MS >> vmx_controls.timer_shift, 0xfffffffful));
}

/* SDM vol. 3, table 10-1, the column of INIT. */
static void
reset_segments(struct vcpu_hw *hw)
{
	static const struct vsegment data = {.attr = 0x93, .limit = 0xffff};
	static const struct vsegment code = {0xf000, 0x9b, 0xffff, 0xffff0000};
	static const struct vsegment ldtr = {.attr = 0x82, .limit = 0xffff};
	static const struct vsegment tr = {.attr = 0x8b, .limit = 0xffff};

	for (unsigned i = VSEG_ES; i < VSEGS; i++)
		vmx_set_segment(hw, i, &data);
	vmx_set_segment(hw, VSEG_CS, &code);
	vmx_set_segment(hw, VSEG_LDTR, &ldtr);
	vmx_set_segment(hw, VSEG_TR, &tr);
}

static void
reset_registers(struct vcpu_hw *hw)
{
	static const struct {
		u8 reg; /* enum vreg */
		u64 value;
	} values[] = {
		{VREG_RIP,	   0xfff0			 },
		{VREG_RFLAGS, BIT(1)		    },
		       {VREG_CR0,	  CR0_CD | CR0_NW | CR0_ET},
		{VREG_DR6,	   0xffff0ff0		     },
		{VREG_DR7,	   0x400			},
		       {VREG_PAT,	  0x0007040600070406ul    },
	};
	static const u8 zeros[] = {
		VREG_RSP,	  VREG_CR3,	     VREG_CR4,
		VREG_EFER,	  VREG_STAR,	     VREG_LSTAR,
		VREG_CSTAR,	  VREG_SFMASK,	     VREG_KERNEL_GS_BASE,
		VREG_SYSENTER_CS, VREG_SYSENTER_ESP, VREG_SYSENTER_EIP,
		VREG_TSC_AUX,
	};

	memset(hw->gpr, 0, sizeof(hw->gpr));
	hw->gpr[VREG_RDX] = cpuid(CPUID_VERSION, 0).eax;
	hw->cr2 = 0;
	memset(hw->dr, 0, sizeof(hw->dr));
	hw->xcr0 = XCR0_X87;
	for (unsigned i = 0; i < ARRAY_SIZE(zeros); i++)
		vmx_set(hw, zeros[i], 0);
	for (unsigned i = 0; i < ARRAY_SIZE(values); i++)
		vmx_set(hw, values[i].reg, values[i].value);
}

/* The region begins with the revision, bit 31 clear: not a shadow VMCS (25.2). */
static void
make_region(const struct virt_page *page)
{
	memset(page->ptr, 0, PAGE_SIZE);
	*(u32 *)page->ptr = (u32)FIELD_GET(BITS(30, 0), rdmsr(MSR_IA32_VMX_BASIC));
	vmcs_clear(page->pa); /* puts it into the state that it needs (25.11.3) */
}

void
vmx_vcpu_init(struct vcpu_hw *hw)
{
	struct vmx_vcpu *v = hw->pages[PAGE_VCPU].ptr;
	u64 flags;

	if (hw->backend != NULL) /* not the first time: the guest got an INIT */
		vmx_evict(hw);
	*v = (struct vmx_vcpu){.vmcs = hw->pages[PAGE_VMCS].pa};
	for (unsigned reg = VREG_RAX; reg <= VREG_R15; reg++)
		hw->at[reg] = reg == VREG_RSP ? NULL : &hw->gpr[reg];
	hw->at[VREG_CR2] = &hw->cr2;
	hw->backend = v;
	hw->cpu = VIRT_NO_CPU;
	make_region(&hw->pages[PAGE_VMCS]);
	flags = vmx_access_begin(hw);
	write_constants();
	write_controls(hw);
	vmx_apic_init(hw);
	vmx_access_end(hw, flags);
	reset_segments(hw);
	reset_registers(hw);
}

void
vmx_vcpu_fini(struct vcpu_hw *hw)
{
	vmx_evict(hw);
}

void
vmx_sync(struct vcpu_hw *hw)
{
	u64 flags = irq_save();
	bool elsewhere = hw->cpu != VIRT_NO_CPU && hw->cpu != cpu_index();

	if (this_vmx()->resident == hw)
		vmx_registers_release(this_vmx());
	irq_restore(flags);
	if (elsewhere)
		vmx_evict(hw);
}
