/* SPDX-License-Identifier: MIT */
// SOURCES: core/pv.c core/pv_clock.c core/pv_eoi.c core/pv_call.c core/pv_steal.c
/* KVM's paravirtual features: what is written to the guest's areas, and which areas are refused. */
#include "tests/unit/test.h"

#include "arch/x86_64/clock.h"
#include "arch/x86_64/time.h"
#include "arch/x86_64/tsc.h"
#include "core/vm_clock.h"
#include "include/intrin.h"
#include "sched/thread.h"
#include "tests/unit/fake/vclock.h"
#include "tests/unit/fake/vcpu.h"

enum { RAM = 4 * PAGE_SIZE, AREA = 0x1000, UNKNOWN = 2, VCPUS = 3 };
enum { NS_AT_START = 50, TSC_AT_START = 7000, WALL_S = 1700000000 };

struct clock_page {
	u32 version, pad0;
	u64 tsc_timestamp, system_time;
	u32 tsc_to_system_mul;
	s8 tsc_shift;
	u8 flags, pad[2];
};

static struct vcpu *v, others[VCPUS - 1];
static struct vclock clock;
static bool by_tsc;
static u64 khz;
static unsigned looks; /* at what is pending */
static struct {
	const struct vcpu *v;
	enum vcpu_request request;
	unsigned count;
} requested;

bool
clock_is_tsc(void)
{
	return by_tsc;
}

u64
tsc_khz(void)
{
	return khz;
}

struct moment
vclock_moment(const struct vclock *c)
{
	return (struct moment){c->now, fake_tsc};
}

void
vcpu_request(struct vcpu *vcpu, enum vcpu_request request)
{
	requested.v = vcpu;
	requested.request = request;
	requested.count++;
}

static u64 waited_ns;
static struct thread thread;

struct thread_times
thread_times(struct thread *t)
{
	assert_ptr_equal(t, &thread);
	return (struct thread_times){.wait_ns = waited_ns};
}

static u64
wall_ns(void)
{
	return (WALL_S + 5ul) * NS_PER_S + 123;
}

static int
pending_interrupt(struct vcpu *vcpu)
{
	looks++;
	return PENDING_NOTHING;
}

static const struct vm_platform platform = {
	.wall_ns = wall_ns,
	.pending_interrupt = pending_interrupt,
};

static int
begin(void **state)
{
	v = fake_vcpu_reset(RAM, 0);
	fake_vcpu.memory.hole = 2 * PAGE_SIZE;
	v->vm->platform = &platform;
	clock = (struct vclock){.now = 5ul * NS_PER_S};
	v->vm->clock = &clock;
	v->vm->clock_base = (struct moment){NS_AT_START, TSC_AT_START};
	v->vm->vcpu_count = VCPUS;
	v->vm->vcpus[0] = v;
	for (unsigned i = 1; i < VCPUS; i++)
		v->vm->vcpus[i] = &others[i - 1];
	pv_create(v);
	thread = (struct thread){.arg = v};
	v->thread = &thread;
	waited_ns = 0;
	fake_tsc = 1000000;
	by_tsc = true;
	khz = 2000000;
	looks = requested.count = 0;
	return 0;
}

static struct clock_page
page_at(u64 gpa)
{
	struct clock_page page;

	memcpy(&page, fake_vcpu.memory.ram + gpa, sizeof(page));
	return page;
}

static int
set(u32 msr, u64 value)
{
	return pv_msr_write(v, msr, value);
}

static u64
get(u32 msr)
{
	u64 value = ~0ul;

	assert_int_equal(pv_msr_read(v, msr, &value), 0);
	return value;
}

static void
areas_outside_of_ram_are_refused(void **state)
{
	static u8 before[RAM];
	static const struct {
		u32 msr;
		u64 size, flags;
	} areas[] = {
		{PV_MSR_WALL_CLOCK,  12, 0	 },
		{PV_MSR_SYSTEM_TIME, 32, PV_ENABLED},
		{PV_MSR_STEAL_TIME,  64, PV_ENABLED},
		{PV_MSR_EOI,	     4,	PV_ENABLED},
	};

	for (unsigned n = 0; n < ARRAY_SIZE(areas); n++) {
		u64 size = areas[n].size;
		const u64 hole = fake_vcpu.memory.hole;
		const u64 bad[] = {2,	   6,	 RAM,	    RAM - size + 4, hole, hole - size + 4,
				   ~0xful, ~3ul, 1ul << 52, hole + 64};
		u64 good = (RAM - size) | areas[n].flags;

		assert_int_equal(set(areas[n].msr, good), 0);
		memcpy(before, fake_vcpu.memory.ram, RAM);
		for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
			assert_int_equal(set(areas[n].msr, bad[i] | areas[n].flags), -ERR_INVAL);
			assert_int_equal(get(areas[n].msr), good);
			assert_memory_equal(before, fake_vcpu.memory.ram, RAM);
		}
		assert_int_equal(set(areas[n].msr, 0), 0);
	}
}

static void
unknown_msrs_are_refused(void **state)
{
	u64 value;

	assert_int_equal(set(PV_MSR_WALL_CLOCK + UNKNOWN, 0), -ERR_INVAL);
	assert_int_equal(pv_msr_read(v, PV_MSR_WALL_CLOCK + UNKNOWN, &value), -ERR_INVAL);
}

/* All vCPUs count from one moment, whatever time it is now. */
static void
clock_by_the_tsc_says_the_same_for_good(void **state)
{
	struct clock_page page;

	assert_int_equal(set(PV_MSR_SYSTEM_TIME, AREA | PV_ENABLED), 0);
	page = page_at(AREA);
	assert_int_equal(page.version, 2);
	assert_int_equal(page.tsc_timestamp, TSC_AT_START);
	assert_int_equal(page.system_time, NS_AT_START);
	assert_int_equal(page.tsc_to_system_mul, 0x80000000);
	assert_int_equal(page.tsc_shift, 0);
	assert_int_equal(page.flags, 1);
	assert_int_equal(get(PV_MSR_SYSTEM_TIME), AREA | PV_ENABLED);
	fake_tsc += 1000;
	clock.now += 10;
	pv_clock_refresh(v);
	assert_int_equal(page_at(AREA).tsc_timestamp, TSC_AT_START);
	assert_int_equal(page_at(AREA).version, 4);
	assert_false(v->pv.clock_refresh.set);
}

/* A slow TSC's nanoseconds a tick are more than 32 bits hold. */
static void
clock_of_any_rate(void **state)
{
	static const u64 rates[] = {1000, 19200, 999999, 1000000, 1000001, 2400000, 9999999};

	for (unsigned n = 0; n < ARRAY_SIZE(rates); n++) {
		struct clock_page page;
		u64 ns;

		khz = rates[n];
		assert_int_equal(set(PV_MSR_SYSTEM_TIME, AREA | PV_ENABLED), 0);
		page = page_at(AREA);
		assert_in_range(page.tsc_shift, 0, 31);
		ns = (u64)((unsigned __int128)(khz * 1000 << page.tsc_shift) *
				   page.tsc_to_system_mul >>
			   32);
		assert_in_range(ns, NS_PER_S - 10, NS_PER_S);
	}
}

static void
tscs_that_the_guest_sets_are_not_compared(void **state)
{
	assert_int_equal(set(PV_MSR_SYSTEM_TIME, AREA | PV_ENABLED), 0);
	v->msr.tsc_adjust = 77;
	pv_clock_tsc_stepped(v);
	assert_int_equal(requested.count, VCPUS); /* once */
	assert_int_equal(requested.request, REQUEST_CLOCK);
	pv_clock_refresh(v);
	assert_int_equal(page_at(AREA).flags, 0);
	assert_int_equal(page_at(AREA).tsc_timestamp, TSC_AT_START + 77);
	pv_clock_tsc_stepped(v);
	assert_int_equal(requested.count, VCPUS);
}

static void
other_clock_is_looked_at_every_second(void **state)
{
	by_tsc = false;
	v->hw.tsc_offset = 100;
	assert_int_equal(set(PV_MSR_SYSTEM_TIME, AREA | PV_ENABLED), 0);
	assert_int_equal(page_at(AREA).tsc_timestamp, fake_tsc + 100);
	assert_int_equal(page_at(AREA).system_time, clock.now);
	assert_int_equal(page_at(AREA).flags, 0);
	fake_advance(&clock, NS_PER_S - 1);
	assert_int_equal(requested.count, 0);
	fake_advance(&clock, 1);
	assert_int_equal(requested.count, 1);
	assert_ptr_equal(requested.v, v);
	assert_int_equal(requested.request, REQUEST_CLOCK);
	pv_clock_refresh(v);
	assert_int_equal(page_at(AREA).system_time, clock.now);
	assert_true(v->pv.clock_refresh.set);
}

static void
clock_that_is_off_writes_nothing(void **state)
{
	by_tsc = false;
	assert_int_equal(set(PV_MSR_SYSTEM_TIME, AREA | PV_ENABLED), 0);
	assert_int_equal(set(PV_MSR_SYSTEM_TIME, AREA), 0);
	assert_false(v->pv.clock_refresh.set);
	memset(fake_vcpu.memory.ram, 0, RAM);
	pv_clock_refresh(v);
	assert_int_equal(page_at(AREA).version, 0);
}

/* What the guest does to its pages is its own: the version goes on as ours, the rest is new. */
static void
clock_page_is_never_read(void **state)
{
	assert_int_equal(set(PV_MSR_SYSTEM_TIME, AREA | PV_ENABLED), 0);
	memset(fake_vcpu.memory.ram, 0xff, RAM);
	pv_clock_refresh(v);
	assert_int_equal(page_at(AREA).version, 4);
	assert_int_equal(page_at(AREA).system_time, NS_AT_START);
	assert_int_equal(fake_vcpu.memory.ram[AREA + 32], 0xff);
	assert_int_equal(fake_vcpu.memory.ram[AREA - 1], 0xff);
}

static void
wall_clock_is_of_the_clocks_zero(void **state)
{
	u32 said[3];

	assert_int_equal(set(PV_MSR_WALL_CLOCK, AREA), 0);
	memcpy(said, fake_vcpu.memory.ram + AREA, sizeof(said));
	assert_int_equal(said[0], 2);
	assert_int_equal(said[1], WALL_S);
	assert_int_equal(said[2], 123);
	assert_int_equal(set(PV_MSR_WALL_CLOCK, 0), 0);
	assert_int_equal(fake_vcpu.memory.ram[0], 0);
}

struct steal {
	u64 steal;
	u32 version, flags;
	u8 preempted, pad[47];
};

static struct steal *
steal_area(void)
{
	return (void *)(fake_vcpu.memory.ram + AREA);
}

static void
steal_time_is_told_when_it_comes_back(void **state)
{
	waited_ns = 100;
	steal_area()->preempted = 3; /* of an earlier life: to be flushed as it came back */
	v->hw.flush = false;
	assert_int_equal(set(PV_MSR_STEAL_TIME, AREA | PV_ENABLED), 0);
	assert_int_equal(get(PV_MSR_STEAL_TIME), AREA | PV_ENABLED);
	assert_int_equal(steal_area()->steal, 100);
	assert_int_equal(steal_area()->version, 2);
	assert_int_equal(steal_area()->preempted, 0);
	assert_true(v->hw.flush);
	waited_ns = 350;
	pv_left(&thread);
	assert_true(v->pv.left);
	memset(fake_vcpu.memory.ram, 0x55, RAM);
	pv_came_back(v);
	assert_false(v->pv.left);
	assert_int_equal(steal_area()->steal, 350);
	assert_int_equal(steal_area()->version, 4);
	assert_int_equal(steal_area()->flags, 0);
	assert_int_equal(steal_area()->pad[0], 0x55);
	for (u64 odd = 2; odd < 64; odd *= 2)
		assert_int_equal(set(PV_MSR_STEAL_TIME, AREA | odd | PV_ENABLED), -ERR_INVAL);
}

static void
flush_is_left_for_one_that_does_not_run(void **state)
{
	assert_int_equal(set(PV_MSR_STEAL_TIME, AREA | PV_ENABLED), 0);
	v->pv.between = true;
	pv_left(&thread);
	assert_int_equal(steal_area()->preempted, 1);
	pv_came_back(v);
	assert_int_equal(steal_area()->preempted, 0);
	assert_false(v->hw.flush);
	pv_left(&thread);
	steal_area()->preempted |= 2;
	pv_came_back(v);
	assert_int_equal(steal_area()->preempted, 0);
	assert_true(v->hw.flush);
}

/* In the middle of an instruction it may still use what it has translated. */
static void
one_with_an_instruction_half_done_counts_as_running(void **state)
{
	assert_int_equal(set(PV_MSR_STEAL_TIME, AREA | PV_ENABLED), 0);
	v->pv.between = false;
	pv_left(&thread);
	assert_int_equal(steal_area()->preempted, 0);
	assert_true(v->pv.left);
}

static void
steal_time_that_is_off_writes_nothing(void **state)
{
	v->pv.between = true;
	assert_int_equal(set(PV_MSR_STEAL_TIME, AREA | PV_ENABLED), 0);
	assert_int_equal(set(PV_MSR_STEAL_TIME, AREA), 0);
	memset(fake_vcpu.memory.ram, 0, RAM);
	pv_left(&thread);
	pv_came_back(v);
	assert_int_equal(steal_area()->preempted | steal_area()->version, 0);
}

static void
clock_follows_to_another_cpu(void **state)
{
	by_tsc = false;
	assert_int_equal(set(PV_MSR_SYSTEM_TIME, AREA | PV_ENABLED), 0);
	pv_came_back(v);
	assert_int_equal(page_at(AREA).version, 2);
	v->pv.clock_cpu++; /* as if it had been written there */
	pv_came_back(v);
	assert_int_equal(page_at(AREA).version, 4);
	by_tsc = true;
	v->pv.clock_cpu++;
	pv_came_back(v);
	assert_int_equal(page_at(AREA).version, 4);
}

static u8 *
eoi_byte(void)
{
	return fake_vcpu.memory.ram + AREA;
}

static void
eoi_is_offered_taken_and_withdrawn(void **state)
{
	assert_false(pv_eoi_is_on(v));
	assert_int_equal(set(PV_MSR_EOI, AREA | PV_ENABLED), 0);
	assert_true(pv_eoi_is_on(v));
	*eoi_byte() = 0xf0; /* all but its bit 0 is the guest's */
	pv_eoi_offer(v);
	assert_int_equal(*eoi_byte(), 0xf1);
	assert_false(pv_eoi_take(v));
	assert_true(v->pv.eoi_offered);
	*eoi_byte() = 0xf2;
	assert_true(pv_eoi_take(v));
	assert_false(v->pv.eoi_offered);
	pv_eoi_offer(v);
	pv_eoi_withdraw(v);
	assert_int_equal(*eoi_byte(), 0xf2);
	assert_false(v->pv.eoi_offered);
}

/* What was said by the old byte counts; what was offered there is not left behind. */
static void
eoi_byte_may_change_while_offered(void **state)
{
	assert_int_equal(set(PV_MSR_EOI, AREA | PV_ENABLED), 0);
	pv_eoi_offer(v);
	looks = 0;
	assert_int_equal(set(PV_MSR_EOI, (AREA + 4) | PV_ENABLED), 0);
	assert_int_equal(looks, 1);
	assert_int_equal(*eoi_byte(), 0);
	assert_false(v->pv.eoi_offered);
	assert_int_equal(set(PV_MSR_EOI, 0), 0);
	assert_false(pv_eoi_is_on(v));
}

static void
eoi_is_the_cpus_where_that_has_the_apic(void **state)
{
	u32 page;

	assert_int_equal(set(PV_MSR_EOI, AREA | PV_ENABLED), 0);
	v->hw.apic.page = &page;
	assert_false(pv_eoi_is_on(v));
}

static void
reset_ends_all(void **state)
{
	by_tsc = false;
	assert_int_equal(set(PV_MSR_SYSTEM_TIME, AREA | PV_ENABLED), 0);
	assert_int_equal(set(PV_MSR_EOI, (AREA + 64) | PV_ENABLED), 0);
	assert_int_equal(set(PV_MSR_STEAL_TIME, (AREA + 128) | PV_ENABLED), 0);
	pv_eoi_offer(v);
	v->pv.kicked = v->pv.between = true;
	pv_reset(v);
	pv_left(&thread);
	assert_int_equal(fake_vcpu.memory.ram[AREA + 128 + 16], 0);
	assert_int_equal(get(PV_MSR_STEAL_TIME), 0);
	assert_int_equal(get(PV_MSR_SYSTEM_TIME) | get(PV_MSR_EOI) | get(PV_MSR_WALL_CLOCK), 0);
	assert_false(v->pv.clock_refresh.set || v->pv.eoi_offered || v->pv.kicked);
}

static u64
call(u64 number, u64 apic_id)
{
	v->hw.gpr[VREG_RAX] = number;
	v->hw.gpr[VREG_RCX] = apic_id;
	pv_call(v);
	return v->hw.gpr[VREG_RAX];
}

static void
kick_reaches_the_vcpu_with_that_apic_id(void **state)
{
	assert_int_equal(call(5, 2), 0);
	assert_ptr_equal(requested.v, &others[1]);
	assert_int_equal(requested.request, REQUEST_KICK);
	assert_int_equal(call(5, VCPUS), 0);
	assert_int_equal(call(5, ~0ul), 0);
	assert_int_equal(call(5, 1ul << 32), 0);
	assert_int_equal(requested.count, 1);
}

static void
unknown_calls_and_programs_are_told_so(void **state)
{
	assert_int_equal(call(4, 0), (u64)-1000);
	assert_int_equal(call(5 | 1ul << 32, 0), (u64)-1000);
	fake_vcpu_segments(FAKE_CODE64 | FAKE_DPL3, FAKE_DATA32 | FAKE_DPL3, ~0u);
	assert_int_equal(call(5, 0), (u64)-1);
	fake_vcpu_segments(FAKE_CODE64, FAKE_DATA32 | FAKE_DPL3, ~0u); /* conforming code */
	assert_int_equal(call(5, 0), (u64)-1);
	assert_int_equal(requested.count, 0);
}

/* Outside of 64-bit code registers have 32 bits. */
static void
calls_of_narrow_code(void **state)
{
	fake_vcpu_segments(FAKE_CODE32, FAKE_DATA32, ~0u);
	assert_int_equal(call(5 | 1ul << 32, 1 | 1ul << 40), 0);
	assert_ptr_equal(requested.v, &others[0]);
	assert_int_equal(call(4, 0), (u32)-1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(areas_outside_of_ram_are_refused, begin),
		cmocka_unit_test_setup(unknown_msrs_are_refused, begin),
		cmocka_unit_test_setup(clock_by_the_tsc_says_the_same_for_good, begin),
		cmocka_unit_test_setup(clock_of_any_rate, begin),
		cmocka_unit_test_setup(tscs_that_the_guest_sets_are_not_compared, begin),
		cmocka_unit_test_setup(other_clock_is_looked_at_every_second, begin),
		cmocka_unit_test_setup(clock_that_is_off_writes_nothing, begin),
		cmocka_unit_test_setup(clock_page_is_never_read, begin),
		cmocka_unit_test_setup(wall_clock_is_of_the_clocks_zero, begin),
		cmocka_unit_test_setup(steal_time_is_told_when_it_comes_back, begin),
		cmocka_unit_test_setup(flush_is_left_for_one_that_does_not_run, begin),
		cmocka_unit_test_setup(one_with_an_instruction_half_done_counts_as_running, begin),
		cmocka_unit_test_setup(steal_time_that_is_off_writes_nothing, begin),
		cmocka_unit_test_setup(clock_follows_to_another_cpu, begin),
		cmocka_unit_test_setup(eoi_is_offered_taken_and_withdrawn, begin),
		cmocka_unit_test_setup(eoi_byte_may_change_while_offered, begin),
		cmocka_unit_test_setup(eoi_is_the_cpus_where_that_has_the_apic, begin),
		cmocka_unit_test_setup(reset_ends_all, begin),
		cmocka_unit_test_setup(kick_reaches_the_vcpu_with_that_apic_id, begin),
		cmocka_unit_test_setup(unknown_calls_and_programs_are_told_so, begin),
		cmocka_unit_test_setup(calls_of_narrow_code, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
