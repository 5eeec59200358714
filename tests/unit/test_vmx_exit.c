/* SPDX-License-Identifier: MIT */
// SOURCES: arch/x86_64/vmx/vmx_decode.c arch/x86_64/vmx/vmx_event.c arch/x86_64/vmx/vmx_regs.c
// SOURCES: lib/log.c lib/format.c lib/lock.c lib/error.c
#include "tests/unit/test.h"

#include "tests/unit/fake/vmx.h"

static struct exit e;

static void
decode(u64 reason)
{
	memset(&e, 0xa5, sizeof(e)); /* nothing of the last exit may be taken for this one's */
	e.raw[0] = reason;
	vmx_decode(&fake_hw, &e);
}

static int
fresh(void **state)
{
	fake_vmx_reset();
	fake_vmcs[VMCS_EXIT_LENGTH] = 7;
	return 0;
}

/* Reasons of app. C that are a kind and a length, and those without a length. */
static void
plain(void **state)
{
	static const struct {
		u8 reason, kind, length;
	} rows[] = {
		{1,  EXIT_HOST_INTERRUPT,	 0},
		     {2,	 EXIT_SHUTDOWN,		0},
		{7,  EXIT_IRQ_WINDOW,	     0},
		     {8,	 EXIT_NMI_WINDOW,	  0},
		{10, EXIT_CPUID,		 7},
		     {11, EXIT_VIRT_INSTRUCTION, 7},
		{12, EXIT_HLT,	       7},
		     {13, EXIT_WBINVD,	       7},
		{15, EXIT_RDPMC,		 7},
		     {18, EXIT_HYPERCALL,	  7},
		{36, EXIT_MWAIT,		 7},
		     {39, EXIT_MWAIT,	      7},
		{40, EXIT_PAUSE,		 7},
		     {50, EXIT_VIRT_INSTRUCTION, 7},
		{52, EXIT_TIMER,		 0},
		     {53, EXIT_VIRT_INSTRUCTION, 7},
		{54, EXIT_WBINVD,		  7},
		     {55, EXIT_XSETBV,	       7},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		decode(rows[i].reason);
		assert_int_equal(e.kind, rows[i].kind);
		assert_int_equal(e.insn_len, rows[i].length);
		assert_int_equal(e.cut.kind, EVENT_NONE);
	}
	for (u64 reason = 19; reason <= 27; reason++) { /* VMCLEAR to VMXON */
		decode(reason);
		assert_int_equal(e.kind, EXIT_VIRT_INSTRUCTION);
	}
}

static void
unknown(void **state)
{
	static const u16 reasons[] = {3, 4, 5, 6, 14, 16, 17, 29, 35, 37, 38, 43, 57, 74, 0xffff};

	for (unsigned i = 0; i < ARRAY_SIZE(reasons); i++) {
		decode(reasons[i]);
		assert_int_equal(e.kind, EXIT_UNKNOWN);
		assert_int_equal(e.insn_len, 0);
	}
}

static void
ports(void **state)
{
	fake_vmcs[VMCS_QUALIFICATION] = 0x03f80000 | 1 << 3; /* IN AL, DX */
	decode(30);
	assert_int_equal(e.kind, EXIT_IO);
	assert_int_equal(e.insn_len, 7);
	assert_int_equal(e.io.port, 0x3f8);
	assert_int_equal(e.io.size, 1);
	assert_true(e.io.in);
	assert_false(e.io.string || e.io.rep);
	assert_int_equal(e.io.segment, VSEGS);

	fake_vmcs[VMCS_QUALIFICATION] = 0xffff0000 | 3; /* OUT DX, EAX */
	decode(30);
	assert_int_equal(e.io.port, 0xffff);
	assert_int_equal(e.io.size, 4);
	assert_false(e.io.in);
}

static void
string_ports(void **state)
{
	fake_vmcs[VMCS_QUALIFICATION] = 0x01f00000 | 1 << 4 | 1 << 5 | 1; /* REP OUTSW */
	fake_vmcs[VMCS_EXIT_INSTRUCTION] = 1 << 7 | 3 << 15;		  /* 32-bit, DS */
	decode(30);
	assert_true(e.io.string && e.io.rep);
	assert_int_equal(e.io.size, 2);
	assert_int_equal(e.io.addr_size, 4);
	assert_int_equal(e.io.segment, VSEG_DS);

	fake_vmcs[VMCS_QUALIFICATION] |= 1 << 3; /* INS has no segment of its own: undefined */
	fake_vmcs[VMCS_EXIT_INSTRUCTION] = 2 << 7 | 7 << 15;
	decode(30);
	assert_int_equal(e.io.addr_size, 8);
	assert_int_equal(e.io.segment, VSEG_ES);
}

static void
msrs_and_control_registers(void **state)
{
	decode(31);
	assert_int_equal(e.kind, EXIT_MSR);
	assert_false(e.msr.write);
	decode(32);
	assert_true(e.msr.write);

	fake_vmcs[VMCS_QUALIFICATION] = 4 | 9 << 8; /* MOV CR4, R9 */
	decode(28);
	assert_int_equal(e.kind, EXIT_CR);
	assert_int_equal(e.cr.cr, 4);
	assert_int_equal(e.cr.access, CR_WRITE);
	assert_int_equal(e.cr.reg, 9);
	fake_vmcs[VMCS_QUALIFICATION] = 8 | 1 << 4; /* MOV RAX, CR8 */
	decode(28);
	assert_int_equal(e.cr.access, CR_READ);
	fake_vmcs[VMCS_QUALIFICATION] = 2 << 4;
	decode(28);
	assert_int_equal(e.cr.access, CR_CLTS);
	fake_vmcs[VMCS_QUALIFICATION] = 3 << 4 | 0xbeef0000;
	decode(28);
	assert_int_equal(e.cr.access, CR_LMSW);
	assert_int_equal(e.cr.lmsw, 0xbeef);
}

static void
memory(void **state)
{
	fake_vmcs[VMCS_GUEST_PHYSICAL] = 0xfee000b0;
	fake_vmcs[VMCS_QUALIFICATION] = 1 << 1 | 3 << 7;
	decode(48);
	assert_int_equal(e.kind, EXIT_MEMORY);
	assert_int_equal(e.insn_len, 0); /* undefined: not in the list of 28.2.5 */
	assert_int_equal(e.memory.gpa.v, 0xfee000b0);
	assert_true(e.memory.write);
	assert_false(e.memory.read || e.memory.fetch || e.memory.walk);
	assert_int_equal(e.memory.bytes_len, 0);

	fake_vmcs[VMCS_QUALIFICATION] = 1 << 2 | 3 << 7;
	decode(48);
	assert_true(e.memory.fetch);

	fake_vmcs[VMCS_QUALIFICATION] = 3 | 1 << 7; /* an entry of the guest's tables */
	decode(48);
	assert_true(e.memory.walk && e.memory.read && e.memory.write);

	fake_vmcs[VMCS_QUALIFICATION] = 1; /* no linear address: a load of PDPTEs */
	decode(48);
	assert_false(e.memory.walk);
}

/* Accesses to a local APIC that the CPU carries out, and what it leaves to us (table 28-6). */
static void
virtual_apic(void **state)
{
	static const struct {
		u16 type;
		bool read, write, fetch, walk;
	} rows[] = {
		{0,  true,  false, false, false},
		{1,  false, true,	 false, false},
		{2,  false, false, true,	false},
		{3,  true,  false, false, false},
		{15, true,  false, false, true },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		fake_vmcs[VMCS_QUALIFICATION] = (u64)rows[i].type << 12 | 0xa0;
		fake_vmcs[VMCS_GUEST_PHYSICAL] = 0x1234; /* not said by this exit */
		decode(44);
		assert_int_equal(e.kind, EXIT_MEMORY);
		assert_int_equal(e.insn_len, 0);
		assert_int_equal(e.memory.gpa.v, 0xfee000a0);
		assert_int_equal(e.memory.read, rows[i].read);
		assert_int_equal(e.memory.write, rows[i].write);
		assert_int_equal(e.memory.fetch, rows[i].fetch);
		assert_int_equal(e.memory.walk, rows[i].walk);
		assert_int_equal(e.memory.bytes_len, 0);
	}
	fake_vmcs[VMCS_QUALIFICATION] = 0x53;
	decode(45);
	assert_int_equal(e.kind, EXIT_APIC);
	assert_true(e.apic.eoi);
	assert_int_equal(e.apic.what, 0x53);
	assert_int_equal(e.insn_len, 0);
	fake_vmcs[VMCS_QUALIFICATION] = 0x300;
	decode(56);
	assert_int_equal(e.kind, EXIT_APIC);
	assert_false(e.apic.eoi);
	assert_int_equal(e.apic.what, 0x300);
}

/* 28.2.3: an IRET that faulted had unblocked NMIs. */
static void
nmi_blocked_again(void **state)
{
	fake_vmcs[VMCS_QUALIFICATION] = 1 | 3 << 7 | 1 << 12;
	decode(48);
	assert_int_equal(fake_vmcs[VMCS_GUEST_INTERRUPTIBILITY], 8);

	fake_vmcs[VMCS_GUEST_INTERRUPTIBILITY] = 0;
	fake_vmcs[VMCS_IDT_EVENT] = 0x80000000 | 32; /* then the bit means nothing */
	decode(48);
	assert_int_equal(fake_vmcs[VMCS_GUEST_INTERRUPTIBILITY], 0);

	fake_vmcs[VMCS_IDT_EVENT] = 0;
	fake_vmcs[VMCS_EXIT_EVENT] = 0x80000000 | 1 << 12 | 1 << 11 | 3 << 8 | 17;
	decode(0);
	assert_int_equal(fake_vmcs[VMCS_GUEST_INTERRUPTIBILITY], 8);
}

static void
exceptions(void **state)
{
	fake_vmcs[VMCS_EXIT_EVENT] = 0x80000000 | 2 << 8 | 2;
	decode(0);
	assert_int_equal(e.kind, EXIT_HOST_NMI);

	fake_vmcs[VMCS_EXIT_EVENT] = 0x80000000 | 1 << 11 | 3 << 8 | 17;
	fake_vmcs[VMCS_EXIT_ERROR] = 0;
	decode(0);
	assert_int_equal(e.kind, EXIT_EXCEPTION);
	assert_int_equal(e.exception.vector, 17);
	assert_int_equal(e.insn_len, 0);
	assert_int_equal(e.exception.error, 0);
}

/* #DB: the CPU has not touched DR6 and DR7 yet; B0 to B3 are as of now, BS stays (18.2.3). */
static void
debug_exception(void **state)
{
	fake_switched[VREG_DR6] = 0xffff4ff1;
	fake_vmcs[VMCS_GUEST_DR7] = 0x2400;
	fake_vmcs[VMCS_EXIT_EVENT] = 0x80000000 | 3 << 8 | 1;
	fake_vmcs[VMCS_QUALIFICATION] = 1 << 2 | 1 << 13;
	decode(0);
	assert_int_equal(e.exception.vector, 1);
	assert_int_equal(fake_switched[VREG_DR6], 0xffff6ff4);
	assert_int_equal(fake_vmcs[VMCS_GUEST_DR7], 0x400);

	fake_vmcs[VMCS_QUALIFICATION] = 1 << 16 | 1; /* in a transaction: DR6.RTM is clear */
	decode(0);
	assert_int_equal(fake_switched[VREG_DR6], 0xfffe6ff1);
}

/* INT1 is an instruction, and leaves DR6 alone. */
static void
icebp(void **state)
{
	fake_switched[VREG_DR6] = 0xffff0ff0;
	fake_vmcs[VMCS_EXIT_EVENT] = 0x80000000 | 5 << 8 | 1;
	fake_vmcs[VMCS_EXIT_LENGTH] = 1;
	decode(0);
	assert_int_equal(e.exception.vector, 1);
	assert_int_equal(e.insn_len, 1);
	assert_int_equal(fake_switched[VREG_DR6], 0xffff0ff0);
}

/* A #DB that exits behind MOV SS with TF set: the entry wants BS pending (27.3.1.5). */
static void
single_step_behind_mov_ss(void **state)
{
	fake_vmcs[VMCS_GUEST_INTERRUPTIBILITY] = 2;
	fake_vmcs[VMCS_GUEST_RFLAGS] = 0x102;
	fake_vmcs[VMCS_EXIT_EVENT] = 0x80000000 | 3 << 8 | 1;
	decode(0);
	assert_int_equal(fake_vmcs[VMCS_GUEST_PENDING_DEBUG], 1 << 14);
	vmx_set(&fake_hw, VREG_RFLAGS, 2);
	assert_int_equal(fake_vmcs[VMCS_GUEST_PENDING_DEBUG], 0);

	vmx_set(&fake_hw, VREG_RFLAGS, 0x102); /* carried out: its step is no longer the CPU's */
	vmx_set(&fake_hw, VREG_INTERRUPT_SHADOW, 0);
	assert_int_equal(fake_vmcs[VMCS_GUEST_PENDING_DEBUG], 0);
}

static void
tasks(void **state)
{
	fake_vmcs[VMCS_QUALIFICATION] = 2u << 30 | 0x28;
	decode(9);
	assert_int_equal(e.kind, EXIT_TASK_SWITCH);
	assert_int_equal(e.task_switch.source, TASK_JMP);
	assert_int_equal(e.task_switch.selector, 0x28);
	assert_int_equal(e.insn_len, 7);

	fake_vmcs[VMCS_QUALIFICATION] = 3u << 30 | 0x30; /* by a task gate: #DF */
	fake_vmcs[VMCS_IDT_EVENT] = 0x80000000 | 3 << 8 | 8;
	decode(9);
	assert_int_equal(e.task_switch.source, TASK_IDT);
	assert_int_equal(e.insn_len, 0);
	assert_int_equal(e.cut.vector, 8);

	fake_vmcs[VMCS_IDT_EVENT] = 0x80000000 | 4 << 8 | 0x80; /* by INT n */
	decode(9);
	assert_int_equal(e.insn_len, 7);
}

/* What was cut short, put in again, is the same event (28.2.4). */
static void
cut_and_again(void **state)
{
	static const struct {
		u32 info;
		u8 kind, length;
	} rows[] = {
		{0x80000000 | 0x21,		    EVENT_INTERRUPT,	     0},
		{0x80000000 | 2 << 8 | 2,		  EVENT_NMI,	     0},
		{0x80000000 | 3 << 8 | 6,		  EVENT_EXCEPTION,	   0},
		{0x80000000 | 3 << 8 | 1 << 11 | 13, EVENT_EXCEPTION,      0},
		{0x80000000 | 4 << 8 | 0x80,	     EVENT_SOFT_INTERRUPT, 7},
		{0x80000000 | 5 << 8 | 1,		  EVENT_EXCEPTION,	   7},
		{0x80000000 | 6 << 8 | 3,		  EVENT_EXCEPTION,	   7},
	};

	fake_vmcs[VMCS_GUEST_CR0] = 1;
	fake_vmcs[VMCS_IDT_ERROR] = 0x18;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		fake_vmcs[VMCS_IDT_EVENT] = rows[i].info;
		fake_vmcs[VMCS_ENTRY_ERROR] = fake_vmcs[VMCS_ENTRY_LENGTH] = 0;
		decode(48);
		assert_int_equal(e.cut.kind, rows[i].kind);
		assert_int_equal(e.cut.insn_len, rows[i].length);
		vmx_inject(&fake_hw, &e.cut);
		assert_int_equal(fake_vmcs[VMCS_ENTRY_EVENT], rows[i].info);
		assert_int_equal(fake_vmcs[VMCS_ENTRY_LENGTH], rows[i].length);
		assert_int_equal(fake_vmcs[VMCS_ENTRY_ERROR], rows[i].info & 1 << 11 ? 0x18 : 0);
	}
}

/* The NMI has blocked NMIs by its delivery; it can be delivered again only when they are not. */
static void
cut_nmi(void **state)
{
	fake_vmcs[VMCS_GUEST_INTERRUPTIBILITY] = 8;
	fake_vmcs[VMCS_IDT_EVENT] = 0x80000000 | 2 << 8 | 2;
	decode(48);
	assert_int_equal(fake_vmcs[VMCS_GUEST_INTERRUPTIBILITY], 0);
}

static void
no_error_codes_in_real_mode(void **state)
{
	const struct event gp = {EVENT_EXCEPTION, 13, 0, true, 0x10};

	vmx_inject(&fake_hw, &gp);
	assert_int_equal(fake_vmcs[VMCS_ENTRY_EVENT], 0x80000000 | 3 << 8 | 13);
	vmx_inject(&fake_hw, &(struct event){.kind = EVENT_NONE, .vector = 99});
	assert_int_equal(fake_vmcs[VMCS_ENTRY_EVENT], 0x80000000 | 3 << 8 | 13);
}

static void
windows(void **state)
{
	fake_vcpu.proc = 0x401e172;
	vmx_window(&fake_hw, true, false);
	assert_int_equal(fake_vmcs[VMCS_PROC_CONTROLS], 0x401e176);
	vmx_window(&fake_hw, true, true);
	assert_int_equal(fake_vmcs[VMCS_PROC_CONTROLS], 0x441e176);
	fake_vmcs[VMCS_PROC_CONTROLS] = 0; /* no write without a change */
	vmx_window(&fake_hw, true, true);
	assert_int_equal(fake_vmcs[VMCS_PROC_CONTROLS], 0);
	vmx_window(&fake_hw, false, false);
	assert_int_equal(fake_vmcs[VMCS_PROC_CONTROLS], 0x401e172);
}

static void
spinning_by_the_loop(void **state)
{
	vmx_controls.spin_proc2 = 1u << 10;
	fake_vcpu.proc = 0x401e172;
	fake_vmcs[VMCS_PROC2_CONTROLS] = 0xaa;
	fake_vmcs[VMCS_PROC_CONTROLS] = 0x401e172;
	vmx_spin(&fake_hw, true);
	assert_int_equal(fake_vmcs[VMCS_PROC2_CONTROLS], 0x4aa);
	assert_int_equal(fake_vmcs[VMCS_PROC_CONTROLS], 0x401e172);
	vmx_spin(&fake_hw, false);
	assert_int_equal(fake_vmcs[VMCS_PROC2_CONTROLS], 0xaa);
}

static void
spinning_by_each_pause(void **state)
{
	fake_vcpu.proc = 0x401e172;
	vmx_spin(&fake_hw, true);
	assert_int_equal(fake_vmcs[VMCS_PROC_CONTROLS], 0x4401e172);
	vmx_window(&fake_hw, true, false);
	assert_int_equal(fake_vmcs[VMCS_PROC_CONTROLS], 0x4401e176);
	vmx_spin(&fake_hw, false);
	assert_int_equal(fake_vmcs[VMCS_PROC_CONTROLS], 0x401e176);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(spinning_by_the_loop, fresh),
		cmocka_unit_test_setup(spinning_by_each_pause, fresh),
		cmocka_unit_test_setup(plain, fresh),
		cmocka_unit_test_setup(unknown, fresh),
		cmocka_unit_test_setup(ports, fresh),
		cmocka_unit_test_setup(string_ports, fresh),
		cmocka_unit_test_setup(msrs_and_control_registers, fresh),
		cmocka_unit_test_setup(memory, fresh),
		cmocka_unit_test_setup(virtual_apic, fresh),
		cmocka_unit_test_setup(nmi_blocked_again, fresh),
		cmocka_unit_test_setup(exceptions, fresh),
		cmocka_unit_test_setup(debug_exception, fresh),
		cmocka_unit_test_setup(icebp, fresh),
		cmocka_unit_test_setup(single_step_behind_mov_ss, fresh),
		cmocka_unit_test_setup(tasks, fresh),
		cmocka_unit_test_setup(cut_and_again, fresh),
		cmocka_unit_test_setup(cut_nmi, fresh),
		cmocka_unit_test_setup(no_error_codes_in_real_mode, fresh),
		cmocka_unit_test_setup(windows, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
