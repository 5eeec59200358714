/* SPDX-License-Identifier: MIT */
// SOURCES: arch/x86_64/svm/svm_exit.c arch/x86_64/svm/svm_check.c arch/x86_64/tag.c
/*
 * What exits mean, from VMCBs as CPUs leave them (APM vol. 2, app. C): also with the next RIP and
 * the decode assists that not every emulator has.
 */
#include "tests/unit/test.h"

#include <string.h>

#include "arch/x86_64/cpu.h"
#include "arch/x86_64/svm/svm_vcpu.h"
#include "tests/unit/fake/flaws.h"

static struct vmcb vmcb;
static struct exit e;

/* Nothing runs here. */
const struct virt_caps *
virt_caps(void)
{
	return NULL;
}

const struct cpu_features *
cpu_features(void)
{
	static const struct cpu_features features = {.phys_bits = 40};

	return &features;
}

void
svm_registers_take(struct vcpu_hw *hw)
{
}

void
svm_evict(struct vcpu_hw *hw)
{
}

void
svm_nmi_prepare(struct vcpu_hw *hw)
{
}

void
svm_nmi_finish(struct vcpu_hw *hw, struct exit *exit)
{
}

bool
svm_offer_interrupt(struct vmcb *v)
{
	return false;
}

void
svm_withdraw_interrupt(struct vmcb *v, struct exit *exit)
{
}

void
speculation_enter_slowly(const struct vcpu_hw *hw)
{
}

void
speculation_leave_slowly(const struct vcpu_hw *hw)
{
}

void
lapic_look_again(void)
{
}

void
svm_enter(u64 *gpr, u64 vmcb_pa, u64 host_pa)
{
}

/* An exit is not cleared before the next one. */
static int
setup(void **state)
{
	memset(&vmcb, 0, sizeof(vmcb));
	memset(&e, 0xa5, sizeof(e));
	vmcb.rip = 0x1000;
	return 0;
}

static void
decode(u64 code, u64 info1, u64 info2)
{
	vmcb.exitcode = code;
	vmcb.exitinfo1 = info1;
	vmcb.exitinfo2 = info2;
	svm_decode_exit(&vmcb, &e);
}

static void
length_by_the_next_rip(void **state)
{
	decode(VMEXIT_CPUID, 0, 0);
	assert_int_equal(e.kind, EXIT_CPUID);
	assert_int_equal(e.insn_len, 0); /* a CPU that does not save it */
	assert_int_equal(e.cut.kind, EVENT_NONE);
	assert_false(e.shadow);
	vmcb.nrip = 0x1003;
	vmcb.int_state = 1;
	decode(VMEXIT_CPUID, 0, 0);
	assert_int_equal(e.insn_len, 3);
	assert_true(e.shadow);
}

/* 15.10.2: IN AX, port 0x3f8; REP OUTSB, 32-bit addresses. The next RIP is always told. */
static void
port_io(void **state)
{
	decode(VMEXIT_IOIO, 0x3f8ul << 16 | 1 << 5 | 1, 0x1002);
	assert_int_equal(e.kind, EXIT_IO);
	assert_int_equal(e.io.port, 0x3f8);
	assert_int_equal(e.io.size, 2);
	assert_true(e.io.in);
	assert_false(e.io.string);
	assert_int_equal(e.insn_len, 2);
	decode(VMEXIT_IOIO, 0xe9ul << 16 | 1 << 8 | 1 << 4 | 1 << 3 | 1 << 2, 0x1003);
	assert_true(e.io.string && e.io.rep && !e.io.in);
	assert_int_equal(e.io.size, 1);
	assert_int_equal(e.io.addr_size, 4);
	assert_int_equal(e.io.segment, VSEGS);
	assert_int_equal(e.insn_len, 3);
}

/* 15.25.6, and the bytes of 8.2.2.2 where the CPU fetches them (15.33.5). */
static void
second_level_fault(void **state)
{
	static const u8 bytes[] = {0x89, 0x07, 0x90};

	decode(VMEXIT_NPF, 1ul << 32 | 1 << 1, 0xfee000b0);
	assert_int_equal(e.kind, EXIT_MEMORY);
	assert_int_equal(e.memory.gpa.v, 0xfee000b0);
	assert_true(e.memory.write && !e.memory.read && !e.memory.fetch && !e.memory.walk);
	assert_int_equal(e.memory.bytes_len, 0);
	vmcb.fetched_len = 3;
	memcpy(vmcb.fetched, bytes, sizeof(bytes));
	decode(VMEXIT_NPF, 1ul << 33 | 1 << 4, 0x5000);
	assert_true(e.memory.fetch && e.memory.walk && !e.memory.read && !e.memory.write);
	assert_int_equal(e.memory.bytes_len, 3);
	assert_memory_equal(e.memory.bytes, bytes, 3);
	vmcb.fetched_len = 0xff; /* 3:0 alone are the number */
	decode(VMEXIT_NPF, 0, 0x5000);
	assert_true(e.memory.read);
	assert_int_equal(e.memory.bytes_len, 15);
}

/* 15.33.1: bit 63 says that it was a MOV, of register 3:0. */
static void
control_registers(void **state)
{
	decode(VMEXIT_CR0_WRITE + 8, 0, 0);
	assert_int_equal(e.kind, EXIT_CR);
	assert_int_equal(e.cr.cr, 8);
	assert_int_equal(e.cr.access, CR_WRITE);
	assert_int_equal(e.cr.reg, 0xff);
	decode(VMEXIT_CR0_WRITE + 4, 1ul << 63 | 11, 0);
	assert_int_equal(e.cr.cr, 4);
	assert_int_equal(e.cr.reg, 11);
	decode(8, 1ul << 63 | 2, 0); /* CR8_READ */
	assert_int_equal(e.cr.access, CR_READ);
	assert_int_equal(e.cr.cr, 8);
	assert_int_equal(e.cr.reg, 2);
	decode(VMEXIT_CR0_SEL_WRITE, 0, 0);
	assert_int_equal(e.cr.cr, 0);
	assert_int_equal(e.cr.access, CR_WRITE);
}

static void
msrs(void **state)
{
	decode(VMEXIT_MSR, 1, 0);
	assert_int_equal(e.kind, EXIT_MSR);
	assert_true(e.msr.write);
	decode(VMEXIT_MSR, 0, 0);
	assert_false(e.msr.write);
}

/* 15.20: bit 31 alone says whether there is any. */
static void
cut_events(void **state)
{
	vmcb.exitintinfo = 0x30e | 2ul << 32;
	decode(VMEXIT_INTR, 0, 0);
	assert_int_equal(e.kind, EXIT_HOST_INTERRUPT);
	assert_int_equal(e.cut.kind, EVENT_NONE);
	vmcb.exitintinfo = 0x80000b0e | 2ul << 32;
	decode(VMEXIT_INTR, 0, 0);
	assert_int_equal(e.cut.kind, EVENT_EXCEPTION);
	assert_int_equal(e.cut.vector, 14);
	assert_true(e.cut.has_error);
	assert_int_equal(e.cut.error, 2);
	assert_int_equal(e.cut.insn_len, 0);
	vmcb.exitintinfo = 0x80000061;
	decode(VMEXIT_NPF, 0, 0);
	assert_int_equal(e.cut.kind, EVENT_INTERRUPT);
	assert_false(e.cut.has_error);
}

/* 15.14.1: a task gate, IRET, JMP, CALL. */
static void
task_switches(void **state)
{
	decode(VMEXIT_TASK_SWITCH, 0x48, 1ul << 36);
	assert_int_equal(e.task_switch.source, TASK_IRET);
	assert_int_equal(e.task_switch.selector, 0x48);
	decode(VMEXIT_TASK_SWITCH, 0x48, 1ul << 38);
	assert_int_equal(e.task_switch.source, TASK_JMP);
	decode(VMEXIT_TASK_SWITCH, 0x48, 0);
	assert_int_equal(e.task_switch.source, TASK_CALL);
	vmcb.exitintinfo = 0x80000308;
	decode(VMEXIT_TASK_SWITCH, 0x48, 0);
	assert_int_equal(e.task_switch.source, TASK_IDT);
}

static void
exceptions(void **state)
{
	vmcb.nrip = 0x1001;
	decode(VMEXIT_EXCP0 + 17, 4, 0);
	assert_int_equal(e.kind, EXIT_EXCEPTION);
	assert_int_equal(e.exception.vector, 17);
	assert_int_equal(e.exception.error, 4);
	assert_int_equal(e.insn_len, 0); /* a fault: at the instruction, whatever the next RIP */
	decode(VMEXIT_ICEBP, 0, 0);
	assert_int_equal(e.exception.vector, 1);
	assert_int_equal(e.insn_len, 1);
}

/* They are traps, and the exit is before them: a handler is to return behind them. */
static void
breakpoint_and_overflow_have_a_length(void **state)
{
	decode(VMEXIT_EXCP0 + 3, 0, 0);
	assert_int_equal(e.exception.vector, 3);
	assert_int_equal(e.insn_len, 1);
	vmcb.nrip = vmcb.rip + 2; /* with a prefix */
	decode(VMEXIT_EXCP0 + 4, 0, 0);
	assert_int_equal(e.exception.vector, 4);
	assert_int_equal(e.insn_len, 2);
}

static void
what_nobody_knows(void **state)
{
	decode(0x3ff, 1, 2);
	assert_int_equal(e.kind, EXIT_UNKNOWN);
	assert_int_equal(e.raw[0], 0x3ff);
	assert_int_equal(e.raw[1], 1);
	assert_int_equal(e.raw[2], 2);
	decode(~0ul, 0, 0);
	assert_int_equal(e.kind, EXIT_INVALID);
	assert_non_null(e.invalid.rule);
	decode(VMEXIT_INVALID, 0, 0); /* as emulators say it */
	assert_int_equal(e.kind, EXIT_INVALID);
}

/* An interrupt shadow lasts for one instruction (15.21.5), and not for a run. */
static void
a_shadow_outlasts_the_host(void **state)
{
	decode(VMEXIT_INTR, 0, 0);
	svm_keep_shadow(&vmcb, 0x1002, &e); /* an instruction further */
	assert_int_equal(vmcb.int_state, 0);
	svm_keep_shadow(&vmcb, 0x1000, &e);
	assert_int_equal(vmcb.int_state, 1);
	vmcb.int_state = 0;
	decode(VMEXIT_VINTR, 0, 0); /* the window: it is over */
	svm_keep_shadow(&vmcb, 0x1000, &e);
	assert_int_equal(vmcb.int_state, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(length_by_the_next_rip, setup),
		cmocka_unit_test_setup(port_io, setup),
		cmocka_unit_test_setup(second_level_fault, setup),
		cmocka_unit_test_setup(control_registers, setup),
		cmocka_unit_test_setup(msrs, setup),
		cmocka_unit_test_setup(cut_events, setup),
		cmocka_unit_test_setup(task_switches, setup),
		cmocka_unit_test_setup(exceptions, setup),
		cmocka_unit_test_setup(breakpoint_and_overflow_have_a_length, setup),
		cmocka_unit_test_setup(what_nobody_knows, setup),
		cmocka_unit_test_setup(a_shadow_outlasts_the_host, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
