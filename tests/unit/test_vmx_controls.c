/* SPDX-License-Identifier: MIT */
// SOURCES: arch/x86_64/vmx/vmx_controls.c
#include "tests/unit/test.h"

#include "arch/x86_64/vmx/vmcs.h"
#include "arch/x86_64/vmx/vmx_controls.h"

static struct vmx_controls c;

/* A CPU like a Haswell: the reserved bits that must be 1 even in the TRUE MSRs, and what it has. */
static struct vmx_capabilities
haswell(void)
{
	return (struct vmx_capabilities){
		.basic = 0x00da040000000010, /* TRUE, string information, WB, 1 KiB */
		.misc = 0x20000165 | 1 << 5,
		.ept_vpid = 0x00000f0106334141,
		.word = {[VMX_PIN] = 0x0000007f00000016,
			 [VMX_PROC] = 0xfff9fffe04006172,
			 [VMX_PROC2] = 0x00007cff00000000,
			 [VMX_EXIT] = 0x007fffff00036dfb,
			 [VMX_ENTRY] = 0x0000ffff000011fb},
		.cr0_fixed0 = 0x80000021,
		.cr0_fixed1 = 0xffffffff,
		.cr4_fixed0 = 0x2000,
		.cr4_fixed1 = 0x3727ff,
	};
}

static void
as_documented(void **state)
{
	struct vmx_capabilities cap = haswell();

	assert_null(vmx_controls_compute(&cap, &c));
	/* External interrupts, NMI, virtual NMIs, timer, over 16h. */
	assert_int_equal(c.word[VMX_PIN], 0x16 | 0x01 | 0x08 | 0x20 | 0x40);
	assert_int_equal(c.word[VMX_PROC], 0x04006172u | 1u << 3 | 1u << 7 | 1u << 10 | 1u << 11 |
						   1u << 19 | 1u << 20 | 1u << 24 | 1u << 28 |
						   1u << 29 | 1u << 31);
	/* EPT, RDTSCP, VPID, WBINVD, unrestricted, INVPCID. */
	assert_int_equal(c.word[VMX_PROC2], 0x2 | 0x8 | 0x20 | 0x40 | 0x80 | 0x1000);
	assert_int_equal(c.word[VMX_EXIT],
			 0x36dfb | 1u << 2 | 1u << 9 | 1u << 19 | 1u << 20 | 1u << 21);
	assert_int_equal(c.word[VMX_ENTRY], 0x11fb | 1u << 2 | 1u << 14 | 1u << 15);
	assert_int_equal(c.timer_shift, 5);
	assert_int_equal(c.invept_type, INVALIDATE_ONE);
	assert_int_equal(c.eptp_flags, 0x5e);
	assert_int_equal(c.apic_proc2, 0); /* it came with the servers after it */
}

/* Interrupts are not acknowledged by an exit; windows and long mode are for later. */
static void
off_at_first(void **state)
{
	struct vmx_capabilities cap = haswell();

	assert_null(vmx_controls_compute(&cap, &c));
	assert_int_equal(c.word[VMX_EXIT] & 1u << 15, 0);
	assert_int_equal(c.word[VMX_PROC] & (PROC_INTERRUPT_WINDOW | PROC_NMI_WINDOW), 0);
	assert_int_equal(c.word[VMX_PROC] & (1u << 12 | 1u << 15 | 1u << 16 | 1u << 23 | 1u << 30),
			 0);
	assert_int_equal(c.word[VMX_PROC2] & 1u << 10, 0);
	assert_int_equal(c.word[VMX_ENTRY] & ENTRYC_IA32E, 0);
}

/* By PAUSE-loop exiting where there is that; else by PAUSE exiting. */
static void
spinning(void **state)
{
	struct vmx_capabilities cap = haswell();

	assert_null(vmx_controls_compute(&cap, &c));
	assert_int_equal(c.spin_proc2, 1u << 10);
	cap.word[VMX_PROC2] &= ~(1ul << 42);
	assert_null(vmx_controls_compute(&cap, &c));
	assert_int_equal(c.spin_proc2, 0);
	cap.word[VMX_PROC] &= ~(1ul << 62);
	assert_string_equal(vmx_controls_compute(&cap, &c), "PAUSE exiting");
}

/* NE is fixed; PE and PG are the guest's own; MCE is never off. */
static void
control_registers(void **state)
{
	struct vmx_capabilities cap = haswell();

	assert_null(vmx_controls_compute(&cap, &c));
	assert_int_equal(c.cr0_on, 0x20);
	assert_int_equal(c.cr0_may, 0xffffffff);
	assert_int_equal(c.cr4_on, 0x2040);
	assert_int_equal(c.cr4_may, 0x3727ff);
}

static void
without(enum vmx_word word, u32 mask, const char *name)
{
	struct vmx_capabilities cap = haswell();
	const char *missing;

	cap.word[word] &= ~((u64)mask << 32);
	missing = vmx_controls_compute(&cap, &c);
	if (name == NULL) {
		assert_null(missing);
		assert_int_equal(c.word[word] & mask, 0);
	} else {
		assert_non_null(missing);
		assert_string_equal(missing, name);
	}
}

static void
what_is_missing_is_named(void **state)
{
	without(VMX_PIN, PIN_VIRTUAL_NMIS, "virtual NMIs");
	without(VMX_PROC, PROC_MSR_BITMAP, "MSR bitmaps");
	without(VMX_PROC2, PROC2_UNRESTRICTED, "unrestricted guest");
	without(VMX_EXIT, EXITC_SAVE_EFER, "save IA32_EFER");
	without(VMX_ENTRY, ENTRYC_LOAD_PAT, "load IA32_PAT at entry");
}

static void
what_may_be_missing(void **state)
{
	without(VMX_PIN, PIN_PREEMPTION_TIMER, NULL);
	without(VMX_PROC2, PROC2_RDTSCP, NULL);
	without(VMX_PROC2, PROC2_INVPCID, NULL);
	without(VMX_PROC2, PROC2_VPID, NULL);
}

/* A VPID that can't be flushed is of no use. */
static void
vpid_needs_invvpid(void **state)
{
	struct vmx_capabilities cap = haswell();

	cap.ept_vpid &= ~BIT(42);
	assert_null(vmx_controls_compute(&cap, &c));
	assert_int_equal(c.word[VMX_PROC2] & PROC2_VPID, 0);
}

static void
lesser_ept(void **state)
{
	struct vmx_capabilities cap = haswell();

	cap.ept_vpid &= ~(BIT(21) | BIT(25));
	assert_null(vmx_controls_compute(&cap, &c));
	assert_int_equal(c.eptp_flags, 0x1e);
	assert_int_equal(c.invept_type, INVALIDATE_ALL);
}

static struct vmx_capabilities
ivy_bridge_server(void)
{
	struct vmx_capabilities cap = haswell();

	cap.word[VMX_PROC2] |= BIT(32 + 8) | BIT(32 + 9);
	return cap;
}

/* The parts of APIC virtualisation are used together; x2APIC mode may be missing. */
static void
apic_whole_or_not(void **state)
{
	static const u8 parts[] = {0, 8, 9};
	struct vmx_capabilities cap = ivy_bridge_server();

	/* Virtualised accesses, x2APIC mode, registers, interrupt delivery: by the guest's mode. */
	assert_null(vmx_controls_compute(&cap, &c));
	assert_int_equal(c.apic_proc2, 1u | 1u << 4 | 1u << 8 | 1u << 9);
	assert_int_equal(c.word[VMX_PROC2] & c.apic_proc2, 0);
	for (unsigned i = 0; i < ARRAY_SIZE(parts); i++) {
		cap = ivy_bridge_server();
		cap.word[VMX_PROC2] &= ~BIT(32 + parts[i]);
		assert_null(vmx_controls_compute(&cap, &c));
		assert_int_equal(c.apic_proc2, 0);
	}
	cap = ivy_bridge_server();
	cap.word[VMX_PROC] &= ~BIT(32 + 21); /* TPR shadow */
	assert_null(vmx_controls_compute(&cap, &c));
	assert_int_equal(c.apic_proc2, 0);
	cap = ivy_bridge_server();
	cap.word[VMX_PROC2] &= ~BIT(32 + 4);
	assert_null(vmx_controls_compute(&cap, &c));
	assert_int_equal(c.apic_proc2, 1u | 1u << 8 | 1u << 9);
}

static void
basics(void **state)
{
	struct vmx_capabilities cap = haswell();

	cap.basic &= ~BIT(55);
	assert_string_equal(vmx_controls_compute(&cap, &c), "TRUE capability MSRs");
	cap = haswell();
	cap.basic &= ~BIT(54);
	assert_non_null(vmx_controls_compute(&cap, &c));
	cap = haswell();
	cap.basic |= BIT(48);
	assert_non_null(vmx_controls_compute(&cap, &c));
	cap = haswell();
	cap.basic &= ~BITS(53, 50);
	assert_non_null(vmx_controls_compute(&cap, &c));
	cap = haswell();
	cap.misc &= ~BIT(5);
	assert_non_null(vmx_controls_compute(&cap, &c));
	cap = haswell();
	cap.basic = (cap.basic & ~BITS(44, 32)) | 0x1001ul << 32;
	assert_non_null(vmx_controls_compute(&cap, &c));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_documented),
		cmocka_unit_test(off_at_first),
		cmocka_unit_test(control_registers),
		cmocka_unit_test(what_is_missing_is_named),
		cmocka_unit_test(what_may_be_missing),
		cmocka_unit_test(spinning),
		cmocka_unit_test(vpid_needs_invvpid),
		cmocka_unit_test(lesser_ept),
		cmocka_unit_test(basics),
		cmocka_unit_test(apic_whole_or_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
