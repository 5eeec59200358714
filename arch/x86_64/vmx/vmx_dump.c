/* SPDX-License-Identifier: MIT */
/* A VMCS in words, for a person who looks for a mistake. */
#include "arch/x86_64/vmx/vmcs_io.h"
#include "arch/x86_64/vmx/vmx_vcpu.h"

static const struct row {
	u16 field;
	const char *name;
} rows[] = {
	{VMCS_PIN_CONTROLS,	    "pin controls"		  },
	{VMCS_PROC_CONTROLS,	     "processor controls"	 },
	{VMCS_PROC2_CONTROLS,	      "secondary controls"	  },
	{VMCS_EXIT_CONTROLS,	     "exit controls"	    },
	{VMCS_ENTRY_CONTROLS,	      "entry controls"	      },
	{VMCS_EXCEPTION_BITMAP,	"exception bitmap"	  },
	{VMCS_EPTP,		    "EPT pointer"		 },
	{VMCS_TSC_OFFSET,		  "TSC offset"	      },
	{VMCS_GUEST_CR0,		 "CR0"		      },
	{VMCS_CR0_MASK,		"CR0 mask"		  },
	{VMCS_CR0_SHADOW,		  "CR0 shadow"	      },
	{VMCS_GUEST_CR4,		 "CR4"		      },
	{VMCS_CR4_MASK,		"CR4 mask"		  },
	{VMCS_CR4_SHADOW,		  "CR4 shadow"	      },
	{VMCS_GUEST_INTERRUPTIBILITY, "interruptibility"	},
	{VMCS_GUEST_ACTIVITY,	      "activity"		},
	{VMCS_GUEST_PENDING_DEBUG,	   "pending debug"		  },
	{VMCS_ENTRY_EVENT,		   "event at entry"	   },
	{VMCS_EXIT_REASON,		   "last exit: reason"	      },
	{VMCS_QUALIFICATION,	     "last exit: qualification"},
	{VMCS_EXIT_EVENT,		  "last exit: event"	    },
	{VMCS_IDT_EVENT,		 "last exit: event cut"    },
	{VMCS_EXIT_LENGTH,		   "last exit: length"	      },
	{VMCS_GUEST_PHYSICAL,	      "last exit: address"	  },
};

void
vmx_dump(struct vcpu_hw *hw, struct sink *out)
{
	u64 values[ARRAY_SIZE(rows)];
	u64 flags = vmx_access_begin(hw);

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		values[i] = vmcs_read(rows[i].field);
	vmx_access_end(hw, flags);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		sink_printf(out, "%-26s %#lx\n", rows[i].name, values[i]);
	sink_printf(out, "%-26s %u of generation %lu\n", "VPID", hw->tag, hw->tag_generation);
}
