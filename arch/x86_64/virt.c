/* SPDX-License-Identifier: MIT */
/* Chooses the world switch, and names what it can do. */
#include "arch/x86_64/virt.h"

#include "arch/x86_64/flaws.h"
#include "arch/x86_64/svm/svm.h"
#include "arch/x86_64/svm/svm_caps.h"
#include "arch/x86_64/vmx/vmx.h"
#include "arch/x86_64/vmx/vmx_caps.h"

static const struct row {
	const char *name;
	u16 field;
} rows[] = {
	{"nested-paging",	  offsetof(struct virt_caps, nested_paging)	   },
	{"nested-2m-pages",	    offsetof(struct virt_caps, nested_2m)	 },
	{"nested-1g-pages",	    offsetof(struct virt_caps, nested_1g)	 },
	{"nested-accessed-dirty", offsetof(struct virt_caps, nested_ad)	       },
	{"unrestricted-guest",    offsetof(struct virt_caps, unrestricted)      },
	{"flush-by-tag",		 offsetof(struct virt_caps, flush_by_tag)	 },
	{"next-rip",		     offsetof(struct virt_caps, next_rip)		 },
	{"decode-assists",	   offsetof(struct virt_caps, decode_assists)    },
	{"true-controls",	  offsetof(struct virt_caps, true_controls)	   },
	{"preemption-timer",	     offsetof(struct virt_caps, preemption_timer)	 },
	{"tsc-scaling",		offsetof(struct virt_caps, tsc_scaling)       },
	{"pause-exits",		offsetof(struct virt_caps, pause_exits)       },
	{"apic-registers",	   offsetof(struct virt_caps, apic_registers)    },
	{"virtual-interrupts",    offsetof(struct virt_caps, virtual_interrupts)},
	{"posted-interrupts",     offsetof(struct virt_caps, posted_interrupts) },
	{"virtual-gif",		offsetof(struct virt_caps, virtual_gif)       },
	{"clean-bits",	       offsetof(struct virt_caps, clean_bits)	     },
};

static struct virt_caps detected;
static const struct virt_ops *ops;

const struct virt_ops *
virt_ops(void)
{
	return ops;
}

const struct virt_caps *
virt_caps(void)
{
	return &detected;
}

void
virt_detect(void)
{
	const struct cpu_features *f = cpu_features();

	if (f->vmx)
		vmx_caps_detect(&detected);
	else if (f->svm)
		svm_caps_detect(&detected);
	detected.exec_by_4k = cpu_flaws()->exec_by_4k;
	if (virt_caps_suffice(&detected))
		ops = detected.kind == VIRT_VMX ? &vmx_ops : &svm_ops;
}

void
virt_set_exec_by_4k(bool on)
{
	detected.exec_by_4k = on;
}

void
virt_limit_tags(u32 most)
{
	detected.guest_tags = MIN(detected.guest_tags, most);
}

void
virt_set_use_apic(bool on)
{
	detected.use_apic = on;
}

void
virt_trust_apic(void)
{
	detected.apic_hasty = false;
}

bool
virt_caps_suffice(const struct virt_caps *caps)
{
	/* SVM has no way to run a guest without an ASID, and 0 is the host's (APM vol. 2, 15.16).
	 */
	return caps->kind != VIRT_NONE && !caps->firmware_off && caps->nested_paging &&
	       caps->unrestricted && (caps->kind == VIRT_VMX || caps->guest_tags > 0);
}

const char *
virt_cap_name(const struct virt_caps *caps, unsigned n, bool *present)
{
	if (n >= ARRAY_SIZE(rows))
		return NULL;
	*present = *(const bool *)(const void *)((const char *)caps + rows[n].field);
	return rows[n].name;
}
