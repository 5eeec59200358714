/* SPDX-License-Identifier: MIT */
// SOURCES: arch/x86_64/vmx/vmx_check.c
#include "tests/unit/test.h"

#include "arch/x86_64/features.h"
#include "tests/unit/fake/vmx.h"

const struct cpu_features *
cpu_features(void)
{
	static const struct cpu_features f = {.phys_bits = 40, .virt_bits = 48};

	return &f;
}

static void
segment(enum vseg seg, u16 selector, u32 attr, u32 limit)
{
	fake_vmcs[VMCS_GUEST_SELECTOR + 2 * seg] = selector;
	fake_vmcs[VMCS_GUEST_RIGHTS + 2 * seg] = attr;
	fake_vmcs[VMCS_GUEST_LIMIT + 2 * seg] = limit;
}

static void
common(void)
{
	fake_vmx_reset();
	fake_vmcs[VMCS_GUEST_CR0] = 0x30;
	fake_vmcs[VMCS_GUEST_CR4] = 0x2040;
	fake_vmcs[VMCS_GUEST_PAT] = 0x0007040600070406;
	fake_vmcs[VMCS_GUEST_DR7] = 0x400;
	fake_vmcs[VMCS_GUEST_RFLAGS] = 2;
	fake_vmcs[VMCS_LINK] = ~0ul;
	segment(VSEG_TR, 0x18, 0x8b, 0x67);
	segment(VSEG_LDTR, 0, 0x10000, 0);
}

/* The state after INIT. */
static void
real_mode(void)
{
	common();
	for (unsigned i = VSEG_ES; i <= VSEG_GS; i++)
		segment(i, 0, 0x93, 0xffff);
	segment(VSEG_CS, 0xf000, 0x9b, 0xffff);
	fake_vmcs[VMCS_GUEST_BASE + 2 * VSEG_CS] = 0xffff0000;
	fake_vmcs[VMCS_GUEST_RIP] = 0xfff0;
}

static void
long_mode(void)
{
	common();
	for (unsigned i = VSEG_ES; i <= VSEG_GS; i++)
		segment(i, 0x10, 0xc093, 0xffffffff);
	segment(VSEG_CS, 8, 0xa09b, 0xffffffff);
	fake_vmcs[VMCS_GUEST_CR0] = 0x80000031;
	fake_vmcs[VMCS_GUEST_CR4] = 0x2060;
	fake_vmcs[VMCS_GUEST_EFER] = 0x501;
	fake_vmcs[VMCS_ENTRY_CONTROLS] = 1 << 9;
	fake_vmcs[VMCS_GUEST_RIP] = 0xffffffff81000000;
}

static void
good_states(void **state)
{
	real_mode();
	assert_null(vmx_broken_rule());
	segment(VSEG_CS, 0, 0x93, 0xffff); /* a code segment in real mode may be one of data */
	assert_null(vmx_broken_rule());
	long_mode();
	assert_null(vmx_broken_rule());
	for (unsigned i = VSEG_ES; i <= VSEG_GS; i++) { /* null selectors, as Linux has them */
		if (i != VSEG_CS)
			segment(i, 0, 0x10000, 0);
	}
	fake_vmcs[VMCS_GUEST_BASE + 2 * VSEG_GS] = 0xffff888000000000;
	assert_null(vmx_broken_rule());
	/* In a user's program. */
	segment(VSEG_CS, 0x33, 0xa0fb, 0xffffffff);
	segment(VSEG_SS, 0x2b, 0xc0f3, 0xffffffff);
	assert_null(vmx_broken_rule());
}

static void
virtual_8086(void **state)
{
	long_mode();
	fake_vmcs[VMCS_ENTRY_CONTROLS] = fake_vmcs[VMCS_GUEST_EFER] = 0;
	fake_vmcs[VMCS_GUEST_RFLAGS] = 0x20002;
	fake_vmcs[VMCS_GUEST_RIP] = 0x100;
	for (unsigned i = VSEG_ES; i <= VSEG_GS; i++) {
		segment(i, 0x1234, 0xf3, 0xffff);
		fake_vmcs[VMCS_GUEST_BASE + 2 * i] = 0x12340;
	}
	assert_null(vmx_broken_rule());
	fake_vmcs[VMCS_GUEST_BASE + 2 * VSEG_FS] = 0x12350;
	assert_string_equal(vmx_broken_rule(), "a segment is not one of virtual-8086 mode");
}

/* One field of a good long-mode state made wrong, and what must be said. */
static void
one_wrong_field(void **state)
{
	static const struct {
		u32 field;
		u64 value;
		const char *rule;
	} rows[] = {
		{VMCS_GUEST_CR0,			 0x80000011,	     "CR0 has a bit wrong that VMX fixes"		 },
		{VMCS_GUEST_CR0,			 0x180000031,	      "CR0 has a bit wrong that VMX fixes"		  },
		{VMCS_GUEST_CR0,			 0x80000030,	     "CR0.PG is on without CR0.PE"			  },
		{VMCS_GUEST_CR4,			 0x60,
		 "CR4 has a bit that this CPU does not know, or lacks one that VMX fixes"					 },
		{VMCS_GUEST_CR4,			 0x802060,
		 "CR4 has a bit that this CPU does not know, or lacks one that VMX fixes"					 },
		{VMCS_GUEST_DEBUGCTL,		      1,			 "IA32_DEBUGCTL is not 0"				 },
		{VMCS_GUEST_CR4,			 0x2040,		 "long mode is active without CR0.PG and CR4.PAE"	 },
		{VMCS_GUEST_CR3,			 1ul << 40,	    "CR3 has bits beyond the width of physical addresses"},
		{VMCS_GUEST_DR7,			 1ul << 32,	    "DR7 has bits above 31"				   },
		{VMCS_GUEST_SYSENTER_EIP,		  1ul << 47,
		 "SYSENTER_ESP or SYSENTER_EIP is not canonical"								},
		{VMCS_GUEST_PAT,			 0x0207040600070406,
		 "IA32_PAT has a memory type that there is not"							       },
		{VMCS_GUEST_EFER,			  0x1501,		  "EFER has reserved bits"				  },
		{VMCS_GUEST_EFER,			  0x101,		 "EFER.LMA differs from the entry control"		  },
		{VMCS_GUEST_EFER,			  0x401,		 "EFER.LMA differs from EFER.LME with paging on"	},
		{VMCS_GUEST_RIGHTS + 2 * VSEG_CS,	  0xe09b,		  "CS has both L and D"				       },
		{VMCS_GUEST_RIGHTS + 2 * VSEG_CS,	  0xa01b,		  "CS is not a present code segment"		    },
		{VMCS_GUEST_RIGHTS + 2 * VSEG_CS,	  0xa09a,
		 "CS is not an accessed code segment, nor one of real mode"						   },
		{VMCS_GUEST_RIGHTS + 2 * VSEG_CS,	  0xa0fb,		  "CS has another level than SS"			},
		{VMCS_GUEST_RIGHTS + 2 * VSEG_CS,	  0xa0ff,
		 "CS is conforming, and its level is above SS's"								},
		{VMCS_GUEST_RIGHTS + 2 * VSEG_CS,	  0xa0f3,
		 "CS is a data segment with a level other than 0"								 },
		{VMCS_GUEST_BASE + 2 * VSEG_CS,	1ul << 32,	   "CS has a base above 4 GiB"			      },
		{VMCS_GUEST_RIGHTS + 2 * VSEG_SS,	  0xc091,
		 "SS is not a writable, accessed data segment"							       },
		{VMCS_GUEST_RIGHTS + 2 * VSEG_DS,	  0xc193,		  "a segment has reserved access rights"		},
		{VMCS_GUEST_RIGHTS + 2 * VSEG_DS,	  0xc083,
		 "a usable segment is a system segment, or not present"						       },
		{VMCS_GUEST_RIGHTS + 2 * VSEG_ES,	  0xc092,
		 "a usable data segment is not accessed, or not readable"							 },
		{VMCS_GUEST_RIGHTS + 2 * VSEG_ES,	  0xc099,
		 "a usable data segment is not accessed, or not readable"							 },
		{VMCS_GUEST_RIGHTS + 2 * VSEG_ES,	  0x4093,
		 "a segment's limit does not fit its granularity"								 },
		{VMCS_GUEST_LIMIT + 2 * VSEG_ES,	 0xfffff000,
		 "a segment's limit does not fit its granularity"								 },
		{VMCS_GUEST_BASE + 2 * VSEG_DS,	1ul << 33,
		 "ES, CS, SS or DS has a base above 4 GiB"								   },
		{VMCS_GUEST_BASE + 2 * VSEG_GS,	1ul << 47,
		 "FS or GS has a base that is not canonical"								 },
		{VMCS_GUEST_RIGHTS + 2 * VSEG_TR,	  0x83,		"TR is not a busy task-state segment"		     },
		{VMCS_GUEST_RIGHTS + 2 * VSEG_TR,	  0x1008b,		   "TR is not a busy task-state segment"		},
		{VMCS_GUEST_SELECTOR + 2 * VSEG_TR, 0x1c,		  "TR is not a busy task-state segment"		       },
		{VMCS_GUEST_BASE + 2 * VSEG_TR,	1ul << 47,
		 "TR's limit, base or rights are not valid"								  },
		{VMCS_GUEST_RIGHTS + 2 * VSEG_LDTR, 0x8b,		  "LDTR is not a local descriptor table"		},
		{VMCS_GUEST_LIMIT + 2 * VSEG_GDTR,  0x10000,
		 "GDTR or IDTR is not canonical, or its limit is above FFFFh"						     },
		{VMCS_GUEST_BASE + 2 * VSEG_IDTR,	  1ul << 47,
		 "GDTR or IDTR is not canonical, or its limit is above FFFFh"						     },
		{VMCS_GUEST_RIP,			 1ul << 47,	    "RIP is not canonical"				  },
		{VMCS_GUEST_RFLAGS,		    0,		       "RFLAGS has a reserved bit wrong"			},
		{VMCS_GUEST_RFLAGS,		    0x400002,	      "RFLAGS has a reserved bit wrong"		       },
		{VMCS_GUEST_INTERRUPTIBILITY,	      0x20,
		 "the interruptibility state has a reserved bit"								},
		{VMCS_GUEST_INTERRUPTIBILITY,	      3,			 "both STI and MOV SS block interrupts"	       },
		{VMCS_GUEST_INTERRUPTIBILITY,	      1,			 "STI blocks interrupts with RFLAGS.IF off"	   },
		{VMCS_ENTRY_EVENT,		   0x80000021,
		 "an interrupt is to be delivered with RFLAGS.IF off"							     },
		{VMCS_GUEST_ACTIVITY,		      2,			 "the activity state is neither active nor HLT"       },
		{VMCS_GUEST_PENDING_DEBUG,	   0x20,
		 "the pending debug exceptions have a reserved bit"							   },
		{VMCS_LINK,			    0,		       "the VMCS link pointer is not all ones"	      },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *rule;

		long_mode();
		fake_vmcs[rows[i].field] = rows[i].value;
		rule = vmx_broken_rule();
		if (rule == NULL)
			fail_msg("nothing is said of field %#x = %#lx", rows[i].field,
				 rows[i].value);
		assert_string_equal(rule, rows[i].rule);
	}
}

static void
blocking(void **state)
{
	long_mode();
	fake_vmcs[VMCS_GUEST_RFLAGS] = 0x202;
	fake_vmcs[VMCS_ENTRY_EVENT] = 0x80000021;
	assert_null(vmx_broken_rule());
	fake_vmcs[VMCS_GUEST_INTERRUPTIBILITY] = 1;
	assert_string_equal(vmx_broken_rule(),
			    "an interrupt is to be delivered while STI or MOV SS blocks it");
	fake_vmcs[VMCS_GUEST_INTERRUPTIBILITY] = 8;
	assert_null(vmx_broken_rule());
	fake_vmcs[VMCS_ENTRY_EVENT] = 0x80000202;
	assert_string_equal(vmx_broken_rule(), "an NMI is to be delivered while NMIs are blocked");
	fake_vmcs[VMCS_GUEST_INTERRUPTIBILITY] = 2;
	assert_string_equal(vmx_broken_rule(),
			    "an NMI is to be delivered while STI or MOV SS blocks it");
	fake_vmcs[VMCS_ENTRY_EVENT] = 0;
	fake_vmcs[VMCS_GUEST_RFLAGS] = 0x102;
	assert_string_equal(vmx_broken_rule(),
			    "a pending single step does not agree with RFLAGS.TF");
	fake_vmcs[VMCS_GUEST_PENDING_DEBUG] = 1 << 14;
	assert_null(vmx_broken_rule());
	fake_vmcs[VMCS_GUEST_ACTIVITY] = 1;
	assert_string_equal(vmx_broken_rule(),
			    "interrupts are blocked in a vCPU that is not active");
}

static void
outside_of_long_mode(void **state)
{
	real_mode();
	fake_vmcs[VMCS_GUEST_RIP] = 1ul << 32;
	assert_string_equal(vmx_broken_rule(), "RIP is above 4 GiB outside of 64-bit mode");
	real_mode();
	fake_vmcs[VMCS_GUEST_RFLAGS] = 0x20002;
	assert_non_null(vmx_broken_rule());
	real_mode();
	fake_vmcs[VMCS_GUEST_RIGHTS + 2 * VSEG_SS] = 0xf3;
	segment(VSEG_CS, 0, 0xfb, 0xffff);
	assert_string_equal(vmx_broken_rule(), "SS has a level other than 0 in real mode");
	real_mode();
	fake_vmcs[VMCS_GUEST_CR4] |= 1 << 17;
	assert_string_equal(vmx_broken_rule(), "CR4.PCIDE is on outside of long mode");
}

static void
pae(void **state)
{
	long_mode();
	fake_vmcs[VMCS_ENTRY_CONTROLS] = fake_vmcs[VMCS_GUEST_EFER] = 0;
	fake_vmcs[VMCS_GUEST_RIP] = 0x100000;
	segment(VSEG_CS, 8, 0xc09b, 0xffffffff);
	fake_vmcs[VMCS_GUEST_PDPTE0] = 0x5001;
	fake_vmcs[VMCS_GUEST_PDPTE0 + 2] = 0x5006; /* not present: free */
	assert_null(vmx_broken_rule());
	fake_vmcs[VMCS_GUEST_PDPTE0 + 6] = 0x5007;
	assert_string_equal(vmx_broken_rule(), "a PAE top-level entry has reserved bits");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_states),		cmocka_unit_test(virtual_8086),
		cmocka_unit_test(one_wrong_field),	cmocka_unit_test(blocking),
		cmocka_unit_test(outside_of_long_mode), cmocka_unit_test(pae),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
